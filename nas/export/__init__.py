"""A trained network as code that its user owns: ``model.py`` and its weights.

Importing this package loads no torch; making an export does.
"""

from nas.export.facts import ImageFacts, ModelFacts, QuantizedFacts, TestedFacts
from nas.export.folder import Step, write
from nas.export.model_file import source
from nas.export.package import Package
from nas.export.untrained import untrained

__all__ = [
    "ImageFacts",
    "ModelFacts",
    "Package",
    "QuantizedFacts",
    "Step",
    "TestedFacts",
    "source",
    "untrained",
    "write",
]
