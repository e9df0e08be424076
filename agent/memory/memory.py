"""The memory of all people: what is learned of a turn, and what is recalled for one. Every search begins with the one person's rows."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from convrec.agent.memory.facts import Fact, facts_of, statements
from convrec.agent.memory.history import Choice, Taste, tastes
from convrec.agent.memory.marking import fits, marked
from convrec.agent.memory.questions import Question
from convrec.agent.memory.recall import Recalled, Trace, Vectors, entry_text, of_entry, parts_of, recalled
from convrec.agent.memory.sensed import sensed, vouched
from convrec.agent.memory.topics import Topics, shipped
from convrec.agent.stores.ledger import Ledger
from convrec.agent.stores.records import Vector, turn_key
from convrec.catalogue.catalogue import Catalogue
from convrec.core.clock import Clock
from convrec.core.profile import ProfileEntry
from convrec.core.understanding import Polarity
from convrec.tools.encoder import TextEncoder
from convrec.tools.feedback import best_rating, is_rating, positive
from convrec.tools.threads import settle

_SIGNS: dict[str, Polarity] = {"like": 1, "purchase": 1, "play": 1, "dislike": -1}
_TOKENS = 64  # of a memory that its vector is made from


@dataclass(frozen=True)
class Remembered:
    """Items out of earlier turns, the latest first, and the moment of the latest."""

    item_ids: tuple[str, ...]
    at: datetime | None


class Hearing:
    """A message heard by its meaning in a thread of its own, beside whatever else the turn does: first what is told, then the vectors."""

    def __init__(self, text: str, facts: Callable[[str], tuple[Fact, ...]], vectors: Callable[[str], Vectors]) -> None:
        settle()  # here, and on the thread itself
        thread = ThreadPoolExecutor(1, "hearing", settle)
        self._facts, self._vectors = thread.submit(facts, text), thread.submit(vectors, text)
        thread.shutdown(wait=False)  # it ends with its work

    @property
    def facts(self) -> tuple[Fact, ...]:
        """The facts told in the message, those that rules read first."""
        return self._facts.result()

    @property
    def vectors(self) -> Vectors:
        """The vectors of the message's statements, `(n_statements, n_dimensions)`."""
        return self._vectors.result()


class Memory:
    """Recalls entries and past turns. Safe to use from several threads."""

    def __init__(self, ledger: Ledger, encoder: TextEncoder, catalogue: Catalogue, clock: Clock) -> None:
        self._ledger, self._encoder, self._catalogue, self._clock = ledger, encoder, catalogue, clock

    @property
    def _layer(self) -> Topics | None:
        """Returns what tells topics from this encoder's vectors; None where it was learned on another's."""
        layer = shipped()
        return layer if layer.encoder == self._encoder.revision else None

    def profile(self, user_id: str) -> tuple[ProfileEntry, ...]:
        """Returns what is remembered about a person now: entries neither superseded nor expired, oldest first."""
        return self.unexpired(self._ledger.profile(user_id))

    def unexpired(self, entries: Sequence[ProfileEntry]) -> tuple[ProfileEntry, ...]:
        """Returns the entries that are not over."""
        now = self._clock.now()
        return tuple(entry for entry in entries if entry.expires is None or entry.expires > now)

    def hear(self, text: str) -> Hearing:
        """Begins to hear what a message tells by its meaning."""
        return Hearing(text, self._facts, self._statements)

    def _facts(self, text: str) -> tuple[Fact, ...]:
        read = facts_of(text)
        if not fits(self._encoder):
            return read
        found = marked(statements(text), self._encoder)
        return (*vouched(read, text, found), *sensed(text, found))

    def _statements(self, text: str) -> Vectors:
        return self._encoder.encode(parts_of(text) if text.strip() else (), _TOKENS)

    def vectors(self, entries: Sequence[ProfileEntry]) -> tuple[Vector, ...]:
        """Returns the vectors to store with entries that are new or were edited."""
        new = [entry for entry in entries if entry.superseded_by is None]
        encoded = self._encoder.encode([entry_text(entry) for entry in new], _TOKENS) if new else ()
        model = self._encoder.revision
        return tuple(Vector("entry", entry.id, model, vector) for entry, vector in zip(new, encoded, strict=True))

    def of_turn(self, thread_id: str, turn: int, heard: Hearing) -> tuple[Vector, ...]:
        """Returns the vector to store with a turn: those of its statements, end to end."""
        vectors = heard.vectors
        return (
            (Vector("turn", turn_key(thread_id, turn), self._encoder.revision, vectors.ravel()),)
            if vectors.size
            else ()
        )

    def recall(self, user_id: str, text: str, k: int = 5, vector: np.ndarray | None = None) -> list[Recalled]:
        """Returns what is remembered of one person that fits a text best: profile entries and earlier turns, best first.

        `vector` is the text's where it is known already.
        """
        vector = self._encoder.encode([text], _TOKENS)[0] if vector is None else vector
        return recalled(
            [*self._entries(user_id), *self._turns(user_id)], text, vector, self._clock.now(), k, self._layer
        )

    def told(self, user_id: str, text: str) -> list[Recalled]:
        """Returns the profile entries that a question fits, best first."""
        vector = self._encoder.encode([text], _TOKENS)[0]
        return recalled(self._entries(user_id), text, vector, self._clock.now(), 3, self._layer)

    def tastes(self, user_id: str) -> list[Taste]:
        """Returns what sets a person's events apart: those of the workspace under the same id, and their likes and dislikes by button."""
        return tastes(self._choices(user_id), self._catalogue)

    def _choices(self, user_id: str) -> list[Choice]:
        whole = self._catalogue.interactions()
        events = whole.of_user(user_id)
        liked = positive(events, np.ones(len(events), np.bool_), best_rating(whole))
        refused = ~liked & ((events.event == "dislike") | is_rating(events))
        found = [
            Choice(self._catalogue.ids[events.row[place]], 1 if liked[place] else -1, float(events.timestamp[place]))
            for place in np.flatnonzero(liked | refused)
        ]
        clicks = [click for click in self._ledger.feedback(user_id) if click.event in _SIGNS]
        return found + [
            Choice(c.item_id, _SIGNS[c.event], datetime.fromisoformat(c.created).timestamp()) for c in clicks
        ]

    def shown(self, user_id: str, question: Question, thread_id: str) -> Remembered:
        """Returns the items shown in the stretch of time that a question names; without one, in the latest conversation before this."""
        episodes = [e for e in self._ledger.episodes(user_id) if e.shown]
        if question.when is not None:
            episodes = [episode for episode in episodes if episode.created in question.when]
        else:
            others = [episode for episode in episodes if episode.thread_id != thread_id]
            latest = others[-1].thread_id if others else thread_id
            episodes = [episode for episode in episodes if episode.thread_id == latest]
        ids = dict.fromkeys(item for episode in reversed(episodes) for item in episode.shown)
        return Remembered(self._there(ids), episodes[-1].created if episodes else None)

    def judged(self, user_id: str, question: Question) -> Remembered:
        """Returns the items that were liked, or disliked, in the stretch of time that a question names."""
        sign = -1 if question.matter == "disliked" else 1
        entries = [
            entry
            for entry in reversed(self.profile(user_id))
            if entry.item_id and entry.polarity == sign and (question.when is None or entry.created in question.when)
        ]
        ids = dict.fromkeys(entry.item_id for entry in entries if entry.item_id)
        return Remembered(self._there(ids), entries[0].created if entries else None)

    def _there(self, ids: dict[str, None]) -> tuple[str, ...]:
        return tuple(item for item in ids if self._catalogue.row(item) is not None)

    def _entries(self, user_id: str) -> list[Trace]:
        vectors = self._ledger.vectors(user_id, "entry", self._encoder.revision)
        return [of_entry(entry, self._stacked(vectors.get(entry.id))) for entry in self.profile(user_id)]

    def _turns(self, user_id: str) -> list[Trace]:
        vectors = self._ledger.vectors(user_id, "turn", self._encoder.revision)
        found, open_to = [], self._ledger.recallable(user_id)
        for episode in self._ledger.episodes(user_id):
            if turn_key(episode.thread_id, episode.turn) not in open_to:
                continue
            titles = [
                self._catalogue.titles[row] for item in episode.shown if (row := self._catalogue.row(item)) is not None
            ]
            text = f"{episode.text} → {', '.join(titles)}" if titles else episode.text
            vector = self._stacked(vectors.get(turn_key(episode.thread_id, episode.turn)))
            said = f"{episode.text} {' '.join(titles)}"
            source = f"turn:{episode.thread_id}/{episode.turn}"
            found.append(Trace(source, text, said, episode.created, vector, episode.text, False))
        return found

    def _stacked(self, flat: np.ndarray | None) -> np.ndarray | None:
        return None if flat is None else flat.reshape(-1, self._encoder.width)
