"""Writes Parquet files of all types, encodings, codecs and page versions with pyarrow, pandas, polars and fastparquet,
and beside each the texts that a reader is to give (NAME.parquet.expected): per row, per column, the length as 4 bytes
little-endian (-1 for a missing value) and the bytes.

Called by scripts/compare-parquet-with-pyarrow with the folder to write to."""
import datetime
import decimal
import random
import struct
import sys
import uuid

import numpy
import pandas
import polars
import pyarrow
import pyarrow.parquet

FOLDER = sys.argv[1]
SEED = 20240917
EPOCH = datetime.datetime(1970, 1, 1)


def moment(value, per_second):
    """YYYY-MM-DD HH:MM:SS and six or nine digits where there is a fraction."""
    seconds, rest = divmod(value, per_second)
    nanos = rest * (10**9 // per_second)
    text = (EPOCH + datetime.timedelta(seconds=seconds)).strftime("%H:%M:%S")
    day = EPOCH + datetime.timedelta(seconds=seconds)
    text = f"{day.year:04}-{day.month:02}-{day.day:02} {text}"
    if nanos:
        text += f".{nanos // 1000:06}" if nanos % 1000 == 0 else f".{nanos:09}"
    return text


def clock(value, per_second):
    return moment(value, per_second).split(" ")[1]


def text_of(scalar, kind):
    """The text of a pyarrow scalar."""
    if not scalar.is_valid:
        return None
    t = pyarrow.types
    if t.is_dictionary(kind):
        return text_of(scalar.value, kind.value_type)
    if t.is_boolean(kind):
        return str(scalar.as_py()).encode()
    if t.is_integer(kind):
        return str(scalar.as_py()).encode()
    if t.is_float64(kind):
        return repr(scalar.as_py()).encode()
    if t.is_float32(kind):
        # The fewest digits that make the same float32, laid out as repr does.
        return repr(float(str(numpy.float32(scalar.as_py())))).encode()
    if t.is_float16(kind):
        return repr(float(str(numpy.float32(scalar.as_py())))).encode()
    per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
    if t.is_timestamp(kind):
        return moment(scalar.value, per_second[kind.unit]).encode()
    if t.is_time(kind):
        return clock(scalar.value, per_second[kind.unit]).encode()
    if t.is_date32(kind):
        return moment(scalar.value * 86400, 1)[:10].encode()
    if t.is_decimal(kind):
        return format(scalar.as_py(), "f").encode()
    if isinstance(kind, pyarrow.UuidType):
        return str(scalar.as_py()).encode()
    value = scalar.as_py()
    return value.encode() if isinstance(value, str) else value


def expect(path, table):
    columns = []
    for name in table.column_names:
        column = table[name]
        columns.append([text_of(scalar, column.type) for scalar in column])
    with open(path + ".expected", "wb") as out:
        for row in range(table.num_rows):
            for column in columns:
                value = column[row]
                out.write(struct.pack("<i", -1 if value is None else len(value)))
                out.write(value or b"")


def make_table(rows, seed, nulls):
    source = random.Random(seed)
    words = ["", "a", 'with "quotes"', "comma,", "line\nbreak", "Grüße", "LAB//50912//mg/dL", "x" * 300]

    def column(make, kind):
        values = [None if source.random() < nulls else make() for _ in range(rows)]
        return pyarrow.array(values, kind)

    def runs(make, kind):
        values = []
        while len(values) < rows:
            values += [None if source.random() < nulls else make()] * source.randint(1, 60)
        return pyarrow.array(values[:rows], kind)

    def integer(bits, signed=True):
        low = -(1 << bits - 1) if signed else 0
        return lambda: source.choice([source.randint(low, low + (1 << bits) - 1), low, low + (1 << bits) - 1, source.randint(0, 99)])

    def real():
        return source.choice(
            [source.gauss(0, 1), float(source.randint(0, 200)), source.uniform(-1, 1) * 10.0 ** source.randint(-30, 30),
             0.1, -0.0, 1e16, 1e15, 123456789.0, 9007199254740993.0, 1e-5, 1e-4, 1e22, 5e-324, float("inf"), 1.0e7, 16777216.0])

    def single():
        value = real()
        return float(numpy.float32(value)) if abs(value) < 3e38 or value == float("inf") else 0.5

    def micros(limit):
        return lambda: source.choice([source.randint(-limit, limit), source.randint(0, 10**5) * 86400 * 10**6])

    a = pyarrow
    data = {
        "Boolean": column(lambda: source.random() < 0.5, a.bool_()),
        "boolean_runs": runs(lambda: source.random() < 0.5, a.bool_()),
        "int8": column(integer(8), a.int8()),
        "int16": column(integer(16), a.int16()),
        "int32": column(integer(32), a.int32()),
        "int64": column(integer(64), a.int64()),
        "int64_runs": runs(integer(20), a.int64()),
        "int64_constant": runs(lambda: 7, a.int64()),
        "uint8": column(integer(8, False), a.uint8()),
        "uint16": column(integer(16, False), a.uint16()),
        "uint32": column(integer(32, False), a.uint32()),
        "uint64": column(integer(64, False), a.uint64()),
        "half": column(lambda: numpy.float16(source.gauss(0, 10)), a.float16()),
        "float": column(single, a.float32()),
        "double": column(real, a.float64()),
        "string": column(lambda: source.choice(words) + str(source.randint(0, 50)), a.string()),
        "string_runs": runs(lambda: source.choice(words), a.string()),
        "string_prefixes": column(lambda: f"patient/{source.randint(0, 10**9):012}/end", a.string()),
        "binary": column(lambda: source.randbytes(source.randint(0, 20)), a.binary()),
        "fixed": column(lambda: source.randbytes(5), a.binary(5)),
        "date": column(lambda: source.randint(-100000, 100000), a.int32()).cast(a.date32()),
        "time_ms": column(lambda: source.randint(0, 86399999), a.int32()).cast(a.time32("ms")),
        "time_us": column(lambda: source.randint(0, 86399999999), a.int64()).cast(a.time64("us")),
        "time_ns": column(lambda: source.randint(0, 86399999999999), a.int64()).cast(a.time64("ns")),
        "timestamp_ms": column(lambda: source.randint(-10**13, 10**13), a.int64()).cast(a.timestamp("ms")),
        "timestamp_us": column(micros(10**16), a.int64()).cast(a.timestamp("us")),
        "timestamp_ns": column(lambda: source.randint(-9 * 10**18, 9 * 10**18), a.int64()).cast(a.timestamp("ns")),
        "timestamp_utc": column(micros(10**16), a.int64()).cast(a.timestamp("us", tz="UTC")),
        "decimal9": column(lambda: decimal.Decimal(source.randint(-10**9 + 1, 10**9 - 1)).scaleb(-2), a.decimal128(9, 2)),
        "decimal18": column(lambda: decimal.Decimal(source.randint(-10**17, 10**17)).scaleb(-17), a.decimal128(18, 17)),
        "decimal38": column(
            lambda: decimal.Context(prec=40).scaleb(decimal.Decimal(source.randint(-10**38 + 1, 10**38 - 1)), -10), a.decimal128(38, 10)),
        "decimal_whole": column(lambda: decimal.Decimal(source.randint(-999, 999)), a.decimal128(5, 0)),
        "empty": pyarrow.nulls(rows, a.string()),
    }
    return pyarrow.table(data)


ENCODINGS = {
    "plain": ("PLAIN", None),
    "delta": ("DELTA_BINARY_PACKED", ["int8", "int16", "int32", "int64", "int64_runs", "int64_constant", "uint8", "uint16", "uint32", "uint64", "date",
                                      "time_ms", "time_us", "time_ns", "timestamp_ms", "timestamp_us", "timestamp_ns", "timestamp_utc"]),
    "delta_length": ("DELTA_LENGTH_BYTE_ARRAY", ["string", "string_runs", "string_prefixes", "binary", "empty"]),
    "delta_bytes": ("DELTA_BYTE_ARRAY", ["string", "string_runs", "string_prefixes", "binary", "fixed", "decimal38"]),
    "split": ("BYTE_STREAM_SPLIT", ["int32", "int64", "float", "double", "fixed", "half", "timestamp_us", "decimal38"]),
    "rle": ("RLE", ["Boolean", "boolean_runs"]),
}


def write(name, table, **options):
    path = f"{FOLDER}/{name}.parquet"
    pyarrow.parquet.write_table(table, path, **options)
    expect(path, table)


def main():
    count = 0
    table = make_table(3000, SEED, 0.2)
    full = make_table(1500, SEED + 1, 0.0)
    required = pyarrow.schema([field.with_nullable(field.name == "empty") for field in full.schema])
    full = full.cast(required)
    for codec in ["none", "snappy", "gzip", "zstd", "lz4"]:
        for version in ["1.0", "2.0"]:
            for dictionary in [True, False]:
                name = f"codec-{codec}-{version}-{'dictionary' if dictionary else 'plain'}"
                options = dict(compression=codec, data_page_version=version, use_dictionary=dictionary,
                               write_page_checksum=True)
                write(name, table, **options, data_page_size=4096, row_group_size=1100)
                write(name + "-required", full, **options)
                count += 2
    for label, (encoding, names) in ENCODINGS.items():
        for source, suffix in [(table, "optional"), (full, "required")]:
            part = source.select(names) if names else source
            for version in ["1.0", "2.0"]:
                write(f"encoding-{label}-{version}-{suffix}", part, compression="zstd", data_page_version=version,
                      use_dictionary=False, column_encoding={n: encoding for n in part.column_names}, data_page_size=2000)
                count += 1
    write("int96", make_table(500, SEED + 2, 0.1).select(["timestamp_ns", "string"]), use_deprecated_int96_timestamps=True)
    write("empty-table", table.slice(0, 0))
    write("one-row", table.slice(0, 1))
    write("dictionary-type", pyarrow.table({"c": table["string_runs"].dictionary_encode(), "u": pyarrow.array(
        [uuid.UUID(int=i).bytes for i in range(3000)], pyarrow.binary(16)).cast(pyarrow.uuid())}))
    write("long-texts", pyarrow.table({"t": ["y" * n for n in range(0, 200000, 9973)] * 5, "n": list(range(105))}),
          use_dictionary=False)
    frame = pandas.DataFrame({"subject_id": numpy.arange(5000) // 7, "value": numpy.linspace(0, 1, 5000),
                              "code": [f"c{i % 91}" if i % 5 else None for i in range(5000)],
                              "time": pandas.date_range("2100-01-01", periods=5000, freq="37min")})
    for engine in ["pyarrow", "fastparquet"]:
        path = f"{FOLDER}/pandas-{engine}.parquet"
        frame.to_parquet(path, engine=engine, index=False)
        expect(path, pyarrow.parquet.read_table(path))
    kept = ["int8", "int32", "int64", "uint16", "float", "double", "Boolean", "string", "string_runs", "date", "timestamp_us",
            "timestamp_ms", "empty", "int64_constant", "boolean_runs", "binary"]
    for codec in ["uncompressed", "snappy", "zstd", "gzip", "lz4"]:
        path = f"{FOLDER}/polars-{codec}.parquet"
        polars.from_arrow(table.select(kept)).write_parquet(path, compression=codec, row_group_size=1300, data_page_size=3000)
        expect(path, table.select(kept))
    print(f"wrote files of {table.num_rows} and {full.num_rows} rows to {FOLDER}")


main()
