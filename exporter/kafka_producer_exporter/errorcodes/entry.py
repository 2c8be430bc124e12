"""The shape of the table's entries, and what the operating guide advises for each kind of error."""

from dataclasses import dataclass
from enum import Enum

from kafka_producer_exporter.languages import Text

ERRORS_PACKAGE = "org.apache.kafka.common.errors"


class Kind(Enum):
    """What may be done after an error, by the base class of its exception in the newest client."""

    RETRIABLE = "retriable"
    """RetriableException: the client sends the same request again."""
    REFRESH = "refresh"
    """RefreshRetriableException: the client refreshes its metadata first."""
    ABORTABLE = "abortable"
    """TransactionAbortableException: abort the transaction, then go on with the same producer."""
    RECOVERABLE = "recoverable"
    """ApplicationRecoverableException: close the producer, and create a new one."""
    CONFIGURATION = "configuration"
    """InvalidConfigurationException or ConfigException: somebody has to change a setting or a right first."""
    OTHER = "other"
    """None of these: not retriable."""
    NONE = "none"
    """No error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An error code, an exception without one, or a variant of an exception that only its message tells apart."""

    name: str
    """The name in ``Errors``; without a code, the simple name of the exception, with the variant in parentheses."""
    kind: Kind
    meaning: Text
    next_step: Text
    code: int | None = None
    exception: str = ""
    """The full class name; empty if there is none."""
    message: str = ""
    """A regular expression that finds this variant in the exception's message; empty if every message may have it."""
    retries: Text | None = None
    """What the guide's steps 2 and 3 come to, if it differs from ``GUIDE_STEPS`` of its kind."""
    alerts: tuple[str, ...] = ()
    """The alerts, and by the same names the runbooks, of our pack; the likeliest first."""
    concerns_producers: bool = True

    @property
    def retriable(self) -> bool:
        """Return whether the client may send the same request again."""
        return self.kind in (Kind.RETRIABLE, Kind.REFRESH)

    @property
    def advice(self) -> Text:
        """What to do about retries, or instead of them. Not for NONE, which is no error."""
        return self.retries or GUIDE_STEPS[self.kind]

    @property
    def simple_exception(self) -> str:
        """The class name without its package."""
        return self.exception.rpartition(".")[2]


GUIDE_STEPS = {
    Kind.RETRIABLE: Text(
        "The client retries by itself, every retry.backoff.ms, until delivery.timeout.ms is over. While it does, "
        "there is nothing to change. If the application got this error, that time was too short for the fault: repair "
        "the fault, or raise delivery.timeout.ms, and leave retries at its default.",
        "클라이언트가 retry.backoff.ms 간격으로 delivery.timeout.ms가 지날 때까지 스스로 재시도합니다. 재시도 중에는 "
        "바꿀 것이 없습니다. 애플리케이션이 이 오류를 받았다면 장애에 비해 그 시간이 짧았던 것입니다. 장애를 "
        "복구하거나 delivery.timeout.ms를 늘리고, retries는 기본값으로 두십시오.",
    ),
    Kind.REFRESH: Text(
        "The client refreshes its metadata and retries by itself, every retry.backoff.ms, until delivery.timeout.ms "
        "is over. If the application got this error, that time was too short for the fault: repair the fault, or "
        "raise delivery.timeout.ms, and leave retries at its default.",
        "클라이언트가 메타데이터를 갱신한 뒤 retry.backoff.ms 간격으로 delivery.timeout.ms가 지날 때까지 스스로 "
        "재시도합니다. 애플리케이션이 이 오류를 받았다면 장애에 비해 그 시간이 짧았던 것입니다. 장애를 복구하거나 "
        "delivery.timeout.ms를 늘리고, retries는 기본값으로 두십시오.",
    ),
    Kind.ABORTABLE: Text(
        "More retries do not help. Call abortTransaction(), then run the whole transaction again with the same "
        "producer; alert if that fails repeatedly.",
        "재시도를 늘려도 소용없습니다. abortTransaction()을 호출한 뒤 같은 프로듀서로 트랜잭션 전체를 다시 실행하고, "
        "계속 실패하면 알림을 보내십시오.",
    ),
    Kind.RECOVERABLE: Text(
        "More retries do not help. Close the producer and create a new one, then run the whole transaction again; "
        "alert if that happens repeatedly.",
        "재시도를 늘려도 소용없습니다. 프로듀서를 닫고 새로 만든 다음 트랜잭션 전체를 다시 실행하고, 반복되면 알림을 "
        "보내십시오.",
    ),
    Kind.CONFIGURATION: Text(
        "More retries do not help. Write the record to a dead letter queue (DLQ) or raise an alert, and correct the "
        "setting, the topic, the ACL or the credentials.",
        "재시도를 늘려도 소용없습니다. 레코드를 DLQ로 보내거나 알림을 보내고, 설정·토픽·ACL·자격 증명을 "
        "바로잡으십시오.",
    ),
    Kind.OTHER: Text(
        "More retries do not help. Write the record to a dead letter queue (DLQ) or raise an alert, and check the "
        "topic, the ACLs and the network.",
        "재시도를 늘려도 소용없습니다. 레코드를 DLQ로 보내거나 알림을 보내고, 토픽·ACL·네트워크 상태를 점검하십시오.",
    ),
}
"""The guide's steps 2 and 3 after a failure. It advises to raise ``retries``; since 2.1 its default is practically
unlimited, and ``delivery.timeout.ms`` is what ends the retries."""

SEND_GAVE_UP = Text(
    "The client does not retry this: send() gave up after max.block.ms, before the record was in a batch, so neither "
    "retries nor delivery.timeout.ms applies. Send the record again, or write it to a dead letter queue (DLQ).",
    "클라이언트가 재시도하지 않는 오류입니다. 레코드가 배치에 들어가기 전에 send()가 max.block.ms 뒤에 포기했으므로 "
    "retries도 delivery.timeout.ms도 적용되지 않습니다. 레코드를 다시 보내거나 DLQ로 보내십시오.",
)
CALL_GAVE_UP = Text(
    "The client retries the request by itself until max.block.ms is over; neither retries nor delivery.timeout.ms "
    "applies. The same call may be repeated.",
    "클라이언트가 max.block.ms가 지날 때까지 스스로 요청을 재시도했습니다. retries도 delivery.timeout.ms도 적용되지 "
    "않습니다. 같은 호출을 반복할 수 있습니다.",
)
"""Errors whose class is retriable, although no batch is retried."""
