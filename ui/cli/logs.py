"""`convrec export-log`: what was shown and what people did with it, for training."""

from pathlib import Path
from typing import Annotated

import typer

from convrec.ui.cli.console import print_json, say
from convrec.ui.cli.frame import JsonOption, WorkspaceOption

_USUAL = "log"


def export_log(
    workspace: WorkspaceOption = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The folder to write to.", show_default="log, inside the workspace"),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write what was shown (rank, score, share of exploration) and people's clicks as Parquet, a folder a day; only days that changed.

    People whose memory rests are left out. Forgetting somebody takes their rows out of logs inside the workspace at once; one elsewhere
    loses them at the next export.

    Examples:
      convrec export-log -w shop
      convrec export-log -w shop --out /srv/training/shop --json
    """
    from convrec.agent.exported import ExportedLog
    from convrec.agent.stores.daily import Daily
    from convrec.agent.stores.ledger import Ledger
    from convrec.agent.stores.opening import open_database
    from convrec.catalogue.workspace import Workspace

    opened = Workspace.resolve(workspace)
    ledger = Ledger(open_database(opened.state_url()))
    try:
        done = ExportedLog(out or opened.root / _USUAL).update(Daily(ledger, awake=True))
    finally:
        ledger.close()
    if as_json:
        print_json(vars(done))
        return
    days = f"{len(done.written):,} written, {done.kept:,} as they were, {len(done.removed):,} taken out"
    say(f"{done.folder}: {done.exposures:,} exposures and {done.feedback:,} clicks; days: {days}.")
    if out is not None and opened.root.resolve() not in out.resolve().parents:
        say("This folder is outside the workspace: whoever is forgotten is in it until the next export.")
