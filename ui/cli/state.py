"""`convrec migrate-state` and `convrec backup`: the state database taken elsewhere."""

from pathlib import Path
from typing import Annotated

import typer

from convrec.core.errors import InputError
from convrec.ui.cli.console import print_json, print_table, say
from convrec.ui.cli.frame import STOPPED, JsonOption, WorkspaceOption
from convrec.ui.cli.progress import progress_shown


def migrate_state(
    to: Annotated[
        str,
        typer.Option(metavar="URL", help="An empty database: postgresql://USER@HOST/DATABASE or sqlite:///FILE."),
    ],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Move all conversations, profiles and clicks into another database, compared row for row. The old one is left as it is.

    Stop whatever runs on the workspace first, and afterwards set `url` under `[state]` in convrec.toml.

    Examples:
      PGPASSWORD=… convrec migrate-state -w shop --to postgresql://convrec@db.example.org/shop
      convrec migrate-state -w shop --to sqlite:///state.sqlite
    """
    from convrec.agent.stores.moving import move
    from convrec.agent.stores.opening import SQLITE, open_database
    from convrec.catalogue.workspace import Workspace

    opened = Workspace.resolve(workspace)
    here = opened.state_url()
    if here.startswith(SQLITE) and not Path(here.removeprefix(SQLITE)).exists():
        raise InputError(
            "There is no state to move yet: the first conversation makes it.", "Set `url` under `[state]` in convrec.toml."
        )  # fmt: skip
    source = open_database(here)
    try:
        target = open_database(opened.state_url(to))
        try:
            with progress_shown() as progress:
                moved = move(source, target, progress=progress)
        except KeyboardInterrupt:
            say(f"Stopped: nothing was moved, and {source.place} is in use as before.")
            raise typer.Exit(STOPPED) from None
        finally:
            target.close()
    finally:
        source.close()
    if as_json:
        print_json({"from": source.place, "to": target.place, "tables": [vars(table) for table in moved]})
        return
    rows = [(table.table, f"{table.rows:,}", table.sha256[:16]) for table in moved]
    print_table(("table", "rows", "sha256, on both sides"), rows, right=("rows",))
    say(f"All is in {target.place} now. Set `url` under `[state]` in convrec.toml, or CONVREC_STATE_URL, to use it.")
    say(f"{source.place} still holds it too: delete it when you are sure, since forgetting does not reach it any more.")


def backup(
    out: Annotated[Path, typer.Option(metavar="FILE", help="The file to write; it must not be there yet.")],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Copy the SQLite state database, as it is at this moment, while it is in use. For PostgreSQL use pg_dump.

    To restore it, stop whatever runs on the workspace, delete state.sqlite, state.sqlite-wal and state.sqlite-shm, and copy it to
    state.sqlite.

    Examples:
      convrec backup -w shop --out /backups/shop-$(date +%F).sqlite
    """
    from convrec.agent.stores.moving import back_up
    from convrec.agent.stores.opening import SQLITE
    from convrec.catalogue.workspace import Workspace

    url = Workspace.resolve(workspace).state_url()
    if not url.startswith(SQLITE):
        raise InputError("The state is in PostgreSQL, which has its own backup.", "Use pg_dump.")
    size = back_up(Path(url.removeprefix(SQLITE)), out)
    if as_json:
        print_json({"file": str(out), "bytes": size})
    else:
        say(f"{out}: {size / 1e6:,.1f} MB, checked.")
