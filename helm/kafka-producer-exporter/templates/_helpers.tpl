{{/*
Names, labels and the image, for every part of the chart.
*/}}

{{- define "kafka-producer-exporter.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "kafka-producer-exporter.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "kafka-producer-exporter.name" . -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "kafka-producer-exporter.selectorLabels" -}}
app.kubernetes.io/name: {{ include "kafka-producer-exporter.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "kafka-producer-exporter.labels" -}}
{{ include "kafka-producer-exporter.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The image: repository, tag and digest. Its argument is the scope of this chart. */}}
{{- define "kafka-producer-exporter.image" -}}
{{- $image := .Values.image -}}
{{- if not $image.repository -}}
{{- fail "image.repository: missing; there is no default, because an image that cannot be pulled keeps an application with a native sidecar from starting" -}}
{{- end -}}
{{- $image.repository }}:{{ $image.tag | default .Chart.AppVersion }}{{ with $image.digest }}@{{ . }}{{ end -}}
{{- end -}}

{{/*
Put the scope of this chart (its Values, its Chart) into .found.scope. .root is the scope of this chart, or of a chart
that has it as a dependency, under an alias, too.
*/}}
{{- define "kafka-producer-exporter.findScope" -}}
{{- $found := .found -}}
{{- if index .root.Chart.Annotations "kafka-producer-exporter.io/chart" -}}
{{- $_ := set $found "scope" .root -}}
{{- else -}}
{{- range .root.Subcharts -}}
{{- if index .Chart.Annotations "kafka-producer-exporter.io/chart" -}}
{{- $_ := set $found "scope" . -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if not $found.scope -}}
{{- fail "kafka-producer-exporter: not found; add it to the dependencies in Chart.yaml, and pass the chart's root: (dict \"context\" $ …)" -}}
{{- end -}}
{{- end -}}
