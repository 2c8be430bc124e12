import io

import pytest

from kafka_producer_exporter.catalogue.table import METRICS
from kafka_producer_exporter.text import encodable, human_ago, human_seconds, human_value, markdown_table, table


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.0000035, "3.5 µs"),
        (0.035, "35 ms"),
        (1.5, "1.5 s"),
        (599, "599 s"),
        (3600, "60 min"),
        (9000, "2 h 30 min"),
        (200_000, "2 d 7 h"),
    ],
)
def test_a_duration_is_written_in_the_unit_that_suits_it(seconds, text):
    assert human_seconds(seconds) == text


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("kafka_producer_buffer_total_bytes", 33554432, "33.6 MB"),
        ("kafka_producer_batch_size_avg_bytes", 170, "170 B"),
        ("kafka_producer_record_send_total", 50, "50"),
        ("kafka_producer_record_send_total", 1234567, "1.23 M"),
        ("kafka_producer_record_send_total", 99999, "99999"),
        ("kafka_producer_compression_rate_avg", 0.98765, "0.988"),
        ("kafka_producer_request_latency_avg_seconds", 0.0048, "4.8 ms"),
    ],
)
def test_a_value_is_written_with_its_unit(name, value, text):
    assert human_value(value, METRICS[name]) == text


def test_columns_are_as_wide_as_their_widest_cell():
    assert table([["name", "a"], ["long name", "1234"]]) == "  name          a\n  long name  1234\n"


def test_a_table_without_numbers_is_left_aligned():
    assert table([["A", "B", "C"], ["aa", "b", "c"]], indent="", numbers=False) == "A   B  C\naa  b  c\n"


@pytest.mark.parametrize(
    ("seconds", "text"), [(-5, "just now"), (0.9, "just now"), (3.4, "3 s ago"), (1234.5, "20 min ago")]
)
def test_a_past_event_is_just_now_or_some_time_ago(seconds, text):
    assert human_ago(seconds) == text


def test_a_pipe_in_a_markdown_cell_is_escaped():
    assert markdown_table(["Key", "Value"], [["a", "x|y"]]) == "| Key | Value |\n| --- | --- |\n| a | x\\|y |\n"


def test_a_name_in_a_table_cannot_steer_a_terminal_or_reorder_the_line():
    text = table([["topic", "records"], ["a\x1b[2J\x9b31m\u202eb\nc", "1"]])

    assert text == "  topic          records\n  a?[2J?31m?b c        1\n"


@pytest.mark.parametrize(("encoding", "expected"), [("utf-8", True), ("ascii", False), ("iso-8859-1", False)])
def test_a_stream_knows_whether_it_can_show_a_text(encoding, expected):
    assert encodable("✓", io.TextIOWrapper(io.BytesIO(), encoding=encoding)) is expected
