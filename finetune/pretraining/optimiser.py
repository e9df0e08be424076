"""Muon for the hidden matrices (Jordan et al. 2024), AdamW for all else, and a learning rate that follows the clock."""

from dataclasses import dataclass

import torch

from convrec.finetune.pretraining.model import LanguageModel


@dataclass(frozen=True)
class OptimiserConfig:
    """Peak learning rates and decays. `muon_lr` is on AdamW's scale (updates matched in size)."""

    muon_lr: float = 4e-3
    adam_lr: float = 3e-3
    weight_decay: float = 0.05
    warm_up: float = 0.03
    decay: float = 0.28
    clip: float = 1.0


def optimisers(model: LanguageModel, config: OptimiserConfig) -> list[torch.optim.Optimizer]:
    """Returns the two optimisers; each group knows its peak rate as `peak`."""
    matrices = [weight for name, weight in model.named_parameters() if weight.ndim == 2 and "embed" not in name]
    others = [weight for name, weight in model.named_parameters() if weight.ndim != 2 or "embed" in name]
    muon: torch.optim.Optimizer = torch.optim.Muon(
        matrices,
        lr=config.muon_lr,
        weight_decay=config.weight_decay,
        momentum=0.95,
        nesterov=True,
        adjust_lr_fn="match_rms_adamw",
    )
    adam = torch.optim.AdamW(others, lr=config.adam_lr, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.0, fused=False)
    for optimiser in (muon, adam):
        for group in optimiser.param_groups:
            group["peak"] = group["lr"]
    return [muon, adam]


def rate(share: float, config: OptimiserConfig) -> float:
    """Returns the learning rate's share of its peak when `share` of the time is over: warm-up, level, linear decay to nothing."""
    if share < config.warm_up:
        return max(share / config.warm_up, 0.01)
    left = 1.0 - share
    return min(1.0, max(left, 0.0) / config.decay)


def set_rate(found: list[torch.optim.Optimizer], factor: float) -> None:
    """Sets every group's learning rate to a share of its peak."""
    for optimiser in found:
        for group in optimiser.param_groups:
            group["lr"] = group["peak"] * factor
