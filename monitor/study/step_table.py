"""The steps that were advised in published cases beside those to be expected, as a table."""

from collections.abc import Iterable, Iterator

from monitor.study.scoring import CaseScore, CasesScore


def step_table(found: CasesScore) -> Iterator[str]:
    """Yield Markdown: one row a case that expects a step, then what they come to.

    The words are those of the cases. A step counts as advised if it was ever offered.
    """
    rows = [case for case in found.cases if case.steps_expected]
    yield "| Case | Grade | Expected, most urgent first | Not offered | Would be a fault |"
    yield "|---|---:|---|---|---|"
    for case in rows:
        missing = [word for word in case.steps_expected if word not in case.steps]
        grade = "n/a" if case.peak_grade < 0 else str(case.peak_grade)
        yield (
            f"| {case.id} | {grade} | {_words(case.steps_expected)} | {_words(missing)} "
            f"| {_words(case.must_not)} |"
        )
    yield ""
    wanted = sum(len(case.steps_expected) for case in rows)
    given = sum(_offered(case) for case in rows)
    first = sum(case.first_step_offered is True for case in rows)
    yield f"Steps expected: {wanted}, of these offered {given}."
    yield f"Most urgent step offered in {first} of {len(rows)} cases."
    yield f"Steps offered that would be a fault: {len(found.must_not_violations)}."


def _offered(case: CaseScore) -> int:
    return sum(word in case.steps for word in case.steps_expected)


def _words(words: Iterable[str]) -> str:
    return ", ".join(words) or "-"
