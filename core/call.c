/* call.c - calls into units. Nothing here knows what a call is for. Calls that are not per record
 * are followed by a look at what the unit may have changed in the process (surround.h). */
#include "call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crash.h"
#include "highwater.h"
#include "surround.h"

#define ONLY_KEYS 50000   /* of only(): with more, reading all is no longer much dearer */
#define MAX_CHECKS 100000 /* of one validator: more are a check() that never ends */

#define MAY_END (1U << MIG_END)
#define MAY_WAIT (1U << MIG_WAIT)
#define MAY_SKIP (1U << MIG_SKIP)
#define MAY_REJECT (1U << MIG_REJECT)
#define MAY_LATER (1U << MIG_LATER)

static int32_t broken(struct unit *u, const char *text)
{
    struct str fix;
    str_init(&fix, 0);
    str_printf(&fix, "this is a mistake in the plugin %s", u->def->path);
    u->table.fail(&u->table, MIG_E_BUG, text, fix.data);
    str_clear(&fix);
    return MIG_E_BUG;
}

static struct crash_call enter(const struct unit *u, const char *call)
{
    return crash_enter((struct crash_call){&u->who, call, NULL});
}

/* A source serves many stages. */
static struct crash_call enter_for(const struct job_stage *stage, const char *call)
{
    return crash_enter((struct crash_call){&stage->source->who, call, stage->p->name});
}

/* Ends the call: outcomes that it may not have become a fault of the unit. */
static int32_t leave(struct crash_call outer, struct unit *u, const char *call, int32_t got,
                     unsigned may)
{
    crash_leave(outer);
    if (got == MIG_OK || (got < 0 && got >= MIG_E_IO) ||
        (got > 0 && got <= MIG_LATER && (may >> got & 1)))
        return got;
    char text[100];
    snprintf(text, sizeof text, "%s() answered %d, which is none of its outcomes", call, got);
    return broken(u, text);
}

static int bad_values(const mig_value_t *v, size_t n, uint32_t last_kind)
{
    for (size_t i = 0; i < n; i++)
        if (v[i].kind > last_kind || (v[i].kind > MIG_NULL && v[i].len && !v[i].data))
            return 1;
    return 0;
}

/* ---- all kinds ------------------------------------------------------------------------- */

int32_t call_create(struct unit *u)
{
    struct crash_call outer = enter(u, "create");
    int32_t got = u->def->unit->create(&u->table, &u->self);
    surround_restore(u->who.name);
    return leave(outer, u, "create", got, 0);
}

void call_destroy(struct unit *u)
{
    struct crash_call outer = enter(u, "destroy");
    u->def->unit->destroy(u->self);
    crash_leave(outer);
    surround_restore(u->who.name);
}

/* ---- sources --------------------------------------------------------------------------- */

static const mig_source_ops_t *source_ops(const struct job_stage *stage)
{
    return stage->source->def->unit->ops;
}

int32_t call_ping(struct unit *source)
{
    const mig_source_ops_t *ops = source->def->unit->ops;
    struct crash_call outer = enter(source, "ping");
    int32_t got = ops->ping(source->self);
    surround_restore(source->who.name);
    return leave(outer, source, "ping", got, 0);
}

int32_t call_identity(const struct job_stage *stage, mig_str_t *out)
{
    struct crash_call outer = enter_for(stage, "identity");
    int32_t got = source_ops(stage)->identity(stage->source->self, stage->p->entity, out);
    got = leave(outer, stage->source, "identity", got, 0);
    return got == MIG_OK && out->len && !out->data
               ? broken(stage->source, "identity() gave a text without data")
               : got;
}

/* A source that leaves out what is below saves the way here; the host looks in any case. */
static int32_t give_bound(const struct job_stage *stage)
{
    const mig_source_ops_t *ops = source_ops(stage);
    const struct highwater *h = stage->high;
    if (!h || !h->has_since || !MIG_HAS(ops, since))
        return MIG_OK;
    const mig_value_t least = {h->text, (uint32_t)strlen(h->text),
                               h->is_time ? MIG_TEXT : MIG_NUMBER};
    struct crash_call outer = enter_for(stage, "since");
    int32_t got = ops->since(stage->source->self, stage->p->mark_field, &least);
    return leave(outer, stage->source, "since", got, 0);
}

int32_t call_only(const struct job_stage *stage)
{
    const mig_source_ops_t *ops = source_ops(stage);
    size_t n = keyset_size(stage->wanted);
    if (!MIG_HAS(ops, only) || stage->p->n_key != 1 || n > ONLY_KEYS)
        return MIG_END;
    mig_str_t *keys = arena_heap(NULL, (n + 1) * sizeof *keys);
    keyset_list(stage->wanted, keys);
    struct crash_call outer = enter_for(stage, "only");
    int32_t got =
        ops->only(stage->source->self, stage->p->entity, stage->p->key[0], keys, (uint32_t)n);
    free(keys);
    return leave(outer, stage->source, "only", got, MAY_END);
}

int32_t call_open(const struct job_stage *stage, mig_str_t position)
{
    int32_t bound = give_bound(stage);
    if (bound != MIG_OK)
        return bound;
    struct crash_call outer = enter_for(stage, "open");
    int32_t got = source_ops(stage)->open(stage->source->self, stage->p->entity, stage->fields,
                                          (uint32_t)stage->n_fields, stage->p->key,
                                          (uint32_t)stage->p->n_key, position);
    surround_restore(stage->source->who.name);
    return leave(outer, stage->source, "open", got, 0);
}

int32_t call_next(const struct job_stage *stage, mig_record_t *record, mig_wait_t *wait)
{
    struct crash_call outer = enter_for(stage, "next");
    int32_t got = source_ops(stage)->next(stage->source->self, record, wait);
    got = leave(outer, stage->source, "next", got, MAY_END | MAY_WAIT | MAY_REJECT);
    if (got != MIG_OK)
        return got;
    if (record->n_values != stage->n_fields || (record->n_values && !record->values))
        return broken(stage->source, "next() gave another number of values than were asked for");
    return bad_values(record->values, record->n_values, MIG_JSON)
               ? broken(stage->source, "next() gave a value of no known kind, or without data")
               : got;
}

mig_str_t call_raw(const struct job_stage *stage)
{
    mig_str_t out = {NULL, 0};
    struct crash_call outer = enter_for(stage, "raw");
    int32_t got = source_ops(stage)->raw(stage->source->self, &out);
    crash_leave(outer);
    return got == MIG_OK && out.data ? out : (mig_str_t){NULL, 0};
}

mig_str_t call_position(const struct job_stage *stage)
{
    const mig_source_ops_t *ops = source_ops(stage);
    mig_str_t out = {NULL, 0};
    if (!MIG_HAS(ops, position))
        return out;
    struct crash_call outer = enter_for(stage, "position");
    int32_t got = ops->position(stage->source->self, &out);
    crash_leave(outer);
    return got == MIG_OK && out.data ? out : (mig_str_t){NULL, 0};
}

int64_t call_progress(const struct job_stage *stage)
{
    const mig_source_ops_t *ops = source_ops(stage);
    if (!MIG_HAS(ops, progress))
        return -1;
    struct crash_call outer = enter_for(stage, "progress");
    int64_t parts = ops->progress(stage->source->self);
    crash_leave(outer);
    return parts;
}

int32_t call_snapshot(const struct job_stage *stage, mig_str_t *out)
{
    const mig_source_ops_t *ops = source_ops(stage);
    *out = (mig_str_t){NULL, 0};
    if (!MIG_HAS(ops, snapshot))
        return MIG_OK;
    struct crash_call outer = enter_for(stage, "snapshot");
    int32_t got = ops->snapshot(stage->source->self, out);
    surround_restore(stage->source->who.name);
    return leave(outer, stage->source, "snapshot", got, 0);
}

int32_t call_unchanged(const struct job_stage *stage, const char *before, uint64_t *written,
                       uint64_t *records)
{
    const mig_source_ops_t *ops = source_ops(stage);
    if (!MIG_HAS(ops, unchanged))
        return MIG_END;
    struct crash_call outer = enter_for(stage, "unchanged");
    int32_t got = ops->unchanged(stage->source->self, stage->p->entity, before, written, records);
    surround_restore(stage->source->who.name);
    return leave(outer, stage->source, "unchanged", got, MAY_END);
}

int call_can_release(const struct unit *source)
{
    const mig_source_ops_t *ops = source->def->unit->ops;
    return MIG_HAS(ops, release);
}

int32_t call_release(struct unit *source)
{
    const mig_source_ops_t *ops = source->def->unit->ops;
    struct crash_call outer = enter(source, "release");
    int32_t got = ops->release(source->self);
    surround_restore(source->who.name);
    source->released = 1;
    return leave(outer, source, "release", got, 0);
}

int32_t call_unread(const struct job_stage *stage, void *ctx,
                    int32_t (*field)(void *ctx, mig_str_t name, uint64_t filled))
{
    const mig_source_ops_t *ops = source_ops(stage);
    if (!MIG_HAS(ops, unread))
        return MIG_END;
    struct crash_call outer = enter_for(stage, "unread");
    int32_t got = ops->unread(stage->source->self, ctx, field);
    return leave(outer, stage->source, "unread", got, 0);
}

int32_t call_soon(const struct job_stage *stage)
{
    const mig_source_ops_t *ops = source_ops(stage);
    if (!MIG_HAS(ops, soon))
        return MIG_OK;
    struct crash_call outer = enter_for(stage, "soon");
    int32_t got = ops->soon(stage->source->self, stage->p->entity);
    return leave(outer, stage->source, "soon", got, 0);
}

int32_t call_amend(const struct job_stage *stage, uint64_t *records)
{
    const mig_source_ops_t *ops = source_ops(stage);
    *records = 0;
    if (!MIG_HAS(ops, amend))
        return MIG_END;
    struct crash_call outer = enter_for(stage, "amend");
    int32_t got = ops->amend(stage->source->self, stage->p->entity, records);
    surround_restore(stage->source->who.name);
    return leave(outer, stage->source, "amend", got, MAY_END);
}

int call_keeps_session(const struct job_stage *stage)
{
    return MIG_HAS(source_ops(stage), snapshot);
}

int call_can_split(const struct job_stage *stage)
{
    const mig_source_ops_t *ops = source_ops(stage);
    return MIG_HAS(ops, split) && MIG_HAS(ops, share) && MIG_HAS(ops, join);
}

int32_t call_split(const struct job_stage *stage, uint32_t wanted, void *ctx,
                   int32_t (*part)(void *ctx, mig_str_t part))
{
    struct crash_call outer = enter_for(stage, "split");
    int32_t got = source_ops(stage)->split(stage->source->self, stage->p->entity, stage->p->key,
                                           (uint32_t)stage->p->n_key, wanted, ctx, part);
    surround_restore(stage->source->who.name);
    return leave(outer, stage->source, "split", got, 0);
}

int32_t call_share(const struct job_stage *stage, mig_str_t *out)
{
    struct crash_call outer = enter_for(stage, "share");
    int32_t got = source_ops(stage)->share(stage->source->self, out);
    surround_restore(stage->source->who.name);
    return leave(outer, stage->source, "share", got, 0);
}

int32_t call_join(const struct job_stage *stage, mig_str_t shared)
{
    struct crash_call outer = enter_for(stage, "join");
    int32_t got = source_ops(stage)->join(stage->source->self, shared);
    surround_restore(stage->source->who.name);
    return leave(outer, stage->source, "join", got, 0);
}

void call_close(const struct job_stage *stage)
{
    struct crash_call outer = enter_for(stage, "close");
    source_ops(stage)->close(stage->source->self);
    crash_leave(outer);
    surround_restore(stage->source->who.name);
}

int32_t call_written(const struct job_stage *stage, void *ctx,
                     int32_t (*row)(void *ctx, int32_t removed, mig_str_t key))
{
    const mig_source_ops_t *ops = source_ops(stage);
    if (!MIG_HAS(ops, written))
        return MIG_END;
    struct crash_call outer = enter_for(stage, "written");
    int32_t got = ops->written(stage->source->self, stage->p->entity, stage->p->key,
                               (uint32_t)stage->p->n_key, ctx, row);
    surround_restore(stage->source->who.name);
    return leave(outer, stage->source, "written", got, MAY_END);
}

int32_t call_facts(const struct job_stage *stage, void *ctx,
                   int32_t (*fact)(void *ctx, const char *name, const char *value))
{
    const mig_source_ops_t *ops = source_ops(stage);
    if (!MIG_HAS(ops, facts))
        return MIG_END;
    struct crash_call outer = enter_for(stage, "facts");
    int32_t got = ops->facts(stage->source->self, ctx, fact);
    return leave(outer, stage->source, "facts", got, MAY_END);
}

/* ---- migrators and transforms ---------------------------------------------------------- */

int32_t call_describe(struct unit *migrator)
{
    const mig_migrator_ops_t *ops = migrator->def->unit->ops;
    struct crash_call outer = enter(migrator, "describe");
    int32_t got = ops->describe(migrator->self);
    surround_restore(migrator->who.name);
    return leave(outer, migrator, "describe", got, 0);
}

int32_t call_record(struct unit *migrator, const mig_record_t *record)
{
    const mig_migrator_ops_t *ops = migrator->def->unit->ops;
    struct crash_call outer = enter(migrator, "record");
    int32_t got = ops->record(migrator->self, record);
    got = leave(outer, migrator, "record", got, MAY_SKIP | MAY_REJECT);
    /* A service failed and the migrator went on as if nothing was. */
    return got >= 0 && migrator->host->failure.code ? MIG_E_BUG : got;
}

int32_t call_row(struct unit *migrator, const mig_value_t *values, size_t n)
{
    return bad_values(values, n, migrator->await ? MIG_AWAITED : MIG_KEY)
               ? broken(migrator, "emits a value of no known kind, or without data")
               : MIG_OK;
}

static int32_t transformed(struct crash_call outer, struct unit *transform, const char *call,
                           int32_t got, unsigned may, const mig_value_t *out)
{
    char text[100];
    got = leave(outer, transform, call, got, may);
    /* The migrator passes it on: without this it would be blamed. */
    if (got < 0 && !transform->host->failure.code) {
        snprintf(text, sizeof text, "%s() returned %d and did not say why", call, got);
        return broken(transform, text);
    }
    if (got != MIG_OK || !out || !bad_values(out, 1, MIG_JSON))
        return got;
    snprintf(text, sizeof text, "%s() gave a value of no known kind, or without data", call);
    return broken(transform, text);
}

int32_t call_quick(struct unit *transform, const mig_value_t *in, uint32_t n, mig_value_t *out)
{
    const mig_transform_ops_t *ops = transform->def->unit->ops;
    if (!MIG_HAS(ops, quick))
        return MIG_LATER;
    struct crash_call outer = enter(transform, "quick");
    int32_t got = ops->quick(transform->self, in, n, out);
    return transformed(outer, transform, "quick", got, MAY_REJECT | MAY_LATER, out);
}

int32_t call_slow(struct unit *transform, const mig_value_t *in, uint32_t n, mig_value_t *out)
{
    const mig_transform_ops_t *ops = transform->def->unit->ops;
    struct crash_call outer = enter(transform, "apply");
    int32_t got = ops->apply(transform->self, in, n, out);
    return transformed(outer, transform, "apply", got, MAY_REJECT, out);
}

int32_t call_apply(struct unit *transform, const mig_value_t *in, uint32_t n, mig_value_t *out)
{
    int32_t got = call_quick(transform, in, n, out);
    return got == MIG_LATER ? call_slow(transform, in, n, out) : got;
}

int32_t call_mark(struct unit *transform, const mig_value_t *in, uint32_t n, unsigned char out[32])
{
    const mig_transform_ops_t *ops = transform->def->unit->ops;
    if (!MIG_HAS(ops, mark))
        return MIG_END;
    struct crash_call outer = enter(transform, "mark");
    int32_t got = ops->mark(transform->self, in, n, out);
    return transformed(outer, transform, "mark", got, MAY_END, NULL);
}

int32_t call_prove(struct unit *transform, const mig_value_t *in, uint32_t n,
                   const mig_value_t *stored)
{
    const mig_transform_ops_t *ops = transform->def->unit->ops;
    struct crash_call outer = enter(transform, "prove");
    int32_t got = ops->prove(transform->self, in, n, stored);
    return transformed(outer, transform, "prove", got, MAY_END, NULL);
}

int call_can_open(const struct unit *transform)
{
    const mig_transform_ops_t *ops = transform->def->unit->ops;
    return MIG_HAS(ops, opens);
}

int32_t call_opens(struct unit *transform, const mig_value_t *typed, const mig_value_t *stored)
{
    const mig_transform_ops_t *ops = transform->def->unit->ops;
    struct crash_call outer = enter(transform, "opens");
    int32_t got = ops->opens(transform->self, typed, stored);
    return transformed(outer, transform, "opens", got, MAY_END, NULL);
}

/* ---- validators and reporters ---------------------------------------------------------- */

static int bad_check(const mig_check_t *c)
{
    int kind = c->kind == MIG_CHECK_ROW || c->kind == MIG_CHECK_QUERY;
    int severity = c->severity == MIG_SEVERITY_ERROR || c->severity == MIG_SEVERITY_WARNING;
    return !kind || !severity || !c->name || !c->code || !c->message || !c->sql ||
           (c->kind == MIG_CHECK_ROW && !c->table);
}

int32_t call_check(struct unit *validator, uint32_t number, mig_check_t *out)
{
    const mig_validator_ops_t *ops = validator->def->unit->ops;
    memset(out, 0, sizeof *out);
    out->size = sizeof *out;
    if (number >= MAX_CHECKS)
        return broken(validator, "check() never says that it is at its end");
    struct crash_call outer = enter(validator, "check");
    int32_t got = ops->check(validator->self, number, out);
    surround_restore(validator->who.name);
    got = leave(outer, validator, "check", got, MAY_END);
    return got == MIG_OK && bad_check(out)
               ? broken(validator, "check() gave one without kind, severity or a text that is due")
               : got;
}

int32_t call_report(struct unit *reporter, const mig_report_t *report)
{
    const mig_reporter_ops_t *ops = reporter->def->unit->ops;
    struct crash_call outer = enter(reporter, "report");
    int32_t got = ops->report(reporter->self, report);
    surround_restore(reporter->who.name);
    return leave(outer, reporter, "report", got, 0);
}
