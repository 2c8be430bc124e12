"""What can go wrong with a connection: one exception, and one fixed list of reasons."""

from enum import StrEnum


class Reason(StrEnum):
    """Why a read of a JVM or a poll of a cluster failed.

    The list is fixed because it is the label ``reason`` of ``kafka_producer_exporter_target_error`` and of
    ``kafka_producer_exporter_source_error``.
    """

    DNS = "dns"
    """The host name has no address."""
    REFUSED = "refused"
    """Nothing listens at the address, or there is no route to it."""
    TIMEOUT = "timeout"
    """No answer, or only part of one, by the deadline."""
    CLOSED = "closed"
    """The peer closed the connection before it had answered."""
    NOT_JMX = "not_jmx"
    """Something listens, but it does not speak JRMP."""
    NOT_KAFKA = "not_kafka"
    """Something listens, but it does not speak Kafka's protocol, or not on this listener."""
    PROTOCOL = "protocol"
    """The peer speaks JRMP, but its answer is damaged or unexpected."""
    TLS_CA = "tls_ca"
    """The certificate is not signed by a trusted CA, or it or its CA is not valid."""
    TLS_EXPIRED = "tls_expired"
    """The certificate has expired or is not valid yet."""
    TLS_NAME = "tls_name"
    """The certificate is for another name."""
    TLS_MISMATCH = "tls_mismatch"
    """Only one side uses TLS, or the peer rejected our certificate."""
    AUTHENTICATION = "authentication"
    """The user, the password or the mechanism is wrong or missing. For a JVM also: the user has no read access."""
    AUTHORIZATION = "authorization"
    """The user is authenticated but not authorized for this request."""
    CLUSTER = "cluster"
    """The cluster id differs from the configured one."""
    UNSUPPORTED = "unsupported"
    """The brokers are too old for this request."""
    DAMAGED = "damaged"
    """The brokers sent or stored something that cannot be read."""
    UNAVAILABLE = "unavailable"
    """A partition has no leader, or a coordinator is still loading. This passes by itself."""
    LIMIT = "limit"
    """An answer is larger or more deeply nested than the exporter accepts, or one of its own resources is used up."""
    INTERNAL = "internal"
    """A bug in the exporter; the log has the traceback."""


class TransportError(Exception):
    """The world failed this time: the target or source is down now, and is retried later.

    ``str()`` is one line for a person: where, what happened, and what to do. It contains no secret.
    """

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
