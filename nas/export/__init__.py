"""A trained network as code that its user owns: ``model.py`` and its weights.

Importing this package loads no torch; making an export does.
"""

from nas.export.facts import ModelFacts
from nas.export.folder import write
from nas.export.model_file import source

__all__ = ["ModelFacts", "source", "write"]
