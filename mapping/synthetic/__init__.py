"""Write synthetic case folders: invented people and places, calibrated to published hub figures."""

from __future__ import annotations

import tempfile
from pathlib import Path

from mapping.synthetic.case import Case, demo_case

__all__ = ["Case", "demo_case", "write_demo"]

MARK = Path("truth") / "figures.json"


def write_demo(folder: str | Path, *, children: int | None = None, seed: int = 1) -> Path:
    """Write a synthetic case folder with its geography and truth.

    Args:
        folder: where; it must not exist, be empty, or hold an earlier demo, which is replaced whole.
        children: how many children have anything on record; by default the case calibrated to published figures.
        seed: the same seed writes the same bytes.

    Returns:
        The folder.

    Raises:
        FileExistsError: if the folder holds anything but an earlier demo.
        NotADirectoryError: if it is a file.
        ValueError: if fewer children are asked for than the planted stories need.
    """
    target = Path(folder).resolve()
    validate_target(target)
    case = demo_case(children=children, seed=seed)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as beside:
        fresh, old = Path(beside) / "new", Path(beside) / "old"
        save_case(case, fresh)
        if target.exists():
            target.rename(old)
        fresh.rename(target)
    return target


def validate_target(target: Path) -> None:
    """Refuse a folder that holds anything but an earlier demo."""
    if target.exists() and not target.is_dir():
        msg = f"Cannot write a demo to {target}: it is a file. Name a folder."
        raise NotADirectoryError(msg)
    if target.exists() and any(target.iterdir()) and not (target / MARK).is_file():
        msg = f"Cannot write a demo to {target}: it is not empty and holds no earlier demo. Name another folder."
        raise FileExistsError(msg)


def save_case(case: Case, folder: Path) -> None:
    """Write a case into a new folder as UTF-8 files with Unix line ends."""
    (folder / "geography").mkdir(parents=True)
    (folder / "truth").mkdir()
    for name, table in case.tables.items():
        table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n", encoding="utf-8")
    for part, files in (("geography", case.geography), ("truth", case.truth)):
        for name, text in files.items():
            (folder / part / name).write_text(text, encoding="utf-8", newline="\n")
