import json
import logging
import pickle
import signal
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tiny import DATA, architecture

from nas.arch import Architecture
from nas.data import SearchData, Split
from nas.errors import ConfigError
from nas.nn.build import build
from nas.records import EvalRequest, EvalResult, Recipe
from nas.train import PRELOAD, start_evaluator
from nas.train.evaluate import Evaluator, resolve_device
from nas.train.events import Events

RECIPE = Recipe(epochs=3, batch_size=16, lr=0.05, optimizer="sgd", weight_decay=0.0)


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    return Evaluator(DATA, "cpu")


def request(
    folder: Path, *, spec: Architecture | None = None, seed: int = 0
) -> EvalRequest:
    return EvalRequest(
        trial=7,
        architecture=spec or architecture(),
        recipe=RECIPE,
        seed=seed,
        folder=str(folder),
    )


def outcome(result: EvalResult) -> EvalResult:
    return replace(result, seconds=0.0)


def test_the_weights_have_the_accuracy_of_the_result(
    evaluator: Evaluator, tmp_path: Path
) -> None:
    result = evaluator(request(tmp_path / "new"))
    assert (result.trial, result.status, result.error) == (7, "complete", None)
    assert (result.reason, result.notes) == (None, ())
    assert result.device == "cpu"
    assert len(result.curve) == RECIPE.epochs
    assert result.accuracy == result.curve[-1]
    network = build(architecture())
    network.load_state_dict(load_file(tmp_path / "new" / "weights.safetensors"))
    images = torch.from_numpy(DATA.validation.images) / 255
    hits = network.eval()(images).argmax(1).numpy() == DATA.validation.labels
    assert result.accuracy == hits.sum() / len(hits)


def test_the_folder_holds_one_event_file_and_the_weights(
    evaluator: Evaluator, tmp_path: Path
) -> None:
    evaluator(request(tmp_path))
    events, weights = sorted(path.name for path in tmp_path.iterdir())
    assert events.startswith("events.out.tfevents.")
    assert weights == "weights.safetensors"


def test_a_result_depends_on_nothing_but_its_request(
    evaluator: Evaluator, tmp_path: Path
) -> None:
    first = evaluator(request(tmp_path / "a"))
    torch.manual_seed(99)
    evaluator(request(tmp_path / "b", spec=architecture(width=8), seed=1))
    again = evaluator(request(tmp_path / "c"))
    elsewhere = Evaluator(DATA, "cpu")(request(tmp_path / "d"))
    assert outcome(again) == outcome(first)
    assert outcome(elsewhere) == outcome(first)
    reseeded = evaluator(request(tmp_path / "e", seed=1))
    assert reseeded.loss != first.loss


def test_dropout_depends_on_nothing_but_the_request_either(
    evaluator: Evaluator, tmp_path: Path
) -> None:
    spec = replace(architecture(), dropout=0.5)
    first = evaluator(request(tmp_path / "a", spec=spec))
    torch.manual_seed(99)
    again = evaluator(request(tmp_path / "b", spec=spec))
    assert outcome(again) == outcome(first)
    without = evaluator(request(tmp_path / "c"))
    assert without.loss != first.loss


@pytest.fixture
def mapped(tmp_path: Path) -> SearchData:
    """The data, its images in files."""

    def map_split(split: Split, path: Path) -> Split:
        np.save(path, split.images)
        return Split(images=np.load(path, mmap_mode="r"), labels=split.labels)

    return replace(
        DATA,
        train=map_split(DATA.train, tmp_path / "train.npy"),
        validation=map_split(DATA.validation, tmp_path / "validation.npy"),
    )


def test_data_that_fit_are_held_and_others_are_streamed(
    evaluator: Evaluator, mapped: SearchData, tmp_path: Path
) -> None:
    fits = mapped.train.images.nbytes + mapped.validation.images.nbytes
    held = Evaluator(mapped, "cpu", fits)(request(tmp_path / "held"))
    assert outcome(held) == outcome(evaluator(request(tmp_path / "here")))
    # Less memory is another order of the images, but the same one each time.
    first, again = (
        Evaluator(mapped, "cpu", fits - 1)(request(tmp_path / name)) for name in "ab"
    )
    assert first.status == "complete"
    assert outcome(first) == outcome(again)
    assert first.loss != held.loss
    other = Evaluator(mapped, "cpu", fits - 1)(request(tmp_path / "c", seed=1))
    assert other.loss != first.loss


def test_the_objective_is_the_accuracy_of_the_result(tmp_path: Path) -> None:
    # Upper halves are rare: to call everything lower is right in 15 of 17 cases.
    rare = np.flatnonzero((DATA.validation.labels == 1) | (np.arange(30) < 4))
    split = Split(
        images=DATA.validation.images[rare], labels=DATA.validation.labels[rare]
    )
    evaluator = Evaluator(replace(DATA, validation=split), "cpu")
    plain = request(tmp_path / "plain")
    recipe = replace(RECIPE, epochs=1, lr=0.0, objective="balanced-accuracy")
    fair = replace(plain, recipe=recipe, folder=str(tmp_path / "fair"))
    plain = replace(plain, recipe=replace(recipe, objective="accuracy"))
    # Untrained, and so of one opinion about everything.
    assert {evaluator(fair).accuracy, *evaluator(fair).curve} == {0.5}
    assert evaluator(plain).accuracy in (pytest.approx(2 / 17), pytest.approx(15 / 17))


def test_a_training_takes_one_thread_and_leaves_torch_as_it_was(
    evaluator: Evaluator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    during: list[int] = []
    monkeypatch.setattr(
        Events, "epoch", lambda *_: during.append(torch.get_num_threads())
    )
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        state = torch.get_rng_state()
        evaluator(request(tmp_path))
        assert during == [1, 1, 1]
        assert torch.get_num_threads() == 3
        assert torch.equal(torch.get_rng_state(), state)
    finally:
        torch.set_num_threads(before)


def test_an_exception_is_a_failure_with_its_reason_in_a_line(
    evaluator: Evaluator, tmp_path: Path
) -> None:
    coloured = replace(architecture(), input_shape=(3, 6, 6))
    result = evaluator(request(tmp_path, spec=coloured))
    assert (result.status, result.accuracy, result.loss) == ("failed", None, None)
    assert result.error is not None
    assert result.error.startswith("RuntimeError: ")
    assert "\n" not in result.error
    assert result.reason == "error"
    assert result.traceback is not None
    assert result.traceback.startswith("Traceback (most recent call last)")
    assert result.error is not None
    assert result.error in result.traceback
    assert not (tmp_path / "weights.safetensors").exists()


def test_a_loss_that_is_no_number_is_a_failure(tmp_path: Path) -> None:
    evaluator = Evaluator(replace(DATA, mean=(float("nan"),)), "cpu")
    result = evaluator(request(tmp_path))
    assert (result.status, result.accuracy) == ("failed", None)
    assert result.reason == "diverged"
    assert result.error == "diverged: the training loss is nan in epoch 0"
    assert not (tmp_path / "weights.safetensors").exists()


def test_an_interrupt_passes_through(
    evaluator: Evaluator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Events, "epoch", interrupt)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        evaluator(request(tmp_path))
    assert signal.getsignal(signal.SIGINT) is before


def test_a_training_says_nothing(
    evaluator: Evaluator,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    recwarn: pytest.WarningsRecorder,
) -> None:
    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = records.append  # type: ignore[method-assign]
    logger = logging.getLogger("lightning.pytorch")
    logger.addHandler(handler)
    try:
        evaluator(request(tmp_path))
    finally:
        logger.removeHandler(handler)
    assert records == []
    assert [str(warning.message) for warning in recwarn] == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("gpu", "device must be auto, cpu or cuda; got 'gpu'"),
        ("mps", "device must be auto, cpu or cuda; got 'mps'"),
        ("cuda:99", "device must be one that PyTorch sees; got 'cuda:99'"),
    ],
)
def test_a_device_that_is_not_there_is_refused(name: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        resolve_device(name)


def test_auto_is_the_best_device_there_is() -> None:
    best = "cuda" if torch.cuda.is_available() else "cpu"
    assert resolve_device("auto").type == best


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_a_gpu_trains_as_well(tmp_path: Path) -> None:
    result = Evaluator(DATA, "cuda")(request(tmp_path))
    assert (result.status, result.device) == ("complete", "cuda")
    assert result.accuracy is not None
    assert result.accuracy > 0.8


def test_the_start_can_be_pickled_without_torch() -> None:
    start = partial(start_evaluator, DATA, "cpu")
    code = (
        "import pickle, sys; import nas.data, nas.train, nas.executors;"
        "pickle.load(sys.stdin.buffer);"
        "print([name in sys.modules for name in sys.argv[1:]])"
    )
    checked = subprocess.run(
        [sys.executable, "-c", code, "nas.train", "torch", "sklearn", *PRELOAD],
        input=pickle.dumps(start),
        stdout=subprocess.PIPE,
        check=True,
    )
    assert json.loads(checked.stdout.decode().lower()) == [True] + [False] * 5
