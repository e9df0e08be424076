"""Which part the words around a name give it: who made an item, or who appears in it."""

import re
from typing import NamedTuple

from convrec.agent.checking.reading import Reading
from convrec.agent.checking.table import Run
from convrec.agent.checking.words import word_set
from convrec.catalogue.schema import Field

_BY = re.compile(r"\b(?:(?P<verb>[a-z]+(?:ed|en|de|te))(?: and (?:\w+))? )?(?:by|from)(?: the (?:\w+ )?)?$")
_ACTED = re.compile(r"\b(?:acting|performances?|turns?|roles?|work|acted) (?:by|from)$")
_VERB_AFTER = re.compile(r"^(?:(?:who|also|then|has|had|have|himself|herself|is|was|co) )*(?P<verb>[a-z]+)\b")
_TITLE_OF = re.compile(
    r"\b(?:its |the )?(?P<noun>director|filmmaker|writer|author|composer|developer|designer|publisher|chef|producer)s?(?: ,)?(?: (?:is|was|named))?$"
)
_STAR_IS = re.compile(
    r"\b(?:stars?|leads?|actors?|actress|hero|heroine|protagonist|role|cast|face|faces|relies on|rests on|find|finds|directs|directed|directing|guides|coaxes|(?:showcase|vehicle) for)(?: (?:\w+ ){0,4}?(?:is|was|are|were|named))?(?: by)?$"
)
_MAKER_IS = re.compile(r"\b(?:(?:direction|hands|eye|vision|mind|brainchild) of|dir|(?:camera|chair) (?:is|was|sits))$")
_PRAISED = re.compile(
    r"^(?:\w+ly )?(?:is|was|are|were) (?!(?:at (?:his|her|their)|in top|a (?:master|genius|visionary|legend)|known|famous|your|the (?:director|one|man|woman))\b)(?:(?:\w+ ){0,3}(?:in|as|here)\b|(?:\w+ly )?(?:a|an|the|so|just|simply|pure|\w+ful|\w+ing|\w+ic|superb|great|fine|perfect|funny|brilliant)\b)|^makes? (?:a|an) (?:\w+ )?(?:team|pair|duo|couple)|^(?:share|shares|have) (?:\w+ )?(?:chemistry|scenes)"
)
_IS_ONE = re.compile(
    r"^(?:is|was) (?:the|its|also|both) (?:\w+ )?(?P<noun>director|filmmaker|writer|author|developer|chef|designer|publisher|producer|composer)\b"
)
_APART = frozenset("and while whereas but though which".split())
_STARS_AFTER = re.compile(
    r"^(?:(?:gives?|delivers?|turns? in|puts? in|brings?|offers?) (?:\w+ ){0,4}(?:performances?|turn|role)"
    r"|(?:is |was )?(?:in (?:it|the cast|the lead|a (?:leading|supporting|starring))|in the (?:leading|title|main)|on screen|in front|as)"
    r"|(?:takes?|took) (?:the )?(?:centre|center) stage|(?:steals?|stole) (?:the|every)|(?:has|have|gets|got|takes|took) (?:\w+ ){0,2}(?:lead|part|role))\b"
)
_MAKES_AFTER = re.compile(
    r"^(?:(?:is |was )?(?:at the helm|behind|in the director|in charge)|(?:calls?|called) the shots|(?:sits?|sat) in the director|(?:keeps?|kept) it moving as director)\b"
)
_COMES_FROM = re.compile(
    r"(?:^|\b(?:is|was|are|far|away|apart|and|you|come|comes|came|coming|move|moved|straight|escape|escapes|hide|hides|back|home) )from$"
)
_BRINGS_OUT = re.compile(r"^(?:brings?|brought|puts?) out\b")

Part = tuple[Field, ...] | None
"""The fields that a name must be in: () where no field is of such a part, None where the words give it none."""


class _Around(NamedTuple):
    before: str  # in its clause
    aside: str  # before it, where a comma stands between: "its director, …"
    after: str

    @property
    def last(self) -> str:
        return self.before.rpartition(" ")[2]


def part_of(reading: Reading, run: Run) -> Part:
    """Returns the part that the words around a name give it."""
    players = reading.knowledge.fields.players
    around = _around(reading, run)
    found = _before(reading, around)
    found = _possessed(reading, run, around) if found is None else found
    found = _after(reading, run, around) if found is None else found
    found = _by_clause(reading, run) if found is None and not _is_possessive(reading, run) else found
    return None if found is not None and not players and found == players and not _BY.search(around.before) else found


def _around(reading: Reading, run: Run) -> _Around:
    start = _clause(reading, run[0])
    before = reading.read.words(start, run[0])
    aside = start == run[0] > 0 and (reading.tokens[start].mark == "," or reading.word(start - 1) == "dir")
    return _Around(
        before,
        reading.read.words(_clause(reading, start - 1), start) if aside else before,
        reading.read.words(run[1], _clause_end(reading, run[1])),
    )


def _before(reading: Reading, around: _Around) -> Part:
    """Returns the part that the words before a name give it."""
    fields = reading.knowledge.fields
    acted = _ACTED.search(around.before) is not None
    if (by := _BY.search(around.before)) and (by["verb"] or acted or not _COMES_FROM.search(around.before)):
        return _by(reading, by["verb"] or "", acted=acted)
    if _STAR_IS.search(around.aside):
        return fields.players
    if _MAKER_IS.search(around.aside):
        return fields.makers
    if (noun := _TITLE_OF.search(around.aside) or _IS_ONE.match(around.after)) is not None:
        return fields.said_by(noun["noun"]) or (fields.makers if noun["noun"] in ("director", "filmmaker") else ())
    return fields.players if around.last in word_set("players") - {"front", "face", "faces"} else None


def _is_possessive(reading: Reading, run: Run) -> bool:
    return reading.tokens[run[1] - 1].bare != reading.tokens[run[1] - 1].norm


def _possessed(reading: Reading, run: Run, around: _Around) -> Part:
    """Returns the part that what somebody has gives them: a direction, a performance, the item itself."""
    if not _is_possessive(reading, run):
        return None
    near = {*around.after.split()[:3]}
    if near & (word_set("acting") | {"character"}):
        return reading.knowledge.fields.players
    return reading.knowledge.fields.makers if near & word_set("making") or _is_thing(reading, run[1]) else None


def _after(reading: Reading, run: Run, around: _Around) -> Part:
    """Returns the part that the words after a name give it, or a plain "with" before it."""
    fields = reading.knowledge.fields
    if _is_possessive(reading, run):
        return None
    if _BRINGS_OUT.match(around.after):
        return fields.makers
    verb = _VERB_AFTER.match(around.after)
    if verb is not None and (found := does(reading, verb["verb"])) is not None:
        return found
    if _MAKES_AFTER.match(around.after):
        return fields.makers
    shown = around.last in word_set("shows") or (
        reading.word(run[1]) == "in" and run[1] + 1 < len(reading.tokens) and reading.covered(run[1] + 1)
    )
    return fields.players if shown or _STARS_AFTER.match(around.after) or _PRAISED.match(around.after) else None


def _by_clause(reading: Reading, run: Run) -> tuple[Field, ...] | None:
    """Returns the fields of the part that the rest of the clause speaks of, where it is of acting or of making alone."""
    start, end = run
    while start > 0 and not reading.tokens[start].mark and reading.word(start - 1) not in _APART:
        start -= 1
    while end < len(reading.tokens) and not reading.tokens[end].mark and reading.word(end) not in _APART:
        end += 1
    words = {*reading.read.norms(start, run[0]), *reading.read.norms(run[1], end)}
    acting, making = words & word_set("acting"), words & word_set("making")
    if bool(acting) == bool(making):
        return None
    return (reading.knowledge.fields.players if acting else reading.knowledge.fields.makers) or None


def _by(reading: Reading, verb: str, *, acted: bool) -> tuple[Field, ...]:
    """Returns the fields of whom something is by: a verb that no field is of leaves none, a plain one says who made it."""
    fields = reading.knowledge.fields
    if acted or verb in ("led", "headlined", "played", "carried", "anchored"):
        return fields.players
    makes = any(verb.startswith(stem) for stem in word_set("makers") - {"made", "makes", "helm", "film"})
    return fields.said_by(verb) or (() if makes and not verb.startswith("direct") else fields.makers)


def does(reading: Reading, verb: str) -> tuple[Field, ...] | None:
    """Returns the fields that a verb after a name points at."""
    fields = reading.knowledge.fields
    if verb in word_set("players") - {
        "role",
        "roles",
        "performance",
        "performances",
        "cast",
        "screen",
        "acting",
        "act",
    }:
        return fields.players
    said = fields.said_by(verb)
    makes = any(verb.startswith(stem) for stem in word_set("makers"))
    return said or (
        fields.makers
        if verb in ("made", "makes", "helmed", "helms")
        else ()
        if makes and verb not in ("score", "shot", "behind")
        else None
    )


def _is_thing(reading: Reading, at: int) -> bool:
    """Tells whether what follows a possessive is the item: its title, a noun for it, or a kind or year before one."""
    reach = range(at, min(at + 4, len(reading.tokens)))
    return any(
        reading.covered(i)
        or reading.tokens[i].norm in reading.knowledge.nouns
        or reading.knowledge.kind([reading.tokens[i].norm]) is not None
        for i in reach
    )


def _clause(reading: Reading, at: int) -> int:
    start = max(0, at - 5)
    return (
        max((i for i in range(start, at + 1) if reading.tokens[i].mark), default=start)
        if at < len(reading.tokens)
        else start
    )


def _clause_end(reading: Reading, at: int) -> int:
    stop = min(len(reading.tokens), at + 6)
    aside = at < stop and reading.tokens[at].norm in ("who", "whose", "playing", "starring", "acting")
    return next((i for i in range(at + aside, stop) if reading.tokens[i].mark), stop)
