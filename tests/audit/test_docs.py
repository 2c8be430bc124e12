from kafka_producer_exporter.audit.options import DEFAULTS, GUIDE_LINES
from tests.paths import DOCS

PAGE = (DOCS / "audit.md").read_text(encoding="utf-8")


def test_each_checked_option_is_on_the_page():
    assert [option for option in GUIDE_LINES if f"`{option}`" not in PAGE] == []


def test_each_default_that_changed_is_on_the_page_with_its_versions():
    for option, defaults in DEFAULTS.items():
        values = dict.fromkeys(default.value for default in defaults)
        if len(values) < 2:
            continue
        (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{option}` | {', then '.join(values)} |")]
        version, sources = defaults[1].since, defaults[1].source
        patch = f".{version.patch}" if version.patch else ""
        assert f"| {version.major}.{version.minor}{patch}" in row
        assert sources in row
