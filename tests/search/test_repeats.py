"""Networks trained again: kept with their trials, and what becomes of the front."""

import json
from collections import Counter
from pathlib import Path

import pytest
from made_run import architectures, make_run, record
from test_search_loop import DATA, ThreeAtOnce

from nas.errors import RunError
from nas.records import EvalRequest, EvalResult
from nas.report import pareto_front
from nas.run import Run
from nas.search import Repeated, SearchConfig, loop
from nas.search.loop import run_repeats, run_search
from nas.search.noise_files import read_beliefs, read_repeats, repeat_path
from nas.search.repeats import FOLLOWED


@pytest.fixture
def training(monkeypatch):
    """Return a function that puts another training in the place of the real one."""

    def use(train) -> None:
        def evaluate(request: EvalRequest) -> EvalResult:
            accuracy = train(request)
            (Path(request.folder) / "weights.safetensors").write_bytes(b"weights")
            return EvalResult(
                trial=request.trial,
                status="complete",
                seconds=0.5,
                accuracy=accuracy,
                loss=0.1,
                curve=(accuracy,),
                device="imaginary",
            )

        monkeypatch.setattr(loop, "start_evaluator", lambda *_: evaluate)

    use(lambda _: 0.5)
    return use


def run_of(path, accuracies, **config):
    """Make a run whose networks are ever larger."""
    run = make_run(path, **({"trials": len(accuracies)} | config))
    by_size = sorted(architectures(12), key=lambda a: record(0, a, 0.5).params)
    for trial, accuracy in enumerate(accuracies):
        run.start_trial(trial, by_size[trial])
        run.finish_trial(record(trial, by_size[trial], accuracy))
    return run


def test_chosen_trials_get_as_many_trainings_as_asked(tmp_path, training):
    requests = []

    def train(request: EvalRequest) -> float:
        requests.append(request)
        return 0.5 + len(requests) / 100

    training(train)
    run = run_of(tmp_path / "run", [0.7, 0.8, 0.9])
    records, before = run.records(), run.config()
    events = []
    run_repeats(run, DATA, [records[0], records[2]], 3, on_event=events.append)
    found = read_repeats(run)
    assert {t: [r.number for r in again] for t, again in found.items()} == {
        0: [2, 3],
        2: [2, 3],
    }
    assert [r.accuracy for r in found[0]] == [0.51, 0.52]
    assert len({r.seed for several in found.values() for r in several}) == 4
    assert {r.seed for r in requests}.isdisjoint(r.seed for r in records)
    assert [r.architecture for r in requests] == [
        *[records[0].architecture] * 2,
        *[records[2].architecture] * 2,
    ]
    assert [(e.finished, e.asked) for e in events if isinstance(e, Repeated)] == [
        (n, 4) for n in range(1, 5)
    ]
    # Nothing else has changed, and the weights of a trial are its own.
    assert (run.records(), run.config(), run.unfinished()) == (records, before, {})
    assert not list(run.path.glob("trials/*/repeats/*/weights*"))
    run_repeats(run, DATA, [records[0]], 4)
    assert [r.number for r in read_repeats(run)[0]] == [2, 3, 4]
    assert len(requests) == 5


def test_an_interrupted_one_goes_on_where_it_was(tmp_path, training):
    calls = []

    def train(request: EvalRequest) -> float:
        calls.append(request.seed)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return 0.5

    training(train)
    run = run_of(tmp_path / "run", [0.7, 0.8])
    with pytest.raises(KeyboardInterrupt):
        run_repeats(run, DATA, run.records(), 3)
    assert {t: len(again) for t, again in read_repeats(run).items()} == {0: 2}
    run_repeats(run, DATA, run.records(), 3)
    assert {t: len(again) for t, again in read_repeats(run).items()} == {0: 2, 1: 2}
    # The interrupted one came back with its seed.
    assert Counter(calls) == {seed: 1 + (seed == calls[2]) for seed in set(calls)}


def test_several_at_a_time(tmp_path, training, monkeypatch):
    monkeypatch.setattr(loop, "InlineExecutor", ThreeAtOnce)
    run = run_of(tmp_path / "run", [0.7, 0.8])
    run_repeats(run, DATA, run.records(), 5)
    assert {t: len(again) for t, again in read_repeats(run).items()} == {0: 4, 1: 4}


def test_out_of_memory_is_tried_once_more_alone(tmp_path, training):
    requests = []

    def train(request: EvalRequest) -> float:
        requests.append(request)
        if not request.alone:
            raise MemoryError
        return 0.5

    training(train)
    run = run_of(tmp_path / "run", [0.7])
    run_repeats(run, DATA, run.records(), 2)
    assert [r.alone for r in requests] == [False, True]
    ((again,),) = read_repeats(run).values()
    assert again.accuracy == 0.5


def test_a_failure_is_kept_and_not_counted(tmp_path, training):
    def train(request: EvalRequest) -> float:
        raise ValueError("no luck")

    training(train)
    run = run_of(tmp_path / "run", [0.7, 0.8])
    run_repeats(run, DATA, run.records(), 2)
    (again,) = read_repeats(run)[0]
    assert (again.status, again.error) == ("failed", "ValueError: no luck")
    assert [r.trial for r in Run(run.path).front] == [0, 1]


def test_the_front_follows_the_means_until_all_of_it_is_repeated(tmp_path, training):
    # Trial 1 was lucky: on average it is worse than trial 0, which is smaller, and
    # trial 2, which its luck had kept from the front, comes onto it.
    actual = {0: 0.70, 1: 0.60, 2: 0.79, 3: 0.90}
    run = run_of(tmp_path / "run", [0.71, 0.85, 0.80, 0.90])
    sizes = {r.architecture: r.trial for r in run.records()}
    asked = []

    def train(request: EvalRequest) -> float:
        asked.append(sizes[request.architecture])
        return actual[asked[-1]]

    training(train)
    assert [r.trial for r in pareto_front(run.records())] == [0, 1, 3]
    run_repeats(run, DATA, [], 3)
    assert Counter(asked) == {0: 2, 1: 2, 3: 2, 2: 2}
    found = Run(run.path)
    assert [r.trial for r in found.front] == [0, 2, 3]
    assert found.best(found.records[2].params).trial == 2
    assert found.best().accuracy == 0.90
    assert found.best(found.records[2].params).accuracy == 0.80  # its own result


def test_what_follows_is_bounded(tmp_path, training):
    # One network holds the front, and whatever takes its place falls as well.
    run = run_of(tmp_path / "run", [0.99, *(0.98 - n / 100 for n in range(8))])
    training(lambda request: 0.1)
    run_repeats(run, DATA, [], 2)
    assert len(read_repeats(run)) == FOLLOWED


def test_a_search_repeats_its_front_and_resumes_that(tmp_path, training):
    calls = []

    def train(request: EvalRequest) -> float:
        calls.append(request)
        if len(calls) == 7:
            raise KeyboardInterrupt
        return len(calls) / 100

    training(train)
    run = make_run(tmp_path / "run", trials=5, repeats=3)
    with pytest.raises(KeyboardInterrupt):
        run_search(run, DATA)
    assert len(run.records()) == 5
    run_search(run, DATA)
    front = {r.trial for r in pareto_front(run.records())}
    found = read_repeats(run)
    assert front <= set(found)
    assert all(len(again) == 2 for again in found.values())
    done = len(calls)
    run_search(run, DATA)
    assert len(calls) == done


def test_beliefs_are_about_just_these_results(tmp_path, training):
    training(lambda request: (request.seed % 100) / 100)
    run = make_run(tmp_path / "run", trials=8)
    records = run_search(run, DATA)
    beliefs = read_beliefs(run, records, {})
    assert {b.trial for b in beliefs.beliefs} == set(range(8))
    assert (beliefs.trials, beliefs.repeats) == (8, 0)
    run_repeats(run, DATA, records[:2], 3)
    repeats = read_repeats(run)
    assert read_beliefs(run, records, {}) is None
    assert read_beliefs(run, records, repeats).repeats == 4
    assert read_beliefs(run, records[:-1], repeats) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"curve": 5}'])
def test_what_was_spoilt_is_named(tmp_path, training, text):
    run = run_of(tmp_path / "run", [0.7])
    run_repeats(run, DATA, run.records(), 2)
    path = repeat_path(run, 0, 2) / "result.json"
    path.write_text(text)
    with pytest.raises(RunError, match=rf"{path}: cannot be read.*nas repeat"):
        read_repeats(run)
    path.unlink()
    (run.path / "beliefs.json").write_text(text)
    with pytest.raises(RunError, match=r"beliefs\.json: cannot be read"):
        read_beliefs(run, run.records(), {})


def test_results_are_read_by_people_too(tmp_path, training):
    run = run_of(tmp_path / "run", [0.7])
    run_repeats(run, DATA, run.records(), 2)
    data = json.loads((repeat_path(run, 0, 2) / "result.json").read_text())
    assert (data["trial"], data["number"], data["accuracy"]) == (0, 2, 0.5)


def test_repeats_survive_a_search_that_goes_on(tmp_path, training):
    run = make_run(tmp_path / "run", trials=2, repeats=2)
    run_search(run, DATA)
    before = read_repeats(run)
    config = run.config()
    run.extend(
        SearchConfig(**config.to_json() | {"trials": 4, "recipe": config.recipe})
    )
    run_search(run, DATA)
    after = read_repeats(run)
    assert {trial: after[trial] for trial in before} == before
