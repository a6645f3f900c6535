"""The part of the app that keeps conversations, finds them again and brings them back; tabs; the user's own editor.

Asks the archive and the bridge; nothing here does I/O itself.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from textual import on
from textual.app import SuspendNotSupported
from textual.worker import Worker, WorkerError

from pointsman.tui import messages
from pointsman.tui.acting import changes
from pointsman.tui.render.paint import stack
from pointsman.tui.talking import TalkingApp
from pointsman.tui.untrusted import one_line

if TYPE_CHECKING:
    from pointsman.tui.archive import Archive
    from pointsman.tui.conversation import Conversation, Turn
    from pointsman.tui.screens.chats import ChatsScreen

_KEEPING = "keep"  # the group of workers that end by themselves and are never cut short


class ChattingApp(TalkingApp):
    archive: Archive | None = None
    _listing: ChatsScreen | None = None  # the list of kept conversations, as last shown
    _editing = False

    @on(messages.Opened)
    def open_archive(self, event: messages.Opened) -> None:
        from pointsman.tui.archive import Archive

        self.archive = Archive(event.console, self.post_message)

    # --- keeping ---

    @on(messages.Keep)
    def keep(self, event: messages.Keep) -> None:
        """Values are made now: what the conversation becomes meanwhile is another line."""
        from pointsman.tui import keeping

        talk = event.talk
        if self.archive is None or self.engine is None or not self.archive.keeps:
            return
        if event.turn is None:
            talk.id = talk.id or self.engine.new_request_id()
            turns = tuple(keeping.kept(turn) for turn in talk.turns)
            self.work(self.archive.keep_copy(keeping.head(talk, self.engine.snapshot.now), turns), _KEEPING)
        elif talk.id is not None and talk.place(event.turn) < len(talk.turns):
            self._keep_turn(talk, event.turn)

    def _keep_turn(self, talk: Conversation, turn: Turn) -> None:
        from pointsman.tui import keeping

        if self.archive is not None and self.engine is not None:
            head = keeping.head(talk, self.engine.snapshot.now)
            self.work(self.archive.keep(head, talk.place(turn), keeping.kept(turn)), _KEEPING)

    @on(messages.Cut)
    def cut(self, event: messages.Cut) -> None:
        if self.archive is not None and event.talk.id is not None:
            self.work(self.archive.cut(event.talk.id, event.place), _KEEPING)

    async def close(self) -> None:
        """What still runs is kept as far as it came, and what is being kept is waited for."""
        from pointsman.tui import keeping

        if self.archive is not None and self.archive.keeps and self.engine is not None:
            for talk in self.home.talks_now:
                running = talk.running
                if running is not None and talk.id is not None:
                    head = keeping.head(talk, self.engine.snapshot.now)
                    await self.archive.keep(head, talk.place(running), keeping.kept(running))
            await self._wait_for([worker for worker in self.workers if worker.group == _KEEPING])
        await super().close()

    async def _wait_for(self, workers: list[Worker[None]]) -> None:
        for worker in workers:
            with suppress(WorkerError):
                await worker.wait()

    # --- finding ---

    @on(messages.ChatsAsked)
    def chats_asked(self, event: messages.ChatsAsked) -> None:
        from pointsman.tui.screens.chats import ChatsScreen  # its widgets: not before the first frame

        if self.picture is not None and self._shown_list() is None:
            self._listing = ChatsScreen(self.picture.now, event.written)
            self.push_screen(self._listing)

    def _shown_list(self) -> ChatsScreen | None:
        return self._listing if self._listing in self.screen_stack else None

    @on(messages.ChatsLookedFor)
    def chats_looked_for(self, event: messages.ChatsLookedFor) -> None:
        if self.archive is not None:
            self.work(self.archive.look_for(event.written), "archive")

    @on(messages.ChatsFound)
    def chats_found(self, event: messages.ChatsFound) -> None:
        listing = self._shown_list()
        if listing is not None:
            listing.take(event.written, event.found)

    @on(messages.ChatOpenAsked)
    def chat_open_asked(self, event: messages.ChatOpenAsked) -> None:
        if self.archive is not None:
            self.work(self.archive.open(event.chat), "archive")

    @on(messages.ChatOpened)
    async def chat_opened(self, event: messages.ChatOpened) -> None:
        from pointsman.tui import keeping
        from pointsman.tui.panes.asking import TOO_MANY

        if not await self.chat.resume(keeping.resumed(event.chat)):
            self.tell(messages.Told(TOO_MANY, "warning"))
        self.home.show_pane("chat")

    @on(messages.DetailsAsked)
    def details_asked(self, event: messages.DetailsAsked) -> None:
        if self.archive is not None:
            self.work(self.archive.details(event.talk, event.first, event.end), "archive")

    @on(messages.Detailed)
    async def detailed(self, event: messages.Detailed) -> None:
        await self.chat.detailed(event)

    # --- changing what is kept ---

    @on(messages.ChatRenamed)
    @changes
    def chat_renamed(self, event: messages.ChatRenamed) -> None:
        for talk in self.chat.talks:
            if talk.conversation.id == event.chat:
                self.chat.retitle(talk.conversation, event.title)
        if self.archive is not None:
            self.work(self.archive.rename(event.chat, event.title), _KEEPING)
            self._look_again()

    @on(messages.ChatDeleteAsked)
    @changes
    def chat_delete_asked(self, event: messages.ChatDeleteAsked) -> None:
        from pointsman.tui.screens.confirm import Confirm

        if any(talk.conversation.id == event.chat and talk.conversation.running for talk in self.chat.talks):
            self.tell(messages.Told("a reply is running in it: stop that first", "warning"))
            return
        body = stack(
            [
                [("deletes  ", "head"), (event.title, "strong"), (f", {event.turns} turns", "")],
                [("for good: its prompts and answers leave the file; audit lines hold no word of them", "dim")],
            ]
        )

        def answered(choice: str | None) -> None:
            if choice == "yes" and self.archive is not None:
                self.work(self.archive.delete(event.chat), _KEEPING)

        self.push_screen(Confirm("delete this conversation?", body, "delete"), answered)

    @on(messages.ChatDeleted)
    async def chat_deleted(self, event: messages.ChatDeleted) -> None:
        await self.chat.forget(event.chat)
        self._look_again()

    def _look_again(self) -> None:
        listing = self._shown_list()
        if listing is not None:
            listing.look()

    @on(messages.ChatExportAsked)
    def chat_export_asked(self, event: messages.ChatExportAsked) -> None:
        from pointsman.core import chats
        from pointsman.tui.screens.choice import Choice

        def chosen(ending: str | None) -> None:
            if ending is not None and self.archive is not None:
                self.work(self.archive.export(event.chat, event.title, ending), "export")

        self.push_screen(Choice("export as", list(chats.FORMATS.items())), chosen)

    # --- the user's own editor ---

    @on(messages.EditorAsked)
    def editor_asked(self, event: messages.EditorAsked) -> None:
        if self.bridge is not None and not self._editing:
            self._editing = True  # a terminal that is handed over twice is never given back
            self.work(self._in_editor(event.text), "editor")

    async def _in_editor(self, text: str) -> None:
        """The terminal is the editor's meanwhile: what is heard is folded, and nothing is drawn."""
        assert self.bridge is not None
        if self.leaving:
            return
        try:
            with self.suspend(), self.batch_update():
                written, problem = await self.bridge.edit(text)
        except SuspendNotSupported:
            written, problem = None, "this terminal cannot be handed to an editor"
        finally:
            self._editing = False
        if problem:
            self.tell(messages.Told(one_line(problem), "error"))
        elif written is not None:
            self.chat.prompt.put(written)
        self.refresh(layout=True)

    # --- keys ---

    async def action_new_chat(self) -> None:
        self.home.show_pane("chat")
        await self.chat.new()

    def action_chats(self) -> None:
        self.post_message(messages.ChatsAsked())

    async def action_show_tab(self, step: int) -> None:
        self.home.show_pane("chat")
        await self.chat.show_talk(self.chat.place + step)

    async def action_close_tab(self) -> None:
        await self.chat.close()

    async def action_clear_chat(self) -> None:
        await self.chat.clear()

    async def action_follow(self) -> None:
        await self.chat.transcript.action_last()

    def action_write(self, text: str) -> None:
        """Begins a command in the input."""
        self.home.show_pane("chat")
        self.chat.prompt.put(text)

    def action_export_chat(self, ending: str = "md") -> None:
        from pointsman.tui import keeping

        if self.bridge is not None and self.chat.conversation.turns:
            text = keeping.exported(self.chat.conversation, ending)
            self.work(self.bridge.export(f"chat.{ending}", text), "export")

    def action_delete_chat(self) -> None:
        talk = self.chat.conversation
        if talk.id is None or talk.running is not None:
            self.tell(messages.Told("nothing of this conversation is kept yet, or a reply is running", "warning"))
        else:
            self.post_message(messages.ChatDeleteAsked(talk.id, talk.title, len(talk.turns)))
