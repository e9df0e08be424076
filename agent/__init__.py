"""The LangGraph graph: state, nodes, policy, engines, memory, grounding, replies."""

if __name__ != "convrec.agent":
    raise ImportError(
        "This is convrec's room `agent`: import it as `convrec.agent` (after `pip install -e .`), not as `agent`."
    )
