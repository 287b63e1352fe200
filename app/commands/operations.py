"""The command `operations`."""

from __future__ import annotations

from app.options import (
    AsOfOption,
    Case,
    Dates,
    DatesOption,
    GeographyOption,
    Grades,
    GradesOption,
    OutOption,
    Role,
    RoleOption,
    SeedOption,
    analysed,
    print_notes,
    viewed,
)


def operations(
    case: Case,
    *,
    out: OutOption,
    geography: GeographyOption = None,
    as_of: AsOfOption = None,
    dates: DatesOption = Dates.iso,
    grades: GradesOption = Grades.all,
    viewer: RoleOption = Role.analyst,
    seed: SeedOption = 0,
) -> None:
    """List candidate multi-victim operations: adults, things and places that share children."""
    from app import operations as finding
    from app.results import validate_out

    finding.validate_viewer(viewed(as_of, viewer)["viewer"])
    out = out.resolve()
    validate_out(out, finding.FILES)
    result = analysed(
        case, geography=geography, dates=dates, as_of=as_of, viewer=viewer, seed=seed, grades=grades.value
    )
    finding.save(result, out)
    print_notes((*result.summary["notes"], *result.operations.notes))
    for line in finding.listed(result.operations):
        print(line)
    print(f"{finding.answer(result.operations)} Written to {out}.")
