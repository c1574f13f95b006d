"""What a search has shown before, and takes seconds to make again."""

from pathlib import Path

from tensorboard.backend.event_processing.event_file_loader import (
    LegacyEventFileLoader,
)

from nas.search.board.event_log import written_before
from nas.search.board.looks import Look
from nas.search.board.tags import FRONT, IMPORTANCE


def kept_looks(folder: Path) -> dict[tuple[int, float], Look]:
    """Return what the events in a folder have of looks at the search.

    Returns:
        Looks by how many trials there were, and the time of the event.
    """
    looks: dict[tuple[int, float], Look] = {}
    for path in written_before(folder):
        for event in LegacyEventFileLoader(str(path)).Load():
            for value in event.summary.value:
                if value.tag != FRONT and not value.tag.startswith(IMPORTANCE):
                    continue
                look = looks.setdefault((event.step, event.wall_time), Look())
                if value.tag == FRONT:
                    look.front = value.image.encoded_image_string
                else:
                    gene = value.tag.removeprefix(IMPORTANCE)
                    known = look.importances or {}
                    look.importances = {**known, gene: value.simple_value}
    return looks
