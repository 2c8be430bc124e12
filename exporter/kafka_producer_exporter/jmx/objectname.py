"""Names of MBeans: parsed, quoted and unquoted as javax.management.ObjectName does it."""

from collections.abc import Mapping


class ObjectName:
    """An MBean's name, parsed. Two are equal when their text is.

    ``properties`` are the key properties in the order of the text, unquoted: Kafka quotes a value that holds anything
    but ``[A-Za-z0-9_%. -]`` and tabs (see its Sanitizer.jmxSanitize), so ``client-id="orders,eu"`` is legal.
    """

    __slots__ = ("domain", "properties", "text")

    def __init__(self, text: str) -> None:
        """Parse a name; raises ValueError for one that javax.management.ObjectName would refuse."""
        self.text = text
        self.domain, self.properties = _parse(text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ObjectName) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"ObjectName({self.text!r})"


def _parse(text: str) -> tuple[str, Mapping[str, str]]:
    raise NotImplementedError
