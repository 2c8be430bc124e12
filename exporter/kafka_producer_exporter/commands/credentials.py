"""The verb ``credentials``: writes the two files with which a JVM lets the exporter in, for the JVM's own user.

A JVM refuses to start if its password file is missing, or if anyone but its user may read it. Kubernetes cannot mount a
Secret that way, so an init container of the pod runs this. It always leaves both files behind: without a usable
password it writes one that nobody knows, the application starts, and its JMX is closed.
"""

import argparse
import os
import secrets
import sys
import tempfile
from pathlib import Path

from kafka_producer_exporter.errors import ConfigError, Problem
from kafka_producer_exporter.sidecar.jvm import (
    ACCESS_FILE,
    PASSWORD_FILE,
    USERNAME,
    access_lines,
    password_lines,
    password_problem,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's own arguments."""
    parser.add_argument("--username", default=USERNAME, help="default: %(default)s")
    parser.add_argument("--password-env", required=True, metavar="VARIABLE", help="variable with the password")
    parser.add_argument("--directory", required=True, type=Path, help=f"where to write {PASSWORD_FILE}, {ACCESS_FILE}")


def run(arguments: argparse.Namespace) -> int:
    """Write both files with mode 0400. Return 0; raise ConfigError if they cannot be written."""
    password = os.environ.get(arguments.password_env, "")
    if problem := password_problem(password):
        print(
            f"the password in {arguments.password_env} cannot be used: {problem}. JMX is closed: the files have a "
            "password that nobody knows. Correct the Secret, then restart the pod",
            file=sys.stderr,
        )
        password = secrets.token_urlsafe(32)
    contents = {
        PASSWORD_FILE: password_lines(arguments.username, password),
        ACCESS_FILE: access_lines(arguments.username),
    }
    for name, content in contents.items():
        file = arguments.directory / name
        try:
            _write(file, content)
        except OSError as error:
            problem = f"{(error.strerror or 'cannot be written').lower()}; correct --directory, or its owner"
            raise ConfigError("the files of the JVM", [Problem(str(file), problem)]) from None
    return 0


def _write(file: Path, content: str) -> None:
    """Write a file at once, so that it is never there in part; a file of an earlier start is replaced."""
    descriptor, temporary = tempfile.mkstemp(dir=file.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(content)
            os.fchmod(stream.fileno(), 0o400)
        Path(temporary).rename(file)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
