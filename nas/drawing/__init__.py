"""Architectures for people: their outline in words and figures. Needs no torch."""

from nas.drawing.human import compact, human
from nas.drawing.outline import Outline, Part, outline

__all__ = ["Outline", "Part", "compact", "human", "outline"]
