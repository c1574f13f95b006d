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
    yield "epochs", f"{epochs_spent(records):,}"
    again = sum(record.attempts - 1 for record in records)
    if again:
        yield "trainings begun anew", f"{again:,}"


def _notes(data: PageData) -> Iterator[str]:
    records = data.summary.records
    if data.config["halving"] and records:
        yield f"Halving: {describe_stops(records, data.config['recipe']['epochs'])}."
    yield (
        "Networks that were proposed before are drawn again ahead of any training, so "
        "they cost nothing; they are not counted."
    )
