"""Whether a sentence wants something done, tells something, or only asks: asking what OAuth is changes nothing.

Owns the words that open an order, a question and a tale, and how long a question's matter goes on. Must never know
what is risky.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Final

from pointsman.core.classify.cues import compiled
from pointsman.core.classify.reading import Sentence


class Mood(Enum):
    """What a sentence is for."""

    ORDER = "order"  # wants something done
    MAKE = "make"  # wants a new thing that stands alone: a function, a query, the solution of an exercise
    TELL = "tell"
    ASK = "ask"  # wants something explained, told or summarised
    WRITE = "write"  # wants a text for people to read, or work on one


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_POLITE: Final = _set(
    """please pls plz can could would will you u hey hi hello ok okay so and then also now just quick quickly
    kindly next finally first i'd i we want need like to let's lets help me us should must have has got
    gotta go ahead don't"""
)
_ASKS: Final = _set(
    """what what's whats who who's whom whose when where why which explain describe define summarize summarise
    translate compare recommend suggest tell teach is are was were does do did proofread count draw recap
    discuss outline brainstorm estimate imagine pretend act list name quiz paraphrase rephrase difference
    best how how's convince roleplay essay riddle
    poem tagline"""
)
_ASKS_FOR_ONESELF: Final = frozenset(
    tuple(pair.split()) for pair in ("should i", "can i", "could i", "may i", "must i")
)
_WRITES: Final = _set("write compose draft tell sing invent think")
_GIVES: Final = _set("create make give generate prepare show design")
_SOME: Final = _set("a an me some two three four five ten my us")
_FOR_PEOPLE: Final = _set(
    """poem poems story stories essay song haiku limerick blog article articles speech novel tweet scene joke jokes
    quiz riddle email mail letter slogan caption tagline overview explanation example examples history
    definition summary biography advertisement headline headlines screenplay dialogue dialog review
    paragraph sonnet lyrics invitation flashcards tone poster note press newsletter questions interview
    presentation slides announcement fable parody horoscope excuse comparison tutorial lesson lecture report memo resume
    cv"""
)
_KNOWN: Final = _set("the our all every each this")  # what is named so stands in the program already
_MAKES: Final = _set(
    """write create make implement build generate develop code give show complete given return find design"""
)
_STAND_ALONE: Final = _set(
    """script tool app bot site page website function functions program query regex regexp class solution macro
    component snippet algorithm method statement lambda calculator game one-liner expression loop sql sum
    string array list tests numbers integer integers stack decorator"""
)
_TEXT_WORK: Final = _set(
    """convert extract shorten rewrite clean classify label tag format sort turn condense clean polish edit improve
    correct fix tidy expand simplify make split group categorize categorise"""
)
_TEXTS: Final = _set(
    """text passage article letter notes paragraph sentence sentences transcript essay minutes conversation
    dialogue review reviews abstract tweet feedback resume bullet bullets excerpt poem story speech"""
)
_FIXES: Final = _set(
    """fix implement add change remove apply update rewrite refactor migrate drop delete rotate replace patch set
    make write encrypt disable enable move rename expose store deploy"""
)
_LEADS_TO: Final = _set("and then please also , want need should must")
# Blocks of `cues`: one pattern a line.
_KOREAN_ASKS: Final = r"""
뭐야|뭔가요|무엇|인가요|이란|란 |설명|알려|차이|의미|뜻|요약|번역|추천|방법|언제|어디|왜 | 법$|요령
비교|누구|토큰이 뭐|어원|장점|단점
(?:시|소설|편지|이메일|메일|글|이야기|에세이|동화|노래|시나리오|메시지|공지문|안내문|축사|소개서)\
(?:를|을)? (?:하나 )?(?:써|지어|작성)
"""
_KOREAN_ORDERS: Final = r"""
(?:수정|구현|추가|변경|적용|삭제|제거|교체|배포|해결|처리|작성|이전|설정|강화|갱신|연동|분리|통합|검토|패치|반영|전환)\
(?:해|하|좀| 부탁|$)
고쳐|바꿔|바꾸|지워|지우|없애|옮겨|옮기|늘려|줄여|올려|내려|막아|만들어|되게|하게|하도록|업그레이드|허용
"""


def minded(sentences: Iterable[Sentence], orders: frozenset[str], own: int) -> Iterator[tuple[Sentence, Mood]]:
    """Each sentence that does not only ask, nor belong to the matter of a question, and its mood.

    `orders` are words that can open an order; `own` is what a question about one's own things speaks of.
    """
    asked = to_the_end = False
    mood = Mood.TELL
    for sentence in sentences:
        if sentence.starts and not to_the_end:
            mood = _mood(sentence, orders, own)
            asks = mood in (Mood.ASK, Mood.WRITE)
            asked = asks or (asked and mood is Mood.TELL)
            to_the_end = mood is Mood.WRITE or (asks and sentence.closes in (":", "\n"))
        if not asked:
            yield sentence, mood


def _mood(sentence: Sentence, orders: frozenset[str], own: int) -> Mood:
    words = sentence.words
    at = 0
    while at < len(words) - 2 and words[at] in _POLITE:
        at += 1
    mood = _korean_mood(" ".join(words)) if any(word >= "가" for word in words) else _english_mood(words, at, orders)
    if mood is Mood.ASK and (sentence.means & own or _goes_on_to_order(words)):
        return Mood.TELL
    return mood


def _english_mood(words: tuple[str, ...], at: int, orders: frozenset[str]) -> Mood:
    word, following = words[at], words[at + 1 : at + 9]
    if word in _ASKS or words[:2] in _ASKS_FOR_ONESELF:
        return Mood.ASK
    if (word in _WRITES or (word in _GIVES and following[:1] and following[0] in _SOME)) and _for_people(following):
        return Mood.WRITE
    if word in _TEXT_WORK and not _TEXTS.isdisjoint(following):
        return Mood.WRITE
    if word in _MAKES and not _STAND_ALONE.isdisjoint(following[:5]) and words[at + 1] not in _KNOWN:
        return Mood.MAKE
    return Mood.ORDER if word in orders else Mood.TELL


def _for_people(following: tuple[str, ...]) -> bool:
    return bool(following) and following[0] not in _KNOWN and not _FOR_PEOPLE.isdisjoint(following[:6])


def _korean_mood(text: str) -> Mood:
    if compiled(_KOREAN_ASKS).search(text):
        return Mood.TELL if compiled(_KOREAN_ORDERS).search(text) else Mood.ASK
    return Mood.ORDER if compiled(_KOREAN_ORDERS).search(text) else Mood.TELL


def _goes_on_to_order(words: tuple[str, ...]) -> bool:
    return any(word in _FIXES and words[at - 1] in _LEADS_TO for at, word in enumerate(words) if at)
