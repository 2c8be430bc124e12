"""The verb ``diagnose`` on sources without a socket."""

import argparse
import io
import re

import pytest

from kafka_producer_exporter.commands import diagnose
from kafka_producer_exporter.commands.diagnose import Progress, examine, with_jvms
from kafka_producer_exporter.diagnosis.evidence import Brokers, Down, Reading
from kafka_producer_exporter.evidence.live import LiveJvm
from kafka_producer_exporter.memory import MemoryBudget
from kafka_producer_exporter.model import Profile
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.settings import IdGroup, Jmx, Settings, Target
from tests.diagnosis.hand_made import evidence
from tests.recordings import Recorded

TARGET = Target(name="checkout", jmx=Jmx(port=9999))


class Shown:
    """A source that shows two readings."""

    is_live = True

    def __init__(self, *readings, name="checkout", provides=None):
        self.readings = [{name: reading} for reading in readings]
        self.provides = provides
        self.closed = False

    def read(self):
        return self.readings.pop(0)

    def close(self):
        self.closed = True


def examined(*sources, brokers=(), interval_seconds=0.0, **options):
    quiet = Progress(False)
    return examine(sources, brokers, None, interval_seconds=interval_seconds, progress=quiet, **options)


def shown(found):
    return Shown(found.first, found.second)


def test_two_readings_become_findings():
    (subject,) = examined(shown(evidence(produce_throttle_time_max_seconds=2.4)))

    assert subject.name == "checkout"
    assert subject.seconds == 10.0
    assert [finding.cause.id for finding in subject.diagnosis.findings] == ["quota"]


def test_a_target_that_cannot_be_read_is_down_with_its_reason():
    down = Reading(0.0, {}, Down("refused", "nothing listens"))

    (subject,) = examined(Shown(down, down))

    assert subject.down == ("refused", "nothing listens")


def test_a_target_that_comes_up_between_the_readings_is_judged_by_the_second_alone():
    found = evidence(waiting_threads=1.0)

    (subject,) = examined(Shown(Reading(0.0, {}, Down("refused", "")), found.second))

    assert subject.seconds == 0.0
    assert [finding.cause.id for finding in subject.diagnosis.findings] == ["buffer-full"]


def test_a_source_that_remembers_is_not_waited_for():
    source = shown(evidence())
    source.is_live = False

    examined(source, interval_seconds=60.0, sleep=lambda _: pytest.fail("waited"))


def test_the_wait_between_the_readings_ends_at_its_instant():
    waited = []
    progress = Progress(False, clock=lambda: sum(waited))

    progress.wait(2.5, waited.append)

    assert waited == [1.0, 1.0, 0.5]


def test_what_brokers_jvms_count_is_evidence_and_a_broker_that_is_down_is_only_noted():
    name = "kafka_broker_request_error_total"
    series = ({"target": "kafka-1", "request": "Produce", "error": "MESSAGE_TOO_LARGE"}, 20.0)
    before = {"kafka_broker_failed_produce_request_total": [({}, 0.0)]}
    jvm = Shown(Reading(0.0, before), Reading(10.0, {name: [series]}))
    down = Reading(0.0, {}, Down("refused", "nothing listens"))
    failing = {"record_error_total": 20.0, "topic_record_error_total": 20.0}

    (subject,) = examined(shown(evidence(**failing)), brokers=(jvm, Shown(down, down, name="kafka-2")))

    first = subject.diagnosis.findings[0]
    assert (first.cause.id, first.certainty.name) == ("record-too-large", "CERTAIN")
    assert subject.notes == ["kafka-2: nothing listens"]


def test_without_jvms_of_brokers_nothing_is_added():
    brokers = Brokers()

    assert with_jvms(brokers, {}, {}) is brokers
    assert with_jvms(None, {}, {}) is None


def test_a_page_without_producers_is_an_error_and_not_a_clean_bill():
    with pytest.raises(TransportError, match="no producer is there"):
        examined(Shown(Reading(0.0, {}), Reading(10.0, {}), name=""))


def test_a_view_of_brokers_without_producers_is_diagnosed_alone():
    hanging = {"kafka_transaction_hanging": [({"topic": "t", "partition": "0", "producer_id": "7"}, 1.0)]}

    (subject,) = examined(Shown(Reading(0.0, hanging), Reading(10.0, hanging), name=""))

    assert subject.is_brokers
    assert [finding.cause.id for finding in subject.diagnosis.findings] == ["hanging-transaction"]


def test_a_broker_beside_producers_on_a_page_is_evidence_and_no_subject():
    counts = {"kafka_broker_failed_produce_request_total": [({"target": "kafka-1"}, 0.0)]}
    errors = {"kafka_broker_request_error_total": [({"request": "Produce", "error": "MESSAGE_TOO_LARGE"}, 20.0)]}
    found = evidence(record_error_total=20.0, topic_record_error_total=20.0)
    source = Shown()
    source.readings = [
        {"checkout": found.first, "kafka-1": Reading(0.0, counts)},
        {"checkout": found.second, "kafka-1": Reading(10.0, {**counts, **errors})},
    ]

    (subject,) = examined(source)

    first = subject.diagnosis.findings[0]
    assert (first.cause.id, first.certainty.name) == ("record-too-large", "CERTAIN")


def test_a_live_jvm_is_read_whole_and_by_each_client_of_its_own():
    group = IdGroup(pattern=re.compile(".*"), group="all")
    settings = Settings(profile=Profile.MINIMAL, id_groups=(group,))
    jvm = Recorded()
    source = LiveJvm(TARGET, settings, transport_for=lambda _: jvm, budget=MemoryBudget(None))

    ((name, reading),) = source.read().items()
    source.close()

    clients = {labels["client_id"] for labels, _ in reading.page["kafka_producer_connections"]}
    assert name == "checkout (127.0.0.1:9999)"
    assert clients == {"orders", "producer-tx-4.4.0"}
    assert jvm.closed


def test_a_jvm_that_does_not_answer_is_down():
    jvm = Recorded()
    jvm.failure = TransportError(Reason.REFUSED, "nothing listens on 127.0.0.1:9999")
    source = LiveJvm(TARGET, Settings(), transport_for=lambda _: jvm, budget=MemoryBudget(None))

    (reading,) = source.read().values()

    assert reading.down == Down("refused", "nothing listens on 127.0.0.1:9999")


@pytest.mark.parametrize("version", ["2.1.1", "2.8.2", "3.9.2", "4.4.0"])
def test_no_trouble_is_found_in_recorded_clients_of_any_age(version):
    source = LiveJvm(TARGET, Settings(), transport_for=lambda _: Recorded(version), budget=MemoryBudget(None))

    (subject,) = examined(source)

    found = {finding.cause.id for finding in subject.diagnosis.findings}
    assert found <= {"lost-compression"}  # they compress a handful of random bytes


def test_progress_is_shown_on_a_terminal_only(capsys):
    for is_terminal in (False, True):
        progress = Progress(is_terminal)
        progress.show("reading\x1b[2J")
        progress.end()

    assert capsys.readouterr().err == "\r\x1b[Kreading?[2J …\r\x1b[K"


@pytest.mark.parametrize(
    ("terminal", "no_color", "is_coloured"), [(True, "", True), (True, "1", False), (False, "", False)]
)
def test_colour_is_for_terminals_that_may_have_it(terminal, no_color, is_coloured, monkeypatch):
    stream = io.StringIO()
    stream.isatty = lambda: terminal
    monkeypatch.setattr("sys.stdout", stream)
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("TERM", "xterm")

    assert ("\x1b[" in diagnose._painter()("text", "title")) is is_coloured


@pytest.mark.parametrize("text", ["0", "soon", "86401", "nan"])
def test_an_interval_must_be_sensible(text):
    parser = argparse.ArgumentParser(exit_on_error=False)
    diagnose.add_arguments(parser)

    with pytest.raises(argparse.ArgumentError, match=r"use 0\.5 to 86400 seconds"):
        parser.parse_args(["--interval", text])
