# Copyright (c) 2026, runbook.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Metric math: expressions over time series.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html. What is there: + - * / ^,
comparisons, AND OR, IF, FILL, SUM AVG MIN MAX (one series: a number; several: a series), ABS CEIL FLOOR, DIFF, RATE,
RUNNING_SUM, PERIOD, TIME_SERIES, METRICS and SEARCH.
"""

from __future__ import annotations

import itertools
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Series = dict[float, float]
Value = float | Series | list[Series] | str


class BadExpression(Exception):
    """The expression is none that CloudWatch takes, in words for its author."""


@dataclass(frozen=True)
class Names:
    """What an expression may name: the request's results so far, its buckets, and how to search for metrics."""

    results: Mapping[str, Value]
    metrics: Sequence[str]
    periods: Mapping[str, int]
    buckets: Sequence[float]
    search: Callable[[str, str, int], list[Series]]


_TOKEN = re.compile(
    r"\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?)|([A-Za-z_]\w*)|('[^']*'|\"[^\"]*\")|(<=|>=|==|!=|&&|\|\||[-+*/^()<>,\[\]]))"
)
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def evaluate(expression: str, names: Names) -> Value:
    """The value of an expression; BadExpression says what is wrong with it."""
    parser = _Parser(expression, names)
    value = parser.either()
    if parser.peek() is not None:
        raise BadExpression(f"unexpected {parser.peek()}")
    return value


def depends_on(expression: str) -> set[str]:
    """The ids that an expression names."""
    unquoted = re.sub(r"'[^']*'|\"[^\"]*\"", "", expression)
    return set(re.findall(r"\b[a-z]\w*", unquoted))


class _Parser:
    def __init__(self, text: str, names: Names) -> None:
        self._names = names
        self._tokens: list[str] = []
        place = 0
        text = text.rstrip()
        while place < len(text):
            found = _TOKEN.match(text, place)
            if not found:
                raise BadExpression(f"unexpected {text[place:].strip()[:10]}")
            self._tokens.append(found.group().strip())
            place = found.end()
        self._place = 0

    def peek(self) -> str | None:
        return self._tokens[self._place] if self._place < len(self._tokens) else None

    def _take(self, *wanted: str) -> str | None:
        token = self.peek()
        if token is not None and token.upper() in wanted:
            self._place += 1
            return token.upper()
        return None

    def _expect(self, token: str) -> None:
        if not self._take(token):
            raise BadExpression(f"{token} expected before {self.peek() or 'the end'}")

    def either(self) -> Value:
        value = self._both()
        while self._take("OR", "||"):
            value = _combine(lambda a, b: float(bool(a) or bool(b)), value, self._both())
        return value

    def _both(self) -> Value:
        value = self._comparison()
        while self._take("AND", "&&"):
            value = _combine(lambda a, b: float(bool(a) and bool(b)), value, self._comparison())
        return value

    def _comparison(self) -> Value:
        value = self._sum()
        sign = self._take(*_COMPARISONS)
        if sign:
            compare = _COMPARISONS[sign]
            value = _combine(lambda a, b: float(compare(a, b)), value, self._sum())
        return value

    def _sum(self) -> Value:
        value = self._product()
        while sign := self._take("+", "-"):
            value = _combine(operator.add if sign == "+" else operator.sub, value, self._product())
        return value

    def _product(self) -> Value:
        value = self._power()
        while sign := self._take("*", "/"):
            value = _combine(operator.mul if sign == "*" else _divide, value, self._power())
        return value

    def _power(self) -> Value:
        if self._take("-"):
            return _combine(operator.mul, -1.0, self._power())
        value = self._atom()
        return _combine(operator.pow, value, self._power()) if self._take("^") else value

    def _atom(self) -> Value:
        token = self.peek()
        if token is None:
            raise BadExpression("something is missing at the end")
        self._place += 1
        if token == "(":
            value = self.either()
            self._expect(")")
            return value
        if token == "[":
            return [_series(item) for item in self._arguments("]")]
        if token[0] in "'\"":
            return token[1:-1]
        if token[0].isdigit():
            return float(token)
        if token.isupper():
            return self._call(token)
        if token not in self._names.results:
            raise BadExpression(f"{token} is not the id of a query")
        return self._names.results[token]

    def _arguments(self, end: str) -> list[Value]:
        found: list[Value] = []
        while not self._take(end):
            found.append(self.either())
            if not self._take(","):
                self._expect(end)
                break
        return found

    def _call(self, name: str) -> Value:
        if name in ("REPEAT", "LINEAR"):
            return name
        self._expect("(")
        if name == "PERIOD":
            metric = self.peek() or ""
            self._place += 1
            self._expect(")")
            return float(self._names.periods.get(metric, 60))
        arguments = self._arguments(")")
        function = _FUNCTIONS.get(name)
        if function is None:
            raise BadExpression(f"the function {name} is not known here")
        try:
            return function(self._names, *arguments)
        except TypeError:
            raise BadExpression(f"wrong arguments for {name}") from None


def _series(value: Value) -> Series:
    if isinstance(value, dict):
        return value
    raise BadExpression("a time series is expected")


def _many(value: Value) -> list[Series]:
    return value if isinstance(value, list) else [_series(value)]


def _divide(a: float, b: float) -> float:
    # A division by zero has no data point.
    return a / b if b else math.nan


def _combine(function: Callable[[Any, Any], float], a: Value, b: Value) -> Value:
    """Element by element; two series meet only where both have a value."""
    if isinstance(a, str) or isinstance(b, str):
        raise BadExpression("a text cannot be calculated with")
    if isinstance(a, list):
        return [_series(_combine(function, item, b)) for item in a]
    if isinstance(b, list):
        return [_series(_combine(function, a, item)) for item in b]
    if isinstance(a, dict) and isinstance(b, dict):
        joined = {moment: function(a[moment], b[moment]) for moment in a if moment in b}
    elif isinstance(a, dict):
        joined = {moment: function(value, b) for moment, value in a.items()}
    elif isinstance(b, dict):
        joined = {moment: function(a, value) for moment, value in b.items()}
    else:
        return function(a, b)
    return {moment: value for moment, value in joined.items() if not math.isnan(value)}


def _aggregate(function: Callable[[Sequence[float]], float]) -> Callable[..., Value]:
    def apply(_names: Names, value: Value) -> Value:
        if isinstance(value, list):
            moments = sorted({moment for item in value for moment in item})
            return {moment: function([item[moment] for item in value if moment in item]) for moment in moments}
        found = list(_series(value).values())
        return function(found) if found else math.nan

    return apply


def _each(function: Callable[[float], float]) -> Callable[..., Value]:
    def apply(_names: Names, value: Value) -> Value:
        if isinstance(value, float):
            return function(value)
        changed = [{moment: function(one) for moment, one in item.items()} for item in _many(value)]
        return changed if isinstance(value, list) else changed[0]

    return apply


def _fill(names: Names, value: Value, filler: Value) -> Value:
    """Fills the gaps of a series that has data; one without any data stays empty."""
    if isinstance(value, list):
        return [_series(_fill(names, item, filler)) for item in value]
    series = _series(value)
    if not series:
        return series
    filled: Series = {}
    last: float | None = None
    for moment in names.buckets:
        if moment in series:
            last = filled[moment] = series[moment]
        elif isinstance(filler, float):
            filled[moment] = filler
        elif isinstance(filler, dict) and moment in filler:
            filled[moment] = filler[moment]
        elif filler == "REPEAT" and last is not None:
            filled[moment] = last
        elif filler == "LINEAR" and last is not None:
            following = min((later for later in series if later > moment), default=None)
            before = max(earlier for earlier in series if earlier < moment)
            if following is not None:
                share = (moment - before) / (following - before)
                filled[moment] = series[before] + share * (series[following] - series[before])
    return filled


def _if(_names: Names, condition: Value, then: Value, otherwise: Value | None = None) -> Value:
    def chosen(moment: float | None, value: Value | None) -> float:
        if isinstance(value, dict):
            return value.get(moment, math.nan) if moment is not None else math.nan
        return value if isinstance(value, float) else math.nan

    if isinstance(condition, float):
        return then if condition else (otherwise if otherwise is not None else {})
    result = {moment: chosen(moment, then if yes else otherwise) for moment, yes in _series(condition).items()}
    return {moment: value for moment, value in result.items() if not math.isnan(value)}


def _steps(value: Value, function: Callable[[float, float, float], float]) -> Series:
    moments = sorted(_series(value).items())
    return {
        later: function(now - before, later - earlier, now)
        for (earlier, before), (later, now) in itertools.pairwise(moments)
    }


def _running_sum(_names: Names, value: Value) -> Value:
    total, found = 0.0, {}
    for moment, one in sorted(_series(value).items()):
        total += one
        found[moment] = total
    return found


def _metrics(names: Names, part: Value = "") -> Value:
    return [_series(names.results[name]) for name in names.metrics if str(part) in name]


def _search(names: Names, text: Value, statistic: Value, period: Value = 300.0) -> Value:
    if not isinstance(period, float):
        raise BadExpression("the period of SEARCH must be a number")
    return names.search(str(text), str(statistic), int(period))


_FUNCTIONS: dict[str, Callable[..., Value]] = {
    "SUM": _aggregate(math.fsum),
    "AVG": _aggregate(lambda values: math.fsum(values) / len(values)),
    "MIN": _aggregate(min),
    "MAX": _aggregate(max),
    "ABS": _each(abs),
    "CEIL": _each(lambda value: float(math.ceil(value))),
    "FLOOR": _each(lambda value: float(math.floor(value))),
    "FILL": _fill,
    "IF": _if,
    "DIFF": lambda _names, value: _steps(value, lambda change, _seconds, _now: change),
    "RATE": lambda _names, value: _steps(value, lambda change, seconds, _now: change / seconds),
    "RUNNING_SUM": _running_sum,
    "TIME_SERIES": lambda names, value: dict.fromkeys(names.buckets, value),
    "METRICS": _metrics,
    "SEARCH": _search,
}
