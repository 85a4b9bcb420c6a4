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
- name: config
  mountPath: /etc/kube-ipvs
  readOnly: true
- name: modules
  mountPath: /lib/modules
  readOnly: true
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}
