"""What becomes of a request when its evaluation does not return."""

from time import perf_counter

from nas.errors import one_line, traceback_of
from nas.executors.base import Evaluate, Start
from nas.records import EvalRequest, EvalResult, Reason


def failed(
    request: EvalRequest,
    error: str,
    seconds: float,
    reason: Reason = "error",
    traceback: str | None = None,
) -> EvalResult:
    """Return the result of a request that came to nothing."""
    return EvalResult(
        trial=request.trial,
        status="failed",
        seconds=seconds,
        error=error,
        reason=reason,
        traceback=traceback,
    )


def started(start: Start) -> Evaluate:
    """Call ``start``, and return an evaluation that never raises an exception.

    Should ``start`` itself raise one, every request is lost for that reason: it is no
    candidate's fault.
    """
    try:
        evaluate = start()
    except Exception as error:
        says = f"worker could not start: {one_line(error)}"
        trace = traceback_of(error)
        return lambda request: failed(request, says, 0.0, "lost", trace)

    def evaluate_or_fail(request: EvalRequest) -> EvalResult:
        began = perf_counter()
        try:
            return evaluate(request)
        except Exception as error:
            reason: Reason = (
                "out of memory" if isinstance(error, MemoryError) else "error"
            )
            seconds = perf_counter() - began
            trace = traceback_of(error)
            return failed(request, one_line(error), seconds, reason, trace)

    return evaluate_or_fail
