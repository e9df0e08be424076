"""What the agent would send to a language model, caught on its way: a set holds the very prompts that are sent at run time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from convrec.agent.llm.answers import Answer
from convrec.agent.llm.budget import Budget
from convrec.agent.llm.client import ChatClient, Message
from convrec.agent.llm.failures import ModelFailure


class Overheard(ChatClient):
    """A client that asks nobody: it keeps what it was to send, and fails as a model does that is spent."""

    def __init__(self) -> None:
        super().__init__(())
        self.sent: tuple[Message, ...] = ()

    def ask(self, messages: Sequence[Message], schema: type[Answer], budget: Budget, *, max_tokens: int) -> Answer:
        """Keeps the messages.

        Raises:
            ModelFailure: always.
        """
        self.sent = tuple(messages)
        raise ModelFailure("spent")

    def stream(self, messages: Sequence[Message], budget: Budget, *, max_tokens: int) -> Iterator[str]:
        """Keeps the messages.

        Raises:
            ModelFailure: always.
        """
        self.sent = tuple(messages)
        raise ModelFailure("spent")
        yield ""
