"""`python -m convrec.finetune.describing`: makes the weights with which the agent tells which item is described, and measures them."""

import argparse
import logging
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from convrec.agent.compact.fields import fields_of
from convrec.agent.describing.resolver import Resolver
from convrec.core.clock import SystemClock
from convrec.evaluation.understanding.alt_entities import read_alt_entities
from convrec.evaluation.understanding.resolvers import choices_catalogue
from convrec.finetune.describing.heldout import Held, accuracies, held, weights_of, widths
from convrec.finetune.describing.questions import FOLDS, dealt, questions_of
from convrec.tools.encoder import TextEncoder


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m convrec.finetune.describing", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of AltEntities, or one of its files")
    parser.add_argument("--work", type=Path, required=True, help="where the catalogue of the items is kept")
    parser.add_argument("--out", type=Path, required=True, help="the weights to write")
    parser.add_argument("--limit", type=int, help="questions of each file, evenly spread")
    return parser.parse_args()


def main() -> None:
    """Weighs the signals on all questions, writes the weights, and reports how such weights do on folds held out."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    options = _arguments()
    cases, _ = read_alt_entities(options.data, limit=options.limit)
    fields = fields_of(choices_catalogue(cases, options.work, SystemClock()))
    resolver, plain = Resolver(fields, TextEncoder.open()), Resolver(fields)
    questions = questions_of(cases, fields)
    fold = dealt(questions)
    found: list[Held] = []
    for number in range(FOLDS):
        places = [place for place in range(len(questions)) if fold[place] == number]
        found += held(resolver, plain, questions, places, seed=number)
        logging.info("fold %d of %d: %d descriptions", number + 1, FOLDS, len(found))
    save_file({name: values.astype(np.float32) for name, values in weights_of(found).items()}, options.out)
    for width in widths(found):
        right = accuracies(found, questions, fold, width)
        shares = ", ".join(f"{domain} {value:.4f}" for domain, value in right.items())
        sys.stdout.write(f"{width} signals: {shares}\n")


if __name__ == "__main__":
    main()
