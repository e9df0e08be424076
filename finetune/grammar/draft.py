"""One message under construction: its words, with marks, and what they mean."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from convrec.finetune.grammar.amounts import draw_amount
from convrec.finetune.grammar.domains import Value
from convrec.finetune.grammar.markup import Typing, marked, segments
from convrec.finetune.grammar.names import Names
from convrec.finetune.grammar.schema import Facet, View, draw_value
from convrec.finetune.grammar.wording import Wording

ACTS = (
    "request", "state_preference", "critique", "answer", "ask_item", "ask_why", "compare", "accept", "reject", "already_seen",
    "edit_profile", "forget", "greet", "thank", "bye", "other",
)  # fmt: skip


@dataclass
class Wish:
    """A preference to be written down. `value` "" takes the words of the quote; `bounds` is a number's comparison."""

    facet: str
    value: str = ""
    polarity: int = 1
    strength: str = "hard"
    scope: str = "session"
    op: str = ""
    bounds: dict[str, Any] | None = None
    truth: bool | None = None
    item_id: str = ""
    group: int = 0
    searched: bool = True


@dataclass
class Pointer:
    """A reference to be written down."""

    kind: str
    item_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shown:
    """An item that the assistant showed before the message."""

    id: str
    title: str
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Context:
    """What came before the message: items shown, the one last talked about, the assistant's question, an earlier message."""

    shown: tuple[Shown, ...] = ()
    focus: str = ""
    asked: str = ""
    earlier: str = ""

    def render(self) -> str:
        """Returns the lines that a prompt shows above the message; nothing where nothing came before."""
        lines = []
        if self.shown:
            lines.append("shown:")
            for place, item in enumerate(self.shown, 1):
                facts = "".join(f"; {name}: {value}" for name, value in item.facts.items())
                lines.append(f"{place}. [{item.id}] {item.title}{facts}")
        if self.focus:
            lines.append(f"focus: {self.focus}")
        if self.earlier:
            lines.append(f"earlier: {self.earlier}")
        if self.asked:
            lines.append(f"asked: {self.asked}")
        return "".join(f"{line}\n" for line in lines)


class Draft:
    """Collects the words and the meaning of one message about one catalogue."""

    def __init__(self, rng: Random, view: View, names: Names, wording: Wording, context: Context) -> None:
        self.rng, self.view, self.names, self.wording, self.context = rng, view, names, wording, context
        self.acts: set[str] = set()
        self.used: set[str] = set()
        self._marks: list[list[Wish | Pointer]] = []
        self._sloppy: set[int] = set()
        self._groups = 0

    def say(self, group: str, **slots: str) -> str:
        """Returns a template of the group with its slots filled."""
        return self.wording.choose(self.rng, group).format(**slots)

    def chance(self, share: float) -> bool:
        """Tells whether something that happens in this share of cases happens now."""
        return self.rng.random() < share

    def mark(self, text: str, *meaning: Wish | Pointer, sloppy: bool = False) -> str:
        """Returns the text marked as the words for these wishes and references."""
        self._marks.append(list(meaning))
        if sloppy:
            self._sloppy.add(len(self._marks) - 1)
        return marked(len(self._marks) - 1, text)

    def new_group(self) -> int:
        """Returns a number that wishes share which are alternatives of each other."""
        self._groups += 1
        return self._groups

    def wished(self, facet: Facet, said: str, value: Value, stance: dict[str, Any]) -> str:
        """Returns words for a facet's value, marked. The value is the prompt's spelling where it lists it, else the words in the singular."""
        listed = value.name in facet.listed
        spelt = value.name if listed else value.modifiers[0] if said == value.plural else ""
        op = "contains" if facet.spec.kind in ("tags", "category") else "eq"
        return self.mark(said, Wish(facet.name, spelt, op=op, **stance), sloppy=listed)

    def value_of(self, facet: Facet) -> Value:
        """Returns a value of the facet that the message has not named yet."""
        value = draw_value(self.rng, facet, self.names)
        if value.name in self.used:
            fresh = [one for one in facet.spec.values if one.name not in self.used]
            value = self.rng.choice(fresh) if fresh else draw_value(self.rng, facet, self.names)
        self.used.add(value.name)
        return value

    def amount(self, facet: Facet, **stance: Any) -> str:
        """Returns a range for a number facet, with the words that tie it to a noun."""
        amount = draw_amount(self.rng, facet, self.view.today)
        wish = Wish(facet.name, amount.value, bounds=amount.predicate(facet.name), searched=False, **stance)
        said = self.mark(amount.text, wish)
        return f"{amount.prefix} {said}".strip()

    def finish(self, text: str) -> tuple[str, dict[str, Any]]:
        """Returns the message as typed, and its understanding with quotes in place of spans."""
        typed = [part for part in Typing(self.rng).apply(segments(text), self._sloppy) if part[1]]
        message = "".join(part for _, part in typed)
        quotes = [(index, part.strip()) for index, part in typed if index is not None]
        return message.strip(), understanding(
            self.acts, [(meaning, quote) for index, quote in quotes for meaning in self._marks[index]]
        )


def understanding(acts: set[str], said: Sequence[tuple[Wish | Pointer, str]]) -> dict[str, Any]:
    """Returns an understanding with quotes in place of spans; `said` pairs each meaning with its words, in the order of the message."""
    wishes = [(wish, quote) for wish, quote in said if isinstance(wish, Wish)]
    return {
        "acts": [act for act in ACTS if act in acts] or ["other"],
        "preferences": [_preference(wish, quote) for wish, quote in wishes],
        "references": [
            {"kind": ref.kind, "item_ids": list(ref.item_ids), "quote": quote}
            for ref, quote in said
            if isinstance(ref, Pointer)
        ],
        "filter": None if "forget" in acts else _filter(wishes),
        "query": " ".join(
            dict.fromkeys(wish.value or quote for wish, quote in wishes if wish.searched and wish.polarity > 0)
        ),
    }


def _preference(wish: Wish, quote: str) -> dict[str, Any]:
    found = {"facet": wish.facet, "value": wish.value or quote}
    if wish.item_id:
        found["item_id"] = wish.item_id
    return {**found, "polarity": wish.polarity, "strength": wish.strength, "scope": wish.scope, "quote": quote}


def _comparison(wish: Wish, quote: str) -> dict[str, Any]:
    if wish.bounds:
        return wish.bounds
    return {"field": wish.facet, "op": wish.op, "value": wish.truth if wish.truth is not None else wish.value or quote}


def _filter(wishes: list[tuple[Wish, str]]) -> dict[str, Any] | None:
    """Returns the conjunction of the hard wishes: alternatives as `or`, what is ruled out as `not` at the end."""
    demanded = [(wish, quote) for wish, quote in wishes if wish.strength == "hard" and (wish.op or wish.bounds)]
    groups: dict[int, list[dict[str, Any]]] = {}
    for place, (wish, quote) in enumerate(demanded):
        if wish.polarity > 0:
            groups.setdefault(wish.group or -1 - place, []).append(_comparison(wish, quote))
    parts = [group[0] if len(group) == 1 else {"op": "or", "args": group} for group in groups.values()]
    parts += [{"op": "not", "arg": _comparison(wish, quote)} for wish, quote in demanded if wish.polarity < 0]
    return None if not parts else parts[0] if len(parts) == 1 else {"op": "and", "args": parts}


def dumped(document: Any) -> str:
    """Returns compact JSON, with every letter as itself."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
