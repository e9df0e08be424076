"""Examples of the task `explain`: a slate with facts and computed reasons, and a reply that names items and facts by slots only."""

from dataclasses import dataclass
from random import Random

from convrec.finetune.grammar.draft import Context, Draft
from convrec.finetune.grammar.names import Names
from convrec.finetune.grammar.phrasing import noun_phrase
from convrec.finetune.grammar.schema import Facet, View, draw_value
from convrec.finetune.grammar.understand import write_catalogue
from convrec.finetune.grammar.wording import Wording

_COUNTS = ("no", "one", "two", "three", "four", "five")
_OTHERS = ("liked", "similar_users", "popularity", "text_match", "exploration")


@dataclass(frozen=True)
class Ranked:
    """An item of the slate: facts by facet name, reasons `(weight, kind, field or liked item's id)`, a wish that it misses."""

    id: str
    title: str
    facts: dict[str, str]
    reasons: tuple[tuple[float, str, str], ...]
    misses: str = ""

    def render(self) -> str:
        """Returns the lines that a prompt shows of the item."""
        facts = "".join(f"; {name}: {value}" for name, value in self.facts.items())
        because = "; ".join(f"{weight:g} {kind} {about}".strip() for weight, kind, about in self.reasons)
        return f"[{self.id}] {self.title}{facts}\n  because: {because}" + (
            f"\n  misses: {self.misses}" if self.misses else ""
        )


def _fact(rng: Random, facet: Facet, view: View, names: Names) -> str:
    if facet.spec.role == "year":
        return str(rng.randint(1940, view.today))
    if facet.spec.role == "bool":
        return rng.choice(("true", "false"))
    if facet.spec.kind == "number":
        return str(rng.randint(facet.spec.low, facet.spec.high))
    return draw_value(rng, facet, names).name


def _ranked(rng: Random, view: View, names: Names, liked: list[str], misses: str) -> Ranked:
    facets = rng.sample(view.facets, min(len(view.facets), rng.randint(2, 5)))
    facts = {facet.name: _fact(rng, facet, view, names) for facet in facets}
    fields = [facet.name for facet in facets if facet.spec.role != "bool" and rng.random() < 0.5]
    kinds = [kind for kind in _OTHERS if rng.random() < 0.3 and (liked or kind not in ("liked", "similar_users"))]
    found = [("attribute" if rng.random() < 0.5 else "constraint", name) for name in fields]
    found += [(kind, rng.choice(liked) if kind in ("liked", "similar_users") else "") for kind in kinds]
    found = found[:4] or [("popularity", "")]
    weights = sorted((round(rng.random(), 2) for _ in found), reverse=True)
    ordered = sorted(found, key=lambda reason: reason[0] != "constraint")
    reasons = tuple(
        (0.0 if kind == "constraint" else weight, kind, about)
        for weight, (kind, about) in zip(weights, ordered, strict=True)
    )
    return Ranked(names.item_id(rng), names.title(rng), facts, reasons, misses)


def _reason(rng: Random, wording: Wording, view: View, item: Ranked, kind: str, about: str) -> str:
    if kind in _OTHERS:
        return wording.choose(rng, f"explain.{kind}").format(other=f"[[item:{about}]]")
    facet = next(facet for facet in view.facets if facet.name == about)
    slot, spec = f"[[fact:{item.id}.{about}]]", facet.spec
    if spec.role == "year" and rng.random() < 0.7:
        return rng.choice((f"from {slot}", f"dating from {slot}", f"of {slot}"))
    if spec.units and rng.random() < 0.6:
        return f"{rng.choice(spec.phrases or ('with',))} {slot} {rng.choice(spec.units)}".strip()
    if spec.kind != "number" and spec.phrases and rng.random() < 0.6:
        return rng.choice(spec.phrases).format(slot)
    return wording.choose(rng, "explain.field").format(label=about.replace("_", " ").lower(), fact=slot)


def _sentence(rng: Random, wording: Wording, view: View, item: Ranked) -> str:
    """Returns the sentence about one item: its reasons in order, at most three, and what it misses."""
    said = [_reason(rng, wording, view, item, kind, about) for _, kind, about in item.reasons[:3]]
    if item.misses:
        said.append(wording.choose(rng, "explain.miss").format(wish=item.misses))
    return wording.choose(rng, "explain.item").format(item=f"[[item:{item.id}]]", reasons=", ".join(said))


def _range_words(rng: Random, facet: Facet, view: View) -> str:
    """Returns a range as the product words its demands: `from the 1990s`, `up to 1979`, `with pages at least 200`."""
    if facet.spec.role == "year":
        decade, year = rng.randrange(1940, 2020, 10), rng.randint(1940, view.today)
        return rng.choice(
            (
                f"from the {decade}s",
                f"up to {year}",
                f"from {year} on",
                f"from {year} to {year + rng.randint(1, 20)}",
                f"from {year}",
            )
        )
    number, name = rng.randint(facet.spec.low, facet.spec.high), facet.name.replace("_", " ").lower()
    bound = rng.choice(("up to {n}", "at least {n}", "under {n}", "over {n}", "between {n} and {m}"))
    return f"with {name} {bound.format(n=number, m=number + rng.randint(1, 30))}"


def _wish(rng: Random, view: View, names: Names, wording: Wording) -> str:
    """Returns a wish in a few words: mostly as the product words its demands, sometimes as a person would."""
    if rng.random() < 0.25:
        draft = Draft(rng, view, names, wording, Context())
        return draft.finish(noun_phrase(draft, plural=True))[0].rstrip(".!?")
    facet = rng.choice([facet for facet in view.facets if facet.spec.role != "bool"])
    if facet.spec.kind == "number":
        return _range_words(rng, facet, view)
    value = draw_value(rng, facet, names).name
    said = (
        value if facet.spec.role in ("kind", "mod") or not facet.spec.phrases else facet.spec.phrases[0].format(value)
    )
    roll = rng.random()
    if roll < 0.12:
        return f"{said} or {draw_value(rng, facet, names).name}"
    if roll < 0.4:
        return f"without {said.removeprefix('with ')}" if said == value or said.startswith("with ") else f"not {said}"
    return said


def _opening(rng: Random, wording: Wording, view: View, wishes: list[str], count: int) -> str:
    if wishes and rng.random() < 0.45:
        return wording.choose(rng, "explain.open.wish").format(wishes=" and ".join(wishes))
    group = "explain.one" if count == 1 else "explain.open"
    return wording.choose(rng, group).format(n=_COUNTS[count], N=_COUNTS[count].capitalize(), nouns=view.noun)


def explain_example(
    rng: Random, names: Names, wording: Wording, *, held_out: bool = False, turns: int = 0
) -> list[tuple[str, str]]:
    """Returns an example as `(role, text)`: one or two slates over one catalogue, each with its reply."""
    view = write_catalogue(rng, names, held_out=held_out)
    messages = [("system", f"explain\nitems: {view.noun}\nfields: {' '.join(facet.name for facet in view.facets)}")]
    for _ in range(turns or rng.choice((1, 2))):
        wishes = [_wish(rng, view, names, wording) for _ in range(rng.choice((0, 1, 1, 2)))]
        let_go = wishes.pop() if wishes and rng.random() < 0.25 else ""
        liked = [names.item_id(rng) for _ in range(rng.choice((0, 1, 2)))]
        items = [
            _ranked(rng, view, names, liked, rng.choice(wishes) if wishes and rng.random() < 0.12 else "")
            for _ in range(rng.randint(1, 5))
        ]
        asks = rng.choice([facet.name for facet in view.facets]) if rng.random() < 0.35 else ""
        lines = (
            [f"wish: {wish}" for wish in wishes] + [f"let go: {let_go}"] * bool(let_go) + [f"ask: {asks}"] * bool(asks)
        )
        prompt = "\n".join([*lines, *(item.render() for item in items)])
        reply = [
            _opening(rng, wording, view, wishes, len(items)),
            *(_sentence(rng, wording, view, item) for item in items),
        ]
        if let_go:
            reply.insert(rng.choice((0, len(reply))), wording.choose(rng, "explain.let_go").format(wish=let_go))
        if asks:
            reply.append(wording.choose(rng, "explain.ask").format(f=asks.replace("_", " ").lower()))
        elif rng.random() < 0.2:
            reply.append(wording.choose(rng, "explain.close"))
        messages += [("user", prompt), ("assistant", "\n".join(reply))]
    return messages
