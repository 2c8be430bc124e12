"""Causes on the way to the brokers: login, TLS, names, brokers that are down or silent, and clocks."""

from kafka_producer_exporter.diagnosis.evidence import BROKERS, CannotKnowError, Client, Evidence, Fact
from kafka_producer_exporter.diagnosis.model import Cause, Certainty, Change, Match, Owner, Pair
from kafka_producer_exporter.diagnosis.signs import (
    answers,
    bootstrap_errors,
    errors,
    is_refused,
    is_silent,
    logins_fail,
    retries,
)
from kafka_producer_exporter.languages import Text

STALE_SECONDS = 360.0
"""Kafka's default of metadata.max.age.ms, and a fifth more."""
SKEW_SECONDS = 30.0
"""As the alert KafkaClockSkew."""

LOGINS = (
    "kafka_producer_failed_authentication_total",
    "kafka_producer_connection_creation_total",
    "kafka_producer_connection_close_total",
    "kafka_producer_record_error_total",
)
LINKS = (
    "kafka_producer_connection_creation_total",
    "kafka_producer_connection_close_total",
    "kafka_producer_connections",
    "kafka_producer_request_total",
    "kafka_producer_response_total",
    "kafka_producer_requests_in_flight",
    "kafka_producer_record_retry_total",
    "kafka_producer_record_error_total",
)


def server_facts(evidence: Evidence, *reasons: str) -> list[Fact]:
    """Return the bootstrap servers that cannot be used for one of these reasons."""
    if evidence.brokers is None:
        return []
    series = evidence.brokers.gauges("kafka_bootstrap_server_error")
    return [
        Fact("kafka_bootstrap_server_error", {"server": labels["server"], "reason": labels["reason"]}, value)
        for labels, value in series
        if labels["reason"] in reasons
    ]


def expired_certificates(evidence: Evidence) -> list[Fact]:
    """Return the certificates of brokers that have expired."""
    if evidence.brokers is None or evidence.now_seconds is None:
        return []
    name = "kafka_broker_certificate_expiry_timestamp_seconds"
    return [Fact(name, dict(labels), at) for labels, at in evidence.brokers.gauges(name) if at <= evidence.now_seconds]


def sasl(client: Client, evidence: Evidence) -> Match | None:
    """Match logins that fail. The client counts failed TLS handshakes with them."""
    if not logins_fail(client):
        return None
    is_tls = expired_certificates(evidence) or bootstrap_errors(evidence, "tls_ca", "tls_name", "tls_expired")
    certainty = Certainty.POSSIBLE if is_tls else Certainty.CERTAIN if _has_tls(client) else Certainty.LIKELY
    return Match(certainty, client.facts(*LOGINS))


def tls(client: Client, evidence: Evidence) -> Match | None:
    """Match handshakes that fail, and a TLS client on a port without TLS."""
    expired = expired_certificates(evidence)
    if logins_fail(client):
        if expired:
            return Match(Certainty.CERTAIN, [*expired, *client.facts(*LOGINS)])
        if _has_tls(client):
            return None
        return Match(Certainty.LIKELY, client.facts(*LOGINS))
    created = client.increase("kafka_producer_connection_creation_total")
    closed = client.increase("kafka_producer_connection_close_total")
    no_request = client.increase("kafka_producer_request_total") == 0
    waits = (client.gauge("kafka_producer_requests_in_flight") or 0.0) > 0
    if created >= 2 and closed >= 2 and no_request and not waits:
        return Match(Certainty.LIKELY, client.facts(*LINKS))
    return None


def _has_tls(client: Client) -> bool:
    """Return whether a handshake is known to have succeeded; other exporters' pages do not show it."""
    try:
        return bool(client.gauges("kafka_producer_tls_connections", "protocol"))
    except CannotKnowError:
        return False


def dns(client: Client, evidence: Evidence) -> Match | None:
    """Match records that fail while the client does not even try to connect."""
    found = server_facts(evidence, "dns")
    if answers(client) > 0 or logins_fail(client) or not errors(client):
        return None
    names = (
        "kafka_producer_connection_creation_total",
        "kafka_producer_connection_close_total",
        "kafka_producer_request_total",
    )
    if any(client.increase(name) for name in names) or client.gauge("kafka_producer_connections"):
        return None
    return Match(Certainty.CERTAIN if found else Certainty.LIKELY, [*found, *client.facts(*LINKS)])


def dns_of_servers(evidence: Evidence) -> Match | None:
    """Match a bootstrap server whose name does not resolve."""
    evidence.require_brokers()
    found = server_facts(evidence, "dns")
    return Match(Certainty.LIKELY if evidence.clients() else Certainty.CERTAIN, found) if found else None


def broker_down(client: Client, evidence: Evidence) -> Match | None:
    """Match connections that are refused, and topics of this client that have no leader.

    Records of a topic without a leader expire and none is sent, although the other brokers answer.
    """
    offline: list[Fact] = []
    if evidence.brokers is not None:
        offline = [
            Fact("kafka_topic_offline_partitions", {"topic": labels["topic"]}, value)
            for labels, value in evidence.brokers.gauges("kafka_topic_offline_partitions")
            if value > 0 and labels["topic"] in client.topics
        ]
    refused = server_facts(evidence, "refused", "timeout")
    if offline:
        return Match(Certainty.CERTAIN, [*offline, *refused, *client.facts(*LINKS)])
    if is_refused(client):
        return Match(Certainty.CERTAIN if refused else Certainty.LIKELY, [*refused, *client.facts(*LINKS)])
    failed = client.increases("kafka_producer_topic_record_error_total", "topic")
    sent = client.increases("kafka_producer_topic_record_send_total", "topic")
    if any(grown > 0 and sent.get(topic) == 0 for topic, grown in failed.items()) and answers(client):
        names = ("kafka_producer_topic_record_error_total", "kafka_producer_topic_record_send_total")
        return Match(Certainty.LIKELY, [*client.facts(*names), *client.facts(*LINKS)])
    return None


def servers_down(evidence: Evidence) -> Match | None:
    """Match bootstrap servers that refuse connections or do not answer."""
    evidence.require_brokers()
    found = server_facts(evidence, "refused", "timeout", "closed")
    return Match(Certainty.LIKELY if evidence.clients() else Certainty.CERTAIN, found) if found else None


def black_hole(client: Client, evidence: Evidence) -> Match | None:
    """Match requests that nothing answers, from all brokers or from one, and connections that are never made."""
    if logins_fail(client) or is_refused(client):
        return None
    if is_silent(client):
        hung = server_facts(evidence, "timeout")
        return Match(Certainty.CERTAIN if hung else Certainty.LIKELY, [*hung, *client.facts(*LINKS)])
    if retries(client) and client.increase("kafka_producer_connection_close_total") > 0:
        asked = client.increases("kafka_producer_node_request_total", "node_id")
        answered = client.increases("kafka_producer_node_response_total", "node_id")
        silent = [node for node, times in asked.items() if times > 0 and answered.get(node) == 0]
        if silent:
            nodes = [
                Fact(name, {"node_id": node}, value, increase=True)
                for node in silent
                for name, value in (
                    ("kafka_producer_node_request_total", asked[node]),
                    ("kafka_producer_node_response_total", 0.0),
                )
            ]
            return Match(Certainty.LIKELY, [*nodes, *client.facts("kafka_producer_record_retry_total")])
    if dns(client, Evidence()) is not None:  # a name that does not resolve looks the same
        return Match(Certainty.POSSIBLE, client.facts(*LINKS))
    return None


def stale_metadata(client: Client, _: Evidence) -> Match | None:
    """Match metadata that is older than it may become."""
    age = client.gauge("kafka_producer_metadata_age_seconds")
    if age is None or age < STALE_SECONDS:
        return None
    return Match(Certainty.LIKELY, client.facts("kafka_producer_metadata_age_seconds"))


def clock_drift(evidence: Evidence) -> Match | None:
    """Match a clock that differs from the brokers'."""
    name = "kafka_producer_exporter_clock_skew_seconds"
    series = evidence.require_brokers().gauges(name)
    if not series:
        raise CannotKnowError(name if evidence.brokers else BROKERS)
    facts = [Fact(name, {}, skew) for _, skew in series if abs(skew) > SKEW_SECONDS]
    return Match(Certainty.CERTAIN, facts) if facts else None


SASL = Cause(
    id="sasl",
    title=Text("The brokers refuse the login", "브로커가 로그인을 거부합니다"),
    explanation=Text(
        "Each connection fails at authentication, so the client reconnects and sends nothing. The exception is "
        "SaslAuthenticationException.",
        "연결할 때마다 인증에 실패하므로 클라이언트는 재연결만 반복하고 아무것도 보내지 못합니다. 예외는 "
        "SaslAuthenticationException입니다.",
    ),
    changes=(
        Change(
            "sasl.jaas.config",
            Text(
                "the user and password (or token) that the brokers know; look at the mounted secret and "
                "its last change",
                "브로커가 아는 사용자와 비밀번호(또는 토큰)로 바꿉니다. 마운트된 시크릿과 최근 변경을 확인합니다",
            ),
            Owner.APPLICATION,
        ),
        Change(
            "sasl.mechanism",
            Text("one that the listener offers", "리스너가 제공하는 방식으로 맞춥니다"),
            Owner.APPLICATION,
        ),
    ),
    runbook="KafkaProducerAuthenticationFailures",
    rule=sasl,
    explains=("delivery-timeout", "buffer-full", "unknown-topic", "not-authorized", "stale-metadata", "black-hole"),
)

TLS = Cause(
    id="tls",
    title=Text("The TLS handshake fails", "TLS 핸드셰이크가 실패합니다"),
    explanation=Text(
        "Certificates are expired, not trusted or of another name, or only one side speaks TLS. The exception is "
        "SslAuthenticationException or SSLHandshakeException.",
        "인증서가 만료되었거나, 신뢰되지 않거나, 이름이 다르거나, 한쪽만 TLS를 사용합니다. 예외는 "
        "SslAuthenticationException 또는 SSLHandshakeException입니다.",
    ),
    changes=(
        Change(
            "ssl.truststore.location",
            Text(
                "a store with the CA of the brokers' certificates", "브로커 인증서의 CA가 들어 있는 저장소로 바꿉니다"
            ),
            Owner.APPLICATION,
        ),
        Change(
            "security.protocol",
            Text("SSL or SASL_SSL on a TLS listener, and only there", "TLS 리스너에서만 SSL 또는 SASL_SSL을 씁니다"),
            Owner.APPLICATION,
        ),
        Change(
            "ssl.keystore.location",
            Text("renew an expired certificate of a broker", "만료된 브로커 인증서를 갱신합니다"),
            Owner.PLATFORM,
        ),
    ),
    runbook="KafkaProducerAuthenticationFailures",
    rule=tls,
    explains=SASL.explains,
)

DNS = Cause(
    id="dns",
    title=Text("A broker's name does not resolve", "브로커 이름이 해석되지 않습니다"),
    explanation=Text(
        "Records expire, and the client opens no connection: it cannot look up the address. If no bootstrap name "
        "resolves, the producer cannot even be created, and has no metrics.",
        "레코드가 만료되는데 클라이언트는 연결을 열지 않습니다. 주소를 찾지 못하기 때문입니다. 부트스트랩 "
        "이름이 하나도 "
        "해석되지 않으면 프로듀서가 생성되지도 않아 지표가 없습니다.",
    ),
    changes=(
        Change(
            "bootstrap.servers",
            Text("two or more names that resolve in the pod", "파드에서 해석되는 이름을 둘 이상 적습니다"),
            Owner.APPLICATION,
        ),
        Change(
            "advertised.listeners",
            Text("names that clients can resolve", "클라이언트가 해석할 수 있는 이름으로 바꿉니다"),
            Owner.PLATFORM,
        ),
    ),
    runbook="KafkaBootstrapServerDown",
    rule=dns,
    whole=dns_of_servers,
    explains=("delivery-timeout", "buffer-full", "stale-metadata", "unknown-topic", "not-authorized"),
)

BROKER_DOWN = Cause(
    id="broker-down",
    title=Text("A broker is down or refuses connections", "브로커가 내려갔거나 연결을 거부합니다"),
    explanation=Text(
        "Connections are closed that were never established, or a partition has no leader. Records for "
        "that broker wait "
        "and are retried until delivery.timeout.ms.",
        "성립되지 않은 연결이 닫히거나 파티션에 리더가 없습니다. 그 브로커로 갈 레코드는 "
        "delivery.timeout.ms까지 기다리며 "
        "재시도됩니다.",
    ),
    changes=(
        Change(
            "broker", Text("start it again, and see why it ended", "다시 시작하고 종료 원인을 찾습니다"), Owner.PLATFORM
        ),
        Change(
            "replication.factor",
            Text(
                "3, with min.insync.replicas=2, so that one broker may be lost",
                "3으로, min.insync.replicas=2로 두어 브로커 하나를 잃어도 견디게 합니다",
            ),
            Owner.PLATFORM,
        ),
        Change(
            "delivery.timeout.ms",
            Text("longer than a restart of a broker takes", "브로커 재시작보다 길게 둡니다"),
            Owner.APPLICATION,
        ),
    ),
    runbook="KafkaTopicOffline",
    rule=broker_down,
    whole=servers_down,
    explains=("delivery-timeout", "buffer-full", "lingering-batches", "saturated-sender", "stale-metadata"),
)

BLACK_HOLE = Cause(
    id="black-hole",
    title=Text("Brokers do not answer", "브로커가 응답하지 않습니다"),
    explanation=Text(
        "Requests go out and nothing comes back: packets are dropped on the way (firewall, network policy), or the "
        "broker process hangs. Latency has no sample of such requests, so it looks normal.",
        "요청은 나가는데 응답이 없습니다. 중간에서 패킷이 버려지거나(방화벽, 네트워크 정책) 브로커 프로세스가 멈춰 "
        "있습니다. 이런 요청은 지연 시간에 기록되지 않아 지연 지표는 정상으로 보입니다.",
    ),
    changes=(
        Change(
            "NetworkPolicy",
            Text(
                "allow the pod's traffic to every advertised broker address",
                "파드에서 모든 브로커의 공개 주소로 가는 통신을 허용합니다",
            ),
            Owner.NETWORK,
        ),
        Change("broker", Text("restart it if its process hangs", "프로세스가 멈췄다면 재시작합니다"), Owner.PLATFORM),
    ),
    runbook="KafkaProducerDeliveryStalled",
    rule=black_hole,
    explains=(
        *("delivery-timeout", "buffer-full", "lingering-batches", "saturated-sender", "stale-metadata"),
        *("unknown-topic", "not-authorized", "slow-broker", "record-too-large"),
    ),
)

STALE_METADATA = Cause(
    id="stale-metadata",
    title=Text("The client's cluster metadata is stale", "클라이언트의 클러스터 메타데이터가 오래되었습니다"),
    explanation=Text(
        "It has not been refreshed for longer than metadata.max.age.ms allows, so new leaders and "
        "partitions are unknown "
        "to the client.",
        "metadata.max.age.ms보다 오래 갱신되지 않아 클라이언트가 새 리더와 파티션을 모릅니다.",
    ),
    changes=(
        Change(
            "metadata.max.age.ms",
            Text(
                "5 minutes (the default), if it is longer; otherwise find out why no broker answers",
                "더 길다면 기본값 5분으로 두고, 아니라면 브로커가 응답하지 않는 이유를 찾습니다",
            ),
            Owner.APPLICATION,
        ),
    ),
    runbook="KafkaProducerMetadataStale",
    rule=stale_metadata,
)

CLOCK_DRIFT = Cause(
    id="clock-drift",
    title=Text("Clocks differ", "시계가 서로 다릅니다"),
    explanation=Text(
        "The exporter's clock, which a sidecar shares with the application, differs from the brokers'. "
        "Certificates and "
        "tokens seem expired or not yet valid, and timestamps of records are wrong.",
        "애플리케이션과 사이드카가 함께 쓰는 시계가 브로커의 시계와 다릅니다. 인증서와 토큰이 만료되었거나 "
        "아직 유효하지 "
        "않은 것으로 보이고, 레코드의 타임스탬프가 틀립니다.",
    ),
    changes=(Change("NTP", Text("synchronize the clocks of the nodes", "노드의 시계를 동기화합니다"), Owner.NETWORK),),
    runbook="KafkaClockSkew",
    whole=clock_drift,
)

CAUSES = (SASL, TLS, DNS, BROKER_DOWN, BLACK_HOLE)
LATE_CAUSES = (STALE_METADATA, CLOCK_DRIFT)
"""Those that rarely are the reason of anything else."""

PAIRS = (
    Pair(
        frozenset({"sasl", "tls"}),
        Text(
            "The client counts both in failed_authentication_total. The application's log has "
            "SaslAuthenticationException for the login, and SslAuthenticationException for the handshake.",
            "클라이언트는 둘 다 failed_authentication_total로 셉니다. 애플리케이션 로그에 로그인이면 "
            "SaslAuthenticationException, 핸드셰이크면 SslAuthenticationException이 있습니다.",
        ),
    ),
    Pair(
        frozenset({"dns", "black-hole"}),
        Text(
            "JMX shows only that no connection is made. `nslookup` of the broker's name in the pod, or "
            "`check` with the "
            "brokers configured, tells.",
            "JMX로는 연결이 없다는 것만 보입니다. 파드에서 브로커 이름을 nslookup으로 조회하거나, 브로커를 "
            "설정하고 다시 "
            "진단하면 구별됩니다.",
        ),
    ),
    Pair(
        frozenset({"tls", "black-hole"}),
        Text(
            "A TLS client on a port without TLS sends no request at all; behind a firewall requests are sent. The "
            "application's log names the handshake.",
            "TLS가 아닌 포트에 TLS로 접속하면 요청이 전혀 나가지 않고, 방화벽 뒤라면 요청은 나갑니다. "
            "애플리케이션 로그에 "
            "핸드셰이크가 적힙니다.",
        ),
    ),
    Pair(
        frozenset({"broker-down", "black-hole"}),
        Text(
            "A broker that is down refuses connections at once; one that hangs accepts them. Ask the brokers: give "
            "--bootstrap-server.",
            "내려간 브로커는 연결을 바로 거부하고, 멈춘 브로커는 연결을 받습니다. --bootstrap-server로 "
            "브로커에 물어보면 "
            "구별됩니다.",
        ),
    ),
)
