"""Linear algebra on one thread.

A sampler's matrices have some hundred rows: more threads are hardly faster, and take
the cores from the workers that train on them, three to five times as long an ask.
"""

from contextlib import AbstractContextManager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController


def one_thread() -> AbstractContextManager[Any]:
    """Return a context in which NumPy and SciPy compute on one thread."""
    limit: AbstractContextManager[Any] = _controller().limit(limits=1, user_api="blas")
    return limit


@cache
def _controller() -> ThreadpoolController:
    # Looks through all loaded libraries, so once is enough.
    return ThreadpoolController()
