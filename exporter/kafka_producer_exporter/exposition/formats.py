"""The formats of a page, and which one a scraper prefers."""

from enum import Enum


class Format(Enum):
    """A text format. Its value is the content type of the response."""

    PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8"
    OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"

    # A page asks for it once per family; Enum's own is a function in Python.
    __hash__ = object.__hash__


def negotiate(accept: str) -> Format:
    """Return the format that an ``Accept`` header prefers, the first of equals; plain text if it names neither.

    An ``escaping`` parameter changes nothing, because none of our names needs escaping. No request is rejected, because
    a page in plain text is more useful than an error to a client that asks for something else.
    """
    best, best_quality = Format.PROMETHEUS_TEXT, 0.0
    for entry in accept.lower().split(","):
        media_type, *parameters = (part.strip() for part in entry.split(";"))
        values = dict(parameter.split("=", 1) for parameter in parameters if "=" in parameter)
        quality = _quality(values.get("q", "1"))
        if quality > best_quality and (served := _served(media_type, values.get("version", "").strip('"'))):
            best, best_quality = served, quality
    return best


def _served(media_type: str, version: str) -> Format | None:
    if media_type == "application/openmetrics-text":
        return Format.OPENMETRICS if version in {"", "1.0.0"} else None
    return Format.PROMETHEUS_TEXT if media_type in {"text/plain", "text/*", "*/*"} else None


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
