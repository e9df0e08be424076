"""What people do with a message: ask, rule out, correct, tell a taste, answer, chat. Each writes into a draft and returns its words."""

from typing import Any

from convrec.finetune.grammar.draft import Draft, Wish
from convrec.finetune.grammar.phrasing import (
    NAMED,
    NUMBERS,
    SOFT,
    described,
    exclusion,
    kind_words,
    noun_phrase,
    phrase,
    vibe,
)
from convrec.finetune.grammar.schema import Facet

_LASTING: dict[str, Any] = {"strength": "soft", "scope": "lasting"}
_NEVER: dict[str, Any] = {"strength": "hard", "scope": "lasting", "polarity": -1}


def request(draft: Draft) -> str:
    """Asks for items: a demand, sometimes with an exclusion or a softer wish behind it."""
    draft.acts.add("request")
    plural = draft.chance(0.45)
    if draft.chance(0.04):
        count = draft.rng.choice(("two", "three", "3", "four", "5", "a few", "some"))
        text = draft.say("open.any", np=f"{count} {noun_phrase(draft, plural=True)}")
    else:
        text = draft.say("open.plural" if plural else "open.any", np=noun_phrase(draft, plural=plural))
    if draft.chance(0.28):
        text = joined(draft, text, exclusion(draft))
    if draft.chance(0.16):
        text = joined(draft, text, draft.say("soft", x=described(draft, SOFT)))
    elif draft.chance(0.07):
        text = joined(draft, text, must(draft))
    return text


def joined(draft: Draft, first: str, second: str) -> str:
    """Returns two clauses as one text."""
    if first.endswith(("?", ".")):
        return f"{first} {second}"
    return first + draft.say("joint", x=second)


def must(draft: Draft) -> str:
    """Returns a clause that demands one thing."""
    stance = {"strength": "hard", "scope": "session"}
    return draft.say("must", x=vibe(draft, stance) if draft.chance(0.3) else described(draft, stance, loose=False))


def hedged(draft: Draft) -> str:
    """Adds a soft wish to what was asked for before."""
    draft.acts.add("request")
    return draft.say("soft", x=described(draft, SOFT))


def ruling_out(draft: Draft) -> str:
    """Rules something out of what was asked for before."""
    draft.acts |= {"request", "critique"}
    text = exclusion(draft)
    return joined(draft, text, exclusion(draft)) if draft.chance(0.12) else text


def correction(draft: Draft) -> str:
    """Puts one value in another's place."""
    draft.acts |= {"request", "critique"}
    hard = {"strength": "hard", "scope": "session"}
    kinds = draft.view.of_role("kind", "mod")
    if not kinds or draft.chance(0.5):
        return draft.say("correct.one", b=described(draft, hard, loose=False))
    facet = draft.rng.choice(draft.view.of_role("kind", *NAMED) or kinds)
    template = draft.wording.choose(draft.rng, "correct.both")
    order: dict[str, dict[str, Any]] = {"a": {**hard, "polarity": -1}, "b": dict(hard)}
    if facet.spec.role == "kind":
        plural = draft.chance(0.5)
        said = {key: kind_words(draft, facet, stance, plural=plural) for key, stance in order.items()}
        said = said if plural else {key: f"a {words}" for key, words in said.items()}
    else:
        said = {key: phrase(draft, facet, stance) for key, stance in order.items()}
    return template.format(**said)


def taste(draft: Draft) -> str:
    """Tells what somebody likes or dislikes, without asking for anything."""
    draft.acts.add("state_preference")
    roll = draft.rng.random()
    if roll < 0.36:
        return _taste(draft, "like", dict(_LASTING))
    if roll < 0.7:
        return _taste(draft, "dislike", dict(_NEVER))
    if roll < 0.82:
        return draft.say("other.dislikes", x=_liked(draft, {"strength": "hard", "scope": "session", "polarity": -1})[0])
    if roll < 0.92:
        return draft.say("other.likes", x=_liked(draft, dict(SOFT))[0])
    return draft.say("not.against", x=_liked(draft, dict(SOFT))[0])


def _liked(draft: Draft, stance: dict[str, Any]) -> tuple[str, str]:
    """Returns words for something people have a taste in, and whether it is a `kind` or a `name`."""
    named = draft.view.of_role("person", "brand", "attr")
    kinds = draft.view.of_role("kind")
    if named and (not kinds or draft.chance(0.35)):
        facet = draft.rng.choice(named)
        value = draft.value_of(facet)
        return draft.wished(facet, draft.rng.choice(value.modifiers), value, stance), "name"
    words = kind_words(draft, kinds[0], stance, plural=True)
    if draft.chance(0.12):
        words = f"{words} and {kind_words(draft, kinds[0], stance, plural=True)}"
    return words, "kind"


def _taste(draft: Draft, sign: str, stance: dict[str, Any]) -> str:
    words, manner = _liked(draft, stance)
    return draft.say(f"{sign}.{manner}", x=words, verb=draft.rng.choice(draft.view.domain.verbs))


def mixed_taste(draft: Draft) -> str:
    """Tells a like and a dislike at once."""
    draft.acts.add("state_preference")
    first, second = _taste(draft, "like", dict(_LASTING)), _taste(draft, "dislike", dict(_NEVER))
    if draft.chance(0.4):
        first, second = second, first
    return first + draft.rng.choice((", but ", " but ", ". ", ", ", "; ")) + second


def answer(draft: Draft) -> str:
    """Answers the assistant's question, with a value or without."""
    draft.acts.add("answer")
    if draft.chance(0.22):
        return draft.say("answer.any")
    question = f" {draft.context.asked.lower()}"
    asked = next((facet for facet in draft.view.facets if f" {facet.name.replace('_', ' ').lower()}" in question), None)
    hard = {"strength": "hard", "scope": "session"}
    if asked is None:
        return draft.say("answer", x=described(draft, hard, loose=False))
    if asked.spec.role in NUMBERS:
        return draft.say("answer", x=draft.amount(asked, **hard))
    if asked.spec.role == "kind":
        return draft.say("answer", x=kind_words(draft, asked, hard, plural=draft.chance(0.7)))
    if asked.spec.role == "bool":
        return draft.say("answer", x=phrase(draft, asked, hard))
    value = draft.value_of(asked)
    return draft.say("answer", x=draft.wished(asked, draft.rng.choice(value.modifiers), value, hard))


def comparative(draft: Draft) -> str:
    """Asks for more or less of something than what was shown."""
    draft.acts |= {"critique"}
    roll = draft.rng.random()
    numbers = [facet for facet in draft.view.of_role(*NUMBERS) if facet.spec.less or facet.spec.role == "year"]
    if roll < 0.25:
        return draft.say("too", v=vibe(draft, {**SOFT, "polarity": -1}))
    draft.acts.add("request")
    return draft.say("comparative", c=compared(draft, numbers if roll < 0.6 else []))


def compared(draft: Draft, numbers: list[Facet]) -> str:
    """Returns a comparative, marked: of one of the number fields if there are any, else of a mood."""
    if not numbers:
        return vibe(draft, dict(SOFT), comparative=True)
    facet = draft.rng.choice(numbers)
    up = draft.chance(0.45)
    words = (facet.spec.more if up else facet.spec.less) or (
        ("newer", "more recent", "more modern") if up else ("older", "less recent", "more classic")
    )
    return draft.mark(draft.rng.choice(words), Wish(facet.name, "more" if up else "less", searched=False, **SOFT))


def more(draft: Draft) -> str:
    """Asks for other items of the same kind."""
    draft.acts.add("request")
    return draft.say("more")


def small_talk(draft: Draft) -> str:
    """Greets, thanks, leaves, or says what no recommender can use."""
    act = draft.rng.choice(("greet", "thank", "bye", "other", "other"))
    draft.acts.add(act)
    text = draft.say(act)
    if act == "thank" and draft.chance(0.3):
        draft.acts.add("bye")
        text = f"{text}{draft.rng.choice((', ', ' ', '! '))}{draft.say('bye')}"
    return text


def profile(draft: Draft) -> str:
    """Asks what is remembered, adds to it, takes from it, or wants all of it gone."""
    roll = draft.rng.random()
    if roll < 0.3:
        draft.acts.add("forget")
        return draft.say("forget")
    draft.acts.add("edit_profile")
    if roll < 0.55:
        return draft.say("profile.show")
    sign = "like" if draft.chance(0.5) else "dislike"
    told = _taste(draft, sign, dict(_LASTING) if sign == "like" else dict(_NEVER))
    if roll < 0.82:
        return draft.say("profile.add", x=told)
    draft.acts.add("forget")
    return draft.say("profile.drop", x=told)
