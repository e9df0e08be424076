"""What a turn will do: one typed plan from what was heard and what the thread holds."""

import re

from convrec.agent.state import DialogueState, Plan
from convrec.core.text import fold
from convrec.core.understanding import Understanding

FORGET = "forget"  # the facet of the question that asks back before everything is forgotten
DROP = "constraint"  # the facet of the question which demand to let go
_YES = re.compile(r"^(yes|yeah|yep|sure|ok|okay|please do|do it|go ahead|forget (me|everything|it all))\b")
_AVAILABLE = re.compile(
    r"\b(have|got|find|show|there|search|looking for|stock|carry|get me|put on|pull up|want|see|watch|read|play|buy|try)\b"
)
_WANTS = {"request", "state_preference", "critique", "answer", "reject", "already_seen"}
_TALK = {"greet", "thank", "bye", "other", "accept"}


def decide(heard: Understanding, before: DialogueState, text: str, fields: tuple[str, ...]) -> Plan:
    """Returns the plan. `before` is the thread's state before the message; `fields` are the facts that it asks for."""
    acts: set[str] = set(heard.acts)
    about = tuple(item for reference in heard.references for item in reference.item_ids)
    if before.question is not None and before.question.facet == FORGET and _YES.search(fold(text)):
        return Plan(action="forget", note="confirmed")
    if "edit_profile" in acts:
        return Plan(action="edit", note="unlearn" if "forget" in acts else "remember" if heard.preferences else "show")
    if "forget" in acts:
        return Plan(action="forget", note="ask")
    if "compare" in acts:
        return Plan(action="compare", about=_several(about, before))
    if "ask_why" in acts and before.shown:
        return Plan(action="explain", about=_about(heard, before))
    wants = bool(acts & _WANTS) or heard.filter is not None or any(p.polarity > 0 for p in heard.preferences)
    named = _named(heard)
    if named and not fields and _AVAILABLE.search(fold(text)):
        return Plan(action="recommend", named=named)
    if "ask_item" in acts and (about or before.focus or before.shown) and not _searches(heard, acts):
        return Plan(action="answer", about=_about(heard, before), fields=fields)
    if named:
        return Plan(action="recommend", named=named)
    if wants:
        return Plan(
            action="recommend", about=about if "ask_item" in acts else (), fields=fields if "ask_item" in acts else ()
        )
    return Plan(action="chat", note=next((act for act in heard.acts if act in _TALK), "other"))


def _searches(heard: Understanding, acts: set[str]) -> bool:
    """Tells whether a question about an item also asks for items."""
    return heard.filter is not None or bool(acts & {"request", "critique"} and (heard.preferences or _named(heard)))


def _named(heard: Understanding) -> tuple[str, ...]:
    """Returns the items asked for by their names: titles mentioned that are no example, and not put aside."""
    examples = {p.item_id for p in heard.preferences if p.item_id}
    if not {"request", "ask_item"} & set(heard.acts) or {"already_seen", "reject"} & set(heard.acts):
        return ()
    titles = [r for r in heard.references if r.kind == "title" and not set(r.item_ids) & examples]
    return tuple(dict.fromkeys(item for reference in titles for item in reference.item_ids))


def _about(heard: Understanding, before: DialogueState) -> tuple[str, ...]:
    """Returns the items meant: those pointed at, else the one last talked about, else the first shown."""
    pointed = tuple(r.item_ids[0] if r.kind == "title" else item for r in heard.references for item in r.item_ids)
    return tuple(dict.fromkeys(pointed)) or before.focus[-1:] or before.shown[:1]


def _several(about: tuple[str, ...], before: DialogueState) -> tuple[str, ...]:
    distinct = tuple(dict.fromkeys(about))
    if len(distinct) >= 2:
        return distinct[:4]
    others = tuple(item for item in before.shown if item not in distinct)
    return (*distinct, *others)[:2] if distinct or before.shown else ()
