"""`python -m convrec.finetune.describing`: makes the weights with which the agent tells which item is described, and measures them."""

import argparse
import logging
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from convrec.agent.compact.fields import Fields, fields_of
from convrec.agent.describing.resolver import Resolver
from convrec.core.clock import SystemClock
from convrec.evaluation.understanding.alt_entities import read_alt_entities
from convrec.evaluation.understanding.resolvers import choices_catalogue
from convrec.finetune.describing.heldout import Held, accuracies, held, weights_of, widths
from convrec.finetune.describing.questions import FOLDS, Question, dealt, questions_of, taught
from convrec.finetune.describing.teach import Recipe, teach
from convrec.tools.encoder import TextEncoder


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m convrec.finetune.describing", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of AltEntities, or one of its files")
    parser.add_argument(
        "--work", type=Path, required=True, help="where adapters are kept; a run goes on from those that are there"
    )
    parser.add_argument("--out", type=Path, required=True, help="the weights to write")
    parser.add_argument(
        "--adapter", action="store_true", help="teach late interaction, too: minutes on a GPU, hours without"
    )
    parser.add_argument("--device", default="cpu", help="where adapters learn: cpu, cuda")
    parser.add_argument("--epochs", type=int, default=Recipe.epochs)
    parser.add_argument("--limit", type=int, help="questions of each file, evenly spread")
    return parser.parse_args()


def main() -> None:
    """Weighs the signals, with an adapter on what each fold held out and with one of everything to ship, and reports."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    options, encoder = _arguments(), TextEncoder.open()
    cases, _ = read_alt_entities(options.data, limit=options.limit)
    fields = fields_of(choices_catalogue(cases, options.work / "catalogues", SystemClock()))
    questions = questions_of(cases, fields)
    fold = dealt(questions)
    found: list[Held] = []
    for number in range(FOLDS):
        known = [questions[place] for place in taught(questions, fold, number)]
        path = _adapter(options, known, fields, encoder, number)
        places = [place for place in range(len(questions)) if fold[place] == number]
        found += held(Resolver(fields, encoder, path), Resolver(fields), questions, places, seed=number)
        logging.info("fold %d of %d: %d descriptions", number + 1, FOLDS, len(found))
    numbers = {name: torch.tensor(values, dtype=torch.float32) for name, values in weights_of(found).items()}
    save_file(load_file(_adapter(options, questions, fields, encoder, FOLDS)) | numbers, options.out)
    for width in widths(found):
        right = accuracies(found, questions, fold, width)
        print(width, "signals", {domain: round(value, 4) for domain, value in right.items()})  # noqa: T201


def _adapter(
    options: argparse.Namespace, questions: list[Question], fields: Fields, encoder: TextEncoder, number: int
) -> Path:
    """Returns the file of the adapter that the questions teach; one without tensors where none is to be taught."""
    path: Path = options.work / (f"adapter-{number}.safetensors" if options.adapter else "none.safetensors")
    if not path.exists():
        recipe = Recipe(epochs=options.epochs)
        told = lambda step, of: logging.info("adapter %d: step %d of %d", number, step, of)  # noqa: E731
        save_file(teach(questions, fields, encoder, recipe, options.device, told) if options.adapter else {}, path)
    return path


if __name__ == "__main__":
    main()
