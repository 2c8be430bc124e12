"""What is wanted of TLS: values only, so that who wants none does not import ssl."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSettings:
    """Which ports of the agent speak TLS, whom we trust, and who we are."""

    registry: bool = False
    rmi: bool = False
    ca_file: Path | None = None
    """None: the system's CAs."""
    cert_file: Path | None = None
    key_file: Path | None = None
    """None: the key is in ``cert_file``."""
    server_name: str | None = None
    """The name that the certificate must be for; None: the configured host."""


NO_TLS: Final = TlsSettings()
