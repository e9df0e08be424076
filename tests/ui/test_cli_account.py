"""`convrec account`, and what `convrec serve` makes of its settings."""

import json
import re
import shutil

import httpx
import pytest
from typer.testing import CliRunner

from convrec.agent.stores.accounts import Accounts
from convrec.agent.stores.ledger import Ledger
from convrec.agent.stores.opening import open_database
from convrec.ui.cli import serve
from convrec.ui.cli.app import app
from tests.ui.api.test_serve_command import served
from tests.ui.auth_site import PASSWORD, SECRET, forms, heard


@pytest.fixture
def workspace(fitted_films, tmp_path):
    return shutil.copytree(fitted_films, tmp_path / "films")


@pytest.fixture
def run(workspace):
    def ran(*words, said=None):
        return CliRunner().invoke(app, ["account", *words, "-w", str(workspace)], input=said)

    return ran


def stored(workspace):
    ledger = Ledger(open_database(f"sqlite:///{workspace}/state.sqlite"))
    found = Accounts(ledger).all()
    ledger.close()
    return found


def test_an_account_from_its_making_to_its_end(run, workspace):
    made = run("add", "Ana", said=f"{PASSWORD}\n")
    assert (made.exit_code, made.stdout) == (0, "Ana can sign in now, as user account:ana.\n")
    assert 'accounts = "invited"' in made.stderr
    before = stored(workspace)[0].password
    assert run("add", "ana", said=f"{PASSWORD}\n").exit_code == 2
    assert json.loads(run("list", "--json").stdout)["accounts"][0].keys() == {"name", "user_id", "created"}
    assert "account:ana" in run("list").stdout
    assert run("password", "ANA", said="another long password\n").exit_code == 0
    assert stored(workspace)[0].password != before
    assert "convrec profile forget --user account:ana" in run("remove", "ana").stdout
    assert stored(workspace) == []
    assert run("list").stdout == "There are no accounts.\n"


@pytest.mark.parametrize(("words", "said"), [(("add", "a/b"), PASSWORD), (("add", "ana"), "short"), (("add", "ana"), ""), (("remove", "ana"), None), (("password", "ana"), PASSWORD)])  # fmt: skip
def test_what_cannot_be_done_is_said_in_a_sentence(run, workspace, words, said):
    done = run(*words, said=said and f"{said}\n")
    assert done.exit_code == 2
    assert done.stderr.strip().endswith(".")
    assert "Traceback" not in done.output
    assert "short" not in re.sub(r"too short|a shorter", "", done.output)
    assert stored(workspace) == []


def test_there_is_no_way_to_put_a_password_on_the_command_line(run):
    assert run("add", "ana", PASSWORD).exit_code == 2
    assert run("add", "ana", "--password", PASSWORD).exit_code == 2


def test_a_short_secret_stops_the_server(run, workspace):
    done = CliRunner().invoke(app, ["serve", "-w", str(workspace)], env={"CONVREC_SECRET": "too-short-a-secret"})
    assert done.exit_code == 2
    assert "CONVREC_SECRET" in done.stderr
    assert "too-short-a-secret" not in done.stderr


@pytest.mark.parametrize("workers", ["1", pytest.param("2", marks=pytest.mark.ci)])
def test_the_page_is_at_the_root_and_its_doors_are_open(run, workspace, workers):
    run("add", "ana", said=f"{PASSWORD}\n")
    with (
        served(workspace, "--workers", workers, CONVREC_AUTH_ACCOUNTS="invited", CONVREC_SECRET=SECRET) as (url, _),
        httpx.Client(base_url=url, timeout=60) as client,
    ):
        page = client.get("/")
        assert (page.status_code, "gradio" in page.text) == (200, True)
        assert page.headers["content-security-policy"] == "frame-ancestors 'none'"
        assert page.headers["x-content-type-options"] == "nosniff"
        assert client.get("/config").status_code == 200
        assert forms(client, "/sign-in", name="ana", password="wrong horse battery").status_code == 401
        assert forms(client, "/sign-in", name="ana", password=PASSWORD).status_code == 303
        assert "account:ana" in json.dumps(heard(client, "_arrive", ["{}"])), "the page's events stream through"
        assert client.get("/v1/nope").json()["status"] == 404
        assert client.get("/v1/chat").status_code == 405
        assert client.post("/v1/chat", json={"text": "a western"}).status_code == 200
        assert "a western" in json.dumps(heard(client, "_say", ["a western", 0.3, 0.1, None, "{}"]))
        counted = re.findall(r"^convrec_turns_total\{.*\} (\S+)$", client.get("/metrics").text, re.MULTILINE)
        assert sum(map(float, counted)) == 2, "turns of the page are counted with those of the API"


def test_a_server_without_a_page_says_so(monkeypatch, capsys):
    monkeypatch.setattr(serve, "installed", lambda package: package != "gradio")
    assert not serve._has_page(1)
    assert "pip install -e '.[ui]'" in capsys.readouterr().err
    monkeypatch.undo()
    assert serve._has_page(1)
    monkeypatch.delattr("socket.AF_UNIX")
    assert not serve._has_page(2)
    assert "--workers 1" in capsys.readouterr().err
