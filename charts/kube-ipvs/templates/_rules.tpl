{{- /*
The groups of rules in alerts/kube-ipvs.rules.yaml as the values want them, and a last one of the values' own rules. A
group that loses all of its rules is left out. The file says kube-proxy where the scrape job is meant.
*/ -}}
{{- define "kube-ipvs.ruleGroups" -}}
{{- $groups := list -}}
{{- range ($.Files.Get "alerts/kube-ipvs.rules.yaml" | fromYaml).groups -}}
{{- $rules := list -}}
{{- range .rules -}}
{{- $changes := get $.Values.prometheusRule.rules (default "" .alert) | default dict -}}
{{- if ne (toString $changes.enabled) "false" -}}
{{- $rules = append $rules (include "kube-ipvs.rule" (list $ . $changes) | fromYaml) -}}
{{- end -}}
{{- end -}}
{{- if $rules -}}
{{- $groups = append $groups (set (deepCopy .) "rules" $rules) -}}
{{- end -}}
{{- end -}}
{{- with .Values.prometheusRule.extraRules -}}
{{- $groups = append $groups (dict "name" "kube-ipvs.extra" "rules" .) -}}
{{- end -}}
{{- toYaml $groups -}}
{{- end -}}

{{- /* One rule as YAML. Takes a list: the values of the chart, the rule, and what the values want of it to be another. */ -}}
{{- define "kube-ipvs.rule" -}}
{{- $chart := index . 0 -}}
{{- $rule := deepCopy (index . 1) -}}
{{- $changes := index . 2 -}}
{{- $rule = set $rule "expr" (replace "job=\"kube-proxy\"" (printf "job=%s" (quote $chart.Values.monitoring.job)) $rule.expr) -}}
{{- with $changes.for -}}
{{- $rule = set $rule "for" . -}}
{{- end -}}
{{- with $changes.labels -}}
{{- $rule = set $rule "labels" (merge (deepCopy .) (default dict $rule.labels)) -}}
{{- end -}}
{{- if and $rule.alert $chart.Values.prometheusRule.runbookUrl -}}
{{- $page := printf "%s/%s.md" (trimSuffix "/" $chart.Values.prometheusRule.runbookUrl) $rule.alert -}}
{{- $rule = set $rule "annotations" (set (default dict $rule.annotations) "runbook_url" $page) -}}
{{- end -}}
{{- toYaml $rule -}}
{{- end -}}

{{- /* What a dashboard's ConfigMap has for annotations: those of the values, and the folder that Grafana's sidecar puts it into. */ -}}
{{- define "kube-ipvs.dashboardAnnotations" -}}
{{- $annotations := deepCopy .Values.dashboards.annotations -}}
{{- with .Values.dashboards.folder -}}
{{- $annotations = set $annotations "grafana_folder" . -}}
{{- end -}}
{{- include "kube-ipvs.annotations" (list . $annotations) -}}
{{- end -}}
