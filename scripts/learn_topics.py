"""Learns what statements tell of a person from written examples, prints how well on examples held back, and writes agent/memory/topics.safetensors.

python scripts/learn_topics.py                  # learn from finetune/memory_wordings.jsonl, and write
python scripts/learn_topics.py --dry-run        # only measure
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file

from convrec.agent.memory.topics import NONE, Topics
from convrec.tools.encoder import TextEncoder

ROOT = Path(__file__).resolve().parent.parent
ROWS = ROOT / "finetune" / "memory_wordings.jsonl"
OUT = ROOT / "agent" / "memory" / "topics.safetensors"
FOLDS, STEPS, RATE, DECAY, SCALE = 5, 150, 0.02, 0.02, 20.0


def learned(vectors: np.ndarray, labels: Sequence[str], names: tuple[str, ...], seed: int, encoder: str) -> Topics:
    """Returns the layer that tells the labels from the vectors best: softmax regression with weight decay."""
    torch.manual_seed(seed)
    places = torch.tensor([names.index(label) for label in labels])
    layer = torch.nn.Linear(vectors.shape[1], len(names))
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    optimiser = torch.optim.AdamW(layer.parameters(), lr=RATE, weight_decay=DECAY)
    inputs = torch.tensor(vectors * SCALE)  # unit vectors are too short to be told apart
    for _ in range(STEPS):
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(layer(inputs), places).backward()
        optimiser.step()
    return Topics(names, layer.weight.detach().numpy() * SCALE, layer.bias.detach().numpy(), encoder)


def main() -> None:
    """Learns, measures by five folds, and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dry-run", action="store_true", help="only measure")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    every = [json.loads(line) for line in ROWS.read_text("utf-8").splitlines()]
    rows = [
        row for row in every if "voice" not in row
    ]  # those were written for single words: a whole sentence's vector doesn't tell a joke
    labels = [row["topic"] for row in rows]
    names = (NONE, *sorted({*labels} - {NONE}))
    encoder = TextEncoder.open()
    vectors = encoder.encode([row["text"] for row in rows], 64, full_precision=True)
    fold = np.random.default_rng(options.seed).integers(0, FOLDS, len(rows))
    right, kept, junk, told, passed = 0, 0, 0, 0, 0
    for held in range(FOLDS):
        train = np.flatnonzero(fold != held)
        topics = learned(vectors[train], [labels[i] for i in train], names, options.seed, encoder.revision)
        for i in np.flatnonzero(fold == held):
            name, sure = topics.likeliest(topics.of(vectors[[i]])[0])
            right += name == labels[i]
            if rows[i]["kind"] == "none":
                passed += 1
                junk += name != NONE and sure >= 0.6
            elif rows[i]["kind"] == "tells":
                told += 1
                kept += name == labels[i] and sure >= 0.6
    print(
        f"{len(rows)} examples, {len(names)} topics, {FOLDS} folds: right {right / len(rows):.3f}; told and heard (≥ .6) {kept / told:.3f}; noise taken for it {junk / passed:.3f}"
    )
    if not options.dry_run:
        topics = learned(vectors, labels, names, options.seed, encoder.revision)
        tensors = {"weights": topics.weights.astype(np.float16), "bias": topics.bias.astype(np.float16)}
        save_file(tensors, OUT, {"topics": "|".join(names), "encoder": encoder.revision})
        print(f"written: {OUT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
