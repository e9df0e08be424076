"""Which names and passwords an account may have, and whose user id a name is."""

import re
import unicodedata

from convrec.core.errors import InputError

PREFIX = "account:"
"""Begins the user id of everybody with an account, so that no name is a user id of a program's, a tenant's, a provider's or a guest's."""
_NAME = re.compile(r"\w[\w.+-]*(@[\w.-]+)?")
_LONGEST_NAME = 64
SHORTEST, LONGEST = 10, 256
"""How many characters a password has."""


def checked_name(written: str) -> str:
    """Returns a name as it is shown: a word, or an e-mail address, in Unicode NFKC.

    Raises:
        InputError: it is blank, too long, or has other characters than letters, digits, and `. _ + - @` between them.
    """
    name = unicodedata.normalize("NFKC", written)
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise InputError(
            "That can't be a name.", f"Take letters, digits and . _ + - or an e-mail address, at most {_LONGEST_NAME} characters."
        )  # fmt: skip
    return name


def user_id_of(name: str) -> str:
    """Returns the user id of an account; names that differ in case alone are one.

    Raises:
        InputError: it can't be a name.
    """
    return PREFIX + unicodedata.normalize("NFKC", checked_name(name).casefold())


def checked_password(password: str) -> str:
    """Returns a new password as it is.

    Raises:
        InputError: it is too short or too long. The message repeats nothing of it.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise InputError(f"A password has {SHORTEST} to {LONGEST} characters.", "A few words in a row do well.")
    return password
