"""Weights as shards that any Llama loader reads, and the state of a run to go on from exactly."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from convrec.finetune.pretraining.model import LanguageModel

_SHARD_BYTES = 15 * 1024 * 1024


@dataclass(frozen=True)
class Position:
    """Where a run stands: steps done, blocks of rows taken, tokens seen, seconds trained."""

    step: int = 0
    taken: int = 0
    tokens: int = 0
    seconds: float = 0.0


def shards_of(weights: dict[str, Tensor], limit: int) -> list[dict[str, Tensor]]:
    """Returns the weights in their order, in parts of at most `limit` bytes (a larger one stands alone)."""
    shards: list[dict[str, Tensor]] = [{}]
    size = 0
    for name, weight in weights.items():
        bytes_ = weight.numel() * weight.element_size()
        if shards[-1] and size + bytes_ > limit:
            shards.append({})
            size = 0
        shards[-1][name] = weight
        size += bytes_
    return shards


def save_weights(model: LanguageModel, folder: Path, tokens: dict[str, int], limit: int = _SHARD_BYTES) -> None:
    """Writes `config.json`, the weights in bfloat16 as shards of at most `limit` bytes, and their index. Each file appears whole."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {
        name: weight.detach().to("cpu", torch.bfloat16).contiguous() for name, weight in model.named_parameters()
    }
    shards = shards_of(weights, limit)
    where: dict[str, str] = {}
    for number, shard in enumerate(shards, 1):
        name = f"model-{number:05d}-of-{len(shards):05d}.safetensors"
        where |= dict.fromkeys(shard, name)
        save_file(shard, folder / f"{name}.part", metadata={"format": "pt"})
        (folder / f"{name}.part").chmod(0o644)
        (folder / f"{name}.part").replace(folder / name)
    total = sum(weight.numel() * weight.element_size() for weight in weights.values())
    index = {"metadata": {"total_size": total}, "weight_map": where}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=1), encoding="utf-8")
    (folder / "config.json").write_text(json.dumps(model.config.document(tokens), indent=1), encoding="utf-8")


def load_weights(model: LanguageModel, folder: Path) -> None:
    """Fills the model with the weights of a folder's shards."""
    index = json.loads((folder / "model.safetensors.index.json").read_text(encoding="utf-8"))
    found: dict[str, Tensor] = {}
    for name in sorted(set(index["weight_map"].values())):
        found |= load_file(folder / name)
    model.load_state_dict({name: weight.float() for name, weight in found.items()})


def save_state(model: LanguageModel, optimisers: list[torch.optim.Optimizer], position: Position, folder: Path) -> None:
    """Writes the model in full precision, the optimisers and the position; the file before it is replaced last."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"model/{name}": weight.detach().cpu().contiguous() for name, weight in model.named_parameters()}
    for number, optimiser in enumerate(optimisers):
        for index, entries in optimiser.state_dict()["state"].items():
            tensors |= {
                f"optimiser/{number}/{index}/{key}": torch.as_tensor(value).detach().cpu().contiguous()
                for key, value in entries.items()
            }
    metadata = {"position": json.dumps(asdict(position))}
    save_file(tensors, folder / "state.safetensors.part", metadata=metadata)
    (folder / "state.safetensors.part").replace(folder / "state.safetensors")


def load_state(model: LanguageModel, optimisers: list[torch.optim.Optimizer], folder: Path) -> Position:
    """Puts the model and the optimisers where the saved run left them; returns its position, or the start where nothing was saved."""
    path = folder / "state.safetensors"
    if not path.exists():
        return Position()
    tensors = load_file(path)
    model.load_state_dict(
        {name.removeprefix("model/"): weight for name, weight in tensors.items() if name.startswith("model/")}
    )
    for number, optimiser in enumerate(optimisers):
        state: dict[int, dict[str, Any]] = {}
        for name, value in tensors.items():
            if name.startswith(f"optimiser/{number}/"):
                _, _, index, key = name.split("/")
                state.setdefault(int(index), {})[key] = value
        optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
    return _position(path)


def _position(path: Path) -> Position:
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        return Position(**json.loads(file.metadata()["position"]))
