"""What was measured of the models, as rows with their date. Rows are only added; the newest of each sort counts."""

from __future__ import annotations

import json
import sqlite3

from pointsman.core.measured import Measurement, from_plain, to_plain, what


def put(connection: sqlite3.Connection, measurement: Measurement) -> None:
    body = json.dumps(to_plain(measurement), sort_keys=True, allow_nan=False)
    connection.execute(
        "INSERT INTO measurement (sort, model, endpoint, at, body) VALUES (?, ?, ?, ?, ?)",
        (what(measurement), measurement.model, measurement.endpoint, measurement.at, body),
    )


def newest(connection: sqlite3.Connection) -> tuple[Measurement, ...]:
    """The newest of each sort of each model at each endpoint. A ledger from before there were any has none."""
    if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'measurement'").fetchone():
        return ()
    rows = connection.execute(
        "SELECT sort, body FROM measurement"
        " WHERE id IN (SELECT max(id) FROM measurement GROUP BY sort, model, endpoint) ORDER BY model, sort, endpoint"
    )
    return tuple(found for sort, body in rows if (found := _read(sort, body)) is not None)


def _read(sort: str, body: str) -> Measurement | None:
    """None for a row that a later version wrote in its own way: it is unknown here, and no reason to fail."""
    try:
        return from_plain(sort, json.loads(body))
    except (ValueError, TypeError, KeyError):
        return None
