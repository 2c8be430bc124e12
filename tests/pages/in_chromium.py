"""The pages for people in Chromium, on a desktop and on a phone: what fits, what is read out, and where keys lead.

``make page`` runs this file on a live exporter of the lab, and on the sample, which has every kind of trouble at once.
It is not part of ``make test``: it needs npm and Chromium.
"""

from urllib.parse import urlsplit

import pytest

from tests.pages.live import live
from tests.pages.sample import sample
from tests.pages.visiting import DESKTOP, PHONE, Visit, visit_all

READERS = {
    "desktop-light-en": {"screen": DESKTOP},
    "desktop-dark-ko": {"screen": DESKTOP, "scheme": "dark", "language": "ko-KR"},
    "phone-light-ko": {"screen": PHONE, "language": "ko-KR"},
    "phone-dark-en": {"screen": PHONE, "scheme": "dark"},
}
PLACES = ("/", "/diagnose", "/runbooks/", "/runbooks/KafkaTransactionHanging", "/runbooks/KafkaProducerRecordErrors")


@pytest.fixture(scope="module", params=["sample", "live"])
def address(request, tmp_path_factory):
    with sample() if request.param == "sample" else live(tmp_path_factory.mktemp("live")) as address:
        yield address


@pytest.fixture(scope="module")
def visited(address):
    """What each reader gets at each place."""
    cases = [(place, reader) for place in PLACES for reader in READERS]
    results = visit_all([Visit(f"{address}{place}", **READERS[reader]) for place, reader in cases])
    return dict(zip(cases, results, strict=True))


def found(visited, what):
    """Return what is wrong in any visit, by the visit, without those where nothing is."""
    return {" ".join(case): wrong for case, visit in visited.items() if (wrong := what(visit))}


def test_every_page_is_served_in_the_language_of_its_reader(visited):
    assert {visit["status"] for visit in visited.values()} == {200}
    assert all(visit["language"] == reader[-2:] for (_, reader), visit in visited.items())


def test_axe_finds_no_barrier(visited):
    assert found(visited, lambda visit: visit["violations"]) == {}


def test_nothing_is_wider_than_the_screen(visited):
    assert found(visited, lambda visit: visit["overflow"] and visit["wide"]) == {}
    assert {visit["overflow"] for visit in visited.values()} == {0}


def test_a_dark_screen_stays_dark(visited):
    lightness = {
        case: sum(int(part) for part in visit["background"].strip("rgb()").split(","))
        for case, visit in visited.items()
    }

    assert {("dark" in reader) == (light < 3 * 64) for (_, reader), light in lightness.items()} == {True}


def test_the_tab_key_reaches_every_link_in_the_order_of_the_page_and_the_focus_is_seen(visited):
    def wrong(visit):
        stops = visit["stops"]
        unseen = [stop["html"] for stop in stops if not (stop["isOutlined"] and stop["isOnScreen"])]
        in_order = [stop["html"] for stop in stops] == visit["focusable"]
        return unseen or (not in_order and visit["focusable"])

    assert found(visited, wrong) == {}
    assert all(visit["stops"] for visit in visited.values())


def test_a_page_asks_for_nothing_but_itself_and_the_browser_complains_about_nothing(visited):
    def others(visit):
        return visit["requests"][1:] or visit["messages"]

    assert found(visited, others) == {}
    assert {urlsplit(visit["requests"][0]).hostname for visit in visited.values()} == {"127.0.0.1"}
