"""Labelled images in memory, and the named sources they come from. Needs no torch."""

from nas.data.dataset import Dataset, SearchData, Split
from nas.data.sources import SOURCES, load

__all__ = ["SOURCES", "Dataset", "SearchData", "Split", "load"]
