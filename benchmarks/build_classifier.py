"""Learn the classifier's weights: `python benchmarks/build_classifier.py LABELLED.jsonl [--held-out] [--write]`.

Reads a labelled file ({"id","text","label","source","lang","image_attached"} per line) and `own_prompts.jsonl` beside this
script. Softmax regression by full-batch gradient descent over the classifier's own features, on top of the hand-written
rules, every source weighing by its size to the power 0.6; a feature must occur in several sources to be learned at all.
`--held-out` prints accuracy for each source of LABELLED with that source left out of the training (`--held-out-own`: for
each style of our own prompts); `--verbose` adds the prompts it got wrong; `--write` writes
`src/pointsman/core/classify/weights.py`. Needs numpy, which the program itself does not.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

from pointsman.core.classify.kinds import LEARNED_KINDS, RULES, features, fires, grams_of, groups, score
from pointsman.core.classify.view import look

HERE = Path(__file__).parent
TARGET = HERE.parent / "src/pointsman/core/classify/weights.py"
SCALE = 100
STEPS, RATE = 150, 0.08
MIN_SOURCES, MIN_COUNT, L2, KEEP = 2, 3, 2e-2, 2_500
NOT_GENERAL = -10  # towards `general`: prompts of our own name their things more often than those of others


def load(path: Path) -> list[dict]:
    rows = [json.loads(line) for line in path.read_text(encoding="utf8").splitlines()]
    return [row for row in rows if row["label"] in LEARNED_KINDS and not row["image_attached"]]


class Example:
    def __init__(self, row: dict) -> None:
        view = look(row["text"])
        grams = grams_of(view)
        seen = groups(view, grams)
        self.row, self.source = row, row["source"]
        self.label = LEARNED_KINDS.index(row["label"])
        self.fired = [rule for rule in RULES if fires(rule, seen)]
        self.features = sorted(features(view, grams, seen))
        self.offset = score(self.fired, (), {})


def vocabulary(examples: list[Example]) -> dict[str, int]:
    sources, counts = defaultdict(set), Counter()
    for example in examples:
        for feature in example.features:
            sources[feature].add(example.source)
            counts[feature] += 1
    good = [f for f in counts if len(sources[f]) >= MIN_SOURCES and counts[f] >= MIN_COUNT]
    return {feature: at for at, feature in enumerate(sorted(good))}


def learn(examples: list[Example]) -> dict[str, tuple[float, float, float, float]]:
    """Feature -> weight per kind, on top of the rules."""
    vocab = vocabulary(examples)
    size = Counter(example.source for example in examples)
    x = np.zeros((len(examples), len(vocab) + 1), dtype=np.float32)
    x[:, -1] = 1.0
    for at, example in enumerate(examples):
        x[at, [vocab[f] for f in example.features if f in vocab]] = 1.0
    y = np.eye(4, dtype=np.float32)[[example.label for example in examples]]
    offset = np.array([example.offset for example in examples], dtype=np.float32) / SCALE
    weight = np.array([size[e.source] ** -0.4 for e in examples], dtype=np.float32)[:, None]
    weight /= weight.sum()
    w = np.zeros((x.shape[1], 4), dtype=np.float32)
    m, v = np.zeros_like(w), np.zeros_like(w)
    for step in range(1, STEPS + 1):  # Adam: deterministic, no library beyond numpy
        z = x @ w + offset
        z -= z.max(axis=1, keepdims=True)
        p = np.exp(z)
        p /= p.sum(axis=1, keepdims=True)
        g = x.T @ ((p - y) * weight) + L2 / 100 * w
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        w -= RATE * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
    w = np.rint(w * SCALE).astype(int)
    table = {feature: tuple(map(int, w[at])) for feature, at in vocab.items()}
    coding, reasoning, background, general = map(int, w[-1])
    table[""] = (coding, reasoning, background, general - NOT_GENERAL)
    strongest = sorted(table, key=lambda f: (-max(map(abs, table[f])), f))[:KEEP]
    return {feature: table[feature] for feature in sorted({*strongest, ""}) if any(table[feature])}


def predict(example: Example, table: dict) -> int:
    return int(np.argmax(score(example.fired, [f for f in example.features if f in table], table)))


def held_out(shared: list[Example], own: list[Example], examined: list[Example], *, verbose: bool) -> None:
    """Accuracy on each source of `examined`, learned from everything but that source."""
    confusion: Counter = Counter()
    means = defaultdict(list)
    for source in sorted({example.source for example in examined}):
        table = learn([example for example in shared + own if example.source != source])
        for language in ("en", "ko"):
            test = [e for e in examined if e.source == source and e.row["lang"] == language]
            if not test:
                continue
            said = [predict(example, table) for example in test]
            wrong = [(e, kind) for e, kind in zip(test, said, strict=True) if kind != e.label]
            confusion.update((language, e.label, kind) for e, kind in zip(test, said, strict=True))
            means[language].append(1 - len(wrong) / len(test))
            names = Counter(f"{LEARNED_KINDS[e.label]} as {LEARNED_KINDS[kind]}" for e, kind in wrong)
            print(f"{source:32} {language} {means[language][-1]:6.3f}  n={len(test):4d}  {dict(names) or ''}")
            for example, kind in wrong if verbose else ():
                print(f"       {LEARNED_KINDS[example.label]} -> {LEARNED_KINDS[kind]} {example.row['text'][:110]!r}")
    for language, values in means.items():
        report(language, {(true, said): n for (lang, true, said), n in confusion.items() if lang == language})
        print(f"  {language} mean over sources {np.mean(values):.3f}")


def report(name: str, confusion: dict) -> None:
    total = sum(confusion.values())
    right = sum(n for (t, g), n in confusion.items() if t == g)
    scores = []
    for k, kind in enumerate(LEARNED_KINDS):
        tp = confusion.get((k, k), 0)
        said = sum(n for (_, g), n in confusion.items() if g == k)
        true = sum(n for (t, _), n in confusion.items() if t == k)
        scores.append(2 * tp / (said + true) if said + true else 1.0)
        print(f"  {name} {kind:10} precision {tp / said if said else 1:.3f} recall {tp / true if true else 1:.3f}")
    print(f"  {name} accuracy {right / total:.3f}  macro-F1 {np.mean(scores):.3f}  (n={total})")


def write(table: dict) -> None:
    lines = []
    for feature, values in table.items():
        lines.append(feature + "\t" + " ".join(map(str, values)))
    body = "\n".join(lines)
    TARGET.write_text(
        '"""Learned weights of the classifier: one line per feature, a tab, then the weights (x SCALE) of coding, reasoning,\n'
        'background and general. Generated by benchmarks/build_classifier.py: do not edit by hand."""\n\n'
        f'SCALE = {SCALE}\nTABLE = """\\\n{body}\n"""\n',
        encoding="utf8",
    )
    print(f"{TARGET.name}: {len(lines)} features, {TARGET.stat().st_size} bytes")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("labelled", type=Path)
    parser.add_argument("--held-out", action="store_true")
    parser.add_argument("--held-out-own", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    shared = [Example(row) for row in load(options.labelled)]
    own = [Example(row) for row in load(HERE / "own_prompts.jsonl")]
    if options.held_out:
        held_out(shared, own, shared, verbose=options.verbose)
    if options.held_out_own:
        held_out(shared, own, own, verbose=options.verbose)
    if options.write:
        write(learn(shared + own))
    return 0


if __name__ == "__main__":
    sys.exit(main())
