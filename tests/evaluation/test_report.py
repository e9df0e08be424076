"""The report: one page that says everything in plots and tables, loads nothing, and keeps titles and messages data."""

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from convrec.core.errors import ConvrecError, InputError
from convrec.core.metrics.bootstrap import mean
from convrec.evaluation.plots import Dot, dots
from convrec.evaluation.reading import interval, number
from convrec.evaluation.report import newest_runs, report
from convrec.evaluation.result import Difference, Figure, Part, Result, Scored, Slice, chosen, summarised

CHROMIUM = Path("/usr/bin/chromium")
NASTY = "<script>alert(1)</script>"
N = 60


def scored(rate, *, turns=False, seed=0):
    rng = np.random.default_rng(seed)
    found = rng.random(N) < rate
    if turns:
        hit = np.where(found, rng.integers(1, 4, N), 9)
        return Scored(
            {f"success@{k}": mean((hit <= k).astype(float)) for k in (1, 2, 3)}
            | {"turns": mean(np.minimum(hit, 4).astype(float))}
        )
    return Scored({"ndcg@10": mean(found * 0.7), "recall@10": mean(found.astype(float))}, {"coverage@10": rate / 2})


@pytest.fixture
def made(tmp_path):
    """Makes a run's folder from a result, with worst cases."""

    def make(result, name="run", worst=()):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "metrics.json").write_text(result.model_dump_json())
        if worst:
            (folder / "worst.jsonl").write_text("".join(json.dumps(row) + "\n" for row in worst))
        return folder

    return make


def ranked(**rest):
    systems = {"fused": scored(0.6), "popularity": scored(0.1, seed=1), "bm25": scored(0.55, seed=2)}
    groups = [f"u{number}" for number in range(N)]
    slices = {"head": Part(groups[:40], {name: chosen(each, range(40)) for name, each in systems.items()})}
    return summarised(
        "topn", "fused", "ndcg@10", Part(groups, systems), slices=slices, manifest={"protocol": "topn", "options": {"k": [10, 20]}}, **rest
    )  # fmt: skip


def talked():
    systems = {"agent": scored(0.7, turns=True), "search": scored(0.4, turns=True, seed=1)}
    return summarised("sessions", "agent", "success@3", Part([str(n) for n in range(N)], systems))


def everything(name=NASTY):
    """A result in which whatever is a text is somebody's attempt to be more."""
    figures = {name: Figure(value=0.5, low=0.4, high=0.6), f"{name}@2": Figure(value=0.1), "turns": Figure(value=2.0)}
    return Result(
        protocol=name, system=name, headline=name, metrics=figures, n=3, baselines={f"{name} 2": figures}, counts={name: 1}, notes=(name, f"LEAK {name}"),
        gains={f"{name} 2": {name: Difference(value=0.1, low=0.05, high=0.2, p=0.01)}}, controls={name: figures}, manifest={name: {name: [name]}},
        slices={name: Slice(n=1, systems={name: figures})},
        sections={name: [name], "confusion": {name: {"gold": [name, "$x$"], "predicted": [name, "$x$"], "counts": [[3, 1], [0, 2]]}}},
    )  # fmt: skip


class _Page(HTMLParser):
    """The page's elements, with their attributes, and its visible text."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.text = [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def page(made, tmp_path):
    def read(result, **rest):
        return _Page(report([made(result, **rest)], tmp_path / "out" / "report.html").read_text())

    return read


def test_it_says_the_headline_in_words(page):
    found = page(ranked())
    text = " ".join(found.text.split())
    figure = ranked().metrics["ndcg@10"]
    assert f"of fused over 60 cases; 95 % interval {interval(figure)}" in text
    assert "It is better than popularity; not clearly different from bm25." in text
    assert number(figure.value) in text


def test_every_plot_is_told_in_words_and_its_figures_are_in_a_table(page):
    found = page(ranked())
    labels = [svg["aria-label"] for svg in found.all("svg")]
    assert len(labels) == len(set(labels)) == 5
    assert all(svg["role"] == "img" for svg in found.all("svg"))
    value = number(ranked().baselines["bm25"]["ndcg@10"].value)
    assert f"bm25 {value} (" in labels[0]
    assert found.text.count(value) > 2


def test_lower_is_better_turns_the_verdict_round(page):
    result = talked().model_copy(update={"headline": "turns"})
    assert result.gains["search"]["turns"].value < 0
    found = page(result)
    assert "It is better than search." in " ".join(found.text.split())
    assert "less is better" in found.text


def test_sessions_are_drawn_by_turn(page):
    labels = [svg["aria-label"] for svg in page(talked()).all("svg")]
    assert any(label.startswith("Share of people who found their target by turn 1 to 3: agent ") for label in labels)


def test_a_confusion_is_drawn_of_the_same_or_of_other_labels(page):
    one = {"gold": ["like", "dislike"], "predicted": ["like", "dislike"], "counts": [[7, 2], [0, 5]]}
    two = {"gold": ["like"], "predicted": ["like", "(none)"], "counts": [[6, 4]]}
    labels = [
        svg["aria-label"] for svg in page(ranked(sections={"confusion": {"acts": one, "facets": two}})).all("svg")
    ]
    assert "Confusion of acts: 2 of like taken for dislike" in labels
    assert "Confusion of facets: 4 of like taken for (none)" in labels


def test_a_leak_is_on_top_in_red(page):
    found = page(ranked(notes=("LEAK: 3 test dialogues are among those learned from.", "All items are ranked.")))
    (alarm,) = [e for e in found.all("p") if e.get("role") == "alert"]
    assert alarm["class"] == "alarm"
    assert found.text.index("LEAK: 3 test") < found.text.index("95 % interval")
    assert found.text.count("LEAK: 3 test") == 1


def test_several_runs_have_a_list_that_leads_to_them(made, tmp_path):
    runs = [made(ranked(), "one"), made(talked(), "two")]
    found = _Page(report(runs, tmp_path / "report.html").read_text())
    assert [a["href"] for a in found.all("a")] == ["#run-1", "#run-2"]
    assert [article["id"] for article in found.all("article")] == ["run-1", "run-2"]
    ids = [attributes["id"] for _, attributes in found.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_whatever_is_a_text_stays_a_text(made, tmp_path):
    worst = [{"id": NASTY, "targets": [NASTY], "turns": [{"said": NASTY, NASTY: {NASTY: [None, True, 1.5]}}]}]
    folder = made(everything(), worst=worst)
    html = report([folder], tmp_path / "report.html").read_text()
    assert "<script" not in html
    found = _Page(html)
    assert {tag for tag, _ in found.elements}.isdisjoint(
        {"script", "iframe", "object", "embed", "img", "image", "foreignobject", "form"}
    )
    assert [
        name for _, attributes in found.elements for name in attributes if name.startswith("on") or name == "style"
    ] == []
    assert found.text.count(NASTY) > 20


def test_nothing_is_loaded(made, tmp_path):
    worst = [{"id": "1", "source": "https://example.org/a", "shown": ["http://example.org/b.png"]}]
    html = report([made(ranked(), worst=worst)], tmp_path / "report.html").read_text()
    found = _Page(html)
    addresses = [
        attributes[name]
        for _, attributes in found.elements
        for name in ("src", "href", "xlink:href", "action")
        if name in attributes
    ]
    assert all(address.startswith("#") or address == "data:," for address in addresses)
    assert "url(" not in html
    assert "@import" not in html
    (policy,) = [meta["content"] for meta in found.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


def test_the_same_run_gives_the_same_bytes(made, tmp_path):
    runs = [
        made(ranked(), "one", worst=[{"id": "1", "said": "hello"}]),
        made(talked(), "two"),
        made(everything(), "three"),
    ]
    first = report(runs, tmp_path / "first.html").read_bytes()
    assert report(runs, tmp_path / "second.html").read_bytes() == first
    code = f"from pathlib import Path; from convrec.evaluation.report import report; report([Path(p) for p in {[str(r) for r in runs]}], Path({str(tmp_path / 'third.html')!r}))"
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONHASHSEED": "7"})
    assert (tmp_path / "third.html").read_bytes() == first


def test_a_hundred_systems_stay_readable(page):
    figures = {"ndcg@10": Figure(value=0.1, low=0.0, high=0.2), "mrr@10": Figure(value=0.2, low=0.1, high=0.3)}
    others = {f"tool {n}": {m: Figure(value=0.5 + n / 1000, low=0.4, high=0.7) for m in figures} for n in range(100)}
    found = page(Result(protocol="topn", system="fused", headline="ndcg@10", metrics=figures, n=5, baselines=others))
    heights = [float(svg["viewbox"].split()[3]) for svg in found.all("svg")]
    assert max(heights) < 850
    assert all("fused" in svg["aria-label"] or "more in the table" in svg["aria-label"] for svg in found.all("svg"))
    assert "71 more in the table" in found.text
    assert "tool 0" in found.text


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_a_figure_that_is_missing_is_a_dash(page, missing):
    figures = {"recall@10": Figure(value=missing), "mrr@10": Figure(value=missing)}
    found = page(Result(protocol="topn", system="fused", headline="recall@10", metrics=figures, n=0))
    assert "–" in found.text
    assert "Nothing stands beside it" in found.text
    assert not re.search(r"\bnan\b", found.text)


def test_a_headline_that_is_not_among_the_metrics_breaks_nothing(page):
    found = page(Result(protocol="topn", system="fused", headline="gone", metrics={"hr": Figure(value=0.5)}, n=2))
    assert "gone" in found.text


def test_deep_and_long_cases_are_cut(page):
    deep: dict = {}
    for _ in range(60):
        deep = {"in": deep, "x": 1}
    found = page(ranked(), worst=[{"id": "1", "deep": deep, "long": list(range(500)), "words": "word " * 5000}])
    assert "… and 300 more" in found.text
    assert len(found.text) < 60_000


def test_an_empty_folder_and_no_folder_are_a_sentence(made, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no finished run"):
        report([tmp_path / "empty"], tmp_path / "report.html")
    with pytest.raises(InputError, match="no run to report on"):
        report([], tmp_path / "report.html")
    with pytest.raises(InputError, match="no finished run in"):
        newest_runs(tmp_path / "empty")
    damaged = made(ranked())
    (damaged / "worst.jsonl").write_text("[1]\n")
    with pytest.raises(InputError, match="damaged"):
        report([damaged], tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


def test_without_matplotlib_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ConvrecError, match=re.escape("pip install -e '.[evaluate]'")):
        dots([Dot("a", 1.0)], "label")


def test_numbers_are_written_for_people():
    assert [number(v) for v in (None, float("nan"), 0.0, 0.12345, 1.0, 2.345, 123.45, -0.5, 0.00042)] == [
        "–", "–", "0.000", "0.123", "1.000", "2.35", "123.5", "−0.500", "0.0004",
    ]  # fmt: skip
    assert number(0.5, signed=True) == "+0.500"


def test_the_command_takes_the_newest_run_of_each_protocol(made, tmp_path):
    from convrec.ui.cli.evaluate import app

    runs = [made(ranked(), "old"), made(ranked(notes=("LEAK: all of it.",)), "new"), made(talked(), "talk")]
    for age, run in enumerate(reversed(runs)):
        os.utime(run / "metrics.json", (1_000_000 - age, 1_000_000 - age))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "metrics.json").write_text("{}")
    assert newest_runs(tmp_path) == [tmp_path / "talk", tmp_path / "new"]
    shown = CliRunner().invoke(app, ["report", str(runs[1]), str(runs[2])])
    assert shown.exit_code == 0
    assert shown.stdout.strip() == str(tmp_path / "report.html")
    assert "new: LEAK: all of it." in shown.stderr
    refused = CliRunner().invoke(app, ["report", str(tmp_path)])
    assert refused.exit_code == 2
    assert "holds no finished run" in refused.stderr


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
        )  # fmt: skip
        yield opened
        opened.close()


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no {CHROMIUM}: apt-get install chromium")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_a_browser_shows_it(browser, made, tmp_path, scheme, width):
    runs = [
        made(ranked(), "one", worst=[{"id": "1", "said": "word" * 300, "turns": [{"said": NASTY}]}]),
        made(talked(), "two"),
        made(everything(), "three"),
    ]
    path = report(runs, tmp_path / "report.html")
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
    page, wrong = context.new_page(), []
    page.on("request", lambda request: wrong.append(request.url) if request.url != path.as_uri() else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text))
    page.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))
    page.goto(path.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.get_by_role("heading", name="topn: fused").is_visible()
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(23, 22, 20)") == (scheme == "dark")
    for selector in ("p.words", ".remark", "small", ".alarm", "dt", "summary", "thead th", ".void", "a"):
        assert page.locator(selector).first.evaluate(_CONTRAST, "color") >= 4.5, selector
    for selector in ("svg.plot text", "svg.plot .fill-muted"):
        assert page.locator(selector).first.evaluate(_CONTRAST, "fill") >= 4.5, selector
    for series in ("s0", "s1", "s2", "other"):
        assert page.locator(f"svg.plot .fill-{series}").first.evaluate(_CONTRAST, "fill") >= 2.9, series
    page.evaluate("document.querySelector('svg.plot').scrollIntoView()")
    assert page.locator("svg.plot").first.bounding_box()["width"] > 300
    context.close()
    assert wrong == []


_CONTRAST = """(element, property) => {
  const parts = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, n) => sum + v * [.2126, .7152, .0722][n], 0);
  let ground = element;
  while ((parts(getComputedStyle(ground).backgroundColor)[3] ?? 1) === 0) ground = ground.parentElement;
  const [low, high] = [light(parts(getComputedStyle(element)[property])), light(parts(getComputedStyle(ground).backgroundColor))].sort((a, b) => a - b);
  return (high + .05) / (low + .05);
}"""
