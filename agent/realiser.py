"""Words for a slate: deterministic by seed, from facts and computed reasons alone."""

from collections.abc import Sequence

from convrec.agent.claims import TitleGuard
from convrec.agent.messages import Voice
from convrec.agent.state import LetGo, Slate
from convrec.agent.wording import distinct, is_kind, is_year, listed, request_words, year_field
from convrec.catalogue.schema import Schema
from convrec.core.predicate import Predicate
from convrec.core.reply import Question, ReplyItem

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_SAID_PER_ITEM = 2
_SETS_OFFERED = 3
START_OVER = "start over"  # the last option of the question which demand to let go


class Realiser:
    """Puts slates into words for one catalogue; a clause that names a title not in play is left out."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    def noun_slots(self) -> dict[str, str]:
        """Returns the slots that say what the catalogue holds."""
        noun = self._schema.noun
        return {"noun": noun, "nouns": self._schema.nouns, "a_noun": f"{'an' if noun[:1] in 'aeiou' else 'a'} {noun}"}

    def slate(
        self, slate: Slate, demands: Sequence[Predicate], named: Sequence[str], guard: TitleGuard, voice: Voice
    ) -> list[str]:
        """Returns the paragraphs of a slate: an opener, a line an item."""
        lead = [item for item in slate.items if item.id in named]
        rest = [item for item in slate.items if item.id not in named]
        parts: list[str] = []
        if lead:
            parts += [voice.say("named", **self.noun_slots()), self._lines(lead, 1, guard)]
        if rest:
            parts += [
                self._opener(slate, rest, demands, voice, after_named=bool(lead)),
                self._lines(rest, len(lead) + 1, guard),
            ]
        return parts

    def _opener(
        self, slate: Slate, shown: Sequence[ReplyItem], demands: Sequence[Predicate], voice: Voice, *, after_named: bool
    ) -> str:
        count = self.count(len(shown))
        if after_named:
            return voice.say("named_more")
        if slate.repeats:
            return voice.say("repeats")
        if len(shown) == 1 and slate.n_allowed <= 1:
            return voice.say("only_match", **self.noun_slots())
        if slate.n_allowed == len(shown):
            return voice.say("few_matches", count=count, **self.noun_slots())
        one = len(shown) == 1
        phrase = self._request(demands, one=one)
        return voice.say(
            "slate",
            count=count,
            Count=count.capitalize(),
            request=phrase,
            are="is" if one else "are",
            this="this" if one else "these",
        )

    def _request(self, demands: Sequence[Predicate], *, one: bool) -> str:
        schema = self._schema.model_copy(update={"nouns": self._schema.noun}) if one else self._schema
        return request_words(demands, schema)

    def count(self, n: int) -> str:
        """Returns a count in words up to ten."""
        return _NUMBERS[n] if n < len(_NUMBERS) else str(n)

    def _lines(self, items: Sequence[ReplyItem], first: int, guard: TitleGuard) -> str:
        return "\n".join(f"{number}. {self._line(item, guard)}" for number, item in enumerate(items, first))

    def _line(self, item: ReplyItem, guard: TitleGuard) -> str:
        year = year_field(self._schema)
        when = item.facts.get(year.name) if year else None
        head = f"**{item.title}**" + (f" ({str(when)[:4].removesuffix('.0')})" if when is not None else "")
        clauses = [clause for clause in self.clauses(item) if guard.passes(clause)]
        return f"{head}: {'; '.join(clauses).rstrip('.')}." if clauses else f"{head}."

    def clauses(self, item: ReplyItem) -> list[str]:
        """Returns what is worth saying of an item: its kind, its strongest worded reasons, and that the house put it there."""
        kinds = [value for f in self._schema.fields if is_kind(f) for value in _values(item.facts.get(f.name))]
        kind = listed(_asked_first(kinds, item)[:3], "and")
        worded = distinct([r.text for r in item.reasons if r.kind not in ("other", "constraint", "popularity")])
        said = [text for text in worded if text not in kinds and text != kind][:_SAID_PER_ITEM]
        ruled = [
            r.text for r in item.reasons if r.kind == "constraint" and r.weight > 0
        ]  # what the house lifted says so
        known = [r.text for r in item.reasons if r.kind == "popularity"][:1]
        return [part for part in (kind, *(said or known), *ruled) if part]

    def ask(self, question: Question, voice: Voice) -> Question:
        """Returns the question with its words."""
        field = self._schema.field(question.facet)
        name = "ask_kind" if is_kind(field) else "ask_year" if is_year(field) else "ask_other"
        text = voice.say(
            name, options=listed(question.options, "or"), facet=field.label or field.name.replace("_", " ")
        )
        return question.model_copy(update={"text": text})

    def nothing(self, demands: Sequence[Predicate], least: Sequence[LetGo], voice: Voice) -> str:
        """Returns the words for an empty slate."""
        if not least:
            return voice.say("nothing_at_all")
        return voice.say("nothing", request=request_words(demands, self._schema), **self.noun_slots())

    def which_to_drop(self, least: Sequence[LetGo], facet: str, voice: Voice) -> Question:
        """Returns the question which of the least sets of demands to let go, the best first, and what the best would leave."""
        sets = [listed([constraint.label for constraint in one.constraints]) for one in least[:_SETS_OFFERED]]
        noun = self._schema.noun if least[0].opens == 1 else self._schema.nouns
        text = voice.say(
            "drop" if len(sets) > 1 else "drop_one", first=sets[0], options=listed(sets, "or") if len(least[0].constraints) == 1 else "; or ".join(sets),
            left=f"{self.count(least[0].opens)} {noun}",
        )  # fmt: skip
        return Question(facet=facet, text=text, options=(*sets, START_OVER))


def _asked_first(kinds: Sequence[str], item: ReplyItem) -> list[str]:
    """Returns the kinds, those that were asked for before the others."""
    asked = " ".join(r.text for r in item.reasons if r.kind in ("constraint", "attribute"))
    return sorted(kinds, key=lambda kind: kind not in asked)


def _values(fact: object) -> list[str]:
    if fact is None:
        return []
    return [str(value) for value in fact] if isinstance(fact, list) else [str(fact)]
