"""Composes YAML within limits: whatever a text contains, that ends soon and in bounded memory."""

import yaml

MAX_DEPTH = 20
"""More than any key needs. An alias that refers to a mapping around it is nested without end."""
MAX_NODES = 20_000
"""More than a file with a thousand targets needs, and what a small container has room for. Nodes count again where an
alias repeats them, because a few lines of aliases can stand for millions of nodes."""


class LimitError(Exception):
    """The file exceeds a limit in *line*; ``str()`` says what to do."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line = line


class NodeCount:
    """Counts nodes up to the limit."""

    def __init__(self) -> None:
        self._count = 0

    def add(self, line: int) -> None:
        """Count a node that begins in *line*; raise LimitError over the limit."""
        self._count += 1
        if self._count > MAX_NODES:
            raise LimitError(line, f"more than {MAX_NODES} values; remove aliases, or split the file")


class BoundedLoader(yaml.SafeLoader):
    """A SafeLoader that stops composing a file with too many nodes, or with too deep ones.

    The depth is checked here and not only afterwards, since each level of brackets makes PyYAML slower with the others.
    """

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._nodes = NodeCount()
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose a node as SafeLoader does, and count it."""
        line = self.peek_event().start_mark.line + 1  # type: ignore[no-untyped-call]  # the stubs lack a type here
        self._nodes.add(line)
        if self._depth > MAX_DEPTH:
            raise LimitError(line, "nested too deeply; remove the additional levels")
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node
