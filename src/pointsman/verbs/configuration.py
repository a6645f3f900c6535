"""`config path|show|schema`: where the configuration is, what is in force, what may be written."""

from __future__ import annotations

import os

import click

from pointsman.core.plain_text import one_line
from pointsman.verbs import say
from pointsman.verbs.mistakes import DONE
from pointsman.verbs.place import BadConfiguration, Place, as_json, place_options


@click.group("config")
@place_options
def config() -> None:
    """Say where the configuration is, show what is in force, or give its schema."""


@config.command("path")
@as_json
@place_options
@click.pass_obj
def path(place: Place, /, *, as_json: bool) -> int:
    """Print the path of the configuration file, or where it would be; stderr says where it is looked for."""
    from pointsman.config import config_places

    looked = [
        {"where": where, "path": None if named is None else str(named), "exists": named is not None and named.is_file()}
        for where, named, _ in config_places(place.config, os.environ)
    ]
    used = place.named_config()
    if as_json:
        say.document({"path": str(used), "exists": used.is_file(), "looked_for": looked})
        return DONE
    for number, each in enumerate(looked, start=1):
        state = "not given" if each["path"] is None else f"{each['path']}{'' if each['exists'] else ' (no such file)'}"
        say.tell(f"{number}. {each['where']}: {state}")
    if place.found() is None:
        say.tell("no configuration: the built-in default policy serves; `pointsman init` writes one")
    say.data(one_line(str(used)))
    return DONE


@config.command("show")
@as_json
@place_options
@click.pass_obj
def show(place: Place, /, *, as_json: bool) -> int:
    """Print the configuration in force: the file over its preset, each value as it was written.

    TOML that can be read as a configuration and decides the same. Defaults that nobody wrote are left out; keys are
    only names of variables.
    """
    from pointsman.config import ConfigError, as_toml, document_in_force

    settings = place.settings()
    try:
        document = document_in_force(place.found(), place.policy)
    except ConfigError as wrong:
        raise BadConfiguration(wrong) from None
    if as_json:
        fleet = settings.fleet
        known = {"source": settings.source, "policy": fleet.policy, "policy_rev": fleet.revision}
        say.document({**known, "configuration": document})
        return DONE
    say.data(f"# {one_line(settings.source)}: policy {settings.fleet.policy} ({settings.fleet.revision})")
    say.data(as_toml(document), newline=False)
    return DONE


@config.command("schema")
@place_options
def schema() -> int:
    """Print the JSON Schema of a configuration, for editors that complete and check.

    Put it beside the configuration (`pointsman config schema > schema.json`) and write `#:schema ./schema.json` as the
    configuration's first line; editors with a TOML language server (taplo, Even Better TOML) read that.
    """
    from pointsman.config import schema_of_configuration

    say.document(schema_of_configuration())
    return DONE
