"""The model's part in the steps of a turn, and how each goes on without it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from convrec.agent.checking.checker import ClaimChecker
from convrec.agent.checking.titles import TitleChecker, TitleGuard
from convrec.agent.compact.understander import Understander
from convrec.agent.controller import Chooser, Explored
from convrec.agent.llm.budget import Budget
from convrec.agent.llm.client import ChatClient
from convrec.agent.llm.composer import Composer
from convrec.agent.llm.connect import connect
from convrec.agent.llm.demonstrations import Demonstrations
from convrec.agent.llm.exploring import ModelExploring
from convrec.agent.llm.failures import ModelFailure
from convrec.agent.llm.leaks import Secrets
from convrec.agent.llm.linking import Linker
from convrec.agent.llm.ranking import ModelRanker
from convrec.agent.llm.summarising import RECENT, ModelSummaries, due, in_code
from convrec.agent.llm.understanding import ModelUnderstanding
from convrec.agent.llm.wording import ModelWords
from convrec.agent.openers import Occasion
from convrec.agent.refusals import refusal
from convrec.agent.state import DialogueState
from convrec.agent.stores.records import StoredTurn
from convrec.catalogue.laid import LaidCatalogue
from convrec.core.clock import Clock
from convrec.core.reply import TraceStep
from convrec.core.settings import Llm, Policy, Step
from convrec.core.understanding import Understanding
from convrec.tools.toolbox import Toolbox

_CLEAR = frozenset({"greet", "thank", "bye", "forget", "edit_profile"})  # what code understands as well


@dataclass(frozen=True)
class ModelEngine:
    """A chat model over one catalogue: what it does in each step that it serves."""

    settings: Llm
    understanding: ModelUnderstanding
    exploring: ModelExploring
    words: ModelWords
    summaries: ModelSummaries
    ranker: ModelRanker
    claims: ClaimChecker
    secrets: Secrets

    @property
    def client(self) -> ChatClient:
        """Returns what asks the model."""
        return self.understanding.client

    @classmethod
    def over(
        cls, settings: Llm, toolbox: Toolbox, compact: Understander, titles: TitleChecker, clock: Clock, *, seed: int = 0,
        client: ChatClient | None = None, environment: Mapping[str, str] = os.environ, demonstrations: Demonstrations | None = None,
    ) -> ModelEngine | None:  # fmt: skip
        """Returns the engine for the model that the settings name, or that answers through `client`; None where there is neither.

        Raises:
            InputError: the settings name no model that could be.
        """
        client = client or connect(settings, environment, seed=seed)
        if client is None:
            return None
        understanding = ModelUnderstanding(
            client, Linker(compact, toolbox.catalogue), toolbox.catalogue, clock, demonstrations
        )
        exploring, words = ModelExploring(client, toolbox), ModelWords(client, toolbox.catalogue.schema)
        summaries, ranker = ModelSummaries(client, toolbox.catalogue.schema), ModelRanker(client, toolbox.catalogue)
        prompts = (understanding.system, exploring.system, words.system, summaries.system, *ranker.systems.values())
        secrets = Secrets(prompts, environment.get(settings.api_key_env, "").strip())
        return cls(
            settings,
            understanding,
            exploring,
            words,
            summaries,
            ranker,
            ClaimChecker(toolbox.catalogue, titles),
            secrets,
        )

    def moved(self, toolbox: Toolbox, compact: Understander, titles: TitleChecker) -> ModelEngine:
        """Returns the engine over a toolbox whose catalogue was laid over its own; what prompts say of the catalogue's fields stays as it was."""
        catalogue = toolbox.catalogue
        claims = (
            self.claims.over(catalogue, titles)
            if isinstance(catalogue, LaidCatalogue)
            else ClaimChecker(catalogue, titles)
        )
        return replace(
            self, understanding=self.understanding.over(Linker(compact, catalogue), catalogue), exploring=self.exploring.over(toolbox),
            ranker=self.ranker.over(catalogue), claims=claims,
        )  # fmt: skip

    def with_tools(self, toolbox: Toolbox) -> ModelEngine:
        """Returns the engine that explores with other tools over the same catalogue."""
        return replace(self, exploring=self.exploring.over(toolbox))

    def begin(self, user_id: str = "") -> ModelTurn:
        """Returns the model's part in one turn of a user, where it is one's."""
        return ModelTurn(self, Budget(self.settings), user_id)


@dataclass
class ModelTurn:
    """What the model does in one turn, within its budget; `said` is the text that was shown while it came."""

    engine: ModelEngine
    budget: Budget
    user_id: str = ""
    said: str = ""

    def serves(self, step: Step) -> bool:
        """Tells whether the model is asked in that step."""
        return step in self.engine.settings.steps

    def understand(
        self, text: str, state: DialogueState, draft: Understanding
    ) -> tuple[Understanding, TraceStep | None]:
        """Returns what the message says, and a step for the trace where the model was asked; the draft where it fails."""
        if not self.serves("understand") or not text.strip() or set(draft.acts) <= _CLEAR:
            return draft, None
        began, error = time.perf_counter(), None
        self.budget.reserved = 1 if self.serves("explain") and self.budget.settings.max_calls_per_turn > 1 else 0
        try:
            heard = self.engine.understanding.understand(text, state, draft, self.budget, self.user_id)
            self.budget.served.add("understand")
        except ModelFailure as failure:
            self.budget.fell_back("understand", failure)
            heard, error = draft, failure.kind
        return heard, _traced("understand", began, error)

    def chooser(self, policy: Policy) -> Chooser | None:
        """Returns who chooses what to explore; None where code does."""
        return self.engine.exploring.moves(self.budget, policy) if self.serves("plan") else None

    def ranked(self, explored: Explored) -> Explored:
        """Returns what was found with its head in the model's order, where the settings ask for that; unchanged where it fails."""
        manner = self.engine.settings.rank
        if manner == "off" or len(explored.found.items) < 2:
            return explored
        try:
            found = self.engine.ranker.reranked(explored.found, explored.request, manner, self.budget)
        except ModelFailure as failure:
            self.budget.fell_back("rank", failure)
            return explored
        self.budget.served.add("rank")
        return replace(explored, found=found)

    def speak(self, text: str, at: Occasion, composer: Composer) -> Iterator[str]:
        """Yields a slate's words; where the model breaks off, lines for the items that it did not come to.

        Raises:
            ModelFailure: nothing was yielded.
        """
        self.budget.reserved, began = 0, False
        try:
            for piece in self.engine.words.speak(text, at, composer, self.budget):
                began = True
                yield piece
            self.budget.served.add("explain")
        except ModelFailure as failure:
            self.budget.fell_back("explain", failure)
            if not began:
                raise
            yield from composer.rest()

    def summarised(
        self, state: DialogueState, turns: Callable[[], Sequence[StoredTurn]], guard: TitleGuard
    ) -> DialogueState:
        """Returns a thread's state after its latest turn with its summary made anew, where it has grown enough and a step reads it; by code where
        the model may not be asked, or fails. `turns` reads the thread's turns before this one.
        """
        if not due(state) or not (self.serves("understand") or self.serves("explain")):
            return state
        last = state.turn - RECENT
        older = [turn for turn in turns() if state.summarised < turn.turn <= last and refusal(turn.text) is None]
        try:
            said = self.engine.summaries.summarise(older, state, guard, self.engine.secrets, self.budget)
            self.budget.served.add("summarise")
        except ModelFailure as failure:
            self.budget.fell_back("summarise", failure)
            said = ""
        return state.model_copy(update={"summary": said or in_code(older, state.summary), "summarised": last})

    @property
    def name(self) -> str:
        """Returns `llm` where the model served any step, else `compact`."""
        return "llm" if self.budget.served else "compact"


def _traced(step: str, began: float, error: str | None) -> TraceStep:
    return TraceStep(
        tool="model", arguments={"step": step}, ms=round((time.perf_counter() - began) * 1000, 3), error=error
    )
