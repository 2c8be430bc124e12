{{/*
The pods of the chart's own: the collector (broker), the fleet, and the pod that only serves runbooks. Each is a part,
with its name in the label kafka-producer-exporter.io/component. The argument of these templates is a dict with the
chart's scope as context, and the part's name as part.
*/}}

{{/* Short enough for the labels that a StatefulSet gives to its pods. */}}
{{- define "kafka-producer-exporter.partName" -}}
{{- printf "%s-%s" (include "kafka-producer-exporter.fullname" .context | replace "." "-" | trunc 43 | trimSuffix "-") .part -}}
{{- end -}}

{{- define "kafka-producer-exporter.partSelector" -}}
{{ include "kafka-producer-exporter.selectorLabels" .context }}
kafka-producer-exporter.io/component: {{ .part }}
{{- end -}}

{{- define "kafka-producer-exporter.partLabels" -}}
{{ include "kafka-producer-exporter.labels" .context }}
kafka-producer-exporter.io/component: {{ .part }}
{{- end -}}

{{/* The names of the parts that are enabled, as JSON. */}}
{{- define "kafka-producer-exporter.parts" -}}
{{- $parts := list -}}
{{- if .Values.broker.enabled -}}{{- $parts = append $parts "broker" -}}{{- end -}}
{{- if .Values.fleet.enabled -}}{{- $parts = append $parts "fleet" -}}{{- end -}}
{{- if and .Values.runbooks.enabled (not $parts) -}}{{- $parts = append $parts "runbooks" -}}{{- end -}}
{{- toJson $parts -}}
{{- end -}}

{{/*
The template of a part's pods. Further keys of its argument: config, the text of the configuration file, or nothing;
secrets, a list of dicts with the Secret's name, the directory for its files, and items, its keys and their files;
values, those of the part, with extraArgs, resources and guaranteed.
*/}}
{{- define "kafka-producer-exporter.podTemplate" -}}
{{- $pods := .context.Values.pods -}}
{{- $folder := "/etc/kafka-producer-exporter" -}}
{{- if and .values.guaranteed (not .values.resources.limits.cpu) -}}
{{- fail (printf "%s.resources.limits.cpu: missing; a pod is Guaranteed only with a limit on CPU, such as 500m" .part) -}}
{{- end -}}
{{- $labels := merge (include "kafka-producer-exporter.partSelector" . | fromYaml) $pods.labels .context.Values.commonLabels -}}
{{- $annotations := $pods.annotations -}}
{{- if .config -}}
{{- $annotations = merge (dict "kafka-producer-exporter.io/config-sha256" (sha256sum .config)) $annotations -}}
{{- end -}}
metadata:
  labels: {{- toYaml $labels | nindent 4 }}
  {{- with $annotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  automountServiceAccountToken: false
  # A variable for each Service of the namespace is of no use here, and might look like one of the exporter's own.
  enableServiceLinks: false
  {{- with .values.serviceAccountName }}
  serviceAccountName: {{ . }}
  {{- end }}
  {{- with $pods.imagePullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . }}
    {{- end }}
  {{- end }}
  {{- with $pods.nodeSelector }}
  nodeSelector: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $pods.tolerations }}
  tolerations: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $pods.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    {{- if not (eq (toString $pods.user) "assigned") }}
    runAsUser: {{ toJson $pods.user }}
    runAsGroup: {{ toJson $pods.user }}
    # The files of Secrets are root's, and this group may read them.
    fsGroup: {{ toJson $pods.user }}
    {{- end }}
    seccompProfile:
      type: RuntimeDefault
  containers:
    - name: kafka-producer-exporter
      image: {{ include "kafka-producer-exporter.image" .context | toJson }}
      imagePullPolicy: {{ .context.Values.image.pullPolicy }}
      args:
        - serve
        # With a wrong configuration the pod is not ready, says so in its metrics and its log, and does not restart.
        - --tolerant
        - --listen=:9797
        {{- if .config }}
        - --config={{ $folder }}/config/exporter.yml
        {{- end }}
        {{- range .values.extraArgs }}
        - {{ toJson . }}
        {{- end }}
      ports:
        - name: kafka-metrics
          containerPort: 9797
          protocol: TCP
      livenessProbe:
        httpGet:
          path: /-/healthy
          port: 9797
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      readinessProbe:
        httpGet:
          path: /-/ready
          port: 9797
        periodSeconds: 10
        timeoutSeconds: 5
      resources: {{- include "kafka-producer-exporter.resources" .values | nindent 8 }}
      securityContext: {{- include "kafka-producer-exporter.restricted" . | nindent 8 }}
      {{- if .config }}
      volumeMounts:
        - name: config
          mountPath: {{ $folder }}/config
          readOnly: true
        {{- range .secrets }}
        - name: {{ .directory }}
          mountPath: {{ $folder }}/{{ .directory }}
          readOnly: true
        {{- end }}
      {{- end }}
  {{- if .config }}
  volumes:
    - name: config
      configMap:
        name: {{ include "kafka-producer-exporter.partName" . }}
    {{- range .secrets }}
    - name: {{ .directory }}
      secret:
        secretName: {{ .name }}
        defaultMode: 0440
        items:
          {{- range $key, $file := .items }}
          - key: {{ toJson $key }}
            path: {{ $file }}
          {{- end }}
    {{- end }}
  {{- end }}
{{- end -}}

{{/* The configuration file of a part, in a ConfigMap. A further key of its argument: config, the text of the file. */}}
{{- define "kafka-producer-exporter.partConfigMap" -}}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ include "kafka-producer-exporter.partName" . }}
  namespace: {{ .context.Release.Namespace }}
  labels: {{- include "kafka-producer-exporter.partLabels" . | nindent 4 }}
data:
  exporter.yml: |
    {{- .config | nindent 4 }}
{{- end -}}

{{/* A further key of its argument: headless, as the Service of a StatefulSet is. */}}
{{- define "kafka-producer-exporter.partService" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "kafka-producer-exporter.partName" . }}
  namespace: {{ .context.Release.Namespace }}
  labels: {{- include "kafka-producer-exporter.partLabels" . | nindent 4 }}
spec:
  {{- if .headless }}
  clusterIP: None
  {{- end }}
  selector: {{- include "kafka-producer-exporter.partSelector" . | nindent 4 }}
  ports:
    - name: kafka-metrics
      port: 9797
      targetPort: 9797
      protocol: TCP
{{- end -}}

{{/* A Deployment of one pod: two would read everything twice. Its argument is that of the pod's template. */}}
{{- define "kafka-producer-exporter.partDeployment" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "kafka-producer-exporter.partName" . }}
  namespace: {{ .context.Release.Namespace }}
  labels: {{- include "kafka-producer-exporter.partLabels" . | nindent 4 }}
spec:
  replicas: 1
  selector:
    matchLabels: {{- include "kafka-producer-exporter.partSelector" . | nindent 6 }}
  template: {{- include "kafka-producer-exporter.podTemplate" . | nindent 4 }}
{{- end -}}

{{/* Name → number of the ports that the fleet reads, as JSON. Its argument is the chart's scope. */}}
{{- define "kafka-producer-exporter.jmxPorts" -}}
{{- .Values.fleet.jmxPorts | default (dict "jmx" 9999) | toJson -}}
{{- end -}}
