"""The high-risk triggers of document 002 §7, in order. Data only: `risk` reads them.

A block of `words` has one pattern a line (a backslash continues it), over lower-case text; a line of English is tried
where a word stands that it can begin with (`heads`), one of Korean where a part of a word in `korean` occurs.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """`code` names the class of risk. `words` reads prompts, `paths` touched paths, `lines` changed lines of a diff.

    Those of the words that `mild` matches whole pull nothing in a prompt that speaks of `aside`, too.
    """

    code: str
    korean: str
    words: str
    mild: str = ""
    aside: str = ""
    paths: str = ""
    lines: str = ""


TRIGGERS = (
    Trigger(
        code="auth",
        korean="인증 로그인 인가 권한 세션 토큰 비밀번호 계정",
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
\bremember[- ]me\b
\blog(?:s|ged|ging)? (?:\w+ ){0,2}(?:in|out)\b(?= (?:as|after|when|if|users?|with|from|again|automatically|\
without|once|only|by|for)\b)
\bsign[- ]?(?:in|on|up)\b(?= (?:logic|attempts?|next|requires?|must|for (?:users|customers))\b)
\b(?:google|github|apple|facebook|microsoft|social|single|passwordless|biometric)[- ](?:sign[- ]?(?:in|on)|\
log[- ]?in)\b
\bmagic links?\b
\bcaptchas?\b
\bone[- ]time (?:codes?|passwords?|links?)\b
\b(?:bearer|authorization) headers?\b
\bsession\b.{0,40}\b(?:cookie|local ?storage|expir\w+|timeout|lifetime)s?\b
\b(?:minutes|hours) of inactivity\b
\block\w*\b.{0,20}\bout\b.{0,30}\battempts?\b
\b(?:failed|login|sign-?in|password) attempts?\b(?! at)
\b(?:promote|demote|make|turn)\b.{0,40}\b(?:admin(?:istrator)?s?|owners?|superusers?)\b
\bwho (?:may|can|is allowed to|are allowed to)\b.{0,30}\b(?:delete|edit|see|view|access|read|write|approve|change|\
create|manage)\b
\b(?:read|write|read-only|full|root|production|database|anonymous|guest) (?:access|permissions?|rights|privileges)\b
\bpermissions? to\b
\bpass(?:word|code|phrase)s?\b(?! (?:field|box|input|placeholder|hint)\b)
\b(?:any|another) (?:user|customer|account|tenant)\b(?! (?:interface|story))
\broles?[- ](?:checks?|guards?|mapping|assignments?|based|claims?)\b
\b(?:user|admin|editor|owner|viewer|default) roles?\b
\bimpersonat\w+
\brow[- ]level security\b
\btenants? isolation\b|\b(?:per|cross|multi)[- ]tenan\w+
\bsign[- ]?ups?\b(?! sheet)
\bpermissions?\b
\badmin(?:istrator)?s\b
\biam (?:role|polic\w+|user)s?\b
\boauth scopes?\b
\b(?:only|also) (?:let|allow) (?:\w+ )?(?:users?|members?|owners?|editors?)\b
\block(?:ed|ing|s)? (?:the |their |user )?accounts?\b
\bre-?authenticat\w+
(?:관리자|사용자|접근|쓰기|읽기) ?권한
\blog\w* (?:everyone|everybody|every user|all users|users) out\b
\bownership\b(?= (?:check|before|of the (?:record|document|file|account)))
\b(?:check|verify)\w* ownership\b
\banonymous (?:users?|visitors?|access|requests?|posting)\b
계정 ?(?:잠금|정책|삭제|탈퇴)
\b(?:only|nobody but|no one but) .{0,40}\b(?:can|may|able to|allowed to)\b.{0,30}\b(?:close|edit|delete|see|view|\
open|approve|change|read|write|post|access)\b
""",
        mild=r"login|로그인|인증|(?:log|sign)[- ]?(?:in|out|up)|auth|authenticat\w+",
        aside=r"""
\b(?:colou?rs?|fonts?|spelling|wording|bigger|smaller|photos?|pictures?|logos?|icons?|banners?|padding|margins?|\
rounded|shadow)\b
\bbackground(?: (?:image|colou?r)|[.!]*$)
\btypos?\b.{0,40}\b(?:word|docs?|readme|label|text|heading|page|comment)\b
글꼴|색을|색깔|배경|오타
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
        korean="암호 복호 인증서 서명 보안 취약 방화벽 포트",
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
\b(?:self-signed|signing|client|root|server|ssl) certificates?\b
\b(?:renew|rotate|replace|trust|pin|accept|install|ignore)\w*\b.{0,30}\bcertificates?\b
\bhash(?:es|ed|ing)? (?:the |each |every |all |our )?(?:pins?|tokens?|secrets?|e-?mails?)\b
\b(?:sha-?\d+|md5|chacha\w*|x25519|pgp|gpg|kms|hsm)\b
\b(?:escap|saniti[sz])\w*\b.{0,40}\b(?:html|input|sql|output|comments?|query|queries|urls?|paths?|shell)\b
\binject\w* (?:scripts?|sql|code|html)\b
\bport \d+\b
\binternet\b(?:(?<=to the internet)|(?<=from the internet)|(?<=public internet)|(?<=open internet))
\bsecurity groups?\b
\bstack ?traces? (?:\w+ )?to (?:the )?(?:client|users?|browser|visitors?|caller)s?\b
\b(?:public|publicly|world)[- ](?:readable|writable|accessible)\b
\bbuckets?\b.{0,30}\b(?:public|policy|policies|permissions?)\b
\d+번 ?포트
\bconstant[- ]time\b
\btiming attacks?\b
\bhsts\b
\bhttp to https\b
\bsecurity headers?\b
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
        korean="시크릿 비밀 개인 키 자격 주민 카드 계좌",
        words=r"""
\b(?:api|secret|private|signing|encryption|access|ssh|service[- ]account|deploy|gpg|stripe) keys?\b
\b(?:api|github|slack|deploy|npm|pypi) tokens?\b
(?<=[a-z])_(?:api_)?(?:key|secret|token|password)\b
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
\b(?:aws|gcp|azure|stripe|github|slack|openai|anthropic|twilio|jwt|session|hmac)[- _](?:secret|key|token|\
credential|password)s?\b
\b(?:card|account|passport|insurance|tax) numbers?\b
\bibans?\b
\b(?:customer|user|patient|employee|client|member|subscriber|student|visitor|guest)s?'?s?'? (?:\w+ ){0,2}\
(?:e-?mails?|addresses|birthdays?|birth ?dates|phone numbers?|locations?|ip addresses)\b(?! (?:template|design|\
newsletter|lookups?))
\b(?:patient|customer|employee)s? (?:names|records?|data)\b
\bdates? of birth\b
\b(?:home|ip) addresses\b
\b(?:medical|health|billing|payment|bank|salary|payroll) (?:data|records?|details|database|information|history)\b
\b(?:ano|pseudo)nymi[sz]\w*
\b(?:log|record|store|print|dump|send|include)\w*\b.{0,30}\b(?:request|response) bod(?:y|ies)\b
\b(?:emails?|mails?) and (?:locations?|phone|names?|birthdays?)\b
주민(?:등록)? ?번호
(?:카드|계좌) ?번호
\bsecrets?\b(?! (?:santa|sauce|garden|admirer|ingredient|recipe|level|society|agent|passage|door|compartment|\
admirers|of (?:the|a|success)))
\b(?:rotat|revok|expir|refresh|leak|stor|invalidat)\w*\b.{0,20}\btokens?\b
\b(?:mask|redact|scrub|obfuscate)\w*\b.{0,40}\b(?:keys?|tokens?|secrets?|numbers?|e-?mails?|names|addresses|data)\b
\bsalar(?:y|ies)\b
\b(?:slack|discord|telegram|bot|device|push|invite|personal|upload) tokens?\b
\btoken (?:from|in|into|to|out of) (?:the |an? )?(?:env\w*|config\w*|log\w*|url|header|query|vault)\b
\b(?:email|mail|ip) addresses\b.{0,30}\b(?:dump|logs?|debug|traces?|exports?|analytics)\b
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
        korean="마이그레 스키마 테이블 컬럼 칼럼 데이터 저장 레코드 삭제 주문 이관",
        words=r"""
\bmigrations? (?:fails?|failed|breaks?|is|are|runs?|takes?|hangs?)\b
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
\bdisk (?:version|format|layout|representation)\b
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
\b(?:merge|split|alter|rename|partition|(?:de)?normali[sz]e|archive)\b.{0,40}\btables?\b(?! (?:of contents|\
in the (?:readme|docs?|document)))
\b(?:delet|remov|purg|wip|eras|prun|expir|clean|clear|dedup|reseed|reset)\w*\b.{0,50}\b(?:accounts|users|\
customers|orders|\
records|rows|tenants|backups|invoices|database|production|staging)\b
\bhow long we (?:keep|store|retain)\b
\b(?:keep|store|retain)\w*\b.{0,30}\b(?:invoices|logs|records|backups|data)\b.{0,30}\b(?:years?|months?|days?)\b
\bproduction\b(?:(?<=in production)|(?<=from production)|(?<=against production))
\bproduction (?:db|database|data|tables?|users)\b
\b(?:existing|old|stored|saved|persisted|historical) (?:rows|data|records|values|documents|saves)\b
\bformat of (?:our|the|its) (?:save|saved|storage|cache|index|snapshot|backup)\w*\b
\bsave files?\b.{0,30}\b(?:format|version)\b
\b(?:squash|run|apply|write|add|edit|revert|roll ?back|generate|create|skip|reorder)\b.{0,30}\b(?:database |db |\
schema |pending |last |all )?\
migrations?\b(?!-| of)
\baudit (?:log|trail)s?\b
\bchange the type of\b.{0,60}\b(?:rows|column|field|records)\b
테이블.{0,15}(?:나누|합치|분리|합쳐)
데이터.{0,10}이관
\b(?:own|new|separate|another|join|lookup) tables?\b
\bjson blobs?\b
\b(?:uuids?|bigints?|varchar|jsonb|nullable|not null)\b
\b(?:unique )?index(?:es)? on (?!the (?:page|site|blog))
\b(?:add|drop|rename|remove|delete|alter|split|widen|merge|move)\b.{0,40}\bcolumns?\b(?!.{0,20}\b(?:layout|chart|\
width))
\bshard(?:s|ed|ing)?\b
\b(?:users?|orders?|messages?|events?|accounts?|customers?|payments?|sessions?|products?|invoices?|tenants?|\
transactions?) tables?\b
\bseriali[sz]ation\b
\b(?:pickle|msgpack|avro|protobuf|json|parquet) to (?:pickle|msgpack|avro|protobuf|parquet|sqlite)\b
\bbackups?\b(?! (?:plan|dancer|singer|vocals))
\bsoft[- ]delet\w+
\b(?:re)?index(?:es)? (?:the |our )?(?:database|db)\b
\bvacuum\b.{0,20}\b(?:database|db|tables?)\b
데이터베이스 ?(?:인덱스|테이블|백업)
\bmigrat\w+\b.{0,40}\b(?:from|to)\b.{0,20}\b(?:azure|s3|gcs|aws|postgres\w*|mysql|mongo\w*|sqlite|redis|storage)\b
\b(?:delet|remov|purg|expir|clear)\w*\b.{0,20}\bsessions\b
\bdisk cache\b
\bdisk\b(?<=on-disk)
""",
        mild=r".*\b(?:columns?|tables?)",
        aside=r"""
\b(?:spreadsheet|excel|google sheet|reading list|markdown|readme)\b
\bin (?:my |the |a )?(?:word|essay|slides?|presentation)\b
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
\b(?:bindings?|extension|library)\b(?:(?<=\bc bindings)|(?<=\bc binding)|(?<=\bc extension)|(?<=\bc library)|\
(?<=\bc\+\+ library))
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
\bpickled?\b(?= (?:model|file|object|data|state|cache))
\b(?:user[- ]supplied|user[- ]uploaded|untrusted|arbitrary|third[- ]party) (?:code|scripts?|templates?|plugins?|\
javascript|python|expressions?|\
commands?|html|sql|files?|models?)\b
\bthat users (?:upload|supply|submit)\b
\bshell commands?\b
\broot\b(?<=as root)
\bsudo\b
\beval\b(?! (?:set|loss|metric|harness|score))
\bsubprocess\b
\bpointers?\b(?= (?:to|cast|without))
\bnative (?:module|addon|code)s?\b
\bnetwork (?:sockets?|access)\b
\b(?:bubblewrap|bwrap|firejail|gvisor|cgroups?|chroot)\b
\btool (?:execut\w+|runner|calls?)\b.{0,40}\b(?:run|without|allow|outside|restrict\w*|isolat\w+)\b
\bexecution polic\w+
\bplugins?\b.{0,30}\b(?:open|access|execute|run|load|call) \w+
\bprocess isolation\b
\bunsafe\b(?! (?:for|to|area|neighbou?rhood|place|road|driving|food))
\bbounds? check\w*
\bcffi\b
\boutside (?:of )?(?:the|its|their) (?:workspace|repo\w*|project|sandbox|home|working directory)\b
\bagents?\b.{0,30}\b(?:edit|write|delete|execute|push|run) \w+
\buntrusted\b
\bbindings? (?:for|to) (?!keys|the key)
\btools?\b.{0,20}\b(?:use|access|reach) the (?:network|internet|file ?system)\b
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
        korean="경쟁 데드락 교착 뮤텍스 공유 스레드 동시성 멀티 락을",
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
\b(?:async|multi-?threaded|concurrent)\b.{0,60}\b(?:runtime|engine|server|core|\
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
\b(?:fix|avoid|find|remove|resolve) (?:the |a |this )?races?\b(?! (?:car|track|result))
\batomic\b(?! (?:habits|bomb|weight|number|physics|energy))
\bspawn\w* (?:a |an |one |new )?(?:thread|task|goroutine|worker|process)\w*
\bworker (?:threads?|pools?)\b
\b(?:run|process|execut|fetch|handl)\w*\b.{0,40}\bin parallel\b
\bcrates\b(?! of)
\b(?:another|other|every|each|new|separate|core|shared) crate\b(?! of)
\bcrate in (?:two|three)\b
\block\b(?:(?<=by a lock)|(?<=behind a lock)|(?<=with a lock)|(?<=under a lock)|(?<=the lock))(?! and key| screen|\
 icon)
\basync\w*\b.{0,60}\b(?:core|crate|runtime|engine|whole|entire)\b
\b(?:core|crate|runtime|engine|whole|entire)\b.{0,60}\basync\b
\bthreads\b(?! about)
\bsynchroni[sz]\w+ (?:access|block|method|the|around|on)\b
\breentran\w+
\bsafe (?:to (?:use|call|share) )?(?:from|across|between) (?:several|multiple|many|different|two|other)\b
\bmulti-?thread\w+
\blocks? (?:around|on|for|in) (?:the|a|our) (?!door|screen|phone|bike|house)
락을? ?(?:걸|풀|추가|제거)
\bservice\b(?<=its own service)
\bmonolith\b
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
        korean="공개 퍼블릭 하위 플래그 설정 구성 응답 옵션 cli 필드",
        words=r"""
\b(?:internal|private|admin) (?:apis?|endpoints?)\b
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
\b(?:rename|remove|deprecate|change|drop|add|retire|replace|default)\b.{0,50}\s--[a-z][\w-]*
/v\d+/
\b(?:rename|remove|change|drop|deprecate|move|retire)\b.{0,40}\bendpoints?\b
\b(?:field|key|property|parameter|attribute)s?\b.{0,40}\b(?:responses?|payloads?|schemas?)\b
\b(?:responses?|payloads?|schemas?)\b.{0,40}\b(?:field|property|parameter|attribute)s?\b
\bthird[- ]part(?:y|ies)\b.{0,30}\b(?:plugins?|clients?|apps?|integrations?|consumers?|call|depend)\b
\b(?:drop|end|remove) support\b
\bv\d (?:api|clients?|endpoints?)\b
\b(?:option|flag|subcommand|switch|argument)s?\b.{0,40}\b(?:command[- ]line|cli)\b
\b(?:command[- ]line|cli)\b.{0,40}\b(?:option|flag|subcommand|switch|argument)s?\b
\b(?:mandatory|required|positional) (?:parameter|argument|key|option|field|setting)s?\b
\bexported\b.{0,20}(?:\(\)|\b(?:function|type|class|method)s?\b)
\bconfig(?:uration)?\b.{0,40}\b(?:accepts?|rename|deprecat\w+)\b
\b(?:rename|remove|change|require)\w*\b.{0,40}\bconfig(?:uration)?(?: file)?(?: key| option| setting|'s)
\bpublic (?:responses?|contract|fields?|class|classes)\b
\bmake\b.{0,40}\b(?:method|function|class|field|module)s? (?:private|public|internal)\b
응답.{0,10}(?:필드|형식|스키마)
필드 ?이름
\b(?:rename|remove|deprecate|change|drop|add|retire|replace|default)\b.{0,50}[\s`'"(]--[a-z][\w-]*
--[a-z][\w-]*\S* (?:prints?|outputs?|returns?|accepts?|means?|takes?)\b
\b(?:shape|structure|format|layout) of the (?:json|output|responses?|xml|events?|payloads?|messages?)\b
\b(?:json|machine-readable) (?:output|shape|schema|structure)\b
\b(?:rename|remove|change|replace|drop)\b.{0,30}\b(?:environment|env) variables?\b
\bdeprecat(?:e|ion|ing)\b
\binstead of (?:a )?[1-5]\d\d\b
\bwebhooks?\b.{0,20}\b(?:body|payload|format|schema|fields?)\b
\bdefault output\b
\boutput of (?:the )?\w+ command\b
\bapi\b(?:(?<=the api)|(?<=our api))
\b(?:rest|graphql|grpc|public|http) api\b
\bstderr\b.{0,30}\bstdout\b
\bstdout\b.{0,30}\bstderr\b
\bcli\b(?:(?<=the cli)|(?<=our cli))
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
        korean="모델 라우팅 폴백 프로바이더 라우터",
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
\b(?:token|cloud|model) budgets?\b
\b(?:daily|weekly|monthly) budgets?\b.{0,30}\b(?:tokens?|models?|cloud|llm|provider)\b
\b(?:route|send|switch|move|direct)\b.{0,60}\b(?:local|cloud|cheaper|bigger|smaller|default) (?:model|provider|\
llm)s?\b
\b(?:default|primary|fallback) (?:provider|llm)s?\b
\bfallback\b.{0,40}\b(?:opus|sonnet|haiku|gpt|claude|kimi|deepseek|gemini|llama|qwen|local|cloud|openai|anthropic)\b
\b(?:opus|sonnet|haiku|gpt|claude|kimi|deepseek|gemini|llama|qwen|openai|anthropic|\
openrouter)\b.{0,40}\b(?:in the router|by default|\
as (?:the |a |our )?(?:default|fallback|primary)|for (?:all|every|long|short|each)\b|(?:is|are) (?:down|\
unavailable|exhausted))
\b(?:switch|change|route|swap|replace|move)\b.{0,60}\b(?:to|with|at) (?:anthropic|openai|openrouter|mistral)\b
라우터.{0,30}(?:opus|sonnet|haiku|gpt|claude|kimi|deepseek|gemini|llama|qwen|모델)
\b(?:opus|sonnet|haiku|gpt|claude|kimi|deepseek|gemini|llama|qwen|codex)\b.{0,40}\b(?:rather than|instead of|over|\
before|after)\b.{0,20}\b(?:opus|\
sonnet|haiku|gpt|claude|kimi|deepseek|gemini|llama|qwen|codex|local|cloud)\b
\bfallbacks?\b(?= (?:for|to|model|chain|order|role|list|when|if|in)\b)
\b(?:cap|limit|spend|spending|budget|quota)s? (?:on|for|of|at) (?:anthropic|openai|claude|cloud|gemini|deepseek|\
kimi|opus|gpt)\b
\b(?:anthropic|openai|claude|cloud|gemini|deepseek|kimi|opus|gpt) (?:spend\w*|budget|cap|quota)s?\b
\b(?:librarian|planner|judge|implementer|architect|tutor) role\b
\brouter\b.{0,60}\b(?:models?|local|cloud|usage|prompts?|llm)\b
\b(?:judge|planner|librarian|implementer|architect|tutor|critic) (?:from|role|model)\b
\b(?:mistral|openai|anthropic|ollama|vllm|gemini|deepseek|kimi|openrouter)\b.{0,20}\b(?:endpoint|provider)s?\b
\bfleet'?s?\b.{0,20}\bconfig\w*
\b(?:opus|sonnet|haiku|gpt|claude|kimi|deepseek|gemini|llama|qwen|codex)\b.{0,20}\b(?:first choice|preferred|\
default)\b
\b(?:cap|limit)\b.{0,20}\b(?:cloud|usage|spend\w*)\b.{0,30}\b(?:dollars?|euros?|tokens?|a (?:day|week|month))\b
\bescalation\b(?! (?:in|of) (?:the )?(?:war|conflict|violence|tension))
\b(?:planner|judge|librarian|coding|review|translation) (?:requests|prompts|tasks|jobs)\b.{0,30}\bto\b
\bnever leave (?:the|this|my|our) (?:machine|network|house|premises)\b
""",
        paths=r"(?:^|[/_.-])(?:routing|router|model[-_]?policy|providers?|openclaw|mcp)(?:[/_.-][^/]*)?\.(?:toml|json5?|ya?ml|md)$",
        lines=r"""
\b(?:primary|fallbacks|escalate_to|local_only|model_router|routing)\b["']?\s*[=:]
\bmcpServers\b
""",
    ),
    Trigger(
        code="build",
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
\b(?:gradle|bazel|maven|cmake|webpack|meson|setuptools|poetry)\b.{0,30}\bto (?:gradle|bazel|maven|cmake|vite|\
meson|esbuild|hatch\w*|uv)\b
\bpublish\w*\b.{0,40}\b(?:tag|release|registry|npm|pypi|automatically)\b
\b(?:deploy|releas)\w*\b.{0,40}\b(?:on (?:each|every) (?:push|merge|commit)|automatically|to production)\b
\bcompiler\b.{0,20}\bto \d
\bpin\b.{0,30}\b(?:version|compiler|toolchain|python|node|rust)\b
\b(?:github actions|gitlab ci|circleci|buildkite)\b.{0,40}\b(?:workflow|deploy\w*|publish\w*|runner|token|\
permission)s?\b
\bproduction (?:container|image|build)s?\b
\brelease (?:binar\w+|builds?|artifacts?|profile|process|job)\b
\bcross-?compil\w+
\bpackage manager\b
\b(?:npm|yarn|pnpm|bun|pip|poetry|uv|conda)\b.{0,15}\bto (?:npm|yarn|pnpm|bun|poetry|uv|conda)\b
\b(?:enable|disable|turn on|turn off|switch) (?:lto|link-time)\b
\b(?:node|python|java|go|rust|jdk|ruby|php|gcc|llvm|cuda) \d[\d.]* to \d
\bci\b(?<=in ci)
\bdocker images?\b.{0,40}\b(?:push\w*|registry|publish\w*)\b
\bbuildkit\b
\b(?:sign|notari[sz]e)\b.{0,20}\b(?:builds?|binary|binaries|packages?|releases?|installer|app)\b
\bminimum (?:supported )?(?:python|node|rust|java|go|compiler)\b
\bmsrv\b
""",
        paths=r"""
(?:^|/)\.github/workflows/
(?:^|/)(?:Dockerfile|rust-toolchain(?:\.toml)?|\.gitlab-ci\.yml|Jenkinsfile)$
""",
    ),
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
\A\W*(?:proofread|count|draw|recap|help me understand|teach me)\b
\A\W*read (?:this|(?:the |these |a )?(?:following|text|article|passage|documents?|transcript|book|story|below))\b
"""

# What opens a tale or a question about everyday things, where a password and a lock are only words.
TELLS = r"""
\A\W*(?:i|i'm|i've|i'd|my|we|we're|our|it|the|a|an|in|he|she|they|you|which|good|hello|hi|hey|help|find|estimate)\b
\A\W*please (?:suggest|recommend|help)\b
"""

NOT_A_CHANGE_KOREAN = r"""
(?:무엇|뭐야|뭔가요|설명해|알려|차이|의미|요약|번역)\S*(?: ?주세요| ?줘)?[?.!\s]*\Z
"""

STILL_A_CHANGE = r"""
\bshould be (?:possible|able|allowed)\b
[;,.] (?:please )?make (?:it|this|them|sure)\b
[;:.,] (?:please )?(?:fix|implement|add|change|remove|apply|update|rewrite|refactor|migrate|drop|delete)\b
\b(?:need|want|have|would like|must|should)(?: you)?(?: to)? (?:fix|implement|add|change|remove|update|rewrite|migrate|\
drop|delete|rotate|replace|expose|store|encrypt|deploy)\b
\b(?:and|then|also|please) (?:then )?(?:fix|implement|add|change|remove|apply|update|rewrite|refactor|migrate|\
drop|delete)\b
\b(?:and|then|also|please) (?:then )?(?:rotate|replace|patch|set|write (?:the|a) (?:fix|patch|migration|code))\b
(?:고쳐|수정해|구현해|추가해|변경해|바꿔|적용해)
"""
