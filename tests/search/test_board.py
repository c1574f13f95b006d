"""The events of a search: what the report says, at each point of its course."""

import random
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from made_run import architectures, make_run, record
from PIL import Image
from shown_events import Shown

from nas.noise import Repeat
from nas.records import Recipe, TrialRecord
from nas.report import pareto_front
from nas.run import Run
from nas.search import RunFolder
from nas.search.board import looks
from nas.search.board.anew import write_events
from nas.search.board.board import Board

START = datetime(2026, 1, 2, tzinfo=UTC)
FACTS = {"baselines": {"linear": {"accuracy": 0.6}, "majority": {"accuracy": 0.1}}}


def trials(number: int, seed: int = 0, **fields: Any) -> list[TrialRecord]:
    """Return trials that end a minute after each other, some of which fail."""
    rng = random.Random(seed)
    found = []
    for trial, architecture in enumerate(architectures(number)):
        accuracy = None if rng.random() < 0.1 else round(rng.uniform(0.2, 0.99), 3)
        made = record(trial, architecture, accuracy)
        end = START + timedelta(minutes=trial)
        found.append(replace(made, finished=end.isoformat(), **fields))
    return found


def stored(run: RunFolder, records: Sequence[TrialRecord]) -> RunFolder:
    for each in records:
        run.start_trial(each.trial, each.architecture, each.arm)
        run.finish_trial(each)
    return run


def nothing_missing(text: str) -> None:
    pytest.fail(text)


def taken_in(run: RunFolder, records: Sequence[TrialRecord], known: int = 0) -> Shown:
    """Show trials one after the other, the first of which are known already."""
    board = Board(run, records[:known], {}, nothing_missing)
    for each in records[known:]:
        board.take(each)
    board.finish()
    return Shown(run.path / "search")


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return make_run(tmp_path / "run")


def test_every_trial_is_a_point_at_the_time_of_its_end(run: RunFolder) -> None:
    records = trials(30)
    shown = taken_in(run, records)
    points = shown.curves["trials/finished"]
    assert [(step, value) for _, step, value in points] == [
        (n, n) for n in range(1, 31)
    ]
    ends = [(START + timedelta(minutes=n)).timestamp() for n in range(30)]
    assert [time for time, *_ in points] == ends
    failed = sum(r.status == "failed" for r in records)
    assert failed
    assert shown.values("trials/failed")[-1] == failed
    assert (
        shown.steps("by_epochs/hypervolume")
        == list(range(2, 2 * 30 - 1, 2))[: 30 - failed]
    )


def test_curves_end_where_the_report_does(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", baseline="random")
    records = [
        replace(r, arm="random" if r.trial % 2 else "search") for r in trials(40)
    ]
    write_events(stored(run, records))
    found = Run(run.path).summary()
    for arm, folder in (("search", "search"), ("random", "search/random")):
        shown = Shown(run.path / folder)
        after = [step.hypervolume for step in found.arms[arm].steps]
        assert shown.values("hypervolume") == pytest.approx(after)
        assert shown.values("by_epochs/hypervolume")[-1] == pytest.approx(after[-1])
        own = [r.accuracy for r in records if r.arm == arm and r.accuracy is not None]
        assert shown.values("best_accuracy/of all sizes")[-1] == pytest.approx(max(own))


def test_the_best_of_a_band_is_among_those_of_its_sizes(run: RunFolder) -> None:
    records = trials(40)
    shown = taken_in(run, records)
    bands = Run(run.path).bands
    tags = sorted(
        tag for tag in shown.curves if " in band " in tag or "/in band" in tag
    )
    assert len(tags) > 1
    for tag in tags:
        band = bands[int(tag.split("band ")[1][0]) - 1]
        assert tag.endswith(band.label)
        best = max(r.accuracy or 0 for r in records if r.params in band)
        assert shown.values(tag)[-1] == pytest.approx(best)
        assert shown.values(tag) == sorted(shown.values(tag))


@pytest.mark.parametrize("known", [1, 13, 40])
def test_a_search_that_goes_on_shows_what_one_in_one_go_does(
    tmp_path: Path, known: int
) -> None:
    records = trials(40)
    once = taken_in(make_run(tmp_path / "once"), records)
    run = make_run(tmp_path / "twice")
    board = Board(run, (), {}, nothing_missing)
    for each in records[:known]:
        board.take(each)
    board.flush()  # and its process is killed
    again = taken_in(run, records, known)
    assert len(list((run.path / "search").iterdir())) == 1
    # Of trials that have left the front, only the first one may show the curves.
    members = "|".join(str(r.trial) for r in pareto_front(records))
    own = [t for t in once.curves if not t.startswith("front/")]
    own += [t for t in once.curves if re.fullmatch(f"front/trial ({members})", t)]
    assert {tag: again.curves[tag] for tag in own} == {
        tag: once.curves[tag] for tag in own
    }
    assert again.charts == once.charts


def test_what_a_killed_process_left_is_read_as_nothing(run: RunFolder) -> None:
    records = trials(12)
    taken_in(run, records)
    (old,) = (run.path / "search").iterdir()
    before = old.read_bytes()
    whole = taken_in(run, records)
    expected = whole.curves
    old.write_bytes(before[:-7])  # torn, and not removed yet
    assert Shown(run.path / "search").curves == expected
    write_events(stored(run, records))
    assert not old.exists()
    assert Shown(run.path / "search").curves == expected


def test_a_scale_that_changes_changes_for_all_points(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", objectives=("accuracy", "macs"))
    records = [replace(r, macs=1000 * (1 + r.trial % 7)) for r in trials(30)]
    shown = taken_in(run, records)
    steps = Run(stored(run, records).path).summary().arms["search"].steps
    assert shown.values("hypervolume") == pytest.approx([s.hypervolume for s in steps])


def test_a_trial_that_paused_and_went_on_is_one_trial(tmp_path: Path) -> None:
    config = {"halving": True, "recipe": Recipe(epochs=9)}
    run = make_run(tmp_path / "run", **config)
    whole = [
        replace(r, accuracy=0.5, status="complete", error=None, curve=(0.5,) * 9)
        for r in trials(8)
    ]
    paused = [
        replace(r, status="stopped", accuracy=None, curve=(0.4,) * 3) for r in whole
    ]
    later = (START + timedelta(hours=1)).isoformat()
    ended = replace(whole[2], accuracy=0.9, finished=later)
    board = Board(run, (), {}, nothing_missing)
    for each in [*paused, ended]:
        board.take(each)
    board.flush()
    live = Shown(run.path / "search")
    assert live.steps("trials/finished") == list(range(1, 9))
    assert live.steps("by_epochs/hypervolume") == [*range(3, 25, 3), 30]
    assert live.values("by_epochs/best_accuracy") == [pytest.approx(0.9)]
    board.finish()
    shown = Shown(run.path / "search")
    assert shown.steps("trials/finished") == list(range(1, 9))
    assert shown.values("trials/stopped early")[-1] == 7
    assert shown.values("best_accuracy/of all sizes") == [pytest.approx(0.9)]
    now = [*(r for r in paused if r.trial != 2), ended]
    write_events(stored(run, now))
    assert Shown(run.path / "search").curves == shown.curves


def test_charts_lay_the_front_s_curves_over_each_other(run: RunFolder) -> None:
    records = trials(25)
    shown = taken_in(run, records)
    front = [r.trial for r in pareto_front(records)]
    pattern = shown.charts["validation accuracy against epochs"]
    matched = [tag for tag in shown.curves if re.match(pattern, tag)]
    assert sorted(matched) == sorted(f"front/trial {trial}" for trial in front)
    some = records[front[0]]
    assert shown.values(f"front/trial {some.trial}") == pytest.approx(some.curve)
    assert any(re.match(p, "hypervolume") for p in shown.charts.values())
    assert not any(re.match(p, "validation/accuracy") for p in shown.charts.values())


def test_failures_and_options_are_texts_that_stay_texts(tmp_path: Path) -> None:
    name = "<script>alert(1)</script> | `a` *b*\n# c $x$ 🦆"
    run = make_run(tmp_path / "a|b<i>")
    records = [replace(r, status="failed", error=name) for r in trials(60)]
    shown = taken_in(run, records)
    text = shown.text("failures")
    assert "60 trials failed (error: 60); the last 50:" in text
    assert "alert" in text
    assert not re.search(r"[<>`*$]", text)
    *_, row = text.splitlines()
    assert row.count("|") == 4
    about = shown.text("about")
    assert "| max&#95;params | 8000 |" in about
    assert "<i>" not in about


@pytest.mark.parametrize("number", [0, 1])
def test_nothing_and_one_failure_can_be_shown(run: RunFolder, number: int) -> None:
    records = [
        replace(r, status="failed", accuracy=None, curve=(), error="no luck")
        for r in trials(number)
    ]
    shown = taken_in(run, records)
    assert shown.text("about")
    assert shown.curves.keys() <= {
        "hypervolume",
        "trials/finished",
        "trials/failed",
        "trials/stopped early",
    }


def test_pictures_are_few_and_drawn_once(
    run: RunFolder, with_looks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = trials(12)
    pictures = taken_in(run, records).pictures("front")
    assert list(pictures) == [5, 10, 12]
    assert Image.open(BytesIO(pictures[12])).size == (750, 500)
    assert len(set(pictures.values())) == 3

    def draw(*_: object, **__: object) -> None:
        raise AssertionError("drawn again")

    monkeypatch.setattr(looks, "draw_front", draw)
    assert taken_in(run, records, known=12).pictures("front") == pictures
    later = replace(records[-1], finished=(START + timedelta(days=1)).isoformat())
    told: list[str] = []
    Board(run, [*records[:-1], later], {}, told.append).finish()
    assert told == [
        "TensorBoard shows no picture of the front: AssertionError: drawn again"
    ]
    shown = Shown(run.path / "search")
    assert list(shown.pictures("front")) == [5, 10]
    assert len(shown.values("hypervolume")) == 12


def test_importances_of_genes_are_kept(
    run: RunFolder, with_looks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = trials(30)
    curves = taken_in(run, records).curves
    genes = {tag: points for tag, points in curves.items() if "importance/" in tag}
    assert genes
    assert {tag.removeprefix("importance/") for tag in genes} <= {
        gene for r in records for gene in r.genes or {}
    }
    assert all(0 <= value <= 1 and step == 30 for [(_, step, value)] in genes.values())
    monkeypatch.setattr(looks, "importances", lambda _: pytest.fail("once more"))
    again = taken_in(run, records, known=30).curves
    assert {tag: again.get(tag) for tag in genes} == genes


def test_repeats_show_a_front_of_means(
    run: RunFolder, with_looks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = trials(6)
    best = max(records, key=lambda r: r.accuracy or 0)
    repeat = Repeat(
        trial=best.trial,
        number=2,
        seed=1,
        status="complete",
        accuracy=0.01,
        loss=3.0,
        curve=(0.01, 0.01),
        seconds=1.0,
        device="cpu",
        error=None,
        reason=None,
        batch_size=None,
        finished=best.finished,
    )
    weighed: list[Sequence[TrialRecord]] = []

    def weigh(some: Sequence[TrialRecord]) -> tuple[()]:
        weighed.append(some)
        return ()

    monkeypatch.setattr(looks, "importances", weigh)
    board = Board(run, records, {}, nothing_missing)
    board.repeated(repeat)
    board.finish()
    shown = Shown(run.path / "search")
    assert list(shown.pictures("front, repeated trials with their means")) == [6]
    (judged,) = weighed  # as `nas explain` has it
    assert [r.accuracy for r in judged if r.trial == best.trial] == [0.01]
    pattern = shown.charts["validation accuracy against epochs"]
    now = [replace(r, accuracy=0.01) if r is best else r for r in records]
    for each in records:
        ahead = any(each.trial == r.trial for r in pareto_front(now))
        assert bool(re.match(pattern, f"front/trial {each.trial}")) == ahead
    assert shown.values("best_accuracy/of all sizes")[-1] == pytest.approx(
        best.accuracy
    )
