"""The living catalogue: what is written while others read, row by row, and what an opened catalogue makes of it."""

import multiprocessing

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.folding import FAN
from convrec.catalogue.ingest import ingest
from convrec.catalogue.laid import LaidCatalogue, laid_over
from convrec.catalogue.live import MOST_ROWS, add_interactions, delete_items, patch_items, put_items
from convrec.catalogue.store import KEPT
from convrec.catalogue.version import FittedTool
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import BusyError, InputError, UnknownItemError
from convrec.core.predicate import Comparison


def facts(catalogue):
    return {item_id: dict(catalogue.item(item_id).facts) for item_id in catalogue.known}


def equal(field, value):
    return Comparison(field=field, op="eq", value=value)


def found(catalogue, predicate):
    return {catalogue.ids[row] for row in np.flatnonzero(catalogue.mask(predicate))}


def test_items_are_put_patched_and_deleted(films):
    assert put_items(films, [{"id": "6", "title": "Up", "year": 2009, "genres": ["Animation"]}]).written == 1
    assert patch_items(films, [{"id": "1", "year": 1996}, {"id": 2, "genres": None}]).errors == ()
    assert delete_items(films, ["4"]).version == films.current().number
    catalogue = films.catalogue()
    assert list(catalogue.ids) == ["1", "2", "3", "5", "6"]
    assert catalogue.item("1").facts["year"] == 1996
    assert catalogue.item("1").facts["genres"] == ["Crime", "Drama"]
    assert "genres" not in catalogue.item("2").facts
    assert films.current().what == "live"


def test_a_range_is_what_was_put_last(workspace, write):
    ingest(workspace, items=[write("a.csv", "id,title,players\n1,Go,2\n2,Risk,2-6\n3,Dixit,3+\n")])
    opened = workspace.catalogue()
    assert found(opened, equal("players", 4)) == {"2", "3"}
    put_items(
        workspace, [{"id": "1", "title": "Go", "players": "1 to 4"}, {"id": "3", "title": "Dixit", "players": [3, 3]}]
    )
    laid = laid_over(opened, workspace.store.segments, workspace.current())
    assert found(laid, equal("players", 4)) == {"1", "2"}
    assert laid.item("1").facts["players"] == "1-4"
    assert put_items(workspace, [{"id": "1", "title": "Go", "players": "6-2"}]).errors[0].error.startswith("`players`")


def test_a_put_replaces_the_whole_item_and_the_last_row_of_an_id_wins(films):
    put_items(films, [{"id": "1", "title": "Heat 2"}, {"id": "1", "title": "  Heat   3 "}])
    assert facts(films.catalogue())["1"] == {"title": "Heat 3"}
    patch_items(films, [{"id": "1", "year": 2000}, {"id": "1", "studio": "A"}])
    assert facts(films.catalogue())["1"] == {"title": "Heat 3", "year": 2000, "studio": "A"}


@pytest.mark.parametrize(
    ("call", "row", "error"),
    [
        (put_items, {"id": "7", "title": "Up", "yeer": 2009}, "Did you mean `year`"),
        (put_items, {"id": "7", "title": "Up", "year": "soon"}, "`year`"),
        (put_items, {"id": "7", "year": 2009}, "the title is missing"),
        (put_items, {"title": "Up"}, "missing"),
        (put_items, "Up", "an object"),
        (patch_items, {"id": "7", "year": 2009}, "there is no item '7'"),
        (patch_items, {"id": "1", "title": " "}, "the title is missing"),
        (add_interactions, {"user_id": "ana", "item_id": "7"}, "there is no item '7'"),
        (add_interactions, {"user_id": " ", "item_id": "1"}, ""),
        (add_interactions, {"user_id": "ana", "item_id": "1", "event": "bought"}, "no event"),
        (add_interactions, {"user_id": "ana", "item_id": "1", "when": 3}, "there is no field `when`"),
        (delete_items, "7", "there is no item '7'"),
    ],
)
def test_a_bad_row_is_an_error_of_its_own_and_does_not_stop_the_rest(films, call, row, error):
    good = {
        put_items: {"id": "8", "title": "Good"}, patch_items: {"id": "2", "year": 1}, delete_items: "2",
        add_interactions: {"user_id": "ana", "item_id": "1"},
    }[call]  # fmt: skip
    done = call(films, [row, good])
    assert (done.written, [bad.row for bad in done.errors]) == (1, [0])
    assert error in done.errors[0].error
    assert done.version == films.current().number == 3
    none = call(films, [row])
    assert (none.written, none.version, films.current().number) == (0, 3, 3)


def test_too_many_rows_are_refused(films):
    with pytest.raises(InputError, match="at most 10,000"):
        delete_items(films, ["1"] * (MOST_ROWS + 1))


def test_interactions_are_added_each_time_and_without_a_time_now(films):
    for _ in range(2):
        add_interactions(films, [{"user_id": "ana", "item_id": "1", "event": "like"}])
    events = films.catalogue().interactions()
    assert events.users == ["ana"]
    assert len(events) == 2
    assert abs(events.timestamp[0] - films.now().timestamp()) < 60


def hold(root, ready):
    with Workspace.open(root).lock():
        ready.set()
        ready.wait(0)
        import time

        time.sleep(0.6)


def test_a_write_waits_for_another_writer(films, monkeypatch):
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    holder = context.Process(target=hold, args=(films.root, ready))
    holder.start()
    assert ready.wait(30)
    assert put_items(films, [{"id": "6", "title": "Up"}]).written == 1
    holder.join()
    monkeypatch.setattr("convrec.catalogue.live._WAIT_S", 0.05)
    with Workspace.open(films.root).lock(), pytest.raises(BusyError):
        put_items(films, [{"id": "7", "title": "Up"}])


def test_live_versions_push_no_fit_out_and_the_last_on_each_is_kept(films):
    for name in range(KEPT + 2):
        films.publish("fit", tools={"bm25": FittedTool(folder=f"tools/{name}", fingerprint=str(name))})
        for n in range(3 * KEPT):
            put_items(films, [{"id": "new", "title": f"Title {name}.{n}"}])
    versions = films.versions()
    assert [v.what for v in versions] == ["fit", "live"] * KEPT
    assert {path.name for path in films.store.segments.iterdir()} == set().union(*(v.segments for v in versions))
    assert films.catalogue(versions[1].number).item("new").title == f"Title 2.{3 * KEPT - 1}"


def test_rollback_goes_to_before_the_last_fit_or_ingest_and_live_changes_go_with_it(films, write):
    put_items(films, [{"id": "6", "title": "Before"}])
    before = films.current().number
    ingest(films, items=[write("one.jsonl", [{"id": "7", "title": "Ingested"}])])
    for n in range(3):
        patch_items(films, [{"id": "6", "title": f"After {n}"}])
    last = films.current().number
    assert films.rollback().number == before
    assert films.catalogue().item("6").title == "Before"
    assert films.rollback(last).number == last
    patch_items(films, [{"id": "6", "title": "Again"}])
    assert films.rollback().number == before


def test_a_row_is_written_anew_only_as_its_segment_grows(films):
    for n in range(64):
        put_items(films, [{"id": f"n{n}", "title": f"Title {n}"}])
        assert len(films.current().items) <= (FAN - 1) * 4
    assert len(films.catalogue()) == 69


# An opened catalogue with changes laid over it

FIELDS = {
    "title": st.sampled_from(["Heat", "Alien", "Up", "Ça va", "heat", "The Thing"]),
    "year": st.sampled_from([None, 1979, 1995, 2001]),
    "genres": st.sampled_from([None, ["Crime"], ["crime", "Horror"], ["Sci-Fi", "Café"], []]),
    "studio": st.sampled_from([None, "Fox", "UGC", "New"]),
    "released": st.sampled_from([None, "1979-05-25", "2020-01-01"]),
    "colour": st.sampled_from([None, True, False]),
    "plot": st.sampled_from([None, "A night at a motel.", "Robots dream of a motel by night."]),
}  # fmt: skip
IDS = st.sampled_from(["1", "2", "3", "4", "5", "6", "7", "8"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.lists(st.fixed_dictionaries({"id": IDS, **FIELDS}), min_size=1, max_size=3)),
        st.tuples(
            st.just("patch"),
            st.lists(st.fixed_dictionaries({"id": IDS}, optional=FIELDS), min_size=1, max_size=3),
        ),
        st.tuples(st.just("delete"), st.lists(IDS, min_size=1, max_size=3)),
        st.tuples(st.just("events"), st.lists(st.tuples(st.sampled_from("abc"), IDS), min_size=1, max_size=3)),
        st.tuples(st.just("back"), st.just(None)),
    ),
    min_size=1,
    max_size=8,
)
ASKED = [
    equal("year", 1995), Comparison(field="year", op="missing", value=True), equal("genres", ["crime"]),
    Comparison(field="genres", op="contains", value="cafe"), equal("studio", "new"), equal("colour", True),
    Comparison(field="released", op="ge", value="2000-01-01"), Comparison(field="plot", op="text", value="night motel"),
    equal("plot", "a night at a motel."), equal("title", "HEAT"), Comparison(field="id", op="in", value=["1", "7"]), None,
]  # fmt: skip


def written(workspace, step):
    kind, rows = step
    if kind == "put":
        put_items(workspace, rows)
    elif kind == "patch":
        patch_items(workspace, rows)
    elif kind == "delete":
        delete_items(workspace, rows)
    elif kind == "back":  # to the oldest version that has items
        workspace.rollback(to=min(version.number for version in workspace.versions() if version.items))
    else:
        add_interactions(
            workspace, [{"user_id": user, "item_id": item, "event": "like", "timestamp": 1} for user, item in rows]
        )


def same(laid: Catalogue, whole: Catalogue) -> None:
    assert facts(laid) == facts(whole)
    assert laid.n_items == len(whole)
    for predicate in ASKED:
        assert found(laid, predicate) == found(whole, predicate), predicate
    for name in ("genres", "studio"):
        for value in whole.values(name).values:
            carried = {laid.ids[row] for row in laid.values(name).rows(value)}
            assert carried == {whole.ids[row] for row in whole.values(name).rows(value)}
            assert laid.values(name).find(value) is not None
    cards, texts = list(laid.cards()), list(laid.texts())
    assert len(cards) == len(texts) == len(laid)
    for item_id in whole.known:
        row = laid.row(item_id)
        assert laid.titles[row] == whole.item(item_id).title
        assert cards[row] == laid.card(row) == whole.card(whole.row(item_id))
        assert texts[row] == whole.text(whole.row(item_id))
        assert laid.present("plot")[row] == whole.present("plot")[whole.row(item_id)]
    for user in "abc":
        ours, theirs = laid.interactions().of_user(user), whole.interactions().of_user(user)
        there = [laid.ids[row] for row in ours.row if laid.row(laid.ids[row]) is not None]
        assert there == [whole.ids[row] for row in theirs.row]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, warm=st.booleans(), every=st.booleans())
def test_a_catalogue_with_changes_laid_over_it_is_the_one_read_whole(tmp_path_factory, steps, warm, every):
    root = tmp_path_factory.mktemp("laid")
    workspace = Workspace.create(root / "w")
    rows = [
        {"id": str(n), "title": f"Film {n}", "year": 1990 + n, "genres": "Crime|Horror", "studio": "Fox", "released": "2001-02-03", "colour": True,
         "plot": "It was a dark and stormy night at the motel, and then it was not."} for n in range(1, 6)
    ]  # fmt: skip
    import json

    (root / "films.jsonl").write_text(
        "".join(json.dumps(row | {"genres": row["genres"].split("|")}) + "\n" for row in rows)
    )
    ingest(workspace, items=[root / "films.jsonl"])
    laid = workspace.catalogue()
    for step in steps:
        if warm:
            for predicate in ASKED:
                laid.mask(predicate)
            laid.interactions()
        written(workspace, step)
        if every or step is steps[-1]:
            laid = laid_over(laid, workspace.store.segments, workspace.current())
            same(laid, Workspace.open(workspace.root).catalogue())
    assert facts(workspace.latest()) == facts(laid)


def test_a_deleted_item_is_found_by_nothing_and_can_come_back(films):
    delete_items(films, ["1"])
    before = films.latest()
    put_items(films, [{"id": "1", "title": "Heat", "year": 2020}])
    films.latest()
    delete_items(films, ["1"])
    laid = films.latest()
    assert isinstance(laid, LaidCatalogue)
    assert laid.row("1") is None
    assert "1" not in before.known
    with pytest.raises(UnknownItemError):
        laid.item("1")
    assert not laid.mask(None)[laid.ids.index("1")]


def test_what_is_laid_over_shares_what_did_not_change(films):
    below = films.latest()
    years, genres = below.numbers("year"), below.values("genres")
    patch_items(films, [{"id": "1", "year": 2020}])
    above = films.latest()
    assert above.ids is below.ids
    assert above.values("genres") is genres
    assert above.numbers("year") is not years
    assert below.item("1").facts["year"] == 1995
    assert above.item("1").facts["year"] == 2020
    assert (above.change.rows.tolist(), above.change.fields) == ([0], {"year"})


def test_when_everything_is_folded_into_one_segment_what_is_gone_is_told_from_it(films):
    laid = films.latest()
    put_items(films, [{"id": "6", "title": "Up"}])
    laid = laid_over(laid, films.store.segments, films.current())
    delete_items(films, ["6"])
    while len(films.current().items) > 1:
        put_items(films, [{"id": str(n), "title": f"Film {n}"} for n in range(1, 6)])
    laid = laid_over(laid, films.store.segments, films.current())
    assert facts(laid) == facts(films.catalogue()) == {str(n): {"title": f"Film {n}"} for n in range(1, 6)}


def test_what_a_rollback_leads_to_is_laid_over_what_is_open(films, write):
    before = facts(films.latest())
    ingest(films, items=[write("one.jsonl", [{"id": "9", "title": "New"}, {"id": "1", "title": "Hotter"}])])
    delete_items(films, ["2"])
    assert facts(films.latest()) != before
    films.rollback()
    laid = films.latest()
    assert isinstance(laid, LaidCatalogue)
    assert facts(laid) == before
    assert set(laid.change.rows.tolist()) == {laid.row("1"), laid.row("2"), laid.ids.index("9")}
