/*
 * teachers.c - the migrator "school-teachers": a teacher who logs in becomes a user with the role
 * of a teacher, and is assigned to a school, a manager and classes.
 */
#include <stdlib.h>

#include "links.h"
#include "person.h"
#include "units.h"

static const char *const FIELDS[PERSON_FIELDS] = {"full_name", "email",   "phone", "username",
                                                  "password",  "address", NULL,    "created_at"};

enum { TEACHER_ID, TEACHER_USER, TEACHER_SCHOOL, TEACHER_MANAGER };
static const char *const TEACHER[] = {"id", "userId", "schoolId", "managerId", NULL};
enum { CLASS_CLASS, CLASS_TEACHER, CLASS_SUBJECT };
static const char *const CLASS[] = {"classId", "teacherId", "subjectId", NULL};

struct teachers {
    const mig_host_t *host;
    struct person person;
    uint32_t table, class_table;
    uint32_t own_keys, school_keys, class_keys, subject_keys;
    uint32_t school, manager, classes; /* fields */
};

static int32_t describe(void *self)
{
    struct teachers *t = self;
    const mig_host_t *h = t->host;
    int32_t rc = person_writes(h, "Teacher", TEACHER, &t->table);
    if (rc == MIG_OK)
        rc = person_writes(h, "ClassTeacher", CLASS, &t->class_table);
    if (rc == MIG_OK)
        rc = h->reads(h, "school_id", &t->school);
    if (rc == MIG_OK)
        rc = h->reads(h, "manager_id", &t->manager);
    if (rc == MIG_OK)
        rc = h->reads(h, "classes", &t->classes);
    if (rc == MIG_OK)
        rc = h->entity(h, NULL, &t->own_keys);
    if (rc == MIG_OK)
        rc = h->entity(h, "schools", &t->school_keys);
    if (rc == MIG_OK)
        rc = h->entity(h, "classes", &t->class_keys);
    if (rc == MIG_OK)
        rc = h->entity(h, "subjects", &t->subject_keys);
    return rc == MIG_OK ? person_describe(&t->person, h, "teacher", "staff", FIELDS) : rc;
}

static int32_t emit_class(const void *self, const mig_value_t *teacher, const json_t *member)
{
    const struct teachers *t = self;
    const mig_host_t *h = t->host;
    mig_value_t class_id = links_value(h, member, "class_id");
    mig_value_t subject = links_value(h, member, "subject");
    mig_value_t *row = h->row(h, t->class_table);
    row[CLASS_TEACHER] = *teacher;
    int32_t rc = h->key(h, t->class_keys, &class_id, &row[CLASS_CLASS]);
    if (rc == MIG_OK)
        rc = h->key(h, t->subject_keys, &subject, &row[CLASS_SUBJECT]);
    return rc == MIG_OK ? h->emit(h, t->class_table) : rc;
}

static int32_t record(void *self, const mig_record_t *rec)
{
    const struct teachers *t = self;
    const mig_host_t *h = t->host;
    mig_value_t source_key = {rec->key.data, (uint32_t)rec->key.len, MIG_TEXT}, id, user;
    int32_t rc = h->key(h, t->own_keys, &source_key, &id);
    if (rc == MIG_OK)
        rc = person_key(h, t->own_keys, &source_key, &user);
    if (rc == MIG_OK)
        rc = person_emit(&t->person, rec, &user);
    if (rc != MIG_OK)
        return rc;
    mig_value_t *row = h->row(h, t->table);
    row[TEACHER_ID] = id;
    row[TEACHER_USER] = user;
    rc = h->key(h, t->school_keys, &rec->values[t->school], &row[TEACHER_SCHOOL]);
    if (rc == MIG_OK)
        rc = h->key(h, t->own_keys, &rec->values[t->manager], &row[TEACHER_MANAGER]);
    if (rc == MIG_OK)
        rc = h->emit(h, t->table);
    return rc == MIG_OK ? links_each(h, "classes", &rec->values[t->classes], t, &id, emit_class)
                        : rc;
}

static int32_t create(const mig_host_t *host, void **self)
{
    struct teachers *t = calloc(1, sizeof *t);
    if (!t)
        return host->fail(host, MIG_E_NOMEM, "out of memory", NULL);
    t->host = host;
    *self = t;
    return MIG_OK;
}

static const mig_option_t OPTIONS[] = {PERSON_OPTIONS, {NULL, 0, 0, NULL, NULL, NULL}};
static const mig_need_t NEEDS[] = {PERSON_NEEDS, {NULL, 0, 0}};
static const mig_migrator_ops_t OPS = {sizeof OPS, 0, describe, record};

const mig_unit_t teachers_unit = {
    .size = sizeof(mig_unit_t),
    .kind = MIG_MIGRATOR,
    .name = "school-teachers",
    .summary = "A teacher to a user with role, profile and address, and to assignments.",
    .needs = NEEDS,
    .options = OPTIONS,
    .create = create,
    .destroy = free,
    .ops = &OPS,
};
