"""Analyse a case, compare it with a month before, and list candidate operations, as one program.

    python benchmarks/everything.py CASE OUT

benchmarks/scale.py times it beside the textbook program, which does only a part of the first of the three.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from app import operations
from app.analysis import Clock, Settings, analyse_records, load_case, load_geography, save_results
from app.comparison import compared

MONTH = timedelta(days=30)


def main(case: Path, out: Path) -> None:
    places = load_geography(case)
    records = load_case(case, places)
    settings = Settings()
    now = analyse_records(records, places, settings, wait=False, clock=Clock(None))
    save_results(now, out / "analyse")
    before = analyse_records(
        records, places, replace(settings, as_of=now.as_of - MONTH), wait=False, clock=Clock(None)
    )
    compared(before, now).save(out / "compare")
    operations.save(now, out / "operations")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
