"""The step `understand`: labelled turns heard by each engine in the same light, the conversation so far as the compact engine has it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from convrec.agent.checking.titles import TitleChecker
from convrec.agent.compact.understander import Understander
from convrec.agent.engine import Follower
from convrec.agent.llm.engine import ModelEngine
from convrec.agent.state import DialogueState
from convrec.catalogue.catalogue import Catalogue
from convrec.core.clock import Clock
from convrec.core.reply import Usage
from convrec.core.text import well_formed
from convrec.core.understanding import Preference, Understanding
from convrec.evaluation.engines.candidates import Candidate, costs, spent
from convrec.evaluation.run import Answer, spread
from convrec.evaluation.sessions.session import Session
from convrec.evaluation.understanding.own import OwnCase, mark, read_own
from convrec.evaluation.understanding.slots import heard as understood
from convrec.evaluation.understanding.slots import said
from convrec.tools.toolbox import Toolbox

_LABELLED = ("slot_f1", "acts_f1", "polarity_accuracy", "strength_accuracy", "references_f1")
_MEANT = ("slot_f1", "polarity_accuracy")  # what is known of simulated people: what they mean, not by which acts


class Heard:
    """Hears labelled turns over one catalogue. `labelled` turns carry acts and words as well; simulated people's only what they meant."""

    def __init__(self, toolbox: Toolbox, clock: Clock, *, labelled: bool) -> None:
        self._toolbox, self._clock, self._labelled = toolbox, clock, labelled
        self._compact = Understander(toolbox.catalogue, clock, toolbox.encoder.untuned)
        self._titles = TitleChecker(toolbox.catalogue)
        self._follower = Follower(self._compact, toolbox.catalogue)

    def by(self, candidate: Candidate) -> ModelEngine | None:
        """Returns the candidate's model, understanding alone; None for the compact engine."""
        if candidate.client is None:
            return None
        llm = candidate.serving("understand")
        return ModelEngine.over(llm, self._toolbox, self._compact, self._titles, self._clock, client=candidate.client)

    def answer(self, case: OwnCase, model: ModelEngine | None) -> Answer:
        """Returns the understanding of a case's last message, and what it cost."""
        before = self._follower(case.messages[:-1]).state if len(case.messages) > 1 else DialogueState()
        text, began = well_formed(case.message), time.perf_counter()
        draft = self._compact.understand(text, before)
        turn = model.begin() if model is not None else None
        heard = turn.understand(text, before, draft)[0] if turn is not None else draft
        ms = (time.perf_counter() - began) * 1000
        usage, fallback = (turn.budget.usage, turn.budget.fallback) if turn is not None else (Usage(), None)
        return {**said(heard), **spent(usage, fallback, ms)}

    def marks(self, case: OwnCase, answer: Answer) -> dict[str, tuple[float, float]]:
        """Returns the case's part in each metric of the step."""
        given = understood(answer)
        if given is not None and not self._labelled:
            given = given.model_copy(update={"preferences": tuple(p for p in given.preferences if p.facet != "text")})
        parts = mark(case, said(given) if given is not None else answer, self._toolbox.catalogue).parts
        kept = {name: parts[name] for name in (_LABELLED if self._labelled else _MEANT)}
        return kept | (costs([answer]) if "error" not in answer else {})


def labelled_turns(path: Path, catalogue: Catalogue, most: int) -> list[OwnCase]:
    """Returns labelled turns of a file, at most so many, evenly spread over it.

    Raises:
        InputError, RejectedRowsError: as for `read_own`.
    """
    return spread(read_own(path, catalogue.schema)[0], most)


def simulated_turns(
    sessions: Sequence[Session], transcripts: Sequence[Answer], catalogue: Catalogue, most: int
) -> list[OwnCase]:
    """Returns what simulated people said in these sessions, labelled by what they meant, at most so many turns, evenly spread.

    Turns that take something back are left out: what is meant by them is more than the wishes they name.
    """
    pairs = zip(sessions, transcripts, strict=True)
    return spread([case for session, transcript in pairs for case in _turns(session, transcript, catalogue)], most)


def _turns(session: Session, transcript: Answer, catalogue: Catalogue) -> Iterator[OwnCase]:
    messages: list[Mapping[str, str]] = []
    for number, turn in enumerate(transcript.get("turns", ()), 1):
        messages.append({"role": "user", "content": turn["said"]})
        if turn["said"].strip() and not turn["retracted"]:
            wishes = tuple(_wish(statement, catalogue) for statement in turn["statements"])
            gold = Understanding(preferences=wishes)
            yield OwnCase(f"{session.id}/{number}", session.person.id, tuple(messages), gold)
        messages.append({"role": "assistant", "content": turn["text"]})


def _wish(statement: Mapping[str, Any], catalogue: Catalogue) -> Preference:
    value, facet = statement["value"], statement["facet"]
    if isinstance(value, list):
        spelled = "..".join("" if end is None else str(end) for end in value)
    else:
        spelled = catalogue.item(value).title if facet == "item" else str(value)
    return Preference(
        facet=facet, value=spelled, item_id=value if facet == "item" else None, polarity=statement["polarity"],
        strength="hard" if statement["hard"] else "soft",
    )  # fmt: skip
