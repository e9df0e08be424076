"""Several queries in place of one text: the whole, and every wish in it by itself."""

import re

from convrec.tools.lexicon import ASKING, terms

_MOST = 24  # queries of one text; those of its end are kept
_ENDS = re.compile(r"[.!?;,\n]+|\b(?:and|but|or|although|though|however)\b", re.IGNORECASE)
_NEGATED = re.compile(
    r"\b(?:not|no|never|nothing|none|without|except|avoid|hate[ds]?|dislike[ds]?|(?:do|does|did|is|was|are|were|ca|wo|have|has|had)n['’]?t)\b",
    re.IGNORECASE,
)


def rewritten(text: str) -> tuple[str, ...]:
    """Returns the whole text and then its wishes, clause by clause, without clauses that say no and those that say nothing.

    A conversation has a line a turn. Empty where the text has no word; the whole alone where it is a single wish.
    """
    if not terms(text):
        return ()
    clauses = (clause.strip() for clause in _ENDS.split(text))
    wishes = [clause for clause in clauses if clause and not _NEGATED.search(clause) and set(terms(clause)) - ASKING]
    apart = [wish for wish in dict.fromkeys(wishes) if wish != text.strip()]
    return (text, *apart[-_MOST:])
