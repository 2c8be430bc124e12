"""The runbooks over HTTP. Imported with the first request for one, since most exporters never serve any."""

from kafka_producer_exporter.net.printable import printable
from kafka_producer_exporter.pack import runbooks
from kafka_producer_exporter.server.messages import Request, Response, html_response, text_response
from kafka_producer_exporter.server.page_language import page_language


def runbook_response(request: Request) -> Response:
    """Return the runbook that the last part of the path names, or the list of all if that part is empty.

    The parameter ``lang`` chooses the language; without it, Accept-Language does.
    """
    language, headers = page_language(request)
    name = request.path.rpartition("/")[2]
    if not name:
        return html_response(runbooks.index_page(language).encode(), headers=headers)
    try:
        page = runbooks.page(name, language)
    except KeyError:
        return text_response(_not_found(name), status=404)
    return html_response(page.encode(), headers=headers)


def _not_found(name: str) -> str:
    close = runbooks.close_names(name)
    found = "; did you mean\n" + "\n".join(f"  /runbooks/{other}" for other in close) if close else ""
    return f"there is no runbook {printable(name)}{found}\nall runbooks are listed at /runbooks/"
