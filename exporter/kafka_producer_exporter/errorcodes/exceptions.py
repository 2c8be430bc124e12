"""The exceptions of a producer that have no code, and variants of others that only their message tells apart."""

from kafka_producer_exporter.errorcodes.entry import CALL_GAVE_UP, ERRORS_PACKAGE, SEND_GAVE_UP, Entry, Kind
from kafka_producer_exporter.languages import Text

_LOST = ("KafkaProducerRecordErrors", "KafkaProducerErrorBudgetBurn")
_TIMEOUT = f"{ERRORS_PACKAGE}.TimeoutException"
_KAFKA = "org.apache.kafka.common.KafkaException"
_TOO_LARGE = f"{ERRORS_PACKAGE}.RecordTooLargeException"

EXCEPTIONS = (
    Entry(
        name="TimeoutException (delivery)",
        exception=_TIMEOUT,
        message=r"Expiring \d+ record",
        kind=Kind.RETRIABLE,
        meaning=Text(
            "Records were not acknowledged within delivery.timeout.ms, and the client gave them up. Some may be in "
            "the topic all the same.",
            "레코드가 delivery.timeout.ms 안에 확인(ack)되지 않아 클라이언트가 포기했습니다. 일부는 토픽에 있을 수 "
            "있습니다.",
        ),
        next_step=Text(
            "Look at what the client logged before: lost connections, NOT_ENOUGH_REPLICAS, or nothing, which means "
            "that the brokers are slow or the network swallows the requests.",
            "그 앞에 클라이언트가 남긴 로그를 보십시오. 끊긴 연결, NOT_ENOUGH_REPLICAS, 또는 아무것도 없다면 브로커가 "
            "느리거나 네트워크가 요청을 삼키는 것입니다.",
        ),
        alerts=("KafkaProducerErrorBudgetBurn", "KafkaProducerDeliveryStalled", "KafkaProducerRecordsNearExpiry"),
    ),
    Entry(
        name="TimeoutException (metadata)",
        exception=_TIMEOUT,
        message=r"not present in metadata|Failed to update metadata|Timed out waiting for a node assignment",
        kind=Kind.RETRIABLE,
        meaning=Text(
            "send() waited max.block.ms for the metadata of the topic: the topic or partition does not exist, or no "
            "broker was reached at all.",
            "send()가 토픽의 메타데이터를 max.block.ms 동안 기다렸습니다. 토픽이나 파티션이 없거나 어느 브로커에도 "
            "닿지 못했습니다.",
        ),
        next_step=Text(
            "If the log also has UNKNOWN_TOPIC_OR_PARTITION, create the topic or correct its name. If it has failed "
            "connections, check bootstrap.servers, DNS and the network. A longer max.block.ms helps with neither.",
            "로그에 UNKNOWN_TOPIC_OR_PARTITION도 있으면 토픽을 만들거나 이름을 고치십시오. 연결 실패가 있으면 "
            "bootstrap.servers, DNS, 네트워크를 점검하십시오. max.block.ms를 늘려도 도움이 되지 않습니다.",
        ),
        retries=SEND_GAVE_UP,
        alerts=("KafkaProducerRecordErrors", "KafkaProducerMetadataStale", "KafkaProducerNotConnected"),
    ),
    Entry(
        name="TimeoutException (transaction)",
        exception=_TIMEOUT,
        message=r"InitProducerId|InitTransactions|AddOffsetsToTxn|TxnOffsetCommit|SendOffsetsToTransaction|EndTxn|"
        r"(?:Commit|Abort)Transaction",
        kind=Kind.RETRIABLE,
        meaning=Text(
            "initTransactions(), commitTransaction() or another transactional call did not finish within "
            "max.block.ms. Whether the transaction was committed is open until the same call is repeated.",
            "initTransactions(), commitTransaction() 같은 트랜잭션 호출이 max.block.ms 안에 끝나지 않았습니다. 같은 "
            "호출을 반복할 때까지 커밋 여부는 알 수 없습니다.",
        ),
        next_step=Text(
            "Call the same method again, or close the producer. Check the transaction coordinator and "
            "__transaction_state.",
            "같은 메서드를 다시 호출하거나 프로듀서를 닫으십시오. 트랜잭션 코디네이터와 __transaction_state를 "
            "점검하십시오.",
        ),
        retries=CALL_GAVE_UP,
        alerts=("KafkaProducerCommitSlow", "KafkaTopicOffline", "KafkaTransactionOpenTooLong"),
    ),
    Entry(
        name="TimeoutException",
        exception=_TIMEOUT,
        kind=Kind.RETRIABLE,
        meaning=Text(
            "A call of the client did not finish in time; the message says which one.",
            "클라이언트의 호출이 제시간에 끝나지 않았습니다. 어떤 호출인지는 메시지에 나옵니다.",
        ),
        next_step=Text(
            "Check the network and the brokers before you raise a timeout.",
            "제한 시간을 늘리기 전에 네트워크와 브로커를 점검하십시오.",
        ),
        alerts=("KafkaProducerDeliveryStalled", "KafkaProducerHighRequestLatency", "KafkaProducerRecordErrors"),
    ),
    Entry(
        name="BufferExhaustedException",
        exception="org.apache.kafka.clients.producer.BufferExhaustedException",
        kind=Kind.RETRIABLE,
        meaning=Text(
            "buffer.memory was full, and no space became free within max.block.ms: the application sends faster than "
            "the brokers take records. The record is lost unless the application sends it again.",
            "buffer.memory가 가득 찼고 max.block.ms 안에 자리가 나지 않았습니다. 애플리케이션이 브로커가 받는 것보다 "
            "빨리 보냅니다. 다시 보내지 않으면 그 레코드는 잃게 됩니다.",
        ),
        next_step=Text(
            "Find out why sending is slow (latency, throttling, a broker that is down). Then raise buffer.memory and "
            "batch.size, compress, or slow the application down. Watch max.block.ms.",
            "전송이 느린 이유(지연, 스로틀링, 내려간 브로커)를 찾으십시오. 그런 다음 buffer.memory와 batch.size를 "
            "올리거나, 압축하거나, 애플리케이션을 늦추십시오. max.block.ms를 지켜보십시오.",
        ),
        retries=SEND_GAVE_UP,
        alerts=("KafkaProducerBufferExhausted", "KafkaProducerBufferBackpressure", "KafkaProducerSenderSaturated"),
    ),
    Entry(
        name="RecordTooLargeException (client)",
        exception=_TOO_LARGE,
        message=r"max\.request\.size|buffer\.memory",
        kind=Kind.OTHER,
        meaning=Text(
            "The record is larger than max.request.size or buffer.memory of the producer, so it was not sent at all. "
            "Compression does not count here.",
            "레코드가 프로듀서의 max.request.size나 buffer.memory보다 커서 아예 보내지 않았습니다. 여기서 압축은 "
            "고려되지 않습니다.",
        ),
        next_step=Text(
            "Make the record smaller, or store the payload elsewhere and send a reference. If such records are "
            "intended, raise max.request.size together with max.message.bytes of the topic.",
            "레코드를 줄이거나 본문을 다른 곳에 두고 참조만 보내십시오. 의도한 크기라면 max.request.size와 토픽의 "
            "max.message.bytes를 함께 올리십시오.",
        ),
        alerts=_LOST,
    ),
    Entry(
        name="SerializationException",
        exception=f"{ERRORS_PACKAGE}.SerializationException",
        kind=Kind.OTHER,
        meaning=Text(
            "The key or value could not be turned into bytes: the wrong serializer, a schema that does not fit, or a "
            "schema registry that was not reached.",
            "키나 값을 바이트로 바꾸지 못했습니다. 시리얼라이저가 틀렸거나, 스키마가 맞지 않거나, 스키마 레지스트리에 "
            "닿지 못했습니다.",
        ),
        next_step=Text(
            "The cause at the end of the stack trace says which. Write the record to a DLQ, and compare "
            "key.serializer and value.serializer with the data.",
            "스택 트레이스 끝의 원인을 보십시오. 레코드를 DLQ로 보내고 key.serializer와 value.serializer를 데이터와 "
            "비교하십시오.",
        ),
        alerts=(*_LOST, "KafkaDeadLetterGrowth"),
    ),
    Entry(
        name="SslAuthenticationException",
        exception=f"{ERRORS_PACKAGE}.SslAuthenticationException",
        kind=Kind.CONFIGURATION,
        meaning=Text(
            "The TLS handshake failed: an expired or untrusted certificate, a name that does not match, or a client "
            "certificate that the broker rejects.",
            "TLS 핸드셰이크에 실패했습니다. 인증서가 만료되었거나 신뢰할 수 없거나, 이름이 맞지 않거나, 브로커가 "
            "클라이언트 인증서를 거부합니다.",
        ),
        next_step=Text(
            "Check the dates and names of the certificate (openssl s_client -connect HOST:PORT), "
            "ssl.truststore.location, and the clocks.",
            "인증서의 날짜와 이름(openssl s_client -connect HOST:PORT), ssl.truststore.location, 시계를 확인하십시오.",
        ),
        alerts=("KafkaCertificateExpiresSoon", "KafkaProducerAuthenticationFailures", "KafkaClockSkew"),
    ),
    Entry(
        name="SSLHandshakeException",
        exception="javax.net.ssl.SSLHandshakeException",
        kind=Kind.CONFIGURATION,
        meaning=Text(
            "Java's TLS gave up: an expired or untrusted certificate, a name that does not match, or no protocol or "
            "cipher in common. Within Kafka it is the cause of a SslAuthenticationException.",
            "Java의 TLS가 실패했습니다. 인증서가 만료되었거나 신뢰할 수 없거나, 이름이 맞지 않거나, 공통된 "
            "프로토콜이나 암호가 없습니다. Kafka에서는 SslAuthenticationException의 원인입니다.",
        ),
        next_step=Text(
            "Check the dates and names of the certificate (openssl s_client -connect HOST:PORT), "
            "ssl.truststore.location, and the clocks. The connection may also be to another service than Kafka.",
            "인증서의 날짜와 이름(openssl s_client -connect HOST:PORT), ssl.truststore.location, 시계를 확인하십시오. "
            "Kafka가 아닌 다른 서비스와의 연결일 수도 있습니다.",
        ),
        alerts=("KafkaCertificateExpiresSoon", "KafkaProducerAuthenticationFailures", "KafkaClockSkew"),
    ),
    Entry(
        name="AuthenticationException",
        exception=f"{ERRORS_PACKAGE}.AuthenticationException",
        kind=Kind.CONFIGURATION,
        meaning=Text("The brokers reject the login.", "브로커가 로그인을 거부합니다."),
        next_step=Text(
            "The message says whether SASL or TLS failed. Check credentials, certificates and clocks.",
            "SASL과 TLS 중 무엇이 실패했는지 메시지에 나옵니다. 자격 증명, 인증서, 시계를 확인하십시오.",
        ),
        alerts=("KafkaProducerAuthenticationFailures", "KafkaCertificateExpiresSoon"),
    ),
    Entry(
        name="LoginException",
        exception="javax.security.auth.login.LoginException",
        kind=Kind.CONFIGURATION,
        meaning=Text(
            "The client could not log in, before it asked any broker: a wrong keytab, a missing JAAS entry, or a token "
            "endpoint that failed.",
            "브로커에 묻기도 전에 클라이언트가 로그인하지 못했습니다. keytab이 틀렸거나, JAAS 항목이 없거나, 토큰 "
            "엔드포인트가 실패했습니다.",
        ),
        next_step=Text(
            "Check sasl.jaas.config, the files that it names, and the identity provider.",
            "sasl.jaas.config, 그 안에 적힌 파일, ID 공급자(IdP)를 확인하십시오.",
        ),
        alerts=("KafkaProducerAuthenticationFailures", "KafkaProducerTargetsMissing"),
    ),
    Entry(
        name="AuthorizationException",
        exception=f"{ERRORS_PACKAGE}.AuthorizationException",
        kind=Kind.CONFIGURATION,
        meaning=Text("The principal lacks a right.", "주체에게 권한이 없습니다."),
        next_step=Text(
            "The message names the resource. Grant the ACL, and check which principal the application logs in as.",
            "메시지에 자원이 나옵니다. ACL을 주고, 애플리케이션이 어떤 주체로 로그인하는지 확인하십시오.",
        ),
        alerts=_LOST,
    ),
    Entry(
        name="ConfigException",
        exception="org.apache.kafka.common.config.ConfigException",
        kind=Kind.CONFIGURATION,
        meaning=Text(
            "The configuration of the client is not valid, so the producer was not created: there is no client, and "
            "no metric.",
            "클라이언트 설정이 올바르지 않아 프로듀서가 만들어지지 않았습니다. 클라이언트도 메트릭도 없습니다.",
        ),
        next_step=Text(
            "The message names the key. For 'No resolvable bootstrap urls', check bootstrap.servers and DNS.",
            "메시지에 키가 나옵니다. 'No resolvable bootstrap urls'이면 bootstrap.servers와 DNS를 확인하십시오.",
        ),
        alerts=("KafkaProducerTargetsMissing", "KafkaProducerTargetDown"),
    ),
    Entry(
        name="BootstrapResolutionException",
        exception=f"{ERRORS_PACKAGE}.BootstrapResolutionException",
        kind=Kind.OTHER,
        meaning=Text(
            "No host of bootstrap.servers could be resolved within the time that clients from 4.4 allow for it.",
            "4.4 이상 클라이언트가 허용하는 시간 안에 bootstrap.servers의 어떤 호스트도 DNS에서 찾지 못했습니다.",
        ),
        next_step=Text(
            "Check the spelling of bootstrap.servers, and DNS within the container; list at least two hosts.",
            "bootstrap.servers의 철자와 컨테이너 안의 DNS를 확인하고, 호스트를 둘 이상 적으십시오.",
        ),
        alerts=("KafkaBootstrapServerDown", "KafkaProducerNotConnected"),
    ),
    Entry(
        name="UnknownHostException",
        exception="java.net.UnknownHostException",
        kind=Kind.OTHER,
        meaning=Text(
            "DNS does not know a host: one of bootstrap.servers, or one that a broker advertises.",
            "DNS가 호스트를 모릅니다. bootstrap.servers의 호스트이거나 브로커가 광고(advertise)하는 호스트입니다.",
        ),
        next_step=Text(
            "Resolve the name within the container. If only advertised names fail, advertised.listeners of the "
            "brokers is wrong for this network.",
            "컨테이너 안에서 이름을 조회해 보십시오. 광고된 이름만 실패하면 브로커의 advertised.listeners가 이 "
            "네트워크에 맞지 않습니다.",
        ),
        alerts=("KafkaProducerNotConnected", "KafkaBootstrapServerDown", "KafkaProducerDeliveryStalled"),
    ),
    Entry(
        name="InterruptException",
        exception=f"{ERRORS_PACKAGE}.InterruptException",
        kind=Kind.OTHER,
        meaning=Text(
            "The application interrupted the thread that was sending, usually while it was shutting down.",
            "애플리케이션이 전송 중인 스레드를 중단(interrupt)했습니다. 대개 종료 중에 일어납니다.",
        ),
        next_step=Text(
            "During a shutdown, call flush() and close() before the thread pool is interrupted. Otherwise find out who "
            "interrupts.",
            "종료할 때는 스레드 풀을 중단하기 전에 flush()와 close()를 호출하십시오. 종료 중이 아니라면 누가 "
            "중단하는지 찾으십시오.",
        ),
        alerts=("KafkaProducerRecordErrors",),
    ),
    Entry(
        name="DisconnectException",
        exception=f"{ERRORS_PACKAGE}.DisconnectException",
        kind=Kind.RETRIABLE,
        meaning=Text(
            "The connection to a broker broke while a request was under way.",
            "요청을 처리하는 중에 브로커와의 연결이 끊겼습니다.",
        ),
        next_step=Text(
            "Look for brokers that restart, and for firewalls, load balancers and proxies that close connections.",
            "재시작하는 브로커, 그리고 연결을 끊는 방화벽·로드 밸런서·프록시를 찾으십시오.",
        ),
        alerts=("KafkaProducerConnectionChurn", "KafkaProducerNotConnected"),
    ),
    Entry(
        name="TransactionAbortedException",
        exception=f"{ERRORS_PACKAGE}.TransactionAbortedException",
        kind=Kind.OTHER,
        meaning=Text(
            "The application aborted the transaction while records of it were not sent yet. It is a consequence, not "
            "a cause.",
            "아직 보내지 않은 레코드가 있을 때 애플리케이션이 트랜잭션을 중단했습니다. 원인이 아니라 결과입니다.",
        ),
        next_step=Text(
            "Look for the error that made the application abort; its entry is earlier in the log.",
            "애플리케이션이 중단하게 한 오류를 찾으십시오. 로그의 앞부분에 있습니다.",
        ),
        alerts=("KafkaTransactionAborts",),
    ),
    Entry(
        name="CommitFailedException",
        exception="org.apache.kafka.clients.consumer.CommitFailedException",
        kind=Kind.OTHER,
        meaning=Text(
            "The consumer was removed from its group before its offsets were committed, by itself or within a "
            "transaction (sendOffsetsToTransaction).",
            "컨슈머가 직접, 또는 트랜잭션(sendOffsetsToTransaction) 안에서 오프셋을 커밋하기 전에 그룹에서 빠졌습니다.",
        ),
        next_step=Text(
            "Abort the transaction and poll again. Processing may take longer than max.poll.interval.ms.",
            "트랜잭션을 중단하고 다시 poll 하십시오. 처리가 max.poll.interval.ms보다 오래 걸리는지도 확인하십시오.",
        ),
        alerts=("KafkaTransactionAborts",),
    ),
    Entry(
        name="QuotaViolationException",
        exception="org.apache.kafka.common.metrics.QuotaViolationException",
        kind=Kind.OTHER,
        meaning=Text(
            "A metric exceeded its quota. Brokers use it inside; producers only wait longer for their responses.",
            "메트릭이 쿼터를 넘었습니다. 브로커 내부에서 쓰며, 프로듀서는 응답을 더 오래 기다릴 뿐입니다.",
        ),
        next_step=Text(
            "Nothing to do in the application.",
            "애플리케이션에서 할 일은 없습니다.",
        ),
        alerts=("KafkaProducerThrottled",),
    ),
    Entry(
        name="KafkaException (error state)",
        exception=_KAFKA,
        message=r"error state|previous transactional or idempotent request has failed|previous invalid state",
        kind=Kind.OTHER,
        meaning=Text(
            "An earlier error of the transaction made the producer unusable until it is aborted or closed. It is a "
            "consequence, not a cause.",
            "앞선 트랜잭션 오류 때문에 중단하거나 닫기 전에는 프로듀서를 쓸 수 없습니다. 원인이 아니라 결과입니다.",
        ),
        next_step=Text(
            "Look for the first error. If it is PRODUCER_FENCED or an authorization, close the producer; otherwise "
            "call abortTransaction(), and close the producer if that fails.",
            "첫 오류를 찾으십시오. PRODUCER_FENCED나 권한 오류면 프로듀서를 닫고, 아니면 abortTransaction()을 호출한 "
            "뒤 그것도 실패하면 닫으십시오.",
        ),
        alerts=("KafkaTransactionAborts", "KafkaProducerRecordErrors"),
    ),
    Entry(
        name="KafkaException (closed)",
        exception=_KAFKA,
        message=r"Producer (?:is )?closed|closed forcefully|Aborted due to (?:incomplete )?close",
        kind=Kind.OTHER,
        meaning=Text(
            "The producer was closed while records were still waiting; they are lost, and the metrics do not count "
            "them.",
            "아직 기다리는 레코드가 있는데 프로듀서가 닫혔습니다. 레코드는 사라지고 메트릭에도 잡히지 않습니다.",
        ),
        next_step=Text(
            "Call flush() before close(), give close() enough time, and stop sending first.",
            "먼저 전송을 멈추고, close() 전에 flush()를 호출하고, close()에 충분한 시간을 주십시오.",
        ),
        alerts=("KafkaProducerTargetDown",),
    ),
    Entry(
        name="KafkaException (construction)",
        exception=_KAFKA,
        message=r"Failed to construct kafka producer",
        kind=Kind.OTHER,
        meaning=Text(
            "The producer could not be created, so there is no client and no metric. The causes after it say why.",
            "프로듀서를 만들지 못해 클라이언트도 메트릭도 없습니다. 이유는 뒤따르는 원인(Caused by)에 있습니다.",
        ),
        next_step=Text(
            "Correct the configuration, the credentials or the files that the last cause names.",
            "마지막 원인에 나오는 설정, 자격 증명, 파일을 바로잡으십시오.",
        ),
        alerts=("KafkaProducerTargetsMissing", "KafkaProducerTargetDown"),
    ),
    Entry(
        name="KafkaException",
        exception=_KAFKA,
        kind=Kind.OTHER,
        meaning=Text(
            "The base class of Kafka's errors; the message or the cause says what happened.",
            "Kafka 오류의 기본 클래스입니다. 무슨 일인지는 메시지나 원인(Caused by)에 나옵니다.",
        ),
        next_step=Text(
            "Explain the exception after the last 'Caused by:'.",
            "마지막 'Caused by:' 뒤의 예외를 explain으로 찾아보십시오.",
        ),
        alerts=_LOST,
    ),
    Entry(
        name="ApiException",
        exception=f"{ERRORS_PACKAGE}.ApiException",
        kind=Kind.OTHER,
        meaning=Text(
            "The base class of the errors that have a code; the message or the cause says what happened.",
            "코드가 있는 오류의 기본 클래스입니다. 무슨 일인지는 메시지나 원인에 나옵니다.",
        ),
        next_step=Text(
            "Explain the exception after the last 'Caused by:'.",
            "마지막 'Caused by:' 뒤의 예외를 explain으로 찾아보십시오.",
        ),
        alerts=_LOST,
    ),
    Entry(
        name="RetriableException",
        exception=f"{ERRORS_PACKAGE}.RetriableException",
        kind=Kind.RETRIABLE,
        meaning=Text(
            "The base class of the errors that the client retries; logs show its subclasses.",
            "클라이언트가 재시도하는 오류의 기본 클래스이며 로그에는 하위 클래스가 나옵니다.",
        ),
        next_step=Text(
            "In code, catch it to tell retriable errors from others.",
            "코드에서 재시도 가능한 오류를 구별할 때 이 클래스를 잡으십시오.",
        ),
        alerts=("KafkaProducerHighRetryRatio",),
    ),
    Entry(
        name="WakeupException",
        exception=f"{ERRORS_PACKAGE}.WakeupException",
        kind=Kind.OTHER,
        meaning=Text(
            "A consumer was woken up, usually to shut it down; producers do not get it.",
            "대개 종료를 위해 컨슈머를 깨운 것이며 프로듀서는 받지 않습니다.",
        ),
        next_step=Text("Nothing to do.", "할 일이 없습니다."),
        concerns_producers=False,
    ),
    Entry(
        name="InstanceAlreadyExistsException",
        exception="javax.management.InstanceAlreadyExistsException",
        message=r"kafka\.producer:",
        kind=Kind.OTHER,
        meaning=Text(
            "Two clients in one JVM have the same client.id, so they share their MBeans: the metrics are those of the "
            "one that registered last, and closing one hides the other.",
            "한 JVM의 두 클라이언트가 client.id가 같아 MBean을 공유합니다. 메트릭은 마지막에 등록한 쪽의 것이고, "
            "하나를 닫으면 다른 하나도 보이지 않게 됩니다.",
        ),
        next_step=Text(
            "Give each producer a client.id of its own. Sending works all the same.",
            "프로듀서마다 다른 client.id를 주십시오. 전송 자체는 됩니다.",
        ),
        alerts=("KafkaProducerDuplicateClientId", "KafkaProducerHidden"),
    ),
)

RENAMED = {
    "NOT_LEADER_FOR_PARTITION": "NOT_LEADER_OR_FOLLOWER",
    "NotLeaderForPartitionException": "NotLeaderOrFollowerException",
}
"""Names of older clients, and what the newest client calls them."""
