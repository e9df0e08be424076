"""Every way in: Gradio chat, terminal, command line."""

if __name__ != "convrec.ui":
    raise ImportError("This is convrec's room `ui`: import it as `convrec.ui` (after `pip install -e .`), not as `ui`.")
