"""Each line of the operating guide, what serves it, and where it is out of date or inexact.

The notes were checked with Kafka's source and with the jars of the clients 2.1.1 to 4.4.0.
"""

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from kafka_producer_exporter.languages import Text
from tools.guide.served import Served, alerts, audited, causes, explained, metrics, panels, read


class Flaw(Enum):
    """What is wrong with a line."""

    INEXACT = Text("Inexact.", "부정확.")
    OUTDATED = Text("Out of date.", "오래됨.")


class Line(NamedTuple):
    """A statement of the guide: a row of a table, a bullet, a step, or a figure."""

    guide: str
    """The guide's own words. Cells of a table are joined with a dash, lines of a figure with a break."""
    meaning: str
    """The same in English."""
    served: Sequence[Served]
    note: Text | None = None
    """What is right instead, or what has to be known to apply it."""
    names: Sequence[str] = ()
    """The names of the monitoring section that it has. Their metrics, alerts and panels serve it too."""
    flaw: Flaw | None = None


class Chapter(NamedTuple):
    """A chapter of the guide."""

    title: Text
    lines: Sequence[Line]


OPTIONS = Chapter(
    Text("Good options", "좋은 옵션들"),
    (
        Line(
            "내구성 — `acks=all`, `min.insync.replicas>=2` — 복제본 다수의 확인을 받아 데이터 손실을 최소화한다.",
            "Durability: have most replicas acknowledge, to lose as little as possible.",
            (
                *audited("acks", "min.insync.replicas"),
                *causes("not-enough-replicas"),
                *alerts("KafkaTopicMinIsrTooLow", "KafkaTopicUnderMinIsr"),
                *metrics("kafka_topic_min_insync_replicas", "kafka_topic_under_min_insync_partitions"),
                *panels("brokers: Topics, those at risk first"),
            ),
            Text(
                "`acks=all` does not wait for a majority: it waits for every replica that is in sync, and "
                "`min.insync.replicas` says how many of them there must be at least. It is a setting of the topic or "
                "the brokers; a producer ignores it.",
                "`acks=all`은 과반수가 아니라 동기화된(ISR) 복제본 전부를 기다립니다. 그 최소 개수를 정하는 "
                "`min.insync.replicas`는 토픽 또는 브로커의 설정이며 프로듀서는 무시합니다.",
            ),
            flaw=Flaw.INEXACT,
        ),
        Line(
            "성능/지연 — `batch.size`, `linger.ms`, `compression.type` — 배치 크기와 대기 시간을 조절해 처리량과 지연 "
            "사이 균형 조정.",
            "Performance and latency: balance throughput and delay by the size and the wait of batches.",
            (
                *audited("batch.size", "linger.ms", "compression.type"),
                *causes("lingering-batches", "lost-compression"),
                *alerts(
                    "KafkaProducerHighQueueTime", "KafkaProducerTinyBatches", "KafkaProducerCompressionIneffective"
                ),
                *metrics("kafka_producer_record_queue_time_avg_seconds", "kafka_producer_records_per_request_avg"),
                *panels("producer: Wait until sending, average", "producer: Records per request"),
            ),
            Text(
                "The default of `linger.ms` is 0 up to client 3.9, and 5 since 4.0 (KIP-1030).",
                "`linger.ms`의 기본값은 클라이언트 3.9까지 0, 4.0부터 5입니다(KIP-1030).",
            ),
        ),
        Line(
            "중복 방지 — `enable.idempotence=true`, `max.in.flight.requests.per.connection<=5` — 멱등성을 보장하고 "
            "순서를 유지한다.",
            "No duplicates: idempotence, and the order of records is kept.",
            (
                *audited("enable.idempotence", "max.in.flight.requests.per.connection"),
                *explained("idempotence disabled", "DUPLICATE_SEQUENCE_NUMBER", "OUT_OF_ORDER_SEQUENCE_NUMBER"),
                *alerts("KafkaProducerEpochBumps"),
                *metrics("kafka_idempotent_producer_epoch_bump_total"),
                *panels("transactions: Epoch bumps in %{error_window.words}, by topic"),
            ),
            Text(
                "On by default since 3.0.1, but not in 3.1.0 (KAFKA-13598). `acks` other than all, or `retries=0`, "
                "switches the default off with one line in the log. Idempotence prevents duplicates of the client's "
                "own retries, not of records that the application sends again.",
                "3.0.1부터 기본으로 켜져 있으나 3.1.0은 예외입니다(KAFKA-13598). `acks`가 all이 아니거나 "
                "`retries=0`이면 기본값은 로그 한 줄만 남기고 꺼집니다. 클라이언트의 재시도로 생기는 중복만 "
                "막으며, 애플리케이션이 다시 보낸 레코드는 막지 못합니다.",
            ),
        ),
        Line(
            "재시도 — `retries`, `delivery.timeout.ms`, `retry.backoff.ms` — 브로커 장애 시 안전하게 재전송하고 무한 "
            "대기 상태를 피한다.",
            "Retries: send again safely when a broker fails, and do not wait for ever.",
            (
                *audited("retries", "delivery.timeout.ms", "retry.backoff.ms"),
                *causes("delivery-timeout"),
                *alerts("KafkaProducerHighRetryRatio", "KafkaProducerRecordsNearExpiry"),
                *metrics("kafka_producer_record_retry_total", "kafka_producer_record_queue_time_max_seconds"),
                *panels("producer: Share of retries", "producer: Wait until sending, longest"),
            ),
            Text(
                "The default of `retries` has been 2147483647 since 2.1 (KIP-91). What ends the retries is "
                "`delivery.timeout.ms`; leave `retries` alone.",
                "`retries`의 기본값은 2.1부터 2147483647입니다(KIP-91). 재시도를 끝내는 것은 "
                "`delivery.timeout.ms`이므로 `retries`는 기본값으로 두십시오.",
            ),
        ),
        Line(
            "보안 — `sasl.mechanism`, `ssl.truststore.location`, `security.protocol` — 인증·암호화로 메시지를 "
            "보호한다.",
            "Security: protect records by authentication and encryption.",
            (
                *audited("security.protocol", "sasl.mechanism", "ssl.truststore.location"),
                *causes("sasl", "tls"),
                *alerts("KafkaProducerAuthenticationFailures", "KafkaCertificateExpiresSoon"),
                *metrics("kafka_producer_tls_connections", "kafka_producer_failed_authentication_total"),
                *panels("producer: Connections by encryption", "brokers: Time until certificates expire"),
            ),
            Text(
                "`security.protocol` decides: without SASL in it, `sasl.mechanism` has no effect. A trust store is "
                "needed only if the brokers' CA is not one that the JVM trusts anyway.",
                "결정하는 것은 `security.protocol`입니다. 여기에 SASL이 없으면 `sasl.mechanism`은 적용되지 않습니다. "
                "트러스트 스토어는 브로커의 CA를 JVM이 신뢰하지 않을 때만 필요합니다.",
            ),
        ),
        Line(
            "버퍼/백프레셔 — `buffer.memory`, `max.block.ms`, `compression.type` — 버퍼 풀 고갈 시 애플리케이션 블록을 "
            "제어한다.",
            "Buffer and backpressure: control how an application blocks when the pool is exhausted.",
            (
                *audited("buffer.memory", "max.block.ms", "compression.type"),
                *causes("buffer-full"),
                *alerts("KafkaProducerBufferBackpressure", "KafkaProducerBufferExhausted"),
                *metrics(
                    "kafka_producer_buffer_total_bytes",
                    "kafka_producer_buffer_available_bytes",
                    "kafka_producer_waiting_threads",
                ),
                *panels("producer: Fullest buffer", "producer: Blocked threads"),
            ),
            Text(
                "`max.block.ms` limits the wait for metadata and for the buffer together.",
                "`max.block.ms`는 메타데이터를 기다리는 시간과 버퍼를 기다리는 시간을 합한 한도입니다.",
            ),
        ),
        Line(
            "`delivery.timeout.ms`는 전송 시도+재시도+백오프 전체 시간의 상한이다. `retries`와 `linger.ms`를 늘리면 "
            "timeout도 비례해 늘려야 한다.",
            "delivery.timeout.ms limits attempts, retries and backoff together. Raise it with retries and linger.ms.",
            (
                *audited("delivery.timeout.ms", "linger.ms", "retries", "request.timeout.ms"),
                *causes("delivery-timeout"),
                *explained("TimeoutException (delivery)"),
                *alerts("KafkaProducerRecordsNearExpiry"),
            ),
            Text(
                "The rule is `delivery.timeout.ms` ≥ `linger.ms` + `request.timeout.ms`; otherwise the client does "
                "not start. `retries` is no part of it: more retries need no longer timeout, and get no more time "
                "either.",
                "규칙은 `delivery.timeout.ms` ≥ `linger.ms` + `request.timeout.ms`이며, 어기면 클라이언트가 시작되지 "
                "않습니다. `retries`는 관계없습니다. 늘려도 timeout을 늘릴 필요가 없고 시간이 더 생기지도 않습니다.",
            ),
            flaw=Flaw.INEXACT,
        ),
        Line(
            "`max.in.flight.requests.per.connection`을 멱등성 활성화 시 5 이하로 유지하지 않으면 재시도 중 순서가 바뀔 "
            "수 있다.",
            "With idempotence, more than 5 requests in flight can change the order during retries.",
            (
                *audited("max.in.flight.requests.per.connection"),
                *explained("idempotence disabled", "ConfigException"),
            ),
            Text(
                "With `enable.idempotence=true` and more than 5, the client does not start (ConfigException). Where "
                "idempotence is on by default only, it is switched off up to 3.9, and from 4.0 on the client does not "
                "start either. Without idempotence, more than 1 is enough to change the order.",
                "`enable.idempotence=true`를 직접 설정했다면 5를 넘을 때 클라이언트가 시작되지 "
                "않습니다(ConfigException). 기본값으로 켜져 있을 뿐이면 3.9까지는 멱등성이 꺼지고, 4.0부터는 역시 "
                "시작되지 않습니다. 멱등성이 없으면 1만 넘어도 순서가 바뀔 수 있습니다.",
            ),
            flaw=Flaw.INEXACT,
        ),
    ),
)

PATH = Chapter(
    Text("The data path of a producer", "프로듀서 데이터 경로 시각화"),
    (
        Line(
            "Record Accumulate ──► Batch (per partition) ──► Compressor ──► Sender Thread<br>"
            "└─ buffer.memory pool └─ network client (HTTP-like I/O)",
            "Records accumulate in batches per partition, are compressed, and the sender thread sends them; batches "
            "take their memory from one pool.",
            (
                *panels("producer: Buffer used", "producer: Batch size", "producer: Busy share of the sender thread"),
                *metrics(
                    "kafka_producer_buffer_available_bytes",
                    "kafka_producer_compression_rate_avg",
                    "kafka_producer_io_wait_time_seconds_total",
                    "kafka_producer_requests_in_flight",
                ),
                *read("dashboards.md#the-boards"),
            ),
            Text(
                "The board *One producer* follows this path. Compression is no stage between batch and sender: a "
                "record is compressed as it is appended, in the application's thread. The network client speaks "
                "Kafka's own binary protocol over TCP, with up to 5 requests in flight per broker.",
                "대시보드 *One producer*가 이 경로를 따릅니다. 압축은 배치와 센더 사이의 단계가 아니라, 레코드를 "
                "배치에 덧붙일 때 애플리케이션 스레드에서 이루어집니다. 네트워크 클라이언트는 TCP 위에서 Kafka 고유의 "
                "바이너리 프로토콜을 쓰며 브로커마다 요청을 5개까지 동시에 보냅니다.",
            ),
            flaw=Flaw.INEXACT,
        ),
        Line(
            "`RecordAccumulator`가 파티션별로 배치를 만들고, `batch.size` 또는 `linger.ms` 조건이 충족되면 Sender "
            "Thread가 브로커로 전송한다.",
            "The RecordAccumulator builds a batch per partition; once batch.size or linger.ms is reached, it is sent.",
            (
                *metrics(
                    "kafka_producer_batch_size_avg_bytes",
                    "kafka_producer_record_queue_time_avg_seconds",
                    "kafka_producer_records_per_request_avg",
                ),
                *panels("producer: Wait until sending, average", "producer: Batch size"),
                *audited("batch.size", "linger.ms"),
                *causes("lingering-batches"),
            ),
            Text(
                "`RecordAccumulator` also sends earlier: when a thread waits for buffer memory, on flush(), on "
                "close(), at the end of a transaction, and together with other batches for the same broker. It sends "
                "later while a broker is slow, throttles, or has no free request slot.",
                "`RecordAccumulator`는 버퍼를 기다리는 스레드가 있을 때, flush()와 close() 때, 트랜잭션을 끝낼 때, "
                "그리고 같은 브로커로 가는 다른 배치와 함께 더 일찍 보내기도 합니다. 브로커가 느리거나 할당량으로 "
                "늦추거나 동시 요청이 가득 차면 더 늦게 보냅니다.",
            ),
            flaw=Flaw.INEXACT,
        ),
        Line(
            "`buffer.memory` 풀은 모든 배치가 공유하며, 가득 차면 `max.block.ms` 동안 `send()`가 대기한다.",
            "All batches share the pool; when it is full, send() waits up to max.block.ms.",
            (
                *metrics("kafka_producer_waiting_threads", "kafka_producer_bufferpool_wait_time_seconds_total"),
                *alerts("KafkaProducerBufferBackpressure"),
                *causes("buffer-full"),
                *panels("producer: Buffer used", "producer: Threads blocked now"),
                *audited("buffer.memory", "max.block.ms"),
            ),
            Text(
                "`send()` returns at once while there is room. Buffers for compression come on top of the pool.",
                "자리가 있으면 `send()`는 바로 돌아옵니다. 압축용 버퍼는 이 풀과 별도로 필요합니다.",
            ),
        ),
        Line(
            "압축은 배치 단위로 적용되므로, 배치 크기와 메시지 패턴에 따라 압축률이 달라진다.",
            "Compression works per batch, so its rate depends on the size of batches and on the content.",
            (
                *metrics("kafka_producer_compression_rate_avg", "kafka_producer_topic_compression_rate"),
                *panels("producer: Size after compression"),
                *alerts("KafkaProducerCompressionIneffective"),
                *causes("lost-compression"),
                *audited("compression.type"),
            ),
        ),
    ),
)

DIAGNOSIS = Chapter(
    Text("Diagnosis when events are not published", "이벤트가 발행되지 않을 때 진단"),
    (
        Line(
            "프로듀서 버퍼 적체: `buffer.memory`가 가득 차면 `BufferExhaustedException`이 발생하므로 `max.block.ms`를 "
            "모니터링한다.",
            "Full buffer: BufferExhaustedException occurs when buffer.memory is full, so monitor max.block.ms.",
            (
                *causes("buffer-full"),
                *explained("BufferExhaustedException"),
                *alerts("KafkaProducerBufferBackpressure", "KafkaProducerBufferExhausted"),
                *metrics("kafka_producer_waiting_threads", "kafka_producer_buffer_exhausted_total"),
                *panels("producer: Blocked threads", "producer: Rejected send() calls"),
                *audited("buffer.memory", "max.block.ms"),
            ),
            Text(
                "The exception comes only after `max.block.ms`, and through the future and the callback: an "
                "application that checks neither loses the record unnoticed. `max.block.ms` is a setting; what can be "
                "monitored is the time that threads wait. Before 2.6 it was a plain TimeoutException.",
                "예외는 `max.block.ms`가 지난 뒤에야, 그것도 future와 콜백으로 전달됩니다. 둘 다 확인하지 않으면 "
                "레코드를 잃어도 모릅니다. `max.block.ms`는 설정이므로, 모니터링할 것은 스레드가 기다리는 시간입니다. "
                "2.6 이전에는 TimeoutException이었습니다.",
            ),
            flaw=Flaw.INEXACT,
        ),
        Line(
            "배치 타임아웃: `linger.ms`가 길고 트래픽이 낮으면 배치가 늦게 전송된다. 필요 시 `linger.ms`와 "
            "`batch.size`를 낮춰 즉시 전송.",
            "Batch timeout: with a long linger.ms and little traffic, batches leave late. Lower linger.ms and "
            "batch.size.",
            (
                *causes("lingering-batches"),
                *alerts("KafkaProducerHighQueueTime"),
                *metrics("kafka_producer_record_queue_time_avg_seconds"),
                *panels("producer: Wait until sending, average"),
                *audited("linger.ms", "batch.size"),
            ),
            Text(
                "Lower `linger.ms` first, because that alone ends the wait. A small `batch.size` costs throughput even "
                "under load.",
                "`linger.ms`만 낮춰도 대기는 사라지므로 먼저 낮추십시오. `batch.size`를 줄이면 트래픽이 많을 때도 "
                "처리량이 떨어집니다.",
            ),
        ),
        Line(
            "브로커 측 에러: `NotEnoughReplicas`, `UnknownTopicOrPartition`와 같은 예외를 로깅하고, DLQ나 알림으로 "
            "전파한다.",
            "Errors of brokers: log exceptions such as these two, and pass them on to a dead letter queue or an alert.",
            (
                *causes("not-enough-replicas", "unknown-topic"),
                *explained("NotEnoughReplicas", "UnknownTopicOrPartition"),
                *alerts("KafkaTopicUnderMinIsr", "KafkaProducerRecordErrors", "KafkaDeadLetterGrowth"),
                *metrics("kafka_producer_record_error_total", "kafka_broker_request_error_total"),
                *panels("overview: Why: error codes of the brokers"),
            ),
            Text(
                "Both are retriable, so the application rarely sees them: it gets a TimeoutException after "
                "`delivery.timeout.ms`, or after `max.block.ms` for a topic that does not exist. The codes are in the "
                "warnings of the client's log, which `explain -` reads, and in the brokers' own metrics. No metric of "
                "the client has them.",
                "둘 다 재시도 가능한 오류여서 애플리케이션에는 잘 보이지 않습니다. 대신 `delivery.timeout.ms` "
                "뒤에(없는 토픽이면 `max.block.ms` 뒤에) TimeoutException을 받습니다. 코드는 클라이언트 로그의 경고에 "
                "있으며(`explain -`이 읽습니다) 브로커의 메트릭에도 있습니다. 클라이언트 메트릭에는 없습니다.",
            ),
            flaw=Flaw.INEXACT,
        ),
        Line(
            "트랜잭션 동작: `transaction.timeout.ms` 초과나 `transactional.id` 중복 시 커밋이 실패할 수 있으니 상태 "
            "스토어를 점검한다.",
            "Transactions: commits can fail after transaction.timeout.ms, or if a transactional.id is used twice; "
            "check the state store.",
            (
                *causes("transaction-timeout", "fencing", "hanging-transaction"),
                *explained("INVALID_PRODUCER_EPOCH", "PRODUCER_FENCED", "INVALID_TXN_STATE"),
                *alerts("KafkaTransactionTimeouts", "KafkaTransactionFenced", "KafkaTransactionHanging"),
                *metrics("kafka_transaction_open_seconds", "kafka_transaction_timeout_seconds"),
                *panels("transactions: Age of open transactions, of their timeout"),
                *audited("transaction.timeout.ms", "transactional.id"),
                *read("broker-view.md#hanging-transactions"),
            ),
            Text(
                "The state is not in the application's state store: it is in the brokers' topic "
                "`__transaction_state`, which the broker view and the verb `transactions` read.",
                "상태는 애플리케이션의 상태 스토어가 아니라 브로커의 토픽 `__transaction_state`에 있습니다. 브로커 "
                "뷰와 `transactions` 명령이 읽습니다.",
            ),
            flaw=Flaw.INEXACT,
        ),
        Line(
            "DNS/보안 문제: `SaslAuthenticationException`, `SSLHandshakeException` 발생 시 인증서 만료, 클럭 드리프트, "
            "DNS 레코드 상태를 확인한다.",
            "DNS and security: check certificates, clock drift and DNS records.",
            (
                *causes("sasl", "tls", "dns", "clock-drift"),
                *explained("SaslAuthenticationException", "SSLHandshakeException", "UnknownHostException"),
                *alerts(
                    "KafkaProducerAuthenticationFailures",
                    "KafkaCertificateExpiresSoon",
                    "KafkaBootstrapServerDown",
                    "KafkaClockSkew",
                ),
                *metrics(
                    "kafka_producer_failed_authentication_total",
                    "kafka_broker_certificate_expiry_timestamp_seconds",
                    "kafka_bootstrap_server_error",
                    "kafka_producer_exporter_clock_skew_seconds",
                ),
                *panels("brokers: Bootstrap servers: why can one not be used?"),
            ),
            Text(
                "The client throws SslAuthenticationException; `SSLHandshakeException` is its cause. DNS raises "
                "neither: at the start the constructor fails (ConfigException, or BootstrapResolutionException since "
                "4.4), and later only the log says so.",
                "클라이언트가 던지는 것은 SslAuthenticationException이고 `SSLHandshakeException`은 그 "
                "원인(cause)입니다. DNS 문제로는 둘 다 발생하지 않습니다. 시작할 때는 생성자가 "
                "실패하고(ConfigException, 4.4부터 BootstrapResolutionException), 그 뒤에는 로그에만 남습니다.",
            ),
            flaw=Flaw.INEXACT,
        ),
        Line(
            "프로듀서 thread pool 제한: Sender Thread가 CPU 바운드일 경우 `num.io.threads` 조정 또는 프로듀서 인스턴스 "
            "분리로 부하를 나눈다.",
            "Threads: if the sender thread is bound by CPU, adjust num.io.threads, or divide the load among instances.",
            (
                *causes("saturated-sender"),
                *alerts("KafkaProducerSenderSaturated"),
                *metrics("kafka_producer_io_wait_time_seconds_total"),
                *panels("producer: Busy share of the sender thread"),
            ),
            Text(
                "`num.io.threads` is a setting of brokers. A producer has exactly one sender thread, and no pool; what "
                "helps is several producers, larger batches, and callbacks that do not wait.",
                "`num.io.threads`는 브로커 설정입니다. 프로듀서에는 스레드 풀이 없고 센더 스레드가 하나뿐입니다. "
                "프로듀서를 여럿으로 나누고, 배치를 키우고, 콜백에서 기다리지 않게 해야 합니다.",
            ),
            flaw=Flaw.INEXACT,
        ),
    ),
)

MONITORING = Chapter(
    Text("Good monitoring", "좋은 모니터링"),
    (
        Line(
            "전송 지연: `record-send-rate`, `request-latency-avg`.",
            "Send latency.",
            (),
            Text(
                "`record-send-rate` is throughput, and a retried record counts as sent again. `request-latency-avg` "
                "has no sample for a request without a response: when a broker hangs, it disappears instead of rising.",
                "`record-send-rate`는 처리량이며, 재시도한 레코드는 다시 보낸 것으로 또 셉니다. "
                "`request-latency-avg`는 응답 없는 요청을 세지 않아, 브로커가 멈추면 오르지 않고 사라집니다.",
            ),
            names=("record-send-rate", "request-latency-avg"),
            flaw=Flaw.INEXACT,
        ),
        Line(
            "에러율: `record-error-rate`, `record-retry-rate`, `record-size-avg`.",
            "Error rate.",
            (),
            Text(
                "`record-size-avg` is not about errors, and is not the average record either: it is the average over "
                "batches of the largest record in each. `record-error-rate` can count a batch twice that expires while "
                "it is under way, so it may exceed the records that were lost.",
                "`record-size-avg`는 오류와 무관하며 평균 레코드 크기도 아닙니다. 배치마다 가장 큰 레코드를 골라 "
                "평균한 값입니다. `record-error-rate`는 전송 중에 만료된 배치를 두 번 셀 수 있어 실제로 잃은 "
                "레코드보다 클 수 있습니다.",
            ),
            names=("record-error-rate", "record-retry-rate", "record-size-avg"),
            flaw=Flaw.INEXACT,
        ),
        Line(
            "배치 크기: `batch-size-avg`, `compression-rate-avg`로 효율을 확인.",
            "Batch size: check the efficiency.",
            metrics("kafka_producer_records_per_request_avg"),
            Text(
                "`batch-size-avg` is measured after compression, so compare it with batch.size only without "
                "compression. Of `compression-rate-avg` lower is better; 1 means that nothing is saved.",
                "`batch-size-avg`는 압축 후 크기이므로 압축하지 않을 때만 batch.size와 비교할 수 있습니다. "
                "`compression-rate-avg`는 낮을수록 좋고 1이면 효과가 없는 것입니다.",
            ),
            names=("batch-size-avg", "compression-rate-avg"),
        ),
        Line(
            "멱등성 상태: `producer-id`, `epoch` 변경 이벤트를 감시해 세션 리셋을 감지한다.",
            "Idempotence: watch changes of producer id and epoch, to notice session resets.",
            (
                *metrics("kafka_transactional_producer_session_total", "kafka_idempotent_producer_id_appeared_total"),
                *read("broker-view.md#how-to-read-it"),
            ),
            Text(
                "No Java client has either in JMX; the brokers have both. With transaction protocol 2 (brokers and "
                "clients from 4.0 on) the `epoch` rises at every commit, so a change is no reset: count sessions "
                "instead.",
                "어떤 Java 클라이언트의 JMX에도 없고, 브로커에 있습니다. 트랜잭션 프로토콜 2(브로커와 클라이언트 4.0 "
                "이상)에서는 커밋할 때마다 `epoch`가 오르므로 변경이 곧 리셋은 아닙니다. 대신 세션 수를 세십시오.",
            ),
            names=("producer-id", "epoch"),
            flaw=Flaw.INEXACT,
        ),
        Line(
            "버퍼 사용률: `bufferpool-wait-time-total`, `buffer-exhausted-rate`로 backpressure 여부를 파악한다.",
            "Buffer use: find backpressure.",
            metrics("kafka_producer_waiting_threads"),
            Text(
                "`bufferpool-wait-time-total` is gone since 4.0; since 3.1 the name is bufferpool-wait-time-ns-total "
                "(both in nanoseconds). A wait is counted when it ends, so also watch the threads that wait now. "
                "`buffer-exhausted-rate` was always 0 before 2.6.",
                "`bufferpool-wait-time-total`은 4.0에서 없어졌고, 3.1부터의 이름은 "
                "bufferpool-wait-time-ns-total입니다(둘 다 나노초). 기다림이 끝나야 셈에 들어가므로 지금 기다리는 "
                "스레드 수도 보십시오. `buffer-exhausted-rate`는 2.6 이전에는 항상 0이었습니다.",
            ),
            names=("bufferpool-wait-time-total", "buffer-exhausted-rate"),
            flaw=Flaw.OUTDATED,
        ),
        Line(
            "트랜잭션 상태: `transaction-start-rate`, `transaction-abort-rate`를 모니터링해 트랜잭션 실패 시점을 "
            "찾는다.",
            "Transactions: find out when transactions failed.",
            read("broker-view.md#sources"),
            Text(
                "No Java client has these two names; the exporter counts in the brokers' transaction log, and derives "
                "why each transaction was aborted.",
                "이 두 이름은 어떤 Java 클라이언트에도 없습니다. 익스포터는 브로커의 트랜잭션 로그에서 세며, 중단된 "
                "이유도 밝힙니다.",
            ),
            names=("transaction-start-rate", "transaction-abort-rate"),
            flaw=Flaw.INEXACT,
        ),
    ),
)

TIPS = Chapter(
    Text("Operating tips", "운영 팁"),
    (
        Line(
            "파티션 키를 결정할 때 비즈니스 키 또는 해시 키를 사용해 불균형을 피하고, 데이터 순서 보장이 필요한 경우 "
            "단일 키를 유지한다.",
            "Partition keys: use a business key or a hash to avoid imbalance; keep one key where order matters.",
            (
                *alerts("KafkaTopicPartitionSkew"),
                *metrics("kafka_topic_partition_end_offset"),
                *panels("brokers: Busiest partition against the average"),
                *audited("partition key", "partitioner.class", "partitioner.ignore.keys"),
            ),
            Text(
                "Order holds within a partition. Adding partitions moves keys to other ones, so the order of a key is "
                "lost at that moment.",
                "순서는 파티션 안에서만 보장됩니다. 파티션을 늘리면 키가 다른 파티션으로 옮겨 가므로 그 시점에 키의 "
                "순서가 깨집니다.",
            ),
        ),
        Line(
            "멱등성 + 트랜잭션을 사용할 때는 브로커 `transaction.state.log.replication.factor`와 "
            "`transaction.state.log.min.isr`를 높여 안정성을 확보한다.",
            "With transactions, raise these two settings of the brokers.",
            (
                *audited("transaction.state.log.replication.factor", "transaction.state.log.min.isr"),
                *alerts("KafkaTransactionLogReplicationLow"),
                *panels("brokers: Durability of the transaction log"),
                *metrics("kafka_topic_replication_factor", "kafka_topic_min_insync_replicas"),
            ),
            Text(
                "They count only when the topic is created. Later, reassign the partitions of `__transaction_state`, "
                "and set its min.insync.replicas. The exporter reads what the topic really has.",
                "이 설정은 토픽을 만들 때만 적용됩니다. 그 뒤에는 `__transaction_state`의 파티션을 재배치하고 토픽의 "
                "min.insync.replicas를 바꾸어야 합니다. 익스포터는 토픽의 실제 값을 읽습니다.",
            ),
        ),
        Line(
            "프로듀서 인스턴스를 스케일할 때 `client.id`를 고유하게 부여해 모니터링 지표를 분리한다.",
            "When scaling, give each instance its own client.id.",
            (
                *audited("client.id"),
                *causes("duplicate-client-id"),
                *alerts("KafkaProducerDuplicateClientId"),
                *explained("duplicate client.id"),
                *metrics("kafka_producer_info", "kafka_producer_hidden"),
                *panels("exporter: Two producers with one client.id"),
            ),
            Text(
                "Within a JVM it is worse than mixed metrics: the newer producer takes the MBeans over, and when "
                "either is closed, both have none. Across JVMs the label target keeps them apart; the brokers' quotas "
                "and logs do not.",
                "한 JVM 안에서는 메트릭이 섞이는 데 그치지 않습니다. 새 프로듀서가 MBean을 가져가고, 한쪽이 닫히면 둘 "
                "다 사라집니다. JVM이 다르면 레이블 target으로 구별되지만 브로커의 할당량과 로그에서는 구별되지 "
                "않습니다.",
            ),
        ),
        Line(
            "발행 실패 대응 플로우: 1. 예외 로그에서 에러 코드(`Errors` enum)를 확인.",
            "Failure flow, 1: find the error code in the exception log.",
            (
                *explained("TimeoutException", "UNKNOWN_SERVER_ERROR"),
                *audited("failure flow"),
                *read("explain.md#the-log-of-an-application", "explain.md#a-code-or-an-exception"),
            ),
            Text(
                "A stack trace has the class of the exception and no code of `Errors`; `explain` takes both, and "
                "`explain -` finds them in a log.",
                "스택 트레이스에는 예외 클래스만 있고 `Errors`의 코드는 없습니다. `explain`은 둘 다 받으며 "
                "`explain -`은 로그에서 찾아냅니다.",
            ),
            flaw=Flaw.INEXACT,
        ),
        Line(
            "2. 재시도 가능한 오류인지(`RET` vs `NON-RET`) 판단 후 `retries`/`retry.backoff.ms` 조정.",
            "Failure flow, 2: decide whether it is retriable, then adjust retries and retry.backoff.ms.",
            (
                *explained("NOT_ENOUGH_REPLICAS", "MESSAGE_TOO_LARGE"),
                *audited("retries", "retry.backoff.ms"),
                *alerts("KafkaProducerHighRetryRatio"),
                *causes("delivery-timeout"),
            ),
            Text(
                "Kafka has no marks `RET` and `NON-RET`: an error is retriable if its class is a RetriableException, "
                "which `explain` says of every code. Such an error reaches the application only after all retries, "
                "so more `retries` change nothing: raise delivery.timeout.ms, or repair the fault.",
                "Kafka에 `RET`/`NON-RET` 표시는 없습니다. 클래스가 RetriableException이면 재시도 가능하며, "
                "`explain`이 모든 코드에 대해 알려 줍니다. 그런 오류는 재시도가 모두 끝난 뒤에야 애플리케이션에 오므로 "
                "`retries`를 늘려도 소용없습니다. delivery.timeout.ms를 늘리거나 장애를 복구하십시오.",
            ),
            flaw=Flaw.OUTDATED,
        ),
        Line(
            "3. 재시도 불가이면 DLQ/알림으로 전환하고, 토픽/ACL/네트워크 상태를 점검.",
            "Failure flow, 3: if it is not, write to a dead letter queue or alert, and check topic, ACLs and network.",
            (
                *explained("TOPIC_AUTHORIZATION_FAILED", "INVALID_TOPIC_EXCEPTION", "NETWORK_EXCEPTION"),
                *causes("not-authorized", "unknown-topic", "broker-down", "black-hole"),
                *alerts("KafkaDeadLetterGrowth", "KafkaProducerRecordErrors", "KafkaTopicOffline"),
                *metrics("kafka_dead_letter_record_total"),
                *panels("brokers: Dead letters in %{dead_letter_window.words}, by topic"),
            ),
            Text(
                "The Java producer writes no dead letters. The application does, in its callback, or its framework; "
                "and a dead letter topic on the same cluster is of no use while the cluster is down.",
                "Java 프로듀서는 DLQ에 쓰지 않습니다. 애플리케이션이 콜백에서, 또는 프레임워크가 써야 합니다. 같은 "
                "클러스터의 DLQ 토픽은 클러스터가 죽어 있는 동안 쓸모가 없습니다.",
            ),
        ),
        Line(
            "트랜잭션 프로듀서 예시:<br>`producer.initTransactions();`<br>`producer.beginTransaction();`<br>"
            "`producer.send(record);`<br>`producer.sendOffsetsToTransaction(offsets, groupId);`<br>"
            "`producer.commitTransaction();`",
            "An example of a transactional producer.",
            (
                *metrics(
                    "kafka_producer_txn_init_time_seconds_total",
                    "kafka_producer_txn_begin_time_seconds_total",
                    "kafka_producer_txn_send_offsets_time_seconds_total",
                    "kafka_producer_txn_commit_time_seconds_total",
                ),
                *panels("transactions: Time in transaction calls"),
                *alerts("KafkaProducerCommitSlow", "KafkaTransactionAborts"),
                *causes("application-aborts", "transaction-timeout"),
                *explained("TRANSACTION_ABORTABLE", "PRODUCER_FENCED"),
                *audited("sendOffsetsToTransaction", "transactional.id"),
            ),
            Text(
                "`sendOffsetsToTransaction(offsets, groupId)` is deprecated since 3.0 and gone in 4.0: pass "
                "consumer.groupMetadata(), which exists since 2.5. initTransactions() is called once, the other calls "
                "for each transaction. The example leaves out the errors: call abortTransaction() after any of them "
                "but fencing, after which the producer must be closed.",
                "`sendOffsetsToTransaction(offsets, groupId)`는 3.0에서 폐기 예정이 되었고 4.0에서 없어졌습니다. "
                "2.5부터 있는 consumer.groupMetadata()를 넘기십시오. initTransactions()는 한 번만, 나머지는 "
                "트랜잭션마다 호출합니다. 예시에는 오류 처리가 없습니다. 오류가 나면 abortTransaction()을 호출하되, "
                "펜싱된 경우에는 프로듀서를 닫아야 합니다.",
            ),
            flaw=Flaw.OUTDATED,
        ),
        Line(
            "이 패턴을 사용하면 소스 토픽 소비와 싱크 토픽 발행을 exactly-once로 묶을 수 있다.",
            "This pattern consumes from the source and produces to the sink exactly once.",
            (
                *metrics("kafka_transaction_started_total", "kafka_transaction_committed_total"),
                *panels("transactions: Transactions started, committed and aborted"),
                *audited("enable.idempotence"),
            ),
            Text(
                "Only if consumers of the sink topic read with isolation.level=read_committed, the consumer of the "
                "source has enable.auto.commit=false, and both topics are in one cluster. A hanging transaction then "
                "stops those consumers.",
                "싱크 토픽의 컨슈머가 isolation.level=read_committed로 읽고, 소스 컨슈머가 "
                "enable.auto.commit=false이며, 두 토픽이 한 클러스터에 있을 때만 그렇습니다. 그러면 멈춘(hanging) "
                "트랜잭션이 그 컨슈머들을 막습니다.",
            ),
            flaw=Flaw.INEXACT,
        ),
        Line(
            "프로듀서 백업 계획: region 장애를 대비해 이중화된 bootstrap servers 리스트를 설정하고, "
            "`client.dns.lookup=use_all_dns_ips`를 사용해 DNS round-robin을 활용한다.",
            "Backup plan: list redundant bootstrap servers against the loss of a region, and use "
            "client.dns.lookup=use_all_dns_ips for DNS round robin.",
            (
                *audited("bootstrap.servers", "client.dns.lookup"),
                *alerts("KafkaBootstrapServerDown"),
                *metrics("kafka_bootstrap_server_up", "kafka_bootstrap_server_addresses"),
                *causes("broker-down", "dns"),
                *panels("brokers: Bootstrap servers: when could they be used?"),
            ),
            Text(
                "The list only leads into one cluster, which must span the regions itself; servers of a second cluster "
                "in it are no failover. `client.dns.lookup=use_all_dns_ips` is the default since 2.6; it tries the "
                "addresses one after another, and balances nothing. Since 4.0 a client goes back to the list when it "
                "has lost all brokers that it knew (metadata.recovery.strategy).",
                "이 목록은 하나의 클러스터로 들어가는 입구일 뿐이며, 여러 리전에 걸치는 것은 클러스터 자신이어야 "
                "합니다. 다른 클러스터의 서버를 넣어도 장애 조치가 되지 않습니다. "
                "`client.dns.lookup=use_all_dns_ips`는 2.6부터 기본값이며, 주소를 차례로 시도할 뿐 부하를 나누지 "
                "않습니다. 4.0부터는 알던 브로커를 모두 잃으면 이 목록으로 돌아갑니다(metadata.recovery.strategy).",
            ),
            flaw=Flaw.INEXACT,
        ),
    ),
)

CHAPTERS = (OPTIONS, PATH, DIAGNOSIS, MONITORING, TIPS)
