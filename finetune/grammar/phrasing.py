"""Wishes in words: noun phrases, exclusions, hedges."""

from typing import Any

from convrec.finetune.grammar.draft import Draft, Wish
from convrec.finetune.grammar.markup import segments
from convrec.finetune.grammar.schema import Facet

NAMED = ("person", "brand", "place", "proper", "attr")
NUMBERS = ("year", "minutes", "price", "rating", "amount")
_SESSION: dict[str, Any] = {"strength": "hard", "scope": "session"}
SOFT: dict[str, Any] = {"strength": "soft", "scope": "session"}


def _plain(text: str) -> str:
    return "".join(part for _, part in segments(text))


def with_article(text: str) -> str:
    """Returns the text after `a` or `an`."""
    first = _plain(text)[:1].lower()
    return f"{'an' if first in 'aeiou' else 'a'} {text}"


def kind_words(draft: Draft, facet: Facet, stance: dict[str, Any], *, plural: bool) -> str:
    """Returns the head of a noun phrase for a value of the kind facet: `westerns`, `western films`, `western`."""
    value = draft.value_of(facet)
    noun = draft.rng.choice(draft.view.domain.nouns if plural else draft.view.domain.singulars)
    if value.plural and draft.chance(0.75):
        return draft.wished(facet, value.plural if plural else value.modifiers[0], value, stance)
    return f"{draft.wished(facet, draft.rng.choice(value.modifiers), value, stance)} {noun}"


def phrase(draft: Draft, facet: Facet, stance: dict[str, Any]) -> str:
    """Returns what comes after a noun for a value of a facet: `by Ana Vey`, `from the 90s`, `with a pool`."""
    spec = facet.spec
    if spec.role in NUMBERS:
        return draft.amount(facet, **stance)
    if spec.role == "bool":
        truth = draft.chance(0.75) or not spec.no
        said = draft.rng.choice(spec.yes if truth else spec.no)
        wish = Wish(facet.name, str(truth).lower(), op="eq", truth=truth, searched=False, **stance)
        return draft.mark(said, wish)
    template = draft.rng.choice(spec.phrases)
    if spec.kind == "tags" and stance.get("polarity", 1) > 0 and draft.chance(0.05):
        return template.format(f"{_value(draft, facet, stance)} and {_value(draft, facet, stance)}")
    if stance.get("polarity", 1) > 0 and draft.chance(0.1):
        stance = {**stance, "group": draft.new_group()}
        return template.format(f"{_value(draft, facet, stance)} or {_value(draft, facet, stance)}")
    return template.format(_value(draft, facet, stance))


def _value(draft: Draft, facet: Facet, stance: dict[str, Any]) -> str:
    value = draft.value_of(facet)
    said = draft.rng.choice(value.modifiers)
    if facet.spec.role == "person" and " " in said and value.name not in facet.listed and draft.chance(0.12):
        said = said.split(" ", 1)[1]
    return draft.wished(facet, said, value, stance)


def vibe(draft: Draft, stance: dict[str, Any], *, comparative: bool = False) -> str:
    """Returns a mood word, marked as a wish in free text."""
    plain, compared = draft.rng.choice(draft.view.domain.vibes)
    return draft.mark(compared if comparative else plain, Wish("text", **stance))


def topic(draft: Draft, stance: dict[str, Any]) -> str:
    """Returns what an item is to be about or for, marked as a wish in free text."""
    tie = (
        draft.rng.choice(("about", "about", "that has to do with", "on"))
        if draft.view.domain.name in ("films", "series", "books", "podcasts", "games")
        else "for"
    )
    return f"{tie} {draft.mark(draft.rng.choice(draft.view.domain.topics), Wish('text', **stance))}"


def _fresh(draft: Draft, *roles: str) -> list[Facet]:
    found = [facet for facet in draft.view.of_role(*roles) if facet.name not in draft.used]
    draft.rng.shuffle(found)
    return found


def _head(draft: Draft, *, plural: bool) -> str:
    """Returns the kind of thing asked for, with what stands before it; "" where only "something" is left to say."""
    before: list[str] = []
    if draft.chance(0.22):
        before.append(vibe(draft, SOFT))
    for facet in _fresh(draft, "mod")[:1] if draft.chance(0.4) else ():
        draft.used.add(facet.name)
        value = draft.value_of(facet)
        before.append(draft.wished(facet, draft.rng.choice(value.modifiers), value, _SESSION))
    kinds = draft.view.of_role("kind")
    if kinds and draft.chance(0.72):
        stance = dict(_SESSION)
        if plural and draft.chance(0.1):
            stance["group"] = draft.new_group()
            tie = draft.rng.choice((" or ", ", ", " or maybe ", " / "))
            first = kind_words(draft, kinds[0], stance, plural=True)
            both = f"{first}{' or ' if tie == ', ' else tie}{kind_words(draft, kinds[0], stance, plural=True)}"
            return " ".join([*before, both])
        if draft.chance(0.08):
            value = draft.value_of(kinds[0])
            before.append(draft.wished(kinds[0], value.modifiers[0], value, stance))
        return " ".join([*before, kind_words(draft, kinds[0], stance, plural=plural)])
    noun = draft.rng.choice(draft.view.domain.nouns if plural else draft.view.domain.singulars)
    owners = _fresh(draft, "person", "brand")
    if len(owners) == 1 and draft.chance(0.3):
        draft.used.add(owners[0].name)
        return " ".join([*before, _value(draft, owners[0], _SESSION), noun])
    return " ".join([*before, noun]) if before or plural or draft.chance(0.4) else ""


def noun_phrase(draft: Draft, *, plural: bool) -> str:
    """Returns a demand as a noun phrase with one to four wishes; without an article when `plural`."""
    head = _head(draft, plural=plural)
    text = head if plural else with_article(head) if head else draft.rng.choice(("something", "something", "anything"))
    wanted = (
        draft.rng.choices((0, 1, 2, 3), (22, 46, 24, 8))[0]
        if head and head != _plain(head)
        else draft.rng.choice((1, 1, 2))
    )
    fields = _fresh(draft, *NAMED, *NUMBERS, "bool")[:wanted]
    for facet in fields:
        draft.used.add(facet.name)
        said = phrase(draft, facet, _SESSION)
        comma = "," if _plain(said).startswith(("nothing", "not ", "no ")) or draft.chance(0.06) else ""
        text = f"{text}{comma} {said}"
    if draft.chance(0.1) or (not fields and _plain(text) == text):
        text = f"{text} {topic(draft, SOFT)}"
    return text


def exclusion(draft: Draft, stance: dict[str, Any] | None = None) -> str:
    """Returns a clause that rules a value out: `no westerns`, `nothing by Ana Vey`, `anything but Thai food`."""
    stance = {**_SESSION, **(stance or {}), "polarity": -1}
    if draft.chance(0.07):
        return draft.say("no.vibe", v=vibe(draft, {**SOFT, "polarity": -1}))
    facets = draft.view.of_role("kind", "kind", "mod", *NAMED) + draft.view.of_role("kind")
    facet = draft.rng.choice(facets)
    if facet.spec.role == "kind":
        said = kind_words(draft, facet, stance, plural=True)
        if draft.chance(0.1):
            said = f"{said} or {kind_words(draft, facet, stance, plural=True)}"
        return draft.say("no.kind", x=said)
    if facet.spec.role == "mod":
        return draft.say("no.kind", x=f"{_value(draft, facet, stance)} {draft.rng.choice(draft.view.domain.nouns)}")
    if draft.chance(0.5):
        noun = draft.rng.choice(draft.view.domain.nouns)
        return draft.say("no.phrase", p=phrase(draft, facet, stance), noun=noun)
    said = _value(draft, facet, stance)
    if draft.chance(0.1):
        said = f"{said} or {_value(draft, facet, stance)}"
    return draft.say("no.name", x=said)


def described(draft: Draft, stance: dict[str, Any], *, loose: bool = True) -> str:
    """Returns one wish that can stand alone: `a western`, `funny`, `from the 90s`, `by Ana Vey`."""
    roll = draft.rng.random()
    if loose and roll < 0.25:
        return vibe(draft, stance)
    kinds = draft.view.of_role("kind")
    if kinds and roll < 0.55:
        plural = draft.chance(0.5)
        said = kind_words(draft, kinds[0], stance, plural=plural)
        return said if plural else with_article(said)
    fields = _fresh(draft, *NAMED, *NUMBERS, "bool")
    if not fields:
        return with_article(kind_words(draft, kinds[0], stance, plural=False))
    draft.used.add(fields[0].name)
    said = phrase(draft, fields[0], stance)
    return f"something {said}" if fields[0].spec.role == "bool" else said
