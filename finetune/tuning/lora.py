"""An adapter on a base: laid on, written as LoRA tensors alone, read back only where it goes with the base."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from convrec.catalogue.store import disk_errors, new_file
from convrec.core.errors import ModelError
from convrec.finetune.tuning.setting import TrainSetting

WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.pkl", "*.ckpt")


def adapted(model: Any, setting: TrainSetting) -> Any:
    """Returns the model with a fresh adapter on every linear layer but the last; the base's weights no longer learn."""
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(setting.seed)
    config = LoraConfig(
        r=setting.rank, lora_alpha=setting.scale, lora_dropout=setting.dropout, use_dora=setting.dora, target_modules="all-linear", bias="none", task_type="CAUSAL_LM",
    )  # fmt: skip
    return get_peft_model(model, config, autocast_adapter_dtype=False)


def tensors_of(model: Any) -> dict[str, Any]:
    """Returns the adapter's tensors by the names under which peft and vLLM read them.

    Raises:
        ModelError: something else than LoRA is among them.
    """
    from peft import get_peft_model_state_dict

    found = {
        name: tensor.detach().cpu().contiguous()
        for name, tensor in get_peft_model_state_dict(model, save_embedding_layers=False).items()
    }
    strangers = [name for name in found if ".lora_" not in name]
    if strangers:
        raise ModelError(
            f"The adapter would hold `{strangers[0]}`, which is no LoRA tensor.",
            "Train it without tuned embeddings or heads.",
        )
    return found


def write_adapter(model: Any, folder: Path, base: Path, tensors: dict[str, Any] | None = None) -> None:
    """Writes an adapter's folder, each file whole or not at all.

    Raises:
        WorkspaceError: the disk is full, or the folder can't be written.
    """
    from safetensors.torch import save

    config = model.peft_config["default"].to_dict() | {"base_model_name_or_path": str(base), "inference_mode": True}
    config["target_modules"] = sorted(config["target_modules"])
    content = {
        WEIGHTS: save(tensors if tensors is not None else tensors_of(model)),
        CONFIG: json.dumps(config, indent=1, default=_plain).encode(),
    }
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in content.items():
            with new_file(folder / name) as unfinished:
                unfinished.write_bytes(data)


def _plain(value: object) -> object:
    return sorted(map(str, value)) if isinstance(value, set | frozenset) else str(getattr(value, "value", value))


def checked_adapter(folder: Path, rank: int | None = None) -> dict[str, Any]:
    """Returns the `adapter_config.json` of an adapter that may be loaded: safetensors alone, whole, LoRA tensors alone, all of the rank that it states.

    Raises:
        ModelError: it is not, or is of another rank than `rank`.
    """
    from safetensors import SafetensorError, safe_open

    try:
        config: dict[str, Any] = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(f"The folder `{folder}` holds no adapter.", f"It needs {CONFIG} and {WEIGHTS}.") from error
    except ValueError as error:
        raise ModelError(f"{folder / CONFIG} is damaged.", "Train the adapter anew.") from error
    if not (folder / WEIGHTS).is_file():
        pickled = sorted(path.name for kind in _PICKLES for path in folder.glob(kind))
        if pickled:
            raise ModelError(
                f"The adapter `{folder}` is pickled ({pickled[0]}), and a pickle can run any code when it is read.",
                f"Convert it to {WEIGHTS} where it was made.",
            )
        raise ModelError(f"The folder `{folder}` holds no adapter.", f"It needs {CONFIG} and {WEIGHTS}.")
    stated = int(config.get("r", 0))
    try:
        with safe_open(folder / WEIGHTS, framework="pt") as file:
            shapes = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118  (the file is no dict)
    except (SafetensorError, OSError) as error:
        raise ModelError(
            f"The adapter's weights {folder / WEIGHTS} are cut short or damaged.", "Copy or train them again."
        ) from error
    for name, shape in shapes.items():
        if ".lora_" not in name:
            raise ModelError(
                f"The adapter `{folder}` holds `{name}`, which is no LoRA tensor.",
                "Train it without tuned embeddings or heads.",
            )
        found = shape[0] if ".lora_A" in name else shape[-1] if ".lora_B" in name else stated
        if found != stated:
            raise ModelError(
                f"The adapter `{folder}` says rank {stated}, and `{name}` has rank {found}.", "Copy or train it again."
            )
    if not shapes:
        raise ModelError(f"The adapter `{folder}` is empty.", "Train it again.")
    if rank is not None and stated != rank:
        raise ModelError(
            f"The adapter `{folder}` has rank {stated}, and rank {rank} is wanted.",
            "Name the adapter of that rank, or train one.",
        )
    return config


def copied(source: Path, target: Path) -> None:
    """Copies an adapter's folder in place of whatever the target was, whole or not at all.

    Raises:
        WorkspaceError: the disk is full, or the folder can't be written.
    """
    unfinished, old = target.with_name(f".{target.name}.new"), target.with_name(f".{target.name}.old")
    with disk_errors(target):
        for path in (unfinished, old):
            shutil.rmtree(path, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, unfinished)
        if target.exists():
            target.rename(old)
        unfinished.rename(target)
        shutil.rmtree(old, ignore_errors=True)
