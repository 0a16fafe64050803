/*
 * parents.c - the migrator "school-parents": a parent who logs in becomes a user with the role of a
 * parent, linked to the schools of the children. Who is known to be a teacher, too (field
 * teacher_id), has a user already: that one gets the role, and the login of the parent goes.
 */
#include <stdlib.h>

#include "links.h"
#include "person.h"
#include "units.h"

static const char *const FIELDS[PERSON_FIELDS] = {"full_name", "email",   "phone", "username",
                                                  "password",  "address", NULL,    "created_at"};

enum { PARENT_ID, PARENT_USER };
static const char *const PARENT[] = {"id", "userId", NULL};
enum { SCHOOL_PARENT, SCHOOL_SCHOOL };
static const char *const SCHOOL[] = {"parentId", "schoolId", NULL};

struct parents {
    const mig_host_t *host;
    struct person person;
    uint32_t table, school_table;
    uint32_t own_keys, teacher_keys, school_keys;
    uint32_t teacher, schools; /* fields */
};

static int32_t describe(void *self)
{
    struct parents *p = self;
    const mig_host_t *h = p->host;
    int32_t rc = person_writes(h, "Parent", PARENT, &p->table);
    if (rc == MIG_OK)
        rc = person_writes(h, "ParentSchool", SCHOOL, &p->school_table);
    if (rc == MIG_OK)
        rc = h->reads(h, "teacher_id", &p->teacher);
    if (rc == MIG_OK)
        rc = h->reads(h, "schools", &p->schools);
    if (rc == MIG_OK)
        rc = h->entity(h, NULL, &p->own_keys);
    if (rc == MIG_OK)
        rc = h->entity(h, "teachers", &p->teacher_keys);
    if (rc == MIG_OK)
        rc = h->entity(h, "schools", &p->school_keys);
    return rc == MIG_OK ? person_describe(&p->person, h, "parent", "family", FIELDS) : rc;
}

static int32_t emit_school(const void *self, const mig_value_t *parent, const json_t *member)
{
    const struct parents *p = self;
    const mig_host_t *h = p->host;
    mig_value_t school = links_value(h, member, NULL);
    mig_value_t *row = h->row(h, p->school_table);
    row[SCHOOL_PARENT] = *parent;
    int32_t rc = h->key(h, p->school_keys, &school, &row[SCHOOL_SCHOOL]);
    return rc == MIG_OK ? h->emit(h, p->school_table) : rc;
}

/* The user of the record, made here or by the teacher. */
static int32_t take_user(const struct parents *p, const mig_record_t *rec, const mig_value_t *key,
                         mig_value_t *user)
{
    const mig_host_t *h = p->host;
    const mig_value_t *teacher = &rec->values[p->teacher];
    if (teacher->kind <= MIG_NULL) {
        int32_t rc = person_key(h, p->own_keys, key, user);
        return rc == MIG_OK ? person_emit(&p->person, rec, user) : rc;
    }
    int32_t rc = person_key(h, p->teacher_keys, teacher, user);
    h->repaired(h, "teacher_id", "same_person");
    return rc == MIG_OK ? person_emit_role(&p->person, user) : rc;
}

static int32_t record(void *self, const mig_record_t *rec)
{
    const struct parents *p = self;
    const mig_host_t *h = p->host;
    mig_value_t source_key = {rec->key.data, (uint32_t)rec->key.len, MIG_TEXT}, id, user;
    int32_t rc = h->key(h, p->own_keys, &source_key, &id);
    if (rc == MIG_OK)
        rc = take_user(p, rec, &source_key, &user);
    if (rc != MIG_OK)
        return rc;
    mig_value_t *row = h->row(h, p->table);
    row[PARENT_ID] = id;
    row[PARENT_USER] = user;
    rc = h->emit(h, p->table);
    return rc == MIG_OK ? links_each(h, "schools", &rec->values[p->schools], p, &id, emit_school)
                        : rc;
}

static int32_t create(const mig_host_t *host, void **self)
{
    struct parents *p = calloc(1, sizeof *p);
    if (!p)
        return host->fail(host, MIG_E_NOMEM, "out of memory", NULL);
    p->host = host;
    *self = p;
    return MIG_OK;
}

static const mig_option_t OPTIONS[] = {PERSON_OPTIONS, {NULL, 0, 0, NULL, NULL, NULL}};
static const mig_need_t NEEDS[] = {PERSON_NEEDS, {NULL, 0, 0}};
static const mig_migrator_ops_t OPS = {sizeof OPS, 0, describe, record};

const mig_unit_t parents_unit = {
    .size = sizeof(mig_unit_t),
    .kind = MIG_MIGRATOR,
    .name = "school-parents",
    .summary = "A parent to a user with role, profile and address, or a role of a teacher's.",
    .needs = NEEDS,
    .options = OPTIONS,
    .create = create,
    .destroy = free,
    .ops = &OPS,
};
