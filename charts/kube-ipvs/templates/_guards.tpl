{{- /* Ends the rendering where values do not fit together. Each message names the value and what to do. */ -}}
{{- define "kube-ipvs.guards" -}}
{{- include "kube-ipvs.guardFlags" . -}}
{{- include "kube-ipvs.guardServer" . -}}
{{- include "kube-ipvs.guardProbes" . -}}
{{- include "kube-ipvs.guardSocket" . -}}
{{- include "kube-ipvs.guardMonitoring" . -}}
{{- include "kube-ipvs.guardRules" . -}}
{{- end -}}

{{- define "kube-ipvs.guardFlags" -}}
{{- range .Values.extraArgs -}}
{{- $flag := splitList "=" . | first | replace "_" "-" -}}
{{- if has $flag (list "--config" "--kubeconfig" "--master" "--manifests" "--healthz-bind-address" "--metrics-bind-address" "--bind-address" "--socket") -}}
{{- fail (printf "extraArgs: expected flags that only the program has to know, got %s; give it in config, which the chart reads too" $flag) -}}
{{- end -}}
{{- if has $flag (list "--cleanup" "--help" "--init-only" "--once" "--version" "--write-config-to") -}}
{{- fail (printf "extraArgs: expected flags with which the program stays, got %s, with which it ends; leave it out" $flag) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "kube-ipvs.guardServer" -}}
{{- $configuration := include "kube-ipvs.configuration" . | fromYaml -}}
{{- $connection := default dict $configuration.clientConnection -}}
{{- if not (or .Values.k8sServiceHost $connection.kubeconfig $connection.master $configuration.manifests) -}}
{{- fail "k8sServiceHost: expected the address of an API server that does not depend on a Service, got none; give k8sServiceHost and k8sServicePort, as kubectl config view --minify shows them, or config.clientConnection" -}}
{{- end -}}
{{- if and .Values.k8sServiceHost $connection.master -}}
{{- fail (printf "k8sServiceHost: expected one address of the API server, got config.clientConnection.master too, %s; take one of them away" $connection.master) -}}
{{- end -}}
{{- if and $connection.kubeconfig (not (include "kube-ipvs.isMounted" (list . $connection.kubeconfig))) -}}
{{- fail (printf "config.clientConnection.kubeconfig: expected a file that is mounted, got %s; mount it by extraVolumes and extraVolumeMounts, or give k8sServiceHost, which takes its place" $connection.kubeconfig) -}}
{{- end -}}
{{- if and $configuration.manifests (not (include "kube-ipvs.isMounted" (list . $configuration.manifests))) -}}
{{- fail (printf "config.manifests: expected a directory that is mounted, got %s; mount it by extraVolumes and extraVolumeMounts" $configuration.manifests) -}}
{{- end -}}
{{- end -}}

{{- /* Whether a path is in one of extraVolumeMounts, as a text that is empty where it is not. Takes a list: the values of the chart and the path. */ -}}
{{- define "kube-ipvs.isMounted" -}}
{{- $path := index . 1 -}}
{{- range (index . 0).Values.extraVolumeMounts -}}
{{- if or (eq .mountPath $path) (hasPrefix (printf "%s/" (trimSuffix "/" .mountPath)) $path) -}}
yes
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "kube-ipvs.guardProbes" -}}
{{- $address := include "kube-ipvs.healthAddress" . | fromYaml -}}
{{- if eq $address.host "0" -}}
{{- if or .Values.startupProbe .Values.livenessProbe .Values.readinessProbe -}}
{{- fail "config.healthzBindAddress: expected an address that probes can ask, got 0; give one, or turn startupProbe, livenessProbe and readinessProbe off with null" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "kube-ipvs.guardSocket" -}}
{{- $folder := include "kube-ipvs.socketFolder" . -}}
{{- if and $folder (or (not (hasPrefix "/" $folder)) (has $folder (list "/" "/run" "/var/run" "/tmp" "/etc" "/etc/kube-ipvs" "/lib/modules"))) -}}
{{- fail (printf "config.socket: expected a path in a folder that is the socket's alone, which is mounted, got one in %s; give /run/kube-ipvs/kube-ipvs.sock, or off" $folder) -}}
{{- end -}}
{{- end -}}

{{- define "kube-ipvs.guardMonitoring" -}}
{{- with .Values.monitoring -}}
{{- if and .podMonitor.enabled .serviceMonitor.enabled -}}
{{- fail "monitoring.serviceMonitor.enabled: expected one monitor, got a PodMonitor too, and every sample twice; turn one of them off" -}}
{{- end -}}
{{- $ports := list -}}
{{- range $.Values.extraContainers -}}
{{- range .ports -}}{{- $ports = append $ports .name -}}{{- end -}}
{{- end -}}
{{- if and .port (not (has .port $ports)) -}}
{{- fail (printf "monitoring.port: expected the name of a port of extraContainers, got %s; there are %s" .port (join ", " $ports | default "none")) -}}
{{- end -}}
{{- $monitored := and (or .podMonitor.enabled .serviceMonitor.enabled) (not .port) -}}
{{- if and (or $monitored .scrapeAnnotations) (not (include "kube-ipvs.metricsPort" $)) -}}
{{- $configuration := include "kube-ipvs.configuration" $ | fromYaml -}}
{{- fail (printf "config.metricsBindAddress: expected an address that Prometheus reaches, got %s; give 0.0.0.0:10249, and see that a firewall keeps strangers from it" (toString (default "127.0.0.1:10249, the default" $configuration.metricsBindAddress))) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "kube-ipvs.guardRules" -}}
{{- $alerts := list -}}
{{- range (.Files.Get "alerts/kube-ipvs.rules.yaml" | fromYaml).groups -}}
{{- range .rules -}}
{{- with .alert -}}{{- $alerts = append $alerts . -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- range $alert, $_ := .Values.prometheusRule.rules -}}
{{- if not (has $alert $alerts) -}}
{{- fail (printf "prometheusRule.rules: expected names of alerts, got %s; there are %s" $alert (join ", " $alerts)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
