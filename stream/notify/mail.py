"""E-mail by SMTP; a repeated notice has the same Message-ID, so mail programs show it once."""

import smtplib
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Annotated, Literal

import msgspec

from producers.configuration import read_config
from stream.notify.secrets import Secret, read_secret
from stream.notify.sink import NotTakenError
from stream.notify.wording import subject, text
from stream.settings import Section
from stream.wire.triage import Notice

_LATER = range(400, 500)  # codes by which a server asks to come again (RFC 5321, 4.2.1)


class MailConfig(Section, frozen=True, kw_only=True):
    """``[notify.sinks.NAME]`` of type mail."""

    host: str
    sender: str
    to: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    port: Annotated[int, msgspec.Meta(gt=0, le=65_535)] = 587
    encryption: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password: Secret = ""
    timeout_seconds: Annotated[float, msgspec.Meta(gt=0.0, le=60.0)] = 20.0


class Mail:
    """Sends each notice as an e-mail."""

    def __init__(self, *, name: str, config: Mapping[str, object]) -> None:
        where = f"[notify.sinks.{name}]"
        self._config = read_config(MailConfig, config, where=where)
        self._password = read_secret(self._config.password, field="password", where=where)
        self._left: tuple[str, set[str]] = ("", set())  # notice, and who has it not yet

    def deliver(self, notice: Notice) -> None:
        """Send it to all; those who took it at an earlier try are left out."""
        name, left = self._left
        if name != notice.id:
            left = set(self._config.to)
            self._left = (notice.id, left)
        if not left:
            return
        try:
            with self._connected() as server:
                refused = server.send_message(self._message(notice), self._config.sender, sorted(left))
        except smtplib.SMTPRecipientsRefused as error:
            refused = error.recipients
        except smtplib.SMTPResponseException as error:
            said = error.smtp_error.decode(errors="replace") if isinstance(error.smtp_error, bytes) else str(error)
            is_final = isinstance(error, smtplib.SMTPDataError) and error.smtp_code not in _LATER
            raise NotTakenError(f"SMTP {error.smtp_code}: {said}", is_final=is_final) from None
        except (smtplib.SMTPException, OSError) as error:
            raise NotTakenError(f"no answer: {error}") from None
        left.intersection_update(refused)
        if refused:
            codes = sorted({code for code, _ in refused.values()})
            is_final = all(code not in _LATER for code in codes)
            what = f"{len(refused)} of {len(self._config.to)} recipients refused (SMTP {codes[0]})"
            raise NotTakenError(what, is_final=is_final)

    def close(self) -> None:
        """Nothing is kept open."""

    def _connected(self) -> smtplib.SMTP:
        config, timeout = self._config, self._config.timeout_seconds
        context = ssl.create_default_context()
        server = (
            smtplib.SMTP_SSL(config.host, config.port, timeout=timeout, context=context)
            if config.encryption == "tls"
            else smtplib.SMTP(config.host, config.port, timeout=timeout)
        )
        try:
            if config.encryption == "starttls":
                server.starttls(context=context)
            if config.user:
                server.login(config.user, self._password)
        except BaseException:
            server.close()
            raise
        return server

    def _message(self, notice: Notice) -> EmailMessage:
        message = EmailMessage()
        message["Subject"] = f"[weir] {subject(notice)}"
        message["From"] = self._config.sender
        message["To"] = ", ".join(self._config.to)
        message["Date"] = format_datetime(datetime.fromtimestamp(notice.alerts[-1].emitted_at / 1000, UTC))
        message["Message-ID"] = f"<{notice.id}.{notice.sink}@weir>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office in return
        message.set_content(text(notice))
        return message
