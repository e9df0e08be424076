"""One tab's conversation: what was said, what is being said, which buttons are pressed. The ledger remains the truth."""

import logging
import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from convrec.agent.stores.records import ThreadSummary
from convrec.core.dials import AS_SET, Dials
from convrec.core.errors import ConvrecError, InputError
from convrec.core.reply import (
    CandidatesEvent,
    DoneEvent,
    ErrorEvent,
    ItemEvent,
    PlanEvent,
    Reply,
    ReplyItem,
    TokenEvent,
    ToolEvent,
    TraceStep,
    TurnEvent,
)

if TYPE_CHECKING:
    from convrec.agent.memory.forgetting import Receipt
    from convrec.ui.chat.venue import Venue
from convrec.ui.chat.workshop import Workshop

EVENTS = ("like", "dislike", "seen")
_OPPOSITE = {"like": "dislike", "dislike": "like"}
_GUEST, _THREAD = re.compile(r"guest-[0-9a-f]{32}"), re.compile(r"[0-9a-f]{16}")
_FAILED = "That didn't work, and nothing of it was kept. Please send it again, or say it in other words."
_log = logging.getLogger(__name__)


@dataclass
class Exchange:
    """One message and what came back of it so far; `reply` is there once the turn is committed, `failure` when it can't be."""

    text: str
    action: str = ""
    steps: list[TraceStep] = field(default_factory=list)
    matching: tuple[int, int] | None = None
    words: str = ""
    items: list[ReplyItem] = field(default_factory=list)
    reply: Reply | None = None
    failure: str = ""
    drawn: str = ""  # its HTML, kept while nothing changes it

    @property
    def running(self) -> bool:
        """Tells whether more is to come."""
        return self.reply is None and not self.failure

    def take(self, event: TurnEvent) -> None:
        """Takes in an event of the turn."""
        match event:
            case PlanEvent():
                self.action = event.action
            case ToolEvent():
                self.steps.append(event.step)
            case CandidatesEvent():
                self.matching = (event.n, event.of)
            case TokenEvent():
                self.words += event.text
            case ItemEvent():
                self.items.append(event.item)
            case ErrorEvent():
                self.failure = event.message
            case DoneEvent():
                self.reply = event.reply


class Session:
    """A person's conversation in one tab. Its ids come from this server; a browser only hands back what it was given.

    `verified` is the user id of somebody who is signed in; a guest has none. `receipt` is there after they had themselves forgotten.
    """

    def __init__(self, venue: "Venue", user_id: str = "", thread_id: str = "", *, verified: str | None = None) -> None:
        self.venue = venue
        self.workshop = Workshop()
        self.receipt: Receipt | None = None
        self._talking = threading.Lock()
        self.verified = verified
        self.user_id = verified or (user_id if _GUEST.fullmatch(user_id) else f"guest-{secrets.token_hex(16)}")
        known = verified is not None or self.user_id == user_id
        self.thread_id = thread_id if known and self._may_open(thread_id) else new_thread_id()
        self.exchanges: list[Exchange] = []
        self.clicks: dict[str, set[str]] = {}

    def _may_open(self, thread_id: str) -> bool:
        return bool(_THREAD.fullmatch(thread_id)) or thread_id in (t.thread_id for t in self.threads())

    def threads(self) -> list[ThreadSummary]:
        """Returns the person's conversations, the latest first."""
        return self.venue.agent.threads(self.user_id)

    def resume(self) -> None:
        """Takes up the conversation where the ledger has it."""
        self.exchanges = [
            Exchange(turn.text, reply=turn.reply) for turn in self.venue.agent.thread(self.user_id, self.thread_id)
        ]
        self.clicks = {}
        for click in self.venue.agent.export(self.user_id)["feedback"] if self.exchanges else ():
            if click["thread_id"] == self.thread_id and click["event"] in EVENTS:
                self._press(click["item_id"], click["event"])

    def say(self, text: str, dials: Dials = AS_SET) -> Iterator[None]:
        """Sends a message; yields whenever there is more to show. While one is being answered, another is not taken."""
        if not text.strip() or not self._talking.acquire(blocking=False):
            return
        exchange = Exchange(text)
        self.exchanges.append(exchange)
        try:
            yield
            yield from self._answer(exchange, dials)
        finally:
            if exchange.running:  # the browser went away in the middle of it
                with suppress(ValueError):
                    self.exchanges.remove(exchange)
            self._talking.release()
        yield  # an end is shown once another message is taken, for the page then lets the person send it

    def _answer(self, exchange: Exchange, dials: Dials) -> Iterator[None]:
        """The outermost boundary of a turn: whatever goes wrong becomes a sentence, and the conversation goes on."""
        agent, user_id, thread_id = self.venue.agent, self.user_id, self.thread_id
        try:
            for event in agent.stream(exchange.text, user_id=user_id, thread_id=thread_id, dials=dials):
                exchange.take(event)
                if exchange.running:
                    yield
        except ConvrecError as error:
            exchange.failure = str(error)
        except Exception:  # noqa: BLE001  (the boundary)
            _log.exception("a turn failed")
            exchange.failure = _FAILED
        if exchange.running:
            exchange.failure = _FAILED
        if exchange.action == "forget" and not agent.thread(user_id, thread_id):
            self.clicks = {}  # they are forgotten too
            for earlier in self.exchanges:
                earlier.drawn = ""

    def click(self, item_id: str, event: str) -> None:
        """Stores a button's click and shows it pressed. One that is pressed already stays so.

        Raises:
            InputError: the item or the event is unknown.
        """
        if event in self.clicks.get(item_id, ()):
            return
        shown = [e.reply.turn for e in self.exchanges if e.reply and any(item.id == item_id for item in e.reply.items)]
        self.venue.agent.feedback(
            user_id=self.user_id,
            item_id=item_id,
            event=event,
            thread_id=self.thread_id,
            turn=shown[-1] if shown else None,
        )
        self._press(item_id, event)

    def _press(self, item_id: str, event: str) -> None:
        pressed = self.clicks.setdefault(item_id, set())
        pressed.discard(_OPPOSITE.get(event, ""))
        pressed.add(event)
        for exchange in self.exchanges:
            if exchange.reply and any(item.id == item_id for item in exchange.reply.items):
                exchange.drawn = ""

    def begin_anew(self) -> None:
        """Begins a new conversation of the same person."""
        self.thread_id = new_thread_id()
        self.exchanges, self.clicks = [], {}

    def move(self, venue: "Venue") -> None:
        """Goes on about another catalogue, in a new conversation."""
        self.venue = venue
        self.begin_anew()

    def open(self, thread_id: str) -> None:
        """Takes up one of the person's conversations.

        Raises:
            InputError: they have none of that id.
        """
        if thread_id not in (thread.thread_id for thread in self.threads()):
            raise InputError("This conversation is not there any more.", "Begin a new one.")
        self.thread_id = thread_id
        self.resume()

    def delete(self, thread_id: str) -> None:
        """Deletes one of the person's conversations; the one that is open gives way to a new one."""
        self.venue.agent.delete_thread(self.user_id, thread_id)
        if thread_id == self.thread_id:
            self.begin_anew()


def new_thread_id() -> str:
    """Returns a thread id that nobody guesses."""
    return secrets.token_hex(8)
