"""What people tell of themselves: where they live, what they do, who belongs to them. Read from their own sentences alone.

A statement counts where the person is its subject, says it as a fact, and means it to last: questions, suppositions, reports of
what others said, and the day's small news are left alone, for a memory that keeps everything is good for nothing.
The ways to say it stand in `tellings.yaml`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any

import yaml

from convrec.core.text import fold

MANY = frozenset(
    {
        "allergy",
        "has",
        "hobby",
        "language",
        "pet",
        "plays",
        "uses",
        "child",
        "collects",
        "health",
        "favourite",
        "pet's name",
    }
    | {"relative's name", "relative's home", "relative's job", "relative's birthday"}
)
"""What a person can have several of; of anything else the latest counts."""
_NO_WISH = re.compile(  # a child's age says what suits it
    r"(?:.+'s )?(?:home|origin|name|job|birthday)|(?:(?!(?:kid|child|son|daughter|boy|girl|grandson|granddaughter|nephew|niece|youngest|little one)'s).+'s )?age|language|learns|workplace"
)
_LONGEST = 60
_PERSONAL = re.compile(
    r"\b(?:i|im|ive|me|my|we|our|mine|b(?:irth)?days?)\b|\b(?:now|instead|switched|swapped|keys)\b|\bhome\b|\bfrom\s+\w+\s+to\b|^\W*\w+\s+here\b|\bthis\s+is\b",
    re.IGNORECASE,
)
_SHORTHAND = re.compile(r"\[(?:\\.|[^\]\\])*\]|’| \?| ")
_PART = re.compile(r"(?<!\?P)<(\w+)>")
_OVER = re.compile(
    r"\b(?:no\s+longer|don['’]?t|do\s+not|am\s+not|['’]?m\s+not|aren['’]?t|haven['’]?t|stopped|quit|gave\s+up|sold|lost|not|never)\b",
    re.IGNORECASE,
)
_DETERMINER = re.compile(r"^(?:(?:a|an|the|my|our|some|this|that|one\s+of)\s+)+", re.IGNORECASE)
_TAIL = re.compile(
    r"\s+(?:now|nowadays|these\s+days|at\s+the\s+moment|currently|right\s+now|by\s+the\s+way|btw|actually|though|too|as\s+well|already|since\b.*|for\s+(?:\w+\s+){0,3}(?:years?|months?|weeks?|ages|now)\b.*"
    r"|and|but|so|because\b.*|which\b.*|who\b.*|where\b.*|when\b.*|while\b.*|if\b.*|and\s+(?:i|we|my|our|it|he|she|they|so|would|am|want|need|love|like|looking)\b.*|so\s+(?:i|we|no|any|something|please)\b.*|but\s+.*"
    r"|with\s+(?:my|our)\b.*|any\s*more|any\s+longer|lol|haha|thanks|please|you\s+know|fyi|after\s+all|instead|again|last\s+\w+|in\s+(?:spring|summer|autumn|winter|january|february|march|april|may|june|july|august|september|october|november|december|(?:19|20)\d\d)|back\s+in\b.*|this\s+\w+|every\s+\w+|on\s+(?:weekends|sundays|saturdays)|in\s+my\s+(?:spare|free)\s+time|for\s+(?:a\s+living|fun)|by\s+(?:trade|profession))$",
    re.IGNORECASE,
)
_SECRET = re.compile(
    r"@|(?:\d[ .-]?){6,}|\b(?:passwords?|passcode|pin|cvv|iban|card\s+number|account\s+number|social\s+security|ssn|passport)\b",
    re.IGNORECASE,
)
SUPPOSED = re.compile(
    r"\b(?:if|imagine|suppose|pretend|wish|hypothetically|let['’]?s\s+say|what\s+if|as\s+though|would|could|might|used\s+to|dream(?:ed|t|ing)?|"
    r"when\s+i\s+was|back\s+when|once\s+upon|almost|nearly|thinking\s+(?:of|about)|planning|hoping|want\s+to|going\s+to|gonna|just\s+kidding|joking|pretending)\b",
    re.IGNORECASE,
)
"""What makes a statement one of what is not, or not yet, or no more."""
_REPORTED = re.compile(
    r"\b(?:he|she|they|it|you|someone|somebody|people|everyone|colleague|friend|character|hero(?:ine)?|movie|film|book|song|show|lyrics?|said|says|told\s+me|asked|quote)\b[^,.;]*$",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[\"“”«»][^\"“”«»]{0,300}[\"“”«»]|(?<!\w)'[^'\n]{3,200}'(?!\w)")
_SENTENCE = re.compile(r"[^.!?\n;]+[.!?;\n]*")
_CLAUSE = re.compile(
    r",?\s+(?:and|but|so|also|plus|or)\s+(?=(?:i|we|my|our|i['’]?m|i['’]?ve|we['’]?re)\b)|,\s*(?=(?:i|we|my|our|i['’]?m|i['’]?ve|we['’]?re)\b)|\s+-+\s+|\s*[–—:]\s*|\s*\(\s*",
    re.IGNORECASE,
)
_COMMA = re.compile(r"\s*,\s*(?:and\s+|so\s+|but\s+)?|\s+(?:and|so|but)\s+|\s+-+\s+|\s*[–—:(]\s*", re.IGNORECASE)
_INVERTED = re.compile(
    r"^\s*(?:do|did|am|are|was|have|has|can|what|which|who|where|when|why|how|guess)\b", re.IGNORECASE
)
_JOBS = re.compile(
    r"(?:\w*(?:nurse|cook|chef|clerk|pilot|guard|judge|vet|coach|priest|nun|monk|spy|smith|wright|tutor|mechanic|medic|paramedic|cop|lawyer|attorney|baker|butcher|plumber|carpenter|electrician|engineer|developer|programmer"
    r"|teacher|lecturer|professor|scientist|researcher|analyst|consultant|accountant|assistant|apprentice|intern|student|pupil|retiree|pensioner|freelancer|actor|actress|author|poet|model|athlete|architect|surgeon|doctor"
    r"|physio|biologist|chemist|therapist|dentist|florist|journalist|artist|pianist|guitarist|violinist|novelist|psychologist|librarian|musician|electrician|physician|politician|technician|optician|dietitian|historian"
    r"|waiter|waitress|driver|farmer|gardener|painter|builder|roofer|hairdresser|photographer|designer|writer|editor|translator|manager|officer|firefighter|fire\s+fighter|soldier|sailor|banker|broker|trader|barista|barber"
    r"|bartender|cleaner|cashier|postman|salesman|fisherman|policeman|handyman|joiner|tailor|jeweller|welder|miner|trainer|carer|caretaker|nanny|au\s+pair|midwife|pharmacist|economist|curator|conductor|composer|director|producer))$",
    re.IGNORECASE,
)
_STABLE = re.compile(
    r"(?:(?:all[- ]?time\s+)?favou?rite\s+.+|.*\b(?:home\s*town|birth\s*place|birthday|anniversary|job|profession|occupation|trade|(?:shoe|dress|ring|hat|shirt|clothes|clothing)\s+size|size|star\s+sign|zodiac\s+sign|blood\s+type"
    r"|mother\s+tongue|native\s+language|first\s+language|nationality|religion|surname|last\s+name|middle\s+name|nickname|middle\s+school|school|university|college|major|car|bike|motorbike|phone|laptop|console|tablet|camera|tv|e-?reader"
    r"|team|club|hobby|instrument|employer|company|workplace|home|town|city|country|neighbou?rhood|district|village|budget|height|eye\s+colou?r|hair\s+colou?r|diet|lucky\s+number|dream\s+job|heritage|book\s+club\s+night|name))",
    re.IGNORECASE,
)
_SAME = {
    "hometown": "origin", "home town": "origin", "birthplace": "origin", "birth place": "origin", "profession": "job", "occupation": "job", "trade": "job",
    "native language": "mother tongue", "first language": "mother tongue", "city": "home", "town": "home", "neighbourhood": "home", "neighborhood": "home",
    "village": "home", "zodiac sign": "star sign", "day job": "job", "current job": "job", "new job": "job",
}  # fmt: skip
_FILLERS = re.compile(r"^(?:very |current |new |own |actual |full )+")
_AND = re.compile(r"\s*,\s*(?:and\s+)?|\s+and\s+", re.IGNORECASE)
_LASTING_NO = re.compile(r"\b(?:no\s+longer|any\s*more|any\s+longer|stopped|quit|gave\s+up|sold)\b", re.IGNORECASE)
_PASSING = re.compile(
    r"^(?:in\s+|at\s+|on\s+)?(?:(?:so|very|really|too|pretty|quite|a\s+bit|a\s+little|rather|totally|absolutely|kind\s+of|all|just|still|not|almost|always|never|getting|going|doing|feeling|making|trying|looking|coming|being|having)\b"
    r"|(?:tired|sick|hungry|late|early|ok|okay|fine|good|great|bad|awful|terrible|here|there|back|home|bored|busy|sad|happy|sorry|sure|glad|done|ready|away|out|down|up|broken|dead|ill|asleep|awake|visiting|killing|driving|ringing|wet|cold|hot"
    r"|empty|full|over|weird|horrible|lovely|nice|amazing|ridiculous|expensive|cheap|slow|fast|annoying|stuck|closed|open|gone|lost|missing|mad|angry|upset|snoring|barking|crying|sleeping|playing|shouting)\b)",
    re.IGNORECASE,
)
_SHORT_STAY = re.compile(
    r"\b(?:bed|sofa|couch|hotel|airport|station|queue|traffic|(?:mon|tues|wednes|thurs|fri|satur|sun)day|bus|train|tram|pub|shop|supermarket|dentist|moment|weekend|holiday|vacation|hurry|rush|trouble|mood|fear|hope|peace|past|present|denial|a\s+lie|dream\s*world)\b",
    re.IGNORECASE,
)
_NO_PLACE = re.compile(
    r"^(?:a|an|the)\s+(?:fan|bit|lot|mess)|\b(?:my|our|their|his|her)\s+(?:own\s+)?(?:world|head)\b|^(?:work|school|bed|lunch|dinner|peace|hope|it|that|this|here|there)\b",
    re.IGNORECASE,
)
_PASSING_HEADS = re.compile(
    r"\b(?:bus|train|tram|flight|taxi|day|morning|evening|night|weekend|week|head|back|feet|foot|knee|stomach|eyes?|nose|battery|internet|wifi|connection|coffee|tea|lunch|dinner|breakfast|mood|bad|guess|point|question|problem|issue|turn|fault"
    r"|wish|idea|thing|washing|laundry|bill|queue|meeting|boiler|heating|plan|only|first|second|last|next|other)$",
    re.IGNORECASE,
)
_NOT_NAMES = frozenset(
    "i im ive the a an is was and but so he she it they we my our your his her this that these those not now then there here who when where what why how please thanks always never just also actually both all".split()
)
_LEADERS = re.compile(r"^(?:fluent|some|basic|good|a\s+(?:bit|little)\s+of)\s+", re.IGNORECASE)
_SAID = re.compile(
    r"\b(?:(?!i\b|we\b)\w+\s+){0,4}?(?:said|says|told\s+(?:me|us)|goes|went|asked|wrote|writes|texted|sings?|shout(?:s|ed)?|claims?|claimed|insists?)\s*[:,]\s*[^.!?\n]*",
    re.IGNORECASE,
)
_SAYS_NOTHING = re.compile(r"\W*(?:\b(?:an?|the|my|our|some|it|its|this|that|of|to|in)\b\W*)*", re.IGNORECASE)
_NO_ALLERGEN = re.compile(
    r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?|mornings?|work(?:ing)?|exercise|sport|bullshit|nonsense|stupid(?:ity)?|drama|small\s+talk|people|romance|fun|early|queues?|meetings?|commitment|my\s+(?:ex|boss|job))\b",
    re.IGNORECASE,
)
_LANGUAGES = re.compile(
    r"(?:[A-Za-z]+\s+)?(?:english|german|french|spanish|italian|portuguese|dutch|flemish|swedish|norwegian|danish|finnish|icelandic|polish|czech|slovak|slovene|slovenian|croatian|serbian|bosnian|bulgarian|romanian|hungarian|greek|turkish|russian|ukrainian"
    r"|belarusian|latvian|lithuanian|estonian|irish|gaelic|welsh|breton|basque|catalan|galician|maltese|albanian|macedonian|arabic|hebrew|farsi|persian|kurdish|pashto|dari|urdu|hindi|bengali|punjabi|gujarati|marathi|tamil|telugu|kannada|malayalam|sinhala|nepali"
    r"|chinese|mandarin|cantonese|japanese|korean|vietnamese|thai|lao|khmer|burmese|malay|indonesian|tagalog|filipino|javanese|swahili|amharic|somali|yoruba|igbo|hausa|zulu|xhosa|afrikaans|georgian|armenian|azeri|kazakh|uzbek|mongolian|tibetan|latin|esperanto"
    r"|yiddish|luxembourgish|frisian|maori|hawaiian|quechua|guarani|bsl|asl|sign\s+language|[A-Z][a-z]+(?:ish|ese|ian))",
    re.IGNORECASE,
)
_NO_ACTIVITY = frozenset(
    "being having getting going feeling watching reading looking seeing thinking living laughing crying playing doing working learning trying making nothing anything something everything evening morning wedding".split()
)


@dataclass(frozen=True)
class Fact:
    """A statement about the person: what it tells (`home`, `job`, `dog's name`), its value in their words, where it stands.

    `over`: it holds no more. `instead` is the value that it takes the place of, "a laptop now, not the tablet"; `about` may then be
    left open, and is that one's. `sentence` is where the words stand that tell it, if they are more than its place.
    """

    about: str
    value: str
    span: tuple[int, int]
    over: bool = False
    instead: str = ""
    sentence: tuple[int, int] | None = None

    @property
    def key(self) -> str:
        """Returns the value as it is compared: folded, without articles."""
        return fold(_DETERMINER.sub("", self.value))


@dataclass(frozen=True)
class _Way:
    """A way to tell something; `about` may name groups, `needs` is what the value must be like."""

    pattern: re.Pattern[str]
    about: str
    needs: str


@cache
def _document() -> dict[str, Any]:
    text = resources.files("convrec.agent.memory").joinpath("tellings.yaml").read_text("utf-8")
    document: dict[str, Any] = yaml.safe_load(text)
    return document


def looks_like_job(word: str) -> bool:
    """Tells whether a word names an occupation."""
    return _JOBS.fullmatch(word) is not None


@cache
def _ways() -> Mapping[str, tuple[_Way, ...]]:
    """Returns the ways to tell facts: those that hold, that are over, that took another's place, and in the terse words of a card."""
    document = dict(_document())
    parts = document.pop("parts")
    return {
        kind: tuple(_Way(_compiled(way["says"], parts), way["about"].replace("’", "'"), way["needs"]) for way in ways)
        for kind, ways in document.items()
    }


def _compiled(says: str, parts: Mapping[str, str]) -> re.Pattern[str]:
    whole = _PART.sub(lambda named: parts[named[1]], says)
    return re.compile(_SHORTHAND.sub(_written_out, whole), re.IGNORECASE)


def _written_out(short: re.Match[str]) -> str:
    if short[0].startswith("["):
        return short[0].replace("’", "'’").replace(" ", r"\s")
    return {"’": "['’]", " ?": r"\s*", " ": r"\s+"}[short[0]]


@lru_cache(maxsize=64)
def facts_of(text: str) -> tuple[Fact, ...]:
    """Returns what a message tells lastingly of the person who wrote it, in order; each place once."""
    found = [fact for way in _ways()["card"] for fact in _told(way, statements(text), 0)]
    for start, clause in _clauses(text) if _PERSONAL.search(text) else ():
        ended = bool(_LASTING_NO.search(clause))
        for way in _ways()["over" if ended else "told"]:
            for fact in _told(way, clause, start, ended):
                if not any(fact.span[0] < other.span[1] and other.span[0] < fact.span[1] for other in found):
                    found.append(fact)
    return tuple(sorted(found, key=lambda fact: fact.span))


def changes_of(text: str) -> list[Fact]:
    """Returns what a message puts in the place of something else, "a laptop now, not the tablet", and what it says is over, "I sold the car".

    What such a fact is about is known only of a person of whom the old value is.
    """
    if not _PERSONAL.search(text):
        return []
    sentences = [
        (s.start(), s[0]) for s in _SENTENCE.finditer(statements(text)) if "?" not in s[0] and not SUPPOSED.search(s[0])
    ]
    return [
        fact
        for kind in ("replaced", "ended")
        for start, said in sentences
        for way in _ways()[kind]
        for fact in _told(way, said, start, kind == "ended")
    ]


def without_facts(text: str) -> str:
    """Returns the text with spaces in place of what it tells of the person and can't be a wish: where they live, what they do, who is called what."""
    for fact in facts_of(text):
        if _NO_WISH.fullmatch(fact.about):
            start, end = fact.span
            text = text[:start] + " " * (end - start) + text[end:]
    return text


def statements(text: str) -> str:
    """Returns the text with spaces in place of other people's words: what stands in quotation marks or behind "she said:"."""
    blank = lambda said: " " * len(said[0])  # noqa: E731
    return _SAID.sub(blank, _QUOTED.sub(blank, text))


def states(text: str) -> bool:
    """Tells whether a text says anything as so: it is no question, no supposition and not another's words."""
    own = statements(text)
    return bool(own.strip(" .,!?…")) and "?" not in own and not SUPPOSED.search(own)


def _clauses(text: str) -> Iterator[tuple[int, str]]:
    """Yields the statements of a text with where they begin; questions, suppositions and other people's words are left out."""
    for sentence in _SENTENCE.finditer(statements(text)):
        at, asks = 0, "?" in sentence[0]
        for piece in [*(_COMMA if asks else _CLAUSE).finditer(sentence[0]), None]:
            end = piece.start() if piece else len(sentence[0])
            clause = sentence[0][at:end]
            if not (SUPPOSED.search(clause) or (asks and (piece is None or _INVERTED.search(clause)))):
                yield sentence.start() + at, clause
            at = piece.end() if piece else end


def _told(way: _Way, clause: str, start: int, ended: bool = False) -> Iterator[Fact]:
    for match in way.pattern.finditer(clause):
        instead = _trimmed(match.groupdict().get("old") or "")
        if _REPORTED.search(clause[: match.start()]) or (not ended and not instead and _OVER.search(match[0])):
            continue
        about, begin = _about(way, match), match.start()
        for value, left in _values(match, about):
            if _fits(way.needs, value, about):
                yield Fact(_SAME.get(about, about), value, (start + begin, start + left + len(value)), ended, instead)
                begin = left + len(value)


def _about(way: _Way, match: re.Match[str]) -> str:
    groups = {name: " ".join(str(said).split()).casefold() for name, said in match.groupdict().items() if said}
    about = _FILLERS.sub("", way.about.format(**groups))
    return about.replace("favorite", "favourite").replace("color", "colour")


def _values(match: re.Match[str], about: str) -> Iterator[tuple[str, int]]:
    """Yields each value told and where it begins; "English, French and German" are three."""
    said, at = match["v"], 0
    ends = [*(_AND.finditer(said) if about in MANY else ()), None]
    for end in ends:
        value = _LEADERS.sub("", _trimmed(said[at : end.start() if end else len(said)]))
        yield value, match.start("v") + said.find(value, at)
        at = end.end() if end else at


def _trimmed(said: str) -> str:
    value = said.strip(" \t'’\"-.…")
    while (shorter := _TAIL.sub("", value)) != value:
        value = shorter
    return value.strip(" ,'’-.…")


def _is_jest(value: str, about: str) -> bool:
    """Tells whether a value is none that the matter can have: allergic to Mondays, a job that is eating crisps, fluent emoji."""
    if about == "allergy":
        return _NO_ALLERGEN.search(value) is not None
    if about.endswith("job"):
        first = value.split(maxsplit=1)[0].casefold()
        return first.endswith("ing") or (first == "the" and _JOBS.search(value) is None)
    if about in ("language", "mother tongue"):
        return _LANGUAGES.fullmatch(value) is None
    return about == "collects" and value.casefold() == "dust"


def says_nothing(text: str) -> bool:
    """Tells whether a text has no words but such as "a" and "my"."""
    return _SAYS_NOTHING.fullmatch(text) is not None


def may_be_kept(value: str, about: str) -> bool:
    """Tells whether a value says something, is short, no secret, and one that the matter can have."""
    short = 1 <= len(value.split()) <= 8 and len(value) <= _LONGEST
    return short and not says_nothing(value) and not (_SECRET.search(f"{about} {value}") or _is_jest(value, about))


def _fits(needs: str, value: str, about: str) -> bool:
    """Tells whether a value is one that such a statement can have, lasting, and no secret."""
    if not may_be_kept(value, about):
        return False
    words = value.split()
    if needs in ("any", "activity"):
        return fold(words[0]) not in _NO_ACTIVITY
    if needs == "age":
        return 0 < int(value) < 120
    if _PASSING.search(value) or fold(words[0]) in ("i", "you", "he", "she", "they", "we", "it"):
        return False
    if needs == "named":
        return value[:1].isupper() and fold(words[0]) not in _NOT_NAMES
    if needs == "job":
        return bool(_JOBS.search(value)) and not re.search(
            r"\b(?:fan|lover|sucker|big|huge|terrible|bad|good|great)\b", value, re.IGNORECASE
        )
    if needs == "place":
        return len(words) <= 6 and not _SHORT_STAY.search(value) and not _NO_PLACE.search(value)
    if needs == "stay":
        return (
            len(words) <= 6
            and not _SHORT_STAY.search(value)
            and not re.search(r"\b(?:it|this|that|project|essay|thesis)\b", value, re.IGNORECASE)
        )
    if needs == "dated":
        return bool(
            re.search(
                r"\d|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|christmas|halloween|spring|summer|autumn|winter)",
                value,
                re.IGNORECASE,
            )
        )
    if needs == "stable":
        return bool(_STABLE.fullmatch(about)) and not _PASSING_HEADS.search(about) and len(words) <= 6
    if needs == "thing":
        return len(words) <= 5 and not re.search(
            r"\b(?:day|lot|bit|look|idea|question|feeling|problem|cold|headache|word|time|phrase|term|coupon|toilet|bathroom)\b",
            value,
            re.IGNORECASE,
        )
    return len(words) <= 6
