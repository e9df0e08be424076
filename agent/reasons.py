"""Why an item is in the slate: the parts of its score, each with the facts that carry it. Computed first, worded after."""

from collections.abc import Mapping
from dataclasses import dataclass

from convrec.agent.request import Wanted
from convrec.agent.wording import demand, is_kind, is_person, joined_by, listed
from convrec.catalogue.catalogue import Catalogue, Item
from convrec.core.predicate import Both, Comparison, Not, Predicate, fields_of
from convrec.core.reply import Evidence, Reason
from convrec.core.text import fold, words
from convrec.tools.contract import Explanation
from convrec.tools.toolbox import Recommended, Wish

_WORDED = 3  # reasons beside the demands that are put into words; the rest is summed
_COLLABORATIVE = ("ease", "item_knn", "als", "dialogue_knn")


@dataclass(frozen=True)
class Ground:
    """What reasons are drawn from in one turn. `turn` names this turn as evidence: `t1/3`."""

    catalogue: Catalogue
    wanted: Wanted
    wishes: Mapping[str, Wish]
    turn: str


def reasons(item: Recommended, explanations: Mapping[str, Explanation], ground: Ground) -> tuple[Reason, ...]:
    """Returns the item's reasons, the strongest first; their weights sum to its score.

    Demands come first, at weight 0: they decide who is in the slate, not in which order. What is not worded is summed
    under `other`.
    """
    facts = ground.catalogue.item(item.row)
    found = [
        reason
        for key, amount in sorted(item.contributions.items(), key=lambda pair: -pair[1])
        if amount > 0 and (reason := _reason(key, amount, explanations.get(key), facts, ground)) is not None
    ]
    kept = _merged(found)[:_WORDED]
    rest = item.score - sum(reason.weight for reason in kept)
    other = Reason(kind="other", text="smaller signals together", weight=rest)
    return (*_demands(facts, ground), *kept, other)


def _merged(found: list[Reason]) -> list[Reason]:
    """Sums reasons that would be worded the same way (two tools that point at the same liked item)."""
    merged: dict[tuple[str, str], Reason] = {}
    for reason in found:
        key = (reason.kind, reason.text)
        before = merged.get(key)
        merged[key] = reason if before is None else before.model_copy(
            update={"weight": before.weight + reason.weight, "evidence": (*before.evidence, *reason.evidence),
                    "approximate": before.approximate or reason.approximate}
        )  # fmt: skip
    return sorted(merged.values(), key=lambda reason: -reason.weight)


def _demands(item: Item, ground: Ground) -> list[Reason]:
    schema = ground.catalogue.schema
    found = []
    for predicate in ground.wanted.demands:
        if not ground.catalogue.mask(predicate)[item.row]:
            continue  # only an item asked for by its name may stand here without meeting a demand
        text = _met(predicate, item, ground) if not isinstance(predicate, Not) else demand(predicate, schema)
        evidence = tuple(
            Evidence(source=f"item:{item.id}.{name}", value=item.facts.get(name))
            for name in sorted(fields_of(predicate))
        )
        found.append(Reason(kind="constraint", text=text, weight=0.0, evidence=(*evidence, Evidence(source=f"turn:{ground.turn}", value=demand(predicate, schema)))))  # fmt: skip
    return found


def _met(predicate: Predicate, item: Item, ground: Ground) -> str:
    """Returns the item's own fact that meets the demand: `from 1969`, `with Tom Hanks`; of "Crime or Noir" the one it is."""
    schema = ground.catalogue.schema
    if isinstance(predicate, Both) and predicate.op == "or":
        met = [arg for arg in predicate.args if ground.catalogue.mask(arg)[item.row]]
        return listed([_met(arg, item, ground) for arg in met[:2]]) if met else demand(predicate, schema)
    if isinstance(predicate, Comparison) and schema.field(predicate.field).type == "number":
        field = schema.field(predicate.field)
        return demand(Comparison(field=field.name, op="eq", value=item.facts[field.name]), schema)
    return demand(predicate, schema)


def _reason(key: str, amount: float, explanation: Explanation | None, item: Item, ground: Ground) -> Reason | None:
    if key.startswith("wish:"):
        return _wish_reason(key.removeprefix("wish:"), amount, item, ground)
    if key == "named":
        evidence = (
            Evidence(source=f"item:{item.id}.title", value=item.title),
            Evidence(source=f"turn:{ground.turn}", value=item.title),
        )
        return Reason(kind="text_match", text="you asked for it by name", weight=amount, evidence=evidence)
    if key == "popularity":
        audience = ground.catalogue.schema.audience
        return Reason(
            kind="popularity",
            text=f"well known among {audience}",
            weight=amount,
            evidence=(Evidence(source="tool:popularity", value=round(amount, 6)),),
        )
    if explanation is None:
        return None
    terms = [
        c.source.removeprefix("term:")
        for c in explanation.contributions
        if c.source.startswith("term:") and c.amount > 0
    ]
    if terms:
        return _terms_reason(key, terms, amount, explanation, item, ground)
    return _liked_reason(key, amount, explanation, item, ground)


def _wish_reason(label: str, amount: float, item: Item, ground: Ground) -> Reason | None:
    wish = ground.wishes.get(label)
    if wish is None:
        return None
    evidence = tuple(
        Evidence(source=f"item:{item.id}.{name}", value=item.facts.get(name))
        for name in sorted(fields_of(wish.predicate))
    )
    if label.startswith("explore:"):
        return Reason(
            kind="exploration",
            text=f"{label.removeprefix('explore:')}, which your picks share",
            weight=amount,
            evidence=evidence,
        )
    return Reason(
        kind="attribute",
        text=label,
        weight=amount,
        evidence=(*evidence, Evidence(source=f"turn:{ground.turn}", value=label)),
    )


def _terms_reason(
    key: str, terms: list[str], amount: float, explanation: Explanation, item: Item, ground: Ground
) -> Reason | None:
    """Words of the request that stand in the item's own text; named only when they really stand there."""
    for field in ground.catalogue.schema.of_type("text", "tags", "category"):
        fact = item.facts.get(field.name)
        text = " ".join(fact) if isinstance(fact, list) else str(fact or "")
        have = set(words(text))
        named = [term for term in terms if term in have][:3]
        if named and field.name not in ("title", "source_title"):
            where = "its description mentions" if field.type == "text" else f"its {field.label or field.name} include"
            return Reason(kind="text_match", text=f"{where} {listed(named)}", weight=amount, approximate=not explanation.exact,
                          evidence=(Evidence(source=f"item:{item.id}.{field.name}", value=fact), Evidence(source=f"tool:{key}", value=named)))  # fmt: skip
    return None


def _liked_reason(key: str, amount: float, explanation: Explanation, item: Item, ground: Ground) -> Reason | None:
    """The liked item that did most for this one: by what people did (collaborative) or by what both are (dense)."""
    catalogue = ground.catalogue
    parts = [c for c in explanation.contributions if c.source.startswith("item:") and c.amount > 0]
    if not parts:
        close = key == "dense" and any(c.source == "text" for c in explanation.contributions)
        return Reason(kind="text_match", text="close in meaning to what you describe", weight=amount, approximate=not explanation.exact,
                      evidence=(Evidence(source=f"tool:{key}", value=round(amount, 6)),)) if close else None  # fmt: skip
    liked = catalogue.item(max(parts, key=lambda c: c.amount).source.removeprefix("item:"))
    source = ground.wanted.sources.get(liked.id, f"turn:{ground.turn}")
    told = Evidence(
        source=source
        if not source.startswith("turn:")
        else f"turn:{ground.turn.split('/')[0]}/{source.removeprefix('turn:').split('/')[-1]}",
        value=liked.title,
    )
    if key in _COLLABORATIVE:
        return Reason(kind="similar_users", text=f"{catalogue.schema.audience} who liked {liked.title} also liked it", weight=amount,
                      approximate=not explanation.exact, evidence=(Evidence(source=f"tool:{key}", value=liked.id), told))  # fmt: skip
    shared, evidence = _shared(liked, item, catalogue)
    text = f"like {liked.title}, {shared}" if shared else f"close to {liked.title} in what it is about"
    return Reason(kind="liked_item", text=text, weight=amount, approximate=not explanation.exact,
                  evidence=(*evidence, Evidence(source=f"tool:{key}", value=liked.id), told))  # fmt: skip


def _shared(liked: Item, item: Item, catalogue: Catalogue) -> tuple[str, tuple[Evidence, ...]]:
    """Returns what both items have in common, people before kinds, and the facts that say so."""
    fields = sorted(catalogue.schema.of_type("category", "tags"), key=lambda f: (not is_person(f), not is_kind(f)))
    for field in fields:
        have = {fold(value) for value in catalogue.values(field.name).of(liked.row)}
        both = [value for value in catalogue.values(field.name).of(item.row) if fold(value) in have][:2]
        if both and (is_person(field) or is_kind(field)):
            said = joined_by(field, listed(both))
            said = said if is_person(field) else f"it is {said}"
            return said, tuple(
                Evidence(source=f"item:{i.id}.{field.name}", value=i.facts[field.name]) for i in (item, liked)
            )
    return "", ()
