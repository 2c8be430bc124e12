"""Durations as Prometheus writes them: ``5m``, ``1h30m``."""

import re

UNITS = {"w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}
_WORDS = {"w": "week", "d": "day", "h": "hour", "m": "minute", "s": "second", "ms": "millisecond"}
_WORDS_KO = {"w": "주", "d": "일", "h": "시간", "m": "분", "s": "초", "ms": "밀리초"}
_DURATION = re.compile("".join(rf"(?:(\d+){unit})?" for unit in UNITS))

_NUMBER_AND_UNIT = re.compile(r"(\d+)([a-z]+)")


def milliseconds(duration: str) -> int:
    """Return the length of a duration; raise ValueError if the text is none, or is zero."""
    matched = _DURATION.fullmatch(duration)
    length = sum(int(n) * size for n, size in zip(matched.groups("0"), UNITS.values(), strict=True)) if matched else 0
    if not length:
        raise ValueError(f"{duration!r} is not a duration; write it like 5m, 1h30m or 3d")
    return length


def duration(length: int) -> str:
    """Return milliseconds as a duration, in the largest unit that fits: ``90m``, ``1500ms``."""
    unit = next(unit for unit in ("d", "h", "m", "s", "ms") if length % UNITS[unit] == 0)
    return f"{length // UNITS[unit]}{unit}"


def words(length: int, language: str) -> str:
    """Return milliseconds for people: ``90 minutes``, ``90분``."""
    number, unit = _NUMBER_AND_UNIT.findall(duration(length))[0]
    if language == "ko":
        return f"{number}{_WORDS_KO[unit]}"
    return f"{number} {_WORDS[unit]}{'' if number == '1' else 's'}"
