"""The schema: which facts a catalogue's items carry, of which types, and the words for them."""

import difflib
import os
import re
from pathlib import Path
from typing import Any, Literal, Self, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator, model_validator
from pydantic import Field as Setting

from convrec.core.errors import InputError, PredicateError

FieldType = Literal["text", "category", "tags", "number", "range", "date", "bool", "url", "image"]
FIELD_TYPES: tuple[str, ...] = get_args(FieldType)
VALUED: tuple[FieldType, ...] = ("category", "tags")
"""The types of fields that hold values which items share: linked to words, counted, explored."""
MEASURED: tuple[FieldType, ...] = ("number", "range", "date")
"""The types of fields that hold places on a scale, or all places from one to another: compared, asked for in ranges."""
NUMERIC: tuple[FieldType, ...] = ("number", "range")
"""The types of fields that hold numbers, one or all from the least to the most."""

_HEADER = f"""\
# How this catalogue is read. Change a type, a label or a description here: what stands here wins on every later ingest,
# and only columns that are new are added. A field that is not `searchable` is kept and shown, but not searched. A number
# with a `currency` is a price; `separator` is what parts tags in one text.
# Types: {", ".join(FIELD_TYPES)}. `id` is always there and needs no line.
"""


_IN_BRACKETS = re.compile(r"(.*\S) \(([^()]{1,7})\)")
_UNITS = frozenset(
    "s sec seconds min mins minutes h hr hrs hours days weeks months years g kg lb lbs oz t mm cm m km in inches ft mi ml cl l kcal kj w kw kwh v % °c pages".split()
)


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _plainly(name: str) -> str:
    return " ".join(word.lower() if word.istitle() else word for word in name.replace("_", " ").split(" "))


class Field(_Shape):
    """One fact that items may carry. `label` is what a person calls it; the name, spelled plainly ("Min_age" → "min age", "ISBN" stays), unless given.

    `currency` is the sign or code of a number that is a price: `€`, `CHF`; `separator` parts tags that stand in one text.
    """

    name: str
    type: FieldType
    description: str = ""
    label: str = ""
    searchable: bool = True
    currency: str = ""
    separator: str = Setting("|", min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _label_from_name(cls, given: Any) -> Any:
        if isinstance(given, dict) and not given.get("label"):
            return given | {"label": _plainly(str(given.get("name", "")))}
        return given

    @field_validator("name")
    @classmethod
    def _usable_name(cls, name: str) -> str:
        if not name.strip() or name == "id":
            raise ValueError("a field's name is neither blank nor `id`")
        return name

    @property
    def unit(self) -> str:
        """Returns the unit that the label of numbers ends in: `min` of "playing time (min)"; "" where it ends in none."""
        found = _IN_BRACKETS.fullmatch(self.label) if self.type in NUMERIC else None
        return found[2] if found is not None and found[2].casefold() in _UNITS and not found[1].endswith("s") else ""

    @property
    def spoken(self) -> str:
        """Returns what a person calls it: the label without the unit or currency that it ends in."""
        found = _IN_BRACKETS.fullmatch(self.label) if self.unit or self.currency else None
        return found[1] if found is not None else self.label

    @property
    def valued(self) -> bool:
        """Tells whether it holds values that items share."""
        return self.type in VALUED

    @property
    def measured(self) -> bool:
        """Tells whether it holds places on a scale."""
        return self.type in MEASURED

    @property
    def faceted(self) -> bool:
        """Tells whether it is valued, measured or true of an item: a facet to ask by, neither prose nor an address."""
        return self.valued or self.measured or self.type == "bool"


TITLE = Field(name="title", type="text", description="the item's name")
ID = Field.model_construct(name="id", type="text", description="the item's id", label="id", searchable=False)


class Schema(_Shape):
    """All fields but `id`, `title` among them, and the words a reply uses: `noun` "film", `nouns` "films", `audience` "viewers"."""

    fields: tuple[Field, ...] = (TITLE,)
    noun: str = Setting("item", min_length=1)
    nouns: str = Setting("items", min_length=1)
    audience: str = Setting("people", min_length=1)

    @model_validator(mode="after")
    def _has_a_title(self) -> Self:
        names = [field.name for field in self.fields]
        if len(set(names)) < len(names):
            raise ValueError("two fields have the same name")
        if "title" not in names or self.fields[names.index("title")].type != "text":
            raise ValueError("there must be a field `title` of type text")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Returns the fields' names, in order."""
        return tuple(field.name for field in self.fields)

    def field(self, name: str) -> Field:
        """Returns the field of that name.

        Raises:
            PredicateError: there is none; the message names the nearest that there is.
        """
        for field in self.fields:
            if field.name == name:
                return field
        raise PredicateError(f"There is no field `{name}`.", nearest(name, self.names))

    def of_type(self, *types: FieldType) -> tuple[Field, ...]:
        """Returns the fields that have one of the types, in order."""
        return tuple(field for field in self.fields if field.type in types)

    @property
    def valued(self) -> tuple[Field, ...]:
        """Returns the fields that hold values which items share, in order."""
        return self.of_type(*VALUED)

    @property
    def measured(self) -> tuple[Field, ...]:
        """Returns the fields that hold places on a scale, in order."""
        return self.of_type(*MEASURED)

    @property
    def faceted(self) -> tuple[Field, ...]:
        """Returns the fields that are facets to ask by, in order."""
        return tuple(field for field in self.fields if field.faceted)

    def year_field(self) -> Field | None:
        """Returns the number field that holds the year in which an item came out, if the catalogue has one."""
        years = [
            f for f in self.of_type("number") if f.name.casefold() == "year" or f.name.casefold().endswith("_year")
        ]
        return min(years, key=lambda field: len(field.name), default=None)

    def with_fields_of(self, other: "Schema") -> "Schema":
        """Returns this schema, with the other's fields that it lacks at its end and the other's words where its own are defaults."""
        added = tuple(field for field in other.fields if field.name not in self.names)
        words = {
            name: getattr(other, name)
            for name in ("noun", "nouns", "audience")
            if getattr(self, name) == type(self).model_fields[name].default
        }
        return self.model_copy(update={"fields": self.fields + added, **words})

    def dump_yaml(self) -> str:
        """Returns the text of a `schema.yaml`, one mapping a field, with the header that says how to edit it."""
        document = {
            "noun": self.noun,
            "nouns": self.nouns,
            "audience": self.audience,
            "fields": {field.name: _described(field) for field in self.fields},
        }
        return _HEADER + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)

    @classmethod
    def load_yaml(cls, path: Path) -> "Schema":
        """Returns the schema that a `schema.yaml` holds.

        Raises:
            InputError: the file is no YAML, or a key, a type or a name in it is not right; the message names it.
        """
        try:
            document = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise InputError(
                f"{path} is not valid YAML: {' '.join(str(error).split())}.", "Mend the line it names."
            ) from error
        except OSError as error:
            raise InputError(f"{path} can't be read: {os.strerror(error.errno or 0)}.") from error
        return cls.from_document(document or {}, str(path))

    @classmethod
    def from_document(cls, document: Any, where: str) -> "Schema":
        """Returns the schema that a parsed `schema.yaml` spells; `where` names it in errors.

        Raises:
            InputError: as for `load_yaml`.
        """
        if not isinstance(document, dict):
            raise InputError(f"{where} is not a mapping.", "Start it with `fields:`.")
        described = document.get("fields") or {}
        if not isinstance(described, dict):
            raise InputError(
                f"`fields` in {where} is not a mapping.", "Write a line `name: {type: text}` for each field."
            )
        fields = [_field(name, described[name], where) for name in described]
        if "title" not in described:
            fields.insert(0, TITLE)
        try:
            return cls.model_validate(document | {"fields": fields})
        except ValidationError as error:
            raise _named(error, where) from error


def nearest(name: str, valid: tuple[str, ...]) -> str:
    """Returns a sentence that names the valid name nearest to a mistaken one, or all of them when none is near."""
    near = difflib.get_close_matches(name.casefold(), [v.casefold() for v in valid], n=1, cutoff=0.5)
    if near:
        return f"Did you mean `{next(v for v in valid if v.casefold() == near[0])}`?"
    return f"There are: {', '.join(f'`{v}`' for v in valid)}." if valid else "There are none."


def _described(field: Field) -> dict[str, Any]:
    described: dict[str, Any] = {"type": field.type}
    if field.label != _plainly(field.name):
        described["label"] = field.label
    if field.description:
        described["description"] = field.description
    if not field.searchable:
        described["searchable"] = False
    if field.currency:
        described["currency"] = field.currency
    if field.separator != Field.model_fields["separator"].default:
        described["separator"] = field.separator
    return described


def _field(name: Any, described: Any, where: str) -> Field:
    if isinstance(described, str):
        described = {"type": described}
    if not isinstance(name, str) or not isinstance(described, dict):
        raise InputError(
            f"The field `{name}` in {where} is not right.", "Write `name: {type: text}`, the name in quotes if need be."
        )
    kind = described.get("type")
    if kind not in FIELD_TYPES:
        raise InputError(
            f"The field `{name}` in {where} has the unknown type `{kind}`.", nearest(str(kind), FIELD_TYPES)
        )
    try:
        return Field.model_validate(described | {"name": name})
    except ValidationError as error:
        raise _named(error, where, f"fields.{name}.") from error


def _named(error: ValidationError, where: str, prefix: str = "") -> InputError:
    first = error.errors()[0]
    key = prefix + ".".join(str(part) for part in first["loc"])
    return InputError(
        f"{f'The key `{key}` in ' if key else ''}{where} is not right: {first['msg']}.", "Correct or remove it."
    )
