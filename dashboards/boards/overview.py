"""The board where a search begins: is anyone losing records, who, since when, and why."""

from dashboards.model import AlertList, Board, Graph, Link, Note, Query, Row, Stat, Step, Table
from dashboards.queries import PRODUCER, SERVICE, brokers, rate, service
from kafka_producer_exporter.languages import Text

SERVICE_LABELS = "%{cluster}, namespace, target"
CLIENT_LABELS = f"{SERVICE_LABELS}, client_id"
SERVICE_LEGEND = "{{namespace}} {{target}}"
NEEDS_RULES = Text("no traffic, or the alert rules are not loaded", "트래픽이 없거나 경보 규칙이 로드되지 않음")
NO_TRAFFIC = Text("nothing was sent in the last minute", "최근 1분 동안 전송 없음")
SINCE = Text("since", "시작")
LOST = Text("lost", "유실")
TIMES = "suffix:×"


def _worst(expr: str) -> str:
    """Return the lines of the ten services with the greatest value."""
    return f"topk(10, {expr})"


def _by_service(operation: str, expr: str) -> str:
    return f"{operation} by (namespace, target) ({expr})"


SENT = service("kafka_producer_record_send_total")
RETRIED = service("kafka_producer_record_retry_total")
FAILED = service("kafka_producer_record_error_total")
STARTED = service("kafka_producer_start_time_seconds")
VERSIONS = service("kafka_producer_info")
BUFFER_USED = f"1 - {service('kafka_producer_buffer_available_bytes')} / {service('kafka_producer_buffer_total_bytes')}"

# The quantity of KafkaProducerRecordErrors: increase() sees nothing of a counter that was above zero when it was first
# scraped, so a producer that is younger than the window counts with all that it lost.
LOST_RECORDS = f"""sum by ({CLIENT_LABELS}) (
  {FAILED} > 0
    and on (job, instance, target, client_id) time() - {STARTED} < %{{error_window.seconds}}
  or increase({FAILED}[%{{error_window}}])
)"""
RETRIES = f"sum by ({CLIENT_LABELS}) (increase({RETRIED}[%{{error_window}}]))"
USED = f"max by ({CLIENT_LABELS}) ({BUFFER_USED})"
# Every column shows the same clients. A lost record weighs as much as a thousand retries, and a retry more than a full
# buffer. A producer that has just died has no buffer any more, but may have lost records.
WORST_CLIENTS = f"""topk(20,
  1000 * {LOST_RECORDS}
  + {RETRIES}
  + ({USED} or 0 * {RETRIES})
)"""


def _of_worst_clients(expr: str) -> str:
    return f"{expr}\nand\n{WORST_CLIENTS}"


def _loss(window: str) -> str:
    """Return the recorded share of lost records of each service."""
    return service(f"service:kafka_producer_record_error:ratio_rate{window}")


def _loss_column(window: str, heading: Text) -> Query:
    loss = f"max by ({SERVICE_LABELS}) ({_loss(window)})"
    worst = f"topk(20, max by ({SERVICE_LABELS}) ({_loss('3d')}) > 0)"
    return Query(f"{loss} and {worst}", column=heading, unit="percentunit")


ERRORS_1H = f"sum({service('service:kafka_producer_record_error:increase1h')})"
FIRST_SENDS_1H = f"sum({service('service:kafka_producer_record_first_send:increase1h')})"
LOSING_NOW = (
    f"sum({service('service:kafka_producer_record_error:increase5m')} > bool 0)\n"
    f"or sum(sum by ({SERVICE_LABELS}) ({rate(FAILED)}) > bool 0)"
)
BUDGET = "scalar(max(kafka_producer_threshold:error_budget))"
PRODUCERS = 'kind="producer"'
DOWN = (
    f"sum(({service('kafka_producer_up')} == bool 0)\n"
    f"  and on (job, instance, target) {service('kafka_producer_exporter_target_info', PRODUCERS)})"
)
BROKER_ERRORS = f'kafka_broker_request_error_total{{{PRODUCER[0]}, target!="", error!="CONCURRENT_TRANSACTIONS"}}'

STATS = (
    Stat(
        title=Text("Services losing records", "레코드를 잃고 있는 서비스"),
        description=Text(
            "Is anyone losing records now? Counts the services with a record that failed for good in the last five "
            "minutes; 0 is good. Records in the buffer of a killed process are lost, too, but no client counts them.",
            "지금 레코드를 잃고 있는 서비스가 있습니까? 최근 5분 안에 최종 실패한 레코드가 있는 서비스의 수이며, 0이 "
            "정상입니다. 강제 종료된 프로세스의 버퍼에 있던 레코드는 어떤 클라이언트도 세지 못합니다.",
        ),
        width=4,
        height=3,
        queries=[Query(LOSING_NOW)],
        unit="none",
        steps=(Step(None, "green"), Step(1, "red")),
        decimals=0,
    ),
    Stat(
        title=Text("Delivered, last hour", "전달된 비율, 최근 1시간"),
        description=Text(
            "What share of the records arrived? Lost records are divided by first attempts, so retries do not hide "
            "them. A record that expires in flight may count twice, so the truth is a little better.",
            "레코드가 얼마나 도착했습니까? 잃은 레코드를 첫 시도 수로 나누므로 재시도에 가려지지 않습니다. 전송 중에 "
            "만료된 레코드는 두 번 집계될 수 있어 실제는 조금 더 좋습니다.",
        ),
        width=4,
        height=3,
        queries=[
            Query(f"1 - {ERRORS_1H}\n  / (({FIRST_SENDS_1H} >= {ERRORS_1H}\n    or {ERRORS_1H}) > 0)"),
        ],
        unit="percentunit",
        no_value=NEEDS_RULES,
        decimals=3,
    ),
    Stat(
        title=Text("Budget burn", "예산 소진 속도"),
        description=Text(
            "How fast does the worst service spend its error budget, over one hour? 1× spends a month's budget in a "
            "month, 14.4× in two days, and then somebody is paged. The budget is the error_budget of the alert rules.",
            "최악의 서비스가 최근 1시간 동안 오류 예산을 얼마나 빨리 쓰고 있습니까? 1×는 한 달 예산을 한 달에, "
            "14.4×는 이틀에 쓰는 속도이며 이때 호출이 갑니다. 예산은 경보 규칙의 error_budget입니다.",
        ),
        width=4,
        height=3,
        queries=[Query(f"max({_loss('1h')}) / {BUDGET}")],
        unit=TIMES,
        no_value=NEEDS_RULES,
        steps=(Step(None, "green"), Step(1, "yellow"), Step(6, "red")),
        decimals=1,
    ),
    Stat(
        title=Text("JVMs down", "응답 없는 JVM"),
        description=Text(
            "Is anybody unseen? Nothing is known about the producers of a JVM that does not answer, so every other "
            "number here leaves them out. The board of the exporter's health says which they are, and why.",
            "보이지 않는 프로듀서가 있습니까? 응답하지 않는 JVM의 프로듀서는 상태를 알 수 없어 이 보드의 다른 "
            "숫자에서 빠집니다. 어느 JVM이며 이유가 무엇인지는 익스포터 상태 보드에 있습니다.",
        ),
        width=4,
        height=3,
        queries=[Query(DOWN)],
        unit="none",
        steps=(Step(None, "green"), Step(1, "red")),
        decimals=0,
        links=(Link(Text("Exporter health", "익스포터 상태"), "exporter", ()),),
    ),
    Stat(
        title=Text("Producers that report", "메트릭을 내는 프로듀서"),
        description=Text(
            "How many producers do these numbers cover? A step down is a deploy, a JVM that is gone, or a producer "
            "that was closed. Producers without metrics are on the board of the exporter's health.",
            "이 숫자는 프로듀서 몇 개를 나타냅니까? 줄었다면 배포, 사라진 JVM, 닫힌 프로듀서 중 하나입니다. 메트릭이 "
            "없는 프로듀서는 익스포터 상태 보드에 있습니다.",
        ),
        width=4,
        height=3,
        queries=[Query(f"sum({service('kafka_producer_clients')})")],
        unit="none",
        sparkline=True,
        decimals=0,
    ),
    Stat(
        title=Text("Records per second", "초당 레코드"),
        description=Text(
            "How much is sent? Attempts without retries, over all services. A sudden fall without errors means that "
            "applications produce less, or that send() blocks.",
            "얼마나 보내고 있습니까? 모든 서비스의 전송 시도에서 재시도를 뺀 값입니다. 오류 없이 갑자기 줄면 "
            "애플리케이션이 덜 만들거나 send()가 멈춰 있는 것입니다.",
        ),
        width=4,
        height=3,
        queries=[Query(f"clamp_min(sum({rate(SENT)}) - sum({rate(RETRIED)}), 0)")],
        unit="recps",
        sparkline=True,
    ),
)

NOW = (
    AlertList(
        title=Text("Alerts that fire", "발생 중인 경보"),
        description=Text(
            "What is wrong, with whom, and since when? Begin with what is critical and began first: the rest often "
            "follows from it. Each alert has a runbook.",
            "무엇이, 누구에게, 언제부터 문제입니까? critical이면서 먼저 시작된 것부터 보십시오. 나머지는 그 결과인 "
            "경우가 많습니다. 경보마다 런북이 있습니다.",
        ),
        width=8,
        height=8,
        no_value=Text(
            "no alert fires, or the alert rules are not loaded", "발생한 경보 없음, 또는 경보 규칙이 로드되지 않음"
        ),
    ),
    Graph(
        title=Text("Lost records per second, by service", "서비스별 초당 유실 레코드"),
        description=Text(
            "Who loses records, and since when? The ten worst services; a line begins where the loss began, and there "
            "is none without a loss. Guide: record-error-rate.",
            "누가 언제부터 레코드를 잃고 있습니까? 가장 나쁜 서비스 10개이며, 선이 시작되는 곳에서 유실이 "
            "시작되었습니다. 유실이 없으면 선도 없습니다. 가이드: record-error-rate.",
        ),
        width=8,
        height=8,
        queries=[Query(_worst(f"{_by_service('sum', rate(FAILED))} > 0"), SERVICE_LEGEND)],
        unit="recps",
        no_value=Text("nothing was lost", "유실 없음"),
        guide=("record-error-rate",),
        fault="record-too-large",
    ),
    Graph(
        title=Text("Why: error codes of the brokers", "왜: 브로커의 오류 코드"),
        description=Text(
            "Do brokers reject what producers send, and with which error? Needs targets of kind broker. Some errors "
            "per second for a moment are normal when leaders move; an error that stays is the cause to look for.",
            "브로커가 프로듀서의 요청을 거부하고 있습니까? 어떤 오류입니까? kind가 broker인 대상이 필요합니다. 리더가 "
            "옮겨질 때 잠시 나타나는 오류는 정상이며, 계속되는 오류가 원인입니다.",
        ),
        width=8,
        height=8,
        queries=[
            Query(_worst(f"sum by (request, error) ({rate(BROKER_ERRORS)}) > 0"), "{{error}} ({{request}})"),
        ],
        unit="eps",
        no_value=Text("no errors, or no target of kind broker", "오류 없음, 또는 kind가 broker인 대상 없음"),
        fault="topic-rejects-records",
    ),
    Table(
        title=Text(
            "Worst 20 clients, last %{error_window.words}",
            "최악의 클라이언트 20개, 최근 %{error_window.words}",
        ),
        description=Text(
            "Which clients lose records, and what else is wrong with them? Clients that lost records come first, then "
            "those that retry, then those with a full buffer. A long queue time with a short latency points to the "
            "client, and both together to the brokers or a quota; the name leads to the client's own board.",
            "어느 클라이언트가 레코드를 잃고 있으며 다른 이상은 무엇입니까? 레코드를 잃은 클라이언트, 재시도하는 "
            "클라이언트, 버퍼가 찬 클라이언트 순입니다. 큐 대기만 길면 클라이언트, 지연도 길면 브로커나 쿼터가 "
            "원인입니다. 이름을 누르면 그 클라이언트의 보드로 갑니다.",
        ),
        width=16,
        height=9,
        queries=[
            Query(f"round({_of_worst_clients(LOST_RECORDS)})", column=LOST, unit="none"),
            Query(
                _of_worst_clients(
                    f"min by ({CLIENT_LABELS}) (1000 * "
                    + service("ALERTS_FOR_STATE", 'alertname="KafkaProducerRecordErrors"')
                    + ")"
                ),
                column=SINCE,
                unit="dateTimeFromNow",
            ),
            Query(
                _of_worst_clients(
                    f"sum by ({CLIENT_LABELS}) (rate({RETRIED}[%{{error_window}}]))\n"
                    f"  / (sum by ({CLIENT_LABELS}) (rate({SENT}[%{{error_window}}])) > 0)"
                ),
                column=Text("retries", "재시도"),
                unit="percentunit",
            ),
            Query(
                _of_worst_clients(
                    f"max by ({CLIENT_LABELS}) ({service('kafka_producer_request_latency_avg_seconds')})"
                ),
                column=Text("latency", "지연"),
                unit="s",
            ),
            Query(
                _of_worst_clients(
                    f"max by ({CLIENT_LABELS}) ({service('kafka_producer_record_queue_time_avg_seconds')})"
                ),
                column=Text("queue time", "큐 대기"),
                unit="s",
            ),
            Query(_of_worst_clients(USED), column=Text("buffer used", "버퍼 사용률"), unit="percentunit"),
        ],
        labels=(
            ("namespace", Text("namespace", "네임스페이스")),
            ("target", Text("service", "서비스")),
            ("client_id", Text("client", "클라이언트")),
        ),
        sort=LOST,
        steps={
            LOST: (Step(None, "text"), Step(1, "red")),
            Text("retries", "재시도"): (Step(None, "text"), Step(0.05, "yellow")),
            Text("buffer used", "버퍼 사용률"): (Step(None, "text"), Step(0.8, "yellow"), Step(0.95, "red")),
        },
        no_value=Text("–", "–"),
        links=(Link(Text("This client", "이 클라이언트"), "producer", ("target", "client_id")),),
        alerts=("KafkaProducerRecordErrors",),
        fault="record-too-large",
    ),
    Table(
        title=Text("Why: lost by topic, last %{error_window.words}", "왜: 토픽별 유실, 최근 %{error_window.words}"),
        description=Text(
            "Is it one topic, or all? One points to its settings, size limit or ACL; all point to the connection or "
            "the login. Partitions below min ISR or without a leader (from the broker view) are a cause by "
            "themselves. Records that fail in send() have no topic and are missing here.",
            "토픽 하나의 문제입니까, 전체의 문제입니까? 하나라면 그 토픽의 설정, 크기 제한 또는 ACL이고, 전체라면 "
            "연결이나 로그인입니다. min ISR 미달 파티션이나 리더 없는 파티션(브로커 뷰)은 그 자체로 원인입니다. "
            "send()에서 실패한 레코드는 토픽이 없어 나오지 않습니다.",
        ),
        width=8,
        height=9,
        queries=[
            Query(
                "topk(20, round(sum by (%{cluster}, topic) "
                f"(increase({service('kafka_producer_topic_record_error_total')}[%{{error_window}}]))) > 0)",
                column=LOST,
                unit="none",
            ),
            Query(
                f"topk(20, max by (%{{cluster}}, topic) ({brokers('kafka_topic_under_min_insync_partitions')}) > 0)",
                column=Text("below min ISR", "min ISR 미달"),
                unit="none",
            ),
            Query(
                f"topk(20, max by (%{{cluster}}, topic) ({brokers('kafka_topic_offline_partitions')}) > 0)",
                column=Text("no leader", "리더 없음"),
                unit="none",
            ),
        ],
        labels=(("topic", Text("topic", "토픽")),),
        sort=LOST,
        steps={
            heading: (Step(None, "text"), Step(1, "red"))
            for heading in (LOST, Text("below min ISR", "min ISR 미달"), Text("no leader", "리더 없음"))
        },
        no_value=Text("nothing was lost", "유실 없음"),
        fault="min-isr-unmet only-replica-lost",
    ),
)

RED = (
    Graph(
        title=Text("Error budget burn, by service", "서비스별 오류 예산 소진 속도"),
        description=Text(
            "How bad is the loss, measured by what is allowed? The share of records lost in the last hour, as a "
            "multiple of the error budget. Above the upper dashed line somebody is paged; above the lower one, if it "
            "lasts for six hours.",
            "허용치에 비해 유실이 얼마나 심합니까? 최근 1시간에 잃은 레코드의 비율을 오류 예산의 배수로 나타냅니다. "
            "위쪽 점선을 넘으면 바로, 아래쪽 점선을 넘은 채 6시간이 가면 호출이 갑니다.",
        ),
        width=8,
        height=8,
        queries=[
            Query(_worst(f"{_by_service('max', _loss('1h'))} / {BUDGET}"), SERVICE_LEGEND),
            Query(
                "max(kafka_producer_threshold:burn_rate_1h)",
                Text("page within an hour", "1시간 구간 호출 임곗값"),
                is_limit=True,
            ),
            Query(
                "max(kafka_producer_threshold:burn_rate_6h)",
                Text("page within six hours", "6시간 구간 호출 임곗값"),
                is_limit=True,
            ),
        ],
        unit=TIMES,
        no_value=NEEDS_RULES,
        alerts=("KafkaProducerErrorBudgetBurn",),
    ),
    Table(
        title=Text("Share of records lost, by service", "서비스별 유실 비율"),
        description=Text(
            "Is the loss new, or has it gone on for days? The 20 services that lost most in three days. High in the "
            "short windows only: it has just begun; high in the long ones only: it is over.",
            "방금 시작된 유실입니까, 며칠째입니까? 3일 동안 가장 많이 잃은 서비스 20개입니다. 짧은 구간만 높으면 방금 "
            "시작된 것이고, 긴 구간만 높으면 끝난 것입니다.",
        ),
        width=8,
        height=8,
        queries=[
            _loss_column("5m", Text("5 min", "5분")),
            _loss_column("1h", Text("1 h", "1시간")),
            _loss_column("6h", Text("6 h", "6시간")),
            _loss_column("1d", Text("1 day", "1일")),
            _loss_column("3d", Text("3 days", "3일")),
        ],
        labels=(
            ("namespace", Text("namespace", "네임스페이스")),
            ("target", Text("service", "서비스")),
        ),
        sort=Text("1 h", "1시간"),
        no_value=Text(
            "nothing was lost in three days, or the alert rules are not loaded",
            "3일 동안 유실 없음, 또는 경보 규칙이 로드되지 않음",
        ),
        links=(Link(Text("This service", "이 서비스"), "producer", ("target",)),),
        fault="record-too-large",
    ),
    Graph(
        title=Text("Retries, by service", "서비스별 재시도 비율"),
        description=Text(
            "How many attempts are retries? Nearly none in health; a peak while leaders move is normal. Nothing is "
            "lost yet, but what is retried arrives late. Producers with transactions retry more "
            "(CONCURRENT_TRANSACTIONS). Guide: record-retry-rate.",
            "전송 시도 중 재시도는 얼마나 됩니까? 정상일 때는 거의 없으며 리더가 옮겨질 때 잠시 느는 것은 괜찮습니다. "
            "아직 잃은 것은 없지만 늦게 도착합니다. 트랜잭션 프로듀서는 재시도가 더 "
            "많습니다(CONCURRENT_TRANSACTIONS). 가이드: record-retry-rate.",
        ),
        width=8,
        height=8,
        queries=[
            Query(
                _worst(f"{_by_service('sum', rate(RETRIED))} / ({_by_service('sum', rate(SENT))} > 0)"),
                SERVICE_LEGEND,
            )
        ],
        unit="percentunit",
        no_value=NO_TRAFFIC,
        thresholds=("retry_ratio",),
        guide=("record-retry-rate",),
    ),
    Graph(
        title=Text("Records sent, by service", "서비스별 전송 레코드"),
        description=Text(
            "Who sends how much? The ten busiest services, with retries. A line that ends is a service that has "
            "stopped or vanished. Guide: record-send-rate.",
            "누가 얼마나 보내고 있습니까? 가장 바쁜 서비스 10개이며 재시도를 포함합니다. 선이 끊기면 서비스가 "
            "멈췄거나 사라진 것입니다. 가이드: record-send-rate.",
        ),
        width=8,
        height=8,
        queries=[Query(_worst(_by_service("sum", rate(SENT))), SERVICE_LEGEND)],
        unit="recps",
        no_value=NO_TRAFFIC,
        guide=("record-send-rate",),
    ),
    Graph(
        title=Text("Request latency, slowest client of each service", "요청 지연, 서비스별 가장 느린 클라이언트"),
        description=Text(
            "How long do brokers take to answer? The average over the last 30 to 60 s of the slowest client. It rises "
            "under a quota, too, and a request without any answer is in no average: a line that ends during an "
            "incident is not good news. Guide: request-latency-avg.",
            "브로커의 응답은 얼마나 걸립니까? 가장 느린 클라이언트의 최근 30~60초 평균입니다. 쿼터로 제한될 때도 "
            "오르며, 응답이 없는 요청은 평균에 들어가지 않으므로 장애 중에 선이 끊기는 것은 좋은 소식이 아닙니다. "
            "가이드: request-latency-avg.",
        ),
        width=8,
        height=8,
        queries=[
            Query(
                _worst(_by_service("max", service("kafka_producer_request_latency_avg_seconds"))),
                SERVICE_LEGEND,
            )
        ],
        unit="s",
        no_value=NO_TRAFFIC,
        thresholds=("latency_seconds",),
        guide=("request-latency-avg",),
    ),
    Graph(
        title=Text("Queue time, slowest client of each service", "큐 대기 시간, 서비스별 가장 느린 클라이언트"),
        description=Text(
            "How long do batches wait in the client before they are sent? About linger.ms in health. More means "
            "retries, slow brokers or a quota; near delivery.timeout.ms records are lost. A batch that expired unsent "
            "is not in it.",
            "배치는 전송되기까지 클라이언트에서 얼마나 기다립니까? 정상이면 linger.ms 정도입니다. 더 길면 재시도, "
            "느린 브로커 또는 쿼터이며, delivery.timeout.ms에 가까우면 레코드를 잃습니다. 전송되지 못하고 만료된 "
            "배치는 들어 있지 않습니다.",
        ),
        width=8,
        height=8,
        queries=[
            Query(
                _worst(_by_service("max", service("kafka_producer_record_queue_time_avg_seconds"))),
                SERVICE_LEGEND,
            )
        ],
        unit="s",
        no_value=NO_TRAFFIC,
        thresholds=("queue_seconds",),
    ),
)

SATURATION = (
    Graph(
        title=Text("Buffer used, fullest client of each service", "버퍼 사용률, 서비스별 가장 찬 클라이언트"),
        description=Text(
            "Is there room for more records? A few percent is normal. A buffer that stays full blocks send() for "
            "max.block.ms, and then records are rejected.",
            "레코드를 더 받을 자리가 있습니까? 몇 퍼센트가 정상입니다. 계속 가득 차 있으면 send()가 max.block.ms 동안 "
            "멈추고 그 뒤에는 레코드가 거부됩니다.",
        ),
        width=8,
        height=8,
        queries=[Query(_worst(_by_service("max", BUFFER_USED)), SERVICE_LEGEND)],
        unit="percentunit",
        maximum=1,
    ),
    Graph(
        title=Text("Threads blocked on the buffer, by service", "서비스별 버퍼에서 멈춘 스레드"),
        description=Text(
            "Are applications held up? The average number of threads that wait in send() for buffer memory, in the "
            "worst client; 0 in health. A wait counts when it ends, up to max.block.ms late. Guide: "
            "bufferpool-wait-time-total.",
            "애플리케이션이 멈춰 있습니까? 가장 나쁜 클라이언트에서 버퍼 메모리를 기다리며 send()에 멈춘 평균 스레드 "
            "수이며 정상이면 0입니다. 대기는 끝날 때 집계되므로 최대 max.block.ms만큼 늦습니다. 가이드: "
            "bufferpool-wait-time-total.",
        ),
        width=8,
        height=8,
        queries=[
            Query(
                _worst(
                    _by_service(
                        "max",
                        "sum by (namespace, target, client_id) ("
                        + rate(service("kafka_producer_bufferpool_wait_time_seconds_total"))
                        + ")",
                    )
                ),
                SERVICE_LEGEND,
            )
        ],
        unit="short",
        thresholds=("blocked_threads",),
        guide=("bufferpool-wait-time-total",),
    ),
    Graph(
        title=Text("Records rejected by a full buffer, by service", "서비스별 버퍼 부족으로 거부된 레코드"),
        description=Text(
            "Does send() fail because the buffer stays full? Each is a lost record, unless the application tries "
            "again; there is no line without one. Always 0 in clients before 2.6. Guide: buffer-exhausted-rate.",
            "버퍼가 계속 가득 차 send()가 실패합니까? 애플리케이션이 다시 시도하지 않으면 하나하나가 잃은 레코드이며, "
            "없으면 선도 없습니다. 2.6 이전 클라이언트에서는 항상 0입니다. 가이드: buffer-exhausted-rate.",
        ),
        width=8,
        height=8,
        queries=[
            Query(
                _worst(f"{_by_service('sum', rate(service('kafka_producer_buffer_exhausted_total')))} > 0"),
                SERVICE_LEGEND,
            )
        ],
        unit="recps",
        no_value=Text("nothing was rejected", "거부된 레코드 없음"),
        guide=("buffer-exhausted-rate",),
        fault="buffer-full",
    ),
    Graph(
        title=Text(
            "Sender thread busy, busiest client of each service", "Sender 스레드 사용률, 서비스별 가장 바쁜 클라이언트"
        ),
        description=Text(
            "Is the one thread that sends at its limit? Near 100 % a client cannot send more, whatever the brokers "
            "do: a slow callback, compression or a short CPU. Only clients with more than one request per second; "
            "others report their waits too late.",
            "전송을 맡은 단 하나의 스레드가 한계에 이르렀습니까? 100 %에 가까우면 브로커와 상관없이 더 보낼 수 "
            "없으며, 느린 콜백, 압축 또는 부족한 CPU가 원인입니다. 초당 요청이 1개를 넘는 클라이언트만 나타냅니다.",
        ),
        width=12,
        height=8,
        queries=[
            Query(
                _worst(
                    _by_service(
                        "max",
                        f"clamp_min(1 - {rate(service('kafka_producer_io_wait_time_seconds_total'))}, 0)\n"
                        f"  and {rate(service('kafka_producer_request_total'))} > 1",
                    )
                ),
                SERVICE_LEGEND,
            )
        ],
        unit="percentunit",
        maximum=1,
        no_value=Text("no client sends more than one request per second", "초당 요청이 1개를 넘는 클라이언트 없음"),
        thresholds=("sender_busy_ratio",),
    ),
    Graph(
        title=Text("Throttled by a quota, longest delay of each service", "쿼터로 인한 지연, 서비스별 최댓값"),
        description=Text(
            "Do brokers slow a client down on purpose? The longest throttle time in the last 30 to 60 s; 0 is normal. "
            "If it is above 0, latency and queue time are high because of the quota, and the brokers are not at fault.",
            "브로커가 일부러 클라이언트를 늦추고 있습니까? 최근 30~60초의 가장 긴 제한 시간이며 0이 정상입니다. 0보다 "
            "크면 지연과 큐 대기가 긴 것은 쿼터 때문이며 브로커 장애가 아닙니다.",
        ),
        width=12,
        height=8,
        queries=[
            Query(
                _worst(_by_service("max", service("kafka_producer_produce_throttle_time_max_seconds"))),
                SERVICE_LEGEND,
            )
        ],
        unit="s",
        no_value=NO_TRAFFIC,
        thresholds=("throttle_seconds",),
    ),
)

EFFICIENCY = (
    Graph(
        title=Text("Records per request, fewest first", "요청당 레코드, 적은 순"),
        description=Text(
            "Do batches work? The ten services with the fewest records per request. Below the dashed line linger.ms "
            "and batch.size do next to nothing; that matters only for services with many requests.",
            "배치가 제 역할을 하고 있습니까? 요청당 레코드가 가장 적은 서비스 10개입니다. 점선 아래에서는 linger.ms와 "
            "batch.size가 거의 효과가 없으며, 요청이 많은 서비스에서만 중요합니다.",
        ),
        width=8,
        height=8,
        queries=[
            Query(
                "bottomk(10, "
                f"{_by_service('sum', rate(SENT))}\n"
                f"  / ({_by_service('sum', rate(service('kafka_producer_request_total')))} > 1))",
                SERVICE_LEGEND,
            )
        ],
        unit="short",
        no_value=Text("no service sends more than one request per second", "초당 요청이 1개를 넘는 서비스 없음"),
        thresholds=("tiny_batch_records",),
    ),
    Graph(
        title=Text("Batch size, by service", "서비스별 배치 크기"),
        description=Text(
            "How large are the batches, after compression? Larger ones cost less; far below batch.size is normal for "
            "records that compress well or come slowly. Guide: batch-size-avg.",
            "압축 후 배치의 크기는 얼마입니까? 클수록 비용이 적습니다. 잘 압축되거나 드물게 오는 레코드라면 "
            "batch.size보다 훨씬 작은 것이 정상입니다. 가이드: batch-size-avg.",
        ),
        width=8,
        height=8,
        queries=[
            Query(
                _worst(_by_service("max", service("service:kafka_producer_batch_size_avg_bytes:mean5m"))),
                SERVICE_LEGEND,
            )
        ],
        unit="bytes",
        no_value=NEEDS_RULES,
        guide=("batch-size-avg",),
    ),
    Graph(
        title=Text("Compression, by service", "서비스별 압축률"),
        description=Text(
            "Does compression help? Compressed size divided by original size: lower is better, 100 % saves nothing, "
            "and then it may be switched off. The ten services that save least. Guide: compression-rate-avg.",
            "압축이 도움이 됩니까? 압축된 크기를 원래 크기로 나눈 값으로 낮을수록 좋습니다. 100 %는 효과가 없으며 "
            "압축이 꺼져 있을 수 있습니다. 효과가 가장 적은 서비스 10개입니다. 가이드: compression-rate-avg.",
        ),
        width=8,
        height=8,
        queries=[
            Query(
                _worst(_by_service("max", service("service:kafka_producer_compression_rate_avg:mean5m"))),
                SERVICE_LEGEND,
            )
        ],
        unit="percentunit",
        no_value=NEEDS_RULES,
        thresholds=("compression_rate",),
        guide=("compression-rate-avg",),
    ),
    Graph(
        title=Text("Record size, by service", "서비스별 레코드 크기"),
        description=Text(
            "Have the records grown? The client reports the average over batches of the largest record in each, "
            "before compression, so typical records are smaller. Near max.request.size or max.message.bytes records "
            "are rejected. Guide: record-size-avg.",
            "레코드가 커졌습니까? 클라이언트는 배치마다 가장 큰 레코드의 압축 전 평균을 내므로 보통 레코드는 이보다 "
            "작습니다. max.request.size나 max.message.bytes에 가까우면 레코드가 거부됩니다. 가이드: record-size-avg.",
        ),
        width=8,
        height=8,
        queries=[
            Query(
                _worst(_by_service("max", service("service:kafka_producer_record_size_avg_bytes:max5m"))),
                SERVICE_LEGEND,
            )
        ],
        unit="bytes",
        no_value=NEEDS_RULES,
        guide=("record-size-avg",),
    ),
    Graph(
        title=Text("Bytes sent, by service", "서비스별 전송 바이트"),
        description=Text(
            "Who uses the network? Bytes written to all brokers, with retries and requests of every kind. Compare "
            "with the quota and the bandwidth of the brokers.",
            "누가 네트워크를 씁니까? 재시도와 모든 종류의 요청을 포함해 브로커로 보낸 바이트입니다. 쿼터와 브로커의 "
            "대역폭에 비교하십시오.",
        ),
        width=8,
        height=8,
        queries=[
            Query(
                _worst(_by_service("sum", rate(service("kafka_producer_outgoing_bytes_total")))),
                SERVICE_LEGEND,
            )
        ],
        unit="Bps",
        no_value=NO_TRAFFIC,
    ),
    Table(
        title=Text("Versions of the client", "클라이언트 버전"),
        description=Text(
            "Which versions of the Kafka client are in use, by how many producers and services? Old versions lack "
            "some metrics: before 2.6 a full buffer is not counted, and before 2.4 there is no start time.",
            "어떤 버전의 Kafka 클라이언트를 프로듀서와 서비스 몇 개가 쓰고 있습니까? 오래된 버전에는 없는 메트릭이 "
            "있습니다. 2.6 이전에는 버퍼 부족이 집계되지 않고, 2.4 이전에는 시작 시각이 없습니다.",
        ),
        width=8,
        height=8,
        queries=[
            Query(
                f"topk(20, count by (version) ({VERSIONS}))",
                column=Text("producers", "프로듀서"),
                unit="none",
            ),
            Query(
                f"topk(20, count by (version) (group by ({SERVICE_LABELS}, version) ({VERSIONS})))",
                column=Text("services", "서비스"),
                unit="none",
            ),
        ],
        labels=(("version", Text("version", "버전")),),
        sort=Text("producers", "프로듀서"),
        confluent=("API Version",),
    ),
)

ABOUT = Note(
    title=Text("How to read this board", "이 보드를 읽는 법"),
    description=Text(
        "What the board shows, in which order, and where to go from here.",
        "이 보드가 무엇을 어떤 순서로 보여 주며 여기서 어디로 가는지 설명합니다.",
    ),
    width=24,
    height=9,
    text=Text(
        """\
**Is anyone losing records? Who, since when, and why?** The first screen answers that; the rows below compare services.

A record goes through **application → buffer → batch → sender → broker**:

| where | what goes wrong there | where you see it |
| --- | --- | --- |
| application | `send()` fails: record too large, serializer, no metadata | lost, but no topic and no error code |
| buffer | full (`buffer.memory`), so `send()` blocks, then fails after `max.block.ms` | buffer used, threads blocked |
| batch | waits longer than `delivery.timeout.ms` and expires | queue time |
| sender | its thread is busy, or cannot connect or log in | sender busy, alerts |
| broker | too few replicas in sync, no leader, quota, ACL | latency, retries, throttling, error codes, topics |

Next: click a client, or choose a board from the menu at the top. Every alert has a runbook, which is also printed by
`kafka-producer-exporter runbook ALERT`. Dashed red lines are the thresholds of your own alert rules.
""",
        """\
**레코드를 잃고 있는가? 누가, 언제부터, 왜?** 첫 화면이 이에 답하고, 아래 행들은 서비스를 비교합니다.

레코드는 **애플리케이션 → 버퍼 → 배치 → Sender → 브로커** 순으로 지나갑니다.

| 위치 | 여기서 생기는 문제 | 보이는 곳 |
| --- | --- | --- |
| 애플리케이션 | `send()` 자체가 실패: 너무 큰 레코드, 직렬화, 메타데이터 없음 | 유실은 있으나 토픽과 오류 코드가 없음 |
| 버퍼 | 가득 차서(`buffer.memory`) `send()`가 멈추고 `max.block.ms` 뒤에 실패 | 버퍼 사용률, 멈춘 스레드 |
| 배치 | `delivery.timeout.ms`보다 오래 기다려 만료 | 큐 대기 시간 |
| Sender | 스레드가 한계이거나 연결 또는 로그인 실패 | Sender 스레드 사용률, 경보 |
| 브로커 | 동기화된 복제본 부족, 리더 없음, 쿼터, ACL | 지연, 재시도, 쿼터 지연, 오류 코드, 토픽 |

다음: 클라이언트를 누르거나 위쪽 메뉴에서 보드를 고르십시오. 경보마다 런북이 있으며
`kafka-producer-exporter runbook ALERT`로도 볼 수 있습니다. 빨간 점선은 여러분의 경보 규칙에 있는 임곗값입니다.
""",
    ),
)

BOARD = Board(
    key="overview",
    title=Text("Kafka producers / Overview", "Kafka 프로듀서 / 개요"),
    description=Text(
        "Is anyone losing records, who, since when, and why?",
        "레코드를 잃고 있는가, 누가, 언제부터, 왜?",
    ),
    variables=SERVICE,
    rows=(
        Row(None, (*STATS, *NOW)),
        Row(Text("Rate, errors and duration", "처리량, 오류, 지연"), RED),
        Row(Text("Saturation", "포화"), SATURATION),
        Row(Text("Efficiency", "효율"), EFFICIENCY),
        Row(Text("About this board", "이 보드에 대하여"), (ABOUT,)),
    ),
)
