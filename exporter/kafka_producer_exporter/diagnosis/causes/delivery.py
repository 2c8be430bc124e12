"""Causes in the brokers' answers: too few replicas, unknown topics, rejected records, quotas, and slowness."""

from statistics import median

from kafka_producer_exporter.diagnosis.evidence import CannotKnowError, Client, Evidence, Fact
from kafka_producer_exporter.diagnosis.model import Cause, Certainty, Change, Match, Owner, Pair
from kafka_producer_exporter.diagnosis.signs import (
    answers,
    errors,
    is_refused,
    is_silent,
    is_throttled,
    logins_fail,
    retries,
    send_errors,
    topic_errors,
    troubled_topics,
)
from kafka_producer_exporter.languages import Text

THROTTLE_SECONDS = 0.1
SLOW_SECONDS = 0.25
VERY_SLOW_SECONDS = 0.5
"""As the alert KafkaProducerHighRequestLatency."""
OUTLIER = 3.0
COMMITTING = 0.5
"""The share of its time that a producer spends in commits, from which on it does little else."""
ASKS_PER_SECOND = 0.3
"""Requests per second of a client that waits for metadata; at rest it asks once in minutes."""

OUTCOMES = (
    "kafka_producer_record_error_total",
    "kafka_producer_topic_record_error_total",
    "kafka_producer_record_retry_total",
    "kafka_producer_record_send_total",
    "kafka_producer_request_total",
)


def not_enough_replicas(client: Client, evidence: Evidence) -> Match | None:
    """Match topics of this client that have too few replicas in sync, or retries although brokers answer."""
    topics = troubled_topics(client)
    brokers = evidence.brokers
    facts = client.facts("kafka_producer_topic_record_retry_total", "kafka_producer_topic_record_error_total")
    if brokers is not None and (rows := brokers.gauges("kafka_topic_under_min_insync_partitions")):
        offline = {labels["topic"] for labels, value in brokers.gauges("kafka_topic_offline_partitions") if value > 0}
        under = [
            Fact("kafka_topic_under_min_insync_partitions", {"topic": labels["topic"]}, value)
            for labels, value in rows
            if value > 0 and labels["topic"] in client.topics and labels["topic"] not in offline
        ]
        hurt = [fact for fact in under if fact.labels["topic"] in topics]
        asked = {labels["topic"] for labels, _ in rows}
        if hurt:
            return Match(Certainty.CERTAIN, [*hurt, *facts])
        if under:
            return Match(Certainty.LIKELY, [*under, *facts])
        if asked.issuperset(client.topics):
            return None
    if not retries(client) or is_silent(client) or not answers(client) or logins_fail(client):
        return None
    return Match(Certainty.POSSIBLE if is_refused(client) else Certainty.LIKELY, facts)


def unknown_topic(client: Client, evidence: Evidence) -> Match | None:
    """Match a topic that was deleted, or one that never existed, for which ``send`` waits in vain."""
    brokers = evidence.brokers
    facts = client.facts(*OUTCOMES)
    if brokers is not None and brokers.all_topics is not None:
        gone = [topic for topic in troubled_topics(client) if topic not in brokers.all_topics]
        if gone:
            missing = [Fact("kafka_topic_replication_factor", {"topic": topic}, None) for topic in gone]
            return Match(Certainty.CERTAIN, [*missing, *facts])
    elif len(troubled_topics(client)) == 1 and retries(client) and answers(client) and not is_refused(client):
        return Match(Certainty.POSSIBLE, facts)
    asks = client.increase("kafka_producer_request_total")
    if client.increase("kafka_producer_record_send_total") or not answers(client) or logins_fail(client):
        return None
    waits_in_vain = asks >= max(3.0, ASKS_PER_SECOND * client.seconds)
    if waits_in_vain and not client.increase("kafka_producer_buffer_exhausted_total"):
        return Match(Certainty.LIKELY, facts)
    return None


def record_too_large(client: Client, evidence: Evidence) -> Match | None:
    """Match records that ``send`` refuses without asking a broker, that brokers reject at once, and split batches."""
    if logins_fail(client):
        return None
    sizes = client.facts("kafka_producer_record_size_max_bytes", "kafka_producer_batch_size_max_bytes")
    facts = [*client.facts(*OUTCOMES), *sizes]
    if answered := _error_codes(evidence, "MESSAGE_TOO_LARGE"):
        if errors(client):
            return Match(Certainty.CERTAIN, [*answered, *facts])
    elif limited := _limits(client, evidence):
        return Match(Certainty.CERTAIN, [*limited, *facts])
    if client.increase("kafka_producer_batch_split_total"):
        return Match(Certainty.LIKELY, [*client.facts("kafka_producer_batch_split_total"), *sizes])
    refused = send_errors(client) - client.increase("kafka_producer_buffer_exhausted_total")
    connected = (client.gauge("kafka_producer_connections") or 0.0) > 0
    if refused >= 1 and connected and client.increase("kafka_producer_request_total") < refused:
        return Match(Certainty.LIKELY, facts)
    return Match(Certainty.LIKELY, facts) if _is_rejected(client) else None


def not_authorized(client: Client, evidence: Evidence) -> Match | None:
    """Match records that brokers reject at once, and a ``send`` that fails after asking for the topic."""
    facts = client.facts(*OUTCOMES)
    if (answered := _error_codes(evidence, "TOPIC_AUTHORIZATION_FAILED", "TRANSACTIONAL_ID_AUTHORIZATION_FAILED")) and (
        errors(client)
    ):
        return Match(Certainty.CERTAIN, [*answered, *facts])
    if _error_codes(evidence, "MESSAGE_TOO_LARGE") or _limits(client, evidence):
        return None
    if _is_rejected(client):
        return Match(Certainty.POSSIBLE, facts)
    refused = send_errors(client) - client.increase("kafka_producer_buffer_exhausted_total")
    if refused >= 1 and answers(client) and client.increase("kafka_producer_request_total") >= refused:
        return Match(Certainty.POSSIBLE, facts)
    return None


def quota(client: Client, _: Evidence) -> Match | None:
    """Match a throttle time in a response."""
    throttled = client.gauge("kafka_producer_produce_throttle_time_max_seconds")
    if not throttled:
        return None
    names = (
        "kafka_producer_produce_throttle_time_max_seconds",
        "kafka_producer_produce_throttle_time_avg_seconds",
        "kafka_producer_request_latency_max_seconds",
    )
    return Match(Certainty.CERTAIN if throttled >= THROTTLE_SECONDS else Certainty.LIKELY, client.facts(*names))


def slow_broker(client: Client, _: Evidence) -> Match | None:
    """Match a long time between request and response, of all brokers or of one, and commits that take all the time."""
    if is_throttled(client):
        return None
    facts = client.facts(
        "kafka_producer_request_latency_avg_seconds",
        "kafka_producer_request_latency_max_seconds",
        "kafka_producer_requests_in_flight",
    )
    nodes = client.gauges("kafka_producer_node_request_latency_avg_seconds", "node_id")
    for node, seconds in nodes.items():
        others = [one for other, one in nodes.items() if other != node]
        if others and seconds >= SLOW_SECONDS and seconds > OUTLIER * median(others):
            slow = Fact("kafka_producer_node_request_latency_avg_seconds", {"node_id": node}, seconds)
            return Match(Certainty.CERTAIN, [slow, *facts])
    average = client.gauge("kafka_producer_request_latency_avg_seconds")
    if average is not None and average >= SLOW_SECONDS:
        return Match(Certainty.CERTAIN if average >= VERY_SLOW_SECONDS else Certainty.LIKELY, facts)
    try:
        committing = client.increase("kafka_producer_txn_commit_time_seconds_total")
    except CannotKnowError:  # clients before 3.2 do not report it
        return None
    if client.seconds and committing >= COMMITTING * client.seconds:
        return Match(Certainty.LIKELY, [*client.facts("kafka_producer_txn_commit_time_seconds_total"), *facts])
    return None


def delivery_timeout(client: Client, _: Evidence) -> Match | None:
    """Match batches that fail after retries, or without having been sent."""
    failed = topic_errors(client)
    sent = sum(client.increases("kafka_producer_topic_record_send_total", "topic").values())
    if not failed or not (retries(client) or failed > sent):
        return None
    return Match(Certainty.LIKELY, client.facts(*OUTCOMES, "kafka_producer_record_queue_time_max_seconds"))


def _is_rejected(client: Client) -> bool:
    """Return whether batches fail at once although the brokers answer. Each was sent; one that expires need not be."""
    failed = topic_errors(client)
    sent = sum(client.increases("kafka_producer_topic_record_send_total", "topic").values())
    return (
        0 < failed <= sent
        and not retries(client)
        and answers(client) > 0
        and not is_silent(client)
        and not is_refused(client)
    )


def _error_codes(evidence: Evidence, *codes: str) -> list[Fact]:
    """Return how often brokers' own JVMs counted these errors of produce requests."""
    if evidence.brokers is None:
        return []
    name = "kafka_broker_request_error_total"
    return [
        Fact(name, {"request": labels["request"], "error": labels["error"]}, grown, increase=True)
        for labels, grown in evidence.brokers.increases(name)
        if labels.get("error") in codes
    ]


def _limits(client: Client, evidence: Evidence) -> list[Fact]:
    """Return the topics with failed records whose max.message.bytes is smaller than the largest record."""
    largest = client.gauge("kafka_producer_record_size_max_bytes")
    if evidence.brokers is None or largest is None:
        return []
    failed = client.increases("kafka_producer_topic_record_error_total", "topic")
    found = []
    for topic, grown in failed.items():
        limit = evidence.brokers.settings.get(topic, {}).get("max.message.bytes", "")
        if grown > 0 and limit.isdigit() and int(limit) < largest:
            found.append(Fact("max.message.bytes", {"topic": topic}, float(limit)))
    return found


NOT_ENOUGH_REPLICAS = Cause(
    id="not-enough-replicas",
    title=Text("A topic has too few replicas in sync", "토픽의 동기화된 복제본이 부족합니다"),
    explanation=Text(
        "The leader answers NOT_ENOUGH_REPLICAS because fewer replicas are in sync than "
        "min.insync.replicas. The client "
        "retries until delivery.timeout.ms and then gives the records up.",
        "동기화된 복제본이 min.insync.replicas보다 적어 리더가 NOT_ENOUGH_REPLICAS로 답합니다. 클라이언트는 "
        "delivery.timeout.ms까지 재시도한 뒤 레코드를 포기합니다.",
    ),
    changes=(
        Change("broker", Text("bring the missing replicas back", "빠진 복제본을 되살립니다"), Owner.PLATFORM),
        Change(
            "min.insync.replicas",
            Text(
                "2 with a replication.factor of 3; never as many as there are replicas",
                "replication.factor 3에 2로 둡니다. 복제본 수와 같게 두지 않습니다",
            ),
            Owner.PLATFORM,
        ),
        Change(
            "delivery.timeout.ms",
            Text("longer than the replicas need to come back", "복제본이 돌아올 시간보다 길게 둡니다"),
            Owner.APPLICATION,
        ),
    ),
    runbook="KafkaTopicUnderMinIsr",
    rule=not_enough_replicas,
    explains=("delivery-timeout", "buffer-full", "saturated-sender", "slow-broker", "lingering-batches", "broker-down"),
)

UNKNOWN_TOPIC = Cause(
    id="unknown-topic",
    title=Text("A topic does not exist", "토픽이 없습니다"),
    explanation=Text(
        "The client asks for the topic's metadata again and again. `send` fails after max.block.ms, or records of a "
        "deleted topic are retried (UNKNOWN_TOPIC_OR_PARTITION).",
        "클라이언트가 토픽 메타데이터를 계속 요청합니다. send는 max.block.ms 뒤에 실패하고, 삭제된 토픽의 레코드는 "
        "재시도됩니다(UNKNOWN_TOPIC_OR_PARTITION).",
    ),
    changes=(
        Change(
            "topic",
            Text(
                "create it, or correct its name in the application",
                "토픽을 만들거나 애플리케이션의 이름을 바로잡습니다",
            ),
            Owner.APPLICATION,
        ),
        Change(
            "ACL",
            Text(
                "grant Describe and Write on it: a hidden topic looks as if it did not exist",
                "Describe와 Write 권한을 줍니다. 권한이 없으면 없는 토픽처럼 보입니다",
            ),
            Owner.PLATFORM,
        ),
    ),
    runbook="KafkaProducerRecordErrors",
    rule=unknown_topic,
    explains=("delivery-timeout",),
)

RECORD_TOO_LARGE = Cause(
    id="record-too-large",
    title=Text("Records or batches are too large", "레코드나 배치가 너무 큽니다"),
    explanation=Text(
        "`send` refuses a record above max.request.size without asking a broker; a broker rejects one "
        "above the topic's "
        "max.message.bytes; a batch of several records is split and sent again. A record that cannot be serialized "
        "fails in `send` as well.",
        "max.request.size를 넘는 레코드는 send가 바로 거부하고, 토픽의 max.message.bytes를 넘으면 브로커가 "
        "거부하며, 여러 "
        "레코드로 된 배치는 나누어 다시 보냅니다. 직렬화할 수 없는 레코드도 send에서 실패합니다.",
    ),
    changes=(
        Change(
            "max.request.size",
            Text(
                "at least the largest record, if records may be so large",
                "그런 크기가 맞다면 가장 큰 레코드 이상으로 둡니다",
            ),
            Owner.APPLICATION,
        ),
        Change(
            "max.message.bytes",
            Text("at least max.request.size, on the topic", "토픽에서 max.request.size 이상으로 둡니다"),
            Owner.PLATFORM,
        ),
        Change(
            "batch.size",
            Text("at most the topic's max.message.bytes", "토픽의 max.message.bytes 이하로 둡니다"),
            Owner.APPLICATION,
        ),
    ),
    runbook="KafkaProducerRecordErrors",
    rule=record_too_large,
    explains=("delivery-timeout",),
)

NOT_AUTHORIZED = Cause(
    id="not-authorized",
    title=Text("The producer has no right to the topic", "프로듀서에 토픽 권한이 없습니다"),
    explanation=Text(
        "Records fail at once and are not retried (TopicAuthorizationException), or initTransactions fails "
        "for lack of a "
        "right to the transactional id.",
        "레코드가 바로 실패하고 재시도되지 않습니다(TopicAuthorizationException). 또는 transactional.id 권한이 없어 "
        "initTransactions가 실패합니다.",
    ),
    changes=(
        Change(
            "ACL",
            Text(
                "Write and Describe on the topic, and on the transactional.id",
                "토픽과 transactional.id에 Write와 Describe를 줍니다",
            ),
            Owner.PLATFORM,
        ),
    ),
    runbook="KafkaProducerRecordErrors",
    rule=not_authorized,
    explains=("delivery-timeout",),
)

QUOTA = Cause(
    id="quota",
    title=Text("A quota slows the producer down", "쿼터가 프로듀서를 늦추고 있습니다"),
    explanation=Text(
        "Brokers delay their answers because the client, or its user, sends more than its quota. Latency, queue and "
        "buffer grow with it.",
        "클라이언트나 사용자가 쿼터보다 많이 보내 브로커가 응답을 늦춥니다. 지연, 대기열, 버퍼가 함께 늘어납니다.",
    ),
    changes=(
        Change(
            "producer_byte_rate",
            Text(
                "raise it for this client or user, if the load is right",
                "부하가 정상이라면 이 클라이언트나 사용자의 값을 올립니다",
            ),
            Owner.PLATFORM,
        ),
        Change(
            "compression.type",
            Text("zstd or lz4, to send fewer bytes", "zstd나 lz4로 바이트를 줄입니다"),
            Owner.APPLICATION,
        ),
    ),
    runbook="KafkaProducerThrottled",
    rule=quota,
    explains=("slow-broker", "buffer-full", "lingering-batches", "delivery-timeout", "saturated-sender"),
)

SLOW_BROKER = Cause(
    id="slow-broker",
    title=Text("Brokers, or the network to them, are slow", "브로커 또는 브로커까지의 네트워크가 느립니다"),
    explanation=Text(
        "Responses take long. One slow broker among others has its own disk or load; if all are slow, look at the "
        "network, and at followers that acks=all waits for. A commit takes several round trips.",
        "응답이 오래 걸립니다. 하나만 느리면 그 브로커의 디스크나 부하를, 모두 느리면 네트워크와 acks=all이 기다리는 "
        "팔로워를 봅니다. 커밋에는 왕복이 여러 번 필요합니다.",
    ),
    changes=(
        Change(
            "broker",
            Text(
                "its disks, request queue and followers; num.io.threads if the handlers are busy",
                "디스크, 요청 큐, 팔로워를 봅니다. 처리 스레드가 바쁘면 num.io.threads를 늘립니다",
            ),
            Owner.PLATFORM,
        ),
        Change(
            "batch.size",
            Text("larger, so that fewer requests wait", "크게 하여 기다리는 요청 수를 줄입니다"),
            Owner.APPLICATION,
        ),
        Change(
            "network",
            Text("round trip time between the pod and the brokers", "파드와 브로커 사이의 왕복 시간을 확인합니다"),
            Owner.NETWORK,
        ),
    ),
    runbook="KafkaProducerHighRequestLatency",
    rule=slow_broker,
    explains=("delivery-timeout", "lingering-batches"),
)

DELIVERY_TIMEOUT = Cause(
    id="delivery-timeout",
    title=Text("Records expire before they are delivered", "레코드가 전달되기 전에 만료됩니다"),
    explanation=Text(
        "Batches reached delivery.timeout.ms after retries or a long wait, and were given up. Usually another finding "
        "says what they waited for.",
        "재시도나 긴 대기 끝에 배치가 delivery.timeout.ms에 이르러 버려졌습니다. 무엇을 기다렸는지는 보통 다른 원인이 "
        "말해 줍니다.",
    ),
    changes=(
        Change(
            "delivery.timeout.ms",
            Text(
                "longer than an outage that should be survived; at least linger.ms + request.timeout.ms",
                "견뎌야 할 장애보다 길게, linger.ms + request.timeout.ms 이상으로 둡니다",
            ),
            Owner.APPLICATION,
        ),
        Change(
            "retries",
            Text("leave it at its default, and bound the time instead", "기본값으로 두고 시간으로 제한합니다"),
            Owner.APPLICATION,
        ),
    ),
    runbook="KafkaProducerRecordErrors",
    rule=delivery_timeout,
)

CAUSES = (NOT_ENOUGH_REPLICAS, UNKNOWN_TOPIC, RECORD_TOO_LARGE, NOT_AUTHORIZED, QUOTA)
LATE_CAUSES = (SLOW_BROKER, DELIVERY_TIMEOUT)
"""Those that others explain."""

PAIRS = (
    Pair(
        frozenset({"broker-down", "unknown-topic"}),
        Text(
            "A partition without a leader and a topic that was deleted look alike to the client: it asks for metadata "
            "and sends nothing. With the brokers asked, the topic's state tells.",
            "리더가 없는 파티션과 삭제된 토픽은 클라이언트에게 똑같이 보입니다. 메타데이터만 요청하고 "
            "보내지 못합니다. 브로커가 "
            "말하는 토픽 상태로 구별됩니다.",
        ),
    ),
    Pair(
        frozenset({"broker-down", "not-enough-replicas"}),
        Text(
            "JMX shows retries and refused connections, and both follow from a lost broker. With the brokers asked, "
            "the topic's replicas in sync tell.",
            "JMX에는 재시도와 거부된 연결만 보이고, 둘 다 브로커를 잃으면 생깁니다. 브로커에 물어보면 "
            "토픽의 동기화된 복제본 "
            "수로 구별됩니다.",
        ),
    ),
    Pair(
        frozenset({"not-enough-replicas", "unknown-topic"}),
        Text(
            "The client does not count by error code. The application's log has NOT_ENOUGH_REPLICAS or "
            "UNKNOWN_TOPIC_OR_PARTITION; with the brokers asked, the topic's state tells.",
            "클라이언트는 오류 코드별로 세지 않습니다. 애플리케이션 로그의 NOT_ENOUGH_REPLICAS 또는 "
            "UNKNOWN_TOPIC_OR_PARTITION, 또는 브로커가 말하는 토픽 상태로 구별됩니다.",
        ),
    ),
    Pair(
        frozenset({"record-too-large", "not-authorized"}),
        Text(
            "Both fail at once and without a retry. The application's log has RecordTooLargeException or "
            "TopicAuthorizationException; with the brokers asked, the topic's max.message.bytes tells.",
            "둘 다 재시도 없이 바로 실패합니다. 애플리케이션 로그의 RecordTooLargeException 또는 "
            "TopicAuthorizationException, 또는 브로커가 말하는 토픽의 max.message.bytes로 구별됩니다.",
        ),
    ),
    Pair(
        frozenset({"unknown-topic", "not-authorized"}),
        Text(
            "A missing topic fails after max.block.ms (TimeoutException), a missing right at once "
            "(TopicAuthorizationException).",
            "토픽이 없으면 max.block.ms 뒤에 실패하고(TimeoutException), 권한이 없으면 바로 실패합니다"
            "(TopicAuthorizationException).",
        ),
    ),
)
