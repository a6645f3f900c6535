"""The store: ledger, audit and overrides in one SQLite file with one writer (promises.md §1.3, §2.3).

files       who may read what on the disk, and the locks between processes
schema      tables, triggers, migrations; how a connection is opened and what it may do
writer      the only writing connection, on its own thread, with group commit
audit_log   the hash chain: append, read
foreign     texts of others, beside the chain under a salted hash, so that they can be erased
anchor      the file outside that says how far the audit had come
inspection  is the audit what was written?
segments    closing a segment, and deleting old ones on purpose
export      the audit as lines that anybody can verify
ledger      reservations, settlements, recovery, usage
overrides   standing instructions
outcomes    what was said about replies
sqlite      `SqliteStore`, which implements `ports.Store` over them
"""

from pointsman.adapters.store.anchor import Anchor
from pointsman.adapters.store.inspection import Code, Verdict, inspect, verify
from pointsman.adapters.store.sqlite import SqliteStore

__all__ = ["Anchor", "Code", "SqliteStore", "Verdict", "inspect", "verify"]
