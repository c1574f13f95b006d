"""An architecture as people see it: its parts in words. Needs no torch."""

from nas.drawing.outline import Outline, Part, outline

__all__ = ["Outline", "Part", "outline"]
