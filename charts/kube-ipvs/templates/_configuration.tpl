{{- /*
The configuration as YAML. A kubeconfig that it names is of a file in kube-proxy's pod; where the chart is told how to
reach the API server it is left out.
*/ -}}
{{- define "kube-ipvs.configuration" -}}
{{- $configuration := dict "apiVersion" "kube-ipvs.io/v1alpha1" "kind" "KubeIpvsConfiguration" -}}
{{- if kindIs "string" .Values.config -}}
{{- $configuration = fromYaml .Values.config -}}
{{- with $configuration.Error -}}
{{- fail (printf "config: expected YAML of one map, got text that is none: %s" .) -}}
{{- end -}}
{{- else if .Values.config -}}
{{- $configuration = deepCopy .Values.config -}}
{{- end -}}
{{- if and .Values.k8sServiceHost $configuration.clientConnection -}}
{{- $connection := omit $configuration.clientConnection "kubeconfig" -}}
{{- $configuration = set (omit $configuration "clientConnection") "clientConnection" $connection -}}
{{- end -}}
{{- /* YAML's older word for false. */ -}}
{{- if eq (toString $configuration.socket) "false" -}}
{{- $configuration = set $configuration "socket" "off" -}}
{{- end -}}
{{- toYaml $configuration -}}
{{- end -}}

{{- /* An `address:port` of the configuration as `{host, port}` in YAML. Takes a list: the text and the usual port. */ -}}
{{- define "kube-ipvs.address" -}}
{{- $text := toString (index . 0) -}}
{{- $port := index . 1 -}}
{{- $bare := and (not (hasPrefix "[" $text)) (gt (len (splitList ":" $text)) 2) -}}
{{- $written := regexFind ":[0-9]+$" $text -}}
{{- if and $written (not $bare) -}}
{{- $port = trimPrefix ":" $written -}}
{{- $text = trimSuffix $written $text -}}
{{- end -}}
host: {{ $text | trimPrefix "[" | trimSuffix "]" | quote }}
port: {{ $port }}
{{- end -}}

{{- /* Where /healthz and /livez are, as `{host, port}` in YAML; the host `0` stands for nowhere. */ -}}
{{- define "kube-ipvs.healthAddress" -}}
{{- $configuration := include "kube-ipvs.configuration" . | fromYaml -}}
{{- include "kube-ipvs.address" (list (default "0.0.0.0:10256" $configuration.healthzBindAddress) 10256) -}}
{{- end -}}

{{- /* Where /metrics is, in the same form. */ -}}
{{- define "kube-ipvs.metricsAddress" -}}
{{- $configuration := include "kube-ipvs.configuration" . | fromYaml -}}
{{- include "kube-ipvs.address" (list (default "127.0.0.1:10249" $configuration.metricsBindAddress) 10249) -}}
{{- end -}}

{{- /* The port of /metrics where others than the node reach it, empty where they do not. */ -}}
{{- define "kube-ipvs.metricsPort" -}}
{{- $address := include "kube-ipvs.metricsAddress" . | fromYaml -}}
{{- if not (or (eq $address.host "0") (eq $address.host "::1") (hasPrefix "127." $address.host)) -}}
{{- $address.port -}}
{{- end -}}
{{- end -}}

{{- /* The folder of the socket at which the program tells how it is; empty where there is none. */ -}}
{{- define "kube-ipvs.socketFolder" -}}
{{- $configuration := include "kube-ipvs.configuration" . | fromYaml -}}
{{- $socket := default "/run/kube-ipvs/kube-ipvs.sock" $configuration.socket -}}
{{- if ne $socket "off" -}}
{{- dir $socket -}}
{{- end -}}
{{- end -}}

{{- /* A probe with its httpGet. Takes a list: the values of the chart, the probe and the path. */ -}}
{{- define "kube-ipvs.probe" -}}
{{- $address := include "kube-ipvs.healthAddress" (index . 0) | fromYaml -}}
{{- $probe := index . 1 -}}
{{- $get := dict "path" (index . 2) "port" $address.port -}}
{{- if not (has $address.host (list "0.0.0.0" "::")) -}}
{{- $get = set $get "host" $address.host -}}
{{- end -}}
{{- if not (or $probe.httpGet $probe.exec $probe.tcpSocket $probe.grpc) -}}
{{- $probe = set (deepCopy $probe) "httpGet" $get -}}
{{- end -}}
{{- toYaml $probe -}}
{{- end -}}
