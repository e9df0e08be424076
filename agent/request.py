"""From what a thread and a profile hold to one retrieval request."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from convrec.agent.compact.preferences import carries
from convrec.agent.compact.relative import is_amount
from convrec.agent.memory.learning import faded
from convrec.agent.state import DialogueState, HeldWish
from convrec.agent.wording import demand, is_person
from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.schema import Schema
from convrec.core.predicate import Comparison, Not, Predicate, every
from convrec.core.profile import ProfileEntry
from convrec.core.text import fold
from convrec.core.understanding import Preference, Understanding
from convrec.tools.attributes.model import plain
from convrec.tools.toolbox import Leaning, Order, Request, Wish

_MEANT = {"light": "lighthearted", "easy": "lighthearted", "heavy": "serious"}
"""What moods are meant by words that mean many things."""
_MOODS = {*_MEANT, "dark", "deep", "warm", "sweet", "slow"}
"""Words of a mood that in titles and texts mostly mean something else: items are ordered by how much of it they have, and not searched for the word."""
_OTHERS = re.compile(r"\b(?:more|else|others?|another)\b")
_FADE = 0.85  # of a wish's weight, each turn that goes by
_SMALL_WORDS = re.compile(r"[a-zà-ÿ]+(?:['’ -][a-zà-ÿ]+)*")
_WISHED = 2.0  # a soft wish for a facet's value, beside the words of the message
_IN_WORDS = 0.4  # a wish in words of one's own: less than a value that is named
_CRITIQUE = 1.5  # more or less of something than the items at hand have
_SECOND_OPINION = 1.0  # how much of the words of a wish an item has, beside whether it carries the value
_TASTE = 1.0  # of a lasting taste beside a wish of today
_LIKED_BEFORE = 0.4  # of an item liked in an earlier thread beside one named now
_NAMED = 0.5
_TEXT_LASTS = 3  # turns that a wish in free words is searched for
_NEAREST = 20  # items that fit a wish best, of which the cheapest or newest are wanted
_TASTES = 3  # lasting likes in free words that are searched for together
_REJECTED = -0.25
_ACCEPTED = 0.25


@dataclass(frozen=True)
class Wanted:
    """What a turn looks for: the request, and for each item of its history the profile entry or the turn that it comes from.

    `demands` are all that must hold, `lasting` those of them that the profile makes.
    """

    request: Request
    sources: dict[str, str | int]
    demands: tuple[Predicate, ...]
    lasting: tuple[Predicate, ...] = ()


def preference_predicate(preference: Preference, schema: Schema) -> Predicate | None:
    """Returns the predicate that a positive wish for a schema value spells; None for items and free text."""
    if preference.facet in ("item", "text"):
        return None
    field = schema.field(preference.facet)
    if not field.measured:
        return carries(field, preference.value)
    low, _, high = preference.value.partition("..")
    if low and high:
        return Comparison(field=field.name, op="between", value=[_bound(low), _bound(high)])
    if low or high:
        return Comparison(field=field.name, op="ge" if low else "le", value=_bound(low or high))
    return None


def _bound(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def wanted(
    state: DialogueState, profile: Sequence[ProfileEntry], catalogue: Catalogue, now: datetime, *,
    named: tuple[str, ...] = (), spoken_of: frozenset[str] = frozenset(), half_life_days: float = 180.0, k: int = 200,
) -> Wanted:  # fmt: skip
    """Returns the request for this turn: today's wishes at full weight, older ones faded, lasting tastes beside them.

    Items that were only `spoken_of` are not offered, unless `named`: asked for.
    """
    profile = [entry for entry in profile if not entry.paused and not entry.about]  # facts about a person are no tastes
    history, sources = _history(state, profile, now, half_life_days)
    rules = tuple(rule for rule in (_rule(entry, catalogue.schema) for entry in profile) if rule is not None)
    today = tuple(constraint.predicate for constraint in state.constraints)
    lasting = tuple(rule for rule in rules if not _overruled(rule, state))
    demands = tuple(dict.fromkeys((*today, *lasting)))
    # An item asked for by its name is looked up, not filtered; the rest of the thread's demands still hold for the others.
    put_aside = frozenset((*state.rejected, *state.seen, *history, *state.accepted, *spoken_of)) - frozenset(named)
    near = dict.fromkeys(named, _NAMED) | history  # what is asked for by name also says what else could fit
    if max(near.values(), default=0.0) <= 0:
        near = {}  # of dislikes alone only the items themselves stay away: their opposite is no wish
    order, filtered = _order(state, every(*demands), put_aside, catalogue)
    request = Request(
        text=_text(state, catalogue) or _taste_in_words(profile),
        history={item: weight for item, weight in near.items() if catalogue.row(item) is not None},
        wishes=_wishes(state, profile, catalogue.schema, now, half_life_days),
        leanings=_leanings(state, catalogue.schema),
        filter=filtered,
        exclude=put_aside,
        k=k,
        named=named,
        order=order,
    )
    return Wanted(request, sources, demands, lasting)


def spoken_of(heard: Understanding, state: DialogueState, text: str) -> frozenset[str]:
    """Returns the items that a message names beside what it asks for ("cheaper than Heat"), and, where it asks for others, all named before."""
    titles = {item for r in heard.references if r.kind != "pronoun" for item in r.item_ids[:1]}
    return frozenset(titles | ({*state.mentioned} if _OTHERS.search(fold(text)) else set()))


def eased(found: Wanted, state: DialogueState, heard: Understanding | None) -> Request:
    """Returns the request for a conversation that this agent did not lead; `heard` is its last message, if it is the user's.

    What is ruled out stays out, and what the last message asks for must hold; what was asked for earlier, or only said to be liked, is a
    strong wish, since the talk may have moved on (a filter costs recall, as `convrec evaluate dialogue` shows). An order holds for its message.
    """
    asks = heard is not None and bool({"request", "critique", "answer"} & {*heard.acts})
    now = state.turn if asks else state.turn + 1
    earlier = [c for c in state.constraints if c.turn < now and not isinstance(c.predicate, Not)]
    eased_off = {c.predicate for c in earlier}
    wishes = (Wish(label=c.label, predicate=c.predicate, weight=1.0) for c in earlier)
    kept = every(*(demand for demand in found.demands if demand not in eased_off))
    order = found.request.order if heard is not None and heard.order is not None else None
    return replace(found.request, filter=kept, wishes=(*found.request.wishes, *wishes), order=order)


def _text(state: DialogueState, catalogue: Catalogue) -> str:
    """Returns the wishes in free words and for values that no item has, the latest last; what links to the catalogue is a demand or a wish
    and is not searched for, nor is a critique, since no item's text says that it is funnier than another.
    """
    free = [h for h in state.held if h.preference.polarity > 0 and not h.than and _is_free(h.preference, catalogue)]
    free = [
        h for h in free if plain(h.preference.value) == h.preference.value and fold(h.preference.value) not in _MOODS
    ]
    return " ".join(dict.fromkeys(h.preference.value for h in free if state.turn - h.turn <= _TEXT_LASTS))


def _is_free(wish: Preference, catalogue: Catalogue) -> bool:
    """Tells whether a wish is in free words, or for a value that the catalogue does not know."""
    if wish.facet == "text":
        return True
    valued = wish.facet in catalogue.schema.names and catalogue.schema.field(wish.facet).valued
    return valued and catalogue.values(wish.facet).find(wish.value) is None


def _taste_in_words(profile: Sequence[ProfileEntry]) -> str:
    """Returns the lasting likes in free words, the latest last: what is searched for while the thread asks for nothing in words of its own."""
    free = [e for e in profile if e.facet == "text" and e.polarity > 0 and e.scope == "lasting"]
    return " ".join(dict.fromkeys(entry.value for entry in sorted(free, key=lambda e: e.updated)[-_TASTES:]))


def _history(
    state: DialogueState, profile: Sequence[ProfileEntry], now: datetime, half_life_days: float
) -> tuple[dict[str, float], dict[str, str | int]]:
    """Returns each item's weight as evidence of taste (negative: disliked), and where that evidence stands."""
    weights: dict[str, float] = {}
    sources: dict[str, str | int] = {}
    for entry in profile:
        if entry.item_id:
            weights[entry.item_id] = entry.polarity * _LIKED_BEFORE * faded(entry, now, half_life_days)
            sources[entry.item_id] = f"profile:{entry.id}"
    weights |= dict.fromkeys(state.rejected, _REJECTED) | dict.fromkeys(state.accepted, _ACCEPTED)
    for held in state.held:
        item = held.preference.item_id
        if item:
            weights[item] = held.preference.polarity * _fade(held, state.turn)
            sources[item] = held.turn
    return weights, sources


def _fade(held: HeldWish, turn: int) -> float:
    return float(_FADE ** max(turn - held.turn, 0))


def _wishes(
    state: DialogueState, profile: Sequence[ProfileEntry], schema: Schema, now: datetime, half_life_days: float
) -> tuple[Wish, ...]:
    """Returns the soft wishes as weighted predicates, those of today first; a taste that is wished today is not counted twice."""
    found: dict[Predicate, Wish] = {}
    tastes = [
        (e.facet, e.value, e.polarity, _TASTE * faded(e, now, half_life_days)) for e in profile if e.strength == "soft"
    ]
    held = [
        (h.preference.facet, h.preference.value, h.preference.polarity, _WISHED * _fade(h, state.turn))
        for h in state.held
    ]
    for facet, value, polarity, weight in [*held, *tastes]:
        predicate = preference_predicate(Preference(facet=facet, value=value), schema)
        if (
            predicate is not None
            and predicate not in found
            and predicate not in {c.predicate for c in state.constraints}
        ):
            label = demand(predicate, schema)
            found[predicate] = Wish(label=label, predicate=predicate, weight=polarity * weight)
    return tuple(found.values())


def _order(
    state: DialogueState, demanded: Predicate | None, put_aside: frozenset[str], catalogue: Catalogue
) -> tuple[Order | None, Predicate | None]:
    """Returns the order asked for and what must hold while it does: what is wished of values beside it, if any item meets that, too; where
    something else is wished, or nothing meets all, the order is among what fits the wishes best.
    """
    if state.order is None:
        return None, demanded
    wished = [h.preference for h in state.held if h.preference.polarity > 0 and state.turn - h.turn <= _TEXT_LASTS]
    wished = [wish for wish in wished if wish.facet != state.order.facet]
    predicates = [preference_predicate(wish, catalogue.schema) for wish in wished]
    both = every(demanded, *predicates)
    met = any(catalogue.ids[row] not in put_aside for row in np.flatnonzero(catalogue.mask(both)))
    soft = not met or None in predicates
    order = Order(state.order.facet, state.order.descending, _NEAREST if soft else None)
    return order, both if met else demanded


def _leanings(state: DialogueState, schema: Schema) -> tuple[Leaning, ...]:
    """Returns the soft wishes that the words themselves can order items by: those in free words, and, as a second opinion beside the
    values that they link to, those for kinds and tags.
    """
    found: dict[str, Leaning] = {}
    for held in state.held:
        wish = held.preference
        in_words = wish.facet == "text"
        if wish.item_id or not (in_words or _is_kind_of(schema, wish.facet)) or state.turn - held.turn > _TEXT_LASTS:
            continue
        if in_words and (not _SMALL_WORDS.fullmatch(wish.value) or is_amount(wish.value)):
            continue  # a name, a number, markup, "cheaper" where no prices are known: nothing that words say more or less of
        strength = _SECOND_OPINION if not in_words else _CRITIQUE if held.than else _IN_WORDS
        phrase = _MEANT.get(plain(fold(wish.value)), wish.value)
        found[phrase] = Leaning(phrase, strength * wish.polarity * _fade(held, state.turn), held.than)
    return tuple(found.values())


def _is_kind_of(schema: Schema, facet: str) -> bool:
    return facet in schema.names and schema.field(facet).valued and not is_person(schema.field(facet))


def _rule(entry: ProfileEntry, schema: Schema) -> Predicate | None:
    """Returns what a lasting hard wish demands of every item."""
    if entry.strength != "hard" or entry.item_id:
        return None
    predicate = preference_predicate(Preference(facet=entry.facet, value=entry.value), schema)
    return Not(arg=predicate) if predicate is not None and entry.polarity < 0 else predicate


def _overruled(rule: Predicate, state: DialogueState) -> bool:
    """Tells whether today's demand asks for just what a lasting rule forbids."""
    return isinstance(rule, Not) and any(c.predicate == rule.arg for c in state.constraints)
