"""The core's values as plain JSON values, and back by their declared types. Pure: for recordings, never for the audit.

What holds its default is left out. A field whose type allows several dataclasses has the name of the one under `is`.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from pointsman.core.outcome import Outcome

T = TypeVar("T")
_NAMED = frozenset(get_args(Outcome))
_SCALARS = (str, int, float, bool)


def encode(value: object) -> Any:
    """JSON values, sets sorted. What is none of them becomes its `str`."""
    if is_dataclass(value) and not isinstance(value, type):
        told = {f.name: encode(seen) for f in fields(value) if (seen := getattr(value, f.name)) != _default(f)}
        return {"is": type(value).__name__, **told} if type(value) in _NAMED else told
    if isinstance(value, Mapping):
        return {str(key): encode(seen) for key, seen in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(encode(seen) for seen in value)
    if isinstance(value, tuple | list):
        return [encode(seen) for seen in value]
    if isinstance(value, bool | int | float) or value is None:
        return value
    return str(value)


def decode(kind: type[T], told: object) -> T:
    """The value of that dataclass. Raises ValueError for what does not have its shape."""
    try:
        return cast("T", _decoded(kind, told))
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"no {kind.__name__}: {error}") from error


def _default(field: Field[Any]) -> object:
    if field.default is not MISSING:
        return field.default
    return field.default_factory() if field.default_factory is not MISSING else MISSING


@lru_cache(maxsize=256)
def _types(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _decoded(kind: Any, told: Any) -> Any:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _one_of(get_args(kind), told)
    if origin is not None:
        return _COLLECTIONS[origin](get_args(kind), told)
    if is_dataclass(kind):
        known = _types(cast("type", kind))
        return kind(**{name: _decoded(known[name], seen) for name, seen in told.items() if name != "is"})  # type: ignore[operator]
    return _scalar(kind, told)


def _scalar(kind: Any, told: Any) -> Any:
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind(told)
    if kind is float and isinstance(told, int) and not isinstance(told, bool):
        return told
    if kind in _SCALARS and (not isinstance(told, kind) or (kind is not bool and isinstance(told, bool))):
        raise TypeError(f"expected {kind.__name__}, not {type(told).__name__}")
    return told


def _one_of(kinds: tuple[Any, ...], told: Any) -> Any:
    if told is None:
        return None
    if isinstance(told, dict):
        among = [kind for kind in kinds if is_dataclass(kind)]
        named = [kind for kind in among if kind.__name__ == told.get("is")] or among  # type: ignore[union-attr]
        return _decoded(named[0], told) if named else told
    if isinstance(told, list):
        return _decoded(next(kind for kind in kinds if get_origin(kind) in (tuple, frozenset)), told)
    words = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, StrEnum)]
    return words[0](told) if words else told


def _tuple(kinds: tuple[Any, ...], told: Any) -> tuple[Any, ...]:
    if kinds[-1] is Ellipsis:
        return tuple(_decoded(kinds[0], seen) for seen in _listed(told))
    return tuple(_decoded(kind, seen) for kind, seen in zip(kinds, _listed(told), strict=True))


def _frozenset(kinds: tuple[Any, ...], told: Any) -> frozenset[Any]:
    return frozenset(_decoded(kinds[0], seen) for seen in _listed(told))


def _mapping(kinds: tuple[Any, ...], told: Any) -> Mapping[str, Any]:
    return types.MappingProxyType({name: _decoded(kinds[1], seen) for name, seen in told.items()})


def _listed(told: Any) -> list[Any]:
    if not isinstance(told, list):
        raise TypeError(f"expected a list, not {type(told).__name__}")
    return told


_COLLECTIONS: Mapping[Any, Callable[[tuple[Any, ...], Any], Any]] = {
    tuple: _tuple,
    frozenset: _frozenset,
    Mapping: _mapping,
}
