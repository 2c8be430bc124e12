"""``serve``, ``scrape`` and ``check`` as a user runs them, against JVMs that work and JVMs that fail."""

import contextlib
import http.server
import itertools
import json
import re
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lab.process import Port, wait_until
from lab.producer import write_password_file
from lab.proxy import Proxy
from tests.integration.serving import COMMAND, DOWN, Serve
from tests.integration.topics import new_topic

DEADLINE_SECONDS = 2.0
"""The scrape timeout in the tests of targets that do not answer."""


@pytest.fixture
def serve(lab, tmp_path):
    """Starts ``serve`` until the end of the test, with targets by their port: ``serve(checkout=9999)``."""
    folders = (tmp_path / f"serve-{number}" for number in itertools.count())
    with contextlib.ExitStack() as running:

        def start(*arguments, **ports):
            targets = [f"--target={name}=127.0.0.1:{port}" for name, port in ports.items()]
            return running.enter_context(Serve(*arguments, *targets, folder=next(folders)))

        yield start


def command(*arguments):
    return subprocess.run([COMMAND, *arguments], capture_output=True, text=True, timeout=30, check=False)


def write_config(path, **ports):
    targets = [{"name": name, "jmx": {"host": "127.0.0.1", "port": port}} for name, port in ports.items()]
    path.write_text(json.dumps({"targets": targets}))  # JSON is YAML
    return path


def up(page, target):
    return page.value("kafka_producer_up", target=target)


def reasons(page, target):
    return {
        sample.labels["reason"]
        for sample in page.series(target=target)
        if sample.name == "kafka_producer_exporter_target_error"
    }


def clients(page, target):
    return {sample.labels["client_id"] for sample in page.series(target=target) if "client_id" in sample.labels}


# JVMs that work


def test_flags_suffice_as_configuration(broker, producer_jvm, serve):
    jvm = producer_jvm()
    jvm.new("orders", broker.bootstrap)

    page = serve(checkout=jvm.jmx_port).page()

    assert up(page, "checkout") == 1
    assert page.value("kafka_producer_clients", target="checkout") == 1
    assert page.value("kafka_producer_record_send_total", target="checkout", client_id="orders") == 0
    assert page.value("kafka_producer_info", client_id="orders", version="4.4.0") == 1


def test_a_file_can_configure_what_flags_cannot(broker, producer_jvm, serve, tmp_path):
    jvm = producer_jvm()
    jvm.new("orders", broker.bootstrap)
    config = tmp_path / "exporter.yml"
    config.write_text(
        f"""
        profile: minimal
        targets:
          - name: checkout
            jmx: {{host: 127.0.0.1, port: {jvm.jmx_port}}}
            labels: {{kafka_cluster: blue}}
        """
    )

    page = serve("--config", config).page()

    assert page.value("kafka_producer_up", target="checkout", kafka_cluster="blue") == 1
    assert page.value("kafka_producer_record_send_total", client_id="orders", kafka_cluster="blue") == 0
    assert "kafka_producer_batch_size_max_bytes" not in page.names()


def test_a_jvm_without_a_producer_is_up_and_has_none(producer_jvm, serve):
    page = serve(checkout=producer_jvm().jmx_port).page()

    assert up(page, "checkout") == 1
    assert page.value("kafka_producer_clients", target="checkout") == 0
    assert clients(page, "checkout") == set()


def test_a_closed_producer_leaves_the_page_and_the_others_stay(broker, producer_jvm, serve):
    jvm = producer_jvm()
    orders = jvm.new("orders", broker.bootstrap)
    jvm.new("payments", broker.bootstrap)
    serving = serve(checkout=jvm.jmx_port)
    before = serving.page()

    orders.close()

    after = serving.page()
    assert clients(before, "checkout") == {"orders", "payments"}
    assert clients(after, "checkout") == {"payments"}
    assert after.value("kafka_producer_clients", target="checkout") == 1


def test_the_survivor_of_two_producers_with_one_client_id_is_reported_as_hidden(broker, producer_jvm, serve):
    topic = new_topic(broker)
    jvm = producer_jvm()
    survivor = jvm.new("survivor", broker.bootstrap, client_id="orders")
    twin = jvm.new("twin", broker.bootstrap, client_id="orders")
    serving = serve(checkout=jvm.jmx_port)
    both = serving.page()

    twin.close()

    first, second = serving.page(), serving.page()
    assert survivor.send(topic) == {"ok": 1}
    assert both.value("kafka_producer_hidden", client_id="orders") is None
    assert first.value("kafka_producer_hidden", client_id="orders") is None  # the survivor might be closing, too
    assert second.value("kafka_producer_hidden", client_id="orders", reason="duplicate_client_id") == 1
    assert second.value("kafka_producer_record_send_total", client_id="orders") is None
    assert second.value("kafka_producer_clients", target="checkout") == 0

    advised = serving.logged("give each producer its own client.id")
    jvm.new("payments", broker.bootstrap)
    assert advised
    assert serving.page().value("kafka_producer_record_send_total", client_id="payments") == 0


@pytest.mark.parametrize(
    ("version", "settings", "reason", "words", "mended"),
    [
        ("4.4.0", "metric_reporters=", "reporter", r"metric.reporters does not contain (\S+),", "metric_reporters={}"),
        (
            *("3.9.2", "auto_include_jmx_reporter=false", "reporter"),
            *(r"auto.include.jmx.reporter is (false)", "auto_include_jmx_reporter=true"),
        ),
        (
            "4.4.0",
            "metrics_jmx_include=kafka.consumer.*",
            "reporter",
            r"metrics.jmx.(include) and",
            "metrics_jmx_include=.*",
        ),
        (
            *("4.4.0", "metrics_jmx_exclude=kafka.producer:type=producer-metrics.*", "filter"),
            *(r"metrics.jmx.exclude leaves out its producer-metrics; include (\S+)", "metrics_jmx_include={}"),
        ),
    ],
)
def test_a_living_producer_that_reports_nothing_is_hidden_and_its_cause_is_said_in_words(
    broker, producer_jvm, serve, version, settings, reason, words, mended
):
    topic = new_topic(broker)
    jvm = producer_jvm(version)
    orders = jvm.new("orders", broker.bootstrap, **dict([settings.split("=", 1)]))
    assert orders.send(topic) == {"ok": 1}
    serving = serve(checkout=jvm.jmx_port)
    address = f"127.0.0.1:{jvm.jmx_port}"

    serving.page()
    page = serving.page()
    checked, scraped = command("check", address), command("scrape", address)

    assert page.value("kafka_producer_hidden", target="checkout", client_id="orders", reason=reason) == 1
    assert page.value("kafka_producer_clients", target="checkout") == 0
    assert up(page, "checkout") == 1
    assert "orders: alive, but without metrics" in scraped.stdout
    assert "no producer yet" not in scraped.stdout
    assert "! producers" in checked.stdout
    cause = re.search(words, checked.stdout)
    assert cause
    assert serving.logged("orders: alive, but without metrics because")

    advised = mended.format(cause[1])
    jvm.new("payments", broker.bootstrap, **dict([advised.split("=", 1)]))
    assert serving.page().value("kafka_producer_record_send_total", client_id="payments") == 0

    orders.close()
    assert "kafka_producer_hidden" not in serving.page().names(target="checkout")


# Reload and shutdown


def test_a_reload_applies_a_valid_file_and_keeps_the_current_configuration_for_an_invalid_one(
    producer_jvm, serve, tmp_path
):
    jvm = producer_jvm()
    config = write_config(tmp_path / "exporter.yml", checkout=jvm.jmx_port)
    serving = serve("--config", config)
    valid = "kafka_producer_exporter_config_valid"
    before = serving.page()

    write_config(config, checkout=jvm.jmx_port, payments=jvm.jmx_port)
    serving.reload()
    more = serving.page_once("the second target is served", lambda page: up(page, "payments"))
    config.write_text("targetz: []")
    serving.reload()
    invalid = serving.page_once("the invalid file is reported", lambda page: page.value(valid) == 0)
    write_config(config, payments=jvm.jmx_port)
    serving.reload()
    valid_again = serving.page_once("the first target is no longer served", lambda page: up(page, "checkout") is None)

    assert before.value(valid) == more.value(valid) == valid_again.value(valid) == 1
    assert (up(invalid, "checkout"), up(invalid, "payments")) == (1, 1)
    assert up(valid_again, "payments") == 1
    assert serving.logged("unknown key; did you mean targets?") == 1


def test_an_invalid_file_ends_serve_with_exit_code_2_unless_it_is_tolerant(producer_jvm, serve, tmp_path):
    jvm = producer_jvm()
    config = tmp_path / "exporter.yml"
    config.write_text("targetz: []")

    strict = command("serve", "--config", config)
    tolerant = serve("--tolerant", "--config", config)

    assert strict.returncode == 2
    assert "unknown key; did you mean targets?" in strict.stderr
    assert tolerant.page().value("kafka_producer_exporter_config_valid") == 0
    status, text = tolerant.get("/-/ready")
    assert status == 503
    assert "exporter.yml:1 targetz" in text
    assert tolerant.logged("unknown key; did you mean targets?")
    write_config(config, checkout=jvm.jmx_port)
    tolerant.reload()
    tolerant.page_once("the corrected file is in force", lambda page: up(page, "checkout") == 1)
    assert tolerant.get("/-/ready")[0] == 200


def test_a_tolerant_serve_with_an_argument_that_does_not_exist_says_so_where_it_was_told_to_listen(serve):
    strict = command("serve", "--nonsense")
    tolerant = serve("--tolerant", "--nonsense")

    assert strict.returncode == 2
    assert tolerant.page().value("kafka_producer_exporter_config_valid") == 0
    assert tolerant.logged("unrecognized arguments: --nonsense")
    assert tolerant.logged("an argument does not exist or has no value")


def test_sigterm_ends_serve_at_once_and_leaves_no_session_in_the_jvm(producer_jvm, serve):
    # RMI keeps an idle thread for a minute, which would look like the thread of a session.
    jvm = producer_jvm(java_options=["-Dsun.rmi.transport.tcp.threadKeepAliveTime=200"])
    before = len(threads(jvm))
    serving = serve(checkout=jvm.jmx_port)
    serving.page()
    serving.page()
    during = threads(jvm)

    began = time.monotonic()
    serving.process.stop()
    took_seconds = time.monotonic() - began

    assert serving.process.exit_code == 0
    assert took_seconds < 1.5
    assert during.count(SESSION_THREAD) == 1
    wait_until("the JVM has no session", lambda: SESSION_THREAD not in threads(jvm), timeout_seconds=5)
    # The first connection starts three threads of RMI itself: one that accepts, the reaper and the scheduler.
    wait_until("the threads of the session have ended", lambda: len(threads(jvm)) <= before + 3, timeout_seconds=5)
    assert "Traceback" not in serving.log()


SESSION_THREAD = "JMX server conn"
"""The name of the thread of an open session, "JMX server connection timeout 12", as the kernel truncates it."""


def threads(jvm):
    """Return the names of the JVM's threads."""
    return [thread.read_text().strip() for thread in Path(f"/proc/{jvm.pid}/task").glob("*/comm")]


# Passwords


def test_a_password_is_read_again_after_it_was_wrong_and_after_it_was_rotated(broker, producer_jvm, serve, tmp_path):
    users = tmp_path / "jvm"
    jvm = producer_jvm(password_file=write_password_file(users, {"monitor": "first-of-7c1"}))
    jvm.new("orders", broker.bootstrap)
    password = tmp_path / "password"
    password.touch(mode=0o600)
    password.write_text("guess-of-7c1\n")
    serving = serve("--jmx-username=monitor", f"--jmx-password-file={password}", checkout=jvm.jmx_port)

    wrong = serving.page()
    password.write_text("first-of-7c1\n")
    right = serving.page()
    jvm.kill()
    write_password_file(users, {"monitor": "second-of-7c1"})
    jvm.start()
    stale = serving.page()
    password.write_text("second-of-7c1\n")
    rotated = serving.page()

    assert [up(page, "checkout") for page in (wrong, right, stale, rotated)] == [0, 1, 0, 1]
    assert reasons(wrong, "checkout") == reasons(stale, "checkout") == {"authentication"}
    assert clients(right, "checkout") == {"orders"}
    assert "7c1" not in serving.log()


# JVMs that fail: the scrape ends by the deadline, with a reason, and the healthy target is not affected


class Silence:
    """Accepts connections and never answers."""

    def __enter__(self):
        self._server = socket.create_server(("127.0.0.1", 0))
        return self._server.getsockname()[1]

    def __exit__(self, *_):
        self._server.close()


class Website:
    """An HTTP server."""

    def __enter__(self):
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self._server.server_port

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


class Nothing:
    """A port on which nothing listens."""

    def __enter__(self):
        self._port = Port()
        return self._port.number

    def __exit__(self, *_):
        self._port.close()


@pytest.mark.parametrize(("peer", "reason"), [(Nothing, "refused"), (Website, "not_jmx"), (Silence, "timeout")])
def test_a_port_without_a_jvm_is_down_with_a_reason_and_the_healthy_target_is_up(
    broker, producer_jvm, serve, peer, reason
):
    jvm = producer_jvm()
    jvm.new("orders", broker.bootstrap)
    with peer() as port:
        serving = serve(checkout=jvm.jmx_port, broken=port)

        began = time.monotonic()
        pages = [serving.page(timeout_seconds=DEADLINE_SECONDS) for _ in range(2)]
        took_seconds = time.monotonic() - began
        # A read goes on beyond the deadline of its scrapes, up to its floor, and is logged at its end.
        wait_until("the log has the reason", lambda: "target=broken" in serving.log(), timeout_seconds=30)

    for page in pages:
        assert up(page, "checkout") == 1
        assert clients(page, "checkout") == {"orders"}
        assert page.names(target="broken") == DOWN
        assert (up(page, "broken"), reasons(page, "broken")) == (0, {reason})
    assert took_seconds < 2 * DEADLINE_SECONDS
    assert serving.logged("target=broken") == 1


def test_a_jvm_that_freezes_during_a_scrape_is_down_with_timeout_and_recovers(broker, producer_jvm, serve, tmp_path):
    healthy, jvm = producer_jvm(), producer_jvm()
    healthy.new("payments", broker.bootstrap)
    jvm.new("orders", broker.bootstrap)
    config = tmp_path / "exporter.yml"
    with Proxy(jvm.jmx_port) as proxy:
        proxy.delay_seconds = 0.2  # for each step of the conversation, so that the freeze can fall between two of them
        frozen = {"name": "frozen", "jmx": {"port": proxy.port, "rmi_port": proxy.port}}
        config.write_text(json.dumps({"targets": [frozen, {"name": "healthy", "jmx": {"port": healthy.jmx_port}}]}))
        serving = serve("--config", config)
        with ThreadPoolExecutor() as pool:
            began = time.monotonic()
            scrape = pool.submit(serving.page, timeout_seconds=DEADLINE_SECONDS)
            wait_until("the scrape has logged in", lambda: SESSION_THREAD in threads(jvm), timeout_seconds=5)

            jvm.pause()

            try:
                page = scrape.result()
                took_seconds = time.monotonic() - began
            finally:
                jvm.resume()
        proxy.delay_seconds = 0
        after = serving.page()
    assert took_seconds < DEADLINE_SECONDS
    assert page.names(target="frozen") == DOWN
    assert reasons(page, "frozen") == {"timeout"}
    assert clients(page, "healthy") == {"payments"}
    assert up(after, "frozen") == 1
    assert after.value("kafka_producer_record_send_total", target="frozen", client_id="orders") == 0


def test_a_killed_jvm_is_down_and_its_replacement_starts_from_zero(broker, producer_jvm, serve):
    topic = new_topic(broker)
    jvm = producer_jvm()
    jvm.new("orders", broker.bootstrap).send(topic, count=3)
    serving = serve(checkout=jvm.jmx_port)
    before = serving.page()

    jvm.kill()
    killed = serving.page()
    jvm.start()
    empty = serving.page()
    jvm.new("orders", broker.bootstrap).send(topic)
    again = serving.page()

    def sent(page):
        return page.value("kafka_producer_record_send_total", client_id="orders")

    assert [up(page, "checkout") for page in (before, killed, empty, again)] == [1, 0, 1, 1]
    assert reasons(killed, "checkout") == {"refused"}
    assert killed.names(target="checkout") == DOWN
    assert [sent(page) for page in (before, killed, empty, again)] == [3, None, None, 1]
    assert serving.logged("the target is up again") == 1
    assert serving.logged("target=checkout") == 3  # when it first came up, went down, and came back


# Exit codes of the other verbs


def test_scrape_exits_with_0_if_all_answer_2_without_a_target_and_3_if_one_does_not_answer(broker, producer_jvm):
    jvm = producer_jvm()
    jvm.new("orders", broker.bootstrap)
    with Nothing() as port:
        answers = command("scrape", f"127.0.0.1:{jvm.jmx_port}")
        silent = command("scrape", f"127.0.0.1:{jvm.jmx_port}", f"127.0.0.1:{port}")
    nobody = command("scrape", "--format", "json")

    assert (answers.returncode, nobody.returncode, silent.returncode) == (0, 2, 3)
    assert "up, 1 producer" in answers.stdout
    assert "up, 1 producer" in silent.stdout
    assert "down, refused" in silent.stdout
    assert "write HOST:PORT" in nobody.stderr


def test_check_exits_with_0_1_2_or_3(broker, producer_jvm, tmp_path):
    guarded = producer_jvm(password_file=write_password_file(tmp_path, {"monitor": "secret"}))
    guarded.new("orders", broker.bootstrap)
    opened = producer_jvm()
    password = tmp_path / "password"
    password.touch(mode=0o600)
    password.write_text("secret")
    login = ["--jmx-username=monitor", f"--jmx-password-file={password}"]

    well = command("check", f"127.0.0.1:{guarded.jmx_port}", *login)
    findings = command("check", f"127.0.0.1:{opened.jmx_port}")
    unknown = command("check", "checkout")
    password_missing = command("check", f"127.0.0.1:{guarded.jmx_port}")
    with Nothing() as port:
        unreachable = command("check", f"127.0.0.1:{port}")

    checks = (well, findings, unknown, password_missing, unreachable)
    assert [check.returncode for check in checks] == [0, 1, 2, 3, 3]
    assert "orders (4.4.0)" in well.stdout
    assert "every container of the pod" in findings.stdout
    assert "there is no such target" in unknown.stderr
    assert "✗ password" in password_missing.stdout
    assert f"-Dcom.sun.management.jmxremote.port={port}" in unreachable.stdout
