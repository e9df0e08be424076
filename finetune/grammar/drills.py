"""Short drills of single skills: copying names, arithmetic with years and lengths, negation, checking an item against a demand."""

from random import Random
from typing import Any

from convrec.finetune.grammar.amounts import draw_amount
from convrec.finetune.grammar.draft import Context, Draft, dumped
from convrec.finetune.grammar.names import Names
from convrec.finetune.grammar.phrasing import NUMBERS
from convrec.finetune.grammar.scenarios import correction, mixed_taste, request
from convrec.finetune.grammar.schema import Facet, View, draw_value
from convrec.finetune.grammar.understand import write_catalogue
from convrec.finetune.grammar.wording import Wording


def _copy(rng: Random, names: Names) -> tuple[str, str, str]:
    kinds = ("person", "band", "brand", "place", "title")
    drawn = [names.draw(rng, rng.choice(kinds)) for _ in range(rng.randint(1, 6))]
    roll = rng.random()
    if roll < 0.35:
        return "copy", "\n".join(drawn), dumped(drawn)
    items = {names.item_id(rng): name for name in drawn}
    listed = "\n".join(f"[{key}] {name}" for key, name in items.items())
    key = rng.choice(list(items))
    if roll < 0.7:
        return "look up", f"{listed}\nwhat is {key}?", items[key]
    return "look up", f"{listed}\nwhich id has {items[key]}?", next(k for k, v in items.items() if v == items[key])


def _range(rng: Random, view: View) -> tuple[str, str, str] | None:
    numbers = view.of_role(*NUMBERS)
    if not numbers:
        return None
    facet = rng.choice(numbers)
    amount = draw_amount(rng, facet, view.today)
    return f"range\ntoday: {view.today}-06-01", f"{facet.name}: {amount.text}", dumped(amount.predicate(facet.name))


def _signs(rng: Random, view: View, names: Names, wording: Wording) -> tuple[str, str, str]:
    draft = Draft(rng, view, names, wording, Context())
    message, heard = draft.finish(rng.choice((request, correction, mixed_taste))(draft))
    wanted = [p["quote"] for p in heard["preferences"] if p["polarity"] > 0]
    return (
        "wanted or not",
        message,
        dumped({"wanted": wanted, "not": [p["quote"] for p in heard["preferences"] if p["polarity"] < 0]}),
    )


def _value(rng: Random, facet: Facet, view: View, names: Names) -> Any:
    spec = facet.spec
    if spec.role == "bool":
        return rng.random() < 0.5
    if spec.role == "year":
        return rng.randint(1940, view.today)
    if spec.kind == "number":
        return rng.randint(spec.low, spec.high)
    return draw_value(rng, facet, names).name


def _test(rng: Random, facet: Facet, fact: Any, view: View, names: Names) -> tuple[dict[str, Any], bool]:
    """Returns a comparison of the facet, and whether the fact meets it."""
    spec = facet.spec
    if spec.role == "bool":
        truth = rng.random() < 0.5
        return {"field": facet.name, "op": "eq", "value": truth}, fact == truth
    if spec.kind == "number":
        near = fact + rng.choice((-1, 0, 1, 0, 3, -3, 10, -10, rng.randint(-40, 40)))
        op = rng.choice(("lt", "le", "gt", "ge", "between", "eq"))
        if op == "between":
            far = near + rng.randint(1, 20)
            return {"field": facet.name, "op": op, "value": [near, far]}, near <= fact <= far
        met = {"lt": fact < near, "le": fact <= near, "gt": fact > near, "ge": fact >= near, "eq": fact == near}[op]
        return {"field": facet.name, "op": op, "value": near}, met
    value = fact if rng.random() < 0.5 else _value(rng, facet, view, names)
    return {"field": facet.name, "op": "contains", "value": value}, value == fact


def _check(rng: Random, view: View, names: Names) -> tuple[str, str, str]:
    facets = rng.sample(view.facets, min(len(view.facets), rng.randint(2, 5)))
    facts = {facet.name: _value(rng, facet, view, names) for facet in facets}
    tests = [
        _test(rng, facet, facts[facet.name], view, names)
        for facet in rng.sample(facets, min(len(facets), rng.choice((1, 1, 2))))
    ]
    parts, met = [], True
    for test, holds in tests:
        negated = rng.random() < 0.25
        parts.append({"op": "not", "arg": test} if negated else test)
        met = met and holds != negated
    predicate = parts[0] if len(parts) == 1 else {"op": "and", "args": parts}
    listed = "\n".join(f"{name}: {dumped(fact) if not isinstance(fact, str) else fact}" for name, fact in facts.items())
    return "check", f"{listed}\ndemand: {dumped(predicate)}", "yes" if met else "no"


def drill_example(
    rng: Random, names: Names, wording: Wording, *, held_out: bool = False, turns: int = 0
) -> list[tuple[str, str]]:
    """Returns one to five drills of one kind, as `(role, text)`."""
    view = write_catalogue(rng, names, held_out=held_out)
    kind = rng.choices(("copy", "range", "signs", "check"), (3, 3, 3, 3))[0]
    messages: list[tuple[str, str]] = []
    for _ in range(turns or rng.randint(2, 6)):
        drill = (
            _copy(rng, names) if kind == "copy" else _range(rng, view) if kind == "range" else
            _signs(rng, view, names, wording) if kind == "signs" else _check(rng, view, names)
        )  # fmt: skip
        if drill is None:
            drill = _copy(rng, names)
        task, prompt, answer = drill
        messages += [("user", f"{task}\n{prompt}"), ("assistant", answer)]
    return [("system", "drill"), *messages]
