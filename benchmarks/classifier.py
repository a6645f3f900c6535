"""How good and how fast the classifier is: `python benchmarks/classifier.py LABELLED.jsonl`.

LABELLED has {"text","label","source","lang","image_attached"} per line. Accuracy is that of the weights as shipped; on prompts
the weights have seen it flatters, so give a file kept apart, or see `build_classifier.py --held-out`. Times are of `classify`,
one prompt after another, best of three passes.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

from pointsman.core.classify import classify
from pointsman.core.request import KINDS, Image, Message, Request

IMAGE = Image(media_type="image/png", data="")
MICRO = 1e6


def request(row: dict) -> Request:
    images = (IMAGE,) if row.get("image_attached") else ()
    return Request(id=str(row.get("id", "0")), messages=(Message(role="user", text=row["text"], images=images),))


def accuracy(rows: list[dict]) -> None:
    by_source: dict[tuple[str, str], list[bool]] = defaultdict(list)
    confusion: dict[str, Counter] = defaultdict(Counter)
    for row in rows:
        said = classify(request(row)).kind
        by_source[row["source"], row["lang"]].append(said == row["label"])
        confusion[row["lang"]][row["label"], said] += 1
    print("source                           lang  accuracy     n")
    for (source, language), right in sorted(by_source.items()):
        print(f"{source:32} {language}    {sum(right) / len(right):8.3f} {len(right):5d}")
    for language, counts in confusion.items():
        summary(language, counts)


def summary(language: str, counts: Counter) -> None:
    total = sum(counts.values())
    right = sum(n for (true, said), n in counts.items() if true == said)
    f1 = []
    for kind in KINDS:
        true = sum(n for (label, _), n in counts.items() if label == kind)
        said = sum(n for (_, label), n in counts.items() if label == kind)
        if not true:
            continue
        hit = counts[kind, kind]
        f1.append(2 * hit / (true + said))
        print(f"  {language} {kind:10} precision {hit / said if said else 0:.3f}  recall {hit / true:.3f}  n={true}")
    print(f"  {language} accuracy {right / total:.3f}  macro-F1 {sum(f1) / len(f1):.3f}  n={total}")


def seconds(one: Request, passes: int = 3) -> float:
    best = float("inf")
    for _ in range(passes):
        start = time.perf_counter()
        classify(one)
        best = min(best, time.perf_counter() - start)
    return best


def latency(rows: list[dict]) -> None:
    classify(request({"text": "warm up"}))
    times = sorted(seconds(request(row)) for row in rows)
    p50, p99 = times[len(times) // 2], times[int(len(times) * 0.99)]
    print(
        f"latency  p50 {p50 * MICRO:.0f} us  p99 {p99 * MICRO:.0f} us  max {times[-1] * MICRO:.0f} us  n={len(times)}"
    )
    page = "def f(x): return x  # why is the sky blue, and how many clouds are there? 3 + 4\n"
    for size in (100_000, 1_000_000):
        for name, text in (("english", page), ("korean", "이 함수가 왜 느린지 분석해 주세요. 그리고 고쳐 줘.\n")):
            prompt = "Summarize:\n" + (text * (size // len(text) + 1))[:size]
            print(f"latency  {size // 1000} kB {name:8} {seconds(request({'text': prompt})) * 1e3:.2f} ms")


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    rows = [json.loads(line) for line in Path(sys.argv[1]).read_text(encoding="utf8").splitlines()]
    accuracy(rows)
    latency(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
