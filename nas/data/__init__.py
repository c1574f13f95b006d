"""Labelled images: where they come from and what a search sees. Needs no torch."""

from nas.data.cache import cache_folder, sheet_folder
from nas.data.dataset import Dataset, SearchData, Split
from nas.data.loading import load
from nas.data.sources import anchored

__all__ = [
    "Dataset",
    "SearchData",
    "Split",
    "anchored",
    "cache_folder",
    "load",
    "sheet_folder",
]
