"""How an agenda person answers: which offered options fit the target, and what they say where none does."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, replace
from typing import Any

from convrec.catalogue.schema import Field
from convrec.evaluation.sessions.agenda_goals import Agenda, Goal, field_for, fold, has_words, holds, values_of
from convrec.evaluation.sessions.agenda_mind import Mind, is_about
from convrec.evaluation.sessions.agenda_points import Ends, Point, point, range_point
from convrec.evaluation.sessions.agenda_voice import Line
from convrec.evaluation.sessions.people import Item, Question, Statement

_PAST = ("item", "liked", "favourite", "favorite", "similar", "seen", "history", "example")
_UNKNOWN_ANSWERS = ("other", "any", "none", "either", "whatever", "all", "both")


def answer(mind: Mind, question: Question) -> list[Line]:
    """Returns the answer to a question: an option that fits, a value of the target's, or that it does not matter."""
    about = field_for(mind.view.schema, question.facet)
    if about is None:
        return _answer_freely(mind, question)
    goals = mind.agenda.goals(about)
    if about.type == "bool":
        return _answer_flag(mind, goals)
    offered = offers(question, about, mind.person.target, mind.agenda, mind.rng)
    if offered.fitting:
        new = [p for p in offered.fitting if not mind.was_told(p)]
        return _pick(mind, new or list(offered.fitting), again=not new)
    untold = [goal for goal in goals if not mind.was_told(point(goal, mind.rng))]
    if offered.clear and offered.against and goals:
        if untold and mind.chance(0.7):
            return [Line("answer_none_but", (mind.put(untold),), statements=offered.against)]
        return [Line("answer_none", statements=offered.against)]
    if untold:
        return _pick(mind, [mind.put(untold)])
    return _pick(mind, mind.told_of(about), again=True) if goals else _unknown(mind)


def _answer_flag(mind: Mind, goals: tuple[Goal, ...]) -> list[Line]:
    if not goals:
        return _unknown(mind)
    mind.agenda.drop(goals[0])
    return [Line("yes" if goals[0].value else "no", (point(goals[0], mind.rng),))]


def _answer_freely(mind: Mind, question: Question) -> list[Line]:
    """Answers a question about no field: an option that fits, an item they liked, or that it does not matter."""
    fitting = [
        point(goal, mind.rng)
        for about in mind.view.schema.of_type("category", "tags")
        for goal in mind.agenda.goals(about)
        if any(same_words(option, goal.value) for option in question.options)
    ]
    if fitting:
        return _pick(mind, fitting)
    asked_for_past = any(word in fold(question.facet).split() for word in _PAST)
    if mind.liked and (asked_for_past or mind.chance(0.1)):
        return [mind.liked_line("liked")]
    return _unknown(mind)


def _unknown(mind: Mind) -> list[Line]:
    return [Line("unknown"), *(mind.wish("also") if mind.chance(0.45) else [])]


def _pick(mind: Mind, points: list[Point], *, again: bool = False) -> list[Line]:
    chosen = mind.rng.choice(points)
    mind.agenda.stack = [g for g in mind.agenda.stack if not is_about(g, chosen)]
    if correction := mind.correction(chosen):
        return [correction]
    if again:
        return [Line("answer_again", (chosen,))]
    if mind.chance(0.15):
        soft = replace(chosen, statement=replace(chosen.statement, hard=False))
        return [Line("answer_soft", (soft,))]
    return [Line("answer", (chosen,))]


@dataclass(frozen=True)
class Offers:
    """A question's options as the person sees them: points that fit, what the others rule out, whether all are clear."""

    fitting: tuple[Point, ...]
    against: tuple[Statement, ...]
    clear: bool


def offers(question: Question, about: Field, target: Item, agenda: Agenda, rng: random.Random) -> Offers:
    """Returns how a question's options fit the target; one that would give the target away leaves them unclear."""
    fitting: list[Point] = []
    against: list[Statement] = []
    clear = True
    for option in question.options:
        if about.type in ("number", "date"):
            found = _range_offer(option, about, target)
        else:
            found = _value_offer(option, about, target, agenda, rng)
        if isinstance(found, Point):
            fitting.append(found)
        elif isinstance(found, Statement):
            against.append(found)
        else:
            clear = False
    return Offers(tuple(fitting), tuple(against), clear and bool(question.options))


def _value_offer(
    option: str, about: Field, target: Item, agenda: Agenda, rng: random.Random
) -> Point | Statement | None:
    own = [value for value in map(str, values_of(about, target)) if same_words(option, value)]
    if own:
        sayable = [value for value in own if agenda.sayable(about, value)]
        return point(Goal(about, sayable[0]), rng) if sayable else None
    foreign = next((value for value in agenda.foreign(about) if fold(value) == fold(option)), None)
    return Statement(about.name, foreign, -1) if foreign else None


def _range_offer(option: str, about: Field, target: Item) -> Point | Statement | None:
    ends = parse_range(option)
    if ends is None or not values_of(about, target):
        return None
    given: Any = ends
    if about.type == "date":
        low, high = ends
        given = (None if low is None else f"{low:04.0f}-01-01", None if high is None else f"{high:04.0f}-12-31")
    put = range_point(about, given, option[:1].lower() + option[1:] if option[1:2].islower() else option)
    return put if holds(put.statement, about, target) else Statement(about.name, given, -1)


def same_words(option: str, value: str) -> bool:
    """Tells whether an offered answer means a value: the same words, or all of one within the other."""
    offered, own = fold(option), fold(value)
    if not offered or not own or offered in _UNKNOWN_ANSWERS:
        return option.strip() == value.strip()
    return has_words(offered, own) or has_words(own, offered)


def parse_range(text: str) -> Ends | None:
    """Returns both ends of a range such as "the 90s", "90-120 minutes", "under 20" or "2010+", if the text is one."""
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text.casefold())
    if re.search(r"\b(early|mid|late|except|not)\b", text):
        return None
    if found := re.search(r"\b(\d{3}0)s\b", text):
        return int(found[1]), int(found[1]) + 9
    if found := re.search(r"(?<!\d)([3-9]0)s\b", text):
        return 1900 + int(found[1]), 1909 + int(found[1])
    numbers = [float(n) if "." in n else int(n) for n in re.findall(r"\d+(?:\.\d+)?", text)]
    if len(numbers) == 2 and re.search(r"\d\D*(-|–|—|to|and|until)\D*\d", text):
        return min(numbers), max(numbers)
    if len(numbers) != 1:
        return None
    if found := re.search(r"under|less|below|up to|before|at most|max|<|until|older|earlier|or fewer", text):
        strict = found[0] in ("under", "less", "below", "before", "<", "older") and "or less" not in text
        return None, numbers[0] - 1 if strict and isinstance(numbers[0], int) else numbers[0]
    if found := re.search(r"over|more|above|at least|after|from|since|min\b|>|\+|newer|later|longer", text):
        strict = found[0] in ("over", "more", "above", "after", ">", "newer", "longer") and "or more" not in text
        return numbers[0] + 1 if strict and isinstance(numbers[0], int) else numbers[0], None
    return numbers[0], numbers[0]
