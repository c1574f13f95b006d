"""The live view and the plain lines, on a clock that only the test moves."""

import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from made_run import FACTS, architectures, record
from rich.console import Console

from nas.cli.progress import Watch
from nas.records import Recipe
from nas.search import Begun, Finished, Notice, Paused, SearchConfig, Started


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def begun(
    trials: int = 4, max_params: int = 50_000, finished=(), **config: Any
) -> Begun:
    return Begun(
        path=Path("runs/a"),
        config=SearchConfig(trials=trials, max_params=max_params, **config),
        facts=FACTS,
        workers=2,
        finished=tuple(finished),
    )


def trained(trial: int, accuracy: float | None):
    return record(trial, architectures(8)[trial], accuracy)


def console(*, terminal: bool) -> Console:
    return Console(
        file=io.StringIO(), force_terminal=terminal, width=100, color_system=None
    )


def printed(where: Console) -> str:
    return where.file.getvalue()


class TestLines:
    @pytest.fixture
    def clock(self):
        return Clock()

    @pytest.fixture
    def where(self):
        return console(terminal=False)

    def test_one_for_every_trial_with_the_time_left(self, where, clock):
        one, two, three = trained(0, 0.5), trained(1, None), trained(2, 0.875)
        with Watch(where, clock) as watch:
            watch(begun(trials=4))
            watch(Started(trial=0, params=one.params))
            watch(Started(trial=1, params=two.params))
            clock.seconds += 20
            watch(Finished(record=one))
            watch(Finished(record=two))
            clock.seconds += 100
            watch(Finished(record=three))
        assert printed(where).splitlines()[2:] == [
            f"[1/4] trial 0: 50.00 % with {one.params:,} parameters in 1.5 s, "
            "1 min 00 s left",
            "[2/4] trial 1 failed: RuntimeError: out of luck",
            f"[3/4] trial 2: 87.50 % with {three.params:,} parameters in 1.5 s, "
            "40 s left",
        ]

    def test_random_search_is_counted_beside_the_search(self, where, clock):
        one, two = trained(0, 0.5), replace(trained(1, 0.75), arm="random")
        with Watch(where, clock) as watch:
            watch(begun(trials=2, baseline="random"))
            clock.seconds += 10
            watch(Finished(record=one))
            clock.seconds += 10
            watch(Finished(record=two))
        lines = printed(where).splitlines()
        assert lines[2] == "random search beside it trains as many epochs, in turns"
        assert lines[3].startswith("[1/2] trial 0: 50.00 %")
        assert lines[3].endswith(", 30 s left")
        assert lines[4].startswith("[random 1/2] trial 1: 75.00 %")
        assert lines[4].endswith(", 20 s left")

    def test_random_search_beside_a_halved_one_is_not_told_how_many(self, where, clock):
        one = replace(
            trained(0, None),
            status="stopped",
            error=None,
            curve=(0.1,),
            standings=((1, 0.5),),
        )
        two = replace(trained(1, 0.75), arm="random", curve=(0.5,) * 3)
        with Watch(where, clock) as watch:
            halved = {"halving": True, "recipe": Recipe(epochs=3)}
            watch(begun(trials=6, baseline="random", **halved))
            clock.seconds += 10
            watch(Finished(record=two))
            watch(Paused(record=one))
        lines = printed(where).splitlines()
        assert lines[2].startswith("halving: trials pause after 1 epoch; one in 3")
        assert lines[4].startswith("[random 1] trial 1: 75.00 %")
        assert lines[5].startswith("[1/6] trial 0: 50.00 % after 1 of 3 epochs")
        # Six times one epoch and twice two more are ten, in each arm.
        assert ", 1 of 3 epochs spent, 40 s left" in lines[5]

    def test_trials_from_before_count_but_say_nothing_about_time(self, where, clock):
        with Watch(where, clock) as watch:
            watch(begun(trials=4, finished=[trained(0, 0.5), trained(1, 0.5)]))
            clock.seconds += 7200
            watch(Finished(record=trained(2, 0.5)))
        text = printed(where)
        assert "2 trials are finished already" in text
        assert "[3/4] trial 2: " in text
        assert text.endswith(", 2 h 00 min left\n")

    def test_no_time_is_left_after_the_last(self, where, clock):
        with Watch(where, clock) as watch:
            watch(begun(trials=1))
            watch(Finished(record=trained(0, 0.5)))
        assert printed(where).endswith("in 1.5 s\n")

    def test_notices_and_names_are_no_markup(self, where, clock):
        with Watch(where, clock) as watch:
            watch(begun())
            watch(Notice(text="[red]all of it[/red] " + "long " * 40))
        assert printed(where).splitlines()[-1].startswith("[red]all of it[/red] long")

    def test_an_interrupt_says_how_to_go_on(self, where, clock):
        def search() -> None:
            with Watch(where, clock) as watch:
                watch(begun(trials=4))
                watch(Finished(record=trained(0, 0.5)))
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            search()
        assert printed(where).splitlines()[-1] == (
            "stopped after 1 of 4 trials; continue with: nas resume runs/a"
        )

    def test_bad_input_before_the_beginning_says_nothing(self, where, clock):
        with pytest.raises(ValueError, match="no"), Watch(where, clock):
            raise ValueError("no")
        assert printed(where) == ""


class TestLiveView:
    @pytest.fixture
    def clock(self):
        return Clock()

    @pytest.fixture
    def look(self, clock):
        """Return a watch in a terminal, and a function that renders its view."""
        with Watch(console(terminal=True), clock) as watch:

            def render() -> list[str]:
                picture = console(terminal=False)
                picture.print(watch.live.get_renderable())
                return [line.rstrip() for line in printed(picture).splitlines()]

            yield watch, render

    def test_done_running_failed_and_time_left(self, look, clock):
        watch, render = look
        watch(begun(trials=4))
        watch(Started(trial=0, params=10))
        watch(Started(trial=1, params=10))
        (line,) = render()
        assert "0/4 trials" in line
        assert "2 running" in line
        assert "left" not in line
        clock.seconds += 30
        watch(Finished(record=trained(0, None)))
        watch(Finished(record=trained(1, 0.5)))
        watch(Started(trial=2, params=10))
        line, *_ = render()
        for what in ("2/4 trials", "1 running", "1 failed", "30 s, 30 s left"):
            assert what in line
        clock.seconds += 15
        assert "45 s, 45 s left" in render()[0]

    def test_the_best_of_every_band_of_sizes(self, look):
        watch, render = look
        records = [trained(trial, 0.1 * trial) for trial in range(1, 8)]
        watch(begun(trials=8, max_params=8_000))
        for one in records:
            watch(Finished(record=one))
        _, head, *rows = render()
        assert head.split() == ["best", "up", "to", "accuracy", "parameters", "trial"]
        assert rows[0].split()[0] == "8k"
        trials = [int(row.split()[-1]) for row in rows]
        sizes = {r.trial: r.params for r in records}
        assert trials[0] == max(records, key=lambda r: r.accuracy).trial
        assert len(set(trials)) == len(trials)
        params = [sizes[trial] for trial in trials]
        assert params == sorted(params, reverse=True)
        for trial, row in zip(trials, rows, strict=True):
            assert f"{10 * trial:.2f} %" in row

    def test_bands_go_by_the_first_cost_of_the_search(self, look):
        watch, render = look
        watch(begun(trials=5, objectives=("accuracy", "macs", "params")))
        for trial, macs in enumerate((64_000, 30_000, 16_000, 8_000)):
            one = replace(trained(trial, 0.9 - 0.1 * trial), macs=macs)
            watch(Finished(record=one))
        _, head, *rows = render()
        assert head.split() == ["best", "up", "to", "accuracy", "MACs", "trial"]
        cells = [re.split(r" {2,}", row.strip()) for row in rows]
        assert cells == [
            ["64k", "90.00 %", "64.0 k", "0"],
            ["32k", "80.00 %", "30.0 k", "1"],
            ["16k", "70.00 %", "16.0 k", "2"],
            ["8k", "60.00 %", "8.00 k", "3"],
        ]

    def test_it_is_gone_when_the_search_ends(self, clock):
        where = console(terminal=True)
        with Watch(where, clock) as watch:
            watch(begun())
            live = watch.live
            assert live.is_started
        assert not live.is_started
