"""The graph as a picture: Graphviz lays it out, and what it returns is rebuilt from the few things a drawing needs."""

from __future__ import annotations

import os
import shutil
import subprocess
from xml.etree import ElementTree

from mllint.drawings.dot import render as render_dot
from mllint.drawings.view import View
from mllint.errors import UsageError

SECONDS = 120  # how long Graphviz may think
_SPACE = "{http://www.w3.org/2000/svg}"
_ELEMENTS = {"svg", "g", "title", "polygon", "polyline", "path", "ellipse", "text"}
_ATTRIBUTES = {
    "width", "height", "viewBox", "id", "class", "transform", "fill", "stroke", "stroke-width", "stroke-dasharray",
    "points", "d", "cx", "cy", "rx", "ry", "x", "y", "text-anchor", "font-family", "font-size",
}  # fmt: skip
_TITLE = "{http://www.w3.org/1999/xlink}title"


def render(view: View) -> str:
    """An SVG document without links, scripts or styles from elsewhere. Raises UsageError where there is no `dot`."""
    done = _run_dot(render_dot(view))
    ElementTree.register_namespace("", _SPACE.strip("{}"))
    return ElementTree.tostring(_clean(ElementTree.fromstring(done)), encoding="unicode") + "\n"


def _run_dot(text: str) -> bytes:
    program = _dot()
    try:
        done = subprocess.run(
            [program, "-Tsvg"], input=text.encode(), capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise UsageError(
            f"Graphviz did not finish within {SECONDS} seconds: draw a part with --focus, or use --level dataset"
        ) from None
    if done.returncode or not done.stdout:
        raise UsageError(f"Graphviz could not draw the graph: {done.stderr.decode('utf-8', 'replace').strip()[:500]}")
    return done.stdout


def _dot() -> str:
    """The `dot` of the machine; never one that a relative entry of PATH finds in the analysed repository."""
    folders = [folder for folder in os.environ.get("PATH", os.defpath).split(os.pathsep) if os.path.isabs(folder)]
    program = shutil.which("dot", path=os.pathsep.join(folders))
    if program is None:
        raise UsageError(
            "--format svg needs Graphviz, whose `dot` is not on PATH: install it (apt install graphviz, "
            "brew install graphviz), or use --format dot, mermaid or json"
        )
    return program


def _clean(element: ElementTree.Element) -> ElementTree.Element:
    """The element with what is on the lists alone. Graphviz wraps a node that has a tooltip in a link without target:
    its children are kept, and the tooltip becomes the title, which browsers show."""
    kept = ElementTree.Element(element.tag, {k: v for k, v in element.attrib.items() if k in _ATTRIBUTES})
    kept.text, kept.tail = element.text, element.tail
    tooltip = next((link.get(_TITLE) for link in element.iter(f"{_SPACE}a")), None) if _is_item(element) else None
    for child in _without_links(element):
        if child.tag.removeprefix(_SPACE) not in _ELEMENTS:
            continue
        if child.tag == f"{_SPACE}title" and tooltip is not None:
            title = ElementTree.SubElement(kept, child.tag)
            title.text, title.tail = tooltip, child.tail
        else:
            kept.append(_clean(child))
    return kept


def _is_item(element: ElementTree.Element) -> bool:
    return element.get("class") in ("node", "edge", "cluster")


def _without_links(element: ElementTree.Element) -> list[ElementTree.Element]:
    children: list[ElementTree.Element] = []
    for child in element:
        wrapper = child.get("id", "").startswith("a_") and child.tag == f"{_SPACE}g"
        if child.tag == f"{_SPACE}a" or wrapper:
            children += _without_links(child)
        else:
            children.append(child)
    return children
