"""Measures what it costs real people that choruses are heard as few: choices that are left out, and item-kNN's recall with and without them.

    python benchmarks/choruses.py --workspace films

People's latest choices are to be found from those before, as a fit holds them out. Prints one JSON document.
"""

import argparse
import json
import time
from dataclasses import replace

import numpy as np

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.workspace import Workspace
from convrec.core.metrics.bootstrap import Resampling, mean
from convrec.tools.choruses import chorus
from convrec.tools.contract import Events
from convrec.tools.feedback import positive
from convrec.tools.heldout import Task, latest_choices
from convrec.tools.item_knn import ItemKnn, ItemKnnConfig
from convrec.tools.threads import one_thread
from convrec.tools.training import Choices, training_data

_K = 10


def main() -> None:
    """Prints one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--workspace", required=True)
    catalogue = Workspace.open(parser.parse_args().workspace).catalogue()
    with one_thread():
        task, before = latest_choices(_choices(catalogue))
        started = time.perf_counter()
        crowd = chorus(before.events, before.n_users, len(catalogue))
        seconds = time.perf_counter() - started
        every = _recalls(catalogue, task, before)
        heard = _recalls(catalogue, task, replace(before, events=before.events[~crowd]))
    draws = Resampling([case.group for case in task.cases])
    gain = draws.gain(mean(heard), mean(every))
    found = {
        "people": len(task.cases), "choices": len(before.events), "left out": int(crowd.sum()),
        "items concerned": len(np.unique(before.events.row[crowd])), "seconds": round(seconds, 2),
        "recall@10 of all": round(float(np.mean(every)), 4), "recall@10 without": round(float(np.mean(heard)), 4),
        "gain": [None if value is None else round(value, 4) for value in (gain.value, gain.low, gain.high)],
    }  # fmt: skip
    print(json.dumps(found, indent=1))


def _choices(catalogue: Catalogue) -> Choices:
    """Returns every choice, choruses and all."""
    events = catalogue.interactions()
    liked = np.flatnonzero(positive(events, np.ones(len(events), np.bool_)))
    times = np.nan_to_num(events.timestamp[liked], nan=-np.inf)
    order = np.lexsort((np.arange(len(liked)), times, events.user[liked]))
    chosen = Events(events.user[liked][order], events.row[liked][order], times[order])
    return Choices(chosen, len(events.users), np.empty((0, 2)))


def _recalls(catalogue: Catalogue, task: Task, chosen: Choices) -> list[float]:
    """Returns each person's recall at ten."""
    tool = ItemKnn(ItemKnnConfig())
    tool.fit(training_data(catalogue, chosen, ()))
    found = []
    for case in task.cases:
        mask = np.ones(len(catalogue), np.bool_)
        mask[list(case.known)] = False
        best = tool.retrieve(replace(case.query, mask=mask, k=_K)).rows.tolist()
        found.append(len(set(best) & set(case.targets)) / len(case.targets))
    return found


if __name__ == "__main__":
    main()
