"""The record of what the API server has said is complete, and the page shows it."""

import pytest

from tests.integration.kubernetes.page import (
    PAGE,
    Row,
    Section,
    load,
    modules,
    names_of_tests,
    save,
    text_of,
)

ROW = Row(test="test_a_pod_waits", case="a | b", found="<[a](*)>")
SECTION = Section(versions={"Kubernetes": "1.36.3"}, rows=[ROW, Row(test=ROW.test, case="c", found="")])


@pytest.mark.parametrize("module", modules())
def test_every_test_with_the_api_server_has_a_recorded_row(module):
    recorded = load()[module].rows

    names = names_of_tests(modules()[module])
    assert list(dict.fromkeys(row.test for row in recorded)) == names, "run make kubernetes, and commit recorded/"


def test_no_record_is_of_a_module_that_is_gone():
    assert load().keys() == modules().keys()


def test_the_page_has_a_sentence_for_each_test_and_a_line_for_each_case(tmp_path):
    save("test_m", SECTION, tmp_path)

    page = text_of(load(tmp_path), {"test_m": "The policy"})

    assert "\n## The policy\n\n2 rows; Kubernetes 1.36.3.\n" in page
    assert page.endswith("\n| A pod waits | a \\| b | &lt;&#91;a&#93;(&#42;)> |\n|  | c |  |\n")


def test_a_module_that_was_never_run_says_so():
    assert text_of({}, {"test_m": "The policy"}).endswith("## The policy\n\nNot run yet.\n")


def test_the_page_says_how_it_was_made():
    assert "`make kubernetes`" in PAGE.read_text()
