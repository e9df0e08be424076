"""An agent takes up what is published while it serves: items at once, tools behind the turns, each turn whole."""

import gc
import json
import logging
import multiprocessing
import os
import random
import shutil
import threading
import time
import weakref
from pathlib import Path

import pytest

from convrec.agent import Agent
from convrec.agent import houses as houses_module
from convrec.agent.turn import House
from convrec.catalogue.ingest import ingest
from convrec.catalogue.live import add_interactions, delete_items, patch_items, put_items
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import UnknownItemError
from convrec.core.garbage import settled
from convrec.core.reply import DoneEvent, PlanEvent
from convrec.tools.fitting import fit
from tests.agent.living_shop import TOOLS, N, goods, here, open_shop, prices, serve

LAMPS = "show me lamps under 1000000 dollars"


@pytest.fixture(scope="module")
def fitted_shop(tmp_path_factory) -> Path:
    return open_shop(tmp_path_factory.mktemp("living")).root


@pytest.fixture
def workspace(fitted_shop, tmp_path) -> Workspace:
    return Workspace.open(shutil.copytree(fitted_shop, tmp_path / "shop"))


@pytest.fixture
def agent(workspace):
    with Agent.open(workspace.root) as opened:
        yield opened


def slate(agent, text=LAMPS, **place):
    return agent.chat(text, **({"thread_id": f"t{random.random()}"} | place))


def ids(reply):
    return [item.id for item in reply.items]


def test_a_price_holds_in_the_very_next_slate(agent, workspace):
    shown = ids(slate(agent))
    assert set(prices(slate(agent)).values()) == {10.0}
    done = patch_items(workspace, [{"id": shown[0], "price": 99}])
    reply = slate(agent)
    assert prices(reply)[shown[0]] == 99
    assert reply.versions["catalogue"] == str(done.version)
    patch_items(workspace, [{"id": item, "price": 2_000_000} for item in shown])
    assert not set(ids(slate(agent))) & set(shown)
    patch_items(workspace, [{"id": "g3", "in_stock": False}])
    kept = agent.recommend(filter={"field": "in_stock", "op": "eq", "value": True}, k=N)
    assert "g3" not in {item.id for item in kept}
    assert len(kept) == N - 1


def test_a_new_item_is_found_by_title_words_and_kind_at_once_and_by_meaning_soon(agent, workspace):
    slate(agent)
    put_items(
        workspace,
        [
            {
                "id": "new",
                "title": "Moonbeam Zither",
                "kind": "Zither",
                "price": 5,
                "description": "A stringed instrument with a mellow tone.",
            }
        ],
    )
    assert ids(slate(agent, "do you have Moonbeam Zither?"))[0] == "new"
    assert ids(slate(agent, "show me zithers"))[0] == "new"
    assert agent.toolbox.search("stringed instrument").items[0].id == "new"
    assert [item.id for item in agent.recommend(filter={"field": "kind", "op": "eq", "value": "zither"})] == ["new"]
    assert agent.follow(60)
    assert agent.toolbox.vectors([agent.toolbox.catalogue.row("new")]).any()
    assert agent.toolbox.search("something musical to play melodies on").items[0].id == "new"
    assert agent.following.failures == 0


def test_a_changed_text_is_searched_as_it_is_now(agent, workspace):
    patch_items(workspace, [{"id": "g7", "title": "Old Gramophone", "description": "Plays shellac records."}])
    assert agent.toolbox.search("shellac").items[0].id == "g7"
    assert ids(slate(agent, "show me Old Gramophone"))[0] == "g7"
    before = goods()[7]["title"]
    assert "g7" not in ids(slate(agent, f"show me {before}"))[:1]
    assert before not in slate(agent, LAMPS).text


def test_a_deleted_item_never_comes_up_and_may_come_back(agent, workspace):
    first = slate(agent, thread_id="one")
    gone = ids(first)[0]
    title = first.items[0].title
    agent.feedback(user_id="guest", item_id=gone, event="like", thread_id="one", turn=1)
    delete_items(workspace, [gone])
    for text in (
        "tell me more about the first one",
        f"do you have {title}?",
        "more like the first",
        "something cheaper",
        "why that one?",
        "compare the first two",
        LAMPS,
    ):
        reply = slate(agent, text, thread_id="one")
        assert gone not in ids(reply)
        assert reply.text
    assert gone not in ids(slate(agent))
    assert gone not in {item.id for item in agent.recommend(k=N)}
    assert gone not in {item.id for item in agent.recommend(history=["g0", gone, "g8"], k=N)}
    with pytest.raises(UnknownItemError):
        agent.toolbox.similar(gone)
    put_items(workspace, [goods()[int(gone[1:])]])
    assert ids(slate(agent, f"do you have {title}?"))[0] == gone


def test_a_turn_stays_whole_on_the_version_it_began_with(agent, workspace):
    before = agent.toolbox.versions
    events = agent.stream(LAMPS, thread_id="whole")
    assert isinstance(next(events), PlanEvent)
    patch_items(workspace, [{"id": f"g{n}", "price": 77} for n in range(N)])
    assert agent.toolbox.versions["catalogue"] != before["catalogue"]
    reply = next(event.reply for event in events if isinstance(event, DoneEvent))
    assert reply.versions == before
    assert set(prices(reply).values()) == {10.0}
    assert set(prices(slate(agent)).values()) == {77.0}


def test_nobody_gets_the_old_items_while_another_turn_takes_up_the_new(agent, workspace, monkeypatch):
    lay, begun, go_on = houses_module.Houses._lay, threading.Event(), threading.Event()

    def slow(houses, published):
        begun.set()
        assert go_on.wait(60)
        return lay(houses, published)

    monkeypatch.setattr(houses_module.Houses, "_lay", slow)
    done = patch_items(workspace, [{"id": "g0", "price": 99}])
    seen = []
    looks = [threading.Thread(target=lambda: seen.append(agent.toolbox.catalogue.version)) for _ in range(2)]
    looks[0].start()
    assert begun.wait(60)
    looks[1].start()
    looks[1].join(0.3)
    go_on.set()
    for look in looks:
        look.join(60)
    assert seen == [done.version] * 2


def test_a_fit_and_a_rollback_are_taken_up_behind_the_turns_over_the_newest_items(agent, workspace, monkeypatch):
    gate = multiprocessing.Event()
    opened = houses_module.Toolbox.open

    def waits(*arguments):
        gate.wait(60)
        return opened(*arguments)

    monkeypatch.setattr(houses_module.Toolbox, "open", waits)
    old = agent.toolbox.versions
    put_items(workspace, [{"id": "new", "title": "Moonbeam Zither", "kind": "Zither", "price": 5}])
    fit(workspace, only=TOOLS)
    reply = slate(agent)
    assert reply.versions["bm25"] == old["bm25"]
    assert reply.versions["catalogue"] == str(workspace.current().number)
    patch_items(workspace, [{"id": f"g{n}", "price": 33} for n in range(N)])
    assert set(prices(slate(agent)).values()) == {33.0}
    gate.set()
    assert agent.follow(60)
    assert agent.toolbox.versions["bm25"] == workspace.current().tools["bm25"].fingerprint != old["bm25"]
    assert set(prices(slate(agent)).values()) == {33.0}
    started = time.perf_counter()
    back = workspace.rollback()
    assert time.perf_counter() - started < 1
    agent.toolbox  # noqa: B018  (a look is enough for the opening to begin)
    assert agent.follow(60)
    assert agent.toolbox.versions["catalogue"] == str(back.number)
    assert agent.toolbox.versions["bm25"] == old["bm25"]
    assert agent.following.failures == 0


def test_tools_opened_behind_the_turns_never_bring_older_items_back(agent, workspace, monkeypatch):
    """A turn that looks just as they are moved into sees what came while they were opened."""
    there, gate, opened, moved = threading.Event(), threading.Event(), houses_module.Toolbox.open, []

    def slow(*arguments):
        toolbox = opened(*arguments)
        there.set()
        gate.wait(60)
        return toolbox

    def noted(houses, name, value):
        object.__setattr__(houses, name, value)
        if name == "_house":
            moved.append(value.toolbox.catalogue.version)

    monkeypatch.setattr(houses_module.Toolbox, "open", slow)
    monkeypatch.setattr(houses_module.Houses, "__setattr__", noted)
    put_items(workspace, [{"id": "new", "title": "Moonbeam Zither", "kind": "Zither", "price": 5}])
    fit(workspace, only=TOOLS)
    slate(agent)
    assert there.wait(60)
    for price in (33, 34):
        patch_items(workspace, [{"id": f"g{n}", "price": price} for n in range(N)])
        assert set(prices(slate(agent)).values()) == {float(price)}
    gate.set()
    assert agent.follow(60)
    assert agent.toolbox.versions["bm25"] == workspace.current().tools["bm25"].fingerprint
    assert set(prices(slate(agent)).values()) == {34.0}
    assert moved == sorted(moved)
    assert len(set(moved)) > 2


def test_an_ingest_with_a_new_field_is_taken_up(agent, workspace, tmp_path):
    (tmp_path / "more.jsonl").write_text(
        json.dumps({"id": "g1", "title": "Velvet Chair", "kind": "Chair", "price": 1, "colour": "mauve"}) + "\n"
    )
    ingest(workspace, items=[tmp_path / "more.jsonl"])
    assert agent.follow(60)
    assert [item.id for item in agent.recommend(filter={"field": "colour", "op": "eq", "value": "mauve"})] == ["g1"]


@pytest.mark.parametrize("damage", ["segment", "version", "pointer", "tool"])
def test_what_is_damaged_is_logged_and_counted_and_the_open_house_goes_on_serving(agent, workspace, damage, caplog):
    shown = ids(slate(agent))
    patch_items(workspace, [{"id": shown[0], "price": 5}])
    if damage == "tool":
        patch_items(workspace, [{"id": shown[1], "description": "A fresh text."}])
        fit(workspace, only=TOOLS)
        (workspace.root / workspace.current().tools["dense"].folder / "config.json").write_text("{")
    else:
        path = {
            "segment": workspace.root / "segments" / workspace.current().items[-1], "pointer": workspace.root / "CURRENT",
            "version": workspace.root / "versions" / f"{workspace.current().number:06d}.json",
        }[damage]  # fmt: skip
        kept = path.read_bytes()
        path.write_bytes(b"{")
    with caplog.at_level(logging.WARNING):
        assert ids(slate(agent))
        agent.follow(30)
        assert ids(slate(agent))
    assert agent.following.failures >= 1
    assert agent.following.last_failure
    assert "can't be followed" in caplog.text
    if damage != "tool":
        path.write_bytes(kept)
        done = patch_items(workspace, [{"id": shown[0], "price": 6}])
        assert agent.follow(60)
        assert agent.toolbox.versions["catalogue"] == str(done.version)
        assert prices(slate(agent))[shown[0]] == 6


def test_houses_are_freed_when_their_turns_end(agent, workspace):
    """The first one, too, though a server's collector leaves alone what it began with."""
    settled()
    try:
        first, counts = weakref.ref(agent._house), []
        for n in range(6):
            patch_items(workspace, [{"id": "g1", "price": n}])
            put_items(workspace, [{"id": f"n{n}", "title": f"Thing {n}", "kind": "Thing"}])
            slate(agent)
            if n % 3 == 2:
                fit(workspace, only=("popularity",))
            assert agent.follow(60)
            gc.collect()
            counts.append(sum(type(thing) is House for thing in gc.get_objects()))
    finally:
        gc.unfreeze()
    assert first() is None
    assert len(set(counts)) == 1, counts


def test_so_much_that_was_laid_over_is_opened_anew(agent, workspace, monkeypatch):
    monkeypatch.setattr(houses_module, "_LAID_ROWS", 3)
    put_items(workspace, [{"id": f"n{n}", "title": f"Thing {n}", "kind": "Thing", "price": 10} for n in range(5)])
    delete_items(workspace, ["n0"])
    agent.toolbox  # noqa: B018  (as above)
    assert agent.follow(60)
    assert type(agent.toolbox.catalogue).__name__ == "Catalogue"
    assert len(agent.toolbox.catalogue) == N + 4


def test_events_added_live_count_in_a_persons_tastes_and_in_the_next_fit(agent, workspace):
    assert agent.tastes("zoe") == []
    add_interactions(
        workspace, [{"user_id": "zoe", "item_id": f"g{n}", "event": "purchase", "timestamp": n} for n in range(0, N, 4)]
    )
    assert agent.tastes("zoe")[0].value == "Lamp"
    add_interactions(workspace, [{"user_id": f"v{n}", "item_id": "g39", "event": "purchase"} for n in range(60)])
    assert fit(workspace, only=("popularity",)).version == workspace.current().number
    assert agent.follow(60)
    assert agent.toolbox.recommend(_popular()).items[0].id == "g39"
    with Agent.open(workspace.root) as again:
        assert again.tastes("zoe") == agent.tastes("zoe")


def _popular():
    from convrec.tools.toolbox import Request

    return Request(k=1, tools=("popularity",))


def test_langchain_tools_follow(agent, workspace):
    (look_up,) = (tool for tool in agent.tools if tool.name == "get_item")
    assert look_up.invoke({"item_id": "g1"})["price"] == 10
    patch_items(workspace, [{"id": "g1", "price": 11}])
    assert look_up.invoke({"item_id": "g1"})["price"] == 11


@pytest.mark.slow
def test_four_processes_serve_whole_turns_while_everything_changes(workspace, tmp_path):
    """Short by default; CONVREC_LIVING_SECONDS makes it longer."""
    seconds = float(os.environ.get("CONVREC_LIVING_SECONDS", "15"))
    context = multiprocessing.get_context("spawn")
    stop, outs = context.Event(), [tmp_path / f"out{n}.jsonl" for n in range(4)]
    servers = [
        context.Process(target=serve, args=(workspace.root, f"u{n}", str(out), stop)) for n, out in enumerate(outs)
    ]
    for server in servers:
        server.start()
    while not all(out.exists() and out.read_text().count("\n") >= 2 for out in outs):
        assert all(server.is_alive() for server in servers)
        time.sleep(0.1)
    keeper = here(workspace, tmp_path)
    keeper.work(seconds)
    time.sleep(1)
    stop.set()
    for server in servers:
        server.join(60)
    versions, fits = set(), set()
    for out in outs:
        *turns, last = map(json.loads, out.read_text().splitlines())
        assert last == {"following": 0, "why": ""}
        for turn in turns:
            keeper.check(turn)
            versions.add(turn["version"])
            fits.add(turn["bm25"])
    assert len(versions) > 5
    assert len(fits) > 1
