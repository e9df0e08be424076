"""What a message thinks of the items it names or points at: liked, disliked, seen, asked for."""

import re
from collections.abc import Callable, Sequence
from typing import Literal

from convrec.agent.compact.marks import felt_first
from convrec.agent.compact.message import Message
from convrec.agent.compact.references import Pointer
from convrec.agent.compact.scope import Scopes
from convrec.agent.compact.spurned import spurned
from convrec.core.understanding import Polarity, Preference, Scope, Strength

Attitude = Literal["liked", "like", "disliked", "excluded", "seen", "asked", "compared", "permitted", "unlike", "none"]

_NEG = (
    r"hated?|hates|dislike[ds]?|despise[ds]?|detest(?:s|ed)?|loathe[ds]?|(?:did not|didnt|do not|dont|doesnt|never|not) (?:really |particularly |much |even )*(?:like|liked|love|enjoy|care for|get into|fond of|a fan of|into)"
    r"|cant stand|couldnt stand|cannot stand|bored by|disappointed (?:by|in)|sick of|couldnt finish|walked out of|put me off|nothing like|not (?:anything|something|things?) like"
)
_POS = r"(?:really |absolutely )?(?:(?<=\bi )like|(?<=\bwe )like|loved?|loves|liked|likes|enjoy(?:ed|s)?|adore[ds]?|fans? of|favou?rites?(?: (?:movie|film|book|game|one|thing|restaurant))?(?: ever)? (?:is|was|are)|into|enjoying|obsessed with|crazy about|blown away by|(?:could|can|would) live with|prefer|leaning (?:to|towards?))"
_LIKE = r"(?:similar to|like|along the lines of|in the (?:style|vein|spirit) of|reminiscent of|reminds me of|such as|akin to|comparable to|in the direction of|close to|thinking of|another|based on|in the mood for something like|kind of)"
_SEEN = r"(?:seen|watched|saw|rewatched|read|finished|played|know|been to|already (?:have|own)|own|visited|tried|eaten at|heard)"
_ASKED = r"(?:have|got|find|show|show me|stock|carry|is there|there is|called|named|titled|who(?:s| is| was| are| plays| else is)? (?:\w+ )?in|about|director of|cast of|year of|directed|wrote|made|see|watch|what is|whats|mean|meant|how is|what about|how about|play|want)"
_COMPARED = r"(?:than|compare|versus|vs|between|difference between|as (?:\w+ )?as)"
_EVENT = re.compile(
    rf"\b(?:(?P<disliked>{_NEG})|(?P<want>(?:id|would|ill|i will) (?:also |really |rather )?(?:like|love|enjoy|prefer)(?: to)?)|(?P<compared>{_COMPARED})|(?P<seen>{_SEEN})|(?P<liked>{_POS})|(?P<like>{_LIKE})|(?P<asked>{_ASKED}))\b"
)
_LESS = re.compile(r"\b(?:less like|unlike)(?: (?:the|that|this))? *$")
_AFTER_NEG = re.compile(
    r"^(?:(?:that|which) (?:i|we|he|she) (?:really |absolutely )?(?:hated|disliked|detested)|(?:is|was|were|are|seems|looks|sounded) (?:\w+ ){0,2}?(?:terrible|awful|boring|bad|overrated|horrible|dull|too \w+|not good|not great|stupid|trash|garbage|rubbish|dreadful|dire|lame|disappointing|worst|crap|not for me|not my \w+)|(?:bored|sucked|sucks|disappointed)|wasnt (?:good|great|for me|my))\b"
)
_AFTER_POS = re.compile(
    r"^(?:(?:that|which) (?:i|we|he|she) (?:really |absolutely )?(?:loved|liked|enjoyed)|(?:is|was|were|are) (?:\w+ ){0,3}?(?:great|amazing|awesome|good|fantastic|excellent|brilliant|wonderful|fun|perfect|favou?rites?|lovely|nice|better|fine|ok|okay|alright|cool|the best|superb|masterpiece|classic)|rocks?|rules"
    r"|(?:is|are|was|comes?|gets?|looks?|feels?|sounds?) (?:\w+ ){0,2}?(?:close|closer|closest|near|nearer|nearest|nearly it|almost it|more like it|better|good|great|nice)"
    r"|(?:rather than|instead of|over) \w+)\b"
)
_CHANGED = re.compile(r"^(?:but|just|only|though)\b \w+")  # "the second one but newer" wants one like it
_MODEL = re.compile(
    r"\b(?:something|anything|more|one|ones) (?:\w+ )?(?:like|similar to|along the lines of|in the vein of)$"
)
_BETWEEN = re.compile(
    r"[\s\"'“”’]*(?:,|&|and|or|,\s*(?:and|or)|as well as|plus)[\s\"'“‘]*(?:the\s+|also\s+)?", re.IGNORECASE
)
_DIRECTLY_NOT = re.compile(r"(?<!\bif )(?<!\bwhy )(?<!\bor )(?<!whether )\bnot$")
_GENERAL = re.compile(r"\b(?:i|im|ive|my)\b")


def attitude(message: Message, scopes: Scopes, pointer: Pointer) -> Attitude:
    """Returns what the words around an item say of it: the nearest verb before it in its sentence decides, else what follows."""
    if pointer.turned_down:
        return "excluded"
    first, last = message.sentence(pointer.start)
    after = message.words(pointer.end, last)
    if pointer.end < last and message.gap(pointer.end).strip() == "(":
        after = f"is {after}"  # "Peking Express (awful)"
    if judgement := _judged_after(message, pointer, after):
        return judgement
    if spurned(message, pointer.end, item=True) and not _measures(message, first, pointer):
        return "excluded"
    if _DIRECTLY_NOT.search(message.words(first, pointer.start)) and message.last_mark != "?":
        return "excluded"
    before = message.marked[message.marked_at(first) : message.marked_at(pointer.start)]
    events = [
        m
        for m in _EVENT.finditer(before)
        if not (m.lastgroup == "like" and re.search(r"\b(?:feel|look|looks|sounds?|would|id) $", before[: m.start()]))
    ]
    kind = events[-1].lastgroup if events else None
    if _LESS.search(before):
        return "unlike"
    if scopes.negation(pointer.start) == "mind":
        return "permitted"
    if scopes.negation(pointer.start) is not None and kind not in ("disliked", "compared", "seen", "asked"):
        return "disliked" if kind in ("liked", "like") else "excluded"
    if kind in (None, "asked") and _AFTER_POS.search(after):
        return "liked" if not message.text.rstrip().endswith("?") else "asked"
    if kind in (None, "asked") and pointer.kind != "pronoun" and _CHANGED.search(after):
        return "like"
    if kind is None or kind == "want":
        return "none"
    if (
        kind == "asked"
        and scopes.negation(pointer.start) == "no"
        and not re.search(r"\b(?:who|what|whats|have|got)\b", before)
    ):
        return "excluded"
    return kind  # type: ignore[return-value]


def _judged_after(message: Message, pointer: Pointer, after: str) -> Attitude | None:
    """Returns what the words behind an item say of it, where they do: "Arrival he found dull"."""
    if _AFTER_NEG.search(after):
        return "disliked"
    felt = felt_first(message, pointer.start, pointer.end) if pointer.kind == "title" else None
    return None if felt is None else "disliked" if felt["disliked"] else "liked"


def is_run_down(message: Message, pointer: Pointer) -> bool:
    """Tells whether the words right behind an item run it down: "Arrival looks dreadful"."""
    _, last = message.sentence(pointer.start)
    return not message.break_after(pointer.end) and _AFTER_NEG.search(message.words(pointer.end, last)) is not None


def is_model(message: Message, pointer: Pointer) -> bool:
    """Tells whether others are asked for that are like the item, whatever else its name may say: "something like Heat", "more like the first"."""
    first, _ = message.sentence(pointer.start)
    return _MODEL.search(message.words(first, pointer.start)) is not None


def _measures(message: Message, first: int, pointer: Pointer) -> bool:
    """Tells whether the item is an example, so that what follows is about others: "like Heat, no violence"."""
    return (
        re.search(r"\b(?:like|similar to|than|loved|liked|enjoyed)$", message.words(first, pointer.start)) is not None
    )


def _listed_with(message: Message, one: Pointer, other: Pointer) -> bool:
    """Tells whether two items stand in one list: nothing but commas and "and" between them."""
    between = message.text[message.span(one.start, one.end)[1] : message.span(other.start, other.end)[0]]
    return bool(_BETWEEN.fullmatch(between))


def attitudes(message: Message, scopes: Scopes, pointers: Sequence[Pointer]) -> list[Attitude]:
    """Returns the attitude to each item; one in a list shares that of the item before it, where it has none of its own."""
    found: list[Attitude] = []
    for place, pointer in enumerate(pointers):
        alone = attitude(message, scopes, pointer)
        listed = place > 0 and alone in ("none", "asked") and _listed_with(message, pointers[place - 1], pointer)
        found.append(found[-1] if listed else alone)
    return found


def item_preferences(
    message: Message, feelings: Sequence[Attitude], pointers: Sequence[Pointer], title: Callable[[str], str]
) -> list[Preference]:
    """Returns the likes and dislikes of items; `feelings` are a row a pointer, `title` tells an item's title by its id."""
    found: dict[str, Preference] = {}
    for pointer, feeling in zip(pointers, feelings, strict=True):
        named = pointer.kind == "title"
        several = pointer.kind == "description" and len(pointer.item_ids) > 1  # "all the Scream ones"
        polarity: Polarity | None = None
        if feeling in ("liked", "like", "permitted"):
            polarity = 1
        elif feeling in ("disliked", "unlike") or (feeling == "excluded" and (named or several)):
            polarity = -1
        if polarity is None or (len(pointer.item_ids) > 1 and not named and not (several and polarity < 0)):
            continue
        sentence = message.words(*message.sentence(pointer.start))
        scope: Scope = "lasting" if feeling in ("liked", "disliked") and _GENERAL.search(sentence) else "session"
        strength: Strength = "soft" if polarity > 0 else "hard"
        for item in pointer.item_ids if several else pointer.item_ids[:1]:
            found[item] = Preference(
                facet="item", value=title(item), item_id=item, polarity=polarity, strength=strength, scope=scope,
                span=message.span(pointer.start, pointer.end),
            )  # fmt: skip
    return list(found.values())
