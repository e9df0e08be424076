"""Opens a language model of a folder: tokenizer, weights, adapter. Needs the extra `local`; imported when a model is first asked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import logging

from convrec.agent.llm.packed import is_packed, read_packed
from convrec.core.errors import ModelError

ADAPTER = "adapter_model.safetensors"
_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_UNREADABLE = (OSError, ValueError, KeyError, RuntimeError, SafetensorError)
_SAMPLED = ("temperature", "top_p", "top_k", "min_p", "typical_p", "epsilon_cutoff", "eta_cutoff")


@dataclass(frozen=True)
class Loaded:
    """A model in memory: the network, its tokenizer, how many tokens it reads at once, and the tokens that end an answer."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    window: int
    ends: frozenset[int]


def load(name: str, adapter: str | None = None, device: str = "auto", dtype: str = "auto") -> Loaded:
    """Returns the model of a folder, packed in 8 bits or not, or of a hub's name, with a LoRA adapter's folder laid on.

    The adapter stays apart from the weights: merged into 16 bits they'd be rounded once more, and would no longer choose the tokens
    that a server with the same adapter chooses. Code that a folder brings is never run.

    Raises:
        ModelError: there is no such folder, it lacks weights or a chat template, or the adapter is another model's.
    """
    folder = Path(name)
    if not folder.is_dir() and not _HUB_NAME.fullmatch(name):
        raise ModelError(f"There is no model folder `{name}`.", "Name a folder with config.json and *.safetensors.")
    tokenizer = _tokenizer(name)
    with _no_bars():
        model = _packed(folder, dtype) if folder.is_dir() and is_packed(folder) else _model(name, dtype)
    if adapter is not None:
        model = _adapted(model, Path(adapter), name)
    model = model.to(("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device).eval()
    for key in _SAMPLED:
        setattr(model.generation_config, key, None)
    return Loaded(model, tokenizer, _window(model, tokenizer), frozenset(_ends(model, tokenizer)))


@contextmanager
def _no_bars() -> Iterator[None]:
    """Keeps transformers from drawing bars into a conversation."""
    drawn = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if drawn:
            logging.enable_progress_bar()


def _tokenizer(name: str) -> PreTrainedTokenizerBase:
    try:
        tokenizer = AutoTokenizer.from_pretrained(name, trust_remote_code=False)
    except _UNREADABLE as error:
        raise ModelError(
            f"`{name}` has no tokenizer that can be read.", "Put the model's tokenizer.json there."
        ) from error
    if not tokenizer.chat_template:
        raise ModelError(
            f"The model `{name}` has no chat template, so it was not taught to converse.",
            "Take its variant for chats, or put a chat_template.jinja beside its tokenizer.",
        )
    return tokenizer


def _model(name: str, dtype: str) -> PreTrainedModel:
    if Path(name).is_dir() and not any(Path(name).glob("*.safetensors")):
        raise ModelError(
            f"The folder `{name}` holds no weights (*.safetensors).", "Copy them there; other formats are not read."
        )
    try:
        model, about = AutoModelForCausalLM.from_pretrained(
            name, dtype=dtype, use_safetensors=True, trust_remote_code=False, output_loading_info=True
        )
    except _UNREADABLE as error:
        raise ModelError(f"The model `{name}` can't be loaded: {_first(error)}", "Fetch it again.") from error
    _complete(name, [*about["missing_keys"], *about["mismatched_keys"]])
    return model


def _packed(folder: Path, dtype: str) -> PreTrainedModel:
    try:
        weights = read_packed(folder)
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        kept = torch.bfloat16 if dtype == "auto" else getattr(torch, dtype)
        model = AutoModelForCausalLM.from_config(config, dtype=kept, trust_remote_code=False)
        missing = model.load_state_dict(weights, strict=False).missing_keys
    except _UNREADABLE as error:
        raise ModelError(f"The packed model `{folder}` can't be loaded: {_first(error)}", "Fetch it again.") from error
    model.tie_weights()
    _complete(str(folder), set(missing) - set(model.all_tied_weights_keys))
    return model


def _complete(name: str, missing: Iterable[object]) -> None:
    lacking = sorted(map(str, missing))
    if lacking:
        raise ModelError(f"The weights of `{name}` lack {len(lacking)} tensors, as `{lacking[0]}`.", "Fetch it again.")


def _adapted(model: PreTrainedModel, adapter: Path, name: str) -> Any:
    from peft import PeftModel

    if not (adapter / ADAPTER).is_file() or not (adapter / "adapter_config.json").is_file():
        raise ModelError(
            f"The folder `{adapter}` holds no adapter.", f"It needs adapter_config.json and {ADAPTER}; other formats are not read."
        )  # fmt: skip
    try:
        stranger = _stranger(model, adapter / ADAPTER)
        if stranger:
            base = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8")).get(
                "base_model_name_or_path"
            )
            raise ModelError(
                f"The adapter `{adapter}` is another model's: {stranger} of `{name}`.", f"It was trained on `{base}`: name that model, or train it anew."
            )  # fmt: skip
        return PeftModel.from_pretrained(model, str(adapter), autocast_adapter_dtype=False)
    except _UNREADABLE as error:
        raise ModelError(
            f"The adapter `{adapter}` can't be loaded: {_first(error)}", "Fetch or train it again."
        ) from error


def _stranger(model: PreTrainedModel, weights: Path) -> str:
    """Returns which tensor of an adapter does not go with a model's, in words, or nothing where all do."""
    modules = dict(model.named_modules())
    with safe_open(weights, framework="pt") as file:
        for key in file.keys():  # noqa: SIM118 (the file is no dict)
            place, _, part = key.removeprefix("base_model.model.").partition(".lora_")
            if place not in modules or not part:
                return f"`{key}` has no place in the layers"
            shape, module = file.get_slice(key).get_shape(), modules[place]
            if isinstance(module, torch.nn.Linear) and not _fits(part, shape, module):
                return f"`{key}` {tuple(shape)} does not fit {module}"
    return ""


def _fits(part: str, shape: list[int], layer: torch.nn.Linear) -> bool:
    return shape[1] == layer.in_features if part.startswith("A.") else shape[0] == layer.out_features


def _window(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> int:
    config = model.config.get_text_config()
    return int(getattr(config, "max_position_embeddings", None) or tokenizer.model_max_length)


def _ends(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> Iterable[int]:
    stated = model.generation_config.eos_token_id
    ends = (*(stated if isinstance(stated, list) else [stated]), tokenizer.eos_token_id)
    return (end for end in ends if end is not None)


def _first(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:200].rstrip(".") + "."
