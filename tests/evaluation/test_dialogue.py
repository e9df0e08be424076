"""`dialogue`: what is named next counts, what was named before does not, and nothing that was learned from is measured on."""

import json
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convrec.catalogue.dialogues import read_dialogue
from convrec.catalogue.importers import import_layout
from convrec.catalogue.ingest import ingest
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import ConvrecError, InputError, NotFittedError, RejectedRowsError
from convrec.evaluation.dialogue import BASELINES, COPY, FUSED, SYSTEM, DialogueOptions, evaluate_dialogue, moments
from convrec.evaluation.dialogue_files import read_test_dialogues
from convrec.evaluation.ranking import RankingCase, per_target
from convrec.evaluation.splits import LeakError
from convrec.tools.fitting import fit
from convrec.tools.toolbox import Toolbox

CUTS = (1, 3, 10)
NAMES = (
    "Amber Coast,Birch Parade,Cedar Alarm,Dune Waltz,Ember Clinic,Fjord Express,Grove of Kings,Heath Patrol,Inlet Blues,Jetty Lights,"
    "Knoll Academy,Ledge Walkers,Marsh Opera,North Cabin,Oasis Radio,Pond Detectives"
).split(",")
FILMS = {str(100 + n): name for n, name in enumerate(NAMES)}
FUNNY, GRIM = list(FILMS)[:8], list(FILMS)[8:]


def spoken(*turns):
    """Returns turns of one's own file, each `(role, text, item ids)`, the user's `u`."""
    return [
        {"role": {"u": "user", "a": "assistant"}[role], "text": text, "items": [{"id": item} for item in items]}
        for role, text, *items in turns
    ]


def write(path, *dialogues):
    rows = [{"id": f"t{n}", "turns": turns} for n, turns in enumerate(dialogues)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def redial_row(number, *said):
    """Returns a conversation as ReDial spells it, each `(1 seeker or 2 recommender, text with @ids)`."""
    return {
        "conversationId": str(number), "initiatorWorkerId": 1, "respondentWorkerId": 2, "respondentQuestions": [],
        "initiatorQuestions": [], "messages": [{"senderWorkerId": who, "text": text} for who, text in said],
    }  # fmt: skip


def talk(number, mood, *films):
    """Returns a conversation in which three films of a mood are named, the last two by the recommender; the first is everybody's."""
    wish = ("Something to laugh at, please.", "Something grim for a rainy night.")[mood]
    return redial_row(
        number, (1, wish), (2, f"Did you see @{films[0]}?"), (1, f"Yes, I liked it, number {number}."), (2, f"Then @{films[1]}, and @{films[0]} again."),
        (1, "And after that?"), (2, f"@{films[2]} it is."),
    )  # fmt: skip


@pytest.fixture(scope="module")
def redial(tmp_path_factory):
    """A folder in ReDial's layout: sixteen films, thirty conversations to learn from, six to measure on."""
    folder = tmp_path_factory.mktemp("redial")
    (folder / "movies_with_mentions.csv").write_text(
        "movieId,movieName,nbMentions\n" + "".join(f"{i},{name} (19{i[1:]}),1\n" for i, name in FILMS.items())
    )
    for part, numbers in (("train", range(30)), ("valid", range(100, 106)), ("test", range(200, 203))):
        rows = []
        for number in numbers:
            own = (FUNNY, GRIM)[number % 2]
            rows.append(talk(number, number % 2, own[0], own[1 + number % 3], own[4 + number % 4]))
        (folder / f"{part}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@pytest.fixture(scope="module")
def fitted(redial, tmp_path_factory):
    """A workspace that learned from the training conversations."""
    workspace = Workspace.create(tmp_path_factory.mktemp("dialogue") / "workspace")
    import_layout("redial", redial, workspace)
    fit(workspace)
    return workspace


@pytest.fixture(scope="module")
def measured(fitted, redial, tmp_path_factory):
    options = DialogueOptions(cuts=CUTS, tools=("dense", "als"))
    return evaluate_dialogue(fitted, redial, options, tmp_path_factory.mktemp("runs"))


def lines(path):
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def found(result):
    return {name: table["recall@3"].value for name, table in {SYSTEM: result.metrics, **result.baselines, **result.controls}.items()}  # fmt: skip


# Targets


def test_a_turn_of_the_assistant_that_names_items_is_a_moment_with_all_that_was_said_before():
    turns = spoken(("u", "Like A", "a"), ("a", "B or A?", "b", "a"), ("u", "No"), ("a", "Hm"), ("a", "C, C and B", "c", "c", "b"))  # fmt: skip
    first, second = moments([read_dialogue({"id": "t", "turns": turns})])
    assert (first.id, first.named, first.before, first.novel) == ("t/1", ("b", "a"), ("a",), ("b",))
    assert (second.id, second.named, second.before, second.novel) == ("t/4", ("c", "b"), ("b", "a"), ("c",))
    assert [message["content"] for message in second.messages] == ["Like A", "B or A?", "No", "Hm"]
    assert [message["role"] for message in second.messages] == ["user", "assistant", "user", "assistant"]


turns = st.lists(st.tuples(st.sampled_from("ua"), st.just("said"), st.lists(st.sampled_from("abcde"), max_size=3)), max_size=8)  # fmt: skip


@given(turns)
def test_no_target_was_named_by_anyone_before_and_copying_finds_none(given_):
    dialogue = read_dialogue({"id": "t", "turns": spoken(*((role, text, *items) for role, text, items in given_))})
    seen = moments([dialogue])
    for moment in seen:
        place = int(moment.id.partition("/")[2])
        before = {item.id for turn in dialogue.turns[:place] for item in turn.items}
        assert set(moment.before) == before
        assert set(moment.novel) == {item.id for item in dialogue.turns[place].items} - before
        assert len(moment.messages) == place
    cases = [RankingCase(moment.id, "t", moment.novel) for moment in seen if moment.novel]
    copies = [list(reversed(moment.before)) for moment in seen if moment.novel]
    assert all(ratio.value == 0 for ratio in per_target(cases, copies, CUTS).ratios.values()) or not cases


def test_what_was_measured_is_what_the_file_says(measured):
    run, result = measured
    rows = lines(run.folder / "predictions.jsonl")
    assert (result.n, result.counts["turns"], result.counts["targets"]) == (18, 18, 18)
    assert [row["id"] for row in rows[:3]] == ["100/1", "100/3", "100/5"]
    assert [row["targets"] for row in rows[:3]] == [["100"], ["102"], ["104"]]
    assert result.counts["targets not in the catalogue"] == 0
    assert result.counts["test dialogues that were learned from"] == 0


# Figures


def test_copying_is_worth_nothing_in_the_headline_and_something_where_repeats_count(measured):
    result = measured[1]
    repeats = result.slices["with repeats"]
    assert COPY not in result.baselines
    assert repeats.systems[COPY]["recall@1"].value == pytest.approx(6 / 24)  # one repeat in each dialogue
    assert set(repeats.systems) >= {SYSTEM, COPY, "copy, then agent"}
    assert any("with repeats" in note for note in result.notes)


def test_systems_stand_in_the_order_that_the_data_says(measured):
    values = found(measured[1])
    assert 1 == values["oracle"] >= values[SYSTEM] >= values["popularity"] > values["random"]
    assert values[SYSTEM] > values["other people's targets"]
    assert set(measured[1].baselines) >= {FUSED, "popularity", "item_knn", "ease", "bm25", "dialogue_bm25", "dense", "als"}  # fmt: skip


def test_the_figures_can_be_computed_again_from_what_was_ranked(measured):
    run, result = measured
    rows = lines(run.folder / "predictions.jsonl")
    n = sum(len(row["targets"]) for row in rows)
    for cut in CUTS:
        places = [row["ranked"].index(target) for row in rows for target in row["targets"] if target in row["ranked"][:cut]]  # fmt: skip
        assert result.metrics[f"recall@{cut}"].value == pytest.approx(len(places) / n, abs=1e-9)
        assert result.metrics[f"mrr@{cut}"].value == pytest.approx(sum(1 / (p + 1) for p in places) / n, abs=1e-9)
    assert result.headline == "recall@3"


def test_slices_partition_the_targets(measured):
    slices = measured[1].slices
    assert slices["first request"].n == 6
    assert slices["1 named before"].n + slices["2 named before"].n == 12
    assert sum(slices[name].n for name in ("head", "tail", "never named in training") if name in slices) == 18


def test_how_equal_scores_stand_and_which_tools_are_missing_is_said(measured, fitted):
    notes = measured[1].notes
    assert any("Equal scores stand in the catalogue's order" in note for note in notes)
    missing = {*BASELINES, "dense", "als"} - set(Toolbox.open(fitted).tools)
    assert {note.partition(" is not among")[0] for note in notes if "is not among the fitted tools" in note} == missing


def test_worst_cases_say_what_was_said(measured):
    rows = lines(measured[0].folder / "worst.jsonl")
    assert all(row["said"] for row in rows)
    assert rows[0]["targets"][0].partition(" (")[0] in NAMES


def test_a_second_run_asks_nothing_and_ends_with_the_same_bytes(measured, fitted, redial, monkeypatch):
    before = (measured[0].folder / "metrics.json").read_bytes()
    monkeypatch.setattr(Toolbox, "recommend", None)
    options = DialogueOptions(cuts=CUTS, tools=("dense", "als"))
    run, _ = evaluate_dialogue(fitted, redial, options, measured[0].folder.parent)
    assert (run.folder / "metrics.json").read_bytes() == before


def test_published_tools_are_used_and_not_changed(measured, fitted):
    assert fitted.current().what == "fit"
    assert fitted.current().number == 3
    assert not (fitted.root / "evaluations").exists()


def test_a_single_tools_list_ends_where_it_has_no_opinion(measured):
    """Otherwise the catalogue's order, which knows nothing of the person, would be measured in its name."""
    (answers,) = (measured[0].folder / "answers").glob("*.jsonl")
    for row in lines(answers):
        assert len(row["ranked"][FUSED]) == len(row["ranked"]["popularity"]) == max(CUTS)
        assert not row["ranked"]["bm25"] or set(row["ranked"]["bm25"]) <= set(FILMS)
    assert any(len(row["ranked"]["bm25"]) < max(CUTS) for row in lines(answers))


# Leaks


def test_what_was_learned_from_is_refused_with_the_count(fitted, redial, tmp_path):
    with pytest.raises(LeakError, match=r"30 of 30 test dialogues.*--allow-leak"):
        evaluate_dialogue(fitted, redial, DialogueOptions(split="train"), tmp_path)
    with pytest.raises(LeakError, match="30 of 36"):
        evaluate_dialogue(fitted, redial, DialogueOptions(split="train,valid"), tmp_path)
    assert not list(tmp_path.iterdir())


def test_where_it_is_allowed_the_report_says_so_first(fitted, redial, tmp_path):
    _, result = evaluate_dialogue(fitted, redial, DialogueOptions("train", CUTS, limit=4, allow_leak=True), tmp_path)
    assert result.notes[0].startswith("LEAK: 30 test dialogues")
    assert result.counts["test dialogues that were learned from"] == 30


# Files


def test_ones_own_file_is_read_as_it_is(fitted, tmp_path):
    path = write(tmp_path / "talks.jsonl", spoken(("u", "Something to laugh at."), ("a", "Amber Coast!", "100"), ("u", "Seen."), ("a", "Dune Waltz", "103")))  # fmt: skip
    run, result = evaluate_dialogue(fitted, path, DialogueOptions(cuts=CUTS), tmp_path / "runs")
    assert [row["targets"] for row in lines(run.folder / "predictions.jsonl")] == [["100"], ["103"]]
    assert set(result.manifest["input"]) == {"talks.jsonl"}


def test_ids_that_the_workspace_does_not_know_are_counted_and_missed(fitted, tmp_path):
    path = write(tmp_path / "talks.jsonl", spoken(("u", "Something to laugh at."), ("a", "Gone or Amber Coast", "gone", "100")))  # fmt: skip
    _, result = evaluate_dialogue(fitted, path, DialogueOptions(cuts=(16,)), tmp_path / "runs")
    assert (result.counts["targets"], result.counts["targets not in the catalogue"]) == (2, 1)
    assert result.metrics["recall@16"].value == 1 / 2
    assert result.slices["never named in training"].n == 1


def test_a_dialogue_that_the_assistant_begins_with_an_item_is_measured(fitted, tmp_path):
    path = write(tmp_path / "talks.jsonl", spoken(("a", "Amber Coast?", "100"), ("u", "ok")))
    _, result = evaluate_dialogue(fitted, path, DialogueOptions(cuts=CUTS), tmp_path / "runs")
    assert (result.n, result.counts["failures"], result.slices["first request"].n) == (1, 0, 1)


def test_turns_that_name_nothing_new_are_counted(fitted, tmp_path):
    path = write(tmp_path / "talks.jsonl", spoken(("u", "Amber Coast", "100"), ("a", "Amber Coast!", "100"), ("a", "Or Dune Waltz", "103")))  # fmt: skip
    _, result = evaluate_dialogue(fitted, path, DialogueOptions(cuts=CUTS), tmp_path / "runs")
    assert (result.n, result.counts["turns that name nothing new"]) == (1, 1)


def test_an_answer_that_fails_is_a_miss_of_every_system(fitted, redial, measured, tmp_path, monkeypatch):
    real = Toolbox.recommend

    def sometimes(self, request):
        if "number 100" in request.text:
            raise ZeroDivisionError("oops")
        return real(self, request)

    monkeypatch.setattr(Toolbox, "recommend", sometimes)
    _, result = evaluate_dialogue(fitted, redial, DialogueOptions(cuts=(16,)), tmp_path)
    assert result.counts["failures"] == 2
    for table in (result.metrics, result.baselines[FUSED], result.baselines["popularity"]):  # these rank all films
        assert table["recall@16"].value == pytest.approx(16 / 18)


def test_the_part_of_a_layout_is_the_one_that_is_named(redial):
    def ids(source, split=None):
        brought = read_test_dialogues(source, split)
        return [dialogue.id for dialogue in brought.dialogues], [path.name for path in brought.files]

    assert ids(redial) == (["100", "101", "102", "103", "104", "105"], ["movies_with_mentions.csv", "valid.jsonl"])
    assert ids(redial, "test") == (["200", "201", "202"], ["movies_with_mentions.csv", "test.jsonl"])
    assert ids(redial / "test.jsonl") == ids(redial, "test")
    assert ids(redial / "test.jsonl", "valid") == ids(redial)
    with pytest.raises(InputError, match="no part `valdi`"):
        read_test_dialogues(redial, "valdi")


def test_ones_own_file_beside_a_layout_is_ones_own(redial, tmp_path):
    shutil.copytree(redial, tmp_path, dirs_exist_ok=True)
    path = write(tmp_path / "mine.jsonl", spoken(("u", "Hi"), ("a", "Amber Coast", "100")))
    brought = read_test_dialogues(path)
    assert ([dialogue.id for dialogue in brought.dialogues], brought.files) == (["t0"], (path,))
    with pytest.raises(InputError, match="no parts"):
        read_test_dialogues(path, "valid")


def test_the_parts_of_inspired_are_found_and_hashed_where_they_lie(tmp_path):
    """Its dialogues lie in a folder of their own."""
    (tmp_path / "dialog_data").mkdir()
    (tmp_path / "movie_database.tsv").write_text("title\tyear\nOld Hat\t1980\n")
    header = "dialog_id\tutt_id\tspeaker\tturn_id\ttext\tmovies\texpert_label\tfine_label\tmovie_id\n"
    for part in ("train", "dev"):
        (tmp_path / "dialog_data" / f"{part}.tsv").write_text(header + f"{part}1\t1\tRECOMMENDER\t1\tOld Hat?\tOld Hat (1980)\t\t\t\n")  # fmt: skip
    for source in (tmp_path, tmp_path / "dialog_data", tmp_path / "dialog_data" / "dev.tsv"):
        brought = read_test_dialogues(source)
        assert [dialogue.id for dialogue in brought.dialogues] == ["dev1"]
        assert [path.name for path in brought.files] == ["dev.tsv", "movie_database.tsv"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"id": "1", "turns": [{"role": "user", "text": "Hi"}, {"role": "assistant", "text": "Hello"}]}\n', "no turn in which"),
        ('{"id": "1", "turns": [{"role": "user", "text": "Heat", "items": [{"id": "100"}]}]}\n', "no turn in which"),
        ('{"id": "1", "turns": [{"role": "u", "text": "Hi"}]}\n', "role"),
        ("not json\n", "JSON"),
        ("", "is empty"),
    ],
)  # fmt: skip
def test_a_file_that_holds_nothing_to_measure_is_refused_with_a_sentence(fitted, tmp_path, content, said):
    (tmp_path / "talks.jsonl").write_text(content)
    with pytest.raises(ConvrecError, match=said) as refused:
        evaluate_dialogue(fitted, tmp_path / "talks.jsonl", DialogueOptions(), tmp_path / "runs")
    assert refused.value.exit_code == 2
    assert not (tmp_path / "runs").exists()


def test_of_ones_own_rows_one_in_a_hundred_may_be_bad_and_is_counted(fitted, tmp_path):
    row = json.dumps({"turns": spoken(("u", "Hi"), ("a", "Dune Waltz", "103"))})[1:]
    good = "".join(f'{{"id": "t{n}", {row}\n' for n in range(99))
    (tmp_path / "talks.jsonl").write_text(good + "torn {\n")
    _, result = evaluate_dialogue(fitted, tmp_path / "talks.jsonl", DialogueOptions(limit=2), tmp_path / "runs")
    assert result.counts["test rows that could not be read"] == 1
    for bad in ("torn {\n", good.partition("\n")[0] + "\n"):
        (tmp_path / "talks.jsonl").write_text(good + bad * 2)
        with pytest.raises(RejectedRowsError, match="2 of 101 rows"):
            read_test_dialogues(tmp_path / "talks.jsonl")


def test_a_folder_in_no_known_layout_or_no_file_at_all_is_refused_with_a_sentence(fitted, tmp_path):
    with pytest.raises(InputError, match=r"no known layout.*redial"):
        evaluate_dialogue(fitted, tmp_path, DialogueOptions(), tmp_path / "runs")
    with pytest.raises(InputError, match="There is no "):
        evaluate_dialogue(fitted, tmp_path / "none", DialogueOptions(), tmp_path / "runs")


def test_an_unknown_tool_and_a_workspace_without_tools_are_refused(fitted, redial, tmp_path):
    with pytest.raises(InputError, match="oracle_knn"):
        evaluate_dialogue(fitted, redial, DialogueOptions(tools=("oracle_knn",)), tmp_path / "runs")
    (tmp_path / "items.csv").write_text("id,title\n100,Amber Coast\n")
    bare = Workspace.create(tmp_path / "bare")
    ingest(bare, items=[tmp_path / "items.csv"])
    with pytest.raises(NotFittedError, match="convrec fit"):
        evaluate_dialogue(bare, redial, DialogueOptions(), tmp_path / "runs")
