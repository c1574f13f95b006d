"""What a search was asked to do: enough to repeat it."""

import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from nas import __version__
from nas.errors import ConfigError, RunError, unknown
from nas.records import Recipe
from nas.report import CostAxis, costs_of
from nas.search.samplers import SAMPLERS
from nas.search.samplers.limits import check_costs, check_trials
from nas.search.scheduler import rung_epochs

OBJECTIVES: Final = ("accuracy", "params")
"""What a search goes by, unless the user says otherwise."""

BASELINES: Final = ("random",)
DEVICES: Final = ("auto", "cpu", "cuda")
ETA: Final = 3
"""With halving, one in so many goes on, unless the user says otherwise."""

RETRIES: Final = 1
MAX_FAILURES: Final = 10

ADDED: Final = {
    "devices": None,
    "data_memory": None,
    "baseline": None,
    "repeats": 1,
    "halving": False,
    "eta": ETA,
    "retries": RETRIES,
    "timeout": None,
    "max_failures": MAX_FAILURES,
    "objectives": OBJECTIVES,
}
"""Fields that earlier versions did not write, with what they meant."""

ADDED_TO_RECIPE: Final = {"precision": "float32"}
"""The same for a recipe."""

_LIBRARIES: Final = ("torch", "lightning", "optuna", "numpy")


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchConfig:
    """Everything about a search but its results.

    ``space`` is the name of a search space, whose file the run keeps; ``max_params``
    the budget; ``trials`` the candidates to be trained; ``workers`` the trainings at
    once, 0 for those in the main process, None for as many as the machine takes;
    ``devices`` the numbers of the GPUs to use, None for all of them.
    With ``halving`` networks pause early and the best one in ``eta`` goes on.
    ``image_size`` is the side in pixels that images of different sizes get, None for
    one that suits them; data of more than ``data_memory`` bytes are streamed.
    ``baseline`` names what spends the same compute beside the search, None for nothing;
    ``repeats`` is how many trainings a network of the front gets, the first included.
    A training whose worker dies or hangs begins anew at most ``retries`` times; it
    hangs when it takes longer than ``timeout`` seconds, None for what earlier ones
    suggest. After ``max_failures`` failed trials in a row the search gives up.
    ``objectives`` are accuracy and what a network may cost; those in
    `nas.report.COSTS`. Which accuracy that is, the recipe says.
    """

    data: str = "digits"
    space: str = "default"
    max_params: int = 50_000
    trials: int = 24
    seed: int = 0
    sampler: str = "size-aware"
    workers: int | None = None
    device: str = "auto"
    devices: tuple[int, ...] | None = None
    image_size: int | None = None
    data_memory: int | None = None
    baseline: str | None = None
    repeats: int = 1
    recipe: Recipe = field(default_factory=Recipe)
    halving: bool = False
    eta: int = ETA
    retries: int = RETRIES
    timeout: float | None = None
    max_failures: int = MAX_FAILURES
    objectives: tuple[str, ...] = OBJECTIVES

    def __post_init__(self) -> None:
        for name, least in (
            ("max_params", 1),
            ("trials", 1),
            ("seed", 0),
            ("workers", 0),
            ("eta", 2),
            ("image_size", 4),
            ("data_memory", 2**20),
            ("repeats", 1),
            ("retries", 0),
            ("max_failures", 1),
        ):
            value = getattr(self, name)
            if name in ("workers", "image_size", "data_memory") and value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ConfigError(
                    f"{name} must be an integer of at least {least}; got {value!r}"
                )
            if value >= 1 << 63:  # config.yaml could not be read again
                raise ConfigError(f"{name} must be less than 2**63; got {value!r}")
        self._check_timeout()
        costs_of(self.objectives)
        if not isinstance(self.halving, bool):
            raise ConfigError(f"halving must be true or false; got {self.halving!r}")
        if self.halving and len(self.rungs) == 1:
            raise ConfigError(
                "halving needs a rung before the last epoch; a part of "
                f"1/{self.eta} of {self.recipe.epochs} epochs is none; "
                "give more --epochs, a smaller --eta or --no-halving"
            )
        if self.sampler not in SAMPLERS:
            raise ConfigError(unknown("sampler", self.sampler, SAMPLERS))
        if self.baseline is not None and self.baseline not in BASELINES:
            raise ConfigError(unknown("baseline", self.baseline, BASELINES))
        check_trials(self.sampler, self.trials)
        check_costs(self.sampler, len(self.costs))
        if self.device not in DEVICES:
            # Not the closest name: that of 'gpu' is 'cpu'.
            raise ConfigError(
                f"unknown device {self.device!r}: choose {' or '.join(DEVICES)}"
            )
        if self.devices is not None:
            self._check_devices(self.devices)

    def _check_timeout(self) -> None:
        if self.timeout is None:
            return
        number = isinstance(self.timeout, int | float) and self.timeout is not True
        if not number or not 0 < self.timeout < float("inf"):
            raise ConfigError(
                f"timeout must be a number of seconds; got {self.timeout!r}"
            )
        if self.workers == 0:
            raise ConfigError(
                "timeout is for trainings with a process of their own; give workers "
                "of 1 or more, or leave it out"
            )

    def _check_devices(self, devices: tuple[int, ...]) -> None:
        fine = all(isinstance(n, int) and n >= 0 for n in devices)
        if not fine or not devices or len(set(devices)) < len(devices):
            raise ConfigError(
                f"devices must be different numbers of GPUs; got {devices!r}; "
                "write for example 0,1"
            )
        if self.device == "cpu":
            raise ConfigError("devices are GPUs; leave them out with device 'cpu'")
        if self.workers == 0 and len(devices) > 1:
            raise ConfigError(
                f"workers must be 1 or more for {len(devices)} devices; got 0"
            )

    @property
    def costs(self) -> tuple[CostAxis, ...]:
        """What the search minimises while it maximises accuracy."""
        return costs_of(self.objectives)

    @property
    def rungs(self) -> tuple[int, ...]:
        """The epochs after which trainings pause, ascending, and the last one."""
        if not self.halving:
            return (self.recipe.epochs,)
        return rung_epochs(self.recipe.epochs, self.eta)

    def to_json(self) -> dict[str, Any]:
        """Return the configuration as plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "SearchConfig":
        """Return the configuration that ``to_json`` wrote.

        Raises:
            RunError: when something is missing or was not written by this version.
        """

        def check(known: type[Any], given: object) -> None:
            names = {f.name for f in fields(known)}
            if not isinstance(given, Mapping) or set(given) != names:
                raise RunError(f"config.yaml must have just the keys {sorted(names)}")

        if isinstance(data, Mapping):
            data = {**ADDED, **data}
        check(cls, data)
        recipe = data["recipe"]
        if isinstance(recipe, Mapping):
            recipe = {**ADDED_TO_RECIPE, **recipe}
        check(Recipe, recipe)
        devices, objectives = data["devices"], data["objectives"]
        if isinstance(objectives, str) or not isinstance(objectives, Sequence):
            raise ConfigError(
                f"objectives must be a list of names; got {objectives!r}; write for "
                "example [accuracy, params]"
            )
        return cls(
            **{
                **data,
                "recipe": Recipe(**recipe),
                "devices": None if devices is None else tuple(devices),
                "objectives": tuple(objectives),
            }
        )


def environment() -> dict[str, Any]:
    """Return the versions and the state of the code that a search runs with."""
    libraries = {}
    for name in _LIBRARIES:
        try:
            libraries[name] = version(name)
        except PackageNotFoundError:  # vendored or path-installed
            libraries[name] = "unknown"
    return {
        "nas": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "command": ["nas", *sys.argv[1:]] if sys.argv else [],
        "git": _git_state(),
        **libraries,
    }


def _git_state() -> str | None:
    """Return the commit of the folder the search was started in, marked when dirty."""
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40"],
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return described.stdout.strip() or None
