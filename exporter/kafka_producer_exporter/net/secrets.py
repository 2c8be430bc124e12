"""Passwords and tokens, read from a file or an environment variable each time they are needed."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.net.files import read_small_file

MAX_SECRET_BYTES = 64 << 10
"""A larger file is not a secret but a mistake in the configuration, and is never sent to anyone."""


class Secret(NamedTuple):
    """Where a secret is, and the configuration keys that say so. Never the secret itself."""

    what: str
    """For messages: ``password``, ``token``."""
    file: Path | None
    variable: str | None
    """Name of the environment variable; it takes precedence over the file."""
    file_key: str
    """``jmx.password_file``"""
    variable_key: str = ""
    """``jmx.password_env``; empty if only a file can hold the secret."""
    user: str = ""
    """The user of a JVM's password, to recognize the JVM's own password file, which has lines of user and password."""


def read_secret(secret: Secret, environment: Mapping[str, str] = os.environ) -> str:
    """Return the current secret, without trailing line ends.

    Raise TransportError (authentication), which says what to do and contains no part of the secret.
    """
    if secret.variable:
        if text := environment.get(secret.variable):
            return text
        raise _error(f"the environment variable {secret.variable} is not set; set it, or correct {secret.variable_key}")
    file, key = secret.file, secret.file_key
    if file is None:
        raise _error(f"no {secret.what} is configured; set {key}")
    try:
        content = read_small_file(file, max_bytes=MAX_SECRET_BYTES)
    except ValueError as error:
        raise _error(f"{file} is {error}; correct {key}") from None
    except OSError as error:
        raise _error(
            f"{file}: {(error.strerror or 'unreadable').lower()}; restore the file, or correct {key}"
        ) from None
    try:
        text = content.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise _error(f"{file} is not UTF-8; write the {secret.what} as UTF-8 text") from None
    if not text:
        raise _error(f"{file} is empty; write the {secret.what} into it")
    if secret.user and _is_jvms_password_file(text, secret.user):
        raise _error(
            f"{file} is the JVM's own password file; write the password of {secret.user!r}, and nothing else, into "
            f"another file, and set {key} to it"
        )
    if len(text.strip().splitlines()) > 1:
        raise _error(f"{file} has several lines; write the {secret.what}, and nothing else, into it")
    return text


def _is_jvms_password_file(text: str, user: str) -> bool:
    """Return whether each line has a user with a password, or with a hash, its salt and its algorithm.

    One line alone may also be a password with a blank in it, unless it begins with the user.
    """
    lines = [line.split() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    pairs = bool(lines) and all(len(words) in {2, 4} for words in lines)
    return pairs and (len(lines) > 1 or lines[0][0] == user)


def _error(message: str) -> TransportError:
    return TransportError(Reason.AUTHENTICATION, message)
