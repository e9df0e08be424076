"""Every block of the pages on a living catalogue, MCP, operating and the widget is run as it stands there, or read by whatever would read it."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from convrec.catalogue.ingest import ingest
from convrec.catalogue.workspace import Workspace
from convrec.ui.keys import Keys
from tests.ui.mcp_client import connected, keyed
from tests.ui.served import ADMIN, asked, serving
from tests.ui.test_chat_browser import CHROMIUM, FLAGS

pytestmark = pytest.mark.ci

ROOT = Path(__file__).parents[2]
MAIN = f'exec {shlex.quote(sys.executable)} -c "from convrec.ui.cli import main; main()" "$@"'


def blocks(page):
    """A page's blocks: language and text, in order."""
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    return re.findall(r"^```(\w+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def of(page, language):
    """The blocks in one language."""
    return [block for name, block in blocks(page) if name == language]


LANGUAGES = {
    "living": ["python"], "mcp": ["json", "sh", "sh", "json"], "operating": ["sh"], "widget": ["html", "js", "css"],
}  # fmt: skip


@pytest.mark.parametrize("page", LANGUAGES)
def test_every_block_is_tried_here(page):
    assert [language for language, _ in blocks(page)] == LANGUAGES[page]


@pytest.fixture
def command(tmp_path):
    """Puts a command of a test's own making before all others, and returns the environment in which it is found."""

    def put(name, script):
        place = tmp_path / "bin" / name
        place.parent.mkdir(exist_ok=True)
        place.write_text(f"#!/bin/bash\n{script}\n")
        place.chmod(0o755)
        return {**os.environ, "PATH": f"{place.parent}:{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}

    return put


# A living catalogue


def test_what_is_written_live_is_there(tmp_path):
    rows = [{"id": f"b-{n}", "title": f"Book {n}", "genres": ["fantasy"], "price": 10.0, "in_stock": True} for n in range(15, 19)]  # fmt: skip
    (tmp_path / "books.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    shop = Workspace.create(tmp_path / "my-shop")
    ingest(shop, items=[tmp_path / "books.jsonl"])
    (block,) = of("living", "python")
    done = subprocess.run([sys.executable, "-c", block], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    catalogue = Workspace.open(tmp_path / "my-shop").catalogue()
    assert catalogue.item("b-19").title == "Circe"
    assert catalogue.item("b-17").facts["price"] == 8.5
    assert sorted(catalogue.ids) == ["b-15", "b-16", "b-17", "b-19"]


# The Model Context Protocol


@contextmanager
def running(block, environment, folder):
    """Runs a block that ends with a server, and gives the line that the server prints. It listens on this machine alone, at a free port."""
    process = subprocess.Popen(
        ["bash", "-euo", "pipefail", "-c", block], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        yield process.stdout.readline()
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)
        process.stdout.close()


HERE = MAIN.replace('"$@"', '"$@" --host 127.0.0.1 --port 0')


def test_a_client_starts_the_server_by_its_file(films, command):
    environment = command("convrec", MAIN)
    (told,) = json.loads(of("mcp", "json")[0])["mcpServers"].values()
    arguments = [str(films) if argument == "/srv/my-shop" else argument for argument in told["args"]]
    from mcp import StdioServerParameters

    with connected(StdioServerParameters(command=told["command"], args=arguments, env=environment)) as ask:
        assert ask("get_item", item_id="h1")["id"] == "h1"


def test_over_http_without_keys_anybody_here_may_ask(films, command):
    films.rename(films.parent / "my-shop")
    block = of("mcp", "sh")[0]
    with running(block, command("convrec", HERE), films.parent) as line:
        address = re.search(r"http://\S+", line)[0]
        promised = re.search(r"# prints its address: (\S+)", block)[1]
        assert re.sub(r":\d+/", "/", address) == re.sub(r":\d+/", "/", promised)
        with connected(address) as ask:
            assert ask("get_item", item_id="h1")["id"] == "h1"


def test_over_http_a_client_shows_the_key_of_its_file(films, command):
    films.rename(films.parent / "my-shop")
    (told,) = json.loads(of("mcp", "json")[1])["mcpServers"].values()
    scheme, _, key = told["headers"]["Authorization"].partition(" ")
    assert (told["type"], scheme, told["url"].rsplit("/", 1)[1]) == ("http", "Bearer", "mcp")
    with (
        running(of("mcp", "sh")[1], command("convrec", HERE), films.parent) as line,
        keyed(re.search(r"http://\S+", line)[0], key) as ask,
    ):
        assert ask("chat", text="a western")["user_id"] == "ana"


# Operating

NOTING = 'printf "%s\\n" "$(printf "%s\\t" "$@")" >> docker.log; env > docker.env'


def test_what_docker_is_told_names_services_and_commands_that_there_are(command, tmp_path):
    from typer.main import get_command

    from convrec.ui.cli.app import app

    (block,) = of("operating", "sh")
    environment = command("docker", NOTING)
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", block], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    given = dict(line.partition("=")[::2] for line in (tmp_path / "docker.env").read_text().splitlines())
    assert len(given["CONVREC_SECRET"]) >= 32
    assert Keys.from_environment(given)
    assert set(re.findall(r"\$\{(\w+):\?", (ROOT / "compose.yaml").read_text())) <= given.keys()
    asked_for = [line.rstrip("\t").split("\t") for line in (tmp_path / "docker.log").read_text().splitlines()]
    assert {words[0] for words in asked_for} == {"compose"}
    assert [words[1] for words in asked_for] == ["build", "run", "run", "up"]
    for words in asked_for[1:3]:
        ran = words[words.index("fit") :]
        command_line = ran[1:] or services["fit"]["command"]
        known = {option for parameter in get_command(app).commands[command_line[0]].params for option in parameter.opts}
        assert {word for word in command_line if word.startswith("--")} <= known


# The widget


def test_a_token_is_given_as_the_page_says(films, tmp_path):
    page = (ROOT / "docs" / "widget.md").read_text(encoding="utf-8")
    method, path, body = re.search(r"^    (\w+) (/v1/tokens)  (\{.*\})$", page, re.MULTILINE).groups()
    status, promised = re.search(r"^    → (\d+) (\{.*\})$", page, re.MULTILINE).groups()
    with serving(films, tmp_path / "log") as served:
        found = served.ask(method, path, json.loads(body))
    assert found[0] == int(status)
    assert found[1] | {"token": "…"} == json.loads(promised)


class Host(ThreadingHTTPServer):
    """A site whose page has the blocks on it, and whose back end gives tokens; `given` says which of its endpoints was asked for one."""

    page, token, given = "", "", ()


class Answering(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/my/endpoint":
            self.server.given += (self.path,)
        self._send(self.server.token if self.path == "/my/endpoint" else self.server.page, "text/html; charset=utf-8")

    def do_POST(self):
        self.server.given += (self.path,)
        self._send(json.dumps({"token": self.server.token}), "application/json")

    def _send(self, text, kind):
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Nobody reads it."""


@pytest.fixture
def host():
    with Host(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no {CHROMIUM}: apt-get install chromium")
def test_the_blocks_make_a_page_with_the_chat_on_it(films, tmp_path, host):
    from playwright.sync_api import sync_playwright

    (tag,), (source,), (style,) = (of("widget", language) for language in ("html", "js", "css"))
    own = f"http://127.0.0.1:{host.server_address[1]}"
    with (
        serving(films, tmp_path / "log", CONVREC_SERVER_CORS_ORIGINS=own) as served,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS)) as browser,
    ):
        _, granted, _ = asked(f"{served.address}/v1/tokens", "POST", {"user_id": "shop/ana"}, {"Authorization": f"Bearer {ADMIN}"})  # fmt: skip
        host.token = granted["token"]
        put = tag.replace("https://chat.example", served.address)
        for script, asked_at in (("", "/chat-token"), (f"<script>{source}</script>", "/my/endpoint")):
            host.given = ()
            shown = put.replace(' data-token-url="/chat-token"', "") if script else put  # one or the other
            host.page = f"<!doctype html><style>{style}</style><body>{shown}{script}</body>"
            page = browser.new_context(color_scheme="light").new_page()
            page.set_default_timeout(90_000)
            page.goto(own)
            page.locator("convrec-chat button.opener").click()
            page.get_by_label("Your message").fill("a western please")
            page.keyboard.press("Enter")
            page.locator("convrec-chat .card").first.wait_for()
            assert set(host.given) == {asked_at}
            colours = page.evaluate(
                "[...document.querySelector('convrec-chat').shadowRoot.querySelectorAll('button')].map((one) => getComputedStyle(one).backgroundColor)"
            )
            assert "rgb(122, 59, 18)" in colours
