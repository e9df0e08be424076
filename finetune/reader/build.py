"""Builds what the reader of messages is trained on, from public dialogues in a folder and from the grammar."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from convrec.core.text import fold
from convrec.finetune.grammar.names import Names, RealNames
from convrec.finetune.reader.coached import coached_rows
from convrec.finetune.reader.films import FILMS, film_rows, titles_of
from convrec.finetune.reader.grammar_rows import grammar_rows
from convrec.finetune.reader.rows import FacetText, Row, written
from convrec.finetune.reader.schema_guided import schema_guided_rows, values_of

_LONG = 60  # characters from which a value is a sentence, and is not looked up
_NOT_LOOKED_UP = (
    "phone_number",
    "date",
    "time",
    "show_date",
    "show_time",
    "party_size",
    "number_of_seats",
    "price",
    "year",
)


def build(
    data: Path | None, labels: Sequence[Path], out: Path, *, seed: int = 0, messages: int = 20_000
) -> Counter[str]:
    """Writes `rows.jsonl.gz` and `values.json`; returns how many rows there are of each source and part.

    `data` is the folder of the public data sets; those that are absent, or all, are left out. `labels` are files of hand-given attitudes.
    """
    rows: list[Row] = []
    schemas: dict[str, list[FacetText]] = {"films": FILMS}
    values: dict[str, dict[str, list[str]]] = {}
    if data is not None and (data / "sgd").is_dir():
        for part in ("train", "dev"):
            found, described = schema_guided_rows(data / "sgd", part)
            rows += found
            schemas |= described
        values |= {name: _looked_up(each) for name, each in values_of(data / "sgd").items()}
    if data is not None and (data / "ccpe").is_dir():
        rows += coached_rows(data / "ccpe" / "train.txt")
    people = RealNames()
    if data is not None and (data / "redial").is_dir():
        rows += film_rows(data / "redial", labels, seed)
        titles = sorted({fold(title.rsplit(" (", 1)[0]) for title in titles_of(data / "redial").values()})
        values["films"] = {"title": titles, "genres": list(FILMS[0].values)}
        people = RealNames(titles=tuple(titles))
    names = Names(people)
    for part, count, wording, held_out in (
        ("train", messages, "train", False), ("wording", 1500, "heldout", False), ("domains", 1500, "train", True),
    ):  # fmt: skip
        found, described = grammar_rows(count, seed, names, wording=wording, held_out=held_out, part=part)
        rows += found
        schemas |= described
    out.mkdir(parents=True, exist_ok=True)
    written(rows, schemas, out / "rows.jsonl.gz")
    (out / "values.json").write_text(json.dumps(values, ensure_ascii=False), "utf-8")
    return Counter(f"{row.source.split('-')[0]}/{row.part}" for row in rows)


def _looked_up(values: dict[str, list[str]]) -> dict[str, list[str]]:
    kept: dict[str, Iterable[str]] = {f: v for f, v in values.items() if f not in _NOT_LOOKED_UP}
    return {facet: [value for value in each if len(value) < _LONG] for facet, each in kept.items()}
