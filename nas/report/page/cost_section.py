"""What the run took: time on devices, trials and what became of them."""

from collections import Counter
from collections.abc import Iterator

from nas.report.page.data import PageData
from nas.report.page.html import Column, listed, pairs, table, text
from nas.report.page.section import Section
from nas.report.page.words import duration
from nas.report.stops import describe_stops, epochs_spent


def cost_section(data: PageData) -> Section:
    """Return device time by what it went to, and the counts of trials."""
    html = pairs(_counts(data))
    if data.spent:
        columns = [
            Column(title="for"),
            Column(title="device"),
            Column(title="trainings", number=True),
            Column(title="device time", number=True),
        ]
        rows = [
            [
                text(spent.purpose),
                text(spent.device or "unknown"),
                f"{spent.trainings:,}",
                duration(spent.seconds),
            ]
            for spent in data.spent
        ]
        html += table(columns, rows, caption="Device time by what it went to")
    return Section(anchor="cost", title="Cost", html=html + listed(_notes(data)))


def _counts(data: PageData) -> Iterator[tuple[str, str]]:
    records = data.summary.records
    by_status: Counter[str] = Counter(record.status for record in records)
    whole = sum(spent.seconds for spent in data.spent)
    yield "device time in all", duration(whole)
    yield "trials", f"{len(records):,}"
    for status, words in (
        ("complete", "trained to the end"),
        ("stopped", "stopped early"),
        ("failed", "failed"),
    ):
        if by_status[status]:
            yield words, f"{by_status[status]:,}"
    for arm, count in Counter(record.arm for record in records).items():
        if arm == "random":
            yield "of random search", f"{count:,}"
    yield "epochs of trials", f"{epochs_spent(records):,}"
    if (skipped := _skipped(data)) is not None:
        yield "duplicates skipped", f"{skipped:,}"
    again = sum(record.attempts - 1 for record in records)
    if again:
        yield "trainings begun anew", f"{again:,}"


def _notes(data: PageData) -> Iterator[str]:
    records = data.summary.records
    if data.config["halving"] and records:
        yield f"Halving: {describe_stops(records, data.config['recipe']['epochs'])}."
    yield (
        "Proposals of networks that the run had already are skipped ahead of any "
        "training, so they cost nothing"
        + (
            "; this run is of a version that did not count them."
            if records and _skipped(data) is None
            else "."
        )
    )


def _skipped(data: PageData) -> int | None:
    """Return how many proposals were known networks, None where nobody counted."""
    known = [record.skipped for record in data.summary.records]
    counted = [number for number in known if number is not None]
    return sum(counted) if counted else None
