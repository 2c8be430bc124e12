import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_producer_exporter.sidecar.manifests import ManifestError, parse, split, write

STREAM = "# first\na: 1\n---\n# second\nb: |\n  text\n  --- no start\n--- {c: 3}\n---\n"


def test_a_stream_is_split_at_its_markers_and_nothing_is_lost():
    documents = list(split(STREAM))

    assert [(document.number, document.line) for document in documents] == [(1, 1), (2, 3), (3, 8), (4, 9)]
    assert "".join(document.text for document in documents) == STREAM


@given(st.lists(st.sampled_from(["---\n", "--- ", "a: 1\n", "\n", "# x\n", "-----\n", "  ---\n"])))
def test_any_stream_is_the_sum_of_its_documents(pieces):
    stream = "".join(pieces)

    assert "".join(document.text for document in split(stream)) == stream


@pytest.mark.parametrize(
    "text",
    [
        "0400", "0x1F", "1_000", "12:30:45", "on", "no", "~", "null", "'~'", '"no"', "1e3", ".5", "2026-01-01",
        "'0400'", "!!binary aGk=", "=", "''", '"a\\tb"', "가나다",
    ],
)  # fmt: skip
def test_a_scalar_keeps_what_it_means(text):
    import yaml  # noqa: PLC0415 - compares what another reader makes of it

    (document,) = split(f"value: {text}\n")

    written = write(parse(document))

    before, after = (yaml.compose(each).value[0][1] for each in (document.text, written))
    assert (before.tag, before.value.replace("~", "null")) == (after.tag, after.value.replace("~", "null"))


def test_blocks_of_text_stay_blocks():
    (document,) = split("script: |\n  one\n  two\n")

    assert write(parse(document)) == "---\nscript: |\n  one\n  two\n"


def test_anchors_and_merge_keys_are_resolved():
    (document,) = split("a: &a {x: '1'}\nb: {<<: *a, y: '2'}\n")

    assert parse(document) == {"a": {"x": "1"}, "b": {"x": "1", "y": "2"}}


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("a: 1\n---\nb: [\n", "document 2, line "),
        ("a: 1\n---\nb: !!python/object:os.system x\n---\n", None),
        ("a: {{ .Values.x }}\n", "document 1, line 1"),
        ("[" * 5000, "document 1"),
        ("a: \x00", "document 1"),
    ],
)
def test_a_document_that_is_not_yaml_is_reported_with_its_number(text, where):
    def parse_all():
        return [parse(document) for document in split(text)]

    if where is None:  # an unknown tag is text, and nothing is run
        assert parse_all()[1] == {"b": "x"}
        return
    with pytest.raises(ManifestError) as caught:
        parse_all()
    assert caught.value.problem.where.startswith(where)
