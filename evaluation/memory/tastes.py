"""What can be liked in a catalogue: its kinds, its makers and its titles, as people say them."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.schema import Field
from convrec.core.text import fold
from convrec.evaluation.memory.facts import Fact, Value
from convrec.evaluation.memory.reading import document
from convrec.evaluation.sessions.agenda_goals import role_of

_KIND_ROLES = ("kind", "cuisine", "topic", "feature")
_MAKER_ROLES = ("cast", "maker")
_MOST = 40  # values of a field that people speak of
_SAYABLE = re.compile(r"[^\W\d_][\w' -]{2,28}[\w]", re.UNICODE)


@dataclass(frozen=True)
class Named:
    """A value of a field, as the catalogue has it, with the word for its field."""

    field: str
    label: str
    value: str

    @property
    def said(self) -> str:
        """Returns the value as it is said: "Science Fiction" small, "RPG" as it is."""
        return re.sub(r"[^\W\d_]+", lambda m: m[0].lower() if m[0][1:].islower() else m[0], self.value)

    def alone(self, nouns: str) -> str:
        """Returns a kind as it stands by itself: "westerns", "horror", "legal films"."""
        known = document("tastes")["kinds"]
        if self.said in known["mass"]:
            return self.said
        if self.said in known["count"]:
            return re.sub(r"ys$", "ies", f"{self.said}s")
        return f"{self.said} {nouns}"


@dataclass(frozen=True)
class Offer:
    """What people of a catalogue speak of: kinds of item, makers, titles, and its words for an item."""

    kinds: tuple[Named, ...]
    makers: tuple[Named, ...]
    titles: tuple[tuple[str, str], ...]  # id, title
    noun: str
    nouns: str


def offer_of(catalogue: Catalogue) -> Offer:
    """Returns what people of a catalogue speak of; kinds are those of the first role that any field has."""
    kinds: tuple[Named, ...] = ()
    for role in _KIND_ROLES:
        kinds = kinds or tuple(_of_role(catalogue, (role,), most=0.6))
    makers = _of_role(catalogue, _MAKER_ROLES, most=0.2)
    fields = Counter(fold(v) for about in _fields(catalogue, _MAKER_ROLES) for v in catalogue.values(about.name).values)
    makers = [maker for maker in makers if fields[fold(maker.value)] == 1]  # else nobody could say which field is meant
    titles = [
        (i, t) for i, t in zip(catalogue.ids, catalogue.titles, strict=True) if _SAYABLE.fullmatch(t) and " " in t
    ]
    times = Counter(fold(title) for _, title in titles)
    titles = [(item, title) for item, title in titles if times[fold(title)] == 1]
    schema = catalogue.schema
    return Offer(kinds, tuple(makers), tuple(titles), schema.noun, schema.nouns)


def _fields(catalogue: Catalogue, roles: Sequence[str]) -> list[Field]:
    return [f for f in catalogue.schema.valued if f.searchable and role_of(f) in roles]


def _of_role(catalogue: Catalogue, roles: Sequence[str], *, most: float) -> list[Named]:
    found = []
    for about in _fields(catalogue, roles):
        index = catalogue.values(about.name)
        order = sorted(range(len(index.values)), key=lambda code: (-int(index.counts[code]), index.values[code]))
        common = [c for c in order[:_MOST] if 2 <= int(index.counts[c]) <= most * len(catalogue)]
        found += [
            Named(about.name, about.label, index.values[c]) for c in common if _SAYABLE.fullmatch(index.values[c])
        ]
    return found


def tastes(offer: Offer, rng: random.Random) -> dict[str, Fact]:
    """Returns a person's lasting tastes by the key of their wordings; no value stands in two of them."""
    found = {}
    kinds = (
        rng.sample(offer.kinds, min(3, len(offer.kinds))) if len(offer.kinds) >= 5 else []
    )  # two are left to ask for
    for key, named, polarity in zip(("veto_kind", "liked_kind", "disliked_kind"), kinds, (-1, 1, -1), strict=False):
        found[key] = _taste(key, named, offer, polarity)
    if offer.makers:
        found["liked_maker"] = _taste("liked_maker", rng.choice(offer.makers), offer, 1)
    if offer.titles:
        item, title = rng.choice(offer.titles)
        found["liked_item"] = _taste("liked_item", Named("item", offer.noun, title), offer, 1, item)
    return found


def _taste(key: str, named: Named, offer: Offer, polarity: int, item: str = "") -> Fact:
    said = named.value if key in ("liked_maker", "liked_item") else named.said
    slots = {"label": named.label, "noun": offer.noun, "nouns": offer.nouns, "vs": named.alone(offer.nouns)}
    return Fact(key, Value((said,)), slots, facet=named.field, polarity=polarity, item=item)
