"""How a slate is introduced: by what was just asked for, what still holds from before, and how sure the agent is of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from convrec.agent.messages import Voice, catalogue, phrase
from convrec.agent.reasons import LEAN
from convrec.agent.request import Wanted, preference_predicate
from convrec.agent.state import DialogueState, Slate
from convrec.agent.wording import after_noun, before_noun, demand, listed, order_words, request_words, small
from convrec.catalogue.catalogue import Catalogue
from convrec.core.predicate import Comparison, Predicate
from convrec.core.reply import ReplyItem
from convrec.core.understanding import Preference

_TITLES = 3  # liked items that are named


def count(n: int) -> str:
    """Returns a count in words up to ten."""
    numbers = catalogue()["numbers"]
    return numbers[n] if n < len(numbers) else str(n)


@dataclass(frozen=True)
class Occasion:
    """A slate about to be worded: `shown` are its items that nobody asked for by name, `state` is the thread's after the message."""

    catalogue: Catalogue
    slate: Slate
    shown: Sequence[ReplyItem]
    wanted: Wanted
    state: DialogueState

    @cached_property
    def fresh(self) -> tuple[Preference, ...]:
        """The soft wishes and items of this message."""
        return tuple(h.preference for h in self.state.held if h.turn == self.state.turn)

    @cached_property
    def liked(self) -> list[str]:
        """The titles of the items that this message names as liked."""
        liked = (p.item_id for p in self.fresh if p.item_id and p.polarity > 0)
        return [self.catalogue.item(one).title for one in liked if self.catalogue.row(one) is not None][:_TITLES]

    @cached_property
    def asked(self) -> tuple[list[Predicate], list[Predicate]]:
        """What holds of every item shown and was asked for: in this message, and before."""
        turns = {c.predicate: c.turn for c in self.state.constraints}
        held = {p: turns.get(p, 0) for p in self.wanted.demands}
        for wish in self.state.held:
            predicate = preference_predicate(wish.preference, self.catalogue.schema)
            if predicate is not None and wish.preference.polarity > 0 and self.carried(predicate) == len(self.shown):
                held.setdefault(predicate, wish.turn)
        now = [p for p, turn in held.items() if turn == self.state.turn]
        return now, [p for p in held if p not in now]

    def carried(self, predicate: Predicate) -> int:
        """Returns how many of the items shown carry it."""
        mask = self.catalogue.mask(predicate)
        return sum(bool(mask[row]) for item in self.shown if (row := self.catalogue.row(item.id)) is not None)

    @property
    def order(self) -> str:
        """What the items are ordered by, in words; "" where nothing but how well they fit."""
        order = self.wanted.request.order
        if order is None or len(self.shown) < 2:
            return ""
        return order_words(self.catalogue.schema.field(order.field), order.descending)

    @property
    def blind(self) -> bool:
        """Tells whether nothing at all is known of what is looked for."""
        request = self.wanted.request
        known = (self.wanted.demands, request.wishes, request.history, request.text, request.leanings, request.order)
        return not any(known)


def opener(at: Occasion, voice: Voice) -> str:
    """Returns the sentence before a slate's items: what was asked for now, and what still holds from before."""
    now, before = at.asked
    schema, n = at.catalogue.schema, len(at.shown)
    slots = _slots(at, [*now, *before])
    ordered = slots | {
        name: phrase("in_order", request=slots[name], order=at.order) for name in ("request", "requests") if at.order
    }
    if at.slate.repeats:
        return voice.say("repeats", **slots)
    if at.slate.n_allowed <= n:
        return voice.say("only_match" if n == 1 else "few_matches", **slots)
    if at.blind:
        return voice.say("blind", **slots)
    if at.liked:
        return voice.say("slate_like", titles=listed(at.liked), **ordered)
    if at.order and (now or not before or at.state.asks_for_order):
        return voice.say("slate_ordered", **ordered)
    if not at.state.slates:
        return voice.say("slate", **slots)
    if not now:
        return voice.say("slate_more" if before else "slate_others", **ordered)
    kinds, rest = [p for p in now if before_noun(p, schema)], after_noun(before, schema, small)
    if kinds and rest:
        wanted = request_words([*now, *(p for p in before if before_noun(p, schema))], schema, small)
        return voice.say("slate_kind", wanted=wanted, kept=rest, **slots)
    if not kinds and before:
        return voice.say(
            "slate_change", new=after_noun(now, schema, small), kept=request_words(before, schema, small), **slots
        )
    return voice.say("slate_new", **slots)


def _slots(at: Occasion, asked: Sequence[Predicate]) -> dict[str, str]:
    """Returns the slots of every opener, in the right number."""
    schema, n = at.catalogue.schema, len(at.shown)
    one = schema.model_copy(update={"nouns": schema.noun})
    return {
        "count": count(n),
        "request": request_words(asked, one if n == 1 else schema, small),
        "requests": request_words(asked, schema, small),
        "are": phrase("are_one" if n == 1 else "are_many"),
        "these": phrase("these_one" if n == 1 else "these_many"),
    }


def shortfall(at: Occasion, voice: Voice) -> str:
    """Returns what was wished and not all of the items have, or what is a guess since no fact says it; "" where there is nothing to own up to.

    Of an earlier message's wishes only the kinds that some have are worth a word again.
    """
    schema = at.catalogue.schema
    for held in reversed(at.state.held):
        predicate = preference_predicate(held.preference, schema)
        met = at.carried(predicate) if predicate is not None else len(at.shown)
        if predicate is None or held.preference.polarity < 0 or met == len(at.shown):
            continue
        kind = before_noun(predicate, schema)
        if held.turn == at.state.turn or (met and kind):
            name = ("partly" if met else "none_of") + ("_kind" if kind else "")
            are = phrase("are_one" if met == 1 else "are_many")
            return voice.say(name, count=count(met), are=are, wish=demand(predicate, schema, small))
    guessed = [p.value for p in at.fresh if p.facet == "text" and p.polarity > 0 and _guessed(p.value, at)]
    return voice.say("by_ear", wish=listed(guessed[:2])) if guessed else ""


def _guessed(words: str, at: Occasion) -> bool:
    """Tells whether the items were ordered by words that this catalogue's own texts use; of others (a greeting, a slip) nothing can be said."""
    texts = at.catalogue.schema.of_type("text")
    used = any(at.catalogue.mask(Comparison(field=field.name, op="text", value=words)).any() for field in texts)
    return used and any(f"{LEAN}{words}" in item.contributions for item in at.shown)
