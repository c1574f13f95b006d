"""What is timed, how often and in which state; a clock of its own tells the time."""

import gc
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from itertools import chain, count, cycle, groupby, repeat
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import nas.nn.latency as module
from nas.arch.reference import resnet20, resnet56
from nas.latency import Latency
from nas.nn.build import build
from nas.nn.latency import LEAST_RUNS, RUNS, WARM_UP_SECONDS, Case, device_name
from nas.nn.timed import Subject, Timed, timed

CPU = torch.device("cpu")
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
MS = 1_000_000


class Clock:
    """Stands still but while a network runs."""

    def __init__(self) -> None:
        self.now = 0
        self.interruptions = 0

    def __call__(self) -> int:
        return self.now


class Ticking(nn.Module):
    """A network of which every run takes what it is told, in milliseconds."""

    def __init__(
        self,
        clock: Clock,
        takes: Iterable[float],
        called: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__()
        self.clock, self.takes, self.called = clock, iter(takes), called
        self.seen: list[tuple[Any, ...]] = []

    def forward(self, images: Tensor) -> Tensor:
        self.clock.now += round(next(self.takes) * MS)
        self.called()
        state = (self.training, torch.is_inference_mode_enabled(), gc.isenabled())
        self.seen.append((*state, torch.get_num_threads(), tuple(images.shape)))
        return images


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(module, "perf_counter_ns", found)
    monkeypatch.setattr(module, "num_interruptions", lambda: found.interruptions)
    return found


def measured(*networks: nn.Module, seconds: float = 1.0, **options: Any):
    cases = [Case(network=n, input_shape=(1, 2, 2), batch_size=3) for n in networks]
    given = {"device": CPU, "threads": 1, "now": lambda: NOW} | options
    return module.latencies(cases, seconds=seconds, **given)


def test_median_and_percentiles_are_those_of_the_runs_after_warm_up(clock):
    # Slow at first, then 10 to 29 ms and again.
    takes = [float(10 + i % 20) for i in range(2_000)]
    first = [500.0, 400.0]
    network = Ticking(clock, chain(first, takes))
    (found,) = measured(network, seconds=20.0)
    assert found.runs + found.warmup_runs == len(network.seen)
    assert found.runs > 1_000
    assert found.high_ms < 30
    expected = np.percentile(np.arange(10, 30), [5, 50, 95])
    got = [found.low_ms, found.median_ms, found.high_ms]
    assert got == pytest.approx(expected, abs=1.0)
    assert (found.batch_size, found.threads, found.precision) == (3, 1, "float32")
    assert found.measured == "2026-01-02T03:04:05+00:00"
    assert found.torch == torch.__version__
    assert found.device == device_name(CPU)


def test_warm_up_goes_on_while_runs_get_faster(clock):
    speeding = (max(10.0, 60.0 - 5 * (i // 3)) for i in count())
    (found,) = measured(Ticking(clock, speeding))
    assert found.high_ms == 10.0


def test_warm_up_ends_where_runs_get_faster_for_ever(clock):
    speeding = (10 + 90 * 0.99**i for i in count())
    (found,) = measured(Ticking(clock, speeding), seconds=0.05)
    assert WARM_UP_SECONDS * 1e3 / 100 <= found.warmup_runs <= 100


def test_disturbed_runs_are_counted_and_left_out(clock):
    def interrupt() -> None:
        clock.interruptions += next(is_disturbed)

    is_disturbed = cycle([0, 0, 1])
    takes = (50.0 if i % 3 == 2 else 5.0 for i in count())
    (found,) = measured(Ticking(clock, takes, interrupt))
    assert found.high_ms == 5.0
    assert 0.1 < found.disturbed < 0.6


def test_where_all_runs_are_disturbed_they_count(clock):
    def interrupt() -> None:
        clock.interruptions += 1

    (found,) = measured(Ticking(clock, repeat(5.0), interrupt))
    assert (found.median_ms, found.disturbed) == (5.0, 1.0)


def test_a_fast_network_has_many_runs_and_a_slow_one_few(clock):
    fast, slow, hopeless = (
        Ticking(clock, repeat(takes)) for takes in (0.5, 90.0, 4_000.0)
    )
    found = measured(fast, slow, hopeless)
    assert found[0].runs >= 2_000
    assert found[1].runs == RUNS
    assert found[2].runs == LEAST_RUNS
    assert [one.median_ms for one in found] == [0.5, 90.0, 4_000.0]


def test_networks_take_turns(clock):
    log: list[str] = []
    measured(
        *(Ticking(clock, repeat(5.0), partial(log.append, name)) for name in "abc")
    )
    turns = [name for name, _ in groupby(log)]
    assert len(turns) > 30
    assert turns == ["a", "b", "c"] * (len(turns) // 3)


def test_it_runs_as_users_do_and_leaves_everything_as_it_was(clock):
    threads = torch.get_num_threads()
    network = Ticking(clock, repeat(20.0))
    assert network.training
    assert gc.isenabled()
    measured(network, threads=2)
    # Not training, inference mode, no garbage collected, two threads.
    assert set(network.seen) == {(False, True, False, 2, (3, 1, 2, 2))}
    assert torch.get_num_threads() == threads
    assert gc.isenabled()


def test_a_run_that_fails_leaves_everything_as_it_was(clock):
    threads = torch.get_num_threads()
    with pytest.raises(RuntimeError, match="out of order"):
        measured(Ticking(clock, _broken()), threads=2)
    assert torch.get_num_threads() == threads
    assert gc.isenabled()


def _broken():
    yield 1.0
    raise RuntimeError("generator is out of order")


def test_the_name_of_the_processor_is_what_the_system_says(tmp_path: Path):
    info = tmp_path / "cpuinfo"
    info.write_text("processor\t: 0\nmodel name\t: A CPU @ 2 GHz\nflags\t: fpu\n")
    assert device_name(CPU, info) == "A CPU @ 2 GHz"
    info.write_text("processor\t: 0\nBogoMIPS\t: 50.00\n")  # as on ARM
    assert device_name(CPU, info)
    assert device_name(CPU, tmp_path / "none")


def real(*architectures) -> tuple[Timed, ...]:
    subjects = [Subject(name="net", network=one) for one in architectures]
    found = timed(subjects, (1, 4), "cpu", 1, seconds=0.1)
    assert not isinstance(found, str), found
    return found


def test_a_real_network_has_its_cost_and_a_figure_for_each_size_of_batches():
    small, large = real(resnet20((1, 8, 8), 10), resnet56((1, 8, 8), 10))
    assert (small.params, small.macs) == (269_434, 2_516_608)
    for one in (small, large):
        assert [latency.batch_size for latency in one.latencies] == [1, 4]
        for latency in one.latencies:
            assert 0 < latency.low_ms <= latency.median_ms <= latency.high_ms
            assert Latency.from_json(latency.to_json()) == latency
    # Nearly three times as deep; the fastest runs are those that nothing disturbed.
    assert large.latencies[0].low_ms > 1.5 * small.latencies[0].low_ms


def test_what_is_timed_has_no_part_that_is_there_for_training(monkeypatch):
    kinds: set[type] = set()

    def see(cases, **options):
        kinds.update(type(part) for case in cases for part in case.network.modules())
        return []

    monkeypatch.setattr(module, "latencies", see)
    timed([Subject(name="net", network=resnet20((1, 8, 8), 10))], (1,), "cpu", 1)
    plain = {type(part) for part in build(resnet20((1, 8, 8), 10)).modules()}
    assert nn.Conv2d in kinds
    assert kinds == plain


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("raise ImportError('no module named left')", "ImportError: no module named"),
        ("", "KeyError: 'load'"),
        ("def load(:", "SyntaxError"),
        ("def load(): raise ValueError('weights gone')", "weights gone"),
    ],
)
def test_a_file_that_is_no_model_is_told_in_a_line(tmp_path: Path, text, says):
    path = tmp_path / "model.py"
    path.write_text(text)
    found = timed([Subject(name="mine", network=path)], (1,), "cpu", 1)
    assert isinstance(found, str)
    assert found.startswith("mine: cannot be loaded: ")
    assert says in found
    assert "\n" not in found


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_a_gpu_a_run_ends_when_its_result_is_there():
    network = resnet20((3, 32, 32), 10)
    subjects = [Subject(name="net", network=network)]
    found = timed(subjects, (1, 4096), "cuda:0", 1, seconds=0.2)
    assert not isinstance(found, str), found
    one, many = found[0].latencies
    assert one.device == torch.cuda.get_device_name(0)
    # Launches alone take the same for both: only who waits sees a difference.
    assert many.low_ms > 2 * one.low_ms
