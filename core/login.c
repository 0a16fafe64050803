/* login.c - the action --check-login: does a password that is typed here open one migrated account?
 * Which column holds what logins are checked by, load has noted; what it admits, the transform
 * that made it knows. The password is in no argument, no variable and no message. Proofs over many
 * accounts are logins.c's. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#include "actions.h"
#include "call.h"
#include "log.h"
#include "output.h"
#include "signals.h"
#include "sql.h"

#define TYPED_MOST 4096 /* bytes of a password */
#define LOOK_MS 200     /* between two looks whether somebody broke it off */

struct login {
    struct session *s;
    char *stage;     /* owned; the key is a part of it */
    const char *key; /* of the source */
    struct job_stage *st;
    struct unit *transform;
    struct pg_result *column; /* schema, table, column, source key's final key */
    struct pg_result *row;    /* what the column holds */
};

/* ---- the account ----------------------------------------------------------------------- */

static int find_stage(struct login *l, const char *argument, struct error *err)
{
    l->stage = strdup(argument);
    char *colon = strchr(l->stage, ':');
    if (!colon || colon == l->stage || !colon[1]) {
        error_set(err, STATUS_USAGE, "\"%.100s\" is no STAGE:KEY", argument);
        error_fix(err, "give the stage, a colon, and the key that the account has in the source");
        return STATUS_USAGE;
    }
    *colon = '\0';
    l->key = colon + 1;
    return 0;
}

static int find_transform(struct login *l, struct error *err)
{
    size_t k = job_find_stage(&l->s->job, l->stage);
    if (k == SIZE_MAX)
        return error_set(err, STATUS_USAGE, "the project has no stage %.100s that is enabled",
                         l->stage);
    l->st = &l->s->job.stages[k];
    for (size_t i = 0; i < l->st->migrator->n_transforms && !l->transform; i++)
        if (call_can_open(l->st->migrator->transforms[i]))
            l->transform = l->st->migrator->transforms[i];
    if (l->transform)
        return 0;
    error_set(err, STATUS_USAGE, "stage %s makes nothing that logins are checked by", l->stage);
    error_fix(err, "name the stage that uses \"password.bcrypt\" or the like");
    return STATUS_USAGE;
}

static int not_migrated(const struct login *l, struct error *err)
{
    error_set(err, STATUS_INVALID, "no published run of stage %s has an account with this key",
              l->stage);
    error_fix(err, "look for the key in the report, among the rejected records, too");
    return STATUS_INVALID;
}

/* By the newest run that says so. */
static int find_column(struct login *l, struct error *err)
{
    const struct state *s = &l->s->state;
    const char *const params[] = {l->s->project->name, l->stage, l->key};
    char sql[1100];
    snprintf(sql, sizeof sql,
             "SELECT t.login[1], t.login[2], t.login[3], m.final_key FROM %s.project p JOIN"
             " %s.run r ON r.project = p.id AND r.state IN ('published', 'done', 'finalized') JOIN"
             " %s.run_stage t ON t.run = r.id AND t.name = $2 AND t.login IS NOT NULL JOIN"
             " %s.id_map_rows($2) m ON m.project = p.id AND m.source_key = $3 WHERE p.name = $1"
             " ORDER BY r.id DESC, m.run DESC, m.at LIMIT 1",
             s->q, s->q, s->q, s->q);
    l->column = pg_query(s->pg, err, sql, 3, params);
    if (!l->column)
        return err->code;
    return pg_rows(l->column) ? 0 : not_migrated(l, err);
}

/* The column that holds the stage's final keys; NULL: not in that table, or not one column alone.
 */
static const char *key_of(const struct login *l, const struct job_table *t)
{
    const struct catalog_key *key = job_find_stage_key(&l->s->job, l->st);
    int is_first = t == &l->s->job.tables[l->st->tables[0]];
    return is_first && key && key->n == 1 ? key->columns[0] : NULL;
}

static int find_row(struct login *l, struct error *err)
{
    const struct job *job = &l->s->job;
    size_t at = job_find_table(job, pg_get(l->column, 0, 0), pg_get(l->column, 0, 1));
    const char *key = at == SIZE_MAX ? NULL : key_of(l, &job->tables[at]);
    const char *const params[] = {pg_get(l->column, 0, 3)};
    struct str sql;
    if (!key) {
        error_set(err, STATUS_USAGE,
                  "which row of %s.%s belongs to a source key cannot be told: it is not the"
                  " stage's first table, or has no key of one column",
                  pg_get(l->column, 0, 0), pg_get(l->column, 0, 1));
        error_fix(err,
                  "try the login in the application itself; \"login_proof\" of the stage proves"
                  " accounts within a run");
        return err->code;
    }
    str_init(&sql, 0);
    str_add(&sql, "SELECT l.");
    sql_ident(&sql, pg_get(l->column, 0, 2));
    str_printf(&sql, "::text FROM %s l WHERE l.", job->tables[at].t->quoted);
    sql_ident(&sql, key);
    str_add(&sql, " = $1");
    l->row = pg_query(l->s->pg, err, sql.data, 1, params);
    str_clear(&sql);
    if (!l->row)
        return err->code;
    if (!pg_rows(l->row)) {
        error_set(err, STATUS_INVALID, "the account is no longer in %s.%s", pg_get(l->column, 0, 0),
                  pg_get(l->column, 0, 1));
        error_fix(err, "--explain tells what runs made of this record");
    } else if (!pg_get(l->row, 0, 0)) {
        error_set(err, STATUS_INVALID, "the account has no password");
        error_fix(err,
                  "its owner sets one in the application; the bundle lists accounts to be reset");
    }
    return err->code;
}

/* Nothing stays open while somebody types. */
static int find(struct login *l, struct error *err)
{
    int code = pg_begin(l->s->pg, "READ ONLY", err);
    int there = code ? 0 : state_exists(&l->s->state, err);
    if (!code && there <= 0)
        code = there ? -there : not_migrated(l, err);
    if (!code)
        code = find_column(l, err);
    if (!code)
        code = find_row(l, err);
    pg_rollback(l->s->pg);
    return code;
}

/* ---- the password ---------------------------------------------------------------------- */

/* A signal that comes just before the wait does not end it: so it is looked for now and then. */
static int wait_for_typing(void)
{
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    while (!host_is_cancelled())
        if (poll(&in, 1, LOOK_MS) > 0)
            return 0;
    return -1;
}

/* Up to the end of the line. By read() alone: a stream would keep it in a buffer of its own. */
static int read_line(char *typed, size_t *n)
{
    *n = 0;
    while (*n < TYPED_MOST) {
        ssize_t got = wait_for_typing() ? -1 : read(STDIN_FILENO, typed + *n, 1);
        if (got < 0 && errno == EINTR && !host_is_cancelled())
            continue;
        if (got < 0)
            return -1;
        if (got == 0 || typed[*n] == '\n')
            return 0;
        ++*n;
    }
    return -1;
}

static int ask(const struct login *l, char *typed, size_t *n, struct error *err)
{
    struct termios before, silent;
    int is_terminal = tcgetattr(STDIN_FILENO, &before) == 0;
    if (is_terminal) {
        silent = before;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
        log_line("The password of %s:%s, which is not shown:", l->stage, l->key);
    }
    int failed = read_line(typed, n);
    if (is_terminal)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    if (host_is_cancelled())
        return error_set(err, signals_code(), "stopped while a password was asked for");
    if (!failed && *n)
        return 0;
    error_set(err, STATUS_USAGE,
              failed ? "the password cannot be read, or is too long" : "no password was typed");
    error_fix(err, "type it at the terminal, or give it as one line on standard input");
    return STATUS_USAGE;
}

static int compare(struct login *l, const char *typed, size_t n, int *opens, struct error *err)
{
    const char *text = pg_get(l->row, 0, 0);
    const mig_value_t given = {typed, (uint32_t)n, MIG_TEXT};
    const mig_value_t stored = {text, (uint32_t)strlen(text), MIG_TEXT};
    l->s->host.secret = 1;
    int32_t got = call_opens(l->transform, &given, &stored);
    host_record_done(&l->s->host);
    *opens = got == MIG_OK;
    return got < 0 ? host_error(l->transform, got, "opens", err) : 0;
}

static int check(struct login *l, struct error *err)
{
    char *typed = arena_heap(NULL, TYPED_MOST);
    size_t n = 0;
    int opens = 0;
    mlock(typed, TYPED_MOST);
    int code = ask(l, typed, &n, err);
    if (!code)
        code = compare(l, typed, n, &opens, err);
    explicit_bzero(typed, TYPED_MOST);
    munlock(typed, TYPED_MOST);
    free(typed);
    if (code)
        return code;
    output_format("%s:%s: the password %s the account\n", l->stage, l->key,
                  opens ? "opens" : "does not open");
    return opens ? 0 : STATUS_INVALID;
}

int login_check(const struct cli *cli, struct session *s)
{
    struct login l = {.s = s};
    struct error *err = &s->err;
    int code = find_stage(&l, cli->argument, err);
    if (!code)
        code = session_joined(s);
    if (!code)
        code = find_transform(&l, err);
    if (!code)
        code = find(&l, err);
    if (!code)
        code = check(&l, err);
    if (err->code || s->faults.n)
        session_report(s, "nothing was written");
    pg_free(l.column);
    pg_free(l.row);
    free(l.stage);
    return code ? code : faults_code(&s->faults);
}
