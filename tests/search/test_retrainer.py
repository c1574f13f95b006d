"""Contenders trained from the same seeds, kept in the run, and read again."""

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from made_run import SHAPE, make_run
from test_search_loop import DATA, NO_IMAGES, ThreeAtOnce

from nas.data import RetrainingData
from nas.errors import RunError, SearchFailed
from nas.records import EvalRequest, EvalResult, OnTestSplit
from nas.retraining import Protocol
from nas.run import Run
from nas.search import (
    Notice,
    RetrainingBegun,
    RetrainingFinished,
    RetrainingStarted,
    loop,
)
from nas.search.ablation_shelves import ablated_trials, ablation_shelf
from nas.search.contenders import known_networks, trial_contender
from nas.search.loop import run_retraining
from nas.search.repair import repair
from nas.search.retrain_files import read_retrained, training_path, weights_path

OWN = Protocol()
ALL = RetrainingData(search=DATA, test=NO_IMAGES)


@pytest.fixture
def training(monkeypatch):
    """Return a function that puts another training in the place of the real one."""
    requests = []

    def use(train) -> list[EvalRequest]:
        def start(data, device, memory, *, test, validates):
            assert test is NO_IMAGES
            assert data is DATA

            def evaluate(request: EvalRequest) -> EvalResult:
                requests.append(request)
                found = train(request)
                if isinstance(found, EvalResult):
                    return found
                (Path(request.folder) / "weights.safetensors").write_bytes(b"weights")
                return EvalResult(
                    trial=request.trial,
                    status="complete",
                    seconds=0.5,
                    accuracy=found if validates else None,
                    loss=0.1 if validates else None,
                    curve=(found,) if validates else (),
                    device="imaginary",
                    weights=sha256(b"weights").hexdigest(),
                    tested=OnTestSplit(
                        accuracy=found, balanced_accuracy=found, loss=0.1, images=359
                    ),
                )

            return evaluate

        monkeypatch.setattr(loop, "start_evaluator", start)
        return requests

    return use


def lost(request: EvalRequest, reason="error", error="RuntimeError: bad luck"):
    return EvalResult(
        trial=request.trial,
        status="failed",
        seconds=0.5,
        device="imaginary",
        error=error,
        reason=reason,
        traceback="where it came from",
    )


def contenders(run, *names):
    config = run.config()
    return [
        *(trial_contender(record, config.recipe) for record in run.records()),
        *known_networks(
            names, input_shape=SHAPE, num_classes=10, sizes=(), recipe=config.recipe
        ),
    ]


def results(run, protocol=OWN):
    return {
        each.contender.name: {t.number: t.tested for t in each.trainings}
        for each in read_retrained(run).get(protocol, ())
    }


def test_every_contender_from_the_same_seeds(tmp_path, training):
    requests = training(lambda request: 0.5 + request.seed % 100 / 1000)
    run = make_run(tmp_path / "run", [0.7, 0.8])
    events = []
    own = contenders(run, "resnet20@5k")
    run_retraining(run, ALL, own, OWN, 2, on_event=events.append)
    names = ["trial-0", "trial-1", "resnet20@5k"]
    assert sorted(results(run)) == sorted(names)
    seeds = [request.seed for request in requests]
    assert seeds == [seeds[0]] * 3 + [seeds[3]] * 3
    assert seeds[0] != seeds[3]
    assert [r.architecture for r in requests] == 2 * [c.architecture for c in own]
    assert {r.recipe.epochs for r in requests} == {2}
    begun, *rest = events
    assert begun == RetrainingBegun(
        path=run.path,
        contenders=tuple(names),
        epochs=(2, 2, 2),
        seeds=2,
        asked=6,
        workers=1,
    )
    started = [
        (e.contender, e.number) for e in rest if isinstance(e, RetrainingStarted)
    ]
    assert started == [(name, number) for number in (1, 2) for name in names]
    finished = [e for e in rest if isinstance(e, RetrainingFinished)]
    assert [(e.finished, e.asked) for e in finished] == [(n, 6) for n in range(1, 7)]
    assert finished[0].accuracy == finished[0].training.tested.accuracy
    for name in names:
        assert weights_path(run, OWN, name, 2).read_bytes() == b"weights"


def test_what_is_there_counts(tmp_path, training):
    requests = training(lambda _: 0.5)
    run = make_run(tmp_path / "run", [0.7, 0.8])
    own = contenders(run)
    run_retraining(run, ALL, own[:1], OWN, 2)
    run_retraining(run, ALL, own, OWN, 3)
    assert len(requests) == 6
    run_retraining(run, ALL, own, OWN, 2)
    assert len(requests) == 6
    # Another protocol is another contest.
    other = Protocol(epochs=5, use_validation=True)
    run_retraining(run, ALL, own[1:], other, 1)
    assert requests[-1].recipe.epochs == 5
    assert {p: len(found) for p, found in read_retrained(run).items()} == {
        OWN: 2,
        other: 1,
    }


def test_an_interrupted_one_goes_on(tmp_path, training):
    calls = []

    def train(request):
        calls.append(request.seed)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return 0.5

    training(train)
    run = make_run(tmp_path / "run", [0.7, 0.8])
    own = contenders(run)
    with pytest.raises(KeyboardInterrupt):
        run_retraining(run, ALL, own, OWN, 2)
    assert results(run).keys() == {"trial-0", "trial-1"}
    run_retraining(run, ALL, own, OWN, 2)
    assert {name: set(found) for name, found in results(run).items()} == {
        "trial-0": {1, 2},
        "trial-1": {1, 2},
    }
    assert len(calls) == 5
    assert calls[2] == calls[3]


def test_several_at_a_time(tmp_path, training, monkeypatch):
    training(lambda _: 0.5)
    monkeypatch.setattr(loop, "InlineExecutor", ThreeAtOnce)
    run = make_run(tmp_path / "run", [0.7, 0.8])
    run_retraining(run, ALL, contenders(run), OWN, 4)
    assert {name: len(found) for name, found in results(run).items()} == {
        "trial-0": 4,
        "trial-1": 4,
    }


def test_failures_are_tried_again_unless_they_diverged(tmp_path, training):
    broken = {"trial-0": "error", "trial-1": "diverged"}
    run = make_run(tmp_path / "run", [0.7, 0.8, 0.9])
    own = contenders(run)
    by_network = {c.architecture: broken.get(c.name) for c in own}

    def train(request):
        reason = by_network[request.architecture]
        return lost(request, reason) if reason else 0.5

    requests = training(train)
    run_retraining(run, ALL, own, OWN, 1)
    assert len(requests) == 3
    path = training_path(run, OWN, "trial-0", 1)
    assert (path / "traceback.txt").read_text() == "where it came from"
    by_network[own[0].architecture] = None
    run_retraining(run, ALL, own, OWN, 1)
    assert len(requests) == 4
    found = results(run)
    assert found["trial-0"][1] is not None
    assert found["trial-1"][1] is None
    (contest,) = Run(run.path).contests().values()
    failed = {s.entrant.name: s.entrant.failed for s in contest.standings}
    assert failed == {"trial-0": 0, "trial-1": 1, "trial-2": 0}


def test_when_all_fail_it_says_so(tmp_path, training):
    training(lost)
    run = make_run(tmp_path / "run", [0.7])
    with pytest.raises(SearchFailed, match=r"no network could be trained.*bad luck"):
        run_retraining(run, ALL, contenders(run), OWN, 1)


def test_lost_ones_are_begun_anew(tmp_path, training):
    tries = []

    def train(request):
        tries.append(request)
        return lost(request, "lost", "the worker died") if len(tries) == 1 else 0.5

    training(train)
    run = make_run(tmp_path / "run", [0.7])
    events = []
    run_retraining(run, ALL, contenders(run), OWN, 1, on_event=events.append)
    (note,) = [event.text for event in events if isinstance(event, Notice)]
    assert note == "trial-0, seed 1: the worker died; it is trained again"
    assert results(run)["trial-0"][1].accuracy == 0.5


def test_a_known_network_goes_on_with_its_first_recipe(tmp_path, training):
    requests = training(lambda _: 0.5)
    run = make_run(tmp_path / "run", [0.7])
    first = known_networks(
        ["resnet20@5k"],
        input_shape=SHAPE,
        num_classes=10,
        sizes=(),
        recipe=run.config().recipe,
    )
    run_retraining(run, ALL, first, OWN, 1)
    other = [replace(c, recipe=replace(c.recipe, lr=0.01)) for c in first]
    run_retraining(run, ALL, other, OWN, 2)
    assert [r.recipe.lr for r in requests] == [first[0].recipe.lr] * 2


def test_one_that_finished_nothing_begins_anew_with_what_is_asked_now(
    tmp_path, training
):
    def train(request):
        if len(requests) == 1:
            raise KeyboardInterrupt
        return 0.5

    requests = training(train)
    run = make_run(tmp_path / "run", [0.7])
    known = known_networks(
        ["resnet20@5k"],
        input_shape=SHAPE,
        num_classes=10,
        sizes=(),
        recipe=run.config().recipe,
    )
    with pytest.raises(KeyboardInterrupt):
        run_retraining(run, ALL, known, OWN, 1)
    other = [replace(c, recipe=replace(c.recipe, lr=0.01)) for c in known]
    run_retraining(run, ALL, other, OWN, 1)
    assert requests[-1].recipe.lr == 0.01
    (each,) = read_retrained(run)[OWN]
    assert each.contender.recipe.lr == 0.01
    # Without what tells how they were trained, results are worth nothing.
    (run.path / "retrain" / OWN.folder / "resnet20@5k" / "contender.json").unlink()
    run_retraining(run, ALL, known, OWN, 1)
    (each,) = read_retrained(run)[OWN]
    assert requests[-1].recipe == each.contender.recipe == known[0].recipe


def test_other_test_images_are_refused(tmp_path, training):
    requests = training(lambda _: 0.5)
    run = make_run(tmp_path / "run", [0.7])
    own = contenders(run)
    run_retraining(run, ALL, own, OWN, 1)
    labels = NO_IMAGES.labels + 1
    other = replace(ALL, test=replace(NO_IMAGES, labels=labels))
    with pytest.raises(RunError, match="the test images are others than those"):
        run_retraining(run, other, own, OWN, 2)
    assert len(requests) == 1
    run_retraining(run, ALL, own, OWN, 2)
    assert len(requests) == 2


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("trial-0/1/result.json", "{"),
        ("trial-0/1/result.json", '{"contender": 5}'),
        ("trial-0/contender.json", "[]"),
        ("trial-0/contender.json", '{"name": "trial-1"}'),
    ],
)
def test_a_file_that_cannot_be_read_is_set_aside(tmp_path, training, file, text):
    requests = training(lambda _: 0.5)
    run = make_run(tmp_path / "run", [0.7, 0.8])
    run_retraining(run, ALL, contenders(run), OWN, 1)
    path = run.path / "retrain" / OWN.folder / file
    path.write_text(text)
    with pytest.raises(RunError, match="'nas repair' sets it aside"):
        read_retrained(run)
    (line,) = [line for line in repair(run.path) if line.startswith("retrain/")]
    assert line.startswith(f"retrain/{OWN.folder}/{file} could not be read and is now")
    own = contenders(run)
    run_retraining(run, ALL, own, OWN, 1)
    assert len(requests) == 2 + ("result" in file)
    assert results(run).keys() == {"trial-0", "trial-1"}
    assert repair(run.path) == []


def test_results_of_another_training_are_noticed(tmp_path, training):
    training(lambda _: 0.5)
    run = make_run(tmp_path / "run", [0.7])
    run_retraining(run, ALL, contenders(run), OWN, 2)
    one, two = (training_path(run, OWN, "trial-0", n) / "result.json" for n in (1, 2))
    assert json.loads(two.read_text())["number"] == 2
    one.write_bytes(two.read_bytes())
    with pytest.raises(RunError, match="it is of another training"):
        read_retrained(run)


def test_another_shelf_is_another_contest(tmp_path, training):
    requests = training(lambda _: 0.5)
    run = make_run(tmp_path / "run", [0.7])
    own, shelf = contenders(run), ablation_shelf(0)
    run_retraining(run, ALL, own, OWN, 2)
    run_retraining(run, ALL, own, OWN, 2, shelf=shelf)
    one, other, *again = (request.seed for request in requests)
    assert again == [one, other]
    (kept,) = read_retrained(run, shelf)[OWN]
    assert [training.weights for training in kept.trainings] == [None, None]
    assert not weights_path(run, OWN, "trial-0", 1, shelf).exists()
    assert weights_path(run, OWN, "trial-0", 1).exists()
    assert ablated_trials(run) == (0,)
    run_retraining(run, ALL, own, OWN, 2, shelf=shelf)
    assert len(requests) == 4
