"""Signs in a message that words are a title, or a part of something longer."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from convrec.agent.compact.lexicon import LINGO, word_set
from convrec.agent.compact.message import Message
from convrec.agent.compact.titles import ARTICLES, is_skipped

_NOUN = r"(?:movies?|films?|books?|novels?|games?|flicks?|restaurants?|places?|songs?|albums?|shows?|one)"
CUE = re.compile(
    r"(?:\b(?:liked|loved|enjoyed|adored|hated|disliked|despised|seen|saw|watched|rewatched|finished|played|read|visited|tried|already know|own|check out|recommend|similar to|called|named|titled"
    r"|(?:you|u|we|they) (?:guys |still |also |actually )*(?:have|got|carry|stock|sell)|got|is there|newer than|older than|later than"
    r"|earlier than|better than|than|who(?:s| is| was| else is| plays| played| acted| stars| starred)* in|who (?:directed|made|wrote)"
    r"|compare|but not|except|not|besides|what about|how about|tell me (?:more )?about|(?:cast|director|year|plot|author|developer) of|whats|when (?:was|did)|how long is)"
    r"|(?<!\bi )(?<!\bwe )(?<!\byou )(?<!they )(?<!\bid )(?<!would )(?<!dont )(?<!didnt )(?<!really )like|^watch|want to (?:see|watch|read|play)"
    r")(?: the NOUN| the| NOUN)?$".replace("NOUN", _NOUN)
)
JOINED = {"and", "or", "vs", "versus", "nor", "with"}
LIKES = re.compile(r"\b(?:like|likes|love|loves|enjoy|hate|recommend|check out|heard of|see|watch|called|in)$")
JUDGED = re.compile(
    r"^(?:and \w+ )?(?:is|was|were|are|sounds|looks|seems) (?:\w+ ){0,2}?(?:good|great|fun|funny|scary|bad|terrible|boring|amazing|awesome|ok|okay|better|trash|rubbish|awful|crap|dull|lame"
    r"|excellent|brilliant|one of|my favou?rite|cute|overrated|fantastic|hilarious|sad|classic|perfect|both|too|older|newer|dated|closer|close|nearly)\b"
    r"|^(?:comes|gets) (?:\w+ )?close"
)
_POOR = r"(?:terrible|awful|boring|bad|overrated|horrible|dull|tedious|dreary|bleak|silly|stupid|slow|confusing|disappointing|unfunny|unbearable|hard going|heavy going|too \w+|(?:not|nt) \w+|a (?:bit )?(?:bore|drag|slog|mess))"
_FELT_IT = re.compile(  # the item first: "Arrival he found dull", "Heat we couldn't get into"
    r"^(?:i|we|he|she|they|both of us|my \w+) (?:(?!found|thought)\w+ ){0,2}?"
    rf"(?:(?P<disliked>hated|disliked|detested|loathed|couldnt stand|cant stand|(?:didnt|dont|couldnt|never) (?:really |much |even )*(?:like[ds]?|enjoy(?:ed)?|care for|get into|got into|finish(?:ed)?|warm(?:ed)? to)|(?:found|thought) (?:it |was |it was )?(?:\w+ ){{0,2}}?{_POOR})"
    r"|(?P<liked>loved|adored|enjoyed|liked))"
    r"(?= ?(?:$|[.,!?;]| (?:and|but|though|so|because|too|also|at|much|a lot|very much|as well|to be|honestly|tbh|frankly|sorry|im|i|in parts|when|back)\b))"
)
_TIMED = re.compile(r"\b(?:since|after|before|until|unlike|like|than|as|for|with|from|to|of|in)$")
MET = re.compile(
    r"\b(?:seen|watched|rewatched|read|played|finished)(?: both| all of| already| the (?:film|movie|book|game)s?)*$"
)
MET_BESIDE = re.compile(MET.pattern.removesuffix("$") + r" (?:[\w ]{1,40}? and)$")
"""Before what somebody has seen or read: words in small letters are a title there."""
MET_AFTER = word_set(
    "already twice once recently lately yesterday before last loads many several a and but though so or"
)
AFTER = word_set(
    "but and or though please too again itself because so yet then vs versus about directed is was are though also instead except without"
)
DETERMINED = word_set("a an some any all no my your his her their our another every each more less")
HEADS = re.compile(
    r"^[,.!?] (?:(?:the \w+ )?(?:thing )?i mean ,? ?)?(?:do|have|have got|has|got|is|are|does|did|was|how|what|whats|who|whos|when|where|which|why|any|tell|please|can|could|you)\b"
)  # what is asked of a title that stands alone before it
ASKED_OF = re.compile(  # before a title that a question is about: "how tall does the violet get?"
    r"(?:^|[,.!?] |\b(?:how (?:\w+ )?|how much \w+ |when |where |why |what (?:\w+ )?|and |so |but ))(?:does|do|is|did|can|will|would|has) the$"
)
ASKS_WHETHER = re.compile(r"(?:^|[,.!?] |\b(?:and|so|but|ok) )(?:does|did|is|was|has|will|would|can|hows|whys?)$")
"""Before a title in small letters that a question is about: "does harbour lights do takeaway"."""
AGAIN = re.compile(r"\bthe(?: \w+)?$")
BEFORE_FIGURES = re.compile(r"\b(?:loved|liked|hated|seen|watched|saw|got|have|called|movie|film|game|book|like)$")
FELT = re.compile(r"\b(?:loved|liked|hated|enjoyed|adored|disliked|despised)$")
BEFORE_NAMES = {"by", "with", "without", "starring", "featuring"}
_SEQUEL = re.compile(r"^(?:[2-9]|1\d|ii|iii|iv|vi{1,3}|ix|part|vol|volume|chapter)$")
_YEAR = re.compile(r"^(?:1[89]\d\d|20\d\d)$")
_OCCASIONS = frozenset("night day evening weekend party afternoon morning date".split())


@dataclass(frozen=True)
class Hit:
    """A title named by tokens `[start, end)`; `rows` best first; `score` in (0, 1]; `year` when one was given with it."""

    start: int
    end: int
    rows: tuple[int, ...]
    score: float
    year: int | None = None


def felt_first(message: Message, start: int, end: int) -> re.Match[str] | None:
    """Returns what is told of the title in tokens `[start, end)` right behind it, as `disliked` or `liked`: "Arrival he found dull"."""
    if message.break_after(end) or _TIMED.search(message.words(message.sentence(start)[0], start)):
        return None
    return _FELT_IT.search(message.marked[message.marked_at(end) :])


def years_beside(message: Message, hit: Hit) -> Iterator[tuple[int, int, int, bool]]:
    """Yields `(year, start, end, firm)` of years right after or before a title; firm ones can only be the title's."""
    norms = [token.norm for token in message.tokens]
    after = hit.end
    if after < len(norms) and _YEAR.match(norms[after]):
        in_parentheses = "(" in message.gap(after)
        if in_parentheses or not message.tokens[after].mark:
            yield int(norms[after]), hit.start, after + 1, in_parentheses
    if after + 1 < len(norms) and norms[after] in ("from", "of", "in") and _YEAR.match(norms[after + 1]):
        yield int(norms[after + 1]), hit.start, after + 2, False
    for back in range(1, 5):
        at = hit.start - back
        between = norms[at + 1 : hit.start] if at >= 0 else []
        if (
            at >= 0
            and _YEAR.match(norms[at])
            and not _closed(message, at)
            and set(between) <= {"the", "version", "one", "of", "film", "movie", "original", "remake"}
        ):
            yield int(norms[at]), at, hit.end, False


def _closed(message: Message, at: int) -> bool:
    """Tells whether a year ends an earlier title, as in "Coco (2017) It was lovely"."""
    return ")" in message.gap(at + 1)


def goes_on(message: Message, end: int) -> bool:
    """Tells whether a longer title begins here: a sequel's number, or a colon and a capital."""
    if end >= len(message):
        return False
    token = message.tokens[end]
    if token.mark == "":
        counted = end + 1 < len(message) and message.tokens[end + 1].norm in ("times", "days", "weeks", "years")
        return _SEQUEL.match(token.norm) is not None and not counted
    return message.gap(end).startswith(":") and token.capital and not message.starts_sentence(end)


def is_capital(message: Message, start: int, end: int) -> bool:
    """Tells whether the words stand with their capitals where a capital means something."""
    if message.shouting or _is_shouted(message, start, end):
        return False
    tokens = [
        (i, t)
        for i, t in enumerate(message.tokens[start:end], start)
        if len(t.norm) > 3 or end - start <= 2 or t.norm not in LINGO
    ]
    telling = [t for i, t in tokens if not message.starts_sentence(i)]
    return bool(telling) and all(
        t.capital or t.norm in ARTICLES or is_skipped(t.norm) or t.norm.isdigit() for _, t in tokens
    )


def is_occasion(message: Message, start: int, end: int) -> bool:
    """Tells whether words in small letters say what something is for, be they a title or not: "a romance for date night"."""
    before = message.tokens[start - 1].norm if start else ""
    return (
        before in ("for", "our", "my")
        and message.tokens[end - 1].norm in _OCCASIONS
        and not is_capital(message, start, end)
    )


def _is_shouted(message: Message, start: int, end: int) -> bool:
    """Tells whether the words and the one before them are all written in capitals, as in "LOVED IT"."""
    return start > 0 and all(len(t.raw) > 1 and t.raw.isupper() for t in message.tokens[start - 1 : end])


def in_longer_name(message: Message, start: int, end: int) -> bool:
    """Tells whether capitalised words right beside make this a part of a name, as in `Will Smith`."""
    tokens = message.tokens

    def is_name(index: int, token_after: int) -> bool:
        token = tokens[index]
        return (
            token.capital
            and not tokens[token_after].mark
            and token.norm not in LINGO
            and not message.starts_sentence(index)
        )

    before = start > 0 and is_name(start - 1, start)
    return tokens[start].capital and (before or (end < len(tokens) and is_name(end, end)))
