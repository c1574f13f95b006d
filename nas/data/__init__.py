"""Labelled images: where they come from and what a search sees. Needs no torch."""

from nas.data.cache import cache_folder, sheet_folder
from nas.data.dataset import Dataset, SearchData, Split
from nas.data.loading import load
from nas.data.retraining import RetrainingData, retraining_data
from nas.data.sources import anchored

__all__ = [
    "Dataset",
    "RetrainingData",
    "SearchData",
    "Split",
    "anchored",
    "cache_folder",
    "load",
    "retraining_data",
    "sheet_folder",
]
