import json
from contextlib import suppress
from dataclasses import MISSING, fields, is_dataclass

import pytest
from architectures import architectures
from hypothesis import given
from hypothesis import strategies as st

from nas.arch import Norm, Pool, canonical_hash, from_json, read, to_json
from nas.errors import SpecError

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.integers()
    | st.floats()
    | st.text(max_size=4)
    | st.sampled_from(["sum", "concat", "basic", "kind", "width", "ratio"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["schema", "blocks", "stem", "aux", "kind", "kernel", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(architectures())
def test_json_text_gives_the_architecture_back(architecture):
    text = json.dumps(to_json(architecture), allow_nan=False)
    again = from_json(json.loads(text))
    assert again == architecture
    assert again.genes == architecture.genes
    assert hash(again) == hash(architecture)


@given(json_values)
def test_random_data_is_an_architecture_or_a_spec_error(data):
    with pytest.raises(SpecError):
        from_json(data)


def places(data, path=()):
    """Every place in JSON data, as the keys that lead there."""
    yield path
    if isinstance(data, dict | list):
        keys = data if isinstance(data, dict) else range(len(data))
        for key in keys:
            yield from places(data[key], (*path, key))


@given(architectures(max_blocks=2), json_values, st.data())
def test_one_random_value_gives_an_architecture_or_a_spec_error(
    architecture, value, data
):
    tree = json.loads(json.dumps(to_json(architecture)))
    *path, last = data.draw(st.sampled_from([p for p in places(tree) if p]))
    parent = tree
    for key in path:
        parent = parent[key]
    if data.draw(st.booleans(), label="drop instead of replace"):
        del parent[last]
    else:
        parent[last] = value
    with suppress(SpecError):
        mutated = from_json(tree)
        assert from_json(to_json(mutated)) == mutated
        assert len(canonical_hash(mutated)) == 16


@given(architectures(max_blocks=2), st.data())
def test_each_unknown_field_is_refused_by_name(architecture, data):
    tree = json.loads(json.dumps(to_json(architecture)))
    tree.pop("genes", None)
    parts = list(places(tree))
    parent = tree
    for key in data.draw(st.sampled_from(parts)):
        if not isinstance(parent[key], dict | list):
            break
        parent = parent[key]
    if isinstance(parent, list):
        parent = tree
    parent["depht"] = 3
    with pytest.raises(SpecError, match="unknown field 'depht': "):
        from_json(tree)


def test_read_gives_what_was_written(tmp_path):
    path = tmp_path / "architecture.json"
    tree = {
        "schema": 1,
        "input_shape": [1, 8, 8],
        "num_classes": 10,
        "stem": [{"kind": "conv", "width": 8}],
        "blocks": [
            {
                "aggregation": {"kind": "sum"},
                "unit": {"kind": "basic"},
                "depth": 1,
                "width": 8,
            }
        ],
    }
    path.write_text(json.dumps(tree))
    architecture = read(path)
    assert architecture.blocks[0].stride == 1
    assert architecture.stem[0].kernel == 3
    assert architecture == from_json(tree)


def without_defaults(tree, spec):
    """JSON data of a spec without the fields that stand at their default."""
    short = {}
    for name, value in tree.items():
        own = getattr(spec, name, None)
        default = next((f.default for f in fields(spec) if f.name == name), MISSING)
        if default is not MISSING and own == default and name != "genes":
            continue
        if isinstance(value, dict) and is_dataclass(own):
            value = without_defaults(value, own)
        elif isinstance(value, list) and name != "input_shape":
            pairs = zip(value, own, strict=True)
            value = [without_defaults(item, part) for item, part in pairs]
        short[name] = value
    return short


@given(architectures())
def test_fields_at_their_default_may_be_left_out(architecture):
    short = without_defaults(to_json(architecture), architecture)
    assert from_json(short) == architecture


def test_a_network_of_defaults_is_a_short_text():
    tree = {
        "schema": 1,
        "input_shape": [3, 8, 8],
        "num_classes": 2,
        "stem": [{"kind": "conv", "width": 4}],
        "blocks": [
            {
                "aggregation": {"kind": "sum"},
                "unit": {"kind": "inverted"},
                "depth": 2,
                "width": 4,
                "pool": {},
            }
        ],
        "norm": {},
    }
    architecture = from_json(tree)
    assert architecture.norm == Norm()
    assert architecture.blocks[0].pool == Pool()
    tree.pop("norm")
    assert without_defaults(to_json(architecture), architecture) == tree | {"norm": {}}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file"),
        (b"", ":1:1: not JSON"),
        (b'{"schema": 1,\n  "stem": }', ":2:11: not JSON"),
        (b"\xff\xfe\xfa", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[1, 2]", "must be an object; got list"),
        (b"{}", "schema must be 1; got None"),
        (b'{"schema": 1}', "input_shape is missing"),
        (b" " * (1 << 20) + b"{}", "at most 1048576 bytes"),
        (b'{"schema": 1' + b"0" * 5000 + b"}", "not JSON"),
    ],
    ids=[
        "missing",
        "empty",
        "syntax",
        "binary",
        "nested",
        "list",
        "object",
        "incomplete",
        "large",
        "digits",
    ],
)
def test_read_names_the_file_and_what_is_wrong(content, message, tmp_path):
    path = tmp_path / "a.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SpecError) as caught:
        read(path)
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)


def test_read_of_a_folder_is_a_spec_error(tmp_path):
    with pytest.raises(SpecError, match="cannot be read"):
        read(tmp_path)
