"""What a model card says, and that no name in it is anything but a name."""

import os
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from made_latency import latency
from made_package import made_package, trained
from markdown_it import MarkdownIt
from PIL import Image

from nas.arch import Architecture, Basic, Block, StemConv, Sum
from nas.drawing.markdown import code, line, text
from nas.export import ImageFacts, QuantizedFacts, facts, untrained, write
from nas.export.card import card
from nas.export.markdown import command
from nas.records import Recipe

ARCHITECTURE = Architecture(
    input_shape=(3, 8, 8),
    num_classes=3,
    stem=(StemConv(width=4),),
    blocks=(Block(aggregation=Sum(), unit=Basic(), depth=1, width=4),),
)
HOSTILE = [
    "# heading",
    "- item",
    "1. item",
    "> quote",
    "    code",
    "```\ncode",
    "~~~",
    "---",
    "\n---\n",
    "===",
    "a | b",
    "`a`",
    "**bold** _it_ ~~gone~~",
    "<script>alert(1)</script>",
    "<!-- -->",
    "&lt;b&gt;",
    "[a](javascript:alert(1))",
    "![a](http://a.b/c.png)",
    "<http://a.b>",
    "http://a.b www.a.b a@b.cd",
    "[a]: http://a.b",
    "license: mit",
    "'; rm -rf / #",
    '"$(touch x)" `touch x`',
    "\\",
    "\\`",
    "'",
    "\x1b[31m\x00\x85\u2028\u202e",
    "\udce9",
    "{{ x }}",
    "!!python/object:os.system",
    "\r\n\r\n# heading",
    "",
    " ",
]
names = st.sampled_from(HOSTILE) | st.text(
    st.sampled_from("`*_#|<>[]()!&\\-+=~\n :.1\"'$") | st.characters(), max_size=40
)

MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def parts(markdown):
    """The metadata of a card and the tokens of what follows."""
    found = re.match(r"---\n(.*?)\n---\n", markdown, re.DOTALL)
    tokens = MARKDOWN.parse(markdown[found.end() :])
    inline = [child for token in tokens for child in token.children or ()]
    return yaml.safe_load(found[1]), tokens, inline


def shown(markdown):
    """What the blocks of a card look like, without what is in them."""
    _, tokens, inline = parts(markdown)
    blocks = [(t.type, t.tag, t.info, t.map) for t in tokens]
    kinds = {"text", "softbreak", "text_special"}
    links = [t.attrs for t in inline if t.type in ("link_open", "image")]
    return blocks, [t.type for t in inline if t.type not in kinds], links


def package_of(name):
    return made_package(
        ARCHITECTURE,
        classes=[name, f"{name}2", "last"],
        text=name,
        data=name or "no data is no section",
        images=ImageFacts(train=1100, validation=200, test=300),
        commands=(("nas", "search", "--data", name), ("nas", "export", name)),
        versions={"torch": name},
        latency=(latency(device=name),),
    )


PLAIN = shown(card(package_of("plain")))


@settings(max_examples=300)
@given(names)
def test_a_name_is_shown_as_it_is_and_changes_nothing(name):
    markdown = card(package_of(name))
    assert shown(markdown) == PLAIN
    metadata, _, inline = parts(markdown)
    (model,) = metadata["model-index"]
    assert model["name"] == line(name)
    data = model["results"][0]["dataset"]["name"]
    assert data == line(name or "no data is no section")
    assert "license" not in metadata
    texts = "".join(t.content for t in inline)
    assert f"{line(name)}2, last." in texts
    markdown.encode()  # is a text


@settings(max_examples=300)
@given(names)
def test_a_text_is_the_text_itself_in_one_line(name):
    (_, inline, _) = MARKDOWN.parse(f"a {text(name)} z")
    assert "".join(t.content for t in inline.children) == f"a {line(name)} z"
    assert {t.type for t in inline.children} <= {"text", "text_special"}
    assert "\n" not in text(name)


@pytest.mark.parametrize("address", ["http://a.b", "www.a.b", "a@b.cd", "FTP://x.y"])
def test_an_address_does_not_become_a_link(address):
    # Those who show Markdown look for these in its source, where there is no escape.
    assert address not in text(f"see {address}")


@settings(max_examples=200)
@given(names)
def test_nothing_gets_out_of_a_block_of_code(name):
    (token,) = MARKDOWN.parse(code(f"{name}\n", "sh"))
    assert token.type == "fence"


def _may_be_given(word: str) -> bool:
    """Tell whether a word can stand on a command line."""
    try:
        return "\0" not in os.fsdecode(os.fsencode(word))
    except UnicodeEncodeError:  # half of a pair, which no bytes stand for
        return False


@settings(max_examples=60)
@given(st.lists(names.filter(_may_be_given), min_size=1, max_size=8))
@example(HOSTILE[:20])
def test_a_command_is_one_line_with_the_same_words(words):
    words = [word.replace("\0", "") for word in words]
    shell = command(["printf", "%s\\0", *words])
    assert "\n" not in shell
    done = subprocess.run(
        ["bash", "-c", shell.encode("utf-8")],
        capture_output=True,
        env={"LC_ALL": "C.UTF-8"},
        check=True,
    )
    found = done.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]
    assert found == words


def test_a_card_without_a_training_says_so_and_has_no_accuracy(tmp_path):
    markdown = card(untrained("resnet20", folder=tmp_path))
    metadata, tokens, _ = parts(markdown)
    assert set(metadata) == {"library_name", "pipeline_tag", "tags"}
    assert "It is untrained and knows nothing" in markdown
    headings = {
        tokens[i + 1].content
        for i, token in enumerate(tokens)
        if token.type == "heading_open"
    }
    assert headings.isdisjoint({"Accuracy", "Data", "Training", "Speed"})


TESTED = facts.TestedFacts(
    accuracies=((0, 0.91), (1, 0.92), (2, 0.93)),
    seed=1,
    mean=0.92,
    std=0.01,
    low=0.8952,
    high=0.9448,
    images=300,
    with_validation=True,
)


def test_the_accuracy_on_the_test_split_goes_first():
    package = replace(package_of("photos"))
    markdown = card(package.with_facts(tested=TESTED))
    metadata, _, _ = parts(markdown)
    (result,) = metadata["model-index"][0]["results"]
    assert result["dataset"]["split"] == "test"
    assert result["metrics"] == [{"type": "accuracy", "value": 0.92}]
    line = "**Accuracy:** 92.00 % on the test split; the mean over 3 seeds is 92.00 %"
    assert line in markdown
    assert "| test, this model | 1 | 92.00 % |" in markdown
    assert "| test | 2 | 93.00 % |" in markdown
    assert "| validation, in the search |  | 97.50 % |" in markdown
    assert "95 % interval 89.52 to 94.48 %" in markdown
    assert "were then trained on, too" in markdown
    assert "has not been tried on the test split" not in markdown


def test_what_a_search_knows():
    package = package_of("photos")
    repeats = ((11, 0.9625), (12, 0.95))
    recipe = Recipe(objective="balanced-accuracy")
    markdown = card(package.with_facts(repeats=repeats, recipe=recipe))
    metadata, _, _ = parts(markdown)
    (result,) = metadata["model-index"][0]["results"]
    assert result["dataset"]["split"] == "validation"
    assert result["metrics"] == [{"type": "balanced_accuracy", "value": 0.975}]
    assert "97.50 % balanced accuracy on the validation split" in markdown
    assert "| validation, trained again | 12 | 95.00 % |" in markdown
    assert "1,100 images were trained on, 200 others told networks apart" in markdown
    assert "has not been tried on the test split" in markdown


def test_speed_and_integers_are_there_when_they_were_measured():
    plain = made_package(ARCHITECTURE)
    assert "## Speed" not in card(plain)
    small = QuantizedFacts(
        file="model_int8.onnx",
        scheme="static, per channel",
        accuracy=0.9625,
        split="validation",
        num_bytes=12_345,
    )
    found = latency(device="A | B", batch_size=64, median_ms=1.25)
    markdown = card(plain.with_facts(latency=(found,), quantized=small))
    assert "| A \\| B |" in markdown
    assert "| 64 | 1.25 ms |" in markdown
    assert "12,345 bytes and reaches 96.25 % accuracy on the validation" in markdown


@pytest.mark.parametrize("channels", [1, 3, 2])
def test_its_code_runs_where_nas_cannot_be_imported(tmp_path, channels):
    architecture = replace(ARCHITECTURE, input_shape=(channels, 8, 8))
    package = made_package(architecture, tmp_path / "w.safetensors", ["a", "b", "c"])
    trained(package)
    folder = write(tmp_path / "out", package).parent
    markdown = (folder / "model_card.md").read_text(encoding="utf-8")
    (python,) = re.findall(r"```python\n(.*?)```", markdown, re.DOTALL)
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / "picture.png")
    program = f"import sys\nsys.modules['nas'] = None\n{python}"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    name, score = done.stdout.split()
    assert name in package.classes
    assert 1 / 3 < float(score) <= 1


def test_the_hub_reads_its_metadata():
    hub = pytest.importorskip("huggingface_hub")
    markdown = card(package_of("photos").with_facts(tested=TESTED))
    data = hub.ModelCard(markdown, ignore_metadata_errors=False).data
    assert data.library_name == "pytorch"
    (result,) = data.eval_results
    assert (result.task_type, result.dataset_split) == ("image-classification", "test")
    assert (result.metric_type, result.metric_value) == ("accuracy", 0.92)
