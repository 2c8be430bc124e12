"""A client whose brokers reply from memory."""

from collections import defaultdict
from types import SimpleNamespace as Response

from kafka.errors import UnknownTopicOrPartitionError

from kafka_producer_exporter.broker.client.connection import Client
from kafka_producer_exporter.broker.cluster.snapshots import LogLeader
from kafka_producer_exporter.broker.log.records import TOPIC, TransactionState
from kafka_producer_exporter.net.errors import TransportError


class FakeClient:
    """Passes each request to ``reply(node, request)``, which returns a response or raises TransportError."""

    timeout_ms = 1234
    call_all = Client.call_all
    call_one = Client.call_one

    def __init__(self, reply, *, topics=()):
        self.requests = []
        self._reply = reply
        self._topics = list(topics)

    def call(self, requests, *, patience_seconds=0.0):
        return {node: self._response(node, request) for node, request in requests.items()}

    def metadata(self, topics):
        return self._topics

    def _response(self, node, request):
        self.requests.append((node, request))
        try:
            return self._reply(node, request)
        except TransportError as error:
            return error


class Cluster(FakeClient):
    """Two brokers, the transactions that they coordinate, and the producers on the partitions that they lead.

    ``before[request name]`` is called before each request of this kind, with a number that counts them from 1.
    """

    brokers = (1, 2)

    def __init__(self):
        super().__init__(self._answer)
        self.log_leaders = {0: LogLeader(1, 5), 1: LogLeader(2, 3)}
        self.leaders = {("orders", 0): 1, ("orders", 1): 2}
        self.transactions = {}
        """Transactional id → producer id, state and partitions. Broker 1 coordinates all of them."""
        self.producers = []
        """ProducerState of each producer."""
        self.settings = {"transaction.max.timeout.ms": "900000"}
        self.log_error = 0
        self.before = defaultdict(lambda: lambda number: None)
        self._counts = defaultdict(int)
        self.answers = {
            "MetadataRequest": self._log_metadata,
            "FindCoordinatorRequest": self._coordinators,
            "ListTransactionsRequest": self._listed,
            "DescribeTransactionsRequest": self._transactions,
            "DescribeProducersRequest": self._described,
            "ListOffsetsRequest": self._offsets,
            "DescribeConfigsRequest": self._settings,
        }

    def metadata(self, topics):
        return [
            Response(
                name=name,
                error_code=0,
                partitions=[
                    Response(partition_index=partition, leader_id=leader)
                    for (topic, partition), leader in self.leaders.items()
                    if topic == name
                ],
            )
            for name in sorted({topic for topic, _ in self.leaders})
        ]

    def asked(self, kind):
        """The brokers that got this kind of request, in order."""
        return [node for node, request in self.requests if type(request).__name__ == kind]

    def _answer(self, node, request):
        kind = type(request).__name__
        if node in (None, 1):  # brokers are asked in their order, and things change between one round and the next
            self._counts[kind] += 1
            self.before[kind](self._counts[kind])
        return self.answers[kind](node, request)

    def _log_metadata(self, node, request):
        assert [topic.name for topic in request.topics] == [TOPIC]
        partitions = [
            Response(partition_index=number, leader_id=leader.node, leader_epoch=leader.epoch)
            for number, leader in self.log_leaders.items()
        ]
        code = self.log_error or (0 if partitions else UnknownTopicOrPartitionError.errno)
        return Response(topics=[Response(name=TOPIC, error_code=code, partitions=[] if code else partitions)])

    def _coordinators(self, node, request):
        coordinators = []
        for key in request.coordinator_keys:
            leader = self.log_leaders[ord(key) % len(self.log_leaders)].node
            coordinators.append(Response(key=key, node_id=leader, error_code=15 if leader < 0 else 0))
        return Response(coordinators=coordinators)

    def _listed(self, node, request):
        rows = [
            Response(transactional_id=name, producer_id=producer_id)
            for name, (producer_id, _, _) in self.transactions.items()
            if node == 1
        ]
        return Response(error_code=0, transaction_states=rows)

    def _transactions(self, node, request):
        return Response(
            transaction_states=[
                self._description(name) for name in request.transactional_ids if name in self.transactions
            ]
        )

    def _description(self, name):
        producer_id, state, partitions = self.transactions[name]
        words = {TransactionState.ONGOING: "Ongoing", TransactionState.COMPLETE_COMMIT: "CompleteCommit"}
        return Response(
            error_code=0,
            transactional_id=name,
            producer_id=producer_id,
            producer_epoch=0,
            transaction_state=words[state],
            transaction_timeout_ms=60_000,
            transaction_start_time_ms=1,
            topics=[Response(topic=topic, partitions=[number]) for topic, number in partitions],
        )

    def _described(self, node, request):
        return Response(topics=[Response(name=t.name, partitions=self._producers_of(t)) for t in request.topics])

    def _producers_of(self, topic):
        return [
            Response(
                partition_index=number,
                error_code=0,
                active_producers=[
                    Response(
                        producer_id=one.producer_id,
                        producer_epoch=one.epoch,
                        last_timestamp=one.last_timestamp_ms,
                        current_txn_start_offset=one.start_offset,
                        coordinator_epoch=one.coordinator_epoch,
                    )
                    for one in self.producers
                    if (one.topic, one.partition) == (topic.name, number)
                ],
            )
            for number in topic.partition_indexes
        ]

    def _offsets(self, node, request):
        offset = 310 if request.isolation_level else 320
        return Response(
            topics=[
                Response(
                    name=topic.name,
                    partitions=[
                        Response(partition_index=one.partition_index, error_code=0, offset=offset)
                        for one in topic.partitions
                    ],
                )
                for topic in request.topics
            ]
        )

    def _settings(self, node, request):
        configs = [Response(name=name, value=value) for name, value in self.settings.items()]
        return Response(results=[Response(resource_name=str(node), error_code=0, configs=configs)])
