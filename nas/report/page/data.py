"""What the page of a run tells of, as values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nas.report.ablated import Ablation
from nas.report.explanation import Explanation
from nas.report.judged import RepeatFacts
from nas.report.latencies import Latencies
from nas.report.retrained import Contest
from nas.report.summary import Summary
from nas.retraining import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What some trainings took on a kind of device.

    Args:
        purpose: what they were for, such as "search".
        device: that they ran on.
        trainings: how many, failed ones among them.
        seconds: of all of them together.
    """

    purpose: str
    device: str
    trainings: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PageData:
    """A run with all that its page shows.

    Args:
        name: of the run.
        summary: of all trials.
        facts: about the data, as the run keeps them; runs of old have fewer.
        config: what the search was asked, as plain data.
        environment: versions and the state of the code, as the run keeps them.
        command: what starts the same search again.
        reservations: what that command leaves open, a sentence each.
        repeats: what repeats of trials came to, by the trials' numbers.
        latencies: of trials of the front.
        contests: what retrained networks came to, the latest protocol's last.
        ablations: what other aggregations in trials came to.
        spent: seconds of device time.
        explanation: why the winners win, where trials are enough to say.
    """

    name: str
    summary: Summary
    facts: Mapping[str, Any]
    config: Mapping[str, Any]
    environment: Mapping[str, Any] = field(default_factory=dict)
    command: Sequence[str] = ()
    reservations: Sequence[str] = ()
    repeats: Mapping[int, RepeatFacts] = field(default_factory=dict)
    latencies: Latencies = field(default_factory=dict)
    contests: Mapping[Protocol, Contest] = field(default_factory=dict)
    ablations: Sequence[Ablation] = ()
    spent: Sequence[Spent] = ()
    explanation: Explanation | None = None
