"""Answers that keep to a JSON schema: a model in this process may choose only tokens that go on towards a valid document (llguidance)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from transformers import LogitsProcessor, PreTrainedTokenizerBase

from convrec.core.errors import InputError, ModelError
from convrec.core.extras import to_get

_OPTIONS = {"whitespace_pattern": " ?", "coerce_one_of": True}
"""At most one space between two marks: with more allowed, a weak model writes spaces until it is cut off. `oneOf` is read as `anyOf`, as
is right for unions that a field tells apart, pydantic's."""


def schema_of(response_format: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Returns the JSON schema that an OpenAI `response_format` asks for, or nothing where any text will do.

    Raises:
        InputError: it's of an unknown type or lacks the schema.
    """
    match response_format:
        case None | {"type": "text"}:
            return None
        case {"type": "json_object"}:
            return {"type": "object"}
        case {"type": "json_schema", "json_schema": {"schema": Mapping() as schema}}:
            return schema
    raise InputError(
        f"The response format {response_format!r} is unknown.",
        'Use {"type": "json_schema", "json_schema": {"name": …, "schema": …}}.',
    )


class Grammars:
    """Makes guides of schemas for one tokenizer, whose tables are made once."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, n_tokens: int, ends: Iterable[int]) -> None:
        try:
            from llguidance import LLMatcher
            from llguidance.hf import from_tokenizer
        except ImportError as error:
            raise ModelError("Guided JSON needs the package llguidance.", to_get("local")) from error
        self._matcher = LLMatcher
        self._tokens = from_tokenizer(tokenizer, n_vocab=max(n_tokens, len(tokenizer)), eos_token=sorted(ends))

    def guide(self, schema: Mapping[str, Any], start: int) -> Guide:
        """Returns a guide for one answer that begins after `start` tokens.

        Raises:
            InputError: the schema is wrong or uses what can't be guided.
        """
        grammar = self._matcher.grammar_from_json_schema({**schema, "x-guidance": _OPTIONS})
        matcher = self._matcher(self._tokens, grammar)
        if matcher.is_error():
            raise InputError(f"The JSON schema can't guide an answer: {matcher.get_error()}.", "Mend or simplify it.")
        return Guide(matcher, start)


class Guide(LogitsProcessor):  # type: ignore[misc]  # transformers is untyped here
    """Forbids every token after which the answer could no longer become a document of its schema."""

    def __init__(self, matcher: Any, start: int) -> None:
        self._matcher, self._heard = matcher, start

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Returns the scores `(1, n_tokens)` with those of forbidden tokens at minus infinity."""
        self._matcher.consume_tokens(input_ids[0, self._heard :].tolist())
        self._heard = input_ids.shape[1]
        bits = np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8)
        if self._matcher.is_error():
            raise ModelError(
                f"The guide of an answer failed: {self._matcher.get_error()}.", "Simplify its JSON schema."
            )
        allowed = np.unpackbits(bits, count=scores.shape[1], bitorder="little").astype(bool)
        return scores.masked_fill(~torch.from_numpy(allowed).to(scores.device), -torch.inf)
