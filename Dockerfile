# The image of kafka-producer-exporter: `make image` builds and tests it; so does any `docker build .` without the tests.
# Nothing in it depends on the architecture: each dependency has wheels for linux/amd64 and linux/arm64.

# The base of both stages. `make image-lock` adds its digest for a release.
ARG BASE=docker.io/library/python:3.13-slim

FROM ${BASE} AS build
WORKDIR /build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
COPY requirements/build.txt requirements/run.txt requirements/
RUN python3 -m venv /opt/tools \
 && python3 -m venv --without-pip /opt/kafka-producer-exporter \
 && /opt/tools/bin/pip install --quiet --require-hashes --only-binary :all: -r requirements/build.txt \
 && /opt/tools/bin/pip --python /opt/kafka-producer-exporter/bin/python install --quiet --no-compile --require-hashes \
      --only-binary :all: -r requirements/run.txt
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY alerts alerts
COPY dashboards dashboards
COPY exporter exporter
COPY tools tools
# The code is compiled here, because nothing can be on a read-only file system; no time stamp invalidates it.
RUN /opt/tools/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist . \
 && /opt/tools/bin/pip --python /opt/kafka-producer-exporter/bin/python install --quiet --no-compile --no-deps dist/*.whl \
 && /opt/tools/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible \
      --output-file /opt/kafka-producer-exporter/sbom.cdx.json /opt/kafka-producer-exporter/bin/python \
 && python3 -m compileall -q --invalidation-mode unchecked-hash /opt/kafka-producer-exporter/lib \
 && chmod -R u+rwX,go+rX,go-w /opt/kafka-producer-exporter

FROM ${BASE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="kafka-producer-exporter" \
      org.opencontainers.image.description="Prometheus exporter for Kafka producers: JMX without a JVM, and what only the brokers know" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# No process writes compiled code, and `kafka-producer-exporter check` works in `kubectl exec`.
ENV PATH=/opt/kafka-producer-exporter/bin:/usr/local/bin:/usr/bin:/bin PYTHONDONTWRITEBYTECODE=1
COPY --from=build /opt/kafka-producer-exporter /opt/kafka-producer-exporter
# Works under any user id, such as OpenShift's; this one is what Kubernetes demands to see with runAsNonRoot.
USER 65532:65532
EXPOSE 9797
ENTRYPOINT ["/opt/kafka-producer-exporter/bin/kafka-producer-exporter"]
CMD ["serve"]
