import prometheus_client
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from prometheus_client import Metric as TheirMetric
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from kafka_producer_exporter.catalogue.table import METRICS
from kafka_producer_exporter.exposition.formats import Format
from kafka_producer_exporter.exposition.text import CHUNK_BYTES, render, rendered
from kafka_producer_exporter.model import NO_LABELS, Family, Kind, Labels, Metric, Unit

NAMES = {
    (Kind.COUNTER, Unit.NONE): "kafka_producer_x_total",
    (Kind.COUNTER, Unit.NANOSECONDS): "kafka_producer_x_seconds_total",
    (Kind.GAUGE, Unit.NONE): "kafka_producer_x",
    (Kind.GAUGE, Unit.BYTES): "kafka_producer_x_bytes",
    (Kind.INFO, Unit.NONE): "kafka_producer_x_info",
}


def metric(kind=Kind.GAUGE, unit=Unit.NONE, help_text="A test."):
    return Metric(name=NAMES[kind, unit], kind=kind, unit=unit, help=help_text, section="test")


class TheirPage:
    """The same families as prometheus-client has them: a registry with one collector."""

    def __init__(self, families):
        self._families = families

    def collect(self):
        for ours, samples in self._families:
            name = ours.name.removesuffix("_total").removesuffix("_info")
            theirs = TheirMetric(name, ours.help, ours.kind.value, ours.unit.base)
            for labels, value in samples:
                theirs.add_sample(ours.name, dict(labels.pairs), value)
            yield theirs


RENDER_THEIRS = {
    Format.PROMETHEUS_TEXT: prometheus_client.generate_latest,
    Format.OPENMETRICS: openmetrics.generate_latest,
}

odd_text = st.text(
    st.sampled_from('ab "\\\n\t\r{},=한é\u2028😀') | st.characters(exclude_categories=["Cs"]), max_size=8
)
labels = st.dictionaries(st.sampled_from(["target", "client_id", "topic", "node_id"]), odd_text).map(Labels)
values = (
    st.floats(allow_nan=False, allow_infinity=False)
    | st.floats(0, 2e6)
    | st.integers(-(10**9), 10**18)
    | st.sampled_from([999999.0, 999999.9999999999, 1e6, 1000000.5, 1e15, 1e16, 1e17, 1e300, 5e-324, -0.0, -1e7, 0, 7])
)
metrics = st.builds(
    lambda kind_and_unit, words: metric(*kind_and_unit, help_text=f"{words}."), st.sampled_from(list(NAMES)), odd_text
)
families = st.builds(Family, metrics, st.lists(st.tuples(labels, values), min_size=1, max_size=4))


@pytest.mark.parametrize("page_format", Format)
@settings(max_examples=150)
@given(page=st.lists(families, max_size=3))
@example(page=[Family(metric(Kind.COUNTER), [(NO_LABELS, 1e6)])])
def test_the_page_is_that_of_prometheus_client_byte_for_byte(page_format, page):
    assert render(page, page_format) == RENDER_THEIRS[page_format](TheirPage(page))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0.0"),
        (0.009, "0.009"),
        (999999.0, "999999.0"),
        (1e6, "1e+06"),
        (33554432.0, "3.3554432e+07"),
        (1e16, "1e+16"),
    ],
)
def test_values_are_written_as_go_writes_them(value, expected):
    page = render([Family(metric(), [(NO_LABELS, value)])], Format.PROMETHEUS_TEXT)

    assert page.decode().splitlines()[-1] == f"kafka_producer_x {expected}"


@pytest.mark.parametrize(("page_format", "expected"), [(Format.PROMETHEUS_TEXT, b""), (Format.OPENMETRICS, b"# EOF\n")])
def test_a_family_without_samples_is_left_out(page_format, expected):
    assert render([Family(metric(), [])], page_format) == expected


def test_half_a_surrogate_pair_changes_its_own_label_only():
    page = render([Family(metric(), [(Labels({"topic": "a\ud800b"}), 1.0)])], Format.PROMETHEUS_TEXT)

    assert page.decode().splitlines()[-1] == 'kafka_producer_x{topic="a?b"} 1.0'


def test_openmetrics_has_type_and_unit_of_every_metric_of_the_catalogue():
    page = render([Family(ours, [(NO_LABELS, 1.0)]) for ours in METRICS.values()], Format.OPENMETRICS)

    read = {
        sample.name: family for family in text_string_to_metric_families(page.decode()) for sample in family.samples
    }

    assert read.keys() == METRICS.keys()
    for name, family in read.items():
        assert (family.type, family.unit) == (METRICS[name].kind.value, METRICS[name].unit.base)


@pytest.mark.parametrize("page_format", Format)
@pytest.mark.parametrize("samples", [1, 100, 3000])
def test_a_page_comes_in_chunks_of_whole_families(samples, page_format):
    family = Family(metric(), [(Labels({"topic": f"topic-{number}"}), 1.5) for number in range(samples)])
    size = len(render([family], page_format))

    chunks = list(rendered([family] * 40, page_format))

    assert all(CHUNK_BYTES <= len(chunk) < CHUNK_BYTES + size for chunk in chunks[:-1])
    assert len(b"".join(chunks)) == len(render([family] * 40, page_format))
    assert (len(chunks) > 1) == (samples > 1)
