"""Fuzzes what brokers and token endpoints send: responses to admin requests, to the probe, and tokens."""

import random
import re
import socket
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import cache
from typing import Any, cast

from kafka.cluster import ClusterMetadata
from kafka.errors import KafkaProtocolError
from kafka.net.sasl import get_sasl_mechanism
from kafka.protocol.admin import (
    DescribeConfigsResponse,
    DescribeProducersResponse,
    DescribeTransactionsResponse,
    ListTransactionsResponse,
)
from kafka.protocol.consumer import FetchResponse, ListOffsetsResponse
from kafka.protocol.metadata import MetadataResponse
from kafka.protocol.sasl import SaslAuthenticateResponse, SaslHandshakeResponse

from kafka_producer_exporter.broker.client.admin import LATEST
from kafka_producer_exporter.broker.client.connection import Client
from kafka_producer_exporter.broker.client.fetch import LogReader
from kafka_producer_exporter.broker.client.oauth import MAX_LIFETIME_SECONDS, TokenEndpoint
from kafka_producer_exporter.broker.client.probe import Login, _Attempt
from kafka_producer_exporter.broker.cluster.hanging import HangingTracker, LogAnswer
from kafka_producer_exporter.broker.cluster.idempotent import IdempotentTracker
from kafka_producer_exporter.broker.cluster.topics import DeadLetterCounts
from kafka_producer_exporter.broker.log.records import TOPIC
from kafka_producer_exporter.broker.log.tracker import TransactionTracker
from kafka_producer_exporter.broker.sources.coordinators import ApproximateLog, describe_all_transactions
from kafka_producer_exporter.broker.sources.partitions import scan_partitions
from kafka_producer_exporter.broker.sources.topics import describe_topics
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.net.errors import TransportError
from kafka_producer_exporter.settings import Sasl, SaslMechanism
from tests.fuzz.mutations import mutated, mutated_text


class _Manager:
    """The part of kafka-python's manager that a client uses: it sends requests, and keeps the metadata."""

    def __init__(self, client: "FuzzedClient") -> None:
        self.cluster = ClusterMetadata()
        self._client = client

    def send(self, request: Any, *, node_id: object, request_timeout_ms: int) -> Any:
        return request

    async def wait_for(self, request: Any, timeout_ms: int) -> Any:
        return self._client.reply(request)


class _Selector:
    """The part of kafka-python's selector that a client uses: it runs a coroutine, which never has to wait."""

    def run(self, function: Callable[..., Coroutine[Any, Any, Any]], *arguments: Any) -> Any:
        try:
            function(*arguments).send(None)
        except StopIteration as end:
            return end.value
        raise AssertionError("nothing here waits")


class FuzzedClient(Client):
    """A client of one broker, whose responses are bytes that may be damaged. A subclass makes the ``response``."""

    damaged_one_in = 5

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.version = 0
        self.timeout_ms = 1000
        self.damaged = False
        self._manager = _Manager(self)
        self._selector = _Selector()

    @property
    def brokers(self) -> list[int]:
        return [1]

    def response(self, request: Any) -> bytes:
        """Return the body of the response to *request*, in ``version``."""
        raise NotImplementedError

    def reply(self, request: Any) -> Any:
        """Return what kafka-python makes of the response to *request*; raise its error."""
        lowest, highest = _VERSIONS[request.name]
        self.version = self.chance.randint(lowest, highest)
        body = self.response(request)
        if self.chance.randrange(self.damaged_one_in) == 0:
            self.damaged, body = True, bytes(mutated(body, self.chance))
        try:
            return _RESPONSES[request.name][self.version].decode(body)
        except Exception as error:
            raise KafkaProtocolError from error

    @staticmethod
    def undamaged_metadata(topics: Sequence[tuple[str, Sequence[int]]]) -> list[Any]:
        """Return the metadata of topics, given as the leaders of their partitions."""
        topic_type = MetadataResponse.MetadataResponseTopic
        return [
            topic_type(
                error_code=0,
                name=name,
                is_internal=False,
                partitions=[
                    topic_type.MetadataResponsePartition(
                        error_code=0,
                        partition_index=index,
                        leader_id=leader,
                        leader_epoch=0,
                        replica_nodes=[leader, 2],
                        isr_nodes=[leader],
                        offline_replicas=[],
                    )
                    for index, leader in enumerate(leaders)
                ],
            )
            for name, leaders in topics
        ]


_LEADERS = (("pay", (1, 1, -1)), ("pay-dlq", (1,)), (TOPIC, (1, 1)))


class _Cluster(FuzzedClient):
    """A client of a broker that describes two topics, an open transaction and the log."""

    def response(self, request: Any) -> bytes:
        name = request.name
        if name == "MetadataRequest" and request.topics is not None:
            name = TOPIC
        return _undamaged(name, self.version)


@cache
def _undamaged(name: str, version: int) -> bytes:
    return bytes(_WRITERS[name]().encode(version=version))


def _metadata(leaders: Sequence[tuple[str, Sequence[int]]] = _LEADERS) -> Any:
    broker_type = MetadataResponse.MetadataResponseBroker
    topics = FuzzedClient.undamaged_metadata(leaders)
    brokers = [broker_type(node_id=1, host="kafka-1", port=9092, rack=None)]
    return MetadataResponse(
        throttle_time_ms=0, brokers=brokers, cluster_id="abc", controller_id=1, topics=topics, error_code=0
    )


def _offsets() -> Any:
    topic_type = ListOffsetsResponse.ListOffsetsTopicResponse
    partitions = [
        topic_type.ListOffsetsPartitionResponse(
            partition_index=index, error_code=error, timestamp=-1, offset=17, leader_epoch=0
        )
        for index, error in ((0, 0), (1, 0), (2, 6))
    ]
    topics = [topic_type(name=name, partitions=partitions) for name in ("pay", "pay-dlq", TOPIC)]
    return ListOffsetsResponse(throttle_time_ms=0, topics=topics)


def _configs() -> Any:
    result_type = DescribeConfigsResponse.DescribeConfigsResult
    results = [
        result_type(
            error_code=0,
            error_message=None,
            resource_type=kind,
            resource_name=name,
            configs=[
                result_type.DescribeConfigsResourceResult(
                    name=key, value=value, read_only=False, is_default=True, is_sensitive=False, synonyms=[]
                )
                for key, value in settings
            ],
        )
        for kind, name, settings in (
            (2, "pay", (("min.insync.replicas", "2"), ("unclean.leader.election.enable", "false"))),
            (4, "1", (("transaction.max.timeout.ms", "900000"), ("x", None))),
        )
    ]
    return DescribeConfigsResponse(throttle_time_ms=0, results=results)


def _producers() -> Any:
    partition_type = DescribeProducersResponse.TopicResponse.PartitionResponse
    producers = [
        partition_type.ProducerState(
            producer_id=producer_id,
            producer_epoch=1,
            last_sequence=3,
            last_timestamp=1_700_000_000_000,
            coordinator_epoch=0,
            current_txn_start_offset=start,
        )
        for producer_id, start in ((1000, -1), (1001, 5))
    ]
    partitions = [
        partition_type(partition_index=0, error_code=0, error_message=None, active_producers=producers),
        partition_type(partition_index=1, error_code=6, error_message="moved", active_producers=[]),
    ]
    topics = [DescribeProducersResponse.TopicResponse(name="pay", partitions=partitions)]
    return DescribeProducersResponse(throttle_time_ms=0, topics=topics)


def _listing() -> Any:
    row = ListTransactionsResponse.TransactionState(
        transactional_id="orders", producer_id=1001, transaction_state="Ongoing"
    )
    return ListTransactionsResponse(
        throttle_time_ms=0, error_code=0, unknown_state_filters=[], transaction_states=[row]
    )


def _descriptions() -> Any:
    row_type = DescribeTransactionsResponse.TransactionState
    rows = [
        row_type(
            error_code=error,
            transactional_id=name,
            transaction_state=state,
            transaction_timeout_ms=60000,
            transaction_start_time_ms=1_700_000_000_000,
            producer_id=1001,
            producer_epoch=0,
            topics=[row_type.TopicData(topic="pay", partitions=[0, 1])],
        )
        for name, state, error in (("orders", "Ongoing", 0), ("moved", "", 16))
    ]
    return DescribeTransactionsResponse(throttle_time_ms=0, transaction_states=rows)


_WRITERS: Mapping[str, Callable[[], Any]] = {
    "MetadataRequest": _metadata,
    TOPIC: lambda: _metadata([(TOPIC, [1, 1])]),
    "ListOffsetsRequest": _offsets,
    "DescribeConfigsRequest": _configs,
    "DescribeProducersRequest": _producers,
    "ListTransactionsRequest": _listing,
    "DescribeTransactionsRequest": _descriptions,
}
_RESPONSES: Mapping[str, Any] = {
    "MetadataRequest": MetadataResponse,
    "ListOffsetsRequest": ListOffsetsResponse,
    "DescribeConfigsRequest": DescribeConfigsResponse,
    "DescribeProducersRequest": DescribeProducersResponse,
    "ListTransactionsRequest": ListTransactionsResponse,
    "DescribeTransactionsRequest": DescribeTransactionsResponse,
    "FetchRequest": FetchResponse,
}
_VERSIONS = {
    "MetadataRequest": (4, 12),
    "ListOffsetsRequest": (2, 9),
    "DescribeConfigsRequest": (1, 4),
    "DescribeProducersRequest": (0, 0),
    "ListTransactionsRequest": (0, 1),
    "DescribeTransactionsRequest": (0, 0),
    "FetchRequest": (4, 12),
}
"""Those that brokers from 2.5 on share with kafka-python."""
_EVERY_TOPIC = [re.compile("pay.*")]


def _describe_topics(client: Client) -> object:
    facts = describe_topics(client, _EVERY_TOPIC, [re.compile(".*-dlq")])
    DeadLetterCounts().take_in(facts)
    return list(facts.durability()), facts.shown_ends(), facts.max_timeout_ms


def _describe_transactions(client: Client) -> object:
    tracker = TransactionTracker()
    log = ApproximateLog(tracker)
    for now_ms in (0, 1000):
        log.take_in(describe_all_transactions(client, known=log.known), now_ms)
    return list(tracker.series()), tracker.open_transactions(0)


def _describe_producers(client: Client) -> object:
    scan = scan_partitions(client, lambda _: LogAnswer({}, time.monotonic()))
    HangingTracker().take_in(scan.look)
    tracker = IdempotentTracker(_EVERY_TOPIC)
    tracker.take_in(scan)
    return list(tracker.activity(1_700_000_000_000))


def _read_log_offsets(client: Client) -> object:
    reader = LogReader(client)
    return reader.offsets(reader.partitions(), LATEST)


_POLLS = (_describe_topics, _describe_transactions, _describe_producers, _read_log_offsets)


def broker_responses(chance: random.Random) -> str:
    """Poll a broker some of whose responses are damaged."""
    client = _Cluster(chance)
    try:
        chance.choice(_POLLS)(client)
    except TransportError as error:
        return str(error.reason)
    return "read a damaged response" if client.damaged else "read"


class _Password:
    """One message each way, as PLAIN."""

    def __init__(self) -> None:
        self._done = False

    def is_done(self) -> bool:
        return self._done

    def auth_bytes(self) -> bytes:
        return b"\0alice\0secret"

    def receive(self, auth_bytes: bytes) -> None:
        self._done = True


class _Connection:
    """A socket whose peer sends *replies*, whatever it is asked, in pieces, and then hangs up."""

    def __init__(self, replies: bytes, piece: int) -> None:
        self._replies = replies
        self._piece = piece

    def settimeout(self, seconds: float) -> None:
        pass

    def sendall(self, data: bytes) -> None:
        pass

    def recv(self, size: int) -> bytes:
        count = min(size, self._piece)
        part, self._replies = self._replies[:count], self._replies[count:]
        return part


@cache
def _probe_replies() -> Mapping[SaslMechanism | None, tuple[bytes, ...]]:
    """Return what a broker sends to the probe, by mechanism; None stands for a listener without SASL."""
    handshake = SaslHandshakeResponse(error_code=0, mechanisms=["PLAIN", "SCRAM-SHA-256"])
    other = SaslHandshakeResponse(error_code=33, mechanisms=["GSSAPI"])
    accepted = SaslAuthenticateResponse(error_code=0, error_message=None, auth_bytes=b"")
    challenge = SaslAuthenticateResponse(error_code=0, error_message=None, auth_bytes=b"r=abc,s=c2FsdA==,i=2")
    rejected = SaslAuthenticateResponse(error_code=58, error_message="no", auth_bytes=b"")
    return {
        None: (_framed(_metadata(), 4),),
        SaslMechanism.PLAIN: (
            _framed(handshake, 1) + _framed(accepted, 0),
            _framed(handshake, 1) + _framed(rejected, 0),
            _framed(other, 1),
        ),
        SaslMechanism.SCRAM_SHA_256: (_framed(handshake, 1) + _framed(challenge, 0) + _framed(accepted, 0),),
    }


def _framed(response: Any, version: int) -> bytes:
    body = b"\0\0\0\1" + bytes(response.encode(version=version))  # the header is the correlation id
    return len(body).to_bytes(4, "big") + body


def probe_replies(chance: random.Random) -> str:
    """Probe a broker whose replies are damaged."""
    mechanism = chance.choice(list(_probe_replies()))
    replies = chance.choice(_probe_replies()[mechanism])
    if chance.randrange(8):
        replies = bytes(mutated(replies, chance))
    login = None if mechanism is None else Login(mechanism, lambda _: _exchange(mechanism))
    attempt = _Attempt(Address("kafka-1", 9092), None, login, time.monotonic() + 60.0, "broker.bootstrap_servers")
    connection = cast(socket.socket, _Connection(replies, chance.choice((7, 1 << 20))))
    try:
        attempt._talk(connection)
    except TransportError as error:
        return str(error.reason)
    return "accepted"


def _exchange(mechanism: SaslMechanism) -> Any:
    if mechanism is SaslMechanism.PLAIN:
        return _Password()
    scram = get_sasl_mechanism(mechanism)
    client = scram(sasl_plain_username="alice", sasl_plain_password="secret", sasl_mechanism=mechanism)
    client._scram_client.nonce = b"a"
    return client


_TOKENS = (
    '{"access_token": "abc.def-_~+/=", "token_type": "Bearer", "expires_in": 3600, "scope": "kafka"}',
    '{"access_token": "abc", "expires_in": "300"}',
    '{"error": "invalid_client", "error_description": "no"}',
    '{"access_token": "a", "expires_in": 1e999, "x": [[{}]], "y": "\\ud800"}',
)
_TOKEN_WORDS = (
    *("9" * 5000, "[" * 2000, '"', "\\ud800", "NaN", "-1", "1e400", "null", "true", "٣", "{", "}", '"expires_in":'),
    *('"access_token":', ",", ":", "0.5", "\x00", "é"),
)


@cache
def _token_endpoint() -> TokenEndpoint:
    return TokenEndpoint(Sasl(mechanism=SaslMechanism.OAUTHBEARER, token_url="https://id.example/token"))


def token_responses(chance: random.Random) -> str:
    """Read a damaged response of a token endpoint."""
    text = mutated_text(chance.choice(_TOKENS), chance, _TOKEN_WORDS) if chance.randrange(8) else _TOKENS[0]
    body = text.encode("utf-8", "surrogatepass")
    if chance.randrange(4) == 0:
        body = bytes(mutated(body or b"\0", chance))
    endpoint = _token_endpoint()
    if chance.randrange(4) == 0:
        status = chance.choice((302, 400, 401, 500))
        return f"HTTP {status}" if endpoint._status_error(status, body) else ""
    try:
        token = endpoint._parsed(body, 0.0)
    except TransportError:
        return "rejected"
    if not 0 <= token.used_until <= MAX_LIFETIME_SECONDS:
        raise AssertionError(f"{body!r}: the token is used until {token.used_until}")
    return "a token"


DECODERS = (broker_responses, probe_replies, token_responses)
