"""Answers about items: a fact, a comparison, why one is in the slate. Every value is the catalogue's own."""

import re
from collections.abc import Sequence
from typing import Any

from convrec.agent.checking.titles import TitleGuard
from convrec.agent.messages import Voice, phrase
from convrec.agent.wording import (
    called,
    distinct,
    figures,
    flag,
    is_kind,
    is_person,
    is_year,
    joined_by,
    listed,
    small,
    with_unit,
)
from convrec.catalogue.catalogue import Catalogue, Item
from convrec.catalogue.schema import Field
from convrec.core.reply import ReplyItem
from convrec.core.text import fold

_HIDDEN = ("title", "source_title")
_FACTS_TOLD = 4
_SENTENCES = 3  # of a text that are told
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


def titled(item: Item) -> str:
    """Returns the title as replies mark it."""
    return f"**{item.title}**"


def value_words(value: Any, field: Field | None = None) -> str:
    """Returns a fact's value as text: lists in full, whole numbers without a point, where the `field` is given with its currency or unit."""
    if isinstance(value, list):
        return listed([str(part) for part in value])
    if isinstance(value, bool):
        return phrase("yes" if value else "no")
    if isinstance(value, int | float) and field is not None and field.currency:
        return figures(field, value)
    said = f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)
    return said if field is None else with_unit(field, said)


def fact_words(field: Field, value: Any, most: int | None = None) -> str:
    """Returns a fact in words: `directed by Jane Campion`, `from 1993`, `price 20`. `most` cuts a list short."""
    if is_year(field):
        return phrase("in_year", low=value_words(value)[:4])
    if isinstance(value, bool):
        return flag(field) if value else phrase("not", value=flag(field))
    if field.valued:
        values = value if isinstance(value, list) else [value]
        return joined_by(field, listed([small(str(part)) if is_kind(field) else str(part) for part in values[:most]]))
    return phrase("fact_value", facet=called(field), value=value_words(value, field))


def fact_answer(item: Item, fields: Sequence[str], catalogue: Catalogue, guard: TitleGuard, voice: Voice) -> str:
    """Returns the asked facts of an item; with no field named, what it is about. Texts are cut to their first sentences."""
    schema = catalogue.schema
    asked = [field for field in schema.fields if field.name in fields] or overview(item, catalogue)
    told = [(field, item.facts.get(field.name)) for field in asked]
    said = [fact_words(field, value) for field, value in told if value not in (None, "", [])]
    if not said:
        return no_fact(item, catalogue, voice)
    if len(told) == 1 and told[0][0].type == "text":
        text = guard.sentences(" ".join(_SENTENCE.split(str(told[0][1]).strip())[:_SENTENCES]), item.title)
        return f"{titled(item)}: {text}" if text else no_fact(item, catalogue, voice)
    plain = all(is_year(field) or field.valued or field.type == "bool" for field in asked)
    return voice.say(
        "fact_is" if plain else "fact", title=titled(item), facts=listed(said) if plain else "; ".join(said)
    )


def no_fact(item: Item, catalogue: Catalogue, voice: Voice) -> str:
    """Returns the plain word that a fact is not known, and which are."""
    known = [
        called(f)
        for f in catalogue.schema.fields
        if f.name in item.facts and f.name not in _HIDDEN and f.type not in ("url", "image")
    ]
    return voice.say("no_fact", title=titled(item), known=listed(known))


def overview(item: Item, catalogue: Catalogue) -> list[Field]:
    """Returns the fields that describe an item best: its text, else its kind, year and people."""
    schema = catalogue.schema
    texts = [f for f in schema.of_type("text") if f.name not in _HIDDEN and item.facts.get(f.name)]
    facts = [
        f
        for f in schema.fields
        if f.type != "text" and (is_kind(f) or is_year(f) or is_person(f)) and item.facts.get(f.name)
    ]
    return texts[:1] or facts[:_FACTS_TOLD]


def comparison(items: Sequence[Item], catalogue: Catalogue, voice: Voice) -> str:
    """Returns the items side by side: each one's facts, then what all share."""
    lines = [voice.say("compare")]
    fields = [f for f in catalogue.schema.faceted if f.name not in _HIDDEN]
    for item in items:
        facts = [fact_words(f, item.facts[f.name], 3) for f in fields if item.facts.get(f.name) not in (None, "", [])]
        lines.append(f"- {titled(item)}: {'; '.join(facts)}")
    shared = [
        small(value) if is_kind(field) else value
        for field in catalogue.schema.valued
        for value in _common(items, field.name, catalogue)
    ]
    if shared:
        lines.append(voice.say("compare_shared", shared=listed(shared)))
    return "\n".join(lines)


def _common(items: Sequence[Item], field: str, catalogue: Catalogue) -> list[str]:
    index = catalogue.values(field)
    rest = [{fold(value) for value in index.of(item.row)} for item in items[1:]]
    return [value for value in index.of(items[0].row) if all(fold(value) in have for have in rest)]


def why(item: ReplyItem, guard: TitleGuard, voice: Voice) -> str:
    """Returns the reasons that put an item into its slate, as they were computed then: what was asked for, and what else speaks for it."""
    worded = [reason for reason in item.reasons if reason.kind != "other" and guard.passes(reason.text)]
    asked = [r for r in worded if r.kind == "constraint" and any(e.source.startswith("turn:") for e in r.evidence)]
    met = list(dict.fromkeys(r.text for r in asked))
    others = distinct([r.text for r in worded if r.text not in met])
    name = "why" if met and others else "why_met" if met else "why_other" if others else "why_little"
    return voice.say(name, title=f"**{item.title}**", met=listed(met), others="; ".join(others))
