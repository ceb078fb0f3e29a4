"""Takes webhooks from ``weir notify``: checks that each is ours and fresh, and acts on every alert once.

``WEIR_SECRET=whsec_… python receiver.py 8080``; the secret is what the sink's ``secret`` refers to.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

KEY = base64.b64decode(os.environ["WEIR_SECRET"].removeprefix("whsec_"))
FRESH_SECONDS = 300
seen: set[str] = set()  # keep it where it outlives this process: a table with the alert's id as its key


class Receiver(BaseHTTPRequestHandler):
    """Answers 204 once a notice is acted on; anything else is delivered again."""

    def do_POST(self) -> None:
        """Take a notice."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.is_ours(body):
            self.send_response(401)
        else:
            for alert in json.loads(body)["alerts"]:
                if alert["id"] not in seen:  # a notice may come twice
                    print(alert["severity"], alert["sentence"], flush=True)
                    seen.add(alert["id"])
            self.send_response(204)
        self.end_headers()

    def is_ours(self, body: bytes) -> bool:
        """Check signature and age (standardwebhooks.com has libraries for this in many languages)."""
        name, at = self.headers.get("webhook-id", ""), self.headers.get("webhook-timestamp", "0")
        signed = hmac.digest(KEY, f"{name}.{at}.".encode() + body, hashlib.sha256)
        expected = "v1," + base64.b64encode(signed).decode()
        is_fresh = at.isdigit() and abs(time.time() - int(at)) < FRESH_SECONDS
        return is_fresh and hmac.compare_digest(expected, self.headers.get("webhook-signature", ""))


if __name__ == "__main__":
    HTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
