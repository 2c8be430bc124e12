"""Certificates for TLS in the lab, valid and invalid ones, as PEM for Python and PKCS12 for Java."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from lab import jvm
from lab.process import need, run

PASSWORD = "changeit"
"""The password of every key store and trust store."""
HERE = "DNS:localhost,IP:127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A certificate and its key."""

    certificate: Path
    key: Path
    key_store: Path
    """Certificate and key as PKCS12."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """The certificates for a TLS test; ``make_certificates`` creates them."""

    ca: Path
    trust_store: Path
    server: Identity
    """Issued for localhost and 127.0.0.1."""
    client: Identity
    expired: Identity
    """Like ``server``, but it expired yesterday."""
    elsewhere: Identity
    """Like ``server``, but issued for another host, broker.example."""
    foreign_ca: Path
    """A CA that has signed only ``foreign_client``."""
    foreign_trust_store: Path
    foreign_client: Identity
    """Signed by the foreign CA."""


def make_certificates(folder: Path) -> Certificates:
    """Create all certificates in a folder; takes about two seconds."""
    folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(2) as pool:
        ca, foreign = pool.map(lambda name: _authority(folder, name), ("ca", "foreign-ca"))
        made = {
            name: pool.submit(_identity, folder, name, authority=authority, names=names, days=days)
            for name, authority, names, days in (
                ("server", ca, HERE, 30),
                ("client", ca, HERE, 30),
                ("expired", ca, HERE, -1),
                ("elsewhere", ca, "DNS:broker.example", 30),
                ("foreign-client", foreign, HERE, 30),
            )
        }
        stores = [pool.submit(_trust_store, authority) for authority in (ca, foreign)]
        return Certificates(
            ca=ca,
            trust_store=stores[0].result(),
            server=made["server"].result(),
            client=made["client"].result(),
            expired=made["expired"].result(),
            elsewhere=made["elsewhere"].result(),
            foreign_ca=foreign,
            foreign_trust_store=stores[1].result(),
            foreign_client=made["foreign-client"].result(),
        )


def like_server(certificates: Certificates, folder: Path, *, days: int) -> Identity:
    """Create a certificate with the names and the CA of ``server``, which expires in *days* days."""
    folder.mkdir(parents=True, exist_ok=True)
    return _identity(folder, "server", authority=certificates.ca, names=HERE, days=days)


def _openssl(*words: str | Path, what: str) -> None:
    run([need("openssl", package="openssl"), *words], what=what)


def _key(place: Path) -> Path:
    _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", place, what=f"create the key {place.name}")
    return place


def _store(place: Path, *, certificate: Path, key: Path, name: str) -> Path:
    words: list[str | Path] = [
        "-export",
        "-in",
        certificate,
        "-inkey",
        key,
        "-name",
        name,
        "-passout",
        f"pass:{PASSWORD}",
        "-out",
        place,
    ]
    _openssl("pkcs12", *words, what=f"create the key store {place.name}")
    return place


def _authority(folder: Path, name: str) -> Path:
    certificate, key = folder / f"{name}.pem", _key(folder / f"{name}.key")
    subject: list[str | Path] = ["-x509", "-new", "-key", key, "-days", "30", "-subj", f"/CN={name}"]
    _openssl("req", *subject, "-out", certificate, what=f"create the certificate of {name}")
    _store(certificate.with_suffix(".p12"), certificate=certificate, key=key, name="ca")
    return certificate


def _identity(folder: Path, name: str, *, authority: Path, names: str, days: int) -> Identity:
    """Create a certificate that is valid from ten days ago until *days* days from now."""
    certificate, key = folder / f"{name}.pem", _key(folder / f"{name}.key")
    request = folder / f"{name}.csr"
    _openssl("req", "-new", "-key", key, "-subj", f"/CN={name}", "-out", request, what=f"create a request for {name}")
    run(
        [
            *(jvm.java("keytool"), "-gencert", "-rfc", "-infile", request, "-outfile", certificate),
            *("-keystore", authority.with_suffix(".p12"), "-storepass", PASSWORD, "-alias", "ca"),
            *("-startdate", "-10d", "-validity", str(10 + days), "-ext", f"SAN={names}"),
        ],
        what=f"sign the certificate of {name}",
    )
    chain = folder / f"{name}-chain.pem"
    chain.write_text(certificate.read_text() + authority.read_text())
    key_store = _store(folder / f"{name}.p12", certificate=chain, key=key, name=name)
    return Identity(certificate=certificate, key=key, key_store=key_store)


def _trust_store(authority: Path) -> Path:
    place = authority.with_name(f"{authority.stem}-trust.p12")
    place.unlink(missing_ok=True)  # keytool would add to an existing store
    run(
        [
            *(jvm.java("keytool"), "-importcert", "-noprompt", "-alias", "ca", "-file", authority),
            *("-storetype", "PKCS12", "-storepass", PASSWORD, "-keystore", place),
        ],
        what=f"create the trust store of {authority.stem}",
    )
    return place
