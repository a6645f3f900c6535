"""The words the hand-written rules know, in English and Korean, each under the group it speaks for. Data only."""

from __future__ import annotations

from collections.abc import Mapping

# A word belongs to every group that lists it; a two-word phrase is written with an underscore.
ENGLISH: Mapping[str, str] = {
    "make": """write implement create build develop generate make produce construct code program complete design
        give show provide compose add set_up port rewrite finish fill integrate deploy define return using""",
    "fix": """fix debug refactor optimize optimise review compile rename patch troubleshoot lint deploy bump merge
        revert""",
    "code-thing": """function functions program script class method methods code algorithm component module snippet
        subroutine macro query queries endpoint app application website webpage loop array arrays parser scraper api
        server client library package plugin extension struct interface test tests schema table""",
    "code-word": """regex regexp sql javascript typescript python golang kotlin php perl haskell matlab verilog
        html css c++ c# f# bash powershell linux docker dockerfile kubernetes kubectl git github gitlab npm pip
        cargo
        pytest junit jest eslint webpack react vue angular svelte django flask fastapi rails laravel node
        nodejs numpy
        pandas dataframe tensorflow pytorch graphql json yaml xml csv webhook oauth cors codebase repo repository
        refactor debug compile compiler boolean pseudocode async await linked_list binary_tree unit_test unit_tests
        pull_request merge_request stack_trace source_code data_structure for_loop while_loop two_lists command_line
        rest_api api_endpoint regular_expression recursive recursion typeerror valueerror keyerror attributeerror
        nullpointerexception traceback stderr stdout localhost makefile cmake terraform ansible nginx postgres
        postgresql mysql sqlite mongodb redis websocket websockets usestate ci lint
        micropython matplotlib docstring docstrings flutter android discord tailwind spring cron vim lambda arduino
        selenium scikit keras sklearn settings_page dark_mode commit_message staged_changes the_diff code_review
        this_code my_code the_code""",
    "language-name": """python javascript typescript java rust golang kotlin c++ c# f# ruby php perl scala haskell
        swift
        bash matlab julia lua dart sql html css vba powershell verilog""",
    "data": """array arrays string strings substring subsequence lists linked_list binary_tree tree vertices vertex node
        nodes matrix grid tuple tuples dictionary integers staircase""",
    "answer-with": "return returns print prints output outputs lexicographically find_the minimum_number",
    "in-language": """in_python in_java in_javascript in_typescript in_rust in_go in_golang in_c in_c++ in_c# in_r
        in_ruby in_php in_swift in_kotlin in_sql in_bash in_matlab in_scala in_haskell in_perl in_css in_html
        using_python using_java using_javascript using_c++ with_python""",
    "tidy": """sort merge remove count number split clean fix fill put turn rewrite rephrase identify find list name
        pick classify label read shorten simplify""",
    "these": """these this_table this_list this_text this_paragraph this_passage this_article this_conversation
        this_note each_of following headlines captions headings titles names the_passage the_text the_paragraph
        the_sentence""",
    "writing": """poem poems story stories essay song lyrics speech letter email blog tweet haiku limerick slogan
        screenplay movie video film podcast novel dialogue monologue toast eulogy obituary rap caption post
        paragraph
        youtube character article_about press_release cover_letter short_story product_description""",
    "role-play": """pretend imagine persona embody act_as speak_like as_a you_are you're_a if_you
        picture_yourself""",
    "in-role": """pretend persona embody act_as speak_like picture_yourself imagine_you embrace assume
        imagine_yourself""",
    "summary": """summarize summarise summary summaries summarizing summarization tldr condense recap abridge gist
        digest shorten tl_dr sum_up sum_the key_points main_points main_point key_takeaways boil_down boils_down
        in_short a_nutshell brief_overview short_title a_headline a_title an_outline_of extremely_short
        abstract_for one_sentence few_words main_idea key_facts bullet_point bullet_points
        bulleted""",
    "translate": "translate translation translating",
    "convert": """convert reformat extract transform normalize deduplicate classify categorize transcribe proofread
        format tag label pull_out clean_up capitalize""",
    "paste": """following below above passage article articles text document documents transcript paragraph thread
        conversation dialogue notes attached report reviews sentences sentence emails file files these table
        list""",
    "monitor": """heartbeat inbox calendar notifications reminders check_email
        ping archive check_my heartbeat_ok""",
    "math": """solve calculate compute evaluate simplify prove probability equation integral derivative polynomial
        triangle hypotenuse perimeter remainder divisible quadratic logarithm eigenvalues theorem average median
        integer_solutions least_common greatest_common how_many how_much find_the what_percent square_root
        each_other
        per_hour an_hour per_day in_total altogether how_long how_far times_as twice_as standard_deviation
        velocity molarity speed_of area_of volume_of value_of sum_of""",
    "prove": "prove theorem lemma proof derive deduce",
    "quantity": """how_many how_much how_long how_far how_old what_is total left
        each more than cost costs price times""",
    "logic": """premise premises hypothesis conclusion deduce riddle puzzle valid invalid entail entailment liar lies
        truth knight knave knights knaves statements statement follows logically options choices step_by
        multiple_choice
        reasoning_steps your_reasoning think_step correct_answer best_answer""",
    "puzzle": """puzzle riddle taller shorter older younger sits seated conclude liar lies always_lies knight knave
        analogy sequence pattern comes_next related_to plausible entail counterfeit alphabetically guards owns_the
        who_owns next_to day_before left_of right_of what_day not_belong""",
    "human-language": """english french german spanish chinese japanese korean russian
        italian portuguese arabic hindi""",
    "analysis": """analyze analyse analysis compare comparison contrast evaluate assess strategy strategic tradeoffs
        trade-offs trade_offs trade_off swot pros_and feasibility roadmap architecture prioritize forecast
        root_cause
        in_depth comprehensive literature_review research investigate critically examine implications evidence
        recommend_one step_by project_plan plan_out market_analysis second_order""",
    "research": """research comprehensive literature in_depth report citations sources empirical studies evidence
        detailed_analysis scholarly trends state_of current_state developments market""",
    "who": "who when where which what whose whom",
    "greet": "hello hi hey thanks thank_you morning evening goodbye bye congratulations",
    "explain": """explain describe define what_is what_are who_is who_was
        tell_me tips ideas suggest recommend advice""",
    "draw": "draw paint sketch illustrate render generate create make",
    "picture": """image picture photo photograph illustration drawing painting
        logo icon wallpaper portrait""",
    "see": "what describe analyze analyse identify read look explain see in",
    "this-picture": """this_image this_picture this_photo this_screenshot this_diagram the_screenshot attached_image
        the_image the_picture the_photo this_chart""",
    "sound": """audio voice_memo recording podcast_episode speech_to text_to_speech aloud voiceover text_into
        to_speech""",
    "speak": "transcribe read convert turn speak narrate record",
    "embed": "embed embeddings embedding vectorize",
}

# Korean words are inflected, so these are beginnings of words (2 to 4 syllables) or, with a dot, whole words.
KOREAN: Mapping[str, str] = {
    "code-word": """코드 코딩 함수를 함수의 프로그램을 프로그래 파이썬 자바스크 타입스크 자바로 리액트 버그
        디버깅 에러 오류
        리팩토 컴포넌 스크립트 알고리 쿼리 깃허브 커밋 크롤링 크롤러 정규표현 정규식 배열 리스트 변수 클래스
        단위테스 테스트 메모리 리눅스 로그인 프로세 명령어 컨테이 구현 빌드 컴파일 도커
        데이터베 엔드포인 서버 주석 스프링 장고 판다스 넘파이 코틀린 백준 반복문 조건문
        재귀
        문자열 매개변 딕셔너 데이터프 연결리 정수 인덱스 반환""",
    "make": "작성 만들 구현 개발 짜줘. 짜 추가 수정 고쳐 생성 작성하 해결 설계",
    "summary": "요약 간추 정리 핵심 줄여 제목",
    "translate": "번역 옮겨",
    "convert": "변환 추출 분류 교정 맞춤법 제거 뽑아",
    "monitor": "알림 메일이랑 하트비 캘린더 점검",
    "paste": "다음 아래 이. 본문 기사 문서 회의록 글을 글의 대화를 문장",
    "math": """며칠 살인가. 해를. 계산 확률 방정식
        적분 미분 미적분 수학 구하 구해 넓이 몇. 몇개 평균 나머지 증명 수열 통계 풀이 풀어 더하
        모두 개입니 명입니 얼마""",
    "analysis": "분석 비교 장단점 전략 평가 논하 검토 전망 인과관 추론 논리 단계별 계획 아키텍 연구 트레이 수립",
    "prove": "증명",
    "puzzle": "보다. 누구인가 순서대 나이는 명제",
    "logic": "옳은 고르 보기에 명제 정답 물음에 참. 빈칸 추론 논리",
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
