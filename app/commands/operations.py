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
    print_notes,
    report,
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

    settings = viewed(as_of, viewer)
    finding.validate_viewer(settings["viewer"])
    out = out.resolve()
    validate_out(out, finding.FILES)
    from app import analysis

    result = analysis.analyse(
        case,
        geography=geography,
        dates=dates.value,
        progress=report,
        seed=seed,
        grades=grades.value,
        **settings,
    )
    finding.save(result, out)
    print_notes((*result.summary["notes"], *result.operations.notes))
    for line in finding.listed(result.operations):
        print(line)
    print(f"{finding.answer(result.operations)} Written to {out}.")
