"""The blocks of commands in a document, and the commands in them.

A comment before a block says what becomes of it: ``<!-- run: NAME -->``, by a test, or ``<!-- not run: REASON -->``.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.paths import DOCS, ROOT

PAGES = (ROOT / "README.md", DOCS / "kubernetes.md", DOCS / "security.md", DOCS / "faq.md")
"""The documents whose blocks have such comments."""

BLOCK = re.compile(r"^(?:<!-- (run|not run): ([^\n]+) -->\n)?```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEREDOC = re.compile(r" <<'?END'?([^\n]*\n)(.*?)^END\n", re.MULTILINE | re.DOTALL)
SUBSTITUTION = re.compile(r"\$\(([^()]*)\)")
OPERATORS = "|&;<>()\n"


class Block(NamedTuple):
    """A block of commands."""

    page: Path
    kind: str
    """``run``, ``not run``, or empty if nothing is said about it."""
    name: str
    """Its name, or why it is not run."""
    text: str


def blocks(page: Path) -> list[Block]:
    """Return the blocks of a document, in their order."""
    return [Block(page, *found) for found in BLOCK.findall(page.read_text(encoding="utf-8"))]


def block(page: Path, name: str) -> Block:
    """Return a block that is run."""
    (found,) = (each for each in blocks(page) if each.kind == "run" and each.name == name)
    return found


def heredocs(text: str) -> list[str]:
    """Return the files that a block contains."""
    return [content for _, content in HEREDOC.findall(text)]


def commands(text: str) -> Iterator[list[str]]:
    """Yield the words of each simple command, and then those of command substitutions.

    Redirections are left out, and variables that the block sets are replaced.
    """
    text = HEREDOC.sub(r"\1", text).replace("\\\n", " ")
    for name, value in re.findall(r"^([A-Z]+)=(\S+)$", text, re.MULTILINE):
        text = text.replace(f"${name}", value)
    inner = SUBSTITUTION.findall(text)
    text = re.sub(r"\s#\s.*", "", SUBSTITUTION.sub("$OUTPUT", text))
    lexer = shlex.shlex(text, posix=True, punctuation_chars=OPERATORS)
    lexer.whitespace_split, lexer.whitespace, lexer.commenters = True, " \t", ""
    command: list[str] = []
    redirected = False
    for word in [*lexer, ";"]:
        if set(word) <= set("<>"):
            redirected = True
        elif set(word) <= set(OPERATORS):
            if command:
                yield command
            command = []
        elif redirected:
            redirected = False
        elif command or not re.fullmatch(r"[A-Z_]+=.*", word):
            command.append(word)
    for part in inner:
        yield from commands(part)
