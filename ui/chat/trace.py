"""How an answer came about, for people: a turn's steps as rows of a table, and what is going on while it runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from convrec.agent.wording import demand, listed, request_words, small
from convrec.catalogue.schema import Schema
from convrec.core.errors import ConvrecError
from convrec.core.predicate import Both, parse_predicate
from convrec.core.reply import TraceStep
from convrec.ui.chat.session import Exchange

_NAMES = {
    "bm25": "Words in the text", "dialogue_bm25": "Words of other conversations", "dense": "Meaning", "popularity": "Popularity",
    "item_knn": "Liked by the same people", "ease": "Goes with what you liked", "als": "Taste profile", "explore": "Explore a trait",
    "fuse": "Put the lists together", "dialogue_knn": "Conversations like this one", "filter": "Your demands", "mmr": "Vary the list", "wishes": "Your wishes", "similar": "Near one item",
    "recent_popularity": "Popular lately", "segment_popularity": "Popular among its kind", "markov": "What is chosen next", "sasrec": "The order of choices",
    "tuned_dense": "Likeness learned from choices", "conversation": "What such talks come to", "compare": "Side by side", "named": "Asked for by name",
    "base": "Where all begin", "disliked": "Near what you dislike", "exploration": "Less known", "model": "The language model's order",
}  # fmt: skip
_DOING = {
    "recommend": "Looking for {nouns}", "ask": "Looking for {nouns}", "answer": "Looking that up", "compare": "Comparing", "explain": "Looking up the reasons",
    "edit": "Opening what I know about you", "forget": "Opening what I know about you", "chat": "Reading your message", "refuse": "Reading your message",
}  # fmt: skip
_ASPECTS = {
    "text": "what you say now",
    "history": "what you like",
    "context": "the whole conversation",
    "prior": "what is liked in general",
}
_NO_RANKING = ("filter", "fuse", "explore", "mmr", "compare")
_LONG = 160


@dataclass(frozen=True)
class Row:
    """One step: the tool in plain words and by its name, what it looked for, how many items went in and came out, its milliseconds."""

    name: str
    tool: str
    looked_for: str
    n_in: str
    n_out: str
    ms: str
    error: str = ""


def rows(steps: Sequence[TraceStep], schema: Schema) -> list[Row]:
    """Returns the table of a turn's steps."""
    return [
        Row(name=name(step.tool), tool=step.tool, looked_for=looked_for(step.arguments, schema), n_in=_count(step.n_in), n_out=_count(step.n_out),
            ms=f"{step.ms:.1f}" if step.ms < 10 else f"{step.ms:.0f}", error=step.error or "")
        for step in steps
    ]  # fmt: skip


def name(tool: str) -> str:
    """Returns a tool in plain words."""
    return _NAMES.get(tool, tool.replace("_", " ").capitalize())


def doing(action: str, schema: Schema) -> str:
    """Returns what a plan sets out to do."""
    return _DOING.get(action, "Thinking").format(nouns=schema.nouns)


def live(exchange: Exchange, schema: Schema) -> list[str]:
    """Returns what has been done so far in a turn that runs, one line each: what it looks for, what matches, by what it is ranked."""
    ranked = dict.fromkeys(name(step.tool).lower() for step in exchange.steps if step.tool not in _NO_RANKING)
    told = _searched(exchange.steps, exchange.matching, schema)
    return [*told, f"Ranked by {listed(list(ranked))}"] if ranked else told


def headline(steps: Sequence[TraceStep], schema: Schema) -> str:
    """Returns in a few words how an answer came about."""
    return " · ".join(_searched(steps, None, schema)) or "How this answer came about"


def _searched(steps: Sequence[TraceStep], matching: tuple[int, int] | None, schema: Schema) -> list[str]:
    """Returns what was looked for and how much of it there is: `matching` of all, else what the last filter let through."""
    found = next((step for step in reversed(steps) if step.tool == "filter"), None)
    if found is None:
        return []
    asked = _wish(found.arguments.get("filter") or {}, schema)
    n, of = matching or (found.n_out or 0, found.n_in or 0)
    return [*([f"Looked for {asked}"] if asked else []), f"{n:,} of {of:,} {schema.nouns} match"]


def _wish(value: Mapping[str, Any], schema: Schema) -> str:
    """Returns a filter as a person would ask for it, or nothing when it is none of this schema."""
    try:
        wished = parse_predicate(dict(value)) if value else None
        parts = wished.args if isinstance(wished, Both) and wished.op == "and" else (wished,) if wished else ()
        return request_words(parts, schema, small) if parts else ""
    except ConvrecError:
        return ""


def looked_for(arguments: Mapping[str, Any], schema: Schema) -> str:
    """Returns a step's arguments in words; empty ones are left out."""
    said = [_argument(key, value, schema) for key, value in arguments.items() if value not in (None, "", 0, [], {}, ())]
    return "; ".join(said)


def _argument(key: str, value: Any, schema: Schema) -> str:
    match key:
        case "filter" | "text" | "query" | "attribute":
            return _said(value, schema)
        case "items":
            return f"{len(value)} {schema.nouns}"
        case "aspect":
            return _ASPECTS.get(str(value), str(value))
        case "k":
            return f"the best {value}"
        case _:
            return f"{key.replace('_', ' ')} {_said(value, schema)}"


def _said(value: Any, schema: Schema) -> str:
    text = ""
    if isinstance(value, Mapping):
        text = _demand(value, schema) or ", ".join(f"{key} {_said(part, schema)}" for key, part in value.items())
    elif isinstance(value, list | tuple):
        text = ", ".join(_said(part, schema) for part in value)
    else:
        text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"


def _demand(value: Mapping[str, Any], schema: Schema) -> str:
    """Returns a filter in words, or nothing when the value is no filter of this schema."""
    if "op" not in value:
        return ""
    try:
        return demand(parse_predicate(dict(value)), schema)
    except ConvrecError:
        return ""


def _count(n: int | None) -> str:
    return "" if n is None else f"{n:,}"
