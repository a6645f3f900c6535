"""Token estimates without a tokenizer, rounded up: better to reserve too much than too little. Pure."""

from __future__ import annotations

from pointsman.core.request import Message

ASCII_CHARS_PER_TOKEN = 3.5  # English prose is about 4.3, code about 3
WIDE_TOKENS_PER_CHAR = 1.3  # Korean, Chinese, Japanese, emoji: between 0.7 and 2 in present vocabularies
IMAGE_TOKENS = 1600  # a large picture in present models
MESSAGE_TOKENS = 6  # role markers


def estimate_tokens(text: str) -> int:
    """Tokens of a text, rounded up. O(1) memory; ASCII text costs one C-level encode."""
    if not text:
        return 0
    wide = len(text) - len(text.encode("ascii", "ignore"))
    return int((len(text) - wide) / ASCII_CHARS_PER_TOKEN + wide * WIDE_TOKENS_PER_CHAR) + 1


def estimate_conversation(messages: tuple[Message, ...]) -> int:
    """Tokens of a whole conversation, with its images and markers."""
    return sum(
        estimate_tokens(message.text) + MESSAGE_TOKENS + IMAGE_TOKENS * len(message.images) for message in messages
    )
