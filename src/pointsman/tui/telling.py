"""The part of the app that tells a person what happened: one toast at a time, everything in a history, and a signal
where nobody looks at the terminal."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from textual import on
from textual.notifications import Notify, SeverityLevel
from textual.widgets._toast import ToastHolder

from pointsman.tui import messages
from pointsman.tui.notices import Notices
from pointsman.tui.render import figures
from pointsman.tui.signals import Signals
from pointsman.tui.steady import SteadyApp
from pointsman.tui.untrusted import clean

if TYPE_CHECKING:
    from pointsman.tui.picture import Picture

LONG_REPLY: Final = 10.0  # seconds from which on the end of a reply is worth a signal
_RANK: Final[dict[SeverityLevel, int]] = {"information": 0, "warning": 1, "error": 2}


BANNER_S: Final = 120.0  # that the line of a crossed band stands


class TellingApp(SteadyApp):
    picture: Picture | None = None

    def __init__(self, signals: Signals) -> None:
        super().__init__()
        self.notices = Notices()
        self.do_not_disturb = False
        self._signals = signals
        self._asked_at: dict[str, float] = {}  # request -> when, in the picture's time

    # --- toasts: never two at once ---

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """Never as markup."""
        super().notify(message, title=title, severity=severity, timeout=timeout, markup=False)

    def _on_notify(self, event: Notify) -> None:
        """Before Textual's own: the newest word takes the place of the one before, with what is worse below it."""
        fresh = event.notification
        for each in list(self._notifications):
            if _RANK[each.severity] > _RANK[fresh.severity]:
                worst = each.message.rpartition("\n")[2]
                fresh.message, fresh.severity = f"{fresh.message}\n{worst}", each.severity
        self._notifications.clear()
        for holder in self.screen.query(ToastHolder):
            holder.remove()

    @on(messages.Told)
    def tell(self, event: messages.Told) -> None:
        """What a person's own act led to: told also to who does not want to be disturbed."""
        text = clean(event.text)
        if event.aloud:
            self.notify(text, severity=event.severity)
        if self.picture is not None:
            self.notices.told(self.picture.now, text, event.severity)

    def tell_changes(self, picture: Picture) -> Picture:
        """Tells what is new in the picture, and returns it with what is unread."""
        new = self.notices.see(picture)
        fresh = [each for each in new if each.aloud and not self.do_not_disturb]
        for each in new:
            if each.banner:
                picture = replace(picture, standing=(f"{each.text}   (A: what else happened)", each.at + BANNER_S))
        if fresh:
            worst = max(fresh, key=lambda each: _RANK[each.severity])
            more = f"  (+{len(fresh) - 1} more: A)" if len(fresh) > 1 else ""
            self.notify(worst.text + more, severity=worst.severity)
        for each in fresh:
            if each.ended:
                self.signal(each.ended)
        return replace(picture, unread=self.notices.unread, do_not_disturb=self.do_not_disturb)

    # --- signals, for who looks elsewhere ---

    def signal(self, words: str) -> None:
        if not self.app_focus and not self.do_not_disturb and self._driver is not None:
            self._driver.write(self._signals.written(words))

    def reply_began(self, request: str) -> None:
        self._asked_at[request] = self.picture.now if self.picture is not None else 0.0

    def reply_ended(self, request: str) -> None:
        asked = self._asked_at.pop(request, None)
        took = self.picture.now - asked if self.picture is not None and asked else 0.0
        if took >= LONG_REPLY:
            self.signal(f"a reply ended after {figures.until(took)}")
