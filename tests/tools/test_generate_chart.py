"""The generated parts of the chart are what ``make generate`` writes."""

import shutil

import pytest
import yaml

from kafka_producer_exporter import __version__
from tests.paths import ROOT
from tools import chart_readme, generate_chart

CHART = ROOT / "helm" / "kafka-producer-exporter"


def contents(folder):
    return {str(file.relative_to(folder)): file.read_text() for file in sorted(folder.rglob("*")) if file.is_file()}


def test_the_chart_has_the_alerts_and_dashboards_of_the_repository(tmp_path):
    chart = tmp_path / "chart"
    shutil.copytree(CHART, chart)
    (chart / "files" / "dashboards" / "en" / "removed.json").write_text("{}")

    generate_chart.main(chart)

    changed = [name for name, text in contents(chart).items() if contents(CHART).get(name) != text]
    assert changed == [], "run make generate, and commit the result"
    assert contents(chart).keys() == contents(CHART).keys()


def test_a_part_that_is_missing_is_not_passed_over(tmp_path):
    chart = tmp_path / "chart"
    shutil.copytree(CHART, chart)
    values = (chart / "values.yaml").read_text().replace(generate_chart.END, "")
    (chart / "values.yaml").write_text(values)

    with pytest.raises(ValueError, match=r"values\.yaml: 0 places instead of one"):
        generate_chart.main(chart)


def test_the_readme_describes_values_with_the_comments_above_them():
    values = """\
# About the file.

# A block,
# in two lines.
block:
  # With a | in it.
  key: "5"
  below:
    other: [1, ä]  # not this
# Empty by default.
labels: {}
"""

    assert (
        chart_readme.tables(values)
        == """
### General

| Value | Default | Description |
| --- | --- | --- |
| `labels` | `{}` | Empty by default. |

### `block`

A block, in two lines.

| Value | Default | Description |
| --- | --- | --- |
| `block.key` | `"5"` | With a \\| in it. |
| `block.below.other` | `[1, "ä"]` |  |

"""
    )


def test_the_chart_has_the_version_of_the_exporter():
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())

    assert chart["appVersion"] == __version__
