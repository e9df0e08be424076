"""Teaching the fusion: on what the signals rank in held-out cases, by cross-validation, the simplest that is not beaten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from convrec.catalogue.catalogue import Catalogue
from convrec.core.metrics.bootstrap import Gain, Ratio, Resampling
from convrec.core.progress import Progress
from convrec.tools.candidates import MATCH, Candidates, Column
from convrec.tools.contract import Bools, Floats, Ints, Ranking
from convrec.tools.fusion import worths
from convrec.tools.heldout import Case
from convrec.tools.lists import Lists
from convrec.tools.ranker import SHAPES, About, Examples, Ranker, Shape, trained
from convrec.tools.threads import Crew, cores
from convrec.tools.tuning import tuned

LIMIT = 300
"""How many candidates a case has at most."""

_FEWEST = 30  # cases below which nothing is learned
_ENOUGH = 150  # targets among the candidates from which trees are taught
_AMPLE = 3000  # and from which trees that read several columns are tried: on fewer they lost wherever it was looked
_FOLDS = 4
_HEAD, _BEYOND = 50, 0.3  # of the other candidates, those that are always learned from, and the share of the rest
_MISSED = 1_000_000
_BRIEF, _BRIEF_CASES = 50, 1000  # trees of an ablation, and cases that they are taught on


@dataclass(frozen=True)
class Taught:
    """The fusion of one task: each signal's weight, the ranker where one is worth having, its held-out quality, and by tool what
    recall at 10 loses when trees are taught without it.
    """

    weights: dict[str, float]
    ranker: Ranker | None
    quality: dict[str, float]
    gains: dict[str, float]
    note: str = ""


def taught(
    task: str, cases: Sequence[Case], lists: Mapping[str, Lists], catalogue: Catalogue, seed: int, progress: Progress, crew: Crew
) -> Taught | None:  # fmt: skip
    """Returns the fusion of a task's signals; None where there are too few cases.

    Reciprocal ranks, additive trees and LambdaMART are compared on the same folds: a costlier shape is taken where the 95 % interval of its paired gain
    (of `1 / log2(rank + 1)`, over whole users or dialogues) lies above 0.
    """
    if len(cases) < _FEWEST or not lists:
        return None
    weights = tuned(cases, lists)
    lesson = _Lesson(task, cases, lists, catalogue, seed, progress, crew)
    plain = lesson.ranks(lesson.reciprocal())
    if lesson.n_found < _ENOUGH:
        return Taught(weights, None, lesson.quality(plain), {}, "too few held-out cases to teach a ranker")
    shape: Shape | None = None
    scores, ranks, notes = None, plain, []
    for tried in SHAPES:
        if tried == "lambdamart" and lesson.n_found < _AMPLE:
            notes.append(f"lambdamart not tried on fewer than {_AMPLE:,} targets")
            break
        found = lesson.validated(tried)
        reached = lesson.ranks(found)
        gain = lesson.gain(reached, ranks)
        notes.append(f"{tried} {gain.value:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}]")
        if gain.low is not None and gain.low > 0:
            shape, scores, ranks = tried, found, reached
    note = "paired gains: " + ", ".join(notes)
    if shape is None or scores is None:
        return Taught(weights, None, lesson.quality(ranks), {}, note)
    return Taught(
        weights, lesson.ranker(shape, scores), lesson.quality(ranks), lesson.ablation(shape), f"{shape}; {note}"
    )


class _Lesson:
    """The candidates of all cases of a task, as a table."""

    def __init__(
        self, task: str, cases: Sequence[Case], lists: Mapping[str, Lists], catalogue: Catalogue, seed: int, progress: Progress,
        crew: Crew,
    ) -> None:  # fmt: skip
        self._task, self._cases, self._lists, self._seed = task, cases, lists, seed
        self._progress, self._crew = progress, crew
        priors = [name for name, each in lists.items() if each.is_prior]
        self._candidates = Candidates(catalogue, [name for name in lists if name not in priors], priors, LIMIT)
        rows, values = [], []
        for case in range(len(cases)):
            progress(f"weighing the tools ({task})", case, len(cases))
            ranked, known = self._of(case)
            rows.append(self._candidates.rows(ranked))
            values.append(self._candidates.table(cases[case].query, rows[-1], ranked, known))
        self._rows = rows
        targets = [np.isin(found, case.targets).astype(np.int64) for found, case in zip(rows, cases, strict=True)]
        owners = np.repeat(np.arange(len(cases)), [len(found) for found in rows])
        self._table = Examples(np.concatenate(values), np.concatenate(targets), owners)
        self.n_found = int(self._table.targets.sum())
        groups = {group: number for number, group in enumerate(dict.fromkeys(case.group for case in cases))}
        self._fold = np.array([groups[case.group] % _FOLDS for case in cases], np.int64)

    def _of(self, case: int) -> tuple[dict[str, Ranking], dict[str, Floats]]:
        ranked = {name: each.of(case) for name, each in self._lists.items()}
        return ranked, {name: self._lists[name].prior_of(case) for name in self._candidates.priors}

    def reciprocal(self) -> Floats:
        """Returns the candidates' scores `(n,)` by weighted reciprocal rank, each fold's weights learned on the others."""
        weights = []
        for fold in range(_FOLDS):
            kept = np.flatnonzero(self._fold != fold).tolist()
            weights.append(
                tuned(
                    [self._cases[case] for case in kept],
                    {n: e.some(np.array(kept, np.int64)) for n, e in self._lists.items()},
                )
            )
        scores = []
        for case, rows in enumerate(self._rows):
            total = np.zeros(len(rows))
            for name, ranking in self._of(case)[0].items():
                total += weights[self._fold[case]][name] * worths(ranking, rows)
            scores.append(total)
        return np.concatenate(scores)

    def validated(self, shape: Shape) -> Floats:
        """Returns the candidates' scores `(n,)`, those of each fold by trees taught on the others."""
        rankers = self._crew.each(
            lambda fold: self._taught(shape, self._fold != fold), range(_FOLDS),
            lambda done: self._progress(f"teaching {shape} trees ({self._task})", done, _FOLDS + 1),
        )  # fmt: skip
        scores = np.zeros(len(self._table.cases))
        for fold, ranker in enumerate(rankers):
            held = self._fold[self._table.cases] == fold
            scores[held] = ranker.scores(self._table.values[held])
        return scores

    def _taught(self, shape: Shape, kept: Bools, threads: int = 1) -> Ranker:
        columns = self._candidates.columns
        model = trained(self._examples(kept), columns, shape, self._seed, check=self._crew.check, threads=threads)
        return Ranker(model, self._about(shape, columns))

    def _about(self, shape: Shape, columns: Sequence[Column]) -> About:
        return About(
            shape=shape, columns=tuple(c.name for c in columns), sources=tuple(c.source for c in columns),
            listing=self._candidates.listing, priors=self._candidates.priors, limit=LIMIT,
        )  # fmt: skip

    def _examples(self, kept: Bools) -> Examples:
        """Returns what is learned from: of the kept cases that have a target, all of the head and a share of the others."""
        found = np.bincount(self._table.cases, self._table.targets, minlength=len(self._cases)) > 0
        rng = np.random.default_rng(self._seed)
        chosen = (kept & found)[self._table.cases]
        chosen &= self._head | (self._table.targets > 0) | (rng.random(len(chosen)) < _BEYOND)
        return Examples(self._table.values[chosen], self._table.targets[chosen], self._table.cases[chosen])

    @property
    def _head(self) -> Bools:
        """Returns `(n,)`, true for the candidates that stand in the head of some list."""
        ranks = [n for n, column in enumerate(self._candidates.columns) if column.name.endswith(" rank")]
        best = np.nanmax(np.nan_to_num(self._table.values[:, ranks], nan=-99.0), axis=1)
        head: Bools = best >= -np.log2(2.0 + _HEAD)
        return head

    def ranker(self, shape: Shape, scores: Floats) -> Ranker:
        """Returns the ranker taught on all cases, its scores brought to a common scale, and read as probabilities by the cross-validated ones."""
        self._progress(f"teaching {shape} trees ({self._task})", _FOLDS, _FOLDS + 1)
        ranker = self._taught(shape, np.ones(len(self._cases), np.bool_), cores())
        ends = np.cumsum([len(rows) for rows in self._rows])
        each = [own for own in np.split(scores, ends[:-1]) if len(own)]
        middle = float(np.mean([np.median(own) for own in each]))
        spread = max(float(np.mean([own.max() for own in each])) - middle, 1e-6)
        slope, offset = _calibrated((scores - middle) / spread, self._table.targets)
        known = {"middle": middle, "spread": spread, "slope": slope, "offset": offset}
        return Ranker(ranker.model, ranker.about.model_copy(update=known))

    def ranks(self, scores: Floats, silent: Bools | None = None) -> list[Ints]:
        """Returns each case's targets' places from 0, a million where one is no candidate; `silent` `(n,)` are none either."""
        found, start = [], 0
        for rows, case in zip(self._rows, self._cases, strict=True):
            own = scores[start : start + len(rows)]
            if silent is not None:
                own = np.where(silent[start : start + len(rows)], -np.inf, own)
            start += len(rows)
            places = []
            for target in case.targets:
                at = np.flatnonzero(rows == target)
                lost = not len(at) or own[at[0]] == -np.inf
                places.append(_MISSED if lost else int((own > own[at[0]]).sum()))
            found.append(np.array(places, np.int64))
        return found

    def gain(self, ranks: list[Ints], over: list[Ints]) -> Gain:
        """Returns what the first ranks are worth more, with its interval."""
        groups = [case.group for case in self._cases]
        return Resampling(groups, seed=self._seed).gain(_worth(ranks), _worth(over))

    def quality(self, ranks: list[Ints]) -> dict[str, float]:
        """Returns recall@10, recall@50, ndcg@10, each target a case of its own, the share of targets among the candidates, and the number of targets."""
        every = np.concatenate(ranks)
        gains = np.where(every < 10, 1.0 / np.log2(every + 2.0), 0.0)
        found = {
            "recall@10": (every < 10).mean(), "recall@50": (every < 50).mean(), "ndcg@10": gains.mean(),
            "candidates": (every < _MISSED).mean(), "n": len(every),
        }  # fmt: skip
        return {f"{self._task}/{name}": round(float(value), 4) for name, value in found.items()}

    def ablation(self, shape: Shape) -> dict[str, float]:
        """Returns, by tool, what recall at 10 of one fold loses when fewer and quicker trees are taught and asked without it."""
        rng = np.random.default_rng(self._seed)
        kept = (self._fold != 0) & (rng.random(len(self._fold)) < _BRIEF_CASES / len(self._fold))
        tools = dict.fromkeys(column.source for column in self._candidates.columns)
        whole, *left = self._crew.each(
            lambda tool: self._without(shape, kept, tool), ("", *tools),
            lambda done: self._progress(f"leaving each tool out ({self._task})", done, len(tools) + 1),
        )  # fmt: skip
        return {tool: round(whole - reached, 4) for tool, reached in zip(tools, left, strict=True)}

    def _without(self, shape: Shape, kept: Bools, tool: str) -> float:
        """Returns recall at 10 of the first fold, without a tool's columns and without what it alone lists."""
        columns = self._candidates.columns
        gone = [n for n, column in enumerate(columns) if column.source == tool]
        others = [n for n, c in enumerate(columns) if c.name.endswith(" score") and c.source not in (tool, MATCH)]
        examples = self._examples(kept)
        examples.values[:, gone] = np.nan
        model = trained(
            examples, columns, shape, self._seed, rounds=_BRIEF, extra={"learning_rate": 0.15}, check=self._crew.check
        )
        held = self._fold[self._table.cases] == 0
        asked = self._table.values[held]
        asked[:, gone] = np.nan
        scores, silent = np.zeros(len(held)), np.zeros(len(held), np.bool_)
        scores[held] = Ranker(model, self._about(shape, columns)).scores(asked)
        silent[held] = np.isnan(asked[:, others]).all(axis=1)
        found = [each for each, fold in zip(self.ranks(scores, silent), self._fold, strict=True) if fold == 0]
        return float((np.concatenate(found) < 10).mean())


def _worth(ranks: list[Ints]) -> Ratio:
    values = [(float((1.0 / np.log2(each + 2.0)).sum()), float(len(each))) for each in ranks]
    return Ratio.of(values)


def _calibrated(scores: Floats, targets: Ints) -> tuple[float, float]:
    """Returns slope (above 0) and offset of the logistic curve that fits targets to scores best (Platt 1999)."""
    from scipy.optimize import minimize
    from scipy.special import expit

    def loss(parameters: Floats) -> tuple[float, Floats]:
        margin = np.exp(parameters[0]) * scores + parameters[1]
        wrong = expit(margin) - targets
        value = np.logaddexp(0.0, margin) - targets * margin
        return float(value.mean()), np.array([(wrong * scores).mean() * np.exp(parameters[0]), wrong.mean()])

    found = minimize(loss, np.array([0.0, -4.0]), jac=True, method="L-BFGS-B").x
    return float(np.exp(found[0])), float(found[1])
