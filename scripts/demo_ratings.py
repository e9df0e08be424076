"""Simulates the demo catalogue's viewers and writes their ratings to `catalogue/demo/ratings.csv`.

Run by a developer, never by a user:

    python scripts/demo_ratings.py

No rating here was given by a person, and none comes from any data set: viewers are drawn at random from a seed. Each has
a taste over genres, decades, directors and cast; each film has an appeal of its own, drawn at random, and is the better known
the more of the catalogue's films its people made. A viewer sees what they like and what is well known, and rates it by taste, appeal and whim.
"""

import csv
import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

DEMO = Path(__file__).resolve().parent.parent / "catalogue" / "demo"
SEED = 20150101
N_VIEWERS = 600
MEAN_RATINGS = 42
FIRST_DAY, LAST_DAY = date(2015, 1, 1), date(2023, 12, 31)

Floats = NDArray[np.float64]


def read_films() -> list[dict]:
    """Returns the demo catalogue's films."""
    with (DEMO / "items.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def indicators(films: list[dict], fields: tuple[str, ...], at_least: int = 1) -> Floats:
    """Returns `(n_films, n_values)`, each film's row of unit length over the values that at least so many films carry."""
    carried = [[value for field in fields for value in film[field]] for film in films]
    counts: dict[str, int] = {}
    for values in carried:
        for value in values:
            counts[value] = counts.get(value, 0) + 1
    columns = {value: i for i, value in enumerate(v for v, n in counts.items() if n >= at_least)}
    matrix = np.zeros((len(films), len(columns)))
    for row, values in enumerate(carried):
        matrix[row, [columns[value] for value in values if value in columns]] = 1
    return matrix / np.maximum(1, np.linalg.norm(matrix, axis=1, keepdims=True))


def tastes(films: list[dict], chance: np.random.Generator) -> Floats:
    """Returns `(n_viewers, n_films)`: how much each film is to each viewer's taste, about standard normal."""
    genres, people = indicators(films, ("genres",)), indicators(films, ("director", "cast"), at_least=3)
    kinds = chance.normal(size=(10, genres.shape[1]))  # ten kinds of viewer; each viewer is a mixture of one or two
    mixture = chance.dirichlet(np.full(10, 0.12), size=N_VIEWERS)
    by_genre = (mixture @ kinds + 0.2 * chance.normal(size=(N_VIEWERS, genres.shape[1]))) @ genres.T
    favourites = chance.random((N_VIEWERS, people.shape[1])) < 12 / people.shape[1]
    by_person = favourites @ people.T
    years = np.array([film["year"] for film in films])
    best_year = chance.normal(1995, 14, size=(N_VIEWERS, 1))
    by_year = -(((years - best_year) / 18) ** 2) / 2
    whole = 1.9 * by_genre + 1.6 * by_person + 0.8 * by_year
    return (whole - whole.mean(1, keepdims=True)) / whole.std(1, keepdims=True)


def billing(films: list[dict]) -> Floats:
    """Returns `(n_films,)`, standardised: how often a film's director and three first-billed actors come in the catalogue."""
    names = [film["director"] + film["cast"][:3] for film in films]
    counts: dict[str, int] = {}
    for name in (name for film in names for name in film):
        counts[name] = counts.get(name, 0) + 1
    raw = np.array([np.log1p(sum(counts[name] - 1 for name in film)) for film in names])
    return (raw - raw.mean()) / raw.std()


def ratings(films: list[dict], chance: np.random.Generator) -> Iterator[tuple[str, str, str, str]]:
    """Yields (user_id, item_id, value, day) of every simulated rating."""
    fame, quality = 0.75 * chance.normal(size=len(films)) + 0.65 * billing(films), chance.normal(size=len(films))
    for viewer, taste in enumerate(tastes(films, chance), start=1):
        n = int(np.clip(chance.lognormal(np.log(MEAN_RATINGS) - 0.32, 0.8), 8, 220))
        draw = 0.9 * fame + 2.4 * taste + chance.gumbel(size=len(films))  # Gumbel's trick: n films without repeats
        seen = chance.permutation(np.argsort(-draw)[:n])
        mood = chance.normal(3.2, 0.3)
        stars = mood + 0.75 * taste[seen] + 0.4 * quality[seen] + chance.normal(0, 0.45, size=n)
        days = np.sort(_days(n, chance))
        for film, value, day in zip(seen, np.clip(np.round(stars * 2) / 2, 0.5, 5), days, strict=True):
            yield f"sim{viewer:03d}", films[film]["id"], f"{value:g}", (FIRST_DAY + timedelta(int(day))).isoformat()


def _days(n: int, chance: np.random.Generator) -> Floats:
    span = (LAST_DAY - FIRST_DAY).days
    first = chance.uniform(0, span * 0.9)
    return first + (span - first) * chance.random(n) ** 2


def main() -> None:
    """Writes the file, in the order of the days."""
    rows = sorted(ratings(read_films(), np.random.default_rng(SEED)), key=lambda row: row[3])
    with (DEMO / "ratings.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(("user_id", "item_id", "value", "timestamp"))
        out.writerows(rows)
    values = np.array([float(row[2]) for row in rows])
    print(
        f"{len(rows):,} simulated ratings by {N_VIEWERS} viewers, mean {values.mean():.2f}, to {DEMO / 'ratings.csv'}"
    )


if __name__ == "__main__":
    main()
