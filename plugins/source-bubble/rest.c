/*
 * rest.c - the unit "rest": a source that reads records of any API that gives JSON lists over HTTP.
 *
 * Shares requests, retries, limits and values with "bubble". What pages have in common ends there:
 * nothing is known of keys and order, so pages are read one after the other, and what others change
 * meanwhile is not noticed.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/plural.h"
#include "common/say.h"
#include "facts.h"
#include "record.h"
#include "recording.h"
#include "replay.h"
#include "slot.h"
#include "units.h"
#include "walk.h"

#define WAIT_MS 1000

struct rest {
    const mig_host_t *host;
    struct settings settings;
    struct transfers net;
    struct pace pace;
    struct slots slots;
    struct transfers_count count; /* of the open entity */
    struct walk walk;
    struct page_form form;
    struct record record;
    struct recording recording;
    struct replay replay; /* in place of requests */
    char *entity;         /* the open one, NULL: none; owned, as the text */
    char *text;           /* of identity() and position() */
    struct jsonscan_slice thing;
    size_t at, skip; /* in the page: the next record; those that were given in an earlier run */
    int is_open, is_ended;
    int64_t begun;
};

/* ---- life --------------------------------------------------------------------------------- */

static int32_t rest_close(void *self)
{
    struct rest *r = self;
    slots_free(&r->slots);
    recording_close(&r->recording);
    replay_close(&r->replay);
    free(r->entity);
    r->entity = NULL;
    r->thing.data = NULL;
    return MIG_OK;
}

static void rest_destroy(void *self)
{
    struct rest *r = self;
    if (!r)
        return;
    rest_close(r);
    transfers_clear(&r->net);
    record_clear(&r->record);
    recording_clear(&r->recording);
    walk_clear(&r->walk);
    settings_clear(&r->settings);
    free(r->text);
    free(r);
    curl_global_cleanup();
}

static int32_t rest_create(const mig_host_t *host, void **self)
{
    struct rest *r =
        curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? calloc(1, sizeof *r) : NULL;
    *self = r;
    if (!r)
        return say_fail(host, MIG_E_NOMEM, NULL, "no memory for a source");
    r->host = host;
    int32_t status = settings_read(&r->settings, host, SETTINGS_REST);
    transfers_init(&r->net, &r->settings);
    record_init(&r->record, &r->settings);
    recording_init(&r->recording, &r->settings, &r->form);
    replay_init(&r->replay, &r->settings, &r->form);
    if (status == MIG_OK)
        status = walk_read(&r->walk, &r->settings);
    r->form = (struct page_form){.list = r->walk.list ? r->walk.list : "", .next = r->walk.next};
    return status;
}

/* Which address would show it is not known. */
static int32_t rest_ping(void *self)
{
    (void)self;
    return MIG_OK;
}

static int32_t rest_entities(void *self, void *ctx, int32_t (*row)(void *ctx, const char *entity))
{
    struct rest *r = self;
    int32_t status = MIG_OK;
    const char *name;
    json_t *path;
    json_object_foreach(r->walk.paths, name, path)
    {
        if (status == MIG_OK)
            status = row(ctx, name);
    }
    return status;
}

/* ---- where it is -------------------------------------------------------------------------- */

static int32_t no_memory(struct rest *r)
{
    return say_fail(r->host, MIG_E_NOMEM, NULL, "no memory for an entity");
}

static int32_t give_text(struct rest *r, mig_str_t *out)
{
    if (!r->text)
        return no_memory(r);
    *out = (mig_str_t){r->text, strlen(r->text)};
    return MIG_OK;
}

static int32_t rest_identity(void *self, const char *entity, mig_str_t *out)
{
    struct rest *r = self;
    size_t room = strlen(r->settings.server) + strlen(entity) + 2;
    free(r->text);
    r->text = malloc(room);
    if (r->text)
        snprintf(r->text, room, "%s %s", r->settings.server, entity);
    return give_text(r, out);
}

/* The page that is read, and how much of it: the same in a recording. */
static void where(const struct rest *r, uint64_t *number, size_t *at)
{
    const struct replay_part *p = &r->replay.first;
    *number = r->walk.number;
    *at = r->is_open ? r->at : 0;
    if (replay_is_open(&r->replay)) {
        int behind = p->at == p->page.n;
        *number = p->pages + (behind ? 1 : 0);
        *at = behind ? 0 : p->at;
    }
}

static int32_t rest_position(void *self, mig_str_t *out)
{
    struct rest *r = self;
    *out = (mig_str_t){"", 0};
    char *met = r->entity && r->record.n ? malloc(r->record.fields.n_wanted + 1) : NULL;
    if (!met)
        return MIG_OK;
    uint64_t number;
    size_t at;
    record_met(&r->record, met);
    where(r, &number, &at);
    json_t *json =
        json_pack("{so ss? sI sI sI sI ss}", "facts", facts_keep(&r->record, &r->count), "mark",
                  r->walk.mark, "before", (json_int_t)r->walk.before, "number", (json_int_t)number,
                  "at", (json_int_t)at, "records", (json_int_t)r->record.n, "met", met);
    free(met);
    free(r->text);
    r->text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return give_text(r, out);
}

static int go_on(struct rest *r, mig_str_t position)
{
    json_t *json = json_loadb(position.data, position.len, 0, NULL);
    json_int_t before, number, at, records;
    const char *mark, *met;
    json_t *marked;
    int failed = json_unpack(json, "{so sI sI sI sI ss}", "mark", &marked, "before", &before,
                             "number", &number, "at", &at, "records", &records, "met", &met) != 0;
    if (!failed) {
        mark = json_string_value(marked);
        r->walk.mark = mark ? strdup(mark) : NULL;
        r->walk.before = (uint64_t)before;
        r->walk.number = (uint64_t)number;
        r->skip = (size_t)at;
        r->record.n = (uint64_t)records;
        record_set_met(&r->record, met, strlen(met));
        facts_restore(json_object_get(json, "facts"), &r->record, &r->count);
    }
    json_decref(json);
    return failed ? -1 : 0;
}

/* ---- reading ------------------------------------------------------------------------------ */

static char *address(const void *ctx, const struct slot *slot)
{
    (void)slot;
    return walk_url(&((const struct rest *)ctx)->walk);
}

/* Where the entity is read from in place of the server, or NULL. */
static const char *recorded_in(const struct rest *r, const char *entity)
{
    const struct settings *s = &r->settings;
    if (s->replay || !s->is_export)
        return s->replay;
    return manifest_is_whole(s->record, entity) ? s->record : NULL;
}

/* Behind a position, which the walk has. */
static int32_t open_recorded(struct rest *r, const char *dir, const char *const *fields,
                             uint32_t n_fields)
{
    int32_t status = replay_begin(&r->replay, dir, r->entity, fields, n_fields);
    int anew = r->walk.number == 1 && !r->skip;
    return status != MIG_OK || anew ? status : replay_go(&r->replay, r->walk.number, r->skip);
}

static int32_t rest_open(void *self, const char *entity, const char *const *fields,
                         uint32_t n_fields, const char *const *key_fields, uint32_t n_key_fields,
                         mig_str_t position)
{
    struct rest *r = self;
    const struct slot_kind kind = {address, r, &r->form, &r->count};
    (void)key_fields; /* an API has an order of its own */
    (void)n_key_fields;
    const char *dir = recorded_in(r, entity);
    rest_close(r);
    r->is_open = r->is_ended = 0;
    r->skip = 0;
    r->begun = transfer_now();
    r->count = (struct transfers_count){.requests = 0};
    r->entity = strdup(entity);
    if (!r->entity || walk_begin(&r->walk, entity) != 0)
        return no_memory(r);
    pace_begin(&r->pace, r->settings.page_size, 1, r->settings.wait_most_ms,
               (uint64_t)r->begun * 2654435761U);
    int32_t status = record_begin(&r->record, r->entity, fields, n_fields);
    if (status == MIG_OK)
        status = slots_begin(&r->slots, &r->settings, &kind, &r->net, &r->pace);
    if (status == MIG_OK && position.len && go_on(r, position) != 0)
        status = say_fail(r->host, MIG_E_BUG, NULL, "a position is no position of this source");
    if (status == MIG_OK && dir)
        status = open_recorded(r, dir, fields, n_fields);
    else if (status == MIG_OK && r->settings.record)
        recording_begin(&r->recording, r->entity, r->entity, r->walk.number - 1);
    return status;
}

static int32_t failed(struct rest *r, const struct slot *slot)
{
    const struct answer *a = &slot->answer;
    r->is_ended = 1;
    recording_close(&r->recording); /* half, and never called whole */
    return say_fail(r->host, a->status, a->fix,
                    "entity \"%s\" of %s: %s; %" PRIu64 " %s read, this request was tried %u times",
                    r->entity, r->settings.server, a->what, r->record.n,
                    plural(r->record.n, "record was", "records were"), slot->tries + 1);
}

static int32_t close_page(struct rest *r, struct slot *slot)
{
    int on = walk_on(&r->walk, &slot->page);
    slots_drop_first(&r->slots);
    r->is_open = 0;
    r->is_ended = on <= 0;
    if (on >= 0)
        return MIG_OK;
    recording_close(&r->recording);
    return say_fail(r->host, MIG_E_SOURCE, "see the option \"next\"",
                    "entity \"%s\" of %s: behind page %" PRIu64
                    " the server names the same page again, or one on another server",
                    r->entity, r->settings.server, r->walk.number - 1);
}

static int32_t step(struct rest *r)
{
    struct slot *slot = slots_at(&r->slots, 0);
    if (r->is_open && r->at < slot->page.n) {
        r->thing = slot->page.things[r->at++].text;
        return MIG_OK;
    }
    if (r->is_open)
        return close_page(r, slot);
    if (!slot)
        slots_add(&r->slots)->want = (struct keyset_request){.limit = 1};
    int32_t status = slots_advance(&r->slots);
    slot = slots_at(&r->slots, 0);
    if (status != MIG_OK)
        return status;
    if (slot->state == SLOT_FAILED)
        return failed(r, slot);
    if (slot->state != SLOT_READY)
        return MIG_WAIT;
    r->is_open = 1;
    r->at = r->skip < slot->page.n ? r->skip : slot->page.n;
    r->skip = 0;
    r->count.pages++;
    return recording_add(&r->recording, &slot->page, &slot->transfer.body);
}

static int32_t at_end(struct rest *r)
{
    if (r->record.n) {
        int32_t status = record_end(&r->record, r->entity);
        return status == MIG_OK ? MIG_END : status;
    }
    return r->settings.allow_empty
               ? MIG_END
               : say_fail(r->host, MIG_E_SOURCE,
                          "set the option \"allow_empty\" where this is right",
                          "entity \"%s\" of %s has no records", r->entity, r->settings.server);
}

static int32_t check_time(struct rest *r)
{
    if (r->host->cancelled(r->host))
        return say_fail(r->host, MIG_E_CANCELLED, NULL, "reading was stopped");
    if (!r->settings.time_limit_ms || transfer_now() - r->begun <= r->settings.time_limit_ms)
        return MIG_OK;
    return say_fail(r->host, MIG_E_TEMPORARY, "run the same command again: it goes on from here",
                    "entity \"%s\": the option \"time_limit\" is over, with %" PRIu64 " %s read",
                    r->entity, r->record.n, plural(r->record.n, "record", "records"));
}

static int32_t rest_next(void *self, mig_record_t *rec, mig_wait_t *wait)
{
    struct rest *r = self;
    int32_t status = check_time(r);
    r->thing.data = NULL;
    if (status == MIG_OK && replay_is_open(&r->replay))
        status = replay_next(&r->replay, NULL, &r->thing);
    while (status == MIG_OK && !r->thing.data && !r->is_ended)
        status = step(r);
    if (status == MIG_OK && !r->thing.data)
        status = recording_finish(&r->recording, -1);
    if (status == MIG_END)
        return at_end(r);
    if (status == MIG_WAIT)
        transfers_wait(&r->net, slots_due(&r->slots, WAIT_MS), wait);
    if (status != MIG_OK)
        return status;
    if (!r->thing.data)
        return at_end(r);
    rec->values = r->record.values;
    rec->n_values = (uint32_t)r->record.fields.n_wanted;
    return record_read(&r->record, r->thing.data, r->thing.len);
}

static int32_t rest_raw(void *self, mig_str_t *out)
{
    struct rest *r = self;
    *out = (mig_str_t){r->thing.data ? r->thing.data : "", r->thing.data ? r->thing.len : 0};
    return MIG_OK;
}

static int32_t rest_unread(void *self, void *ctx,
                           int32_t (*field)(void *ctx, mig_str_t name, uint64_t filled))
{
    struct rest *r = self;
    return fields_unread(&r->record.fields, ctx, field);
}

static int32_t rest_facts(void *self, void *ctx,
                          int32_t (*fact)(void *ctx, const char *name, const char *value))
{
    const struct rest *r = self;
    struct transfers_count c = r->count;
    if (replay_is_open(&r->replay))
        c.pages = replay_pages(&r->replay);
    return facts_tell(&r->record, &c, ctx, fact);
}

/* ---- the unit ----------------------------------------------------------------------------- */

static const mig_option_t options[] = {
    {"url", MIG_OPT_URL, MIG_OPTF_REQUIRED, NULL, NULL,
     "Address that all paths begin with: https://api.example.com/v2."},
    {"api_key", MIG_OPT_TEXT, MIG_OPTF_SECRET, NULL, NULL,
     "Key of the API, from a variable: \"${SHOP_API_KEY}\"."},
    {"key_header", MIG_OPT_TEXT, 0, "Authorization: Bearer ", NULL,
     "What stands before the key in the request: \"X-Api-Key: \"."},
    {"paths", MIG_OPT_JSON, 0, NULL, NULL,
     "Path of each entity, where it is not its name: {\"orders\": \"shop/orders\"}."},
    {"query", MIG_OPT_JSON, 0, NULL, NULL, "Parameters of all requests: {\"sort\": \"id\"}."},
    {"records", MIG_OPT_TEXT, 0, "", NULL,
     "Dotted path of the list of records in the answer; empty: the answer is the list."},
    {"paging", MIG_OPT_TEXT, 0, "none", "none|offset|page|cursor|link",
     "How the next page is asked for."},
    {"parameter", MIG_OPT_TEXT, 0, NULL, NULL, "Parameter with offset, page number or cursor."},
    {"next", MIG_OPT_TEXT, 0, NULL, NULL,
     "Dotted path of the next cursor or link in the answer; the last page has none."},
    {"limit_parameter", MIG_OPT_TEXT, 0, NULL, NULL, "Parameter with the records of a page."},
    {"page_size", MIG_OPT_INT, 0, "100", "1..100000", "Records in a page."},
    {"missing", MIG_OPT_TEXT, 0, "absent", "null|absent",
     "What a field is that a record does not have."},
    SETTINGS_COMMON,
    {NULL, 0, 0, NULL, NULL, NULL},
};

static const mig_source_ops_t ops = {
    .size = sizeof(mig_source_ops_t),
    .flags = MIG_SOURCE_RECORDS,
    .ping = rest_ping,
    .entities = rest_entities,
    .identity = rest_identity,
    .open = rest_open,
    .next = rest_next,
    .raw = rest_raw,
    .position = rest_position,
    .close = rest_close,
    .unread = rest_unread,
    .facts = rest_facts,
};

const mig_unit_t rest_unit = {
    .size = sizeof(mig_unit_t),
    .kind = MIG_SOURCE,
    .name = "rest",
    .summary = "Reads records of an API that gives JSON lists, by any way of paging.",
    .options = options,
    .create = rest_create,
    .destroy = rest_destroy,
    .ops = &ops,
};
