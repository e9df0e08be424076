"""How to get what convrec can do beyond what is installed."""

from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]  # of the source, or what the packages lie in


def to_get(extra: str) -> str:
    """Returns the sentence that says how to install an extra: by its name, or, where convrec runs from a source checkout, from there."""
    if all((_ROOT / name).is_file() for name in ("pyproject.toml", "Makefile")):
        return f"Run `make install` in the checkout, or, in an environment of your own, `pip install -e '.[{extra}]'`."
    return f"Run: pip install 'convrec[{extra}]'."
