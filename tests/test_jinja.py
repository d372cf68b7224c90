"""The interpreter of Jinja: what templates become, what stays unknown, and that no template can reach or exhaust us."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment, TemplateSyntaxError

from mllint.linker.jinja.interpreter import evaluate, render
from mllint.linker.jinja.values import CLOSE, OPEN, shown
from mllint.linker.sql.names import Names
from mllint.linker.sql.template import Reading, macros_in


def rendered(text: str, names: Names | None = None) -> str | None:
    made = render(text, Reading(names or Names(target={"type": ""})))
    return " ".join(made.text.replace(OPEN, "{").replace(CLOSE, "}").split()) if made is not None else None


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{% set a = ['x', 'y'] %}{% for i in a %}{{ i }}{{ ',' if not loop.last }}{% endfor %}", "x,y"),
        ("{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k ~ v }} {% endfor %}", "a1 b2"),
        ("{% set n = namespace(x=0) %}{% for i in range(4) %}{% set n.x = n.x + i %}{% endfor %}{{ n.x }}", "6"),
        ("{% set l = [] %}{% do l.append('a') %}{% do l.extend(['b', 'c']) %}{{ l | join('-') | upper }}", "A-B-C"),
        ("{% for i in [1, 2, 3, 4] if i is odd %}{{ i }}{% else %}none{% endfor %}", "13"),
        ("{% for i in [] %}{{ i }}{% else %}none{% endfor %}", "none"),
        ("{% for i in [1, 2, 3] %}{% if i == 2 %}{% continue %}{% endif %}{{ i }}{% endfor %}", "13"),
        ("{% for i in [1, 2, 3] %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% endfor %}", "1"),
        ("{% set x %}a {{ 1 + 1 }}{% endset %}{{ x | trim | replace('a', 'b') }}", "b 2"),
        ("{{ 'a_%s_{}'.format('z') % 'q' }} {{ 'x,y'.split(',')[1] }} {{ [3, 1, 2] | sort | first }}", "a_q_z y 1"),
        ("{{ [{'n': 'a'}, {'n': 'b'}] | map(attribute='n') | join(' ') }}", "a b"),
        ("{{ 'yes' if 'a' in ['a', 'b'] and not false else 'no' }}{{ 7 // 2 }}{{ -3 }}{{ 2 ** 3 }}", "yes3-38"),
        ("{% raw %}{{ kept }}{% endraw %}{# gone #}", "{{ kept }}"),
        (
            "{% macro f(a, b=2) %}{{ a }}/{{ b }}/{{ kwargs }}/{{ varargs }}{% endmacro %}{{ f(1, c=3) }}",
            "1/2/{'c': 3}/()",
        ),
        ("{% macro f() %}<{{ caller() }}>{% endmacro %}{% call f() %}x{% endcall %}", "<x>"),
        ("{% macro f() %}{{ return([1, 2]) }}{% endmacro %}{{ f()[1] }}", "2"),
        ("{% call statement('s') %}select 1{% endcall %}a", "a"),
        ("{{ x | default('d') }} {{ x is defined }} {{ var('v', none) is none }}", "d False True"),
        (
            "{{ var.value.get('lake-schema') }}.{{ var.value.get('t', 'rides') }}.{{ var.json.x }}",
            "{lake_schema}.rides.{var_json_x}",
        ),
        # the unknown
        ("a {{ run_query('select 1').columns[0] }} b", "a {run_query_columns} b"),
        ("{% if unknown %}a{% else %}b{% endif %}", "a"),
        ("{% if is_incremental() %}a{% endif %}{% if not is_incremental() %}b{% endif %}", "ab"),
        ("{% for x in run_query('select 1') %}{{ x }},{{ loop.last }}{% endfor %}", "{x},True"),
        ("{{ 'stg_' ~ name }} '{{ day }}'", "stg_{name} '{day}'"),
        ("{% if target.type == 'snowflake' %}a{% else %}b{% endif %}", "b"),
    ],
)
def test_templates(template: str, expected: str) -> None:
    assert rendered(template) == expected


def test_what_branches_refer_to_is_noted() -> None:
    names = Names(tables={"a": "a", "b": "b", "c": "c"})
    reading = Reading(names)
    text = "{% if unknown %}{{ ref('a') }}{% else %}{{ ref('b') }}{% endif %}{% if false %}{{ ref('c') }}{% endif %}"
    assert render(text, reading) is not None
    assert list(reading.refs) == ["a", "b"]


def test_places_are_those_in_the_template() -> None:
    text = "select\n  {{ cents('km') }} as c,\n{% for x in ['aa', 'b'] %}  {{ x }} as {{ x }}_x,\n{% endfor %}  last\n"
    made = render(text, Reading(Names(macros=macros_in("{% macro cents(c) %}\n\n({{ c }} / 100)\n{% endmacro %}"))))
    assert made is not None

    def line(word: str) -> int:
        return text.count("\n", 0, made.origins.of(made.text.index(word))) + 1  # type: ignore[union-attr]

    assert [line(word) for word in ("select", "km", "as c", "aa", "b as", "last")] == [1, 2, 2, 3, 3, 4]


DOUBLED = "{% set a = ['x'] %}" + "{% set a = [a, a] %}" * 40
HOSTILE = {
    "subclasses": "{{ ().__class__.__base__.__subclasses__() }}",
    "globals": "{{ ref.__globals__ }}{{ ref.call.__globals__ }}{{ config.get.__self__ }}{{ namespace().__class__ }}",
    "self": "{{ self.__init__.__globals__ }}{{ cycler.__init__ }}{{ lipsum.__globals__ }}{{ joiner }}",
    "attr filter": "{{ '' | attr('__class__') | attr('__mro__') }}",
    "map attribute": "{{ [''] | map(attribute='__class__.__mro__') | list }}",
    "format": "{{ '{0.__class__}'.format('') }}{{ '%1000000000d' % 1 }}{{ '{:>1000000000}'.format(1) }}",
    "import": "{% import 'os' as os %}{% include '/etc/passwd' %}{% extends 'x' %}{{ modules.os.system('id') }}",
    "power": "{{ 10 ** 10 ** 10 }}{{ 9999999 ** 9 }}",
    "repeat": "{{ 'a' * 1000000000 }}{{ ['a'] * 1000000000 }}",
    "range": "{% for i in range(1000000000) %}{{ i }}{% endfor %}",
    "loops": "{% for a in range(2000) %}" * 5 + "x" + "{% endfor %}" * 5,
    "replace": "{% set a = 'a' * 9999 %}{% for i in range(9) %}{% set a = a.replace('a', a) %}{{ a }}{% endfor %}",
    "doubled text": "{% set n = namespace(a='a') %}{% for i in range(99) %}{% set n.a = n.a*2 %}{{ n.a }}{% endfor %}",
    "doubled list": DOUBLED + "{{ a }}",
    "doubled compared": DOUBLED
    + "{% set b = a %}"
    + DOUBLED
    + "{{ a == b }}{{ b in a }}{{ a | unique }}{{ a.index(b) }}",
    "list in itself": "{% set a = [] %}{% do a.append(a) %}{{ a }}{{ a == a }}{{ a | tojson }}{{ a | length }}",
    "recursion": "{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}",
    "caller": "{% macro f() %}{% call f() %}{{ caller() }}{% endcall %}{% endmacro %}{{ f() }}",
    "deep": "{{ " + "(" * 5000 + ")" * 5000 + " }}",
    "long sum": "{{ " + "+".join(["1"] * 5000) + " }}",
    "long chain": "{{ a" + ".b" * 5000 + " }}{{ a" + "|upper" * 5000 + " }}",
    "nested blocks": "{% if x %}" * 900 + "{% endif %}" * 900,
    "unclosed": "{% for x in [1] %}" * 30_000,
    "var of itself": "{{ var('again') }}",
    "json": "{{ fromjson('[' * 50000) }}",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_templates_end_and_reach_nothing(name: str) -> None:
    names = Names(variables={"again": "{{ var('again') }}{{ var('again') }}"})
    text = rendered(HOSTILE[name], names) or ""
    assert len(text) < 1_000_000
    assert not any(word in text for word in ("<class", "<function", "object at", "<module", "root:", "uid="))


@pytest.mark.parametrize("written", ["", "1 +", "}}{{", "%}", "{% if %}", "a b", "'"])
def test_what_is_no_expression_is_unknown(written: str) -> None:
    assert shown(evaluate(written, Reading(Names()))) in (OPEN + CLOSE, OPEN + "a" + CLOSE)


PIECES = (
    "{{ a }} {{ a.b }} {{ a[0] }} {{ a() }} {{ [a, 1, 'x'] }} {{ {'k': a} }} {{ a ~ 1 }} {{ 'x' * 3 }} "
    "{{ loop.index }} {{ a|upper }} {{ a|join(',') }} {{ a|map('upper')|list }} {{ a|sort }} {{ a|length }} "
    "{{ a.items() }} {{ -a }} {{ not a }} {{ a and b }} {{ a == b }} {{ a in b }} {{ a[1:] }} {{ a % b }} "
    "{{ a if b }} {{ ref('x') }} {{ this.name }} {{ ref(a) }} {{ source('x', a) }} {{ var('x', a) }} "
    "{{ f(a, b=1) }} {{ f(*a, **b) }} {{ caller() }} {{ return(a) }} {{ namespace(a=1).a }} "
    "{{ fromjson('[1]') }} {{ tojson(a) }} {{ zip(a, b) }} {{ range(3) }} {{ dict(a=a) }} "
    "{{ adapter.dispatch('f')(a) }} {{ adapter.get_columns_in_relation(a) }} {{ dbt_utils.star(a) }} "
    "{{ a.pop() }} {{ dbt_utils.union_relations(a) }} {{ a.append(b) }} {{ a.update(b) }} {{ config(x=a) }} "
    "{{ a is defined }} {{ a is odd }} {%set a = [1, 'y']%} {%set a = {'p': 2}%} {%set b = a%} "
    "{%set a, b = [1, 2]%} {%set n.x = 1%} {%set n = namespace()%} {%if a%} {%elif b%} {%else%} {%endif%} "
    "{%for a in b%} {%for a, b in c.items()%} {%endfor%} {%do a.append(1)%} {%macro f(a, b=2)%} {%endmacro%} "
    "{%call f()%} {%endcall%} {%set c%} {%endset%} {%break%} {%continue%} {%snapshot s%} {%endsnapshot%} "
    "{%test t(m)%} {%endtest%} {%filter upper%} {%endfilter%} {%raw%} {%endraw%} {# x #} text , -- ' {{ }} "
    "{% %} {{ {%- -%} "
    " \n"
)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(re.findall(r"\{%.*?%\}|\{\{.*?\}\}|\S+|\n", PIECES)), max_size=25))
def test_whatever_is_written_nothing_raises(pieces: list[str]) -> None:
    made = render(" ".join(pieces), Reading(Names(tables={"x": "s.x"}), "m", lambda table: ("p", "q")))
    assert made is None or isinstance(made.text, str)
    if made is not None:
        assert all(0 <= made.origins.of(offset) <= 2_000 for offset in range(len(made.text)))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(["{%if x%}", "{%else%}", "{%endif%}", "{%for i in [1, 2]%}", "{{ i }}", "a", "{%endfor%}"])
    )
)
def test_templates_that_jinja_itself_can_render_become_the_same(pieces: list[str]) -> None:
    text = " ".join(pieces).replace("#", " ")
    made = render(text, Reading(Names(), "m"))
    try:
        expected = Environment().from_string(text).render(x=True, i="{i}")
    except TemplateSyntaxError:
        assert made is None
        return
    assert made is not None
    known = evaluate_with(text, {"x": True, "i": "{i}"})
    assert known == expected


def evaluate_with(text: str, values: dict[str, object]) -> str:
    class World(Reading):
        def find(self, name: str) -> object:
            return values.get(name)

    made = render(text, World(Names()))
    assert made is not None
    return made.text
