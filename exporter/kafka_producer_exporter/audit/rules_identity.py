"""The checks on addresses, names, transactions, keys and metrics."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from kafka_producer_exporter.audit.configuration import Configuration, Style
from kafka_producer_exporter.audit.findings import Item, Verdict
from kafka_producer_exporter.audit.item import item
from kafka_producer_exporter.languages import Text
from kafka_producer_exporter.net.address import Address

SERVERS, LOOKUP, CLIENT_ID = "bootstrap.servers", "client.dns.lookup", "client.id"
TRANSACTIONAL_ID, TRANSACTION_TIMEOUT = "transactional.id", "transaction.timeout.ms"
MAX_TRANSACTION_TIMEOUT_MS = 900_000
"""The default of the brokers' transaction.max.timeout.ms."""
JMX_REPORTER = "org.apache.kafka.common.metrics.JmxReporter"
_KEYLESS = ("RoundRobinPartitioner", "UniformStickyPartitioner")


def servers(c: Configuration) -> Iterator[Item]:
    """Check whether there is a way in when a broker is down."""
    if not c.is_set(SERVERS):
        yield item(
            c,
            SERVERS,
            Text("It is not in this file.", "이 파일에 없습니다."),
            verdict=Verdict.UNKNOWN,
        )
        return
    text = c.text(SERVERS)
    if text is None:
        return
    words = [word.strip() for word in text.split(",") if word.strip()]
    try:
        hosts = {Address.parse(word.partition("://")[2] or word).host.lower().rstrip(".") for word in words}
    except ValueError:
        yield item(
            c,
            SERVERS,
            Text(
                "The client does not start: each address must be HOST:PORT.",
                "주소마다 HOST:PORT 형식이어야 하므로 클라이언트가 시작되지 않습니다.",
            ),
            advice=Text("Write HOST:PORT,HOST:PORT.", "HOST:PORT,HOST:PORT로 쓰십시오."),
        )
        return
    if len(hosts) < 2:
        yield item(
            c,
            SERVERS,
            Text(
                "There is one host. While it is down, an application that starts cannot find the cluster. A name "
                "that stands for several brokers would do as well, but whether it is one cannot be known here.",
                "호스트가 하나뿐입니다. 그 호스트가 죽어 있으면 새로 시작하는 애플리케이션이 클러스터를 찾지 못합니다. "
                "여러 브로커를 가리키는 이름이면 괜찮지만 여기서는 알 수 없습니다.",
            ),
            advice=Text(
                "Name at least two brokers on different machines.", "서로 다른 장비의 브로커를 둘 이상 쓰십시오."
            ),
        )


def lookup(c: Configuration) -> Iterator[Item]:
    """Check whether all addresses of a name are used."""
    name = c.text(LOOKUP)
    if name is None or name == "use_all_dns_ips":
        return
    if name == "resolve_canonical_bootstrap_servers_only" and (c.text("sasl.mechanism") == "GSSAPI"):
        return  # Kerberos needs the brokers' own names
    yield item(
        c,
        LOOKUP,
        Text(
            "The client tries only the first address of a name, and gives up if that one is down.",
            "이름의 첫 주소만 시도하고, 그 주소가 죽어 있으면 포기합니다.",
        )
        if name == "default"
        else Text(
            "Names are resolved once, at the start, and not again when their addresses change.",
            "이름을 시작할 때 한 번만 조회하여, 주소가 바뀌어도 따라가지 못합니다.",
        ),
        change={LOOKUP: "use_all_dns_ips"},
    )


def client_id(c: Configuration) -> Iterator[Item]:
    """Check whether the metrics of instances can be told apart."""
    value = c.text(CLIENT_ID)
    if c.is_connect:
        if c.is_set(CLIENT_ID) and value:
            yield item(
                c,
                CLIENT_ID,
                Text(
                    "All tasks of the worker share this id, so their metrics are mixed. Without it, Connect gives each "
                    "task its own.",
                    "워커의 모든 태스크가 이 id를 함께 써서 지표가 섞입니다. 설정하지 않으면 Connect가 태스크마다 따로 "
                    "부여합니다.",
                ),
                advice=Text("Remove it.", "지우십시오."),
            )
    elif value == "" and not (c.is_transactional() and not c.is_set(CLIENT_ID)):
        yield item(
            c,
            CLIENT_ID,
            Text(
                "The client calls itself producer-1 in every instance: metrics, quotas and the brokers' logs cannot "
                "tell the instances apart.",
                "모든 인스턴스에서 이름이 producer-1이 되어 지표, 할당량, 브로커 로그에서 구별할 수 없습니다.",
            ),
            advice=Text(
                f"Set {c.spelled(CLIENT_ID, 'orders-${HOSTNAME}')}, with the service's own name.",
                f"서비스 이름을 넣어 {c.spelled(CLIENT_ID, 'orders-${HOSTNAME}')}처럼 설정하십시오.",
            ),
        )
    elif value:
        yield item(
            c,
            CLIENT_ID,
            Text(
                "All instances that share this file have the same id; whether there are several cannot be known here.",
                "이 파일을 함께 쓰는 인스턴스는 모두 같은 id를 갖습니다. 여럿인지는 여기서 알 수 없습니다.",
            ),
            verdict=Verdict.UNKNOWN,
        )


def shared_ids(configurations: Sequence[Configuration]) -> Mapping[str, list[Item]]:
    """Return the findings about ids that several files give to different producers, by configuration."""
    found: dict[str, list[Item]] = defaultdict(list)
    for option in (CLIENT_ID, TRANSACTIONAL_ID):
        users: dict[str, list[Configuration]] = defaultdict(list)
        for one in configurations:
            if one.is_set(option) and (value := one.text(option)):
                users[value].append(one)
        for sharing in users.values():
            places = {one.settings[option].where: one for one in sharing}
            files = {where.rpartition(":")[0] for where in places}
            if len(files) < 2:
                continue  # profiles of one file are alternatives
            for where, one in places.items():
                others = ", ".join(sorted(place for place in places if place != where))
                found[one.name].append(item(one, option, _shared(option, others), advice=_UNIQUE))
    return found


_UNIQUE = Text("Give each producer its own.", "프로듀서마다 다르게 설정하십시오.")


def _shared(option: str, others: str) -> Text:
    if option == CLIENT_ID:
        return Text(
            f"{others} has the same id: in one JVM the metrics of one producer disappear, and in the brokers' logs and "
            "quotas the two are one.",
            f"{others}의 id와 같습니다. 한 JVM 안이면 한쪽 지표가 사라지고, 브로커의 로그와 할당량에서는 하나로 "
            "보입니다.",
        )
    return Text(
        f"{others} has the same id: each of the two fences the other, whose transactions then fail.",
        f"{others}의 id와 같습니다. 서로를 펜싱하여 트랜잭션이 실패합니다.",
    )


def transactions(c: Configuration) -> Iterator[Item]:
    """Check transactional ids and timeouts."""
    timeout = c.number(TRANSACTION_TIMEOUT)
    if not c.is_transactional():
        if c.is_set(TRANSACTION_TIMEOUT):
            yield item(
                c,
                TRANSACTION_TIMEOUT,
                Text(
                    "It has no effect without a transactional.id.",
                    "transactional.id가 없으면 적용되지 않습니다.",
                ),
                verdict=Verdict.NOTE,
            )
        return
    if timeout is not None and timeout > MAX_TRANSACTION_TIMEOUT_MS:
        yield item(
            c,
            TRANSACTION_TIMEOUT,
            Text(
                "More than the brokers' transaction.max.timeout.ms, which is 900000 by default: initTransactions() "
                "then fails with INVALID_TRANSACTION_TIMEOUT. A transaction that is left open also holds consumers "
                "back this long.",
                "브로커의 transaction.max.timeout.ms(기본값 900000)보다 큽니다. 그러면 initTransactions()가 "
                "INVALID_TRANSACTION_TIMEOUT으로 실패합니다. 방치된 트랜잭션은 그동안 컨슈머도 막습니다.",
            ),
            change={TRANSACTION_TIMEOUT: "60000"},
        )
    elif timeout is not None and timeout < 2 * (c.number("request.timeout.ms") or 0) // 3:
        yield item(
            c,
            TRANSACTION_TIMEOUT,
            Text(
                "One request without an answer takes longer than this, so the coordinator aborts a transaction whose "
                "producer is only waiting.",
                "응답 없는 요청 하나가 이보다 오래 걸려, 기다리고 있을 뿐인 프로듀서의 트랜잭션을 코디네이터가 "
                "중단합니다.",
            ),
            change={TRANSACTION_TIMEOUT: "60000"},
        )
    if c.text(TRANSACTIONAL_ID) and c.style is not Style.SPRING:
        yield item(
            c,
            TRANSACTIONAL_ID,
            Text(
                "Each instance needs an id of its own, which stays the same when it restarts. All instances that "
                "share this file fence each other; whether there are several cannot be known here.",
                "인스턴스마다 재시작 후에도 같은 고유한 id가 필요합니다. 이 파일을 함께 쓰는 인스턴스는 서로를 "
                "펜싱합니다. 여럿인지는 여기서 알 수 없습니다.",
            ),
            verdict=Verdict.UNKNOWN,
        )


def keys(c: Configuration) -> Iterator[Item]:
    """Check whether records with one key stay in order."""
    partitioner = c.text("partitioner.class") or ""
    option = "partitioner.class" if partitioner.endswith(_KEYLESS) else "partitioner.ignore.keys"
    if option == "partitioner.class" or c.flag(option):
        yield item(
            c,
            option,
            Text(
                "Records with the same key go to different partitions, so their order is lost.",
                "같은 키의 레코드가 여러 파티션으로 흩어져 순서가 사라집니다.",
            ),
            advice=Text("Remove it where the order of a key matters.", "키의 순서가 중요하면 지우십시오."),
        )


def reporters(c: Configuration) -> Iterator[Item]:
    """Check whether the producer has metrics in JMX."""
    listed = c.text("metric.reporters")
    if c.version.major >= 4:
        hidden = listed is not None and c.is_set("metric.reporters") and JMX_REPORTER not in listed
        option = "metric.reporters"
    else:
        option = "auto.include.jmx.reporter"
        hidden = c.flag(option) is False and JMX_REPORTER not in (listed or "")
    if hidden:
        wanted = f"{listed},{JMX_REPORTER}".strip(",") if option == "metric.reporters" else "true"
        yield item(
            c,
            option,
            Text(
                "Without the JmxReporter the producer has no metrics in JMX, and nobody sees what it does.",
                "JmxReporter가 없으면 JMX에 지표가 없어 프로듀서의 상태를 볼 수 없습니다.",
            ),
            change={option: wanted},
        )


CHECKS = (servers, lookup, client_id, transactions, keys, reporters)
