"""Differences between aggregations are those that there are, with honest intervals."""

import json
import math
from dataclasses import replace

import pytest
from made_trials import KINDS, made
from trial_records import SMALL, complete, failed

from nas.report import AggregationEffect, Explanation, Source, explain, size_bands
from nas.report.bands import Band
from nas.report.gene_columns import columns
from nas.report.given_size import given_size
from nas.report.words import Told, words

BANDS = size_bands(1000, 50_000, 2)


def worse_in_block_2(genes):
    return 0.5 * (genes["block2.aggregation"] == "hierarchical")


def at(found: Explanation, block, one, other, band=None):
    (effect,) = (
        effect
        for effect in found.effects
        if (effect.block, effect.band) == (block, band)
        and (effect.one, effect.other) == (one, other)
    )
    return effect


def test_a_difference_is_found_where_it_is_and_nowhere_else():
    records = made(150, worse_in_block_2)
    found = explain(records, BANDS)
    one = at(found, 2, "hierarchical", "sum")
    # Errors grow from e**y to e**(y + 0.5); y is about -2.5 - 0.5 (log size - 9).
    logs = [math.log(record.params) - 9 for record in records]
    mean = sum(math.exp(-2.5 - 0.5 * log + 0.02) for log in logs) / len(logs)
    assert one.established
    assert one.low < -mean * (math.exp(0.5) - 1) < one.high
    assert one.trials_one + one.trials_other < 150
    assert at(found, 2, "hierarchical", "concat").established
    for effect in found.effects:
        if effect.block in (1, 3) or {effect.one, effect.other} == {"sum", "concat"}:
            assert not effect.established, effect
    assert {e.one for e in found.effects} | {e.other for e in found.effects} == {*KINDS}
    # Of all positions, all sizes and bands, each pair once.
    assert len(found.effects) == (1 + 3) * (1 + len(BANDS)) * 3


def test_what_blocks_do_is_added_up_whichever_were_tried_more():
    """Concat costs in block 1 what it gains in block 2, where it was tried less."""

    def cancels(genes):
        blocks = (1, 2)
        first, second = (genes[f"block{b}.aggregation"] == "concat" for b in blocks)
        return 0.5 * (first - second)

    records = [
        record
        for record in made(700, cancels, blocks=2)
        if record.genes["block2.aggregation"] == "sum" or record.trial % 7 == 0
    ]
    found = explain(records, BANDS)
    assert at(found, 1, "concat", "sum").established
    assert at(found, 2, "concat", "sum").established
    everywhere = at(found, None, "concat", "sum")
    assert abs(everywhere.difference) < 0.01
    assert not everywhere.established
    tried = [r for r in records if r.genes["block2.aggregation"] == "concat"]
    assert everywhere.trials_one == len(tried)


def test_all_blocks_need_trials_of_both_in_every_block():
    def rare(record):
        return record.genes["block2.aggregation"] == "concat" and record.trial > 9

    found = explain([r for r in made(200) if not rare(r)], BANDS)
    assert at(found, 1, "concat", "sum").difference is not None
    everywhere = at(found, None, "concat", "sum")
    assert everywhere.trials_one < 5
    assert everywhere.difference is None
    assert at(found, None, "hierarchical", "sum").difference is not None


def test_what_trials_cannot_tell_apart_is_not_told_apart():
    """One block always has what the other has not."""
    records = []
    for record in made(120, blocks=2):
        genes = dict(record.genes)
        first = record.trial % 3 == 0
        genes["block1.aggregation"] = "concat" if first else "sum"
        genes["block2.aggregation"] = "sum" if first else "concat"
        records.append(replace(record, architecture=replace(SMALL, genes=genes)))
    one = at(explain(records, BANDS), None, "concat", "sum")
    assert min(one.trials_one, one.trials_other) == 40
    assert one.difference is None


def test_an_aggregation_of_large_networks_is_not_better_for_that():
    """Concat goes to large networks here, and size is all that matters."""
    records = []
    for record in made(120, slope=-1.0):
        genes = dict(record.genes)
        genes["block1.aggregation"] = "concat" if genes["proxy"] > 36 else "sum"
        if record.trial % 4 == 0:
            genes["block1.aggregation"] = "concat" if genes["proxy"] <= 36 else "sum"
        records.append(replace(record, architecture=replace(SMALL, genes=genes)))
    mean = {
        kind: [r.accuracy for r in records if r.genes["block1.aggregation"] == kind]
        for kind in ("sum", "concat")
    }
    apart = sum(mean["concat"]) / len(mean["concat"])
    apart -= sum(mean["sum"]) / len(mean["sum"])
    one = at(explain(records, BANDS), 1, "concat", "sum")
    assert apart > 0.04
    assert abs(one.difference) < 0.02
    assert not one.established


def test_intervals_hold_together():
    """Of the tables of noise, few may have a difference that is established."""
    alarms = 0
    for seed in range(30):
        found = explain(made(40, seed=seed, noise=0.4), BANDS, seed=seed)
        alarms += any(effect.established for effect in found.effects)
    assert alarms <= 6  # 1.5 are expected


def test_differences_that_turn_around_with_size():
    small, large = Band(low=0, high=7000), Band(low=7000, high=50_000)

    def turned():
        for record in made(200):
            error = 1 - record.accuracy
            if record.genes["block1.aggregation"] == "concat":
                error *= 1.6 if record.params <= small.high else 1 / 1.6
            yield record.with_accuracy(1 - error)

    found = explain(turned(), (small, large))
    assert at(found, 1, "concat", "sum", small).low < 0
    assert at(found, 1, "concat", "sum", small).high < 0
    assert at(found, 1, "concat", "sum", large).low > 0
    told, _, _ = found.words.partition("Not established")
    assert f"block 1 at {small.label} parameters" in told
    assert f"block 1 at {large.label} parameters" in told


def test_a_single_block_is_told_once():
    def concat_is_worse(genes):
        return 0.5 * (genes["block1.aggregation"] == "concat")

    found = explain(made(60, concat_is_worse, blocks=1), BANDS)
    assert at(found, 1, "concat", "sum").established
    assert found.words.count("concat loses") == 1
    assert "all blocks" not in found.words
    assert {effect.block for effect in found.effects} == {1}


def test_aggregations_of_plugins_are_compared():
    records = []
    for record in made(60):
        genes = dict(record.genes)
        genes["block1.aggregation"] = ("sum", "Mean<script>")[record.trial % 2]
        records.append(replace(record, architecture=replace(SMALL, genes=genes)))
    one = at(explain(records, BANDS), 1, "Mean<script>", "sum")
    assert (one.trials_one, one.trials_other) == (30, 30)
    assert one.difference is not None


def test_too_few_on_one_side_is_no_difference():
    records = []
    for record in made(40):
        genes = dict(record.genes)
        genes["block1.aggregation"] = "concat" if record.trial < 4 else "sum"
        records.append(replace(record, architecture=replace(SMALL, genes=genes)))
    one = at(explain(records, BANDS), 1, "concat", "sum")
    assert (one.difference, one.low, one.high) == (None, None, None)
    assert (one.trials_one, one.trials_other) == (4, 36)
    assert not one.established


def with_genes(records, names):
    for record in records:
        genes = {name: record.genes[name] for name in names if name in record.genes}
        yield replace(record, architecture=replace(SMALL, genes=genes))


FEW = {
    "no trial": [],
    "one trial": made(1),
    "all failed": [failed(trial) for trial in range(30)],
    "too few": made(19),
    "without genes": [complete(trial, 1000 + trial, 0.9) for trial in range(30)],
}


@pytest.mark.parametrize("records", FEW.values(), ids=FEW)
def test_words_where_nothing_can_be_said(records):
    found = explain(records, BANDS, source=Source(run="runs/my run", trials=10))
    assert (found.effects, found.importances) == ((), ())
    assert "takes at least 20" in found.words
    assert "'nas resume 'runs/my run' --trials" in found.words.replace('"', "'")


def test_words_where_all_is_equal_or_fixed():
    equal = explain(made(30, slope=0, noise=0), BANDS)
    assert "same accuracy" in equal.words
    assert (equal.effects, equal.notes) == ((), ())
    fixed = explain(with_genes(made(30), ["block1.unit", "proxy"]), BANDS)
    assert fixed.effects == ()
    assert "No block has a choice of aggregations" in fixed.words
    one_size = [replace(record, params=5000) for record in made(40)]
    assert explain(one_size, BANDS).effects


def test_words_tell_what_is_established_and_what_to_run():
    found = explain(made(100, worse_in_block_2), BANDS, source=Source(run="runs/x"))
    established, _, further = found.words.partition("Not established")
    assert "in block 2" in established
    assert "in block 1" not in established
    assert "concat against sum in all blocks" in further
    best = max(made(100, worse_in_block_2), key=lambda record: record.accuracy)
    assert f"'nas ablate runs/x --trial {best.trial}'" in further
    nothing = explain(made(40, seed=1), BANDS, source=Source(run="runs/x", trials=20))
    assert "Nothing is established" in nothing.words
    assert any("Rough" in note for note in nothing.notes)


def test_words_promise_no_trials_where_an_interval_is_wide():
    def told(width):
        effect = AggregationEffect(
            block=1,
            band=None,
            one="concat",
            other="sum",
            difference=0.0005,
            low=0.0005 - width,
            high=0.0005 + width,
            trials_one=20,
            trials_other=20,
        )
        records = made(40)
        return words(
            Told(
                records=records,
                complete=records,
                effects=[effect],
                longer={effect: 1000.0},
                importances=(),
                source=Source(),
            )
        )

    assert "too small for a longer search to tell" in told(0.005)
    assert "too small" not in told(0.1005)
    assert "(-10.0 to +10.1)" in told(0.1005)


def test_words_tell_that_all_blocks_have_at_least_so_many_trials():
    def concat_is_worse(genes):
        return sum(0.5 * (genes[f"block{b}.aggregation"] == "concat") for b in (1, 2))

    found = explain(made(150, concat_is_worse, blocks=2), BANDS)
    one = at(found, None, "concat", "sum")
    assert one.established
    behind = f"at least {one.trials_one} and {one.trials_other} trials a block)"
    assert behind in found.words
    assert found.words.isascii()


def test_unfinished_searches_are_to_finish():
    source = Source(run="r", trials=40)
    assert "let the 40 trials finish" in explain(made(12), BANDS, source=source).words
    # Half of what was begun is complete, so it takes twice as many.
    records = [*made(10), *(failed(10 + i) for i in range(10))]
    few = explain(records, BANDS, source=Source(run="r", trials=20)).words
    assert "'nas resume r --trials 40'" in few
    all_failed = explain([failed(0), failed(1)], BANDS, source=source).words
    assert "All 2 trials failed, the first with: out of memory" in all_failed


def test_plain_data_tell_what_is_established_and_how_many_trials_it_takes():
    found = explain(made(60, worse_in_block_2), BANDS)
    written = found.to_json()["effects"]
    assert [e["established"] for e in written] == [e.established for e in found.effects]
    for effect in found.effects:
        is_open = effect.difference is not None and not effect.established
        assert (effect.trials_needed is not None) == is_open
        assert not is_open or effect.trials_needed > 60


def test_notes_name_what_was_left_out_and_the_unbiased_arm():
    records = [*made(30), failed(30), failed(31)]
    records += [
        replace(record, trial=40 + record.trial, arm="random") for record in made(20)
    ]
    notes = " ".join(explain(records, BANDS, source=Source(run="r")).notes)
    assert "Left out: 2 failed." in notes
    assert "'nas explain r --arm random'" in notes
    assert "--baseline random" in " ".join(explain(made(30), BANDS).notes)


def test_an_explanation_is_plain_data():
    found = explain(made(40), BANDS)
    assert Explanation.from_json(json.loads(json.dumps(found.to_json()))) == found
    assert explain(made(40), BANDS) == found


def test_what_size_explains_is_gone_and_what_a_gene_explains_stays():
    records = made(200, worse_in_block_2, slope=-1.0, noise=0.1)
    left = given_size(records)
    hier = [r.genes["block2.aggregation"] == "hierarchical" for r in records]
    with_it = [x for x, h in zip(left, hier, strict=True) if h]
    without = [x for x, h in zip(left, hier, strict=True) if not h]
    assert sum(with_it) / len(with_it) - sum(without) / len(without) == pytest.approx(
        0.5, abs=0.06
    )
    sizes = [math.log(record.params) for record in records]
    mean = sum(sizes) / len(sizes)
    slope = sum((s - mean) * x for s, x in zip(sizes, left, strict=True))
    assert abs(slope / sum((s - mean) ** 2 for s in sizes)) < 0.05


def test_columns_say_nothing_where_a_gene_is_not_in_use():
    numbers = columns([1, None, 3, None, 3])
    assert numbers[:, 0].tolist() == pytest.approx([-2 / 3, 0, 1 / 3, 0, 1 / 3])
    words = columns(["a", "b", None, "a"])
    assert words.shape == (4, 2)
    assert words[2].tolist() == [0, 0]
    assert abs(words.sum(axis=0)).max() < 1e-12
    assert columns([True, False]).shape == (2, 2)
