"""The table of trained networks says what its space, the code and searches say."""

import random
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from nas.arch import canonical_hash
from nas.nn.build import build
from nas.nn.cost import cost

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def digits_table(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import digits_table

    return digits_table


def test_every_network_of_the_space_has_been_trained(digits_table: ModuleType) -> None:
    first = {row.hash: row for row in digits_table.read() if row.seed == 0}
    bound = digits_table.bound_space(digits_table.thirds())
    networks = list(digits_table.networks(bound))
    assert {canonical_hash(network) for network in networks} == set(first)
    assert digits_table.num_missing() == 0
    for network in networks:
        row, total = first[canonical_hash(network)], cost(network).total
        assert (row.params, row.macs) == (total.params, total.macs)
        assert network.genes is not None
        assert row.genes == {name: str(gene) for name, gene in network.genes.items()}
        assert len(row.curve) == digits_table.RECIPE.epochs


def test_what_is_written_is_read(digits_table: ModuleType, tmp_path: Path) -> None:
    rows = random.Random(0).sample(digits_table.read(), 20)
    bound = digits_table.bound_space(digits_table.thirds())
    for name in ("a.csv.gz", "b.csv.gz"):
        digits_table.write(rows, list(bound.domains), tmp_path / name)
    found = digits_table.read(tmp_path / "a.csv.gz")
    assert {(row.hash, row.seed): row for row in found} == {
        (row.hash, row.seed): row for row in rows
    }
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()


def test_noise_is_that_between_seeds(digits_table: ModuleType) -> None:
    rng = np.random.default_rng(0)

    def row(network: int, seed: int) -> object:
        error = (0.02 + 0.0001 * network) * np.exp(rng.normal(0, 0.1))
        return digits_table.Row(
            genes={},
            hash=str(network),
            params=1,
            macs=1,
            seed=seed,
            curve=(1 - error,),
        )

    rows = [row(network, seed) for network in range(500) for seed in (0, 1)]
    assert digits_table.noise_of(rows) == pytest.approx(0.1, rel=0.1)


def test_a_search_asks_for_the_genes_in_use(digits_table: ModuleType) -> None:
    from strategies import digits

    problem = digits()
    bound = digits_table.bound_space(digits_table.thirds())
    rng = random.Random(0)
    for _ in range(100):
        params = {name: domain.sample(rng) for name, domain in bound.domains.items()}
        network = bound.decode(params)
        assert network.genes is not None
        assert set(problem.in_use(params)) == set(network.genes)
        assert problem.size_of(params) == cost(network).total.params


def test_synaptic_flow_is_the_same_through_every_bottleneck(
    digits_table: ModuleType,
) -> None:
    # Tanaka et al. 2020, theorem 2: what flows in flows out, so that the stem's and the
    # classifier's share are both all of the output, but for the classifier's bias.
    from zero_cost import multiplied, synflow

    bound = digits_table.bound_space(digits_table.thirds())
    for network in random.Random(0).sample(list(digits_table.networks(bound)), 5):
        built = build(network, seed=0).double().eval()
        with torch.no_grad():
            for weight in built.parameters():
                weight.abs_()
            built.head.fc.bias.zero_()
        output = built(torch.ones(1, 1, 8, 8).double()).sum()
        output.backward()
        flows = [float((w * w.grad).detach().sum()) for w in multiplied(built)]
        assert flows[0] == pytest.approx(flows[-1]) == pytest.approx(output.item())
        assert synflow(network) == pytest.approx(np.log(sum(flows)))


@pytest.mark.slow
def test_strategies_search_the_table(tmp_path: Path) -> None:
    argv = ("--problems", "digits", "--samplers", "random", "--noise", "measured")
    script = str(BENCHMARKS / "strategies.py")
    done = subprocess.run(
        [sys.executable, script, *argv, "--seeds", "2", "--trials", "25"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "| random |" in done.stdout


@pytest.mark.slow
def test_searches_for_other_costs_are_held_against_each_other(tmp_path: Path) -> None:
    script = str(BENCHMARKS / "objectives.py")
    done = subprocess.run(
        [sys.executable, script, "--seeds", "2", "--trials", "6", "15"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = [line.split("|")[1:-1] for line in done.stdout.splitlines()[2:]]
    assert len(rows) == 2 * 5  # a row for each search and number of trials
    for row in rows:
        shares = [float(cell.split()[0]) for cell in row[2::2]]
        assert all(0 < share <= 100 for share in shares), row
