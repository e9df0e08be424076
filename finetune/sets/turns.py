"""Rows of the tasks `plan` and `explain`: whole turns of the agent over the workspace's fitted tools, and what code did in them.

A message of the grammar is answered by the agent; what it would have sent to a model is caught on its way. The right plan is what the
controller in code explored, the right words name every item and its strongest reasons in slots.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

from convrec.agent.elicitation import question
from convrec.catalogue.workspace import Workspace
from convrec.core.reply import Reason, Reply, ReplyItem
from convrec.evaluation.sessions.house import agent_over
from convrec.finetune.grammar.draft import Context, Draft
from convrec.finetune.grammar.pointing import judging_then_asking, like_title
from convrec.finetune.grammar.scenarios import request
from convrec.finetune.grammar.wording import Wording
from convrec.finetune.sets.overheard import WORDS, Overheard
from convrec.finetune.sets.own import OwnNames, own_view
from convrec.finetune.sets.rows import Row, Task, chat, dumped
from convrec.finetune.sets.understand import Voice
from convrec.prompts.plan.answer import Steps

_SHAPE: dict[Task, str] = {"plan": Steps.__name__, "explain": WORDS}
LEADS = (
    "Here is what I would try:", "These should suit you:", "This is what comes closest:", "Have a look at these:", "A few that fit:", "Going by what you said:",
    "These stood out:", "Perhaps one of these:",
)  # fmt: skip
SAID = {
    "similar_users": "liked by people whose taste is like yours", "liked_item": "close to what you said you like", "text_match": "fits what you asked for in words",
    "popularity": "liked by many",
}  # fmt: skip
_REASONS = 2  # a line


def turn_rows(workspace: Workspace, task: Task, voice: Voice, n: int, rng: Random, today: int, tell: Callable[[int], object] = lambda _: None) -> Iterator[Row]:  # fmt: skip
    """Yields rows of turns, at most `n`: fewer where a turn asks back or nothing is found.

    Raises:
        NotFittedError: the workspace's tools are not fitted.
    """
    catalogue = workspace.catalogue()
    view, names, wording = (
        own_view(catalogue, today, voice.names),
        OwnNames(catalogue, voice.names),
        Wording(voice.wording),
    )
    heard = Overheard()
    with (
        tempfile.TemporaryDirectory() as scratch,
        agent_over(
            workspace, Path(scratch), "turns", question, client=heard, explore="always", max_questions=0
        ) as agent,
    ):
        for number in range(n):
            heard.first.clear()
            draft = Draft(rng, view, names, wording, Context())
            message, _ = draft.finish(rng.choice((request, request, like_title, judging_then_asking))(draft))
            reply = agent.chat(message, user_id=f"turn{number}", thread_id="one")
            tell(number + 1)
            sent = heard.first.get(_SHAPE[task])
            kind, answer = _plan(reply) if task == "plan" else _words(reply, rng)
            if sent is None or not answer:
                continue
            source = "controller" if task == "plan" else "renderer"
            yield Row(
                id=f"{voice.part}-{number}",
                task=task,
                part=voice.part,
                source=source,
                synthetic=True,
                kind=kind,
                message=message,
                messages=chat(sent),
                answer=answer,
            )


def _plan(reply: Reply) -> tuple[str, str]:
    """Returns whether the controller explored, and what first, as a model is to say it."""
    explored = next(
        (
            step.arguments["attribute"]
            for step in reply.trace
            if step.tool == "explore" and "attribute" in step.arguments
        ),
        None,
    )
    if explored is None:
        return "stop", dumped({"calls": [], "stop": True})
    name, _, value = str(explored).partition("=")
    return "explore", dumped({"calls": [{"tool": "explore", "field": name, "value": value[:80]}], "stop": False})


def _words(reply: Reply, rng: Random) -> tuple[str, str]:
    """Returns the kinds of reasons that a slate is worded by, and the slate in words: a sentence that leads in, a line an item, facts in slots."""
    told = [_told(item) for item in reply.items]
    lines = [
        f"{place}. [[item:{item.id}]]: {', '.join(reasons) or 'worth a look'}."
        for place, (item, reasons) in enumerate(zip(reply.items, told, strict=True), 1)
    ]
    kinds = sorted({kind for reasons in told for kind in reasons.values()})
    return ", ".join(kinds) or "no reason", "\n".join([rng.choice(LEADS), *lines]) if lines else ""


def _told(item: ReplyItem) -> dict[str, str]:
    """Returns an item's strongest reasons in words, each with its kind."""
    told: dict[str, str] = {}
    for reason in item.reasons:
        said = _reason(item, reason) if reason.weight > 0 and len(told) < _REASONS else ""
        if said:
            told.setdefault(said, reason.kind)
    return told


def _reason(item: ReplyItem, reason: Reason) -> str:
    """Returns a reason in words, the fact that it rests on as a slot."""
    fields = [
        source.removeprefix(f"item:{item.id}.")
        for source in (proof.source for proof in reason.evidence)
        if source.startswith(f"item:{item.id}.")
    ]
    if (
        reason.kind in ("attribute", "constraint", "exploration")
        and fields
        and fields[0] in item.facts
        and fields[0] not in ("title", "description")
    ):
        return f"{fields[0].replace('_', ' ')} [[fact:{item.id}.{fields[0]}]]"
    return SAID.get(reason.kind, "")


def reply_slots(text: str) -> set[tuple[str, str]]:
    """Returns the slots of a text, as `(item or fact, id and field)`."""
    found: set[tuple[str, str]] = set()
    for part in text.split("[[")[1:]:
        kind, colon, rest = part.partition("]]")[0].partition(":")
        if colon and kind in ("item", "fact"):
            found.add((kind, rest.strip()))
    return found


def document_slots(document: dict[str, Any]) -> set[tuple[str, str]]:
    """Returns the slots that a prompt's document allows."""
    items = document.get("items", [])
    return {("item", str(item["id"])) for item in items} | {
        ("fact", f"{item['id']}.{name}") for item in items for name in item.get("facts", {})
    }


def sent_document(row: Row) -> dict[str, Any]:
    """Returns the document that a row's prompt holds."""
    found: dict[str, Any] = json.loads(row.messages[-1].content)
    return found
