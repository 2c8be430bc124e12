"""README.ko.md says the same as README.md: the same headings, commands, tables, links, names and numbers."""

import re
from collections import Counter

import pytest

from tests.paths import ROOT
from tools.anchors import headings, prose

ENGLISH = (ROOT / "README.md").read_text(encoding="utf-8")
KOREAN = (ROOT / "README.ko.md").read_text(encoding="utf-8")
TO_THE_OTHER = {"README.md": "README.ko.md", "README.ko.md": "README.md"}
ADVICE = "change README.ko.md together with README.md"

BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^()\s]+)\)")
CODE = re.compile(r"`([^`]+)`")
NUMBER = re.compile(r"(?<![\w.-])\d+(?:[.,]\d+)*")


def blocks(page):
    """The code blocks with their languages, without comments, which are translated."""
    return [(language, re.sub(r" +# .*$", "", code, flags=re.MULTILINE)) for language, code in BLOCK.findall(page)]


def tables(page):
    """The number of columns of each row, table by table."""
    found, rows = [], []
    for line in [*prose(page), ""]:
        cells = re.split(r"(?<!\\)\|", line.strip())
        if len(cells) > 2:
            rows.append(len(cells) - 2)
        elif rows:
            found.append(rows)
            rows = []
    return found


def links(page):
    """The targets of links and pictures in any order; a page or a picture with a language counts without it."""
    return Counter(re.sub(r"(?:\.ko(?=\.md)|-(?:en|ko)(?=\.png))", "", target) for target in LINK.findall(page))


def text(page):
    """The page without code blocks, comments and targets of links."""
    return LINK.sub("]", re.sub(r"<!--.*?-->", "", "\n".join(prose(page))))


def items(page):
    return sum(line.lstrip().startswith("- ") for line in prose(page))


def paragraphs(page):
    return len(re.findall(r"\n\n(?=[^\s|<`#!-])", "\n".join(prose(re.sub(r"<!--.*?-->\n", "", page)))))


def levels(page):
    return [heading.partition(" ")[0] for heading in headings(page)]


def names(page):
    return Counter(CODE.findall(text(page)))


def numbers(page):
    """The numbers in tables, and those of several digits elsewhere: prose may have a word for a small one."""
    return Counter(
        number
        for line in CODE.sub("", text(page)).splitlines()
        for number in NUMBER.findall(line)
        if len(number) > 1 or line.lstrip().startswith("|")
    )


@pytest.mark.parametrize(
    "part", [levels, blocks, tables, links, items, paragraphs, names, numbers], ids=lambda part: part.__name__
)
def test_both_have_the_same(part):
    assert part(KOREAN) == part(ENGLISH), ADVICE


@pytest.mark.parametrize(("page", "other"), TO_THE_OTHER.items())
def test_each_leads_to_the_other_at_its_beginning(page, other):
    beginning = (ROOT / page).read_text(encoding="utf-8").splitlines()[:4]

    assert any(LINK.findall(line) == [other] for line in beginning)


def test_the_korean_one_has_the_korean_pages_and_pictures():
    assert [target for target in LINK.findall(KOREAN) if target.endswith("-en.png")] == []
    assert "docs/guide-coverage.ko.md" in LINK.findall(KOREAN)


def test_every_line_of_the_korean_one_is_korean():
    lines = [re.sub(r"[^A-Za-z가-힣]", "", CODE.sub("", LINK.sub("", line))) for line in prose(KOREAN)]
    long = [line for line in lines if len(line) > 25]

    assert len(long) > 50
    assert [line for line in long if not re.search("[가-힣]", line)] == []


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (("## Test it", "### Test it"), levels),
        (("make demo\n", "make show\n"), blocks),
        (("| 21 MB | 283 MB |", "| 21 MB |"), tables),
        (("](docs/faq.md)", "](docs/kubernetes.md)"), links),
        (("- **Harmless.**", "**Harmless.**"), items),
        (("`make image-lock`", "`make lock`"), names),
        (("0.16 s", "0.61 s"), numbers),
    ],
    ids=lambda value: value.__name__ if callable(value) else value[0],
)
def test_a_change_of_one_alone_is_noticed(change, part):
    assert change[0] in ENGLISH
    assert part(ENGLISH.replace(*change)) != part(ENGLISH)
