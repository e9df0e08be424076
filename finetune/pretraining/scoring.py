"""What an answer is worth against the gold one: shape, preferences, copies, plans, slots."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

_SLOT = re.compile(r"\[\[(item|fact):([^\]\[]+)\]\]")
_GIVEN = re.compile(r"^\[([^\]]+)\]", re.MULTILINE)


@dataclass
class Tally:
    """Sums over answers; `figures` turns them into shares from 0 to 1."""

    sums: dict[str, list[float]] = field(default_factory=dict)
    found: int = 0
    wanted: int = 0
    right: int = 0

    def add(self, name: str, value: float) -> None:
        """Adds one answer's value to a mean."""
        self.sums.setdefault(name, []).append(float(value))

    def figures(self) -> dict[str, float]:
        """Returns the means, and the F1 of preferences where there were any."""
        means = {name: round(sum(values) / len(values), 4) for name, values in self.sums.items()}
        if self.wanted or self.found:
            means["preference_f1"] = round(2 * self.right / (self.found + self.wanted), 4)
        return means


def parsed(text: str) -> Any:
    """Returns the JSON value of a text; None where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _preferences(document: Any) -> list[tuple[str, str, int]]:
    found = document.get("preferences") if isinstance(document, dict) else None
    kept = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    return sorted((str(one.get("facet")), str(one.get("value")).casefold(), _sign(one.get("polarity"))) for one in kept)


def _sign(polarity: Any) -> int:
    return int(polarity) if polarity in (1, -1) else 0


def score_understanding(tally: Tally, prompt: str, gold: str, answer: str) -> None:
    """Adds an understanding: valid JSON of the right keys, preferences by facet, value and polarity, quotes that stand in the message."""
    wanted, found = json.loads(gold), parsed(answer)
    message = prompt.rpartition("message: ")[2]
    shaped = isinstance(found, dict) and list(found) == list(wanted)
    tally.add("valid", shaped)
    expected, got = _preferences(wanted), _preferences(found)
    rest = list(expected)
    for one in got:
        if one in rest:
            rest.remove(one)
            tally.right += 1
    tally.wanted, tally.found = tally.wanted + len(expected), tally.found + len(got)
    if not isinstance(found, dict):
        found = {}
    for key in ("acts", "references", "filter", "query"):
        tally.add(key, key in found and found[key] == wanted[key])
    tally.add("exact", found == wanted)
    quoted = [one for key in ("preferences", "references") for one in found.get(key) or () if isinstance(one, dict)]
    for entry in quoted:
        tally.add("quote_copied", str(entry.get("quote")) in message)


def score_plan(tally: Tally, prompt: str, gold: str, answer: str) -> None:
    """Adds a plan: valid JSON, the right action, all of it right."""
    del prompt
    wanted, found = json.loads(gold), parsed(answer)
    tally.add("valid", isinstance(found, dict) and "action" in found)
    tally.add("action", isinstance(found, dict) and found.get("action") == wanted["action"])
    tally.add("exact", found == wanted)


def score_drill(tally: Tally, prompt: str, gold: str, answer: str) -> None:
    """Adds a drill, by its kind."""
    tally.add(prompt.partition("\n")[0].replace(" ", "_"), gold == answer)


def score_explanation(tally: Tally, prompt: str, gold: str, answer: str) -> None:
    """Adds an explanation: slots that the prompt carries, every item named, the reasons that were given worded, the dropped wish said."""
    given, slots = _items(prompt), _SLOT.findall(answer)
    allowed = {("item", item) for item in given} | {
        ("item", item) for item in re.findall(r"(?:liked|similar_users) (\S+?)(?:;|$)", prompt, re.MULTILINE)
    }
    allowed |= {("fact", f"{item}.{name}") for item, names in given.items() for name in names}
    tally.add("slots_valid", bool(slots) and set(slots) <= allowed)
    tally.add("items_named", set(given) <= {name for kind, name in slots if kind == "item"})
    expected = set(_SLOT.findall(gold))
    tally.add("claims_covered", len(expected & set(slots)) / len(expected))
    for dropped in re.findall(r"^let go: (.+)$", prompt, re.MULTILINE):
        tally.add("let_go_said", dropped in answer)
    facts = [value for names in given.values() for value in names.values() if len(value) > 3]
    wished = " ".join(re.findall(r"^(?:wish|let go|ask): (.+)$", prompt, re.MULTILINE)).lower()
    tally.add("no_bare_fact", not any(fact in answer and fact.lower() not in wished for fact in facts))


def _items(prompt: str) -> dict[str, dict[str, str]]:
    found = {}
    for line in prompt.splitlines():
        match = _GIVEN.match(line)
        if match:
            parts = [part.partition(": ") for part in line.split("; ")[1:]]
            found[match[1]] = {name: value for name, _, value in parts}
    return found


SCORERS = {"understand": score_understanding, "plan": score_plan, "drill": score_drill, "explain": score_explanation}
