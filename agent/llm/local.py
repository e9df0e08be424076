"""A chat model in this process: transformers on a folder, an adapter laid on, behind LangChain's interface. Needs the extra `local`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import Field, PrivateAttr

from convrec.core.errors import ContextError, InputError, ModelError, ModelTimeoutError
from convrec.core.extras import to_get

if TYPE_CHECKING:
    import torch

    from convrec.agent.llm.generation import Answer
    from convrec.agent.llm.guided import Grammars
    from convrec.agent.llm.loading import Loaded

_ROLES = {"system": "system", "human": "user", "ai": "assistant"}


class LocalChatModel(BaseChatModel):
    """A language model of a folder, loaded when it is first asked. One answer at a time: others wait, and their clocks run.

    A call may bring its own `max_tokens`, `temperature`, `seed`, `deadline_s` and `response_format` (OpenAI's: a `json_schema` is kept to),
    as arguments of `invoke` or through `bind`. Counts of tokens ride in `usage_metadata`, what ended the answer in
    `response_metadata["finish_reason"]`: `stop`, `length` or `deadline`.
    """

    model: str = Field(description="a folder as transformers writes it, one packed in 8 bits, or a name on a hub")
    adapter: str | None = Field(None, description="the folder of a LoRA adapter, as peft writes it")
    max_tokens: int = Field(512, ge=1, description="tokens of an answer; fewer where the model's window leaves fewer")
    temperature: float = Field(0.0, ge=0.0, description="0 takes the likeliest token each time")
    seed: int = Field(0, description="chance where the temperature is above 0; the same seed, the same answer")
    deadline_s: float | None = Field(None, ge=0.0, description="seconds after which an answer ends as it stands")
    device: str = Field("auto", description="a torch device; a GPU where there is one")
    dtype: str = Field("auto", description="float32, bfloat16, …; as the weights are kept by default")

    _loaded: Loaded | None = PrivateAttr(None)
    _grammars: Grammars | None = PrivateAttr(None)
    _guard: threading.Lock = PrivateAttr(default_factory=threading.Lock)

    @property
    def _llm_type(self) -> str:
        return "convrec-local"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return self.model_dump(include={"model", "adapter", "max_tokens", "temperature", "seed", "device", "dtype"})

    @classmethod
    def load(cls, model: str, adapter: Path | None = None, **fields: Any) -> LocalChatModel:
        """Returns a model that is in memory already, rather than when it is first asked.

        Raises:
            ModelError: the folder or the adapter can't be used, or the extra `local` is not installed.
        """
        loaded = cls(model=model, adapter=None if adapter is None else str(adapter), **fields)
        loaded._opened()
        return loaded

    def _opened(self) -> Loaded:
        if self._loaded is None:
            try:
                from convrec.agent.llm.loading import load

                self._loaded = load(self.model, self.adapter, self.device, self.dtype)
            except ImportError as error:
                lacking = f"A model in this process needs {error.name or 'a package'}, which is not installed."
                raise ModelError(lacking, to_get("local")) from error
        return self._loaded

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> ChatResult:  # fmt: skip
        n_prompt, answer = self._answer(messages, stop or (), lambda _: None, lambda: False, **kwargs)
        message = AIMessage(answer.text, usage_metadata=_usage(n_prompt, answer), response_metadata=self._about(answer))
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:  # fmt: skip
        """Yields the text piece by piece, and last the counts. Whoever stops listening ends the answer at its next token."""
        told: SimpleQueue[str | None] = SimpleQueue()
        left = threading.Event()
        with ThreadPoolExecutor(1, "answer") as pool:
            work = pool.submit(self._answer, messages, stop or (), told.put, left.is_set, **kwargs)
            work.add_done_callback(lambda _: told.put(None))
            try:
                for text in iter(told.get, None):
                    yield ChatGenerationChunk(message=AIMessageChunk(content=text))
            finally:
                left.set()
            n_prompt, answer = work.result()
        about = AIMessageChunk(
            content="", usage_metadata=_usage(n_prompt, answer), response_metadata=self._about(answer)
        )
        yield ChatGenerationChunk(message=about)

    def _answer(
        self, messages: Sequence[BaseMessage], stop: Sequence[str], tell: Callable[[str], object], cancelled: Callable[[], bool], *,
        max_tokens: int | None = None, temperature: float | None = None, seed: int | None = None, deadline_s: float | None = None,
        response_format: dict[str, Any] | None = None,
    ) -> tuple[int, Answer]:  # fmt: skip
        """Returns how long the prompt is and the answer."""
        deadline_s = self.deadline_s if deadline_s is None else deadline_s
        until = None if deadline_s is None else time.monotonic() + deadline_s
        if not self._guard.acquire(timeout=-1 if deadline_s is None else deadline_s):
            raise ModelTimeoutError(
                f"The model was busy with other answers for {deadline_s:g} s.", "Ask again, or give it longer."
            )
        try:
            loaded = self._opened()
            from convrec.agent.llm.generation import Limits, Noise, generate
            from convrec.agent.llm.guided import schema_of

            prompt = _prompt(loaded, messages)
            room = _room(loaded, prompt.shape[1])
            limits = Limits(min(self.max_tokens if max_tokens is None else max_tokens, room), stop, until, cancelled)
            heat = self.temperature if temperature is None else temperature
            noise = Noise(heat, self.seed if seed is None else seed) if heat > 0 else None
            schema = schema_of(response_format)
            guide = None if schema is None else self._guides(loaded).guide(schema, prompt.shape[1])
            return prompt.shape[1], generate(loaded, prompt, limits, noise, guide, tell)
        finally:
            self._guard.release()

    def _guides(self, loaded: Loaded) -> Grammars:
        if self._grammars is None:
            from convrec.agent.llm.guided import Grammars

            self._grammars = Grammars(loaded.tokenizer, loaded.model.config.get_text_config().vocab_size, loaded.ends)
        return self._grammars

    def _about(self, answer: Answer) -> dict[str, Any]:
        return {"model_name": self.model, "finish_reason": answer.reason}


def _usage(n_prompt: int, answer: Answer) -> UsageMetadata:
    return UsageMetadata(input_tokens=n_prompt, output_tokens=answer.tokens, total_tokens=n_prompt + answer.tokens)


def _prompt(loaded: Loaded, messages: Sequence[BaseMessage]) -> torch.Tensor:
    """Returns the chat as the model's own template writes it, `(1, n)` token ids on the model's device."""
    from jinja2 import TemplateError

    strangers = {message.type for message in messages} - _ROLES.keys()
    if strangers:
        raise InputError(f"A local model takes no {min(strangers)} messages.", "Send system, human and ai messages.")
    chat = [{"role": _ROLES[message.type], "content": str(message.text)} for message in messages]
    try:
        written = loaded.tokenizer.apply_chat_template(
            chat, add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
    except TemplateError as error:
        raise InputError(
            f"The model's chat template refuses the messages: {error}.", "Send them as it wants them."
        ) from error
    ids: torch.Tensor = written["input_ids"].to(loaded.model.device)
    return ids


def _room(loaded: Loaded, n_prompt: int) -> int:
    """Returns how many tokens the window leaves for an answer, one at least."""
    if n_prompt >= loaded.window:
        raise ContextError(
            f"The prompt is {n_prompt - loaded.window + 1} tokens too long: it has {n_prompt}, the model reads {loaded.window} with its answer.",
            "Shorten it, or take a model with a larger window.",
        )
    return loaded.window - n_prompt
