"""Expiry of certificates in files, compared with what OpenSSL says of the same certificates."""

import ssl
import subprocess
import time

import pytest

from kafka_producer_exporter.net.x509 import file_expiry, not_after

EC = ("ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("certificates")


def make(folder, *, days="30", key=EC):
    file = folder / "made.pem"
    words = ["openssl", "req", "-x509", "-nodes", "-newkey", *key, "-days", days, "-subj", "/CN=exporter"]
    subprocess.run([*words, "-keyout", folder / "key.pem", "-out", file], check=True, capture_output=True)
    return file


def by_openssl(file):
    words = ["openssl", "x509", "-in", file, "-noout", "-enddate"]
    text = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    return float(ssl.cert_time_to_seconds(text.strip().removeprefix("notAfter=")))


@pytest.mark.parametrize("key", [EC, ("rsa:2048",)], ids=["elliptic curve", "RSA"])
@pytest.mark.parametrize("days", ["30", "20000"], ids=["two-digit year", "after 2049"])
def test_the_expiry_is_that_of_openssl(folder, days, key):
    file = make(folder, days=days, key=key)

    assert file_expiry(file) == by_openssl(file) > time.time()


def test_of_a_chain_the_first_certificate_counts_wherever_it_begins(folder):
    own = make(folder, days="3")
    expiry, text = by_openssl(own), own.read_text()
    chain = folder / "chain.pem"
    chain.write_text((folder / "key.pem").read_text() + "a comment\n" + text + make(folder, days="9").read_text())

    assert file_expiry(chain) == expiry


@pytest.mark.parametrize("text", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----"])
def test_a_file_without_a_certificate_is_an_error(tmp_path, text):
    file = tmp_path / "file.pem"
    file.write_text(text)

    with pytest.raises(ValueError):  # noqa: PT011 - the messages are Python's
        file_expiry(file)


def test_a_damaged_certificate_is_an_error_wherever_it_is_cut(folder):
    whole = ssl.PEM_cert_to_DER_cert(make(folder).read_text())
    expiry = not_after(whole)
    for end in range(len(whole)):
        with pytest.raises(ValueError):  # noqa: PT011 - the same
            not_after(whole[:end])
    for place in range(len(whole)):
        try:
            found = not_after(whole[:place] + b"\xff" + whole[place + 1 :])
        except ValueError:
            continue
        assert isinstance(found, float)
    assert expiry > time.time()
