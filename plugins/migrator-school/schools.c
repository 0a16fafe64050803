/*
 * schools.c - the migrator "school-schools": a school, and its head, who becomes a user with the
 * role of an admin. A school without a head whose name is known is held back: somebody has to
 * answer for it.
 */
#include <stdlib.h>

#include "person.h"
#include "units.h"

static const char *const HEAD[PERSON_FIELDS] = {
    "head_name",     "head_email", "head_phone", "head_username",
    "head_password", NULL,         NULL,         "created_at"};

enum { IN_NAME, IN_CODE, IN_PHONE, IN_EMAIL, IN_ADDRESS, IN_CURRICULUM, IN_GRADES, IN_COUNT };
static const char *const FIELDS[IN_COUNT] = {"name",    "code",       "phone", "email",
                                             "address", "curriculum", "grades"};

enum {
    SCHOOL_ID,
    SCHOOL_LEGACY,
    SCHOOL_CODE,
    SCHOOL_NAME,
    SCHOOL_PHONE,
    SCHOOL_EMAIL,
    SCHOOL_CURRICULUM,
    SCHOOL_GRADES,
    SCHOOL_STREET
};
static const char *const SCHOOL[] = {"id",    "legacyId",     "code",          "name",   "phone",
                                     "email", "curriculumId", "gradeSystemId", "street", "city",
                                     "zip",   "country",      "rest",          NULL};
enum { ADMIN_SCHOOL, ADMIN_USER };
static const char *const ADMIN[] = {"schoolId", "userId", NULL};

struct schools {
    const mig_host_t *host;
    struct person person;
    uint32_t table, admin_table;
    uint32_t own_keys, curriculum_keys, grade_keys;
    uint32_t in[IN_COUNT];
};

static int32_t describe(void *self)
{
    struct schools *s = self;
    const mig_host_t *h = s->host;
    int32_t rc = person_writes(h, "School", SCHOOL, &s->table);
    if (rc == MIG_OK)
        rc = person_writes(h, "SchoolAdmin", ADMIN, &s->admin_table);
    for (size_t i = 0; i < IN_COUNT && rc == MIG_OK; i++)
        rc = h->reads(h, FIELDS[i], &s->in[i]);
    if (rc == MIG_OK)
        rc = h->entity(h, NULL, &s->own_keys);
    if (rc == MIG_OK)
        rc = h->entity(h, "curriculums", &s->curriculum_keys);
    if (rc == MIG_OK)
        rc = h->entity(h, "grade-systems", &s->grade_keys);
    return rc == MIG_OK ? person_describe(&s->person, h, "admin", "staff", HEAD) : rc;
}

static int32_t emit_school(const struct schools *s, const mig_record_t *rec, const mig_value_t *id)
{
    const mig_host_t *h = s->host;
    const mig_value_t *in = rec->values;
    mig_value_t *row = h->row(h, s->table);
    row[SCHOOL_ID] = *id;
    row[SCHOOL_LEGACY] = (mig_value_t){rec->key.data, (uint32_t)rec->key.len, MIG_TEXT};
    row[SCHOOL_CODE] = in[s->in[IN_CODE]];
    row[SCHOOL_NAME] = in[s->in[IN_NAME]];
    row[SCHOOL_EMAIL] = in[s->in[IN_EMAIL]];
    int32_t rc = h->apply(h, s->person.phone, "phone", &in[s->in[IN_PHONE]], 1, &row[SCHOOL_PHONE]);
    if (rc == MIG_OK)
        rc = h->key(h, s->curriculum_keys, &in[s->in[IN_CURRICULUM]], &row[SCHOOL_CURRICULUM]);
    if (rc == MIG_OK)
        rc = h->key(h, s->grade_keys, &in[s->in[IN_GRADES]], &row[SCHOOL_GRADES]);
    if (rc == MIG_OK)
        rc = person_places(&s->person, "address", &in[s->in[IN_ADDRESS]], &row[SCHOOL_STREET]);
    return rc == MIG_OK ? h->emit(h, s->table) : rc;
}

static int has_head(const struct schools *s, const mig_record_t *rec)
{
    const mig_value_t *name = &rec->values[s->person.in[PERSON_NAME]];
    for (uint32_t i = 0; name->kind > MIG_NULL && i < name->len; i++)
        if (name->data[i] != ' ')
            return 1;
    return 0;
}

static int32_t record(void *self, const mig_record_t *rec)
{
    const struct schools *s = self;
    const mig_host_t *h = s->host;
    mig_value_t source_key = {rec->key.data, (uint32_t)rec->key.len, MIG_TEXT}, id, user;
    if (!has_head(s, rec))
        return h->reject(h, "head_name", "no_head", "the school has no head with a name");
    int32_t rc = h->key(h, s->own_keys, &source_key, &id);
    if (rc == MIG_OK)
        rc = person_key(h, s->own_keys, &source_key, &user);
    if (rc == MIG_OK)
        rc = emit_school(s, rec, &id);
    if (rc == MIG_OK)
        rc = person_emit(&s->person, rec, &user);
    if (rc != MIG_OK)
        return rc;
    mig_value_t *row = h->row(h, s->admin_table);
    row[ADMIN_SCHOOL] = id;
    row[ADMIN_USER] = user;
    return h->emit(h, s->admin_table);
}

static int32_t create(const mig_host_t *host, void **self)
{
    struct schools *s = calloc(1, sizeof *s);
    if (!s)
        return host->fail(host, MIG_E_NOMEM, "out of memory", NULL);
    s->host = host;
    *self = s;
    return MIG_OK;
}

static const mig_option_t OPTIONS[] = {PERSON_OPTIONS, {NULL, 0, 0, NULL, NULL, NULL}};
static const mig_need_t NEEDS[] = {PERSON_NEEDS, {NULL, 0, 0}};
static const mig_migrator_ops_t OPS = {sizeof OPS, 0, describe, record};

const mig_unit_t schools_unit = {
    .size = sizeof(mig_unit_t),
    .kind = MIG_MIGRATOR,
    .name = "school-schools",
    .summary = "A school, and its head as a user with role, profile and address.",
    .needs = NEEDS,
    .options = OPTIONS,
    .create = create,
    .destroy = free,
    .ops = &OPS,
};
