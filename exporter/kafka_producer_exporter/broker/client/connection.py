"""Connections to a cluster through kafka-python, which is held at arm's length.

Rule 1: every call ends by its own deadline, whatever the library waits for; only a name server can hold it up longer.
Rule 2: what comes out is a value of ours or a TransportError, never an exception of the library. Its own "unable to
        bootstrap" is the same for every cause and takes all of its time, so a probe of ours goes first.
Rule 3: a client that has failed is not used again, and none is used for longer than a few minutes: coordinators are
        cached for ever in it, and brokers that return are not noticed (kafka-python 3.0.12).
Rule 4: the library's logger is silent: at DEBUG it prints passwords, and above it repeats itself, while we log changes.
"""

import gc
import logging
import random
import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import kafka.errors
from kafka.net.manager import KafkaConnectionManager
from kafka.net.sasl import get_sasl_mechanism
from kafka.net.sasl.oauth import AbstractTokenProvider
from kafka.net.selector import NetworkSelector
from kafka.protocol.metadata import MetadataRequest

from kafka_producer_exporter.broker.client.oauth import bearer_token, forget_token
from kafka_producer_exporter.broker.client.probe import probe
from kafka_producer_exporter.broker.cluster.snapshots import ServerProbe
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.net.secrets import Secret, read_secret
from kafka_producer_exporter.settings import Broker, BrokerTls, Sasl, SaslMechanism

CLIENT_ID = "kafka-producer-exporter"
MAX_RESPONSE_BYTES = 64 << 20
ANY_BROKER = "bootstrap-0"
"""The library's name for the bootstrap server that it was given, and that is known to answer. Of the brokers in the
metadata one may have just died."""

_REASONS: tuple[tuple[type[Exception], Reason], ...] = (
    (kafka.errors.AuthorizationError, Reason.AUTHORIZATION),
    (kafka.errors.SaslAuthenticationFailedError, Reason.AUTHENTICATION),
    (kafka.errors.UnsupportedSaslMechanismError, Reason.AUTHENTICATION),
    (kafka.errors.IllegalSaslStateError, Reason.AUTHENTICATION),
    (kafka.errors.KafkaTimeoutError, Reason.TIMEOUT),
    (kafka.errors.RequestTimedOutError, Reason.TIMEOUT),
    (kafka.errors.IncompatibleBrokerVersion, Reason.UNSUPPORTED),
    (kafka.errors.UnsupportedVersionError, Reason.UNSUPPORTED),
    (kafka.errors.KafkaConnectionError, Reason.CLOSED),
    (kafka.errors.NodeNotReadyError, Reason.CLOSED),
    (kafka.errors.RetriableError, Reason.UNAVAILABLE),
)


class TokenProvider(AbstractTokenProvider):  # type: ignore[misc]  # the library has no types
    """Gives the library a fresh token for each connection, and for each time that it proves itself anew on one."""

    def __init__(self, sasl: Sasl, timeout_seconds: float) -> None:
        super().__init__()
        self._sasl = sasl
        self._timeout_seconds = timeout_seconds

    def token(self) -> str:
        """Return it. Raises an error of the library's: the next probe says in words what is wrong."""
        try:
            return bearer_token(self._sasl, timeout_seconds=self._timeout_seconds)
        except TransportError as error:
            raise kafka.errors.SaslAuthenticationFailedError(str(error)) from None


class Client:
    """Connections to one cluster, for one thread. ``close`` it after any TransportError."""

    def __init__(self, broker: Broker) -> None:
        """Connect, and make sure that it is the right cluster. Raises TransportError."""
        logging.getLogger("kafka").setLevel(logging.CRITICAL)
        self.timeout_ms = round(broker.request_timeout_seconds * 1000)
        """How long a broker may take to answer one request."""
        options = _options(broker)
        options["bootstrap_servers"] = str(usable_server(broker))
        self._selector = NetworkSelector(client_id=CLIENT_ID, slow_task_threshold_secs=0)
        self._manager = KafkaConnectionManager(self._selector, **options)
        try:
            self._manager.bootstrap(timeout_ms=self.timeout_ms)
        except kafka.errors.KafkaError as error:
            self.close()
            raise source_error(error, "the bootstrap servers") from None
        self.cluster_id = str(self._manager.cluster.cluster_id)
        if broker.cluster_id not in (None, self.cluster_id):
            self.close()
            message = f"{broker.bootstrap_servers[0]}: its cluster id is {self.cluster_id}, not {broker.cluster_id}"
            raise TransportError(Reason.CLUSTER, message)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._manager.close()
        self._selector.close()
        # The library leaves a socket that could not connect in a cycle of frames and errors; a broker that stays away
        # would cost a descriptor at every attempt. What is that young is collected within a millisecond.
        gc.collect(1)

    @property
    def brokers(self) -> list[int]:
        """The ids of the brokers that the cluster has now."""
        return sorted(broker.node_id for broker in self._manager.cluster.brokers())

    def call(self, requests: Mapping[Any, Any], *, patience_seconds: float = 0.0) -> dict[Any, Any]:
        """Send each broker its request, all at once, and return each one's response, or a TransportError in its place.

        None stands for any broker. ``patience_seconds`` is what a broker was asked to wait itself (a fetch).
        """
        return dict(self._selector.run(self._call_all, requests, self.timeout_ms + round(patience_seconds * 1000)))

    async def _call_all(self, requests: Mapping[int | None, Any], timeout_ms: int) -> dict[int | None, Any]:
        answers: dict[int | None, Any] = {}
        sent = {}
        for node, request in requests.items():
            try:
                to = ANY_BROKER if node is None else node
                sent[node] = self._manager.send(request, node_id=to, request_timeout_ms=timeout_ms)
            except kafka.errors.KafkaError as error:  # raised, not returned, for a broker that is not known
                answers[node] = source_error(error, _name(node))
        for node, future in sent.items():
            try:
                answers[node] = await self._manager.wait_for(future, timeout_ms)
            except kafka.errors.KafkaError as error:
                answers[node] = source_error(error, _name(node))
        return answers

    def call_all(self, requests: Mapping[Any, Any], *, patience_seconds: float = 0.0) -> dict[Any, Any]:
        """Do the same as ``call``, but raise the first TransportError instead of returning it."""
        responses = self.call(requests, patience_seconds=patience_seconds)
        for response in responses.values():
            if isinstance(response, TransportError):
                raise response
        return responses

    def call_one(self, request: Any, node: int | None = None) -> Any:
        """Send one request to broker *node*, or to any broker, and return the response. Raise TransportError."""
        return self.call_all({node: request})[node]

    def metadata(self, topics: Sequence[str] | None) -> Any:
        """Return what the cluster says of these topics, or of all; never creates one. Raises TransportError."""
        request = MetadataRequest(
            topics=None if topics is None else [MetadataRequest.MetadataRequestTopic(name=name) for name in topics],
            allow_auto_topic_creation=False,
            include_cluster_authorized_operations=False,
            include_topic_authorized_operations=False,
        )
        response = self.call_one(request)
        self._manager.cluster.update_metadata(response)  # brokers may have come and gone
        return response.topics


def probe_server(broker: Broker, server: Address) -> ServerProbe:
    """Try one bootstrap server step by step."""
    options = _options(broker)
    sasl = broker.sasl
    exchange: Callable[[str], Any] | None = None
    if sasl:
        exchange = lambda host: get_sasl_mechanism(sasl.mechanism)(host=host, **options)  # noqa: E731
    finding = probe(
        server,
        tls=options.get("ssl_context"),
        mechanism=sasl.mechanism if sasl else None,
        exchange=exchange,
        timeout_seconds=broker.request_timeout_seconds,
    )
    if sasl and finding.error and finding.error.reason is Reason.AUTHENTICATION:
        forget_token(sasl)
    return finding


def usable_server(broker: Broker) -> Address:
    """Return any bootstrap server that can be used. Raises TransportError where none can: why the last one cannot."""
    servers = random.sample(broker.bootstrap_servers, len(broker.bootstrap_servers))
    for server in servers:
        error = probe_server(broker, server).error
        if error is None:
            return server
    raise error or TransportError(Reason.INTERNAL, "no bootstrap server is configured")


def source_error(error: Exception, what: str) -> TransportError:
    """Return an error of the library as one of ours."""
    reason = next((reason for kind, reason in _REASONS if isinstance(error, kind)), Reason.DAMAGED)
    return TransportError(reason, f"{what}: {type(error).__name__.removesuffix('Error')}")


def code_error(code: int, what: str) -> TransportError | None:
    """Return a Kafka error code as a TransportError, or None for 0, which means success."""
    return source_error(kafka.errors.for_code(code)(), what) if code else None


def raise_code(code: int, what: str) -> None:
    """Raise TransportError if *code* is a Kafka error code; 0 means success."""
    if error := code_error(code, what):
        raise error


def _name(node: int | None) -> str:
    return "a broker" if node is None else f"broker {node}"


def _options(broker: Broker) -> dict[str, Any]:
    """Return kafka-python's own settings. Raises TransportError where a file that they need cannot be read."""
    timeout_ms = round(broker.request_timeout_seconds * 1000)
    options: dict[str, Any] = {
        "bootstrap_servers": [str(server) for server in broker.bootstrap_servers],
        "client_id": CLIENT_ID,
        "security_protocol": broker.protocol,
        "request_timeout_ms": timeout_ms,
        "socket_connection_setup_timeout_ms": timeout_ms,
        "socket_connection_setup_timeout_max_ms": timeout_ms,
        "receive_message_max_bytes": MAX_RESPONSE_BYTES,
    }
    if broker.tls:
        options["ssl_context"] = _tls_context(broker.tls)
    if broker.sasl:
        options |= _sasl_options(broker.sasl, broker.request_timeout_seconds)
    return options


def _sasl_options(sasl: Sasl, timeout_seconds: float) -> dict[str, Any]:
    options: dict[str, Any] = {"sasl_mechanism": sasl.mechanism}
    if sasl.mechanism == SaslMechanism.OAUTHBEARER:
        bearer_token(sasl, timeout_seconds=timeout_seconds)  # what is wrong with it is best told here
        options["sasl_oauth_token_provider"] = TokenProvider(sasl, timeout_seconds)
    elif sasl.mechanism == SaslMechanism.GSSAPI:
        options["sasl_kerberos_service_name"] = sasl.kerberos_service
    elif sasl.mechanism != SaslMechanism.AWS_MSK_IAM:  # which has its credentials from AWS's own places
        options["sasl_plain_username"] = sasl.username
        password = read_secret(
            Secret("password", sasl.password_file, sasl.password_env, "sasl.password_file", "sasl.password_env")
        )
        options["sasl_plain_password"] = password
    return options


def _tls_context(tls: BrokerTls) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=tls.ca_file)
        if tls.cert_file:
            context.load_cert_chain(tls.cert_file, tls.key_file)
    except (OSError, ssl.SSLError) as error:
        raise TransportError(Reason.TLS_MISMATCH, f"a certificate file cannot be read: {error}") from None
    return context
