"""Several chats in one row of tokens: each sees itself and what all of them begin with, nobody else.

A prompt's beginning, the system message, is the same in every chat of a set; it stands in a row once. To each chat the positions and what
it attends to are what they would be alone, so that the loss is the same to rounding, at a fraction of the time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from convrec.finetune.tuning.messages import Encoded

if TYPE_CHECKING:
    import torch

_LEAST = 16  # tokens of a beginning that is worth sharing
NOT_LEARNED = -100


@dataclass(frozen=True)
class Packed:
    """One row: token ids, labels (`NOT_LEARNED` where nothing is learned), positions, and which chat each token is of (-1: all of them)."""

    ids: tuple[int, ...]
    labels: tuple[int, ...]
    positions: tuple[int, ...]
    chats: tuple[int, ...]

    @property
    def n_learned(self) -> int:
        """Returns how many tokens are learned."""
        return sum(label != NOT_LEARNED for label in self.labels)


def shared(chats: Sequence[Encoded]) -> int:
    """Returns how many tokens all chats begin with, none of them learned; 0 where it is too few to matter."""
    if not chats:
        return 0
    first, last = min(chat.ids for chat in chats), max(chat.ids for chat in chats)
    common = next(
        (n for n, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), min(len(first), len(last))
    )
    unlearned = min(chat.learned.index(True) for chat in chats)
    common = min(common, unlearned - 1)
    return common if common >= _LEAST and len(chats) > 1 else 0


def packed(chats: Iterable[Encoded], beginning: int, length: int) -> list[Packed]:
    """Returns chats in rows of at most so many tokens (a longer chat alone in its row), in order; `beginning` tokens are shared."""
    rows: list[list[Encoded]] = []
    room = 0
    for chat in chats:
        own = len(chat.ids) - beginning
        if not rows or own > room:
            rows.append([])
            room = length - beginning
        rows[-1].append(chat)
        room -= own
    return [_row(row, beginning) for row in rows]


def _row(chats: Sequence[Encoded], beginning: int) -> Packed:
    ids, labels = list(chats[0].ids[:beginning]), [NOT_LEARNED] * beginning
    positions, owners = list(range(beginning)), [-1] * beginning
    for number, chat in enumerate(chats):
        ids += chat.ids[beginning:]
        labels += [
            token if learned else NOT_LEARNED
            for token, learned in zip(chat.ids[beginning:], chat.learned[beginning:], strict=True)
        ]
        positions += range(beginning, len(chat.ids))
        owners += [number] * (len(chat.ids) - beginning)
    return Packed(tuple(ids), tuple(labels), tuple(positions), tuple(owners))


def sight(chats: torch.Tensor) -> torch.Tensor:
    """Returns what each token may look at, `(1, 1, n, n)` bool, for the chats `(n,)` that tokens are of: what came before of its own chat or of all."""
    import torch

    n = len(chats)
    own = (chats[:, None] == chats[None, :]) | (chats[None, :] == -1)
    return (own & torch.ones(n, n, dtype=torch.bool, device=chats.device).tril())[None, None]
