"""The trials that failed, and why."""

from collections import Counter
from typing import Final

from nas.errors import counted
from nas.report.page.data import PageData
from nas.report.page.html import Column, table, text, trial_button
from nas.report.page.section import Section
from nas.report.page.text import in_line
from nas.report.page.words import duration

_MOST_ROWS: Final = 200


def failures_section(data: PageData) -> Section | None:
    """Return the failed trials; None where there is none."""
    records = data.summary.records
    failed = [record for record in records if record.status == "failed"]
    if not failed:
        return None
    reasons = Counter(record.reason or "error" for record in failed)
    listed = ", ".join(
        f"{n:,} {in_line(reason)}" for reason, n in reasons.most_common()
    )
    html = (
        f"<p>{len(failed):,} of {counted(len(records), 'trial')} failed: "
        f"{text(listed)}.</p>\n"
    )
    if len(failed) > _MOST_ROWS:
        html += f"<p>The first {_MOST_ROWS} of them:</p>\n"
    columns = [
        Column(title="trial", number=True),
        Column(title="reason"),
        Column(title="error"),
        Column(title="attempts", number=True),
        Column(title="after", number=True),
        Column(title="parameters", number=True),
    ]
    rows = [
        (
            trial_button(record.trial),
            text(in_line(record.reason or "error")),
            text(in_line(record.error or "", 300)),
            str(record.attempts),
            duration(record.seconds),
            f"{record.params:,}",
        )
        for record in failed[:_MOST_ROWS]
    ]
    html += table(columns, rows, caption="Trials that failed")
    return Section(anchor="failures", title="Failures", html=html)
