"""A user's mistake is one clear line on stderr and exit 2 (or 1), never a traceback."""

from __future__ import annotations

import pytest

MISTAKES = {
    "unknown verb": (["rout", "x"], "'route'"),
    "unknown verb far off": (["zzzz"], "zzzz"),
    "unknown option": (["route", "x", "--jsn"], "--json"),
    "no prompt": (["route"], "no prompt"),
    "empty prompt": (["route", "  "], "no prompt"),
    "no prompt to ask": (["ask", "--demo"], "no prompt"),
    "unknown pin": (["route", "x", "--pin", "codr"], "'coder'"),
    "unknown preference": (["route", "x", "--prefer", "qqqqq"], "there are: coder, small, tiny"),
    "unknown fact": (["route", "x", "--fact", "complexty=3"], "'complexity'"),
    "fact without value": (["route", "x", "--fact", "complexity"], "KEY=VALUE"),
    "fact of the wrong type": (["route", "x", "--fact", "complexity=high"], "a whole number"),
    "fact out of range": (["route", "x", "--fact", "complexity=11"], "between 1 and 10"),
    "unknown kind": (["route", "x", "--fact", "kind=codin"], "'coding'"),
    "no boolean": (["route", "x", "--fact", "background=maybe"], "true or false"),
    "no number": (["route", "x", "--fact", "confidence=nan"], "between"),
    "unknown role": (["route", "x", "--fact", "role=writr"], "'writer'"),
    "unknown job model": (["route", "x", "--fact", "job_model=codr"], "'coder'"),
    "unknown what-if key": (["route", "x", "--set", "usge=3"], "'usage'"),
    "what-if endpoint": (["route", "x", "--set", "down=gpuu"], "'gpu'"),
    "what-if budget": (["route", "x", "--set", "usage.nope=3"], "box-day"),
    "what-if number": (["route", "x", "--set", "usage=much"], "percentage"),
    "what-if time": (["route", "x", "--set", "now=later"], "ISO 8601"),
    "missing picture": (["route", "x", "--image", "/nowhere/x.png"], "cannot be read"),
    "lines and text": (["route", "x", "--jsonl"], "standard input"),
    "unknown policy": (["route", "x", "--policy", "defalt"], "default"),
    "missing configuration": (["route", "x", "--config", "/nowhere.toml"], "/nowhere.toml"),
    "no answer length": (["ask", "x", "--max-output", "0"], "0"),
    "override of an unknown model": (["models", "set", "codr"], "'coder'"),
    "override for an unknown role": (["models", "set", "coder", "--for", "role:writr"], "'writer'"),
    "override for an unknown kind": (["models", "set", "coder", "--for", "kind:codin"], "'coding'"),
    "no scope": (["models", "set", "coder", "--for", "everything"], "role:NAME"),
    "no span": (["models", "set", "coder", "--expires", "soon"], "2h"),
    "unset an unknown model": (["models", "unset", "codr"], "'coder'"),
    "unknown service": (["services", "restart", "codr"], "'coder'"),
    "logs of an unknown service": (["services", "logs", "codr"], "'coder'"),
    "unknown line type": (["audit", "show", "--type", "decison"], "decision"),
    "verb without subverb": (["models", "lst"], "lst"),
    "screen without a terminal": ([], "terminal"),
    "demo without a terminal": (["demo"], "terminal"),
    "state that is a file": (["--state", __file__, "usage"], "is a file"),
}


@pytest.mark.parametrize(("args", "told"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_told_in_one_line_with_exit_2(pointsman, fleet, args, told):
    ran = pointsman(*args)
    assert ran.code == 2
    assert told in ran.err
    assert ran.out == ""
    assert "Traceback" not in ran.err
    assert len([line for line in ran.err.splitlines() if line.startswith("pointsman:")]) in (1, 2)


def test_only_a_configured_or_named_fleet_is_called(pointsman):
    """Without a configuration nothing is sent anywhere, whatever keys the environment holds."""
    for args in (["ask", "hi"], ["status"], ["services", "list"], ["route", "hi", "--live"]):
        ran = pointsman(*args)
        assert ran.code == 2 and "pointsman init" in ran.err


def test_a_bad_configuration_stops_every_verb_with_all_its_problems(pointsman, config):
    path = config('nonsense = 1\n[endpoints.a]\nkind = "olama"\n')
    for verb in (["route", "x"], ["ask", "x"], ["status"], ["usage"], ["models", "list"], ["services", "list"]):
        ran = pointsman(*verb, "--config", str(path))
        assert ran.code == 2 and ran.out == ""
        assert "nonsense" in ran.err and "endpoints.a.kind" in ran.err


def test_what_a_mistake_quotes_cannot_drive_the_terminal(pointsman, fleet):
    ran = pointsman("route", "x", "--pin", "a\x1b]0;owned\x07\nb")
    assert "\x1b" not in ran.err and "\x07" not in ran.err and ran.err.count("\n") == 1
