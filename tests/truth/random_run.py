"""What is counted while applications, brokers and collectors fail at random, and what Kafka's own decoder says.

Three brokers hold the log three times. Applications with old and new clients commit, abort, let transactions time out,
fence each other and die. Brokers are stopped, killed, frozen, rolled and replaced. Three collectors count: one is left
alone, one is frozen again and again, and one is killed and started again.
"""

import contextlib
import random
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from kafka import TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import KafkaError

from kafka_producer_exporter.broker.log.outcomes import AbortReason
from lab.broker import Cluster
from lab.process import LabError, wait_until
from lab.producer import ProducerJvm, send_options
from tests.integration.serving import Serve
from tests.truth import decoded_log
from tests.truth.decoded_log import ABORTED, COMMITTED, SESSIONS, STARTED, TOPIC, UNENDED
from tests.truth.page import Section

RUNS = 3
CLIENTS = ("2.4.1", "2.8.2", "3.9.2", "4.4.0")
IDS = 12
ALONE, FROZEN, RESTARTED = "left alone", "frozen", "restarted"
PATIENCE_SECONDS = 300.0
"""How long a broker may take to come back on a busy machine."""
QUIET_SECONDS = 15.0
"""The log is at rest once it has not grown for this long: longer than any transaction's timeout."""
SETTLED_SECONDS = 6.0
"""A collector that has read everything has decided on the reason of each abort after this time."""
TIMEOUTS_MS = (2000, 2000, 3000, 10_000)
FEATURE = "transaction.version"

COUNTING_SINCE = "kafka_producer_exporter_counting_since_timestamp_seconds"
EXACT = "kafka_producer_exporter_transaction_counts_exact"
MISSING = "kafka_producer_exporter_transaction_log_missing_records_total"
SKIPPED = "kafka_producer_exporter_transaction_log_skipped_total"
LAG = "kafka_producer_exporter_transaction_log_lag_records"
UNAVAILABLE = "kafka_producer_exporter_transaction_log_partitions_unavailable"
UNSEEN = "kafka_producer_exporter_transaction_end_unseen_total"
COUNTED = {
    "kafka_transaction_started_total": STARTED,
    "kafka_transaction_committed_total": COMMITTED,
    "kafka_transaction_aborted_total": ABORTED,
    "kafka_transactional_producer_session_total": SESSIONS,
}
TOTALS = {
    "kafka_cluster_transaction_started_total": STARTED,
    "kafka_cluster_transaction_committed_total": COMMITTED,
    "kafka_cluster_transaction_aborted_total": ABORTED,
}


class Stage(contextlib.ExitStack):
    """The brokers and the JVMs of the applications."""

    def __init__(self, transaction_version):
        super().__init__()
        # Should the log be compacted, records would be missing from it, which the reading of it notices.
        self.cluster = Cluster(3, transaction_version=transaction_version)
        self.jvms = dict.fromkeys(CLIENTS)
        self.topic = "payments"

    def __enter__(self):
        super().__enter__()
        self.enter_context(self.cluster)
        self.callback(self._close_jvms)
        self.cluster.create_topic(self.topic, partitions=3, replication=3, min_insync_replicas=2)
        for version in CLIENTS:
            self.start_jvm(version)
        return self

    def _close_jvms(self):
        for jvm in filter(None, self.jvms.values()):
            jvm.close()

    def start_jvm(self, version):
        """Start a JVM with this client, in place of the one before."""
        before, self.jvms[version] = self.jvms[version], ProducerJvm(version, jmx=False, heap_megabytes=96)
        if before is not None:
            before.close()
        self.jvms[version].launch()
        self.jvms[version].wait_ready(PATIENCE_SECONDS)

    def partitions(self, topic):
        """The partitions of a topic, as the admin client describes them."""
        with self.cluster.admin() as admin:
            described = admin.describe_topics([topic])
        return described[0]["partitions"] if described and not described[0]["error_code"] else []

    def wait_in_sync(self):
        """Wait until every replica is in sync, so that the next broker may fail without taking records with it."""

        def is_in_sync():
            with contextlib.suppress(KafkaError):
                topics = [*self.partitions(TOPIC), *self.partitions(self.topic)]
                return topics and all(len(one["isr_nodes"]) == 3 for one in topics)
            return False

        wait_until("all replicas are in sync", is_in_sync, timeout_seconds=PATIENCE_SECONDS)

    def end_offsets(self):
        """The end offset of each partition of the log, once all of them can be asked; nothing if there is no log."""
        found = []

        def is_found():
            with contextlib.suppress(KafkaError):
                partitions = [TopicPartition(TOPIC, one["partition_index"]) for one in self.partitions(TOPIC)]
                with self.cluster.admin() as admin:
                    offsets = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST))
                found.append({one.partition: answer.offset for one, answer in offsets.items()})
            return found

        wait_until("the end of the log is known", is_found, timeout_seconds=PATIENCE_SECONDS)
        return found[0]

    def decoded(self):
        """Return what the decoder says of each partition, of the files of its leader."""
        folders = {
            one["partition_index"]: self.cluster.nodes[one["leader_id"]].folder / "data" / f"{TOPIC}-{number}"
            for one in self.partitions(TOPIC)
            for number in (one["partition_index"],)
        }
        return decoded_log.decode(folders)

    def upgrade(self, version):
        """Set the cluster's transaction version."""
        with self.cluster.admin() as admin:
            answer = admin.update_features({FEATURE: version})
        if answer[FEATURE] != "OK":
            raise LabError(f"{FEATURE} {version}: {answer}")


ACTIONS = {"commit": 50, "abort": 15, "time out": 4, "be fenced": 8, "die": 4, "send nothing": 4, "start anew": 4}
"""What an application does, and how often."""


class Application:
    """Owns one transactional id, and does what its dice say. Any of the JVMs may run its producer."""

    def __init__(self, stage, transactional_id, seed):
        self.done = Counter()
        self.transactional_id = transactional_id
        self._stage = stage
        self._choose = random.Random(f"{seed} {transactional_id}")
        self._timeout_ms = self._choose.choice(TIMEOUTS_MS)
        self._number = 0
        self._producer = None

    def run(self, ended):
        """Work until *ended* is set. A producer that fails is closed, as an application does, and a new one made."""
        while not ended.is_set():
            # ValueError: the JVM was killed while it got a command.
            try:
                if self._producer is None:
                    self._producer = self._new()
                self._turn(ended)
            except (LabError, ValueError):
                self.done["failed"] += 1
                self._leave(self._producer)
                self._producer = None
            ended.wait(self._choose.expovariate(3))

    def _new(self):
        """Make a producer and open its session, which fences any other one."""
        jvm = self._stage.jvms[self._choose.choice(CLIENTS)]
        self._number += 1
        producer = jvm.new(
            f"{self.transactional_id}-{self._number}",
            self._stage.cluster.bootstrap,
            transactional_id=self.transactional_id,
            transaction_timeout_ms=self._timeout_ms,
            max_block_ms=8000,
            request_timeout_ms=3000,
            delivery_timeout_ms=8000,
        )
        try:
            producer.call("init")
        except LabError:
            self._leave(producer)
            raise
        return producer

    def _leave(self, producer):
        """Close a producer without waiting for it, if its JVM is still there."""
        if producer is not None:
            with contextlib.suppress(LabError, ValueError):
                producer.post("close", {"timeout_ms": 0})

    def _turn(self, ended):
        action = self._choose.choices(list(ACTIONS), list(ACTIONS.values()))[0]
        producer = self._producer
        self.done[action] += 1
        if action == "start anew":
            self._leave(producer)
            self._producer = self._new()
        else:
            producer.call("begin")
            if action != "send nothing":
                for _ in range(self._choose.randint(1, 3)):
                    partition = self._choose.randrange(3)
                    producer.call("send", send_options(self._stage.topic, 1, 100, wait=True, partition=partition))
            if action == "time out":
                ended.wait(self._timeout_ms / 1000 + self._choose.uniform(0.5, 2.5))
            elif action == "be fenced":
                self._producer = self._new()
            elif action == "die":
                self._leave(producer)
                self._producer = None
            if action in ("commit", "time out", "be fenced"):
                self._end(producer, "commit", action)
            elif action != "die":
                self._end(producer, "abort", action)

    def _end(self, producer, verb, action):
        """End the transaction. That the coordinator or another producer has ended it is part of some actions."""
        try:
            producer.call(verb)
        except LabError:
            if action != "be fenced":
                raise
            self._leave(producer)


class Collector:
    """A ``serve`` that reads the log, and what its pages said."""

    def __init__(self, name, stage, folder):
        self.name = name
        self.polls = 0
        self.starts = 0
        self.problems = []
        self.serve = None
        self.counted_from = ({}, {})
        """The end of the log before the last start, and once it counted."""
        self._stage = stage
        self._folder = folder
        self._last = {}
        self._lock = threading.Lock()

    def start(self):
        """Start it, or start it again, and return once it counts."""
        with self._lock:
            if self.serve is not None:
                self.serve.process.kill()
            self.starts += 1
            before = self._stage.end_offsets()
            folder = self._folder / f"{self.name.replace(' ', '-')}-{self.starts}"
            self.serve = Serve("--bootstrap-server", self._stage.cluster.bootstrap, folder=folder).__enter__()
            self.serve.page_once("it counts", lambda page: page.value(COUNTING_SINCE), timeout_seconds=PATIENCE_SECONDS)
            self.counted_from = before, self._stage.end_offsets()
            self._last = {}

    def freeze(self, seconds):
        """Freeze it for some seconds."""
        self.serve.process.pause()
        time.sleep(seconds)
        self.serve.process.resume()

    def poll(self):
        """Read its page, and note each counter that has fallen. A page that does not come is no problem of it."""
        with self._lock:
            try:
                page = self.serve.page()
            except OSError:
                return
            self.polls += 1
            values = {
                (sample.name, *sorted(sample.labels.items())): sample.value
                for sample in page.samples
                if sample.name in {*COUNTED, *TOTALS}
            }
            fallen = [key for key, old in self._last.items() if values.get(key, 0) < old]
            self.problems += [f"{key} fell from {self._last[key]} to {values.get(key)}" for key in fallen]
            self._last = values

    def has_read(self):
        """Return whether it has read everything."""
        page = self.serve.page()
        return page.value(LAG) == 0 and page.value(UNAVAILABLE) == 0

    def close(self):
        """End it."""
        if self.serve is not None:
            self.serve.process.stop()


class Found(NamedTuple):
    """What a page has counted."""

    counts: dict
    """Transactional id → Counter."""
    totals: Counter
    reasons: Counter
    """How many aborts of each id have each reason."""
    unseen: int
    inexact: str
    """Why the counts are not exact; empty if they are."""


def found_on(page):
    """Return what *page* has counted."""
    found, totals, reasons = {}, Counter(), Counter()
    for sample in page.samples:
        if sample.name in COUNTED:
            found.setdefault(sample.labels["transactional_id"], Counter())[COUNTED[sample.name]] += round(sample.value)
        elif sample.name in TOTALS:
            totals[TOTALS[sample.name]] += round(sample.value)
        if sample.name == "kafka_transaction_aborted_total":
            reasons[sample.labels["transactional_id"], sample.labels["reason"]] += round(sample.value)
    gone = [
        f"{round(sample.value)} {' '.join(sample.labels.values())}"
        for sample in page.samples
        if sample.name in (MISSING, SKIPPED) and sample.value
    ]
    inexact = "" if page.value(EXACT) == 1 else f"exact is {page.value(EXACT)}: {', '.join(gone) or 'no reason given'}"
    return Found({name: +one for name, one in found.items() if +one}, +totals, +reasons, page.value(UNSEEN), inexact)


def differences(entries, found, counted_from):
    """Compare what a page has counted with the decoded log, and return each difference as a line.

    *counted_from* are the end offsets of the log before and after counting began. If they differ, everything that was
    counted on a partition must be right for one and the same offset between them.
    """
    before, after = counted_from
    lines, unended, totals = [], 0, Counter()
    for partition in sorted({entry.partition for entry in entries}):
        records = [entry for entry in entries if entry.partition == partition]
        ids = {entry.transactional_id for entry in records}
        counted = {name: one for name, one in found.counts.items() if name in ids}
        offsets = range(before.get(partition, 0), after.get(partition, 0) + 1)
        truths = [decoded_log.counts(records, offset) for offset in offsets]
        best = min(truths, key=lambda truth: len(_unlike(truth, counted)))
        lines += _unlike(best, counted)
        for one in best.values():
            totals += one
    unended = totals.pop(UNENDED, 0)
    totals.pop(SESSIONS, None)
    strangers = set(found.counts) - {entry.transactional_id for entry in entries}
    lines += [f"{name}: not in the log, but counted" for name in strangers]
    if totals != found.totals:
        lines.append(f"the cluster: {dict(found.totals)}, by the decoder {dict(totals)}")
    if unended != found.unseen:
        lines.append(f"ends unseen: {found.unseen}, by the decoder {unended}")
    return lines


def _unlike(truth, counted):
    lines = []
    for name in sorted({*truth, *counted}):
        by_log, by_page = Counter(truth.get(name)), Counter(counted.get(name))
        del by_log[UNENDED]
        if by_log != by_page:
            lines.append(f"{name}: {dict(by_page)}, by the decoder {dict(by_log)}")
    return lines


@dataclass
class Result:
    """What happened in a run, and what each collector has counted."""

    seed: int
    versions: list
    events: Counter = field(default_factory=Counter)
    done: Counter = field(default_factory=Counter)
    records: int = 0
    withdrawn: int = 0
    decided_late: int = 0
    """How many aborts are the client's own for one collector, and a fencing for another one."""
    collectors: dict = field(default_factory=dict)
    """Name → starts, polls, what it found, differences and problems."""

    def compare_reasons(self):
        """Compare the reasons that the two collectors have found that have counted everything.

        A fencing counts as the client's own abort if its session can be read only after the collector has decided. So
        the two may differ about client and fenced, which is noted; everything else is a problem.
        """
        (*_, alone, _, _), (*_, frozen, _, problems) = self.collectors[ALONE], self.collectors[FROZEN]
        if alone.inexact or frozen.inexact:
            return
        for name in sorted({name for name, _ in (*alone.reasons, *frozen.reasons)}):
            one, other = (Counter({why: found.reasons[name, why] for why in AbortReason}) for found in (alone, frozen))
            self.decided_late += abs(one[AbortReason.FENCED] - other[AbortReason.FENCED])
            for reasons in (one, other):
                reasons[AbortReason.CLIENT] += reasons.pop(AbortReason.FENCED)
            if one != other:
                problems.append(f"{name}: aborted {dict(other)}, not {dict(one)}")

    @property
    def is_good(self):
        """Whether every collector was right or said that it is not exact, and the one left alone was exact."""
        return all(
            not problems and (found.inexact or not unlike) and not (name == ALONE and found.inexact)
            for name, (_, _, found, unlike, problems) in self.collectors.items()
        )


class Run:
    """One random run."""

    def __init__(self, stage, seed, versions, report):
        self._stage = stage
        self._choose = random.Random(seed)
        self._report = report
        self._ended = threading.Event()
        self._is_late = threading.Event()
        """Set after half of the events: a collector that is started later would have little to count."""
        self._seed = seed
        self._versions = versions
        self.result = Result(seed, versions)

    def events(self):
        """The events of the brokers and of the cluster, in a random order; versions only rise."""
        events = [self._stop, self._stop, self._kill, self._kill, *[self._hang] * 4, self._replace, self._roll]
        events.append(self._kill_two)
        self._choose.shuffle(events)
        places = sorted(self._choose.sample(range(2, len(events) - 2), len(self._versions) - 1))
        for later, (place, version) in enumerate(zip(places, self._versions[1:], strict=True)):
            events.insert(place + later, lambda version=version: self._upgrade(version))
        return events

    def happen(self, collectors):
        """Let everything happen, and return once the log is at rest."""
        applications = [Application(self._stage, f"orders-{number}", self._seed) for number in range(IDS)]
        loops = [lambda one=one: one.run(self._ended) for one in applications]
        loops += [lambda one=one: self._poll(one) for one in collectors.values()]
        loops += [lambda: self._disturb(collectors), self._kill_jvms]
        with ThreadPoolExecutor(len(loops)) as pool:
            running = [pool.submit(loop) for loop in loops]
            try:
                self._ended.wait(8)
                self._stage.wait_in_sync()
                events = self.events()
                for number, event in enumerate(events):
                    if number > len(events) / 2:
                        self._is_late.set()
                    event()
                    self._stage.wait_in_sync()
                    self._ended.wait(self._choose.uniform(0.5, 4))
                    for one in running:
                        if one.done():
                            one.result()
            finally:
                self._ended.set()
            for one in running:
                one.result()
        for application in applications:
            self.result.done += application.done

    def _note(self, event, detail=""):
        self.result.events[event] += 1
        self._report(f"seed {self._seed}: {event} {detail}".rstrip())

    def _any_node(self):
        return self._stage.cluster.nodes[self._choose.choice([1, 2, 3])]

    def _return(self, *nodes):
        """Start brokers again. One that finds no quorum in time ends; like any supervisor, start it once more."""
        self._ended.wait(self._choose.uniform(1, 6))
        for node in nodes:
            node.launch()
        for node in nodes:
            try:
                node.wait_ready(PATIENCE_SECONDS)
            except LabError:
                self._report(f"broker {node.node_id} has ended, and is started once more")
                node.kill()
                node.launch()
                node.wait_ready(PATIENCE_SECONDS)

    def _stop(self):
        node = self._any_node()
        self._note("broker stopped", node.node_id)
        node.stop()
        self._return(node)

    def _kill(self):
        node = self._any_node()
        self._note("broker killed", node.node_id)
        node.kill()
        self._return(node)

    def _kill_two(self):
        """Kill two brokers at once, so that nothing can be written, and no leader elected, until one is back."""
        nodes = self._choose.sample(list(self._stage.cluster.nodes.values()), 2)
        self._note("two brokers killed", f"{nodes[0].node_id} and {nodes[1].node_id}")
        for node in nodes:
            node.kill()
        self._return(*nodes)

    def _hang(self):
        """Freeze a broker: shorter than replica.lag.time.max.ms (5 s) and longer than the timeout of transactions."""
        node, seconds = self._any_node(), self._choose.choice([3, 4, 4.5, 8])
        self._note("broker frozen", f"{node.node_id} for {seconds} s")
        node.pause()
        time.sleep(seconds)
        node.resume()

    def _replace(self):
        node = self._any_node()
        self._note("broker replaced", node.node_id)
        node.stop()
        node.wipe()
        self._return(node)

    def _roll(self):
        self._note("all brokers rolled")
        for node in self._choose.sample(list(self._stage.cluster.nodes.values()), 3):
            node.stop()
            self._return(node)
            self._stage.wait_in_sync()

    def _upgrade(self, version):
        self._note(f"{FEATURE} raised", f"to {version}")
        self._stage.upgrade(version)

    def _kill_jvms(self):
        choose = random.Random(f"{self._seed} jvms")
        while not self._ended.wait(choose.uniform(12, 25)):
            version = choose.choice(CLIENTS)
            self._note("applications killed", f"with client {version}")
            self._stage.jvms[version].kill()
            self._ended.wait(choose.uniform(0, 3))
            self._stage.start_jvm(version)

    def _disturb(self, collectors):
        choose = random.Random(f"{self._seed} collectors")
        while not self._ended.wait(choose.uniform(5, 12)):
            seconds = choose.choice([2, 5, 15])
            self._note("collector frozen", f"for {seconds} s")
            collectors[FROZEN].freeze(seconds)
            if not self._is_late.is_set() and choose.random() < 0.6:
                self._note("collector restarted")
                collectors[RESTARTED].start()

    def _poll(self, collector):
        while not self._ended.wait(1):
            collector.poll()


def at_rest(stage):
    """Wait until the log does not grow any more."""
    ends, since = stage.end_offsets(), time.monotonic()
    while time.monotonic() - since < QUIET_SECONDS:
        time.sleep(1)
        now = stage.end_offsets()
        if now != ends:
            ends, since = now, time.monotonic()
    return ends


def run_once(seed, report):
    """Do one random run."""
    versions = list(range(seed % 3, 3))
    with (
        Stage(versions[0]) as stage,
        tempfile.TemporaryDirectory(prefix="truth-") as folder,
        contextlib.ExitStack() as running,
    ):
        collectors = {name: Collector(name, stage, Path(folder)) for name in (ALONE, FROZEN, RESTARTED)}
        for collector in collectors.values():
            running.callback(collector.close)
            collector.start()
        run = Run(stage, seed, versions, report)
        run.happen(collectors)
        ends = at_rest(stage)
        result = run.result
        for collector in collectors.values():
            wait_until("everything is read", collector.has_read, timeout_seconds=PATIENCE_SECONDS)
        time.sleep(SETTLED_SECONDS)
        entries = stage.decoded()
        if Counter(entry.partition for entry in entries) != +Counter(ends):
            raise LabError(f"the decoder did not read all of the log, which ends at {ends}")
        result.records, result.withdrawn = len(entries), decoded_log.withdrawn(entries)
        for name, collector in collectors.items():
            collector.poll()
            found = found_on(collector.serve.page())
            unlike = differences(entries, found, collector.counted_from)
            result.collectors[name] = (collector.starts, collector.polls, found, unlike, collector.problems)
        result.compare_reasons()
        report(f"seed {seed}: {result.records} records, {dict(result.done)}, withdrawn {result.withdrawn}")
        report(f"seed {seed}: {result.decided_late} aborts are called client by one collector, and fenced by another")
        for name, (_, polls, found, unlike, problems) in result.collectors.items():
            for line in [found.inexact] * bool(found.inexact) + unlike + problems:
                report(f"seed {seed}, collector {name}: {line}")
            report(f"seed {seed}, collector {name}: {dict(found.totals)}, {len(unlike)} differ, {polls} polls")
    return result


def run(seed, report):
    """Do some random runs, the first one with *seed*, and return the section."""
    results = [run_once(seed + number, report) for number in range(RUNS)]
    return Section("Counts", text_of(results), all(result.is_good for result in results))


def text_of(results):
    """Return what was done, what happened and what was counted."""
    heads = ["seed", FEATURE, "records of the log", "starts and decisions withdrawn", "client or fenced"]
    happened = {event: None for result in results for event in result.events if event != f"{FEATURE} raised"}
    events = [[*heads, *happened]]
    for result in results:
        numbers = [result.records, result.withdrawn, result.decided_late, *(result.events[event] for event in happened)]
        events.append([result.seed, ", then ".join(map(str, result.versions)), *numbers])
    actions = list(ACTIONS)
    did = [["seed", *actions, "failed"]]
    did += [[result.seed, *(result.done[action] for action in (*actions, "failed"))] for result in results]
    reasons = [str(reason) for reason in AbortReason]
    heads = ["seed", "collector", "starts", "pages", STARTED, COMMITTED, ABORTED, *reasons, SESSIONS, "`exact`"]
    counted = [[*heads, "ids that differ from the decoder", "counters that fell, other reasons that differ"]]
    for result in results:
        for name, (starts, polls, found, unlike, problems) in result.collectors.items():
            by_reason = Counter()
            for (_, reason), times in found.reasons.items():
                by_reason[reason] += times
            numbers = [found.totals[kind] for kind in (STARTED, COMMITTED, ABORTED)]
            numbers += [by_reason[reason] for reason in reasons]
            sessions = sum(one[SESSIONS] for one in found.counts.values())
            row = [result.seed, name, starts, polls, *numbers, sessions, found.inexact or 1]
            counted.append([*row, len(unlike), len(problems)])
    seeds = [result.seed for result in results]
    return f"""\
Three brokers hold the transaction log three times, and need two copies to write. {IDS} applications, each with a
transactional id of its own, do what a random number says, with a new client of a random version
({", ".join(CLIENTS)}) whenever they need one: they commit, abort, let a transaction time out, are fenced by another
producer, die in a transaction, or abort one before they have sent anything. Meanwhile their JVMs are killed, brokers
are stopped, killed (two at once, too), frozen (longer than most transactions may take, so that the coordinator
withdraws what it has written), rolled, and replaced by an empty one with the same id. The transaction version rises.

{_table(events)}

What the applications did; *failed* counts the turns that ended with an error of the client, whatever the reason:

{_table(did)}

Three collectors count. Two are there before the transaction log is: one is left alone, the other is frozen again and
again, for up to 15 s. The third is killed and started again, and counts from its last start. At the end,
`DumpLogSegments` decodes the transaction log, as the leader of each partition has it. No record of it may be
missing. For each transactional id, what was started, committed and aborted, and the sessions, must be what the decoded
log says from the offset on at which counting began, and the totals of the cluster must be their sums. The reasons of
the aborts must be the same in the first two collectors, except for *client or fenced*: aborts that one of them calls
`fenced` and the other one `client`, because the record that shows the fencing could be read only after it had decided.

{_table(counted)}

Written by `python -m tests.truth counts --seed {seeds[0]}`, which runs the seeds {", ".join(map(str, seeds))}, on
{time.strftime("%Y-%m-%d")}.
"""


def _table(rows):
    lines = [[str(cell) for cell in row] for row in rows]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
