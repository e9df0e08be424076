"""Fits RecTools' SASRec an epoch at a time and writes what it recommends after each; run by `sequences.py`, in an environment of its own.

    PYTHON sequences_rectools.py CHOICES.npz SETTINGS.json OUT

`CHOICES.npz` holds `user` and `item` `(n_choices,)`, each person's oldest first. After each epoch a line of JSON is printed: epoch, CPU and
wall seconds of fitting so far; the ten best new items of every person lie in `OUT/EPOCH.npy`, `(n_people, 10)`, -1 where there is none.
"""

import json
import logging
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from pytorch_lightning import Trainer, seed_everything
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import SASRecModel


def main(choices: Path, settings: Path, out: Path) -> None:
    """Fits, recommends and writes, epoch by epoch."""
    asked = json.loads(settings.read_text(encoding="utf-8"))
    torch.set_num_threads(asked["threads"])
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    seed_everything(asked["seed"])
    dataset = _dataset(choices)
    model = SASRecModel(**asked["model"], get_trainer_func=_trainer, recommend_torch_device="cpu")
    cpu = wall = 0.0
    for epoch in range(1, asked["epochs"] + 1):
        began = time.process_time(), time.perf_counter()
        model.fit_partial(dataset, min_epochs=1, max_epochs=1)
        cpu, wall = cpu + time.process_time() - began[0], wall + time.perf_counter() - began[1]
        np.save(out / f"{epoch}.npy", _recommended(model, dataset))
        print(json.dumps({"epoch": epoch, "cpu_s": cpu, "wall_s": wall}), flush=True)


def _dataset(choices: Path) -> Dataset:
    with np.load(choices) as arrays:
        user, item = arrays["user"], arrays["item"]
    order = pd.to_datetime(np.arange(len(user)), unit="s")
    return Dataset.construct(
        pd.DataFrame({Columns.User: user, Columns.Item: item, Columns.Weight: 1.0, Columns.Datetime: order})
    )


def _trainer() -> Trainer:
    return Trainer(
        accelerator="cpu", min_epochs=1, max_epochs=1, logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False,
    )  # fmt: skip


def _recommended(model: SASRecModel, dataset: Dataset) -> np.ndarray:
    users = dataset.user_id_map.external_ids
    found = model.recommend(users, dataset, k=10, filter_viewed=True)
    ranked = np.full((int(users.max()) + 1, 10), -1, np.int64)
    ranked[found[Columns.User].to_numpy(), found[Columns.Rank].to_numpy() - 1] = found[Columns.Item].to_numpy()
    return ranked


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:4]))
