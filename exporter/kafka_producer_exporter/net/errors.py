"""What may go wrong between us and a JVM: one exception, and a fixed list of reasons."""

from enum import StrEnum


class Reason(StrEnum):
    """Why a read failed. The list is fixed, since it is a label of ``kafka_producer_exporter_target_error``."""

    DNS = "dns"
    """The host name has no address."""
    REFUSED = "refused"
    """Nothing listens there."""
    TIMEOUT = "timeout"
    """No answer, or not all of it, by the deadline."""
    CLOSED = "closed"
    """The peer closed the connection in the middle."""
    NOT_JMX = "not_jmx"
    """Something listens, but it does not speak JRMP."""
    PROTOCOL = "protocol"
    """It speaks JRMP, but what it sent is damaged, or an answer that we did not expect."""
    TLS_CA = "tls_ca"
    """The certificate is not signed by a CA that we were told to trust."""
    TLS_EXPIRED = "tls_expired"
    """The certificate has expired, or is not valid yet."""
    TLS_NAME = "tls_name"
    """The certificate is for another name."""
    TLS_MISMATCH = "tls_mismatch"
    """One side wants TLS and the other does not, or the server refused our certificate."""
    AUTHENTICATION = "authentication"
    """The user or the password is wrong, missing, or may not read."""
    ATTACH = "attach"
    """The JVM cannot be attached to."""
    LIMIT = "limit"
    """An answer is larger or more deeply nested than we accept."""
    INTERNAL = "internal"
    """A defect of ours; the log has the traceback."""


class TransportError(Exception):
    """The world failed us, this time: the target is down for this scrape and is asked again at the next.

    ``str()`` is one line for a person: what happened, where, and what to do. It holds no secret.
    """

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
