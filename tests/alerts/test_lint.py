import pytest

from alerts.lint import PACK_CHECKS, RULE_CHECKS, LintException, lint, read_exceptions
from alerts.pack_rules import whole_pack

LABELS = {"severity": "warning", "component": "kafka-producer", "theme": "errors"}
LINE = "Look further: `kafka-producer-exporter diagnose {{ $labels.target }}`"
TEXTS = {"summary": "A producer lost records.", "description": f"{{{{ $labels.target }}}} lost records. {LINE}"}
ERRORS = "kafka_producer_record_error_total"
FREE = "kafka_producer_buffer_available_bytes"
BY = "sum by (kafka_cluster, namespace, target)"


def alert(expr, **content):
    return {"alert": "A", "expr": expr, "labels": LABELS, "annotations": TEXTS, **content}


def described(expr, description):
    return alert(expr, annotations={**TEXTS, "description": f"{description} {LINE}"})


def without_line(expr, description, **content):
    return alert(expr, annotations={**TEXTS, "description": description}, **content)


def record(name, expr):
    return {"record": name, "expr": expr}


def rule_file(*rules):
    return {"groups": [{"name": "g", "rules": list(rules)}]}


BAD = {
    "unknown-metric": [alert("rate(kafka_producer_record_loss_total[5m]) > 0")],
    "profile": [
        alert("rate(kafka_producer_select_total[5m]) > 9"),
        alert("rate(kafka_producer_flush_time_seconds_total[5m]) > 9"),
    ],
    "unknown-label": [
        alert(f'rate({ERRORS}{{topic="a"}}[5m]) > 0'),
        alert(f"sum by (target, topic) (rate({ERRORS}[5m])) > 0"),
        alert(f"sum without (topic) (rate({ERRORS}[5m])) > 0"),
        alert(f"rate({ERRORS}[5m]) > 0 and on (target, topic) max_over_time({FREE}[5m]) > 0"),
        alert(f"rate({ERRORS}[5m]) > 0 and ignoring (topic) max_over_time({FREE}[5m]) > 0"),
        alert(
            f"rate({ERRORS}[5m]) * on (job, instance, target, client_id) group_left (release)"
            " kafka_producer_info{target!=''} > 0"
        ),
    ],
    "template-label": [
        described(f"{BY} (rate({ERRORS}[5m])) > 0", "{{ $labels.client_id }} lost records."),
        described("vector(1) > 0", "{{ $labels.target }} lives."),
        described(f"rate({ERRORS}[5m]) > 0 or max_over_time(up[5m]) > 0", "{{ $labels.client_id }} lost records."),
    ],
    "job-alone": [
        alert(f'rate({ERRORS}{{job="shop"}}[5m]) > 0'),
        alert(f"sum by (job) (rate({ERRORS}[5m])) > 0", annotations={**TEXTS, "description": "Records are lost."}),
        alert(f"rate({ERRORS}[5m]) > 0 and on (job) max_over_time(up[5m]) == 1"),
    ],
    "static-regexp": [alert(f'rate({ERRORS}{{client_id=~"orders"}}[5m]) > 0')],
    "raw-counter": [
        alert(f"{ERRORS} > 0"),
        alert(f"max_over_time({ERRORS}[5m]) > 0"),
        alert(f"delta({ERRORS}[5m]) > 0"),
    ],
    "gauge-in-rate": [
        alert(f"rate({FREE}[5m]) > 0"),
        alert(f"rate(sum by (target) (increase({ERRORS}[5m]))[1h:5m]) > 0"),
    ],
    "short-range": [alert(f"rate({ERRORS}[1m]) > 0")],
    "scrape-gap": [
        alert(f"{FREE} < 100", **{"for": "5m"}),
        alert(f"max_over_time({FREE}[5m]) < kafka_producer_buffer_total_bytes", **{"for": "5m"}),
    ],
    "no-comparison": [
        alert(f"rate({ERRORS}[5m])"),
        alert(f"rate({ERRORS}[5m]) > bool 0"),
        alert(f"rate({ERRORS}[5m]) > 0 or rate({ERRORS}[10m])"),
    ],
    "impossible": [
        alert(f"count by (target) (max_over_time({FREE}[5m])) == 0"),
        alert(f"{BY} (rate({ERRORS}[5m])) < 0"),
    ],
    "unfloored-ratio": [
        alert(f"{BY} (rate({ERRORS}[5m])) / {BY} (rate(kafka_producer_record_send_total[5m])) > 0.1"),
    ],
    "top-values": [alert(f"topk(3, rate({ERRORS}[5m])) > 0")],
    "absent-for": [alert('absent(up{job="shop", instance="a"})', annotations={**TEXTS, "description": "Gone."})],
    "vector-matching": [
        alert(f"{BY} (rate({ERRORS}[5m])) > 0 and rate({ERRORS}[5m]) > 0"),
        alert(f"{BY} (rate({ERRORS}[5m])) > 0 unless sum by (target) (rate({ERRORS}[5m])) > 5"),
        alert(f"rate({ERRORS}[5m]) > on (target) sum by (target) (rate(kafka_producer_record_send_total[5m]))"),
        alert(f"sum by (target) (rate({ERRORS}[5m])) > ignoring (client_id) rate({ERRORS}[5m])"),
    ],
    "required-labels": [
        alert(f"rate({ERRORS}[5m]) > 0", labels={**LABELS, "severity": "major"}),
        alert(f"rate({ERRORS}[5m]) > 0", labels={"severity": "info", "theme": "errors"}),
        alert(f"rate({ERRORS}[5m]) > 0", labels={**LABELS, "team": "shop"}),
    ],
    "required-annotations": [
        alert(f"rate({ERRORS}[5m]) > 0", annotations={"summary": "A producer lost records."}),
        alert(f"rate({ERRORS}[5m]) > 0", annotations={**TEXTS, "summary": "{{ $labels.target }} lost records."}),
        alert(f"rate({ERRORS}[5m]) > 0", annotations={**TEXTS, "summary": "lost records"}),
        alert(f"rate({ERRORS}[5m]) > 0", annotations={**TEXTS, "message": "Records are lost."}),
        described(f"rate({ERRORS}[5m]) > 0", "Records  are lost."),
    ],
    "diagnose-line": [
        without_line(f"rate({ERRORS}[5m]) > 0", "Records are lost."),
        without_line(
            f"{BY} (rate({ERRORS}[5m])) > 0", "Records are lost. Look further: `kafka-producer-exporter check`"
        ),
        without_line(
            f"rate({ERRORS}[5m]) > 0",
            """Look: `kafka-producer-exporter diagnose --match 'kafka_cluster="{{ $labels.kafka_cluster }}"'`""",
        ),
        without_line(
            f"rate({ERRORS}[5m]) > 0", "`kafka-producer-exporter diagnose {{ $labels.target }}` finds the cause."
        ),
        without_line("max_over_time(kafka_topic_offline_partitions[5m]) > 0", "Offline.")
        | {"alert": "KafkaTopicOffline"},
    ],
    "value-in-label": [alert(f"rate({ERRORS}[5m]) > 0", labels={**LABELS, "window": "{{ $value | humanize }}"})],
    "value-format": [
        described(f"increase({ERRORS}[5m]) > 0", "{{ $value }} records are lost."),
        described(
            "max_over_time(kafka_producer_compression_rate_avg[5m]) > 0.9", "Reduced to {{ $value | humanize }}."
        ),
        described("max_over_time(kafka_producer_request_latency_avg_seconds[5m]) > 1", "{{ $value | humanize1024 }}."),
        described(f"increase({ERRORS}[5m]) > 0", "{{ $value | humanizePercentage }} of the records are lost."),
    ],
    "recording-name": [
        record("kafka_producer_record_error_rate5m", f"{BY} (rate({ERRORS}[5m]))"),
        record("service:kafka_producer_record_error_total:rate5m", f"{BY} (rate({ERRORS}[5m]))"),
        record("service:kafka_producer_record_error:rate5m", f"{BY} (rate({ERRORS}[10m]))"),
        record("service:kafka_producer_record_error:rate5m", f"sum by (kafka_cluster) (rate({ERRORS}[5m]))"),
        record("cluster:kafka_producer_record_error:rate5m", f"{BY} (rate({ERRORS}[5m]))"),
        record("team:kafka_producer_record_error:rate5m", f"{BY} (rate({ERRORS}[5m]))"),
        record("kafka_producer_threshold:latency_seconds", "time()"),
    ],
}


@pytest.mark.parametrize(
    ("check", "rule"),
    [(check, rule) for check, rules in BAD.items() for rule in rules],
    ids=lambda value: str(value)[:70],
)
def test_a_bad_rule_is_found_by_its_own_check_only(check, rule):
    findings = lint(rule_file(rule))

    assert {finding.check for finding in findings} == {check}, findings


def test_each_check_has_a_bad_rule():
    assert BAD.keys() | {"group-order"} == RULE_CHECKS.keys()
    assert set(PACK_CHECKS) == {"pages", "syntax", "exceptions"}


@pytest.mark.parametrize(
    "rule",
    [
        alert(f"increase({ERRORS}[30m]) > 0"),
        alert(f"max_over_time({FREE}[5m]) / kafka_producer_buffer_total_bytes < 0.1"),
        alert(f"rate({ERRORS}[5m]) > 0 and on (job, instance) max_over_time(up[5m]) == 1"),
        alert(f"{ERRORS} > 0 and on (job, instance, client_id) time() - kafka_producer_start_time_seconds < 600"),
        alert(f"({ERRORS} unless {ERRORS} offset 30m) > 0"),
        alert(f"max_over_time({FREE}[5m]) < 1 unless on (target) kafka_producer_up", **{"for": "5m"}),
        described(
            f"{BY} (rate({ERRORS}[5m])) / ({BY} (rate({ERRORS}[5m])) > 0) > 1", "{{ $value | humanizePercentage }}"
        ),
        without_line('kafka_transaction_open_seconds{target=""} > 9', "{{ $value | humanizeDuration }}"),
        without_line("absent(up)", "No target is there.", **{"for": "2m"}),
        without_line(f"rate({ERRORS}[5m]) > 0", "Read one.", labels={**LABELS, "theme": "exporter"}),
        record("service:kafka_producer_record_error:rate5m", f"{BY} (rate({ERRORS}[5m]))"),
        record(
            "cluster:kafka_transaction_aborted:rate5m",
            "sum by (kafka_cluster, reason) (rate(kafka_transaction_aborted_total[5m]))",
        ),
        record("kafka_producer_threshold:latency_seconds", "vector(0.5)"),
    ],
    ids=lambda rule: rule["expr"],
)
def test_a_good_rule_has_no_finding(rule):
    assert lint(rule_file(rule)) == []


def test_a_recording_is_used_after_it_and_in_its_group():
    recording = record("service:kafka_producer_record_error:rate5m", f"{BY} (rate({ERRORS}[5m]))")
    user = alert("service:kafka_producer_record_error:rate5m > 1")

    assert lint(rule_file(recording, user)) == []
    assert [f.check for f in lint(rule_file(user, recording))] == ["group-order"]
    elsewhere = {"groups": [{"name": "a", "rules": [recording]}, {"name": "b", "rules": [user]}]}
    assert [f.check for f in lint(elsewhere)] == ["group-order"]


def test_labels_of_a_recording_are_known_where_it_is_used():
    recording = record("service:kafka_producer_record_error:rate5m", f"{BY} (rate({ERRORS}[5m]))")
    user = described("service:kafka_producer_record_error:rate5m > 1", "{{ $labels.client_id }} lost records.")

    assert [f.check for f in lint(rule_file(recording, user))] == ["template-label"]


def test_more_than_five_names_that_page_are_too_many():
    paging = [
        alert(f"increase({ERRORS}[30m]) > 0", labels={**LABELS, "severity": "critical"}) | {"alert": f"A{number}"}
        for number in range(6)
    ]

    assert lint(rule_file(*paging[:5], paging[0])) == []
    assert [f.check for f in lint(rule_file(*paging))] == ["pages"]


def test_an_expression_that_does_not_parse_is_a_finding():
    assert [f.check for f in lint(rule_file(alert("rate(")))] == ["syntax"]


def test_an_exception_silences_its_finding_and_must_be_needed():
    exception = LintException("no-comparison", "A", "It always fires.")
    watchdog = without_line("vector(1)", "It fires always.")

    assert lint(rule_file(watchdog), exceptions=[exception]) == []
    needless = lint(rule_file(alert(f"increase({ERRORS}[30m]) > 0")), exceptions=[exception])
    assert [(f.check, f.rule) for f in needless] == [("exceptions", "A")]


def test_a_finding_says_which_rule_where_what_and_what_to_do():
    (finding,) = lint(rule_file(alert(f"rate({ERRORS}[1m]) > 0")))

    assert str(finding) == (f"A: {ERRORS}[1m]: holds less than two scrapes; use at least 2m [short-range]")


def test_the_pack_has_no_findings():
    assert [str(finding) for finding in lint(whole_pack(), exceptions=read_exceptions())] == []


def test_each_exception_has_a_reason():
    assert all(exception.reason.endswith(".") for exception in read_exceptions())
