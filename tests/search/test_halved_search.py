"""A halved search: who trains how far, what is kept of it, and how it goes on."""

import json
from collections import Counter
from dataclasses import replace

import optuna
import pytest
from made_run import make_run
from test_search_loop import DATA, ThreeAtOnce

from nas.nn.cost import cost
from nas.records import EvalRequest, EvalResult, Recipe
from nas.report import epochs_spent, pareto_front
from nas.search import Finished, Paused, Promoted, SearchConfig, Started, loop
from nas.search.loop import run_search
from nas.search.scheduler import Standing, ranked

RECIPE = Recipe(epochs=9, batch_size=32)
RUNGS = (1, 3, 9)


def merit(request: EvalRequest, epochs: int) -> float:
    """Return an accuracy that grows with size and epochs, and hangs on the seed."""
    size = min(1.0, cost(request.architecture).total.params / 10_000)
    return (0.5 * size + 0.3 * (request.seed % 100) / 100) * epochs / 9


class Training:
    """Does what a worker does with pauses, but for the training.

    ``fails`` and ``interrupts`` are (trial, stop epoch) pairs that do so, once.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.requests: list[EvalRequest] = []
        self.fails: dict[tuple[int, int | None], Exception] = {}
        self.interrupts: set[tuple[int, int | None]] = set()
        self.run = None
        monkeypatch.setattr(loop, "start_evaluator", lambda *_: self)

    def __call__(self, request: EvalRequest) -> EvalResult:
        self.requests.append(request)
        place = request.trial, request.stop_epoch
        if place in self.interrupts:
            self.interrupts.remove(place)
            raise KeyboardInterrupt
        if place in self.fails:
            raise self.fails.pop(place)
        file = self.run.paused_path(request.trial)
        begin = 0
        if request.start_epoch and file.exists():
            begin = json.loads(file.read_text())["epochs"]
        stop = request.stop_epoch or 9
        whole = stop == 9
        if not whole:
            file.write_text(json.dumps({"epochs": stop}))
        reached = merit(request, stop)
        return EvalResult(
            trial=request.trial,
            status="complete" if whole else "stopped",
            seconds=1.0,
            accuracy=reached if whole else None,
            loss=1 - reached if whole else None,
            curve=tuple(merit(request, n) for n in range(1, stop + 1)),
            epochs=stop - begin,
            standing=None if whole else reached,
        )


@pytest.fixture
def training(monkeypatch) -> Training:
    return Training(monkeypatch)


@pytest.fixture
def search(tmp_path, training):
    """Return a function that makes a run and searches."""

    def run(name: str = "run", **config):
        values = {"halving": True, "recipe": RECIPE, "trials": 18} | config
        path = tmp_path / name
        training.run = make_run(path, **values)
        return training.run

    return run


def go(run, on_event=lambda _: None):
    return run_search(run, DATA, on_event=on_event)


def test_one_in_three_goes_on_and_only_whole_trainings_count(search, training):
    run = search()
    records = go(run)
    assert [r.trial for r in records] == list(range(18))
    assert run.records() == records
    ends = Counter((r.status, len(r.curve)) for r in records)
    assert set(ends) == {("stopped", 1), ("stopped", 3), ("complete", 9)}
    assert 2 <= ends["complete", 9] <= ends["stopped", 3] + ends["complete", 9] <= 12
    for record in records:
        whole = record.status == "complete"
        assert (record.accuracy is not None) == whole
        assert [e for e, _ in record.standings] == [
            r for r in RUNGS[:-1] if r <= len(record.curve)
        ]
        assert record.epochs_spent == len(record.curve)
    assert {r.status for r in pareto_front(records)} == {"complete"}
    assert epochs_spent(records) == sum(
        (r.stop_epoch or 9) - r.start_epoch for r in training.requests
    )
    assert epochs_spent(records) < 0.6 * 18 * 9


def test_the_best_for_their_size_went_on(search):
    records = go(search())
    at_first = [
        Standing(trial=r.trial, accuracy=r.standings[0][1], costs=(r.params,))
        for r in records
    ]
    gone = {r.trial for r in records if len(r.curve) > 1}
    assert {s.trial for s in ranked(at_first)[:6]} <= gone


def test_what_nobody_goes_on_from_is_removed(search):
    run = search()
    left = []

    def watch(event) -> None:
        if isinstance(event, Finished):
            assert not run.paused_path(event.record.trial).exists()
        left.append(len(list(run.trials_path.glob("*/paused.safetensors"))))

    go(run, watch)
    assert max(left) > 3
    assert not list(run.trials_path.glob("*/paused.safetensors"))
    assert not list(run.trials_path.glob("*/promoted.json"))


def test_what_a_kill_left_of_a_pause_is_removed_in_the_end(search):
    run = search(trials=9)
    (whole, *_) = [r.trial for r in go(run) if r.status == "complete"]
    run.paused_path(whole).write_bytes(b"of no use any more")
    run.promote(whole, 9)
    go(run)
    assert run.pauses() == set()
    assert not run.paused_path(whole).exists()


def test_events_and_the_disk(search):
    run = search(trials=9)
    seen = Counter()

    def watch(event) -> None:
        seen[type(event)] += 1
        if isinstance(event, Paused | Finished):
            stored = {r.trial: r for r in run.records()}[event.record.trial]
            assert stored == event.record
            study = optuna.load_study(
                study_name="nas", storage=f"sqlite:///{run.study_path}"
            )
            state = study.trials[event.record.trial].state.name
            stopped = isinstance(event, Paused)
            assert state == ("PRUNED" if stopped else "COMPLETE")
        if isinstance(event, Promoted):
            assert run.promotions()[event.trial] == event.epochs

    go(run, watch)
    assert seen[Started] == 9
    assert seen[Finished] >= 1
    assert seen[Paused] + seen[Finished] == seen[Started] + seen[Promoted]


def test_too_few_to_halve_still_bring_one_to_the_end(search):
    records = go(search(trials=2))
    assert Counter(r.status for r in records) == {"complete": 1, "stopped": 1}


class TestGoingOn:
    @pytest.mark.parametrize("stop_epoch", [1, 3, None])
    def test_only_the_part_that_was_interrupted_is_trained_again(
        self, search, training, stop_epoch
    ):
        go(search("plain", sampler="random"))
        first = next(
            r.trial for r in training.requests if r.stop_epoch == stop_epoch and r.trial
        )
        before = len(training.requests)
        run = search("broken", sampler="random")
        training.interrupts.add((first, stop_epoch))
        with pytest.raises(KeyboardInterrupt):
            go(run)
        known = {r.trial: r for r in run.records()}
        records = go(run)
        assert [r.trial for r in records] == list(range(18))
        for trial, record in known.items():
            assert records[trial].architecture == record.architecture
        again = training.requests[before:]
        ends = Counter((r.trial, r.stop_epoch) for r in again)
        assert ends.pop((first, stop_epoch)) == 2
        assert set(ends.values()) == {1}
        assert epochs_spent(records) == sum(len(r.curve) for r in records)

    def test_a_promotion_under_way_stays_decided(self, search, training):
        run = search(trials=6)
        training.interrupts |= {(trial, 3) for trial in range(6)}
        with pytest.raises(KeyboardInterrupt):
            go(run)
        ((trial, epochs),) = run.promotions().items()
        assert epochs == 3
        # Of what came in meanwhile, one that beats it, and is smaller.
        training.interrupts.clear()
        better = run.records()[trial]
        other = next(r for r in run.records() if r.trial != trial)
        run.finish_trial(replace(other, params=1, standings=((1, 1.0),)))
        assert better.standings[0][1] < 1
        events = []
        go(run, events.append)
        promoted = [e for e in events if isinstance(e, Promoted)]
        assert (promoted[0].trial, promoted[0].epochs) == (trial, 3)

    def test_a_pause_without_its_record_counts_all_the_same(self, search, training):
        run = search(trials=6)
        training.interrupts |= {(trial, 3) for trial in range(6)}
        with pytest.raises(KeyboardInterrupt):
            go(run)
        training.interrupts.clear()
        (trial,) = run.promotions()
        # The worker had come to the pause, and the search had not heard of it.
        run.paused_path(trial).write_text(json.dumps({"epochs": 3}))
        records = go(run)
        assert training.requests[-1].stop_epoch is None
        for record in records:
            assert record.epochs_spent == len(record.curve)

    def test_more_trials(self, search, training):
        run = search(trials=9)
        first = go(run)
        config = run.config()
        run.extend(replace(config, trials=27))
        records = go(run)
        assert len(records) == 27
        assert sum(r.status == "complete" for r in records) >= sum(
            r.status == "complete" for r in first
        )
        # A pause that was removed costs the epochs again, and they are counted.
        spent = sum((r.stop_epoch or 9) for r in training.requests if not r.start_epoch)
        assert epochs_spent(records) >= spent
        for record in records:
            assert record.epochs_spent >= len(record.curve)

    def test_a_finished_search_trains_nothing(self, search, training):
        run = search(trials=9)
        records = go(run)
        number = len(training.requests)
        assert go(run) == records
        assert len(training.requests) == number


class TestFailures:
    def test_one_makes_room_for_the_next(self, search, training):
        records = go(search("fine", trials=9))
        best = next(r.trial for r in training.requests if r.stop_epoch == 3)
        training.fails[best, 3] = RuntimeError("out of luck")
        run = search("unlucky", trials=9)
        records = go(run)
        assert records[best].status == "failed"
        assert len(records[best].curve) == 1
        assert any(r.status == "complete" for r in records)
        assert not run.paused_path(best).exists()

    def test_random_search_beside_it_is_charged_for_no_more_later_on(
        self, search, training
    ):
        run = search(trials=30, baseline="random")
        training.fails = {(trial, 1): RuntimeError("no") for trial in range(12)}
        records = go(run)
        assert sum(r.status == "failed" for r in records) >= 9
        assert Counter(r.arm for r in records)["random"] < 30
        number = len(training.requests)
        assert go(run) == records
        assert len(training.requests) == number

    def test_out_of_memory_begins_anew_alone_with_half_the_batch(
        self, search, training
    ):
        go(search("fine", trials=9))
        best = next(r.trial for r in training.requests if r.stop_epoch is None)
        training.requests.clear()
        training.fails[best, 3] = MemoryError("too wide")
        records = go(search("tight", trials=9))
        mine = [
            (r.start_epoch, r.stop_epoch, r.recipe.batch_size, r.alone)
            for r in training.requests
            if r.trial == best
        ]
        assert mine[:3] == [(0, 1, 32, False), (1, 3, 32, False), (0, 3, 16, True)]
        assert mine[3:] == [(3, None, 16, True)]
        record = records[best]
        assert (record.status, record.batch_size) == ("complete", 16)
        assert record.epochs_spent == 1 + 3 + 6


def test_several_at_a_time(search, monkeypatch):
    monkeypatch.setattr(loop, "InlineExecutor", ThreeAtOnce)
    run = search(trials=27)
    records = go(run)
    assert len(records) == 27
    assert len({r.hash for r in records}) == 27
    ends = Counter(len(r.curve) for r in records)
    assert ends[9] >= 3
    assert ends[1] >= 9
    assert not list(run.trials_path.glob("*/paused.safetensors"))


def test_a_run_from_before_there_was_halving_still_opens():
    old = SearchConfig().to_json()
    del old["halving"], old["eta"]
    assert SearchConfig.from_json(old) == SearchConfig()


def test_without_halving_nobody_pauses(search, training):
    records = go(search(trials=5, halving=False))
    assert {r.stop_epoch for r in training.requests} == {None}
    assert {r.status for r in records} == {"complete"}
