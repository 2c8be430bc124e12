import errno
import logging
import re
import threading
import time

import pytest

from kafka_producer_exporter.catalogue.selections import BROKER_NAMES
from kafka_producer_exporter.jmx.objectname import ObjectName
from kafka_producer_exporter.jmx.readings import LeftOut, Reading
from kafka_producer_exporter.memory import MemoryBudget
from kafka_producer_exporter.model import Profile
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.settings import Jmx, Settings, Target, TargetKind
from kafka_producer_exporter.targets.collector import Collector
from kafka_producer_exporter.targets.mbean_costs import mbean_bytes
from kafka_producer_exporter.targets.reader import TargetReader
from tests.families import series_of
from tests.recordings import Recorded, recorded_readings

SOON = 5.0


@pytest.fixture
def jvms():
    return {"checkout": Recorded(), "billing": Recorded("3.9.2")}


@pytest.fixture
def collector(jvms):
    collector = collector_of(jvms)
    yield collector
    for jvm in jvms.values():
        jvm.gate.set()
    collector.close()


def collector_of(jvms, *, budget=None, **settings):
    targets = tuple(Target(name=name, jmx=Jmx(port=9999), labels={"team": name[0]}) for name in jvms)
    return Collector(
        Settings(targets=targets, **settings),
        transport_for=lambda target: jvms[target.name],
        budget=budget or MemoryBudget(None),
    )


def reader_of(jvm, **options):
    target = Target(name="checkout", jmx=Jmx(port=9999), **options)
    return TargetReader(target, Settings(), transport=jvm, budget=MemoryBudget(None))


def collect(collector, seconds=SOON, **which):
    scrapes = collector.scrape(deadline=time.monotonic() + seconds, **which)
    return series_of(family for scrape in scrapes for family in scrape.families)


def of(target, found):
    return {name: value for name, value in found.items() if f'target="{target}"' in name}


def test_every_target_is_on_the_page_with_its_static_labels(collector):
    found = collect(collector)

    assert found['kafka_producer_up{target="checkout",team="c"}'] == 1
    assert found['kafka_producer_clients{target="billing",team="b"}'] == 2
    assert all("team=" in name for name in found)


@pytest.mark.parametrize("failure", [TransportError(Reason.REFUSED, "nothing listens"), ValueError("a bug of ours")])
def test_a_target_that_fails_is_down_and_does_not_affect_the_others(collector, jvms, failure):
    whole = of("billing", collect(collector))
    jvms["checkout"].failure = failure

    found = collect(collector)

    reason = failure.reason if isinstance(failure, TransportError) else Reason.INTERNAL
    checkout = of("checkout", found)
    assert checkout.pop('kafka_producer_exporter_scrape_duration_seconds{target="checkout",team="c"}') >= 0
    assert checkout == {
        'kafka_producer_up{target="checkout",team="c"}': 0,
        'kafka_producer_exporter_target_info{kind="producer",target="checkout",team="c"}': 1,
        f'kafka_producer_exporter_target_error{{reason="{reason}",target="checkout",team="c"}}': 1,
    }
    assert of("billing", found).keys() == whole.keys()


def test_a_silent_target_makes_no_other_wait_and_is_up_again_afterwards(collector, jvms):
    jvms["checkout"].gate.clear()

    found = collect(collector, seconds=0.2)

    assert found['kafka_producer_exporter_target_error{reason="timeout",target="checkout",team="c"}'] == 1
    assert found['kafka_producer_up{target="billing",team="b"}'] == 1

    jvms["checkout"].gate.set()
    assert collect(collector)['kafka_producer_up{target="checkout",team="c"}'] == 1


def test_a_caller_with_more_time_gets_an_answer_though_one_with_less_gave_up(collector, jvms):
    jvms["checkout"].gate.clear()
    impatient = threading.Thread(target=collect, args=(collector, 0.2))
    impatient.start()
    threading.Timer(0.3, jvms["checkout"].gate.set).start()

    found = collect(collector)
    impatient.join(SOON)

    assert found['kafka_producer_up{target="checkout",team="c"}'] == 1


def test_scrapes_with_hardly_any_time_cancel_no_read_of_others(jvms):
    jvm = jvms["checkout"]
    jvm.gate.clear()
    collector = collector_of({"checkout": jvm})
    for _ in range(5):
        found = collect(collector, seconds=1e-6)
        assert found['kafka_producer_exporter_target_error{reason="timeout",target="checkout",team="c"}'] == 1
    threading.Timer(0.2, jvm.gate.set).start()

    found = collect(collector)
    collector.close()

    assert found['kafka_producer_up{target="checkout",team="c"}'] == 1
    assert jvm.reads == 1


def test_a_target_whose_thread_cannot_start_is_down_for_that_scrape_and_no_other_is(jvms, monkeypatch):
    collector = collector_of(jvms)
    collect(collector, names=["billing"])
    with monkeypatch.context() as no_threads:
        no_threads.setattr(threading.Thread, "start", out_of_threads)
        found = collect(collector)

    assert found['kafka_producer_exporter_target_error{reason="limit",target="checkout",team="c"}'] == 1
    assert found['kafka_producer_up{target="billing",team="b"}'] == 1
    assert collect(collector)['kafka_producer_up{target="checkout",team="c"}'] == 1
    collector.close()


def out_of_threads(thread):
    raise RuntimeError("can't start new thread")


def test_a_step_of_the_clock_changes_no_duration(collector, jvms, monkeypatch):
    clock = iter(range(10**6, 0, -3600))
    monkeypatch.setattr(time, "time", lambda: float(next(clock)))

    found = collect(collector)

    durations = [value for name, value in found.items() if "scrape_duration_seconds" in name]
    assert all(0 < seconds < SOON for seconds in durations)


def test_without_a_descriptor_to_measure_memory_the_target_is_read_all_the_same(jvms):
    def no_descriptor():
        raise OSError(errno.EMFILE, "Too many open files")

    collector = collector_of({"checkout": jvms["checkout"]}, budget=MemoryBudget(100_000_000, resident=no_descriptor))

    for _ in range(2):
        assert collect(collector)['kafka_producer_up{target="checkout",team="c"}'] == 1
    collector.close()


def test_a_change_of_state_is_logged_and_not_every_scrape(collector, jvms, caplog):
    caplog.set_level(logging.INFO)
    for failure in (TransportError(Reason.REFUSED, "nothing listens on checkout:9999"), None) * 2:
        jvms["checkout"].failure = failure
        for _ in range(3):
            collect(collector, names=["checkout"])

    assert [record.message for record in caplog.records] == [
        "nothing listens on checkout:9999",
        "the target is up",
        "nothing listens on checkout:9999",
        "the target is up again",
    ]
    assert {record.target for record in caplog.records} == {"checkout"}


def test_the_first_success_of_a_target_is_logged_once_and_not_as_a_return(collector, caplog):
    caplog.set_level(logging.INFO)

    for _ in range(3):
        collect(collector)

    lines = sorted((record.target, record.message) for record in caplog.records)
    assert lines == [("billing", "the target is up"), ("checkout", "the target is up")]


def test_a_producer_that_stays_without_metrics_is_logged_once_and_explained_in_every_scrape(jvms, collector, caplog):
    jvms["checkout"].unread = ("kafka.producer:type=producer-metrics,client-id=x",)

    for _ in range(4):
        (scrape,) = collector.scrape(deadline=time.monotonic() + SOON, names=["checkout"])
        assert scrape.reason is None
        assert scrape.detail.startswith("x: alive, but without metrics because the values of its MBean cannot be read")

    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == [scrape.detail]
    hidden = 'kafka_producer_hidden{client_id="x",reason="unreadable",target="checkout",team="c"}'
    assert series_of(scrape.families)[hidden] == 1


@pytest.mark.parametrize(
    ("kind", "unread", "advice"),
    [
        (TargetKind.PRODUCER, ("kafka.server:type=app-info,id=1",), "set kind: broker"),
        (TargetKind.BROKER, (), "set kind: producer"),
    ],
)
def test_a_target_of_the_wrong_kind_is_explained_in_every_scrape_and_logged_once(kind, unread, advice, caplog):
    jvm, asked = Recorded(), []
    jvm.answer = lambda selections: asked.append(selections) or []
    jvm.unread = unread
    reader = reader_of(jvm, kind=kind)

    scrapes = [reader.read(time.monotonic() + SOON) for _ in range(4)]

    assert all(advice in scrape.detail and scrape.reason is None for scrape in scrapes)
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == [scrapes[0].detail]
    assert all(BROKER_NAMES in selections for selections in asked)


def test_a_jvm_with_producers_is_not_asked_whether_it_is_a_broker_after_the_first_read(caplog):
    jvm, asked = Recorded(), []
    jvm.answer = lambda selections: asked.append(selections) or recorded_readings("4.4.0", selections)
    jvm.unread = ("kafka.server:type=app-info,id=1",)  # brokers may have producers of their own
    reader = reader_of(jvm)

    scrapes = [reader.read(time.monotonic() + SOON) for _ in range(3)]

    assert [scrape.detail for scrape in scrapes] == ["", "", ""]
    assert [BROKER_NAMES in selections for selections in asked] == [True, False, False]
    assert not [record for record in caplog.records if record.levelname == "WARNING"]


def test_mbeans_that_are_left_out_are_counted_and_logged_once_when_it_begins_and_when_it_ends(caplog):
    caplog.set_level(logging.INFO)
    jvm, pages = Recorded(), []
    reader = reader_of(jvm)
    for left_out in ({}, {LeftOut.NAME: 2}, {LeftOut.NAME: 3, LeftOut.UNREADABLE: 1}, {LeftOut.UNREADABLE: 1}, {}):
        jvm.left_out = left_out
        scrape = reader.read(time.monotonic() + SOON)
        found = series_of(scrape.families)
        pages.append({name: value for name, value in found.items() if "left_out" in name})
        assert bool(scrape.detail) == bool(left_out)
        assert scrape.reason is None

    metric = 'kafka_producer_exporter_mbeans_left_out{reason="%s",target="checkout"}'
    assert pages == [
        {},
        {metric % "name": 2},
        {metric % "name": 3, metric % "unreadable": 1},
        {metric % "unreadable": 1},
        {},
    ]
    logged = [record.message for record in caplog.records if "left out" in record.message]
    assert [message.partition(" left out")[0] for message in logged] == ["2 MBeans", "no MBean is"]
    assert "give each producer a shorter client.id" in logged[0]


def test_no_producer_is_called_hidden_while_its_mbeans_may_be_among_those_left_out():
    jvm = Recorded()
    jvm.unread = ("kafka.producer:type=app-info,id=a",)
    jvm.left_out = {LeftOut.TOO_MANY: 7}
    reader = reader_of(jvm)
    hidden = []
    for jvm.lists_all in (False, False, False, True, True):
        found = series_of(reader.read(time.monotonic() + SOON).families)
        hidden.append(any("producer_hidden" in name for name in found))

    assert hidden == [False, False, False, False, True]


def test_one_target_can_be_read_alone(collector, jvms):
    collect(collector, names=["billing"])

    assert (jvms["billing"].reads, jvms["checkout"].reads) == (1, 0)


def test_closing_ends_sessions_and_threads(jvms):
    others = set(threading.enumerate())
    collector = collector_of(jvms)
    collect(collector)

    collector.close(wait_seconds=SOON)

    assert set(threading.enumerate()) <= others
    assert {jvm.closed for jvm in jvms.values()} == {1}


class ManyTopics(Recorded):
    """A JVM with many topics."""

    TOPICS = 50

    def read(self, asked, *, deadline):
        self.reads += 1
        readings = recorded_readings("4.4.0", asked)
        listed = ["record-send-total"]
        for number in range(self.TOPICS):
            name = ObjectName(f"kafka.producer:type=producer-topic-metrics,client-id=orders,topic=t{number}")
            if asked[0].choose(name, listed):
                readings.append(Reading(name, ("record-send-total",), [1.0]))
        return readings


def test_under_memory_pressure_topics_and_nodes_are_left_out_and_counted_and_producers_never():
    jvm = ManyTopics()
    budget = MemoryBudget(100_000, resident=lambda: 0)
    collector = collector_of({"checkout": jvm}, budget=budget)

    found = collect(collector)
    collector.close()

    shed = sum(value for name, value in found.items() if "series_shed" in name)
    kept = {name for name in found if "topic_record_send_total" in name or "node_request_total" in name}
    recorded = {
        r.name for r in recorded_readings("4.4.0") if "topic" in r.name.properties or "node-id" in r.name.properties
    }
    assert 0 < shed < ManyTopics.TOPICS + len(recorded)
    assert len(kept) == ManyTopics.TOPICS + len(recorded) - shed
    assert found['kafka_producer_clients{target="checkout",team="c"}'] == 2


def test_what_is_left_out_for_want_of_memory_is_read_as_the_log_advises(caplog):
    def left_out(limit, profile):
        caplog.clear()
        budget = MemoryBudget(limit, resident=lambda: 0)
        collector = collector_of({"a": ManyTopics()}, budget=budget, profile=profile)
        found = collect(collector)
        collector.close()
        return [record.message for record in caplog.records if record.levelname == "WARNING"] or (
            [name for name in found if "series_shed" in name]
        )

    [message] = left_out(380_000, Profile.DEFAULT)
    profile = Profile(re.search(r"; give the container more memory, or set profile: (\w+)$", message)[1])
    [smallest] = left_out(100_000, profile)

    assert left_out(380_000, profile) == []
    assert left_out(1_000_000, Profile.DEFAULT) == []
    assert smallest.endswith("; give the container more memory")


def test_when_more_is_resident_than_estimated_the_next_read_lists_the_mbeans_again():
    jvm = ManyTopics()
    resident = [0]
    budget = MemoryBudget(1000 * mbean_bytes(1, 0), resident=lambda: resident[0])
    collector = collector_of({"checkout": jvm}, budget=budget)

    collect(collector)
    resident[0] = 950 * mbean_bytes(1, 0)
    collect(collector)
    collect(collector)
    collector.close()

    assert jvm.forgotten == 1


def test_only_the_selections_of_the_profile_are_read():
    jvm = Recorded()
    collector = collector_of({"checkout": jvm}, profile=Profile.MINIMAL)

    found = collect(collector)
    collector.close()

    assert any("record_send_total" in name for name in found)
    assert not any("select_total" in name for name in found)
