"""The command `duplicates`."""

from __future__ import annotations

from typing import Annotated

import typer

from app.options import (
    AsOfOption,
    Case,
    Dates,
    DatesOption,
    DecisionsOption,
    GeographyOption,
    OutOption,
    Role,
    RoleOption,
    SeedOption,
    print_notes,
    usage,
    viewed,
)


def duplicates(
    case: Case,
    *,
    out: OutOption,
    geography: GeographyOption = None,
    decisions: DecisionsOption = None,
    as_of: AsOfOption = None,
    dates: DatesOption = Dates.iso,
    viewer: RoleOption = Role.analyst,
    threshold: Annotated[
        float | None,
        typer.Option(
            metavar="BITS",
            help="Match weight from which a pair is suggested; docs/methods.md says what it is.",
        ),
    ] = None,
    seed: SeedOption = 0,
) -> None:
    """Suggest which people may be recorded twice; nothing is merged by it."""
    from app.pairs import duplicate_pairs
    from app.results import save_tables, validate_out
    from mapping.duplicates import THRESHOLD_WEIGHT

    if viewer is Role.planner:
        usage("--viewer planner sees wards, not people, so there is nobody to compare.")
    validate_out(out.resolve(), ("duplicates.parquet", "summary.json"))
    found, summary = duplicate_pairs(
        case,
        geography=geography,
        decisions=decisions,
        dates=dates.value,
        threshold_weight=THRESHOLD_WEIGHT if threshold is None else threshold,
        seed=seed,
        **viewed(as_of, viewer),
    )
    save_tables(out.resolve(), {"duplicates": found}, summary)
    print_notes(summary["notes"])
    counts = summary["pairs"]
    print(
        f"{counts['suggested']:,} pairs of {summary['people']:,} people may be one person; "
        f"{counts['same']:,} judged to be one, {counts['different']:,} to be two. Written to {out}."
    )
