"""Text of Kubernetes manifests ↔ objects. What is not changed keeps its text.

A scalar keeps the tag and the style in which it was written: ``0400`` stays an octal number, and ``on`` is not turned
into ``true``. Comments of a document that is changed are lost.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import yaml

from kafka_producer_exporter.errors import Problem
from kafka_producer_exporter.sidecar.parts import Manifest

# YAML 1.2, 9.1.2: a line that starts like this always starts a document, in a block of text, too.
_START = re.compile(r"^---(?=\s|$)", re.MULTILINE)


class Document(NamedTuple):
    """A document of a stream."""

    number: int
    """From 1, documents without content included."""
    line: int
    """Where it starts in the stream, from 1."""
    text: str


class ManifestError(Exception):
    """A document is not a manifest. Holds the problem."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(what)
        self.problem = Problem(where, what)


class _Scalar(str):
    """A scalar as it was written: its text, and the node that it came from."""

    __slots__ = ("node",)
    node: yaml.ScalarNode


def split(stream: str) -> Iterator[Document]:
    """Yield the documents of a stream. Their texts, one after the other, are the stream."""
    starts = [match.start() for match in _START.finditer(stream)]
    if not starts or stream[: starts[0]].strip():
        starts.insert(0, 0)
    else:
        starts[0] = 0  # what precedes the first document belongs to it
    for number, (start, end) in enumerate(zip(starts, [*starts[1:], len(stream)], strict=True), 1):
        yield Document(number, stream.count("\n", 0, start) + 1, stream[start:end])


def parse(document: Document) -> object:
    """Return the content of a document, with every scalar as text; None if it has none. Raises ManifestError."""
    where = f"document {document.number}"
    try:
        return yaml.load(document.text, Loader=_Loader)  # noqa: S506 - the loader is a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = document.line + (mark.line if mark else 0)
        raise ManifestError(f"{where}, line {line}", f"not YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise ManifestError(where, f"not YAML: {getattr(error, 'reason', 'unreadable')}") from None
    except RecursionError:
        raise ManifestError(where, "nested too deeply") from None


def write(content: object) -> str:
    """Return the text of a document that starts with ``---``."""
    return "---\n" + yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000)


def items_of(content: object) -> list[Manifest] | None:
    """Return the items of a List; None if *content* is no List."""
    if isinstance(content, dict) and str(content.get("kind", "")).endswith("List"):
        items = content.get("items")
        if isinstance(items, list):
            return items
    return None


def changed(content: object, change: Callable[[object, str], object]) -> object:
    """Return a document after *change* of its object, or of each item of its List.

    *change* takes an object and where it is in the document (empty, or its item), and returns the same object if it
    leaves it as it is. If all are left, the result is *content* itself.
    """
    items = items_of(content)
    if items is None:
        return change(content, "")
    results = [change(item, f", item {number}") for number, item in enumerate(items, 1)]
    if all(result is item for result, item in zip(results, items, strict=True)):
        return content
    return {**content, "items": results} if isinstance(content, dict) else content


class _Loader(yaml.SafeLoader):
    """Constructs mappings, lists and texts, and nothing else."""

    def construct_text(self, node: yaml.Node) -> object:
        """Return a scalar as it was written; None for null."""
        if not isinstance(node, yaml.ScalarNode):
            raise yaml.constructor.ConstructorError(None, None, f"unknown tag {node.tag}", node.start_mark)
        if node.tag == "tag:yaml.org,2002:null":
            return None
        scalar = _Scalar(node.value)
        scalar.node = node
        return scalar


for _tag in ("null", "bool", "int", "float", "binary", "timestamp", "str", "value"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _Loader.construct_text)
_Loader.add_constructor(None, _Loader.construct_text)


class _Dumper(yaml.SafeDumper):
    """Writes lists below their key with an indentation, and texts as they were written."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        """Indent lists, too."""
        super().increase_indent(flow, False)


def _written(dumper: yaml.SafeDumper, scalar: _Scalar) -> yaml.ScalarNode:  # noqa: ARG001
    return yaml.ScalarNode(scalar.node.tag, str(scalar), style=scalar.node.style)


_Dumper.add_representer(_Scalar, _written)
