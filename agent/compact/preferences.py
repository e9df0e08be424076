"""From linked values and ranges to preferences and one filter: signs, firmness, "or" and "and"."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from convrec.agent.compact.lexicon import FUNCTION, NOUNS, word_set
from convrec.agent.compact.measures import described_name
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


_OVER = re.compile(
    r"(?:(?:films?|movies?|books?|games?|food|ones?|places?|stuff) )?(?:(?P<than>than)|(?P<over>over)|to)(?: (?:have|see|watch|read|play|eat|get|try))?(?: (?:the|a|an|any|another|more|some))?"
)
_RATHER = {  # what is preferred to another, by the word between them
    "than": re.compile(r"\b(?:rather|sooner|prefers?|preferred|better)\b"),
    "to": re.compile(r"\b(?:prefers?|preferred|preferably)\b"),
}
_WOULD = re.compile(
    r"\b(?:(?:i|we|he|she|they)d|would|lets) (?:\w+ )?(?:rather|sooner|prefer)\b|\bd (?:rather|prefer)\b|^(?:(?:no|then|ok|okay|so|and|but) )*rather\b"
)
_IF_NONE = re.compile(r"\bif\b.*\b(?:nothing|none|no|not|isnt|arent|aint|dont|havent|cant|cannot)\b")
_ELSE = re.compile(
    r"\b(?:else|otherwise|if not|failing that|if (?:there|you|they|it|its|theres|that|need be|necessary|i must|i have to|we have to)|at a push|at a pinch|(?:could|can|might) (?:go|stretch|do|manage)|wouldnt mind)\b"
)
_AT_BEST = re.compile(r"\b(?:ideally|preferably|hopefully|at best)\b")
_UNLESS = re.compile(r"\b(?:unless|except if) (?:its|it is|theyre|they are|that is|it costs|it takes|it gets)?$")


_WANTED_AFTER_ALL = re.compile(  # in the words around a value: it is wished for, whatever was turned down before
    r"\b(?:but|unless|except|actually|then|instead|well|wait|maybe|perhaps|rather|only|just|please|pls|if|or|want|wants|need|needs|fancy|prefer|would|could|should|id|hed|shed|wed|lets|show|give|find|make it|feel like|mood for|looking for|fine|ok|okay|after all|it is|it shall be)\b|^(?:an?|some|something|anything)(?: \w+){0,2}$"
)
_AMENDS = re.compile(r"\b(?:i mean(?:t)?|no wait|wait no|or rather|make that|correction|sorry)\b")
_GOES = word_set(
    "made keen want like take takes last lasts cost costs grow grows get gets go goes run runs become becomes reach keep rating limit rated pay pays paying spend spends spending wanna going"
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
    either: bool = False  # one of several values that the same words may mean
    by_itself: bool = False  # no negation over a comma is its own
    flipped: bool = False  # the bound on the other side of what is turned down
    first: bool = False  # the closer of two bounds, held to where anything is within it

    @property
    def demanded(self) -> bool:
        """Tells whether it belongs in the filter."""
        return self.stance.strength == "hard"


def value_wish(message: Message, hit: ValueHit, scopes: Scopes, negative: bool = False, by_list: bool = True) -> Wish:
    """Returns the wish for a value; `negative` where its words themselves exclude ("other directors").

    Without `by_list`, a negation before a comma is not its own.
    """
    stance = (
        Stance(1, "hard", "session")
        if hit.firm
        else scopes.stance(hit.start, hit.end, hit.soft or _is_comparative(message, hit), by_list)
    )
    if negative:
        stance = Stance(-1, "hard", "session")
    if hit.opposite:
        stance = stance.turned()
    field, value = hit.value.field, hit.value.value
    own = carries(field, value)
    return Wish(hit.start, hit.end, field.name, value, own, stance, either=hit.either, by_itself=not by_list)


def value_wishes(message: Message, scopes: Scopes, hits: Sequence[ValueHit]) -> list[Wish]:
    """Returns the wishes for values; a negation runs over a comma into another field only with a value of its own there.

    "Anything but Italian, Old Town or Harbour" rules out Italian alone; "no horror, gore or Tom Cruise" all three.
    """
    found: list[Wish] = []
    ruled_out: set[str] = set()
    spurned = less_wanted(message, hits)
    for place, hit in enumerate(hits):
        if hit in spurned:
            found[-1] = _chosen(message, found[-1])
            taste = found[-1].stance
            found.append(replace(value_wish(message, hit, scopes), stance=Stance(-1, "soft", taste.scope, taste.taste)))
            continue
        wish = value_wish(message, hit, scopes)
        near = {hits[i].value.field.name for i in (place - 1, place + 1) if 0 <= i < len(hits)}
        apart = ruled_out and wish.facet not in ruled_out and wish.facet in near
        goes_on = found and found[-1].by_itself and found[-1].facet == wish.facet
        if wish.stance.polarity < 0 and (apart or goes_on):
            wish = value_wish(message, hit, scopes, by_list=False)
        if wish.stance.polarity < 0:
            ruled_out.add(wish.facet)
        found.append(wish)
    return found


def less_wanted(message: Message, hits: Sequence[ValueHit]) -> list[ValueHit]:
    """Returns the values that others of their field are preferred to: the second in "rather Wilder than Hitchcock", "comedies over dramas"."""
    return [
        other
        for one, other in pairwise(hits)
        if one.value.field == other.value.field
        and (joint := _OVER.fullmatch(message.words(one.end, other.start))) is not None
        and not any(message.tokens[place].mark for place in range(one.end, other.start + 1))
        and (
            joint["over"]
            or _RATHER[joint["than"] or "to"].search(message.words(message.sentence(one.start)[0], one.start))
        )
    ]


def _chosen(message: Message, wish: Wish) -> Wish:
    """Returns a wish that is preferred to another as it is put: a demand where it is asked for, not told as a taste."""
    before = message.words(message.sentence(wish.start)[0], wish.start)
    asked = wish.stance.polarity > 0 and _WOULD.search(before) is not None
    return replace(wish, stance=Stance(1, "hard", "session")) if asked else wish


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


def range_wishes(message: Message, hits: Sequence[RangeHit], scopes: Scopes) -> list[Wish]:
    """Returns the wishes for ranges; of two bounds, one of which is to hold where anything is within it, the wider is the demand.

    "Under 15 if there is anything, else up to 40", "if there's nothing under 15 I could go up to 40".
    """
    found = []
    for hit in hits:
        closer = next((other for other in hits if _falls_back(message, other, hit)), None)
        wider = next((other for other in hits if _falls_back(message, hit, other)), None)
        if wider is not None:
            stance = Stance(1, "soft", "session")
            found.append(
                Wish(hit.start, hit.end, hit.field.name, hit.value, hit.predicate(), stance, number=True, first=True)
            )
        elif closer is not None:
            stance = Stance(1, "hard", "session")
            found.append(Wish(hit.start, hit.end, hit.field.name, hit.value, hit.predicate(), stance, number=True))
        else:
            found.append(range_wish(message, hit, scopes))
    return found


def _falls_back(message: Message, close: RangeHit, wide: RangeHit) -> bool:
    """Tells whether a bound gives way to a wider one where nothing is within it."""
    if close.vague or wide.vague or close.field != wide.field or not (close.one_sided and wide.one_sided):
        return False
    lower = close.high is not None and wide.high is not None and close.high < wide.high
    higher = close.low is not None and wide.low is not None and close.low > wide.low
    if not (lower or higher):
        return False
    lead = message.words(message.sentence(close.start)[0], close.start)
    between = message.words(close.end, wide.start)
    return _IF_NONE.search(lead) is not None or _ELSE.search(between) is not None or _AT_BEST.search(lead) is not None


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
    if stance.polarity > 0 and hit.one_sided and _UNLESS.search(message.words(max(0, hit.start - 4), hit.start)):
        hit = hit.flipped()
    flipped = stance.polarity < 0 and hit.one_sided
    if flipped:
        hit, stance = hit.flipped(), Stance(1, stance.strength if not hit.vague else "soft", stance.scope)
    return Wish(hit.start, hit.end, hit.field.name, hit.value, hit.predicate(), stance, number=True, flipped=flipped)


def _is_close(message: Message, scopes: Scopes, hit: RangeHit) -> bool:
    """Tells whether the negation stands right before the range: "not the 80s", "nothing from before 1980"."""
    trigger = scopes.trigger_before(hit.start)
    if trigger is None:
        return False
    between = set(message.norms(trigger[1], hit.start))
    return between <= FUNCTION | NOUNS | _GOES | described_name(hit.field)


def settled(message: Message, wishes: Sequence[Wish]) -> list[Wish]:
    """Returns the wishes in order, each value once: what is said of it last counts, but nothing that is only told of what was turned down
    ("no Thai please, we had Thai last night"); a negated range gives way to another range.

    What is put right counts no more: "on Tuesday. Sorry, I meant the Sunday". Of two that either is good of, none is wished more firmly.
    """
    kept: dict[tuple[str, str], Wish] = {}
    amends = [start for start, _, _ in message.find(_AMENDS)]
    wishes = [w for w in wishes if not (amends and any(_is_amended(w, other, amends) for other in wishes))]
    wishes = [_as_firm(message, w, wishes) for w in wishes]
    for wish in sorted(wishes, key=lambda w: (w.start, w.end)):
        former = kept.get((wish.facet, wish.value))
        if former is not None and _stands(message, former, wish):
            continue
        kept.pop((wish.facet, wish.value), None)
        kept[wish.facet, wish.value] = wish
    positive = {wish.facet for wish in kept.values() if wish.number and wish.stance.polarity > 0 and wish.demanded}
    return [
        w for w in kept.values()
        if not (w.number and not w.first and w.facet in positive and (w.stance.polarity < 0 or w.stance.strength == "soft"))
        and not (w.flipped and any(_contradicts(w, other) for other in kept.values()))
    ]  # fmt: skip


def _stands(message: Message, former: Wish, later: Wish) -> bool:
    """Tells whether a value that was turned down stays so where it is named again: the words around it ask for nothing."""
    if former.stance.polarity > 0 or later.stance.polarity < 0 or later.stance.permits or former.end >= later.start:
        return False
    tokens, first, stop = message.tokens, later.start, later.end
    while first > former.end and not tokens[first].mark:
        first -= 1
    while stop < len(tokens) and not tokens[stop].mark:
        stop += 1
    around = (message.words(first, later.start), message.words(later.end, stop))
    return bool(around[0]) and not any(_WANTED_AFTER_ALL.search(words) for words in around)


def _is_amended(wish: Wish, other: Wish, amends: Sequence[int]) -> bool:
    """Tells whether the message puts right one wish by another of its kind."""
    positive = wish.stance.polarity > 0 and other.stance.polarity > 0
    return positive and wish.facet == other.facet and any(wish.end <= at <= other.start for at in amends)


def _as_firm(message: Message, wish: Wish, wishes: Sequence[Wish]) -> Wish:
    """Returns a proposal as firm as its alternative: "Korean maybe? Or Polish, either's good"."""
    if wish.number or wish.stance != Stance(1, "soft", "session"):
        return wish
    alike = [other for other in wishes if other.facet == wish.facet and other.stance.polarity > 0 and other.demanded]
    either = any(
        "or" in message.norms(a.end, b.start) and _is_near(message, a, b)
        for other in alike
        for a, b in (sorted((wish, other), key=lambda w: w.start),)
    )
    return replace(wish, stance=replace(wish.stance, strength="hard")) if either else wish


def _contradicts(wish: Wish, other: Wish) -> bool:
    """Tells whether two ranges of one field have nothing in common, so that what is turned down says nothing beside what is asked for."""
    if other is wish or other.flipped or not other.number or other.facet != wish.facet:
        return False
    low, _, _ = wish.value.partition("..")
    *_, high = other.value.partition("..")
    numbers = [bound for bound in (low, high) if bound.replace(".", "", 1).lstrip("-").isdigit()]
    return len(numbers) == 2 and float(low) > float(high)


def preference(message: Message, wish: Wish) -> Preference:
    """Returns a wish as the preference that it states."""
    stance = wish.stance
    return Preference(
        facet=wish.facet, value=wish.value, polarity=stance.polarity, strength=stance.strength, scope=stance.scope,
        span=message.span(wish.start, wish.end),
    )  # fmt: skip


def filter_of(
    message: Message, wishes: Sequence[Wish], single_valued: frozenset[str], matches: Callable[[Predicate], bool]
) -> Predicate | None:
    """Returns the conjunction of all demands: alternatives as `or`, what is ruled out as `not`.

    `single_valued` are the fields of which an item has one value: two of them can only be alternatives, as are values of one
    field that no item has together (`matches` tells whether any item meets a predicate).
    """
    demanded = [wish for wish in wishes if wish.demanded]
    positive = [wish for wish in demanded if wish.stance.polarity > 0]
    groups = _possible(_alternatives(message, positive, single_valued), matches)
    wanted = [any_of(*(wish.predicate for wish in group)) for group in groups]
    turned_down = [wish for wish in demanded if wish.stance.polarity < 0]
    asked = every(*_distinct(wanted))
    unwanted = [Not(arg=wish.predicate) for wish in turned_down]
    own = [Not(arg=wish.predicate) for wish in turned_down if wish.facet not in {w.facet for w in positive}]
    if asked is not None and not matches(every(asked, *unwanted) or asked) and matches(every(asked, *own) or asked):
        unwanted = own  # "no Windows, I've only got a Mac" rules out no game that runs on both
    return every(*_distinct([*wanted, *unwanted]))


def _possible(groups: list[list[Wish]], matches: Callable[[Predicate], bool]) -> list[list[Wish]]:
    """Joins the groups of one field that no item meets together."""
    found: list[list[Wish]] = []
    for facet in dict.fromkeys(group[0].facet for group in groups):
        own = [group for group in groups if group[0].facet == facet]
        apart = every(*(any_of(*(wish.predicate for wish in group)) for group in own))
        if len(own) > 1 and not own[0][0].number and apart is not None and not matches(apart):
            own = [[wish for group in own for wish in group]]
        found += own
    return found


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
    if last.start == wish.start:
        return wish.either and last.facet == wish.facet
    if not _is_near(message, last, wish):
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
        and not any(t.mark in ".?!" and t.mark and t.norm != "or" for t in message.tokens[last.end : wish.start + 1])
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
