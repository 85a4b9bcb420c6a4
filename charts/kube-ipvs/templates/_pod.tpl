{{- /* The annotations of the pods: the chart's own, which nobody replaces, and those of the values. */ -}}
{{- define "kube-ipvs.podAnnotations" -}}
{{- $own := dict "kubectl.kubernetes.io/default-container" "kube-ipvs" -}}
{{- $own = set $own "checksum/config" (include "kube-ipvs.configuration" . | sha256sum) -}}
{{- if .Values.monitoring.scrapeAnnotations -}}
{{- $own = merge $own (dict "prometheus.io/scrape" "true" "prometheus.io/path" "/metrics" "prometheus.io/port" (include "kube-ipvs.metricsPort" .)) -}}
{{- end -}}
{{- toYaml (merge $own .Values.podAnnotations) -}}
{{- end -}}

{{- /* The environment of both containers. */ -}}
{{- define "kube-ipvs.environment" -}}
- name: NODE_NAME
  valueFrom:
    fieldRef:
      apiVersion: v1
      fieldPath: spec.nodeName
{{- with .Values.k8sServiceHost }}
- name: KUBERNETES_SERVICE_HOST
  value: {{ . | quote }}
- name: KUBERNETES_SERVICE_PORT
  value: {{ $.Values.k8sServicePort | toString | quote }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- /* The mounts of both containers. */ -}}
{{- define "kube-ipvs.mounts" -}}
{{- /* By subPath, so that a process sees no change of the ConfigMap: pods are replaced a few at a time, instead of all ending at once. */}}
- name: config
  mountPath: /etc/kube-ipvs/config.yaml
  subPath: config.yaml
  readOnly: true
- name: modules
  mountPath: /lib/modules
  readOnly: true
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- /* The labels of nodes that are served. One that a later value takes away is null: Helm drops only those of values.yaml. */ -}}
{{- define "kube-ipvs.nodeSelector" -}}
{{- $labels := dict -}}
{{- range $label, $value := .Values.nodeSelector -}}
{{- if not (kindIs "invalid" $value) -}}
{{- $labels = set $labels $label $value -}}
{{- end -}}
{{- end -}}
{{- with $labels -}}
{{- toYaml . -}}
{{- end -}}
{{- end -}}
