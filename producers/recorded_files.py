"""Files of recorded data: which there are, what columns they have, and their rows chunk by chunk."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet

from stream.errors import SettingsError

CHUNK_ROWS = 20_000
ENDINGS = (".parquet", ".csv", ".csv.gz")
_NULLS = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None"]


def files_of(path: Path, *, option: str) -> list[Path]:
    """List the file, or those of the folder by name.

    option  what named it: "transactions" or "ticks"
    Raises SettingsError where there is no such file or none in the folder.
    """
    if path.is_dir():
        found = sorted(each for each in path.iterdir() if each.name.endswith(ENDINGS))
        if not found:
            raise SettingsError(option, f"a folder with files ending in {', '.join(ENDINGS)}", str(path))
        return found
    if not path.is_file():
        raise SettingsError(option, "a file or folder that exists", str(path))
    if not path.name.endswith(ENDINGS):
        raise SettingsError(option, f"a file ending in {', '.join(ENDINGS)}", str(path))
    return [path]


def stem_of(path: Path) -> str:
    """Name of a file without its ending."""
    return path.name.removesuffix(".gz").rpartition(".")[0]


def columns_of(path: Path) -> list[str]:
    """Names of the columns. Raises SettingsError where the file can't be read as what its ending says."""
    try:
        if path.name.endswith(".parquet"):
            return list(pa_parquet.read_schema(path).names)
        with _open_csv(path, None, Counter()) as reader:
            return list(reader.schema.names)
    except (pa.ArrowException, OSError) as error:
        kind = "Parquet" if path.name.endswith(".parquet") else "CSV with a header"
        raise SettingsError(str(path), f"a {kind} file ({error})") from None


def chunks_of(path: Path, columns: Sequence[str], malformed: Counter[str]) -> Iterator[pa.RecordBatch]:
    """Yield the rows of these columns, some ten thousand at a time; those of a CSV as text.

    malformed  gets under "<file>: columns" the rows of a CSV that have more or fewer of them than its header
    """
    if path.name.endswith(".parquet"):
        with pa_parquet.ParquetFile(path) as file:
            yield from file.iter_batches(CHUNK_ROWS, columns=list(columns))
    else:
        with _open_csv(path, columns, malformed) as reader:
            yield from reader


def _open_csv(path: Path, columns: Sequence[str] | None, malformed: Counter[str]) -> pa_csv.CSVStreamingReader:
    def skip(_row: object) -> str:
        malformed[f"{path.name}: columns"] += 1
        return "skip"

    return pa_csv.open_csv(
        pa.input_stream(str(path), compression="detect"),
        read_options=pa_csv.ReadOptions(use_threads=False, block_size=2 << 20),
        parse_options=pa_csv.ParseOptions(invalid_row_handler=skip),
        convert_options=pa_csv.ConvertOptions(
            column_types=dict.fromkeys(columns or (), pa.string()),
            include_columns=None if columns is None else list(columns),
            null_values=_NULLS,
            strings_can_be_null=True,
        ),
    )
