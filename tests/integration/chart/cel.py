"""Values of an admission policy's CEL, read as JSON: what a patch adds, with given values for the variables.

Understands what the chart writes, and no more: objects, maps, lists, texts, numbers, ``variables.NAME``,
``string(…)``, and sums of texts.
"""

import json
import re

TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[\w.]+|[][{}():,+])')


def patches(expression, path, variables):
    """Return the values that the patches with this path, an expression, add, in their order."""
    start = f'JSONPatch{{op: "add", path: {path}, value: '
    found = (match.end() for match in re.finditer(re.escape(start), expression))
    return [_Reader(expression, position, variables).value() for position in found]


def text(expression, variables):
    """Return the value of an expression."""
    return _Reader(expression, 0, variables).value()


class _Reader:
    def __init__(self, source, position, variables):
        self._source = source
        self._position = position
        self._variables = variables

    def value(self):
        """Read a value, and what is added to it."""
        result = self._operand()
        while self._peek() == "+":
            self._next()
            result += self._operand()
        return result

    def _operand(self):
        token = self._next()
        if token.startswith('"'):
            return json.loads(token)
        if token == "[":
            return self._items("]", self.value)
        if token == "{":
            return dict(self._items("}", self._entry))
        if token == "string":
            self._expect("(")
            result = str(self.value())
            self._expect(")")
            return result
        if token.startswith("variables."):
            return self._variables[token.removeprefix("variables.")]
        if token.startswith("Object."):
            self._expect("{")
            return dict(self._items("}", self._entry))
        return json.loads(token)

    def _entry(self):
        name = self._next()
        self._expect(":")
        return name.strip('"'), self.value()

    def _items(self, end, read):
        items = []
        while self._peek() != end:
            items.append(read())
            if self._peek() == ",":
                self._next()
        self._next()
        return items

    def _peek(self):
        match = TOKEN.match(self._source, self._position)
        return match[1] if match else ""

    def _next(self):
        match = TOKEN.match(self._source, self._position)
        self._position = match.end()
        return match[1]

    def _expect(self, token):
        assert self._next() == token, self._source[self._position - 40 : self._position + 40]
