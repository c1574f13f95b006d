"""Why a training failed, in a word and in a line."""

import errno
import gc
from typing import Final

import torch

from nas.errors import one_line
from nas.records import Reason
from nas.train.module import DivergenceError

ALLOCATOR: Final = "DefaultCPUAllocator"
"""How torch begins to say that the machine's memory is full, in a plain error."""


DISK: Final = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""No space left, over the quota, read-only."""


def reason_of(error: Exception) -> Reason:
    """Return the kind of a failure."""
    if isinstance(error, DivergenceError):
        return "diverged"
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return "out of memory"
    if isinstance(error, OSError) and error.errno in DISK:
        return "disk full"
    if isinstance(error, RuntimeError) and ALLOCATOR in str(error):
        return "out of memory"
    return "error"


def explained(error: Exception) -> str:
    """Return why a training failed, in a line."""
    return str(error) if isinstance(error, DivergenceError) else one_line(error)


def free_memory() -> None:
    """Give back what nothing refers to any more, on a GPU to the other processes."""
    gc.collect()
    torch.cuda.empty_cache()  # does nothing in a process without CUDA
