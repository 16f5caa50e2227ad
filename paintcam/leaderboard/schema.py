"""The tables, and the steps that upgrade an older database to them.

One schema for every database, so no dialect's own types or statements. A step never changes once it
is released. A new step goes to the end of `STEPS`, and a step that alters a table needs its own
frozen copy of the table as it was then.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import (
    Column,
    Connection,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    func,
    inspect,
    literal_column,
    select,
)

from paintcam.text import printable

__all__ = [
    "HIDDEN",
    "STEPS",
    "VERSION",
    "bests",
    "boards",
    "fill_bests",
    "migrate",
    "pictures",
    "players",
    "read_version",
    "submissions",
    "tallies",
    "tenths_of",
    "touch",
    "turns",
]

# The prefix keeps them apart from what else lives in a shared PostgreSQL.
_metadata = MetaData()

_versions = Table("paintcam_schema", _metadata, Column("version", Integer, nullable=False))

# Ids of boards and players are never used twice, not even in SQLite: a process may remember one
# whose row another process has deleted.
boards = Table(
    "paintcam_boards",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String(64), nullable=False, unique=True),
    Column("prompt", Text, nullable=False),
    Column("encoder", Text, nullable=False),
    Column("low", Double, nullable=False),
    Column("high", Double, nullable=False),
    Column("origin", String(16), nullable=False, server_default="camera"),
    sqlite_autoincrement=True,
)

players = Table(
    "paintcam_players",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String(64), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    sqlite_autoincrement=True,
)

turns = Table(
    "paintcam_turns",
    _metadata,
    Column("id", String(64), primary_key=True),
    Column("board_id", ForeignKey(boards.c.id), nullable=False),
    Column("player_id", ForeignKey(players.c.id), nullable=False),
    Column("points", Integer, nullable=False),
    Column("score", Double, nullable=False),
    Column("best", Double, nullable=False),
    Column("similarity", Double, nullable=False),
    Column("guards", Text, nullable=False),
    # ISO 8601 in UTC: SQLite has no type for it, and this one sorts and reads the same everywhere.
    Column("at", String(40), nullable=False),
    Column("snapshot", Text),
    Index("paintcam_turns_player", "player_id", "board_id"),
    Index("paintcam_turns_board", "board_id", "at"),
)

# Each player's best, written in the turn's transaction, so that a list needs no grouping.
bests = Table(
    "paintcam_bests",
    _metadata,
    Column("board_id", ForeignKey(boards.c.id), primary_key=True),
    Column("player_id", ForeignKey(players.c.id), primary_key=True),
    Column("points", Integer, nullable=False),
    Column("turn_id", ForeignKey(turns.c.id), nullable=False),
    Index("paintcam_bests_rank", "board_id", "points"),
    Index("paintcam_bests_turn", "turn_id"),
)

# How many players have a best within a tenth of a point: a rank sums at most 1,001 rows, and counts
# the players of its own tenth, however many there are in all.
tallies = Table(
    "paintcam_tallies",
    _metadata,
    Column("board_id", ForeignKey(boards.c.id), primary_key=True),
    Column("tenths", Integer, primary_key=True),
    Column("players", Integer, nullable=False),
)

HIDDEN = "hidden"
"""The state of a submission that the presenter took off the stage, so that it does not rank."""

# What the website keeps of a drawing beside its turn. Deleting the turn deletes both rows.
submissions = Table(
    "paintcam_submissions",
    _metadata,
    Column("id", ForeignKey(turns.c.id, ondelete="CASCADE"), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("flags", Text, nullable=False),
    Index("paintcam_submissions_state", "state"),
)

# A table of their own: reading a list of submissions must not read a hundred pictures.
pictures = Table(
    "paintcam_pictures",
    _metadata,
    Column("id", ForeignKey(submissions.c.id, ondelete="CASCADE"), primary_key=True),
    Column("png", LargeBinary, nullable=False),
    Column("strokes", Text),
)


def tenths_of(points: int) -> int:
    """Return the tenth of a point, 0…1,000, that hundredths are in."""
    return points // 10


_boards_before_origin = Table(
    "paintcam_boards",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("key", String(64), nullable=False, unique=True),
    Column("prompt", Text, nullable=False),
    Column("encoder", Text, nullable=False),
    Column("low", Double, nullable=False),
    Column("high", Double, nullable=False),
    sqlite_autoincrement=True,
)


def _turns_of_players(connection: Connection) -> None:
    """Create version 1: boards, players and their turns."""
    _boards_before_origin.create(connection)
    _metadata.create_all(connection, [_versions, players, turns])


def _bests_and_tallies(connection: Connection) -> None:
    """Create version 2: the aggregates that give a rank in milliseconds."""
    _metadata.create_all(connection, [bests, tallies])
    fill_bests(connection)


def fill_bests(connection: Connection) -> None:
    """Find each player's best, and count the tallies, of all turns; both tables are empty."""
    place = func.row_number().over(
        partition_by=(turns.c.board_id, turns.c.player_id),
        order_by=(turns.c.points.desc(), turns.c.at, turns.c.id),
    )
    columns = (turns.c.board_id, turns.c.player_id, turns.c.points, turns.c.id)
    placed = select(*columns, place.label("place")).subquery()
    first = select(placed.c.board_id, placed.c.player_id, placed.c.points, placed.c.id)
    connection.execute(
        bests.insert().from_select(
            ["board_id", "player_id", "points", "turn_id"], first.where(placed.c.place == 1)
        )
    )
    tenths = bests.c.points // literal_column("10")  # no parameter: PostgreSQL groups by the text
    counted = select(bests.c.board_id, tenths, func.count()).group_by(bests.c.board_id, tenths)
    connection.execute(tallies.insert().from_select(["board_id", "tenths", "players"], counted))


def _submissions_and_origins(connection: Connection) -> None:
    """Create version 3: the website's drawings, and the origin of each board's drawings."""
    connection.exec_driver_sql(
        "ALTER TABLE paintcam_boards ADD COLUMN origin VARCHAR(16) DEFAULT 'camera' NOT NULL"
    )
    _metadata.create_all(connection, [submissions, pictures])


STEPS: tuple[Callable[[Connection], None], ...] = (
    _turns_of_players,
    _bests_and_tallies,
    _submissions_and_origins,
)
VERSION = len(STEPS)


def read_version(connection: Connection) -> int:
    """Return the version of a database's schema, 0 if paintcam has never used the database.

    Raises:
        ValueError: What is stored as the version is not one.
    """
    if not inspect(connection).has_table(_versions.name):
        return 0
    found = connection.execute(select(func.max(_versions.c.version))).scalar()
    if found is None:
        return 0
    if not isinstance(found, int) or found < 0:
        raise ValueError(printable(f"{found!r:.40}"))
    return found


def migrate(connection: Connection, upto: int = VERSION) -> None:
    """Upgrade a database to a version, inside the caller's transaction.

    Args:
        connection: In a transaction that writes; two processes may do this at once.
        upto: The version to reach.
    """
    if connection.dialect.name == "postgresql":
        # Held to the end of the transaction; the number is "paintcam" in ASCII, cut to 63 bits.
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(8097871784207933805)")
    version = read_version(connection)
    for step in STEPS[version:upto]:
        step(connection)
    if version == 0:
        connection.execute(_versions.insert().values(version=upto))
    elif version < upto:
        connection.execute(_versions.update().values(version=upto))


def touch(connection: Connection) -> None:
    """Write the version that is already there, to find out whether the database can be written."""
    connection.execute(_versions.update().values(version=_versions.c.version))
