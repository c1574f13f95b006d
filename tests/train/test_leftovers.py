"""What a training leaves behind in its process, whether it ends well or not."""

import gc
import json
import subprocess
import sys
import weakref
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny import DATA, architecture
from torch import Tensor, nn

from nas.nn.build import build
from nas.nn.network import Network
from nas.records import EvalRequest, Recipe
from nas.train import evaluate
from nas.train.evaluate import Evaluator
from nas.train.failures import reason_of
from nas.train.module import DivergenceError

RECIPE = Recipe(epochs=1, batch_size=16, lr=0.05)


def request(folder: Path) -> EvalRequest:
    return EvalRequest(
        trial=0, architecture=architecture(), recipe=RECIPE, seed=0, folder=str(folder)
    )


@pytest.mark.parametrize("diverges", [False, True])
def test_a_network_is_gone_as_soon_as_it_is_trained(
    diverges: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    networks: list[weakref.ref[nn.Module]] = []

    def watched(*args: object) -> nn.Module:
        network = build(*args)  # type: ignore[arg-type]
        networks.extend(map(weakref.ref, network.modules()))
        return network

    monkeypatch.setattr(evaluate, "build", watched)
    data = replace(DATA, mean=(float("nan"),)) if diverges else DATA
    evaluator = Evaluator(data, "cpu")
    gc.disable()  # it would only come some time later
    try:
        result = evaluator(request(tmp_path))
        assert (result.reason == "diverged") is diverges
        assert len(networks) > 1
        assert [network() for network in networks] == [None] * len(networks)
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB."),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: 12"),
        MemoryError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_no_memory_is_a_reason_of_its_own(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    freed: list[bool] = []
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: freed.append(True))

    def full(self: Network, x: Tensor) -> Tensor:
        raise error

    evaluator = Evaluator(DATA, "cpu")
    with monkeypatch.context() as patch:
        patch.setattr(Network, "forward", full)
        result = evaluator(request(tmp_path / "full"))
    assert (result.status, result.reason) == ("failed", "out of memory")
    assert result.error is not None
    assert result.error.startswith(type(error).__name__)
    assert freed
    after = evaluator(request(tmp_path / "after"))
    assert (after.status, after.reason) == ("complete", None)


def test_the_allocator_of_torch_is_recognised() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, dtype=torch.uint8)
    assert reason_of(caught.value) == "out of memory"


def test_other_errors_are_other_reasons() -> None:
    assert reason_of(DivergenceError("diverged: ...")) == "diverged"
    assert reason_of(RuntimeError("mat1 and mat2 shapes cannot be multiplied")) == (
        "error"
    )


@pytest.mark.slow
@pytest.mark.skipif(
    not Path("/proc/self/statm").is_file(), reason="reads /proc, which Linux has"
)
def test_trainings_leave_memory_as_it_was(tmp_path: Path) -> None:
    here = str(Path(__file__).parent)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, here, str(tmp_path)],
        stdout=subprocess.PIPE,
        check=True,
    )
    sizes = json.loads(done.stdout)
    # After the first 50 the allocator has seen every size there is.
    assert max(sizes[50:]) - sizes[50] < 12 * 2**20


PROGRAM = """
import json, resource, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from tiny import DATA, architecture
from nas.records import EvalRequest, Recipe
from nas.train.evaluate import Evaluator

def resident():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()

evaluator = Evaluator(DATA, "cpu")
sizes = []
for number in range(200):
    result = evaluator(EvalRequest(
        trial=number,
        architecture=architecture(width=4 + 4 * (number % 5)),
        recipe=Recipe(epochs=1, batch_size=32, lr=0.05),
        seed=number,
        folder=f"{sys.argv[2]}/{number}",
    ))
    assert result.status == "complete", result.error
    sizes.append(resident())
print(json.dumps(sizes))
"""
