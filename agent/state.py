"""What a thread remembers between turns, and what one turn passes from node to node."""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

from langgraph.channels import UntrackedValue
from pydantic import BaseModel, ConfigDict

from convrec.core.predicate import Predicate, every
from convrec.core.profile import ProfileEntry
from convrec.core.reply import Question, Reply, ReplyItem
from convrec.core.understanding import Ordering, Preference, Understanding

REPLY = 300
"""Characters of the assistant's latest words that are kept: what a short answer is an answer to."""
WHICH = "item"
"""The facet of the question which of some items is meant; its options are their titles."""


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Constraint(_Shape):
    """One demand in force: a predicate, the words for it, the turn it was made in, and whether it answered a question of the agent's."""

    predicate: Predicate
    label: str
    turn: int
    answered: bool = False


class LetGo(_Shape):
    """Demands whose letting go would leave something to show, and how many items that is."""

    constraints: tuple[Constraint, ...]
    opens: int


class HeldWish(_Shape):
    """A soft wish or a named item, and the turn that it was made in (wishes fade as turns go by).

    `than` are the items that a critique compares with: "funnier than Heat", "less violent" of those shown.
    """

    preference: Preference
    turn: int
    than: tuple[str, ...] = ()


class DialogueState(_Shape):
    """All that a thread carries from one turn to the next: ids and wishes, never candidates.

    `slates` are the item ids shown, one tuple a turn that showed some, oldest first. `focus` are the items last talked
    about, the most recent last. `questions_in_row` counts turns in a row that ended in a question; `quiet` says that the person wants none.
    `order` is what a superlative last asked to order by, `ordered` the turn in which it did. `reply` is the end of what the assistant said last; `told` are the fields that it then told of an item, if it was asked for some.
    `summary` is what the turns up to `summarised` came to, for a model that goes on; "" where none does.
    """

    turn: int = 0
    slates: tuple[tuple[str, ...], ...] = ()
    focus: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()
    mentioned: tuple[str, ...] = ()
    held: tuple[HeldWish, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    order: Ordering | None = None
    ordered: int = 0
    question: Question | None = None
    questions_in_row: int = 0
    asked: tuple[str, ...] = ()
    quiet: bool = False
    reply: str = ""
    told: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    summary: str = ""
    summarised: int = 0

    def beginning(self) -> DialogueState:
        """Returns the same state as one that a new thread begins with: what was said in it was said before turn 1."""
        return self.model_copy(update={
            "turn": 0, "summarised": 0, "ordered": self.ordered - self.turn,
            "held": tuple(held.model_copy(update={"turn": held.turn - self.turn}) for held in self.held),
            "constraints": tuple(c.model_copy(update={"turn": c.turn - self.turn}) for c in self.constraints),
        })  # fmt: skip

    @property
    def asks_for_order(self) -> bool:
        """Tells whether the message of this turn asked for an order: then what was shown before has its place in it, too."""
        return self.order is not None and self.ordered == self.turn

    @property
    def wishes(self) -> tuple[Preference, ...]:
        """The soft wishes and named items still in force."""
        return tuple(held.preference for held in self.held)

    @property
    def filter(self) -> Predicate | None:
        """The conjunction of all demands in force."""
        return every(*(constraint.predicate for constraint in self.constraints))

    @property
    def shown(self) -> tuple[str, ...]:
        """The last slate; empty before the first."""
        return self.slates[-1] if self.slates else ()

    @property
    def ever_shown(self) -> frozenset[str]:
        """Every item shown so far in the thread."""
        return frozenset(item for slate in self.slates for item in slate)


Action = Literal["recommend", "ask", "answer", "compare", "explain", "edit", "forget", "chat", "refuse"]


class Plan(_Shape):
    """What the turn will do. `about` are items to talk about, `fields` what is asked of them, `named` items asked for by name,
    `count` how many items the user wants (None: as many as the settings say), `let_go` the demands just dropped, in words,
    `since` the moment (ISO, UTC) of what is recalled, `forgotten` the ids of the profile entries taken out."""

    action: Action
    about: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    count: int | None = None
    let_go: tuple[str, ...] = ()
    note: str = ""
    since: str = ""
    forgotten: tuple[str, ...] = ()


class Slate(_Shape):
    """The grounded items of a turn, how many were allowed, and, when nothing matched, each least set of demands to let go.

    `exhausted`: every item is put aside already, so that letting demands go would not help.
    """

    items: tuple[ReplyItem, ...] = ()
    n_allowed: int = 0
    question: Question | None = None
    least: tuple[LetGo, ...] = ()
    repeats: bool = False
    exhausted: bool = False


class TurnState(TypedDict, total=False):
    """The graph's channels. Only `dialogue` (JSON) is checkpointed; the rest lives for one turn."""

    text: Annotated[str, UntrackedValue]
    user_id: Annotated[str, UntrackedValue]
    thread_id: Annotated[str, UntrackedValue]
    request_id: Annotated[str | None, UntrackedValue]
    dialogue: dict[str, object]
    profile: Annotated[tuple[ProfileEntry, ...], UntrackedValue]
    understanding: Annotated[Understanding, UntrackedValue]
    state: Annotated[DialogueState, UntrackedValue]
    plan: Annotated[Plan, UntrackedValue]
    slate: Annotated[Slate, UntrackedValue]
    reply: Annotated[Reply, UntrackedValue]
