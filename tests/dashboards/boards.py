"""A small board with a panel of each kind."""

import json

from dashboards.classic import dashboard
from dashboards.model import AlertList, Board, Graph, Link, Note, Query, Row, Stat, States, Step, Table
from dashboards.queries import EVERYTHING, producer, rate
from kafka_producer_exporter.languages import Text


def words(text):
    return Text(text, f"{text} (ko)")


SENT = f"sum({rate(producer('kafka_producer_record_send_total'))})"


def panel(kind, title="a panel", query=SENT, **options):
    queries = (Query(query),) if query else ()
    defaults = {"title": words(title), "description": words("why"), "width": 6, "height": 4, "queries": queries}
    return kind(**defaults | options)


def board(*panels, rows=(), variables=EVERYTHING):
    return Board(
        key="small",
        title=words("small"),
        description=words("for tests"),
        variables=variables,
        rows=rows or (Row(None, panels),),
    )


def as_shipped(board):
    """The JSON of a board with the default name of the cluster's label."""
    return json.loads(json.dumps(dashboard(board, "en")).replace("%{cluster}", "kafka_cluster"))


LOST = producer("kafka_producer_record_error_total")
SMALL = board(
    rows=(
        Row(
            None,
            (
                panel(Note, "note", query="", text=words("**text**")),
                panel(AlertList, "alerts", query=""),
                panel(Stat, "stat", steps=(Step(None, "green", words("none")), Step(1, "red"))),
                panel(Graph, "graph", thresholds=("latency_seconds",), alerts=("KafkaProducerRecordErrors",)),
            ),
        ),
        Row(
            words("more"),
            (
                panel(
                    Table,
                    "table",
                    queries=(
                        Query(f"sum by (target, client_id) (increase({LOST}[$__range]))", column=words("lost")),
                        Query(
                            f"sum by (target, client_id) ({rate(LOST)})", column=words("per second"), unit="suffix: /s"
                        ),
                    ),
                    labels=(("target", words("service")), ("client_id", words("client"))),
                    sort=words("lost"),
                    steps={words("lost"): (Step(None, "text"), Step(1, "red"))},
                    links=(Link(words("look"), "small", ("target", "client_id")),),
                ),
                panel(States, "states", f"sum by (target) ({rate(LOST)})"),
            ),
            is_collapsed=True,
        ),
    )
)
