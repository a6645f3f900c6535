"""The built-in tasks of `pointsman eval`: short, of our own making, each with an answer that a program can check.

A change of a task is a change of the suite: raise its number, since figures of two suites are not comparable.
"""

from __future__ import annotations

from pointsman.core.grading import Code, Exact, Form, Item, Number, json_like, line_count, lines_are, words_at_most

SUITE = "builtin-1"
_PYTHON = "Reply with one Python function in a code block, without example calls. Use the standard library only.\n\n"
_END = "\n\nThink as long as you need. End with one line of the form `ANSWER: ...` and nothing after it."
_ONLY = "\n\nReply with nothing but that."


def _code(id: str, function: str, prompt: str, tests: str) -> Item:
    return Item(id=id, kind="coding", prompt=_PYTHON + prompt, check=Code(function=function, tests=tests))


CODING = (
    _code(
        "code-merge",
        "merge_spans",
        "`merge_spans(spans)` takes a list of (start, end) pairs with start <= end, in any order, and returns a"
        " sorted list"
        " of tuples in which overlapping or touching pairs are joined. It must not change its argument.",
        "given = [(5, 7), (1, 3), (3, 4)]\nassert merge_spans(given) == [(1, 4), (5, 7)]\n"
        "assert given == [(5, 7), (1, 3), (3, 4)]\nassert merge_spans([]) == []\n"
        "assert merge_spans([(1, 9), (2, 3)]) == [(1, 9)]\n",
    ),
    _code(
        "code-roman",
        "to_roman",
        "`to_roman(number)` returns the Roman numeral of a whole number from 1 to 3999 and raises ValueError for any"
        " other.",
        "assert [to_roman(n) for n in (1, 4, 9, 14, 40, 90, 400, 1994, 3999)] =="
        " ['I', 'IV', 'IX', 'XIV', 'XL', 'XC', 'CD', 'MCMXCIV', 'MMMCMXCIX']\n"
        "for wrong in (0, -1, 4000):\n    try:\n        to_roman(wrong)\n    except ValueError:\n        continue\n"
        "    raise AssertionError(wrong)\n",
    ),
    _code(
        "code-topo",
        "build_order",
        "`build_order(needs)` takes a dict from a name to the list of names that must come before it. It returns a"
        " list of"
        " all names, also those that only appear in lists, in an order that respects every need; among the names that"
        " could"
        " come next the alphabetically first one comes. It raises ValueError if there is a circle.",
        "assert build_order({'app': ['lib', 'ui'], 'ui': ['lib'], 'doc': []}) == ['doc', 'lib', 'ui', 'app']\n"
        "assert build_order({}) == []\nassert build_order({'b': ['z'], 'a': []}) == ['a', 'z', 'b']\n"
        "try:\n    build_order({'a': ['b'], 'b': ['a']})\nexcept ValueError:\n    pass\nelse:\n    raise"
        " AssertionError\n",
    ),
    _code(
        "code-lru",
        "make_cache",
        "`make_cache(size)` returns a pair of functions (get, put). `put(key, value)` keeps at most `size` keys and"
        " forgets"
        " the one that was used longest ago; `get(key)` returns the value, or None, and counts as a use.",
        "get, put = make_cache(2)\nput('a', 1)\nput('b', 2)\nassert get('a') == 1\nput('c', 3)\n"
        "assert (get('a'), get('b'), get('c')) == (1, None, 3)\nput('a', 9)\nput('d', 4)\nassert get('c') is None and"
        " get('a') == 9\n",
    ),
    _code(
        "code-duration",
        "seconds_of",
        "`seconds_of(text)` reads a span such as '1h30m', '45s' or '2h5s' as seconds. Units come in the order h, m,"
        " s, each"
        " at most once, each with a whole number. Anything else, also the empty text, raises ValueError.",
        "assert [seconds_of(t) for t in ('45s', '1h30m', '2h5s', '0s', '90m')] == [45, 5400, 7205, 0, 5400]\n"
        "for wrong in ('', '5', 'm5', '1m1h', '1h1h', '1.5h', '-1s', '1h 5s'):\n    try:\n        seconds_of(wrong)\n"
        "    except ValueError:\n        continue\n    raise AssertionError(wrong)\n",
    ),
    _code(
        "code-csv",
        "split_row",
        "`split_row(line)` splits one comma-separated line into a list of fields. A field may stand in double quotes"
        " and then"
        " hold commas, and double quotes written twice. Do not import the csv module.",
        "assert split_row('a,b,c') == ['a', 'b', 'c']\nassert split_row('\"a,b\",c') == ['a,b', 'c']\n"
        "assert split_row('\"say \"\"hi\"\"\",') == ['say \"hi\"', '']\nassert split_row('') == ['']\n",
    ),
    _code(
        "code-bug",
        "median",
        "This function is wrong for lists of even length and changes its argument. Correct it; for an empty list it"
        " must"
        " raise ValueError.\n\n    def median(values):\n        values.sort()\n        return values[len(values) // 2]",
        "given = [3, 1, 2, 4]\nassert median(given) == 2.5 and given == [3, 1, 2, 4]\nassert median([5]) == 5\n"
        "assert median([9, 1, 5]) == 5\ntry:\n    median([])\nexcept ValueError:\n    pass\nelse:\n    raise"
        " AssertionError\n",
    ),
    _code(
        "code-balance",
        "is_balanced",
        "`is_balanced(text)` is True if all of ( ) [ ] { } in the text are closed in the right order; other"
        " characters do"
        " not matter.",
        "assert all(is_balanced(t) for t in ('', 'a(b[c]{d})', '()[]'))\n"
        "assert not any(is_balanced(t) for t in ('(', ')', '(]', '([)]', ']['))\n",
    ),
    _code(
        "code-change",
        "fewest_coins",
        "`fewest_coins(amount, coins)` returns the smallest number of coins that add up to the amount, each kind as"
        " often as"
        " needed, or None if there is no way. An amount of 0 needs 0 coins.",
        "assert fewest_coins(6, [1, 3, 4]) == 2\nassert fewest_coins(0, [5]) == 0\nassert fewest_coins(7, [2, 4]) is"
        " None\n"
        "assert fewest_coins(999, [1, 5, 10, 25]) == 45\n",
    ),
    _code(
        "code-window",
        "rolling_max",
        "`rolling_max(values, size)` returns the largest value of each run of `size` neighbours, so a list of len -"
        " size + 1"
        " entries, or an empty list if there are too few. It must take time proportional to the length of the list.",
        "assert rolling_max([1, 3, 2, 5, 4], 2) == [3, 3, 5, 5]\nassert rolling_max([1], 2) == []\n"
        "assert rolling_max([4, 4, 1], 1) == [4, 4, 1]\nmany = list(range(200_000, 0, -1))\n"
        "assert rolling_max(many, 100_000)[0] == 200_000\n",
    ),
    _code(
        "code-flatten",
        "flatten",
        "`flatten(value)` takes a list that may hold lists, nested to any depth, even 50,000 deep, and returns one"
        " flat list"
        " of everything else in it, in order. Text counts as one thing.",
        "assert flatten([1, [2, [3, []], 'ab'], ()]) == [1, 2, 3, 'ab', ()]\ndeep = [7]\n"
        "for _ in range(50_000):\n    deep = [deep]\nassert flatten(deep) == [7]\n",
    ),
    _code(
        "code-week",
        "weekday_count",
        "`weekday_count(first, last)` takes two datetime.date and returns how many days from first to last, both"
        " included,"
        " are Monday to Friday; 0 if last is before first.",
        "from datetime import date\nassert weekday_count(date(2024, 2, 26), date(2024, 3, 3)) == 5\n"
        "assert weekday_count(date(2024, 3, 2), date(2024, 3, 3)) == 0\nassert weekday_count(date(2024, 3, 2),"
        " date(2024, 3, 1)) == 0\n"
        "assert weekday_count(date(2024, 1, 1), date(2024, 12, 31)) == 262\n",
    ),
)


def _reason(id: str, prompt: str, check: Exact | Number) -> Item:
    return Item(id=id, kind="reasoning", prompt=prompt + _END, check=check)


REASONING = (
    _reason(
        "reason-tank",
        "A tank is filled by one pipe in 6 hours and by another in 3 hours; a drain empties it in 4 hours. All three"
        " are"
        " open and the tank is empty. After how many hours is it full?",
        Number(value="4"),
    ),
    _reason(
        "reason-shirts",
        "Five shirts dry in the sun side by side in 40 minutes. How many minutes do fifteen shirts take, if there is"
        " room for"
        " all of them side by side?",
        Number(value="40"),
    ),
    _reason(
        "reason-knights",
        "On an island everybody always tells the truth or always lies. Ada says: `Bo lies.` Bo says: `Ada and I are"
        " of the"
        " same kind.` Who tells the truth? Answer with one name.",
        Exact(accepted=("Ada",)),
    ),
    _reason(
        "reason-order",
        "Kim is taller than Lee. Max is shorter than Lee. Noa is taller than Kim. Who is the second tallest of the"
        " four?"
        " Answer with one name.",
        Exact(accepted=("Kim",)),
    ),
    _reason(
        "reason-percent",
        "A price rises by 20 % and then falls by 25 %. By how many percent is it lower than at first? Answer with a"
        " number.",
        Number(value="10"),
    ),
    _reason(
        "reason-clock",
        "A clock loses 5 minutes every hour. It is set right at 12:00 noon. What is the true time when it first shows"
        " 11:00"
        " in the evening of that day? Answer as HH:MM in 24 hours.",
        Exact(accepted=("00:00", "24:00", "0:00")),
    ),
    _reason(
        "reason-divisors",
        "How many positive whole numbers divide 360 without a remainder?",
        Number(value="24"),
    ),
    _reason(
        "reason-socks",
        "A drawer holds 10 black, 8 white and 6 red socks. It is dark. How many socks must you take to be certain of"
        " two"
        " pairs of the same colour, that is, four socks of one colour?",
        Number(value="10"),
    ),
    _reason(
        "reason-logic",
        "All glims are norts. No nort is a plim. Some dars are glims. Does it follow that some dars are not plims?"
        " Answer"
        " yes or no.",
        Exact(accepted=("yes",)),
    ),
    _reason(
        "reason-sum",
        "What is the sum of all whole numbers from 1 to 200 that are divisible by 3 but not by 5?",
        Number(value="5268"),
    ),
)


def _plain(kind: str, id: str, prompt: str, check: Exact | Number | Form) -> Item:
    ending = _END if isinstance(check, Exact | Number) else _ONLY
    return Item(id=id, kind=kind, prompt=prompt + ending, check=check)


GENERAL = (
    _plain("general", "general-capital", "Which city is the capital of Australia?", Exact(accepted=("Canberra",))),
    _plain("general", "general-symbol", "What is the chemical symbol of tungsten?", Exact(accepted=("W",))),
    _plain(
        "general",
        "general-translate",
        "Translate the German word `Schildkröte` into English. One word.",
        Exact(accepted=("turtle", "tortoise")),
    ),
    _plain(
        "general",
        "general-korean",
        "Translate the Korean word `도서관` into English. One word.",
        Exact(accepted=("library",)),
    ),
    _plain(
        "general",
        "general-order",
        "Sort these words alphabetically and write each on a line of its own: pear, fig, apple, mango.",
        Form(rule=lines_are("apple", "fig", "mango", "pear")),
    ),
    _plain(
        "general",
        "general-limit",
        "In at most 12 words, say why the sky is blue. The word `light` must be among them.",
        Form(rule=words_at_most(12, "light")),
    ),
    _plain(
        "general",
        "general-lower",
        "Write three different fruits, one a line, in small letters, with neither numbers nor bullets.",
        Form(rule=line_count(3, lambda line: line.isalpha() and line.islower())),
    ),
    _plain(
        "general",
        "general-trap",
        "A kilogram of feathers and a kilogram of iron are weighed in vacuum. Which is heavier: feathers, iron or"
        " neither?",
        Exact(accepted=("neither",)),
    ),
)

BACKGROUND = (
    _plain(
        "background",
        "extract-json",
        'Read this note and give a JSON object with exactly the keys "name" (text), "age" (whole number) and "member"'
        " (true"
        " or false).\n\nNote: Maria Lopez turned 34 last week. She cancelled her membership in May.",
        Form(rule=json_like({"name": str, "age": int, "member": bool}, name="Maria Lopez", age=34, member=False)),
    ),
    _plain(
        "background",
        "extract-order",
        'Give a JSON object with exactly the keys "order" (text) and "total_cents" (whole number) for this'
        " mail.\n\nHi, order"
        " A-1093 arrived. You charged 27.50 EUR plus 4.90 EUR for shipping. Thanks!",
        Form(rule=json_like({"order": str, "total_cents": int}, order="A-1093", total_cents=3240)),
    ),
    _plain(
        "background",
        "classify-mood",
        "Is this review positive, negative or mixed? One word.\n\nThe screen is gorgeous and the sound is superb, but"
        " it broke"
        " after two days and nobody answers my mails.",
        Exact(accepted=("mixed",)),
    ),
    _plain(
        "background",
        "classify-ticket",
        "Which of billing, login, delivery or other is this about? One word.\n\nSince yesterday the page says my"
        " password is"
        " wrong, although I have just set a new one.",
        Exact(accepted=("login",)),
    ),
    _plain(
        "background",
        "format-csv",
        "Write this as CSV with the header `day,degrees`, in the order given: on Monday it was 12 degrees, on Tuesday"
        " 9, on"
        " Wednesday 15.",
        Form(rule=lines_are("day,degrees", "Monday,12", "Tuesday,9", "Wednesday,15")),
    ),
    _plain(
        "background",
        "format-date",
        "Write the date `the third of March, two thousand and twenty-six` as YYYY-MM-DD.",
        Exact(accepted=("2026-03-03",)),
    ),
    _plain(
        "background",
        "count-words",
        "How many times does the word `the` stand in this sentence: The cat saw the dog near the old house, then left."
        " Capital letters count, too.",
        Number(value="3"),
    ),
    _plain(
        "background",
        "summary-short",
        "Summarise in at most 15 words; the words `river` and `bridge` must be among them.\n\nAfter three days of"
        " rain the"
        " river rose by two metres. The town closed its old bridge on Friday, and engineers will inspect it before"
        " traffic"
        " may cross again.",
        Form(rule=words_at_most(15, "river", "bridge")),
    ),
)

ITEMS: tuple[Item, ...] = (*CODING, *REASONING, *GENERAL, *BACKGROUND)
