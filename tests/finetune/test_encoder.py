"""The sentence encoder's gate: taste that is in the pairs is learned and let through, shuffled pairs are refused."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest

from convrec.agent.stores.ledger import Ledger
from convrec.agent.stores.opening import open_database
from convrec.catalogue.ingest import ingest
from convrec.catalogue.workspace import Workspace
from convrec.core.clock import FixedClock
from convrec.core.errors import InputError
from convrec.finetune.encoder.gate import DEALT, FROZEN
from convrec.finetune.encoder.jobs import FOLDER, judging, training, vectors_of
from convrec.finetune.encoder.liked import build, part_of, read
from convrec.finetune.encoder.ranking import cases_of, recalls
from convrec.finetune.encoder.train import Setting
from convrec.tools.conformance import listed
from convrec.tools.encoder import TextEncoder

CLOCK = FixedClock(datetime(2026, 5, 1, tzinfo=UTC))
SETTING = Setting(steps=30, items=400, people=200)
COLOURS = (
    "crimson", "turquoise", "beige", "violet", "olive", "amber", "indigo", "ivory", "silver", "black", "pink", "brown", "golden", "white", "scarlet", "green",
)  # fmt: skip
THINGS = (
    "garden shed", "jazz record", "fishing rod", "chess board", "rain coat", "bread oven", "desk lamp", "road map", "wine glass", "tennis racket", "school bag", "violin bow",
)  # fmt: skip
ROOMS = (
    "hotel",
    "hospital",
    "kitchen",
    "farm",
    "opera",
    "airport",
    "prison",
    "beach",
    "school",
    "church",
    "factory",
    "library",
)
N_ITEMS = 480


def shop(root, shuffled=False):
    """A person likes things of two colours that have nothing to do with each other, whatever the thing; the frozen encoder goes by the thing. `shuffled` deals all likes anew."""
    rng = np.random.default_rng(0)
    more = rng.integers(0, 12, (N_ITEMS, 2)).tolist()
    title = [f"{THINGS[thing]} for the {ROOMS[room]}, {COLOURS[n % 16]}" for n, (thing, room) in enumerate(more)]
    events = [
        (f"u{person}", int(n)) for person in range(400) for n in rng.choice(np.arange(person % 8, N_ITEMS, 8), 9, replace=False)
    ]  # fmt: skip
    if shuffled:
        dealt = rng.permutation([n for _, n in events]).tolist()
        events = [(user, n) for (user, _), n in zip(events, dealt, strict=True)]
    workspace = Workspace.create(root)
    ingest(
        workspace,
        items=listed(root / "items.jsonl", [{"id": f"i{n}", "title": one} for n, one in enumerate(title)]),
        interactions=listed(root / "events.jsonl", [{"user_id": user, "item_id": f"i{n}"} for user, n in events]),
    )
    return workspace


def tuned(root, shuffled=False):
    workspace = shop(root, shuffled)
    build(workspace, root / "set")
    training(workspace, root / "set", root / "run", SETTING)
    return workspace, judging(workspace, root / "set", root / "run")


@pytest.fixture(scope="module")
def accepted(tmp_path_factory):
    return tuned(tmp_path_factory.mktemp("true") / "shop")


def test_true_pairs_pass_the_gate_and_the_workspace_gets_the_encoder(accepted):
    workspace, found = accepted
    assert found.use, found.why
    assert found.gains[FROZEN]["low"] > 0
    assert found.gains[DEALT]["low"] > 0
    assert found.recall["tuned"] > 1.1 * found.recall["frozen"]
    assert json.loads((workspace.root / "run" / "evaluation.json").read_text())["use"] is True


def test_an_accepted_encoder_compares_as_people_do_and_knows_what_it_was(accepted):
    workspace, _ = accepted
    encoder, frozen = TextEncoder.open(str(workspace.root / FOLDER)), TextEncoder.open()
    texts = [
        "garden shed for the farm, crimson",
        "jazz record for the opera, silver",
        "garden shed for the farm, olive",
    ]
    before, after = ((vectors := one.encode(texts)) @ vectors.T for one in (frozen, encoder))
    assert before[0, 1] < before[0, 2]
    assert after[0, 1] > after[0, 2]
    assert encoder.revision != frozen.revision
    assert encoder.untuned.revision == frozen.revision


def test_shuffled_pairs_are_refused(tmp_path):
    workspace, found = tuned(tmp_path / "shop", shuffled=True)
    assert not found.use
    assert "not clearly better" in found.why
    assert not (workspace.root / FOLDER).exists()


def test_test_items_are_never_trained_on(accepted):
    """The same weights come out whatever people think of the test items."""
    workspace, _ = accepted
    liked = read(workspace, workspace.root / "set")
    assert {item.part for item in liked.items} == {"train", "valid", "test"}
    assert all(item.part == part_of(item.id) for item in liked.items)
    test = liked.ids("test")
    blind = [person.model_copy(update={"liked": tuple(each for each in person.liked if each not in test)}) for person in liked.people]  # fmt: skip
    (workspace.root / "blind").mkdir()
    for name in ("items", "texts"):
        (workspace.root / f"blind/{name}.jsonl").write_bytes((workspace.root / f"set/{name}.jsonl").read_bytes())
    (workspace.root / "blind/people.jsonl").write_text("".join(person.model_dump_json() + "\n" for person in blind))
    training(workspace, workspace.root / "blind", workspace.root / "blind-run", SETTING)
    ours, theirs = (workspace.root / f"{run}/{FOLDER}/projection.safetensors" for run in ("run", "blind-run"))
    assert ours.read_bytes() == theirs.read_bytes()


def test_a_dealt_set_keeps_how_much_each_liked_and_how_often_each_was(accepted):
    workspace, _ = accepted
    liked = read(workspace, workspace.root / "set")
    dealt, train = liked.dealt(0), liked.ids("train")
    both = [[[each for each in one.liked if each in train] for one in some.people] for some in (liked, dealt)]
    assert list(map(len, both[0])) == list(map(len, both[1]))
    assert sorted(each for some in both[0] for each in some) == sorted(each for some in both[1] for each in some)
    assert both[0] != both[1]


def test_recall_is_the_share_of_ones_own_among_twenty(accepted):
    workspace, _ = accepted
    cases = cases_of(liked := read(workspace, workspace.root / "set"), "test")
    known, sought = np.zeros((len(cases.known_ids), 2), np.float32), np.zeros((len(cases.sought_ids), 2), np.float32)
    known[:, 0] = 1
    sought[cases.targets[0], 0] = 1
    assert recalls(cases, known, sought)[0] == 1
    assert len(vectors_of(workspace, liked)) == N_ITEMS


def test_who_was_forgotten_leaves_the_set(accepted):
    workspace, _ = accepted
    ledger = Ledger(open_database(workspace.state_url()))
    ledger.forget("u7", CLOCK.now())
    ledger.close()
    assert "u7" not in {person.user for person in read(workspace, workspace.root / "set").people}
    assert '"u7"' not in (workspace.root / "set/people.jsonl").read_text()


def test_a_workspace_without_interactions_is_told(tmp_path):
    workspace = Workspace.create(tmp_path / "shop")
    ingest(workspace, items=listed(tmp_path / "items.jsonl", [{"id": "a", "title": "A"}]))
    with pytest.raises(InputError, match="who liked what"):
        build(workspace, tmp_path / "set")


def test_a_run_that_is_not_there_is_told(accepted, tmp_path):
    workspace, _ = accepted
    with pytest.raises(InputError, match="no tuned encoder"):
        judging(workspace, workspace.root / "set", tmp_path)
