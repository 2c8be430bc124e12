import re
from html.parser import HTMLParser

import pytest

from alerts.runbook_pages import lead, pages

TEXT = """# KafkaX

The sentence
of `X`.

## Meaning

See [KafkaY](KafkaY). <script>alert(1)</script>

| a | b |
| --- | --- |
| 1 | 2 |
"""


@pytest.fixture
def made(tmp_path):
    for language, names in (("en", ("KafkaX", "KafkaY")), ("ko", ("KafkaX",))):
        (tmp_path / language).mkdir()
        for name in names:
            (tmp_path / language / f"{name}.md").write_text(TEXT.replace("KafkaX", name), encoding="utf-8")
    return pages(tmp_path)


class Tags(HTMLParser):
    """Collects the tags of a page, and checks that each one is closed in order."""

    def __init__(self, page):
        super().__init__()
        self.found, self.open = [], []
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_a_runbook_becomes_a_page_and_stays_a_text(made):
    assert sorted(made) == [
        "runbooks/en/KafkaX.html",
        "runbooks/en/KafkaX.md",
        "runbooks/en/KafkaY.html",
        "runbooks/en/KafkaY.md",
        "runbooks/en/index.html",
        "runbooks/ko/KafkaX.html",
        "runbooks/ko/KafkaX.md",
        "runbooks/ko/index.html",
    ]
    assert made["runbooks/en/KafkaX.md"] == TEXT


def test_a_page_is_whole_and_loads_and_runs_nothing(made):
    for path, text in made.items():
        if path.endswith(".html"):
            tags = Tags(text).found
            assert {"html", "title", "style", "nav", "main", "h1"} <= {tag for tag, _ in tags}
            assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in tags}
            assert not [attributes for _, attributes in tags if {"src", "style", "onload"} & attributes.keys()]
            assert not re.search(r"url\(|@import|https?:", text)
            assert "prefers-color-scheme:dark" in text


def test_html_in_a_runbook_is_shown_and_not_interpreted(made):
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in made["runbooks/en/KafkaX.html"]


def test_tables_are_understood(made):
    assert "<td>1</td>" in made["runbooks/en/KafkaX.html"]


def test_links_lead_to_the_same_language_and_to_the_other_one(made):
    def links(path):
        return [attributes["href"] for tag, attributes in Tags(made[path]).found if tag == "a"]

    assert links("runbooks/en/KafkaX.html") == ["../?lang=en", "./?lang=en", "?lang=ko", "KafkaY?lang=en"]
    assert links("runbooks/ko/KafkaX.html") == ["../?lang=ko", "./?lang=ko", "?lang=en", "KafkaY?lang=ko"]
    assert links("runbooks/en/index.html") == ["../?lang=en", "?lang=ko", "KafkaX?lang=en", "KafkaY?lang=en"]


def test_a_page_without_a_translation_does_not_link_to_it(made):
    assert "?lang=ko" not in made["runbooks/en/KafkaY.html"]


def test_the_list_has_the_first_sentence_of_each_runbook(made):
    assert lead(TEXT) == "The sentence of `X`."
    assert "<dd>The sentence of <code>X</code>.</dd>" in made["runbooks/en/index.html"]
