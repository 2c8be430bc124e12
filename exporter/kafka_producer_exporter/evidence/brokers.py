"""What the brokers say, asked once: bootstrap servers, topics, and the transaction log."""

import re
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from kafka_producer_exporter.broker.client.admin import topic_configs, topic_layouts
from kafka_producer_exporter.broker.client.connection import Client
from kafka_producer_exporter.broker.listing import TransactionOverview, transaction_overview
from kafka_producer_exporter.broker.log.recent import EventSummary
from kafka_producer_exporter.broker.sources.bootstrap_servers import BootstrapServers
from kafka_producer_exporter.broker.sources.samples import LabelTexts
from kafka_producer_exporter.broker.sources.source import Moment, Session
from kafka_producer_exporter.broker.sources.state import Status
from kafka_producer_exporter.broker.sources.topics import Topics
from kafka_producer_exporter.diagnosis.evidence import Brokers, Down, Ended, Event, Page, Series, page_of
from kafka_producer_exporter.net.errors import TransportError
from kafka_producer_exporter.settings import Broker

TOPIC_LIMITS = ("max.message.bytes",)
LOOKBACK_RECORDS = 20_000
"""Of each partition of the transaction log. Minutes matter here, and the container may be small."""

Report = Callable[[str], None]


def ask_brokers(broker: Broker, topics: Collection[str], *, report: Report = lambda _: None) -> Brokers:
    """Return what the brokers say about themselves, these topics and all transactional ids. Never raise TransportError.

    *report* gets a line for a person at each step that takes long.
    """
    patterns = tuple(re.compile(re.escape(topic)) for topic in sorted(topics))
    asked = replace(
        broker,
        topics=patterns,
        dlq_topics=(),
        lookback_records=min(broker.lookback_records, LOOKBACK_RECORDS),
    )
    unseen: list[str] = []
    down: Down | None = None
    page: dict[str, list[Series]] = {}
    session = Session(lambda: Client(asked))
    texts = LabelTexts({})
    moment_ms = time.time_ns() // 1_000_000
    all_topics: frozenset[str] | None = None
    settings: dict[str, dict[str, str]] = {}
    try:
        servers = BootstrapServers(asked, texts)
        servers.poll(session)
        page |= _lists(page_of(servers.families(Moment(moment_ms, {servers.name: UP}))))
        described = Topics(asked, texts)
        described.poll(session)
        page |= _lists(page_of(described.families(Moment(moment_ms, {described.name: UP}))))
        all_topics = frozenset(layout.topic for layout in topic_layouts(session.client()))
        known = sorted(all_topics.intersection(topics))
        settings = topic_configs(session.client(), known, TOPIC_LIMITS) if known else {}
    except TransportError as error:
        unseen.append(f"topics: {error}")
        down = Down(error.reason.value, str(error))
    finally:
        session.close()
    events: Sequence[Event] = ()
    ended: Sequence[Ended] = ()
    knows_events = False
    if not unseen:
        try:
            overview = transaction_overview(asked, report=report)
        except TransportError as error:
            unseen.append(f"transactions: {error}")
        else:
            unseen += overview.unseen
            page |= _transactions(overview)
            knows_events = overview.recent is not None
            ended = [
                Ended(name, one.committed, one.aborted, one.longest_ms / 1000, one.timeout_ms / 1000)
                for name, one in overview.endings.items()
            ]
            events = [event_of(one, time.time()) for one in overview.recent or ()]
    return Brokers(
        page=page,
        events=events,
        ended=ended,
        knows_events=knows_events,
        all_topics=all_topics,
        settings=settings,
        unseen=unseen,
        down=down,
    )


def event_of(summary: EventSummary, now_seconds: float) -> Event:
    """Return what the log says of a transactional id as evidence. *now_seconds* is the time since 1970."""
    return Event(
        summary.transactional_id,
        summary.kind.value,
        summary.reason.value,
        summary.times,
        max(0.0, now_seconds - summary.last_ms / 1000),
        (summary.last_ms - summary.first_ms) / 1000,
    )


UP = Status(None, fresh=True)


def _lists(page: Page) -> dict[str, list[Series]]:
    return {name: list(series) for name, series in page.items()}


def _transactions(overview: TransactionOverview) -> dict[str, list[Series]]:
    page: dict[str, list[Series]] = {}
    for one in overview.opened or ():
        labels = {"transactional_id": one.transactional_id}
        page.setdefault("kafka_transaction_open_seconds", []).append((labels, one.age_seconds))
        page.setdefault("kafka_transaction_timeout_seconds", []).append((labels, one.timeout_seconds))
    for hanging in overview.hanging or ():
        place = {
            "topic": hanging.topic,
            "partition": str(hanging.partition),
            "producer_id": str(hanging.producer_id),
        }
        page.setdefault("kafka_transaction_hanging", []).append((place, 1.0))
    return page
