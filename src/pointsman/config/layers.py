"""One TOML document as read (a layer), and how a configuration lies over a preset.

Tables merge key by key, the configuration's value wins; `routes`, `bands` and `keywords` replace the preset's when
given; `routes_before` goes in front of whatever routes there are. Knows nothing of what the values mean to each other.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pointsman.config.problems import SECRET, Place, Report, line_numbers
from pointsman.config.reader import Reader, Shape
from pointsman.config.shapes import ARRAYS, SECTIONS, TABLES, TOP, read_table, read_value
from pointsman.core.fleet import Scope

# Figures that belong to one model id: another id must not inherit them.
_OF_THE_ID = frozenset(
    {
        *("context", "max_output", "vram", "kv_cache", "ram"),
        *("price_in", "price_out", "price_cached", "price_cache_write", "price_reasoning"),
        *("price_above", "price_in_above", "price_out_above"),
        *("speed", "first_token_stated", "first_token", "params", "locality", "retired", "quality", "quality_from"),
    }
)
_POLICY_KEYS = ("default_role", "queue_limit", "similar_tasks", "policy_version", "critic")
POLICY_TABLES = ("models", "roles")
POLICY_ARRAYS = ("routes", "routes_before", "bands", "keywords")


@dataclass(frozen=True, slots=True)
class Entry:
    """One table or array item: its values, and where to report about it."""

    values: Mapping[str, Any]
    place: Place


@dataclass(slots=True)
class Layer:
    """A document, values read, names not yet looked up."""

    place: Place
    top: Mapping[str, Any] = field(default_factory=dict)
    sections: dict[str, Mapping[str, Any]] = field(default_factory=lambda: {name: {} for name in SECTIONS})
    tables: dict[str, dict[str, Entry]] = field(default_factory=lambda: {name: {} for name in TABLES})
    arrays: dict[str, tuple[Entry, ...] | None] = field(default_factory=lambda: dict.fromkeys(ARRAYS))


Reading = Callable[[Shape], Shape]
_AS_IS = Reader(lambda value, place: value, {})


def as_core(shape: Shape) -> Shape:
    """Each value becomes the core's."""
    return shape


def as_written(shape: Shape) -> Shape:
    """Each value stays as it stands in the file, for showing it."""
    return dict.fromkeys(shape, _AS_IS)


def read_layer(path: Path, file: str, report: Report, reading: Reading = as_core) -> Layer | None:
    """The document at `path`, called `file` in reports; whatever is wrong with it is in the report.

    None if it cannot be read as TOML at all.
    """
    place = Place(report, file, {})
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        place.problem(f"cannot be read: {error.strerror or type(error).__name__}")
        return None
    except UnicodeDecodeError as error:
        place.problem(f"is not UTF-8 text (byte {error.start})")
        return None
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # TOMLDecodeError, or a number too long to read
        place.problem(f"is not valid TOML: {_syntax(error)}")
        return None
    layer = Layer(place=Place(report, file, line_numbers(text)))
    _fill(layer, document, reading)
    return layer


def _syntax(error: Exception) -> str:
    """What tomllib says, on one line; it names line and column."""
    return "nested too deeply" if isinstance(error, RecursionError) else ascii(str(error))[1:-1]


def _fill(layer: Layer, document: dict[str, Any], reading: Reading) -> None:
    _report_secrets(document, layer.place)
    shape = {**reading(TOP), **dict.fromkeys((*TABLES, *ARRAYS, *SECTIONS), _AS_IS)}
    layer.top = {key: value for key, value in read_table(document, layer.place, shape).items() if key in TOP}
    for section, section_shape in SECTIONS.items():
        written = document.get(section, {})
        layer.sections[section] = read_table(written, layer.place.key(section), reading(section_shape))
    for section, entry_shape in TABLES.items():
        place = layer.place.key(section)
        written = document.get(section, {})
        if not isinstance(written, dict):
            place.problem("expected a table of named tables")
            continue
        for name, table in written.items():
            here = place.key(name)
            layer.tables[section][name] = Entry(read_table(table, here, reading(entry_shape)), here)
    for section, entry_shape in ARRAYS.items():
        if section in document:
            layer.arrays[section] = _array(document[section], layer.place.key(section), reading(entry_shape))


def _array(written: object, place: Place, shape: Shape) -> tuple[Entry, ...]:
    def read(value: object, here: Place) -> Entry:
        return Entry(read_table(value, here, shape), here)

    if not isinstance(written, list):
        place.problem("expected an array of tables")
        return ()
    return tuple(read_value(item, place.item(index), read) for index, item in enumerate(written))


def overlaid(base: Layer, over: Layer) -> Layer:
    """`over` on top of `base`; reports about a table go to the layer that wrote to it last."""
    merged = Layer(place=over.place, top={**base.top, **over.top})
    merged.sections = {name: {**base.sections[name], **over.sections[name]} for name in SECTIONS}
    for section in TABLES:
        merged.tables[section] = dict(base.tables[section])
        for name, entry in over.tables[section].items():
            merged.tables[section][name] = _merged(section, base.tables[section].get(name), entry)
    for section in ("routes", "bands", "keywords"):
        merged.arrays[section] = base.arrays[section] if over.arrays[section] is None else over.arrays[section]
    merged.arrays["routes_before"] = (*(over.arrays["routes_before"] or ()), *(base.arrays["routes_before"] or ()))
    return merged


def _merged(section: str, base: Entry | None, over: Entry) -> Entry:
    inherited = dict(base.values) if base is not None else {}
    if section == "models" and over.values.get("id", inherited.get("id")) != inherited.get("id"):
        inherited = {key: value for key, value in inherited.items() if key not in _OF_THE_ID}
    return Entry({**inherited, **over.values}, over.place)


def over_preset(preset: Layer, layer: Layer) -> Layer:
    """A preset used whole, in the user's own place: endpoints, caps, services and screen are the user's.

    Caps stay in force whatever the policy; only one on a model that this policy does not have counts nothing.
    """
    merged = overlaid(preset, _without_policy(layer))
    told = preset.sections["gateway"]
    if told:  # where the other program's file lies is the user's, what it should say is the policy's
        own = {key: value for key, value in layer.sections["gateway"].items() if key in ("kind", "path")}
        merged.sections["gateway"] = {**told, **own}
    for name, entry in tuple(merged.tables["budgets"].items()):
        model = _model_of(entry.values.get("scope"))
        if model is not None and model not in merged.tables["models"]:
            del merged.tables["budgets"][name]
    return merged


def _model_of(scope: object) -> object:
    """The model a budget counts, whether its scope was read or is as it was written."""
    if isinstance(scope, Scope):
        return scope.model
    return scope.get("model") if isinstance(scope, dict) else None


def _without_policy(layer: Layer) -> Layer:
    """The part of a document that stays when a preset is used as the whole policy: places, caps, services, screen."""
    top = {key: value for key, value in layer.top.items() if key not in _POLICY_KEYS}
    kept = Layer(place=layer.place, top=top)
    kept.sections |= {name: section for name, section in layer.sections.items() if name != "gateway"}
    kept.tables |= {name: table for name, table in layer.tables.items() if name not in POLICY_TABLES}
    return kept


# --- secrets -------------------------------------------------------------------------------------------------------


def _report_secrets(value: object, place: Place) -> None:
    """A pasted key anywhere in the document is a problem, and is never repeated."""
    if isinstance(value, dict):
        for name, inner in value.items():
            _report_secrets(inner, place.key(name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _report_secrets(inner, place.item(index))
    elif isinstance(value, str) and SECRET.search(value) and not place.path.endswith("key_env"):
        place.problem("looks like a secret: keep it in an environment variable and put its NAME into key_env")
