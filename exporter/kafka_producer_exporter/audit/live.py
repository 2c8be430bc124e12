"""What a live producer shows of the guide's options and tips over JMX, and what nobody outside can know.

Facts from the client's source: request-latency-avg has no sample with acks=0 (Sender.java); authentications are counted
for SASL and TLS only (Selector.java); buffer-total-bytes is buffer.memory; a producer with a delivery.timeout.ms below
linger.ms + request.timeout.ms does not start (KafkaProducer.java).
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from kafka_producer_exporter.audit.findings import Basis, GuideLine, Item, Owner, Verdict
from kafka_producer_exporter.audit.options import DEFAULTS, default_of, line_of
from kafka_producer_exporter.audit.version import NEWEST, ClientVersion
from kafka_producer_exporter.languages import Text

READ_ATTRIBUTES = frozenset(
    {
        *("batch-size-avg", "batch-size-max", "buffer-available-bytes", "buffer-total-bytes", "compression-rate-avg"),
        *("connection-count", "failed-authentication-total", "record-error-total", "record-queue-time-avg"),
        *("record-send-rate", "records-per-request-avg", "request-latency-avg", "requests-in-flight"),
        *("successful-authentication-total", "txn-begin-time-ns-total", "waiting-threads"),
    }
)
"""The attributes of ``producer-metrics`` that are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveProducer:
    """A producer as JMX shows it."""

    target: str
    client_id: str
    version: ClientVersion | None
    """None if it could not be read."""
    attributes: Mapping[str, float]
    """Those of ``producer-metrics`` that have a value."""
    brokers: int = 0
    """How many brokers it has connected to."""
    bootstrap_servers: int = 0
    """How many bootstrap addresses it has connected to."""
    has_tls: bool = False
    topics: tuple[str, ...] = field(default=())

    @property
    def name(self) -> str:
        """The target and the client."""
        return f"{self.target}, {self.client_id}"


def audit_producers(producers: Sequence[LiveProducer]) -> list[tuple[LiveProducer, list[Item]]]:
    """Return what is seen and inferred of each producer."""
    ids = Counter(producer.client_id for producer in producers)
    return [(one, [*_audit(one), _client_id(one, ids[one.client_id])]) for one in producers]


def _audit(p: LiveProducer) -> Iterator[Item]:
    for check in (
        _acks,
        _batches,
        _linger,
        _compression,
        _idempotence,
        _in_flight,
        _timeouts,
        _security,
        _buffer,
        _servers,
    ):
        yield check(p)
    if p.client_id.startswith("producer-") and not p.client_id.removeprefix("producer-").isdigit():
        name = p.client_id.removeprefix("producer-")
        why = Text(
            "A producer without a client.id is named after its transactional.id.",
            "client.id가 없는 프로듀서의 이름은 transactional.id에서 옵니다.",
        )
        yield _item(p, "transactional.id", Verdict.GOOD, Basis.INFERRED, why, value=name)
    elif p.attributes.get("txn-begin-time-ns-total", 0) > 0:
        why = Text("It has begun transactions.", "트랜잭션을 시작한 적이 있습니다.")
        yield _item(p, "transactional.id", Verdict.GOOD, Basis.INFERRED, why)


def _acks(p: LiveProducer) -> Item:
    rate, latency = p.attributes.get("record-send-rate", 0), p.attributes.get("request-latency-avg")
    if rate > 0 and latency is None and p.attributes.get("connection-count", 0) > 0:
        why = Text(
            "It sends records, and no request has had a response for 30 s: either acks=0, or no broker answers.",
            "레코드를 보내는데 30초 동안 응답이 하나도 없습니다. acks=0이거나 브로커가 응답하지 않습니다.",
        )
        return _item(p, "acks", Verdict.FINDING, Basis.INFERRED, why, value="0?", change={"acks": "all"})
    return _unknown(
        p,
        "acks",
        Text(
            "acks=1 and acks=all look the same." if latency is not None else "It has sent nothing recently.",
            "acks=1과 acks=all은 밖에서 구별되지 않습니다." if latency is not None else "최근에 보낸 것이 없습니다.",
        ),
    )


def _batches(p: LiveProducer) -> Item:
    average, largest = p.attributes.get("batch-size-avg"), p.attributes.get("batch-size-max")
    if average is None or largest is None:
        return _unknown(p, "batch.size", _NO_BATCH)
    why = Text(
        f"Batches are {average:.0f} bytes on average and {largest:.0f} at most, as sent. batch.size limits them before "
        "compression, unless a single record is larger.",
        f"배치는 전송 크기로 평균 {average:.0f}바이트, 최대 {largest:.0f}바이트입니다. batch.size는 압축 전 크기의 "
        "한도이며 레코드 하나가 더 크면 "
        "예외입니다.",
    )
    return _item(p, "batch.size", Verdict.NOTE, Basis.SEEN, why)


def _linger(p: LiveProducer) -> Item:
    wait = p.attributes.get("record-queue-time-avg")
    if wait is None:
        return _unknown(p, "linger.ms", _NO_BATCH)
    why = Text(
        f"Batches wait {wait:.0f} ms on average. With little traffic that is linger.ms; otherwise full batches leave "
        "earlier, and slow brokers keep them longer.",
        f"배치가 평균 {wait:.0f}ms 기다립니다. 트래픽이 적으면 이것이 linger.ms이고, 많으면 배치가 먼저 "
        "차거나 느린 브로커 때문에 더 기다립니다.",
    )
    if wait > 1000:
        return _item(p, "linger.ms", Verdict.FINDING, Basis.INFERRED, why, change={"linger.ms": "20"})
    return _item(p, "linger.ms", Verdict.NOTE, Basis.INFERRED, why)


def _compression(p: LiveProducer) -> Item:
    rate = p.attributes.get("compression-rate-avg")
    if rate is None:
        return _unknown(p, "compression.type", _NO_BATCH)
    if rate >= 1:
        why = Text(
            "compression-rate-avg is 1: records are not compressed, or gain nothing from it.",
            "compression-rate-avg가 1입니다. 압축하지 않거나 압축 효과가 없습니다.",
        )
        change = {"compression.type": "lz4"}
        return _item(p, "compression.type", Verdict.FINDING, Basis.INFERRED, why, value="none?", change=change)
    why = Text(
        f"Batches shrink to {rate:.0%} of their size. Which type it is cannot be seen.",
        f"배치가 {rate:.0%} 크기로 줄어듭니다. 어떤 방식인지는 보이지 않습니다.",
    )
    return _item(p, "compression.type", Verdict.GOOD, Basis.SEEN, why)


def _idempotence(p: LiveProducer) -> Item:
    option = "enable.idempotence"
    default = default_of(option, p.version) if p.version is not None else None
    if default is not None and default.value == "false":
        why = Text(
            f"It is off by default in client {p.version}. Whether the application turns it on cannot be seen.",
            f"클라이언트 {p.version}에서는 기본으로 꺼져 있습니다. 애플리케이션이 켜는지는 보이지 않습니다.",
        )
        return _item(p, option, Verdict.UNKNOWN, Basis.NONE, why)
    return _unknown(
        p,
        option,
        Text(
            "The client logs whether it disables it; the brokers know the producer id, but not whose it is.",
            "클라이언트가 끄는 경우 로그에 남깁니다. 브로커는 producer id를 알지만 누구의 것인지는 모릅니다.",
        ),
    )


def _in_flight(p: LiveProducer) -> Item:
    option, number = "max.in.flight.requests.per.connection", p.attributes.get("requests-in-flight")
    if number is not None and p.brokers and number > 5 * p.brokers:
        why = Text(
            f"{number:.0f} requests are in flight to {p.brokers} brokers: more than 5 for each.",
            f"브로커 {p.brokers}개에 요청 {number:.0f}개가 전송 중입니다. 브로커마다 5개보다 많습니다.",
        )
        return _item(p, option, Verdict.FINDING, Basis.INFERRED, why, change={option: "5"})
    return _unknown(
        p,
        option,
        Text(
            "Only more than 5 requests for each broker at the moment of the read would prove a higher value.",
            "읽는 순간에 브로커마다 요청이 5개보다 많아야 더 큰 값임을 알 수 있습니다.",
        ),
    )


def _timeouts(p: LiveProducer) -> Item:
    why = Text(
        "At least linger.ms + request.timeout.ms: with less the client does not start. The values cannot be seen.",
        "linger.ms + request.timeout.ms 이상입니다. 작으면 클라이언트가 시작되지 않습니다. 값 자체는 보이지 않습니다.",
    )
    return _item(p, "delivery.timeout.ms", Verdict.GOOD, Basis.INFERRED, why)


def _security(p: LiveProducer) -> Item:
    option = "security.protocol"
    logins, failures = (p.attributes.get(f"{kind}-authentication-total", 0) for kind in ("successful", "failed"))
    if p.has_tls:
        why = Text("Its connections use TLS.", "TLS로 연결합니다.")
        return _item(p, option, Verdict.GOOD, Basis.SEEN, why)
    if logins > 0:
        why = Text(
            "It has logged in, and has no TLS connection: the login and the records are not encrypted.",
            "로그인했지만 TLS 연결이 없습니다. 로그인과 레코드가 암호화되지 않습니다.",
        )
        return _item(
            p, option, Verdict.FINDING, Basis.INFERRED, why, value="SASL_PLAINTEXT?", change={option: "SASL_SSL"}
        )
    if p.attributes.get("connection-count", 0) > 0 and failures == 0:
        why = Text(
            "It is connected without TLS and without a login: anyone on the way can read and change the records.",
            "TLS도 로그인도 없이 연결되어 있습니다. 경로에 있는 누구나 레코드를 읽고 바꿀 수 있습니다.",
        )
        return _item(p, option, Verdict.FINDING, Basis.INFERRED, why, value="PLAINTEXT?", change={option: "SASL_SSL"})
    return _unknown(p, option, Text("It has no established connection.", "맺어진 연결이 없습니다."))


def _buffer(p: LiveProducer) -> Item:
    option, total = "buffer.memory", p.attributes.get("buffer-total-bytes")
    if total is None:
        return _unknown(p, option, Text("The attribute is missing.", "지표가 없습니다."))
    free, waiting = p.attributes.get("buffer-available-bytes", total), p.attributes.get("waiting-threads", 0)
    why = Text(
        f"{free / total if total else 0:.0%} of it is free, and {waiting:.0f} threads wait for space.",
        f"{free / total if total else 0:.0%}가 비어 있고 스레드 {waiting:.0f}개가 자리를 기다립니다.",
    )
    if waiting > 0 or (total > 0 and free / total < 0.05):
        advice = Text(
            "Find out why records leave too slowly; then, if traffic needs it, raise buffer.memory.",
            "먼저 레코드가 늦게 나가는 이유를 찾고, 트래픽에 필요하면 buffer.memory를 늘리십시오.",
        )
        return _item(p, option, Verdict.FINDING, Basis.SEEN, why, value=f"{total:.0f}", advice=advice)
    small = total < int(DEFAULTS[option][0].value) // 8
    return _item(p, option, Verdict.NOTE if small else Verdict.GOOD, Basis.SEEN, why, value=f"{total:.0f}")


def _servers(p: LiveProducer) -> Item:
    if p.bootstrap_servers > 1:
        why = Text(
            f"It has connected to {p.bootstrap_servers} bootstrap addresses.",
            f"부트스트랩 주소 {p.bootstrap_servers}개에 연결했습니다.",
        )
        return _item(p, "bootstrap.servers", Verdict.GOOD, Basis.SEEN, why)
    return _unknown(
        p,
        "bootstrap.servers",
        Text(
            "A client stops at the first address that answers, so the list cannot be seen.",
            "클라이언트는 처음 응답한 주소에서 멈추므로 목록은 보이지 않습니다.",
        ),
    )


def _client_id(p: LiveProducer, times: int) -> Item:
    default = p.client_id.removeprefix("producer-").isdigit() and p.client_id.startswith("producer-")
    if default:
        why = Text(
            "Kafka's own name, which every instance has: instances cannot be told apart.",
            "카프카가 붙인 이름이라 모든 인스턴스가 같아 구별할 수 없습니다.",
        )
    elif times > 1:
        why = Text(
            f"{times} of the targets have a producer of this name.",
            f"같은 이름의 프로듀서가 대상 {times}곳에 있습니다.",
        )
    else:
        why = Text("It is unique among the targets that were read.", "읽은 대상 가운데 고유합니다.")
    bad = default or times > 1
    advice = (
        Text("Give each instance its own client.id.", "인스턴스마다 고유한 client.id를 부여하십시오.") if bad else None
    )
    verdict = Verdict.FINDING if bad else Verdict.GOOD
    return _item(p, "client.id", verdict, Basis.SEEN, why, value=p.client_id, advice=advice)


_NO_BATCH = Text("It has sent no batch in the last 30 s.", "최근 30초 동안 보낸 배치가 없습니다.")


def _unknown(p: LiveProducer, option: str, why: Text) -> Item:
    return _item(p, option, Verdict.UNKNOWN, Basis.NONE, _with_default(option, why, p.version))


def _with_default(option: str, why: Text, version: ClientVersion | None) -> Text:
    default = default_of(option, version) if version is not None else None
    if default is None or default.value == "":
        return why
    return Text(
        f"{why.en} Client {version} has {default.value} by default ({default.source}).",
        f"{why.ko} 클라이언트 {version}의 기본값은 {default.value}입니다({default.source}).",
    )


def _item(
    p: LiveProducer,
    option: str,
    verdict: Verdict,
    basis: Basis,
    why: Text,
    *,
    value: str | None = None,
    change: Mapping[str, str] | None = None,
    advice: Text | None = None,
) -> Item:
    return Item(
        verdict=verdict,
        option=option,
        basis=basis,
        why=why,
        line=line_of(option),
        where=p.name,
        value=value,
        written=option,
        change=change or {},
        advice=advice,
        owner=Owner.APPLICATION if verdict is Verdict.FINDING else None,
    )


def hidden(target: str, client_id: str, *, is_duplicate: bool) -> Item:
    """Return the finding about a producer without metrics; *is_duplicate* is whether a duplicate client.id is why."""
    if is_duplicate:
        option = "client.id"
        why = Text(
            "Another producer of this JVM had the same client.id. When it was closed, Kafka removed the metrics of "
            "both.",
            "이 JVM의 다른 프로듀서와 client.id가 같았고, 그 프로듀서가 닫히면서 양쪽의 지표가 사라졌습니다.",
        )
        advice = Text("Give each producer its own client.id.", "프로듀서마다 고유한 client.id를 부여하십시오.")
    else:
        option = "metric.reporters"
        why = Text(
            "The producer lives, and its metrics are not in JMX. The verb check says why.",
            "프로듀서는 살아 있지만 JMX에 지표가 없습니다. 이유는 check가 알려 줍니다.",
        )
        advice = Text("Follow what check says.", "check의 안내를 따르십시오.")
    return Item(
        verdict=Verdict.FINDING,
        option=option,
        basis=Basis.INFERRED,
        why=why,
        line=line_of(option),
        where=f"{target}, {client_id}",
        value=client_id,
        written=option,
        advice=advice,
        owner=Owner.APPLICATION,
    )


def unseen(version: ClientVersion | None) -> list[Item]:
    """Return what nobody outside the application can know, with the defaults of a client of this version."""
    return [
        Item(
            verdict=Verdict.UNKNOWN,
            option=option,
            basis=Basis.NONE,
            why=_with_default(option, why, version or NEWEST),
            line=line,
            written=option,
        )
        for option, line, why in _UNSEEN
    ]


_IN_FILE = Text("Run audit on the application's configuration.", "애플리케이션의 설정 파일을 audit으로 점검하십시오.")

_UNSEEN: tuple[tuple[str, GuideLine, Text], ...] = (
    ("retries", GuideLine.RETRIES, _IN_FILE),
    ("retry.backoff.ms", GuideLine.RETRIES, _IN_FILE),
    ("request.timeout.ms", GuideLine.DELIVERY_TIMEOUT, _IN_FILE),
    ("max.block.ms", GuideLine.BUFFER, _IN_FILE),
    ("sasl.mechanism", GuideLine.SECURITY, _IN_FILE),
    ("ssl.truststore.location", GuideLine.SECURITY, _IN_FILE),
    ("client.dns.lookup", GuideLine.BACKUP, _IN_FILE),
    (
        "partition key",
        GuideLine.PARTITION_KEY,
        Text(
            "The key is in the application's code. KafkaTopicPartitionSkew reports partitions that get far more than "
            "others.",
            "키는 애플리케이션 코드에 있습니다. 파티션 불균형은 KafkaTopicPartitionSkew가 알려 줍니다.",
        ),
    ),
    (
        "failure flow",
        GuideLine.FAILURE_FLOW,
        Text(
            "Whether the application checks the result of send() is in its code. The verb explain names the next step "
            "for each error.",
            "send()의 결과를 확인하는지는 애플리케이션 코드에 있습니다. 오류별 다음 단계는 explain이 알려 줍니다.",
        ),
    ),
    (
        "sendOffsetsToTransaction",
        GuideLine.TRANSACTIONS,
        Text(
            "Whether offsets are part of the transaction is in the application's code. Since 4.0 it takes "
            "consumer.groupMetadata() instead of a group id.",
            "오프셋을 트랜잭션에 넣는지는 애플리케이션 코드에 있습니다. 4.0부터는 그룹 id 대신 "
            "consumer.groupMetadata()를 받습니다.",
        ),
    ),
)
