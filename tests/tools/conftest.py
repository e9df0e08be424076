"""Two small workspaces, fitted once for all tests of this folder."""

import json

import pytest
import torch

from convrec.catalogue.ingest import ingest
from convrec.catalogue.workspace import Workspace
from convrec.tools.conformance import two_tribes
from convrec.tools.fitting import fit

torch.set_num_threads(1)

FILMS = [
    ("heat", "Heat", 1995, ["Crime"], "A detective hunts a crew of bank robbers in Los Angeles. They meet over coffee. The heist goes wrong."),
    ("ronin", "Ronin", 1998, ["Crime", "Action"], "Former spies hunt a briefcase in France. Cars chase cars. A heist goes wrong."),
    ("alien", "Alien", 1979, ["Horror"], "A crew on a spaceship is hunted by a creature. One by one they die. The cat lives."),
    ("aliens", "Aliens", 1986, ["Horror", "Action"], "Marines return to the planet of the creatures. They lose contact. A girl is saved."),
    ("airplane", "Airplane!", 1980, ["Comedy"], "A pilot afraid of flying must land a jet. The crew is ill. Jokes come by the dozen."),
    ("hangover", "The Hangover", 2009, ["Comedy"], "Friends wake in Las Vegas and the groom is gone. A tiger is in the room. They look for him."),
    ("amelie", "Amélie", 2001, ["Comedy", "Romance"], "A shy waitress in Paris helps strangers in secret. A gnome travels. She finds love."),
    ("notebook", "The Notebook", 2004, ["Romance"], "Two people fall in love one summer. A war parts them. A notebook tells their story."),
]  # fmt: skip
TASTES = {
    "crime": ["heat", "ronin"],
    "horror": ["alien", "aliens"],
    "comedy": ["airplane", "hangover"],
    "romance": ["amelie", "notebook"],
}


def written(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture(scope="session")
def films_folder(tmp_path_factory):
    """Eight films, 24 people who each like the films of one kind and a third, and a dozen conversations; not fitted."""
    root = tmp_path_factory.mktemp("films")
    workspace = Workspace.create(root / "workspace")
    items = [
        {"id": i, "title": title, "year": year, "genres": genres, "description": text}
        for i, title, year, genres, text in FILMS
    ]
    events = [
        {
            "user_id": f"u{number}",
            "item_id": item,
            "value": 5,
            "event": "rating",
            "timestamp": 1000 + 10 * number + place,
        }
        for number in range(24)
        for place, item in enumerate([FILMS[number % 8][0], *TASTES[list(TASTES)[number % 4]]])
    ]
    dialogues = [
        {
            "id": f"d{number}",
            "turns": [
                {"role": "user", "text": f"I am in the mood for {list(TASTES)[number % 4]}, something with tension."},
                {"role": "assistant", "text": "Try it.", "items": [{"id": item, "relation": "recommended"} for item in TASTES[list(TASTES)[number % 4]]]},
            ],
        }
        for number in range(12)
    ]  # fmt: skip
    ingest(
        workspace, items=[written(root / "items.jsonl", items)], interactions=[written(root / "events.jsonl", events)],
        dialogues=[written(root / "dialogues.jsonl", dialogues)],
    )  # fmt: skip
    return workspace.root


@pytest.fixture(scope="session")
def films(films_folder, tmp_path_factory):
    """The films' workspace, fitted. Tests must not change it."""
    import shutil

    root = tmp_path_factory.mktemp("fitted") / "films"
    shutil.copytree(films_folder, root)
    workspace = Workspace.open(root)
    fit(workspace)
    return workspace


@pytest.fixture
def tribes(tmp_path):
    """The conformance suite's items, without events, not fitted."""
    return two_tribes(tmp_path / "tribes")
