"""Load a case once for everyone who may see the same: the only module that keeps anything loaded."""

from __future__ import annotations

import hashlib
import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import pandas as pd
import streamlit as st

from app import log, state, words
from app.analysis import Analysis, Settings, analyse_records, load_case, load_geography
from geo.files import Geography
from mapping.access import Viewer, visible
from mapping.additions import Addition, load_additions
from mapping.apart import Progress
from mapping.checkouts import find_case
from mapping.duplicates import FAR_WEIGHT, compared, score_pairs
from mapping.merging import Identities, load_identities
from mapping.records import Records
from mapping.scope import latest_date
from mapping.tables import CaseError

if TYPE_CHECKING:
    from mapping.omissions import Omissions

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "data" / "synthetic" / "demo"
MOST_ANSWERS = 300
EVERY_GRADE = "all"
Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")
_PATIENCE = 0.05
_UNKNOWN: Any = object()
_TURNS = threading.Semaphore(2)


def case_named() -> str:
    """Return what names the case to show, a folder or a store's URL: the argument after `--`, else CONTEXTMAP_CASE, else the demo."""
    arguments = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    if Path(sys.argv[0]).name == "main.py" and arguments:
        return arguments[0]
    return os.environ.get("CONTEXTMAP_CASE") or str(DEMO)


def case_folder() -> Path:
    """Return the folder of the case to show; a store's case is written out again after each import."""
    return find_case(case_named())


def fingerprint(folder: Path) -> str:
    """Return a short text that changes whenever a file of the case does."""
    files = sorted(folder.rglob("*")) if folder.is_dir() else [folder]
    seen = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files if file.is_file()]
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Question:
    """What one user asks of a case: everything their answer depends on, and so the key of every cache."""

    folder: str
    fingerprint: str
    role: str
    as_of: date | None
    grades: str
    identities: Identities = field(default_factory=Identities)
    additions: tuple[Addition, ...] = ()

    @property
    def viewer(self) -> Viewer:
        """Who asks: what this viewer may see decides what the answer is built from."""
        return Viewer(self.role)

    @property
    def name(self) -> str:
        """What the case is called: the name of its folder."""
        return Path(self.folder).resolve().name

    @property
    def key(self) -> str:
        """One text that tells this question from every other."""
        return repr(
            (
                self.folder,
                self.fingerprint,
                self.viewer,
                self.as_of,
                self.grades,
                self.identities,
                self.additions,
            )
        )


@dataclass
class Reading:
    """A case as read, before anyone's view of it is worked out; shared by every question about it."""

    folder: Path
    additions: tuple[Addition, ...] = ()
    places: Geography | None = None
    records: Records | None = None
    turn: Any = field(default_factory=threading.Lock)

    def read(self, tell: Callable[[str, float], None]) -> tuple[Records, Geography | None]:
        """Return the records and the geography, reading them the first time."""
        with self.turn:
            if self.records is None:
                began = time.perf_counter()
                self.places = load_geography(self.folder)
                tell("reading geography", time.perf_counter() - began)
                began = time.perf_counter()
                self.records = load_case(self.folder, self.places, additions=self.additions)
                tell("reading records", time.perf_counter() - began)
            return self.records, self.places


@dataclass
class Beside:
    """What takes long, worked out while the pages are already in use.

    Attributes
    ----------
    what : as a sentence goes on with it: "... could not be worked out".
    """

    what: str
    found: Any = None
    failed: bool = False
    told: tuple[int, int] = (0, 0)
    asked: bool = False
    begun: bool = False

    def ask(self, work_out: Callable[[Progress], Any], *, at_once: bool = False) -> None:
        """Begin when asked for the second time, as the line on the page does: the page that asks first is drawn first."""
        if (self.asked or at_once) and not self.begun:
            self.begun = True
            threading.Thread(target=self.run, args=(work_out,), daemon=True).start()
        self.asked = True

    def run(self, work_out: Callable[[Progress], Any]) -> None:
        """Work it out (in a thread of its own); two such works at most are done at one time."""
        try:
            with _TURNS:
                self.found = work_out(self._tell)
        except Exception:
            logging.getLogger(__name__).exception("%s could not be worked out", self.what)
            self.failed = True

    def _tell(self, done: int, of: int) -> None:
        self.told = (done, of)


@dataclass
class Work:
    """An analysis under way or done; it runs on when the page that asked for it is left.

    It is `there` when the records are read, which is enough for what is about places, and `linked` when people
    are too. People are linked when a page first asks for it.
    """

    question: Question
    reading: Reading
    stages: list[tuple[str, float]] = field(default_factory=list)
    analysis: Analysis | None = None
    error: Exception | None = None
    there: threading.Event = field(default_factory=threading.Event)
    linked: threading.Event = field(default_factory=threading.Event)
    turn: Any = field(default_factory=threading.RLock)
    answers: dict[Any, Any] = field(default_factory=dict)
    check: Beside = field(default_factory=lambda: Beside("How sure groups and contacts are"))
    omissions: Beside = field(default_factory=lambda: Beside("What would not be seen without some people"))
    linking: Any = field(default_factory=threading.Lock)

    def begin(self) -> Work:
        """Start reading, in a thread of its own."""
        threading.Thread(target=self._run, args=(self._read, self.there), daemon=True).start()
        return self

    def link(self) -> Work:
        """Start linking people, in a thread of its own, unless it has been started."""
        if self.linking.acquire(blocking=False):
            threading.Thread(target=self._run, args=(self._link, self.linked), daemon=True).start()
        return self

    def _run(self, step: Callable[[], None], done: threading.Event) -> None:
        try:
            step()
        except (CaseError, ValueError, FileNotFoundError) as error:  # shown by the page that waits
            self.error = error
        except Exception as error:
            logging.getLogger(__name__).exception("The case could not be read")
            self.error = error
        finally:
            done.set()

    def _read(self) -> None:
        records, places = self.reading.read(self._tell)
        asked = self.question
        settings = Settings(
            as_of=asked.as_of, grades=asked.grades, viewer=asked.viewer, identities=asked.identities
        )
        self.analysis = analyse_records(records, places, settings, linked=False, progress=self._tell)

    def _link(self) -> None:
        self.there.wait()
        if self.analysis is not None:
            # Pages ask the same connection meanwhile, for what is about places.
            with self.turn:
                self.analysis.link()

    def _tell(self, stage: str, seconds: float) -> None:
        self.stages.append((stage, seconds))


@st.cache_resource(show_spinner=False, max_entries=2)
def _reading(folder: str, fingerprint: str, additions: tuple[Addition, ...]) -> Reading:  # noqa: ARG001  part of the key of the cache
    return Reading(Path(folder), additions)


@st.cache_resource(show_spinner=False, max_entries=6)
def _work(key: str, _question: Question) -> Work:  # noqa: ARG001  the key of the cache
    return Work(_question, _reading(_question.folder, _question.fingerprint, _question.additions)).begin()


@dataclass(frozen=True)
class Loaded:
    """A loaded case: the analysis that answers one question, and what was worked out from it."""

    question: Question
    analysis: Analysis
    work: Work

    @property
    def day(self) -> date:
        """The as-of date, or today where nothing in the case has a date."""
        return self.analysis.as_of or date.today()


class NotLoadedError(RuntimeError):
    """The case cannot be shown; the message says why in words for the user."""


def question() -> Question:
    """Return what this user asks now; while a page that changes decisions or records is drawn, with those held."""
    try:
        folder = case_folder()
    except (OSError, ValueError) as error:
        raise NotLoadedError(log.said(error)) from error
    if not folder.exists():
        msg = f"There is no case folder at {folder}. Start the app with the folder of a case: contextmap serve FOLDER."
        raise NotLoadedError(msg)
    try:
        known = state.in_use("identities", load_identities(folder))
        entered = state.in_use("additions", load_additions(folder))
    except (OSError, ValueError) as error:
        raise NotLoadedError(log.said(error)) from error
    return Question(
        str(folder), fingerprint(folder), state.role(), state.as_of(), state.grades(), known, entered
    )


def load(as_of: date | None = None, *, grades: str | None = None, linked: bool = True) -> Loaded:
    """Return the case for this user, showing the stages while they last.

    Parameters
    ----------
    as_of
        another day than the one the user chose.
    grades
        another band of grades than the one the user chose.
    linked
        whether people are linked. What is about places needs no links, and no band of grades changes it, so
        it is worked out once for all of them; what links people must then not be asked for.

    Raises
    ------
    NotLoadedError
        with a sentence for the user.
    """
    asked = _asked(as_of, grades if linked else EVERY_GRADE)
    work = _work(asked.key, asked)
    done = work.link().linked if linked else work.there
    # Always there: what follows keeps its place on the page, and is not drawn anew, whether this waits or not.
    place = st.empty()
    if not done.wait(0.25):
        _wait(work, done, place)
    if work.error is not None:
        _work.clear(asked.key, asked)
        _reading.clear(asked.folder, asked.fingerprint, asked.additions)
        raise NotLoadedError(_in_words(work.error)) from work.error
    if work.analysis is None:
        msg = "The case could not be read. Run contextmap check on the folder to see what is wrong with it."
        raise NotLoadedError(msg)
    return Loaded(asked, work.analysis, work)


def begin(as_of: date) -> None:
    """Start what `load` of another day will wait for, beside what is worked out first."""
    asked = _asked(as_of, None)
    _work(asked.key, asked).link()


def _asked(as_of: date | None, grades: str | None) -> Question:
    asked = question()
    if as_of is not None:
        asked = replace(asked, as_of=as_of)
    return asked if grades is None else replace(asked, grades=grades)


def _wait(work: Work, done: threading.Event, place: Any) -> None:
    what = "Reading the case" if done is work.there else "Working out links and groups"
    with place.container(), st.status(what, expanded=True) as status:
        told = 0
        began = time.monotonic()
        while not done.wait(_PATIENCE):
            for stage, seconds in work.stages[told:]:
                st.text(f"{stage.capitalize()}: done in {seconds:.1f} s")
            told = len(work.stages)
            if time.monotonic() - began > 20:
                status.update(label="Still working: a large case takes a minute or two the first time")
    place.empty()


def _in_words(error: Exception) -> str:
    """Return the sentence of an error of our own; any other says nothing of what is inside."""
    raised = traceback.extract_tb(error.__traceback__)[-1].filename
    ours = any(Path(raised).resolve().is_relative_to(ROOT / package) for package in ("mapping", "geo", "app"))
    if ours and isinstance(error, ValueError | FileNotFoundError) and str(error):
        return str(error)
    return "The case could not be read. Run contextmap check on the folder to see what is wrong with it."


def kept(
    function: Callable[Concatenate[Loaded, Arguments], Answer],
) -> Callable[Concatenate[Loaded, Arguments], Answer]:
    """Work a function of a loaded case out once for everyone who may see the same.

    Answers hang on the work they come from, so they are keyed by all that the
    question holds and go when it goes. They are shared and must not be changed.
    One at a time, because an analysis asks its database from the page's thread.
    """

    @wraps(function)
    def answer(loaded: Loaded, *arguments: Arguments.args, **options: Arguments.kwargs) -> Answer:
        key = (function.__module__, function.__qualname__, arguments, tuple(sorted(options.items())))
        known = loaded.work.answers.get(key, _UNKNOWN)
        if known is not _UNKNOWN:  # without waiting for what somebody else is having worked out
            return known
        with loaded.work.turn:
            if key not in loaded.work.answers:
                if len(loaded.work.answers) >= MOST_ANSWERS:
                    loaded.work.answers.clear()
                loaded.work.answers[key] = function(loaded, *arguments, **options)
            return loaded.work.answers[key]

    return answer


def checked(loaded: Loaded) -> Analysis | None:
    """Return the analysis with what says how sure it is; None while that is being worked out.

    While it is, a line says so, and the page is drawn again when it is there.
    """
    plain, work = loaded.analysis, loaded.work
    found: Analysis | None = work.check.found
    if found is None:
        _say_beside(
            work.check,
            lambda tell: plain.surely(progress=tell, turn=work.turn),
            doing="Working out how sure groups and contacts are",
            steps="resamples of the reports",
        )
    return found


def omissions(loaded: Loaded) -> Omissions | None:
    """Return what would not be seen if people were missing from the records; None while that is being worked out."""
    plain, work = loaded.analysis, loaded.work
    found: Omissions | None = work.omissions.found
    if found is None:
        _say_beside(
            work.omissions,
            lambda tell: plain.omissions(progress=tell),
            doing="Leaving people out and looking again",
            steps="times",
            at_once=True,
        )
    return found


@st.fragment(run_every=1.5)
def _say_beside(
    work: Beside, work_out: Callable[[Progress], Any], *, doing: str, steps: str, at_once: bool = False
) -> None:
    work.ask(work_out, at_once=at_once)
    if work.found is not None:
        st.rerun()
    if work.failed:
        st.caption(f"{work.what} could not be worked out; what is shown stands without it.")
        return
    done, of = work.told
    st.caption(f"{doing}{f': {done} of {of} {steps}' if of else ''}. The page can be used meanwhile.")


@st.cache_resource(show_spinner=False, max_entries=2)
def _pairs(folder: str, fingerprint: str, additions: tuple[Addition, ...]) -> pd.DataFrame:
    records, _ = _reading(folder, fingerprint, additions).read(lambda _stage, _seconds: None)
    return score_pairs(compared(records.branch()), threshold_weight=FAR_WEIGHT)


def pairs(loaded: Loaded) -> pd.DataFrame:
    """Return the pairs of people who may be one person, and those far from it, compared once whatever is decided of them."""
    asked = loaded.question
    return _pairs(asked.folder, asked.fingerprint, asked.additions)


@kept
def last_day(loaded: Loaded) -> date | None:
    """Return the latest day in the records that this role may see, whatever day is looked at; None where nothing has a date."""
    records = loaded.work.reading.records
    if loaded.question.as_of is None or records is None:
        return loaded.analysis.as_of
    seen = visible(records.branch(), loaded.question.viewer)
    day = latest_date(seen)
    seen.forget()
    return day


def case_name() -> str:
    """Return what to call the case: the name of its folder."""
    return case_folder().resolve().name


def is_demo() -> bool:
    """Say whether the case to show is the demo that comes with Contextmap."""
    return case_folder().resolve() == DEMO


def withheld(loaded: Loaded) -> str:
    """Return how many reports other roles do not see, for those who may know that there are any."""
    if not loaded.question.viewer.sees_restricted:
        return ""
    count = _restricted(loaded)
    if not count:
        return ""
    return f"{words.count(count, 'report here reaches', 'reports here reach')} analysts only"


@kept
def _restricted(loaded: Loaded) -> int:
    return int(loaded.analysis.records.execute("SELECT count(*) FROM {sources} WHERE restricted")[0][0])
