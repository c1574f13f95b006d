"""Pieces of HTML, with whatever comes from outside escaped."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from nas.errors import printable


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table; numbers stand to the right."""

    title: str
    number: bool = False


def text(value: Any) -> str:
    """Return anything as HTML that shows just it, unprintable characters too."""
    return escape(printable(str(value)))


def table(
    columns: Sequence[Column], rows: Iterable[Sequence[str]], *, caption: str
) -> str:
    """Return a table, whose rows begin with their headers.

    Args:
        columns: their titles are text.
        rows: cells as HTML, as many in a row as there are columns.
        caption: as text, for those who cannot see it: what the table shows.
    """
    kinds = [' class="number"' if column.number else "" for column in columns]
    head = "".join(
        f'<th scope="col"{kind}>{text(column.title)}</th>'
        for kind, column in zip(kinds, columns, strict=True)
    )
    lines = []
    for first, *rest in rows:
        cells = [f'<th scope="row"{kinds[0]}>{first}</th>']
        cells += [
            f"<td{kind}>{cell}</td>" for kind, cell in zip(kinds[1:], rest, strict=True)
        ]
        lines.append(f"<tr>{''.join(cells)}</tr>\n")
    words = text(caption)
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{words}">'
        f'<table><caption class="unseen">{words}</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{''.join(lines)}</tbody></table>"
        "</div>\n"
    )


def pairs(rows: Iterable[tuple[str, str]]) -> str:
    """Return names with their values, both as HTML."""
    lines = (f"<div><dt>{name}</dt><dd>{value}</dd></div>\n" for name, value in rows)
    return f'<dl class="pairs">\n{"".join(lines)}</dl>\n'


def paragraphs(sentences: Iterable[str]) -> str:
    """Return sentences of text, a paragraph each."""
    return "".join(f"<p>{text(sentence)}</p>\n" for sentence in sentences)


def listed(sentences: Iterable[str]) -> str:
    """Return sentences of text as a list; nothing where there is none."""
    items = "".join(f"<li>{text(sentence)}</li>\n" for sentence in sentences)
    return f"<ul>\n{items}</ul>\n" if items else ""


def trial_button(number: int) -> str:
    """Return the number of a trial as a button that shows its card."""
    return f'<button class="trial" data-trial="{number}">{number}</button>'
