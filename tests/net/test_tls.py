import ssl

import pytest

from kafka_producer_exporter.net.errors import Reason
from kafka_producer_exporter.net.tls import certificate_reason


@pytest.mark.parametrize(
    ("verify_code", "reason"),
    [
        (9, Reason.TLS_EXPIRED),  # not valid yet
        (10, Reason.TLS_EXPIRED),
        (62, Reason.TLS_NAME),
        (64, Reason.TLS_NAME),  # an IP address that the certificate does not have
        (18, Reason.TLS_CA),  # self-signed
        (20, Reason.TLS_CA),
    ],
)
def test_a_rejected_certificate_is_expired_or_for_another_name_or_else_not_trusted(verify_code, reason):
    error = ssl.SSLCertVerificationError()
    error.verify_code = verify_code

    assert certificate_reason(error) is reason
