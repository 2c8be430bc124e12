"""The checks on a configuration: one function per concern, which yields what differs from the guide.

A check is silent about a value that cannot be known; ``placeholders`` reports those.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from kafka_producer_exporter.audit import rules_identity, rules_security
from kafka_producer_exporter.audit.configuration import INT_MAX, Configuration, Idempotence
from kafka_producer_exporter.audit.findings import Basis, GuideLine, Item, Owner, Verdict
from kafka_producer_exporter.audit.item import item
from kafka_producer_exporter.audit.options import GUIDE_LINES, KNOWN, holds_secret, is_known_to, line_of
from kafka_producer_exporter.languages import Text

Check = Callable[[Configuration], Iterator[Item]]

FAILOVER_MS = 20_000
"""How long a partition may be without a leader after a broker died: broker.session.timeout.ms is 9 s by default, and
zookeeper.session.timeout.ms was 18 s."""
LONG_LINGER_MS = 1_000
LONG_BLOCK_MS = 120_000
SHORT_BLOCK_MS = 1_000
"""A first send() waits for metadata, and so for DNS, TLS and a login."""
MIN_BATCHES_IN_BUFFER = 32
SMALL_BATCH = 4_096
MIN_BACKOFF_MS = 10
FIRST_EXPONENTIAL = (3, 7)
"""Since KIP-580 the backoff doubles up to retry.backoff.max.ms."""

NUMBERS: Mapping[str, tuple[int, int]] = {
    "batch.size": (0, INT_MAX),
    "buffer.memory": (0, 2**63 - 1),
    "delivery.timeout.ms": (0, INT_MAX),
    "linger.ms": (0, 2**63 - 1),
    "max.block.ms": (0, 2**63 - 1),
    "max.in.flight.requests.per.connection": (1, INT_MAX),
    "max.request.size": (0, INT_MAX),
    "request.timeout.ms": (0, INT_MAX),
    "retries": (0, INT_MAX),
    "retry.backoff.max.ms": (0, 2**63 - 1),
    "retry.backoff.ms": (0, 2**63 - 1),
    "transaction.timeout.ms": (0, INT_MAX),
}
"""What ProducerConfig accepts."""

WORDS: Mapping[str, tuple[str, ...]] = {
    "acks": ("all", "-1", "0", "1"),
    "compression.type": ("none", "gzip", "snappy", "lz4", "zstd"),
    "enable.idempotence": ("true", "false"),
    "security.protocol": ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"),
    "client.dns.lookup": ("default", "use_all_dns_ips", "resolve_canonical_bootstrap_servers_only"),
}


def audit(configuration: Configuration) -> list[Item]:
    """Return what differs from the guide, and what cannot be known, in the order of the file."""
    return [found for check in CHECKS for found in check(configuration)]


def audit_all(
    configurations: Sequence[Configuration], *, asks_brokers: bool = False
) -> list[tuple[Configuration, list[Item]]]:
    """Return the findings of each configuration. One that another configuration of the same file has is left out.

    *asks_brokers* is whether somebody asks the brokers for what no file says.
    """
    seen: set[tuple[object, ...]] = set()
    results = []
    shared = rules_identity.shared_ids(configurations)
    for configuration in configurations:
        items: list[Item] = []
        for one in (*audit(configuration), *shared.get(configuration.name, ()), *(() if asks_brokers else (OUTSIDE,))):
            key = (one.where, one.option, one.verdict, one.why, one.value)
            if key not in seen:
                seen.add(key)
                items.append(one)
        results.append((configuration, items))
    return results


def values(c: Configuration) -> Iterator[Item]:
    """Report values that the client does not accept."""
    for option in c.settings:
        text = c.text(option)
        if text is None:
            continue
        number = c.number(option)
        if option in NUMBERS and (number is None or not NUMBERS[option][0] <= number <= NUMBERS[option][1]):
            low, high = NUMBERS[option]
            yield item(
                c,
                option,
                Text(
                    f"The client does not start: this is not a whole number from {low} to {high}.",
                    f"{low}에서 {high} 사이의 정수가 아니어서 클라이언트가 시작되지 않습니다.",
                ),
                advice=Text("Correct the value.", "값을 고치십시오."),
            )
        elif option in WORDS and (text.lower() if option == "enable.idempotence" else text) not in WORDS[option]:
            # Kafka's ConfigDef is strict about case, apart from Booleans and security.protocol.
            if option == "security.protocol" and text.upper() in WORDS[option]:
                continue
            words = ", ".join(WORDS[option])
            yield item(
                c,
                option,
                Text(
                    f"The client does not start with this value; it accepts {words}.",
                    f"이 값으로는 클라이언트가 시작되지 않습니다. 쓸 수 있는 값: {words}.",
                ),
                advice=Text("Correct the value.", "값을 고치십시오."),
            )


def acks(c: Configuration) -> Iterator[Item]:
    """Check durability."""
    value = c.text("acks")
    if value == "0":
        why = Text(
            "The client counts a record as sent once it is in the socket. Records that no broker accepts are lost "
            "without an error.",
            "소켓에 쓰는 것으로 전송이 끝난 것으로 봅니다. 브로커가 받지 못한 레코드는 오류 없이 사라집니다.",
        )
    elif value == "1":
        why = Text(
            "Only the leader acknowledges. If it dies before the others have copied the record, the record is lost.",
            "리더만 확인(ack)합니다. 다른 복제본이 복사하기 전에 리더가 죽으면 레코드가 사라집니다.",
        )
    else:
        return
    yield item(c, "acks", why, change={"acks": "all"})


def min_insync_replicas(c: Configuration) -> Iterator[Item]:
    """Report a setting of topics that stands in a producer's configuration."""
    if c.is_set("min.insync.replicas"):
        yield item(
            c,
            "min.insync.replicas",
            Text(
                "The producer ignores it: it is a setting of the topic, or of the brokers for all topics.",
                "토픽 또는 브로커의 설정이므로 프로듀서는 이 값을 무시합니다.",
            ),
            advice=Text(
                "Remove it here, and set min.insync.replicas=2 on the topic.",
                "여기서 지우고 토픽에 min.insync.replicas=2를 설정하십시오.",
            ),
            owner=Owner.BROKERS,
        )


def idempotence(c: Configuration) -> Iterator[Item]:
    """Check what prevents duplicates."""
    outcome = c.idempotence()
    option = "enable.idempotence"
    if outcome is Idempotence.OFF:
        yield item(
            c,
            option,
            Text(
                "A retry after a lost acknowledgement writes the record twice, and may change the order.",
                "확인(ack)이 유실되어 재시도하면 레코드가 중복되고 순서가 바뀔 수 있습니다.",
            ),
            change={option: "true"},
        )
    elif outcome in (Idempotence.DISABLED, Idempotence.REFUSED):
        culprits = _contradicting(c)
        names = ", ".join(c.spelled(name, c.text(name) or "") for name in culprits)
        if outcome is Idempotence.DISABLED:
            why = Text(
                f"The client silently turns idempotence off because of {names}, and logs only one line.",
                f"{names} 때문에 클라이언트가 멱등성을 조용히 끄고 로그 한 줄만 남깁니다.",
            )
        else:
            why = Text(
                f"The client does not start: {names} contradicts idempotence (ConfigException).",
                f"{names}이(가) 멱등성과 모순되어 클라이언트가 시작되지 않습니다(ConfigException).",
            )
        good = {"acks": "all", "retries": str(INT_MAX), "max.in.flight.requests.per.connection": "5", option: "true"}
        changes = {name: good[name] for name in culprits}
        yield item(c, culprits[0], why, change=changes, line=GuideLine.DUPLICATES)


def _contradicting(c: Configuration) -> list[str]:
    conflicts = {
        "acks": c.text("acks") not in ("all", "-1"),
        "retries": c.number("retries") == 0,
        "max.in.flight.requests.per.connection": (c.number("max.in.flight.requests.per.connection") or 0) > 5,
        "enable.idempotence": c.flag("enable.idempotence") is False and c.is_transactional(),
    }
    return [option for option, is_conflict in conflicts.items() if is_conflict]


def in_flight(c: Configuration) -> Iterator[Item]:
    """Check what keeps the order while retrying."""
    option = "max.in.flight.requests.per.connection"
    if (c.number(option) or 0) > 5:
        yield item(
            c,
            option,
            Text(
                "The broker remembers only the last 5 batches of a producer: with more in flight, retries may "
                "reorder and duplicate records.",
                "브로커는 프로듀서마다 마지막 배치 5개만 기억합니다. 더 많이 보내는 중이면 재시도 때 순서가 바뀌고 "
                "중복될 수 있습니다.",
            ),
            change={option: "5"},
        )


def retries(c: Configuration) -> Iterator[Item]:
    """Check whether retries last as long as a partition may be without a leader."""
    number, backoff = c.number("retries"), c.number("retry.backoff.ms")
    if number is None or backoff is None:
        return
    limit = c.number("delivery.timeout.ms")
    wanted = FAILOVER_MS if limit is None else min(FAILOVER_MS, limit)
    covered = _backoff_ms(number, backoff, c)
    if number == 0:
        why = Text(
            "The first error of a broker loses the records, even the change of a leader, which is routine.",
            "일상적인 리더 변경을 포함해 브로커의 첫 오류에 레코드를 잃습니다.",
        )
    elif backoff > 0 and covered < wanted:
        seconds = f"{covered / 1000:g}"
        why = Text(
            f"Where a broker answers with errors at once, {number} retries are used up within {seconds} s, before "
            "a new leader is elected. delivery.timeout.ms is the better limit.",
            f"브로커가 바로 오류를 돌려주면 {number}번의 재시도가 {seconds}초 안에 끝나, 새 리더가 선출되기 전에 "
            "포기합니다. 제한은 delivery.timeout.ms로 하는 편이 낫습니다.",
        )
    else:
        return
    yield item(c, "retries", why, change={"retries": str(INT_MAX)})


def _backoff_ms(number: int, backoff: int, c: Configuration) -> int:
    """Return how long the pauses of all retries take together, without the jitter."""
    longest = c.number("retry.backoff.max.ms") if c.version >= FIRST_EXPONENTIAL else backoff
    longest = max(backoff, longest or backoff)
    total, pause, left = 0, backoff, number
    while left > 0 and 0 < pause < longest:
        total, pause, left = total + pause, min(2 * pause, longest), left - 1
    return total + left * pause


def backoff(c: Configuration) -> Iterator[Item]:
    """Check the pause before a retry."""
    pause, limit = c.number("retry.backoff.ms"), c.number("delivery.timeout.ms")
    if pause is None:
        return
    if pause < MIN_BACKOFF_MS:
        yield item(
            c,
            "retry.backoff.ms",
            Text(
                "The client retries almost without a pause, and so burdens brokers that are just recovering.",
                "거의 쉬지 않고 재시도하여, 복구 중인 브로커에 부담을 줍니다.",
            ),
            change={"retry.backoff.ms": "100"},
        )
    elif limit is not None and pause * 2 >= limit:
        yield item(
            c,
            "retry.backoff.ms",
            Text(
                f"delivery.timeout.ms={limit} has room for hardly one retry after such a pause.",
                f"이렇게 쉬면 delivery.timeout.ms={limit} 안에 재시도를 거의 할 수 없습니다.",
            ),
            change={"retry.backoff.ms": "100"},
        )


def delivery_timeout(c: Configuration) -> Iterator[Item]:
    """Check the limit on all attempts together; see KafkaProducer.configureDeliveryTimeout."""
    option = "delivery.timeout.ms"
    limit, linger, request = c.number(option), c.number("linger.ms"), c.number("request.timeout.ms")
    if limit is None or linger is None or request is None:
        return
    needed = min(linger + request, INT_MAX)
    room = min(linger + 2 * request + (c.number("retry.backoff.ms") or 0), INT_MAX)
    if limit < needed and c.is_set(option):
        why = Text(
            f"The client does not start: it must be at least linger.ms + request.timeout.ms = {needed}.",
            f"linger.ms + request.timeout.ms = {needed} 이상이어야 하므로 클라이언트가 시작되지 않습니다.",
        )
    elif limit < needed:
        why = Text(
            f"linger.ms + request.timeout.ms = {needed} is more than the default. The client raises its limit to "
            "that, with a warning, and has no time left for a retry.",
            f"linger.ms + request.timeout.ms = {needed}이(가) 기본값보다 큽니다. 클라이언트가 경고와 함께 이 값으로 "
            "올리지만 재시도할 시간은 없습니다.",
        )
    elif limit < room:
        why = Text(
            f"A request that gets no answer takes request.timeout.ms = {request}; then no time is left for a retry.",
            f"응답 없는 요청 하나에 request.timeout.ms = {request}이(가) 걸려 재시도할 시간이 없습니다.",
        )
    elif limit == INT_MAX and not c.is_connect:
        why = Text(
            "A record is retried for 24 days. Until then the application learns of no failure; the buffer fills.",
            "레코드를 24일 동안 재시도합니다. 전달되지 않는 것을 아무도 모른 채 버퍼가 찹니다.",
        )
    else:
        return
    value = max(120_000, room + request) if limit != INT_MAX else 120_000
    yield item(c, option, why, change={option: str(min(value, INT_MAX))})


def batch_size(c: Configuration) -> Iterator[Item]:
    """Check the size of batches."""
    size, request = c.number("batch.size"), c.number("max.request.size")
    if size is None:
        return
    if size < SMALL_BATCH:
        why = Text(
            "Batches hold few records: more requests, less compression, more load on the brokers.",
            "배치에 레코드가 거의 들어가지 않아 요청이 늘고 압축률이 떨어지며 브로커 부하가 커집니다.",
        )
    elif request is not None and size > request:
        why = Text(
            f"A batch may become larger than a request may be (max.request.size={request}), and the broker's "
            "message.max.bytes is hardly more by default. It is then split and sent again.",
            f"배치가 요청의 한도(max.request.size={request})보다 커질 수 있고, 브로커의 message.max.bytes 기본값도 "
            "비슷합니다. 그러면 배치를 나누어 다시 보냅니다.",
        )
    else:
        return
    wanted = 16_384 if size < SMALL_BATCH else min(request or size, 131_072)
    yield item(c, "batch.size", why, change={"batch.size": str(wanted)})


def linger(c: Configuration) -> Iterator[Item]:
    """Check how long batches wait."""
    wait = c.number("linger.ms")
    if wait is None:
        return
    if wait > LONG_LINGER_MS:
        yield item(
            c,
            "linger.ms",
            Text(
                "With little traffic no batch fills up, so each record waits this long before it is sent.",
                "트래픽이 적으면 배치가 차지 않아 레코드마다 이만큼 기다렸다가 전송됩니다.",
            ),
            change={"linger.ms": "20"},
        )
    elif wait == 0:
        yield item(
            c,
            "linger.ms",
            Text(
                "Records that arrive one by one are sent one by one. That is a choice; 5 is the default since 4.0, "
                "because larger batches rarely cost latency (KIP-1030).",
                "하나씩 오는 레코드를 하나씩 보냅니다. 선택의 문제이지만, 배치가 커져도 지연이 거의 늘지 않아 4.0부터 "
                "기본값이 5입니다(KIP-1030).",
            ),
            verdict=Verdict.NOTE,
            advice=Text("Consider linger.ms=5.", "linger.ms=5를 고려하십시오."),
        )


def compression(c: Configuration) -> Iterator[Item]:
    """Check compression."""
    if c.text("compression.type") == "none":
        yield item(
            c,
            "compression.type",
            Text(
                "Records are sent as they are: more network, more disk, and a buffer that empties more slowly.",
                "레코드를 그대로 보내므로 네트워크와 디스크를 더 쓰고 버퍼도 더 느리게 비워집니다.",
            ),
            change={"compression.type": "lz4"},
        )


def buffer_memory(c: Configuration) -> Iterator[Item]:
    """Check the size of the buffer."""
    option = "buffer.memory"
    memory, size, request = c.number(option), c.number("batch.size"), c.number("max.request.size")
    if memory is None or size is None or request is None:
        return
    needed = max(MIN_BATCHES_IN_BUFFER * size, request)
    if memory < needed:
        yield item(
            c,
            option,
            Text(
                f"The pool has room for {memory // size if size else memory} batches, and each partition that is "
                "written to needs one at least. send() blocks as soon as a broker is slow.",
                f"풀에 배치가 {memory // size if size else memory}개만 들어가는데, 쓰는 파티션마다 적어도 하나가 "
                "필요합니다. 브로커가 느려지면 곧 send()가 막힙니다.",
            ),
            change={option: str(max(33_554_432, needed))},
        )


def max_block(c: Configuration) -> Iterator[Item]:
    """Check how long send() may keep a thread of the application."""
    option = "max.block.ms"
    wait = c.number(option)
    if wait is None or (c.is_connect and not c.is_set(option)):
        return
    if wait > LONG_BLOCK_MS:
        why = Text(
            "While the buffer is full or no broker is reached, send() keeps the application's threads this long.",
            "버퍼가 가득 차거나 브로커에 닿지 못하는 동안 send()가 애플리케이션 스레드를 이만큼 붙잡습니다.",
        )
    elif wait < SHORT_BLOCK_MS:
        why = Text(
            "The first send() has to fetch metadata, with DNS, TLS and a login, and fails if that takes longer.",
            "첫 send()는 DNS, TLS, 로그인을 거쳐 메타데이터를 가져와야 하며, 이보다 오래 걸리면 실패합니다.",
        )
    else:
        return
    yield item(c, option, why, change={option: "60000"})


def misspelt(c: Configuration) -> Iterator[Item]:
    """Report names that the client ignores. Their values are never shown, since any may be a secret."""
    for one in c.unrecognised:
        meant = one.meant
        yield Item(
            verdict=Verdict.FINDING if meant else Verdict.UNKNOWN,
            option=one.option or one.written,
            written=one.written,
            basis=Basis.SET if meant else Basis.NONE,
            where=one.where,
            line=line_of(one.option or ""),
            why=Text(
                "The producer has no option of this name, so the setting has no effect.",
                "프로듀서에 이런 이름의 옵션이 없어 설정이 적용되지 않습니다.",
            )
            if meant
            else Text(
                "The producer has no option of this name; whether a serializer or an interceptor reads it cannot be "
                "known here.",
                "프로듀서에 이런 이름의 옵션이 없습니다. 직렬화기나 인터셉터가 읽는지는 여기서 알 수 없습니다.",
            ),
            advice=Text(f"Did you mean {meant}?", f"혹시 {meant}입니까?") if meant else None,
            owner=Owner.APPLICATION if meant else None,
        )


def unavailable(c: Configuration) -> Iterator[Item]:
    """Report options that this version of the client does not have."""
    for option in c.settings:
        if option in KNOWN and not is_known_to(option, c.version):
            yield item(
                c,
                option,
                Text(
                    f"Client {c.version} does not have this option, so the setting has no effect.",
                    f"클라이언트 {c.version}에는 이 옵션이 없어 설정이 적용되지 않습니다.",
                ),
                advice=Text(
                    "Remove it, or use another version of the client.", "지우거나 다른 버전의 클라이언트를 쓰십시오."
                ),
            )


def repeated(c: Configuration) -> Iterator[Item]:
    """Report settings that stand in a file twice."""
    for before, after in c.repeated:
        if before.value != after.value:
            line = after.where.rpartition(":")[2]
            yield item(
                c,
                after.option,
                Text(
                    f"It is set again in line {line} with another value, and only the last one counts.",
                    f"{line}행에서 다른 값으로 다시 설정되며 마지막 값만 적용됩니다.",
                ),
                where=before.where,
                value=before.shown,
                advice=Text("Keep one of them.", "하나만 남기십시오."),
            )


def placeholders(c: Configuration) -> Iterator[Item]:
    """Report values that are only known where the application runs."""
    for option, setting in c.settings.items():
        if setting.is_placeholder and option in GUIDE_LINES and not holds_secret(option):
            yield item(
                c,
                option,
                Text(
                    "The value is filled in where the application runs, so it cannot be checked here.",
                    "값이 실행 시점에 채워지므로 여기서는 확인할 수 없습니다.",
                ),
                verdict=Verdict.UNKNOWN,
            )


OUTSIDE = Item(
    verdict=Verdict.UNKNOWN,
    option="min.insync.replicas",
    basis=Basis.NONE,
    line=GuideLine.DURABILITY,
    why=Text(
        "It is set on the topic: with less than 2, acks=all may wait for the leader alone. Give --bootstrap-server to "
        "have it read from the brokers.",
        "토픽에 설정합니다. 2보다 작으면 acks=all이라도 리더만 기다릴 수 있습니다. --bootstrap-server를 주면 "
        "브로커에서 읽습니다.",
    ),
)
"""What no file says."""

CHECKS: tuple[Check, ...] = (
    *(values, acks, min_insync_replicas, idempotence, in_flight, retries, backoff, delivery_timeout),
    *(batch_size, linger, compression, buffer_memory, max_block),
    *rules_security.CHECKS,
    *rules_identity.CHECKS,
    *(misspelt, unavailable, repeated, placeholders),
)
