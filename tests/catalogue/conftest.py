import json

import pytest

from convrec.catalogue.ingest import ingest
from convrec.catalogue.workspace import Workspace

FILMS = [
    {
        "id": "1",
        "title": "Heat",
        "year": 1995,
        "genres": ["Crime", "Drama"],
        "studio": "Warner",
        "released": "1995-12-15",
        "colour": True,
    },
    {
        "id": "2",
        "title": "Alien",
        "year": 1979,
        "genres": ["Horror", "Sci-Fi"],
        "studio": "Fox",
        "released": "1979-05-25",
        "colour": True,
    },
    {
        "id": "3",
        "title": "Amélie",
        "year": 2001,
        "genres": ["comedy", "Romance"],
        "studio": "UGC",
        "plot": "A shy waitress in Montmartre.",
    },
    {
        "id": "4",
        "title": "Psycho",
        "year": 1960,
        "genres": ["Horror"],
        "studio": "",
        "colour": False,
        "plot": "A night at a motel.",
    },
    {"id": "5", "title": "Untitled", "genres": []},
]


@pytest.fixture
def workspace(tmp_path):
    return Workspace.create(tmp_path / "workspace")


@pytest.fixture
def write(tmp_path):
    """Writes a file: rows as JSON lines, text or bytes as they are."""

    def write_file(name, content):
        path = tmp_path / name
        if isinstance(content, list):
            content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in content)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write_file


@pytest.fixture
def films(workspace, write):
    """A workspace that holds five films."""
    ingest(workspace, items=[write("films.jsonl", FILMS)])
    return workspace


@pytest.fixture
def rejected(workspace):
    """Reads the rows of the rejection report."""
    return lambda: [json.loads(line) for line in (workspace.root / "rejected.jsonl").read_text().splitlines()]
