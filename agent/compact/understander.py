"""The compact engine's understanding of a message: linking, scope and acts by rules, MiniLM where rules end."""

import re
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cache

from convrec.agent.compact.acts import Heard, acts_of, goes_on, has_not
from convrec.agent.compact.advice import advised, felt_by, is_part, judged, lasts, respanned, titles_in, unlinked
from convrec.agent.compact.amounts import AmountReader
from convrec.agent.compact.apart import ApartReader
from convrec.agent.compact.asked import asked_fields, asks_of_it, is_asked_about
from convrec.agent.compact.calendar import CalendarReader
from convrec.agent.compact.degrees import DegreeReader
from convrec.agent.compact.deixis import DeixisReader
from convrec.agent.compact.descriptions import DescriptionReader
from convrec.agent.compact.endangered import EndangeredReader
from convrec.agent.compact.fields import Fields, fields_of
from convrec.agent.compact.leftovers import Leftover, LeftoverReader
from convrec.agent.compact.lexicon import THINGS
from convrec.agent.compact.marks import Hit, felt_first, is_occasion
from convrec.agent.compact.message import Message
from convrec.agent.compact.preferences import (
    Wish,
    filter_of,
    less_wanted,
    preference,
    range_wishes,
    settled,
    value_wish,
    value_wishes,
)
from convrec.agent.compact.ranges import RangeHit
from convrec.agent.compact.references import Pointer, PointerReader
from convrec.agent.compact.relative import RelativeReader
from convrec.agent.compact.scope import Scopes, is_of_today
from convrec.agent.compact.sentiment import Attitude, attitude, attitudes, is_model, is_run_down, item_preferences
from convrec.agent.compact.spelling import Speller
from convrec.agent.compact.spoken import (
    in_question,
    is_other_word,
    items_spoken_of,
    kinds_named,
    points_elsewhere,
    values_spoken_of,
)
from convrec.agent.compact.spurned import SAYING, unpaid
from convrec.agent.compact.superlatives import SuperlativeReader
from convrec.agent.compact.tagger.reader import Reader, Reading
from convrec.agent.compact.title_linker import TitleLinker
from convrec.agent.compact.titles import PARTIAL, TitleIndex
from convrec.agent.compact.told import is_beside, is_chewed, is_dated, is_incident
from convrec.agent.compact.value_linker import ValueHit, ValueLinker
from convrec.agent.compact.values import ValueIndex, singulars
from convrec.agent.compact.years import YearReader
from convrec.agent.describing.resolver import Resolver
from convrec.agent.memory.facts import facts_of, without_facts
from convrec.agent.memory.whose import is_own
from convrec.agent.releases import taken_back
from convrec.agent.state import DialogueState
from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.laid import LaidCatalogue
from convrec.catalogue.schema import Field
from convrec.core.clock import Clock
from convrec.core.garbage import uncollected
from convrec.core.predicate import Comparison, Not, Predicate, every
from convrec.core.predicate import fields_of as predicate_fields
from convrec.core.text import fold, words
from convrec.core.understanding import Act, Ordering, Preference, Reference, Span, Understanding
from convrec.tools.encoder import TextEncoder

_OPEN = {
    "request",
    "critique",
    "state_preference",
    "edit_profile",
    "answer",
    "other",
}  # acts in which words left over can be wishes
_I = re.compile(r"\b(?:i|im|ive|id|me|my|we|weve|us|our)\b")


@dataclass(frozen=True)
class TitleMention:
    """A title named in a text: where, which items bear it (best first), and how surely, in (0, 1]."""

    span: Span
    item_ids: tuple[str, ...]
    score: float


@dataclass(frozen=True)
class _Linked:
    """All that was linked in one message, before its signs are read."""

    titles: list[Pointer]
    pointers: list[Pointer]
    values: list[ValueHit]
    negatives: list[ValueHit]
    ranges: list[RangeHit]
    aside: list[tuple[int, int]]  # where a value is only told of

    def places(self, pointers: Sequence[Pointer]) -> list[tuple[int, int]]:
        """Returns the token ranges that something was linked to."""
        values = [(hit.start, hit.end) for hit in (*self.values, *self.negatives)]
        return [*values, *((hit.start, hit.end) for hit in self.ranges), *((p.start, p.end) for p in pointers)]


class Understander:
    """Understands messages about one catalogue. Without an encoder, wishes that link to nothing stay text."""

    @uncollected()
    def __init__(self, catalogue: Catalogue, clock: Clock, encoder: TextEncoder | None = None) -> None:
        self._clock, self._encoder = clock, encoder
        self._reader = Reader(catalogue, encoder) if encoder is not None and Reader.fits(encoder) else None
        fields = fields_of(catalogue)
        values, titles = ValueIndex(fields), TitleIndex(catalogue)
        self._leftovers = LeftoverReader(fields, encoder)
        self._read_by(fields, values, titles, Speller([*titles.words, *values.words]))

    def over(self, catalogue: LaidCatalogue) -> "Understander":
        """Returns what understands messages about a catalogue that was laid over its own; this one stays as it is.

        How often a value occurs, and what the learned reader looks up, stay as they were.
        """
        other, spoken = copy(self), catalogue.change.spoken
        fields, index = replace(self._fields, catalogue=catalogue), self._values.index
        values, titles, speller = index.over(fields, spoken), self._index, self._speller
        if len(spoken):
            titles = self._index.over(catalogue)
            speller = speller.knowing([*titles.words[len(self._index.words) :], *values.words[len(index.words) :]])
        other._leftovers = self._leftovers.over(fields)
        other._read_by(fields, values, titles, speller)
        return other

    def _read_by(self, fields: Fields, values: ValueIndex, titles: TitleIndex, speller: Speller) -> None:
        """Sets up what reads messages, over indexes that are made already."""
        catalogue, clock, encoder = fields.catalogue, self._clock, self._encoder
        self._catalogue, self._fields, self._index, self._speller = catalogue, fields, titles, speller
        nouns = THINGS | {catalogue.schema.noun.casefold()}
        self._nouns = nouns | {f"{noun}s" for noun in nouns}
        self._values = ValueLinker(
            values, speller, lambda: {catalogue.schema.noun.casefold(), catalogue.schema.nouns.casefold()}
        )
        self._titles = TitleLinker(self._fields, titles, speller, self._values.is_kind, self._values.is_surname)
        self._apart = ApartReader(self._fields, self._titles)
        self._years = YearReader(self._fields, clock.now().year, self._nouns)
        self._amounts = AmountReader(self._fields)
        self._calendar, self._degrees = CalendarReader(self._fields), DegreeReader(self._fields)
        self._endangered, self._superlatives = EndangeredReader(self._fields), SuperlativeReader(self._fields)
        self._pointers = PointerReader(nouns)
        self._deixis = DeixisReader(self._fields)
        self._relative = RelativeReader(self._fields)
        self._descriptions = DescriptionReader(self._fields, Resolver(self._fields, encoder))
        self._single_valued = frozenset(field.name for field in catalogue.schema.valued if field.type != "tags")

    def link_titles(self, text: str) -> list[TitleMention]:
        """Returns the titles that a text names, in order, none overlapping another."""
        message = Message(text)
        return [
            TitleMention(_closed(message, hit.start, hit.end), self._ids(hit.rows), hit.score)
            for hit in self._named(message)
        ]

    def values_in(self, text: str) -> list[tuple[Field, str]]:
        """Returns the catalogue's values that a text names, each with its field."""
        message = Message(text)
        titles = self._named(message)
        hits = self._values.link(message, lambda start, end: _overlaps(start, end, titles))
        return [(hit.value.field, hit.value.value) for hit in hits]

    def ranges_in(self, text: str) -> list[RangeHit]:
        """Returns the ranges of years and amounts that a text gives."""
        message = Message(text)
        return [*self._years.read(message), *self._amounts.read(message)]

    def understand(self, text: str, state: DialogueState) -> Understanding:
        """Returns what the message says, in the light of what the thread holds. Only its first 20,000 characters are read."""
        told, facts = without_facts(text), [fact.span for fact in facts_of(text)]
        whole = Message(told)
        if not len(whole):
            return Understanding(acts=("other",)) if told != text else Understanding()
        reading = Reading() if self._reader is None else self._reader.read(whole.text, state.reply)
        titles = self._titles_of(whole, reading)
        message = whole.masking([(hit.start, hit.end) for hit in titles])
        scopes = Scopes(message)
        named = [self._pointer(whole, hit) for hit in titles]
        linked = self._link(message, scopes, named, state, reading)
        described = self._descriptions.read(
            message, state, linked.values, linked.ranges, [*linked.titles, *linked.pointers]
        )
        pointers = sorted(described.pointers, key=lambda p: p.start)
        pointers = [p for p in pointers if not points_elsewhere(p, message.span(p.start, p.end), reading)]
        wishes = self._wishes(message, scopes, linked, described.used, pointers)
        wishes = self._as_read(message, [w for w in wishes if not self._is_recognised(message, w, state)], reading)
        felt = _felt(message, scopes, pointers, reading)
        items = item_preferences(message, felt, pointers, self._title)
        back = taken_back(text)
        standing = [w for w in wishes if not any(a <= message.span(w.start, w.end)[0] < b for a, b in back)]
        filtered = filter_of(message, standing, self._single_valued, lambda p: bool(self._catalogue.mask(p).any()))
        order, ordered = self._order(message, scopes, [*back, *(message.span(p.start, p.end) for p in pointers)])
        taken = [message.span(*place) for place in (*linked.places(pointers), *ordered, *linked.aside)]
        taken += [message.span(start, end) for start, end, _ in message.find(SAYING)]
        linked_wishes = tuple(respanned(preference(message, wish), reading) for wish in wishes)
        spoken = values_spoken_of(message, reading, state, self._fields, linked_wishes, self.values_in)
        kinds = kinds_named(message, reading, self._fields, self._nouns, bool(spoken))
        beyond = tuple(unlinked(whole.text, reading, taken, self._catalogue, kinds))
        preferences = (*linked_wishes, *items, *beyond)
        references = _references(message, pointers, felt, wishes if filtered is not None else ())
        of_it = bool(pointers) or (bool(in_question(state)) and asks_of_it(message))
        asked = asked_fields(message, self._catalogue.schema, self._catalogue if of_it else None)
        acts = acts_of(message, state, Heard(preferences, references, felt, filtered is not None, bool(asked)))
        acts = advised(message, acts, reading, state, preferences, felt)
        acts, extra = _asking_for_items(acts) if order is not None and not references else acts, Leftover()
        if {*_OPEN, "reject"} & set(acts):
            places = [*linked.places(pointers), *linked.aside, *ordered, *(message.tokens_of(p.span) for p in beyond)]
            extra = self._left_over(message, scopes, acts, places, facts, reading).beside(preferences)
            preferences = (*preferences, *extra.preferences)
            unsaid = [p for p in extra.preferences if any(a <= p.span[0] < b for a, b in back)]
            filtered = every(filtered, *self._nameless([p for p in (*beyond, *extra.preferences) if p not in unsaid]))
            said = bool(extra.preferences) or goes_on(message, state)
            acts = ("request",) if said and acts == ("other",) else acts
        if {"edit_profile", "forget"} & set(acts):
            filtered, order, preferences = None, None, tuple(_remembered(p, message) for p in preferences)
        else:
            preferences += () if beyond or {p.facet for p in preferences} & {p.facet for p in spoken} else spoken
            references += tuple(items_spoken_of(whole.text, reading, state, references, taken))
        beside = [wish.value for wish in beyond if wish.polarity > 0]
        preferences = tuple(_whose(stated, text) for stated in preferences)
        query = " ".join(dict.fromkeys([*self._words(wishes), *beside, *extra.words]))
        return Understanding(
            acts=acts, preferences=preferences, references=references, filter=filtered, query=query, order=order
        )

    def _left_over(
        self, message: Message, scopes: Scopes, acts: Sequence[Act], places: list[tuple[int, int]],
        facts: Sequence[Span], reading: Reading,
    ) -> Leftover:  # fmt: skip
        """Returns the wishes in words that no rule linked; beside what is only turned down no more than what else is unwanted: "no robots"."""
        extra = self._leftovers.read(message, scopes, places)
        elsewhere = [*facts, *has_not(message), *(message.span(*place) for place in unpaid(message))]
        found = tuple(felt_by(extra.outside(elsewhere), message.text, reading))
        if not _OPEN & set(acts):
            return Leftover(tuple(p for p in found if p.polarity < 0 and p.strength == "hard"))
        return replace(extra, preferences=found)

    def _order(
        self, message: Message, scopes: Scopes, elsewhere: Sequence[Span]
    ) -> tuple[Ordering | None, list[tuple[int, int]]]:
        """Returns the order asked for and the tokens that say so, unless they are taken back or point at an item shown ("the cheapest of them")."""
        order = self._superlatives.read(message, scopes)
        if order is None or any(start < order.span[1] and order.span[0] < end for start, end in elsewhere):
            return None, []
        return order, [message.tokens_of(order.span)]

    def _as_read(self, message: Message, wishes: Sequence[Wish], reading: Reading) -> list[Wish]:
        """Returns the wishes, those as tastes that the reader takes for such, of the message or of a sentence of it alone that tells of its writer."""

        @cache
        def read(sentence: tuple[int, int]) -> Reading:
            if self._reader is None or sentence == (0, len(message)) or not _I.search(message.words(*sentence)):
                return reading
            start, end = message.span(*sentence)
            alone = self._reader.read(message.text[start:end])
            return replace(alone, marked=tuple(replace(one, start=one.start + start, end=one.end + start) for one in alone.marked))  # fmt: skip

        return [lasts(wish, message, reading, lambda at: read(message.sentence(at))) for wish in wishes]

    def _titles_of(self, whole: Message, reading: Reading) -> list[Hit]:
        """Returns the titles named, by the rules or by the reader, in order."""
        named = [
            hit
            for hit in self._named(whole)
            if not is_other_word(whole.span(hit.start, hit.end), reading, self._fields)
        ]
        return sorted([*named, *self._read_titles(whole, named, reading)], key=lambda hit: hit.start)

    def _named(self, message: Message) -> list[Hit]:
        return self._titles.link(message, self._values.full_names(message))

    def _link(
        self, message: Message, scopes: Scopes, named: list[Pointer], state: DialogueState, reading: Reading
    ) -> _Linked:
        seasons = [
            hit
            for hit in (*self._calendar.read(message), *self._degrees.read(message), *self._endangered.read(message))
            if not _overlaps(hit.start, hit.end, named)
        ]
        values = self._values.link(message, lambda start, end: _overlaps(start, end, [*named, *seasons]))
        free = unpaid(message)
        aside = [
            (hit.start, hit.end)
            for hit in values
            if self._is_told(message, hit) or any(start <= hit.start < end for start, end in free)
        ]
        values = [
            hit
            for hit in values
            if (hit.start, hit.end) not in aside
            and not is_part(
                message.text,
                message.span(hit.start, hit.end),
                [v.field.name for v in (hit.value, *hit.others)],
                reading,
            )
        ]
        values = sorted([*values, *seasons], key=lambda hit: hit.start)
        years = [
            hit
            for hit in self._years.read(message)
            if not _overlaps(hit.start, hit.end, named) and not is_dated(message, hit.start, hit.end)
        ]
        dated = [hit for hit in years if not hit.vague]  # the five in "the last five years" measures nothing else
        sayings = [(start, end) for start, end, _ in message.find(SAYING)]
        amounts = [
            hit
            for hit in self._amounts.read(message, _bounded(state))
            if not is_part(message.text, message.span(hit.start, hit.end), [hit.field.name], reading)  # the 6 of "6:30"
            if not any(start <= hit.start < end for start, end in sayings)
        ]
        solid = years + [hit for hit in amounts if not _overlaps(hit.start, hit.end, [*named, *dated])]
        ranges = [hit for hit in solid if not (hit.vague and _overlaps(hit.start, hit.end, values))]
        values = [hit for hit in values if hit.score == 1 or not _overlaps(hit.start, hit.end, ranges)]
        named, values = self._apart.described(message, named, values)
        named = [*named, *self._apart.pointed(message, state, named, values)]
        values = [hit for hit in values if not _overlaps(hit.start, hit.end, named)]
        meant = self._apart.corrected(message, state)
        pointers = [
            p for p in self._pointers.read(message, meant, named) if not _overlaps(p.start, p.end, [*values, *ranges])
        ]
        about = [*named, *pointers]
        spurned = less_wanted(message, values)
        wanted = [hit for hit in values if hit not in spurned]
        echoes = self._deixis.read(message, state, about, wanted)
        ranges += [
            hit for hit in self._deixis.same_time(message, state, about) if not _overlaps(hit.start, hit.end, ranges)
        ]
        examples = [p.item_ids[0] for p in about if p.item_ids and attitude(message, scopes, p) in ("like", "liked")]
        relative = self._relative.read(message, state, about, examples, ranges)
        ranges = [hit for hit in ranges if not (hit.vague and _overlaps(hit.start, hit.end, relative))] + relative
        places = {(echo.hit.start, echo.hit.end) for echo in echoes}
        return _Linked(
            named,
            [p for p in pointers if not any(p.start < end and start < p.end for start, end in places)],
            [*values, *(echo.hit for echo in echoes if not echo.negative)],
            [echo.hit for echo in echoes if echo.negative],
            ranges,
            aside,
        )

    def _is_told(self, message: Message, hit: ValueHit) -> bool:
        """Tells whether a value is only told of: it befell somebody, or an item is to stand beside it."""
        start, end = hit.start, hit.end
        beside = hit.value.field in self._fields.kinds and is_beside(message, start, end)
        told = self._calendar.is_told(message, hit) or is_incident(message, start, end)
        return beside or told or is_chewed(message, start)

    def _read_titles(self, message: Message, linked: Sequence[Hit], reading: Reading) -> Iterator[Hit]:
        """Yields the titles that only the reader saw: what it takes for one and is one when it stands alone."""
        for start, end in titles_in(reading, [message.span(hit.start, hit.end) for hit in linked]):
            alone = Message(message.text[start:end])
            first, last = message.tokens_of((start, end))
            if is_occasion(message, first, last):
                continue
            whole = [hit for hit in self._titles.link(alone, []) if hit.end - hit.start == len(alone) == last - first]
            partly = [] if whole else self._titles.partly(alone.norms(0, len(alone)))
            yield from (replace(hit, start=first, end=last) for hit in whole)
            if partly:
                yield Hit(first, last, tuple(partly), PARTIAL)

    def _wishes(
        self, message: Message, scopes: Scopes, linked: _Linked, used: set[tuple[int, int]], pointers: Sequence[Pointer]
    ) -> list[Wish]:
        found = value_wishes(message, scopes, linked.values)
        found += [value_wish(message, hit, scopes, negative=True) for hit in linked.negatives]
        found += range_wishes(message, linked.ranges, scopes)
        return settled(
            message, [w for w in found if (w.start, w.end) not in used and not is_asked_about(message, w, pointers)]
        )

    def _nameless(self, unwanted: Sequence[Preference]) -> Iterator[Predicate]:
        """Yields what leaves out the items that are called by a word that is turned down: "no roses" no `Rose 'Night Watch'`."""
        for stated in unwanted:
            said = words(stated.value)
            if stated.facet == "text" and stated.polarity < 0 and stated.strength == "hard" and len(said) == 1:
                forms = (said[0], *singulars(said[0]))
                yield from (
                    Not(arg=Comparison(field="title", op="text", value=form))
                    for form in forms
                    if self._titles.having(form)
                )

    def _is_recognised(self, message: Message, wish: Wish, state: DialogueState) -> bool:
        """Tells whether a sentence of its own only repeats who the other side has just named: "Gregory Peck! Her other flame was …"."""
        alone = message.sentence(wish.start) == (wish.start, wish.end) != (0, len(message))
        alone = alone and bool({*words(wish.value)} & {*message.norms(wish.start, wish.end)})
        named = wish.facet in {field.name for field in self._fields.people} and fold(wish.value) in fold(state.reply)
        return alone and named and state.question is None

    def _pointer(self, message: Message, hit: Hit) -> Pointer:
        series = self._titles.whole_series(message, hit)
        series = series or (hit.rows if hit.score == PARTIAL and len(hit.rows) > 1 else ())  # "no Despicable anything"
        if series:
            return Pointer(hit.start, hit.end, "description", self._ids(series))
        return Pointer(hit.start, hit.end, "title", self._ids(hit.rows))

    def _ids(self, rows: Sequence[int]) -> tuple[str, ...]:
        return tuple(self._catalogue.ids[row] for row in rows)

    def _title(self, item: str) -> str:
        row = self._catalogue.row(item)
        return self._catalogue.titles[row] if row is not None else ""

    @staticmethod
    def _words(wishes: Sequence[Wish]) -> list[str]:
        return [wish.value for wish in wishes if wish.stance.polarity > 0 and not wish.number]


def _felt(message: Message, scopes: Scopes, pointers: Sequence[Pointer], reading: Reading) -> tuple[Attitude, ...]:
    """Returns what the message thinks of each item: by the rules, and by the reader where it is sure."""
    return tuple(
        rule
        if (rule == "like" and is_model(message, p)) or felt_first(message, p.start, p.end) or is_run_down(message, p)
        else judged(rule, message.span(p.start, p.end), reading)
        for p, rule in zip(pointers, attitudes(message, scopes, pointers), strict=True)
    )


def _asking_for_items(acts: tuple[Act, ...]) -> tuple[Act, ...]:
    """Returns the acts of a message that asks for the most or least of something: for items, not about one."""
    rest = tuple(act for act in acts if act not in ("ask_item", "compare", "request", "other"))
    return ("request", *rest)


def _references(
    message: Message, pointers: Sequence[Pointer], felt: Sequence[Attitude], wishes: Sequence[Wish]
) -> tuple[Reference, ...]:
    """Returns the pointers as references; a title only spoken of beside `wishes` describes."""
    found = []
    for pointer, feeling in zip(pointers, felt, strict=True):
        titled = pointer.kind == "title"
        place = _closed(message, pointer.start, pointer.end) if titled else message.span(pointer.start, pointer.end)
        owner = titled and any(pointer.start - 1 <= wish.end <= pointer.start for wish in wishes if not wish.number)
        aside = bool(wishes) and _is_aside(message, pointer, feeling)
        kind = "description" if aside or (owner and feeling == "asked") else pointer.kind
        found.append(Reference(kind=kind, item_ids=pointer.item_ids, span=place))
    return tuple(found)


def _bounded(state: DialogueState) -> list[str]:
    """Returns the fields that the thread has demands for, the latest first."""
    return [name for demand in reversed(state.constraints) for name in predicate_fields(demand.predicate)]


def _closed(message: Message, start: int, end: int) -> Span:
    """Returns the characters of a title, with the bracket that closes its year."""
    first, last = message.span(start, end)
    open_bracket = "(" in message.text[first:last] and message.text[last : last + 1] == ")"
    return first, last + open_bracket


def _overlaps(start: int, end: int, others: Sequence[Pointer | ValueHit | RangeHit | Hit]) -> bool:
    return any(start < other.end and other.start < end for other in others)


def _is_aside(message: Message, pointer: Pointer, feeling: Attitude) -> bool:
    """Tells whether a title is only spoken of beside a wish, not asked for: "no musicals, they sang Cats", "smaller than the peony"."""
    if pointer.kind != "title" or message.starts_sentence(pointer.start):
        return False
    return feeling == "none" or (feeling == "compared" and message.tokens[pointer.start - 1].norm == "the")


def _whose(stated: Preference, text: str) -> Preference:
    """Returns a preference that lasts only where it is the person's own: what a gift should be says nothing of who gives it."""
    if stated.scope != "lasting" or is_own(text, stated.span):
        return stated
    return stated.model_copy(update={"scope": "session"})


_FIRMLY = re.compile(r"\b(?:only|always|must|needs?|ha(?:s|ve) to)\b")


def _remembered(stated: Preference, message: Message) -> Preference:
    """Returns a preference as it is kept for good: what is said to the memory holds until it is taken back.

    A like is a demand only where it is put as one: "I only ever want plants that are safe for pets". What is wished for today stays so.
    """
    if is_of_today(message, message.tokens_of(stated.span)[0]):
        return stated
    firm = stated.polarity < 0 or message.has(_FIRMLY)
    return stated.model_copy(update={"scope": "lasting", "strength": stated.strength if firm else "soft"})
