"""The board that says whether the other boards and the alerts can be believed."""

from dashboards.model import Board, Graph, Link, Note, Query, Row, Stat, States, Step, Table
from dashboards.queries import PRODUCER, SERVICE, brokers, rate, service
from kafka_producer_exporter.languages import Text

SERVICE_LABELS = "%{cluster}, namespace, target"
SERVICE_LEGEND = "{{namespace}} {{target}}"
POD_LEGEND = "{{pod}} {{instance}}"
CLUSTER_LEGEND = "{{%{cluster}}}"
NOTHING = Text("–", "–")
NO_VIEW = Text("no exporter has a broker view", "브로커 뷰가 있는 익스포터 없음")
SINCE = Text("since", "시작")
STATE = Text("state", "상태")
NAMESPACE_COLUMN = ("namespace", Text("namespace", "네임스페이스"))
SERVICE_COLUMN = ("target", Text("service", "서비스"))
CLIENT_COLUMN = ("client_id", Text("client", "클라이언트"))
POD_COLUMN = ("pod", Text("pod", "파드"))
ADDRESS_COLUMN = ("instance", Text("address", "주소"))
REASON_COLUMN = ("reason", Text("reason", "이유"))
CLUSTER_COLUMN = ("%{cluster}", Text("cluster", "클러스터"))
RED_FROM_ONE = (Step(None, "green"), Step(1, "red"))
IN_RED = (Step(None, "text"), Step(1, "red"))


def _own(metric: str, *more: str) -> str:
    """Return the selector of a metric of an exporter itself, or of Prometheus about its scrapes."""
    return f"{metric}{{{', '.join((PRODUCER[1], *more))}}}"


def _since(alert: str, labels: str, *more: str) -> str:
    """Return when an alert began, in milliseconds, by the labels that it has; *more* are further matchers."""
    matchers = ", ".join((f'alertname="{alert}"', *more))
    return f"max by ({labels}) (1000 * ALERTS_FOR_STATE{{{matchers}}})"


def _of_shards(operation: str, metric: str) -> str:
    """Return the best or worst replica of each shard of the transaction log."""
    return (
        f"{operation} by (%{{cluster}}, shard) (\n"
        f"  {brokers(metric)}\n"
        f"    * on (job, instance) group_left (shard) {brokers('kafka_producer_exporter_shard_info')}\n"
        ")"
    )


def _of_the_log(metric: str) -> str:
    """Return by how much a counter of the transaction log grew in the exporter where it grew most."""
    growth = f"increase({brokers(metric)}[$__range])"
    return f"round(max by (%{{cluster}}) (sum by (%{{cluster}}, job, instance) ({growth})))"


BUILD = _own("kafka_producer_exporter_build_info")
PRODUCER_TARGETS = service("kafka_producer_exporter_target_info", 'kind="producer"')
UP = service("kafka_producer_up")
HIDDEN = "kafka_producer_hidden"
DUPLICATE = service(HIDDEN, 'reason="duplicate_client_id"')
SENT = service("kafka_producer_record_send_total")
STARTED = service("kafka_producer_start_time_seconds")
LEFT_OUT = service("kafka_producer_exporter_mbeans_left_out")
RULES = 'rule_group=~".*;kafka-producer-.*"'

STATS = (
    Stat(
        title=Text("Exporters that answer", "응답하는 익스포터"),
        description=Text(
            "How many exporters does Prometheus scrape, sidecars and collectors? A step down is a deploy, or "
            "exporters that are down or gone.",
            "Prometheus가 사이드카와 콜렉터를 합쳐 익스포터 몇 개를 스크레이프하고 있습니까? 줄었다면 배포이거나 "
            "익스포터가 죽었거나 사라진 것입니다.",
        ),
        width=4,
        height=3,
        queries=[Query(f"count({BUILD})")],
        unit="none",
        no_value=Text("no exporter is scraped", "스크레이프되는 익스포터 없음"),
        sparkline=True,
        decimals=0,
    ),
    Stat(
        title=Text("JVMs down", "응답 없는 JVM"),
        description=Text(
            "How many JVMs of producers or brokers cannot be read now? 0 is good; nothing is known about the "
            "producers in the others. A pod that is just starting counts for a moment.",
            "지금 읽을 수 없는 프로듀서나 브로커의 JVM은 몇 개입니까? 0이 정상이며, 그 안의 프로듀서는 상태를 알 수 "
            "없습니다. 막 시작하는 파드는 잠시 포함됩니다.",
        ),
        width=4,
        height=3,
        queries=[Query(f"sum({UP} == bool 0)")],
        unit="none",
        no_value=Text("no JVM is scraped", "스크레이프되는 JVM 없음"),
        steps=RED_FROM_ONE,
        decimals=0,
    ),
    Stat(
        title=Text("Producers without metrics", "메트릭이 없는 프로듀서"),
        description=Text(
            "How many live producers does no alert see, because their JVM has no metrics of them? 0 is good; which "
            "they are, and why, is in a table below.",
            "JVM에 메트릭이 없어 어떤 경보도 보지 못하는 살아 있는 프로듀서는 몇 개입니까? 0이 정상이며, 어느 것이고 "
            "이유가 무엇인지는 아래 표에 있습니다.",
        ),
        width=4,
        height=3,
        queries=[Query(f"sum({service(HIDDEN)}) or 0 * count({UP})")],
        unit="none",
        no_value=Text("no JVM is scraped", "스크레이프되는 JVM 없음"),
        steps=(Step(None, "green"), Step(1, "yellow")),
        decimals=0,
    ),
    Stat(
        title=Text("Broker sources that fail", "실패한 브로커 소스"),
        description=Text(
            "Can the collectors ask the brokers? 0 is good. While a source fails, its counts stand still, and its "
            "gauges are missing. A source that is down for want of rights counts, too.",
            "콜렉터가 브로커에 질의할 수 있습니까? 0이 정상입니다. 소스가 실패하는 동안 카운트는 멈추고 게이지는 "
            "없습니다. 권한이 없어 실패한 소스도 포함됩니다.",
        ),
        width=4,
        height=3,
        queries=[Query(f"sum({brokers('kafka_producer_exporter_source_up')} == bool 0)")],
        unit="none",
        no_value=NO_VIEW,
        steps=RED_FROM_ONE,
        decimals=0,
    ),
    Stat(
        title=Text("Invalid configurations", "잘못된 설정"),
        description=Text(
            "How many exporters could not load their configuration? 0 is good. They work with the last valid one, or "
            "with none.",
            "설정을 읽지 못한 익스포터는 몇 개입니까? 0이 정상입니다. 마지막으로 유효했던 설정으로 동작하거나 설정 "
            "없이 동작합니다.",
        ),
        width=4,
        height=3,
        queries=[Query(f"sum({_own('kafka_producer_exporter_config_valid')} == bool 0)")],
        unit="none",
        no_value=Text("no exporter is scraped", "스크레이프되는 익스포터 없음"),
        steps=RED_FROM_ONE,
        decimals=0,
    ),
    Stat(
        title=Text("Alert rules", "경보 규칙"),
        description=Text(
            "Does Prometheus evaluate the alert rules? The watchdog always fires; without it no other alert can. "
            "Whether alerts reach anybody is for the dead man's switch to say.",
            "Prometheus가 경보 규칙을 평가하고 있습니까? Watchdog은 항상 발생하며, 없으면 다른 경보도 발생할 수 "
            "없습니다. 경보가 사람에게 전달되는지는 dead man's switch가 알려 줍니다.",
        ),
        width=4,
        height=3,
        queries=[Query('max(ALERTS{alertname="KafkaProducerWatchdog", alertstate="firing"})')],
        unit="none",
        no_value=Text("not loaded", "로드되지 않음"),
        steps=(Step(None, "red"), Step(1, "green", Text("evaluated", "평가 중"))),
        alerts=("KafkaProducerWatchdog",),
    ),
)

DOWN = (
    Table(
        title=Text("Exporters that do not answer", "응답하지 않는 익스포터"),
        description=Text(
            "Which exporters can Prometheus not scrape, and since when? None is good. Nobody watches the producers "
            "that they read. Exporters that Prometheus scraped within %{known_window.words} are known; a deleted pod "
            "is not down.",
            "Prometheus가 스크레이프하지 못하는 익스포터는 무엇이며 언제부터입니까? 없어야 정상이며, 이들이 읽는 "
            "프로듀서는 감시되지 않습니다. 최근 %{known_window.words} 안에 스크레이프된 익스포터만 알 수 있고, 삭제된 "
            "파드는 해당하지 않습니다.",
        ),
        width=8,
        height=8,
        queries=[
            Query(
                "topk(20, max by (namespace, pod, instance) (\n"
                f"  {_own('up')} == 0\n"
                f"    and on (job, instance) last_over_time({BUILD}[%{{known_window}}])\n"
                "))",
                column=STATE,
                unit="none",
            ),
            Query(
                f"topk(20, {_since('KafkaProducerExporterDown', 'namespace, pod, instance', PRODUCER[1])})",
                column=SINCE,
                unit="dateTimeFromNow",
            ),
        ],
        labels=(POD_COLUMN, ADDRESS_COLUMN),
        sort=SINCE,
        steps={STATE: (Step(None, "text"), Step(0, "red", Text("down", "다운")))},
        no_value=Text("none is known to be down", "다운된 익스포터 없음"),
        alerts=("KafkaProducerExporterDown",),
        fault="exporter-killed",
    ),
    Table(
        title=Text("JVMs that do not answer, and why", "응답하지 않는 JVM과 그 이유"),
        description=Text(
            "Which services have JVMs that the exporter cannot read, why, and since when? None is good. refused: "
            "nothing listens, the JVM is dead or has no JMX port; timeout: it hangs, or the network drops packets; "
            "authentication and tls_…: credentials or certificates.",
            "익스포터가 읽지 못하는 JVM이 있는 서비스와 이유, 시작 시각은 무엇입니까? 없어야 정상입니다. refused는 "
            "JVM이 죽었거나 JMX 포트가 없음, timeout은 JVM이 멈췄거나 네트워크가 패킷을 버림, authentication과 "
            "tls_…는 자격 증명이나 인증서입니다.",
        ),
        width=8,
        height=8,
        queries=[
            Query(
                f"topk(20, count by ({SERVICE_LABELS}, reason) ({service('kafka_producer_exporter_target_error')}))",
                column=Text("JVMs", "JVM"),
                unit="none",
            ),
            Query(
                f"topk(20, group by ({SERVICE_LABELS}, reason) ({service('kafka_producer_exporter_target_error')})\n"
                f"  * on ({SERVICE_LABELS}) group_left () {_since('KafkaProducerTargetDown', SERVICE_LABELS)})",
                column=SINCE,
                unit="dateTimeFromNow",
            ),
        ],
        labels=(NAMESPACE_COLUMN, SERVICE_COLUMN, REASON_COLUMN),
        sort=Text("JVMs", "JVM"),
        no_value=Text("every JVM answers", "모든 JVM이 응답함"),
        links=(Link(Text("This service", "이 서비스"), "producer", ("target",)),),
        alerts=("KafkaProducerTargetDown",),
        fault="jvm-killed",
    ),
    Table(
        title=Text("Services that have vanished", "사라진 서비스"),
        description=Text(
            "Which services had producers at some time in the range shown, and have none now? Nothing is down, there "
            "is only nothing any more: a deletion, a renamed target, or a scrape configuration that has lost them. "
            "Services whose exporter is down are in the first table.",
            "표시된 시간 범위에는 프로듀서가 있었지만 지금은 없는 서비스는 무엇입니까? 다운된 것이 아니라 없어진 "
            "것입니다. 삭제, 대상 이름 변경, 또는 대상을 빠뜨린 스크레이프 설정이 원인입니다. 익스포터가 다운된 "
            "서비스는 첫 번째 표에 있습니다.",
        ),
        width=8,
        height=8,
        queries=[
            Query(
                f"topk(20,\n  count by ({SERVICE_LABELS}) (\n"
                f"    last_over_time((group by ({SERVICE_LABELS}, job, instance) ({PRODUCER_TARGETS}))"
                "[$__range:$__rate_interval])\n"
                f"      unless on (job, instance) {_own('up')} == 0\n"
                f"  )\n  unless count by ({SERVICE_LABELS}) ({UP})\n)",
                column=Text("JVMs seen", "보였던 JVM"),
                unit="none",
            )
        ],
        labels=(NAMESPACE_COLUMN, SERVICE_COLUMN),
        no_value=Text("none has vanished", "사라진 서비스 없음"),
        alerts=("KafkaProducerTargetsMissing",),
        fault="service-gone",
    ),
)

SCRAPES = (
    Graph(
        title=Text("JVMs that answer, by service", "서비스별 응답하는 JVM 비율"),
        description=Text(
            "What share of each service's JVMs can be read? 100 % is good; the ten worst services. A short dip is a "
            "rolling deploy.",
            "서비스의 JVM 중 읽을 수 있는 비율은 얼마입니까? 100 %가 정상이며 가장 나쁜 서비스 10개를 보입니다. 잠시 "
            "내려가는 것은 롤링 배포입니다.",
        ),
        width=8,
        height=9,
        queries=[Query(f"bottomk(10, avg by (namespace, target) ({UP}))", SERVICE_LEGEND)],
        unit="percentunit",
        maximum=1,
    ),
    Graph(
        title=Text("Scrape duration, slowest exporters", "스크레이프 시간, 가장 느린 익스포터"),
        description=Text(
            "Do scrapes end before Prometheus gives up? Normally well below a second. At scrape_timeout the whole "
            "scrape is lost; 10 s, the dashed line, is the default of Prometheus, and yours may differ. The exporter "
            "leaves out a JVM that is too slow, so that the others are still served.",
            "Prometheus가 포기하기 전에 스크레이프가 끝납니까? 보통 1초보다 훨씬 짧습니다. scrape_timeout에 이르면 그 "
            "스크레이프는 모두 잃습니다. 점선 10초는 Prometheus의 기본값이며 설정이 다를 수 있습니다. 너무 느린 JVM은 "
            "빼고 나머지를 냅니다.",
        ),
        width=8,
        height=9,
        queries=[
            Query(
                f"topk(10, {_own('scrape_duration_seconds')} and on (job, instance) {BUILD})",
                POD_LEGEND,
            ),
            Query(
                "vector(10)",
                Text("default scrape_timeout of Prometheus", "Prometheus의 기본 scrape_timeout"),
                is_limit=True,
            ),
        ],
        unit="s",
    ),
    Graph(
        title=Text("Samples per scrape, largest exporters", "스크레이프당 샘플, 가장 큰 익스포터"),
        description=Text(
            "How many series does each exporter cost, and does that grow? A steady rise comes from new client ids, "
            "topics or transactional ids; id_groups and limits keep it down. The ten largest.",
            "익스포터마다 시계열이 얼마나 들며 늘고 있습니까? 꾸준히 늘면 새 클라이언트 ID, 토픽, 트랜잭션 ID가 "
            "원인이며 id_groups와 limits로 줄입니다. 가장 큰 10개입니다.",
        ),
        width=8,
        height=9,
        queries=[
            Query(
                f"topk(10, {_own('scrape_samples_scraped')} and on (job, instance) {BUILD})",
                POD_LEGEND,
            )
        ],
        unit="short",
    ),
)

UNSEEN = (
    Table(
        title=Text("Producers without metrics, and why", "메트릭이 없는 프로듀서와 그 이유"),
        description=Text(
            "Which live producers does no alert see? None is good. reporter: JmxReporter is off; filter: "
            "metrics.jmx.include or exclude; duplicate_client_id: another producer with this client.id was closed; "
            "unreadable: see the exporter's log.",
            "어떤 경보도 보지 못하는 살아 있는 프로듀서는 무엇입니까? 없어야 정상입니다. reporter는 JmxReporter가 "
            "꺼짐, filter는 metrics.jmx.include나 exclude, duplicate_client_id는 같은 client.id의 프로듀서가 닫힘, "
            "unreadable은 익스포터 로그를 보십시오.",
        ),
        width=8,
        height=8,
        queries=[
            Query(
                f"topk(20, sum by ({SERVICE_LABELS}, client_id, reason) ({service(HIDDEN)}))",
                column=Text("producers", "프로듀서"),
                unit="none",
            )
        ],
        labels=(NAMESPACE_COLUMN, SERVICE_COLUMN, CLIENT_COLUMN, REASON_COLUMN),
        sort=Text("producers", "프로듀서"),
        no_value=Text("every producer has metrics", "모든 프로듀서에 메트릭이 있음"),
        alerts=("KafkaProducerHidden",),
        fault="reporter-off",
    ),
    Table(
        title=Text("Two producers with one client.id", "client.id가 같은 두 프로듀서"),
        description=Text(
            "Where do producers in one JVM share a client.id? Only one of them has metrics, so its numbers are wrong. "
            "Seen when the second one starts (its counters begin again, and the start time stays), for "
            "%{duplicate_window.words}, or when one is closed. Give each producer a client.id of its own.",
            "한 JVM의 프로듀서들이 client.id를 함께 쓰는 곳은 어디입니까? 하나만 메트릭을 가지므로 숫자가 틀립니다. "
            "두 번째가 시작될 때(카운터는 다시 시작하고 시작 시각은 그대로) %{duplicate_window.words} 동안, 또는 "
            "하나가 닫힐 때 보입니다. 프로듀서마다 client.id를 다르게 하십시오.",
        ),
        width=8,
        height=8,
        queries=[
            Query(
                f"topk(20, count by ({SERVICE_LABELS}, client_id) (\n"
                f"  max_over_time({DUPLICATE}[%{{scrape_window}}]) > 0\n"
                f"  or (\n    resets({SENT}[%{{duplicate_window}}]) > 0\n"
                f"    and on (job, instance, target, client_id) changes({STARTED}[%{{duplicate_window}}]) == 0\n"
                "  )\n))",
                column=Text("JVMs", "JVM"),
                unit="none",
            )
        ],
        labels=(NAMESPACE_COLUMN, SERVICE_COLUMN, CLIENT_COLUMN),
        sort=Text("JVMs", "JVM"),
        no_value=Text("none is known", "알려진 것 없음"),
        alerts=("KafkaProducerDuplicateClientId",),
        fault="duplicate-client-id",
    ),
    Table(
        title=Text("Left out or combined", "생략되거나 합쳐진 것"),
        description=Text(
            "Of which topics, brokers, clients or MBeans are there no series? What is left out is in no sum: the "
            "exporter is short of memory, or cannot read it. What is combined under other or a group is still in "
            "every sum, and is no trouble.",
            "시계열이 없는 토픽, 브로커, 클라이언트, MBean은 무엇입니까? 생략된 것은 어떤 합계에도 없으며, 익스포터의 "
            "메모리가 부족하거나 읽을 수 없는 것입니다. other나 그룹으로 합쳐진 것은 합계에 들어 있어 문제가 아닙니다.",
        ),
        width=8,
        height=8,
        queries=[
            Query(
                f"topk(20, sum by ({SERVICE_LABELS}, kind) (\n"
                f"  {service('kafka_producer_exporter_series_shed')}\n"
                f'  or label_replace({LEFT_OUT}, "kind", "$1", "reason", "(.+)")\n'
                "))",
                column=Text("left out", "생략"),
                unit="none",
            ),
            Query(
                f"topk(20, sum by ({SERVICE_LABELS}, kind) ({service('kafka_producer_exporter_series_folded')}) > 0)",
                column=Text("combined", "합침"),
                unit="none",
            ),
        ],
        labels=(NAMESPACE_COLUMN, SERVICE_COLUMN, ("kind", Text("what", "종류"))),
        sort=Text("left out", "생략"),
        steps={Text("left out", "생략"): IN_RED},
        no_value=Text("nothing is left out or combined", "생략되거나 합쳐진 것 없음"),
        alerts=("KafkaProducerSeriesLeftOut",),
        fault="memory-limit health",
    ),
)

VIEW = (
    States(
        title=Text("Sources of the broker view", "브로커 뷰의 소스"),
        description=Text(
            "Which questions to the brokers fail, and since when? Green is good; red where any exporter fails. "
            "Exactly one of transaction_log and coordinators works in health, and the other is absent.",
            "브로커에 대한 어떤 질의가 언제부터 실패합니까? 초록이 정상이며, 익스포터 하나라도 실패하면 빨강입니다. "
            "정상일 때 transaction_log와 coordinators 중 하나만 있습니다.",
        ),
        width=8,
        height=8,
        queries=[Query(f"min by (source) ({brokers('kafka_producer_exporter_source_up')})", "{{source}}")],
        unit="none",
        no_value=NO_VIEW,
        steps=(Step(None, "red"), Step(0, "red", Text("fails", "실패")), Step(1, "green", Text("works", "정상"))),
    ),
    Table(
        title=Text("Sources that fail, and why", "실패한 소스와 그 이유"),
        description=Text(
            "What keeps the exporters from asking the brokers? None is good. authorization: a right is missing; for "
            "transaction_log that is no alarm, because coordinators takes its place with lower bounds. refused, "
            "timeout and dns: the brokers cannot be reached.",
            "익스포터가 브로커에 질의하지 못하는 이유는 무엇입니까? 없어야 정상입니다. authorization은 권한 없음이며, "
            "transaction_log의 경우 coordinators가 하한값으로 대신하므로 경보가 아닙니다. refused, timeout, dns는 "
            "브로커에 닿지 못하는 것입니다.",
        ),
        width=8,
        height=8,
        queries=[
            Query(
                "topk(20, count by (%{cluster}, source, reason) "
                f"({brokers('kafka_producer_exporter_source_error')}))",
                column=Text("exporters", "익스포터"),
                unit="none",
            ),
            Query(
                "topk(20, group by (%{cluster}, source, reason) "
                f"({brokers('kafka_producer_exporter_source_error')})\n"
                "  * on (%{cluster}, source) group_left () "
                f"{_since('KafkaProducerExporterSourceDown', '%{cluster}, source')})",
                column=SINCE,
                unit="dateTimeFromNow",
            ),
        ],
        labels=(CLUSTER_COLUMN, ("source", Text("source", "소스")), REASON_COLUMN),
        sort=Text("exporters", "익스포터"),
        no_value=Text("no source fails", "실패한 소스 없음"),
        alerts=("KafkaProducerExporterSourceDown",),
        fault="view-without-brokers",
    ),
    States(
        title=Text("Can the counts of transactions be trusted?", "트랜잭션 카운트를 믿을 수 있는가?"),
        description=Text(
            "Are the counts exact, and can hanging transactions be found? Green is good. Not exact: the exporter may "
            "not read the log, or the log has lost records, so more happened than the counts say. Not judged: "
            "KafkaTransactionHanging comes late.",
            "카운트가 정확하며 멈춘(hanging) 트랜잭션을 찾을 수 있습니까? 초록이 정상입니다. 정확하지 않으면 "
            "익스포터에 로그를 읽을 권한이 없거나 로그가 레코드를 잃어, 실제로는 카운트보다 많은 일이 일어났습니다. "
            "판단하지 못하면 KafkaTransactionHanging이 늦습니다.",
        ),
        width=8,
        height=8,
        queries=[
            Query(
                "min by (%{cluster}) (\n"
                + _of_shards("max", "kafka_producer_exporter_transaction_counts_exact")
                + "\n)",
                Text(f"exact: {CLUSTER_LEGEND}", f"정확함: {CLUSTER_LEGEND}"),
            ),
            Query(
                f"max by (%{{cluster}}) ({brokers('kafka_producer_exporter_hanging_judged')})",
                Text(f"hanging judged: {CLUSTER_LEGEND}", f"멈춤 판단: {CLUSTER_LEGEND}"),
            ),
        ],
        unit="none",
        no_value=NO_VIEW,
        steps=(Step(None, "yellow"), Step(0, "yellow", Text("no", "아니요")), Step(1, "green", Text("yes", "예"))),
        alerts=("KafkaTransactionCountsInexact",),
    ),
    Graph(
        title=Text("Delay of the transaction counts", "트랜잭션 카운트의 지연"),
        description=Text(
            "How old are the counts of transactions? Usually below a second. Above the dashed line alerts on fencing, "
            "timeouts and aborts come late; nothing is lost. The best replica of each shard, because replicas count "
            "the same.",
            "트랜잭션 카운트는 얼마나 오래된 값입니까? 보통 1초 미만입니다. 점선을 넘으면 펜싱, 타임아웃, 중단 경보가 "
            "늦어지며 잃는 것은 없습니다. 레플리카는 같은 것을 세므로 샤드마다 가장 좋은 레플리카를 보입니다.",
        ),
        width=8,
        height=8,
        queries=[
            Query(
                "topk(10, " + _of_shards("min", "kafka_producer_exporter_transaction_log_delay_seconds") + ")",
                Text(f"{CLUSTER_LEGEND}, shard {{{{shard}}}}", f"{CLUSTER_LEGEND}, 샤드 {{{{shard}}}}"),
            )
        ],
        unit="s",
        no_value=NO_VIEW,
        thresholds=("delay_seconds",),
        alerts=("KafkaTransactionCountsDelayed",),
    ),
    Graph(
        title=Text("Records of the transaction log not read yet", "아직 읽지 않은 트랜잭션 로그 레코드"),
        description=Text(
            "Does an exporter keep up with the transaction log? Near 0 is good, and a peak after a start is normal. "
            "If it keeps growing, give the exporter more CPU, or use more shards.",
            "익스포터가 트랜잭션 로그를 따라잡고 있습니까? 0에 가까우면 정상이며 시작 직후의 피크는 괜찮습니다. 계속 "
            "늘면 익스포터에 CPU를 더 주거나 샤드를 늘리십시오.",
        ),
        width=8,
        height=8,
        queries=[
            Query(
                "topk(10, max by (%{cluster}, instance) "
                f"({brokers('kafka_producer_exporter_transaction_log_lag_records')}))",
                f"{CLUSTER_LEGEND} {{{{instance}}}}",
            )
        ],
        unit="short",
        no_value=NO_VIEW,
    ),
    Graph(
        title=Text("Clock of the exporter against the brokers", "브로커 대비 익스포터의 시계"),
        description=Text(
            "Do the clocks agree? Near 0 is good; above, the exporter is ahead of the brokers, below it is behind. "
            "Outside the dashed lines certificates and tokens look expired, or not yet valid. Known once the "
            "transaction log has a new record.",
            "시계가 맞습니까? 0에 가까우면 정상이며, 양수면 익스포터가 빠르고 음수면 느립니다. 점선을 벗어나면 "
            "인증서와 토큰이 만료되었거나 아직 유효하지 않은 것으로 보입니다. 트랜잭션 로그에 새 레코드가 있어야 알 "
            "수 있습니다.",
        ),
        width=8,
        height=8,
        queries=[
            Query(
                f"max by (%{{cluster}}) ({brokers('kafka_producer_exporter_clock_skew_seconds')})",
                Text(f"furthest ahead: {CLUSTER_LEGEND}", f"가장 빠름: {CLUSTER_LEGEND}"),
            ),
            Query(
                f"min by (%{{cluster}}) ({brokers('kafka_producer_exporter_clock_skew_seconds')})",
                Text(f"furthest behind: {CLUSTER_LEGEND}", f"가장 느림: {CLUSTER_LEGEND}"),
            ),
            Query(
                "-max(kafka_producer_threshold:clock_skew_seconds)",
                Text("the alert's threshold, behind", "경보 임곗값(느림)"),
                is_limit=True,
            ),
        ],
        unit="s",
        no_value=Text("no new record in the transaction log yet", "트랜잭션 로그에 아직 새 레코드 없음"),
        minimum=None,
        thresholds=("clock_skew_seconds",),
        alerts=("KafkaClockSkew",),
    ),
    Table(
        title=Text("The transaction log and the partitions, by cluster", "클러스터별 트랜잭션 로그와 파티션"),
        description=Text(
            "What may the counts have missed in the range shown? All but the ids that are followed should be 0. "
            "Missing and skipped records and dropped ids make the counts inexact; unavailable partitions are counted "
            "once they have a leader; on denied ones hanging transactions cannot be found. The worst exporter of each "
            "cluster.",
            "표시된 시간 범위에서 카운트가 놓친 것은 무엇입니까? 따라가는 ID를 뺀 나머지는 0이어야 합니다. 사라지거나 "
            "건너뛴 레코드와 버린 ID가 있으면 카운트가 정확하지 않습니다. 사용 불가 파티션은 리더가 생기면 집계되고, "
            "거부된 파티션에서는 멈춘 트랜잭션을 찾을 수 없습니다. 클러스터마다 가장 나쁜 익스포터입니다.",
        ),
        width=24,
        height=6,
        queries=[
            Query(
                f"max by (%{{cluster}}) ({brokers('kafka_producer_exporter_transactional_ids')})",
                column=Text("ids followed", "따라가는 ID"),
                unit="none",
            ),
            Query(
                f"max by (%{{cluster}}) ({brokers('kafka_producer_exporter_transactional_ids_folded')})",
                column=Text("ids combined", "합쳐진 ID"),
                unit="none",
            ),
            Query(
                _of_the_log("kafka_producer_exporter_transactional_ids_dropped_total"),
                column=Text("ids dropped", "버린 ID"),
                unit="none",
            ),
            Query(
                _of_the_log("kafka_producer_exporter_transaction_log_missing_records_total"),
                column=Text("records missing", "사라진 레코드"),
                unit="none",
            ),
            Query(
                _of_the_log("kafka_producer_exporter_transaction_log_skipped_total"),
                column=Text("records skipped", "건너뛴 레코드"),
                unit="none",
            ),
            Query(
                f"max by (%{{cluster}}) ({brokers('kafka_producer_exporter_transaction_log_partitions_unavailable')})",
                column=Text("log partitions unavailable", "사용 불가 로그 파티션"),
                unit="none",
            ),
            Query(
                f"max by (%{{cluster}}) ({brokers('kafka_producer_exporter_partitions_denied')})",
                column=Text("partitions denied", "거부된 파티션"),
                unit="none",
            ),
        ],
        labels=(CLUSTER_COLUMN,),
        steps={
            heading: (Step(None, "text"), Step(1, "yellow"))
            for heading in (
                Text("ids dropped", "버린 ID"),
                Text("records missing", "사라진 레코드"),
                Text("records skipped", "건너뛴 레코드"),
                Text("log partitions unavailable", "사용 불가 로그 파티션"),
                Text("partitions denied", "거부된 파티션"),
            )
        },
        no_value=NOTHING,
    ),
)

PROCESS = (
    Table(
        title=Text("Invalid configurations, by exporter", "설정이 잘못된 익스포터"),
        description=Text(
            "Which exporters could not load their configuration, and from when is the one in force? None is good. The "
            "exporter's log names every problem.",
            "설정을 읽지 못한 익스포터는 무엇이며, 지금 쓰는 설정은 언제 읽은 것입니까? 없어야 정상입니다. 모든 "
            "문제는 익스포터의 로그에 있습니다.",
        ),
        width=8,
        height=8,
        queries=[
            Query(
                f"topk(20, max by (namespace, pod, instance) ({_own('kafka_producer_exporter_config_valid')} == 0))",
                column=STATE,
                unit="none",
            ),
            Query(
                "topk(20, max by (namespace, pod, instance) (\n"
                f"  1000 * {_own('kafka_producer_exporter_config_last_reload_success_timestamp_seconds')}\n"
                f"    and on (job, instance) {_own('kafka_producer_exporter_config_valid')} == 0\n))",
                column=Text("in force since", "적용 시작"),
                unit="dateTimeFromNow",
            ),
        ],
        labels=(NAMESPACE_COLUMN, POD_COLUMN, ADDRESS_COLUMN),
        steps={STATE: (Step(None, "text"), Step(0, "red", Text("invalid", "잘못됨")))},
        no_value=Text("every configuration is valid", "모든 설정이 유효함"),
        alerts=("KafkaProducerExporterConfigInvalid",),
        fault="config-invalid",
    ),
    Graph(
        title=Text("Time to read a JVM, slowest of each service", "JVM을 읽는 시간, 서비스별 최댓값"),
        description=Text(
            "Which JVM makes a scrape slow? Normally tens of milliseconds. A JVM that collects garbage, has no CPU, "
            "or has very many MBeans takes longer; one that does not answer takes all the time there is.",
            "어느 JVM이 스크레이프를 느리게 합니까? 보통 수십 밀리초입니다. GC 중이거나 CPU가 부족하거나 MBean이 매우 "
            "많은 JVM은 더 걸리고, 응답하지 않는 JVM은 주어진 시간을 모두 씁니다.",
        ),
        width=8,
        height=8,
        queries=[
            Query(
                f"topk(10, max by (namespace, target) ({service('kafka_producer_exporter_scrape_duration_seconds')}))",
                SERVICE_LEGEND,
            )
        ],
        unit="s",
    ),
    Table(
        title=Text("Versions of the exporter", "익스포터 버전"),
        description=Text(
            "Which versions run? More than one is normal only during a rollout; replicas of a collector should have "
            "the same.",
            "어떤 버전이 실행 중입니까? 둘 이상은 배포 중에만 정상이며, 콜렉터의 레플리카는 버전이 같아야 합니다.",
        ),
        width=8,
        height=8,
        queries=[
            Query(
                f"topk(20, count by (version, python_version) ({BUILD}))",
                column=Text("exporters", "익스포터"),
                unit="none",
            )
        ],
        labels=(("version", Text("version", "버전")), ("python_version", Text("Python", "Python"))),
        sort=Text("exporters", "익스포터"),
    ),
    Graph(
        title=Text("CPU of the exporters", "익스포터의 CPU"),
        description=Text(
            "How much CPU do the exporters use, in cores? A sidecar needs about a hundredth. At the limit of its "
            "container, scrapes become slow and counts late; near 1 a collector cannot go faster.",
            "익스포터가 CPU를 몇 코어 쓰고 있습니까? 사이드카에는 100분의 1 정도면 됩니다. 컨테이너의 제한에 이르면 "
            "스크레이프가 느려지고 카운트가 늦어집니다. 1에 가까운 콜렉터는 더 빨라질 수 없습니다.",
        ),
        width=8,
        height=8,
        queries=[
            Query(f"topk(10, {rate(_own('kafka_producer_exporter_process_cpu_seconds_total'))})", POD_LEGEND),
        ],
        unit="short",
    ),
    Graph(
        title=Text("Memory of the exporters", "익스포터의 메모리"),
        description=Text(
            "How much memory do the exporters use? Compare it with the limit of the container: near it, the exporter "
            "leaves series out rather than die. A line that rises for days is worth a report.",
            "익스포터가 메모리를 얼마나 쓰고 있습니까? 컨테이너의 제한과 비교하십시오. 제한에 가까워지면 익스포터는 "
            "죽는 대신 시계열을 생략합니다. 며칠 동안 계속 오르면 알려 주십시오.",
        ),
        width=8,
        height=8,
        queries=[
            Query(f"topk(10, {_own('kafka_producer_exporter_process_resident_memory_bytes')})", POD_LEGEND),
        ],
        unit="bytes",
    ),
    Graph(
        title=Text("File descriptors in use", "사용 중인 파일 디스크립터"),
        description=Text(
            "Do the exporters run out of connections? The share of open file descriptors; a few percent is normal. At "
            "100 % neither JVMs nor brokers can be asked.",
            "익스포터의 연결이 부족해지고 있습니까? 열린 파일 디스크립터의 비율이며 몇 퍼센트가 정상입니다. 100 %이면 "
            "JVM에도 브로커에도 질의할 수 없습니다.",
        ),
        width=8,
        height=8,
        queries=[
            Query(
                f"topk(10, {_own('kafka_producer_exporter_process_open_fds')}\n"
                f"  / {_own('kafka_producer_exporter_process_max_fds')})",
                POD_LEGEND,
            ),
        ],
        unit="percentunit",
        maximum=1,
    ),
)

PROMETHEUS = (
    Graph(
        title=Text("Rule evaluations that fail", "실패한 규칙 평가"),
        description=Text(
            "Does Prometheus fail to evaluate alert rules? 0 is good. A rule that fails fires nothing; the page Rules "
            "of Prometheus has the error. Needs a Prometheus that scrapes itself.",
            "Prometheus가 경보 규칙을 평가하지 못하고 있습니까? 0이 정상입니다. 실패한 규칙은 경보를 내지 못하며, "
            "오류는 Prometheus의 Rules 페이지에 있습니다. Prometheus가 자신을 스크레이프해야 합니다.",
        ),
        width=12,
        height=8,
        queries=[
            Query(
                "topk(10, sum by (group) (label_replace(\n"
                f"  {rate(f'prometheus_rule_evaluation_failures_total{{{RULES}}}')},\n"
                '  "group", "$1", "rule_group", ".*;(.+)"\n)))',
                "{{group}}",
            )
        ],
        unit="eps",
        no_value=Text("Prometheus does not scrape itself", "Prometheus가 자신을 스크레이프하지 않음"),
    ),
    Graph(
        title=Text("Time to evaluate the rules", "규칙 평가 시간"),
        description=Text(
            "Are the rules evaluated in time? Far below the evaluation interval (usually 30 s or a minute) is good; "
            "above it, evaluations are skipped and alerts come late. Needs a Prometheus that scrapes itself.",
            "규칙이 제때 평가됩니까? 평가 주기(보통 30초 또는 1분)보다 훨씬 짧아야 정상이며, 길면 평가를 건너뛰어 "
            "경보가 늦습니다. Prometheus가 자신을 스크레이프해야 합니다.",
        ),
        width=12,
        height=8,
        queries=[
            Query(
                "topk(10, max by (group) (label_replace(\n"
                f"  prometheus_rule_group_last_duration_seconds{{{RULES}}},\n"
                '  "group", "$1", "rule_group", ".*;(.+)"\n)))',
                "{{group}}",
            )
        ],
        unit="s",
        no_value=Text("Prometheus does not scrape itself", "Prometheus가 자신을 스크레이프하지 않음"),
    ),
)

ABOUT = Note(
    title=Text("How to read this board", "이 보드를 읽는 법"),
    description=Text(
        "What the board shows, and what to do about what it shows.",
        "이 보드가 무엇을 보여 주며 어떻게 대처하는지 설명합니다.",
    ),
    width=24,
    height=8,
    text=Text(
        """\
**Can the other boards and the alerts be believed?** A number comes from **the producer's JVM (JMX), or the brokers →
exporter → Prometheus → alert rules**, and each step has its row:

| step | when it fails |
| --- | --- |
| the JVM has metrics | producers without metrics, or two with one client.id: they lose records unseen |
| the exporter reads the JVM | JVMs that do not answer; series that are left out |
| the exporter reads the brokers | sources fail; counts of transactions are late, or lower bounds |
| Prometheus scrapes the exporter | exporters that do not answer; services that have vanished |
| Prometheus evaluates the rules | the watchdog is gone, evaluations fail |

`kafka-producer-exporter check` says for each target what is wrong and what to change.
""",
        """\
**다른 보드와 경보를 믿을 수 있는가?** 숫자는 **프로듀서의 JVM(JMX) 또는 브로커 → 익스포터 → Prometheus → 경보 규칙**
순으로 오며, 단계마다 패널이 있습니다.

| 단계 | 실패하면 |
| --- | --- |
| JVM에 메트릭이 있음 | 메트릭이 없는 프로듀서, client.id가 같은 두 프로듀서: 레코드를 잃어도 아무도 모름 |
| 익스포터가 JVM을 읽음 | 응답하지 않는 JVM, 생략된 시계열 |
| 익스포터가 브로커를 읽음 | 소스 실패, 트랜잭션 카운트가 늦거나 하한값 |
| Prometheus가 익스포터를 스크레이프 | 응답하지 않는 익스포터, 사라진 서비스 |
| Prometheus가 규칙을 평가 | Watchdog이 없음, 평가 실패 |

`kafka-producer-exporter check`는 대상마다 무엇이 잘못되었고 무엇을 바꿔야 하는지 알려 줍니다.
""",
    ),
)

BOARD = Board(
    key="exporter",
    title=Text("Kafka producers / Exporter health", "Kafka 프로듀서 / 익스포터 상태"),
    description=Text(
        "Can the other boards and the alerts be believed?",
        "다른 보드와 경보를 믿을 수 있는가?",
    ),
    variables=SERVICE,
    rows=(
        Row(None, (*STATS, *DOWN, *SCRAPES)),
        Row(Text("What nobody sees", "아무도 보지 못하는 것"), UNSEEN),
        Row(Text("The broker view", "브로커 뷰"), VIEW),
        Row(Text("The exporters themselves", "익스포터 자체"), PROCESS),
        Row(Text("Prometheus", "Prometheus"), PROMETHEUS),
        Row(Text("About this board", "이 보드에 대하여"), (ABOUT,)),
    ),
)
