"""What becomes of a request when its evaluation does not return."""

from time import perf_counter

from nas.executors.base import Evaluate, Start
from nas.records import EvalRequest, EvalResult, Reason


def failed(
    request: EvalRequest, error: str, seconds: float, reason: Reason = "error"
) -> EvalResult:
    """Return the result of a request that came to nothing."""
    return EvalResult(
        trial=request.trial,
        status="failed",
        seconds=seconds,
        error=error,
        reason=reason,
    )


def started(start: Start) -> Evaluate:
    """Call ``start``, and return an evaluation that never raises an exception.

    Should ``start`` itself raise one, every evaluation fails for that reason.
    """
    try:
        evaluate = start()
    except Exception as error:
        reason = f"worker could not start: {_one_line(error)}"
        return lambda request: failed(request, reason, seconds=0.0)

    def evaluate_or_fail(request: EvalRequest) -> EvalResult:
        began = perf_counter()
        try:
            return evaluate(request)
        except Exception as error:
            reason: Reason = (
                "out of memory" if isinstance(error, MemoryError) else "error"
            )
            return failed(request, _one_line(error), perf_counter() - began, reason)

    return evaluate_or_fail


def _one_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return ": ".join((type(error).__name__, *lines[:1]))
