"""Broken files, made by mutation: refused in one line, or spaces that really work."""

import random
import re
import tempfile
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st
from space_texts import HAND_MADE

from nas.errors import SpaceError
from nas.nn.cost import num_params
from nas.space import BoundSpace, read_space, shipped

TEXTS = [*HAND_MADE.values(), *(path.read_text() for path in shipped().values())]
SNIPPETS = st.sampled_from(
    [
        *("{", "}", "[", "]", ":", ",", "-", "\t", "\n", "  ", "#", "'", '"', "|", ">"),
        *(
            "&a ",
            "*a",
            "!!set ",
            "!!python/object:os.system ",
            "%",
            "@",
            "\0",
            "\ufeff",
        ),
        *("0", "1", "-1", "2", "3.5", "1e-3", "1e999", ".nan", ".inf", "1:30", "0x1f"),
        *("true", "null", "~", "''", "sum", "concat", "hierarchical", "basic", "none"),
        *("[1, 2]", "[]", "{}", "[1, 1.0]", "[[1]]", "2001-01-01", "<<: *a", "? a"),
        *("{int: [1, 4]}", "{int: [4, 1]}", "{int: [3, 7]}", "{float: [0.5, 4]}"),
        *("{float: [1, 4]}", "{int: [2, 8], log: true}", "{int: [1, 9], step: 2}"),
        *("solved", "absolute", "depth", "width: 1", "growth: 2", "kernel: 2"),
    ]
)


@st.composite
def mutated(draw) -> str:
    text = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(1, 3))):
        if draw(st.booleans()):  # a whole value or name
            words = list(re.finditer(r"[\w.]+|\[[^\]]*\]", text))
            if words:
                word = draw(st.sampled_from(words))
                text = text[: word.start()] + draw(SNIPPETS) + text[word.end() :]
        else:
            start = draw(st.integers(0, len(text)))
            end = start + draw(st.integers(0, 12))
            text = text[:start] + draw(SNIPPETS | st.text(max_size=3)) + text[end:]
    return text


@given(text=mutated(), seed=st.integers(0, 99))
@example(text=TEXTS[0].replace("{width: 1}", "{width: {float: [1, 2]}}"), seed=0)
@settings(max_examples=400)
def test_a_broken_file_is_refused_or_works(text: str, seed: int):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "space.yaml")
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            space = read_space(path)
        except SpaceError as error:
            message = str(error)
            assert message.startswith(f"{path}:")
            assert len(message.splitlines()) == 1, message
            return
    try:
        bound = BoundSpace(
            space=space, input_shape=(1, 8, 8), num_classes=10, max_params=10**7
        )
    except SpaceError:
        return  # strides for larger images, or networks for a larger budget
    rng = random.Random(seed)
    for _ in range(3):
        architecture = bound.sample(rng)
        assert num_params(architecture) <= 10**7
        assert bound.decode(architecture.genes) == architecture
    bound.distributions()
    space.log10_topologies()
