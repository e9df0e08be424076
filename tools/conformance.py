"""What every tool must keep, as tests that a third party's tool inherits.

Derive a class from `ToolConformance`, name the tool, and run pytest on it:

    class TestMine(ToolConformance):
        tool = MyTool

Override `data` and `queries` where the tool needs other data than the two tribes below.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.dialogues import Dialogue, Turn, TurnItem
from convrec.catalogue.ingest import ingest
from convrec.catalogue.laid import LaidCatalogue
from convrec.catalogue.schema import TITLE, Field, Schema
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import NotFittedError
from convrec.tools.contract import EMPTY, Events, Floats, Query, Tool, ToolConfig, TrainingData
from convrec.tools.feedback import matrix
from convrec.tools.storage import write_json

N_ITEMS = 24
TRIBES = ("submarine", "orchard")
"""Two kinds of items, by turns, and two kinds of people, each of whom chose items of one kind alone."""


class ToolConformance:
    """Tests of the contract. Even rows are about submarines, odd ones about orchards; each person keeps to one kind."""

    tool: ClassVar[type[Tool]]
    config: ClassVar[ToolConfig | None] = None

    @pytest.fixture
    def workspace(self, tmp_path: Path) -> Workspace:
        """A workspace with the items of both kinds."""
        return two_tribes(tmp_path / "workspace")

    @pytest.fixture
    def data(self, workspace: Workspace) -> TrainingData:
        """What the tool is fitted on."""
        return tribal_data(workspace.catalogue())

    @pytest.fixture
    def fitted(self, data: TrainingData) -> Tool:
        """The tool, fitted."""
        tool = self.tool(self.config)
        tool.fit(data)
        return tool

    @pytest.fixture
    def queries(self) -> list[Query]:
        """Queries that the tool can use, by what it declares; each asks for even rows."""
        return list(usable(self.tool))

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """An empty folder to save into."""
        (tmp_path / "saved").mkdir()
        return tmp_path / "saved"

    def test_declares_itself(self) -> None:
        """A tool has a name, a kind, capabilities, and a config whose every field is described and which refuses unknown keys."""
        assert self.tool.name
        assert self.tool.kind
        assert all(field.description for field in self.tool.Config.model_fields.values())
        assert self.tool.Config.model_config.get("extra") == "forbid"
        assert self.tool.Config.model_config.get("frozen") is True

    def test_ranks_at_most_k_in_falling_order(self, fitted: Tool, queries: list[Query]) -> None:
        """Scores never rise, ties stand by row, no row comes twice, and there are never more than k."""
        for query in queries:
            for k in (1, 3, N_ITEMS, 10 * N_ITEMS):
                ranking = fitted.retrieve(replace(query, k=k))
                assert 0 < len(ranking) <= k
                assert len(set(ranking.rows.tolist())) == len(ranking)
                keys = list(zip((-ranking.scores).tolist(), ranking.rows.tolist(), strict=True))
                assert keys == sorted(keys)

    def test_a_shorter_list_is_the_head_of_a_longer_one(self, fitted: Tool, queries: list[Query]) -> None:
        """Asking for fewer gives the same items first."""
        for query in queries:
            longer = fitted.retrieve(replace(query, k=N_ITEMS)).rows
            assert fitted.retrieve(replace(query, k=4)).rows.tolist() == longer[:4].tolist()

    def test_obeys_masks(self, fitted: Tool, queries: list[Query]) -> None:
        """A masked item is never ranked, and masking takes nothing else away."""
        for query in queries:
            every = fitted.retrieve(replace(query, k=N_ITEMS)).rows
            for seed in range(3):
                mask = np.random.default_rng(seed).random(N_ITEMS) < 0.5
                ranked = fitted.retrieve(replace(query, mask=mask, k=N_ITEMS)).rows
                assert ranked.tolist() == [row for row in every.tolist() if mask[row]]
            assert len(fitted.retrieve(replace(query, mask=np.zeros(N_ITEMS, np.bool_)))) == 0

    def test_scores_agree_with_the_ranking(self, fitted: Tool, queries: list[Query]) -> None:
        """`score` says of a ranked row what `retrieve` says."""
        for query in queries:
            ranking = fitted.retrieve(replace(query, k=N_ITEMS))
            assert fitted.score(query, ranking.rows) == pytest.approx(ranking.scores, abs=1e-5)

    def test_a_query_that_it_cannot_use_ranks_nothing(self, fitted: Tool) -> None:
        """No text, no history: an empty ranking and no opinion, except from tools that need neither."""
        if not uses_the_query(self.tool):
            pytest.skip("ranks the same whatever is asked")
        for query in (Query(), Query(text="  \n ")):
            assert fitted.retrieve(query).rows.tolist() == EMPTY.rows.tolist()
            assert np.isnan(fitted.score(query, np.arange(3))).all()

    def test_explanations_sum_to_the_score(self, fitted: Tool, queries: list[Query]) -> None:
        """The parts of an exact explanation sum to the score to 1e-6, disliked items included."""
        if not self.tool.capabilities.explain:
            pytest.skip("does not explain")
        for query in queries:
            mixed = replace(query, history=(*query.history, (1, -0.5))) if query.history else query
            scores = fitted.score(mixed, np.arange(N_ITEMS))
            for row in np.flatnonzero(~np.isnan(scores)):
                explanation = fitted.explain(mixed, int(row))
                total = sum(part.amount for part in explanation.contributions)
                assert not explanation.exact or total == pytest.approx(scores[row], abs=1e-6)

    def test_saved_and_loaded_it_ranks_the_same(
        self, fitted: Tool, queries: list[Query], folder: Path, workspace: Workspace
    ) -> None:
        """Nothing is lost on the disk."""
        fitted.save(folder)
        loaded = self.tool.load(folder, workspace.catalogue())
        for query in [*queries, *(replace(query, mask=np.arange(N_ITEMS) % 3 > 0) for query in queries)]:
            before, after = fitted.retrieve(query), loaded.retrieve(query)
            assert after.rows.tolist() == before.rows.tolist()
            assert after.scores == pytest.approx(before.scores, abs=1e-6)

    def test_writes_nothing_pickled(self, fitted: Tool, folder: Path) -> None:
        """Arrays load with pickles forbidden; what Chroma keeps in its own folder is Chroma's own form."""
        fitted.save(folder)
        own = [path for path in folder.rglob("*") if path.is_file() and "chroma" not in path.parts]
        assert own
        for path in own:
            assert path.suffix in (".json", ".npy", ".npz", ".safetensors")
            if path.suffix in (".npy", ".npz"):
                np.load(path, allow_pickle=False)

    def test_items_that_are_gone_are_not_ranked(
        self, fitted: Tool, queries: list[Query], folder: Path, workspace: Workspace, tmp_path: Path
    ) -> None:
        """Loaded over a catalogue that lost items, it ranks the others as before."""
        before = [[workspace.catalogue().ids[row] for row in fitted.retrieve(query).rows] for query in queries]
        fitted.save(folder)
        ingest(workspace, delete_items=listed(tmp_path / "gone.jsonl", [{"id": "i3"}, {"id": "i4"}])[0])
        catalogue = workspace.catalogue()
        loaded = self.tool.load(folder, catalogue)
        for query, ids in zip(queries, before, strict=True):
            history = tuple((int(catalogue.rows([f"i{row}"])[0]), weight) for row, weight in query.history)
            ranked = [catalogue.ids[row] for row in loaded.retrieve(replace(query, history=history)).rows]
            assert ranked == [item_id for item_id in ids if item_id not in ("i3", "i4")]

    def test_unknown_rows_are_no_opinion(
        self, fitted: Tool, queries: list[Query], folder: Path, workspace: Workspace, tmp_path: Path
    ) -> None:
        """An item that came after the fit is neither ranked nor scored, and does not disturb as history."""
        fitted.save(folder)
        ingest(workspace, items=listed(tmp_path / "new.jsonl", [{"id": "zz", "title": "Quux", "description": "Quux."}]))
        catalogue = workspace.catalogue()
        loaded, row = self.tool.load(folder, catalogue), int(catalogue.rows(["zz"])[0])
        for query in queries:
            assert row not in loaded.retrieve(replace(query, k=10 * N_ITEMS)).rows
            assert np.isnan(loaded.score(query, np.array([row]))).all()
            assert loaded.explain(query, row).contributions == ()
        if self.tool.capabilities.fold_in:
            assert len(loaded.retrieve(Query(history=((row, 1.0),)))) == 0

    def test_an_incremental_tool_finds_what_is_new(
        self, fitted: Tool, folder: Path, workspace: Workspace, tmp_path: Path
    ) -> None:
        """After `update`, a new item can be found, and a changed one by its new words; the others are still there."""
        if not self.tool.capabilities.incremental:
            pytest.skip("not incremental")
        fitted.save(folder)
        rows = [
            {"id": "new", "title": "Volcano Diary", "description": "A volcano erupts over a village of potters."},
            {"id": "i5", "title": "Glacier Diary", "description": "A glacier melts and an explorer is found."},
        ]
        ingest(workspace, items=listed(tmp_path / "new.jsonl", rows))
        catalogue = workspace.catalogue()
        tool = self.tool.load(folder, catalogue)
        tool.update(catalogue)
        for text, expected in (("volcano erupts", "new"), ("a glacier melts", "i5"), ("submarine 8", "i8")):
            ranking = tool.retrieve(Query(text=text, k=3))
            assert catalogue.ids[ranking.rows[0]] == expected
        explained = tool.explain(Query(text="volcano erupts"), int(catalogue.rows(["new"])[0]))
        score = tool.score(Query(text="volcano erupts"), catalogue.rows(["new"]))[0]
        assert sum(part.amount for part in explained.contributions) == pytest.approx(score, abs=1e-6)

    def test_follows_a_catalogue_that_changes_while_it_is_open(
        self, fitted: Tool, queries: list[Query], folder: Path, workspace: Workspace, tmp_path: Path
    ) -> None:
        """Laid over, it ranks what did not change as before, knows what came as far as it can, and leaves the tool that was there alone."""
        fitted.save(folder)
        below = self.tool.load(folder, workspace.latest())
        before = [below.scores(query) for query in queries]
        rows = [
            {"id": "new", "title": "Volcano Diary", "description": "A volcano erupts over a village of potters."},
            {"id": "i5", "title": "Glacier Diary", "description": "A glacier melts and an explorer is found."},
        ]
        ingest(workspace, items=listed(tmp_path / "new.jsonl", rows))
        catalogue = workspace.latest()
        assert isinstance(catalogue, LaidCatalogue)
        laid = below.over(catalogue)
        if laid is None:
            pytest.skip("is loaded again")
        for query, former in zip(queries, before, strict=True):
            now, still = laid.scores(replace(query, mask=None)), below.scores(query)
            assert (former is None) == (now is None) == (still is None)
            if former is None or now is None or still is None:
                continue
            assert np.array_equal(former, still, equal_nan=True)
            assert len(now) == len(catalogue) == len(former) + 1
            kept = np.arange(len(former)) != catalogue.row("i5")
            assert np.allclose(now[:-1][kept], former[kept], equal_nan=True)
        if self.tool.capabilities.incremental:
            caught_up = copy(laid)
            caught_up.update(catalogue, catalogue.change.spoken)
            for text, expected in (("volcano erupts", "new"), ("a glacier melts", "i5")):
                assert catalogue.ids[caught_up.retrieve(Query(text=text, k=3)).rows[0]] == expected

    def test_finds_the_right_kind(self, fitted: Tool, queries: list[Query]) -> None:
        """Who chose, asks or talks about one kind gets that kind first: the answer is known by construction."""
        if not uses_the_query(self.tool):
            pytest.skip("ranks the same whatever is asked")
        for query in queries:
            known = {row for row, _ in query.history}
            mask = np.array([row not in known for row in range(N_ITEMS)])
            ranked = fitted.retrieve(replace(query, mask=mask, k=5)).rows
            assert all(row % 2 == 0 for row in ranked.tolist())

    def test_disliking_lowers_the_neighbours(self, fitted: Tool) -> None:
        """A disliked item takes from the scores of what is like it, more than from the others."""
        if not self.tool.capabilities.fold_in:
            pytest.skip("uses no history")
        liked = Query(history=((0, 1.0), (1, 1.0)))
        change = _known(fitted.score(replace(liked, history=((0, 1.0), (1, 1.0), (2, -1.0))), np.arange(N_ITEMS)))
        change = change - _known(fitted.score(liked, np.arange(N_ITEMS)))
        assert change[4::2].mean() < change[5::2].mean()

    def test_too_little_to_learn_from_is_said(self, data: TrainingData) -> None:
        """Without anything to fit on, a tool says so in a sentence rather than fail."""
        empty = matrix(np.empty(0, np.int64), np.empty(0, np.int64), 0, N_ITEMS)
        tool = self.tool(self.config)
        if not self.tool.needs:
            tool.fit(replace(data, user_items=empty, dialogues=()))
            return
        with pytest.raises(NotFittedError, match=r"\.$"):
            tool.fit(replace(data, user_items=empty, dialogues=(), ratings=np.empty((0, 2))))

    def test_the_same_data_fit_the_same_tool(self, data: TrainingData, fitted: Tool, queries: list[Query]) -> None:
        """Fitting twice ranks the same."""
        again = self.tool(self.config)
        again.fit(data)
        for query in queries:
            assert again.retrieve(query).rows.tolist() == fitted.retrieve(query).rows.tolist()


def two_tribes(root: Path) -> Workspace:
    """Returns a workspace with items `i0` to `i23`, by turns about submarines and orchards, each with a word of its own."""
    workspace = Workspace.create(root)
    schema = Schema(fields=(TITLE, Field(name="description", type="text")))
    (root / "schema.yaml").write_text(schema.dump_yaml(), encoding="utf-8")
    about = (
        "A submarine dives under the arctic ice with its navy crew.",
        "An orchard of apple trees blossoms in a quiet valley.",
    )
    rows = [
        {"id": f"i{row}", "title": f"{TRIBES[row % 2].capitalize()} {row}", "description": about[row % 2]}
        for row in range(N_ITEMS)
    ]
    ingest(workspace, items=listed(root / "tribes.jsonl", rows))
    return workspace


def tribal_data(catalogue: Catalogue) -> TrainingData:
    """Returns a checkerboard: person p chose the items of p's kind, each but one; and conversations that keep to one kind."""
    pairs = [
        (person, row) for person in range(N_ITEMS) for row in range(N_ITEMS) if row % 2 == person % 2 and row != person
    ]
    users, rows = (np.array(column, np.int64) for column in zip(*pairs, strict=True))
    dialogues = tuple(_conversation(number) for number in range(N_ITEMS))
    return TrainingData(
        catalogue=catalogue, user_items=matrix(users, rows, N_ITEMS, N_ITEMS), dialogues=dialogues,
        events=Events(users, rows, rows.astype(np.float64)),
    )  # fmt: skip


def _conversation(number: int) -> Dialogue:
    asked = ("I want the navy, periscopes and torpedoes.", "I want blossoms, apples and farms.")[number % 2]
    other = (number + 2) % N_ITEMS
    named = (TurnItem(id=f"i{number}", relation="recommended"), TurnItem(id=f"i{other}", relation="recommended"))
    turns = (Turn(role="user", text=asked), Turn(role="assistant", text="Try these.", items=named))
    return Dialogue(id=f"d{number}", turns=turns)


def usable(tool: type[Tool]) -> Iterator[Query]:
    """Yields a query for each thing that the tool can use, all asking for even rows; an empty one for a tool that needs none."""
    can = tool.capabilities
    if can.fold_in:
        yield Query(history=((0, 1.0), (2, 0.5)))
    if can.text_query:
        yield Query(text="a submarine dives under the ice")
    if can.context_query:
        yield Query(text="Yes.", context="Hello!\nI want the navy and torpedoes.\nYes.")
    if not uses_the_query(tool):
        yield Query()


def uses_the_query(tool: type[Tool]) -> bool:
    """Returns whether what the tool ranks depends on what is asked."""
    can = tool.capabilities
    return can.fold_in or can.text_query or can.context_query


def listed(path: Path, rows: list[dict[str, str]]) -> list[Path]:
    """Writes rows as JSON lines and returns the file in a list, as `ingest` takes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = []
    for row in rows:
        write_json(path, row)
        lines.append(path.read_text(encoding="utf-8"))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [path]


def _known(scores: Floats) -> Floats:
    return np.nan_to_num(scores, nan=0.0)
