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
_AT_ONCE: Final = 10
"""Rows that are to be seen; the others are behind "Details"."""


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
        html += (
            f"<p>The first {_AT_ONCE} of them; as many as {_MOST_ROWS} with those in "
            "the details:</p>\n"
        )
    elif len(failed) > _AT_ONCE:
        html += f"<p>The first {_AT_ONCE} of them:</p>\n"
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
    html += table(columns, rows[:_AT_ONCE], caption="Trials that failed")
    further = rows[_AT_ONCE:]
    more = table(columns, further, caption="Further trials that failed")
    return Section(
        anchor="failures", title="Failures", html=html, more=more if further else ""
    )
