"""The figures of a page have the numbers of its trials, whatever these are."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from math import nan

import pytest
from made_page import NASTY, made_explanation, made_page, made_trials
from trial_records import complete, failed

from nas.report.page.aggregation import aggregation_section
from nas.report.page.chosen import chosen_section
from nas.report.page.cost_section import cost_section
from nas.report.page.course import hypervolume_section
from nas.report.page.failures import failures_section
from nas.report.page.importance import importance_section
from nas.report.page.learning import learning_section
from nas.report.page.marks import AMBER, BLUE, GREEN, PINK, RED
from nas.report.page.parallel import genes_section
from nas.report.page.timeline import timeline_section

SECTIONS = (
    aggregation_section,
    chosen_section,
    importance_section,
    genes_section,
    hypervolume_section,
    learning_section,
    timeline_section,
    failures_section,
)


OURS = {"p", "ul", "li", "div", "button", "table", "caption", "thead", "tbody"}
OURS |= {"tr", "th", "td"}


def sections(data):
    return [found for make in SECTIONS if (found := make(data)) is not None]


def as_json(section):
    figures = [
        (f.data, f.layout, [(v.data, v.layout) for v in f.views])
        for f in section.figures
    ]
    return json.dumps(figures, allow_nan=False)


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.text = [], set(), ""
        self.feed(text)
        self.close()
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)
        self.seen.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("number", [0, 1, 2, 3, 30, 10_000])
def test_any_number_of_trials_gives_figures_that_are_light(number):
    data = made_page(made_trials(number), made_explanation() if number else None)
    found = sections(data)
    figures = [figure for section in found for figure in section.figures]
    assert len({section.anchor for section in found}) == len(found)
    assert len({figure.name for figure in figures}) == len(figures)
    assert sum(len(as_json(section)) for section in found) < 1_000_000
    for section in found:
        Tags(section.html + section.more)
        assert section.figures or section.html
    for figure in figures:
        assert re.fullmatch("[a-z-]+", figure.name)
        assert re.search(r"\d", figure.words)
        assert sum(len(trace.get("x", ())) for trace in figure.data)
    anchors = [section.anchor for section in found]
    if number == 0:
        assert anchors == []
    if number >= 30:
        assert " ".join(anchors) == (
            "aggregation chosen importance genes hypervolume learning timeline failures"
        )


def test_trials_that_all_failed_have_a_timeline_and_reasons():
    data = made_page([failed(0, reason="diverged"), failed(1, reason="out of memory")])
    assert [s.anchor for s in sections(data)] == ["hypervolume", "timeline", "failures"]
    hypervolume = hypervolume_section(data)
    assert hypervolume.figures == ()
    assert "no trial passes the reference" in hypervolume.html


def test_names_from_outside_stay_text():
    records = [
        replace(
            record,
            device=NASTY,
            error=NASTY if record.status == "failed" else None,
            architecture=replace(
                record.architecture,
                genes={
                    **record.architecture.genes,
                    f"block1.{NASTY}": NASTY,
                    "block1.aggregation": ("sum", NASTY)[record.trial % 2],
                },
            ),
        )
        for record in made_trials(40)
    ]
    names = ("sum", "concat", NASTY)
    data = made_page(records, made_explanation(names=names), name=NASTY)
    for section in sections(data):
        tags = Tags(section.html + section.more)
        assert tags.seen <= OURS
        for figure in section.figures:
            assert not re.search(r"<(?!/?(b|extra)>)", as_json(section)), figure.name
    assert (
        "<script>alert('x')</script> & \"$y$\""
        in Tags(failures_section(data).html).text
    )


def test_the_hypervolume_has_the_steps_that_raised_it_by_trials_epochs_and_time():
    data = made_page(
        [
            complete(0, 1000, 0.7, seconds=100.0, epochs_spent=2),
            failed(1, seconds=50.0),
            complete(2, 1000, 0.8, seconds=100.0, epochs_spent=3),
            complete(3, 2000, 0.6, seconds=110.0, epochs_spent=5),
        ]
    )
    section = hypervolume_section(data)
    (figure,) = section.figures
    (trace,) = figure.data
    steps = data.summary.arms["search"].steps
    assert trace["x"] == [0, 1, 3, 4]
    assert trace["y"] == pytest.approx(
        [0, steps[0].hypervolume, steps[2].hypervolume, steps[2].hypervolume], rel=1e-5
    )
    views = {view.label: view for view in figure.views}
    assert views["by trials"].data["x"] == [trace["x"]]
    assert views["by epochs"].data["x"] == [[0, 2, 5, 10]]
    assert views["by minutes of training"].data["x"] == [
        pytest.approx([0, 100 / 60, 250 / 60, 6], rel=1e-4)
    ]
    assert "for the test" in section.html
    assert Tags(section.more).text.count("search") == 3


def test_both_arms_have_a_curve_and_what_their_comparison_says():
    data = made_page(made_trials(30))
    section = hypervolume_section(data)
    (figure,) = section.figures
    assert [trace["name"] for trace in figure.data] == ["search", "random search"]
    assert len({trace["line"]["dash"] for trace in figure.data}) == 2
    assert data.summary.comparison.verdict[:30] in Tags(section.html).text


def test_learning_curves_are_those_of_the_front():
    data = made_page(
        [
            complete(4, 1000, 0.9, curve=(0.5, nan, 0.9)),
            complete(5, 2000, 1.0, curve=(0.8, 1.0)),
            complete(6, 3000, 0.7, curve=(0.1, 0.7)),
        ]
    )
    (figure,) = learning_section(data).figures
    assert [trace["name"] for trace in figure.data] == ["trial 4", "trial 5"]
    assert "in the first training of each" in figure.words
    assert [trace["y"] for trace in figure.data] == [[0.5, None, 0.9], [0.8, 1.0]]
    assert figure.data[0]["customdata"] == [None, None, 4]
    accuracy, error = figure.views
    assert accuracy.data["y"] == [[0.5, None, 0.9], [0.8, 1.0]]
    assert error.data["y"] == [[0.5, None, 0.1], [0.2, None]]
    assert error.layout["yaxis.type"] == "log"
    assert learning_section(made_page([complete(0, 10, 0.5, curve=(0.5,))])) is None


def test_a_large_front_shows_curves_from_all_along_it():
    front = [complete(i, 1000 + i, 0.5 + i / 100, curve=(0.1, 0.2)) for i in range(40)]
    (figure,) = learning_section(made_page(front)).figures
    shown = [int(trace["name"].removeprefix("trial ")) for trace in figure.data]
    assert len(shown) == 12
    assert (shown[0], shown[-1]) == (0, 39)
    assert "The front has 28 more" in figure.words
    looks = {(t["line"]["color"], t["line"]["dash"]) for t in figure.data}
    assert len(looks) == 12


def rows_of(figure):
    """Return the names of a figure's rows with the labels below each."""
    rows = {}
    for note in figure.layout["annotations"]:
        own = rows.setdefault(note["y"], [])
        own.append(note["text"])
    return {
        own[0].removeprefix("<b>").removesuffix("</b>"): own[1:]
        for own in rows.values()
    }


def test_lines_go_through_the_values_of_their_trials():
    records = made_trials(60)
    data = made_page(records, made_explanation())
    (figure,) = genes_section(data).figures
    rows = rows_of(figure)
    assert list(rows)[:4] == [
        "parameters",
        "validation accuracy, by rank",
        "block1.aggregation",
        "fusion",
    ]
    by_number = {record.trial: record for record in records}
    drawn, rooms = set(), {}
    for trace in figure.data:
        for x, y, trial in zip(
            trace["x"], trace["y"], trace["customdata"], strict=True
        ):
            if trial is None:
                assert (x, y) == (None, None)
                continue
            drawn.add(trial)
            assert 0 <= x <= 1
            name = list(rows)[y]
            if y >= 2:
                room = rows[name][int(x * len(rows[name]))]
                value = by_number[trial].genes.get(name)
                assert room == ("not in use" if value is None else str(value))
                rooms.setdefault((y, room), []).append((x, by_number[trial].accuracy))
    for members in rooms.values():
        accuracies = [accuracy for _, accuracy in sorted(members)]
        assert accuracies == sorted(accuracies)
    assert drawn == {r.trial for r in records if r.status == "complete"}
    front = {record.trial for record in data.summary.front}
    assert set(figure.data[2]["customdata"]) - {None} == front
    assert "target" not in rows


def test_of_many_trials_some_are_drawn_and_the_whole_front():
    data = made_page(made_trials(2000))
    (figure,) = genes_section(data).figures
    tiers = [set(trace["customdata"]) - {None} for trace in figure.data]
    assert sum(map(len, tiers)) == 300
    assert tiers[2] == {record.trial for record in data.summary.front}
    assert "300 of 1," in figure.words
    assert not any("gl" in trace["type"] for trace in figure.data)


def test_a_gene_of_many_numbers_is_a_range_and_of_many_words_has_others():
    records = [
        complete(
            i,
            1000 + i,
            0.5,
            architecture=replace(
                made_trials(1)[0].architecture,
                genes={"recipe.lr": 0.001 * 2**i, "block1.unit": f"plugin {i}"},
            ),
        )
        for i in range(10)
    ]
    (figure,) = genes_section(made_page(records)).figures
    rows = rows_of(figure)
    assert rows["recipe.lr"] == ["0.001", "0.0226", "0.512"]
    assert rows["block1.unit"][-1] == "others"
    row = list(rows).index("recipe.lr")
    at = [
        x
        for trace in figure.data
        for x, y in zip(trace["x"], trace["y"], strict=True)
        if y == row
    ]
    assert sorted(at) == pytest.approx([i / 9 for i in range(10)], abs=1e-4)


def test_importances_have_a_bar_their_interval_and_whether_they_are_established():
    explanation = made_explanation()
    first = replace(explanation.importances[0], established=True)
    explanation = replace(
        explanation, importances=(first, *explanation.importances[1:])
    )
    section = importance_section(made_page(made_trials(5), explanation))
    (figure,) = section.figures
    (bars,) = figure.data
    assert bars["x"] == [0.4, 0.2, 0.1, 0.05, 0.01]
    assert bars["error_x"]["array"] == pytest.approx([0.2] * 5)
    assert bars["error_x"]["arrayminus"] == pytest.approx([0.1] * 5)
    assert bars["marker"]["pattern"]["shape"] == ["", "/", "/", "/", "/"]
    assert figure.words.startswith("block1.aggregation matters most")
    assert "1 of 5 genes explains more than chance" in figure.words
    nothing = replace(explanation, importances=made_explanation().importances)
    (figure,) = importance_section(made_page(made_trials(5), nothing)).figures
    assert figure.words.startswith("None of 5 genes explains more than chance")


def test_each_difference_stands_in_its_row_with_who_is_better():
    explanation = made_explanation(blocks=4)
    section = aggregation_section(made_page(made_trials(5), explanation))
    blocks, bands = section.figures
    assert [v.label for v in blocks.views] == [
        "all sizes",
        *(b.label for b in explanation.bands),
    ]
    assert bands.views == ()
    names = [trace["name"] for trace in blocks.data]
    ticks = blocks.layout["yaxis"]
    label = dict(zip(ticks["tickvals"], ticks["ticktext"], strict=True))
    pairs = [("sum", "concat"), ("sum", "hierarchical"), ("concat", "hierarchical")]
    shown = {}
    for view, band in zip(blocks.views, (None, *explanation.bands), strict=True):
        for i, name in enumerate(names):
            rows = zip(*(view.data[key][i] for key in ("x", "y", "text")), strict=True)
            for x, y, text in rows:
                pair = pairs[y // 6]
                block = None if label[y] == "all blocks" else int(label[y].split()[1])
                shown.setdefault((band, pair, block), {})[name] = (x, text)
    for effect in explanation.effects:
        found = shown.pop((effect.band, (effect.one, effect.other), effect.block))
        behind = f"{effect.trials_one} / {effect.trials_other}"
        assert found.pop("trials")[1] == behind
        ((name, (x, _)),) = found.items()
        if effect.difference is None:
            assert name == "too few trials"
            continue
        assert x == pytest.approx(100 * effect.difference, abs=1e-4)
        if effect.established:
            better = effect.one if effect.difference > 0 else effect.other
            assert name == f"{better} is better"
        else:
            assert name == "not established"
    assert shown == {}
    assert Tags(section.more).text.count("too few trials") == sum(
        effect.difference is None for effect in explanation.effects
    )
    assert "Sum is better." in section.html
    assert "A reservation." in section.html


def test_an_explanation_that_has_too_few_trials_still_says_so():
    explanation = replace(
        made_explanation(), effects=(), importances=(), words="Too few trials."
    )
    data = made_page(made_trials(5), explanation)
    section = aggregation_section(data)
    assert section.more == ""
    assert (section.figures, "Too few trials." in section.html) == ((), True)
    assert importance_section(data) is None


def test_where_no_difference_is_known_there_is_a_table_and_no_empty_figure():
    explanation = made_explanation()
    unknown = {"difference": None, "low": None, "high": None}
    effects = tuple(replace(effect, **unknown) for effect in explanation.effects)
    explanation = replace(explanation, effects=effects)
    section = aggregation_section(made_page(made_trials(5), explanation))
    assert section.figures == ()
    assert Tags(section.more).text.count("too few trials") == len(effects)


def test_what_was_chosen_adds_up():
    records = made_trials(50)
    data = made_page(records)
    section = chosen_section(data)
    (figure,) = section.figures
    everyone = [record for record in records if record.status == "complete"]
    for trials, first in ((everyone, 0), (data.summary.front, 1)):
        for block in (1, 2, 3):
            row = 2 * (block - 1) + first
            values = [r.genes[f"block{block}.aggregation"] for r in trials]
            for trace in figure.data:
                share = values.count(trace["name"]) / len(values)
                assert trace["x"][row] == pytest.approx(share, abs=1e-5)
            assert sum(trace["x"][row] for trace in figure.data) == pytest.approx(1)
    assert figure.words.startswith(f"Of the blocks of {len(everyone)} complete trials")
    alike = [replace(r, architecture=records[0].architecture) for r in records]
    assert chosen_section(made_page(alike)) is None


def test_failures_are_listed_as_far_as_there_is_room():
    records = [
        failed(i, reason="lost", error="died\n twice", attempts=2) for i in range(250)
    ]
    section = failures_section(made_page([*records, complete(250, 10, 0.5)]))
    text = Tags(section.html).text
    assert "250 of 251 trials failed: 250 lost." in text
    assert "as many as 200" in text
    assert text.count("died twice") == 10
    assert Tags(section.more).text.count("died twice") == 190
    few = failures_section(made_page(records[:10]))
    assert Tags(few.html).text.count("died twice") == 10
    assert few.more == ""
    assert failures_section(made_page([complete(0, 10, 0.5)])) is None


def test_a_tie_has_no_aggregation_that_leads():
    architecture = made_trials(1)[0].architecture
    genes = ({"block1.aggregation": name} for name in ("sum", "concat", "sum"))
    records = [
        complete(i, 10 + i, 0.5 - i / 10, architecture=replace(architecture, genes=own))
        for i, own in enumerate(genes)
    ]
    (tied,) = chosen_section(made_page(records[:2])).figures
    assert "50 % have sum, and as many concat" in tied.words
    assert "block 1, front" in tied.layout["yaxis"]["ticktext"]
    (led,) = chosen_section(made_page(records)).figures
    assert "67 % have sum, more than any other" in led.words


def test_genes_that_are_not_drawn_come_to_nothing():
    explanation = made_explanation()
    first, *others = explanation.importances
    known = (first, *(replace(found, value=0.0) for found in others))
    data = made_page(made_trials(5), replace(explanation, importances=known))
    html = importance_section(data).html
    assert "1 of 5 genes is drawn: the others come to nothing" in html


def test_a_long_table_of_the_hypervolume_says_what_it_leaves_out():
    trials = [complete(i, 1000, 0.6 + i / 1000) for i in range(70)]
    assert "last 60 steps" in hypervolume_section(made_page(trials)).more
    assert "last 60" not in hypervolume_section(made_page(trials[:60])).more


def grounds():
    css = files("nas.report.page").joinpath("page.css").read_text(encoding="utf-8")
    found = re.findall(r"--ground: (#\w{6})", css)
    assert len(found) == 2
    return found


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    ]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("ground", grounds())
@pytest.mark.parametrize("colour", [BLUE, RED, GREEN, PINK, AMBER])
def test_colours_are_seen_on_the_page(ground, colour):
    dark, light = sorted(map(luminance, (ground, colour)))
    assert (light + 0.05) / (dark + 0.05) >= 3


def test_duplicates_that_were_skipped_are_a_cost_of_nothing():
    records = [complete(n, 1_000 + n, 0.5, skipped=n) for n in range(4)]
    assert (
        "<dt>duplicates skipped</dt><dd>6</dd>" in cost_section(made_page(records)).html
    )
    old = cost_section(made_page([complete(0, 1_000, 0.5)])).html
    assert "duplicates skipped" not in old
    assert "did not count them" in old
