"""The curve of a run."""

from __future__ import annotations

from pathlib import Path

from convrec.core.errors import ConvrecError
from convrec.core.extras import to_get
from convrec.finetune.tuning.state import Standing


def curve(standing: Standing, figure: str, path: Path) -> None:
    """Draws the loss of each step, and the held-out figure at each measurement, as a picture of the kind that the path's suffix names.

    Raises:
        ConvrecError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ConvrecError("Plots are drawn by matplotlib, which is not installed.", to_get("finetune")) from error
    canvas = Figure(figsize=(6.4, 3.2), layout="constrained")
    axes = canvas.subplots()
    axes.plot(range(1, len(standing.losses) + 1), standing.losses, color="tab:blue", linewidth=0.8)
    axes.set_xlabel("step")
    axes.set_ylabel("loss", color="tab:blue")
    axes.set_yscale("log")
    if standing.measured:
        other = axes.twinx()
        other.plot(
            [one["step"] for one in standing.measured],
            [one[figure] for one in standing.measured],
            "o-",
            color="tab:orange",
        )
        other.set_ylabel(figure.replace("_", " "), color="tab:orange")
        other.set_ylim(0, 1)
    canvas.savefig(path)
