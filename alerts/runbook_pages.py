"""Makes HTML pages of the runbooks, when the wheel is built: at run time there is nothing to render.

A page loads nothing and runs nothing. Its links to other runbooks and to the list are relative, so that they also work
behind a proxy with a path of its own.
"""

import re
from collections.abc import Mapping
from html import escape
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from kafka_producer_exporter.languages import LANGUAGES, OWN_NAMES
from kafka_producer_exporter.server.page_frame import COLOURS

_LIST = {"en": "Runbooks", "ko": "런북"}
_HOME = "Kafka producer exporter"
_ABOUT_LIST = {
    "en": "One runbook for each alert: what it means, how to find the cause, and what to do.",
    "ko": "경보마다 런북이 하나씩 있습니다. 경보의 의미, 원인을 찾는 방법, 조치를 설명합니다.",
}
RUNBOOK_LINK = re.compile(r"[A-Za-z][A-Za-z0-9]*")
"""What a link to another runbook looks like: its name, and nothing else."""

_STYLE = f"""{COLOURS}
body{{margin:0 auto;padding:1.5rem 1rem 3rem;max-width:50rem;background:var(--page);color:var(--text);
font:16px/1.6 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Noto Sans KR",sans-serif;overflow-wrap:anywhere}}
nav{{display:flex;justify-content:space-between;gap:1rem;font-size:.9rem}}
h1{{font-size:1.5rem;line-height:1.3;margin:1rem 0 .5rem}}
h2{{font-size:1.15rem;margin:2rem 0 .5rem;border-bottom:1px solid var(--line)}}
li{{margin:.35rem 0}}
code{{font:.88em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;background:var(--card);border-radius:.25rem;
padding:.05em .25em}}
pre{{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.7rem .9rem;white-space:pre-wrap}}
pre code{{padding:0}}
table{{border-collapse:collapse;margin:.75rem 0}}
th,td{{border:1px solid var(--line);padding:.3rem .6rem;text-align:left;vertical-align:top}}
dt{{margin-top:.8rem;font-weight:600}}
dd{{margin:0;color:var(--soft)}}
@media print{{nav{{display:none}}}}
"""


def markdown_parser() -> MarkdownIt:
    """Return the parser for runbooks: CommonMark with tables. HTML in the text is shown, not interpreted."""
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def pages(folder: Path) -> Mapping[str, str]:
    """Return the runbooks in *folder* as the package has them: the text by its path below the package's data.

    *folder* has a folder for each language. ``en/NAME.md`` becomes ``runbooks/en/NAME.html`` and stays, as text for a
    terminal, ``runbooks/en/NAME.md``. ``runbooks/en/index.html`` lists the runbooks of the language.
    """
    texts = {
        language: {file.stem: file.read_text(encoding="utf-8") for file in sorted((folder / language).glob("*.md"))}
        for language in LANGUAGES
    }
    made: dict[str, str] = {}
    for language, by_name in texts.items():
        for name, text in by_name.items():
            made[f"runbooks/{language}/{name}.md"] = text
            translated = [other for other in LANGUAGES if other != language and name in texts[other]]
            made[f"runbooks/{language}/{name}.html"] = _page(name, text, language, translated)
        others = [other for other in LANGUAGES if other != language]
        made[f"runbooks/{language}/index.html"] = _list(by_name, language, others)
    return made


def lead(text: str) -> str:
    """Return the first paragraph of a runbook as one line. It is a single sentence, which says what has happened."""
    tokens = markdown_parser().parse(text)
    return next(
        (inline.content.replace("\n", " ") for opening, inline in pairwise(tokens) if opening.type == "paragraph_open"),
        "",
    )


def _page(name: str, text: str, language: str, translated: list[str]) -> str:
    parser = markdown_parser()
    tokens = parser.parse(text)
    for token in tokens:
        for child in token.children or ():
            _keep_language(child, language)
    body = parser.renderer.render(tokens, parser.options, {})
    navigation = f' · <a href="./?lang={language}">{_LIST[language]}</a>'
    return _document(name, body, language, navigation, translated)


def _keep_language(token: Token, language: str) -> None:
    """Let a link to another runbook lead to the same language, also for a reader who has chosen it on the page."""
    if token.type == "link_open" and RUNBOOK_LINK.fullmatch(target := str(token.attrs["href"])):
        token.attrs["href"] = f"{target}?lang={language}"


def _list(by_name: Mapping[str, str], language: str, translated: list[str]) -> str:
    entries = "\n".join(
        f'<dt><a href="{name}?lang={language}">{name}</a></dt>\n<dd>{markdown_parser().renderInline(lead(text))}</dd>'
        for name, text in by_name.items()
    )
    body = f"<h1>{_LIST[language]}</h1>\n<p>{_ABOUT_LIST[language]}</p>\n<dl>\n{entries}\n</dl>\n"
    return _document(f"{_LIST[language]} · {_HOME}", body, language, "", translated)


def _document(title: str, body: str, language: str, navigation: str, translated: list[str]) -> str:
    home = f'<a href="../?lang={language}">{_HOME}</a>'
    choices = " ".join(f'<a href="?lang={o}" hreflang="{o}" lang="{o}">{OWN_NAMES.of(o)}</a>' for o in translated)
    return f"""<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<nav><span>{home}{navigation}</span><span>{choices}</span></nav>
<main>
{body}</main>
</body>
</html>
"""
