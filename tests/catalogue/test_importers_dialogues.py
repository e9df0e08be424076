import csv
import gzip
import json

import pytest

from convrec.catalogue.importers import import_layout
from convrec.catalogue.importers.mentions import title_spans
from convrec.catalogue.importers.opendialkg import _part
from convrec.core.errors import InputError, RejectedRowsError

UTTERANCES = (
    "dialog_id utt_id speaker turn_id text text_with_placeholder movies expert_label fine_label movie_id".split()
)


def named(dialogue):
    """Returns, a turn, what it names: the id, the relation and the words of the span."""
    return [
        [(item.id, item.relation, item.span and turn.text[slice(*item.span)]) for item in turn.items]
        for turn in dialogue.turns
    ]


@pytest.mark.parametrize(
    ("text", "titles", "words"),
    [
        ("have you seen the long walk?", ["The Long Walk"], ["the long walk"]),
        ("Have you seen Long  Walk?", ["The Long Walk"], ["Long  Walk"]),
        ("Night Train 2, then Night Train", ["Night Train", "Night Train 2"], ["Night Train", "Night Train 2"]),
        ("Only Night Train 2", ["Night Train", "Night Train 2"], [None, "Night Train 2"]),
        ("a trainer", ["Train"], [None]),
        ("Jo’s Hat!", ["Jo's Hat"], ["Jo’s Hat"]),
        ("What (a) day?", ["What (a) Day?"], ["What (a) day?"]),
        ("The!", ["The"], ["The"]),
        ("nothing", [], []),
        ("", ["A"], [None]),
    ],
)
def test_titles_are_found_where_they_stand(text, titles, words):
    assert [span and text[slice(*span)] for span in title_spans(text, titles)] == words


def table(path, header, rows):
    """Writes tab-separated rows as they are, each a mapping from the header's names."""
    lines = ["\t".join(header), *("\t".join(row.get(name, "") for name in header) for row in rows)]
    text = "".join(line + "\n" for line in lines)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)


def talk(name, lines, outcome="accept_rating_good", trailer="vid-1"):
    return [
        {"dialog_id": name, "utt_id": str(n), "speaker": speaker, "turn_id": turn, "text": text, "movies": movies,
         "text_with_placeholder": 'a "cell" with quotes', "fine_label": outcome, "movie_id": trailer}
        for n, (speaker, turn, text, movies) in enumerate(lines, 1)
    ]  # fmt: skip


LINES = [
    ("RECOMMENDER", "1", "Hi!", ""),
    ("RECOMMENDER", "1", "Did you like QUOTATION_MARKOld HatQUOTATION_MARK?", "Old Hat (1980)"),
    ("SEEKER", "1", "Yes, and the night train.", "Night Train (2001)"),
    ("RECOMMENDER", "2", "Then try night train or Old Hat 2", "Night Train (2001);  Old Hat 2 (1985)"),
    ("SEEKER", "2", "I accept it", "Night Train (2001)"),
]


@pytest.fixture
def inspired(tmp_path):
    folder = tmp_path / "data"
    (folder / "dialog_data").mkdir(parents=True)
    table(
        folder / "movie_database.tsv",
        ["title", "year", "genre", "actors", "director", "language", "short_plot", "long_plot", "video_id"],
        [
            {"title": "Night Train", "year": "2001", "genre": "Drama, Sci-Fi", "actors": "Cy Oak, Di Fir",
             "director": "Ann Lee", "language": "English", "short_plot": 'A train they call "Owl".', "video_id": "vid-1"},
            {"title": "Night Train", "year": "2001", "video_id": "vid-2"},
            {"title": "Old Hat (1980)", "year": "1980.0", "long_plot": '"A ""good"" hat"', "video_id": "N/A"},
            {"title": "Serial", "year": "2010–2018"},
        ],
    )  # fmt: skip
    dialogs = folder / "dialog_data"
    table(dialogs / "train.tsv.gz", UTTERANCES, talk("t1.pkl", LINES) + talk("t2.pkl", LINES, "reject", "vid-2SPLIT90"))
    table(dialogs / "dev.tsv", UTTERANCES, talk("d1.pkl", [("SEEKER", "1", "Anything like Fog?", "Fog (1999)")]))
    table(dialogs / "test.tsv", UTTERANCES, talk("e1.pkl", [("SEEKER", "1", "Hats", "Old Hat")], trailer="other"))
    return folder


def test_inspired_items(workspace, inspired):
    summary = import_layout("inspired", inspired, workspace)
    catalogue = workspace.catalogue()
    assert (summary.items_added, summary.dialogues, summary.rejected) == (5, 2, 0)
    assert catalogue.ids == [
        "Night Train (2001)",
        "Old Hat (1980)",
        "Serial (2010)",
        "Old Hat 2 (1985)",
        "Fog (1999)",
    ]
    assert catalogue.item("Night Train (2001)").facts == {
        "title": "Night Train",
        "year": 2001,
        "genres": ["Drama", "Sci-Fi"],
        "director": ["Ann Lee"],
        "cast": ["Cy Oak", "Di Fir"],
        "language": ["English"],
        "description": 'A train they call "Owl".',
        "url": "https://www.youtube.com/watch?v=vid-1",
        "source_title": "Night Train",
    }
    assert catalogue.item("Old Hat (1980)").facts == {
        "title": "Old Hat",
        "year": 1980,
        "description": 'A "good" hat',
        "source_title": "Old Hat (1980)",
    }
    assert catalogue.item("Fog (1999)").facts == {"title": "Fog", "year": 1999, "source_title": "Fog (1999)"}
    assert (catalogue.schema.noun, catalogue.schema.nouns) == ("film", "films")


def test_inspired_dialogues(workspace, inspired):
    import_layout("inspired", inspired / "dialog_data" / "train.tsv.gz", workspace)
    accepted, rejected = workspace.catalogue().dialogues()
    assert (accepted.id, rejected.id) == ("t1.pkl", "t2.pkl")
    assert [(turn.role, turn.text) for turn in accepted.turns] == [
        ("assistant", 'Hi! Did you like "Old Hat"?'),
        ("user", "Yes, and the night train."),
        ("assistant", "Then try night train or Old Hat 2"),
        ("user", "I accept it"),
    ]
    assert named(accepted) == [
        [("Old Hat (1980)", "mentioned", "Old Hat")],
        [("Night Train (2001)", "liked", "night train")],
        [("Night Train (2001)", "recommended", "night train"), ("Old Hat 2 (1985)", "mentioned", "Old Hat 2")],
        [("Night Train (2001)", "liked", None)],
    ]
    assert [[relation for _, relation, _ in turn] for turn in named(rejected)] == [
        ["mentioned"],
        ["mentioned"],
        ["recommended", "mentioned"],
        ["mentioned"],
    ]


def test_inspired_reads_the_parts_that_are_named_and_the_same_films(workspace, inspired):
    import_layout("inspired", inspired, workspace, split="dev,test")
    catalogue = workspace.catalogue()
    assert [dialogue.id for dialogue in catalogue.dialogues()] == ["d1.pkl", "e1.pkl"]
    assert [named(dialogue) for dialogue in catalogue.dialogues()] == [
        [[("Fog (1999)", "mentioned", "Fog")]],
        [[("Old Hat (1980)", "mentioned", None)]],
    ]
    assert len(catalogue) == 5
    with pytest.raises(InputError, match="no part `valid`"):
        import_layout("inspired", inspired, workspace, split="valid")


def test_a_title_without_a_year_stays_the_film_it_was_when_another_turns_up(workspace, inspired):
    table(inspired / "dialog_data" / "dev.tsv", UTTERANCES, talk("d1", [("SEEKER", "1", "Serial!", "Serial")]))
    table(inspired / "dialog_data" / "test.tsv", UTTERANCES, talk("e1", [("SEEKER", "1", "Serial!", "Serial (1950)")]))
    import_layout("inspired", inspired, workspace, split="dev,test")
    assert [named(dialogue)[0][0][0] for dialogue in workspace.catalogue().dialogues()] == [
        "Serial (2010)",
        "Serial (1950)",
    ]


def test_inspired_rows_that_can_not_be_used_are_reported(workspace, inspired, rejected):
    good = talk("d1", [("SEEKER", "1", "Fog", "Fog (1999)")])
    bad = [
        good[0] | {"speaker": "BOT"},
        good[0] | {"dialog_id": ""},
        good[0] | {"movies": f"Fog (1999); {'x' * 300}"},
        good[0] | {"text": "a\ttab"},
    ]
    table(inspired / "dialog_data" / "dev.tsv", UTTERANCES, [*bad, *good])
    with (inspired / "movie_database.tsv").open("a") as out:
        out.write("\t2001" + "\t" * 7 + "\n")
    summary = import_layout("inspired", inspired, workspace, split="dev", max_rejected=0.9)
    assert [(row["file"], row["line"], row["column"]) for row in rejected()] == [
        ("movie_database.tsv", 6, "title"),
        ("dev.tsv", 2, "speaker"),
        ("dev.tsv", 3, "dialog_id"),
        ("dev.tsv", 4, "movies"),
        ("dev.tsv", 5, None),
    ]
    assert rejected()[1]["reason"] == "'BOT' is neither SEEKER nor RECOMMENDER"
    assert (summary.rejected, summary.dialogues) == (5, 1)
    assert named(workspace.catalogue().dialogues()[0]) == [[("Fog (1999)", "mentioned", "Fog")]]


def test_inspired_without_a_file_or_column_is_refused(workspace, inspired):
    dialogs = inspired / "dialog_data"
    (dialogs / "dev.tsv").unlink()
    import_layout("inspired", inspired, workspace)  # only the part that is asked for must be there
    with pytest.raises(InputError, match=r"no dev\.tsv"):
        import_layout("inspired", inspired, workspace, split="dev")
    table(dialogs / "dev.tsv", [name for name in UTTERANCES if name != "movies"], talk("d1", LINES))
    with pytest.raises(InputError, match="no column `movies`"):
        import_layout("inspired", inspired, workspace, split="dev")
    (inspired / "movie_database.tsv").unlink()
    with pytest.raises(InputError, match=r"no movie_database\.tsv"):
        import_layout("inspired", inspired, workspace)


def chat(sender, message):
    return {"type": "chat", "sender": sender, "message": message}


def walk(sender, *triples):
    path = [0.5, [list(triple) for triple in triples], "in words"]
    return {"type": "action", "sender": sender, "action_id": "kgwalk/choose_path", "metadata": {"path": path}}


NOTE = {"type": "action", "sender": "user", "action_id": "meta_thread/send_meta_message", "metadata": {"text": "done"}}
FILMS_TALK = [
    chat("user", "Do you like night train?"),
    walk(
        "assistant",
        ("Night Train", "starred_actors", "Cy Oak"),
        ("Cy Oak", "~starred_actors", "Fog (Crime Fiction Film)"),
    ),
    chat("assistant", "Yes! Cy Oak is also in Fog."),
    NOTE,
    walk("user", ("Fog (Crime Fiction Film)", "release_year", "1999")),
    chat("user", "When was that?"),
]
BOOKS_TALK = [
    walk("assistant", ("Eve Ash", "~Author", "Moss (2004)")),
    chat("assistant", "Eve Ash wrote something green."),
    walk("user", ("Eve Ash", "", ""), ("Moss (2004)", "has_genre", "Poetry")),
    chat("user", "Lone surrogate \ud83d"),
    walk("user", ("Ode", "has_genre", "Folk")),
    chat("user", "And the song Ode?"),
]


def conversations(path, *talks):
    """Writes the rows, whose messages are a list or what a cell says."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "wt", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["Messages", "User Rating", "Assistant Rating"])
        for talk in talks:
            writer.writerow([talk if isinstance(talk, str) else json.dumps(talk), "{}", "{}"])


@pytest.fixture
def opendialkg(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    conversations(folder / "opendialkg.csv", FILMS_TALK, BOOKS_TALK)
    return folder


EVERY = "train,valid,test"


def test_opendialkg_items(workspace, opendialkg):
    summary = import_layout("opendialkg", opendialkg, workspace, split=EVERY)
    catalogue = workspace.catalogue()
    assert (summary.items_added, summary.dialogues, summary.rejected) == (3, 2, 0)
    assert catalogue.ids == ["Night Train", "Fog (Crime Fiction Film)", "Moss (2004)"]
    assert catalogue.item("Fog (Crime Fiction Film)").facts == {
        "title": "Fog",
        "kind": "movie",
        "year": 1999,
        "cast": ["Cy Oak"],
        "source_title": "Fog (Crime Fiction Film)",
    }
    assert catalogue.item("Moss (2004)").facts == {
        "title": "Moss",
        "kind": "book",
        "year": 2004,
        "genres": ["Poetry"],
        "writer": ["Eve Ash"],
        "source_title": "Moss (2004)",
    }


def test_opendialkg_triples_tell_more(workspace, opendialkg):
    (opendialkg / "opendialkg_triples.txt.gz").write_bytes(
        gzip.compress(
            b'Ode\tRecorded by\tThe "Reeds"\nOde\trelease_year\t1971\nEnglish Language\t~in_language\tOde\n'
            b"Night Train\twritten_by\tBo Ek\nUntouched\tdirected_by\tAnn Lee\n"
        )
    )
    import_layout("opendialkg", opendialkg / "opendialkg.csv", workspace, split=EVERY)
    catalogue = workspace.catalogue()
    assert catalogue.ids == ["Night Train", "Fog (Crime Fiction Film)", "Moss (2004)", "Ode"]
    assert catalogue.item("Ode").facts == {
        "title": "Ode",
        "kind": "music",
        "year": 1971,
        "genres": ["Folk"],
        "artist": ['The "Reeds"'],
        "language": ["English Language"],
        "source_title": "Ode",
    }
    assert catalogue.item("Night Train").facts["kind"] == "movie"  # what is filmed is no book, whoever wrote it
    assert named(catalogue.dialogues()[1]) == [
        [("Moss (2004)", "recommended", None)],
        [("Ode", "mentioned", None)],
        [("Ode", "mentioned", "Ode")],
    ]


def test_opendialkg_dialogues(workspace, opendialkg):
    import_layout("opendialkg", opendialkg, workspace, split=EVERY)
    films, books = workspace.catalogue().dialogues()
    assert (films.id, books.id) == ("opendialkg-2", "opendialkg-3")
    assert [(turn.role, turn.text) for turn in films.turns] == [
        ("user", "Do you like night train?"),
        ("assistant", "Yes! Cy Oak is also in Fog."),
        ("user", "When was that?"),
    ]
    assert named(films) == [
        [("Night Train", "mentioned", "night train")],
        [("Fog (Crime Fiction Film)", "recommended", "Fog")],
        [],
    ]
    assert named(books) == [[("Moss (2004)", "recommended", None)], [], []]
    assert books.turns[1].text == "Lone surrogate �"


def test_opendialkg_parts_are_a_hash_of_the_row(workspace, opendialkg):
    talks = [[*FILMS_TALK, chat("user", f"Farewell {n}")] for n in range(400)]
    conversations(opendialkg / "opendialkg.csv", *talks)
    counts = {}
    for split in ("train", "valid", "test"):
        import_layout("opendialkg", opendialkg, workspace, split=split)
        counts[split] = len(workspace.catalogue().dialogues()) - sum(counts.values())
    assert sum(counts.values()) == 400  # no row is in two
    assert counts == pytest.approx({"train": 280, "valid": 60, "test": 60}, abs=30)
    parts = [_part(json.dumps(talk)) for talk in talks]
    assert counts == {part: parts.count(part) for part in counts}
    summary = import_layout("opendialkg", opendialkg, workspace)  # the training part unless another is named
    assert (summary.dialogues, len(workspace.catalogue().dialogues())) == (counts["train"], 400)


@pytest.mark.parametrize(
    ("messages", "column", "reason"),
    [
        ("[", "Messages", "not JSON"),
        ({}, "Messages", "not a list"),
        ([], "Messages", "no messages"),
        ([NOTE], "Messages", "no messages"),
        (["hi"], "Messages.0", "not an object"),
        ([chat("user", "a"), {"type": "song"}], "Messages.1.type", "'song' is neither"),
        ([chat("bot", "a")], "Messages.0.sender", "'bot' is neither"),
        ([{"type": "chat", "sender": "user"}], "Messages.0.message", "None is no text"),
        ([{"type": "action", "metadata": {"path": [1]}}, chat("user", "a")], "Messages.0.metadata.path", "no path"),
        ([walk("user", ("a", "b")), chat("user", "a")], "Messages.0.metadata.path.1.0", "no triple"),
        ([walk("user", ("a", "b", 3)), chat("user", "a")], "Messages.0.metadata.path.1.0", "no triple"),
        ([walk("user", ("x" * 300, "b", "c")), chat("user", "a")], "Messages.0.metadata.path.1.0", "256 bytes"),
    ],
)
def test_opendialkg_rows_that_can_not_be_used_are_reported(workspace, opendialkg, rejected, messages, column, reason):
    conversations(opendialkg / "opendialkg.csv", messages, FILMS_TALK)
    summary = import_layout("opendialkg", opendialkg, workspace, split=EVERY, max_rejected=0.5)
    (row,) = rejected()
    assert (row["file"], row["line"], row["column"]) == ("opendialkg.csv", 2, column)
    assert reason in row["reason"]
    assert summary.dialogues == 1


def test_opendialkg_triples_that_are_none_are_reported(workspace, opendialkg, rejected):
    (opendialkg / "opendialkg_triples.txt").write_text("Ode\tRecorded by\tThe Reeds\nOde\tRecorded by\n")
    import_layout("opendialkg", opendialkg, workspace, split=EVERY, max_rejected=0.5)
    assert [(row["file"], row["line"]) for row in rejected()] == [("opendialkg_triples.txt", 2)]


def test_opendialkg_that_holds_nothing_of_use_is_refused(workspace, opendialkg):
    conversations(opendialkg / "opendialkg.csv", [chat("user", "Hello")])
    with pytest.raises(InputError, match=r"opendialkg_triples\.txt"):
        import_layout("opendialkg", opendialkg, workspace)
    conversations(opendialkg / "opendialkg.csv", "[", "[")
    with pytest.raises(RejectedRowsError):
        import_layout("opendialkg", opendialkg, workspace)
    (opendialkg / "opendialkg.csv").write_text("Text\nhello\n")
    with pytest.raises(InputError, match="no column `Messages`"):
        import_layout("opendialkg", opendialkg, workspace)
    (opendialkg / "opendialkg.csv").unlink()
    with pytest.raises(InputError, match=r"no opendialkg\.csv"):
        import_layout("opendialkg", opendialkg, workspace)


def test_opendialkg_gzipped(workspace, opendialkg):
    (opendialkg / "opendialkg.csv").unlink()
    conversations(opendialkg / "opendialkg.csv.gz", FILMS_TALK)
    import_layout("opendialkg", opendialkg.parent, workspace, split=EVERY)
    assert len(workspace.catalogue().dialogues()) == 1
