"""The two alphabets of the screen: unicode, and ASCII for terminals and fonts that have nothing else."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Glyphs:
    good: str
    partial: str
    off: str
    bad: str
    unknown: str
    up: str
    down: str
    block: str
    change: str
    restart: str
    point: str
    dot: str
    arrow: str
    ellipsis: str
    fill: str  # partial cells from nearly empty to full, last one is a whole cell
    track: str
    tick: str
    left: str
    right: str
    spark: str


UNICODE = Glyphs(
    good="●",
    partial="◐",
    off="○",
    bad="✖",
    unknown="?",
    up="▲",
    down="▼",
    block="■",
    change="◆",
    restart="⟳",
    point="▸",
    dot="·",
    arrow="→",
    ellipsis="…",
    fill="▏▎▍▌▋▊▉█",
    track="·",
    tick="╎",
    left="▕",
    right="▏",
    spark="▁▂▃▄▅▆▇█",
)

ASCII = Glyphs(
    good="*",
    partial="~",
    off="o",
    bad="X",
    unknown="?",
    up="^",
    down="v",
    block="#",
    change="+",
    restart="@",
    point=">",
    dot="-",
    arrow="->",
    ellipsis="~",
    fill="#",
    track=".",
    tick="|",
    left="[",
    right="]",
    spark="_.-=+*%#",
)
