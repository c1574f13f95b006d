"""What takes too long to be shown after every trial of a search."""

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import TypeVar

from nas.errors import one_line
from nas.records import TrialRecord
from nas.report.figure import draw_front
from nas.search.config_file import ConfigFile

Shown = TypeVar("Shown")


class Looks:
    """Looks at a search, each kept in case that it is to be shown again.

    What cannot be made costs nothing else, and is not tried again.

    Args:
        file: of the run's configuration.
        say: is told why something cannot be shown.
    """

    def __init__(self, file: ConfigFile, say: Callable[[str], None]) -> None:
        self._config = file.config
        self._title = f"{file.data['name']}, {file.config.recipe.objective}".replace(
            "-", " "
        )
        self._say = say
        self._fronts: dict[int, bytes | None] = {}
        self._missing: set[str] = set()

    def front(self, step: int, records: Sequence[TrialRecord]) -> bytes | None:
        """Return a picture of the front as a PNG, None where it cannot be drawn."""
        if step not in self._fronts:
            self._fronts[step] = self._made(
                "picture of the front", lambda: self._drawn(records)
            )
        return self._fronts[step]

    def _drawn(self, records: Sequence[TrialRecord]) -> bytes:
        file = BytesIO()
        draw_front(
            records,
            file,
            title=self._title,
            max_params=self._config.max_params,
            costs=self._config.costs,
            cost=self._config.costs[0],
        )
        return file.getvalue()

    def _made(self, what: str, make: Callable[[], Shown]) -> Shown | None:
        """Return what is made, None where it cannot be."""
        if what in self._missing:
            return None
        try:
            return make()
        except Exception as error:  # a broken matplotlib fails in every way there is
            self._missing.add(what)
            self._say(f"TensorBoard shows no {what}: {one_line(error)}")
            return None
