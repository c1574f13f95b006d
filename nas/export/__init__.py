"""A trained network as code that its user owns: ``model.py`` and its weights.

Importing this package loads no torch; making an export does.
"""

from nas.export.facts import ImageFacts, ModelFacts, QuantizedFacts, TestedFacts
from nas.export.folder import CARD, Step, write
from nas.export.formats import FORMATS, INT8, STEPS, AddInt8, check_formats
from nas.export.hub import CARD as HUB_CARD
from nas.export.model_file import source
from nas.export.package import Package
from nas.export.untrained import untrained

__all__ = [
    "CARD",
    "FORMATS",
    "HUB_CARD",
    "INT8",
    "STEPS",
    "AddInt8",
    "ImageFacts",
    "ModelFacts",
    "Package",
    "QuantizedFacts",
    "Step",
    "TestedFacts",
    "check_formats",
    "source",
    "untrained",
    "write",
]
