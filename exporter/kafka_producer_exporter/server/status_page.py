"""The status page, in HTML: the state of every target, the reason, and what to do about it."""

import re
import time
from collections.abc import Sequence
from html import escape

from kafka_producer_exporter import __version__
from kafka_producer_exporter.model import Family
from kafka_producer_exporter.net.printable import printable
from kafka_producer_exporter.server.application import TargetStatus
from kafka_producer_exporter.server.broker_card import broker_card
from kafka_producer_exporter.text import human_ago, human_seconds

REFRESH_SECONDS = 10

# A JVM flag in a sentence. As code it is not broken after its hyphen.
_OPTION = re.compile(r"(?<!\S)-[A-Za-z][^\s?;,&]*")

# No information is in the colours alone: a word always says the same.
STYLE = """
:root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--text:#1c2430;--soft:#5c6675;--line:#dfe3e9;
--good:#17733b;--good-back:#dff3e6;--bad:#b3261e;--bad-back:#fde5e2;--idle:#5c6675;--idle-back:#e9ecf1}
@media(prefers-color-scheme:dark){:root{--page:#12161c;--card:#1b212a;--text:#e5e9ef;--soft:#9aa5b4;--line:#2c3541;
--good:#7ddc9f;--good-back:#173524;--bad:#ff9d94;--bad-back:#43201d;--idle:#a8b3c2;--idle-back:#2a323d}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1.5rem 1rem 3rem;max-width:62rem;background:var(--page);color:var(--text);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
h1{font-size:1.3rem;margin:0}
p{margin:0}
a{color:inherit}
code{font:.9em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere;display:inline-block}
header,footer{display:flex;flex-wrap:wrap;gap:.25rem 1rem;justify-content:space-between;align-items:baseline;
color:var(--soft)}
header{margin-bottom:.75rem}
header h1{color:var(--text)}
footer{font-size:.85rem;margin-top:1.5rem}
.summary{margin:0 0 1.25rem;font-size:1.05rem}
.target,.problem{background:var(--card);border:1px solid var(--line);border-left:.3rem solid var(--idle);
border-radius:.5rem;padding:.9rem 1rem;margin:0 0 .75rem}
.up{border-left-color:var(--good)}
.down,.problem{border-left-color:var(--bad)}
.target h2{display:flex;flex-wrap:wrap;gap:.3rem .7rem;align-items:baseline;font-size:1.05rem;margin:0;
overflow-wrap:anywhere}
.target h2 code{font-weight:400;color:var(--soft)}
.state{font-size:.8rem;font-weight:600;border-radius:1rem;padding:.1rem .65rem;
color:var(--idle);background:var(--idle-back)}
.up .state{color:var(--good);background:var(--good-back)}
.down .state{color:var(--bad);background:var(--bad-back)}
.advice,.problem pre{margin:.5rem 0 0;white-space:pre-wrap;overflow-wrap:anywhere}
.problem pre{font:.85rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
dl{display:flex;flex-wrap:wrap;gap:.2rem 1.75rem;margin:.6rem 0 0}
dl div{display:flex;gap:.4rem;font-size:.9rem}
dt{color:var(--soft)}
dd{margin:0;font-variant-numeric:tabular-nums}
.links{padding-left:1.2rem;line-height:2}
"""


def status_page(
    statuses: Sequence[TargetStatus],
    *,
    brokers: Sequence[Family] | None,
    config_error: str | None,
    now: float | None = None,
    instant: float | None = None,
) -> bytes:
    """Return the page as of *now*, in seconds since the epoch, and *instant*, the same of ``time.monotonic()``.

    None means the present. Ages come from *instant*, so that a step of the clock does not change them.
    *brokers* has the families of the broker view; None means that there is none.
    """
    now = time.time() if now is None else now
    instant = time.monotonic() if instant is None else instant
    # People open this page because something is wrong, so targets that are down come first.
    ordered = sorted(statuses, key=lambda status: (status.up is not False, status.up is not None, status.name))
    cards = "\n".join(
        _card(status, now, instant - status.scrape.started if status.scrape else 0.0) for status in ordered
    )
    if brokers is not None:
        cards = f"{broker_card(brokers, now)}\n{cards}"
    show_summary = statuses or (config_error is None and brokers is None)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="{REFRESH_SECONDS}">
<title>{escape(_title(statuses))}</title>
<style>{STYLE}</style>
</head>
<body>
<header><h1>Kafka producer exporter</h1><span>{escape(__version__)}</span></header>
<main>
{_problem(config_error)}{_summary(statuses) if show_summary else ""}
{cards}
</main>
<footer>
<span>As of {_clock(now)}, refreshed every {REFRESH_SECONDS} s</span>
<span><a href="/diagnose">diagnose</a> · <a href="/runbooks/">runbooks</a> ·
<a href="/targets.json">targets.json</a></span>
</footer>
</body>
</html>
""".encode()


def _title(statuses: Sequence[TargetStatus]) -> str:
    """Return the title of the browser tab, which shows trouble even if the tab is in the background."""
    down = sum(status.up is False for status in statuses)
    return f"{down} down · Kafka producers" if down else "Kafka producers"


def _summary(statuses: Sequence[TargetStatus]) -> str:
    up = sum(status.up is True for status in statuses)
    down = sum(status.up is False for status in statuses)
    waiting = len(statuses) - up - down
    parts = [f"{up} of {len(statuses)} target{'s' * (len(statuses) != 1)} up"]
    parts += [f"{down} down"] if down else []
    parts += [f"{waiting} not read yet"] if waiting else []
    none = "No targets are configured. Add some to the configuration, or start with --target NAME=HOST:PORT."
    return f'<p class="summary">{", ".join(parts) if statuses else none}</p>'


def _problem(config_error: str | None) -> str:
    if config_error is None:
        return ""
    message = "The configuration is invalid, so no target is read."
    return f'<section class="problem"><p>{message}</p><pre>{escape(config_error)}</pre></section>\n'


def _card(status: TargetStatus, now: float, age_seconds: float) -> str:
    scrape = status.scrape
    if scrape is None:
        state, words, advice, facts = "unknown", "not read yet", "", {}
    else:
        state = "up" if scrape.reason is None else "down"
        words = "up" if scrape.reason is None else f"down: {scrape.reason.value}"
        advice = f'<p class="advice">{_with_code(scrape.detail)}</p>' if scrape.detail else ""
        facts = {
            "producers": None if status.clients is None else f"{status.clients:,}",
            "series": f"{status.series:,}",
            "last scrape": f"{_clock(now - age_seconds)}, {human_ago(age_seconds)}",
            "took": human_seconds(scrape.duration_seconds),
        }
    pairs = "".join(
        f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in facts.items() if value is not None
    )
    return f"""<section class="target {state}">
<h2>{escape(status.name)} <code>{escape(str(status.address))}</code> <span class="state">{escape(words)}</span></h2>
{advice}
<dl>{pairs}</dl>
</section>"""


def _with_code(sentence: str) -> str:
    """Return a sentence as HTML, with its JVM flags as code."""
    return _OPTION.sub(r"<code>\g<0></code>", escape(printable(sentence, limit=None)))


def _clock(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))
