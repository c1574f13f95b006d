"""The handwritten digits of scikit-learn."""

from typing import Final, final

import numpy as np

from nas.data.sources.arrays import Arrays, parts_of
from nas.data.sources.base import ALL, Opened, Source
from nas.data.sources.rows import in_memory


@final
class Digits(Source):
    """1,797 handwritten digits, 8 x 8 (Alpaydin and Kaynak 1998)."""

    place: Final = "digits"

    def state(self) -> None:
        """Return None: they are made in no time."""

    def open(self) -> Opened:
        """Return all digits as one part."""
        from sklearn.datasets import load_digits

        bunch = load_digits()
        levels = bunch.images  # 0 to 16
        images = np.rint(levels * (255 / 16)).astype(np.uint8)
        arrays = Arrays("images", in_memory(images), "target", bunch.target)
        return Opened(parts=parts_of(self.place, {ALL: arrays}))
