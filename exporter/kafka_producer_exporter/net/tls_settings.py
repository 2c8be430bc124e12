"""TLS settings: values only, so that a program without TLS does not import ssl."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple


class TlsKeys(NamedTuple):
    """The configuration keys that messages name: ``jmx.tls.ca_file``."""

    ca_file: str
    cert_file: str
    server_name: str = ""
    """Empty if no key sets the name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSettings:
    """Which CAs we trust, and which certificate we present."""

    ca_file: Path | None = None
    """None means the system's CAs."""
    cert_file: Path | None = None
    key_file: Path | None = None
    """None means that ``cert_file`` contains the key."""
    server_name: str | None = None
    """The name that the server's certificate must have. None means the configured host."""
