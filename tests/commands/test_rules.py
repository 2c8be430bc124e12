import pytest
import yaml

from kafka_producer_exporter.commands import rules
from kafka_producer_exporter.errors import ConfigError


@pytest.fixture
def verb():
    return rules


def test_the_verb_prints_with_the_users_parameters(printed):
    text = printed("--set", 'producers=namespace="shop"', "--set", "hold=7m", "--enable", "all")

    assert 'record_error_total{namespace="shop"}[30m]' in text
    assert "for: 7m" in text
    assert yaml.safe_load(printed("--format", "prometheusrule"))["apiVersion"] == "monitoring.coreos.com/v1"


def test_the_list_names_alerts_and_parameters(printed):
    text = printed("--list", "--lang", "ko")

    assert "KafkaProducerWatchdog" in text
    assert "error_budget" in text
    assert "레코드" in text


def test_a_parameter_without_a_value_is_refused(printed):
    with pytest.raises(ConfigError, match="--set hold: write it like NAME=VALUE"):
        printed("--set", "hold")
