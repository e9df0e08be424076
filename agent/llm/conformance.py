"""What a chat model must keep to for the agent to use it: a test suite for any back end to inherit.

class TestMine(ChatModelTests):
    @pytest.fixture
    def chat_model(self):
        return MyChatModel(...)
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from convrec.agent.llm.budget import Budget
from convrec.agent.llm.endpoint import Endpoint
from convrec.agent.llm.failures import ModelFailure
from convrec.core.settings import Llm

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

_LONG = "word " * 400_000  # more than any context window that is tried


def _messages(text: str = "Say hello.") -> list[BaseMessage]:
    from langchain_core.messages import HumanMessage, SystemMessage

    return [SystemMessage(content="You are brief."), HumanMessage(content=text)]


class ChatModelTests:
    """Tests of one chat model, given by a fixture `chat_model`; override `counts_tokens` where its server tells none."""

    counts_tokens = True

    def test_it_answers_with_text(self, chat_model: BaseChatModel) -> None:
        """A question gets text."""
        assert str(chat_model.invoke(_messages(), max_tokens=20, temperature=0.0).text)

    def test_the_same_question_at_temperature_zero_has_the_same_answer(self, chat_model: BaseChatModel) -> None:
        """Nothing is drawn by chance at temperature 0."""
        first, second = (str(chat_model.invoke(_messages(), max_tokens=20, temperature=0.0).text) for _ in range(2))
        assert first == second

    def test_what_it_streams_joins_to_what_it_answers(self, chat_model: BaseChatModel) -> None:
        """Pieces are the answer, none lost and none twice."""
        whole = str(chat_model.invoke(_messages(), max_tokens=20, temperature=0.0).text)
        pieces = [str(piece.text) for piece in chat_model.stream(_messages(), max_tokens=20, temperature=0.0)]
        assert "".join(pieces) == whole

    def test_tokens_are_told(self, chat_model: BaseChatModel) -> None:
        """The answer says how many tokens it cost."""
        answer = chat_model.invoke(_messages(), max_tokens=20)
        usage = getattr(answer, "usage_metadata", None)
        assert not self.counts_tokens or (usage and usage["input_tokens"] > 0 and usage["output_tokens"] > 0)

    def test_several_threads_are_answered_as_one_is(self, chat_model: BaseChatModel) -> None:
        """Turns of several people may ask at once."""
        alone = str(chat_model.invoke(_messages(), max_tokens=20, temperature=0.0).text)
        answers: list[str] = []

        def ask() -> None:
            answers.append(str(chat_model.invoke(_messages(), max_tokens=20, temperature=0.0).text))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert answers == [alone] * 4

    def test_a_message_longer_than_it_reads_ends_in_a_word_and_no_crash(self, chat_model: BaseChatModel) -> None:
        """Two megabytes are answered or refused, within the time that a turn has."""
        budget, kind = Budget(Llm(model="m", timeout_s=20)), None
        began = time.monotonic()
        try:
            Endpoint("tested", chat_model, real=False).answer(_messages(_LONG), budget, max_tokens=5)
        except ModelFailure as failure:
            kind = failure.kind
        assert kind in (None, "context", "refused", "too_long", "malformed", "timeout", "error")
        assert time.monotonic() - began < 25
