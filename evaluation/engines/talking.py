"""The steps `plan` and `explain`: simulated people served by each engine, and the same slates worded by each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from convrec.agent.agent import Agent
from convrec.agent.elicitation import question
from convrec.catalogue.workspace import Workspace
from convrec.core.settings import Step
from convrec.core.text import words
from convrec.evaluation.engines.candidates import Candidate, costs, of_reply
from convrec.evaluation.judging import repeated
from convrec.evaluation.run import Answer
from convrec.evaluation.sessions.house import agent_over
from convrec.evaluation.sessions.people import Utterance, View
from convrec.evaluation.sessions.servers import AgentServer
from convrec.evaluation.sessions.session import Session, talk

_RUN = 4  # words


class Served:
    """One engine that serves people in one step, all other steps being the compact engine's."""

    def __init__(self, candidate: Candidate, step: Step, tools: Workspace, scratch: Path) -> None:
        name = f"{step}-{candidate.name.replace(' ', '-')}"
        self.agent: Agent = agent_over(
            tools, scratch, name, question, llm=candidate.serving(step), client=candidate.client
        )
        self._turns: list[dict[str, Any]] = []
        self._server = AgentServer(name, self.agent, lambda reply: self._turns.append(of_reply(reply)))

    def talk(self, session: Session, view: View) -> Answer:
        """Returns the session's transcript, and in `spent` a row for each reply. People are known by what they liked."""
        self._turns = []
        return {**talk(session, self._server, view, known=True), "spent": self._turns}

    def replay(self, session: Session, transcript: Answer) -> Answer:
        """Returns a row for each reply to somebody who says what the transcript has, whatever is answered."""
        self._turns = []
        serving = self._server.begin(f"replay-{session.id}", [item.id for item in session.person.liked], None)
        for turn in transcript.get("turns", ()):
            serving.reply(Utterance(turn["said"]))
        return {"spent": self._turns}


def found(answer: Answer, patience: int) -> dict[str, tuple[float, float]]:
    """Returns a session's part in each metric of the step `plan`; one that failed never got there."""
    hit = answer.get("hit")
    got = {f"success@{patience}": (float(hit is not None), 1.0), "turns": (float(hit or patience + 1), 1.0)}
    return got | costs(answer.get("spent", []))


def worded(people: Sequence[str], answers: Sequence[Answer]) -> list[dict[str, tuple[float, float]]]:
    """Returns each session's part in the metrics of the step `explain`, over the replies that show a slate; `people` had the sessions.

    Stock phrases are runs of four words that stand in replies to other people, too (as in self-BLEU: Zhu et al. 2018, Texygen, 3.3).
    """
    slates = [[turn for turn in answer.get("spent", []) if turn["items"]] for answer in answers]
    runs = [[run for turn in turns for run in _runs(turn["text"])] for turns in slates]
    held: dict[tuple[str, ...], set[str]] = {}
    for person, each in zip(people, runs, strict=True):
        for run in each:
            held.setdefault(run, set()).add(person)
    stock = [float(sum(len(held[run]) > 1 for run in each)) for each in runs]
    return [
        {"stock phrases": (n, float(len(each))), **_worded(turns)}
        for n, each, turns in zip(stock, runs, slates, strict=True)
    ]


def _runs(text: str) -> list[tuple[str, ...]]:
    said = words(text)
    return [tuple(said[at : at + _RUN]) for at in range(len(said) - _RUN + 1)]


def _worded(turns: list[dict[str, Any]]) -> dict[str, tuple[float, float]]:
    asked = [turn for turn in turns if "written" in turn]
    again, sentences = repeated([[turn["text"] for turn in turns]])
    whole = sum(turn["written"] == turn["passed"] > 0 and not turn["lines"] and not turn["fallback"] for turn in asked)
    return {
        "repeated openings": (float(again), float(sentences)),
        "words a reply": (float(sum(len(turn["text"].split()) for turn in turns)), float(len(turns))),
        "sentences passed": (float(sum(t["passed"] for t in asked)), float(sum(t["written"] for t in asked))),
        "worded wholly": (float(whole), float(len(asked))),
        **costs(turns),
    }


def first_sessions(sessions: Sequence[Session], transcripts: Sequence[Answer], most: int) -> list[Session]:
    """Returns sessions, evenly spread, whose turns are about as many as `most`."""
    turns = sum(len(transcript.get("turns", ())) for transcript in transcripts)
    n = max(1, round(len(sessions) * min(1.0, most / max(turns, 1))))
    return [sessions[place * len(sessions) // n] for place in range(n)]


def slates_apart(one: Sequence[Answer], other: Sequence[Answer]) -> int:
    """Returns how many replies show other items in one than in the other: wording may change no slate."""
    pairs = zip(one, other, strict=True)
    return sum(
        a["items"] != b["items"] for x, y in pairs for a, b in zip(x.get("spent", []), y.get("spent", []), strict=False)
    )
