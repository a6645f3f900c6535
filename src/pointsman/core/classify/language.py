"""Which language a prompt is written in: `en`, `ko` or `other`. Never translates, never guesses further."""

from __future__ import annotations

from pointsman.core.classify.cues import compiled
from pointsman.core.classify.view import View

_HANGUL = r"[가-힣ㄱ-ㆎ]"
_LETTER = r"[^\W\d_]"
# Greek to Khmer, kana, Han; not Hangul
_FOREIGN = r"[\u0370-\u1fff\u3040-\u9fff\uf900-\ufaff\uff66-\uff9f]"
_OTHER_LATIN = frozenset(
    """der die das und ist nicht ein eine wie ich mir bitte für mit auf von zu schreibe erkläre übersetze
    le la les des une est pas pour avec dans sur que qui je vous moi comment écris explique
    el los las una es por para con como qué cómo escribe dime sobre mi
    il gli che per non come una sono scrivi mi di
    o os um uma não como para com escreva em
    een het van niet hoe ik""".split()
)
_ENGLISH = frozenset(
    """the a an of to in is it and for on with how what who when where why which write create make give do does i you my
    me this that can please are was if from by be as at explain list""".split()
)
_LATIN_WORD = r"[a-zà-öø-ÿ]+"
_READ_CHARS = 400


def language_of(view: View) -> str:
    """`ko` if Hangul carries the prompt (a fifth of its letters), `other` for other scripts and languages, or `en`."""
    text = view.prose[:_READ_CHARS]
    if text.isascii():
        return _latin(text)
    hangul = len(compiled(_HANGUL).findall(text))
    foreign = len(compiled(_FOREIGN).findall(text))
    if not hangul and not foreign:
        return _latin(text)
    letters = max(1, len(compiled(_LETTER).findall(text)))
    if hangul * 5 >= letters:
        return "ko"
    return "other" if foreign * 3 >= letters else "en"


def _latin(text: str) -> str:
    words = compiled(_LATIN_WORD).findall(text)
    foreign = sum(map(_OTHER_LATIN.__contains__, words))
    if foreign < 2:
        return "en"
    return "other" if foreign > sum(word in _ENGLISH for word in words) else "en"
