"""Learn the weights of risk: `python benchmarks/build_risk.py LABELLED.jsonl [--held-out] [--write]`.

Reads `tests/policies/risk_cases.toml` and `risk_prompts.toml` beside this script (risky prompts by class, and harmless
ones that share their words), and as everyday prompts `own_prompts.jsonl` and LABELLED ({"text","image_attached"} per
line), of which those that a rule finds risky are left out. Logistic regression by full-batch gradient descent over the
parts of the words, then softmax regression from risky prompts to their class. The bias is set so that at most
FALSE_ALARMS of the harmless prompts, each judged by weights that have not seen it, raise an alarm. `--held-out` prints
recall and false alarms by FOLDS folds; `--write` writes `src/pointsman/core/classify/risk_weights.py`.
Needs numpy, which the program itself does not.
"""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
from collections import Counter
from pathlib import Path

import numpy as np

from pointsman.core.classify.likeness import parts_of
from pointsman.core.classify.risk import concepts_of, risks, said_in, spoken_of

HERE = Path(__file__).parent
TARGET = HERE.parent / "src/pointsman/core/classify/risk_weights.py"
CASES = (HERE.parent / "tests/policies/risk_cases.toml", HERE / "risk_prompts.toml")
SCALE = 1000
FOLDS = 5
LEAST = 100  # a weight that says less is not kept
FALSE_ALARMS = 0.035
EVERYDAY = 0.3  # what an everyday prompt weighs against a look-alike
MIN_COUNT, L2, STEPS, RATE = 2, 1e-4, 150, 0.05

Matrix = np.ndarray


def parts(text: str) -> Counter:
    """The parts of the distinct words that want or tell of a change, and (as "") the number of the words."""
    words = spoken_of(said_in(text))
    found = Counter(part for word in words for part in parts_of(word, concepts_of))
    found[""] = len(words)
    return found


def descend(gradient, shape: tuple[int, ...]) -> Matrix:
    """Adam: deterministic, no library beyond numpy."""
    w = np.zeros(shape, dtype=np.float32)
    m, v = np.zeros_like(w), np.zeros_like(w)
    for step in range(1, STEPS + 1):
        g = gradient(w)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        w -= RATE * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
    return w


def vocabulary(examples: list[Counter]) -> dict[str, int]:
    seen = Counter(part for example in examples for part in example if part)
    return {part: at for at, part in enumerate(sorted(part for part in seen if seen[part] >= MIN_COUNT))}


def matrix(examples: list[Counter], vocab: dict[str, int]) -> Matrix:
    x = np.zeros((len(examples), len(vocab) + 1), dtype=np.float32)
    for at, example in enumerate(examples):
        for part, count in example.items():
            if part in vocab:
                x[at, vocab[part]] = count
        x[at] /= np.sqrt(example[""] + 1)
    x[:, -1] = 1.0
    return x


def learn_risk(x: Matrix, risky: Matrix, weight: Matrix) -> Matrix:
    share = np.where(risky, weight / weight[risky].sum(), weight / weight[~risky].sum())

    def gradient(w: Matrix) -> Matrix:
        p = 1 / (1 + np.exp(-(x @ w)))
        g = x.T @ ((p - risky) * share) + L2 * w
        g[-1] -= L2 * w[-1]
        return g

    return descend(gradient, (x.shape[1],))


def learn_codes(x: Matrix, codes: list[str], names: list[str]) -> Matrix:
    y = np.eye(len(names), dtype=np.float32)[[names.index(code) for code in codes]]

    def gradient(w: Matrix) -> Matrix:
        z = x @ w
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        return x.T @ (p - y) / len(y) + L2 * w

    return descend(gradient, (x.shape[1], len(names)))


def rows(labelled: Path) -> tuple[list[tuple[str, str]], list[str], list[str]]:
    risky, harmless = [], []
    for path in CASES:
        listed = tomllib.loads(path.read_text(encoding="utf8"))
        risky += [(each["code"], each["text"]) for each in listed["high"]]
        harmless += [each["text"] for each in listed["harmless"]]
    everyday, judged = [], {text for _, text in risky} | set(harmless)
    for path in (HERE / "own_prompts.jsonl", labelled):
        for line in path.read_text(encoding="utf8").splitlines():
            row = json.loads(line)
            by_rule = [hit for hit in risks(row["text"]) if hit.where != "wording"]
            if not (row["image_attached"] or row["text"] in judged or by_rule):
                everyday.append(row["text"])
    return risky, harmless, everyday


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("labelled", type=Path)
    parser.add_argument("--held-out", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    high, harmless, everyday = rows(options.labelled)
    texts = [text for _, text in high] + harmless + everyday
    examples = [parts(text) for text in texts]
    kept = [at for at, example in enumerate(examples) if example[""]]
    vocab = vocabulary([examples[at] for at in kept])
    x = matrix([examples[at] for at in kept], vocab)
    risky = np.array([at < len(high) for at in kept])
    look_alike = np.array([len(high) <= at < len(high) + len(harmless) for at in kept])
    weight = np.where(risky | look_alike, 1.0, EVERYDAY).astype(np.float32)
    held = np.zeros(len(kept))
    fold = np.arange(len(kept)) % FOLDS
    for each in range(FOLDS):
        w = learn_risk(x[fold != each], risky[fold != each], weight[fold != each])
        held[fold == each] = x[fold == each] @ w
    allowed = int(FALSE_ALARMS * len(harmless))
    limit = float(np.sort(held[look_alike])[::-1][allowed])
    if options.held_out:
        by_rule = np.array([any(hit.where == "prompt" for hit in risks(texts[at])) for at in kept])
        seen = held > limit
        print(
            f"risky {risky.sum()}: by wording {seen[risky].mean():.3f}, with rules {(seen | by_rule)[risky].mean():.3f}"
        )
        print(f"look-alikes {len(harmless)}: alarms {(seen | by_rule)[look_alike].sum() / len(harmless):.3f}")
        rest = ~risky & ~look_alike
        print(f"everyday {len(everyday)}: alarms by wording {seen[rest].sum() / len(everyday):.3f}")
    if options.write:
        names = list(dict.fromkeys(code for code, _ in high))
        w = learn_risk(x, risky, weight)
        by_code = learn_codes(x[risky], [high[at][0] for at in kept if at < len(high)], names)
        write(vocab, w, w[-1] - limit, by_code, names)
    return 0


def write(vocab: dict[str, int], w: Matrix, bias: float, by_code: Matrix, names: list[str]) -> None:
    lines = []
    for part, at in vocab.items():
        weight, codes = round(float(w[at]) * SCALE), np.rint(by_code[at] * 10).astype(int)
        if abs(weight) < LEAST:
            continue
        lines.append(f"{part}\t{weight}\t{' '.join(map(str, codes))}")
    body = "\n".join(lines)
    TARGET.write_text(
        '"""Learned weights of risk: one line per part of a word (`@` a concept), a tab, its weight, a tab, then its\n'
        'weight for each of CODES. Generated by benchmarks/build_risk.py: do not edit by hand."""\n\n'
        "CODES = (\n" + "".join(f'    "{name}",\n' for name in names) + f")\nBIAS = {round(bias * SCALE)}\n"
        f'TABLE = """\\\n{body}\n"""\n',
        encoding="utf8",
    )
    print(f"{TARGET.name}: {len(lines)} parts, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    sys.exit(main())
