"""What `convrec doctor` looks at. Each check yields findings and stops at nothing but its own end."""

import importlib.util
import os
import platform
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from convrec.core.errors import ConvrecError
from convrec.core.extras import to_get

if TYPE_CHECKING:
    from convrec.catalogue.version import Version
    from convrec.catalogue.workspace import Workspace

_PACKAGES = ("torch", "langgraph", "chromadb", "pyarrow", "implicit", "bm25s")
_LEAST_FREE_BYTES = 1_000_000_000


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: `ok`, a `note`, `stale` (works, but should be renewed) or `broken`; `mend` says how."""

    what: str
    status: Literal["ok", "note", "stale", "broken"]
    found: str
    mend: str = ""


def examined(workspace: Path | None) -> Iterator[Finding]:
    """Yields all findings, about the installation first and then about the workspace."""
    yield Finding(
        "convrec",
        "ok",
        f"{version('convrec')} on Python {platform.python_version()}, {platform.system()} {platform.machine()}",
    )
    yield from _packages()
    yield _devices()
    yield _page()
    yield from _workspace(workspace)


def _packages() -> Iterator[Finding]:
    found = []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            yield Finding(name, "broken", "not installed", "Run: pip install convrec")
    yield Finding("packages", "ok", ", ".join(found))


def _devices() -> Finding:
    import torch

    gpus = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
    cpu = f"CPU, {os.cpu_count()} cores, {torch.get_num_threads()} threads"
    return Finding("devices", "ok", ", ".join([cpu, *gpus]) if gpus else f"{cpu}; no GPU, and none is needed")


def _page() -> Finding:
    if importlib.util.find_spec("gradio") is None:
        return Finding("chat page", "note", "Gradio is not installed", f"`convrec ui` needs it. {to_get('ui')}")
    return Finding("chat page", "ok", f"gradio {version('gradio')}")


def _workspace(path: Path | None) -> Iterator[Finding]:
    from convrec.catalogue.workspace import Workspace

    try:
        workspace = Workspace.resolve(path)
        published = workspace.current()
        yield _catalogue(workspace, published)
    except ConvrecError as error:
        yield Finding("workspace", "broken", error.problem, error.fix)
        return
    yield _disk(workspace.root)
    yield _encoder(workspace)
    yield _state(workspace)
    yield from _engine(workspace)
    yield from _rules(workspace)
    yield from _tools(workspace, published)
    yield from _vectors(workspace, published)


def _engine(workspace: "Workspace") -> Iterator[Finding]:
    """Yields which engine answers, and what a configured model's server was seen to do; a few short requests are sent."""
    from convrec.agent.llm.abilities import abilities
    from convrec.agent.llm.connect import connect

    llm = workspace.settings.llm
    if not llm.configured:
        yield Finding("engine", "ok", "compact (no language model is configured, and none is needed)")
        return
    try:
        client = connect(llm)
    except ConvrecError as error:
        yield Finding("engine", "broken", error.problem, error.fix)
        return
    assert client is not None
    steps = ", ".join(llm.steps) or "no step"
    yield Finding(
        "engine",
        "ok",
        f"{llm.adapter or llm.model} for {steps}, {llm.max_calls_per_turn} requests a turn at most, compact for the rest",
    )
    for one in abilities(client, llm, os.environ.get(llm.api_key_env, "")):
        what = f"model at {one.place}"
        if one.able:
            yield Finding(what, "ok", f"{one.name}: {one.seen}")
        elif one.name == "answers":
            yield Finding(what, "stale", f"does not answer ({one.seen}): the compact engine does", "See that the server runs, knows the model and takes the key of `llm.api_key_env`.")  # fmt: skip
        else:
            yield Finding(what, "note", f"{one.name}: no ({one.seen}); plain JSON with a repair is used" if one.name == "JSON schema" else f"{one.name}: no ({one.seen})")  # fmt: skip


def _rules(workspace: "Workspace") -> Iterator[Finding]:
    from convrec.tools.rules import Rules

    given = workspace.settings.ranking.rules
    if not given:
        return
    try:
        rules = Rules.open(given, workspace.catalogue())
    except ConvrecError as error:
        yield Finding("rules", "broken", error.problem, error.fix)
        return
    found = f"{len(given)} in `ranking.rules`"
    if rules.unknown:
        yield Finding(
            "rules", "note", f"{found}; not in the catalogue: {', '.join(rules.unknown[:5])}", "Mend the ids."
        )
    else:
        yield Finding("rules", "ok", found)


def _catalogue(workspace: "Workspace", published: "Version") -> Finding:
    catalogue = workspace.catalogue()
    found = f"{workspace.root}, version {published.number} of {published.created}: {len(catalogue):,} {catalogue.schema.nouns}"
    if not len(catalogue):
        return Finding("workspace", "broken", found, f"Run: convrec ingest -w {workspace.root} --items FILE")
    feedback = [
        name
        for name, there in (("interactions", catalogue.has_interactions), ("dialogues", catalogue.has_dialogues))
        if there
    ]
    return Finding("workspace", "ok", f"{found}, {' and '.join(feedback) or 'no interactions and no dialogues'}")


def _disk(root: Path) -> Finding:
    free = shutil.disk_usage(root).free
    if not os.access(root, os.W_OK):
        return Finding("disk", "broken", f"{root} can't be written", "Change the folder's rights.")
    if free < _LEAST_FREE_BYTES:
        return Finding("disk", "stale", f"{free / 1e6:,.0f} MB free", "Make room: a fit writes beside what is in use.")
    return Finding("disk", "ok", f"{free / 1e9:,.1f} GB free")


def _encoder(workspace: "Workspace") -> Finding:
    from convrec.tools.encoder import TextEncoder

    try:
        encoder = TextEncoder.open(workspace.settings.models.encoder)
        encoder.encode(["a film"])
    except ConvrecError as error:
        return Finding("text encoder", "broken", error.problem, error.fix)
    return Finding("text encoder", "ok", f"{workspace.settings.models.encoder}, weights {encoder.revision[:12]}")


def _state(workspace: "Workspace") -> Finding:
    from convrec.agent.stores.opening import SQLITE, open_database

    url = workspace.state_url()
    path = Path(url.removeprefix(SQLITE))
    if not url.startswith(SQLITE):
        try:
            database = open_database(url)
            turns = database.rows("SELECT count(*) FROM turns")[0][0]
            database.close()
        except ConvrecError as error:
            return Finding("state", "broken", error.problem, error.fix)
        return Finding("state", "ok", f"{database.place}, {turns:,} turns")
    if not path.exists():
        return Finding("state", "note", f"{path} is made by the first conversation")
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
            damage = db.execute("PRAGMA quick_check").fetchone()[0]
            turns = db.execute("SELECT count(*) FROM turns").fetchone()[0]
    except sqlite3.DatabaseError as error:
        return Finding("state", "broken", f"{path}: {error}", "Restore the file from a backup.")
    if damage != "ok":
        return Finding("state", "broken", f"{path}: {damage}", "Restore the file from a backup.")
    return Finding("state", "ok", f"{path}, {turns:,} turns")


def _tools(workspace: "Workspace", published: "Version") -> Iterator[Finding]:
    from convrec.tools.opening import outdated

    mend = f"Run: convrec fit -w {workspace.root}"
    if not published.tools:
        yield Finding("tools", "broken", "nothing is fitted yet", mend)
        return
    fits = [version for version in workspace.versions() if version.what == "fit" and version.number <= published.number]
    other = outdated(workspace.root, published)
    fresh = bool(fits) and fits[-1].segments == published.segments
    for name, tool in published.tools.items():
        what = f"tool {name}"
        if tool.left_out:
            yield Finding(what, "note", f"left out: {tool.left_out}")
        elif not (workspace.root / tool.folder).is_dir():
            yield Finding(what, "broken", f"its folder {tool.folder} is gone", mend)
        elif name in other:
            yield Finding(what, "stale", "fitted by another version of convrec: it is left out", mend)
        elif not fresh:
            yield Finding(what, "stale", f"fitted on {tool.n_items:,} items, and data was taken in since", mend)
        else:
            yield Finding(what, "ok", f"fitted on {tool.n_items:,} items in {tool.seconds:.1f} s")


def _vectors(workspace: "Workspace", published: "Version") -> Iterator[Finding]:
    """Yields where the item vectors lie, and whether their server answers."""
    from convrec.tools.vectors import VectorStore

    tool, url = published.tools.get("dense"), workspace.settings.vectors.url
    if tool is None or tool.left_out or not (workspace.root / tool.folder).is_dir():
        return
    store = VectorStore.load(workspace.root / tool.folder)
    lies = store.place.url if store is not None else ""
    if lies != url:
        yield Finding("vectors", "stale", f"not on {url} yet" if url else f"still on {lies}", f"Run: convrec fit -w {workspace.root}")  # fmt: skip
    elif store is None or not store.agrees:
        yield Finding("vectors", "ok", "exact products over all of them; Chroma's index is not asked")
    elif not url:
        yield Finding("vectors", "ok", f"embedded in Chroma, which finds {store.place.agreement:.1%} of the nearest")
    else:
        try:
            store.check()
        except ConvrecError as error:
            yield Finding("vectors", "broken", error.problem, error.fix)
        else:
            yield Finding("vectors", "ok", f"{store.place.n_vectors:,} on the Chroma server at {url}")
