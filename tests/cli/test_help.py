"""`--help`: the list is written without loading the verbs, so it is held against them here."""

from __future__ import annotations

import click
import pytest

from pointsman.cli import VERBS, cli


@pytest.mark.parametrize("verb", VERBS)
def test_the_listed_sentence_is_the_verbs_own(verb):
    with click.Context(cli) as ctx:
        command = cli.get_command(ctx, verb)
    assert command is not None and command.name == verb
    assert command.help.replace("\n", " ").startswith(VERBS[verb][2])


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(pointsman, verb):
    ran = pointsman(verb, "--help")
    assert ran.code == 0 and VERBS[verb][2].split()[0] in ran.out
    assert VERBS[verb][2] in " ".join(pointsman("--help").out.split())
