"""Causes within the producer's own process: buffer, batches, sender thread, compression, and client ids."""

from kafka_producer_exporter.diagnosis.evidence import CannotKnowError, Client, Evidence, Fact
from kafka_producer_exporter.diagnosis.model import Cause, Certainty, Change, Match, Owner
from kafka_producer_exporter.diagnosis.signs import answers, buffer_use, is_silent, is_throttled, retries
from kafka_producer_exporter.languages import Text

FULL = 0.9
LINGER_SECONDS = 0.1
LINGER_RATIO = 5.0
IN_FLIGHT = 5
"""Kafka's default of max.in.flight.requests.per.connection: once these are under way, batches wait."""
BUSY = 0.9
"""As the alert KafkaProducerSenderSaturated."""
BUSY_REQUESTS_PER_SECOND = 10.0
"""As that alert, too: the wait is counted when it ends, so only a client with many requests tells."""
NO_GAIN = 0.95


def buffer_full(client: Client, _: Evidence) -> Match | None:
    """Match calls of ``send`` that wait for buffer memory, or have failed for lack of it."""
    facts = client.facts(
        "kafka_producer_buffer_exhausted_total",
        "kafka_producer_waiting_threads",
        "kafka_producer_bufferpool_wait_time_seconds_total",
        "kafka_producer_buffer_available_bytes",
        "kafka_producer_buffer_total_bytes",
    )
    exhausted = client.increase("kafka_producer_buffer_exhausted_total")
    if exhausted or client.gauge("kafka_producer_buffer_exhausted_rate"):
        return Match(Certainty.CERTAIN, facts)
    if client.gauge("kafka_producer_waiting_threads"):
        return Match(Certainty.CERTAIN, facts)
    if buffer_use(client) >= FULL or client.increase("kafka_producer_bufferpool_wait_time_seconds_total") > 0:
        return Match(Certainty.LIKELY, facts)
    return None


def lingering_batches(client: Client, _: Evidence) -> Match | None:
    """Match batches that wait much longer than a request takes, although nothing holds them up."""
    if not client.increase("kafka_producer_record_send_total") or retries(client) or is_throttled(client):
        return None
    queued = client.gauge("kafka_producer_record_queue_time_avg_seconds")
    latency = client.gauge("kafka_producer_request_latency_avg_seconds")
    if queued is None or latency is None or queued < LINGER_SECONDS or queued < LINGER_RATIO * latency:
        return None
    held_up = client.gauge("kafka_producer_waiting_threads") or buffer_use(client) >= FULL
    if held_up or (client.gauge("kafka_producer_requests_in_flight") or 0.0) >= IN_FLIGHT:
        return None
    names = (
        "kafka_producer_record_queue_time_avg_seconds",
        "kafka_producer_request_latency_avg_seconds",
        "kafka_producer_batch_size_avg_bytes",
        "kafka_producer_records_per_request_avg",
    )
    return Match(Certainty.LIKELY, client.facts(*names))


def saturated_sender(client: Client, _: Evidence) -> Match | None:
    """Match a sender thread that hardly ever waits."""
    if client.seconds <= 0 or is_silent(client) or not answers(client):
        return None
    if client.increase("kafka_producer_request_total") < BUSY_REQUESTS_PER_SECOND * client.seconds:
        return None
    busy = 1 - client.increase("kafka_producer_io_wait_time_seconds_total") / client.seconds
    if busy < BUSY:
        return None
    names = (
        "kafka_producer_io_wait_time_seconds_total",
        "kafka_producer_io_time_seconds_total",
        "kafka_producer_request_total",
    )
    return Match(Certainty.LIKELY, client.facts(*names))


def lost_compression(client: Client, _: Evidence) -> Match | None:
    """Match compression that saves nothing. A rate of exactly 1 is a producer that does not compress."""
    rate = client.gauge("kafka_producer_compression_rate_avg")
    if rate is None or rate <= NO_GAIN or abs(rate - 1) < 1e-9:
        return None
    return Match(
        Certainty.POSSIBLE, client.facts("kafka_producer_compression_rate_avg", "kafka_producer_batch_size_avg_bytes")
    )


def duplicate_client_id(client: Client, _: Evidence) -> Match | None:
    """Match counters that fell although no producer with this id was started."""
    if not client.fell or client.restarted:
        return None
    if client.gauge("kafka_producer_start_time_seconds") is None:
        raise CannotKnowError("kafka_producer_start_time_seconds")
    names = ("kafka_producer_record_send_total", "kafka_producer_start_time_seconds")
    return Match(Certainty.LIKELY, client.facts(*names))


def hidden_by_duplicate(evidence: Evidence) -> Match | None:
    """Match a producer without metrics whose MBeans another one with its id took away."""
    facts = [fact for fact in _hidden(evidence) if fact.labels["reason"] == "duplicate_client_id"]
    return Match(Certainty.CERTAIN, facts) if facts else None


def hidden_producer(evidence: Evidence) -> Match | None:
    """Match a producer without metrics for any other reason."""
    facts = [fact for fact in _hidden(evidence) if fact.labels["reason"] != "duplicate_client_id"]
    return Match(Certainty.CERTAIN, facts) if facts else None


def _hidden(evidence: Evidence) -> list[Fact]:
    name = "kafka_producer_hidden"
    if evidence.provides is not None and name not in evidence.provides:
        raise CannotKnowError(name)
    series = evidence.second.page.get(name, ())
    return [Fact(name, {key: labels[key] for key in ("client_id", "reason")}, 1.0) for labels, value in series if value]


BUFFER_FULL = Cause(
    id="buffer-full",
    title=Text("The producer's buffer is full", "프로듀서 버퍼가 가득 찼습니다"),
    explanation=Text(
        "The application sends faster than batches leave, so `send` blocks for up to max.block.ms and then fails with "
        "BufferExhaustedException. The next finding may say why batches do not leave.",
        "배치가 나가는 것보다 애플리케이션이 더 빨리 보내, send가 max.block.ms까지 막힌 뒤 "
        "BufferExhaustedException으로 "
        "실패합니다. 배치가 나가지 못하는 이유는 다음 원인에 있을 수 있습니다.",
    ),
    changes=(
        Change(
            "buffer.memory",
            Text(
                "what is sent while a broker is replaced: rate times record size times seconds",
                "브로커가 바뀌는 동안 보내는 양(초당 건수 × 레코드 크기 × 초)만큼 둡니다",
            ),
            Owner.APPLICATION,
        ),
        Change(
            "max.block.ms",
            Text(
                "as long as the application may wait in send()", "애플리케이션이 send()에서 기다려도 되는 만큼 둡니다"
            ),
            Owner.APPLICATION,
        ),
        Change(
            "compression.type",
            Text("zstd or lz4, so that more fits", "zstd나 lz4로 더 많이 담습니다"),
            Owner.APPLICATION,
        ),
    ),
    runbook="KafkaProducerBufferBackpressure",
    rule=buffer_full,
    explains=("lingering-batches", "delivery-timeout"),
)

LINGERING = Cause(
    id="lingering-batches",
    title=Text("Batches wait for linger.ms", "배치가 linger.ms를 기다립니다"),
    explanation=Text(
        "Nothing holds the batches up, but they wait much longer than a request takes. With little traffic they never "
        "fill, so every record waits for linger.ms.",
        "막히는 곳이 없는데도 배치가 요청 시간보다 훨씬 오래 기다립니다. 트래픽이 적으면 배치가 차지 않아 "
        "모든 레코드가 "
        "linger.ms를 기다립니다.",
    ),
    changes=(
        Change(
            "linger.ms",
            Text("0 to 10, unless the delay is wanted", "지연이 의도한 것이 아니라면 0~10으로 둡니다"),
            Owner.APPLICATION,
        ),
        Change(
            "batch.size",
            Text("smaller, so that batches fill with the traffic that there is", "실제 트래픽으로 찰 만큼 작게 둡니다"),
            Owner.APPLICATION,
        ),
    ),
    runbook="KafkaProducerHighQueueTime",
    rule=lingering_batches,
)

SATURATED_SENDER = Cause(
    id="saturated-sender",
    title=Text("The sender thread is saturated", "센더 스레드가 포화 상태입니다"),
    explanation=Text(
        "The client's one network thread hardly ever waits. It builds requests, encrypts, and runs the application's "
        "callbacks, so a slow callback stops everything.",
        "클라이언트의 하나뿐인 네트워크 스레드가 거의 쉬지 못합니다. 이 스레드가 요청 생성, 암호화, "
        "애플리케이션 콜백을 모두 "
        "실행하므로 느린 콜백 하나가 전체를 멈춥니다.",
    ),
    changes=(
        Change(
            "callback",
            Text("no waiting and no heavy work in it", "콜백에서 대기하거나 무거운 작업을 하지 않습니다"),
            Owner.APPLICATION,
        ),
        Change(
            "producer instances",
            Text(
                "divide the load among several (num.io.threads is a setting of brokers)",
                "여러 인스턴스로 부하를 나눕니다(num.io.threads는 브로커 설정입니다)",
            ),
            Owner.APPLICATION,
        ),
        Change(
            "batch.size",
            Text("larger, so that there are fewer requests", "크게 하여 요청 수를 줄입니다"),
            Owner.APPLICATION,
        ),
    ),
    runbook="KafkaProducerSenderSaturated",
    rule=saturated_sender,
)

LOST_COMPRESSION = Cause(
    id="lost-compression",
    title=Text("Compression saves nothing", "압축 효과가 없습니다"),
    explanation=Text(
        "Batches are hardly smaller than before compression: they are tiny, or their content is compressed "
        "or encrypted "
        "already.",
        "배치가 압축 전과 거의 같은 크기입니다. 배치가 너무 작거나, 내용이 이미 압축 또는 암호화되어 있습니다.",
    ),
    changes=(
        Change(
            "linger.ms", Text("5 to 50, so that batches become larger", "5~50으로 배치를 키웁니다"), Owner.APPLICATION
        ),
        Change(
            "compression.type",
            Text("none, if the content cannot be compressed", "내용이 압축되지 않는다면 none으로 둡니다"),
            Owner.APPLICATION,
        ),
    ),
    runbook="KafkaProducerCompressionIneffective",
    rule=lost_compression,
)

DUPLICATE_CLIENT_ID = Cause(
    id="duplicate-client-id",
    title=Text("Two producers share a client.id", "두 프로듀서가 같은 client.id를 씁니다"),
    explanation=Text(
        "Within a JVM the later one takes over the metrics of the earlier one, and when either is closed, "
        "the metrics of "
        "both vanish. What is shown, or not shown, says nothing about the other.",
        "한 JVM 안에서 나중 프로듀서가 먼저 것의 지표를 가져가고, 하나가 닫히면 둘 다의 지표가 사라집니다. "
        "보이는 값이나 "
        "보이지 않는 것은 다른 쪽에 대해 아무것도 말해 주지 않습니다.",
    ),
    changes=(
        Change(
            "client.id",
            Text("one of its own for each producer, or none", "프로듀서마다 고유한 값을 주거나 비워 둡니다"),
            Owner.APPLICATION,
        ),
    ),
    runbook="KafkaProducerDuplicateClientId",
    rule=duplicate_client_id,
    whole=hidden_by_duplicate,
)

HIDDEN_PRODUCER = Cause(
    id="hidden-producer",
    title=Text("A producer has no metrics", "지표가 없는 프로듀서가 있습니다"),
    explanation=Text(
        "It is alive, but its JmxReporter is off or filtered, so nothing can be said about it.",
        "살아 있지만 JmxReporter가 꺼져 있거나 걸러져 아무것도 알 수 없습니다.",
    ),
    changes=(
        Change(
            "metric.reporters",
            Text(
                "keep org.apache.kafka.common.metrics.JmxReporter in it",
                "org.apache.kafka.common.metrics.JmxReporter를 포함합니다",
            ),
            Owner.APPLICATION,
        ),
        Change(
            "metrics.jmx.include",
            Text("no filter on kafka.producer", "kafka.producer를 걸러내지 않습니다"),
            Owner.APPLICATION,
        ),
    ),
    runbook="KafkaProducerHidden",
    whole=hidden_producer,
)

CAUSES = (DUPLICATE_CLIENT_ID, BUFFER_FULL)
LATE_CAUSES = (SATURATED_SENDER, LINGERING, LOST_COMPRESSION, HIDDEN_PRODUCER)
"""Those that others explain, or that delay rather than prevent."""
