"""From rows to weights: what `convrec finetune train --task reader` does."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import save_file

from convrec.agent.compact.tagger.pieces import open_tokenizer
from convrec.core.errors import InputError
from convrec.core.progress import Progress
from convrec.finetune.reader.features import Encoded, Example
from convrec.finetune.reader.model import FacetVectors
from convrec.finetune.reader.rows import Row, read
from convrec.finetune.reader.scoring import figures, read_all
from convrec.finetune.reader.train import Setting, trained, weights_of
from convrec.tools.encoder import TextEncoder

_MEASURED = {
    "dev": "SGD dev", "valid": "CCPE kept back", "test": "attitudes kept back", "wording": "wording kept back",
    "domains": "domains kept back",
}  # fmt: skip
_WHOLE = ("attitudes", "ccpe")  # sources that are never thinned: there is little of them


def train_reader(
    rows: Path, out: Path, setting: Setting, encoder: TextEncoder, progress: Progress, *, most: int = 0, sample: int = 0
) -> dict[str, dict[str, float]]:
    """Writes the weights, and beside them `NAME.json` with the setting and figures; returns the figures by part.

    `most` thins the training rows to about so many (0: all), `sample` those of each part that is measured.

    Raises:
        InputError: `rows` is no folder that `build` wrote.
    """
    if not (rows / "rows.jsonl.gz").exists():
        raise InputError(f"{rows} holds no rows.", "Make them: convrec finetune build --task reader --out DIR.")
    found, schemas = read(rows / "rows.jsonl.gz")
    parts = {name: thinned([r for r in found if r.part == part], sample) for part, name in _MEASURED.items()}
    training = chosen([row for row in found if row.part == "train"], most)
    used = {row.schema for some in (training, *parts.values()) for row in some}
    values = json.loads((rows / "values.json").read_text("utf-8"))
    encoded = Encoded(open_tokenizer(encoder.folder), schemas, values)
    vectors = FacetVectors({name: facets for name, facets in schemas.items() if name in used}, _encode(encoder))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    examples = _examples(encoded, training, progress)
    model = trained(setting, examples, vectors.to(device), encoder.folder, device, progress)
    measured = {
        name: dict(figures(some, read_all(model, vectors, some, device)))
        for name, some in ((name, [encoded.example(row) for row in some]) for name, some in parts.items())
        if some
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    save_file(weights_of(model), out, metadata={"encoder": encoder.revision})
    report = {"setting": asdict(setting), "rows": len(training), "figures": measured}
    out.with_suffix(".json").write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    return measured


def chosen(rows: Sequence[Row], most: int) -> list[Row]:
    """Returns about `most` rows: all of the small sources, the others evenly thinned."""
    if not most:
        return list(rows)
    whole = [row for row in rows if row.source in _WHOLE]
    return whole + thinned([row for row in rows if row.source not in _WHOLE], max(1, most - len(whole)))


def thinned(rows: Sequence[Row], most: int) -> list[Row]:
    """Returns about `most` rows, evenly spread; all of them for 0."""
    return list(rows[:: max(1, round(len(rows) / most))]) if most else list(rows)


def _examples(encoded: Encoded, rows: Sequence[Row], progress: Progress) -> list[Example]:
    found = []
    for place, row in enumerate(rows, 1):
        found.append(encoded.example(row))
        if place % 500 == 0 or place == len(rows):
            progress("reading messages", place, len(rows))
    return found


def _encode(encoder: TextEncoder) -> Callable[[Sequence[str]], torch.Tensor]:
    return lambda texts: torch.from_numpy(encoder.encode(texts, 64, full_precision=True))


def summary(measured: Mapping[str, Mapping[str, float]]) -> list[tuple[str, str, str]]:
    """Returns a row a figure, `(part, figure, value)`; those of single labels are left out."""
    return [
        (part, name, f"{value:.3f}")
        for part, each in measured.items()
        for name, value in each.items()
        if "/" not in name
    ]
