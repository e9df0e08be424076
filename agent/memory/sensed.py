"""Facts told in words that no rule foresaw: from the marks that were learned, and which facts of the rules these bear out."""

import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from convrec.agent.memory.facts import MANY, SUPPOSED, Fact, looks_like_job, may_be_kept, says_nothing
from convrec.agent.memory.marking import GONE, OTHER, WHOSE, Mark, Marked
from convrec.agent.memory.topics import PETS
from convrec.agent.memory.whose import is_of_another, sentence_span
from convrec.core.text import fold

_SURE = 0.65
"""Mean probability of the words of a value from which it is believed."""
_OVER = 0.5
"""The like of a value that is said to hold no more: it counts only where the person has it."""
_CERTAIN = 0.9
"""The like of a value that is believed whoever the sentence speaks of, and against a rule that reads another matter."""
_VOUCHED = 0.2
"""How likely what a rule reads must tell something; less is a joke or another's."""
_ABOUT: Mapping[str, str] = MappingProxyType({"device": "uses"})
_SHAPES: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "age": re.compile(
            r"(?<!\d)\d{1,3}(?!\d)|\w*(?:teen|ty|een)\b|\b(?:twelve|eleven|ten|three-oh)\b|\w+genarian", re.IGNORECASE
        ),
        "family": re.compile(
            r"\b(?:\d+|an? |two|three|four|five|six|seven|eight|nine|ten|both|twins|triplets|only|first|second|third|fourth|fifth|step|single)",
            re.IGNORECASE,
        ),
        "status": re.compile(
            r"\b(?:married|marriage|single|engaged|divorce[ds]?|widow(?:ed|er)?|separated|wed|newly\W?weds?|bachelor|partnership|relationship)\b",
            re.IGNORECASE,
        ),
    }
)
"""How values must look of topics whose words often stand by the way: "my son" alone is no news of a family."""


_NOT_BEFORE: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "home": re.compile(
            r"\s+(?:until|till|today|tonight|tomorrow|this\s+\w+|for\s+(?:the|a|an|two|three|some)\s+(?:few\s+)?(?:days?|nights?|weeks?|weekend|wedding|conference|holidays?|meeting))\b",
            re.IGNORECASE,
        ),
        "status": re.compile(r"\s+to\s+(?:my|the|a|an)\b", re.IGNORECASE),
        "name": re.compile(r"\W*(?:my|our|from|is|has|just|thinks|says)\b", re.IGNORECASE),
        "hobby": re.compile(r"\s+(?:films?|movies?|books?|series|shows?|games?|music|stories|plots?)\b", re.IGNORECASE),
    }
)
"""What no value of a topic stands before: "Kaunas until Sunday", "married to my sofa", "Gareth, my best mate", "adventure films"."""
_DOING = re.compile(r"(?<=\w)\s+[a-z]{3,}ing\b.*", re.IGNORECASE | re.DOTALL)
_NOT_AFTER = re.compile(
    r"\b(?:instead\s+of|rather\s+than|(?:switched|moved|changed|upgraded|gone|went)\s+from|not|no\s+longer|no\s+more|(?:have|has|had|['’]ve|got)\s+no|(?:do|does|did)n['’]?t\s+have(?:\s+any)?|used\s+to\s+be|isn['’]?t|leav(?:e|es|ing)\s+(?:us|me)\s+for)\s+(?:(?:a|an|the|in|my|on)\s+)?$",
    re.IGNORECASE,
)
_FIRST = re.compile(r"\b(?:i|im|ive|id|ill|we|weve|me|us|mine|myself)\b", re.IGNORECASE)
_MINE = re.compile(r"\b(?:my|ours?)\b", re.IGNORECASE)
_SUBJECT = re.compile(
    r"^\W*(?:(?:and|so|but|anyway|also|btw|lol|oh|for)\W+)*(?:my|our)\s+(?:[\w'’-]+\s+){0,2}?[\w'’-]+(?:\s+[\w'’-]+)?",
    re.IGNORECASE,
)
_MET = r"landlord|landlady|neighbou?r|colleague|co-?worker|postman|postie|boss|teacher|tutor|tenant|team|cleaner|dentist|doctor"
"""Whom one has to do with, and who is not of one's own."""
_STRANGER = re.compile(rf"\b(?:{_MET}|mate|friend|flatmate|roommate|guy)(?:['’]?s)?\b|^\W*for\b", re.IGNORECASE)
_ANYBODY = re.compile(
    r"\b(?:(?<!\bas\s)(?:the|a|an|some|this|that|these|those|another|one\s+of\s+the|half\s+(?:of\s+)?the|there['’]?s\s+an?)\s+(?:[\w'’-]+\s+){0,2}?"
    rf"(?:(?:{_MET})s?|man|woman|guy|bloke|lad|lass|girl|boy|kid|lady|person|chap|fella|fellow|dude|couple|family|people|folks|students?|strangers?|passengers?|customers?"
    r"|mums|moms|dads|mailman|manager|nurse|barber|hairdresser|plumber|electrician|builder|driver|caretaker|janitor|concierge|porter|waiter|waitress|barista|butcher|baker"
    r"|receptionist|secretary|intern|priest|vicar|coach|trainer|trainee|actor|actress|singer|director|hero|heroine|character|lead|villain|presenter|influencer|youtuber"
    r"|streamer|celebrity)|some(?:one|body))\b"
    r"|\b(?:across|down|over|up)\s+the\s+(?:road|street|hall|hallway|corridor|landing|way)\b|\bnext\s+door\b|\bin\s+(?:the|this)\s+building\b|\bat\s+number\s+\d",
    re.IGNORECASE,
)
"""Somebody whom nothing ties to the writer: a neighbour, the caretaker, a character of the story."""
_KIN = re.compile(
    r"\b(?:wife|husband|partner|girlfriend|boyfriend|sons?|daughters?|brothers?|sisters?|mum|mom|mother|dad|father|gran\w*|nan|aunt|uncle|cousin|niece|nephew|parents)\b",
    re.IGNORECASE,
)
_ELLIPSIS = re.compile(
    r"^\W*(?:(?:and|so|but|anyway|also|btw|oh|well|actually|just|still|now|recently|finally|yes|ok|plus|update|news|sadly)\W+)*(?:been|born|based|raised|got|turned|living|live|moved|moving|settled|sold|traded|swapped|replaced|bought|started|learning|working|work"
    r"|allergic|married|single|divorced|widowed|engaged|home|no|not|became|become|took|gave|quit|switched|doing|playing|grew|being|named|called|name|age|job|birthday|bday|left|goodbye|hello|forget|scrap|as|new|from|can['’]?t|cannot|don['’]?t|speak|studying|collecting)\b",
    re.IGNORECASE,
)
_IMAGINED = re.compile(
    rf"{SUPPOSED.pattern}|\b(?:(?:i|we|you|who)['’]?d(?!\s+(?:better|(?:also\s+)?say|call|guess|describe|find|rather|know))|(?:had|were)\s+(?:i|we)|i\s+(?:only\s+)?were|(?:picture|see|fancy)\s+(?:myself|us|me))\b",
    re.IGNORECASE,
)
"""What makes what follows a mere thought: "had I won, I'd own a ferret"."""
_AGAIN_REAL = re.compile(
    r"[,;:–—]|\b(?:because|cause|since|as|so|but|though|although|with|for)\b|\b(?:i['’]?m|i\s+am|i['’]?ve|i\s+have|my|we['’]?re|we\s+are)\b",
    re.IGNORECASE,
)
"""What ends a thought within its sentence: "I'd take anything, I'm a nurse"."""
_BORN = re.compile(
    r"\b(?:born|bred|grew\s+up|raised|brought\s+up|childhood|originally|native|hail|roots)\b", re.IGNORECASE
)
_LIVES = re.compile(r"\b(?:live|living|moved|now|home|based|settled|these\s+days)\b", re.IGNORECASE)


def sensed(text: str, found: Marked) -> Iterator[Fact]:
    """Yields the facts that marks tell, in order; what is only said to be over has no `about`, and comes first."""
    gone = [mark for mark in found.marks if mark.label == GONE and mark.probability >= _OVER]
    told = []
    for mark in found.marks:
        if not _is_told(mark, text):
            continue
        about = _about(mark, found.marks, text)
        left = _nearest(mark, gone) if about in MANY or "'s " in about else None
        if left:
            gone.remove(left)
        instead = text[left.start : left.end] if left else ""
        value, span = _kind_alone(mark, text), (mark.start, mark.end)
        told.append(Fact(about, value, span, False, instead, sentence_span(text, mark.start)))
    for mark in gone:
        value = text[mark.start : mark.end]
        if may_be_kept(value, ""):
            yield Fact("", value, (mark.start, mark.end), True, "", sentence_span(text, mark.start))
    yield from told


def vouched(facts: Iterable[Fact], text: str, found: Marked) -> Iterator[Fact]:
    """Yields those facts read by rules that the marks bear out: their words are no joke, report or passing state, hold still, and are not surely of another matter."""
    for fact in facts:
        real = found.tells(*fact.span) >= _VOUCHED and not _is_imagined(text, fact.span[1] - len(fact.value))
        if real and not any(_denies(mark, fact, found, text) for mark in found.marks):
            yield fact


def _denies(mark: Mark, fact: Fact, found: Marked, text: str) -> bool:
    """Tells whether a mark on a fact's value says that it holds no more, or is surely of another matter."""
    if fact.over or not (fact.span[1] - len(fact.value) < mark.end and mark.start < fact.span[1]):
        return False
    if mark.label == GONE:
        return mark.probability >= _OVER
    return mark.probability >= _CERTAIN and _is_told(mark, text) and _about(mark, found.marks, text) != fact.about


def _is_told(mark: Mark, text: str) -> bool:
    """Tells whether a mark is believed: sure enough, worth keeping, and in a sentence about the writer or who belongs to them."""
    value = text[mark.start : mark.end]
    if mark.label in (GONE, WHOSE, OTHER) or mark.probability < _SURE or _stands_alone(mark, text):
        return False
    shape = _SHAPES.get(mark.label)
    kept = may_be_kept(value, _ABOUT.get(mark.label, mark.label)) and (shape is None or shape.search(value) is not None)
    after = text[mark.end :]
    meant = not (
        _is_imagined(text, mark.start)
        or _NOT_AFTER.search(text[: mark.start])
        or ((denied := _NOT_BEFORE.get(mark.label)) and denied.match(after))
    )
    of_writer = mark.probability >= _CERTAIN or _is_of_writer(mark, text)
    of_another = _is_anybodys(mark, text) or is_of_another(text, (mark.start, mark.end))
    return kept and meant and of_writer and not of_another


def _is_imagined(text: str, start: int) -> bool:
    """Tells whether what stands at a place is only thought of: what a wish or a condition before it in its sentence rules, not what is."""
    before = text[sentence_span(text, start)[0] : start]
    thoughts = [*_IMAGINED.finditer(before)]
    return bool(thoughts) and _AGAIN_REAL.search(before, thoughts[-1].end()) is None


def _kind_alone(mark: Mark, text: str) -> str:
    """Returns a mark's value; of an animal without what it is doing."""
    value = text[mark.start : mark.end]
    return _DOING.sub("", value) if mark.label == "pet" else value


def _stands_alone(mark: Mark, text: str) -> bool:
    """Tells whether nothing is said of a value, which is then nobody's: "42"."""
    start, end = sentence_span(text, mark.start)
    return says_nothing(text[start : mark.start] + text[mark.end : end])


def _is_of_writer(mark: Mark, text: str) -> bool:
    """Tells whether the sentence around a mark may speak of its writer: it says "I", or no one else is its subject."""
    start, end = sentence_span(text, mark.start)
    sentence = text[start:end]
    if _FIRST.search(sentence):
        return True
    if not _MINE.search(sentence):
        return "'s " not in mark.label and (_ELLIPSIS.match(sentence) or _opens(mark, start, text)) is not None
    subject = _SUBJECT.match(sentence)
    if subject is None:
        return True
    if "'s " in mark.label:
        return _STRANGER.search(subject[0]) is None
    someone = _STRANGER.search(subject[0]) or _KIN.search(subject[0])
    return not (someone or any(looks_like_job(word) for word in subject[0].split()))


def _is_anybodys(mark: Mark, text: str) -> bool:
    """Tells whether a sentence without a word for the writer is about somebody else: one named before the value or right behind, or after one that it opens with."""
    start, end = sentence_span(text, mark.start)
    sentence = text[start:end]
    if _FIRST.search(sentence) or _MINE.search(sentence):
        return False
    named = _ANYBODY.match(text[mark.end : end].lstrip())  # "Wayne across the road"
    limit = end if named or _opens(mark, start, text) else mark.start
    return any(start + somebody.end() <= limit for somebody in _ANYBODY.finditer(sentence))


def _opens(mark: Mark, start: int, text: str) -> bool | None:
    """Tells whether a sentence without "I" begins with the value, as in "Tampere, that's home"; a name there is somebody's."""
    opens = mark.label != "name" and not text[start : mark.start].strip()
    return opens or None


def _about(mark: Mark, marks: Iterable[Mark], text: str) -> str:
    """Returns what a value is about, by whose it is said to be: "sister's home", "favourite colour"."""
    owner, _, matter = mark.label.rpartition("'s ")
    if mark.label == "home":
        start, end = sentence_span(text, mark.start)
        return "origin" if _BORN.search(text, start, end) and not _LIVES.search(text, start, end) else "home"
    if not owner and mark.label != "favourite":
        return _ABOUT.get(mark.label, mark.label)
    near = _nearest(mark, [other for other in marks if other.label == WHOSE])
    named = fold(text[near.start : near.end]) if near else ""
    if mark.label == "favourite":
        return f"favourite {named}".strip()
    if owner == "pet":
        return f"{named if named in PETS else 'pet'}'s {matter}"
    return f"{named or owner}'s {matter}"


def _nearest(mark: Mark, others: Iterable[Mark]) -> Mark | None:
    return min(others, key=lambda other: max(other.start - mark.end, mark.start - other.end), default=None)
