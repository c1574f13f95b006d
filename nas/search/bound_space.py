"""The search space of a run, for its data and budget."""

from nas.search.run import RunFolder
from nas.space import BoundSpace


def bound_space(run: RunFolder) -> BoundSpace:
    """Return where a run searches.

    Raises:
        NasError: when the run's configuration or space cannot be read.
    """
    file = run.file()
    return BoundSpace(
        space=run.space(),
        input_shape=tuple(file.data["shape"]),
        num_classes=len(file.data["classes"]),
        max_params=file.config.max_params,
        recipe=file.config.recipe,
    )
