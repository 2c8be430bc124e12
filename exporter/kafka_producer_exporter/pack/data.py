"""Reads the package's own data, which the build makes of the folder ``alerts``."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def read(name: str) -> str:
    """Return the text of a file of the data; raise FileNotFoundError if there is none: ``read("rules.json")``."""
    return files(__package__).joinpath("data", name).read_text(encoding="utf-8")


@cache
def rules_and_parameters() -> Mapping[str, Any]:
    """Return ``{"parameters": {name: …}, "groups": […]}``; ``alerts/data.py`` describes the shape."""
    content: Mapping[str, Any] = json.loads(read("rules.json"))
    return content
