"""Training: a request in, a result out. Imports torch only when started."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from nas.arch import Architecture
from nas.data import RetrainingData, SearchData, Split
from nas.records import EvalRequest, EvalResult
from nas.retraining import Quantization

PRELOAD: Final = ("torch", "nas.train.importing", "nas.train.evaluate")
"""What a worker imports before its first request, the slowest imports there are."""


def count_devices() -> int:
    """Return how many GPUs PyTorch itself can use here."""
    import torch

    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def quantize(
    architecture: Architecture, weights: Path, data: RetrainingData, objective: str
) -> Quantization:
    """Do what `nas.train.quantized.quantize_and_test` does, which imports torch."""
    from nas.train.quantized import quantize_and_test

    return quantize_and_test(architecture, weights, data, objective)


def start_evaluator(
    data: SearchData,
    device: str,
    data_memory: int | None = None,
    *,
    test: Split | None = None,
    validates: bool = True,
) -> Callable[[EvalRequest], EvalResult]:
    """Return an `Evaluator`; the function itself can be pickled without torch."""
    import nas.train.importing  # noqa: F401 - before whatever imports Lightning
    from nas.train.evaluate import Evaluator

    return Evaluator(data, device, data_memory, test=test, validates=validates)
