"""Training of the reader: a setting in, weights and figures out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

from convrec.finetune.encoder.features import Example, batched
from convrec.finetune.encoder.model import FacetVectors, Reader, Tuning, loss_of, on
from convrec.finetune.encoder.scoring import figures, read_all

_WARM = 0.06
_CLIP = 1.0


@dataclass(frozen=True)
class Setting:
    """One training run. `without` names schemas and sources (by how they begin) that are left out, as a domain never seen."""

    name: str
    tuning: Tuning = field(default_factory=Tuning)
    rate: float = 1e-3
    heads_rate: float = 1e-3
    epochs: float = 3.0
    size: int = 64
    seed: int = 0
    without: tuple[str, ...] = ()


def trained(
    setting: Setting,
    examples: Sequence[Example],
    vectors: FacetVectors,
    folder: Path,
    device: str,
    say: Callable[[str], None],
) -> Reader:
    """Returns a reader trained on the examples, the same for the same seed on the same device."""
    torch.manual_seed(setting.seed)
    torch.set_float32_matmul_precision("high")  # on a GPU; a CPU keeps all its digits
    rng = np.random.default_rng(setting.seed)
    kept = [
        e
        for e in examples
        if not any(e.row.schema.startswith(w) or e.row.source.startswith(w) for w in setting.without)
    ]
    model = Reader(folder, setting.tuning).to(device)
    optimiser = torch.optim.AdamW(_groups(model, setting), weight_decay=0.01, fused=device == "cuda")
    steps = max(1, int(len(kept) * setting.epochs / setting.size))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _rate(step, steps))
    began = time.monotonic()
    for step, some in zip(range(steps), _drawn(kept, setting.size, rng), strict=False):
        batch = on(batched(some, rng), device)
        loss = loss_of(model(batch, vectors.of(some, rng)), batch)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), _CLIP)
        optimiser.step()
        schedule.step()
        if step % 50 == 0:
            passed = time.monotonic() - began
            say(f"{setting.name}: step {step} of {steps}, loss {float(loss.detach()):.3f}, {passed:.0f} s")
    return model


def _groups(model: Reader, setting: Setting) -> list[dict[str, Any]]:
    encoder = [p for p in model.encoder.parameters() if p.requires_grad]
    groups: list[dict[str, Any]] = [{"params": list(model.heads.parameters()), "lr": setting.heads_rate}]
    return groups + ([{"params": encoder, "lr": setting.rate}] if encoder else [])


def _rate(step: int, steps: int) -> float:
    warm = max(1, int(steps * _WARM))
    return (step + 1) / warm if step < warm else max(0.02, 1 - (step - warm) / max(1, steps - warm))


def _drawn(examples: Sequence[Example], size: int, rng: np.random.Generator) -> Iterator[list[Example]]:
    """Yields batches of messages of like length, epoch after epoch, in a new order each time."""
    lengths = np.array([len(e.pieces.ids) for e in examples])
    while True:
        order = np.argsort(lengths + rng.random(len(lengths)) * 8, kind="stable")
        groups = [order[i : i + size] for i in range(0, len(order), size)]
        for place in rng.permutation(len(groups)):
            yield [examples[i] for i in groups[place]]


def weights_of(model: Reader) -> dict[str, torch.Tensor]:
    """Returns the heads' and the adapter's tensors in 16 bits; all of a fully tuned encoder's."""
    found = {f"heads.{name}": value for name, value in model.heads.state_dict().items()}
    if any("lora_" in name for name, _ in model.encoder.named_parameters()):
        found |= {f"adapter.{_plain(n)}": p for n, p in model.encoder.named_parameters() if "lora_" in n}
    elif any(p.requires_grad for p in model.encoder.parameters()):
        found |= {f"encoder.{name}": value for name, value in model.encoder.state_dict().items()}
    return {name: value.detach().to("cpu", torch.float16).contiguous() for name, value in found.items()}


def _plain(name: str) -> str:
    return name.removeprefix("base_model.model.").replace(".default", "").removesuffix(".weight")


def measured(
    model: Reader, vectors: FacetVectors, parts: Mapping[str, Sequence[Example]], device: str
) -> dict[str, dict[str, float]]:
    """Returns the figures of each part, with what the catalogue has looked up."""
    return {
        name: dict(figures(examples, read_all(model, vectors, examples, device))) for name, examples in parts.items()
    }


def run(
    setting: Setting, train: Sequence[Example], parts: Mapping[str, Sequence[Example]], vectors: FacetVectors, folder: Path, out: Path,
    device: str, say: Callable[[str], None], *, keep: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Trains by a setting and measures; writes `NAME.json`, and with `keep` the weights `NAME.safetensors`."""
    began = time.monotonic()
    model = trained(setting, train, vectors, folder, device, say)
    report = {
        "setting": asdict(setting),
        "seconds": round(time.monotonic() - began, 1),
        "figures": measured(model, vectors, parts, device),
    }
    out.mkdir(parents=True, exist_ok=True)
    if keep:
        save_file(weights_of(model), out / f"{setting.name}.safetensors")
    (out / f"{setting.name}.json").write_text(json.dumps(report, indent=1), "utf-8")
    return report
