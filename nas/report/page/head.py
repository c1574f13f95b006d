"""The top of the page: what was searched, and a few figures."""

from collections.abc import Iterator

from nas.drawing import compact
from nas.errors import counted
from nas.report.front import best
from nas.report.page.data import PageData
from nas.report.page.html import text
from nas.report.page.words import day, duration, percent


def facts_line(data: PageData) -> str:
    """Return what the search was about, as HTML in a line."""
    return " &middot; ".join(text(part) for part in _parts(data))


def _parts(data: PageData) -> Iterator[str]:
    facts, config = data.facts, data.config
    yield facts["name"]
    yield (
        counted(len(facts["classes"]), "classe").replace("classe", "class", 1)
        if len(facts["classes"]) == 1
        else f"{len(facts['classes']):,} classes"
    )
    yield f"space {config['space']}"
    yield f"at most {compact(config['max_params'])} parameters"
    yield counted(config["recipe"]["epochs"], "epoch")
    finished = max((r.finished for r in data.summary.records), default=None)
    if finished is not None:
        yield day(finished)
    if "nas" in data.environment:
        yield f"nas {data.environment['nas']}"


def tiles(data: PageData) -> str:
    """Return a few figures that say most, as HTML."""
    found = "".join(
        f'<div class="tile"><dt>{text(name)}</dt><dd>{value}</dd>'
        f"<dd><small>{text(words)}</small></dd></div>\n"
        for name, value, words in _tiles(data)
    )
    return f'<dl class="tiles">\n{found}</dl>\n'


def _tiles(data: PageData) -> Iterator[tuple[str, str, str]]:
    summary = data.summary
    top = best(summary.front, costs=summary.costs)
    if top is not None and top.accuracy is not None:
        again = data.repeats.get(top.trial)
        once = again is None or not again.complete
        words = "trained once: expect less" if once else "mean of its repeats"
        yield "best validation accuracy", percent(top.accuracy), words
        sizes = [record.params for record in summary.front]
        span = f"networks of {min(sizes):,} to {max(sizes):,} parameters"
        if len(sizes) == 1:
            span = f"network, of {sizes[0]:,} parameters"
        yield "front", f"{len(sizes):,}", span
    records = summary.records
    failed = sum(record.status == "failed" for record in records)
    early = sum(record.status == "stopped" for record in records)
    words = ", ".join(
        [
            *([f"{failed:,} failed"] if failed else []),
            *([f"{early:,} stopped early"] if early else []),
        ]
    )
    whole = "all trained to the end" if records else "none has finished so far"
    yield "trials", f"{len(records):,}", words or whole
    seconds = sum(spent.seconds for spent in data.spent)
    devices = sorted({spent.device for spent in data.spent if spent.device})
    yield "device time", duration(seconds), ", ".join(devices)
    kind = data.config["recipe"]["objective"].replace("-", "_")
    linear = data.facts.get("baselines", {}).get("linear")
    if linear is not None:
        yield "for comparison", percent(linear[kind]), "a linear model on the pixels"
