"""The user and password for a JVM's JMX agent, read anew at each login, so that a changed password needs no restart."""

import os
from collections.abc import Callable, Mapping

from kafka_producer_exporter.errors import Reason, TransportError
from kafka_producer_exporter.settings import Jmx

Credentials = Callable[[], tuple[str, str] | None]
"""Called at each login. Raises TransportError where the password cannot be had."""

LARGEST = 4096
"""Bytes of a password file: whoever names another file by mistake does not send it to the agent."""


def credentials(jmx: Jmx, environment: Mapping[str, str] = os.environ) -> Credentials:
    """Return what tells user and password, or None where the target has no user. The password is never kept."""

    def read() -> tuple[str, str] | None:
        if jmx.username is None:
            return None
        return jmx.username, _password(jmx, environment)

    return read


def _password(jmx: Jmx, environment: Mapping[str, str]) -> str:
    if jmx.password_file is None:
        name = jmx.password_env or ""
        if not (password := environment.get(name)):
            raise _refusal(f"the environment variable {name} is not set; set it, or correct jmx.password_env")
        return password
    try:
        with jmx.password_file.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        why = (error.strerror or "unreadable").lower()
        raise _refusal(f"{jmx.password_file}: {why}; restore the file, or correct jmx.password_file") from None
    if len(content) > LARGEST:
        raise _refusal(f"{jmx.password_file} is too long for a password; correct jmx.password_file")
    try:
        password = content.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise _refusal(f"{jmx.password_file} is not UTF-8; write the password as UTF-8 text") from None
    if not password:
        raise _refusal(f"{jmx.password_file} is empty; write the password into it")
    return password


def _refusal(message: str) -> TransportError:
    return TransportError(Reason.AUTHENTICATION, message)
