"""The learned ranker: candidates by what all signals and their own facts say together, every score the sum of its parts."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict

from convrec.tools.candidates import Column
from convrec.tools.contract import Floats, Ints, Vectors
from convrec.tools.storage import read_json, write_json

Shape = Literal["additive", "lambdamart"]
SHAPES: tuple[Shape, ...] = ("additive", "lambdamart")
"""From the cheap and exact to the strong."""

_STEPS = 63  # that a column is read in: more took a fifth longer and found no more
_ROUNDS = {"additive": 120, "lambdamart": 100}


@dataclass(frozen=True)
class Examples:
    """What a ranker learns from: `(n, n_columns)` values of candidates, `(n,)` 1 for targets, and the case of each, ascending."""

    values: Vectors
    targets: Ints
    cases: Ints

    def of(self, cases: Ints) -> Examples:
        """Returns the examples of some cases."""
        kept = np.isin(self.cases, cases)
        return Examples(self.values[kept], self.targets[kept], self.cases[kept])


class About(BaseModel):
    """What belongs to a ranker beside its trees. Scores are `(trees - middle) / spread`, so that the usual candidate has about 0 and the
    best about 1; `slope` and `offset` make a score a probability: `1 / (1 + exp(-(slope * score + offset)))`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    shape: Shape
    columns: tuple[str, ...]
    sources: tuple[str, ...]
    listing: tuple[str, ...]
    priors: tuple[str, ...]
    limit: int
    middle: float = 0.0
    spread: float = 1.0
    slope: float = 1.0
    offset: float = 0.0


class Ranker:
    """Boosted trees that order candidates (LambdaMART, Burges 2010, by LightGBM).

    Where more of a column can only help, more of it never lowers a score. `additive` trees read one column each, so the whole is a sum of one
    shape function a column (a generalised additive model, Lou, Caruana & Gehrke 2012) and its parts are exact. `lambdamart` trees read several; their parts are Shapley values
    (Lundberg et al. 2020), which sum to the score exactly, though what two columns do together is shared between them.
    """

    def __init__(self, model: str, about: About) -> None:
        self.model, self.about = model, about

    @property
    def reads(self) -> frozenset[str]:
        """Returns the names of the tools that it listens to."""
        return frozenset(signal.split("/", maxsplit=1)[0] for signal in (*self.about.listing, *self.about.priors))

    def scores(self, values: Vectors) -> Floats:
        """Returns `(n,)` scores."""
        scores: Floats = (self._booster.predict(values, num_threads=1) - self.about.middle) / self.about.spread
        return scores

    def parts(self, values: Vectors) -> dict[str, Floats]:
        """Returns, by source, `(n,)` parts that sum to the scores; what every item has is `base`."""
        shares = self._booster.predict(values, pred_contrib=True, num_threads=1) / self.about.spread
        parts: dict[str, Floats] = {"base": shares[:, -1] - self.about.middle / self.about.spread}
        for column, source in enumerate(self.about.sources):
            parts[source] = parts.get(source, np.zeros(len(values))) + shares[:, column]
        return parts

    def confidence(self, scores: Floats) -> Floats:
        """Returns `(n,)` probabilities that an item of that score is what is looked for."""
        from scipy.special import expit

        probability: Floats = expit(self.about.slope * scores + self.about.offset)
        return probability

    def save(self, folder: Path, name: str) -> None:
        """Writes the trees as text and what belongs to them as JSON."""
        (folder / f"{name}.trees.json").write_text(self.model, encoding="utf-8")
        write_json(folder / f"{name}.ranker.json", self.about.model_dump(mode="json"))

    @classmethod
    def load(cls, folder: Path, name: str) -> Self | None:
        """Returns the ranker of that name in a folder; None where there is none."""
        path = folder / f"{name}.ranker.json"
        if not path.exists():
            return None
        model = (folder / f"{name}.trees.json").read_text(encoding="utf-8")
        return cls(model, About.model_validate(read_json(path)))

    @cached_property
    def _booster(self) -> Any:
        return boosting().Booster(model_str=self.model)


def boosting() -> Any:
    """Returns LightGBM. On a system without OpenMP's library it takes the one that PyTorch brings along."""
    try:
        import lightgbm
    except OSError:
        torch = find_spec("torch")
        if torch is None or torch.origin is None:
            raise
        ctypes.CDLL(str(Path(torch.origin).parent / "lib" / "libgomp.so.1"), ctypes.RTLD_GLOBAL)
        import lightgbm
    return lightgbm


def trained(
    examples: Examples, columns: Sequence[Column], shape: Shape, seed: int, *, rounds: int | None = None, extra: Mapping[str, Any] | None = None,
    check: Callable[[], None] = lambda: None, threads: int = 1,
) -> str:  # fmt: skip
    """Returns trees taught to rank each case's targets before its other candidates; `check` is called after each, and may stop it.

    However many threads, the trees are the same.
    """
    lightgbm = boosting()
    sizes = np.bincount(examples.cases)
    data = lightgbm.Dataset(
        examples.values, examples.targets, group=sizes[sizes > 0], feature_name=[f"c{n}" for n in range(len(columns))],
        params={"verbose": -1, "min_data_in_bin": 3, "max_bin": _STEPS}, free_raw_data=True,
    )  # fmt: skip
    settings: dict[str, Any] = {
        "objective": "lambdarank", "learning_rate": 0.1, "num_leaves": 15, "feature_fraction": 0.5, "lambdarank_truncation_level": 50,
        "min_data_in_leaf": max(20, min(200, len(examples.values) // 2000)), "seed": seed, "deterministic": True, "force_row_wise": True,
        "monotone_constraints": [column.monotone for column in columns], "verbose": -1, "num_threads": threads,
    }  # fmt: skip
    if shape == "additive":
        settings |= {
            "num_leaves": 6, "learning_rate": 0.15, "interaction_constraints": [[n] for n in range(len(columns))],
        }  # fmt: skip
    booster = lightgbm.train(
        settings | dict(extra or {}), data, rounds or _ROUNDS[shape], callbacks=[lambda _: check()]
    )
    return str(booster.model_to_string())
