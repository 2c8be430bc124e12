"""Renders families as the bytes of a page, in either text format, byte for byte as prometheus-client does.

The text of a series' labels was made once and is kept (``model.Labels``), so only its value is formatted here.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from kafka_producer_exporter.exposition.formats import Format
from kafka_producer_exporter.model import Family, Kind, Metric

CHUNK_BYTES = 64 * 1024


def render(families: Iterable[Family], page_format: Format) -> bytes:
    """Return the whole page: see ``rendered``."""
    return b"".join(rendered(families, page_format))


def rendered(families: Iterable[Family], page_format: Format) -> Iterator[bytes]:
    """Yield the page in chunks of at least CHUNK_BYTES; the last one may be shorter.

    A family without samples is omitted, with its help and type. Half of a surrogate pair, which Java allows in a name
    and UTF-8 does not, becomes a question mark.
    """
    # One text for the whole page would have a page of 40 000 series in memory three times.
    texts: list[str] = []
    size = 0
    for family in families:
        if family.samples:
            text = _family(family, page_format)
            texts.append(text)
            size += len(text)  # the bytes are at least as many
            if size >= CHUNK_BYTES:
                yield "".join(texts).encode("utf-8", "replace")
                texts, size = [], 0
    if page_format is Format.OPENMETRICS:
        texts.append("# EOF\n")
    if texts:
        yield "".join(texts).encode("utf-8", "replace")


def _family(family: Family, page_format: Format) -> str:
    metric, samples = family
    name = metric.name
    # The only code that runs for every sample. `* 1.0` turns an int into a float, and keeps the sign of -0.0.
    lines = [
        f"{name}{labels.text} {value * 1.0!r}\n" if value < 1e6 else f"{name}{labels.text} {_large(value)}\n"
        for labels, value in samples
    ]
    return "".join([_header(metric, page_format), *lines])


def _large(value: float) -> str:
    """Return a number of at least a million as Go writes it: Go uses exponents earlier than Python."""
    text = repr(value * 1.0)
    whole, _, fraction = text.partition(".")
    if len(whole) <= 6:
        return text  # at 1e16 and above Python writes the exponent itself
    mantissa = f"{whole[0]}.{whole[1:]}{fraction}".rstrip("0.")
    return f"{mantissa}e+{len(whole) - 1:02d}"


@lru_cache(maxsize=1024)
def _header(metric: Metric, page_format: Format) -> str:
    text = metric.help.replace("\\", r"\\").replace("\n", r"\n")
    if page_format is Format.PROMETHEUS_TEXT:
        kind = Kind.GAUGE if metric.kind is Kind.INFO else metric.kind  # the format has no info type
        return f"# HELP {metric.name} {text}\n# TYPE {metric.name} {kind}\n"
    # In OpenMetrics the suffix belongs to the sample, not to the family.
    name = metric.name.removesuffix("_total").removesuffix("_info")
    text = text.replace('"', r"\"")
    unit = f"# UNIT {name} {metric.unit.base}\n" if metric.unit.base else ""
    return f"# HELP {name} {text}\n# TYPE {name} {metric.kind}\n{unit}"
