"""A catalogue's schema as a prompt shows it: fields in any order, under any of their names, with a few sample values."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from convrec.finetune.grammar.domains import Domain, FieldSpec, Value
from convrec.finetune.grammar.names import Names

_UNSPOKEN = (
    "title: text",
    "title: text, the item's name",
    "description: text",
    "description: text, what it is about",
    "url: url",
    "image: image",
    "summary: text",
)


@dataclass(frozen=True)
class Facet:
    """A field under the name that one catalogue gives it, and the values that its prompt lists."""

    name: str
    spec: FieldSpec
    description: str
    listed: tuple[str, ...]


@dataclass(frozen=True)
class View:
    """One catalogue of a domain, as a prompt shows it; `others` are lines of fields that nobody speaks of."""

    domain: Domain
    facets: tuple[Facet, ...]
    today: int
    noun: str
    others: tuple[str, ...] = ()

    def of_role(self, *roles: str) -> tuple[Facet, ...]:
        """Returns the facets of which people speak in one of those ways."""
        return tuple(facet for facet in self.facets if facet.spec.role in roles)

    def render(self) -> str:
        """Returns the schema in a line a field: `genres: tags, kinds of film: Drama, Western`."""
        lines = [field_line(facet.name, facet.spec.kind, facet.description, facet.listed) for facet in self.facets]
        return schema_text(self.today, self.noun, [*self.others, *lines])


def field_line(name: str, kind: str, description: str = "", listed: Sequence[str] = ()) -> str:
    """Returns a field's line: `genres: tags, kinds of film: Drama | Western`."""
    described = f", {description}" if description else ""
    return f"{name}: {kind}{described}{': ' + ' | '.join(listed) if listed else ''}"


def schema_text(today: int, noun: str, lines: Sequence[str]) -> str:
    """Returns a schema as prompts show it: the date (`today` is a year), what the items are, a line a field."""
    return "\n".join([f"today: {today}-06-01", f"items: {noun}", *lines])


def _samples(rng: Random, spec: FieldSpec, names: Names) -> tuple[str, ...]:
    if spec.values:
        count = len(spec.values) if rng.random() < 0.3 else rng.randint(2, min(8, len(spec.values)))
        return tuple(value.name for value in rng.sample(spec.values, count))
    if spec.generator:
        return tuple(names.draw(rng, spec.generator) for _ in range(rng.randint(0, 4)))
    if spec.kind == "number" and rng.random() < 0.6:
        low, high = (1950, 2024) if spec.role == "year" else (max(spec.low, 1), spec.high)
        return tuple(str(rng.randint(low, high)) for _ in range(rng.randint(1, 3)))
    return ()


def _restyled(rng: Random, name: str) -> str:
    """Returns the name as some catalogues write it: `releaseYear`, `item_price`, `GENRE`, `Genre`."""
    roll = rng.random()
    if roll < 0.05:
        first, *rest = name.split("_")
        return first + "".join(part.capitalize() for part in rest)
    if roll < 0.08:
        return f"{rng.choice(('item', 'product', 'meta'))}_{name}"
    return name.upper() if roll < 0.1 else name.capitalize() if roll < 0.13 else name


def _facet(rng: Random, spec: FieldSpec, taken: set[str], names: Names) -> Facet:
    name = next((one for one in rng.sample(spec.names, len(spec.names)) if one not in taken), f"{spec.names[0]}_2")
    name = _restyled(rng, name)
    taken.add(name)
    description = rng.choice(spec.descriptions) if rng.random() < 0.6 else ""
    if name in ("type", "kind", "category", "time", "size", "label", "score", "since", "contains", "field"):
        description = description or spec.descriptions[0]
    return Facet(name, spec, description, _samples(rng, spec, names))


def draw_view(rng: Random, domain: Domain, names: Names) -> View:
    """Returns a catalogue of the domain: its kind of thing always, most other fields, in any order."""
    specs = [spec for spec in domain.fields if spec.role == "kind" or rng.random() < 0.8]
    rng.shuffle(specs)
    taken: set[str] = {"title", "id", "item", "text"}
    facets = tuple(_facet(rng, spec, taken, names) for spec in specs)
    others = tuple(rng.sample(_UNSPOKEN, rng.choice((1, 2)))) if rng.random() < 0.5 else ()
    return View(domain, facets, rng.randint(2023, 2028), rng.choice(domain.nouns), others)


def draw_value(rng: Random, facet: Facet, names: Names) -> Value:
    """Returns a value to speak of; of a field with open values sometimes one that the prompt lists, else a new name."""
    if facet.spec.values:
        every = len(facet.listed) >= len(facet.spec.values)
        listed = facet.spec.values if every else [value for value in facet.spec.values if value.name in facet.listed]
        return rng.choice(listed) if listed and rng.random() < 0.75 else rng.choice(facet.spec.values)
    if facet.listed and rng.random() < 0.3:
        name = rng.choice(facet.listed)
        return Value(name, (name,))
    name = names.draw(rng, facet.spec.generator)
    return Value(name, (name,))
