"""Certificates for a Kafka of one's own: an authority, and a short-lived certificate of brokers that it vouches for.

PEM throughout, which Kafka, kafka-python and aiokafka read alike. For development: who runs a company's Kafka has an
authority already, and its key is in no folder.
"""

import datetime as dt
import ipaddress
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from stream.errors import SettingsError

AUTHORITY = "ca.pem"  # what clients are to trust: kafka.ca_file
AUTHORITY_KEY = "ca.key"
BROKER = "broker.pem"  # key and chain, as Kafka takes them from one file
BROKER_NAME = "weir-broker"  # brokers and controllers know each other by it: their principal is User:CN=weir-broker
AUTHORITY_DAYS = 365
_SKEW = dt.timedelta(minutes=5)  # a clock that is behind is no reason to be refused


def issue(folder: Path, *, hosts: Sequence[str], days: float) -> x509.Certificate:
    """Write a new certificate of the brokers; the authority too, where there is none yet.

    folder  made if need be; files with keys are readable by their owner alone
    hosts   names and addresses by which clients reach a broker
    days    > 0 until it ends; never longer than the authority
    -> the new certificate
    Raises SettingsError where the folder can't be used, or the authority in it has ended.
    """
    now = dt.datetime.now(dt.UTC)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        authority, signer = _authority(folder, now)
        if authority.not_valid_after_utc <= now:
            raise SettingsError(
                str(folder), f"an authority in force; remove {AUTHORITY} and {AUTHORITY_KEY}", where="certificates"
            )
        key = ec.generate_private_key(ec.SECP256R1())
        until = min(now + dt.timedelta(days=days), authority.not_valid_after_utc)
        certificate = _broker(key, hosts, authority, now, until).sign(signer, hashes.SHA256())
        _write(folder / BROKER, _pem(key) + _pem(certificate) + _pem(authority), is_secret=True)
    except (OSError, ValueError) as error:
        raise SettingsError(str(folder), f"a folder to keep keys in ({error})", where="certificates") from None
    return certificate


def _authority(folder: Path, now: dt.datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Read the authority and its key, or make them."""
    with suppress(FileNotFoundError):
        found = serialization.load_pem_private_key((folder / AUTHORITY_KEY).read_bytes(), password=None)
        if not isinstance(found, ec.EllipticCurvePrivateKey):
            raise SettingsError(AUTHORITY_KEY, "a key of ours, of an elliptic curve", where="certificates")
        return x509.load_pem_x509_certificate((folder / AUTHORITY).read_bytes()), found
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Weir development authority")
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + dt.timedelta(days=AUTHORITY_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write(folder / AUTHORITY_KEY, _pem(key), is_secret=True)
    _write(folder / AUTHORITY, _pem(made), is_secret=False)
    return made, key


def _broker(
    key: ec.EllipticCurvePrivateKey,
    hosts: Sequence[str],
    authority: x509.Certificate,
    now: dt.datetime,
    until: dt.datetime,
) -> x509.CertificateBuilder:
    """Describe a certificate by which a broker is a server to clients and a client to other brokers."""
    uses = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    of_authority = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    vouched_by = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(of_authority)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(BROKER_NAME))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        .add_extension(x509.SubjectAlternativeName([_host(host) for host in hosts]), critical=False)
        .add_extension(vouched_by, critical=False)
    )


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(what: ec.EllipticCurvePrivateKey | x509.Certificate) -> bytes:
    if isinstance(what, x509.Certificate):
        return what.public_bytes(serialization.Encoding.PEM)
    return what.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes, *, is_secret: bool) -> None:
    """Put a whole file in place of the old one: a broker that reads it meanwhile sees one or the other."""
    new = path.with_name(path.name + ".new")
    with suppress(FileNotFoundError):
        new.unlink()
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if is_secret else 0o644), "wb") as file:
        file.write(content)
    new.replace(path)
