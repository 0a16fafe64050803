/* logins.c - the proof that old passwords open new accounts. The accounts that are looked at are
 * spread evenly, and the same in each run: by a digest of their source keys. */
#include "logins.h"

#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "deferred.h"
#include "feed.h"
#include "hostrepairs.h"
#include "log.h"
#include "plural.h"
#include "sql.h"
#include "staging.h"
#include "verify.h"

#define BATCH 5000 /* accounts that are looked for in one pass of the source */

struct account {
    const char *key, *stored; /* texts of a result */
    int opens, fails, idle;   /* by one of its records; idle: one has nothing to prove */
};

struct attempt {
    struct account *account;
    struct deferred_value *value;
};

struct proof {
    struct state *s;
    struct job *job;
    struct job_stage *stage;
    struct deferred *later;
    struct logins_result *result;
    int found; /* the column is known */
    size_t table, column;
    struct account *accounts; /* of the batch, by key */
    size_t n_accounts;
    int attempted;            /* by the record at hand */
    struct attempt *attempts; /* as many as accounts, or fewer, are under way */
    size_t n_attempts;
    atomic_size_t left;
    struct error failure;
};

void logins_check(const struct job *job, struct faults *faults)
{
    for (size_t i = 0; i < job->n_stages; i++) {
        const struct unit *m = job->stages[i].migrator;
        int can = !job->stages[i].p->has_login_proof;
        for (size_t k = 0; k < m->n_transforms; k++) {
            const mig_transform_ops_t *ops = m->transforms[k]->def->unit->ops;
            can |= host_is_slow(m->transforms[k]) && MIG_HAS(ops, prove);
        }
        struct error err = {0};
        if (can)
            continue;
        error_set(&err, STATUS_CONFIG,
                  "stage %s: \"login_proof\" is set, but no transform of it "
                  "can prove anything",
                  job->stages[i].p->name);
        error_fix(&err, "use \"password.bcrypt\" in it, or leave \"login_proof\" out");
        faults_add(faults, &err);
    }
}

/* ---- the records ----------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct account *)a)->key, ((const struct account *)b)->key);
}

static struct account *find(const struct proof *p, mig_str_t key)
{
    const struct account wanted = {.key = key.data};
    return p->n_accounts ? bsearch(&wanted, p->accounts, p->n_accounts, sizeof wanted, compare)
                         : NULL;
}

static int32_t forget_row(void *ctx, size_t table)
{
    (void)ctx, (void)table;
    return MIG_OK;
}

/* What came out of the attempts goes to their accounts. */
static void settle(struct proof *p)
{
    while (atomic_load(&p->left))
        deferred_wait(p->later, -1, 0, 200);
    for (size_t i = 0; i < p->n_attempts; i++) {
        struct deferred_value *v = p->attempts[i].value;
        if (v->returned < 0 && !p->failure.code) {
            if (v->failure->code)
                p->failure = *v->failure;
            else
                error_set(&p->failure, STATUS_INTERRUPTED, "stopped while logins were proven");
        }
        p->attempts[i].account->opens |= v->returned == MIG_OK;
        p->attempts[i].account->fails |= v->returned == MIG_END;
        deferred_free(v);
    }
    p->n_attempts = 0;
}

/* Looks for the column; or, where it is known, takes the value of an account that is looked at. */
static int32_t await(void *ctx, const struct host_value *v, mig_value_t *out)
{
    struct proof *p = ctx;
    const mig_transform_ops_t *ops = v->transform->def->unit->ops;
    *out = (mig_value_t){.kind = MIG_NULL};
    if (!MIG_HAS(ops, prove))
        return MIG_OK;
    if (!p->found) {
        p->found = 1;
        p->table = v->table;
        p->column = v->column;
        p->result->column = p->stage->migrator->tables[v->table].columns[v->column];
    }
    if (v->table != p->table || v->column != p->column)
        return MIG_OK;
    struct account *a = find(p, p->job->host->key);
    if (!a)
        return MIG_OK;
    if (p->n_attempts == p->n_accounts)
        settle(p);
    const mig_value_t stored = {a->stored, (uint32_t)strlen(a->stored), MIG_TEXT};
    struct deferred_value *value = deferred_value(v, p->job->host->key, &stored);
    p->attempts[p->n_attempts++] = (struct attempt){a, value};
    p->attempted = 1;
    atomic_fetch_add(&p->left, 1);
    deferred_add(p->later, value, &p->left);
    return MIG_OK;
}

static int one_record(struct proof *p, mig_record_t *record, struct str *key, struct error *err)
{
    struct host *host = p->job->host;
    int32_t made = MIG_OK;
    if (feed_key(p->stage, record, key)) {
        record->key = host->key = (mig_str_t){key->data, key->len};
        p->attempted = 0;
        made = call_record(p->stage->migrator, record);
        struct account *a = find(p, host->key);
        if (a && made == MIG_OK)
            a->idle |= !p->attempted;
    }
    int code = made < 0 ? host_error(p->stage->migrator, made, "record", err) : 0;
    host_record_done(host);
    return code;
}

/* All records that are wanted, or until the column is known. */
static int read_records(struct proof *p, int until_found, struct error *err)
{
    mig_record_t record = {.size = sizeof record};
    struct str key;
    int code = 0;
    int32_t got = MIG_OK;
    if (feed_open(p->stage, "", 0, err))
        return err->code;
    str_init(&key, 0);
    while (!code && got != MIG_END && !(until_found && p->found)) {
        p->job->host->in_record = 1;
        got = feed_next_alone(p->stage, &record);
        if (got == MIG_OK)
            code = one_record(p, &record, &key, err);
        else if (got < 0)
            code = host_error(p->stage->source, got, "next", err);
        p->job->host->in_record = 0;
    }
    feed_close(p->stage);
    str_clear(&key);
    return code;
}

/* ---- the accounts ---------------------------------------------------------------------- */

/* Rows of the stage that nobody else wrote since. A trigger of the target may have: that is to
 * show. */
static void accounts_from(const struct proof *p, struct str *sql)
{
    const struct job_table *t = &p->job->tables[p->stage->tables[p->table]];
    const char *name = p->result->column;
    str_add(sql, " FROM ");
    verify_pairs(t, sql);
    str_printf(sql, " AND s._mig_record >> 52 = %zu AND l.", p->stage->no);
    sql_ident(sql, name);
    str_add(sql, " IS NOT NULL AND ");
    verify_ours(p->s, t, sql);
}

/* In a transaction of its own, over before the source is read. */
static struct pg_result *ask(const struct proof *p, struct str *sql, struct error *err)
{
    struct pg_result *res = NULL;
    if (pg_begin(p->s->pg, "READ ONLY", err) == 0 && staging_tune(p->s, p->job, err) == 0)
        res = pg_query(p->s->pg, err, sql->data, 0, NULL);
    pg_rollback(p->s->pg);
    str_clear(sql);
    return res;
}

static struct pg_result *accounts(const struct proof *p, int64_t after, int64_t most,
                                  struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_add(&sql, "SELECT s._mig_key, l.");
    sql_ident(&sql, p->result->column);
    str_add(&sql, "::text");
    accounts_from(p, &sql);
    str_printf(&sql,
               " ORDER BY sha256(convert_to(s._mig_key, 'UTF8')), s._mig_key LIMIT %lld OFFSET"
               " %lld",
               (long long)most, (long long)after);
    return ask(p, &sql, err);
}

/* How many of them are to be proven. */
static int64_t count_wanted(const struct proof *p, struct error *err)
{
    const struct limit *limit = &p->stage->p->login_proof;
    struct str sql;
    if (!limit->is_percent)
        return limit->value < 0 ? INT64_MAX : (int64_t)limit->value;
    str_init(&sql, 0);
    str_add(&sql, "SELECT count(*)");
    accounts_from(p, &sql);
    struct pg_result *res = ask(p, &sql, err);
    int64_t n = res ? pg_get_int(res, 0, 0) : 0;
    pg_free(res);
    return (int64_t)((double)n * limit->value / 100.0 + 0.9999); /* one more than none */
}

/* ---- a batch --------------------------------------------------------------------------- */

/* An account may have several records, of which one was loaded; which, is not known here. So one
 * that does not open it proves nothing, unless that is so for all of them. */
static void count(const struct proof *p)
{
    for (size_t i = 0; i < p->n_accounts; i++) {
        const struct account *a = &p->accounts[i];
        p->result->proven += a->opens;
        p->result->failed += a->fails && !a->opens && !a->idle;
        p->result->open += !a->opens && (a->idle || !a->fails);
    }
}

/* The first `n` accounts of `res`, fewer than BATCH. */
static int prove_batch(struct proof *p, struct pg_result *res, int n, struct error *err)
{
    p->accounts = arena_heap(NULL, ((size_t)n + 1) * sizeof *p->accounts);
    p->attempts = arena_heap(NULL, ((size_t)n + 1) * sizeof *p->attempts);
    p->n_accounts = (size_t)n;
    struct keyset *others = p->stage->wanted;
    p->stage->wanted = keyset_new();
    for (int i = 0; i < n; i++) {
        p->accounts[i] = (struct account){.key = pg_get(res, i, 0), .stored = pg_get(res, i, 1)};
        keyset_add(p->stage->wanted, p->accounts[i].key, strlen(p->accounts[i].key));
    }
    qsort(p->accounts, (size_t)n, sizeof *p->accounts, compare);
    int code = read_records(p, 0, err);
    if (!p->stage->spool && call_can_release(p->stage->source))
        call_release(p->stage->source); /* proofs take as long as hashing */
    settle(p);
    if (!code && p->failure.code)
        *err = p->failure;
    count(p);
    keyset_free(p->stage->wanted);
    p->stage->wanted = others;
    free(p->accounts);
    free(p->attempts);
    p->n_accounts = 0;
    return err->code;
}

/* Until there are enough, or no more: one that has nothing to prove makes room for another. */
static int prove_accounts(struct proof *p, struct error *err)
{
    int64_t wanted = count_wanted(p, err), after = 0, most = 0, n = 0;
    do {
        most = wanted - p->result->proven - p->result->failed;
        if (err->code || most <= 0)
            break;
        most = most < BATCH ? most : BATCH;
        struct pg_result *res = accounts(p, after, most, err);
        n = res ? pg_rows(res) : 0;
        after += n;
        if (n)
            prove_batch(p, res, (int)n, err);
        pg_free(res);
    } while (n == most);
    return err->code;
}

/* ---- stages ---------------------------------------------------------------------------- */

static int prove_stage(struct proof *p, struct error *err)
{
    struct unit *migrator = p->stage->migrator;
    struct host *host = p->job->host;
    p->later = deferred_start(p->job, p->stage, 0, err);
    if (!p->later)
        return err->code;
    migrator->emit = forget_row;
    migrator->await = await;
    migrator->emit_ctx = p;
    host->stage = p->stage->p->name;
    host->secret = 1;
    int code = read_records(p, 1, err);
    if (!code && p->found)
        code = prove_accounts(p, err);
    deferred_end(p->later);
    migrator->await = NULL;
    host->secret = 0;
    hostrepairs_stage(host); /* they were counted when the rows were made */
    return code;
}

static void tell(const struct logins_result *r)
{
    log_write(LOG_INFO, "stage %s: %lld old %s, %lld %s not, %lld %s nothing to prove", r->stage,
              (long long)r->proven,
              plural(r->proven, "password opens its account", "passwords open their accounts"),
              (long long)r->failed, plural(r->failed, "does", "do"), (long long)r->open,
              plural(r->open, "account has", "accounts have"));
}

int logins_prove(struct state *s, struct job *job, struct logins_list *out, struct error *err)
{
    *out = (struct logins_list){
        .items = arena_alloc(job->mem, (job->n_stages + 1) * sizeof *out->items)};
    const struct logins_result *worst = NULL;
    for (size_t i = 0; i < job->n_stages; i++) {
        struct job_stage *st = &job->stages[i];
        struct logins_result *r = &out->items[out->n];
        if (!st->p->has_login_proof || st->p->login_proof.value == 0)
            continue;
        struct proof p = {.s = s, .job = job, .stage = st, .result = r};
        *r = (struct logins_result){.stage = st->p->name, .column = ""};
        out->n++;
        if (prove_stage(&p, err))
            return err->code;
        tell(r);
        worst = r->failed ? r : worst;
    }
    if (!worst)
        return 0;
    error_set(err, STATUS_INVALID, "stage %s: %lld of %lld %s", worst->stage,
              (long long)worst->failed, (long long)(worst->proven + worst->failed),
              plural(worst->proven + worst->failed, "old password does not open its account",
                     "old passwords do not open their accounts"));
    error_fix(err,
              "look whether a trigger of the target changes column %s, or the source was "
              "written while the run worked",
              worst->column);
    return STATUS_INVALID;
}
