"""Read a YAML file into located values, with the line of each. Only scalars are constructed.

Whatever the file contains, reading it ends soon, in bounded memory, with a value or a reported problem.
"""

from pathlib import Path

import yaml

from kafka_producer_exporter.bounded_yaml import MAX_DEPTH, BoundedLoader, LimitError, NodeCount
from kafka_producer_exporter.config.context import LoadContext
from kafka_producer_exporter.config.located import Located
from kafka_producer_exporter.net.files import read_small_file

MAX_FILE_BYTES = 1 << 20


def read_file(file: Path, context: LoadContext) -> Located:
    """Return the content of *file*. If it cannot be read, report the problem and return an empty mapping."""
    name = str(file)
    text = _read_text(file, context)
    if text is not None:
        try:
            root = _compose(text, name, context)
            if root is not None:
                return _NodeReader(file, context).located(root, "", MAX_DEPTH)
        except LimitError as error:
            context.report(f"{name}:{error.line}", str(error))
    return Located({}, name)


def _read_text(file: Path, context: LoadContext) -> str | None:
    name = str(file)
    try:
        return read_small_file(file, max_bytes=MAX_FILE_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        context.report(name, f"byte {error.start} is not UTF-8; save the file as UTF-8")
    except ValueError as error:
        context.report(name, f"{error}; correct --config")
    except FileNotFoundError:
        context.report(name, "there is no such file; correct --config")
    except OSError as error:
        what = (error.strerror or "unreadable").lower()
        context.report(name, f"{what}; correct --config, or the file's owner or group")
    return None


def _compose(text: str, name: str, context: LoadContext) -> yaml.MappingNode | None:
    """Return the root of the document; None if it is empty, or after a problem was reported."""
    try:
        root = yaml.compose(text, Loader=BoundedLoader)
    except yaml.MarkedYAMLError as error:  # its text is left out: it quotes the line, which may hold a secret
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}" if mark else name
        context.report(where, f"not YAML: {error.problem or error.context}; correct this line or the one before it")
        return None
    except yaml.YAMLError as error:  # a ReaderError: YAML does not allow a character
        position = getattr(error, "position", None)
        where = f"{name}:{text.count(chr(10), 0, position) + 1}" if isinstance(position, int) else name
        context.report(where, f"not YAML: {getattr(error, 'reason', 'unreadable')}; remove the character")
        return None
    if isinstance(root, yaml.MappingNode):
        return root
    if root is not None and not (isinstance(root, yaml.ScalarNode) and root.tag == "tag:yaml.org,2002:null"):
        context.report(f"{name}:1", "the file is not a mapping; start it with a key, such as targets:")
    return None


class _NodeReader:
    """Turns the YAML nodes of one file into located values."""

    def __init__(self, file: Path, context: LoadContext) -> None:
        self._file = file
        self._context = context
        self._scalars = yaml.SafeLoader("")
        self._nodes = NodeCount()

    def located(self, node: yaml.Node, path: str, depth: int) -> Located:
        line = node.start_mark.line + 1
        self._nodes.add(line)
        where = f"{self._file}:{line} {path}".rstrip()
        value: object = None
        if depth == 0:
            raise LimitError(line, "nested too deeply; remove the alias, or the additional levels")
        if isinstance(node, yaml.MappingNode):
            value = self._mapping(node, path, depth - 1)
        elif isinstance(node, yaml.SequenceNode):
            value = [self.located(below, f"{path}[{index}]", depth - 1) for index, below in enumerate(node.value)]
        else:
            value = self._scalar(node, where)
        return Located(value, where, self._file.parent)

    def _mapping(self, node: yaml.MappingNode, path: str, depth: int) -> dict[str, Located]:
        entries: dict[str, Located] = {}
        lines: dict[str, int] = {}
        for key, below in node.value:
            line = key.start_mark.line + 1
            here = f"{self._file}:{line} {path}".rstrip()
            if not isinstance(key, yaml.ScalarNode) or key.tag not in _TEXT:
                self._context.report(here, "this key is not text; put it in quotes")
                continue
            name = str(key.value)
            below_path = f"{path}.{name}" if path else name
            if name in entries:
                self._context.report(
                    f"{self._file}:{line} {below_path}", f"already set in line {lines[name]}; keep one of them"
                )
                continue
            # People look for the line of the key, not of the value.
            located = self.located(below, below_path, depth)
            entries[name] = located._replace(where=f"{self._file}:{line} {below_path}")
            lines[name] = line
        return entries

    def _scalar(self, node: yaml.Node, where: str) -> object:
        try:
            return self._scalars.construct_object(node)
        except Exception:  # noqa: BLE001 - PyYAML's constructors raise what they like for a tag that does not fit
            self._context.report(where, "YAML cannot read this value; put it in quotes")
            return None


_TEXT = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:merge", "tag:yaml.org,2002:value")
