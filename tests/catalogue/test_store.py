import errno
import json
import multiprocessing
import os
import threading

import pytest

from convrec.catalogue import migrations, store, workspace
from convrec.catalogue.ingest import ingest
from convrec.catalogue.store import KEPT
from convrec.catalogue.version import FittedTool
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import BusyError, WorkspaceError


def one_more(space, write, n):
    return ingest(space, items=[write("one.jsonl", [{"id": f"x{n}", "title": f"Film {n}"}])])


def contents(root):
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


def test_each_ingest_is_a_version_and_rollback_goes_back_and_forth(films, write):
    one_more(films, write, 1)
    assert [(v.number, v.what) for v in films.versions()] == [(1, "create"), (2, "ingest"), (3, "ingest")]
    assert films.rollback().number == 2
    assert films.current().number == 2
    assert "x1" not in films.catalogue().ids
    assert films.rollback(3).number == 3
    assert "x1" in films.catalogue().ids


def test_a_version_published_after_a_rollback_gets_a_new_number_and_builds_on_what_was_current(films, write):
    one_more(films, write, 1)
    films.rollback()
    assert one_more(films, write, 2).version == 4
    assert films.catalogue().ids[-1] == "x2"
    assert "x1" not in films.catalogue().ids
    assert "x1" in films.catalogue(3).ids


def test_rollback_to_what_is_not_kept_is_refused(films):
    with pytest.raises(WorkspaceError, match="Version 9 is not kept"):
        films.rollback(9)
    films.rollback(1)
    with pytest.raises(WorkspaceError, match="no version before 1"):
        films.rollback()


def test_the_last_versions_are_kept_with_all_they_use_and_nothing_else(films, write):
    for n in range(2 * KEPT):
        one_more(films, write, n)
    versions = films.versions()
    assert len(versions) == KEPT
    assert {path.name for path in films.store.segments.iterdir()} == set().union(*(v.segments for v in versions))
    for version in versions:
        assert len(films.catalogue(version.number)) == version.number + 3


def test_a_current_version_is_kept_however_old(films, write):
    for n in range(KEPT - 1):
        one_more(films, write, n)
    oldest = films.versions()[0].number
    films.rollback(oldest)
    films.publish("fit", "again")
    assert oldest in [v.number for v in films.versions()] or films.current().number > oldest
    assert len(films.catalogue()) == len(films.catalogue(films.current().number))


def test_an_opened_catalogue_outlives_its_segments(films, write):
    ingest(
        films,
        interactions=[write("e.csv", "user_id,item_id\nana,1\n")],
        dialogues=[write("d.jsonl", [{"id": "1", "turns": []}])],
    )
    opened = films.catalogue()
    for path in films.store.segments.iterdir():
        path.unlink()
    assert len(opened.interactions()) == 1
    assert len(opened.dialogues()) == 1
    assert opened.item("1").title == "Heat"


def test_tools_stay_from_version_to_version_until_none_uses_them(films, write):
    for name in ("old", "new"):
        (films.root / "tools" / name).mkdir(parents=True)
        films.publish("fit", tools={"bm25": FittedTool(folder=f"tools/{name}", fingerprint=name)})
    one_more(films, write, 0)
    assert films.current().tools["bm25"].folder == "tools/new"
    assert (films.root / "tools" / "old").exists()
    for n in range(KEPT):
        one_more(films, write, n)
    assert films.current().tools["bm25"].folder == "tools/new"
    assert not (films.root / "tools" / "old").exists()
    assert (films.root / "tools" / "new").exists()


def test_a_tools_folder_outside_the_workspace_is_never_removed(films, write, tmp_path):
    (tmp_path / "precious").mkdir()
    films.publish("fit", tools={"x": FittedTool(folder="../precious", fingerprint="x")})
    films.publish("fit", tools={})
    for n in range(KEPT):
        one_more(films, write, n)
    assert (tmp_path / "precious").exists()


def test_what_is_no_workspace_is_refused_with_a_sentence(tmp_path):
    with pytest.raises(WorkspaceError, match="is not a workspace"):
        Workspace.open(tmp_path)
    with pytest.raises(WorkspaceError, match="is not a workspace"):
        Workspace.open(tmp_path / "none")
    (tmp_path / "file").touch()
    with pytest.raises(WorkspaceError, match="can't be written"):
        Workspace.create(tmp_path / "file")


def test_creating_again_changes_nothing_and_can_be_refused(films):
    before = contents(films.root)
    assert len(Workspace.create(films.root).catalogue()) == 5
    assert contents(films.root) == before
    with pytest.raises(WorkspaceError, match="already"):
        Workspace.create(films.root, exist_ok=False)


def test_a_newer_workspace_is_refused_by_name(films):
    mark = films.root / "workspace.json"
    mark.write_text(json.dumps({"format": migrations.FORMAT + 1, "convrec": "99.1", "created": ""}))
    with pytest.raises(WorkspaceError, match=r"convrec 99\.1.*newer than this convrec.*Upgrade"):
        Workspace.open(films.root)


def test_an_older_workspace_is_migrated_step_by_step(films, monkeypatch):
    steps = []
    monkeypatch.setattr(workspace, "FORMAT", migrations.FORMAT + 2)
    for number in (migrations.FORMAT, migrations.FORMAT + 1):
        monkeypatch.setitem(workspace.MIGRATIONS, number, lambda root, n=number: steps.append((root, n)))
    Workspace.open(films.root)
    assert steps == [(films.root, migrations.FORMAT), (films.root, migrations.FORMAT + 1)]
    assert json.loads((films.root / "workspace.json").read_text())["format"] == migrations.FORMAT + 2
    Workspace.open(films.root)
    assert len(steps) == 2


@pytest.mark.parametrize("name", ["workspace.json", "CURRENT", "versions/000002.json"])
def test_a_damaged_file_is_named(films, name):
    (films.root / name).write_text("{")
    with pytest.raises(WorkspaceError, match="damaged"):
        Workspace.open(films.root).catalogue()


def test_resolve_takes_the_option_then_the_environment(films, tmp_path):
    assert Workspace.resolve(films.root, {"CONVREC_WORKSPACE": str(tmp_path)}).root == films.root
    assert Workspace.resolve(None, {"CONVREC_WORKSPACE": str(films.root)}).root == films.root


def test_the_state_database_is_inside_the_workspace_unless_said_otherwise(films):
    assert films.state_url() == f"sqlite:///{films.root}/state.sqlite"
    (films.root / "convrec.toml").write_text('[state]\nurl = "postgresql://db/convrec"\n')
    assert Workspace.open(films.root).state_url() == "postgresql://db/convrec"


def hold(root, ready, go_on):
    with Workspace.open(root).lock():
        ready.set()
        go_on.wait(30)


def test_one_writer_at_a_time_and_readers_go_on(films, write):
    context = multiprocessing.get_context("spawn")
    ready, go_on = context.Event(), context.Event()
    holder = context.Process(target=hold, args=(films.root, ready, go_on))
    holder.start()
    assert ready.wait(30)
    before = films.current()
    with pytest.raises(BusyError, match="Another process is writing"):
        one_more(films, write, 1)
    assert films.current() == before
    assert len(Workspace.open(films.root).catalogue()) == 5
    holder.kill()  # a lock dies with its holder
    holder.join()
    assert one_more(films, write, 1).version == 3


def test_the_lock_is_reentrant_in_a_thread_and_shut_to_others(films, write):
    refused = []

    def try_it():
        try:
            one_more(films, write, 1)
        except BusyError:
            refused.append(True)

    with films.lock(), films.lock():
        one_more(films, write, 0)
        thread = threading.Thread(target=try_it)
        thread.start()
        thread.join()
    assert refused == [True]
    one_more(films, write, 2)


def test_readers_always_find_a_whole_version_while_a_writer_publishes(films, write):
    stop, seen, errors = threading.Event(), set(), []

    def read():
        while not stop.is_set():
            try:
                catalogue = Workspace.open(films.root).catalogue()
                assert len(catalogue) == catalogue.version + 3
                seen.add(catalogue.version)
            except Exception as error:  # noqa: BLE001  (whatever it is, the test shows it)
                errors.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for n in range(40):
        one_more(films, write, n)
    stop.set()
    for reader in readers:
        reader.join()
    assert errors == []
    assert len(seen) > 1


class FullDisk:
    """Lets the first `room` flushes and renames pass, then says the disk is full."""

    def __init__(self, room):
        self.room = room

    def __call__(self, real):
        def call(*args, **kwargs):
            self.room -= 1
            if self.room < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(*args, **kwargs)

        return call


def test_a_disk_that_fills_up_at_any_step_leaves_the_workspace_as_it_was_or_done(films, write, monkeypatch):
    items = write("items.jsonl", [{"id": "6", "title": "Up", "price": 3}])
    events = write("events.csv", "user_id,item_id\nana,6\n")
    before = contents(films.root)
    room, failure = 0, "not yet tried"
    while failure:
        with monkeypatch.context() as patched:
            disk = FullDisk(room)
            patched.setattr(store.os, "fsync", disk(os.fsync))
            patched.setattr(store.os, "replace", disk(os.replace))
            try:
                ingest(films, items=[items], interactions=[events])
                failure = ""
            except WorkspaceError as error:
                failure = str(error)
        assert not failure or "is full; nothing was changed" in failure
        number, catalogue = films.current().number, Workspace.open(films.root).catalogue()
        if number == 2:
            assert contents(films.root) == before
            assert len(catalogue) == 5
        else:
            assert len(catalogue) == 6
            assert len(catalogue.interactions()) == 1
            assert catalogue.schema.field("price").type == "number"
            break
        room += 1
    assert room > 5
    ingest(films, items=[items])
    assert {path.name for path in films.store.segments.iterdir()} == set().union(
        *(v.segments for v in films.versions())
    )
    assert not list(films.root.rglob("*.tmp"))


def test_ctrl_c_leaves_the_workspace_as_it_was(films, write):
    before = contents(films.root)

    def interrupt(stage, done, total):
        if stage == "writing":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest(
            films,
            items=[write("a.jsonl", [{"id": str(n), "title": "x"} for n in range(200)] + [{}])],
            progress=interrupt,
        )
    assert contents(films.root) == before
