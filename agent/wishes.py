"""How one message changes what a thread holds: demands are added, replaced or let go; wishes fade; items are put aside."""

import re
from collections.abc import Callable, Iterable

from convrec.agent.compact.degrees import is_degree
from convrec.agent.releases import conjuncts, freed, lifted, permitted, values_of
from convrec.agent.state import Constraint, DialogueState, HeldWish
from convrec.agent.wording import adds_up, bounds, demand
from convrec.catalogue.schema import Schema
from convrec.core.predicate import Comparison, Not, Predicate, every, fields_of
from convrec.core.reply import Question
from convrec.core.text import fold
from convrec.core.understanding import Preference, Understanding

_MORE_OF_IT = re.compile(
    r"\b(also|still|too|as well|plus|in addition|on top of that)\b|^and (?!what about|how about|now)|\b(?!the|those|these|other|different)\w+ ones( only)?\b"
)
_START_AFRESH = re.compile(
    r"\bstart (over|afresh|again)\b|\bfrom scratch\b|\bback to (?:my|our) (?:own |usual )?(?:taste|usual|self|stuff|things)\b|\bfor me again\b|\bnow (?:for )?me\b|\b(completely|totally|entirely) (different|else)\b"
    r"|\bforget (all )?(that|it|this|the rest)\s*($|[.,!;:])|\bnever ?mind (all )?(that|it)\b"
)
_NEXT_ERRAND = re.compile(  # somebody, or some day, that what follows is for
    r"\b(?:and|now|next|then|also|plus) (?:\w+ ){0,3}?(?:one|something|smth|sth|somewhere|somethin|an? \w+|another|what|what about) for (?:my|our|the|his|her|a) \w+"
    r"|\b(?:one|1) (?:more|other|last) (?:thing|question|errand)\b|\b(?:another|the other|a different) (?:thing|matter|occasion|errand|one for)\b|\b(?:now|next) (?:i|we) (?:also |still )?(?:want|need|have)\b"
    r"|\b(?:now|next),? (?:up,? )?(?:for )?(?:my|our) \w+"
)
_DONE = re.compile(
    r"\b(?:that.?s|that is|i.?m|we.?re|all) (?:me |us |all |him |her |them |that |(?:the|my) \w+ ){0,2}(?:sorted|settled|done|taken care of)\b"
)
_CLOSES = re.compile(
    r"^(?:right|okay|ok|good|great|perfect|fine|lovely|alright|cool|super|thanks|thank you|cheers)\b(?! (?:for|as)\b)"
)
_CHANGE_OF_MIND = re.compile(
    r"\b(then|instead|rather|actually|now|scratch that|correction|sorry|i mean(t)?|what about|how about|switch|change|second thought|(some|any)thing else|other way)\b"
    r"|\b(want|need|give me|show me|looking for|find me|recommend|suggest|got any|have any|do you have|in the mood for|feel like)\b"
)
_NARROWS = re.compile(r"(?:(?:ok|okay|so|well|right|hm+),? )?(?:an? )?\w+(?:ed|ish|ous)(?:,? then)? ?[.!]*")
"""A quality by itself, which what stands is to have, too: "animated then"."""
_TURNS = re.compile(
    r"\b(then|instead|rather|actually|scratch that|correction|i mean(t)?|what about|how about|switch|second thought)\b"
)
_SOMETHING_LIKE = re.compile(
    r"\b(something|anything|one|similar|more|\w+s) (like|similar to|along the lines of|in the vein of)\b"
)
_FADED = 40  # turns after which nothing is left of a soft wish's weight
_REMEMBERED = 200  # wishes, and items taken or named, that a thread carries; what was rejected or seen it never loses
_FLAGS = {"true", "false"}  # say nothing of what they are said of
_ANSWER = 6  # words of a message that a value in it answers the question with; in a longer one it is asked for
_BARE = 2  # words of a message that is a wish and nothing else: "horror", "a comedy"
Matches = Callable[[Predicate | None], bool]
Together = Callable[[Predicate, Predicate], bool]


def absorb(
    state: DialogueState, heard: Understanding, text: str, turn: int, schema: Schema, matches: Matches = lambda _: True
) -> DialogueState:
    """Returns the thread's state after the message: its demands, wishes, and items put aside (slates come later).

    `matches` tells whether any item meets a predicate: a value that no item has together with an older one replaces it.
    """
    folded = fold(text)
    if _START_AFRESH.search(folded):
        state = state.model_copy(
            update={
                "constraints": (),
                "order": None,
                "held": tuple(h for h in state.held if h.preference.polarity < 0),
            }
        )
    if _is_new_errand(state, heard, folded):
        lasting = tuple(h for h in state.held if h.preference.scope == "lasting")
        state = state.model_copy(update={"constraints": (), "order": None, "held": lasting})
    state = freed(state, text, schema)
    constraints = lifted(state.constraints, permitted(heard, text), schema)
    order = state.order
    if _new_anchor(state, heard, folded):
        constraints, order = tuple(c for c in constraints if isinstance(c.predicate, Not)), None
    if order is not None and order.facet in fields_of(heard.filter):
        order = None  # "something dearer" after "the cheapest"
    order = heard.order or order
    change = bool(_CHANGE_OF_MIND.search(folded)) or len(folded.split()) <= _BARE
    change = change and not _MORE_OF_IT.search(folded) and not _NARROWS.fullmatch(folded)

    turns = bool(_TURNS.search(folded)) and not _MORE_OF_IT.search(folded)

    def together(old: Predicate, new: Predicate) -> bool:
        """Tells whether an older demand stays beside a new one; of another kind, it goes where the mind turned and nothing has both.

        "I mean directed by him" takes the same name back from its other role.
        """
        if fields_of(old) == fields_of(new):
            others = every(new, *(c.predicate for c in constraints if c.predicate != old))
            blocks = matches(others) and not matches(
                every(others, old)
            )  # nothing is left with it that would be without it
            return not change and matches(every(old, new)) and not blocks
        return not turns or (not (values_of(old) & values_of(new)) - _FLAGS and matches(every(old, new)))

    for predicate in conjuncts(heard.filter):
        kept = (old for old in constraints if not _rules_out(old, predicate, turn, schema, matches))
        asked = state.question if len(folded.split()) <= _ANSWER else None
        constraints = _demanded(tuple(kept), predicate, turn, together, schema, asked)
    said = (p for p in heard.preferences if heard.order is None or p.facet != heard.order.facet or p.strength == "hard")
    held = _held(state.held, said, turn)
    held = tuple(h for h in held if not _contradicted(h.preference, heard.filter))
    held = tuple(h for h in held if h.preference.item_id or turn - h.turn <= _FADED)[-_REMEMBERED:]
    changed = {"turn": turn, "constraints": constraints, "order": order, "held": held}
    changed |= {"ordered": turn} if heard.order is not None else {}
    state = _set_aside(state.model_copy(update=changed), heard)
    return state.model_copy(update={"held": tuple(_compared(h, state, text) for h in state.held)})


def _is_new_errand(state: DialogueState, heard: Understanding, folded: str) -> bool:
    """Tells whether the message wishes for somebody, or some day, else, when what was looked for before has been found."""
    closed = _DONE.search(folded) is not None or (bool(state.shown) and _CLOSES.search(folded) is not None)
    found = closed or "accept" in heard.acts or bool({*state.accepted[-1:]} & {*state.shown})
    wished = heard.filter is not None or any(p.polarity > 0 and p.facet != "item" for p in heard.preferences)
    return found and wished and _NEXT_ERRAND.search(folded) is not None


def _new_anchor(state: DialogueState, heard: Understanding, folded: str) -> bool:
    """Tells whether the message turns to something like an item that was not among those shown: a search of its own."""
    liked = {p.item_id for p in heard.preferences if p.item_id and p.polarity > 0}
    return bool(liked - state.ever_shown) and bool(_SOMETHING_LIKE.search(folded))


def _demanded(
    constraints: tuple[Constraint, ...],
    predicate: Predicate,
    turn: int,
    together: Together,
    schema: Schema,
    asked: Question | None,
) -> tuple[Constraint, ...]:
    """Adds a demand; an older one of its kind gives way."""
    kept = [c for c in constraints if not _gives_way(c, predicate, turn, together, schema)]
    answered = asked is not None and fields_of(predicate) == {asked.facet} and not isinstance(predicate, Not)
    return (*kept, Constraint(predicate=predicate, label=demand(predicate, schema), turn=turn, answered=answered))


def _rules_out(old: Constraint, new: Predicate, turn: int, schema: Schema, matches: Matches) -> bool:
    """Tells whether a value is wished in place of an older one that would be wished beside it, if only any item had both: another dish."""
    if (
        old.turn == turn
        or isinstance(old.predicate, Not)
        or isinstance(new, Not)
        or fields_of(old.predicate) != fields_of(new)
    ):
        return False
    return all(adds_up(schema.field(name)) for name in fields_of(new)) and not matches(every(old.predicate, new))


def _gives_way(old: Constraint, new: Predicate, turn: int, together: Together, schema: Schema) -> bool:
    if old.predicate == new:
        return True
    old_negative, new_negative = isinstance(old.predicate, Not), isinstance(new, Not)
    if fields_of(old.predicate) != fields_of(new):
        return not (old_negative or new_negative) and old.turn < turn and not together(old.predicate, new)
    if old_negative or new_negative:
        return old_negative != new_negative and bool(values_of(old.predicate) & values_of(new))
    if old.turn == turn:
        return False
    fields = [schema.field(name) for name in fields_of(new)]
    numeric = all(field.measured for field in fields)
    if all(adds_up(field) for field in fields):
        return False
    return _range_gives_way(old.predicate, new) if numeric else not together(old.predicate, new)


def _range_gives_way(old: Predicate, new: Predicate) -> bool:
    """A new range replaces any old one; a new bound leaves an old bound of the other kind that it does not contradict."""
    if not (isinstance(old, Comparison) and isinstance(new, Comparison)):
        return True
    old_range, new_range = bounds(old), bounds(new)
    if old_range is None or new_range is None:
        return True
    (old_low, old_high), (new_low, new_high) = old_range, new_range
    if new_low is not None and new_high is None and old_low is None and old_high is not None:
        return new_low > old_high
    if new_high is not None and new_low is None and old_high is None and old_low is not None:
        return new_high < old_low
    return True


def _held(held: tuple[HeldWish, ...], preferences: Iterable[Preference], turn: int) -> tuple[HeldWish, ...]:
    """Takes in soft wishes and named items; a wish about the same thing replaces the older one."""
    for new in preferences:
        if new.strength == "hard" and new.facet not in ("item", "text"):
            continue
        same = {(new.facet, new.item_id or fold(new.value))}
        held = tuple(
            h for h in held if (h.preference.facet, h.preference.item_id or fold(h.preference.value)) not in same
        )
        held = (*held, HeldWish(preference=new, turn=turn))
    return held


def _compared(held: HeldWish, state: DialogueState, text: str) -> HeldWish:
    """Returns the wish with what it is measured from, where the message of this turn asks for more or less of something: the items
    that it likes, else the one talked about last, else all that were shown.
    """
    wish = held.preference
    if held.turn != state.turn or wish.item_id:
        return held
    if not is_degree(fold(text[: wish.span[0]]), fold(wish.value)):
        return held
    liked = (h.preference for h in state.held if h.turn == state.turn and h.preference.polarity > 0)
    than = tuple(p.item_id for p in liked if p.item_id) or state.focus[-1:] or state.shown
    return held.model_copy(update={"than": than})


def _contradicted(wish: Preference, demands: Predicate | None) -> bool:
    """Tells whether a demand of this message rules out what an older soft wish asked for."""
    for part in conjuncts(demands):
        if (
            isinstance(part, Not)
            and wish.polarity > 0
            and fields_of(part) == {wish.facet}
            and fold(wish.value) in values_of(part)
        ):
            return True
    return False


def _set_aside(state: DialogueState, heard: Understanding) -> DialogueState:
    """Notes which items were rejected, seen, accepted or named."""
    referred = tuple(item for reference in heard.references for item in reference.item_ids[:1] or ())
    pointed = tuple(i for r in heard.references for i in (r.item_ids if r.kind != "title" else r.item_ids[:1]))
    liked = {p.item_id for p in heard.preferences if p.item_id and p.polarity > 0}
    rejected = [p.item_id for p in heard.preferences if p.item_id and p.polarity < 0]
    seen: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()
    if "already_seen" in heard.acts:
        seen = pointed or state.focus[-1:] or state.shown
    elif "reject" in heard.acts:
        wishes_only = any(p.item_id is None for p in heard.preferences) or heard.filter is not None
        rejected += [i for i in pointed or (() if wishes_only else state.shown) if i not in liked]
    elif "accept" in heard.acts:
        accepted = pointed or state.focus[-1:] or (state.shown if len(state.shown) == 1 else ())
    titles = tuple(r.item_ids[0] for r in heard.references if r.kind == "title" and r.item_ids)
    return state.model_copy(update={
        "rejected": _appended(tuple(i for i in state.rejected if i not in liked), rejected), "seen": _appended(state.seen, seen),
        "accepted": _appended(state.accepted, accepted)[-_REMEMBERED:], "mentioned": _appended(state.mentioned, titles)[-_REMEMBERED:],
        "focus": _appended(state.focus, referred)[-8:],
    })  # fmt: skip


def _appended(old: tuple[str, ...], new: Iterable[str | None]) -> tuple[str, ...]:
    """Returns the old ids and the new ones after them, each once, the latest place counting."""
    fresh = tuple(dict.fromkeys(item for item in new if item))
    return (*(item for item in old if item not in fresh), *fresh)
