"""What a set promises: one's own values, the prompts that are sent, parts apart from each other, no secret, nobody who was forgotten."""

import json
from collections import Counter
from datetime import UTC, datetime

import pytest

from convrec.agent.stores.ledger import Ledger
from convrec.agent.stores.opening import open_database
from convrec.catalogue.ingest import Intake, take_in
from convrec.catalogue.reading import file_source
from convrec.catalogue.workspace import Workspace
from convrec.core.clock import FixedClock
from convrec.core.errors import InputError
from convrec.core.text import fold
from convrec.finetune.proof.scores import parts_of
from convrec.finetune.sets.build import SetOptions, build, read_set
from convrec.finetune.sets.checks import balanced, check_leaks, has_secret, without_doubles
from convrec.finetune.sets.own import is_fresh, names_fresh, own_view
from convrec.finetune.sets.rows import PARTS, read_rows, write_rows
from convrec.finetune.sets.sources import hearing_of
from convrec.prompts.understand.answer import Understood
from tests.finetune.bases import row, rows

CLOCK = FixedClock(datetime(2026, 5, 1, tzinfo=UTC))
KINDS = (
    "Teapot",
    "Kettle",
    "Mug",
    "Cup",
    "Bowl",
    "Tray",
    "Spoon",
    "Whisk",
    "Jar",
    "Scale",
    "Filter",
    "Carafe",
    "Grinder",
    "Strainer",
)
MAKERS = ("Ohara", "Brunsel", "Vettri", "Kolm", "Aster & Sons", "Ninova", "Palt", "Derrin")


def write_shop(folder, n=60):
    """Writes a CSV of a shop whose words no grammar knows; returns its path."""
    lines = ["id,title,kind,maker,price,dishwasher_safe"]
    lines += [
        f"t{i},{MAKERS[i % 8]} No. {i},{KINDS[i % 14]},{MAKERS[i % 8]},{5 + i},{'true' if i % 3 else 'false'}"
        for i in range(n)
    ]
    path = folder / "items.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    workspace = Workspace.create(folder / "workspace")
    dialogues = folder / "dialogues.jsonl"
    said = "I loved the Ohara No. 0, what else is there?"
    talk = lambda n: {"id": f"d{n}", "turns": [{"role": "user", "text": f"Hello {n}."}, {"role": "assistant", "text": "Hi!"}, {"role": "user", "text": f"{said} {n}", "items": [{"id": "t0", "relation": "liked", "span": [12, 23]}]}]}  # noqa: E731  # fmt: skip
    dialogues.write_text("\n".join(json.dumps(talk(n)) for n in range(12)), encoding="utf-8")
    take_in(workspace, Intake(items=[file_source(write_shop(folder))], dialogues=[file_source(dialogues)]))
    return Workspace.open(workspace.root)


@pytest.fixture(scope="module")
def built(shop, tmp_path_factory):
    out = tmp_path_factory.mktemp("set")
    return out, build(shop, "understand", out, SetOptions(messages=120, seed=3), clock=CLOCK)


def test_messages_name_the_shops_own_values(shop, built):
    out, _ = built
    named = {name for one in read_rows(out / "train.jsonl") for name in one.names}
    assert {fold(kind) for kind in KINDS} & named
    assert any(fold(maker) in named for maker in MAKERS)


def test_answers_have_the_shape_that_the_prompt_asks_for(built):
    out, _ = built
    for part in PARTS:
        for one in read_rows(out / f"{part}.jsonl"):
            Understood.model_validate_json(one.answer)
            marks = parts_of(one, one.answer)
            assert marks["valid"] == (1.0, 1.0)
            assert marks["span_f1"][0] == marks["span_f1"][1]


def test_prompts_are_those_that_are_sent(shop, built):
    out, _ = built
    one = next(one for one in read_rows(out / "train.jsonl") if len(one.messages[1].content) and "shown" not in one.messages[1].content and "asked" not in one.messages[1].content and one.source == "grammar")  # fmt: skip
    from convrec.agent.state import DialogueState

    sent = hearing_of(shop, CLOCK).sent(one.message, DialogueState())
    assert [(message.role, message.content) for message in one.messages] == list(sent)


def test_held_out_messages_name_what_training_does_not(shop, built):
    out, _ = built
    catalogue = shop.catalogue()
    titles = {fold(title) for title in catalogue.titles if is_fresh("title", title)}
    assert titles
    trained = [one for one in read_rows(out / "train.jsonl") if one.source == "grammar"]
    assert not titles & {name for one in trained for name in one.names}
    held = [one for one in read_rows(out / "heldout_wording.jsonl") if one.names]
    assert held
    assert all(names_fresh(Understood.model_validate_json(one.answer), catalogue) for one in held)


def test_a_field_of_few_values_is_trained_whole_and_an_open_one_is_not(shop, fitted_films):
    def drawn(workspace, which, field):
        facets = own_view(workspace.catalogue(), 2026, which).facets
        return {value.name for facet in facets if facet.name == field for value in facet.spec.values}

    assert drawn(shop, "known", "kind") == set(KINDS)
    films = Workspace.open(fitted_films)
    assert not drawn(films, "known", "cast") & drawn(films, "fresh", "cast")


def test_dialogues_become_rows_of_one_part_each_and_none_is_synthetic(built):
    out, card = built
    real = [one for part in PARTS for one in read_rows(out / f"{part}.jsonl") if one.source == "dialogues"]
    assert real
    assert not any(one.synthetic for one in real)
    liked = json.loads(real[0].answer)["preferences"]
    assert {
        "facet": "item",
        "value": "Ohara No. 0",
        "polarity": 1,
        "strength": "soft",
        "scope": "lasting",
        "quote": "Ohara No. 0",
    } in liked
    assert not any(one.synthetic for one in read_rows(out / "test.jsonl"))
    assert card["rows"]["train"] > 0


def test_the_card_counts_and_shows_rows(built):
    out, card = built
    assert card["rows"] == {part: len(read_rows(out / f"{part}.jsonl")) for part in PARTS}
    assert 0 < card["synthetic"] < 1
    assert set(card["sources"]) == {"grammar", "dialogues"}
    told = (out / "card.md").read_text(encoding="utf-8")
    assert "## 50 rows to read" in told
    assert told.count("\n**") == 50


def test_the_same_seed_builds_the_same_set(shop, built, tmp_path):
    _, card = built
    assert build(shop, "understand", tmp_path, SetOptions(messages=120, seed=3), clock=CLOCK)["set"] == card["set"]


def planted(folder, built, one, part):
    out, _ = built
    for name in PARTS:
        write_rows(folder / f"{name}.jsonl", [*read_rows(out / f"{name}.jsonl"), *([one] if name == part else [])])
    return folder


def test_a_planted_leak_is_caught_and_named(built, tmp_path):
    out, _ = built
    one = read_rows(out / "heldout_wording.jsonl")[0]
    leak = one.model_copy(update={"id": "planted", "part": "train", "message": one.message.upper() + " !"})
    with pytest.raises(
        InputError,
        match=f"A leak: the message of row {one.id} of the part heldout_wording stands in training row planted",
    ):
        read_set(None, planted(tmp_path, built, leak, "train"))


def test_a_person_in_two_parts_is_a_leak():
    with pytest.raises(InputError, match="the person or conversation of row valid-0"):
        check_leaks({"train": [row(1, group="ana")], "valid": [row(0, "valid", group="ana")]})


def test_a_synthetic_row_in_the_test_is_refused():
    with pytest.raises(InputError, match="Row test-0 of the part test is synthetic"):
        check_leaks({"train": rows(2), "test": [row(0, "test", message="something else entirely")]})


@pytest.mark.parametrize(
    "secret",
    [
        "my key is sk-abcdefghijklmnop1234",
        "password: hunter2hunter2",
        "write to ana@example.com",
        "card 4111 1111 1111 1111",
        "call +49 170 1234567",
        "AKIAABCDEFGHIJKLMNOP",
    ],
)
def test_secrets_never_enter(secret):
    assert has_secret(row(0, message=f"any westerns? {secret}"))
    assert not has_secret(row(0, message="any westerns from 1990-1999 under 20 euros?"))


def test_doubles_are_told_by_their_words_alone():
    one, other = row(0, message="Any WESTERNS, please?"), row(1, message="any westerns please")
    assert without_doubles([one, other]) == [one]
    assert without_doubles([other], [one]) == []


def test_no_kind_of_row_drowns_the_others():
    many = [row(n, kind="request") for n in range(90)] + [row(n, kind="forget") for n in range(90, 100)]
    kept = Counter(one.kind for one in balanced(many))
    assert kept["forget"] == 10
    assert 0.6 < kept["request"] / kept.total() <= 0.65


def test_people_who_were_forgotten_are_left_out_of_a_set_that_was_built_before(shop, tmp_path):
    ledger = Ledger(open_database(shop.state_url()))
    ledger.forget("ana", datetime(2026, 5, 1, tzinfo=UTC))
    ledger.close()
    for part, some in (
        ("train", [row(0, user="ana"), row(1, user="ben")]),
        ("valid", [row(2, "valid")]),
        ("heldout_wording", []),
        ("test", []),
    ):
        write_rows(tmp_path / f"{part}.jsonl", some)
    assert [one.user for one in read_set(shop, tmp_path)["train"]] == ["ben"]
    assert "ana" not in (tmp_path / "train.jsonl").read_text(encoding="utf-8")


def test_a_shop_without_fields_is_spoken_of_by_words_of_its_titles(tmp_path):
    path = tmp_path / "items.csv"
    path.write_text(
        "id,title\n" + "\n".join(f"g{i},The {word} Quest {i}" for i, word in enumerate(KINDS)), encoding="utf-8"
    )
    workspace = Workspace.create(tmp_path / "workspace")
    take_in(workspace, Intake(items=[file_source(path)]))
    card = build(Workspace.open(workspace.root), "understand", tmp_path / "set", SetOptions(messages=40), clock=CLOCK)
    assert card["rows"]["train"] > 10


def test_an_empty_workspace_is_a_sentence(tmp_path):
    with pytest.raises(InputError, match="catalogue is empty"):
        build(
            Workspace.create(tmp_path / "workspace"),
            "understand",
            tmp_path / "set",
            SetOptions(messages=10),
            clock=CLOCK,
        )
