"""How the OpenAI-compatible servers differ, as data. What they share is in `openai_compat`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from pointsman.core.fleet import EndpointKind

_USAGE_AT_END: Mapping[str, object] = MappingProxyType({"include_usage": True})
_USAGE_ALWAYS: Mapping[str, object] = MappingProxyType({"include_usage": True, "continuous_usage_stats": True})


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One server family's ways. Everything not said here is plain OpenAI Chat Completions."""

    output_cap: str = "max_tokens"  # the field that bounds the answer
    stream_options: Mapping[str, object] = field(default_factory=lambda: _USAGE_AT_END)
    extra: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))  # sent with each call
    id_prefix: str = ""  # put before model ids by the server's list, not wanted in a call
    hidden_output: bool = False  # completion_tokens leaves thinking out; the total has it


PLAIN = Dialect()
_DIALECTS: Mapping[EndpointKind, Dialect] = {
    EndpointKind.LLAMA_CPP: Dialect(extra=MappingProxyType({"return_progress": True})),
    # Usage on every chunk: the best evidence of what a cut or cancelled answer cost.
    EndpointKind.VLLM: Dialect(stream_options=_USAGE_ALWAYS),
    # Reasoning models refuse max_tokens (trap T43).
    EndpointKind.OPENAI: Dialect(output_cap="max_completion_tokens"),
    EndpointKind.GEMINI: Dialect(id_prefix="models/", hidden_output=True),
}


def dialect_of(kind: EndpointKind) -> Dialect:
    return _DIALECTS.get(kind, PLAIN)
