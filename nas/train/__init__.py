"""Training: a request in, a result out. Imports torch only when started."""

from collections.abc import Callable
from typing import Final

from nas.data import SearchData, Split
from nas.records import EvalRequest, EvalResult

PRELOAD: Final = ("torch", "nas.train.importing", "nas.train.evaluate")
"""What a worker imports before its first request, the slowest imports there are."""


def count_devices() -> int:
    """Return how many GPUs PyTorch itself can use here."""
    import torch

    return torch.cuda.device_count() if torch.cuda.is_available() else 0


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
