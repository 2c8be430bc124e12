"""Causes in transactions and producer sessions."""

from collections.abc import Callable, Iterable

from kafka_producer_exporter.diagnosis.evidence import BROKERS, CannotKnowError, Client, Event, Evidence, Fact
from kafka_producer_exporter.diagnosis.model import Cause, Certainty, Change, Match, Owner, Pair
from kafka_producer_exporter.diagnosis.signs import (
    answers,
    is_related,
    is_transactional,
    logins_fail,
    retries,
    topic_errors,
)
from kafka_producer_exporter.languages import Text

RECENT_SECONDS = 600.0
"""How long what happened to a transactional id is taken for a cause of the present trouble."""
NEAR_TIMEOUT = 0.8
ABORTED = 0.25
"""The share of aborts in the time that an application spends in commits and aborts, or in the number of both."""
ABORTED_TIMES = 3
LOOP_TIMES = 3
LOOP_SECONDS = 120.0
SHORT_LIVED = 3

TIMES = (
    "kafka_producer_txn_begin_time_seconds_total",
    "kafka_producer_txn_commit_time_seconds_total",
    "kafka_producer_txn_abort_time_seconds_total",
    "kafka_producer_topic_record_error_total",
)


def transaction_timeout(client: Client, evidence: Evidence) -> Match | None:
    """Match aborts by the coordinator, and transactions that are, or were, open for most of their timeout."""
    if found := _of_client(client, evidence, _is_timeout):
        return found
    if evidence.brokers is not None:
        late = [*_open_long(evidence), *_committed_late(evidence)]
        near = [fact for fact in late if is_related(client, fact.labels["transactional_id"])]
        if near:
            return Match(Certainty.LIKELY, near)
    return _commits_fail(client, evidence)


def timeouts(evidence: Evidence) -> Match | None:
    """Match aborts by the coordinator in a view of the brokers alone."""
    if near := [*_open_long(evidence), *_committed_late(evidence)]:
        return _of_brokers(evidence, _is_timeout) or Match(Certainty.POSSIBLE, near) if _alone(evidence) else None
    return _of_brokers(evidence, _is_timeout)


def fencing(client: Client, evidence: Evidence) -> Match | None:
    """Match a transactional id that another instance took over."""
    return _of_client(client, evidence, _is_fencing) or _commits_fail(client, evidence)


def fencings(evidence: Evidence) -> Match | None:
    """Match fencing in a view of the brokers alone."""
    return _of_brokers(evidence, _is_fencing)


def hanging_transaction(evidence: Evidence) -> Match | None:
    """Match a transaction that no coordinator knows. Of this target if it writes to the topic."""
    name = "kafka_transaction_hanging"
    brokers = evidence.require_brokers()
    topics = {topic for client in evidence.clients() for topic in client.topics}
    facts = [
        Fact(name, {key: labels[key] for key in ("topic", "partition", "producer_id")}, value)
        for labels, value in brokers.gauges(name)
        if _alone(evidence) or labels["topic"] in topics
    ]
    return Match(Certainty.CERTAIN, facts) if facts else None


def application_aborts(client: Client, evidence: Evidence) -> Match | None:
    """Match an application that aborts a large part of its transactions itself."""
    if evidence.brokers is not None:
        often = [fact for fact in _aborted_often(evidence) if is_related(client, fact.labels["transactional_id"])]
        if often:
            return Match(Certainty.LIKELY, often)
    aborting = client.increase("kafka_producer_txn_abort_time_seconds_total")
    committing = client.increase("kafka_producer_txn_commit_time_seconds_total")
    if aborting <= 0 or aborting < ABORTED * (aborting + committing):
        return None
    return Match(Certainty.POSSIBLE if committing == 0 else Certainty.LIKELY, client.facts(*TIMES))


def aborts(evidence: Evidence) -> Match | None:
    """Match an application that aborts its transactions in a view of the brokers alone."""
    often = _aborted_often(evidence) if _alone(evidence) else []
    return Match(Certainty.LIKELY, often) if often else None


def short_lived_producers(client: Client, evidence: Evidence) -> Match | None:
    """Match a transactional id that opens sessions in a loop, and a producer that was created between the readings."""
    if found := _of_client(client, evidence, _is_loop):
        return found
    if not client.restarted:
        return None
    return Match(Certainty.POSSIBLE, client.facts("kafka_producer_start_time_seconds", "kafka_producer_clients"))


def loops(evidence: Evidence) -> Match | None:
    """Match many producers that come and go."""
    new = [client for client in evidence.clients() if client.is_new]
    gone = evidence.gone()
    if evidence.first.page and len(new) >= SHORT_LIVED and len(gone) >= SHORT_LIVED:
        began = [
            Fact(fact.metric, {"client_id": client.client_id}, fact.value)
            for client in new[:SHORT_LIVED]
            for fact in client.facts("kafka_producer_start_time_seconds")
        ]
        return Match(Certainty.LIKELY, began)
    return _of_brokers(evidence, _is_loop)


def _is_timeout(event: Event) -> bool:
    return event.kind == "abort" and event.reason == "timeout"


def _is_own_abort(event: Event) -> bool:
    return event.kind == "abort" and event.reason == "client"


def _is_fencing(event: Event) -> bool:
    return event.reason in ("fenced", "takeover")


def _is_loop(event: Event) -> bool:
    loops = event.times >= LOOP_TIMES and event.ago_seconds <= LOOP_SECONDS
    return event.kind == "session" and event.reason == "init" and loops and event.span_seconds <= RECENT_SECONDS


def _of_client(client: Client, evidence: Evidence, fits: Callable[[Event], bool]) -> Match | None:
    """Return the recent events that fit, if they are this client's, by its name."""
    events = _recent(evidence, fits)
    own = [event.fact for event in events if is_related(client, event.transactional_id)]
    return Match(Certainty.CERTAIN, own) if own else None


def _of_brokers(evidence: Evidence, fits: Callable[[Event], bool]) -> Match | None:
    """Return all recent events that fit, if the brokers are looked at alone."""
    if not _alone(evidence):
        return None
    facts = [event.fact for event in _recent(evidence, fits)]
    return Match(Certainty.CERTAIN, facts) if facts else None


def _recent(evidence: Evidence, fits: Callable[[Event], bool]) -> Iterable[Event]:
    events = evidence.brokers.events if evidence.brokers is not None else ()
    return [event for event in events if fits(event) and event.ago_seconds <= RECENT_SECONDS]


def _open_long(evidence: Evidence) -> list[Fact]:
    """Return the transactions that have been open for most of their timeout."""
    brokers = evidence.require_brokers()
    limits = {
        labels.get("transactional_id"): value for labels, value in brokers.gauges("kafka_transaction_timeout_seconds")
    }
    return [
        Fact("kafka_transaction_open_seconds", {"transactional_id": labels["transactional_id"]}, age)
        for labels, age in brokers.gauges("kafka_transaction_open_seconds")
        if age >= NEAR_TIMEOUT * limits.get(labels.get("transactional_id"), float("inf"))
    ]


def _committed_late(evidence: Evidence) -> list[Fact]:
    """Return the ids with a transaction that was committed after most of its timeout."""
    return [
        Fact("kafka_transaction_open_seconds", {"transactional_id": one.transactional_id}, one.longest_seconds)
        for one in evidence.require_brokers().ended
        if one.longest_seconds and one.timeout_seconds and one.longest_seconds >= NEAR_TIMEOUT * one.timeout_seconds
    ]


def _aborted_often(evidence: Evidence) -> list[Fact]:
    """Return the ids of which the application itself aborted a large part of its transactions."""
    brokers = evidence.require_brokers()
    own = {event.transactional_id for event in _recent(evidence, _is_own_abort)}
    return [
        Fact(name, {"transactional_id": one.transactional_id}, times, increase=True)
        for one in brokers.ended
        if one.transactional_id in own
        and one.aborted >= ABORTED_TIMES
        and one.aborted >= ABORTED * (one.aborted + one.committed)
        for name, times in (
            ("kafka_transaction_aborted_total", one.aborted),
            ("kafka_transaction_committed_total", one.committed),
        )
    ]


def _commits_fail(client: Client, evidence: Evidence) -> Match | None:
    """Return what JMX alone shows of commits that fail: transactions begin, and none is committed.

    A commit that is refused counts nothing. Where the transaction log was read, it knows better.
    """
    if evidence.brokers is not None and evidence.brokers.knows_events:
        return None
    if not is_transactional(client) or logins_fail(client) or not answers(client):
        return None
    if client.increase("kafka_producer_txn_commit_time_seconds_total") > 0:
        return None
    rejected = topic_errors(client) > 0 and not retries(client)
    aborted = client.increase("kafka_producer_txn_abort_time_seconds_total") > 0
    began = client.increase("kafka_producer_txn_begin_time_seconds_total") > 0
    if client.restarted or rejected or (began and aborted):
        return Match(Certainty.LIKELY, client.facts(*TIMES, "kafka_producer_start_time_seconds"))
    return None


def _alone(evidence: Evidence) -> bool:
    """Return whether there is no producer in view. Raise CannotKnowError if no broker was asked either."""
    if evidence.brokers is None:
        raise CannotKnowError(BROKERS)
    return not evidence.second.page


TRANSACTION_TIMEOUT = Cause(
    id="transaction-timeout",
    title=Text("Transactions take longer than their timeout", "트랜잭션이 타임아웃보다 오래 걸립니다"),
    explanation=Text(
        "The coordinator aborts a transaction after transaction.timeout.ms. The commit that follows fails with "
        "InvalidProducerEpochException or ProducerFencedException, and none of its records is delivered.",
        "코디네이터는 transaction.timeout.ms가 지나면 트랜잭션을 중단합니다. 뒤따르는 커밋은 "
        "InvalidProducerEpochException이나 ProducerFencedException으로 실패하고 레코드는 하나도 전달되지 않습니다.",
    ),
    changes=(
        Change(
            "transaction.timeout.ms",
            Text(
                "longer than the longest work between begin and commit; at most the brokers' "
                "transaction.max.timeout.ms",
                "begin과 commit 사이의 가장 긴 작업보다 길게, 브로커의 transaction.max.timeout.ms 이하로 둡니다",
            ),
            Owner.APPLICATION,
        ),
        Change(
            "transaction",
            Text(
                "fewer records, and no waiting for other systems within it",
                "레코드를 줄이고 안에서 다른 시스템을 기다리지 않습니다",
            ),
            Owner.APPLICATION,
        ),
    ),
    runbook="KafkaTransactionTimeouts",
    rule=transaction_timeout,
    whole=timeouts,
    explains=("application-aborts", "short-lived-producers", "record-too-large", "not-authorized", "slow-broker"),
)

FENCING = Cause(
    id="fencing",
    title=Text("Two instances use one transactional.id", "두 인스턴스가 하나의 transactional.id를 씁니다"),
    explanation=Text(
        "Each new session fences the other: its open transaction is aborted, and its next request fails with "
        "ProducerFencedException or InvalidProducerEpochException.",
        "새 세션이 열릴 때마다 다른 쪽이 펜싱됩니다. 열린 트랜잭션은 중단되고 다음 요청은 ProducerFencedException이나 "
        "InvalidProducerEpochException으로 실패합니다.",
    ),
    changes=(
        Change(
            "transactional.id",
            Text(
                "one of its own for each running instance, and the same after its restart",
                "실행 중인 인스턴스마다 고유하게, 재시작 뒤에는 같게 둡니다",
            ),
            Owner.APPLICATION,
        ),
        Change(
            "deployment",
            Text(
                "end the old instance before the new one starts", "새 인스턴스가 시작하기 전에 이전 인스턴스를 끝냅니다"
            ),
            Owner.APPLICATION,
        ),
    ),
    runbook="KafkaTransactionFenced",
    rule=fencing,
    whole=fencings,
    explains=(
        *("application-aborts", "short-lived-producers", "record-too-large", "not-authorized", "duplicate-client-id"),
        "unknown-topic",
    ),
)

HANGING = Cause(
    id="hanging-transaction",
    title=Text("A transaction hangs", "멈춘 트랜잭션이 있습니다"),
    explanation=Text(
        "It is open on a partition and unknown to every coordinator, so nothing ends it. Records are written, but "
        "consumers with read_committed receive nothing behind it.",
        "파티션에는 열려 있으나 어떤 코디네이터도 몰라 아무도 끝내지 않습니다. 레코드는 기록되지만 "
        "read_committed 소비자는 그 "
        "뒤를 받지 못합니다.",
    ),
    changes=(
        Change(
            "kafka-transactions.sh abort",
            Text(
                "`kafka-producer-exporter transactions --hanging` prints the command and what to check first",
                "kafka-producer-exporter transactions --hanging이 명령과 먼저 확인할 것을 보여 줍니다",
            ),
            Owner.PLATFORM,
        ),
    ),
    runbook="KafkaTransactionHanging",
    whole=hanging_transaction,
)

APPLICATION_ABORTS = Cause(
    id="application-aborts",
    title=Text("The application aborts its transactions", "애플리케이션이 트랜잭션을 중단합니다"),
    explanation=Text(
        "It calls abortTransaction for a large part of them, so their records are never delivered. The application's "
        "log has the error that made it do so.",
        "많은 트랜잭션에 abortTransaction을 호출해 그 레코드는 전달되지 않습니다. 애플리케이션 로그에 그 "
        "원인이 되는 오류가 "
        "있습니다.",
    ),
    changes=(
        Change(
            "abortTransaction",
            Text("correct the error that leads to it", "중단으로 이어지는 오류를 고칩니다"),
            Owner.APPLICATION,
        ),
    ),
    runbook="KafkaTransactionAborts",
    rule=application_aborts,
    whole=aborts,
)

SHORT_LIVED_PRODUCERS = Cause(
    id="short-lived-producers",
    title=Text("Producers are created again and again", "프로듀서가 계속 새로 만들어집니다"),
    explanation=Text(
        "A restart loop, or a producer for each record or request. Every new producer connects, asks for "
        "metadata and a "
        "producer id, and has nothing to batch.",
        "재시작이 반복되거나 레코드나 요청마다 프로듀서를 만듭니다. 새 프로듀서는 매번 연결하고 "
        "메타데이터와 producer id를 "
        "요청하며, 배치로 묶을 것이 없습니다.",
    ),
    changes=(
        Change(
            "KafkaProducer",
            Text(
                "one per process, shared by all threads, and closed at the end",
                "프로세스마다 하나를 모든 스레드가 함께 쓰고 끝에 닫습니다",
            ),
            Owner.APPLICATION,
        ),
    ),
    runbook="KafkaProducerSessionResets",
    rule=short_lived_producers,
    whole=loops,
)

CAUSES = (HANGING, FENCING, TRANSACTION_TIMEOUT)
LATE_CAUSES = (APPLICATION_ABORTS, SHORT_LIVED_PRODUCERS)
"""Those that others explain."""

PAIRS = (
    Pair(
        frozenset({"fencing", "transaction-timeout"}),
        Text(
            "A commit that is refused moves no counter, and both are refused alike. The brokers' "
            "transaction log tells: "
            "give --bootstrap-server, or look at `transactions --recent`.",
            "거부된 커밋은 어떤 카운터도 바꾸지 않고, 둘은 똑같이 거부됩니다. 브로커의 트랜잭션 로그가 말해 줍니다. "
            "--bootstrap-server를 주거나 transactions --recent를 봅니다.",
        ),
    ),
)
