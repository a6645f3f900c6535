"""The high-risk triggers of document 002 §7, in order. Data only: `risk` reads them.

A block of `rules` has one rule a line: concepts (`concepts`) that stand together, joined by `&`, each seen in a word
of its own. `with X` asks that X stands beside them, be it in one of their words; `with tech` that the prompt speaks of
software at all; `without X` that X does not stand beside them. A rule that begins with `!` also holds beside something
cosmetic or everyday. `do` is `change` or `make`. `paths` reads touched paths, `lines` changed lines of a diff: one
pattern a line. Document 002 names no payments: `money` is ours, since who moves money holds card and account data.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """`code` names the class of risk, as in `Task.risk`."""

    code: str
    rules: str
    paths: str = ""
    lines: str = ""


TRIGGERS = (
    Trigger(
        code="auth",
        rules="""
auth-term with do
auth-term & fault
auth-term & permit
auth-term & destroy
sign-in & change
sign-in & fault with tech
sign-in & permit & person
sign-in & schedule with tech
signed-out with change
right & right & change
right & change with tech
right & permit with tech
person & permit & act
right & permit & act
sign-in & schedule & change
anothers & act & fault
anothers & act with tech
anothers & permit & act
guess & sign-in
guess & auth-term
guess & secret with tech
""",
        paths=r"(?:^|[/_.-])(?:auth|authn|authz|oauth2?|login|signin|session|sessions|permissions?|rbac|acl|jwt|sso|saml|iam|passwords?)(?:[/_.-]|$)",
        lines=r"""
\b(?:verify|check|set)_password
\bis_(?:admin|authenticated)\b
\blogin_required\b
\bjwt\.
\bbcrypt\b
\bauthorize
\bhas_permission
csrf
\bcluster-admin\b
\bclusterrole
""",
    ),
    Trigger(
        code="crypto",
        rules="""
crypto-term with do
crypto-term & fault
crypto-term & permit
crypto-term & leak with tech
secure & change with tech
secure & fault with tech
secure & sign-in & change
user-input & sink & clean-input
user-input & sink & fault with tech
clean-input & sink with do
clean-input & user-input
clean-input & sink & permit
guess & change & secret
guess & change & sign-in
guess & change & sink
network & permit & change with tech
network & ops & prod
""",
        paths=r"""
(?:^|[/_.-])(?:crypto|cipher|tls|ssl|certs?|security|signing|encryption|firewall)(?:[/_.-]|$)
\.(?:pem|key|crt|p12|pfx|jks)$
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
        rules="""
secret-term with do
secret-term & leak
secret-term & fault with tech
secret-term & destroy
secret-sure & exposed
credential & change with tech
credential & make with tech
secret & leak & change
pii-term with change
pii-term & disclose
person-data & person-data & disclose with change
pii-term & fault with tech
pii-term & destroy
pii-term & act & permit
person-data & disclose & change with tech
person-data & disclose & destroy
""",
        paths=r"""
(?:^|/)\.env(?:\.|$)
(?:^|[/_.-])(?:secrets?|credentials?|keyring|vault|pii|gdpr)(?:[/_.-]|$)
id_rsa
\.tfvars$
""",
        lines=r"""
\b(?:api[_-]?key|secret[_-]?key|private[_-]?key|password|passwd|client_secret|credentials?|ssn)\b["']?\s*[=:(]
-----BEGIN
""",
    ),
    Trigger(
        code="money",
        rules="""
money-term & change with tech
money-term & fault with tech
money-term & fault & simultaneous
money-term & money-code & do
money & money-code & fault
money-term & money & fault
""",
        paths=r"(?:^|[/_.-])(?:payments?|billing|checkout|payouts?|refunds?|invoic(?:e|es|ing)|ledger|stripe|paypal)(?:[/_.-]|$)",
        lines=r"""
\bstripe\.
\bPaymentIntent
\bcharge\w*\(.*\bamount
\brefund\w*\(
""",
    ),
    Trigger(
        code="migration",
        rules="""
! schema-term with do
schema-term & fault
schema-term & destroy
schema-term & engine
schema & change
schema & destroy
schema & fault with tech
table & reshape & database without grid
migrate & migrated
store & destroy
store & move & change
engine & move & prod
engine & move & engine
rows & destroy & schedule without listing
rows & destroy & prod
rows & destroy & store
rows & move & store
rows & keep-time & change
persist with change
persist & fault with tech
persist & write-fault
persist & move
store & prod-sure & change
prod-data with do
prod-data & destroy
""",
        paths=r"""
(?:^|/)(?:migrations?|migrate|alembic|flyway|liquibase|schema|schemas)(?:/|\.|$)
\.(?:sql|prisma|avsc)$
schema\.(?:rb|graphql)$
""",
        lines=r"""
\b(?:ALTER|DROP|TRUNCATE|CREATE) (?:TABLE|INDEX|COLUMN|DATABASE|SCHEMA)\b
\bDELETE FROM\b
\b(?:add|drop|rename|remove|alter)_(?:column|table|index)\b
(?:Add|Remove|Alter)Field
\b(?:mapped_column|Column|(?:models|fields)\.\w+Field)\(
\bTRUNCATE\b
\brm -rf\b
""",
    ),
    Trigger(
        code="unsafe",
        rules="""
unsafe-term with do
unsafe-term & fault
unsafe-term & permit
unsafe & code-run with do
unsafe & code-run & permit
unsafe & code-run & fault
agent & reach & permit
agent & reach & change
agent & reach & ops
as-root & change
""",
        paths=r"(?:^|[/_.-])(?:ffi|sandbox|execpolicy|seccomp|jni|unsafe|bindings)(?:[/_.-]|$)",
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
        rules="""
concurrent-term with do
concurrent-term & fault
concurrent-term & concurrent-term
async & whole & change
async & sharing & shared
async & sharing & whole
simultaneous & shared & fault
simultaneous & runner & fault
crate & change
crate & fault
""",
        paths=r"(?:^|[/_.-])(?:concurren\w+|threading|mutex|scheduler|executor)(?:[/_.-]|$)",
        lines=r"""
\b(?:Mutex|RwLock|synchronized|AtomicU?\w*|sync\.Mutex)\b
\bArc<
\b(?:threading|asyncio)\.Lock\b
\bstd::thread\b
""",
    ),
    Trigger(
        code="public-api",
        rules="""
api-term & renaming
api-term & fault & api-part
api-part & api-edge & renaming
config & accept
config & api-part & change
flag & renaming
flag & api-part
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
        rules="""
routing-term with do
escalation & change
model-name & money-cap
cloud & money-cap & change
routing-term & fault
routing-term & model-name
model-name & routing & change
model-name & routing & model-name
model-name & change & model-name
""",
        paths=r"(?:^|[/_.-])(?:routing|router|model[-_]?policy|providers?|openclaw|mcp)(?:[/_.-][^/]*)?\.(?:toml|json5?|ya?ml|md)$",
        lines=r"""
\b(?:primary|fallbacks|escalate_to|local_only|model_router|routing)\b["']?\s*[=:]
\bmcpServers\b
""",
    ),
    Trigger(
        code="build",
        rules="""
! command
infra-term with do
infra-term & ops
infra-term & destroy
infra-term & fault with tech
tooling & bump
pipeline & gate
ops & gate & tooling
ops & prod & change
ops & tooling & prod
ops & prod-sure
change & prod-sure with tech
destroy & prod-sure
""",
        paths=r"""
(?:^|/)\.github/workflows/
(?:^|/)(?:Dockerfile|Containerfile|rust-toolchain(?:\.toml)?|\.gitlab-ci\.yml|Jenkinsfile|Makefile|docker-compose\.ya?ml|compose\.ya?ml)$
(?:^|/)(?:Cargo\.toml|package\.json|pyproject\.toml|go\.mod|pom\.xml|build\.gradle(?:\.kts)?|CMakeLists\.txt)$
\.(?:tf|tfvars|hcl)$
(?:^|/)(?:k8s|kubernetes|helm|charts|infra|terraform|ansible|deploy|deployment|ops)/
""",
        lines=r"""
\bcurl\b.*\|\s*(?:ba)?sh\b
\bkubectl (?:apply|delete)\b
\bterraform (?:apply|destroy)\b
""",
    ),
)
