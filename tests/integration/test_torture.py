"""A short ``make torture``: hostile and honest peers around a ``serve`` with the limits of a small container."""

import pytest

from tests.torture.report import document
from tests.torture.run import DESCRIPTORS, TASKS, torture

pytestmark = pytest.mark.timeout(400)  # whichever test comes first waits for the whole run

SECONDS = 20
PEERS = r"^(?!endless|huge-|deep|many|thousands|other-names)"
"""All but those with the largest replies: with them, a scrape can take longer than its timeout on a machine that is
busy with other tests. ``make torture`` has all of them."""


@pytest.fixture(scope="module")
def result(lab):
    return torture(seconds=SECONDS, seed=1, only=PEERS, priority=True)


def test_honest_targets_are_up_in_every_scrape_between_hostile_peers(result):
    assert result.problems == []
    assert result.up == result.scrapes >= SECONDS - 2
    assert all(result.attempts.values()), "a hostile peer did nothing"
    assert "every demand was met" in document(result)


def test_threads_and_descriptors_stay_within_their_limits(result):
    assert max(minute.threads for minute in result.minutes.values()) < TASKS
    assert max(minute.descriptors for minute in result.minutes.values()) <= DESCRIPTORS


def test_every_limit_of_the_container_was_set(result):
    if result.missing:
        pytest.skip("; ".join(result.missing))
