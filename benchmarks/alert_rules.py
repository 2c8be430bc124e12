"""Measure how long a real Prometheus takes to evaluate all alert rules over the series of 1,200 targets.

    python -m benchmarks.alert_rules [--services 400] [--replicas 3]

Every service has a namespace, a target and replicas with two producers each, whose series are those of the recorded
client 4.4.0. An hour of raw samples, one a minute, and three days of the recordings that need them are written into
Prometheus' own storage. One service loses a tenth of its records, and must be the only one that pages.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from kafka_producer_exporter.pack import rules
from kafka_producer_exporter.pack.document import document
from lab.process import exit_on_sigterm, wait_until
from lab.prometheus import Prometheus, promtool_binary
from promql.expressions import parse, selectors

PAGE = Path(__file__).parents[1] / "tests" / "golden" / "4.4.0-default.prom"
PREPARATION_SECONDS = 300
"""How long writing the samples may take. They end that far in the future, and the rules are evaluated from then on."""
STEP_SECONDS = 60
RAW_SECONDS = 70 * 60
RECORDED_SECONDS = 3 * 86_400
RECORDED_STEP_SECONDS = 300
BROKEN = 7
"""The number of the service that loses records."""
BUDGET_ALERT = "KafkaProducerErrorBudgetBurn"
ERRORS = "kafka_producer_record_error_total"
SAMPLE = re.compile(r"(\w+)\{(.*)\} (\S+)")


def used_metrics(content: dict) -> set[str]:
    """Return the names that the expressions select."""
    expressions = (rule["expr"] for group in content["groups"] for rule in group["rules"])
    return {selector.name for expression in expressions for selector in selectors(parse(expression))}


def backfill(file: Path, names: set[str], *, services: int, replicas: int, now: int) -> int:
    """Write the samples as OpenMetrics; return the number of raw series."""
    series = 0
    with file.open("w") as out:
        for service in range(services):
            for replica in range(replicas):
                for text, value, rises in of_target(names, service=service, replica=replica):
                    series += 1
                    out.writelines(
                        f"{text} {value + rises * (at - now + RAW_SECONDS)} {at}\n"
                        for at in range(now - RAW_SECONDS, now + 1, STEP_SECONDS)
                    )
            labels = f'namespace="ns-{service % 20}",target="service-{service}",kafka_cluster="eu"'
            for record, value in (("error:increase5m", 0.0), ("first_send:increase5m", 3000.0)):
                name = f"service:kafka_producer_record_{record}"
                out.writelines(
                    f"{name}{{{labels}}} {value} {at}\n"
                    for at in range(now - RECORDED_SECONDS, now + 1, RECORDED_STEP_SECONDS)
                )
        out.write("# EOF\n")
    return series


def of_target(names: set[str], *, service: int, replica: int) -> Iterator[tuple[str, float, float]]:
    """Return each series of a target, its value an hour ago, and how much it rises in a second."""
    target = f'target="service-{service}"'
    scraped = f'job="shop",instance="10.{service // 250}.{service % 250}.{replica}:9797",namespace="ns-{service % 20}"'
    yield f"up{{{scraped}}}", 1, 0
    yield f'kafka_producer_exporter_build_info{{{scraped},version="1",python_version="3"}}', 1, 0
    yield f'kafka_producer_up{{{scraped},{target},kafka_cluster="eu"}}', 1, 0
    yield f'kafka_producer_exporter_target_info{{{scraped},{target},kafka_cluster="eu",kind="producer"}}', 1, 0
    for line in PAGE.read_text().splitlines():
        sample = SAMPLE.fullmatch(line)
        if sample is None or sample[1] not in names:
            continue
        labels = sample[2].replace('target="checkout"', target)
        rises = 0.0
        if sample[1] == ERRORS:
            rises = 1.0 if service == BROKEN else 0.0
        elif sample[1].endswith("_total"):
            rises = 10.0 if "record_send" in sample[1] else 0.001
        start = 0.0 if sample[1] == ERRORS else float(sample[3])
        yield f"{sample[1]}{{{scraped},{labels}}}", start, rises


def main() -> None:
    """Print the time of each group of rules, and which alerts fired."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--services", type=int, default=400)
    parser.add_argument("--replicas", type=int, default=3)
    parser.add_argument("--preparation-seconds", type=int, default=PREPARATION_SECONDS)
    options = parser.parse_args()
    exit_on_sigterm()
    content = rules.render(enable=(rules.ALL,))
    now = int(time.time() + options.preparation_seconds)
    with tempfile.TemporaryDirectory(prefix="alert-rules-") as name:
        folder = Path(name)
        rule_file, samples = folder / "rules.yaml", folder / "samples.om"
        rule_file.write_text(document(content, "prometheus"), encoding="utf-8")
        series = backfill(samples, used_metrics(content), services=options.services, replicas=options.replicas, now=now)
        print(f"{options.services * options.replicas:,} targets with {series:,} series that rules use", flush=True)
        subprocess.run(
            [promtool_binary(), "tsdb", "create-blocks-from", "openmetrics", samples, folder / "data"],
            check=True,
            capture_output=True,
        )
        samples.unlink()
        if time.time() > now:
            sys.exit(f"writing the samples took longer than --preparation-seconds ({options.preparation_seconds})")
        time.sleep(now - time.time())
        settings = {"global": {"evaluation_interval": "20s", "scrape_interval": "20s"}}
        with Prometheus([], rule_files=[rule_file], settings=settings, folder=folder) as prometheus:
            report(prometheus)


def report(prometheus: Prometheus) -> None:
    """Wait until every group has been evaluated, and print what that took."""

    def evaluated() -> bool:
        groups = prometheus.get("rules")["groups"]
        return all(group["evaluationTime"] > 0 for group in groups)

    wait_until("every group has been evaluated", evaluated, timeout_seconds=180)
    time.sleep(45)  # two more evaluations: the first one reads its files for the first time
    groups = prometheus.get("rules")["groups"]
    print("| group | rules | seconds to evaluate |\n| --- | --- | --- |")
    for group in groups:
        print(f"| {group['name']} | {len(group['rules'])} | {group['evaluationTime']:.2f} |")
    rules_in_all = sum(len(group["rules"]) for group in groups)
    print(f"| all | {rules_in_all} | {sum(group['evaluationTime'] for group in groups):.2f} |")
    firing = prometheus.query('count by (alertname, target) (ALERTS{severity="critical"})')
    pages = [f"{one['metric']['alertname']} of {one['metric'].get('target', '?')}" for one in firing]
    print("pending or firing pages:", *pages)
    if pages != [f"{BUDGET_ALERT} of service-{BROKEN}"]:
        sys.exit(f"only service-{BROKEN} must page, by {BUDGET_ALERT}")


if __name__ == "__main__":
    main()
