import gzip
import json
import tracemalloc

import pytest

from convrec.catalogue.ingest import ingest
from convrec.core.errors import InputError, RejectedRowsError

GOOD = "".join(f"{n},Film {n},{1900 + n % 100}\n" for n in range(1, 301))


@pytest.fixture
def one_bad(workspace, write, rejected):
    """Takes in 300 good CSV rows and the given text; returns what was rejected of it."""

    def take(text, **options):
        content = b"id,title,year\n" + GOOD.encode() + (text if isinstance(text, bytes) else text.encode())
        summary = ingest(workspace, items=[write("items.csv", content)], **options)
        assert summary.rejected == len(rejected())
        assert summary.rejected_by_file == {"items.csv": summary.rejected}
        assert len(workspace.catalogue()) == summary.items_added
        return rejected()

    return take


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        (",No id,1990\n", "id", "missing"),
        ("  ,Blank id,1990\n", "id", "missing"),
        (" x,Padded id,1990\n", "id", "white space"),
        ("7,Twice,1990\n", "id", "line 8"),
        ("x,,1990\n", "title", "missing"),
        ("x,   ,1990\n", "title", "missing"),
        ("x,Short\n", None, "2 cells where the header has 3"),
        ("x,Long,1990,more\n", None, "4 cells where the header has 3"),
        ("x,Bad year,soon\n", "year", "'soon' is not a number"),
        ("x,Endless,inf\n", "year", "number"),
        ("x,Huge,1e999\n", "year", "infinite"),
        (b"x,Am\xe9lie,2001\n", None, "Latin-1"),
        ('x,"a" b,2001\n', None, "not CSV"),
        ("x," + "a" * 5 * 2**20 + ",2001\n", None, "longer than 4 MiB"),
    ],
)
def test_a_bad_row_is_rejected_with_its_place_and_reason(one_bad, row, column, reason):
    (found,) = one_bad(row)
    assert (found["file"], found["line"], found["column"]) == ("items.csv", 302, column)
    assert reason in found["reason"]


def test_a_quote_that_never_closes_costs_its_own_row_only(workspace, write, rejected):
    summary = ingest(workspace, items=[write("items.csv", 'id,title,year\nx,"Open,1990\n' + GOOD)])
    assert summary.items_added == 300
    assert [row["line"] for row in rejected()] == [2]


def test_bad_bytes_inside_a_quoted_cell_cost_its_own_row_only(workspace, write, rejected):
    content = b'id,title,year\nx,"two\nl\xefnes",1990\n' + GOOD.encode()
    assert ingest(workspace, items=[write("items.csv", content)]).items_added == 300
    assert [row["line"] for row in rejected()] == [3]


def test_nan_is_missing(workspace, write):
    ingest(
        workspace, items=[write("items.jsonl", '{"id": 1, "title": "A", "x": NaN}\n{"id": 2, "title": "B", "x": 2}\n')]
    )
    assert "x" not in workspace.catalogue().item("1").facts


@pytest.mark.parametrize(
    ("line", "column", "reason"),
    [
        ("{not json", None, "not JSON"),
        ("[1, 2]", None, "not a JSON object"),
        ("{}", "id", "missing"),
        ('{"id": true, "title": "x"}', "id", "not an id"),
        ('{"id": 1.5, "title": "x"}', "id", "not an id"),
        ('{"id": ["a"], "title": "x"}', "id", "not an id"),
        ('{"id": "a\\u0000b", "title": "x"}', "id", "control"),
        ('{"id": "x", "title": null}', "title", "missing"),
        ('{"id": "x", "title": "x", "year": Infinity}', "year", "infinite"),
        ('{"id": "x", "title": "x", "year": ' + "9" * 400 + "}", "year", "infinite"),
        ('{"id": "x", "title": "x", "year": ' + "9" * 5000 + "}", None, "not JSON"),
        ('{"id": "x", "title": "x", "year": [1]}', "year", "not a number"),
        ('{"id": "x", "title": "\\ud800"}', None, "surrogate"),
        ("[" * 100_000, None, "not JSON"),
    ],
)
def test_a_bad_json_line_is_rejected_with_its_place_and_reason(workspace, write, rejected, line, column, reason):
    good = "".join(json.dumps({"id": n, "title": f"Film {n}", "year": 1990}) + "\n" for n in range(200))
    ingest(workspace, items=[write("items.jsonl", good + line + "\n")])
    (found,) = rejected()
    assert (found["line"], found["column"]) == (201, column)
    assert reason in found["reason"]


def test_a_line_of_40_mb_is_rejected_in_little_memory(workspace, write, rejected):
    content = gzip.compress(
        b'{"id": "x", "title": "' + b"a" * 40 * 2**20 + b'"}\n' + b'{"id": "1", "title": "Heat"}\n' * 1, 1
    )
    path = write("items.jsonl.gz", content)
    tracemalloc.start()
    ingest(workspace, items=[path], max_rejected=0.5)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert workspace.catalogue().ids == ["1"]
    assert rejected()[0]["line"] == 1
    assert peak < 24 * 2**20


def test_past_the_allowed_share_nothing_changes(films, write, rejected):
    before, listing = films.current(), sorted(path.name for path in films.root.rglob("*"))
    bad = write("bad.csv", "id,title\n" + GOOD.replace(",19", " ") + ",No id\n" * 4)
    with pytest.raises(RejectedRowsError, match=r"4 of 304 rows.*1\.3%.*bad\.csv, line 302, column id") as error:
        ingest(films, items=[bad])
    assert error.value.exit_code == 2
    assert films.current() == before
    assert sorted(path.name for path in films.root.rglob("*")) == sorted([*listing, "rejected.jsonl"])
    assert len(rejected()) == 4
    assert ingest(films, items=[bad], max_rejected=0.02).rejected == 4


def test_a_clean_ingest_clears_the_old_report(one_bad, workspace, write):
    one_bad("x,Short\n")
    ingest(workspace, items=[write("good.csv", "id,title\n1,Heat\n")])
    assert not (workspace.root / "rejected.jsonl").exists()


def test_a_file_without_one_good_row_fails_even_beside_a_good_one(films, write):
    with pytest.raises(RejectedRowsError, match=r"No row of events\.csv"):
        ingest(
            films,
            items=[write("items.csv", "id,title,year\n" + GOOD)],
            interactions=[write("events.csv", "user_id,item_id\na,none\n")],
        )


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", "", "empty"),
        ("a.csv", "\n  \n", "empty"),
        ("a.csv", "id,title\n", "no rows"),
        ("a.csv", "sku,name\n1,Heat\n", "no column `id`"),
        ("a.csv", "id,name\n1,Heat\n", "no column `title`"),
        ("a.csv", "id,title,id\n1,Heat,2\n", "two columns named `id`"),
        ("a.csv", "id,title\n1,Heat\n".encode("utf-16"), "UTF-16"),
        ("a.jsonl", '[{"id": 1, "title": "Heat"}]', "JSON array"),
        ("a.jsonl", '{"sku": 1, "title": "Heat"}', "no column `id`"),
        ("a.parquet", b"PAR1 and then nothing", "damaged"),
        ("b.parquet", b"\x8b\xff not at all", "no Parquet file"),
        ("a.csv.gz", gzip.compress(b"id,title\n" + b"1,Heat\n" * 100, mtime=0)[:-20], "damaged"),
    ],
)
def test_a_file_that_is_none_is_refused_by_name(films, write, name, content, says):
    before = films.current()
    with pytest.raises(InputError, match=says) as error:
        ingest(films, items=[write(name, content)])
    assert name in str(error.value)
    assert films.current() == before


def test_a_missing_file_a_folder_and_nothing_at_all_are_refused(films, tmp_path):
    with pytest.raises(InputError, match="no file"):
        ingest(films, items=[tmp_path / "none.csv"])
    with pytest.raises(InputError, match="can't be read"):
        ingest(films, items=[tmp_path])
    with pytest.raises(InputError, match="nothing to take in"):
        ingest(films)


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("ana,99,3,,", "item_id", "no item '99'"),
        (",1,3,,", "user_id", "missing"),
        (" ana,1,3,,", "user_id", "white space"),
        ("ana,1,good,,", "value", "not a number"),
        ("ana,1,3,watched,", "event", "no event"),
        ("ana,1,3,,yesterday", "timestamp", "neither"),
        ("ana,1,inf,,", "value", "number"),
    ],
)
def test_a_bad_interaction_is_rejected_with_its_place_and_reason(films, write, rejected, row, column, reason):
    good = "".join(f"u{n},{n % 5 + 1},3,rating,2020-01-01\n" for n in range(150))
    summary = ingest(
        films, interactions=[write("events.csv", "user_id,item_id,value,event,timestamp\n" + row + "\n" + good)]
    )
    assert summary.interactions == 150
    (found,) = rejected()
    assert (found["line"], found["column"]) == (2, column)
    assert reason in found["reason"]


def test_interactions_without_their_columns_are_refused_by_name(films, write):
    with pytest.raises(InputError, match=r"events\.csv has no column `user_id`, only userId, item_id"):
        ingest(films, interactions=[write("events.csv", "userId,item_id\na,1\n")])


def test_interactions_in_json_may_hold_anything(films, write, rejected):
    rows = [{"user_id": n, "item_id": n % 5 + 1} for n in range(300)]
    odd = [{"user_id": ["x"], "item_id": "1"}, {"user_id": "x", "item_id": {"a": 1}}, {"user_id": True, "item_id": 1}]
    ingest(films, interactions=[write("events.jsonl", rows + odd)])
    assert [row["column"] for row in rejected()] == ["user_id", "item_id", "user_id"]


@pytest.mark.parametrize(
    ("turn", "column", "reason"),
    [
        ({"role": "system", "text": "x"}, "turns.0.role", "user"),
        ({"role": "user"}, "turns.0.text", "required"),
        ({"role": "user", "text": "x", "items": [{"id": "99"}]}, "turns.0.items.0.id", "no item '99'"),
        (
            {"role": "user", "text": "x", "items": [{"id": "1", "relation": "hated"}]},
            "turns.0.items.0.relation",
            "liked",
        ),
        ({"role": "user", "text": "x", "items": [{"id": "1", "span": [0, 9]}]}, "turns.0", "outside the text"),
    ],
)
def test_a_bad_dialogue_is_rejected_with_its_place_and_reason(films, write, rejected, turn, column, reason):
    good = [{"id": n, "turns": [{"role": "user", "text": "hi"}]} for n in range(120)]
    summary = ingest(films, dialogues=[write("d.jsonl", [*good, {"id": "bad", "turns": [turn]}])])
    assert summary.dialogues == 120
    (found,) = rejected()
    assert (found["line"], found["column"]) == (121, column)
    assert reason in found["reason"]


def test_an_unknown_item_to_delete_is_rejected(films, write):
    with pytest.raises(RejectedRowsError, match="no item '99'"):
        ingest(films, delete_items=write("gone.csv", "id\n1\n99\n"))
    assert len(films.catalogue()) == 5
