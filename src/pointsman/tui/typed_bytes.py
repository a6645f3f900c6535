"""What is typed may be anything: a byte that is no UTF-8 (a paste from elsewhere, a line that was cut) becomes U+FFFD.

Textual's driver decodes strictly, and one such byte ends the program. It looks its decoder up by this name.
"""

from __future__ import annotations

from codecs import getincrementaldecoder
from functools import partial

_NAME = "getincrementaldecoder"


def accept_any() -> None:
    """From now on, for every screen of this process."""
    from textual.drivers import linux_driver

    setattr(linux_driver, _NAME, lambda encoding: partial(getincrementaldecoder(encoding), errors="replace"))
