/*
 * personmake.c - what a person needs before the first record: fields, tables, transforms with the
 * options of the project.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "person.h"

static const char *const USER[] = {"id",    "legacyId",     "userTypeId", "username",  "email",
                                   "phone", "passwordHash", "mustReset",  "createdAt", NULL};
static const char *const ROLE[] = {"userId", "roleId", NULL};
static const char *const PROFILE[] = {"userId",   "firstName", "middleName",
                                      "lastName", "birthDate", NULL};
static const char *const ADDRESS[] = {"userId", "street", "city", "zip", "country", "rest", NULL};

int32_t person_writes(const mig_host_t *host, const char *table, const char *const *columns,
                      uint32_t *index)
{
    uint32_t column;
    int32_t rc = host->writes(host, table, index);
    for (size_t i = 0; columns[i] && rc == MIG_OK; i++)
        rc = host->column(host, *index, columns[i], &column);
    return rc;
}

/* A transform with the members of `options`, and one more; steals the reference. */
static int32_t make(const mig_host_t *h, const char *name, json_t *options, const char *key,
                    const char *value, uint32_t *handle)
{
    if (key)
        json_object_set_new(options, key, json_string(value));
    char *text = json_dumps(options, JSON_COMPACT);
    json_decref(options);
    if (!text)
        return h->fail(h, MIG_E_NOMEM, "out of memory", NULL);
    int32_t rc = h->transform(h, name, (mig_str_t){text, strlen(text)}, handle);
    free(text);
    return rc;
}

/* A new reference to the object in an option; NULL where it is not set, or was refused. */
static json_t *option_object(const mig_host_t *h, const char *name, int32_t *rc)
{
    mig_value_t v;
    *rc = h->option(h, name, &v);
    if (*rc != MIG_OK || v.kind <= MIG_NULL)
        return NULL;
    json_t *object = json_loadb(v.data, v.len, 0, NULL);
    if (!json_is_object(object))
        *rc = h->fail(h, MIG_E_CONFIG, "the options of a transform are an object", NULL);
    return object;
}

static int32_t make_email(struct person *p)
{
    const mig_host_t *h = p->host;
    mig_value_t domain;
    int32_t rc = h->option(h, "email_domain", &domain);
    if (rc != MIG_OK)
        return rc;
    json_t *text = json_sprintf("%s-{2}@%.*s", p->kind, (int)domain.len, domain.data);
    rc = make(h, "email", json_pack("{s:s}", "on_bad", "placeholder"), "placeholder",
              json_string_value(text), &p->email);
    json_decref(text);
    return rc;
}

static int32_t make_parts(struct person *p)
{
    static const char *const names[] = {"first", "middle", "last"};
    static const char *const places[] = {"street", "city", "zip", "country", "rest"};
    const mig_host_t *h = p->host;
    int32_t rc = MIG_OK;
    for (size_t i = 0; i < 3 && rc == MIG_OK; i++)
        rc = make(h, "name.part", json_object(), "part", names[i], &p->names[i]);
    json_t *options = rc == MIG_OK ? option_object(h, "address", &rc) : NULL;
    for (size_t i = 0; i < PLACES && rc == MIG_OK; i++)
        rc = make(h, "address.part", json_copy(options), "part", places[i], &p->places[i]);
    json_decref(options);
    return rc;
}

/* password.must_reset takes of the options those that it has in common. */
static int32_t make_password(struct person *p)
{
    static const char *const shared[] = {"plain", "bcrypt", "missing"};
    const mig_host_t *h = p->host;
    int32_t rc;
    json_t *options = option_object(h, "password", &rc);
    p->hashes = options != NULL;
    if (rc != MIG_OK || !options)
        return rc;
    json_t *mark = json_object();
    for (size_t i = 0; i < 3; i++)
        if (json_object_get(options, shared[i]))
            json_object_set(mark, shared[i], json_object_get(options, shared[i]));
    rc = make(h, "password.must_reset", mark, NULL, NULL, &p->must_reset);
    if (rc != MIG_OK) {
        json_decref(options);
        return rc;
    }
    return make(h, "password.bcrypt", options, NULL, NULL, &p->hash);
}

static int32_t make_all(struct person *p)
{
    const mig_host_t *h = p->host;
    int32_t rc = make(h, "text.trim", json_object(), NULL, NULL, &p->trim);
    if (rc == MIG_OK)
        rc = make_email(p);
    json_t *phone = rc == MIG_OK ? option_object(h, "phone", &rc) : NULL;
    if (rc == MIG_OK)
        rc = make(h, "phone", phone, NULL, NULL, &p->phone);
    if (rc == MIG_OK)
        rc = make_parts(p);
    return rc == MIG_OK ? make_password(p) : rc;
}

int32_t person_describe(struct person *p, const mig_host_t *host, const char *kind,
                        const char *type, const char *const fields[PERSON_FIELDS])
{
    int32_t rc = MIG_OK;
    *p = (struct person){.host = host, .kind = kind, .type = type};
    for (size_t i = 0; i < PERSON_FIELDS && rc == MIG_OK; i++) {
        p->in[i] = UINT32_MAX;
        if (fields[i])
            rc = host->reads(host, fields[i], &p->in[i]);
    }
    if (rc == MIG_OK)
        rc = person_writes(host, "User", USER, &p->user);
    if (rc == MIG_OK)
        rc = person_writes(host, "UserRole", ROLE, &p->role);
    if (rc == MIG_OK)
        rc = person_writes(host, "Profile", PROFILE, &p->profile);
    if (rc == MIG_OK)
        rc = person_writes(host, "Address", ADDRESS, &p->address);
    if (rc == MIG_OK)
        rc = host->entity(host, NULL, &p->own_keys);
    if (rc == MIG_OK)
        rc = host->entity(host, "roles", &p->role_keys);
    if (rc == MIG_OK)
        rc = host->entity(host, "user-types", &p->type_keys);
    return rc == MIG_OK ? make_all(p) : rc;
}
