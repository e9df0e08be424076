"""How text is folded wherever two texts are compared."""

import re
import unicodedata

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


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
