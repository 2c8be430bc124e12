"""What may go wrong between us and a cluster: one exception, and a fixed list of reasons."""

from enum import StrEnum


class SourceReason(StrEnum):
    """Why a source of the broker view failed. The list is fixed, since it is a label."""

    DNS = "dns"
    """No bootstrap server's name has an address."""
    REFUSED = "refused"
    """Nothing listens there."""
    TIMEOUT = "timeout"
    """No answer in time."""
    CLOSED = "closed"
    """A broker closed the connection, or is not there any more."""
    NOT_KAFKA = "not_kafka"
    """Something listens, but it does not speak Kafka's protocol, or not on this listener."""
    TLS_CA = "tls_ca"
    """The certificate is not signed by a CA that we were told to trust."""
    TLS_EXPIRED = "tls_expired"
    """The certificate has expired, or is not valid yet."""
    TLS_NAME = "tls_name"
    """The certificate is for another name."""
    TLS_MISMATCH = "tls_mismatch"
    """One side wants TLS and the other does not, or the broker refused our certificate."""
    AUTHENTICATION = "authentication"
    """The user, the password or the mechanism is wrong."""
    AUTHORIZATION = "authorization"
    """The user may not do this."""
    CLUSTER = "cluster"
    """It is not the cluster that was configured."""
    UNSUPPORTED = "unsupported"
    """The brokers are too old for this."""
    DAMAGED = "damaged"
    """What the broker stored or sent cannot be read."""
    UNAVAILABLE = "unavailable"
    """A partition has no leader, or a coordinator is loading: it passes by itself."""
    INTERNAL = "internal"
    """A defect of ours; the log has the traceback."""


class SourceError(Exception):
    """A source failed, this time. ``str()`` is one line for a person, and holds no secret."""

    def __init__(self, reason: SourceReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class OutOfRangeError(SourceError):
    """The log does not have our position any more: it was cut off, or its beginning was deleted."""

    def __init__(self, message: str, partition: int) -> None:
        super().__init__(SourceReason.UNAVAILABLE, message)
        self.partition = partition
