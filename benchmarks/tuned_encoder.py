"""Measures what tuning the sentence encoder on who liked what is worth, on films that nobody has chosen, and what the gate says of it.

python benchmarks/tuned_encoder.py --data DIR --work DIR [--json FILE] [--catalogues movielens,movielens-plots]

DIR (by default $CONVREC_DATA) holds `movielens-latest-small` and `wikipedia-movies`. `movielens` has cards of title, year and genres; `movielens-plots` has Wikipedia's
cast and introduction besides; neither has what viewers wrote of films. A fifth of the films is held out whole (test), a seventh of the others to stop by (valid).
Each person's held-out films are ranked by text alone from the other films that they liked. Settings were chosen on valid films of both. `shuffled`
trains on pairs dealt at random and is judged on the true ones.
"""

import argparse
import json
import os
from pathlib import Path
from typing import Any

from cold import Bench

from convrec.catalogue.workspace import Workspace
from convrec.finetune.encoder.gate import Judged
from convrec.finetune.encoder.jobs import judging, training
from convrec.finetune.encoder.liked import build, read, write
from convrec.finetune.encoder.train import Setting

MAX_TOKENS = 64
_SHUFFLE = 1


def main() -> None:
    """Prints the gate's figures for true and for shuffled pairs on each catalogue."""
    parser = argparse.ArgumentParser(description="Measures the tuned sentence encoder and its gate.")
    parser.add_argument("--data", type=Path, default=os.environ.get("CONVREC_DATA"), help="the folder of the data sets")
    parser.add_argument(
        "--work", type=Path, required=True, help="a folder in which catalogues and vectors are kept between runs"
    )
    parser.add_argument("--json", type=Path, help="where the document is written")
    parser.add_argument("--catalogues", default="movielens,movielens-plots", help="what is measured, with commas")
    options = parser.parse_args()
    bench, report = Bench(options.data, options.work), {}
    for name in options.catalogues.split(","):
        bench.catalogue(name)
        report[name] = measured(name, options.work / name)
    if options.json:
        options.json.write_text(json.dumps({"max_tokens": MAX_TOKENS, **report}, indent=1) + "\n", encoding="utf-8")


def measured(name: str, root: Path) -> dict[str, Any]:
    """Returns the gate's documents for true and for shuffled pairs, and prints them."""
    (root / "convrec.toml").write_text(f"[fit]\nmax_tokens = {MAX_TOKENS}\n", encoding="utf-8")
    workspace, folder = Workspace.open(root), root / "finetune" / "encoder"
    card = build(workspace, folder / "set")
    write(read(workspace, folder / "set").dealt(_SHUFFLE), folder / "shuffled")
    print(f"\n{name}: {card['items']}, {card['people']} people", flush=True)
    found = {}
    for pairs, rows in (("true", "set"), ("shuffled", "shuffled")):
        training(workspace, folder / rows, folder / f"run-{pairs}", Setting())
        judged = judging(workspace, folder / "set", folder / f"run-{pairs}")
        found[pairs] = judged.document()
        _show(pairs, judged)
    return found


def _show(pairs: str, judged: Judged) -> None:
    print(
        f"  {pairs} pairs: {'may be used' if judged.use else 'refused'}: {judged.why} ({judged.people} people, {judged.items} films)"
    )
    for name, recall in judged.recall.items():
        gain = judged.gains.get(name)
        over = f"   gain over it {gain['value']:+.4f} [{gain['low']:+.4f}, {gain['high']:+.4f}]" if gain else ""
        print(f"    {name:24} recall@20 {recall:.4f}{over}")
    told = judged.text_gain
    print(f"    texts: {judged.texts} gain {told['value']:+.4f} [{told['low']:+.4f}, {told['high']:+.4f}]", flush=True)


if __name__ == "__main__":
    main()
