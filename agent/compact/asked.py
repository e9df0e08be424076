"""Which facts of an item a question asks for."""

import re
from collections.abc import Iterator, Sequence

from convrec.agent.compact.fields import described, doers, measured
from convrec.agent.compact.lexicon import LINGO
from convrec.agent.compact.message import Message, words_of
from convrec.agent.compact.preferences import Wish
from convrec.agent.compact.references import Pointer
from convrec.agent.compact.superlatives import ASKS_WHICH, ORDERS
from convrec.agent.compact.values import flag_opposites, flag_words, singulars
from convrec.agent.wording import adds_up, field_words, is_kind, is_person, is_year, year_field
from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.schema import Field, Schema

_ABOUT = re.compile(
    r"\b(?:about|plot|story|storyline|synopsis|summary|description|premise|happens in|like(?= ?(?:\?|$))|tell me more|more (?:details?|info|information))\b"
)
_TELL = re.compile(
    r"\b(?:what|whats|hows|tell|describe|describes?|explain|is (?:it|that)|summary|synopsis|plot|details?|info|more about)\b"
)
_WHEN = re.compile(
    r"\b(?:(?:what|which) (?:year|decade)|(?:what|whats) the (?:year|release date)|when (?:was|were|did|is)|how old(?: (?:is|are|was)|(?= ?\?))|whats? years?|years? (?:is|was|of)|release date|from what year|which\b[^.?!]* (?:made|released|came out|is|are|was|were|from) (?:after|before|since|older than|newer than|in|from)(?: the)? \d{2,4}s?)\b"
)
_WHO_IN = re.compile(
    r"\b(?:who(?:s| is| was| are| else is| all is| else)*(?: \w+){0,2} (?:in|play(?:s|ed|ing)?|star(?:s|red|ring)?|act(?:s|ed|ing)?|appears?)|who(?:s| is| are) the (?:cast|actors?|stars?|actress|lead)|cast(?: of)?|actors?(?: in)?|starring|(?:main|leading|lead) (?:actor|actress|role|cast|man|lady|part))\b"
)
_WHO_MADE = re.compile(
    r"\bwho(?:s| is| was| has| else| all)?(?: \w+)?? (?P<verb>[a-z]{4,}|made|did|shot)\b|\b(?:the )?(?P<noun>director|author|writer|developer|publisher|designer|creator|studio|chef|composer|producer|artist|grower)s?\b"
)
_MADE = {"made", "makes", "did", "behind", "shot", "runs", "owns"}
_KIND = re.compile(
    r"\bwhat (?:genres?|kind|type|sort|category|style|cuisine)\b(?! of (?:money|price|cost)s?\b)|\b(?:genres?|category|cuisine) (?:is|of)\b|\bis (?:it|that|this|the \w+(?: one)?) (?:an? )?(?:\w+ ){0,2}?(?:funny|scary|sad|romantic|violent|horror|comedy|drama|thriller|western|animated|cartoon|for kids|for children|family friendly|suitable)\b"
)
_STAR_WORDS = {"cast", "actor", "actors", "starring", "stars", "performers", "performer"}
_CUES: tuple[tuple[set[str], re.Pattern[str]], ...] = tuple(
    (names, re.compile(pattern))
    for names, pattern in (
        ({"runtime", "duration", "length", "minutes", "hours", "playtime", "pages", "time"},
         r"\bhow long\b|\b(?:runtime|running time|duration|length|playtime|how (?:many|much) (?:minutes|hours|pages))\b|\bis (?:it|that|this) (?:very |too |a )?(?:long|short)\b"),
        ({"price", "cost", "costs", "prices", "fee"},
         r"\bhow (?:much(?! (?:light|sun|water|time|room|space|hours?|minutes?|pages)\b)|expensive|cheap|many (?:euros|dollars|pounds|bucks))\b|\b(?:prices?|costs?|what (?:kind|sort) of money|(?:what|how much) (?:does|do|would|will|is|are) (?:\w+ ){1,5}?set (?:me|us|him|her|them|you) back|is (?:it|that|the \w+(?: one)?) (?:very |too |that )?(?:expensive|cheap)|what does (?:it|that) cost)\b"),
        ({"rating", "ratings", "score", "stars", "metascore"},
         r"\b(?:ratings?|rated|scores?|reviews?|stars)\b|\bhow good\b|\b(?:is|was) (?:it|that|this|the \w+(?: one)?) (?:any )?good\b|\bany good\b"),
        ({"height", "size"}, r"\bhow (?:high|tall|big|large)\b|\b(?:what|which) (?:height|size)\b"),
        ({"months", "month", "season"},
         r"\bwhen (?:do|does|is|are|will|would|can)\b.*\b(?:flower|flowers|bloom|blooms|blossom|in season|out)\b|\b(?:what|which) (?:months?|season|time of)\b|\b(?:flower|bloom)(?:s|ing)? (?:when|time|season|period)\b"),
        ({"colours", "colour", "colors", "color"}, r"\b(?:what|which) colou?rs?\b"),
        ({"light", "sun", "exposure"}, r"\b(?:sun|shade|shady|sunny) (?:or|does|do)\b|\bhow (?:much )?(?:light|sun|sunny|shady)\b|\bneeds?\b.*\b(?:sun|shade|light)\b"),
        ({"water", "watering"}, r"\bhow (?:much|often)\b.*\bwater\b|\bhow thirsty\b"),
        ({"players"}, r"\bhow many (?:people|players|ppl|of us|friends|can|could)\b|\b(?:single|multi) ?player\b"),
        ({"age", "ages"}, r"\bhow old (?:do|does|should|must|to)\b|\b(?:what|which) age\b|\bage (?:rating|limit)\b"),
        ({"platforms", "platform", "systems"}, r"\b(?:what|which) (?:platforms?|consoles?|systems?)\b|\b(?:runs?|works?|playable|available|out) on\b"),
        ({"dishes", "menu", "food"}, r"\bserves?\b|\bon the menu\b|\bwhat(?:s| is| are| do| does| can| could)?\b.{0,20}\b(?:eat|order|cook|dish|dishes|food)\b|\bspeciality\b|\bknown for\b"),
        ({"area", "district", "neighbourhood", "location", "address", "city"}, r"\bwhere(?:s| is| are| abouts)\b|\b(?:which|what) (?:part|area|side|district|neighbourhood)\b|\baddress\b|\blocated\b"),
        ({"days", "open", "hours"}, r"\bwhen\b.*\b(?:open|shut|closed?)\b|\b(?:is|are) (?:it|they|that|titled) (?:open|closed|shut)\b|\bopening (?:days|hours|times)\b|\b(?:which|what) days?\b"),
    )
)  # fmt: skip
_ASKS = re.compile(
    r"\b(?:who|whos|whose|what|whats|when|which|how|hows|where|wheres|is|was|are|were|does|did|do|can|has|have|tell|describe|details|info)\b|\?|\b(?:it|one|that|first|second|third|last|\d(?:st|nd|rd|th))\b"
)
_DISMISSED = re.compile(  # what is named to say that it does not count: "any price", "the price doesn't matter", "not the colour"
    r"\b(?:(?:any|whatever|not|no|regardless of|forget|never ?mind|drop|scrap)(?: the)?(?! good\b)|(?:dont|do not) (?:care|mind)(?: about)?(?: the)?) \w+"
    r"|\b\w+ (?:(?:does|do)(?:nt| not) (?:really )?matter|(?:is|are) (?:no|not) \w+|isnt \w+)"
)
_FEW = 400  # values of a field that a question is compared with, unless it asks which of those shown has one
WHICH_OF = r"\bwhich (?:(?:ones? )?of (?:them|these|those)|ones?)\b"
"""Asks which of those shown are so, as a pattern."""
_OF_IT = r"\b(?:does|do|is|are|has|have|will|would|can) (?:(?:the|that|this|their|its) )?(?:titled|it|that|this|they|(?:first|second|third|last|other|\w+) one)"


def asked_fields(text: str | Message, schema: Schema, catalogue: Catalogue | None = None) -> tuple[str, ...]:
    """Returns the names of the fields that a question in the text asks for, in the order of the schema.

    "Who directed it?" asks for the director, "what's it about" for the describing text; empty when no fact is asked for
    or the question is general ("tell me more"). With a `catalogue`, "is it on Switch?" asks for the field that has Switch,
    and "the best rated of those" for the rating.
    """
    message = Message(text) if isinstance(text, str) else text
    marked = _DISMISSED.sub("", message.marked)
    most = _most_asked(marked, schema) if catalogue is not None else ()
    if not _ASKS.search(marked):
        return most
    asked = [f.name for f in schema.fields if f.name != "title" and _is_asked(f, marked, schema)]
    if not asked and catalogue is not None:
        asked = [f.name for f in schema.fields if f.name != "title" and _is_asked_whether(f, marked)]
    if not asked and catalogue is not None:
        asked = [f.name for f in schema.fields if f.name != "title" and _names_value(f, message, catalogue)]
    return tuple(asked) or most


def _most_asked(marked: str, schema: Schema) -> tuple[str, ...]:
    """Returns the name of the field that a question for the most or least goes by; none where nothing tells."""
    found = ASKS_WHICH.search(marked)
    if found is None:
        return ()
    role, _ = ORDERS[found["word"] or found["of"]]
    field = year_field(schema) if role == "year" else measured(schema, role)
    if field is None and role == "length":
        field = measured(schema, "height")
    return () if field is None else (field.name,)


def _is_asked(field: Field, marked: str, schema: Schema) -> bool:
    if is_year(field):
        return (bool(_WHEN.search(marked)) and not _is_season_asked(marked)) or _by_name(field, marked)
    if field.type == "text":
        return bool(_ABOUT.search(marked) and _TELL.search(marked)) and not field.name.endswith("title")
    if field.type in ("url", "image"):
        return _by_name(field, marked)
    if field.valued and _is_maker_asked(field, marked, schema):
        return True
    names = described(field) if field.measured or field.type == "bool" else field_words(field)
    cued = any(names & called and pattern.search(marked) for called, pattern in _CUES)
    return cued or (is_kind(field) and bool(_KIND.search(marked))) or _by_name(field, marked)


def _is_season_asked(marked: str) -> bool:
    return re.search(r"\bwhen (?:do|does|is|are)\b.*\b(?:flower|bloom|open)", marked) is not None


def _is_maker_asked(field: Field, marked: str, schema: Schema) -> bool:
    names = field_words(field)
    if names & _STAR_WORDS:
        return bool(_WHO_IN.search(marked))
    makers = [f for f in schema.valued if is_person(f) and not field_words(f) & _STAR_WORDS]
    for match in _WHO_MADE.finditer(marked):
        said = match["verb"] or match["noun"]
        if any(_is_kin(stem, name) for name in names for stem in (said, *doers(said))):
            return True
        if said in _MADE and field == next(iter(makers), None):
            return True
    return False


def _is_kin(verb: str, noun: str) -> bool:
    """Tells whether somebody who does the one is called the other: `grows`, grower; `developed`, developer."""
    stem = verb.removesuffix("ed").removesuffix("s").removesuffix("e")
    return len(stem) >= 4 and noun.startswith(stem)


def _by_name(field: Field, marked: str) -> bool:
    """Tells whether the field is asked for by its own name: "what's the publisher", "which platform is it on", "chef of the 2nd", "year?"."""
    name = " ".join(field.spoken.casefold().split())
    if not name:
        return False
    form = rf"{re.escape(name.removesuffix('s'))}(?:s|es)?"
    return bool(
        re.search(
            rf"\b(?:what|whats|which|the|its|tell me|how many|whose|one) (?:is |are |the |its |their )*{form}\b|\b{form} of\b|(?:^|[?,.] )(?:and |the )*{form} \?",
            marked,
        )
    )


def _is_asked_whether(field: Field, marked: str) -> bool:
    """Tells whether a question that may be answered by yes or no names the field: "does it need a lot of water?"."""
    names = "|".join(map(re.escape, sorted(field_words(field) - LINGO)))
    return bool(names) and re.search(rf"{_OF_IT}(?: [a-z]+)*? (?:{names})\b", marked) is not None


def _names_value(field: Field, message: Message, catalogue: Catalogue) -> bool:
    """Tells whether the message names one of the field's values (or, of dishes and the like, a word of one)."""
    said = message.norms(0, len(message))
    if field.type == "bool":
        return any(_stands(run, said) for run in (*flag_words(field), *flag_opposites(field)))
    if not field.valued:
        return False
    values = catalogue.values(field.name).values
    if len(values) > _FEW and not message.has(WHICH_OF):
        return False
    forms = {form for word in said for form in (word, *singulars(word))}
    telling = {word for word in forms if word not in LINGO and len(word) > 2}
    return any(
        _stands(run, said) or _stands(run, [*_singular(said)]) or (adds_up(field) and telling & {*run})
        for run in map(words_of, values)
    )


def _singular(said: list[str]) -> Iterator[str]:
    for word in said:
        yield next(iter(singulars(word)), word)


def _stands(run: list[str], said: list[str]) -> bool:
    return bool(run) and any(said[at : at + len(run)] == run for at in range(len(said) - len(run) + 1))


_ASKS_IF = re.compile(  # up to the value: a question whether an item has it
    r"(?:^|[.,;:?!] |\b(?:and|so|but|ok|okay|hm|hmm|well|oh|then|no) )(?:is|are|was|were|does|do|did|has|have|can|could|will|would)(?: (?:the|that|this|their|its))?"
    r" (?:titled|it|that|this|they|there|he|she|first|second|third|fourth|last|other|one)\b[^.?!]*$"
)
_ASKS_HOW = re.compile(r"(?:^|[.,;:?!] |\b(?:and|so|but) )(?:how|which|what|whats|who|whos|when|where|why)\b[^.?!]*$")


def is_asked_about(message: Message, wish: Wish, pointers: Sequence[Pointer]) -> bool:
    """Tells whether a value is what a question about an item asks ("is it funny?", "does Heat have Pacino?"), so no wish."""
    if not pointers:
        return False
    first, last = message.sentence(wish.start)
    here = [p for p in pointers if first <= p.start < last]
    if wish.start > first and here and message.tokens[wish.start - 1].norm in ("which", "what", "whats"):
        return True
    lead = message.marked[message.marked_at(first) : message.marked_at(wish.start)]
    if message.has(r"\blike\b") or re.search(r"\b(?:anything|something|another)\b", lead):
        return False
    if _ASKS_IF.search(lead):
        return bool(here) or any(p.start < wish.start for p in pointers)
    if any(p.start < wish.start for p in here) and message.words(first, wish.start).startswith("how "):
        return True
    return wish.number and bool(here) and _ASKS_HOW.search(lead) is not None


_ASKS_OF_IT = re.compile(r"^(?:and |so |but )?(?:can|could|may|will|would it|is it|are they|does it|do they)\b.*\?$")


def asks_of_it(message: Message) -> bool:
    """Tells whether the whole message asks something of the item in question: "and can it stand outside?"."""
    return message.has(_ASKS_OF_IT)
