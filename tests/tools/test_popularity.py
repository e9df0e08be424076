"""What many people chose: overall, lately, and among items of the kind that is liked or asked for."""

import numpy as np
import pytest

from convrec.catalogue.ingest import ingest
from convrec.catalogue.schema import TITLE, Field, Schema
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import NotFittedError
from convrec.tools.conformance import N_ITEMS, TRIBES, ToolConformance, listed, tribal_data
from convrec.tools.contract import Events, Query, TrainingData
from convrec.tools.feedback import matrix
from convrec.tools.recent_popularity import RecentPopularity, RecentPopularityConfig, decayed
from convrec.tools.segment_popularity import SegmentPopularity, SegmentPopularityConfig

DAY = 86_400.0


def kinds(root):
    """The two tribes as a category, an extra tag on every third item."""
    workspace = Workspace.create(root)
    fields = (
        TITLE, Field(name="description", type="text"), Field(name="kind", type="category"), Field(name="tags", type="tags"),
    )  # fmt: skip
    (root / "schema.yaml").write_text(Schema(fields=fields).dump_yaml(), encoding="utf-8")
    rows = [
        {"id": f"i{row}", "title": f"T {row}", "kind": TRIBES[row % 2], "tags": ["Sci-Fi"] if row % 3 == 0 else []}
        for row in range(N_ITEMS)
    ]
    ingest(workspace, items=listed(root / "kinds.jsonl", rows))
    return workspace


def chosen_by(catalogue, counts, times=None):
    """Training data in which item `row` was chosen by `counts[row]` people, all at `times[row]`."""
    pairs = [(user, row) for row, n in enumerate(counts) for user in range(n)]
    users, rows = (np.array(column, np.int64) for column in zip(*pairs, strict=True))
    when = np.full(len(rows), -np.inf) if times is None else np.asarray(times, np.float64)[rows]
    return TrainingData(
        catalogue=catalogue,
        user_items=matrix(users, rows, max(counts), len(catalogue)),
        events=Events(users, rows, when),
    )


class TestRecentPopularity(ToolConformance):
    tool = RecentPopularity


class TestSegmentPopularity(ToolConformance):
    tool = SegmentPopularity

    @pytest.fixture
    def workspace(self, tmp_path):
        return kinds(tmp_path / "workspace")


def test_what_was_chosen_lately_goes_before_what_was_chosen_more_often_long_ago(tribes):
    counts, times = [1] * N_ITEMS, np.zeros(N_ITEMS)
    counts[3], counts[4], times[4] = 9, 5, 100 * DAY
    data = chosen_by(tribes.catalogue(), counts, times)
    quick = RecentPopularity(RecentPopularityConfig(half_life_days=10))
    quick.fit(data)
    assert quick.retrieve(Query(k=1)).rows.tolist() == [4]
    slow = RecentPopularity(RecentPopularityConfig(half_life_days=10_000))
    slow.fit(data)
    assert slow.retrieve(Query(k=1)).rows.tolist() == [3]


def test_a_choice_counts_half_after_a_half_life():
    events = Events(np.zeros(2, np.int64), np.array([0, 1]), np.array([0.0, 10.0]))
    assert decayed(events, 10.0, 10.0, 3).tolist() == [0.5, 1.0, 0.0]


def test_the_half_life_follows_the_fashion(tribes):
    """Where the fashion changes every month, a short half-life foretells; where it never does, a long one."""
    catalogue, rng = tribes.catalogue(), np.random.default_rng(0)
    days = np.sort(rng.uniform(0, 256, 4000))
    fashion = Events(np.arange(4000), (days // 32).astype(np.int64) % N_ITEMS, days * DAY)
    steady = Events(np.arange(4000), rng.geometric(0.3, 4000).clip(max=N_ITEMS) - 1, days * DAY)
    lives = []
    for events in (fashion, steady):
        everyone = matrix(events.user, events.row, 4000, N_ITEMS)
        tool = RecentPopularity()
        tool.fit(TrainingData(catalogue=catalogue, user_items=everyone, events=events))
        lives.append(float(tool.note.split()[-2]))
    assert lives[0] <= 8
    assert lives[1] >= 64


def test_events_without_a_time_are_said(tribes):
    with pytest.raises(NotFittedError, match="have a time"):
        RecentPopularity().fit(chosen_by(tribes.catalogue(), [3] * N_ITEMS))


def test_the_most_chosen_of_the_liked_kind_come_first(tmp_path):
    """Orchard 7 was chosen most of all, but who likes submarines gets the most chosen submarines."""
    catalogue = kinds(tmp_path / "kinds").catalogue()
    counts = [row + 1 for row in range(N_ITEMS)]
    counts[7] = 99
    tool = SegmentPopularity(SegmentPopularityConfig(segments=1))
    tool.fit(chosen_by(catalogue, counts))
    assert tool.retrieve(Query(history=((2, 1.0), (4, 1.0)), k=3)).rows.tolist() == [22, 20, 18]
    explained = tool.explain(Query(history=((2, 1.0),)), 22)
    assert [part.source for part in explained.contributions] == [f"kind:{TRIBES[0]}"]
    assert explained.contributions[0].amount == pytest.approx(np.log1p(23))


def test_words_are_left_to_the_tools_that_read_them(tmp_path):
    catalogue = kinds(tmp_path / "kinds").catalogue()
    tool = SegmentPopularity()
    tool.fit(chosen_by(catalogue, [row + 1 for row in range(N_ITEMS)]))
    assert tool.scores(Query(text="some sci-fi, please")) is None
    liked = Query(history=((0, 1.0),))
    assert tool.scores(Query(text="some sci-fi, please", history=((0, 1.0),))).tolist() == pytest.approx(
        tool.scores(liked).tolist(), nan_ok=True
    )


def test_a_catalogue_without_values_has_no_segments(tribes):
    with pytest.raises(NotFittedError, match="category or tags"):
        SegmentPopularity().fit(tribal_data(tribes.catalogue()))
