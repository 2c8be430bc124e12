"""Every text of the audit exists in both languages."""

import ast
import re

from tests.paths import ROOT

ROOM = ROOT / "exporter" / "kafka_producer_exporter" / "audit"
FILES = (*sorted(ROOM.glob("*.py")), ROOM.parent / "commands" / "audit.py")


def texts():
    """Yield each call of Text with its two arguments, as source."""
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Text":
                yield f"{file.name}:{node.lineno}", node.args


def test_each_text_has_a_korean_one_and_both_have_the_same_values():
    found = list(texts())
    assert len(found) > 80
    for where, (english, korean) in found:
        assert re.search("[가-힣]", ast.unparse(korean)), where
        assert not re.search("[가-힣]", ast.unparse(english)), where
        values = [
            sorted(ast.unparse(part.value) for part in ast.walk(one) if isinstance(part, ast.FormattedValue))
            for one in (english, korean)
        ]
        assert {value.replace(".en", "") for value in values[0]} == {value.replace(".ko", "") for value in values[1]}, (
            where
        )
