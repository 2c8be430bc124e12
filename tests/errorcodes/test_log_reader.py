"""Single lines and log entries; ``test_recorded_logs.py`` has whole logs of real clients."""

import json
import time
import tracemalloc

import pytest

from kafka_producer_exporter.errorcodes.log_reader import MAX_IDS, MAX_ROWS, Client, LogReader, read_log

ORDERS = Client("producer", "orders")
TIMED_OUT = "org.apache.kafka.common.errors.TimeoutException: Expiring 1 record(s) for orders-0:120000 ms has passed"
RETRY = (
    "2026-11-26 05:00:00,000 WARN [kafka-producer-network-thread | orders] org.apache.kafka.clients.producer.internals"
    ".Sender: [Producer clientId=orders] Got error produce response with correlation id 5 on topic-partition orders-0, "
    "retrying (4 attempts left). Error: NOT_ENOUGH_REPLICAS"
)


def read(text):
    """Read a log; return what it has, as (kind of client, client.id, name) → count."""
    findings = read_log(text.encode().splitlines(keepends=True))
    return {(row.client.kind, row.client.client_id, row.name): row.count for row in findings.rows}


def test_a_code_is_counted_for_its_client():
    findings = read_log([RETRY.encode() + b"\n"] * 3 + [b"an unrelated line\n"])

    assert [(row.client, row.name, row.count) for row in findings.rows] == [(ORDERS, "NOT_ENOUGH_REPLICAS", 3)]
    assert findings.rows[0].example == RETRY
    assert findings.rows[0].entry.code == 19
    assert findings.lines == 4


def test_an_entry_with_its_stack_trace_counts_once_for_the_cause_that_says_something():
    text = f"""\
12:00:00.123 [main] ERROR com.example.Orders -- send failed
java.util.concurrent.ExecutionException: {TIMED_OUT}
\tat org.apache.kafka.clients.producer.internals.FutureRecordMetadata.valueOrError(FutureRecordMetadata.java:101)
\tat com.example.Orders.send(Orders.java:10)
Caused by: {TIMED_OUT}
\t... 7 common frames omitted
"""

    assert read(text) == {("", "", "TimeoutException (delivery)"): 1}


def test_wrappers_and_what_java_says_below_count_only_alone():
    wrapped = """\
ERROR failed
org.apache.kafka.common.KafkaException: Cannot execute transactional method because we are in an error state
\tat x.y(Z.java:1)
Caused by: org.apache.kafka.common.errors.ProducerFencedException: There is a newer producer
ERROR login
org.apache.kafka.common.errors.SslAuthenticationException: SSL handshake failed
Caused by: javax.net.ssl.SSLHandshakeException: PKIX path building failed
"""
    alone = "ERROR org.apache.kafka.common.KafkaException: Producer closed while send in progress\n"

    assert read(wrapped) == {("", "", "PRODUCER_FENCED"): 1, ("", "", "SslAuthenticationException"): 1}
    assert read(alone) == {("", "", "KafkaException (closed)"): 1}


def test_exceptions_without_a_header_or_frames_are_entries_of_their_own():
    text = f"starting\n{TIMED_OUT}\n{TIMED_OUT}\n{TIMED_OUT}\n"

    assert read(text) == {("", "", "TimeoutException (delivery)"): 3}


@pytest.mark.parametrize(
    ("line", "client"),
    [
        ("[Producer clientId=orders] Error: X", ORDERS),
        ("[Producer clientId=orders, transactionalId=tx-1] Error: X", ORDERS),
        ("[Producer clientId=a,b]c] Error: X", Client("producer", "a,b]c")),
        ("[Consumer clientId=c1, groupId=g] Error: X", Client("consumer", "c1")),
        ("[AdminClient clientId=adminclient-1] Error: X", Client("admin", "adminclient-1")),
        ("[kafka-producer-network-thread | orders] WARN o.a.k.c.Sender - Error: X", ORDERS),
        ("WARN 1 --- [ad | orders] o.a.k.c.p.internals.Sender : Error: X", ORDERS),
        ("a kafka error | orders X", Client()),
        ("kafka X", Client()),
    ],
)
def test_the_client_is_taken_from_kafkas_prefix_or_the_name_of_the_thread(line, client):
    text = line.replace("X", "NOT_COORDINATOR")

    assert read(text) == {(client.kind, client.client_id, "NOT_COORDINATOR"): 1}


@pytest.mark.parametrize(
    "line",
    [
        "INFO no error at all",
        "INFO [Producer clientId=orders] errors so far: NONE",
        "ERROR io.grpc.StatusException: INVALID_REQUEST",
        "ERROR java.util.concurrent.TimeoutException: kafka was not asked",
        "ERROR javax.net.ssl.SSLHandshakeException: another service",
        "ERROR TimeoutException: another service",
        "\tat org.apache.kafka.common.errors.TimeoutException.of(TimeoutException.java:1)",
        "ERROR javax.management.InstanceAlreadyExistsException: com.zaxxer.hikari:name=dataSource",
        "WARN kafka SOME_POLICY_VIOLATION_X",
    ],
)
def test_what_is_not_an_error_of_kafka_is_not_counted(line):
    assert read(f"{line}\n") == {}


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("orders: TimeoutException: Topic t not present in metadata after 60000 ms.", "TimeoutException (metadata)"),
        (
            "orders: TimeoutException: Timeout expired after 1 ms while awaiting InitProducerId: kafka",
            "TimeoutException (transaction)",
        ),
        ("kafka: NotEnoughReplicasException", "NOT_ENOUGH_REPLICAS"),
        ("org.apache.kafka.common.errors.NotLeaderForPartitionException: gone", "NOT_LEADER_OR_FOLLOWER"),
        ("{orders=NOT_LEADER_FOR_PARTITION} kafka", "NOT_LEADER_OR_FOLLOWER"),
        ("org.apache.kafka.common.errors.OffsetMetadataTooLarge: x", "OFFSET_METADATA_TOO_LARGE"),
        ("org.apache.kafka.common.errors.BrandNewException: x", "org.apache.kafka.common.errors.BrandNewException"),
        (
            "[Producer clientId=a] Connection to node -1 (h/1.2.3.4:9092) could not be established. Broker may not be "
            "available.",
            "connection not established",
        ),
        (
            "Proceeding to force close the producer since pending requests could not be completed within timeout 0 ms.",
            "forced close",
        ),
    ],
)
def test_errors_are_known_by_all_their_names(line, name):
    assert [key[2] for key in read(f"{line}\n")] == [name]


@pytest.mark.parametrize(
    "text",
    [
        "WARN Error registering AppInfo mbean\n"
        "javax.management.InstanceAlreadyExistsException: kafka.producer:type=app-info,id=orders\n\tat a.b(C.java:1)\n",
        "WARN Error registering AppInfo mbean\n"
        'javax.management.InstanceAlreadyExistsException: kafka.producer:type=app-info,id="orders"\n',
        "INFO The mbean of App info: [kafka.producer], id: [orders] already exists, so skipping a new mbean "
        "creation.\n",
    ],
)
def test_duplicate_mbeans_name_the_client_that_exists_twice(text):
    assert read(text) == {("producer", "orders", "duplicate client.id"): 1}


def test_a_duplicate_consumer_is_no_finding():
    text = (
        "INFO The mbean of App info: [kafka.consumer], id: [orders] already exists, so skipping a new mbean creation.\n"
    )

    assert read(text) == {}


def test_disabled_idempotence_is_found():
    text = "INFO [Producer clientId=orders] Idempotence will be disabled because acks is set to 1, not set to 'all'.\n"

    assert read(text) == {("producer", "orders", "idempotence disabled"): 1}


def test_disabled_idempotence_without_a_client_is_that_of_the_configuration_logged_next():
    disabled = "INFO o.a.k.c.producer.ProducerConfig - Idempotence will be disabled because acks is set to 0.\n"
    values = "INFO o.a.k.c.producer.ProducerConfig - ProducerConfig values: \n\tacks = 0\n\tclient.id = {}\n\tx = 1\n"
    text = disabled + values.format("a") + values.format("b") + disabled + disabled + values.format("c") + disabled

    assert read(text) == {
        ("producer", "a", "idempotence disabled"): 1,
        ("producer", "c", "idempotence disabled"): 1,
        ("", "", "idempotence disabled"): 2,
    }


def test_the_last_producer_ids_of_each_client_are_kept():
    lines = [
        f"INFO [Producer clientId=orders, transactionalId=tx] ProducerId set to {number} with epoch {number % 3}\n"
        for number in range(MAX_IDS + 2)
    ]
    findings = read_log(line.encode() for line in [*lines, "[Producer clientId=b] ProducerId set to 9 with epoch 0"])

    assert [(ids.client_id, ids.transactional_id, ids.count) for ids in findings.ids] == [
        ("b", "", 1),
        ("orders", "tx", MAX_IDS + 2),
    ]
    assert list(findings.ids[1].last)[-1] == (MAX_IDS + 1, (MAX_IDS + 1) % 3)
    assert len(findings.ids[1].last) == MAX_IDS
    assert not findings.rows


@pytest.mark.parametrize(
    "record",
    [
        {
            "message": "send failed",
            "logger": "com.example",
            "stack_trace": f"x\n{TIMED_OUT}\n\tat a.b(C.java:1)\nCaused by: {TIMED_OUT}",
        },
        {
            "@timestamp": "2026",
            "message": "send failed",
            "error": {"type": TIMED_OUT.partition(":")[0], "message": TIMED_OUT},
        },
        {
            "thrown": {"name": TIMED_OUT.partition(":")[0], "message": "m", "extendedStackTrace": TIMED_OUT},
            "message": TIMED_OUT,
        },
        {"log": f"ERROR {TIMED_OUT}\n", "stream": "stdout"},
    ],
)
def test_a_json_record_is_one_entry_whatever_its_fields_are_called(record):
    record["thread"] = "kafka-producer-network-thread | orders"
    counted = read(json.dumps(record) + "\n")

    assert {key[:2] for key in counted} == {("producer", "orders")}
    assert counted["producer", "orders", "TimeoutException (delivery)"] == 1


@pytest.mark.parametrize(
    "prefix",
    [
        "[pod/orders-7d9f/orders] ",
        "2026-11-26T05:00:00.123456789Z ",
        "[pod/orders-7d9f/orders] 2026-11-26T05:00:00.123456789Z ",
        "2026-11-26T05:00:00.123456789+09:00 stdout F ",
    ],
)
def test_what_kubectl_and_container_runtimes_put_before_each_line_does_not_split_entries(prefix):
    trace = f"ERROR send failed\n{TIMED_OUT}\n\tat kafka.b(C.java:1)\nCaused by: {TIMED_OUT}\n"
    records = json.dumps({"message": TIMED_OUT}) + "\n"
    text = "".join(prefix + line for line in (trace + records).splitlines(keepends=True))

    assert read(text) == {("", "", "TimeoutException (delivery)"): 2}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "euc-kr", "latin-1"])
def test_the_encoding_does_not_matter(encoding):
    prefix = "Fehler: größer " if encoding == "latin-1" else "오류 "
    data = f"{prefix}{RETRY}\n다음\n".encode(encoding, "replace")
    findings = read_log(data.splitlines(keepends=True))

    assert [(row.client, row.name) for row in findings.rows] == [(ORDERS, "NOT_ENOUGH_REPLICAS")]


def test_colours_do_not_hide_an_error():
    text = (
        "\x1b[31mERROR\x1b[0;39m \x1b[36morg.apache.kafka.common.errors.\x1b[1mTopicAuthorizationException\x1b[0m: no\n"
    )

    assert read(text) == {("", "", "TOPIC_AUTHORIZATION_FAILED"): 1}


def test_broken_json_and_bytes_are_read_like_text():
    lines = [
        b'{"message": "kafka NOT_COORDINATOR\n',
        b"\xff\xfe\x00kafka \xc3NOT_COORDINATOR\n",
        b"{" * 5000 + b"kafka}\n",
    ]

    assert [row.count for row in read_log(lines).rows] == [2]


def test_memory_is_bounded_and_what_is_left_out_is_counted():
    reader = LogReader()
    tracemalloc.start()
    for number in range(3 * MAX_ROWS):
        reader.feed(b"[Producer clientId=%d] ProducerId set to 1 with epoch 0\n" % number)
        reader.feed(b"[Producer clientId=%d%s] Error: NOT_COORDINATOR\n" % (number, b"x" * 5000))
        reader.feed(b"Caused by: org.apache.kafka.common.errors.New%dException: x\n" % number)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    findings = reader.findings()

    assert len(findings.rows) == len(findings.ids) == MAX_ROWS
    assert findings.left_out == 4 * MAX_ROWS
    assert size < 4 << 20


def test_a_long_chain_of_causes_is_one_entry_and_takes_no_memory():
    lines = [b"ERROR x\n", *(b"Caused by: org.apache.kafka.common.errors.New%dException: x\n" % n for n in range(5000))]

    assert len(read_log(lines).rows) == 16


def test_hostile_lines_take_no_longer_than_honest_ones():
    hostile = [
        b"[Producer clientId=" * 5000,
        b"[Producer clientId=a, transactionalId=" * 3000,
        b"kafka a.b." * 10000 + b"\n",
        b"kafka A_B_" * 10000 + b"\n",
        b"kafka Connection to node x (" * 4000,
        b"kafka " + b"aException" * 10000,
        b"kafka App info: [kafka.producer], id: [" * 3000 + b" exists",
        b"kafka Idempotence will be disabled because " * 2000,
    ]
    started = time.process_time()
    for line in hostile:
        read_log([line])

    assert time.process_time() - started < 3
