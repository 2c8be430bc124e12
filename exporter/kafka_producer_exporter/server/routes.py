"""What each path of the two listeners answers."""

import json
import math
import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from html import escape
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import parse_qs

from kafka_producer_exporter.errors import ConfigError
from kafka_producer_exporter.exposition.formats import negotiate
from kafka_producer_exporter.exposition.text import render
from kafka_producer_exporter.model import Family
from kafka_producer_exporter.server.application import Application, ProbeRefused
from kafka_producer_exporter.server.connections import DeferredResponse, Handler
from kafka_producer_exporter.server.messages import Request, Response, text_response
from kafka_producer_exporter.server.page import STYLE, targets_page

DEFAULT_DEADLINE_SECONDS = 10.0
MAX_DEADLINE_SECONDS = 60.0
"""A header with a week in it must not keep a thread for a week."""
PAGE_DEADLINE_SECONDS = 5.0
MAX_PAGE_AGE_SECONDS = 5.0
"""However often somebody reloads the page, it has a JVM read no more often than this."""
# One megabyte costs 3.4 ms of processor at level 1, and a tenth of it is left: between
# machines that is less than sending the rest; on one machine it is only cost.
GZIP_FROM_BYTES = 64 * 1024
GZIP_LEVEL = 1
_GZIP_WINDOW = 31  # zlib's number for the largest window with a gzip header

_HTML = "text/html; charset=utf-8"
_PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
}


class Route(NamedTuple):
    """What one path does, and with which methods."""

    handler: Handler
    about: str
    methods: tuple[str, ...] = ("GET", "HEAD")


def metrics_handler(application: Application) -> Handler:
    """Return who answers on the listener for programs."""

    def metrics(request: Request) -> Response | DeferredResponse:
        return partial(_page_of, request, partial(application.collect, deadline=deadline(request)))

    def probe(request: Request) -> Response | DeferredResponse:
        # More parameters, such as the module of other exporters, are left alone.
        names = parse_qs(request.query).get("target", [])
        if len(names) != 1:
            return text_response("say which target: /probe?target=NAME", status=400)
        return partial(_page_of, request, partial(application.probe, names[0], deadline=deadline(request)))

    def healthy(_: Request) -> Response | DeferredResponse:
        return text_response("healthy")

    def ready(_: Request) -> Response | DeferredResponse:
        error = application.config_error()
        return text_response("ready") if error is None else text_response(error, status=503)

    def reload(_: Request) -> Response | DeferredResponse:
        return partial(_reload, application)

    routes = {
        "/metrics": Route(metrics, "the metrics of all targets"),
        "/probe": Route(probe, "the metrics of one: ?target=NAME"),
        "/-/healthy": Route(healthy, "200 while the process serves"),
        "/-/ready": Route(ready, "200 once a configuration is in force"),
        "/-/reload": Route(reload, "POST: read the configuration again", ("POST", "PUT")),
    }
    landing = Response(content_type=_HTML, headers=_PAGE_HEADERS, body=_landing_page(routes))
    return partial(dispatch, {"/": Route(lambda _: landing, "this list"), **routes})


def pages_handler(application: Application, *, own_host: str | None) -> Handler:
    """Return who answers on the listener for people.

    With an *own_host*, only requests for it, for localhost or for an address are answered: a
    foreign web page whose name was bound to 127.0.0.1 must not read ours through the browser.
    """

    def page(request: Request) -> Response | DeferredResponse:
        return partial(_targets_page, application, request)

    def targets(request: Request) -> Response | DeferredResponse:
        return partial(_targets_json, application, request)

    routes = {
        "/": Route(page, "the targets, for people"),
        "/targets.json": Route(targets, "the same, for programs"),
    }

    def handler(request: Request) -> Response | DeferredResponse:
        host = request.headers.get("host")
        if own_host is not None and host is not None and not _is_own(host, own_host):
            return text_response("the pages are served to localhost only; listen elsewhere to change it", status=403)
        return dispatch(routes, request)

    return handler


def dispatch(routes: Mapping[str, Route], request: Request) -> Response | DeferredResponse:
    """Answer by path and method."""
    route = routes.get(request.path)
    if route is None:
        paths = "\n".join(f"  {path:14}{known.about}" for path, known in routes.items())
        return text_response(f"there is nothing here; there is\n{paths}", status=404)
    if request.method not in route.methods:
        allowed = ", ".join(route.methods)
        return text_response(f"use {allowed}", status=405, headers={"Allow": allowed})
    return route.handler(request)


def deadline(request: Request) -> float:
    """Return by when the page must be there: half a second before Prometheus gives up, or half of a short time."""
    try:
        timeout_seconds = float(request.headers.get("x-prometheus-scrape-timeout-seconds", ""))
    except ValueError:
        timeout_seconds = math.nan
    if not 0 < timeout_seconds < math.inf:
        return request.received + DEFAULT_DEADLINE_SECONDS
    left_seconds = timeout_seconds - 0.5 if timeout_seconds >= 1 else timeout_seconds / 2
    return request.received + min(left_seconds, MAX_DEADLINE_SECONDS)


def _page_of(request: Request, read: Callable[[], list[Family]]) -> Response:
    try:
        families = read()
    except ProbeRefused as error:
        return text_response(str(error), status=403)
    page_format = negotiate(request.headers.get("accept", ""))
    body = render(families, page_format)
    headers = {"Vary": "Accept, Accept-Encoding"}
    if len(body) >= GZIP_FROM_BYTES and not request.from_loopback and accepts_gzip(request):
        packer = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
        body = packer.compress(body) + packer.flush()
        headers["Content-Encoding"] = "gzip"
    return Response(body=body, content_type=page_format.value, headers=headers)


def accepts_gzip(request: Request) -> bool:
    """Whether Accept-Encoding names gzip, and not with a weight of zero."""
    for offer in request.headers.get("accept-encoding", "").lower().split(","):
        coding, _, parameters = offer.partition(";")
        if coding.strip() == "gzip":
            weight = parameters.replace(" ", "")
            return not (weight.startswith("q=") and not weight[2:].strip("0."))
    return False


def _reload(application: Application) -> Response:
    try:
        application.reload()
    except ConfigError as error:
        return text_response(f"the running configuration stays in force\n{error}", status=500)
    return text_response("reloaded")


def _targets_page(application: Application, request: Request) -> Response:
    statuses = application.statuses(
        max_age_seconds=MAX_PAGE_AGE_SECONDS, deadline=request.received + PAGE_DEADLINE_SECONDS
    )
    body = targets_page(statuses, config_error=application.config_error())
    return Response(body=body, content_type=_HTML, headers=_PAGE_HEADERS)


def _targets_json(application: Application, request: Request) -> Response:
    statuses = application.statuses(
        max_age_seconds=MAX_PAGE_AGE_SECONDS, deadline=request.received + PAGE_DEADLINE_SECONDS
    )
    content = {"config_error": application.config_error(), "targets": [asdict(status) for status in statuses]}
    return Response(body=f"{json.dumps(content, indent=2)}\n".encode(), content_type="application/json")


def _landing_page(routes: Mapping[str, Route]) -> bytes:
    def link(path: str, route: Route) -> str:
        text = f"<code>{escape(path)}</code>"
        return f'<a href="{escape(path)}">{text}</a>' if "GET" in route.methods and path != "/probe" else text

    entries = "\n".join(f"<li>{link(path, route)} {escape(route.about)}</li>" for path, route in routes.items())
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Kafka producer exporter</title>
<style>{STYLE}</style>
</head>
<body>
<h1>Kafka producer exporter</h1>
<ul class="links">
{entries}
</ul>
</body>
</html>
""".encode()


def _is_own(host_header: str, own_host: str) -> bool:
    """Whether a Host header names us: an address cannot be bound to another one, a name can."""
    host = host_header.rpartition(":")[0] if host_header.rpartition(":")[2].isdigit() else host_header
    host = host.removeprefix("[").removesuffix("]").lower()
    if host in ("localhost", own_host.lower()):
        return True
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
