"""Trains the reader by settings of a file: `python -m convrec.finetune.encoder train --carry DIR --settings FILE --out DIR`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from convrec.finetune.encoder.rows import read


def main() -> None:
    """Runs the settings, several side by side on a GPU."""
    asked = _arguments()
    settings = json.loads(asked.settings.read_text("utf-8"))
    chosen = [one for one in settings if not asked.only or one["name"] in asked.only]
    began = time.monotonic()
    prepared = _prepared(asked)
    _say(f"prepared in {time.monotonic() - began:.0f} s")
    if asked.jobs == 1:
        for one in chosen:
            _work(one, prepared, asked)
        return
    import multiprocessing

    context = multiprocessing.get_context("fork")
    waiting = list(chosen)
    running: list[Any] = []
    while waiting or running:
        running = [process for process in running if process.is_alive()]
        while waiting and len(running) < asked.jobs:
            process = context.Process(target=_work, args=(waiting.pop(0), prepared, asked))
            process.start()
            running.append(process)
        time.sleep(0.2)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["train"])
    parser.add_argument("--carry", type=Path, required=True, help="folder with rows.jsonl.gz and values.json")
    parser.add_argument("--model", type=Path, required=True, help="folder of the encoder")
    parser.add_argument("--settings", type=Path, required=True, help="JSON list of settings")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", nargs="*", default=[], help="names of settings to run")
    parser.add_argument("--jobs", type=int, default=1, help="settings that train at one time")
    parser.add_argument("--most", type=int, default=0, help="train on so many rows, evenly spread")
    parser.add_argument("--keep", nargs="*", default=[], help="names of settings whose weights are kept")
    return parser.parse_args()


def _prepared(asked: argparse.Namespace) -> dict[str, Any]:
    from tokenizers import Tokenizer

    from convrec.finetune.encoder.features import Encoded

    rows, schemas = read(asked.carry / "rows.jsonl.gz")
    values = json.loads((asked.carry / "values.json").read_text("utf-8"))
    tokenizer = Tokenizer.from_file(str(asked.model / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    encoded = Encoded(tokenizer, schemas, values)
    train = [row for row in rows if row.part == "train"]
    if asked.most:
        train = train[:: max(1, len(train) // asked.most)]
    parts = {
        "sgd dev": [r for r in rows if r.part == "dev"], "ccpe valid": [r for r in rows if r.part == "valid"],
        "attitudes test": [r for r in rows if r.part == "test"], "new wording": [r for r in rows if r.part == "wording"],
        "new domains": [r for r in rows if r.part == "domains"],
    }  # fmt: skip
    if asked.most:
        parts = {name: some[:: max(1, len(some) * 8 // asked.most)] for name, some in parts.items()}
    used = {row.schema for some in (train, *parts.values()) for row in some}
    return {
        "train": [encoded.example(row) for row in train],
        "parts": {name: [encoded.example(row) for row in some] for name, some in parts.items()},
        "schemas": {name: facets for name, facets in schemas.items() if name in used},
    }


def _work(one: dict[str, Any], prepared: dict[str, Any], asked: argparse.Namespace) -> None:
    import torch

    from convrec.finetune.encoder.model import FacetVectors, Tuning
    from convrec.finetune.encoder.train import Setting, run

    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_num_threads(2 if device == "cuda" else torch.get_num_threads())
    tuning = Tuning(**one.pop("tuning", {}))
    setting = Setting(**{**one, "tuning": tuning, "without": tuple(one.get("without", ()))})
    vectors = FacetVectors(prepared["schemas"], _frozen(asked.model, device)).to(device)
    report = run(
        setting, prepared["train"], prepared["parts"], vectors, asked.model, asked.out, device,
        _say, keep=setting.name in asked.keep,
    )  # fmt: skip
    short = {
        f"{part}/{name}": round(value, 4)
        for part, each in report["figures"].items()
        for name, value in each.items()
        if "/" not in name
    }
    sys.stdout.write(json.dumps({"name": setting.name, "seconds": report["seconds"], **short}) + "\n")
    sys.stdout.flush()


def _frozen(folder: Path, device: str) -> Callable[[Sequence[str]], Any]:
    """Returns the untuned encoder as a function from texts to unit vectors, means of hidden states."""
    import torch
    from tokenizers import Tokenizer

    from convrec.finetune.encoder.model import load_bert

    bert = load_bert(folder).to(device).eval()
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(64)
    tokenizer.enable_padding(pad_id=0)

    def encode(texts: Sequence[str]) -> torch.Tensor:
        found = []
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        with torch.inference_mode():
            for start in range(0, len(order), 256):
                cut = tokenizer.encode_batch([texts[i] for i in order[start : start + 256]])
                ids = torch.tensor([each.ids for each in cut], device=device)
                mask = torch.tensor([each.attention_mask for each in cut], device=device)
                hidden = bert(input_ids=ids, attention_mask=mask).last_hidden_state
                pooled = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True).clamp(min=1)
                found.append(torch.nn.functional.normalize(pooled, dim=1).float().cpu())
        vectors = torch.cat(found)
        back = torch.empty_like(vectors)
        back[torch.tensor(order)] = vectors
        return back

    return encode


if __name__ == "__main__":
    main()
