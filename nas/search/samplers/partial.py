"""What trainings that were stopped early tell about whole ones.

A trial told as pruned, with the user attributes ``fidelity`` (the part of its training
that it had, in (0, 1)) and ``accuracy`` (what it had reached by then), is a partial
result. Log errors of one fidelity are shifted to where those of whole trainings lie;
how far a shifted error may still be trusted is for the surrogate to find out, to which
the fidelity is one more coordinate.
"""

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial

from nas.search.samplers.log_error import log_errors

FIDELITY: Final = "fidelity"
ACCURACY: Final = "accuracy"


def tell_stopped(study: Study, trial: Trial, fidelity: float, accuracy: float) -> None:
    """Tell a study how far a trial came that was stopped early.

    How far it came later on, if it was trained on, goes to trials of their own.

    Args:
        study: that the trial is of.
        trial: asked for and not told yet.
        fidelity: the part of its training that it had, in (0, 1).
        accuracy: what it had reached by then.
    """
    for name, value in ((FIDELITY, fidelity), (ACCURACY, accuracy)):
        trial.set_user_attr(name, value)
    study.tell(trial, state=TrialState.PRUNED)


def stopped_trial(
    params: Mapping[str, Any],
    distributions: Mapping[str, BaseDistribution],
    fidelity: float,
    accuracy: float,
) -> FrozenTrial:
    """Return a trial to add to a study that tells the same of a parameter set."""
    return create_trial(
        state=TrialState.PRUNED,
        params=dict(params),
        distributions={name: distributions[name] for name in params},
        user_attrs={FIDELITY: fidelity, ACCURACY: accuracy},
    )


def partial_result(trial: FrozenTrial) -> tuple[float, float] | None:
    """Return the (fidelity, accuracy) that a trial was stopped with, if it has them."""
    attributes: Mapping[str, Any] = trial.user_attrs
    if trial.state != TrialState.PRUNED:
        return None
    values = attributes.get(FIDELITY), attributes.get(ACCURACY)
    if not all(isinstance(v, int | float) and math.isfinite(v) for v in values):
        return None
    fidelity, accuracy = float(values[0]), float(values[1])  # type: ignore[arg-type]
    return (fidelity, accuracy) if 0 < fidelity < 1 else None


def lifted(
    whole: Mapping[bytes, float], partial: Mapping[bytes, Mapping[float, float]]
) -> dict[bytes, tuple[float, float]]:
    """Return what networks that were only stopped would have come to, as far as known.

    A network counts with its longest training. Log errors of one fidelity are shifted
    by the median change that networks saw from there to the next fidelity, and so on;
    where nobody went further, the two fidelities are given the same median.

    Args:
        whole: log errors after whole trainings.
        partial: accuracies by fidelity, some of them of the same networks.

    Returns:
        The log error of each that is not among the whole ones, and the log of how many
        times longer its training would have been.
    """
    at: dict[float, dict[bytes, float]] = {}
    for key, curve in partial.items():
        for fidelity, accuracy in curve.items():
            at.setdefault(fidelity, {})[key] = accuracy
    found: dict[bytes, tuple[float, float]] = {}
    above, shift = dict(whole), 0.0
    for fidelity in sorted(at, reverse=True):
        values = log_errors(np.array(list(at[fidelity].values())))
        here = dict(zip(at[fidelity], values.tolist(), strict=True))
        both = [above[key] - here[key] for key in here.keys() & above.keys()]
        if both:
            shift += float(np.median(both))
        elif above:
            shift += _median(above) - _median(here)
        for key, error in here.items():
            if key not in whole and key not in found:
                found[key] = (error + shift, -math.log(fidelity))
        above = here
    return found


def _median(errors: Mapping[bytes, float]) -> float:
    return float(np.median(list(errors.values())))
