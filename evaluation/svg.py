"""Drawing with matplotlib into SVG that a page holds as it is: classes of the page stand in place of colours, and nothing is referred to outside."""

from __future__ import annotations

import hashlib
import io
import re
import warnings
from collections.abc import Callable
from importlib import resources
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from convrec.core.errors import ConvrecError
from convrec.core.extras import to_get

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

# Okabe & Ito 2008. Each stands for a class of the page, which has a shade of it for light and one for dark.
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
INK, MUTED, GRID, PAPER, OTHER = "#010101", "#020202", "#030303", "#fefefe", "#040404"
_CLASSES = {colour: f"s{number}" for number, colour in enumerate(SERIES)} | {
    INK: "ink", MUTED: "muted", GRID: "grid", PAPER: "paper", OTHER: "other",
}  # fmt: skip
_ROOT = re.compile(r":root \{(.*?)\}", re.DOTALL)
_SHADE = re.compile(r"--(\w+): (#\w+)")
_KEPT = (
    "fill-opacity",
    "stroke-width",
    "stroke-dasharray",
    "stroke-dashoffset",
    "text-anchor",
    "font-size",
    "font-weight",
)
_SETTINGS: Any = {
    "svg.fonttype": "none", "svg.hashsalt": "convrec", "text.parse_math": False, "font.size": 12,
    "font.family": "DejaVu Sans", "axes.unicode_minus": True, "path.simplify": False,
}  # fmt: skip


def drawn(draw: Callable[[Canvas], None], width: float, height: float, label: str) -> str:
    """Returns what is drawn on a canvas of that many px, as SVG for a page; `label` is what is read out instead of it."""
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ConvrecError("The report draws with matplotlib, which is not installed.", to_get("evaluate")) from error
    with mpl.rc_context(_SETTINGS), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # letters that matplotlib's font lacks: the page's has them
        canvas = Figure(figsize=(width / 72, height / 72))
        draw(canvas)
        written = io.BytesIO()
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        canvas.savefig(written, format="svg", transparent=True, metadata=nothing)
    return _for_page(written.getvalue(), width, label)


def by_itself(svg: str) -> str:
    """Returns what was drawn for a page as a file of its own: with the report's colours for light and for dark, and their ground."""
    light, dark = (
        "".join(f".fill-{name}{{fill:{colour}}}.stroke-{name}{{stroke:{colour}}}" for name, colour in shades.items())
        + f"text{{font-family:sans-serif;fill:{shades['ink']}}}"
        for shades in _shades()
    )
    style = f"<style>{light}@media (prefers-color-scheme: dark){{{dark}}}</style>"
    opened, _, rest = svg.partition(">")
    ground = '<rect class="fill-paper" width="100%" height="100%"/>'
    return f'{opened} xmlns="http://www.w3.org/2000/svg">{style}{ground}{rest}\n'


def _shades() -> tuple[dict[str, str], dict[str, str]]:
    """Returns the report's shade of each class, for light and for dark."""
    page = resources.files("convrec.evaluation").joinpath("report.jinja").read_text(encoding="utf-8")
    light, dark = (dict(_SHADE.findall(block)) for block in _ROOT.findall(page)[:2])
    names = _CLASSES.values()
    return {name: light[name] for name in names}, {name: dark[name] for name in names}


def _for_page(svg: bytes, width: float, label: str) -> str:
    root = ElementTree.fromstring(svg)  # noqa: S314  (matplotlib's own, written a moment ago)
    for element in root.iter():
        element.tag = element.tag.split("}")[-1]
    _pruned(root)
    prefix = hashlib.sha256(svg).hexdigest()[:6]  # ids are the whole page's: two plots may not share one
    for element in root.iter():
        _dressed(element, prefix)
    view = root.get("viewBox", "")
    root.attrib.clear()
    root.attrib |= {"viewBox": view, "class": "plot", "role": "img", "aria-label": label, "width": str(round(width))}
    return _clean(ElementTree.tostring(root, encoding="unicode"))


def _pruned(element: ElementTree.Element) -> None:
    """Takes out what draws nothing: styles, metadata, clip paths, and the grounds of figure and axes."""
    for child in list(element):
        style = child.get("style", "")
        ground = child.tag == "path" and "fill: none" in style and "stroke" not in style
        if child.tag in ("style", "metadata", "clipPath") or ground:
            element.remove(child)
        else:
            _pruned(child)
            if child.tag in ("g", "defs") and len(child) == 0:
                element.remove(child)


def _dressed(element: ElementTree.Element, prefix: str) -> None:
    """Gives the element the page's classes in place of its style, and its id, if anything may refer to it, the prefix."""
    style = dict(re.findall(r"([\w-]+):\s*([^;]+)", element.attrib.pop("style", "")))
    classes = [
        f"{what}-{_CLASSES[style[what].strip()]}"
        for what in ("fill", "stroke")
        if style.get(what, "").strip() in _CLASSES
    ]
    if classes:
        element.set("class", " ".join(classes))
    if style.get("fill", "").strip() == "none":
        element.set("fill", "none")
    if "opacity" in style:
        element.set("fill-opacity", style["opacity"].strip())
    for name in _KEPT:
        if name in style:
            element.set(name, style[name].strip())
    for name in [name for name in element.attrib if name.endswith("}href")]:
        element.set("href", f"#{prefix}{element.attrib.pop(name)[1:]}")
    name = element.attrib.pop("id", "")
    if name and element.tag == "path":
        element.set("id", prefix + name)
    element.attrib.pop("clip-path", None)
    if re.fullmatch(r"rotate\(-?0 .*\)", element.get("transform", "")):
        del element.attrib["transform"]


def _clean(svg: str) -> str:
    """Returns it without line breaks, of which only numbers and tags have any."""
    return re.sub(r">\s+<", "><", re.sub(r"\s*\n\s*", " ", svg))
