"""The codes of ``Errors`` that a producer may get from a broker, as in the client 4.4.0."""

from kafka_producer_exporter.errorcodes.entry import ERRORS_PACKAGE, Entry, Kind
from kafka_producer_exporter.languages import Text

_LOST = ("KafkaProducerRecordErrors", "KafkaProducerErrorBudgetBurn")
_RETRIES = ("KafkaProducerHighRetryRatio", "KafkaProducerRecordErrors")
_COORDINATOR = ("KafkaProducerCommitSlow", "KafkaTopicOffline", "KafkaTransactionLogReplicationLow")
_LOGIN = ("KafkaProducerAuthenticationFailures",)


def _error(
    code: int,
    name: str,
    exception: str,
    kind: Kind,
    meaning: Text,
    next_step: Text,
    alerts: tuple[str, ...],
    *,
    message: str = "",
) -> Entry:
    return Entry(
        code=code,
        name=name,
        exception=exception if "." in exception else f"{ERRORS_PACKAGE}.{exception}",
        kind=kind,
        meaning=meaning,
        next_step=next_step,
        alerts=alerts,
        message=message,
    )


PRODUCER_CODES = (
    _error(
        -1,
        "UNKNOWN_SERVER_ERROR",
        "UnknownServerException",
        Kind.OTHER,
        Text(
            "The broker failed in a way it has no code for. The records of the request are lost for the client.",
            "브로커가 코드로 나타낼 수 없는 오류를 냈습니다. 클라이언트는 그 요청의 레코드를 포기합니다.",
        ),
        Text(
            "Read the log of the broker at the time of the error: it has the stack trace. Authorizers, interceptors "
            "and full disks are typical.",
            "오류 시각의 브로커 로그에 스택 트레이스가 있습니다. 인가(authorizer) 플러그인, 인터셉터, 꽉 찬 디스크가 "
            "흔한 원인입니다.",
        ),
        (*_LOST, "KafkaBrokerProduceErrors"),
    ),
    Entry(
        code=0,
        name="NONE",
        kind=Kind.NONE,
        meaning=Text("No error.", "오류가 없습니다."),
        next_step=Text("Nothing to do.", "할 일이 없습니다."),
        concerns_producers=False,
    ),
    _error(
        2,
        "CORRUPT_MESSAGE",
        "CorruptRecordException",
        Kind.RETRIABLE,
        Text(
            "A batch arrived with a wrong checksum, or a record without a key was sent to a compacted topic.",
            "체크섬이 틀린 배치가 도착했거나, 컴팩션 토픽에 키 없는 레코드를 보냈습니다.",
        ),
        Text(
            "Check whether the topic has cleanup.policy=compact; then each record needs a key, and retries never "
            "succeed. Otherwise look for a faulty network card, or a proxy that alters traffic.",
            "토픽이 cleanup.policy=compact인지 확인하십시오. 그렇다면 모든 레코드에 키가 필요하고 재시도는 성공하지 "
            "않습니다. 아니라면 고장 난 네트워크 카드나 트래픽을 바꾸는 프록시를 찾으십시오.",
        ),
        (*_RETRIES, "KafkaBrokerProduceErrors"),
    ),
    _error(
        3,
        "UNKNOWN_TOPIC_OR_PARTITION",
        "UnknownTopicOrPartitionException",
        Kind.REFRESH,
        Text(
            "The topic or the partition does not exist, was deleted, or the principal has no right to describe it. "
            "Right after a topic is created, the error is normal for some seconds.",
            "토픽이나 파티션이 없거나 삭제되었거나, 주체(principal)에게 Describe 권한이 없습니다. 토픽을 만든 직후 몇 "
            "초 동안은 정상입니다.",
        ),
        Text(
            "Check the spelling of the topic, whether it exists on this cluster (bootstrap.servers), and the ACL "
            "Describe. Create the topic; do not rely on auto.create.topics.enable.",
            "토픽 이름의 철자, 이 클러스터(bootstrap.servers)에 토픽이 있는지, Describe ACL을 확인하십시오. 토픽을 "
            "직접 만들고 auto.create.topics.enable에 의존하지 마십시오.",
        ),
        ("KafkaProducerRecordErrors", "KafkaProducerHighRetryRatio", "KafkaBrokerProduceErrors"),
    ),
    _error(
        5,
        "LEADER_NOT_AVAILABLE",
        "LeaderNotAvailableException",
        Kind.REFRESH,
        Text(
            "The partition has no leader at the moment: it was just created, an election is under way, or all its "
            "replicas in sync are down.",
            "지금 파티션에 리더가 없습니다. 방금 만들어졌거나, 리더 선출 중이거나, 동기화된 복제본이 모두 "
            "내려갔습니다.",
        ),
        Text(
            "Seconds of it are normal. If it lasts, find the broker that is down: "
            "kafka-topics.sh --describe --unavailable-partitions.",
            "몇 초는 정상입니다. 계속되면 내려간 브로커를 찾으십시오: kafka-topics.sh --describe "
            "--unavailable-partitions.",
        ),
        ("KafkaTopicOffline", "KafkaProducerDeliveryStalled", "KafkaProducerHighRetryRatio"),
    ),
    _error(
        6,
        "NOT_LEADER_OR_FOLLOWER",
        "NotLeaderOrFollowerException",
        Kind.REFRESH,
        Text(
            "The client sent to a broker that no longer leads the partition; it learns the new leader and sends "
            "again. Older clients call it NOT_LEADER_FOR_PARTITION.",
            "클라이언트가 더 이상 파티션 리더가 아닌 브로커로 보냈습니다. 새 리더를 알아낸 뒤 다시 보냅니다. 예전 "
            "클라이언트는 NOT_LEADER_FOR_PARTITION이라고 부릅니다.",
        ),
        Text(
            "Normal while brokers restart or partitions move. If it goes on, look for brokers that lose their session "
            "with the controller.",
            "브로커가 재시작하거나 파티션이 이동할 때는 정상입니다. 계속되면 컨트롤러와의 세션을 잃는 브로커를 "
            "찾으십시오.",
        ),
        ("KafkaProducerHighRetryRatio", "KafkaBrokerProduceErrors"),
    ),
    _error(
        7,
        "REQUEST_TIMED_OUT",
        "TimeoutException",
        Kind.RETRIABLE,
        Text(
            "The broker could not finish the request in time; with acks=all, the followers did not copy the records "
            "within request.timeout.ms. Newer clients also log it when a broker does not answer at all. The records "
            "may be in the topic all the same.",
            "브로커가 제시간에 요청을 끝내지 못했습니다. acks=all이면 팔로워가 request.timeout.ms 안에 레코드를 "
            "복제하지 못한 것입니다. 새 클라이언트는 브로커가 전혀 응답하지 않을 때도 남깁니다. 그래도 레코드는 "
            "토픽에 있을 수 있습니다.",
        ),
        Text(
            "Look for slow disks, overloaded followers, or a slow network between brokers. With idempotence, retries "
            "create no duplicates.",
            "느린 디스크, 과부하된 팔로워, 브로커 사이의 느린 네트워크를 찾으십시오. 멱등성이 켜져 있으면 재시도로 "
            "중복이 생기지 않습니다.",
        ),
        ("KafkaProducerHighRequestLatency", "KafkaTopicUnderMinIsr", "KafkaProducerHighRetryRatio"),
        message=r"The request timed out",
    ),
    _error(
        10,
        "MESSAGE_TOO_LARGE",
        "RecordTooLargeException",
        Kind.OTHER,
        Text(
            "The batch is larger than max.message.bytes of the topic. The client splits a batch of several records "
            "and sends it again; a single record that is too large is lost.",
            "배치가 토픽의 max.message.bytes보다 큽니다. 레코드가 여럿인 배치는 클라이언트가 나누어 다시 보내고, "
            "혼자서도 너무 큰 레코드는 잃게 됩니다.",
        ),
        Text(
            "Make the record smaller, compress (compression.type), or raise max.message.bytes of the topic, with "
            "max.request.size of the producer not above it.",
            "레코드를 줄이거나 압축(compression.type)하거나 토픽의 max.message.bytes를 올리십시오. 프로듀서의 "
            "max.request.size는 그보다 크지 않게 하십시오.",
        ),
        ("KafkaProducerRecordErrors", "KafkaProducerBatchSplits", "KafkaProducerEpochBumps"),
    ),
    _error(
        13,
        "NETWORK_EXCEPTION",
        "NetworkException",
        Kind.REFRESH,
        Text(
            "The connection broke before the response arrived. The records may be in the topic all the same.",
            "응답이 오기 전에 연결이 끊겼습니다. 그래도 레코드는 토픽에 있을 수 있습니다.",
        ),
        Text(
            "Look for brokers that restart, and for firewalls, load balancers and proxies that close connections; "
            "connections.max.idle.ms must be below their idle timeout.",
            "재시작하는 브로커, 그리고 연결을 끊는 방화벽·로드 밸런서·프록시를 찾으십시오. connections.max.idle.ms는 "
            "그 장비들의 유휴 제한 시간보다 짧아야 합니다.",
        ),
        ("KafkaProducerNotConnected", "KafkaProducerConnectionChurn", "KafkaProducerDeliveryStalled"),
    ),
    _error(
        14,
        "COORDINATOR_LOAD_IN_PROGRESS",
        "CoordinatorLoadInProgressException",
        Kind.RETRIABLE,
        Text(
            "The transaction coordinator is still reading its part of __transaction_state, after a restart or an "
            "election.",
            "재시작이나 리더 선출 뒤에 트랜잭션 코디네이터가 __transaction_state를 아직 읽고 있습니다.",
        ),
        Text(
            "Wait. If it takes minutes, the log of the transactions is large: check that the cleaner of the broker "
            "works.",
            "기다리십시오. 몇 분이 걸린다면 트랜잭션 로그가 큰 것이므로 브로커의 로그 클리너가 동작하는지 "
            "확인하십시오.",
        ),
        _COORDINATOR,
    ),
    _error(
        15,
        "COORDINATOR_NOT_AVAILABLE",
        "CoordinatorNotAvailableException",
        Kind.REFRESH,
        Text(
            "No transaction coordinator can be found: its partition of __transaction_state has no leader, or the topic "
            "cannot be created yet.",
            "트랜잭션 코디네이터를 찾을 수 없습니다. __transaction_state 파티션에 리더가 없거나 아직 토픽을 만들 수 "
            "없습니다.",
        ),
        Text(
            "Check __transaction_state: enough brokers for transaction.state.log.replication.factor, and enough in "
            "sync for transaction.state.log.min.isr.",
            "__transaction_state를 확인하십시오. transaction.state.log.replication.factor에 필요한 수의 브로커와 "
            "transaction.state.log.min.isr에 필요한 수의 동기화된 복제본이 있어야 합니다.",
        ),
        _COORDINATOR,
    ),
    _error(
        16,
        "NOT_COORDINATOR",
        "NotCoordinatorException",
        Kind.REFRESH,
        Text(
            "The transaction coordinator has moved to another broker; the client looks it up again.",
            "트랜잭션 코디네이터가 다른 브로커로 옮겨 갔습니다. 클라이언트가 다시 찾습니다.",
        ),
        Text(
            "Normal while brokers restart. If it goes on, find the broker that is unstable.",
            "브로커가 재시작할 때는 정상입니다. 계속되면 불안정한 브로커를 찾으십시오.",
        ),
        _COORDINATOR,
    ),
    _error(
        17,
        "INVALID_TOPIC_EXCEPTION",
        "InvalidTopicException",
        Kind.CONFIGURATION,
        Text(
            "The name of the topic is not legal (letters, digits, . _ -, at most 249 characters), or the topic is "
            "internal.",
            "토픽 이름이 규칙(영문자, 숫자, . _ -, 최대 249자)에 맞지 않거나 내부 토픽입니다.",
        ),
        Text("Correct the name in the application.", "애플리케이션에서 이름을 고치십시오."),
        _LOST,
    ),
    _error(
        18,
        "RECORD_LIST_TOO_LARGE",
        "RecordBatchTooLargeException",
        Kind.CONFIGURATION,
        Text(
            "The batch is larger than segment.bytes of the topic, so it fits into no segment.",
            "배치가 토픽의 segment.bytes보다 커서 어떤 세그먼트에도 들어가지 않습니다.",
        ),
        Text(
            "Raise segment.bytes of the topic, or lower batch.size and the size of the records.",
            "토픽의 segment.bytes를 올리거나 batch.size와 레코드 크기를 줄이십시오.",
        ),
        (*_LOST, "KafkaProducerBatchSplits"),
    ),
    _error(
        19,
        "NOT_ENOUGH_REPLICAS",
        "NotEnoughReplicasException",
        Kind.RETRIABLE,
        Text(
            "Fewer replicas are in sync than min.insync.replicas of the topic, so the broker takes nothing with "
            "acks=all. Nothing was written.",
            "동기화된 복제본이 토픽의 min.insync.replicas보다 적어 브로커가 acks=all 쓰기를 받지 않습니다. 아무것도 "
            "기록되지 않았습니다.",
        ),
        Text(
            "Bring the missing broker back. Do not lower acks. min.insync.replicas must be below the replication "
            "factor, or one dead broker stops the topic.",
            "빠진 브로커를 되살리십시오. acks를 낮추지 마십시오. min.insync.replicas는 복제 계수보다 작아야 하며, "
            "같으면 브로커 하나만 죽어도 토픽이 멈춥니다.",
        ),
        ("KafkaTopicUnderMinIsr", "KafkaProducerHighRetryRatio", "KafkaProducerErrorBudgetBurn"),
    ),
    _error(
        20,
        "NOT_ENOUGH_REPLICAS_AFTER_APPEND",
        "NotEnoughReplicasAfterAppendException",
        Kind.RETRIABLE,
        Text(
            "The leader wrote the records, but by then fewer replicas were in sync than min.insync.replicas. The "
            "records are in the log; without idempotence, retries duplicate them.",
            "리더는 레코드를 기록했지만 그사이 동기화된 복제본이 min.insync.replicas보다 적어졌습니다. 레코드는 "
            "로그에 있으며, 멱등성이 꺼져 있으면 재시도로 중복됩니다.",
        ),
        Text(
            "Bring the missing broker back, and keep enable.idempotence=true.",
            "빠진 브로커를 되살리고 enable.idempotence=true를 유지하십시오.",
        ),
        ("KafkaTopicUnderMinIsr", "KafkaProducerHighRetryRatio", "KafkaProducerErrorBudgetBurn"),
    ),
    _error(
        21,
        "INVALID_REQUIRED_ACKS",
        "InvalidRequiredAcksException",
        Kind.CONFIGURATION,
        Text("The request had an acks other than 0, 1 or all.", "요청의 acks가 0, 1, all 중 어느 것도 아닙니다."),
        Text(
            "The Java client cannot send this: find out which client or proxy does.",
            "Java 클라이언트는 이렇게 보낼 수 없습니다. 어떤 클라이언트나 프록시가 보내는지 찾으십시오.",
        ),
        _LOST,
    ),
    _error(
        29,
        "TOPIC_AUTHORIZATION_FAILED",
        "TopicAuthorizationException",
        Kind.CONFIGURATION,
        Text(
            "The principal of the producer may not write to this topic.",
            "프로듀서의 주체(principal)에게 이 토픽에 대한 쓰기 권한이 없습니다.",
        ),
        Text(
            "Grant the ACLs Write and Describe on the topic to the principal: kafka-acls.sh --add --producer. Check "
            "which principal the application logs in as.",
            "주체에게 토픽의 Write와 Describe ACL을 주십시오: kafka-acls.sh --add --producer. 애플리케이션이 어떤 "
            "주체로 로그인하는지도 확인하십시오.",
        ),
        (*_LOST, "KafkaBrokerProduceErrors"),
    ),
    _error(
        30,
        "GROUP_AUTHORIZATION_FAILED",
        "GroupAuthorizationException",
        Kind.CONFIGURATION,
        Text(
            "A transaction that commits offsets (sendOffsetsToTransaction) may not read the consumer group.",
            "오프셋을 커밋하는 트랜잭션(sendOffsetsToTransaction)에 컨슈머 그룹 Read 권한이 없습니다.",
        ),
        Text(
            "Grant the ACL Read on the group to the principal, abort the transaction, and run it again.",
            "주체에게 그룹의 Read ACL을 주고, 트랜잭션을 중단한 뒤 다시 실행하십시오.",
        ),
        ("KafkaTransactionAborts",),
    ),
    _error(
        31,
        "CLUSTER_AUTHORIZATION_FAILED",
        "ClusterAuthorizationException",
        Kind.CONFIGURATION,
        Text(
            "The principal may not produce with idempotence: brokers before 2.8 want IdempotentWrite on the cluster "
            "for it.",
            "주체에게 멱등성 쓰기 권한이 없습니다. 2.8 이전 브로커는 클러스터의 IdempotentWrite 권한을 요구합니다.",
        ),
        Text(
            "Grant the ACL IdempotentWrite on the cluster, or Write on the topic with newer brokers. Typical after an "
            "upgrade to a client 3.0 or later, which enables idempotence.",
            "클러스터의 IdempotentWrite ACL을, 새 브로커라면 토픽의 Write ACL을 주십시오. 멱등성이 기본으로 켜지는 "
            "3.0 이상 클라이언트로 올린 뒤에 흔합니다.",
        ),
        _LOST,
    ),
    _error(
        32,
        "INVALID_TIMESTAMP",
        "InvalidTimestampException",
        Kind.OTHER,
        Text(
            "The timestamp of a record is too far from the clock of the broker (message.timestamp.before.max.ms, "
            "message.timestamp.after.max.ms).",
            "레코드의 타임스탬프가 브로커 시계와 너무 차이 납니다(message.timestamp.before.max.ms, "
            "message.timestamp.after.max.ms).",
        ),
        Text(
            "Compare the clocks (NTP), and check whether the application sets timestamps itself, for example in "
            "microseconds. Since 4.0, timestamps more than one hour ahead are rejected.",
            "시계(NTP)를 비교하고, 애플리케이션이 타임스탬프를 직접, 예를 들어 마이크로초로 넣는지 확인하십시오. "
            "4.0부터 한 시간 넘게 앞선 타임스탬프는 거부됩니다.",
        ),
        ("KafkaClockSkew", *_LOST),
    ),
    _error(
        33,
        "UNSUPPORTED_SASL_MECHANISM",
        "UnsupportedSaslMechanismException",
        Kind.CONFIGURATION,
        Text(
            "The listener of the broker does not offer sasl.mechanism of the client.",
            "브로커의 리스너가 클라이언트의 sasl.mechanism을 제공하지 않습니다.",
        ),
        Text(
            "Set sasl.mechanism to one that the message lists, or use another listener (port).",
            "메시지에 나열된 것 중 하나로 sasl.mechanism을 설정하거나 다른 리스너(포트)를 쓰십시오.",
        ),
        _LOGIN,
    ),
    _error(
        34,
        "ILLEGAL_SASL_STATE",
        "IllegalSaslStateException",
        Kind.CONFIGURATION,
        Text(
            "The client and the listener do not speak the same protocol: for example, SASL is expected by only one of "
            "them.",
            "클라이언트와 리스너의 프로토콜이 맞지 않습니다. 예를 들어 한쪽만 SASL을 기대합니다.",
        ),
        Text(
            "Compare security.protocol with that of the listener whose port is in bootstrap.servers.",
            "security.protocol을 bootstrap.servers 포트의 리스너 프로토콜과 비교하십시오.",
        ),
        _LOGIN,
    ),
    _error(
        35,
        "UNSUPPORTED_VERSION",
        "UnsupportedVersionException",
        Kind.CONFIGURATION,
        Text(
            "Client and broker have no version of the request in common, or the broker is too old for the feature.",
            "클라이언트와 브로커에 공통된 요청 버전이 없거나 브로커가 기능에 비해 너무 오래되었습니다.",
        ),
        Text(
            "Upgrade the older side. Clients from 4.0 need brokers 2.1 or later; brokers from 4.0 need Java clients "
            "2.1 or later.",
            "오래된 쪽을 업그레이드하십시오. 4.0 이상 클라이언트는 2.1 이상 브로커가, 4.0 이상 브로커는 2.1 이상 Java "
            "클라이언트가 필요합니다.",
        ),
        _LOST,
    ),
    _error(
        38,
        "INVALID_REPLICATION_FACTOR",
        "InvalidReplicationFactorException",
        Kind.CONFIGURATION,
        Text(
            "A topic that is created at the first send cannot get its replication factor: too few brokers are up.",
            "첫 전송 때 자동 생성되는 토픽이 복제 계수를 얻지 못합니다. 살아 있는 브로커가 너무 적습니다.",
        ),
        Text(
            "Create the topic yourself, or bring back the missing brokers.",
            "토픽을 직접 만들거나 빠진 브로커를 되살리십시오.",
        ),
        _LOST,
    ),
    _error(
        42,
        "INVALID_REQUEST",
        "InvalidRequestException",
        Kind.OTHER,
        Text(
            "The broker considers the request malformed: incompatible versions, or a proxy in between that alters it.",
            "브로커가 요청을 잘못된 것으로 봅니다. 버전이 맞지 않거나 중간의 프록시가 요청을 바꿉니다.",
        ),
        Text(
            "The log of the broker says which field. Compare the versions of client and broker, and remove the proxy.",
            "브로커 로그에 어느 필드인지 나옵니다. 클라이언트와 브로커의 버전을 비교하고 프록시를 빼 보십시오.",
        ),
        _LOST,
    ),
    _error(
        43,
        "UNSUPPORTED_FOR_MESSAGE_FORMAT",
        "UnsupportedForMessageFormatException",
        Kind.CONFIGURATION,
        Text(
            "The topic has an old message format (before 0.11), which knows no idempotence, transactions or headers.",
            "토픽이 멱등성·트랜잭션·헤더를 모르는 예전 메시지 형식(0.11 이전)을 씁니다.",
        ),
        Text(
            "Remove message.format.version from the topic, or upgrade the brokers.",
            "토픽에서 message.format.version을 지우거나 브로커를 업그레이드하십시오.",
        ),
        _LOST,
    ),
    _error(
        44,
        "POLICY_VIOLATION",
        "PolicyViolationException",
        Kind.OTHER,
        Text(
            "A policy of the cluster rejects the request, for example a topic that is created at the first send.",
            "클러스터의 정책이 요청을 거부합니다. 예를 들어 첫 전송 때 자동 생성되는 토픽입니다.",
        ),
        Text(
            "The message says which policy. Create the topic in the way that the operators of the cluster want it.",
            "어떤 정책인지 메시지에 나옵니다. 클러스터 운영자가 정한 방법으로 토픽을 만드십시오.",
        ),
        _LOST,
    ),
    _error(
        45,
        "OUT_OF_ORDER_SEQUENCE_NUMBER",
        "OutOfOrderSequenceException",
        Kind.OTHER,
        Text(
            "The broker misses a batch of this producer: an earlier one was lost, or the state of the producer on the "
            "broker. The client retries what it can, then bumps its epoch; records were lost, and order may be "
            "broken.",
            "브로커가 이 프로듀서의 배치 하나를 받지 못했습니다. 앞선 배치나 브로커에 있던 프로듀서 상태가 "
            "사라졌습니다. 클라이언트는 가능한 만큼 재시도한 뒤 epoch를 올립니다. 레코드를 잃었고 순서가 깨졌을 수 "
            "있습니다.",
        ),
        Text(
            "Look for an unclean leader election or lost data on brokers, and for batches that expired just before. "
            "In a transaction, abort and run it again.",
            "브로커의 비정상(unclean) 리더 선출이나 데이터 손실, 바로 전에 만료된 배치를 찾으십시오. 트랜잭션이면 "
            "중단하고 다시 실행하십시오.",
        ),
        ("KafkaProducerEpochBumps", *_LOST),
    ),
    _error(
        46,
        "DUPLICATE_SEQUENCE_NUMBER",
        "DuplicateSequenceException",
        Kind.OTHER,
        Text(
            "The broker already has the batch: idempotence prevented a duplicate. The client counts it as a success.",
            "브로커에 이미 있는 배치입니다. 멱등성이 중복을 막았고, 클라이언트는 성공으로 봅니다.",
        ),
        Text(
            "Nothing is lost. Many of them mean that responses get lost: look at timeouts and connections.",
            "잃은 것은 없습니다. 많다면 응답이 사라지는 것이므로 타임아웃과 연결을 살펴보십시오.",
        ),
        ("KafkaProducerHighRetryRatio", "KafkaProducerConnectionChurn"),
    ),
    _error(
        47,
        "INVALID_PRODUCER_EPOCH",
        "InvalidProducerEpochException",
        Kind.RECOVERABLE,
        Text(
            "The epoch of the producer is old: the coordinator aborted its transaction after transaction.timeout.ms, "
            "or another producer with the same transactional.id took over.",
            "프로듀서의 epoch가 오래되었습니다. transaction.timeout.ms가 지나 코디네이터가 트랜잭션을 중단했거나, 같은 "
            "transactional.id의 다른 프로듀서가 넘겨받았습니다.",
        ),
        Text(
            "Tell the two apart with kafka-producer-exporter transactions, or in the broker view. After a timeout, "
            "make transactions shorter or raise transaction.timeout.ms; after a takeover, give each instance its own "
            "transactional.id.",
            "kafka-producer-exporter transactions나 브로커 뷰로 둘을 구별하십시오. 타임아웃이면 트랜잭션을 줄이거나 "
            "transaction.timeout.ms를 올리고, 넘겨받은 것이면 인스턴스마다 다른 transactional.id를 주십시오.",
        ),
        ("KafkaTransactionTimeouts", "KafkaTransactionFenced", "KafkaProducerSessionResets"),
    ),
    _error(
        48,
        "INVALID_TXN_STATE",
        "InvalidTxnStateException",
        Kind.OTHER,
        Text(
            "The call does not fit the state of the transaction at the coordinator: for example a commit after it was "
            "aborted by a timeout, or of a transaction that never began. Fatal for the producer.",
            "호출이 코디네이터에 있는 트랜잭션 상태와 맞지 않습니다. 예를 들어 타임아웃으로 중단된 뒤의 커밋, 시작한 "
            "적 없는 트랜잭션의 커밋입니다. 이 프로듀서는 더 쓸 수 없습니다.",
        ),
        Text(
            "Close the producer and create a new one. Check the order of begin, send, commit and abort, and that only "
            "one thread runs a transaction.",
            "프로듀서를 닫고 새로 만드십시오. begin·send·commit·abort의 순서와, 한 스레드만 트랜잭션을 실행하는지 "
            "확인하십시오.",
        ),
        ("KafkaTransactionTimeouts", "KafkaTransactionAborts"),
    ),
    _error(
        49,
        "INVALID_PRODUCER_ID_MAPPING",
        "InvalidPidMappingException",
        Kind.RECOVERABLE,
        Text(
            "The coordinator no longer knows the producer id of this transactional.id: it was idle for longer than "
            "transactional.id.expiration.ms (7 days), or another instance got a new one.",
            "코디네이터가 이 transactional.id의 producer id를 더 이상 모릅니다. "
            "transactional.id.expiration.ms(7일)보다 오래 쉬었거나 다른 인스턴스가 새 id를 받았습니다.",
        ),
        Text(
            "Close the producer and create a new one. Restart producers that are idle for days, or raise "
            "transactional.id.expiration.ms.",
            "프로듀서를 닫고 새로 만드십시오. 며칠씩 쉬는 프로듀서는 다시 시작하거나 transactional.id.expiration.ms를 "
            "올리십시오.",
        ),
        ("KafkaTransactionFenced", "KafkaProducerSessionResets"),
    ),
    _error(
        50,
        "INVALID_TRANSACTION_TIMEOUT",
        "InvalidTxnTimeoutException",
        Kind.OTHER,
        Text(
            "transaction.timeout.ms of the producer is above transaction.max.timeout.ms of the brokers (15 minutes), "
            "so initTransactions() fails.",
            "프로듀서의 transaction.timeout.ms가 브로커의 transaction.max.timeout.ms(15분)보다 커서 "
            "initTransactions()가 실패합니다.",
        ),
        Text(
            "Lower transaction.timeout.ms, or raise the limit of the brokers. Flink's default of 1 hour is a usual "
            "cause.",
            "transaction.timeout.ms를 낮추거나 브로커의 한도를 올리십시오. Flink의 기본값 1시간이 흔한 원인입니다.",
        ),
        ("KafkaProducerRecordErrors",),
    ),
    _error(
        51,
        "CONCURRENT_TRANSACTIONS",
        "ConcurrentTransactionsException",
        Kind.RETRIABLE,
        Text(
            "The previous transaction of this transactional.id is still being completed; the client waits and asks "
            "again.",
            "이 transactional.id의 이전 트랜잭션이 아직 마무리되는 중입니다. 클라이언트가 기다렸다가 다시 요청합니다.",
        ),
        Text(
            "Some are normal when transactions follow each other closely. Many mean slow markers: look at the brokers "
            "with partitions of the transaction.",
            "트랜잭션이 바로 이어지면 조금은 정상입니다. 많으면 마커 기록이 느린 것이므로 트랜잭션 파티션이 있는 "
            "브로커를 살펴보십시오.",
        ),
        ("KafkaProducerCommitSlow", "KafkaTransactionFenced"),
    ),
    _error(
        52,
        "TRANSACTION_COORDINATOR_FENCED",
        "TransactionCoordinatorFencedException",
        Kind.OTHER,
        Text(
            "A former transaction coordinator tried to write a marker and was stopped. Brokers handle it among "
            "themselves.",
            "예전 트랜잭션 코디네이터가 마커를 쓰려다 막혔습니다. 브로커끼리 처리하는 일입니다.",
        ),
        Text(
            "Nothing to do in the application. If transactions hang afterwards, look at the coordinators.",
            "애플리케이션에서 할 일은 없습니다. 이후 트랜잭션이 멈추면 코디네이터를 살펴보십시오.",
        ),
        ("KafkaTransactionHanging",),
    ),
    _error(
        53,
        "TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
        "TransactionalIdAuthorizationException",
        Kind.CONFIGURATION,
        Text(
            "The principal may not use this transactional.id. Fatal for the producer.",
            "주체에게 이 transactional.id를 쓸 권한이 없습니다. 이 프로듀서는 더 쓸 수 없습니다.",
        ),
        Text(
            "Grant the ACLs Write and Describe on the transactional id (a prefix is practical), then start the "
            "producer again.",
            "transactional id에 Write와 Describe ACL(접두사 방식이 편합니다)을 주고 프로듀서를 다시 시작하십시오.",
        ),
        ("KafkaProducerRecordErrors",),
    ),
    _error(
        54,
        "SECURITY_DISABLED",
        "SecurityDisabledException",
        Kind.OTHER,
        Text(
            "The cluster has no authorizer, so ACLs cannot be read or changed. Sending needs none.",
            "클러스터에 authorizer가 없어 ACL을 읽거나 바꿀 수 없습니다. 전송에는 필요하지 않습니다.",
        ),
        Text(
            "Find out who manages ACLs from this application; a producer does not.",
            "이 애플리케이션에서 무엇이 ACL을 다루는지 찾으십시오. 프로듀서는 다루지 않습니다.",
        ),
        (),
    ),
    _error(
        56,
        "KAFKA_STORAGE_ERROR",
        "KafkaStorageException",
        Kind.REFRESH,
        Text(
            "A disk of the broker failed or is full, and the broker took the partition offline.",
            "브로커의 디스크가 고장 났거나 가득 차서 브로커가 파티션을 내렸습니다.",
        ),
        Text(
            "Check the disks of the broker (its log names the directory). Another replica takes over if it is in sync.",
            "브로커의 디스크를 점검하십시오(로그에 디렉터리가 나옵니다). 동기화된 복제본이 있으면 그쪽이 이어받습니다.",
        ),
        ("KafkaTopicOffline", "KafkaTopicUnderMinIsr", "KafkaBrokerProduceErrors"),
    ),
    _error(
        58,
        "SASL_AUTHENTICATION_FAILED",
        "SaslAuthenticationException",
        Kind.CONFIGURATION,
        Text(
            "The brokers reject the login: wrong user or password, an expired token, a wrong clock, or the user is "
            "unknown.",
            "브로커가 로그인을 거부합니다. 사용자나 비밀번호가 틀렸거나, 토큰이 만료되었거나, 시계가 틀렸거나, 없는 "
            "사용자입니다.",
        ),
        Text(
            "Compare sasl.mechanism and sasl.jaas.config with the credentials that are valid now, and the clocks "
            "(Kerberos and OAuth tokens depend on them). Restart after a rotation: most clients read the password "
            "only once.",
            "sasl.mechanism과 sasl.jaas.config 설정을 지금 유효한 자격 증명과 비교하고, 시계도 비교하십시오(Kerberos와 "
            "OAuth 토큰이 시계에 의존합니다). 비밀번호를 바꾼 뒤에는 다시 시작하십시오. 대부분의 클라이언트는 한 번만 "
            "읽습니다.",
        ),
        ("KafkaProducerAuthenticationFailures", "KafkaClockSkew", "KafkaProducerNotConnected"),
    ),
    _error(
        59,
        "UNKNOWN_PRODUCER_ID",
        "UnknownProducerIdException",
        Kind.OTHER,
        Text(
            "The broker has forgotten this producer id, because its last records were deleted or it was idle for a "
            "day. The client continues with a new epoch; brokers from 2.5 hardly ever return it.",
            "마지막 레코드가 지워졌거나 하루 동안 쉬어 브로커가 이 producer id를 잊었습니다. 클라이언트는 새 epoch로 "
            "계속합니다. 2.5 이상 브로커는 거의 내지 않습니다.",
        ),
        Text(
            "Raise retention of topics that are written rarely, or upgrade brokers and clients to 2.5 or later.",
            "드물게 쓰는 토픽의 보존 기간을 늘리거나 브로커와 클라이언트를 2.5 이상으로 올리십시오.",
        ),
        ("KafkaProducerEpochBumps", "KafkaProducerRecordErrors"),
    ),
    _error(
        72,
        "LISTENER_NOT_FOUND",
        "ListenerNotFoundException",
        Kind.REFRESH,
        Text(
            "The leader of the partition has no listener of the name that the client uses: the brokers differ in "
            "advertised.listeners.",
            "파티션 리더에 클라이언트가 쓰는 이름의 리스너가 없습니다. 브로커마다 advertised.listeners가 다릅니다.",
        ),
        Text(
            "Give every broker the same listeners. Normal for a moment while listeners are added broker by broker.",
            "모든 브로커에 같은 리스너를 두십시오. 브로커마다 차례로 리스너를 추가하는 동안에는 잠시 정상입니다.",
        ),
        ("KafkaProducerDeliveryStalled", "KafkaProducerNotConnected"),
    ),
    _error(
        74,
        "FENCED_LEADER_EPOCH",
        "FencedLeaderEpochException",
        Kind.REFRESH,
        Text(
            "The client acted on an older leader than the broker knows; it refreshes its metadata.",
            "클라이언트가 브로커보다 오래된 리더 정보로 요청했습니다. 메타데이터를 갱신합니다.",
        ),
        Text("Normal after an election.", "리더 선출 뒤에는 정상입니다."),
        ("KafkaProducerHighRetryRatio",),
    ),
    _error(
        76,
        "UNSUPPORTED_COMPRESSION_TYPE",
        "UnsupportedCompressionTypeException",
        Kind.OTHER,
        Text(
            "The broker or the protocol version does not know compression.type of the producer, zstd before 2.1 for "
            "example.",
            "브로커나 프로토콜 버전이 프로듀서의 compression.type을 모릅니다. 예를 들어 2.1 이전의 zstd입니다.",
        ),
        Text(
            "Choose another compression.type (lz4), or upgrade the brokers.",
            "다른 compression.type(lz4)을 고르거나 브로커를 업그레이드하십시오.",
        ),
        _LOST,
    ),
    _error(
        87,
        "INVALID_RECORD",
        "org.apache.kafka.common.InvalidRecordException",
        Kind.CONFIGURATION,
        Text(
            "The broker rejects a record of the batch: no key for a compacted topic, a wrong timestamp, or the "
            "validation of the broker. The other records of the batch fail with it.",
            "브로커가 배치의 레코드 하나를 거부합니다. 컴팩션 토픽에 키가 없거나, 타임스탬프가 틀렸거나, 브로커의 "
            "검증에 걸렸습니다. 같은 배치의 다른 레코드도 함께 실패합니다.",
        ),
        Text(
            "Give each record of a compacted topic a key. The message says which record of the batch is wrong.",
            "컴팩션 토픽의 레코드에는 모두 키를 넣으십시오. 배치의 어느 레코드가 잘못되었는지 메시지에 나옵니다.",
        ),
        (*_LOST, "KafkaProducerEpochBumps"),
    ),
    _error(
        89,
        "THROTTLING_QUOTA_EXCEEDED",
        "ThrottlingQuotaExceededException",
        Kind.RETRIABLE,
        Text(
            "A quota on creating topics or partitions is used up. Quotas on producing delay responses and return no "
            "error.",
            "토픽이나 파티션 생성 쿼터를 다 썼습니다. 전송 쿼터는 응답을 늦출 뿐 오류를 내지 않습니다.",
        ),
        Text(
            "Create topics before they are needed, or have the quota raised.",
            "토픽을 미리 만들거나 쿼터를 올려 달라고 하십시오.",
        ),
        ("KafkaProducerThrottled",),
    ),
    _error(
        90,
        "PRODUCER_FENCED",
        "ProducerFencedException",
        Kind.RECOVERABLE,
        Text(
            "A newer producer with the same transactional.id has taken over; this one must not write any more. Once, "
            "during a deployment, that is how it should be. Clients before 4.0 also get it when they abort after a "
            "transaction timeout.",
            "같은 transactional.id의 더 새로운 프로듀서가 넘겨받아 이 프로듀서는 더 쓰면 안 됩니다. 배포 중에 한 "
            "번이면 정상입니다. 4.0 이전 클라이언트는 트랜잭션 타임아웃 뒤에 중단할 때도 받습니다.",
        ),
        Text(
            "If it repeats, two live instances share one transactional.id: derive it from the pod or the partition. "
            "Close this producer; do not call abortTransaction().",
            "반복되면 살아 있는 두 인스턴스가 같은 transactional.id를 쓰는 것입니다. 파드나 파티션에서 만들어 "
            "쓰십시오. 이 프로듀서는 닫고 abortTransaction()은 호출하지 마십시오.",
        ),
        ("KafkaTransactionFenced", "KafkaProducerSessionResets"),
    ),
    _error(
        97,
        "PRINCIPAL_DESERIALIZATION_FAILURE",
        "PrincipalDeserializationException",
        Kind.OTHER,
        Text(
            "A broker could not pass the principal on to the controller: a custom principal.builder.class of the "
            "brokers is at fault.",
            "브로커가 주체를 컨트롤러에 전달하지 못했습니다. 브로커의 사용자 정의 principal.builder.class가 "
            "문제입니다.",
        ),
        Text("Report it to the operators of the cluster.", "클러스터 운영자에게 알리십시오."),
        ("KafkaBrokerProduceErrors",),
    ),
    _error(
        100,
        "UNKNOWN_TOPIC_ID",
        "UnknownTopicIdException",
        Kind.REFRESH,
        Text(
            "The topic was deleted, perhaps created again with the same name; the client refreshes its metadata.",
            "토픽이 삭제되었고 같은 이름으로 다시 만들어졌을 수도 있습니다. 클라이언트가 메타데이터를 갱신합니다.",
        ),
        Text(
            "Find out who deletes the topic. Records that were not sent yet go to the new topic, or expire.",
            "누가 토픽을 지우는지 찾으십시오. 아직 보내지 않은 레코드는 새 토픽으로 가거나 만료됩니다.",
        ),
        ("KafkaProducerRecordErrors", "KafkaProducerHighRetryRatio"),
    ),
    _error(
        103,
        "INCONSISTENT_TOPIC_ID",
        "InconsistentTopicIdException",
        Kind.REFRESH,
        Text(
            "The broker has the topic under another id: it was deleted and created again; the client refreshes its "
            "metadata.",
            "브로커에는 같은 토픽이 다른 id로 있습니다. 삭제 후 다시 만들어진 것이며 클라이언트가 메타데이터를 "
            "갱신합니다.",
        ),
        Text("Find out who creates the topic again.", "누가 토픽을 다시 만드는지 찾으십시오."),
        ("KafkaProducerHighRetryRatio",),
    ),
    _error(
        105,
        "TRANSACTIONAL_ID_NOT_FOUND",
        "TransactionalIdNotFoundException",
        Kind.OTHER,
        Text(
            "Nobody has used this transactional id within transactional.id.expiration.ms. Admin tools get it, "
            "producers do not.",
            "transactional.id.expiration.ms 안에 아무도 이 transactional id를 쓰지 않았습니다. 관리 도구가 받는 "
            "오류이며 프로듀서는 받지 않습니다.",
        ),
        Text("Check the spelling of the id, and the ACL Describe on it.", "id의 철자와 Describe ACL을 확인하십시오."),
        (),
    ),
    _error(
        117,
        "UNKNOWN_SUBSCRIPTION_ID",
        "UnknownSubscriptionIdException",
        Kind.OTHER,
        Text(
            "The client pushed telemetry (KIP-714) with an old subscription; it asks for the current one. Sending is "
            "not affected.",
            "클라이언트가 예전 구독으로 텔레메트리(KIP-714)를 보냈고 현재 구독을 다시 요청합니다. 전송에는 영향이 "
            "없습니다.",
        ),
        Text("Nothing to do.", "할 일이 없습니다."),
        (),
    ),
    _error(
        118,
        "TELEMETRY_TOO_LARGE",
        "TelemetryTooLargeException",
        Kind.OTHER,
        Text(
            "The client pushed more telemetry (KIP-714) than the broker accepts. Sending is not affected.",
            "클라이언트가 브로커가 받는 것보다 큰 텔레메트리(KIP-714)를 보냈습니다. 전송에는 영향이 없습니다.",
        ),
        Text(
            "Subscribe to fewer metrics, raise telemetry.max.bytes of the brokers, or set enable.metrics.push=false.",
            "구독하는 메트릭을 줄이거나, 브로커의 telemetry.max.bytes를 올리거나, enable.metrics.push=false로 "
            "두십시오.",
        ),
        (),
    ),
    _error(
        120,
        "TRANSACTION_ABORTABLE",
        "TransactionAbortableException",
        Kind.ABORTABLE,
        Text(
            "The broker rejects the transaction as it is, for example because it cannot be verified (KIP-890). The "
            "producer stays usable.",
            "예를 들어 검증할 수 없어서(KIP-890) 브로커가 이 트랜잭션을 거부합니다. 프로듀서는 계속 쓸 수 있습니다.",
        ),
        Text(
            "Abort the transaction and run it again. Many of them mean an unstable coordinator.",
            "트랜잭션을 중단하고 다시 실행하십시오. 많으면 코디네이터가 불안정한 것입니다.",
        ),
        ("KafkaTransactionAborts",),
    ),
    _error(
        129,
        "REBOOTSTRAP_REQUIRED",
        "RebootstrapRequiredException",
        Kind.OTHER,
        Text(
            "The broker wants the client to start again from bootstrap.servers, because its view of the cluster is "
            "outdated. The client does so by itself.",
            "클라이언트가 아는 클러스터 정보가 오래되어 브로커가 bootstrap.servers부터 다시 시작하라고 합니다. "
            "클라이언트가 스스로 합니다.",
        ),
        Text(
            "Check that bootstrap.servers still names brokers of this cluster.",
            "bootstrap.servers가 여전히 이 클러스터의 브로커인지 확인하십시오.",
        ),
        ("KafkaBootstrapServerDown", "KafkaProducerMetadataStale"),
    ),
)
