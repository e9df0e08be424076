"""Two protocols of the literature, computed from the same sessions so that figures can be set beside published ones, with care.

InteRecAgent (Huang et al. 2023): H@5 and AT@5 over sessions of five turns; in one turn R@5 over all items and NDCG@20 over twenty
candidates. iEvaLM (Wang et al. 2023): recall of the list at the end of a conversation that asks about attributes, and of a free one.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from convrec.agent.agent import Agent
from convrec.core.metrics import ranking as per_case
from convrec.core.metrics.bootstrap import Ratio, Resampling, mean
from convrec.evaluation.result import Scored, figures
from convrec.evaluation.run import Answer, Run
from convrec.evaluation.sessions.people import View
from convrec.evaluation.sessions.session import Session

_CUTS = (1, 10, 50)
_CANDIDATES = 20
_TURNS = 5

WEAKNESSES = {
    "InteRecAgent": "The person knows the target and speaks of its facts, which nobody who looks for something unknown does; NDCG@20 ranks it "
    "among 19 items drawn by chance, which is far easier than among all; the paper's own people are played by a language model.",
    "iEvaLM": "The person answers from the target's facts, so a system that asks for every attribute is rewarded for an interrogation; only "
    "the list at the end counts, not what people had to go through; the paper's own people are played by a language model.",
}


def presets(
    run: Run, agent: Agent, sessions: Sequence[Session], view: View, answers: Mapping[str, Sequence[Answer]], seed: int,
    *, known: bool,
) -> dict[str, Any]:  # fmt: skip
    """Returns both protocols' figures, each with what is weak about it. `known` people are known by what they liked, as in sessions."""
    draws = Resampling([session.person.id for session in sessions], seed=seed)
    one_turn = run.answers("one-turn", sessions, partial(_one_turn, agent, view, seed, known))
    hits = [answer.get("hit") for answer in answers["agent"]]
    interec = Scored(
        {
            f"H@{_TURNS}": mean([float(hit is not None and hit <= _TURNS) for hit in hits]),
            f"AT@{_TURNS}": mean([float(hit if hit is not None and hit <= _TURNS else _TURNS + 1) for hit in hits]),
            "one turn R@5": _over(sessions, one_turn, "ranked", partial(_recall, 5)),
            f"one turn NDCG@{_CANDIDATES}": _over(
                sessions, one_turn, "candidates", lambda ranked, target: per_case.ndcg(ranked, (target,), _CANDIDATES)
            ),
        }
    )
    ievalm: dict[str, Ratio] = {}
    for name, policy in (("attribute", "always-ask"), ("free", "agent")):
        words = dict(zip((session.id for session in sessions), answers[policy], strict=True))
        lists = run.answers(f"final-list.{name}", sessions, partial(_final_list, agent, words, known))
        ievalm |= {f"{name} recall@{cut}": _over(sessions, lists, "ranked", partial(_recall, cut)) for cut in _CUTS}
    scored = {"InteRecAgent": interec, "iEvaLM": Scored(ievalm)}
    return {
        name: {
            "metrics": {metric: figure.model_dump(mode="json") for metric, figure in figures(each, draws).items()},
            "weakness": WEAKNESSES[name],
        }
        for name, each in scored.items()
    }


def _recall(cut: int, ranked: list[str], target: str) -> float:
    return per_case.recall(ranked, (target,), cut)


def _over(
    sessions: Sequence[Session], answers: Sequence[Answer], key: str, score: Callable[[list[str], str], float]
) -> Ratio:
    return mean([score(a.get(key, []), s.person.target.id) for s, a in zip(sessions, answers, strict=True)])


def _one_turn(agent: Agent, view: View, seed: int, known: bool, session: Session) -> Answer:
    """Returns what the agent recommends to the person's first words: of all items, and of twenty candidates."""
    said = session.simulator.begin(session.person, view, random.Random(session.seed)).opening().text
    messages = [{"role": "user", "content": said}]
    ids, target = agent.toolbox.catalogue.ids, session.person.target.id
    others = [
        item
        for item in random.Random(f"{seed}/candidates/{session.id}").sample(ids, min(_CANDIDATES, len(ids)))
        if item != target
    ]
    candidates = {target, *others[: _CANDIDATES - 1]}
    liked = _liked(session, known)
    listed = agent.recommend(messages=messages, history=liked, k=5)
    among = agent.recommend(
        messages=messages, history=liked, k=_CANDIDATES, exclude=[item for item in ids if item not in candidates]
    )
    return {"ranked": [item.id for item in listed], "candidates": [item.id for item in among]}


def _final_list(agent: Agent, transcripts: Mapping[str, Answer], known: bool, session: Session) -> Answer:
    """Returns what the agent would recommend after all that the person said."""
    messages = [{"role": "user", "content": turn["said"]} for turn in transcripts[session.id].get("turns", ())]
    found = agent.recommend(messages=messages, history=_liked(session, known), k=max(_CUTS)) if messages else []
    return {"ranked": [item.id for item in found]}


def _liked(session: Session, known: bool) -> list[str]:
    return [item.id for item in session.person.liked] if known else []
