"""Why an item is in the slate: the parts of its score, each with the facts that carry it. Computed first, worded after."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from convrec.agent.messages import phrase
from convrec.agent.request import Wanted
from convrec.agent.wording import called, demand, fact_met, is_kind, is_person, joined_by, listed, order_words, small
from convrec.catalogue.catalogue import Catalogue, Item
from convrec.catalogue.schema import NUMERIC, VALUED, Field
from convrec.core.predicate import Both, Comparison, Not, Predicate, fields_of
from convrec.core.reply import Evidence, Reason
from convrec.core.text import fold, words
from convrec.tools.attributes.model import plain
from convrec.tools.contract import Contribution, Explanation
from convrec.tools.ordering import ORDER
from convrec.tools.rules import RULE, Rules
from convrec.tools.toolbox import Recommended, Wish

LEAN = "lean:"  # what a leaning's part of the score begins with
EXPLORED = "explore:"  # what the label of a wish begins with that the controller added
_WORDED = 3  # reasons beside the demands that are put into words; the rest is summed
_ADJECTIVE = 2  # words of a wish that "on the … side" still reads well with
ORDERED = "tool:order"  # the evidence of a reason that is the fact which the slate is ordered by
MODEL = "model"  # the part of a score that a language model's order gave


@dataclass(frozen=True)
class Ground:
    """What reasons are drawn from in one turn. `thread` and `turn` name this turn as evidence: `turn:t1/3`; `by_people` are the tools that go by who chose what."""

    catalogue: Catalogue
    wanted: Wanted
    wishes: Mapping[str, Wish]
    thread: str
    turn: int
    rules: Rules
    by_people: Set[str]

    def fact(self, item: Item, field: str) -> Evidence:
        """Returns one fact of an item as evidence."""
        return Evidence(source=f"item:{item.id}.{field}", value=item.facts.get(field))

    def said(self, what: str) -> Evidence:
        """Returns this turn as evidence of a wish."""
        return Evidence(source=f"turn:{self.thread}/{self.turn}", value=what)

    def told(self, liked: Item) -> Evidence:
        """Returns where the user spoke of an item: an entry of the profile, or a turn."""
        source = self.wanted.sources.get(liked.id, self.turn)
        place = source if isinstance(source, str) else f"turn:{self.thread}/{source}"
        return Evidence(source=place, value=liked.title)


def reasons(item: Recommended, explanations: Mapping[str, Explanation], ground: Ground) -> tuple[Reason, ...]:
    """Returns the item's reasons, the strongest first; their weights sum to its score.

    Demands and the house's filters come first, at weight 0: they decide who is in the slate, not in which order. Then what the
    house's other rules did to the rank, then the fact that the slate is ordered by, then what else speaks for the item. What is not worded is summed under `other`.
    """
    ruled = [*_merged(list(_ruled(item, ground))), *_in_order(item, ground)]
    facts = ground.catalogue.item(item.row)
    found = [
        reason
        for key, amount in item.contributions.items()
        if amount > 0 and key not in ground.rules.by_key and not key.startswith(ORDER)
        for reason in _reasons(key, amount, explanations.get(key, Explanation()), facts, ground)
    ]
    kept = _merged(found)[:_WORDED]
    rest = item.score - sum(reason.weight for reason in (*ruled, *kept))
    return (*_demands(facts, ground), *ruled, *kept, Reason(kind="other", text=phrase("small_signals"), weight=rest))


def _merged(found: list[Reason]) -> list[Reason]:
    """Sums reasons that would be worded the same way (two tools that point at the same liked item), the strongest first."""
    merged: dict[tuple[str, str], Reason] = {}
    for reason in found:
        before = merged.get((reason.kind, reason.text))
        merged[reason.kind, reason.text] = reason if before is None else _sum(before, reason)
    return sorted(merged.values(), key=lambda reason: -reason.weight)


def _sum(one: Reason, other: Reason) -> Reason:
    fresh = tuple(part for part in other.evidence if part not in one.evidence)
    return one.model_copy(update={
        "weight": one.weight + other.weight, "evidence": (*one.evidence, *fresh), "approximate": one.approximate or other.approximate,
    })  # fmt: skip


def _demands(item: Item, ground: Ground) -> Iterator[Reason]:
    schema = ground.catalogue.schema
    for predicate in ground.wanted.demands:
        if not ground.catalogue.mask(predicate)[item.row]:
            continue  # only an item asked for by its name may stand here without meeting a demand
        text = demand(predicate, schema, small) if isinstance(predicate, Not) else _met(predicate, item, ground)
        facts = (ground.fact(item, name) for name in sorted(fields_of(predicate)))
        yield Reason(
            kind="constraint", text=text, weight=0.0, evidence=(*facts, ground.said(demand(predicate, schema)))
        )


def _ruled(item: Recommended, ground: Ground) -> Iterator[Reason]:
    """Yields what the house's rules did: that the item passed a filter, or that it was put first, up or down."""
    for key, one in ground.rules.by_key.items():
        amount = item.contributions.get(key, 0.0)
        if not amount and (one.rule.filter is None or not one.items[item.row]):
            continue
        names = sorted(fields_of(one.rule.filter))
        facts = (ground.fact(ground.catalogue.item(item.row), name) for name in names if name != "id")
        shown = Evidence(source="tool:rules", value=key.removeprefix(RULE))
        yield Reason(kind="constraint", text=one.say, weight=amount, evidence=(*facts, shown))


def _in_order(item: Recommended, ground: Ground) -> Iterator[Reason]:
    """Yields the fact by which the slate is ordered, where the item has it."""
    order, facts = ground.wanted.request.order, ground.catalogue.item(item.row)
    if order is None or order.field not in facts.facts:
        return
    field, weight = ground.catalogue.schema.field(order.field), item.contributions.get(f"{ORDER}{order.field}", 0.0)
    shown = Evidence(source=ORDERED, value=round(weight, 6))
    said = ground.said(order_words(field, order.descending))
    text = fact_met(field, facts.facts[field.name])
    yield Reason(kind="constraint", text=text, weight=weight, evidence=(ground.fact(facts, field.name), said, shown))


def _met(predicate: Predicate, item: Item, ground: Ground) -> str:
    """Returns the item's own fact that meets the demand: `from 1969`, `with Tom Hanks`; of "Crime or Noir" the one it is."""
    schema = ground.catalogue.schema
    if isinstance(predicate, Both) and predicate.op == "or":
        met = [arg for arg in predicate.args if ground.catalogue.mask(arg)[item.row]]
        return listed([_met(arg, item, ground) for arg in met[:2]])
    if isinstance(predicate, Comparison) and schema.field(predicate.field).type in NUMERIC:
        return fact_met(schema.field(predicate.field), item.facts[predicate.field])
    return demand(predicate, schema, small)


def _reasons(key: str, amount: float, explanation: Explanation, item: Item, ground: Ground) -> Iterator[Reason]:
    """Yields what one contribution to the score can be put down to."""
    if key.startswith("wish:") and key.removeprefix("wish:") in ground.wishes:
        yield _wish_reason(ground.wishes[key.removeprefix("wish:")], amount, item, ground)
    elif key.startswith(LEAN):
        yield _leaning_reason(key.removeprefix(LEAN), amount, ground)
    elif key == "named":
        evidence = (ground.fact(item, "title"), ground.said(item.title))
        yield Reason(kind="text_match", text=phrase("asked_for"), weight=amount, evidence=evidence)
    elif key == MODEL:
        shown = Evidence(source="tool:model", value=round(amount, 6))
        yield Reason(kind="other", text=phrase("put_higher"), weight=amount, evidence=(shown,))
    elif key == "popularity":
        shown = Evidence(source="tool:popularity", value=round(amount, 6))
        text = phrase("popular", audience=ground.catalogue.schema.audience)
        yield Reason(kind="popularity", text=text, weight=amount, evidence=(shown,))
    else:
        yield from _tool_reasons(key, amount, explanation, item, ground)


def _wish_reason(wish: Wish, amount: float, item: Item, ground: Ground) -> Reason:
    facts = tuple(ground.fact(item, name) for name in sorted(fields_of(wish.predicate)) if name != "id")
    if not wish.label.startswith(EXPLORED):
        return Reason(
            kind="attribute",
            text=_met(wish.predicate, item, ground),
            weight=amount,
            evidence=(*facts, ground.said(wish.label)),
        )
    carry = ground.catalogue.mask(wish.predicate)
    history = ground.wanted.request.history.items()
    liked = [
        ground.catalogue.item(item_id)
        for item_id, weight in history
        if weight > 0 and ground.catalogue.row(item_id) is not None
    ]
    like = [other for other in liked if carry[other.row]][:2]
    text = (
        phrase("looked_further")
        if "id" in fields_of(wish.predicate)
        else demand(wish.predicate, ground.catalogue.schema, small)
    )
    if like:
        text = phrase("shares", shared=text, titles=listed([other.title for other in like]))
    evidence = (*facts, *(ground.told(other) for other in like))
    return Reason(kind="exploration", text=text, weight=amount, evidence=evidence)


def _leaning_reason(wanted: str, amount: float, ground: Ground) -> Reason:
    """Returns that an item has more, or less, of what was asked for in words of the user's own; a learned guess, so it says so."""
    wished = next(one for one in ground.wanted.request.leanings if one.phrase == wanted)
    sign = "more" if wished.weight > 0 else "less"
    if wished.than:
        titles = [ground.catalogue.item(item).title for item in wished.than]
        whom = titles[0] if len(titles) == 1 else phrase("those_before")
        text = phrase(f"{sign}_than", wish=plain(wanted), title=whom)
    else:
        text = phrase(sign + ("_so" if len(words(wanted)) <= _ADJECTIVE else "_like"), wish=small(wanted))
    shown = Evidence(source="tool:attributes", value=round(amount, 6))
    return Reason(kind="attribute", text=text, weight=amount, evidence=(shown, ground.said(wanted)))


def _tool_reasons(key: str, amount: float, explanation: Explanation, item: Item, ground: Ground) -> Iterator[Reason]:
    """Yields a tool's part of the score, divided between the liked items and the words that its own score rests on."""
    positive = [part for part in explanation.contributions if part.amount > 0]
    total = sum(part.amount for part in positive)
    likes = {f"item:{liked}" for liked, weight in ground.wanted.request.history.items() if weight > 0}
    groups = (
        (
            [part for part in positive if part.source in likes],
            _liked_reason,
        ),  # what speaks for it by a dislike is summed
        ([part for part in positive if part.source.startswith("term:")], _terms_reason),
        ([part for part in positive if part.source == "text"], _meaning_reason),
    )
    for parts, worded in groups:
        share = sum(part.amount for part in parts) / total if total else 0.0
        reason = worded(key, parts, item, ground) if share else None
        if reason is not None:
            approximate = not explanation.exact or share < 1.0
            yield reason.model_copy(update={"weight": amount * share, "approximate": approximate})


def _meaning_reason(key: str, parts: Sequence[Contribution], item: Item, ground: Ground) -> Reason:
    evidence = (Evidence(source=f"tool:{key}", value=round(sum(part.amount for part in parts), 6)),)
    return Reason(kind="text_match", text=phrase("near_words"), weight=0.0, evidence=evidence)


def _terms_reason(key: str, parts: Sequence[Contribution], item: Item, ground: Ground) -> Reason | None:
    """Words of the request that stand in the item's own facts; only those that really stand there are named."""
    terms = [part.source.removeprefix("term:") for part in parts]
    fields = (f for f in ground.catalogue.schema.of_type("text", *VALUED) if f.name not in ("title", "source_title"))
    for field in fields:
        text = _terms_text(field, terms, item)
        if text:
            evidence = (ground.fact(item, field.name), Evidence(source=f"tool:{key}", value=terms))
            return Reason(kind="text_match", text=text, weight=0.0, evidence=evidence)
    return None


def _terms_text(field: Field, terms: Sequence[str], item: Item) -> str:
    fact = item.facts.get(field.name)
    if isinstance(fact, list) or field.type != "text":
        values = fact if isinstance(fact, list) else [str(fact or "")]
        met = [value for value in values if set(words(value)) & set(terms)]
        return (
            joined_by(field, listed([small(value) for value in met[:2]] if is_kind(field) else met[:2])) if met else ""
        )
    have = set(words(str(fact or "")))
    named = [term for term in terms if term in have][:3]
    return phrase("mentions", facet=called(field), terms=listed(named)) if named else ""


def _liked_reason(key: str, parts: Sequence[Contribution], item: Item, ground: Ground) -> Reason:
    """The liked item that did most for this one: by what people did, or by what both are."""
    catalogue = ground.catalogue
    liked = catalogue.item(max(parts, key=lambda part: part.amount).source.removeprefix("item:"))
    by = (Evidence(source=f"tool:{key}", value=liked.id), ground.told(liked))
    if key in ground.by_people:
        text = phrase("similar_users", audience=catalogue.schema.audience, titles=liked.title)
        return Reason(kind="similar_users", text=text, weight=0.0, evidence=by)
    shared, evidence = _shared(liked, item, ground)
    text = phrase("shares", shared=shared, titles=liked.title) if shared else phrase("close_to", titles=liked.title)
    return Reason(kind="liked_item", text=text, weight=0.0, evidence=(*evidence, *by))


def _shared(liked: Item, item: Item, ground: Ground) -> tuple[str, tuple[Evidence, ...]]:
    """Returns what both items have in common, people before kinds, and the facts that say so."""
    fields = [f for f in ground.catalogue.schema.valued if is_person(f) or is_kind(f)]
    for field in sorted(fields, key=lambda f: not is_person(f)):
        index = ground.catalogue.values(field.name)
        have = {fold(value) for value in index.of(liked.row)}
        both = [value for value in index.of(item.row) if fold(value) in have][:2]
        if both:
            said = joined_by(field, listed([small(value) for value in both] if is_kind(field) else both))
            return said, (
                ground.fact(item, field.name),
                ground.fact(liked, field.name),
            )
    return "", ()
