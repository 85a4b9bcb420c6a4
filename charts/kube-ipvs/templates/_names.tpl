{{- define "kube-ipvs.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- /* What the objects of this release are called. */ -}}
{{- define "kube-ipvs.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "kube-ipvs.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "kube-ipvs.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- /* Labels that never change, by which pods are selected. */ -}}
{{- define "kube-ipvs.selectorLabels" -}}
app.kubernetes.io/name: {{ include "kube-ipvs.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "kube-ipvs.labels" -}}
{{ include "kube-ipvs.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: service-proxy
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{- /* The label that both monitors take the name of the scrape job from. */ -}}
{{- define "kube-ipvs.jobLabel" -}}kube-ipvs.io/scrape-job{{- end -}}

{{- /* Labels beside the chart's own, which nobody replaces: pods are selected by them. Takes a list: the values of the chart and the labels. */ -}}
{{- define "kube-ipvs.furtherLabels" -}}
{{- $own := include "kube-ipvs.labels" (index . 0) | fromYaml -}}
{{- range $label, $value := index . 1 }}
{{- if not (or (hasKey $own $label) (eq $label (include "kube-ipvs.jobLabel" $))) }}
{{ $label }}: {{ $value | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "kube-ipvs.image" -}}
{{- with .Values.image -}}
{{- if and .digest .tag -}}
{{- printf "%s:%s@%s" .repository .tag .digest -}}
{{- else if .digest -}}
{{- printf "%s@%s" .repository .digest -}}
{{- else -}}
{{- printf "%s:%s" .repository (default $.Chart.AppVersion .tag) -}}
{{- end -}}
{{- end -}}
{{- end -}}
