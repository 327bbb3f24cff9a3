"""Canonical JSON (RFC 8785), made for documents of millions of numbers: the same bytes as the package ``rfc8785``.

Numbers of a series are whole counts of a small unit (milligrams, micrograms). Their decimal text is the shortest that
reads back as the same double as long as it has at most 15 digits, so NumPy writes it digit by digit, all at once; the
few others go by way of `repr`. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from json.encoder import encode_basestring as _quoted
from typing import Any

import numpy as np

from batches.impact.accounts import Flags, Whole
from compostnet.shared.memory import without_collection

LARGEST_WHOLE = 2**53 - 1
DIGITS = 15
"""So many decimal digits always survive the way through a double."""
CHUNK = 100_000


class SeriesBlock:
    """Rows of numbers, (K, T): whole ``values`` of 10^-digits, None where not ``known``."""

    def __init__(self, values: Whole, known: Flags, digits: int) -> None:
        self.values, self.known, self.digits = values, known, digits
        self.unit = float(10**digits)

    def series(self) -> list[Series]:
        """Every row as a series."""
        return [Series(self, row) for row in range(self.values.shape[0])]

    @cached_property
    def texts(self) -> list[str]:
        """Canonical JSON of every row."""
        rows, columns = self.values.shape
        step = max(1, CHUNK // max(1, columns))
        found: list[str] = []
        for start in range(0, rows, step):
            found += _number_rows(self.values[start : start + step], self.known[start : start + step], self.digits)
        return found


class Series(Sequence[float | None]):
    """One row of a block as a sequence of numbers (None: not known)."""

    __slots__ = ("_block", "_row")

    def __init__(self, block: SeriesBlock, row: int) -> None:
        self._block, self._row = block, row

    def __len__(self) -> int:
        return int(self._block.values.shape[1])

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return self.plain()[at]
        if not self._block.known[self._row, at]:
            return None
        return int(self._block.values[self._row, at]) / self._block.unit

    def __iter__(self) -> Iterator[float | None]:
        return iter(self.plain())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self.plain() == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self.plain())

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        numbers = self._block.values[self._row] / self._block.unit
        return np.where(self._block.known[self._row], numbers, np.nan).astype(dtype or np.float64)

    def plain(self) -> list[float | None]:
        """The same as a list."""
        numbers = (self._block.values[self._row] / self._block.unit).tolist()
        return [n if known else None for n, known in zip(numbers, self._block.known[self._row].tolist(), strict=True)]

    @property
    def text(self) -> str:
        """Canonical JSON."""
        return self._block.texts[self._row]


def _number_rows(values: Whole, known: Flags, digits: int) -> list[str]:
    """Canonical JSON arrays of rows of whole numbers of 10^-digits."""
    rows, columns = values.shape
    if not columns:
        return ["[]"] * rows
    size = np.abs(values).ravel()
    known_flat = known.ravel()
    largest = int(size.max(initial=0))
    before = max(1, len(str(largest)) - digits)
    # The characters of every number in a line of its own: comma, sign, digits, point, digits; then those that are kept.
    width = 2 + before + 1 + digits
    text = np.empty((size.size, max(width, 6)), dtype=np.uint8)
    keep = np.zeros(text.shape, dtype=np.bool_)
    text[:, 0], text[:, 1] = ord(","), ord("-")
    keep[:, 0] = True
    keep[:, 1] = values.ravel() < 0
    rest = size
    seen = np.zeros(size.size, dtype=np.bool_)
    for at in range(width - 1, width - 1 - digits, -1):
        higher = rest // 10
        digit = rest - higher * 10
        text[:, at] = digit + ord("0")
        seen |= digit != 0
        keep[:, at] = seen
        rest = higher
    point = 2 + before
    text[:, point] = ord(".")
    keep[:, point] = seen
    for at in range(point - 1, 1, -1):
        higher = rest // 10
        text[:, at] = rest - higher * 10 + ord("0")
        keep[:, at] = rest > 0
        rest = higher
    keep[:, point - 1] = True
    text[~known_flat, 1:5] = np.frombuffer(b"null", dtype=np.uint8)
    keep[~known_flat, 1:] = False
    keep[~known_flat, 1:5] = True
    tiny: Flags = (size > 0) & (size < 10 ** max(0, digits - 6))
    odd: Flags = np.logical_and(known_flat, tiny | (size >= 10**DIGITS))
    if odd.any():
        return _with_odd(text, keep, odd, values / float(10**digits))
    line = text[keep].tobytes().decode("ascii")
    ends = np.cumsum(keep.sum(axis=1).reshape(rows, columns).sum(axis=1)).tolist()
    starts = [0, *ends[:-1]]
    return [f"[{line[start + 1 : end]}]" for start, end in zip(starts, ends, strict=True)]


def _with_odd(text: np.ndarray, keep: Flags, odd: Flags, numbers: np.ndarray) -> list[str]:
    """The same where some numbers (very small or very long) are written one by one."""
    rows, columns = numbers.shape
    # A very small number keeps its comma alone; its text is put in afterwards.
    keep[odd, 1:] = False
    line = text[keep].tobytes().decode("ascii")
    ends = np.cumsum(keep.sum(axis=1).reshape(rows, columns).sum(axis=1)).tolist()
    with_odd = set((np.flatnonzero(odd) // columns).tolist())
    found, start = [], 0
    for row, end in enumerate(ends):
        here = line[start + 1 : end]
        if row in with_odd:
            parts = here.split(",")
            for at in np.flatnonzero(odd[row * columns : (row + 1) * columns]).tolist():
                parts[at] = number_text(float(numbers[row, at]))
            here = ",".join(parts)
        found.append(f"[{here}]")
        start = end
    return found


def number_text(value: float) -> str:
    """A double as ECMAScript writes it, which RFC 8785 asks for; ValueError for what is not finite."""
    shortest = repr(value)
    if "e" not in shortest and "n" not in shortest:
        if shortest.endswith(".0"):
            return shortest[:-2] if value else "0"
        return shortest
    if not math.isfinite(value):
        raise ValueError(f"{value} cannot stand in JSON")
    sign, shortest = ("-", shortest[1:]) if value < 0 else ("", shortest)
    mantissa, _, power = shortest.partition("e")
    whole, _, part = mantissa.partition(".")
    digits, exponent = whole + ("" if part == "0" else part), int(power) + 1
    if len(digits) <= exponent <= 21:
        return f"{sign}{digits}{'0' * (exponent - len(digits))}"
    if -6 < exponent <= 0:
        return f"{sign}0.{'0' * -exponent}{digits}"
    point = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{point}e{'+' if exponent > 0 else '-'}{abs(exponent - 1)}"


@without_collection()
def canonical(document: Any) -> bytes:
    """Canonical JSON of a document of dictionaries, sequences, texts, numbers, booleans and None."""
    return _Writer().text(document).encode()


def plain(document: Any) -> Any:
    """A document with every series as a list, for writers that know lists alone."""
    if isinstance(document, Series):
        return document.plain()
    if isinstance(document, Mapping):
        return {key: plain(value) for key, value in document.items()}
    if isinstance(document, list | tuple):
        return [plain(value) for value in document]
    return document


class _Writer:
    """Writes values as texts. Dictionaries with the same keys, which most have, share a template."""

    def __init__(self) -> None:
        self._templates: dict[tuple[str, ...], tuple[tuple[str, ...], str]] = {}
        self._write: dict[type, Callable[[Any], str]] = {
            str: _quoted,
            float: number_text,
            int: _whole_text,
            bool: lambda value: "true" if value else "false",
            type(None): lambda _: "null",
            Series: lambda series: series.text,
            dict: self._object,
            list: self._array,
            tuple: self._array,
        }

    def text(self, value: Any) -> str:
        """Canonical JSON of one value."""
        write = self._write.get(type(value))
        return self._other(value) if write is None else write(value)

    def _object(self, value: dict[str, Any]) -> str:
        keys = tuple(value)
        found = self._templates.get(keys)
        if found is None:
            found = self._templates[keys] = _template(keys)
        order, template = found
        known = self._write
        parts = []
        for key in order:
            item = value[key]
            write = known.get(type(item))
            parts.append(self._other(item) if write is None else write(item))
        return template % tuple(parts)

    def _array(self, value: Sequence[Any]) -> str:
        known = self._write
        parts = []
        for item in value:
            write = known.get(type(item))
            parts.append(self._other(item) if write is None else write(item))
        return f"[{','.join(parts)}]"

    def _other(self, value: Any) -> str:
        """What only behaves like one of the types of JSON."""
        if isinstance(value, str):
            return _quoted(str(value))
        if isinstance(value, Mapping):
            return self._object(dict(value))
        if isinstance(value, Sequence):
            return self._array(value)
        raise TypeError(f"{type(value).__name__} is no type of JSON")


def _template(keys: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """The keys in their canonical order (UTF-16 code units), and the text of the dictionary around its values."""
    ascii_only = all(key.isascii() for key in keys)
    order = sorted(keys) if ascii_only else sorted(keys, key=lambda key: key.encode("utf-16-be"))
    return tuple(order), f"{{{','.join(_quoted(key).replace('%', '%%') + ':%s' for key in order)}}}"


def _whole_text(value: int) -> str:
    if not -LARGEST_WHOLE <= value <= LARGEST_WHOLE:
        raise ValueError(f"{value} is no whole number that JSON keeps exactly")
    return str(value)
