"""Chooses the demo catalogue's films and takes their facts from two public data sets.

Run by a developer, never by a user:

    python scripts/demo_facts.py WIKIPEDIA_MOVIES_JSONL_GZ REDIAL_MENTIONS_CSV

Facts (title, year, genres, cast, director) come from the wikipedia-movies data; films are chosen by how often people
name them in ReDial (Li et al. 2018, CC BY 4.0), decade by decade, so that the catalogue is one that people know.
Writes `catalogue/demo/items.jsonl`, keeping the sentences (`description`) that were written for films already there, and
beside it, outside the package, `build/demo_extracts.jsonl` with the source text for whoever writes the missing ones.
"""

import csv
import gzip
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
QUOTAS = {1950: 110, 1960: 120, 1970: 160, 1980: 250, 1990: 310, 2000: 290, 2010: 230, 2020: 60}
RENAMED_GENRES = {"Sport": "Sports", "Suspense": "Thriller", "Animated": "Animation"}
UNWANTED_GENRES = {"Erotic", "Short", "Live Action", "Performance", "Independent"}
WHOLE_WORDS = {
    "War": re.compile(r"\b(anti-)?war(s|time)?\b", re.IGNORECASE),
    "Teen": re.compile(r"\bteen(s|age\w*)?\b", re.IGNORECASE),
}
MAX_CAST = 8
LEFT_OUT = {"w21613", "w36253"}  # its text is of another film that once had the same title; came out after 2023
# Where the source lists a film under another year than its text opens with, or under one it was then put off from.
ONE_SPELLING = {
    "Brandon deWilde": "Brandon De Wilde",
    "Brian Doyle Murray": "Brian Doyle-Murray",
    "Jada Pinkett-Smith": "Jada Pinkett Smith",
    "Tip 'T.I.' Harris": 'Tip "T.I." Harris',
}
YEAR_CORRECTIONS = {
    "w23221": 1967,
    "w23933": 1973,
    "w26843": 1989,
    "w31705": 2006,
    "w33008": 2010,
    "w34029": 2014,
    "w34363": 2016,
    "w35132": 2019,
}
# What the sentence "directed by" leaves out or words in its own way, read off the rest of the source text.
DIRECTOR_CORRECTIONS = {
    "w22069": ["Vincent Sherman"],
    "w23464": ["Andrew V. McLaglen"],
    "w25750": ["John Landis", "Steven Spielberg", "Joe Dante", "George Miller"],
    "w25791": ["Joel Coen", "Ethan Coen"],
    "w25927": ["Charles E. Sellier Jr."],
    "w29050": ["Joel Coen", "Ethan Coen"],
    "w29131": ["Peter Farrelly", "Bobby Farrelly"],
    "w29715": ["John Lasseter", "Andrew Stanton"],
    "w30153": ["John Lasseter", "Ash Brannon", "Lee Unkrich"],
    "w30629": ["Ben Stiller"],
    "w30732": ["Chris Wedge", "Carlos Saldanha"],
    "w30936": ["Andrew Stanton", "Lee Unkrich"],
    "w31884": ["Joel Coen", "Ethan Coen"],
    "w32039": ["John Stevenson", "Mark Osborne"],
    "w32161": ["Danny Boyle", "Loveleen Tandan"],
    "w32359": ["Pete Docter", "Bob Peterson"],
    "w33293": ["Mark Andrews", "Brenda Chapman", "Steve Purcell"],
    "w33637": ["Rawson Marshall Thurber"],
    "w34238": ["Anthony Russo", "Joe Russo"],
    "w34265": ["Chris Renaud", "Yarrow Cheney"],
    "w34322": ["Mike Mitchell", "Walt Dohrn"],
    "w34334": ["John Musker", "Ron Clements", "Chris Williams", "Don Hall"],
    "w34347": ["Garth Jennings", "Christophe Lourdelet"],
    "w34478": ["Pierre Coffin", "Kyle Balda", "Eric Guillon"],
    "w34577": ["Lee Unkrich", "Adrian Molina"],
    "w34618": ["Michael Spierig", "Peter Spierig"],
    "w34692": ["Anthony Russo", "Joe Russo"],
    "w35178": ["Walt Dohrn", "David P. Smith"],
    "w35389": ["Pete Docter", "Kemp Powers"],
    "w35475": ["Mike Rianda", "Jeff Rowe"],
    "w35578": ["Kirk DeMicco", "Brandon Jeffords"],
    "w35719": ["Jared Bush", "Byron Howard", "Charise Castro Smith"],
    "w35892": ["Kyle Balda", "Brad Ableson", "Jonathan del Val"],
    "w35912": ["Jared Stern", "Sam J. Levine"],
    "w36073": ["Joel Crawford", "Januel Mercado"],
    "w36208": ["Kirk DeMicco", "Faryn Pearl"],
    "w36221": ["Jeff Rowe", "Kyler Spears"],
    "w36259": ["Walt Dohrn", "Tim Heitz"],
}

_WORD = r"(?:(?:[A-ZÀ-Þ]\.)+|[JS]r\.|[A-ZÀ-Þ][\w’'\-]+)"
_PARTICLE = r"(?:(?:de|del|della|von|van|der|den|la|le|di|da|of|bin) )*"
_NAME = rf"{_WORD}(?: {_PARTICLE}{_WORD})*"
_DIRECTED = re.compile(
    rf"\b[Dd]irected(?:, [a-z\-]+)*(?:,? and (?:co-)?[a-z\-]+)? by ({_NAME}(?:(?:, | and |, and ){_NAME})*)"
)
_NOT_A_NAME = re.compile(r"^(The|A|It|In|Based|Distributed|Produced|Written|Starring|With|He|She|His|Her|From)\b")


def directors(extract: str) -> list[str]:
    """Returns the people that the text's first "directed by" names, in its order."""
    match = _DIRECTED.search(extract)
    if match is None:
        return []
    names = re.split(r", and |, | and ", match[1])
    return [name for name in names if (" " in name or name == "McG") and not _NOT_A_NAME.match(name)]


def genres_of(row: dict) -> list[str]:
    """Returns the row's genres without those that the source found only inside other words ("Howard", "fifteenth")."""
    found_inside = {
        genre for genre, word in WHOLE_WORDS.items()
        if genre.casefold() in row["extract"].casefold() and not word.search(row["extract"])
    }  # fmt: skip
    kept = [genre for genre in row["genres"] if genre not in found_inside | UNWANTED_GENRES]
    return list(dict.fromkeys(RENAMED_GENRES.get(genre, genre) for genre in kept))


def spelled(name: str) -> str:
    """Returns a person's name in the one spelling used here: `J.K. Simmons`, `Robert Downey Jr.`."""
    name = re.sub(r"\b([A-Z])\. (?=[A-Z]\.)", r"\1.", re.sub(r",? ([JS]r)\.?$", r" \1.", name))
    return ONE_SPELLING.get(name, name)


def cast_of(row: dict) -> list[str]:
    """Returns the first people of the cast, each once, without what is no name."""
    names = dict.fromkeys(spelled(name) for name in row["cast"])
    return [name for name in names if re.match(r"[A-Z0-9À-Þ]", name) and not re.search(r"[()]|\bvoices?\b", name)][
        :MAX_CAST
    ]


def candidates(wikipedia: Path, mentions: dict[tuple[str, int], int]) -> Iterator[tuple[int, dict, dict]]:
    """Yields (times named, facts, source row) for every film that has what a card needs."""
    with gzip.open(wikipedia, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            row = json.loads(line)
            usable = 1950 <= row["year"] <= 2023 and row.get("extract") and row.get("href") and len(row["cast"]) >= 3
            if not usable or set(row["genres"]) & {"Erotic", "Short"} or f"w{number}" in LEFT_OUT:
                continue
            genres = genres_of(row)
            if not genres:
                continue
            yield (
                mentions.get((row["title"].casefold(), row["year"]), 0),
                {
                    "id": f"w{number}",
                    "title": row["title"],
                    "year": YEAR_CORRECTIONS.get(f"w{number}", row["year"]),
                    "genres": genres,
                    "director": [
                        spelled(n) for n in DIRECTOR_CORRECTIONS.get(f"w{number}") or directors(row["extract"])
                    ],
                    "cast": cast_of(row),
                    "source": f"https://en.wikipedia.org/wiki/{row['href']}",
                },
                row,
            )


def read_mentions(path: Path) -> dict[tuple[str, int], int]:
    """Returns how often each (folded title, year) is named in ReDial."""
    counts: dict[tuple[str, int], int] = {}
    with path.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            match = re.match(r"(.+?)\s+\((\d{4})\)$", row["movieName"].strip())
            if match:
                key = (match[1].casefold(), int(match[2]))
                counts[key] = counts.get(key, 0) + int(row["nbMentions"])
    return counts


def choose(films: list[tuple[int, dict, dict]]) -> list[tuple[dict, dict]]:
    """Fills each decade's quota, by the source's year, with the films named most, then those that it says most about."""
    chosen = []
    for decade, quota in QUOTAS.items():
        pool = [f for f in films if f[2]["year"] // 10 * 10 == decade and f[1]["director"]]
        pool.sort(key=lambda f: (-f[0], -len(f[2]["extract"]) - 40 * len(f[2]["cast"]), f[1]["id"]))
        chosen += [(facts, row) for _, facts, row in pool[:quota]]
    return sorted(chosen, key=lambda pair: int(pair[0]["id"][1:]))


def read_sentences(path: Path) -> dict[str, str]:
    """Returns the sentences written so far, by film id."""
    if not path.exists():
        return {}
    rows = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    return {row["id"]: row["description"] for row in rows if row["description"]}


def main(wikipedia: Path, mentions: Path) -> None:
    """Writes the films, and the source text of each."""
    chosen = choose(list(candidates(wikipedia, read_mentions(mentions))))
    items_path, texts_path = ROOT / "catalogue/demo/items.jsonl", ROOT / "build/demo_extracts.jsonl"
    sentences = read_sentences(items_path)
    texts_path.parent.mkdir(exist_ok=True)
    with items_path.open("w", encoding="utf-8") as items_file, texts_path.open("w", encoding="utf-8") as texts_file:
        for facts, row in chosen:
            film = {**facts, "description": sentences.get(facts["id"], "")}
            items_file.write(json.dumps(film, ensure_ascii=False) + "\n")
            texts_file.write(json.dumps({**film, "extract": row["extract"]}, ensure_ascii=False) + "\n")
    print(f"{len(chosen)} films → {items_path}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
