"""A producer's configuration: what is set where, and what the client makes of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from kafka_producer_exporter.audit.options import CONNECT_DEFAULTS, default_of, holds_secret
from kafka_producer_exporter.audit.version import ClientVersion

_PLACEHOLDER = re.compile(r"\$\{|\{\{|\$\(|^\$[A-Za-z_]\w*$|^%\w+%$|^@[\w.\-]+@$|^<[^<>]+>$")
INT_MAX, LONG_MAX = 2**31 - 1, 2**63 - 1


class Style(StrEnum):
    """How a file spells a producer's options."""

    PLAIN = "plain"
    """``acks``, perhaps with a prefix that the application removes."""
    SPRING = "spring"
    ENVIRONMENT = "environment"
    CONNECT = "connect"
    """For the producers of Kafka Connect's source tasks: ``producer.acks`` or ``CONNECT_PRODUCER_ACKS``."""


class Setting(NamedTuple):
    """An option as it stands in a file."""

    option: str
    value: str | None
    """None if the file only refers to it, as a Deployment to a Secret."""
    where: str
    written: str

    @property
    def is_placeholder(self) -> bool:
        """Return whether the value is only known where the application runs."""
        return self.value is None or _PLACEHOLDER.search(self.value) is not None

    @property
    def shown(self) -> str | None:
        """Return the value for a report; None if it is, or may be, a secret."""
        return None if holds_secret(self.option) else self.value


class Unrecognised(NamedTuple):
    """A key that is no option, and the one that was probably meant."""

    written: str
    where: str
    meant: str | None
    """As the file would spell it."""
    option: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """The settings of one producer, or of all producers that share a file."""

    name: str
    """The file, and which part of it."""
    style: Style
    prefix: str = ""
    """What stands before an option's name, or before its name in the style of environment variables."""
    settings: Mapping[str, Setting]
    version: ClientVersion
    unrecognised: tuple[Unrecognised, ...] = ()
    repeated: tuple[tuple[Setting, Setting], ...] = ()
    """Settings that a later line of the same file replaces."""

    @property
    def is_connect(self) -> bool:
        """Return whether Kafka Connect creates the producers."""
        return self.style is Style.CONNECT

    def is_set(self, option: str) -> bool:
        """Return whether the file sets the option."""
        return option in self.settings

    def text(self, option: str) -> str | None:
        """Return the value that the client uses: the file's or its default. None if it cannot be known."""
        setting = self.settings.get(option)
        if setting is not None:
            return None if setting.value is None or setting.is_placeholder else setting.value.strip()
        if self.is_connect and option in CONNECT_DEFAULTS:
            return CONNECT_DEFAULTS[option]
        if option == "acks" and self._wants_idempotence():
            return "all"  # older clients default to 1, but not for a producer that asks for idempotence
        default = default_of(option, self.version)
        return None if default is None else default.value

    def number(self, option: str) -> int | None:
        """Return the value as a number. None if it cannot be known or is none."""
        text = self.text(option)
        return int(text) if text is not None and re.fullmatch(r"[+-]?[0-9]{1,19}", text) else None

    def flag(self, option: str) -> bool | None:
        """Return a Boolean value. None if it cannot be known or is none."""
        return {"true": True, "false": False}.get((self.text(option) or "").lower())

    def is_transactional(self) -> bool:
        """Return whether the file sets a transactional.id."""
        setting = self.settings.get("transactional.id")
        return setting is not None and setting.value != ""

    def idempotence(self) -> "Idempotence":
        """Return what becomes of idempotence; see ProducerConfig.postProcessAndValidateIdempotenceConfigs."""
        if any(self.settings[option].is_placeholder for option in _IDEMPOTENCE_OPTIONS if option in self.settings):
            return Idempotence.UNKNOWN
        explicit = self.is_set("enable.idempotence")
        if not (self.flag("enable.idempotence") or (self.is_transactional() and not explicit)):
            return Idempotence.REFUSED if self.is_transactional() else Idempotence.OFF
        in_flight = self.number("max.in.flight.requests.per.connection") or 0
        conflict = self.text("acks") not in ("all", "-1") or self.number("retries") == 0
        if not conflict and in_flight <= 5:
            return Idempotence.ON
        if explicit or self.is_transactional():
            return Idempotence.REFUSED
        return Idempotence.REFUSED if not conflict and self.version.major >= 4 else Idempotence.DISABLED

    def _wants_idempotence(self) -> bool:
        """Return whether the file asks for idempotence, by itself or by a transactional.id."""
        if self.is_set("enable.idempotence"):
            return self.flag("enable.idempotence") is True
        return self.is_transactional()

    def spelled(self, option: str, value: str) -> str:
        """Return a line that sets the option, as this file would write it."""
        return f"{self.key_of(option)}={value}"

    def key_of(self, option: str) -> str:
        """Return the option's key, as this file would write it."""
        setting = self.settings.get(option)
        if setting is not None:
            return setting.written
        if self.style is Style.SPRING and not self.prefix:
            return f"spring.kafka.producer.{SPRING_KEYS.get(option, f'properties.{option}')}"
        if self.style is Style.SPRING:
            option = SPRING_KEYS.get(option, f"properties.{option}").replace("-", "")
        is_variable = self.prefix.isupper() and self.prefix.endswith("_")
        return self.prefix + (option.upper().replace(".", "_") if is_variable else option)


class Idempotence(StrEnum):
    """What becomes of idempotence when the client starts."""

    ON = "on"
    OFF = "off"
    DISABLED = "disabled"
    """The client turns its default off, since another setting contradicts it, and only logs that."""
    REFUSED = "refused"
    """The client does not start."""
    UNKNOWN = "unknown"


_IDEMPOTENCE_OPTIONS = ("acks", "enable.idempotence", "max.in.flight.requests.per.connection", "retries")

SPRING_KEYS: Mapping[str, str] = {
    "acks": "acks",
    "batch.size": "batch-size",
    "bootstrap.servers": "bootstrap-servers",
    "buffer.memory": "buffer-memory",
    "client.id": "client-id",
    "compression.type": "compression-type",
    "key.serializer": "key-serializer",
    "retries": "retries",
    "security.protocol": "security.protocol",
    "ssl.key.password": "ssl.key-password",
    "ssl.keystore.certificate.chain": "ssl.key-store-certificate-chain",
    "ssl.keystore.key": "ssl.key-store-key",
    "ssl.keystore.location": "ssl.key-store-location",
    "ssl.keystore.password": "ssl.key-store-password",
    "ssl.keystore.type": "ssl.key-store-type",
    "ssl.protocol": "ssl.protocol",
    "ssl.truststore.certificates": "ssl.trust-store-certificates",
    "ssl.truststore.location": "ssl.trust-store-location",
    "ssl.truststore.password": "ssl.trust-store-password",
    "ssl.truststore.type": "ssl.trust-store-type",
    "transactional.id": "transaction-id-prefix",
    "value.serializer": "value-serializer",
}
"""The keys below spring.kafka.producer that Spring Boot turns into options (KafkaProperties.Producer)."""
