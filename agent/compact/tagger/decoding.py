"""From the reader's scores to stretches of a message."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Stretch:
    """Pieces `[first, last)` of a message that are of one class, and how surely, in (0, 1]."""

    first: int
    last: int
    label: int
    probability: float


def stretches(scores: Floats, begins: Floats, least: float = 0.5, toll: float = 1.0) -> Iterator[Stretch]:
    """Yields the likeliest stretches (Viterbi 1967) whose mean probability is at least `least`.

    `scores` `(length, n_classes)`, class 0 is none; `begins` `(length,)` are log-odds that a stretch begins; each stretch costs `toll` nats, so
    that words of one thing stay together.
    """
    shares = softmax(scores)
    path = _likeliest(np.log(shares + 1e-9), begins.astype(np.float64), toll)
    first = 0
    for place in range(1, len(path) + 1):
        if place < len(path) and path[place] == (path[first][0], False) and path[first][0]:
            continue
        label = path[first][0]
        probability = float(shares[first:place, label].mean())
        if label and probability >= least:
            yield Stretch(first, place, label, probability)
        first = place


def _likeliest(logs: Floats, begins: Floats, toll: float) -> list[tuple[int, bool]]:
    """Returns each piece's class and whether a stretch begins there. Going on is only possible in the same class."""
    length, n_classes = logs.shape
    opens, goes_on = -np.logaddexp(0, -begins) - toll, -np.logaddexp(0, begins)
    best = np.full((2, n_classes), -np.inf)
    best[0, 0] = logs[0, 0]
    best[0, 1:] = logs[0, 1:] + opens[0]
    came: list[tuple[tuple[int, int], npt.NDArray[np.intp]]] = []
    for place in range(1, length):
        came.append((divmod(int(best.argmax()), n_classes), best.argmax(0)))
        going = best.max(0) + logs[place] + goes_on[place]
        going[0] = -np.inf
        fresh = best.max() + logs[place] + opens[place]
        fresh[0] = best.max() + logs[place, 0]
        best = np.stack([fresh, going])
    kind, label = divmod(int(best.argmax()), n_classes)
    path = [(label, kind == 0)]
    for state, in_class in reversed(came):
        kind, label = (int(in_class[label]), label) if kind == 1 else state
        path.append((label, kind == 0))
    return path[::-1]


def softmax(scores: Floats) -> Floats:
    """Returns the shares `(n, n_classes)` that scores stand for."""
    raised = np.exp(scores - scores.max(1, keepdims=True))
    shares: Floats = raised / raised.sum(1, keepdims=True)
    return shares


def whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """Returns the characters `[start, end)` widened to whole words, without what no word begins or ends with."""
    while start > 0 and text[start - 1].isalnum() and text[start].isalnum():
        start -= 1
    while end < len(text) and text[end].isalnum() and text[end - 1].isalnum():
        end += 1
    return start, end


def inside(pieces: Sequence[tuple[int, int]], start: int, end: int) -> list[int]:
    """Returns the places of the pieces that lie in the characters `[start, end)`."""
    return [place for place, (a, b) in enumerate(pieces) if a < end and start < b]
