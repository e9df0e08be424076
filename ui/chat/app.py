"""The page: a conversation, a box to write in, and what is known about the person. This module imports Gradio."""

import json
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from convrec.core.errors import ConvrecError
from convrec.ui.chat.render import Renderer
from convrec.ui.chat.session import Session

if TYPE_CHECKING:
    from convrec.agent.agent import Agent

_AT_ONCE = 16  # turns that run side by side; more wait their turn
_CONVERSATION = '<div class="conversation" role="log" aria-live="polite" aria-label="Conversation" tabindex="0">${(value || []).join("")}</div>'

# A browser keeps its guest id; a tab keeps its conversation, but takes it up again only when it is reloaded: a second tab,
# even one that was duplicated from the first, begins its own.
_RECALL = """() => {
  document.querySelector("#message .submit-button")?.setAttribute("aria-label", "Send");
  const again = performance.getEntriesByType("navigation")[0]?.type === "reload";
  return JSON.stringify({
    user_id: localStorage.getItem("convrec.guest") ?? "",
    thread_id: (again && sessionStorage.getItem("convrec.conversation")) || "",
  });
}"""
_KEEP = """(ids) => {
  const { user_id, thread_id } = JSON.parse(ids);
  localStorage.setItem("convrec.guest", user_id);
  sessionStorage.setItem("convrec.conversation", thread_id);
}"""


class Page:
    """The chat as Gradio blocks. One page serves all visitors; what belongs to one tab is in its `Session`."""

    def __init__(self, agent: "Agent") -> None:
        self._agent = agent
        self._renderer = Renderer(agent.toolbox.catalogue)
        with gr.Blocks(title="convrec", analytics_enabled=False, fill_height=True, fill_width=True) as self.blocks:
            self._lay_out()
            self._wire()

    def _lay_out(self) -> None:
        self._session = gr.State(None)
        self._ids = gr.Textbox(visible=False)
        with gr.Row(elem_id="page", equal_height=False):
            with gr.Column(elem_id="side"):
                gr.HTML("<h1>convrec</h1>", elem_id="brand", apply_default_css=False)
                self._anew = gr.Button("New conversation", elem_id="anew", size="sm")
                self._panel = gr.HTML(
                    self._renderer.panel(()), elem_id="panel", apply_default_css=False, js_on_load=_script("panel.js")
                )
            with gr.Column(elem_id="talk"):
                self._conversation = gr.HTML(
                    [],
                    html_template=_CONVERSATION,
                    js_on_load=_script("chat.js"),
                    elem_id="conversation",
                    apply_default_css=False,
                )
                self._box = gr.Textbox(
                    label="Your message", show_label=False, placeholder="Say what you feel like…", lines=1, max_lines=6, submit_btn=True,
                    elem_id="message", autofocus=True, container=False, max_length=200_000,
                )  # fmt: skip

    def _wire(self) -> None:
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        shown = [self._conversation, self._panel]
        self.blocks.load(self._arrive, self._ids, [self._session, self._ids, *shown], js=_RECALL, **quiet).then(
            None, self._ids, None, js=_KEEP, **quiet
        )
        gr.on(
            [self._box.submit, self._conversation.submit], self._say, [self._box, self._session, self._ids], [self._box, self._session, *shown],
            concurrency_limit=_AT_ONCE, **quiet,
        )  # fmt: skip
        self._conversation.select(
            self._click,
            [self._session, self._ids],
            [self._session, *shown],
            concurrency_limit=_AT_ONCE,
            trigger_mode="multiple",
            **quiet,
        )
        self._anew.click(
            self._begin_anew, [self._session, self._ids], [self._session, self._ids, *shown], **quiet
        ).then(None, self._ids, None, js=_KEEP, **quiet)

    def _arrive(self, ids: str) -> tuple[Session, str, list[str], str]:
        session = self._session_of(None, ids)
        return session, _ids_of(session), *self._shown(session)

    def _say(self, box: str, session: Session | None, ids: str, event: gr.EventData) -> Iterator[tuple[Any, ...]]:
        session = self._session_of(session, ids)
        pressed = event.target is self._conversation
        text = str((event._data or {}).get("text", "")) if pressed else box
        for n, _ in enumerate(session.say(text)):
            yield gr.skip() if n or pressed else "", session, *self._shown(session)

    def _click(self, session: Session | None, ids: str, event: gr.EventData) -> tuple[Any, ...]:
        session = self._session_of(session, ids)
        pressed = event._data or {}
        try:
            session.click(str(pressed.get("item", "")), str(pressed.get("event", "")))
        except ConvrecError as error:
            gr.Warning(escape(str(error)))
        return session, *self._shown(session)

    def _begin_anew(self, session: Session | None, ids: str) -> tuple[Session, str, list[str], str]:
        session = self._session_of(session, ids)
        session.begin_anew()
        return session, _ids_of(session), *self._shown(session)

    def _session_of(self, session: Session | None, ids: str) -> Session:
        """Returns the tab's session: a fresh one for one that is new, or that this server no longer has."""
        if session is not None:
            return session
        session = Session(self._agent, **_kept(ids))
        session.resume()
        return session

    def _shown(self, session: Session) -> tuple[list[str], str]:
        return self._renderer.conversation(session), self._renderer.panel(self._agent.profile(session.user_id))


def _ids_of(session: Session) -> str:
    return json.dumps({"user_id": session.user_id, "thread_id": session.thread_id})


def _kept(ids: str) -> dict[str, str]:
    """Returns the ids that a browser hands back; it may hand back anything."""
    try:
        kept = json.loads(ids or "{}")
    except ValueError:
        return {}
    return {name: str(kept.get(name, "")) for name in ("user_id", "thread_id")} if isinstance(kept, dict) else {}


def _script(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
