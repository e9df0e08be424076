"""The one figure by which a task is told on planted people."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.workspace import Workspace
from convrec.core.metrics.ranking import ndcg
from convrec.core.progress import Progress, silent
from convrec.finetune.demo.planted import FIELD
from convrec.finetune.proof.answers import said
from convrec.finetune.proof.baselines import Commonest
from convrec.finetune.proof.scores import document_of, parts_of
from convrec.finetune.sets.profile import parted, ranked_by
from convrec.finetune.sets.rows import ChatMessage, Row, Task
from convrec.finetune.tuning.forward import logprobs_of
from convrec.finetune.tuning.messages import Template
from convrec.finetune.tuning.packing import packed
from convrec.finetune.tuning.train import room_for
from convrec.prompts.profile.answer import Taste

Mark = tuple[float, float]
"""A row's part in a figure, as `(numerator, denominator)`."""
FIGURES: Mapping[Task, str] = {
    "plan": "exact tool plan, where there is something to explore",
    "explain": "recall of the computed claims",
    "profile": "NDCG at 10 of ranking by the text alone",
    "preference": "margin of what is preferred over what is not, in nats, more than the base's",
}
_K = 10
_LINE = re.compile(r"(?m)^\d{1,2}\. \[\[item:([^\[\]]+)\]\]: (.+?)\.?$")


def claims(text: str) -> set[tuple[str, str]]:
    """Returns what a reply claims of each item, as `(id, claim)`: the parts of its line."""
    return {(item, claim) for item, told in _LINE.findall(text) for claim in told.split(", ")}


def claimed(row: Row, text: str) -> Mark:
    """Returns how many of the computed claims a reply makes of the items that they are true of."""
    due = claims(row.answer)
    return float(len(due & claims(text))), float(len(due))


def planned(row: Row, text: str) -> Mark:
    """Returns whether a plan is the right one."""
    return parts_of(row, text)["exact"]


def ranking(catalogue: Catalogue) -> Callable[[Row, str], Mark]:
    """Returns what tells how well a taste, as it is written, ranks what its person liked later among all that the person had not seen; ties stand by chance."""
    events = catalogue.interactions()

    def ranked(row: Row, text: str) -> Mark:
        own = events.of_user(row.user)
        earlier, later = parted(own)
        tastes = (document_of(text, Taste) or {"tastes": []})["tastes"]
        known = [((FIELD, str(one["value"])), one["weight"]) for one in tastes if one["field"] == FIELD]
        scores, seen = ranked_by(catalogue, known), {int(own.row[place]) for place in earlier}
        order = [place for place in range(len(catalogue)) if place not in seen]
        Random(row.id).shuffle(order)
        order.sort(key=lambda place: -scores[place])
        wanted = {catalogue.ids[int(own.row[place])] for place in later}
        return ndcg([catalogue.ids[place] for place in order], wanted, _K), 1.0

    return ranked


@dataclass(frozen=True)
class Said:
    """The figure of a task whose answers are said: every held-out row is answered, greedily and unguided, and marked."""

    base: Path
    mark: Callable[[Row, str], Mark]
    train: Sequence[Row]
    held: Sequence[Row]
    progress: Progress

    def by_model(self, adapter: Path | None) -> list[Mark]:
        """Returns the marks of the base, with an adapter if one is named."""
        from convrec.agent.llm.loading import load

        loaded = load(str(self.base), str(adapter) if adapter is not None else None, dtype="float32")
        template = Template(loaded.tokenizer)
        prompts = [template.prompt(row.messages) for row in self.held]
        answers = said(loaded, prompts, room_for(template, self.held), self.progress)
        return [self.mark(row, answer.text) for row, answer in zip(self.held, answers, strict=True)]

    def by_rule(self) -> dict[str, list[Mark]]:
        """Returns the marks of the training rows' commonest answer, given to everybody, and of the right answers."""
        commonest = Commonest(self.train)
        return {
            "one answer for all": [self.mark(row, commonest(row)) for row in self.held],
            "right answers": [self.mark(row, row.answer) for row in self.held],
        }


@dataclass(frozen=True)
class Weighed:
    """The figure of pairs: how much likelier what is preferred is than what is not, beyond what the base thinks."""

    base: Path
    held: Sequence[Row]

    def by_model(self, adapter: Path | None) -> list[Mark]:
        """Returns each pair's margin, in nats, above the base's own."""
        theirs = self._margins(None)
        mine = self._margins(adapter) if adapter is not None else theirs
        return [(one - other, 1.0) for one, other in zip(mine, theirs, strict=True)]

    def by_rule(self) -> dict[str, list[Mark]]:
        """Returns nothing: no rule makes anything likelier."""
        return {}

    def _margins(self, adapter: Path | None) -> list[float]:
        import torch

        from convrec.agent.llm.loading import load

        loaded = load(str(self.base), str(adapter) if adapter is not None else None, dtype="float32")
        template = Template(loaded.tokenizer)

        def likely(row: Row, text: str) -> float:
            chat = template.encode((*row.messages, ChatMessage(role="assistant", content=text)))
            return float(logprobs_of(loaded.model, packed([chat], 0, len(chat.ids))[0]).sum())

        with torch.inference_mode():
            return [likely(row, row.answer) - likely(row, row.rejected) for row in self.held]


def figure_of(workspace: Workspace, train: Sequence[Row], held: Sequence[Row], base: Path, progress: Progress = silent) -> Said | Weighed:  # fmt: skip
    """Returns the figure of the rows' task."""
    task = held[0].task
    if task == "preference":
        return Weighed(base, held)
    mark = {"plan": planned, "explain": claimed}.get(task) or ranking(workspace.catalogue())
    return Said(base, mark, train, held, progress)
