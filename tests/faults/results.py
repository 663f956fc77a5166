"""The table of docs/reliability.md: what was run last takes the place of what was run before."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from scripts.console import ROOT

REPORT = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- results: written by make faults -->", "<!-- end of results -->"
ROW = re.compile(
    r"\| (?P<case>.+, .+) \| (?P<word>right|FAILED|not reached) \| (?P<secs>[\d.]+) \|"
)


@dataclass
class Result:
    group: str
    name: str
    seconds: float
    faults: list[str] = field(default_factory=list)
    # A point to die at that this run never came to.
    is_missed: bool = False

    @property
    def word(self) -> str:
        return "FAILED" if self.faults else "not reached" if self.is_missed else "right"


def write(results: Iterable[Result]) -> None:
    """What wasn't run this time keeps its row."""
    text = REPORT.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    told, _, after = rest.partition(END)
    rows = {row["case"]: (row["word"], float(row["secs"])) for row in ROW.finditer(told)}
    rows |= {f"{each.group}, {each.name}": (each.word, each.seconds) for each in results}
    lines = [*_summed_up(rows), "", "<details><summary>Every case</summary>", ""]
    lines += ["| case | result | seconds |", "| --- | --- | --- |"]
    lines += [f"| {case} | {word} | {seconds:.1f} |" for case, (word, seconds) in rows.items()]
    lines += ["", "</details>", ""]
    REPORT.write_text(before + BEGIN + "\n".join(lines) + END + after, encoding="utf-8")


def _summed_up(rows: dict[str, tuple[str, float]]) -> list[str]:
    groups: dict[str, list[tuple[str, float]]] = {}
    for case, row in rows.items():
        if row[0] != "not reached":
            groups.setdefault(_group_of(case), []).append(row)
    lines = ["", "| what goes wrong | cases | at rest and right | seconds |"]
    lines += ["| --- | --- | --- | --- |"]
    for group, found in groups.items():
        good = sum(word == "right" for word, _ in found)
        seconds = sum(seconds for _, seconds in found)
        lines.append(f"| {group} | {len(found)} | {good} | {seconds:.0f} |")
    return lines


def _group_of(case: str) -> str:
    """All before the kind of goods; a storm has none."""
    return re.split(r", (?=booking:|tickets:|subscription:|small$|number \d+$)", case)[0]
