"""A model that names the attribute which leads a person's taste finds more in three rounds than one look at as many items does."""

import json
import random
from dataclasses import dataclass

import numpy as np
import pytest

from convrec.agent.llm.budget import Budget
from convrec.agent.llm.client import ChatClient
from convrec.agent.llm.endpoint import Endpoint
from convrec.agent.llm.exploring import ModelExploring
from convrec.agent.llm.scripted import ScriptedChatModel
from convrec.catalogue.ingest import ingest
from convrec.catalogue.workspace import Workspace
from convrec.core.metrics.bootstrap import Resampling, mean
from convrec.core.settings import Llm, Policy
from convrec.evaluation.exploring import EACH, ROUNDS, at_once, in_rounds
from convrec.tools.fitting import fit
from convrec.tools.toolbox import Request, Toolbox

FIELDS = {"kind": 8, "mood": 12, "place": 15, "maker": 20}
ITEMS, PEOPLE, LIKED, SOUGHT = 600, 40, 6, 12


@dataclass(frozen=True)
class Led:
    """Somebody whose taste one value leads: it stands in two of the liked items, and in all that are sought."""

    liked: tuple[str, ...]
    sought: frozenset[str]
    field: str
    value: str


@pytest.fixture(scope="module")
def items():
    rng = random.Random(11)
    return [
        {"id": f"i{n}", "title": f"Thing number {n}"}
        | {name: f"{name}-{rng.randrange(size)}" for name, size in FIELDS.items()}
        for n in range(ITEMS)
    ]


@pytest.fixture(scope="module")
def people(items):
    rng, found = random.Random(12), []
    while len(found) < PEOPLE:
        name = rng.choice(list(FIELDS))
        value = rng.choice(items)[name]
        having = [item["id"] for item in items if item[name] == value]
        others = [item["id"] for item in items if item[name] != value]
        if len(having) < SOUGHT + 2:
            continue
        drawn = rng.sample(having, SOUGHT + 2)
        found.append(Led((*drawn[:2], *rng.sample(others, LIKED - 2)), frozenset(drawn[2:]), name, value))
    return found


@pytest.fixture(scope="module")
def toolbox(items, people, tmp_path_factory):
    """The catalogue fitted with what needs no encoder; people chose what they liked, nobody what is sought."""
    folder = tmp_path_factory.mktemp("led")
    (folder / "items.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items))
    rows = [f"u{n},{item}" for n, person in enumerate(people) for item in person.liked]
    (folder / "chosen.csv").write_text("\n".join(["user_id,item_id", *rows]) + "\n")
    workspace = Workspace.create(folder / "workspace")
    ingest(workspace, items=[folder / "items.jsonl"], interactions=[folder / "chosen.csv"])
    fit(workspace, only=("popularity", "bm25", "item_knn"))
    return Toolbox.open(workspace)


def knowing(field, value):
    """Returns a model that knows the attribute: it explores it first, and looks at nothing else afterwards."""

    def say(messages):
        tool = "filter" if json.loads(messages[-1].content)["done"] else "explore"
        return json.dumps({"calls": [{"tool": tool, "field": field, "value": value}], "stop": False})

    return ChatClient([Endpoint("scripted", ScriptedChatModel(script=say), real=False)])


def recall(toolbox, person, attribute=None):
    """Returns the share of what is sought among sixty items: in three rounds by a model that knows the attribute, else in one."""
    request = Request(history=dict.fromkeys(person.liked, 1.0), diversity=0.0)
    if attribute is None:
        looked = at_once(toolbox, request)
    else:
        budget = Budget(Llm(model="m"))
        looked = in_rounds(
            toolbox,
            request,
            ModelExploring(knowing(*attribute), toolbox).moves(budget, Policy(explore="always", max_rounds=ROUNDS)),
        )
        assert not budget.failures
    assert len(looked) == len(set(looked)) <= ROUNDS * EACH
    assert not set(looked) & set(person.liked)
    return len(person.sought & set(looked)) / len(person.sought)


def gained(ours, theirs):
    names = [str(n) for n in range(len(ours))]
    return Resampling(names).gain(mean(ours), mean(theirs))


@pytest.fixture(scope="module")
def one_look(toolbox, people):
    return [recall(toolbox, person) for person in people]


def test_three_rounds_by_whoever_knows_the_attribute_find_more_than_one_look_at_as_many(toolbox, people, one_look):
    rounds = [recall(toolbox, person, (person.field, person.value)) for person in people]
    gain = gained(rounds, one_look)
    assert gain.low > 0.1
    assert np.mean(rounds) > 0.8


def test_with_somebody_elses_attribute_the_gain_is_lost(toolbox, people, one_look):
    others = [*people[1:], people[0]]
    rounds = [recall(toolbox, person, (other.field, other.value)) for person, other in zip(people, others, strict=True)]
    assert gained(rounds, one_look).low <= 0
    ideal = [recall(toolbox, person, (person.field, person.value)) for person in people]
    assert gained(rounds, ideal).high < -0.1
