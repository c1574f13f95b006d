"""Measuring networks from the command line, and their latencies as tables."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from nas.cli.plain import plain_console
from nas.drawing import human
from nas.latency import Latency
from nas.measuring import Choice, Measured, measure
from nas.records import TrialRecord
from nas.run import Run

DISTURBED: Final = 0.1
"""Of fewer runs that were disturbed there is nothing to say."""

_NAMED: Final = 5
"""Figures whose runs were disturbed, the most disturbed first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyLine:
    """What a table says of a network."""

    name: str
    params: int
    macs: int
    latencies: Sequence[Latency]


def run_measure(
    console: Console,
    what: Sequence[str],
    *,
    trials: Choice,
    batch_sizes: tuple[int, ...],
    threads: int,
    device: str,
    input_shape: tuple[int, int, int] | None,
    num_classes: int | None,
    as_json: bool,
) -> None:
    """Time networks and print what they take."""
    notes = plain_console(stderr=True)

    def on_note(text: str) -> None:
        told = notes if as_json else console
        told.print(text, soft_wrap=True, highlight=False)

    found = measure(
        *what,
        trials=trials,
        batch_sizes=batch_sizes,
        threads=threads,
        device=device,
        input_shape=input_shape,
        num_classes=num_classes,
        on_note=on_note,
    )
    if as_json:
        print(json.dumps([_data(one) for one in found], indent=2))
        return
    console.print()
    lines = [
        LatencyLine(
            name=one.name,
            params=one.timed.params,
            macs=one.timed.macs,
            latencies=one.timed.latencies,
        )
        for one in found
    ]
    print_latencies(console, lines)


def print_run_latencies(
    console: Console, run: Run, front: Iterable[TrialRecord]
) -> None:
    """Print what was measured of the trials of a front, nothing if that is nothing."""
    lines = [
        LatencyLine(
            name=f"trial {record.trial}",
            params=record.params,
            macs=record.macs,
            latencies=latencies,
        )
        for record in front
        if (latencies := run.latencies(record))
    ]
    if lines:
        console.print()
        print_latencies(console, lines)


def print_latencies(console: Console, lines: Sequence[LatencyLine]) -> None:
    """Print a table for every device, with the networks that were measured on it."""
    machines = {one.setting.machine for line in lines for one in line.latencies}
    for number, machine in enumerate(sorted(machines)):
        if number:
            console.print()
        console.print(_table(machine, lines))
    disturbed = [
        (one.disturbed, f"{line.name} in batches of {one.batch_size}")
        for line in lines
        for one in line.latencies
        if one.disturbed >= DISTURBED
    ]
    if disturbed:
        disturbed.sort(key=lambda pair: -pair[0])
        named = [f"{name} ({100 * part:.0f} %)" for part, name in disturbed[:_NAMED]]
        more = len(disturbed) - _NAMED
        named += [f"{more:,} more"] if more > 0 else []
        console.print(
            "Other programs took the processor away in part of the runs of "
            f"{', '.join(named)}; measure again on a machine at rest.",
            soft_wrap=True,
            highlight=False,
        )


def _table(machine: str, lines: Sequence[LatencyLine]) -> Table:
    """Return a table with a row for each network and each size of batches."""
    table = Table(title=machine, title_justify="left", title_style="bold", box=None)
    table.add_column("network", overflow="fold")
    for name in ("parameters", "MACs", "batch", "ms", "5-95 %", "images/s"):
        table.add_column(name, justify="right")
    for line in lines:
        said = (line.name, f"{line.params:,}", human(line.macs))
        for one in line.latencies:
            if one.setting.machine != machine:
                continue
            table.add_row(
                *said,
                str(one.batch_size),
                _ms(one.median_ms),
                f"{_ms(one.low_ms)}-{_ms(one.high_ms)}",
                f"{one.images_per_second:,.0f}",
            )
            said = ("", "", "")
    return table


def _ms(milliseconds: float) -> str:
    """Return three digits of a time, and no more than are there to see."""
    if milliseconds >= 100:
        return f"{milliseconds:,.0f}"
    return f"{milliseconds:.{1 if milliseconds >= 10 else 2}f}"


def _data(one: Measured) -> dict[str, Any]:
    latencies = [
        latency.to_json() | {"images_per_second": latency.images_per_second}
        for latency in one.timed.latencies
    ]
    trial = {} if one.trial is None else {"trial": one.trial}
    return {
        "name": one.name,
        **trial,
        "params": one.timed.params,
        "macs": one.timed.macs,
        "latencies": latencies,
    }
