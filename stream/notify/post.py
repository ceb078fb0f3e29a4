"""One HTTP POST: taken, to be tried again, or refused for good."""

import http.client
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from email.message import Message
from typing import IO

from stream.errors import SettingsError
from stream.notify.sink import NotTakenError

_REFUSED = {400, 413, 415, 422}  # this body will never be taken; other codes are of the receiver's or our settings
_EXCERPT = 200  # bytes of an answer that are shown


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Takes a redirect for a failure: followed, a POST would become a GET, and its 200 would mean nothing."""

    def redirect_request(  # the parent's signature
        self,
        req: urllib.request.Request,  # noqa: ARG002
        fp: IO[bytes],  # noqa: ARG002
        code: int,  # noqa: ARG002
        msg: str,  # noqa: ARG002
        headers: Message,  # noqa: ARG002
        newurl: str,  # noqa: ARG002
    ) -> None:
        """Follow none."""
        return


_opener = urllib.request.build_opener(_NoRedirect)


def check_url(url: str, *, where: str) -> str:
    """Return ``url`` if it is one to post to; else raise SettingsError."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise SettingsError("url", "http://… or https://…", url, where=where)
    return url


def post(url: str, body: bytes, *, headers: Mapping[str, str], timeout: float) -> None:
    """POST ``body``; return where the answer is 2xx.

    headers  besides Content-Type: application/json
    timeout  seconds, for connecting and for each read
    Raises NotTakenError: final for an answer that no repetition will change. The url is not in it: it may be a secret.
    """
    request = urllib.request.Request(url, body, {"Content-Type": "application/json", **headers})  # noqa: S310  # checked
    try:
        with _opener.open(request, timeout=timeout) as answer:
            answer.read()
    except urllib.error.HTTPError as error:
        with error:
            said = " ".join(error.read(_EXCERPT).decode(errors="replace").split())
        raise NotTakenError(f"HTTP {error.code}: {said or error.reason}", is_final=error.code in _REFUSED) from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise NotTakenError(f"no answer: {reason or type(error).__name__}") from None
