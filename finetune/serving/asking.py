"""Asks a served model for tokens: a server's by OpenAI's protocol, or the one that the agent loads in process."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convrec.agent.llm.loading import load
from convrec.core.errors import ConvrecError, ModelError
from convrec.core.extras import to_get
from convrec.finetune.proof.answers import Said
from convrec.finetune.proof.verify import Ask

if TYPE_CHECKING:
    from openai import OpenAI

_TIMEOUT_S = 300.0


def asks_server(base_url: str, model: str, key: str = "none") -> Ask:
    """Returns what asks a vLLM server's model or adapter, greedily, and hears token ids and their log probabilities.

    Raises:
        ConvrecError: the client is not installed.
    """
    try:
        from openai import OpenAI
    except ImportError as error:
        raise ConvrecError(
            "Servers are asked through the openai package, which is not installed.", to_get("llm")
        ) from error
    client = OpenAI(base_url=base_url, api_key=key, max_retries=0, timeout=_TIMEOUT_S)
    return lambda messages, most: _asked(client, model, messages, most)


def _asked(client: OpenAI, model: str, messages: Sequence[tuple[str, str]], most: int) -> Said:
    from openai import OpenAIError

    began = time.perf_counter()
    sent: list[Any] = [{"role": role, "content": text} for role, text in messages]
    try:
        answer = client.chat.completions.create(
            model=model, messages=sent, temperature=0, max_tokens=most, logprobs=True, top_logprobs=0, extra_body={"return_tokens_as_token_ids": True},
        )  # fmt: skip
    except OpenAIError as error:
        raise ModelError(
            f"The server at {client.base_url} does not serve {model}: {str(error)[:160]}.",
            "See that it runs, and that the adapter is loaded under that name.",
        ) from error
    choice = answer.choices[0]
    told = choice.logprobs.content if choice.logprobs is not None and choice.logprobs.content is not None else []
    if not told or not told[0].token.startswith("token_id:"):
        raise ModelError(
            f"The server at {client.base_url} does not tell token ids.", "Verify against vLLM, or in process."
        )
    pairs = [(int(one.token.removeprefix("token_id:")), one.logprob) for one in told]
    if choice.finish_reason == "stop":
        pairs = pairs[:-1] if len(pairs) == (answer.usage.completion_tokens if answer.usage else len(pairs)) else pairs
    ms = (time.perf_counter() - began) * 1000
    return Said(
        choice.message.content or "", tuple(token for token, _ in pairs), tuple(likely for _, likely in pairs), ms
    )


def asks_here(base: Path, adapter: Path) -> Ask:
    """Returns what asks the model as the agent loads it in process. It tells text alone, which is read as tokens again."""
    from langchain_core.messages import convert_to_messages

    from convrec.agent.llm.local import LocalChatModel

    model = LocalChatModel.load(str(base), adapter)
    tokenizer = load(str(base)).tokenizer

    def ask(messages: Sequence[tuple[str, str]], most: int) -> Said:
        began = time.perf_counter()
        answer = model.invoke(convert_to_messages(list(messages)), max_tokens=most)
        text = str(answer.text)
        return Said(
            text,
            tuple(tokenizer(text, add_special_tokens=False)["input_ids"]),
            (),
            (time.perf_counter() - began) * 1000,
        )

    return ask
