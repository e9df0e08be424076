"""What turns down the thing named just before it: "Romance is out", "Heat is off the list", "Heat: not into crime", "Heat, no"."""

import re
from typing import Literal

from convrec.agent.compact.lexicon import NOUNS
from convrec.agent.compact.message import Message

FARE = {"food", "foods", "dish", "dishes", "cooking"}
"""Words for what is eaten, of any kind."""
_OWN = r"(?:my|our|his|her|their)"
SAYING = re.compile(
    rf"\b{_OWN} (?:\w+ )?cup of tea\b|\btook (?:you|u|ya|yous) (?:\w+ ){{0,2}}?(?:long|ages|forever)(?: enough)?\b|\b(?:took|taken|takes) (?:him|her|them|me|us|it) (?:long|ages) enough\b|\babout time\b"
)
"""What people call what they like, or say of a wait: it is about no tea, and nothing that lasts long."""
_WHOM = r"(?:me|us|him|her|them|(?:my|our|the) \w+)"
_BE = r"(?:is|are|was|were|s|re)"
_NOT = rf"(?:(?:isnt|arent|wasnt|{_BE} not) (?:really |quite |exactly |so much )?)"
_WITH = rf"(?:(?:{'|'.join(sorted({*NOUNS, *FARE}))}) )?(?:(?:and|or|nor) (?:the )?\w+(?: \w+)? )?"  # "westerns and musicals are out": both are
_OUT = re.compile(
    rf"^{_WITH}(?:{_BE} (?:also |just |definitely |now |all )?(?:out\b(?! (?:on|of|in|now|there|yet|already|this|next|soon|here|to|for)\b)|off the (?:list|table|menu|cards)|an? (?:hard |firm |big |definite |clear |absolute )*no\b|a no go\b|ruled out)"
    rf"|{_NOT}(?:{_OWN} (?:thing|cup|kind|taste|style|favou?rites?|bag|jam)\b|for (?:me|us|him|her|them)\b|what (?:i|we)\b)|(?:wont|will not|doesnt|dont|does not|do not) (?:do\b(?! \w+ing)|work for (?:me|us)|appeal)"
    rf"|(?:does|do) nothing for (?:me|us)|(?:(?:have|has|had) )?(?:never|not)(?: really)? (?:done|did|do) (?:it|much|anything|a thing) for (?:me|us)\b|can go\b|(?:{_BE} |stays? |remains? )?(?:strictly |now |just )*(?:banned|barred|off limits|verboten|unwelcome|taboo|a closed (?:door|book)|a no no|dead to me)\b|(?:(?:{_BE} )?(?:near |right at |at |towards )the (?:very )?bottom of (?:my|our|the) (?:list|pile))"
    rf"|(?:(?:they|it|that|those) )?(?:leaves? {_WHOM} cold|(?:bores?|annoys?|irritates?|upsets?|disgusts?|scares?|frightens?) {_WHOM}|makes? {_WHOM} (?:ill|sick|queasy|cringe|nauseous|yawn))\b|i (?:\w+ ){{0,2}}?(?:lose interest|switch off|tune out|zone out|fall asleep|go cold)\b|{_BE} (?:just )?a waste of\b|{_BE} (?:just |far |way |much |a bit |a little )*too \w+|(?:is |are )?coming out of (?:my|our) ears|(?:{_BE} )?(?:rather |somewhat |completely |totally |pretty much )?(?:wasted|lost) on (?:me|us)\b|(?:goes?|flies|fly) (?:right |straight |way )?over my head)"
)
_LOATHED = re.compile(  # with who says so: "Adam Sandler my wife can't stand", "musicals I hate"
    rf"^{_WITH}(?:i|we|he|she|they|(?:my|our) \w+(?: s?he)?) (?:(?!dont|doesnt|didnt|not|never|hardly)\w+ ){{0,2}}?"
    r"(?:(?:cant|cannot|couldnt|could not) (?:really )?(?:stand|bear|abide|support|suffer|stomach|take)|hates?|hated|dislikes?|detests?|loathes?|despises?"
    r"|(?:dont|doesnt|do not|does not|didnt) (?:really |much |even )?(?:like|enjoy|care for|want))(?: (?:him|her|it|them|those))?(?: (?:at all|either|much|honestly|tbh|sorry|im afraid))*(?= ?(?:$|[.,!?;]))"
)
_NOT_QUITE = re.compile(rf"^{_WITH}{_NOT}what (?:i|we)\b")
_NO = re.compile(r"^(?:no|nope|nah)\b(?= ?(?:$|[.,!;]))")
_BECAUSE = re.compile(
    r"^(?:sorry ,? ?)?(?:not (?:into|in the mood|my|for me|so into|a fan|feeling|keen)|(?:no|nothing)\b|dont (?:like|want|fancy)|(?:i )?(?:hate|dislike)\b)"
)
_NONE_OF_IT = re.compile(
    r"^(?!.*\bbut\b).*\b(?:(?:none|no more|nothing) of (?:that|those|these|them|it)|so (?:please )?(?:none|not any)(?: please| tonight| today)?$)"
    r"|^(?:though |but )(?:i|we) (?:just |really |simply |honestly )?(?:cant|cannot|could never|dont|never|didnt) (?:really |quite |ever )?(?:see|get|got|saw|understand|understood) (?:the (?:fuss|appeal|point|hype|attraction)|it$|why$)"
)
_UNPAID = re.compile(
    r"\b(?:not|never|(?:do|wo|would|ca)nt|without|refuse to) (?:\w+ ){0,2}?(?:pay|paying|spend|spending|shell(?:ing)? out)(?: \w+){0,2}? (?:for|on)(?: (?!but\b|and\b)\w+){1,3}"
)
_DIVIDES = re.compile(r"\s*[:–—]\s*|\s+-+\s+")


def spurned(message: Message, end: int, item: bool = False) -> Literal["no", "soft"] | None:
    """Returns how the words from token `end` on turn down what stands right before them: `soft` for "isn't quite what I want".

    An `item` can be turned down in fewer words, too: "Heat no", "Heat: not into crime".
    """
    if end >= len(message):
        return None
    stop = message.sentence(end - 1)[1]
    rest = message.words(end, stop)
    if not message.tokens[end].mark and _OUT.search(rest):
        return "soft" if _NOT_QUITE.search(rest) else "no"
    if not message.tokens[end].mark and _LOATHED.search(message.marked[message.marked_at(end) :]):
        return "no"
    return "no" if _NONE_OF_IT.search(rest) or (item and _said_no(message, end, rest)) else None


def unpaid(message: Message) -> list[tuple[int, int]]:
    """Returns the tokens `[start, end)` in which somebody says what they don't pay for: that it costs nothing is wished, not another kind."""
    return [(start, end) for start, end, _ in message.find(_UNPAID)]


def _said_no(message: Message, end: int, rest: str) -> bool:
    """Tells whether "no" follows a title, or a colon and why it is not wanted."""
    marked = message.marked[message.marked_at(end) :]
    if message.tokens[end].mark in ("", ",") and _NO.search(marked):
        return True
    return bool(_DIVIDES.fullmatch(message.gap(end)) and _BECAUSE.search(rest))
