"""What torch is set to while a network is trained."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch


@contextmanager
def training_settings(device: torch.device, seed: int) -> Iterator[None]:
    """Have torch train fast and repeatably, and leave it as it was.

    On one thread, because small networks are slower on more and less repeatable; on a
    GPU, products that remain float32 are those of TensorFloat-32. What draws from
    torch's own generators, such as dropout, starts from the seed.
    """
    on_gpu = device.type == "cuda"
    threads = torch.get_num_threads()
    precision = torch.get_float32_matmul_precision()
    with ExitStack() as stack:
        if on_gpu:
            stack.enter_context(torch.cuda.device(device))
        stack.enter_context(torch.random.fork_rng(devices=[device] if on_gpu else []))
        torch.default_generator.manual_seed(seed)
        if on_gpu:
            torch.cuda.manual_seed(seed)
            torch.set_float32_matmul_precision("high")
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            if on_gpu:
                torch.set_float32_matmul_precision(precision)
