{{- /* The metadata of a monitor or of rules. Takes a list: the values of the chart and those of the object. */ -}}
{{- define "kube-ipvs.monitorMetadata" -}}
{{- $chart := index . 0 -}}
{{- $monitor := index . 1 -}}
name: {{ include "kube-ipvs.fullname" $chart }}
namespace: {{ default $chart.Release.Namespace $monitor.namespace }}
labels:
  {{- include "kube-ipvs.labelsWith" (list $chart $monitor.labels) | nindent 2 }}
{{- with include "kube-ipvs.annotations" (list $chart $monitor.annotations) }}
{{ . }}
{{- end }}
{{- end -}}

{{- /* One endpoint of a monitor, but for its port. Takes the values of the monitor. */ -}}
{{- define "kube-ipvs.monitorEndpoint" -}}
path: /metrics
{{- /* The namespace, service and endpoint that a series is about win over those of the pod that tells of them. */}}
honorLabels: true
{{- with .interval }}
interval: {{ . }}
{{- end }}
{{- with .scrapeTimeout }}
scrapeTimeout: {{ . }}
{{- end }}
{{- if ne .scheme "http" }}
scheme: {{ .scheme }}
{{- end }}
{{- with .tlsConfig }}
tlsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .authorization }}
authorization:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .relabelings }}
relabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .metricRelabelings }}
metricRelabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- /* What is the same in the specs of both monitors. */ -}}
{{- define "kube-ipvs.monitorSpec" -}}
jobLabel: {{ include "kube-ipvs.jobLabel" . }}
namespaceSelector:
  matchNames:
    - {{ .Release.Namespace }}
selector:
  matchLabels:
    {{- include "kube-ipvs.selectorLabels" . | nindent 4 }}
{{- end -}}
