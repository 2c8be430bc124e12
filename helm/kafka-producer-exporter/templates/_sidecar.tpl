{{/*
The sidecar for the pods of your own chart. Each template takes the root of your chart, or a dict with the root as
"context" and keys of values.yaml below sidecar:

  {{- $sidecar := dict "context" $ "target" "orders" "applicationUser" 10001 }}
  template:
    metadata:
      labels:       {{- include "kafka-producer-exporter.podLabels" $sidecar | nindent 8 }}
      annotations:  {{- include "kafka-producer-exporter.podAnnotations" $sidecar | nindent 8 }}
    spec:
      initContainers: {{- include "kafka-producer-exporter.initContainers" $sidecar | nindent 8 }}
      containers:
        - name: app
          command: [java, {{ include "kafka-producer-exporter.jvmFlagList" $sidecar }}, -jar, app.jar]
          volumeMounts: {{- include "kafka-producer-exporter.volumeMounts" $sidecar | nindent 12 }}
        {{- include "kafka-producer-exporter.containers" $sidecar | nindent 8 }}
      volumes: {{- include "kafka-producer-exporter.volumes" $sidecar | nindent 8 }}

exporter/kafka_producer_exporter/sidecar/parts.py is the description that all of them equal.
*/}}

{{/* The native sidecar, after the init container that writes the JVM's password file; nothing if neither is needed. */}}
{{- define "kafka-producer-exporter.initContainers" -}}
{{- $options := include "kafka-producer-exporter.options" . | fromYaml -}}
{{- if $options.hasFiles }}
- {{- include "kafka-producer-exporter.passwordContainer" $options | nindent 2 }}
{{- end }}
{{- if $options.native }}
- {{- include "kafka-producer-exporter.container" $options | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The classic sidecar; nothing if the sidecar is native. */}}
{{- define "kafka-producer-exporter.containers" -}}
{{- $options := include "kafka-producer-exporter.options" . | fromYaml -}}
{{- if not $options.native }}
- {{- include "kafka-producer-exporter.container" $options | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The sidecar alone, as an item of a list. */}}
{{- define "kafka-producer-exporter.sidecar" -}}
{{- $options := include "kafka-producer-exporter.options" . | fromYaml }}
- {{- include "kafka-producer-exporter.container" $options | nindent 2 }}
{{- end -}}

{{/* The init container that writes the JVM's password file, as an item of a list; nothing if it is not needed. */}}
{{- define "kafka-producer-exporter.passwordInit" -}}
{{- $options := include "kafka-producer-exporter.options" . | fromYaml -}}
{{- if $options.hasFiles }}
- {{- include "kafka-producer-exporter.passwordContainer" $options | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "kafka-producer-exporter.volumes" -}}
{{- $options := include "kafka-producer-exporter.options" . | fromYaml }}
- {{- include "kafka-producer-exporter.noTokenVolume" $options | nindent 2 }}
{{- if $options.hasFiles }}
- {{- include "kafka-producer-exporter.jmxVolume" $options | nindent 2 }}
{{- end }}
{{- end -}}

{{/* For the application's container; nothing if nothing is changed about the JVM. */}}
{{- define "kafka-producer-exporter.volumeMounts" -}}
{{- $options := include "kafka-producer-exporter.options" . | fromYaml -}}
{{- if $options.hasFiles }}
- {{- include "kafka-producer-exporter.applicationMount" $options | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The JVM's flags, separated by blanks; nothing if nothing is changed about the JVM. */}}
{{- define "kafka-producer-exporter.jvmFlags" -}}
{{- include "kafka-producer-exporter.flags" (include "kafka-producer-exporter.options" . | fromYaml) -}}
{{- end -}}

{{/* The same as items of a list in brackets: [java, {{ include … }}, -jar, app.jar]. YAML ignores a stray comma's blank. */}}
{{- define "kafka-producer-exporter.jvmFlagList" -}}
{{- include "kafka-producer-exporter.jvmFlags" . | splitList " " | join ", " -}}
{{- end -}}

{{- define "kafka-producer-exporter.podLabels" -}}
kafka-producer-exporter.io/sidecar: "true"
{{- end -}}

{{- define "kafka-producer-exporter.podAnnotations" -}}
{{- $options := include "kafka-producer-exporter.options" . | fromYaml -}}
kafka-producer-exporter.io/status: injected
kafka-producer-exporter.io/jvm: {{ if $options.unchangedBecause -}}
{{ printf "unchanged: %s" $options.unchangedBecause | toJson }}
{{- else -}}
{{ printf "start it with %s" (include "kafka-producer-exporter.flags" $options) | toJson }}
{{- end -}}
{{- end -}}

{{/*
The checked options as YAML: values.yaml below sidecar, overridden by the caller, with image, pullPolicy, native,
hasFiles and unchangedBecause.
*/}}
{{- define "kafka-producer-exporter.options" -}}
{{- $found := dict -}}
{{- include "kafka-producer-exporter.findScope" (dict "root" (.context | default .) "found" $found) -}}
{{- $scope := $found.scope -}}
{{- $options := deepCopy $scope.Values.sidecar -}}
{{- if .context -}}
{{- range $name, $value := omit . "context" -}}
{{- if not (hasKey $options $name) -}}
{{- fail (printf "%s: the sidecar has no such option; the options are %s" $name (keys $options | sortAlpha | join ", ")) -}}
{{- end -}}
{{- $_ := set $options $name $value -}}
{{- end -}}
{{- end -}}
{{- include "kafka-producer-exporter.check" $options -}}
{{- if not (regexMatch "^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$" (toString $options.target)) -}}
{{- fail (printf "sidecar.target: %q is not a name; name the workload, as in (dict \"context\" $ \"target\" \"orders\")" (toString $options.target)) -}}
{{- end -}}
{{- $_ := set $options "image" (include "kafka-producer-exporter.image" $scope) -}}
{{- $_ := set $options "pullPolicy" $scope.Values.image.pullPolicy -}}
{{- $isNew := semverCompare ">=1.29.0-0" $scope.Capabilities.KubeVersion.Version -}}
{{- if and (eq $options.mode "native") (not $isNew) -}}
{{- fail (printf "sidecar.mode: native needs Kubernetes 1.29 or later, and this is %s; use auto" $scope.Capabilities.KubeVersion.Version) -}}
{{- end -}}
{{- $_ := set $options "native" (or (eq $options.mode "native") (and (eq $options.mode "auto") $isNew)) -}}
{{- $unknown := and (not $options.openJmx) (kindIs "string" $options.applicationUser) (not (kindIs "string" $options.user)) -}}
{{- $_ := set $options "unchangedBecause" ($unknown | ternary (include "kafka-producer-exporter.userIsUnknown" .) "") -}}
{{- $_ := set $options "hasFiles" (not (or $options.openJmx $unknown)) -}}
{{- toYaml $options -}}
{{- end -}}

{{/* What the schema cannot check, because a key depends on others or the caller of a template sets it. */}}
{{- define "kafka-producer-exporter.check" -}}
{{- if and .openJmx .passwordSecret -}}
{{- fail "sidecar.openJmx: sidecar.passwordSecret is set, too; keep one of the two" -}}
{{- else if not (or .openJmx .passwordSecret) -}}
{{- fail "sidecar.passwordSecret: missing; name the Secret with the JMX password, or set sidecar.openJmx to open JMX to the whole pod" -}}
{{- end -}}
{{- range $name := list "port" "jmxPort" -}}
{{- $port := int (get $ $name) -}}
{{- if or (lt $port 1024) (gt $port 65535) (eq $port 9798) -}}
{{- fail (printf "sidecar.%s: %v is not a port for it; use 1024 to 65535, but not 9798, where the sidecar has its status page" $name (get $ $name)) -}}
{{- end -}}
{{- end -}}
{{- if eq (int .port) (int .jmxPort) -}}
{{- fail (printf "sidecar.jmxPort: %v is also the port of the sidecar; use two ports" .jmxPort) -}}
{{- end -}}
{{- if and .guaranteed (not .resources.limits.cpu) -}}
{{- fail "sidecar.resources.limits.cpu: missing; a pod is Guaranteed only with a limit on CPU, such as 100m" -}}
{{- end -}}
{{- end -}}

{{- define "kafka-producer-exporter.userIsUnknown" -}}
the user id of the application is not known, and a JVM reads only a password file of its own user; set securityContext.runAsUser
{{- end -}}

{{/* From here on the argument is what kafka-producer-exporter.options returns. */}}

{{- define "kafka-producer-exporter.container" -}}
name: kafka-producer-exporter
image: {{ toJson .image }}
imagePullPolicy: {{ .pullPolicy }}
{{- if .native }}
restartPolicy: Always
{{- end }}
args:
  - serve
  - --tolerant
  - {{ printf "--listen=:%v" .port | toJson }}
  - {{ printf "--target=%s=127.0.0.1:%v" .target .jmxPort | toJson }}
  {{- if not .openJmx }}
  - --jmx-username=monitor
  - --jmx-password-env=JMX_PASSWORD
  {{- end }}
  {{- range $name, $value := .labels }}
  - {{ printf "--label=%s=%s" $name $value | toJson }}
  {{- end }}
  {{- range .extraArgs }}
  - {{ toJson . }}
  {{- end }}
{{- if not .openJmx }}
env: {{- include "kafka-producer-exporter.passwordEnv" . | nindent 2 }}
{{- end }}
ports:
  - name: kafka-metrics
    containerPort: {{ toJson .port }}
    protocol: TCP
resources: {{- include "kafka-producer-exporter.resources" . | nindent 2 }}
securityContext:
  runAsNonRoot: true
  {{- if not (eq (toString .user) "assigned") }}
  runAsUser: {{ toJson .user }}
  runAsGroup: {{ toJson .user }}
  {{- end }}
  {{- include "kafka-producer-exporter.restricted" . | nindent 2 }}
volumeMounts:
  - {{- include "kafka-producer-exporter.noTokenMount" . | nindent 4 }}
{{- end -}}

{{- define "kafka-producer-exporter.passwordContainer" -}}
name: kafka-producer-exporter-password
image: {{ toJson .image }}
imagePullPolicy: {{ .pullPolicy }}
args:
  - credentials
  - --username=monitor
  - --password-env=JMX_PASSWORD
  - --directory=/var/run/kafka-producer-exporter
env: {{- include "kafka-producer-exporter.passwordEnv" . | nindent 2 }}
resources: {{- include "kafka-producer-exporter.resources" . | nindent 2 }}
securityContext:
  {{- if hasPrefix "${" (toString .applicationUser) }}
  runAsNonRoot: "${applicationIsNotRoot}"
  runAsUser: {{ toJson .applicationUser }}
  {{- else if kindIs "string" .applicationUser }}
  runAsNonRoot: true
  {{- else }}
  runAsNonRoot: {{ ne (int .applicationUser) 0 }}
  runAsUser: {{ toJson .applicationUser }}
  {{- end }}
  {{- include "kafka-producer-exporter.restricted" . | nindent 2 }}
volumeMounts:
  - {{- include "kafka-producer-exporter.noTokenMount" . | nindent 4 }}
  - name: kafka-producer-exporter-jmx
    mountPath: /var/run/kafka-producer-exporter
{{- end -}}

{{- define "kafka-producer-exporter.passwordEnv" -}}
- name: JMX_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ toJson .passwordSecret }}
      key: password
      optional: true
{{- end -}}

{{- define "kafka-producer-exporter.resources" -}}
requests: {{ toJson (.guaranteed | ternary .resources.limits .resources.requests) }}
limits: {{ toJson .resources.limits }}
{{- end -}}

{{- define "kafka-producer-exporter.restricted" -}}
readOnlyRootFilesystem: true
allowPrivilegeEscalation: false
capabilities:
  drop: [ALL]
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{/* An empty folder hides the token of the application's service account from our containers. */}}
{{- define "kafka-producer-exporter.noTokenMount" -}}
name: kafka-producer-exporter-no-token
mountPath: /var/run/secrets/kubernetes.io/serviceaccount
readOnly: true
{{- end -}}

{{- define "kafka-producer-exporter.noTokenVolume" -}}
name: kafka-producer-exporter-no-token
emptyDir: {}
{{- end -}}

{{- define "kafka-producer-exporter.jmxVolume" -}}
name: kafka-producer-exporter-jmx
emptyDir:
  medium: Memory
  sizeLimit: 1Mi
{{- end -}}

{{- define "kafka-producer-exporter.applicationMount" -}}
name: kafka-producer-exporter-jmx
mountPath: /var/run/kafka-producer-exporter
readOnly: true
{{- end -}}

{{- define "kafka-producer-exporter.flags" -}}
{{- if not .unchangedBecause -}}
{{- $prefix := "-Dcom.sun.management.jmxremote" -}}
{{- $flags := list (printf "%s.port=%v" $prefix .jmxPort) (printf "%s.rmi.port=%v" $prefix .jmxPort) -}}
{{- $flags = concat $flags (list (printf "%s.host=127.0.0.1" $prefix) (printf "%s.ssl=false" $prefix)) -}}
{{- if .openJmx -}}
{{- $flags = append $flags (printf "%s.authenticate=false" $prefix) -}}
{{- else -}}
{{- $folder := "/var/run/kafka-producer-exporter" -}}
{{- $flags = append $flags (printf "%s.authenticate=true" $prefix) -}}
{{- $flags = append $flags (printf "%s.password.file=%s/jmxremote.password" $prefix $folder) -}}
{{- $flags = append $flags (printf "%s.access.file=%s/jmxremote.access" $prefix $folder) -}}
{{- end -}}
{{- join " " $flags -}}
{{- end -}}
{{- end -}}
