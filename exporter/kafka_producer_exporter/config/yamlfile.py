"""Read a YAML file into located values, with the line of each. Only scalars are constructed."""

from pathlib import Path

import yaml

from kafka_producer_exporter.config.context import LoadContext
from kafka_producer_exporter.config.located import Located

MAX_DEPTH = 20
"""More than any key needs. An alias that refers to a mapping around it is nested without end."""


def read_file(file: Path, context: LoadContext) -> Located:
    """Return the content of *file*. If it cannot be read, report the problem and return an empty mapping."""
    name = str(file)
    nothing = Located({}, name)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        context.report(name, f"byte {error.start} is not UTF-8; save the file as UTF-8")
        return nothing
    except FileNotFoundError:
        context.report(name, "there is no such file; correct --config")
        return nothing
    except OSError as error:
        what = (error.strerror or "unreadable").lower()
        context.report(name, f"{what}; correct --config, or the file's owner or group")
        return nothing
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:  # its text is left out: it quotes the line, which may hold a secret
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}" if mark else name
        context.report(where, f"not YAML: {error.problem or error.context}; correct this line or the one before it")
        return nothing
    except yaml.YAMLError as error:  # a ReaderError: YAML does not allow a character
        position = getattr(error, "position", None)
        where = f"{name}:{text.count(chr(10), 0, position) + 1}" if isinstance(position, int) else name
        context.report(where, f"not YAML: {getattr(error, 'reason', 'unreadable')}; remove the character")
        return nothing
    if root is None or (isinstance(root, yaml.ScalarNode) and root.tag == "tag:yaml.org,2002:null"):
        return nothing
    if not isinstance(root, yaml.MappingNode):
        context.report(f"{name}:1", "the file is not a mapping; start it with a key, such as targets:")
        return nothing
    return _NodeReader(file, context).located(root, "", MAX_DEPTH)


class _NodeReader:
    """Turns the YAML nodes of one file into located values."""

    def __init__(self, file: Path, context: LoadContext) -> None:
        self._file = file
        self._context = context
        self._scalars = yaml.SafeLoader("")

    def located(self, node: yaml.Node, path: str, depth: int) -> Located:
        where = f"{self._file}:{node.start_mark.line + 1} {path}".rstrip()
        value: object = None
        if depth == 0:
            self._context.report(where, "nested too deeply; remove the alias, or the additional levels")
        elif isinstance(node, yaml.MappingNode):
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
        except (yaml.YAMLError, ValueError):
            self._context.report(where, "YAML cannot read this value; put it in quotes")
            return None


_TEXT = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:merge", "tag:yaml.org,2002:value")
