"""What a card shows of an item, for any schema: its facts in a person's words, its picture or a drawn cover, its reasons."""

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass

from markupsafe import Markup

from convrec.agent.answers import value_words
from convrec.agent.wording import called, is_kind, is_person, joined_by, listed, small, year_field
from convrec.catalogue.schema import Field, Schema
from convrec.core.reply import Reason, ReplyItem

_PICTURE = re.compile(r"(https?://|data:image/(png|jpeg|gif|webp|avif);base64,)", re.IGNORECASE)
_LINK = re.compile(r"https?://([^/?#\s]+)", re.IGNORECASE)
_HIDDEN = ("title", "source_title")
_OTHER_FACTS = 3
_PEOPLE = 4


@dataclass(frozen=True)
class Cover:
    """A drawn cover: two hues in degrees, a motif's number and a turn in degrees, all from the item's id.

    `letters` is the length of the title's longest word, which has to fit on a line.
    """

    hue: int
    second_hue: int
    motif: int
    turn: int
    letters: int


@dataclass(frozen=True)
class Chip:
    """A reason in a few words. `share` is its part of the score in whole per cent, None for a demand that is met."""

    text: str
    kind: str
    share: int | None = None
    approximate: bool = False


@dataclass(frozen=True)
class Link:
    """An address on the web, and the host it leads to."""

    address: str
    host: str


@dataclass(frozen=True)
class Card:
    """An item as its card shows it. `line` is what the reply says of it beyond what the card shows anyway."""

    id: str
    title: str
    rank: int
    year: str
    kinds: tuple[str, ...]
    people: tuple[str, ...]
    facts: tuple[str, ...]
    description: str
    cover: Cover
    picture: str | None
    link: Link | None
    chips: tuple[Chip, ...]
    line: Markup
    clicked: frozenset[str]

    @property
    def name(self) -> str:
        """The title as a message names it: with its year, where there is one, for titles come twice."""
        return f"{self.title} ({self.year})" if self.year else self.title

    @property
    def more(self) -> str:
        """The message that asks for more like this."""
        return f"More like {self.name}"

    @property
    def less(self) -> str:
        """The message that speaks against this and its kind."""
        kinds = listed([small(kind) for kind in self.kinds])
        return f"Nothing like {self.name}" + (f", and less {kinds}" if kinds else "")


def card(item: ReplyItem, schema: Schema, clicked: Collection[str] = (), line: Markup = Markup("")) -> Card:  # noqa: B008  (immutable)
    """Returns an item's card. `clicked` are the events of its buttons that are pressed."""
    known = [
        field
        for field in schema.fields
        if item.facts.get(field.name) not in (None, "", []) and field.name not in _HIDDEN
    ]
    year = year_field(schema)
    told = [f for f in known if f.type == "text"]
    return Card(
        id=item.id, title=item.title, rank=item.rank, year=_year(item.facts.get(year.name)) if year else "",
        kinds=tuple(value for f in known if is_kind(f) for value in _values(item, f)),
        people=tuple(joined_by(f, listed(_few(_values(item, f)))) for f in known if is_person(f)),
        facts=tuple(_fact(f, item) for f in known if f != year and _is_other(f))[:_OTHER_FACTS],
        description=str(item.facts[told[0].name]) if told else "",
        cover=cover(item.id, item.title), picture=_picture(item, known), link=_link(item, known),
        chips=chips(item.reasons), line=line, clicked=frozenset(clicked),
    )  # fmt: skip


def cover(item_id: str, title: str) -> Cover:
    """Returns the cover of an item without a picture; the same id always has the same."""
    drawn = hashlib.sha256(item_id.encode("utf-8", "surrogatepass")).digest()
    hue = int.from_bytes(drawn[:2], "big") % 360
    letters = max(map(len, title.split()), default=1)
    return Cover(
        hue=hue,
        second_hue=(hue + 25 + drawn[2] % 50) % 360,
        motif=drawn[3] % 4,
        turn=drawn[4] % 12 * 15,
        letters=letters,
    )


def chips(reasons: Collection[Reason]) -> tuple[Chip, ...]:
    """Returns the reasons as chips: demands that are met, then what carries the score, the strongest first, the rest last.

    Reasons that are worded alike are one chip.

    A share is the reason's part of all weights taken without their signs, so shares never add up to more than 100; a
    reason that speaks against the item has a negative one.
    """
    whole = sum(abs(reason.weight) for reason in reasons) or 1.0
    merged: dict[tuple[str, bool], Reason] = {}
    for reason in reasons:
        key = (reason.text, reason.kind == "constraint")
        before = merged.get(key, reason.model_copy(update={"weight": 0.0}))
        sums = {"weight": before.weight + reason.weight, "approximate": before.approximate or reason.approximate}
        merged[key] = before.model_copy(update=sums)
    shown = [
        Chip(r.text, r.kind, None if r.kind == "constraint" else round(100 * r.weight / whole), r.approximate)
        for r in merged.values()
    ]
    told = [chip for chip in shown if chip.share != 0]
    return tuple(sorted(told, key=lambda chip: (chip.share is not None, chip.kind == "other", -(chip.share or 0))))


def _is_other(field: Field) -> bool:
    return field.faceted and field.type != "tags" and not is_kind(field) and not is_person(field)


def _fact(field: Field, item: ReplyItem) -> str:
    return f"{called(field)} {value_words(item.facts[field.name], field)}"


def _values(item: ReplyItem, field: Field) -> list[str]:
    fact = item.facts[field.name]
    return [str(value) for value in fact] if isinstance(fact, list | tuple) else [str(fact)]


def _few(names: list[str]) -> list[str]:
    return names if len(names) <= _PEOPLE else [*names[:_PEOPLE], f"{len(names) - _PEOPLE} more"]


def _year(fact: object) -> str:
    return str(fact)[:4].removesuffix(".0") if fact is not None else ""


def _picture(item: ReplyItem, known: list[Field]) -> str | None:
    addresses = [str(item.facts[field.name]).strip() for field in known if field.type == "image"]
    return next((address for address in addresses if _PICTURE.match(address)), None)


def _link(item: ReplyItem, known: list[Field]) -> Link | None:
    addresses = [str(item.facts[field.name]).strip() for field in known if field.type == "url"]
    found = ((address, _LINK.match(address)) for address in addresses)
    return next((Link(address, match[1].removeprefix("www.")) for address, match in found if match), None)
