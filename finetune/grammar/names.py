"""Names that nobody has learned: people, bands, brands, places and titles, invented afresh, with real ones mixed in."""

import gzip
import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from random import Random

_FIRST = (
    "Ada Alma Amir Anika Arne Aya Bela Bo Carla Cato Chidi Dara Dina Edda Elio Emre Esi Fadi Fay Finn Gita Greta Hana Hugo Ida Ines Ivo "
    "Jada Jonas Juno Kaia Kofi Lara Leif Lena Levi Lina Luca Mara Marek Mila Milo Nadia Nils Nora Odile Omar Otto Paola Petra Quinn Rafa "
    "Rhea Rosa Ruben Saga Sami Selma Sven Tariq Tess Theo Tove Uma Vera Viggo Wanda Wim Xenia Yara Yusuf Zane Zoe John Mary Peter Anna "
    "David Sarah James Laura Thomas Julia Robert Claire"
).split()
_ONSET = "b br c ch cl d dr f fl g gr h j k kl l m n p pr qu r s sch sh sk st t th tr v w y z".split()
_NUCLEUS = "a e i o u ai au ea ee ei ia ie io oa oo ou".split()
_CODA = " b ck d f g k l ld lm ln m n nd ng nn p r rd rk rm rn rs s ss st t th x z".split(" ")
_SURNAME_END = "son sen er ini ez ova ski berg mann ley ford wood man o a ev ic ard ett well".split()
_BRAND_END = "ia ex on ora ix um is ant eo ly io a en".split()
_PLACE_END = "ville burg ton stead haven ford mouth field bridge dale holm port".split()
_ADJECTIVES = (
    "Silent Last Crooked Golden Broken Hidden Little Lonely Burning Paper Distant Hollow Crimson Second Endless Gentle Iron Frozen Secret "
    "Wild Forgotten Midnight Perfect Bright Quiet Borrowed Velvet Empty Blue Bitter Northern Glass Restless Sudden Ordinary Invisible"
).split()
_NOUNS = (
    "River House Garden Winter Stranger Orchard Kingdom Mirror Summer Road Letter Harbour Machine Dancer Mountain Lantern Promise Shadow "
    "Island Clock Wolf Bride Soldier Map Daughter Window Storm Season Teacher Circus Bridge Party Heart Engine Sparrow Thief Song Tide Room "
    "Planet Key Train Painter Forest Game Ghost Night Star Wedding Fox Lie Street Captain Moon Signal Witness Picnic"
).split()
_SINGLE = "Embers Gravity Drift Ashfall Solstice Undertow Quicksand Heirloom Parallax Nightfall Tinder Hush Fable Monsoon Vertigo Rust Speed It Up Big Once Alien Heat Frozen".split()


def held_out(text: str, percent: int = 10) -> bool:
    """Tells whether a text belongs to the share that training never uses; the same everywhere, by a checksum."""
    return zlib.crc32(text.encode()) % 100 < percent


@dataclass(frozen=True)
class RealNames:
    """Titles and people of a real catalogue: those for training, or those kept for measuring."""

    titles: tuple[str, ...] = ()
    people: tuple[str, ...] = ()

    @classmethod
    def load(cls, path: Path, *, heldout: bool = False) -> "RealNames":
        """Returns the names of a gzip JSON file `{"titles": […], "people": […]}`; no names where there is no file."""
        if not path.exists():
            return cls()
        found = json.loads(gzip.decompress(path.read_bytes()))
        return cls(*(tuple(name for name in found[key] if held_out(name) == heldout) for key in ("titles", "people")))


def _plural(noun: str) -> str:
    if noun.endswith("y"):
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(("s", "x", "ch", "sh")) else f"{noun}s"


def _syllables(rng: Random, least: int, most: int) -> str:
    return "".join(rng.choice(_ONSET) + rng.choice(_NUCLEUS) for _ in range(rng.randint(least, most)))


def _surname(rng: Random) -> str:
    if rng.random() < 0.4:
        return (_syllables(rng, 1, 1) + rng.choice(_CODA) + rng.choice(_SURNAME_END)).capitalize()
    return (_syllables(rng, 1, 2) + rng.choice(_CODA)).capitalize()


class Names:
    """Draws names; `real` ones in about a third of the draws of people and titles."""

    def __init__(self, real: RealNames | None = None, share_real: float = 0.35) -> None:
        self._real = real or RealNames()
        self._share_real = share_real

    def draw(self, rng: Random, kind: str) -> str:
        """Returns a fresh name of a kind: `person`, `band`, `brand`, `place` or `title`."""
        return {
            "person": self.person,
            "band": self.band,
            "brand": self.brand,
            "place": self.place,
            "title": self.title,
        }[kind](rng)

    def person(self, rng: Random) -> str:
        """Returns a full name; now and then one with an initial or a double name."""
        if self._real.people and rng.random() < self._share_real:
            return rng.choice(self._real.people)
        first = rng.choice(_FIRST) if rng.random() < 0.7 else (_syllables(rng, 1, 2) + rng.choice(_CODA)).capitalize()
        last, roll = _surname(rng), rng.random()
        if roll < 0.06:
            return f"{first} {rng.choice('ABCDEFGHJKLMNPRSTW')}. {last}"
        if roll < 0.1:
            return f"{first} {last}-{_surname(rng)}"
        return f"{first} {rng.choice(('de', 'van', 'Mc', 'O’'))} {last}" if roll < 0.12 else f"{first} {last}"

    def band(self, rng: Random) -> str:
        """Returns the name of a band or a musician."""
        roll = rng.random()
        if roll < 0.4:
            return self.person(rng)
        if roll < 0.75:
            return f"The {rng.choice(_ADJECTIVES)} {_plural(rng.choice(_NOUNS))}"
        return (_syllables(rng, 1, 2) + rng.choice(_CODA)).capitalize()

    def brand(self, rng: Random) -> str:
        """Returns the name of a company."""
        name = (_syllables(rng, 1, 1) + rng.choice(_CODA) + rng.choice(_BRAND_END)).capitalize()
        roll = rng.random()
        if roll < 0.2:
            return f"{name} & {rng.choice(('Sons', 'Co', 'Daughters', _surname(rng)))}"
        return f"{name} {rng.choice(('Works', 'House', 'Press', 'Studio', 'One', 'Home'))}" if roll < 0.4 else name

    def place(self, rng: Random) -> str:
        """Returns the name of a town or a district."""
        stem = (_syllables(rng, 1, 1) + rng.choice(_CODA)).capitalize()
        roll = rng.random()
        if roll < 0.3:
            return f"{rng.choice(('San', 'Old', 'Port', 'East', 'Upper', 'Saint'))} {stem}{rng.choice(_NUCLEUS)}"
        return stem + rng.choice(_PLACE_END)

    def title(self, rng: Random) -> str:
        """Returns the name of an item."""
        if self._real.titles and rng.random() < self._share_real:
            return rng.choice(self._real.titles)
        adjective, noun, other = rng.choice(_ADJECTIVES), rng.choice(_NOUNS), rng.choice(_NOUNS)
        patterns = (
            f"The {adjective} {noun}", f"{adjective} {noun}", f"{noun} of {self.place(rng)}", f"The {noun} and the {other}", rng.choice(_SINGLE),
            f"{self.person(rng).split()[0]}'s {noun}", f"A {noun} in {self.place(rng)}", f"{noun} {rng.randint(2, 9)}", f"{self.place(rng)}",
            f"The {noun}'s {other}", f"{adjective} {noun}: {other}", f"No {noun} for {self.person(rng).split()[0]}", f"{adjective} {_plural(noun)}",
            f"{_syllables(rng, 2, 3).capitalize()}", f"Return to {self.place(rng)}", f"{noun} at {rng.randint(1, 12)}",
        )  # fmt: skip
        return rng.choice(patterns)

    def item_id(self, rng: Random) -> str:
        """Returns an id in one of the shapes that catalogues use."""
        number = rng.randint(1, 99999)
        shapes = (
            f"w{number}",
            f"{number}",
            f"B0{rng.choice('ABCDEFGH')}{number:05d}",
            f"item-{number}",
            f"{rng.choice('abcdefgh')}{rng.choice('klmnpq')}{number}",
        )
        return rng.choice(shapes)
