"""The toolbox obeys every demand, explains every score, and answers with what is there."""

import json
import shutil
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convrec.catalogue.ingest import ingest
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import InputError, NotFittedError, PredicateError, UnknownItemError
from convrec.core.predicate import Comparison, Not
from convrec.tools.langchain import as_langchain_tools
from convrec.tools.toolbox import Order, Request, Toolbox, Wish

IDS = ("heat", "ronin", "alien", "aliens", "airplane", "hangover", "amelie", "notebook")
COMEDY = Comparison(field="genres", op="contains", value="Comedy")
HORROR = Comparison(field="genres", op="contains", value="Horror")
OLD = Comparison(field="year", op="lt", value=1990)
FROM_PEOPLE = {"item_knn", "ease", "als"}

demands = st.sampled_from([None, COMEDY, HORROR, OLD, Not(arg=COMEDY), Comparison(field="year", op="gt", value=2100)])
ids = st.sampled_from([*IDS, "nowhere"])
wishes = st.builds(
    Wish, label=st.sampled_from(["a", "b"]), predicate=st.sampled_from([COMEDY, HORROR, OLD]), weight=st.floats(-2, 2)
)
requests = st.builds(
    Request,
    text=st.sampled_from(["", "a heist goes wrong", "Hello!\nSomething with tension.\nA creature, please.", "xyzzy"]),
    history=st.dictionaries(ids, st.floats(-1, 1), max_size=3),
    wishes=st.lists(wishes, max_size=2).map(tuple),
    filter=demands,
    exclude=st.frozensets(ids, max_size=3),
    k=st.integers(1, 12),
    named=st.lists(ids, max_size=2, unique=True).map(tuple),
    diversity=st.sampled_from([None, 0.0, 0.5, 1.0]),
    order=st.sampled_from([None, None, Order("year"), Order("year", descending=True, among=3)]),
)


@pytest.fixture(scope="module")
def toolbox(films):
    return Toolbox.open(films)


def found(recommendation):
    return [item.id for item in recommendation.items]


@settings(max_examples=60, deadline=None)
@given(requests)
def test_demands_hold_and_parts_sum_whatever_is_asked(toolbox, request_):
    result = toolbox.recommend(request_)
    allowed = toolbox.catalogue.mask(request_.filter)
    named = [item_id for item_id in request_.named if item_id in IDS and item_id not in request_.exclude]
    assert found(result)[: len(named)] == named[: request_.k]
    others = set(found(result)) - set(named)
    assert all(allowed[toolbox.catalogue.row(item_id)] for item_id in others)
    assert not others & {*request_.history, *request_.exclude}
    assert len(set(found(result))) == len(result.items) <= request_.k
    refused = {*request_.exclude, *request_.history}
    assert result.n_allowed == sum(allowed[row] and IDS[row] not in refused for row in range(len(IDS)))
    for item in result.items:
        assert sum(item.contributions.values()) == pytest.approx(item.score, abs=1e-6)
        assert 0.0 <= item.confidence <= 1.0
        assert toolbox.catalogue.ids[item.row] == item.id


def test_without_diversity_scores_fall(toolbox):
    scores = [item.score for item in toolbox.recommend(Request(text="a crew is hunted", diversity=0.0)).items]
    assert len(scores) == len(IDS)
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("tool", ["popularity", "bm25", "item_knn", "ease", "als", "dense", "dialogue_bm25", "dialogue_knn"])  # fmt: skip
def test_each_tool_alone_obeys_filter_and_exclude(toolbox, tool):
    request = Request(
        text="a heist goes wrong", history={"heat": 1.0}, tools=(tool,), filter=Not(arg=HORROR),
        exclude=frozenset({"ronin"}), k=50,
    )  # fmt: skip
    result = toolbox.recommend(request)
    assert set(found(result)) == {"airplane", "hangover", "amelie", "notebook"}
    assert {step.tool for step in result.steps} <= {"filter", tool, "fuse"}
    assert all(step.n_out <= 4 for step in result.steps)


def test_named_items_come_first_in_their_order(toolbox):
    request = Request(text="a creature in space", named=("notebook", "heat"), filter=HORROR, diversity=0.0)
    assert found(toolbox.recommend(request)) == ["notebook", "heat", "alien", "aliens"]


def test_named_items_are_not_exempt_from_exclude(toolbox):
    request = Request(named=("heat", "alien"), exclude=frozenset({"heat"}), filter=COMEDY, k=50)
    assert found(toolbox.recommend(request))[0] == "alien"
    assert set(found(toolbox.recommend(request))) == {"alien", "airplane", "hangover", "amelie"}


def test_a_wish_moves_ranks_and_says_so(toolbox):
    def order(*wished):
        return toolbox.recommend(Request(text="a crew is hunted", wishes=wished, diversity=0.0))

    plain, up, down = order(), order(Wish("comedy", COMEDY, 1.0)), order(Wish("comedy", COMEDY, -1.0))
    rank = {name: found(result).index("hangover") for name, result in (("plain", plain), ("up", up), ("down", down))}
    assert rank["up"] < rank["plain"] <= rank["down"]
    assert set(found(up)) == set(found(down)) == set(IDS)
    for result, sign in ((up, 1), (down, -1)):
        for item in result.items:
            amount = item.contributions.get("wish:comedy", 0.0)
            assert (amount * sign > 0) == (item.id in ("airplane", "hangover", "amelie"))


def test_a_heavier_wish_moves_more(toolbox):
    def given_to(weight):
        result = toolbox.recommend(Request(wishes=(Wish("old", OLD, weight),), k=8))
        return next(item for item in result.items if item.id == "alien").contributions["wish:old"]

    assert given_to(1.0) == pytest.approx(2 * given_to(0.5))


def test_a_disliked_history_alone_is_no_taste(toolbox):
    """What someone dislikes says little about what they like: neighbours lose, and nobody's choices are followed."""
    result = toolbox.recommend(Request(history={"alien": -1.0}, diversity=0.0, k=8))
    assert not FROM_PEOPLE & {name for item in result.items for name in item.contributions}
    assert not FROM_PEOPLE & {step.tool for step in result.steps}
    lost = {item.id: item.contributions["disliked"] for item in result.items}
    assert all(amount < 0 for amount in lost.values())
    assert lost["aliens"] == min(lost.values())
    assert "alien" not in lost


def test_a_liked_history_follows_those_who_liked_the_same(toolbox):
    result = toolbox.recommend(Request(history={"amelie": 1.0}, tools=("item_knn", "ease"), k=3, diversity=0.0))
    assert found(result)[0] == "notebook"
    assert set(result.items[0].contributions) == {"item_knn", "ease", "base"}


def test_unknown_ids_are_reported_and_passed_over(toolbox):
    request = Request(history={"gone": 1.0, "heat": 1.0}, named=("lost", "ronin"), exclude=frozenset({"away", "alien"}))
    result = toolbox.recommend(request)
    assert result.unknown == ("gone", "lost", "away")
    known = Request(history={"heat": 1.0}, named=("ronin",), exclude=frozenset({"alien"}))
    assert found(result) == found(toolbox.recommend(known))


def test_k_larger_than_the_catalogue_gives_all(toolbox):
    assert sorted(found(toolbox.recommend(Request(text="a heist", k=10_000)))) == sorted(IDS)
    assert sorted(found(toolbox.recommend(Request(k=10_000)))) == sorted(IDS)


def test_a_smaller_k_is_the_head_of_a_larger(toolbox):
    longer = found(toolbox.recommend(Request(text="a heist", k=8, diversity=0.0)))
    assert [found(toolbox.recommend(Request(text="a heist", k=k, diversity=0.0))) for k in (1, 4)] == [longer[:1], longer[:4]]  # fmt: skip


def test_a_filter_that_matches_nothing_gives_nothing(toolbox):
    result = toolbox.recommend(Request(text="a heist", filter=Comparison(field="year", op="gt", value=2100)))
    assert (result.items, result.n_allowed, result.n_candidates) == ((), 0, 0)
    assert [step.tool for step in result.steps] == ["filter", "fuse"]


def test_mistakes_are_named(toolbox):
    with pytest.raises(InputError, match="k is 0"):
        toolbox.recommend(Request(k=0))
    with pytest.raises(InputError, match="no tool 'oracle'"):
        toolbox.recommend(Request(tools=("oracle",)))
    with pytest.raises(PredicateError):
        toolbox.recommend(Request(filter=Comparison(field="yaer", op="eq", value=1995)))
    with pytest.raises(PredicateError):
        toolbox.recommend(Request(wishes=(Wish("x", Comparison(field="year", op="contains", value="x"), 1.0),)))


def test_nothing_fitted_is_said(films_folder):
    with pytest.raises(NotFittedError, match="convrec fit"):
        Toolbox.open(Workspace.open(films_folder))


def test_items_that_came_after_the_fit_are_found(films, tmp_path):
    root = shutil.copytree(films.root, tmp_path / "films")
    row = {"id": "potters", "title": "Volcano Diary", "year": 2020, "genres": ["Drama"], "description": "A volcano erupts over a village of potters."}  # fmt: skip
    (tmp_path / "new.jsonl").write_text(json.dumps(row) + "\n")
    workspace = Workspace.open(root)
    before = workspace.current().tools
    ingest(workspace, items=[tmp_path / "new.jsonl"])
    assert workspace.current().tools == before
    opened = Toolbox.open(workspace)
    result = opened.search("volcano erupts")
    assert found(result)[0] == "potters"
    assert {"bm25", "dense"} <= set(result.items[0].contributions)
    assert sorted(found(opened.recommend(Request(history={"heat": 1.0, "potters": 1.0}, k=20)))) == sorted(
        {*IDS} - {"heat"}
    )
    assert "potters" in found(opened.recommend(Request(filter=Comparison(field="year", op="ge", value=2020))))


def test_search_finds_by_words_and_by_meaning(toolbox):
    assert found(toolbox.search("The Hangover"))[0] == "hangover"
    assert found(toolbox.search("aeroplane flight in trouble, hilarious", k=1)) == ["airplane"]
    assert found(toolbox.search("Alien", filter=Not(arg=HORROR)))[:1] not in (["alien"], ["aliens"])
    assert not FROM_PEOPLE & {step.tool for step in toolbox.search("heist").steps}


def test_search_puts_whole_titles_first_that_the_filter_allows(toolbox):
    for title in ("Alien", "aliens", "Ronin", "the hangover", "Rronin"):
        item = toolbox.search(title).items[0]
        assert toolbox.catalogue.titles[item.row].casefold() in {title.casefold(), "ronin"}
        assert item.contributions["named"] > 0
        assert sum(item.contributions.values()) == pytest.approx(item.score, abs=1e-9)
    assert "named" not in toolbox.search("Alien", filter=COMEDY).items[0].contributions
    assert "named" not in toolbox.search("an alien thing on a ship").items[0].contributions


def test_similar_leaves_out_the_item_itself(toolbox):
    result = toolbox.similar("alien", k=3)
    assert found(result)[0] == "aliens"
    assert "alien" not in found(result)
    assert set(found(toolbox.similar("alien", filter=COMEDY))) == {"airplane", "hangover", "amelie"}
    with pytest.raises(UnknownItemError, match="'gone'"):
        toolbox.similar("gone")


def test_compare_puts_facts_side_by_side(toolbox):
    compared = toolbox.compare(["alien", "aliens", "notebook"])
    assert compared.titles == ("Alien", "Aliens", "The Notebook")
    assert compared.values["year"] == (1979, 1986, 2004)
    assert compared.shared == {}
    assert toolbox.compare(["alien", "aliens"]).shared == {"genres": ("Horror",)}
    likeness = np.array(compared.similarity)
    assert np.diag(likeness) == pytest.approx(np.ones(3), abs=1e-4)
    assert likeness == pytest.approx(likeness.T)
    assert likeness[0, 1] > likeness[0, 2]
    with pytest.raises(UnknownItemError):
        toolbox.compare(["alien", "gone"])


def test_get_item(toolbox):
    assert toolbox.get_item("amelie").facts["title"] == "Amélie"
    with pytest.raises(UnknownItemError):
        toolbox.get_item("gone")


def test_exact_explanations_sum_to_the_tools_own_scores(toolbox):
    """With one aspect at a time, what `explain` says of a tool is its score of the item."""
    requests = (Request(text="a heist goes wrong"), Request(history={"heat": 1.0, "alien": 0.5, "notebook": -0.5}))
    for request in requests:
        for item_id in ("ronin", "aliens"):
            explained = toolbox.explain(request, item_id)
            assert explained
            row = toolbox.catalogue.rows([item_id])
            for name, explanation in explained.items():
                score = toolbox.tools[name].score(toolbox._asking.query(request, None), row)[0]
                total = sum(part.amount for part in explanation.contributions)
                assert not explanation.exact or total == pytest.approx(score, abs=1e-6)
    assert any(explanation.exact for explanation in explained.values())


def test_explanations_name_what_was_said_and_liked(toolbox):
    words = toolbox.explain(Request(text="a heist goes wrong", tools=("bm25",)), "ronin")["bm25"]
    assert any("heist" in part.source for part in words.contributions)
    liked = toolbox.explain(Request(history={"heat": 1.0}, tools=("item_knn",)), "ronin")["item_knn"]
    assert {part.source for part in liked.contributions} == {"item:heat"}
    with pytest.raises(UnknownItemError):
        toolbox.explain(Request(text="a heist"), "gone")


def test_more_diversity_spreads_the_list(toolbox):
    """The mean distance within the list, over several requests, never falls as the dial is turned up."""

    def distance(text, diversity):
        rows = [item.row for item in toolbox.recommend(Request(text=text, k=3, diversity=diversity)).items]
        vectors = toolbox.tools["dense"].vectors(np.array(rows))
        return 1.0 - (vectors @ vectors.T)[np.triu_indices(3, 1)].mean()

    texts = ("a heist goes wrong", "a creature hunts a crew", "people fall in love", "jokes about flying")
    spreads = [np.mean([distance(text, dial) for text in texts]) for dial in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert all(later >= earlier - 1e-6 for earlier, later in pairwise(spreads))
    assert spreads[-1] > spreads[0] + 0.02


def test_the_same_request_is_not_searched_twice(toolbox):
    request = Request(text="a request that nobody made before")
    first, again = toolbox.recommend(request), toolbox.recommend(request)
    assert again.steps[:-1] == first.steps[:-1]  # the very same calls, times included
    assert found(first) == found(again)


def test_langchain_tools_have_typed_described_arguments(toolbox):
    tools = {tool.name: tool for tool in as_langchain_tools(lambda: toolbox)}
    assert set(tools) == {"search_items", "recommend", "similar_items", "get_item", "compare_items"}
    for tool in tools.values():
        schema = tool.args_schema.model_json_schema()
        assert tool.description
        assert schema["additionalProperties"] is False
        assert all(described.get("description") for described in schema["properties"].values())
        assert all("type" in described or "anyOf" in described for described in schema["properties"].values())


def test_langchain_tools_run(toolbox):
    tools = {tool.name: tool for tool in as_langchain_tools(lambda: toolbox)}
    horror = {"field": "genres", "op": "contains", "value": "Horror"}
    assert tools["search_items"].invoke({"query": "Ronin", "k": 1})[0]["title"] == "Ronin"
    listed = tools["recommend"].invoke(
        {"history": ["heat"], "disliked": ["amelie"], "filter": horror, "exclude": ["alien"]}
    )
    assert [item["id"] for item in listed] == ["aliens"]
    assert tools["similar_items"].invoke({"item_id": "alien", "k": 1})[0]["id"] == "aliens"
    assert tools["get_item"].invoke({"item_id": "heat"})["year"] == 1995
    compared = tools["compare_items"].invoke({"item_ids": ["alien", "aliens"]})
    assert compared["shared"] == {"genres": ["Horror"]}
    json.dumps([listed, compared])


def test_a_model_reads_its_mistake_as_a_sentence(toolbox):
    tools = {tool.name: tool for tool in as_langchain_tools(lambda: toolbox)}
    assert "no item 'gone'" in tools["get_item"].invoke({"item_id": "gone"})
    assert "not a predicate" in tools["search_items"].invoke({"query": "x", "filter": {"genre": "Horror"}})
    with pytest.raises(ValueError, match="k"):
        tools["search_items"].invoke({"query": "x", "k": 0})


def years(toolbox, recommendation):
    return [toolbox.catalogue.item(item.id).facts["year"] for item in recommendation.items]


@pytest.mark.parametrize("demand", [None, COMEDY])
@pytest.mark.parametrize("text", ["", "a creature, please"])
def test_an_order_ranks_all_that_is_allowed_by_its_field(toolbox, demand, text):
    rows = np.flatnonzero(toolbox.catalogue.mask(demand))
    all_of_them = sorted(toolbox.catalogue.numbers("year")[rows].tolist())
    found = toolbox.recommend(Request(text=text, filter=demand, order=Order("year"), k=3, diversity=1.0))
    assert years(toolbox, found) == all_of_them[:3]
    latest = toolbox.recommend(Request(text=text, filter=demand, order=Order("year", descending=True), k=3))
    assert years(toolbox, latest) == all_of_them[::-1][:3]
    confidences = [item.confidence for item in found.items]
    assert confidences == sorted(confidences, reverse=True)
    assert found.steps[-1].arguments["order"] == "year"


def test_an_order_among_the_best_leaves_the_others_behind_them(toolbox):
    asked = Request(text="a creature, please", diversity=0.0)
    plain = found(toolbox.recommend(asked))
    ordered = toolbox.recommend(Request(text="a creature, please", order=Order("year", among=3), diversity=0.0))
    assert set(found(ordered)[:3]) == set(plain[:3])
    assert found(ordered)[3:] == plain[3:]
    assert years(toolbox, ordered)[:3] == sorted(years(toolbox, ordered)[:3])


def test_an_order_by_a_field_that_is_none_is_refused_by_name(toolbox):
    with pytest.raises(PredicateError, match="`genres`"):
        toolbox.recommend(Request(order=Order("genres")))
