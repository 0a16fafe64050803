/*
 * bubble.c - the unit "bubble": a source that reads types of a Bubble application.
 *
 * Ties the parts together: settings, reader (things, each once), record (their values), position.
 * Memory is bounded by the pages under way, whatever the type holds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ahead.h"
#include "common/say.h"
#include "facts.h"
#include "only.h"
#include "position.h"
#include "replay.h"
#include "types.h"
#include "units.h"
#include "written.h"

#define ONLY_MOST 10000U /* ids that are asked for one by one */

struct bubble {
    const mig_host_t *host;
    struct settings settings;
    struct transfers net;
    struct pace pace;
    struct ahead ahead;    /* types that will be opened */
    struct reader *reader; /* of the open one; owned */
    struct recording recording;
    struct replay replay; /* in place of the reader's requests; the keyset is the reader's */
    struct record record;
    struct query query;
    char *entity;     /* the open one, NULL: none; owned */
    char *since;      /* of the next open(): a field, or NULL; owned */
    char *since_now;  /* of the open one */
    int64_t least;    /* the least moment there */
    struct only only; /* of the next open(), then of the open one */
    int is_part;      /* not all things of the type are read */
    struct jsonscan_slice thing;
    json_t *read_at; /* type -> when its reading began, by the server's clock; owned */
    json_t *amended; /* type -> what was kept of it behind that, see written.h; owned */
    char *text;      /* of identity() and position(); owned */
    int told;
};

/* ---- life --------------------------------------------------------------------------------- */

static int32_t bubble_close(void *self)
{
    struct bubble *b = self;
    if (b->reader)
        reader_stop(b->reader);
    recording_close(&b->recording);
    replay_close(&b->replay);
    free(b->entity);
    free(b->query.type);
    free(b->since_now);
    b->entity = b->since_now = NULL;
    b->query = (struct query){.type = NULL};
    b->thing.data = NULL;
    only_clear(&b->only);
    return MIG_OK;
}

static void bubble_destroy(void *self)
{
    struct bubble *b = self;
    if (!b)
        return;
    bubble_close(b);
    ahead_clear(&b->ahead);
    reader_free(b->reader);
    transfers_clear(&b->net);
    recording_clear(&b->recording);
    record_clear(&b->record);
    settings_clear(&b->settings);
    json_decref(b->read_at);
    json_decref(b->amended);
    free(b->since);
    free(b->text);
    free(b);
    curl_global_cleanup();
}

static int32_t bubble_create(const mig_host_t *host, void **self)
{
    struct bubble *b =
        curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? calloc(1, sizeof *b) : NULL;
    *self = b;
    if (!b)
        return say_fail(host, MIG_E_NOMEM, NULL, "no memory for a source");
    b->host = host;
    int32_t status = settings_read(&b->settings, host, SETTINGS_BUBBLE);
    transfers_init(&b->net, &b->settings);
    pace_begin(&b->pace, b->settings.page_size, b->settings.parallel, b->settings.wait_most_ms, 1);
    ahead_init(&b->ahead, &b->settings, &b->net, &b->pace);
    b->reader = reader_new(&b->settings, &b->net, &b->pace);
    recording_init(&b->recording, &b->settings, &query_form);
    replay_init(&b->replay, &b->settings, &query_form);
    record_init(&b->record, &b->settings);
    return b->reader || status != MIG_OK
               ? status
               : say_fail(host, MIG_E_NOMEM, NULL, "no memory for a source");
}

/* Which database is read, once a run: the one of development is easily taken for the other. */
static void tell_version(struct bubble *b)
{
    const struct settings *s = &b->settings;
    if (b->told)
        return;
    b->told = 1;
    if (s->replay)
        say_log(b->host, MIG_LOG_INFO, "reads the recording in \"%s\", no server", s->replay);
    else if (s->is_live)
        say_log(b->host, MIG_LOG_INFO, "reads the live database of %s", s->server);
    else
        say_log(b->host, MIG_LOG_WARNING,
                "reads version \"%s\" of %s: this is not the live database", s->version, s->server);
}

/* ---- reading ------------------------------------------------------------------------------ */

static int32_t no_memory(struct bubble *b)
{
    return say_fail(b->host, MIG_E_NOMEM, NULL, "no memory for an entity");
}

/* One that can be asked for by a constraint: each thing has it. */
static int32_t bubble_since(void *self, const char *field, const mig_value_t *least)
{
    struct bubble *b = self;
    free(b->since);
    b->since = NULL;
    b->least = least->kind == MIG_TEXT ? moment_parse(least->data, least->len) : MOMENT_NONE;
    if (b->least == MOMENT_NONE || b->settings.replay || b->settings.is_export ||
        (strcmp(field, QUERY_CREATED) != 0 && strcmp(field, QUERY_MODIFIED) != 0))
        return MIG_OK;
    b->since = strdup(field);
    return b->since ? MIG_OK : no_memory(b);
}

/* Where very many are wanted, pages of all are no dearer. */
static int32_t bubble_only(void *self, const char *entity, const char *key_field,
                           const mig_str_t *keys, uint32_t n)
{
    struct bubble *b = self;
    (void)entity;
    bubble_close(b);
    if (strcmp(key_field, QUERY_ID) != 0 || n > ONLY_MOST || b->settings.replay)
        return MIG_END;
    return only_set(&b->only, keys, n) ? no_memory(b) : MIG_OK;
}

static int32_t bubble_identity(void *self, const char *entity, mig_str_t *out)
{
    struct bubble *b = self;
    const struct settings *s = &b->settings;
    char *type = query_type(entity);
    size_t room = strlen(s->server) + strlen(s->version) + strlen(entity) + 3;
    free(b->text);
    b->text = malloc(room);
    if (!b->text || !type) {
        free(type);
        return no_memory(b);
    }
    snprintf(b->text, room, "%s %s %s", s->server, s->version, type);
    free(type);
    *out = (mig_str_t){b->text, strlen(b->text)};
    return MIG_OK;
}

/* Where the open type is read from in place of the server, or NULL. */
static const char *recorded_in(const struct bubble *b)
{
    const struct settings *s = &b->settings;
    if (s->replay || !s->is_export || b->is_part)
        return s->replay;
    return manifest_is_whole(s->record, b->query.type) ? s->record : NULL;
}

/* With the pages that were asked for ahead, where all of the type is wanted. */
static int32_t begin(struct bubble *b, mig_str_t position)
{
    struct reader *r = ahead_take(&b->ahead, b->query.type);
    int is_fit = r && !b->is_part && !position.len;
    if (is_fit) {
        reader_free(b->reader);
        b->reader = r;
        reader_go_on(r, b->entity, &b->query);
    } else {
        reader_free(r);
    }
    b->reader->recording = &b->recording;
    return is_fit ? MIG_OK : reader_begin(b->reader, b->entity, &b->query);
}

static int32_t bubble_soon(void *self, const char *entity)
{
    struct bubble *b = self;
    const struct settings *s = &b->settings;
    char *type = query_type(entity);
    int is_kept = s->replay || (s->is_export && type && manifest_is_whole(s->record, type));
    int failed = !type || (!is_kept && ahead_announce(&b->ahead, entity) != 0);
    free(type);
    return failed ? no_memory(b) : MIG_OK;
}

static int32_t bubble_open(void *self, const char *entity, const char *const *fields,
                           uint32_t n_fields, const char *const *key_fields, uint32_t n_key_fields,
                           mig_str_t position)
{
    struct bubble *b = self;
    (void)key_fields; /* the order is that of creation */
    (void)n_key_fields;
    struct only only = b->only;
    b->only = (struct only){.ids = NULL};
    bubble_close(b);
    b->only = only;
    b->since_now = b->since;
    b->since = NULL;
    tell_version(b);
    b->entity = strdup(entity);
    b->query = (struct query){.type = query_type(entity), .since = b->since_now, .least = b->least};
    b->query.only = only_next(&b->only);
    b->is_part = b->since_now || b->query.only;
    if (!b->entity || !b->query.type)
        return no_memory(b);
    int32_t status = record_begin(&b->record, b->entity, fields, n_fields);
    if (status == MIG_OK)
        status = begin(b, position);
    const char *dir = recorded_in(b);
    if (status == MIG_OK && dir)
        status = replay_begin(&b->replay, dir, b->query.type, fields, n_fields);
    else if (status == MIG_OK && b->settings.record && !b->is_part)
        recording_begin(&b->recording, b->entity, b->query.type, position.len ? UINT64_MAX : 0);
    if (status == MIG_OK && position.len &&
        position_set(b->reader, &b->record, position.data, position.len) != 0)
        status = say_fail(b->host, MIG_E_BUG, NULL, "a position is no position of this source");
    return status;
}

/* Since when others' changes are unknown. Of an export that is gone on with, its recording says it.
 */
static void note_beginning(struct bubble *b)
{
    int64_t at = b->reader->asked_at;
    const json_t *kept = json_object_get(b->replay.about.last, "asked_at");
    if (!b->read_at)
        b->read_at = json_object();
    if (b->settings.is_export && json_is_integer(kept))
        at = json_integer_value(kept);
    if (at >= 0 && !b->query.only)
        json_object_set_new(b->read_at, b->query.type, json_integer(at));
}

static int32_t at_end(struct bubble *b)
{
    b->thing.data = NULL;
    note_beginning(b);
    if (b->record.n && !b->is_part) {
        int32_t status = record_end(&b->record, b->entity);
        if (status != MIG_OK)
            return status;
    }
    if (!b->record.n && !b->is_part && !b->settings.allow_empty)
        return say_fail(b->host, MIG_E_SOURCE, "set the option \"allow_empty\" where this is right",
                        "type \"%s\" of %s (%s) has no things, or the key may see none", b->entity,
                        b->settings.server, b->settings.version);
    return MIG_END;
}

static int32_t bubble_next(void *self, mig_record_t *rec, mig_wait_t *wait)
{
    struct bubble *b = self;
    if (b->host->cancelled(b->host))
        return say_fail(b->host, MIG_E_CANCELLED, NULL, "reading was stopped");
    int32_t status = replay_is_open(&b->replay)
                         ? replay_next(&b->replay, &b->reader->keyset, &b->thing)
                         : reader_next(b->reader, &b->thing, wait);
    while (status == MIG_END && (b->query.only = only_next(&b->only))) {
        status = reader_begin(b->reader, b->entity, &b->query);
        if (status == MIG_OK)
            status = reader_next(b->reader, &b->thing, wait);
    }
    if (status == MIG_END)
        return at_end(b);
    if (status == MIG_WAIT && reader_is_waiting(b->reader)) {
        int32_t others = ahead_advance(&b->ahead);
        if (others != MIG_OK)
            return others;
        transfers_wait(&b->net, wait->timeout_ms, wait);
    }
    if (status == MIG_OK)
        status = record_read(&b->record, b->thing.data, b->thing.len);
    rec->values = b->record.values;
    rec->n_values = (uint32_t)b->record.fields.n_wanted;
    return status;
}

static int32_t bubble_raw(void *self, mig_str_t *out)
{
    struct bubble *b = self;
    *out = (mig_str_t){b->thing.data ? b->thing.data : "", b->thing.data ? b->thing.len : 0};
    return MIG_OK;
}

static int32_t bubble_position(void *self, mig_str_t *out)
{
    struct bubble *b = self;
    *out = (mig_str_t){"", 0};
    if (!b->entity || b->query.only || !keyset_given(&b->reader->keyset))
        return MIG_OK;
    free(b->text);
    b->text = position_make(b->reader, &b->record);
    if (!b->text)
        return no_memory(b);
    *out = (mig_str_t){b->text, strlen(b->text)};
    return MIG_OK;
}

static int32_t bubble_facts(void *self, void *ctx,
                            int32_t (*fact)(void *ctx, const char *name, const char *value))
{
    const struct bubble *b = self;
    struct transfers_count c = b->reader->count;
    if (replay_is_open(&b->replay))
        c.pages = replay_pages(&b->replay);
    return facts_tell(&b->record, &c, ctx, fact);
}

/* Of types that this instance read from their beginning. */
static int32_t bubble_written(void *self, const char *entity, const char *const *key_fields,
                              uint32_t n_key_fields, void *ctx,
                              int32_t (*row)(void *ctx, int32_t removed, mig_str_t key))
{
    struct bubble *b = self;
    char *type = query_type(entity);
    const json_t *at = type ? json_object_get(b->read_at, type) : NULL;
    const json_t *known = type ? json_object_get(b->amended, type) : NULL;
    free(type);
    if (!at || n_key_fields != 1 || strcmp(key_fields[0], QUERY_ID) != 0)
        return MIG_END;
    return written_find(&b->settings, entity, json_integer_value(at), known, ctx, row);
}

static int32_t amend(struct bubble *b, const char *entity, const char *type, json_t *known)
{
    int64_t since, asked_at = -1;
    int32_t status = recording_amend(&b->recording, entity, type, &since);
    if (status == MIG_OK && since < 0)
        status = MIG_END;
    if (status == MIG_OK)
        status = written_keep(&b->settings, &b->recording, entity, since, known, &asked_at);
    recording_close(&b->recording);
    if (status == MIG_OK && asked_at >= 0)
        json_object_set_new(b->read_at, type, json_integer(asked_at));
    return status;
}

static int32_t bubble_amend(void *self, const char *entity, uint64_t *records)
{
    struct bubble *b = self;
    char *type = query_type(entity);
    json_t *known = json_object();
    bubble_close(b);
    b->read_at = b->read_at ? b->read_at : json_object();
    b->amended = b->amended ? b->amended : json_object();
    int32_t status =
        type && known && b->read_at && b->amended ? amend(b, entity, type, known) : no_memory(b);
    *records = json_object_size(known);
    if (status == MIG_OK)
        json_object_set(b->amended, type, known);
    json_decref(known);
    free(type);
    return status;
}

static int64_t bubble_progress(void *self)
{
    struct bubble *b = self;
    int64_t given = (int64_t)keyset_given(&b->reader->keyset), total = b->reader->total;
    if (!b->entity || total <= 0)
        return -1;
    return given < total ? given * 1000000 / total : 1000000;
}

static int32_t bubble_unread(void *self, void *ctx,
                             int32_t (*field)(void *ctx, mig_str_t name, uint64_t filled))
{
    struct bubble *b = self;
    return fields_unread(&b->record.fields, ctx, field);
}

/* ---- the unit ----------------------------------------------------------------------------- */

static int32_t pass_over(void *ctx, const char *type)
{
    (void)ctx;
    (void)type;
    return MIG_OK;
}

/* What will not pass is an error now; what may be answered later is the reader's to wait for. */
static int32_t ask(struct bubble *b, void *ctx, int32_t (*row)(void *ctx, const char *type))
{
    struct answer a;
    int32_t status = types_ask(&b->settings, &a, ctx, row);
    long hidden = 404; /* many applications do not describe themselves */
    if (status == MIG_OK && a.kind == ANSWER_NEVER && a.http != hidden)
        status = say_fail(b->host, a.status, a.fix, "%s (%s): %s", b->settings.server,
                          b->settings.version, a.what);
    return status;
}

static int32_t bubble_ping(void *self)
{
    struct bubble *b = self;
    tell_version(b);
    return b->settings.replay ? MIG_OK : ask(b, NULL, pass_over);
}

static int32_t bubble_entities(void *self, void *ctx, int32_t (*row)(void *ctx, const char *entity))
{
    const struct bubble *b = self;
    return b->settings.replay ? MIG_OK : ask(self, ctx, row);
}

static const mig_option_t options[] = {
    {"url", MIG_OPT_URL, MIG_OPTF_REQUIRED, NULL, NULL,
     "Address of the application: https://app.example.com."},
    {"api_key", MIG_OPT_TEXT, MIG_OPTF_SECRET, NULL, NULL,
     "Token of the Data API, from a variable: \"${BUBBLE_API_KEY}\"."},
    {"version", MIG_OPT_TEXT, 0, "live", NULL,
     "Which database: live, version-test, or the id of another branch."},
    {"page_size", MIG_OPT_INT, 0, "100", "1..100", "Things in a page; fewer when pages fail."},
    {"parallel", MIG_OPT_INT, 0, "4", "1..32", "Requests under way at one time."},
    {"missing", MIG_OPT_TEXT, 0, "null", "null|absent",
     "What a field is that a thing does not have: empty, as in Bubble, or not said."},
    {"file_urls", MIG_OPT_TEXT, 0, "https", "https|as_is",
     "Completes addresses of Bubble's files, which have no scheme."},
    SETTINGS_COMMON,
    {NULL, 0, 0, NULL, NULL, NULL},
};

static const mig_source_ops_t ops = {
    .size = sizeof(mig_source_ops_t),
    .flags = MIG_SOURCE_RECORDS,
    .ping = bubble_ping,
    .entities = bubble_entities,
    .identity = bubble_identity,
    .open = bubble_open,
    .next = bubble_next,
    .raw = bubble_raw,
    .position = bubble_position,
    .close = bubble_close,
    .progress = bubble_progress,
    .since = bubble_since,
    .only = bubble_only,
    .written = bubble_written,
    .unread = bubble_unread,
    .facts = bubble_facts,
    .soon = bubble_soon,
    .amend = bubble_amend,
};

const mig_unit_t bubble_unit = {
    .size = sizeof(mig_unit_t),
    .kind = MIG_SOURCE,
    .name = "bubble",
    .summary = "Reads the types of a Bubble application by its Data API.",
    .options = options,
    .create = bubble_create,
    .destroy = bubble_destroy,
    .ops = &ops,
};
