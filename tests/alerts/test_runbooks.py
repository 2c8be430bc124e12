"""The runbooks of the repository are complete, and the checks of them find what they are for."""

import pytest

from alerts.lint import Pack, with_recordings
from alerts.runbook_checks import HERE, Known, findings, known_rules
from kafka_producer_exporter.model import Kind
from promql import series

NAME = "KafkaProducerRecordErrors"
RECORDING = series.Known(Kind.GAUGE, frozenset({"kafka_cluster", "topic"}), series.Unit.RATE, is_recorded=True)
KNOWN = Known(
    {NAME: "warning", "KafkaOther": "info", "KafkaWatchdog": "none"},
    Pack((), {**with_recordings(()), "service:kafka_x:rate5m": RECORDING}),
)
GOOD = """# KafkaProducerRecordErrors

A producer lost a record, e.g. one of 2.5 kB.

## Meaning

Some `code` and [KafkaOther](KafkaOther).

## Impact

Text.

## Is it real?

```promql
sum by (target) (rate(kafka_producer_record_error_total{target!=""}[5m])) # comment
```

## Diagnosis

1. First:

   ```promql
   service:kafka_x:rate5m{topic="TOPIC"} / on (kafka_cluster) group_left (version) kafka_producer_info{client_id="x"}
   ```

   - What it means.
2. Then:

   ```sh
   # why
   kafka-producer-exporter check --target a=HOST:1 | grep -c x   # nothing
   kafka-topics.sh --describe \\
     --topic TOPIC
   ```

   What it means.

## Mitigation

Text.

```sh
amtool silence add --duration=2h alertname=KafkaProducerRecordErrors
```

## How this alert is tested

By a fault.

## Related

- [KafkaOther](KafkaOther)
"""
KOREAN_HEADINGS = {
    "Meaning": "의미",
    "Impact": "영향",
    "Is it real?": "실제 문제인가?",
    "Diagnosis": "진단",
    "Mitigation": "조치",
    "How this alert is tested": "이 경보의 시험",
    "Related": "관련 문서",
}


def korean(text):
    for english, heading in KOREAN_HEADINGS.items():
        text = text.replace(f"## {english}\n", f"## {heading}\n")
    return text


def found_in(folder, english=GOOD, translated=None, known=KNOWN, extra=()):
    for language, text in (("en", english), ("ko", korean(english) if translated is None else translated)):
        (folder / language).mkdir()
        for name in known.alerts:
            (folder / language / f"{name}.md").write_text(text.replace(NAME, name), encoding="utf-8")
    for path in extra:
        (folder / path).write_text(GOOD, encoding="utf-8")
    return findings(folder, known)


def test_the_runbooks_are_complete_and_their_links_queries_and_commands_are_good():
    assert findings(HERE / "runbooks", known_rules()) == []


def test_a_good_runbook_has_no_finding(tmp_path):
    assert found_in(tmp_path) == []


MUTANTS = {
    "another title": (
        "# KafkaProducerRecordErrors\n",
        "# Other\n",
        "begin with the heading # KafkaProducerRecordErrors",
    ),
    "two paragraphs first": ("2.5 kB.\n", "2.5 kB.\n\nAnother.\n", "one paragraph stands between"),
    "two sentences first": ("2.5 kB.\n", "2.5 kB. And more.\n", "the first paragraph is one sentence"),
    "no full stop": ("2.5 kB.\n", "2.5 kB\n", "the first paragraph is one sentence"),
    "missing section": ("## Impact\n\nText.\n", "", "the sections are, in this order: Meaning, Impact, Is it real?"),
    "unknown section": ("## Related", "## More\n\nText.\n\n## Related", "the sections are, in this order"),
    "wrong order": (
        "## Meaning\n\nSome `code` and [KafkaOther](KafkaOther).\n\n## Impact\n\nText.",
        "## Impact\n\nText.\n\n## Meaning\n\nText.",
        "the sections are, in this order",
    ),
    "empty section": ("## Impact\n\nText.\n", "## Impact\n", "the section Impact is empty"),
    "step without a query": ("2. Then:\n", "2. Look around.\n3. Then:\n", "step 2 of Diagnosis has no query"),
    "step without a meaning": ("   What it means.\n", "", "step 2 of Diagnosis does not say what the answer means"),
    "no silence": (
        "amtool silence add --duration=2h alertname=KafkaProducerRecordErrors",
        "amtool alert",
        "silence add",
    ),
    "silence of another": (
        "2h alertname=KafkaProducerRecordErrors",
        "2h alertname=KafkaOther",
        "has no `amtool silence",
    ),
    "block without language": ("```promql\nsum", "```\nsum", "write the language of the code block, one of promql, sh"),
    "indented code": ("## Impact\n\nText.", "## Impact\n\n    Text.", "write the language of the code block"),
    "bad query": ("[5m]))", "[5m])", "the query does not parse: unclosed left parenthesis"),
    "unknown metric": (
        "kafka_producer_record_error_total",
        "kafka_producer_errors",
        "kafka_producer_errors: neither the catalogue nor the pack has this metric",
    ),
    "unknown recording": (
        "service:kafka_x:rate5m",
        "service:kafka_x:rate1h",
        "service:kafka_x:rate1h: neither the catalogue nor the pack",
    ),
    "no name": ("kafka_producer_record_error_total{", "{", "a selector without a metric name reads every series"),
    "metric of the profile full": (
        "kafka_producer_record_error_total",
        "kafka_producer_successful_reauthentication_total",
        "only the profile full serves it",
    ),
    "unknown label in a selector": (
        '{target!=""}',
        '{topic!=""}',
        "kafka_producer_record_error_total has no label topic",
    ),
    "unknown label in by": ("by (target)", "by (workload)", "has no label workload"),
    "unknown label in on": (
        "on (kafka_cluster)",
        "on (cluster_name)",
        "has no label cluster_name",
    ),
    "unknown label in group_left": (
        "group_left (version)",
        "group_left (foo)",
        "has no label foo",
    ),
    "unknown label of a recording": ('rate5m{topic="TOPIC"}', 'rate5m{target="a"}', "rate5m has no label target"),
    "unknown program": ("kafka-topics.sh", "kafka-topic.sh", "kafka-topic.sh is not among the known programs"),
    "unknown program behind a pipe": ("| grep", "| gerp", "gerp is not among the known programs"),
    "open quote": ("grep -c x", "grep -c 'x", "No closing quotation"),
    "unknown verb": ("exporter check", "exporter chekc", "kafka-producer-exporter has no verb chekc"),
    "unknown flag": ("--target a", "--tarket a", "error: unrecognized arguments: --tarket"),
    "runbook of no alert": (
        "kafka-producer-exporter check --target a=HOST:1",
        "kafka-producer-exporter runbook KafkaNone",
        "kafka-producer-exporter runbook KafkaNone: no alert has this name",
    ),
    "link to no runbook": ("- [KafkaOther](KafkaOther)", "- [KafkaNone](KafkaNone)", "dead link KafkaNone: no alert"),
    "link to elsewhere": ("(KafkaOther)\n", "(../docs/metrics.md)\n", "dead link ../docs/metrics.md: only runbooks"),
    "image": ("Some `code`", "Some ![image](a.png)", "an image cannot be shown"),
    "html": ("Some `code`", "Some <topic>", "<topic> is HTML, which is not interpreted"),
}


@pytest.mark.parametrize(("before", "after", "finding"), MUTANTS.values(), ids=MUTANTS)
def test_each_fault_of_a_runbook_is_found(tmp_path, before, after, finding):
    assert before in GOOD

    found = found_in(tmp_path, GOOD.replace(before, after))

    assert [line for line in found if line.startswith(f"en/{NAME}.md:") and finding in line]


def test_a_diagnosis_without_numbers_is_found(tmp_path):
    found = found_in(tmp_path, GOOD.replace("1. First", "- First").replace("2. Then", "- Then"))

    assert f"en/{NAME}.md: Diagnosis has no numbered steps" in found


@pytest.mark.parametrize(
    ("before", "after", "finding"),
    [
        ("--describe", "--list", "ko/KafkaOther.md: code block 3 is not the same as in English"),
        ("[KafkaOther]", "[x](KafkaWatchdog) [KafkaOther]", "the links are not the same as in English: KafkaWatchdog"),
        ("## 의미", "## Meaning", "the sections are, in this order: 의미, 영향"),
    ],
)
def test_a_translation_that_differs_is_found(tmp_path, before, after, finding):
    found = found_in(tmp_path, translated=korean(GOOD).replace(before, after))

    assert [line for line in found if finding in line]
    assert {line.partition("/")[0] for line in found} == {"ko"}


def test_comments_in_code_may_be_translated(tmp_path):
    assert found_in(tmp_path, translated=korean(GOOD).replace("# why", "# 이유")) == []


def test_a_missing_runbook_is_named(tmp_path):
    (tmp_path / "en").mkdir()

    assert findings(tmp_path, Known({"KafkaX": "info"}, KNOWN.pack)) == [
        "en/KafkaX.md: missing",
        "ko/KafkaX.md: missing",
    ]


def test_a_runbook_without_an_alert_is_named(tmp_path):
    found = found_in(tmp_path, extra=["en/KafkaMore.md", "notes.md", "ko/a.txt"])

    assert "en/KafkaMore.md: no alert has this name" in found
    assert "notes.md: not a runbook; the folders are en and ko" in found
    assert "ko/a.txt: not a runbook; the folders are en and ko" in found


def test_only_an_alert_that_people_receive_needs_a_silence(tmp_path):
    found = found_in(tmp_path, GOOD.replace("amtool silence", "amtool alert"))

    assert {line.partition(":")[0] for line in found} == {
        f"{language}/{name}.md" for language in ("en", "ko") for name in (NAME, "KafkaOther")
    }
