"""Facts about MinHash from the reference: numpy's random numbers, hashlib's SHA-1, scipy's integrals, and the
steps of BigCode's minhash_deduplication.py (alternate draws) and of text-dedup (grouped draws).

    python test/parity/fixture_dedup.py > test/parity/fixtures/dedup.json

The texts are this project's own. Needs numpy and scipy.
"""

import hashlib
import json
import re
import struct

import numpy as np
from scipy.integrate import quad

PRIME, MOST = np.uint64((1 << 61) - 1), np.uint64((1 << 32) - 1)

TEXTS = [
    "How do I keep bread fresh for a week without a freezer?\nWrap it in linen, keep it in a clay pot, and toast what goes dry.",
    "How do I keep bread fresh for a week without a freezer?\nWrap it in linen, keep it in a clay jar, and toast what goes dry.",
    "how do i keep BREAD fresh for a week without a freezer? Wrap it in linen, keep it in a clay pot, and toast what goes dry!",
    "怎样让面包一周都新鲜？\n用亚麻布包好，放在陶罐里，变干的部分拿来烤。冰箱会让面包更快变硬，所以不要放进冷藏室。",
    "怎样让面包一周都新鲜？\n用亚麻布包好，放在陶罐里，变干的部分拿去烤。冰箱会让面包更快变硬，所以不要放进冷藏室。",
    "今天晚上我们一起去河边散步，看看桥上的灯。",
    "明天早上他们准备爬山，带上水和干粮。",
    "用 Python 3.11 写一个 quicksort 函数，要求 in-place，并解释 time complexity。",
    "Use Python 3.11 to write a quicksort function in place, and explain its time complexity.",
    "好",
    "ok",
    "",
    "？！",
    "İstanbul'da ΟΔΟΣ straße ﬁn naïve café déjà_vu 123 ٣٤ ½",
    "emoji 👩‍🚀🚀 and 𝒎𝒂𝒕𝒉 and 𠀀𠮷野家 with a\u3000wide\u00a0space\tand\x1cseparators\u2028here now",
    "हिन्दी में एक वाक्य और ภาษาไทยไม่มีช่องว่าง and 한국어 문장도 있습니다 一緒に",
    "word " * 60 + "pneumonoultramicroscopicsilicovolcanoconiosis " * 12,
]


def split(text, mode):
    if mode == "ascii":
        return re.split("[^A-Za-z_0-9]", text), " "
    if mode == "word":
        return re.split(r"\W", text.lower()), " "
    if mode == "character":
        return list(text.lower()), ""
    return text.lower().split(), " "


def hashes(text, mode, size=5):
    tokens, joint = split(text, mode)
    shingles = {joint.join(tokens[i : i + size]) for i in range(len(tokens) - size + 1)}
    return [struct.unpack("<I", hashlib.sha1(s.encode()).digest()[:4])[0] for s in shingles]


def draw(count, seed, order):
    generator = np.random.RandomState(seed)
    if order == "alternate":
        pairs = [
            (generator.randint(1, PRIME, dtype=np.uint64), generator.randint(0, PRIME, dtype=np.uint64))
            for _ in range(count)
        ]
        a, b = np.array(pairs, dtype=np.uint64).T
        return a, b
    a = generator.randint(1, PRIME, size=(count,), dtype=np.uint64)
    return a, generator.randint(0, PRIME, size=(count,), dtype=np.uint64)


def signature(values, a, b):
    values = np.array(values, dtype=np.uint64).reshape(len(values), 1)
    permuted = (values * a + b) % PRIME & MOST
    rows = np.vstack([permuted, np.full(len(a), MOST, dtype=np.uint64)])
    return rows.min(axis=0)


def optimal(threshold, count):
    least, best = float("inf"), None
    for b in range(1, count + 1):
        for r in range(1, count // b + 1):
            found = lambda s: 1 - (1 - s**r) ** b
            error = 0.5 * quad(found, 0, threshold)[0] + 0.5 * quad(lambda s: 1 - found(s), threshold, 1)[0]
            if error < least:
                least, best = error, [b, r]
    return best


def clusters(signatures, bands, rows):
    parent = list(range(len(signatures)))

    def find(x):
        while parent[x] != x:
            x = parent[x]
        return x

    for band in range(bands):
        first = {}
        for index, numbers in enumerate(signatures):
            other = first.setdefault(tuple(numbers[band * rows : (band + 1) * rows]), index)
            one, two = sorted((find(index), find(other)))
            parent[two] = one
    groups = {}
    for index in range(len(signatures)):
        groups.setdefault(find(index), []).append(index)
    return [group for group in groups.values() if len(group) > 1]


def main():
    a, b = draw(256, 42, "alternate")
    modes = {}
    for mode in ["ascii", "word", "character", "space"]:
        signatures = [signature(hashes(text, mode), a, b) for text in TEXTS]
        modes[mode] = {
            "sha1": [hashlib.sha1(s.astype("<u4").tobytes()).hexdigest() for s in signatures],
            "first": [[int(x) for x in s[:4]] for s in signatures],
            "clusters": clusters(signatures, 25, 10),
        }
    draws = []
    for count, seed, order in [(4, 42, "alternate"), (640, 42, "alternate"), (250, 42, "grouped"), (33, 7, "grouped")]:
        a, b = draw(count, seed, order)
        sha1 = hashlib.sha1(a.astype("<u8").tobytes() + b.astype("<u8").tobytes()).hexdigest()
        draws.append({"count": count, "seed": seed, "order": order, "last": [str(a[-1]), str(b[-1])], "sha1": sha1})
    cases = [(0.7, 256), (0.85, 256), (0.8, 256), (0.7, 250), (0.7, 128), (0.8, 128), (0.85, 128), (0.5, 64), (0.95, 100)]
    bandings = [[threshold, count, *optimal(threshold, count)] for threshold, count in cases]
    facts = {"texts": TEXTS, "modes": modes, "draws": draws, "bandings": bandings}
    print(json.dumps(facts, ensure_ascii=False, indent=1))


main()
