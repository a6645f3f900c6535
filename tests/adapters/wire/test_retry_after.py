"""How long to wait, in every shape it was seen in, and None for nonsense (scenarios.md C1-C4)."""

from __future__ import annotations

import pytest

from pointsman.adapters.retry_after import retry_after

NOW = 1_800_000_000.0  # 2027-01-15 08:00:00 UTC

HEADERS = {
    "seconds": ({"retry-after": "2"}, 2.0),
    "fraction": ({"Retry-After": " 1.5 "}, 1.5),
    "HTTP date": ({"retry-after": "Fri, 15 Jan 2027 08:00:12 GMT"}, 12.0),
    "HTTP date without zone": ({"retry-after": "Fri, 15 Jan 2027 08:00:12 -0000"}, 12.0),
    "milliseconds are not seconds": ({"retry-after-ms": "1500"}, 1.5),
    "milliseconds are the finer word": ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
    "epoch seconds": ({"retry-after": "1800000030"}, 30.0),
    "capped": ({"retry-after": "3600"}, 60.0),
    "duration": ({"x-ratelimit-reset-requests": "12ms"}, 0.012),
    "long duration": ({"x-ratelimit-reset-tokens": "6m0s"}, 60.0),
    "the used-up counter is the reason": (
        {
            "x-ratelimit-reset-requests": "50s",
            "x-ratelimit-remaining-requests": "99",
            "x-ratelimit-reset-tokens": "4s",
            "x-ratelimit-remaining-tokens": "0",
        },
        4.0,
    ),
    "no counter is used up": ({"x-ratelimit-reset-tokens": "4s", "x-ratelimit-remaining-tokens": "10"}, None),
    "epoch milliseconds": ({"X-RateLimit-Reset": "1800000007000"}, 7.0),
    "reset in epoch seconds": ({"x-ratelimit-reset": "1800000007"}, 7.0),
    "RFC 3339": ({"anthropic-ratelimit-tokens-reset": "2027-01-15T08:00:09Z"}, 9.0),
    "the stated wait goes before counters": ({"retry-after": "3", "x-ratelimit-reset-tokens": "40s"}, 3.0),
    "garbage falls to the next": ({"retry-after": "soon", "retry-after-ms": "-5", "x-ratelimit-reset": "8"}, 8.0),
    "zero": ({"retry-after": "0"}, None),
    "negative": ({"retry-after": "-5"}, None),
    "past date": ({"retry-after": "Fri, 15 Jan 2027 07:00:00 GMT"}, None),
    "ten years": ({"retry-after": "315360000"}, None),
    "ten years as a date": ({"retry-after": "Fri, 15 Jan 2037 08:00:12 GMT"}, None),
    "garbage": ({"retry-after": "☂ soon"}, None),
    "not a number": ({"retry-after": "nan", "retry-after-ms": "inf"}, None),
    "a date that is none": ({"retry-after": "Fri, 99 Jan 2027 08:00:12 GMT"}, None),
    "a thousand digits": ({"retry-after": "9" * 1000}, None),
    "empty": ({"retry-after": ""}, None),
    "none": ({}, None),
}


@pytest.mark.parametrize("case", HEADERS)
def test_headers(case: str) -> None:
    """Each shape of header gives its seconds, or None for the default."""
    headers, expected = HEADERS[case]
    assert retry_after(headers, None, NOW) == (None if expected is None else pytest.approx(expected))


BODIES = {
    "Gemini": ({"error": {"details": [{"@type": "x"}, {"retryDelay": "12.3s"}]}}, 12.3),
    "in an array": ([{"error": {"details": [{"retryDelay": "17s"}]}}], 17.0),
    "resets_at in epoch seconds": ({"error": {"resets_at": 1_800_000_020}}, 20.0),
    "resets_at in epoch milliseconds": ({"error": {"resets_at": 1_800_000_020_000}}, 20.0),
    "resets_at as a date": ({"resets_at": "2027-01-15T08:00:05+00:00"}, 5.0),
    "retry_after": ({"retry_after": 2.5}, 2.5),
    "true is no second": ({"retry_after": True}, None),
    "list": ({"retry_after": [1]}, None),
    "deep": ({"a": {"b": {"c": {"d": {"e": {"f": {"retryDelay": "1s"}}}}}}}, None),
    "text": ("retryDelay", None),
}


@pytest.mark.parametrize("case", BODIES)
def test_bodies(case: str) -> None:
    """A hint in the body counts where no header tells."""
    body, expected = BODIES[case]
    assert retry_after({}, body, NOW) == (None if expected is None else pytest.approx(expected))


def test_a_body_goes_after_the_header() -> None:
    assert retry_after({"retry-after": "1"}, {"retryDelay": "9s"}, NOW) == 1.0
