"""Forgetting a person: one function, on which everything hangs that holds what people said or did."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from convrec.agent.stores.ledger import Ledger
from convrec.core.clock import Clock


@dataclass(frozen=True)
class Receipt:
    """What `forget` deleted, by store, and whether a second look found nothing left."""

    user_id: str
    deleted: Mapping[str, int]
    verified: bool


class Holder(Protocol):
    """Something outside the state database that holds what belongs to people: an index, a file, a table of a page's own.

    `name` is what the receipt calls what it holds.
    """

    @property
    def name(self) -> str:
        """The store's name."""
        ...

    def forget(self, user_id: str) -> int:
        """Deletes all that belongs to the user, and returns how much that was."""
        ...

    def remaining(self, user_id: str) -> int:
        """Returns how much still belongs to the user; 0 after `forget`."""
        ...


class Forgetting:
    """Deletes everything about a user wherever it is held, and proves it. Whatever else comes to hold such things is hung on with `reach`.

    `drop_words` drops what the process keeps of everybody's words to save time.
    """

    def __init__(self, ledger: Ledger, clock: Clock, drop_words: Callable[[], None]) -> None:
        self._ledger, self._clock, self._drop_words = ledger, clock, drop_words
        self._holders: list[Holder] = []

    def reach(self, holder: Holder) -> None:
        """Lets every forgetting from now on reach this holder too."""
        self._holders.append(holder)

    def __call__(self, user_id: str) -> Receipt:
        """Deletes everything about the user and returns the receipt.

        The state database comes first: with its tombstone nothing that began before is written any more. `verified` says that
        afterwards nobody held anything, and that the database's files were written anew without it.
        """
        deleted = self._ledger.forget(user_id, self._clock.now())
        deleted |= {holder.name: holder.forget(user_id) for holder in self._holders}
        self._drop_words()
        swept = self._ledger.sweep()
        left = self._ledger.remaining(user_id) + sum(holder.remaining(user_id) for holder in self._holders)
        return Receipt(user_id, deleted, verified=swept and not left)
