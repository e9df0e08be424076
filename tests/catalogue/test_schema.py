import pytest

from convrec.catalogue.inference import doubt, infer_field
from convrec.catalogue.ingest import ingest
from convrec.catalogue.schema import FIELD_TYPES, TITLE, Field, Schema
from convrec.core.errors import InputError, PredicateError


@pytest.mark.parametrize(
    ("name", "values", "kind"),
    [
        ("year", [1995, 1996.0, None], "number"),
        ("price", ["1.50", "20", "n/a", ""], "number"),
        ("price", ["€24.90", "€5", "12.50 €", ""], "number"),
        ("price", ["€24.90", "$5", "€24.90"], "category"),
        ("price", ["24,90", "5", "1.249,00"], "number"),
        ("price", ["1,249", "24,900"], "category"),
        ("players", ["2-4", "1–6", "3+", "2", ""], "range"),
        ("players", ["2 to 4", "5 or more"], "range"),
        ("players", [2, "2-4", 3], "range"),
        ("result", ["3-1", "2-0", "0-2"], "category"),
        ("code", [f"{n}-{n + 7}" for n in range(50)], "text"),
        ("season", ["2020-12", "2021-03"], "category"),
        ("zip", ["01234", "99999"], "category"),
        ("released", ["1995-12-15", "2001-01-01T10:00:00Z"], "date"),
        ("stock", [True, False], "bool"),
        ("stock", ["yes", "no", "yes"], "bool"),
        ("genres", [["Crime"], [], ["Drama", "War"]], "tags"),
        ("genres", ["Crime|Drama", "War", "Comedy|War"], "tags"),
        ("page", ["https://a.example/1", "http://b.example/x?y=1"], "url"),
        ("poster", ["https://a.example/1", "https://a.example/2"], "image"),
        ("shown", ["https://a.example/1.JPG", "https://a.example/2.png?w=3"], "image"),
        ("studio", ["Fox", "Warner", "Fox"], "category"),
        ("plot", ["One night, a man drives through the rain.", "She is late."], "text"),
        ("isbn", [f"X{n}" for n in range(50)], "text"),
        ("title", ["Up", "Up", "Up"], "text"),
        ("extra", [{"a": 1}, {"a": 2}], "text"),
        ("empty", [None, "", []], "text"),
    ],
)
def test_a_column_gets_the_type_of_its_values(name, values, kind):
    assert infer_field(name, values).type == kind


MOODS = ["cosy, dark", "dark, funny", "funny", "cosy, funny", "dark"] * 5
TOWNS = ["Lyon, France", "Graz, Austria", "Nice, France", "Linz, Austria", "Paris, France"] * 5


def test_tags_may_be_parted_by_commas_where_their_company_changes():
    inferred = infer_field("moods", MOODS)
    assert (inferred.type, inferred.separator) == ("tags", ",")
    assert infer_field("moods", [mood.replace(",", ";") for mood in MOODS]).separator == ";"
    assert infer_field("town", TOWNS).type == "category"
    assert infer_field("description", MOODS).type == "text"


@pytest.mark.parametrize(
    ("values", "currency"),
    [(["€9.90", "12 €"], "€"), (["9,90 EUR"], "€"), (["CHF 12", "15"], ""), (["CHF 12", "15", "CHF 9"], "CHF"), (["12"], "")],
)  # fmt: skip
def test_a_price_s_currency_is_kept(values, currency):
    inferred = infer_field("price", values)
    assert (inferred.type, inferred.currency) == ("number", currency)


@pytest.mark.parametrize(
    ("name", "values", "says"),
    [
        ("length", ["90 min", "45 min", "120 min"], "'90 min' are not read as numbers"),
        ("price", ["1,249", "24,900"], "are not read as numbers"),
        ("town", TOWNS, "separator: ','"),
        ("studio", ["Fox", "Warner"], ""),
        ("code", ["0114709", "0113497", "X12"], ""),
        ("description", ["One night, a man drives.", "One night, a man walks."], ""),
    ],
)
def test_what_may_be_meant_otherwise_is_said(name, values, says):
    said = doubt(infer_field(name, values), values)
    assert says in said
    assert bool(said) == bool(says)


@pytest.mark.parametrize(
    ("name", "spoken", "unit", "currency"),
    [
        ("Playing time (min)", "playing time", "min", ""),
        ("Price (EUR)", "price", "", "€"),
        ("Players (min)", "players (min)", "", ""),
        ("Rating (critics)", "rating (critics)", "", ""),
    ],
)
def test_a_unit_or_currency_in_a_column_s_name_is_told_with_its_numbers(name, spoken, unit, currency):
    field = infer_field(name, ["90", "45"])
    assert (field.spoken, field.unit, field.currency) == (spoken, unit, currency)


def test_one_odd_value_in_many_does_not_change_a_columns_type():
    assert infer_field("price", [*range(200), "abc"]).type == "number"
    assert infer_field("price", [*range(5), *["abc"] * 5]).type == "category"


def test_fields_are_told_apart_by_what_can_be_done_with_them():
    schema = Schema(fields=(TITLE, *(Field(name=kind, type=kind) for kind in FIELD_TYPES)))
    assert {"category", "tags"} <= {field.name for field in schema.valued}
    assert {"number", "date"} <= {field.name for field in schema.measured}
    assert not set(schema.valued) & set(schema.measured)
    assert {field.name for field in schema.fields if not field.faceted} == {"title", "text", "url", "image"}


def test_the_schema_survives_its_file(tmp_path):
    schema = Schema(
        fields=(
            Field(name="title", type="text"),
            Field(name="yes", type="tags", label="a yes", description="Ünïcode: #1", searchable=False),
            Field(name="1990", type="number", currency="€"),
            Field(name="moods", type="tags", separator=","),
        ),
        noun="game",
        nouns="games",
    )
    path = tmp_path / "schema.yaml"
    path.write_text(schema.dump_yaml())
    assert Schema.load_yaml(path) == schema


def test_a_label_is_the_name_spelled_plainly_unless_given():
    assert Field(name="release_year", type="number").label == "release year"
    assert Field(name="release_year", type="number", label="year").label == "year"
    assert [Field(name=name, type="text").label for name in ("Min_age", "In stock", "ISBN", "Playing time (min)")] == [
        "min age",
        "in stock",
        "ISBN",
        "playing time (min)",
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("fields: {year: {type: nmber}}", ["`year`", "`nmber`", "`number`"]),
        ("fields: {year: nmber}", ["`year`", "`number`"]),
        ("fields: {year: {type: number, lable: x}}", ["fields.year.lable"]),
        ("fields: {title: {type: number}}", ["`title`"]),
        ("fields: [year]", ["`fields`"]),
        ("nuon: film", ["nuon"]),
        ("fields: {yes: {type: text}}", ["True"]),
        ("fields: {id: text}", ["id"]),
        ("a: [", ["valid YAML"]),
        ("- a", ["mapping"]),
    ],
)
def test_a_mistake_in_the_schema_file_is_named(tmp_path, text, says):
    path = tmp_path / "schema.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        Schema.load_yaml(path)
    assert all(part in str(error.value) for part in [*says, "schema.yaml"])


def test_an_unknown_field_is_refused_with_the_nearest():
    schema = Schema(fields=(Field(name="title", type="text"), Field(name="genres", type="tags")))
    with pytest.raises(PredicateError, match=r"`genre`.*`genres`"):
        schema.field("genre")


def test_what_the_user_edits_wins_and_stays_when_new_columns_come(films, write):
    path = films.root / "schema.yaml"
    edited = (
        path.read_text()
        .replace("noun: item\n", "noun: film # my word\n")
        .replace("studio:\n    type: category", "studio:\n    type: text")
    )
    path.write_text(edited)
    summary = ingest(films, items=[write("more.jsonl", [{"id": "9", "title": "Up", "studio": "Pixar", "price": 3.5}])])
    text = path.read_text()
    assert summary.new_fields == ("price",)
    assert text.startswith(edited.rstrip("\n"))
    assert "# my word" in text
    assert films.schema.field("price").type == "number"
    assert films.schema.field("studio").type == "text"
    assert films.schema.noun == "film"


def test_a_changed_type_reads_what_is_stored_anew(films):
    path = films.root / "schema.yaml"
    path.write_text(path.read_text().replace("year:\n    type: number", "year:\n    type: category"))
    assert films.catalogue().item("1").facts["year"] == "1995"


def test_a_changed_type_that_stored_values_do_not_fit_is_refused_by_name(films):
    path = films.root / "schema.yaml"
    path.write_text(path.read_text().replace("studio:\n    type: category", "studio:\n    type: number"))
    with pytest.raises(InputError, match=r"`studio` a number.*item 1.*'Warner'"):
        films.catalogue()


def test_what_was_replaced_or_deleted_need_not_fit_a_changed_type(workspace, write):
    ingest(workspace, items=[write("a.csv", "id,title,price\n1,Heat,€9.90\n2,Up,€5.50\n3,Big,€1.00\n4,Jaws,\n")])
    path = workspace.root / "schema.yaml"
    path.write_text(path.read_text().replace("price:\n    type: category", "price:\n    type: number"))
    mended = [write("b.csv", "id,title,price\n5,Rope,2.5\n2,Up,5.5\n1,Heat,9.9\n")]
    ingest(workspace, items=mended, delete_items=write("gone.csv", "id\n3\n"))
    items = workspace.catalogue()
    assert [(item_id, items.item(item_id).facts.get("price")) for item_id in items.ids] == [
        ("1", 9.9),
        ("2", 5.5),
        ("4", None),
        ("5", 2.5),
    ]


def test_an_unknown_type_stops_an_ingest_and_changes_nothing(films, write):
    path = films.root / "schema.yaml"
    path.write_text(path.read_text().replace("type: tags", "type: tag"))
    before = films.current()
    with pytest.raises(InputError, match=r"`genres`.*`tag`.*`tags`"):
        ingest(films, items=[write("more.jsonl", [{"id": "9", "title": "Up"}])])
    assert films.current() == before


def test_a_schema_written_beforehand_rules_the_first_ingest(workspace, write):
    (workspace.root / "schema.yaml").write_text("noun: film\nfields:\n  code: text\n")
    ingest(workspace, items=[write("a.csv", "id,title,code,year\n1,Heat,007,1995\n")])
    assert workspace.catalogue().item("1").facts == {"title": "Heat", "code": "007", "year": 1995}
    assert workspace.schema.noun == "film"
