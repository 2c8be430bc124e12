"""What is known of a cluster, as families of the page. Pure, but for the label texts that are kept between scrapes."""

from collections.abc import Iterator, Mapping

from kafka_producer_exporter.broker.cluster.hanging import Look
from kafka_producer_exporter.broker.cluster.idempotent import IdempotentTracker
from kafka_producer_exporter.broker.cluster.snapshots import ServerProbe
from kafka_producer_exporter.broker.cluster.topics import TopicFacts
from kafka_producer_exporter.broker.log.follower import LogFollower
from kafka_producer_exporter.broker.log.outcomes import OpenTransaction
from kafka_producer_exporter.broker.log.tracker import TransactionTracker
from kafka_producer_exporter.catalogue import broker
from kafka_producer_exporter.model import Family, Labels, Metric

Samples = list[tuple[Labels, float]]
MAX_KEPT_LABELS = 100_000


class LabelTexts:
    """Labels with the static ones of the configuration among them, made once for each series."""

    def __init__(self, static: Mapping[str, str]) -> None:
        self._static = dict(static)
        self._kept: dict[tuple[str, ...], Labels] = {}

    def of(self, *pairs: str) -> Labels:
        """Return the labels of names and values in turn: ``of("transactional_id", "orders", "reason", "client")``."""
        labels = self._kept.get(pairs)
        if labels is None:
            if len(self._kept) >= MAX_KEPT_LABELS:  # ids and producer ids come and go
                self._kept.clear()
            # A static label never replaces one that the series has.
            named = dict(zip(pairs[::2], pairs[1::2], strict=True))
            labels = self._kept[pairs] = Labels(self._static | named)
        return labels


def transaction_families(tracker: TransactionTracker, texts: LabelTexts, *, now_ms: int | None) -> list[Family]:
    """Return the counts and, at a time, what is open and who has which id; None: only the counts are still known."""
    found: dict[Metric, Samples] = {metric: [] for metric in broker.METRICS}
    for name, counts, identity in tracker.series():
        labels = texts.of("transactional_id", name)
        found[broker.STARTED].append((labels, counts.started))
        found[broker.COMMITTED].append((labels, counts.committed))
        for metric, reasons in (
            (broker.ABORTED, counts.aborted),
            (broker.SESSIONS, counts.sessions),
            (broker.ID_CHANGES, counts.id_changes),
        ):
            found[metric] += [
                (texts.of("transactional_id", name, "reason", reason), n) for reason, n in reasons.items()
            ]
        if identity and now_ms is not None:
            found[broker.EPOCH].append((labels, identity.epoch))
            producer_id = str(identity.producer_id)
            found[broker.INFO].append((texts.of("transactional_id", name, "producer_id", producer_id), 1))
    if now_ms is not None:
        for metric, labels, value in _open_samples(tracker.open_transactions(now_ms), texts):
            found[metric].append((labels, value))
    return [Family(metric, samples) for metric, samples in found.items() if samples]


def follower_families(follower: LogFollower, texts: LabelTexts) -> list[Family]:
    """Return how the following itself goes."""
    tracker, labels = follower.tracker, texts.of()
    values: list[tuple[Metric, float]] = [
        (broker.BEHIND, follower.behind_records),
        (broker.READ, follower.records),
        (broker.ENDS_UNSEEN, tracker.ends_unseen),
        (broker.IDS, tracker.known_ids),
        (broker.IDS_FOLDED, tracker.folded),
    ]
    passed_over: Samples = [(texts.of("kind", kind), count) for kind, count in follower.passed_over.items()]
    return [Family(broker.PASSED_OVER, passed_over), *(Family(metric, [(labels, value)]) for metric, value in values)]


def look_families(look: Look, texts: LabelTexts, *, now_ms: int) -> list[Family]:
    """Return what hangs, as of a look, and how much of the cluster could be looked at."""
    labels = [
        texts.of("topic", h.topic, "partition", str(h.partition), "producer_id", str(h.producer_id))
        for h in look.hanging
    ]
    ages = [max(0, now_ms - h.last_timestamp_ms) / 1000 for h in look.hanging]
    families = [
        Family(broker.HANGING, [(label, 1) for label in labels]),
        Family(broker.HANGING_SECONDS, list(zip(labels, ages, strict=True))),
        Family(broker.HANGING_RECORDS, [(at, h.records_held_back) for at, h in zip(labels, look.hanging, strict=True)]),
        Family(broker.PARTITIONS_ASKED, [(texts.of(), len(look.asked))]),
        Family(broker.PARTITIONS_REFUSED, [(texts.of(), len(look.refused))]),
    ]
    return [family for family in families if family.samples]


def idempotent_families(tracker: IdempotentTracker, texts: LabelTexts, *, now_ms: int | None) -> list[Family]:
    """Return what is known of producers without transactions; None: only the counts are still known."""
    found: dict[Metric, Samples] = {}
    for topic, counts in tracker.counts.items():
        labels = texts.of("topic", topic)
        for metric, count in (
            (broker.IDEMPOTENT_APPEARED, counts.appeared),
            (broker.IDEMPOTENT_GONE, counts.gone),
            (broker.IDEMPOTENT_RESETS, counts.resets),
        ):
            found.setdefault(metric, []).append((labels, count))
    for activity in tracker.activity(now_ms) if now_ms is not None else ():
        labels = texts.of("topic", activity.topic, "partition", str(activity.partition))
        found.setdefault(broker.IDEMPOTENT_ACTIVE, []).append((labels, activity.active))
        found.setdefault(broker.IDEMPOTENT_IDLE_SECONDS, []).append((labels, activity.idle_seconds))
    return [Family(metric, samples) for metric, samples in found.items()]


def topic_families(facts: TopicFacts, texts: LabelTexts, *, fresh: bool) -> list[Family]:
    """Return how safely topics are kept, and how much was ever written to dead letter topics."""
    found: dict[Metric, Samples] = {}

    def add(metric: Metric, value: float, *pairs: str) -> None:
        found.setdefault(metric, []).append((texts.of(*pairs), value))

    for topic, records in facts.dead_letters().items():
        add(broker.DEAD_LETTERS, records, "topic", topic)
    if not fresh:
        return [Family(metric, samples) for metric, samples in found.items()]
    for durability in facts.durability():
        add(broker.TOPIC_REPLICATION, durability.replication, "topic", durability.topic)
        add(broker.TOPIC_OFFLINE, durability.offline, "topic", durability.topic)
        if durability.min_in_sync is not None:
            add(broker.TOPIC_MIN_ISR, durability.min_in_sync, "topic", durability.topic)
            add(broker.TOPIC_UNDER_MIN_ISR, durability.under_min_in_sync, "topic", durability.topic)
        if durability.unclean is not None:
            add(broker.TOPIC_UNCLEAN, durability.unclean, "topic", durability.topic)
    for (topic, partition), end in facts.shown_ends().items():
        add(broker.TOPIC_END_OFFSET, end, "topic", topic, "partition", str(partition))
    if facts.max_timeout_ms is not None:
        add(broker.MAX_TIMEOUT_SECONDS, facts.max_timeout_ms / 1000)
    return [Family(metric, samples) for metric, samples in found.items()]


def bootstrap_families(probes: Mapping[str, ServerProbe], texts: LabelTexts) -> list[Family]:
    """Return whether each bootstrap server can be used."""
    found: dict[Metric, Samples] = {}
    for server, probe in probes.items():
        labels = texts.of("server", server)
        found.setdefault(broker.SERVER_UP, []).append((labels, float(probe.error is None)))
        found.setdefault(broker.SERVER_ADDRESSES, []).append((labels, probe.addresses))
        if probe.certificate_expiry is not None:
            found.setdefault(broker.SERVER_EXPIRY, []).append((labels, probe.certificate_expiry))
        if probe.error:
            labels = texts.of("server", server, "reason", probe.error.reason)
            found.setdefault(broker.SERVER_ERROR, []).append((labels, 1.0))
    return [Family(metric, samples) for metric, samples in found.items()]


def _open_samples(transactions: list[OpenTransaction], texts: LabelTexts) -> Iterator[tuple[Metric, Labels, float]]:
    """Return one sample a name: of the oldest of its transactions, and how many there are."""
    by_name: dict[str, list[OpenTransaction]] = {}
    for transaction in transactions:
        by_name.setdefault(transaction.name, []).append(transaction)
    for name, (oldest, *others) in by_name.items():
        labels = texts.of("transactional_id", name)
        yield broker.OPEN, labels, 1 + len(others)
        yield broker.OPEN_SECONDS, labels, oldest.age_seconds
        yield broker.TIMEOUT_SECONDS, labels, oldest.timeout_seconds
        if oldest.protocol is not None:
            yield broker.PROTOCOL, labels, oldest.protocol
