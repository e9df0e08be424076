"""The conversation net keeps the contract, and learns from words and named items alike."""

import numpy as np
import pytest

from convrec.tools.conformance import N_ITEMS, ToolConformance, tribal_data, two_tribes
from convrec.tools.contract import Query
from convrec.tools.conversation import Conversation, ConversationConfig

QUICK = ConversationConfig(nets=1, width=16, epochs=40, batch=8, rate=1e-2, dropout=0.1)


class TestConversation(ToolConformance):
    tool = Conversation
    config = QUICK


@pytest.fixture(scope="module")
def net(tmp_path_factory):
    tool = Conversation(QUICK)
    tool.fit(tribal_data(two_tribes(tmp_path_factory.mktemp("net") / "workspace").catalogue()))
    return tool


def test_scores_are_log_probabilities(net):
    """All items together have a probability of 1, with one net."""
    scores = net.scores(Query(text="I want blossoms."))
    assert np.exp(scores).sum() == pytest.approx(1.0)


def test_words_of_the_other_kind_turn_the_list(net):
    """The same net answers either kind, by the words alone."""
    navy, farm = (
        net.scores(Query(text=text, context=text)) for text in ("Navy and torpedoes, please.", "Apples and farms!")
    )
    assert (navy - farm)[0::2].min() > (navy - farm)[1::2].max()


def test_an_explanation_takes_away_one_thing_at_a_time(net):
    """What the words add is the score less the score without them; it does not claim to be exact."""
    query = Query(text="I want the navy.", context="I want the navy.", history=((0, 1.0),))
    explained = net.explain(query, 4)
    assert not explained.exact
    assert {part.source for part in explained.contributions} == {"text", "item:i0"}


def test_the_latest_named_counts_most(net):
    """Shares of the named items sum to 1; with the ages it begins with, the latest has the largest."""
    shares = net._nets[0].remembered(np.arange(5))
    assert shares.sum() == pytest.approx(1.0)
    assert len(shares) == 5


def test_two_nets_are_averaged(tmp_path):
    """Another seed gives another net; both together lie between."""
    data = tribal_data(two_tribes(tmp_path / "workspace").catalogue())
    tool = Conversation(QUICK.model_copy(update={"nets": 2, "epochs": 2}))
    tool.fit(data)
    query = Query(text="I want the navy.")
    both = tool.scores(query)
    first, second = tool._nets
    tool._nets = [first]
    one = tool.scores(query)
    tool._nets = [second]
    other = tool.scores(query)
    assert both == pytest.approx((one + other) / 2)
    assert not np.allclose(one, other)
    assert len(both) == N_ITEMS
