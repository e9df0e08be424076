"""What a turn will do: one typed plan from what was heard and what the thread holds."""

import re

from rapidfuzz.fuzz import partial_ratio

from convrec.agent.compact.acts import tells_of_oneself
from convrec.agent.compact.message import Message
from convrec.agent.compact.numerals import NUMBERS
from convrec.agent.state import DialogueState, Plan
from convrec.core.text import fold
from convrec.core.understanding import Understanding

FORGET = "forget"  # the facet of the question that asks back before everything is forgotten
UNKNOWN_FACT = "unknown_fact"
DROP = "constraint"  # the facet of the question which demand to let go
_YES = re.compile(r"^(yes|yeah|yep|sure|ok|okay|please do|do it|go ahead|forget (me|everything|it all))\b")
_AVAILABLE = re.compile(
    r"\b(have|got|find|show|there|search|looking for|stock|carry|get me|put on|pull up|want|see|watch|read|play|buy|try)\b"
)
_HAVE_YOU = re.compile(
    r"(?:\b(?:do|did) you (?:have|carry|stock|sell)|\bhave you got)(?! (?:any|some|anything|something|more|others?|a|an|one|it)\b) [\"'“‘]?\w"
    r"|\bis there (?:a |an |any )?\w* ?(?:called|named)\b"
)
_LIKE_WHAT = re.compile(  # in the text as it is written: a name has a capital
    r"\b(?:[Ss]ome?thing|[Aa]nything|[a-z]+s|one) (?:[a-z]+ )?(?:like|similar to) [\"'“‘]?(?:(?:The|An?) )?[A-Z]\w"
)
_ASK_ME = re.compile(r"(?<!don't )(?<!dont )(?<!not )(?<!dare )(?<!stop )\bask (me|us)\b|\bquiz me\b")
_NO_QUESTIONS = re.compile(
    r"\b(?:no|without|enough|skip the|stop the) (?:more |further )?questions\b|\b(?:don.?t|do not|stop|quit) (?:you dare )?(?:keep )?ask(?:ing)?\b(?! for\b)|\bshut up\b|\btoo tired for questions\b"
)
_MEASURED_BY = re.compile(r"\b(than|like|as|before|after|since)\s*[\"'“‘(]*$")
_OVERVIEW = re.compile(
    r"\b(about|plot|story|synopsis|tell (me|us) more|more (on|info)|describe|summary|what is|whats|what's|(?:is|was) .{1,60} the one (?:that|which|with|who))\b"
)
_NUMBER = rf"(?P<n>[1-9]|10|{'|'.join(word for word, number in NUMBERS.items() if 1 <= number <= 10)})"
_COUNT = re.compile(
    rf"(?:\b(?:give|show|find|get|name|list|recommend|suggest|tell|want|need) (?:me |us )?(?:just |only |the |your |top |best )*|\b(?:just|only|top) (?:the )?|^)"
    rf"{_NUMBER}\b(?! (?:hours?|minutes?|people|players|stars?|euros?|dollars?|years?|persons?|guests?|kids|%|with|that|by|from|about|like|in\b))"
)
_NAMED_AS = 80  # of 100: how much of a title the words of a message must have to name it
_WANTS = {"request", "state_preference", "critique", "answer", "reject", "already_seen"}
TOLD = "told_of_oneself"
"""The note of a plan for a message that says who somebody is, what they have or do, and no more."""
_TALK = {"greet", "thank", "bye", "other", "accept"}


def decide(heard: Understanding, before: DialogueState, text: str, fields: tuple[str, ...]) -> Plan:
    """Returns the plan. `before` is the thread's state before the message; `fields` are the facts that it asks for."""
    acts, folded = set[str](heard.acts), fold(text)
    if before.question is not None and before.question.facet == FORGET and _YES.search(folded):
        return Plan(action="forget", note="confirmed")
    if "edit_profile" in acts:
        return Plan(action="edit", note="unlearn" if "forget" in acts else "remember" if heard.preferences else "show")
    if "forget" in acts:
        return Plan(action="forget", note="ask")
    about = _about_items(heard, before, acts, folded, fields)
    return about or _search(heard, before, acts, text, fields).model_copy(update={"count": counted(folded)})


def presented(plan: Plan, before: DialogueState, title: str, text: str) -> Plan:
    """Returns the plan with the item that it answers about shown, where the person named it by less than its `title` and never saw it."""
    if plan.action != "answer" or len(plan.about) != 1 or plan.about[0] in before.ever_shown | {*before.mentioned}:
        return plan
    return plan if is_named(title, text) else plan.model_copy(update={"action": "recommend", "named": plan.about})


def is_named(title: str, text: str) -> bool:
    """Tells whether a message has a title, or nearly all of it."""
    return bool(partial_ratio(fold(title), fold(text)) >= _NAMED_AS)


def wants_quiet(text: str, before: bool) -> bool:
    """Tells whether the person wants no questions: they said so now, or `before` and have not asked for one since."""
    folded = fold(text)
    return bool(_NO_QUESTIONS.search(folded)) or (before and not _ASK_ME.search(folded))


def counted(folded: str) -> int | None:
    """Returns how many items the message asks for: "give me two", "just one", "3 comedies"; None where it does not say."""
    match = _COUNT.search(folded)
    return None if match is None else NUMBERS.get(match["n"]) or int(match["n"])


def _about_items(
    heard: Understanding, before: DialogueState, acts: set[str], folded: str, fields: tuple[str, ...]
) -> Plan | None:
    """Returns the plan for a question about items; None when the message asks for items instead."""
    about = _pointed(heard)
    if "compare" in acts:
        return Plan(action="compare", about=_several(about, before))
    if "ask_why" in acts and before.shown:
        asked = fields if "ask_item" in acts else ()
        return Plan(action="explain", about=about or before.focus[-1:] or before.shown[:1], fields=asked)
    meant = about or before.focus[-1:] or before.shown[:1]
    by_name = _named(heard, before, folded) and not fields and _AVAILABLE.search(folded)
    if "ask_item" not in acts or not meant or by_name or _also_searches(heard, acts):
        return None
    return Plan(
        action="answer", about=meant, fields=fields, note="" if fields or _OVERVIEW.search(folded) else UNKNOWN_FACT
    )


def _search(heard: Understanding, before: DialogueState, acts: set[str], text: str, fields: tuple[str, ...]) -> Plan:
    """Returns the plan for a message that asks for items, or for small talk."""
    folded = fold(text)
    named = _named(heard, before, folded)
    if named:
        return Plan(action="recommend", named=named)
    if _ASK_ME.search(folded):
        return Plan(action="ask")
    wished = any(p.polarity > 0 for p in heard.preferences if p.facet != "item" or "accept" not in acts)
    if acts & _WANTS or heard.filter is not None or wished:
        asked = _pointed(heard) if "ask_item" in acts else ()
        return Plan(action="recommend", about=asked, fields=fields if asked else (), note=_unknown_title(heard, text))
    note = next((act for act in heard.acts if act in _TALK), "other")
    return Plan(action="chat", note=TOLD if note == "other" and tells_of_oneself(Message(text)) else note)


def _also_searches(heard: Understanding, acts: set[str]) -> bool:
    """Tells whether a question about an item asks for items, too."""
    return heard.filter is not None or bool(acts & {"request", "critique"} and heard.preferences)


def _unknown_title(heard: Understanding, text: str) -> str:
    """Returns a note when something was asked for, or taken for an example, by a name that no item bears."""
    only_words = heard.filter is None and {p.facet for p in heard.preferences if p.polarity > 0} <= {"text"}
    example = not any(r.item_ids for r in heard.references) and _LIKE_WHAT.search(text)
    return "unknown_title" if only_words and (example or _HAVE_YOU.search(fold(text))) else ""


def _named(heard: Understanding, before: DialogueState, folded: str) -> tuple[str, ...]:
    """Returns the items asked for: titles that are no example, no measure of others, and not put aside; or shown ones pointed at.

    A shown item that is named beside a wish is remarked on, not asked for: "Heat is a bit dated, anything newer?".
    """
    acts = set(heard.acts)
    if not {"request", "ask_item"} & acts or {"already_seen", "reject"} & acts:
        return ()
    examples = {p.item_id for p in heard.preferences if p.item_id}
    remarked = examples | (before.ever_shown if heard.preferences or heard.filter is not None else frozenset())
    titles = [r for r in heard.references if r.kind == "title" and not set(r.item_ids) & remarked]
    asked = [r for r in titles if not _MEASURED_BY.search(folded[: r.span[0]])]
    if not heard.preferences and heard.filter is None:
        asked += [r for r in heard.references if r.kind in ("ordinal", "description") and "ask_item" not in acts]
    return tuple(dict.fromkeys(item for reference in asked for item in reference.item_ids))


def _pointed(heard: Understanding) -> tuple[str, ...]:
    """Returns the items pointed at, of an ambiguous title the likeliest."""
    firm = [
        r for r in heard.references if r.kind != "pronoun"
    ] or heard.references  # "the second: who is in it?" is one item
    pointed = (item for r in firm for item in (r.item_ids[:1] if r.kind == "title" else r.item_ids))
    return tuple(dict.fromkeys(pointed))


def _several(about: tuple[str, ...], before: DialogueState) -> tuple[str, ...]:
    """Returns the items to compare: those pointed at, filled up from those talked about, or from the slate where only one was."""
    if len(about) >= 2:
        return about[:4]
    talked = before.focus[-2:] if len(before.focus) > 1 - len(about) else before.shown
    others = tuple(item for item in talked if item not in about) or before.shown
    return (*about, *others)[:2]
