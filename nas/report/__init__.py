"""What a search found: the front, its tables and its picture. Needs no torch."""

from nas.report.front import Front, best, pareto_front
from nas.report.human import compact, human
from nas.report.outline import Outline, Part, outline
from nas.report.stops import describe_stops, epochs_spent
from nas.report.tables import FrontRow, aggregation_names, front_rows
from nas.report.write import write_report

__all__ = [
    "Front",
    "FrontRow",
    "Outline",
    "Part",
    "aggregation_names",
    "best",
    "compact",
    "describe_stops",
    "epochs_spent",
    "front_rows",
    "human",
    "outline",
    "pareto_front",
    "write_report",
]
