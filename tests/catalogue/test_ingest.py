import gzip
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from convrec.catalogue.folding import FAN
from convrec.catalogue.ingest import ingest
from convrec.catalogue.workspace import Workspace

CSV = 'id,title,year,genres,note\n1,Heat,1995,Crime|Drama,"two\nlines, ""quoted"""\n2,Amélie,2001,Comedy,\n'
ROWS = [
    {"id": 1, "title": "Heat", "year": 1995, "genres": ["Crime", "Drama"], "note": 'two\nlines, "quoted"'},
    {"id": 2.0, "title": "Amélie", "year": 2001, "genres": ["Comedy"], "note": None},
]


def parquet(path, rows):
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


@pytest.fixture(
    params=["csv", "csv.gz", "crlf", "bom", "semicolon", "tsv", "jsonl", "jsonl.gz", "parquet", "parquet.gz"]
)
def same_items(request, write, tmp_path):
    lines = "".join(json.dumps(row) + "\n" for row in ROWS)
    match request.param:
        case "csv":
            return write("items.csv", CSV)
        case "csv.gz":
            return write("items.csv.gz", gzip.compress(CSV.encode()))
        case "crlf":
            return write("items.csv", CSV.replace("\n", "\r\n").replace("two\r\n", "two\n"))
        case "bom":
            return write("items.csv", b"\xef\xbb\xbf" + CSV.encode())
        case "semicolon":
            return write(
                "items.csv",
                CSV.replace("id,title,year,genres,note", "id;title;year;genres;note")
                .replace("1,Heat,1995,Crime|Drama,", "1;Heat;1995;Crime|Drama;")
                .replace("2,Amélie,2001,Comedy,", "2;Amélie;2001;Comedy;"),
            )
        case "tsv":
            return write("items.tsv", CSV.replace(",", "\t").replace("lines\t", "lines,"))
        case "jsonl":
            return write("items.jsonl", lines)
        case "jsonl.gz":
            return write("items.gz", gzip.compress(lines.encode()))
        case "parquet":
            return parquet(tmp_path / "items.parquet", [row | {"id": float(row["id"])} for row in ROWS])
        case _:
            raw = parquet(tmp_path / "items.parquet", [row | {"id": int(row["id"])} for row in ROWS]).read_bytes()
            return write("items.parquet.gz", gzip.compress(raw))


def test_every_format_says_the_same(workspace, same_items):
    summary = ingest(workspace, items=[same_items])
    catalogue = workspace.catalogue()
    assert (summary.items_added, summary.rejected) == (2, 0)
    assert catalogue.ids == ["1", "2"]
    assert catalogue.item("1").facts == {
        "title": "Heat",
        "year": 1995,
        "genres": ["Crime", "Drama"],
        "note": 'two\nlines, "quoted"',
    }
    assert catalogue.item("2").facts == {"title": "Amélie", "year": 2001, "genres": ["Comedy"]}


def test_prices_ranges_and_tags_of_a_shop_s_table_are_read_as_they_are_meant(workspace, write):
    moods = ["cosy, dark", "dark, funny", "funny", "cosy, funny", "dark"]
    rows = [f'{n},Game {n},2-{n % 3 + 3},"€1{n % 7},90","{moods[n % 5]}",{n} min' for n in range(30)]
    summary = ingest(workspace, items=[write("shop.csv", "\n".join(["id,title,Players,Price,Moods,Length", *rows]))])
    catalogue = workspace.catalogue()
    assert catalogue.item("1").facts == {
        "title": "Game 1",
        "Players": "2-4",
        "Price": 11.9,
        "Moods": ["dark", "funny"],
        "Length": "1 min",
    }
    assert [hint.split("`")[1] for hint in summary.hints] == ["Length"]
    assert [end.tolist() for end in (catalogue.ends("Players")[0][:3], catalogue.ends("Players")[1][:3])] == [
        [2, 2, 2],
        [3, 4, 5],
    ]


def test_a_price_in_another_currency_is_rejected(workspace, write, rejected):
    ingest(workspace, items=[write("a.csv", "id,title,price\n1,Lamp,€9.90\n2,Chair,€5\n")])
    ingest(workspace, items=[write("b.csv", "id,title,price\n3,Desk,$7\n4,Rug,7\n")], max_rejected=0.5)
    assert workspace.catalogue().ids == ["1", "2", "4"]
    assert "not in €" in rejected()[0]["reason"]


def test_any_column_can_be_the_id_or_the_title(workspace, write):
    path = write("shop.csv", "sku,name,id,title\na1,Lamp,7,x\n")
    ingest(workspace, items=[path], id_column="sku", title_column="name")
    item = workspace.catalogue().item("a1")
    assert item.title == "Lamp"
    assert item.facts["original_title"] == "x"
    assert item.facts["original_id"] == 7


def test_items_are_replaced_whole_by_id_and_keep_their_row(films, write):
    summary = ingest(
        films, items=[write("a.jsonl", [{"id": "2", "title": "Aliens", "year": 1986}, {"id": "6", "title": "Up"}])]
    )
    catalogue = films.catalogue()
    assert (summary.items_added, summary.items_replaced) == (1, 1)
    assert catalogue.ids == ["1", "2", "3", "4", "5", "6"]
    assert catalogue.item("2").facts == {"title": "Aliens", "year": 1986}


def test_of_two_files_in_one_ingest_the_later_wins(workspace, write):
    ingest(workspace, items=[write("a.csv", "id,title\n1,Old\n"), write("b.csv", "id,title\n1,New\n")])
    assert workspace.catalogue().titles == ["New"]


def test_deleted_items_are_gone_and_come_back_when_brought_again(films, write):
    summary = ingest(films, delete_items=write("gone.csv", "id\n2\n4\n"))
    assert summary.items_deleted == 2
    assert films.current().what == "delete"
    assert films.catalogue().ids == ["1", "3", "5"]
    ingest(films, items=[write("a.jsonl", [{"id": "2", "title": "Alien"}])])
    assert films.catalogue().ids == ["1", "3", "5", "2"]


def test_what_many_small_ingests_come_to_is_what_one_would(films, write):
    wanted = {item_id: films.catalogue().item(item_id).title for item_id in films.catalogue().ids}
    for n in range(6 * FAN):
        changed = {"id": str(n % 7 + 1), "title": f"Title {n}"}
        ingest(films, items=[write("a.jsonl", [changed])])
        wanted[changed["id"]] = changed["title"]
        if n % 5 == 0:
            gone = films.catalogue().ids[0]
            ingest(films, delete_items=write("gone.jsonl", [{"id": gone}]))
            del wanted[gone]
    catalogue = films.catalogue()
    assert dict(zip(catalogue.ids, catalogue.titles, strict=True)) == wanted
    assert len(films.current().items) < 3 * FAN
    assert catalogue.schema.field("year").type == "number"


def test_interactions_are_kept_in_order_with_their_parts(films, write):
    path = write(
        "events.csv",
        "user_id,item_id,value,event,timestamp\nana,1,4.5,,2020-01-02\nbo,2,,Purchase,0\nana,3,,,1577923200.5\nana,4,,skip,2020-01-02T00:00:00+02:00\n",
    )
    assert ingest(films, interactions=[path]).interactions == 4
    events = films.catalogue().interactions()
    assert events.users == ["ana", "bo"]
    assert events.user.tolist() == [0, 1, 0, 0]
    assert events.row.tolist() == [0, 1, 2, 3]
    assert events.event.tolist() == ["rating", "purchase", "", "skip"]
    np.testing.assert_equal(events.value, [4.5, np.nan, np.nan, np.nan])
    np.testing.assert_equal(events.timestamp, [1577923200, 0, 1577923200.5, 1577916000])


def test_a_file_of_interactions_taken_in_twice_counts_once(films, write):
    path = write("events.csv", "user_id,item_id,event\nana,1,play\nana,1,play\nbo,2,\n")
    ingest(films, interactions=[path])
    again = ingest(films, interactions=[path, write("more.csv", "user_id,item_id,event\nana,1,play\n")])
    assert (again.interactions, again.interactions_known) == (1, 3)
    assert len(films.catalogue().interactions()) == 4


def test_events_of_an_item_deleted_since_are_dropped_and_counted(films, write):
    ingest(films, interactions=[write("events.csv", "user_id,item_id\nana,1\nana,2\n")])
    ingest(films, delete_items=write("gone.csv", "id\n2\n"))
    events = films.catalogue().interactions()
    assert (len(events), events.n_unknown) == (1, 1)


def test_dialogues_come_back_as_they_were_brought(films, write):
    said = {"id": 7, "turns": [
        {"role": "user", "text": "I loved Heat", "items": [{"id": 1, "relation": "liked", "span": [8, 12]}]},
        {"role": "assistant", "text": "Try Alien", "items": [{"id": "2", "relation": "recommended"}]},
        {"role": "user", "text": ""},
    ]}  # fmt: skip
    ingest(films, dialogues=[write("d.jsonl", [said])])
    ingest(films, dialogues=[write("d.jsonl", [said])])
    (dialogue,) = films.catalogue().dialogues()
    assert dialogue.id == "7"
    assert [(turn.role, turn.text) for turn in dialogue.turns] == [
        ("user", "I loved Heat"),
        ("assistant", "Try Alien"),
        ("user", ""),
    ]
    liked, recommended = dialogue.turns[0].items[0], dialogue.turns[1].items[0]
    assert (liked.id, liked.relation, liked.span) == ("1", "liked", (8, 12))
    assert (recommended.id, recommended.relation, recommended.span) == ("2", "recommended", None)


def test_a_catalogue_of_one_item_without_interactions_works(workspace, write):
    ingest(workspace, items=[write("a.csv", "id,title\n1,Heat\n")])
    catalogue = workspace.catalogue()
    assert len(catalogue) == 1
    assert not catalogue.has_interactions
    assert not catalogue.has_dialogues
    assert len(catalogue.interactions()) == 0
    assert catalogue.dialogues() == []
    assert catalogue.card(0) == "Heat."


def test_progress_is_told_by_file(films, write):
    stages = []
    ingest(
        films, items=[write("a.csv", "id,title\n1,Heat\n")], progress=lambda stage, done, total: stages.append(stage)
    )
    assert stages == ["reading a.csv", "writing"]


def test_a_workspace_copied_elsewhere_opens(films, tmp_path, write):
    import shutil

    ingest(films, interactions=[write("events.csv", "user_id,item_id\nana,1\n")])
    shutil.copytree(films.root, tmp_path / "elsewhere")
    shutil.rmtree(films.root)
    copy = Workspace.open(tmp_path / "elsewhere")
    assert copy.catalogue().titles[0] == "Heat"
    assert len(copy.catalogue().interactions()) == 1
    assert str(tmp_path / "elsewhere") in copy.state_url()
