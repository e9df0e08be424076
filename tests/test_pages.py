"""Every block that the README and docs/ show is read: commands and options exist, Python compiles and its imports are there, settings are valid."""

import ast
import csv
import importlib
import importlib.util
import io
import json
import re
import shlex
import subprocess
import tomllib
from pathlib import Path

import jinja2
import pytest
from typer.main import get_command

from convrec.core.settings import Settings, load_settings
from convrec.ui.cli.app import app
from tests.pages import ROOT, Reader, blocks, pages

RUN = {  # the pages of which blocks are run, and by which test
    "docs/api/predicates.md": "tests/test_pages.py",
    "docs/embedding.md": "tests/test_examples.py",
    "docs/evaluation-understanding.md": "tests/test_pages.py",
    "docs/finetuning.md": "tests/finetune/test_page.py",
    "docs/http-api.md": "tests/ui/api/test_docs.py",
    "docs/living.md": "tests/ui/test_pages.py",
    "docs/mcp.md": "tests/ui/test_pages.py",
    "docs/operating.md": "tests/ui/test_pages.py",
    "docs/own-catalogue.md": "tests/test_pages.py",
    "docs/signing-in.md": "tests/ui/test_auth_elsewhere.py",
    "docs/widget.md": "tests/ui/test_pages.py",
    "README.md": "tests/test_pages.py",
}
SHELLS = ("sh", "bash", "console")
SHOWN = ("text", "mermaid", "html", "js", "css")  # nothing of these can be read without what they are for
OTHERS = "accelerate cd curl cut docker export for do done pip sed source vllm".split()
BLOCKS = [block for page in pages() for block in blocks(page)]
INLINE = re.compile(r"(?<!`)`((?:convrec|make|python|pip) [^`\n]+)`(?!`)")
COMMANDS = get_command(app)


def named(block):
    return f"{block.page}:{block.line}"


def of(*languages):
    return pytest.mark.parametrize("block", [each for each in BLOCKS if each.language in languages], ids=named)


def in_words():
    """Yields the commands that pages name in their sentences and tables, each with its page."""
    for page in pages():
        prose = re.sub(r"^ *```.*?^ *```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        yield from ((page.relative_to(ROOT).as_posix(), found) for found in INLINE.findall(prose))


def commands(text):
    """Yields the words of each command in a block of shell, without assignments before it and comments after it."""
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.shlex(line, posix=True, punctuation_chars="();<>|&")
        words.commenters = "#"
        words.whitespace_split = True
        command = []
        for word in [*words, ";"]:
            if re.fullmatch(r"[;|&]+", word):
                if command:
                    yield command
                command = []
            elif command or not re.match(r"\w+=", word):
                command.append(word)


def check(words, whole=True):
    """Fails where a command is not there, or an option of it; where it is not whole, what it needs may be missing."""
    program, *rest = words
    if program == "convrec":
        check_convrec(rest, whole)
    elif program == "make":
        targets = [word for word in rest if "=" not in word]
        declared = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split()
        assert set(targets) <= set(declared)
    elif program == "python":
        check_python(rest)
    elif program == "pip":
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
        wanted = re.findall(r"convrec\[([^]]*)\]", " ".join(rest))
        assert {extra for each in wanted for extra in each.split(",")} <= extras.keys()
    elif program == "accelerate":
        module = rest.index("-m")
        check(["python", *rest[module:]])
    else:
        assert program in OTHERS


def check_convrec(words, whole):
    command = COMMANDS
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words[0]]
        words = words[1:]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert {word.split("=")[0] for word in words if word.startswith("--")} <= known | {"--help"}
    assert not (words and hasattr(command, "commands") and not words[0].startswith("-")), f"no command {words[0]}"
    if whole and not hasattr(command, "commands"):
        command.make_context(command.name, list(words))


def check_python(words):
    if words[0] == "-c":
        return
    if words[0] == "-m" and words[1] == "convrec.ui.cli":
        check_convrec(words[2:], whole=True)
        return
    file = ROOT / (words[1].removeprefix("convrec.").replace(".", "/") if words[0] == "-m" else words[0])
    sources = sorted(file.glob("*.py")) if file.is_dir() else [file if file.suffix else file.with_suffix(".py")]
    written = "".join(source.read_text(encoding="utf-8") for source in sources)
    options = [word.split("=")[0] for word in words[1:] if word.startswith("--")]
    assert [option for option in options if f'"{option}"' not in written] == []


@pytest.mark.parametrize("block", BLOCKS, ids=named)
def test_every_block_is_of_a_kind_that_is_read(block):
    assert block.language in (*SHELLS, *SHOWN, "python", "toml", "json", "csv", "jinja")


@of(*SHELLS)
def test_commands_of_a_block_exist(block):
    assert subprocess.run(["bash", "-n", "-c", block.text], capture_output=True, check=False).returncode == 0
    for words in commands(block.text):
        check(words)


@pytest.mark.parametrize(("page", "command"), sorted(set(in_words())))
def test_commands_in_sentences_exist(page, command):
    for words in commands(command):
        check(words, whole=False)


@of("python")
def test_python_compiles_and_its_imports_are_there(block):
    for node in ast.walk(compile(block.text, named(block), "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("convrec"):
            module = importlib.import_module(node.module)
            assert [each.name for each in node.names if not hasattr(module, each.name)] == []
        elif isinstance(node, ast.Import):
            assert [each.name for each in node.names if importlib.util.find_spec(each.name) is None] == []


@of("toml")
def test_settings_are_valid(block, tmp_path):
    document = tomllib.loads(block.text)
    if "project" in document:  # a distribution's own file
        return
    assert document.keys() <= Settings.model_fields.keys()
    (tmp_path / "convrec.toml").write_text(block.text)
    load_settings(tmp_path / "convrec.toml", {})


@of("json", "csv", "jinja")
def test_data_can_be_read(block):
    if block.language == "json":
        json.loads(block.text)
    elif block.language == "csv":
        header, *rows = csv.reader(io.StringIO(block.text))
        assert {len(row) for row in rows} == {len(header)}
    else:
        jinja2.Environment(autoescape=True).parse(block.text)


@pytest.mark.parametrize(("page", "test"), RUN.items())
def test_a_page_that_is_run_names_its_test(page, test):
    name, text = Path(page).name, (ROOT / test).read_text(encoding="utf-8")
    assert name in text or f'"{Path(page).stem}"' in text
    assert blocks(ROOT / page)


WRONG = ("convrec ingset -w shop", "convrec fit --olny ease", "make chta", "pip install 'convrec[gui]'", "rm -r x")


@pytest.mark.parametrize("wrong", WRONG)
def test_a_command_that_is_not_there_is_found(wrong):
    (words,) = commands(wrong)
    with pytest.raises(AssertionError):
        check(words)


def test_a_command_without_what_it_needs_is_found():
    with pytest.raises(Exception, match="Missing parameter: out"):
        check(["convrec", "backup", "-w", "shop"])


def shell_and_python(page):
    return [block for block in blocks(ROOT / page) if block.language in (*SHELLS, "python")]


def follow(reader, page):
    """Runs a page's blocks of shell and Python in order; `make` is only planned, servers are started and stopped. Returns what was printed."""
    printed = []
    for block in shell_and_python(page):
        lines = block.text.replace("\\\n", " ").splitlines() if block.language in SHELLS else [block.text]
        for line in filter(str.strip, lines):
            if re.match(r"convrec (ui|serve|mcp)\b", line):
                printed.append(reader.serve(line.split(" #")[0].replace("--port 8000", "--port 0")))
            elif line.startswith("convrec evaluate sessions"):
                printed.append(reader.run(block.language, f"{line.split(' #')[0]} --users 3"))
            elif line.startswith("make "):
                printed.append(
                    subprocess.run(
                        ["make", "-n", line.split()[1]], cwd=ROOT, check=True, capture_output=True, text=True
                    ).stdout
                )
            else:
                printed.append(reader.run(block.language, line))
    return printed


def files(page, *names):
    """Returns what the page's CSV blocks hold, by the names that they are to be given."""
    return dict(zip(names, (block.text for block in blocks(ROOT / page) if block.language == "csv"), strict=True))


@pytest.fixture
def reader(tmp_path, demo_home):
    reader = Reader(tmp_path, demo_home)
    for name, text in files("docs/own-catalogue.md", "products.csv", "sales.csv").items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return reader


@pytest.mark.ci
def test_the_page_on_ones_own_catalogue_runs_from_top_to_bottom(reader):
    printed = "\n".join(follow(reader, "docs/own-catalogue.md"))
    for words in (
        "The Hound of the Baskervilles",
        "subjects",
        "books",
        "The Hobbit",
        "item_knn",
        "The chat is at",
        "convrec answers at",
    ):
        assert words in printed


@pytest.mark.ci
def test_the_readme_runs_from_top_to_bottom(reader):
    printed = "\n".join(follow(reader, "README.md"))
    for words in ("The chat is at", "convrec answers at", "contributions", "ndcg@10", "success@5", "report.html"):
        assert words in printed


@pytest.mark.ci
def test_the_page_on_predicates_runs(reader):
    assert follow(reader, "docs/api/predicates.md") == ["and 3\n"]


@pytest.mark.ci
def test_the_page_on_understanding_measures_ones_own_turns(reader, films):
    page = "docs/evaluation-understanding.md"
    turns = re.search(
        r'^    (\{"id": "1".*?\}\]\}\})$', (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )[1]
    (reader.folder / "turns.jsonl").write_text(json.dumps(json.loads(turns)), encoding="utf-8")
    films.rename(reader.folder / "films")
    (printed,) = follow(reader, page)
    assert re.match(r"\d\.\d+ \{", printed)
