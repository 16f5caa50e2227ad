"""The presenter's downloads: scores as CSV, drawings as ZIP."""

from __future__ import annotations

import csv
import io
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from paintcam.leaderboard import Board, Submission, Submissions, points_of
from paintcam.text import csv_cells

__all__ = ["scores_csv", "write_zip"]

_COLUMNS = ("prompt", "rank", "player", "score", "state", "time", "drawing", "file")


def scores_csv(submissions: Submissions, boards: Sequence[Board]) -> str:
    """Return one row per drawing, the best first, for a spreadsheet.

    Every text is quoted, and one that a spreadsheet would run as a formula gets an apostrophe in
    front. Source: OWASP, "CSV Injection".
    """
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for board in boards:
        for rank, drawing in _ranked(submissions, board):
            turn = drawing.turn
            when = turn.at.isoformat(timespec="seconds")
            score = points_of(turn.score) / 100
            row = (turn.board.prompt, rank or "", turn.player, score, drawing.state, when)
            cells = (*row, turn.id, f"{turn.id}.png")
            writer.writerow(csv_cells(cells))
    return "\ufeff" + out.getvalue()  # spreadsheets take UTF-8 only with this mark


def write_zip(submissions: Submissions, boards: Sequence[Board]) -> Path:
    """Write every drawing as PNG with the scores to a temporary file; the caller removes it."""
    with tempfile.NamedTemporaryFile(suffix=".zip", delete=False) as file:
        path = Path(file.name)
    try:
        # The pictures are compressed already.
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr("scores.csv", scores_csv(submissions, boards))
            for board in boards:
                for drawing_id in submissions.ids(board=board):
                    png = submissions.picture(drawing_id)
                    if png is not None:
                        # Ids are letters, digits, - and _: no name gets into a path.
                        archive.writestr(f"{drawing_id}.png", png)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def _ranked(submissions: Submissions, board: Board) -> Iterator[tuple[int | None, Submission]]:
    """Yield drawings with their player's rank; None for those that are not their player's best."""
    listed: Iterable[Submission] = submissions.newest(board, ["waiting", "shown", "hidden"], 10**6)
    best: dict[str, tuple[int, str]] = {}
    for each in listed:
        points = points_of(each.turn.score)
        if each.state != "hidden" and points >= best.get(each.player_key, (-1, ""))[0]:
            best[each.player_key] = points, each.turn.id
    places: dict[int, int] = {}
    for index, (points, _) in enumerate(sorted(best.values(), reverse=True)):
        places.setdefault(points, index + 1)
    ranks = {turn_id: places[points] for points, turn_id in best.values()}
    for each in sorted(listed, key=lambda each: (-each.turn.score, each.turn.at)):
        yield ranks.get(each.turn.id), each
