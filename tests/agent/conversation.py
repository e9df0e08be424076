"""Scripted conversations and whether replies keep to them: facts are checked, never wording.

The scripts and what their keys mean are told in `tests/conversations/README.md`. A reply is checked as the JSON document
of `Reply`, so that any bot can be held to the same scripts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.agent.facts import Items, ScriptError, meets
from tests.agent.invariants import Document, Heard, broken_promises
from tests.agent.titles import spoken, stands

Answer = Callable[[str], Document]
SCRIPTS = Path(__file__).resolve().parents[1] / "conversations"


@dataclass(frozen=True)
class Line:
    """What the person says in one turn, what the reply must then hold, and what a careful listener hears (None: not said)."""

    say: str
    expect: Mapping[str, Any]
    understood: Sequence[Mapping[str, Any]] | None = None


@dataclass(frozen=True)
class Conversation:
    """One script, on the catalogue of that name."""

    file: str
    name: str
    lines: tuple[Line, ...]
    catalogue: str = "films"


@dataclass
class Thread:
    """What a conversation came to so far: what was said and understood, which slates had items, what was rejected."""

    items: Items
    heard: list[Heard] = field(default_factory=list)
    slates: list[list[str]] = field(default_factory=list)
    rejected: set[str] = field(default_factory=set)

    def take(self, reply: Document) -> None:
        """Notes what a reply showed and what it understood as rejected."""
        shown = ids(reply)
        if shown:
            self.slates.append(shown)
        wishes = reply["understanding"]["preferences"]
        self.rejected |= {wish["item_id"] for wish in wishes if wish["item_id"] and wish["polarity"] < 0}

    def resolve(self, name: str) -> list[str]:
        """Returns the items that a script means by `Heat (1995)`, `shown 2`, `shown last` or `shown all`."""
        if not name.startswith("shown "):
            return [self.items.named(name)]
        slate, which = self.slates[-1] if self.slates else [], name.removeprefix("shown ")
        if which == "all":
            return slate
        place = -1 if which == "last" else int(which) - 1
        return slate[place:][:1] if place < 0 else slate[place : place + 1]

    @property
    def ever_shown(self) -> set[str]:
        """Every item shown so far."""
        return {item for slate in self.slates for item in slate}


def ids(reply: Document) -> list[str]:
    """Returns the ids of the items that a reply shows."""
    return [item["id"] for item in reply["items"]]


def load(path: Path) -> Conversation:
    """Returns the script of a file.

    Raises:
        ScriptError: it has a key that the README does not know, or a line that is no text.
    """
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    lines = tuple(Line(turn["say"], turn.get("expect") or {}, turn.get("understood")) for turn in document["turns"])
    for line, turn in zip(lines, document["turns"], strict=True):
        unknown = (set(turn) - {"say", "expect", "understood"}) | (set(line.expect) - set(_CHECKS))
        if unknown or not isinstance(line.say, str):
            raise ScriptError(f"{path.name}: {line.say!r}: unknown {sorted(unknown)}")
    return Conversation(path.name, document["name"], lines, document.get("catalogue", "films"))


def scripts(folder: Path = SCRIPTS) -> list[Path]:
    """Returns the files of all scripts, in order."""
    return sorted(folder.glob("*.yaml"))


def failures(conversation: Conversation, answer: Answer, items: Items) -> list[str]:
    """Runs a conversation whole and returns, in plain words, each expectation and promise that a turn did not keep."""
    thread, found = Thread(items), []
    for number, line in enumerate(conversation.lines, 1):
        reply = answer(line.say)
        thread.heard.append((line.say, reply["understanding"]))
        broken = [*unmet(line, reply, thread), *broken_promises(reply, items, thread.heard, thread.ever_shown)]
        shown = ", ".join(items.name(item) for item in ids(reply)) or "nothing"
        found += [f"turn {number}, {line.say!r}: {what} [shown: {shown}]" for what in broken]
        thread.take(reply)
    return found


def unmet(line: Line, reply: Document, thread: Thread) -> list[str]:
    """Returns the expectations of a line that its reply does not meet; the slates of `thread` are as before the reply."""
    return [what for key, expected in line.expect.items() for what in _CHECKS[key](expected, reply, thread, line)]


def _items(expected: str, reply: Document, _thread: Thread, _line: Line) -> Iterable[str]:
    if expected not in ("some", "none", "any"):
        raise ScriptError(f"`items: {expected}` is neither some, none nor any")
    if expected == "some" and not reply["items"]:
        yield "some items were expected"
    if expected == "none" and reply["items"]:
        yield "no item was expected"


def _conditions(item: str, conditions: Mapping[str, object], thread: Thread) -> dict[str, bool]:
    facts = thread.items.facts.get(item, {})
    return {name: meets(facts.get(name), condition) for name, condition in conditions.items()}


def _every(expected: Mapping[str, object], reply: Document, thread: Thread, _line: Line) -> Iterable[str]:
    for item in ids(reply):
        for name, met in _conditions(item, expected, thread).items():
            if not met:
                yield f"every {name} {expected[name]}: {thread.items.name(item)} has {_value(item, name, thread)}"


def _value(item: str, name: str, thread: Thread) -> object:
    return thread.items.facts.get(item, {}).get(name)


def _most(expected: Mapping[str, object], reply: Document, thread: Thread, _line: Line) -> Iterable[str]:
    shown = ids(reply)
    meeting = sum(all(_conditions(item, expected, thread).values()) for item in shown)
    if 2 * meeting < len(shown):
        yield f"most {dict(expected)}: {meeting} of {len(shown)} are"


def _none(expected: Mapping[str, object], reply: Document, thread: Thread, _line: Line) -> Iterable[str]:
    for item in ids(reply):
        for name, met in _conditions(item, expected, thread).items():
            if met:
                yield f"none {name} {expected[name]}: {thread.items.name(item)} has {_value(item, name, thread)}"


def _first(expected: Mapping[str, object], reply: Document, thread: Thread, _line: Line) -> Iterable[str]:
    if not reply["items"] or not all(_conditions(ids(reply)[0], expected, thread).values()):
        yield f"first {dict(expected)}"


def _includes(expected: Sequence[str], reply: Document, thread: Thread, _line: Line) -> Iterable[str]:
    shown = set(ids(reply))
    return [f"includes {name}" for name in expected if not shown.issuperset(_meant(name, thread))]


def _excludes(expected: Sequence[str], reply: Document, thread: Thread, _line: Line) -> Iterable[str]:
    shown = set(ids(reply))
    return [f"excludes {name}" for name in expected if shown.intersection(thread.resolve(name))]


def _meant(name: str, thread: Thread) -> list[str]:
    """Returns the items meant; an id that nothing has where there are none, so that the check fails."""
    return thread.resolve(name) or [f"no {name}"]


def _new(expected: bool, reply: Document, thread: Thread, line: Line) -> Iterable[str]:
    old = (thread.ever_shown | thread.rejected) if expected else set()
    for item in ids(reply):
        if item in old and not spoken(thread.items.title(item), line.say, reply["understanding"], item):
            yield f"new: {thread.items.name(item)} was shown or rejected before"


def _names(expected: Sequence[str], reply: Document, thread: Thread, _line: Line) -> Iterable[str]:
    for name in expected:
        for item in _meant(name, thread):
            if item not in thread.items.facts:
                yield f"names {name}: nothing was shown there"
            elif not stands(thread.items.title(item), reply["text"]):
                yield f"names {name}: {thread.items.title(item)!r} is not in {reply['text']!r}"


def _tells(expected: Sequence[Mapping[str, str]], reply: Document, thread: Thread, _line: Line) -> Iterable[str]:
    for asked in expected:
        for item in _meant(asked["of"], thread):
            fact = thread.items.facts.get(item, {}).get(asked["field"], [])
            values = fact if isinstance(fact, list) else [fact]
            if not any(stands(str(value), reply["text"], any_case=True) for value in values):
                yield f"tells {asked['field']} of {asked['of']} ({thread.items.name(item)}): {fact} is not in {reply['text']!r}"


def _acts(expected: Sequence[str], reply: Document, _thread: Thread, _line: Line) -> Iterable[str]:
    acts = reply["understanding"]["acts"]
    return [f"acts {act}: understood as {', '.join(acts)}" for act in expected if act not in acts]


def _preferences(expected: Sequence[Document], reply: Document, _thread: Thread, _line: Line) -> Iterable[str]:
    heard = {_wish(preference) for preference in reply["understanding"]["preferences"]}
    return [f"preferences {dict(wish)}: understood {sorted(heard)}" for wish in expected if _wish(wish) not in heard]


def _wish(preference: Document) -> tuple[str, str, int]:
    return preference["facet"], str(preference["value"]).casefold(), preference["polarity"]


def _question(expected: bool, reply: Document, _thread: Thread, _line: Line) -> Iterable[str]:
    if (reply["question"] is not None) != expected:
        yield "a question was expected" if expected else f"no question was expected, but {reply['question']['text']!r}"


def _reasons(expected: bool, reply: Document, thread: Thread, _line: Line) -> Iterable[str]:
    for item in reply["items"] if expected else []:
        sources = [(e["source"], e["value"]) for reason in item["reasons"] for e in reason["evidence"]]
        if not any(_confirmed(source, value, thread.items) for source, value in sources):
            yield f"reasons: the catalogue confirms none of {item['title']} ({sources})"


def _confirmed(source: str, value: object, items: Items) -> bool:
    found = re.fullmatch(r"item:(.+)\.(\w+)", source)
    return found is not None and value is not None and items.facts.get(found[1], {}).get(found[2]) == value


_CHECKS: Mapping[str, Callable[[Any, Document, Thread, Line], Iterable[str]]] = {
    "items": _items, "every": _every, "most": _most, "none": _none, "first": _first, "includes": _includes,
    "excludes": _excludes, "new": _new, "names": _names, "tells": _tells, "acts": _acts, "preferences": _preferences,
    "question": _question, "reasons": _reasons,
}  # fmt: skip
