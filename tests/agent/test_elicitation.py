"""When the agent asks, and about what: the question whose answer does most for the next slate, if people are likely to answer it."""

from dataclasses import dataclass

import pytest

from convrec.agent.elicitation import Occasion, picked, question
from convrec.agent.learned import KINDS, learned
from convrec.agent.state import DialogueState, HeldWish
from convrec.catalogue.ingest import ingest
from convrec.catalogue.workspace import Workspace
from convrec.core.reply import Question
from convrec.core.settings import Policy
from convrec.core.understanding import Preference
from convrec.tools.toolbox import Recommended

POLICY = Policy(slate_size=2, max_questions=2)


@dataclass(frozen=True)
class Shelf:
    """A catalogue of films and the candidates found in it, the first the best."""

    catalogue: object
    found: tuple[Recommended, ...]

    def occasion(self, state=None, invited=False, found=None, **parameters):
        known = learned().model_copy(update={"price": 0.0, "sharpness": 1.0, **parameters})
        return Occasion(
            state or DialogueState(), self.found if found is None else found, self.catalogue, POLICY, invited, known
        )


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """Twenty films: two genres, ten directors with two films each, all from one decade, each with a star of its own."""
    folder = tmp_path_factory.mktemp("asking")
    rows = [
        f"f{n},Film {n},{('Western', 'Comedy')[n % 2]},Director {n // 2},Star {n},{1990 + n % 10}" for n in range(20)
    ]
    (folder / "items.csv").write_text("\n".join(["id,title,genres,director,cast,year", *rows]), encoding="utf-8")
    workspace = Workspace.create(folder / "ws")
    ingest(workspace, items=[folder / "items.csv"])
    catalogue = workspace.catalogue()
    found = tuple(Recommended(i, catalogue.row(i), 1.0, 0.5, {"base": 1.0}) for i in (f"f{n}" for n in range(20)))
    return Shelf(catalogue, found)


EVEN = dict.fromkeys(KINDS, 0.8)


def facet(asked):
    return asked.facet if asked is not None else None


def test_it_asks_what_narrows_the_next_slate_most(shelf):
    """Two films are by each director and ten of each genre: who names a director has theirs in the next slate of two."""
    assert facet(question(shelf.occasion(answered=EVEN))) == "director"


def test_it_asks_what_people_can_answer_where_the_better_question_is_not_answered(shelf):
    assert facet(question(shelf.occasion(answered=EVEN | {"person": 0.01}))) == "genres"


def test_the_gain_is_the_rise_of_the_chance_that_the_next_slate_holds_what_is_looked_for(shelf):
    """18 films are left behind the first slate, as likely as each other: 2/18 without an answer, with a director all of theirs."""
    gains = {a.question.facet: a.gain for a in shelf.occasion(answered=EVEN).askable()}
    assert gains["director"] == pytest.approx(0.8 * (1 - 2 / 18))
    assert gains["genres"] == pytest.approx(0.8 * (4 / 18 - 2 / 18))


def test_it_never_asks_what_would_not_change_the_slate(shelf):
    gains = {a.question.facet: a.gain for a in shelf.occasion().askable()}
    assert gains["year"] == 0  # all are from the nineties
    assert gains["cast"] == 0  # who could say what one film alone has would have named the film
    assert question(shelf.occasion(found=shelf.found[:2])) is None  # what is left is shown already


def test_a_question_that_is_not_worth_its_price_is_not_asked_unless_one_is_wanted(shelf):
    assert question(shelf.occasion(price=0.95)) is None
    assert facet(question(shelf.occasion(price=0.95, invited=True))) == "director"


def test_nothing_is_asked_a_third_time_in_a_row(shelf):
    assert question(shelf.occasion(DialogueState(questions_in_row=1))) is not None
    assert question(shelf.occasion(DialogueState(questions_in_row=2))) is None


def test_who_wants_no_questions_gets_none(shelf):
    assert question(shelf.occasion(DialogueState(quiet=True))) is None


def test_what_was_said_or_asked_before_is_not_asked(shelf):
    wish = HeldWish(preference=Preference(facet="director", value="Director 3"), turn=1)
    assert facet(question(shelf.occasion(DialogueState(held=(wish,))))) == "genres"
    assert facet(question(shelf.occasion(DialogueState(asked=("director",)), shrugged=EVEN))) == "genres"


def test_after_a_question_that_was_not_answered_others_count_as_likely_as_they_are_then(shelf):
    unanswered = DialogueState(asked=("year",))
    assert facet(question(shelf.occasion(unanswered, answered=EVEN, shrugged=EVEN | {"person": 0.01}))) == "genres"


def test_sure_candidates_weigh_more_than_doubtful_ones(shelf):
    """Of one director's films the ranker is sure: whoever is asked, they stand in the next slate anyway."""
    sure = tuple(
        Recommended(i.id, i.row, 1.0, 0.9 if i.id in ("f4", "f5") else 0.001, i.contributions) for i in shelf.found
    )
    doubtful = max(a.gain for a in shelf.occasion(answered=EVEN).askable())
    assert max(a.gain for a in shelf.occasion(found=sure, answered=EVEN).askable()) < 0.1 * doubtful


@pytest.mark.parametrize(
    ("said", "meant"),
    [("the third", "Noir"), ("Number 2, please", "Comedy"), ("the last one", "Noir"), ("um the first", "Western"), ("option one", "Western"), ("the fourth", None), ("the first was dull", None), ("first of all, hi", None), ("Comedy", None)],
)  # fmt: skip
def test_an_option_can_be_picked_by_its_place(said, meant):
    asked = Question(facet="genres", text="?", options=("Western", "Comedy", "Noir"))
    assert picked(asked, said) == meant


def test_what_ships_was_learned_by_the_command_and_says_from_what():
    shipped = learned()
    assert set(shipped.answered) == set(shipped.shrugged) == set(KINDS)
    assert all(0 < share < 1 for share in (*shipped.answered.values(), *shipped.shrugged.values()))
    assert "seed" in shipped.learned_from
