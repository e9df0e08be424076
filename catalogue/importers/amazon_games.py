"""Video games and who bought which, in order: tab-separated, with RecBole's typed headers."""

from collections.abc import Iterator, Sequence
from html import unescape
from pathlib import Path

from convrec.catalogue.importers.layout import Layout, found, required
from convrec.catalogue.importers.titles import cleaned
from convrec.catalogue.ingest import Intake
from convrec.catalogue.reading import Row, Source, file_source
from convrec.catalogue.rejected import Rejections
from convrec.catalogue.schema import TITLE, Field, Schema

_SCHEMA = Schema(
    fields=(
        TITLE,
        Field(name="source_title", type="text", description="the title as the source spells it, where that differs"),
    ),
    noun="game",
    nouns="games",
    audience="players",
)
_ID, _TITLE, _USER, _LIST = "item_id:token", "title:token_seq", "user_id:token", "item_id_list:token_seq"


def _read(folder: Path, splits: Sequence[str]) -> Intake:
    titles = file_source(required(folder, "items.tsv"), (_ID, _TITLE), quoted=False)
    sequences = found(folder, "sequences.tsv")

    def items(rejections: Rejections) -> Iterator[Row]:
        for line, row in titles.rows(rejections):
            title = cleaned(unescape(row[_TITLE]))
            raw = row[_TITLE] if row[_TITLE].strip() != title else None
            yield line, {"id": row[_ID], "title": title, "source_title": raw}

    interactions = [_purchases(file_source(sequences, (_USER, _LIST, _ID), quoted=False))] if sequences else []
    return Intake(items=[Source(titles.name, items)], interactions=interactions, described=_SCHEMA, note="amazon-games")


def _purchases(source: Source) -> Source:
    def rows(rejections: Rejections) -> Iterator[Row]:
        for line, row in source.rows(rejections):
            for item in (*row[_LIST].split(), row[_ID]):
                yield line, {"user_id": row[_USER], "item_id": item, "event": "purchase"}

    return Source(source.name, rows)


AMAZON_GAMES = Layout("amazon-games", "video games and purchases, oldest first (items.tsv, sequences.tsv)", _read)
