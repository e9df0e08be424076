"""A shop's back end in thirty lines: it serves its page, and gets a token of convrec's for whoever is signed in.

CONVREC_API_KEYS='[{"key": "change-me", "tenant": "shop"}]' CONVREC_SERVER_CORS_ORIGINS=http://127.0.0.1:8080 convrec serve --port 8000
CONVREC_URL=http://127.0.0.1:8000 CONVREC_KEY=change-me python examples/widget/shop.py 8080
"""

import json
import os
import sys
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CONVREC, KEY = os.environ["CONVREC_URL"], os.environ["CONVREC_KEY"]
PAGE = Path(__file__).with_name("shop.html").read_text(encoding="utf-8").replace("CONVREC_URL", CONVREC)
CUSTOMER = "shop/ana"  # a real shop takes this from its own session, never from the request


class Shop(BaseHTTPRequestHandler):
    """Answers the page, and at /chat-token a fresh token for the customer. The key never leaves this process."""

    def do_GET(self) -> None:
        """Sends the page."""
        self.answer("text/html; charset=utf-8", PAGE)

    def do_POST(self) -> None:
        """Sends a token."""
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        body = json.dumps({"user_id": CUSTOMER}).encode()
        request = urllib.request.Request(f"{CONVREC}/v1/tokens", body, headers)  # noqa: S310  (an address of ours)
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
            self.answer("application/json", json.dumps({"token": json.load(response)["token"]}))

    def answer(self, kind: str, text: str) -> None:
        """Sends a document that nobody stores."""
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(text.encode())


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Shop).serve_forever()
