"""`evaluate explanations`: whether reasons are true, whose they are, and whether the score really rests on what they cite."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from convrec.agent.agent import Agent
from convrec.agent.checking.checker import ClaimChecker
from convrec.agent.checking.splitting import sentences
from convrec.agent.checking.titles import TitleChecker
from convrec.agent.elicitation import question
from convrec.agent.reasons import Ground, reasons
from convrec.agent.request import Wanted
from convrec.catalogue.workspace import Workspace
from convrec.core.metrics.bootstrap import Ratio
from convrec.core.progress import Progress, silent
from convrec.core.reply import Evidence, Reason, Reply, ReplyItem
from convrec.core.text import words
from convrec.evaluation.audits.asking import Asker, askers
from convrec.evaluation.manifest import manifest
from convrec.evaluation.result import Part, Result, Scored, summarised
from convrec.evaluation.run import Answer, Run
from convrec.evaluation.sessions.house import agent_over
from convrec.tools.request import Recommended, Request
from convrec.tools.threads import one_thread
from convrec.tools.toolbox import Toolbox

CARRIED = "claims carried by facts"
_SAME = 1e-9
_SLATE = 5
_MADE = ("model", "rules", "attributes")  # what else than tools says so of itself as evidence


@dataclass(frozen=True)
class ExplanationOptions:
    """The settings of a run: how many people ask."""

    users: int = 100
    seed: int = 0


def evaluate_explanations(
    workspace: Workspace,
    options: ExplanationOptions,
    runs: Path,
    *,
    progress: Progress = silent,
    out: Path | None = None,
) -> tuple[Run, Result]:
    """Lets people who like, dislike and ask for something drawn from the catalogue talk to the agent, and audits every reason that they are given.

    Each evidence is looked up where it says that it stands. Each reply is read by the claim checker. For each item the strongest exact reason's
    evidence is taken out of the request, and the item scored again (deletion, as DeYoung et al. 2020, ERASER, section 4.2).

    Raises:
        InputError: the catalogue has nothing to ask about. NotFittedError: nothing was fitted yet.
    """
    run = Run.opened(out, runs, manifest("explanations", workspace, vars(options), seed=options.seed), progress)
    asked = askers(workspace.catalogue(), options.users, options.seed)
    with one_thread(), agent_over(workspace, run.folder, "state", question) as agent:
        checker = ClaimChecker(agent.toolbox.catalogue, TitleChecker(agent.toolbox.catalogue))
        found = run.answers("agent", asked, partial(_audited, agent=agent, checker=checker))
    return run, run.finish(_result(run, asked, found, options))


def _audited(asker: Asker, agent: Agent, checker: ClaimChecker) -> Answer:
    """Returns what holds of the reasons that one person is given: `[held, of]` by metric, and what broke."""
    replies = [agent.chat(said, user_id=asker.id, thread_id=asker.id) for said in asker.said]
    books = _Books(agent, asker, replies)
    tally, broken = _Tally(), []
    for item in replies[-1].items:
        for reason in item.reasons:
            for evidence in reason.evidence:
                broken += (
                    [] if tally.count(CARRIED, books.carries(item, evidence)) else [f"{item.id}: {evidence.source}"]
                )
            if reason.kind != "other":
                tally.count("reasons with evidence", bool(reason.evidence))
                broken += (
                    [] if tally.count("sentiment agrees", books.agrees(item, reason)) else [f"{item.id}: {reason.text}"]
                )
        tally.count("weights sum to the score", abs(sum(r.weight for r in item.reasons) - item.score) <= 1e-6)
    false, of = _false(checker, asker, replies)
    tally.all("sentences carried by facts", of - len(false), of)
    broken += false
    for item_id, cited, held in _taken(agent, asker):
        broken += (
            []
            if tally.count("taking the top exact evidence out changes the score", held)
            else [f"{item_id} without: {cited}"]
        )
    reasons_given = [[item.id, *(r.text for r in item.reasons if r.kind != "other")] for item in replies[-1].items]
    return {"held": tally.held, "broken": broken, "kinds": dict(books.kinds), "reasons": reasons_given}


class _Tally:
    def __init__(self) -> None:
        self.held: dict[str, list[int]] = {}

    def count(self, name: str, holds: bool) -> bool:
        self.all(name, int(holds), 1)
        return holds

    def all(self, name: str, held: int, of: int) -> None:
        before = self.held.get(name, [0, 0])
        self.held[name] = [before[0] + held, before[1] + of]


class _Books:
    """Where evidence can be looked up: the catalogue, the conversation, the profile, the tools; and how the person feels about items."""

    def __init__(self, agent: Agent, asker: Asker, replies: Sequence[Reply]) -> None:
        self._toolbox, self._asker = agent.toolbox, asker
        self._said = {f"turn:{asker.id}/{reply.turn}": said for reply, said in zip(replies, asker.said, strict=True)}
        self._entries = {f"profile:{entry.id}": entry for entry in agent.profile(asker.id)}
        self.kinds: Counter[str] = Counter(
            r.kind for item in replies[-1].items for r in item.reasons if r.kind != "other"
        )

    def carries(self, item: ReplyItem, evidence: Evidence) -> bool:
        """Tells whether what the evidence says stands where it says."""
        kind, _, rest = evidence.source.partition(":")
        if kind == "item":
            item_id, _, field = rest.rpartition(".")
            row = self._toolbox.catalogue.row(item_id)
            return row is not None and self._toolbox.catalogue.item(row).facts.get(field) == evidence.value
        if kind == "turn":
            return evidence.source in self._said
        if kind == "profile":
            return evidence.source in self._entries
        return kind == "tool" and (rest in self._toolbox.tools or rest in _MADE) and self._there(evidence.value)

    def _there(self, value: object) -> bool:
        """Tells whether an item that a tool points at was spoken of by the person."""
        return not isinstance(value, str) or self._toolbox.catalogue.row(value) is None or value in self._asker.liked

    def agrees(self, item: ReplyItem, reason: Reason) -> bool:
        """Tells whether a reason speaks for the item as its weight does, by items that the person likes."""
        cited = {e.value for e in reason.evidence if e.source.startswith("tool:") and isinstance(e.value, str)}
        of_others = {
            e.source.removeprefix("item:").rpartition(".")[0] for e in reason.evidence if e.source.startswith("item:")
        } - {item.id}
        return (
            reason.weight >= 0 and self._asker.disliked not in cited | of_others and of_others <= set(self._asker.liked)
        )


def _false(checker: ClaimChecker, asker: Asker, replies: Sequence[Reply]) -> tuple[list[str], int]:
    """Returns the sentences of the last reply that the facts do not carry, and how many it has."""
    known = [item for reply in replies for item in (shown.id for shown in reply.items)]
    check = checker.begin(
        [item.id for item in replies[-1].items], known=[*known, *asker.liked, asker.disliked], said=" ".join(asker.said)
    )
    said = [one for one in sentences(replies[-1].text, [item.title for item in replies[-1].items]) if one.strip()]
    for one in said:
        check.sentence(one)
    return [touched.sentence for touched in check.reasons], len(said)


def _taken(agent: Agent, asker: Asker) -> Iterator[tuple[str, str, bool]]:
    """Yields, for each item of a list, its strongest exact reason that can be taken out, and whether its score changes then."""
    messages = [{"role": "user", "content": said} for said in asker.said]
    asked, toolbox = replace(agent.requested(messages=messages), k=_SLATE), agent.toolbox
    ground = Ground(
        toolbox.catalogue,
        Wanted(asked, {}, ()),
        {wish.label: wish for wish in asked.wishes},
        asker.id,
        len(messages),
        toolbox.rules,
        toolbox.by_people,
    )
    for item in toolbox.recommend(asked).items:
        given = reasons(item, toolbox.explain(asked, item.id), ground)
        cuts = ((r.text, _cut(asked, item, r)) for r in given if r.weight > _SAME and not r.approximate)
        text, without = next(((text, cut) for text, cut in cuts if cut is not None), ("", None))
        if without is not None:
            yield item.id, text, _changes(toolbox, item, without)


def _cut(request: Request, item: Recommended, reason: Reason) -> Request | None:
    """Returns the request without what a reason rests on; None where that is no part of a request (popularity, a house rule)."""
    cited = {str(e.value) for e in reason.evidence if e.source.startswith("tool:") and str(e.value) in request.history}
    if cited:
        return replace(
            request, history={liked: weight for liked, weight in request.history.items() if liked not in cited}
        )
    terms = [
        term for e in reason.evidence if e.source.startswith("tool:") and isinstance(e.value, list) for term in e.value
    ]
    if terms:
        return replace(request, text="\n".join(_unsaid(line, tuple(terms)) for line in request.text.splitlines()))
    said = {str(e.value) for e in reason.evidence if e.source.startswith("turn:")}
    kept = tuple(wish for wish in request.wishes if wish.label not in said)
    leanings = tuple(one for one in request.leanings if one.phrase not in said)
    if len(kept) < len(request.wishes) or len(leanings) < len(request.leanings):
        return replace(request, wishes=kept, leanings=leanings)
    return None


def _unsaid(line: str, terms: tuple[str, ...]) -> str:
    """Returns a line without the words that begin as one of the terms, which are stems."""
    return " ".join(word for word in line.split() if not any(part.startswith(terms) for part in words(word)))


def _changes(toolbox: Toolbox, item: Recommended, without: Request) -> bool:
    again = toolbox.recommend(replace(without, k=len(toolbox.catalogue)))
    score = next((other.score for other in again.items if other.id == item.id), None)
    return score is None or abs(score - item.score) > _SAME


def _result(run: Run, asked: Sequence[Asker], found: Sequence[Answer], options: ExplanationOptions) -> Result:
    names = list(dict.fromkeys(name for answer in found for name in answer.get("held", {})))
    ratios = {name: Ratio.of([_ratio(answer, name) for answer in found]) for name in names}
    ratios["distinct people get distinct reasons"] = Ratio.of(_distinct(found))
    run.write_lines(
        "broken.jsonl", [{"id": answer["id"], "broken": answer["broken"]} for answer in found if answer.get("broken")]
    )
    kinds = Counter[str]()
    for answer in found:
        kinds.update(answer.get("kinds", {}))
    return summarised(
        "explanations", "agent", CARRIED, Part([each.id for each in asked], {"agent": Scored(ratios)}), seed=options.seed,
        counts={"people": len(asked), "people that failed": sum("error" in answer for answer in found), "reasons": kinds.total()},
        sections={"reasons by kind": dict(kinds.most_common())},
        notes=(
            "Evidence of `item:` must equal the catalogue's fact; of `turn:` and `profile:` it must be there; of a tool it must point at what the person likes.",
            "What is taken out is the strongest exact reason's evidence; popularity and house rules are no part of a request and are passed over.",
        ),
    )  # fmt: skip


def _ratio(answer: Mapping[str, object], name: str) -> tuple[float, float]:
    held = answer.get("held", {})
    assert isinstance(held, dict)
    one, of = held.get(name, (0, 0))
    return float(one), float(of)


def _distinct(found: Sequence[Answer]) -> list[tuple[float, float]]:
    """Returns, for each person, whether the next one is given other reasons or items."""
    given = [answer.get("reasons") for answer in found]
    nexts = given[1:] + given[:1]
    return [
        (float(one != other), 1.0) if one and other and len(found) > 1 else (0.0, 0.0)
        for one, other in zip(given, nexts, strict=True)
    ]
