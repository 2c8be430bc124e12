"""Selectors and variables that the boards share.

Each variable matches with ``=~``, and All means ``.*``: that also matches series without the label, so the boards work
where there is only ``target``. Grafana does not escape a double quote, and an application may have one in its
``client.id`` or ``transactional.id``: those two are between backquotes, with the format ``regex``.
"""

from dashboards.model import Query, Variable
from kafka_producer_exporter.languages import Text

SERVICE_SELECTOR = ('%{cluster}=~"$cluster"', 'namespace=~"$namespace"', 'target=~"$target"', 'target!=""')
"""Micrometer serves metrics of the same names, without the label ``target``."""
JVM_SELECTOR = (*SERVICE_SELECTOR, 'pod=~"$pod"')
PRODUCER = (*JVM_SELECTOR, "client_id=~`${client_id:regex}`")
NO_TARGET = 'target=""'
RATE = "$__rate_interval"


def producer(metric: str, *more: str) -> str:
    """Return the selector of a producer's metric; *more* are further matchers."""
    return f"{metric}{{{', '.join((*PRODUCER, *more))}}}"


def jvm(metric: str, *more: str) -> str:
    """Return the selector of a metric of a whole JVM, which has no ``client_id``."""
    return f"{metric}{{{', '.join((*JVM_SELECTOR, *more))}}}"


def service(metric: str, *more: str) -> str:
    """Return the selector of a metric or recording rule that has no more than the labels of a service."""
    return f"{metric}{{{', '.join((*SERVICE_SELECTOR, *more))}}}"


def brokers(metric: str, *more: str) -> str:
    """Return the selector of a metric of the broker view, which has no ``target``."""
    return f"{metric}{{{', '.join((PRODUCER[0], NO_TARGET, *more))}}}"


def rate(selector: str) -> str:
    """Return the increase per second."""
    return f"rate({selector}[{RATE}])"


def threshold(name: str) -> Query:
    """Return the line of an alert's threshold, which is the user's own value."""
    words = Text("the alert's threshold", "경보 임곗값")
    return Query(f"max(kafka_producer_threshold:{name})", words, is_limit=True)


CLUSTER = Variable(
    "cluster",
    Text("Kafka cluster", "Kafka 클러스터"),
    'label_values({__name__=~"kafka_producer_up|kafka_producer_exporter_source_up"}, %{cluster})',
    Text("The label for the Kafka cluster, if your series have one.", "Kafka 클러스터 레이블(있는 경우)."),
)
NAMESPACE = Variable(
    "namespace",
    Text("Namespace", "네임스페이스"),
    'label_values(kafka_producer_up{%{cluster}=~"$cluster"}, namespace)',
    Text("The namespace in Kubernetes, if your series have one.", "Kubernetes 네임스페이스(있는 경우)."),
)
TARGET = Variable(
    "target",
    Text("Service", "서비스"),
    'label_values(kafka_producer_up{%{cluster}=~"$cluster", namespace=~"$namespace"}, target)',
    Text("The target in the exporter's configuration: the service.", "익스포터 설정의 대상 이름, 곧 서비스."),
)
POD = Variable(
    "pod",
    Text("Pod", "파드"),
    'label_values(kafka_producer_up{%{cluster}=~"$cluster", namespace=~"$namespace", target=~"$target"}, pod)',
    Text("The pod, if your series have one.", "파드(있는 경우)."),
)
CLIENT = Variable(
    "client_id",
    Text("Client", "클라이언트"),
    "label_values("
    'kafka_producer_info{%{cluster}=~"$cluster", namespace=~"$namespace", target=~"$target", pod=~"$pod"}, client_id)',
    Text("The producer's client.id.", "프로듀서의 client.id."),
)
SERVICE = (CLUSTER, NAMESPACE, TARGET)
EVERYTHING = (*SERVICE, POD, CLIENT)
