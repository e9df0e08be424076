"""Words that point at people and facts of earlier turns: "that director", "without him", "the same decade", "anyone else"."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from convrec.agent.compact.fields import Fields, described
from convrec.agent.compact.lexicon import NOUNS
from convrec.agent.compact.message import Message
from convrec.agent.compact.ranges import RangeHit
from convrec.agent.compact.references import Pointer
from convrec.agent.compact.value_linker import ValueHit
from convrec.agent.compact.values import Value
from convrec.agent.releases import conjuncts
from convrec.agent.state import DialogueState
from convrec.agent.wording import bounds
from convrec.catalogue.schema import Field
from convrec.core.predicate import Both, Comparison, Predicate
from convrec.core.text import fold

_ROLE = r"(?P<role>[a-z]+?)s?"
_THAT = re.compile(rf"\b(?P<which>that|the same|same|this|those) {_ROLE}\b")
_HIM = re.compile(
    r"\b(?:(?<!which )(?<!coming )(?<!swears )(?<!swear )(?<!swore )(?P<how>by|with|without|of|starring|from|featuring|not|like|but) )(?P<who>him|her|his|hers)\b(?! (?:friends?|family|own|new \w+ ?$))"
    r"|(?:^|[.,!?] |\band |\bnow |\bbut |\bmore of |\bthen |\bof )(?P<poss>his|her)(?= (?:\w+ )?(?:films?|movies?|books?|novels?|games?|work|stuff|ones|songs?)|(?: (?:other|newer|older|earlier|later|best|early|late|recent|latest))+(?= ?(?:$|[.,!?])))"
)
_OTHER = re.compile(
    rf"\b(?:(?P<how>by|with|from|of) )?(?:(?P<other>other|different|another) {_ROLE}\b|(?P<else>(?:anyone|someone|somebody|anybody|others?) else)\b|(?P<theirs>other peoples|someone elses|other people)\b)"
)
_THEIRS = re.compile(
    r"\b(?:(?:what|anything|something|which|whats|who) else (?:have|has|did|do|does|by|from) (?:they|he|she|them)|(?:do|does|did|have|has) (?:they|he|she) (?:also |ever )?(?:grown?|makes?|made|done?|develop(?:ed)?|direct(?:ed)?|write|written|publish(?:ed)?|run|keep) (?:any|anything|something|more|others?)\b|(?:do|does|did|have|has) (?:they|he|she) (?:also |ever )?(?:(?P<has>have|has|had|got) |(?:make|made|do|done|develop(?:ed)?|direct(?:ed)?|grown?|write|written|publish(?:ed)?) )(?:any |some )?(?:other|more) (?:NOUNS)\b|(?P<not_own>(?:but )?not )(?:his|hers|theirs)\b|of (?:hers|theirs)\b|of his(?= ?(?:$|[.,!?;]|(?:and|or|but|too|that|i|we|please|from|in|with|you|as|for)\b))|(?<!swears )(?<!swear )(?P<not>(?:not|nothing|none|without|no more)(?: \w+)? )?(?:by|from) (?:them|theirs|hers|the same (?:people|lot|folks))"
    r"|(?:more|others?|any|anything|something|everything) (?:of )?theirs|(?:by|from) the (?P<role>[a-z]+?)s? (?:of|behind|who made)|(?:whoever|(?:the )?(?:ones?|people|lot) (?:who|that)) (?P<does>[a-z]+))\b"
)
_OF_A_PERSON = re.compile(r"\b(?:he|she|his|hers|him|her)\b")
_DATES = re.compile(r"\b(?:from|of|in|around|about|set in)$")
_OF_TIME = re.compile(r"\b(?:every|each|the) $")  # "every other month", "the other day"
_BY_THEM = re.compile(r"\b(?:by|from|of|not|than|no more) $")
_DWELLINGS = {"house", "team", "folks"}  # makers where something is by or from them; else where or with whom one is
_FIRM = re.compile(
    r"&|\b(?:and|the|of|studios?|games?|interactive|entertainment|nurser(?:y|ies)|works?|collective|inc|ltd|press|books|company|co|sons|farms?|gardens?)\b|\d"
)
_NOT_MADE = re.compile(r"\b(?:not|never|nothing|none)(?: \w+)? (?:by|from)$")
_KINDS = {"genre", "kind", "type", "style", "category", "cuisine", "topic", "sort"}
_TIMES = {"decade", "year", "period", "era", "time", "century"}
_PEOPLE = {"people", "person", "guy", "woman", "man", "maker"}
_HOUSES = {"studio", "company", "team", "firm", "house", "nursery", "brand", "label", "maker", "creator", "folks"}


@dataclass(frozen=True)
class Echo:
    """A value taken from earlier: as `hit`, wanted or (`negative`) to be left out."""

    hit: ValueHit
    negative: bool = False


class DeixisReader:
    """Resolves such words for one catalogue."""

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        nouns = sorted({*NOUNS, fields.catalogue.schema.noun.casefold(), fields.catalogue.schema.nouns.casefold()})
        self._theirs_said = re.compile(_THEIRS.pattern.replace("NOUNS", "|".join(map(re.escape, nouns))))

    def read(
        self, message: Message, state: DialogueState, named: Sequence[Pointer], hits: Sequence[ValueHit]
    ) -> list[Echo]:
        """Returns the values that the message takes from earlier turns or from items it points at."""
        return [
            *self._that(message, state, named),
            *self._him(message, state, hits),
            *self._others(message, state, named),
            *self._theirs(message, state, named, hits),
        ]

    def same_time(self, message: Message, state: DialogueState, named: Sequence[Pointer]) -> list[RangeHit]:
        """Returns the range that "the same decade" or "that year" means: the one in force, else that of the item meant."""
        if self._fields.year is None:
            return []
        found = []
        for start, end, match in message.find(_THAT):
            if match["role"] not in _TIMES or match[0] == "this time":
                continue
            if match["role"] == "time" and not _DATES.search(message.words(max(0, start - 2), start)):
                continue  # "at the same time" is no year
            span = self._time_in_force(state)
            item = _meant(state, _told(message, named, start, end))
            if (match["which"] in ("that", "this") and item) or span is None:
                span = self._time_of(item, match["role"]) or span
            if span is not None:
                found.append(RangeHit(start, end, self._fields.year, *span))
        return found

    def _that(self, message: Message, state: DialogueState, named: Sequence[Pointer]) -> Iterator[Echo]:
        for start, end, match in message.find(_THAT):
            fields = self._role(match["role"])
            if not fields or self._is_elsewhere(message, match):
                continue
            here = _told(message, named, start, end)
            if here and match["role"] in _KINDS and "same" not in match["which"]:
                continue  # "I liked Heat, more of that kind" wants what is like Heat, not all of its genres at once
            item = _meant(state, here)
            own = self._of_item(item, fields)
            held = self._in_force(state, fields)
            same = "same" in match["which"]
            if held and (same or match["which"] == "those" or not own):
                yield from (Echo(ValueHit(start, end, value, either=True)) for value in held)
                continue
            for value in own[:1] if set(fields) & set(self._fields.people) else own[:2]:
                yield Echo(ValueHit(start, end, value))

    def _him(self, message: Message, state: DialogueState, hits: Sequence[ValueHit]) -> Iterator[Echo]:
        people = self._fields.people
        for start, _, match in message.find(_HIM):
            if match["how"] == "of" and match["who"] in ("his", "hers"):
                continue  # whoever made it: `_theirs`
            place = message.range_of(match, "who" if match["who"] else "poss")
            excluded = match["how"] in ("without", "not", "but")
            before = [hit for hit in hits if hit.end <= start and hit.value.field in people]
            preferred = self._fields.makers if match["how"] in ("by", "from") or match["poss"] else self._fields.players
            if before:
                meant = before[-1].value
                made = match["how"] in ("by", "from") and meant.field not in preferred
                value = Value(preferred[0], meant.value, meant.count) if made and preferred else meant
                yield Echo(
                    ValueHit(*place, value), negative=excluded or bool(_NOT_MADE.search(message.words(0, place[0])))
                )
                continue
            values = (
                self._in_force(state, preferred)
                or self._in_force(state, people)
                or self._of_item(_meant(state, ()), preferred)
            )
            values = [value for value in values if not _FIRM.search(fold(value.value))]  # a firm is no "him"
            if values:
                own, makers = values[0], self._fields.makers
                made = match["how"] == "by" and own.field not in makers and bool(makers)
                value = Value(makers[0], own.value, own.count) if made else own
                yield Echo(ValueHit(*place, value), negative=excluded)

    def _others(self, message: Message, state: DialogueState, named: Sequence[Pointer]) -> Iterator[Echo]:
        for start, end, match in message.find(_OTHER):
            fields = self._role(match["role"]) if match["role"] else self._by_lead(match["how"], bool(match["theirs"]))
            if not fields or (match["theirs"] == "other people" and match["how"] not in ("by", "from")):
                continue
            if match["other"] == "other" and _OF_TIME.search(message.marked[: match.start()]):
                continue
            values = self._in_force(state, fields)
            if not values and (match["how"] or match["role"]):
                values = self._of_item(_meant(state, _told(message, named, start, end)), fields)[:1]
            for value in values:
                yield Echo(ValueHit(start, end, value), negative=True)

    def _theirs(
        self, message: Message, state: DialogueState, named: Sequence[Pointer], hits: Sequence[ValueHit]
    ) -> Iterator[Echo]:
        """Yields who made what is talked about: "what else have they done?", "any of theirs", "not from them", "by the director of Heat".

        Where the message names somebody before, that is who is meant, and a wish already.
        """
        for start, end, match in message.find(self._theirs_said):
            place = (start, end)
            if any(hit.end <= start and hit.value.field in self._fields.people for hit in hits):
                continue
            fields = self._role(match["role"]) if match["role"] else self._fields.makers
            of_item = match["role"] or match["does"]
            here = [p for p in named if p.start in (end, end + 1)] if of_item else _told(message, named, start, end)
            if of_item and not here:
                continue
            values = self._in_force(state, fields)
            if not values and not match["role"] and _OF_A_PERSON.search(match[0]):
                values = self._in_force(state, self._fields.people)
            if here:
                values = [value for value in values if value in self._of_item(_meant(state, here), (value.field,))]
            values = values or self._of_item(_meant(state, here), fields)
            if match["has"] and not any(fold(value.value) in fold(state.reply) for value in values):
                continue  # "they" are whoever has the items
            for value in values[:2]:
                yield Echo(ValueHit(*place, value, firm=True), negative=bool(match["not"] or match["not_own"]))

    def _by_lead(self, how: str | None, theirs: bool) -> tuple[Field, ...]:
        if theirs or how in ("by", "from", "of"):
            return self._fields.makers or self._fields.people
        return self._fields.players if how == "with" else self._fields.people

    def _role(self, role: str) -> tuple[Field, ...]:
        """Returns the fields that a word such as "director" or "genre" names."""
        if role in _KINDS:
            return self._fields.kinds
        if role in _PEOPLE:
            return self._fields.people
        if role in _HOUSES and not any(role in described(f) for f in self._fields.people):
            return self._fields.makers
        if len(role) < 4:
            return ()
        exact = tuple(
            f
            for f in self._fields.valued
            if any(w in (role, f"{role}s") or (role.startswith(w) and len(w) > 3) for w in f.name.split("_"))
        )
        return exact or tuple(f for f in self._fields.people if {role, f"{role}s"} & described(f))

    def _is_elsewhere(self, message: Message, match: re.Match[str]) -> bool:
        """Tells whether a house or a team is one that somebody lives in or plays with: "it's war in this house"."""
        role = match["role"]
        if role not in _DWELLINGS or "same" in match["which"] or any(role in described(f) for f in self._fields.people):
            return False
        return _BY_THEM.search(message.marked[: match.start()]) is None

    def _in_force(self, state: DialogueState, fields: Sequence[Field]) -> list[Value]:
        """Returns the values wished for in those fields, of the latest demand or wish."""
        names = {field.name: field for field in fields}
        found = [
            (constraint.turn, Value(names[part.field], value, 0))
            for constraint in state.constraints
            for part in _positive(constraint.predicate)
            if part.field in names
            for value in _listed(part.value)
        ]
        found += [
            (held.turn, Value(names[held.preference.facet], held.preference.value, 0))
            for held in state.held
            if held.preference.facet in names and held.preference.polarity > 0
        ]
        latest = max((turn for turn, _ in found), default=0)
        return [value for turn, value in found if turn == latest]

    def _of_item(self, item: str | None, fields: Sequence[Field]) -> list[Value]:
        row = self._fields.catalogue.row(item) if item else None
        if row is None:
            return []
        return [
            Value(field, value, 0) for field in fields for value in self._fields.catalogue.values(field.name).of(row)
        ]

    def _time_in_force(self, state: DialogueState) -> tuple[float | None, float | None] | None:
        year = self._fields.year
        for constraint in reversed(state.constraints):
            for part in conjuncts(constraint.predicate):
                if (
                    year is not None
                    and isinstance(part, Comparison)
                    and part.field == year.name
                    and year.type == "number"
                ):
                    return bounds(part)
        return None

    def _time_of(self, item: str | None, role: str) -> tuple[float, float] | None:
        years, row = self._fields.years(), self._fields.catalogue.row(item) if item else None
        if years is None or row is None or years[row] != years[row]:
            return None
        first = years[row] if role == "year" else years[row] // 10 * 10
        return float(first), float(first + (0 if role == "year" else 9))


def _told(message: Message, named: Sequence[Pointer], start: int, end: int) -> list[Pointer]:
    """Returns the items pointed at right behind ("the same director as Heat"), else those before."""
    behind = [p for p in named if p.item_ids and end < p.start <= end + 2 and message.tokens[end].norm in ("as", "of")]
    return behind[:1] or [p for p in named if p.item_ids and p.end <= start]


def _meant(state: DialogueState, here: Sequence[Pointer]) -> str | None:
    """Returns the item that is talked about: the last pointed at, else in focus, else the first shown."""
    return here[-1].item_ids[0] if here else next(iter(state.focus[-1:] or state.shown[:1]), None)


def _positive(predicate: Predicate) -> Iterator[Comparison]:
    if isinstance(predicate, Comparison):
        yield predicate
    elif isinstance(predicate, Both):
        for arg in predicate.args:
            yield from _positive(arg)


def _listed(value: object) -> list[str]:
    return [str(part) for part in value] if isinstance(value, list | tuple) else [str(value)]
