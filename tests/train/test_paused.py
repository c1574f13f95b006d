"""A training that paused comes to what one comes to that never did, bit for bit."""

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from tiny import DATA, architecture

from nas.arch import AuxHead
from nas.nn.build import build
from nas.records import EvalRequest, EvalResult, Recipe
from nas.train import paused
from nas.train.evaluate import Evaluator
from nas.train.module import Training

RECIPE = Recipe(epochs=4, batch_size=16, lr=0.05, augment="standard", flip=True)
ADAMW = replace(RECIPE, optimizer="adamw", lr=0.002)
SPEC = architecture()


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    return Evaluator(DATA, "cpu")


def request(folder: Path, **changes: object) -> EvalRequest:
    folder.mkdir(exist_ok=True)
    values = {"trial": 3, "architecture": SPEC, "recipe": RECIPE, "seed": 1}
    return EvalRequest(**(values | {"folder": str(folder)} | changes))


def in_parts(evaluator: Evaluator, whole: EvalRequest, *stops: int) -> EvalResult:
    """Train with pauses; after each of them other networks are trained."""
    before = 0
    for stop in stops:
        part = replace(whole, start_epoch=before, stop_epoch=stop)
        result = evaluator(part)
        assert (result.status, result.accuracy, result.loss) == ("stopped", None, None)
        assert (len(result.curve), result.epochs) == (stop, stop - before)
        aside = Path(whole.folder).parent / "aside"
        evaluator(request(aside, architecture=architecture(width=8), seed=9))
        torch.rand(7)
        before = stop
    return evaluator(replace(whole, start_epoch=before))


def weights(request: EvalRequest) -> Mapping[str, torch.Tensor]:
    return load_file(Path(request.folder) / "weights.safetensors")


@pytest.mark.parametrize("stops", [(1,), (2, 3)])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"recipe": ADAMW},
        {"recipe": replace(RECIPE, schedule="cosine", class_weights=True)},
        {"architecture": replace(SPEC, dropout=0.4)},
        {"architecture": replace(SPEC, aux=(AuxHead(after=0),))},
    ],
    ids=["sgd", "adamw", "cosine", "dropout", "auxiliary head"],
)
def test_pauses_change_nothing(
    evaluator: Evaluator,
    tmp_path: Path,
    changes: Mapping[str, object],
    stops: tuple[int, ...],
) -> None:
    whole = request(tmp_path / "whole", **changes)
    expected = evaluator(whole)
    parts = request(tmp_path / "parts", **changes)
    result = in_parts(evaluator, parts, *stops)
    assert expected.epochs == 4
    assert result.epochs == 4 - stops[-1]
    same = {"seconds": 0.0, "epochs": 4}
    assert replace(result, **same) == replace(expected, **same)
    for name, value in weights(whole).items():
        assert torch.equal(weights(parts)[name], value), name


def test_another_worker_may_go_on(evaluator: Evaluator, tmp_path: Path) -> None:
    whole = request(tmp_path / "whole")
    evaluator(whole)
    parts = request(tmp_path / "parts")
    evaluator(replace(parts, stop_epoch=2))
    Evaluator(DATA, "cpu")(replace(parts, start_epoch=2))
    for name, value in weights(whole).items():
        assert torch.equal(weights(parts)[name], value), name


def test_streamed_images_go_on_in_the_same_order(tmp_path: Path) -> None:
    evaluator = Evaluator(DATA, "cpu", 4 * 20 * 36)
    whole, parts = (request(tmp_path / name) for name in ("whole", "parts"))
    evaluator(whole)
    in_parts(evaluator, parts, 1)
    for name, value in weights(whole).items():
        assert torch.equal(weights(parts)[name], value), name


def test_what_is_on_disk_already_is_not_trained_again(
    evaluator: Evaluator, tmp_path: Path
) -> None:
    parts = request(tmp_path / "parts")
    first = evaluator(replace(parts, stop_epoch=2))
    # The worker had written it, and nobody heard: the same is asked for again.
    again = evaluator(replace(parts, stop_epoch=2))
    assert again.epochs == 0
    assert again.curve == first.curve


@pytest.mark.parametrize(
    "harm", ["gone", "torn", "other recipe", "other seed", "no header", "too far"]
)
def test_what_cannot_go_on_begins_anew_and_says_so(
    evaluator: Evaluator, tmp_path: Path, harm: str
) -> None:
    expected = evaluator(replace(request(tmp_path / "fresh"), stop_epoch=3))
    parts = request(tmp_path / "parts")
    file = Path(parts.folder) / paused.PAUSED
    earlier = parts
    if harm == "other recipe":
        earlier = replace(parts, recipe=replace(RECIPE, batch_size=8))
    elif harm == "other seed":
        earlier = replace(parts, seed=2)
    evaluator(replace(earlier, stop_epoch=2))
    if harm == "gone":
        file.unlink()
    elif harm == "torn":
        os.truncate(file, file.stat().st_size // 2)
    elif harm == "no header":
        save_file({"network.weight": torch.zeros(2)}, file)
    elif harm == "too far":
        (Path(tmp_path / "fresh") / paused.PAUSED).rename(file)
        parts = replace(parts, stop_epoch=2)
    if parts.stop_epoch is None:
        parts = replace(parts, stop_epoch=3)
    result = evaluator(replace(parts, start_epoch=1))
    assert result.epochs == parts.stop_epoch
    assert result.curve == expected.curve[: parts.stop_epoch]
    assert result.notes == ("trained anew from its start: it could not go on",)


def test_a_whole_training_leaves_nothing_to_go_on_from(
    evaluator: Evaluator, tmp_path: Path
) -> None:
    evaluator(request(tmp_path / "whole"))
    assert not (tmp_path / "whole" / paused.PAUSED).exists()


def test_the_file_says_what_it_is_of(evaluator: Evaluator, tmp_path: Path) -> None:
    part = replace(request(tmp_path / "part"), stop_epoch=2)
    result = evaluator(part)
    with safe_open(tmp_path / "part" / paused.PAUSED, framework="pt") as file:
        header = json.loads(file.metadata()["training"])
        names = set(file.keys())
    assert header["curve"] == list(result.curve)
    assert (header["seed"], header["recipe"]["epochs"]) == (1, 4)
    for generator in ("shuffling", "augmentation", "torch"):
        assert f"generator.{generator}" in names
    assert any(name.endswith("momentum_buffer") for name in names)
    assert not list((tmp_path / "part").glob("*.part"))


def test_a_pause_is_judged_with_norms_that_are_up_to_date(
    evaluator: Evaluator, tmp_path: Path
) -> None:
    recipe = replace(RECIPE, epochs=9, lr=0.3)
    part = replace(request(tmp_path / "part", recipe=recipe), stop_epoch=3)
    result = evaluator(part)
    tensors = load_file(tmp_path / "part" / paused.PAUSED)
    network = build(SPEC, DATA.mean, DATA.std, seed=0)
    network.load_state_dict(
        {
            name.removeprefix("network."): value
            for name, value in tensors.items()
            if name.startswith("network.")
        }
    )

    def accuracy() -> float:
        images = torch.from_numpy(DATA.validation.images) / 255
        found = network.eval()(images).argmax(1).numpy()
        return float((found == DATA.validation.labels).mean())

    assert accuracy() == pytest.approx(result.curve[-1])
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None
    images = torch.from_numpy(DATA.train.images) / 255
    with torch.no_grad():
        for batch in images.split([16, 16, 16, 17]):
            network.train()(batch)
    assert result.standing == pytest.approx(accuracy())
    assert result.standing != result.curve[-1]


def test_a_pause_that_cannot_be_written_keeps_the_one_before(
    evaluator: Evaluator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = request(tmp_path / "parts")
    evaluator(replace(parts, stop_epoch=1))
    before = (tmp_path / "parts" / paused.PAUSED).read_bytes()

    def fail(*_: object) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(paused.os, "fsync", fail)
        result = evaluator(replace(parts, start_epoch=1, stop_epoch=2))
    assert (result.status, result.error) == ("failed", "OSError: the disk is full")
    assert (tmp_path / "parts" / paused.PAUSED).read_bytes() == before


def test_a_failure_keeps_the_curve_from_before(
    evaluator: Evaluator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = request(tmp_path / "parts")
    first = evaluator(replace(parts, stop_epoch=2))

    def fail(*_: object) -> None:
        raise RuntimeError("out of luck")

    monkeypatch.setattr(Training, "training_step", fail)
    result = evaluator(replace(parts, start_epoch=2))
    assert (result.status, result.curve) == ("failed", first.curve)
    assert (result.epochs, result.accuracy) == (0, None)


def test_events_go_on_where_the_earlier_ones_end(
    evaluator: Evaluator, tmp_path: Path
) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    in_parts(evaluator, request(tmp_path / "parts"), 1, 3)
    events = EventAccumulator(str(tmp_path / "parts"))
    events.Reload()
    steps = [event.step for event in events.Scalars("validation/accuracy")]
    assert steps == [0, 1, 2, 3]
