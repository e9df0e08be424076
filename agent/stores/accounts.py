"""Accounts with a password, and who is signed in: rows of the state database, so that moving, backups and forgetting reach them."""

from dataclasses import dataclass, field
from datetime import datetime

from convrec.agent.stores.ledger import Ledger
from convrec.agent.stores.records import Forgotten
from convrec.core.errors import InputError


@dataclass(frozen=True)
class Account:
    """Somebody with a password, of which there is only the hash. `name` is how they wrote theirs, `created` when it was made (ISO, UTC)."""

    user_id: str
    name: str
    password: str = field(repr=False)
    created: str


@dataclass(frozen=True)
class SignedIn:
    """Somebody who is signed in until `expires`. `name` is for people to read, and may be anything."""

    user_id: str
    name: str
    expires: datetime


class Accounts:
    """The accounts and sessions of one state database. A session is known by the hash of its token."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger, self._database = ledger, ledger.database

    def add(self, account: Account) -> None:
        """Writes a new account.

        Raises:
            InputError: there is one of that name.
            Forgotten: its user is being forgotten at this moment.
        """
        generation = self._ledger.generation(account.user_id)
        with self._database.writing(account.user_id) as db:
            self._ledger.enter(db, account.user_id, generation)
            added = db.execute(
                "INSERT INTO accounts (user_id, name, password, created) VALUES (?,?,?,?) ON CONFLICT (user_id) DO NOTHING",
                (account.user_id, account.name, account.password, account.created),
            )
            if not added.rowcount:
                raise InputError(f"There is an account {account.name!r} already.", "Choose another name.")

    def find(self, user_id: str) -> Account | None:
        """Returns a user's account, if they have one."""
        query = "SELECT user_id, name, password, created FROM accounts WHERE user_id=?"
        rows = self._database.rows(query, (user_id,))
        return Account(*rows[0]) if rows else None

    def all(self) -> list[Account]:
        """Returns all accounts, by user id."""
        rows = self._database.rows("SELECT user_id, name, password, created FROM accounts ORDER BY user_id")
        return [Account(*row) for row in rows]

    def set_password(self, user_id: str, password: str) -> bool:
        """Writes another hash and signs the user out everywhere; tells whether there is such an account."""
        with self._database.writing(user_id) as db:
            changed = db.execute("UPDATE accounts SET password=? WHERE user_id=?", (password, user_id)).rowcount
            db.execute("DELETE FROM sessions WHERE user_id=?", (user_id,))
        return bool(changed)

    def remove(self, user_id: str) -> bool:
        """Deletes an account and signs the user out everywhere; tells whether there was one. What is remembered of the user stays."""
        with self._database.writing(user_id) as db:
            db.execute("DELETE FROM sessions WHERE user_id=?", (user_id,))
            removed = db.execute("DELETE FROM accounts WHERE user_id=?", (user_id,)).rowcount
        return bool(removed)

    def sign_in(self, token: str, who: SignedIn, now: datetime, generation: int, password: str | None = None) -> None:
        """Begins a session, and deletes those that are over. `token` is the hash of what the browser has.

        `generation` is the user's from before they were verified; `password` the hash that they were verified by, if they were so.

        Raises:
            Forgotten: the user was forgotten since, the password was changed, or the account removed.
        """
        with self._database.writing(who.user_id) as db:
            self._ledger.enter(db, who.user_id, generation)
            held = db.execute("SELECT password FROM accounts WHERE user_id=?", (who.user_id,)).fetchone()
            if password is not None and (held is None or held[0] != password):
                raise Forgotten
            db.execute("DELETE FROM sessions WHERE expires<=?", (now.isoformat(),))
            db.execute(
                "INSERT INTO sessions (user_id, token, name, created, expires) VALUES (?,?,?,?,?)",
                (who.user_id, token, who.name, now.isoformat(), who.expires.isoformat()),
            )

    def signed_in(self, token: str, now: datetime) -> SignedIn | None:
        """Returns whose session it is; None where it is nobody's, or over."""
        query = "SELECT user_id, name, expires FROM sessions WHERE token=? AND expires>?"
        rows = self._database.rows(query, (token, now.isoformat()))
        return SignedIn(rows[0][0], rows[0][1], datetime.fromisoformat(rows[0][2])) if rows else None

    def sign_out(self, token: str) -> None:
        """Ends a session."""
        with self._database.writing("") as db:
            db.execute("DELETE FROM sessions WHERE token=?", (token,))
