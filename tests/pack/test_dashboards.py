import json

from kafka_producer_exporter.languages import LANGUAGES
from kafka_producer_exporter.pack import dashboards, rules


def test_nothing_of_our_own_placeholders_is_left():
    for language in LANGUAGES:
        for name, content in dashboards.render(language=language).items():
            assert "%{" not in json.dumps(content), name


def test_the_label_of_the_cluster_is_the_users():
    text = json.dumps(dashboards.render({"cluster": "kafka"})["brokers.json"])

    assert 'kafka=~\\"$cluster\\"' in text
    assert "kafka_cluster=~" not in text


def test_links_to_runbooks_are_there_only_where_their_base_is_known():
    def urls(given):
        panels = dashboards.render(given)["producer.json"]["panels"]
        return [link["url"] for panel in panels for link in panel.get("links", ())]

    assert urls({}) == []
    assert "http://exporter:9797/runbooks/KafkaProducerDeliveryStalled" in urls(
        {"runbook_base": "http://exporter:9797/runbooks/"}
    )


def annotations(given, **options):
    content = rules.render(given, enable=("all",), **options)
    return {
        rule["alert"]: rule["annotations"] for group in content["groups"] for rule in group["rules"] if "alert" in rule
    }


def test_alerts_link_to_the_panel_that_shows_them():
    assert "dashboard_url" not in annotations({})["KafkaProducerRecordErrors"]

    for language in LANGUAGES:
        boards = {content["uid"]: content for content in dashboards.render(language=language).values()}
        given = {"dashboard_base": "https://grafana.example.com/"}
        for alert, texts in annotations(given, language=language).items():
            path, _, query = texts["dashboard_url"].removeprefix("https://grafana.example.com/d/").partition("?")
            number = int(query.removeprefix("viewPanel=").partition("{{")[0])
            panels = [p for outer in boards[path]["panels"] for p in (outer, *outer.get("panels", ()))]
            assert number in {panel["id"] for panel in panels}, alert


def test_a_link_carries_the_labels_that_the_alert_has():
    url = annotations({"dashboard_base": "https://g", "cluster": "kafka"})["KafkaProducerRecordErrors"]["dashboard_url"]

    assert "{{ with $labels.kafka }}&var-cluster={{ . | urlquery }}{{ end }}" in url
    assert "{{ with $labels.target }}&var-target={{ . | urlquery }}{{ end }}" in url
