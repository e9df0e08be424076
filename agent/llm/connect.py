"""From settings to a chat client: a server's model, or one that is loaded here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from convrec.agent.llm.client import ChatClient
from convrec.agent.llm.endpoint import Endpoint
from convrec.core.errors import ConvrecError, InputError
from convrec.core.extras import to_get
from convrec.core.settings import Llm

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_OPENAI = "api.openai.com"  # where a limit of tokens has another name than with everybody else


def connect(settings: Llm, environment: Mapping[str, str] = os.environ, *, seed: int = 0) -> ChatClient | None:
    """Returns a client for the model that the settings name; None where they name none. No request is sent.

    Raises:
        InputError: a server without a model's name, an address that carries a key, or a folder that is none.
        ConvrecError: what asks models is not installed.
    """
    if not settings.configured:
        return None
    if not settings.urls:
        return ChatClient([Endpoint(settings.model, _local(settings), told_time=True)], seed=seed)
    if not settings.model:
        raise InputError("`llm.base_url` is set and `llm.model` is not.", "Name the model as its server does.")
    key = checked_key(environment.get(settings.api_key_env, ""), settings.api_key_env)
    hint = f"Put a key into ${settings.api_key_env}, never into the address."
    urls = [checked_url(url, "An address of `llm.base_url`", hint) for url in settings.urls]
    return ChatClient([Endpoint(urlsplit(url).netloc, _served(settings, url, key)) for url in urls], seed=seed)


def checked_url(url: str, where: str, hint: str) -> str:
    """Returns a server's address; `where` names where it stands and `hint` says where a key belongs.

    Raises:
        InputError: it is none, or carries a password or a key, which would be written down with it. It is not repeated.
    """
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        raise InputError(f"{where} is no address.", "Write one like http://localhost:11434/v1.") from None
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise InputError(f"{where} carries more than an address.", hint)
    if not sound:
        raise InputError(f"{where} is no address.", "Write one like http://localhost:11434/v1.")
    return url


def checked_key(key: str, variable: str) -> str:
    """Returns a key without the white space around it.

    Raises:
        InputError: it is no single word of ASCII, so that it could be more than a header. It is not repeated.
    """
    if any(not "!" <= char <= "~" for char in key.strip()):
        raise InputError(f"What ${variable} holds is no key.", "A key is one word of ASCII characters.")
    return key.strip()


def _served(settings: Llm, url: str, key: str) -> BaseChatModel:
    """Returns LangChain's client for a server; retries are ours alone, so that each is counted."""
    try:
        from pydantic import SecretStr

        from convrec.agent.llm.bounded import bounded_client
        from convrec.agent.llm.served import OpenAIModel, ServedModel
    except ImportError as error:
        raise ConvrecError(
            "Models are asked through langchain-openai, which is not installed.", to_get("llm")
        ) from error
    kind = OpenAIModel if urlsplit(url).hostname == _OPENAI else ServedModel
    served: BaseChatModel = kind(
        model=settings.adapter or settings.model, base_url=url, api_key=SecretStr(key or "none"), timeout=settings.timeout_s,
        max_retries=0, cache=False, use_responses_api=False, stream_usage=True, http_client=bounded_client(settings.timeout_s),
    )  # fmt: skip
    return served


def _local(settings: Llm) -> BaseChatModel:
    """Returns a model that transformers loads, with its LoRA adapter where one is named."""
    from convrec.agent.llm.local import LocalChatModel

    return LocalChatModel.load(settings.model, Path(settings.adapter) if settings.adapter else None)
