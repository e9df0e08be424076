"""How a browsing person answers a question: by an offered answer, its place, or in their own words."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import replace

from convrec.catalogue.schema import Field, Schema
from convrec.evaluation.sessions.browser_facts import Mind, fold
from convrec.evaluation.sessions.browser_numbers import above, below, interval, measure, pair, within
from convrec.evaluation.sessions.browser_reactions import Remark, Scene, toward
from convrec.evaluation.sessions.browser_wishes import Wish
from convrec.evaluation.sessions.people import Question, Statement

_YES, _NO = frozenset({"yes", "yeah", "yep", "true"}), frozenset({"no", "nope", "false"})


def asked_field(question: Question, schema: Schema) -> Field | None:
    """Returns the field that a question is about, by its name or its label; None where it is about something else."""
    name = fold(question.facet)
    return next((field for field in schema.fields if name in {fold(field.name), fold(field.label)}), None)


def answer(question: Question, scene: Scene, rng: random.Random) -> Remark | None:
    """Returns the answer from what the person has in mind; None where they have none to give."""
    which = _which_item(question, scene, rng)
    if which is not None:
        return which
    field = asked_field(question, scene.wording.schema)
    if field is None:
        return None
    fits = [(place, fit) for place, option in enumerate(question.options) if (fit := _fit(option, field, scene.mind))]
    if fits:
        return _picked(question, field, fits, scene, rng)
    wish = _own(field, scene, rng)
    if wish is None:
        return None
    if field.type == "bool":
        said = "answer_yes" if wish.statement.value else "answer_no"
    else:
        said = "answer_none" if question.options else "answer_own"
    return Remark(scene.wording.say(said, rng, wish=wish.named), (wish.statement,), (wish,))


def shrug(scene: Scene, rng: random.Random) -> Remark:
    """Returns that the person has no answer."""
    return Remark(scene.wording.say("shrug", rng))


def _own(field: Field, scene: Scene, rng: random.Random) -> Wish | None:
    wishes = [wish for wish in scene.wording.wishes(scene.mind, field) if wish.statement.polarity > 0]
    return rng.choice(wishes) if wishes else None


def _picked(
    question: Question, field: Field, fits: list[tuple[int, Statement]], scene: Scene, rng: random.Random
) -> Remark:
    place, statement = rng.choice(fits)
    how, phrases = rng.random(), scene.wording.phrases
    wish = _own(field, scene, rng)
    if how < 0.2 and wish is not None:
        return Remark(scene.wording.say("answer_own", rng, wish=wish.named), (wish.statement,), (wish,))
    memory = (wish,) if wish is not None and wish.statement.value == statement.value else ()
    if how < 0.45 or not scene.mind.secrets.allows(question.options[place]):
        ordinal = f"the {phrases.ordinals[place]}" if place < len(phrases.ordinals) else f"number {place + 1}"
        return Remark(scene.wording.say("answer_place", rng, place=ordinal), (statement,), memory)
    option = " ".join(question.options[place].split())
    option = option.lower() if field.type != "category" else option
    hard = how > 0.92 and field.type != "bool"
    said = scene.wording.say("answer_must" if hard else "answer_text", rng, option=option)
    return Remark(said, (replace(statement, hard=hard),), () if hard else memory)


def _fit(option: str, field: Field, mind: Mind) -> Statement | None:
    """Returns what picking the option means, if it is right for what the person has in mind."""
    words = fold(option)
    if field.type == "bool":
        first = words.split()[:1]
        held = True if set(first) & _YES else False if set(first) & _NO else None
        right = held is not None and mind.facts.get(field.name) is held
        return Statement(field.name, held, hard=False) if right else None
    if field.type in {"number", "date"}:
        return _fit_bounds(option, field, mind)
    wanted = (value for value in mind.values(field) if fold(value) in _spellings(words))
    return next((Statement(field.name, value, hard=False) for value in wanted), None)


def _spellings(words: str) -> Iterator[str]:
    """Yields an option's words, also without what a list adds to them: "crime 120", "some crime"."""
    yield words
    yield re.sub(r" \d+$", "", words)
    yield re.sub(r"^(some|a|an|the|more|by|with|from|in) ", "", words)


def _fit_bounds(option: str, field: Field, mind: Mind) -> Statement | None:
    span = interval(option)
    if span is None or measure(field, mind.facts) is None or not mind.secrets.allows_numbers(option):
        return None
    low, high, closed = span
    if not closed:
        low = None if low is None else above(field, low)
        high = None if high is None else below(field, high)
    if field.type == "date" and any(end is not None and not 1 <= end <= 9999 for end in (low, high)):
        return None
    ends = pair(field, low, high)
    return Statement(field.name, ends, hard=False) if within(field, ends, mind.facts) else None


def _which_item(question: Question, scene: Scene, rng: random.Random) -> Remark | None:
    """Returns the shown item that comes closest where the offered answers name shown items."""
    names = {fold(option) for option in question.options}
    named = [place for place in scene.by_closeness() if fold(scene.slate[place].title) in names - {""}]
    if not named or (asked_field(question, scene.wording.schema) is not None and fold(question.facet) != "title"):
        return None
    text = scene.wording.say("answer_item", rng, ref=scene.ref(named[0], rng))
    return Remark(text, (toward(scene.slate[named[0]]),))
