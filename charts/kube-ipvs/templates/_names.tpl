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
app.kubernetes.io/name: {{ include "kube-ipvs.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- /* Labels of the chart, which nobody replaces. */ -}}
{{- define "kube-ipvs.ownLabels" -}}
{{ include "kube-ipvs.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: service-proxy
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{- /* The labels of an object: the chart's own and commonLabels. */ -}}
{{- define "kube-ipvs.labels" -}}
{{- include "kube-ipvs.labelsWith" (list . dict) -}}
{{- end -}}

{{- /* The labels of an object that has further ones. Takes a list: the values of the chart and the further labels. */ -}}
{{- define "kube-ipvs.labelsWith" -}}
{{- $chart := index . 0 -}}
{{- $own := include "kube-ipvs.ownLabels" $chart | fromYaml -}}
{{- $further := merge dict (index . 1 | default dict) ($chart.Values.commonLabels | default dict) -}}
{{- toYaml (merge $own (omit $further (include "kube-ipvs.jobLabel" $chart))) -}}
{{- end -}}

{{- /* The field `annotations` of an object, where it has any. Takes a list: the values of the chart and those of the object. */ -}}
{{- define "kube-ipvs.annotations" -}}
{{- with merge dict (index . 1 | default dict) ((index . 0).Values.commonAnnotations | default dict) -}}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end -}}
{{- end -}}

{{- /* The label that both monitors take the name of the scrape job from. */ -}}
{{- define "kube-ipvs.jobLabel" -}}kube-ipvs.io/scrape-job{{- end -}}

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
