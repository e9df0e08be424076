"""The chat model that puts people's words into others, and the file that keeps its answers."""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path

from convrec.agent.llm.answers import without_thoughts
from convrec.agent.llm.connect import checked_key, checked_url
from convrec.catalogue.store import disk_errors
from convrec.core.errors import ConvrecError, InputError
from convrec.core.extras import to_get
from convrec.core.text import well_formed
from convrec.evaluation.manifest import hashed
from convrec.evaluation.run import whole_lines
from convrec.evaluation.sessions.wording import STYLES, NoWordingError, Wording, prompt_of

KEY = "OPENAI_API_KEY"
"""The environment variable that a key is read from unless another is named."""

_TIMEOUT = 30.0  # seconds a call, of which there are two at most
_RETRIES = 1
_GIVE_UP = 5  # texts in a row without an answer, after which the model is asked no more
_TRIED = "Something funny from the 90s, please."
_log = logging.getLogger(__name__)


class ChatWording:
    """A chat model behind an OpenAI-compatible server, at temperature 0; two tries a text at most.

    Whatever goes wrong is logged by its kind alone: a message could hold the key.
    """

    def __init__(self, model: str, url: str, key: str | None = None, *, timeout: float = _TIMEOUT) -> None:
        try:
            from langchain_openai import ChatOpenAI
            from pydantic import SecretStr
        except ImportError as error:
            raise ConvrecError(
                "Models are asked through langchain-openai, which is not installed.", to_get("llm")
            ) from error
        self.model, self._url, self._key = (
            model,
            checked_url(url, "--llm-url", f"Put a key into ${KEY}, never into the address."),
            key,
        )
        self._chat = ChatOpenAI(
            model=model, base_url=url, api_key=SecretStr(key or "none"), temperature=0, timeout=timeout,
            max_retries=_RETRIES, cache=False, use_responses_api=False,
        )  # fmt: skip

    def __call__(self, text: str, style: str) -> str:
        """Returns the model's words in one line."""
        return self._asked(prompt_of(well_formed(text), style))

    def check(self) -> None:
        """Asks for one wording, so that a wrong address, name or key is known before people talk for hours.

        Raises:
            ConvrecError: none came.
        """
        try:
            self(_TRIED, STYLES[0])
        except NoWordingError as error:
            raise ConvrecError(
                f"The model {self.model} at {self._url} does not answer ({error.problem}).",
                f"See that the server runs and knows the model; a key is read from ${KEY} or the variable of --llm-key-env.",
            ) from None

    def _asked(self, sent: str) -> str:
        try:
            answer = str(self._chat.invoke(sent).text)
        except Exception as error:  # noqa: BLE001  (a server can fail in any way, and one utterance must not end a run)
            _log.warning("%s gave no words: %s", self.model, type(error).__name__)
            raise NoWordingError(type(error).__name__) from None
        if self._key and self._key in answer:
            raise NoWordingError("the answer held the key")
        return _bare(answer)


def _bare(answer: str) -> str:
    """Returns an answer in one line, without what a model thought first and without quotes around all of it."""
    line = " ".join(without_thoughts(well_formed(answer)).split())
    quoted = re.fullmatch(r"[\"“]([^\"“”]+)[\"”]", line)
    return quoted[1].strip() if quoted else line


def chat_wording(
    model: str | None, url: str | None, key_env: str | None, environment: Mapping[str, str] = os.environ
) -> ChatWording | None:
    """Returns the model that options name, with its key from the environment; None where they name none.

    Raises:
        InputError: one option is missing or unsound, or the named variable holds no key.
    """
    if model is None and url is None and key_env is None:
        return None
    if not model or not url:
        raise InputError("--worded-by and --llm-url belong together.", "Name the model, and where it is served.")
    key = checked_key(environment.get(key_env or KEY, ""), key_env or KEY)
    if key_env is not None and not key:
        raise InputError("The variable that --llm-key-env names holds no key.", "Set it, or leave the option out.")
    return ChatWording(model, url, key or None)


class KeptWordings:
    """Wordings kept in a file as they come, a JSON line each: nothing is asked twice, also not what had no answer.

    After five texts in a row without an answer the model is asked no more; what was not asked is not kept.
    """

    def __init__(self, wording: Wording, path: Path) -> None:
        self.model, self._wording, self._path = wording.model, wording, path
        self._rows: dict[str, dict[str, str]] = {row["key"]: row for row in whole_lines(path)}
        self._missed = 0

    @property
    def empty(self) -> bool:
        """Returns whether nothing was asked yet."""
        return not self._rows

    def __call__(self, text: str, style: str) -> str:
        """Returns the kept wording, else the model's."""
        key = hashed(json.dumps([self.model, prompt_of(text, style), text]).encode())
        row = self._rows.get(key)
        if row is None:
            if self._missed >= _GIVE_UP:
                raise NoWordingError("no longer asked")
            row = {"key": key, "text": text, **self._asked(text, style)}
            self._keep(row)
        if "failure" in row:
            raise NoWordingError(row["failure"])
        return str(row["answer"])

    def _asked(self, text: str, style: str) -> dict[str, str]:
        try:
            answer = self._wording(text, style)
        except NoWordingError as error:
            self._missed += 1
            if self._missed == _GIVE_UP:
                _log.warning("%s is asked no more: %d texts in a row had no answer", self.model, _GIVE_UP)
            return {"failure": error.problem}
        self._missed = 0
        return {"answer": answer}

    def _keep(self, row: dict[str, str]) -> None:
        self._rows[row["key"]] = row
        with disk_errors(self._path.parent), self._path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
