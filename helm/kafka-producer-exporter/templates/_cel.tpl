{{/*
A value as a CEL expression, for the patches of the injector: .value, and .type, the name of its type, such as
Object.spec.volumes. In texts, ${NAME} stands for the policy's variable NAME; a text that is only that is the variable
itself, whatever its type. Amounts of resources are maps, everything else in braces is an object of a named type.
*/}}
{{- define "kafka-producer-exporter.cel" -}}
{{- $type := .type -}}
{{- if kindIs "map" .value -}}
{{- $isMap := or (hasSuffix ".requests" $type) (hasSuffix ".limits" $type) -}}
{{- $entries := list -}}
{{- range $key, $value := .value -}}
{{- $inner := include "kafka-producer-exporter.cel" (dict "value" $value "type" (printf "%s.%s" $type $key)) -}}
{{- $entries = append $entries (printf "%s: %s" ($isMap | ternary (toJson $key) $key) $inner) -}}
{{- end -}}
{{- $isMap | ternary "" $type }}{ {{- join ", " $entries -}} }
{{- else if kindIs "slice" .value -}}
{{- $items := list -}}
{{- range .value -}}
{{- $items = append $items (include "kafka-producer-exporter.cel" (dict "value" . "type" $type)) -}}
{{- end -}}
[{{ join ", " $items }}]
{{- else if not (kindIs "string" .value) -}}
{{- toJson .value -}}
{{- else if regexMatch "^[$][{][A-Za-z]+[}]$" .value -}}
variables.{{ .value | trimPrefix "${" | trimSuffix "}" }}
{{- else -}}
{{- regexReplaceAll "[$][{]([A-Za-z]+)[}]" (toJson .value) "\" + string(variables.${1}) + \"" -}}
{{- end -}}
{{- end -}}

{{/* A patch that adds .value, an object of type .type, at .path. Its argument: path, type, value (YAML). */}}
{{- define "kafka-producer-exporter.celAdd" -}}
JSONPatch{op: "add", path: {{ .path }}, value: {{ include "kafka-producer-exporter.cel" (dict "value" (fromYaml .yaml) "type" .type) }}}
{{- end -}}
