"""How to reach a cluster, and as whom. Frozen values: secrets are read when they are needed, and are not here."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerTls:
    """TLS towards the brokers."""

    ca_file: Path | None = None
    """None: the system's CAs."""
    cert_file: Path | None = None
    key_file: Path | None = None
    check_name: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Sasl:
    """Who we are."""

    mechanism: str
    """``PLAIN``, ``SCRAM-SHA-256`` or ``SCRAM-SHA-512``."""
    username: str
    password_file: Path | None = None
    """Read again with each new connection, so that it may rotate."""
    password_env: str | None = None
    """Name of the environment variable that holds the password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One cluster."""

    bootstrap_servers: tuple[str, ...]
    """``HOST:PORT`` each."""
    cluster_id: str | None = None
    """Where given, a cluster of another id is refused."""
    tls: BrokerTls | None = None
    sasl: Sasl | None = None
    client_id: str = "kafka-producer-exporter"
    request_timeout_seconds: float = 5.0

    @property
    def protocol(self) -> str:
        """Kafka's name for it: ``SASL_SSL`` and the like."""
        return ("SASL_" if self.sasl else "") + ("SSL" if self.tls else "PLAINTEXT")
