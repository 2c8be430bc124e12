"""A JVM that is killed and started again, over and over: nothing is left behind, and nothing stale is served."""

import threading
import time
from pathlib import Path
from typing import NamedTuple

from lab.process import wait_until
from tests.integration.serving import DOWN, Serve

SCRAPES = 300
LIVES = 6
NO_BROKER = "127.0.0.1:1"
DEAD_REASONS = {"refused", "closed"}
STARTING_REASONS = DEAD_REASONS | {"protocol", "not_jmx"}
"""A JVM that starts has its port before its registry, and its registry before its agent."""
REVIEW_SECONDS = 1
"""An attribute that Kafka adds to an MBean just after it was read is met two reads later: absent until then."""
RESIDENT_MARGIN_BYTES = 1 << 20
"""An allocator does not give back all that it once had; 0.2 MB were seen."""


class Answer(NamedTuple):
    """A page, and when it was asked for and had come, in seconds since the epoch."""

    asked: float
    came: float
    page: object


class Life(NamedTuple):
    """When a JVM was started, when its producer was there, and when it was killed."""

    started: float
    complete: float
    killed: float


class Holdings(NamedTuple):
    """What a process holds."""

    threads: int
    descriptors: int
    resident_bytes: int


def holdings(pid):
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return Holdings(int(status["Threads"]), descriptors, int(status["VmRSS"].split()[0]) * 1024)


def settled_holdings(serve):
    """What it holds once the connections of the last scrapes have ended."""
    seen = []

    def settled():
        seen.append(holdings(serve.process.pid)[:2])
        return len(seen) > 10 and len(set(seen[-10:])) == 1

    wait_until("the exporter has settled", settled, processes=[serve.process])
    return holdings(serve.process.pid)


def scraped_over_many_lives(jvm, serve):
    """Scrape without a pause while the JVM is killed and started again; return the answers, and the JVM's lives."""
    answers, lives = [], []

    def scrape():
        while len(answers) < SCRAPES:
            asked = time.time()
            page = serve.page()
            answers.append(Answer(asked, time.time(), page))
            time.sleep(0.03)

    def wait_for_answers(count):
        wait_until(f"{count} scrapes are done", lambda: len(answers) >= count or not scraper.is_alive())

    scraper = threading.Thread(target=scrape)
    scraper.start()
    for life in range(LIVES):
        started = time.time()
        jvm.start()
        jvm.new("orders", NO_BROKER)
        complete = time.time()
        share = SCRAPES * (life + 1) // LIVES
        wait_for_answers(share - 10)
        jvm.kill()
        lives.append(Life(started, complete, time.time()))
        wait_for_answers(share)
    scraper.join()
    return answers, lives


def test_a_jvm_that_is_killed_and_started_again_leaves_nothing_behind_and_nothing_stale(producer_jvm, tmp_path):
    jvm = producer_jvm()
    jvm.new("orders", NO_BROKER)
    with Serve("--target", f"checkout=127.0.0.1:{jvm.jmx_port}", folder=tmp_path) as serve:
        for _ in range(30):
            serve.page()
        before = settled_holdings(serve)
        jvm.kill()

        answers, lives = scraped_over_many_lives(jvm, serve)

        jvm.start()
        jvm.new("orders", NO_BROKER)
        serve.page_once("the producer is back", lambda page: page.value("kafka_producer_clients", target="checkout"))
        after = settled_holdings(serve)

    assert (after.threads, after.descriptors) == (before.threads, before.descriptors)
    assert after.resident_bytes < before.resident_bytes + RESIDENT_MARGIN_BYTES

    ups = [answer for answer in answers if answer.page.value("kafka_producer_up", target="checkout")]
    downs = [answer for answer in answers if answer not in ups]
    assert len(answers) == SCRAPES
    assert len(ups) > SCRAPES / 3
    assert len(downs) > SCRAPES / 6
    assert {served_life(answer, lives) for answer in ups} >= set(lives)
    for answer in ups:
        life = served_life(answer, lives)
        assert life.started < answer.came
        assert answer.asked < life.killed
    for answer in downs:
        assert {sample.name for sample in answer.page.series(target="checkout")} == DOWN
        (error,) = [s for s in answer.page.samples if s.name == "kafka_producer_exporter_target_error"]
        assert error.labels["reason"] in (STARTING_REASONS if lives_met(answer, lives) else DEAD_REASONS)


def served_life(answer, lives):
    """The life of the JVM whose values an answer has."""
    started = answer.page.value("kafka_producer_start_time_seconds", target="checkout")
    if started is None:  # a JVM has no producer at first, and a producer registers its start last
        met = lives_met(answer, lives, grace_seconds=REVIEW_SECONDS)
        (life,) = [life for life in met if answer.asked < life.killed]
    else:
        (life,) = [life for life in lives if life.started < started < life.complete]
    return life


def lives_met(answer, lives, *, grace_seconds=0):
    """The lives of which the JVM was still starting while the page was made."""
    return [life for life in lives if life.started < answer.came and answer.asked < life.complete + grace_seconds]
