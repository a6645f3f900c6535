"""Where configuration, state, presets, themes and the example lie. Never the current directory by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
_NOT_POLICIES = frozenset({"prices", "example"})


def find_config(explicit: Path | None, environ: Mapping[str, str]) -> Path | None:
    """`--config`, else POINTSMAN_CONFIG, else the user's configuration directory if a file is there.

    A path that was named is returned even if it does not exist, so that `load` can say so.
    """
    for _, path, named in config_places(explicit, environ):
        if path is not None and (named or path.is_file()):
            return path
    return None


def config_places(explicit: Path | None, environ: Mapping[str, str]) -> Iterator[tuple[str, Path | None, bool]]:
    """(what says so, the path it says, whether it was named), in the order in which they are asked."""
    yield "--config", _named(explicit, None), True
    yield "POINTSMAN_CONFIG", _named(None, environ.get("POINTSMAN_CONFIG")), True
    yield "the user's configuration directory", user_config_path(), False


def user_config_path() -> Path:
    """Where `init` writes and where configuration is looked for when nothing else is said."""
    import platformdirs  # only when the two other places were not named

    return Path(platformdirs.user_config_dir("pointsman", appauthor=False)) / "config.toml"


def state_dir(explicit: Path | None, environ: Mapping[str, str]) -> Path:
    """`--state`, else POINTSMAN_STATE, else the platform's state directory. It need not exist yet."""
    named = _named(explicit, environ.get("POINTSMAN_STATE"))
    if named is not None:
        return named
    import platformdirs

    return Path(platformdirs.user_state_dir("pointsman", appauthor=False))


def anchor_file(state: Path, environ: Mapping[str, str], stated: Path | None = None) -> Path:
    """Where the audit's anchor lies: outside the ledger's own directory, `state`, so that whoever loses or replaces
    that one does not lose the anchor with it. `--anchor`, else POINTSMAN_ANCHOR, else the user's data directory for the
    usual state, else beside the state directory."""
    named = _named(stated, environ.get("POINTSMAN_ANCHOR"))
    if named is not None:
        return named
    import platformdirs

    usual = Path(platformdirs.user_state_dir("pointsman", appauthor=False))
    home = Path(platformdirs.user_data_dir("pointsman", appauthor=False)) / "anchors"
    if state == usual:
        return home / "audit.anchor"
    if state.parent == usual:
        return home / f"{state.name}.anchor"
    return state.with_name(f"{state.name}.anchor")


def secrets_file(environ: Mapping[str, str]) -> Path:
    """POINTSMAN_SECRETS, else `secrets.toml` beside the user's configuration. It need not exist."""
    named = _named(None, environ.get("POINTSMAN_SECRETS"))
    return named if named is not None else user_config_path().with_name("secrets.toml")


def preset_names() -> tuple[str, ...]:
    found = (path.stem for path in (PACKAGE / "presets").glob("*.toml"))
    return tuple(sorted(name for name in found if name not in _NOT_POLICIES))


def preset_path(name: str) -> Path:
    """The file of a preset. Raises KeyError for a name that is none."""
    if name not in preset_names():
        raise KeyError(name)
    return PACKAGE / "presets" / f"{name}.toml"


def example_path() -> Path:
    """The commented example: packaged in a wheel, the top-level file in a checkout."""
    return _packaged_or_checkout(PACKAGE / "presets" / "example.toml", "config.toml")


def theme_dir() -> Path:
    return _packaged_or_checkout(PACKAGE / "themes", "themes")


def _packaged_or_checkout(packaged: Path, name: str) -> Path:
    return packaged if packaged.exists() else PACKAGE.parent.parent / name


def _named(explicit: Path | None, variable: str | None) -> Path | None:
    if explicit is not None:
        return explicit.expanduser()
    return Path(variable).expanduser() if variable else None
