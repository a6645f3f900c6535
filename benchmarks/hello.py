"""Textual's hello world: what any Textual program costs at least. The other benchmarks run it beside ours."""

from textual.app import App, ComposeResult
from textual.widgets import Footer, Header, Static


class Hello(App[None]):
    def compose(self) -> ComposeResult:
        yield Header()
        yield Static("hello world")
        yield Footer()


if __name__ == "__main__":
    Hello().run()
