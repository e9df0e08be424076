"""Learns to mark what messages tell of their writers from marked examples, prints how well on voices held back, and writes agent/memory/marks.safetensors.

python scripts/learn_marks.py                     # learn from finetune/memory_wordings.jsonl, and write (an hour on two cores)
python scripts/learn_marks.py --dry-run           # only measure, on the first of five folds of voices
python scripts/learn_marks.py --dry-run --folds 5 # on all five

The sentence encoder is tuned by LoRA (Hu et al. 2021) together with the network over it.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional
from transformers import BertModel

from convrec.agent.compact.tagger.pieces import cut, open_tokenizer
from convrec.agent.memory.marking import GONE, OTHER, WHOSE, Mark, decoded, layers_of, seen
from convrec.core.text import words
from convrec.tools.encoder import TextEncoder

ROOT = Path(__file__).resolve().parent.parent
ROWS = ROOT / "finetune" / "memory_wordings.jsonl"
OUT = ROOT / "agent" / "memory" / "marks.safetensors"
FOLDS = 5
EPOCHS, BATCH, BEGIN = 3, 32, 0.3
RATE, ENCODER_RATE, RANK = 2e-3, 1e-3, 32
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


class Tensors:
    """An example as tensors: piece ids, labels (-1 where none is known) and first pieces."""

    def __init__(self, tokenizer: Any, labels: Sequence[str]) -> None:
        self._tokenizer, self._order = tokenizer, {label: place + 1 for place, label in enumerate(labels)}

    def of(self, each: Example) -> tuple[Tensor, Tensor, Tensor]:
        """Returns ids, labels and beginnings, all `(1, length)`."""
        pieces = cut(self._tokenizer, "", each.text)
        labels, begins = np.full((1, len(pieces.ids)), -1), np.zeros((1, len(pieces.ids)), np.int64)
        labels[0, pieces.offset : pieces.offset + len(pieces.places)] = 0
        for mark in each.marks:
            here = [pieces.offset + i for i, (a, b) in enumerate(pieces.places) if a < mark.end and mark.start < b]
            labels[0, here] = self._order[mark.label]
            begins[0, here[:1]] = 1
        return torch.tensor([pieces.ids]), torch.from_numpy(labels), torch.from_numpy(begins)


class Tuned(nn.Module):
    """The sentence encoder with LoRA matrices, and the network over it."""

    def __init__(self, encoder: TextEncoder, n_labels: int) -> None:
        super().__init__()
        plain = BertModel.from_pretrained(
            encoder.folder, add_pooling_layer=False, attn_implementation="sdpa", dtype=torch.float32
        )
        matrices = ["query", "key", "value", "dense"]
        lora = LoraConfig(r=RANK, lora_alpha=RANK, lora_dropout=0.0, target_modules=matrices, bias="none")
        self.encoder: PeftModel = get_peft_model(plain, lora)
        self.layers = layers_of(encoder.width, n_labels)

    def states(self, ids: Tensor, padding: None) -> Sequence[Tensor]:
        """Returns the hidden states below the first layer and above each, as `convrec.tools.bert.Bert` does."""
        return self.encoder(input_ids=ids, output_hidden_states=True).hidden_states

    def forward(self, ids: Tensor) -> Tensor:
        """Returns the scores of pieces `(n, length)` that are all words."""
        return self.layers(seen(self, ids))

    def learned(self) -> dict[str, Tensor]:
        """Returns what was learned, by the names by which it is read: the network's own, and the LoRA matrices by those of the encoder."""
        low = {
            name.removeprefix("base_model.model.").removesuffix(".default.weight"): tensor
            for name, tensor in self.encoder.state_dict().items()
            if ".lora_" in name
        }
        return {**self.layers.state_dict(), **low}


class Batches:
    """Examples and a variation of each, drawn anew each time, as `(ids, labels, beginnings)` of like length."""

    def __init__(self, examples: Sequence[Example], tensors: Tensors, rng: np.random.Generator) -> None:
        self._examples, self._tensors, self._rng = examples, tensors, rng
        self._varied = Varied(examples, rng)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        lengths: dict[int, list[tuple[Tensor, Tensor, Tensor]]] = {}
        for each in (*self._examples, *map(self._varied.of, self._examples)):
            parts = self._tensors.of(each)
            lengths.setdefault(parts[0].shape[1], []).append(parts)
        batches = []
        for some in lengths.values():
            order = self._rng.permutation(len(some)).tolist()
            batches += [[some[i] for i in order[start : start + BATCH]] for start in range(0, len(some), BATCH)]
        for place in self._rng.permutation(len(batches)).tolist():
            yield tuple(torch.cat(parts) for parts in zip(*batches[place], strict=True))


def learned(encoder: TextEncoder, examples: Sequence[Example], labels: Sequence[str], seed: int, epochs: int) -> Tuned:
    """Returns a network that was taught the examples; says each hundred steps how far it is."""
    torch.manual_seed(seed)
    tensors = Tensors(open_tokenizer(encoder.folder), labels)
    batches, model = Batches(examples, tensors, np.random.default_rng(seed)), Tuned(encoder, len(labels))
    own, low = [*model.layers.parameters()], [each for each in model.encoder.parameters() if each.requires_grad]
    optimiser = torch.optim.AdamW([{"params": own}, {"params": low}], weight_decay=0.05)
    total = epochs * sum(1 for _ in batches) + epochs * 50  # variations differ in length, and so does their number
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, [RATE, ENCODER_RATE], total_steps=total, pct_start=0.1)
    model.train()
    step = 0
    for epoch in range(1, epochs + 1):
        lost = []
        for ids, tags, begins in batches:
            scores = model(ids)
            loss = functional.cross_entropy(scores[..., :-1].transpose(1, 2), tags, ignore_index=-1)
            inside = tags > 0
            if inside.any():
                first = functional.binary_cross_entropy_with_logits(scores[..., -1][inside], begins[inside].float())
                loss = loss + BEGIN * first
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_([*own, *low], 1.0)
            optimiser.step()
            schedule.step()
            lost.append(loss.item())
            step += 1
            if step % 100 == 0:
                print(f"epoch {epoch} of {epochs}, step {step} of about {total}", file=sys.stderr, flush=True)
        print(f"loss {np.mean(lost):.3f}", flush=True)
    return model.eval()


def read(model: Tuned, encoder: TextEncoder, texts: Sequence[str], labels: Sequence[str]) -> list[tuple[Mark, ...]]:
    """Returns the marks of each text."""
    tokenizer, found = open_tokenizer(encoder.folder), []
    for text in texts:
        pieces = cut(tokenizer, "", text)
        with torch.inference_mode():
            scores = model(torch.tensor([pieces.ids]))[0].numpy()
        here = scores[pieces.offset : pieces.offset + len(pieces.places)]
        found.append(decoded(text, pieces.places, here, labels).marks)
    return found


def folds(rows: Sequence[Mapping[str, Any]], seed: int) -> np.ndarray:
    """Returns each row's fold: of a voice all rows are in one; what names no voice is in none (-1)."""
    voices = sorted({row["voice"] for row in rows if "voice" in row})
    order = np.random.default_rng(seed).permutation(len(voices)).tolist()
    fold = {voice: place % FOLDS for voice, place in zip(voices, order, strict=True)}
    return np.array([fold.get(row.get("voice"), -1) for row in rows])


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
    fold = folds(rows, options.seed)
    held: list[int] = []
    found: list[tuple[Mark, ...]] = []
    for number in range(options.folds if options.dry_run else 0):
        train = [examples[i] for i in np.flatnonzero(fold != number)]
        model = learned(encoder, train, labels, options.seed, options.epochs)
        here = np.flatnonzero(fold == number).tolist()
        held += here
        found += read(model, encoder, [rows[i]["text"] for i in here], labels)
    for least in (0.35, 0.5, 0.6, 0.7, 0.8, 0.9) if held else ():
        counts = measured([rows[i] for i in held], found, least)
        print(least, "; ".join(f"{name} {right / n:.3f} of {n}" for name, (right, n) in sorted(counts.items())))
    if not options.dry_run:
        model = learned(encoder, examples, labels, options.seed, options.epochs)
        half = {name: tensor.to(torch.float16).contiguous() for name, tensor in model.learned().items()}
        save_file(half, OUT, {"labels": "|".join(labels), "encoder": encoder.revision})
        print(f"written: {OUT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
