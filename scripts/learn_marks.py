"""Learns to mark what messages tell of their writers from marked examples, prints how well on examples held back, and writes agent/memory/marks.safetensors.

python scripts/learn_marks.py                     # learn from finetune/memory_wordings.jsonl, and write
python scripts/learn_marks.py --dry-run           # only measure, on the first of five folds
python scripts/learn_marks.py --dry-run --folds 5 # on all five
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional
from transformers import BertModel

from convrec.agent.compact.tagger.pieces import cut, open_tokenizer
from convrec.agent.memory.marking import GONE, OTHER, WHOSE, Mark, decoded
from convrec.core.text import words
from convrec.tools.encoder import TextEncoder

ROOT = Path(__file__).resolve().parent.parent
ROWS = ROOT / "finetune" / "memory_wordings.jsonl"
OUT = ROOT / "agent" / "memory" / "marks.safetensors"
FOLDS, ALIKE = 5, 0.85
EPOCHS, BATCH, RANK, RATE, HEAD_RATE, BEGIN = 5, 32, 16, 2e-3, 4e-3, 0.3
ADAPTED = [3, 4, 5]  # layers; those below stay as they are, and cost no backward pass
SWAPPED = frozenset(
    "home|origin|name|age|birthday|pet's name|relative's name|relative's home|relative's birthday|car|language|learns|plays|collects|allergy|hobby|job|pet|workplace".split(
        "|"
    )
)
"""Topics whose values stand for each other in most sentences."""
SAID = (
    "she said ", "the hero says ", "my mate goes ", "imagine ", "what if ", "if ", "my colleague told me ", "I wish ", "in the film a woman says ", "he goes on about how ",
    "somebody wrote ", "quote: ", "suppose ", "pretend ", "I dreamt ",
)  # fmt: skip
"""What makes a telling none, at its beginning."""
JOINTS = (". ", ", ", " - ", " and ", "! ", ", so ", "... ", ". anyway, ", ". btw ", ", but ", " ")


@dataclass(frozen=True)
class Example:
    """A message and the stretches of it that tell something."""

    text: str
    marks: tuple[Mark, ...]


def example(row: Mapping[str, Any]) -> Example:
    """Returns a row with the places of its marks, each looked for behind the one before."""
    marks, at = [], 0
    for label, value in row.get("marks", ()):
        start = row["text"].index(value, at)
        at = start + len(value)
        marks.append(Mark(start, at, label, 1.0))
    return Example(row["text"], tuple(marks))


class Varied:
    """Examples in other words: values of one topic in each other's place, messages joined, apostrophes and letters lost."""

    def __init__(self, examples: Sequence[Example], rng: np.random.Generator) -> None:
        self._examples, self._rng = examples, rng
        self._pools: dict[str, list[str]] = {}
        for each in examples:
            for mark in each.marks:
                self._pools.setdefault(mark.label, []).append(each.text[mark.start : mark.end])

    def of(self, each: Example) -> Example:
        """Returns the example varied, by chance."""
        rng = self._rng
        if rng.random() < 0.5:
            each = self._swapped(each)
        if each.marks and rng.random() < 0.06:
            each = Example(str(rng.choice(SAID)) + each.text, ())
        elif rng.random() < 0.3:
            other = self._swapped(self._examples[rng.integers(len(self._examples))])
            joint = str(rng.choice(JOINTS))
            first, second = (each, other) if rng.random() < 0.5 else (other, each)
            head = first.text.rstrip(".!") + joint
            moved = (Mark(m.start + len(head), m.end + len(head), m.label, 1.0) for m in second.marks)
            each = Example(head + second.text, (*first.marks, *moved))
        return self._worn(each)

    def _swapped(self, each: Example) -> Example:
        topics = [mark.label for mark in each.marks if mark.label in SWAPPED]
        values = []
        for mark in each.marks:
            label = topics[0] if mark.label == GONE and topics else mark.label
            pool = self._pools.get(label, ()) if label in SWAPPED else ()
            values.append(str(self._rng.choice(pool)) if pool else each.text[mark.start : mark.end])
        return _rewritten(each, values)

    def _worn(self, each: Example) -> Example:
        """Returns it without apostrophes or with a slip, outside its values."""
        rng, (drops, slips) = self._rng, self._rng.random(2) < (0.3, 0.1)
        pieces, marks, at, said = [], [], 0, 0
        for mark in (*each.marks, None):
            between = each.text[at : mark.start if mark else len(each.text)]
            if drops:
                between = between.replace("'", "").replace("’", "")
            if slips and len(between) > 6:
                place = int(rng.integers(1, len(between) - 2))
                between = between[:place] + between[place + 1] + between[place] + between[place + 2 :]
            pieces.append(between)
            said += len(between)
            if mark:
                value = each.text[mark.start : mark.end]
                marks.append(Mark(said, said + len(value), mark.label, 1.0))
                pieces.append(value)
                said, at = said + len(value), mark.end
        return Example("".join(pieces), tuple(marks))


def _rewritten(each: Example, values: Sequence[str]) -> Example:
    text, marks, at = "", [], 0
    for mark, value in zip(each.marks, values, strict=True):
        text += each.text[at : mark.start]
        marks.append(Mark(len(text), len(text) + len(value), mark.label, 1.0))
        text, at = text + value, mark.end
    return Example(text + each.text[at:], tuple(marks))


class Marker(nn.Module):
    """The encoder under an adapter, and a layer over its words."""

    def __init__(self, folder: Path, n_labels: int) -> None:
        super().__init__()
        bert = BertModel.from_pretrained(
            folder, add_pooling_layer=False, attn_implementation="sdpa", dtype=torch.float32
        )
        targets = ["query", "key", "value", "dense"]
        config = LoraConfig(r=RANK, lora_alpha=RANK, target_modules=targets, layers_to_transform=ADAPTED, bias="none")
        self.bert = get_peft_model(bert, config)
        self.drop = nn.Dropout(0.1)
        self.head = nn.Linear(bert.config.hidden_size, n_labels + 2)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Returns scores `(n, length, 2 + n_labels)`."""
        scores: Tensor = self.head(self.drop(self.bert(input_ids=ids, attention_mask=mask).last_hidden_state.float()))
        return scores


class Batches:
    """Examples as tensors: piece ids, labels (-1 where none is known) and first pieces."""

    def __init__(self, tokenizer: Any, labels: Sequence[str]) -> None:
        self._tokenizer, self._order = tokenizer, {label: place + 1 for place, label in enumerate(labels)}

    def of(self, examples: Sequence[Example]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Returns ids, mask, labels and beginnings, all `(n, length)`."""
        cuts = [cut(self._tokenizer, "", each.text) for each in examples]
        length = max(len(each.ids) for each in cuts)
        ids, mask, labels, begins = (np.full((len(cuts), length), fill) for fill in (0, 0, -1, 0))
        for row, (pieces, each) in enumerate(zip(cuts, examples, strict=True)):
            ids[row, : len(pieces.ids)] = pieces.ids
            mask[row, : len(pieces.ids)] = 1
            labels[row, pieces.offset : pieces.offset + len(pieces.places)] = 0
            for mark in each.marks:
                here = [i for i, (a, b) in enumerate(pieces.places) if a < mark.end and mark.start < b]
                labels[row, [pieces.offset + i for i in here]] = self._order[mark.label]
                begins[row, [pieces.offset + i for i in here[:1]]] = 1
        return tuple(torch.from_numpy(each) for each in (ids, mask, labels, begins))  # type: ignore[return-value]


def learned(folder: Path, examples: Sequence[Example], labels: Sequence[str], seed: int, epochs: int) -> Marker:
    """Returns a marker that was taught the examples."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model, varied, batches = Marker(folder, len(labels)), Varied(examples, rng), Batches(open_tokenizer(folder), labels)
    groups = [
        {"params": [p for n, p in model.named_parameters() if "lora_" in n], "lr": RATE},
        {"params": list(model.head.parameters()), "lr": HEAD_RATE},
    ]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.01)
    steps = epochs * -(-len(examples) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, [RATE, HEAD_RATE], total_steps=steps, pct_start=0.1)
    model.train()
    for _ in range(epochs):
        lost = []
        for some in _drawn(examples, rng):
            ids, mask, tags, begins = batches.of([varied.of(each) for each in some])
            with torch.autocast("cpu", torch.bfloat16):
                scores = model(ids, mask).float()
            loss = functional.cross_entropy(
                scores[..., :-1].transpose(1, 2), tags, ignore_index=-1, label_smoothing=0.02
            )
            inside = tags > 0
            loss = loss + BEGIN * functional.binary_cross_entropy_with_logits(
                scores[..., -1][inside], begins[inside].float()
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            lost.append(loss.item())
        print(f"loss {np.mean(lost):.3f}", flush=True)
    return model.eval()


def _drawn(examples: Sequence[Example], rng: np.random.Generator) -> Iterator[list[Example]]:
    """Yields batches of examples of like length, all of them once."""
    order = np.argsort([len(each.text) + 15 * rng.random() for each in examples])
    groups = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
    for place in rng.permutation(len(groups)):
        yield [examples[i] for i in groups[place]]


def read(model: Marker, folder: Path, texts: Sequence[str], labels: Sequence[str]) -> list[tuple[Mark, ...]]:
    """Returns the marks of each text."""
    tokenizer, found = open_tokenizer(folder), []
    for text in texts:
        pieces = cut(tokenizer, "", text)
        with torch.inference_mode():
            scores = model(torch.tensor([pieces.ids]), torch.ones(1, len(pieces.ids), dtype=torch.long))[0].numpy()
        here = scores[pieces.offset : pieces.offset + len(pieces.places)]
        found.append(decoded(text, pieces.places, here, labels).marks)
    return found


def folds(texts: Sequence[str], encoder: TextEncoder, seed: int) -> np.ndarray:
    """Returns each text's fold; texts that mean nearly the same are in one."""
    vectors = encoder.encode(texts, 64, full_precision=True)
    leader = np.arange(len(texts))
    for place in range(len(texts)):
        near = np.flatnonzero(vectors[:place] @ vectors[place] > ALIKE)
        if len(near):
            leader[place] = leader[near[0]]
    return np.random.default_rng(seed).integers(0, FOLDS, len(texts))[leader]


def measured(
    rows: Sequence[Mapping[str, Any]], found: Sequence[tuple[Mark, ...]], least: float
) -> dict[str, tuple[int, int]]:
    """Returns counts `(right, of all)` of values found with their topic, exactly and in part, of what is gone, whose it is, and of noise taken for a telling."""
    counts: dict[str, list[int]] = {}

    def count(name: str, right: bool) -> None:
        counts.setdefault(name, [0, 0])
        counts[name][0] += right
        counts[name][1] += 1

    for row, marks in zip(rows, found, strict=True):
        text = row["text"]
        sure = [(m.label, set(words(text[m.start : m.end]))) for m in marks if m.probability >= least]
        for label, value in row.get("marks", ()):
            if label == OTHER:
                continue
            name = label if label in (GONE, WHOSE) else "value"
            own = set(words(value))
            count(f"{name} exact", (label, own) in sure)
            count(f"{name} overlaps", any(label == of and own & said for of, said in sure))
        told = {label for label, _ in row.get("marks", ())}
        for label, _ in sure:
            if label not in (GONE, WHOSE, OTHER):
                count("marks right", label in told)
        if row["kind"] in ("none", "asks"):
            count(f"{row['kind']} taken for it", any(label not in (WHOSE, OTHER) for label, _ in sure))
    return {name: (right, n) for name, (right, n) in counts.items()}


def main() -> None:
    """Learns, measures by folds, and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dry-run", action="store_true", help="only measure")
    parser.add_argument("--folds", type=int, default=1, help="of five, how many to measure")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    encoder = TextEncoder.open()
    every = [json.loads(line) for line in ROWS.read_text("utf-8").splitlines()]
    rows = [row for row in every if row["kind"] in ("none", "asks") or "marks" in row]  # tastes are read elsewhere
    examples = [example(row) for row in rows]
    labels = sorted({mark.label for each in examples for mark in each.marks})
    fold = folds([row["text"] for row in rows], encoder, options.seed)
    held: list[int] = []
    found: list[tuple[Mark, ...]] = []
    for number in range(options.folds if options.dry_run else 0):
        train = [examples[i] for i in np.flatnonzero(fold != number)]
        model = learned(encoder.folder, train, labels, options.seed, options.epochs)
        here = np.flatnonzero(fold == number).tolist()
        held += here
        found += read(model, encoder.folder, [rows[i]["text"] for i in here], labels)
    for least in (0.35, 0.5, 0.6, 0.7, 0.8) if held else ():
        counts = measured([rows[i] for i in held], found, least)
        print(least, "; ".join(f"{name} {right / n:.3f} of {n}" for name, (right, n) in sorted(counts.items())))
    if not options.dry_run:
        model = learned(encoder.folder, examples, labels, options.seed, options.epochs)
        tensors = {f"adapter.{_plain(n)}": p for n, p in model.bert.named_parameters() if "lora_" in n}
        tensors |= {"weights": model.head.weight, "bias": model.head.bias}
        half = {name: tensor.detach().to(torch.float16).contiguous() for name, tensor in tensors.items()}
        save_file(half, OUT, {"labels": "|".join(labels), "encoder": encoder.revision})
        print(f"written: {OUT.relative_to(ROOT)}")


def _plain(name: str) -> str:
    return name.removeprefix("base_model.model.").replace(".default", "").removesuffix(".weight")


if __name__ == "__main__":
    main()
