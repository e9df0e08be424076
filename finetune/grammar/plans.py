"""Examples of the task `plan`: what a turn holds, and what the agent should do about it, by rules that can be learned."""

from dataclasses import dataclass
from random import Random
from typing import Any

from convrec.finetune.grammar.draft import dumped
from convrec.finetune.grammar.names import Names
from convrec.finetune.grammar.schema import View
from convrec.finetune.grammar.understand import write_catalogue, write_turn
from convrec.finetune.grammar.wording import Wording

_TALK = {"greet", "thank", "bye", "other", "accept"}
_TOOLS = (
    "search_items(query, filter, k)", "recommend(query, history, disliked, filter, exclude, k)", "similar_items(item_id, filter, k)",
    "get_item(item_id)", "compare_items(item_ids)",
)  # fmt: skip
_MANY = 60  # items that match before a question is worth its price


@dataclass(frozen=True)
class Situation:
    """All that a plan depends on."""

    acts: tuple[str, ...]
    liked: tuple[str, ...]
    disliked: tuple[str, ...]
    filter: dict[str, Any] | None
    query: str
    pointed: tuple[str, ...]
    named: str
    shown: tuple[str, ...]
    put_aside: tuple[str, ...]
    asked: tuple[str, ...]
    wished: tuple[str, ...]
    askable: tuple[str, ...]
    in_row: int
    most_in_row: int
    matching: int
    uncertain: bool
    count: int

    def render(self) -> str:
        """Returns the situation as a prompt shows it, a line for each part that says something."""
        parts = (
            ("acts", " ".join(self.acts)), ("query", self.query), ("liked", " ".join(self.liked)), ("disliked", " ".join(self.disliked)),
            ("filter", dumped(self.filter) if self.filter else ""), ("pointed at", " ".join(self.pointed)), ("named", self.named),
            ("shown", " ".join(self.shown)), ("put aside", " ".join(self.put_aside)), ("asked before", " ".join(self.asked)), ("wished", " ".join(self.wished)),
            ("questions in a row", f"{self.in_row} of {self.most_in_row}"), ("matching", str(self.matching)),
            ("uncertain", "yes" if self.uncertain else "no"), ("count", str(self.count)),
        )  # fmt: skip
        return "\n".join(f"{name}: {value}" for name, value in parts if value)


def decide(situation: Situation) -> dict[str, Any]:
    """Returns the plan: an action, the items and fields it is about, and the tools to call."""
    acts = set(situation.acts)
    if "edit_profile" in acts:
        return _plan("edit")
    if "forget" in acts:
        return _plan("forget")
    if "compare" in acts:
        about = (*situation.pointed, *(item for item in situation.shown if item not in situation.pointed))[
            : max(2, len(situation.pointed))
        ]
        return (
            _plan("compare", about, tools=[_call("compare_items", item_ids=list(about))])
            if len(about) > 1
            else _plan("chat")
        )
    if acts & {"ask_why", "ask_item"} and (situation.pointed or situation.shown):
        about = situation.pointed[:1] or situation.shown[:1]
        return _plan("explain" if "ask_why" in acts else "answer", about, tools=[_call("get_item", item_id=about[0])])
    if acts <= _TALK:
        return _plan("chat")
    return _ask(situation) or _recommend(situation)


def _ask(situation: Situation) -> dict[str, Any] | None:
    """Returns a question where asking pays: nothing matches, or much does, what is wanted is unclear, and a facet is left to ask for."""
    if situation.named or situation.in_row >= situation.most_in_row:
        return None
    if situation.matching == 0:
        return _plan("ask", fields=("constraint",))
    left = [facet for facet in situation.askable if facet not in situation.asked]
    if situation.uncertain and situation.matching >= _MANY and left:
        return _plan("ask", fields=(left[0],))
    return None


def _recommend(situation: Situation) -> dict[str, Any]:
    narrowed = {"filter": situation.filter} if situation.filter else {}
    if situation.named:
        return _plan("recommend", tools=[_call("search_items", query=situation.named, **narrowed, k=situation.count)])
    if len(situation.liked) == 1 and not situation.query and not situation.disliked:
        call = _call("similar_items", item_id=situation.liked[0], **narrowed, k=situation.count)
        return _plan("recommend", tools=[call])
    arguments: dict[str, Any] = {"query": situation.query} if situation.query else {}
    if situation.liked:
        arguments["history"] = list(situation.liked)
    if situation.disliked:
        arguments["disliked"] = list(situation.disliked)
    arguments |= narrowed
    if situation.put_aside:
        arguments["exclude"] = list(situation.put_aside)
    return _plan("recommend", tools=[_call("recommend", **arguments, k=situation.count)])


def _plan(
    action: str, about: tuple[str, ...] = (), fields: tuple[str, ...] = (), tools: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    return {"action": action, "about": list(about), "fields": list(fields), "tool calls": tools or []}


def _call(tool: str, **arguments: Any) -> dict[str, Any]:
    return {"tool": tool, "arguments": arguments}


def _ids(rng: Random, names: Names, share: float, most: int) -> tuple[str, ...]:
    return tuple(names.item_id(rng) for _ in range(rng.randint(1, most))) if rng.random() < share else ()


def draw_situation(rng: Random, view: View, names: Names, wording: Wording) -> Situation:
    """Returns a situation around a message of the grammar."""
    turn = write_turn(rng, view, names, wording)
    heard, shown = turn.answer, tuple(item.id for item in turn.context.shown)
    by_title = [ref["quote"] for ref in heard["references"] if ref["kind"] == "title"]
    named = by_title[0] if by_title and heard["acts"] == ["request"] and not heard["preferences"] else ""
    facets = [facet.name for facet in view.facets if facet.spec.role != "bool"]
    wished = {preference["facet"] for preference in heard["preferences"]} | {
        facet for facet in facets if rng.random() < 0.15
    }
    talked = bool(set(heard["acts"]) & {"request", "state_preference", "answer", "critique"})
    return Situation(
        acts=tuple(heard["acts"]), liked=_ids(rng, names, 0.35, 3) if talked else (), disliked=_ids(rng, names, 0.15, 2) if talked else (), filter=heard["filter"], query=heard["query"],
        pointed=tuple(dict.fromkeys(item for ref in heard["references"] for item in ref["item_ids"])), named=named, shown=shown,
        put_aside=tuple(item for item in shown if rng.random() < 0.6) if rng.random() < 0.6 else (),
        asked=tuple(rng.sample(facets, min(len(facets), rng.choice((0, 0, 1, 1, 2))))),
        wished=tuple(facet for facet in facets if facet in wished), askable=tuple(facet for facet in facets if facet not in wished), in_row=rng.randint(0, 2), most_in_row=rng.randint(1, 3),
        matching=rng.choice((0, rng.randint(1, 59), rng.randint(60, 400), rng.randint(60, 9000))), uncertain=rng.random() < 0.5, count=rng.choice((3, 4, 5, 5, 10)),
    )  # fmt: skip


def plan_example(
    rng: Random, names: Names, wording: Wording, *, held_out: bool = False, turns: int = 0
) -> list[tuple[str, str]]:
    """Returns an example as `(role, text)`: the tools and the facets to ask for, then situations with their plans."""
    view = write_catalogue(rng, names, held_out=held_out)
    facets = [facet.name for facet in view.facets if facet.spec.role != "bool"]
    tools = "\n".join(rng.sample(_TOOLS, len(_TOOLS)))
    messages = [("system", f"plan\nitems: {view.noun}\nfacets: {' '.join(facets)}\n{tools}")]
    for _ in range(turns or rng.choice((1, 2, 3, 4))):
        situation = draw_situation(rng, view, names, wording)
        messages += [("user", situation.render()), ("assistant", dumped(decide(situation)))]
    return messages
