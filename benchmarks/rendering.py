"""Compare our rendering of a page with prometheus-client's: ``python -m benchmarks.rendering``."""

import argparse
import random
import time
from collections.abc import Callable
from functools import partial

import prometheus_client
from prometheus_client import Metric as TheirMetric
from prometheus_client.openmetrics import exposition as openmetrics

from kafka_producer_exporter.catalogue.mbean_kinds import CLIENT, NODE, TOPIC
from kafka_producer_exporter.catalogue.table import METRICS
from kafka_producer_exporter.exposition.formats import Format
from kafka_producer_exporter.exposition.text import render
from kafka_producer_exporter.model import Family, Labels

THEIRS = {
    Format.PROMETHEUS_TEXT: prometheus_client.generate_latest,
    Format.OPENMETRICS: openmetrics.generate_latest,
}


class TheirPage:
    """The families in prometheus-client's types, built beforehand so that only the rendering is measured."""

    def __init__(self, families: list[Family]) -> None:
        self._families = []
        for ours, samples in families:
            name = ours.name.removesuffix("_total").removesuffix("_info")
            theirs = TheirMetric(name, ours.help, ours.kind.value, ours.unit.base)
            for labels, value in samples:
                theirs.add_sample(ours.name, dict(labels.pairs), value)
            self._families.append(theirs)

    def collect(self) -> list[TheirMetric]:
        """Return the same families each time, as a registry's collector does."""
        return self._families


def page(*, clients: int, nodes: int, topics: int) -> list[Family]:
    """Build a page for *clients*, each with *nodes* and *topics*; half of the values are not round numbers."""
    chance = random.Random(1)  # the same page in every run
    of = {
        CLIENT: [Labels({"target": "checkout", "client_id": f"orders-{c}"}) for c in range(clients)],
        NODE: [
            Labels({"target": "checkout", "client_id": f"orders-{c}", "node_id": str(n)})
            for c in range(clients)
            for n in range(nodes)
        ],
        TOPIC: [
            Labels({"target": "checkout", "client_id": f"orders-{c}", "topic": f"shop.orders.{t}"})
            for c in range(clients)
            for t in range(topics)
        ],
    }

    def value() -> float:
        return chance.choice(
            [0.0, float(chance.randrange(10**5)), chance.random() * 100, chance.randrange(10**9) / 1e3]
        )

    return [
        Family(metric, [(labels, value()) for labels in of[metric.attribute.mbean]])
        for metric in METRICS.values()
        if metric.attribute is not None and metric.attribute.mbean in of
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--nodes", type=int, default=5)
    parser.add_argument("--topics", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    families = page(clients=arguments.clients, nodes=arguments.nodes, topics=arguments.topics)
    samples = sum(len(family.samples) for family in families)
    their_page = TheirPage(families)
    print(f"{samples} samples; each figure is the best of {arguments.rounds} rounds in turns")
    for page_format, render_theirs in THEIRS.items():
        ways = {
            "prometheus-client": partial(render_theirs, their_page),
            "ours": partial(render, families, page_format),
        }
        if len({way() for way in ways.values()}) > 1:
            raise SystemExit(f"{page_format.name}: the two pages differ")
        rounds = [{name: timed(way) for name, way in ways.items()} for _ in range(arguments.rounds)]
        best = {name: min(seconds[name] for seconds in rounds) for name in ways}
        print(page_format.name)
        for name, seconds in best.items():
            print(f"  {name:18} {seconds / samples * 1e6:6.2f} µs per sample {samples / seconds:12,.0f} samples/s")
        print(f"  {'ratio':18} {best['prometheus-client'] / best['ours']:6.1f}")


def timed(work: Callable[[], bytes]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
