"""The page docs/truth.md: one section for each part, which is written when the part was run."""

import re
from typing import NamedTuple

HEADER = """\
# What the broker view says, and what Kafka says

`make truth` writes this page. It takes about half an hour and needs what the integration tests need.
`.venv/bin/python -m tests.truth PART` runs one part and leaves the other sections as they are.
"""


class Section(NamedTuple):
    """What one part found."""

    title: str
    text: str
    """Markdown: what was done, and the table."""
    is_good: bool
    """Whether the broker view was right."""


def with_section(page: str, name: str, section: Section) -> str:
    """Return *page* with the section of the part *name* replaced, or added at its end."""
    sections = dict(re.findall(r"<!-- (\w+) -->\n(.*?)<!-- end -->\n", page, flags=re.DOTALL))
    sections[name] = f"## {section.title}\n\n{section.text.strip()}\n\n"
    return HEADER + "".join(f"\n<!-- {name} -->\n{text}<!-- end -->\n" for name, text in sections.items())
