"""What one turn answers, and the typed events in which it streams."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from convrec.core.profile import ProfileEntry
from convrec.core.understanding import Understanding

ReasonKind = Literal[
    "attribute", "liked_item", "similar_users", "text_match", "popularity", "constraint", "exploration", "other"
]


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Evidence(_Shape):
    """Where a reason's claim can be checked: `item:858.genres`, `profile:e7`, `turn:t1/3` or `tool:ease`, and what it says there."""

    source: str
    value: Any  # the fact itself, as the catalogue, profile or tool holds it


class Reason(_Shape):
    """Why an item is in the slate. `weight` is its signed part of the item's score, on the ranker's raw scale.

    `approximate` marks a leave-one-out effect, which is no exact part of the score.
    """

    kind: ReasonKind
    text: str
    weight: float
    evidence: tuple[Evidence, ...] = ()
    approximate: bool = False


class ReplyItem(_Shape):
    """One item of a slate. `score` equals the sum of `contributions` (the key `base` included) to 1e-6.

    `confidence` is in [0, 1] and monotone in `score`. `facts` are the catalogue's own, for whoever draws a card.
    """

    id: str
    title: str
    rank: int
    score: float
    confidence: float
    reasons: tuple[Reason, ...] = ()
    contributions: dict[str, float] = Field(default_factory=dict)
    facts: dict[str, Any] = Field(default_factory=dict)  # field → value in the field's own type


class Question(_Shape):
    """A question back to the user about one facet, with answers to choose from."""

    facet: str
    text: str
    options: tuple[str, ...] = ()


class TraceStep(_Shape):
    """One tool call or node: what went in, what came out, how long it took (`ms`), and its error if it had one."""

    tool: str
    arguments: dict[str, Any] = Field(default_factory=dict)  # JSON values only
    n_in: int | None = None
    n_out: int | None = None
    ms: float = 0.0
    error: str | None = None


class Usage(_Shape):
    """What a turn spent on a language model: every request sent, `repeated` of them since one before had failed; tokens as the model's server counts them; `cost` by the settings' prices."""

    llm_calls: int = 0
    repeated: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0


class Reply(_Shape):
    """The whole answer to one turn. It has items, a question, an answer in `text`, or several of these; never none.

    `text` is final: it names every item of `items` by its exact title. `ms` is the turn's wall time.
    """

    text: str
    items: tuple[ReplyItem, ...] = ()
    question: Question | None = None
    understanding: Understanding = Understanding()
    trace: tuple[TraceStep, ...] = ()
    user_id: str = ""
    thread_id: str = ""
    turn: int = 0
    engine: Literal["compact", "llm"] = "compact"
    fallback: str | None = None
    usage: Usage = Usage()
    ms: float = 0.0
    versions: dict[str, str] = Field(default_factory=dict)
    suggestions: tuple[str, ...] = ()


class PlanEvent(_Shape):
    """The plan was made: what the agent is about to do, in a few words and as data."""

    type: Literal["plan"] = "plan"
    action: str
    detail: dict[str, Any] = Field(default_factory=dict)  # JSON values only


class ToolEvent(_Shape):
    """A tool was called."""

    type: Literal["tool"] = "tool"
    step: TraceStep


class CandidatesEvent(_Shape):
    """How many items are still in play, of how many in the catalogue."""

    type: Literal["candidates"] = "candidates"
    n: int
    of: int


class TokenEvent(_Shape):
    """A piece of the text; all pieces together are `Reply.text`."""

    type: Literal["token"] = "token"
    text: str


class ItemEvent(_Shape):
    """One item of the reply, for a card."""

    type: Literal["item"] = "item"
    item: ReplyItem


class QuestionEvent(_Shape):
    """The question of the reply."""

    type: Literal["question"] = "question"
    question: Question


class ProfileEvent(_Shape):
    """An entry was written to the user's profile."""

    type: Literal["profile"] = "profile"
    entry: ProfileEntry


class ErrorEvent(_Shape):
    """The turn failed; a sentence for the user."""

    type: Literal["error"] = "error"
    message: str


class DoneEvent(_Shape):
    """The last event: the committed reply."""

    type: Literal["done"] = "done"
    reply: Reply


TurnEvent = Annotated[
    PlanEvent
    | ToolEvent
    | CandidatesEvent
    | TokenEvent
    | ItemEvent
    | QuestionEvent
    | ProfileEvent
    | ErrorEvent
    | DoneEvent,
    Field(discriminator="type"),
]
