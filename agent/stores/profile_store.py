"""LangGraph's store over the profile: a view of the ledger, so that the two can't differ."""

from collections.abc import Iterable, Mapping
from typing import Any

from langgraph.store.base import BaseStore, GetOp, Item, ListNamespacesOp, Op, PutOp, Result, SearchItem, SearchOp
from langgraph.store.memory import InMemoryStore
from pydantic import ValidationError

from convrec.agent.stores.ledger import Ledger
from convrec.agent.stores.records import Forgotten
from convrec.core.clock import Clock
from convrec.core.errors import BusyError, InputError
from convrec.core.ids import checked_id
from convrec.core.profile import ProfileEntry

PROFILE = "profile"


class ProfileStore(BaseStore):
    """Profiles as LangGraph's graphs read and write them: namespace `(user_id, "profile")`, key an entry's id, value the entry as JSON.

    What is put stands in the ledger at once, and counts in the very next turn. Nothing is held here. A search is about one user and
    knows the filters of LangGraph's own stores; what fits a turn's words is found by the agent itself.
    """

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger, self._clock = ledger, clock

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """Runs operations, one after the other.

        Raises:
            InputError: a namespace is none of a profile, an entry is not whole, or a search is about everybody or by words.
            UserIdError: a user id is none.
            BusyError: the user was forgotten meanwhile, or the state database is in use for longer than the wait.
        """
        return [self._run(op) for op in ops]

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """Runs operations in a thread.

        Raises:
            What `batch` raises.
        """
        import asyncio

        return await asyncio.to_thread(self.batch, list(ops))

    def _run(self, op: Op) -> Result:
        match op:
            case GetOp():
                return self._items(op.namespace).get(op.key)
            case PutOp():
                self._put(op.namespace, op.key, op.value)
                return None
            case SearchOp():
                return self._search(op)
            case ListNamespacesOp():
                known = InMemoryStore()
                for (user_id,) in self._ledger.database.rows("SELECT DISTINCT user_id FROM profile"):
                    known.put((user_id, PROFILE), "any", {})
                return known.batch([op])[0]

    def _items(self, namespace: tuple[str, ...]) -> dict[str, Item]:
        """Returns the entries of a namespace by id, oldest first; of one that is no profile's, none."""
        if namespace[1:] != (PROFILE,):
            return {}
        return {
            entry.id: Item(value=entry.model_dump(mode="json"), key=entry.id, namespace=namespace, created_at=entry.created, updated_at=entry.updated)
            for entry in self._ledger.profile(checked_id(namespace[0]))
        }  # fmt: skip

    def _put(self, namespace: tuple[str, ...], key: str, value: Mapping[str, Any] | None) -> None:
        if namespace[1:] != (PROFILE,):
            raise InputError(f"The namespace {namespace!r} is none of a profile.", 'Use (user_id, "profile").')
        user_id = checked_id(namespace[0])
        generation = self._ledger.generation(user_id)
        entries = [_entry(key, value, self._clock)] if value is not None else []
        try:
            self._ledger.patch_profile(user_id, entries, () if entries else (key,), generation)
        except Forgotten as error:
            raise BusyError("The user was forgotten meanwhile, and nothing is kept.", "Write it again.") from error

    def _search(self, op: SearchOp) -> list[SearchItem]:
        if not op.namespace_prefix or op.query is not None:
            raise InputError("A search of profiles is about one user, by filter.", "Give (user_id,), and no query.")
        namespace = (op.namespace_prefix[0], PROFILE)
        items = self._items(namespace)
        filtering = InMemoryStore()
        for item in items.values():
            filtering.put(namespace, item.key, item.value)
        found = filtering.search(op.namespace_prefix, filter=op.filter, limit=op.limit, offset=op.offset)
        return [
            SearchItem(namespace, one.key, one.value, (i := items[one.key]).created_at, i.updated_at) for one in found
        ]


def _entry(key: str, value: Mapping[str, Any], clock: Clock) -> ProfileEntry:
    now = clock.now()
    try:
        entry = ProfileEntry.model_validate({"id": key, "created": now, "updated": now, **value})
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InputError(f"The profile entry {key!r} is not whole: `{field}` {first['msg'].lower()}.", "See the shape of a profile entry.") from error  # fmt: skip
    if entry.id != key:
        raise InputError(f"The profile entry {entry.id!r} is put under {key!r}.", "Its key is its id.")
    return entry
