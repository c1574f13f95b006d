"""Architectures for people: in words and figures, and as pictures. Needs no torch."""

from nas.drawing.human import compact, human
from nas.drawing.outline import Outline, Part, outline
from nas.drawing.page import picture
from nas.drawing.png import png
from nas.drawing.shapes import Picture
from nas.drawing.svg import svg
from nas.drawing.thumbnail import thumbnail

__all__ = [
    "Outline",
    "Part",
    "Picture",
    "compact",
    "human",
    "outline",
    "picture",
    "png",
    "svg",
    "thumbnail",
]
