"""Natural text: read from public data sets, encoded once, drawn from while training."""

import gzip
import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convrec.finetune.grammar.mixture import Chat
from convrec.finetune.grammar.names import held_out
from convrec.finetune.pretraining.tokens import Encoded, Encoder

_MENTION = re.compile(r"@(\d+)")
_SPACES = re.compile(r"\s+")
_LONGEST = 2049  # tokens of a document; longer ones are cut


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def film_texts(data: Path) -> Iterator[str]:
    """Yields the encyclopedia's films as texts: facts, then what is said about them."""
    for film in _lines(data / "wikipedia-movies" / "movies.jsonl.gz"):
        extract = film.get("extract")
        if not extract or len(extract) < 80:
            continue
        facts = [f"title: {film['title']}", f"year: {film['year']}"]
        facts += [f"genres: {', '.join(film['genres'])}"] if film["genres"] else []
        facts += [f"cast: {', '.join(film['cast'][:8])}"] if film["cast"] else []
        yield "\n".join(facts) + f"\n{extract}"


def film_names(data: Path) -> dict[str, list[str]]:
    """Returns the encyclopedia's titles and people, each once, in a fixed order."""
    titles: dict[str, None] = {}
    people: dict[str, None] = {}
    for film in _lines(data / "wikipedia-movies" / "movies.jsonl.gz"):
        titles[str(film["title"])] = None
        people |= dict.fromkeys(name for name in film["cast"] if " " in name)
    draw = random.Random(7)
    kept = {"titles": [t for t in titles if 1 < len(t) <= 48], "people": [p for p in people if len(p) <= 32]}
    return {key: sorted(draw.sample(found, min(len(found), 16000))) for key, found in kept.items()}


def _chat(turns: list[tuple[str, str]]) -> Chat:
    """Returns turns as a chat, what one speaker says in a row joined."""
    chat: Chat = [("system", "talk")]
    for role, text in turns:
        said = _SPACES.sub(" ", text).strip()
        if not said:
            continue
        if chat[-1][0] == role:
            chat[-1] = (role, f"{chat[-1][1]} {said}")
        else:
            chat.append((role, said))
    return chat


def _titled(titles: dict[str, str], match: re.Match[str]) -> str:
    return titles.get(match[1], "")


def recommendation_chats(data: Path) -> Iterator[Chat]:
    """Yields dialogues in which one person recommends films to another, titles in place of ids."""
    for dialogue in _lines(data / "redial" / "train.jsonl.gz"):
        mentions = dialogue["movieMentions"] or {}
        titles = (
            {key: _SPACES.sub(" ", (title or "").replace("%3F", "?")).strip() for key, title in mentions.items()}
            if isinstance(mentions, dict)
            else {}
        )
        seeker = dialogue.get(
            "initiatorWorkerId", dialogue["messages"][0]["senderWorkerId"] if dialogue["messages"] else 0
        )
        turns = [
            ("user" if message["senderWorkerId"] == seeker else "assistant", _MENTION.sub(partial(_titled, titles), message["text"]))
            for message in dialogue["messages"]
        ]  # fmt: skip
        yield _chat(turns)


def elicitation_chats(data: Path) -> Iterator[Chat]:
    """Yields the first four fifths of the dialogues in which an assistant asks what films someone likes."""
    text = (data / "ccpe" / "train.txt").read_text(encoding="utf-8")
    dialogues = [block for block in text.split("\n\n") if block.strip()]
    for block in dialogues[: len(dialogues) * 4 // 5]:
        rows = [line.split("\t") for line in block.splitlines() if "\t" in line]
        yield _chat([("assistant" if row[0] == "SYSTEM" else "user", row[1]) for row in rows])


def service_chats(data: Path) -> Iterator[Chat]:
    """Yields task dialogues about films, music, media and restaurants."""
    for dialogue in _lines(data / "sgd" / "train.jsonl.gz"):
        yield _chat(
            [("user" if turn["speaker"] == "USER" else "assistant", turn["utterance"]) for turn in dialogue["turns"]]
        )


def playlist_chats(data: Path) -> Iterator[Chat]:
    """Yields dialogues in which a playlist is put together."""
    for dialogue in _lines(data / "cpcd" / "val.jsonl.gz"):
        yield _chat(
            [
                pair
                for turn in dialogue["turns"]
                for pair in (("user", turn["user_query"]), ("assistant", turn["system_response"]))
            ]
        )


def natural_chats(data: Path) -> list[Chat]:
    """Returns all dialogues that training may see."""
    readers = (recommendation_chats, elicitation_chats, service_chats, playlist_chats)
    return [chat for reader in readers for chat in reader(data) if len(chat) > 2]


def encode_corpus(data: Path, encoder: Encoder, extra: list[Chat] | None = None) -> tuple[list[Encoded], list[Encoded]]:
    """Returns the encoded documents for training and, about one in fifty by checksum, for measuring. `extra` chats train only."""
    documents = [(text[:60], encoder.document(text)) for text in film_texts(data)]
    chats = natural_chats(data)
    documents += [
        (chat[1][1][:60] + chat[-1][1][:60], one)
        for chat, one in zip(chats, encoder.chats(chats, everything=True), strict=True)
    ]
    cut = [(key, Encoded(one.ids[:_LONGEST], one.weights[:_LONGEST])) for key, one in documents]
    train = [one for key, one in cut if not held_out(key, 2)] + encoder.chats(extra or [])
    return train, [one for key, one in cut if held_out(key, 2)]


@dataclass(frozen=True)
class TextStore:
    """Encoded documents end to end: ids and weights `(tokens,)`, and where each document starts `(documents + 1,)`."""

    ids: NDArray[np.uint16]
    weights: NDArray[np.uint8]
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, documents: list[Encoded]) -> "TextStore":
        """Returns the documents as a store."""
        lengths = [0, *(len(one.ids) for one in documents)]
        ids = np.array([token for one in documents for token in one.ids], dtype=np.uint16)
        weights = np.array([weight for one in documents for weight in one.weights], dtype=np.uint8)
        return cls(ids, weights, np.cumsum(lengths, dtype=np.int64))

    @classmethod
    def load(cls, path: Path) -> "TextStore":
        """Returns a store from a file; an empty one where there is no file."""
        if not path.exists():
            return cls(np.zeros(0, np.uint16), np.zeros(0, np.uint8), np.zeros(1, np.int64))
        with np.load(path, allow_pickle=False) as found:
            return cls(found["ids"], found["weights"], found["starts"])

    def save(self, path: Path) -> None:
        """Writes the store, compressed."""
        np.savez_compressed(path, ids=self.ids, weights=self.weights, starts=self.starts)

    @property
    def size(self) -> int:
        """Returns the number of documents."""
        return len(self.starts) - 1

    def document(self, number: int) -> Encoded:
        """Returns one document."""
        part = slice(int(self.starts[number]), int(self.starts[number + 1]))
        return Encoded(self.ids[part].tolist(), self.weights[part].tolist())

    def draw(self, rng: random.Random, tokens: float) -> list[Encoded]:
        """Returns documents drawn at random, of about so many tokens."""
        found: list[Encoded] = []
        while tokens > 0 and self.size:
            document = self.document(rng.randrange(self.size))
            tokens -= len(document.ids)
            if tokens > 0 or rng.random() * len(document.ids) < tokens + len(document.ids):
                found.append(document)
        return found
