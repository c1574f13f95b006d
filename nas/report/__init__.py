"""What a search found: the front, its tables and its picture. Needs no torch."""

from nas.report.compare import Comparison, compare
from nas.report.costs import COSTS, SIZE, CostAxis, costs_of, titles, values
from nas.report.effects import Effects, Share, effects
from nas.report.front import Front, best, has_accuracy, is_compared, pareto_front
from nas.report.human import compact, human
from nas.report.hypervolume import Reference, reference_point
from nas.report.judged import RepeatFacts, judged, repeat_facts
from nas.report.latencies import LatencyRow, latency_rows
from nas.report.outline import Outline, Part, outline
from nas.report.stops import describe_stops, epochs_spent
from nas.report.summary import Certainty, Summary, summarize
from nas.report.tables import FrontRow, aggregation_names, front_rows, recipe_text
from nas.report.write import write_report

__all__ = [
    "COSTS",
    "SIZE",
    "Certainty",
    "Comparison",
    "CostAxis",
    "Effects",
    "Front",
    "FrontRow",
    "LatencyRow",
    "Outline",
    "Part",
    "Reference",
    "RepeatFacts",
    "Share",
    "Summary",
    "aggregation_names",
    "best",
    "compact",
    "compare",
    "costs_of",
    "describe_stops",
    "effects",
    "epochs_spent",
    "front_rows",
    "has_accuracy",
    "human",
    "is_compared",
    "judged",
    "latency_rows",
    "outline",
    "pareto_front",
    "recipe_text",
    "reference_point",
    "repeat_facts",
    "summarize",
    "titles",
    "values",
    "write_report",
]
