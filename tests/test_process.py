import os
import time

import pytest
from prometheus_client.process_collector import ProcessCollector

from kafka_producer_exporter.process import own_families

PREFIX = "kafka_producer_exporter_process_"
MOVING = ("cpu_seconds_total", "resident_memory_bytes", "virtual_memory_bytes", "open_fds")


def process_values(**options):
    families = own_families(config_valid=True, config_loaded=None, **options)
    return {
        metric.name.removeprefix(PREFIX): value for metric, ((_, value),) in families if metric.name.startswith(PREFIX)
    }


def prometheus_client_values():
    collector = ProcessCollector(namespace="kafka_producer_exporter", registry=None)
    return {
        sample.name.removeprefix(PREFIX): sample.value for family in collector.collect() for sample in family.samples
    }


def test_the_figures_of_the_process_are_those_of_prometheus_client():
    ours = process_values()

    theirs = prometheus_client_values()
    assert ours.keys() == theirs.keys()
    assert {name: ours[name] for name in ours if name not in MOVING} == {
        name: theirs[name] for name in theirs if name not in MOVING
    }
    for name in MOVING:
        assert ours[name] == pytest.approx(theirs[name], rel=0.05, abs=0.1), name


def test_the_open_files_and_the_start_are_those_of_this_process():
    before = process_values()

    pipe = os.pipe()
    after = process_values()
    for end in pipe:
        os.close(end)

    assert after["open_fds"] == before["open_fds"] + 2
    assert 0 < after["start_time_seconds"] < time.time()


def test_a_program_name_with_brackets_and_blanks_is_passed_over(tmp_path):
    (tmp_path / "self" / "fd").mkdir(parents=True)
    (tmp_path / "stat").write_text("cpu 1 2 3\nbtime 1000\n")
    numbers = " ".join(str(place) for place in range(4, 53))
    (tmp_path / "self" / "stat").write_text(f"42 (a) b (c)) S {numbers}\n")

    values = process_values(proc=tmp_path)

    ticks = os.sysconf("SC_CLK_TCK")
    assert values["virtual_memory_bytes"] == 23
    assert values["resident_memory_bytes"] == 24 * os.sysconf("SC_PAGE_SIZE")
    assert values["cpu_seconds_total"] == (14 + 15) / ticks
    assert values["start_time_seconds"] == 1000 + 22 / ticks


def test_without_proc_the_page_has_the_rest(tmp_path):
    families = own_families(config_valid=True, config_loaded=5.0, proc=tmp_path)

    assert [family.metric.name for family in families] == [
        "kafka_producer_exporter_build_info",
        "kafka_producer_exporter_config_valid",
        "kafka_producer_exporter_config_last_reload_success_timestamp_seconds",
    ]
