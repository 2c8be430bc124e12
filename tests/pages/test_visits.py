"""What can be checked of the visits without a browser: the lock file."""

import json

from tests.pages.visiting import PROJECT


def test_the_lock_file_pins_every_package_by_its_checksum_and_names_no_registry():
    text = (PROJECT / "package-lock.json").read_text()
    packages = {path: package for path, package in json.loads(text)["packages"].items() if path}

    assert {f"node_modules/{name}" for name in ("axe-core", "playwright-core", "upng-js")} <= packages.keys()
    assert [path for path, package in packages.items() if not package.get("integrity")] == []
    assert '"resolved"' not in text
