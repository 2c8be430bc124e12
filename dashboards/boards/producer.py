"""The board of one producer, in the order in which a record passes through it."""

from typing import Any

from dashboards.model import Board, Graph, Link, Note, Query, Row, Stat, States, Step, Table, Variable
from dashboards.queries import EVERYTHING, RATE, producer, rate
from kafka_producer_exporter.languages import Text

EACH = "%{cluster}, namespace, target, pod, client_id"
"""A client in a pod: what a line of a graph stands for."""
CLIENT = "%{cluster}, namespace, target, client_id"
"""A client of a service, in all pods: what an alert that adds up stands for."""
OF_EACH = "{{target}} {{client_id}} {{pod}}"
OF_CLIENT = "{{target}} {{client_id}}"
RECORDS = "recps"

TOPIC = Variable(
    "topic",
    Text("Topic", "토픽"),
    "label_values("
    'kafka_producer_topic_record_send_total{%{cluster}=~"$cluster", namespace=~"$namespace", target=~"$target", '
    'pod=~"$pod", client_id=~`${client_id:regex}`}, topic)',
    Text(
        "Topics that the producer has sent to. Only the row Topics uses it.",
        "프로듀서가 전송한 적이 있는 토픽. 토픽 행에만 적용됩니다.",
    ),
)

AVAILABLE = producer("kafka_producer_buffer_available_bytes")
TOTAL = producer("kafka_producer_buffer_total_bytes")
LATENCY = producer("kafka_producer_request_latency_avg_seconds")
SENT = producer("kafka_producer_record_send_total")
RETRIED = producer("kafka_producer_record_retry_total")
LOST = producer("kafka_producer_record_error_total")
CONNECTIONS = producer("kafka_producer_connections")
METADATA_AGE = producer("kafka_producer_metadata_age_seconds")
REQUESTS = producer("kafka_producer_request_total")
STARTED = producer("kafka_producer_start_time_seconds")
INFO = producer("kafka_producer_info")
IO_WAIT = producer("kafka_producer_io_wait_time_seconds_total")
IO = producer("kafka_producer_io_time_seconds_total")
FAILED_LOGINS = producer("kafka_producer_failed_authentication_total")
FAILED_RENEWALS = producer("kafka_producer_failed_reauthentication_total")


def topic(metric: str) -> str:
    """Return the selector of a topic's metric."""
    return producer(metric, 'topic=~"$topic"')


def top(expr: str, lines: int = 10) -> str:
    """Return the greatest values only."""
    return f"topk({lines}, {expr})"


def sum_of(expr: str, labels: str = EACH, lines: int = 10) -> str:
    """Return the greatest sums by *labels*."""
    return top(f"sum by ({labels}) ({expr})", lines)


def max_of(expr: str, labels: str = EACH, lines: int = 10) -> str:
    """Return the greatest maxima by *labels*."""
    return top(f"max by ({labels}) ({expr})", lines)


def over(function: str, selector: str) -> str:
    """Return a function over the interval of a rate, which a failed scrape does not empty."""
    return f"{function}({selector}[{RATE}])"


def in_range(counter: str) -> str:
    """Return the increase in the time range of the board.

    increase() misses what a new producer counted before its first scrape. The whole counter belongs to the range if the
    producer was created in it.
    """
    begin = "scalar(min_over_time(vector(time())[$__range:1m]))"
    increase = f"increase({counter}[$__range])"
    return f"{increase} > 0\n  or ({counter} > 0 and {STARTED} > {begin})\n  or {increase}"


def used(function: str) -> str:
    """Return the used share of the buffer, by *function*, such as ``max``."""
    return f"{function} (1 - {AVAILABLE} / {TOTAL})"


SENDING = f"""(
    {over("count_over_time", AVAILABLE)}
      and {over("max_over_time", AVAILABLE)} < {over("last_over_time", TOTAL)}
      unless {over("count_over_time", LATENCY)}
      unless increase({SENT}[{RATE}]) > 2 * increase({RETRIED}[{RATE}])
  ) * 0 + 2
  or ({rate(SENT)} > 0) * 0 + 1
  or {CONNECTIONS} * 0"""
"""0: idle, 1: sending, 2: stalled, as KafkaProducerDeliveryStalled judges it."""
SENDING_STEPS = (
    Step(None, "text"),
    Step(0, "blue", Text("nothing to send", "보낼 것 없음")),
    Step(1, "green", Text("sending", "전송 중")),
    Step(2, "red", Text("records wait, no response", "레코드 있음, 응답 없음")),
)

CONNECTED = f"""({over("count_over_time", CONNECTIONS)} unless {over("count_over_time", METADATA_AGE)}) * 0 + 3
  or (
    {over("max_over_time", CONNECTIONS)} == 0
      and {over("min_over_time", AVAILABLE)} < {over("last_over_time", TOTAL)}
  ) * 0 + 2
  or ({over("max_over_time", CONNECTIONS)} == 0) * 0 + 1
  or {over("max_over_time", CONNECTIONS)} * 0"""
"""0: connected, 1: not connected, 2 and 3: not connected, as KafkaProducerNotConnected judges it."""
CONNECTED_STEPS = (
    Step(None, "text"),
    Step(0, "green", Text("connected", "연결됨")),
    Step(1, "blue", Text("idle, no connection", "유휴, 연결 없음")),
    Step(2, "red", Text("records wait, no connection", "레코드 있음, 연결 없음")),
    Step(3, "dark-red", Text("never reached a broker", "브로커에 연결한 적 없음")),
)

NO_PRODUCER = Text("no such producer", "해당 프로듀서 없음")
NO_RESPONSES = Text("no responses in the last 30 to 60 s", "최근 30~60초 동안 응답 없음")
NOTHING_SENT = Text("nothing sent in the last 30 to 60 s", "최근 30~60초 동안 전송 없음")
NO_RECORDS = Text("no records in this time", "이 시간에 레코드 없음")


def stat(title: Text, description: Text, query: str, **more: Any) -> Stat:
    """Return a number of the first row."""
    options: dict[str, Any] = {"no_value": NO_PRODUCER} | more
    return Stat(title=title, description=description, queries=(Query(query),), width=4, height=4, **options)


def graph(title: Text, description: Text, *queries: Query, width: int = 8, **more: Any) -> Graph:
    """Return a graph as high as its neighbours."""
    options: dict[str, Any] = {"no_value": NO_PRODUCER} | more
    return Graph(title=title, description=description, queries=queries, width=width, height=8, **options)


GLANCE = (
    stat(
        Text("Lost in this time range", "이 시간에 잃은 레코드"),
        Text(
            "Has this producer given up records in the time range? 0 is good; anything else is data that never "
            "arrived. A record that expires in flight may count twice, and those of an aborted transaction may not "
            "count at all.",
            "이 프로듀서가 선택한 시간 동안 포기한 레코드가 있습니까? 0이 정상이며, 그 밖의 값은 도착하지 못한 "
            "데이터입니다. 전송 중 만료된 레코드는 두 번 집계될 수 있고, 중단된 트랜잭션의 레코드는 집계되지 않을 수 "
            "있습니다.",
        ),
        f"sum(\n  {in_range(LOST)}\n)",
        decimals=0,
        steps=(Step(None, "green"), Step(0.5, "red")),
    ),
    stat(
        Text("Is it sending?", "전송하고 있습니까?"),
        Text(
            "Do records get out? Red means that records wait and no broker responds: they are lost after "
            "delivery.timeout.ms. If several clients are selected, this is the worst of them.",
            "레코드가 나가고 있습니까? 빨간색은 레코드가 기다리는데 브로커의 응답이 없다는 뜻이며, "
            "delivery.timeout.ms가 지나면 잃습니다. 여러 클라이언트를 선택하면 가장 나쁜 상태를 보여 줍니다.",
        ),
        f"max(\n  {SENDING}\n)",
        steps=SENDING_STEPS,
    ),
    stat(
        Text("Is it connected?", "연결되어 있습니까?"),
        Text(
            "Does the producer have a connection to any broker? Idle producers close theirs, which is fine. A "
            "connection that is being established counts as one. If several clients are selected, this is the worst "
            "of them.",
            "브로커와 연결되어 있습니까? 유휴 프로듀서가 연결을 닫는 것은 정상입니다. 연결을 맺는 중인 것도 연결로 "
            "셉니다. 여러 클라이언트를 선택하면 가장 나쁜 상태를 보여 줍니다.",
        ),
        f"max(\n  {CONNECTED}\n)",
        steps=CONNECTED_STEPS,
    ),
    stat(
        Text("Records sent per second", "초당 전송 레코드"),
        Text(
            "How much do the selected clients send? Compare with the usual load of this hour. Retries count again, "
            "so trouble can raise it.",
            "선택한 클라이언트가 얼마나 보내고 있습니까? 평소 같은 시간대와 비교하십시오. 재시도도 다시 집계되므로 "
            "장애가 있으면 늘어날 수 있습니다.",
        ),
        f"sum({rate(SENT)})",
        unit=RECORDS,
    ),
    stat(
        Text("Fullest buffer", "가장 많이 찬 버퍼"),
        Text(
            "How full is the fullest buffer? A few percent is normal. At 100 % send() blocks the application, and "
            "fails after max.block.ms. A share, because free bytes say little without the size.",
            "가장 많이 찬 버퍼의 사용률입니다. 몇 %가 정상입니다. 100 %가 되면 send()가 애플리케이션을 멈추고 "
            "max.block.ms가 지나면 실패합니다. 남은 바이트만으로는 판단하기 어려워 비율로 보여 줍니다.",
        ),
        used("max"),
        unit="percentunit",
        decimals=0,
        steps=(Step(None, "green"), Step(0.5, "yellow"), Step(0.9, "red")),
        confluent=("Free buffer space",),
    ),
    stat(
        Text("Response time of the brokers", "브로커 응답 시간"),
        Text(
            "How long does the slowest client wait for responses, on average? Tens of milliseconds are good. "
            "Requests without a response are not in it: if records wait and there is no value here, the brokers do "
            "not respond at all.",
            "가장 느린 클라이언트가 응답을 기다린 평균 시간입니다. 수십 ms가 정상입니다. 응답을 받지 못한 요청은 "
            "포함되지 않으므로, 레코드가 기다리는데 값이 없으면 브로커가 전혀 응답하지 않는 것입니다.",
        ),
        f"max({LATENCY})",
        unit="s",
        no_value=NO_RESPONSES,
    ),
    stat(
        Text("Retries", "재시도"),
        Text(
            "Which share of all attempts were retries? Nearly 0 is good. Retries lose nothing yet, but they delay "
            "records and use up delivery.timeout.ms.",
            "전송 시도 중 재시도의 비율입니다. 거의 0이 정상입니다. 재시도만으로 잃는 것은 없지만 레코드가 늦어지고 "
            "delivery.timeout.ms를 소모합니다.",
        ),
        f"clamp_max(sum({rate(RETRIED)}) / (sum({rate(SENT)}) > 0), 1)",
        unit="percentunit",
        no_value=NO_RECORDS,
    ),
    stat(
        Text("Delay by a quota", "쿼터로 인한 지연"),
        Text(
            "Does a quota of the brokers slow this producer down? 0 is good. This is the longest delay in the last "
            "30 to 60 s; responses without a delay pull the average down.",
            "브로커의 쿼터가 이 프로듀서를 늦추고 있습니까? 0이 정상입니다. 최근 30~60초 중 가장 긴 지연이며, 평균은 "
            "지연 없는 응답 때문에 낮아져 쓰지 않습니다.",
        ),
        f"max({producer('kafka_producer_produce_throttle_time_max_seconds')})",
        unit="s",
        no_value=NO_RESPONSES,
        steps=(Step(None, "green"), Step(0.001, "yellow")),
    ),
    stat(
        Text("Left after compression", "압축 후 남는 비율"),
        Text(
            "How much of a batch is left after compression, in the client that gains least? Lower is better; 100 % "
            "means that nothing is gained.",
            "압축 효과가 가장 작은 클라이언트에서 압축 후 남은 배치 크기의 비율입니다. 낮을수록 좋으며 100 %는 "
            "효과가 없다는 뜻입니다.",
        ),
        f"max({producer('kafka_producer_compression_rate_avg')})",
        unit="percentunit",
        decimals=0,
        no_value=NOTHING_SENT,
    ),
    stat(
        Text("Failed logins", "로그인 실패"),
        Text(
            "How many SASL logins or TLS handshakes failed in the time range? 0 is good. A few can belong to a "
            "password that was being changed.",
            "선택한 시간 동안 실패한 SASL 로그인 또는 TLS 핸드셰이크 수입니다. 0이 정상입니다. 비밀번호를 바꾸는 "
            "동안 몇 건 생길 수 있습니다.",
        ),
        f"sum(\n  {in_range(FAILED_LOGINS)}\n)",
        decimals=0,
        steps=(Step(None, "green"), Step(0.5, "yellow")),
    ),
    stat(
        Text("Threads blocked now", "지금 멈춘 스레드"),
        Text(
            "How many threads of the application hang in send() at this moment, because the buffer is full? 0 is good.",
            "버퍼가 가득 차 지금 send()에서 멈춰 있는 애플리케이션 스레드 수입니다. 0이 정상입니다.",
        ),
        f"sum({producer('kafka_producer_waiting_threads')})",
        steps=(Step(None, "green"), Step(1, "red")),
    ),
    stat(
        Text("Clients selected", "선택한 클라이언트"),
        Text(
            "How many producers does this page show? If it is more than one, choose a service, a pod or a client "
            "above. Graphs draw the ten greatest lines.",
            "이 화면에 포함된 프로듀서 수입니다. 하나보다 많으면 위에서 서비스, 파드 또는 클라이언트를 고르십시오. "
            "그래프는 값이 큰 10개만 그립니다.",
        ),
        f"count({TOTAL})",
    ),
)

VERSIONS = f"max by ({EACH}, version) ({INFO})"
STARTS = f"{VERSIONS} * on ({EACH}) group_left () max by ({EACH}) ({STARTED})"
NEWEST = f"topk(20, {STARTS} or {VERSIONS})"
COLUMN_STARTED = Text("started", "시작")
COLUMN_LOST = Text("records lost", "잃은 레코드")
COLUMN_RESTARTS = Text("restarts", "재시작")


def of_newest(expr: str) -> str:
    """Return the values of *expr*, which has the labels EACH, for the rows of the table of clients."""
    return f"{VERSIONS} * on ({EACH}) group_left () {expr}\n  and on ({EACH}, version) {NEWEST}"


CLIENTS = (
    States(
        title=Text("When did it send?", "언제 전송했습니까?"),
        description=Text(
            "Since when are records not getting out? Red: records wait in the buffer, and no broker responds. Blue "
            "is an idle producer, which is fine. A gap is a JVM that did not answer, or one of more than ten "
            "clients; those in trouble come first.",
            "언제부터 레코드가 나가지 못합니까? 빨간색은 버퍼에 레코드가 있는데 브로커의 응답이 없는 구간입니다. "
            "파란색은 유휴 상태로 정상이며, 빈 구간은 JVM이 응답하지 않았거나 클라이언트가 10개보다 많은 경우이며, "
            "문제가 있는 것을 먼저 그립니다.",
        ),
        queries=(Query(top(f"max by ({EACH}) (\n  {SENDING}\n)"), OF_EACH),),
        width=12,
        height=7,
        steps=SENDING_STEPS,
        no_value=NO_PRODUCER,
        alerts=("KafkaProducerDeliveryStalled",),
    ),
    Table(
        title=Text("Clients and their versions", "클라이언트와 버전"),
        description=Text(
            "Which producers are these, which client library do they use, and did one start just before the trouble? "
            "The 20 that started last, from the newest; clients before 2.4 do not report a start. Click a client to "
            "see only that one.",
            "어떤 프로듀서이고 클라이언트 라이브러리 버전은 무엇이며, 문제 직전에 시작한 것이 있습니까? 최근에 "
            "시작한 20개를 보여 줍니다. 2.4 이전 클라이언트는 시작 시각을 알리지 않습니다. 클라이언트를 누르면 "
            "그것만 봅니다.",
        ),
        queries=(
            Query(f"({NEWEST}) * 1000 > 1e6", column=COLUMN_STARTED, unit="dateTimeFromNow"),
            Query(
                of_newest(f"sum by ({EACH}) (changes({STARTED}[$__range]))"),
                column=COLUMN_RESTARTS,
            ),
            Query(
                of_newest(f"sum by ({EACH}) (\n  {in_range(LOST)}\n)"),
                column=COLUMN_LOST,
            ),
        ),
        width=12,
        height=7,
        labels=(
            ("target", Text("service", "서비스")),
            ("client_id", Text("client", "클라이언트")),
            ("pod", Text("pod", "파드")),
            ("version", Text("version", "버전")),
        ),
        sort=COLUMN_STARTED,
        steps={COLUMN_LOST: (Step(None, "text"), Step(0.5, "red"))},
        links=(Link(Text("Show only this client", "이 클라이언트만 보기"), "producer", ("target", "client_id")),),
        no_value=NO_PRODUCER,
        confluent=("API Version",),
    ),
)

BEFORE_SENDING = (
    f"clamp_min(\n  sum by ({EACH}) ({rate(LOST)})\n"
    f"    - (sum by ({EACH}) ({rate(producer('kafka_producer_topic_record_error_total'))})\n"
    f"       or sum by ({EACH}) ({rate(LOST)}) * 0),\n  0\n)"
)

APPLICATION = (
    graph(
        Text("Records sent", "전송한 레코드"),
        Text(
            "How many records per second leave the producer? A drop to 0 during traffic is bad; retries count again. "
            "Guide: record-send-rate.",
            "프로듀서에서 초당 나가는 레코드 수입니다. 트래픽이 있는데 0으로 떨어지면 문제입니다. 재시도도 다시 "
            "집계됩니다. 가이드: record-send-rate.",
        ),
        Query(sum_of(rate(SENT)), OF_EACH),
        unit=RECORDS,
        guide=("record-send-rate",),
        confluent=("Outgoing messages per second",),
    ),
    graph(
        Text("Bytes sent", "전송한 바이트"),
        Text(
            "How much does the producer write to the network? Compressed batches and requests of every other kind, "
            "retries included.",
            "프로듀서가 네트워크에 쓰는 양입니다. 압축된 배치와 다른 모든 요청, 재시도가 포함됩니다.",
        ),
        Query(sum_of(rate(producer("kafka_producer_outgoing_bytes_total"))), OF_EACH),
        unit="Bps",
        confluent=("Outgoing byte rate",),
    ),
    graph(
        Text("Records lost", "잃은 레코드"),
        Text(
            "How many records per second does the producer give up for good? Any line above 0 is lost data, after "
            "all retries. Guide: record-error-rate.",
            "모든 재시도 후 초당 포기한 레코드 수입니다. 0보다 크면 데이터를 잃은 것입니다. 가이드: record-error-rate.",
        ),
        Query(sum_of(rate(LOST)), OF_EACH),
        unit=RECORDS,
        guide=("record-error-rate",),
        confluent=("Record error rate",),
    ),
    graph(
        Text("Lost before sending", "전송 전에 잃은 레코드"),
        Text(
            "How many of the lost records failed in send() or waited in vain, and never went to a broker? Above 0, "
            "look at the application: records that are too large, a full buffer, no metadata, a serializer. These "
            "are the client's errors minus those of its topics.",
            "잃은 레코드 중 send()에서 실패했거나 브로커로 한 번도 전송되지 못한 것입니다. 0보다 크면 애플리케이션 "
            "쪽을 보십시오(너무 큰 레코드, 가득 찬 버퍼, 메타데이터 없음, 직렬화). 클라이언트 오류에서 토픽별 오류를 "
            "뺀 값입니다.",
        ),
        Query(top(BEFORE_SENDING), OF_EACH),
        unit=RECORDS,
    ),
    graph(
        Text("Threads that wait for metadata", "메타데이터를 기다리는 스레드"),
        Text(
            "Does send() wait to learn where a topic lives? Nearly 0 is good; 1 means that one thread does nothing "
            "else. Only waits that ended well are counted, so an unknown topic or unreachable brokers show as lost "
            "records instead.",
            "send()가 토픽의 위치를 알기 위해 기다리고 있습니까? 거의 0이 정상이며, 1은 스레드 하나가 계속 "
            "기다린다는 뜻입니다. 성공한 대기만 집계되므로 없는 토픽이나 닿지 않는 브로커는 잃은 레코드로 나타납니다.",
        ),
        Query(sum_of(rate(producer("kafka_producer_metadata_wait_time_seconds_total"))), OF_EACH),
    ),
    graph(
        Text("Threads in flush()", "flush() 중인 스레드"),
        Text(
            "How many threads of the application wait in flush() on average? High where each record is flushed, "
            "which also makes batches tiny.",
            "flush()에서 기다리는 애플리케이션 스레드의 평균 수입니다. 레코드마다 flush()를 호출하면 높아지고 배치도 "
            "작아집니다.",
        ),
        Query(sum_of(rate(producer("kafka_producer_flush_time_seconds_total"))), OF_EACH),
    ),
)

BUFFER = (
    graph(
        Text("Buffer used", "버퍼 사용률"),
        Text(
            "How full is buffer.memory? Rising and not coming back means that the producer takes in more than it can "
            "send. At 100 % the application is blocked.",
            "buffer.memory가 얼마나 찼습니까? 오르기만 하고 내려오지 않으면 보내는 것보다 받는 것이 많습니다. 100 "
            "%면 애플리케이션이 멈춥니다.",
        ),
        Query(top(used(f"max by ({EACH})")), OF_EACH),
        width=12,
        unit="percentunit",
        maximum=1,
    ),
    graph(
        Text("Buffer memory", "버퍼 메모리"),
        Text(
            "How many bytes wait to be sent, and how many could? Sums over the selected clients: one full buffer "
            "among many hides here, but not on the left.",
            "전송을 기다리는 바이트와 버퍼의 전체 크기입니다. 선택한 클라이언트의 합계이므로 하나만 가득 찬 경우는 "
            "왼쪽 그래프에서 보십시오.",
        ),
        Query(f"sum({TOTAL} - {AVAILABLE})", Text("used", "사용")),
        Query(f"sum({TOTAL})", Text("buffer.memory", "buffer.memory")),
        width=12,
        unit="bytes",
    ),
    graph(
        Text("Blocked threads", "멈춘 스레드"),
        Text(
            "How many threads of the application hang in send(), because the buffer is full? 0 is good. The client "
            "counts a wait when it ends, so threads that still hang are drawn as lines of their own. Guide: "
            "bufferpool-wait-time-total.",
            "버퍼가 가득 차 send()에서 멈춘 애플리케이션 스레드 수입니다. 0이 정상입니다. 클라이언트는 대기가 끝날 "
            "때 집계하므로 지금 멈춰 있는 스레드는 따로 그립니다. 가이드: bufferpool-wait-time-total.",
        ),
        Query(sum_of(rate(producer("kafka_producer_bufferpool_wait_time_seconds_total")), CLIENT, 5), OF_CLIENT),
        Query(
            sum_of(producer("kafka_producer_waiting_threads"), CLIENT, 5),
            Text(f"{OF_CLIENT} at this moment", f"{OF_CLIENT} 지금"),
        ),
        width=12,
        thresholds=("blocked_threads",),
        guide=("bufferpool-wait-time-total",),
        alerts=("KafkaProducerBufferBackpressure",),
        confluent=("Bufferpool wait ratio",),
    ),
    graph(
        Text("Rejected send() calls", "거부된 send()"),
        Text(
            "How many calls of send() failed per second, because no room came free within max.block.ms? Any line "
            "above 0 is lost records, unless the application keeps them. Always 0 in clients before 2.6. Guide: "
            "buffer-exhausted-rate.",
            "max.block.ms 안에 자리가 나지 않아 실패한 초당 send() 호출 수입니다. 0보다 크면 애플리케이션이 따로 "
            "보관하지 않는 한 레코드를 잃습니다. 2.6 이전 클라이언트에서는 항상 0입니다. 가이드: "
            "buffer-exhausted-rate.",
        ),
        Query(sum_of(rate(producer("kafka_producer_buffer_exhausted_total")), CLIENT), OF_CLIENT),
        width=12,
        unit="ops",
        guide=("buffer-exhausted-rate",),
        alerts=("KafkaProducerBufferExhausted",),
    ),
)

BATCH = (
    graph(
        Text("Wait until sending, average", "전송 전 대기 시간(평균)"),
        Text(
            "How long do batches wait in the producer? About linger.ms is good. Above the dashed line they wait for "
            "brokers, retries or a quota; batches that expired unsent are not in it.",
            "배치가 프로듀서에서 얼마나 기다립니까? linger.ms 정도가 정상입니다. 점선(경보 임곗값)을 넘으면 브로커, "
            "재시도 또는 쿼터를 기다리는 것입니다. 전송되지 못하고 만료된 배치는 포함되지 않습니다.",
        ),
        Query(max_of(producer("kafka_producer_record_queue_time_avg_seconds")), OF_EACH),
        width=12,
        unit="s",
        thresholds=("queue_seconds",),
        alerts=("KafkaProducerHighQueueTime",),
        confluent=("Record queue time",),
        no_value=NOTHING_SENT,
    ),
    graph(
        Text("Wait until sending, longest", "전송 전 대기 시간(최대)"),
        Text(
            "Was any batch nearly lost? After delivery.timeout.ms, 2 minutes unless you changed it, its records are "
            "given up; the dashed line is the alert's share of these 2 minutes. Earlier attempts are part of the "
            "wait.",
            "잃을 뻔한 배치가 있습니까? delivery.timeout.ms(기본 2분)가 지나면 레코드를 포기합니다. 점선은 2분에 "
            "대한 경보 임곗값이며, 대기 시간에는 이전 시도가 포함됩니다.",
        ),
        Query(max_of(producer("kafka_producer_record_queue_time_max_seconds")), OF_EACH),
        Query(
            "%{delivery_timeout.seconds} * max(kafka_producer_threshold:expiry_ratio)",
            Text("the alert's share of 2 min", "2분에 대한 경보 임곗값"),
            is_limit=True,
        ),
        width=12,
        unit="s",
        alerts=("KafkaProducerRecordsNearExpiry",),
        no_value=NOTHING_SENT,
    ),
    graph(
        Text("Records per request", "요청당 레코드"),
        Text(
            "Do requests carry many records? Below the dashed line, linger.ms and batch.size do nothing, and brokers "
            "pay for it; the alert leaves out clients with few requests. Requests of every kind count, also those "
            "for metadata and transactions.",
            "요청 하나에 레코드가 많이 들어 있습니까? 점선(경보 임곗값) 아래면 linger.ms와 batch.size가 효과가 없어 "
            "브로커의 비용이 커집니다. 요청이 적은 클라이언트는 경보에서 제외됩니다. 메타데이터와 트랜잭션 요청도 "
            "셉니다.",
        ),
        Query(
            top(f"sum by ({CLIENT}) ({rate(SENT)})\n    / (sum by ({CLIENT}) ({rate(REQUESTS)}) > 0)"),
            OF_CLIENT,
        ),
        width=12,
        thresholds=("tiny_batch_records",),
        alerts=("KafkaProducerTinyBatches",),
        no_value=NO_RECORDS,
    ),
    graph(
        Text("Batch size", "배치 크기"),
        Text(
            "How large are the batches, after compression? Compare with batch.size, 16 KiB unless you changed it: "
            "far below it in heavy traffic means that linger.ms is too short or keys spread over many partitions. "
            "Guide: batch-size-avg.",
            "압축 후 배치의 평균 크기입니다. batch.size(기본 16 KiB)와 비교하십시오. 트래픽이 많은데 훨씬 작으면 "
            "linger.ms가 짧거나 키가 많은 파티션에 퍼져 있습니다. 가이드: batch-size-avg.",
        ),
        Query(max_of(producer("kafka_producer_batch_size_avg_bytes")), OF_EACH),
        width=12,
        unit="bytes",
        guide=("batch-size-avg",),
        confluent=("Batch size average",),
        no_value=NOTHING_SENT,
    ),
    graph(
        Text("Size after compression", "압축 후 크기"),
        Text(
            "How much of a batch is left after compression? Lower is better. Above the dashed line compression costs "
            "CPU and saves nothing, or it is off. Guide: compression-rate-avg.",
            "압축 후 남은 배치 크기의 비율입니다. 낮을수록 좋습니다. 점선(경보 임곗값)을 넘으면 CPU만 쓰고 효과가 "
            "없거나 압축이 꺼져 있습니다. 가이드: compression-rate-avg.",
        ),
        Query(max_of(producer("kafka_producer_compression_rate_avg")), OF_EACH),
        unit="percentunit",
        thresholds=("compression_rate",),
        guide=("compression-rate-avg",),
        alerts=("KafkaProducerCompressionIneffective",),
        confluent=("Compression rate",),
        no_value=NOTHING_SENT,
    ),
    graph(
        Text("Batches split in %{split_window.words}", "%{split_window.words} 동안 나눈 배치"),
        Text(
            "Do brokers reject batches as too large? They are split and sent again, and nothing is lost, but a "
            "lasting line above the dashed one is double work: lower batch.size, or raise max.message.bytes of the "
            "topic.",
            "브로커가 배치를 너무 크다고 거부합니까? 나누어 다시 보내므로 잃는 것은 없지만, 점선(경보 임곗값)을 계속 "
            "넘으면 일이 두 배가 됩니다. batch.size를 줄이거나 토픽의 max.message.bytes를 늘리십시오.",
        ),
        Query(
            sum_of(f"increase({producer('kafka_producer_batch_split_total')}[%{{split_window}}])", CLIENT), OF_CLIENT
        ),
        thresholds=("split_batches",),
        alerts=("KafkaProducerBatchSplits",),
    ),
    graph(
        Text("Record size", "레코드 크기"),
        Text(
            "Did records grow? An upper estimate before compression. The client averages the largest record of each "
            "batch, so this is above the true average; the largest one must stay below max.request.size. Guide: "
            "record-size-avg.",
            "레코드가 커졌습니까? 압축 전 크기의 상한 추정치입니다. 배치마다 가장 큰 레코드를 평균하므로 실제 "
            "평균보다 큽니다. 가장 큰 레코드는 max.request.size보다 작아야 합니다. 가이드: record-size-avg.",
        ),
        Query(max_of(producer("kafka_producer_record_size_avg_bytes"), EACH, 5), OF_EACH),
        Query(
            max_of(producer("kafka_producer_record_size_max_bytes"), EACH, 5),
            Text(f"{OF_EACH} largest", f"{OF_EACH} 최대"),
        ),
        unit="bytes",
        guide=("record-size-avg",),
        confluent=("Record size average",),
        no_value=NOTHING_SENT,
    ),
)

SENDER = (
    graph(
        Text("Busy share of the sender thread", "Sender 스레드 사용률"),
        Text(
            "Is the only thread that sends at its limit? Above the dashed line it cannot send much more: it works, "
            "waits for a CPU, or runs slow callbacks. Clients with less than one request per second are left out, "
            "because their waits are counted late.",
            "레코드를 보내는 유일한 스레드가 한계에 이르렀습니까? 점선(경보 임곗값)을 넘으면 더 보내기 어렵습니다. "
            "일하거나 CPU를 기다리거나 느린 콜백을 실행하는 시간입니다. 초당 요청이 1건보다 적은 클라이언트는 대기가 "
            "늦게 집계되어 제외합니다.",
        ),
        Query(max_of(f"clamp_min(1 - {rate(IO_WAIT)}, 0) and {rate(REQUESTS)} > 1"), OF_EACH),
        unit="percentunit",
        maximum=1,
        thresholds=("sender_busy_ratio",),
        alerts=("KafkaProducerSenderSaturated",),
        no_value=Text("no client sends one request per second", "초당 1건 이상 요청하는 클라이언트 없음"),
    ),
    graph(
        Text("What the sender thread does", "Sender 스레드가 하는 일"),
        Text(
            "Where does the sender's time go? Waiting in select() is free capacity, network I/O includes TLS, and "
            "the rest is building requests, callbacks and waiting for a CPU. Averages of the selected clients. The "
            "number of select() calls and the time per call are served in profile full only; these shares answer the "
            "same question.",
            "Sender의 시간이 어디에 쓰입니까? select() 대기는 여유이고, 네트워크 I/O에는 TLS가 포함되며, 나머지는 "
            "요청 준비, 콜백, CPU 대기입니다. 선택한 클라이언트의 평균입니다. select() 호출 수와 호출당 시간은 full "
            "프로파일에서만 제공되며, 이 비율로 같은 것을 알 수 있습니다.",
        ),
        Query(f"avg(clamp_max({rate(IO_WAIT)}, 1))", Text("waiting in select()", "select() 대기")),
        Query(f"avg({rate(IO)})", Text("network I/O", "네트워크 I/O")),
        Query(f"clamp_min(1 - avg({rate(IO_WAIT)}) - avg({rate(IO)}), 0)", Text("the rest", "나머지")),
        unit="percentunit",
        is_stacked=True,
        confluent=("IO Ratio", "IO Wait time average", "IO Time average", "IO Wait Ratio", "Select Rate"),
    ),
    graph(
        Text("Requests in flight", "응답을 기다리는 요청"),
        Text(
            "How many requests wait for a response now? A few for each broker is normal; up to "
            "max.in.flight.requests.per.connection (5) for each, if the brokers are slow. A line that stays up while "
            "nothing is sent is a broker that hangs.",
            "지금 응답을 기다리는 요청 수입니다. 브로커마다 몇 건이 정상이며, 브로커가 느리면 "
            "max.in.flight.requests.per.connection(5)까지 늘어납니다. 전송이 없는데 내려오지 않으면 멈춘 브로커가 "
            "있습니다.",
        ),
        Query(sum_of(producer("kafka_producer_requests_in_flight")), OF_EACH),
        confluent=("Request in flight",),
    ),
)

COLUMN_REQUESTS = Text("requests/s", "초당 요청")
NODE = "%{cluster}, node_id"
BUSIEST_NODES = f"topk(20, sum by ({NODE}) ({rate(producer('kafka_producer_node_request_total'))}))"


def of_node(expr: str) -> str:
    """Return the values of *expr*, which has the labels NODE, for the rows of the table of brokers."""
    return f"{expr}\n  and on ({NODE}) {BUSIEST_NODES}"


RESPONSES = (
    graph(
        Text("Response time, average", "응답 시간(평균)"),
        Text(
            "Are the brokers fast? Tens of milliseconds are good. It rises under a quota, too, and on a slow "
            "network. Requests without a response are not in it: if the broker hangs, the line ends. Guide: "
            "request-latency-avg.",
            "브로커의 응답이 빠릅니까? 수십 ms가 정상입니다. 쿼터로 제한되거나 네트워크가 느려도 올라갑니다. 응답이 "
            "없는 요청은 포함되지 않으므로 브로커가 멈추면 선이 끊깁니다. 가이드: request-latency-avg.",
        ),
        Query(max_of(LATENCY), OF_EACH),
        unit="s",
        thresholds=("latency_seconds",),
        guide=("request-latency-avg",),
        alerts=("KafkaProducerHighRequestLatency",),
        confluent=("Produce request latency",),
        no_value=NO_RESPONSES,
    ),
    graph(
        Text("Response time, longest", "응답 시간(최대)"),
        Text(
            "How long did the slowest response take? A peak is one slow request; after request.timeout.ms (30 s) a "
            "request is given up and leaves no value here.",
            "가장 늦은 응답에 걸린 시간입니다. 순간적인 값은 느린 요청 하나입니다. request.timeout.ms(30초)가 지난 "
            "요청은 포기되어 여기에 나타나지 않습니다.",
        ),
        Query(max_of(producer("kafka_producer_request_latency_max_seconds")), OF_EACH),
        unit="s",
        no_value=NO_RESPONSES,
    ),
    graph(
        Text("Share of retries", "재시도 비율"),
        Text(
            "Which share of the attempts did the brokers reject, so that they were sent again? Nearly 0 is good, and "
            "a short peak during a leader election is normal. Producers that commit often retry by design and raise "
            "no alert. Guide: record-retry-rate.",
            "전송 시도 중 재시도의 비율입니다. 거의 0이 정상이며 리더 선출 중 잠깐 오르는 것은 정상입니다. 커밋을 "
            "자주 하는 프로듀서는 원래 재시도가 있어 경보에서 제외됩니다. 가이드: record-retry-rate.",
        ),
        Query(
            top(
                f"clamp_max(\n    sum by ({CLIENT}) ({rate(RETRIED)})\n"
                f"      / (sum by ({CLIENT}) ({rate(SENT)}) > 0),\n    1\n  )"
            ),
            OF_CLIENT,
        ),
        unit="percentunit",
        thresholds=("retry_ratio",),
        guide=("record-retry-rate",),
        alerts=("KafkaProducerHighRetryRatio",),
        confluent=("Retry rate",),
        no_value=NO_RECORDS,
    ),
    graph(
        Text("Throttled by a quota", "쿼터 제한 시간"),
        Text(
            "Do the brokers delay this client, because it exceeds its quota? 0 is good. This is the longest delay of "
            "each window, not the average, which responses without a delay pull down. The brokers are not at fault.",
            "쿼터를 초과하여 브로커가 이 클라이언트를 늦추고 있습니까? 0이 정상입니다. 지연 없는 응답이 평균을 "
            "낮추므로 평균 대신 가장 긴 지연을 보여 줍니다. 브로커 장애가 아닙니다.",
        ),
        Query(max_of(producer("kafka_producer_produce_throttle_time_max_seconds")), OF_EACH),
        unit="s",
        thresholds=("throttle_seconds",),
        alerts=("KafkaProducerThrottled",),
        confluent=("Produce request throttle average",),
        no_value=NO_RESPONSES,
    ),
    graph(
        Text("Requests and responses", "요청과 응답"),
        Text(
            "Does each request get its response? The lines lie on each other if all is well. Responses below "
            "requests: brokers hang, or connections break. With acks=0 produce requests have no response. Requests "
            "of every kind, summed over the selected clients.",
            "요청마다 응답이 옵니까? 정상이면 두 선이 겹칩니다. 응답이 더 적으면 브로커가 멈췄거나 연결이 "
            "끊어집니다. acks=0인 produce 요청에는 응답이 없습니다. 모든 종류의 요청을 선택한 클라이언트에서 합한 "
            "값입니다.",
        ),
        Query(f"sum({rate(REQUESTS)})", Text("requests", "요청")),
        Query(f"sum({rate(producer('kafka_producer_response_total'))})", Text("responses", "응답")),
        unit="reqps",
        confluent=("Produce request rate", "Produce response rate"),
    ),
    graph(
        Text("Request size", "요청 크기"),
        Text(
            "How large are requests, of any kind? Larger ones cost less for each record; max.request.size (1 MiB) is "
            "the limit. Small ones in heavy traffic mean tiny batches.",
            "모든 종류의 요청의 평균 크기입니다. 클수록 레코드당 비용이 적으며 한도는 max.request.size(1 MiB)입니다. "
            "트래픽이 많은데 작으면 배치가 너무 작습니다.",
        ),
        Query(max_of(producer("kafka_producer_request_size_avg_bytes")), OF_EACH),
        unit="bytes",
        confluent=("Produce request size average",),
        no_value=NOTHING_SENT,
    ),
    graph(
        Text("Response time of each broker", "브로커별 응답 시간"),
        Text(
            "Is it one broker or all? One line far above the others is one slow broker; all lines up are the "
            "network, a quota, or acks=all waiting for replicas. A broker that hangs has no line.",
            "한 브로커의 문제입니까, 모두의 문제입니까? 한 선만 높으면 그 브로커가 느린 것이고, 모두 높으면 "
            "네트워크, 쿼터 또는 복제를 기다리는 acks=all 때문입니다. 멈춘 브로커에는 선이 없습니다.",
        ),
        Query(max_of(producer("kafka_producer_node_request_latency_avg_seconds"), NODE), "{{node_id}} {{%{cluster}}}"),
        width=10,
        unit="s",
        links=(Link(Text("The brokers' view", "브로커 보기"), "brokers", ()),),
        no_value=NO_RESPONSES,
    ),
    Table(
        title=Text("Brokers that it talks to", "통신하는 브로커"),
        description=Text(
            "Which broker does not respond, or gets most of the load? Responses clearly below requests are a broker "
            "that hangs; one with far more bytes leads more partitions than the others. The 20 with most requests.",
            "응답하지 않거나 부하가 몰린 브로커가 있습니까? 응답이 요청보다 뚜렷이 적으면 멈춘 브로커이고, 바이트가 "
            "훨씬 많으면 리더 파티션이 몰려 있습니다. 요청이 많은 20개를 보여 줍니다.",
        ),
        queries=(
            Query(BUSIEST_NODES, column=COLUMN_REQUESTS, unit="reqps"),
            Query(
                of_node(f"sum by ({NODE}) ({rate(producer('kafka_producer_node_response_total'))})"),
                column=Text("responses/s", "초당 응답"),
                unit="reqps",
            ),
            Query(
                of_node(f"max by ({NODE}) ({producer('kafka_producer_node_request_latency_avg_seconds')})"),
                column=Text("response time", "응답 시간"),
                unit="s",
            ),
            Query(
                of_node(f"max by ({NODE}) ({producer('kafka_producer_node_request_latency_max_seconds')})"),
                column=Text("longest", "최대"),
                unit="s",
            ),
            Query(
                of_node(f"sum by ({NODE}) ({rate(producer('kafka_producer_node_outgoing_bytes_total'))})"),
                column=Text("sent", "송신"),
                unit="Bps",
            ),
            Query(
                of_node(f"sum by ({NODE}) ({rate(producer('kafka_producer_node_incoming_bytes_total'))})"),
                column=Text("received", "수신"),
                unit="Bps",
            ),
        ),
        width=14,
        height=8,
        labels=(("node_id", Text("broker", "브로커")), ("%{cluster}", Text("cluster", "클러스터"))),
        sort=COLUMN_REQUESTS,
        no_value=Text("no series of brokers (profile minimal)", "브로커별 시계열 없음(minimal 프로파일)"),
    ),
)

TLS_CONNECTIONS = producer("kafka_producer_tls_connections")
SUCCESSFUL_LOGINS = producer("kafka_producer_successful_authentication_total")
NOT_ENCRYPTED = f"""clamp_min(sum({CONNECTIONS}) - (sum({TLS_CONNECTIONS}) or vector(0)), 0)
  and on () count({SUCCESSFUL_LOGINS})"""
"""Connections without TLS. Where the profile serves no logins, it serves no ciphers either, and nothing is known."""

CONNECTING = (
    States(
        title=Text("When was it connected?", "언제 연결되어 있었습니까?"),
        description=Text(
            "Since when does it not reach a broker? Red: records wait, and there is no connection. Dark red: it has "
            "not reached any broker since it was created. Blue is an idle producer that closed its connections, "
            "which is fine.",
            "언제부터 브로커에 닿지 못합니까? 빨간색은 레코드가 있는데 연결이 없는 구간, 진한 빨간색은 시작한 뒤 한 "
            "번도 브로커에 연결하지 못한 구간입니다. 파란색은 유휴 프로듀서가 연결을 닫은 것으로 정상입니다.",
        ),
        queries=(Query(top(f"max by ({EACH}) (\n  {CONNECTED}\n)"), OF_EACH),),
        width=12,
        height=8,
        steps=CONNECTED_STEPS,
        no_value=NO_PRODUCER,
        alerts=("KafkaProducerNotConnected",),
    ),
    graph(
        Text("Open connections", "열린 연결"),
        Text(
            "How many connections does it hold? One for each broker that leads its partitions is normal, fewer if "
            "idle. This is the number itself; its rate would say nothing.",
            "유지하는 연결 수입니다. 파티션의 리더 브로커마다 하나가 정상이며 유휴 상태에서는 더 적습니다. 변화율은 "
            "의미가 없어 값 자체를 보여 줍니다.",
        ),
        Query(sum_of(CONNECTIONS), OF_EACH),
        width=12,
        confluent=("Connection rate",),
    ),
    graph(
        Text("New connections", "새 연결"),
        Text(
            "Does it open connections all the time? Nearly 0 is good, with peaks at starts and deploys. Above the "
            "dashed line, something cuts connections again and again. Those that failed in the login are left out; "
            "they are drawn below.",
            "계속 새 연결을 열고 있습니까? 거의 0이 정상이며 시작과 배포 때만 오릅니다. 점선(경보 임곗값)을 넘으면 "
            "무언가 연결을 계속 끊고 있습니다. 로그인에 실패한 연결은 빼고 아래에 따로 그립니다.",
        ),
        Query(
            max_of(
                f"clamp_min({rate(producer('kafka_producer_connection_creation_total'))} - {rate(FAILED_LOGINS)}, 0)"
            ),
            OF_EACH,
        ),
        unit="cps",
        thresholds=("churn_per_second",),
        alerts=("KafkaProducerConnectionChurn",),
        confluent=("Connection creation rate",),
    ),
    graph(
        Text("Closed connections", "닫힌 연결"),
        Text(
            "Do connections close faster than they open? Attempts that were refused count as closed but not as new: "
            "a line here without one on the left means that a broker cannot be reached.",
            "연결이 열리는 것보다 빨리 닫힙니까? 거부된 시도는 닫힌 연결로만 집계되므로, 왼쪽에 없는 선이 여기에 "
            "있으면 닿지 않는 브로커가 있습니다.",
        ),
        Query(sum_of(rate(producer("kafka_producer_connection_close_total"))), OF_EACH),
        unit="cps",
        confluent=("Connection close rate",),
    ),
    graph(
        Text("Age of the metadata", "메타데이터 나이"),
        Text(
            "How old is the client's view of the cluster? A saw tooth up to metadata.max.age.ms (5 minutes) is good. "
            "Above the dashed line (%{metadata_window.words}) it does not learn of new leaders.",
            "클라이언트가 아는 클러스터 정보가 얼마나 오래되었습니까? metadata.max.age.ms(5분)까지의 톱니 모양이 "
            "정상입니다. 점선(%{metadata_window.words})을 넘으면 새 리더를 알지 못합니다.",
        ),
        Query(max_of(METADATA_AGE), OF_EACH),
        Query("vector(%{metadata_window.seconds})", Text("the alert's threshold", "경보 임곗값"), is_limit=True),
        unit="s",
        alerts=("KafkaProducerMetadataStale",),
        confluent=("Metadata max age",),
        no_value=Text("it has never reached a broker", "브로커에 연결한 적 없음"),
    ),
    graph(
        Text("Failed logins in %{auth_window.words}", "%{auth_window.words} 동안 로그인 실패"),
        Text(
            "Do brokers reject the password or the certificate? 0 is good. A client with a wrong password fails "
            "about once a second, so it is far above the dashed line. A TLS client on a plaintext port does not "
            "count.",
            "브로커가 비밀번호나 인증서를 거부합니까? 0이 정상입니다. 비밀번호가 틀리면 초당 한 번쯤 실패하므로 "
            "점선(경보 임곗값)을 크게 넘습니다. 평문 포트에 TLS로 연결한 경우는 집계되지 않습니다.",
        ),
        Query(sum_of(f"increase({FAILED_LOGINS}[%{{auth_window}}])", CLIENT, 5), OF_CLIENT),
        Query(
            sum_of(f"increase({FAILED_RENEWALS}[%{{auth_window}}])", CLIENT, 5),
            Text(f"{OF_CLIENT} (renewal)", f"{OF_CLIENT} (재인증)"),
        ),
        thresholds=("auth_failures",),
        alerts=("KafkaProducerAuthenticationFailures",),
        confluent=("Failed authentication rate",),
    ),
    graph(
        Text("Successful logins", "로그인 성공"),
        Text(
            "Does anything get through? One for each new connection is normal. 0 beside failures on the left means "
            "that no login works; on plaintext listeners it is always 0.",
            "성공하는 로그인이 있습니까? 새 연결마다 한 번이 정상입니다. 왼쪽에 실패가 있는데 0이면 모든 로그인이 "
            "실패하고 있습니다. 평문 리스너에서는 항상 0입니다.",
        ),
        Query(sum_of(rate(SUCCESSFUL_LOGINS)), OF_EACH),
        unit="cps",
    ),
    graph(
        Text("Connections by encryption", "암호화별 연결"),
        Text(
            "Are the connections encrypted, and with which protocol and cipher? Old protocols should disappear "
            "before brokers no longer accept them. Profile minimal does not serve this.",
            "연결이 암호화되어 있고, 어떤 프로토콜과 암호 스위트를 씁니까? 브로커가 허용을 중단하기 전에 오래된 "
            "프로토콜이 없어져야 합니다. minimal 프로파일에서는 제공되지 않습니다.",
        ),
        Query(sum_of(TLS_CONNECTIONS, "protocol, cipher"), "{{protocol}} {{cipher}}"),
        Query(NOT_ENCRYPTED, Text("not encrypted", "암호화되지 않음")),
        no_value=Text("not served in profile minimal", "minimal 프로파일에서는 제공되지 않음"),
    ),
)

COLUMN_RECORDS = Text("records/s", "초당 레코드")
BY_TOPIC = "%{cluster}, topic"
TOPIC_SENT = topic("kafka_producer_topic_record_send_total")
TOPIC_BYTES = topic("kafka_producer_topic_bytes_total")
TOPIC_LOST = topic("kafka_producer_topic_record_error_total")
TOPIC_RETRIED = topic("kafka_producer_topic_record_retry_total")
BUSIEST_TOPICS = f"topk(20, sum by ({BY_TOPIC}) ({rate(TOPIC_SENT)}))"


def of_topic(expr: str) -> str:
    """Return the values of *expr*, which has the labels BY_TOPIC, for the rows of the table of topics."""
    return f"{expr}\n  and on ({BY_TOPIC}) {BUSIEST_TOPICS}"


NO_TOPIC = Text("nothing was sent to these topics", "이 토픽에 보낸 레코드 없음")
TOPICS = (
    graph(
        Text("Records sent to each topic", "토픽별 전송 레코드"),
        Text(
            "Which topics get the records? One line that drops while the others stay is trouble of that topic. "
            "Retries count again.",
            "레코드가 어느 토픽으로 갑니까? 다른 선은 그대로인데 하나만 떨어지면 그 토픽의 문제입니다. 재시도도 다시 "
            "집계됩니다.",
        ),
        Query(sum_of(rate(TOPIC_SENT), BY_TOPIC), "{{topic}}"),
        unit=RECORDS,
        confluent=("Outgoing messages per second per topic",),
        no_value=NO_TOPIC,
    ),
    graph(
        Text("Bytes sent to each topic", "토픽별 전송 바이트"),
        Text(
            "Which topics fill the network and the brokers' disks? Batches after compression; retries count again.",
            "어느 토픽이 네트워크와 브로커 디스크를 많이 씁니까? 압축 후 배치 크기이며 재시도도 다시 집계됩니다.",
        ),
        Query(sum_of(rate(TOPIC_BYTES), BY_TOPIC), "{{topic}}"),
        unit="Bps",
        confluent=("Outgoing byte rate per topic",),
        no_value=NO_TOPIC,
    ),
    graph(
        Text("Records lost for each topic", "토픽별 잃은 레코드"),
        Text(
            "Does one topic lose records? Any line above 0 is lost data. Records that failed before sending belong "
            "to no topic here; see “Lost before sending”.",
            "레코드를 잃는 토픽이 있습니까? 0보다 크면 데이터를 잃은 것입니다. 전송 전에 실패한 레코드는 토픽별로 "
            "집계되지 않으므로 ‘전송 전에 잃은 레코드’를 보십시오.",
        ),
        Query(sum_of(rate(TOPIC_LOST), BY_TOPIC), "{{topic}}"),
        unit=RECORDS,
        no_value=NO_TOPIC,
    ),
    Table(
        title=Text("Topics", "토픽"),
        description=Text(
            "How is each topic doing? Lost records are those of the time range, everything else is now. The 20 "
            "topics with most records; choose others above.",
            "토픽별 상태입니다. 잃은 레코드는 선택한 시간 동안의 값이고 나머지는 현재 값입니다. 레코드가 많은 20개를 "
            "보여 주며 다른 토픽은 위에서 고르십시오.",
        ),
        queries=(
            Query(BUSIEST_TOPICS, column=COLUMN_RECORDS, unit=RECORDS),
            Query(
                of_topic(f"sum by ({BY_TOPIC}) ({rate(TOPIC_BYTES)})"),
                column=Text("bytes/s", "초당 바이트"),
                unit="Bps",
            ),
            Query(
                of_topic(f"sum by ({BY_TOPIC}) (\n  increase({TOPIC_LOST}[$__range])\n)"),
                column=COLUMN_LOST,
            ),
            Query(
                of_topic(f"sum by ({BY_TOPIC}) ({rate(TOPIC_RETRIED)})"),
                column=Text("retried/s", "초당 재시도"),
                unit=RECORDS,
            ),
            Query(
                of_topic(f"max by ({BY_TOPIC}) ({topic('kafka_producer_topic_compression_rate')})"),
                column=Text("size after compression", "압축 후 크기"),
                unit="percentunit",
            ),
        ),
        width=24,
        height=9,
        labels=(("topic", Text("topic", "토픽")), ("%{cluster}", Text("cluster", "클러스터"))),
        sort=COLUMN_RECORDS,
        steps={COLUMN_LOST: (Step(None, "text"), Step(0.5, "red"))},
        no_value=NO_TOPIC,
    ),
)

JVM = (
    Note(
        title=Text("CPU, memory and garbage collection", "CPU, 메모리, 가비지 컬렉션"),
        description=Text(
            "Where to look when the producer itself is slow: its JVM, which this exporter does not measure.",
            "프로듀서 자체가 느릴 때 볼 곳입니다. JVM은 이 익스포터가 측정하지 않습니다.",
        ),
        width=24,
        height=6,
        text=Text(
            """The exporter reads Kafka's own metrics. These are about the JVM and its container:

- **CPU**: `container_cpu_usage_seconds_total` and `container_cpu_cfs_throttled_periods_total` (Kubernetes),
  `process_cpu_usage` (Micrometer), `process_cpu_seconds_total` (jmx_exporter). A container at its CPU limit makes the
  sender thread look busy and responses look slow.
- **Memory**: `container_memory_working_set_bytes` (Kubernetes), `jvm_memory_used_bytes` (Micrometer, jmx_exporter).
  Each producer takes up to buffer.memory, 32 MiB unless you changed it, from the heap.
- **Garbage collection**: `jvm_gc_pause_seconds_sum` (Micrometer), `jvm_gc_collection_seconds_sum` (jmx_exporter). A
  long pause is a peak of the longest wait and of the longest response time, in all clients of the JVM at once.
""",
            """이 익스포터는 Kafka 클라이언트의 지표만 읽습니다. JVM과 컨테이너의 지표는 다음에서 얻습니다.

- **CPU**: `container_cpu_usage_seconds_total`, `container_cpu_cfs_throttled_periods_total`(Kubernetes),
  `process_cpu_usage`(Micrometer), `process_cpu_seconds_total`(jmx_exporter). 컨테이너가 CPU 제한에 이르면 Sender
  스레드가 바쁘고 응답이 느린 것처럼 보입니다.
- **메모리**: `container_memory_working_set_bytes`(Kubernetes), `jvm_memory_used_bytes`(Micrometer, jmx_exporter).
  프로듀서마다 힙에서 최대 buffer.memory(기본 32 MiB)를 씁니다.
- **가비지 컬렉션**: `jvm_gc_pause_seconds_sum`(Micrometer), `jvm_gc_collection_seconds_sum`(jmx_exporter). 긴 정지는
  같은 JVM의 모든 클라이언트에서 최대 대기 시간과 최대 응답 시간이 동시에 오르는 것으로 나타납니다.
""",
        ),
        confluent=("CPU Usage", "JVM Memory Used", "JVM GC time"),
    ),
)

BOARD = Board(
    key="producer",
    title=Text("Kafka producers / One producer", "Kafka 프로듀서 / 프로듀서 하나"),
    description=Text(
        "One producer from the application to the brokers, in the order in which a record passes through it: buffer, "
        "batch, sender, brokers. Choose a service, a pod or a client; each graph draws the ten greatest lines of "
        "what is selected.",
        "프로듀서 하나를 레코드가 지나가는 순서(애플리케이션, 버퍼, 배치, Sender, 브로커의 응답)대로 보여 줍니다. "
        "서비스, 파드 또는 클라이언트를 고르십시오. 그래프는 선택한 것 중 값이 큰 10개만 그립니다.",
    ),
    variables=(*EVERYTHING, TOPIC),
    rows=(
        Row(Text("At a glance", "한눈에 보기"), (*GLANCE, *CLIENTS)),
        Row(Text("Application: what it hands over", "애플리케이션: 넘겨준 레코드"), APPLICATION),
        Row(Text("Buffer: what waits", "버퍼: 기다리는 레코드"), BUFFER),
        Row(Text("Batch: how records are packed", "배치: 레코드를 묶는 방식"), BATCH),
        Row(Text("Sender: the thread that sends", "Sender: 전송하는 스레드"), SENDER),
        Row(Text("Brokers: how they respond", "브로커: 응답"), RESPONSES),
        Row(Text("Connections, logins and metadata", "연결, 로그인, 메타데이터"), CONNECTING),
        Row(Text("Topics", "토픽"), TOPICS),
        Row(Text("The JVM", "JVM"), JVM),
    ),
)
