"""The checks on encryption, login and secrets."""

import re
from collections.abc import Iterator

from kafka_producer_exporter.audit.configuration import Configuration, Setting, Style
from kafka_producer_exporter.audit.findings import Item, Owner, Verdict
from kafka_producer_exporter.audit.item import item
from kafka_producer_exporter.audit.options import SECRETS
from kafka_producer_exporter.languages import Text

PROTOCOL, MECHANISM, JAAS = "security.protocol", "sasl.mechanism", "sasl.jaas.config"
TRUST_STORE, HOST_NAMES = "ssl.truststore.location", "ssl.endpoint.identification.algorithm"

_PASSWORD_IN_JAAS = re.compile(
    r"(?:password|secret|passphrase)\"?\s*=\s*(?:\"((?:\\.|[^\"\\])*)\"|'([^']*)'|([^\s;]+))", re.IGNORECASE
)
_MODULES = {"ScramLoginModule": "SCRAM-SHA-512", "PlainLoginModule": "PLAIN", "OAuthBearerLoginModule": "OAUTHBEARER"}
_OLD_PROTOCOLS = frozenset({"SSL", "SSLV2", "SSLV3", "TLSV1", "TLSV1.1"})


def protocol(c: Configuration) -> Iterator[Item]:
    """Check encryption and login."""
    name = (c.text(PROTOCOL) or "").upper()
    if name == "PLAINTEXT":
        ignored = [one for one in c.settings if one.startswith(("sasl.", "ssl."))]
        keys = ", ".join(sorted(c.key_of(one) for one in ignored)[:3])
        yield item(
            c,
            PROTOCOL,
            Text(
                "Anyone on the way can read and change the records, and the brokers do not know who writes."
                + (f" Without effect then: {keys}." if keys else ""),
                "경로에 있는 누구나 레코드를 읽고 바꿀 수 있으며, 브로커는 누가 쓰는지 알지 못합니다."
                + (f" {keys} 설정은 적용되지 않습니다." if keys else ""),
            ),
            change={PROTOCOL: "SSL" if any(one.startswith("ssl.keystore.") for one in ignored) else "SASL_SSL"},
        )
    elif name == "SASL_PLAINTEXT":
        yield item(
            c,
            PROTOCOL,
            Text(
                "The login is not encrypted, and neither are the records. With the mechanism PLAIN, the password "
                "itself crosses the network in the clear.",
                "로그인도 레코드도 암호화되지 않습니다. PLAIN 방식이면 비밀번호가 그대로 네트워크를 지나갑니다.",
            ),
            change={PROTOCOL: "SASL_SSL"},
        )
    elif name == "SSL" and any(one.startswith("sasl.") for one in c.settings):
        yield item(
            c,
            PROTOCOL,
            Text(
                "The sasl.* options have no effect without SASL in the protocol.",
                "프로토콜에 SASL이 없으면 sasl.* 옵션은 적용되지 않습니다.",
            ),
            change={PROTOCOL: "SASL_SSL"},
        )


def mechanism(c: Configuration) -> Iterator[Item]:
    """Check whether the mechanism fits the credentials."""
    name, jaas = (c.text(PROTOCOL) or "").upper(), c.settings.get(JAAS)
    if not name.startswith("SASL") or c.is_set(MECHANISM):
        return
    module = next((one for one in _MODULES if jaas is not None and one in (jaas.value or "")), None)
    if module is not None:
        why = Text(
            f"The default is GSSAPI (Kerberos), which does not fit the {module} of sasl.jaas.config.",
            f"기본값은 GSSAPI(Kerberos)이며 sasl.jaas.config 안의 {module}과 맞지 않습니다.",
        )
        yield item(c, MECHANISM, why, change={MECHANISM: _MODULES[module]})
    elif jaas is None:
        why = Text(
            "The default is GSSAPI (Kerberos). Whether that is meant cannot be known here.",
            "기본값은 GSSAPI(Kerberos)입니다. 의도한 것인지는 여기서 알 수 없습니다.",
        )
        yield item(c, MECHANISM, why, verdict=Verdict.UNKNOWN)


def trust(c: Configuration) -> Iterator[Item]:
    """Check whom the client takes for a broker."""
    name = (c.text(PROTOCOL) or "").upper()
    if not name.endswith("SSL"):
        return
    if c.text(HOST_NAMES) == "":
        yield item(
            c,
            HOST_NAMES,
            Text(
                "The client does not check that the certificate is the broker's: any one of the same CA will do.",
                "인증서가 그 브로커의 것인지 확인하지 않아, 같은 CA의 아무 인증서나 받아들입니다.",
            ),
            change={HOST_NAMES: "https"},
        )
    if not c.is_set(TRUST_STORE) and not c.is_set("ssl.truststore.certificates"):
        yield item(
            c,
            TRUST_STORE,
            Text(
                "The JVM's own list of CAs is used, which contains public CAs only. A private CA needs a trust store.",
                "JVM의 기본 CA 목록(공인 CA)을 씁니다. 사설 CA라면 트러스트 스토어가 필요합니다.",
            ),
            verdict=Verdict.NOTE,
            advice=Text("Set it if the brokers' CA is private.", "브로커의 CA가 사설이면 설정하십시오."),
        )
    setting = c.settings.get("ssl.enabled.protocols")
    versions = {one.strip().upper() for one in (c.text("ssl.enabled.protocols") or "").split(",")}
    if setting is not None and versions & _OLD_PROTOCOLS:
        yield item(
            c,
            "ssl.enabled.protocols",
            Text("TLS before 1.2 is broken.", "1.2보다 낮은 TLS는 안전하지 않습니다."),
            change={"ssl.enabled.protocols": "TLSv1.2,TLSv1.3"},
        )


def secrets(c: Configuration) -> Iterator[Item]:
    """Report secrets that stand in a file, without showing them."""
    for option, setting in c.settings.items():
        if option in SECRETS and _is_literal_secret(option, setting):
            yield item(
                c,
                option,
                Text(
                    "A secret stands in this file as plain text, so everybody who can read the file has it.",
                    "비밀 값이 이 파일에 평문으로 있어, 파일을 읽을 수 있는 누구나 알 수 있습니다.",
                ),
                where=setting.where,
                advice=_how_to_hide(c, setting),
                owner=Owner.PLATFORM,
            )


def _is_literal_secret(option: str, setting: Setting) -> bool:
    if not setting.value:
        return False
    if option != JAAS:
        return not setting.is_placeholder
    found = ("".join(match.groups(default="")) for match in _PASSWORD_IN_JAAS.finditer(setting.value))
    return any(word and not Setting(option, word, "", "").is_placeholder for word in found)


def _how_to_hide(c: Configuration, setting: Setting) -> Text:
    if c.style is Style.ENVIRONMENT or setting.written == setting.written.upper():
        return Text(
            "Take the variable from a Secret (valueFrom.secretKeyRef), and change the password, since it was here.",
            "Secret에서 변수를 가져오고(valueFrom.secretKeyRef), 노출된 비밀번호는 바꾸십시오.",
        )
    if c.style is Style.SPRING:
        return Text(
            "Refer to a variable that comes from a Secret, such as ${KAFKA_PASSWORD}, and change the password, since "
            "it was here.",
            "Secret에서 오는 변수(예: ${KAFKA_PASSWORD})를 참조하고, 노출된 비밀번호는 바꾸십시오.",
        )
    return Text(
        "Refer to a mounted Secret through a config provider, such as ${dir:/etc/kafka/secret:password}, and change "
        "the password, since it was here.",
        "설정 공급자로 마운트된 Secret을 참조하고(예: ${dir:/etc/kafka/secret:password}), 노출된 비밀번호는 "
        "바꾸십시오.",
    )


CHECKS = (protocol, mechanism, trust, secrets)
