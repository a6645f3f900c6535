"""Reads JSON5, the dialect of other programs' configuration files: comments, trailing commas, bare keys, both quotes.

Reads only: writing would lose the comments. Messages name line and column and never repeat what stands there, which may
be a secret. A file that is no JSON5 raises `NotJson5`, a ValueError.
"""

from __future__ import annotations

import re
from typing import Any

LARGEST = 1 << 20  # characters
_DEEPEST = 64
_BETWEEN = re.compile(r"(?:[\s\ufeff]+|//[^\n\r\u2028\u2029]*|/\*.*?\*/)*", re.DOTALL)
_NAME = re.compile(r"[^\W\d][\w$]*|\$[\w$]*")
_NUMBER = re.compile(
    r"([+-]?)(Infinity|NaN|0[xX][0-9a-fA-F]{1,64}|(?:\d{1,400}\.?\d*|\.\d+)(?:[eE][+-]?\d{1,6})?)(?![\w$.])"
)
_PLAIN = re.compile(r"[^\\'\"\n\r]+")
_WORDS = {"true": True, "false": False, "null": None}
_ESCAPES = {
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "b": "\b",
    "f": "\f",
    "v": "\v",
    "0": "\0",
    "\n": "",
    "\u2028": "",
    "\u2029": "",
}


class NotJson5(ValueError):
    """What is wrong, with line and column."""


def loads(text: str) -> Any:
    """The document as dicts, lists, str, int, float, bool and None."""
    if len(text) > LARGEST:
        raise NotJson5(f"is longer than {LARGEST:,} characters")
    reader = _Reader(text)
    value = reader.value(0)
    if reader.peek():
        raise reader.wrong("expected nothing more")
    return value


class _Reader:
    __slots__ = ("at", "text")

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def wrong(self, what: str) -> NotJson5:
        line = self.text.count("\n", 0, self.at) + 1
        return NotJson5(f"{what} at line {line}, column {self.at - self.text.rfind(chr(10), 0, self.at)}")

    def peek(self) -> str:
        """The next character that means something, `""` at the end."""
        between = _BETWEEN.match(self.text, self.at)
        self.at = between.end() if between else self.at
        return self.text[self.at : self.at + 1]

    def took(self, character: str) -> bool:
        found = self.peek() == character
        self.at += found
        return found

    def value(self, depth: int) -> Any:
        first = self.peek()
        if depth > _DEEPEST:
            raise self.wrong("nested too deeply")
        if first == "{":
            return self._object(depth)
        if first == "[":
            return self._array(depth)
        if first and first in "'\"":
            return self._string()
        return self._scalar()

    def _object(self, depth: int) -> dict[str, Any]:
        self.at += 1
        found: dict[str, Any] = {}
        while not self.took("}"):
            key = self._key()
            if not self.took(":"):
                raise self.wrong("expected a colon")
            found[key] = self.value(depth + 1)
            self._separator("}")
        return found

    def _array(self, depth: int) -> list[Any]:
        self.at += 1
        found: list[Any] = []
        while not self.took("]"):
            found.append(self.value(depth + 1))
            self._separator("]")
        return found

    def _separator(self, end: str) -> None:
        if not self.took(",") and self.peek() != end:
            raise self.wrong(f"expected a comma or {end}")

    def _key(self) -> str:
        first = self.peek()
        if first and first in "'\"":
            return self._string()
        name = _NAME.match(self.text, self.at)
        if name is None:
            raise self.wrong("expected a key")
        self.at = name.end()
        return name[0]

    def _scalar(self) -> Any:
        name, number = _NAME.match(self.text, self.at), _NUMBER.match(self.text, self.at)
        if name is not None and name[0] in _WORDS:
            self.at = name.end()
            return _WORDS[name[0]]
        if number is None:
            raise self.wrong("expected a value")
        self.at = number.end()
        return _number(number[1], number[2])

    def _string(self) -> str:
        quote, parts = self.text[self.at], []
        self.at += 1
        while (character := self.text[self.at : self.at + 1]) != quote:
            plain = _PLAIN.match(self.text, self.at)
            if plain is not None:
                parts.append(plain[0])
                self.at = plain.end()
            elif character == "\\":
                parts.append(self._escape())
            elif character and character in "'\"":
                parts.append(character)
                self.at += 1
            else:
                raise self.wrong("a text does not end on its line")
        self.at += 1
        return "".join(parts).encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def _escape(self) -> str:
        letter = self.text[self.at + 1 : self.at + 2]
        width = {"x": 2, "u": 4}.get(letter, 0)
        digits = self.text[self.at + 2 : self.at + 2 + width]
        if not letter or (width and not re.fullmatch(rf"[0-9a-fA-F]{{{width}}}", digits)):
            raise self.wrong("a broken escape")
        broken_line = self.text.startswith("\r\n", self.at + 1)
        self.at += 3 if broken_line else 2 + width
        if width:
            return chr(int(digits, 16))
        return "" if letter == "\r" else _ESCAPES.get(letter, letter)


def _number(sign: str, digits: str) -> int | float:
    factor = -1 if sign == "-" else 1
    if digits[:2] in ("0x", "0X"):
        return factor * int(digits, 16)
    if digits.isdigit():
        return factor * int(digits)
    return factor * float(digits.replace("Infinity", "inf").replace("NaN", "nan"))
