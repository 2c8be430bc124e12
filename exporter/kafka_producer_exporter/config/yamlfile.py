"""Read a YAML file into located values, with the line of each. Only scalars are constructed.

Whatever the file contains, reading it ends soon, in bounded memory, with a value or a reported problem.
"""

from pathlib import Path

import yaml

from kafka_producer_exporter.config.context import LoadContext
from kafka_producer_exporter.config.located import Located
from kafka_producer_exporter.net.files import read_small_file

MAX_FILE_BYTES = 1 << 20
MAX_DEPTH = 20
"""More than any key needs. An alias that refers to a mapping around it is nested without end."""
MAX_NODES = 20_000
"""More than a file with a thousand targets needs, and what a small container has room for. Nodes count again where an
alias repeats them, because a few lines of aliases can stand for millions of nodes."""


def read_file(file: Path, context: LoadContext) -> Located:
    """Return the content of *file*. If it cannot be read, report the problem and return an empty mapping."""
    name = str(file)
    text = _read_text(file, context)
    if text is not None:
        try:
            root = _compose(text, name, context)
            if root is not None:
                return _NodeReader(file, context).located(root, "", MAX_DEPTH)
        except _LimitError as error:
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
        root = yaml.compose(text, Loader=_BoundedLoader)
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


class _LimitError(Exception):
    """The file exceeds a limit in *line*; ``str()`` says what to do."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line = line


class _NodeCount:
    """Counts nodes up to the limit."""

    def __init__(self) -> None:
        self._count = 0

    def add(self, line: int) -> None:
        """Count a node that begins in *line*; raise _LimitError over the limit."""
        self._count += 1
        if self._count > MAX_NODES:
            raise _LimitError(line, f"more than {MAX_NODES} values; remove aliases, or split the file")


class _BoundedLoader(yaml.SafeLoader):
    """A SafeLoader that stops composing a file with too many nodes, or with too deep ones.

    The depth is checked here and not only afterwards, since each level of brackets makes PyYAML slower with the others.
    """

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._nodes = _NodeCount()
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose a node as SafeLoader does, and count it."""
        line = self.peek_event().start_mark.line + 1  # type: ignore[no-untyped-call]  # the stubs lack a type here
        self._nodes.add(line)
        if self._depth > MAX_DEPTH:
            raise _LimitError(line, "nested too deeply; remove the additional levels")
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


class _NodeReader:
    """Turns the YAML nodes of one file into located values."""

    def __init__(self, file: Path, context: LoadContext) -> None:
        self._file = file
        self._context = context
        self._scalars = yaml.SafeLoader("")
        self._nodes = _NodeCount()

    def located(self, node: yaml.Node, path: str, depth: int) -> Located:
        line = node.start_mark.line + 1
        self._nodes.add(line)
        where = f"{self._file}:{line} {path}".rstrip()
        value: object = None
        if depth == 0:
            raise _LimitError(line, "nested too deeply; remove the alias, or the additional levels")
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
