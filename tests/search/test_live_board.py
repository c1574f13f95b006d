"""A search is worth more than what TensorBoard shows of it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event as Signal

import pytest
from made_run import architectures as networks
from made_run import make_run, record
from shown_events import Shown

from nas.errors import SearchFailed
from nas.records import TrialRecord
from nas.search import Begun, Event, Finished, Notice, RunFolder, Started
from nas.search.board import looks
from nas.search.board.live import LiveBoard


def begun(run: RunFolder, finished: Sequence[TrialRecord] = ()) -> Begun:
    return Begun(
        path=run.path,
        config=run.config(),
        facts=run.facts(),
        workers=1,
        finished=tuple(finished),
    )


def trials(number: int) -> list[TrialRecord]:
    return [record(n, net, 0.5 + n / 100) for n, net in enumerate(networks(number))]


def searched(run: RunFolder, records: Sequence[TrialRecord]) -> list[Event]:
    """Return what is told of a search with some trials."""
    told: list[Event] = []
    with LiveBoard(run, told.append) as on_event:
        on_event(begun(run))
        for each in records:
            on_event(Started(trial=each.trial, params=each.params))
            on_event(Finished(record=each))
    return told


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return make_run(tmp_path / "run")


def test_events_are_passed_on_and_shown(run: RunFolder) -> None:
    records = trials(8)
    first, *rest = searched(run, records)
    assert isinstance(first, Begun)
    assert rest[1::2] == [Finished(record=each) for each in records]
    assert Shown(run.path / "search").values("trials/finished") == list(range(1, 9))


def test_what_has_come_in_is_shown_while_the_search_runs(run: RunFolder) -> None:
    told: list[Event] = []
    with LiveBoard(run, told.append) as on_event:
        on_event(begun(run, trials(2)))
        on_event(Finished(record=trials(3)[2]))
        for _ in range(500):
            files = list((run.path / "search").glob("events*"))
            if files and len(Shown(run.path / "search").values("hypervolume")) == 3:
                break
            Signal().wait(0.01)
        else:
            pytest.fail("nothing came in five seconds")


def in_the_way(run: RunFolder) -> str:
    (run.path / "search").write_text("mine")
    return "File exists"


def not_ours(run: RunFolder) -> str:
    run.space_path.write_text("blocks: [")
    return "space.yaml:"


@pytest.mark.parametrize("spoil", [in_the_way, not_ours])
def test_what_cannot_be_shown_is_told_once(
    run: RunFolder, spoil: Callable[[RunFolder], str]
) -> None:
    why = spoil(run)
    told = searched(run, trials(8))
    (notice,) = [event for event in told if isinstance(event, Notice)]
    assert notice.text.startswith("warning: TensorBoard shows nothing of the search: ")
    assert why in notice.text
    assert sum(isinstance(event, Finished) for event in told) == 8


def test_curves_go_on_without_pictures(
    run: RunFolder, with_looks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def draw(*_: object, **__: object) -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(looks, "draw_front", draw)
    told = searched(run, trials(12))
    (notice,) = [event for event in told if isinstance(event, Notice)]
    assert notice.text == (
        "warning: TensorBoard shows no picture of the front: "
        "RuntimeError: broken on purpose"
    )
    assert len(Shown(run.path / "search").values("hypervolume")) == 12


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SearchFailed("nothing works")])
def test_a_search_that_ends_early_shows_what_it_had_and_draws_nothing(
    run: RunFolder,
    with_looks: None,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
) -> None:
    drawn: list[object] = []
    monkeypatch.setattr(looks, "draw_front", lambda *_, **__: drawn.append(0))

    def stopped(on_event: Callable[[Event], None]) -> None:
        on_event(begun(run))
        for each in trials(4):
            on_event(Finished(record=each))
        raise error

    with pytest.raises(type(error)), LiveBoard(run, lambda _: None) as on_event:
        stopped(on_event)
    assert not drawn
    assert len(Shown(run.path / "search").values("hypervolume")) == 4


def test_a_search_that_never_begins_shows_nothing(run: RunFolder) -> None:
    with pytest.raises(SearchFailed), LiveBoard(run, lambda _: None):
        raise SearchFailed("no data")
    assert not (run.path / "search").exists()
