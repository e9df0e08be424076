"""What the agent would send to a language model, caught on its way: a set holds the very prompts that are sent at run time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from convrec.agent.llm.answers import Answer
from convrec.agent.llm.budget import Budget
from convrec.agent.llm.client import ChatClient, Message
from convrec.agent.llm.failures import ModelFailure

WORDS = "words"


class Overheard(ChatClient):
    """A client that asks nobody: it keeps what it was to send, and fails as a model does that is spent.

    `sent` is the latest, `first` the first of each kind since it was cleared: by the name of the answer's shape, `WORDS` for free text.
    """

    def __init__(self) -> None:
        super().__init__(())
        self.sent: tuple[Message, ...] = ()
        self.first: dict[str, tuple[Message, ...]] = {}

    def ask(self, messages: Sequence[Message], schema: type[Answer], budget: Budget, *, max_tokens: int) -> Answer:
        """Keeps the messages.

        Raises:
            ModelFailure: always.
        """
        self._keep(schema.__name__, messages)
        raise ModelFailure("spent")

    def stream(self, messages: Sequence[Message], budget: Budget, *, max_tokens: int) -> Iterator[str]:
        """Keeps the messages.

        Raises:
            ModelFailure: always.
        """
        self._keep(WORDS, messages)
        raise ModelFailure("spent")
        yield ""

    def _keep(self, what: str, messages: Sequence[Message]) -> None:
        self.sent = tuple(messages)
        self.first.setdefault(what, self.sent)
