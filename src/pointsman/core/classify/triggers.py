"""The high-risk triggers of document 002 §7, in order. Data only: `risk` reads them.

Pattern blocks are those of `cues`: one alternative a line, without regard to case, tried only where one of \
`stems` (the
first letters of words) or `korean` occurs.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """`code` names the class of risk. `words` reads prompts, `paths` touched paths, `lines` changed lines of a diff."""

    code: str
    stems: str
    korean: str
    words: str
    paths: str = ""
    lines: str = ""


TRIGGERS = (
    Trigger(
        code="auth",
        stems="""auth authn authz authenticate authorize unauthorized login logout log sign signin sso saml oauth
        oauth2 oidc openid jwt jwts csrf xsrf rbac token session password permission privilege mfa 2fa totp
        passkey webauthn impersonate cors samesite site sudoer factor admin access""",
        korean="인증 로그인 인가 권한 세션 토큰 비밀번호",
        words=r"""
\bauth(?:n|z)?\b
\bauthenticat\w+
\bauthori[sz](?:ation|ed? (?:users?|requests?|access))\b
\bunauthori[sz]ed\b
\b(?:log|sign)[- ]?(?:in|out|up)\b(?= (?:flow|form|handler|endpoint|page|route|logic|with|via|using|attempt|\
session|code))
\blogin\b
\b(?:sso|saml|oauth2?|oidc|openid|jwts?|csrf|xsrf|rbac|mfa|2fa|totp|passkeys?|webauthn|cors|same-?site|sudoers?)\b
\b(?:two|multi)[- ]factor\b
\b(?:access|bearer|refresh|session|id|csrf|auth|reset) tokens?\b
\btoken (?:validation|expiry|signing|verification|refresh|rotation)\b
\bsession (?:cookies?|fixation|hijack\w*|ids?|invalidation|expiry|timeout|management|store)\b
\bpasswords? (?:hash\w*|reset|policy|storage|check\w*|verif\w+)\b
\b(?:hash|salt|reset|verify|store)\w* (?:the |user |users' |all )?passwords?\b
\b(?:permission|access|privilege|admin)s? (?:check|control|guard|model|level|role|rule)s?\b
\badmin (?:rights|only|privileges|access)\b
\bprivilege escalation\b
\bimpersonat\w+ users?\b
인증(?!서|샷)
로그인
인가 ?(?:로직|처리)
권한 ?(?:검사|확인|관리|체크|부여|상승)
세션 ?(?:토큰|쿠키|관리|만료)
액세스 ?토큰
비밀번호 ?(?:해시|해싱|재설정|검증|저장)
""",
        paths=r"(?:^|[/_.-])(?:auth|authn|authz|oauth|login|session|permissions?|rbac|acl|jwt|sso|saml)(?:[/_.-]|$)",
        lines=r"""
\b(?:verify|check|set)_password
\bis_(?:admin|authenticated)\b
\blogin_required\b
\bjwt\.
\bbcrypt\b
\bauthorize
\bhas_permission
csrf
""",
    ),
    Trigger(
        code="crypto",
        stems="""encrypt decrypt crypto aes rsa hmac argon2 bcrypt scrypt ed25519 pbkdf2 tls ssl mtls certificate
        signature derivation nonce nonces csprng injection xss ssrf rce traversal vulnerability cve security
        exploit firewall""",
        korean="암호 복호 인증서 서명 보안 취약 방화벽",
        words=r"""
\b(?:en|de)crypt\w*\b
\bcryptograph\w+
\bcrypto (?:lib\w*|module|code|provider|primitives?)\b
\b(?:aes|rsa|hmac|argon2|bcrypt|scrypt|ed25519|pbkdf2)(?:[- ]?\d+)?\b
\b(?:m?tls|ssl)\b
\bcertificate (?:check\w*|validation|verification|pinning|rotation)\b
\bsignature (?:verification|validation|check\w*)\b
\b(?:verify|check|skip)\w* (?:the )?(?:webhook )?signatures?\b
\bkey derivation\b
\bnonces?\b(?= (?:reuse|generation))
\bcsprng\b
\b(?:sql injection|xss|ssrf|rce|path traversal|vulnerabilit\w+|cve-\d+|exploit)\b
\bsecurity (?:hole|fix|patch|check|header|bug|issue|flaw|rule|polic)\w*\b
\bcontent[- ]security[- ]policy\b
\bfirewall rules?\b
암호화
복호화
인증서 ?(?:검증|교체|갱신)
서명 ?검증
보안 ?(?:취약|패치|설정|헤더|검사|수정)
취약점
방화벽
""",
        paths=r"""
(?:^|[/_.-])(?:crypto|cipher|tls|ssl|certs?|security|signing)(?:[/_.-]|$)
\.(?:pem|key|crt|p12)$
""",
        lines=r"""
\bhashlib\b
\bhmac\.
\bCipher
\bAES\b
verify=False
InsecureSkipVerify
_create_unverified
rejectUnauthorized
""",
    ),
    Trigger(
        code="secrets",
        stems="""key keys credential secret env keychain keyring vault password pii personal social card passport ssn
        ssns gdpr token""",
        korean="시크릿 비밀 개인 키 자격 주민",
        words=r"""
\b(?:api|secret|private|signing|encryption|access|ssh|service[- ]account|deploy|gpg|stripe) keys?\b
\b(?:api|github|slack|deploy|npm|pypi) tokens?\b
\b[A-Za-z]+_(?:api_)?(?:key|secret|token|password)\b
\bcredentials?\b
\b(?:client|app|webhook|shared|kubernetes|k8s|docker|github|our|all|hardcoded|vault|\
database) secrets?\b(?! (?:santa|sauce))
\bsecrets? (?:manager|store|rotation|vault|scanning)\b
\bsecrets? (?:in|into|from|out of|to) (?:the |our )?(?:env\w*|vault|config\w*|repo\w*|log\w*|code|git|ci|\
keychain|keyring)
(?<!\w)\.env\b
\b(?:keychain|keyring)\b(?! (?:holder|souvenir|gift|design))
\bvault\b(?= (?:path|token|polic|secret|server|config))
\b(?:database|db|root|admin|smtp|master) passwords?\b
\bhard-?coded? (?:\w+ )?(?:password|key|token|secret)s?\b
\bpii\b
\bpersonal(?:ly identifiable)? (?:data|information)\b
\b(?:social security|credit card|passport) numbers?\b
\b(?:ssns?|gdpr)\b
시크릿
(?:비밀|개인|api) ?키
자격 ?증명
개인 ?정보
주민등록번호
비밀번호[를가]? ?(?:하드코딩|로그|출력|평문)
""",
        paths=r"""
(?:^|/)\.env(?:\.|$)
(?:^|[/_.-])(?:secrets?|credentials?|keyring|vault|pii)(?:[/_.-]|$)
id_rsa
""",
        lines=r"""
\b(?:api[_-]?key|secret[_-]?key|private[_-]?key|password|passwd|client_secret|credentials?|ssn)\b["']?\s*[=:(]
-----BEGIN
""",
    ),
    Trigger(
        code="migration",
        stems="""migration migrate schema column foreign primary constraint table drop alter truncate backfill backup
        delete purge wipe erase loss disk serialization storage persistence wire save index rm retention
        ahead snapshot""",
        korean="마이그레 스키마 테이블 컬럼 칼럼 데이터 저장 레코드 삭제",
        words=r"""
\b(?:database|db|schema|data|sql|django|alembic|flyway|rails|liquibase|prisma) migrations?\b
\bmigration (?:that|to|which|script|file|adding|for)\b
\bschema (?:change|version|upgrade)s?\b
\b(?:add|drop|rename|remove|delete|alter|split|change|widen|make)\b.{0,40}\b(?:column|(?:foreign|primary) key|\
unique constraint)s?\b
\b(?:drop|alter|truncate) (?:the |our |all )?(?:\w+ )?(?:table|database|schema|collection|index)s?\b
\bmigrat\w+ (?:(?:the|our|all|user|customer|production|existing|old|from)\s)*(?:data|database|db|users?|records|\
rows|tables?)\b
\bmigrat\w+ (?:(?:the|our|all|from)\s)*(?:postgres\w*|mysql|mongo\w*|sqlite|oracle|schema|storage|s3|accounts)\b
\bbackfill\b
\bdelete (?:all|every|old|stale|the)\b.{0,30}\b(?:record|row|user|account|order|customer|backup|entrie)s\b
\b(?:purge|wipe|erase)\b.{0,30}\b(?:data|records?|rows|users?|accounts?|database|backups?|logs)\b
\bdata loss\b
\bon[- ]disk format\b
\b(?:storage|serialization|persistence|wire|save ?game|index|save file) format\b
\bserialized (?:form|format|state)\b
\brm -rf\b
\bdelete from\b
\bretention polic\w+
\bwrite-ahead log\b
\bdatabase (?:backup|restore)\b
\brestore\b.{0,20}\b(?:backup|snapshot)\b
마이그레이션
스키마
(?:테이블|컬럼|칼럼)[을를에]? ?\S{0,6} ?(?:추가|삭제|변경|제거|이름|바꿔)
데이터(?:베이스)?를? ?(?:이전|삭제|옮겨|지워)
저장 ?(?:형식|포맷)
(?:레코드|사용자|계정|데이터)[를을]? ?(?:모두|전부|일괄)? ?삭제
""",
        paths=r"""
(?:^|/)(?:migrations?|alembic|flyway|db/migrate|schema)(?:/|\.|$)
\.(?:sql|prisma)$
schema\.(?:rb|graphql)$
""",
        lines=r"""
\b(?:ALTER|DROP|TRUNCATE|CREATE) (?:TABLE|INDEX|COLUMN|DATABASE|SCHEMA)\b
\bDELETE FROM\b
\b(?:add|drop|rename|remove|alter)_(?:column|table|index)\b
(?:Add|Remove|Alter)Field
""",
    ),
    Trigger(
        code="unsafe",
        stems="""unsafe ffi extern jni cgo ctypes pyo3 bindgen transmute raw pointer memory native inline bindings
        sandbox execpolicy seccomp apparmor landlock setuid privileged ptrace eval exec pickle arbitrary
        shell buffer free""",
        korean="샌드박스 포인터 네이티브 언세이프",
        words=r"""
`unsafe`
\bunsafe (?:block|code|fn|function|impl|trait|rust|pointer|cast|api|keyword|deref)\w*\b
\bunsafe\b.{0,40}\b(?:rust|pointer|crate|transmute|deref\w*|swift|c#|slice|buffer|module)\b
\b(?:pointer|crate|slice|buffer|rust|module|parser|allocator)s?\b.{0,40}\bunsafe\b
\bffi\b
\bextern "?c"?
\b(?:jni|cgo|ctypes|pyo3|bindgen|transmute|seccomp|apparmor|landlock|setuid|ptrace|execpolicy)\b
\braw pointers?\b
\bpointer arithmetic\b
\bmemory[- ]unsafe\b
\bnative (?:bindings?|extension)\b
\binline assembly\b
\bc bindings?\b
\bsandbox(?:ing|ed|es)?\b(?! (?:game|toy|play|video))
\bprivileged (?:container|mode|process)\b
\b(?:eval|exec)\(
\buse (?:eval|exec)\b
\b(?:call|replace|remove)\w* (?:to )?(?:eval|exec)\b
\bpickle\.loads?\b
\barbitrary code\b
\bshell=true\b
\bbuffer overflow\b
\buse[- ]after[- ]free\b
\bdouble free\b
샌드박스
포인터 ?연산
네이티브 ?(?:바인딩|확장)
언세이프
\bunsafe ?(?:블록|코드)
""",
        paths=r"(?:^|[/_.-])(?:ffi|sandbox|execpolicy|seccomp|jni|unsafe)(?:[/_.-]|$)",
        lines=r"""
\bunsafe\b
extern "C"
\btransmute\b
\b(?:eval|exec)\(
pickle\.load
shell=True
\bctypes\b
ffi::
""",
    ),
    Trigger(
        code="concurrency",
        stems="""race races deadlock dead mutex mutexes lock locks rwlock semaphore atomic memory shared thread
        borrow lifetime spinlock goroutine crate repo across async asynchronous concurrent multi
        multithreaded cross""",
        korean="경쟁 데드락 교착 뮤텍스 공유 스레드 동시성 멀티",
        words=r"""
\bdata races?\b
\brace conditions?\b
\bdead ?lock\w*\b
\bmutex(?:es)?\b
\block[- ]free\b
\block ordering\b
\brw ?locks?\b
\bsemaphores?\b
\batomics?\b(?= (?:ordering|operation|counter|int|ref))
\bmemory ordering\b
\bshared (?:mutable )?state\b
\bthread[- ]?safe\w*
\bthread pool\b
\bborrow checker\b
\blifetimes?(?= (?:param\w*|annotation|bound|error|elision|issue|problem)s?)
\bspinlocks?\b
\bgoroutine leaks?\b
\b(?:cross|multi)[- ](?:crate|package|repo\w*|service)\b
\bacross (?:\w+ )?(?:crates|services|repositories)\b
\b(?:to|make|into|from)\b.{0,30}\b(?:async|multi-?threaded|concurrent)\b.{0,60}\b(?:runtime|engine|server|core|\
scheduler|worker)\b
\b(?:runtime|engine|server|core|scheduler|worker|store|cache|client)\b.{0,40}\b(?:async|multi-?threaded|concurrent)\b
경쟁 ?상태
데드락
교착
뮤텍스
공유 ?상태
스레드 ?(?:안전|세이프)
동시성
멀티 ?스레드
""",
        lines=r"""
\b(?:Mutex|RwLock|synchronized|AtomicU?\w*|sync\.Mutex)\b
\bArc<
\b(?:threading|asyncio)\.Lock\b
\bstd::thread\b
""",
    ),
    Trigger(
        code="public-api",
        stems="""public breaking backward backwards compatible api apis openapi cli command flag flags subcommand
        exit config configuration exported published graphql grpc v1 v2 v3 protobuf proto webhook major""",
        korean="공개 퍼블릭 하위 플래그 설정 구성 응답 옵션 cli",
        words=r"""
\bpublic (?:\w+ )?(?:api|interface|method|endpoint|function|sdk|signature|trait|surface|type)s?\b
\bbreaking (?:api )?changes?\b
\bbackwards?[- ](?:in)?compatib\w+
\bapi (?:contract|version|signature|schema|response)s?\b
\bopenapi (?:spec|schema|document)\b
\b(?:cli|command[- ]line) (?:flags?|options?|arguments?|commands?|interface)\b
\b(?:rename|remove|deprecate|change|drop|add|retire)\b.{0,40}(?<!feature )\b(?:flags?|subcommands?|\
exit codes?)\b(?! (?:icon|emoji|image|of|colou?r|quiz))
\bconfig(?:uration)? (?:schema|format|file format|keys?)\b
\bexported (?:function|type|symbol|interface|api)s?\b
\bpublished (?:package|library|api|sdk)\b
\b(?:rest|graphql|grpc|http) api\b.{0,60}\b(?:customers?|clients?|partners?|consumers|third[- ]part)
\b(?:v1|v2|v3) (?:api|endpoints?|routes?)\b
\bprotobuf (?:field|message|schema)\b
\.proto\b
\bwebhook payload\b
\bmajor version\b
공개 ?(?:api|인터페이스|메서드|함수)
퍼블릭 ?api
하위 ?호환
cli ?(?:플래그|옵션|명령)
(?:설정|구성) ?(?:스키마|형식|파일 형식)
응답 ?(?:형식|스키마)
""",
        paths=r"""
(?:^|/)(?:openapi|swagger)[^/]*\.(?:ya?ml|json)$
\.proto$
(?:^|/)(?:public_api|cli|__main__)\.(?:py|rs|go|ts)$
(?:^|/)include/.+\.h(?:pp)?$
""",
        lines=r"""
^[+-]\s*pub (?:fn|struct|trait|enum|mod)\b
^[+-]\s*export (?:default |async )?(?:function|class|interface|type|const)\b
add_argument\(
click\.option
@app\.(?:get|post|put|delete)\(
#\[(?:arg|clap)
""",
    ),
    Trigger(
        code="routing-config",
        stems="""routing route router model fallback provider mcp escalation degradation budget local openclaw opus
        sonnet haiku gpt claude kimi deepseek gemini llama qwen ollama vllm""",
        korean="모델 라우팅 폴백 프로바이더",
        words=r"""
\bmodel[- _]rout\w+
\brouting (?:config\w*|polic\w+|rules?|logic|preset|thresholds?|file)\b
\b(?:model|llm|prompt|request) routing\b
\b(?:default|primary|fallback|judge|planner) models?\b.{0,60}\b(?:to|from|with|config|role|router|for)\b
\bfallback (?:chain|list|order|ladder|models?)\b
\b(?:llm|model) providers?\b
\bprovider (?:config\w*|settings?|list|registry)\b
\bmcp (?:server|config\w*|tool|client)s?\b
\b(?:escalation|degradation) (?:rule|threshold|trigger|curve|polic)\w*
\bbudget (?:cap|limit)s?\b.{0,40}\b(?:rout|model|provider|config|llm|cloud|token)
\blocal_only\b
\bopenclaw\.json\b
\bmodel[-_]policy\b
\b(?:switch|change|route|swap|replace|point)\b.{0,60}\b(?:to|with|at) (?:\w+/)?(?:opus|sonnet|haiku|gpt|claude|\
kimi|deepseek|gemini|llama|qwen)
\b(?:switch|change|route|swap|replace|point)\b.{0,60}\b(?:to|with|at) (?:\w+/)?(?:ollama|vllm)
모델 ?라우팅
라우팅 ?(?:설정|정책|규칙|테이블|임계)
(?:기본|대체|폴백) ?모델
폴백 ?(?:순서|체인|목록)
프로바이더 ?설정
""",
        paths=r"(?:^|[/_.-])(?:routing|router|model[-_]?policy|providers?|openclaw|mcp)(?:[/_.-][^/]*)?\.(?:toml|json5?|ya?ml|md)$",
        lines=r"""
\b(?:primary|fallbacks|escalate_to|local_only|model_router|routing)\b["']?\s*[=:]
\bmcpServers\b
""",
    ),
    Trigger(
        code="build",
        stems="""ci cd release deploy deployment build toolchain compiler image runtime linker github publish
        upgrade""",
        korean="빌드 배포 런타임 툴체인",
        words=r"""
\b(?:ci|cd|release|deploy\w*|build) (?:pipeline|workflow|script|job|config\w*|system)s?\b
\b(?:toolchain|compiler version|base image|runtime version|linker flags?|compiler flags?)\b
\bgithub actions? (?:permissions?|workflow permissions?|secrets)\b
\bpublish\w* (?:to|on) (?:pypi|npm|crates\.io|maven)\b
\bupgrade (?:python|node|rust|java|go|the jdk|gcc|llvm|cuda) (?:from|to|version|\d)
빌드 ?(?:설정|시스템|파이프라인|스크립트)
배포 ?(?:파이프라인|스크립트|설정)
런타임 ?버전
툴체인
""",
        paths=r"""
(?:^|/)\.github/workflows/
(?:^|/)(?:Dockerfile|rust-toolchain(?:\.toml)?|\.gitlab-ci\.yml|Jenkinsfile)$
""",
    ),
)

CHANGE_VERBS = frozenset(
    """add allow alter apply backfill build bump bypass call change commit convert copy create decrypt delete deploy
    deprecate disable drop edit embed enable encrypt ensure erase expire export expose extend extract fix generate grant
    harden hardcode hash implement import improve increase inject insert install integrate introduce invalidate issue
    let log lower make merge migrate modify move optimise optimize parallelize patch persist point port print protect
    publish purge push put raise refactor relax remove rename renew replace require reset restore restrict retire return
    reuse revoke rewrite rework roll rotate route run sanitize save send set share ship sign simplify skip split store
    support swap switch tighten truncate tune turn unify update upgrade upload use validate verify whitelist wipe wire
    wrap write""".split()
)

CHANGE_VERBS_KOREAN = tuple(
    """추가 변경 수정 삭제 구현 작성 만들 바꿔 바꾸 고쳐 적용 제거 교체 이전 옮겨 마이그레이션 업데이트 리팩토링
    리팩터링 설정 저장 갱신 노출 비활성 활성 올려 낮춰 지워 연동""".split()
)

NOT_A_CHANGE = r"""
\A\W*(?:what|who|when|where|why|which|explain|describe|define|tell me|list|name|summari[sz]e|translate|compare)\b
\A\W*how (?:does|do|did|is|are|was|many|much|long|old)\b
\A\W*give me (?:an? )?(?:overview|example|explanation|history|definition|summary)\b
\A\W*(?:write|compose|tell)(?: me)? (?:(?:an?|the|some|short|long|funny|brief|two|three) )*(?:poem|story|essay|\
song|haiku|blog|article)s?\b
\A\W*(?:write|compose|tell)(?: me)? (?:(?:an?|the|some|short|long|funny|brief) )*(?:speech|limerick|novel|tweet|\
scene|joke|quiz|riddle)\b
\A\W*(?:recommend|suggest|can you explain|could you explain|is (?:it|there)|are (?:there|we)|does|do you|\
should (?:i|we))\b
\A\W*(?:read|proofread|count|draw|recap|help me understand|teach me)\b
"""

NOT_A_CHANGE_KOREAN = r"""
(?:무엇|뭐야|뭔가요|설명해|알려|차이|의미|요약|번역)\S*(?: ?주세요| ?줘)?[?.!\s]*\Z
"""

STILL_A_CHANGE = r"""
\b(?:and|then|also|please) (?:then )?(?:fix|implement|add|change|remove|apply|update|rewrite|refactor|migrate|\
drop|delete)\b
\b(?:and|then|also|please) (?:then )?(?:rotate|replace|patch|set|write (?:the|a) (?:fix|patch|migration|code))\b
(?:고쳐|수정해|구현해|추가해|변경해|바꿔|적용해)
"""
