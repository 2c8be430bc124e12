"""Every call that this client can make, as bytes. None of them changes anything in a JVM, and there is no other.

JRMP (Java RMI specification, chapter 10) and the interfaces of javax.management.remote.rmi. The Subject of a call is
always null: a JVM takes no other from JDK 25 on.
"""

from collections.abc import Sequence
from typing import Final

from kafka_producer_exporter.jmx.javastream import MAGIC
from kafka_producer_exporter.jmx.javatext import encode_utf

# "JRMI", version 2, StreamProtocol; then our own end point, host and port, which the server reads and ignores. It may
# be sent before the server has acknowledged, and calls right behind it. The host is an empty line: a server that reads
# lines, as one of HTTP may, complains of it at once, where it would else wait for a line until our time is up.
HANDSHAKE: Final = b"JRMI\x00\x02\x4b" + encode_utf("\r\n\r\n") + bytes(4)

_CALL: Final = b"\x50" + MAGIC + b"\x77\x22"
_REGISTRY: Final = bytes(22)
# A method is called by its hash: the first 8 bytes of the SHA-1 of its name and descriptor.
_NEW_CLIENT: Final = bytes.fromhex("ffffffff f0e074eaad0caea8")
_CLOSE: Final = bytes.fromhex("ffffffff be2e5bc7809d0dcc")
_QUERY_NAMES: Final = bytes.fromhex("ffffffff 7f0473acb73677da")
_GET_MBEAN_INFO: Final = bytes.fromhex("ffffffff 993cd0f9b9817af6")
_GET_ATTRIBUTES: Final = bytes.fromhex("ffffffff 5739d96a8b235c47")

_NULL: Final = b"\x70"
_STRING: Final = b"\x74"


def _class(name: str, version: str, flags: str) -> bytes:
    """Return a class without fields or superclass; its first null is the codebase that RMI annotates a class with."""
    return b"\x72" + encode_utf(name) + bytes.fromhex(f"{version} {flags} 0000 70 78 70")


_OBJECT_NAME: Final = b"\x73" + _class("javax.management.ObjectName", "0f03a71beb6d15cf", "03")
_STRINGS: Final = b"\x75" + _class("[Ljava.lang.String;", "add256e7e91d7b47", "02")

LOOKUP: Final = _CALL + _REGISTRY + bytes.fromhex("00000002 44154dc9d4e63bdf") + _STRING + encode_utf("jmxrmi")
"""Asks an RMI registry for the JMX agent's stub. The registry refuses anything but a plain string."""


def new_client(server: bytes, credentials: tuple[str, str] | None) -> bytes:
    """Ask the agent's server object for a session, as user and password if they are given."""
    return _CALL + server + _NEW_CLIENT + (_NULL if credentials is None else _strings(credentials))


def close(session: bytes) -> bytes:
    """End a session: until then, or for two minutes, it holds a thread of the JVM."""
    return _CALL + session + _CLOSE


def query_names(session: bytes, pattern: str) -> bytes:
    """Ask for the names that match."""
    return _CALL + session + _QUERY_NAMES + _OBJECT_NAME + object_name(pattern) + _NULL + _NULL


# A request for one MBean is made of three parts, of which only the middle one is its own: the others are shared.


def info_head(session: bytes) -> bytes:
    """Begin getMBeanInfo; an object_name and INFO_TAIL follow."""
    return _CALL + session + _GET_MBEAN_INFO + _OBJECT_NAME


INFO_TAIL: Final = _NULL


def attributes_head(session: bytes) -> bytes:
    """Begin getAttributes; an object_name and an attributes_tail follow."""
    return _CALL + session + _GET_ATTRIBUTES + _OBJECT_NAME


def attributes_tail(attributes: Sequence[str]) -> bytes:
    """End getAttributes."""
    return _strings(attributes) + _NULL


def object_name(name: str) -> bytes:
    """Return the part of a request that names an MBean; ValueError for a name that is too long for Java."""
    return _STRING + encode_utf(name) + b"\x78"


def _strings(texts: Sequence[str]) -> bytes:
    return _STRINGS + len(texts).to_bytes(4, "big") + b"".join(_STRING + encode_utf(text) for text in texts)
