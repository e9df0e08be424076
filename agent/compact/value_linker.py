"""Which of the catalogue's values a message names, in which field, spelt by ear or not."""

import re
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from convrec.agent.compact.fields import described
from convrec.agent.compact.lexicon import COMPANIONS, FUNCTION, LINGO, NOUNS, PLAIN_RANK, is_common, rank
from convrec.agent.compact.message import Message
from convrec.agent.compact.spelling import MAX_CORRECTED, Speller
from convrec.agent.compact.values import PARTICLES, Meaning, Value, ValueIndex, is_for_children, singulars
from convrec.agent.wording import adds_up
from convrec.catalogue.schema import Field
from convrec.core.text import fold

_LONGEST = 6
_HEARD_RANK = 15_000  # up to which a word in small letters is no name
_RARE = 5_000  # from which rank on a word alone stands for a value that it is a part of
_PLACED = {"in", "at", "by", "near", "around", "with", "without", "no", "for", "the", "or", "very"}
_NEAR = re.compile(r"\b(?:near|by|around|beside|along|next to|close to|not far from)(?: (?:to|the|a|our))*$")
_AREA = {"area", "side", "part", "end", "quarter", "district"}
_CLOSED = {
    "",
    "or",
    "and",
    "please",
    "then",
    "too",
    "must",
    "is",
    "are",
    "i",
    "im",
    "we",
    "its",
    "now",
    "already",
    "from",
    "coming",
    "comes",
    "joining",
    "along",
    "will",
    "has",
}
_OPEN = 50  # values from which on a field's are words of their own, such as dishes
_NOWHERE = {"town", "city", "menu"}
_ALIKE, _SAME = (
    0.88,
    0.95,
)  # how like a full name words must be spelt to stand for it: with a slip of the finger among them, without one
_NAME = 10  # letters of a name from which on that can be told
_DOING = {"lets", "ill", "id", "well", "should", "could", "can", "might", "gonna", "would"}
_WELL_KNOWN = 5  # but that of somebody with so many items
_OWNED = {"my", "our", "his", "her", "their"}
_BY = re.compile(r"\b(?:(?P<verb>[a-z]+(?:ed|en|de|te))(?: and [a-z]+)? )?by(?: the)?$")
_WITH = re.compile(
    r"\b(?:with|without|starring|featuring|stars|cast|has|having|actors?|actress|played by)(?: the| only)?$"
)
_FROM = re.compile(r"\bfrom(?: the)?$")
_CUED = re.compile(
    r"\b(?:by|with|without|starring|featuring|no|not|nor|but|except|director|author|actor|actress|like|than|of|from|about)$"
)
_NAMING = re.compile(
    r"\b(?:by|with|without|starring|featuring|director|author|actor|actress)(?: the)?$"
)  # a name comes next
_DID = re.compile(
    r"^(?:has |have |ever )?(?P<verb>directed|directs|wrote|written|writes|made|published|developed|designed|created|composed)\b"
)
_OFFERED = ("options", "friendly", "choices", "menu", "dishes")  # what there may be for somebody
_BEING = re.compile(
    r"\b(?:(?P<who>(?:\w+ of )?(?:\w+ )?\w+) (?:is|are|is both|are both)|im|i am|hes|shes|were|we are|theyre|whos|who is|who are|being)(?: (?:strictly|both|all|also|now|a|an|strict|mostly|turned|gone|recently))*$"
)
_NOBODY = {"it", "that", "this", "which", "there", "what", "they", "food", "menu", "everything", "nothing", "something", "anything", "kitchen", "cuisine", "dish", "dishes", "somewhere", "these", "those"}  # fmt: skip
_A_PERSON = re.compile(r"\b(?:a|one|my|our)$")
_ALONGSIDE = re.compile(rf"^(?:{COMPANIONS}|guests?|child|person|people|among|amongst)\b")
_IN_IT = re.compile(r"^(?:is |was )?(?:in (?:it|them)|plays|played|starring|stars|starred|acts|acted|movies? with)\b")


@dataclass(frozen=True)
class ValueHit:
    """A value named by tokens `[start, end)`. `others` are the same words' values in other fields; `score` is in (0, 1]."""

    start: int
    end: int
    value: Value
    soft: bool = False
    score: float = 1.0
    others: tuple[Value, ...] = ()
    either: bool = False  # one of several that the same words may mean
    opposite: bool = False  # the words say that the value does not hold
    firm: bool = False  # asked for, whatever the words around it


@dataclass(frozen=True)
class _Found:
    start: int
    end: int
    meaning: Meaning
    score: float


class ValueLinker:
    """Finds values in messages."""

    def __init__(self, index: ValueIndex, speller: Speller, nouns: Callable[[], set[str]]) -> None:
        self.index, self._speller = index, speller
        self._nouns = NOUNS | nouns()

    def is_kind(self, word: str) -> bool:
        """Tells whether a word alone names a value that is no person."""
        return self.index.find([word]) is not None

    def is_surname(self, word: str) -> bool:
        """Tells whether a word alone is somebody's surname, or that with an s."""
        return word in self.index.surnames

    def full_names(self, message: Message) -> list[tuple[int, int]]:
        """Returns the token ranges of names and values of several words."""
        norms = [token.norm for token in message.tokens]
        bares = [token.bare for token in message.tokens]
        return [(f.start, f.end) for f in self._windows(message, norms, bares, None) if f.end - f.start > 1]

    def link(self, message: Message, claimed: Callable[[int, int], bool]) -> list[ValueHit]:
        """Returns the values named, in order; `claimed` tells which token ranges a title took."""
        taken: list[_Found] = []
        quotes = [quote for quote in message.quotes if not claimed(*quote)]
        for found in sorted(self._candidates(message), key=lambda f: (f.start - f.end, -f.score, f.start)):
            if (
                claimed(found.start, found.end)
                or _is_part(found, quotes)
                or any(found.start < t.end and t.start < found.end for t in taken)
            ):
                continue
            taken.append(found)
        hits: list[ValueHit] = []
        taken = [self._catered(message, found) for found in taken]
        longer = [found for found in taken if found.end - found.start > 1]
        taken = [found for found in taken if not _is_told_again(message, found, longer)]
        for found in sorted(taken, key=lambda f: f.start):
            for part in _narrowed(message, found, taken):
                value = self._in_field(message, found, part, hits)
                others = tuple(v for v in part.values if v != value)
                hits.append(
                    ValueHit(
                        found.start,
                        found.end,
                        value,
                        found.meaning.soft,
                        found.score,
                        others,
                        found.meaning.either,
                        found.meaning.opposite,
                    )
                )
        return [hit for hit in hits if not _is_mood_of(message, hit, hits)]

    def _catered(self, message: Message, found: _Found) -> _Found:
        """Returns what somebody is as what there is to be for them: "one of us is vegan" asks for vegan options where there are such."""
        if found.end - found.start > 1 or not _is_of_somebody(message, found, self._nouns):
            return found
        word = message.tokens[found.start].norm
        forms = (word, message.tokens[found.start].bare, *singulars(word))
        offered = (self.index.find([form, what]) for form in forms for what in _OFFERED)
        meaning = next((meaning for meaning in offered if meaning is not None), None)
        return found if meaning is None else replace(found, meaning=meaning)

    def _candidates(self, message: Message) -> Iterator[_Found]:
        norms = [token.norm for token in message.tokens]
        bares = [token.bare for token in message.tokens]
        slips = [i for i, token in enumerate(message.tokens) if self._speller.is_slip(token.bare)][:MAX_CORRECTED]
        yield from self._windows(message, norms, bares, None)
        yield from self._misspelt(message, norms, slips)
        best = {i: self._speller.corrections(bares[i]) for i in slips}
        firsts = [best[i][0] if best.get(i) else bare for i, bare in enumerate(bares)]
        for i in slips:
            for place, correction in enumerate(best[i]):
                changed = [*firsts[:i], correction, *firsts[i + 1 :]]
                for found in self._windows(message, changed, changed, i):
                    yield replace(found, score=found.score * (0.85 - 0.05 * place))

    def _misspelt(self, message: Message, norms: list[str], slips: list[int]) -> Iterator[_Found]:
        """Yields the full names that two or three words are nearly spelt as: "stanly kubrik", "sandra bull lock"."""
        for start, length in ((start, length) for start in range(len(norms)) for length in (2, 3)):
            end = start + length
            words = norms[start:end]
            slip = any(i in slips for i in range(start, end))
            if end > len(norms) or any(message.tokens[i].mark for i in range(start + 1, end)) or {*words} & LINGO:
                continue
            name = None
            if len("".join(words)) >= _NAME and (slip or words[0] in self.index.first_names):
                name = self.index.find_like("".join(words), _ALIKE if slip else _SAME)
            if name is None and length == 2 and len(words[1]) > 2:
                name = self.index.find_near(*words)
            if name is not None and self.index.find_name(words) is None:
                yield _Found(start, end, name, 0.8)

    def _windows(self, message: Message, norms: list[str], bares: list[str], at: int | None) -> Iterator[_Found]:
        """Yields every run of words that names a value (only those over word `at`, if given)."""
        n = len(norms)
        for start in range(n) if at is None else range(max(0, at - _LONGEST + 1), at + 1):
            for end in range(start + 1, min(n, start + _LONGEST) + 1):
                if end - start > 1 and message.tokens[end - 1].mark:
                    break
                if at is not None and end <= at:
                    continue
                words = norms[start:end]
                last = bares[end - 1]
                yield from self._named(message, start, end, words, at is not None)
                if last != words[-1]:
                    yield from self._named(message, start, end, [*words[:-1], last], at is not None)

    def _named(self, message: Message, start: int, end: int, words: list[str], corrected: bool) -> Iterator[_Found]:
        meaning = self.index.find(words)
        if meaning is not None and _is_said_of(message, meaning) and self._is_meant(message, start, end, words):
            wider = self.index.find_part(words[0]) if len(words) == 1 and adds_up(meaning.values[0].field) else None
            yield _Found(start, end, wider or meaning, 1.0)
        elif meaning is None and len(words) == 1 and not corrected:
            part = self._part(message, start, words[0])
            if part is not None:
                yield _Found(start, end, part, 0.6)
        if len(words) > 1 and not all(word in LINGO for word in words):
            name = self.index.find_name(words)
            if name is not None:
                yield _Found(start, end, name, 0.98)
        elif len(words) == 1 and len(words[0]) > 2:
            bearers = self.index.names.get(words[0])
            values = bearers.values if bearers else tuple(self.index.surnames.get(words[0], ()))
            alone = not corrected and _stands_alone(message, end)  # "whoops" is no slip for Whoopi
            known = self.index.by_first_name(words[0]) if alone else ()
            if known and (not values or known[0].count > values[0].count):
                values = known
            if values and self._is_surname(message, start, words[0], values[0].count, corrected):
                same = tuple(v for v in values if v.value == values[0].value)
                yield _Found(start, end, Meaning(same), 0.9)

    def _is_meant(self, message: Message, start: int, end: int, words: list[str]) -> bool:
        """Tells whether everyday words that are also a value are meant as one: beside a noun, in a list, or by themselves."""
        if message.words(start - 2, start) == "cup of" and message.words(start - 3, start - 2) in _OWNED:
            return False  # "not my cup of tea"
        if len(words) == 1 and message.words(end, end + 1) == "to" and message.words(start - 1, start) in _DOING:
            return False  # "let's switch to something else"
        if (
            not all(word in LINGO or len(word) < 3 for word in words)
            or _is_initials(message, start, words)
            or is_for_children(words)
        ):
            return True
        if all(word in FUNCTION for word in words):
            return False
        if len(words) > 2:  # "cheer me up"
            return True
        before = message.tokens[start - 1].norm if start and not message.tokens[start].mark else ""
        after = message.tokens[end].norm if end < len(message) and not message.tokens[end].mark else ""
        if after in self._nouns or len(message) <= 2 or self.index.find([after]) is not None:
            return True
        listed = (before in ("", "a", "or", "no", "not") and after in ("", "or", "and")) or self.index.find(
            [before]
        ) is not None
        return (
            listed
            and words[-1] not in self._nouns
            and words[-1] not in ("new", "old", "good", "fun", "more", "like", "speed")
        )

    def _part(self, message: Message, at: int, word: str) -> Meaning | None:
        """Returns the values that a word is only a part of: a rare word's, or one's in its place ("by the river", "my dog")."""
        if word in LINGO or len(word) < 3 or word in _NOWHERE:
            return None
        part = self.index.find_part(word)
        if part is None or rank(word) >= _RARE:
            return part
        if len(self.index.fields.catalogue.values(part.values[0].field.name).values) > _OPEN:
            return None
        before = message.tokens[at - 1].norm if at and not message.tokens[at].mark else ""
        after = message.tokens[at + 1].norm if not message.break_after(at + 1) else ""
        near = _NEAR.search(message.words(max(0, at - 4), at)) is not None and (not after or after in FUNCTION)
        placed = near or before in ("my", "our") or (before in _PLACED and after in _CLOSED)
        return part if placed or after in _AREA else None

    def _is_surname(self, message: Message, at: int, word: str, count: int, corrected: bool) -> bool:
        """Tells whether a single word is meant as somebody's name."""
        token = message.tokens[at]
        if word in LINGO or (corrected and len(word) < 5):
            return False
        before = message.words(max(0, at - 3), at) if at and not token.mark else ""
        first = before.rsplit(maxsplit=1)[-1] if before else ""
        if first in self.index.first_names and first not in LINGO | PARTICLES and self.index.find([first]) is None:
            return False  # somebody else of that name
        cued = bool(_CUED.search(before)) or (before.endswith(("or", "and", "nor")) and token.capital)
        capital = token.capital and not message.shouting and not message.starts_sentence(at) and word not in _FEASTS
        after = message.tokens[at + 1] if at + 1 < len(message) and not message.tokens[at + 1].mark else None
        possessed = token.bare != token.norm or (after is not None and after.norm in self._nouns)
        named = _NAMING.search(before) is not None
        if rank(word) < PLAIN_RANK:
            return capital and (cued or possessed) if not before.endswith((" by", "starring", "featuring")) else True
        plain = self.index.is_plain(word) or (rank(word) < _HEARD_RANK and count < _WELL_KNOWN)
        if is_common(word) or (plain and not token.capital):  # "no rush", "zombie movies"
            return named or (capital and count >= 2) or (token.capital and count >= 3)
        if corrected:  # a matron is no Marton
            return token.capital or cued or len(message) <= 3
        return capital or cued or possessed or token.capital or count >= 2 or len(message) <= 3

    def _in_field(self, message: Message, found: _Found, meaning: Meaning, before: list[ValueHit]) -> Value:
        """Returns the value in the field that the words around it point at, else where it is most common."""
        wanted = self._cued_fields(message, found, before)
        fitting = [value for value in meaning.values if value.field in wanted] or list(meaning.values)
        return max(fitting, key=lambda value: value.count)

    def _cued_fields(self, message: Message, found: _Found, before: list[ValueHit]) -> tuple[Field, ...]:
        fields = self.index.fields
        lead = message.words(max(0, found.start - 4), found.start)
        rest = message.words(found.end, found.end + 3)
        did, by = _DID.search(rest), _BY.search(lead)
        if did:
            return fields.said_by(did["verb"]) or fields.makers
        if _IN_IT.search(rest) or _WITH.search(lead):
            return fields.players
        if by:
            return (fields.said_by(by["verb"]) if by["verb"] else ()) or fields.makers
        called = [f for f in fields.valued if lead.split()[-1:] and lead.split()[-1] in described(f) - FUNCTION]
        if called:
            return tuple(called)
        if _FROM.search(lead):
            return fields.makers
        if before and _is_list(message, before[-1].end, found.start) and before[-1].value.field in fields.people:
            return (before[-1].value.field,)
        return ()


def _is_of_somebody(message: Message, found: _Found, things: AbstractSet[str]) -> bool:
    """Tells whether a word says what somebody is, not what an item is: "my wife's vegan", "for two vegans"."""
    first, _ = message.sentence(found.start)
    being = _BEING.search(message.words(first, found.start))
    if being is not None:
        return (being["who"] or "").rpartition(" ")[2] not in things | _NOBODY
    word, lead = message.tokens[found.start].norm, message.words(max(first, found.start - 2), found.start)
    if word.endswith("s") and singulars(word) and fold(found.meaning.values[0].value) in singulars(word):
        return True
    return _A_PERSON.search(lead) is not None and _ALONGSIDE.search(message.words(found.end, found.end + 1)) is not None


def _is_mood_of(message: Message, hit: ValueHit, hits: list[ValueHit]) -> bool:
    """Tells whether words for a feeling only say again what their sentence names by itself: "comedies cheer me up"."""
    sentence = message.sentence(hit.start)
    return hit.soft and any(
        not other.soft and other.value == hit.value and sentence[0] <= other.start < sentence[1] for other in hits
    )


def _is_said_of(message: Message, meaning: Meaning) -> bool:
    """Tells whether the message names what a meaning is said of by a pronoun: "two cats, so it needs to be safe for them"."""
    return not meaning.of or any(token.norm in meaning.of for token in message.tokens)


def _narrowed(message: Message, found: _Found, taken: list[_Found]) -> tuple[Meaning, ...]:
    """Returns what words stand for, of alternatives those that other words of the sentence leave: "a shady spot, full" is no full sun."""
    parts = found.meaning.parts or (found.meaning,)
    place = message.sentence(found.start)
    for other in taken:
        if (
            found.meaning.either
            and other.meaning.either
            and other is not found
            and message.sentence(other.start) == place
        ):
            parts = tuple(part for part in parts if part in other.meaning.parts) or parts
    return parts


def _is_initials(message: Message, start: int, words: list[str]) -> bool:
    """Tells whether a short word is written in capitals, or stands where a thing is named: "on PC", "for my pc"."""
    if len(words) > 1 or words[0] in LINGO:
        return False
    before = message.tokens[start - 1].norm if start else ""
    return (message.tokens[start].raw.isupper() and not message.shouting) or before in ("on", "for", "my", "a", "no")


_FEASTS = frozenset("christmas easter halloween thanksgiving".split())  # whose capital tells no name


def _stands_alone(message: Message, end: int) -> bool:
    """Tells whether no other name can follow: the words end there, or go on with an everyday word."""
    return message.break_after(end) or message.tokens[end].norm in LINGO | FUNCTION | NOUNS


def _is_told_again(message: Message, found: _Found, others: list[_Found]) -> bool:
    """Tells whether a longer value of another field says the same word more closely: "two vegans, so vegan options"."""
    if found.end - found.start > 1:
        return False
    field, forms = found.meaning.values[0].field, {message.tokens[found.start].norm}
    forms |= {*singulars(message.tokens[found.start].norm)}
    return any(
        other.meaning.values[0].field != field and forms & {*message.norms(other.start, other.end)} for other in others
    )


def _is_part(found: _Found, quotes: list[tuple[int, int]]) -> bool:
    """Tells whether the words are only a part of what stands in quotation marks."""
    return any(
        start <= found.start and found.end <= end and (start, end) != (found.start, found.end) for start, end in quotes
    )


def _is_list(message: Message, end: int, start: int) -> bool:
    """Tells whether only a comma or a joining word stands between two places."""
    return (
        set(message.norms(end, start)) <= {"or", "and", "nor", "a", "an", "the", "even", "maybe", "also"}
        and start - end <= 3
    )
