"""The anchors that GitHub gives the headings of a Markdown page. Pure."""

import re
from collections import Counter
from collections.abc import Iterator

_FENCE = re.compile(r"^ *(```|~~~)")
_HEADING = re.compile(r"^#{1,6} +(.+?)\s*#*$")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")


def prose(page: str) -> Iterator[str]:
    """Yield the lines of *page* without its code blocks."""
    is_code = False
    for line in page.splitlines():
        if _FENCE.match(line):
            is_code = not is_code
        elif not is_code:
            yield line


def headings(page: str) -> list[str]:
    """Return the headings of *page* in order, with their number signs."""
    return [line.rstrip() for line in prose(page) if _HEADING.match(line)]


def anchors(page: str) -> list[str]:
    """Return the anchor of each heading of *page*; of equal headings, the second one gets ``-1``."""
    seen: Counter[str] = Counter()
    found = []
    for line in headings(page):
        name = anchor(line)
        found.append(f"{name}-{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return found


def anchor(heading: str) -> str:
    """Return the anchor of a heading, such as ``a-brokers-own-jvm`` for ``## A broker's own JVM``."""
    text = _LINK.sub(r"\1", heading.lstrip("#").strip()).lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
