"""What a run is about, and what failed in it, as Markdown."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from shlex import join
from typing import Any, Final

from nas.errors import counted, printable
from nas.records import TrialRecord
from nas.search.config_file import ConfigFile

_LONGEST: Final = 300
"""Characters of a value in a table."""

_FAILURES: Final = 50
"""Rows of a table."""

_PLAIN: Final = frozenset(" .,:;-/()=%+")


def about(file: ConfigFile, path: str) -> str:
    """Return what a run was asked to do, on which data, by which versions.

    Args:
        file: of the run's configuration.
        path: of the run.
    """
    made_by = dict(file.environment)
    command = made_by.pop("command", None)
    lines = [f"The run {_escaped(path)}"]
    if isinstance(command, list):
        lines[0] += ", which began with"
        lines += ["", f"    {_one_line(join(map(str, command)))}"]
    for title, facts in (
        ("Options", file.config.to_json()),
        ("Data", file.data),
        ("Made by", made_by),
    ):
        rows = [(name, _value(value)) for name, value in _flat(facts)]
        lines += ["", f"### {title}", "", *_table(("", ""), rows)]
    return "\n".join(lines)


def failures(failed: Sequence[TrialRecord]) -> str:
    """Return which trials failed and why; of many, those that failed last."""
    reasons = Counter(record.reason or "error" for record in failed)
    counts = ", ".join(f"{reason}: {n}" for reason, n in reasons.most_common())
    shown = failed[-_FAILURES:]
    left_out = "" if len(shown) == len(failed) else f"; the last {len(shown)}:"
    rows = [(str(r.trial), r.reason or "error", r.error or "") for r in shown]
    return "\n".join(
        [
            f"{counted(len(failed), 'trial')} failed ({counts}){left_out}",
            "",
            *_table(("trial", "reason", "error"), rows),
        ]
    )


def _flat(facts: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the entries of nested mappings, by names with dots."""
    for name, value in facts.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "not set" if value is None else str(value)


def _table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for row in (names, ["---"] * len(names)):
        yield f"| {' | '.join(row)} |"
    for row in rows:
        yield f"| {' | '.join(map(_escaped, row))} |"


def _escaped(text: str) -> str:
    """Return a text from outside in which nothing is Markdown or HTML."""
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]} ..."
    return "".join(
        char if char.isalnum() or char in _PLAIN else f"&#{ord(char)};"
        for char in _one_line(text)
    )


def _one_line(text: str) -> str:
    return printable(text).replace("\n", r"\n")
