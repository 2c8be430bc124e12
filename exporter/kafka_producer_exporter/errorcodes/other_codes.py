"""The codes of ``Errors`` that do not reach a producer, as in the client 4.4.0: grouped by who gets them.

The codes of a group share their texts, because for a producer there is nothing more to say.
"""

from collections.abc import Iterator

from kafka_producer_exporter.errorcodes.entry import ERRORS_PACKAGE, Entry, Kind
from kafka_producer_exporter.languages import Text

_OTHER, _RETRIABLE, _REFRESH, _RECOVERABLE = Kind.OTHER, Kind.RETRIABLE, Kind.REFRESH, Kind.RECOVERABLE


def _group(
    meaning: Text, next_step: Text, *codes: tuple[int, str, str, Kind], concerns_producers: bool = False
) -> Iterator[Entry]:
    for code, name, exception, kind in codes:
        yield Entry(
            code=code,
            name=name,
            exception=f"{ERRORS_PACKAGE}.{exception}",
            kind=kind,
            meaning=meaning,
            next_step=next_step,
            alerts=("KafkaTransactionAborts",) if concerns_producers else (),
            concerns_producers=concerns_producers,
        )


OTHER_CODES = (
    *_group(
        Text(
            "An error of a consumer group. A producer gets it only from sendOffsetsToTransaction(), and then the "
            "consumer was removed from its group or is being rebalanced: the offsets of this transaction are no "
            "longer its own to commit.",
            "컨슈머 그룹의 오류입니다. 프로듀서는 sendOffsetsToTransaction()에서만 받으며, 이때 컨슈머는 그룹에서 "
            "빠졌거나 리밸런싱 중입니다. 이 트랜잭션의 오프셋은 더 이상 그 컨슈머가 커밋할 것이 아닙니다.",
        ),
        Text(
            "Abort the transaction and poll again. If it repeats, processing takes longer than max.poll.interval.ms: "
            "take fewer records per poll.",
            "트랜잭션을 중단하고 다시 poll 하십시오. 반복되면 처리가 max.poll.interval.ms보다 오래 걸리는 것이므로 한 "
            "번에 적게 가져오십시오.",
        ),
        (22, "ILLEGAL_GENERATION", "IllegalGenerationException", _RECOVERABLE),
        (25, "UNKNOWN_MEMBER_ID", "UnknownMemberIdException", _RECOVERABLE),
        (27, "REBALANCE_IN_PROGRESS", "RebalanceInProgressException", _OTHER),
        (82, "FENCED_INSTANCE_ID", "FencedInstanceIdException", _RECOVERABLE),
        (110, "FENCED_MEMBER_EPOCH", "FencedMemberEpochException", _OTHER),
        (113, "STALE_MEMBER_EPOCH", "StaleMemberEpochException", _OTHER),
        concerns_producers=True,
    ),
    *_group(
        Text(
            "The metadata that is committed with an offset is too large. A producer gets it only from "
            "sendOffsetsToTransaction().",
            "오프셋과 함께 커밋하는 메타데이터가 너무 큽니다. 프로듀서는 sendOffsetsToTransaction()에서만 받습니다.",
        ),
        Text(
            "Commit less metadata (offset.metadata.max.bytes of the brokers is the limit), abort the transaction, and "
            "run it again.",
            "메타데이터를 줄이고(브로커의 offset.metadata.max.bytes가 한도) 트랜잭션을 중단한 뒤 다시 실행하십시오.",
        ),
        (12, "OFFSET_METADATA_TOO_LARGE", "OffsetMetadataTooLarge", _OTHER),
        (28, "INVALID_COMMIT_OFFSET_SIZE", "InvalidCommitOffsetSizeException", _OTHER),
        concerns_producers=True,
    ),
    *_group(
        Text(
            "Consumers and consumer groups get this code; producers do not.",
            "컨슈머와 컨슈머 그룹이 받는 코드이며 프로듀서는 받지 않습니다.",
        ),
        Text(
            "Look at the consumer in the same application. Sending is not affected.",
            "같은 애플리케이션의 컨슈머를 살펴보십시오. 전송에는 영향이 없습니다.",
        ),
        (1, "OFFSET_OUT_OF_RANGE", "OffsetOutOfRangeException", _OTHER),
        (4, "INVALID_FETCH_SIZE", "InvalidFetchSizeException", _OTHER),
        (23, "INCONSISTENT_GROUP_PROTOCOL", "InconsistentGroupProtocolException", _OTHER),
        (24, "INVALID_GROUP_ID", "InvalidGroupIdException", _OTHER),
        (26, "INVALID_SESSION_TIMEOUT", "InvalidSessionTimeoutException", _OTHER),
        (68, "NON_EMPTY_GROUP", "GroupNotEmptyException", _OTHER),
        (69, "GROUP_ID_NOT_FOUND", "GroupIdNotFoundException", _OTHER),
        (70, "FETCH_SESSION_ID_NOT_FOUND", "FetchSessionIdNotFoundException", _RETRIABLE),
        (71, "INVALID_FETCH_SESSION_EPOCH", "InvalidFetchSessionEpochException", _RETRIABLE),
        (75, "UNKNOWN_LEADER_EPOCH", "UnknownLeaderEpochException", _RETRIABLE),
        (78, "OFFSET_NOT_AVAILABLE", "OffsetNotAvailableException", _RETRIABLE),
        (79, "MEMBER_ID_REQUIRED", "MemberIdRequiredException", _OTHER),
        (81, "GROUP_MAX_SIZE_REACHED", "GroupMaxSizeReachedException", _OTHER),
        (86, "GROUP_SUBSCRIBED_TO_TOPIC", "GroupSubscribedToTopicException", _OTHER),
        (88, "UNSTABLE_OFFSET_COMMIT", "UnstableOffsetCommitException", _RETRIABLE),
        (106, "FETCH_SESSION_TOPIC_ID_ERROR", "FetchSessionTopicIdException", _RETRIABLE),
        (109, "OFFSET_MOVED_TO_TIERED_STORAGE", "OffsetMovedToTieredStorageException", _OTHER),
        (111, "UNRELEASED_INSTANCE_ID", "UnreleasedInstanceIdException", _OTHER),
        (112, "UNSUPPORTED_ASSIGNOR", "UnsupportedAssignorException", _OTHER),
        (128, "INVALID_REGULAR_EXPRESSION", "InvalidRegularExpression", _OTHER),
        (134, "GROUP_DELETION_FAILED", "GroupDeletionFailedException", _OTHER),
    ),
    *_group(
        Text(
            "Consumers of share groups get this code; producers do not.",
            "공유 그룹(share group)의 컨슈머가 받는 코드이며 프로듀서는 받지 않습니다.",
        ),
        Text(
            "Look at the share consumer in the same application. Sending is not affected.",
            "같은 애플리케이션의 공유 컨슈머를 살펴보십시오. 전송에는 영향이 없습니다.",
        ),
        (121, "INVALID_RECORD_STATE", "InvalidRecordStateException", _OTHER),
        (122, "SHARE_SESSION_NOT_FOUND", "ShareSessionNotFoundException", _RETRIABLE),
        (123, "INVALID_SHARE_SESSION_EPOCH", "InvalidShareSessionEpochException", _RETRIABLE),
        (124, "FENCED_STATE_EPOCH", "FencedStateEpochException", _OTHER),
        (133, "SHARE_SESSION_LIMIT_REACHED", "ShareSessionLimitReachedException", _RETRIABLE),
    ),
    *_group(
        Text(
            "Kafka Streams gets this code from its group coordinator; its producers do not.",
            "Kafka Streams가 그룹 코디네이터에서 받는 코드이며 그 안의 프로듀서는 받지 않습니다.",
        ),
        Text(
            "Compare the topology of all instances of the Streams application. Sending is not affected.",
            "Streams 애플리케이션의 모든 인스턴스의 토폴로지를 비교하십시오. 전송에는 영향이 없습니다.",
        ),
        (130, "STREAMS_INVALID_TOPOLOGY", "StreamsInvalidTopologyException", _OTHER),
        (131, "STREAMS_INVALID_TOPOLOGY_EPOCH", "StreamsInvalidTopologyEpochException", _OTHER),
        (132, "STREAMS_TOPOLOGY_FENCED", "StreamsTopologyFencedException", _OTHER),
        (
            135,
            "STREAMS_TOPOLOGY_DESCRIPTION_UPDATE_FAILED",
            "StreamsTopologyDescriptionUpdateFailedException",
            _OTHER,
        ),
    ),
    *_group(
        Text(
            "Admin clients get this code, for example when they create, change or delete topics; producers do not.",
            "토픽을 만들거나 바꾸거나 지울 때처럼 관리(admin) 클라이언트가 받는 코드이며 프로듀서는 받지 않습니다.",
        ),
        Text(
            "Look at the admin client in the same application, or at the tool that was run. Sending is not affected.",
            "같은 애플리케이션의 관리 클라이언트나 실행한 도구를 살펴보십시오. 전송에는 영향이 없습니다.",
        ),
        (36, "TOPIC_ALREADY_EXISTS", "TopicExistsException", _OTHER),
        (37, "INVALID_PARTITIONS", "InvalidPartitionsException", _OTHER),
        (39, "INVALID_REPLICA_ASSIGNMENT", "InvalidReplicaAssignmentException", _OTHER),
        (40, "INVALID_CONFIG", "InvalidConfigurationException", _OTHER),
        (41, "NOT_CONTROLLER", "NotControllerException", _RETRIABLE),
        (55, "OPERATION_NOT_ATTEMPTED", "OperationNotAttemptedException", _OTHER),
        (57, "LOG_DIR_NOT_FOUND", "LogDirNotFoundException", _OTHER),
        (60, "REASSIGNMENT_IN_PROGRESS", "ReassignmentInProgressException", _OTHER),
        (67, "INVALID_PRINCIPAL_TYPE", "InvalidPrincipalTypeException", _OTHER),
        (73, "TOPIC_DELETION_DISABLED", "TopicDeletionDisabledException", _OTHER),
        (80, "PREFERRED_LEADER_NOT_AVAILABLE", "PreferredLeaderNotAvailableException", _REFRESH),
        (83, "ELIGIBLE_LEADERS_NOT_AVAILABLE", "EligibleLeadersNotAvailableException", _REFRESH),
        (84, "ELECTION_NOT_NEEDED", "ElectionNotNeededException", _REFRESH),
        (85, "NO_REASSIGNMENT_IN_PROGRESS", "NoReassignmentInProgressException", _OTHER),
        (91, "RESOURCE_NOT_FOUND", "ResourceNotFoundException", _OTHER),
        (92, "DUPLICATE_RESOURCE", "DuplicateResourceException", _OTHER),
        (93, "UNACCEPTABLE_CREDENTIAL", "UnacceptableCredentialException", _OTHER),
        (95, "INVALID_UPDATE_VERSION", "InvalidUpdateVersionException", _OTHER),
        (96, "FEATURE_UPDATE_FAILED", "FeatureUpdateFailedException", _OTHER),
        (114, "MISMATCHED_ENDPOINT_TYPE", "MismatchedEndpointTypeException", _OTHER),
        (115, "UNSUPPORTED_ENDPOINT_TYPE", "UnsupportedEndpointTypeException", _OTHER),
        (116, "UNKNOWN_CONTROLLER_ID", "UnknownControllerIdException", _OTHER),
    ),
    *_group(
        Text(
            "Clients get this code when they create, renew or describe delegation tokens; a producer that logs in "
            "with a bad token gets SASL_AUTHENTICATION_FAILED instead.",
            "위임 토큰(delegation token)을 만들거나 갱신하거나 조회할 때 받는 코드입니다. 잘못된 토큰으로 로그인하는 "
            "프로듀서는 대신 SASL_AUTHENTICATION_FAILED를 받습니다.",
        ),
        Text(
            "Look at what renews the tokens of this application: without a valid token, the next login fails.",
            "이 애플리케이션의 토큰을 갱신하는 쪽을 살펴보십시오. 유효한 토큰이 없으면 다음 로그인이 실패합니다.",
        ),
        (61, "DELEGATION_TOKEN_AUTH_DISABLED", "DelegationTokenDisabledException", _OTHER),
        (62, "DELEGATION_TOKEN_NOT_FOUND", "DelegationTokenNotFoundException", _OTHER),
        (63, "DELEGATION_TOKEN_OWNER_MISMATCH", "DelegationTokenOwnerMismatchException", _OTHER),
        (64, "DELEGATION_TOKEN_REQUEST_NOT_ALLOWED", "UnsupportedByAuthenticationException", _OTHER),
        (
            65,
            "DELEGATION_TOKEN_AUTHORIZATION_FAILED",
            "DelegationTokenAuthorizationException",
            Kind.CONFIGURATION,
        ),
        (66, "DELEGATION_TOKEN_EXPIRED", "DelegationTokenExpiredException", _OTHER),
    ),
    *_group(
        Text(
            "Brokers and controllers exchange this code among themselves; no producer gets it.",
            "브로커와 컨트롤러끼리 주고받는 코드이며 프로듀서는 받지 않습니다.",
        ),
        Text(
            "In an application's log it is out of place. In a broker's log, report it to the operators of the cluster.",
            "애플리케이션 로그에 있을 코드가 아닙니다. 브로커 로그에 있다면 클러스터 운영자에게 알리십시오.",
        ),
        (8, "BROKER_NOT_AVAILABLE", "BrokerNotAvailableException", _OTHER),
        (9, "REPLICA_NOT_AVAILABLE", "ReplicaNotAvailableException", _REFRESH),
        (11, "STALE_CONTROLLER_EPOCH", "ControllerMovedException", _OTHER),
        (77, "STALE_BROKER_EPOCH", "StaleBrokerEpochException", _OTHER),
        (94, "INCONSISTENT_VOTER_SET", "InconsistentVoterSetException", _OTHER),
        (98, "SNAPSHOT_NOT_FOUND", "SnapshotNotFoundException", _OTHER),
        (99, "POSITION_OUT_OF_RANGE", "PositionOutOfRangeException", _OTHER),
        (101, "DUPLICATE_BROKER_REGISTRATION", "DuplicateBrokerRegistrationException", _OTHER),
        (102, "BROKER_ID_NOT_REGISTERED", "BrokerIdNotRegisteredException", _OTHER),
        (104, "INCONSISTENT_CLUSTER_ID", "InconsistentClusterIdException", _OTHER),
        (107, "INELIGIBLE_REPLICA", "IneligibleReplicaException", _OTHER),
        (108, "NEW_LEADER_ELECTED", "NewLeaderElectedException", _OTHER),
        (119, "INVALID_REGISTRATION", "InvalidRegistrationException", _OTHER),
        (125, "INVALID_VOTER_KEY", "InvalidVoterKeyException", _OTHER),
        (126, "DUPLICATE_VOTER", "DuplicateVoterException", _OTHER),
        (127, "VOTER_NOT_FOUND", "VoterNotFoundException", _OTHER),
        (136, "CONTROLLER_ID_NOT_REGISTERED", "ControllerIdNotRegisteredException", _OTHER),
    ),
)
