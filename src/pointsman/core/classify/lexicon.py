"""The words the hand-written rules know, in English and Korean, each under the group it speaks for. Data only."""

from __future__ import annotations

from collections.abc import Mapping

# A word belongs to every group that lists it; a two-word phrase is written with an underscore.
ENGLISH: Mapping[str, str] = {
    "make": """write implement create build develop generate make produce construct code program complete design
        give show provide compose add set_up port rewrite finish fill integrate deploy define return using make_a
        build_a add_a configure plot simulate scaffold handle wire hook_up set""",
    "fix": """fix debug refactor optimize optimise review compile rename patch troubleshoot lint deploy bump merge
        revert resolve investigate upgrade downgrade mock reproduce rollback rebase deprecate vectorise vectorize
        parallelize serialize replace port convert split simplify""",
    "code-thing": """function functions program script class method methods code algorithm component module snippet
        subroutine macro query queries endpoint app application website webpage loop array arrays parser scraper api
        server client library package plugin extension struct interface test tests schema table endpoints bot bots
        site page button form sketch formula workflow pipeline dockerfile daemon plugins extensions command scripts
        handler wrapper decorator migration job config playbook contract game clone toggle dropdown slider platform
        saas dashboard backend engine simulator emulator tool landing_page""",
    "code-word": """abap actionscript actix ada_code adjacency adjacency_list adjacency_matrix aiohttp airflow
        android android_studio angular ansible antlr apex_class api_endpoint api_key appium apps_script appwrite
        apt_get arduino argocd argv ascii_code asgi asm asp async asyncio attributeerror automake autotools await
        awk axum babylonjs backend backport backtick backtrace backtracking bash bash_script bazel beautifulsoup bem
        bevy bfs bibtex big_o bigquery binary_heap binary_search binary_tree bit_manipulation bitbucket bitmask
        bitset bitwise blazor bloom_filter blue_green blueprints_node boolean borrow_checker boto breadth_first
        breakpoint breakpoints browser_extension btrfs bubble_sort buck_build bytecode c# c++ call_sites callback
        callbacks callsites canary_deploy capybara cargo changelog chef_recipe cherry_pick chmod chown
        chrome_extension ci circular_buffer circular_dependency circular_import clang cli clickhouse client_side
        clojure closures cloudflare_worker cloudwatch cmake cobra_cli code_review code_snippet code_splitting
        codebase codegen coffeescript command_line commit_message commitlint commits_to compilation compile compiler
        compiles conda config_file configmap connection_refused connection_string contentful cordova core_dump
        coroutine coroutines cors cron crontab crud_operations csr css css_class css_file css_grid css_module csv
        cuda curl currying dagster dark_mode data_frame data_structure data_type datadog dataframe datapack dax dbt
        dead_code debian debug debugger debugging deno depth_first deserialize devops dfs dict dicts diff
        digitalocean dijkstra directx discord discord_bot django dns_record docker docker_compose dockerfile
        dockerfiles docstring docstrings dom dotfiles dotnet dplyr drizzle_orm drupal dry_run duckdb
        dynamic_programming dynamodb echo_framework ecs edit_distance eks elasticsearch elm_code emacs emscripten
        endianness endpoints entity_framework enum enums env environment_variable environment_variables erlang
        esbuild eslint esp esphome etcd etl event_loop excel_formula exit_code exit_status expo_go express_app
        express_server f# faker fargate fastapi fastify feature_flag feature_flags fenwick figma_plugin firebase
        firestore firewall_rule fixtures flamegraph flask flexbox floating_point flutter flux_cd for_loop
        foreign_key fpga freertos frontend fsharp fstab fullstack functor garbage_collector gcc gcp gdb
        generated_files generics_in getter ggplot gherkin gin_gonic git git_history github github_actions gitlab
        gitops gke glsl gmod gnuplot golang google_sheet google_sheets gorm goroutine goroutines gradio gradle
        gradle_build graphana graphql greedy_algorithm grep group_by grpc grub gunicorn hadoop haproxy hash_function
        hash_map hash_table hashmap hashtable haskell health_route heap_space heapify heapsort helm_chart
        helm_upgrade heroku higher_order hlsl home_assistant hot_reload hotfix html htmx http_client http_server
        http_status httpx huggingface hugo_site idempotent idiomatic idiomatically iframe infinite_loop ingress
        inner_join inode integer_overflow integration_tests intellij iptables istio iterator javascript jdk jekyll
        jenkins jenkinsfile jetpack_compose jinja joomla jq jquery js json jsx jsx_element junit jupyter jvm jwt
        keras kernel_module keyerror keyframe keyframes kibana kivy knapsack knex kotlin ktor kubectl kubernetes kvm
        labview lambda lambda_function langchain laravel last_commit latex latex_code lazy_loading left_join
        left_shift lerna lex_file libgdx lightgbm linked_list linked_lists linkerd linq lint linter linting linux
        liquid_template live_reload llamaindex llvm llvm_ir load_balancer locale localhost localstorage lodash
        logstash luau lvm macros magento makefile makefiles mandelbrot mariadb materialized_view matlab matplotlib
        maven mdx media_query memoization memoize memory_leak merge_conflict merge_request mergesort meson
        method_signature micropython middleware middleware_that mlflow mockito modbus monad monads mongo mongodb
        mongoose monkeypatch monogame monorepos mpi mqtt multi_stage multithreading my_code mypy mysql nagios nasm
        navbar neovim nestjs netcat netlify newrelic nextjs nginx ngmodule ngrx ninja_build nmap node nodejs nodemcu
        nohup nosql npm npx nuget null_check null_pointer nullpointer nullpointerexception numpy nunit nuxt nuxtjs
        nx_workspace oauth object_oriented ocaml ocaml_code off_by off_heap onnx openapi opencl opencv opengl openmp
        opentelemetry orm palindrome pandas paper_plugin papermc parceljs parser pattern_matching perl php pinia pip
        pivot_table pixijs pl_sql playwright plotly plsql pnpm polymorphism port_forwarding postcss postgres
        postgresql power_query powerquery powershell pre_commit primary_key print_statement prisma_schema profiler
        prolog promql protobuf pseudocode pull_request pulumi puppet_manifest puppeteer purescript py pydantic
        pygame pyqt pyspark pytest python pytorch qemu query_string queue_using quicksort rabbit_mq rabbitmq
        race_condition rails rate_limiter rate_limiting raycast react react_native readme reasonml rebase recursion
        recursive redis redux refactor refactored refactoring refcount regex regexp regression_test
        regular_expression regular_expressions repo repos repository rest_api rest_controller restful retry_logic
        return_type reverse_proxy rigidbody ring_buffer roblox rocket_rs rolling_update rollup rospy rspec rstudio
        rsync ruff rxjava rxjs salesforce_flow saltstack sanity_io scheme_code scikit scipy scraper scrapy sdk sdks
        seaborn sed segfault segment_tree segmentation segmentation_fault selenium selenium_test semantic_release
        semver sentry_sdk sequelize serde serialise serialising serialization serialize serializing server_side
        setter settings_page shader shadergraph shaders shell_script shopify shortest_path sidekiq simd simpy
        simulink sklearn slash_command sliding_window smalltalk smart_contract soapui solidity soql source_code
        source_file source_map space_complexity spanning_tree spark_job spigot spinner splunk spreadsheet_formula
        spring sql sql_server sqlalchemy sqlite ssh ssl ssl_certificate ssr stack_overflow stack_trace stack_using
        stacktrace staged staged_changes standard_library status_code status_codes stderr stdin_and stdlib stdout
        stored_procedure storybook strapi streamlit structs styled_components stylesheet stylus_css subclass subnet
        supabase superclass svelte sveltekit svg swagger swiftui symfony symlink systemctl systemctl_status systemd
        systemverilog t_sql tail_recursion tail_recursive tailwind tailwindcss tauri tcl_script tcpdump telegram_bot
        tensorflow terraform terraform_state testng the_code the_diff this_code thread_pool three_js threejs
        tidyverse tikz time_complexity tkinter tls tmux tokio topological_sort traceback tree_shaking trie try_catch
        try_except ts tsc tsql tsx tuples turborepo two_lists two_pointers type_annotations type_checker type_class
        type_error type_hints type_safe typecheck typeerror typeorm typescript ubuntu ufw undefined
        undefined_reference unicode_string union_find unit_of unit_test unit_tests unittest unreal_engine
        unused_imports unused_variable unused_vars useeffect usestate utf uvicorn valgrind valueerror vault_agent
        vba vectorise vectorize venv vercel verilator verilog viewcontroller viewmodel viewport vim vimrc virtualbox
        virtualenv vite vitest vlookup vmware vpc vs_code vscode vue vuejs vuetify vuex vulkan wasm wasm_module
        web_component webassembly webgl webgpu webhook webhooks webpack webpack_config websocket websockets wget
        wgpu while_loop window_function winforms wireshark woocommerce wordpress worker_process wp_query wpf wsgi
        wxpython xaml xargs xcode xgboost xlookup xml xor xpath xunit yacc yaml yml zabbix zephyr_rtos zero_downtime
        zfs zigbee zod zookeeper zsh oom segv sigkill sigterm enoent eacces econnrefused my_pr the_pr this_pr a_pr
        gzip sourcemap slicing_with shell_alias requirements_txt static_assets dayjs momentjs""",
    "tech": """algorithm alpine animation api app application apps argparse args argument arguments array arrays
        artifact ascending async async_code auth axis babel backup backwards benchmark benchmarks binaries binary
        bit bits bluetooth boolean bot bots branch branch_name browser buffer bug bugs build builds button byte
        bytes cache caching callback callbacks canvas card cards cart cassandra celery cell cells certificate
        checkbox checkout chrome chunk chunks class classes click clicks client cluster code column columns command
        commands commit commits compile compiled compiler complexity component components concatenate concatenates
        concurrency config configuration connection connections console constant constants constructor consul
        container containers cpu crash crashed crashes crawler credentials csv csv_file cucumber cursor cypress
        daemon daemonize database databases dataframe delete delphi dependencies dependency deploy deployment
        deploys deprecate deprecated descending destructor directory dns docs domain download downloads driver
        drivers dropdown duplicates_in edge edges editor electron elixir ember emulator encoding encrypt endpoint
        environment error errors excel exception exceptions export extension field file files firefox firmware flag
        flags flaky float folder folders footer form formatter function functions gallery generic generics global
        globals godot gpu graph grid grunt gulp handler hash hashes header headers heap hibernate histogram hive
        hook hooks host hover icon icons ide image_size immutable implement import importer imports index indexes
        indices inherit inheritance input inputs insert insomnia install installed instance instances integer
        integers interface iterate iterates iteration jest job json json_file kafka kernel keyboard keyword latency
        layout leak libraries library linker listener loading loads locale localhost locally log logging login
        logout logs loki loop loops lowercase_the map_view matrix memory menu merge method methods microservice
        microservices migration migrations minimal_server mobile mocha modal module modules monorepo motor mutable
        navbar nested newline newlines node nodes notifications null nullable object objects operator operators
        optional output override package packages packer packet packets page pagination parameter parameters parse
        parsing pascal password patch path paths payload payloads permission permissions pipeline playbook plot
        plugin pod pods pointer polars pool popup port postman prettier print prints private process processes
        profiling program props proxy public push queries query queue raid readme rebase recompile recursion refresh
        refreshed regex_that regression relay release reload remix render request requests response restart restarts
        retries retrofit retry return returns reversed rollback row rows runner runners runtime safari saved scala
        scheduler schema schemas scope screen screenshot_test script scripts scroll scrolling sensor sensors serial
        server servers session sessions sheet sheets shortcut shortcuts sidebar sign_up signup simulator site slider
        snapshot snippet socket sockets sorted spinner sprite stack stash state static stdout stream streams string
        strings subcommand submodule substring sum_all sync syntax table tables template templates terminal test
        testing tests thread threads throughput timeout timeouts toggle token tokens tooltip transaction
        translations_file traverse tree trigger type types unicode unity unreal unsorted upgrade upload uploads url
        urls user users vagrant validation variable variables vendoring version vertex web webpage website weighted
        wheel whitespace widget worker workers wrapper wrappers xml yaml zombie zoom alias assets slicing escape
        minify""",
    "trouble": """fails failing failed broken broke breaks crash crashes crashed hang hangs stuck error errors
        exception wrong warning doesn't_work not_working isn't_working won't flaky leak leaks bug bugs slow timeout
        throws choke chokes twice silently""",
    "language-name": """python javascript typescript java rust golang kotlin c++ c# f# ruby php perl scala haskell
        swift bash matlab julia lua dart sql html css vba powershell verilog""",
    "data": """array arrays string strings substring subsequence lists linked_list binary_tree tree vertices vertex
        node nodes matrix grid tuple tuples dictionary integers staircase""",
    "answer-with": "return returns print prints output outputs lexicographically find_the minimum_number",
    "in-language": """in_python in_java in_javascript in_typescript in_rust in_go in_golang in_c in_c++ in_c# in_r
        in_ruby in_php in_swift in_kotlin in_sql in_bash in_matlab in_scala in_haskell in_perl in_css in_html
        using_python using_java using_javascript using_c++ with_python""",
    "tidy": """sort merge remove count number split clean fix fill turn rewrite rephrase identify find list name
        pick classify label read shorten simplify make change group reformat convert polish join strip highlight
        underline arrange adapt edit correct improve expand reduce trim cut swap""",
    "these": """these this_table this_list this_text this_paragraph this_passage this_article this_conversation
        this_note each_of following headlines captions headings titles names the_passage the_text the_paragraph
        the_sentence this_sentence this_letter adjective adjectives noun nouns verb verbs tense first_person passive
        active_voice citations references apa bibliography subtitles transcript interview quotes memo glossary wordy
        bullet bullets paragraph passage sentence sentences simpler_words the_list this_chat lemma punctuation
        the_notes my_notes clause spelled typo typos subtitle following_list spreadsheet_of time_codes earliest_to
        oldest_to""",
    "writing": """poem poems story stories essay song lyrics speech letter email blog tweet haiku limerick slogan
        screenplay movie video film podcast novel dialogue monologue toast eulogy obituary rap caption post
        paragraph youtube character article_about press_release cover_letter short_story product_description""",
    "role-play": "pretend imagine persona embody act_as speak_like as_a you_are you're_a if_you picture_yourself",
    "in-role": """the_role role_of the_persona now_you suppose_you pretend_to pretend_yourself i_want pretend
        persona embody act_as speak_like picture_yourself imagine_you embrace assume imagine_yourself""",
    "summary": """summarize summarise summary summaries summarizing summarization tldr condense recap abridge gist
        digest shorten tl_dr sum_up sum_the key_points main_points main_point key_takeaways boil_down boils_down
        in_short a_nutshell brief_overview short_title a_headline a_title extremely_short abstract_for one_sentence
        few_words main_idea key_facts bullet_point bullet_points bulleted synopsis highlights recaps headline
        main_content give_the what's_this executive_summary rundown shorter distill synthesize the_abstract
        an_abstract subject_line boil down_to""",
    "translate": "translate translation translating",
    "job": """a_table abbreviations action_items active_voice alphabetical_order annotate anonymise anonymize
        as_bullets as_csv as_json as_yaml below_into bullet bulleted bullets capitalise caption categorise
        categorize category characters_per citations classify clean_up cleanup comma_separated compress condense
        copy_edit csv_format dedupe deduplicate detect_the digest distill each_comment each_item each_line each_row
        each_sentence every_line every_row every_sentence extract extracts fill_the following_article following_list
        following_paragraph following_passage following_review following_sentence following_text footnotes for_my
        from_this gist glossary grammar group_them headline headlines highlights in_bullets in_french in_german
        in_markdown in_short in_spanish in_this intent intents into_alphabetical into_bullet into_json
        invoice_number kebab_case key_phrases key_takeaways keywords label labels lemma line_breaks main_idea
        markdown_table max_characters mentioned merge_the minutes_of more_formal more_polite no_explanations
        normalise normalize number_each numbered_list nutshell ocr one_line one_per one_word only_valid output_only
        paraphrase passive_voice per_line per_row plain_english plain_language proofread punctuation put_these
        quotes_from reads_naturally recap redact reformat rephrase reply_with return_only reword sentiment
        short_title shorten shorter simpler_words snapshot sort_these spam spelling standardise standardize
        subject_line subtitles synopsis tabulate takeaways these_dates these_names third_person this_article
        this_chat this_conversation this_email this_into this_list this_mail this_paragraph this_passage this_review
        this_text this_thread this_transcript time_codes timestamps title_for tl_dr to_bullet to_json tone
        transcribe transcript two_columns which_section meeting_minutes the_minutes""",
    "convert": """convert reformat extract transform normalize deduplicate classify categorize transcribe proofread
        format tag label pull_out clean_up capitalize rephrase paraphrase reword standardise standardize normalise
        anonymize anonymise redact dedupe sort_these fill_the alphabetize""",
    "paste": """following below above passage article articles text document documents transcript paragraph thread
        conversation dialogue notes attached report reviews sentences sentence emails file files these table list""",
    "monitor": """heartbeat inbox calendar notifications reminders check_email ping archive check_my heartbeat_ok
        unread alerts status_check anything_new any_new any_unread morning_briefing daily_digest disk_space backups
        nightly newsletters invoices_and check_the watch_the uptime remind heartbeats scheduled needs_attention
        let_me due_this nothing_is is_due my_mail today's_mail my_calendar my_email security_audit hourly
        what_changed come_in backup_status since_yesterday since_this since_my since_last services_are is_up are_up
        daily_report weekly_report weekly_digest remind_me news_today today's_headlines mailbox mails
        unread_messages to_do todo queue_length failed_jobs nightly_run keep_an on_schedule overnight due_today
        due_tomorrow todays weekly tick poll""",
    "math": """solve calculate compute evaluate simplify prove probability equation integral derivative polynomial
        triangle hypotenuse perimeter remainder divisible quadratic logarithm eigenvalues theorem average median
        integer_solutions least_common greatest_common how_many how_much find_the what_percent square_root
        each_other per_hour an_hour per_day in_total altogether how_long how_far times_as twice_as
        standard_deviation velocity molarity speed_of area_of volume_of value_of sum_of how_fast how_old
        what_fraction ratio percent percentage interest factorial modulo invertible determinant binary decimal
        fraction prime primes divisor gcd lcm sum_is acceleration elasticity expectation interior_angles binomial
        permutation permutations combinations matrix vector vectors convergence limit_of function_f radius diameter
        circumference dice marbles chance_that show_your remains remain suppose determine equation_of line_through
        slope intercept real_solutions compounded prove_that tosses tossed each_pays pays_twice how_high how_tall
        how_wide break_even angle angles grams litres liters metres kilometres per_second per_minute estimate_how
        estimate_the number_of sum product quotient digit digits odd even consecutive dividing divided multiplied""",
    "prove": "prove theorem lemma proof derive deduce",
    "quantity": "how_many how_much how_long how_far how_old what_is total left each more than cost costs price times",
    "logic": """premise premises hypothesis conclusion deduce riddle puzzle valid invalid entail entailment liar
        lies truth knight knave knights knaves statements statement follows logically options choices step_by
        multiple_choice reasoning_steps your_reasoning think_step correct_answer best_answer conclude sound_argument
        fallacy infer inference implies consistent_with cannot_be cannot_determine syllogism odd_one who_does who_is""",
    "puzzle": """puzzle riddle taller shorter older younger sits seated conclude liar lies always_lies knight knave
        analogy sequence pattern comes_next related_to plausible entail counterfeit alphabetically guards owns_the
        who_owns next_to day_before left_of right_of what_day not_belong knights knaves truth_or jug jugs switches
        trailing coin coins dice marbles snail heads_and which_weighs bloops entails premise premises deduce
        contradict north_of south_of east_of west_of heavier lighter faster slower in_line older_than younger_than
        taller_than twice_as odd_one is_to what_am sense_plausible older_sister brother sister brothers sisters sons
        daughters uncle does_not outweigh overtaken facing shadow clockwise""",
    "human-language": "english french german spanish chinese japanese korean russian italian portuguese arabic hindi",
    "analysis": """analyze analyse analysis compare comparison contrast evaluate assess strategy strategic tradeoffs
        trade-offs trade_offs trade_off swot pros_and feasibility roadmap architecture prioritize forecast
        root_cause in_depth comprehensive literature_review research investigate critically examine implications
        evidence recommend_one step_by project_plan plan_out market_analysis second_order critique rebut weigh
        hypotheses prioritise analyzing analysing due_diligence competitive_landscape should_we rank_them
        think_through reason_through business_models cost_benefit decision_model risk_assessment crisis_plan
        decision_framework confounders fallacy dilemma break_even structured_analysis business_case thesis think_it
        work_out weigh_up""",
    "weigh": """adoption advantages affect affects afford allocate allocation alternative alternatives appraise
        approaches architect architecture argue argue_for argument arguments assess assessment assumption
        assumptions best_case better_to both_sides bottleneck bottlenecks break_even business_case business_model
        business_models business_plan causes churn competitive confounders consequences counterargument
        counterfactual criteria critically critique day_plan debate decide decision decision_tree decisions defend
        dependencies diagnose dilemma diligence disadvantages economic economics effect effects estimate evaluate
        evidence experiment explanations fallacy feasibility findings forecast framework go_no go_to governance
        hypotheses hypothesis hypothesise impact implications influence influenced interpretation justify justifying
        kpi landscape likely_consequences literature long_term market_entry mechanisms metrics migration_plan
        milestone milestones ninety_day objections objectives obstacles okr options outlook overview_of owners
        phases pick_one plan planning plausibility plausible position_paper positioning positions prefer preferable
        pricing prioritise prioritised prioritization prioritize profitability promising quarter rank rank_the
        rational rationale reason_through reasons rebut recommend recommendation regulation remedies research
        retention risk risks roadmap roi rollout root_cause root_causes scalability scenario scenarios second_order
        segmentation sensible sensitivity short_term should_we stakeholders state_of step_by strategic strategy
        strengths stress_test structured_analysis studies swot synthesise systematically tactics thesis
        think_through thought_experiment timeline trade_off trade_offs trends valuation vendor vendors versus
        viability viable vs weaknesses weigh what_would which_would white_paper why_did workstreams worst_case worth
        would_you you'd_do""",
    "research": """research comprehensive literature in_depth report citations sources empirical studies evidence
        detailed_analysis scholarly trends state_of current_state developments market""",
    "who": "who when where which what whose whom",
    "greet": "hello hi hey thanks thank_you morning evening goodbye bye congratulations",
    "explain": "explain describe define what_is what_are who_is who_was tell_me tips ideas suggest recommend advice",
    "draw": "draw paint sketch illustrate render generate create make",
    "picture": "image picture photo photograph illustration drawing painting logo icon wallpaper portrait",
    "see": "what describe analyze analyse identify read look explain see in",
    "this-picture": """this_image this_picture this_photo this_screenshot this_diagram the_screenshot attached_image
        the_image the_picture the_photo this_chart""",
    "sound": "audio voice_memo recording podcast_episode speech_to aloud voiceover text_into to_speech",
    "speak": "transcribe read convert turn speak narrate record",
    "embed": "embed embeddings embedding vectorize",
}

# Korean words are inflected, so these are beginnings of words (2 to 4 syllables) or, with a dot, whole words.
KOREAN: Mapping[str, str] = {
    "code-word": """코드 코딩 함수를 함수의 프로그램을 프로그래 파이썬 자바스크 타입스크 자바로 리액트 버그 디버깅
        에러 오류 리팩토 컴포넌 스크립트 알고리 쿼리 깃허브 커밋 크롤링 크롤러 정규표현 정규식 배열 리스트 변수
        클래스 단위테스 테스트 메모리 리눅스 로그인 프로세 명령어 컨테이 구현 빌드 컴파일 도커 데이터베 엔드포인
        서버 주석 스프링 장고 판다스 넘파이 코틀린 백준 반복문 조건문 재귀 문자열 매개변 딕셔너 데이터프 연결리 정수
        인덱스 반환 쿠버네 깃. 깃에 깃에서 브랜치 머지 유니티 로직 캐시 모듈 라이브 패키지 디비 콘솔 버튼 크롬 엑셀
        매크로 자료구 노드 스택 제네릭 장식자 데코레 프롭스 상태관 렌더 시간복 예외 리팩 오버플 팰린드 쉘 스케치
        확장 업로드 파드 배포 자동화 정렬된 수식 안드로 그래들 동기화 컴포즈 액션 람다 리팩터 디바운 웹팩 도메인
        프록시 소켓 스레드 프레임 프론트 백엔드 프론트엔드 자바 씨언어 씨플플 러스트 고랭 타입 객체 상속 인스턴
        출력하시 짜줘 소스 주피터 텐서 파이토 웹소켓 플러터 컨트롤 미들웨 스프링부 마이바티 하이버네 제이쿼 노드제이
        익스프레 넥스트 파이어베 몽고디 마이에스 오라클 카프카 레디스 셀레니 뷰티풀 크롤 챗봇 깃랩 젠킨스 테라폼
        앤서블 우분투 쉘스크 배치파 엔티티 조인 이진 트리 그래프 회전하 탐색을 알고리즘 포문 와일문""",
    "make": "작성 만들 구현 개발 짜줘. 짜 추가 수정 고쳐 생성 작성하 해결 설계",
    "summary": "요약 간추 정리 핵심 줄여 제목 압축 키워드 한 줄로",
    "translate": "번역 옮겨",
    "convert": """변환 추출 분류 교정 맞춤법 제거 뽑아 나눠 표로 높임말 존댓말 띄어쓰 형식 통일 지워 마크다 뽑 고쳐
        붙여 다듬어 모아 가나다 정렬 쉽게 골라 묶어 채워 태그 라벨 익명 표기 존대""",
    "monitor": """알림 메일이랑 하트비 캘린더 점검 메일 일정 읽지 이상 확인해 상태 백업 새로 밤새 알람 체크 브리핑
        헤드라""",
    "human-language": "영어로 일본어 중국어 스페인 프랑스 독일어 한국어로 러시아 영문 국문 한글로",
    "paste": "다음 아래 이. 본문 기사 문서 회의록 글을 글의 대화를 문장",
    "math": """며칠 살인가. 해를. 계산 확률 방정식 적분 미분 미적분 수학 구하 구해 넓이 몇. 몇개 평균 나머지 증명
        수열 통계 풀이 풀어 더하 모두 개입니 명입니 얼마 합은 시속 값을 값은 극값 배수 자연수 걸리 남은 몇 한 높이
        금리 각도 복리 이자 직선 좌표 주머니 공을 약수 시침 속력 농도 비율 부피 둘레 합계 차이는""",
    "analysis": """분석 비교 장단점 전략 평가 논하 검토 전망 인과관 추론 논리 단계별 계획 아키텍 연구 트레이 수립
        따져 선택해 결정 가설 원인 영향 타당 예측 로드맵 우선순 리스크 동향 비판 근거 대안 방안 이유 배경 의의 한계
        오류 유망 유리 조사 판단 나을지 시장성 미친 미치는 관점 검증 진단 개선안 시나리 수요 전환 적합 논거 논증
        쟁점""",
    "prove": "증명",
    "puzzle": "보다. 누구인가 순서대 나이는 명제",
    "logic": "옳은 고르 보기에 명제 정답 물음에 참. 빈칸 추론 논리 전제 결론 진술 거짓말 진실 용의자 참인 타당",
    "writing": "시를 시. 소설 이야기 편지 동화 가사 블로그 문구 노래 축사 에세이 메시지 자기소 후기",
    "explain": "추천 알려 설명 무엇 누구 어디 언제 소개 방법 의미",
    "greet": "안녕 반가 고마 감사 심심 ㅋㅋ",
    "picture": "이미지 그림 사진",
    "this-picture": "스크린 사진 이미지",
    "draw": "그려 생성",
    "sound": "음성 오디오 녹음",
    "speak": "받아 읽어 변환 전사",
    "embed": "임베딩",
}
