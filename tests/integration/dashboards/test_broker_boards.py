"""Numbers of the boards about brokers, as promtool computes them: one cluster has replicas, and one has shards."""

import itertools

import pytest
import yaml

from alerts.unit_tests import GENERATIONS, promtool_failure
from dashboards.boards import brokers, transactions
from dashboards.grafana import interpolate

EXPORTERS = (
    # cluster, instance, shard, total_shards, transactional id, where its counters began
    ("replicas", "a", 0, 1, "payments-0", 0),
    ("replicas", "b", 0, 1, "payments-0", 500),
    ("shards", "c", 0, 2, "orders-0", 0),
    ("shards", "d", 1, 2, "orders-1", 0),
)


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize(
    ("title", "values"),
    [
        ("Open transactions", [3]),
        ("Fenced", [3 * 60]),
        ("Timed out", [0]),
        ("Transactions started, committed and aborted", [3 / 60]),
    ],
)
def test_replicas_count_once_and_shards_add_up(prometheus_programs, generation, tmp_path, title, values):
    series = {}
    for cluster, instance, shard, total_shards, name, first in EXPORTERS:
        own = f'job="view", instance="{instance}", kafka_cluster="{cluster}"'
        shards = f'{own}, shard="{shard}", total_shards="{total_shards}"'
        series |= {
            f"kafka_producer_exporter_shard_info{{{shards}}}": "1x70",
            f'kafka_transaction_open{{{own}, transactional_id="{name}"}}': "1x70",
            f"kafka_cluster_transaction_started_total{{{own}}}": f"{first}+1x70",
            f'kafka_cluster_transaction_aborted_total{{{own}, reason="fenced"}}': f"{first}+1x70",
            f'kafka_cluster_transaction_aborted_total{{{own}, reason="timeout"}}': f"{first}x70",
        }

    assert failure(generation, tmp_path, series, transactions.BOARD, title, [("{}", value) for value in values]) == ""


@pytest.mark.parametrize("generation", GENERATIONS)
def test_each_topic_shows_its_greatest_risk(prometheus_programs, generation, tmp_path):
    risks = {"safe": 0, "tight": 1, "unclean": 2, "single": 3, "rejecting": 4, "offline": 5}
    settings = {
        # topic: replicas, min.insync.replicas, under min ISR, without a leader, unclean election
        "safe": (3, 2, 0, 0, 0),
        "tight": (2, 2, 0, 0, 0),
        "unclean": (3, 2, 0, 0, 1),
        "single": (3, 1, 0, 0, 1),
        "rejecting": (3, 1, 2, 0, 0),
        "offline": (1, 1, 1, 1, 0),
        "hidden": (3, None, None, 0, None),
    }
    metrics = (
        "kafka_topic_replication_factor",
        "kafka_topic_min_insync_replicas",
        "kafka_topic_under_min_insync_partitions",
        "kafka_topic_offline_partitions",
        "kafka_topic_unclean_leader_election",
    )
    series = {
        f'{metric}{{instance="{instance}", topic="{topic}"}}': f"{value}x70"
        for instance, (topic, values) in itertools.product("ab", settings.items())
        for metric, value in zip(metrics, values, strict=True)
        if value is not None
    }
    expected = [(f'{{topic="{topic}"}}', risk) for topic, risk in (risks | {"hidden": 0}).items()]

    assert failure(generation, tmp_path, series, brokers.BOARD, "Topics, those at risk first", expected) == ""


def failure(generation, folder, series, board, title, expected):
    """Return what promtool has to say if the first query of a panel does not have the expected samples."""
    panel = next(panel for panel in board.panels() if panel.title.en == title)
    template = panel.queries[0].expr.replace("%{cluster}", "kafka_cluster")
    expr = interpolate(template, {}, {"__rate_interval": "5m", "__range": "1h"})
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": f"round({expr}, 0.001)",
                "eval_time": "65m30s",
                "exp_samples": [{"labels": labels, "value": round(value, 3)} for labels, value in expected],
            }
        ],
    }
    file = folder / "test.yaml"
    file.write_text(yaml.safe_dump({"evaluation_interval": "1m", "tests": [test]}))
    return promtool_failure(generation, "test", "rules", file)
