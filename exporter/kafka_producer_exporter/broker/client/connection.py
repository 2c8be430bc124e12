"""Connections to a cluster through kafka-python, which is held at arm's length.

Rule 1: every call ends by its own deadline, whatever the library waits for. The exception is a name server that hangs
        after the probe has resolved the host: the library resolves it again, without a deadline.
Rule 2: a call returns our own values or raises TransportError, never an exception of the library. The library spends
        its whole timeout on an unusable server and then reports "unable to bootstrap", so our own probe goes first.
Rule 3: a client that has failed is not used again, and no client is used for more than a few minutes: it caches
        coordinators forever and does not notice brokers that come back (kafka-python 3.0.12).
Rule 4: the library's logger is silenced. At DEBUG it prints passwords; above, it repeats what we log once.
"""

import gc
import logging
import random
import time
from collections.abc import Mapping, Sequence
from typing import Any, Self

import kafka.errors
from kafka.net.manager import KafkaConnectionManager
from kafka.net.sasl import get_sasl_mechanism
from kafka.net.sasl.oauth import AbstractTokenProvider
from kafka.net.selector import NetworkSelector
from kafka.protocol.metadata import MetadataRequest

from kafka_producer_exporter.broker.client.completeness import require_complete
from kafka_producer_exporter.broker.client.oauth import bearer_token, forget_token
from kafka_producer_exporter.broker.client.probe import BOOTSTRAP_KEY, Login, probe
from kafka_producer_exporter.broker.cluster.snapshots import ServerProbe
from kafka_producer_exporter.net.address import Address
from kafka_producer_exporter.net.deadline import remaining_seconds
from kafka_producer_exporter.net.errors import Reason, TransportError
from kafka_producer_exporter.net.secrets import Secret, read_secret
from kafka_producer_exporter.net.tls import client_context
from kafka_producer_exporter.net.tls_settings import TlsKeys, TlsSettings
from kafka_producer_exporter.settings import Broker, Sasl, SaslMechanism

CLIENT_ID = "kafka-producer-exporter"
MAX_RESPONSE_BYTES = 64 << 20
"""The default size limit of one response. The library would make objects of a response of any size."""
TLS_KEYS = TlsKeys("broker.tls.ca_file", "broker.tls.cert_file")
MIN_RESPONSE_BYTES = 64 << 10
ANY_BROKER = "bootstrap-0"
"""The library's node id of the bootstrap server, which the probe found usable. A broker that the metadata names may
have died since."""

_SINCE = {"DescribeProducers": "2.8", "ListTransactions": "3.0", "DescribeTransactions": "3.0"}
"""The version of Kafka that has a request first (KIP-664)."""

ADVERTISED_KEY = "the broker's advertised.listeners"
_REASONS: tuple[tuple[type[Exception], Reason], ...] = (
    (kafka.errors.AuthorizationError, Reason.AUTHORIZATION),
    (kafka.errors.SaslAuthenticationFailedError, Reason.AUTHENTICATION),
    (kafka.errors.UnsupportedSaslMechanismError, Reason.AUTHENTICATION),
    (kafka.errors.IllegalSaslStateError, Reason.AUTHENTICATION),
    (kafka.errors.InvalidReceiveError, Reason.LIMIT),
    (kafka.errors.KafkaTimeoutError, Reason.TIMEOUT),
    (kafka.errors.RequestTimedOutError, Reason.TIMEOUT),
    (kafka.errors.IncompatibleBrokerVersion, Reason.UNSUPPORTED),
    (kafka.errors.UnsupportedVersionError, Reason.UNSUPPORTED),
    (kafka.errors.KafkaConnectionError, Reason.CLOSED),
    (kafka.errors.NodeNotReadyError, Reason.CLOSED),
    (kafka.errors.RetriableError, Reason.UNAVAILABLE),
)

logging.getLogger("kafka").setLevel(logging.CRITICAL)  # rule 4; here, since a probe uses the library without a Client


class TokenProvider(AbstractTokenProvider):  # type: ignore[misc]  # the library has no types
    """Gives the library a valid token for each login: of a new connection, and when it reauthenticates an open one."""

    def __init__(self, sasl: Sasl, timeout_seconds: float) -> None:
        super().__init__()
        self._sasl = sasl
        self._timeout_seconds = timeout_seconds

    def token(self) -> str:
        """Return the token. Raise an error of the library; the next probe reports the cause in our words."""
        try:
            return bearer_token(self._sasl, timeout_seconds=self._timeout_seconds)
        except TransportError as error:
            raise kafka.errors.SaslAuthenticationFailedError(str(error)) from None


class Client:
    """Connections to one cluster, for use by one thread. ``close`` it after any TransportError."""

    def __init__(self, broker: Broker, *, max_response_bytes: int = MAX_RESPONSE_BYTES, shared: bool = False) -> None:
        """Connect and check the cluster id. Raise TransportError.

        A longer response than *max_response_bytes* fails. If this is *shared*, the brokers' responses to one call have
        this size together.
        """
        self.timeout_ms = round(broker.request_timeout_seconds * 1000)
        """How long a broker may take to answer one request."""
        self._broker = broker
        options = _options(broker)
        options["receive_message_max_bytes"] = max_response_bytes
        options["bootstrap_servers"] = str(usable_server(broker))
        self._selector = NetworkSelector(client_id=CLIENT_ID, slow_task_threshold_secs=0)
        self._manager = KafkaConnectionManager(self._selector, **options)
        try:
            self._manager.bootstrap(timeout_ms=self.timeout_ms)
        except kafka.errors.KafkaError as error:
            self.close()
            raise _transport_error(error, "the bootstrap servers") from None
        except Exception as error:  # noqa: BLE001 - rule 2; the library reads the first metadata itself
            self.close()
            what = f"the bootstrap servers sent metadata that cannot be used ({type(error).__name__})"
            raise TransportError(Reason.DAMAGED, f"{what}; check for a proxy on the way") from None
        if shared:  # for the connections to come, which are those to single brokers
            share = max(MIN_RESPONSE_BYTES, max_response_bytes // max(1, len(self.brokers)))
            self._manager.config["receive_message_max_bytes"] = share
        self.cluster_id = str(self._manager.cluster.cluster_id)
        if broker.cluster_id not in (None, self.cluster_id):
            self.close()
            raise TransportError(
                Reason.CLUSTER,
                f"{broker.bootstrap_servers[0]}: the cluster id is {self.cluster_id}, not {broker.cluster_id}; "
                "correct broker.bootstrap_servers or broker.cluster_id",
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._manager.close()
        self._selector.close()
        # The library leaves a socket that could not connect in a reference cycle of frames and errors, so each attempt
        # to reach a dead broker would cost a descriptor. To collect the two young generations takes under 1 ms.
        gc.collect(1)

    @property
    def brokers(self) -> list[int]:
        """The ids of the cluster's brokers, from the latest metadata."""
        return sorted(broker.node_id for broker in self._manager.cluster.brokers())

    @property
    def advertised(self) -> list[Address]:
        """The addresses that the cluster's brokers advertise, from the latest metadata, in the order of their ids."""
        brokers = sorted(self._manager.cluster.brokers(), key=lambda broker: broker.node_id)
        return [Address(broker.host, broker.port) for broker in brokers]

    def call(self, requests: Mapping[Any, Any], *, patience_seconds: float = 0.0) -> dict[Any, Any]:
        """Send each broker its request, all at once. Return each broker's response, or a TransportError, by broker id.

        The id None means any broker. *patience_seconds* is how long the request itself lets a broker wait (a fetch).
        To find out why brokers cannot be reached takes up to ``timeout_ms`` in addition.
        """
        timeout_ms = self.timeout_ms + round(patience_seconds * 1000)
        responses = dict(self._selector.run(self._send_all, requests, timeout_ms))
        deadline = time.monotonic() + self.timeout_ms / 1000
        for node, response in responses.items():
            if node is not None and isinstance(response, TransportError):
                responses[node] = self._explained(node, response, deadline)
        return responses

    def _explained(self, node: int, error: TransportError, deadline: float) -> TransportError:
        """Return why broker *node* cannot be reached at the address that it advertises, if that is the *error*."""
        advertised = self._manager.cluster.broker_metadata(node)
        if advertised is None or error.reason not in {Reason.CLOSED, Reason.TIMEOUT}:
            return error
        address = Address(advertised.host, advertised.port)
        place = f"broker {node}, which advertises {address}"
        if error.reason is Reason.TIMEOUT:
            advice = f"check whether it hangs or a firewall drops the packets, and {ADVERTISED_KEY}"
            return TransportError(Reason.TIMEOUT, f"{place}, does not answer in time; {advice}")
        try:
            failed = probe_server(
                self._broker, address, address_key=ADVERTISED_KEY, timeout_seconds=remaining_seconds(deadline)
            ).error
        except TransportError:
            return error
        if failed is None:  # it can be reached now
            advice = "check whether it was restarted"
            return TransportError(Reason.CLOSED, f"{place}, closed the connection; {advice}")
        return TransportError(failed.reason, f"{place}, cannot be used: {failed}")

    async def _send_all(self, requests: Mapping[int | None, Any], timeout_ms: int) -> dict[int | None, Any]:
        responses: dict[int | None, Any] = {}
        sent = {}
        for node, request in requests.items():
            try:
                to = ANY_BROKER if node is None else node
                sent[node] = self._manager.send(request, node_id=to, request_timeout_ms=timeout_ms)
            except kafka.errors.KafkaError as error:  # raised at once for an unknown broker id
                responses[node] = _transport_error(error, _name(node), request)
        for node, future in sent.items():
            try:
                responses[node] = require_complete(await self._manager.wait_for(future, timeout_ms), _name(node))
            except TransportError as error:
                responses[node] = error
            except kafka.errors.KafkaError as error:
                responses[node] = _transport_error(error, _name(node), requests[node])
        return responses

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
        """Return the metadata of *topics*, or of all topics for None. Create none. Raise TransportError."""
        response = self.call_one(metadata_request(topics))
        self._manager.cluster.update_metadata(response)  # brokers may have joined or left
        return response.topics


def metadata_request(topics: Sequence[str] | None) -> Any:
    """Return a request for the metadata of *topics*, or of all topics for None. It creates none."""
    return MetadataRequest(
        topics=None if topics is None else [MetadataRequest.MetadataRequestTopic(name=name) for name in topics],
        allow_auto_topic_creation=False,
        include_cluster_authorized_operations=False,
        include_topic_authorized_operations=False,
    )


def probe_server(
    broker: Broker, server: Address, *, address_key: str = BOOTSTRAP_KEY, timeout_seconds: float | None = None
) -> ServerProbe:
    """Probe one server. Raise TransportError if a local file, secret or token cannot be read.

    *address_key* is where the server's address is configured. The default timeout is that of a request.
    """
    options = _options(broker)
    sasl = broker.sasl
    login = None
    if sasl:
        mechanism = get_sasl_mechanism(sasl.mechanism)
        login = Login(sasl.mechanism, lambda host: mechanism(host=host, **options))
    probed = probe(
        server,
        tls=options.get("ssl_context"),
        login=login,
        timeout_seconds=broker.request_timeout_seconds if timeout_seconds is None else timeout_seconds,
        address_key=address_key,
    )
    if sasl and probed.error and probed.error.reason is Reason.AUTHENTICATION:
        forget_token(sasl)
    return probed


def usable_server(broker: Broker) -> Address:
    """Return a usable bootstrap server, chosen at random. Raise the last server's TransportError if none is usable."""
    error = TransportError(Reason.INTERNAL, "no bootstrap server is configured")
    for server in random.sample(broker.bootstrap_servers, len(broker.bootstrap_servers)):
        failed = probe_server(broker, server).error
        if failed is None:
            return server
        error = failed
    raise error


def code_error(code: int, subject: str) -> TransportError | None:
    """Return the error code of a response as a TransportError about *subject*, or None for 0, which means success."""
    return _transport_error(kafka.errors.for_code(code)(), subject) if code else None


def raise_code(code: int, subject: str) -> None:
    """Raise TransportError about *subject* unless the error code of a response is 0."""
    if error := code_error(code, subject):
        raise error


def _transport_error(error: Exception, subject: str, request: object = None) -> TransportError:
    reason = next((reason for kind, reason in _REASONS if isinstance(error, kind)), Reason.DAMAGED)
    if reason is Reason.LIMIT:
        return TransportError(
            reason, f"{subject}: its response is larger than the exporter accepts; give it more memory"
        )
    if reason is Reason.UNSUPPORTED and request is not None:
        name = type(request).__name__.partition("Request")[0]
        since = f"; Kafka has it since {_SINCE[name]}" if name in _SINCE else ""
        return TransportError(reason, f"{subject} does not support {name}{since}")
    return TransportError(reason, f"{subject}: {type(error).__name__.removesuffix('Error')}")


def _name(node: int | None) -> str:
    return "a broker" if node is None else f"broker {node}"


def _options(broker: Broker) -> dict[str, Any]:
    """Return kafka-python's options. Raise TransportError if a file, secret or token that they need cannot be read."""
    timeout_ms = round(broker.request_timeout_seconds * 1000)
    options: dict[str, Any] = {
        "bootstrap_servers": [str(server) for server in broker.bootstrap_servers],
        "client_id": CLIENT_ID,
        "security_protocol": broker.protocol,
        "request_timeout_ms": timeout_ms,
        "socket_connection_setup_timeout_ms": timeout_ms,
        "socket_connection_setup_timeout_max_ms": timeout_ms,
    }
    if broker.tls:
        tls = broker.tls
        files = TlsSettings(ca_file=tls.ca_file, cert_file=tls.cert_file, key_file=tls.key_file)
        options["ssl_context"] = client_context(files, TLS_KEYS)
    if broker.sasl:
        options |= _sasl_options(broker.sasl, broker.request_timeout_seconds)
    return options


def _sasl_options(sasl: Sasl, timeout_seconds: float) -> dict[str, Any]:
    options: dict[str, Any] = {"sasl_mechanism": sasl.mechanism}
    if sasl.mechanism is SaslMechanism.OAUTHBEARER:
        # Fetched now because only here can an error keep its reason and message; the library would lose them.
        bearer_token(sasl, timeout_seconds=timeout_seconds)
        options["sasl_oauth_token_provider"] = TokenProvider(sasl, timeout_seconds)
    elif sasl.mechanism is SaslMechanism.GSSAPI:
        options["sasl_kerberos_service_name"] = sasl.kerberos_service
    elif sasl.mechanism is not SaslMechanism.AWS_MSK_IAM:  # botocore finds AWS credentials itself
        options["sasl_plain_username"] = sasl.username
        options["sasl_plain_password"] = read_secret(
            Secret(
                "password",
                sasl.password_file,
                sasl.password_env,
                "broker.sasl.password_file",
                "broker.sasl.password_env",
            )
        )
    return options
