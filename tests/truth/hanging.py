"""Which transactions are called hanging while brokers are stopped and killed, and while the log has no leader.

Three brokers hold the log three times. Producers keep transactions open, some of them with ids that a DENY rule hides
from one of the two collectors; the other one may not read the log. One transaction really hangs.
"""

import contextlib
import random
import tempfile
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from kafka import TopicPartition
from kafka.admin import ACL, ACLOperation, ACLPermissionType, ACLResourcePatternType, ResourcePattern, ResourceType
from kafka.errors import KafkaError

from kafka_producer_exporter.broker.cluster.hanging import LogAnswer
from kafka_producer_exporter.settings import Sasl, SaslMechanism
from lab.broker import Cluster, Security
from lab.certificates import make_certificates
from lab.hanging import leave_hanging
from lab.process import LabError, wait_until
from lab.producer import ProducerJvm, send_options
from tests.integration.broker.view import UP, collecting, found_by_kafka, hanging, value
from tests.truth.page import Section

LOG = "__transaction_state"
JUDGED = "kafka_producer_exporter_hanging_judged"
UNAVAILABLE = "kafka_producer_exporter_transaction_log_partitions_unavailable"
DENIED = "denied-"
"""How the transactional ids begin that the DENY rule hides."""
READS, DOES_NOT = "reads the log", "may not read it"
POLL_SECONDS = 1.0
OPEN_SECONDS = 3.0
"""How long a transaction stays open: longer than two polls."""
DOWN_SECONDS = 4.0
"""How long a broker stays down."""
PATIENCE_SECONDS = 300.0
"""How long a broker may take to come back on a busy machine, above all after it was killed."""
GHOST = 987_654
"""The producer id of the transaction that really hangs."""
STOPS, KILLS = 20, 5


class Transactions:
    """Producers that keep transactions open, half of them half a period later than the others."""

    def __init__(self, jvm, bootstrap, topic, names):
        self.committed = 0
        self._producers = [
            jvm.new(name, bootstrap, transactional_id=name, transaction_timeout_ms=60_000) for name in names
        ]
        self._topic = topic
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(self._producers[half::2], half * OPEN_SECONDS / 2))
            for half in (0, 1)
        ]

    def __enter__(self):
        for answer in [producer.post("init") for producer in self._producers]:
            answer.result(60)
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _run(self, producers, delay_seconds):
        self._ended.wait(delay_seconds)
        while not self._ended.is_set():
            for number, producer in enumerate(producers):
                producer.post("begin")
                producer.post("send", send_options(self._topic, 1, 100, wait=False, partition=number % 3))
            self._ended.wait(OPEN_SECONDS)
            for producer, answer in [(producer, producer.post("commit")) for producer in producers]:
                self._settle(producer, answer)

    def _settle(self, producer, answer):
        """Wait for the commit. A producer that could not commit opens a new session."""
        try:
            answer.result(60)
            self.committed += 1
        except LabError:
            producer.post("abort")
            producer.post("init")


class Watch:
    """A collector, what it called hanging, and the looks on which it judged."""

    def __init__(self, collector, topic):
        self.collector = collector
        self._topic = topic
        self.looks = 0
        self.suspects = 0
        """What the rule of a single look would have called hanging."""
        self.not_judged = 0
        self.counted = []
        """How many commits were counted, in each sample during which a partition of the log could not be read."""
        self.wrong = set()
        """Healthy transactions that were called hanging, as (partition, producer id)."""
        (self._source,) = [worker.source for worker in collector._workers if worker.source.name == "partitions"]
        self._scan, self._source._scan = self._source._scan, self._recording

    def _recording(self, client, ask_log):
        scan = self._scan(client, ask_log)
        healthy = [one for one in scan.look.suspects if one.producer_id != GHOST]
        self.looks += 1
        self.suspects += len(healthy)
        self.not_judged += bool(healthy and scan.look.settled.leaders is None)
        return scan

    def take_log_away(self):
        """Let the copy of the log answer as where the user may not read it."""
        self._source._ask_log = lambda _: LogAnswer({}, None, "the user may not read it")

    def sample(self):
        """Note what is called hanging now; return whether the transaction that hangs is called so."""
        if value(self.collector, UNAVAILABLE) and value(self.collector, UP, source="transaction_log"):
            self.counted.append(value(self.collector, "kafka_cluster_transaction_committed_total"))
        found = hanging(self.collector, self._topic)
        self.wrong |= {one for one in found if one[1] != GHOST}
        return any(producer_id == GHOST for _, producer_id in found)


@dataclass
class Row:
    """What happened in all events of one kind."""

    event: str
    watches: dict = field(default_factory=dict)
    """Which collector → looks, suspects of single looks, looks that proved nothing, healthy ones called hanging."""
    times: int = 0
    committed: int = 0
    ghost_missed: int = 0
    """After how many events the transaction that hangs was not found."""
    found_by_kafka: set = field(default_factory=set)
    """What find-hanging found after the last event, as (partition, producer id)."""

    @property
    def is_good(self):
        """Whether no healthy transaction was called hanging, and the one that hangs always was, as Kafka says."""
        is_wrong = any(wrong for *_, wrong in self.watches.values())
        return not self.ghost_missed and not is_wrong and self.found_by_kafka == {(3, GHOST)}


class Stage(contextlib.ExitStack):
    """The brokers, the producers and the two collectors."""

    def __init__(self, cluster=None, *, producers=30):
        """Use *cluster*, whose collectors have every right, or a cluster of its own with access control.

        Of the two collectors of *cluster*, one gets no answer from its copy of the log.
        """
        super().__init__()
        self.cluster = cluster
        self._size = producers

    def __enter__(self):
        super().__enter__()
        folder = Path(self.enter_context(tempfile.TemporaryDirectory(prefix="truth-")))
        self.topic = f"payments-{uuid.uuid4().hex[:6]}"
        if self.cluster is None:
            users = {"reader": "secret", "other": "secret"}
            security = Security(certificates=make_certificates(folder / "tls"), users=users)
            self.cluster = self.enter_context(Cluster(3, security=security))
            self._grant()
            collectors = self._secured_collectors(folder)
            has_every_right = False
        else:
            collectors = [collecting(self.cluster.bootstrap, poll_seconds=POLL_SECONDS) for _ in range(2)]
            has_every_right = True
        self.cluster.create_topic(self.topic, partitions=4, replication=3)
        jvm = self.enter_context(ProducerJvm(jmx=False, heap_megabytes=128))
        # Java's hash of a text grows by one with its last letter, so every partition of the log has ids of both kinds.
        kinds = [f"{kind}{self.topic}-" for kind in (DENIED, "seen-")]
        names = [f"{kind}{chr(ord('a') + number)}" for number in range(self._size // 2) for kind in kinds]
        self.transactions = self.enter_context(Transactions(jvm, self.cluster.bootstrap, self.topic, names))
        self.watches = {
            kind: Watch(self.enter_context(collector), self.topic)
            for kind, collector in zip((READS, DOES_NOT), collectors, strict=True)
        }
        if has_every_right:
            self.watches[DOES_NOT].take_log_away()
        leader = self.cluster.nodes[self.partitions(self.topic)[3]["leader_id"]]
        leave_hanging(leader, self.topic, partition=3, producer_id=GHOST, age_seconds=7200)
        self.find_ghost()
        return self

    def _secured_collectors(self, folder):
        password = folder / "password"
        password.write_text("secret")
        servers = ",".join(node.address("SASL_PLAINTEXT") for node in self.cluster.nodes.values())
        return [
            collecting(
                servers,
                sasl=Sasl(mechanism=SaslMechanism.PLAIN, username=user, password_file=password),
                poll_seconds=POLL_SECONDS,
            )
            for user in ("reader", "other")
        ]

    def _grant(self):
        def rule(user, kind, name, operation, *, deny=False):
            pattern = ACLResourcePatternType.PREFIXED if deny else ACLResourcePatternType.LITERAL
            return ACL(
                principal=f"User:{user}",
                host="*",
                operation=operation,
                permission_type=ACLPermissionType.DENY if deny else ACLPermissionType.ALLOW,
                resource_pattern=ResourcePattern(kind, name, pattern),
            )

        rules = [
            rule("reader", ResourceType.TOPIC, LOG, ACLOperation.READ),
            rule("reader", ResourceType.TRANSACTIONAL_ID, DENIED, ACLOperation.DESCRIBE, deny=True),
        ]
        for user in ("reader", "other"):
            rules.append(rule(user, ResourceType.TRANSACTIONAL_ID, "*", ACLOperation.DESCRIBE))
            rules.append(rule(user, ResourceType.TOPIC, self.topic, ACLOperation.READ))
            rules.append(rule(user, ResourceType.CLUSTER, "kafka-cluster", ACLOperation.DESCRIBE_CONFIGS))
        with self.cluster.admin() as admin:
            admin.create_acls(rules)

    def partitions(self, topic):
        """The partitions of a topic as the admin client describes them, in order."""
        with self.cluster.admin() as admin:
            (described,) = admin.describe_topics([topic])
        return sorted(described["partitions"], key=lambda one: one["partition_index"])

    def find_ghost(self):
        """Wait until both collectors call the transaction hanging that does hang."""
        for kind, watch in self.watches.items():
            wait_until(f"the collector that {kind} finds what hangs", watch.sample, timeout_seconds=120)

    def watch(self, seconds):
        """Sample both collectors for some seconds."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for watch in self.watches.values():
                watch.sample()
            time.sleep(0.1)

    def while_watching(self, action):
        """Call *action*, and sample both collectors meanwhile."""
        with ThreadPoolExecutor(1) as pool:
            done = pool.submit(action)
            while not done.done():
                self.watch(0.1)
        done.result()

    def wait_in_sync(self):
        """Wait until every replica is in sync again, so that the next broker may go."""

        def is_in_sync():
            with contextlib.suppress(KafkaError):
                topics = [*self.partitions(LOG), *self.partitions(self.topic)]
                return all(len(one["isr_nodes"]) == len(one["replica_nodes"]) for one in topics)
            return False

        self.while_watching(
            lambda: wait_until("all replicas are in sync", is_in_sync, timeout_seconds=PATIENCE_SECONDS)
        )

    def take_down(self, node_id, *, kill=False, seconds=DOWN_SECONDS):
        """Stop or kill a broker, and start it again; watch all the time."""
        node = self.cluster.nodes[node_id]
        self.while_watching(node.kill if kill else node.stop)
        self.watch(seconds)
        self.while_watching(node.launch)
        self.while_watching(lambda: node.wait_ready(PATIENCE_SECONDS))

    def move(self, partition, replicas):
        """Give a partition of the log other replicas. Return those that it had."""
        before = self.partitions(LOG)[partition]["replica_nodes"]

        def has_moved():
            return sorted(self.partitions(LOG)[partition]["replica_nodes"]) == sorted(replicas)

        with self.cluster.admin() as admin:
            admin.alter_partition_reassignments({TopicPartition(LOG, partition): replicas})
        self.while_watching(lambda: wait_until("the partition has moved", has_moved, timeout_seconds=PATIENCE_SECONDS))
        return before

    def stop_only_replica(self, seconds=DOWN_SECONDS):
        """Stop the only broker that has a certain partition of the log, and start it again; watch all the time."""
        before = self.move(0, [2])
        try:
            self.take_down(2, seconds=seconds)
        finally:
            self.move(0, before)

    def record(self, row, event):
        """Let *event* happen, and add what the collectors found to *row*."""
        before = {kind: (one.looks, one.suspects, one.not_judged) for kind, one in self.watches.items()}
        committed = self.transactions.committed
        event()
        try:
            self.find_ghost()
        except LabError:
            row.ghost_missed += 1
        row.times += 1
        row.committed += self.transactions.committed - committed
        for kind, one in self.watches.items():
            now = (one.looks, one.suspects, one.not_judged)
            gained = [new - old for new, old in zip(now, before[kind], strict=True)]
            *sums, wrong = row.watches.get(kind, (0, 0, 0, set()))
            row.watches[kind] = (*(a + b for a, b in zip(sums, gained, strict=True)), wrong | one.wrong)
            one.wrong = set()


def run(seed, report):
    """Run all events, and return the section."""
    choose = random.Random(seed)
    with Stage() as stage:

        def down(*, kill):
            stage.take_down(choose.choice([1, 2, 3]), kill=kill)
            stage.wait_in_sync()

        def leaderless():
            stage.stop_only_replica(seconds=15)
            stage.wait_in_sync()

        events = [
            (Row("a partition of the log has no leader"), 1, leaderless),
            (Row("a broker is killed"), KILLS, lambda: down(kill=True)),
            (Row("orderly stop of a broker"), STOPS, lambda: down(kill=False)),
        ]
        for row, times, event in events:
            for number in range(times):
                stage.record(row, event)
                report(f"{row.event}, {number + 1} of {times}: {row.watches}, not found {row.ghost_missed} times")
            row.found_by_kafka = found_by_kafka(stage.cluster, stage.topic)
    rows = [row for row, _, _ in events]
    return Section("Hanging transactions", text_of(rows, seed), all(row.is_good for row in rows))


def text_of(rows, seed):
    """Return what was done and the table."""
    heads = ["event", "times", "commits", "collector", "looks", "suspects of one look", "looks that prove nothing"]
    heads += ["healthy, but called hanging", "hangs, and not found afterwards", "find-hanging"]
    table = [heads, ["---"] * len(heads)]
    for row in rows:
        for kind, (looks, suspects, not_judged, wrong) in row.watches.items():
            numbers = [looks, suspects, not_judged, len(wrong), row.ghost_missed]
            agrees = "agrees" if row.found_by_kafka == {(3, GHOST)} else f"{len(row.found_by_kafka)} others"
            table.append([row.event, str(row.times), str(row.committed), kind, *map(str, numbers), agrees])
    lines = "\n".join(f"| {' | '.join(cells)} |" for cells in table)
    return f"""\
Three brokers hold the transaction log three times. Thirty producers keep transactions open for {OPEN_SECONDS:g} s each,
and one more transaction really hangs. Two collectors poll every second. One reads the log, but a DENY rule hides
half of the transactional ids from it, so the coordinators never name these to it. The other one may not read the log.
*Suspects of one look* are healthy transactions that were open on a partition and unknown to every coordinator: a rule
of one look would call them hanging. After each event, both collectors must name the one transaction that hangs; after
the last one of a kind, so must `kafka-transactions.sh find-hanging`.

{lines}

Written by `python -m tests.truth hanging --seed {seed}` on {time.strftime("%Y-%m-%d")}.
"""
