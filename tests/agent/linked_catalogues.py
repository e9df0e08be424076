"""Three catalogues to understand messages about: the demo's films, made-up restaurants and made-up games."""

import json
from pathlib import Path

from convrec.catalogue.demo.shipped import ingest_shipped
from convrec.catalogue.ingest import ingest
from convrec.catalogue.workspace import Workspace

WIDE = Path(__file__).resolve().parents[1] / "conversations" / "wide" / "catalogues"
RESTAURANTS = [
    ("Trattoria Luna", ["Italian"], "Old Town", 28, 4.5, ["Outdoor Seating", "Vegetarian"], 1998),
    ("The Olive Tree", ["Greek", "Mediterranean"], "Harbour", 22, 4.1, ["Outdoor Seating"], 2005),
    ("Golden Dragon", ["Chinese"], "Harbour", 15, 3.9, ["Takeaway"], 1985),
    ("Bombay Garden", ["Indian"], "Old Town", 18, 4.4, ["Vegetarian", "Vegan"], 2011),
    ("Sakura", ["Japanese"], "Station", 35, 4.7, ["Takeaway"], 2015),
    ("Chez Marcel", ["French"], "Old Town", 55, 4.8, ["Live Music"], 1972),
    ("El Camino", ["Mexican"], "Station", 16, 4.0, ["Takeaway", "Outdoor Seating"], 2018),
    ("Green Fork", ["Vegan"], "Harbour", 19, 4.3, ["Vegan", "Vegetarian"], 2020),
    ("Home", ["British"], "Harbour", 24, 3.7, ["Live Music"], 2002),
    ("Steak & Stories", ["American", "Steakhouse"], "Station", 42, 4.2, [], 2009),
]
GAMES = [
    ("Star Harvest", ["Farming", "Simulation"], "Moonbeam Works", ["PC", "Switch"], 20, 1, 4, 2017),
    ("Star Harvest 2", ["Farming", "Simulation"], "Moonbeam Works", ["PC", "Switch"], 30, 1, 4, 2021),
    ("Knights of Ember", ["Role-Playing", "Action"], "Redtower", ["PC", "PlayStation 5"], 60, 1, 1, 2022),
    ("Ember Tactics", ["Strategy"], "Redtower", ["PC"], 25, 1, 2, 2014),
    ("Puzzle Cellar", ["Puzzle"], "Ida Lindqvist", ["PC", "Switch"], 10, 1, 1, 2019),
    ("Rally 99", ["Racing"], "Moonbeam Works", ["PC", "PlayStation 4"], 35, 1, 8, 1999),
    ("Go", ["Strategy"], "Old Masters", ["PC"], 5, 2, 2, 2000),
    ("Night Shift", ["Horror", "Survival"], "Hollow Pine", ["PC", "PlayStation 5"], 40, 1, 4, 2020),
    ("Gravity Bakery", ["Puzzle", "Platformer"], "Ida Lindqvist", ["Switch"], 15, 1, 2, 2023),
    ("Couch Heroes", ["Party", "Co-op"], "Hollow Pine", ["Switch", "PlayStation 4"], 20, 2, 6, 2016),
]


def film_catalogue(folder):
    """The demo's catalogue, ingested afresh."""
    ingest_shipped(folder)
    return Workspace.open(folder).catalogue()


def restaurant_catalogue(folder):
    """Ten restaurants with cuisine, area, price, rating and extras."""
    rows = [
        {
            "id": f"r{n}",
            "title": title,
            "cuisine": cuisine,
            "area": area,
            "price": price,
            "rating": rating,
            "offers": offers,
            "opened": year,
        }
        for n, (title, cuisine, area, price, rating, offers, year) in enumerate(RESTAURANTS)
    ]
    return _ingested(
        folder,
        rows,
        "noun: restaurant\nnouns: restaurants\nfields:\n  area: category\n  opened: {type: number, label: year opened}\n",
    )


def game_catalogue(folder):
    """Ten games with genre, developer, platforms, price and number of players."""
    rows = [
        {"id": f"g{n}", "title": title, "genres": genres, "developer": developer, "platforms": platforms, "price": price,
         "min_players": least, "max_players": most, "release_year": year}
        for n, (title, genres, developer, platforms, price, least, most, year) in enumerate(GAMES)
    ]  # fmt: skip
    return _ingested(folder, rows, "noun: game\nnouns: games\nfields:\n  developer: category\n")


def kettle_catalogue(folder, price):
    """Two kettles with numbers in many units; `price` is how an amount is written."""
    kettles = [("Blue Kettle", "49.90", 4, 12, 22, 1.5, 80, "2-4"), ("Iron Pot", "1249.90", 9, 15, 31, 2.25, 65, "3+")]
    rows = [
        {"id": f"k{n}", "title": title, "Price": price.format(cost), "Boiling time (min)": boiling, "Cleaning time (min)": cleaning,
         "Width (cm)": width, "Weight (kg)": weight, "Efficiency (%)": efficiency, "Players": players}
        for n, (title, cost, boiling, cleaning, width, weight, efficiency, players) in enumerate(kettles)
    ]  # fmt: skip
    return _ingested(folder, rows, "noun: kettle\nnouns: kettles\n")


def plant_catalogue(folder):
    """The 110 plants that conversations are held about, some of them hardy or safe for pets."""
    return wide_catalogue(folder, "plants")


def wide_catalogue(folder, name):
    """One of the catalogues that conversations are held about, `plants`, `restaurants` or `games`."""
    workspace = Workspace.create(folder)
    ingest(workspace, items=[WIDE / f"{name}.jsonl"])
    return workspace.catalogue()


def _ingested(folder, rows, schema):
    workspace = Workspace.create(folder)
    (folder / "schema.yaml").write_text(schema, encoding="utf-8")
    source = folder.parent / f"{folder.name}.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    ingest(workspace, items=[source])
    return workspace.catalogue()
