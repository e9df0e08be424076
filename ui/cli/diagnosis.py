"""`convrec doctor`: what works, what does not, and the mend."""

import typer

from convrec.ui.cli.checks import Finding, examined
from convrec.ui.cli.console import print_json, print_table
from convrec.ui.cli.frame import JsonOption, WorkspaceOption

_MARKS = {"ok": "✓", "note": "·", "stale": "!", "broken": "✗"}


def doctor(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Check versions, devices, models, the workspace and its tools; say what is wrong and how to mend it.

    Ends with 1 when something is broken.

    Examples:
      convrec doctor
      convrec doctor -w shop --json
    """
    findings = list(examined(workspace))
    broken = any(finding.status == "broken" for finding in findings)
    if as_json:
        print_json({"ok": not broken, "checks": [vars(finding) for finding in findings]})
    else:
        print_table(("", "what", "found"), ((_MARKS[f.status], f.what, _line(f)) for f in findings))
    if broken:
        raise typer.Exit(1)


def _line(finding: Finding) -> str:
    return f"{finding.found}\n→ {finding.mend}" if finding.mend else finding.found
