import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from stream.notify.mail import Mail
from stream.notify.sink import NotTakenError
from tests.stream.notify.receivers import a_notice, mail_server


def mail(port: int, *to: str) -> Mail:
    """Make the sink of a test: plain SMTP on this machine."""
    config = {"host": "127.0.0.1", "port": port, "encryption": "none", "sender": "weir@example.org"}
    return Mail(name="desk", config={**config, "to": list(to)})


def test_a_mail_says_why_and_a_repeated_one_has_the_same_id() -> None:
    """Mail programs show what has one Message-ID once."""
    with mail_server() as (post, port):
        sink = mail(port, "ann@example.org", "bob@example.org")
        sink.deliver(a_notice())
        sink.deliver(a_notice("a2"))
        sink.deliver(a_notice())
    first, _, again = post.mails
    text = first.get_payload()

    assert first["Subject"] == "[weir] high: fraud customer c42"
    assert first["To"] == "ann@example.org, bob@example.org"
    assert post.to[0] == ["ann@example.org", "bob@example.org"]
    assert first["Message-ID"] == again["Message-ID"] == "<a1.desk@weir>"
    assert first["Auto-Submitted"] == "auto-generated"
    assert isinstance(text, str)
    assert "the amount is 5.4 times the customer's own mean" in text
    assert "weir explain a1" in text


def test_who_took_it_is_not_written_to_again() -> None:
    """Bob's server asks to come later, Ann has it: the second try is for Bob alone."""
    with mail_server() as (post, port):
        sink = mail(port, "ann@example.org", "bob@example.org")
        post.refuses = {"bob@example.org": "451 greylisted, come again"}
        with pytest.raises(NotTakenError, match=r"1 of 2 recipients refused \(SMTP 451\)") as told:
            sink.deliver(a_notice())
        post.refuses = {}
        sink.deliver(a_notice())

    assert not told.value.is_final
    assert post.to == [["ann@example.org"], ["bob@example.org"]]


@pytest.mark.parametrize(("answer", "is_final"), [("552 too large", True), ("452 disk full", False)])
def test_a_server_says_itself_whether_to_come_again(answer: str, is_final: bool) -> None:
    """By the first figure of its answer (RFC 5321)."""
    with mail_server() as (post, port):
        post.data_answer = answer
        with pytest.raises(NotTakenError, match=f"SMTP {answer[:3]}") as told:
            mail(port, "ann@example.org").deliver(a_notice())

    assert told.value.is_final is is_final


def test_an_unknown_recipient_is_final_and_no_server_is_not() -> None:
    """550 will be 550 tomorrow; a server that is down comes back."""
    with mail_server() as (post, port):
        post.refuses = {"nobody@example.org": "550 no such user"}
        with pytest.raises(NotTakenError, match="SMTP 550") as unknown:
            mail(port, "nobody@example.org").deliver(a_notice())
    with pytest.raises(NotTakenError, match="no answer") as gone:
        mail(port, "ann@example.org").deliver(a_notice())

    assert (unknown.value.is_final, gone.value.is_final) == (True, False)


def test_mail_goes_encrypted_and_only_to_a_server_that_is_vouched_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By STARTTLS, as is the default: refused while nobody vouches for the certificate, taken once somebody does."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl on PATH")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([*made, *names, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)
    with mail_server(tls) as (post, port):
        config = {"host": "127.0.0.1", "port": port, "sender": "weir@example.org", "to": ["ann@example.org"]}
        with pytest.raises(NotTakenError, match="CERTIFICATE_VERIFY_FAILED"):
            Mail(name="desk", config=config).deliver(a_notice())
        refused = len(post.mails)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        Mail(name="desk", config=config).deliver(a_notice())

    assert (refused, len(post.mails)) == (0, 1)
