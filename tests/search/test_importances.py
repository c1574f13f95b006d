"""Genes get the credit that is theirs: not that of size, and none by chance."""

import json

import pytest
from made_trials import made
from trial_records import failed

from nas.report import Importance
from nas.search.importances import importances


def worse_with_concat(genes):
    return 0.5 * (genes["block1.aggregation"] == "concat")


def deeper_is_better(genes):
    return -0.25 * (genes.get("block2.depth", 2.5) - 2.5)


def test_the_gene_that_matters_comes_first_and_is_established():
    found = importances(made(80, worse_with_concat))
    assert found[0].gene == "block1.aggregation"
    assert found[0].established
    assert found[0].low <= found[0].value <= found[0].high
    # Of what size leaves: 0.5 ** 2 * 2 / 9 of it, beside noise of 0.2 ** 2.
    assert 0.35 < found[0].value < 0.75
    assert not any(one.established for one in found[1:])
    assert max(one.value for one in found[1:]) < 0.1
    assert [one.value for one in found] == sorted(
        (o.value for o in found), reverse=True
    )


def test_what_goes_along_with_size_takes_no_credit_for_it():
    found = importances(made(80, worse_with_concat, slope=-1.5))
    (proxy,) = (one for one in found if one.gene == "proxy")
    assert found[0].gene == "block1.aggregation"
    assert proxy.value < 0.1
    assert not proxy.established


def test_a_gene_that_is_not_always_in_use_has_its_own_share():
    found = importances(made(120, deeper_is_better, noise=0.1))
    by_name = {one.gene: one for one in found}
    assert found[0].gene == "block2.depth"
    assert found[0].established
    assert not by_name["block2.aggregation"].established
    assert 60 < by_name["block2.depth"].trials < 100
    assert by_name["block2.aggregation"].trials == 120


def test_noise_makes_no_gene_matter():
    alarms = 0
    for seed in range(3):
        found = importances(made(30, seed=seed), seed=seed)
        alarms += any(one.established for one in found)
        assert max(one.value for one in found) < 0.3
    assert alarms <= 1  # of 21 runs one has one


@pytest.mark.parametrize(
    "records",
    [
        [],
        made(19, worse_with_concat),
        [*made(19, worse_with_concat), failed(19), failed(20)],
        made(30, slope=0, noise=0),
    ],
    ids=["none", "too few", "too few that are complete", "all equal"],
)
def test_nothing_is_said_where_nothing_can_be_known(records):
    assert importances(records) == ()


def test_the_same_trials_say_the_same():
    records = made(25, worse_with_concat)
    found = importances(records)
    assert importances(records) == found
    data = json.loads(json.dumps([one.gene for one in found]))
    assert len(set(data)) == len(found)
    assert isinstance(found[0], Importance)
