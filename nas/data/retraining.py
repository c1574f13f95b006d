"""What a last training sees of a data set: everything, the test split at its end."""

from dataclasses import dataclass, replace

from nas.data.dataset import Dataset, SearchData, Split
from nas.data.joined import joined


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RetrainingData:
    """The data of a search, and the test split.

    The training images of ``search`` may have those of the validation split among them.
    """

    search: SearchData
    test: Split


def retraining_data(dataset: Dataset, *, use_validation: bool) -> RetrainingData:
    """Return the data of a last training.

    Args:
        dataset: all of it.
        use_validation: whether validation images are trained on, too. Images are
            normalised as in the search in either case.

    Raises:
        DataError: when both splits cannot be stored together.
    """
    search = dataset.for_search()
    if use_validation:
        search = replace(search, train=joined(dataset.train, dataset.validation))
    return RetrainingData(search=search, test=dataset.test)
