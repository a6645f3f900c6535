"""`audit verify|export|rotate|erase`: the audit's soundness, and the three things that may be done to it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pointsman.core.plain_text import one_line
from pointsman.verbs import say
from pointsman.verbs.mistakes import DONE, Failure, Mistake
from pointsman.verbs.place import BadConfiguration, Place, as_json, place_options
from pointsman.verbs.run import run

if TYPE_CHECKING:
    from pointsman.adapters.store import Anchor, Verdict

_WORDS = {
    0: "intact",
    2: "ALTERED",
    3: "SHORTENED",
    4: "intact, but without an anchor",
    5: "could not be checked",
    6: "intact, with gaps on record",
}
_anchor = click.option(
    "--anchor",
    "stated",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The anchor file (POINTSMAN_ANCHOR).",
)


def _anchor_of(place: Place, stated: Path | None) -> Anchor:
    """Also with a configuration that cannot be read: what happened must be checkable all the same."""
    from pointsman import wiring

    try:
        audit = place.settings().audit
    except BadConfiguration:
        audit = None
    return wiring.anchor_of(place.state_dir(), audit, stated)


@click.command("verify")
@click.option("--from-export", "export", type=click.Path(path_type=Path), help="Check this export instead.")
@_anchor
@as_json
@place_options
@click.pass_obj
def verify(place: Place, /, *, export: Path | None, stated: Path | None, as_json: bool) -> int:
    """Check that no line was changed, removed, put in or cut off.

    Exit 0: intact; 2: altered; 3: shorter than its anchor, or gone; 4: intact, but there is no anchor; 5: could not be
    checked; 6: intact, with gaps that the audit itself records.
    """
    from pointsman import wiring

    found = run(wiring.verify_audit(place.state_dir(), _anchor_of(place, stated), export))
    if as_json:
        say.document(_document(found))
    else:
        say.data(_sentence(found))
        for gap in found.gaps:
            say.data(f"  {gap}")
    return int(found.code)


def _document(found: Verdict) -> dict[str, object]:
    return {
        "intact": found.intact,
        "code": int(found.code),
        "verdict": _WORDS[found.code],
        "lines": found.lines,
        "head": found.head.hex(),
        "bad": found.bad,
        "why": found.why,
        "gaps": list(found.gaps),
        "anchored": found.anchored,
    }


def _sentence(found: Verdict) -> str:
    head = f"{found.lines} lines, head {found.head.hex()}"
    if found.intact:
        return f"{_WORDS[found.code]}: {head}" + (f"; {found.why}" if found.code == 4 else "")
    where = "" if found.bad is None else f" at line {found.bad}"
    good = f"; {found.lines} lines before it are good" if found.lines else ""
    return f"{_WORDS[found.code]}{where}: {one_line(found.why)}{good}"


@click.command("export")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--foreign", is_flag=True, help="With the texts of others (error details); else only their hashes.")
@place_options
@click.pass_obj
def export(place: Place, /, *, file: Path | None, foreign: bool) -> int:
    """Write the audit as JSON lines to FILE or stdout: each line's exact text, both hashes, and a checkpoint last.

    docs/verify_export.py checks such a file with nothing but Python's standard library.
    """
    from pointsman import wiring

    lines = wiring.export_audit(place.state_dir(), foreign)
    if file is None:
        for line in lines:
            say.raw(line + "\n")
        return DONE
    try:
        with file.open("x", encoding="utf-8", newline="\n") as out:
            out.writelines(line + "\n" for line in lines)
    except FileExistsError:
        raise Mistake(f"{file} exists already") from None
    except OSError as error:
        raise Failure(f"{file} cannot be written: {error.strerror}") from None
    say.tell(f"wrote {file}")
    return DONE


@click.command("rotate")
@click.option("--keep", type=click.IntRange(min=0), help="Delete all closed segments but the newest so many.")
@_anchor
@as_json
@place_options
@click.pass_obj
def rotate(place: Place, /, *, keep: int | None, stated: Path | None, as_json: bool) -> int:
    """Close the audit's present segment as a read-only file and go on in a new one. The chain goes on, too."""
    from pointsman import wiring

    closed, gone = run(wiring.rotate_audit(place.state_dir(), _anchor_of(place, stated), keep))
    if as_json:
        say.document({"closed": closed, "deleted": list(gone)})
        return DONE
    say.data(f"closed {closed}")
    for file in gone:
        say.data(f"deleted {file}, on record")
    return DONE


@click.command("erase")
@click.argument("seq", type=click.IntRange(min=1))
@click.argument("field", required=False)
@_anchor
@as_json
@place_options
@click.pass_obj
def erase(place: Place, /, *, seq: int, field: str | None, stated: Path | None, as_json: bool) -> int:
    """Erase the text of others (an error's detail, a reason) in line SEQ: all of it, or FIELD. The chain holds."""
    from pointsman import wiring

    try:
        fields, gone = run(wiring.erase_foreign(place.state_dir(), _anchor_of(place, stated), seq, field))
    except LookupError as missing:
        raise Mistake(str(missing.args[0])) from None
    if as_json:
        say.document({"line": seq, "erased": list(fields), "gone": gone})
        return DONE
    say.data(f"erased in line {seq}: {', '.join(fields)}")
    if not gone:
        say.tell("another process reads the ledger: the text leaves the write-ahead log when that one closes")
    return DONE
