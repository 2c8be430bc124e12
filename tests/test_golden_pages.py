import pytest

from tests.golden_pages import GOLDEN, golden_pages

PAGES = golden_pages()


def test_the_golden_pages_are_those_of_the_recordings():
    assert {file.name for file in GOLDEN.iterdir()} == PAGES.keys(), "run `make golden` and review the difference"


@pytest.mark.parametrize("name", PAGES)
def test_a_recorded_client_has_its_golden_page(name):
    assert PAGES[name].decode() == (GOLDEN / name).read_text(), "run `make golden` and review the difference"
