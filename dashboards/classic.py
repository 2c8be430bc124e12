"""Writes a board as Grafana's classic dashboard JSON (schema version 41), in one language.

Our own placeholders, such as ``%{cluster}``, stay in the text; ``kafka_producer_exporter.pack.dashboards`` fills them.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dashboards.model import (
    WIDTH,
    AlertList,
    Board,
    Graph,
    Link,
    Note,
    Panel,
    Query,
    Row,
    Stat,
    States,
    Step,
    Table,
    Variable,
)
from dashboards.queries import threshold
from kafka_producer_exporter.languages import LANGUAGES, Text
from kafka_producer_exporter.pack.dashboards import uid

Json = dict[str, Any]
DATA_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
OF_EVERY_VARIABLE = {"allowCustomValue": True, "auto": False, "auto_count": 30, "auto_min": "10s"}
"""What Grafana's schema adds to every variable."""
OF_EVERY_LINK = {
    "type": "link",
    "icon": "",
    "tooltip": "",
    "tags": [],
    "targetBlank": False,
    "asDropdown": False,
    "includeVars": False,
    "keepTime": False,
}
"""What Grafana's schema adds to every link to a panel's data."""
EMPTY = {"id": "noValue", "value": "–"}
"""For a cell of a table: what a panel says without data is about all of it."""
NO_DATA = Text("no data", "데이터 없음")
RUNBOOK = Text("Runbook of {}", "{} 런북")
MENU = Text("Kafka producers", "Kafka 프로듀서")
FIRING = 'ALERTS{alertstate="firing", component="kafka-producer", alertname!="KafkaProducerWatchdog"%s}'
PAGES = ', severity="critical"'
SCOPE = ', %{cluster}=~"$cluster|", namespace=~"$namespace|", target=~"$target|"'
"""Alerts about brokers have no target, and those of a cluster no namespace; they concern every service."""


def tag(language: str) -> str:
    """Return the tag of the boards of a language."""
    return "kafka-producer" + ("" if language == LANGUAGES[0] else f"-{language}")


def panel_ids(board: Board) -> Iterator[tuple[int, Panel]]:
    """Yield each panel with its id in the JSON. Rows have ids, too, which come after those of all panels."""
    return enumerate(board.panels(), start=1)


def dashboard(board: Board, language: str) -> Json:
    """Return the dashboard."""
    return _Writer(language).board(board)


class _Writer:
    def __init__(self, language: str) -> None:
        self._language = language
        self._variables: Sequence[str] = ()

    def board(self, board: Board) -> Json:
        self._variables = [variable.name for variable in board.variables]
        scope = SCOPE if "target" in self._variables else ""
        return {
            "uid": uid(board.key, self._language),
            "title": self._say(board.title),
            "description": self._say(board.description),
            "tags": [tag(self._language)],
            "timezone": "browser",
            "editable": False,
            "graphTooltip": 1,
            "fiscalYearStartMonth": 0,
            "refresh": board.refresh,
            "schemaVersion": 41,
            "time": {"from": f"now-{board.span}", "to": "now"},
            "links": [self._menu()],
            "annotations": {"list": list(self._annotations(scope))},
            "templating": {"list": [self._data_source(), *map(self._variable, board.variables)]},
            "panels": list(self._panels(board, scope)),
        }

    def _say(self, words: Text | str) -> str:
        return words if isinstance(words, str) else words.of(self._language)

    # Around the panels

    def _menu(self) -> Json:
        return {
            "type": "dashboards",
            "title": self._say(MENU),
            "tags": [tag(self._language)],
            "asDropdown": True,
            "includeVars": True,
            "keepTime": True,
            "targetBlank": False,
            "icon": "external link",
            "tooltip": "",
        }

    def _annotations(self, scope: str) -> Iterator[Json]:
        restarts = (
            'changes(kafka_producer_start_time_seconds{%{cluster}=~"$cluster", namespace=~"$namespace", '
            'target=~"$target"}[$__rate_interval]) > 0'
        )
        # Only what pages: a region for each warning would cover the lines.
        pages = f"max by (alertname) ({FIRING % (scope + PAGES)})"
        yield self._annotation(Text("Pages", "호출"), pages, "red", "{{alertname}}")
        if scope:
            yield self._annotation(Text("Restarts", "재시작"), restarts, "blue", "{{target}} {{pod}} {{client_id}}")

    def _annotation(self, name: Text, expr: str, color: str, title: str) -> Json:
        return {
            "name": self._say(name),
            "datasource": DATA_SOURCE,
            "enable": True,
            "hide": False,
            "iconColor": color,
            "builtIn": 0,
            "expr": expr,
            "titleFormat": title,
        }

    def _data_source(self) -> Json:
        return {
            "type": "datasource",
            "name": "datasource",
            "label": self._say(Text("Data source", "데이터 소스")),
            "query": "prometheus",
            "regex": "",
            "multi": False,
            "includeAll": False,
            "refresh": 1,
            "hide": 0,
            "skipUrlSync": False,
            "options": [],
            "current": {"text": "", "value": ""},
            **OF_EVERY_VARIABLE,
        }

    def _variable(self, variable: Variable) -> Json:
        return {
            "type": "query",
            "name": variable.name,
            "label": self._say(variable.label),
            "description": self._say(variable.description),
            "datasource": DATA_SOURCE,
            "query": {"query": variable.query, "refId": f"variable-{variable.name}"},
            "regex": "",
            "refresh": 2,
            "sort": 1,
            "multi": True,
            "includeAll": True,
            "allValue": ".*",
            "hide": 0,
            "skipUrlSync": False,
            "options": [],
            "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
            **OF_EVERY_VARIABLE,
        }

    # Panels

    def _panels(self, board: Board, scope: str) -> Iterator[Json]:
        ids = {id(panel): number for number, panel in panel_ids(board)}
        next_row = len(ids) + 1
        top = 0
        for row in board.rows:
            heading: Json | None = None
            if row.title is not None:
                heading = self._row(row, next_row, top)
                next_row, top = next_row + 1, top + 1
                yield heading
            placed, top = _places(row.panels, top)
            panels = [
                self._panel(panel, ids[id(panel)], place, scope)
                for panel, place in zip(row.panels, placed, strict=True)
            ]
            if heading is not None and row.is_collapsed:
                heading["panels"] = panels
                top = heading["gridPos"]["y"] + 1
            else:
                yield from panels

    def _row(self, row: Row, number: int, top: int) -> Json:
        return {
            "id": number,
            "type": "row",
            "title": self._say(row.title or ""),
            "collapsed": row.is_collapsed,
            "gridPos": {"x": 0, "y": top, "w": WIDTH, "h": 1},
            "panels": [],
        }

    def _panel(self, panel: Panel, number: int, place: Json, scope: str) -> Json:
        common: Json = {
            "id": number,
            "title": self._say(panel.title),
            "description": self._say(panel.description),
            "gridPos": place,
            "transparent": False,
            "repeatDirection": "h",
            "links": [self._runbook(alert) for alert in panel.alerts],
        }
        match panel:
            case Note():
                options = {"mode": "markdown", "content": self._say(panel.text)}
                return common | {"type": "text", "options": options}
            case Stat():
                return common | self._stat(panel)
            case Graph():
                return common | self._graph(panel)
            case Table():
                return common | self._table(panel)
            case States():
                return common | self._states(panel)
            case AlertList():
                return common | self._alert_list(panel, scope)
        raise TypeError(f"no JSON for {panel!r}")

    def _runbook(self, alert: str) -> Json:
        return {
            "title": self._say(RUNBOOK).format(alert),
            "url": f"%{{runbook_base}}/{alert}",
            "targetBlank": True,
            "type": "link",
        }

    def _targets(self, queries: Sequence[Query], *, instant: bool = False, as_table: bool = False) -> list[Json]:
        return [
            {
                "refId": _letter(number),
                "datasource": DATA_SOURCE,
                "expr": query.expr,
                "legendFormat": self._say(query.legend) or "__auto",
                "range": not instant,
                "instant": instant,
                "format": "table" if as_table else "time_series",
            }
            for number, query in enumerate(queries)
        ]

    def _defaults(self, panel: Panel, steps: Sequence[Step], **more: Any) -> Json:
        mappings = _mappings([(step.value, self._say(step.text)) for step in steps if step.text is not None])
        return {
            "unit": panel.unit,
            "noValue": self._say(panel.no_value or NO_DATA),
            "mappings": mappings,
            "thresholds": _thresholds(steps),
            "color": {"mode": "thresholds" if steps else "palette-classic"},
            **more,
        }

    def _stat(self, panel: Stat) -> Json:
        steps = panel.steps or (Step(None, "text"),)
        if steps[0].color == "green":  # the first colour is also that of no data, which is no good news
            steps = (Step(None, "text"), Step(0, "green", steps[0].text), *steps[1:])
        more: Json = {"links": self._links(panel.links)}
        if panel.decimals is not None:
            more["decimals"] = panel.decimals
        return {
            "type": "stat",
            "datasource": DATA_SOURCE,
            "targets": self._targets(panel.queries, instant=not panel.sparkline),
            "fieldConfig": {"defaults": self._defaults(panel, steps, **more), "overrides": []},
            "options": {
                "colorMode": "value" if not panel.steps else "background",
                "graphMode": "area" if panel.sparkline else "none",
                "justifyMode": "auto",
                "orientation": panel.orientation,
                "textMode": "auto",
                "wideLayout": True,
                "showPercentChange": False,
                "percentChangeColorMode": "standard",
                "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            },
        }

    def _graph(self, panel: Graph) -> Json:
        queries = [*panel.queries, *map(threshold, panel.thresholds)]
        custom: Json = {
            "drawStyle": "line",
            "lineWidth": 1,
            "fillOpacity": 10 if panel.is_stacked else 0,
            "showPoints": "auto",
            "spanNulls": False,
            "stacking": {"mode": "normal" if panel.is_stacked else "none", "group": "A"},
            "scaleDistribution": {"type": "log", "log": 10} if panel.is_log else {"type": "linear"},
            "axisPlacement": "auto",
            "axisLabel": "",
            "thresholdsStyle": {"mode": "off"},
        }
        more: Json = {"custom": custom, "links": self._links(panel.links)}
        if panel.minimum is not None:
            more["min"] = panel.minimum
        if panel.maximum is not None:
            more["max"] = panel.maximum
        return {
            "type": "timeseries",
            "datasource": DATA_SOURCE,
            "targets": self._targets(queries),
            "fieldConfig": {
                "defaults": self._defaults(panel, (), **more),
                "overrides": [
                    override for number, query in enumerate(queries) for override in _of_line(_letter(number), query)
                ],
            },
            "options": {
                "legend": {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []},
                "tooltip": {"mode": "multi", "sort": "desc"},
            },
        }

    def _table(self, panel: Table) -> Json:
        headings = {label: self._say(words) for label, words in panel.labels}
        columns = {
            f"Value #{_letter(number)}": self._say(query.column or panel.title)
            for number, query in enumerate(panel.queries)
        }
        if len(panel.queries) == 1:
            columns = {"Value": next(iter(columns.values()))}
        steps = {self._say(heading): chosen for heading, chosen in panel.steps.items()}
        order = [*headings, *columns]
        overrides = [
            *({"matcher": {"id": "byName", "options": name}, "properties": [EMPTY]} for name in headings.values()),
            *(
                self._of_column(columns[name], query, steps.get(columns[name], ()))
                for name, query in zip(columns, panel.queries, strict=True)
            ),
            *(self._of_links(headings, panel.links)),
        ]
        sort = [{"displayName": self._say(panel.sort), "desc": True}] if panel.sort is not None else []
        return {
            "type": "table",
            "datasource": DATA_SOURCE,
            "targets": self._targets(panel.queries, instant=True, as_table=True),
            "transformations": [
                {"id": "merge", "options": {}},
                {
                    "id": "filterFieldsByName",
                    "options": {"include": {"names": order}},
                },
                {
                    "id": "organize",
                    "options": {
                        "excludeByName": {},
                        "indexByName": {name: place for place, name in enumerate(order)},
                        "renameByName": headings | columns,
                    },
                },
            ],
            "fieldConfig": {
                "defaults": self._defaults(panel, (), custom={"align": "auto", "filterable": False, "inspect": False})
                | {"color": {"mode": "thresholds"}, "thresholds": _thresholds((Step(None, "text"),))},
                "overrides": overrides,
            },
            "options": {"showHeader": True, "cellHeight": "sm", "sortBy": sort},
        }

    def _of_column(self, heading: str, query: Query, steps: Sequence[Step]) -> Json:
        properties: list[Json] = [{"id": "unit", "value": query.unit or "short"}, EMPTY]
        if steps:
            properties += [
                {"id": "thresholds", "value": _thresholds(steps)},
                {"id": "custom.cellOptions", "value": {"type": "color-text"}},
                {
                    "id": "mappings",
                    "value": _mappings([(step.value, self._say(step.text)) for step in steps if step.text is not None]),
                },
            ]
        return {"matcher": {"id": "byName", "options": heading}, "properties": properties}

    def _of_links(self, headings: Mapping[str, str], links: Sequence[Link]) -> Iterator[Json]:
        """Yield that the column of a link's last label is where one clicks."""
        for link in links:
            matcher = {"id": "byName", "options": headings[link.labels[-1]]}
            url = self._links([link], {label: f'${{__data.fields["{headings[label]}"]}}' for label in link.labels})
            yield {"matcher": matcher, "properties": [{"id": "links", "value": url}]}

    def _states(self, panel: States) -> Json:
        custom = {"lineWidth": 0, "fillOpacity": 70}
        return {
            "type": "state-timeline",
            "datasource": DATA_SOURCE,
            "targets": self._targets(panel.queries),
            "fieldConfig": {"defaults": self._defaults(panel, panel.steps, custom=custom), "overrides": []},
            "options": {
                "mergeValues": True,
                "showValue": "never",
                "alignValue": "left",
                "rowHeight": 0.9,
                "legend": {"showLegend": True, "displayMode": "list", "placement": "bottom"},
                "tooltip": {"mode": "single", "sort": "none"},
            },
        }

    def _alert_list(self, panel: AlertList, scope: str) -> Json:
        """Return a table of what fires, because Grafana's own alert list shows only alerts that Grafana manages."""
        since = Text("since", "시작")
        listed = Table(
            title=panel.title,
            description=panel.description,
            width=panel.width,
            height=panel.height,
            no_value=panel.no_value,
            queries=[
                Query(
                    "min by (alertname, severity, %{cluster}, namespace, target, client_id) (\n"
                    f'  ALERTS_FOR_STATE{{component="kafka-producer", alertname!="KafkaProducerWatchdog"{scope}}}'
                    f" * 1000\n  and ignoring (alertstate) {FIRING % scope}\n)",
                    column=since,
                    unit="dateTimeFromNow",
                )
            ],
            labels=(
                ("alertname", Text("alert", "경보")),
                ("target", Text("service", "서비스")),
                ("severity", Text("severity", "심각도")),
                ("client_id", Text("client", "클라이언트")),
                ("namespace", Text("namespace", "네임스페이스")),
                ("%{cluster}", Text("cluster", "클러스터")),
            ),
            sort=since,
        )
        content = self._table(listed)
        # Since when is worth more than what comes after it.
        order = ("alertname", "target", "Value", "severity", "client_id", "namespace", "%{cluster}")
        content["transformations"][-1]["options"]["indexByName"] = {name: place for place, name in enumerate(order)}
        for label, width in (("alertname", 230), ("target", 100), (since, 100)):
            name = self._say(label) if isinstance(label, Text) else self._say(dict(listed.labels)[label])
            content["fieldConfig"]["overrides"].append(
                {
                    "matcher": {"id": "byName", "options": name},
                    "properties": [{"id": "custom.width", "value": width}],
                }
            )
        return content

    def _links(self, links: Sequence[Link], values: Mapping[str, str] | None = None) -> list[Json]:
        return [
            OF_EVERY_LINK | {"title": self._say(link.title), "url": self._url(link, values or {})} for link in links
        ]

    def _url(self, link: Link, values: Mapping[str, str]) -> str:
        kept = ["datasource", *(name for name in self._variables if name not in link.labels)]
        set_to = {label: values.get(label) or f"${{__field.labels.{label}}}" for label in link.labels}
        return "&".join(
            [
                f"/d/{uid(link.board, self._language)}?${{__url_time_range}}",
                *(f"${{{name}:queryparam}}" for name in kept),
                *(f"var-{label}={value}" for label, value in set_to.items()),
            ]
        )


def _places(panels: Sequence[Panel], top: int) -> tuple[list[Json], int]:
    """Return where each panel stands, and the first free line: they fill a line until one has no room."""
    places: list[Json] = []
    left = height = 0
    for panel in panels:
        if left + panel.width > WIDTH:
            left, top, height = 0, top + height, 0
        places.append({"x": left, "y": top, "w": panel.width, "h": panel.height})
        left, height = left + panel.width, max(height, panel.height)
    return places, top + height


def _letter(number: int) -> str:
    return chr(ord("A") + number)


def _thresholds(steps: Sequence[Step]) -> Json:
    shown = steps or (Step(None, "green"),)
    return {"mode": "absolute", "steps": [{"value": step.value, "color": step.color} for step in shown]}


def _mappings(texts: Sequence[tuple[float | None, str]]) -> list[Json]:
    options = {f"{value:g}": {"text": text} for value, text in texts if value is not None}
    return [{"type": "value", "options": options}] if options else []


def _of_line(letter: str, query: Query) -> Iterator[Json]:
    if query.is_limit:
        properties = [
            {"id": "color", "value": {"mode": "fixed", "fixedColor": "red"}},
            {"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [8, 8]}},
            {"id": "custom.showPoints", "value": "never"},
        ]
    elif query.unit:
        properties = [{"id": "unit", "value": query.unit}]
    else:
        return
    yield {"matcher": {"id": "byFrameRefID", "options": letter}, "properties": properties}
