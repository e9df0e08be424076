"""`convrec doctor`: what works, what does not, and the mend."""

from typing import Annotated

import typer

from convrec.ui.cli.checks import Finding, examined
from convrec.ui.cli.console import print_json, print_table
from convrec.ui.cli.forgotten import examined_forgotten
from convrec.ui.cli.frame import JsonOption, WorkspaceOption

_MARKS = {"ok": "✓", "note": "·", "stale": "!", "broken": "✗"}


def doctor(
    workspace: WorkspaceOption = None,
    verify_forgotten: Annotated[
        bool,
        typer.Option(
            "--verify-forgotten", help="Prove instead that nothing of forgotten people is left, in rows and raw bytes."
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Check versions, devices, models, the workspace and its tools; say what is wrong and how to mend it.

    Ends with 1 when something is broken, or something is left of somebody who was forgotten.

    Examples:
      convrec doctor
      convrec doctor -w shop --json
      convrec doctor -w shop --verify-forgotten
    """
    findings = list(examined_forgotten(workspace) if verify_forgotten else examined(workspace))
    broken = any(finding.status == "broken" for finding in findings)
    if as_json:
        print_json({"ok": not broken, "checks": [vars(finding) for finding in findings]})
    else:
        print_table(("", "what", "found"), ((_MARKS[f.status], f.what, _line(f)) for f in findings))
    if broken:
        raise typer.Exit(1)


def _line(finding: Finding) -> str:
    return f"{finding.found}\n→ {finding.mend}" if finding.mend else finding.found
