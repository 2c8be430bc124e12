"""The language of a page that exists in several, and the headers that say so."""

from collections.abc import Mapping
from urllib.parse import parse_qs

from kafka_producer_exporter.languages import LANGUAGES, of_header
from kafka_producer_exporter.server.messages import Request


def page_language(request: Request) -> tuple[str, Mapping[str, str]]:
    """Return the language that a reader wants, and the response's headers about it.

    The parameter ``lang`` of the URL chooses the language; without it, Accept-Language does.
    """
    chosen = [language for language in parse_qs(request.query).get("lang", []) if language in LANGUAGES]
    language = chosen[0] if chosen else of_header(request.headers.get("accept-language", ""))
    return language, {"Content-Language": language, "Vary": "Accept-Language"}
