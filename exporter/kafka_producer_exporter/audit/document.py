"""YAML documents: configurations, ConfigMaps, and whatever else may hold a producer's options or variables.

The only module of this package that knows YAML.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

import yaml

from kafka_producer_exporter.audit.entries import Entry, UnreadableError
from kafka_producer_exporter.bounded_yaml import MAX_DEPTH, BoundedLoader, LimitError, NodeCount

_MERGE = "tag:yaml.org,2002:merge"
_NULL = "tag:yaml.org,2002:null"
_TEMPLATE = "it looks like a template; audit what it renders, such as the output of helm template"


class YamlDocument(NamedTuple):
    """A document: its entries by dotted path, its lists of variables, and the files that a ConfigMap holds."""

    entries: tuple[Entry, ...]
    variables: tuple[Entry, ...] = ()
    """From lists of ``name`` and ``value``, as a Deployment has them."""
    embedded: tuple[tuple[str, str, int], ...] = ()
    """The name of each file in a ConfigMap or Secret, its text, and the line before its first."""
    kind: str = ""


def read_yaml(text: str) -> list[YamlDocument]:
    """Return the documents of *text*. Raise UnreadableError."""
    count = NodeCount()
    try:
        roots = list(yaml.compose_all(text, Loader=BoundedLoader))
        collections = (root for root in roots if isinstance(root, yaml.MappingNode | yaml.SequenceNode))
        return [document for root in collections for document in _documents(root, count)]
    except yaml.MarkedYAMLError as error:  # its text is left out: it quotes the line, which may hold a secret
        mark = error.problem_mark or error.context_mark
        what = (
            _TEMPLATE if "{{" in text else f"{error.problem or error.context}; correct this line or the one before it"
        )
        raise UnreadableError(f"not YAML: {what}", mark.line + 1 if mark else None) from None
    except yaml.YAMLError as error:  # a ReaderError: YAML does not allow a character
        position = getattr(error, "position", None)
        line = text.count("\n", 0, position) + 1 if isinstance(position, int) else None
        raise UnreadableError(
            f"not YAML: {getattr(error, 'reason', 'unreadable')}; remove the character", line
        ) from None
    except LimitError as error:
        raise UnreadableError(str(error), error.line) from None


def _documents(root: yaml.Node, count: NodeCount) -> Iterator[YamlDocument]:
    """Yield the document, or each of those that a list has, as kubectl prints one."""
    fields = _fields(root)
    kind_node, items = fields.get("kind"), fields.get("items")
    kind = str(kind_node.value) if isinstance(kind_node, yaml.ScalarNode) and "apiVersion" in fields else ""
    if kind.endswith("List") and isinstance(items, yaml.SequenceNode):
        for one in items.value:
            if not _fields(one).keys() & {"items"}:  # a list in a list is none of kubectl's
                yield from _documents(one, count)
    elif kind in ("ConfigMap", "Secret"):
        yield _config_map(kind, fields.get("data" if kind == "ConfigMap" else "stringData"))
    else:
        entries = tuple(_flat(root, "", MAX_DEPTH, count))
        yield YamlDocument(entries, tuple(_variables(root, MAX_DEPTH, NodeCount())), (), kind)


def _fields(node: yaml.Node) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {str(key.value): value for key, value in node.value if isinstance(key, yaml.ScalarNode)}


def _config_map(kind: str, data: yaml.Node | None) -> YamlDocument:
    entries, embedded = [], []
    for key, value in _scalars(data) if isinstance(data, yaml.MappingNode) else ():
        if _is_file(key, value):
            embedded.append((str(key.value), str(value.value), _before_text(key, value)))
        else:
            entries.append(Entry(str(key.value), str(value.value), _line(key)))
    return YamlDocument(tuple(entries), (), tuple(embedded), kind)


def _scalars(data: yaml.MappingNode) -> Iterator[tuple[yaml.ScalarNode, yaml.ScalarNode]]:
    for key, value in data.value:
        if isinstance(key, yaml.ScalarNode) and isinstance(value, yaml.ScalarNode):
            yield key, value


def _is_file(key: yaml.ScalarNode, value: yaml.ScalarNode) -> bool:
    return (
        "\n" in str(value.value).strip() or re.search(r"\.(?:properties|ya?ml|env|conf)$", str(key.value)) is not None
    )


def _before_text(key: yaml.ScalarNode, value: yaml.ScalarNode) -> int:
    """Return the number of the line before the first line of a text within the document."""
    is_block = value.style in ("|", ">")
    return int(value.start_mark.line) + 1 if is_block else _line(key) - 1


def _flat(node: yaml.Node, path: str, depth: int, count: NodeCount, line: int = 0) -> Iterator[Entry]:
    """Yield every scalar below *node*, with its path; a list of scalars is one value, with commas."""
    count.add(node.start_mark.line + 1)
    if depth == 0:
        raise LimitError(node.start_mark.line + 1, "nested too deeply; remove the alias, or the additional levels")
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.tag == _MERGE:
                merged = value.value if isinstance(value, yaml.SequenceNode) else [value]
                for one in merged:
                    yield from _flat(one, path, depth - 1, count)
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE:
                name = re.sub(r"^\[(.*)\]$", r"\1", str(key.value))  # Spring's way to write a key with dots
                yield from _flat(value, f"{path}.{name}" if path else name, depth - 1, count, _line(key))
    elif isinstance(node, yaml.SequenceNode):
        if all(isinstance(one, yaml.ScalarNode) for one in node.value):
            yield Entry(path, ",".join(str(one.value) for one in node.value), line)
        else:
            for index, one in enumerate(node.value):
                yield from _flat(one, f"{path}[{index}]", depth - 1, count, line)
    elif path:
        yield Entry(path, _text(node), line)


def _text(node: yaml.Node) -> str:
    if node.tag == _NULL:
        return ""
    text = str(node.value)
    return text.replace("_", "") if node.tag == "tag:yaml.org,2002:int" else text


def _variables(node: yaml.Node, depth: int, count: NodeCount) -> Iterator[Entry]:
    """Yield the items of every list whose items have a name and a value, or a name and a reference to one."""
    count.add(node.start_mark.line + 1)
    if depth == 0:
        return
    if isinstance(node, yaml.MappingNode):
        for _, value in node.value:
            yield from _variables(value, depth - 1, count)
    elif isinstance(node, yaml.SequenceNode):
        for one in node.value:
            fields = _fields(one)
            name, value = fields.get("name"), fields.get("value")
            if isinstance(name, yaml.ScalarNode) and isinstance(value, yaml.ScalarNode):
                yield Entry(str(name.value), str(value.value), _line(name))
            elif isinstance(name, yaml.ScalarNode) and "valueFrom" in fields:
                yield Entry(str(name.value), None, _line(name))
            else:
                yield from _variables(one, depth - 1, count)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
