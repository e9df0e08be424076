"""Items that were deleted while a thread spoke of them: what it holds and what a message points at keeps to those that are there."""

from convrec.agent.state import DialogueState, Plan
from convrec.catalogue.catalogue import Catalogue
from convrec.core.understanding import Understanding


def held_of_those_there(state: DialogueState, catalogue: Catalogue) -> DialogueState:
    """Returns the state without deleted items; slates keep theirs, so that "the second" stays the second."""
    held = tuple(
        wish.model_copy(update={"than": _there(wish.than, catalogue)})
        for wish in state.held
        if wish.preference.item_id is None or catalogue.row(wish.preference.item_id) is not None
    )
    kept = {"focus": _there(state.focus, catalogue), "accepted": _there(state.accepted, catalogue), "held": held}
    return state.model_copy(update=kept)


def heard_of_those_there(heard: Understanding, catalogue: Catalogue) -> Understanding:
    """Returns what was heard; words that point at deleted items alone point at nothing that the catalogue has."""
    references = tuple(one.model_copy(update={"item_ids": _there(one.item_ids, catalogue)}) for one in heard.references)
    preferences = tuple(
        one for one in heard.preferences if one.item_id is None or catalogue.row(one.item_id) is not None
    )
    return heard.model_copy(update={"references": references, "preferences": preferences})


def planned_of_those_there(plan: Plan, catalogue: Catalogue) -> Plan:
    """Returns the plan without deleted items."""
    return plan.model_copy(update={"about": _there(plan.about, catalogue), "named": _there(plan.named, catalogue)})


def _there(item_ids: tuple[str, ...], catalogue: Catalogue) -> tuple[str, ...]:
    return tuple(item for item in item_ids if catalogue.row(item) is not None)
