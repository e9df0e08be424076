"""Teaches what words like "funny" say of items, measures it, and writes the model that ships.

python scripts/attributes.py prepare --sorted DIR --talk WORKSPACE --facts WORKSPACE --out CARRY
python scripts/attributes.py measure --sorted DIR --carry CARRY -w WORKSPACE [--films]
python scripts/attributes.py write --sorted DIR --carry CARRY

`--sorted` is the folder of the soft attributes (Balog et al. 2021), `--talk` a workspace with ReDial's dialogues, `--facts` one with Wikipedia's
films, whose genres and extracts say what the films in the others are. Nothing else is learned from.
"""

import argparse
from pathlib import Path

import numpy as np

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.workspace import Workspace
from convrec.evaluation.understanding.soft_attributes import read_soft_attributes
from convrec.evaluation.understanding.taught import Lessons, measured, standings
from convrec.evaluation.understanding.titles import TitleLookUp
from convrec.tools.attributes.model import ENCODER, phrase_vectors
from convrec.tools.attributes.places import centred, value_vectors
from convrec.tools.attributes.talk import words_near_items
from convrec.tools.encoder import TextEncoder

MODEL = Path(__file__).parent.parent / "tools" / "attributes" / "attributes.safetensors"
_TOKENS = 64


def prepare(args: argparse.Namespace) -> None:
    """Encodes once all that is learned from."""
    encoder, facts, talk = (
        TextEncoder.open(ENCODER),
        Workspace.open(args.facts).catalogue(),
        Workspace.open(args.talk).catalogue(),
    )
    look_up, values = TitleLookUp(facts), value_vectors(facts, encoder)
    row_of = _rows_by_name(talk, look_up)
    used = sorted(set(row_of.values()))
    place = {row: number for number, row in enumerate(used)}
    words, said = words_near_items(
        talk.dialogues(), lambda item: place[row_of[item]] if item in row_of else None, len(used)
    )
    cards = encoder.encode([facts.card(row) for row in used], _TOKENS)
    cases, _ = read_soft_attributes(args.sorted)
    titles = sorted({title for case in cases for title in case.titles})
    found = [(title, row) for title in titles if (row := look_up.row(title)) is not None]
    rows = [row for _, row in found]
    short = [_short_card(facts, row) for row in rows]
    attributes = sorted({case.attribute for case in cases})
    Lessons(
        words=words, word_vectors=phrase_vectors(list(words), encoder), said=said,
        values=values[used], cards=centred(cards, np.ones(len(used), np.bool_)),
        attributes=tuple(attributes), attribute_vectors=phrase_vectors(attributes, encoder),
        titles=tuple(title for title, _ in found), title_values=values[rows],
        title_cards=encoder.encode([facts.card(row) for row in rows], _TOKENS), title_short_cards=encoder.encode(short, _TOKENS),
    ).save(args.out)  # fmt: skip
    print(
        f"{len(words)} words near {len(used)} films; {len(found)} of {len(titles)} sorted films, {len(attributes)} attributes"
    )


def _rows_by_name(talk: Catalogue, look_up: TitleLookUp) -> dict[str, int]:
    """Returns, for each item of the conversations, the row of the film of that title and year."""
    year = talk.schema.year_field()
    years = talk.numbers(year.name) if year is not None else np.full(len(talk), np.nan)
    named = [
        (item, f"{title} ({int(when)})")
        for item, title, when in zip(talk.ids, talk.titles, years, strict=True)
        if not np.isnan(when)
    ]
    return {item: row for item, name in named if (row := look_up.row(name)) is not None}


def _short_card(facts: Catalogue, row: int) -> str:
    """Returns a film's card as a catalogue without descriptions would write it."""
    told = facts.item(row).facts
    return f"{told['title']} ({told.get('year', '')}). {', '.join(told.get('genres') or ())}."


def measure(args: argparse.Namespace) -> None:
    """Prints the agreement with raters and attributes held out together."""
    cases, _ = read_soft_attributes(args.sorted)
    for line in measured(cases, Lessons.load(args.carry), Workspace.open(args.workspace), films_held_out=args.films):
        print(line, flush=True)


def write(args: argparse.Namespace) -> None:
    """Writes the model that ships, taught by all raters and attributes."""
    cases, _ = read_soft_attributes(args.sorted)
    lessons = Lessons.load(args.carry)
    lessons.taught(standings(cases, lessons.attributes, lessons.titles), TextEncoder.open(ENCODER)).save(MODEL)
    print(f"{MODEL}: {MODEL.stat().st_size / 1e6:.2f} MB")


def main() -> None:
    """Reads the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for verb, options in ((prepare, ("talk", "facts", "out")), (measure, ("carry", "workspace")), (write, ("carry",))):
        command = commands.add_parser(verb.__name__, help=verb.__doc__)
        command.set_defaults(run=verb)
        for option in ("sorted", *options):
            command.add_argument(*(("-w",) if option == "workspace" else ()), f"--{option}", type=Path, required=True)
        if verb is measure:
            command.add_argument("--films", action="store_true", help="hold films out too")
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
