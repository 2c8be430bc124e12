"""The sources that are asked over HTTP."""

import json
from urllib.parse import parse_qs

import pytest

from kafka_producer_exporter.__main__ import main
from kafka_producer_exporter.diagnosis.evidence import Reading
from kafka_producer_exporter.evidence.http import MAX_BYTES, Access, fetch
from kafka_producer_exporter.evidence.metrics_page import MetricsPage
from kafka_producer_exporter.evidence.prometheus import Prometheus
from kafka_producer_exporter.net.errors import Reason, TransportError
from tests.diagnosis.hand_made import evidence
from tests.evidence.foreign_pages import jmx_exporter_1, micrometer, page
from tests.evidence.serving import answering


def text_of(reading):
    return "".join(
        f"{name}{{{','.join(f'{key}={json.dumps(text)}' for key, text in labels.items())}}} {value}\n"
        for name, series in reading.page.items()
        for labels, value in series
    ).encode()


def answer_of(reading):
    rows = [
        {"metric": {"__name__": name, **labels}, "value": [0, str(value)]}
        for name, series in reading.page.items()
        for labels, value in series
    ]
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": rows}}).encode()


def diagnosed(capsys, *words):
    code = main(["diagnose", "--format", "json", *words])
    return code, json.loads(capsys.readouterr().out)


THROTTLED = evidence(produce_throttle_time_max_seconds=2.4)


def test_a_page_of_this_exporter_is_diagnosed_by_target(capsys):
    with answering(text_of(THROTTLED.first), text_of(THROTTLED.second)) as server:
        code, (subject,) = diagnosed(capsys, "--metrics-url", server.url, "--interval", "0.5")

    assert (code, subject["subject"]) == (1, "checkout")
    assert [finding["cause"] for finding in subject["findings"]] == ["quota"]


@pytest.mark.parametrize("exporter", [jmx_exporter_1, micrometer])
def test_a_page_of_another_exporter_is_diagnosed_and_says_what_it_lacks(exporter, capsys):
    with answering(page("4.4.0", exporter).encode()) as server:
        _, (subject,) = diagnosed(capsys, "--metrics-url", server.url, "--interval", "0.5")

    assert subject["subject"] == server.url
    assert subject["clients"] == ["orders", "producer-tx-4.4.0"]
    assert {"cause": "hidden-producer", "needs": ["kafka_producer_hidden"]} in subject["cannot_know"]


def test_a_target_that_is_down_on_the_page_is_unreachable(capsys):
    body = (
        text_of(THROTTLED.first)
        + b'kafka_producer_up{target="b"} 0\nkafka_producer_exporter_target_error{target="b",reason="dns"} 1\n'
    )
    with answering(body) as server:
        code, subjects = diagnosed(capsys, "--metrics-url", server.url, "--interval", "0.5")

    assert code == 3
    assert {one["subject"]: one["reason"] for one in subjects} == {"checkout": None, "b": "dns"}


def test_the_broker_view_of_a_page_is_evidence(capsys):
    view = b'kafka_topic_under_min_insync_partitions{topic="orders"} 1\n'
    found = evidence(record_retry_total=40.0, topic_record_retry_total=40.0)
    with answering(text_of(found.first) + view, text_of(found.second) + view) as server:
        _, (subject,) = diagnosed(capsys, "--metrics-url", server.url, "--interval", "0.5")

    assert subject["findings"][0]["cause"] == "not-enough-replicas"
    assert subject["findings"][0]["certainty"] == "certain"


def test_a_prometheus_is_asked_for_two_moments_with_token_header_and_matchers(capsys, tmp_path):
    (tmp_path / "token").write_text("s3cret\n")
    with answering(answer_of(THROTTLED.first), answer_of(THROTTLED.second)) as server:
        words = ["--prometheus", server.url, "--at", "2026-01-31T03:00:00Z", "--interval", "60"]
        words += [
            "--match",
            'namespace="shop"',
            "--token-file",
            str(tmp_path / "token"),
            "--header",
            "X-Scope-OrgID: a",
        ]
        code, (subject,) = diagnosed(capsys, *words)

    assert (code, subject["subject"], subject["seconds"]) == (1, "checkout", 60.0)
    (path, headers, first), (_, _, second) = server.requests
    assert path == "/metrics/api/v1/query"
    assert (headers["Authorization"], headers["X-Scope-Orgid"]) == ("Bearer s3cret", "a")
    assert "time=1769828340.000" in first
    assert "time=1769828400.000" in second
    assert "namespace%3D%22shop%22" in first


def replica(reading, pod, **more):
    page = {
        name: [({**labels, "pod": pod, **more}, value) for labels, value in series]
        for name, series in reading.page.items()
    }
    return Reading(reading.at_seconds, page)


def joined(*parts):
    page = {}
    for part in parts:
        for name, series in part.page.items():
            page.setdefault(name, []).extend(series)
    return Reading(0.0, page)


def test_replicas_of_a_target_are_judged_each_for_itself(capsys):
    well = evidence()
    answers = [
        answer_of(joined(replica(well_reading, "a"), replica(throttled, "b")))
        for well_reading, throttled in ((well.first, THROTTLED.first), (well.second, THROTTLED.second))
    ]
    with answering(*answers) as server:
        code, subjects = diagnosed(capsys, "checkout", "--prometheus", server.url)

    causes = {one["subject"]: [finding["cause"] for finding in one["findings"]] for one in subjects}
    assert (code, causes) == (1, {"checkout (a)": [], "checkout (b)": ["quota"]})


def test_a_target_of_a_prometheus_is_judged_with_the_brokers_of_its_own_cluster(capsys):
    found = evidence(record_retry_total=40.0, topic_record_retry_total=40.0)
    name = "kafka_topic_under_min_insync_partitions"
    view = [({"topic": "orders", "kafka_cluster": cluster}, value) for cluster, value in (("a", 0.0), ("b", 1.0))]
    answers = [
        answer_of(joined(replica(reading, "p", kafka_cluster="a"), Reading(0.0, {name: view})))
        for reading in (found.first, found.second)
    ]
    with answering(*answers) as server:
        _, (subject,) = diagnosed(capsys, "checkout", "--prometheus", server.url, "--match", 'namespace="shop"')

    (query,) = parse_qs(server.requests[0][2])["query"]
    assert query == (
        '{__name__=~"kafka_(producer|transaction|topic|bootstrap|broker|cluster).*",namespace="shop",target=~"checkout"}'
        ' or {__name__=~"kafka_(transaction|topic|bootstrap|broker|cluster|producer_exporter).*",target=""}'
    )
    assert name not in [fact["metric"] for finding in subject["findings"] for fact in finding["evidence"]]


def test_a_page_of_this_exporter_leaves_out_what_has_no_value_and_lacks_nothing(capsys):
    page = {name: series for name, series in THROTTLED.second.page.items() if "record_size" not in name}
    page["kafka_producer_up"] = [({"target": "checkout"}, 1.0)]
    with answering(text_of(Reading(0.0, page))) as server:
        _, (subject,) = diagnosed(capsys, "--metrics-url", server.url, "--interval", "0.5")

    assert {need for one in subject["cannot_know"] for need in one["needs"]} == {"brokers"}


def test_a_replica_that_was_not_there_at_the_first_moment_is_not_called_idle(capsys):
    with answering(answer_of(Reading(0.0, {})), answer_of(replica(evidence().second, "a"))) as server:
        _, (subject,) = diagnosed(capsys, "checkout", "--prometheus", server.url)

    assert subject["idle"] == []


def test_aborts_that_a_prometheus_counts_are_the_applications_own(capsys):
    def counts(reading, aborted, committed):
        labels = {"transactional_id": "orders-0"}
        view = {
            "kafka_transaction_aborted_total": [({**labels, "reason": "client"}, aborted)],
            "kafka_transaction_committed_total": [(labels, committed)],
        }
        return answer_of(joined(reading, Reading(0.0, view)))

    found = evidence()
    with answering(counts(found.first, 10.0, 100.0), counts(found.second, 30.0, 120.0)) as server:
        _, (subject,) = diagnosed(capsys, "checkout", "--prometheus", server.url)

    assert [finding["cause"] for finding in subject["findings"]] == ["application-aborts"]


def test_a_target_that_a_prometheus_knows_to_be_down_is_unreachable(capsys):
    page = {"kafka_producer_exporter_target_error": [({"target": "b", "reason": "dns", "instance": "h:1"}, 1.0)]}
    with answering(answer_of(Reading(0.0, page))) as server:
        code, (subject,) = diagnosed(capsys, "b", "--prometheus", server.url)

    assert (code, subject["subject"], subject["reason"]) == (3, "b (h:1)", "dns")


def test_only_the_targets_that_are_asked_for_are_shown(capsys):
    with answering(text_of(THROTTLED.first), text_of(THROTTLED.second)) as server:
        assert main(["diagnose", "--metrics-url", server.url, "--interval", "0.5", "other"]) == 2

    assert "the source has no such target" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--at", "90m"], "--at"),
        (["--match", "a"], "--match"),
    ],
)
def test_flags_of_a_prometheus_need_one(words, said, capsys):
    assert main(["diagnose", *words]) == 2
    assert f"{said}: it needs --prometheus URL" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["--metrics-url", "h:9797"],
        ["--metrics-url", "file:///etc/passwd"],
        ["--prometheus", "http://"],
        ["--prometheus", "http://h", "--at", "yesterday"],
        ["--prometheus", "http://h", "--at", "2026-01-31T03:00:00"],
        ["--metrics-url", "http://h", "--header", "nothing"],
    ],
)
def test_a_wrong_argument_is_a_usage_error(words, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["diagnose", *words])

    assert caught.value.code == 2


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((500, b"overloaded"), Reason.PROTOCOL),
        ((403, b"no"), Reason.AUTHENTICATION),
        (b"x" * (MAX_BYTES + 1), Reason.LIMIT),
        (b"{}", Reason.PROTOCOL),
        (b"not json", Reason.PROTOCOL),
        (b'{"data": {"result": []}}', None),
    ],
)
def test_an_answer_that_is_none_of_a_prometheus_has_its_reason(answer, reason):
    with answering(answer) as server:
        source = Prometheus(server.url, Access(), at_seconds=100.0, interval_seconds=10.0, matchers=())
        if reason is None:  # nothing was there yet at the first moment
            assert source.read() == {}
            reason = Reason.PROTOCOL
        with pytest.raises(TransportError) as caught:
            source.read()

    assert caught.value.reason is reason


def test_a_server_that_is_not_there_is_refused_and_no_password_is_shown(capsys):
    with answering(b"") as server:
        address = server.url.removeprefix("http://")

    with pytest.raises(TransportError) as caught:
        MetricsPage(f"http://me:s3cret@{address}", Access()).read()

    assert caught.value.reason is Reason.REFUSED
    assert "s3cret" not in str(caught.value)
    assert main(["diagnose", "--metrics-url", f"http://{address}"]) == 3


def test_user_and_password_of_a_url_become_a_header():
    with answering(b"up 1") as server:
        fetch(server.url.replace("://", "://me:a%20b@"), Access())

    assert server.requests[0][1]["Authorization"] == "Basic bWU6YSBi"


def test_a_token_that_cannot_be_read_is_said(tmp_path):
    with pytest.raises(TransportError, match="No such file"):
        fetch("http://127.0.0.1:1/", Access(token_file=tmp_path / "none"))


def test_a_token_is_not_sent_on_to_where_a_server_redirects(tmp_path):
    (tmp_path / "token").write_text("s3cret\n")
    with answering(b"up 1") as other, answering((302, b"", {"Location": other.url})) as server:
        with pytest.raises(TransportError, match="it redirects, and we do not send a token on; give the final URL"):
            fetch(server.url, Access(token_file=tmp_path / "token"))

        assert other.requests == []
