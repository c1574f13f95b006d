"""What a search found: the front, its tables and its picture. Needs no torch."""

from nas.report.compare import Comparison, compare
from nas.report.effects import Effects, Share, effects
from nas.report.front import Front, best, has_accuracy, pareto_front
from nas.report.hypervolume import Reference, reference_point
from nas.report.judged import RepeatFacts, judged, repeat_facts
from nas.report.stops import describe_stops, epochs_spent
from nas.report.summary import Certainty, Summary, summarize
from nas.report.tables import FrontRow, aggregation_names, front_rows, recipe_text
from nas.report.write import write_report

__all__ = [
    "Certainty",
    "Comparison",
    "Effects",
    "Front",
    "FrontRow",
    "Reference",
    "RepeatFacts",
    "Share",
    "Summary",
    "aggregation_names",
    "best",
    "compare",
    "describe_stops",
    "effects",
    "epochs_spent",
    "front_rows",
    "has_accuracy",
    "judged",
    "pareto_front",
    "recipe_text",
    "reference_point",
    "repeat_facts",
    "summarize",
    "write_report",
]
