"""A small standard, parts to put into it, and every kind of mistake that a file of the library can have.

A mistake is (what, (text of the good file, what stands there instead), part of the key, part of the remedy).
"""

from __future__ import annotations

GOOD = """
code: XX-TEST
name: {zh: 试, en: test}
issuer: {zh: 试, en: test}
country: XX
scope: {zh: 试, en: test}
classes:
  - {code: A, rank: 1, name: {zh: 甲, en: A}}
  - {code: B, rank: 2, name: {zh: 乙, en: B}}
editions:
  - edition: "1"
    title: {zh: 试, en: test}
    valid_from: 2020-01-01
    rounding: none
    sources:
      text: {title: A text}
    limits:
      - id: lead
        indicator: Pb
        compare: "<="
        value: "50"
        unit: mg/kg
        basis: dm
        clause: {zh: 一, en: one}
        source: text
        grade: A
      - id: acid
        indicator: pH
        compare: range
        low: "5.5"
        high: "8.5"
        unit: "-"
        basis: none
        clause: {zh: 二, en: two}
        source: text
        grade: C
"""
SECOND = """  - edition: "2"
    title: {zh: 试, en: test}
    valid_from: 2020-06-01
    rounding: none
    sources:
      text: {title: A text}
    limits:
      - id: lead
        indicator: Pb
        compare: declared
        basis: dm
        clause: {zh: 一, en: one}
        source: text
        grade: A
"""


def write(folder, text, name="XX-TEST.yaml"):
    (folder / name).write_text(text, encoding="utf-8")
    return folder


MISTAKES = [
    ("unknown key", ("        grade: A", "        grade: A\n        colour: red"), "colour", "unknown key"),
    ("missing unit", ("        unit: mg/kg\n", ""), "unit", "no unit of Pb; use one of"),
    ("unknown unit", ("unit: mg/kg", "unit: furlongs"), "unit", "no unit of Pb"),
    ("missing basis", ("        basis: dm\n", ""), "basis", "required"),
    ("basis left open", ("basis: dm", "basis: none"), "basis", "needs a basis"),
    ("basis where there is none", ("basis: none", "basis: dm"), "basis", "has no basis"),
    ("unknown basis", ("basis: dm", "basis: dry"), "basis", "'dm'"),
    ("missing clause", ("        clause: {zh: 一, en: one}\n", ""), "clause", "required"),
    ("clause in one language", ("{zh: 一, en: one}", "{zh: 一}"), "clause.en", "required"),
    (
        "unknown source",
        ("source: text\n        grade: A", "source: hearsay\n        grade: A"),
        "source",
        "add it to sources",
    ),
    ("missing grade", ("        grade: A\n", ""), "grade", "required"),
    ("unknown grade", ("grade: A\n", "grade: D\n"), "grade", "'A', 'B', 'B-' or 'C'"),
    ("unknown indicator", ("indicator: Pb", "indicator: Pbb"), "indicator", "did you mean Pb"),
    ("unknown comparison", ('compare: "<="', 'compare: "=<"'), "compare", "'<='"),
    ("number without quotes", ('value: "50"', "value: 50.0"), "value", "in quotes"),
    ("no number", ('value: "50"', 'value: "fifty"'), "value", "not a number"),
    ("missing value", ('        value: "50"\n', ""), "limit", "needs a value"),
    ("range upside down", ('low: "5.5"', 'low: "9.5"'), "limit", "exchange them"),
    ("range without end", ('        high: "8.5"\n', ""), "limit", "low and high"),
    ("value in a range", ('low: "5.5"', 'value: "5"\n        low: "5.5"'), "limit", "has no value"),
    ("bounds without range", ('value: "50"', 'value: "50"\n        low: "1"'), "limit", "belong to compare: range"),
    ("impossible date", ("2020-01-01", "2020-02-31"), "", "not YAML that can be read"),
    ("no date", ("2020-01-01", "soon"), "valid_from", "date"),
    (
        "ends before it starts",
        ("valid_from: 2020-01-01", "valid_from: 2020-01-01\n    valid_to: 2019-01-01"),
        "editions",
        "before",
    ),
    (
        "two editions on one day",
        ("        grade: C\n", "        grade: C\n" + SECOND),
        "editions",
        "two editions are valid",
    ),
    ("edition twice", ("        grade: C\n", "        grade: C\n" + SECOND.replace('"2"', '"1"')), "editions", "twice"),
    ("id twice", ("id: acid", "id: lead"), "id", "used twice"),
    ("key twice", ('        value: "50"\n', '        value: "50"\n        value: "60"\n'), "line", "written twice"),
    ("unknown class", ("        grade: A\n", "        grade: A\n        classes: [Z]\n"), "classes", "unknown class"),
    ("class twice", ("code: B, rank: 2", "code: A, rank: 2"), "classes", "twice"),
    ("one rank for two", ("rank: 2", "rank: 1"), "classes", "one rank"),
    ("code not the file's", ("code: XX-TEST", "code: XX-OTHER"), "code", "must be called"),
    ("code with small letters", ("code: XX-TEST", "code: xx-test"), "code", "pattern"),
    ("unknown rounding", ("rounding: none", "rounding: up"), "rounding", "'gbt8170'"),
    (
        "neither limits nor process",
        (GOOD[GOOD.index("    limits:") :], "    limits: []\n"),
        "editions.0",
        "write at least one",
    ),
    ("no editions and no reason", (GOOD[GOOD.index("editions:") :], ""), "", "unavailable"),
    (
        "plan with c above n",
        ("        grade: A\n", '        grade: A\n        plan: {n: 2, c: 3, m: "0", M: "50"}\n'),
        "plan",
        "more than n",
    ),
    (
        "plan with m above M",
        ("        grade: A\n", '        grade: A\n        plan: {n: 5, c: 3, m: "60", M: "50"}\n'),
        "plan",
        "exchange them",
    ),
    (
        "plan whose M is not the value",
        ("        grade: A\n", '        grade: A\n        plan: {n: 5, c: 3, m: "0", M: "60"}\n'),
        "limit",
        "must be the plan's M",
    ),
    ("mass without absence", ('value: "50"', 'value: "50"\n        in_mass_g: "25"'), "limit", "in_mass_g"),
    (
        "absent in nothing",
        ('compare: "<="\n        value: "50"', 'compare: absent\n        in_mass_g: "0"'),
        "limit",
        "above zero",
    ),
    (
        "mean without number",
        ("        grade: A\n", "        grade: A\n        statistic: geometric_mean\n"),
        "limit",
        "n (how many",
    ),
    (
        "change outside of the edition",
        (
            "        grade: A\n",
            '        grade: A\n        changes: [{valid_from: 2019-01-01, value: "40", source: text, grade: A}]\n',
        ),
        "changes.0.valid_from",
        "outside of this edition",
    ),
    (
        "sum of unlike things",
        ("        grade: A\n", "        grade: A\n        sum: [Cd, pH]\n"),
        "sum",
        "cannot be added",
    ),
    (
        "choice of one",
        (
            "      - id: acid\n",
            "      - id: choice\n        name: {zh: 一, en: one}\n        any_of: []\n      - id: acid\n",
        ),
        "any_of",
        "at least 2",
    ),
]

LAST = "        grade: C\n"
LEAD = "        grade: A\n"


def after_lead(text):
    """A key more for the limit on lead."""
    return (LEAD, LEAD + f"        {text}\n")


def edition_part(text):
    """Something more of the edition, after its limits."""
    return (LAST, LAST + text)


RULE = """    process:
      - id: heat
        name: {zh: 热, en: heat}
        any_of:
          - {id: hot, at_least: "55", days: "5", counting: consecutive}
        clause: {zh: 三, en: three}
        source: text
        grade: A
"""
SAMPLING = """    sampling:
      sub_samples: 5
      yearly: [{up_to_t: "10", samples: 1}, {samples: 2}]
      clause: {zh: 四, en: four}
      source: text
      grade: A
"""
DELEGATED = """      - id: cadmium
        indicator: Cd
        to: XX-TEST
        limit: lead
        clause: {zh: 五, en: five}
        source: text
        grade: A
"""
GROUP = """      - id: choice
        name: {zh: 一, en: one}
        any_of:
          - id: zinc
            indicator: Zn
            compare: "<="
            value: "5"
            unit: mg/kg
            basis: dm
            clause: {zh: 一, en: one}
            source: text
            grade: A
          - id: copper
            indicator: Cu
            compare: "<="
            value: "5"
            unit: mg/kg
            basis: dm
            clause: {zh: 一, en: one}
            source: text
            grade: A
"""
LEFT_TO = """    process:
      - id: heat
        to: XX-TEST
        rule: hot
        clause: {zh: 三, en: three}
        source: text
        grade: A
"""
FACTOR = """    conversions:
      - {of: organic_carbon, from: organic_matter, factor: "0.56", clause: {zh: 六, en: six}, source: text, grade: A}
"""


def changed(part, before, after):
    assert before in part
    return edition_part(part.replace(before, after, 1))


MISTAKES += [
    ("code of no class of codes", ("code: XX-TEST", "code: X_TEST"), "code", "pattern"),
    ("country in words", ("country: XX", "country: Freedonia"), "country", "pattern"),
    ("name in one language", ("name: {zh: 试, en: test}", "name: {zh: 试}"), "name.en", "required"),
    ("no scope", ("scope: {zh: 试, en: test}\n", ""), "scope", "required"),
    ("class without name", (", name: {zh: 甲, en: A}", ""), "classes.0.name", "required"),
    ("rank of nothing", ("rank: 1", "rank: 0"), "classes.0.rank", "greater than or equal to 1"),
    ("class with spaces", ("code: A, rank: 1", "code: A B, rank: 1"), "classes.0.code", "pattern"),
    ("edition without name", ('edition: "1"', 'edition: ""'), "edition", "pattern"),
    ("edition without title", ("    title: {zh: 试, en: test}\n", ""), "title", "required"),
    ("no sources", ("    sources:\n      text: {title: A text}\n", ""), "sources", "required"),
    ("source without title", ("{title: A text}", "{issuer: somebody}"), "sources.text.title", "required"),
    ("unknown key of a source", ("{title: A text}", "{title: A text, page: 4}"), "sources.text.page", "unknown key"),
    (
        "name that YAML takes for a yes",
        ("      text: {title: A text}", "      on: {title: A text}"),
        "sources",
        "quotes",
    ),
    ("grade of the dates", ("rounding: none", "rounding: none\n    dates_grade: D"), "dates_grade", "'A'"),
    ("unknown key of the edition", ("rounding: none", "rounding: none\n    colour: red"), "colour", "unknown key"),
    ("unknown key at the top", ("country: XX", "country: XX\ncolour: red"), "colour", "known here: classes, code"),
    ("id with spaces", ("id: lead", "id: lead and tin"), "id", "pattern"),
    ("integer is fine, a truth is not", ('value: "50"', "value: yes"), "value", "in quotes"),
    ("number that is none", ('value: "50"', 'value: "NaN"'), "value", "not a number"),
    ("float in a range", ('low: "5.5"', "low: 5.5"), "low", "in quotes"),
    ("unit of another quantity", ("unit: mg/kg", "unit: mS/cm"), "unit", "no unit of Pb; use one of mg/kg"),
    ("value beside absent", ('compare: "<="', "compare: absent"), "limit", "has no value"),
    ("value beside declared", ('compare: "<="', "compare: declared"), "limit", "has no value"),
    (
        "unavailable without why",
        ('compare: "<="\n        value: "50"', "compare: unavailable"),
        "limit",
        "needs a note that says why",
    ),
    ("unknown indicator in a sum", after_lead("sum: [Cd, Xx]"), "sum", "unknown indicator 'Xx'"),
    ("n without a mean", after_lead("n: 4"), "limit", "n (how many samples)"),
    ("moving average without n", after_lead("statistic: moving_average"), "limit", "n (how many samples)"),
    (
        "moving average without its 25 %",
        after_lead("statistic: moving_average\n        n: 4"),
        "limit",
        "single_over_percent",
    ),
    ("25 % without moving average", after_lead('single_over_percent: "25"'), "limit", "goes with moving_average"),
    (
        "moving average of a minimum",
        (
            'compare: "<="\n        value: "50"',
            'compare: ">="\n        value: "50"\n        statistic: moving_average\n        n: 4\n'
            '        single_over_percent: "25"',
        ),
        "limit",
        "goes with <= or <",
    ),
    ("mean of one", after_lead("statistic: geometric_mean\n        n: 1"), "n", "greater than or equal to 2"),
    ("unknown statistic", after_lead("statistic: median"), "statistic", "'sample'"),
    (
        "plan of a minimum",
        (
            'compare: "<="\n        value: "50"',
            'compare: ">="\n        value: "50"\n        plan: {n: 5, c: 0, m: "0", M: "50"}',
        ),
        "limit",
        "sampling plan goes with",
    ),
    ("plan without M", after_lead('plan: {n: 5, c: 0, m: "0"}'), "plan.M", "required"),
    (
        "change before the edition",
        after_lead('changes: [{valid_from: 2020-01-01, value: "40", source: text, grade: A}]'),
        "changes.0.valid_from",
        "outside of this edition",
    ),
    (
        "change after the edition",
        (
            GOOD[GOOD.index("    valid_from") : GOOD.index("        clause: {zh: 二")],
            GOOD[GOOD.index("    valid_from") : GOOD.index("        clause: {zh: 二")]
            .replace("    rounding", "    valid_to: 2021-01-01\n    rounding")
            .replace(LEAD, LEAD + '        changes: [{valid_from: 2022-01-01, value: "4", source: text, grade: A}]\n'),
        ),
        "changes.0.valid_from",
        "outside of this edition",
    ),
    (
        "changes out of order",
        after_lead(
            'changes: [{valid_from: 2022-01-01, value: "4", source: text, grade: A}, '
            '{valid_from: 2021-01-01, value: "5", source: text, grade: A}]'
        ),
        "limit",
        "in the order of their days",
    ),
    (
        "change without known source",
        after_lead('changes: [{valid_from: 2021-01-01, value: "4", source: rumour, grade: A}]'),
        "changes.0.source",
        "unknown source",
    ),
    (
        "change of a range",
        (
            '        high: "8.5"\n',
            '        high: "8.5"\n        changes: [{valid_from: 2021-01-01, value: "4", source: text, grade: A}]\n',
        ),
        "limit",
        "only a limit with a value",
    ),
    ("unknown fact", after_lead("when: [{fact: weather, is: [rain]}]"), "when.0.fact", "unknown fact 'weather'"),
    ("choice that a fact has not", after_lead("when: [{fact: use, is: [eaten]}]"), "when.0", "is no use; use own_use"),
    ("choice excluded that there is not", after_lead("when: [{fact: use, is_not: [eaten]}]"), "when.0", "is no use"),
    ("range for a fact with choices", after_lead('when: [{fact: use, at_least: "3"}]'), "when.0", "write is or is_not"),
    ("choice for a fact with a number", after_lead("when: [{fact: yearly_input_t, is: [much]}]"), "when.0", "is no"),
    ("condition that says nothing", after_lead("when: [{fact: use}]"), "when.0", "one of them"),
    (
        "condition that says two things",
        after_lead("when: [{fact: use, is: [sold], is_not: [own_use]}]"),
        "when.0",
        "one of them",
    ),
    (
        "condition on an unknown indicator",
        after_lead('when: [{indicator: P205, compare: ">=", value: "5", unit: "%", basis: ar}]'),
        "when.0",
        "did you mean P2O5",
    ),
    (
        "condition in a unit that does not fit",
        after_lead('when: [{indicator: P2O5, compare: ">=", value: "5", unit: mS/cm, basis: ar}]'),
        "when.0.unit",
        "is no unit of P2O5",
    ),
    (
        "condition with a float",
        after_lead('when: [{indicator: P2O5, compare: ">=", value: 5.5, unit: "%", basis: ar}]'),
        "when.0",
        "in quotes",
    ),
    ("unknown key of a condition", after_lead("when: [{fact: use, are: [sold]}]"), "when.0", "unknown key"),
    ("left to a standard that is not there", changed(DELEGATED, "to: XX-TEST", "to: XX-OTHER"), "cadmium.to", "not in"),
    ("left to a limit that is not there", changed(DELEGATED, "limit: lead", "limit: tin"), "cadmium.limit", "no limit"),
    ("left in a circle", changed(DELEGATED, "limit: lead", "limit: cadmium"), "cadmium.limit", "circle"),
    ("left to a limit on something else", edition_part(DELEGATED), "cadmium.indicator", "is on Pb"),
    ("left with an unknown source", changed(DELEGATED, "source: text", "source: rumour"), "source", "unknown source"),
    ("left with an unknown indicator", changed(DELEGATED, "indicator: Cd", "indicator: Xx"), "indicator", "unknown"),
    ("left with a value", changed(DELEGATED, "limit: lead", 'limit: lead\n        value: "3"'), "value", "unknown key"),
    ("choice without name", changed(GROUP, "        name: {zh: 一, en: one}\n", ""), "name", "required"),
    (
        "choice with an unknown rule",
        changed(GROUP, "any_of:", "untested: maybe\n        any_of:"),
        "untested",
        "'fail'",
    ),
    (
        "unit that does not fit in a choice",
        changed(GROUP, "unit: mg/kg", "unit: dS/m"),
        "any_of.0.unit",
        "no unit of Zn",
    ),
    ("id twice in a choice", changed(GROUP, "id: copper", "id: zinc"), "any_of.1.id", "used twice"),
    ("id of a choice twice", changed(GROUP, "id: choice", "id: lead"), "id", "used twice"),
    ("key that a choice has not", changed(GROUP, "any_of:", "grade: A\n        any_of:"), "grade", "unknown key"),
    ("process rule without time", changed(RULE, ' days: "5",', ""), "any_of.0", "either days or hours"),
    ("process rule with two times", changed(RULE, 'days: "5"', 'days: "5", hours: "5"'), "any_of.0", "either days or"),
    ("process rule with a float", changed(RULE, 'at_least: "55"', "at_least: 55.5"), "at_least", "in quotes"),
    ("unknown way to count days", changed(RULE, "consecutive", "roughly"), "counting", "'consecutive'"),
    ("unknown system", changed(RULE, "counting:", "systems: [heap], counting:"), "systems.0", "'windrow'"),
    ("turnings below nothing", changed(RULE, "counting:", "turnings: -1, counting:"), "turnings", "greater than or"),
    (
        "days to a turning without turnings",
        changed(RULE, "counting:", 'days_per_turning: "3", counting:'),
        "any_of.0",
        "needs turnings",
    ),
    ("unknown points", changed(RULE, "counting:", "points: most, counting:"), "points", "'every'"),
    (
        "process rule without a way",
        changed(RULE, RULE[RULE.index("        any_of") : RULE.index("        clause")], "        any_of: []\n"),
        "any_of",
        "at least 1",
    ),
    ("process rule with the id of a limit", changed(RULE, "id: heat", "id: lead"), "process.0.id", "used twice"),
    (
        "two ways of one name",
        changed(
            RULE,
            "        clause",
            '          - {id: hot, at_least: "60", days: "3", counting: consecutive}\n        clause',
        ),
        "process.0.id",
        "used twice",
    ),
    (
        "process rule of an unknown class",
        changed(RULE, "grade: A", "grade: A\n        classes: [Z]"),
        "classes",
        "class",
    ),
    ("process rule without known source", changed(RULE, "source: text", "source: rumour"), "source", "unknown source"),
    (
        "process rule with an unknown fact",
        changed(RULE, "grade: A", "grade: A\n        when: [{fact: x, is: [y]}]"),
        "when.0.fact",
        "unknown fact",
    ),
    (
        "process left to a standard that is not there",
        changed(LEFT_TO, "to: XX-TEST", "to: XX-NO"),
        "process.0.to",
        "not in",
    ),
    ("process left to a rule that is not there", edition_part(LEFT_TO), "process.0.rule", "no process rule hot"),
    (
        "steps out of order",
        changed(SAMPLING, '{up_to_t: "10", samples: 1}', '{up_to_t: "10", samples: 1}, {up_to_t: "5", samples: 1}'),
        "sampling",
        "from small to large",
    ),
    (
        "last step with an end",
        changed(SAMPLING, "{samples: 2}", '{up_to_t: "20", samples: 2}'),
        "sampling",
        "the last one",
    ),
    ("step without samples", changed(SAMPLING, "{samples: 2}", "{samples: 0}"), "samples", "greater than or equal"),
    (
        "sampling without known source",
        changed(SAMPLING, "source: text", "source: rumour"),
        "sampling",
        "unknown source",
    ),
    ("sampling without clause", changed(SAMPLING, "      clause: {zh: 四, en: four}\n", ""), "clause", "required"),
    (
        "factor and divisor",
        changed(FACTOR, 'factor: "0.56"', 'factor: "0.56", divisor: "2"'),
        "conversions.0",
        "either",
    ),
    ("factor of nothing", changed(FACTOR, 'factor: "0.56"', 'factor: "0"'), "conversions.0", "above zero"),
    ("factor of an unknown indicator", changed(FACTOR, "of: organic_carbon", "of: coal"), "of", "unknown indicator"),
    ("factor from an unknown indicator", changed(FACTOR, "from: organic_matter", "from: coal"), "from", "unknown"),
    (
        "requirement of an unknown class",
        edition_part(
            "    also_required:\n      - {text: {zh: 一, en: one}, clause: {zh: 一, en: one}, source: text, grade: A, "
            "classes: [Z]}\n"
        ),
        "also_required.0.classes",
        "unknown class",
    ),
    ("limit that says it is left to another", after_lead("delegated_from: XX-OTHER"), "delegated_from", "library sets"),
    (
        "process rule that says it is left to another",
        changed(RULE, "grade: A", "grade: A\n        delegated_from: XX-OTHER"),
        "delegated_from",
        "library sets",
    ),
    ("blank of the template", ('value: "50"', 'value: "<<number>>"'), "line 21", "is not filled in yet"),
    ("text and reason both", ("country: XX", "country: XX\nunavailable: {zh: 无, en: none}"), "", "not both"),
    ("a list instead of a mapping", (GOOD, "- code: XX-TEST\n"), "", "write a mapping"),
    ("an empty file", (GOOD, ""), "", "write a mapping"),
]
