"""Writing `schema.yaml` so that what a user wrote there, comments too, stays."""

from pathlib import Path
from textwrap import indent

import yaml

from convrec.catalogue.schema import Schema
from convrec.catalogue.store import write_atomically
from convrec.core.errors import InputError


def write_schema(path: Path, former: Schema, schema: Schema) -> None:
    """Writes the schema where it says more than the file: new fields are added at its end, the rest left as it is."""
    if path.exists() and former == schema == _read(path):
        return
    text = _extended(path, schema) if path.exists() else None
    write_atomically(path, (text or schema.dump_yaml()).encode())


def _extended(path: Path, schema: Schema) -> str | None:
    """Returns the file's text with the new fields appended; None where that would not say what the schema says."""
    there = _read(path)
    added = schema.model_copy(update={"fields": tuple(f for f in schema.fields if f.name not in there.names)})
    lines = yaml.safe_load(added.dump_yaml())["fields"]
    block = indent(yaml.safe_dump(lines, sort_keys=False, allow_unicode=True, width=120), "  ")
    text = path.read_text(encoding="utf-8-sig").rstrip("\n") + "\n" + block
    try:
        same = Schema.from_document(yaml.safe_load(text), str(path)) == schema
    except (yaml.YAMLError, InputError):
        return None
    return text if same else None


def _read(path: Path) -> Schema:
    return Schema.load_yaml(path)
