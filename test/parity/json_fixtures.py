"""Writes fixtures/json.json.gz: texts, and what Python's json makes of them.

Run with any Python 3.11 or later: python test/parity/json_fixtures.py
"""

import json
import pathlib
import random

from packed_json import write_packed

OUT = pathlib.Path(__file__).parent / "fixtures" / "json.json.gz"

BY_HAND = [
    '{"amount":20.0,"rate":1e-7,"account":12345678901234567890,"by":{"10":"ten","9":"nine"}}',
    "[0,-0,-0.0,0.0,1,-1,1.0,0.1,1E400,-1E400,1e-400,5e-324,1.7976931348623157e308]",
    "[9007199254740991,9007199254740992,-9007199254740991,-9007199254740992,100000000000000000000]",
    "[1e15,1e16,1e17,123456789012345.6,1234567890123456.7,12345678901234567.8,0.0001,0.00001,1e21,1e22]",
    "[1.5E+3,1.5e3,1.5e-03,100e-2,1e0,0e0,0e5,-0e1]",
    "[NaN,Infinity,-Infinity]",
    '{"b":1,"a":2,"b":3}',
    '{"2":1,"1":2,"2":3}',
    '{"__proto__":{"x":1},"constructor":2,"toString":3,"hasOwnProperty":4}',
    '{"__proto__":1.0,"__proto__":2.0,"10":{"__proto__":3}}',
    '{"\\u0031\\u0030":"escaped index","4294967294":1,"4294967295":2,"007":3,"-1":4,"1.5":5,"":6}',
    '{"outer":{"inner":[{"3":{"1":{"2":0.5}}},{"x":{"0":[]}}]}}',
    '["\\ud800","\\udc00x","\\ud83d\\ude00","😀","\u2028\u2029","\\u0000\\u001f\\u007f","\\/\\b\\f\\n\\r\\t\\"\\\\"]',
    '{"text":"he said \\"10\\": 2.5, and [1e5, 99999999999999999999]"}',
    '{"q\\"10":1,"\\\\":2.0,"\\\\\\"":{"5":3}}',
    ' \t\r\n{ "a" : [ 1 , 2.50 , { } , [ ] ] , "b" : null , "c" : true , "d" : false } \n',
    "20.0",
    "12345678901234567890",
    "-0",
    '"1.0"',
    "[]",
    "{}",
    '{"é":1,"z":2,"Z":3,"\U00010000":4,"\ue000":5,"\uffff":6,"a":7,"aa":8}',
    '{"d":1.0,"c":{"b":[],"a":{}}}',
    # Not JSON.
    "",
    "{",
    "[1,]",
    '{"a":1,}',
    "{'a':1}",
    "01",
    "1.",
    ".5",
    "+1",
    "1e",
    "--1",
    "nan",
    "infinity",
    "True",
    '"\t"',
    '"\\x"',
    '"open',
    "[1 2.0]",
    '{"a" 1.5}',
    '{"10":1} x',
    "[1.0]]",
    "\ufeff[1.0]",
    "[1.0,\u00a02]",
]

KEYS = ["a", "b", "10", "9", "0", "01", "key", "名", "__proto__", "a b", 'q"', "\\", "1e3", "4294967295", "x1"]
TEXTS = ["", "hi", "é", "😀", "1.0", "10", "\n", '"', "\\", "2,3.5", '":1.5', "\u2028", "[1e5]"]


def number(rng):
    kind = rng.randrange(8)
    if kind == 0:
        return str(rng.randrange(-20, 20))
    if kind == 1:
        return str(rng.randrange(-(10**25), 10**25))
    if kind == 2:
        return str(2**53 + rng.randrange(-3, 3))
    if kind == 3:
        return repr(rng.uniform(-1, 1) * 10 ** rng.randrange(-320, 308))
    if kind == 4:
        return f"{rng.randrange(1000)}.{rng.randrange(1000)}"
    if kind == 5:
        return f"{rng.randrange(1, 99)}{rng.choice('eE')}{rng.choice(['', '+', '-'])}{rng.randrange(330)}"
    if kind == 6:
        return rng.choice(["NaN", "Infinity", "-Infinity", "-0", "-0.0", "0.0"])
    return f"{rng.uniform(-1e17, 1e17):.3f}"


def text(rng):
    one = "".join(rng.choices(TEXTS, k=rng.randrange(4)))
    return json.dumps(one, ensure_ascii=rng.random() < 0.5)


def value(rng, depth):
    kind = rng.randrange(6 if depth < 4 else 3)
    space = rng.choice(["", "", "", " ", "\n"])
    if kind == 0:
        return number(rng)
    if kind == 1:
        return text(rng)
    if kind == 2:
        return rng.choice(["true", "false", "null"])
    if kind == 3:
        return "[" + ("," + space).join(value(rng, depth + 1) for _ in range(rng.randrange(4))) + space + "]"
    pairs = (
        json.dumps(rng.choice(KEYS), ensure_ascii=False) + space + ":" + value(rng, depth + 1)
        for _ in range(rng.randrange(5))
    )
    return "{" + space + ("," + space).join(pairs) + "}"


def cases():
    rng = random.Random(9)
    texts = BY_HAND + [value(rng, 0) for _ in range(500)]
    # Damaged ones: most are no JSON any more, some are another one.
    for _ in range(150):
        whole = value(rng, 1)
        at = rng.randrange(len(whole))
        texts.append(whole[:at] + rng.choice(["", ",", "}", '"', "-", "0", "."]) + whole[at + 1 :])
    for one in texts:
        try:
            read = json.loads(one)
        except ValueError:
            yield [one]
            continue
        yield [
            one,
            json.dumps(read, ensure_ascii=False, separators=(",", ":")),
            json.dumps(read),
            json.dumps(read, ensure_ascii=False, sort_keys=True, indent=2),
        ]


def floats():
    rng = random.Random(10)
    for _ in range(1500):
        value = rng.uniform(-10, 10) * 10.0 ** rng.randrange(-30, 30)
        yield repr(rng.choice([value, float(f"{value:.3g}"), float(round(value))]))


def main():
    # Lone surrogates go as escapes, which are the same JSON.
    text = '{"cases":[\n' + ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases())
    text += '\n],"floats":' + json.dumps(list(floats())) + "}\n"
    write_packed(OUT, text.encode("utf-8", "backslashreplace").decode("utf-8"))


main()
