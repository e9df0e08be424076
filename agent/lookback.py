"""What a turn does that asks for what was before it: items suggested or liked at some time, or what the person told."""

from convrec.agent.memory.questions import LEAST, asked_of_memory
from convrec.agent.state import Plan, TurnState
from convrec.agent.turn import Turn

_MOST = 8  # items recalled at once


def asked_back(state: TurnState, turn: Turn) -> Plan | None:
    """Returns the plan for a message that asks the memory; None where it asks for something else, or nothing fits."""
    house, user_id = turn.house, state["user_id"]
    asked = asked_of_memory(state["text"], house.clock.now())
    if asked is None or turn.paused:
        return None
    if asked.matter == "told":
        turn.told = tuple(one for one in house.memory.told(user_id, state["text"]) if one.score >= LEAST)[:2]
        return Plan(action="answer", note="told") if turn.told else None
    found = (
        house.memory.shown(user_id, asked, state["thread_id"])
        if asked.matter == "shown"
        else house.memory.judged(user_id, asked)
    )
    if found.at is None or not found.item_ids:
        return Plan(action="chat", note="nothing_then")
    named = found.item_ids[:_MOST]
    return Plan(
        action="recommend", named=named, count=len(named), note=f"{asked.matter}_then", since=found.at.isoformat()
    )
