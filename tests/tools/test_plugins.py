"""Tools that other distributions announce."""

import sys
from importlib.metadata import EntryPoint

import pytest

from convrec.core.errors import ConvrecError
from convrec.tools import registry
from convrec.tools.bm25 import Bm25
from convrec.tools.plugins import GROUP, announced


class Better(Bm25):
    """Another tool of the same name."""


def point(value, name="mine"):
    return EntryPoint(name, value, GROUP)


@pytest.fixture
def module(monkeypatch):
    """The name of this module, importable."""
    monkeypatch.setitem(sys.modules, "theirs", sys.modules[__name__])
    return "theirs"


def test_a_tool_is_known_by_its_own_name(module):
    assert announced([point(f"{module}:Better")]) == {"bm25": Better}
    assert announced([]) == {}


@pytest.mark.parametrize("value", ["no_such_module:Tool", "convrec.tools.bm25:NoSuchTool", "convrec.tools.bm25:Counter", "convrec.tools.bm25:_WHOLE_TITLE"])  # fmt: skip
def test_what_is_no_tool_is_named_with_whom_it_is_from(value):
    with pytest.raises(ConvrecError, match="'mine'") as raised:
        announced([point(value)])
    assert value in str(raised.value)


def test_two_of_a_name_are_refused(module):
    with pytest.raises(ConvrecError, match="Two distributions bring a tool 'bm25'"):
        announced([point(f"{module}:Better", "a"), point("convrec.tools.bm25:Bm25", "b")])
    assert announced([point("convrec.tools.bm25:Bm25", "a"), point("convrec.tools.bm25:Bm25", "b")]) == {"bm25": Bm25}


def test_an_announced_tool_takes_the_place_of_our_own_and_a_registered_one_its(monkeypatch):
    before = registry.registered()
    monkeypatch.setattr(registry, "_announced", lambda: {"bm25": Better})
    assert registry.registered()["bm25"] is Better
    assert list(registry.registered()) == list(before)
    monkeypatch.setattr(registry, "_REGISTERED", {})
    assert registry.register(Bm25) is Bm25
    assert registry.tool_class("bm25") is Bm25
