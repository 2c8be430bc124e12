"""The tables of values in the chart's README, made of the comments in its ``values.yaml``.

The comment directly above a key describes it. A key with others below it is a block, and its comment describes these.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import yaml

from kafka_producer_exporter.text import markdown_table

PLACE = re.compile(
    r"(?<=<!-- The tables are written by `make generate` from values\.yaml\. -->\n).*?(?=<!-- End of the tables\. -->)",
    re.DOTALL,
)


class _Value(NamedTuple):
    path: str
    default: str | None
    """None for a key with keys below it."""
    description: str


def tables(values: str) -> str:
    """Return a table for each block of ``values.yaml``, whose text is *values*."""
    root = yaml.compose(values, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        raise TypeError("values.yaml is no mapping")
    lines = values.splitlines()
    blocks: list[tuple[str, str, list[_Value]]] = [("General", "", [])]
    for value in _values(root, lines, ""):
        if "." not in value.path and value.default is None:
            blocks.append((f"`{value.path}`", value.description, []))
        elif "." not in value.path:
            blocks[0][2].append(value)
        else:
            blocks[-1][2].append(value)
    return "\n" + "\n".join(_block(title, text, found) for title, text, found in blocks) + "\n"


def _block(title: str, text: str, values: Sequence[_Value]) -> str:
    return "\n\n".join(part for part in (f"### {title}", text, _table(values)) if part)


def _table(values: Sequence[_Value]) -> str:
    rows = [
        (f"`{value.path}`", "" if value.default is None else f"`{value.default}`", value.description)
        for value in values
        if value.default is not None or value.description
    ]
    return markdown_table(("Value", "Default", "Description"), rows)


def _values(mapping: yaml.MappingNode, lines: Sequence[str], above: str) -> Iterator[_Value]:
    for key, node in mapping.value:
        path = above + key.value
        description = _description(lines, key.start_mark.line)
        if isinstance(node, yaml.MappingNode) and node.value:
            yield _Value(path, None, description)
            yield from _values(node, lines, f"{path}.")
        else:
            yield _Value(
                path, json.dumps(yaml.SafeLoader("").construct_object(node, deep=True), ensure_ascii=False), description
            )


def _description(lines: Sequence[str], number: int) -> str:
    """Return the comment that ends above line *number*."""
    first = number
    while first and lines[first - 1].lstrip().startswith("#"):
        first -= 1
    return " ".join(line.lstrip().removeprefix("#").strip() for line in lines[first:number])
