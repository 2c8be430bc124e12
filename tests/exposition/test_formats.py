import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_producer_exporter.exposition.formats import Format, negotiate

PROMETHEUS_2_42 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3_16 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.7,"
    "application/openmetrics-text;version=0.0.1;q=0.6,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.5,"
    "text/plain;version=0.0.4;q=0.4,*/*;q=0.3"
)
PROTOBUF = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.8,"
FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize("accept", [PROMETHEUS_2_42, PROMETHEUS_3_16, PROTOBUF + PROMETHEUS_3_16])
def test_prometheus_gets_openmetrics(accept):
    assert negotiate(accept) is Format.OPENMETRICS


@pytest.mark.parametrize("accept", ["", "*/*", FIREFOX, "text/plain", "text/plain;version=0.0.4", "application/json"])
def test_people_and_simple_clients_get_plain_text(accept):
    assert negotiate(accept) is Format.PROMETHEUS_TEXT


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("application/openmetrics-text", Format.OPENMETRICS),
        ('Application/OpenMetrics-Text; Version="1.0.0"; charset=utf-8', Format.OPENMETRICS),
        ("application/openmetrics-text;version=0.0.1,text/plain;version=0.0.4;q=0.5", Format.PROMETHEUS_TEXT),
        ("application/openmetrics-text;version=2.0.0", Format.PROMETHEUS_TEXT),
        ("application/openmetrics-text;q=0.4,text/plain;q=0.5", Format.PROMETHEUS_TEXT),
        ("text/plain;q=0.5,application/openmetrics-text;q=0.6", Format.OPENMETRICS),
        ("text/plain,application/openmetrics-text", Format.PROMETHEUS_TEXT),
        ("application/openmetrics-text;q=0", Format.PROMETHEUS_TEXT),
        ("application/openmetrics-text;version=1.0.0;escaping=dots", Format.OPENMETRICS),
        ("application/openmetrics-text;q=best", Format.PROMETHEUS_TEXT),
    ],
)
def test_the_version_and_the_quality_decide(accept, expected):
    assert negotiate(accept) is expected


@given(st.text(st.sampled_from('text/plain*application openmetrics-;,=q.10"version'), max_size=60))
def test_no_header_is_too_odd_to_be_answered(accept):
    assert negotiate(accept) in Format


@pytest.mark.parametrize("page_format", Format)
def test_the_content_type_asks_for_the_format_again(page_format):
    assert negotiate(page_format.value) is page_format
