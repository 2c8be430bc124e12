"""The paths of the two listeners and what each one serves."""

import json
import math
import time
from collections.abc import Callable, Mapping
from functools import partial
from html import escape
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import parse_qs

from kafka_producer_exporter.errors import ConfigError
from kafka_producer_exporter.exposition.formats import negotiate
from kafka_producer_exporter.server.application import Application, Collected, ProbeRefusedError, TargetStatus
from kafka_producer_exporter.server.connections import DeferredResponse, Handler, LongWait
from kafka_producer_exporter.server.last_diagnosis import LastDiagnosis
from kafka_producer_exporter.server.messages import Request, Response, html_response, text_response
from kafka_producer_exporter.server.metrics_pages import MetricsPages
from kafka_producer_exporter.server.page_frame import html_page
from kafka_producer_exporter.server.page_language import page_language
from kafka_producer_exporter.server.page_time import PageTime

DEFAULT_DEADLINE_SECONDS = 10.0
MAX_DEADLINE_SECONDS = 60.0
"""A scrape timeout of a week in a header must not keep a thread for a week."""
STATUS_DEADLINE_SECONDS = 5.0
MAX_STATUS_AGE_SECONDS = 5.0
"""However often somebody reloads the status page, it causes no more than one read of a JVM in this time."""

RUNBOOKS = "/runbooks/"
ABOUT_RUNBOOKS = "what each alert means and what to do about it"


class Route(NamedTuple):
    """What one path serves, and with which methods. A path that ends in a slash serves the names below it, too."""

    handler: Handler
    about: str
    methods: tuple[str, ...] = ("GET", "HEAD")


def metrics_handler(application: Application, *, http_reload: bool = False) -> Handler:
    """Return the handler of the listener for programs. *http_reload* allows ``/-/reload`` to everyone."""
    page_time = PageTime()
    pages = MetricsPages()

    def metrics(request: Request) -> DeferredResponse:
        return _deferred_page(request, application.collect, page_time, pages)

    def probe(request: Request) -> Response | DeferredResponse:
        # Other parameters, such as the module of other exporters, are ignored.
        names = parse_qs(request.query).get("target", [])
        if len(names) != 1:
            return text_response("name one target: /probe?target=NAME", status=400)
        return _deferred_page(request, partial(application.probe, names[0]), page_time, pages)

    def healthy(_: Request) -> Response:
        return text_response("healthy")

    def ready(_: Request) -> Response:
        error = application.config_error()
        return text_response("ready") if error is None else text_response(error, status=503)

    def reload(_: Request) -> Response | DeferredResponse:
        if not http_reload:
            return text_response("not enabled; send SIGHUP, or start with --http-reload on", status=403)
        return partial(_reload, application)

    routes = {
        "/metrics": Route(metrics, "the metrics of all targets"),
        "/probe": Route(probe, "the metrics of one target: ?target=NAME"),
        RUNBOOKS: Route(_runbook, ABOUT_RUNBOOKS),
        "/-/healthy": Route(healthy, "200 while the process is running"),
        "/-/ready": Route(ready, "200 once a valid configuration is loaded"),
        "/-/reload": Route(reload, "POST: load the configuration again, if http_reload is on", ("POST", "PUT")),
    }
    landing = html_response(_landing_page(routes))
    return partial(dispatch, {"/": Route(lambda _: landing, "this list"), **routes})


def status_pages_handler(application: Application, *, own_host: str | None) -> Handler:
    """Return the handler of the listener for people.

    If *own_host* is given, only requests for that host, for localhost or for an IP address are served. This prevents
    DNS rebinding: a foreign website whose name resolves to 127.0.0.1 could otherwise read the pages through a browser.
    """
    last = LastDiagnosis()

    def status(request: Request) -> DeferredResponse:
        return partial(_status_page, application, request, last)

    def targets(request: Request) -> DeferredResponse:
        return partial(_targets_json, application, request)

    def diagnose(request: Request) -> DeferredResponse:
        return LongWait(_diagnose_page, application, request, last)

    routes = {
        "/": Route(status, "the status of all targets, for people"),
        "/diagnose": Route(diagnose, "why events are not published; takes some seconds", ("GET",)),
        "/targets.json": Route(targets, "the same as /, for programs"),
        RUNBOOKS: Route(_runbook, ABOUT_RUNBOOKS),
    }

    def handler(request: Request) -> Response | DeferredResponse:
        host = request.headers.get("host")
        if own_host is not None and host is not None and not _is_own(host, own_host):
            return text_response(
                "these pages are for localhost only; set listen_pages to another address to serve them to others",
                status=403,
            )
        return dispatch(routes, request)

    return handler


def dispatch(routes: Mapping[str, Route], request: Request) -> Response | DeferredResponse:
    """Serve a request by its path and method."""
    path = request.path
    folder = path[: path.rfind("/") + 1]
    route = routes.get(path) or (routes.get(folder) if folder != "/" else None)
    if route is None and path and f"{path}/" in routes:
        query = f"?{request.query}" if request.query else ""
        place = f"{path.rpartition('/')[2]}/{query}"  # relative, for the sake of a proxy with a path of its own
        return text_response(f"the path is {path}/", status=308, headers={"Location": place})
    if route is None:
        paths = "\n".join(f"  {known:14}{serves.about}" for known, serves in routes.items())
        return text_response(f"not found; the paths are\n{paths}", status=404)
    if request.method not in route.methods:
        allowed = ", ".join(route.methods)
        return text_response(f"method not allowed; use {allowed}", status=405, headers={"Allow": allowed})
    return route.handler(request)


def deadline(request: Request, page_time: PageTime) -> float:
    """Return when the reads for a metrics page must end: half a second before Prometheus gives up, or earlier.

    Reads get at least half of the scrape timeout.
    """
    try:
        timeout_seconds = float(request.headers.get("x-prometheus-scrape-timeout-seconds", ""))
    except ValueError:
        timeout_seconds = math.nan
    if not 0 < timeout_seconds < math.inf:
        return request.received + DEFAULT_DEADLINE_SECONDS
    return request.received + min(page_time.reads_seconds(timeout_seconds), MAX_DEADLINE_SECONDS)


def _deferred_page(
    request: Request, read: Callable[..., Collected], page_time: PageTime, pages: MetricsPages
) -> DeferredResponse:
    until = deadline(request, page_time)
    kind = LongWait if until > request.received + DEFAULT_DEADLINE_SECONDS else partial
    return kind(_metrics_page, request, partial(read, deadline=until), page_time, pages, until)


def _metrics_page(
    request: Request, read: Callable[[], Collected], page_time: PageTime, pages: MetricsPages, until: float
) -> Response:
    # A deadline that had passed before the reads could begin says nothing about the time that a page needs.
    until = max(until, time.monotonic())
    page_format = negotiate(request.headers.get("accept", ""))
    may_gzip = not request.from_loopback and accepts_gzip(request)
    with pages.request():
        try:
            collected = read()
        except ProbeRefusedError as error:
            return text_response(str(error), status=403)
        with page_time.after_reads(until):
            page = pages.page(request.path, collected, page_format, gzip=may_gzip, received=request.received)
    headers = {"Vary": "Accept, Accept-Encoding"}
    if page.is_gzip:
        headers["Content-Encoding"] = "gzip"
    return Response(chunks=page.chunks, content_type=page_format.value, headers=headers)


def accepts_gzip(request: Request) -> bool:
    """Return whether Accept-Encoding lists gzip with a weight other than zero."""
    for offer in request.headers.get("accept-encoding", "").lower().split(","):
        coding, _, parameters = offer.partition(";")
        if coding.strip() == "gzip":
            weight = parameters.replace(" ", "")
            return not (weight.startswith("q=") and not weight[2:].strip("0."))
    return False


def _runbook(request: Request) -> DeferredResponse:
    def response() -> Response:
        # Here and not above, so that an exporter that is not asked for a runbook does not pay for its memory.
        from kafka_producer_exporter.server.runbook_pages import runbook_response  # noqa: PLC0415

        return runbook_response(request)

    return response


def _reload(application: Application) -> Response:
    try:
        application.reload()
    except ConfigError as error:
        return text_response(
            f"the new configuration is invalid; the current one stays in force\n{error.places}", status=500
        )
    return text_response("reloaded")


# Two of the pages are imported here and not above, so that an exporter that is not asked for one does not pay for its
# memory.


def _status_page(application: Application, request: Request, last: LastDiagnosis) -> Response:
    from kafka_producer_exporter.server.status_page import status_page  # noqa: PLC0415

    language, headers = page_language(request)
    body = status_page(
        _statuses(application, request),
        brokers=application.broker_families(),
        config_error=application.config_error(),
        diagnosed=last,
        language=language,
        refreshes="refresh" in parse_qs(request.query),
    )
    return html_response(body, headers=headers)


def _diagnose_page(application: Application, request: Request, last: LastDiagnosis) -> Response:
    from kafka_producer_exporter.server.diagnose_page import diagnose_response  # noqa: PLC0415

    return diagnose_response(application, request, last)


def _targets_json(application: Application, request: Request) -> Response:
    targets = [_status_values(status) for status in _statuses(application, request)]
    content = {"config_error": application.config_error(), "targets": targets}
    return Response(body=f"{json.dumps(content, indent=2)}\n".encode(), content_type="application/json")


def _statuses(application: Application, request: Request) -> list[TargetStatus]:
    deadline = request.received + STATUS_DEADLINE_SECONDS
    return application.statuses(max_age_seconds=MAX_STATUS_AGE_SECONDS, deadline=deadline)


def _status_values(status: TargetStatus) -> dict[str, str | bool | float | None]:
    scrape = status.scrape
    return {
        "name": status.name,
        "address": str(status.address),
        "up": status.up,
        "reason": scrape.reason.value if scrape is not None and scrape.reason is not None else "",
        "advice": scrape.detail if scrape is not None else "",
        "clients": status.clients,
        "series": status.series,
        "last_scrape": time.time() - (time.monotonic() - scrape.started) if scrape is not None else None,
        "duration_seconds": scrape.duration_seconds if scrape is not None else None,
    }


def _landing_page(routes: Mapping[str, Route]) -> bytes:
    def link(path: str, route: Route) -> str:
        text = f"<code>{escape(path)}</code>"
        return f'<a href="{escape(path)}">{text}</a>' if "GET" in route.methods and path != "/probe" else text

    entries = "\n".join(f"<li>{link(path, route)} {escape(route.about)}</li>" for path, route in routes.items())
    title = "Kafka producer exporter"
    return html_page(title=title, heading=title, main=f'<ul class="links">\n{entries}\n</ul>', language="en")


def _is_own(host_header: str, own_host: str) -> bool:
    """Return whether a Host header names us. Any IP address does, since only a name can be made to resolve to us."""
    host = host_header.rpartition(":")[0] if host_header.rpartition(":")[2].isdigit() else host_header
    host = host.removeprefix("[").removesuffix("]").lower()
    if host in ("localhost", own_host.lower()):
        return True
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
