"""The trial on planted people: its parts are right by construction, and at a size of seconds training moves a task where shuffled answers do not.

The whole one is `python -m convrec.finetune.demo --task TASK`.
"""

import json
import sys
from dataclasses import replace
from random import Random

import pytest

from convrec.catalogue.workspace import Workspace
from convrec.finetune.demo.marks import claimed, claims, ranking
from convrec.finetune.demo.planted import FIELD, TOPICS, drawn_events, drawn_items, plant
from convrec.finetune.demo.tiny import Text, TinySetting
from convrec.finetune.demo.trial import (
    CHANCE,
    SHUFFLED,
    TUNED,
    UNTUNED,
    TrialOptions,
    judged,
    lines_of,
    shuffled,
    tried,
)
from convrec.finetune.sets.build import SetOptions, build, read_set
from convrec.finetune.sets.rows import Row, dumped, write_rows
from convrec.finetune.tuning.setting import TrainSetting
from tests.finetune.bases import task_rows

HELD = task_rows("plan", 40, "valid")


def marks(*shares):
    """Returns the marks of systems that are right on such a share of forty rows each."""
    return [[(float(place < share * 40), 1.0) for place in range(40)] for share in shares]


@pytest.mark.parametrize(
    ("untuned", "tuned", "control", "constant", "passed"),
    [
        (0.0, 0.9, 0.1, 0.2, True),
        (0.0, 0.9, 0.3, 0.2, False),
        (0.0, 0.2, 0.1, 0.2, False),
        (0.9, 0.9, 0.9, 0.2, False),
        (0.0, 0.1, 0.0, 0.5, False),
    ],
    ids=["learned", "the control learned too", "as one answer for all", "known before", "worse than one answer"],
)
def test_a_verdict_needs_what_tuning_moves_and_shuffled_answers_do_not(untuned, tuned, control, constant, passed):
    found = judged("plan", HELD, dict(zip((UNTUNED, TUNED, SHUFFLED, CHANCE), marks(untuned, tuned, control, constant), strict=True)))  # fmt: skip
    assert found["passed"] is passed
    assert found["figures"][TUNED]["low"] <= found["figures"][TUNED]["value"] <= found["figures"][TUNED]["high"]
    assert any("shuffled control" in line for line in lines_of(found | {"train": 9}))


@pytest.mark.parametrize("task", ["plan", "explain", "profile"])
def test_shuffled_rows_have_the_same_answers_and_none_its_own(task):
    rows = [one.model_copy(update={"answer": f"answer {n}"}) for n, one in enumerate(task_rows(task, 30))]
    found = shuffled(rows, 0)
    assert sorted(one.answer for one in found) == sorted(one.answer for one in rows)
    assert not any(one.answer == other.answer for one, other in zip(found, rows, strict=True))
    assert [one.messages for one in found] == [one.messages for one in rows]


def test_shuffled_pairs_have_their_sides_swapped_in_half_of_each_kind():
    rows = [one.model_copy(update={"kind": f"kind {n % 3}"}) for n, one in enumerate(task_rows("preference", 30))]
    found = shuffled(rows, 0)
    swapped = [other for one, other in zip(found, rows, strict=True) if one.answer == other.rejected]
    assert [sum(one.kind == f"kind {n}" for one in swapped) for n in range(3)] == [5, 5, 5]


def test_a_claim_counts_where_it_is_made_of_the_item_that_it_is_true_of():
    row = task_rows("explain", 1)[0].model_copy(update={"answer": "Look:\n1. [[item:a]]: genres [[fact:a.genres]], liked by many.\n2. [[item:b]]: liked by many."})  # fmt: skip
    assert claims(row.answer) == {("a", "genres [[fact:a.genres]]"), ("a", "liked by many"), ("b", "liked by many")}
    assert claimed(row, row.answer) == (3, 3)
    assert claimed(row, row.answer.replace("item:a", "item:c")) == (1, 3)
    assert claimed(row, "") == (0, 3)


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    folder = tmp_path_factory.mktemp("people")
    workspace = plant(folder, "profile", 400, 0)
    build(workspace, "profile", folder / "set", SetOptions(400))
    return Workspace.open(workspace.root), read_set(None, folder / "set")


def test_what_a_person_likes_is_planted_and_read_from_what_they_did(people):
    _, parts = people
    rows = [row for each in parts.values() for row in each]
    assert len(rows) > 40
    items = drawn_items(Random("0/items"))
    for row in rows:
        events = drawn_events(items, Random(f"0/person {row.user.removeprefix('p')}"))
        liked = [item.topic for item, good in events if good]
        leading = max(TOPICS, key=liked.count)
        assert {"field": FIELD, "value": leading, "weight": 3} in json.loads(row.answer)["tastes"]


def test_a_taste_is_marked_by_how_it_ranks_what_came_later(people):
    workspace, parts = people
    mark, rows = ranking(workspace.catalogue()), [row for each in parts.values() for row in each]
    right = sum(mark(row, row.answer)[0] for row in rows) / len(rows)
    turned = [row.answer.replace('"weight": 3', '"weight": -3') for row in rows]
    wrong = sum(mark(row, text)[0] for row, text in zip(rows, turned, strict=True)) / len(rows)
    silent = sum(mark(row, "")[0] for row in rows) / len(rows)
    assert right > 0.4 > silent > wrong


# At a size of seconds: documents of one topic, which decides what is right. Held-out people have other messages, and the same few topics.

SHORT = TrialOptions(
    people=0, messages=0, measured=40,
    tiny=TinySetting(vocabulary=400, width=48, inner=96, layers=2, heads=2, shared_heads=2, context=512, row=128, rows=4, steps=250, rate=1e-2),
    setting=TrainSetting(rank=16, rate=1e-2, epochs=6, row=512, rows=1, dtype="float32", measure=0),
)  # fmt: skip


def document(task, topic):
    """Returns what is sent about a topic, short."""
    if task == "plan":
        return {"liked": [topic]}
    return {"items": [{"id": topic, "facts": {FIELD: topic}}]}


def right(task, topic):
    """Returns the right answer about a topic."""
    if task == "plan":
        return dumped({"calls": [{"tool": "explore", "field": FIELD, "value": topic}], "stop": False})
    return f"1. [[item:{topic}]]: {FIELD} [[fact:{topic}.{FIELD}]]."


class ShortReading:
    """What the tiny base reads: a topic noted beside its document, and answers about nothing."""

    def __init__(self, task):
        self._task = task

    def texts(self, seed, n_early=0):
        rng = Random(seed)
        while True:
            topic, other = rng.choice(TOPICS), rng.choice(TOPICS)
            yield Text(f"<|user|>{dumped(document(self._task, topic))}<|end|><|assistant|>", f"+ {topic}")
            yield Text(f"<|user|>{other}<|end|><|assistant|>", right(self._task, other))

    def spelt(self):
        return [f'"{topic}" {topic}' for topic in TOPICS for _ in range(50)]


def short_row(task, row, number, part, topic):
    """Returns a row of a person in words short enough to be learned in seconds."""
    messages = [
        {"role": "system", "content": "Answer."},
        {"role": "user", "content": dumped(document(task, topic))},
    ]
    about = {"rejected": f"1. [[item:{topic}]]: you will love it!"} if task == "preference" else {}
    return Row.model_validate({**row, "id": f"{part}-{number}", "part": part, "messages": messages, "answer": right(task, topic), **about})  # fmt: skip


def short_set(folder, task):
    """Writes a set of short rows."""
    for part, n, start in (("train", 120, 0), ("valid", 40, 500)):
        led = [(row, Random(f"{part}{row.id}").choice(TOPICS)) for row in task_rows(task, n, part, start)]
        short = [short_row(task, row.model_dump(), number, part, topic) for number, (row, topic) in enumerate(led)]
        write_rows(folder / f"{part}.jsonl", short)


@pytest.mark.ci
@pytest.mark.parametrize(
    "task", ["plan", *(pytest.param(task, marks=pytest.mark.slow) for task in ("explain", "preference"))]
)
def test_training_moves_a_task_and_shuffled_answers_do_not(tmp_path, task, people):
    (tmp_path / "set").mkdir()
    short_set(tmp_path / "set", task)
    epochs = 1 if task == "preference" else SHORT.setting.epochs
    options = replace(SHORT, setting=SHORT.setting.model_copy(update={"epochs": epochs}))
    found = tried(tmp_path, people[0], tmp_path / "set", ShortReading(task), options)
    sys.stdout.write("\n".join(lines_of(found)))
    assert found["passed"]
