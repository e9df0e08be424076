"""What a message speaks of without naming it: the item, the kind or the person that the talk is about.

"Yes, I have", "the acting was poor", "it's on my list" speak of the item that was named before, "they make me laugh" of the comedies liked a
message ago. Which of these it is the learned reader tells; what it is stands in the thread.
"""

import re
from collections.abc import Callable, Collection, Iterator, Sequence

from convrec.agent.compact.fields import Fields, described
from convrec.agent.compact.lexicon import FUNCTION, LINGO
from convrec.agent.compact.message import Message
from convrec.agent.compact.references import Pointer
from convrec.agent.compact.spurned import unpaid
from convrec.agent.compact.tagger.labels import POINTER, TITLE
from convrec.agent.compact.tagger.reader import Reading
from convrec.agent.releases import conjuncts
from convrec.agent.state import DialogueState
from convrec.catalogue.schema import Field
from convrec.core.predicate import Comparison, Not
from convrec.core.text import fold, words
from convrec.core.understanding import Polarity, Preference, Reference, Span

Linked = Callable[[str], Sequence[tuple[Field, str]]]
"""Returns the values that a text names, in its order."""

_MEANT = 0.5  # share from which something is what a message talks about
_SURE = 0.85
_ASKED = 0.95
_NAMED = 0.85  # probability from which words that link to nothing are taken for a title
_POINTED = 0.5
_SHORT = 4  # words of a message that says little more than a name
_AGAINST = re.compile(
    r"^(?:no|nope|nah|not)\b|\b(?:dont|do not|didnt|never|cant|not|hate[ds]?|dislike[ds]?|avoid|boring|bored|bad|worst|awful|terrible|annoying|too)\b"
)
_FOR = re.compile(
    r"^(?:yes|yeah|yep|sure|definitely|of course)\b|\b(?:like[ds]?|love[ds]?|enjoy(?:s|ed)?|great|good|best|fun|favou?rites?|fans?)\b"
)
_IT_IS = re.compile(r"\bit(?=['’]s\b)", re.IGNORECASE)
_MEANING: dict[str, Callable[[Fields], tuple[Field, ...]]] = {"genre": lambda f: f.kinds, "person": lambda f: f.people}


def topic_of(reading: Reading, least: float = _MEANT) -> str:
    """Returns what a message talks about, `title`, `genre`, `person` or `other`; an empty string where the reader cannot tell."""
    if not reading.topics:
        return ""
    best = max(reading.topics, key=reading.topics.__getitem__)
    return best if reading.topics[best] >= least else ""


def points_elsewhere(pointer: Pointer, span: Span, reading: Reading) -> bool:
    """Tells whether "it" or "that" means a kind or a person, no item: the talk is surely of one, and the reader sees no pointer there."""
    if pointer.kind != "pronoun" or topic_of(reading, _SURE) not in _MEANING:
        return False
    return not any(one.label in (POINTER, TITLE) and one.overlaps([span]) for one in reading.marked)


def is_other_word(span: Span, reading: Reading, fields: Fields) -> bool:
    """Tells whether words that are a title are none here: the talk is surely of kinds, and the reader takes one of them for a kind's."""
    here = [one for one in reading.marked if one.overlaps([span])]
    named = any(one.label in (POINTER, TITLE) for one in here)
    return (
        topic_of(reading, _SURE) == "genre"
        and not named
        and any(one.label == field.name for one in here for field in fields.kinds)
    )


def kinds_named(message: Message, reading: Reading, fields: Fields, nouns: Collection[str], spoken: bool) -> list[Span]:
    """Returns the words that the reader is sure name a kind of item, where kinds are talked about ("zombie movies").

    Where another kind is `spoken` of already, only those that stand before a word for the items, or in a message of hardly
    more: else they may only describe that kind.
    """
    if topic_of(reading) != "genre":
        return []
    names = {field.name: described(field) for field in fields.kinds}
    found = []
    for one in reading.marked:
        if one.label not in names or one.probability < _SURE:
            continue
        first, last = message.tokens_of((one.start, one.end))
        empty = all(word in LINGO or word in nouns or word in names[one.label] for word in message.norms(first, last))
        before_noun = last < len(message) and message.tokens[last].norm in nouns
        if not empty and (before_noun or not spoken or len(message) <= _SHORT):
            found.append((one.start, one.end))
    return found


def items_spoken_of(
    text: str, reading: Reading, state: DialogueState, references: Sequence[Reference], taken: Sequence[Span]
) -> Iterator[Reference]:
    """Yields references to what a message about an item does not link: titles that the catalogue does not have (they point at no item),
    words for the item in question ("the story"), else that item without a word of its own (span `(0, 0)`).
    """
    if topic_of(reading) != "title":
        return
    free = [one for one in reading.marked if not one.overlaps(taken)]
    unknown = [
        one for one in free if one.label == TITLE and one.probability >= _NAMED and _is_name(text[one.start : one.end])
    ]
    for one in unknown:
        yield Reference(kind="title", item_ids=(), span=(one.start, one.end))
    item = in_question(state)
    if unknown or any(reference.kind == "title" for reference in references):
        return
    pointed = [(one.start, one.end) for one in free if one.label == POINTER and one.probability >= _POINTED]
    its = (match.span() for match in _IT_IS.finditer(text))
    pointed += [(a, b) for a, b in its if not any(a < end and start < b for start, end in (*taken, *pointed))]
    for span in sorted(pointed):
        yield Reference(kind="pronoun", item_ids=item, span=span)
    if not (pointed or references or _asks(reading)):
        yield Reference(kind="pronoun", item_ids=item, span=(0, 0))


def values_spoken_of(
    message: Message,
    reading: Reading,
    state: DialogueState,
    fields: Fields,
    stated: Sequence[Preference],
    linked: Linked,
) -> tuple[Preference, ...]:
    """Returns what the thread wishes of the kind or the person that a message talks about and does not name, as it stands there.

    One that only the other side has named is wished for, or not, as the message says; where it does not say, nothing is.
    """
    fields_meant = _MEANING[topic](fields) if (topic := topic_of(reading)) in _MEANING else ()
    names = {field.name for field in fields_meant}
    if not names or _asks(reading) or unpaid(message) or any(p.facet in names for p in stated):
        return ()
    asked = [(field.name, value) for field, value in linked(state.reply) if field.name in names]
    held = _held(state, names)
    for facet, value in reversed(asked):
        known = [p for p in held if (p.facet, p.value) == (facet, value)]
        sign = known[-1].polarity if known else _sign(message)
        if sign is not None:
            return (*known[-1:],) or (Preference(facet=facet, value=value, polarity=sign),)
    return tuple(held[-1:])


def _asks(reading: Reading) -> bool:
    """Tells whether a message surely asks for items: what it does not name, it does not speak of."""
    return (reading.acts or {}).get("request", 0.0) >= _ASKED


def in_question(state: DialogueState) -> tuple[str, ...]:
    """Returns the one item that the talk is about; none where there are several that it could be."""
    return state.focus[-1:] or (state.shown if len(state.shown) == 1 else ())


def _held(state: DialogueState, names: set[str]) -> list[Preference]:
    """Returns the demands and wishes in force for some fields, the latest last."""
    found = []
    for demand in state.constraints:
        for part in conjuncts(demand.predicate):
            inner = part.arg if isinstance(part, Not) else part
            if isinstance(inner, Comparison) and inner.field in names and isinstance(inner.value, str):
                polarity: Polarity = -1 if isinstance(part, Not) else 1
                wish = Preference(facet=inner.field, value=inner.value, polarity=polarity, strength="hard")
                found.append((demand.turn, wish))
    for held in state.held:
        if held.preference.facet in names:
            found.append((held.turn, held.preference.model_copy(update={"span": (0, 0), "scope": "session"})))
    return [wish for _, wish in sorted(found, key=lambda pair: pair[0])]


def _sign(message: Message) -> Polarity | None:
    said = message.words(0, len(message))
    if _AGAINST.search(said):
        return -1
    return 1 if _FOR.search(said) else None


def _is_name(written: str) -> bool:
    """Tells whether words are written as a name is: all that tell something have a capital or, beside one that has, are figures."""
    said = [word for word in written.split() if fold(word) not in FUNCTION]
    plain = all(word in LINGO for word in words(written))
    return any(w[:1].isupper() for w in said) and not plain and not any(w[:1].islower() for w in said)
