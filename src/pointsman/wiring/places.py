"""Where keys and the audit's anchor are: what every part of the wiring asks in the same way."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pointsman.adapters.secrets import Secrets
    from pointsman.adapters.store import Anchor
    from pointsman.config import Audit
    from pointsman.core.fleet import Fleet


def anchor_of(state_dir: Path, audit: Audit | None = None, stated: Path | None = None) -> Anchor:
    """The anchor of that state's audit: as `stated`, else POINTSMAN_ANCHOR, else as configured, else the usual place.
    Raises StoreUnavailable for one in the ledger's own directory, which would be lost together with it."""
    import os

    from pointsman.adapters.journal import journal_witness
    from pointsman.adapters.store import Anchor
    from pointsman.config import anchor_file
    from pointsman.ports import StoreUnavailable

    configured = None if audit is None or audit.anchor is None else Path(audit.anchor)
    named = stated if stated is not None or "POINTSMAN_ANCHOR" in os.environ else configured
    path = anchor_file(state_dir, os.environ, named)
    if path.resolve().parent == state_dir.resolve():
        raise StoreUnavailable(f"the audit's anchor {path} lies beside the ledger: choose another directory")
    return Anchor(path, journal_witness() if audit is not None and audit.journal else None)


def secrets_of(fleet: Fleet) -> Secrets:
    import os

    from pointsman.adapters.secrets import Secrets
    from pointsman.config import secrets_file

    names = key_names(fleet)
    return Secrets(names, file=secrets_file(os.environ))


def key_names(fleet: Fleet) -> tuple[str, ...]:
    """Names of the variables that hold keys; never what they hold."""
    return tuple(dict.fromkeys(e.key_env for e in fleet.endpoints.values() if e.key_env is not None))
