"""Whose taste a sentence tells, and whether it judges what it names."""

import re

from convrec.agent.memory.facts import statements
from convrec.core.understanding import Span

_FELT = (
    r"(?:lov(?:e|es|ed|ing)|lik(?:e|es|ed|ing)|enjoy(?:s|ed|ing)?|ador(?:e|es|ed)|hat(?:e|es|ed)|dislik(?:e|es|ed)|detest(?:s|ed)?|despis(?:e|es|ed)|loath(?:e|es|ed)|prefer(?:s|red)?|can'?t stand|cannot stand|couldn'?t stand"
    r"|into|fond of|fan of|crazy about|obsessed with|sick of|bored of|tired of)"
)
_SAYS = r"(?:say|says|said|think|thinks|thought|reckons?|swears?|claims?|insists?|raves?|keeps? (?:saying|telling|on))"
_DOES = rf"(?:{_FELT}|{_SAYS}|never|always|watch(?:es|ed)?|reads?|plays?|eats?)"
_WHOSE = re.compile(
    rf"\b(?P<who>i|we|me|he|she|they|you|who|people|everyone|everybody|somebody|someone|(?:(?:my|our|his|her|their|the|a)) (?:[a-z'-]+ ){{0,2}}?[a-z'-]+)(?:'\w+)? (?:(?!(?:i|he|she|they|you|we|my|his|her) )\w+ ){{0,3}}?{_DOES}\b"
)
_ELSEWHERE = re.compile(  # who asks for somebody else says little of their own taste
    r"\b(?:gift|present) for\b|\b(?:gift|present)s?\b.*\b(?:him|her|them|his|hers?|dad|mum|mom)\b|\bfor (?:my|our|a|an|his|her|their) (?:\w+ ){0,2}?(?:dad|father|mum|mom|mother|wife|husband|partner|girlfriend|boyfriend|son|daughter|brother|sister|friend|mate|boss"
    r"|colleague|coworker|neighbou?r|nephew|niece|cousin|aunt|uncle|grandma|grandpa|grandmother|grandfather|kids?|children|parents|grandparents|in-laws|teacher|class|birthday|fianc[eé]e?)\b"
    r"|\b(?:asking )?for a friend\b|\bfor (?:him|her|them)\b"
)
_SELF = re.compile(r"i|we|me|(?:my|our) (?:all[- ]time )?favou?rites?")
_OTHERS = re.compile(r"(?:he|she|they|you|who|people|everyone|everybody|somebody|someone)$|(?:my|our|his|her|their) ")
_THEIRS = re.compile(
    r"\b(?:his|her|their|\w+'s|(?:my|our|the|a) (?:[a-z-]+ )?[a-z-]+'?s) (?:all[- ]time )?favou?rites?\b"
)
_OVER = re.compile(
    r"\b(?:gone|went|going) off\b|\bgrown out of\b|\b(?:not|no longer|don'?t|doesn'?t|can'?t) (?:\w+ ){0,8}?any ?(?:more|longer)\b|\bno longer (?:like|love|enjoy|into|watch|read|play|a fan)\b"
    r"|\bused to (?:love|like|enjoy|adore|be into|be a fan)\b|\b(?:done|through) with\b"
)
_MINE = re.compile(rf"\b(?:i|me|my|we)\b(?:'\w+)? (?:\w+ ){{0,3}}?{_FELT}\b|\bmy (?:all[- ]time )?favou?rites?\b")
_JUDGED = re.compile(  # a word on an item that tells whether it was liked, where a mere example tells nothing
    rf"\b{_FELT}\b|\bfavou?rites?\b|\b(?:great|brilliant|amazing|awesome|fantastic|wonderful|excellent|terrible|awful|boring|rubbish|masterpiece|good|bad|best|worst|dull|fun|overrated|underrated)\b"
)
_THE_LIKE = re.compile(r"\b(?:or|and|and all) (?:the|such) likes?\b")
_EXAMPLE = re.compile(
    r"\b(?:something|anything|one|ones|more|films?|movies?|books?|games?|items?|stuff|similar|just|lot) (?:\w+ ){0,2}?(?:like|to)$"
)


def is_own(text: str, span: Span) -> bool:
    """Tells whether a wish is the person's own taste: nobody else is said to feel so, and it is not asked for somebody else."""
    plain = _plain(text)
    sentence, at = _sentence(plain, span[0])
    if statements(text)[span[0] : span[1]].isspace() or _THEIRS.search(sentence):
        return False
    told = [match["who"] for match in _WHOSE.finditer(sentence) if match.start() < max(span[0] - at, 1)]
    if not told:
        return not _ELSEWHERE.search(plain) or bool(_MINE.search(sentence))
    return _SELF.fullmatch(told[-1]) is not None or not (_OTHERS.match(told[-1]) or _ELSEWHERE.search(plain))


def is_of_another(text: str, span: Span) -> bool:
    """Tells whether the sentence around a place asks something for somebody else, or tells whom somebody else likes best."""
    sentence, _ = _sentence(_plain(text), span[0])
    return bool(_ELSEWHERE.search(sentence) or _THEIRS.search(sentence))


def is_over(text: str, span: Span) -> bool:
    """Tells whether a taste is said to have been one: "I've gone off westerns", "not into horror any more"."""
    return _OVER.search(_sentence(_plain(text), span[0])[0]) is not None


def is_judged(text: str, span: Span) -> bool:
    """Tells whether an item is said to be liked or disliked: "loved Heat", "Heat was great", and not "something like Heat"."""
    sentence, at = _sentence(_plain(text), span[0])
    start, end = span[0] - at, span[1] - at
    if _EXAMPLE.search(sentence[:start].rstrip(" \"'“‘")):
        return False
    return _JUDGED.search(_THE_LIKE.sub("", f"{sentence[:start]},{sentence[end:]}")) is not None


def _plain(text: str) -> str:
    """Returns the text in small letters and with plain apostrophes, every character in its place."""
    small = text.casefold()
    return (small if len(small) == len(text) else text).replace("’", "'")


def sentence_at(text: str, at: int) -> str:
    """Returns the sentence around a place, without white space around it."""
    return _sentence(text, at)[0].strip()


def sentence_span(text: str, at: int) -> Span:
    """Returns where the sentence around a place begins and ends."""
    sentence, start = _sentence(text, at)
    return start, start + len(sentence)


def _sentence(text: str, at: int) -> tuple[str, int]:
    """Returns the sentence around a place and where it begins."""
    start = max((text.rfind(mark, 0, at) for mark in ".!?;\n"), default=-1) + 1
    ends = [end for mark in ".!?;\n" if (end := text.find(mark, at)) >= 0]
    return text[start : min(ends, default=len(text))], start
