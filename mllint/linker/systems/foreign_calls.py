"""What calls of other languages mean for data, by their names."""

from __future__ import annotations

import re

import msgspec

from mllint.facts.foreign import ForeignCall


class Access(msgspec.Struct, frozen=True):
    """`role` is read, write, load, save, query (SQL text), table or write table; `name` the literal that says what."""

    role: str
    name: str


# Per language: a pattern for the end of the call's name, and its role. The first that matches counts.
_ROLES: dict[str, tuple[tuple[str, str], ...]] = {
    "r": (
        (r"read[._](csv2?|tsv|delim2?|table|fwf|excel|xlsx?|parquet|feather|dta|sas|sav|fst|json|lines|rds)", "read"),
        (r"(fread|vroom|readRDS|fromJSON|open_dataset|read_ipc_file|qread|readLines|st_read|arff_read)", "read"),
        (r"write[._](csv2?|tsv|delim|table|excel_csv|xlsx?|parquet|feather|dta|sav|fst|json|lines|rds)", "write"),
        (r"write_dataset", "write"),
        (r"(fwrite|saveRDS|write_xlsx|qsave|ggsave|writeLines|sink|st_write)", "write"),
        (r"(xgb\.load|lgb\.load|load_model_(tf|hdf5)|h2o\.loadModel|onnx_load)", "load"),
        (r"(xgb\.save|lgb\.save|save_model_(tf|hdf5)|h2o\.saveModel)", "save"),
        (r"(dbGetQuery|dbSendQuery|dbExecute|sqlQuery|sqldf)", "query"),
        (r"dbReadTable", "table"),
        (r"(dbWriteTable|dbAppendTable|sqlSave)", "write table"),
        (r"load", "read"),
        (r"save", "write"),
    ),
    "jvm": (
        (r"[Rr]ead(Stream)?\b.*\.(csv|parquet|json|orc|text|load|avro|delta|format)", "read"),
        (r"(spark|session|sqlContext)\w*\.(read\b.*\.)?table", "table"),
        (r"(spark|session|sqlContext)\w*\.sql", "query"),
        (r"write(Stream)?\b.*\.(csv|parquet|json|orc|text|save|start|avro|delta)", "write"),
        (r"write(Stream)?\b.*\.(saveAsTable|insertInto|toTable)|writeTo", "write table"),
        (r"(\w*Model|\w*Pipeline|\w*Forest\w*|Booster|XGBoost)\.(load|read|loadModel)", "load"),
        (r"ModelSerializer\.restore\w*", "load"),
        (r"(OrtEnvironment.*|\w*[eE]nv(ironment)?)\.createSession", "load"),
        (r"SavedModelBundle\.load|PMMLBuilder.*\.load|Module\.load", "load"),
        (r"\w*[mM]odel\w*\.(save|write\b.*\.save|saveModel)", "save"),
        (r"(FileReader|FileInputStream|Files\.(lines|readAll\w+|readString)|Source\.fromFile)", "read"),
        (r"(FileWriter|FileOutputStream|Files\.(write|writeString))", "write"),
    ),
    "julia": (
        (r"CSV\.(read|File|Rows)|Arrow\.Table|Parquet\w*\.\w*read\w*|readdlm|XLSX\.read\w+", "read"),
        (r"(CSV\.write|Arrow\.write|writedlm|XLSX\.write\w+|JSON3?\.write)", "write"),
        (r"(BSON\.load|JLD2?\.load|MLJ\.machine|deserialize|FileIO\.load)", "load"),
        (r"(BSON\.bson|JLD2?\.save|MLJ\.save|serialize|jldsave)", "save"),
        (r"(DBInterface|LibPQ|SQLite)\.(execute|Query)", "query"),
        (r"load", "read"),
        (r"save", "write"),
    ),
    "javascript": (
        (r"fs\w*\.(promises\.)?(readFile(Sync)?|createReadStream)|d3\.(csv|tsv|json)|pl\.(read|scan)CSV", "read"),
        (r"fs\w*\.(promises\.)?(writeFile(Sync)?|appendFile(Sync)?|createWriteStream)", "write"),
        (r"tf\.(loadLayersModel|loadGraphModel)|InferenceSession\.create|loadModel", "load"),
        (r"(client|pool|db|connection|knex|sequelize|conn)\.(query|raw|execute)", "query"),
    ),
    "cpp": (
        (r"(std::)?ifstream|fopen|cv::imread|csv::CSVReader|io::CSVReader", "read"),
        (r"(std::)?ofstream|cv::imwrite", "write"),
        (r"torch::jit::load|readNet\w*|LoadModel\w*|LoadSavedModel|BuildFromFile|Ort::Session", "load"),
        (r"XGBoosterLoadModel|LGBM_BoosterCreateFromModelfile", "load"),
    ),
}  # fmt: skip
_FAMILY = {"scala": "jvm", "java": "jvm"}
_NAMED = {"file", "path", "filename", "filepath", "con", "dsn", "model", "input", "name", "sql", "statement", "table"}
_COMPILED = {
    language: tuple((re.compile(rf"(?:^|\.|::)(?:{pattern})$"), role) for pattern, role in roles)
    for language, roles in _ROLES.items()
}


def access_of(language: str, call: ForeignCall) -> Access | None:
    """What a call reads or writes, if it is one that is known and its argument is a literal."""
    for pattern, role in _COMPILED.get(_FAMILY.get(language, language), ()):
        if pattern.search(call.function):
            name = _subject(call)
            if not name:
                return None
            if role in ("read", "write") and call.function in ("load", "save") and "." not in name:
                return None
            return Access(role, name)
    return None


def _subject(call: ForeignCall) -> str:
    """The argument that says what is read or written: the first without a keyword, or one of a telling keyword."""
    names = call.names or ("",) * len(call.arguments)
    for name, argument in zip(names, call.arguments, strict=False):
        if name in _NAMED:
            return argument
    return next((argument for name, argument in zip(names, call.arguments, strict=False) if not name), "")
