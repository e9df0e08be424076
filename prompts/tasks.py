"""The tasks that a language model is asked to do: what each is for, the shape of its answer, and how much may be read and written."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel

from convrec.prompts.plan.answer import Steps
from convrec.prompts.rank.answer import Order
from convrec.prompts.rate.answer import Rating
from convrec.prompts.summarise.answer import Summary
from convrec.prompts.understand.answer import Understood


@dataclass(frozen=True)
class Task:
    """One task. `prompt_tokens` is what its system prompt may take, `answer_tokens` what is asked for at most; no `answer` is free text with slots."""

    name: str
    purpose: str
    answer: type[BaseModel] | None
    prompt_tokens: int
    answer_tokens: int


UNDERSTAND = Task(
    "understand",
    "puts one message into acts, wishes and references, with the words of the message as proof",
    Understood,
    2_500,
    700,
)
PLAN = Task("plan", "chooses what to explore next, seeing what was found", Steps, 2_500, 300)
EXPLAIN = Task("explain", "words a slate, items and facts as slots that code fills", None, 600, 600)
RANK = Task(
    "rank",
    "orders a few candidates, scores one, or chooses between two; off unless `[llm] rank` asks for it",
    Order,
    300,
    200,
)
RATE = Task(
    "rate",
    "predicts what a person would rate an item; asked by `convrec evaluate engines` alone, never in a turn",
    Rating,
    300,
    200,
)
SUMMARISE = Task(
    "summarise", "shortens the older part of a long conversation for the steps that go on with it", Summary, 600, 250
)
TASKS = (UNDERSTAND, PLAN, EXPLAIN, SUMMARISE, RANK, RATE)
