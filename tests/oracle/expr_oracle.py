#!/usr/bin/env python3
"""Compares random expressions over random data with Jinja2.

usage: expr_oracle.py PROGRAM [COUNT] [SEED]

PROGRAM is build/<flavour>/tests/oracle/expr_lines. Exits 0 where all agree, 77 where Jinja2 is
not installed. Known departures are built into the oracle: an undefined value `is none`;
integers beyond 64 bits and numbers that are not finite are errors; iterators are lists.
"""

import json
import math
import random
import subprocess
import sys
import types
import warnings

try:
    import jinja2
    from jinja2.runtime import Undefined
    from jinja2.sandbox import SandboxedEnvironment
except ImportError:
    print("skipped: Jinja2 is not installed")
    sys.exit(77)

warnings.filterwarnings("ignore")
sys.setrecursionlimit(10000)

# ---- the oracle ----


class TooBig(Exception):
    pass


def undefined_or_none(value):
    return value is None or isinstance(value, Undefined)


def concrete(function):
    """Filters that give iterators give lists."""

    def wrapped(*args, **kwargs):
        return list(function(*args, **kwargs))

    for mark in ("jinja_pass_arg",):
        if hasattr(function, mark):
            setattr(wrapped, mark, getattr(function, mark))
    return wrapped


def split(value, sep=None, maxsplit=-1):
    if not isinstance(value, str):
        raise TypeError("not a string")
    return value.split(sep, maxsplit)


def mapping(function):
    def wrapped(value):
        if isinstance(value, Undefined):
            return []
        if not isinstance(value, dict):
            raise TypeError("not a mapping")
        return [list(x) if isinstance(x, tuple) else x for x in function(value)]

    return wrapped


def reverse(value):
    return value[::-1] if isinstance(value, str) else list(reversed(value))


class Oracle(SandboxedEnvironment):
    """Gives up on results that would take Python minutes."""

    intercepted_binops = frozenset(["**", "*"])

    def call_binop(self, context, operator, left, right):
        if isinstance(right, (int, float)) and isinstance(left, (int, float)):
            if operator == "**" and abs(right) > 1000:
                raise TooBig
        elif operator == "*":
            sizes = [abs(side) for side in (left, right) if isinstance(side, int)]
            if sizes and max(sizes) > 1000:
                raise TooBig
        return super().call_binop(context, operator, left, right)


def environment():
    env = Oracle(optimized=False)
    env.tests["none"] = undefined_or_none
    for name in ("map", "select", "reject", "selectattr", "rejectattr", "unique"):
        env.filters[name] = concrete(env.filters[name])
    env.filters["reverse"] = reverse
    env.filters["split"] = split
    env.filters["keys"] = mapping(dict.keys)
    env.filters["values"] = mapping(dict.values)
    env.filters["items"] = mapping(dict.items)
    return env


def plain(value):
    """As JSON has it, with numbers as ("int", n) and ("float", x)."""
    if isinstance(value, Undefined):
        return ("undefined",)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise TooBig
        return ("int", value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise TooBig
        return ("float", value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, types.GeneratorType)):
        return [plain(item) for item in value]
    raise TypeError(type(value))


def ask_jinja(env, expr, context):
    try:
        compiled = env.compile_expression(expr, undefined_to_none=False)
    except (jinja2.TemplateSyntaxError, SyntaxError) as error:
        return ("syntax", str(error))
    except (OverflowError, MemoryError, RecursionError):
        return None
    try:
        return ("value", plain(compiled(**context)))
    except (TooBig, RecursionError, MemoryError):
        return None
    except Exception as error:  # noqa: BLE001 - every failure of the template counts
        return ("error", f"{type(error).__name__}: {error}")


def read_answer(line):
    answer = json.loads(
        line, parse_int=lambda s: ("int", int(s)), parse_float=lambda s: ("float", float(s))
    )
    if "ok" in answer:
        return ("value", answer["ok"])
    if "undefined" in answer:
        return ("value", ("undefined",))
    kind = next(iter(answer))
    return (kind, answer[kind])


# ---- random data and expressions ----

NAMES = ["r", "a", "b", "c", "n", "s", "missing"]
KEYS = ["id", "data", "page", "total", "next", "x", "none_such", "name"]
STRINGS = ["", "a", "abc", "A b", "12", " 7 ", "1.9", "-3", "true", "1e2", "x'y", 'q"z', "é€ß",
           "a,b,c", "0x1f", "1_000", "<&>", "Zz\n", "  pad  ", "+5", ".5", "5."]
NUMBERS = ["0", "1", "2", "3", "7", "10", "-1", "-7", "35", "100", "0.5", "1.5", "2.0", "-2.5", "0.1",
           "1e3", "2.675", "1234.5678", "9007199254740993", "1e16", "1e-7", "0.30000000000000004"]


class Maker:
    def __init__(self, seed):
        self.rng = random.Random(seed)

    def pick(self, items):
        return self.rng.choice(items)

    # data

    def data(self, depth):
        kind = self.rng.random()
        if depth == 0 or kind < 0.45:
            return self.pick([None, True, False, self.pick(STRINGS), self.pick(STRINGS),
                              json.loads(self.pick(NUMBERS)), json.loads(self.pick(NUMBERS))])
        if kind < 0.55:
            return [self.rng.randint(-5, 40) for _ in range(self.rng.randint(0, 5))]
        if kind < 0.65:
            return [self.pick(STRINGS) for _ in range(self.rng.randint(0, 4))]
        if kind < 0.72:
            return [self.record() for _ in range(self.rng.randint(0, 4))]
        if kind < 0.82:
            return [self.data(depth - 1) for _ in range(self.rng.randint(0, 4))]
        return {self.pick(KEYS): self.data(depth - 1) for _ in range(self.rng.randint(0, 4))}

    def record(self):
        record = {"id": self.rng.randint(0, 9), "name": self.pick(STRINGS)}
        if self.rng.random() < 0.3:
            record["x"] = self.data(1)
        return record

    def context(self):
        context = {name: self.data(2) for name in NAMES[:-1]}
        context["r"] = {key: self.data(2) for key in KEYS if self.rng.random() < 0.6}
        if self.rng.random() < 0.5:
            context["n"] = json.loads(self.pick(NUMBERS))
        if self.rng.random() < 0.5:
            context["s"] = self.pick(STRINGS)
        if self.rng.random() < 0.5:
            context["a"] = [self.record() for _ in range(self.rng.randint(0, 4))]
        return context

    # expressions

    def string(self):
        text = self.pick(STRINGS)
        text = text.replace("\\", "\\\\").replace("\n", "\\n")
        if self.rng.random() < 0.5:
            return "'" + text.replace("'", "\\'") + "'"
        return '"' + text.replace('"', '\\"') + '"'

    def atom(self):
        return self.pick([
            lambda: self.pick(NUMBERS).lstrip("-"),
            lambda: self.pick(NUMBERS).lstrip("-"),
            self.string,
            self.string,
            lambda: self.pick(["true", "False", "none", "None", "true"]),
            self.path, self.path, self.path, self.path,
        ])()

    def path(self):
        text = self.pick(NAMES)
        for _ in range(self.rng.choice([0, 0, 1, 1, 2])):
            text += self.pick([
                lambda: "." + self.pick(KEYS), lambda: "." + self.pick(KEYS),
                lambda: "['" + self.pick(KEYS) + "']",
                lambda: "[" + self.pick(["0", "1", "-1", "-3"]) + "]", lambda: ".0",
                lambda: "[" + self.slice() + "]",
            ])()
        return text

    def slice(self):
        bound = lambda: self.pick(["", "", "1", "-1", "2", "0", "-7", "9", "none", "n"])
        text = bound() + ":" + bound()
        if self.rng.random() < 0.4:
            text += ":" + self.pick(["1", "-1", "2", "-2", "0", ""])
        return text

    def format(self):
        return "'" + self.pick(["%s", "%d", "a%sb%s", "%5d|", "%-6s|", "%05d", "%.2f", "%x", "%s%%", "%+d", "% d", "%r",
                                "%.1s", "%8.3f", "%e", "%g", "%(id)s", "%", "%q", "%5s", "%s %d"]) + "'"

    def filter(self, depth):
        arg = lambda: self.expr(0)
        plain_filters = ["default", "int", "float", "string", "length", "lower", "upper", "trim", "split",
                         "round", "abs", "first", "last", "join", "tojson", "urlencode", "min", "max", "sum",
                         "sort", "unique", "reverse", "list", "keys", "values", "items"]
        if self.rng.random() < 0.6:
            return self.pick(plain_filters)
        return self.pick([
            lambda: f"default({arg()})", lambda: f"default({arg()}, true)",
            lambda: f"default({arg()}, boolean=True)", lambda: f"int({arg()})",
            lambda: f"int(0, {self.pick(['16', '8', '2', '10', '36', '0'])})", lambda: f"float({arg()})",
            lambda: f"trim({self.string()})", lambda: f"replace({self.string()}, {self.string()})",
            lambda: f"replace({self.string()}, {self.string()}, {self.pick(['0', '1', '2'])})",
            lambda: f"split({self.string()})", lambda: f"split(none, {self.pick(['0', '1', '2', '-1'])})",
            lambda: f"round({self.pick(['0', '1', '2', '-1', '-2'])})",
            lambda: f"round({self.pick(['0', '1', '2'])}, '{self.pick(['common', 'ceil', 'floor'])}')",
            lambda: f"join({self.string()})", lambda: f"join(',', attribute='{self.pick(KEYS)}')",
            lambda: f"min(attribute='{self.pick(KEYS)}')", lambda: f"max(attribute='{self.pick(KEYS)}')",
            lambda: f"sum(attribute='{self.pick(KEYS)}')", lambda: f"sum(start={arg()})",
            lambda: f"sort(attribute='{self.pick(['id', 'name', 'id,name', 'name,id', 'x'])}')",
            lambda: "sort(reverse=true)", lambda: "sort(case_sensitive=true)",
            lambda: f"unique(attribute='{self.pick(KEYS)}')", lambda: "unique(case_sensitive=true)",
            lambda: f"map(attribute='{self.pick(KEYS + ['x.id', '0', 'name.0'])}')",
            lambda: f"map(attribute='{self.pick(KEYS)}', default={arg()})",
            lambda: f"map('{self.pick(plain_filters)}')", lambda: f"map('default', {arg()})",
            lambda: f"selectattr('{self.pick(KEYS)}')", lambda: f"rejectattr('{self.pick(KEYS)}')",
            lambda: f"selectattr('{self.pick(KEYS)}', '{self.pick(['equalto', 'gt', 'in', '==', 'ne'])}', {arg()})",
            lambda: f"rejectattr('{self.pick(KEYS)}', '{self.pick(['defined', 'none', 'string', 'odd'])}')",
            lambda: f"tojson(indent={self.pick(['0', '1', '2'])})",
        ])()

    def test(self):
        no = self.pick(["", "", "not "])
        simple = self.pick(["defined", "undefined", "none", "number", "integer", "string", "boolean",
                            "mapping", "sequence", "odd", "even", "float", "true", "false", "iterable"])
        with_arg = self.pick(["divisibleby", "equalto", "in", "gt", "ge", "lt", "le", "eq", "ne"])
        if self.rng.random() < 0.6:
            return no + simple
        return f"{no}{with_arg}({self.expr(0)})" if self.rng.random() < 0.6 else f"{no}{with_arg} {self.atom()}"

    def expr(self, depth):
        if depth <= 0:
            return self.atom()
        sub = lambda: self.expr(depth - 1)
        return self.pick([
            lambda: sub(),
            lambda: f"{sub()} {self.pick(['+', '-', '*', '/', '//', '%', '~', '+', '-', '~'])} {sub()}",
            lambda: f"{sub()} {self.pick(['+', '-', '*', '/', '//', '%', '~', '+', '-', '~'])} {sub()}",
            lambda: f"{sub()} ** {self.pick(['2', '3', '0', '-1', '0.5', 'n'])}",
            lambda: f"{sub()} {self.pick(['==', '!=', '<', '<=', '>', '>='])} {sub()}",
            lambda: f"{sub()} {self.pick(['==', '!=', '<', '<=', '>', '>='])} {sub()}",
            lambda: f"{sub()} {self.pick(['in', 'not in'])} {sub()}",
            lambda: f"{sub()} {self.pick(['<', '==', '>='])} {sub()} {self.pick(['<', '==', '!='])} {sub()}",
            lambda: f"{sub()} {self.pick(['and', 'or'])} {sub()}",
            lambda: f"{sub()} {self.pick(['and', 'or'])} {sub()}",
            lambda: f"not {sub()}", lambda: f"-{sub()}", lambda: f"+{sub()}",
            lambda: f"({sub()})", lambda: f"({sub()})",
            lambda: f"{sub()} if {sub()} else {sub()}", lambda: f"{sub()} if {sub()}",
            lambda: f"[{sub()}, {sub()}]", lambda: f"[{sub()}]", lambda: f"[{sub()}, {sub()}][{self.slice()}]",
            lambda: f"{{'{self.pick(KEYS)}': {sub()}, '{self.pick(KEYS)}': {sub()}}}",
            lambda: f"{self.path()}.get('{self.pick(KEYS)}')",
            lambda: f"{self.path()}.get('{self.pick(KEYS)}', {sub()})",
            lambda: f"({sub()})['{self.pick(KEYS)}']", lambda: f"({sub()}).{self.pick(KEYS)}",
            lambda: f"({sub()})[{sub()}]",
            lambda: f"{sub()} | {self.filter(depth)}", lambda: f"{sub()} | {self.filter(depth)}",
            lambda: f"{sub()} | {self.filter(depth)}", lambda: f"({sub()}) | {self.filter(depth)}",
            lambda: f"({sub()}) | {self.filter(depth)} | {self.filter(depth)}",
            lambda: f"{self.path()} | {self.filter(depth)} | {self.filter(depth)}",
            lambda: f"({self.path()} is {self.test()})", lambda: f"(({sub()}) is {self.test()})",
            lambda: f"({sub()} is {self.test()})", lambda: f"{self.path()} is {self.test()} and {sub()}",
            lambda: f"{self.path()} is {self.test()} or {sub()}",
            lambda: f"{sub()} if {self.path()} is {self.test()} else {sub()}",
            lambda: f"{self.format()} % {sub()}", lambda: f"({self.format()} % ({sub()}, {sub()}))",
        ])()


# ---- comparison ----


def numbers_agree(a, b):
    return a[0] == b[0] and (a[1] == b[1] or (a[0] == "float" and math.isclose(a[1], b[1], rel_tol=1e-15)))


def agree(want, got):
    if isinstance(want, tuple) and isinstance(got, tuple) and len(want) == len(got) == 2:
        return numbers_agree(want, got)
    if type(want) is not type(got):
        # What an undefined element becomes inside a container is not compared.
        return want == ("undefined",) and got is None
    if isinstance(want, list):
        return len(want) == len(got) and all(map(agree, want, got))
    if isinstance(want, dict):
        return want.keys() == got.keys() and all(agree(want[key], got[key]) for key in want)
    return want == got


def stricter(want, got):
    """Jinja2 takes a keyword for a name, or for a test's argument; here it is a syntax error."""
    if "chunk after expression" in str(want[1]) or "'if' is undefined" in str(want[1]):
        return True
    if "a negative number cannot be raised" in str(got[1]):
        return True  # a complex number in Python
    if "beyond the 64 bits" in str(got[1]) or "Markup(" in str(want[1]):
        return True
    return got[0] == "syntax" and "found 'not'" in got[1]


def main():
    program = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 2000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.SystemRandom().randrange(10**9)
    maker, env = Maker(seed), environment()
    cases = []
    while len(cases) < count:
        context, expr = maker.context(), maker.expr(maker.rng.choice([1, 2, 2, 3]))
        want = ask_jinja(env, expr, context)
        if want is not None:
            cases.append((expr, context, want))
    lines = "".join(json.dumps({"context": context, "expr": expr}) + "\n" for expr, context, _ in cases)
    answers = subprocess.run([program], input=lines, capture_output=True, text=True, check=True)
    got_lines = answers.stdout.split("\n")
    wrong = values = 0
    for (expr, context, want), line in zip(cases, got_lines):
        got = read_answer(line)
        values += want[0] == "value"
        if want[0] == got[0] and (want[0] != "value" or agree(want[1], got[1])):
            continue
        if stricter(want, got):
            continue
        wrong += 1
        if wrong <= 40:
            print(f"differs: {expr}\n  data:  {json.dumps(context)}\n  jinja: {want}\n  ours:  {got}")
    print(f"{count} expressions, {values} of them with a value, {wrong} differ (seed {seed})")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
