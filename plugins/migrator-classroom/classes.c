/*
 * classes.c - the migrator "classroom-classes": a class of the front end, which holds its weekly
 * lessons as a list, to one row of school.classes and one row of school.schedules a lesson.
 *
 * A record is all or nothing: when one lesson is refused, here or later by the host, the class
 * and its other lessons are, too. Values go on as the source has them; the host checks each
 * against its column. Only what no column can tell is checked here.
 */
#include <mighost/plugin.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "classroom.h"

enum { IN_ID, IN_NAME, IN_CAPACITY, IN_FEE, IN_START_DATE, IN_SCHEDULE };
static const char *const FIELDS[] = {"id",        "name",     "capacity", "fee",
                                     "startDate", "schedule", NULL};

enum { CLASS_ID, CLASS_TITLE, CLASS_CAPACITY, CLASS_FEE, CLASS_STARTS_ON, CLASS_CREATED_BY };
static const char *const CLASS_COLUMNS[] = {"id",        "title",      "capacity", "fee",
                                            "starts_on", "created_by", NULL};

enum { LESSON_ID, LESSON_CLASS, LESSON_WEEKDAY, LESSON_STARTS, LESSON_ENDS, LESSON_ROOM };
static const char *const LESSON_COLUMNS[] = {"id",      "class_id", "weekday", "starts_at",
                                             "ends_at", "room",     NULL};

/* Label of the target's enum, and the long name that some records have instead. */
static const char *const DAYS[][2] = {{"mon", "monday"},   {"tue", "tuesday"}, {"wed", "wednesday"},
                                      {"thu", "thursday"}, {"fri", "friday"},  {"sat", "saturday"},
                                      {"sun", "sunday"}};

struct classes {
    const mig_host_t *host;
    uint32_t class_table, lesson_table;
    uint32_t own_keys, user_keys; /* entities for host->key() */
    uint32_t date;                /* a transform */
    mig_value_t created_by;       /* source key of a user */
};

/* ---- describe ------------------------------------------------------------------------- */

/* The formats come from the project file, so they are handed on to the transform as they are. */
static int32_t make_date(struct classes *c)
{
    const mig_host_t *h = c->host;
    mig_value_t formats;
    int32_t rc = h->option(h, "date_formats", &formats);
    if (rc != MIG_OK)
        return rc;
    size_t room = (size_t)formats.len + sizeof "{\"formats\":}";
    char *options = h->alloc(h, room);
    int len = snprintf(options, room, "{\"formats\":%.*s}", (int)formats.len, formats.data);
    return h->transform(h, "date", (mig_str_t){options, (size_t)len}, &c->date);
}

static int32_t describe(void *self)
{
    struct classes *c = self;
    const mig_host_t *h = c->host;
    int32_t rc = classroom_reads(h, FIELDS);
    if (rc == MIG_OK)
        rc = classroom_writes(h, "school.classes", CLASS_COLUMNS, &c->class_table);
    if (rc == MIG_OK)
        rc = classroom_writes(h, "school.schedules", LESSON_COLUMNS, &c->lesson_table);
    if (rc == MIG_OK)
        rc = h->entity(h, NULL, &c->own_keys);
    if (rc == MIG_OK)
        rc = h->entity(h, "system-user", &c->user_keys);
    if (rc == MIG_OK)
        rc = h->option(h, "created_by", &c->created_by);
    return rc == MIG_OK ? make_date(c) : rc;
}

/* ---- record --------------------------------------------------------------------------- */

static int32_t emit_class(const struct classes *c, const mig_record_t *rec, const mig_value_t *id)
{
    const mig_host_t *h = c->host;
    mig_value_t *row = h->row(h, c->class_table);
    row[CLASS_ID] = *id;
    row[CLASS_TITLE] = rec->values[IN_NAME];
    row[CLASS_CAPACITY] = rec->values[IN_CAPACITY];
    row[CLASS_FEE] = rec->values[IN_FEE];
    int32_t rc =
        h->apply(h, c->date, "startDate", &rec->values[IN_START_DATE], 1, &row[CLASS_STARTS_ON]);
    if (rc == MIG_OK)
        rc = h->key(h, c->user_keys, &c->created_by, &row[CLASS_CREATED_BY]);
    return rc == MIG_OK ? h->emit(h, c->class_table) : rc;
}

static const char *weekday(const json_t *day)
{
    const char *said = json_string_value(day);
    for (size_t i = 0; said && i < sizeof DAYS / sizeof DAYS[0]; i++)
        if (strcasecmp(said, DAYS[i][0]) == 0 || strcasecmp(said, DAYS[i][1]) == 0)
            return DAYS[i][0];
    return NULL;
}

/* A lesson has no id of its own: its key is made of the class, the day and the hour, which the
 * target holds to be unique. U+001F joins the parts, as in every composite key of mighost. */
static int32_t lesson_key(const struct classes *c, mig_str_t class_key, const char *day,
                          const char *start, mig_value_t *out)
{
    const mig_host_t *h = c->host;
    size_t room = class_key.len + strlen(day) + strlen(start) + 3;
    char *text = h->alloc(h, room);
    int len =
        snprintf(text, room, "%.*s\x1f%s\x1f%s", (int)class_key.len, class_key.data, day, start);
    mig_value_t source_key = {text, (uint32_t)len, MIG_TEXT};
    return h->key(h, c->own_keys, &source_key, out);
}

static int32_t emit_lesson(const struct classes *c, const mig_record_t *rec,
                           const mig_value_t *class_id, const json_t *lesson)
{
    const mig_host_t *h = c->host;
    const json_t *start = json_object_get(lesson, "start");
    const json_t *end = json_object_get(lesson, "end");
    const json_t *room = json_object_get(lesson, "room");
    if (!json_is_string(start) || !json_is_string(end))
        return h->reject(h, "schedule", "bad_lesson", "a lesson has no start or no end");
    const char *day = weekday(json_object_get(lesson, "day"));
    if (!day)
        return h->reject(h, "schedule", "unknown_day", "a lesson is on no day of the week");
    mig_value_t *row = h->row(h, c->lesson_table);
    int32_t rc = lesson_key(c, rec->key, day, json_string_value(start), &row[LESSON_ID]);
    if (rc != MIG_OK)
        return rc;
    row[LESSON_CLASS] = *class_id;
    row[LESSON_WEEKDAY] = (mig_value_t){day, (uint32_t)strlen(day), MIG_TEXT};
    row[LESSON_STARTS] = classroom_text(start);
    row[LESSON_ENDS] = classroom_text(end);
    row[LESSON_ROOM] =
        json_is_string(room) ? classroom_text(room) : (mig_value_t){.kind = MIG_NULL};
    return h->emit(h, c->lesson_table);
}

static int32_t record(void *self, const mig_record_t *rec)
{
    const struct classes *c = self;
    const mig_host_t *h = c->host;
    mig_value_t source_key = {rec->key.data, (uint32_t)rec->key.len, MIG_TEXT}, id;
    json_t *lessons = NULL, *lesson;
    size_t i;
    int32_t rc = h->key(h, c->own_keys, &source_key, &id);
    if (rc == MIG_OK)
        rc = emit_class(c, rec, &id);
    if (rc == MIG_OK)
        rc = classroom_list(h, "schedule", &rec->values[IN_SCHEDULE], &lessons);
    json_array_foreach(lessons, i, lesson) if (rc == MIG_OK) rc = emit_lesson(c, rec, &id, lesson);
    json_decref(lessons);
    return rc;
}

/* ---- the unit ------------------------------------------------------------------------- */

static int32_t create(const mig_host_t *host, void **self)
{
    struct classes *c = calloc(1, sizeof *c);
    if (!c)
        return host->fail(host, MIG_E_NOMEM, "out of memory", NULL);
    c->host = host;
    *self = c;
    return MIG_OK;
}

static const mig_option_t OPTIONS[] = {
    {"created_by", MIG_OPT_TEXT, MIG_OPTF_REQUIRED, NULL, NULL,
     "Source key of the user, of stage system-user, who created the classes."},
    {"date_formats", MIG_OPT_JSON, 0, "[\"YYYY-MM-DD\"]", NULL,
     "Formats of startDate, as in the transform \"date\"."},
    {NULL, 0, 0, NULL, NULL, NULL},
};
static const mig_need_t NEEDS[] = {{"transform:date", MIG_NEED_HARD, 0}, {NULL, 0, 0}};
static const mig_migrator_ops_t OPS = {sizeof OPS, 0, describe, record};

const mig_unit_t classroom_classes = {
    .size = sizeof(mig_unit_t),
    .kind = MIG_MIGRATOR,
    .name = "classroom-classes",
    .summary = "A class with a list of lessons to rows of school.classes and school.schedules.",
    .needs = NEEDS,
    .options = OPTIONS,
    .create = create,
    .destroy = free,
    .ops = &OPS,
};
