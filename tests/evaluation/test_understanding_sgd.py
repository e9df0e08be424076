"""Messages of the Schema-Guided Dialogue layout: catalogues from training answers, gold from labels, scores by hand."""

import json

import pytest

from convrec.core.errors import InputError
from convrec.core.understanding import Preference, Reference, Understanding
from convrec.evaluation.understanding.hearing import compact
from convrec.evaluation.understanding.marks import scored, shuffled
from convrec.evaluation.understanding.sgd import by_look_up, evaluate_sgd, measure_sgd, read_sgd
from convrec.evaluation.understanding.sgd_catalogues import services, supply
from convrec.evaluation.understanding.slots import Slot, said


def action(act, slot="", value=None, canonical=None):
    values = [] if value is None else [value]
    return {"act": act, "slot": slot, "values": values, "canonical_values": [canonical or value] if values else []}


def frame(service, text, actions, spans=(), results=None):
    slots = [
        {"slot": slot, "start": text.index(words), "exclusive_end": text.index(words) + len(words)}
        for slot, words in spans
    ]
    return {"service": service, "actions": actions, "slots": slots, **({"service_results": results} if results else {})}


def turn(speaker, text, *frames):
    return {"speaker": speaker, "utterance": text, "frames": list(frames)}


def said_by(speaker, service, text, actions, spans=(), results=None):
    return turn(speaker, text, frame(service, text, actions, spans, results))


FILMS = [
    {"movie_name": "Dusty Roads", "genre": "Western", "location": "Oakland", "theater_name": "Rex", "show_date": "2019-03-02"},
    {"movie_name": "Dusty Roads", "genre": "Western", "location": "Oakland", "theater_name": "Rex", "show_date": "2019-03-03"},
    {"movie_name": "Glass Bells", "genre": "Drama", "location": "Fresno", "theater_name": "Roxy", "show_date": "2019-03-03"},
]  # fmt: skip
MEDIA = [{"title": "Glass Bells", "genre": "Drama", "directed_by": "Ana Sol", "subtitles": "True"}]


def training():
    films = said_by(
        "SYSTEM", "Movies_1", "There is Dusty Roads.", [action("OFFER", "movie_name", "Dusty Roads")], results=FILMS
    )
    media = said_by("SYSTEM", "Media_1", "Try Glass Bells.", [action("OFFER", "title", "Glass Bells")], results=MEDIA)
    return [
        {"dialogue_id": "t1", "turns": [said_by("USER", "Movies_1", "A film?", [action("INFORM_INTENT", "intent", "x")]), films]},
        {"dialogue_id": "t2", "turns": [said_by("USER", "Media_1", "Hi", []), media]},
    ]  # fmt: skip


def evaluated():
    first = "I want a cowboy film in Oakland, no, a Western by Ana Sol."
    return [
        {
            "dialogue_id": "d1",
            "turns": [
                said_by(
                    "USER", "Movies_2", first,
                    [action("INFORM_INTENT", "intent", "FindMovies"), action("INFORM", "genre", "cowboy film", "Western"), action("INFORM", "director", "Ana Sol"), action("INFORM", "starring", "Cy Ode")],
                    [("genre", "cowboy film"), ("director", "Ana Sol")],
                ),
                said_by("SYSTEM", "Movies_2", "What genre?", [action("REQUEST", "genre")]),
                said_by("USER", "Movies_2", "Drama please", [action("INFORM", "genre", "Drama"), action("THANK_YOU")], [("genre", "Drama")]),
                said_by("SYSTEM", "Movies_2", "There is Glass Bells.", [action("OFFER", "title", "Glass Bells")]),
                said_by("USER", "Movies_2", "Yes, Glass Bells.", [action("SELECT", "title", "Glass Bells")], [("title", "Glass Bells")]),
                said_by("SYSTEM", "Banks_1", "Which account?", [action("REQUEST", "account_type")]),
                said_by("USER", "Banks_1", "Savings. Bye", [action("INFORM", "account_type", "savings"), action("GOODBYE")]),
            ],
        }
    ]  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    def write(name, rows):
        (tmp_path / name).write_text("\n".join(map(json.dumps, rows)))

    write("train.jsonl", training())
    write("dev.jsonl", evaluated())
    return tmp_path


@pytest.fixture
def data(folder, clock):
    return read_sgd(folder, folder / "made", clock)


def test_a_catalogue_has_an_item_for_each_title_and_key():
    made = supply(services()["Movies_1"], {"Movies_1": FILMS})
    assert [(item["title"], item["location"], item["show_date"]) for item in made.items] == [
        ("Dusty Roads", "Oakland", ["2019-03-02", "2019-03-03"]),
        ("Glass Bells", "Fresno", ["2019-03-03"]),
    ]
    assert made.carries("show_date", "2019 03 02")
    assert not made.carries("genre", "comedy")


def test_a_service_without_answers_takes_its_values_from_others_under_its_own_names(data):
    catalogue = data.catalogue("Movies_2")
    assert catalogue.schema.names == ("title", "genre", "director", "starring", "aggregate_rating")
    assert catalogue.titles == ["Dusty Roads", "Glass Bells"]
    assert catalogue.item("2").facts == {"title": "Glass Bells", "genre": "Drama", "director": ["Ana Sol"]}
    assert catalogue.schema.field("director").description
    assert not catalogue.present("starring").any()


def test_every_service_describes_its_fields_and_maps_what_exists():
    for service in services().values():
        assert all(field.description for field in service.fields), service.name
        assert service.facet(service.title) == "title"
        for source, slots in service.values.items():
            assert all(service.facet(slot) and services()[source].facet(theirs) for slot, theirs in slots.items())


def test_gold_is_what_the_labels_say(data):
    first, second, third = data.cases
    assert [case.id for case in data.cases] == ["d1/0/Movies_2", "d1/2/Movies_2", "d1/4/Movies_2"]
    assert first.acts == ("request", "state_preference")
    assert first.slots == (Slot("director", "ana sol"), Slot("genre", "western"))
    assert first.uncarried == 1  # no training answer has a star
    assert first.spans == ((9, 20, "genre"), (50, 57, "director"))
    assert second.acts == ("answer", "thank")
    assert [message["role"] for message in second.messages] == ["user", "assistant", "user"]
    assert third.acts == ("accept",)
    assert third.slots == (Slot("title", "glass bells"),)


def test_scores_are_those_reckoned_by_hand(data):
    heard = Understanding(
        acts=("request", "greet"),
        preferences=(
            Preference(facet="genre", value="western", span=(9, 15)),  # the value, but not the whole words
            Preference(facet="genre", value="Drama", span=(39, 46)),  # made up
            Preference(facet="director", value="Ana Sol", polarity=-1, span=(50, 57)),  # the wrong way round
            Preference(facet="text", value="film"),
        ),
    )
    parts = data.mark(data.cases[0], said(heard)).parts
    assert parts["slot_f1"] == (2, 2 + 2 + 1)
    assert parts["slot_span_f1"] == parts["span_f1"] == (2, 2 + 2 + 1)
    assert parts["span_overlap_f1"] == (4, 4 + 1)
    assert parts["acts_f1"] == (2, 3)  # `greet` can't be labelled here, and is left out
    assert parts["acts_merged_f1"] == (2, 2)


def test_a_value_as_said_is_as_good_as_its_canonical_form(folder, clock):
    talk = said_by("USER", "Movies_2", "A drama", [action("INFORM", "genre", "drama", "Western")], [("genre", "drama")])
    (folder / "dev.jsonl").write_text(json.dumps({"dialogue_id": "x", "turns": [talk]}))
    data = read_sgd(folder, folder / "made", clock)
    (case,) = data.cases
    assert (case.slots, case.forms) == ((Slot("genre", "western"),), (("genre", "drama", "western"),))
    for value in ("Drama", "Western"):
        heard = Understanding(preferences=(Preference(facet="genre", value=value),))
        assert data.mark(case, said(heard)).parts["slot_f1"] == (2, 2)


def test_a_title_is_heard_as_a_reference(data):
    heard = Understanding(acts=("accept",), references=(Reference(kind="title", item_ids=("2",), span=(5, 16)),))
    parts = data.mark(data.cases[2], said(heard)).parts
    assert parts["slot_f1"] == parts["slot_span_f1"] == (2, 2)


def test_a_failed_prediction_misses_everything(data):
    mark = data.mark(data.cases[0], {"error": "KeyError: 'x'"})
    assert mark.parts["slot_f1"] == (0, 2)
    assert mark.parts["acts_f1"] == (0, 2)
    assert mark.errors[0] == "failed"


def test_the_oracle_is_perfect_and_shuffled_labels_are_not(data):
    oracle = [data.oracle(case) for case in data.cases]
    right = scored([data.mark(case, each) for case, each in zip(data.cases, oracle, strict=True)])
    assert {name: ratio.value for name, ratio in right.ratios.items()} == dict.fromkeys(right.ratios, 1.0)
    dealt = [oracle[1], oracle[2], oracle[0]]
    wrong = scored([data.mark(case, each) for case, each in zip(data.cases, dealt, strict=True)])
    assert wrong.ratios["slot_f1"].value == wrong.ratios["acts_f1"].value == 0
    assert len(shuffled(oracle)) == 3


def test_the_whole_path_measures_agent_and_look_up(folder, clock):
    measured = evaluate_sgd(folder, folder / "made", compact(clock, None), clock)
    assert list(measured.systems) == ["agent", "gazetteer"]
    assert measured.groups == ["d1"] * 3
    assert measured.slices == {"Movies": [0, 1, 2], "Movies_2": [0, 1, 2]}
    assert measured.counts["values_not_in_the_catalogue"] == 1
    assert measured.counts["failures"] == 0
    assert measured.notes == ("Movies_2: 2 items; without values: starring, aggregate_rating",)
    by_hand = {
        # look-up misses "cowboy film", hears "Western" in its place, and finds all else
        "slot_f1": 1.0, "fact_slot_f1": 1.0, "slot_span_f1": 6 / 8, "span_f1": 6 / 8, "span_overlap_f1": 6 / 8,
        "acts_f1": 0.0, "acts_merged_f1": 0.0,
    }  # fmt: skip
    assert {n: r.value for n, r in measured.systems["gazetteer"].ratios.items()} == pytest.approx(by_hand)
    assert measured.systems["agent"].ratios["slot_f1"].value == 1
    again = evaluate_sgd(folder, folder / "made", compact(clock, None), clock)
    assert again.predictions == measured.predictions
    assert again.worst == measured.worst
    json.dumps(measured.predictions)


def test_answers_can_be_kept_by_the_caller(data):
    asked = []

    def keep(system, cases, answer):
        asked.append(system)
        return [{"id": case.id, **answer(case)} for case in cases]

    measured = measure_sgd(data, {"gazetteer": by_look_up(data), "oracle": data.oracle}, keep)
    assert asked == ["gazetteer", "oracle"]
    assert measured.system == "gazetteer"


def test_bad_dialogues_are_counted_and_too_many_refused(folder, clock):
    good = evaluated() * 150
    torn = {"dialogue_id": "x", "turns": [{"speaker": "USER", "utterance": "Hi", "frames": [{"service": "Movies_2"}]}]}
    (folder / "dev.jsonl").write_text("\n".join(map(json.dumps, [*good, torn])))
    assert read_sgd(folder, folder / "made", clock).rejected == 1
    (folder / "dev.jsonl").write_text("\n".join(map(json.dumps, [torn, *evaluated()])))
    with pytest.raises(InputError, match=r"1 of 2 rows .* line 1, column turns\.0\.frames\.0\.actions: it is missing"):
        read_sgd(folder, folder / "made", clock)


def test_a_part_is_a_file_or_a_folder_of_files(folder, clock, tmp_path):
    whole = read_sgd(folder, folder / "made", clock)
    assert read_sgd(folder / "dev.jsonl", folder / "made", clock).cases == whole.cases
    official = tmp_path / "official"
    for part, rows in (("train", training()), ("dev", evaluated())):
        (official / part).mkdir(parents=True)
        (official / part / "dialogues_001.json").write_text(json.dumps(rows))
    assert read_sgd(official, folder / "made", clock).cases == whole.cases
    assert read_sgd(official / "dev" / "dialogues_001.json", folder / "made", clock).cases == whole.cases
    assert {case.service for case in read_sgd(folder, folder / "made", clock, split="train").cases} == {
        "Movies_1",
        "Media_1",
    }


def test_missing_and_foreign_files_are_refused(folder, clock):
    with pytest.raises(InputError, match="no test dialogues"):
        read_sgd(folder, folder / "made", clock, split="test")
    (folder / "dev.jsonl").write_text(json.dumps({"dialogue_id": "1", "turns": [said_by("USER", "Homes_1", "Hi", [])]}))
    with pytest.raises(InputError, match="about a service that is known"):
        read_sgd(folder, folder / "made", clock)
    (folder / "dev.jsonl").write_text("")
    with pytest.raises(InputError, match="is empty"):
        read_sgd(folder, folder / "made", clock)
