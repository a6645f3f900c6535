"""Reading a configuration: preset, file over it, values, names; then all problems at once, or the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from pointsman.config.build import build_fleet, build_hosts, with_revision
from pointsman.config.checks import check_references
from pointsman.config.layers import (
    POLICY_ARRAYS,
    POLICY_TABLES,
    Layer,
    Reading,
    as_core,
    over_preset,
    overlaid,
    read_layer,
)
from pointsman.config.paths import preset_names, preset_path
from pointsman.config.problems import ConfigError, Place, Problem, Report, nearest_of
from pointsman.config.shapes import UNREADABLE
from pointsman.config.ui import Ui
from pointsman.core.checks import CheckLimits
from pointsman.core.fleet import Fleet

BUILT_IN = "built-in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """Where the checks of replies run, and within which limits."""

    dir: str | None = None  # None: a check must name its directory
    limits: CheckLimits = CheckLimits()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptChats:
    """Whether the screen's conversations are kept on this machine's disk."""

    keep: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """How the audit is witnessed from outside."""

    anchor: str | None = None  # path of the anchor file; None: the usual place
    journal: bool = False  # each checkpoint is a line in the system's journal, too


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A configuration that can be used."""

    fleet: Fleet
    ui: Ui
    source: str  # the file's path, or "built-in"
    preset: str | None = None  # named on the command line instead of the file's own policy
    warnings: tuple[Problem, ...] = ()
    audit: Audit = Audit()
    checks: Checks = Checks()
    chats: KeptChats = KeptChats()
    discover: bool = True  # offer endpoints found on this machine's usual ports
    model_dirs: tuple[str, ...] = ()  # folders of models, whose disks are watched
    hosts: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))  # name -> metrics urls


def load(path: Path | None = None, policy: str | None = None) -> Settings:
    """The settings of the file at `path`, or of the built-in `default` policy; `policy` names a preset to use instead
    of the file's own policy. Raises ConfigError with every problem found."""
    report = Report()
    merged, name = merged_layer(path, policy, report)
    fleet = build_fleet(merged, name)
    fleet = with_revision(check_references(merged, fleet))
    hosts = build_hosts(merged)
    if report.problems:
        raise ConfigError(report.problems)
    return Settings(
        fleet=fleet,
        ui=Ui(**merged.sections["ui"]),
        source=str(path) if path is not None else BUILT_IN,
        preset=policy,
        warnings=tuple(report.warnings),
        audit=Audit(**merged.sections["audit"]),
        checks=_checks(merged),
        chats=KeptChats(**merged.sections["chats"]),
        discover=merged.top.get("discover", True),
        model_dirs=merged.top.get("model_dirs", ()),
        hosts=hosts,
    )


def _checks(merged: Layer) -> Checks:
    names = {"time": "seconds", "memory": "memory"}
    limits = {names[key]: value for key, value in merged.sections["checks"].items() if key in names}
    return Checks(dir=merged.sections["checks"].get("dir"), limits=CheckLimits(**limits))


def merged_layer(
    path: Path | None, policy: str | None, report: Report, reading: Reading = as_core
) -> tuple[Layer, str]:
    """The document to build from, and the name its policy goes by."""
    if path is None:
        name = policy or "default"
        return _preset(name, Place(report, BUILT_IN, {}, "policy"), report, reading), name
    written = read_layer(path, str(path), report, reading)
    if written is None:
        raise ConfigError(report.problems)
    _check_choice(written, policy)
    if policy is not None:
        return over_preset(_preset(policy, Place(report, "--policy", {}), report, reading), written), policy
    whole, base = _stated(written, "policy"), _stated(written, "extends")
    if whole is not None:
        return over_preset(_preset(whole, written.place.key("policy"), report, reading), written), whole
    if base is not None:
        return overlaid(_preset(base, written.place.key("extends"), report, reading), written), base
    return written, "own"


def _stated(layer: Layer, key: str) -> str | None:
    value = layer.top.get(key)
    return None if value is None or value is UNREADABLE else str(value)


def _preset(name: str, asked_at: Place, report: Report, reading: Reading) -> Layer:
    if name not in preset_names():
        there = ", ".join(preset_names())
        asked_at.problem(f"no such policy: {ascii(name)}; there are {there}", nearest_of(name, preset_names()))
    else:
        layer = read_layer(preset_path(name), f"presets/{name}.toml", report, reading)
        if layer is not None:
            return layer
    raise ConfigError(report.problems)


def _check_choice(written: Layer, policy: str | None) -> None:
    """`policy` takes a preset whole, `extends` builds on one: both at once, or half of each, is a contradiction."""
    place = written.place
    whole = _stated(written, "policy")
    if whole is not None and _stated(written, "extends") is not None:
        place.key("extends").problem("policy takes a preset whole and extends builds on one: state one of them")
    own = [name for name in POLICY_TABLES if written.tables[name]]
    own += [name for name in POLICY_ARRAYS if written.arrays[name]]
    if whole is not None and policy is None and own:
        place.key("policy").warning(
            f"{whole} is used whole, so this file's {', '.join(own)} are set aside; extends would build on it"
        )
