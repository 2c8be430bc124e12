"""The Alertmanager sample in a real Alertmanager: who is told of what, and what is inhibited by what.

All times are divided, and alerts have the labels that the rules give them.
"""

import time
from collections import defaultdict

import pytest
import yaml

from alerts.data import HERE
from alerts.lint import with_recordings
from alerts.pack_rules import rules_of, whole_pack
from lab.alertmanager import Alertmanager, Webhook, amtool_binary, to_webhook
from lab.process import run, wait_until
from promql.series import series_of

SAMPLE = HERE / "alertmanager.yaml"
SCALE = 60
"""A page waits one second and is repeated for newcomers after five; a ticket waits five seconds."""
RULES = rules_of(whole_pack(scale=SCALE))
KNOWN = with_recordings(RULES)

pytestmark = pytest.mark.usefixtures("lab", "alertmanager_program")


def alert(name, number=0, **labels):
    """Return the labels of an alert as the rules make them; *number* chooses among several rules of one name."""
    rule = [rule for rule in RULES if rule.is_alert and rule.name == name][number]
    possible = series_of(rule.tree, KNOWN).labels
    assert labels.keys() <= possible
    assert possible - labels.keys() <= {"kafka_cluster", "pod", "container", "endpoint"}
    return {"alertname": name, **rule.labels, **labels}


def service(name, cluster=None, **labels):
    return {"namespace": "shop", "target": name, **({"kafka_cluster": cluster} if cluster else {}), **labels}


def burn(name, cluster=None, number=0):
    return alert("KafkaProducerErrorBudgetBurn", number, **service(name, cluster))


def of_client(alertname, name, cluster=None):
    return alert(alertname, **service(name, cluster, client_id="main"))


EFFECTS = ("KafkaProducerDeliveryStalled", "KafkaProducerRecordErrors", "KafkaProducerHighRequestLatency")
SERVICES = [f"service-{number}" for number in range(400)]

POSTED = [
    # Brokers of one cluster accept nothing. There are no replicas in sync where there is no leader.
    alert("KafkaTopicOffline", kafka_cluster="dead"),
    alert("KafkaTopicUnderMinIsr", kafka_cluster="dead"),
    *(burn(name, "dead") for name in SERVICES[:50]),
    *(of_client(effect, name, "dead") for name in SERVICES[:50] for effect in EFFECTS),
    alert("KafkaTransactionHanging", kafka_cluster="dead", topic="orders"),
    # A service of another cluster, and services of unknown clusters, have trouble of their own.
    burn("checkout", "alive"),
    burn("nameless-1"),
    burn("nameless-2"),
    # No broker view watches this cluster.
    *(burn(name, "unwatched") for name in SERVICES[:50]),
    # One of 400 services is broken; of the others there is something to improve.
    *(of_client("KafkaProducerTinyBatches", name, "big") for name in SERVICES),
    burn("service-123", "big"),
    of_client("KafkaProducerRecordErrors", "service-123", "big"),
    # One of the JVMs of a service is dead.
    alert("KafkaProducerTargetDown", **service("down", "targets")),
    of_client("KafkaProducerHighRequestLatency", "down", "targets"),
    of_client("KafkaProducerAuthenticationFailures", "down", "targets"),
    of_client("KafkaProducerRecordErrors", "down", "targets"),
    of_client("KafkaProducerHighRequestLatency", "up", "targets"),
    # Every window of the error budget.
    *(burn("burning", "windows", number) for number in range(4)),
    # A bootstrap server is a ticket, and what it causes may be a page.
    alert("KafkaBootstrapServerDown", kafka_cluster="boot", server="a:9092"),
    of_client("KafkaProducerMetadataStale", "starting", "boot"),
    burn("starting", "boot"),
    # An exporter is down.
    *(
        alert(name, job="shop/exporter", instance=instance, namespace="shop")
        for name, instance in (
            ("KafkaProducerExporterDown", "a:9797"),
            ("KafkaProducerExporterConfigInvalid", "a:9797"),
            ("KafkaProducerExporterConfigInvalid", "b:9797"),
        )
    ),
    alert("KafkaProducerWatchdog"),
]
LATE = [burn(name, "late") for name in ("one", "two", "three")]
"""The effects come before their cause."""
CAUSE = alert("KafkaTopicUnderMinIsr", kafka_cluster="late")


class Seen:
    """What the receivers were told, and what the Alertmanager says of each alert."""

    def __init__(self, alertmanager, hook):
        self.notifications = list(hook.notifications)
        self.states = {frozenset(one["labels"].items()): one for one in alertmanager.alerts()}

    def is_inhibited(self, labels):
        return bool(self.states[frozenset(labels.items())]["status"]["inhibitedBy"])

    def told(self, receiver):
        """Return by group the firing alerts: a page or a ticket each, in the order of their first messages."""
        groups = defaultdict(list)
        for one in self.notifications:
            if one.receiver == receiver:
                groups[one.group] += [each["labels"] for each in one.alerts if each["labels"] not in groups[one.group]]
        return list(groups.values())

    def pages(self, cluster):
        """Return the pages of a cluster: for each its (alert, target) pairs."""
        return [
            sorted((one["alertname"], one.get("target")) for one in group)
            for group in self.told("page")
            if group[0].get("kafka_cluster") == cluster
        ]


@pytest.fixture(scope="module")
def seen(alertmanager_program):
    config = yaml.safe_load(SAMPLE.read_text())
    with Webhook() as hook, Alertmanager(to_webhook(config, hook, scale=SCALE)) as alertmanager:
        alertmanager.post(POSTED + LATE)
        wait_until("the effects are a page", lambda: len(Seen(alertmanager, hook).pages("late")) == 1)
        alertmanager.post([CAUSE])
        wait_until(
            "the page has the cause",
            lambda: any(CAUSE in [a["labels"] for a in one.alerts] for one in list(hook.notifications)),
        )
        wait_until("there is a ticket", lambda: Seen(alertmanager, hook).told("ticket"))
        time.sleep(3)
        yield Seen(alertmanager, hook)


def test_dead_brokers_are_one_page_and_not_one_for_each_service(seen):
    effects = [one for one in POSTED if one.get("kafka_cluster") == "dead" and "target" in one]

    assert sorted(seen.pages("dead")) == [[("KafkaTopicOffline", None)], [("KafkaTransactionHanging", None)]]
    assert len(effects) == 200
    assert [one for one in effects if not seen.is_inhibited(one)] == []
    assert [one for one in seen.told("ticket") if one[0].get("kafka_cluster") == "dead"] == []


def test_another_cluster_and_services_of_unknown_clusters_still_page(seen):
    assert seen.pages("alive") == [[("KafkaProducerErrorBudgetBurn", "checkout")]]
    assert sorted(seen.pages(None)) == [
        [("KafkaProducerErrorBudgetBurn", "nameless-1")],
        [("KafkaProducerErrorBudgetBurn", "nameless-2")],
    ]


def test_dead_brokers_are_one_page_without_a_broker_view_too_and_it_names_every_service(seen):
    (page,) = seen.pages("unwatched")

    assert sorted(target for _, target in page) == sorted(SERVICES[:50])


def test_a_cause_that_comes_later_joins_the_page_of_its_effects(seen):
    (page,) = seen.pages("late")

    assert {name for name, _ in page} == {"KafkaTopicUnderMinIsr", "KafkaProducerErrorBudgetBurn"}
    assert all(seen.is_inhibited(one) for one in LATE)
    last = [one for one in seen.notifications if CAUSE in [each["labels"] for each in one.alerts]][-1]
    assert last.names("firing") == {"KafkaTopicUnderMinIsr"}


def test_one_broken_service_of_400_is_one_page_that_names_it(seen):
    assert seen.pages("big") == [[("KafkaProducerErrorBudgetBurn", "service-123")]]
    assert seen.is_inhibited(of_client("KafkaProducerRecordErrors", "service-123", "big"))
    assert {
        one["alertname"] for group in seen.told("ticket") for one in group if one.get("kafka_cluster") == "big"
    } == set()


def test_a_dead_target_inhibits_its_consequences_and_nothing_else(seen):
    names = ("HighRequestLatency", "AuthenticationFailures", "RecordErrors")
    inhibited = [seen.is_inhibited(of_client(f"KafkaProducer{name}", "down", "targets")) for name in names]

    assert inhibited == [True, False, False]
    assert not seen.is_inhibited(of_client("KafkaProducerHighRequestLatency", "up", "targets"))


def test_the_fastest_burn_rate_inhibits_the_others(seen):
    assert [seen.is_inhibited(burn("burning", "windows", number)) for number in range(4)] == [False, True, True, True]
    assert seen.pages("windows") == [[("KafkaProducerErrorBudgetBurn", "burning")]]


def test_a_ticket_inhibits_tickets_and_no_page(seen):
    assert seen.is_inhibited(of_client("KafkaProducerMetadataStale", "starting", "boot"))
    assert seen.pages("boot") == [[("KafkaProducerErrorBudgetBurn", "starting")]]


def test_an_exporter_that_is_down_inhibits_what_it_said_of_itself(seen):
    inhibited = {
        one["instance"]: seen.is_inhibited(one)
        for one in POSTED
        if one["alertname"] == "KafkaProducerExporterConfigInvalid"
    }

    assert inhibited == {"a:9797": True, "b:9797": False}


def test_each_receiver_is_told_of_its_severity_and_a_ticket_is_of_one_service_and_theme(seen):
    severities = {
        receiver: {one["severity"] for group in seen.told(receiver) for one in group}
        for receiver in ("page", "ticket", "nowhere", "dead-mans-switch")
    }
    tickets = [{(one.get("target"), one["theme"]) for one in group} for group in seen.told("ticket")]

    assert severities == {
        "page": {"critical"},
        "ticket": {"warning"},
        "nowhere": {"info"},
        "dead-mans-switch": {"none"},
    }
    assert [len(ticket) for ticket in tickets] == [1] * len(tickets)


def test_the_dead_mans_switch_is_told_again_and_again(seen):
    assert sum(one.receiver == "dead-mans-switch" for one in seen.notifications) >= 3


def test_amtool_accepts_the_file_and_routes_each_severity():
    amtool = amtool_binary()
    run([amtool, "check-config", SAMPLE], what="amtool check-config")
    for severity, receiver in {"critical": "page", "warning": "ticket", "info": "nowhere"}.items():
        labels = ["component=kafka-producer", f"severity={severity}", "kafka_cluster=a", "theme=errors"]
        command = [amtool, "config", "routes", "test", f"--config.file={SAMPLE}", f"--verify.receivers={receiver}"]
        assert receiver in run([*command, *labels], what="amtool config routes test")
    stranger = ["component=other", "severity=critical"]
    assert "ticket" in run([amtool, "config", "routes", "test", f"--config.file={SAMPLE}", *stranger], what="amtool")
