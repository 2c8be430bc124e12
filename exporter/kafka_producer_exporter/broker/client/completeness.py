"""Rejects a response with a null where Kafka's protocol has none, which kafka-python accepts.

So whatever reads a response may rely on its lists and texts.
"""

from collections.abc import Hashable, Iterable
from functools import cache
from typing import Any, NamedTuple, cast

from kafka_producer_exporter.net.errors import Reason, TransportError

_NONE_WITH_ERROR = frozenset({"active_producers", "configs"})
"""Lists beside an error code, without which nobody reads them."""


class _Required(NamedTuple):
    """The fields of a structure that are never null."""

    names: tuple[str, ...]
    lists: tuple[str, ...]
    """Those of them that are lists of texts or numbers, which may contain no null either."""
    structures: tuple[tuple[str, "_Required"], ...]
    """Those of them that are lists of structures."""


def require_complete(response: Any, place: str) -> Any:
    """Return *response* if every field that must not be null has a value; *place* names the broker that sent it.

    Raise TransportError otherwise.
    """
    missing = _missing(response, _required_of(response.__class__, response.API_VERSION))
    if missing is not None:
        what = f"{place} sent a {response.name} without {missing}"
        raise TransportError(Reason.DAMAGED, f"{what}; check for a proxy on the way")
    return response


def _missing(structure: Any, required: _Required) -> str | None:
    """Return the name of a field that is null and must not be, or None."""
    for name in required.names:
        if getattr(structure, name) is None and not (name in _NONE_WITH_ERROR and structure.error_code):
            return name
    for name in required.lists:
        if None in getattr(structure, name):
            return name
    for name, below in required.structures:
        for item in getattr(structure, name) or ():
            if (missing := _missing(item, below)) is not None:
                return f"{name}.{missing}"
    return None


@cache  # one entry for each of the dozen requests
def _required_of(kind: Hashable, version: int) -> _Required:
    return _required(cast(Any, kind).fields.values(), version)


def _required(fields: Iterable[Any], version: int) -> _Required:
    """Read what is required from the library's copy of Kafka's own schemas."""
    names, lists, structures = [], [], []
    for field in fields:
        if not field.for_version_q(version) or field.nullable_for_version_q(version):
            continue
        if field.is_struct_array():
            names.append(field.name)
            below = _required(field.fields.values(), version)
            if any(below):
                structures.append((field.name, below))
        elif field.is_array():
            names.append(field.name)
            lists.append(field.name)
        elif field.type_str in {"string", "bytes"}:
            names.append(field.name)
    return _Required(tuple(names), tuple(lists), tuple(structures))
