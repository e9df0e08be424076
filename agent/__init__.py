"""The LangGraph graph: state, nodes, policy, engines, memory, grounding, replies. `from convrec.agent import Agent` is the way in."""

from typing import TYPE_CHECKING

if __name__ != "convrec.agent":
    raise ImportError(
        "This is convrec's room `agent`: import it as `convrec.agent` (after `pip install -e .`), not as `agent`."
    )

if TYPE_CHECKING:
    from convrec.agent.agent import Agent
    from convrec.agent.memory.forgetting import Receipt

__all__ = ["Agent", "Receipt"]


def __getattr__(name: str) -> object:
    """Loads the agent when it is first asked for, so that `import convrec.agent` stays light."""
    if name in __all__:
        from convrec.agent import agent

        return getattr(agent, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
