"""What the pages have in common: head, style, navigation and footer, and how text from elsewhere becomes HTML."""

import re
from collections.abc import Sequence
from html import escape
from urllib.parse import urlencode

from kafka_producer_exporter.languages import LANGUAGES, OWN_NAMES, Text
from kafka_producer_exporter.net.printable import printable

COLOURS = """
:root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--text:#1c2430;--soft:#5c6675;--line:#dfe3e9;--link:#0b57a4;
--good:#17733b;--good-back:#dff3e6;--bad:#b3261e;--bad-back:#fde5e2;--idle:#566070;--idle-back:#e9ecf1}
@media(prefers-color-scheme:dark){:root{--page:#12161c;--card:#1b212a;--text:#e5e9ef;--soft:#9aa5b4;--line:#2c3541;
--link:#8ebcf0;--good:#7ddc9f;--good-back:#173524;--bad:#ff9d94;--bad-back:#43201d;--idle:#a8b3c2;--idle-back:#2a323d}}
*{box-sizing:border-box}
:lang(ko){word-break:keep-all}
a{color:var(--link)}
:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:.15rem}
"""
"""For light and dark. Text on its background has a contrast of at least 4.5."""

# No information is in the colours alone: a word always says the same.
STYLE = f"""{COLOURS}
body{{margin:0 auto;padding:1rem 1rem 3rem;max-width:68rem;background:var(--page);color:var(--text);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Noto Sans KR",sans-serif;overflow-wrap:anywhere}}
h1{{font-size:1.4rem;margin:1.25rem 0 .6rem}}
h2{{font-size:1.1rem;margin:0}}
h3{{font-size:1rem;margin:1rem 0 .2rem}}
p{{margin:0}}
ul{{margin:.4rem 0 0;padding-left:1.2rem}}
code{{font:.9em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}}
.advice code{{display:inline-block}}
header,footer{{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;justify-content:space-between;align-items:baseline;
color:var(--soft);font-size:.9rem}}
header{{border-bottom:1px solid var(--line);padding-bottom:.5rem}}
header ul{{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;list-style:none;margin:0;padding:0}}
header a{{display:inline-block;padding:.2rem 0}}
header a[aria-current]{{color:var(--text);font-weight:600;text-decoration:none}}
footer{{margin-top:1.5rem}}
.soft{{color:var(--soft);font-size:.9rem}}
.summary{{margin:0 0 1.25rem}}
.target,.problem{{background:var(--card);border:1px solid var(--line);border-left:.3rem solid var(--idle);
border-radius:.5rem;padding:.9rem 1rem;margin:0 0 .75rem}}
.up{{border-left-color:var(--good)}}
.down,.problem{{border-left-color:var(--bad)}}
.target h2{{display:flex;flex-wrap:wrap;gap:.3rem .7rem;align-items:baseline}}
.target h2 code{{font-weight:400;color:var(--soft)}}
.state{{font-size:.8rem;font-weight:600;border-radius:1rem;padding:.1rem .65rem;
color:var(--idle);background:var(--idle-back)}}
.up .state{{color:var(--good);background:var(--good-back)}}
.down .state{{color:var(--bad);background:var(--bad-back)}}
.advice,.problem pre{{margin:.5rem 0 0;white-space:pre-wrap}}
.problem pre{{font:.85rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}}
dl{{display:flex;flex-wrap:wrap;gap:.2rem 1.75rem;margin:.6rem 0 0}}
dl div{{display:flex;gap:.4rem;font-size:.9rem}}
dt{{color:var(--soft);flex-shrink:0}}
dd{{margin:0}}
dd,td{{font-variant-numeric:tabular-nums}}
.tables{{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr));gap:1rem 1.75rem;
margin:.75rem 0 0;align-items:start}}
.tables table{{max-width:32rem}}
.tables td{{white-space:nowrap}}
.target>table,details{{margin-top:.9rem}}
table{{border-collapse:collapse;width:100%;font-size:.9rem}}
caption{{text-align:left;font-weight:600;padding:.2rem 0}}
th,td{{border-top:1px solid var(--line);padding:.25rem 0 .25rem .75rem;vertical-align:top;text-align:right;
font-weight:400}}
th:first-child{{text-align:left;padding-left:0;min-width:5.5rem}}
thead th{{color:var(--soft)}}
td,thead th{{overflow-wrap:break-word}}
td a{{display:block}}
th code{{display:block;font-size:.8em;color:var(--soft)}}
.trouble{{color:var(--bad);font-weight:600}}
.links{{padding-left:1.2rem;line-height:2}}
"""

NAVIGATION = (
    ("./", Text("Targets", "대상")),
    ("diagnose", Text("Diagnose", "진단")),
    ("runbooks/", Text("Runbooks", "런북")),
)
"""The pages by their places. These are relative, for the sake of a proxy with a path of its own."""
NAVIGATION_NAME = Text("Pages", "페이지")
RUNBOOK = Text("runbook", "런북")

_CODE = re.compile(r"`([^`]+)`")


def safe(text: str) -> str:
    """Return text from elsewhere as HTML: one line, in which nothing is markup and no character controls anything."""
    return escape(printable(text, limit=None))


def prose(text: str) -> str:
    """Return text as HTML, with what is between backticks as code."""
    return _CODE.sub(r"<code>\1</code>", safe(text))


def link(place: str, words: str, language: str) -> str:
    """Return a link to another page of ours, in the same language. *words* are HTML."""
    return f'<a href="{place}?lang={language}">{words}</a>'


def short_runbook_link(name: str, language: str) -> str:
    """Return a link that says ``runbook``, and to a screen reader also which one, since a page may have several."""
    words = RUNBOOK.of(language)
    return f'<a href="runbooks/{name}?lang={language}" aria-label="{words} {name}">{words}</a>'


def runbook_line(name: str, language: str) -> str:
    """Return a line with a link to a runbook."""
    return f'<p class="advice">{RUNBOOK.of(language).capitalize()}: {link(f"runbooks/{name}", name, language)}</p>'


def html_page(
    *,
    title: str,
    heading: str,
    main: str,
    language: str,
    here: str | None = None,
    footer: str = "",
    query: Sequence[tuple[str, str]] = (),
    refresh_seconds: int | None = None,
) -> bytes:
    """Return a page. *heading* and *title* are text; *main* and *footer* are HTML.

    *here* is its place in the navigation, and None leaves the navigation out. *query* has the parameters to keep when
    the reader chooses another language.
    """
    refresh = f'<meta http-equiv="refresh" content="{refresh_seconds}">\n' if refresh_seconds is not None else ""
    footer = f"<footer>\n{footer}\n</footer>\n" if footer else ""
    return f"""<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{refresh}<title>{safe(title)}</title>
<style>{STYLE}</style>
</head>
<body>
{_header(here, language, query) if here is not None else ""}<main>
<h1>{safe(heading)}</h1>
{main}
</main>
{footer}</body>
</html>
""".encode()


def _header(here: str, language: str, query: Sequence[tuple[str, str]]) -> str:
    entries = "".join(
        f'<li><a href="{place}?lang={language}"{" aria-current=page" * (place == here)}>{words.of(language)}</a></li>'
        for place, words in NAVIGATION
    )
    choices = " ".join(
        f'<a href="?{escape(urlencode([("lang", other), *query]))}" hreflang="{other}" lang="{other}">{name}</a>'
        for other in LANGUAGES
        if other != language and (name := OWN_NAMES.of(other))
    )
    return f"""<header>
<nav aria-label="{NAVIGATION_NAME.of(language)}"><ul>{entries}</ul></nav>
<span>{choices}</span>
</header>
"""
