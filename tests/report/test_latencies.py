from dataclasses import replace
from pathlib import Path

from made_latency import latency
from trial_records import complete

from nas.report import COSTS, Reference, summarize, write_report
from nas.report.latencies import comparable, latency_rows

SMALL, LARGE = complete(0, 1_000, 0.5), complete(1, 2_000, 0.75)


def test_a_row_for_each_figure_in_the_order_of_the_front():
    known = {1: (latency(3.0),), 0: (latency(1.0), latency(9.0, batch_size=64))}
    rows = latency_rows([SMALL, LARGE], known)
    found = [(row.trial, row.batch_size, row.median_ms) for row in rows]
    assert found == [(0, 1, 1.0), (0, 64, 9.0), (1, 1, 3.0)]
    assert [row.accuracy for row in rows] == [0.5, 0.5, 0.75]


def test_only_figures_of_one_setting_are_compared():
    elsewhere = latency(5.0, device="Another CPU")
    known = {
        0: (latency(9.0, batch_size=64), latency(1.0), elsewhere),
        1: (latency(30.0, batch_size=64), latency(3.0)),
    }
    found = comparable([SMALL, LARGE], known)
    # Two settings have both trials; the smaller batches say more.
    assert [r.latency for r in found] == [latency(1.0), latency(3.0)]
    known[1] = (elsewhere,)
    assert [r.latency for r in comparable([SMALL, LARGE], known)] == [elsewhere] * 2
    assert comparable([SMALL, LARGE], {}) == ()


def test_a_report_has_a_table_and_a_picture_of_them_until_they_are_gone(tmp_path: Path):
    reference = Reference(accuracy=0.1, most=4_000, name="a reference")
    summary = summarize([SMALL, LARGE], reference, {}, None)
    known = {0: (latency(1.0),), 1: (latency(3.0),)}
    write_report(summary, tmp_path, title="digits", latencies=known)
    assert len((tmp_path / "latency.csv").read_text().splitlines()) == 3
    assert (tmp_path / "latency.png").read_bytes().startswith(b"\x89PNG")
    write_report(summary, tmp_path, title="digits")
    assert {"latency.csv", "latency.png"}.isdisjoint(p.name for p in tmp_path.iterdir())


def test_where_latency_is_a_cost_there_is_one_picture_of_it(tmp_path: Path):
    (tmp_path / "latency.png").touch()
    known = {0: (latency(1.0),), 1: (latency(3.0),)}
    timed = [replace(r, latency=known[r.trial][0]) for r in (SMALL, LARGE)]
    costs = (COSTS["params"], COSTS["latency"])
    reference = Reference(accuracy=0.1, most=4_000, name="a reference")
    summary = summarize(timed, reference, {}, None, costs)
    write_report(summary, tmp_path, title="digits", latencies=known)
    names = {path.name for path in tmp_path.iterdir()}
    assert {"front.png", "front-latency.png", "latency.csv"} <= names
    assert "latency.png" not in names
