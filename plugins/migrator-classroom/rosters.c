/*
 * rosters.c - the migrator "classroom-rosters": the list of students in a class to rows of
 * school.enrollments, one a student, with the place in the list as the seat.
 *
 * The list is one record: with one student who is not there, none of it is published. A list
 * with a hole would look right and be wrong.
 */
#include <mighost/plugin.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "classroom.h"

enum { IN_ID, IN_STUDENT_IDS };
static const char *const FIELDS[] = {"id", "studentIds", NULL};

enum { SEAT_CLASS, SEAT_STUDENT, SEAT_NUMBER };
static const char *const COLUMNS[] = {"class_id", "student_id", "seat", NULL};

struct rosters {
    const mig_host_t *host;
    uint32_t table;
    uint32_t class_keys, student_keys; /* entities for host->key() */
    int refuses_repeated;
};

static int32_t describe(void *self)
{
    struct rosters *r = self;
    const mig_host_t *h = r->host;
    int32_t rc = classroom_reads(h, FIELDS);
    if (rc == MIG_OK)
        rc = classroom_writes(h, "school.enrollments", COLUMNS, &r->table);
    if (rc == MIG_OK)
        rc = h->entity(h, "classes", &r->class_keys);
    if (rc == MIG_OK)
        rc = h->entity(h, "students", &r->student_keys);
    return rc;
}

static int32_t emit_seat(const struct rosters *r, const mig_value_t *class_id,
                         const json_t *student, unsigned seat)
{
    const mig_host_t *h = r->host;
    char number[16];
    int len = snprintf(number, sizeof number, "%u", seat);
    mig_value_t student_key = classroom_text(student);
    mig_value_t *row = h->row(h, r->table);
    row[SEAT_CLASS] = *class_id;
    row[SEAT_NUMBER] = (mig_value_t){number, (uint32_t)len, MIG_NUMBER};
    int32_t rc = h->key(h, r->student_keys, &student_key, &row[SEAT_STUDENT]);
    return rc == MIG_OK ? h->emit(h, r->table) : rc;
}

/* `seen` holds the students so far: a list may be long, so each is looked up, not searched. */
static int32_t emit_seats(const struct rosters *r, const mig_value_t *class_id,
                          const json_t *students, json_t *seen)
{
    const mig_host_t *h = r->host;
    int32_t rc = MIG_OK;
    for (size_t i = 0; i < json_array_size(students) && rc == MIG_OK; i++) {
        const json_t *student = json_array_get(students, i);
        const char *key = json_string_value(student);
        if (!key)
            return h->reject(h, "studentIds", "bad_list", "the list must hold ids as text");
        if (!json_object_get(seen, key)) {
            if (json_object_set_new(seen, key, json_true()) != 0)
                return h->fail(h, MIG_E_NOMEM, "out of memory", NULL);
            rc = emit_seat(r, class_id, student, (unsigned)json_object_size(seen));
        } else if (r->refuses_repeated) {
            rc = h->reject(h, "studentIds", "repeated_student", "a student is listed twice");
        } else {
            h->repaired(h, "studentIds", "repeated_student_dropped");
        }
    }
    return rc;
}

static int32_t record(void *self, const mig_record_t *rec)
{
    const struct rosters *r = self;
    const mig_host_t *h = r->host;
    mig_value_t class_id;
    json_t *students = NULL;
    int32_t rc = h->key(h, r->class_keys, &rec->values[IN_ID], &class_id);
    if (rc == MIG_OK)
        rc = classroom_list(h, "studentIds", &rec->values[IN_STUDENT_IDS], &students);
    if (rc == MIG_OK) {
        json_t *seen = json_object();
        rc = emit_seats(r, &class_id, students, seen);
        json_decref(seen);
    }
    json_decref(students);
    return rc;
}

static int32_t create(const mig_host_t *host, void **self)
{
    mig_value_t repeated;
    int32_t rc = host->option(host, "repeated_students", &repeated);
    if (rc != MIG_OK)
        return rc;
    struct rosters *r = calloc(1, sizeof *r);
    if (!r)
        return host->fail(host, MIG_E_NOMEM, "out of memory", NULL);
    r->host = host;
    r->refuses_repeated = repeated.len == 6 && memcmp(repeated.data, "reject", 6) == 0;
    *self = r;
    return MIG_OK;
}

static const mig_option_t OPTIONS[] = {
    {"repeated_students", MIG_OPT_TEXT, 0, "drop", "drop|reject",
     "A student who is listed twice in a class: drop the second one, counted, or reject."},
    {NULL, 0, 0, NULL, NULL, NULL},
};
static const mig_migrator_ops_t OPS = {sizeof OPS, 0, describe, record};

const mig_unit_t classroom_rosters = {
    .size = sizeof(mig_unit_t),
    .kind = MIG_MIGRATOR,
    .name = "classroom-rosters",
    .summary = "The list of students in a class to rows of school.enrollments.",
    .options = OPTIONS,
    .create = create,
    .destroy = free,
    .ops = &OPS,
};
