"""What a search found: the front, its tables and its picture. Needs no torch."""

from nas.report.bands import Band, size_bands
from nas.report.compare import Comparison, compare
from nas.report.costs import COSTS, SIZE, CostAxis, costs_of, titles, values
from nas.report.effects import Effects, Share, effects
from nas.report.explain import explain
from nas.report.explanation import AggregationEffect, Explanation, Importance
from nas.report.front import Front, best, has_accuracy, is_compared, pareto_front
from nas.report.hypervolume import Reference, reference_point
from nas.report.intervals import Spread, spread
from nas.report.judged import RepeatFacts, judged, repeat_facts
from nas.report.latencies import LatencyRow, latency_rows
from nas.report.retrained import Contest, Entrant, Standing, contest
from nas.report.stops import describe_stops, epochs_spent
from nas.report.summary import Certainty, Summary, summarize
from nas.report.tables import FrontRow, aggregation_names, front_rows, recipe_text
from nas.report.versus import Side, Versus, versus
from nas.report.versus_figure import MOST_RUNS, draw_versus
from nas.report.words import Source
from nas.report.write import write_report
from nas.report.write_retrained import write_retrained

__all__ = [
    "COSTS",
    "MOST_RUNS",
    "SIZE",
    "AggregationEffect",
    "Band",
    "Certainty",
    "Comparison",
    "Contest",
    "CostAxis",
    "Effects",
    "Entrant",
    "Explanation",
    "Front",
    "FrontRow",
    "Importance",
    "LatencyRow",
    "Reference",
    "RepeatFacts",
    "Share",
    "Side",
    "Source",
    "Spread",
    "Standing",
    "Summary",
    "Versus",
    "aggregation_names",
    "best",
    "compare",
    "contest",
    "costs_of",
    "describe_stops",
    "draw_versus",
    "effects",
    "epochs_spent",
    "explain",
    "front_rows",
    "has_accuracy",
    "is_compared",
    "judged",
    "latency_rows",
    "pareto_front",
    "recipe_text",
    "reference_point",
    "repeat_facts",
    "size_bands",
    "spread",
    "summarize",
    "titles",
    "values",
    "versus",
    "write_report",
    "write_retrained",
]
