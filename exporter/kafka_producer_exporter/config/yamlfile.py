"""A YAML file to found values: each with its line, nothing of it constructed but scalars."""

from pathlib import Path

import yaml

from kafka_producer_exporter.config.found import Findings, Found

DEPTH = 20
"""Deeper nesting than any key has; an alias that holds itself nests without end."""


def found_in(file: Path, findings: Findings) -> Found:
    """Return what stands in the file; an empty mapping, and a problem on record, where that cannot be read."""
    name = str(file)
    nothing = Found({}, name)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        findings.add(name, f"byte {error.start} is not UTF-8; save the file as UTF-8")
        return nothing
    except FileNotFoundError:
        findings.add(name, "there is no such file; correct --config")
        return nothing
    except OSError as error:
        findings.add(
            name, f"{(error.strerror or 'unreadable').lower()}; correct --config, or the file's owner or group"
        )
        return nothing
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:  # its text quotes the line, which may hold a secret
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}" if mark else name
        findings.add(where, f"not YAML: {error.problem or error.context}; correct the line, or the one before it")
        return nothing
    except yaml.YAMLError as error:  # ReaderError: a character that YAML does not allow
        position = getattr(error, "position", None)
        where = f"{name}:{text.count(chr(10), 0, position) + 1}" if isinstance(position, int) else name
        findings.add(where, f"not YAML: {getattr(error, 'reason', 'unreadable')}; remove the character")
        return nothing
    if root is None or (isinstance(root, yaml.ScalarNode) and root.tag == "tag:yaml.org,2002:null"):
        return nothing
    if not isinstance(root, yaml.MappingNode):
        findings.add(f"{name}:1", "the file is not a mapping; start it with a key, such as targets:")
        return nothing
    return _Reader(file, findings).found(root, "", DEPTH)


class _Reader:
    """Turns nodes into found values."""

    def __init__(self, file: Path, findings: Findings) -> None:
        self._file = file
        self._findings = findings
        self._scalars = yaml.SafeLoader("")

    def found(self, node: yaml.Node, path: str, depth: int) -> Found:
        where = f"{self._file}:{node.start_mark.line + 1} {path}".rstrip()
        value: object = None
        if depth == 0:
            self._findings.add(where, "nested too deeply; no key is")
        elif isinstance(node, yaml.MappingNode):
            value = self._mapping(node, path, depth - 1)
        elif isinstance(node, yaml.SequenceNode):
            value = [self.found(below, f"{path}[{index}]", depth - 1) for index, below in enumerate(node.value)]
        else:
            value = self._scalar(node, where)
        return Found(value, where, self._file.parent)

    def _mapping(self, node: yaml.MappingNode, path: str, depth: int) -> dict[str, Found]:
        entries: dict[str, Found] = {}
        lines: dict[str, int] = {}
        for key, below in node.value:
            line = key.start_mark.line + 1
            here = f"{self._file}:{line} {path}".rstrip()
            if not isinstance(key, yaml.ScalarNode) or key.tag not in _TEXT:
                self._findings.add(here, "a key here is not text; put it in quotes")
                continue
            name = str(key.value)
            below_path = f"{path}.{name}" if path else name
            if name in entries:
                self._findings.add(f"{self._file}:{line} {below_path}", f"already in line {lines[name]}; keep one")
                continue
            # The line of the key, not of the value: that is what a person looks for.
            found = self.found(below, below_path, depth)
            entries[name] = found._replace(where=f"{self._file}:{line} {below_path}")
            lines[name] = line
        return entries

    def _scalar(self, node: yaml.Node, where: str) -> object:
        try:
            return self._scalars.construct_object(node)
        except (yaml.YAMLError, ValueError):
            self._findings.add(where, "a value that YAML does not know; put it in quotes")
            return None


_TEXT = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:merge", "tag:yaml.org,2002:value")
