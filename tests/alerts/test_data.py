"""What ``alerts.data`` refuses, and that the committed files are what the rules make."""

import shutil

import pytest
import yaml

from alerts import render
from alerts.data import HERE, MistakeError, load
from alerts.unit_tests import TESTS
from alerts.unit_tests import test_file as content_of
from kafka_producer_exporter.catalogue.guide import GUIDE
from kafka_producer_exporter.pack.data import rules_and_parameters


@pytest.fixture
def changed(tmp_path):
    """Return a function that loads the files after *edit* has changed one of them."""

    def changed(file, edit):
        for name in ("parameters.yaml", "rules"):
            source, target = HERE / name, tmp_path / name
            shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
        content = yaml.safe_load((tmp_path / file).read_text())
        edit(content)
        (tmp_path / file).write_text(yaml.safe_dump(content))
        return load(tmp_path)

    return changed


def alert(content, name):
    return next(rule for rule in content["rules"] if rule.get("alert") == name)


MISTAKES = {
    "an unknown key": (
        "rules/errors.yaml",
        lambda c: alert(c, "KafkaProducerRecordErrors").update(summry=1),
        "rules/errors.yaml, KafkaProducerRecordErrors: unknown key summry",
    ),
    "a missing key": (
        "rules/errors.yaml",
        lambda c: alert(c, "KafkaProducerRecordErrors").pop("look"),
        "KafkaProducerRecordErrors: look is missing",
    ),
    "a missing language": (
        "rules/errors.yaml",
        lambda c: alert(c, "KafkaProducerRecordErrors")["summary"].pop("ko"),
        "KafkaProducerRecordErrors: summary has no text in ko",
    ),
    "an unknown severity": (
        "rules/errors.yaml",
        lambda c: alert(c, "KafkaProducerRecordErrors").update(severity="page"),
        "severity must be one of critical, warning, info, none",
    ),
    "an unknown thing to diagnose": (
        "rules/errors.yaml",
        lambda c: alert(c, "KafkaProducerRecordErrors").update(diagnose={"of": "pod"}),
        "KafkaProducerRecordErrors: diagnose.of must be one of service, cluster",
    ),
    "an unknown key of diagnose": (
        "rules/errors.yaml",
        lambda c: alert(c, "KafkaProducerRecordErrors")["diagnose"].update(window="5m"),
        "KafkaProducerRecordErrors: unknown key diagnose.window",
    ),
    "an unknown parameter": (
        "rules/errors.yaml",
        lambda c: alert(c, "KafkaProducerRecordErrors").update(expr="x > ${limt}"),
        "KafkaProducerRecordErrors: there is no parameter limt",
    ),
    "a parameter that no rule uses": (
        "parameters.yaml",
        lambda c: c.update(spare={"default": 1, "kind": "threshold", "unit": "s", "reason": "r", "change": "c"}),
        "parameters.yaml, spare: no rule uses it",
    ),
    "a threshold without a unit": (
        "parameters.yaml",
        lambda c: c["error_budget"].pop("unit"),
        "parameters.yaml, error_budget: a threshold has a unit",
    ),
    "a window that is none": (
        "parameters.yaml",
        lambda c: c["hold"].update(default="5 minutes"),
        "parameters.yaml, hold: '5 minutes' is not a duration",
    ),
    "a parameter without a reason": (
        "parameters.yaml",
        lambda c: c["hold"].pop("reason"),
        "parameters.yaml, hold: reason is missing",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_refused_with_its_place(changed, mistake):
    file, edit, says = MISTAKES[mistake]

    with pytest.raises(MistakeError) as raised:
        changed(file, edit)

    assert says in str(raised.value)


def test_the_files_load_and_the_package_has_them():
    assert load() == rules_and_parameters(), "the data is old: run `python -m tools.package_data` or `make setup`"


def test_the_generated_files_are_committed():
    for file, text in render.files():
        assert file.read_text(encoding="utf-8") == text, f"{file} is old: run `make generate` and review the difference"


def test_values_of_a_unit_test_that_yaml_takes_for_a_number_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("alerts.unit_tests.TESTS", tmp_path)
    (tmp_path / "X.yaml").write_text("tests: [{input_series: [{series: up, values: 0x40}]}]")

    with pytest.raises(TypeError, match="put the values into quotes, 64 is a number"):
        content_of("X", tmp_path / "rules.yaml")


def test_each_alert_has_a_test_and_each_test_an_alert():
    names = {rule["alert"] for group in load()["groups"] for rule in group["rules"] if "alert" in rule}

    assert {file.stem for file in TESTS.glob("*.yaml")} - {"recordings"} == names


def test_each_name_of_the_guide_is_found_in_a_rule():
    used = {rule["guide"] for group in load()["groups"] for rule in group["rules"] if "guide" in rule}

    assert used == {name.name for name in GUIDE}
