import argparse
import json
import re
import shlex

import pytest
import yaml

from kafka_producer_exporter.commands import diagnose
from kafka_producer_exporter.errors import ConfigError
from kafka_producer_exporter.languages import LANGUAGES
from kafka_producer_exporter.pack import rules
from kafka_producer_exporter.pack.document import document


def alerts_of(content):
    return [rule for group in content["groups"] for rule in group["rules"] if "alert" in rule]


def test_about_fifteen_alerts_are_on_and_at_most_five_page():
    on = {alert["alert"]: alert for alert in alerts_of(rules.render())}
    everything = alerts_of(rules.render(enable=("all",)))

    assert 5 <= len(on) <= 18
    assert len({alert["alert"] for alert in everything if alert["labels"]["severity"] == "critical"}) <= 5
    assert len(everything) > len(on)


def test_an_alert_is_switched_by_its_name():
    names = {alert["alert"] for alert in alerts_of(rules.render())}

    more = rules.render(enable=("KafkaProducerHighRetryRatio",), disable=("KafkaProducerWatchdog",))

    assert {a["alert"] for a in alerts_of(more)} == (names | {"KafkaProducerHighRetryRatio"}) - {
        "KafkaProducerWatchdog"
    }
    assert alerts_of(rules.render(disable=("all",))) == []


def test_an_unknown_alert_is_refused_with_the_one_that_was_meant():
    with pytest.raises(ConfigError, match=r"--disable KafkaProducerWatchdg: .* did you mean KafkaProducerWatchdog\?"):
        rules.render(disable=("KafkaProducerWatchdg",))


def test_runbook_links_are_rendered_only_where_their_base_is_known():
    without = alerts_of(rules.render())
    with_base = alerts_of(rules.render({"runbook_base": "http://exporter:9797/runbooks/"}))

    assert not any("runbook_url" in alert["annotations"] for alert in without)
    assert {alert["annotations"]["runbook_url"] for alert in with_base} == {
        f"http://exporter:9797/runbooks/{alert['alert']}" for alert in with_base
    }


def test_every_description_ends_with_a_command_that_looks_further():
    for language, words in (
        ("en", "Look further: `kafka-producer-exporter "),
        ("ko", "더 보기: `kafka-producer-exporter "),
    ):
        for alert in alerts_of(rules.render(enable=("all",), language=language)):
            assert words in alert["annotations"]["description"], alert["alert"]
            assert alert["annotations"]["description"].endswith("`")


LABELS = {"target": "checkout", "namespace": "shop", "kafka_cluster": "prod"}


def line_of(alert, labels):
    """The `diagnose` line at the end of a description, as Prometheus writes it and a shell reads it."""
    last = alert["annotations"]["description"].split("`")[-2]
    filled = re.sub(r"{{ \$labels\.(\w+) }}", lambda place: labels.get(place[1], ""), last)
    return shlex.split(filled.replace("{{ $externalURL }}", "http://prometheus:9090"))


def test_the_diagnose_line_names_the_service_or_the_cluster_and_the_window_of_the_alert():
    lines = {alert["alert"]: line_of(alert, LABELS) for alert in alerts_of(rules.render(enable=("all",)))}
    asks = ["--prometheus", "http://prometheus:9090", "--match"]

    program, verb = "kafka-producer-exporter", "diagnose"
    assert lines["KafkaProducerThrottled"] == [program, verb, "checkout", *asks, 'namespace="shop"']
    assert lines["KafkaProducerRecordErrors"][-2:] == ["--interval", "1800"]
    assert lines["KafkaTopicOffline"] == [program, verb, *asks, 'kafka_cluster="prod"']


def test_every_diagnose_line_is_one_that_the_program_accepts():
    parser = argparse.ArgumentParser(exit_on_error=False)
    diagnose.add_arguments(parser)
    for labels in (LABELS, {"target": "checkout"}):
        for language in LANGUAGES:
            alerts = alerts_of(rules.render(enable=("all",), language=language))
            lines = [words for alert in alerts if (words := line_of(alert, labels))[1] == "diagnose"]
            assert len(lines) > 30
            for words in lines:
                assert parser.parse_args(words[2:]).prometheus == "http://prometheus:9090", words


def test_no_place_of_a_parameter_is_left():
    for language in LANGUAGES:
        assert "${" not in json.dumps(rules.render(enable=("all",), language=language, scale=20))


def test_each_threshold_is_a_recording_rule_with_the_users_own_value():
    content = rules.render({"error_budget": "0.01"})

    recorded = {rule["record"]: rule["expr"] for rule in content["groups"][0]["rules"]}
    assert recorded["kafka_producer_threshold:error_budget"] == "vector(0.01)"
    assert "> 14.4 * 0.01" in next(
        a["expr"] for a in alerts_of(content) if a["alert"] == "KafkaProducerErrorBudgetBurn"
    )


def test_the_documents_read_back_as_what_was_rendered():
    content = rules.render(enable=("all",), language="ko")

    assert yaml.safe_load(document(content, "prometheus")) == content
    resource = yaml.safe_load(document(content, "prometheusrule"))
    assert (resource["kind"], resource["spec"]) == ("PrometheusRule", content)
