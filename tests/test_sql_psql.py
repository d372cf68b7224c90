"""Variables of psql: set in a script, or given by the command that runs it."""

from __future__ import annotations

from pathlib import Path

import linking
import pytest
from effort import calls
from sql_helpers import edges, linked, one, reads

from mllint.linker.sql.analyse import analyse
from mllint.linker.sql.psql import agreed, given
from mllint.linker.sql.schema import Schema

SCRIPT = """\
\\set schema analytics
\\set source 'raw'
\\set full :source '.zones'
CREATE TABLE :schema.kms AS SELECT id, km FROM :"source".rides WHERE day >= :'day';
INSERT INTO out SELECT name FROM :full;
\\set schema mart
INSERT INTO :schema.kms SELECT km FROM rides WHERE id > :smallest AND day::date > '10:00:00';
"""


def test_variables_that_a_script_sets() -> None:
    project = linked(load=SCRIPT)
    assert edges(project) >= {
        ("table:raw.rides", "table:analytics.kms"),
        ("column:table:raw.rides#km", "column:table:analytics.kms#km"),
        ("table:raw.zones", "table:out"),
        ("table:rides", "table:mart.kms"),
    }
    assert not [problem for problem in project.problems if problem.code]


def test_places_are_those_of_the_script() -> None:
    [made, *_] = [statement for statement in analyse(SCRIPT, "postgres", Schema()) if statement.target]
    assert (made.line, made.column) == (4, 1)
    assert (made.reads[0].line, made.reads[0].column) == (4, SCRIPT.splitlines()[3].index(':"source') + 1)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("SELECT a FROM :schema.rides", "{schema}.rides"),
        ('SELECT a FROM :"schema".rides', "{schema}.rides"),
        ('SELECT a FROM raw.:"name"', "raw.{name}"),
        ("SELECT a FROM raw.:name", "raw.{name}"),
        ("SELECT a FROM :name", "{name}"),
        ("SELECT a::text, b[1:2], '12:schema.x' FROM rides WHERE c = :'city' AND d > :day", "rides"),
        ("SELECT extract(day FROM :at) FROM rides", "rides"),
    ],
)
def test_what_has_no_value(text: str, read: str) -> None:
    statement = one(text, "postgres")
    assert not statement.problem
    assert reads(statement) == [read]


def test_an_unknown_table_is_not_every_other() -> None:
    project = linked(a="INSERT INTO x SELECT a FROM :table;", b="INSERT INTO y SELECT b FROM :table;")
    assert not [pair for pair in edges(project) if "{" in pair[0]]


def test_variables_of_other_products_stay() -> None:
    script = "CREATE PROCEDURE p(a INT) AS $$ BEGIN SELECT max(x) INTO :a FROM s; INSERT INTO t (y) VALUES (:a); END $$"
    last = analyse(script, "snowflake", Schema())[-1]
    assert {column.name: column.sources for column in last.columns} == {"y": (("s", "x"),)}
    assert reads(one('SELECT payload:user.id AS id, payload:"b" FROM rides', "snowflake")) == ["rides"]


@pytest.mark.parametrize(
    "words",
    [
        "-d shop -v schema=raw -f a.sql",
        "-vschema=raw -f a.sql",
        "--set=schema=raw --file=a.sql",
        "--variable schema=raw -f a.sql",
        "--set schema=raw -v day={DAY} -f a.sql",
    ],
)
def test_what_a_command_gives(words: str) -> None:
    assert given(words.split()) == {"schema": "raw"}


def test_of_several_environments_none_is_meant() -> None:
    assert agreed([{"schema": "dev", "day": "1"}, {"schema": "prod", "day": "1"}]) == {"day": "1"}
    assert agreed([{"day": "1"}, {}]) == {}


def test_commands_of_a_repository(tmp_path: Path) -> None:
    lineage = linking.linked(
        tmp_path,
        {
            "Makefile": "load:\n\tpsql -v schema=mart --set=source=raw -f sql/load.sql\n",
            "run.sh": "psql -v schema=dev -f sql/both.sql\npsql -v schema=prod -f sql/both.sql\n",
            "sql/load.sql": "CREATE TABLE :schema.kms AS SELECT id FROM :source.rides;",
            "sql/both.sql": "CREATE TABLE :schema.hours AS SELECT id FROM shifts;",
        },
    )
    assert linking.edges(lineage) == {
        ("table:raw.rides", "table:mart.kms"),
        ("table:shifts", "table:{schema}.hours"),
    }


HOSTILE = {
    "values that double": "\\set a :a :a\nSELECT :a;\n",
    "long values": "\\set a " + "x" * 900 + "\nSELECT :a, :a, :a;\n",
    "quotes": "SELECT ':a ' :'b\n",
    "names": 'SELECT a FROM :"s".:t;\n',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_work_grows_with_length(name: str) -> None:
    short, long = (calls(lambda n=n: analyse(HOSTILE[name] * n, "postgres", Schema())) for n in (100, 400))
    assert long < 8 * short
