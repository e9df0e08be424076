"""Words for a slate: deterministic by seed, from facts and computed reasons alone."""

from collections.abc import Sequence
from dataclasses import replace

from convrec.agent.checking.titles import TitleGuard
from convrec.agent.lines import Line, lines, shared
from convrec.agent.messages import Voice, phrase
from convrec.agent.openers import Occasion, count, opener, shortfall
from convrec.agent.state import Constraint, LetGo
from convrec.agent.wording import (
    demand,
    is_kind,
    is_person,
    is_year,
    joined_by,
    listed,
    request_words,
    small,
    with_article,
)
from convrec.catalogue.schema import Field, Schema
from convrec.core.predicate import Not, Predicate
from convrec.core.reply import Question, ReplyItem

_SETS_OFFERED = 3


class Realiser:
    """Puts slates into words for one catalogue; a clause that names a title not in play is left out."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    def noun_slots(self) -> dict[str, str]:
        """Returns the slots that say what the catalogue holds."""
        noun = self._schema.noun
        return {
            "noun": noun,
            "nouns": self._schema.nouns,
            "a_noun": with_article(noun),
        }

    def slate(
        self, at: Occasion, named: Sequence[str], guard: TitleGuard, voice: Voice, recalled: str = ""
    ) -> list[str]:
        """Returns the paragraphs of a slate: an opener, a line an item, and what goes for all of them. `at` shows all its items.

        `recalled` opens the items named where they are called back from earlier.
        """
        lead = [item for item in at.shown if item.id in named]
        rest = [item for item in at.shown if item.id not in named]
        parts: list[str] = []
        if lead:
            parts += [recalled or voice.say("named", **self.noun_slots()), lines(lead, 1, (), self._schema, guard)]
        if rest:
            parts += self._rest(replace(at, shown=rest), len(lead), guard, voice)
        return parts

    def _rest(self, at: Occasion, before: int, guard: TitleGuard, voice: Voice) -> list[str]:
        """Returns the paragraphs of the items that nobody named; `before` is how many stand before them."""
        common = shared(at.shown, self._schema, guard)
        first = voice.say("named_more") if before else opener(at, voice)
        told = lines(at.shown, before + 1, {r.text for r in common}, self._schema, guard)
        worth = next((r.text for r in common if not Line(at.shown[0], self._schema).of_kind(r)), "")
        of_all = voice.say("shared", all=_all(len(at.shown)), reason=worth) if worth else ""
        return [first, told, " ".join(part for part in (of_all, shortfall(at, voice)) if part)]

    def clauses(self, item: ReplyItem) -> list[str]:
        """Returns what is worth saying of an item: its kind, its strongest worded reasons, and that the house put it there."""
        return Line(item, self._schema).clauses(())

    def ask(self, question: Question, voice: Voice) -> Question:
        """Returns the question with its words."""
        field = self._schema.field(question.facet)
        name = (
            "ask_kind"
            if is_kind(field)
            else "ask_year"
            if is_year(field)
            else "ask_person"
            if is_person(field)
            else "ask_other"
        )
        text = voice.say(
            name,
            options=self._options(question, field),
            facet=field.label or field.name.replace("_", " "),
            **self.noun_slots(),
        )
        return question.model_copy(update={"text": text})

    def _options(self, question: Question, field: Field) -> str:
        """Returns the answers to choose from, what ties each of them to an item said once."""
        tie = joined_by(field, "") if field.valued else ""
        bare = [option.removeprefix(tie) for option in question.options]
        said = listed([small(option) for option in bare] if is_kind(field) else bare, "or")
        return f"{tie}{said}" if all(option.startswith(tie) for option in question.options) else said

    def nothing(self, demands: Sequence[Predicate], least: Sequence[LetGo], voice: Voice) -> str:
        """Returns the words for an empty slate."""
        if not least:
            return voice.say("nothing_at_all")
        return voice.say("nothing", requests=request_words(demands, self._schema, small), **self.noun_slots())

    def which_to_drop(self, least: Sequence[LetGo], facet: str, voice: Voice) -> Question:
        """Returns the question which of the least sets of demands to let go, the best first, and what the best would leave."""
        offered = least[:_SETS_OFFERED]
        sets = [listed([constraint.label for constraint in one.constraints]) for one in offered]
        said = [listed([demand(c.predicate, self._schema, small) for c in one.constraints]) for one in offered]
        single = all(len(one.constraints) == 1 for one in offered)
        one_left = least[0].opens == 1
        text = voice.say(
            "drop" if len(sets) > 1 else "drop_one",
            first=listed([self._may(constraint) for constraint in least[0].constraints]),
            options=listed(said, "or") if single else f"; {phrase('or')} ".join(said),
            left=f"{count(least[0].opens)} {self._schema.noun if one_left else self._schema.nouns}",
            are=phrase("are_one" if one_left else "are_many"),
        )
        return Question(facet=facet, text=text, options=(*sets, phrase("start_over")))

    def _may(self, constraint: Constraint) -> str:
        """Returns what letting the demand go would mean: `it need not be western`, `it may be with Tom Cruise`."""
        wanted = constraint.predicate
        if isinstance(wanted, Not):
            return phrase("may_be", demand=demand(wanted.arg, self._schema, small))
        return phrase("need_not_be", demand=demand(wanted, self._schema, small))


def _all(n: int) -> str:
    """Returns `both`, `all three`, `all four`."""
    return phrase("all_two" if n == 2 else "all_many", count=count(n))
