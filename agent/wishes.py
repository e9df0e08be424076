"""How one message changes what a thread holds: demands are added, replaced or let go; wishes fade; items are put aside."""

import re
from collections.abc import Callable, Iterable, Sequence

from convrec.agent.state import Constraint, DialogueState, HeldWish
from convrec.agent.wording import bounds, demand, is_kind, is_year
from convrec.catalogue.schema import Schema
from convrec.core.predicate import Both, Comparison, Not, Predicate, every, fields_of
from convrec.core.reply import Question
from convrec.core.text import fold
from convrec.core.understanding import Preference, Understanding

_MORE_OF_IT = re.compile(
    r"\b(also|still|too|as well|plus|in addition|on top of that)\b|^and (?!what about|how about|now)"
)
_START_AFRESH = re.compile(
    r"\bstart (over|afresh|again)\b|\bfrom scratch\b|\b(completely|totally|entirely) (different|else)\b"
    r"|\bforget (all )?(that|it|this|the rest)\s*($|[.,!;:])|\bnever ?mind (all )?(that|it)\b"
)
_ANY = re.compile(
    r"\b(any|whatever|whichever|no matter (?:which|what)|regardless of|(?:forget|drop|ignore|skip|never ?mind)(?: about)? the)\s+(?:the\s+)?(\w+)"
)
_NO_MATTER = re.compile(
    r"\b(?:the|which|what) (\w+) (?:(?:really |just )?(?:doesn.?t|does not|don.?t|do not) (?:really )?matter|(?:isn.?t|is not) (?:so |that )?important)\b"
)
_CHANGE_OF_MIND = re.compile(
    r"\b(then|instead|rather|actually|now|what about|how about|switch|change|second thought|(some|any)thing else|other way)\b"
    r"|\b(want|need|give me|show me|looking for|find me|recommend|suggest|got any|have any|do you have|in the mood for|feel like)\b"
)
_SOMETHING_LIKE = re.compile(
    r"\b(something|anything|one|similar|more|\w+s) (like|similar to|along the lines of|in the vein of)\b"
)
_TAKEN_BACK = re.compile(
    r"\b(?:forget|drop|scrap|lose|never ?mind|ignore|changed? my mind (?:about|on))(?: about)?\b(?! (?:it|that|this|everything|me)\b)[^.,;:!?]*"
    r"|[^.,;:!?]*\b(?:isn.?t|is not|not) (?:so |that |really |all that )?(?:important|necessary|needed)\b",
    re.IGNORECASE,
)
_KEEPS = re.compile(r"\b(keep|want|need|must|only|insist|not that|neither|none)\b")
_FILLED = r"(?:(?:so|well|uh|um|er|hm+|oh)[ ,.!]*)*"
_WHICHEVER = re.compile(
    rf"(?:{_FILLED}(?:yes|yeah|yep|sure|ok|okay|fine|go ahead|please do|do (?:it|that)|of course|alright|all right|either|any|whichever|whatever"
    r"|(?:the )?first(?: one)?|you (?:choose|decide|pick)|(?:i )?(?:really )?don.?t (?:care|mind|know)|dunno|(?:i )?can.?t say|no idea|(?:that )?doesn.?t matter(?: to me)?|no preference"
    r"|surprise me|please|thanks|then)[ ,.!]*)+"
)
_BARE = 2  # words of a message that is a wish and nothing else: "horror", "a comedy"
Matches = Callable[[Predicate | None], bool]
Together = Callable[[Predicate, Predicate], bool]
_WHEN = {"decade", "year", "years", "time", "era", "period", "age"}
_KINDS = {"genre", "kind", "type", "category", "style", "sort"}


def absorb(
    state: DialogueState, heard: Understanding, text: str, turn: int, schema: Schema, matches: Matches = lambda _: True
) -> DialogueState:
    """Returns the thread's state after the message: its demands, wishes, and items put aside (slates come later).

    `matches` tells whether any item meets a predicate: a value that no item has together with an older one replaces it.
    """
    folded = fold(text)
    if _START_AFRESH.search(folded):
        state = state.model_copy(
            update={"constraints": (), "held": tuple(h for h in state.held if h.preference.polarity < 0)}
        )
    constraints = _released(state.constraints, folded, schema)
    if _new_anchor(state, heard, folded):
        constraints = tuple(c for c in constraints if isinstance(c.predicate, Not))
    change = bool(_CHANGE_OF_MIND.search(folded)) or len(folded.split()) <= _BARE
    change = change and not _MORE_OF_IT.search(folded)

    def together(old: Predicate, new: Predicate) -> bool:
        return not change and matches(every(old, new))

    for predicate in conjuncts(heard.filter):
        constraints = _demanded(constraints, predicate, turn, together, schema, state.question)
    held = _held(state.held, heard.preferences, turn)
    held = tuple(h for h in held if not _contradicted(h.preference, heard.filter))
    return _set_aside(state.model_copy(update={"turn": turn, "constraints": constraints, "held": held}), heard)


def _new_anchor(state: DialogueState, heard: Understanding, folded: str) -> bool:
    """Tells whether the message turns to something like an item that was not among those shown: a search of its own."""
    liked = {p.item_id for p in heard.preferences if p.item_id and p.polarity > 0}
    return bool(liked - state.ever_shown) and bool(_SOMETHING_LIKE.search(folded))


def dropped(state: DialogueState, text: str) -> tuple[Constraint, ...]:
    """Returns the demands that an answer to "which may I let go?" gives up: those it names, or the first offered for a plain yes."""
    said = fold(text)
    options = state.question.options if state.question is not None else ()
    if not options or _KEEPS.search(said):
        return ()
    whole = [option for option in options if fold(option) in said]
    if whole:
        return _labelled(state.constraints, max(whole, key=len))
    named = _labelled(state.constraints, said) or tuple(
        c for c in state.constraints if len(said) > 2 and said in fold(c.label)
    )
    return named or (_labelled(state.constraints, options[0]) if _WHICHEVER.fullmatch(said) else ())


def _labelled(constraints: Sequence[Constraint], text: str) -> tuple[Constraint, ...]:
    """Returns the demands whose labels stand in a text, of nested ones the longest."""
    rest, found = fold(text), []
    for constraint in sorted(constraints, key=lambda c: -len(c.label)):
        if fold(constraint.label) in rest:
            rest = rest.replace(fold(constraint.label), "", 1)
            found.append(constraint)
    return tuple(constraint for constraint in constraints if constraint in found)


def without(state: DialogueState, gone: Iterable[Constraint]) -> DialogueState:
    """Returns the state without those demands."""
    left_out = tuple(gone)
    return state.model_copy(update={"constraints": tuple(c for c in state.constraints if c not in left_out)})


def unsaid(heard: Understanding, text: str) -> tuple[tuple[Preference, ...], Understanding]:
    """Returns the wishes that the message takes back ("forget the westerns", "drop Hitchcock"), and what else it says."""
    taken = [match.span() for match in _TAKEN_BACK.finditer(text)]
    back = tuple(p for p in heard.preferences if p.span != (0, 0) and any(a <= p.span[0] < b for a, b in taken))
    if not back:
        return (), heard
    values = {fold(p.value) for p in back}
    rest = tuple(p for p in heard.preferences if p not in back)
    kept = every(*(part for part in conjuncts(heard.filter) if not _values(part) <= values))
    acts = tuple(act for act in heard.acts if act != "forget") if rest else ("answer",)
    return back, heard.model_copy(update={"preferences": rest, "filter": kept, "acts": acts or ("answer",)})


def conjuncts(predicate: Predicate | None) -> tuple[Predicate, ...]:
    """Returns the parts of a filter that must all hold."""
    if predicate is None:
        return ()
    if isinstance(predicate, Both) and predicate.op == "and":
        return tuple(part for arg in predicate.args for part in conjuncts(arg))
    return (predicate,)


def _released(constraints: tuple[Constraint, ...], folded: str, schema: Schema) -> tuple[Constraint, ...]:
    """Lets demands go that the message declares free: "any decade", "whatever the genre", "the year doesn't matter"."""
    free = {match[2] for match in _ANY.finditer(folded)} | {match[1] for match in _NO_MATTER.finditer(folded)}
    if not free:
        return constraints

    def is_free(constraint: Constraint) -> bool:
        fields = [schema.field(name) for name in fields_of(constraint.predicate)]
        named = any(
            fold(field.label or field.name).rstrip("s") in {word.rstrip("s") for word in free} for field in fields
        )
        when = bool(free & _WHEN) and all(is_year(field) for field in fields)
        kind = bool(free & _KINDS) and all(is_kind(field) for field in fields)
        return not isinstance(constraint.predicate, Not) and (named or when or kind)

    return tuple(constraint for constraint in constraints if not is_free(constraint))


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


def _gives_way(old: Constraint, new: Predicate, turn: int, together: Together, schema: Schema) -> bool:
    if old.predicate == new:
        return True
    if fields_of(old.predicate) != fields_of(new):
        return False
    old_negative, new_negative = isinstance(old.predicate, Not), isinstance(new, Not)
    if old_negative or new_negative:
        return old_negative != new_negative and bool(_values(old.predicate) & _values(new))
    if old.turn == turn:
        return False
    numeric = all(schema.field(name).type in ("number", "date") for name in fields_of(new))
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


def _values(predicate: Predicate) -> set[str]:
    match predicate:
        case Comparison(value=value):
            values = value if isinstance(value, list | tuple) else [value]
            return {fold(str(part)) for part in values}
        case Not(arg=arg):
            return _values(arg)
        case Both(args=args):
            return set().union(*(_values(arg) for arg in args))


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


def _contradicted(wish: Preference, demands: Predicate | None) -> bool:
    """Tells whether a demand of this message rules out what an older soft wish asked for."""
    for part in conjuncts(demands):
        if (
            isinstance(part, Not)
            and wish.polarity > 0
            and fields_of(part) == {wish.facet}
            and fold(wish.value) in _values(part)
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
        "rejected": _appended(state.rejected, rejected), "seen": _appended(state.seen, seen),
        "accepted": _appended(state.accepted, accepted), "mentioned": _appended(state.mentioned, titles),
        "focus": _appended(state.focus, referred)[-8:],
    })  # fmt: skip


def _appended(old: tuple[str, ...], new: Iterable[str | None]) -> tuple[str, ...]:
    """Returns the old ids and the new ones after them, each once, the latest place counting."""
    fresh = tuple(dict.fromkeys(item for item in new if item))
    return (*(item for item in old if item not in fresh), *fresh)


def let_go(state: DialogueState, things: Iterable[Preference]) -> DialogueState:
    """Returns the state without the wishes and demands about the things named."""
    values = {(thing.facet, thing.item_id or fold(thing.value)) for thing in things}
    facets = {facet: {value for f, value in values if f == facet} for facet, _ in values}
    held = tuple(
        h for h in state.held if (h.preference.facet, h.preference.item_id or fold(h.preference.value)) not in values
    )
    constraints = tuple(
        c for c in state.constraints
        if not any(fields_of(c.predicate) == {facet} and _values(c.predicate) & found for facet, found in facets.items())
    )  # fmt: skip
    return state.model_copy(update={"held": held, "constraints": constraints})
