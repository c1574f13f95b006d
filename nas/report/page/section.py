"""The parts that the page consists of, as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Another view of a figure, which a button below its heading shows.

    Args:
        label: of the button, as text.
        data: what it changes in the traces: for each of plotly's attributes a list with
            a value for each trace, as ``Plotly.restyle`` takes it.
        layout: what it changes in the layout, as ``Plotly.relayout`` takes it.
    """

    label: str
    data: Mapping[str, Sequence[Any]]
    layout: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure that plotly draws in the browser.

    Args:
        name: letters and hyphens, unique on the page.
        data: plotly's traces, as plain JSON data. A trace whose points are trials has
            ``customdata`` with the trial's number for each point: the page shows its
            card with the network's picture then.
        layout: plotly's layout, without fonts and colours of the page, which follow
            the reader's light or dark theme.
        words: what the figure shows, for those who cannot see it.
        height: in CSS pixels.
        views: where there is a choice, all of them; the figure begins with the first.
    """

    name: str
    data: Sequence[Mapping[str, Any]]
    layout: Mapping[str, Any]
    words: str
    height: int = 420
    views: tuple[View, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading of the page with what stands under it.

    Args:
        anchor: letters and hyphens, unique on the page: the link to the section.
        title: as text.
        html: as HTML; whoever makes it has escaped all names that come from outside.
        figures: stand below it.
        more: HTML behind "details", such as the table of a figure's numbers.
    """

    anchor: str
    title: str
    html: str = ""
    figures: tuple[Figure, ...] = ()
    more: str = ""
