"""Keeps keys out of every text that leaves an adapter: by known value first, by shape second. Pure."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from urllib.parse import quote

from pointsman.adapters.lenient import one_line

LONGEST_DETAIL = 300
_HIDDEN = "****"
_SHORTEST_KEY = 4  # replacing shorter ones would tear words apart
# Keys of others that an error body may quote: provider prefixes, bearer tokens, key parameters of URLs.
_SHAPES = re.compile(
    r"\b(?:sk|pk|rk|gsk|xai)-[A-Za-z0-9_*.-]{8,}|\bAIza[A-Za-z0-9_-]{20,}|\bnvapi-[A-Za-z0-9_-]{8,}"
    r"|(?i:\bbearer\s+)[A-Za-z0-9._~+/=-]{8,}|(?i:\b(?:api[_-]?key|key|token)=)[A-Za-z0-9._~+/%-]{8,}"
)


def redact(text: str, secrets: Sequence[str] = ()) -> str:
    """The text without the given secrets in any usual writing, and without anything shaped like a key."""
    for secret in secrets:
        if len(secret) >= _SHORTEST_KEY:
            for written in _writings(secret):
                text = text.replace(written, _HIDDEN)
    return _SHAPES.sub(_HIDDEN, text)


def redact_json(text: str, secrets: Sequence[str]) -> str:
    """The same for JSON text, in which a key may be written with escapes."""
    return redact(text, (*secrets, *(json.dumps(secret)[1:-1] for secret in secrets)))


def detail_line(text: str, secrets: Sequence[str] = ()) -> str:
    """Untrusted text as the one-line detail of a failure: printable, redacted, at most 300 characters."""
    # Control characters go first: a key with one inside must not slip through and be whole on the screen.
    line = one_line(text, limit=LONGEST_DETAIL * 4)
    return one_line(redact(line, secrets), limit=LONGEST_DETAIL)


def _writings(secret: str) -> tuple[str, ...]:
    encoded = base64.b64encode(secret.encode()).decode()
    return (secret, encoded, encoded.rstrip("="), quote(secret, safe=""))
