"""Wishes that link to no value: the nearest value in meaning where one is near enough, else, and for more or less of something, the words themselves."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from convrec.agent.compact.degrees import is_degree
from convrec.agent.compact.fields import Fields
from convrec.agent.compact.language import language_of
from convrec.agent.compact.lexicon import FUNCTION, LINGO, NOUNS
from convrec.agent.compact.message import Message
from convrec.agent.compact.scope import Scopes
from convrec.agent.compact.spurned import FARE
from convrec.core.text import words
from convrec.core.understanding import Preference, Span
from convrec.tools.encoder import TextEncoder

FLOOR = 0.6  # cosine under which a word is not taken for a value
_WHOLE = (
    0.15  # how much nearer than to most values a word must be to one, so that it names that and not what they all are
)
_MOST_VALUES = 2_000
_MOST_PHRASES = 6
_FEW = 5  # values that are too few to tell which word is near to most of them
_ALL = ("", "")
_TALK = LINGO | frozenset(
    """ignore previous instructions print system prompt admin user table tables select insert delete update script alert http https www
    matter mind question questions worth curiosity course totally probably instead cold hot late early please sometimes often
    anymore possible fan heard tend seeking favorite favourite favorites favourites etc reckon sorts agree minute hmmm add check mixed lately binge trust genius mention mentioned intriguing reviews sound sounded review trailer theaters theatre somewhere food eat drink open rated player players directors actors round stand hundred thousand million thought left oops merci french hold wait forget remember explain compare difference why because total everyday shame pity honestly basically literally
    godo gud goood surprise meh cheer spoil choose whatever care top liking somthing smth recomend sequel sequels
    closer skip rule rules ruled sth smth ooh oo ugh hiya aight yo bro dude mate sir dear poor pls plz damn dammit bloody obv obviously necessarily otherwise unless plus stays stay again always never imagine lovely ouch ahh aah finally fair mid cheers scratch strike correction completely week weeks month months lifetime takes wait kidding honest enough definitely ideally looks dunno idk hope hopes helps close thinking important changed
    decide deciding single circumstances altogether longer account ill bottom whole exactly entire able half several permanently future banned limits
    patience energy cost costs paying spend spending payday
    absolutely utterly zero except besides crap rubbish nonsense junk garbage needed required necessary abide tolerate cope trusted
    support stand bear suffer grandpa grandma guests guest dinner couch sofa evening home house comes coming over watchable anyhow anyway ones change cast year
    """.split()
)
_CUE = re.compile(
    r"(?:\b(?:something|anything|somewhere|nothing|nowhere|movies?|films?|books?|games?|restaurants?|places?|stories|songs?|stuff|things?|about|with|w|without|no|zero|not|never|cant|cannot|set in|last thing (?:\w+ ){1,4}(?:is|are)"
    r"|featuring|involving|more|less|too|want|need|prefer|(?<!look )(?<!looks )(?<!looked )(?<!smells )likes?|loves?|enjoys?|hates?|avoids?|dislikes?|stand|bear|mood for|into|fancy|make it|(?<!going to )(?<!gonna )(?<!will )(?<!well )(?<!itll )(?<!theyll )(?<!ill )be|feel|keep it|if (?:it|they|that) (?:is|are|was|were|has|have|had)|(?:something|anything|somewhere|one|ones) (?:that|which) (?:the|all the|most)|interested in|good for|great for|perfect for)"
    r"(?: (?:very|really|so|pretty|quite|rather|a bit|a little|bit|little|more|less|too|a|an|the|some|any|as|just as|really good))*)$"
)
_BEHIND = 3  # words that may stand between what cues a wish and its last word
_STOPS = FUNCTION | NOUNS | {"somewhere", "nowhere"}
_KINDS = NOUNS | FARE | {"sort", "kind", "vibe", "vibes", "feel", "mood"}
_BEFORE = {"a", "an", "some", "any", "good", "more", "no", "other", "really", "very"}
_SET = re.compile(
    r"\b(?:feel ?good|true stor(?:y|ies)|slow burn|mind ?bending|thought provoking|laid back|page turners?|coming of age|plot twists?|space opera|makes? (?:you|me|us) (?:think|cry|laugh|smile))\b"
)
_QUESTION = re.compile(
    r"^(?:and |so |ok |but )*(?:who|whos|what(?! about)|whats|when|where|why|how(?! about)|hows|which|is(?! there (?:an?|any|some|something|anything|somewhere)\b(?!.*\bin (?:it|that|them)\b))|was|does|did|tell|compare)\b"
)
_VERBAL = re.compile(  # says no of what is done
    r"^(?:never|cannot|(?:do|does|did|wo|ca|could|would|should|must|has|have|had|need)nt|(?:do|does|did|will|could|would|should|can|have|has|had) not)$"
)
_AFFECTS = re.compile(  # between it and what is turned down: "don't want gore", "never anything gory", "it shouldn't be gory"
    r"\b(?:want|like|love|need|fancy|feel|feels|be|being|look|looks|sound|sounds|taste|tastes|have|has|get|gets|eat|eats|watch|watches|read|reads|play|plays|do|does|care|enjoy|enjoys|stand|bear|handle|stomach|cope|deal|take|go|goes|show|give|recommend|suggest|involve|contain|include"
    r"|anything|something|any|anyone|too|very|so|overly|really|much)\b"
)
_ONES_OWN = re.compile(r"\b(?:i|we|ive|weve|he|she|they) (?:\w+ )?$")  # who does not do it, or is not so
_ONES_BEING = re.compile(
    r"\b(?:i|we|he|she|they)(?: (?:am|are|is|was|were)(?: \w+)?|m|s|re)$|\b(?:were|theyre|im)(?: \w+)?$"
)
_AMOUNT = re.compile(r"^an? (?:single )?\w+ (?:more|less|longer|further|later|over|too|above)\b")  # "not a cent more"
_FAR = re.compile(
    r"^\w+ing (?:any|that|too|very|so|all that|much)? ?(?:\w+er|far|long|more|much)\b"
)  # "not walking any further"
_OWNED = re.compile(r"(?:^|[.,!?] )(?:i|we|he|she)(?:ve| have| has|m| am)(?: got)? (?:an? |the |on )[^.!?]*, not$")
_AUXILIARY = {"do", "does", "did", "will", "could", "would", "should", "can", "have", "has", "had"}
_TOLD = re.compile(
    r"\b(?:(?:already|have|has|ive|weve|hes|shes|theyve) (?:\w+ )?(?:seen|watched|read|played)|seen|saw|thought so|sounds|pleased|prompt|alert)\b"
)


@dataclass(frozen=True)
class Leftover:
    """The preferences found, and the words of the positive ones for the query."""

    preferences: tuple[Preference, ...] = ()
    words: tuple[str, ...] = ()

    def outside(self, spans: Sequence[Span]) -> list[Preference]:
        """Returns the preferences whose words don't lie within one of the spans."""
        return [p for p in self.preferences if not any(start <= p.span[0] and p.span[1] <= end for start, end in spans)]

    def beside(self, stated: Iterable[Preference]) -> "Leftover":
        """Returns the preferences without those for what is turned down by its name: "no farms please, one farm is enough"."""
        gone = {(p.facet, p.value) for p in stated if p.polarity < 0}
        return replace(
            self, preferences=tuple(p for p in self.preferences if p.polarity < 0 or (p.facet, p.value) not in gone)
        )


class LeftoverReader:
    """Reads what no rule linked, for one catalogue; vectors of its values are made once."""

    def __init__(self, fields: Fields, encoder: TextEncoder | None) -> None:
        self._fields, self._encoder = fields, encoder
        self._vectors: npt.NDArray[np.float32] | None = None
        self._cache: dict[str, tuple[str, str] | None] = {}
        schema = fields.catalogue.schema
        self._own = {word for f in schema.fields for word in words(f"{f.name.replace('_', ' ')} {f.label}")}
        self._own |= {word.rstrip("s") for word in self._own} | {schema.noun.casefold(), schema.nouns.casefold()}
        self._names: list[tuple[str, str]] = [
            (field.name, value)
            for field in fields.kinds
            for value in fields.catalogue.values(field.name).values[:_MOST_VALUES]
        ]

    def over(self, fields: Fields) -> "LeftoverReader":
        """Returns the reader for other items of the same schema; the vectors are shared where the values are the same."""
        other = LeftoverReader(fields, self._encoder)
        if other._names == self._names:
            other._vectors, other._cache = self._vectors, self._cache
        return other

    def read(self, message: Message, scopes: Scopes, taken: list[tuple[int, int]]) -> Leftover:
        """Returns soft wishes from the words outside `taken` token ranges that sound like a wish."""
        quoted = [q for q in message.quotes if not any(q[0] < end and start < q[1] for start, end in taken)]
        phrases = [*quoted, *self._phrases(message, [*taken, *quoted])][:_MOST_PHRASES]
        said = [message.words(start, end) for start, end in phrases]
        degrees = [is_degree(message.words(0, start), words) for (start, _), words in zip(phrases, said, strict=True)]
        nearest = [
            None if degree and near != _ALL else near for near, degree in zip(self._nearest(said), degrees, strict=True)
        ]
        preferences, told = [], []
        for (start, end), near in zip(phrases, nearest, strict=True):
            if near == _ALL:
                continue
            stance = scopes.stance(start, end, mood=True)
            if stance.polarity < 0 and _is_of_a_deed(message, scopes, start):
                continue
            facet, value = near or ("text", message.raw(start, end))
            strength = stance.strength if facet == "text" and stance.polarity < 0 else "soft"
            preferences.append(
                Preference(
                    facet=facet,
                    value=value,
                    polarity=stance.polarity,
                    strength=strength,
                    scope=stance.scope,
                    span=message.span(start, end),
                )
            )
            if stance.polarity > 0:
                told.append(message.words(start, end))
        return Leftover(tuple(preferences), tuple(told))

    def _phrases(self, message: Message, taken: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Returns the runs of telling words, joined over small words, in sentences that want something."""
        linked = {i for start, end in taken for i in range(start, end)}
        found: list[tuple[int, int]] = []
        if language_of(message.text) not in ("en", "unknown"):
            return found
        found += [(start, end) for start, end, _ in message.find(_SET)]
        linked |= {i for start, end in found for i in range(start, end)}
        free = [i not in linked for i in range(len(message))]
        i = 0
        while i < len(message):
            listed = bool(found) and self._is_listed(message, found[-1][1], i)
            wanted = free[i] and self._tells(message.tokens[i].norm) and (listed or self._wants(message, i, linked))
            if not wanted:
                i += 1
                continue
            stop = last = i + 1
            while stop < len(message) and free[stop] and not message.tokens[stop].mark and stop - i < 6:
                if self._tells(message.tokens[stop].norm):
                    last = stop + 1
                elif message.tokens[stop].norm not in ("of", "the", "a", "in", "on", "for"):
                    break
                stop += 1
            found.append((i, last))
            i = last
        return found

    @staticmethod
    def _is_listed(message: Message, end: int, at: int) -> bool:
        """Tells whether the word at token `at` is the other half of a pair: "with robots or dragons", "something calm and pretty"."""
        joint = message.words(end, at)
        unbroken = not any(token.mark for token in message.tokens[end : at + 1])
        return unbroken and (joint == "or" or (joint in ("and", "n") and message.break_after(at + 1)))

    def _tells(self, word: str) -> bool:
        return word not in _TALK and word not in self._own and word not in FUNCTION and len(word) > 2 and word.isalpha()

    @staticmethod
    def _wants(message: Message, at: int, linked: set[int]) -> bool:
        first, last = message.sentence(at)
        said = message.words(first, last)
        if _QUESTION.search(said) or _TOLD.search(said):
            return False
        if last - first <= 2 and not linked & {*range(first, last)}:
            return True
        for head in range(at, max(first, at - _BEHIND) - 1, -1):
            if _cued(message, first, head):
                return True
            if head == first or message.tokens[head].mark or message.tokens[head - 1].norm in _STOPS:
                break
        return _names_kind(message, at, last, linked)

    def _nearest(self, phrases: list[str]) -> list[tuple[str, str] | None]:
        """Returns the `(field, value)` nearest to each phrase, None where none is near enough, `_ALL` for a word that says what all items are."""
        if self._encoder is None or not self._names:
            return [None] * len(phrases)
        new = [phrase for phrase in dict.fromkeys(phrases) if phrase not in self._cache]
        if new:
            if self._vectors is None:
                self._vectors = self._encoder.encode([value for _, value in self._names])
            similar = self._encoder.encode(new) @ self._vectors.T
            for phrase, row in zip(new, similar, strict=True):
                self._cache[phrase] = self._meant(phrase, row)
        return [self._cache[phrase] for phrase in phrases]

    def _meant(self, phrase: str, near: npt.NDArray[np.float32]) -> tuple[str, str] | None:
        """Returns the value that a phrase is nearest to; "a plant" is as near to most kinds of plants as to one."""
        best = int(np.argmax(near))
        if near[best] < FLOOR:
            return None
        telling = " " in phrase or len(near) <= _FEW or near[best] - np.median(near) >= _WHOLE
        return self._names[best] if telling else _ALL


def _is_of_a_deed(message: Message, scopes: Scopes, at: int) -> bool:
    """Tells whether a negation before token `at` says what somebody does not do, is not, or does not own, rather than what is not wanted.

    "She never plays …", "I can't think straight", "I'm not fussy", "not a cent more", "I've a pension, not a goldmine".
    """
    trigger = scopes.trigger_before(at)
    if trigger is None:
        return False
    start, end = trigger
    said, lead, between = message.words(start, end), message.words(max(0, start - 4), start), message.words(end, at)
    if said == "not" and start and message.tokens[start - 1].norm in _AUXILIARY:
        said, lead = f"{message.tokens[start - 1].norm} not", message.words(max(0, start - 5), start - 1)
    if _VERBAL.search(said):
        own = _ONES_OWN.search(f"{lead} ") is not None and between.split()[:1] == ["be"]
        return own or _AFFECTS.search(between) is None
    if said != "not":
        return False
    behind = message.words(end, end + 4)
    if (
        _AMOUNT.search(behind)
        or (end == at and _FAR.search(behind))
        or _OWNED.search(message.marked[: message.marked_at(end)].rstrip())
    ):
        return True
    return end == at and _ONES_BEING.search(lead) is not None


def _cued(message: Message, first: int, at: int) -> bool:
    """Tells whether the words before token `at` say that what follows is wished for or not."""
    return not message.tokens[at].mark and _CUE.search(message.words(max(first, at - 5), at)) is not None


def _counts(message: Message, at: int) -> bool:
    """Tells whether "one" at token `at` is a number: "with exactly one free hand", "from one to four"."""
    free = not message.break_after(at + 1) and message.tokens[at + 1].norm not in LINGO
    return free or message.tokens[at - 1].norm in ("from", "to", "between", "exactly", "only")


def _names_kind(message: Message, at: int, last: int, linked: set[int]) -> bool:
    """Tells whether a word says which kind of thing is meant: "dark stuff", "zombie movies", "space shooters"."""
    if at + 1 >= last or message.tokens[at + 1].mark:
        return False
    near = message.norms(at + 1, min(at + 3, last))
    if any(_counts(message, place) for place, word in enumerate(near, at + 1) if word == "one"):
        return False
    if near[0] in _KINDS or (len(near) > 1 and near[1] in _KINDS and not message.tokens[at + 2].mark):
        return True
    return at + 1 in linked and (message.break_after(at) or message.tokens[at - 1].norm in _BEFORE)
