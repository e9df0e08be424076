"""From linked values and ranges to preferences and one filter: signs, firmness, "or" and "and"."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from convrec.agent.compact.lexicon import NOUNS
from convrec.agent.compact.message import Message
from convrec.agent.compact.ranges import RangeHit
from convrec.agent.compact.scope import Scopes, Stance
from convrec.agent.compact.value_linker import ValueHit
from convrec.catalogue.schema import Field
from convrec.core.predicate import Comparison, Not, Predicate, any_of, every
from convrec.core.text import words
from convrec.core.understanding import Preference
from convrec.tools.attributes.words import positive

_BETWEEN = NOUNS | {"or", "and", "a", "an", "the", "some", "maybe", "even", "with", "by", "from", "perhaps", "either", "in", "any", "just", "good",
                    "also", "something", "anything", "possibly", "of", "starring", "then", "else", "both", "&"}  # fmt: skip

_SOFTENED = re.compile(
    r"\b(?:preferably|ideally|if possible|if you can|nice|prefer|bonus|hopefully|love|like|likes|loves|rather)\b"
)


@dataclass(frozen=True)
class Wish:
    """One linked wish: where it stands, the predicate of its positive form, and how it is put."""

    start: int
    end: int
    facet: str
    value: str
    predicate: Predicate
    stance: Stance
    number: bool = False

    @property
    def demanded(self) -> bool:
        """Tells whether it belongs in the filter."""
        return self.stance.strength == "hard"


def value_wish(message: Message, hit: ValueHit, scopes: Scopes, negative: bool = False) -> Wish:
    """Returns the wish for a value; `negative` where its words themselves exclude ("other directors")."""
    stance = scopes.stance(hit.start, hit.end, hit.soft or _is_comparative(message, hit))
    if negative:
        stance = Stance(-1, "hard", "session")
    field, value = hit.value.field, hit.value.value
    return Wish(hit.start, hit.end, field.name, value, carries(field, value), stance)


def _is_comparative(message: Message, hit: ValueHit) -> bool:
    """Tells whether a value is wished up by its own form: "funnier", "darker"; that asks for a degree, not for the value itself."""
    word = message.tokens[hit.end - 1].norm
    named = words(hit.value.value)
    return (
        word.endswith("er")
        and word not in named
        and (word.endswith("ier") or positive(word, named.__contains__) != word)
    )


def carries(field: Field, value: str) -> Comparison:
    """Returns the predicate that an item has a value, as a preference spells it, in a field of values, words or flags."""
    op = {"tags": "contains", "text": "text"}.get(field.type, "eq")
    return Comparison.model_validate(
        {"field": field.name, "op": op, "value": value == "true" if field.type == "bool" else value}
    )


def range_wish(message: Message, hit: RangeHit, scopes: Scopes) -> Wish:
    """Returns the wish for a range. A negated bound becomes the bound on the other side; a negation farther off is not its own."""
    stance = scopes.stance(hit.start, hit.end, hit.vague)
    if (
        stance.strength == "soft"
        and not hit.vague
        and stance.polarity > 0
        and not _SOFTENED.search(message.words(max(0, hit.start - 4), hit.end + 3))
    ):
        stance = Stance(
            1, "hard", stance.scope
        )  # "maybe from the 2000s?" is a proposal, and takes the place of an older range
    if stance.polarity < 0 and not _is_close(message, scopes, hit):
        stance = Stance(1, "soft" if hit.vague else "hard", stance.scope)
    if stance.polarity < 0 and hit.one_sided:
        hit, stance = hit.flipped(), Stance(1, stance.strength if not hit.vague else "soft", stance.scope)
    return Wish(hit.start, hit.end, hit.field.name, hit.value, hit.predicate(), stance, number=True)


def _is_close(message: Message, scopes: Scopes, hit: RangeHit) -> bool:
    """Tells whether the negation stands right before the range: "not the 80s", "nothing from before 1980"."""
    trigger = scopes.trigger_before(hit.start)
    if trigger is None:
        return False
    between = set(message.norms(trigger[1], hit.start))
    return (
        between
        <= {
            "the",
            "from",
            "in",
            "of",
            "any",
            "made",
            "that",
            "is",
            "was",
            "anything",
            "something",
            "things",
            "stuff",
            "one",
            "ones",
            "have",
            "keen",
            "on",
            "want",
            "like",
            "too",
            "so",
            "very",
            "a",
            "or",
        }
        | NOUNS
    )


def settled(wishes: Sequence[Wish]) -> list[Wish]:
    """Returns the wishes in order, each value once: what is said of it last counts; a negated range gives way to another range."""
    kept: dict[tuple[str, str], Wish] = {}
    for wish in sorted(wishes, key=lambda w: (w.start, w.end)):
        kept.pop((wish.facet, wish.value), None)
        kept[wish.facet, wish.value] = wish
    positive = {wish.facet for wish in kept.values() if wish.number and wish.stance.polarity > 0 and wish.demanded}
    return [
        w for w in kept.values()
        if not (w.number and w.facet in positive and (w.stance.polarity < 0 or w.stance.strength == "soft"))
    ]  # fmt: skip


def preference(message: Message, wish: Wish) -> Preference:
    """Returns a wish as the preference that it states."""
    stance = wish.stance
    return Preference(
        facet=wish.facet, value=wish.value, polarity=stance.polarity, strength=stance.strength, scope=stance.scope,
        span=message.span(wish.start, wish.end),
    )  # fmt: skip


def filter_of(message: Message, wishes: Sequence[Wish], single_valued: frozenset[str]) -> Predicate | None:
    """Returns the conjunction of all demands: alternatives as `or`, what is ruled out as `not`.

    `single_valued` are the fields of which an item has one value: two of them can only be alternatives.
    """
    demanded = [wish for wish in wishes if wish.demanded]
    positive = [wish for wish in demanded if wish.stance.polarity > 0]
    groups = _alternatives(message, positive, single_valued)
    wanted = [any_of(*(wish.predicate for wish in group)) for group in groups]
    unwanted = [Not(arg=wish.predicate) for wish in demanded if wish.stance.polarity < 0]
    return every(*_distinct([*wanted, *unwanted]))


def _alternatives(message: Message, wishes: list[Wish], single_valued: frozenset[str]) -> list[list[Wish]]:
    groups: list[list[Wish]] = []
    for wish in wishes:
        group = next((g for g in groups if _is_alternative(message, g, wish, wishes, single_valued)), None)
        if group is None:
            groups.append([wish])
        else:
            group.append(wish)
    return groups


def _is_alternative(
    message: Message, group: list[Wish], wish: Wish, wishes: list[Wish], single_valued: frozenset[str]
) -> bool:
    last = group[-1]
    if last.facet == wish.facet and (wish.facet in single_valued or wish.number):
        return not wish.number or (
            ".." not in (last.value[:2], wish.value[:2])
            and not last.value.endswith("..")
            and not wish.value.endswith("..")
        )
    if last.start == wish.start or not _is_near(message, last, wish):
        return False
    between = message.norms(last.end, wish.start)
    if "or" in between:
        return True
    plural = last.facet == wish.facet and "and" in between and _is_plural(message, last) and _is_plural(message, wish)
    listed = not between and message.tokens[wish.start].mark == "," and last.facet == wish.facet
    return plural or (listed and _ends_in_or(message, wish, wishes))


def _is_near(message: Message, last: Wish, wish: Wish) -> bool:
    between = message.norms(last.end, wish.start)
    return (
        len(between) <= 5
        and set(between) <= _BETWEEN
        and not any(t.mark in ".?!" and t.mark for t in message.tokens[last.end : wish.start + 1])
    )


def _is_plural(message: Message, wish: Wish) -> bool:
    return message.tokens[wish.end - 1].norm.endswith("s") and not wish.value.endswith("s")


def _ends_in_or(message: Message, wish: Wish, wishes: list[Wish]) -> bool:
    """Tells whether a comma list that runs through this wish ends in "or"."""
    following = [w for w in wishes if w.start >= wish.end and w.facet == wish.facet]
    return any(
        "or" in message.norms(a.end, b.start) and _is_near(message, a, b)
        for a, b in zip([wish, *following], following, strict=False)
    )


def _distinct(predicates: list[Predicate]) -> list[Predicate]:
    found: list[Predicate] = []
    for predicate in predicates:
        if predicate not in found:
            found.append(predicate)
    return found
