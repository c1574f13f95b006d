import subprocess
import sys
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
from nas.train.precision import faster, has_units, resolve_precision

AMX = "processor\t: 0\nflags\t\t: fpu avx512f avx512_bf16 amx_bf16\n"
OLD = "processor\t: 0\nflags\t\t: fpu sse avx2\n"
ARM = "processor\t: 0\nFeatures\t: fp asimd bf16 i8mm\n"


@pytest.mark.parametrize(
    ("text", "expected"), [(AMX, True), (OLD, False), (ARM, True), ("", False)]
)
def test_linux_knows_the_units(text: str, expected: bool) -> None:
    assert has_units(text) is expected


@pytest.mark.parametrize(
    ("device", "has_gpu"), [("auto", True), ("cuda", True), ("cuda:1", True)]
)
def test_a_gpu_multiplies_in_bfloat16(device: str, has_gpu: bool) -> None:
    assert resolve_precision(device, 8, has_gpu=has_gpu) == "bf16"


def answer(said: str) -> object:
    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        assert command[1:] == ["-m", "nas.train.precision", "28"]
        return subprocess.CompletedProcess(command, 0, said.encode())

    return run


@pytest.mark.parametrize(
    ("said", "expected"),
    [("bf16", "bf16"), ("float32", "float32"), ("", "float32")],
)
@pytest.mark.parametrize(("device", "has_gpu"), [("auto", False), ("cpu", True)])
def test_a_processor_with_units_is_measured(
    said: str,
    expected: str,
    device: str,
    has_gpu: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text(AMX)
    monkeypatch.setattr(precision.subprocess, "run", answer(said))
    found = resolve_precision(device, 28, has_gpu=has_gpu, cpu_info=info)
    assert found == expected


def test_one_without_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text(OLD)
    monkeypatch.setattr(precision.subprocess, "run", answer("bf16"))
    assert resolve_precision("cpu", 28, has_gpu=False, cpu_info=info) == "float32"


@pytest.mark.parametrize(
    ("float32", "bf16", "expected"),
    [(0.02, 0.005, "bf16"), (0.005, 0.02, "float32"), (0.01, 0.01, "float32")],
)
def test_the_faster_one_is_taken(float32: float, bf16: float, expected: str) -> None:
    if float32 == bf16:
        # The same work twice is as fast, which is not enough.
        float32 = bf16 = 0.05
    assert faster(lambda: sleep(float32), lambda: sleep(bf16)) == expected


def test_a_measurement_comes_to_a_result_without_torch_here() -> None:
    code = (
        "import sys; from nas.train.precision import resolve_precision;"
        "from pathlib import Path;"
        "found = resolve_precision('cpu', 8, has_gpu=False, cpu_info=Path('/none'));"
        "print(found, 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, check=True
    )
    found, has_torch = done.stdout.decode().split()
    assert found in ("float32", "bf16")
    assert has_torch == "False"


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
