"""A set's data card: counts, sources, licences, the synthetic share, what was left out, and fifty rows to read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

from convrec.catalogue.store import new_file
from convrec.finetune.sets.rows import Part, Row, Task, set_hash, settings_hash

_READ = 50
_LICENCES = {
    "grammar": "convrec's own grammar (Apache-2.0) over the words of your catalogue",
    "labels": "labelled turns that you brought",
    "dialogues": "dialogues that you brought, as far as their items are labelled; acts and other wishes as the compact engine has them",
    "controller": "what convrec's controller in code does (Apache-2.0), over your catalogue",
    "renderer": "what convrec's templates word (Apache-2.0), over your catalogue",
    "interactions": "events that you brought",
    "conversations": "conversations of this workspace",
}


def card_of(
    folder: Path, task: Task, parts: Mapping[Part, Sequence[Row]], left_out: Mapping[str, int]
) -> dict[str, Any]:
    """Returns the card of a set that is written."""
    rows = [row for each in parts.values() for row in each]
    sources = Counter(row.source for row in rows)
    trained = {name for row in parts.get("train", ()) for name in row.names}
    return {
        "task": task, "set": set_hash(folder), "prompt": settings_hash(task), "rows": {part: len(each) for part, each in parts.items()},
        "synthetic": round(sum(row.synthetic for row in rows) / max(len(rows), 1), 4),
        "sources": {name: {"rows": count, "licence": _LICENCES.get(name, "your own")} for name, count in sorted(sources.items())},
        "kinds": {part: dict(Counter(row.kind for row in each).most_common()) for part, each in parts.items()},
        "names_also_trained": {part: _share(each, trained) for part, each in parts.items() if part != "train"},
        "left_out": dict(left_out),
    }  # fmt: skip


def _share(rows: Sequence[Row], trained: set[str]) -> float:
    """Returns the share of the names in rows that training rows name too."""
    named = [name for row in rows for name in row.names]
    return round(sum(name in trained for name in named) / max(len(named), 1), 4)


def write_card(folder: Path, card: Mapping[str, Any], rows: Sequence[Row]) -> None:
    """Writes `card.json`, and `card.md` for people, with rows to read."""
    drawn = Random(str(card["set"])).sample(list(rows), min(_READ, len(rows)))
    for name, text in (("card.json", json.dumps(card, indent=1, ensure_ascii=False)), ("card.md", _told(card, drawn))):
        with new_file(folder / name) as unfinished:
            unfinished.write_text(text, encoding="utf-8")


def _told(card: Mapping[str, Any], rows: Sequence[Row]) -> str:
    lines = [f"# Training set: {card['task']}", "", "| part | rows |", "|---|---|"]
    lines += [f"| {part} | {count:,} |" for part, count in card["rows"].items()]
    lines += [
        "",
        f"Synthetic: {card['synthetic']:.0%}. Set {card['set']}, prompt {card['prompt']}.",
        "",
        "| source | rows | licence |",
        "|---|---|---|",
    ]
    lines += [f"| {name} | {each['rows']:,} | {each['licence']} |" for name, each in card["sources"].items()]
    lines += [
        "",
        "Left out: "
        + (", ".join(f"{count:,} {why}" for why, count in card["left_out"].items() if count) or "nothing")
        + ".",
    ]
    lines += ["", f"## {len(rows)} rows to read", ""]
    for row in rows:
        lines += [f"**{row.part}, {row.source}** {_inline(row.message)}", "", f"`{_inline(row.answer)}`", ""]
    return "\n".join(lines)


def _inline(text: str) -> str:
    return " ".join(text.replace("`", "'").split())[:600]
