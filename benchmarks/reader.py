"""What the reader's adapter is worth: LoRA beside a frozen and a fully tuned encoder with the same heads, and domains that it never saw.

python benchmarks/reader.py --rows runs/reader                        # convrec finetune build writes the rows; an hour on one core
python benchmarks/reader.py --rows runs/reader --most 8000 --seeds 3
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from convrec.agent.compact.tagger.pieces import open_tokenizer
from convrec.core.metrics.bootstrap import Ratio, Resampling
from convrec.finetune.reader.features import Encoded, Example
from convrec.finetune.reader.jobs import thinned
from convrec.finetune.reader.model import FacetVectors, Tuning
from convrec.finetune.reader.rows import read
from convrec.finetune.reader.scoring import read_all, slot_counts
from convrec.finetune.reader.train import Setting, trained
from convrec.tools.encoder import TextEncoder

UNSEEN = {
    "Movies": ("Movies", "Media", "grammar-films", "grammar-series"),
    "Media": ("Media", "Movies", "grammar-films", "grammar-series"),
    "Music": ("Music", "grammar-albums", "grammar-podcasts"),
    "Restaurants": ("Restaurants", "grammar-restaurants", "grammar-recipes"),
}
"""SGD's domains of the dev part, and what is left out of training for each: all that resembles it."""
_WITHOUT_SLOTS = ("attitudes", "ccpe", "redial")
_LEAST = 0.7  # probability from which the agent takes words for a facet's
_LAYERS = 4  # of six: half the time, and kinds of tuning compare as they do over all


def main() -> None:
    """Trains one reader a setting and prints slot F1 on SGD's dev part, whole or of the domain left out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=Path, required=True, help="what `convrec finetune build --task reader` wrote")
    parser.add_argument("--most", type=int, default=8_000, help="rows to train on, about")
    parser.add_argument("--epochs", type=float, default=2.0)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--only", choices=("tuning", "unseen"), help="one of the two parts")
    options = parser.parse_args()
    house = House(options)
    if options.only != "unseen":
        tunings(house, options.seeds)
    if options.only != "tuning":
        for domain, without in UNSEEN.items():
            found = Resampling(house.groups(domain)).estimate(
                house.f1(Setting(tuning=Tuning(layers=_LAYERS), without=without), domain)
            )
            say(f"{domain} never seen: slot F1 {found.value:.3f} [{found.low:.3f}, {found.high:.3f}]")


def tunings(house: "House", seeds: int) -> None:
    """Prints frozen, LoRA and full tuning, and what each has over frozen, paired by dialogue; each over the same seeds."""
    rates = {"frozen": 1e-3, "lora": 1e-3, "full": 1e-4}
    for seed in range(seeds):
        found = {
            kind: house.f1(Setting(tuning=Tuning(kind=kind, layers=_LAYERS), rate=rate, seed=seed))
            for kind, rate in rates.items()
        }
        draws = Resampling(house.groups())
        for kind, ratio in found.items():
            gain = draws.gain(ratio, found["frozen"])
            say(
                f"seed {seed}, {kind}: slot F1 {ratio.value:.3f}; over frozen {gain.value:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]"
            )


class House:
    """The rows in pieces, and readers trained on them."""

    def __init__(self, options: argparse.Namespace) -> None:
        torch.set_num_threads(1)
        self._encoder, self._options = TextEncoder.open(), options
        rows, schemas = read(options.rows / "rows.jsonl.gz")
        values = json.loads((options.rows / "values.json").read_text("utf-8"))
        encoded = Encoded(open_tokenizer(self._encoder.folder), schemas, values)
        training = [row for row in rows if row.part == "train" and row.source not in _WITHOUT_SLOTS]
        self._training = [encoded.example(row) for row in thinned(training, options.most)]
        self._dev = [encoded.example(row) for row in rows if row.part == "dev"]
        used = {example.row.schema for example in (*self._training, *self._dev)}
        self._vectors = FacetVectors(
            {name: facets for name, facets in schemas.items() if name in used},
            lambda texts: torch.from_numpy(self._encoder.encode(texts, 64, full_precision=True)),
        )

    def dev(self, domain: str = "") -> list[Example]:
        """Returns the dev part's examples of a domain; all without one."""
        return [example for example in self._dev if example.row.schema.startswith(domain)]

    def groups(self, domain: str = "") -> Sequence[str]:
        """Returns the dialogue of each of them."""
        return [example.row.group for example in self.dev(domain)]

    def f1(self, setting: Setting, domain: str = "") -> Ratio:
        """Returns slot F1 over the dev part, a case an example, of a reader trained by a setting."""
        model = trained(
            Setting(**{**vars(setting), "epochs": self._options.epochs}), self._training, self._vectors, self._encoder.folder, "cpu", say_step
        )  # fmt: skip
        some = self.dev(domain)
        counts = [slot_counts([e], [r], _LEAST)["all"] for e, r in zip(some, read_all(model, self._vectors, some, "cpu"), strict=True)]  # fmt: skip
        return Ratio.of([(2 * c.tp, 2 * c.tp + c.fp + c.fn) for c in counts])


def say(line: str) -> None:
    """Prints a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def say_step(step: str, done: int, total: int) -> None:
    """Prints progress beside the figures, now and then."""
    if done % 200 == 1:
        sys.stderr.write(f"{step}: {done} of {total}\n")


if __name__ == "__main__":
    main()
