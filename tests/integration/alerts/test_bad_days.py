"""Whole pages over hours, with every alert on: what is normal fires nothing, and a fault only what is meant."""

import itertools

import pytest
import yaml

from alerts.unit_tests import EVALUATION_INTERVAL, promtool_failure
from kafka_producer_exporter.pack import rules
from kafka_producer_exporter.pack.document import document
from lab.prometheus import CURRENT
from tests.integration.alerts.pods import MINUTES, Pod, rising, unit_test

THROUGHOUT = range(5, MINUTES, 7)
ERRORS = "kafka_producer_record_error_total"


@pytest.fixture
def fires(prometheus_programs, tmp_path):
    """Return a function that asserts which alerts fire at the given minutes."""

    def fires(pods, expected, minutes=THROUGHOUT):
        rule_file, test_file = tmp_path / "rules.yaml", tmp_path / "test.yaml"
        rule_file.write_text(document(rules.render(enable=(rules.ALL,)), "prometheus"))
        test = {"rule_files": [str(rule_file)], "evaluation_interval": EVALUATION_INTERVAL}
        test_file.write_text(yaml.safe_dump({**test, "tests": [unit_test(pods, expected, minutes)]}))
        assert promtool_failure(CURRENT, "test", "rules", test_file) == ""

    return fires


@pytest.mark.parametrize("job", ["shop/kafka-producers", "orders", "kafka-producer-exporter"])
def test_replicas_with_the_same_client_id_are_healthy_whatever_their_job_is_called(fires, job):
    fires([Pod(name=f"orders-{number}", job=job) for number in range(3)], {})


def test_an_idle_producer_is_healthy(fires):
    fires([Pod(name="orders-0", idle=True), Pod(name="orders-1", idle=True, begins_at=1000)], {})


def test_a_producer_without_our_labels_but_the_target_is_healthy_and_loses_records_all_the_same(fires):
    fires([Pod(name="orders-0", labels={})], {})
    broken = Pod(name="orders-0", labels={}, values={ERRORS: rising(60, after=30)})
    fires([broken], {"KafkaProducerErrorBudgetBurn": 2, "KafkaProducerRecordErrors": 1}, [80])


def test_a_page_of_micrometer_beside_ours_does_not_matter_though_some_names_are_equal(fires):
    ours = Pod(name="orders-0")
    wild = {
        metric: rising(700) for metric in ("kafka_producer_record_error_total", "kafka_producer_record_retry_total")
    }
    beside = Pod(name="orders-0-app", values=wild)

    class Micrometer:
        @staticmethod
        def series():
            for series in beside.series():
                if series["series"].startswith(("kafka_producer_record", "kafka_producer_request")):
                    yield {**series, "series": series["series"].replace('target="orders",', "")}

    fires([ours, Micrometer()], {})


def test_scrapes_that_fail_now_and_then_start_nothing_and_end_nothing(fires):
    fires([Pod(name="orders-0", gaps=4)], {})
    broken = Pod(name="orders-0", gaps=4, values={ERRORS: rising(60, after=30)})
    fires([broken], {"KafkaProducerErrorBudgetBurn": 2, "KafkaProducerRecordErrors": 1}, [80, 81, 82, 83, 84])


def test_counters_that_are_above_zero_when_they_are_first_scraped_are_history(fires):
    fires([Pod(name="orders-0", first=40, begins_at=10_000)], {})


def test_a_client_that_comes_and_goes_is_normal(fires):
    lives = [(first, first + 10) for first in range(0, 90, 20)]
    fires([Pod(name="orders-0", first=a, last=b, started=60.0 * a - 30) for a, b in lives[:1]], {}, [5, 9])
    fires([Pod(name=f"job-{a}", first=a, last=b, started=60.0 * a - 30) for a, b in lives], {})


def test_a_deploy_replaces_the_pods_one_after_the_other_and_nobody_is_told(fires):
    before = [Pod(name=f"orders-a{number}", last=60 + 2 * number) for number in range(3)]
    after = [
        Pod(name=f"orders-b{number}", first=60 + 2 * number, started=60.0 * (60 + 2 * number) - 20)
        for number in range(3)
    ]
    fires(before + after, {})


def test_one_broken_service_of_many_is_named_once_and_so_is_its_cluster(fires):
    services = ("orders", "bills", "mails")
    pods = [
        Pod(
            name=f"{target}-{cluster}-{number}",
            target=target,
            labels={"namespace": "shop", "kafka_cluster": cluster},
            values={ERRORS: rising(60, after=30)} if (target, cluster) == ("bills", "eu") else {},
        )
        for target, cluster, number in itertools.product(services, ("eu", "us"), range(2))
    ]

    fires(pods, {"KafkaProducerErrorBudgetBurn": 2, "KafkaProducerRecordErrors": 1}, [80])
