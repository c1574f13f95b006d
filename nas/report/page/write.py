"""A page as one file: everything is in it, and it asks no network for anything."""

import json
import re
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from nas.report.page.ablation import ablation_section
from nas.report.page.aggregation import aggregation_section
from nas.report.page.cards import cards
from nas.report.page.chosen import chosen_section
from nas.report.page.cost_section import cost_section
from nas.report.page.course import hypervolume_section
from nas.report.page.data import PageData
from nas.report.page.data_section import data_section
from nas.report.page.failures import failures_section
from nas.report.page.front_section import front_section, networks_section
from nas.report.page.head import facts_line, tiles
from nas.report.page.html import text
from nas.report.page.importance import importance_section
from nas.report.page.learning import learning_section
from nas.report.page.parallel import genes_section
from nas.report.page.repeat_section import repeat_section
from nas.report.page.retrained_section import retrained_section
from nas.report.page.section import Figure, Section
from nas.report.page.timeline import timeline_section
from nas.report.write import replaced

PAGE: Final = "report.html"

SECTIONS: Final[Sequence[Callable[[PageData], Section | None]]] = (
    front_section,
    networks_section,
    retrained_section,
    ablation_section,
    aggregation_section,
    chosen_section,
    importance_section,
    genes_section,
    hypervolume_section,
    learning_section,
    timeline_section,
    failures_section,
    cost_section,
    data_section,
    repeat_section,
)
"""What the page consists of, in its order; None of a section leaves it out."""

_PLACE: Final = re.compile(r"\{\{(\w+)\}\}")


def write_page(data: PageData, path: Path) -> None:
    """Write the page of a run; the file has its old content until the end."""
    with replaced(path) as unfinished:
        unfinished.write_text(page(data), encoding="utf-8")


def page(data: PageData) -> str:
    """Return the page of a run as HTML."""
    from plotly.offline import get_plotlyjs

    sections = [made for make in SECTIONS if (made := make(data)) is not None]
    figures = [figure for section in sections for figure in section.figures]
    plotly, script = get_plotlyjs(), _resource("page.js")
    return _filled(
        _resource("page.html"),
        {
            "policy": _policy(plotly, script),
            "title": text(data.name),
            "facts": facts_line(data),
            "tiles": tiles(data),
            "links": "".join(
                f'<a href="#{section.anchor}">{text(section.title)}</a>\n'
                for section in sections
            ),
            "sections": "".join(map(_section, sections)),
            "style": _resource("page.css"),
            "data": _json(
                {
                    "figures": {figure.name: _values(figure) for figure in figures},
                    "trials": cards(data),
                }
            ),
            "plotly": plotly,
            "script": script,
        },
    )


def _section(section: Section) -> str:
    figures = "".join(map(_figure, section.figures))
    more = section.more
    if more:
        more = f"<details><summary>Details</summary>\n{more}</details>\n"
    return (
        f'<section id="{section.anchor}" aria-labelledby="{section.anchor}-title">\n'
        f'<h2 id="{section.anchor}-title">{text(section.title)}</h2>\n'
        f"{section.html}{figures}{more}</section>\n"
    )


def _values(figure: Figure) -> dict[str, Any]:
    views = [{"data": view.data, "layout": view.layout} for view in figure.views]
    return {"data": figure.data, "layout": figure.layout, "views": views}


def _figure(figure: Figure) -> str:
    words = text(figure.words)
    buttons = "".join(
        f'<button type="button" aria-pressed="{"false" if number else "true"}">'
        f"{text(view.label)}</button>\n"
        for number, view in enumerate(figure.views)
    )
    if buttons:
        buttons = f'<div class="views" role="group" aria-label="View">{buttons}</div>\n'
    return (
        f'<figure>{buttons}<div class="plot" id="figure-{figure.name}" '
        f'data-figure="{figure.name}" style="height:{figure.height}px" '
        f'tabindex="0" role="group" aria-label="{words}"></div>\n'
        f"<figcaption>{words}</figcaption></figure>\n"
    )


def _filled(template: str, values: Mapping[str, str]) -> str:
    """Return a template with a value at every place, just once: values are data."""
    return _PLACE.sub(lambda place: values[place[1]], template)


def _json(data: Any) -> str:
    """Return JSON that ends no script, whatever names are in it."""
    written = json.dumps(data, allow_nan=False, separators=(",", ":"))
    return written.replace("<", r"\u003c")


def _policy(*scripts: str) -> str:
    """Return what the browser is to allow: these scripts, and no network at all.

    Handlers in HTML are no such script, so that a name which smuggled one in would do
    nothing. Plotly compiles functions for some figures.
    """
    hashes = (
        b64encode(sha256(script.encode()).digest()).decode() for script in scripts
    )
    allowed = " ".join(f"'sha256-{digest}'" for digest in hashes)
    return (
        f"default-src 'none'; script-src {allowed} 'unsafe-eval'; "
        "style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; "
        "form-action 'none'"
    )


def _resource(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
