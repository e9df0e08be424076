"""Which user and thread ids are accepted."""

import unicodedata

from convrec.core.errors import UserIdError

_MAX_BYTES = 256


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
