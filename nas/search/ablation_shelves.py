"""Where ablations are in the run folder: ablate/trial-N/, as retrainings are."""

import re
from typing import Final

from nas.search.retrain_files import Shelf
from nas.search.run import RunFolder

_FOLDER: Final = "ablate"
_TRIAL: Final = re.compile(r"trial-(0|[1-9]\d{0,17})")


def ablation_shelf(trial: int) -> Shelf:
    """Return where a trial and its variants are kept; their weights are not."""
    return Shelf(
        folder=f"{_FOLDER}/trial-{trial}",
        command=f"nas ablate --trial {trial}",
        keeps_weights=False,
    )


def ablated_trials(run: RunFolder) -> tuple[int, ...]:
    """Return the trials that have a folder for their ablation, in order."""
    folder = run.path / _FOLDER
    if not folder.is_dir():
        return ()
    matches = (_TRIAL.fullmatch(p.name) for p in folder.iterdir() if p.is_dir())
    return tuple(sorted(int(match[1]) for match in matches if match))
