"""What an RMI registry returns: stubs, which say where a remote object is and whether its port uses TLS, and names."""

import struct
from typing import NamedTuple

from kafka_producer_exporter.jmx.javastream import Decoder, Instance, JavaStreamError, Limits
from kafka_producer_exporter.jmx.jrmp import read_reply
from kafka_producer_exporter.jmx.replies import decode_texts
from kafka_producer_exporter.net.printable import printable

_TLS_FACTORY = "javax.rmi.ssl.SslRMIClientSocketFactory"
_OBJECT_ID_SIZE = 22
_LIMITS = Limits(size=1 << 20, memory=4 << 20)
"""A registry is read before anything is known about the peer, and its replies are small."""
# Since its deserialization filters, JDK 8 wraps the stub: a proxy for javax.management.remote.rmi.RMIServer, whose only
# field `h` is the handler with the reference that newer JDKs send in the stub itself.
_PROXY = "java.lang.reflect.Proxy"
_PROXY_HANDLER = "java.rmi.server.RemoteObjectInvocationHandler"


class Stub(NamedTuple):
    """A remote object. It has no host on purpose: we connect to the configured one."""

    port: int
    tls: bool
    object_id: bytes


def read_stub(buffer: bytearray, start: int) -> tuple[object, int]:
    """Read a reply that contains a stub."""
    return read_reply(buffer, start, _stub, _LIMITS)


def read_registry_names(buffer: bytearray, start: int) -> tuple[object, int]:
    """Read a reply that contains the names in an RMI registry."""
    return read_reply(buffer, start, decode_texts, _LIMITS)


def _stub(decoder: Decoder) -> Stub:
    """Decode what java.rmi.server.RemoteObject.writeObject writes."""
    instance = decoder.value()
    if isinstance(instance, Instance) and instance.class_name == _PROXY:
        instance = instance.fields.get("h")
        if not isinstance(instance, Instance) or instance.class_name != _PROXY_HANDLER:
            raise JavaStreamError("a proxy that is no stub")
    if not isinstance(instance, Instance):
        raise JavaStreamError("a stub was expected")
    data = instance.block_data
    kind, at = _text(data, 0)
    tls = False
    if kind == "UnicastRef2":
        format_, at = data[at : at + 1], at + 1
        factories = [item for item in instance.annotations if isinstance(item, Instance)]
        if format_ == b"\x01" and len(factories) == 1 and factories[0].class_name == _TLS_FACTORY:
            tls = True
        elif format_ != b"\x00" or factories:
            names = ", ".join(printable(factory.class_name) for factory in factories)
            raise JavaStreamError(f"a stub with an unknown socket factory ({names})")
    elif kind != "UnicastRef":
        raise JavaStreamError(f"a stub of an unknown kind ({printable(kind)})")
    _, at = _text(data, at)
    try:
        (port, object_id) = struct.unpack_from(f">i{_OBJECT_ID_SIZE}s", data, at)
    except struct.error as error:
        raise JavaStreamError("a stub that ends too early") from error
    if not 0 < port < 65536:
        raise JavaStreamError(f"a stub with port {port}")
    return Stub(port, tls, object_id)


def _text(data: bytes, at: int) -> tuple[str, int]:
    end = at + 2 + int.from_bytes(data[at : at + 2], "big")
    return data[at + 2 : end].decode("latin-1"), end
