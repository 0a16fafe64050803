/*
 * students.c - the migrator "school-students": a student who logs in becomes a user with the role
 * of a student, linked to schools, classes and parents. A link that leads nowhere holds the whole
 * record back: a student without the parent who may fetch him would look right and be wrong.
 */
#include <stdlib.h>

#include "links.h"
#include "person.h"
#include "units.h"

static const char *const FIELDS[PERSON_FIELDS] = {"full_name", "email",   "phone",    "username",
                                                  "password",  "address", "birthday", "created_at"};

static const char *const STUDENT[] = {"id", "userId", NULL};
enum { LINK_STUDENT, LINK_OTHER, LINK_MORE };
static const char *const SCHOOL[] = {"studentId", "schoolId", "since", NULL};
static const char *const PARENT[] = {"studentId", "parentId", "relation", NULL};
static const char *const CLASS[] = {"studentId", "classId", NULL};

/* A list of links, and where they lead. */
struct link {
    const char *field, *table, *stage;
    const char *const *columns;
    const char *id, *more; /* members of an element; NULL: the element itself, nothing more */
};
static const struct link LINKS[] = {
    {"schools", "StudentSchool", "schools", SCHOOL, "school_id", "since"},
    {"parents", "StudentParent", "parents", PARENT, "parent_id", "relation"},
    {"classes", "ClassStudent", "classes", CLASS, NULL, NULL},
};
#define N_LINKS (sizeof LINKS / sizeof *LINKS)

/* The same once the host knows it. */
struct bound {
    const mig_host_t *host;
    const struct link *link;
    uint32_t table, keys, field;
};

struct students {
    const mig_host_t *host;
    struct person person;
    uint32_t table, own_keys;
    struct bound links[N_LINKS];
};

static int32_t describe_links(struct students *s)
{
    const mig_host_t *h = s->host;
    int32_t rc = MIG_OK;
    for (size_t i = 0; i < N_LINKS && rc == MIG_OK; i++) {
        struct bound *b = &s->links[i];
        *b = (struct bound){.host = h, .link = &LINKS[i]};
        rc = person_writes(h, b->link->table, b->link->columns, &b->table);
        if (rc == MIG_OK)
            rc = h->reads(h, b->link->field, &b->field);
        if (rc == MIG_OK)
            rc = h->entity(h, b->link->stage, &b->keys);
    }
    return rc;
}

static int32_t describe(void *self)
{
    struct students *s = self;
    const mig_host_t *h = s->host;
    int32_t rc = person_writes(h, "Student", STUDENT, &s->table);
    if (rc == MIG_OK)
        rc = describe_links(s);
    if (rc == MIG_OK)
        rc = h->entity(h, NULL, &s->own_keys);
    return rc == MIG_OK ? person_describe(&s->person, h, "student", "learner", FIELDS) : rc;
}

static int32_t emit_link(const void *self, const mig_value_t *student, const json_t *member)
{
    const struct bound *b = self;
    const mig_host_t *h = b->host;
    mig_value_t other = links_value(h, member, b->link->id);
    mig_value_t *row = h->row(h, b->table);
    row[LINK_STUDENT] = *student;
    if (b->link->more)
        row[LINK_MORE] = links_value(h, member, b->link->more);
    int32_t rc = h->key(h, b->keys, &other, &row[LINK_OTHER]);
    return rc == MIG_OK ? h->emit(h, b->table) : rc;
}

static int32_t record(void *self, const mig_record_t *rec)
{
    const struct students *s = self;
    const mig_host_t *h = s->host;
    mig_value_t source_key = {rec->key.data, (uint32_t)rec->key.len, MIG_TEXT}, id, user;
    int32_t rc = h->key(h, s->own_keys, &source_key, &id);
    if (rc == MIG_OK)
        rc = person_key(h, s->own_keys, &source_key, &user);
    if (rc == MIG_OK)
        rc = person_emit(&s->person, rec, &user);
    if (rc != MIG_OK)
        return rc;
    mig_value_t *row = h->row(h, s->table);
    row[0] = id;
    row[1] = user;
    rc = h->emit(h, s->table);
    for (size_t i = 0; i < N_LINKS && rc == MIG_OK; i++) {
        const struct bound *b = &s->links[i];
        rc = links_each(h, b->link->field, &rec->values[b->field], b, &id, emit_link);
    }
    return rc;
}

static int32_t create(const mig_host_t *host, void **self)
{
    struct students *s = calloc(1, sizeof *s);
    if (!s)
        return host->fail(host, MIG_E_NOMEM, "out of memory", NULL);
    s->host = host;
    *self = s;
    return MIG_OK;
}

static const mig_option_t OPTIONS[] = {PERSON_OPTIONS, {NULL, 0, 0, NULL, NULL, NULL}};
static const mig_need_t NEEDS[] = {PERSON_NEEDS, {NULL, 0, 0}};
static const mig_migrator_ops_t OPS = {sizeof OPS, 0, describe, record};

const mig_unit_t students_unit = {
    .size = sizeof(mig_unit_t),
    .kind = MIG_MIGRATOR,
    .name = "school-students",
    .summary = "A student to a user with role, profile and address, and to links.",
    .needs = NEEDS,
    .options = OPTIONS,
    .create = create,
    .destroy = free,
    .ops = &OPS,
};
