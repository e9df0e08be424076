"""What a catalogue's fields are for, read from their types, names, labels and values: nothing here knows one domain."""

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from convrec.agent.wording import PEOPLE_COUNTED, is_kind, is_person, is_year
from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.schema import NUMERIC, Field, Schema
from convrec.core.text import words

Floats = npt.NDArray[np.float64]

_DATED = {"year", "date", "released", "release", "published", "publication", "opened", "founded"}
_PRICED = {"price", "prices", "cost", "costs", "fee", "amount", "msrp", "dollars", "euros", "usd", "eur", "budget"}
_LASTING = {"runtime", "duration", "length", "minutes", "playtime", "hours", "mins"}
_RATED = {"rating", "ratings", "score", "stars", "grade", "metascore", "votes"}
_HIGH = {"height", "tall", "size"}
_AGED = {"age", "ages", "pegi"}
_MEASURED = {  # "playing time (min)" where no name tells more
    "length": (_LASTING, {"time"}), "price": (_PRICED,), "rating": (_RATED,), "height": (_HIGH,)
}  # fmt: skip
_SHOWN_BY = {
    "cast",
    "actor",
    "actors",
    "actress",
    "star",
    "stars",
    "starring",
    "performer",
    "performers",
    "singer",
    "narrator",
}
_VERBS = {
    "direct": ("direct",), "writ": ("writ", "author"), "wrote": ("writ", "author"), "author": ("author", "writ"),
    "publish": ("publish",), "develop": ("develop", "studio"), "design": ("design",), "creat": ("creat", "design", "author"),
    "produc": ("produc",), "compos": ("compos",), "illustrat": ("illustrat",), "narrat": ("narrat",), "cook": ("chef",),
    "own": ("owner",), "sing": ("singer", "artist"), "sang": ("singer", "artist"), "perform": ("artist", "perform", "cast"), "sung": ("singer", "artist"),
}  # fmt: skip


@dataclass(frozen=True)
class Fields:
    """The fields by what they are for; each tuple in the schema's order.

    `kinds` say what sort of thing an item is, `makers` who made it, `players` who appears in it, `plain` the other values, `flags` what is
    so or not; `height` how big it gets, `count` how many people it is for, `age` from which age it is.
    """

    catalogue: Catalogue
    year: Field | None
    price: Field | None
    length: Field | None
    rating: Field | None
    kinds: tuple[Field, ...]
    makers: tuple[Field, ...]
    players: tuple[Field, ...]
    plain: tuple[Field, ...]
    flags: tuple[Field, ...] = ()
    height: Field | None = None
    count: Field | None = None
    age: Field | None = None

    @property
    def people(self) -> tuple[Field, ...]:
        """The fields that name people or houses."""
        return self.makers + self.players

    @property
    def valued(self) -> tuple[Field, ...]:
        """All fields with values to link to."""
        return self.kinds + self.people + self.plain

    def years(self) -> Floats | None:
        """Returns `(n_items,)` the year of each item, NaN where unknown; None where the catalogue has no years."""
        return None if self.year is None else years_of(self.catalogue, self.year)

    def of_role(self, role: str) -> Field | None:
        """Returns the field of a role, `year`, `price`, `length`, `rating` or `height`; what is short or long where nothing lasts is so in height."""
        field: Field | None = getattr(self, role)
        return self.height if field is None and role == "length" else field

    def said_by(self, verb: str) -> tuple[Field, ...]:
        """Returns the fields that a verb points at: `directed` → a field called director."""
        return tuple(f for f in self.valued if any(w.startswith(t) for w in described(f) for t in doers(verb)))


def measured(schema: Schema, what: str) -> Field | None:
    """Returns the field that tells an item's `length`, `price`, `rating` or `height` in numbers; None where there is none."""
    numbers = schema.of_type(*NUMERIC)
    found = (_first(numbers, names) for names in _MEASURED[what])
    return next((field for field in found if field is not None), None)


def doers(verb: str) -> tuple[str, ...]:
    """Returns how names of fields begin that hold who does what a verb says: `wrote` → writ, author."""
    return next((targets for stem, targets in _VERBS.items() if verb.startswith(stem)), ())


def fields_of(catalogue: Catalogue) -> Fields:
    """Returns what the catalogue's fields are for."""
    schema = catalogue.schema
    numbers = schema.of_type(*NUMERIC)
    valued = schema.valued
    people = [f for f in valued if is_person(f)]
    players = tuple(f for f in people if set(_named(f)) & _SHOWN_BY)
    kinds = (
        tuple(f for f in valued if is_kind(f) and f not in people) or tuple(f for f in valued if f not in people)[:1]
    )
    return Fields(
        catalogue=catalogue,
        year=_year(catalogue),
        price=measured(schema, "price"),
        length=measured(schema, "length"),
        rating=measured(schema, "rating"),
        kinds=kinds,
        makers=tuple(f for f in people if f not in players),
        players=players,
        plain=tuple(f for f in valued if f not in people and f not in kinds),
        flags=schema.of_type("bool"),
        height=measured(schema, "height"),
        count=_first(numbers, PEOPLE_COUNTED),
        age=_first(numbers, _AGED),
    )


@lru_cache(maxsize=256)
def described(field: Field) -> frozenset[str]:
    """Returns the folded words of the field's name, label and description."""
    return frozenset(words(f"{field.name.replace('_', ' ')} {field.label} {field.description}"))


def plain_name(field: Field) -> str:
    """Returns what a field is called, in folded words without what stands in brackets: "Playing time (min)" → `playing time`."""
    return " ".join(words(re.sub(r"\(.*?\)", "", field.label)))


def years_of(catalogue: Catalogue, field: Field) -> Floats:
    """Returns `(n_items,)` the year of a field of years or of a date field, NaN where missing."""
    values = catalogue.numbers(field.name)
    if field.type != "date":
        return values
    return np.array([np.nan if np.isnan(days) else 1970 + np.floor(days / 365.2425) for days in values])


def _named(field: Field) -> list[str]:
    return words(f"{field.name.replace('_', ' ')} {field.label}")


def _year(catalogue: Catalogue) -> Field | None:
    """Returns the field that says when an item came out: so called, and with values that are years."""
    for field in catalogue.schema.measured:
        if not (is_year(field) or described(field) & _DATED):
            continue
        years = years_of(catalogue, field)
        known = years[~np.isnan(years)]
        if len(known) and np.mean((known >= 1_400) & (known <= 2_100)) > 0.8:
            return field
    return None


def _first(fields: tuple[Field, ...], names: AbstractSet[str]) -> Field | None:
    """Returns the first field that is called one of the words, else the first that is described with one."""
    called = [f for f in fields if set(_named(f)) & names]
    return next(iter(called or [f for f in fields if described(f) & names]), None)
