"""Measures the claim checker: true sentences that it touches, and planted falsehoods that it lets pass.

Sentences come from `claims.yaml`, in two wordings: one to tune by, one held out. Each slot is filled from a catalogue's own facts; a
falsehood swaps the value of one slot for another item's (a year, a person, a kind, a title, a price …), for a person of the same item in
another part, for its opposite (negations, comparisons), or for a title that nobody bears. A falsehood counts as caught when the
sentence was changed and the false words are gone from it.

    python benchmarks/claims.py                                    # the demo films, made-up restaurants and games
    python benchmarks/claims.py --data DIR --wording tuning        # and the films of a folder of the layout wikipedia-movies
"""

import argparse
import json
import math
import random
import re
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from convrec.agent.checking.checker import ClaimChecker
from convrec.agent.checking.titles import TitleChecker
from convrec.agent.wording import small
from convrec.catalogue.catalogue import Catalogue, Item
from convrec.catalogue.demo.shipped import ingest_shipped
from convrec.catalogue.importers import import_layout
from convrec.catalogue.ingest import ingest
from convrec.catalogue.workspace import Workspace

WORDS = Path(__file__).with_suffix(".yaml")
WIDE = Path(__file__).parents[1] / "tests" / "conversations" / "wide" / "catalogues"
SLATE = 4
_SLOT = re.compile(r"\{(\w+)\}")
_NOUN = re.compile(r"\b([Aa]|[Tt]his|s|\{E\}|\{Y\}) \{(X?K2?b?)\}(?! (?:game|film|food|title|restaurant|cooking))")
_NOUN_KINDS = {
    "thriller",
    "comedy",
    "drama",
    "western",
    "musical",
    "romance",
    "mystery",
    "satire",
    "documentary",
    "slasher",
}
_OPPOSITE = {
    "older": "newer",
    "newer": "older",
    "cheaper": "more expensive",
    "more expensive": "cheaper",
    "better": "worse",
    "worse": "better",
    "earlier": "later",
    "later": "earlier",
}
_MARKS = ("**{}**", "**{}**", "*{}*", "“{}”", "{}")


@dataclass(frozen=True)
class Case:
    """Sentences that are said first, the one that is judged, and the false words in it (None: it is true)."""

    before: tuple[str, ...]
    text: str
    slate: tuple[str, ...]
    kind: str | None
    false: str | None


class Filler:
    """Fills sentences of one catalogue. `roles` names the fields that stand for D (who made it), K (its kind) and so on."""

    def __init__(self, catalogue: Catalogue, roles: Mapping[str, str], rng: random.Random) -> None:
        self.catalogue, self.roles, self.rng = catalogue, roles, rng

    def values(self, item: Item, slot: str) -> list[str]:
        """Returns what may stand in a slot for an item."""
        fact = item.facts.get(self.roles.get(slot, ""))
        found = fact if isinstance(fact, list) else [] if fact is None else [fact]
        return [_worded(slot, value) for value in found]

    def case(self, template: str, *, lie: bool) -> Case | None:
        """Returns a sentence about items drawn at random, None where they lack a fact that it needs or nothing false can be said."""
        rows = self.rng.sample(range(len(self.catalogue)), SLATE)
        slate = [self.catalogue.item(row) for row in rows]
        slots = list(dict.fromkeys(_SLOT.findall(template)))
        filled = {slot: said for slot in slots if (said := self._said(slot, slate, lie)) is not None}
        if len(filled) < len(slots) or any(
            filled.get(f"{a}") == filled.get(f"{a}2") for a in "CK" if f"{a}2" in filled
        ):
            return None
        *before, judged = (part.strip() for part in template.split("||"))
        told = tuple(_filled(part, filled) for part in before)
        if not lie:
            return Case(told, _filled(judged, filled), _ids(slate), None, None)
        swaps = [swap for slot in dict.fromkeys(_SLOT.findall(judged)) for swap in self._swaps(slot, filled, slate)]
        if not swaps:
            return None
        slot, kind, false = self.rng.choice(swaps)
        return Case(told, _filled(judged, filled | {slot: false}), _ids(slate), kind, false.strip("*“”"))

    def _said(self, slot: str, slate: list[Item], lie: bool) -> str | None:
        if slot == "B":
            people = [name for role in "CD" for name in self.values(slate[0], role)]
            return self.rng.choice(people) if people else None
        base, item, other = slot.rstrip("b2"), slate[1 if slot.endswith("b") else 0], slate[0]
        if base == "T":
            return self._marked(item.title)
        if base == "count":
            return ("two", "three", "four")[SLATE - 2]
        if base in ("N", "NS"):
            return self.catalogue.schema.noun if base == "N" else self.catalogue.schema.nouns
        if base in ("older", "earlier", "cheaper", "better"):
            return self._compared(base, slate)
        if base == "E":
            return f"{int(self.values(item, 'Y')[0]) // 10 * 10}s" if self.values(item, "Y") else None
        if base.startswith("X"):
            return self._lacking(base[1:], other)
        found = self.values(item, base)
        return found[1 if slot.endswith("2") else 0] if len(found) > slot.endswith("2") else None

    def _compared(self, base: str, slate: list[Item]) -> str | None:
        slot = {"older": "Y", "earlier": "Y", "cheaper": "P", "better": "R"}[base]
        a, b = (item.facts.get(self.roles.get(slot, "")) for item in slate[:2])
        return None if a is None or b is None or a == b else base if (a > b) == (base == "better") else _OPPOSITE[base]

    def _lacking(self, slot: str, item: Item) -> str | None:
        index = self.catalogue.values(self.roles[slot])
        people = {name for role in "CD" for name in self.values(item, role)}
        other = _worded(slot, self.rng.choice(list(index.values)))
        return None if other in people | {*self.values(item, slot)} else other

    def _swaps(self, slot: str, filled: Mapping[str, str], slate: list[Item]) -> Iterator[tuple[str, str, str]]:
        """Yields `(slot, kind, false words)`."""
        base, item = slot.rstrip("b2"), slate[1 if slot.endswith("b") else 0]
        stranger = self.catalogue.item(self.rng.randrange(len(self.catalogue)))
        if base == "T":
            if stranger not in slate and stranger.title not in filled[slot] and self._is_marked(stranger.title):
                yield slot, "title", filled[slot].replace(item.title, stranger.title)
            invented = self._invented(item.title)
            if invented not in self.catalogue.titles:
                yield slot, "invented title", filled[slot].replace(item.title, invented)
        elif base in _OPPOSITE:
            yield slot, "comparison", _OPPOSITE[filled[slot]]
        elif base == "E":
            yield slot, "decade", f"{int(filled[slot][:4]) + self.rng.choice((-30, -20, -10, 10))}s"
        elif base == "Y":
            yield slot, "year", str(int(filled[slot]) + self.rng.choice((-11, -4, -2, -1, 1, 3, 9)))
        elif base in ("count", "W", "P", "R", "M"):
            yield from self._numbers(slot, base, filled[slot], stranger)
        elif base.startswith("X"):
            own = self.values(item, base[1:])
            yield from ((slot, "negation", own[0]) for _ in own[:1])
        else:
            yield from self._persons(slot, base, item, stranger)

    def _numbers(self, slot: str, base: str, true: str, stranger: Item) -> Iterator[tuple[str, str, str]]:
        wrong = self.values(stranger, base)[:1] if base != "count" else ["five"]
        yield from (
            (slot, {"P": "price", "M": "length", "R": "rating"}.get(base, "number"), false)
            for false in wrong
            if false != true
        )

    def _persons(self, slot: str, base: str, item: Item, stranger: Item) -> Iterator[tuple[str, str, str]]:
        own = {name for role in "CDKAFO" for name in self.values(item, role)}
        kind = "person" if base in "BCD" else "value"
        yield from (
            (slot, kind, false) for false in self.values(stranger, "C" if base == "B" else base)[:1] if false not in own
        )
        if base in "CD":
            swapped = [
                name for name in self.values(item, "D" if base == "C" else "C") if name not in self.values(item, base)
            ]
            yield from ((slot, "role", false) for false in swapped[-1:])

    def _marked(self, title: str) -> str:
        return self.rng.choice(_MARKS if self._is_marked(title) else _MARKS[:3]).format(title)

    @staticmethod
    def _is_marked(title: str) -> bool:
        return len(re.findall(r"\w+", title)) > 1

    def _invented(self, title: str) -> str:
        slip = title[: len(title) // 2] + self.rng.choice("aeiostn") + title[len(title) // 2 :]
        return self.rng.choice(
            [f"{title} 2", f"The {title.removeprefix('The ')} Returns", slip.strip(), f"{title} Reloaded"]
        )


def measured(
    checkers: Mapping[str, ClaimChecker], fillers: Mapping[str, Filler], wording: str, cases: int, rng: random.Random
) -> dict[str, object]:
    """Returns the shares of true sentences touched and of falsehoods caught, by kind, each with a Wilson interval, and what went wrong."""
    groups = yaml.safe_load(WORDS.read_text(encoding="utf-8"))[wording]
    shares: dict[str, list[bool]] = defaultdict(list)
    wrong: list[dict[str, object]] = []
    for lie in (False, True):
        for name, case in _drawn(fillers, groups, cases, lie=lie, rng=rng):
            out, reasons = _checked(checkers[name], case)
            caught = out != case.text and (case.false is None or _said(case.false, out) < _said(case.false, case.text))
            shares["true sentences touched" if not lie else "falsehoods caught"].append(caught)
            if lie:
                shares[f"caught: {case.kind}"].append(caught)
            if caught != lie:
                wrong.append(
                    {
                        "catalogue": name,
                        "kind": case.kind,
                        "before": case.before,
                        "text": case.text,
                        "false": case.false,
                        "out": out,
                        "reasons": reasons,
                    }
                )
    return {"shares": {name: _share(found) for name, found in sorted(shares.items())}, "wrong": wrong}


def _drawn(
    fillers: Mapping[str, Filler], groups: Mapping[str, list[str]], cases: int, *, lie: bool, rng: random.Random
) -> Iterator[tuple[str, Case]]:
    """Yields cases, the catalogues by turns in proportion to their templates."""
    pool = [(name, template) for name in fillers for template in groups[name.split("/")[0]]]
    drawn = 0
    while drawn < cases:
        name, template = rng.choice(pool)
        case = fillers[name].case(template, lie=lie)
        if case is not None:
            drawn += 1
            yield name, case


def _checked(checker: ClaimChecker, case: Case) -> tuple[str, list[str]]:
    check = checker.begin(case.slate)
    for sentence in case.before:
        check.sentence(f"{sentence} ")
    out = check.sentence(case.text)
    return out, [f"{finding.kind}: {finding.words}" for touched in check.reasons for finding in touched.findings]


def _said(words: str, text: str) -> int:
    return len(re.findall(rf"(?<![\w.]){re.escape(words)}(?!\w|\.\d)", text))


def _share(found: list[bool]) -> dict[str, float]:
    n, share, z = len(found), sum(found) / len(found), 1.96
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return {"n": n, "value": share, "low": middle - half, "high": middle + half}


def _filled(template: str, filled: Mapping[str, str]) -> str:
    told = {f"{slot}!": _as_noun(said) for slot, said in filled.items()}
    text = _SLOT.sub(
        lambda match: filled[match[1]], _NOUN.sub(lambda match: f"{match[1]} {told[f'{match[2]}!']}", template)
    )
    return re.sub(r"\b([Aa]) (?=[aeiouAEIOU])", r"\1n ", text)


def _as_noun(kind: str) -> str:
    """Returns a kind as it stands behind an article: a thriller, a crime film."""
    return kind if kind.casefold() in _NOUN_KINDS else f"{kind} film"


def _ids(slate: list[Item]) -> tuple[str, ...]:
    return tuple(item.id for item in slate)


def _worded(slot: str, value: object) -> str:
    if slot == "P":
        return f"{value:g} euros" if isinstance(value, int) else f"€{value:.2f}"
    return small(str(value)) if slot in ("K", "O") else str(value)


FILMS = {"Y": "year", "D": "director", "C": "cast", "K": "genres"}
WIDE_ROLES = {
    "games": {"Y": "year", "D": "developer", "K": "genres", "F": "platforms", "P": "price", "W": "players"},
    "restaurants": {"K": "cuisine", "A": "area", "R": "rating", "O": "features"},
}
MADE_UP = {
    "games": {"Y": "release_year", "D": "developer", "K": "genres", "F": "platforms", "P": "price", "W": "max_players"},
    "restaurants": {"Y": "opened", "K": "cuisine", "A": "area", "P": "price", "R": "rating", "O": "offers"},
}


def catalogues(folder: Path, data: Path | None) -> Iterator[tuple[str, Catalogue, Mapping[str, str]]]:
    """Yields `(name, catalogue, the fields of the slots)`."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from tests.agent.linked_catalogues import game_catalogue, restaurant_catalogue

    ingest_shipped(folder / "films")
    yield "films", Workspace.open(folder / "films").catalogue(), FILMS
    yield "games/made up", game_catalogue(folder / "games"), MADE_UP["games"]
    yield "restaurants/made up", restaurant_catalogue(folder / "restaurants"), MADE_UP["restaurants"]
    for name, roles in WIDE_ROLES.items():
        workspace = Workspace.create(folder / f"wide-{name}")
        ingest(workspace, items=[WIDE / f"{name}.jsonl"])
        yield f"{name}/wide", workspace.catalogue(), roles
    if data is not None:
        workspace = Workspace.create(folder / "wikipedia")
        import_layout("wikipedia-movies", data, workspace)
        yield "films/wikipedia", workspace.catalogue(), FILMS


def main() -> None:
    """Prints one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wording", default="held_out", choices=("held_out", "tuning"))
    parser.add_argument("--cases", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--wrong", action="store_true", help="also print what was judged wrongly")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        checkers, fillers, built = {}, {}, {}
        for name, catalogue, roles in catalogues(Path(folder), options.data):
            fillers[name] = Filler(catalogue, roles, rng)
            titles = TitleChecker(catalogue)
            begun = time.perf_counter()
            checkers[name] = ClaimChecker(catalogue, titles)
            built[name] = round(time.perf_counter() - begun, 3)
        begun = time.perf_counter()
        table = measured(checkers, fillers, options.wording, options.cases, rng)
        table |= {"seconds_to_build": built, "ms_a_case": 1000 * (time.perf_counter() - begun) / (2 * options.cases)}
    if not options.wrong:
        table.pop("wrong")
    json.dump(table, sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
