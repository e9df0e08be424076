"""`convrec fit --watch`: what makes a workspace stale, and what a round does about it."""

import itertools
import shutil

import pytest

from convrec.catalogue.live import add_interactions, delete_items, patch_items, put_items
from convrec.catalogue.schema import TITLE, Field, Schema
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import BusyError
from convrec.tools import watching
from convrec.tools.fitting import RegressionError, fit
from convrec.tools.watching import stale, watch


@pytest.fixture
def workspace(films, tmp_path):
    """Eight films that were fitted, with a field of numbers that no text has."""
    workspace = Workspace.open(shutil.copytree(films.root, tmp_path / "watched"))
    described = workspace.schema.with_fields_of(Schema(fields=(TITLE, Field(name="stars", type="number"))))
    (workspace.root / "schema.yaml").write_text(described.dump_yaml(), encoding="utf-8")
    return workspace


def events(n, start=0):
    return [{"user_id": f"new{start + k}", "item_id": "heat", "event": "purchase"} for k in range(n)]


def test_what_was_just_fitted_is_up_to_date(workspace):
    assert stale(workspace) == ""


def test_new_events_past_the_share_are_a_reason(workspace):
    had = len(workspace.catalogue().interactions())
    few = int(had * workspace.settings.fit.watch_share)
    assert few
    add_interactions(workspace, events(few))
    assert stale(workspace) == ""
    add_interactions(workspace, events(1, few))
    assert stale(workspace) == f"{few + 1} new interactions"


def test_texts_are_a_reason_and_other_facts_are_none(workspace):
    ids = workspace.catalogue().ids
    patch_items(workspace, [{"id": item, "stars": 1} for item in ids])
    assert stale(workspace) == ""
    patch_items(workspace, [{"id": ids[0], "title": "Another Name"}])
    assert stale(workspace) == "1 new, changed or deleted texts"
    put_items(workspace, [{"id": "brand new", "title": "New"}])
    delete_items(workspace, [ids[1]])
    assert stale(workspace) == "3 new, changed or deleted texts"


def test_an_unfitted_workspace_is_stale(tmp_path):
    assert "nothing is fitted" in stale(Workspace.create(tmp_path / "empty"))


def test_a_round_fits_what_is_stale_and_says_what_it_did(workspace, monkeypatch):
    fits, waits = [], []

    def quick(space, progress):
        fits.append(space.current().number)
        return fit(space, only=("bm25",))

    monkeypatch.setattr(watching, "fit", quick)
    monkeypatch.setattr(watching, "_seen", lambda root, version: [seen(root, version)])
    whole = watching.Seen(
        *(tuple(getattr(workspace.current(), name)) for name in ("items", "interactions", "dialogues"))
    )
    at = [whole]

    def seen(root, version):
        return at[0]

    def between(seconds):
        waits.append(seconds)
        if len(waits) == 1:
            put_items(workspace, [{"id": f"n{n}", "title": f"New {n}"} for n in range(9)])
        if len(fits):
            at[0] = watching._of(workspace.current())

    rounds = list(itertools.islice(watch(workspace, between), 3))
    assert [one.why for one in rounds] == ["up to date", "9 new, changed or deleted texts", "up to date"]
    assert [one.published is not None for one in rounds] == [False, True, False]
    assert rounds[1].published == workspace.current().number
    assert waits == [workspace.settings.fit.watch_every_s] * 2


@pytest.mark.parametrize("error", [RegressionError("Not published: worse."), BusyError("Another process is fitting.")])
def test_a_fit_that_is_not_published_is_a_line_and_what_is_in_use_stays(workspace, monkeypatch, error):
    tried = []

    def refused(space, progress):
        tried.append(1)
        raise error

    monkeypatch.setattr(watching, "fit", refused)
    put_items(workspace, [{"id": f"n{n}", "title": f"New {n}"} for n in range(9)])
    before = workspace.current()
    rounds = list(itertools.islice(watch(workspace, lambda seconds: None), 3))
    assert rounds[0] == watching.Round(None, str(error))
    assert workspace.current() == before
    again = isinstance(error, BusyError)
    assert len(tried) == (3 if again else 1)
    if not again:
        assert rounds[1].why == "not published"
        put_items(workspace, [{"id": f"m{n}", "title": f"More {n}"} for n in range(9)])
        next(watch(workspace, lambda seconds: None))
        assert len(tried) == 2


def test_ctrl_c_leaves_what_is_in_use(workspace, monkeypatch, capsys):
    from convrec.ui.cli import fitting

    def stop(seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr(fitting.time, "sleep", stop)
    before = workspace.current()
    fitting.fit(workspace.root, watching=True)
    said = capsys.readouterr().err
    assert "up to date" in said
    assert "Stopped" in said
    assert workspace.current() == before
    shutil.rmtree(workspace.root)
