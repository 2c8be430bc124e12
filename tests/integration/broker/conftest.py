"""What all tests of the broker view have in common."""

import pytest

from lab.broker import Broker, Listener, Security
from lab.certificates import PASSWORD, make_certificates

ALICES_PASSWORD = "alice-secret"


@pytest.fixture(scope="package")
def secured(lab, tmp_path_factory):
    """A broker with a user, alice, who has no rights, and its certificates.

    It has every kind of listener: MUTUAL demands a client certificate, and the certificate of EXPIRED has expired.
    """
    certificates = make_certificates(tmp_path_factory.mktemp("certificates"))
    expired = {"location": str(certificates.expired.key_store), "password": PASSWORD, "type": "PKCS12"}
    listeners = [
        Listener(name="MUTUAL", protocol="SSL", properties={"ssl.client.auth": "required"}),
        Listener(
            name="EXPIRED",
            protocol="SSL",
            properties={f"ssl.keystore.{key}": value for key, value in expired.items()},
        ),
    ]
    security = Security(certificates=certificates, users={"alice": ALICES_PASSWORD})
    with Broker(security=security, listeners=listeners) as broker:
        yield broker, certificates


def pytest_itemcollected(item):
    """Ignore sockets that kafka-python leaves to the garbage collector when it cannot connect."""
    item.add_marker(pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"))
