"""People's own messages with their annotated slots, as examples of the task `understand`: real wording beside the grammar's."""

import gzip
import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from convrec.finetune.grammar.draft import Pointer, Wish, dumped, understanding
from convrec.finetune.grammar.mixture import Chat

_MENTION = re.compile(r"@(\d+)")
_YEAR = re.compile(r"\s*\(\d{4}\)$")
_NAMES = {"movie_name", "title", "song_name", "restaurant_name", "event_name", "attraction_name"}
_OTHER_NAMES = {
    "genre": ("genres", "kind", "style"), "directed_by": ("director", "directors"), "location": ("city", "town"), "city": ("location", "area"),
    "cuisine": ("food", "cuisines"), "artist": ("artists", "band"), "show_date": ("date", "day"), "show_time": ("time", "starts_at"),
    "theater_name": ("cinema", "theatre"), "album": ("record",), "street_address": ("address",),
}  # fmt: skip
_NOUNS = {
    "Movies": ("films", "movies", "showings"),
    "Media": ("films", "movies"),
    "Music": ("songs", "tracks"),
    "Restaurants": ("restaurants", "places"),
    "Events": ("events",),
    "Travel": ("attractions", "sights"),
}
_ACTS = {
    "INFORM_INTENT": "request", "REQUEST": "ask_item", "REQUEST_ALTS": "request", "AFFIRM": "accept", "SELECT": "accept", "AFFIRM_INTENT": "accept",
    "NEGATE": "reject", "NEGATE_INTENT": "reject", "THANK_YOU": "thank", "GOODBYE": "bye",
}  # fmt: skip
_UNSURE = {"price", "balance", "amount"}


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def _spans(turn: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Returns `(service, slot, words)` of a turn, each stretch of words once, in order."""
    found = {
        (slot["start"], slot["exclusive_end"]): (frame["service"], slot["slot"], turn["utterance"][slot["start"] : slot["exclusive_end"]])
        for frame in turn["frames"] for slot in frame.get("slots", ())
    }  # fmt: skip
    return [found[key] for key in sorted(found)]


def _values(dialogues: list[dict[str, Any]]) -> dict[str, dict[str, list[str]]]:
    """Returns, by service and slot, the values that people said most."""
    counted: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for dialogue in dialogues:
        for turn in dialogue["turns"]:
            for service, slot, words in _spans(turn):
                counted[service][slot][words] += 1
    return {
        service: {slot: [words for words, _ in values.most_common(40)] for slot, values in slots.items()}
        for service, slots in counted.items()
    }


def _fields(rng: random.Random, slots: dict[str, list[str]]) -> dict[str, tuple[str, list[str]]]:
    """Returns for each slot the name it goes by in this schema and the values that the schema lists."""
    named = {slot: rng.choice((slot, *_OTHER_NAMES.get(slot, ()))) for slot in slots if slot not in _NAMES | _UNSURE}
    if len(set(named.values())) < len(named):
        named = {slot: slot for slot in named}
    return {
        slot: (name, rng.sample(slots[slot], min(len(slots[slot]), rng.randint(0, 6)))) for slot, name in named.items()
    }


def _answer(turn: dict[str, Any], asked: bool, fields: dict[str, tuple[str, list[str]]]) -> dict[str, Any]:
    acts = {_ACTS[action["act"]] for frame in turn["frames"] for action in frame["actions"] if action["act"] in _ACTS}
    informs = any(action["act"] == "INFORM" for frame in turn["frames"] for action in frame["actions"])
    if informs and "request" not in acts:
        acts.add("answer" if asked else "request")
    wishes: list[tuple[Wish | Pointer, str]] = []
    for _, slot, words in _spans(turn):
        if slot in _NAMES:
            wishes.append((Pointer("title"), words))
            continue
        name, listed = fields[slot]
        spelt = next((value for value in listed if value.casefold() == words.casefold()), words)
        wishes.append((Wish(name, spelt, op="contains"), words))
    return understanding(acts, wishes)


def annotated_chats(data: Path, seed: int = 5) -> list[Chat]:
    """Returns the user turns about films, music, food and outings, up to four of one dialogue to a chat."""
    wanted = tuple(_NOUNS)
    dialogues = [
        d
        for d in _lines(data / "sgd" / "train.jsonl.gz")
        if all(service.startswith(wanted) for service in d["services"]) and len(d["services"]) == 1
    ]
    values, rng, found = _values(dialogues), random.Random(seed), []
    for dialogue in dialogues:
        service = dialogue["services"][0]
        fields = _fields(rng, values.get(service, {}))
        lines = [f"{name}: category{': ' + ' | '.join(listed) if listed else ''}" for name, listed in fields.values()]
        rng.shuffle(lines)
        noun = rng.choice(_NOUNS[service.split("_")[0]])
        head = ("system", "\n".join([f"understand\ntoday: 2019-03-01\nitems: {noun}", *lines]))
        turns: list[tuple[str, str]] = []
        for before, turn in zip([None, *dialogue["turns"]], dialogue["turns"], strict=False):
            if turn["speaker"] != "USER" or any(slot in _UNSURE for _, slot, _ in _spans(turn)):
                continue
            asked = f"asked: {before['utterance'][:160]}\n" if before else ""
            answer = _answer(turn, bool(before), fields)
            turns += [("user", f"{asked}message: {turn['utterance']}"), ("assistant", dumped(answer))]
        found += [[head, *turns[place : place + 8]] for place in range(0, len(turns), 8)]
    return found


def title_drills(data: Path, seed: int = 6) -> list[Chat]:
    """Returns messages that name films, with the titles in them as people would write them: real wording around names to copy."""
    rng, found = random.Random(seed), []
    for dialogue in _lines(data / "redial" / "train.jsonl.gz"):
        titles = dialogue["movieMentions"] or {}
        chat: Chat = [("system", "drill")]
        for message in dialogue["messages"]:
            named = [key for key in _MENTION.findall(message["text"]) if isinstance(titles, dict) and titles.get(key)]
            if not named and rng.random() < 0.9:
                continue
            lower, dated = rng.random() < 0.3, rng.random() < 0.3
            written = {key: _written(titles[key], lower=lower, dated=dated) for key in named}
            text = _MENTION.sub(partial(_named, written), message["text"])
            chat += [
                ("user", f"titles\n{text.strip()}"),
                ("assistant", dumped(list(dict.fromkeys(written[key] for key in named)))),
            ]
        if len(chat) > 1:
            found.append(chat)
    return found


def _named(written: dict[str, str], match: re.Match[str]) -> str:
    return written.get(match[1], "")


def _written(title: str, *, lower: bool, dated: bool) -> str:
    plain = " ".join(title.replace("%3F", "?").split())
    kept = plain if dated else _YEAR.sub("", plain)
    return kept.lower() if lower else kept
