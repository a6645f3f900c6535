"""The store: ledger, audit and overrides in one SQLite file with one writer (promises.md §1.3, §2.3).

files       who may read what on the disk, and the locks between processes
schema      tables, triggers, migrations; how a connection is opened and what it may do
writer      the only writing connection, on its own thread, with group commit
audit_log   the hash chain: append, read, verify
ledger      reservations, settlements, recovery, usage
overrides   standing instructions
sqlite      `SqliteStore`, which implements `ports.Store` over them
"""

from pointsman.adapters.store.audit_log import Verified, verify
from pointsman.adapters.store.sqlite import SqliteStore

__all__ = ["SqliteStore", "Verified", "verify"]
