"""Words and phrases that several pages use, or several parts of one, in each language."""

import re
import time
from collections.abc import Mapping

from kafka_producer_exporter.languages import Text
from kafka_producer_exporter.server.page_frame import safe
from kafka_producer_exporter.text import human_seconds

UP = Text("up", "정상")
DOWN = Text("down", "응답 없음")
JUST_NOW = Text("just now", "방금")
AGO = Text("{} ago", "{} 전")
AS_OF = Text("As of {time}", "{time} 기준")
MORE = Text("and {n} more, which the metrics page has", "그 밖에 {n}개는 메트릭 페이지에 있습니다")

_KOREAN_UNITS = {"d": "일", "h": "시간", "min": "분", "s": "초"}
_TIME_UNIT = re.compile(r" (d|h|min|s)\b")


def clock(seconds: float) -> str:
    """Return a time, in seconds since the epoch, as date and time."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


def as_of(seconds: float, language: str) -> str:
    """Return a sentence about when a page was made."""
    return AS_OF.of(language).format(time=clock(seconds))


def duration(seconds: float, language: str) -> str:
    """Return a duration in the unit that suits it."""
    return with_units(human_seconds(seconds), language)


def with_units(value: str, language: str) -> str:
    """Return a value with the units of time as words in Korean, where symbols are usual only below a second."""
    return value if language != "ko" else _TIME_UNIT.sub(lambda unit: _KOREAN_UNITS[unit[1]], value)


def ago(seconds: float, language: str) -> str:
    """Return how long ago something happened. A negative time, after a clock was set back, is ``just now``."""
    return JUST_NOW.of(language) if seconds < 1 else AGO.of(language).format(duration(round(seconds), language))


def more(number: int, language: str) -> list[str]:
    """Return a line that *number* others are not shown; nothing if there are none."""
    return [f'<p class="soft">{MORE.of(language).format(n=f"{number:,}")}</p>'] if number > 0 else []


def definitions(facts: Mapping[Text, str | None], language: str) -> str:
    """Return a list of facts. Those without a text are left out."""
    pairs = "".join(
        f"<div><dt>{words.of(language)}</dt><dd>{safe(text)}</dd></div>" for words, text in facts.items() if text
    )
    return f"<dl>{pairs}</dl>" if pairs else ""
