"""Tables and columns of statements, ours against DataHub's expected results (`sql_parsing/goldens`).

    git clone --depth 1 --filter=blob:none --sparse https://github.com/datahub-project/datahub
    git -C datahub sparse-checkout set metadata-ingestion/tests/unit/sql_parsing
    python benchmarks/sql_oracle_datahub.py datahub [--verbose] [--at-least 0.9]

DataHub itself is not needed: its tests run with its modules replaced by ours, which only write down what they are
asked. Names are compared without case, and without the default database that DataHub puts before them. No differences
are: `count(*)`, which we say reads `t.*`; the table that an UPDATE changes, which DataHub lists as read too; a field of
a record, `payload.user`, against its column `payload`; columns that a statement declares, which come from nothing.
`JUDGED` lists where the two differ and why ours stays as it is; the second figure counts these as right.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import types
from pathlib import Path
from typing import Any

import msgspec

from mllint.linker.sql.analyse import analyse
from mllint.linker.sql.schema import Schema
from mllint.linker.sql.statements import Statement

_TESTS = Path("metadata-ingestion", "tests", "unit", "sql_parsing")
_MODULES = (
    "datahub", "datahub.sql_parsing", "datahub.sql_parsing.schema_resolver", "datahub.sql_parsing.sqlglot_lineage",
    "datahub.testing", "datahub.testing.check_sql_parser_result",
)  # fmt: skip
_WRITES = {"insert", "create", "view", "merge", "update", "copy", "rename", "swap", "delete", "ddl", "drop"}


JUDGED = {
    "test_invalid_sql": "no SQL; tables found by words are kept and marked as not understood",
    "test_select_max_with_schema": "a column that the schema does not list can only be of the only table: kept",
    "test_select_count": "a column without alias is called as it is written",
    "test_bigquery_sharded_table_normalization": "DataHub folds date shards into one name",
    "test_bigquery_from_sharded_table_wildcard": "DataHub folds date shards into one name",
    "test_dialect_specific_operators": "the right side of MINUS chooses rows: an indirect edge",
    "test_bigquery_indirect_references": "DataHub drops the columns of `IF(...).*`",
    "test_cross_join": "DataHub gives both columns `id` of a star to the first table",
    "test_lateral_join": "DataHub counts the filter of a subquery among the values",
    "test_snowflake_semantic_view_query_with_metrics": "`date_trunc('month', time) AS month` comes from `time`",
    "test_clickhouse_dictget": "DataHub takes the dictionary's name for a column of the table",
    "test_clickhouse_dictget_with_joins": "the attribute of the dictionary is a source too",
    "test_clickhouse_dictget_string_literal": "the attribute of the dictionary is a source too",
    "test_clickhouse_dictget_unqualified": "DataHub takes the dictionary's name for a column of the table",
    "test_clickhouse_dictget_in_materialized_view": "as above; a view that writes TO a table holds no data itself",
}


class Case(msgspec.Struct):
    name: str
    sql: str
    dialect: str
    schemas: dict[str, list[str]]
    golden: dict[str, Any]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clone", type=Path)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--at-least", type=float, default=0.0)
    args = parser.parse_args()
    cases = recorded(args.clone)
    worst = 1.0
    for what, differ in (("tables", tables_differ), ("columns", columns_differ)):
        asked = [case for case in cases if what == "tables" or case.golden["column_lineage"] is not None]
        wrong = {}
        for case in asked:
            difference = differ(case, analyse(case.sql, case.dialect, Schema(dict(case.schemas))))
            if difference:
                wrong[case.name] = difference
                if args.verbose:
                    print(f"{case.name} [{case.dialect}] {what}: {difference} ({JUDGED.get(case.name, '?')})")
        equal = len(asked) - len(wrong)
        right = len(asked) - len(wrong.keys() - JUDGED.keys())
        worst = min(worst, right / len(asked))
        print(f"{what}: equal {equal}/{len(asked)} = {equal / len(asked):.3f}, judged {right}/{len(asked)}")
    return 0 if worst >= args.at_least else 1


# ------------------------------------------------------------------------------------------------- DataHub's side


def recorded(clone: Path) -> list[Case]:
    """Run DataHub's tests and write down what they ask, with the file that holds the answer."""
    cases: list[Case] = []

    def asked(sql: str, *, dialect: str = "", expected_file: Path, schemas: Any = None, **_: Any) -> None:
        if not expected_file.exists():
            print(f"{expected_file.name} is missing", file=sys.stderr)
            return
        known = {_name(urn): [str(column) for column in listed] for urn, listed in (schemas or {}).items()}
        cases.append(Case(expected_file.stem, sql, dialect, known, json.loads(expected_file.read_text())))

    for name in _MODULES:
        sys.modules[name] = types.ModuleType(name)
    everything = types.SimpleNamespace
    sys.modules["datahub.sql_parsing.schema_resolver"].SchemaResolver = everything  # type: ignore[attr-defined]
    sys.modules["datahub.sql_parsing.sqlglot_lineage"].sqlglot_lineage = everything  # type: ignore[attr-defined]
    sys.modules["datahub.testing.check_sql_parser_result"].assert_sql_result = asked  # type: ignore[attr-defined]
    for path in ("test_sqlglot_lineage.py",):
        spec = importlib.util.spec_from_file_location("datahub_tests", clone / _TESTS / path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for name, test in vars(module).items():
            if name.startswith("test_") and test.__code__.co_argcount == 0:
                try:
                    test()
                except (AttributeError, TypeError) as error:  # asks DataHub for more than one result
                    print(f"{name} left out: {error}", file=sys.stderr)
    return cases


def _name(urn: str) -> str:
    """`urn:li:dataset:(urn:li:dataPlatform:mysql,db.t,PROD)` -> `db.t`"""
    return urn.split(",")[1].lower()


# ------------------------------------------------------------------------------------------------------ our side


def tables_differ(case: Case, statements: list[Statement]) -> str:
    made = {s.target for s in statements if s.kind in ("create", "view") and s.temporary}
    reads = {read.name for s in statements for read in s.reads} - made
    writes = {s.target for s in statements if s.kind in _WRITES and s.target}
    reads |= {s.target for s in statements if s.kind == "update"}
    wrong = []
    for what, got, want in (
        ("reads", reads, {_name(urn) for urn in case.golden["in_tables"]}),
        ("writes", writes, {_name(urn) for urn in case.golden["out_tables"]}),
    ):
        missing = {w for w in want if not any(_same(g, w) for g in got)}
        extra = {g for g in got if not any(_same(g, w) for w in want)}
        if missing or extra:
            wrong.append(f"{what} missing {sorted(missing)} extra {sorted(extra)}")
    return "; ".join(wrong)


def columns_differ(case: Case, statements: list[Statement]) -> str:
    want = {
        entry["downstream"]["column"].lower(): {(_name(up["table"]), up["column"].lower()) for up in entry["upstreams"]}
        for entry in case.golden["column_lineage"]
    }
    got: dict[str, set[tuple[str, str]]] = {}
    for column in (c for statement in statements for c in statement.columns):
        got.setdefault(column.name, set()).update(column.sources)
    wrong = []
    for name in want.keys() | got.keys():
        expected = want.get(name, set())
        sources = {s for s in got.get(name, set()) if s[1] != "*" or any(c == "*" for _, c in expected)}
        missing = {w for w in expected if not any(_same(t, w[0]) and _near(c, w[1]) for t, c in sources)}
        extra = {s for s in sources if not any(_same(s[0], t) and _near(c, s[1]) for t, c in expected)}
        is_declared = name not in got and not expected
        if missing or extra or (name not in got and not is_declared) or (name not in want and sources):
            known = "" if name in got and name in want else (" not ours" if name in want else " not theirs")
            wrong.append(f"{name}{known} missing {sorted(missing)} extra {sorted(extra)}")
    return "; ".join(wrong)


def _same(ours: str, theirs: str) -> bool:
    ours = ours.removeprefix("file:")
    return ours == theirs or theirs.endswith("." + ours) or ours.endswith("." + theirs)


def _near(column: str, other: str) -> bool:
    """`payload` and its field `payload.user`"""
    return column == other or column.startswith(other + ".") or other.startswith(column + ".")


if __name__ == "__main__":
    sys.exit(main())
