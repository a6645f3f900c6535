"""The Prometheus text format, as llama.cpp and vLLM write it and as nobody should."""

from __future__ import annotations

import pytest

from pointsman.adapters.metrics_text import parse_metrics


@pytest.mark.parametrize(
    ("line", "name", "labels", "value"),
    [
        ("llamacpp:requests_processing 2", "llamacpp:requests_processing", {}, 2.0),
        ("a\t1.5e3", "a", {}, 1500.0),
        ("a 1 1795000000000", "a", {}, 1.0),
        ("a{} 1", "a", {}, 1.0),
        ('a{x="1",y="two words"} 3', "a", {"x": "1", "y": "two words"}, 3.0),
        ('a{x="1",} 3', "a", {"x": "1"}, 3.0),
        ('a { x = "1" } 3', "a", None, None),
        (r'a{x="quote \" slash \\ line \n brace }"} 3', "a", {"x": 'quote " slash \\ line \n brace }'}, 3.0),
        ('a_bucket{le="0.1"} 5 # {trace_id="x"} 0.07 1.5', "a_bucket", {"le": "0.1"}, 5.0),
        ("  a 1  \r", "a", {}, 1.0),
    ],
)
def test_a_sample_line_reads_into_name_labels_and_value(line, name, labels, value) -> None:
    samples = parse_metrics(line).samples(name)
    assert [(dict(s.labels), s.value) for s in samples] == ([] if labels is None else [(labels, value)])


@pytest.mark.parametrize(
    "line",
    [
        "",
        "# TYPE a counter",
        "a",
        "a ",
        "a NaN",
        "a +Inf",
        "a{x=1} 2",
        'a{x="1" 2',
        "a{x",
        "1a 2",
        "<html>",
        "a" * 99999,
    ],
)
def test_garbage_is_skipped_and_the_lines_around_it_are_read(line) -> None:
    metrics = parse_metrics(f"first 1\n{line}\nlast 2\n")
    assert (metrics.total("first"), metrics.total("last"), metrics.total("a")) == (1.0, 2.0, None)


def test_totals_add_over_labels_and_take_the_first_name_that_is_there() -> None:
    metrics = parse_metrics('new{engine="0"} 1\nnew{engine="1"} 2\nold 50\n')
    assert metrics.total("newest", "new", "old") == 3.0
    assert metrics.highest("new", "old") == 2.0
    assert metrics.total("missing") is None
