"""What takes too long to be shown after every trial of a search."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from random import Random
from typing import Final, TypeVar

from nas.errors import one_line
from nas.records import TrialRecord
from nas.report import has_accuracy
from nas.report.figure import draw_front
from nas.search.config_file import ConfigFile
from nas.search.importances import importances

_DPI: Final = 100
"""TensorBoard shows pictures in their own size, and smaller ones badly."""

_WEIGHED: Final = 1000
"""Trials that genes are weighed by; more of them take longer, and say the same."""

Made = TypeVar("Made")


@dataclass(slots=True, kw_only=True)
class Look:
    """What was made of the trials until some time; None is what was not."""

    front: bytes | None = None
    importances: Mapping[str, float] | None = None


class Looks:
    """Looks at a search, those kept from before among them.

    What cannot be made costs nothing else, and is not tried again.

    Args:
        file: of the run's configuration.
        kept: by how many trials there were, and when the last of them had ended.
        say: is told why something cannot be shown.
    """

    def __init__(
        self,
        file: ConfigFile,
        kept: Mapping[tuple[int, float], Look],
        say: Callable[[str], None],
    ) -> None:
        self._config = file.config
        kind = file.config.recipe.objective.replace("-", " ")
        self._title = f"{file.data['name']}, {kind}"
        self._say = say
        self._looks = dict(kept)
        self._missing: set[str] = set()

    def front(self, records: Sequence[TrialRecord], at: float) -> bytes | None:
        """Return a picture of the front of trials as a PNG, if it can be drawn."""
        look = self._look(records, at)
        if look.front is None:
            look.front = self.drawn(records)
        return look.front

    def importances(
        self, records: Sequence[TrialRecord], at: float, *, anew: bool
    ) -> Mapping[str, float]:
        """Return how much of accuracy given size goes by each gene.

        That takes seconds, so it is nothing where it is not known, unless asked
        ``anew``.
        """
        look = self._look(records, at)
        if look.importances is None and anew:
            complete = [record for record in records if has_accuracy(record)]
            if len(complete) > _WEIGHED:
                complete = Random(0).sample(complete, _WEIGHED)
            look.importances = self._made(
                "importances of genes",
                lambda: {one.gene: one.value for one in importances(complete)},
            )
        return look.importances or {}

    def drawn(self, records: Iterable[TrialRecord]) -> bytes | None:
        """Return a picture of the front that nobody will ask for again."""
        file = BytesIO()

        def draw() -> bytes:
            draw_front(
                list(records),
                file,
                title=self._title,
                max_params=self._config.max_params,
                costs=self._config.costs,
                cost=self._config.costs[0],
                dpi=_DPI,
            )
            return file.getvalue()

        return self._made("picture of the front", draw)

    def _look(self, records: Sequence[TrialRecord], at: float) -> Look:
        return self._looks.setdefault((len(records), at), Look())

    def _made(self, what: str, make: Callable[[], Made]) -> Made | None:
        """Return what is made, None where it cannot be."""
        if what in self._missing:
            return None
        try:
            return make()
        except Exception as error:  # a broken matplotlib fails in every way there is
            self._missing.add(what)
            self._say(f"TensorBoard shows no {what}: {one_line(error)}")
            return None
