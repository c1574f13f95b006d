"""How to repeat the search: its command, all options, versions."""

from collections.abc import Iterator, Mapping, Sequence
from shlex import quote
from typing import Any, Final

from nas.report.page.data import PageData
from nas.report.page.html import Column, paragraphs, table, text
from nas.report.page.section import Section

_WIDTH: Final = 72


def repeat_section(data: PageData) -> Section:
    """Return the command, and behind it the configuration and versions."""
    html = ""
    if data.command:
        html += (
            "<p>This command starts the same search again, from the same seed:</p>\n"
            '<div class="command"><pre tabindex="0"><code>'
            f"{text(shell_lines(data.command))}</code></pre>"
            '<button class="copy" type="button">Copy</button></div>\n'
        )
    html += paragraphs(data.reservations)
    columns = [Column(title="option"), Column(title="value")]
    options = table(
        columns,
        [[text(name), text(value)] for name, value in _flat(data.config)],
        caption="All options of the search",
    )
    versions = table(
        [Column(title="what"), Column(title="version")],
        [[text(name), text(value)] for name, value in _flat(data.environment)],
        caption="Versions that the search ran with",
    )
    more = f"<h3>All options</h3>\n{options}<h3>Versions</h3>\n{versions}"
    return Section(anchor="repeat", title="How to repeat it", html=html, more=more)


def shell_lines(words: Sequence[str]) -> str:
    """Return a command for a shell, in lines with an option each if it is long."""
    quoted = [quote(word) for word in words]
    if len(" ".join(quoted)) <= _WIDTH:
        return " ".join(quoted)
    lines: list[str] = []
    for plain, word in zip(words, quoted, strict=True):
        if plain.startswith("--") or not lines:
            lines.append(word)
        else:
            lines[-1] += f" {word}"
    return " \\\n  ".join(lines)


def _flat(values: Mapping[str, Any], ahead: str = "") -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{ahead}{name}.")
        else:
            yield f"{ahead}{name}", _value(value)


def _value(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return " ".join(map(str, value))
    return str(value)
