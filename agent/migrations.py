"""The numbered steps that bring a state database to today's shape. A step is never changed once it was released."""

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE turns (
        user_id TEXT NOT NULL, thread_id TEXT NOT NULL, turn INTEGER NOT NULL, request_id TEXT,
        text TEXT NOT NULL, reply TEXT NOT NULL, state TEXT NOT NULL, created TEXT NOT NULL,
        PRIMARY KEY (user_id, thread_id, turn)
    ) WITHOUT ROWID;
    CREATE UNIQUE INDEX turns_request ON turns (user_id, request_id) WHERE request_id IS NOT NULL;
    CREATE TABLE profile (
        user_id TEXT NOT NULL, id TEXT NOT NULL, entry TEXT NOT NULL,
        PRIMARY KEY (user_id, id)
    ) WITHOUT ROWID;
    CREATE TABLE exposures (
        user_id TEXT NOT NULL, thread_id TEXT NOT NULL, turn INTEGER NOT NULL, item_id TEXT NOT NULL,
        rank INTEGER NOT NULL, score REAL NOT NULL,
        PRIMARY KEY (user_id, thread_id, turn, item_id)
    ) WITHOUT ROWID;
    CREATE TABLE feedback (
        id INTEGER PRIMARY KEY, user_id TEXT NOT NULL, item_id TEXT NOT NULL, event TEXT NOT NULL,
        thread_id TEXT NOT NULL, turn INTEGER, created TEXT NOT NULL
    );
    CREATE INDEX feedback_user ON feedback (user_id);
    CREATE TABLE tombstones (user_id TEXT PRIMARY KEY, generation INTEGER NOT NULL, forgotten TEXT NOT NULL) WITHOUT ROWID;
    """,
)
