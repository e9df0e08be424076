"""A line an item: what kind of thing it is, what links it to what was said, or else what it is about."""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from functools import cached_property

from convrec.agent.checking.titles import TitleGuard
from convrec.agent.messages import phrase
from convrec.agent.reasons import ORDERED
from convrec.agent.wording import is_kind, is_person, listed, small, year_field
from convrec.catalogue.schema import Field, Schema
from convrec.core.reply import Reason, ReplyItem
from convrec.core.text import fold

_KINDS = 3
_LIKED = 2  # liked items that a line names
_LONGEST = 35  # words of a text that a line quotes
_SHORTEST = 6  # and how few words say nothing ("Wax on, wax off")
_NAMES = ("title", "source_title")
_END = re.compile(r"(?<=[a-z\d)”\"’']{3})(?:[.!?](?=\s)|[;:] )")  # not after "St." or "U.S."
_LINKS = ("liked_item", "exploration", "similar_users", "text_match")


class Line:
    """What can be said of one item."""

    def __init__(self, item: ReplyItem, schema: Schema) -> None:
        self._item, self._schema = item, schema

    @cached_property
    def _kinds(self) -> list[str]:
        found = [value for f in self._schema.fields if is_kind(f) for value in _values(self._item.facts.get(f.name))]
        return list(dict.fromkeys(found))

    def _other_kinds(self) -> list[str]:
        """Returns the item's kinds without those that were asked for, which the reader knows."""
        asked = " ".join(fold(r.text) for r in self._item.reasons if r.kind in ("constraint", "attribute"))
        return [kind for kind in self._kinds if fold(kind) not in asked]

    def _field(self, reason: Reason) -> Field | None:
        """Returns the field of the item's own fact that a reason rests on first."""
        source = reason.evidence[0].source if reason.evidence else ""
        name = source.rpartition(".")[2] if source.startswith("item:") else ""
        return self._schema.field(name) if name in self._schema.names else None

    def worth_saying(self) -> list[Reason]:
        """Returns the reasons, the strongest first, that say more than the item's title, year and kinds do, and more than a guess."""
        return [r for r in self._item.reasons if r.kind in _LINKS and not self._plain(r)]

    def _plain(self, reason: Reason) -> bool:
        """Tells whether a reason says no more than the item's title or text does."""
        field = self._field(reason)
        return reason.kind == "text_match" and (field is None or field.type == "text")

    def of_person(self, reason: Reason) -> bool:
        """Tells whether a reason is a person that the item shares with another."""
        field = self._field(reason)
        return field is not None and is_person(field)

    def of_kind(self, reason: Reason) -> bool:
        """Tells whether a reason is no more than a kind that the item shares with another."""
        field = self._field(reason)
        return field is not None and is_kind(field)

    def clauses(self, common: Collection[str], guard: TitleGuard | None = None) -> list[str]:
        """Returns the parts of the line after the title; `common` are the reasons that go for the whole slate."""
        said = [r for r in self.worth_saying() if r.text not in common and (guard is None or guard.passes(r.text))]
        reasons = list({r.text: r for r in said}.values())
        people = [r.text for r in reasons if self.of_person(r)]
        links = people[1:] + [r.text for r in reasons if not self.of_person(r) and not self.of_kind(r)]
        liked = dict.fromkeys(title for r in reasons if self.of_kind(r) for title in _liked(r))
        ruled = [
            r.text for r in self._item.reasons if r.kind == "constraint" and r.weight > 0 and not _orders(r)
        ]  # what the house lifted
        about = [] if people or links else self._about(guard)
        found = [*self._head(people[:1], list(liked)[:_LIKED]), *self._ordered_by(), *links[:1], *ruled, *about]
        return found or [listed([small(kind) for kind in self._kinds[:_KINDS]])][: len(self._kinds)]

    def _ordered_by(self) -> list[str]:
        """Returns the fact that the slate is ordered by, but for the year, which stands behind the title."""
        year = year_field(self._schema)
        return [r.text for r in self._item.reasons if _orders(r) and self._field(r) != year]

    def _head(self, person: Sequence[str], liked: Sequence[str]) -> list[str]:
        """Returns the item's kinds with the person, or else the kinds, that it shares with what was liked."""
        kinds = self._other_kinds() or (self._kinds if liked else [])
        said = " ".join([*([listed([small(kind) for kind in kinds[:_KINDS]])] if kinds else []), *person])
        like = [phrase("like", titles=listed(liked))] if liked and not person else []
        return [", ".join([*([said] if said else []), *like])] if said else []

    def _about(self, guard: TitleGuard | None) -> list[str]:
        """Returns the beginning of the item's text as a sentence, where it is short and names no title out of play."""
        texts = (str(self._item.facts.get(f.name) or "") for f in self._schema.of_type("text") if f.name not in _NAMES)
        begun = (_beginning(text.strip()) for text in texts)
        return [part for part in begun if part and (guard is None or guard.passes(part, self._item.title))][:1]

    def head(self) -> str:
        """Returns the title as replies mark it, with its year."""
        year = year_field(self._schema)
        when = self._item.facts.get(year.name) if year else None
        return f"**{self._item.title}**" + (f" ({str(when)[:4].removesuffix('.0')})" if when is not None else "")


def lines(items: Sequence[ReplyItem], first: int, common: Collection[str], schema: Schema, guard: TitleGuard) -> str:
    """Returns the numbered lines of the items, from number `first`."""
    worded = [(line.head(), _joined(line.clauses(common, guard))) for line in (Line(item, schema) for item in items)]
    return "\n".join(
        f"{number}. {head}" + (f": {told}" if told else "") + ("" if told.endswith((".", "!", "?")) else ".")
        for number, (head, told) in enumerate(worded, first)
    )


def _joined(clauses: Sequence[str]) -> str:
    """Returns the clauses in one: a semicolon between them, a full stop before one that begins with a capital."""
    return "".join(("" if not n else ". " if part[:1].isupper() else "; ") + part for n, part in enumerate(clauses))


def _beginning(text: str) -> str:
    """Returns a text up to the first place where a sentence, or the first half of one, ends after some words; "" where that is far."""
    ends = [match.end() if match[0] in "!?" else match.start() for match in _END.finditer(text)] + [len(text)]
    begun = next((text[:end] for end in ends if len(text[:end].split()) >= _SHORTEST), "")
    return begun if len(begun.split()) <= _LONGEST else ""


def shared(items: Sequence[ReplyItem], schema: Schema, guard: TitleGuard) -> tuple[Reason, ...]:
    """Returns the reasons that every item of a slate has in common, the strongest of the first item first; a line need not say them."""
    if len(items) < 2:
        return ()
    said = Counter(text for item in items for text in {r.text for r in Line(item, schema).worth_saying()})
    own = Line(items[0], schema).worth_saying()
    return tuple(r for r in own if said[r.text] == len(items) and guard.passes(r.text))


def _orders(reason: Reason) -> bool:
    """Tells whether a reason is the fact that the slate is ordered by."""
    return any(e.source == ORDERED for e in reason.evidence)


def _liked(reason: Reason) -> list[str]:
    """Returns the titles of the liked items that a reason rests on."""
    return [str(e.value) for e in reason.evidence if e.source.startswith(("turn:", "profile:"))]


def _values(fact: object) -> list[str]:
    if fact is None:
        return []
    return [str(value) for value in fact] if isinstance(fact, list) else [str(fact)]
