"""Who is how good, and who can be told apart."""

import random
from dataclasses import replace
from math import log

import pytest
from scipy.stats import kendalltau, ttest_rel

from nas.report.blocks import SeedBlocks, holm
from nas.report.intervals import kendall, spread
from nas.report.retrained import Entrant, contest
from nas.report.retrained_figure import draw_contest
from nas.retraining import Protocol

IMAGES = 1000


def logit(accuracy: float) -> float:
    right = accuracy * IMAGES
    return log((right + 0.5) / (IMAGES - right + 0.5))


def entrant(name, params, reached, searched=None, validated=(), size=None):
    number = name.removeprefix("trial-")
    return Entrant(
        name=name,
        trial=int(number) if number != name else None,
        params=params,
        size=size or params,
        macs=10 * params,
        costs=(params,),
        epochs=15,
        searched=searched,
        reached=dict(enumerate(reached, start=1)),
        validated=dict(enumerate(validated, start=1)),
        failed=0,
    )


def noisy(rng, mean, seeds, count=5):
    """Accuracies that share the luck of their seeds, in whole images."""
    return [
        round(IMAGES * (mean + seeds[i] + rng.gauss(0, 0.002))) / IMAGES
        for i in range(count)
    ]


class TestBlocks:
    def test_two_networks_are_students_paired_test(self):
        rng = random.Random(0)
        one, other = ([0.9 + rng.random() / 20 for _ in range(6)] for _ in range(2))
        blocks = SeedBlocks(
            {"a": dict(enumerate(one)), "b": dict(enumerate(other))}, IMAGES
        )
        expected = ttest_rel(list(map(logit, one)), list(map(logit, other))).pvalue
        assert blocks.p_value("a", "b") == pytest.approx(expected)
        assert blocks.p_value("b", "a") == pytest.approx(expected)

    def test_more_networks_tell_more_from_as_few_seeds(self):
        rng = random.Random(1)
        seeds = [rng.gauss(0, 0.01) for _ in range(3)]
        reached = {
            str(i): dict(enumerate(noisy(rng, 0.9 + 0.008 * i, seeds, 3)))
            for i in range(6)
        }
        alone = SeedBlocks({name: reached[name] for name in "01"}, IMAGES)
        together = SeedBlocks(reached, IMAGES)
        assert together.freedom == 10
        assert alone.freedom == 2
        assert together.p_value("0", "5") < 1e-4

    def test_false_alarms_are_as_many_as_stated(self):
        rng = random.Random(2)
        alarms = 0
        for _ in range(400):
            seeds = [rng.gauss(0, 0.01) for _ in range(3)]
            reached = {
                str(i): dict(enumerate(noisy(rng, 0.9, seeds, 3))) for i in range(4)
            }
            alarms += SeedBlocks(reached, IMAGES).p_value("0", "3") < 0.05
        assert 5 <= alarms <= 40  # 20 are expected

    def test_a_seed_that_is_missing(self):
        reached = {
            "a": {1: 0.90, 2: 0.92, 3: 0.91},
            "b": {1: 0.95, 3: 0.96},
            "c": {1: 0.90, 2: 0.91, 3: 0.915},
        }
        blocks = SeedBlocks(reached, IMAGES)
        assert blocks.freedom == 3
        assert blocks.p_value("a", "b") < 0.05 < blocks.p_value("a", "c")

    @pytest.mark.parametrize(
        "reached",
        [
            {"a": {1: 0.9}, "b": {1: 0.8}},
            {"a": {1: 0.9, 2: 0.91}, "b": {3: 0.8, 4: 0.81}},
            {"a": {1: 0.9, 2: 0.9}, "b": {1: 0.9, 2: 0.9}},
            {"a": {1: 0.9, 2: 0.95}, "b": {}},
        ],
    )
    def test_what_cannot_be_said(self, reached):
        assert SeedBlocks(reached, IMAGES).p_value("a", "b") is None


def test_holm():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx((0.03, 0.06, 0.06))
    assert holm([0.9, 0.8]) == (1.0, 1.0)
    assert holm([]) == ()


def test_kendall_is_scipys():
    rng = random.Random(0)
    for _ in range(20):
        one, other = ([rng.randrange(6) for _ in range(8)] for _ in range(2))
        assert kendall(one, other) == pytest.approx(kendalltau(one, other).statistic)
    assert kendall([1, 1, 1], [1, 2, 3]) is None


def test_an_interval_is_students():
    found = spread([0.90, 0.92, 0.94])
    assert found.mean == pytest.approx(0.92)
    assert found.half == pytest.approx(4.302653 * 0.02 / 3**0.5, rel=1e-5)
    assert spread([0.9]).half is None
    assert spread([0.9, 0.9]).low is None


class TestContest:
    def found(self):
        rng = random.Random(3)
        seeds = [rng.gauss(0, 0.01) for _ in range(5)]
        return contest(
            Protocol(),
            [
                entrant("trial-7", 9_000, noisy(rng, 0.93, seeds), 0.95, [0.94] * 5),
                entrant("trial-2", 5_000, noisy(rng, 0.90, seeds), 0.92, [0.91] * 5),
                entrant("trial-4", 7_000, noisy(rng, 0.90, seeds), 0.93, [0.91] * 5),
                entrant("resnet20@9k", 8_900, noisy(rng, 0.88, seeds), size=9_000),
                entrant("tiny", 100, noisy(rng, 0.5, seeds)),
            ],
            IMAGES,
        )

    def test_the_front_is_of_all(self):
        found = self.found()
        names = [s.entrant.name for s in found.standings]
        assert names == ["tiny", "trial-2", "trial-4", "resnet20@9k", "trial-7"]
        front = {s.entrant.name for s in found.standings if s.on_front}
        assert {"tiny", "trial-2", "trial-7"} <= front
        assert "resnet20@9k" not in front

    def test_who_cannot_be_told_apart(self):
        alike = {s.entrant.name: s.alike for s in self.found().standings}
        assert alike["trial-2"] == ("trial-4",)
        assert alike["trial-4"] == ("trial-2",)
        assert alike["trial-7"] == ()

    def test_a_known_network_stands_beside_the_best_of_its_size(self):
        lines = self.found().lines()
        (line,) = [line for line in lines if "resnet20@9k" in line]
        assert line.startswith("At 9k parameters: ours (trial 7, 9,000) 9")
        assert "resnet20@9k (8,900) 8" in line
        assert "told apart (p = " in line
        assert "not told apart" not in line
        (alone,) = [line for line in lines if "tiny" in line]
        assert "no retrained trial is as small" in alone

    def test_that_trial_is_chosen_by_the_search_and_not_by_the_test(self):
        found = contest(
            Protocol(),
            [
                entrant("trial-1", 4_000, [0.90, 0.91], 0.96),
                entrant("trial-2", 4_500, [0.97, 0.98], 0.95),
                entrant("resnet20@5k", 4_900, [0.89, 0.92], size=5_000),
            ],
            IMAGES,
        )
        (pair,) = [pair for pair in found.pairs if pair.one == "resnet20@5k"]
        assert pair.other == "trial-1"

    def test_an_interval_beyond_the_possible_is_not_a_plus_minus(self):
        several = [entrant("trial-1", 9, [0.2, 0.9], 0.96), entrant("tiny", 9, [0.5])]
        lines = " ".join(contest(Protocol(), several, IMAGES).lines())
        assert "55.00 (0.00 to 100.00) %" in lines

    def test_balanced_accuracy_is_called_so(self, tmp_path):
        several = [entrant("trial-1", 9, [0.2, 0.9], 0.96)]
        found = contest(Protocol(), several, IMAGES, kind="balanced accuracy")
        assert found.to_json()["kind"] == "balanced accuracy"
        assert not any("Other 1,000 images" in line for line in found.lines())
        draw_contest(found, tmp_path / "one.png", title="one")

    def test_the_front_is_that_of_what_was_minimised(self):
        def of(name, params, mean, costs):
            found = entrant(name, params, [mean, mean - 0.01], 0.9)
            return replace(found, costs=costs)

        several = [
            of("trial-1", 900, 0.95, (900.0, 10.0)),
            of("trial-2", 500, 0.97, (500.0, 20.0)),
            of("trial-3", 600, 0.96, (600.0, 30.0)),
            of("resnet20", 400, 0.99, None),
        ]
        found = contest(Protocol(), several, IMAGES, ("params", "macs"))
        front = {s.entrant.name for s in found.standings if s.on_front}
        assert front == {"trial-1", "trial-2"}

    def test_what_the_search_had_promised(self):
        found = self.found()
        means = {s.entrant.name: s.spread.mean for s in found.standings}
        gaps = [
            0.95 - means["trial-7"],
            0.92 - means["trial-2"],
            0.93 - means["trial-4"],
        ]
        assert found.gap == pytest.approx(sum(gaps) / 3)
        assert found.luck == pytest.approx((0.01 + 0.01 + 0.02) / 3)
        searched, own = [0.92, 0.93, 0.95], ["trial-2", "trial-4", "trial-7"]
        expected = kendalltau(searched, [means[name] for name in own]).statistic
        assert found.rank_correlation == pytest.approx(expected)

    def test_other_epochs_say_nothing_about_luck(self):
        several = [s.entrant for s in self.found().standings]
        found = contest(Protocol(epochs=50), several, IMAGES)
        assert found.luck is None
        assert found.gap is None
        assert not any("The search's accuracies" in line for line in found.lines())

    def test_plain_data(self):
        data = self.found().to_json()
        assert data["test_images"] == IMAGES
        assert data["networks"][0]["name"] == "tiny"
        assert data["networks"][1]["not_told_apart_from"] == ["trial-4"]

    @pytest.mark.parametrize("count", [1, 2])
    def test_few_of_all(self, count, tmp_path):
        found = contest(
            Protocol(), [entrant("trial-0", 500, [0.9] * count, 0.95)], IMAGES
        )
        assert found.rank_correlation is None
        assert found.standings[0].on_front
        assert found.lines()
        draw_contest(found, tmp_path / "one.png", title="one")
        assert (tmp_path / "one.png").stat().st_size > 10_000

    def test_none_that_finished(self):
        found = contest(Protocol(), [entrant("trial-0", 500, [], 0.95)], IMAGES)
        assert found.standings[0].spread is None
        assert not found.standings[0].on_front
        assert found.lines() == ()

    def test_its_picture(self, tmp_path):
        path = tmp_path / "found.png"
        draw_contest(self.found(), path, title="$x$\n")
        assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("epochs", [None, 1, 30])
@pytest.mark.parametrize("use_validation", [False, True])
def test_a_protocol_is_the_name_of_its_folder(epochs, use_validation):
    protocol = Protocol(epochs=epochs, use_validation=use_validation)
    assert Protocol.of_folder(protocol.folder) == protocol


@pytest.mark.parametrize("name", ["", "epochs", "0-epochs", "recipe-epochs-on", "3"])
def test_other_folders_are_none(name):
    assert Protocol.of_folder(name) is None
