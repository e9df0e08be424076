"""The workspace of one turn: what its nodes share beside the graph's state, and never outlives it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from convrec.agent.checking.titles import TitleChecker
from convrec.agent.compact.understander import Understander
from convrec.agent.controller import Explored
from convrec.agent.elicitation import Asking, question
from convrec.agent.engine import Engine, Follower
from convrec.agent.llm.demonstrations import Demonstrations
from convrec.agent.llm.engine import ModelEngine, ModelTurn
from convrec.agent.memory.learning import Learner, Patch
from convrec.agent.memory.memory import Hearing, Memory
from convrec.agent.memory.recall import Recalled
from convrec.agent.realiser import Realiser
from convrec.agent.request import Wanted
from convrec.agent.state import DialogueState
from convrec.agent.stores.ledger import Ledger
from convrec.catalogue.laid import LaidCatalogue
from convrec.core.clock import Clock, NewId
from convrec.core.dials import AS_SET, Dials
from convrec.core.profile import ProfileEntry
from convrec.core.reply import TokenEvent, ToolEvent, TraceStep
from convrec.core.settings import Settings
from convrec.tools.toolbox import Toolbox


@dataclass(frozen=True)
class House:
    """What all turns of an agent share: one opened catalogue with its tools, the engine, the ledger, the memory, the settings, examples for a model, when to ask, a model where there is one."""

    toolbox: Toolbox
    engine: Engine
    ledger: Ledger
    memory: Memory
    checker: TitleChecker
    realiser: Realiser
    settings: Settings
    clock: Clock
    new_id: NewId
    seed: int
    demonstrations: Demonstrations
    asking: Asking = question
    model: ModelEngine | None = None
    follower: Follower = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "follower", Follower(self.engine, self.toolbox.catalogue))

    def over(self, catalogue: LaidCatalogue) -> House | None:
        """Returns the house over a catalogue that was laid over its own; None where a tool has to be loaded again."""
        toolbox = self.toolbox.over(catalogue)
        return (
            None
            if toolbox is None
            else self._furnished(toolbox, self.engine.over(catalogue), self.checker.over(catalogue))
        )

    def apart(self, ledger: Ledger, new_id: NewId) -> House:
        """Returns the house over another state, in which no model is asked."""
        return replace(self, ledger=ledger, new_id=new_id, memory=self._memory(ledger, self.toolbox), model=None)

    def with_toolbox(self, toolbox: Toolbox) -> House:
        """Returns the house with other tools over the same catalogue."""
        return replace(self, toolbox=toolbox, model=self.model and self.model.with_tools(toolbox))

    def reopened(self, toolbox: Toolbox) -> House:
        """Returns the house with everything that hangs on the catalogue and the tools made anew."""
        engine = Understander(toolbox.catalogue, self.clock, toolbox.encoder.untuned)
        checker = TitleChecker(toolbox.catalogue)
        model = self.model and ModelEngine.over(
            self.settings.llm, toolbox, engine, checker, self.clock, seed=self.seed, client=self.model.client, demonstrations=self.demonstrations,
        )  # fmt: skip
        return replace(
            self, toolbox=toolbox, engine=engine, checker=checker, realiser=Realiser(toolbox.catalogue.schema), model=model,
            memory=self._memory(self.ledger, toolbox),
        )  # fmt: skip

    def _furnished(self, toolbox: Toolbox, engine: Understander, checker: TitleChecker) -> House:
        memory, model = self._memory(self.ledger, toolbox), self.model and self.model.moved(toolbox, engine, checker)
        return replace(self, toolbox=toolbox, engine=engine, checker=checker, memory=memory, model=model)

    def _memory(self, ledger: Ledger, toolbox: Toolbox) -> Memory:
        return Memory(ledger, toolbox.encoder.untuned, toolbox.catalogue, self.clock)


@dataclass
class Turn:
    """One turn's candidates, patches, dials, memories told, how it is heard by its meaning and who still learns from that, trace and part of a model; `led` is how a conversation stands that others led so far, `paused` where nothing is to be remembered, `pausing` where that is to change. The graph's runtime context."""

    house: House
    generation: int
    user_id: str = ""
    led: DialogueState | None = None
    dials: Dials = AS_SET
    began: float = field(default_factory=time.perf_counter)
    steps: list[TraceStep] = field(default_factory=list)
    wanted: Wanted | None = None
    explored: Explored | None = None
    known: tuple[ProfileEntry, ...] = ()
    patch: Patch = field(default_factory=Patch)
    paused: bool = False
    pausing: bool | None = None
    told: tuple[Recalled, ...] = ()
    hearing: Hearing | None = None
    learner: Learner | None = None
    forgotten: bool = False
    emit: Callable[[object], None] = lambda event: None
    model: ModelTurn | None = None

    def __post_init__(self) -> None:
        self.model = self.house.model.begin(self.user_id) if self.house.model is not None else None

    def watch(self, step: TraceStep) -> None:
        """Notes a step in the trace and tells whoever follows the stream."""
        self.steps.append(step)
        self.emit(ToolEvent(step=step))

    def say(self, text: str) -> None:
        """Shows a piece of the reply before it is whole, for a model is still speaking."""
        assert self.model is not None
        self.model.said += text
        self.emit(TokenEvent(text=text))

    @property
    def shown(self) -> str:
        """The beginning of the reply that was shown before the turn was committed."""
        return self.model.said if self.model is not None else ""

    @property
    def ms(self) -> float:
        """Milliseconds since the turn began."""
        return (time.perf_counter() - self.began) * 1000
