"""From a model's quotes and values to wishes that the message and the catalogue carry; what does not link is text, never a guess."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from convrec.agent.compact.message import Message
from convrec.agent.compact.preferences import Wish, carries, filter_of
from convrec.agent.compact.ranges import RangeHit
from convrec.agent.compact.scope import Scopes, Stance
from convrec.agent.compact.understander import TitleMention
from convrec.agent.llm.catalogue_lines import shared
from convrec.agent.request import preference_predicate
from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.schema import Field
from convrec.core.predicate import Predicate
from convrec.core.text import fold, words
from convrec.core.understanding import Preference, Scope, Span
from convrec.prompts.understand.answer import QuotedPreference
from convrec.tools.lexicon import ASKING, STOP

_NO_WISH = STOP | ASKING  # words in which nothing is wished


class Links(Protocol):
    """What links words to the catalogue; the compact engine does."""

    def values_in(self, text: str) -> list[tuple[Field, str]]:
        """Returns the values that a text names."""
        ...

    def ranges_in(self, text: str) -> list[RangeHit]:
        """Returns the ranges that a text gives."""
        ...

    def link_titles(self, text: str) -> list[TitleMention]:
        """Returns the titles that a text names."""
        ...


def span_of(quote: str, text: str, taken: Sequence[Span] = ()) -> Span | None:
    """Returns where the quote stands in the text, without regard to case, at a place not taken yet; None where it does not."""
    low, wanted = text.casefold(), quote.strip().casefold()
    if not wanted or len(low) != len(text):
        return None
    start = low.find(wanted)
    while start >= 0 and (start, start + len(wanted)) in taken:
        start = low.find(wanted, start + 1)
    return (start, start + len(wanted)) if start >= 0 else None


class Linker:
    """Checks a model's wishes against the message and links them to one catalogue."""

    def __init__(self, links: Links, catalogue: Catalogue) -> None:
        self._links, self._catalogue = links, catalogue
        self._single = frozenset(field.name for field in catalogue.schema.valued if field.type != "tags")

    def linked(self, said: QuotedPreference, text: str, taken: Sequence[Span]) -> Preference | None:
        """Returns the wish with its place in the message; None where its quote is not there or says nothing, or it names an item that no words name.

        A value that the quote itself names keeps its strength; one that only the model saw in it is a soft wish; what is no value
        of its field is searched for as words.
        """
        span = span_of(said.quote, text, taken)
        if span is None:
            return None
        said = said.model_copy(update={"scope": self._scope(said, text, span)})
        quote = text[span[0] : span[1]]
        if said.facet == "item":
            return self._item(said, quote, span)
        if set(words(quote)) <= _NO_WISH:
            return None
        wish = Preference(facet="text", value=quote, polarity=said.polarity, scope=said.scope, span=span)
        if said.facet not in self._catalogue.schema.names:
            return wish
        field = self._catalogue.schema.field(said.facet)
        if field.measured:
            return self._range(said, field, quote, span) or wish
        return self._value(said, field, quote, span) or wish

    @staticmethod
    def _scope(said: QuotedPreference, text: str, span: Span) -> Scope:
        """Returns how long the wish lasts: what is kept beyond the conversation is heard in the message itself."""
        message = Message(text)
        heard = Scopes(message).stance(*message.tokens_of(span)).scope
        return heard if said.scope == "lasting" else said.scope

    def _item(self, said: QuotedPreference, quote: str, span: Span) -> Preference | None:
        mentions = self._links.link_titles(quote)
        if not mentions:
            return None
        item = self._catalogue.item(mentions[0].item_ids[0])
        return Preference(
            facet="item", value=item.title, item_id=item.id, polarity=said.polarity, scope=said.scope, span=span
        )

    def _range(self, said: QuotedPreference, field: Field, quote: str, span: Span) -> Preference | None:
        hit = next((hit for hit in self._links.ranges_in(quote) if hit.field.name == field.name), None)
        if hit is None:
            return None
        return Preference(
            facet=field.name, value=hit.value, polarity=said.polarity, strength="soft" if hit.vague else said.strength, scope=said.scope, span=span,
        )  # fmt: skip

    def _value(self, said: QuotedPreference, field: Field, quote: str, span: Span) -> Preference | None:
        named = [value for known, value in self._links.values_in(quote) if known.name == field.name]
        own = self._own(field, said.value)
        if own is not None and not shared(self._catalogue, carries(field, own)):
            own = None
        value = next((value for value in named if value == own), named[0] if named else own)
        if value is None:
            return None
        strength = said.strength if named else "soft"
        return Preference(
            facet=field.name, value=value, polarity=said.polarity, strength=strength, scope=said.scope, span=span
        )

    def _own(self, field: Field, value: str) -> str | None:
        """Returns the field's value that is written so, as the catalogue writes it."""
        if field.type == "bool":
            return fold(value) if fold(value) in ("true", "false") else None
        return self._catalogue.values(field.name).find(value) if field.valued else None

    def filter(self, text: str, wishes: Sequence[Preference]) -> Predicate | None:
        """Returns what the hard wishes demand together, "or" and "not" as the message has them; None where nothing is demanded."""
        message, schema = Message(text), self._catalogue.schema
        found = [
            _as_wish(message, wish, schema.field(wish.facet), predicate)
            for wish in wishes
            if wish.strength == "hard" and (predicate := preference_predicate(wish, schema)) is not None
        ]
        return filter_of(message, found, self._single, self.matches)

    def matches(self, predicate: Predicate) -> bool:
        """Tells whether any item meets the predicate."""
        return bool(self._catalogue.mask(predicate).any())


def _as_wish(message: Message, wish: Preference, field: Field, predicate: Predicate) -> Wish:
    start, end = message.tokens_of(wish.span)
    stance, number = Stance(wish.polarity, wish.strength, wish.scope), field.measured
    return Wish(start, end, field.name, wish.value, predicate, stance, number=number)
