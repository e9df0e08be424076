"""Attributes that nobody taught: agreement with raters by a model that has seen neither the rater nor the attribute."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.workspace import Workspace
from convrec.core.metrics.bootstrap import Resampling
from convrec.evaluation.understanding.marks import scored
from convrec.evaluation.understanding.soft_attributes import N_FOLDS, SoftCase, mark
from convrec.evaluation.understanding.titles import TitleLookUp
from convrec.tools.attributes.model import ENCODER, AttributeModel
from convrec.tools.attributes.places import centred, value_vectors
from convrec.tools.attributes.teaching import Judged, Talk, teach
from convrec.tools.encoder import TextEncoder
from convrec.tools.neighbours import similar

_NEIGHBOURS, _SHRINKAGE = 50, 10.0
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Lessons:
    """All that a model is taught with but the raters' own sortings, encoded once: words and films of conversations, attributes,
    and the films that were sorted, with whole cards and with cards as a catalogue without descriptions has them.
    """

    words: tuple[str, ...]
    word_vectors: npt.NDArray[Any]
    said: Any
    values: npt.NDArray[Any]
    cards: npt.NDArray[Any]
    attributes: tuple[str, ...]
    attribute_vectors: npt.NDArray[Any]
    titles: tuple[str, ...]
    title_values: npt.NDArray[Any]
    title_cards: npt.NDArray[Any]
    title_short_cards: npt.NDArray[Any]

    def taught(
        self,
        sorted_: Floats,
        encoder: TextEncoder,
        attributes: Sequence[int] | None = None,
        films: Sequence[int] | None = None,
    ) -> AttributeModel:
        """Returns the model that `sorted_` `(n_attributes, n_titles)` teaches, of those attributes and films only, where given."""
        rows = np.arange(len(self.attributes)) if attributes is None else np.asarray(attributes)
        columns = np.arange(len(self.titles)) if films is None else np.asarray(films)
        every, values = np.ones(len(columns), np.bool_), self.title_values[columns]
        whole, short = centred(self.title_cards[columns], every), centred(self.title_short_cards[columns], every)
        views = ((values, whole), (values, short), (values, np.zeros_like(short)))
        names = tuple(self.attributes[row] for row in rows)
        judged = Judged(names, _normal(sorted_[np.ix_(rows, columns)]), self.attribute_vectors[rows], views)
        return teach(judged, Talk(self.words, self.word_vectors, self.said, self.values, self.cards), encoder)

    def save(self, path: Path) -> None:
        """Writes one `.npz`."""
        found = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "said"}
        said = self.said.tocsr()
        sparse = {
            "said_data": said.data,
            "said_indices": said.indices,
            "said_indptr": said.indptr,
            "said_shape": said.shape,
        }
        arrays: dict[str, Any] = {name: np.asarray(value) for name, value in (found | sparse).items()}
        np.savez(path, **arrays)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Returns the lessons in a file."""
        from scipy.sparse import csr_array

        with np.load(path, allow_pickle=False) as file:
            said = csr_array(
                tuple(file[f"said_{part}"] for part in ("data", "indices", "indptr")), shape=tuple(file["said_shape"])
            )
            names = {"words", "attributes", "titles"}
            found = {f.name: file[f.name] for f in fields(cls) if f.name != "said"}
        read: dict[str, Any] = {
            name: tuple(value.tolist()) if name in names else value for name, value in found.items()
        }
        return cls(said=said, **read)


def standings(cases: Sequence[SoftCase], attributes: Sequence[str], titles: Sequence[str]) -> Floats:
    """Returns `(n_attributes, n_titles)`: how often a film was sorted as more so than the reference less how often as less so, shrunk."""
    rows, columns = ({name: place for place, name in enumerate(names)} for names in (attributes, titles))
    sums, counts = np.zeros((2, len(attributes), len(titles)))
    for case in cases:
        for step, sorted_ in ((-1.0, case.less), (0.0, case.same), (1.0, case.more)):
            known = [columns[title] for title in sorted_ if title in columns]
            np.add.at(sums[rows[case.attribute]], known, step)
            np.add.at(counts[rows[case.attribute]], known, 1.0)
    found: Floats = sums / (counts + 1.0)
    return found


def _normal(rows: Floats) -> Floats:
    even = rows - rows.mean(axis=1, keepdims=True)
    found: Floats = even / np.maximum(even.std(axis=1, keepdims=True), 1e-9)
    return found


@dataclass(frozen=True)
class Films:
    """The sorted films among a workspace's: their `rows` `(n_titles,)`, -1 where the catalogue has none of that title; centred `values` and
    `cards` `(n_items, width)` of all items (cards of the sorted films only), and who is chosen by the same people, where that is known.
    """

    rows: npt.NDArray[np.int64]
    values: npt.NDArray[Any]
    cards: npt.NDArray[Any]
    near: Any

    @classmethod
    def of(cls, workspace: Workspace, titles: Sequence[str], encoder: TextEncoder) -> Self:
        """Returns the films of those titles."""
        catalogue = workspace.catalogue()
        look_up = TitleLookUp(catalogue)
        rows = np.array([-1 if (row := look_up.row(title)) is None else row for title in titles], np.int64)
        known = np.unique(rows[rows >= 0])
        cards = np.zeros((len(catalogue), encoder.width), np.float32)
        cards[known] = encoder.encode([catalogue.card(int(row)) for row in known], workspace.settings.fit.max_tokens)
        values = value_vectors(catalogue, encoder)
        return cls(
            rows, values, centred(cards, cards.any(axis=1)), _near(catalogue) if catalogue.has_interactions else None
        )


def _near(catalogue: Catalogue) -> Any:
    """Returns `(n_items, n_items)`: each item's nearest others by who chose them."""
    from scipy.sparse import csr_array, vstack

    events = catalogue.interactions()
    chosen = csr_array(
        (np.ones(len(events), np.float32), (events.user, events.row)), shape=(len(events.users), len(catalogue))
    )
    return vstack(list(similar(chosen, "tfidf", _SHRINKAGE, _NEIGHBOURS))).tocsr()


def measured(
    cases: Sequence[SoftCase], lessons: Lessons, workspace: Workspace, *, films_held_out: bool = False, seed: int = 0
) -> Iterator[str]:
    """Yields a line a kind of item information: agreement with 95 % intervals (raters drawn).

    Attributes and raters are dealt into five folds each; a pair is judged by a model that has seen neither its attribute nor its rater,
    nor, where `films_held_out`, either of its films (only pairs of films of one fold are judged then).
    """
    encoder = TextEncoder.open(ENCODER)
    titles = sorted({title for case in cases for title in case.titles})
    films = Films.of(workspace, titles, encoder)
    fold_of = _folds(lessons.attributes, seed)
    film_fold = _folds(titles, seed) if films_held_out else dict.fromkeys(titles, 0)
    answers: dict[str, dict[str, list[Any]]] = {}
    for film in sorted(set(film_fold.values())):
        for cell, model in _models(cases, lessons, encoder, fold_of, film_fold if films_held_out else {}, film):
            places = dict(_kinds(films, model))
            directions = model.directions(sorted({case.attribute for case in cell}), encoder)
            of = dict(zip(sorted({case.attribute for case in cell}), directions, strict=True))
            column = {title: place for place, title in enumerate(titles)}
            for kind, points in places.items():
                answers.setdefault(kind, {})
                for case in cell:
                    rows = {t: films.rows[column[t]] for t in case.titles if film_fold[t] == film}
                    scores = {t: float(points[row] @ of[case.attribute]) for t, row in rows.items() if row >= 0}
                    answers[kind].setdefault(f"{case.id}/{film}", [_only(case, film_fold, film), scores])
    for kind, given in answers.items():
        yield _line(kind, given, seed)


def _folds(names: Sequence[str], seed: int) -> dict[str, int]:
    dealt = np.random.default_rng(seed).permutation(len(names)) % N_FOLDS
    return dict(zip(names, dealt.tolist(), strict=True))


def _models(
    cases: Sequence[SoftCase],
    lessons: Lessons,
    encoder: TextEncoder,
    fold_of: Mapping[str, int],
    film_fold: Mapping[str, int],
    film: int,
) -> Iterator[tuple[list[SoftCase], AttributeModel]]:
    """Yields the cases of each fold of raters and attributes with the model taught by all others."""
    columns = [place for place, title in enumerate(lessons.titles) if film_fold.get(title, -1) != film]
    for raters in range(N_FOLDS):
        sorted_ = standings([case for case in cases if case.fold != raters], lessons.attributes, lessons.titles)
        for attributes in range(N_FOLDS):
            others = [place for place, name in enumerate(lessons.attributes) if fold_of[name] != attributes]
            cell = [case for case in cases if case.fold == raters and fold_of[case.attribute] == attributes]
            yield cell, lessons.taught(sorted_, encoder, others, columns)


def _kinds(films: Films, model: AttributeModel) -> Iterator[tuple[str, Floats]]:
    """Yields each kind of item information with the places that it gives the films."""
    values, cards = model.by_values(films.values), model.by_cards(films.cards)
    yield "values", values
    yield "cards", cards
    yield "values and cards", values + cards
    if films.near is not None:
        yield "values and neighbours", neighbourly(values, films.near)
        yield "values, cards and neighbours", neighbourly(values + cards, films.near)


def neighbourly(places: Floats, near: Any) -> Floats:
    """Returns the places moved half-way to the mean of their neighbours'. `near` `(n_items, n_items)` holds each item's neighbours by weight."""
    sums = np.asarray(near.sum(axis=1)).ravel()
    means = (near @ places) / np.maximum(sums, 1e-9)[:, None]
    found: Floats = np.where((sums > 0)[:, None], (places + means) / 2, places)
    return found


def _only(case: SoftCase, film_fold: Mapping[str, int], film: int) -> SoftCase:
    from dataclasses import replace

    less, same, more = (tuple(t for t in some if film_fold[t] == film) for some in (case.less, case.same, case.more))
    return replace(case, less=less, same=same, more=more)


def _line(kind: str, given: Mapping[str, Sequence[Any]], seed: int) -> str:
    cases = [case for case, _ in given.values()]
    marks = scored([mark(case, {"scores": scores}) for case, scores in given.values()])
    draws = Resampling([case.group for case in cases], seed=seed)
    parts = []
    for name in ("agreement_opposite", "agreement_all", "agreement_opposite_known", "agreement_all_known"):
        value = draws.estimate(marks.ratios[name])
        parts.append(f"{name} {value.value:.3f} [{value.low:.3f}, {value.high:.3f}]")
    return f"{kind:32} " + "  ".join(parts)
