"""A secret from the place that the configuration names, read when it is needed, so that it may change at any time."""

import os
from pathlib import Path

from kafka_producer_exporter.broker.errors import SourceError, SourceReason

LARGEST = 64 << 10
"""Bytes of a secret's file: whoever names another file by mistake does not send it to the broker."""


def read_secret(what: str, *, file: Path | None, variable: str | None) -> str:
    """Return what the file or the environment variable holds. Raises SourceError, which holds nothing of it."""
    if variable:
        if secret := os.environ.get(variable):
            return secret
        raise _refusal(f"the environment has no {variable}, which should hold the {what}; set it")
    if file is None:
        raise _refusal(f"no {what} is set; name its file")
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST + 1)
    except OSError as error:
        why = (error.strerror or "unreadable").lower()
        raise _refusal(f"the {what} file cannot be read: {file}: {why}; restore it") from None
    if len(content) > LARGEST:
        raise _refusal(f"{file} is too long for a {what}; name the right file")
    try:
        secret = content.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise _refusal(f"the {what} file cannot be read: {file} is not UTF-8; write it as UTF-8 text") from None
    if not secret:
        raise _refusal(f"{file} is empty; write the {what} into it")
    return secret


def _refusal(message: str) -> SourceError:
    return SourceError(SourceReason.AUTHENTICATION, message)
