"""What a search found: the front, its tables and its picture. Needs no torch."""

from nas.report.effects import Effects, Share, effects
from nas.report.front import Front, best, pareto_front
from nas.report.human import compact, human
from nas.report.outline import Outline, Part, outline
from nas.report.tables import FrontRow, aggregation_names, front_rows, recipe_text
from nas.report.write import write_report

__all__ = [
    "Effects",
    "Front",
    "FrontRow",
    "Outline",
    "Part",
    "Share",
    "aggregation_names",
    "best",
    "compact",
    "effects",
    "front_rows",
    "human",
    "outline",
    "pareto_front",
    "recipe_text",
    "write_report",
]
