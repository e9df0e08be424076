"""How demands and facts are said in a few words, for any catalogue."""

from collections.abc import Iterable, Sequence
from typing import Any

from convrec.catalogue.schema import Field, Schema
from convrec.core.predicate import Both, Comparison, Not, Predicate
from convrec.core.text import words

_YEAR_WORDS = {"year", "released", "release", "published", "date"}
_STARRING = {"cast", "actor", "actors", "actress", "star", "stars", "starring", "performer", "performers"}
_MADE_BY = {"director": "directed by", "directors": "directed by", "author": "by", "authors": "by", "artist": "by", "artists": "by",
            "writer": "written by", "writers": "written by", "developer": "by", "publisher": "from", "brand": "by", "designer": "by",
            "chef": "cooked by", "grower": "grown by", "brewer": "brewed by", "studio": "by", "manufacturer": "made by"}  # fmt: skip
_STRICT = {"lt": "under", "gt": "over"}
_ADD_UP = {"features", "amenities", "facilities", "offers", "services", "extras", "properties", "perks", "dishes", "tags", "keywords",
           "mechanics", "diet", "diets"}  # fmt: skip
_KIND = {
    "genre",
    "genres",
    "category",
    "categories",
    "type",
    "kind",
    "style",
    "cuisine",
    "topic",
    "subject",
    "mechanics",
}


def field_words(field: Field) -> set[str]:
    """Returns the folded words of the field's name and label."""
    return set(words(f"{field.name.replace('_', ' ')} {field.label}"))


def is_year(field: Field) -> bool:
    """Tells whether the field says when an item came out."""
    return field.type in ("number", "date") and bool(field_words(field) & _YEAR_WORDS)


def is_kind(field: Field) -> bool:
    """Tells whether the field says what kind of thing an item is (its genre, cuisine, category)."""
    return field.type in ("category", "tags") and bool(field_words(field) & _KIND)


def adds_up(field: Field) -> bool:
    """Tells whether a further value of the field is wished beside the older ones: a terrace, too, not a terrace instead of parking."""
    return field.type == "tags" and bool(field_words(field) & _ADD_UP)


def is_person(field: Field) -> bool:
    """Tells whether the field names people."""
    return field.type in ("category", "tags") and bool(field_words(field) & (_STARRING | set(_MADE_BY)))


def year_field(schema: Schema) -> Field | None:
    """Returns the field that says when an item came out, or None."""
    return next((field for field in schema.fields if is_year(field)), None)


def listed(parts: Sequence[str], last: str = "and") -> str:
    """Returns `a, b and c`."""
    if len(parts) <= 1:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {last} {parts[-1]}"


def distinct(texts: Sequence[str]) -> list[str]:
    """Returns the texts without those that say nothing that another does not say: "like Heat, Crime" beside "like Heat, Action and Crime"."""
    bags = [set(words(text)) for text in texts]
    return [
        text
        for place, text in enumerate(texts)
        if not any(bags[place] < bag or (bags[place] == bag and other < place) for other, bag in enumerate(bags))
    ]


def joined_by(field: Field, value: str) -> str:
    """Returns the value with the words that tie it to an item: `directed by Jane Campion`, `with Tom Hanks`, `Western`."""
    names = field_words(field)
    if names & _STARRING:
        return f"with {value}"
    for name, phrase in _MADE_BY.items():
        if name in names:
            return f"{phrase} {value}"
    if is_kind(field):
        return value
    return f"with {value}" if field.type == "tags" else f"with {field.label or field.name.replace('_', ' ')} {value}"


def flag(field: Field) -> str:
    """Returns what an item is of which a bool field is true: `hardy`, `pet safe`."""
    return (field.label or field.name.replace("_", " ")).removeprefix("is ")


def range_words(field: Field, low: float | None, high: float | None) -> str:
    """Returns an inclusive range in words: `from the 1990s`, `up to 1979`, `from 2011 on`, `with price up to 20`."""
    if is_year(field):
        if low is not None and high is not None:
            decade = low % 10 == 0 and high == low + 9
            return f"from the {low:.0f}s" if decade else f"from {low:g}" if low == high else f"from {low:g} to {high:g}"
        return f"from {low:g} on" if low is not None else f"up to {high:g}"
    name = f"with {field.label or field.name.replace('_', ' ')}"
    if low is not None and high is not None:
        return f"{name} {low:g}" if low == high else f"{name} between {low:g} and {high:g}"
    return f"{name} at least {low:g}" if low is not None else f"{name} up to {high:g}"


def bounds(comparison: Comparison) -> tuple[float | None, float | None] | None:
    """Returns the inclusive range that a numeric comparison spells, or None when it spells none."""
    value: Any = comparison.value
    if comparison.op == "between":
        return float(value[0]), float(value[1])
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    whole = 1 if float(value).is_integer() else 0
    ranges: dict[str, tuple[float | None, float | None]] = {
        "eq": (value, value), "ge": (value, None), "gt": (value + whole, None), "le": (None, value), "lt": (None, value - whole),
    }  # fmt: skip
    return ranges.get(comparison.op)


def demand(predicate: Predicate, schema: Schema) -> str:
    """Returns a demand in words: `Western`, `from the 1990s`, `without Tom Cruise`, `Crime or Noir`."""
    match predicate:
        case Not(arg=arg):
            inner = demand(arg, schema)
            return (
                f"not {inner}"
                if inner.startswith((*{f"{phrase} " for phrase in _MADE_BY.values()}, "from ")) or _is_flag(arg, schema)
                else f"without {inner.removeprefix('with ')}"
            )
        case Both(op=op, args=args):
            return listed([demand(arg, schema) for arg in args], op)
        case Comparison():
            return _comparison(predicate, schema.field(predicate.field))


def _comparison(comparison: Comparison, field: Field) -> str:
    if field.type in ("number", "date"):
        name = f"{field.label or field.name.replace('_', ' ')}"
        if comparison.op in _STRICT and not is_year(field):
            return f"with {name} {_STRICT[comparison.op]} {comparison.value:g}"
        found = bounds(comparison) if field.type == "number" else None
        return range_words(field, *found) if found else f"with {name} {comparison.op} {comparison.value}"
    if field.type == "bool":
        return flag(field) if comparison.value else f"not {flag(field)}"
    values = comparison.value if isinstance(comparison.value, list | tuple) else [comparison.value]
    last = "or" if comparison.op in ("in", "contains_any") else "and"
    return joined_by(field, listed([str(value) for value in values], last))


def request_words(predicates: Iterable[Predicate], schema: Schema) -> str:
    """Returns the demands around the catalogue's noun: `Western films from the 1960s without John Wayne or Horror`."""
    flags: list[str] = []
    before: list[str] = []
    after: list[str] = []
    without: list[str] = []
    for predicate in predicates:
        said = demand(predicate, schema)
        if isinstance(predicate, Not) and said.startswith("without "):
            without.append(said.removeprefix("without "))
        elif _is_flag(predicate, schema):
            flags.append(said)
        elif not isinstance(predicate, Not) and all(is_kind(schema.field(part.field)) for part in _leaves(predicate)):
            before.append(said)
        else:
            after.append(said)
    ruled_out = [f"without {listed(without, 'or')}"] if without else []
    return " ".join([*flags, *([listed(before)] if before else []), schema.nouns, *after, *ruled_out])


def _is_flag(predicate: Predicate, schema: Schema) -> bool:
    leaves = _leaves(predicate)
    return len(leaves) == 1 and schema.field(leaves[0].field).type == "bool"


def _leaves(predicate: Predicate) -> list[Comparison]:
    match predicate:
        case Comparison():
            return [predicate]
        case Not(arg=arg):
            return _leaves(arg)
        case Both(args=args):
            return [leaf for arg in args for leaf in _leaves(arg)]
