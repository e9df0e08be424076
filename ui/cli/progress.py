"""Progress on stderr: bars with time left in a terminal, a line now and then anywhere else."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from convrec.core.progress import Lines, Progress
from convrec.ui.cli.console import say


@contextmanager
def progress_shown() -> Iterator[Progress]:
    """Gives a progress function that shows each stage on stderr."""
    if not sys.stderr.isatty():
        yield Lines(say)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bars

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, int] = {}

        def show(stage: str, done: int, total: int | None) -> None:
            if stage not in tasks:
                tasks[stage] = int(bars.add_task(stage, total=total))
            bars.update(bars.task_ids[list(tasks).index(stage)], completed=done, total=total)

        yield show
