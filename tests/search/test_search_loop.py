"""The loop: exact, recorded before anything is told, and able to go on."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

import numpy as np
import optuna
import pytest
from made_run import make_run

from nas.arch import canonical_hash
from nas.data import SearchData, Split, load
from nas.errors import RunError, SearchFailed
from nas.executors import Executor
from nas.nn.cost import cost
from nas.records import EvalRequest, EvalResult, Recipe
from nas.search import (
    Begun,
    Finished,
    Notice,
    RunFolder,
    SearchConfig,
    Started,
    loop,
    searching,
)
from nas.search.arms import trial_seed
from nas.search.loop import run_search
from nas.space import SearchSpace, read_space

NO_IMAGES = Split(images=np.zeros((2, 1, 8, 8), np.uint8), labels=np.zeros(2, np.int64))
DATA = SearchData(
    name="nothing",
    classes=tuple("0123456789"),
    train=NO_IMAGES,
    validation=NO_IMAGES,
    mean=(0.5,),
    std=(0.25,),
)

Train = Callable[[EvalRequest], float]


def by_size(request: EvalRequest) -> float:
    """Return an accuracy that grows with size."""
    return min(0.99, cost(request.architecture).total.params / 10_000)


@pytest.fixture
def training(monkeypatch):
    """Return a function that puts another training in the place of the real one."""

    def use(train: Train) -> None:
        def start(data: SearchData, device: str, data_memory: int | None):
            assert data is DATA
            assert (device, data_memory) == ("cpu", None)
            return evaluate

        def evaluate(request: EvalRequest) -> EvalResult:
            accuracy = train(request)
            return EvalResult(
                trial=request.trial,
                status="complete",
                seconds=0.5,
                accuracy=accuracy,
                loss=1 - accuracy,
                curve=(accuracy,),
                device="imaginary",
            )

        monkeypatch.setattr(loop, "start_evaluator", start)

    use(by_size)
    return use


def search(run: RunFolder, on_event=lambda _: None, **options):
    return run_search(run, DATA, on_event=on_event, **options)


class Interrupt:
    """A training that Ctrl-C stops, once, at a given trial."""

    def __init__(self, trial: int) -> None:
        self.trial: int | None = trial

    def __call__(self, request: EvalRequest) -> float:
        if request.trial == self.trial:
            self.trial = None
            raise KeyboardInterrupt
        return by_size(request)


def test_exactly_the_asked_trials_each_another_network(tmp_path, training):
    run = make_run(tmp_path / "run", trials=7)
    records = search(run)
    assert [r.trial for r in records] == list(range(7))
    assert len({r.hash for r in records}) == 7
    assert all(r.params <= 8_000 for r in records)
    assert run.records() == records
    assert run.unfinished() == {}


def test_a_record_tells_all_about_its_trial(tmp_path, training):
    run = make_run(tmp_path / "run", trials=2, seed=5, recipe=Recipe(epochs=3))
    requests = []

    def train(request: EvalRequest) -> float:
        requests.append(request)
        return 0.625

    training(train)
    start = datetime(2030, 1, 1, tzinfo=UTC)
    clock = iter(start + timedelta(hours=hour) for hour in range(2))
    records = search(run, now=lambda: next(clock))
    for trial, (record, request) in enumerate(zip(records, requests, strict=True)):
        total = cost(record.architecture).total
        assert request.trial == record.trial == trial
        assert request.architecture == record.architecture
        assert request.recipe == Recipe(epochs=3)
        assert request.seed == record.seed == trial_seed(5, trial)
        assert request.folder == str(run.trial_path(trial))
        assert (record.params, record.macs) == (total.params, total.macs)
        assert (record.accuracy, record.loss) == (0.625, 0.375)
        assert (record.curve, record.seconds) == ((0.625,), 0.5)
        assert (record.status, record.error) == ("complete", None)
        assert record.device == "imaginary"
        assert record.finished == f"2030-01-01T0{trial}:00:00+00:00"


def test_events_come_in_order_and_after_the_disk(tmp_path, training):
    run = make_run(tmp_path / "run", trials=3)
    seen = []

    def check(event) -> None:
        match event:
            case Begun():
                assert event.path == run.path
                assert event.config == run.config()
                assert event.facts == run.facts()
                assert (event.workers, event.finished) == (1, ())
                seen.append("begun")
            case Started():
                architecture = run.unfinished()[event.trial]
                assert event.params == cost(architecture).total.params
                seen.append(f"started {event.trial}")
            case Finished():
                assert run.records()[event.record.trial] == event.record
                study = optuna.load_study(
                    study_name="nas", storage=f"sqlite:///{run.study_path}"
                )
                trial = study.trials[event.record.trial]
                assert trial.values == [event.record.accuracy, event.record.params]
                seen.append(f"finished {event.record.trial}")

    search(run, check)
    trials = [
        f"{what} {trial}" for trial in range(3) for what in ("started", "finished")
    ]
    assert seen == ["begun", *trials]


def test_a_result_is_on_disk_before_sampler_and_study_hear_of_it(
    tmp_path, training, monkeypatch
):
    run = make_run(tmp_path / "run", trials=2)
    told = []

    def check(name: str, original, self, record) -> None:
        path = run.trial_path(record.trial) / "result.json"
        assert json.loads(path.read_text())["trial"] == record.trial
        told.append(name)
        original(self, record)

    for cls, method in (
        (searching.Arms, "tell"),
        (searching.Mirror, "finish"),
    ):
        original = getattr(cls, method)
        replaced = partial(check, cls.__name__, original)
        monkeypatch.setattr(cls, method, lambda s, r, f=replaced: f(s, r))
    search(run)
    assert sorted(told) == ["Arms", "Arms", "Mirror", "Mirror"]


def test_the_seed_decides_with_one_trial_at_a_time(tmp_path, training):
    def hashes(name: str, seed: int) -> list[str]:
        run = make_run(tmp_path / name, trials=6, seed=seed)
        return [record.hash for record in search(run)]

    assert hashes("a", 1) == hashes("b", 1)
    assert hashes("c", 2) != hashes("a2", 1)


def test_trial_seeds_differ_and_stay():
    seeds = {trial_seed(seed, trial) for seed in range(20) for trial in range(20)}
    assert len(seeds) == 400
    # Written down: what was found with a seed must be found again.
    assert trial_seed(0, 0) == 1427366890


class TestGoingOn:
    def test_an_interrupted_trial_is_trained_again_under_its_number(
        self, tmp_path, training
    ):
        run = make_run(tmp_path / "run", trials=5)
        training(Interrupt(2))
        with pytest.raises(KeyboardInterrupt):
            search(run)
        before = run.records()
        assert [r.trial for r in before] == [0, 1]
        (interrupted,) = run.unfinished().items()
        assert interrupted[0] == 2

        begun, started = [], []

        def watch(event) -> None:
            match event:
                case Begun():
                    begun.append(event.finished)
                case Started():
                    started.append(event.trial)

        records = search(run, watch)
        assert begun == [tuple(before)]
        assert started == [2, 3, 4]
        assert [r.trial for r in records] == [0, 1, 2, 3, 4]
        assert records[:2] == before
        assert records[2].architecture == interrupted[1]
        assert records[2].seed == trial_seed(0, 2)
        assert len({r.hash for r in records}) == 5

        study = optuna.load_study(
            study_name="nas", storage=f"sqlite:///{run.study_path}"
        )
        assert [t.number for t in study.trials] == [0, 1, 2, 3, 4]
        assert [t.values[0] for t in study.trials] == [r.accuracy for r in records]

    def test_interrupted_at_the_very_first_trial(self, tmp_path, training):
        run = make_run(tmp_path / "run", trials=3)
        training(Interrupt(0))
        with pytest.raises(KeyboardInterrupt):
            search(run)
        (first,) = run.unfinished().values()
        records = search(run)
        assert len({r.hash for r in records}) == 3
        assert records[0].architecture == first

    def test_twice_in_a_row(self, tmp_path, training):
        run = make_run(tmp_path / "run", trials=4)
        for trial in (1, 2):
            training(Interrupt(trial))
            with pytest.raises(KeyboardInterrupt):
                search(run)
        assert [r.trial for r in search(run)] == [0, 1, 2, 3]

    def test_a_finished_run_trains_nothing(self, tmp_path, training):
        run = make_run(tmp_path / "run", trials=3)
        records = search(run)

        def train(request: EvalRequest) -> float:
            raise AssertionError(f"trained {request.trial} again")

        training(train)
        assert search(run) == records

    def test_more_trials(self, tmp_path, training):
        run = make_run(tmp_path / "run", trials=3)
        first = search(run)
        run.extend(SearchConfig(**vars_of(run.config()) | {"trials": 6}))
        records = search(run)
        assert records[:3] == first
        assert [r.trial for r in records] == list(range(6))
        assert len({r.hash for r in records}) == 6

    def test_without_its_study_which_is_made_anew(self, tmp_path, training):
        run = make_run(tmp_path / "run", trials=3)
        records = search(run)
        for path in run.path.glob("study.db*"):
            path.unlink()
        run.extend(SearchConfig(**vars_of(run.config()) | {"trials": 4}))
        records = search(run)
        study = optuna.load_study(
            study_name="nas", storage=f"sqlite:///{run.study_path}"
        )
        assert [t.values for t in study.trials] == [
            [r.accuracy, r.params] for r in records
        ]

    def test_without_a_trial_that_somebody_deleted(self, tmp_path, training):
        run = make_run(tmp_path / "run", trials=3)
        search(run)
        for path in run.path.glob("study.db*"):
            path.unlink()
        for path in run.trial_path(1).iterdir():
            path.unlink()
        run.trial_path(1).rmdir()
        assert [r.trial for r in search(run)] == [0, 2, 3]


def vars_of(config: SearchConfig) -> dict[str, object]:
    return config.to_json() | {"recipe": config.recipe}


class TestFailures:
    def test_one_costs_its_own_trial_only(self, tmp_path, training):
        def train(request: EvalRequest) -> float:
            if request.trial == 1:
                raise MemoryError("too wide")
            return by_size(request)

        training(train)
        run = make_run(tmp_path / "run", trials=4)
        records = search(run)
        assert [r.status for r in records] == ["complete", "failed", *["complete"] * 2]
        assert records[1].error == "MemoryError: too wide"
        assert records[1].accuracy is None
        assert run.records() == records

    def test_out_of_memory_is_tried_once_more_alone_with_half_the_batch(
        self, tmp_path, training
    ):
        requests = []

        def train(request: EvalRequest) -> float:
            requests.append(request)
            if request.trial == 1 and not request.alone:
                raise MemoryError("too wide")
            if request.trial == 2:
                raise MemoryError("much too wide")
            return by_size(request)

        training(train)
        run = make_run(tmp_path / "run", trials=4, recipe=Recipe(batch_size=48))
        events = []
        records = search(run, events.append)
        tried = [(r.trial, r.recipe.batch_size, r.alone) for r in requests]
        assert tried == [
            (0, 48, False),
            (1, 48, False),
            (1, 24, True),
            (2, 48, False),
            (2, 24, True),
            (3, 48, False),
        ]
        assert len({r.seed for r in requests if r.trial == 1}) == 1
        assert [r.status for r in records] == [
            *("complete", "complete", "failed", "complete")
        ]
        assert [r.batch_size for r in records] == [None, 24, 24, None]
        assert [r.reason for r in records] == [None, None, "out of memory", None]
        assert records[2].error == "MemoryError: much too wide"
        assert run.records() == records
        assert [e.text for e in events if isinstance(e, Notice)] == [
            f"trial {trial} ran out of memory; it is trained again alone, "
            "in batches of 24"
            for trial in (1, 2)
        ]

    def test_a_batch_that_cannot_be_halved_is_not_tried_again(self, tmp_path, training):
        def train(request: EvalRequest) -> float:
            if request.trial == 0:
                raise MemoryError
            return by_size(request)

        training(train)
        run = make_run(tmp_path / "run", trials=2, recipe=Recipe(batch_size=3))
        first, _ = search(run)
        assert (first.reason, first.batch_size) == ("out of memory", None)

    def test_other_failures_are_final_and_keep_their_kind(self, tmp_path, training):
        def train(request: EvalRequest) -> float:
            if request.trial == 0:
                raise ValueError("no such layer")
            return by_size(request)

        training(train)
        first, _ = search(make_run(tmp_path / "run", trials=2))
        assert (first.reason, first.error) == ("error", "ValueError: no such layer")

    def test_what_a_training_notes_is_told_once(self, tmp_path, monkeypatch):
        def start(*_):
            return lambda request: EvalResult(
                trial=request.trial,
                status="complete",
                seconds=0.5,
                accuracy=by_size(request),
                notes=("trained without a graph", f"seed {request.seed}"),
            )

        monkeypatch.setattr(loop, "start_evaluator", start)
        events = []
        search(make_run(tmp_path / "run", trials=2), events.append)
        assert [e.text for e in events if isinstance(e, Notice)] == [
            "trial 0: trained without a graph",
            f"trial 0: seed {trial_seed(0, 0)}",
            f"trial 1: seed {trial_seed(0, 1)}",
        ]

    def test_all_of_them_fail_the_search(self, tmp_path, training):
        def train(request: EvalRequest) -> float:
            raise MemoryError("too wide")

        training(train)
        run = make_run(tmp_path / "run", trials=2)
        with pytest.raises(SearchFailed, match="MemoryError: too wide"):
            search(run)
        assert [r.status for r in run.records()] == ["failed"] * 2


class ThreeAtOnce(Executor):
    """Gives results back in the reverse of the order in which they were asked for."""

    most = 0

    def __init__(self, start) -> None:
        self.evaluate = start()
        self.waiting: list[EvalRequest] = []

    @property
    def capacity(self) -> int:
        return 3

    def submit(self, request: EvalRequest) -> None:
        self.waiting.append(request)
        type(self).most = max(self.most, len(self.waiting))
        assert len(self.waiting) <= 3

    def limit(self, trial: int, timeout_seconds: float | None) -> None:
        assert timeout_seconds is not None
        assert timeout_seconds > 0

    def wait(self, timeout_seconds: float | None) -> list[EvalResult]:
        results = [self.evaluate(request) for request in reversed(self.waiting[-2:])]
        del self.waiting[-2:]
        return results

    def exclusively(self, function, *given, timeout_seconds):
        return function(*given)

    def close(self) -> None:
        self.waiting.clear()


def test_several_at_a_time_out_of_order(tmp_path, training, monkeypatch):
    monkeypatch.setattr(loop, "InlineExecutor", ThreeAtOnce)
    run = make_run(tmp_path / "run", trials=8)
    finished = []

    def watch(event) -> None:
        if isinstance(event, Finished):
            finished.append(event.record.trial)

    records = search(run, watch)
    assert ThreeAtOnce.most == 3
    assert finished != sorted(finished)
    assert sorted(finished) == list(range(8))
    assert [r.trial for r in records] == list(range(8))
    assert len({r.hash for r in records}) == 8
    study = optuna.load_study(study_name="nas", storage=f"sqlite:///{run.study_path}")
    assert [t.values[0] for t in study.trials] == [r.accuracy for r in records]


class Growing(ThreeAtOnce):
    """Takes another request at once after every wait."""

    @property
    def capacity(self) -> int:
        return self.now

    def __init__(self, start) -> None:
        super().__init__(start)
        self.now = 1

    def wait(self, timeout_seconds: float | None) -> list[EvalResult]:
        self.now = min(3, self.now + 1)
        return super().wait(timeout_seconds)


def test_a_capacity_that_grows_is_used_and_told(tmp_path, training, monkeypatch):
    monkeypatch.setattr(loop, "InlineExecutor", Growing)
    events = []
    records = search(make_run(tmp_path / "run", trials=8), events.append)
    assert [r.trial for r in records] == list(range(8))
    told = [e.text for e in events if isinstance(e, Notice)]
    assert told == [f"{n} trainings at a time from now on" for n in (2, 3)]
    running = most = 0
    for event in events:
        running += isinstance(event, Started) - isinstance(event, Finished)
        most = max(most, running)
    assert most == 3


def test_what_was_interrupted_is_not_proposed_beside_it(
    tmp_path, training, monkeypatch
):
    # The same seed would propose the same network first.
    (first,) = search(make_run(tmp_path / "other", trials=1))
    run = make_run(tmp_path / "run", trials=4)
    run.start_trial(0, first.architecture)
    monkeypatch.setattr(loop, "InlineExecutor", ThreeAtOnce)
    records = search(run)
    assert records[0].architecture == first.architecture
    assert len({record.hash for record in records}) == 4


def test_a_space_that_is_used_up_ends_the_search(tmp_path, training):
    path = tmp_path / "few.yaml"
    path.write_text(
        "schema: 1\nwidths: absolute\nstem: {width: [4, 6]}\nblocks:\n"
        "  - {width: 8, aggregation: sum, unit: basic, depth: [1, 2]}\n"
    )
    run = make_run(tmp_path / "run", trials=10)
    (run.path / "space.yaml").write_bytes(path.read_bytes())
    notices = []

    def watch(event) -> None:
        if isinstance(event, Notice):
            notices.append(event.text)

    records = search(run, watch)
    assert len(records) == len({canonical_hash(r.architecture) for r in records}) == 4
    assert notices == [
        "the space is used up after 4 different networks under this budget"
    ]
    assert read_space(path).blocks == run.space().blocks
    assert all(type(record.skipped) is int for record in run.records())


def test_a_run_that_another_process_works_on_is_left_alone(tmp_path, training):
    run = make_run(tmp_path / "run", trials=2)
    with run.owned(), pytest.raises(RunError, match="another process works on"):
        search(run)
    assert run.records() == []
    assert not run.study_path.exists()


def test_a_real_search_of_two_tiny_trainings(tmp_path):
    dataset = load("digits")
    run = make_run(tmp_path / "run", trials=2, recipe=Recipe(epochs=1))
    records = run_search(run, dataset.for_search())
    assert [r.status for r in records] == ["complete"] * 2
    for record in records:
        assert 0 < record.accuracy <= 1
        assert len(record.curve) == 1
        assert record.curve[-1] == record.accuracy
        assert run.weights_path(record.trial).is_file()
        assert list(run.trial_path(record.trial).glob("events.out.tfevents.*"))
    assert SearchSpace.load("minimal").blocks == run.space().blocks
