"""A Prometheus that scrapes itself, and a board with a panel of each kind that shows it."""

import json
from pathlib import Path

from dashboards.classic import dashboard
from dashboards.model import AlertList, Board, Graph, Link, Note, Query, Row, Stat, States, Step, Table, Variable
from kafka_producer_exporter.languages import Text
from lab.prometheus import Prometheus, job

TARGET = r"it's $1.50\(today)"
"""What a regular expression or a string would take for something else."""
LABELS = {"kafka_cluster_id": "west", "namespace": "shop", "target": TARGET, "component": "kafka-producer"}
RULES = """
groups:
  - name: sample
    interval: 1s
    rules:
      - alert: SampleAlert
        expr: max by (namespace, target) (up) > 0
        labels: {severity: critical, component: kafka-producer}
      - {record: kafka_producer_start_time_seconds, expr: "vector(time() - time() % 10)", labels: {target: checkout}}
      - {record: "kafka_producer_threshold:sample", expr: vector(3)}
"""
SCOPE = '{namespace=~"$namespace", target=~"$target"}'


def words(text):
    return Text(text, f"{text} (한국어)")


def panel(kind, title, *queries, **options):
    return kind(
        **{"title": words(title), "description": words("Why?"), "width": 6, "height": 5, "queries": queries} | options
    )


def variable(name):
    return Variable(name, words(name), f"label_values(up, {name})", words(f"The {name}."))


REQUESTS = f"sum by (handler) (rate(prometheus_http_requests_total{SCOPE}[$__rate_interval]))"
ROWS = (
    Row(
        None,
        (
            panel(Note, "note", text=words("Look at **this** first.")),
            panel(
                Stat,
                "number",
                Query(f"max(up{SCOPE})"),
                steps=(Step(None, "red", words("down")), Step(1, "green", words("up"))),
            ),
            panel(
                Stat,
                "numbers",
                Query(f"topk(3, prometheus_tsdb_head_series{SCOPE} * on () group_left () vector(1))", "{{target}}"),
                Query("prometheus_tsdb_head_chunks", "chunks of {{namespace}}"),
                sparkline=True,
                steps=(Step(None, "green"), Step(1e9, "red")),
            ),
            panel(Stat, "nothing", Query(f"absent_metric{SCOPE}"), no_value=words("none yet")),
            panel(AlertList, "alerts", width=12),
            panel(Graph, "lines", Query(REQUESTS, "{{handler}}"), thresholds=("sample",), unit="reqps", width=12),
            panel(Graph, "no lines", Query("absent_metric"), no_value=words("no lines yet")),
            panel(
                Graph,
                "logarithmic",
                Query("prometheus_tsdb_head_series"),
                Query("scrape_duration_seconds", unit="s"),
                is_log=True,
                minimum=None,
            ),
            panel(Graph, "stacked", Query(REQUESTS, "{{handler}}"), is_stacked=True, width=12),
            panel(
                States,
                "states",
                Query(f"max by (target) (up{SCOPE})", "{{target}}"),
                Query("(vector(time()) % 20 >= bool 10)", "on and off"),
                steps=(Step(None, "red", words("off")), Step(0, "red", words("off")), Step(1, "green", words("on"))),
                width=12,
            ),
        ),
    ),
    Row(
        words("more"),
        (
            panel(
                Table,
                "joined",
                Query("sum by (handler) (prometheus_http_requests_total)", column=words("requests")),
                Query(
                    "sum by (handler) (rate(prometheus_http_requests_total[1m]))",
                    column=words("per second"),
                    unit="reqps",
                ),
                Query("sum by (handler) (absent_metric)", column=words("missing")),
                labels=(("handler", words("handler")),),
                sort=words("requests"),
                steps={words("requests"): (Step(None, "text"), Step(5, "red"))},
                links=(Link(words("look"), "small", ("handler",)),),
                width=24,
                height=8,
            ),
        ),
        is_collapsed=True,
    ),
)


def board():
    return Board(
        key="sample",
        title=words("Sample"),
        description=words("One panel of each kind."),
        variables=[variable(name) for name in ("namespace", "target")],
        rows=ROWS,
    )


def sample(language="en"):
    text = json.dumps(dashboard(board(), language))
    return json.loads(text.replace("%{cluster}", "kafka_cluster_id").replace("%{runbook_base}", "https://example.org"))


def prometheus(folder: Path) -> Prometheus:
    rules = folder / "rules.yaml"
    rules.parent.mkdir(parents=True, exist_ok=True)
    rules.write_text(RULES)
    server = Prometheus([], rule_files=[rules])
    itself = job("prometheus", server.address)
    itself["static_configs"][0]["labels"] = LABELS
    server.config["scrape_configs"] = [itself]
    return server
