"""The page's theme, style and head: system fonts only, nothing from outside."""

from pathlib import Path
from typing import Any

# The browser itself keeps the page to this server; pictures may come from where the catalogue says.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    "img-src 'self' data: http: https:; connect-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'"
)
_HEAD = f"""\
<link rel="icon" href="data:,">
<meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
"""
_SANS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Cantarell", "Noto Sans", "sans-serif")
_MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")


def look() -> dict[str, Any]:
    """Returns the keywords that `Blocks.launch` and `gradio.mount_gradio_app` take for the page's looks."""
    import gradio as gr

    theme = gr.themes.Base(
        primary_hue="teal", secondary_hue="teal", neutral_hue="stone", radius_size="lg",
        font=[gr.themes.Font(name) for name in _SANS], font_mono=[gr.themes.Font(name) for name in _MONO],
    )  # fmt: skip
    return {"theme": theme, "css": style(), "head": _HEAD}


def style() -> str:
    """Returns the page's style sheet."""
    return (Path(__file__).parent / "chat.css").read_text(encoding="utf-8")
