"""The board of transactions and idempotence: what the transaction log and the partitions' leaders know.

Several exporters may read a cluster, each from a beginning of its own: the rate comes first, and then the maximum over
them. Shards of a cluster have different transactional ids, so totals are summed over shards.
"""

from dashboards.model import Board, Graph, Link, Query, Row, Stat, States, Step, Table, Variable
from dashboards.queries import EVERYTHING, brokers, producer, rate
from kafka_producer_exporter.languages import Text

ID = "%{cluster}, transactional_id"
PLACE = "%{cluster}, topic, partition, producer_id"
TOPIC = "%{cluster}, topic"
WINDOW = "%{transaction_window}"
SHARD = brokers("kafka_producer_exporter_shard_info")
OPEN_RATIO = "scalar(max(kafka_producer_threshold:open_ratio) or vector(0.8))"
NO_VIEW = Text("not watched: no broker view", "감시하지 않음: 브로커 뷰 없음")
CLUSTER = ("%{cluster}", Text("Cluster", "클러스터"))
TRANSACTIONAL = ("transactional_id", Text("Transactional id", "transactional.id"))


def whole(expr: str, *by: str, each: tuple[str, ...] = ()) -> str:
    """Return the total over the clusters of what each exporter says, by these labels; *each* are more that it has."""
    labels = (*by, *each)
    inner = ", ".join(("%{cluster}", "shard", *labels))
    ignored = ", ".join(("shard", "total_shards", *labels))
    outer = f"sum by ({', '.join(by)})" if by else "sum"
    return (
        f"{outer} (\n  max by ({inner}) (\n    {expr}\n      * ignoring ({ignored}) group_left (shard) {SHARD}\n  )\n)"
    )


def ids(metric: str, *more: str) -> str:
    """Return the selector of a metric of the chosen transactional ids."""
    return brokers(metric, "transactional_id=~`${transactional_id:regex}`", *more)


def by_id(expr: str) -> str:
    """Return the greatest value that an exporter has, for each transactional id."""
    return f"max by ({ID}) ({expr})"


def topics(metric: str, *more: str) -> str:
    """Return the selector of a metric of the chosen topics."""
    return brokers(metric, 'topic=~"$topic"', *more)


def increase(selector: str, window: str = "$__range") -> str:
    """Return the increase in a time."""
    return f"increase({selector}[{window}])"


def of(expr: str, chosen: str, on: str = ID) -> str:
    """Return an expression for the rows that *chosen* has."""
    return f"{expr}\n  and on ({on}) {chosen}"


# The first screen

SHARE = f"{ids('kafka_transaction_open_seconds')}\n    / {ids('kafka_transaction_timeout_seconds')}"
ABORTED = brokers("kafka_cluster_transaction_aborted_total")
COUNTING = brokers("kafka_producer_exporter_counting_since_timestamp_seconds")
PARTITIONS_UP = brokers("kafka_producer_exporter_source_up", 'source="partitions"')


def aborted(reason: str) -> str:
    """Return the total of the transactions that were aborted for a reason, in the time shown."""
    return whole(increase(brokers("kafka_cluster_transaction_aborted_total", f'reason="{reason}"')), each=("reason",))


NUMBERS = (
    Stat(
        title=Text("Open transactions", "열린 트랜잭션"),
        description=Text(
            "How many transactions are open now, of the chosen transactional ids? Healthy ones are open for moments, "
            "so small numbers that come and go are good.",
            "지금 열려 있는 트랜잭션은 몇 개인가? 선택한 transactional.id만 셉니다. 정상적인 트랜잭션은 잠깐만 열려 "
            "있으므로 작은 숫자가 오르내리는 것은 정상입니다.",
        ),
        width=4,
        height=4,
        queries=[
            # An id has the series only while its transaction is open.
            Query(
                f"{whole(ids('kafka_transaction_open'), each=('transactional_id',))}\n"
                f"or sum(0 * {brokers('kafka_producer_exporter_counting_since_timestamp_seconds')})"
            )
        ],
        decimals=0,
        no_value=Text("not counted", "집계하지 않음"),
    ),
    Stat(
        title=Text("Oldest, of its timeout", "가장 오래 열린 것(타임아웃 대비)"),
        description=Text(
            "Is a transaction about to time out? The age of the oldest open transaction, measured against its own "
            "transaction.timeout.ms. At 100 % the coordinator aborts it; until it ends, read_committed consumers wait.",
            "타임아웃에 가까워진 트랜잭션이 있는가? 가장 오래 열린 트랜잭션의 나이를 자신의 transaction.timeout.ms와 "
            "비교한 값입니다. 100 %가 되면 코디네이터가 중단하며, 끝날 때까지 read_committed 컨슈머는 기다립니다.",
        ),
        width=4,
        height=4,
        unit="percentunit",
        queries=[Query(f"max({SHARE})\n  or 0 * max({COUNTING})")],
        decimals=0,
        steps=(Step(None, "green"), Step(0.8, "yellow"), Step(1, "red")),
        no_value=NO_VIEW,
    ),
    Stat(
        title=Text("Hanging transactions", "멈춘 트랜잭션"),
        description=Text(
            "Is a transaction open on a partition that no coordinator knows? Nothing will end it, and read_committed "
            "consumers cannot read past it. 0 is good; a value needs somebody now.",
            "어떤 코디네이터도 모르는 트랜잭션이 파티션에 열려 있는가? 저절로 끝나지 않으며 read_committed 컨슈머가 "
            "그 뒤를 읽지 못합니다. 0이 정상이고, 그렇지 않으면 바로 조치해야 합니다.",
        ),
        width=4,
        height=4,
        queries=[
            Query(
                f"count(group by ({PLACE}) ({brokers('kafka_transaction_hanging')}))\n"
                f"  or 0 * max({PARTITIONS_UP} == 1)\n"
                f"    unless on () max({brokers('kafka_producer_exporter_hanging_judged')}) == 0"
            )
        ],
        decimals=0,
        steps=(Step(None, "green"), Step(1, "red")),
        no_value=Text("cannot be judged now", "지금은 판단할 수 없음"),
    ),
    Stat(
        title=Text("Fenced", "펜싱됨"),
        description=Text(
            "How many open transactions were fenced in the time shown, in the whole cluster? One for each "
            "transactional id in a deploy is normal. What repeats is two instances with the same transactional.id.",
            "표시된 시간 동안 클러스터 전체에서 열린 트랜잭션이 몇 번 펜싱되었는가? 배포할 때 ID마다 한 번은 "
            "정상입니다. 반복되면 두 인스턴스의 transactional.id가 같은 것입니다.",
        ),
        width=4,
        height=4,
        queries=[Query(aborted("fenced"))],
        decimals=0,
        steps=(Step(None, "green"), Step(0.5, "yellow")),
        no_value=NO_VIEW,
    ),
    Stat(
        title=Text("Timed out", "타임아웃됨"),
        description=Text(
            "How many transactions reached transaction.timeout.ms in the time shown, in the whole cluster? Healthy "
            "applications have none. Their records are discarded unless the application writes them again.",
            "표시된 시간 동안 클러스터 전체에서 transaction.timeout.ms를 넘긴 트랜잭션은 몇 개인가? 정상이라면 "
            "없습니다. 애플리케이션이 다시 쓰지 않으면 그 레코드는 버려집니다.",
        ),
        width=4,
        height=4,
        queries=[Query(aborted("timeout"))],
        decimals=0,
        steps=(Step(None, "green"), Step(0.5, "red")),
        no_value=NO_VIEW,
    ),
    Stat(
        title=Text("Counts of transactions", "트랜잭션 집계"),
        description=Text(
            "Can the numbers of this board be trusted? They are exact while the exporter reads the whole transaction "
            "log. They are lower bounds if it may not read the log, or if the log has lost records.",
            "이 보드의 숫자를 믿을 수 있는가? 익스포터가 트랜잭션 로그를 빠짐없이 읽는 동안에는 정확합니다. 로그를 "
            "읽을 권한이 없거나 로그가 레코드를 잃었다면 실제보다 적게 셉니다.",
        ),
        width=4,
        height=4,
        queries=[Query(f"min({brokers('kafka_producer_exporter_transaction_counts_exact')})")],
        steps=(
            Step(None, "text"),
            Step(0, "yellow", Text("lower bounds", "하한값")),
            Step(1, "green", Text("exact", "정확함")),
        ),
        no_value=NO_VIEW,
    ),
)

OPEN_SECONDS = ids("kafka_transaction_open_seconds")
LONGEST = f"topk(10, max by ({ID}) (max_over_time({OPEN_SECONDS}[$__range])))"
STATE = f"""max by ({ID}) (
  1 + ({SHARE} > bool {OPEN_RATIO}) + ({SHARE} > bool 1)
    or 0 * {ids("kafka_transaction_open")}
)"""

NOW = (
    States(
        title=Text("Which transactions were open, and when?", "어떤 트랜잭션이 언제 열려 있었는가?"),
        description=Text(
            "When were the transactions of an id open, and for how long? Short stretches are good; a band that turns "
            "yellow nears its timeout, and red is past it. The ten ids that were open longest; a transaction that "
            "begins and ends between two scrapes is not seen.",
            "각 ID의 트랜잭션이 언제 얼마나 열려 있었는가? 짧게 끊기면 정상이고, 노란색은 타임아웃에 가까워진 것, "
            "빨간색은 넘긴 것입니다. 가장 오래 열려 있던 ID 10개이며, 두 수집 사이에 시작하고 끝난 트랜잭션은 보이지 "
            "않습니다.",
        ),
        width=12,
        height=8,
        queries=[Query(of(STATE, LONGEST), legend="{{transactional_id}} {{%{cluster}}}")],
        steps=(
            Step(None, "text"),
            Step(0, "green", Text("none open", "열린 것 없음")),
            Step(1, "blue", Text("open", "열림")),
            Step(2, "yellow", Text("near its timeout", "타임아웃에 가까움")),
            Step(3, "red", Text("past its timeout", "타임아웃 초과")),
        ),
        no_value=Text("no open transaction was seen", "열린 트랜잭션이 보이지 않았음"),
        fault="long-transaction",
    ),
    Graph(
        title=Text("Age of open transactions, of their timeout", "열린 시간(타임아웃 대비)"),
        description=Text(
            "Which transactions stay open too long? The age of the oldest one of each id, as a share of its own "
            "timeout. Above the line it has little time left; at 100 % the coordinator aborts it. A value that stays "
            "above 100 % is decided, but its markers cannot be written.",
            "어떤 트랜잭션이 너무 오래 열려 있는가? ID마다 가장 오래된 트랜잭션의 나이를 자신의 타임아웃에 대한 "
            "비율로 보여 줍니다. 점선을 넘으면 남은 시간이 거의 없고, 100 %가 되면 코디네이터가 중단합니다. 100 %를 "
            "넘어 계속되면 결정은 되었지만 마커를 쓰지 못하는 것입니다.",
        ),
        width=12,
        height=8,
        unit="percentunit",
        queries=[Query(f"topk(10, {by_id(SHARE)})", legend="{{transactional_id}} {{%{cluster}}}")],
        thresholds=("open_ratio",),
        alerts=("KafkaTransactionOpenTooLong",),
        no_value=Text("no open transaction was seen", "열린 트랜잭션이 보이지 않았음"),
        fault="long-transaction",
    ),
    Graph(
        title=Text("Transactions started, committed and aborted", "시작, 커밋, 중단된 트랜잭션"),
        description=Text(
            "Do transactions make progress? Good while committed follows started; all ids of the cluster are counted, "
            "also new ones. Guide: transaction-start-rate, transaction-abort-rate, which no Java client has; they "
            "come from the transaction log.",
            "트랜잭션이 진행되고 있는가? 커밋이 시작을 따라가면 정상이며, 새 ID를 포함해 클러스터의 모든 ID를 셉니다. "
            "가이드: transaction-start-rate, transaction-abort-rate. Java 클라이언트에는 없는 값이라 트랜잭션 "
            "로그에서 셉니다.",
        ),
        width=12,
        height=8,
        unit="suffix: /s",
        queries=[
            Query(whole(rate(brokers("kafka_cluster_transaction_started_total"))), legend=Text("started", "시작")),
            Query(whole(rate(brokers("kafka_cluster_transaction_committed_total"))), legend=Text("committed", "커밋")),
            Query(whole(rate(ABORTED), each=("reason",)), legend=Text("aborted", "중단")),
        ],
        guide=("transaction-start-rate", "transaction-abort-rate"),
        no_value=NO_VIEW,
    ),
    Graph(
        title=Text("Aborted transactions, by reason", "이유별 중단된 트랜잭션"),
        description=Text(
            "Who aborts transactions? client: the application itself; timeout: the coordinator, because it was open "
            "too long; fenced: another instance took over the id; unknown: the log no longer shows it. An application "
            "that aborts and opens a new producer within 1.5 s counts as fenced. Guide: transaction-abort-rate.",
            "누가 트랜잭션을 중단하는가? client는 애플리케이션 자신, timeout은 너무 오래 열려 있어 중단한 코디네이터, "
            "fenced는 ID를 넘겨받은 다른 인스턴스, unknown은 로그에 이유가 남아 있지 않은 것입니다. 중단하고 1.5초 "
            "안에 새 프로듀서를 열어도 fenced로 셉니다. 가이드: transaction-abort-rate.",
        ),
        width=12,
        height=8,
        unit="suffix: /s",
        queries=[Query(whole(rate(ABORTED), "reason"), legend="{{reason}}")],
        guide=("transaction-abort-rate",),
        no_value=NO_VIEW,
    ),
)

# Hanging transactions

MOST_STUCK = f"topk(20, max by ({PLACE}) ({topics('kafka_transaction_hanging_seconds')}))"
STUCK_FOR = Text("Since its last record", "마지막 레코드 이후")
NOT_READABLE = Text("Records not readable", "읽지 못하는 레코드")

HANGING = (
    Table(
        title=Text("Hanging transactions: where?", "멈춘 트랜잭션은 어디에 있는가?"),
        description=Text(
            "Which partitions have a transaction that nothing will end? read_committed consumers do not receive the "
            "records behind it, while their lag grows. Do not abort one before you have checked it: the runbook says "
            "how. A healthy transaction that is aborted loses its records, and its commit still returns OK.",
            "저절로 끝나지 않을 트랜잭션은 어느 파티션에 있는가? read_committed 컨슈머는 그 뒤의 레코드를 받지 못하고 "
            "지연이 늘어납니다. 런북대로 확인하기 전에는 중단하지 마십시오. 정상 트랜잭션을 중단하면 커밋은 성공으로 "
            "응답하지만 레코드는 사라집니다.",
        ),
        width=14,
        height=8,
        queries=[
            Query(MOST_STUCK, column=STUCK_FOR, unit="s"),
            Query(
                of(f"max by ({PLACE}) ({topics('kafka_transaction_hanging_records')})", MOST_STUCK, PLACE),
                column=NOT_READABLE,
            ),
        ],
        labels=(
            ("topic", Text("Topic", "토픽")),
            ("partition", Text("Partition", "파티션")),
            ("producer_id", Text("Producer id", "프로듀서 ID")),
            CLUSTER,
        ),
        sort=STUCK_FOR,
        alerts=("KafkaTransactionHanging",),
        links=(Link(Text("The topic", "토픽 보기"), "brokers", ("topic",)),),
        no_value=Text("none found", "발견되지 않음"),
        fault="hanging-transaction",
    ),
    Graph(
        title=Text("Records behind a hanging transaction", "멈춘 트랜잭션 뒤의 레코드"),
        description=Text(
            "How much do read_committed consumers miss? Offsets from the last stable offset (LSO) to the end of the "
            "partition. It rises while others write to the partition, and falls to nothing once the transaction is "
            "aborted.",
            "read_committed 컨슈머가 얼마나 못 읽고 있는가? 마지막 안정 오프셋(LSO)부터 파티션 끝까지의 오프셋 "
            "수입니다. 다른 프로듀서가 쓰는 동안 늘어나고, 트랜잭션을 중단하면 없어집니다.",
        ),
        width=6,
        height=8,
        queries=[
            Query(
                f"topk(10, max by ({PLACE}) ({topics('kafka_transaction_hanging_records')}))",
                legend="{{topic}}-{{partition}} {{%{cluster}}}",
            )
        ],
        no_value=Text("none found", "발견되지 않음"),
        fault="hanging-transaction",
    ),
    Stat(
        title=Text("Longest timeout that brokers allow", "브로커가 허용하는 최대 타임아웃"),
        description=Text(
            "How long may a healthy transaction be open? transaction.max.timeout.ms of the brokers. Only a hanging "
            "transaction that is older may be aborted.",
            "정상 트랜잭션은 최대 얼마나 열려 있을 수 있는가? 브로커의 transaction.max.timeout.ms입니다. 멈춘 "
            "트랜잭션은 이보다 오래된 뒤에만 중단하십시오.",
        ),
        width=4,
        height=8,
        unit="s",
        queries=[
            Query(
                f"max by (%{{cluster}}) ({brokers('kafka_transaction_max_timeout_seconds')})",
                legend="{{%{cluster}}}",
            )
        ],
        no_value=Text("unknown: no right to read it", "알 수 없음: 읽을 권한 없음"),
    ),
)

# Open transactions

NEAREST = f"topk(20, {by_id(SHARE)})"
PROTOCOL = Text("Protocol", "프로토콜")
SHARE_HEADING = Text("Of its timeout", "타임아웃 대비")

OPEN = (
    Table(
        title=Text("Transactions that are open now", "지금 열려 있는 트랜잭션"),
        description=Text(
            "Which transactions are open now, and how much time do they have left? The 20 ids that are nearest to "
            "their timeout. An hour may be right for a long checkpoint, so compare the age with the timeout. Protocol "
            "2 raises the epoch at every commit; only exporters with the profile full show it.",
            "지금 열려 있는 트랜잭션은 무엇이고 시간이 얼마나 남았는가? 타임아웃에 가장 가까운 ID 20개입니다. 긴 "
            "체크포인트라면 한 시간도 정상일 수 있으므로 나이를 타임아웃과 비교하십시오. 프로토콜 2는 커밋할 때마다 "
            "epoch을 올리며, 프로필이 full인 익스포터만 프로토콜을 보여 줍니다.",
        ),
        width=24,
        height=8,
        queries=[
            Query(NEAREST, column=SHARE_HEADING, unit="percentunit"),
            Query(
                of(by_id(OPEN_SECONDS), NEAREST),
                column=Text("Open for", "열린 시간"),
                unit="s",
            ),
            Query(
                of(by_id(ids("kafka_transaction_timeout_seconds")), NEAREST),
                column=Text("Timeout", "타임아웃"),
                unit="s",
            ),
            Query(of(by_id(ids("kafka_transaction_open")), NEAREST), column=Text("Open", "열린 수")),
            Query(
                of(
                    f"({by_id(ids('kafka_transaction_protocol_version'))}\n  or 0 * {by_id(OPEN_SECONDS)} - 1)",
                    NEAREST,
                ),
                column=PROTOCOL,
                unit="none",
            ),
        ],
        labels=(TRANSACTIONAL, CLUSTER),
        sort=SHARE_HEADING,
        steps={
            SHARE_HEADING: (Step(None, "green"), Step(0.8, "yellow"), Step(1, "red")),
            PROTOCOL: (Step(None, "text"), Step(-1, "text", Text("unknown", "알 수 없음"))),
        },
        links=(Link(Text("Only this id", "이 ID만 보기"), "transactions", ("transactional_id",)),),
        no_value=Text("none", "없음"),
        fault="long-transaction",
    ),
)

# Aborts and fencing


def aborts(reason: str, window: str) -> str:
    """Return how many transactions of each id were aborted for a reason in a time."""
    return by_id(increase(ids("kafka_transaction_aborted_total", f'reason="{reason}"'), window))


COMMITTED = by_id(increase(ids("kafka_transaction_committed_total"), WINDOW))
MOST_ABORTED = (
    f"topk(20, sum by ({ID}) (max by ({ID}, reason) ({increase(ids('kafka_transaction_aborted_total'))})) > 0)"
)
BY_CLIENT = Text("By the application", "애플리케이션이 중단")

ABORTS = (
    Graph(
        title=Text(
            "Fenced in %{transaction_window.words}, by transactional id",
            "transactional.id별 펜싱 횟수(%{transaction_window.words})",
        ),
        description=Text(
            "Do instances take a transactional id from each other? Open transactions that were fenced in the 30 "
            "minutes before. A deploy fences each id once; at the line and above, two instances usually have the same "
            "transactional.id. A group of ids alerts if its fencing goes on.",
            "인스턴스들이 transactional.id를 서로 빼앗고 있는가? "
            "직전 %{transaction_window.words} 동안 펜싱된 열린 트랜잭션 수입니다. 배포는 "
            "ID마다 한 번 펜싱합니다. 점선에 닿거나 넘으면 대개 두 인스턴스의 transactional.id가 같습니다. ID 그룹은 "
            "펜싱이 계속되면 경보가 발생합니다.",
        ),
        width=8,
        height=8,
        queries=[Query(f"topk(10, {aborts('fenced', WINDOW)} > 0)", legend="{{transactional_id}} {{%{cluster}}}")],
        thresholds=("fenced_transactions",),
        alerts=("KafkaTransactionFenced",),
        no_value=Text("no fencing seen", "펜싱 없음"),
        fault="fencing-loop",
    ),
    Graph(
        title=Text(
            "Timed out in %{transaction_window.words}, by transactional id",
            "transactional.id별 타임아웃 횟수(%{transaction_window.words})",
        ),
        description=Text(
            "Which applications leave transactions open until the coordinator aborts them? No line is good. The very "
            "first timeout of a new id is not in this graph, but in the total above.",
            "어떤 애플리케이션이 코디네이터가 중단할 때까지 트랜잭션을 열어 두는가? 선이 없으면 정상입니다. 새 ID의 "
            "맨 첫 타임아웃은 이 그래프에 없고 위의 합계에만 있습니다.",
        ),
        width=8,
        height=8,
        queries=[Query(f"topk(10, {aborts('timeout', WINDOW)} > 0)", legend="{{transactional_id}} {{%{cluster}}}")],
        thresholds=("timed_out_transactions",),
        alerts=("KafkaTransactionTimeouts",),
        no_value=Text("no timeout seen", "타임아웃 없음"),
        fault="transaction-timeouts",
    ),
    Graph(
        title=Text("Share that applications abort themselves", "애플리케이션이 스스로 중단한 비율"),
        description=Text(
            "Which applications give up many of their transactions? The aborted share of the transactions that they "
            "ended in the %{transaction_window.words} before, "
            "without timeouts and fencing. Near 0 is good; the reason is in the "
            "application's log. A share of very few transactions says little, and raises no alert.",
            "어떤 애플리케이션이 트랜잭션을 많이 포기하는가? "
            "직전 %{transaction_window.words} 동안 스스로 끝낸 트랜잭션 중 중단한 비율이며 "
            "타임아웃과 펜싱은 빠집니다. 0에 가까우면 정상이고, 이유는 애플리케이션의 로그에 있습니다. 트랜잭션이 "
            "매우 적을 때의 비율은 의미가 적고 경보도 발생하지 않습니다.",
        ),
        width=8,
        height=8,
        unit="percentunit",
        queries=[
            Query(
                f"topk(10,\n  {aborts('client', WINDOW)}\n"
                f"    / ({aborts('client', WINDOW)}\n      + {COMMITTED} > 0)\n)",
                legend="{{transactional_id}} {{%{cluster}}}",
            )
        ],
        thresholds=("abort_ratio",),
        alerts=("KafkaTransactionAborts",),
        no_value=Text("no transaction ended", "끝난 트랜잭션 없음"),
    ),
    Table(
        title=Text("Aborted transactions, by transactional id", "transactional.id별 중단된 트랜잭션"),
        description=Text(
            "Whose transactions were aborted in the time shown, and by whom? The 20 ids with the most. Some causes "
            "look alike in the log, so look at the application before you act on a reason.",
            "표시된 시간 동안 누구의 트랜잭션을 누가 중단했는가? 가장 많은 ID 20개입니다. 로그에서 같아 보이는 원인이 "
            "있으므로 이유에 따라 조치하기 전에 애플리케이션을 확인하십시오.",
        ),
        width=24,
        height=8,
        queries=[
            Query(of(aborts("client", "$__range"), MOST_ABORTED), column=BY_CLIENT, unit="none"),
            Query(of(aborts("timeout", "$__range"), MOST_ABORTED), column=Text("Timed out", "타임아웃"), unit="none"),
            Query(of(aborts("fenced", "$__range"), MOST_ABORTED), column=Text("Fenced", "펜싱"), unit="none"),
            Query(
                of(aborts("unknown", "$__range"), MOST_ABORTED),
                column=Text("Reason unknown", "이유 모름"),
                unit="none",
            ),
            Query(
                of(by_id(increase(ids("kafka_transaction_committed_total"))), MOST_ABORTED),
                column=Text("For comparison: committed", "비교: 커밋"),
                unit="none",
            ),
        ],
        labels=(TRANSACTIONAL, CLUSTER),
        sort=BY_CLIENT,
        links=(Link(Text("Only this id", "이 ID만 보기"), "transactions", ("transactional_id",)),),
        no_value=Text("no aborted transaction seen", "중단된 트랜잭션 없음"),
    ),
)

# Producer ids, epochs and sessions

BUSIEST = f"topk(20, {by_id(rate(ids('kafka_transaction_started_total')))})"
NAMED = f"group by ({ID}, producer_id) ({ids('kafka_transactional_producer_info')})"
STARTED = Text("Started per second", "초당 시작")


def in_range(counter: str) -> str:
    """Return how much a counter by reason rose in the time shown, for each transactional id."""
    return f"sum by ({ID}) (max by ({ID}, reason) ({increase(ids(counter))}))"


IDENTITIES = (
    Table(
        title=Text("Transactional ids: producer id and epoch", "transactional.id의 프로듀서 ID와 epoch"),
        description=Text(
            "Who is behind a transactional id now? Guide: producer-id, epoch. Under protocol 2 the epoch rises at "
            "every commit, and a new producer id follows when its epochs are used up, so both are normal, but many "
            "sessions are not. The 20 busiest; a group of ids has neither producer id nor epoch.",
            "지금 transactional.id 뒤에 어떤 프로듀서가 있는가? 가이드: producer-id, epoch. 프로토콜 2에서는 커밋할 "
            "때마다 epoch이 오르고 다 쓰면 새 프로듀서 ID를 받으므로 둘 다 정상이지만, 잦은 세션은 정상이 아닙니다. "
            "가장 바쁜 ID 20개이며, ID 그룹에는 프로듀서 ID와 epoch이 없습니다.",
        ),
        width=24,
        height=8,
        queries=[
            Query(BUSIEST, column=STARTED, unit="suffix: /s"),
            Query(
                of(
                    f"{NAMED}\n  * on ({ID}) group_left () {by_id(ids('kafka_transactional_producer_epoch'))}",
                    BUSIEST,
                ),
                column=Text("Epoch", "epoch"),
                unit="none",
            ),
            Query(
                of(
                    f"({by_id(OPEN_SECONDS)}\n  or 0 * {by_id(ids('kafka_transaction_open'))})",
                    BUSIEST,
                ),
                column=Text("Open now for", "지금 열린 시간"),
                unit="s",
            ),
            Query(
                of(in_range("kafka_transactional_producer_session_total"), BUSIEST),
                column=Text("Sessions", "세션"),
                unit="none",
            ),
            Query(
                of(in_range("kafka_transactional_producer_id_change_total"), BUSIEST),
                column=Text("New producer ids", "새 프로듀서 ID"),
                unit="none",
            ),
            Query(
                of(in_range("kafka_transaction_aborted_total"), BUSIEST),
                column=Text("Aborted", "중단"),
                unit="none",
            ),
        ],
        labels=(TRANSACTIONAL, ("producer_id", Text("Producer id", "프로듀서 ID")), CLUSTER),
        sort=STARTED,
        guide=("producer-id", "epoch"),
        links=(Link(Text("Only this id", "이 ID만 보기"), "transactions", ("transactional_id",)),),
        no_value=Text("–", "–"),
    ),
    Graph(
        title=Text(
            "Sessions in %{transaction_window.words}, by transactional id",
            "transactional.id별 세션 수(%{transaction_window.words})",
        ),
        description=Text(
            "Does a transactional producer start again and again? "
            "Calls of initTransactions() in the %{transaction_window.words} "
            "before. A deploy opens one or two sessions of each id; at the line, it crashes in a loop, or two "
            "instances take the id from each other. Guide: producer-id, epoch (a reset of the session).",
            "트랜잭션 프로듀서가 계속 다시 시작하는가? "
            "직전 %{transaction_window.words} 동안의 initTransactions() 호출 수입니다. 배포는 "
            "ID마다 한두 번 세션을 엽니다. 점선에 닿으면 반복해서 비정상 종료하거나 두 인스턴스가 ID를 서로 빼앗는 "
            "것입니다. 가이드: producer-id, epoch(세션 리셋).",
        ),
        width=8,
        height=8,
        queries=[
            Query(
                f"topk(10,\n  sum by ({ID}) (\n    max by ({ID}, reason) (\n"
                f"      {increase(ids('kafka_transactional_producer_session_total'), WINDOW)}\n    )\n  ) > 0\n"
                f"  and on ({ID}) group by ({ID}) ({ids('kafka_transactional_producer_epoch')})\n)",
                legend="{{transactional_id}} {{%{cluster}}}",
            )
        ],
        thresholds=("sessions",),
        guide=("producer-id", "epoch"),
        alerts=("KafkaProducerSessionResets",),
        no_value=Text("no new session seen", "새 세션 없음"),
        fault="session-loop",
    ),
    Graph(
        title=Text("Sessions, by reason", "이유별 세션"),
        description=Text(
            "Why do transactional producers begin again? init: a start, and nothing was open; takeover: a new "
            "instance fenced an open transaction; recovery: the same instance went on after an error. Short peaks at "
            "deploys are good, a steady line is not.",
            "트랜잭션 프로듀서는 왜 다시 시작하는가? init은 열린 트랜잭션 없이 시작한 것, takeover는 새 인스턴스가 "
            "열린 트랜잭션을 펜싱한 것, recovery는 같은 인스턴스가 오류 뒤에 이어 간 것입니다. 배포 때의 짧은 상승은 "
            "정상이고 계속되는 선은 정상이 아닙니다.",
        ),
        width=8,
        height=8,
        unit="suffix: /min",
        queries=[
            Query(
                f"60 * {whole(rate(brokers('kafka_cluster_transactional_producer_session_total')), 'reason')}",
                legend="{{reason}}",
            )
        ],
        no_value=NO_VIEW,
    ),
    Graph(
        title=Text("New producer ids of transactional ids, by reason", "transactional.id의 새 프로듀서 ID, 이유별"),
        description=Text(
            "Why do transactional ids get new producer ids? Guide: producer-id. rollover: the epochs were used up, "
            "which is routine (every 32,766 transactions under protocol 2). recreated: the coordinator had forgotten "
            "the id, after a week without use; several in a row are not normal.",
            "transactional.id가 왜 새 프로듀서 ID를 받는가? 가이드: producer-id. rollover는 epoch을 다 쓴 것으로 "
            "정상입니다(프로토콜 2에서는 트랜잭션 32,766개마다). recreated는 일주일 동안 쓰지 않아 코디네이터가 ID를 "
            "잊은 것이며, 잇달아 일어나면 정상이 아닙니다.",
        ),
        width=8,
        height=8,
        unit="suffix: /h",
        queries=[
            Query(
                f"3600 * {whole(rate(brokers('kafka_cluster_transactional_producer_id_change_total')), 'reason')}",
                legend="{{reason}}",
            )
        ],
        guide=("producer-id",),
        no_value=NO_VIEW,
    ),
)

# Time in the client


def share_of(metric: str) -> str:
    """Return the share of its time that an average producer with transactions spent in a call."""
    began = rate(producer("kafka_producer_txn_begin_time_seconds_total"))
    return f"sum({rate(producer(metric))})\n  / count({began} > 0)"


COMMIT = rate(producer("kafka_producer_txn_commit_time_seconds_total"))
NO_JVM = Text("no producer with transactions", "트랜잭션 프로듀서 없음")

CLIENT = (
    Graph(
        title=Text("Time in transaction calls", "트랜잭션 호출에 쓴 시간"),
        description=Text(
            "On what do producers with transactions spend their time? The share of each call, for the average of the "
            "chosen producers; what is missing to 100 % is free for records. From the client's JMX: a call that "
            "failed, for example because it was fenced, leaves no trace.",
            "트랜잭션 프로듀서가 시간을 어디에 쓰는가? 선택한 프로듀서의 평균으로 호출별 비율을 보여 주며, 100 %에서 "
            "남는 부분이 레코드를 보낼 수 있는 시간입니다. 클라이언트의 JMX 값이라 펜싱 등으로 실패한 호출은 남지 "
            "않습니다.",
        ),
        width=12,
        height=8,
        unit="percentunit",
        is_stacked=True,
        queries=[
            Query(share_of("kafka_producer_txn_init_time_seconds_total"), legend="init"),
            Query(share_of("kafka_producer_txn_begin_time_seconds_total"), legend="begin"),
            Query(
                share_of("kafka_producer_txn_send_offsets_time_seconds_total"),
                legend=Text("send offsets", "send offsets(오프셋 전송)"),
            ),
            Query(share_of("kafka_producer_txn_commit_time_seconds_total"), legend=Text("commit", "commit(커밋)")),
            Query(share_of("kafka_producer_txn_abort_time_seconds_total"), legend=Text("abort", "abort(중단)")),
        ],
        no_value=NO_JVM,
    ),
    Graph(
        title=Text("Time in commits, by client", "클라이언트별 커밋에 쓴 시간"),
        description=Text(
            "Which producers wait for their commits? The share of the time in commitTransaction(), in which a "
            "producer sends nothing. Above the line it could send more with larger transactions, or the brokers are "
            "slow. JMX does not have the number of commits, and many fast ones look like a few slow ones.",
            "어떤 프로듀서가 커밋을 기다리는가? commitTransaction()에서 보낸 시간의 비율이며, 그동안 프로듀서는 "
            "아무것도 보내지 않습니다. 점선을 넘으면 트랜잭션을 더 크게 묶어야 하거나 브로커가 느린 것입니다. JMX에는 "
            "커밋 횟수가 없어 빠른 커밋 여러 번과 느린 커밋 몇 번이 같아 보입니다.",
        ),
        width=12,
        height=8,
        unit="percentunit",
        queries=[
            Query(
                f"topk(10, max by (%{{cluster}}, namespace, target, client_id) (\n  {COMMIT}\n"
                f"    / ({producer('kafka_producer_group_clients')} > 0)\n  or {COMMIT}\n))",
                legend="{{target}} {{client_id}}",
            )
        ],
        thresholds=("commit_ratio",),
        alerts=("KafkaProducerCommitSlow",),
        links=(Link(Text("The producer", "프로듀서 보기"), "producer", ("target", "client_id")),),
        no_value=NO_JVM,
    ),
)

# Producers without transactions

ACTIVE = f"max by ({TOPIC}) ({topics('kafka_idempotent_producer_active')})"
MOST_ACTIVE = f"topk(20, {ACTIVE})"
BUMPS = Text("Epoch bumps", "epoch 증가")


def of_topic(counter: str) -> str:
    """Return how much a counter rose in the time shown, for the topics with the most producers."""
    return of(f"max by ({TOPIC}) ({increase(topics(counter))})", MOST_ACTIVE, TOPIC)


IDEMPOTENT = (
    Graph(
        title=Text("Epoch bumps in %{error_window.words}, by topic", "토픽별 epoch 증가(%{error_window.words})"),
        description=Text(
            "Were records of a producer without transactions lost or rejected? Guide: epoch. An idempotent producer "
            "raises its epoch only after records before it had failed for good, so no line is good, and every bump is "
            "real.",
            "트랜잭션 없는 프로듀서의 레코드가 유실되거나 거부되었는가? 가이드: epoch. 멱등성 프로듀서는 앞선 "
            "레코드가 최종 실패한 뒤에만 epoch을 올리므로 선이 없으면 정상이고, 증가한 것은 모두 실제 문제입니다.",
        ),
        width=8,
        height=8,
        queries=[
            Query(
                f"topk(10, max by ({TOPIC}) (\n"
                f"  {increase(topics('kafka_idempotent_producer_epoch_bump_total'), '%{error_window}')}\n) > 0)",
                legend="{{topic}} {{%{cluster}}}",
            )
        ],
        guide=("epoch",),
        alerts=("KafkaProducerEpochBumps",),
        no_value=Text("no epoch bump seen", "epoch 증가 없음"),
        fault="rejected-records",
    ),
    Graph(
        title=Text("New producer ids in %{leak_window.words}, by topic", "토픽별 새 프로듀서 ID(%{leak_window.words})"),
        description=Text(
            "Does an application create a producer for each record? Guide: producer-id. Every start of a producer is "
            "one new id, so a deploy shows as many as it has instances. Far below the line is good; brokers keep each "
            "id in memory for a day.",
            "애플리케이션이 레코드마다 프로듀서를 만들고 있는가? 가이드: producer-id. 프로듀서를 시작할 때마다 새 "
            "ID가 하나 생기므로 배포하면 인스턴스 수만큼 늘어납니다. 점선보다 한참 아래면 정상입니다. 브로커는 각 "
            "ID를 하루 동안 메모리에 둡니다.",
        ),
        width=8,
        height=8,
        queries=[
            Query(
                f"topk(10, max by ({TOPIC}) (\n"
                f"  {increase(topics('kafka_idempotent_producer_id_appeared_total'), '%{leak_window}')}\n) > 0)",
                legend="{{topic}} {{%{cluster}}}",
            )
        ],
        thresholds=("new_producer_ids",),
        guide=("producer-id",),
        alerts=("KafkaProducerIdLeak",),
        no_value=Text("no new producer id seen", "새 프로듀서 ID 없음"),
        fault="many-producers",
    ),
    Graph(
        title=Text("Active producers without transactions, by topic", "토픽별 활성 프로듀서(트랜잭션 없음)"),
        description=Text(
            "How many producers without transactions write to a topic? Those of the last ten minutes, on the "
            "partition that has the most; so it is at least this many. A sudden fall means that writers are gone.",
            "트랜잭션 없는 프로듀서 몇 개가 토픽에 쓰는가? 최근 10분 동안 가장 많은 파티션의 수이므로 실제로는 이보다 "
            "많을 수 있습니다. 갑자기 줄면 쓰던 프로듀서가 사라진 것입니다.",
        ),
        width=8,
        height=8,
        queries=[Query(f"topk(10, {ACTIVE})", legend="{{topic}} {{%{cluster}}}")],
        no_value=NO_VIEW,
    ),
    Table(
        title=Text("Producers without transactions, by topic", "토픽별 트랜잭션 없는 프로듀서"),
        description=Text(
            "Who writes to a topic without transactions, and in what state? Idempotence: an epoch bump follows "
            "records that were lost or rejected; a new producer id is a start; an expired id has not written for a "
            "day. The 20 topics with the most producers, in the time shown.",
            "트랜잭션 없이 토픽에 쓰는 프로듀서의 멱등성 상태는 어떤가? epoch 증가는 레코드가 유실되거나 거부된 뒤에 "
            "일어납니다. 새 프로듀서 ID는 시작을, 만료된 ID는 하루 동안 쓰지 않았음을 뜻합니다. 표시된 시간 동안 "
            "프로듀서가 가장 많은 토픽 20개입니다.",
        ),
        width=24,
        height=8,
        queries=[
            Query(of_topic("kafka_idempotent_producer_epoch_bump_total"), column=BUMPS, unit="none"),
            Query(MOST_ACTIVE, column=Text("Active producers", "활성 프로듀서"), unit="none"),
            Query(
                of(
                    f"min by ({TOPIC}) ({topics('kafka_idempotent_producer_idle_seconds')})",
                    MOST_ACTIVE,
                    TOPIC,
                ),
                column=Text("Since the last record", "마지막 레코드 이후"),
                unit="s",
            ),
            Query(
                of_topic("kafka_idempotent_producer_id_appeared_total"),
                column=Text("New producer ids", "새 프로듀서 ID"),
                unit="none",
            ),
            Query(
                of_topic("kafka_idempotent_producer_id_expired_total"),
                column=Text("Expired producer ids", "만료된 프로듀서 ID"),
                unit="none",
            ),
        ],
        labels=(("topic", Text("Topic", "토픽")), CLUSTER),
        sort=BUMPS,
        steps={BUMPS: (Step(None, "text"), Step(0.5, "red"))},
        links=(Link(Text("The topic", "토픽 보기"), "brokers", ("topic",)),),
        no_value=Text("none seen", "보이지 않음"),
    ),
)

TRANSACTIONAL_ID = Variable(
    "transactional_id",
    Text("Transactional id", "transactional.id"),
    'label_values(kafka_transaction_started_total{%{cluster}=~"$cluster"}, transactional_id)',
    Text(
        "An application's transactional.id, or the name of a group of them.",
        "애플리케이션의 transactional.id 또는 ID 그룹의 이름.",
    ),
)
A_TOPIC = Variable(
    "topic",
    Text("Topic", "토픽"),
    'label_values(kafka_topic_replication_factor{%{cluster}=~"$cluster"}, topic)',
    Text("A topic that the broker view watches.", "브로커 뷰가 감시하는 토픽."),
)

BOARD = Board(
    key="transactions",
    title=Text("Kafka producers / Transactions and idempotence", "Kafka 프로듀서 / 트랜잭션과 멱등성"),
    description=Text(
        "Do transactions begin, commit and end, and do producers keep their ids? Most numbers come from the brokers, "
        "for producers in every language, and need the exporter's broker view.",
        "트랜잭션이 시작하고 커밋되고 끝나는가, 프로듀서가 ID를 유지하는가? 대부분의 숫자는 브로커에서 오며, 어떤 "
        "언어의 프로듀서든 해당됩니다. 익스포터의 브로커 뷰가 필요합니다.",
    ),
    variables=(*EVERYTHING, TRANSACTIONAL_ID, A_TOPIC),
    rows=(
        Row(None, (*NUMBERS, *NOW)),
        Row(Text("Hanging transactions", "멈춘 트랜잭션"), HANGING),
        Row(Text("Open transactions", "열린 트랜잭션"), OPEN),
        Row(Text("Aborts, timeouts and fencing", "중단, 타임아웃, 펜싱"), ABORTS),
        Row(Text("Producer ids, epochs and sessions", "프로듀서 ID, epoch, 세션"), IDENTITIES),
        Row(Text("The client's time in transactions", "클라이언트가 트랜잭션에 쓴 시간"), CLIENT),
        Row(Text("Idempotence without transactions", "트랜잭션 없는 멱등성"), IDEMPOTENT),
    ),
)
