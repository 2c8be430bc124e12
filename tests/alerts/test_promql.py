import pytest

from alerts.promql import findings


@pytest.mark.parametrize(
    "query",
    [
        "kafka_producer_up == 0",
        'ALERTS{alertname="KafkaX", alertstate="firing", client_id="a"}',
        'max by (topic) (max_over_time(kafka_topic_offline_partitions{target=""}[30m:1m] offset 5m))',
        '{__name__="kafka_producer_up", target="a"}',
        'label_replace(kafka_producer_up, "made", "$1", "target", "(.*)") + on (made) group_left () vector(1)',
        "sum without (client_id) (service:x:rate5m)",
        "scrape_samples_scraped > 0",
        "# why\ntime() - kafka_producer_start_time_seconds < 1800",
    ],
)
def test_a_good_query_has_no_finding(query):
    assert findings(query, recordings={"service:x:rate5m"}) == []


@pytest.mark.parametrize(
    ("query", "finding"),
    [
        ("rate(kafka_producer_up)", "the query does not parse: "),
        ("kafka_producer_ups", "there is no metric kafka_producer_ups"),
        ('absent({__name__="kafka_producer_ups"})', "there is no metric kafka_producer_ups"),
        ('{__name__=~"kafka.*"}', "there is no metric kafka.*"),
        ('kafka_producer_up{tarket="a"}', "kafka_producer_up has no label tarket"),
        ("sum by (tarket) (kafka_producer_up)", "no metric of the query has the label tarket"),
        ("kafka_producer_up unless ignoring (tarket) up", "no metric of the query has the label tarket"),
    ],
)
def test_a_bad_query_is_found(query, finding):
    (found,) = findings(query, recordings=())

    assert found.startswith(finding)
