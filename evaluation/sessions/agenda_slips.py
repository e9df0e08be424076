"""What an agenda person gets wrong on purpose: a value that the target does not have, and a change of mind."""

from __future__ import annotations

from collections.abc import Iterable

from convrec.catalogue.schema import Field
from convrec.evaluation.sessions.agenda_goals import Goal, field_for, fold
from convrec.evaluation.sessions.agenda_mind import Mind
from convrec.evaluation.sessions.agenda_points import Point, point, wrong_point
from convrec.evaluation.sessions.agenda_voice import Line
from convrec.evaluation.sessions.people import Question, Shown


def misspeak(mind: Mind, shown: Shown) -> list[Line]:
    """Answers what is not true of the target; without a question, wishes for it."""
    question = shown.question
    asked = field_for(mind.view.schema, question.facet) if question else None
    fields = [asked] if asked else list(dict.fromkeys(goal.field for goal in mind.agenda.stack))
    about = mind.rng.choice(fields) if fields else None
    put = wrong_point(mind.agenda, about, mind.person.target, mind.rng) if about else None
    if about is None or put is None:
        return []
    if asked and question and mind.chance(0.6):
        put = _wrong_option(mind, question, about) or put
    if put.role == "flag":
        said = "yes" if put.statement.value else "no"
        return [Line(said if asked else f"wish_{said}", (put,))]
    return [Line("answer" if asked else "wish", (put,))]


def _wrong_option(mind: Mind, question: Question, about: Field) -> Point | None:
    foreign = [v for v in mind.agenda.foreign(about) if any(fold(v) == fold(option) for option in question.options)]
    return point(Goal(about, mind.rng.choice(foreign)), mind.rng, true=False) if foreign else None


def change_mind(mind: Mind) -> list[Line]:
    """Corrects the latest slip, or takes back something true and says something else that is true."""
    if mind.misspoken:
        old = mind.misspoken[-1]
        goals = [g for f in mind.view.schema.fields if f.name == old.statement.facet for g in mind.agenda.goals(f)]
        if goals and old.role != "flag":
            return [Line("correct", (mind.put(goals),), retracted=(old.statement,), old=old)]
        return [Line("forget", retracted=(old.statement,), old=old)]
    taken = [p for p in mind.told if p.statement.polarity > 0 and p.role != "flag"]
    if not taken:
        return []
    old = mind.rng.choice(taken)
    new = _instead_of(mind, old)
    return [Line("change", (new,), retracted=(old.statement,), old=old)] if new else []


def _instead_of(mind: Mind, old: Point) -> Point | None:
    untold = [g for g in mind.agenda.stack if not isinstance(g.value, bool)]
    alike = [g for g in untold if g.field.name == old.statement.facet]
    if not alike and isinstance(old.statement.value, tuple):
        about = mind.view.schema.field(old.statement.facet)
        return next((p for p in _reworded(mind, about) if p.statement.value != old.statement.value), None)
    return mind.put(alike or untold[-3:]) if alike or untold else None


def _reworded(mind: Mind, about: Field) -> Iterable[Point]:
    return (point(goal, mind.rng) for _ in range(5) for goal in mind.agenda.goals(about))
