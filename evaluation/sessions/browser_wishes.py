"""What a browsing person can wish for or rule out, in their words, each with what it means."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from convrec.catalogue.schema import Field, Schema
from convrec.evaluation.sessions.browser_facts import Mind, fold
from convrec.evaluation.sessions.browser_numbers import above, below, is_year, measure, pair, rounds, spans, spelled
from convrec.evaluation.sessions.browser_phrases import Phrases, Sense
from convrec.evaluation.sessions.people import Item, Statement


@dataclass(frozen=True)
class Wish:
    """A wish's words and meaning. A `plain` text stands alone ("crime"), another follows "something" ("from the 90s")."""

    text: str
    plain: bool
    statement: Statement
    against: str = ""  # the words for ruling it out: "not by X"; only those of a value

    @property
    def named(self) -> str:
        """Returns the wish as a thing: "crime", "no crime", "something from the 90s", "nothing from the 90s"."""
        if self.statement.polarity < 0:
            return f"no {self.text}" if self.plain else f"nothing {self.text}"
        return self.text if self.plain else f"something {self.text}"

    @property
    def kind(self) -> Literal["plain", "attached"]:
        """Returns which templates it goes into."""
        return "plain" if self.plain else "attached"


@dataclass(frozen=True)
class Wording:
    """The phrases, fitted to a catalogue. `this_year` lets people say "the last ten years"."""

    phrases: Phrases
    schema: Schema
    this_year: int | None = None

    def say(self, what: str, rng: random.Random, **slots: str) -> str:
        """Returns one of the sentences that do something, its slots filled."""
        noun = self.schema.noun
        article = "an" if noun[:1].casefold() in set("aeiou") else "a"
        words = {"noun": noun, "nouns": self.schema.nouns, "a_noun": f"{article} {noun}"}
        return rng.choice(self.phrases.says[what]).format(**words, **slots)

    def sense(self, field: Field) -> Sense:
        """Returns the words for a field's numbers or dates."""
        return self.phrases.year_sense if is_year(field) else self.phrases.sense(field)

    def value(self, field: Field, value: str, polarity: Literal[1, -1] = 1) -> Wish:
        """Returns the wish for a value of a category or tags field, or against it."""
        role, statement = self.phrases.role(field), Statement(field.name, value, polarity, hard=False)
        said = " ".join(value.split())
        if role.plain:
            return Wish(_as_kind(said), True, statement)
        text = role.text.format(value=said, label=field.label)
        against = role.against.format(value=said, label=field.label) or f"not {text}"
        return Wish(text, False, statement, against)

    def flag(self, field: Field, held: bool) -> Wish:
        """Returns the wish for a yes or a no, by the field's label."""
        words = " ".join(field.label.split())
        start, _, rest = words.partition(" ")
        if start.casefold() in {"is", "has", "with"} and rest:
            words, thing = rest, start.casefold() != "is"
        else:
            thing = self._names_a_thing(words)
        yes, no = ("with ", "without ") if thing else ("that's ", "that's not ")
        return Wish((yes if held else no) + words, False, Statement(field.name, held, hard=False))

    def numbers(self, field: Field, value: float) -> Iterator[Wish]:
        """Yields what is true to say of a number or a year."""
        yield from self._years(field, int(value)) if is_year(field) else self._bounds(field, value)

    def wishes(self, mind: Mind, field: Field) -> list[Wish]:
        """Returns all that the person can say of a fact that they want; nothing where they have none to tell."""
        if field.type in {"category", "tags"}:
            return [self.value(field, value) for value in mind.values(field)]
        if field.type == "bool":
            held = mind.facts.get(field.name)
            found = [self.flag(field, held)] if isinstance(held, bool) else []
            return [wish for wish in found if mind.secrets.allows(field.label)]
        measured = measure(field, mind.facts) if field.type in {"number", "date"} else None
        if measured is None:
            return []
        return [wish for wish in self.numbers(field, measured) if mind.secrets.allows_numbers(wish.text)]

    def any_wish(
        self, mind: Mind, rng: random.Random, said: Sequence[Wish], fields: Sequence[Field] | None = None
    ) -> Wish | None:
        """Returns a wish not said yet, of a field drawn by chance; None when there is nothing left to say."""
        told = {(wish.statement.facet, str(wish.statement.value)) for wish in said if wish.statement.true}
        bounded = {
            wish.statement.facet for wish in said if wish.statement.true and isinstance(wish.statement.value, tuple)
        }
        fields = list(self.schema.fields if fields is None else fields)
        for field in rng.sample(fields, len(fields)):
            new = [wish for wish in self.wishes(mind, field) if (field.name, str(wish.statement.value)) not in told]
            if new and field.name not in bounded:
                return rng.choice(new)
        return None

    def _names_a_thing(self, label: str) -> bool:
        last = (fold(label).split() or [""])[-1]
        return last in self.phrases.things or last.endswith(("tion", "ment", "space", "room"))

    def _years(self, field: Field, year: int) -> Iterator[Wish]:
        for span in spans(year, self.this_year):
            yield Wish(
                f"from {span.text}",
                False,
                Statement(field.name, pair(field, span.low, span.high), 1 if span.polarity > 0 else -1, hard=False),
            )

    def _bounds(self, field: Field, value: float) -> Iterator[Wish]:
        sense, near = self.sense(field), rounds(value)
        half = near.step / 2
        around = pair(field, near.nearest - half, near.nearest + half)
        for template, number, ends in (
            (sense.under, near.upper, pair(field, None, below(field, near.upper))),
            (sense.over, near.lower, pair(field, above(field, near.lower), None)),
            (sense.around, near.nearest, around),
        ):
            if template and number != 1 and (number > 0 or value < 0):
                counted = spelled(number) + self.phrases.unit(field)
                text = template.format(n=counted, label=field.label)
                yield Wish(text, False, Statement(field.name, ends, hard=False))


def reference(slate: Sequence[Item], place: int, phrases: Phrases, mind: Mind, rng: random.Random) -> str:
    """Returns the words that point to a shown item: by its place, seldom by its name."""
    title = " ".join(slate[place].title.split())
    if len(title) <= 50 and mind.secrets.allows(title) and rng.random() < 0.1:
        return title
    if len(slate) == 1:
        return rng.choice(("that one", "this one"))
    if place >= len(phrases.ordinals):
        return f"number {place + 1}"
    ordinal = phrases.ordinals[place]
    named = [f"the {ordinal} one", f"the {ordinal} one", f"the {ordinal}", f"number {place + 1}"]
    named.append(f"number {phrases.counts[place]}")
    if place == len(slate) - 1 and place > 1:
        named.append("the last one")
    return rng.choice(named)


def _as_kind(value: str) -> str:
    """Returns a value as people write a kind: in small letters unless it is an abbreviation, no underscores."""
    words = value.replace("_", " ")
    return words if words.isupper() else words.lower()
