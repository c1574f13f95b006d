"""Everything on the page that goes by a run's trials, beside its front."""

from nas.report.explanation import Explanation
from nas.report.page.aggregation import aggregation
from nas.report.page.chosen import chosen
from nas.report.page.course import hypervolume_course
from nas.report.page.failures import failures
from nas.report.page.importance import importance
from nas.report.page.learning import learning_curves
from nas.report.page.parallel import parallel_coordinates
from nas.report.page.section import Section
from nas.report.page.timeline import timeline
from nas.report.summary import Summary


def further_sections(
    summary: Summary, explanation: Explanation | None
) -> tuple[Section, ...]:
    """Return the sections that have something to say, in the order of the page.

    Args:
        summary: of the run.
        explanation: why the winners win, if trials are enough to say.
    """
    records, front = summary.records, summary.front
    found = (
        None if explanation is None else aggregation(explanation),
        chosen(records, front),
        None if explanation is None else importance(explanation),
        parallel_coordinates(records, front, explanation),
        hypervolume_course(summary),
        learning_curves(front),
        timeline(records),
        failures(records),
    )
    return tuple(section for section in found if section is not None)
