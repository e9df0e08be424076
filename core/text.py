"""How text is folded wherever two texts are compared."""

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_INVISIBLE = re.compile(  # controls, marks of no width, orders to the eye from which side to read; joiners only where a script needs them
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]|(?:(?<=[\x00-\x7f])|^)[\u200c\u200d]+"
)


def fold(text: str) -> str:
    """Returns the text without case and accents, with plain apostrophes and single spaces: `Désirée` → `desiree`."""
    if text.isascii():  # most texts are: spare them the decomposition
        return " ".join(text.lower().split())
    decomposed = unicodedata.normalize("NFKD", text.replace("’", "'"))
    bare = "".join(char for char in decomposed if not unicodedata.combining(char))
    return " ".join(bare.casefold().split())


def words(text: str) -> list[str]:
    """Returns the folded words of the text, in order, without punctuation: `Ocean's 11!` → `["ocean's", "11"]`."""
    return _WORD.findall(fold(text))


def well_formed(text: str) -> str:
    """Returns the text as it can be written: lone surrogates, which no encoding has, become U+FFFD."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def whole(text: str) -> str:
    """Returns the text as it is.

    Raises:
        ValueError: it holds half of a surrogate pair, which no encoding has.
    """
    if well_formed(text) != text:
        raise ValueError("half of a surrogate pair is no character")
    return text


Text = Annotated[str, AfterValidator(whole)]
"""A text in a document from outside, which can be written as it stands."""


def visible(text: str) -> str:
    """Returns the text without the characters that nobody sees: what is read is what is there."""
    return text if text.isascii() and text.isprintable() else _INVISIBLE.sub("", text)
