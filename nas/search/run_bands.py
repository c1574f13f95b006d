"""The bands of size of a run."""

from nas.report.bands import Band, size_bands
from nas.search.run import RunFolder
from nas.space import BoundSpace


def run_bands(run: RunFolder) -> tuple[Band, ...]:
    """Return bands of size from the space's smallest network to the budget.

    Raises:
        NasError: when the run's configuration or space cannot be read.
    """
    file = run.file()
    space = BoundSpace(
        space=run.space(),
        input_shape=tuple(file.data["shape"]),
        num_classes=len(file.data["classes"]),
        max_params=file.config.max_params,
    )
    return size_bands(space.min_params, space.max_params)
