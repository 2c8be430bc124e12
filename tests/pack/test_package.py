"""The installed package has the runbooks of the repository, as the build has made them."""

from alerts.runbook_pages import pages
from kafka_producer_exporter.languages import LANGUAGES
from kafka_producer_exporter.pack import runbooks
from tests.paths import ROOT


def test_the_package_has_each_runbook_of_the_repository_and_no_other():
    made = pages(ROOT / "alerts" / "runbooks")
    found = {}
    for language in LANGUAGES:
        found[f"runbooks/{language}/index.html"] = runbooks.index_page(language)
        for name in runbooks.names():
            found[f"runbooks/{language}/{name}.html"] = runbooks.page(name, language)
            found[f"runbooks/{language}/{name}.md"] = runbooks.markdown(name, language)

    assert found == made, (
        "build the wheel again (make setup), or write the data of the sources (python -m tools.package_data)"
    )


def test_the_repository_has_runbooks_in_each_language_of_the_package():
    assert {folder.name for folder in (ROOT / "alerts" / "runbooks").iterdir()} == set(LANGUAGES)
