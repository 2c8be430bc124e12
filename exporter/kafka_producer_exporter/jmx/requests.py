"""Every call that this client can make, as bytes. None of them changes anything in a JVM.

Sources: JRMP (Java RMI specification, chapter 10) and the interfaces of javax.management.remote.rmi. The Subject of a
call is always null: from JDK 25 on, a JVM accepts no other.
"""

from collections.abc import Sequence

from kafka_producer_exporter.jmx.javastream import MAGIC
from kafka_producer_exporter.jmx.javatext import encode_utf

# "JRMI", version 2, StreamProtocol, then our own endpoint (host and port), which the server reads and ignores. We send
# it, and the first calls, without waiting for the server's acknowledgement. The host is an empty line: a server that
# reads lines, such as an HTTP server, then rejects it at once and does not wait for more until we time out.
HANDSHAKE = b"JRMI\x00\x02\x4b" + encode_utf("\r\n\r\n") + bytes(4)

_CALL = b"\x50" + MAGIC + b"\x77\x22"
_REGISTRY = bytes(22)
# A method is identified by its hash: the first 8 bytes of the SHA-1 of its name and descriptor.
_NEW_CLIENT = bytes.fromhex("ffffffff f0e074eaad0caea8")
_CLOSE = bytes.fromhex("ffffffff be2e5bc7809d0dcc")
_QUERY_NAMES = bytes.fromhex("ffffffff 7f0473acb73677da")
_GET_MBEAN_INFO = bytes.fromhex("ffffffff 993cd0f9b9817af6")
_GET_ATTRIBUTES = bytes.fromhex("ffffffff 5739d96a8b235c47")

_NULL = b"\x70"
_STRING = b"\x74"


def _class(name: str, version: str, flags: str) -> bytes:
    """Describe a class without fields and superclass. Its first null is the codebase, which RMI adds to each class."""
    return b"\x72" + encode_utf(name) + bytes.fromhex(f"{version} {flags} 0000 70 78 70")


_OBJECT_NAME = b"\x73" + _class("javax.management.ObjectName", "0f03a71beb6d15cf", "03")
_STRINGS = b"\x75" + _class("[Ljava.lang.String;", "add256e7e91d7b47", "02")

# The registry's methods are numbered, and share the hash of its interface.
_LIST = bytes.fromhex("00000001 44154dc9d4e63bdf")
_LOOKUP = bytes.fromhex("00000002 44154dc9d4e63bdf")

REGISTRY_NAMES = _CALL + _REGISTRY + _LIST
"""Ask an RMI registry for all its names."""


def lookup(name: str) -> bytes:
    """Ask an RMI registry for the stub with this name. The registry accepts only a plain string."""
    return _CALL + _REGISTRY + _LOOKUP + _STRING + encode_utf(name)


def new_client(server: bytes, credentials: tuple[str, str] | None) -> bytes:
    """Ask the agent's server object for a session. *credentials* are user and password."""
    return _CALL + server + _NEW_CLIENT + (_NULL if credentials is None else _strings(credentials))


def close(session: bytes) -> bytes:
    """End a session, which otherwise holds a thread of the JVM for two minutes."""
    return _CALL + session + _CLOSE


def query_names(session: bytes, pattern: str) -> bytes:
    """Ask for the names that match *pattern*."""
    return _CALL + session + _QUERY_NAMES + _OBJECT_NAME + object_name(pattern) + _NULL + _NULL


# A request about one MBean has three parts. Only the middle one, the name, is its own; MBeans share the others.


def info_head(session: bytes) -> bytes:
    """Begin getMBeanInfo. An ``object_name`` and INFO_TAIL follow."""
    return _CALL + session + _GET_MBEAN_INFO + _OBJECT_NAME


INFO_TAIL = _NULL


def attributes_head(session: bytes) -> bytes:
    """Begin getAttributes. An ``object_name`` and an ``attributes_tail`` follow."""
    return _CALL + session + _GET_ATTRIBUTES + _OBJECT_NAME


def attributes_tail(attributes: Sequence[str]) -> bytes:
    """End getAttributes, with the names of the attributes to read."""
    return _strings(attributes) + _NULL


def object_name(name: str) -> bytes:
    """Return the part of a request that names an MBean. Raise ValueError if the name is too long for Java."""
    return _STRING + encode_utf(name) + b"\x78"


def _strings(texts: Sequence[str]) -> bytes:
    return _STRINGS + len(texts).to_bytes(4, "big") + b"".join(_STRING + encode_utf(text) for text in texts)
