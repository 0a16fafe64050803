/* clean.c - the actions --clean and --dry-clean: the rows of the tables that the project's stages
 * write are deleted, whoever wrote them, within the stages' "scope". This is no undo of runs, which
 * is rollback.c: what a run overwrote does not come back. One transaction, children first, behind a
 * backup; rows of other tables are never touched: what refers to rows that would go is refused. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "actions.h"
#include "log.h"
#include "output.h"
#include "plural.h"
#include "refindex.h"
#include "sql.h"
#include "str.h"

#define NOTHING "nothing was deleted"

static int failed(struct session *s, int code)
{
    session_report(s, NOTHING);
    return code ? code : faults_code(&s->faults);
}

/* Condition: the row of `alias` goes. The scope's names can mean its own columns only. */
static void goes(const struct job_table *t, const char *alias, struct str *sql)
{
    if (t->scope)
        str_printf(sql, "(%s.tableoid, %s.ctid) IN (SELECT tableoid, ctid FROM %s WHERE (%s\n))",
                   alias, alias, t->t->quoted, t->scope);
    else
        str_add(sql, "true");
}

static int64_t count_rows(struct session *s, const struct job_table *t)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql, "SELECT count(*) FROM %s WHERE (%s\n)", t->t->quoted,
               t->scope ? t->scope : "true");
    return pg_count(s->pg, &sql, &s->err);
}

/* Rows by this key that stay and refer to rows that go. */
static int64_t count_left(struct session *s, const struct job_table *t,
                          const struct catalog_reference *k)
{
    struct str sql;
    size_t own = job_find_table(&s->job, k->child_schema, k->child_table);
    if (own != SIZE_MAX && !s->job.tables[own].scope)
        return 0;
    str_init(&sql, 0);
    str_add(&sql, "SELECT count(*) FROM ");
    sql_table(&sql, k->child_schema, k->child_table);
    str_printf(&sql, " c JOIN %s p ON ", t->t->quoted);
    for (size_t i = 0; i < k->n; i++) {
        str_printf(&sql, "%sp.", i ? " AND " : "");
        sql_ident(&sql, k->parent_columns[i]);
        str_printf(&sql, " %s c.", k->operators[i]);
        sql_ident(&sql, k->columns[i]);
    }
    str_add(&sql, " WHERE ");
    goes(t, "p", &sql);
    if (own != SIZE_MAX) {
        str_add(&sql, " AND NOT (");
        goes(&s->job.tables[own], "c", &sql);
        str_add_char(&sql, ')');
    }
    return pg_count(s->pg, &sql, &s->err);
}

static const char *effect(const struct catalog_reference *k)
{
    return k->on_delete == 'c'   ? "would be deleted with them (ON DELETE CASCADE)"
           : k->on_delete == 'n' ? "would lose their parents (ON DELETE SET NULL)"
           : k->on_delete == 'd' ? "would get other parents (ON DELETE SET DEFAULT)"
                                 : "keep them from being deleted";
}

static int check_left(struct session *s, const struct job_table *t)
{
    for (size_t k = 0; k < t->t->n_incoming; k++) {
        const struct catalog_reference *r = &t->t->incoming[k];
        int64_t n = count_left(s, t, r);
        if (s->err.code)
            return s->err.code;
        if (!n)
            continue;
        error_set(&s->err, STATUS_REFUSED, "%lld %s of %s.%s %s %s.%s that would go, and %s",
                  (long long)n, plural(n, "row", "rows"), r->child_schema, r->child_table,
                  plural(n, "refers to rows of", "refer to rows of"), t->t->schema, t->t->name,
                  effect(r));
        error_why(&s->err, "they belong to no stage that is cleaned");
        error_fix(&s->err, "delete or change them first, or clean with the stages that write them");
        return STATUS_REFUSED;
    }
    return 0;
}

/* How many rows of each table would go, by the order of job.tables; what stands in the way is an
 * error. In the caller's transaction. */
static int count_all(struct session *s, int64_t *counts, int64_t *all)
{
    int code = pg_own_path(s->pg, &s->err);
    *all = 0;
    for (size_t i = 0; !code && i < s->job.n_tables; i++) {
        counts[i] = count_rows(s, &s->job.tables[i]);
        *all += counts[i];
        code = s->err.code;
    }
    for (size_t i = 0; !code && i < s->job.n_tables; i++)
        code = counts[i] ? check_left(s, &s->job.tables[i]) : 0;
    return code;
}

/* A run that is on its way has looked at these rows already. */
static int no_run_at_work(struct session *s)
{
    int there = state_exists(&s->state, &s->err);
    if (there <= 0)
        return -there;
    struct pg_result *res =
        pg_queryf(s->pg, &s->err,
                  "SELECT id, state FROM %s.run WHERE state IN ('loading', 'checked', 'held',"
                  " 'partly') ORDER BY id LIMIT 1",
                  s->state.q);
    if (res && pg_rows(res)) {
        error_set(&s->err, STATUS_BUSY, "run %lld is %s", (long long)pg_get_int(res, 0, 0),
                  pg_get(res, 0, 1));
        error_fix(&s->err, "let it end, or drop it with --abandon");
    }
    pg_free(res);
    return s->err.code;
}

static int look(struct session *s, int64_t *counts, int64_t *all)
{
    int code = pg_begin(s->pg, "READ ONLY", &s->err);
    if (!code)
        code = no_run_at_work(s);
    if (!code)
        code = count_all(s, counts, all);
    pg_rollback(s->pg);
    return code;
}

static void tell(const struct session *s, const int64_t *counts, int64_t all)
{
    for (size_t i = s->job.n_tables; i-- > 0;) {
        const struct job_table *t = &s->job.tables[i];
        output_format("%s.%s: %lld %s%s%s%s\n", t->t->schema, t->t->name, (long long)counts[i],
                      plural(counts[i], "row", "rows"), t->scope ? ", within its scope" : "",
                      t->t->row_triggers ? "; triggers fire: " : "",
                      t->t->row_triggers ? t->t->triggers : "");
    }
    output_format("%lld %s of %zu %s, children first\n", (long long)all, plural(all, "row", "rows"),
                  s->job.n_tables, plural(s->job.n_tables, "table", "tables"));
}

/* Production takes the option only: a word at a terminal is typed too easily. */
static int confirm(const struct cli *cli, struct session *s, int64_t all)
{
    int production = s->project->target.production;
    if (cli->yes)
        return 0;
    if (!production && isatty(STDIN_FILENO) && isatty(STDERR_FILENO)) {
        char answer[32], wanted[32];
        snprintf(wanted, sizeof wanted, "%lld\n", (long long)all);
        log_line("These rows would be deleted. Type their number to go on:");
        if (fgets(answer, sizeof answer, stdin) && strcmp(answer, wanted) == 0)
            return 0;
    }
    error_set(&s->err, STATUS_USAGE, "%lld %s would be deleted%s and nobody confirmed",
              (long long)all, plural(all, "row", "rows"),
              production ? ", the target is marked as production," : "");
    error_fix(&s->err, production ? "repeat with --force" : "repeat with --yes");
    return STATUS_USAGE;
}

/* Rows that came or went since they were counted end it: the backup would lack them. */
static int lock_and_compare(struct session *s, const int64_t *counts)
{
    int64_t all = 0;
    int code = 0;
    int64_t *now = arena_alloc(s->job.mem, (s->job.n_tables + 1) * sizeof *now);
    for (size_t i = 0; !code && i < s->job.n_tables; i++)
        code = pg_execf(s->pg, &s->err, "LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE",
                        s->job.tables[i].t->quoted);
    if (!code)
        code = count_all(s, now, &all);
    for (size_t i = 0; !code && i < s->job.n_tables; i++)
        if (now[i] != counts[i]) {
            code =
                error_set(&s->err, STATUS_DRIFT, "%s.%s has %lld %s %lld a moment ago",
                          s->job.tables[i].t->schema, s->job.tables[i].t->name, (long long)now[i],
                          plural(now[i], "row, and had", "rows, and had"), (long long)counts[i]);
            error_fix(&s->err, "repeat it when nobody writes");
        }
    return code;
}

static int delete_rows(struct session *s, const struct job_table *t, int64_t expected)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql, "DELETE FROM %s WHERE (%s\n)", t->t->quoted, t->scope ? t->scope : "true");
    struct pg_result *res = pg_query_str(s->pg, &sql, &s->err);
    int64_t n = res ? pg_affected(res) : 0;
    pg_free(res);
    if (s->err.code || n == expected)
        return s->err.code;
    error_set(&s->err, STATUS_INVALID, "of %lld %s of %s.%s %lld were deleted", (long long)expected,
              plural(expected, "row", "rows"), t->t->schema, t->t->name, (long long)n);
    error_why(&s->err, "a trigger keeps rows, or a foreign key of another table took them along");
    error_fix(&s->err, "see the table's triggers; disable the one that keeps rows");
    return STATUS_INVALID;
}

/* Whoever looks at the runs later finds why their rows are gone. */
static int remember(struct session *s, int64_t all)
{
    int there = state_exists(&s->state, &s->err);
    if (there <= 0)
        return -there;
    int64_t run = state_newest(&s->state, s->project->name,
                               "'published', 'done', 'dry', 'failed', 'abandoned', 'rolled_back',"
                               " 'finalized'",
                               &s->err);
    if (s->err.code || !run)
        return s->err.code;
    int code = state_attach(&s->state, run, &s->err);
    return code ? code
                : state_event(&s->state, &s->err, "cleaned: %lld %s deleted", (long long)all,
                              plural(all, "row", "rows"));
}

static int delete_all(struct session *s, const int64_t *counts, int64_t all)
{
    struct str make, drop;
    str_init(&make, 0);
    str_init(&drop, 0);
    int code = pg_begin(s->pg, "ISOLATION LEVEL READ COMMITTED", &s->err);
    if (!code)
        code = no_run_at_work(s);
    if (!code)
        code = lock_and_compare(s, counts);
    if (!code)
        code = refindex_statements(s->pg, &s->job, &make, &drop, &s->err);
    if (!code && make.len)
        code = pg_exec(s->pg, &s->err, make.data);
    if (!code)
        code = pg_exec(s->pg, &s->err, "SET CONSTRAINTS ALL DEFERRED");
    for (size_t i = s->job.n_tables; !code && i-- > 0;)
        code = counts[i] ? delete_rows(s, &s->job.tables[i], counts[i]) : 0;
    if (!code)
        code = pg_exec(s->pg, &s->err, "SET CONSTRAINTS ALL IMMEDIATE");
    if (!code && drop.len)
        code = pg_exec(s->pg, &s->err, drop.data);
    str_clear(&make);
    str_clear(&drop);
    if (!code)
        code = remember(s, all);
    if (!code)
        return pg_commit(s->pg, 0, &s->err);
    pg_rollback(s->pg);
    return code;
}

int clean_run(const struct cli *cli, struct session *s)
{
    char backup[64] = "";
    int64_t all = 0;
    int code = session_joined(s);
    if (code)
        return failed(s, code);
    int64_t *counts = arena_alloc(s->job.mem, (s->job.n_tables + 1) * sizeof *counts);
    code = look(s, counts, &all);
    if (code)
        return failed(s, code);
    tell(s, counts, all);
    if (cli->action == ACTION_DRY_CLEAN || !all) {
        output_format(NOTHING "\n");
        return 0;
    }
    code = confirm(cli, s, all);
    if (!code && s->project->backup_scope != BACKUP_NONE)
        code = keep_make(s, s->project->backup_scope, NULL, backup);
    if (!code)
        code = delete_all(s, counts, all);
    if (code == STATUS_UNKNOWN) {
        session_report(s, "see with --dry-clean whether the rows are gone");
        return code;
    }
    if (code)
        return failed(s, code);
    output_format("%lld %s deleted%s%s\n", (long long)all, plural(all, "row is", "rows are"),
                  backup[0] ? "; they come back with --restore " : "", backup);
    return 0;
}
