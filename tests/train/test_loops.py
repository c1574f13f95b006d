"""A graph trains as Python does, here with one that records torch's operations."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from recording import RecordedGraph
from tiny import DATA, architecture
from torch import Generator, Tensor, nn

from nas.nn.build import build
from nas.records import Recipe
from nas.train.feed import Feed
from nas.train.fit import fit
from nas.train.graph import CudaGraph, Graph, Work
from nas.train.module import Metrics, Training
from nas.train.resident import ResidentFeed
from nas.train.streamed import StreamedFeed

CPU = torch.device("cpu")
# 65 images: four full batches and one of 5.
RECIPE = Recipe(epochs=3, batch_size=15, lr=0.05)

NewGraph = Callable[[Generator], Graph]


def network(dropout: float = 0.0) -> nn.Module:
    spec = architecture()
    spec = replace(spec, dropout=dropout)
    return build(spec, DATA.mean, DATA.std, seed=0)


def train(
    network: nn.Module,
    recipe: Recipe,
    new_graph: NewGraph | None,
    feed: Feed | None = None,
) -> tuple[list[Metrics], list[str]]:
    epochs: list[Metrics] = []
    notes: list[str] = []
    training = Training(
        network,
        recipe,
        train=feed or ResidentFeed(DATA.train, CPU),
        validation=ResidentFeed(DATA.validation, CPU),
        num_classes=2,
        seed=5,
        bf16=False,
        new_graph=new_graph,
        on_epoch=epochs.append,
        on_note=notes.append,
    )
    torch.manual_seed(3)
    fit(training, recipe.epochs, CPU)
    return epochs, notes


class Made(list[RecordedGraph]):
    """Makes graphs, and keeps them."""

    def __call__(self, generator: Generator) -> RecordedGraph:
        self.append(RecordedGraph(generator))
        return self[-1]


def assert_same(ours: nn.Module, expected: nn.Module) -> None:
    state: dict[str, Tensor] = expected.state_dict()
    for name, value in ours.state_dict().items():
        torch.testing.assert_close(
            value, state[name], msg=lambda m, n=name: f"{n}: {m}"
        )


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"optimizer": "adamw", "lr": 0.002},
        {"augment": "standard", "flip": True},
        {"class_weights": True, "schedule": "cosine"},
    ],
    ids=str,
)
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_a_graph_trains_as_python_does(
    changes: dict[str, object], dropout: float
) -> None:
    recipe = replace(RECIPE, **changes)
    plain, graphed = network(dropout), network(dropout)
    expected, _ = train(plain, recipe, None)
    made = Made()
    epochs, notes = train(graphed, recipe, made)
    assert notes == []
    # Of 12 full steps 3 are warm-ups; the small batches are nobody's but Python's.
    (graph,) = made
    assert (graph.warm_ups, graph.recordings, graph.replays) == (3, 1, 9)
    for ours, theirs in zip(epochs, expected, strict=True):
        assert ours.train_loss == pytest.approx(theirs.train_loss, rel=1e-4)
        assert ours.train_accuracy == theirs.train_accuracy
        assert ours.validation_loss == pytest.approx(theirs.validation_loss, rel=1e-4)
        assert ours.lr == theirs.lr
    assert_same(graphed, plain)


def test_a_graph_outlasts_epochs_that_are_shorter_than_its_warm_up() -> None:
    recipe = replace(RECIPE, batch_size=40, epochs=5)
    plain, graphed = network(), network()
    train(plain, recipe, None)
    made = Made()
    train(graphed, recipe, made)
    assert (made[0].warm_ups, made[0].replays) == (3, 2)
    assert_same(graphed, plain)


def test_without_a_full_batch_nothing_is_recorded() -> None:
    made = Made()
    recipe = replace(RECIPE, batch_size=500)
    train(network(), recipe, made)
    assert (made[0].warm_ups, made[0].recordings) == (0, 0)


class Curious(nn.Module):
    """Reads a value of each batch, which no graph can record."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        return self.network(x) * (1.0 if float(x.detach().mean()) >= 0 else 2.0)


def test_what_cannot_be_recorded_is_trained_without_and_said() -> None:
    plain, curious = Curious(network()), Curious(network())
    train(plain, RECIPE, None)
    made = Made()
    _, notes = train(curious, RECIPE, made)
    assert notes == [
        "trained without a CUDA graph: operation not permitted when stream is capturing"
    ]
    assert (made[0].recordings, made[0].replays) == (1, 0)
    assert_same(curious, plain)


def test_no_memory_for_a_graph_is_no_reason_to_go_on() -> None:
    class Greedy(Graph):
        def __init__(self, _: Generator) -> None:
            pass

        def warm_up(self, work: Work) -> None:
            work()

        def record(self, work: Work) -> None:
            raise torch.OutOfMemoryError("CUDA out of memory")

        def replay(self) -> None:
            raise AssertionError

    with pytest.raises(torch.OutOfMemoryError):
        train(network(), RECIPE, Greedy)


def test_streamed_images_are_not_recorded() -> None:
    made = Made()
    epochs, _ = train(
        network(), RECIPE, made, StreamedFeed(DATA.train, CPU, 4 * 20 * 36)
    )
    assert made == []
    assert len(epochs) == RECIPE.epochs


def test_the_graph_of_these_tests_knows_no_python() -> None:
    total, count = torch.zeros(()), 0

    def work() -> None:
        nonlocal count
        count += 1
        total.add_(count)

    graph = RecordedGraph(Generator())
    graph.record(work)
    assert total == 0
    graph.replay()
    graph.replay()
    assert (count, total) == (1, 2)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_a_cuda_graph_trains_as_python_does() -> None:
    device = torch.device("cuda", torch.cuda.current_device())
    results = []
    for new_graph in (None, CudaGraph):
        epochs: list[Metrics] = []
        notes: list[str] = []
        module = network().to(device)
        training = Training(
            module,
            replace(RECIPE, augment="standard", flip=True),
            train=ResidentFeed(DATA.train, device),
            validation=ResidentFeed(DATA.validation, device),
            num_classes=2,
            seed=5,
            bf16=False,
            new_graph=new_graph,
            on_epoch=epochs.append,
            on_note=notes.append,
        )
        fit(training, RECIPE.epochs, device)
        assert notes == []
        results.append(epochs[-1].train_loss)
    assert results[1] == pytest.approx(results[0], rel=1e-2)
