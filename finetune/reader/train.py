"""Training of the reader of messages by a setting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from convrec.core.progress import Progress
from convrec.finetune.reader.features import Example, batched
from convrec.finetune.reader.model import FacetVectors, Reader, Tuning, loss_of, on

_WARM = 0.06
_CLIP = 1.0


@dataclass(frozen=True)
class Setting:
    """One training run. `without` names schemas and sources (by how they begin) that are left out, as a domain never seen."""

    tuning: Tuning = field(default_factory=Tuning)
    rate: float = 1e-3
    heads_rate: float = 1e-3
    epochs: float = 3.0
    size: int = 24
    seed: int = 0
    without: tuple[str, ...] = ()


def trained(
    setting: Setting,
    examples: Sequence[Example],
    vectors: FacetVectors,
    folder: Path,
    device: str,
    progress: Progress,
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
    for step, some in zip(range(steps), _drawn(kept, setting.size, rng), strict=False):
        batch = on(batched(some, rng), device)
        loss = loss_of(model(batch, vectors.of(some, rng)), batch)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), _CLIP)
        optimiser.step()
        schedule.step()
        if step % 25 == 0 or step == steps - 1:
            progress("training the reader", step + 1, steps)
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
