"""The model that is tuned: opened with a sentence for everything that can be wrong with it, known by hashes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convrec.core.errors import ModelError
from convrec.finetune.tuning.messages import Template

if TYPE_CHECKING:
    from convrec.agent.llm.loading import Loaded

_BLOCK = 1 << 20


@dataclass(frozen=True)
class Identity:
    """What an adapter is bound to: hashes of the base's weights, of its tokenizer and of its chat template; `revision` is the folder's name."""

    revision: str
    weights: str
    tokenizer: str
    template: str


def checked_base(folder: Path) -> dict[str, Any]:
    """Returns the `config.json` of a base that may be tuned. Nothing is loaded.

    Raises:
        ModelError: it is no folder of a model, or is quantised already.
    """
    try:
        config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(
            f"`{folder}` is no folder of a language model.", "Name a folder with config.json and *.safetensors."
        ) from error
    except ValueError as error:
        raise ModelError(f"{folder / 'config.json'} is damaged.", "Copy the model anew.") from error
    quantised = config.get("quantization_config")
    if quantised:
        kind = quantised.get("quant_method", "some way") if isinstance(quantised, dict) else "some way"
        raise ModelError(
            f"The base `{folder}` is quantised already ({kind}), and an adapter trained on it would fit nothing else.",
            'Take the weights it was made of; quantise = "nf4" quantises them while training.',
        )
    return config


def open_base(folder: Path, dtype: str = "auto", *, four_bits: bool = False) -> tuple[Loaded, Template]:
    """Returns a base in memory and its chat template; with `four_bits` its weights are quantised on the way (QLoRA, Dettmers et al. 2023).

    Raises:
        ModelError: what `checked_base` raises, or there are no weights, no tokenizer, no chat template, or nothing here quantises.
    """
    from convrec.agent.llm.loading import load

    checked_base(folder)
    loaded = load(str(folder), dtype=dtype, device="cpu" if four_bits else "auto")
    if four_bits:
        loaded = replace(loaded, model=_in_four_bits(folder))
    return loaded, Template(loaded.tokenizer)


def _in_four_bits(folder: Path) -> Any:
    import torch
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    if not torch.cuda.is_available() or find_spec("bitsandbytes") is None:
        raise ModelError(
            "A base is held in 4 bits by bitsandbytes on a GPU, and one of them is not there.",
            'Take a setting with quantise = "no", or: pip install bitsandbytes.',
        )
    kept = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
    return AutoModelForCausalLM.from_pretrained(
        folder, quantization_config=kept, use_safetensors=True, trust_remote_code=False, device_map={"": 0}
    )


def identity(folder: Path) -> Identity:
    """Returns a base's hashes, 16 hexadecimal digits each.

    Raises:
        ModelError: it holds no weights.
    """
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        raise ModelError(f"The folder `{folder}` holds no weights (*.safetensors).", "Copy them there.")
    told = [
        path
        for name in ("tokenizer.json", "tokenizer.model", "tokenizer_config.json")
        if (path := folder / name).is_file()
    ]
    return Identity(folder.resolve().name, hashed(weights), hashed(told), template_hash(folder))


def template_hash(folder: Path) -> str:
    """Returns the hash of a base's chat template, from its own file or its tokenizer's settings."""
    own = folder / "chat_template.jinja"
    if own.is_file():
        text = own.read_text(encoding="utf-8")
    else:
        settings = folder / "tokenizer_config.json"
        text = (
            str(json.loads(settings.read_text(encoding="utf-8")).get("chat_template", "")) if settings.is_file() else ""
        )
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def hashed(files: Iterable[Path]) -> str:
    """Returns one hash of files' names and bytes."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode())
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    return digest.hexdigest()[:16]
