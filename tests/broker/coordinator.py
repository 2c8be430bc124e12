"""A transaction coordinator that writes what Kafka's would write, and knows what there is to count."""

from collections import Counter

from hypothesis import strategies as st

from kafka_producer_exporter.broker.log.outcomes import AbortReason, IdChangeReason, SessionReason
from kafka_producer_exporter.broker.log.records import Tombstone, TransactionState, Transition

CLIENT, TIMEOUT, FENCED, UNKNOWN = AbortReason
INIT, TAKEOVER, RECOVERY = SessionReason
ROLLOVER, RECREATED = IdChangeReason
STARTED, COMMITTED = "started", "committed"


class Coordinator:
    """Writes what Kafka's coordinator would write for one id, and keeps the counts to expect."""

    def __init__(self, transactional_id="orders", *, protocol=2, producer_id=100, epoch=0, now_ms=1_000_000):
        self.transactional_id = transactional_id
        self.protocol = protocol
        self.producer_id, self.epoch, self.start_ms = producer_id, epoch, -1
        self.now_ms = now_ms
        self.records = []
        self.expected = Counter()

    def write(self, state, *, previous=None, client_version=None, partitions=None):
        version = min(self.protocol, 1)
        own = 2 if self.protocol == 2 else 0
        self.records.append(
            Transition(
                self.transactional_id,
                version,
                self.producer_id,
                self.epoch,
                10_000,
                state,
                partitions,
                self.now_ms,
                self.start_ms,
                -1 if version == 0 else self.producer_id if previous is None else previous,
                client_transaction_version=own if client_version is None else client_version,
            )
        )

    def init(self, reason=INIT):
        if self.epoch >= 32766:
            self.producer_id, self.epoch = self.producer_id + 1, 0
            self.expected[ROLLOVER] += 1
        elif self.records:
            self.epoch += 1
        self.start_ms = -1
        self.write(TransactionState.EMPTY, client_version=0)
        self.expected[reason] += 1
        self.now_ms += 3000

    def begin(self):
        self.start_ms = self.now_ms
        self.write(TransactionState.ONGOING, partitions=(("payments", (0,)),))
        self.now_ms += 20
        self.write(TransactionState.ONGOING, partitions=(("payments", (0, 1)),))
        self.expected[STARTED] += 1

    def end(self, prepare, complete, *, bump):
        self.epoch += bump
        self.write(prepare, partitions=(("payments", (0, 1)),), client_version=2 if bump else None)
        previous = self.producer_id
        if self.protocol == 2 and self.epoch == 32767:
            self.producer_id, self.epoch = self.producer_id + 1, 0
            self.expected[ROLLOVER] += 1
        self.now_ms += 5
        self.write(complete, previous=previous, client_version=2 if bump else None, partitions=())
        self.now_ms += 3000

    def commit(self):
        self.begin()
        self.end(TransactionState.PREPARE_COMMIT, TransactionState.COMPLETE_COMMIT, bump=self.protocol == 2)
        self.expected[COMMITTED] += 1

    def abort(self):
        self.begin()
        self.end(TransactionState.PREPARE_ABORT, TransactionState.COMPLETE_ABORT, bump=self.protocol == 2)
        self.expected[CLIENT] += 1

    def abort_nothing(self):
        if self.protocol < 2:
            return
        self.start_ms = self.now_ms
        self.end(TransactionState.PREPARE_ABORT, TransactionState.COMPLETE_ABORT, bump=1)
        self.expected[STARTED] += 1
        self.expected[CLIENT] += 1

    def time_out(self):
        self.begin()
        self.now_ms += 11_000
        self.end(TransactionState.PREPARE_ABORT, TransactionState.COMPLETE_ABORT, bump=1)
        self.expected[TIMEOUT] += 1
        if self.protocol < 2:
            self.init()

    def fence(self):
        self.begin()
        self.end(TransactionState.PREPARE_ABORT, TransactionState.COMPLETE_ABORT, bump=1)
        self.now_ms -= 2900
        self.init(TAKEOVER)
        self.expected[FENCED] += 1

    def recover(self):
        if self.protocol == 2:
            return
        self.abort()
        self.now_ms -= 2990
        self.init(RECOVERY)

    def expire(self):
        self.records.append(Tombstone(self.transactional_id))
        self.producer_id, self.epoch, self.start_ms = self.producer_id + 1000, -1, -1
        self.expected[RECREATED] += 1
        self.init()


ACTIONS = ("init", "commit", "abort", "abort_nothing", "time_out", "fence", "recover", "expire")

histories = st.lists(st.sampled_from(ACTIONS), max_size=12)
epochs = st.sampled_from([0, 7, 32755, 32765])
protocols = st.sampled_from([0, 1, 2])


def coordinated(history, *, transactional_id="orders", protocol=2, epoch=0, producer_id=100):
    coordinator = Coordinator(transactional_id, protocol=protocol, epoch=epoch, producer_id=producer_id)
    coordinator.init()
    for action in history:
        getattr(coordinator, action)()
    return coordinator


def counted(tracker):
    """Return everything that was counted, summed over all names."""
    total = Counter()
    for series in tracker.series():
        counts = series.counts
        total[STARTED] += counts.started
        total[COMMITTED] += counts.committed
        for reasons in (counts.aborted, counts.sessions, counts.id_changes):
            total.update(reasons)
    return +total
