"""Every tool of convrec keeps the contract."""

from dataclasses import replace

import pytest

from convrec.tools.als import Als, AlsConfig
from convrec.tools.bm25 import Bm25
from convrec.tools.conformance import ToolConformance, tribal_data
from convrec.tools.dense import Dense
from convrec.tools.dialogue_bm25 import DialogueBm25
from convrec.tools.dialogue_knn import DialogueKnn
from convrec.tools.ease import Ease, EaseConfig
from convrec.tools.item_knn import ItemKnn
from convrec.tools.popularity import Popularity


class TestPopularity(ToolConformance):
    tool = Popularity


class TestBm25(ToolConformance):
    tool = Bm25


class TestItemKnn(ToolConformance):
    tool = ItemKnn


class TestEaseByItems(ToolConformance):
    tool = Ease
    config = EaseConfig(regularisation=1.0)


class TestEaseByPeople(ToolConformance):
    """With fewer people than items the weights come from the smaller side."""

    tool = Ease
    config = EaseConfig(regularisation=1.0)

    @pytest.fixture
    def data(self, workspace):
        whole = tribal_data(workspace.catalogue())
        few = replace(whole, user_items=whole.user_items[:6].tocsr())
        assert few.user_items.shape[0] < few.user_items.shape[1]
        return few


class TestAls(ToolConformance):
    tool = Als
    config = AlsConfig(factors=4, regularisation=0.1)


class TestDense(ToolConformance):
    tool = Dense


class TestDialogueBm25(ToolConformance):
    tool = DialogueBm25


class TestDialogueKnn(ToolConformance):
    tool = DialogueKnn
