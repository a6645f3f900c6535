"""What a prompt says about its own size, urgency and wishes: files, lines, paths, critical, ambiguous, user's wish.

Every finding carries the words that gave it. Nothing is guessed from the subject: what is not said stays unknown.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from pointsman.core.classify.cues import STEM, Cue, Gate, compiled
from pointsman.core.classify.view import View
from pointsman.core.conditions import FactValue

NEW_APP_LINES = 800  # what a whole application takes at least; document 002 draws its line at 500
MANY_FILES = 10  # "across the codebase": more than any small-change limit
SEVERAL_FILES = 3
SHORT_OF_DETAIL_CHARS = 2_000  # a longer prompt has said enough not to be called ambiguous for one hedge


class Finding(NamedTuple):
    """One fact, its value, and the words that gave it."""

    fact: str
    value: FactValue
    words: str


_PATH = (
    r"(?<![\w/:.])(?:\.{0,2}/)?(?:[\w@.-]+/)*[\w@-][\w@.-]*\.(?:py|pyi|js|jsx|ts|tsx|mjs|go|rs|java|kt|swift|c|cc|cpp|h|hpp"
    r"|cs|rb|php|sh|sql|html|css|scss|vue|toml|ya?ml|json5?|md|txt|proto|prisma|lock|ini|cfg|tf|lua|scala)\b(?![/\w])"
    r"|(?<![\w/:.])(?:[\w@.-]+/){2,}[\w@.-]*|(?<!\w)\.env(?:\.\w+)?\b"
)
_EXTENSION = re.compile(r"\.[a-z][a-z0-9]{0,4}\b")  # a cheap look before the pattern for paths
_NUMBER = {"two": 2, "three": 3, "four": 4, "five": 5, "several": 3, "multiple": 3, "many": MANY_FILES}
_SIZE_OF_SOMETHING_ELSE = re.compile(r"\b(?:summar\w+|log|poem|limit|in|within|under|at most|first|last|top)\s*$")

CUES = (
    Cue(
        "line-count", "line lines loc", "줄 라인", r"(\d[\d,_]*)\s?(k)?[- +]?(?:lines?\b|loc\b|줄(?!로|씩| ?요약)|라인)"
    ),
    Cue(
        "file-count",
        "file files module package crate service",
        "파일",
        r"(?<!how )\b(\d{1,4}|two|three|four|five|several|multiple|many) (?:\w+ )?"
        r"(?:files|modules|packages|crates|services)\b"
        r"|(\d+)개(?:의)? ?파일|파일 ?(\d+)개",
    ),
    Cue(
        "everywhere",
        "codebase code repository repo project monorepo file files module package crate service",
        "전체 모든 여러",
        r"""
\b(?:across|throughout|everywhere in|over) (?:(?:the|our|this|all|every|whole|entire) )*(?:code ?base|\
repo(?:sitory)?|project)\b
\b(?:across|throughout) (?:(?:the|our|this|all|every) )*(?:monorepo|packages|crates|services|modules|files)\b
\bmulti-file\b
\bevery (?:file|module|crate|package|service)\b
\b(?:all|entire|whole) (?:of )?(?:the |our )?(?:files|modules|crates|code ?base|repo(?:sitory)?)\b
코드베이스 전체
전체 (?:코드|프로젝트|파일)
모든 파일
여러 파일
""",
    ),
    Cue(
        "new-app",
        """app apps application platform saas ecommerce commerce system engine compiler scratch full major
        big large massive rewrite""",
        "앱 애플리 플랫폼 쇼핑몰",
        r"""
\b(?:build|create|develop|write|make|implement|scaffold) (?:(?:me|us|an?|the|our|new|complete|full|whole|entire|\
web|mobile|e-?commerce) )*(?:app|application|platform|saas)\b
\b(?:build|create|develop|write|make|implement) (?:(?:me|us|an?|the|our|new|complete|full|\
whole) )*(?:operating system|game engine|compiler)\b
\b(?:build|create|develop|make) (?:(?:me|us|an?|the|our|new|complete|full) )*e-?commerce (?:site|store|shop)\b
\bfrom scratch\b
\bfull-stack\b
\b(?:major|big|large|massive) (?:refactor\w*|rewrite)\b
\brewrite (?:the |our )?(?:whole|entire)\b
(?:앱|애플리케이션|플랫폼|쇼핑몰)[을를]? ?(?:처음부터 )?(?:만들|개발|구축)
""",
    ),
    Cue(
        "small",
        "typo typos line liner oneliner quick quickly small tiny trivial minor single just",
        "오타 간단 빨리 살짝",
        r"""
\btypos?\b
\bone[- ]lin(?:e|er)\b
\bquick(?:ly)?\b
\bsmall (?:fix|change|bug|patch|script)\b
\b(?:tiny|trivial|minor)\b
\bsingle (?:file|function|line)\b
\bjust (?:rename|change|add|fix|remove)\b
오타|간단(?:한|히)|빨리|살짝
""",
    ),
    Cue(
        "critical",
        """down broken offline fire failing outage sev p urgent urgently critical critically
        emergency asap hotfix immediately""",
        "다운 장애 긴급 급합 급해",
        r"""
\b(?:prod(?:uction)?|site|service|server|database|checkout|payments?|everything|api) (?:is|are|has been|went|\
goes) (?:\w+ )?(?:down|broken|offline|on fire|failing)\b
\boutage\b
\bsev[- ]?[01]\b|\bp0\b
\b(?:this|it|that) is (?:an? )?(?:very |really |extremely )?(?:urgent|critical|emergency)\b
\burgent(?:ly)?[:!,]|\burgent critical\b
\b(?:urgently|asap|emergency|hotfix|immediately) (?:fix|need|patch|restore|help)\b
\bcritical(?:ly)? (?:production |security )?(?:incident|bug|outage|issue|failure|vulnerability)\b
\b(?:need|fix) (?:this|it) asap\b
서버[가는]? ?(?:다운|죽었|내려)|운영 ?장애|장애 ?(?:발생|상황)|긴급|급합니다|급해
""",
    ),
    Cue(
        "full_sweep",
        """sweep inventory pass audit document doc docs file files note notes ticket page pages repo repos repository
        codebase archive corpus corpora module""",
        "전수 전체",
        r"""
\b(?:full|complete|exhaustive|whole) (?:sweep|inventory|pass)\b
\b(?:full|complete|exhaustive) audit\b
\bsweep (?:through )?(?:the|all|our)\b
\b(?:read|go through|review|check|scan|audit|summari[sz]e) (?:all|every|each|the entire|the whole)\b(?: of)?(?: the|\
 our)? ?(?:\w+ )?(?:document|doc|file|note|ticket|page|repo|repository|codebase|archive|corpus|module)s?\b
전수 ?(?:조사|검사)|전체 ?(?:문서|파일).{0,12}(?:검토|점검|확인)
""",
    ),
    Cue(
        "contradictions",
        "contradict conflicting conflict inconsistent disagree reconcile",
        "모순 상충 서로",
        r"""
\bcontradict\w*
\bconflicting (?:sources|documents|reports|statements|versions|accounts|information|requirements|specs?)\b
\binconsisten\w+ (?:between|across|among)\b
\b(?:sources|documents|specs?|reports|versions) (?:that )?(?:disagree|conflict)\b
\breconcile\b
모순|상충|서로 다른 주장
""",
    ),
    Cue(
        "tool_heavy",
        """run execute search browse scrape open click navigate download fetch curl tool tools ssh log call
        grep check create commit""",
        "실행 돌려 검색",
        r"""
\b(?:run|execute) (?:the |all |our )?(?:\w+ )?(?:tests?|commands?|script|build|linter|benchmarks?|suite|migrations?)\b
\bsearch (?:the )?(?:web|internet|online|repo\w*|code ?base|docs)\b
\bbrowse\b|\bscrape\b|\bgrep\b
\b(?:open|click|navigate to|download|fetch|curl)\b.{0,40}\b(?:page|url|site|link|file|browser)s?\b
\buse (?:the |your )?(?:\w+ )?tools?\b
\b(?:ssh|log) into\b
\bcall the \w+ api\b
\bcheck (?:the )?(?:logs?|email|calendar|usage)\b
\bcreate (?:a )?(?:pull request|branch|ticket)\b
\bcommit and push\b
테스트를? ?(?:실행|돌려)|웹에서 ?검색|검색해서
""",
    ),
    Cue(
        "ambiguous",
        """somehow something sure know whatever figure maybe tbd unclear ambiguous decide some better nicer
        work good pop improve clean fix right mean""",
        "알아서 대충 적당 모르 어떻게든",
        r"""
\bsomehow\b
\b(?:or something|something like that)\b
\b(?:not sure|don'?t know) (?:exactly )?(?:what|how|which|whether|if)\b
\bwhatever you think\b
\bfigure (?:it|this) out\b
\bmaybe (?:also|we|it)\b
\b(?:tbd|unclear|ambiguous)\b
\byou decide\b
\bsome kind of\b
\bmake it (?:better|nicer|work|good|pop)\b
\bimprove (?:it|this|things)\b
\bclean (?:it|this|things) up\b
\bfix (?:it|this|things|everything)[.!]*$
\bdoesn'?t feel right\b
\byou know what i mean\b
알아서|대충|적당히|잘 모르겠|어떻게든
""",
    ),
    Cue(
        "local",
        "local locally offline device premises prem cloud leave send sending upload uploading",
        "로컬 오프라인 클라우드",
        r"""
\b(?:keep|run|do|process|answer|handle) (?:\w+ ){0,3}(?:locally|offline|on[- ]device|on[- ]prem(?:ises?)?)\b
\bkeep (?:\w+ ){0,2}local\b(?! (?:variable|storage|state|time|branch|file|copy|cache|database|folder))
\b(?:stay|stays|remain) (?:local|offline|on (?:this|my) (?:machine|computer|laptop|device))\b
\buse (?:the |a |my |only )*local (?:model|llm|gpu)\b
\blocal[-_ ]only\b
\b(?:no|without the|never use the|avoid the|not (?:in|to|through) the) cloud\b(?! (?:storage|cover|formation))
\b(?:do not|don'?t|must not|never|without) (?:let \w+ )?(?:use|using|send|sending|upload|\
uploading)\b.{0,40}\b(?:cloud|external|third part\w+)\b
\b(?:not|never) leave (?:this|my|the|our) (?:machine|network|computer|laptop|house)\b
로컬(?:에서|로|로만|모델)|오프라인으로|클라우드(?:로|에)?는? ?(?:보내지|쓰지|사용하지)
""",
    ),
    Cue(
        "cloud",
        "cloud best strongest smartest frontier premium claude opus sonnet gpt chatgpt gemini",
        "클라우드",
        r"""
\b(?:use|ask|try|via|with|escalate to|go to|hand (?:this|it) to|(?:send|route) (?:this|it) to|run (?:this|\
it) (?:on|in)) (?:the |a )?cloud(?: (?:model|llm))?(?=[ ,.;:!?]*$|[,.;:!?]| (?:for|to|on|if|here|this|please|\
and|model|llm)\b)
\b(?:use|ask|try|want|escalate to|(?:send|route) (?:this|it) to) (?:the |a |your )?(?:best|strongest|smartest|\
frontier|premium) (?:cloud |available )?model\b
\b(?:use|ask|escalate to|(?:send|route|give|hand) (?:this|it) to|run (?:this|it) on) (?:claude|opus|sonnet|\
gpt[-\w.]*|gemini|chatgpt)\b(?! (?:api|sdk|cli|code))
클라우드(?:로|에서|를)? ?(?:처리|사용|써|돌려|보내 ?줘|모델)
""",
    ),
)
_TOOL_STEMS = frozenset(word[:STEM] for cue in CUES if cue.name == "tool_heavy" for word in cue.stems.split())
_BY_NAME = {cue.name: cue for cue in CUES}


class Scope:
    """The cues of one prompt, looked up at most once each."""

    __slots__ = ("_open", "paths", "view")

    def __init__(self, view: View) -> None:
        self.view = view
        self.paths = paths_in(view.text)
        self._open = _gate().opened_by(view.stems, view.prose)

    def words(self, name: str) -> str | None:
        """The words that gave cue `name`, or None."""
        match = self.match(name)
        return match[0].strip()[:80] if match else None

    def match(self, name: str) -> re.Match[str] | None:
        return _BY_NAME[name].find(self.view.prose) if name in self._open else None

    def quotes(self, name: str) -> bool:
        """Whether the words of cue `name` stand between quotation marks: in a text to work on, not in the wish."""
        match = self.match(name)
        return match is not None and self.view.prose.count('"', 0, match.start()) % 2 == 1

    def sizes(self) -> list[Finding]:
        """paths, files and lines, as far as the prompt gives them."""
        found = [Finding("paths", self.paths, ", ".join(self.paths[:3]))] if self.paths else []
        found += [finding for finding in (self._files(), self._lines()) if finding]
        return found

    def wishes(self) -> list[Finding]:
        """critical, full_sweep, contradictions, tool_heavy and user_wants, where the prompt says so."""
        found = [
            Finding(fact, True, words)
            for fact in ("critical", "full_sweep", "contradictions")
            if (words := self.words(fact))
        ]
        if tools := self._tools():
            found.append(Finding("tool_heavy", True, tools))
        for place in ("local", "cloud"):
            if words := self.words(place):
                return [*found, Finding("user_wants", place, words)]
        return found

    def ambiguity(self) -> str | None:
        """The words that leave open what is wanted, or None. Files or code in the prompt settle it."""
        if self.paths or self.view.fenced or self.view.length > SHORT_OF_DETAIL_CHARS:
            return None
        return self.words("ambiguous")

    def _tools(self) -> str | None:
        if "tool_heavy" not in self._open or len(self.view.stems & _TOOL_STEMS) < 2:
            return None
        uses = dict.fromkeys(match[0] for match in _BY_NAME["tool_heavy"].find_all(self.view.prose))
        return ", ".join(list(uses)[:3]) if len(uses) >= 2 else None

    def _files(self) -> Finding | None:
        named = len(self.paths)
        if words := self.words("everywhere"):
            return Finding("files", max(MANY_FILES, named), words)
        if match := self.match("file-count"):
            word = match[1] or match[2] or match[3]
            return Finding("files", max(_NUMBER.get(word) or int(word), named), match[0])
        if words := self.words("new-app"):
            return Finding("files", max(SEVERAL_FILES, named), words)
        return Finding("files", named, ", ".join(self.paths[:3])) if named else None

    def _lines(self) -> Finding | None:
        match = self.match("line-count")
        if match and not _SIZE_OF_SOMETHING_ELSE.search(self.view.prose, max(0, match.start() - 20), match.start()):
            digits = "".join(filter(str.isdigit, match[1]))[:9]
            return Finding("lines", int(digits) * (1_000 if match[2] else 1), match[0].strip())
        words = self.words("new-app")
        return Finding("lines", NEW_APP_LINES, words) if words else None


def paths_in(text: str) -> tuple[str, ...]:
    """Paths and file names in `text`, each once, in order, at most 20. Addresses of the web are not paths."""
    if not (_EXTENSION.search(text) or text.count("/") >= 2):
        return ()
    return tuple(dict.fromkeys(match[0] for match in compiled(_PATH).finditer(text)))[:20]


@cache
def _gate() -> Gate:
    return Gate(CUES)
