{{/*
Alerts and dashboards: the files of files/ have places such as %{hold}, which get the values of
prometheusRule.parameters. `kafka-producer-exporter rules` does the same, and the tests compare the results.
*/}}

{{/*
What each place gets, as JSON: {"hold": "5m", "hold.seconds": "300", "hold.words": "5 minutes"}. The texts are ready for
a place within a text of JSON. Its argument: context, the scope of this chart; language, that of the words.
*/}}
{{- define "kafka-producer-exporter.packTexts" -}}
{{- $language := .language -}}
{{- $given := .context.Values.prometheusRule.parameters | default dict -}}
{{- $data := .context.Files.Get "files/parameters.json" | fromJson -}}
{{- $texts := dict -}}
{{- range $name, $parameter := $data.parameters -}}
{{- $value := $parameter.default -}}
{{- if hasKey $given $name -}}
{{- $value = get $given $name -}}
{{- end -}}
{{- if eq $parameter.kind "window" -}}
{{- $length := 0 -}}
{{- range $data.units -}}
{{- $number := regexFind (printf "[0-9]+%s([0-9]|$)" .name) $value | regexFind "^[0-9]+" | atoi -}}
{{- $length = add $length (mul $number (int64 .milliseconds)) -}}
{{- end -}}
{{- $_ := set $texts (printf "%s.seconds" $name) (printf "%.6g" (divf $length 1000)) -}}
{{- range $data.units -}}
{{- if and .one (not (hasKey $texts $name)) (eq (mod $length (int64 .milliseconds)) 0) -}}
{{- $number := div $length (int64 .milliseconds) -}}
{{- $_ := set $texts $name (printf "%d%s" $number .name) -}}
{{- $_ := set $texts (printf "%s.words" $name) (eq $number 1 | ternary (get .one $language) (printf (get .many $language) $number)) -}}
{{- end -}}
{{- end -}}
{{- else -}}
{{- $_ := set $texts $name (toJson $value | trimPrefix "\"" | trimSuffix "\"") -}}
{{- end -}}
{{- end -}}
{{- $_ := set $texts "runbook_base" (regexReplaceAll "/+$" .context.Values.runbookBase "") -}}
{{- $_ := set $texts "dashboard_base" (regexReplaceAll "/+$" .context.Values.dashboardBase "") -}}
{{- toJson $texts -}}
{{- end -}}

{{/* A text with its places filled. Its argument: text; texts, the object of the template above. */}}
{{- define "kafka-producer-exporter.fill" -}}
{{- $texts := .texts -}}
{{- $places := regexFindAll "%\\{[a-z0-9_.]+\\}" .text -1 -}}
{{- range $number, $part := regexSplit "%\\{[a-z0-9_.]+\\}" .text -1 -}}
{{- if $number -}}
{{- get $texts (index $places (sub $number 1) | trimPrefix "%{" | trimSuffix "}") -}}
{{- end -}}
{{- $part -}}
{{- end -}}
{{- end -}}
