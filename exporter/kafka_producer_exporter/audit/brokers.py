"""The guide's lines about topics and the transaction log, as checks on what the brokers report."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from kafka_producer_exporter.audit.findings import Basis, GuideLine, Item, Owner, Verdict
from kafka_producer_exporter.languages import Text

MIN_ISR = "min.insync.replicas"
LOG_REPLICATION, LOG_MIN_ISR = "transaction.state.log.replication.factor", "transaction.state.log.min.isr"
MAX_TIMEOUT = "transaction.max.timeout.ms"
SETTINGS = (MIN_ISR, LOG_REPLICATION, LOG_MIN_ISR, MAX_TIMEOUT)
"""The settings of a broker that are read."""
WANTED_REPLICAS, WANTED_MIN_ISR = 3, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicState:
    """How durable a topic is."""

    topic: str
    replicas: int
    min_in_sync: int | None
    """None if the user may not see it."""
    under_min_in_sync: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterState:
    """What the brokers report."""

    server: str
    topics: Sequence[TopicState]
    transaction_log: TopicState | None
    """None if the cluster has none yet, or the user may not see it."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Of one broker; empty if the user may not see them."""


def audit_cluster(cluster: ClusterState) -> list[Item]:
    """Return the checks on a cluster."""
    return [item for topic in cluster.topics for item in _topic(topic)] + list(_log(cluster)) + list(_default(cluster))


def _topic(topic: TopicState) -> Iterator[Item]:
    if topic.replicas < WANTED_REPLICAS:
        yield Item(
            verdict=Verdict.FINDING,
            option="replication factor",
            basis=Basis.SEEN,
            where=topic.topic,
            value=str(topic.replicas),
            line=GuideLine.DURABILITY,
            why=Text(
                f"With {topic.replicas} replicas, the loss of one broker stops the writes or loses records.",
                f"복제본이 {topic.replicas}개면 브로커 하나를 잃을 때 쓰기가 멈추거나 레코드를 잃습니다.",
            ),
            advice=Text(
                "Raise it to 3 with kafka-reassign-partitions.sh.",
                "kafka-reassign-partitions.sh로 3으로 올리십시오.",
            ),
            owner=Owner.BROKERS,
        )
    yield _min_isr(topic, GuideLine.DURABILITY, MIN_ISR)
    if topic.under_min_in_sync:
        yield Item(
            verdict=Verdict.FINDING,
            option=MIN_ISR,
            basis=Basis.SEEN,
            where=topic.topic,
            line=GuideLine.DURABILITY,
            why=Text(
                f"{topic.under_min_in_sync} of its partitions have fewer replicas in sync, and reject records.",
                f"파티션 {topic.under_min_in_sync}개는 동기화된 복제본이 모자라 레코드를 거부합니다.",
            ),
            advice=Text("Bring the missing brokers back.", "빠진 브로커를 되살리십시오."),
            owner=Owner.BROKERS,
        )


def _min_isr(topic: TopicState, line: GuideLine, option: str) -> Item:
    number = topic.min_in_sync
    if number is None:
        why = Text(
            "The user may not see it; grant DescribeConfigs on the topic.",
            "볼 권한이 없습니다. 토픽에 DescribeConfigs 권한을 주십시오.",
        )
        verdict, advice = Verdict.UNKNOWN, None
    elif number < WANTED_MIN_ISR:
        why = Text(
            "A record is acknowledged that only one broker has; if that broker is lost, so is the record.",
            "한 브로커에만 있는 레코드도 확인(ack)됩니다. 그 브로커를 잃으면 레코드도 사라집니다.",
        )
        verdict = Verdict.FINDING
        advice = Text(
            f"Set {MIN_ISR}=2 on the topic, which needs at least 2 replicas, better 3.",
            f"토픽에 {MIN_ISR}=2를 설정하십시오. 복제본이 2개 이상, 가능하면 3개 필요합니다.",
        )
    else:
        why = Text(
            f"{topic.replicas} replicas, of which {number} must have a record before it is acknowledged.",
            f"복제본 {topic.replicas}개 가운데 {number}개에 있어야 확인(ack)됩니다.",
        )
        verdict, advice = Verdict.GOOD, None
    return Item(
        verdict=verdict,
        option=option,
        basis=Basis.NONE if number is None else Basis.SEEN,
        where=topic.topic,
        value=None if number is None else str(number),
        line=line,
        why=why,
        advice=advice,
        owner=Owner.BROKERS if verdict is Verdict.FINDING else None,
    )


def _log(cluster: ClusterState) -> Iterator[Item]:
    log = cluster.transaction_log
    if log is None:
        yield from _future_log(cluster)
        return
    bad = log.replicas < WANTED_REPLICAS
    yield Item(
        verdict=Verdict.FINDING if bad else Verdict.GOOD,
        option=LOG_REPLICATION,
        basis=Basis.SEEN,
        where=log.topic,
        value=str(log.replicas),
        line=GuideLine.TRANSACTION_LOG,
        why=Text(
            f"The transaction log has {log.replicas} replicas."
            + (" Without it, no transaction can begin or end." if bad else ""),
            f"트랜잭션 로그의 복제본이 {log.replicas}개입니다."
            + (" 로그를 잃으면 어떤 트랜잭션도 시작하거나 끝낼 수 없습니다." if bad else ""),
        ),
        advice=Text(
            "Reassign its partitions to 3 brokers; the setting counts only when the topic is created.",
            "파티션을 브로커 3개로 재배치하십시오. 이 설정은 토픽을 만들 때만 적용됩니다.",
        )
        if bad
        else None,
        owner=Owner.BROKERS if bad else None,
    )
    yield _min_isr(log, GuideLine.TRANSACTION_LOG, LOG_MIN_ISR)


def _future_log(cluster: ClusterState) -> Iterator[Item]:
    """Yield the settings that the transaction log will be created with."""
    for option, wanted in ((LOG_REPLICATION, WANTED_REPLICAS), (LOG_MIN_ISR, WANTED_MIN_ISR)):
        text = cluster.settings.get(option)
        number = int(text) if text is not None and text.isdigit() else None
        low = number is not None and number < wanted
        yield Item(
            verdict=Verdict.UNKNOWN if number is None else Verdict.FINDING if low else Verdict.GOOD,
            option=option,
            basis=Basis.NONE if number is None else Basis.SEEN,
            where=cluster.server,
            value=text if number is not None else None,
            line=GuideLine.TRANSACTION_LOG,
            why=Text(
                "The cluster shows no transaction log yet; the brokers create it with this setting.",
                "아직 보이는 트랜잭션 로그가 없습니다. 브로커가 이 설정으로 만듭니다.",
            )
            if number is not None
            else Text(
                "Neither the log nor the setting is visible; grant Describe on the topic, or DescribeConfigs on the "
                "cluster.",
                "로그도 설정도 보이지 않습니다. 토픽에 Describe, 또는 클러스터에 DescribeConfigs 권한을 주십시오.",
            ),
            change={option: str(wanted)} if low else {},
            owner=Owner.BROKERS if low else None,
        )


def _default(cluster: ClusterState) -> Iterator[Item]:
    """Yield the min.insync.replicas of topics that set none."""
    text = cluster.settings.get(MIN_ISR)
    if text is None or not text.isdigit():
        return
    low = int(text) < WANTED_MIN_ISR
    yield Item(
        verdict=Verdict.NOTE if low else Verdict.GOOD,
        option=MIN_ISR,
        basis=Basis.SEEN,
        where=cluster.server,
        value=text,
        line=GuideLine.DURABILITY,
        why=Text(
            "What topics get that set none of their own.",
            "따로 설정하지 않은 토픽에 적용되는 값입니다.",
        ),
        advice=Text(f"Set {MIN_ISR}=2 on the brokers.", f"브로커에 {MIN_ISR}=2를 설정하십시오.") if low else None,
    )
