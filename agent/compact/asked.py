"""Which facts of an item a question asks for."""

import re

from convrec.agent.compact.fields import described
from convrec.agent.compact.message import Message
from convrec.agent.wording import is_kind, is_person, is_year
from convrec.catalogue.schema import Field, Schema

_ABOUT = re.compile(
    r"\b(?:about|plot|story|storyline|synopsis|summary|description|premise|happens in|tell me more|more (?:details?|info|information))\b"
)
_TELL = re.compile(
    r"\b(?:what|whats|hows|tell|describe|describes?|explain|is (?:it|that)|summary|synopsis|plot|details?|info|more about)\b"
)
_WHEN = re.compile(
    r"\b(?:(?:what|which) (?:year|decade)|(?:what|whats) the (?:year|release date)|when (?:was|were|did|is)|how old (?:is|are|was)|whats? years?|years? (?:is|was|of)|release date|from what year)\b"
)
_WHO_IN = re.compile(
    r"\b(?:who(?:s| is| was| are| else is| all is| else)*(?: \w+)? (?:in|play(?:s|ed|ing)?|star(?:s|red|ring)?|act(?:s|ed|ing)?|appears?)|who(?:s| is| are) the (?:cast|actors?|stars?|actress|lead)|cast(?: of)?|actors?(?: in)?|starring|main (?:actor|actress|role|cast))\b"
)
_WHO_MADE = re.compile(
    r"\bwho(?:s| is| was| has| else| all)?(?: \w+)? (?P<verb>directed|directs?|made|makes|wrote|writes|published|develop(?:ed|s)|designed|created|produced|composed|did|shot|behind|cooks)\b|\b(?:the )?(?P<noun>director|author|writer|developer|publisher|designer|creator|studio|chef|composer|producer|artist)s?\b"
)
_KIND = re.compile(
    r"\bwhat (?:genres?|kind|type|sort|category|style|cuisine)\b|\b(?:genres?|category|cuisine) (?:is|of)\b|\bis (?:it|that|this|the \w+(?: one)?) (?:an? )?(?:\w+ ){0,2}?(?:funny|scary|sad|romantic|violent|horror|comedy|drama|thriller|western|animated|cartoon|for kids|for children|family friendly|suitable)\b"
)
_LONG = re.compile(
    r"\bhow long\b|\b(?:runtime|running time|duration|length|playtime|how many (?:minutes|hours|pages))\b"
)
_COST = re.compile(
    r"\bhow (?:much|expensive|cheap)\b|\b(?:price|costs?|is (?:it|that|the \w+(?: one)?) (?:very |too |that )?(?:expensive|cheap)|what does (?:it|that) cost)\b"
)
_RATED = re.compile(
    r"\b(?:ratings?|rated|scores?|reviews?|stars)\b|\bhow good\b|\b(?:is|was) (?:it|that|this|the \w+(?: one)?) (?:any )?good\b"
)
_VERB_STEMS = {"direct": "direct", "writ": "writ", "wrote": "writ", "publish": "publish", "develop": "develop", "design": "design",
               "creat": "creat", "produc": "produc", "compos": "compos", "cook": "chef"}  # fmt: skip
_LENGTH_WORDS = {"runtime", "duration", "length", "minutes", "hours", "playtime", "pages", "time"}
_PRICE_WORDS = {"price", "cost", "costs", "prices", "fee"}
_RATING_WORDS = {"rating", "ratings", "score", "stars", "metascore"}
_STAR_WORDS = {"cast", "actor", "actors", "starring", "stars", "performers", "performer"}
_ASKS = re.compile(
    r"\b(?:who|whos|whose|what|whats|when|which|how|hows|where|wheres|is|was|are|were|does|did|do|tell|describe|details|info)\b|\?|\b(?:it|one|that|first|second|third|last|\d(?:st|nd|rd|th))\b"
)


def asked_fields(text: str, schema: Schema) -> tuple[str, ...]:
    """Returns the names of the fields that a question in the text asks for, in the order of the schema.

    "Who directed it?" asks for the director, "what's it about" for the describing text; empty when no fact is asked for
    or the question is general ("tell me more").
    """
    marked = Message(text).marked
    if not _ASKS.search(marked):
        return ()
    return tuple(field.name for field in schema.fields if field.name != "title" and _is_asked(field, marked, schema))


def _is_asked(field: Field, marked: str, schema: Schema) -> bool:
    words = described(field)
    if is_year(field):
        return bool(_WHEN.search(marked)) or _by_name(field, marked)
    if field.type == "text":
        return bool(_ABOUT.search(marked) and _TELL.search(marked)) and not _is_title_like(field)
    if field.type in ("number", "date", "bool"):
        return _is_amount_asked(words, marked) or _by_name(field, marked)
    if field.type in ("url", "image"):
        return _by_name(field, marked)
    if is_person(field):
        return _is_person_asked(field, words, marked, schema)
    return (is_kind(field) and bool(_KIND.search(marked))) or _by_name(field, marked)


def _is_amount_asked(words: frozenset[str], marked: str) -> bool:
    pairs = ((_LONG, _LENGTH_WORDS), (_COST, _PRICE_WORDS), (_RATED, _RATING_WORDS))
    return any(words & names and pattern.search(marked) for pattern, names in pairs)


def _is_person_asked(field: Field, words: frozenset[str], marked: str, schema: Schema) -> bool:
    if words & _STAR_WORDS:
        return bool(_WHO_IN.search(marked))
    for match in _WHO_MADE.finditer(marked):
        said = match["verb"] or match["noun"]
        stem = next((target for start, target in _VERB_STEMS.items() if said.startswith(start)), said)
        if any(word.startswith(stem) for word in words):
            return True
        makers = [f for f in schema.of_type("category", "tags") if is_person(f) and not described(f) & _STAR_WORDS]
        if said in ("made", "makes", "did", "behind", "shot") and field == next(iter(makers), None):
            return True
    return False


def _by_name(field: Field, marked: str) -> bool:
    """Tells whether the field is asked for by its own name: "what's the publisher", "which platform is it on"."""
    name = " ".join((field.label or field.name).casefold().replace("_", " ").split())
    if not name:
        return False
    any_form = rf"{re.escape(name.removesuffix('s'))}(?:s|es)?"
    return bool(
        re.search(
            rf"\b(?:what|whats|which|the|its|tell me|how many|whose|one) (?:is |are |the |its |their )*{any_form}\b",
            marked,
        )
    )


def _is_title_like(field: Field) -> bool:
    return field.name.endswith("title")
