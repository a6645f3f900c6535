"""How Markdown looks: dense, from the left, in the theme's inks. Loaded with the first reply: it is heavy."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import ClassVar, Final

from pygments.token import Comment, Error, Generic, Keyword, Literal, Name, Number, String, Token
from rich import box
from rich.console import Console, ConsoleOptions, JustifyMethod, RenderResult
from rich.markdown import CodeBlock, Heading, Markdown, MarkdownElement, TableElement
from rich.style import Style
from rich.syntax import Syntax, SyntaxTheme
from rich.table import Table
from rich.theme import Theme
from textual.color import Color

from pointsman.tui.render.inks import Inks

_THEMES: Final = 4  # whose consoles are kept


class LeftHeading(Heading):
    """Every level begins where the text does."""

    LEVEL_ALIGN: ClassVar[dict[str, JustifyMethod]] = dict.fromkeys(Heading.LEVEL_ALIGN, "left")


class Code(CodeBlock):
    """On a ground of its own, which is edge enough: without Rich's blank rows above and below."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Syntax(str(self.text).rstrip(), self.lexer_name, theme=self.theme, word_wrap=True, padding=(0, 1))


class Grid(TableElement):
    """A line below the head, and none around."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for table in super().__rich_console__(console, options):
            if isinstance(table, Table):
                table.box, table.show_edge = box.SIMPLE_HEAD, False
            yield table


class Prose(Markdown):
    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "heading_open": LeftHeading,
        "fence": Code,
        "code_block": Code,
        "table_open": Grid,
    }


def prose(text: str, inks: Inks) -> Prose:
    """`text` must be clean. Without links that a terminal would act on."""
    return Prose(text, hyperlinks=False, code_theme=_code(inks))  # type: ignore[arg-type]  # Rich hands it to Syntax, which takes a theme as well as a name


@lru_cache(_THEMES)
def console(inks: Inks) -> Console:
    """What draws it: for no terminal, in all colours."""
    return Console(
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        legacy_windows=False,
        emoji=False,
        theme=Theme(_styles(inks)),
        _environ={},
    )


def _ink(colour: Color, **looks: bool) -> Style:
    return Style(color=colour.rich_color, **looks)  # type: ignore[arg-type]  # of each look one may be given


def _styles(inks: Inks) -> dict[str, Style]:
    faded, accent = _ink(inks.faded), _ink(inks.accent)
    return {
        **{f"markdown.h{level}": Style(bold=True) for level in range(3, 7)},
        "markdown.h1": _ink(inks.accent, bold=True, underline=True),
        "markdown.h2": _ink(inks.accent, bold=True),
        "markdown.code": accent + Style(bgcolor=inks.code.rich_color),
        "markdown.block_quote": _ink(inks.faded, italic=True),
        "markdown.item.bullet": accent,
        "markdown.item.number": accent,
        "markdown.link": _ink(inks.primary, underline=True),
        "markdown.link_url": faded,
        "markdown.hr": faded,
        "markdown.table.border": faded,
        "markdown.table.header": Style(bold=True),
    }


@lru_cache(_THEMES)
def _code(inks: Inks) -> SyntaxTheme:
    return _InkedCode(inks)


class _InkedCode(SyntaxTheme):
    def __init__(self, inks: Inks) -> None:
        primary, success, warning = _ink(inks.primary), _ink(inks.success), _ink(inks.warning)
        self._ground = Style(bgcolor=inks.code.rich_color)
        self._styles = {
            Token: _ink(inks.text),
            Comment: _ink(inks.faded, italic=True),
            Keyword: _ink(inks.primary, bold=True),
            Name.Builtin: primary,
            Name.Function: _ink(inks.accent),
            Name.Class: _ink(inks.accent, bold=True),
            Name.Decorator: _ink(inks.accent),
            Name.Tag: primary,
            Name.Attribute: warning,
            String: success,
            Number: warning,
            Literal: warning,
            Error: _ink(inks.error),
            Generic.Deleted: _ink(inks.error),
            Generic.Inserted: success,
            Generic.Heading: Style(bold=True),
            Generic.Subheading: primary,
        }

    def get_style_for_token(self, token_type: tuple[str, ...]) -> Style:
        """That of the nearest kind that has one."""
        kind = token_type
        while kind not in self._styles and len(kind):
            kind = kind[:-1] if not hasattr(kind, "parent") else kind.parent
        return self._styles.get(kind, self._styles[Token])

    def get_background_style(self) -> Style:
        return self._ground
