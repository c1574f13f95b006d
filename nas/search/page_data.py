"""What the page of a run tells of, gathered from its folder."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from nas.noise import Repeat
from nas.records import TrialRecord
from nas.report import Contest, Summary, repeat_facts
from nas.report.ablated import Ablation
from nas.report.explanation import Explanation
from nas.report.latencies import Latencies
from nas.report.page.data import PageData, Spent
from nas.retraining import Protocol, Retraining
from nas.search.ablation_shelves import ablated_trials, ablation_shelf
from nas.search.command import repeating
from nas.search.noise_files import read_repeats
from nas.search.retrain_files import RETRAINED, Shelf, read_retrained
from nas.search.run import RunFolder


def page_data(
    run: RunFolder,
    summary: Summary,
    *,
    latencies: Latencies,
    contests: Mapping[Protocol, Contest],
    explanation: Explanation | None = None,
    ablations: Sequence[Ablation] = (),
) -> PageData:
    """Return what the page of a run tells of.

    Args:
        run: its folder.
        summary: of its trials.
        latencies: of trials of its front.
        contests: what its retrained networks came to.
        explanation: why the winners win.
        ablations: what other aggregations in its trials came to.
    """
    file, repeats = run.file(), read_repeats(run)
    again = repeating(run)
    facts = {n: found for n, r in repeats.items() if (found := repeat_facts(r))}
    return PageData(
        name=run.path.resolve().name,
        summary=summary,
        facts=file.data,
        config=file.config.to_json(),
        environment=file.environment,
        command=again.words,
        reservations=again.reservations,
        repeats=facts,
        latencies=latencies,
        contests=contests,
        explanation=explanation,
        ablations=ablations,
        spent=tuple(
            spent
            for purpose, trainings in (
                ("search", [r for r in summary.records if r.arm == "search"]),
                ("random search", [r for r in summary.records if r.arm == "random"]),
                ("repeats", list(chain(*repeats.values()))),
                ("retraining", _retrainings(run, RETRAINED)),
                ("ablation", _ablated(run)),
            )
            for spent in _spent(purpose, trainings)
        ),
    )


def _ablated(run: RunFolder) -> list[Retraining]:
    shelves = map(ablation_shelf, ablated_trials(run))
    return list(chain.from_iterable(_retrainings(run, shelf) for shelf in shelves))


def _retrainings(run: RunFolder, shelf: Shelf) -> list[Retraining]:
    found = read_retrained(run, shelf).values()
    return [
        training for several in found for each in several for training in each.trainings
    ]


def _spent(
    purpose: str, trainings: Sequence[TrialRecord | Repeat | Retraining]
) -> Iterable[Spent]:
    for device in sorted({training.device for training in trainings}):
        seconds = [t.seconds for t in trainings if t.device == device]
        yield Spent(
            purpose=purpose,
            device=device,
            trainings=len(seconds),
            seconds=sum(seconds),
        )
