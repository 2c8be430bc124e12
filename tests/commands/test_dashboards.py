import json

import pytest

from kafka_producer_exporter.__main__ import main
from kafka_producer_exporter.commands import dashboards


@pytest.fixture
def verb():
    return dashboards


def test_the_boards_are_written_into_a_folder(printed, tmp_path):
    said = printed("--output", str(tmp_path / "new"))

    names = {file.name for file in (tmp_path / "new").iterdir()}
    assert names == {"overview.json", "producer.json", "transactions.json", "brokers.json", "exporter.json"}
    assert f"{tmp_path / 'new' / 'overview.json'}  Kafka producers / Overview\n" in said
    assert json.loads((tmp_path / "new" / "overview.json").read_text())["uid"] == "kafka-producer-overview"


def test_the_boards_speak_korean(printed, tmp_path):
    printed("--output", str(tmp_path), "--lang", "ko")

    assert json.loads((tmp_path / "overview.json").read_text())["uid"] == "kafka-producer-overview-ko"


def test_a_folder_that_cannot_be_written_is_named(tmp_path, capsys):
    (tmp_path / "file").write_text("")

    assert main(["dashboards", "--output", str(tmp_path / "file")]) == 2
    assert str(tmp_path / "file") in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("clustr=x", "did you mean cluster?"),
        ("cluster=a, b", "the dashboards need one label, not a list"),
        ("cluster", "write it like NAME=VALUE"),
    ],
)
def test_a_wrong_parameter_is_named(given, message, tmp_path, capsys):
    assert main(["dashboards", "--output", str(tmp_path / "new"), "--set", given]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "new").exists()
