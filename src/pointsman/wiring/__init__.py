"""The composition root: from settings to a running engine, over the real world or over the simulated fleet.

The only package that knows both the engine and the adapters. Everything heavy is imported inside its functions, so that
the screen can paint its first frame, and the pure verbs answer, without HTTP, drivers or an engine in memory.
"""

from pointsman.wiring.audit import erase_foreign, export_audit, read_audit, rotate_audit, verify_audit
from pointsman.wiring.beginning import propose
from pointsman.wiring.chats import open_chats
from pointsman.wiring.doctor import examine_fleet, examine_machine, examine_servers
from pointsman.wiring.engines import code_judge, open_demo, open_engine, similar
from pointsman.wiring.looking import known, look_once, measured, new_id, totals
from pointsman.wiring.places import anchor_of
from pointsman.wiring.recorded import open_replay, recording

__all__ = [
    "anchor_of",
    "code_judge",
    "erase_foreign",
    "examine_fleet",
    "examine_machine",
    "examine_servers",
    "export_audit",
    "known",
    "look_once",
    "measured",
    "new_id",
    "open_chats",
    "open_demo",
    "open_engine",
    "open_replay",
    "propose",
    "read_audit",
    "recording",
    "rotate_audit",
    "similar",
    "totals",
    "verify_audit",
]
