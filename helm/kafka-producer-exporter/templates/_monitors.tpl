{{/*
What PodMonitors and the ServiceMonitor have in common. The argument of these templates is a dict: context, the chart's
scope, and monitor, which is podMonitor or serviceMonitor of the values.
*/}}

{{/* Metadata without the name. */}}
{{- define "kafka-producer-exporter.monitorMetadata" -}}
namespace: {{ .context.Release.Namespace }}
labels: {{- merge (deepCopy .monitor.labels) (include "kafka-producer-exporter.labels" .context | fromYaml) | toYaml | nindent 2 }}
{{- with .monitor.annotations }}
annotations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The keys of the spec that a user has set, as JSON. */}}
{{- define "kafka-producer-exporter.monitorSpec" -}}
{{- $spec := dict -}}
{{- range $name := list "sampleLimit" "targetLimit" "labelLimit" "labelNameLengthLimit" "labelValueLengthLimit" -}}
{{- with int (get $.monitor $name) -}}
{{- $_ := set $spec $name . -}}
{{- end -}}
{{- end -}}
{{- range $name := list "jobLabel" "podTargetLabels" -}}
{{- with get $.monitor $name -}}
{{- $_ := set $spec $name . -}}
{{- end -}}
{{- end -}}
{{- toJson $spec -}}
{{- end -}}

{{/*
An endpoint, as JSON. Further keys of its argument: port, its name; and, if they are needed, path, relabelings and
metricRelabelings, which come before those of the values.
*/}}
{{- define "kafka-producer-exporter.monitorEndpoint" -}}
{{- $endpoint := dict "port" .port -}}
{{- with .path -}}
{{- $_ := set $endpoint "path" . -}}
{{- end -}}
{{- range $name := list "interval" "scrapeTimeout" -}}
{{- with get $.monitor $name -}}
{{- $_ := set $endpoint $name . -}}
{{- end -}}
{{- end -}}
{{- range $name := list "relabelings" "metricRelabelings" -}}
{{- with concat (get $ $name | default list) (get $.monitor $name | default list) -}}
{{- $_ := set $endpoint $name . -}}
{{- end -}}
{{- end -}}
{{- toJson $endpoint -}}
{{- end -}}

{{/* Further keys of its argument: suffix, the end of the name, and spec, which the values add to. */}}
{{- define "kafka-producer-exporter.podMonitor" -}}
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata:
  name: {{ include "kafka-producer-exporter.fullname" .context }}{{ .suffix }}
  {{- include "kafka-producer-exporter.monitorMetadata" . | nindent 2 }}
spec: {{- merge .spec (include "kafka-producer-exporter.monitorSpec" . | fromJson) | toYaml | nindent 2 }}
{{- end -}}

{{/* Its argument is a list of names, or an empty one for all namespaces. As JSON. */}}
{{- define "kafka-producer-exporter.namespaceSelector" -}}
{{- . | empty | ternary (dict "any" true) (dict "matchNames" .) | toJson -}}
{{- end -}}

{{/* The selector for pods or Services of the chart's own. A further key of its argument: parts. As JSON. */}}
{{- define "kafka-producer-exporter.partsSelector" -}}
{{- $labels := include "kafka-producer-exporter.selectorLabels" .context | fromYaml -}}
{{- $isPart := dict "key" "kafka-producer-exporter.io/component" "operator" "In" "values" .parts -}}
{{- dict "matchLabels" $labels "matchExpressions" (list $isPart) | toJson -}}
{{- end -}}

{{/* The parts with metrics of their own, as JSON. Its argument is the chart's scope. */}}
{{- define "kafka-producer-exporter.scrapedParts" -}}
{{- without (include "kafka-producer-exporter.parts" . | fromJsonArray) "runbooks" | toJson -}}
{{- end -}}

{{/*
Relabelings for the pods of a fleet. Prometheus asks the fleet's Service, the series have the labels of the pod, and the
label target is what its sidecar would have: the annotation, else the workload, which is the owner without what
Kubernetes appends to a ReplicaSet or to a Job of a CronJob, else the pod. Its argument is the address of the Service.
*/}}
{{- define "kafka-producer-exporter.fleetRelabelings" -}}
- sourceLabels: [__address__]
  targetLabel: __param_target
- sourceLabels: [__address__]
  targetLabel: instance
{{- /* The shards of a Prometheus divide the pods by it. Without it they would by the address of the Service. */}}
- sourceLabels: [__address__]
  targetLabel: __tmp_hash
- targetLabel: __address__
  replacement: {{ . }}
- sourceLabels: [__meta_kubernetes_pod_name]
  targetLabel: target
- sourceLabels: [__meta_kubernetes_pod_controller_name]
  regex: (.+)
  targetLabel: target
- sourceLabels:
    - __meta_kubernetes_pod_controller_kind
    - __meta_kubernetes_pod_controller_name
    - __meta_kubernetes_pod_label_pod_template_hash
  regex: ReplicaSet;(.+)-[^-;]+;.+
  targetLabel: target
- sourceLabels: [__meta_kubernetes_pod_controller_kind, __meta_kubernetes_pod_controller_name]
  regex: Job;(.+)-[0-9]{8}
  targetLabel: target
- sourceLabels: [__meta_kubernetes_pod_annotation_kafka_producer_exporter_io_target]
  regex: ([A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?)
  targetLabel: target
{{- end -}}
