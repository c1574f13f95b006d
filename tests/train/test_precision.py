from pathlib import Path
from time import sleep

import pytest
import torch
from tiny import DATA, architecture
from torch import Tensor

from nas.nn.network import Network
from nas.records import EvalRequest, Recipe
from nas.train import precision
from nas.train.evaluate import Evaluator
from nas.train.precision import (
    PAIRS,
    Precision,
    has_units,
    resolve_precision,
    timed,
)

AMX = "processor\t: 0\nflags\t\t: fpu avx512f avx512_bf16 amx_bf16\n"
OLD = "processor\t: 0\nflags\t\t: fpu sse avx2\n"
ARM = "processor\t: 0\nFeatures\t: fp asimd bf16 i8mm\n"


@pytest.mark.parametrize(
    ("text", "expected"), [(AMX, True), (OLD, False), (ARM, True), ("", False)]
)
def test_linux_knows_the_units(text: str, expected: bool) -> None:
    assert has_units(text) is expected


def info(folder: Path, text: str) -> Path:
    path = folder / "cpuinfo"
    path.write_text(text)
    return path


def unasked() -> Precision:
    raise AssertionError


@pytest.mark.parametrize("said", ["bf16", "float32"])
def test_only_a_processor_with_units_is_measured(
    said: Precision, tmp_path: Path
) -> None:
    def measure() -> Precision:
        return said

    has, lacks = info(tmp_path, AMX), tmp_path / "none"
    assert resolve_precision(measure, on_gpu=False, side=16, cpu_info=has) == said
    assert resolve_precision(measure, on_gpu=False, side=16, cpu_info=lacks) == said
    assert resolve_precision(unasked, on_gpu=True, side=8, cpu_info=has) == "bf16"
    small = resolve_precision(unasked, on_gpu=False, side=15, cpu_info=has)
    assert small == "float32"
    old = info(tmp_path, OLD)
    assert resolve_precision(unasked, on_gpu=False, side=16, cpu_info=old) == "float32"


def test_works_are_timed_in_turns() -> None:
    called = []

    def work(name: str, seconds: float) -> None:
        called.append(name)
        sleep(seconds)

    slow, fast = timed(lambda: work("slow", 0.03), lambda: work("fast", 0.001))
    assert slow > 3 * fast
    assert called == ["slow", "fast"] * (1 + PAIRS)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [((2.0, 1.0), "bf16"), ((1.0, 1.0), "float32"), ((1.0, 5.0), "float32")],
)
def test_it_must_pay_over_all_networks(
    seconds: tuple[float, float], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = iter([(1.0, 1.0), seconds])
    monkeypatch.setattr(precision, "timed", lambda *_: next(found))
    assert precision.measured_precision([architecture()] * 2, 8) == expected


def test_a_measurement_comes_to_a_result() -> None:
    found = precision.measured_precision([architecture()], 8)
    assert found in ("float32", "bf16")


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("auto", torch.float32),
        ("float32", torch.float32),
        ("bf16", torch.bfloat16),
    ],
)
def test_a_training_multiplies_as_its_recipe_says(
    name: str, dtype: torch.dtype, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: set[torch.dtype] = set()
    forward = Network.forward

    def watched(self: Network, x: Tensor) -> Tensor:
        logits = forward(self, x)
        seen.add(logits.dtype)
        return logits

    monkeypatch.setattr(Network, "forward", watched)
    recipe = Recipe(epochs=2, batch_size=16, lr=0.05, precision=name)
    request = EvalRequest(
        trial=0,
        architecture=architecture(),
        recipe=recipe,
        seed=0,
        folder=str(tmp_path / "a"),
    )
    results = [Evaluator(DATA, "cpu")(request) for _ in range(2)]
    assert seen == {dtype}
    # Repeatable to the last digit in either.
    assert results[0].loss == results[1].loss
