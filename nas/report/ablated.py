"""What an ablation says: whether other aggregations would have done as well."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Final

from nas.arch import Architecture
from nas.errors import counted, printable
from nas.nn.cost import Cost, cost
from nas.report.blocks import SeedBlocks
from nas.report.dunnett import Versus, versus
from nas.report.intervals import Spread, spread
from nas.report.tables import aggregation_names
from nas.retraining import Protocol

NEAR: Final = 0.01
"""Variants whose sizes are off by more than this part are pointed out."""

_FEW_SEEDS: Final = 5


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A network of an ablation, with the accuracies that its trainings reached.

    Args:
        name: "block-2-concat", "all-sum", or "trial-7" for what it is made from.
        architecture: with widths at which it is as large as the others.
        reached: accuracies on the test split, in [0, 1], by the numbers of the seeds.
        failed: trainings that came to nothing.
        error: of the first of those.
        seconds: that a training took, on average.
    """

    name: str
    architecture: Architecture
    reached: Mapping[int, float]
    failed: int = 0
    error: str | None = None
    seconds: float = 0.0

    @cached_property
    def total(self) -> Cost:
        """Its parameters and multiply-accumulates."""
        return cost(self.architecture).total

    @cached_property
    def aggregations(self) -> tuple[str, ...]:
        """A word for each block: sum, concat, tree, chain, or a plugin's class."""
        return aggregation_names(self.architecture)

    @cached_property
    def depths(self) -> tuple[int, ...]:
        """The units of each block."""
        return tuple(block.depth for block in self.architecture.blocks)

    @property
    def spread(self) -> Spread | None:
        """Mean, deviation and interval of its accuracies; None without any."""
        return spread(list(self.reached.values())) if self.reached else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Switched:
    """A variant beside the network that it was made from.

    ``block`` is the position from 1 of the block that has another aggregation, and None
    where several have. ``was`` and ``now`` are its words; with several blocks ``was``
    is empty.
    """

    variant: Variant
    block: int | None
    was: str
    now: str
    versus: Versus
    size_off: float
    """Its parameters less those of the base, as a part of those."""
    deeper: tuple[int, ...] = ()
    """The blocks, from 1, that have another number of units: a tree needs its own."""

    @property
    def label(self) -> str:
        """What it is in a few words: 'block 2: concat', 'all blocks: sum'."""
        where = "all blocks" if self.block is None else f"block {self.block}"
        return f"{where}: {self.now}"

    @property
    def title(self) -> str:
        """The same at the start of a sentence: 'Block 2 with concat'."""
        where = "All blocks" if self.block is None else f"Block {self.block}"
        return f"{where} with {self.now}"


@dataclass(frozen=True, kw_only=True)
class Ablation:
    """A trial of a search beside itself with other aggregations, at equal size.

    Args:
        trial: its number.
        protocol: by which all networks were trained.
        epochs: of each training.
        kind: that of all accuracies, "accuracy" or "balanced accuracy".
        images: of the test split.
        base: the trial itself, trained anew like the variants.
        switched: block by block, and those of all blocks last.
        left_out: what there is no variant of, and why.
        to_come: variants that have not been trained yet.
    """

    trial: int
    protocol: Protocol
    epochs: int
    kind: str
    images: int
    base: Variant
    switched: tuple[Switched, ...]
    left_out: tuple[str, ...] = field(default=())
    to_come: int = 0

    @property
    def seeds(self) -> int:
        """The trainings of the network that has the fewest, but some."""
        numbers = (len(v.reached) for v in (self.base, *self._variants) if v.reached)
        return min(numbers, default=0)

    @property
    def unfinished(self) -> int:
        """The variants that have fewer trainings than others, or none yet."""
        several = [len(v.reached) + v.failed for v in (self.base, *self._variants)]
        return self.to_come + sum(count < max(several) for count in several)

    @property
    def are_intervals(self) -> bool:
        """Whether any difference has an interval."""
        return any(one.versus.low is not None for one in self.switched)

    def lines(self) -> tuple[str, ...]:
        """Return in words what the numbers say, and with what reservations."""
        return (*self._verdicts(), *self._notes())

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain JSON data."""
        return {
            "trial": self.trial,
            "epochs": self.epochs,
            "kind": self.kind,
            "test_images": self.images,
            "base": _facts(self.base),
            "variants": [
                _facts(one.variant)
                | {"block": one.block, "was": one.was, "now": one.now}
                | {"size_off": one.size_off}
                | asdict(one.versus)
                | {"apart": one.versus.apart}
                for one in self.switched
            ],
            "left_out": list(self.left_out),
            "unfinished": self.unfinished,
            "lines": list(self.lines()),
        }

    @property
    def _variants(self) -> list[Variant]:
        return [one.variant for one in self.switched]

    def _verdicts(self) -> Iterable[str]:
        """Yield what is established, and what is not."""
        about = self.base.spread
        if about is None:
            yield f"Trial {self.trial} itself could not be trained: nothing to compare."
            return
        yield (
            f"Trial {self.trial} ({' '.join(self.base.aggregations)}) has "
            f"{100 * about.mean:.2f} % {self.kind} on {counted(self.images, 'image')} "
            f"of the test split, on average over {counted(about.number, 'seed')}."
        )
        compared = [s for s in self.switched if s.versus.difference is not None]
        if not compared:
            yield "No variant was trained from the same seed: nothing to compare."
            return
        if not any(one.versus.low is not None for one in compared):
            yield (
                "Nothing says how much of the differences is chance: that takes two "
                "seeds, and trainings that do not all end alike."
            )
            return
        apart = [one for one in compared if one.versus.apart]
        for one in apart:
            yield _sentence(one)
        others = len(compared) - len(apart)
        if others:
            widest = max(
                (s.versus.high - s.versus.low) / 2
                for s in compared
                if not s.versus.apart
                and s.versus.low is not None
                and s.versus.high is not None
            )
            who = (
                f"None of {counted(others, 'variant')}"
                if not apart
                else f"Of the other {counted(others, 'variant')} none"
            )
            yield (
                f"{who} can be told apart from it. That does not make them equal: "
                "differences of less than about "
                f"{_points(widest)} are not seen like this."
            )

    def _notes(self) -> Iterable[str]:
        titles = self._titles()
        for variant in (self.base, *self._variants):
            if variant.failed:
                trainings = len(variant.reached) + variant.failed
                yield (
                    f"{titles[variant.name]}: {variant.failed} of "
                    f"{counted(trainings, 'training')} failed: "
                    f"{printable(variant.error or 'why is not known')}"
                )
        if self.unfinished:
            planned = 1 + len(self.switched) + self.to_come
            yield (
                f"{self.unfinished} of {counted(planned, 'network')} "
                f"{'has' if self.unfinished == 1 else 'have'} fewer trainings than "
                f"others, or none yet: 'nas ablate --trial {self.trial}' goes on, with "
                "the same --seeds and --epochs."
            )
        if self.are_intervals:
            count = sum(one.versus.low is not None for one in self.switched)
            yield (
                f"Intervals: with 95 % confidence all {count} hold at once (Dunnett), "
                "from the same seeds for all networks, by log odds with a common "
                "spread."
            )
            yield (
                "They are about other seeds. On other images all differences may be "
                f"others: one of these images is {_points(1 / self.images)}."
            )
            if 0 < self.seeds < 2 * _FEW_SEEDS and not all(
                one.versus.apart for one in self.switched
            ):
                more = _FEW_SEEDS if self.seeds < _FEW_SEEDS else 2 * _FEW_SEEDS
                yield f"More seeds tell more apart: --seeds {more}."
            for name in self._wild():
                yield (
                    f"{name} varies far more from seed to seed than the others do. The "
                    "intervals take a spread that all have in common, so its own is "
                    "too short, and p too small."
                )
        if any(one.versus.difference is not None for one in self.switched):
            yield (
                "Depths, widths and all else that was searched were chosen together "
                "with the trial's own aggregations. Variants take them over, with "
                "options that nobody tuned: they start behind."
            )
        off = [one for one in self.switched if abs(one.size_off) > NEAR]
        if off:
            named = ", ".join(f"{o.label} {100 * o.size_off:+.1f} %" for o in off)
            yield f"Not at the same size, for no nearer one was found: {named}."
        deeper = [
            f"{one.label} ({' '.join(map(str, one.variant.depths))})"
            for one in self.switched
            if one.deeper
        ]
        if deeper:
            was = " ".join(map(str, self.base.depths))
            own = any(one.deeper and one.now != "tree" for one in self.switched)
            yield (
                "* A tree takes a power of two of units"
                f"{', a plugin what the space offers it' if own else ''}, so depths "
                f"changed, too, from {was}: {', '.join(deeper)}."
            )
        words = {word for v in (self.base, *self._variants) for word in v.aggregations}
        if "tree" in words:
            yield "A tree is what spaces and names of variants call hierarchical."
        for reason in self.left_out:
            yield f"Left out: {reason}."

    def _titles(self) -> dict[str, str]:
        """Return what networks are called at the start of a sentence."""
        titles = {one.variant.name: one.title for one in self.switched}
        return titles | {self.base.name: f"Trial {self.trial} itself"}

    def _wild(self) -> Iterable[str]:
        """Yield the networks whose accuracies vary most, by what they are called."""
        titles = self._titles()
        reached = {v.name: v.reached for v in (self.base, *self._variants)}
        for name in SeedBlocks(reached, self.images).wild():
            yield titles[name]


def ablation(
    *,
    trial: int,
    protocol: Protocol,
    epochs: int,
    kind: str,
    images: int,
    base: Variant,
    variants: Sequence[Variant],
    left_out: Sequence[str] = (),
    to_come: int = 0,
) -> Ablation:
    """Return what trainings of a trial and its variants say; see `Ablation`."""
    reached = {one.name: one.reached for one in (base, *variants)}
    found = versus(base.name, reached, images)
    switched = [_switched(base, one, found[one.name]) for one in variants]
    return Ablation(
        trial=trial,
        protocol=protocol,
        epochs=epochs,
        kind=kind,
        images=images,
        base=base,
        switched=tuple(sorted(switched, key=_order)),
        left_out=tuple(left_out),
        to_come=to_come,
    )


def _switched(base: Variant, variant: Variant, found: Versus) -> Switched:
    before, after = base.aggregations, variant.aggregations
    places = [
        i for i, names in enumerate(zip(before, after, strict=True)) if _differ(names)
    ]
    one = len(places) == 1
    pairs = enumerate(zip(base.depths, variant.depths, strict=True), start=1)
    return Switched(
        variant=variant,
        block=places[0] + 1 if one else None,
        was=before[places[0]] if one else "",
        now=after[places[0]] if places else "",
        versus=found,
        size_off=variant.total.params / base.total.params - 1,
        deeper=tuple(number for number, depths in pairs if _differ(depths)),
    )


def _differ(pair: tuple[object, object]) -> bool:
    return pair[0] != pair[1]


def _order(one: Switched) -> tuple[int, int]:
    kinds = ("sum", "concat", "tree")
    block = len(one.variant.aggregations) + 1 if one.block is None else one.block
    return block, kinds.index(one.now) if one.now in kinds else len(kinds)


def _sentence(one: Switched) -> str:
    found = one.versus
    assert found.low is not None
    assert found.high is not None
    better = found.low > 0
    near, far = sorted(map(abs, (found.low, found.high)))
    assert found.difference is not None
    instead = f" instead of {one.was}" if one.was else ""
    return (
        f"{one.title}{instead}: {_points(abs(found.difference))} "
        f"{'more' if better else 'less'} ({100 * near:.2f} to {100 * far:.2f})."
    )


def _points(difference: float) -> str:
    return f"{100 * difference:.2f} points"


def _facts(variant: Variant) -> dict[str, Any]:
    about = variant.spread
    return {
        "name": variant.name,
        "aggregations": list(variant.aggregations),
        "depths": list(variant.depths),
        "widths": list(variant.architecture.widths),
        "params": variant.total.params,
        "macs": variant.total.macs,
        "seconds": variant.seconds,
        "reached": {str(n): value for n, value in variant.reached.items()},
        "failed": variant.failed,
        "error": variant.error,
        "mean": None if about is None else about.mean,
        "std": None if about is None else about.std,
    }
