"""What an agenda person has in mind: the agenda, what they told so far, and the moves that every turn draws on."""

from __future__ import annotations

import copy
import random
from itertools import islice

from convrec.catalogue.schema import Field
from convrec.evaluation.sessions.agenda_goals import Agenda, Goal, fold, role_of, values_of, words
from convrec.evaluation.sessions.agenda_points import Point, point
from convrec.evaluation.sessions.agenda_voice import Line, Style
from convrec.evaluation.sessions.people import Item, Person, Statement, View

BY_VALUE = ("kind", "cuisine", "topic", "feature")  # "not into westerns"; of other fields "nothing by X"
_RULED_OUT = (*BY_VALUE, "origin", "language", "place", "platform")


class Mind:
    """One person's state. `told` are true points that still stand, `misspoken` false ones, `stated` all that was ever meant."""

    def __init__(self, person: Person, view: View, rng: random.Random) -> None:
        self.person, self.view, self.rng = person, view, rng
        self.agenda = Agenda(person, view, rng)
        self.style = Style.drawn(rng)
        self.liked = [item for item in person.liked if self._may_name(item)]
        self.told: list[Point] = []
        self.misspoken: list[Point] = []
        self.stated: set[Statement] = set()
        self.said: set[str] = set()
        self.recognised: set[str] = set()

    def copied(self) -> Mind:
        """Returns a copy that goes on alike and shares nothing that changes."""
        other = copy.copy(self)
        other.rng, other.agenda = copy.deepcopy(self.rng), copy.copy(self.agenda)
        other.liked, other.told, other.misspoken = [*self.liked], [*self.told], [*self.misspoken]
        other.stated, other.said, other.recognised = {*self.stated}, {*self.said}, {*self.recognised}
        return other

    def chance(self, share: float) -> bool:
        """Draws whether something happens."""
        return self.rng.random() < share

    def wish(self, act: str, n: int = 1) -> list[Line]:
        """Pops up to n goals of different fields; a wish that belies an earlier slip takes that back."""
        goals = self._popped(n)
        if not goals:
            return []
        if isinstance(goals[0].value, bool):
            return [Line("wish_yes" if goals[0].value else "wish_no", (point(goals[0], self.rng),))]
        if correction := self.correction(point(goals[0], self.rng)):
            return [correction]
        soft = len(goals) == 1 and self.chance(0.12)
        return [Line(act, tuple(point(goal, self.rng, soft=soft) for goal in goals), soft=soft)]

    def correction(self, put: Point) -> Line | None:
        """Returns a line that says a point and takes back what was misspoken in the same field of one value, if anything was."""
        if self.view.schema.field(put.statement.facet).type == "tags":
            return None
        slip = next((p for p in self.misspoken if p.statement.facet == put.statement.facet), None)
        return Line("correct", (put,), retracted=(slip.statement,), old=slip) if slip else None

    def _popped(self, n: int) -> list[Goal]:
        found: list[Goal] = []
        for goal in reversed(self.agenda.stack):
            if len(found) < n and all(_go_together(goal, other) for other in found):
                found.append(goal)
        for goal in found:
            self.agenda.drop(goal)
        return found

    def liked_line(self, act: str) -> Line:
        """Returns a line about the latest liked item that was not mentioned yet."""
        item = self.liked.pop()
        return Line(act, slots={"liked": item.title}, statements=(Statement("item", item.id, hard=False),))

    def _may_name(self, item: Item) -> bool:
        return item.id != self.person.target.id and bool(fold(item.title)) and not self.agenda.secret.hides(item.title)

    def rule_out(self) -> list[Line]:
        """Rules out one of the most common values that the target does not have."""
        told = {(s.facet, s.value) for s in self.stated}
        goals = [
            Goal(about, value)
            for about in self.view.schema.of_type("category", "tags")
            if role_of(about) in _RULED_OUT and values_of(about, self.person.target)
            for value in islice(self.agenda.foreign(about), 8)
            if (about.name, value) not in told
        ]
        if not goals:
            return []
        goal = self.rng.choice(goals)
        by_value = role_of(goal.field) in BY_VALUE
        return [Line("rule_out" if by_value else "rule_out_by", (point(goal, self.rng, polarity=-1),))]

    def told_of(self, about: Field) -> list[Point]:
        """Returns what was asked for in a field and still stands."""
        return [p for p in self.told if p.statement.facet == about.name and p.statement.polarity > 0]

    def was_told(self, put: Point) -> bool:
        """Tells whether a value was asked for already; of a number, whether any range of it was."""
        about = self.view.schema.field(put.statement.facet)
        ranged = isinstance(put.statement.value, tuple)
        return any(ranged or p.statement.value == put.statement.value for p in self.told_of(about))

    def put(self, goals: list[Goal]) -> Point:
        """Returns one of the goals in words and takes it off the stack."""
        goal = self.rng.choice(goals)
        self.agenda.drop(goal)
        return point(goal, self.rng)

    def note(self, lines: list[Line]) -> None:
        """Remembers what was said, and forgets what was taken back."""
        retracted = {statement for line in lines for statement in line.retracted}
        points = [put for line in lines for put in line.points]
        self.told = [p for p in self.told if p.statement not in retracted] + [p for p in points if p.statement.true]
        self.misspoken = [p for p in self.misspoken if p.statement not in retracted]
        self.misspoken += [p for p in points if not p.statement.true]
        self.stated |= {statement for line in lines for statement in line.meaning}


def _go_together(one: Goal, other: Goal) -> bool:
    """Tells whether "something" can have both goals: two fields, at most one that stands for the item, no yes or no."""
    flag = isinstance(one.value, bool) or isinstance(other.value, bool)
    heads = [goal for goal in (one, other) if words()["roles"][role_of(goal.field)]["head"]]
    return one.field != other.field and not flag and len(heads) < 2


def is_about(goal: Goal, put: Point) -> bool:
    """Tells whether a point puts a goal into words."""
    same = goal.field.name == put.statement.facet
    return same and (put.statement.value == goal.value or isinstance(put.statement.value, tuple))
