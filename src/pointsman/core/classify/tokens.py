"""How many tokens a conversation will cost, before anybody has counted them. Estimates on the high side.

Tokenizers of the models we route to spend about one token on four characters of English, and one on one and a half
characters of Korean, Chinese or Japanese. UTF-8 says which is which without looking at every character from Python:
each byte beyond the first of a character is a sign of the dearer kind.
"""

from __future__ import annotations

from collections.abc import Iterable

from pointsman.core.request import Message

PER_MESSAGE = 4  # role and separators of the chat template
PER_IMAGE = 1_600  # the most that a provider we know charges for one image at its default size


def estimate_tokens(text: str) -> int:
    """Tokens of `text`, rounded up. Linear in its size, but in C: a megabyte takes under a millisecond."""
    length = len(text)
    if text.isascii():
        return -(-length // 4)
    extra_bytes = len(text.encode("utf-8", "surrogatepass")) - length
    wide = min(length * 2, extra_bytes)  # in half characters: Hangul and Han add two bytes, accented Latin one
    # (length - wide / 2) / 4 + (wide / 2) / 1.5, over the common denominator 24
    return max(0, -(-(6 * length - 3 * wide + 8 * wide) // 24))


def conversation_tokens(messages: Iterable[Message]) -> int:
    """Tokens of all messages, with what the chat template and the images add."""
    return sum(estimate_tokens(message.text) + PER_MESSAGE + PER_IMAGE * len(message.images) for message in messages)
