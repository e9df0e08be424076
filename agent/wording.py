"""How demands and facts are said in a few words, for any catalogue; the words themselves are the message catalogue's."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from convrec.agent.messages import catalogue as messages
from convrec.agent.messages import phrase
from convrec.catalogue.schema import Field, Schema
from convrec.core.predicate import Both, Comparison, Not, Predicate, fields_of
from convrec.core.text import words
from convrec.tools.lexicon import singular

Case = Callable[[str], str]
"""How a kind is written: as the catalogue has it (`str`), or as it stands within a sentence (`small`)."""

_YEAR_WORDS = {"year", "released", "release", "published", "date"}
_STARRING = {"cast", "actor", "actors", "actress", "star", "stars", "starring", "performer", "performers"}
_MADE_BY = {  # words of a field's name, and the message that ties its values to an item
    "director": "directed_by", "directors": "directed_by", "author": "by", "authors": "by", "artist": "by", "artists": "by",
    "writer": "written_by", "writers": "written_by", "developer": "by", "publisher": "published_by", "brand": "by", "designer": "by",
    "chef": "cooked_by", "grower": "grown_by", "brewer": "brewed_by", "studio": "by", "manufacturer": "made_by",
}  # fmt: skip
PEOPLE_COUNTED = frozenset({"players", "persons", "people", "seats", "guests", "capacity"})
"""What a field is called that says how many people an item is for."""
_STRICT = {"lt": "under", "gt": "over"}
_ADD_UP = {"features", "amenities", "facilities", "offers", "services", "extras", "properties", "perks", "dishes", "tags", "keywords",
           "mechanics", "diet", "diets"}  # fmt: skip
_HAD = {
    *_ADD_UP - {"tags", "keywords", "diet", "diets"},
    "ingredients",
    "materials",
    "components",
    "equipment",
}  # an item is `with` such a thing
_TAGS = {"tags", "keywords", "labels"}
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
    *("types", "kinds", "styles", "cuisines", "topics", "subjects", "theme", "themes"),
}


def field_words(field: Field) -> set[str]:
    """Returns the folded words of the field's name and label."""
    return set(words(f"{field.name.replace('_', ' ')} {field.label}"))


def is_year(field: Field) -> bool:
    """Tells whether the field says when an item came out."""
    return field.measured and bool(field_words(field) & _YEAR_WORDS)


def is_kind(field: Field) -> bool:
    """Tells whether the field says what kind of thing an item is (its genre, cuisine, category)."""
    return field.valued and bool(field_words(field) & _KIND)


def adds_up(field: Field) -> bool:
    """Tells whether a further value of the field is wished beside the older ones: a terrace, too, not a terrace instead of parking."""
    return field.type == "tags" and bool(field_words(field) & _ADD_UP)


def is_person(field: Field) -> bool:
    """Tells whether the field names people."""
    return field.valued and bool(field_words(field) & (_STARRING | set(_MADE_BY)))


def year_field(schema: Schema) -> Field | None:
    """Returns the field that says when an item came out, or None."""
    return next((field for field in schema.fields if is_year(field)), None)


def called(field: Field) -> str:
    """Returns what a person calls the field, without the unit that its label may end in."""
    return field.spoken


def small(value: str) -> str:
    """Returns a kind as it stands within a sentence: `western`, `science fiction`, but `Italian`, `LGBTQ`."""
    capitals = messages()["capitals"]
    return " ".join(
        word if not word.istitle() or any(part in capitals for part in word.split("-")) else word.lower()
        for word in value.split(" ")
    )


def listed(parts: Sequence[str], last: str = "and") -> str:
    """Returns `a, b and c`; `last` is the message that stands before the last part."""
    if len(parts) <= 1:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {phrase(last)} {parts[-1]}"


def distinct(texts: Sequence[str]) -> list[str]:
    """Returns the texts without those that say nothing that another does not say: "like Heat, Crime" beside "like Heat, Action and Crime"."""
    bags = [set(words(text)) for text in texts]
    return [
        text
        for place, text in enumerate(texts)
        if not any(bags[place] < bag or (bags[place] == bag and other < place) for other, bag in enumerate(bags))
    ]


def _tie(field: Field) -> str:
    """Returns the message that ties a value of the field to an item."""
    names = field_words(field)
    if names & _STARRING:
        return "with"
    made_by = next((message for name, message in _MADE_BY.items() if name in names), None)
    return made_by or (
        "kind" if is_kind(field) else "with" if names & _HAD else "tagged" if names & _TAGS else "with_facet"
    )


def joined_by(field: Field, value: str) -> str:
    """Returns the value with the words that tie it to an item: `directed by Jane Campion`, `with Tom Hanks`, `Western`, `with platform PC`."""
    return phrase(_tie(field), value=value, facet=singular(called(field)) if field.type == "tags" else called(field))


def flag(field: Field) -> str:
    """Returns what an item is of which a bool field is true: `hardy`, `pet safe`."""
    return called(field).removeprefix("is ")


def figures(field: Field, number: float) -> str:
    """Returns a number of a field in figures, with its currency or unit: `7.5`, `90 min`, `€49.90`, `CHF 12`."""
    whole = float(number).is_integer()
    if not field.currency:
        return with_unit(field, f"{number:.0f}" if whole else f"{number:g}")
    amount = f"{number:.0f}" if whole else f"{number:.2f}" if round(number, 2) == number else str(number)
    return f"{field.currency} {amount}" if field.currency.isalpha() else f"{field.currency}{amount}"


def with_unit(field: Field, said: str) -> str:
    """Returns figures with the field's unit, where it has one."""
    return f"{said} {field.unit}" if field.unit else said


def fact_met(field: Field, value: Any) -> str:
    """Returns a number of an item, or a range, in words: `from 1969`, `with a price of €8.90`, `with 2-4 players`."""
    if field.type == "range":
        return _amount("amount", field, low=with_unit(field, value))
    return range_words(field, value, value)


def order_words(field: Field, descending: bool) -> str:
    """Returns the order by a field in words: `newest first`, `cheapest first`, `highest rating first`, `fewest players first`."""
    if is_year(field):
        return phrase("newest_first" if descending else "oldest_first")
    if field.currency:
        return phrase("dearest_first" if descending else "cheapest_first")
    counted = "_counted" if _is_counted(called(field)) else ""
    return phrase(("most_first" if descending else "least_first") + counted, facet=called(field))


def range_words(field: Field, low: float | None, high: float | None) -> str:
    """Returns an inclusive range in words: `from the 1990s`, `up to 1979`, `from 2011 on`, `with a price of up to €20`, `with 2 to 4 players`."""
    ends = {
        "low": figures(field, low) if low is not None else "",
        "high": figures(field, high) if high is not None else "",
    }
    if low is not None and high is not None and low != high:
        ends["low"] = ends["low"].removesuffix(f" {field.unit}")  # "between 30 and 60 min"
    decade = low is not None and high is not None and low % 10 == 0 and high == low + 9
    if is_year(field):
        name = (
            "decade"
            if decade
            else "in_year"
            if low == high
            else "years"
            if low is not None and high is not None
            else ""
        )
        return phrase(name or ("since" if low is not None else "until"), **ends)
    name = "amount" if low == high else "between" if low is not None and high is not None else ""
    return _amount(name or ("at_least" if low is not None else "up_to"), field, **ends)


def _amount(message: str, field: Field, **ends: str) -> str:
    """Returns an amount in words: of things that are counted, `with up to 90 minutes`, or of one property, `with a price under €10`; of people
    within a range, `for 4 players`.
    """
    if field.type == "range" and field_words(field) & PEOPLE_COUNTED:
        plain = field.model_copy(update={"type": "number"})
        return phrase("for_people", value=_amount(message, plain, **ends).removeprefix(phrase("with", value="")))
    name = called(field)
    if _is_counted(name):
        return phrase(f"{message}_counted", facet=name, **ends)
    return phrase(message, facet=with_article(name), **ends)


def _is_counted(name: str) -> bool:
    return name.endswith("s") and not name.endswith("ss")


def with_article(noun: str) -> str:
    """Returns the noun with `a` or `an`."""
    return phrase("an" if noun[:1].casefold() in "aeiou" else "a", noun=noun)


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


def demand(predicate: Predicate, schema: Schema, case: Case = str) -> str:
    """Returns a demand in words: `Western`, `from the 1990s`, `without Tom Cruise`, `Crime or Noir`."""
    match predicate:
        case Not(arg=arg):
            return phrase("without" if _goes_without(arg, schema) else "not", value=_ruled_out(arg, schema, case))
        case Both(op=op, args=args):
            return listed([demand(arg, schema, case) for arg in args], op)
        case Comparison():
            return _comparison(predicate, schema.field(predicate.field), case)


def _goes_without(predicate: Predicate, schema: Schema) -> bool:
    """Tells whether an item that lacks it is `without` it; the others are `not` so (`not directed by`, `not from 1990`, `not hardy`)."""
    fields = [schema.field(leaf.field) for leaf in _leaves(predicate)]
    tied = ("by", "tagged")
    return all(
        not is_year(f) and f.type != "range" if f.measured else f.type != "bool" and not _tie(f).endswith(tied)
        for f in fields
    )


def _ruled_out(predicate: Predicate, schema: Schema, case: Case) -> str:
    """Returns what is ruled out; where it is gone `without`, the `with` that ties it to an item is left out."""
    if isinstance(predicate, Both):
        return listed([_ruled_out(arg, schema, case) for arg in predicate.args], predicate.op)
    said = demand(predicate, schema, case)
    return said.removeprefix(phrase("with", value="")) if _goes_without(predicate, schema) else said


def _comparison(comparison: Comparison, field: Field, case: Case) -> str:
    if field.measured:
        if comparison.op in _STRICT and not is_year(field):
            return _amount(_STRICT[comparison.op], field, value=figures(field, comparison.value))
        found = None if field.type == "date" else bounds(comparison)
        return (
            range_words(field, *found)
            if found
            else phrase("with_facet", facet=called(field), value=f"{comparison.op} {comparison.value}")
        )
    if field.type == "bool":
        return flag(field) if comparison.value else phrase("not", value=flag(field))
    if field.name == "title":
        return phrase("in_title", value=comparison.value)
    values = comparison.value if isinstance(comparison.value, list | tuple) else [comparison.value]
    last = "or" if comparison.op in ("in", "contains_any") else "and"
    return joined_by(field, listed([case(str(value)) if is_kind(field) else str(value) for value in values], last))


def before_noun(predicate: Predicate, schema: Schema) -> bool:
    """Tells whether a demand is said before the noun: `hardy`, `Western`; all others come after it."""
    kinds = all(is_kind(schema.field(leaf.field)) for leaf in _leaves(predicate))
    return _is_flag(predicate, schema) or (kinds and not isinstance(predicate, Not))


def request_words(predicates: Iterable[Predicate], schema: Schema, case: Case = str) -> str:
    """Returns the demands around the catalogue's noun: `Western films from the 1960s without John Wayne or Horror`."""
    demands = list(predicates)
    flags = [demand(one, schema, case) for one in demands if _is_flag(one, schema)]
    kinds = [demand(one, schema, case) for one in demands if before_noun(one, schema) and not _is_flag(one, schema)]
    after = after_noun(demands, schema, case)
    return " ".join([*flags, *([listed(kinds)] if kinds else []), schema.nouns, *([after] if after else [])])


def after_noun(predicates: Iterable[Predicate], schema: Schema, case: Case = str) -> str:
    """Returns those of the demands that come after the noun: `from the 1960s without John Wayne or horror`."""
    after = sorted((p for p in predicates if not before_noun(p, schema)), key=lambda one: isinstance(one, Not))
    lacking = [one.arg for one in after if isinstance(one, Not) and _goes_without(one.arg, schema)]
    lacking.sort(key=lambda one: fields_of(one) == {"title"})
    said: dict[frozenset[str], list[str]] = {}
    for one in after:
        if not (isinstance(one, Not) and one.arg in lacking):
            said.setdefault(frozenset(fields_of(one)), []).append(demand(one, schema, case))
    ruled_out = listed([_ruled_out(one, schema, case) for one in lacking], "or")
    without = [phrase("without", value=ruled_out)] if lacking else []
    return " ".join([*_together(said.values()), *without])


def _together(parts: Iterable[Sequence[str]]) -> list[str]:
    """Returns each field's parts listed; those that all begin with `with` are one, at the first one's place: `with crime and a price under 10`."""
    tie, either = phrase("with", value=""), f" {phrase('or')} "
    together: list[list[str]] = []
    tied: list[str] = []
    for each in parts:
        if not all(part.startswith(tie) and either not in part for part in each):
            together.append(list(each))
            continue
        if not tied:
            together.append(tied)
        tied += [part.removeprefix(tie) for part in each]
    return [phrase("with", value=listed(each)) if each is tied else listed(each) for each in together]


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
