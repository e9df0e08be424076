"""Measures new items, new people and new catalogues: what is found of items without any choice, and for people with next to none.

python benchmarks/cold.py --data DIR [--work DIR] [--json FILE] [--parts new-items,new-people,transfer]

DIR (by default $CONVREC_DATA) holds `movielens-latest-small`, `redial` and `wikipedia-movies`. Intervals are over people (or
dialogues), 95 %. Nothing that is reported here was used to choose anything: tools hold out parts of their training data for that.

New items: all choices of a fifth of the items, drawn by their ids, are hidden. Who chose some of them is ranked from the rest of
their choices, among the hidden items (`hidden`) and among all items that they do not know (`all`); only hidden items are
targets. The baseline ranks items by how often the items of their genres were chosen, the mean of their genres', ties by id.

New people: a fifth of the dialogues, or people, is hidden whole. They are known by the last words before the first film is
recommended (`sentence`), by the three rarest of those words (`keywords`), or by two films (`titles`).

Transfer: what was learned on one catalogue is applied to the items of another by their texts alone.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.dialogues import Dialogue
from convrec.catalogue.importers.registry import import_layout
from convrec.catalogue.ingest import ingest
from convrec.catalogue.schema import Schema
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import NotFittedError
from convrec.core.metrics.bootstrap import Ratio, Resampling, mean
from convrec.core.text import fold, words
from convrec.tools.bm25 import Bm25
from convrec.tools.contract import Bools, Floats, Ints, Query, Tool, TrainingData
from convrec.tools.dense import Dense, DenseConfig
from convrec.tools.embeddings import VectorCache
from convrec.tools.encoder import TextEncoder
from convrec.tools.moments import moments, wanted_now
from convrec.tools.popularity import Popularity
from convrec.tools.training import choices, drawn, training_data
from convrec.tools.tuned_dense import TunedDense, TunedDenseConfig

K = 20
HIDDEN = 0.2
MOST_CASES = 1000
MAX_TOKENS = 64
BASELINE = "popularity of genres"


@dataclass(frozen=True)
class Case:
    """Someone to rank for: whose case it is, what is known, what should be found, and what is not ranked."""

    who: str
    query: Query
    targets: tuple[int, ...]
    known: tuple[int, ...] = ()


Scorer = Callable[[Query], Floats | None]


def main() -> None:
    """Prints tables as they come, and writes one JSON document."""
    options = _options()
    with tempfile.TemporaryDirectory() as made:
        bench = Bench(options.data, options.work or Path(made))
        parts = {"new-items": bench.new_items, "new-people": bench.new_people, "transfer": bench.transfer}
        report = {name: dict(parts[name]()) for name in options.parts.split(",")}
    document = json.dumps({"k": K, "hidden": HIDDEN, "max_tokens": MAX_TOKENS, **report}, indent=1)
    if options.json:
        options.json.write_text(document + "\n", encoding="utf-8")
    else:
        print(document)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measures new items, new people and new catalogues.")
    parser.add_argument("--data", type=Path, default=os.environ.get("CONVREC_DATA"), help="the folder of the data sets")
    parser.add_argument("--work", type=Path, help="a folder in which catalogues and vectors are kept between runs")
    parser.add_argument("--json", type=Path, help="where the document is written; else it is printed")
    parser.add_argument("--parts", default="new-items,new-people,transfer", help="what is measured, with commas")
    return parser.parse_args()


class Bench:
    """The catalogues, made when first asked for, and what is measured on them."""

    def __init__(self, data: Path, work: Path) -> None:
        self._data, self._work, self._encoder = Path(data), work, TextEncoder.open()

    def new_items(self) -> Iterator[tuple[str, Any]]:
        """Yields the figures of each catalogue, some of whose items nobody has chosen."""
        for name in ("movielens", "movielens-plots", "redial"):
            yield from self.new_items_of(name)

    def new_items_of(self, name: str) -> Iterator[tuple[str, Any]]:
        """Yields the figures of one catalogue: among the hidden items, and among all."""
        catalogue = self.catalogue(name)
        hidden = np.array([drawn(f"cold {item_id}", HIDDEN) for item_id in catalogue.ids], np.bool_)
        whole, data = self._training(catalogue, np.zeros(len(catalogue), np.bool_)), self._training(catalogue, hidden)
        systems = {**_genre_baselines(data, hidden), **_fitted({"dense": Dense, "tuned_dense": TunedDense}, data)}
        cases = _choosers(whole, hidden)
        for ranked, allowed in (("hidden", hidden), ("all", None)):
            yield f"{name}, {ranked}", _measured(f"{name}, {ranked}", systems, cases, BASELINE, allowed)

    def new_people(self) -> Iterator[tuple[str, Any]]:
        """Yields the figures for people known by a sentence, three keywords, or two titles."""
        kinds = {"popularity": Popularity, "bm25": Bm25, "dense": Dense, "tuned_dense": TunedDense}
        catalogue = self.catalogue("redial")
        told = catalogue.dialogues()
        held = [dialogue for dialogue in told if drawn(f"person {dialogue.id}", HIDDEN)]
        rest = [dialogue for dialogue in told if not drawn(f"person {dialogue.id}", HIDDEN)]
        systems = _fitted(kinds, self._data_of(catalogue, np.zeros(len(catalogue), np.bool_), rest))
        for known, cases in _requests(catalogue, held, rest).items():
            yield f"redial, {known}", _measured(f"redial, {known}", systems, self._encoded(cases), "popularity")
        catalogue = self.catalogue("movielens-plots")
        data = self._training(catalogue, np.zeros(len(catalogue), np.bool_))
        new = np.array([drawn(f"person {user}", HIDDEN) for user in range(data.user_items.shape[0])], np.bool_)
        systems = _fitted(kinds, _without_people(data, new))
        cases = _two_liked(data, new)
        yield "movielens-plots, titles", _measured("movielens-plots, titles", systems, cases, "popularity")

    def transfer(self) -> Iterator[tuple[str, Any]]:
        """Yields the figures of what was learned on one catalogue and is used on another."""
        for source, other in (("movielens-plots", "redial"), ("redial", "movielens-plots")):
            catalogue, there = self.catalogue(other), self.catalogue(source)
            data = self._training(catalogue, np.zeros(len(catalogue), np.bool_))
            new = np.array([drawn(f"person {user}", HIDDEN) for user in range(data.user_items.shape[0])], np.bool_)
            own = _without_people(data, new)
            systems = _fitted({"popularity": Popularity, "dense": Dense, "tuned_dense": TunedDense}, own)
            learned = _tool(TunedDense, self._training(there, np.zeros(len(there), np.bool_)))
            if isinstance(learned, TunedDense):
                cards = [catalogue.card(row) for row in range(len(catalogue))]
                vectors = VectorCache(self._work / "encoded", self._encoder, MAX_TOKENS).vectors(cards)
                systems[f"tuned_dense of {source}"] = learned.transferred(catalogue, vectors).scores
            name = f"{source} to {other}, half of a history"
            yield name, _measured(name, systems, _halves(data, new), "dense")

    def _training(self, catalogue: Catalogue, hidden: Bools) -> TrainingData:
        return self._data_of(catalogue, hidden, catalogue.dialogues())

    def _data_of(self, catalogue: Catalogue, hidden: Bools, dialogues: Sequence[Dialogue]) -> TrainingData:
        """Returns what tools are fitted on, without any choice of the hidden items."""
        chosen = choices(catalogue)
        kept = replace(chosen, events=chosen.events[~hidden[chosen.events.row]], ratings=np.empty((0, 2)))
        gone = {item_id for item_id, out in zip(catalogue.ids, hidden.tolist(), strict=True) if out}
        told = [_unnamed(dialogue, gone) for dialogue in dialogues]
        return training_data(
            catalogue, kept, told, encoder=self._encoder, max_tokens=MAX_TOKENS, cache=self._work / "encoded"
        )

    def _encoded(self, cases: Sequence[Case]) -> list[Case]:
        """Returns the cases with their texts encoded at once."""
        vectors = self._encoder.encode([case.query.text for case in cases])
        return [
            replace(case, query=replace(case.query, vector=vector if case.query.text else None))
            for case, vector in zip(cases, vectors, strict=True)
        ]

    def catalogue(self, name: str) -> Catalogue:
        """Returns a catalogue by its name, made where it is not there yet."""
        root = self._work / name
        if not (root / "CURRENT").exists():
            self._make(name, Workspace.create(root))
        return Workspace.open(root).catalogue()

    def _make(self, name: str, workspace: Workspace) -> None:
        match name:
            case "redial" | "wikipedia-movies":
                import_layout(name, self._data / name, workspace)
            case "movielens-tags":
                import_layout("movielens", self._data / "movielens-latest-small", workspace)
            case _:
                self._without_tags(workspace, plots=name == "movielens-plots")

    def _without_tags(self, workspace: Workspace, plots: bool) -> None:
        """Takes MovieLens in without what viewers wrote of the films; with Wikipedia's cast and introduction where `plots`."""
        source = self.catalogue("movielens-tags")
        fields = [source.schema.field(name) for name in ("title", "year", "genres", "source_title")]
        more = _by_title_and_year(self.catalogue("wikipedia-movies")) if plots else {}
        if plots:
            fields += [self.catalogue("wikipedia-movies").schema.field(name) for name in ("cast", "description")]
        (workspace.root / "schema.yaml").write_text(Schema(fields=tuple(fields)).dump_yaml(), encoding="utf-8")
        items, events = workspace.root / "items.jsonl", workspace.root / "events.jsonl"
        _write(items, (_film(source, row, more) for row in range(len(source))))
        given = source.interactions()
        rows = zip(given.user.tolist(), given.row.tolist(), given.value.tolist(), given.timestamp.tolist(), strict=True)
        _write(events, ({"user_id": given.users[user], "item_id": source.ids[row], "value": value, "event": "rating", "timestamp": when}
                        for user, row, value, when in rows))  # fmt: skip
        ingest(workspace, items=[items], interactions=[events])


def _film(source: Catalogue, row: int, more: Mapping[tuple[str, int], Mapping[str, Any]]) -> dict[str, Any]:
    item = source.item(row)
    facts = {name: item.facts[name] for name in ("title", "year", "genres", "source_title") if name in item.facts}
    year = facts.get("year", 0)
    found = (more.get((fold(item.title), near)) for near in (year, year - 1, year + 1))
    return {"id": item.id, **facts, **next((known for known in found if known), {})}


def _by_title_and_year(catalogue: Catalogue) -> dict[tuple[str, int], dict[str, Any]]:
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for row in range(len(catalogue)):
        item = catalogue.item(row)
        facts = {name: item.facts[name] for name in ("cast", "description") if name in item.facts}
        found.setdefault((fold(item.title), item.facts.get("year", 0)), facts)
    return found


def _write(path: Path, rows: Iterator[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def _unnamed(dialogue: Dialogue, gone: set[str]) -> Dialogue:
    """Returns the dialogue with some items no longer marked as named; its words stay."""
    turns = tuple(
        turn.model_copy(update={"items": tuple(item for item in turn.items if item.id not in gone)})
        for turn in dialogue.turns
    )
    return dialogue.model_copy(update={"turns": turns})


def _without_people(data: TrainingData, new: Bools) -> TrainingData:
    """Returns the data without what some people (or dialogues, which come after the people) did or said."""
    n_people = len(new) - len(data.dialogues)
    told = tuple(dialogue for dialogue, out in zip(data.dialogues, new[n_people:].tolist(), strict=True) if not out)
    return replace(
        data, user_items=data.user_items[~new].tocsr(), events=data.events[~new[data.events.user]], dialogues=told
    )


def _fitted(kinds: Mapping[str, type[Tool]], data: TrainingData) -> dict[str, Scorer]:
    found = {name: _tool(kind, data) for name, kind in kinds.items()}
    return {name: tool.scores for name, tool in found.items() if tool is not None}


def _tool(kind: type[Tool], data: TrainingData) -> Tool | None:
    """Returns the tool, fitted, and says how long that took; None where it is left out."""
    started, worked = time.perf_counter(), time.process_time()
    configs = {TunedDense: TunedDenseConfig(max_tokens=MAX_TOKENS), Dense: DenseConfig(max_tokens=MAX_TOKENS)}
    tool = kind(configs.get(kind))
    try:
        tool.fit(data)
    except NotFittedError as error:
        print(f"{kind.name} is left out: {error}", file=sys.stderr)
        return None
    seconds, cpu = time.perf_counter() - started, time.process_time() - worked
    print(f"{kind.name} fitted in {seconds:.1f} s ({cpu:.1f} s of computing). {tool.note}", file=sys.stderr)
    return tool


def _genre_baselines(data: TrainingData, hidden: Bools) -> dict[str, Scorer]:
    """Returns the baseline, and one that knows whose genres: a person's choices a genre, summed over an item's genres, then the baseline."""
    index = data.catalogue.values("genres")
    carried = np.stack([index.mask(value) for value in index.values], axis=1).astype(np.float64)
    times = np.asarray(data.user_items.sum(axis=0)).ravel()
    per_item = (times @ carried) / np.maximum(carried[~hidden].sum(axis=0), 1.0)
    general = carried @ per_item / np.maximum(carried.sum(axis=1), 1.0)

    def own(query: Query) -> Floats:
        liked = carried[[row for row, _ in query.history]].sum(axis=0)
        scores: Floats = carried @ liked + general / (2.0 * general.max())
        return scores

    return {BASELINE: lambda query: general, "popularity of one's genres": own}


def _choosers(whole: TrainingData, hidden: Bools) -> list[Case]:
    """Returns a case for each who chose hidden items and others, at most 1,000 from all over."""
    cases = []
    for who, liked in _liked(whole):
        known, sought = liked[~hidden[liked]], liked[hidden[liked]]
        if len(known) and len(sought):
            cases.append(_case(who, known, sought))
    return _some(cases)


def _two_liked(data: TrainingData, new: Bools) -> list[Case]:
    rng = np.random.default_rng(0)
    shuffled = [(who, rng.permutation(liked)) for who, liked in _liked(data) if new[int(who)] and len(liked) >= 3]
    return _some([_case(who, liked[:2], liked[2:]) for who, liked in shuffled])


def _halves(data: TrainingData, new: Bools) -> list[Case]:
    rng = np.random.default_rng(0)
    shuffled = [(who, rng.permutation(liked)) for who, liked in _liked(data) if new[int(who)] and len(liked) >= 2]
    return _some([_case(who, liked[: len(liked) // 2], liked[len(liked) // 2 :]) for who, liked in shuffled])


def _liked(data: TrainingData) -> Iterator[tuple[str, Ints]]:
    chosen = data.user_items
    for user in range(chosen.shape[0]):
        yield str(user), np.sort(chosen.indices[chosen.indptr[user] : chosen.indptr[user + 1]]).astype(np.int64)


def _case(who: str, known: Ints, sought: Ints) -> Case:
    rows = tuple(known.tolist())
    return Case(who, Query(history=tuple((row, 1.0) for row in rows)), tuple(sought.tolist()), rows)


def _requests(catalogue: Catalogue, held: Sequence[Dialogue], rest: Sequence[Dialogue]) -> dict[str, list[Case]]:
    """Returns the cases of first requests by their last words and by three keywords, and of two films named before others."""
    often = Counter(word for dialogue in rest for turn in dialogue.turns for word in set(words(turn.text)))
    found: dict[str, list[Case]] = {"sentence": [], "keywords": [], "titles": []}
    for moment in moments(held, catalogue):
        if moment.role != "assistant":
            continue
        if not moment.history and (said := wanted_now(moment.context)):
            known = [word for word in dict.fromkeys(words(said)) if often[word] > 1 and len(word) > 2]
            rare = " ".join(sorted(known, key=lambda word: (often[word], word))[:3])
            found["sentence"].append(Case(moment.dialogue, Query(text=said), moment.named))
            found["keywords"].append(Case(moment.dialogue, Query(text=rare), moment.named))
        elif len(moment.history) >= 2:
            two = tuple(row for row, _ in moment.history[:2])
            named = tuple(row for row, _ in moment.history)
            found["titles"].append(
                Case(moment.dialogue, Query(history=tuple((row, 1.0) for row in two)), moment.named, named)
            )
    return {name: _some(cases) for name, cases in found.items()}


def _some(cases: list[Case]) -> list[Case]:
    if len(cases) <= MOST_CASES:
        return cases
    return [cases[place] for place in np.linspace(0, len(cases) - 1, MOST_CASES).astype(np.int64).tolist()]


def _measured(
    name: str, systems: Mapping[str, Scorer], cases: Sequence[Case], reference: str, allowed: Bools | None = None
) -> dict[str, Any]:
    """Returns recall@20 of each system with its interval, and how many times the reference's it is; prints a table."""
    found = {system: np.array([_recall(scorer, case, allowed) for case in cases]) for system, scorer in systems.items()}
    draws = Resampling([case.who for case in cases])
    print(f"\n{name}: {len(cases)} cases")
    report: dict[str, Any] = {"cases": len(cases)}
    for system, values in found.items():
        recall, times = draws.estimate(mean(values)), draws.estimate(Ratio(values, found[reference]))
        report[system] = {"recall@20": _rounded(recall), f"times {reference}": _rounded(times)}
        print(f"  {system:34} {_shown(recall, 3)}   {_shown(times, 1)} times {reference}", flush=True)
    return report


def _recall(scorer: Scorer, case: Case, allowed: Bools | None) -> float:
    scores = scorer(case.query)
    if scores is None:
        return 0.0
    open_to = np.ones(len(scores), np.bool_) if allowed is None else allowed.copy()
    open_to[list(case.known)] = False
    ranked = np.argsort(-np.where(open_to, np.nan_to_num(scores, nan=-np.inf), -np.inf), kind="stable")[:K]
    return len(set(ranked.tolist()) & set(case.targets)) / len(set(case.targets))


def _rounded(estimate: Any) -> dict[str, float | None]:
    ends = {"value": estimate.value, "low": estimate.low, "high": estimate.high}
    return {name: None if end is None else round(float(end), 4) for name, end in ends.items()}


def _shown(estimate: Any, digits: int) -> str:
    if estimate.value is None:
        return "–"
    return f"{estimate.value:.{digits}f} [{estimate.low:.{digits}f}, {estimate.high:.{digits}f}]"


if __name__ == "__main__":
    main()
