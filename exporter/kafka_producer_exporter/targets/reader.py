"""Reads one target. Never raises, and logs when the target's state changes."""

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from kafka_producer_exporter.catalogue import exporter
from kafka_producer_exporter.catalogue.hidden import HiddenReason, explain_hidden
from kafka_producer_exporter.catalogue.left_out import explain_left_out
from kafka_producer_exporter.catalogue.selections import BROKER_NAMES, selections, wrong_kind
from kafka_producer_exporter.jmx.objectname import ObjectName
from kafka_producer_exporter.jmx.readings import LeftOut, Transport
from kafka_producer_exporter.memory import MemoryBudget
from kafka_producer_exporter.model import Family, Labels, Metric, Profile, Scrape
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.settings import Settings, Target, TargetKind
from kafka_producer_exporter.targets.families import FamilyBuilder
from kafka_producer_exporter.targets.labelling import static_labels
from kafka_producer_exporter.targets.shedding import Shedder

log = logging.getLogger(__name__)

OwnSample = tuple[Metric, Mapping[str, str], float]
"""A sample about a read: its metric, its labels besides the static ones, and its value."""
Choose = Callable[[ObjectName, Sequence[str]], Sequence[str]]


class TargetReader:
    """Reads one JVM. Not thread-safe: one read at a time (see ``net.shared_call``)."""

    def __init__(self, target: Target, settings: Settings, *, transport: Transport, budget: MemoryBudget) -> None:
        self.target = target
        self.last: Scrape | None = None
        self._transport = transport
        self._budget = budget
        self._static = static_labels(target)
        self._shedder = Shedder(budget, label_length=len(Labels(self._static).text))
        self._shedding = False
        self._profile = settings.profile
        self._selections = [
            one._replace(choose=self._within_memory(one.choose))
            for one in selections(settings.profile, target.kind)
            if one.choose is not None
        ]
        self._families = FamilyBuilder(
            self._static, profile=settings.profile, limits=settings.limits, groups=settings.id_groups
        )
        self._state: Reason | str = "not read yet"
        self._answered = False
        self._hidden: frozenset[HiddenReason] = frozenset()
        self._left_out: frozenset[LeftOut] = frozenset()
        self._has_mbeans = False
        self._reads_of_wrong_kind = 0

    def read(self, deadline: float) -> Scrape:
        """Read the JVM once, by *deadline* (``time.monotonic()``, in seconds). Never raises."""
        started = time.monotonic()
        try:
            if self._shedder.budget_shrank() or self._shedder.review_due():
                self._transport.forget()
            asked = self._selections if self._has_mbeans else [*self._selections, BROKER_NAMES]
            readings = self._transport.read(asked, deadline=deadline)
            names = {reading.name.text for reading in readings}
            self._shedder.retain(names, listed=len(self._transport.listed))
            found = self._families.build(readings, self._transport.listed if self._transport.lists_all else ())
            self._log_hidden(found.hidden)
            left_out = self._transport.left_out
            self._log_left_out(left_out)
            families = [*found.families, *self._shed_families(), *self._left_out_families(left_out)]
            details = (self._wrong_kind() or explain_hidden(found.suspects), explain_left_out(left_out))
            detail = "; ".join(filter(None, details))
            scrape = answered_scrape(self.target, families, found.clients, started=started, detail=detail)
        except TransportError as error:
            scrape = failed_scrape(self.target, error.reason, str(error), started=started)
        except Exception:  # a bug of ours in one target must not blank the others
            log.exception("unexpected error, please report it", extra={"target": self.target.name})
            detail = "unexpected error, please report it with the traceback in the log"
            scrape = failed_scrape(self.target, Reason.INTERNAL, detail, started=started)
        self._budget.check()
        self._log_change(scrape)
        self.last = scrape
        return scrape

    def interrupt(self) -> None:
        """Let a read in progress fail soon. May be called from any thread."""
        self._transport.interrupt()

    def close(self) -> None:
        """End the session with the JVM."""
        self._transport.close()
        self._shedder.release()

    def _within_memory(self, choose: Choose) -> Choose:
        def choose_what_fits(name: ObjectName, listed: Sequence[str]) -> Sequence[str]:
            wanted = choose(name, listed)
            return wanted if wanted and self._shedder.admits(name, len(wanted)) else ()

        return choose_what_fits

    def _shed_families(self) -> list[Family]:
        counts = self._shedder.counts()
        if bool(counts) != self._shedding:
            self._shedding = bool(counts)
            self._log_shedding(counts)
        samples = [(Labels(self._static | {"kind": kind}), float(n)) for kind, n in counts.items()]
        return [Family(exporter.SERIES_SHED, samples)] if samples else []

    def _log_shedding(self, counts: Mapping[str, int]) -> None:
        extra = {"target": self.target.name}
        if counts:
            what = " and ".join(f"{number} {kind}s" for kind, number in sorted(counts.items()))
            advice = "give the container more memory"
            if self._profile is not Profile.MINIMAL:
                advice += ", or set profile: minimal"
            log.warning("%s left out to stay within the memory limit; %s", what, advice, extra=extra)
        else:
            log.info("nothing is left out any more; there is memory for all topics and nodes", extra=extra)

    def _wrong_kind(self) -> str:
        """Return what to change if the JVM is not of the target's kind. Log it if it was not in the last read either.

        A JVM that is starting has no MBeans yet, so one read proves nothing.
        """
        listed = self._transport.listed
        wrong = wrong_kind(self.target.kind, listed)
        self._has_mbeans = bool(listed) and not wrong
        self._reads_of_wrong_kind = self._reads_of_wrong_kind + 1 if wrong else 0
        if self._reads_of_wrong_kind == 2:
            log.warning(wrong, extra={"target": self.target.name})
        return wrong

    def _log_hidden(self, hidden: Mapping[str, HiddenReason]) -> None:
        reasons = frozenset(hidden.values())
        if reasons - self._hidden:
            log.warning(explain_hidden(hidden), extra={"target": self.target.name})
        self._hidden = reasons

    def _left_out_families(self, counts: Mapping[LeftOut, int]) -> list[Family]:
        samples = [(Labels(self._static | {"reason": reason.value}), float(n)) for reason, n in sorted(counts.items())]
        return [Family(exporter.MBEANS_LEFT_OUT, samples)] if samples else []

    def _log_left_out(self, counts: Mapping[LeftOut, int]) -> None:
        # The transport logs each MBean that is unreadable, with the cause.
        named = dict(counts)
        named.pop(LeftOut.UNREADABLE, None)
        extra = {"target": self.target.name}
        if named.keys() - self._left_out:
            log.warning(explain_left_out(named), extra=extra)
        elif self._left_out and not named:
            log.info("no MBean is left out any more for its name or for the number of MBeans", extra=extra)
        self._left_out = frozenset(named)

    def _log_change(self, scrape: Scrape) -> None:
        state = scrape.reason or "up"
        if state == self._state:
            return  # a target may be down for days, so not every scrape is logged
        self._state = state
        if scrape.reason is None:
            again = " again" if self._answered else ""
            log.info("the target is up%s", again, extra={"target": self.target.name})
            self._answered = True
        else:
            log.warning(scrape.detail, extra={"target": self.target.name, "reason": scrape.reason.value})


def answered_scrape(
    target: Target, families: Sequence[Family], clients: int, *, started: float, detail: str = ""
) -> Scrape:
    """Return the scrape of a target that answered; *started* is an instant of ``time.monotonic()``."""
    duration = time.monotonic() - started
    counted = _counted(target, clients)
    own: list[OwnSample] = [
        (exporter.UP, {}, 1.0),
        (exporter.TARGET_INFO, {"kind": target.kind.value}, 1.0),
        *([] if counted is None else [(exporter.CLIENTS, {}, float(counted))]),
        (exporter.SCRAPE_DURATION, {}, duration),
    ]
    return Scrape(target.name, [*families, *_own_families(target, own)], None, detail, counted, started, duration)


def failed_scrape(target: Target, reason: Reason, detail: str, *, started: float) -> Scrape:
    """Return the scrape of a target that did not answer in time; *started* is an instant of ``time.monotonic()``."""
    duration = time.monotonic() - started
    own: list[OwnSample] = [
        (exporter.UP, {}, 0.0),
        (exporter.TARGET_INFO, {"kind": target.kind.value}, 1.0),
        (exporter.TARGET_ERROR, {"reason": reason.value}, 1.0),
        (exporter.SCRAPE_DURATION, {}, duration),
    ]
    return Scrape(target.name, _own_families(target, own), reason, detail, _counted(target, 0), started, duration)


def _counted(target: Target, clients: int) -> int | None:
    """Return the number of clients, or None for a broker, whose clients are not counted."""
    return clients if target.kind is TargetKind.PRODUCER else None


def _own_families(target: Target, samples: Iterable[OwnSample]) -> list[Family]:
    static = static_labels(target)
    return [Family(metric, [(Labels({**static, **labels}), value)]) for metric, labels, value in samples]
