"""The board of the brokers' view: topics, bootstrap servers and certificates, and the brokers' own JVMs.

What an exporter reads from the brokers has no target. Several exporters may read a cluster, so the maximum over them
comes before any sum.
"""

from dashboards.model import Board, Graph, Link, Query, Row, Stat, States, Step, Table, Variable
from dashboards.queries import CLUSTER, RATE, brokers, rate
from kafka_producer_exporter.languages import Text

TOPIC = "%{cluster}, topic"
SERVER = "%{cluster}, server"
MIN_ISR = "scalar(max(kafka_producer_threshold:min_insync_replicas) or vector(2))"
NO_VIEW = Text("not watched: no broker view", "감시하지 않음: 브로커 뷰 없음")
NO_TARGET = Text("no target of kind broker", "broker 종류의 대상 없음")
CLUSTER_LABEL = ("%{cluster}", Text("Cluster", "클러스터"))
TOPIC_LABEL = ("topic", Text("Topic", "토픽"))
SERVER_LABEL = ("server", Text("Server", "서버"))
CHOSEN = '%{cluster}=~"$cluster", target=~"$broker"'
BY_TOPIC = "{{topic}} {{%{cluster}}}"
BY_BROKER = "{{target}} {{%{cluster}}}"


def topics(metric: str, *more: str) -> str:
    """Return the selector of a metric of the chosen topics."""
    return brokers(metric, 'topic=~"$topic"', *more)


def each(metric: str, *more: str) -> str:
    """Return the value of a gauge for each topic, as any exporter sees it."""
    return f"max by ({TOPIC}) ({topics(metric, *more)})"


def of(expr: str, chosen: str, on: str) -> str:
    """Return an expression for the rows that *chosen* has."""
    return f"{expr}\n  and on ({on}) {chosen}"


def jvm(metric: str, *more: str) -> str:
    """Return the selector of a metric of the chosen brokers' own JVMs."""
    return f"{metric}{{{', '.join((CHOSEN, *more))}}}"


# The first screen

UNDER_MIN_ISR = each("kafka_topic_under_min_insync_partitions")
OFFLINE = each("kafka_topic_offline_partitions")
REPLICAS = each("kafka_topic_replication_factor")
NEEDED = each("kafka_topic_min_insync_replicas")
UNCLEAN = each("kafka_topic_unclean_leader_election")
LOG = 'topic="__transaction_state"'
OTHER_TOPICS = each("kafka_topic_min_insync_replicas", 'topic!="__transaction_state"')
SERVER_UP = f"max by ({SERVER}) ({brokers('kafka_bootstrap_server_up')})"
DEAD_LETTERS = topics("kafka_dead_letter_record_total")
OF_BROKERS = brokers("kafka_broker_certificate_expiry_timestamp_seconds")
OF_EXPORTERS = "kafka_producer_exporter_certificate_expiry_timestamp_seconds"


def certificates(window: str) -> str:
    """Return when each certificate expires. A name can lead to several brokers: the earliest in a time counts."""
    return (
        f"min by ({SERVER}) (min_over_time({OF_BROKERS}[{window}]))\n"
        f"  or min by (namespace, job, file) (min_over_time({OF_EXPORTERS}[{window}]))"
    )


BAD_FROM_ONE = (Step(None, "green"), Step(1, "red"))
UNDER_A_WEEK, UNDER_TWO_WEEKS = 604800, 1209600

NUMBERS = (
    Stat(
        title=Text("Under min ISR", "min ISR 미달"),
        description=Text(
            "Does the cluster accept what producers send? Partitions with fewer in-sync replicas than "
            "min.insync.replicas reject every record that is sent with acks=all. 0 is good. Only topics whose "
            "settings the exporter may read are counted.",
            "클러스터가 레코드를 받고 있는가? 동기화된 복제본이 min.insync.replicas보다 적은 파티션은 acks=all로 보낸 "
            "레코드를 모두 거부합니다. 0이 정상입니다. 익스포터가 설정을 읽을 수 있는 토픽만 셉니다.",
        ),
        width=4,
        height=4,
        queries=[Query(f"sum({UNDER_MIN_ISR})")],
        decimals=0,
        steps=BAD_FROM_ONE,
        no_value=NO_VIEW,
    ),
    Stat(
        title=Text("Without a leader", "리더 없음"),
        description=Text(
            "Can every partition be written to? Without a leader, nothing can. Producers keep their records until "
            "delivery.timeout.ms, and then lose them. 0 is good.",
            "모든 파티션에 쓸 수 있는가? 리더가 없으면 아무것도 쓸 수 없습니다. 프로듀서는 delivery.timeout.ms까지 "
            "레코드를 보관한 뒤 잃습니다. 0이 정상입니다.",
        ),
        width=4,
        height=4,
        queries=[Query(f"sum({OFFLINE})")],
        decimals=0,
        steps=BAD_FROM_ONE,
        no_value=NO_VIEW,
    ),
    Stat(
        title=Text("Bootstrap servers down", "사용할 수 없는 부트스트랩 서버"),
        description=Text(
            "Can clients that start find the cluster? Bootstrap servers that no exporter can connect to. 0 is good; "
            "running producers know other brokers and go on.",
            "새로 시작하는 클라이언트가 클러스터를 찾을 수 있는가? 어떤 익스포터도 연결하지 못하는 부트스트랩 서버의 "
            "수입니다. 0이 정상이며, 실행 중인 프로듀서는 다른 브로커를 알고 있어 계속 동작합니다.",
        ),
        width=4,
        height=4,
        queries=[Query(f"sum(1 - {SERVER_UP})")],
        decimals=0,
        steps=BAD_FROM_ONE,
        no_value=NO_VIEW,
    ),
    Stat(
        title=Text("Dead letters", "DLQ 레코드"),
        description=Text(
            "How many records did applications set aside in the time shown? Each offset is a record that could not be "
            "processed or delivered, or the marker of a transaction. 0 is good.",
            "표시된 시간 동안 애플리케이션이 따로 둔 레코드는 몇 개인가? 오프셋 하나는 처리하거나 전송하지 못한 "
            "레코드이거나 트랜잭션의 마커입니다. 0이 정상입니다.",
        ),
        width=4,
        height=4,
        queries=[Query(f"sum(max by ({TOPIC}) (increase({DEAD_LETTERS}[$__range])))")],
        decimals=0,
        steps=(Step(None, "green"), Step(0.5, "yellow")),
        no_value=Text("no dead letter topic", "DLQ 토픽 없음"),
        fault="dead-letters",
    ),
    Stat(
        title=Text("Next expiry", "다음 인증서 만료"),
        description=Text(
            "When does a certificate stop new connections? The time until the first one expires, of the brokers' TLS "
            "listeners and of the exporter's own files; below 0, one has expired. Certificates of producers and of "
            "CAs are not checked.",
            "인증서 때문에 새 연결이 언제 막히는가? 브로커의 TLS 리스너와 익스포터의 파일 중 가장 먼저 만료될 "
            "때까지의 시간이며, 음수면 이미 만료된 것입니다. 프로듀서와 CA의 인증서는 확인하지 않습니다.",
        ),
        width=4,
        height=4,
        unit="s",
        queries=[Query(f"min(\n  {certificates(RATE)}\n) - time()")],
        steps=(Step(None, "red"), Step(UNDER_A_WEEK, "yellow"), Step(UNDER_TWO_WEEKS, "green")),
        no_value=Text("no TLS listener seen", "TLS 리스너 없음"),
    ),
    Stat(
        title=Text("Unsafe topics", "안전하지 않은 토픽"),
        description=Text(
            "Which topics can lose confirmed records with one broker? Those whose effective min.insync.replicas is "
            "below the alert's threshold (2 by default), without the transaction log. 0 is good; the table below "
            "names them.",
            "브로커 하나와 함께 확인된 레코드를 잃을 수 있는 토픽은 몇 개인가? 유효한 min.insync.replicas가 경보의 "
            "기준(기본값 2)보다 작은 토픽이며 트랜잭션 로그는 빠집니다. 0이 정상이고, 이름은 아래 표에 있습니다.",
        ),
        width=4,
        height=4,
        queries=[Query(f"sum({OTHER_TOPICS} < bool {MIN_ISR})")],
        decimals=0,
        steps=(Step(None, "green"), Step(1, "yellow")),
        no_value=NO_VIEW,
    ),
)

NOW = (
    Graph(
        title=Text("Partitions under min.insync.replicas, by topic", "토픽별 min.insync.replicas 미만인 파티션"),
        description=Text(
            "Which topics reject records, and since when? No topic and 0 in total is good. A broker's restart shows "
            "as a short peak; topics that demand all of their replicas stop at every restart.",
            "어떤 토픽이 언제부터 레코드를 거부하는가? 합계가 0이고 토픽이 없으면 정상입니다. 브로커 재시작은 짧은 "
            "상승으로 보이며, 모든 복제본을 요구하는 토픽은 재시작할 때마다 멈춥니다.",
        ),
        width=12,
        height=8,
        queries=[
            Query(f"sum({UNDER_MIN_ISR})", legend=Text("all topics", "모든 토픽")),
            Query(f"topk(9, {UNDER_MIN_ISR} > 0)", legend=BY_TOPIC),
        ],
        alerts=("KafkaTopicUnderMinIsr",),
        no_value=NO_VIEW,
        fault="min-isr-unmet",
    ),
    Graph(
        title=Text("Partitions without a leader, by topic", "토픽별 리더가 없는 파티션"),
        description=Text(
            "Which topics cannot be written to, and since when? No topic and 0 in total is good. All brokers with a "
            "replica that may lead are down; start them again.",
            "어떤 토픽에 언제부터 쓸 수 없는가? 합계가 0이고 토픽이 없으면 정상입니다. 리더가 될 수 있는 복제본을 "
            "가진 브로커가 모두 멈춘 것이므로 다시 시작해야 합니다.",
        ),
        width=12,
        height=8,
        queries=[
            Query(f"sum({OFFLINE})", legend=Text("all topics", "모든 토픽")),
            Query(f"topk(9, {OFFLINE} > 0)", legend=BY_TOPIC),
        ],
        alerts=("KafkaTopicOffline",),
        no_value=NO_VIEW,
        fault="only-replica-lost",
    ),
    States(
        title=Text("Bootstrap servers: when could they be used?", "부트스트랩 서버를 사용할 수 있었던 시간"),
        description=Text(
            "Could clients connect to each bootstrap server? Green: a test connection passed the name, the "
            "connection, TLS, the protocol and the login. Red: no exporter could; the table below says why. The list "
            "and the login are the exporter's own.",
            "클라이언트가 각 부트스트랩 서버에 연결할 수 있었는가? 녹색은 이름 해석, 연결, TLS, 프로토콜, 로그인을 "
            "모두 통과한 것이고 빨간색은 어떤 익스포터도 통과하지 못한 것입니다. 이유는 아래 표에 있습니다. 서버 "
            "목록과 로그인 계정은 익스포터의 것입니다.",
        ),
        width=12,
        height=8,
        queries=[Query(f"bottomk(10, {SERVER_UP})", legend="{{server}} {{%{cluster}}}")],
        steps=(
            Step(None, "text"),
            Step(0, "red", Text("cannot be used", "사용할 수 없음")),
            Step(1, "green", Text("can be used", "사용할 수 있음")),
        ),
        alerts=("KafkaBootstrapServerDown",),
        no_value=NO_VIEW,
    ),
    Graph(
        title=Text(
            "Dead letters in %{dead_letter_window.words}, by topic", "토픽별 DLQ 레코드(%{dead_letter_window.words})"
        ),
        description=Text(
            "Which applications set records aside, and since when? Offsets written to each dead letter topic in the "
            "%{dead_letter_window.words} before. Flat at 0 is good. Records that a new topic has from its first "
            "moment are missing here.",
            "어떤 애플리케이션이 언제부터 레코드를 따로 두는가? 직전 %{dead_letter_window.words} 동안 각 DLQ 토픽에 "
            "쓰인 오프셋 수입니다. 0이면 정상입니다. 새 토픽이 처음부터 가지고 있던 레코드는 여기에 없습니다.",
        ),
        width=12,
        height=8,
        queries=[
            Query(f"topk(10, max by ({TOPIC}) (increase({DEAD_LETTERS}[%{{dead_letter_window}}])))", legend=BY_TOPIC),
        ],
        thresholds=("dead_letter_records",),
        alerts=("KafkaDeadLetterGrowth",),
        no_value=Text("no dead letter topic is watched", "감시하는 DLQ 토픽 없음"),
        fault="dead-letters",
    ),
)

# Topics

RISK = (
    f"(({OFFLINE} > bool 0) * 5 > 0)\n"
    f"  or (({UNDER_MIN_ISR} > bool 0) * 4 > 0)\n"
    f"  or (({NEEDED} < bool {MIN_ISR}) * 3 > 0)\n"
    f"  or (({UNCLEAN} > bool 0) * 2 > 0)\n"
    f"  or (({NEEDED} >= bool {REPLICAS}) > 0)\n"
    f"  or 0 * {REPLICAS}"
)
RISKIEST = f"topk(20,\n  {RISK}\n)"
RISK_HEADING = Text("Risk", "위험")
UNDER_HEADING = Text("Partitions under min ISR", "min ISR 미만 파티션")
OFFLINE_HEADING = Text("Partitions without a leader", "리더 없는 파티션")
UNCLEAN_HEADING = Text("Unclean election", "unclean 선출")

TOPICS = (
    Table(
        title=Text("Topics, those at risk first", "토픽(위험한 것부터)"),
        description=Text(
            "Which topics lose records, or stop, when a broker dies? Three replicas, min.insync.replicas 2 and no "
            "unclean election are good. “One copy is enough” means that a record is confirmed which only one broker "
            "has; “no spare replica” means that each restart of a broker stops the topic.",
            "브로커가 죽으면 어떤 토픽이 레코드를 잃거나 멈추는가? 복제본 3개, min.insync.replicas 2, unclean 선출 "
            "금지가 좋습니다. ‘복제본 하나로 응답’은 브로커 하나에만 있는 레코드를 확인 응답하는 것이고, ‘여유 복제본 "
            "없음’은 브로커를 재시작할 때마다 토픽이 멈추는 것입니다.",
        ),
        width=24,
        height=9,
        queries=[
            Query(RISKIEST, column=RISK_HEADING, unit="none"),
            Query(of(REPLICAS, RISKIEST, TOPIC), column=Text("Replicas", "복제본"), unit="none"),
            Query(of(NEEDED, RISKIEST, TOPIC), column=Text("min.insync.replicas", "min.insync.replicas"), unit="none"),
            Query(of(UNDER_MIN_ISR, RISKIEST, TOPIC), column=UNDER_HEADING, unit="none"),
            Query(of(OFFLINE, RISKIEST, TOPIC), column=OFFLINE_HEADING, unit="none"),
            Query(of(UNCLEAN, RISKIEST, TOPIC), column=UNCLEAN_HEADING, unit="none"),
        ],
        labels=(TOPIC_LABEL, CLUSTER_LABEL),
        sort=RISK_HEADING,
        steps={
            RISK_HEADING: (
                Step(None, "text"),
                Step(0, "green", Text("none", "없음")),
                Step(1, "yellow", Text("no spare replica", "여유 복제본 없음")),
                Step(2, "orange", Text("unclean election allowed", "unclean 선출 허용")),
                Step(3, "orange", Text("one copy is enough", "복제본 하나로 응답")),
                Step(4, "red", Text("rejects records", "레코드 거부")),
                Step(5, "red", Text("no leader", "리더 없음")),
            ),
            UNDER_HEADING: (Step(None, "text"), Step(1, "red")),
            OFFLINE_HEADING: (Step(None, "text"), Step(1, "red")),
            UNCLEAN_HEADING: (
                Step(None, "text"),
                Step(0, "text", Text("no", "금지")),
                Step(1, "orange", Text("allowed", "허용")),
            ),
        },
        alerts=("KafkaTopicMinIsrTooLow",),
        links=(Link(Text("Producers of the topic", "토픽의 프로듀서 보기"), "producer", ("topic",)),),
        no_value=Text("unknown", "알 수 없음"),
    ),
    Graph(
        title=Text("Durability of the transaction log", "트랜잭션 로그의 내구성"),
        description=Text(
            "Would transactions survive the loss of a broker? Replicas and min.insync.replicas of "
            "__transaction_state, which exists from the first transaction on. Good: replicas at or above the upper "
            "line, min.insync.replicas at or above the lower one. Brokers use their settings for it only when it is "
            "created.",
            "브로커를 잃어도 트랜잭션이 계속되는가? __transaction_state의 복제본 수와 min.insync.replicas이며 첫 "
            "트랜잭션부터 존재합니다. 복제본이 위쪽 점선 이상이고 min.insync.replicas가 아래쪽 점선 이상이면 "
            "정상입니다. 브로커 설정은 이 토픽을 만들 때만 쓰입니다.",
        ),
        width=24,
        height=7,
        queries=[
            Query(
                "max by (%{cluster}) (" + brokers("kafka_topic_replication_factor", LOG) + ")",
                legend=Text("replicas {{%{cluster}}}", "복제본 {{%{cluster}}}"),
            ),
            Query(
                "max by (%{cluster}) (" + brokers("kafka_topic_min_insync_replicas", LOG) + ")",
                legend="min.insync.replicas {{%{cluster}}}",
            ),
        ],
        thresholds=("transaction_log_replicas", "min_insync_replicas"),
        alerts=("KafkaTransactionLogReplicationLow",),
        no_value=Text("no transaction log yet", "아직 트랜잭션 로그 없음"),
    ),
)

# Growth and skew

PARTITION = f"{TOPIC}, partition"
END_OFFSET = topics("kafka_topic_partition_end_offset")
WRITTEN = topics("topic:kafka_topic_partition_end_offset:delta1h")
FLOOR = "scalar(max(kafka_producer_threshold:skew_floor_records))"
MOST_WRITTEN = f"topk(20, max by ({PARTITION}) ({WRITTEN}))"
IN_AN_HOUR = Text("Records in the last hour", "최근 1시간 레코드")

GROWTH = (
    Graph(
        title=Text("Growth of topics", "토픽의 증가"),
        description=Text(
            "Where do records arrive, and do they still? The ten topics that grow fastest, by their end offsets. A "
            "line that falls to 0 means that nobody writes. Markers of transactions count, too.",
            "레코드가 어디에 들어오며 지금도 들어오는가? 끝 오프셋이 가장 빨리 느는 토픽 10개입니다. 0으로 떨어지면 "
            "아무도 쓰지 않는 것입니다. 트랜잭션 마커도 포함됩니다.",
        ),
        width=12,
        height=8,
        unit="suffix: records/s",
        queries=[
            Query(
                f"topk(10, sum by ({TOPIC}) (\n  max by ({PARTITION}) (\n"
                f"    clamp_min(deriv({END_OFFSET}[{RATE}]), 0)\n  )\n))",
                legend=BY_TOPIC,
            )
        ],
        no_value=NO_VIEW,
    ),
    Graph(
        title=Text("Busiest partition against the average", "평균 대비 가장 바쁜 파티션"),
        description=Text(
            "Does a key send most records to one partition? Near 1 is even; above the line, one leader and one "
            "consumer carry the load, which a single key that keeps the order does on purpose. The records of an "
            "hour; quiet topics are left out.",
            "특정 키가 레코드를 한 파티션에 몰아 보내는가? 1에 가까우면 고르고, 점선을 넘으면 리더 하나와 컨슈머 "
            "하나가 부하를 감당합니다. 순서를 위해 일부러 단일 키를 쓴 경우도 그렇습니다. 1시간 동안의 레코드이며 "
            "레코드가 적은 토픽은 빠집니다.",
        ),
        width=12,
        height=8,
        unit="none",
        queries=[
            Query(
                f"topk(10,\n  max by ({TOPIC}) ({WRITTEN})\n    / (avg by ({TOPIC}) ({WRITTEN}) > {FLOOR})\n)",
                legend=BY_TOPIC,
            )
        ],
        thresholds=("skew_ratio",),
        alerts=("KafkaTopicPartitionSkew",),
        no_value=Text("too few records, or no alert rules", "레코드가 적거나 경보 규칙 없음"),
    ),
    Table(
        title=Text("Busiest partitions", "가장 바쁜 파티션"),
        description=Text(
            "Which partition is it? The 20 partitions that grew most in an hour, and their share of the topic. In a "
            "topic with N partitions, 1/N is even. From the alert rules, which have to be loaded.",
            "어느 파티션인가? 1시간 동안 가장 많이 늘어난 파티션 20개와 토픽에서 차지하는 비율입니다. 파티션이 N개면 "
            "1/N이 고른 것입니다. 경보 규칙이 적재되어 있어야 합니다.",
        ),
        width=24,
        height=8,
        queries=[
            Query(MOST_WRITTEN, column=IN_AN_HOUR),
            Query(
                of(
                    f"max by ({PARTITION}) ({WRITTEN})\n"
                    f"  / on ({TOPIC}) group_left () (sum by ({TOPIC}) ({WRITTEN}) > 0)",
                    MOST_WRITTEN,
                    PARTITION,
                ),
                column=Text("Share of the topic", "토픽에서의 비율"),
                unit="percentunit",
            ),
        ],
        labels=(TOPIC_LABEL, ("partition", Text("Partition", "파티션")), CLUSTER_LABEL),
        sort=IN_AN_HOUR,
        no_value=Text("none", "없음"),
    ),
)

# Bootstrap servers and certificates

FAILED = f"group by ({SERVER}, reason) ({brokers('kafka_bootstrap_server_error')})"
UP_HEADING = Text("Can be used", "사용 가능")
ADDRESSES_HEADING = Text("Addresses", "주소 수")
EXPIRES = Text("Expires in", "만료까지")

SERVERS = (
    Table(
        title=Text("Bootstrap servers: why can one not be used?", "부트스트랩 서버를 왜 사용할 수 없는가?"),
        description=Text(
            "Which bootstrap server fails, and at which step? With several exporters, one that reaches the server is "
            "enough, and the reason is that of another. 0 addresses: the name does not resolve. Several: with "
            "client.dns.lookup=use_all_dns_ips, clients try each.",
            "어떤 부트스트랩 서버가 어느 단계에서 실패하는가? 익스포터가 여럿이면 하나만 연결해도 사용 가능이며 "
            "이유는 다른 익스포터의 것입니다. 주소가 0이면 이름이 해석되지 않는 것이고, 여럿이면 "
            "client.dns.lookup=use_all_dns_ips일 때 클라이언트가 차례로 시도합니다.",
        ),
        width=12,
        height=8,
        queries=[
            Query(
                f"topk(20, {FAILED} * on ({SERVER}) group_left () {SERVER_UP}\n  or on ({SERVER}) {SERVER_UP})",
                column=UP_HEADING,
                unit="none",
            ),
            Query(
                f"topk(20, max by ({SERVER}) ({brokers('kafka_bootstrap_server_addresses')}))",
                column=ADDRESSES_HEADING,
                unit="none",
            ),
        ],
        labels=(SERVER_LABEL, ("reason", Text("Reason of the failure", "실패한 이유")), CLUSTER_LABEL),
        steps={
            UP_HEADING: (
                Step(None, "text"),
                Step(0, "red", Text("no", "아니요")),
                Step(1, "green", Text("yes", "예")),
            ),
            ADDRESSES_HEADING: (Step(None, "red"), Step(1, "text")),
        },
        fault="view-without-brokers",
        no_value=Text("–", "–"),
    ),
    Graph(
        title=Text("Time until certificates expire", "인증서 만료까지 남은 시간"),
        description=Text(
            "Which certificates have to be renewed? The ten that expire first, of the brokers' TLS listeners (server) "
            "and of the exporter's own files. Above the line is good; at 0 new connections fail, while old ones go on "
            "until something restarts. Short-lived certificates need a lower threshold.",
            "어떤 인증서를 갱신해야 하는가? 브로커의 TLS 리스너(server)와 익스포터의 파일 중 먼저 만료되는 "
            "10개입니다. 점선보다 위면 정상입니다. 0이 되면 새 연결이 실패하고, 기존 연결은 재시작할 때까지 "
            "유지됩니다. 수명이 짧은 인증서는 기준값을 낮춰야 합니다.",
        ),
        width=12,
        height=8,
        unit="s",
        minimum=None,
        queries=[
            Query(
                f"bottomk(10,\n  {certificates('%{certificate_window}')}\n) - time()",
                legend="{{server}}{{file}} {{%{cluster}}}",
            ),
        ],
        thresholds=("certificate_seconds",),
        alerts=("KafkaCertificateExpiresSoon",),
        no_value=Text("no TLS listener seen", "TLS 리스너 없음"),
    ),
    Table(
        title=Text("Certificates, the first to expire on top", "인증서(먼저 만료되는 것부터)"),
        description=Text(
            "Whose certificate is it, and where does it lie? A broker's listener has a server, a client certificate "
            "of the exporter has a job and a file. Negative: it has expired.",
            "누구의 어떤 인증서인가? 브로커 리스너는 서버로, 익스포터의 클라이언트 인증서는 job과 파일로 나타납니다. "
            "음수면 이미 만료된 것입니다.",
        ),
        width=24,
        height=7,
        queries=[
            Query(f"sort(bottomk(20,\n  {certificates(RATE)}\n) - time())", column=EXPIRES, unit="s"),
        ],
        labels=(
            SERVER_LABEL,
            CLUSTER_LABEL,
            ("file", Text("File of the exporter", "익스포터의 파일")),
            ("job", Text("Job of the exporter", "익스포터의 job")),
            ("namespace", Text("Namespace", "네임스페이스")),
        ),
        steps={EXPIRES: (Step(None, "red"), Step(UNDER_A_WEEK, "yellow"), Step(UNDER_TWO_WEEKS, "green"))},
        no_value=Text("no TLS listener seen", "TLS 리스너 없음"),
    ),
)

# The brokers' own JVMs

FAILED_PRODUCE = rate(jvm("kafka_broker_request_error_total", 'request="Produce"', 'error!="CONCURRENT_TRANSACTIONS"'))
PRODUCE = rate(jvm("kafka_broker_request_total", 'request="Produce"'))
JMX_FAULT = "topic-rejects-records"

JVMS = (
    Graph(
        title=Text("Produce requests answered with an error", "오류로 응답한 produce 요청"),
        description=Text(
            "What do brokers answer to produce requests? The share with each error code; a request with several "
            "partitions may count several times, up to 100 %. Below the line is good: elections answer a few with "
            "NOT_LEADER_OR_FOLLOWER, and clients retry. CONCURRENT_TRANSACTIONS is routine and left out.",
            "브로커가 produce 요청에 무엇이라고 응답하는가? 오류 코드별 비율이며, 파티션이 여럿인 요청은 여러 번 셀 "
            "수 있어 100 %까지만 보여 줍니다. 점선 아래면 정상입니다. 리더 선출 때의 NOT_LEADER_OR_FOLLOWER는 "
            "클라이언트가 재시도합니다. 흔한 CONCURRENT_TRANSACTIONS는 뺐습니다.",
        ),
        width=12,
        height=8,
        unit="percentunit",
        queries=[
            Query(
                f"topk(10, clamp_max(\n  sum by (%{{cluster}}, error) ({FAILED_PRODUCE})\n"
                f"    / on (%{{cluster}}) group_left () (sum by (%{{cluster}}) ({PRODUCE}) > 0),\n  1\n))",
                legend="{{error}} {{%{cluster}}}",
            )
        ],
        thresholds=("produce_error_ratio",),
        alerts=("KafkaBrokerProduceErrors",),
        no_value=Text("no error, or no target of kind broker", "오류 없음 또는 broker 종류의 대상 없음"),
        fault=JMX_FAULT,
    ),
    Graph(
        title=Text("Errors by request and code", "요청과 코드별 오류"),
        description=Text(
            "Which requests of producers fail, and with which code? For example Produce with NOT_ENOUGH_REPLICAS or "
            "EndTxn with PRODUCER_FENCED. No client reports these codes. The very first error of a code is not seen; "
            "occasional retriable ones are normal.",
            "프로듀서의 어떤 요청이 어떤 코드로 실패하는가? 예를 들면 NOT_ENOUGH_REPLICAS인 Produce, "
            "PRODUCER_FENCED인 EndTxn입니다. 클라이언트는 이 코드를 알려 주지 않습니다. 코드마다 맨 첫 오류는 보이지 "
            "않으며, 가끔 나오는 재시도 가능한 오류는 정상입니다.",
        ),
        width=12,
        height=8,
        unit="suffix: /s",
        queries=[
            Query(
                f"topk(10, sum by (request, error) ({rate(jvm('kafka_broker_request_error_total'))}) > 0)",
                legend="{{request}} {{error}}",
            )
        ],
        no_value=Text("no error, or no target of kind broker", "오류 없음 또는 broker 종류의 대상 없음"),
        fault=JMX_FAULT,
    ),
    Graph(
        title=Text("Requests of producers", "프로듀서의 요청"),
        description=Text(
            "What do producers ask of the brokers? Produce and transaction requests per second. EndTxn is a commit or "
            "an abort; InitProducerId is a producer that starts.",
            "프로듀서가 브로커에 무엇을 요청하는가? 초당 produce 요청과 트랜잭션 요청입니다. EndTxn은 커밋이나 "
            "중단이고 InitProducerId는 시작하는 프로듀서입니다.",
        ),
        width=8,
        height=8,
        unit="reqps",
        queries=[
            Query(f"sum by (request) ({rate(jvm('kafka_broker_request_total'))})", legend="{{request}}"),
        ],
        no_value=NO_TARGET,
        fault=JMX_FAULT,
    ),
    Graph(
        title=Text("Failed appends, by broker", "브로커별 쓰기 실패"),
        description=Text(
            "Which broker cannot write what it accepted? Appends that failed for lack of in-sync replicas or with an "
            "unexpected error. 0 is good. Records that are too large or corrupt do not count.",
            "어떤 브로커가 받은 것을 쓰지 못하는가? 동기화된 복제본이 부족하거나 예상하지 못한 오류로 실패한 "
            "쓰기입니다. 0이 정상이며, 너무 크거나 손상된 레코드는 세지 않습니다.",
        ),
        width=8,
        height=8,
        unit="suffix: /s",
        queries=[
            Query(
                f"topk(10, max by (%{{cluster}}, target) ({rate(jvm('kafka_broker_failed_produce_request_total'))}))",
                legend=BY_BROKER,
            )
        ],
        no_value=NO_TARGET,
        fault=JMX_FAULT,
    ),
    Graph(
        title=Text("Partitions under min ISR, by leader", "리더 브로커별 min ISR 미만 파티션"),
        description=Text(
            "Which leaders reject records? Partitions that a broker leads with fewer in-sync replicas than "
            "min.insync.replicas, of all topics, also those that the broker view does not watch. 0 is good; the "
            "culprit is usually the broker that is missing here.",
            "어떤 리더가 레코드를 거부하는가? 브로커가 리더인 파티션 중 동기화된 복제본이 min.insync.replicas보다 "
            "적은 수이며, 브로커 뷰가 감시하지 않는 토픽도 포함합니다. 0이 정상이고, 원인은 대개 여기에서 빠진 "
            "브로커입니다.",
        ),
        width=8,
        height=8,
        queries=[
            Query(
                f"topk(10, max by (%{{cluster}}, target) ({jvm('kafka_broker_under_min_isr_partitions')}))",
                legend=BY_BROKER,
            )
        ],
        no_value=NO_TARGET,
        fault=JMX_FAULT,
    ),
    Graph(
        title=Text("Producer ids in memory, by broker", "브로커별 메모리의 프로듀서 ID"),
        description=Text(
            "Do producers that are never reused fill the brokers' memory? Each id counts for every partition of which "
            "the broker has a replica, and is kept for a day. A line that keeps rising is a leak.",
            "재사용되지 않는 프로듀서가 브로커의 메모리를 채우는가? ID 하나는 브로커가 복제본을 가진 파티션마다 세며 "
            "하루 동안 남습니다. 계속 늘면 누수입니다.",
        ),
        width=8,
        height=8,
        queries=[
            Query(f"topk(10, max by (%{{cluster}}, target) ({jvm('kafka_broker_producer_ids')}))", legend=BY_BROKER),
        ],
        no_value=NO_TARGET,
        fault=JMX_FAULT,
    ),
    Graph(
        title=Text("Late transactions, by broker", "브로커별 늦은 트랜잭션"),
        description=Text(
            "Do brokers have transactions that should have ended? Partitions with one that is open five minutes "
            "longer than transaction.max.timeout.ms allows. 0 is good; otherwise look for hanging transactions.",
            "끝났어야 할 트랜잭션이 브로커에 남아 있는가? transaction.max.timeout.ms보다 5분 더 열려 있는 트랜잭션이 "
            "있는 파티션의 수입니다. 0이 정상이고, 그렇지 않으면 멈춘 트랜잭션을 찾으십시오.",
        ),
        width=8,
        height=8,
        queries=[
            Query(
                f"topk(10, max by (%{{cluster}}, target) ({jvm('kafka_broker_late_transaction_partitions')}))",
                legend=BY_BROKER,
            )
        ],
        links=(Link(Text("Transactions", "트랜잭션 보기"), "transactions", ()),),
        no_value=NO_TARGET,
        fault=JMX_FAULT,
    ),
    Graph(
        title=Text("Transaction markers that wait", "대기 중인 트랜잭션 마커"),
        description=Text(
            "Why do commits not complete? Markers wait while their partition has no leader; transactions wait while "
            "the coordinator cannot append to its log. All at 0 is good.",
            "커밋이 왜 끝나지 않는가? 파티션에 리더가 없으면 마커가 기다리고, 코디네이터가 자신의 로그에 쓰지 못하면 "
            "트랜잭션이 기다립니다. 모두 0이면 정상입니다.",
        ),
        width=8,
        height=8,
        queries=[
            Query(
                f"sum({jvm('kafka_broker_transaction_marker_unknown_destination_queue_size')})",
                legend=Text("markers without a leader", "리더가 없는 마커"),
            ),
            Query(
                f"sum({jvm('kafka_broker_transaction_marker_log_append_retry_queue_size')})",
                legend=Text("transactions to be appended", "로그에 쓰기를 기다리는 트랜잭션"),
            ),
        ],
        no_value=NO_TARGET,
        fault=JMX_FAULT,
    ),
)

A_TOPIC = Variable(
    "topic",
    Text("Topic", "토픽"),
    'label_values(kafka_topic_replication_factor{%{cluster}=~"$cluster"}, topic)',
    Text("A topic that the broker view watches.", "브로커 뷰가 감시하는 토픽."),
)
BROKER = Variable(
    "broker",
    Text("Broker", "브로커"),
    'label_values(kafka_producer_exporter_target_info{%{cluster}=~"$cluster", kind="broker"}, target)',
    Text("A target of kind broker, for the brokers' own JVMs.", "kind가 broker인 대상. 브로커의 JVM에만 해당합니다."),
)

BOARD = Board(
    key="brokers",
    title=Text("Kafka producers / Brokers' view", "Kafka 프로듀서 / 브로커에서 본 상태"),
    description=Text(
        "Do the brokers accept what producers send, and will they on a bad day? Read with the rights of a client, so "
        "it also works on managed clusters; only the last row needs the brokers' JMX.",
        "브로커가 프로듀서의 레코드를 받고 있으며 장애가 나도 그럴 것인가? 클라이언트의 권한으로 읽으므로 관리형 "
        "클러스터에서도 됩니다. 마지막 행만 브로커의 JMX가 필요합니다.",
    ),
    variables=(CLUSTER, A_TOPIC, BROKER),
    rows=(
        Row(None, (*NUMBERS, *NOW)),
        Row(Text("Topics and their durability", "토픽과 내구성"), TOPICS),
        Row(Text("Growth and skew", "증가와 쏠림"), GROWTH),
        Row(Text("Bootstrap servers and certificates", "부트스트랩 서버와 인증서"), SERVERS),
        Row(Text("The brokers' own JVMs (targets of kind broker)", "브로커의 JVM(broker 종류의 대상)"), JVMS),
    ),
)
