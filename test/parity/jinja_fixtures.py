"""Writes fixtures/text/jinja.json.gz: small templates of our own and what transformers' Jinja makes of them.

Run with the reference environment (transformers 5.23, Jinja2 3.1):
    python test/parity/jinja_fixtures.py
A template that raises there has the name of the exception instead of a text, "compile" if it cannot be compiled.
"""

import json
import pathlib

from transformers.utils.chat_template_utils import _compile_jinja_template

from packed_json import write_packed

HERE = pathlib.Path(__file__).parent
OUT = HERE / "fixtures" / "text" / "jinja.json.gz"

# Read by both sides as JSON: what the templates see.
VARIABLES = r"""{
  "s": "Hello, World", "empty": "", "blank": " \t\u00a0x\u3000\n", "uni": "naïve ΑΣ 𝒜😀é ß ﬁ ǆ İ ı \ud83d\udc69\u200d\ud83d\ude80",
  "sep": "a,b,,c", "lines": "one\ntwo\r\nthree\u2028four\u000bfive\u0085six\n", "quote": "it's \"x\" \\ \n \u0000\u007f\u00ad",
  "i": 7, "neg": -7, "zero": 0, "big": 12345678901234567890, "huge": 123456789012345678901234567890123456789,
  "f": 20.0, "tiny": 1e-7, "large": 1e16, "half": 2.5, "pi": 3.14159, "negf": -0.5, "t": true, "no": false, "n": null,
  "l": [3, 1, 2], "mixed": [1, "a", null, 2.0, [1], {"k": 1}], "words": ["b", "A", "c", "a", "B"], "e": [],
  "d": {"z": 1, "a": "x", "items": [1], "10": "ten", "9": "nine"}, "ed": {}, "nested": {"a": {"b": [1, {"c": "deep"}]}},
  "users": [{"name": "Bo", "age": 3, "city": {"n": "X"}}, {"name": "al", "age": 10}, {"name": "Cy", "age": 3, "city": {"n": "x"}}],
  "tree": [{"v": 1, "c": [{"v": 2, "c": []}, {"v": 3, "c": [{"v": 4, "c": []}]}]}, {"v": 5, "c": []}],
  "html": "<b>\"A\" & 'B'</b>", "pairs": [["a", 1], ["b", 2]]
}"""
VALUES = json.loads(VARIABLES)

NAMES = list(VALUES)


def expressions(*lines):
    return ["{{ " + line + " }}" for text in lines for line in text.strip().split("\n")]


def templates():
    yield from values()
    yield from syntax()
    yield from methods()
    yield from filters()
    yield from tests()
    yield from formatting()
    yield from whole()


def values():
    """Printing, truth, equality, order and arithmetic of every pair of kinds."""
    yield from expressions(*NAMES)
    kinds = ["i", "neg", "big", "f", "half", "t", "n", "s", "l", "d", "(1, 'a')", "missing", "html|safe", "range(3)", "2", "0", "0.0"]
    for name in kinds:
        yield "{{ [%s] }}|{{ (%s, ) }}|{{ {'k': %s} }}|{{ %s ~ '' }}|{{ not %s }}|{{ %s|string }}" % ((name,) * 6)
        yield "{%% if %s %%}y{%% else %%}n{%% endif %%}" % name
        yield "{{ %s|tojson }}" % name
        yield "{{ -%s }}" % name
        yield "{{ +%s }}" % name
        for other in kinds:
            for sign in ["+", "-", "*", "/", "//", "%", "<", "=="]:
                yield "{{ %s %s %s }}" % (name, sign, other)
        for other in ["l", "s", "d", "n", "missing", "(1, 7)", "range(10)"]:
            yield "{{ %s in %s }}" % (name, other)
    yield from expressions("""
2 ** 10
2 ** -1
2 ** 0.5
(-2) ** 2
-2 ** 2
2 ** 3 ** 2
0 ** 0
10 ** 30
7 // 2, -7 // 2, 7 // -2, 7 % -3, -7 % 3, 7.5 // 2, -7.5 % 2, 7.0 // 0.5
1 / 3, 2 / 2, 10 / 4, big / 3, huge / big, large * large
9007199254740993 + 0, 9007199254740992 * 3, 2 ** 53 + 1, -(2 ** 63), big - big, big // 7, big % 7, huge % 10 ** 20
1_000 + 0x1F + 0o17 + 0b101, 1_0.5e1, 1e3, 1E-2, .5
1 < 2 < 3, 1 < 3 < 2, 3 > 2 > 1 == true, 1 == 1.0 == true, 'a' < 'b', 'Z' < 'a', '\\uffff' < '😀'
[1, 2] < [1, 3], (1, 2) < (1, 2, 3), [1] == (1,), [1, 'a'] == [1.0, 'a'], {'a': 1, 'b': 2} == {'b': 2, 'a': 1.0}
1 and 0 or 'x', none or missing or 'z', [] or {} or 0, 1 and 'y', not 1 == 2, not not 3
'a' 'b' "c", 'a' ~ 1 ~ 2.0 ~ none ~ true ~ missing ~ [1, 'x']
'x' if s, ('x' if no) is defined, 'x' if no else 'y', 1 if no else 2 if no else 3
{1: 'a', 1.0: 'b', true: 'c'}, {(1, 2): 3}[(1, 2)], {none: 1}[none], {'a': 1, 'a': 2}
{[1]: 2}
'%s' % n, '%s %s' % (1, 2.0), '%d%%' % 5
'é' in uni, 'b' in 'abc', '' in s, 1 in [1.0], true in [1], none in [none], 'z' in d, 'k' not in d
true + true, true * 3, -true, [1] * 2, 'ab' * 2, 2 * 'ab', 'ab' * -1, (1,) * 2, [1] + [2], (1,) + (2,)
1.0, 100.0, 1e15, 1e16, 1e22, 1.5e-5, 0.0001, 0.1 + 0.2, 1/3, 5e-324
'\\x41\\u00e9\\U0001f600\\n\\t\\q\\'\\101\\0' , "\\a\\b\\f\\v\\r" | tojson
'\\é \\中 \\
x'
""")


def syntax():
    """Statements, scopes, loops, macros, white space."""
    yield from [
        "a\n", "a\n\n", "\n", "", "{{ 1 }}\n", "a\r\nb\rc\n", "{# c #}\nx", "  {# c #}\nx", "a {#- c -#} b", "x{# {{ #}y",
        "  {% if 1 %}\n a\n  {% endif %}\n b", "  {%+ if 1 %}\n a\n  {%+ endif +%}\n b", "a  {%- if 1 -%}  b  {%- endif -%}  c",
        "a\n  {{ 1 }}\n", "a \n {{- 1 -}} \n b", "{% if 1 %}\n\n{% endif %}x", "\t {% set x = 1 %} \n{{ x }}", "a {% set x = 1 %}\nb",
        "\u2028  {% if 1 %}x{% endif %}", "\x1c{%- if 1 %}x{% endif %}", "a\ufeff {%- if 1 %}x{% endif %}", "{{ 1 }}  {% if 1 %}x{% endif %}",
        "{% raw %}{{ x }}{% endraw %}", "  {% raw %}\n {{ x }}\n  {% endraw %}\ny", "{%- raw -%} a {%- endraw -%} b", "{% raw %}{% if %}",
        "{{ '}}' }}", "{{ {'a': {'b': 1}}['a'] }}", "{{ '{% x %}' }}", "{{ \"a'b\" }}", "{{'\n'}}x", "{{ 'a\\\nb' }}",
        "{{ 1", "{{ 1 }", "{% if 1 %}", "{% endif %}", "{% foo %}", "{{ }}", "{{ 1 2 }}", "{{ (1 }}", "{{ 1) }}", "{# x", "{{ a b }}", "{{ 'a }}", "{% if %}x{% endif %}",
        "{% for x in l %}{{ x }}{% endfor %}", "{% for x in e %}x{% else %}none{% endfor %}", "{% for x in l if x > 1 %}{{ loop.index }}/{{ loop.length }}={{ x }} {% else %}-{% endfor %}",
        "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}", "{% for k in d %}{{ k }},{% endfor %}", "{% for c in uni %}[{{ c }}]{% endfor %}",
        "{% for a, b in pairs %}{{ a }}{{ b }}{% endfor %}", "{% for a, (b, c) in [[1, [2, 3]]] %}{{ a }}{{ b }}{{ c }}{% endfor %}", "{% for a, b in [[1]] %}{% endfor %}", "{% for a, b in [[1, 2, 3]] %}{% endfor %}", "{% for a, b in l %}{% endfor %}", "{% for a in 5 %}{% endfor %}", "{% for a in none %}{% endfor %}", "{% for a in missing %}x{% else %}e{% endfor %}",
        "{% for x in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.depth0 }}{{ loop.previtem }}{{ loop.nextitem }};{% endfor %}",
        "{% for x in [none, none] %}{{ loop.nextitem }}{{ loop.last }}{{ loop.previtem is defined }};{% endfor %}",
        "{% for x in words %}{{ loop.cycle('o', 'e', 1) }}{{ loop.changed(x|lower) }}{% endfor %}", "{% for x in [1, 1, 2] %}{{ loop.changed(x) }}{% endfor %}", "{% for x in l %}{{ loop.cycle() }}{% endfor %}",
        "{% for x in l %}{% for y in l %}{{ loop.index }}{% endfor %}{{ loop.index }}{% endfor %}", "{% for x in l %}{% set o = loop %}{% for y in l %}{{ o.index }}{{ loop.index }} {% endfor %}{% endfor %}",
        "{% for x in l %}{% if x == 1 %}{% break %}{% endif %}{{ x }}{% endfor %}", "{% for x in l %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}", "{% for x in [1] %}{% continue %}{% else %}E{% endfor %}", "{% for x in [1] %}a{% break %}{% else %}E{% endfor %}", "{% for x in [1, 2] %}{% if x == 2 %}{% break %}{% endif %}{% else %}E{% endfor %}", "{% for x in l %}{% for y in e %}{% else %}{% continue %}{% endfor %}{{ x }}{% endfor %}", "{% for x in l %}{{ x }}{% for y in e %}{% else %}{% break %}{% endfor %}{{ x }}{% endfor %}", "{% for x in l %}{% for y in e recursive %}{% else %}{% break %}{% endfor %}{% endfor %}", "x{#", "x{% raw %}", "{% break %}", "{% if 1 %}{% continue %}{% endif %}",
        "{% for x in l %}{% set y %}{{ x }}{% if x == 1 %}{% break %}{% endif %}{% endset %}{{ y }}{% endfor %}|",
        "{% for n in tree recursive %}{{ loop.depth }}:{{ n.v }}[{{ loop(n.c) }}]{% endfor %}", "{% for n in tree recursive %}{{ n.v }}{% if n.c %}({{ loop(n.c) }}){% endif %}{% if not loop.last %},{% endif %}{% else %}empty{% endfor %}", "{% for x in l %}{{ loop(x) }}{% endfor %}", "{% for loop in l %}{% endfor %}", "{% for x in l %}{% set loop = 1 %}{% endfor %}",
        "{% for x in l|map('string') %}{{ loop.length }}{{ loop.last }}{{ x }}{% endfor %}", "{% for x in l %}{{ loop }}{% endfor %}",
        "{% set x = 1 %}{% for y in l %}{% set x = y %}{{ x }}{% endfor %}{{ x }}", "{% set x = 1 %}{% for y in l %}{{ x }}{% set x = y %}{% endfor %}", "{% for y in l %}{{ x }}{% set x = y %}{% endfor %}{{ x }}", "{% for y in l %}{% if y == 3 %}{% set x = y %}{% endif %}{{ x }}{% endfor %}{{ x }}",
        "{% set x = 1 %}{% if 1 %}{% set x = 2 %}{% endif %}{{ x }}", "{% if 0 %}{% set x = 2 %}{% endif %}{{ x }}", "{% if 0 %}{% set s = 2 %}{% endif %}{{ s }}", "{% if 1 %}{% set s = 2 %}{% elif 1 %}{% set i = 3 %}{% endif %}{{ s }}{{ i }}", "{% for q in l %}{% if q == 1 %}{% set s = q %}{% endif %}{{ s }},{% endfor %}{{ s }}",
        "{% set ns = namespace(a=1, b='x') %}{% for y in l %}{% set ns.a = ns.a + y %}{% endfor %}{{ ns.a }}{{ ns.b }}{{ ns.zz }}|{{ ns['a'] }}|{{ ns }}", "{% set ns = namespace({'a': 1}) %}{% set ns.q, x = 1, 2 %}{{ ns.q }}{{ x }}{{ ns.a }}", "{% set s.x = 1 %}", "{% set q.x = 1 %}", "{% set ns = namespace() %}{% set ns._x = 1 %}", "{{ namespace(_a=1) }}", "{% set ns = namespace(d=none) %}{{ ns.d }}{{ ns.d is none }}",
        "{% set a, b = 1, 2 %}{{ a }}{{ b }}", "{% set a, b = 'xy' %}{{ b }}{{ a }}", "{% set (a, b) = [1, 2] %}{{ a + b }}", "{% set a = 1, 2 %}{{ a }}", "{% set a, b = 1 %}", "{% set true = 1 %}", "{% set a = %}", "{% set 1 = 2 %}",
        "{% set x %}a{{ 1 }}b{% endset %}[{{ x }}]", "{% set x | upper | replace('A', 'b') %}a{{ s }}{% endset %}[{{ x }}]", "{% set x %}{% for y in l %}{{ y }}{% endfor %}{% endset %}{{ x|length }}", "{% set x | replace(s, 'q') %}a{% endset %}{{ x }}",
        "{% filter upper %}a{{ s }}{% endfilter %}", "{% filter replace('a', 'b')|indent(2) %}a\na{% endfilter %}", "{% filter trim %}  {% set x = 1 %}{{ x }} {% endfilter %}{{ x }}", "{% filter nofilter %}a{% endfilter %}",
        "{% with %}{% set z = 1 %}{{ z }}{% endwith %}{{ z }}", "{% with a = 1, b = i %}{{ a }}{{ b }}{% endwith %}{{ a }}", "{% set a = 5 %}{% with a = 1, b = a %}{{ a }}{{ b }}{% endwith %}{{ a }}", "{% with a, b = [1, 2] %}{{ b }}{% endwith %}",
        "{% macro m(a, b=2, c=a) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ m(1) }}|{{ m(1, 3) }}|{{ m(1, c=5) }}|{{ m(b=1, a=2) }}|{{ m() }}", "{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, x=3) }}", "{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}", "{% macro m(a) %}{% endmacro %}{{ m(b=2) }}", "{% macro m(a=none) %}{{ a }}{{ a is none }}{% endmacro %}{{ m() }}{{ m(none) }}{{ m(0) }}", "{% macro m(a, a2=b, b=1) %}{{ a2 }}{% endmacro %}{{ m(1) }}", "{% macro m(x) %}{{ x }}{{ y }}{% endmacro %}{% set y = 3 %}{{ m(1) }}{% set y = 4 %}{{ m(1) }}", "{{ m(1) }}{% macro m(x) %}{{ x }}{% endmacro %}",
        "{% macro a(n) %}{{ n }}{% if n > 0 %}{{ a(n - 1) }}{% endif %}{% endmacro %}{{ a(3) }}", "{% for y in l %}{% macro m() %}{{ y }}{% endmacro %}{{ m() }}{% endfor %}", "{% for y in l %}{{ m() }}{% endfor %}{% macro m() %}{{ y }}{% endmacro %}", "{% macro m() %}{{ loop.index }}{% endmacro %}{% for y in l %}{{ m() }}{% endfor %}", "{% macro o() %}{% macro i() %}I{{ q }}{% endmacro %}{% set q = 1 %}{{ i() }}{% endmacro %}{{ o() }}{{ q }}", "{{ m }}{% macro m(a) %}{% endmacro %}", "{% macro m(a) %}{% endmacro %}{{ m }}{{ m.name }}{{ m.arguments }}{{ m.catch_kwargs }}", "{% macro m(a, b=1, c) %}{% endmacro %}", "{% macro m() %}{{ caller() }}{% endmacro %}{{ m() }}", "{% macro f(x) %}{% if x %}{{ x|nope }}{% endif %}{% endmacro %}",
        "{% macro m() %}[{{ caller() }}]{% endmacro %}{% call m() %}x{{ i }}{% endcall %}", "{% macro m(l) %}{% for x in l %}{{ caller(x, loop.index) }}{% endfor %}{% endmacro %}{% call(a, b=9) m(l) %}<{{ a }}{{ b }}>{% endcall %}", "{% macro m(caller) %}{{ caller() }}{% endmacro %}{% call m() %}{% endcall %}", "{% macro m() %}{% endmacro %}{% call m() %}x{% endcall %}", "{% call s %}{% endcall %}", "{% macro m() %}{{ caller is defined }}{% endmacro %}{{ m() }}{% call m() %}{% endcall %}", "{% set x = 1 %}{% macro m() %}{% set x = 2 %}{{ x }}{% endmacro %}{{ m() }}{{ x }}",
        "{% generation %}a{{ s }}{% endgeneration %}b", "{% for x in l %}{% generation %}{{ x }}{% endgeneration %}{% endfor %}", "{% generation %}{% set x = 1 %}{% endgeneration %}{{ x }}", "{% for x in l %}{% generation %}{% break %}{% endgeneration %}{% endfor %}", "{% generation %}\n a\n{% endgeneration %}\nb",
        "{% print 1, s %}", "{% block b %}x{{ s }}{% set q = 1 %}{{ q }}{% endblock %}{{ q }}", "{% set q = 1 %}{% block b %}{{ q }}{% endblock b %}", "{% for y in l %}{% block b %}{{ y }}{% endblock %}{% endfor %}", "{% for y in l %}{% block b scoped %}{{ y }}{{ loop.index }}{% endblock %}{% endfor %}", "{% block a %}{% endblock %}{% block a %}{% endblock %}", "{% block a required %}{% endblock %}",
        "{% include 'x' %}", "{% extends 'x' %}", "{% import 'x' as y %}", "{% from 'x' import y %}", "{% if 0 %}{% include 'x' %}{% endif %}ok", "{% do 1 %}", "{% trans %}x{% endtrans %}", "{% debug %}",
        "{% if no %}{{ 1|nofilter }}{% endif %}ok", "{{ 1|nofilter }}", "{% if 1 %}{{ 1|nofilter }}{% endif %}", "{{ 1 is notest }}", "{{ 1|nofilter if no else 2 }}", "{% if no %}{% for x in l %}{{ x|nofilter }}{% endfor %}{% endif %}",
        "{{ missing.a }}", "{{ missing['a'] }}", "{{ missing() }}", "{{ missing }}", "{{ missing.a.b is defined }}", "{{ s.nope }}", "{{ s.nope.x }}", "{{ n.x }}", "{{ n.x.y }}", "{{ d.nope }}", "{{ d.nope.x }}", "{{ l[10] }}", "{{ l[10].x }}", "{{ i.x }}", "{{ missing + 1 }}", "{{ missing|length }}", "{{ missing == missing2 }}", "{{ missing == none }}", "{{ missing|upper }}", "{% for x in missing %}{% endfor %}ok", "{{ [missing] }}", "{{ missing|tojson }}", "{{ missing is none }}",
        "{{ s() }}", "{{ l.append(1) }}", "{{ d.update({}) }}", "{{ d.pop('a') }}", "{{ l.append }}", "{{ d.pop }}", "{{ s.__class__ }}", "{{ s.__class__.x }}", "{{ ''.__class__.__mro__ }}", "{{ d.__len__ }}x", "{{ s._x }}", "{{ l.sort() }}", "{{ d.setdefault('q', 1) }}", "{{ d.clear() }}",
        "{{ raise_exception('no') }}", "{{ raise_exception() }}", "{{ range(5)|list }}{{ range(1, 9, 3)|list }}{{ range(5, 0, -2)|list }}{{ range(3) }}{{ range(1, 5, 2) }}", "{{ range(100001) }}", "{{ range('a') }}", "{{ range(0, 5, 0) }}", "{{ range(3)[1] }}{{ range(3)[-1] }}{{ range(9)[1:5:2] }}{{ range(3)|length }}{{ 2 in range(3) }}", "{{ range(2.0) }}",
        "{{ dict(a=1, b=2) }}{{ dict([('a', 1)]) }}{{ dict({'x': 1}, y=2) }}{{ dict() }}", "{{ dict(1) }}", "{{ dict.fromkeys(['a', 'b'], 0) }}{{ dict.fromkeys('ab') }}", "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}{{ c.reset() }}{{ c.current }}", "{% set j = joiner('; ') %}{{ j() }}a{{ j() }}b{{ j() }}", "{% set j = joiner() %}{{ j() }}a{{ j() }}b", "{{ cycler() }}",
        "{{ f(1) }}", "{{ l.index(1) }}", "{{ strftime_now(1) }}", "{{ d['items'] }}{{ d.items is callable }}{{ d['a'] }}{{ d.a }}{{ d['10'] }}{{ nested.a.b[1].c }}{{ nested['a']['b'][1]['c'] }}{{ l.0 }}{{ l[-1] }}{{ l['0'] }}{{ d[0] }}", "{{ s[0] }}{{ s[-1] }}{{ s['upper']() }}{{ uni[8] }}{{ uni[10] }}{{ s[99] }}",
        "{{ l[1:] }}{{ l[:-1] }}{{ l[::-1] }}{{ l[::2] }}{{ l[5:] }}{{ l[-2:] }}{{ l[2:0:-1] }}{{ l[none:2] }}{{ (1, 2, 3)[1:] }}", "{{ s[1:4] }}|{{ s[::-1] }}|{{ uni[6:12] }}|{{ uni[::-1] }}|{{ uni[-3:] }}|{{ s[3:1] }}|{{ s[::3] }}", "{{ l[::0] }}", "{{ d[1:] }}", "{{ i[1:] }}", "{{ l['a':] }}", "{{ l[1.0] }}", "{{ l[true] }}", "{{ missing[1:] }}", "{{ n[1:] }}",
        "{{ m(*[1, 2], **{'c': 3}) }}{% macro m(a, b, c) %}{{ a }}{{ b }}{{ c }}{% endmacro %}", "{% macro m(a, b, c) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ m(*[1, 2], **{'c': 3}) }}{{ m(1, *[2, 3]) }}", "{% macro m(a) %}{% endmacro %}{{ m(*5) }}", "{% macro m(a) %}{% endmacro %}{{ m(**5) }}", "{{ dict(**{'a': 1}, **{'b': 2}) }}", "{{ dict(a=1, a=2) }}", "{{ s.upper(**{}) }}", "{{ 'x'.join(*[['a', 'b']]) }}",
        "{{ 5 is defined and 3 is odd }}", "{{ l is iterable and l is not string and not (l is mapping) }}", "{{ 4 is divisibleby 2 }}{{ 4 is divisibleby(3) }}{{ s is eq 'x' }}{{ 1 is in [1, 2] }}{{ 1 is in(l) }}{{ 'a' is in 'abc' }}", "{{ s is defined is none }}", "{{ 1 is not even }}{{ not 1 is even }}{{ -1 is odd }}", "{{ 1 + 1 ~ 2 + 2 }}|{{ 1 ~ 2 * 3 }}|{{ -1|abs }}|{{ 1 - -1 }}|{{ (1, 2)|length }}|{{ [1, 2,]|length }}|{{ (1,) }}|{{ () }}", "{{ 1 if 1 }}{{ 2 if 0 }}", "{{ l|first if l else 'x' }}", "{{ s|upper|lower|title }}", "{{ s.upper().lower()|length }}", "{{ (s|upper)[0] }}", "{{ 'a,b'.split(',')[1] }}", "{{ {'a': [1, 2]}.a[1] }}", "{{ 10|float / 4 }}",
        "{% if s == 'Hello, World' and i > 5 or missing %}y{% endif %}", "{% if s, i %}y{% endif %}", "{% if not s %}a{% elif i == 7 %}b{% elif 1 %}c{% else %}d{% endif %}", "{% for x in l, e %}{{ x }}{% endfor %}", "{%if 1%}x{%endif%}", "{{1}}{{-1}}{{+1}}", "{%- set x = 'a' -%}\n\n{{- x -}}\n b",
        "{% for x in l: %}{{ x }}{% endfor %}", "{% if 1: %}x{% endif %}", "{{ l.0.real }}", "{{ 1.5.real }}", "{{ a.b.c }}",
    ]


def methods():
    """Methods of text, lists and dicts."""
    yield from expressions(r"""
s.upper() ~ s.lower() ~ s.swapcase() ~ uni.upper() ~ uni.lower() ~ uni.swapcase() ~ uni.casefold() ~ 'ẞΣς'.casefold() ~ 'Ꭰꭰ'.casefold()
'hello wORLD ǆx o\'neil ΑΣ 3rd ﬁne ᾳb'.title() ~ 'ǆUR ΑΣ ﬁ'.capitalize() ~ 'ß'.title() ~ 'ᾳ'.capitalize() ~ 'ŉ'.title() ~ ''.capitalize()
'hello wORLD o\'neil a-b (c) [d] <e>f'|title ~ 'ßx'|title ~ uni|title
'|' ~ blank.strip() ~ '|' ~ blank.lstrip() ~ '|' ~ blank.rstrip() ~ '|' ~ '\x1cx\x1f\ufeff'.strip() ~ '|' ~ 'xxaxx'.strip('x') ~ '|' ~ 'abcba'.lstrip('ab') ~ 'abc'.rstrip('') ~ '😀a😀'.strip('😀')
sep.split(',') ~ sep.split(',', 1) ~ sep.split(',', maxsplit=2) ~ '  a  b c '.split() ~ '  a  b c '.split(none, 1) ~ ''.split() ~ ''.split(',') ~ 'a\x1cb\u3000c'.split() ~ 'aXXbXXc'.split('XX') ~ ' '.split()
sep.rsplit(',') ~ sep.rsplit(',', 1) ~ '  a  b c '.rsplit() ~ '  a  b c '.rsplit(none, 1) ~ 'a.b.c'.rsplit('.', 1) ~ '  '.rsplit(none, 1)
'x'.split('')
'x'.splitlines('a')
lines|title ~ ('<b>'|safe|last) ~ lines.splitlines() ~ lines.splitlines(true) ~ ''.splitlines() ~ '\n'.splitlines() ~ 'a\n\nb'.splitlines()
'abab'.replace('ab', 'x') ~ 'abab'.replace('ab', 'x', 1) ~ 'ab'.replace('', '-') ~ 'ab'.replace('', '-', 2) ~ 'a$b'.replace('$', '$&') ~ '😀é'.replace('', '.')
'abc'.startswith('ab') ~ 'abc'.startswith(('x', 'a')) ~ 'abc'.endswith('bc') ~ 'abc'.endswith(('x',)) ~ 'abc'.startswith('b', 1) ~ 'abc'.endswith('b', 0, 2) ~ 'abc'.startswith('') ~ ''.startswith('', 1) ~ 'a'.endswith([])
'abc'.startswith(['a'])
uni.find('é') ~ ',' ~ uni.find('zz') ~ ',' ~ 'abcabc'.rfind('b') ~ ',' ~ 'abcabc'.find('b', 2) ~ ',' ~ 'abc'.find('') ~ ',' ~ 'abc'.find('', 5) ~ 'abcabc'.index('c', -3) ~ 'abc'.find('b', none, 1)
'abc'.index('z')
'abcabc'.count('b') ~ 'aaa'.count('aa') ~ 'abc'.count('') ~ 'abcabc'.count('b', 2) ~ uni.count('😀')
'a'.center(4) ~ '|' ~ 'a'.center(5, '*') ~ '|' ~ 'ab'.center(5) ~ '|' ~ 'ab'.ljust(4, '.') ~ '|' ~ 'ab'.rjust(4) ~ '|' ~ '-5'.zfill(5) ~ '+5'.zfill(4) ~ 'x'.zfill(3) ~ '😀'.center(5, '-') ~ 'abc'.center(2)
'a'.center(4, 'xy')
'a=b=c'.partition('=') ~ 'a=b=c'.rpartition('=') ~ 'abc'.partition('=') ~ 'abc'.rpartition('=')
'a\tb\tccc\n\td'.expandtabs() ~ 'a\tb'.expandtabs(4) ~ 'a\tb'.expandtabs(0)
'prefix-x'.removeprefix('prefix-') ~ 'x.txt'.removesuffix('.txt') ~ 'x'.removesuffix('') ~ 'x'.removeprefix('y')
', '.join(words) ~ ''.join(['a']) ~ '-'.join('abc') ~ '-'.join([]) ~ '-'.join(d)
','.join([1])
','.join(5)
'{} {}'.format(1, 'a') ~ '{1}{0}'.format('a', 'b') ~ '{x:>5}|{y:.2f}'.format(x='a', y=3.14159) ~ '{0[a]}{0.a}'.format({'a': 1}) ~ '{{}}'.format() ~ '{!r}'.format('a') ~ '{:{}}'.format('a', 5) ~ '{0[0]}'.format([7])
'{}'.format() ~ ''
'{x}'.format()
'{'.format(1)
'}'.format(1)
'{0}{}'.format(1, 2)
'{a}'.format_map({'a': 1})
'abc'.isalpha() ~ 'ab1'.isalnum() ~ '12'.isdigit() ~ '²'.isdigit() ~ '½'.isnumeric() ~ '一'.isnumeric() ~ '²'.isdecimal() ~ 'AB'.isupper() ~ 'Ab'.isupper() ~ 'ab1'.islower() ~ '12'.islower() ~ ' \t\x1f'.isspace() ~ ''.isspace() ~ 'Ab Cd'.istitle() ~ 'AB'.istitle() ~ 'a b'.isidentifier() ~ 'éa_1'.isidentifier() ~ 'a\n'.isprintable() ~ ' a'.isprintable() ~ 'é'.isascii() ~ ''.isascii() ~ ''.isalpha() ~ '١'.isdecimal()
s.nope()
s.upper(1)
s.split(sep=',', bad=1)
l.index(2) ~ l.count(3) ~ (1, 2, 1).count(1) ~ (1, 2).index(2) ~ [1, 1.0, true].count(1) ~ l.copy()
l.index(9)
d.keys() ~ d.values() ~ d.items() ~ d.get('a') ~ d.get('q') ~ d.get('q', 5) ~ d.get('z', 9) ~ d.copy() ~ d.items()|list
d.get()
d.keys()|list ~ d.items()|length ~ ('a' in d.keys()) ~ d.values()|sum if no else d.values()|list
d.items()[0]
d.keys()[0]
(i).bit_length() ~ f.is_integer() ~ i.real ~ f.imag ~ i.denominator ~ t.real
'%s|%s' % ('a', s.upper()) ~ s.lower().upper().title()
[d.items] | length
""")


def filters():
    yield from expressions(r"""
-5|abs ~ (-2.5)|abs ~ true|abs ~ (-5)|abs
'a'|abs
s|attr('upper') is callable, d|attr('a') is defined, d|attr('items') is callable
l|batch(2)|list ~ l|batch(2, 'x')|list ~ e|batch(2)|list ~ l|batch(2)|map('join', ',')|list
l|slice(2)|list ~ l|slice(2, 'x')|list ~ l|slice(5, 0)|list
s|capitalize ~ 'ABC'|capitalize ~ 5|capitalize ~ none|capitalize
'a'|center(5) ~ '|' ~ s|center|length ~ 5|center(3)
missing|default('x') ~ missing|default ~ ''|default('x') ~ ''|default('x', true) ~ none|d('x') ~ none|d('x', boolean=true) ~ 0|default(default_value=1, boolean=true)
d|dictsort ~ {'b': 1, 'A': 2}|dictsort ~ {'b': 1, 'A': 2}|dictsort(true) ~ {'b': 1, 'A': 2}|dictsort(by='value') ~ {'b': 1, 'A': 2}|dictsort(reverse=true)
d|dictsort(by='x')
{1: 2, 'a': 3}|dictsort
l|dictsort
html|e ~ html|escape ~ html|forceescape ~ html|e|e ~ html|e|forceescape ~ 5|e ~ none|e
html|safe ~ html|safe|string ~ (html|safe ~ '<') ~ ((html|safe) + '<') ~ ('<' + (html|safe)) ~ (html|e)|length ~ (html|safe)|upper ~ ((html|safe) % ()) ~ (('%s'|safe) % '<') ~ (html|safe)|replace('<', '>') ~ [html|safe]
('<{}>'|safe).format('<') ~ (', '|safe).join(['<', '<'|safe]) ~ ('a b'|safe).split() ~ ('a'|safe).center(5, '<')
1000|filesizeformat ~ 1|filesizeformat ~ 999|filesizeformat ~ 1500|filesizeformat ~ 123456789|filesizeformat ~ 1536|filesizeformat(true) ~ '2000'|filesizeformat ~ (10 ** 30)|filesizeformat ~ 0|filesizeformat ~ (-5)|filesizeformat
'x'|filesizeformat
l|first ~ e|first ~ s|first ~ d|first ~ l|last ~ s|last ~ d|last ~ e|last ~ uni|last ~ (1, 2)|last
5|first
l|map('string')|last
'3.5'|float ~ 'x'|float ~ 'x'|float(1) ~ none|float ~ ' 1e3 '|float ~ 'inf'|float ~ 'nan'|float ~ '1_0'|float ~ true|float ~ '١'|float ~ []|float(2)
missing|float
'42'|int ~ '42.9'|int ~ 'x'|int ~ 'x'|int(7) ~ none|int ~ 3.9|int ~ (-3.9)|int ~ '0x1f'|int(base=16) ~ '1f'|int(base=16) ~ '101'|int(0, 2) ~ ' 5 '|int ~ '1_000'|int ~ true|int ~ '12345678901234567890'|int ~ '-7'|int ~ ''|int ~ '0b11'|int(base=0) ~ '١٢'|int ~ 'inf'|int ~ '1e3'|int ~ 1e20|int
missing|int
(large ** 19 * large)|int
'%s=%d'|format('a', 5) ~ '%(x)s'|format(x=1) ~ 5|format ~ '%.2f'|format(2.675)
'%s'|format(1, x=2)
'%s'|format
users|groupby('age') ~ users|groupby('city.n', default='q') ~ users|groupby('name')|map('first')|list ~ users|groupby('age')|map(attribute='grouper')|list ~ (users|groupby('age')|first).list|length
users|groupby('city.n')
['a', 'B', 'b']|groupby(0) ~ ['a', 'B', 'b', 'A']|groupby(0, case_sensitive=true)
lines|indent ~ '|' ~ 'a\nb\n\nc'|indent(2) ~ '|' ~ 'a\nb'|indent('> ', true) ~ '|' ~ 'a\n\nb'|indent(2, blank=true) ~ '|' ~ 'a\nb\n'|indent(1, first=true) ~ '|' ~ ''|indent
5|indent
d|items|list ~ missing|items|list
l|items|list
l|join ~ l|join(', ') ~ users|join('-', attribute='name') ~ s|join('.') ~ e|join ~ [1, none, 2.0, true]|join(1) ~ d|join(',') ~ pairs|join('|')
5|join
l|length ~ s|length ~ d|count ~ uni|length ~ missing|length ~ range(5)|length
5|length
l|map('string')|length
l|list ~ s|list ~ d|list ~ missing|list ~ uni|list|length
5|list
'ABC'|lower ~ 5|upper ~ none|upper ~ uni|upper ~ [1, 'a']|upper
users|map(attribute='name')|list ~ users|map(attribute='city.n')|list ~ users|map(attribute='city.n', default='?')|join ~ users|map('length')|list ~ l|map('string')|join(',') ~ l|map('abs')|sum ~ words|map('upper')|map('lower')|list ~ pairs|map(attribute=0)|list ~ pairs|map(attribute='1')|list ~ pairs|map('first')|join
l|map('nope')|list
l|map|list
l|map(attribute='x', bad=1)|list
users|map(attribute='city.n.q.z')|list
l|min ~ l|max ~ words|min ~ words|max ~ words|max(case_sensitive=true) ~ users|max(attribute='age') ~ e|max ~ s|min ~ users|min(attribute='age')
[1, 'a']|max
{'b': [1, 2], 'a': 'x'}|pprint ~ s|pprint
users|pprint ~ nested|pprint ~ [users, users, s * 20, words]|pprint
('word ' * 40)|pprint ~ ['word ' * 40, {'k': 'long text ' * 15}]|pprint ~ ('a\nb' * 40)|pprint
l|select|list ~ l|select('odd')|list ~ l|reject('odd')|list ~ l|select('>', 1)|list ~ l|select('divisibleby', 3)|list ~ words|select('in', ['a', 'b'])|list ~ [0, 1, '', 'x', none]|select|list ~ [0, 1, '', 'x', none]|reject|list
users|selectattr('age', 'eq', 3)|map(attribute='name')|list ~ users|selectattr('city')|list|length ~ users|rejectattr('city')|list|length ~ users|selectattr('city.n', 'defined')|list|length ~ users|rejectattr('age', '==', 3)|list|length ~ users|selectattr('name', 'in', ['Bo'])|first
users|selectattr|list
users|selectattr('age', 'nope')|list
l|select('nope')|list
'abab'|replace('a', 'x') ~ 'abab'|replace('a', 'x', 1) ~ 5|replace(5, 6) ~ 'aaa'|replace('a', 'b', count=2) ~ none|replace('N', 'n')
'x'|replace('x')
l|reverse|list ~ s|reverse ~ d|reverse|list ~ uni|reverse ~ (1, 2)|reverse|list ~ l|map('string')|reverse|list
5|reverse
2.5|round ~ ',' ~ 3.5|round ~ ',' ~ 2.675|round(2) ~ ',' ~ 42.55|round(1, 'floor') ~ ',' ~ 42.51|round(1, 'ceil') ~ ',' ~ 5|round ~ ',' ~ 15|round(-1) ~ ',' ~ 25|round(-1) ~ ',' ~ 1234.5|round(-2) ~ ',' ~ (-2.5)|round ~ ',' ~ 5|round(1, 'ceil') ~ ',' ~ 0.5|round ~ ',' ~ 1e300|round(2) ~ ',' ~ 0.125|round(2) ~ ',' ~ true|round
'x'|round
1|round(1, 'x')
words|sort ~ words|sort(true) ~ words|sort(case_sensitive=true) ~ l|sort ~ l|sort(reverse=true) ~ l|sort(1) ~ users|sort(attribute='age')|map(attribute='name')|list ~ users|sort(attribute='age,name')|map(attribute='name')|list ~ users|sort(true, attribute='age')|map(attribute='name')|list ~ d|sort ~ s|sort ~ [true, 0, 2.5, 1]|sort ~ pairs|sort(attribute='1', reverse=true) ~ [[2, 1], [1, 2]]|sort
mixed|sort
l|sort('x')
[none, none]|sort
[{'a': 1}, {'a': 2}]|sort
5|string ~ 5.0|string ~ none|string ~ true|string ~ l|string ~ missing|string ~ d|string
html|striptags ~ '<!-- x --> a  <b> c&amp;d</b>\n e &#65; &lt;'|striptags
l|sum ~ users|sum(attribute='age') ~ e|sum ~ l|sum(start=10) ~ [1.5, 2]|sum ~ [[1], [2]]|sum(start=[]) ~ [true, true]|sum
['a']|sum
2 ** -3 ~ 1.5 ** 7 ~ 10 ** -5 ~ 0.1 ** 3 ~ 9 ** 0.5 ~ big ** 2.0
range(2, 9)[1:] ~ range(4)[big:2] ~ range(3).index(1) ~ range(3).count(5) ~ range(1, 9, 2).step
['a']|sum(start='')
blank|trim ~ '|' ~ 'xax'|trim('x') ~ '|' ~ 5|trim ~ '|' ~ none|trim ~ '\ufeff a \x1f'|trim ~ '|' ~ '\n\r\x0b\x0c\x85a'|trim
'foo bar baz qux'|truncate(9) ~ '|' ~ 'foo bar baz qux'|truncate(9, true) ~ '|' ~ 'foo bar baz qux'|truncate(11) ~ '|' ~ 'foo bar baz qux'|truncate(11, false, '...', 0) ~ '|' ~ 'foobarbazqux'|truncate(5, end='…', leeway=0) ~ '|' ~ (uni * 30)|truncate(20, leeway=0)
'abc'|truncate(1)
words|unique|list ~ words|unique(true)|list ~ users|unique(attribute='age')|map(attribute='name')|list ~ [1, 1.0, true, 'a', 'A']|unique|list
[[1]]|unique|list
'a b&c/d?é😀~!*\'()'|urlencode ~ {'a b': 1, 'c': '/&'}|urlencode ~ pairs|urlencode ~ 5|urlencode ~ none|urlencode
'see http://x.org/a?b=1, (www.y.com) me@z.de. https://a.b/c_(d) mailto:q@w.ee <http://t.co>'|urlize ~ 'http://longlonglong.org/path'|urlize(10, true, '_blank') ~ 'go ftp://x.y tel:1'|urlize(extra_schemes=['ftp://', 'tel:']) ~ 'x'|urlize(rel='a b')
'x'|urlize(extra_schemes=['x'])
'a b  c-d é'|wordcount ~ ''|wordcount ~ 5|wordcount
'The quick brown fox jumps over the lazy dog'|wordwrap(10) ~ '|' ~ 'aaaaaaaaaaaaaaa bb'|wordwrap(5) ~ '|' ~ 'aaaaaaaaaaaaaaa bb'|wordwrap(5, false) ~ '|' ~ 'well-known co-op re-use'|wordwrap(7) ~ '|' ~ 'well-known'|wordwrap(7, break_on_hyphens=false) ~ '|' ~ 'a b\n\nc  d'|wordwrap(3, wrapstring='/') ~ '|' ~ 'x -- y---z  w'|wordwrap(4)
'x'|wordwrap(0)
{'a': 1, 'b': none, 'c': '<"'}|xmlattr ~ {'a': missing}|xmlattr ~ {'x': 1}|xmlattr(false) ~ {'a': html|safe}|xmlattr
{'a b': 1}|xmlattr
d|tojson ~ mixed|tojson ~ f|tojson ~ tiny|tojson ~ big|tojson ~ quote|tojson ~ uni|tojson ~ e|tojson ~ ed|tojson ~ (1, 2)|tojson ~ {1: 1, 1.5: 2, none: 3, true: 4}|tojson ~ (large ** 19 * large)|tojson ~ ('<'|safe)|tojson ~ '\u2028<&\''|tojson
d|tojson(indent=2) ~ nested|tojson(indent=4) ~ [e, ed, [1]]|tojson(indent=1) ~ d|tojson(indent=0) ~ d|tojson(indent='\t') ~ d|tojson(true) ~ uni|tojson(ensure_ascii=true) ~ quote|tojson(ensure_ascii=true)
d|tojson(separators=(',', ':')) ~ d|tojson(separators=[',', ':'], indent=2) ~ d|tojson(sort_keys=true) ~ {2: 1, 10: 2}|tojson(sort_keys=true) ~ users|tojson(indent=2, sort_keys=true, separators=(', ', ' : '))
{(1, 2): 3}|tojson
{1: 1, 'a': 2}|tojson(sort_keys=true)
l|map('string')|tojson
range(3)|tojson
d.items()|tojson
d|tojson(nope=1)
d|tojson(separators=(',',))
""")
    yield "{% set g = l|map('string') %}{% for x in g %}{{ x }}{% endfor %}|{% for x in g %}{{ x }}{% endfor %}|{% if g %}y{% endif %}"
    yield "{% set g = ['a', 5]|map('nope') %}never walked"
    yield "{% for x in ['a', 'b']|map('upper') %}{{ x }}{% break %}{% endfor %}"


def tests():
    kinds = ["i", "f", "big", "t", "no", "n", "s", "'ab'", "'AB'", "''", "l", "(1,)", "d", "missing", "range(2)", "html|safe", "l|map('string')", "d.items()", "s.upper", "namespace()", "namespace", "'upper'", "'odd'"]
    for name in ["odd", "even", "defined", "undefined", "filter", "test", "none", "boolean", "false", "true", "integer", "float", "lower", "upper", "string", "mapping", "number", "sequence", "iterable", "callable", "escaped"]:
        for kind in kinds:
            if not (name in ("lower", "upper") and kind in ("l|map('string')", "s.upper", "namespace")):  # an address in memory
                yield "{{ (%s) is %s }}" % (kind, name)
    yield from expressions(r"""
1 is sameas 1, none is sameas none, 1 is sameas true, l is sameas l
1 is eq 1.0, 1 is ne 2, 1 is lt 2, 1 is le 1, 2 is gt 1, 2 is ge 2, 1 is equalto 1, 1 is lessthan 2, 1 is greaterthan 2
1 is in 'a'
'a' is divisibleby 2
4 is divisibleby 0
""")


def formatting():
    yield from expressions(r"""
'%5d|%-5d|%05d|%+d|% d|%x|%X|%#x|%o|%#o|%i|%u' % (42, 42, 42, 42, 42, 255, 255, 255, 8, 8, 7, 9)
'%f|%.2f|%10.3f|%-10.1f|%+.1f|%e|%.3e|%g|%g|%g|%G|%#g|%.0f|%.0f' % (1.5, 2.675, 3.14159, 2.0, 1.25, 12345.678, 0.00012, 1e10, 0.0001, 123456789.0, 1e-10, 1.0, 0.5, 1.5)
'%s|%10s|%-10s|%.2s|%r|%a|%c|%c' % ('é', 'ab', 'ab', 'abc', 'é"', 'é😀', 'x', 65)
'%d|%s|%d' % (3.9, 1e16, true)
'%(a)s %(z)05d' % d
'%*d|%.*f|%-*d|' % (5, 42, 2, 3.14159, 4, 7)
'%5.1f%%|%%' % 99.55
'%d' % 'a'
'%d' % none
'%s %s' % 1
'%s' % (1, 2)
'%s' % [1, 2] ~ '%s' % d ~ 'x' % [] ~ 'x' % {} ~ '%s' % missing
'x' % 1
'%q' % 1
'%' % 1
'%(a' % d
'%(q)s' % d
'%(a)s' % 5
'%x' % 1.5
'%c' % 'ab'
'%.50f' % 0.1 ~ '%.20e' % 0.1 ~ '%d' % huge ~ '%f' % big ~ '%x' % big ~ '%f' % (large ** 19 * large) ~ '%5s|' % none ~ '%05.1f' % -2.5 ~ '%+5d|' % 3
'{:5d}|{:<5}|{:^5}|{:>5}|{:05d}|{:+}|{:,}|{:_}|{:x}|{:#x}|{:b}|{:o}|{:c}|{:e}|{:%}'.format(42, 42, 42, 42, 42, 42, 1234567, 1234567, 255, 255, 5, 8, 65, 1234.5, 0.256)
'{:.2f}|{:10.3f}|{:<10.2f}|{:,.2f}|{:+.1e}|{:g}|{:.3g}|{:G}|{:.3}|{:.10}|{:n}'.format(2.675, 3.14159, 2.5, 1234567.891, 12345.6789, 1e10, 1234.5, 1e-10, 1234.5, 0.1, 5)
'{:5}|{:<5}|{:^5}|{:>5}|{:*^7}|{:.2}|{:s}'.format('ab', 'ab', 'ab', 'ab', 'ab', 'abc', 'x')
'{}|{}|{}|{:d}|{}'.format(none, true, 1e16, true, [1, 'a'])
'{:010,d}|{:08.2f}|{:#o}|{:#b}|{: }|{:-}|{:=+6}|{:>+6}|{:_x}|{:012,.1f}'.format(1234567, -3.14159, 8, 5, 7, 7, 5, 5, 65535, 12345.67)
'{:d}'.format('a')
'{:d}'.format(1.5)
'{:s}'.format(1)
'{:5}'.format(none)
'{:.2d}'.format(1)
'{:zz}'.format(1)
'{:.0f}|{:.0f}|{:.1f}|{:.0e}|{:z.1f}|{}|{}'.format(0.5, 2.5, 0.25, 25000.0, -0.01, 1e300, -1e300)
'{:.3}|{:.2}|{:.1}|{:.3}|{:.5}'.format(12.0, 12.0, 12.0, 1e5, 100.0)
1.0|string ~ ' ' ~ 123456789012345680.0 ~ ' ' ~ 1.7976931348623157e308 ~ ' ' ~ -0.0 ~ ' ' ~ 0.00001 ~ ' ' ~ 12345.678
'{0.name}'.format(users[0]) ~ '{u[name]}'.format(u=users[0]) ~ '{.name}'.format(users[0])
'{a!s:>4}|{a!r:>6}|{a!a}'.format(a='é')
""")


def whole():
    """Chat templates in the manner of known families, over the conversation in the variables."""
    chat = "{% set messages = [{'role': 'system', 'content': ' be brief '}, {'role': 'user', 'content': 'hi\\n'}, {'role': 'assistant', 'content': '<think>\\nhm\\n</think>\\n\\nyes', 'tool_calls': [{'function': {'name': 'f', 'arguments': {'x': 20.0, 'y': [1, none]}}}]}, {'role': 'tool', 'content': 'ok'}] %}"
    yield chat + "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>' + '\\n' }}{% endfor %}"
    yield chat + "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('alternate') }}{% endif %}{% endfor %}"
    yield chat + "{%- set ns = namespace(last=messages|length - 1, found=false) %}{%- for m in messages[::-1] %}{%- set index = (messages|length - 1) - loop.index0 %}{%- if not ns.found and m.role == 'user' and m.content is string %}{%- set ns.last = index %}{%- set ns.found = true %}{%- endif %}{%- endfor %}{{ ns.last }}{{ ns }}"
    yield chat + "{%- for m in messages %}{%- if '</think>' in m.content %}{%- set r = m.content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}{%- set c = m.content.split('</think>')[-1].lstrip('\\n') %}[{{ r }}|{{ c }}]{%- endif %}{%- if m.tool_calls %}{%- for t in m.tool_calls %}{%- if t.function %}{%- set t = t.function %}{%- endif %}{{ '<tool_call>\\n' ~ (t.arguments if t.arguments is string else t.arguments | tojson) ~ '</tool_call>' }}{%- endfor %}{%- endif %}{%- endfor %}"
    yield chat + "{{ messages[0]['content']|trim + '\\n\\n' if messages[0]['role'] == 'system' else '' }}{% for m in messages[1:] %}{% if m['role'] == 'user' %}{{ '[INST] ' ~ m['content'] | trim ~ ' [/INST]' }}{% elif m['role'] == 'assistant' %}{% generation %}{{ ' ' + m['content']|trim + '</s>' }}{% endgeneration %}{% endif %}{% endfor %}"
    yield "{%- macro args(p) -%}{%- for k, v in p.items() -%}{{ k }}: {% if v is mapping %}{{ '{' }}{{ args(v) }}{{ '}' }}{% elif v is sequence and v is not string %}[{% for x in v %}{{ x|tojson }}{{ ',' if not loop.last }}{% endfor %}]{% else %}{{ v|tojson }}{% endif %}{{ ', ' if not loop.last }}{%- endfor -%}{%- endmacro -%}{{ args(nested) }}|{{ args(d) }}"
    yield "{%- if tools is defined and tools is not none %}t{% endif %}{%- if not date_string is defined %}{%- set date_string = '26 Jul 2024' %}{%- endif %}{{ 'Today: ' + date_string }}{{- '\\n' }}"
    yield "{{- bos_token }}{%- if enable_thinking is defined and enable_thinking is false %}{{ 'no' }}{% endif %}{{ add_generation_prompt }}"


def render(template):
    try:
        compiled = _compile_jinja_template(template)
    except Exception:
        return {"error": "compile"}
    try:
        return {"text": compiled.render(**json.loads(VARIABLES))}
    except Exception as error:
        return {"error": type(error).__name__}


def main():
    cases = []
    for template in templates():
        result = render(template)
        if " at 0x" in result.get("text", ""):
            continue  # an address in memory, other each time
        cases.append([template, result["text"]] if "text" in result else [template, None, result["error"]])
    write_packed(OUT, json.dumps({"variables": VARIABLES, "cases": cases}, ensure_ascii=True, separators=(",", ":")) + "\n")
    print(len(cases), "templates,", sum(len(case) == 3 for case in cases), "raise,", OUT.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
