"""The loss of a packed row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convrec.finetune.tuning.packing import NOT_LEARNED, Packed, sight

if TYPE_CHECKING:
    import torch


def logprobs_of(model: Any, row: Packed) -> torch.Tensor:
    """Returns the log probabilities `(n_learned,)` of the tokens that are learned, in order."""
    import torch

    inner = getattr(model, "module", model)  # where several processes share the work, the model is wrapped
    device, dtype = inner.device, inner.dtype
    ids, labels = torch.tensor([row.ids], device=device), torch.tensor(row.labels, device=device)
    seen = sight(torch.tensor(row.chats, device=device))
    mask = torch.zeros(seen.shape, dtype=dtype, device=device).masked_fill(~seen, torch.finfo(dtype).min)
    learned = (labels != NOT_LEARNED).nonzero()[:, 0]
    hidden = model(
        input_ids=ids, attention_mask=mask, position_ids=torch.tensor([row.positions], device=device), use_cache=False,
        logits_to_keep=learned - 1,
    ).logits[0]  # fmt: skip
    found: torch.Tensor = torch.log_softmax(hidden.float(), -1).gather(1, labels[learned][:, None])[:, 0]
    return found


def loss_of(model: Any, row: Packed, total: int) -> torch.Tensor:
    """Returns a row's part in the mean loss over `total` learned tokens."""
    return -logprobs_of(model, row).sum() / total
