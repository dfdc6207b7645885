"""What the columns of a recording are taken for, and how that is guessed from its first rows."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from pathlib import Path

from registry.faults import Fault, InputError
from registry.plant import Text
from sim.qualities import QUALITY_NAMES, is_quality
from sim.time_style import STYLE_TEXTS, Guess, Style, guess_style, time_zone

DELIMITERS = (",", ";", "\t", "|")
_TIME_NAMES = (
    "time",
    "timestamp",
    "datetime",
    "date_time",
    "date time",
    "ts",
    "t",
    "_time",
    "时间",
    "采集时间",
    "date",
    "日期",
)
_DATE_NAMES = ("date", "day", "日期")
_CLOCK_NAMES = ("time", "clock", "hour", "时间", "时刻")
_SENSOR_NAMES = (
    "sensor",
    "sensor_id",
    "tag",
    "tagname",
    "tag_name",
    "point",
    "id",
    "name",
    "s",
    "测点",
    "位号",
    "点名",
)
_VALUE_NAMES = ("value", "val", "v", "reading", "_value", "值", "数值", "测量值")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?nan", re.IGNORECASE)
_COMMA_NUMBER = re.compile(r"[+-]?\d+,\d+([eE][+-]?\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a person may say about a recording instead of letting it be guessed; None is guessed.

    `time_column` names one column, or two joined by ``+`` (date and time of day). `time_zone` is an IANA name or an
    offset for times that carry none; UTC unless told.
    """

    delimiter: str | None = None
    decimal: str | None = None
    time_column: str | None = None
    time_zone: str | None = None

    def check(self) -> tzinfo:
        """Return the zone; raise `InputError` naming every option that is wrong."""
        faults = []
        if self.delimiter is not None and len(self.delimiter) != 1:
            faults.append(
                _option("--delimiter", f"{self.delimiter!r} is not one character", "one of , ; | or a tab")
            )
        if self.decimal not in (None, ".", ","):
            faults.append(_option("--decimal", f"{self.decimal!r} is no decimal sign", ". or ,"))
        if self.decimal is not None and self.decimal == self.delimiter:
            faults.append(
                _option("--decimal", "delimiter and decimal sign are the same", "two different signs")
            )
        zone = time_zone(self.time_zone) if self.time_zone else UTC
        if zone is None:
            allowed = "an IANA name such as Asia/Shanghai, or an offset such as +08:00"
            faults.append(_option("--time-zone", f"unknown time zone {self.time_zone!r}", allowed))
        if faults or zone is None:
            raise InputError(faults)
        return zone


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What a recording was taken for.

    `header` has a name for every column, `time_columns` one or two indices, `values` the indices that are readings;
    with `sensor` the file is long (one reading a row), `values` has one index, and `quality` is the column that says
    how good each reading is. `skipped` are named columns that are no numbers. `names` are the sensors of a wide file
    in the order of `values`.
    """

    kind: str
    header: tuple[str, ...]
    time_columns: tuple[int, ...]
    times: Guess
    values: tuple[int, ...]
    names: tuple[str, ...]
    sensor: int | None = None
    quality: int | None = None
    skipped: tuple[str, ...] = ()
    delimiter: str = ","
    decimal: str = "."
    encoding: str = "utf-8"
    has_header: bool = True
    zone_name: str = "UTC"
    decimal_guessed: bool = False

    def describe(self) -> list[Text]:
        """Return what was taken for what, line by line, for a person to check."""
        header = self.header
        time_names = " + ".join(header[i] for i in self.time_columns)
        style = STYLE_TEXTS[self.times.style]
        lines = [
            Text(zh=f"格式：{self._form().zh}", en=f"format: {self._form().en}"),
            Text(
                zh=f"时间列：{time_names}（{style.zh}；无时区的按 {self.zone_name}）",
                en=f"time: {time_names} ({style.en}; without a zone of its own taken as {self.zone_name})",
            ),
        ]
        if not self.times.proven:
            lines.append(
                Text(
                    zh="日期写法有歧义：没有一行能判定日在前还是月在前，按日在前处理",
                    en="ambiguous dates: no row tells day from month; taken as day first",
                )
            )
        if self.sensor is not None:
            sensor, value = header[self.sensor], header[self.values[0]]
            zh, en = f"测点列：{sensor}；数值列：{value}", f"sensor: {sensor}; value: {value}"
            if self.quality is not None:
                zh, en = f"{zh}；质量列：{header[self.quality]}", f"{en}; quality: {header[self.quality]}"
            lines.append(Text(zh=zh, en=en))
        else:
            listed = ", ".join(self.names)
            count = len(self.names)
            lines.append(Text(zh=f"{count} 个测点：{listed}", en=f"sensors ({count}): {listed}"))
        if self.skipped:
            listed = ", ".join(self.skipped)
            lines.append(Text(zh=f"跳过（不是数值）：{listed}", en=f"skipped (no numbers): {listed}"))
        return lines

    def _form(self) -> Text:
        shape = Text(zh="长表", en="long") if self.sensor is not None else Text(zh="宽表", en="wide")
        if self.kind != "CSV":
            return Text(zh=f"{self.kind}，{shape.zh}", en=f"{self.kind}, {shape.en}")
        mark = {"\t": Text(zh="制表符", en="tab")}.get(self.delimiter, Text.same(self.delimiter))
        coding = self.encoding.removesuffix("-sig")
        how = Text(zh="（自动判断）", en=" (guessed)") if self.decimal_guessed else Text.same("")
        return Text(
            zh=f"CSV，{shape.zh}，分隔符 {mark.zh}，小数点 {self.decimal}{how.zh}，编码 {coding}",
            en=f"CSV, {shape.en}, delimiter {mark.en}, decimal sign {self.decimal}{how.en}, encoding {coding}",
        )


def layout_of(  # noqa: PLR0917 - what is known of a file, in one order
    kind: str, path: Path, header: Sequence[str], rows: Sequence[Sequence[str]], options: Options, stem: str
) -> Layout:
    """Return what the columns of a file with typed cells are taken for, by their names and first rows."""
    time_columns, times = find_time(str(path), header, rows, options.time_column)
    sensor, values, skipped = find_values(header, rows, time_columns, ".")
    quality, skipped = find_quality(header, rows, sensor, skipped)
    return Layout(
        kind=kind,
        header=tuple(header),
        time_columns=time_columns,
        times=times,
        values=values,
        names=() if sensor is not None else sensor_names(header, values, stem),
        sensor=sensor,
        quality=quality,
        skipped=skipped,
        zone_name=options.time_zone or "UTC",
    )


def is_number(text: str, decimal: str = ".") -> bool:
    """Say whether a cell is a number in this decimal sign; NaN counts as one."""
    plain = text.strip()
    if decimal == ",":
        plain = plain.replace(",", ".")
    return _NUMBER.fullmatch(plain) is not None


def guess_delimiter(lines: Sequence[str]) -> str:
    """Return the delimiter that cuts the most lines into as many cells as the first, and into the most cells."""

    def fit(delimiter: str) -> tuple[int, int]:
        width = lines[0].count(delimiter)
        return (sum(line.count(delimiter) == width for line in lines) if width else 0, width)

    best = max(DELIMITERS, key=fit)
    # a file of "a;b" lines with decimal commas: the header has no comma, so the comma fits no better there
    return best if fit(best)[0] else ","


def guess_decimal(rows: Sequence[Sequence[str]], delimiter: str) -> str:
    """Return ``,`` where cells are written with a comma and none with a point: otherwise ``.``.

    Only safe, and only done, where the comma is not the delimiter. Cells that are dates or clock times do not count.
    """
    if delimiter == ",":
        return "."
    cells = [cell.strip() for row in rows for cell in row]
    commas = any(_COMMA_NUMBER.fullmatch(cell) for cell in cells)
    points = any("." in cell and _NUMBER.fullmatch(cell) for cell in cells)
    return "," if commas and not points else "."


def find_time(
    file: str, header: Sequence[str], rows: Sequence[Sequence[str]], wanted: str | None
) -> tuple[tuple[int, ...], Guess]:
    """Return the column or columns that hold the time; raise `InputError` where there is none."""
    lower = [name.strip().lower() for name in header]
    if wanted is not None:
        return _wanted_time(file, header, rows, wanted)
    pairs = [
        (lower.index(date), lower.index(clock))
        for date in _DATE_NAMES
        for clock in _CLOCK_NAMES
        if date in lower and clock in lower
    ]
    named = [(lower.index(name),) for name in _TIME_NAMES if name in lower]
    others = [(i,) for i in range(len(header))]
    for columns in (*pairs, *named, *others):
        guess = guess_style(joined(rows, columns))
        if guess is not None:
            return columns, guess
    raise InputError(
        [Fault(file=file, where="", message="no column holds a time", allowed="name it with --time-column")]
    )


def _wanted_time(
    file: str, header: Sequence[str], rows: Sequence[Sequence[str]], wanted: str
) -> tuple[tuple[int, ...], Guess]:
    names = [wanted] if wanted in header else [part.strip() for part in wanted.split("+")]
    missing = [name for name in names if name not in header]
    if missing:
        allowed = ", ".join(name for name in header if name)
        raise InputError([_option("--time-column", f"{file} has no column {missing[0]!r}", allowed)])
    columns = tuple(header.index(name) for name in names)
    guess = guess_style(joined(rows, columns))
    if guess is None:
        shown = next((text for text in joined(rows, columns) if text.strip()), "")
        message = f"column {wanted!r} of {file} holds no time that can be read: {shown!r}"
        raise InputError(
            [_option("--time-column", message, "RFC 3339, a date with time of day, or epoch numbers")]
        )
    return columns, guess


def joined(rows: Sequence[Sequence[str]], columns: tuple[int, ...]) -> list[str]:
    """Return the time texts of rows; a date and a time of day are joined by a blank."""
    return [" ".join(row[i] for i in columns).strip() for row in rows]


def find_values(
    header: Sequence[str], rows: Sequence[Sequence[str]], time_columns: tuple[int, ...], decimal: str
) -> tuple[int | None, tuple[int, ...], tuple[str, ...]]:
    """Return the sensor column of a long file or None, the columns that hold readings, and what is skipped."""
    lower = [name.strip().lower() for name in header]
    rest = [i for i in range(len(header)) if i not in time_columns]
    sensor = next((lower.index(name) for name in _SENSOR_NAMES if name in lower), None)
    value = next((lower.index(name) for name in _VALUE_NAMES if name in lower), None)
    if sensor is not None and value is not None and {sensor, value} <= set(rest):
        skipped = tuple(header[i] for i in rest if i not in (sensor, value) and header[i].strip())
        return sensor, (value,), skipped
    numeric = [
        i for i in rest if _is_numeric([row[i] for row in rows], decimal, named=bool(header[i].strip()))
    ]
    skipped = tuple(header[i] for i in rest if i not in numeric and header[i].strip())
    return None, tuple(numeric), skipped


def find_quality(
    header: Sequence[str], rows: Sequence[Sequence[str]], sensor: int | None, skipped: tuple[str, ...]
) -> tuple[int | None, tuple[str, ...]]:
    """Return the quality column of a long file, or None, and what is skipped without it."""
    for i, name in enumerate(header):
        named = sensor is not None and name in skipped and name.strip().lower() in QUALITY_NAMES
        if named and is_quality([row[i] for row in rows]):
            return i, tuple(other for other in skipped if other != name)
    return None, skipped


def _is_numeric(cells: Iterable[str], decimal: str, *, named: bool) -> bool:
    """A column is readings when most of its filled cells are numbers; an empty one only when it has a name."""
    filled = [cell for cell in cells if cell.strip()]
    if not filled:
        return named
    return 2 * sum(is_number(cell, decimal) for cell in filled) > len(filled)


def unique_names(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names with ``_2``, ``_3`` … added to those that come again."""
    seen: dict[str, int] = {}
    result = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return tuple(result)


def sensor_names(header: Sequence[str], values: Sequence[int], stem: str) -> tuple[str, ...]:
    """Return the sensors of a wide file; a single column called value is named after the file."""
    if len(values) == 1 and header[values[0]].strip().lower() in _VALUE_NAMES:
        return (stem,)
    return unique_names(header[i].strip() or f"column_{i + 1}" for i in values)


def settle_day_or_month(style: Style | None) -> Guess:
    """Return what a pass over the whole file proved; without proof the day comes first, and that is said."""
    return Guess(style or Style.DAY_FIRST, proven=style is not None)


def _option(where: str, message: str, allowed: str) -> Fault:
    return Fault(file="command line", where=where, message=message, allowed=allowed)
