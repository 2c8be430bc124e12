"""Reads the package's own data, which the build makes of the folder ``alerts``."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

FOLDER = files(__package__).joinpath("data")


@cache
def rules_and_parameters() -> Mapping[str, Any]:
    """Return ``{"parameters": {name: …}, "groups": […]}``; ``alerts/data.py`` describes the shape."""
    content: Mapping[str, Any] = json.loads(FOLDER.joinpath("rules.json").read_text(encoding="utf-8"))
    return content
