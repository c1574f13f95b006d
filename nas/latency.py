"""How long a network takes for a batch, as plain data that land in the run folder."""

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any, Final, NamedTuple

from nas.errors import RunError, counted
from nas.rules import FINITE, TEXT, Rule, check, is_time, whole

_TIME: Final = Rule("more than 0", lambda v: FINITE.holds(v) and v > 0)
_LATENCY: Final = {
    **dict.fromkeys(("device", "precision", "torch"), TEXT),
    **dict.fromkeys(("batch_size", "threads", "runs"), whole(1)),
    **dict.fromkeys(("warmup_runs", "disturbed_runs"), whole()),
    **dict.fromkeys(("median_ms", "low_ms", "high_ms"), _TIME),
    "measured": Rule("a time in ISO 8601", is_time),
}


class Setting(NamedTuple):
    """On what a network was timed, and with how many images at a time."""

    device: str
    threads: int
    precision: str
    batch_size: int

    @property
    def machine(self) -> str:
        """The device in words: 'Some CPU, 1 thread, float32'."""
        return f"{self.device}, {counted(self.threads, 'thread')}, {self.precision}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """What a call of a network takes, by the clock on the wall.

    Times are in milliseconds for one batch. One run in twenty was faster than
    ``low_ms``, one in twenty slower than ``high_ms``; ``runs`` were timed, after
    ``warmup_runs`` that were not. In ``disturbed_runs`` of them the system gave the
    processor to another program: they are left out where enough others are there.
    ``device`` is the name of the processor or GPU, ``threads`` are those of the CPU,
    ``precision`` is that of the weights and products, ``torch`` the version of PyTorch,
    and ``measured`` when that was, ISO 8601 in UTC.
    """

    device: str
    threads: int
    batch_size: int
    precision: str
    median_ms: float
    low_ms: float
    high_ms: float
    runs: int
    warmup_runs: int
    torch: str
    measured: str
    disturbed_runs: int = 0

    @property
    def images_per_second(self) -> float:
        """How many images that is, one batch after another."""
        return 1000 * self.batch_size / self.median_ms

    @property
    def disturbed(self) -> float:
        """Which part of the runs was disturbed, in [0, 1]."""
        return self.disturbed_runs / self.runs

    @property
    def setting(self) -> Setting:
        """What has to be the same for two figures to be of the same thing."""
        return Setting(self.device, self.threads, self.precision, self.batch_size)

    def to_json(self) -> dict[str, Any]:
        """Return the latency as plain JSON data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Latency":
        """Return the latency that ``to_json`` wrote.

        Raises:
            RunError: naming a field that it did not write, or that is missing.
            TypeError: of a field that is unknown.
        """
        check(data, _LATENCY)
        for field in fields(cls):
            if field.default is MISSING and field.name not in data:
                raise RunError(f"there is no {field.name}")
        return cls(**data)
