"""What a shorter card and 16-bit floats cost in quality and gain in speed, when items are encoded.

A case is a film of a seeded sample: the middle sentence of its introduction is asked for, and the film should be found among the
whole sample by the cosine of its card. R@1 and R@10 with 95 % intervals (cases drawn 1,000 times with replacement); the last
columns are the paired difference of R@10 from the first line, the longest card in full precision. 16-bit floats are tried where the CPU is fast at them, as a fit uses them there. The sentences are encoded once,
in full precision, as queries are. Cards are cut as the catalogue cuts them, so beyond some length more tokens read no more text.

    python benchmarks/encoding.py --workspace DIR                  # items that are already ingested
    python benchmarks/encoding.py DATA_FOLDER                      # a folder of the layout wikipedia-movies
"""

import argparse
import re
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.importers import import_layout
from convrec.catalogue.workspace import Workspace
from convrec.tools.contract import Ints, Vectors
from convrec.tools.encoder import TextEncoder

LENGTHS = (256, 128, 64)
LONG = 500  # characters of an introduction that is long
DRAWS = 1000
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"'])")


@dataclass(frozen=True)
class Sample:
    """The cards of a sample of items, and a sentence of each."""

    cards: list[str]
    sentences: list[str]


@dataclass(frozen=True)
class Measured:
    """One way of encoding: the places `(n_cases,)`, from 0, at which items were found, and cards per second."""

    label: str
    ranks: Ints
    speed: float


def sample(catalogue: Catalogue, field: str, n: int, seed: int) -> Sample:
    """Returns `n` items that have a long text, drawn without replacement, with the middle sentence of that text."""
    cards, sentences = [], []
    for row in np.random.default_rng(seed).permutation(len(catalogue)).tolist():
        text = str(catalogue.item(row).facts.get(field, ""))
        parts = _SENTENCE.split(text)
        if len(text) >= LONG and len(parts) >= 3:
            cards.append(catalogue.card(row))
            sentences.append(parts[len(parts) // 2])
        if len(cards) == n:
            break
    return Sample(cards, sentences)


def ranks(cards: Vectors, queries: Vectors) -> Ints:
    """Returns `(n,)`: how many cards are nearer to each query than its own."""
    found = []
    for start in range(0, len(queries), 500):
        cosines = queries[start : start + 500] @ cards.T
        own = cosines[np.arange(len(cosines)), start + np.arange(len(cosines))]
        found.append((cosines > own[:, None]).sum(axis=1))
    return np.concatenate(found).astype(np.int64)


def interval(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Returns the 95 % bootstrap interval of a mean over cases."""
    picks = np.random.default_rng(0).integers(0, len(values), (DRAWS, len(values)))
    low, high = np.percentile(values[picks].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def measured(encoder: TextEncoder, asked: Sample, queries: Vectors, length: int, full: bool) -> Measured:
    """Returns how well and how fast cards of one length and precision do."""
    encoder.encode(asked.cards[:64], length, full_precision=full)  # the model is loaded and its kernels are made
    began = time.perf_counter()
    cards = encoder.encode(asked.cards, length, full_precision=full)
    seconds = time.perf_counter() - began
    return Measured(f"{length:>4} tokens, {'fp32' if full else 'bf16'}", ranks(cards, queries), len(cards) / seconds)


def fits_in_16_bits(encoder: TextEncoder, cards: list[str]) -> bool:
    """Returns whether a fit on this CPU encodes cards in 16-bit floats: then its vectors differ from those in full precision."""
    return not np.array_equal(encoder.encode(cards), encoder.encode(cards, full_precision=True))


def show(results: Iterable[Measured]) -> None:
    """Prints the table, a line as soon as it is measured."""
    print(f"{'cards':18}{'R@1':>8}{'95 %':>15}{'R@10':>8}{'95 %':>15}{'R@10 less first':>17}{'95 %':>17}{'cards/s':>9}")
    reference = None
    for result in results:
        first, ten = ((result.ranks < cut).astype(np.float64) for cut in (1, 10))
        reference = ten if reference is None else reference
        shares = "".join(f"{found.mean():8.3f}{'{:.3f}-{:.3f}'.format(*interval(found)):>15}" for found in (first, ten))
        change = ten - reference
        paired = f"{change.mean():+17.4f}{'{:+.4f} {:+.4f}'.format(*interval(change)):>17}"
        print(f"{result.label:18}{shares}{paired}{result.speed:9.0f}", flush=True)


def main() -> None:
    """Ingests where need be, encodes each way, prints."""
    options = _options()
    with tempfile.TemporaryDirectory() as scratch:
        if options.workspace:
            workspace = Workspace.open(options.workspace)
        else:
            workspace = Workspace.create(Path(scratch) / "films")
            import_layout("wikipedia-movies", options.data, workspace)
        asked = sample(workspace.catalogue(), options.field, options.n, options.seed)
        encoder = TextEncoder.open(workspace.settings.models.encoder)
    queries = encoder.encode(asked.sentences, full_precision=True)
    precisions = (True, False) if fits_in_16_bits(encoder, asked.cards[:64]) else (True,)
    print(f"{len(asked.cards)} items with a long `{options.field}`")
    show(measured(encoder, asked, queries, length, full) for length, full in product(LENGTHS, precisions))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("data", type=Path, nargs="?", help="a folder of the layout wikipedia-movies")
    source.add_argument("--workspace", type=Path, help="a workspace whose items have a long text")
    parser.add_argument("--field", default="description", help="the text field that sentences are taken from")
    parser.add_argument("-n", type=int, default=1500, help="how many items")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
