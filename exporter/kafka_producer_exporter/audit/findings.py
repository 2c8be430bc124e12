"""The values of an audit: what a check found, how certain that is, and which line of the guide it is about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum

from kafka_producer_exporter.languages import Text


class GuideLine(Enum):
    """A line of the operating guide, as it is cited: the guide's own Korean, and its translation."""

    DURABILITY = Text(
        "Options, durability: acks=all, min.insync.replicas>=2",
        "좋은 옵션들, 내구성: acks=all, min.insync.replicas>=2",
    )
    PERFORMANCE = Text(
        "Options, performance and latency: batch.size, linger.ms, compression.type",
        "좋은 옵션들, 성능/지연: batch.size, linger.ms, compression.type",
    )
    DUPLICATES = Text(
        "Options, no duplicates: enable.idempotence=true, max.in.flight.requests.per.connection<=5",
        "좋은 옵션들, 중복 방지: enable.idempotence=true, max.in.flight.requests.per.connection<=5",
    )
    RETRIES = Text(
        "Options, retries: retries, delivery.timeout.ms, retry.backoff.ms",
        "좋은 옵션들, 재시도: retries, delivery.timeout.ms, retry.backoff.ms",
    )
    SECURITY = Text(
        "Options, security: sasl.mechanism, ssl.truststore.location, security.protocol",
        "좋은 옵션들, 보안: sasl.mechanism, ssl.truststore.location, security.protocol",
    )
    BUFFER = Text(
        "Options, buffer and backpressure: buffer.memory, max.block.ms, compression.type",
        "좋은 옵션들, 버퍼/백프레셔: buffer.memory, max.block.ms, compression.type",
    )
    DELIVERY_TIMEOUT = Text(
        "Options: delivery.timeout.ms limits attempts, retries and backoff together; raise it with linger.ms",
        "좋은 옵션들: delivery.timeout.ms는 전송 시도+재시도+백오프 전체 시간의 상한. linger.ms와 함께 늘린다",
    )
    IN_FLIGHT = Text(
        "Options: with more than 5 requests in flight, a retry may change the order",
        "좋은 옵션들: max.in.flight.requests.per.connection을 5 이하로 유지하지 않으면 재시도 중 순서가 바뀔 수 있다",
    )
    MONITORING = Text("Monitoring: the client's own metrics", "좋은 모니터링: 클라이언트의 지표")
    PARTITION_KEY = Text(
        "Tips: choose a business key or a hash as the partition key; one key where order matters",
        "운영 팁: 파티션 키는 비즈니스 키 또는 해시 키, 순서가 필요하면 단일 키",
    )
    TRANSACTION_LOG = Text(
        "Tips: raise transaction.state.log.replication.factor and transaction.state.log.min.isr",
        "운영 팁: transaction.state.log.replication.factor와 transaction.state.log.min.isr를 높인다",
    )
    CLIENT_ID = Text("Tips: give each instance its own client.id", "운영 팁: client.id를 고유하게 부여한다")
    FAILURE_FLOW = Text(
        "Tips, failure flow: error code, retriable or not, dead letter topic and alert",
        "운영 팁, 발행 실패 대응 플로우: 에러 코드, 재시도 가능 여부, DLQ/알림",
    )
    TRANSACTIONS = Text(
        "Tips, transactional producer: consume and produce exactly once",
        "운영 팁, 트랜잭션 프로듀서: 소비와 발행을 exactly-once로 묶는다",
    )
    BACKUP = Text(
        "Tips, backup plan: several bootstrap servers, client.dns.lookup=use_all_dns_ips",
        "운영 팁, 프로듀서 백업 계획: 이중화된 bootstrap servers, client.dns.lookup=use_all_dns_ips",
    )


class Verdict(StrEnum):
    """What a check came to."""

    FINDING = "finding"
    """It differs from the guide: exit code 1."""
    GOOD = "good"
    NOTE = "note"
    """A choice that has a price, or evidence that decides nothing."""
    UNKNOWN = "cannot know"


class Basis(StrEnum):
    """Where a value comes from, and so how certain the check is."""

    SET = "set"
    """It stands in the file."""
    DEFAULT = "default"
    """The client's own default, unless something outside the file sets it."""
    SEEN = "seen"
    """Read from the JVM or from a broker."""
    INFERRED = "inferred"
    """Concluded from what was read."""
    NONE = "none"

    @property
    def certainty(self) -> str:
        """Return ``certain``, ``likely`` or ``unknown``."""
        if self in (Basis.SET, Basis.SEEN):
            return "certain"
        return "unknown" if self is Basis.NONE else "likely"


class Owner(Enum):
    """Who can change it."""

    APPLICATION = Text("the application's team", "애플리케이션 팀")
    BROKERS = Text("the owner of the brokers", "브로커 운영 팀")
    PLATFORM = Text("the owner of the deployment", "배포 담당자")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """The result of one check."""

    verdict: Verdict
    option: str
    basis: Basis
    why: Text
    line: GuideLine | None
    where: str = ""
    """``FILE:LINE``, or the client or cluster; empty if it is about all of them."""
    value: str | None = None
    """Never a secret. None if it is not known or must not be shown."""
    written: str = ""
    """The option as the file spells it."""
    change: Mapping[str, str] = field(default_factory=dict)
    """Options and the values to set, as the file would spell them."""
    advice: Text | None = None
    """What to do where that is more than to set an option."""
    owner: Owner | None = None
