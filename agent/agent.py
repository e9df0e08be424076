"""The agent: open a workspace, talk, recommend, give feedback, forget."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakValueDictionary

from convrec.agent.checking.titles import TitleChecker
from convrec.agent.compact.understander import Understander
from convrec.agent.elicitation import Asking, question
from convrec.agent.embedding import Exchange, build_subgraph
from convrec.agent.engine import Followed
from convrec.agent.exported import LogsOfWorkspace
from convrec.agent.graph import build_graph
from convrec.agent.houses import Following, Houses
from convrec.agent.llm.client import ChatClient
from convrec.agent.llm.demonstrations import Demonstrations, went_well
from convrec.agent.llm.engine import ModelEngine
from convrec.agent.memory.editing import Editor
from convrec.agent.memory.forgetting import Forgetting, Receipt
from convrec.agent.memory.history import Taste
from convrec.agent.memory.learning import Origin, clicked
from convrec.agent.memory.memory import Memory
from convrec.agent.memory.recall import Recalled
from convrec.agent.overview import Observer, Overview
from convrec.agent.realiser import Realiser
from convrec.agent.rehearsal import lines
from convrec.agent.request import eased, wanted
from convrec.agent.state import TurnState
from convrec.agent.stores.accounts import Accounts
from convrec.agent.stores.ledger import Ledger, export_document
from convrec.agent.stores.merging import merge
from convrec.agent.stores.opening import open_database
from convrec.agent.stores.profile_store import ProfileStore
from convrec.agent.stores.records import Feedback, Forgotten, StoredTurn, ThreadSummary, TurnTaken
from convrec.agent.turn import House, Turn
from convrec.catalogue.workspace import Workspace
from convrec.core.clock import Clock, NewId, SystemClock, counted_ids, random_id
from convrec.core.dials import AS_SET, Dials
from convrec.core.errors import BusyError, InputError
from convrec.core.ids import checked_id, namespace
from convrec.core.predicate import every, parse_predicate
from convrec.core.profile import ProfileEntry
from convrec.core.progress import Progress, silent
from convrec.core.reply import DoneEvent, ItemEvent, ProfileEvent, QuestionEvent, Reply, TokenEvent, TurnEvent
from convrec.core.text import well_formed
from convrec.core.understanding import Understanding
from convrec.tools.fitting import fit
from convrec.tools.opening import outdated
from convrec.tools.toolbox import Recommended, Request, Toolbox

if TYPE_CHECKING:
    from langchain_core.tools import StructuredTool
    from langgraph.graph.state import CompiledStateGraph

_WAIT_S = 30.0  # for another turn of the same thread; a turn that another process overtook begins again that long
_LIKES = {"like": 1, "dislike": -1}
_EVENTS = ("like", "dislike", "seen", "click", "purchase", "play", "skip")


class Agent:
    """A conversational recommender over one workspace, whose changes it takes up while it serves: see `convrec.agent.houses`.

    One agent serves many users and threads; turns of the same thread run one after the other. Use it as a context manager, or
    call `close`.
    """

    def __init__(self, workspace: Workspace, house: House) -> None:
        self.workspace = workspace
        self._houses = Houses(workspace, house)
        self._saver = house.ledger.database.saver(house.settings.memory.keep_checkpoints)
        self.store = ProfileStore(house.ledger, house.clock)
        self.accounts = Accounts(house.ledger)
        self.graph = build_graph(self._saver, self.store)
        self._locks: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()
        self._guard = threading.Lock()
        self._hearers: list[Callable[[Reply], None]] = []
        self.forgetting = Forgetting(house.ledger, house.clock, self._drop_words)
        self.forgetting.reach(house.demonstrations)
        self.forgetting.reach(LogsOfWorkspace(workspace.root))
        self._observer = Observer(house.ledger)

    @classmethod
    def open(
        cls, workspace: Workspace | Path | str, *, clock: Clock | None = None, new_id: NewId = random_id, seed: int = 0,
        asking: Asking = question, client: ChatClient | None = None,
    ) -> Agent:  # fmt: skip
        """Returns an agent over a fitted workspace; `asking` decides when it asks back, and what; `client` asks a model of one's own.

        Raises:
            WorkspaceError: the folder is no workspace, or of a newer convrec.
            NotFittedError: nothing was fitted yet; `convrec fit` does it.
            PredicateError: a rule of `ranking.rules` names an unknown field, or a value of the wrong type.
        """
        workspace = workspace if isinstance(workspace, Workspace) else Workspace.open(Path(workspace))
        toolbox = Toolbox.open(workspace)
        checker = TitleChecker(toolbox.catalogue)
        clock = clock or SystemClock()
        compact = Understander(toolbox.catalogue, clock, toolbox.encoder.untuned)
        ledger = Ledger(open_database(workspace.state_url()))
        demonstrations = Demonstrations(
            workspace.root / "demonstrations.jsonl", toolbox.encoder.untuned, workspace.settings.llm.demonstrations
        )
        house = House(
            toolbox=toolbox, engine=compact, memory=Memory(ledger, toolbox.encoder.untuned, toolbox.catalogue, clock), ledger=ledger, checker=checker,
            realiser=Realiser(toolbox.catalogue.schema), settings=workspace.settings, clock=clock, new_id=new_id, seed=seed, asking=asking, demonstrations=demonstrations,
            model=ModelEngine.over(
                workspace.settings.llm, toolbox, compact, checker, clock, seed=seed, client=client, demonstrations=demonstrations
            ),
        )  # fmt: skip
        return cls(workspace, house)

    def rehearse(self) -> None:
        """Holds a conversation that nobody hears and of which nothing stays, so that nobody waits for what a process makes once: weights, indexes, vectors.

        Takes a second or two, that the first people would wait else. No model is asked.
        """
        with TemporaryDirectory() as folder:
            ledger = Ledger(open_database(f"sqlite:///{folder}/state.sqlite"))
            with Agent(self.workspace, self._house.apart(ledger, counted_ids("rehearsal-"))) as other:
                for text in lines(other.toolbox.catalogue):
                    other.chat(text, user_id="rehearsal", thread_id="rehearsal")

    @classmethod
    def demo(cls, *, progress: Progress = silent) -> Agent:
        """Returns an agent over the demo catalogue, which is indexed at the first call (about a minute)."""
        workspace = Workspace.demo()
        current = workspace.current()
        if not current.tools or outdated(workspace.root, current):
            fit(workspace, progress=progress)
        return cls.open(workspace)

    def __enter__(self) -> Agent:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the work behind the turns and closes the state database."""
        self._houses.close()
        self._house.ledger.close()

    @property
    def _house(self) -> House:
        return self._houses.house

    @property
    def toolbox(self) -> Toolbox:
        """The opened tools and catalogue, of the workspace's version that is current now. What is to be of one version takes it once."""
        return self._houses.now().toolbox

    @property
    def following(self) -> Following:
        """How the agent follows its workspace."""
        return self._houses.following()

    def follow(self, wait_s: float = 0.0) -> bool:
        """Takes up the workspace's current version, as every turn does before it begins, and tells whether nothing is left to be done behind the
        turns, for which it waits so long.
        """
        return self._houses.settle(wait_s)

    @property
    def tools(self) -> list[StructuredTool]:
        """The tools as LangChain tools, to hang on another agent."""
        from convrec.tools.langchain import as_langchain_tools

        return as_langchain_tools(lambda: self.toolbox)

    @property
    def subgraph(self) -> CompiledStateGraph[Exchange, Any, Any, Any]:
        """A whole turn as a graph to add to another as a node: it takes `text`, `user_id` and `thread_id`, and gives `reply`."""
        return build_subgraph(self)

    # Talking

    def chat(
        self, text: str, *, user_id: str = "guest", thread_id: str = "main", request_id: str | None = None, dials: Dials = AS_SET,
    ) -> Reply:  # fmt: skip
        """Returns the committed reply to one message. The same `request_id` again returns the stored reply; `dials` hold for this turn.

        Raises:
            UserIdError: an id is blank, padded, too long, or has control characters.
            BusyError: the thread or the state database is in use elsewhere for longer than the wait, or the user was forgotten meanwhile.
            WorkspaceError: the state database can't be written.
        """
        return [
            event.reply
            for event in self.stream(text, user_id=user_id, thread_id=thread_id, request_id=request_id, dials=dials)
            if isinstance(event, DoneEvent)
        ][-1]

    def stream(
        self, text: str, *, user_id: str = "guest", thread_id: str = "main", request_id: str | None = None, dials: Dials = AS_SET,
        history: Sequence[Mapping[str, str]] = (),
    ) -> Iterator[TurnEvent]:  # fmt: skip
        """Yields the turn's events: the plan, tool calls and candidates as they happen; after the commit text, items, question, `done`.

        `history` are the messages, as `{"role", "content"}`, that went before a new thread's first, where somebody else led the conversation so far.
        Closing the iterator before the commit leaves no trace of the turn. It raises what `chat` raises.
        """
        user_id, thread_id = checked_id(user_id), checked_id(thread_id, "thread id")
        request_id = checked_id(request_id, "request id") if request_id is not None else None
        with self._one_at_a_time(namespace(user_id, thread_id)):
            reply, learned, shown = yield from self._committed(
                well_formed(text), user_id, thread_id, request_id, dials, history
            )
        yield from _spoken(reply, learned, shown)

    def _committed(
        self, text: str, user_id: str, thread_id: str, request_id: str | None, dials: Dials, history: Sequence[Mapping[str, str]]
    ) -> Generator[TurnEvent, None, tuple[Reply, tuple[ProfileEntry, ...], str]]:  # fmt: skip
        """Runs the turn until it is committed; yields its events and returns the reply, what was learned, and the text already shown."""
        ledger = self._house.ledger
        give_up = time.monotonic() + _WAIT_S
        while time.monotonic() < give_up:
            stored = ledger.answered(user_id, request_id)
            if stored is not None:
                return stored, (), ""
            house = self._houses.now()
            led = house.follower(history).state.beginning() if history else None
            turn = Turn(house, ledger.generation(user_id), user_id, led=led, dials=dials)
            try:
                reply = yield from self._run(turn, text, user_id, thread_id, request_id)
            except TurnTaken:
                if turn.shown:
                    break  # what was shown can't be taken back
                continue
            except Forgotten as error:
                raise BusyError(
                    "You were forgotten while this message was being answered, and nothing of it is kept.",
                    "Send it again to start afresh.",
                ) from error
            for hear in tuple(self._hearers):
                hear(reply)
            if turn.forgotten:
                self.forget(user_id)
                return reply, turn.patch.entries, turn.shown
            if not turn.paused and turn.pausing is None:
                self._demonstrate(reply)
            if not ledger.holds(reply, turn.generation):  # the checkpoint and the example came after the forgetting
                ledger.drop_checkpoints(user_id, thread_id)
                self._house.demonstrations.forget(user_id, thread_id)
            return reply, turn.patch.entries, turn.shown
        raise BusyError("The conversation is being continued elsewhere at the same time.", "Send the message again.")

    @contextmanager
    def heard_by(self, hear: Callable[[Reply], None]) -> Iterator[None]:
        """Calls `hear` with the reply of every turn that is committed in the context, whoever asked; with none that was stored before."""
        self._hearers.append(hear)
        try:
            yield
        finally:
            self._hearers.remove(hear)

    def _demonstrate(self, reply: Reply) -> None:
        """Keeps the turn before as an example for the model, where examples are wanted and this turn says that it went well."""
        house = self._house
        if house.demonstrations.reach == "off" or house.model is None or reply.turn < 2:
            return
        before = house.ledger.turn(reply.user_id, reply.thread_id, reply.turn - 1)
        if before is not None and went_well(before.reply, reply.understanding):
            house.demonstrations.keep(before.reply, before.text)

    def _run(
        self, turn: Turn, text: str, user_id: str, thread_id: str, request_id: str | None
    ) -> Generator[TurnEvent, None, Reply]:
        """Runs the graph; yields its events and returns the committed reply."""
        name = namespace(user_id, thread_id)
        inputs: TurnState = {"text": text, "user_id": user_id, "thread_id": thread_id, "request_id": request_id}
        reply: Reply | None = None
        parts = self.graph.stream(
            inputs, {"configurable": {"thread_id": name}}, context=turn, stream_mode=["custom", "updates"], durability="exit",
        )  # fmt: skip
        for part in parts:
            mode, event = cast("tuple[str, Any]", part)
            if mode == "custom":
                yield event
            else:
                reply = event.get("respond", {}).get("reply", reply)
        if reply is None:
            raise RuntimeError("the graph ended without a reply")
        return reply

    async def astream(
        self, text: str, *, user_id: str = "guest", thread_id: str = "main", request_id: str | None = None, dials: Dials = AS_SET,
    ) -> AsyncIterator[TurnEvent]:  # fmt: skip
        """Yields the same events as `stream`; the turn runs in a thread."""
        events = self.stream(text, user_id=user_id, thread_id=thread_id, request_id=request_id, dials=dials)
        while (event := await asyncio.to_thread(next, events, None)) is not None:
            yield event

    @contextmanager
    def _one_at_a_time(self, name: str) -> Iterator[None]:
        """Waits for a turn of the same thread that runs in this process."""
        with self._guard:
            lock = self._locks.setdefault(name, threading.Lock())
        if not lock.acquire(timeout=_WAIT_S):
            raise BusyError("An earlier message of this conversation is still being answered.", "Wait for its answer.")
        try:
            yield
        finally:
            lock.release()

    # Without a stored turn

    def understand(self, messages: Sequence[Mapping[str, str]]) -> Understanding:
        """Returns what the last message of a conversation says, given those before it; a model is asked about it where one is configured. Nothing is stored."""
        if not messages:
            raise InputError("There are no messages.", 'Give at least {"role": "user", "content": "…"}.')
        house = self._houses.now()
        heard = house.follower(messages).heard
        if house.model is None or messages[-1].get("role") != "user":
            return heard
        before = house.follower(messages[:-1]).state
        return house.model.begin().understand(well_formed(str(messages[-1].get("content", ""))), before, heard)[0]

    def recommend(
        self, *, messages: Sequence[Mapping[str, str]] = (), history: Iterable[str] = (), user_id: str | None = None,
        filter: Any = None, exclude: Iterable[str] = (), k: int = 10, tools: Sequence[str] | None = None,  # noqa: A002  (the interface's name)
    ) -> list[Recommended]:  # fmt: skip
        """Returns `k` items for a conversation, a history of liked item ids, a user's profile, or any of these together.

        `filter` is a predicate document. Items of the history and those named in the conversation are left out. What the
        last message asks for and what any message rules out holds for every item; what earlier messages asked for, or what is
        only said to be liked, is a strong wish.

        Raises:
            PredicateError: the filter names an unknown field or a value of the wrong type.
            InputError: `k` is below 1, or a tool's name is unknown.
        """
        house = self._houses.now()
        request = self._requested(house, messages, history, user_id, filter, exclude, k, tools)
        return list(house.toolbox.recommend(request).items)

    def requested(
        self, *, messages: Sequence[Mapping[str, str]] = (), history: Iterable[str] = (), user_id: str | None = None,
        filter: Any = None, exclude: Iterable[str] = (), k: int = 10, tools: Sequence[str] | None = None,  # noqa: A002  (as above)
    ) -> Request:  # fmt: skip
        """Returns what `recommend` asks the toolbox for.

        Raises:
            What `recommend` raises.
        """
        return self._requested(self._houses.now(), messages, history, user_id, filter, exclude, k, tools)

    def _requested(
        self, house: House, messages: Sequence[Mapping[str, str]], history: Iterable[str], user_id: str | None, filter: Any,  # noqa: A002  (as above)
        exclude: Iterable[str], k: int, tools: Sequence[str] | None,
    ) -> Request:  # fmt: skip
        if k < 1:
            raise InputError(f"k is {k}.", "Give 1 or more.")
        followed = house.follower(messages) if messages else Followed()
        heard = followed.heard if messages and messages[-1].get("role") == "user" else None
        profile = self._tastes(checked_id(user_id)) if user_id is not None else ()
        found = wanted(
            followed.state, profile, house.toolbox.catalogue, house.clock.now(), k=k,
            half_life_days=house.settings.memory.half_life_days,
        )  # fmt: skip
        request = eased(found, followed.state, heard)
        demanded = parse_predicate(filter) if filter is not None and not hasattr(filter, "op") else filter
        # In the order in which they were named, for the latest say most about what comes next; only dislikes keep their weight.
        named = {item: weight if (weight := request.history.get(item, 1.0)) < 0 else 1.0 for item in followed.named}
        liked = dict.fromkeys(map(str, history), 1.0)
        others = {item: weight for item, weight in request.history.items() if item not in named}
        return replace(
            request, text=conversation_text(messages) or request.text, history={**others, **named, **liked},
            filter=every(request.filter, demanded), exclude=request.exclude | {*named, *map(str, exclude), *liked},
            tools=tuple(tools) if tools is not None else None, diversity=0.0,
        )  # fmt: skip

    # People

    def profile(self, user_id: str) -> list[ProfileEntry]:
        """Returns what is remembered about a user now."""
        return list(self._house.memory.profile(checked_id(user_id)))

    def tastes(self, user_id: str) -> list[Taste]:
        """Returns what sets a user's events apart (the workspace's interactions under the same id, likes and dislikes), the strongest first, each with the events that show it."""
        return self._houses.now().memory.tastes(checked_id(user_id))

    def edit_profile(
        self, user_id: str, *, add: Sequence[Mapping[str, Any]] = (), update: Sequence[Mapping[str, Any]] = (), remove: Sequence[str] = (),
    ) -> list[ProfileEntry]:  # fmt: skip
        """Changes what is remembered about a user, all of it or nothing, and returns the profile; the very next slate heeds it.

        `add` are entries without id, `update` documents `{"id", …}`, `remove` ids. A weight between 0 and 1 says how much a
        taste counts; `"paused": true` keeps one without using it.

        Raises:
            InputError: a facet, key, value or id is unknown. UnknownItemError: an item is.
        """
        user_id, house = checked_id(user_id), self._houses.now()
        generation, known = house.ledger.generation(user_id), house.memory.profile(user_id)
        patch = Editor(house.toolbox.catalogue, known, house.clock.now(), house.new_id).edit(add, update, remove)
        house.ledger.patch_profile(
            user_id, patch.entries, patch.removed, generation, house.memory.vectors(patch.entries)
        )
        return self.profile(user_id)

    def pause_memory(self, user_id: str, paused: bool = True) -> None:
        """Lets what is remembered about a user rest: nothing is learned and no taste is used until it is resumed with `paused=False`."""
        self._house.ledger.set_paused(checked_id(user_id), paused)

    def memory_paused(self, user_id: str) -> bool:
        """Tells whether what is remembered about a user rests."""
        return self._house.ledger.paused(checked_id(user_id))

    def _tastes(self, user_id: str) -> tuple[ProfileEntry, ...]:
        return () if self._house.ledger.paused(user_id) else self._house.memory.profile(user_id)

    def recall(self, user_id: str, text: str, k: int = 5) -> list[Recalled]:
        """Returns what is remembered of a user that fits a text best: profile entries and earlier turns, best first.

        A stretch of time that the text names ("last Tuesday", "in spring") leaves only what is from then.
        """
        return self._house.memory.recall(checked_id(user_id), well_formed(text), k)

    def export(self, user_id: str) -> dict[str, Any]:
        """Returns everything stored about a user as one JSON document."""
        return export_document(self._house.ledger, checked_id(user_id))

    def forget(self, user_id: str) -> Receipt:
        """Deletes everything about a user, wherever `forgetting` reaches, and returns the receipt."""
        return self.forgetting(checked_id(user_id))

    def generation(self, user_id: str) -> int:
        """Returns how often a user was forgotten: what begins at one generation is not written at the next."""
        return self._house.ledger.generation(checked_id(user_id))

    def merge(self, guest: str, user_id: str) -> dict[str, int]:
        """Makes all that is kept of a guest a user's own, when messages under way are answered; returns how many rows of each table went over.

        Of what both profiles say differently, the later holds.

        Raises:
            InputError: they are the same, or the guest has an account.
            BusyError: a message of the guest's is answered for longer than the wait.
        """
        guest, user_id = checked_id(guest), checked_id(user_id)
        with ExitStack() as stack:
            for thread in self._house.ledger.threads(guest):
                stack.enter_context(self._one_at_a_time(namespace(guest, thread.thread_id)))
            moved = merge(self._house.ledger, guest, user_id, self._house.new_id)
            self._house.demonstrations.forget(guest)
        self._drop_words()
        return moved

    def _drop_words(self) -> None:
        """Drops what is kept in memory of everybody's words to save time."""
        self._house.follower.forget()
        self._house.toolbox.forget()

    def feedback(
        self, *, user_id: str, item_id: str, event: str, thread_id: str = "main", turn: int | None = None
    ) -> None:
        """Stores a click on an item; a like, a dislike or "seen" changes the very next slate.

        Raises:
            InputError: the event is unknown. UnknownItemError: the item is.
            BusyError: the user was forgotten meanwhile.
        """
        user_id, thread_id = checked_id(user_id), checked_id(thread_id, "thread id")
        if event not in _EVENTS:
            raise InputError(f"The event {event!r} is unknown.", f"Use one of {', '.join(_EVENTS)}.")
        item, now = self.toolbox.catalogue.item(item_id), self._house.clock.now()
        origin = Origin(thread_id, turn or 0, now, f"{event}: {item.title}")
        generation = self._house.ledger.generation(user_id)
        profile = self._house.ledger.profile(user_id)
        patch = (
            clicked(profile, item.id, item.title, _LIKES[event], origin, self._house.new_id)
            if event in _LIKES and not self._house.ledger.paused(user_id)
            else None
        )
        click = Feedback(item.id, event, thread_id, turn, now.isoformat())
        try:
            self._house.ledger.add_feedback(user_id, click, patch.entries if patch else (), generation, profile)
        except Forgotten as error:
            raise BusyError("You were forgotten meanwhile, and the click is not kept.", "Click again.") from error

    def overview(self, days: int = 30) -> Overview:
        """Returns how the last days went, in numbers, over all people: turns, what was shown and taken, latency, fallbacks."""
        return self._observer.overview(self._house.clock.now(), days, len(self.toolbox.catalogue))

    def threads(self, user_id: str) -> list[ThreadSummary]:
        """Returns the user's conversations, the latest first."""
        return self._house.ledger.threads(checked_id(user_id))

    def thread(self, user_id: str, thread_id: str) -> list[StoredTurn]:
        """Returns a conversation's turns, in order."""
        return self._house.ledger.turns(checked_id(user_id), checked_id(thread_id, "thread id"))

    def rename_thread(self, user_id: str, thread_id: str, title: str) -> None:
        """Gives a conversation a title in place of its first words.

        Raises:
            InputError: there is no such conversation, or the title is blank or too long.
        """
        user_id, thread_id = checked_id(user_id), checked_id(thread_id, "thread id")
        self._house.ledger.rename_thread(user_id, thread_id, checked_id(" ".join(title.split()), "title"))

    def delete_thread(self, user_id: str, thread_id: str) -> dict[str, int]:
        """Deletes a conversation with its clicks and checkpoints, and returns how many rows of each; what it taught the profile stays."""
        user_id, thread_id = checked_id(user_id), checked_id(thread_id, "thread id")
        with self._one_at_a_time(namespace(user_id, thread_id)):
            deleted = self._house.ledger.delete_thread(user_id, thread_id)
            deleted["demonstrations"] = self._house.demonstrations.forget(user_id, thread_id)
        self._house.follower.forget()
        return deleted


def conversation_text(messages: Sequence[Mapping[str, str]]) -> str:
    """Returns the conversation as one text, the latest message last."""
    return well_formed("\n".join(str(message.get("content", "")) for message in messages)).strip()


def _spoken(reply: Reply, learned: Iterable[ProfileEntry], shown: str) -> Iterator[TurnEvent]:
    """Yields a committed reply piece by piece, without the beginning of its text that was already shown."""
    for piece in reply.text.removeprefix(shown).splitlines(keepends=True):
        yield TokenEvent(text=piece)
    for item in reply.items:
        yield ItemEvent(item=item)
    if reply.question is not None:
        yield QuestionEvent(question=reply.question)
    for entry in learned:
        if entry.superseded_by is None and entry.created == entry.updated:
            yield ProfileEvent(entry=entry)
    yield DoneEvent(reply=reply)
