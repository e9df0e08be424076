"""Writing `schema.yaml` so that what a user wrote there, comments too, stays."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import indent

import yaml

from convrec.catalogue.schema import Schema
from convrec.catalogue.store import flush, new_file
from convrec.core.errors import InputError


@contextmanager
def schema_to_follow(path: Path, schema: Schema) -> Iterator[None]:
    """Puts the schema's file in place when the block ends well; all that could fail for want of space is done before it.

    A file that says the same already is not touched. New fields are added at its end, the rest left as it is.
    """
    if path.exists() and Schema.load_yaml(path) == schema:
        yield
        return
    text = _extended(path, schema) if path.exists() else None
    with new_file(path) as unfinished:
        unfinished.write_text(text or schema.dump_yaml(), encoding="utf-8")
        flush(unfinished)
        yield


def _extended(path: Path, schema: Schema) -> str | None:
    """Returns the file's text with the new fields appended; None where that would not say what the schema says."""
    there = Schema.load_yaml(path)
    added = schema.model_copy(update={"fields": tuple(f for f in schema.fields if f.name not in there.names)})
    lines = yaml.safe_load(added.dump_yaml())["fields"]
    block = indent(yaml.safe_dump(lines, sort_keys=False, allow_unicode=True, width=120), "  ")
    text = path.read_text(encoding="utf-8-sig").rstrip("\n") + "\n" + block
    try:
        same = Schema.from_document(yaml.safe_load(text), str(path)) == schema
    except (yaml.YAMLError, InputError):
        return None  # the file ends in another key than `fields`, or indents otherwise
    return text if same else None
