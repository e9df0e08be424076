"""What implicit, lenskit or RecTools rank, for `collaborative.py`, which runs this under the Python that has the library.

    python collaborative_libraries.py implicit FOLDER

FOLDER holds `split.npz`: `user` and `row` `(n_choices,)`, `shape` (people, items), `asked` `(n_asked,)`. Written are
`seconds.json`, a list of model, seconds of its fit by the clock and by the CPU, and for each model in order `0.npy`, `1.npy`, …: the 20 best
rows of each person asked that the person does not have, -1 where there are no more. Models have the library's defaults, and
those that other settings of theirs are known to suit better have these too.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ[_name] = "1"  # before numpy is imported, so that all fits have one thread

import numpy as np  # noqa: E402

DEPTH = 20
Ranker = Callable[[], Any]


def implicit_models(user: Any, row: Any, shape: Any, asked: Any) -> Iterator[tuple[str, Ranker, Callable[[Any], Any]]]:
    """Yields each of implicit's models: its name, its fit, and what ranks with what was fitted."""
    from implicit.cpu.als import AlternatingLeastSquares
    from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, TFIDFRecommender
    from scipy.sparse import csr_matrix

    matrix = csr_matrix((np.ones(len(user), np.float32), (user, row)), shape=tuple(shape))
    known = np.unique(row)
    local = matrix[:, known]

    def fit(model: Any) -> Any:
        model.fit(local, show_progress=False)
        return model

    def rank(model: Any) -> Any:
        found, scores = model.recommend(asked, local[asked], N=DEPTH, filter_already_liked_items=True)
        return np.where((found >= 0) & (scores > -1e30), known[np.clip(found, 0, None)], -1)

    models = {
        f"{kind.__name__.removesuffix('Recommender')} K={k}": (lambda kind=kind, k=k: kind(K=k, num_threads=1))
        for kind in (CosineRecommender, TFIDFRecommender, BM25Recommender) for k in (20, 100)
    }  # fmt: skip
    models["ALS"] = lambda: AlternatingLeastSquares(random_state=0, num_threads=1)
    models["ALS 64/20/3"] = lambda: AlternatingLeastSquares(
        factors=64, regularization=20.0, alpha=3.0, random_state=0, num_threads=1
    )
    for name, make in models.items():
        yield name, lambda make=make: fit(make()), rank


def lenskit_models(user: Any, row: Any, shape: Any, asked: Any) -> Iterator[tuple[str, Ranker, Callable[[Any], Any]]]:
    """Yields each of lenskit's models."""
    import pandas as pd
    from lenskit.als import ImplicitMFScorer
    from lenskit.data import from_interactions_df
    from lenskit.knn import EASEScorer, ItemKNNScorer
    from lenskit.operations import recommend
    from lenskit.pipeline import topn_pipeline

    del shape
    data = from_interactions_df(pd.DataFrame({"user_id": user, "item_id": row}))

    def fit(scorer: Any) -> Any:
        pipeline = topn_pipeline(scorer, n=DEPTH)
        pipeline.train(data)
        return pipeline

    def rank(pipeline: Any) -> Any:
        return [recommend(pipeline, int(person), n=DEPTH).ids().tolist() for person in asked]

    models: dict[str, Ranker] = {
        "ItemKNN": lambda: ItemKNNScorer(feedback="implicit"),
        "ItemKNN 100": lambda: ItemKNNScorer(feedback="implicit", max_nbrs=100),
        "ImplicitMF": ImplicitMFScorer,
        "ImplicitMF 64/20/3": lambda: ImplicitMFScorer(embedding_size=64, regularization=20.0, weight=3.0),
        "EASE": EASEScorer,
        "EASE 100": lambda: EASEScorer(regularization=100.0),
    }
    for name, make in models.items():
        yield name, lambda make=make: fit(make()), rank


def rectools_models(user: Any, row: Any, shape: Any, asked: Any) -> Iterator[tuple[str, Ranker, Callable[[Any], Any]]]:
    """Yields each of RecTools' models."""
    import pandas as pd
    from implicit.cpu.als import AlternatingLeastSquares
    from implicit.nearest_neighbours import TFIDFRecommender
    from rectools.dataset import Dataset
    from rectools.models import EASEModel, ImplicitALSWrapperModel, ImplicitItemKNNWrapperModel

    del shape
    table = pd.DataFrame({"user_id": user, "item_id": row, "weight": 1.0, "datetime": "2020-01-01"})
    data = Dataset.construct(table)

    def fit(model: Any) -> Any:
        return model.fit(data)

    def rank(model: Any) -> Any:
        found = model.recommend(asked, data, k=DEPTH, filter_viewed=True)
        rows = {person: part.sort_values("rank")["item_id"].tolist() for person, part in found.groupby("user_id")}
        return [rows.get(person, []) for person in asked.tolist()]

    models: dict[str, Ranker] = {
        "EASE": EASEModel,
        "EASE 100": lambda: EASEModel(regularization=100.0),
        "item-kNN TF-IDF K=20": lambda: ImplicitItemKNNWrapperModel(TFIDFRecommender(K=20, num_threads=1)),
        "item-kNN TF-IDF K=100": lambda: ImplicitItemKNNWrapperModel(TFIDFRecommender(K=100, num_threads=1)),
        "ALS": lambda: ImplicitALSWrapperModel(AlternatingLeastSquares(random_state=0, num_threads=1)),
    }
    for name, make in models.items():
        yield name, lambda make=make: fit(make()), rank


MODELS = {"implicit": implicit_models, "lenskit": lenskit_models, "rectools": rectools_models}


def main() -> None:
    """Fits and asks each model of the library."""
    library, folder = sys.argv[1], Path(sys.argv[2])
    with np.load(folder / "split.npz") as split:
        user, row, shape, asked = (split[name] for name in ("user", "row", "shape", "asked"))
    pairs = np.unique(np.stack([user, row], axis=1), axis=0)
    seconds = []
    for place, (name, fit, rank) in enumerate(MODELS[library](pairs[:, 0], pairs[:, 1], shape, asked)):
        began, worked = time.perf_counter(), time.process_time()
        model = fit()
        seconds.append([name, time.perf_counter() - began, time.process_time() - worked])
        ranked = np.full((len(asked), DEPTH), -1, np.int64)
        for person, rows in enumerate(rank(model)):
            ranked[person, : len(rows)] = list(rows)[:DEPTH]
        np.save(folder / f"{place}.npy", ranked)
    (folder / "seconds.json").write_text(json.dumps(seconds), encoding="utf-8")


if __name__ == "__main__":
    main()
