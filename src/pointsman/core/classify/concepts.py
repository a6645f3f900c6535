"""What words of a prompt can mean to risk: named concepts, each a list of words and phrases, English and Korean.

Data only: `reading` reads them and `triggers` says which concepts together are a risk. Entries stand between commas.
An English entry stands for its inflected forms too (`rotate`: rotates, rotated, rotating); `=word` for itself alone.
A Korean entry is found anywhere in a word, `^entry` only where the word begins, `=entry` as the whole word.
A word may mean several things; of phrases that begin at one word the longest counts, and its words mean nothing else.
"""

from __future__ import annotations

# --- What is done -----------------------------------------------------------------------------------------------------

DOING = {
    "change": """
        permit, shard, make, implement, set up, wire up, provide, start, add to, add, change, modify, update, edit,
        alter, adjust, adapt, replace, swap, switch, set, let, allow, enable, turn on, turn off, turn, disable,
        refactor, rework, redesign, extend, fix, patch, correct, repair, debug, resolve, handle, support, introduce,
        require, enforce, bump, upgrade, downgrade, move, convert, port, rename, reorder, split, merge, squash,
        combine, rewrite, increase, decrease, reduce, raise, lower, shorten, lengthen, halve, limit, restrict, block,
        hide, expose, stop, prevent, skip, bypass, ignore, sanitise, sanitize, validate, verify, put, wire, hook,
        integrate, configure, reconfigure, tweak, redirect, shift, install, uninstall, apply, rerun, store, forward,
        accept, reject, deny, refuse, wrap, make sure, get rid of, instead of, rather than, no longer, must, should,
        shall, cap, mark, become, respect, honour, honor, tighten, loosen, relax, harden, ensure, guard, protect,
        throttle, rate limit, widen, narrow, drain, scale, emit, unify, consolidate, register, whitelist, allowlist,
        trust, untrack, commit, retry, trim, lift, toggle, collect, gather, inject, expand, promote, demote,
        re enable, opt, put behind, clean, clean up, tidy, tidy up, drop, remove, delete, strip, cut, retire,
        deprecate, reintroduce, restore, revert, undo, roll back, rollback, rotate, revoke, renew, issue, mint,
        encrypt, decrypt, sign, mask, redact, export, sync, copy, clone, mirror, attach, mount, bind, grant, give,
        open, close, lock, unlock, release, ship, deploy, redeploy, publish, push, migrate, transform, prefer, reset,
        log, persist, cache, hash, review, audit, look over, needs, vendor, fork, pin, unpin, target, double, wipe,
        lets, want it, kick out, log out, is wrong, looks wrong, point, rebuild, restart, shut down, shutdown, send,
        pass, write down, reuse, rid, default, mask out, ^추가, ^변경, ^수정, ^바꿔, ^바꾸, ^바뀌, ^고쳐, ^고치,
        ^적용, ^교체, ^전환, ^설정, ^업데이트, ^업그레이드, ^늘려, ^늘리, ^줄여, ^줄이, ^올려, ^올리, ^내려, ^허용,
        ^막아, ^막고, ^차단, ^제한, ^넣어, ^넣고, ^빼, ^끄, ^꺼, ^켜, ^리팩, ^해결, ^개선, ^강화, ^검토, ^옮겨, ^옮기,
        ^저장, ^보내, ^연결, ^연동, ^통합, ^분리, ^합쳐, ^나눠, ^나누, ^하게, ^하도록, ^되게, ^되도록, 도록, ^건너뛰,
        ^생략, ^노출, ^공개, ^배포, ^발급, ^갱신, ^맞춰, ^돌려, ^해제, ^활성, ^비활성, ^붙여, ^풀어, ^걸어, ^내보내,
        ^기록, ^남기, ^숨겨, ^가려, ^쓰게, ^쓰도록, ^지원, ^부여, ^되돌, ^지정, ^등록, ^정리, ^점검, ^봐줘, ^삭제,
        ^지워, ^지우, ^제거, ^없애, ^처리
        """,
    "make": """
        keep, use, return, make, run, call, show, go through, save, write, build, create, generate, develop, code,
        read, execute, parse, load, invoke, render, check, look at, hand, simplify, link, translate into, serve,
        stream, fetch, print, design, compile, document, test, upload, scaffold, prototype, ^구현, ^작성, ^만들,
        ^실행, ^확인해, ^짜줘, ^개발, ^설계
        """,
    "destroy": """
        delete, remove, purge, wipe, erase, drop, truncate, prune, clear, clean, cleanup, empty, nuke, trash, discard,
        destroy, get rid of, blow away, throw away, throw out, expire, evict, kill, reset, overwrite, flush, shred,
        tear down, teardown, dispose, scrap, free up, dedupe, deduplicate, dedup, archive, retire, decommission, zap,
        bin, rm, hard delete, soft delete, has to go, have to go, must go, gone, forget, be 
 forgotten, vacuum,
        compact, reap, sweep, expunge, clear out, clean up, clean out, wiping, anonymise, anonymize, cancel,
        deactivate, reseed, recreate, unlink, rid, 삭제, ^지워, ^지우, ^지울, ^지운, 제거, ^없애, ^없앤, ^날려, ^날리,
        ^비워, ^비우, 폐기, 초기화, 파기, 덮어쓰, ^정리, 탈퇴, 말소, 드롭, 드랍
        """,
    "move": """
        migrate, migration, move, switch, convert, transfer, port, replicate, sync, synchronise, synchronize, dump,
        import, export, load, reload, restore, cutover, cut over, consolidate, merge, split, shard, partition,
        backfill, reindex, rehash, copy, replace, swap, transition, change over, go from, going from, ditch,
        moving 
 off, get off, lift and shift, 이전, ^옮기, ^옮겨, 이관, 복사, 복원, 복구, 동기화, 전환, ^분리, ^통합,
        병합, ^합치, ^합쳐, 교체, 마이그레이션, ^바꿔, ^바꾸, ^나누, ^나눠
        """,
    "permit": """
        accept, accepts, may see, reach, used to reach, rejects, allow, let, permit, grant, give, enable, open,
        expose, share, may, can, could, cannot, can't, only, restrict, limit, able to, forbid, deny, block, prevent,
        stop, require, nobody, no one, without asking, without approval, invite, disallow, shouldn't, should not,
        must not, should only, visible, hide, gate, revoke, ban, unban, suspend, should be, as another, 허용, ^열어,
        부여, ^막아, ^막고, 차단, 제한, ^못, ^만, 가능, 있게, 없게, ^수
        """,
    "act": """
        delete, edit, see, view, read, write, download, upload, approve, change, create, manage, access, close, open,
        post, comment, publish, export, invite, remove, modify, update, merge, deploy, look at, cancel, refund, query,
        assign, transfer, moderate, ban, push, enter, unlock, 삭제, 수정, 조회, 접근, 편집, 열람, 승인, 다운로드, ^볼,
        ^보, 읽, 쓰, 호출, 변경
        """,
    "fault": """
        bug, buggy, broken, break, breaks, fail, failure, error, errors, crash, leak, wrong, incorrect, twice, double,
        doubled, duplicate, duplicated, lost, lose, missing, stuck, hang, freeze, corrupt, corruption, inconsistent,
        sometimes, intermittently, intermittent, randomly, flaky, stale, overwritten, overwrite, negative, mismatch,
        doesn't, isn't, aren't, won't, can't, don't, cannot, never, vanish, disappear, gone, out 
 of sync, diverge,
        oversold, oversell, leaks, panic, segfault, weird, half written, partial, truncated, garbage, garbled, fails,
        interleave, forever, timeout, times out, race, same job, same row, same order, without, exceed, issue,
        problem, clash, collide, collision, conflict, double charged, reject, rejected, invalid, unexpected, bypass,
        skip, 버그, 오류, 에러, 실패, ^안, 깨져, 깨지, 깨진, ^틀어, ^틀려, 꼬여, 꼬임, ^두, 중복, 누락, 유실, 멈춰,
        멈춤, 멈추, 손상, 가끔, 간헐, 꼬이, 사라, 잘못, 이상, 문제, 안됨, 안돼, 충돌, 어긋, 음수, 새는, 새고, 유출,
        막혀, 죽어, 죽는, 터져, 터짐, 튕
        """,
    "simultaneous": """
        at once, at the same time, simultaneously, simultaneous, concurrently, concurrent, concurrency, in parallel,
        parallel, parallelise, parallelize, parallelism, under load, same time, race, races, racing, interleave,
        interleaved, in between, two requests, double click, double submit, contention, heavy traffic, many orders,
        between the check, meanwhile, both workers, both threads, both processes, both instances, two workers,
        two 
 threads, two processes, two instances, second instance, another instance, another thread,
        another process, other thread, multithreaded, multi threaded, multithreading, several workers,
        several threads, multiple 
 workers, multiple threads, multiple processes, multiple instances,
        more than one worker, two replicas, two 
 pods, two jobs, two cron, overlapping, overlap, two tabs,
        lock contention, both nodes, two nodes, two 
 consumers, multiple consumers, two users, both users,
        two people, 동시, 병렬, 경쟁, 멀티, 여러, 한꺼번에, 동시에, 중복
        """,
    "schedule": """
        all the, every night, nightly job, live, script, endpoint, existing, all, cron, crontab, cronjob, nightly,
        job, scheduled, older, inactive, stale, unused, orphaned, orphan, expired, old, dormant, obsolete, everything,
        automatically, retention, ttl, permanently, for good, bulk, batch, duplicate, historical, unverified,
        leftover, ^전부, ^모두, ^싹, ^모든, ^일괄, ^오래된, 이전, 스크립트, 배치, 자동, 매일, 매주, 영구, 한달, 개월,
        년, 기간, 휴면, 만료
        """,
    "exposed": """
        git history, leaked, leak, commit, committed, checked in, git, history, hardcoded, hard coded, plain text,
        plaintext, cleartext, clear text, rotate, revoke, paste, pasted, vault, frontend, bundle, repo, repository,
        logs, env, 깃, 커밋, 히스토리, 하드코딩, 유출, 노출, 평문, 교체, 재발급
        """,
    "leak": """
        git history, environment variable, environment variables, into the log, to the log, in the log, in logs,
        startup log, from config, config py, in the config, the config, print, printed, log, once, into environment,
        environment, our server, to slack, share, replace, move, encrypt, generate, store, stored, expire, read, leak,
        rotate, commit, committed, repo, repository, git, history, logs, logging, logged, env, configuration,
        hardcode, hardcoded, hard coded, paste, pasted, pushed, push, plain, plaintext, clear text, cleartext,
        plain 
 text, revoke, revoked, mask, redact, checked in, check in, workflow, ci, terraform, compose, bundle,
        frontend, query string, slack, wiki, leaked, exposed, expose, vault, kms, docker, regenerate, renew, 로그, 깃,
        커밋, 저장소, 히스토리, 환경, 하드코딩, 노출, 유출, 교체, 평문, 올라, 올린, 공개, 발급, 재발급, 폐기, 옮겨
        """,
    "ops": """
        deploy, deployment, redeploy, rollback, roll back, rolled back, release, publish, ship, apply, roll out,
        rollout, scale, autoscale, restart, reboot, promote, provision, drain, failover, fail over, upgrade,
        downgrade, patch, reload, push, hotfix, cut over, cutover, resize, migrate, go live, canary, blue green, tag,
        taint, bounce, reprovision, spin up, turn off, shut down, shutdown, switch over, install, uninstall, sign,
        notarise, notarize, unpublish, yank, re run, 배포, 롤백, 릴리스, 릴리즈, 재시작, 재부팅, 증설, 출시, 올려,
        반영, 내려, 설치, 업그레이드, 스케일
        """,
}

# --- What it is done to -----------------------------------------------------------------------------------------------

_AUTH = {
    "auth-term": """
        oauth, oauth2, oidc, openid, openid connect, jwt, jwts, jwks, saml, sso, csrf, xsrf, rbac, abac, mfa, 2fa,
        totp, hotp, passkey, webauthn, fido2, ldap, kerberos, active directory, keycloak, auth0, okta, cognito,
        nextauth, authjs, sudoers, pam, magic link, row level security, rls, acl, acls, access control,
        privilege 
 escalation, auth, authn, authz, authentication, authenticate, authenticator, authorization,
        authorisation, authorize, authorise, unauthorized, unauthorised, unauthenticated, impersonate, impersonation,
        two factor, multi factor, second factor, single sign on, single sign out, remember me, session cookie,
        session fixation, session hijacking, session timeout, session id, brute force, access token, refresh token,
        bearer token, bearer, id token, csrf token, auth token, session token, reset token, same site, samesite,
        httponly, cors, cors headers, password reset, password hash, password policy, forgot password,
        forgot my password, reset 
 link, permission check, role check, iam, iam role, iam policy, cluster admin,
        clusterrole, clusterrolebinding, rolebinding, serviceaccount, setuid, sudo, passwordless, one time code,
        one time 
 password, otp, login attempts, failed attempts, failed logins, account lockout, login throttling,
        captcha, recaptcha, turnstile, multi tenant, multi tenancy, tenant isolation, cross tenant, per tenant, idor,
        super 
 admin, superuser, superadmin, least privilege, signed in as, log in as, device trust, trusted device,
        social 
 login, google login, apple sign in, devise, passport js, spring security, session store,
        logged out 
 everywhere, api gateway authorizer, authorizer, scopes, 인증, 인가, 로그인, 로그아웃, 회원가입,
        소셜로그인, 싱글사인온, 이단계, 2단계, 액세스토큰, 접근제어, 무차별, 캡차, 오티피
        """,
    "sign-in": """
        users out, user out, everyone out, everybody out, people out, them out, all users out, every user out, login,
        log in, logging in, logs in, logged in, sign in, signin, signing in, signed in, signs in, signup, sign up,
        signing up, signed up, sign on, logout, log out, logs out, logged out, logging out, sign out, signed out,
        log off, locked out, lock out, lockout, relogin, re login, password, passwords, passcode, passphrase,
        pin code, pins, session, sessions, cookie, cookies, stay signed, logins, invite link, invitation 
 link,
        invitation code, verification email, verification code, confirmation email, mail link, account 
 linking,
        email verification, security question, backup code, recovery code, security key, identity provider, 비밀번호,
        패스워드, 암호, 세션, 쿠키, 로그인, 계정, 가입, 탈퇴
        """,
    "signed-out": """
        logout everywhere, log out everywhere, log everyone out, log users out, log people out, kicked out, users out,
        user out, everyone out, everybody 
 out, people out, them out, all users out, every user out
        """,
    "right": """
        access policy, ownership, auth guard, route guard, auth scope, permission, permissions, privilege, privileges,
        role, roles, access rights, rights, access level, acl, admin, admins, administrator, entitlement, superuser,
        allowlist, whitelist, admin panel, admin page, admin area, moderator, admin rights, read only access,
        write access, read access, full access, admin access, root access, public access, guest 
 access,
        anonymous access, 권한, 관리자, 역할, 소유자, 접근, 어드민, 운영자
        """,
    "person": """
        moderators, admin, admins, administrator, owner, owners, member, members, editor, editors, viewer, moderator,
        guest, guests, visitor, visitors, anonymous, anyone, everyone, everybody, anybody, staff, manager, managers,
        user, users, customer, customers, tenant, tenants, contractor, contractors, support, employee, employees,
        non admins, partner, partners, intern, agent, agents, reviewer, logged in, signed in, outsider, bot, merchant,
        seller, vendor, teammate, developer, developers, author, 관리자, 사용자, 회원, 손님, 게스트, 누구나, 직원,
        팀장, 본인, 작성자, 유저, 소유자
        """,
    "anothers": """
        other people's, someone else's, somebody else's, another user's, other users, another user, other tenants,
        another tenant, other customers, another customer, other people, someone else, other accounts, other's,
        each 
 other's, not theirs, by id, by guessing, changing the id, any id, any account, any user, any order,
        any 
 document, as another user, as the user, on behalf of, behind the login, 다른, 남의, 타인, 아무나,
        누구나
        """,
    "guess": """
        random tokens, guess, guessable, unguessable, predictable, unpredictable, guessing, random random,
        math 
 random, rand, mt rand, prng, secrets module, randomness, entropy, seed, sequential ids, brute,
        enumerate, enumeration, uuid4, secure random, timing safe, securerandom, cryptographically, 추측, 난수, 예측
        """,
}

_SECURITY = {
    "crypto-term": """
        directory listing, parameterised queries, parameterized queries, prepared statements, port 443, all ports,
        encrypt, encryption, encrypted, unencrypted, decrypt, decryption, re encrypt, reencrypt, cipher, ciphertext,
        aes, aes gcm, rsa, hmac, argon2, argon2id, bcrypt, scrypt, pbkdf2, ed25519, x25519, ecdsa, chacha20, hkdf,
        tls, mtls, ssl, x509, gpg, pgp, kms, hsm, nonce, csprng, xss, ssrf, rce, csp, hsts, sqli, xxe, ssti, redos,
        cve, vulnerability, vulnerabilities, vuln, exploit, exploitable, sql injection, path traversal,
        directory 
 traversal, zip slip, command injection, code injection, prototype pollution, clickjacking,
        open redirect, content security policy, firewall, iptables, nftables, ufw, waf, security group,
        security groups, security 
 header, security headers, security hole, security patch, security fix,
        security issue, security bug, security flaw, innerhtml, dangerouslysetinnerhtml, v html, constant time,
        timing attack, let's encrypt, letsencrypt, certbot, acme, keystore, truststore, certificate, certificates,
        ca bundle, cert pinning, certificate pinning, self signed, signature verification, signature check,
        verify signature, webhook 
 signature, digital signature, presigned url, presigned, signed url, signed urls,
        openssl, libsodium, crypto, cryptography, key derivation, key exchange, plain http, http to https, https only,
        at rest, end to end 
 encrypted, e2ee, sha 1, sha1, sha256, sha 256, sha512, md5, dependabot, snyk, trivy,
        pentest, penetration 
 test, security audit finding, verify false, insecureskipverify, rejectunauthorized,
        cert verify, referrer 
 policy, x frame options, escapeshellarg, port 22, 169 254 169 254, internal ip,
        internal address, internal 
 addresses, metadata endpoint, man in the middle, mitm, world writable,
        world readable, rate limiting, rate 
 limiter, hash the, vpn, wireguard, ssh, sshd, fail2ban, selinux, 암호화,
        복호화, 인증서, 방화벽, 취약점, 보안, 해시, 해싱, 서명, 포트, 인젝션
        """,
    "secure": """
        security, secure, securely, insecure, insecurely, cert, certs, verification, verify, signature, signed,
        unsigned, signing, trust, trusted, untrusted, unverified, tamper, tampered, spoof, spoofed, forge, forged,
        attacker, attackers, malicious, hacker, hash, hashed, salt, digest, ciphers, safely, integrity,
        replay 
 attack, validated, unvalidated, attack, 악성, 공격, 위조, 변조
        """,
    "user-input": """
        user input, user supplied, user provided, user controlled, request param, request parameter, query param,
        untrusted input, input, uploaded, upload, uploads, user uploaded, form field, search term, username field,
        filename, file name, f string, string concatenation, string formatting, concatenate, concatenated,
        raw 
 query, user content, comments, markdown from users, html from, client side value, client sends,
        whatever 
 users type, from the request, 사용자입력, 입력값, 업로드
        """,
    "sink": """
        html, sql, query, queries, shell, path, paths, url, urls, eval, exec, template, templates, script, innerhtml,
        redirect, statement, command, os system, popen, deserialise, deserialize, filesystem, xml, svg, yaml load,
        where clause, php, 쿼리, 경로, 스크립트
        """,
    "clean-input": """
        parameterised queries, parameterized queries, parameterized statement, parameterised statement, escape,
        escaped, unescaped, sanitise, sanitize, sanitised, sanitized, unsanitised, unsanitized, inject, injected,
        injection, parameterise, parameterize, parameterised, parameterized, prepared statement,
        prepared 
 statements, bind
        """,
    "network": """
        port, ports, internet, public internet, outside world, 0 0 0 0, bind address, ingress, egress, inbound,
        outbound, vpc, subnet, public subnet, internal network, localhost, loopback, proxy, reverse proxy, bastion,
        gateway, ip range, cidr, office network, ip address, ip addresses, public bucket, public ip, listen on,
        whole world, intranet, listener, 외부, 인터넷, 포트, 내부망
        """,
}

_SECRETS = {
    "secret-term": """
        api key, api keys, api token, api tokens, apikey, secret key, secret keys, private key, private keys,
        access 
 key, access keys, ssh key, ssh keys, signing key, signing keys, signing secret, encryption key,
        encryption 
 keys, deploy key, service account, service account key, gpg key, master key, stripe key,
        openai key, client 
 secret, webhook secret, app secret, shared secret, secrets manager, secret manager,
        aws secret, secret 
 access key, hardcoded, kubeconfig, id rsa, dotenv, connection string, database url,
        db password, database 
 password, root password, admin password, keychain, keyring, hashicorp vault,
        sealed secrets, sops, personal 
 access token, github token, slack token, npm token, pypi token, bot token,
        deploy token, device token, push 
 token, jwt secret, pgpass, netrc, htpasswd, tfvars, pem file, p12,
        service key, anon key, production 
 password, env, env file, env production, leaked credentials,
        aws credentials, db credentials, database 
 credentials, user credentials, secret scanning, gitleaks,
        trufflehog, license key, license keys, 시크릿, 비밀키, 개인키, 자격증명, 인증키, 접속정보, 서비스키
        """,
    "secret-sure": """
        password, passwords, credential, credentials, creds, secret, secrets, passphrase, token, tokens, dsn,
        webhook url, keys, 비밀번호, 패스워드, 자격, 토큰, 비밀키, 키를, 키가
        """,
    "credential": """
        credential, credentials, creds, secrets, passwords, 자격
        """,
    "secret": """
        code, codes, invite code, invite codes, key, keys, secret, secrets, token, tokens, password, passwords,
        credential, credentials, creds, passphrase, pat, vault, webhook url, dsn, ^키, =키를, =키가, 비밀, 토큰,
        비밀번호, 패스워드, 자격
        """,
    "pii-term": """
        gdpr, ccpa, hipaa, dsgvo, pii, phi, kyc, pci, pci dss, personal data, personal information,
        personally 
 identifiable, personally identifying, right to be forgotten, right to erasure, data subject,
        subject access 
 request, dsar, data protection, privacy law, consent, cookie banner, social security number,
        social security 
 numbers, ssn, iban, cvv, cvc, card number, card numbers, credit card, credit cards,
        debit card, saved card, saved cards, payment method, payment methods, bank account number, bank details,
        passport scan, passport 
 number, passport photo, id card, id document, national id, driver's license,
        driving licence, tax id, date 
 of birth, dates of birth, birth date, birthdate, dob, medical record,
        medical records, patient record, patient records, patient data, health data, health records, biometric,
        salary, salaries, payroll, geolocation, location data, customer data, user data, users data, customers data,
        employee data, anonymise, anonymize, pseudonymise, pseudonymize, anonymisation, anonymization, data retention,
        retention policy, retention period, session recording, legal hold, data residency, 개인정보, 주민번호,
        주민등록, 카드번호, 계좌번호, 여권, 급여, 연봉, 건강정보, 고객정보, 회원정보, 위치정보, 생년월일, 마스킹,
        가명
        """,
    "person-data": """
        email address, email addresses, e mail address, e mail addresses, phone number, phone numbers, home address,
        home addresses, ip addresses, postal address, 전화번호, email, emails, e mail, e mails, mail, phone, address,
        addresses, birthday, birthdays, birth, name, names, passport, ip, ips, patient, patients, salary, health,
        location, locations, gender, customer, customers, user, users, card, cards, employee, employees, applicant,
        applicants, student, students, subscriber, subscribers, contact, contacts, request body, member, members,
        scan, scans, 이메일, 주소, 이름, 생일, 환자, 고객, 회원, 연락처, 휴대폰, 사용자, 카드, 이용자, 직원, 학생
        """,
    "disclose": """
        to the log, into the log, in the log, in logs, our server, to the logs, in the logs, from the logs, log, logs,
        logging, export, csv, mask, redact, scrub, anonymous, third party, analytics, advertising, ad network, track,
        tracking, telemetry, crash report, sentry, datadog, share, forward, sell, agency, dump, scrape, retain,
        retention, personal, private, privacy, sensitive, mailing list, excel, support tool, spreadsheet 
 export,
        trace, traces, debug output, google analytics, mixpanel, segment, partner, newsletter provider, mailchimp,
        hubspot, facebook pixel, delete on request, 로그, 내보내, 엑셀, 마스킹, 외부, 제공, 수집, 보관, 동의, 통계,
        분석, 추출, 암호
        """,
}

_MONEY = {
    "money-term": """
        stripe, paypal, braintree, adyen, klarna, mollie, payment intent, payment gateway, payment provider,
        payment 
 processor, payment flow, payment code, payment webhook, payments service, billing, billing code,
        chargeback, payout, payouts, refund, refunds, double charge, double charged, charge the card,
        charges the card, charge 
 customers, ledger, ledger entry, direct debit, sepa, wire transfer, wallet balance,
        account balance, balances, invoicing, proration, checkout total, subscription renewal, dunning, settlement,
        reconciliation, vat calculation, tax calculation, apple pay, google pay, escrow, order total, discount code,
        coupon code, coupons, gift card, gift cards, exchange rate, credit notes, credit note, payroll run,
        withdrawal, withdrawals, toss payments, iamport, 결제, 환불, 정산, 송금, 출금, 입금, 잔액, 청구, 과금, 이체,
        포인트
        """,
    "money": """
        payment, payments, charge, charges, charged, invoice, invoices, price, prices, pricing, balance, amount,
        amounts, transaction, transactions, subscription, subscriptions, fee, fees, tax, vat, checkout, money, pay,
        pays, paid, card, cards, transfer, debit, credit, coupon, cents, discount, currency, bill, order, orders,
        wallet, cart, 금액, 가격, 주문, 구독, 쿠폰, 수수료, 할인, 계좌
        """,
    "money-code": """
        idempotent, idempotency, webhook, webhooks, endpoint, job, handler, rounding, rounds, twice, gateway, capture,
        service, module, code, api, cron, retry, retries, reversed, logic, 버그, 로직, 코드, 모듈, 서비스, 취소, 금액,
        오류
        """,
}

_DATA = {
    "store": """
        old volume, data volume, volumes on, docker volume, docker volumes, mongo collection, disk space, database,
        databases, db, dbs, row, rows, record, records, bucket, buckets, backup, backups, snapshot, snapshots, dump,
        replica, replicas, partition, shard, tablespace, data directory, data dir, datadir, dataset, postgres,
        postgresql, mysql, mariadb, mongo, mongodb, sqlite, redis, dynamodb, cassandra, clickhouse, elasticsearch,
        opensearch, s3, gcs, blob storage, firestore, supabase, rds, aurora, bigquery, snowflake, influxdb,
        kafka 
 topic, persistent volume, pvc, filesystem, object storage, cockroachdb, neo4j, etcd, minio,
        sql server, mssql, data warehouse, warehouse, consumer group, data, production data, uploads dir, uploads,
        log files, inodes, 디비, 데이터베이스, 데이터, 레코드, 백업, 스냅샷, 버킷, 볼륨, 디스크
        """,
    "prod-data": """
        production data, production database, prod database, prod db, prod data, production db, live data,
        live 
 database, live db, customer database, user database, 운영디비
        """,
    "engine": """
        postgres, postgresql, mysql, mariadb, mongo, mongodb, sqlite, redis, dynamodb, cassandra, clickhouse,
        elasticsearch, opensearch, s3, gcs, blob storage, firestore, firebase, supabase, rds, aurora, bigquery,
        snowflake, influxdb, oracle, sql server, mssql, cockroachdb, neo4j, etcd, minio, timescaledb, kafka, rabbitmq,
        planetscale, cosmos db, azure storage, local storage, indexeddb, memcached, valkey, duckdb, couchdb, rocksdb,
        leveldb, lmdb, 포스트그레스, 몽고, 레디스
        """,
    "rows": """
        account, accounts, user, users, order, orders, customer, customers, invoice, invoices, session, sessions, log,
        logs, entry, entries, product, products, transaction, transactions, payment, payments, message, messages,
        event, events, ticket, tickets, post, posts, tenant, tenants, upload, uploads, subscription, subscriptions,
        attachment, attachments, profile, profiles, comment, comments, job, jobs, booking, bookings, patient,
        patients, employee, employees, file, files, photo, photos, document, documents, metric, metrics, audit log,
        audit logs, audit trail, history, cache, namespace, workspace, workspaces, artifacts, everything, project,
        projects, draft, 사용자, 회원, 주문, 계정, 로그, 결제, 고객, 기록, 메시지, 파일, 사진, 내역, 게시글, 세션
        """,
    "keep-time": """
        how long we keep, how long we store, how long we retain, years, months, days, retention, weeks, 개월, 년간,
        보관
        """,
    "schema": """
        database migration, to the migrations, email column, foreign key, primary key, unique constraint,
        check 
 constraint, db constraint, not null, nullable, composite key, composite index, database index,
        db index, unique index, partial index, ddl, enum type, database schema, db schema, table schema, jsonb,
        varchar, bigint, autoincrement, auto increment, join table, lookup table, materialised view,
        materialized view, stored procedure, trigger function, db trigger, database trigger, data model, own table,
        new table, orm 
 model, users table, orders table, customers table, events table, messages table,
        sessions table, products 
 table, invoices table, accounts table, payments table, tenants table, audit table,
        transactions table, bookings table, legacy table, normalise the, denormalise, denormalize, timestamptz,
        on delete cascade, model 
 field, primary keys, foreign keys, schema prisma, many to many, one to many,
        migrations folder, index on, indexes on, sharding key, partition key, sort key, int to uuid, id type,
        id column, date column, address 
 column, column type, 스키마, 외래키, 기본키, 제약
        """,
    "table": """
        the collection, column, columns, table, tables, index, indexes, constraint, constraints, schema, schemas,
        collection, view, enum, 컬럼, 칼럼, 테이블, 인덱스
        """,
    "reshape": """
        add, drop, rename, remove, delete, alter, split, widen, merge, move, change, make unique, unique, backfill,
        retype, archive, partition, shard, truncate, index, reindex, merging, required, combine, normalise, normalize,
        ^추가, ^삭제, ^변경, ^나누, ^나눠, ^합쳐, ^바꿔, ^제거
        """,
    "database": """
        references, database, databases, db, dbs, sql, postgres, postgresql, mysql, mariadb, mongo, mongodb, sqlite,
        redis, production, prod, rows, records, users, customers, orders, invoices, accounts, events, tenants,
        payments, messages, sessions, products, email, address, created at, updated at, int, uuid, timestamps,
        timestamp, migration, backfill, ddl, erp, primary, downtime, data, 디비, 데이터베이스, 데이터, 사용자, 회원,
        주문, 결제
        """,
    "schema-term": """
        shard, sharding, resharding, rename column, add column, alembic, flyway, liquibase, prisma, typeorm, knex,
        sequelize, backfill, back fill, alter table, drop table, drop column, drop database, drop index,
        drop 
 schema, delete from, truncate table, create index, drop constraint, database migration,
        database migrations, db migration, db migrations, schema migration, schema migrations, data migration,
        data migrations, django 
 migration, django migrations, rails migration, sql migration, pending migrations,
        schema change, schema 
 changes, makemigrations, gh ost, pg repack, pg dump, pg restore, mysqldump, data loss,
        lose data, losing 
 data, loses data, lose writes, loses writes, lost writes, lost update, lost updates,
        zero downtime 
 migration, soft delete, soft deletes, soft deleted, hard delete, row level,
        point in time recovery, retention, ttl index, update set, data corruption, corrupt data, corrupts data,
        split brain, replication 
 lag, replication slot, 마이그레이션, 백필, 롤업, 데이터유실
        """,
    "migrate": """
        migration, migrations, migrate, migrated, migrating
        """,
    "migrated": """
        add, adds, drop, drops, users, table, column, rollback, roll back, revert, rails, django, laravel, sql, fails,
        failed, file, write, run, ran, squash, reorder, apply, skip, generate, database, data, schema, production,
        staging, customer, customers, accounts, index, number, pending, order, script, broken, storage, existing, old,
        azure, aws, prod, hangs, deploy, locks, stuck, services
        """,
    "persist": """
        writes to the journal, the journal, pickle the, wal, write ahead log, persistence layer, persistence format,
        journal file, journaling, acked 
 before, persist to disk, save file layout, saved layout, old saves,
        save format, header gets a version, on 
 disk, to disk, from disk, off disk, disk format, save file,
        save files, save game, save games, savegame, saved games, savegames, file format, file layout, binary format,
        wire format, storage format, on disk 
 format, cache format, index format, format version, version byte,
        serialise, serialize, serialised, serialized, serialisation, serialization, deserialise, deserialize,
        deserialisation, deserialization, pickle, pickled, msgpack, messagepack, protobuf, protobufs, avro, parquet,
        cbor, flatbuffers, capnproto, bincode, json blob, json blobs, fsync, fsynced, fsyncs, fdatasync,
        checkpointing, write ahead, event store, event log, event sourcing, stored events, message format,
        message schema, avro schema, schema registry, snapshot format, backup format, persistent state, state file,
        local storage key, localstorage, indexeddb, crash safe, power loss, power failure, torn write, torn writes,
        atomic write, atomic writes, atomically, temp file and rename, durability, durably, disk cache, cache file,
        cache files, disk layout, disk version, serde, gob, stored format, storage layer, legacy format, old format,
        new format, dead letter, ack before, dump format, log format, log compaction, file header, half written,
        직렬화, 역직렬화, 저장형식, 포맷, 디스크, 체크포인트, 저널
        """,
    "write-fault": """
        ack, acked, fsync, fsynced, fsyncs, save, write, saved, written, overwrite, overwritten, truncated,
        half 
 written, lost, loses, lose, losing, crash, crashes, corrupt, corrupted, partial, power, flush, flushed,
        atomic, 저장, 유실, 손상, 날아가
        """,
}

_UNSAFE = {
    "unsafe-term": """
        pickled model, pickled models, pickled data, pickled objects, pickle files, ffi, extern c, jni, jna, cgo,
        ctypes, cffi, pyo3, bindgen, cbindgen, swig, pybind11, napi, node api, transmute, get unchecked,
        from raw 
 parts, unchecked, maybeuninit, mem forget, unsafecell, nonnull, raw pointer, raw pointers,
        pointer 
 arithmetic, dangling pointer, null pointer dereference, inline assembly, inline asm, asm volatile,
        seccomp, apparmor, landlock, ptrace, execpolicy, bubblewrap, bwrap, firejail, gvisor, nsjail, cgroup, cgroups,
        chroot, privileged container, privileged mode, privileged, memory safety, memory unsafe, memory corruption,
        buffer overflow, buffer overrun, heap overflow, stack overflow exploit, use after free, double free,
        out of 
 bounds read, out of bounds write, arbitrary code, remote code, untrusted code, untrusted plugin,
        untrusted 
 plugins, untrusted input, untrusted notebooks, user scripts, user code, user supplied code,
        native 
 extension, native module, native addon, native binding, native bindings, native code, c extension,
        c 
 library, c bindings, shell true, pickle load, pickle loads, yaml load, unsafe block, unsafe blocks,
        unsafe 
 code, unsafe fn, unsafe rust, unsafe impl, unsafe pointer, unsafe trait, miri, asan,
        addresssanitizer, valgrind, undefined behavior, undefined behaviour, ub, segfault, segfaults,
        segmentation fault, sigsegv, access violation, eval, exec, subprocess, os system, docker socket, docker sock,
        host network, hostpath, cap 
 sys admin, capabilities, execution policy, sandbox policy, sandbox profile,
        sandbox escape, wasi, wasmtime, shellcode, dlopen, dlsym, bounds check, bounds checks, bounds checking,
        setuid, kernel module, kernel 
 driver, device driver, ioctl, mmap, 샌드박스, 포인터, 네이티브, 언세이프
        """,
    "unsafe": """
        unsafe, sandbox, sandboxed, sandboxing, isolation, isolated, jail, unsandboxed, pointer, pointers, bindings,
        binding, native, dll, shared library, assembly
        """,
    "code-run": """
        rust, crate, c, swift, python, go, plugin, plugins, extension, extensions, agent, agents, tool, tools, runner,
        process, processes, code, module, function, parser, struct, bytes, buffer, header, slice, network, filesystem,
        file system, container, containers, profile, policy, executor, write, files, command, commands, library,
        script, scripts, workspace, node, kernel, memory, worker, notebook, 네트워크, 코드, 블록, 프로세스, 도구,
        실행
        """,
    "agent": """
        agent, agents, tool runner, tool executor, plugin, plugins, plugin runner, extension host, code runner, bot,
        notebook, notebooks, tool, tools, copilot, assistant, model's tool calls, tool calls, tool call,
        step 
 runner, 에이전트, 플러그인, 도구
        """,
    "reach": """
        shell, shell command, shell commands, run commands, commands, network access, network, internet, filesystem,
        file system, root, outside the workspace, outside of the workspace, outside the repo, outside the project,
        outside, home directory, without asking, without approval, without confirmation, approval, approvals,
        auto 
 approve, auto approval, confirmation prompt, allowed commands, curl, sudo, arbitrary files,
        write access, git push, unrestricted, sockets, socket, restrict, confined, timeouts lifted, 네트워크, 승인,
        명령, 파일시스템, 외부
        """,
    "as-root": "as root, root user, run as root, uid 0, user root, 루트",
}

_CONCURRENCY = {
    "concurrent-term": """
        a race, it's a race, race in, races in, data gets lost, asynchronous, under a lock, behind a lock,
        with a lock, hold the lock, holds the lock, holding the lock, deadlock, deadlocks, deadlocked, dead lock,
        livelock, race condition, race conditions, data race, data races, mutex, mutexes, semaphore, rwlock, rw lock,
        rwmutex, spinlock, futex, lock free, wait free, memory ordering, thread 
 safe, thread safety, threadsafe,
        not thread safe, thread pool, threadpool, borrow checker, does not live 
 long enough, lifetime parameter,
        lifetime parameters, lifetime error, lifetime errors, lifetime annotations, lifetime annotation,
        lifetime bound, lifetime elision, static lifetime, e0597, e0499, e0502, e0505, e0716, e0106, e0621, e0373,
        send sync, send and sync, shared state, shared mutable state, shared memory, goroutine, goroutines,
        goroutine leak, reentrant, reentrancy, reentrance, cross crate, tsan, thread sanitizer, threadsanitizer,
        race detector, double checked locking, compare and swap, compare and set, pthread, lock 
 ordering,
        lock order, critical section, optimistic locking, pessimistic locking, optimistic lock, advisory 
 lock,
        distributed lock, row lock, row locks, select for update, for update skip locked, skip locked,
        isolation level, serializable isolation, atomic counter, atomics, atomicity, atomic operation, compareandset,
        global interpreter lock, gil, free threaded, worker threads, worker pool, actor model, event 
 loop blocked,
        blocks the event loop, blocking the event loop, happens before, volatile, concurrentmodificationexception,
        concurrenthashmap, arc mutex, =arc, refcell, send bound, not send, cannot 
 be sent between threads,
        dispatchqueue, mainactor, actor isolation, structured concurrency, cancellation 
 safe, cancel safety,
        double processing, processed twice, exactly once, at least once, thundering herd, cache 
 stampede,
        channel deadlock, lock contention, lock around, by a lock, lock held, lock wait, lll lock wait,
        pthread mutex lock, 데드락, 교착, 뮤텍스, 세마포어, 동시성, 경쟁상태, 스레드, 락을, =락, 멀티스레드
        """,
    "async": """
        async, asyncio, tokio, await, non blocking, nonblocking, blocking io, blocking i o, threads, thread, threaded,
        event loop, coroutine, coroutines, multithreaded, multi threaded, parallel, parallelise, parallelize, rayon,
        trio, promises, webflux, reactive, concurrent, concurrently, gevent, virtual threads, loom, executor, celery,
        goroutines, futures, 비동기, 스레드, 병렬
        """,
    "whole": """
        whole, entire, core, runtime, engine, server, client, scheduler, worker, workers, store, codebase,
        all 
 crates, crates, crate, services, service, everywhere, stack, backend, layer, pipeline, pool, connection,
        cache, indexer, daemon, gateway, throughout, across, library, importer, crawler, map, counter, registry,
        handler, 전체, 서버, 엔진, 런타임, 공유, 캐시
        """,
    "sharing": """
        share, spawn, spawns, between all, per connection, per request, from several, across threads,
        between 
 threads, several threads, all threads, one thread per, safe to use, 공유
        """,
    "shared": """
        same file, shared value, global state, counter, balance, balances, stock, inventory, queue, cache, job, jobs,
        row, rows, order, orders, seat, seats, booking, bookings, map, global, singleton, connection, connections,
        message, messages, tickets, ticket, quota, votes, likes, transactions, record, wallet, token, registry, slot,
        slots, emails, payment, 잔액, 재고, 큐, 캐시, 좌석, 주문, 값, 작업, 카운터, 예약, 수량, 갱신, 결제, 요청,
        쿠폰
        """,
    "runner": """
        worker, workers, thread, threads, process, processes, instance, instances, replica, replicas, pod, pods,
        consumer, consumers, cron, scheduler, node, nodes, request, requests, client, clients, tab, tabs, coroutine,
        handlers, job runner, celery, lambda, two, both, 스레드, 워커, 프로세스, 인스턴스, 요청, 서버
        """,
    "crate": """
        crate, crates, cross package, cross repo, cross service, across packages, across repos, across services,
        across modules, across the workspace, workspace members, all packages, cross crate, shared types,
        shared 
 crate, core crate, microservice, microservices, monolith, its own service, separate service,
        monorepo 
 packages, several services, all our services, 크레이트, 마이크로서비스, 모놀리스
        """,
}

_API = {
    "api-term": """
        total count, breaking change, breaking changes, backwards compatible, backward compatible,
        backwards 
 compatibility, backward compatibility, backwards incompatible, public api, public apis,
        public interface, public method, public methods, public function, public functions, public class, public sdk,
        public type, public trait, public signature, public contract, public response, public endpoint,
        public endpoints, public 
 field, public module, internal api, private api, internal endpoint, admin endpoint,
        openapi, swagger, semver, major version, api version, api versioning, api contract, api response,
        api responses, api schema, graphql schema, graphql mutation, graphql query type, grpc service, proto file,
        webhook payload, webhook 
 body, webhook format, deprecate, deprecation, deprecated, sdk, client library,
        exported function, exported 
 functions, exported type, exported symbol, exported class, re export,
        command line tool, command line 
 interface, command line option, command line flag, command line argument,
        cli flag, cli flags, cli option, cli options, cli command, cli argument, subcommand, subcommands, exit code,
        exit codes, exit status, config 
 schema, config key, config keys, config format, config file, config option,
        configuration schema, configuration key, configuration file, configuration format, config setting, env var,
        env vars, environment 
 variable, environment variables, rest api, http api, json api, v1 api, v2 api,
        our api, the api, v1 
 endpoint, v1 endpoints, v2 endpoint, api endpoint, api endpoints,
        third party integrations, third party 
 clients, api consumers, api clients, status code, status codes,
        error code, error codes, required setting, required field, required parameter, query parameter,
        query parameters, path parameter, rate limit header, machine readable output, json output, default output,
        output format, response format, response body, response shape, response schema, response header,
        request schema, request body, page size, pagination 
 cursor, 공개, 하위호환, 호환성, 엔드포인트, 플래그,
        명령행, 응답형식, 설정파일, 스키마, api
        """,
    "api-part": """
        pagination, page size, setting, settings, key, keys, default, bare list, list endpoint, page object,
        error response, error message format, list responses, support, format, formats, flag, flags, endpoint,
        endpoints, route, routes, response, responses, payload, payloads, webhook, webhooks, switch, subcommand,
        argument, arguments, parameter, parameters, field, fields, option, stdout, stderr, signature, sdk, mutation,
        resolver, 응답, 필드, 옵션, 인자, 파라미터, 플래그
        """,
    "api-edge": """
        setting, settings, profiles, the config file, plugin interface, interface, v1 users, v1 api, the api,
        the config, list responses, accept, api, apis, cli, sdk, v1, v2, v3, graphql, grpc, public, exported, clients,
        consumers, integrators, third party, customers, partners, integrations, documented, config, configuration,
        command line, library users, downstream, callers, published, package, backwards, semver, http, settings file,
        npm package, plugin authors, extension authors, apps, 공개, 외부, 클라이언트, 설정, 구성, 파트너
        """,
    "renaming": """
        should, no longer, let, lets, send, sends, drop support, rename, remove, drop, deprecate, retire, change,
        replace, require, split, unify, mandatory, default, becomes, become, instead of, rather than, return, stop,
        add, accept, print, make, switch, move, turn, swap, expose, reorder, introduce, support, emit, ^변경, ^바꿔,
        ^바꾸, ^삭제, ^제거, ^추가, ^필수, ^수정, ^반환, ^빼, ^이름
        """,
    "config": """
        config, the config, configuration, config file, config files, settings file, configuration file, 설정, 구성
        """,
    "accept": """
        accept, support, rename, deprecate, require, mandatory, required, validate, split, merge, becomes, become,
        restructure, nest, nested
        """,
    "flag": "--flag",
}

_ROUTING = {
    "model-name": """
        opus, sonnet, haiku, gpt, gpt 5, gpt 4o, gpt 5 1, claude, kimi, deepseek, gemini, llama, qwen, codex, mistral,
        openai, anthropic, openrouter, ollama, vllm, llama cpp, lm studio, lmstudio, bedrock, vertex, azure 
 openai,
        groq, moonshot, glm, grok, phi 4, gemma, mixtral, litellm, local model, local models, cloud model,
        cloud models, the local one, bigger model, smaller model, cheaper model, cheap model, big model,
        small 
 model, coder model, judge model, vision model, embedding model, reasoning model, bge m3, notebooklm,
        로컬모델, 클라우드모델, 모델
        """,
    "routing-term": """
        model routing, llm routing, prompt routing, routing policy, routing policies, routing config,
        routing 
 configuration, routing rule, routing rules, routing table, routing logic, routing threshold,
        routing preset, routing file, model router, llm router, model policy, fallback model, fallback models,
        fallback chain, fallback order, fallback list, fallback ladder, fallback provider, default model,
        default provider, primary 
 model, llm provider, llm providers, model provider, model providers,
        provider config, provider 
 configuration, provider list, provider registry, provider settings, mcp,
        mcp server, mcp servers, mcp 
 config, mcp tool, mcp client, escalation rule, escalation rules,
        escalation threshold, escalation trigger, local only, openclaw, token budget, cloud budget, model budget,
        budget cap, degradation curve, planner role, judge role, librarian role, implementer role, tutor role,
        architect role, system prompt of, context window 
 limit, model fleet, model registry, inference gateway,
        llm gateway, model gateway, exec policy, tool policy, model selection, 라우팅, 라우터, 폴백, 프로바이더,
        기본모델
        """,
    "escalation": """
        escalation, escalate, escalates, escalations
        """,
    "cloud": """
        cloud, llm, model, models, provider, 클라우드
        """,
    "money-cap": """
        usage, spend, spending, budget, cap, quota, dollars, euros, 예산, 한도
        """,
    "routing": """
        route, routed, router, routing, fallback, fallbacks, fall back, falls back, default, primary, send, switch,
        provider, providers, role, planner, judge, librarian, implementer, architect, tutor, critic, escalate,
        escalation, escalates, budget, cap, spend, limit, threshold, quota, fleet, prefer, first choice, summaries,
        requests, prompts, tasks, jobs, instead of, rather than, config, configuration, endpoint, endpoints,
        when it 
 is down, is down, unavailable, go to, goes to, gateway, usage, hours, offline, before, retries,
        timeout, context length, temperature, every, all, 기본, 대체, 보내, 요청, 우선, 예산, 한도, 먼저, 대신
        """,
}

_BUILD = {
    "infra-term": """
        main branch, windows installer, new registry, ci runner, ci runners, build runner, cross compile, roll back,
        rollback, redeploy, notarise, notarize, package manager, docker layers, python 3, node 18, node 20, node 22,
        lto, macos build, terraform, opentofu, terragrunt, kubectl, helm, helm chart, helm charts, k8s, kubernetes,
        github actions, github action, gitlab 
 ci, jenkins, jenkinsfile, circleci, buildkite, dockerfile,
        docker compose, docker image, docker images, ansible, pulumi, cloudformation, argocd, flux, argo, nginx,
        haproxy, traefik, envoy, istio, systemd unit, systemd service, crontab, load balancer, load balancers, dns,
        dns record, cname, nameserver, route53, cloudfront, cdn, cloudflare, vercel, netlify, heroku, fly io, ecs,
        eks, gke, aks, aws lambda, ec2, autoscaling, auto scaling, node pool, base image, ci, ci pipeline,
        cd pipeline, ci cd, ci job, ci config, ci 
 workflow, build pipeline, release pipeline, deploy pipeline,
        deployment pipeline, deploy script, deployment 
 script, build script, release script, release workflow,
        release process, release job, build system, build 
 config, build configuration, toolchain, toolchains,
        compiler flags, linker flags, linker script, compiler 
 version, rust version, node version, python version,
        java version, go version, ruby version, jdk, msrv, cargo toml, cargo lock, pyproject, pyproject toml,
        setup py, requirements txt, poetry lock, pnpm lock, yarn 
 lock, webpack, vite, rollup, esbuild, turbopack,
        babel, gradle, bazel, meson, maven, pom xml, buildpack, nix 
 flake, lockfile, push force, git reset,
        git history, rewrite history, branch protection, protected branch, pre commit hook, pre receive hook,
        feature flag, feature flags, kill switch, runtime version, base os, kernel, production server,
        production servers, prod server, build server, self hosted runner, maintenance 
 window, downtime,
        zero downtime, disaster recovery, monitoring alert, vm, vms, virtual machine, staging 
 environment,
        prod environment, production environment, cloud run, app engine, chmod, chown, mkfs, fdisk, systemctl,
        apt get, apt upgrade, npm publish, cargo publish, twine upload, pypi, crates io, artifactory,
        container registry, docker registry, npm registry, app store, play store, testflight, over the air,
        ota 
 update, firmware, bootloader, 배포, 빌드, 파이프라인, 도커, 쿠버네티스, 테라폼, 툴체인, 인프라, 롤백,
        로드밸런서, 런타임, 도메인, 릴리스, 릴리즈
        """,
    "command": """
        rm -rf, rm -r, rm -fr, chmod -r, chmod 777, chmod 666, chown -r, mkfs, git push --force, git push -f,
        push 
 --force, push -f, force push, force pushed, reset --hard, filter branch, filter repo, kubectl delete,
        kubectl apply, kubectl drain, helm upgrade, helm rollback, terraform apply, terraform destroy,
        terraform 
 state rm, docker system prune, system prune, volume prune, alter table, drop table, drop column,
        drop 
 database, drop schema, truncate table, delete from, update users set, grant all, revoke all,
        npm publish, cargo publish, twine upload, systemctl restart, systemctl stop, iptables -f, ufw allow,
        ufw disable, setenforce 0, git clean -fdx, s3 rm, s3 rb, aws iam, flushall, flushdb, dd if, crontab -r,
        curl -k, branch 
 -d
        """,
    "tooling": """
        installer, 파이썬, 노드, 자바, 장고, 리액트, 러스트, dependency, dependencies, version, versions, package,
        packages, node, rust, ruby, typescript, react, rails, django, spring, ubuntu, debian, alpine, cmake, makefile,
        tsconfig, package json, package lock, ninja, compiler, gcc, llvm, clang, cuda, glibc, openssl, npm, yarn,
        pnpm, bun, pip, uv, poetry, conda, binary, binaries, artifact, artifacts, wheel, monorepo, submodule, lto,
        cross compile, docker, 버전, 의존성, 패키지, 라이브러리
        """,
    "bump": """
        업그레이드, 올려줘, 올려, bump, upgrade, downgrade, pin, unpin, update, move to, switch to, minimum, vendor,
        drop support, 업데이트, 교체, 고정
        """,
    "prod": """
        production, prod, live db, live database, live site, live server, live system, live cluster,
        live 
 environment, in production, on prod, staging, customer facing, main branch, onto main, to main,
        to master, master branch, release branch, server, servers, cluster, clusters, the box, host, hosts, fleet,
        environment, datacenter, data center, instance, instances, tenant, region, registry, app store, pypi, npm,
        crates io, everyone's, customers, eu west 1, us east 1, node, nodes, pods, namespace, 운영, 프로덕션, 실서버,
        라이브, 서버, 운영서버, 상용, 실서비스, 클러스터
        """,
    "prod-sure": """
        production, prod, live db, live database, live site, live server, live system, live cluster,
        live 
 environment, in production, on prod, customer facing, 운영, 프로덕션, 실서버, 상용, 실서비스
        """,
    "pipeline": """
        pipeline, pipelines, workflow, workflows, ci, cd, deploy, deploys, deployment, deployments, release, releases,
        build, builds, runner, rollout, stages, 배포, 빌드, 파이프라인
        """,
    "gate": """
        skip, without review, approval, checks, tests, test step, gate, automatically, on every, on each, on merge,
        on push, publish, cache, signing, sign, 건너뛰, 생략, 자동, 검토
        """,
}

# --- What tells harm from harmless ------------------------------------------------------------------------------------

TELLING = {
    "tech": """
        analytics, telemetry, sentry, datadog, tmp, exported, middleware's, kafka, payload, api, apis, endpoint,
        endpoints, backend, frontend, codebase, repo, repository, config, database, sql, deploy, deployment, staging,
        ci, cli, sdk, http, https, json, yaml, csv, cron, cronjob, stack trace, stacktrace, exception, merge request,
        pull request, docker, crate, webhook, webhooks, middleware, env, localhost, regex, git, query, queries,
        commit, script, scripts, url, urls, server, servers, function, functions, app, apps, microservice, cluster,
        middlewares, daemon, subprocess, refactor, codepath, runtime, lib, npm, pip, html, css, javascript,
        typescript, python, rust, java, golang, kotlin, swift, django, rails, flask, spring, react, vue, linux, bash,
        src, async, null, params, param, ui, login form, admin panel, dashboard, 서버, 코드, 함수, 클래스, 로그, 쿼리,
        앱, 디비, 배포, 모듈, 로직, 버그, 스크립트, 엔드포인트, 프론트, 백엔드, 깃
        """,
    "techy": """
        service, services, code, client, clients, class, method, module, component, log, logs, logging, response,
        responses, request, requests, cache, queue, worker, workers, job, jobs, thread, threads, bug, bugs, branch,
        pr, ticket, library, package, plugin, website, site, data, test, tests, implementation, feature, system, file,
        files, header, headers, upload, uploads, page, form, button, field, fields, token, tokens, table, tables,
        column, user, users, customer, customers, admin, admins, bucket, binary, handler, controller, store, row,
        rows, record, records, password, passwords, session, sessions, account, accounts, account's, key, keys, role,
        roles, port, ports, host, hosts, timeout, retry, retries, event, events, message, messages, order, orders,
        cookie, cookies, link, links, email, emails, id, ids, import, export, limit, flag, option, version,
        validation, error, errors, crash, backup, backups, payload, map, counter, job's, pool, lock, locks, save,
        image, images, release, build, builds, prod, production, old, new, 요청, 응답, 사용자, 테이블, 기능, 서비스,
        화면, 페이지, 데이터, 파일, 계정, 토큰, 비밀번호, 세션, 고객, 회원, 주문, 결제, 값
        """,
    "own": """
        our, ours, my, we, us, prod, production, in place, 우리, 저희, 제, 운영, 깃에, 지금
        """,
    "cosmetic": """
        color, colour, colors, colours, font, fonts, spelling, wording, padding, margin, margins, rounded, shadow,
        typo, typos, icon, icons, logo, banner, photo of, picture of, tooltip, placeholder, css, align, centered,
        centred, center, bigger, smaller, hover, background image, background color, background colour, theme,
        docstring, docstrings, readme, screenshot, screenshots, comment typo, heading, headline, caption, spacing,
        inline message, animation, spinner, label text, button text, dark mode, copyright year, grammar, layout,
        emoji, indent, indentation, prettier, bold, italic, sticky, illustration, unit test names, 글꼴, 색을, 색깔,
        색상, 배경, 오타, 여백, 아이콘, 글씨, 가운데, 정렬, 문구, 주석, 디자인
        """,
    "listing": """
        list, lists, tuple, array, string, dataframe, pandas, spreadsheet, mailing list, csv, matrix, linked, vector,
        notes, contacts, 리스트, 배열, 문자열
        """,
    "grid": """
        csv, spreadsheet, excel, google sheet, list, lists, tuple, matrix, array, dataframe, pandas, component, react,
        vue, vuetify, html table, css, sticky, sortable, sheet, vba, macro, markdown, latex, word, report, print,
        pagination, paginated, layout, chart, width, essay, readme, slide, opening hours, player, players, narrower,
        page, ui, bootstrap, select, join, joins, query, group by, average, sum, 리스트, 배열, 표의, 너비, 반환, 쿼리
        """,
    "everyday": """
        netflix, instagram, gym, shop, birthday party, birthday card, birthday cake, birthday present,
        birthday invitation, poem, story, stories, novel, essay, song, lyrics, limerick, joke, riddle, recipe,
        recipes, party, wedding, school, teacher, homework, kids, child, children, toddler, daughter, son, mom, mum,
        dad, grandma, grandmother, husband, wife, friend, friends, landlord, dog, cat, garden, holiday, vacation,
        trip, travel, museum, movie, film, book, chapter, spreadsheet, excel, google sheet, slide, slides,
        presentation, essay's, markdown, word document, cookbook, choir, doctor's, doctor, nurse, lawyer, court,
        restaurant, kitchen, dinner, lunch, breakfast, workout, football, soccer, chess, dungeon, castle, dragon,
        wizard, spy, detective, poster, flyer, shopping, packing, hiking, apartment, car, bike, phone case, wine,
        coffee, cake, 시를, 소설, 여행, 생일, 친구, 요리, 엄마, 할머니, 아이
        """,
    "nothing": """
        keeping order, keep order, original order, preserve order, preserving order, grid view, list view,
        tree 
 view, view model, table view, web view, scroll view, map view, constant time push, journal article,
        journal 
 articles, commit message, commit messages, staged changes, git history of, password field toggle,
        sum of, number of, index of, safe to eat, tips, =taken, =scheme, =schemes, token count, token counts,
        token of, count tokens, tokens does, how many tokens, lexer token, token ring, color token, colour token,
        design 
 token, design tokens, secret santa, secret sauce, secret garden, secret ingredient, secret recipe,
        secret 
 passage, secret door, secret agent, secret admirer, top secret, secret history, secret society,
        secret to, secret of, key takeaway, key takeaways, key points, key point, key lime, key change, key of c,
        key of d, in 
 the key, key role, key west, house key, lock and key, lock screen, login screen's background,
        thread count, social media threads, twitter thread, drop shadow, drop shadows, drop down, dropdown,
        drop duplicates, drop 
 cap, rain drop, card game, card games, birthday card, business card, credit card debt,
        race car, race track, human race, arms race, foot race, race horse, canal lock, table of contents,
        dining table, round table, coffee table, multiplication table, times table, periodic table, opening hours,
        table tennis, pivot table, loss of, weight loss, account for, on account of, in order to, in order,
        order of magnitude, sort order, alphabetical order, reverse order, ascending order, descending order,
        order by, the order of, money order, order of, public library, public park, public parks, public speaking,
        public transport, public notice, public goods, public holiday, public opinion, public relations,
        public garden, public petition, public key, public health, port wine, usb port, hdmi port, safe place,
        safe travels, security guard, security company, security deposit, social security, national security,
        job security, job interview, job offer, job 
 application, job description, day job, good job, great job,
        deadline, deadlines, memory lane, memory foam, commit to memory, commitment, role play, role model,
        role playing, leading role, record label, record 
 player, world record, vinyl record, database normalization,
        crypto currency, cryptocurrency, cryptocurrencies, backup singer, backup singers, backup dancer, backup plan,
        production of, mass production, film production, factory production, energy production, food production,
        release date, press release, release notes, movie release, branch office, root vegetable, root vegetables,
        square root, square roots, root cause, root causes, root of, root node, grass roots, cube root, the root,
        session musician, photo 
 session, therapy session, jam session, training session, study session,
        private school, private joke, migration background, migration themed, birds migration, bird migration,
        great migration, human migration, admission, authors, authority, authorities, author, authored, authoring,
        authentic, cookie recipe, cookies 
 recipe, chocolate chip cookies, fortune cookie, fortune cookies,
        permission slip, guest list, guest house, guest speaker, wedding guests, hash browns, hashtag, hashtags,
        hash map, hash table, hash tables, hash set, hashmap, hash function, hashable, salt and pepper, pinch of salt,
        sea salt, atomic habits, atomic bomb, atomic number, atomic weight, atomic physics, atomic energy, life of,
        lifetime achievement, sandbox game, sandbox games, war crime, exchange student, exchange rates history,
        index fund, index funds, index card, index cards, index finger, loop index, array index, zero indexed,
        volume of, volume up, crate of, crates of, wooden crate, model railway, model train, role of, roles of,
        the role of, string literal, primary colour, primary color, primary colours, primary school, primary care,
        foreign language, foreign policy, pay 
 attention, pay rise, charge my phone, charger, in charge, charge of,
        free of charge, charged particle, charged particles, price of, trial of, balance sheet, work life balance,
        well balanced, balanced diet, balance between, balanced brackets, brackets are balanced, point out,
        point of view, points out, git status, test data, sample data, data structure, data structures, data science,
        data class, dataclass, data frame, dataframe, open source, opening line, linked list, binary tree,
        binary search, search tree, merge sort, merge intervals, merge two, split the bill, queue up, stack exchange,
        clean code, event planning, sign off, stop sign, star sign, zodiac sign, warning sign, road sign, roots of,
        port city, ports of, node js, tree 
 node, tree nodes, leaf node, leaf nodes, list node, file name extension,
        account manager, bank account, checking account, savings account, accountant, public accountant,
        privacy section, private room, thread and, needle and thread, common thread, fault line, user interface,
        user interfaces, user story, user stories, user experience, user friendly, status page, personal finance,
        personal statement, personal best, data 
 breach, address book, email address field, address the, name of,
        name a, names of, full name, first name, last name, last names, first names, variable name, variable names,
        function name, brand name, product name, exit sign, escape room, escape rooms, injection moulding,
        flu injection, certificate of, birth certificate, gift certificate, award certificate, marriage certificate,
        death certificate, nursing credentials, press 
 credentials, master's degree, escape sequence,
        escape character, escape characters, open door, kernel of, nuclear fusion, exercise, execute the, executive,
        executives, environment friendly, environmental, natural 
 environment, work environment,
        learning environment, hostile environment, business environment, instance of, for instance, isolated from,
        cluster analysis, star cluster, cluster of, k means, 인증샷, 암호화폐, 비밀의, 열쇠, 철새, 자격증, 권한대행,
        교과서, 저장강박
        """,
}

OFTEN_MISSPELT = """
    password passwords encrypt encrypted encryption decrypt migrate migration migrations schema database credential
    credentials permission permissions certificate authentication authorization session sessions production customer
    customers account accounts backup backups delete remove deploy deployment payment payments refund endpoint column
    columns secret secrets private concurrent parallel rename upgrade terraform kubernetes docker pipeline release
    rotate config configuration architecture vulnerability injection privilege privileges deadlock terminate transaction
    transactions retention
"""

CONCEPTS = {
    **DOING,
    **_AUTH,
    **_SECURITY,
    **_SECRETS,
    **_MONEY,
    **_DATA,
    **_UNSAFE,
    **_CONCURRENCY,
    **_API,
    **_ROUTING,
    **_BUILD,
    **TELLING,
}
