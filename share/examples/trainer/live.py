#!/usr/bin/env python3
"""live.py - plays the application that goes on working with V2 while users of V1 move in.

    V2_DATABASE_URL=... python3 live.py run --journal FILE [--seconds N] [--rate N] [--seed N]
    V2_DATABASE_URL=... python3 live.py check --journal FILE

`run` writes until SIGTERM or SIGINT: rows of Android users, and of users of V1 what the run leaves to
V2. Each write is one statement. The journal, mode 0600, has each one before it is sent and again when
it was acknowledged. `check` asks plain SQL for every acknowledged one that no later one replaced, and
ends with 1 where one is not there. Needs psql; no module that does not come with Python."""
import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.parse
import uuid

CUT = "2025-09-01"  # who came later is an Android user


def environment():
    """The URL as libpq's variables: what stands in arguments, every user of the machine sees."""
    url = urllib.parse.urlsplit(os.environ.get("V2_DATABASE_URL") or sys.exit("V2_DATABASE_URL is not set"))
    parts = {"PGHOST": url.hostname, "PGPORT": url.port, "PGUSER": url.username, "PGPASSWORD": url.password,
             "PGDATABASE": url.path[1:]}
    parts.update(("PG" + name.upper(), value) for name, value in urllib.parse.parse_qsl(url.query))
    found = {name: urllib.parse.unquote(str(value)) for name, value in parts.items() if value}
    return {**os.environ, **found, "PGTZ": "UTC", "PGAPPNAME": "live"}


class Database:
    """One psql, one statement after the other."""

    def __init__(self):
        self.psql = subprocess.Popen(["psql", "-X", "-q", "-A", "-t"], env=environment(), text=True, bufsize=1,
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
                                     stderr=subprocess.DEVNULL)

    def ask(self, sql):
        """Its rows, and the SQLSTATE that it ended with."""
        self.psql.stdin.write(sql + "\n;\n\\echo ended :SQLSTATE\n")
        self.psql.stdin.flush()
        rows = []
        for line in self.psql.stdout:
            if line.startswith("ended "):
                return rows, line.split()[1]
            rows.append(line.rstrip("\n"))
        sys.exit("the connection to V2 was lost")

    def rows(self, sql):
        rows, state = self.ask(sql)
        return rows if state == "00000" else sys.exit("V2 refuses a query: SQLSTATE " + state)


def literal(value):
    return "'" + str(value).replace("'", "''") + "'"


def insert(table, values):
    return "INSERT INTO training.%s (%s) VALUES (%s)" % (table, ", ".join(values),
                                                         ", ".join(literal(v) for v in values.values()))


def update(table, key, values):
    name, value = key
    return "UPDATE training.%s SET %s WHERE %s = %s" % (
        table, ", ".join("%s = %s" % (n, literal(v)) for n, v in values.items()), name, literal(value))


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())


class Application:
    """Knows what it may write to, and makes one write after the other up."""

    def __init__(self, database, seed):
        self.random = random.Random(seed)
        users = "SELECT id FROM training.users WHERE created_at %s '" + CUT + "' ORDER BY id LIMIT 2000"
        self.android, self.merged = database.rows(users % ">="), database.rows(users % "<")
        self.sessions = database.rows("SELECT s.id FROM training.completed_sessions s JOIN training.users u ON"
                                      " u.id = user_id WHERE u.created_at >= '" + CUT + "' ORDER BY 1 LIMIT 2000")
        if not self.android or not self.merged:
            sys.exit("V2 has no users of both kinds")
        self.filters = []

    def new_id(self):
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def write(self):
        """Table, key, values (None: the row is deleted), SQL."""
        kinds = [self.new_user, self.android_user, self.session, self.lost_session, self.filter, self.filter_again,
                 self.lost_filter, self.merged_user, self.merged_session, self.merged_preferences]
        return self.random.choice(kinds)()

    def new_row(self, table, values, rows):
        key = self.new_id()
        rows.append(key)
        return table, ("id", key), values, insert(table, {"id": key, **values})

    def changed_row(self, table, key, values, name="id"):
        return table, (name, key), values, update(table, (name, key), values)

    def lost_row(self, table, rows):
        if not rows:
            return self.session()
        key = rows.pop(self.random.randrange(len(rows)))
        return table, ("id", key), None, "DELETE FROM training.%s WHERE id = %s" % (table, literal(key))

    def new_user(self):
        n = self.random.getrandbits(48)
        return self.new_row("users", {"email": "live%d@mail.example.org" % n, "full_name": "Live O'Droid %d" % n,
                                      "password_hash": "pbkdf2_sha256$%x" % n, "created_at": now()}, self.android)

    def android_user(self):
        return self.changed_row("users", self.random.choice(self.android),
                                {"skill_level": str(self.random.randint(1, 20)), "updated_at": now()})

    def session(self):
        return self.new_row("completed_sessions", {"user_id": self.random.choice(self.android), "finished_at": now(),
                                                   "session_minutes": str(self.random.randint(1, 90))}, self.sessions)

    def lost_session(self):
        return self.lost_row("completed_sessions", self.sessions)

    def filter(self):
        return self.new_row("saved_filters", {"user_id": self.random.choice(self.android), "name": "mine",
                                              "filter": '{"n": %d}' % self.random.randint(1, 9)}, self.filters)

    def filter_again(self):
        if not self.filters:
            return self.filter()
        return self.changed_row("saved_filters", self.random.choice(self.filters),
                                {"filter": '{"n": %d}' % self.random.randint(10, 99)})

    def lost_filter(self):
        return self.lost_row("saved_filters", self.filters)

    # Of users of V1: what only V2 has, what the project keeps, what is newer, what is outside of its scope.
    def merged_user(self):
        return self.changed_row("users", self.random.choice(self.merged),
                                {"language_code": self.random.choice(["fr", "it", "pl"]),
                                 "marketing_opt_in": self.random.choice(["true", "false"])})

    def merged_session(self):
        return self.new_row("completed_sessions", {"user_id": self.random.choice(self.merged), "finished_at": now(),
                                                   "session_minutes": "7", "session_notes": "live"}, [])

    def merged_preferences(self):
        return self.changed_row("session_preferences", self.random.choice(self.merged),
                                {"duration_minutes": str(self.random.randint(5, 99)), "updated_at": now()}, "user_id")


def run(options):
    stop = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.append(1))
    database = Database()
    application = Application(database, options.seed)
    journal = os.fdopen(os.open(options.journal, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", buffering=1)
    begun, n, failed, slowest, slowest_at = time.monotonic(), 0, 0, 0.0, ""
    while not stop and (not options.seconds or time.monotonic() - begun < options.seconds):
        n += 1
        table, key, values, sql = application.write()
        journal.write(json.dumps({"n": n, "table": table, "key": key, "values": values}) + "\n")
        sent, sent_at = time.monotonic(), now()
        rows, state = database.ask("WITH w AS (%s RETURNING 1) SELECT count(*) FROM w" % sql)
        seconds = time.monotonic() - sent
        written = int(rows[0]) if state == "00000" else 0
        failed += state != "00000"
        journal.write(json.dumps({"n": n, "acknowledged": now(), "seconds": round(seconds, 6), "state": state,
                                  "rows": written}) + "\n")
        if seconds > slowest:
            slowest, slowest_at = seconds, sent_at
        time.sleep(max(0.0, 1 / options.rate - seconds))
    print("%d writes, %d refused; the slowest took %.3f s, at %s" % (n, failed, slowest, slowest_at))


def expected(path):
    """What must be there: {(table, key name, key): {column: value}}, None for a row that must not be."""
    sent, wanted = {}, {}
    with open(path, encoding="utf-8") as lines:
        for line in map(json.loads, lines):
            if "table" in line:
                sent[line["n"]] = line
                continue
            write = sent.pop(line["n"])
            if line["state"] != "00000" or not line["rows"]:
                continue
            row = (write["table"], *write["key"])
            wanted[row] = None if write["values"] is None else {**(wanted.get(row) or {}), **write["values"]}
    for write in sent.values():  # sent and never answered: either outcome is right
        wanted.pop((write["table"], *write["key"]), None)
    return wanted


def check(options):
    database, wanted = Database(), expected(options.journal)
    database.rows("CREATE TEMP TABLE wanted (name text, key_name text, key text, column_name text, value text)")
    lines = [(*row, column, value) for row, values in wanted.items()
             for column, value in (values or {None: None}).items()]
    for i in range(0, len(lines), 500):
        database.rows("INSERT INTO wanted VALUES " + ", ".join(
            "(%s)" % ", ".join("NULL" if v is None else literal(v) for v in line) for line in lines[i:i + 500]))
    missing = []
    for table, key in sorted({row[:2] for row in wanted}):
        missing += database.rows(
            "SELECT DISTINCT w.name, w.key, coalesce(w.column_name, 'was deleted') FROM wanted w LEFT JOIN training.%s t"
            " ON t.%s::text = w.key WHERE w.name = '%s' AND CASE WHEN w.column_name IS NULL THEN t.%s IS NOT NULL ELSE"
            " to_jsonb(t) ->> w.column_name IS DISTINCT FROM w.value END ORDER BY 1, 2, 3" % (table, key, table, key))
    for line in missing[:20]:
        print("not as it was written: " + line)
    print("%d rows of %d writes in the journal, %d values not as they were written"
          % (len(wanted), sum(1 for _ in open(options.journal, encoding="utf-8")) // 2, len(missing)))
    return 1 if missing else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["run", "check"])
    parser.add_argument("--journal", required=True, help="a new file, or the one to check")
    parser.add_argument("--seconds", type=float, default=0, help="stop by itself after so many")
    parser.add_argument("--rate", type=float, default=50, help="writes in a second, at most")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    return check(options) if options.action == "check" else run(options)


if __name__ == "__main__":
    sys.exit(main())
