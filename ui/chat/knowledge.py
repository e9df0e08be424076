"""What a person changes of what is known about them: corrected, weighed, paused, taken out."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from convrec.core.errors import InputError

if TYPE_CHECKING:
    from convrec.agent.agent import Agent

CHANGES = ("correct", "weigh", "rest", "use", "drop")


def change(agent: "Agent", user_id: str, pressed: Mapping[str, str]) -> None:
    """Makes one change, `pressed["do"]`, to the entry `pressed["entry"]`. A weight of 0 lets it rest.

    Raises:
        InputError: the entry is not there any more, or what it is changed to is not right.
    """
    entry = pressed.get("entry", "")
    if pressed["do"] == "drop":
        agent.edit_profile(user_id, remove=[entry])
        return
    agent.edit_profile(user_id, update=[{"id": entry, **_changed(pressed)}])


def _changed(pressed: Mapping[str, str]) -> dict[str, Any]:
    match pressed["do"]:
        case "weigh":
            weight = _number(pressed.get("value", ""))
            return {"weight": weight, "paused": False} if weight else {"paused": True}
        case "rest" | "use" as what:
            return {"paused": what == "rest"}
        case _:
            value = {"value": pressed["value"]} if "value" in pressed else {}
            return {**value, "polarity": -1 if pressed.get("polarity") == "-1" else 1}


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise InputError(f"{text!r} is no weight.", "Give one from 0 to 1.") from error
