"""Turns that are about the memory itself: asking it, taking something out of it, pausing it."""

import re

from convrec.agent.memory.learning import Patch
from convrec.agent.memory.memory import Remembered
from convrec.agent.memory.questions import LEAST, Question, asked_of_memory
from convrec.agent.state import DialogueState, Plan, TurnState
from convrec.agent.turn import Turn
from convrec.core.profile import ProfileEntry
from convrec.core.text import fold

_MOST = 8  # items recalled at once
_PAUSE = re.compile(
    r"^(?:please |can you |could you )?(?:pause|suspend|stop|turn off|switch off|disable) (?:your |the |my )?(?:memory|remembering(?: (?:things|anything|me|stuff))?|learning(?: about me)?)\b"
    r"|\b(?:do not|don'?t) (?:remember|save|store|keep|note|learn) (?:any(?:thing)?(?: of this)?|what i (?:say|tell you|write)|things)(?: (?:about me|from now on|for now|now|today))*[.! ]*$|\bgo incognito\b"
)
_RESUME = re.compile(
    r"^(?:please |ok |you can |you may |can you )*(?:resume|unpause|turn on|switch on|enable) (?:your |the |my )?(?:memory|remembering|learning)\b|\byou (?:can|may) remember (?:things |me )?again\b|\bstart remembering(?: again| things)?\b"
)
_FORGET_THAT = re.compile(
    r"^(?:(?:no|oh|wait|actually|please|sorry|hmm|ok|and|no wait)[, ]+)*(?:(?:please |you can |just )*(?:forget|delete|erase|unlearn|scratch)|(?:don'?t|do not) (?:remember|keep|save|store)) (?:that|this|it|what i (?:just )?(?:said|told you|wrote))(?: (?:again|please|fact|about me|bit))*[.! ]*$"
)
_FORGET_FACT = re.compile(
    r"\b(?:forget|delete|erase|unlearn|remove) (?P<what>(?:that |where |what |who |when |how |about |the fact that )?(?:i|i'm|im|my|we|our)\b.*|(?:that|the thing|everything|all|what you know|what i said) about (?:my|our)\b.*)"
)


def about_memory(state: TurnState, turn: Turn) -> Plan | None:
    """Returns the plan for a message that is about the memory, and notes what it takes out; None for any other message."""
    folded = fold(state["text"])
    if _PAUSE.search(folded):
        turn.pausing = True
        return Plan(action="edit", note="pause")
    if _RESUME.search(folded):
        turn.pausing = False
        return Plan(action="edit", note="resume")
    unsaid = _FORGET_THAT.search(folded) is not None
    gone = tuple(entry.id for entry in (_just_taught(state) if unsaid else _meant(state, turn, folded)))
    if gone:
        turn.patch = Patch(removed=gone)
        return Plan(action="edit", note="unsay" if unsaid else "unlearn", forgotten=gone)
    return None if turn.paused else _asked(state, turn)


def _just_taught(state: TurnState) -> tuple[ProfileEntry, ...]:
    """Returns the entries that the turn before taught."""
    place = (state["thread_id"], state["state"].turn)
    return tuple(entry for entry in state["profile"] if (entry.thread_id, entry.turn) == place)


def _meant(state: TurnState, turn: Turn, folded: str) -> tuple[ProfileEntry, ...]:
    """Returns the fact that a message wants forgotten, if it speaks of one."""
    fact = _FORGET_FACT.search(folded)
    if fact is None or any(p.facet not in ("text", "item") for p in state["understanding"].preferences):
        return ()
    near = {one.source for one in turn.house.memory.told(state["user_id"], fact["what"])[:1] if one.score >= LEAST}
    return tuple(entry for entry in state["profile"] if entry.about and f"profile:{entry.id}" in near)


def without_last(before: DialogueState) -> DialogueState:
    """Returns the thread's state without what its last turn wished."""
    return before.model_copy(
        update={
            "held": tuple(wish for wish in before.held if wish.turn != before.turn),
            "constraints": tuple(demand for demand in before.constraints if demand.turn != before.turn),
        }
    )


def _asked(state: TurnState, turn: Turn) -> Plan | None:
    """Returns the plan for a question to the memory; None for another, or where nothing that was told fits it."""
    house, user_id = turn.house, state["user_id"]
    asked = asked_of_memory(state["text"], house.clock.now())
    if asked is None:
        return None
    found = _remembered(asked, state, turn)
    if found is None or (asked.matter != "shown" and asked.when is None and not found.item_ids):
        turn.told = tuple(one for one in house.memory.told(user_id, state["text"]) if one.score >= LEAST)[:1]
        return Plan(action="answer", note="told") if turn.told else None
    if found.at is None or not found.item_ids:
        return Plan(action="chat", note="nothing_then")
    named = found.item_ids[:_MOST]
    return Plan(
        action="recommend", named=named, count=len(named), note=f"{asked.matter}_then", since=found.at.isoformat()
    )


def _remembered(asked: Question, state: TurnState, turn: Turn) -> Remembered | None:
    """Returns the items that a question asks for; None where it asks for no items."""
    memory, user_id = turn.house.memory, state["user_id"]
    match asked.matter:
        case "told":
            return None
        case "shown":
            return memory.shown(user_id, asked, state["thread_id"])
        case _:
            return memory.judged(user_id, asked)
