"""A server that speaks the chat-completions protocol as a real one does, well or badly, and counts what it is asked. It knows nothing of convrec but its prompts."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

INVENTED = ("The Velvet Cartographer", "Moonlight over Zanzibar IV", "Detective Quill Returns")
FALSE = (
    "**{title}** won eleven Oscars in 1931.", "It was directed by Ambrose Pellgrave.", "**{invented}** (1987) is even better.", "Try {invented} (2003) as well.",
    "**{title}** (1911) stars Ambrose Pellgrave.", 'People also love "{invented}".',
)  # fmt: skip
Answer = Callable[[str, dict[str, Any]], str]


def task_of(body: dict[str, Any]) -> str:
    """Returns which of the tasks a request is for."""
    system = body["messages"][0]["content"]
    return (
        "understand"
        if "one message into JSON" in system
        else "plan"
        if "You explore a catalogue" in system
        else "summarise"
        if "You shorten a conversation" in system
        else "rank"
        if "You judge how well" in system
        else "rate"
        if "You predict how a person would rate" in system
        else "explain"
    )


def document_of(body: dict[str, Any]) -> dict[str, Any]:
    """Returns the turn that a request describes; nothing for a request that is no turn's."""
    content = body["messages"][-1]["content"]
    return (
        json.loads(content)
        if content.startswith("{")
        else json.loads(body["messages"][1]["content"])
        if len(body["messages"]) > 3
        else {}
    )


def sound(task: str, document: dict[str, Any]) -> str:
    """Answers as a modest, truthful model would."""
    if not document:
        return "Hello."
    if task == "understand":
        return json.dumps({**document.get("draft", {"acts": ["request"], "preferences": []}), "references": []})
    if task == "plan":
        values = next((v for v in document["common"].values() if v), {})
        field_name = next((f for f, v in document["common"].items() if v), "")
        calls = (
            [{"tool": "explore", "field": field_name, "value": next(iter(values))}]
            if values and not document["done"]
            else []
        )
        return json.dumps({"calls": calls, "stop": not calls})
    if task == "summarise":
        return json.dumps({"summary": f"Talked for {len(document['turns'])} turns."})
    if task == "rate":
        given = [item["rating"] for item in document["rated"]]
        return json.dumps({"rating": sum(given) / len(given)})
    if task == "rank":
        return json.dumps({"order": [item["n"] for item in document["items"]]})
    lines = [
        f"{n}. [[item:{item['id']}]]: {(item['reasons'] or ['one to try'])[0]}."
        for n, item in enumerate(document["items"], 1)
    ]
    return "\n".join(["Here is what I would look at:", *lines])


def lying(rng: random.Random) -> Answer:
    """Answers with something untrue in every text."""

    def answer(task: str, document: dict[str, Any]) -> str:
        text = sound(task, document)
        if task != "explain":
            return text
        lie = rng.choice(FALSE).format(
            title=document["items"][0]["facts"].get("title", "Heat"), invented=rng.choice(INVENTED)
        )
        lines = text.split("\n")
        lines.insert(rng.randrange(1, len(lines) + 1), lie)
        return "\n".join(lines)

    return answer


@dataclass
class ChatServer:
    """What the server does: `answer` makes its words; `faults` names what goes wrong with the next request, None for nothing.

    `spent` holds of each answer given when its request was read, when its first sentence had gone out, and when all had (monotonic seconds);
    `busy_s` is the processor time that all of them took.
    """

    answer: Answer = sound
    faults: Callable[[], str | None] = lambda: None
    stall_s: float = 5.0
    before_token_s: Callable[[int], float] = lambda n: 0.0
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    spent: list[tuple[float, float, float]] = field(default_factory=list)
    busy_s: float = 0.0
    url: str = ""
    guard: threading.Lock = field(default_factory=threading.Lock)
    closing: threading.Event = field(default_factory=threading.Event)

    def stall(self) -> None:
        """Waits as a hanging server does, but no longer than the test."""
        self.closing.wait(self.stall_s)


FAULTS = (
    "drop", "slow", "hang", "429", "500", "html", "empty", "schema", "truncated", "huge", "unknown_ids", "invented", "loop", "repeat", "context", "no_choices", "not_json",
)  # fmt: skip


def broken(fault: str, task: str, document: dict[str, Any], text: str) -> str:
    """Returns the answer with that fault in its words."""
    match fault:
        case "empty":
            return ""
        case "schema":
            return json.dumps(
                {"acts": "dance", "calls": [{"tool": "rm -rf", "path": "/"}], "preferences": [{"facet": 7}]}
            )
        case "truncated":
            return text[: len(text) // 2]
        case "huge":
            return "lorem ipsum dolor " * 11_000
        case "unknown_ids":
            return text.replace("[[item:", "[[item:zz").replace('"item_ids": []', '"item_ids": ["zz1"]')
        case "invented":
            return f"{INVENTED[0]} (1987) is what you want. **{INVENTED[1]}** is close. {text}"
        case "loop":
            return json.dumps({"calls": [{"tool": "explore", "field": "genres", "value": "Drama"}], "stop": False})
        case "repeat":
            return "You will love it. " * 200
    return text


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # as every model server has it: an answer in two parts is not held back for 40 ms
    server: _Listening

    def log_message(self, *_: Any) -> None:
        """Says nothing."""

    def do_POST(self) -> None:
        """Answers a request, well or badly."""
        house = self.server.house
        began, busy = time.monotonic(), time.thread_time()
        self.first = 0.0
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with house.guard:
            house.requests.append(body)
            house.headers.append({name.lower(): value for name, value in self.headers.items()})
            fault = house.faults()
        try:
            self._answer(house, body, fault)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        with house.guard:
            house.spent.append((began, self.first or time.monotonic(), time.monotonic()))
            house.busy_s += time.thread_time() - busy

    def _answer(self, house: ChatServer, body: dict[str, Any], fault: str | None) -> None:
        if fault is not None and (fault.isdigit() or fault == "context"):
            words = {"context": "This model's maximum context length is 512 tokens."}.get(fault, "no")
            return self._send(
                int(fault) if fault != "context" else 400, json.dumps({"error": {"message": words}}).encode()
            )
        if fault == "drop":
            self.close_connection = True
            return None
        if fault in ("html", "not_json"):
            return self._send(
                200, b"<html><body>Welcome</body></html>" if fault == "html" else b"\x00\xffnot json", "text/html"
            )
        if fault == "no_choices":
            return self._send(200, b'{"choices": []}')
        if fault == "slow":
            house.stall()
        task, document = task_of(body), document_of(body)
        text = house.answer(task, document)
        if fault is not None:
            text = broken(fault, task, document, text)
        if body.get("stream"):
            return self._stream(house, text, hang=fault == "hang")
        if fault == "hang":
            house.stall()
        time.sleep(sum(house.before_token_s(n) for n in range(len(text.split(" ")))))
        end = "length" if fault == "truncated" else "stop"
        message = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": end}
        usage = {"prompt_tokens": 100, "completion_tokens": len(text.split()), "total_tokens": 100 + len(text.split())}
        return self._send(
            200,
            json.dumps(
                {
                    "id": "c",
                    "object": "chat.completion",
                    "created": 1,
                    "model": "m",
                    "choices": [message],
                    "usage": usage,
                }
            ).encode(),
        )

    def _send(self, status: int, content: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        if status == 302:
            self.send_header("location", "/v1/chat/completions")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _stream(self, house: ChatServer, text: str, *, hang: bool) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        words = text.split(" ")
        for n, word in enumerate(words):
            time.sleep(house.before_token_s(n))
            if hang and n >= len(words) // 2:
                house.stall()
                return
            self._event(
                {"choices": [{"index": 0, "delta": {"content": word if n == 0 else f" {word}"}, "finish_reason": None}]}
            )
            if not self.first and ("\n" in word or word.endswith((".", "!", "?"))):
                self.first = time.monotonic()
        self._event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        self._event(
            {
                "choices": [],
                "usage": {"prompt_tokens": 100, "completion_tokens": len(words), "total_tokens": 100 + len(words)},
            }
        )
        self.wfile.write(b"data: [DONE]\n\n")

    def _event(self, part: dict[str, Any]) -> None:
        chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", **part}
        self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        self.wfile.flush()


class _Listening(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, house: ChatServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.house = house


@contextmanager
def serving(house: ChatServer) -> Iterator[ChatServer]:
    """Runs the server on a free port of this machine for as long as the block does."""
    listening = _Listening(house)
    house.url = f"http://127.0.0.1:{listening.server_address[1]}/v1"
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield house
    finally:
        house.closing.set()
        listening.shutdown()
        listening.server_close()
        thread.join(5)
