"""The page: a conversation, a box to write in, and beside them what is kept of the person. This module imports Gradio."""

import json
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from convrec.core.dials import Dials
from convrec.core.errors import ConvrecError
from convrec.ui.chat import knowledge
from convrec.ui.chat.own import OwnCatalogues, own_root
from convrec.ui.chat.render import own
from convrec.ui.chat.session import Session
from convrec.ui.chat.venue import Venue

if TYPE_CHECKING:
    from convrec.agent.agent import Agent

UserOf = Callable[[gr.Request], str | None]
"""Returns the verified user id of whoever sends a request; None for a guest."""

_AT_ONCE = 16  # turns that run side by side; more wait their turn
_QUEUE_SLEEPS_S = 0.02
_CACHED_S = (
    3_600,
    86_400,
)  # how often files that were brought are looked through, and how long one lies that nobody made use of
_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
_CONVERSATION = (
    '<div class="conversation" role="log" aria-live="polite" aria-label="Conversation" tabindex="0">${(value || []).join("")}</div>'
    '<div class="picked" role="group" aria-label="Compare" hidden><span></span>'
    '<button type="button" class="choice" data-compare>Compare them</button><button type="button" class="choice quiet" data-unpick>Never mind</button></div>'
)
_BRAND = '<h1>convrec</h1><button type="button" id="menu" aria-expanded="false" aria-controls="more">Menu</button>'
_FILES = [".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet", ".gz"]

_KEEP = """(ids) => {
  const { user_id, thread_id, catalogue, guest } = JSON.parse(ids);
  if (guest) localStorage.setItem("convrec.guest", user_id);
  sessionStorage.setItem("convrec.conversation", thread_id);
  sessionStorage.setItem("convrec.catalogue", catalogue);
}"""
_SAVE = """(text) => {
  if (!text) return;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = "convrec-about-me.json";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}"""


class Page:
    """The chat as Gradio blocks. One page serves all visitors; what belongs to one tab is in its `Session`.

    `user_of` says who is signed in; without it everybody is a guest. `own_catalogues` lets people bring files of their own, which are kept under
    `root`. `close` ends what the page has opened.
    """

    def __init__(
        self, agent: "Agent", *, user_of: UserOf | None = None, own_catalogues: bool = False, root: Path | None = None
    ) -> None:
        self._venue = Venue(agent)
        self._user_of: UserOf = user_of or (lambda request: None)
        self._own = OwnCatalogues(root or own_root()) if own_catalogues else None
        if self._own is not None:
            agent.forgetting.reach(self._own)
        with gr.Blocks(
            title="convrec", analytics_enabled=False, fill_height=True, fill_width=True, delete_cache=_CACHED_S
        ) as self.blocks:
            self._lay_out()
            self._wire()
            if self._own is not None:
                self._wire_workshop()
        queue = self.blocks._queue
        queue.sleep_when_free = queue.progress_update_sleep_when_free = _QUEUE_SLEEPS_S

    def close(self) -> None:
        """Closes the own catalogues that were opened."""
        if self._own is not None:
            self._own.close()

    def _lay_out(self) -> None:
        renderer, dials = self._venue.renderer, self._venue.dials
        self._session, self._ids, self._saved = gr.State(None), gr.Textbox(visible=False), gr.Textbox(visible=False)
        with gr.Row(elem_id="page", equal_height=False):
            with gr.Column(elem_id="side"):
                _html(_BRAND, "brand", "brand.js")
                self._anew = gr.Button("New conversation", elem_id="anew", size="sm")
                with gr.Column(elem_id="more"):
                    self._threads = _html(renderer.threads((), ""), "threads", "side.js")
                    self._panel = _html(renderer.panel(()), "panel", "side.js")
                    with gr.Accordion("How I choose", open=False, elem_id="dials"):
                        self._dials = [
                            _slider("Variety", "0: the likeliest, 1: as different as can be", dials.diversity),
                            _slider("Surprise", "0: what many know, 1: what few know", dials.exploration),
                        ]
                    if self._own is not None:
                        self._lay_out_workshop()
                    self._footing = _html(renderer.footing(), "footing")
            with gr.Column(elem_id="talk"):
                self._conversation = _html([], "conversation", "chat.js", _CONVERSATION)
                self._box = gr.Textbox(
                    label="Your message", show_label=False, placeholder="Say what you feel like…", lines=1, max_lines=6, submit_btn=True,
                    elem_id="message", autofocus=True, container=False, max_length=200_000,
                )  # fmt: skip

    def _lay_out_workshop(self) -> None:
        with gr.Accordion("Your own catalogue", open=False, elem_id="own"):
            self._file = gr.File(
                label="A CSV, JSON lines or Parquet file, a row an item",
                file_types=_FILES,
                type="filepath",
                elem_id="file",
                height=130,
            )
            self._bench = _html("", "bench", "side.js")

    @property
    def _all(self) -> list[Any]:
        """All that follows a tab's session."""
        parts = [self._session, self._ids, self._conversation, self._threads, self._panel, self._footing]
        return [*parts, self._bench] if self._own is not None else parts

    def _wire(self) -> None:
        known, quiet = [self._session, self._ids], _QUIET | {"concurrency_limit": _AT_ONCE}
        self._kept(self.blocks.load(self._arrive, self._ids, self._all, js=_script("recall.js"), **quiet))
        gr.on(
            [self._box.submit, self._conversation.submit], self._say, [self._box, *self._dials, *known], [self._box, *self._all],
            trigger_mode="multiple", **quiet,  # whether a message is taken is the session's to say, not the browser's
        )  # fmt: skip
        self._conversation.select(self._click, known, self._all, trigger_mode="multiple", **quiet)
        self._kept(self._anew.click(self._begin_anew, known, self._all, **quiet))
        self._kept(self._threads.select(self._at_threads, known, self._all, trigger_mode="multiple", **quiet))
        asked = self._panel.select(self._know, known, [*self._all, self._saved], trigger_mode="multiple", **quiet)
        asked.then(None, self._saved, None, js=_SAVE, **_QUIET)
        self._kept(asked)

    def _wire_workshop(self) -> None:
        known, quiet = [self._session, self._ids], _QUIET | {"concurrency_limit": _AT_ONCE}
        self._file.upload(self._bring, [self._file, *known], [self._file, self._session, self._bench], **quiet)
        self._bench.submit(self._make, known, [self._session, self._bench], **quiet)
        self._kept(self._bench.select(self._at_bench, known, self._all, trigger_mode="multiple", **quiet))

    def _kept(self, event: Any) -> None:
        """Lets the browser keep the ids that an event ends with."""
        event.then(None, self._ids, None, js=_KEEP, **_QUIET)

    # What people do

    def _arrive(self, ids: str, request: gr.Request) -> tuple[Any, ...]:
        return self._shown(self._session_of(None, ids, request))

    def _say(
        self, box: str, diversity: float, exploration: float, session: Session | None, ids: str, event: gr.EventData, request: gr.Request,
    ) -> Iterator[tuple[Any, ...]]:  # fmt: skip
        session = self._session_of(session, ids, request)
        pressed = event.target is self._conversation
        text = str((event._data or {}).get("text", "")) if pressed else box
        dials, others = Dials(diversity=diversity, exploration=exploration), [gr.skip()] * (len(self._all) - 3)
        for n, _ in enumerate(session.say(text, dials)):
            shown = session.venue.renderer.conversation(session)
            yield gr.skip() if n or pressed else "", session, gr.skip(), shown, *others
        yield gr.skip(), *self._shown(session)

    def _click(self, session: Session | None, ids: str, event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        session, pressed = self._session_of(session, ids, request), _pressed(event)
        with _told():
            session.click(pressed.get("item", ""), pressed.get("event", ""))
        return self._shown(session)

    def _begin_anew(self, session: Session | None, ids: str, request: gr.Request) -> tuple[Any, ...]:
        session = self._session_of(session, ids, request)
        session.begin_anew()
        return self._shown(session)

    def _at_threads(
        self, session: Session | None, ids: str, event: gr.EventData, request: gr.Request
    ) -> tuple[Any, ...]:
        session, pressed = self._session_of(session, ids, request), _pressed(event)
        thread = pressed.get("thread", "")
        with _told():
            match pressed.get("do"):
                case "open":
                    session.open(thread)
                case "rename":
                    session.venue.agent.rename_thread(session.user_id, thread, pressed.get("title", ""))
                case "delete":
                    session.delete(thread)
        return self._shown(session)

    def _know(self, session: Session | None, ids: str, event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        session, pressed = self._session_of(session, ids, request), _pressed(event)
        agent, user_id, saved = session.venue.agent, session.user_id, ""
        session.receipt = None
        with _told():
            match pressed.get("do"):
                case "forget":
                    session.receipt = self._venue.agent.forget(user_id)
                    session.begin_anew()
                case "export":
                    saved = json.dumps(agent.export(user_id), ensure_ascii=False, indent=1, default=str)
                case "pause" | "wake" as what:
                    agent.pause_memory(user_id, what == "pause")
                case what if what in knowledge.CHANGES:
                    knowledge.change(agent, user_id, pressed)
        return *self._shown(session), saved

    def _bring(self, path: str, session: Session | None, ids: str, request: gr.Request) -> tuple[None, Session, str]:
        session = self._session_of(session, ids, request)
        session.workshop.bring(Path(path))
        return None, session, self._bench_of(session)

    def _make(
        self, session: Session | None, ids: str, event: gr.EventData, request: gr.Request
    ) -> Iterator[tuple[Session, str]]:
        session = self._session_of(session, ids, request)
        assert self._own is not None
        for _ in session.workshop.make(self._own, session.user_id, _pressed(event)):
            yield session, self._bench_of(session)

    def _at_bench(self, session: Session | None, ids: str, event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        session, pressed = self._session_of(session, ids, request), _pressed(event)
        name = pressed.get("name", "")
        assert self._own is not None
        with _told():
            match pressed.get("do"):
                case "cancel":
                    session.workshop.cancel()
                case "away":
                    session.workshop.clear()
                case "visit":
                    session.workshop.note = ""
                    session.move(self._own.venue(session.user_id, name) if name else self._venue)
                case "remove":
                    if session.venue.name == name:
                        session.move(self._venue)
                    self._own.delete(session.user_id, name)
        return self._shown(session)

    # What they see

    def _session_of(self, session: Session | None, ids: str, request: gr.Request) -> Session:
        """Returns the tab's session: a fresh one for one that is new, that this server no longer has, or where somebody signed in or out."""
        verified = self._user_of(request)
        if session is not None and session.verified == verified:
            return session
        kept = _kept(ids)
        fresh = Session(self._venue, kept.get("user_id", ""), kept.get("thread_id", ""), verified=verified)
        if self._own is not None and kept.get("catalogue") in self._own.names(fresh.user_id):
            fresh.venue = self._own.venue(fresh.user_id, kept["catalogue"])
        fresh.resume()
        return fresh

    def _shown(self, session: Session) -> tuple[Any, ...]:
        """Returns everything that follows the session, in the order of `_all`."""
        renderer, agent, user_id = session.venue.renderer, session.venue.agent, session.user_id
        guest = session.verified is None
        ids = {"user_id": user_id, "thread_id": session.thread_id, "catalogue": session.venue.name, "guest": guest}
        known = renderer.panel(agent.profile(user_id), agent.memory_paused(user_id), session.receipt)
        parts = (session, json.dumps(ids), renderer.conversation(session), renderer.threads(session.threads(), session.thread_id), known, renderer.footing())  # fmt: skip
        return (*parts, self._bench_of(session)) if self._own is not None else parts

    def _bench_of(self, session: Session) -> str:
        assert self._own is not None
        names = self._own.names(session.user_id)
        return own(session.workshop, session.venue.name, names, self._venue.renderer.called)


class _told:  # noqa: N801  (used as a function)
    """Shows what goes wrong inside as a sentence; the page goes on."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, ConvrecError):
            gr.Warning(escape(str(error)))
            return True
        return False


def _html(value: Any, name: str, script: str = "", template: str = "${value}") -> gr.HTML:
    loaded = _script(script) if script else None
    return gr.HTML(value, html_template=template, js_on_load=loaded, elem_id=name, apply_default_css=False)


def _script(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def _slider(label: str, info: str, value: float | None) -> gr.Slider:
    return gr.Slider(0.0, 1.0, value, step=0.05, label=label, info=info, buttons=[])


def _pressed(event: gr.EventData) -> dict[str, str]:
    """Returns what a browser says was pressed; it may say anything."""
    return {str(name): str(value) for name, value in (event._data or {}).items()}


def _kept(ids: str) -> dict[str, str]:
    """Returns the ids that a browser hands back; it may hand back anything."""
    try:
        kept = json.loads(ids or "{}")
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in kept.items()} if isinstance(kept, dict) else {}
