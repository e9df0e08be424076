"""Which user and thread ids are accepted, and how several make one name."""

import unicodedata

from convrec.core.errors import UserIdError

_MAX_BYTES = 256
SEPARATOR = "\x1f"
"""Stands between the parts of a name. Ids hold no control characters, so no two names collide."""


def checked_id(value: str, what: str = "user id") -> str:
    """Returns the id in Unicode NFC; it is case-sensitive and never trimmed.

    Raises:
        UserIdError: the id is blank, starts or ends with white space, has control characters, or is over 256 bytes.
    """
    normal = unicodedata.normalize("NFC", value)
    if not normal.strip():
        raise UserIdError(f"The {what} is blank.", "Give one that is not.")
    if normal != normal.strip():
        raise UserIdError(f"The {what} {normal!r} starts or ends with white space.", "Give it without.")
    if any(unicodedata.category(char) in ("Cc", "Cs") for char in normal):
        raise UserIdError(f"The {what} {normal!r} has control characters.", "Give it without.")
    if len(normal.encode()) > _MAX_BYTES:
        raise UserIdError(f"The {what} is longer than {_MAX_BYTES} bytes.", "Give a shorter one.")
    return normal


def namespace(*parts: str) -> str:
    """Returns the one name of what these parts name together, as a user's thread; of fewer parts and a blank last one, its beginning."""
    return SEPARATOR.join(parts)
