"""Rows from the grammar: messages over many schemas, whose every word is known."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from convrec.agent.compact.tagger.labels import ACTS, MOOD, POINTER, TITLE
from convrec.finetune.grammar.draft import Context, Draft, Wish
from convrec.finetune.grammar.names import Names
from convrec.finetune.grammar.phrasing import exclusion, noun_phrase
from convrec.finetune.grammar.scenarios import joined
from convrec.finetune.grammar.schema import View, draw_value
from convrec.finetune.grammar.spans import restored
from convrec.finetune.grammar.understand import write_catalogue, write_turn
from convrec.finetune.grammar.wording import Wording
from convrec.finetune.reader.rows import FacetText, Labelled, Row

_A_VIEW = 12  # messages read with one schema
_LET_GO = 0.07  # of the messages take a demand back


def grammar_rows(
    count: int, seed: int, names: Names, *, wording: str = "train", held_out: bool = False, part: str = "train"
) -> tuple[list[Row], dict[str, list[FacetText]]]:
    """Returns so many messages, a new schema for every dozen; `held_out` takes the domains that are kept for measuring."""
    rng = Random(f"rows {seed} {part}")
    rows: list[Row] = []
    schemas: dict[str, list[FacetText]] = {}
    split = Wording("train" if wording == "train" else "heldout")
    while len(rows) < count:
        view = write_catalogue(rng, names, held_out=held_out)
        key = f"{part}-{view.domain.name}-{len(schemas)}"
        schemas[key] = facets_of(view, rng, names)
        for _ in range(_A_VIEW):
            if rng.random() < _LET_GO:
                message, answer, before = _letting_go(rng, view, names, split)
            else:
                turn = write_turn(rng, view, names, split)
                message, answer, before = turn.message, turn.answer, _before(turn.context)
            rows.append(_row(key, view, message, before, answer, part, rng, names))
    return rows, schemas


def facets_of(view: View, rng: Random, names: Names) -> list[FacetText]:
    """Returns a schema's facets in words. Where it lists no values, some are drawn, as a catalogue would have them."""
    return [
        FacetText(facet.name, facet.name.replace("_", " "), facet.description, facet.listed or tuple(_drawn(facet, rng, names)))
        for facet in view.facets
    ]  # fmt: skip


def _drawn(facet: Any, rng: Random, names: Names) -> Iterator[str]:
    if facet.spec.generator and rng.random() < 0.7:
        yield from (names.draw(rng, facet.spec.generator) for _ in range(6))


def _before(context: Context) -> str:
    """Returns what the assistant said last: its question, or the items that it showed."""
    if context.asked:
        return context.asked
    return ", ".join(item.title for item in context.shown)


def _letting_go(rng: Random, view: View, names: Names, wording: Wording) -> tuple[str, dict[str, Any], str]:
    """Returns a message that takes a demand back, what it says (polarity 0), and what was said before it."""
    draft = Draft(rng, view, names, wording, Context())
    draft.acts |= {"request", "critique"}
    facet = rng.choice(view.facets)
    stance: dict[str, Any] = {"strength": "hard", "scope": "session", "polarity": 0}
    if draft.chance(0.5) or not (facet.spec.values or facet.spec.generator):
        said = draft.mark(facet.name.replace("_", " ").lower(), Wish(facet.name, searched=False, **stance))
        text = draft.say("let.facet", f=said)
    else:
        value = draft.value_of(facet)
        text = draft.say("let.value", x=draft.wished(facet, rng.choice(value.modifiers), value, stance))
    if draft.chance(0.3):
        text = joined(draft, f"{text}.", draft.say("open.any", np=noun_phrase(draft, plural=False)))
    elif draft.chance(0.2):
        text = joined(draft, text, exclusion(draft))
    lead = rng.choice(("", "", "", "ok ", "actually ", "hmm, ", "well, ", "you know what, ", "alright, "))
    message, answer = draft.finish(lead + text)
    return (
        message,
        answer,
        rng.choice(
            (
                "",
                "",
                "I have nothing that is all of this. Which should I drop?",
                "There is nothing left. What could go?",
            )
        ),
    )


def _row(key: str, view: View, message: str, before: str, answer: dict[str, Any], part: str, rng: Random, names: Names) -> Row:  # fmt: skip
    found = restored(answer, message)
    labelled = tuple(_labelled(found))
    acts = {act: act in found["acts"] for act in ACTS if act != "other"}
    told = (TITLE, POINTER, MOOD, *(facet.name for facet in view.facets))
    return Row(
        source=f"grammar-{view.domain.name}", group=key, schema=key, before=before, text=message, labelled=labelled, told=told,
        values=_values(view, message, labelled, rng, names), acts=acts, part=part,
    )  # fmt: skip


def _labelled(found: dict[str, Any]) -> Iterator[Labelled]:
    """Yields what the spans mean, in order, none overlapping another; a title that is liked bears its attitude."""
    titles = {tuple(ref["span"]): ref["kind"] for ref in found["references"]}
    taken: list[tuple[int, int]] = []
    wishes: dict[tuple[int, ...], dict[str, Any]] = {}
    for wish in found["preferences"]:
        wishes.setdefault(tuple(wish["span"]), wish)
    for (start, end), wish in sorted([*wishes.items(), *((s, None) for s in titles if s not in wishes)], key=lambda e: e[0]):  # fmt: skip
        if start == end or any(start < b and a < end for a, b in taken):
            continue
        taken.append((start, end))
        kind = titles.get((start, end))
        yield Labelled(start, end, _label(kind, wish), _meant(kind, wish, found["acts"]))


def _label(kind: str | None, wish: dict[str, Any] | None) -> str:
    if kind is not None:
        return TITLE if kind == "title" else POINTER
    facet = str(wish["facet"]) if wish else TITLE
    return {"text": MOOD, "item": TITLE}.get(facet, facet)


def _meant(kind: str | None, wish: dict[str, Any] | None, acts: list[str]) -> dict[str, str]:
    if kind is not None:
        if wish is not None and wish["scope"] == "lasting":
            return {"attitude": "liked" if wish["polarity"] > 0 else "disliked"}
        if wish is None and "already_seen" in acts and len(acts) == 1:
            return {"attitude": "seen"}
        return {} if wish is not None or "reject" in acts else {"attitude": "neutral"}
    if wish is None:
        return {}
    return {
        "polarity": ("let_go", "wanted", "unwanted")[wish["polarity"]],
        "strength": wish["strength"],
        "scope": "lasting" if wish["scope"] == "lasting" else "session",
    }


def _values(
    view: View, message: str, labelled: tuple[Labelled, ...], rng: Random, names: Names
) -> dict[str, list[str]]:
    """Returns what the catalogue has of each facet: what the schema lists, most of what the message names, and other values."""
    found = {facet.name: list(facet.listed) for facet in view.facets if facet.spec.values or facet.spec.generator}
    for facet in view.facets:
        if facet.spec.values:
            found[facet.name] += [one.name for one in facet.spec.values if rng.random() < 0.6]
        elif facet.spec.generator:
            found[facet.name] += [draw_value(rng, facet, names).name for _ in range(4)]
    found["title"] = [names.title(rng) for _ in range(4)]
    for one in labelled:
        if (one.label in found) and rng.random() < 0.65:
            found[one.label].append(message[one.start : one.end])
    return {facet: sorted(set(values)) for facet, values in found.items() if values}
