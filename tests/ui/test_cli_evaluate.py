"""`convrec evaluate topn` and `dialogue` as typed: what they print and write, what they refuse, what they leave alone."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from convrec.catalogue.ingest import ingest
from convrec.catalogue.workspace import Workspace
from convrec.ui.cli.app import app

runner = CliRunner()
BASELINES = {"popularity", "item_knn", "ease", "bm25"}


def typed(*words):
    return runner.invoke(app, ["evaluate", *map(str, words)])


@pytest.fixture(scope="module")
def shop(fitted_films, tmp_path_factory):
    """A copy of the films' workspace with two dialogues to learn from, in which runs are kept from one test to the next."""
    root = Path(shutil.copytree(fitted_films, tmp_path_factory.mktemp("evaluate") / "shop"))
    talks = root.parent / "train.jsonl"
    write(talks, ("A western?", "w1"), ("Something with a heist", "h4"))
    ingest(Workspace.open(root), dialogues=[talks])
    return root


def write(path, *talks):
    """Writes dialogues of one wish and one item each, under ids that go by the file."""
    rows = [
        {
            "id": f"{path.stem}{number}",
            "turns": [
                {"role": "user", "text": wish},
                {"role": "assistant", "text": "Here is one.", "items": [{"id": item, "relation": "recommended"}]},
            ],
        }
        for number, (wish, item) in enumerate(talks)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def talks(tmp_path):
    return write(tmp_path / "talks.jsonl", ("A funny western", "w3"), ("Robots and rain", "s3"), ("Anything", "gone"))


@pytest.fixture(scope="module")
def topn(shop):
    """What `topn --json` printed, and the predictions that it wrote."""
    predictions = shop.parent / "ranked.jsonl"
    done = typed("topn", "-w", shop, "--k", "10,3", "--json", "--predictions", predictions)
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout), [json.loads(line) for line in predictions.read_text().splitlines()]


def is_table(metrics, families, cuts):
    assert {f"{name}@{cut}" for name in families for cut in cuts} <= set(metrics)
    for figure in metrics.values():
        assert set(figure) == {"value", "low", "high"}
    return True


def test_topn_prints_one_document(topn):
    document, _ = topn
    assert is_table(document["metrics"], ("hr", "recall", "ndcg", "mrr", "map"), (3, 10))
    assert set(document["baselines"]) == BASELINES
    assert all(is_table(each, ("hr", "ndcg"), (3, 10)) for each in document["baselines"].values())
    assert document["n"] == 23
    assert document["manifest"]["protocol"] == "topn"
    assert document["manifest"]["options"]["cuts"] == [3, 10]
    assert (document["protocol"], document["system"], document["headline"]) == ("topn", "fused", "ndcg@3")


def test_predictions_are_a_line_a_person_and_give_the_figures(topn):
    document, rows = topn
    assert len(rows) == document["n"]
    assert all(set(row) == {"id", "targets", "ranked"} for row in rows)
    assert all(row["id"].startswith("u") and len(row["targets"]) == 1 and len(row["ranked"]) == 10 for row in rows)
    hits = sum(row["targets"][0] in row["ranked"][:3] for row in rows)
    assert document["metrics"]["hr@3"]["value"] == pytest.approx(hits / len(rows), abs=1e-9)


def test_a_second_call_prints_the_same_and_fits_nothing(shop, topn):
    fitted = {path: path.stat().st_mtime_ns for path in (shop / "evaluations" / "fitted").glob("*/tools/*")}
    again = typed("topn", "-w", shop, "--k", "3,10", "--json")
    assert json.loads(again.stdout) == topn[0]
    assert "fitting" not in again.stderr
    assert fitted
    assert {path: path.stat().st_mtime_ns for path in (shop / "evaluations" / "fitted").glob("*/tools/*")} == fitted


def test_tables_are_printed_for_people(shop, topn):
    done = typed("topn", "-w", shop, "--k", "3,10")
    assert done.exit_code == 0
    for word in ("fused", *BASELINES, "ndcg@3", "hr@10", "warm people", "one sentence", "n = 23"):
        assert word in done.stdout
    said = " ".join(done.stderr.split())
    assert "equal scores stand by id" in said
    assert "people with too few choices: 7" in said
    assert "metrics.json" in said


def test_a_run_is_kept_where_it_was_asked_for_and_another_one_is_refused_there(shop, topn, tmp_path):
    out = tmp_path / "run"
    assert typed("topn", "-w", shop, "--limit", 3, "--out", out).exit_code == 0
    assert {path.name for path in out.iterdir()} >= {"metrics.json", "manifest.json", "timings.json", "answers", "worst.jsonl"}  # fmt: skip
    kept = (out / "metrics.json").read_bytes()
    done = typed("topn", "-w", shop, "--limit", 4, "--out", out)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "holds another run" in done.stderr
    assert (out / "metrics.json").read_bytes() == kept


def test_named_tools_stand_beside_the_baselines(shop, topn):
    done = typed("topn", "-w", shop, "--tools", "als, dense", "--limit", 5, "--json")
    assert set(json.loads(done.stdout)["baselines"]) == BASELINES | {"als", "dense"}


@pytest.mark.parametrize("protocol", ["temporal", "strong"])
def test_other_protocols_leave_what_is_published_alone_too(shop, protocol):
    published = Workspace.open(shop).current()
    done = typed("topn", "-w", shop, "--protocol", protocol, "--k", "5", "--json")
    assert Workspace.open(shop).current() == published
    document = json.loads(done.stdout)
    assert document["n"] > 0
    assert document["manifest"]["options"]["protocol"] == protocol
    assert set(document["baselines"]) == BASELINES


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--k", "0"], "each is 1 or more"),
        (["--k", "10,-1"], "each is 1 or more"),
        (["--k", "x"], "not a list of numbers"),
        (["--k", "10,"], "not a list of numbers"),
        (["--k", ""], "not a list of numbers"),
        (["--protocol", "leave-first-out"], "leave-first-out"),
        (["--tools", "oracle_knn"], "oracle_knn"),
        (["--repeats", "0"], "repeats"),
        (["--limit", "0"], "limit"),
        (["--seed", "x"], "seed"),
    ],
    ids=str,
)
def test_bad_usage_of_topn_ends_with_2_and_a_sentence(shop, words, said):
    done = typed("topn", "-w", shop, *words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_what_cannot_be_measured_ends_with_a_sentence(tmp_path):
    (tmp_path / "items.csv").write_text("id,title\n1,Heat\n2,Alien\n")
    (tmp_path / "events.csv").write_text("user_id,item_id\n" + "".join(f"u{n},{1 + n % 2}\n" for n in range(6)))
    bare = Workspace.create(tmp_path / "bare")
    ingest(bare, items=[tmp_path / "items.csv"])
    done = typed("topn", "-w", bare.root)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "Nobody can be held out" in done.stderr
    ingest(bare, interactions=[tmp_path / "events.csv"])
    done = typed("topn", "-w", bare.root, "--protocol", "temporal")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "No interaction has a time" in done.stderr
    done = typed("topn", "-w", tmp_path / "none")
    assert done.exit_code == 1
    assert "not a workspace" in done.stderr


# Dialogues


def test_dialogue_prints_one_document_and_writes_what_was_ranked(shop, talks, tmp_path):
    done = typed("dialogue", "-w", shop, "--input", talks, "--k", "1,20", "--json", "--predictions", tmp_path / "ranked.jsonl")  # fmt: skip
    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout)
    assert is_table(document["metrics"], ("recall", "ndcg", "mrr"), (1, 20))
    assert set(document["baselines"]) >= BASELINES
    assert document["n"] == 3
    assert document["counts"]["targets not in the catalogue"] == 1
    assert document["manifest"]["input"].keys() == {"talks.jsonl"}
    rows = [json.loads(line) for line in (tmp_path / "ranked.jsonl").read_text().splitlines()]
    assert [(row["id"], row["targets"]) for row in rows] == [("talks0/1", ["w3"]), ("talks1/1", ["s3"]), ("talks2/1", ["gone"])]  # fmt: skip
    assert len(rows[2]["ranked"]) == 20
    assert "w3" in rows[0]["ranked"][:3]
    assert document["metrics"]["recall@20"]["value"] < 0.7  # what is in no catalogue is missed


def test_dialogues_that_were_learned_from_are_refused_unless_allowed(shop):
    talks = shop.parent / "train.jsonl"
    done = typed("dialogue", "-w", shop, "--input", talks)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "2 of 2 test dialogues" in done.stderr
    assert "--allow-leak" in done.stderr
    allowed = json.loads(typed("dialogue", "-w", shop, "--input", talks, "--allow-leak", "--json").stdout)
    assert allowed["notes"][0].startswith("LEAK: 2")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--input"),
        (["--input", "none.jsonl"], "There is no none.jsonl"),
        (["--input", "{talks}", "--k", "0"], "each is 1 or more"),
        (["--input", "{talks}", "--tools", "oracle_knn"], "oracle_knn"),
        (["--input", "{talks}", "--split", "valid"], "no parts"),
        (["--input", "{folder}"], "no known layout"),
        (["--input", "{silent}"], "no turn in which an assistant names an item"),
    ],
    ids=str,
)
def test_bad_usage_of_dialogue_ends_with_2_and_a_sentence(shop, talks, tmp_path, words, said):
    (tmp_path / "empty").mkdir()
    silent = tmp_path / "silent.jsonl"
    silent.write_text(
        '{"id": "1", "turns": [{"role": "user", "text": "Hi"}, {"role": "assistant", "text": "Hello"}]}\n'
    )
    given = [word.format(talks=talks, folder=tmp_path / "empty", silent=silent) for word in words]
    done = typed("dialogue", "-w", shop, *given)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_without_fitted_tools_dialogue_says_how_to_fit_them(tmp_path, talks):
    (tmp_path / "items.csv").write_text("id,title\n1,Heat\n")
    ingest(Workspace.create(tmp_path / "bare"), items=[tmp_path / "items.csv"])
    done = typed("dialogue", "-w", tmp_path / "bare", "--input", talks)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "convrec fit" in done.stderr


def test_help_says_what_can_be_measured():
    done = runner.invoke(app, ["evaluate", "--help"])
    assert done.exit_code == 0
    for name in ("topn", "dialogue", "sessions"):
        assert name in done.stdout
        assert "Examples:" in typed(name, "--help").stdout
