"""What the JVM of the application needs so that the sidecar can read it: flags and, with a password, two files."""

import re

from kafka_producer_exporter.sidecar.options import SidecarOptions

USERNAME = "monitor"
FOLDER = "/var/run/kafka-producer-exporter"
"""Where the files are in the application's container."""
PASSWORD_FILE = "jmxremote.password"  # noqa: S105 - the name of a file
ACCESS_FILE = "jmxremote.access"


def jvm_flags(options: SidecarOptions) -> tuple[str, ...]:
    """Return the flags for the JVM's command line; none if nothing may be changed about it."""
    if options.unchanged_because:
        return ()
    prefix = "-Dcom.sun.management.jmxremote"
    login = (
        (f"{prefix}.authenticate=false",)
        if options.open_jmx
        else (
            f"{prefix}.authenticate=true",
            f"{prefix}.password.file={FOLDER}/{PASSWORD_FILE}",
            f"{prefix}.access.file={FOLDER}/{ACCESS_FILE}",
        )
    )
    return (
        f"{prefix}.port={options.jmx_port}",
        f"{prefix}.rmi.port={options.jmx_port}",
        f"{prefix}.host=127.0.0.1",
        f"{prefix}.ssl=false",
        *login,
    )


def password_problem(password: str) -> str:
    """Return why a password cannot stand in a JVM's password file; empty if it can.

    Until JDK 8 the file is read as Java properties (java.util.Properties), later as words between blanks.
    """
    if not password:
        return "it is empty"
    if not re.fullmatch(r"[!-~]+", password):
        return "it has characters other than printable ASCII without blanks"
    if "\\" in password or password[0] in ":=":
        return "it has a backslash, or starts with : or ="
    return ""


def password_lines(username: str, password: str) -> str:
    """Return the content of the password file."""
    return f"{username} {password}\n"


def access_lines(username: str) -> str:
    """Return the content of the access file: the user may read, and neither write nor create or remove MBeans."""
    return f"{username} readonly\n"
