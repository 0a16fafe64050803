/* state.h - schema "mighost" of the target database: the durable state of runs. Written in the
 * same transactions as the data it speaks of. Every writing transaction is fenced by the epoch
 * of the run row (reliability: session locks break behind poolers). [main] */
#ifndef MIGHOST_STATE_H
#define MIGHOST_STATE_H

#include <stdint.h>

#include "arena.h"
#include "job.h"
#include "pg.h"
#include "status.h"

#define STATE_VERSION 7

enum run_state {
    RUN_LOADING,
    RUN_CHECKED, /* loaded and checked */
    RUN_HELD,    /* checked, waits for --publish */
    RUN_PUBLISHED,
    RUN_DONE,   /* published, verified and reported */
    RUN_DRY,    /* a dry run that ended */
    RUN_FAILED, /* ended before publish; nothing was written */
    RUN_ROLLED_BACK,
    RUN_ABANDONED,
    RUN_FINALIZED,
    RUN_PARTLY,       /* some batches of it are published, see batches.h */
    RUN_PARTLY_UNDONE /* taken back but for rows that others touched since, see undo_left.h */
};

struct state {
    struct pg *pg;
    const char *schema; /* raw name */
    char q[160];        /* quoted */
    /* SQL of our backend's number; "NULL" behind a pooler, which gives the same backend to others:
     * then a run is known to be alive by its heartbeat alone. */
    const char *backend;
    int64_t project; /* number of the project, 0 before state_open_run */
    int64_t run;
    int64_t epoch;
    int64_t parent; /* the run that it redrives, or 0 */
    enum run_state at;
    int resumed;      /* the run existed before */
    char started[40]; /* server's time, ISO */
    int64_t refused;  /* rows that check refused since reject_spread() */
    int committing;   /* backend whose COMMIT may be lost, where the run row names another; or 0 */
    int worker;       /* number of this worker process; 0: the run's own process */
    /* A part of a stage that is being loaded (part.h) and which attempt at it this is: part of the
     * fence. 0: none. */
    int64_t part, attempt;
};

struct state_options {
    int dry_run;
    int takeover;     /* also from a run that looks alive but has a stale heartbeat */
    int64_t parent;   /* run that is redriven, 0 none */
    int64_t publish;  /* this held run, whatever its parent, 0 none */
    const char *kind; /* "run", "dry-run", "rollback" */
};

/* Connects nothing; prepares names. */
void state_init(struct state *s, struct pg *pg, const char *schema);
/* Makes or migrates the schema, under lock. STATUS_PREFLIGHT with the GRANTs when the role may
 * not. Own transaction. */
int state_prepare(struct state *s, struct error *err);
/* 1 when the schema exists with a version we know, 0 when there is none; else a status < 0. */
int state_exists(struct state *s, struct error *err);
/* A new run, or the unfinished one of the same project: resumed when nobody works on it, taken
 * over when its backend is gone; STATUS_BUSY names run, host, pid, start and heartbeat. Also
 * refuses when a live run of another project writes one of the job's tables. Own transaction. */
int state_open_run(struct state *s, const struct job *job, const struct state_options *options,
                   struct error *err);
/* Inside a transaction: the run is nobody else's from here on. STATUS_BUSY when a process works
 * on it. */
int state_claim(struct state *s, struct error *err);
/* Into the audit trail: who began or took up the run, from where, with which words. In the caller's
 * transaction. */
int state_sign(struct state *s, const char *command, struct error *err);
/* Attaches to an existing run for rollback, verify, report, without changing it. */
int state_attach(struct state *s, int64_t run, struct error *err);
/* Newest run of the project in one of these states; 0 none. `project` NULL: any. */
int64_t state_newest(struct state *s, const char *project, const char *states, struct error *err);

/* Inside every writing transaction, first: 0, or STATUS_BUSY when another took the run over, or the
 * part that is being loaded. */
int state_fence(struct state *s, struct error *err);
/* Inside a transaction: from -> to, must hit one row. */
int state_move(struct state *s, enum run_state to, struct error *err);
/* Begins a transaction and fences it. */
int state_begin(struct state *s, struct error *err);
/* The same, seeing all the time what was committed before its first statement. */
int state_begin_snapshot(struct state *s, struct error *err);
/* The same as statements whose last one gives the epoch; `settings` stand between. Appended. */
void state_begin_sql(const struct state *s, const char *settings, struct str *sql);
/* STATUS_TEMPORARY when no answer came: the same command finds out by the run row. */
int state_commit(struct state *s, struct error *err);
/* A new connection in place of a lost one. Waits until the old transaction has ended, so that
 * what is read afterwards is final; `now`, when not NULL, is the state that the run is in.
 * STATUS_TEMPORARY: to be tried again; STATUS_BUSY: another took over meanwhile. */
int state_reconnect(struct state *s, enum run_state *now, struct error *err);
/* The connection was lost in a transaction that was to bring the run into state `wanted`: 0 when
 * it did, with s->at set; STATUS_TEMPORARY when it did not. When the target cannot be asked:
 * STATUS_UNKNOWN if COMMIT was sent (`in_doubt`), else STATUS_TEMPORARY. */
int state_settle(struct state *s, enum run_state wanted, int in_doubt, struct error *err);
/* At work, on this step ("load", "check"); inside a transaction. */
int state_heartbeat(struct state *s, const char *step, struct error *err);
void state_heartbeat_sql(const struct state *s, const char *step, struct str *sql); /* appends */
/* One line of the audit trail; inside a transaction. */
int state_event(struct state *s, struct error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same as a statement without its semicolon, for scripts. */
void state_event_sql(const struct state *s, const char *what, struct str *out);
/* The lines of the audit trail, one a line of the log: "[time] who: what". Appended; in a
 * transaction. */
int state_trail_text(struct state *s, struct str *out, struct error *err);
/* How many lines of the run's audit trail do not fit their chain of SHA-256. */
int state_trail(struct state *s, int64_t *broken, struct error *err);

/* The states in which a run can be undone, as a list in SQL. */
#define STATE_UNDOABLE "'partly', 'published', 'done', 'partly_rolled_back'"
/* It wrote live tables and can be undone. */
int state_undoable(enum run_state state);
const char *state_text(enum run_state state);
int state_parse(const char *text, enum run_state *out);
/* The statements that a DBA runs to prepare the schema for `role`. */
void state_grants(const char *schema, const char *role, const char *database, struct str *out);

#endif
