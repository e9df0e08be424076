"""`convrec doctor` looks at business rules."""

import json

import pytest
from typer.testing import CliRunner

from convrec.ui.cli.app import app


@pytest.mark.parametrize(
    ("rules", "status", "says"),
    [
        ('boost = {field = "yaer", op = "lt", value = 1990}', "broken", "`yaer`"),
        ('pin = ["no such film"]', "note", "no such film"),
        ('boost = {field = "year", op = "lt", value = 1990}', "ok", "1 in"),
    ],
)
def test_doctor_names_a_rule_that_can_not_be_kept(films, rules, status, says):
    (films / "convrec.toml").write_text(f"[[ranking.rules]]\n{rules}\n")
    found = CliRunner().invoke(app, ["doctor", "-w", str(films), "--json"])
    (finding,) = (check for check in json.loads(found.stdout)["checks"] if check["what"] == "rules")
    assert finding["status"] == status
    assert says in finding["found"]
    assert (found.exit_code == 1) == (status == "broken")
