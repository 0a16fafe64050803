/*
 * person.c - the rows of one person. What the old system does not know is made up from the record's
 * key, and counted: a user name, an address for mails that leads nowhere, a country. Values that
 * another person has are left to the project's rules "unique".
 */
#include "person.h"

#include <stdio.h>
#include <string.h>

enum {
    USER_ID,
    USER_LEGACY,
    USER_TYPE,
    USER_NAME,
    USER_EMAIL,
    USER_PHONE,
    USER_HASH,
    USER_RESET,
    USER_CREATED
};
enum { ROLE_USER, ROLE_ROLE };
enum { PROFILE_USER, PROFILE_FIRST, PROFILE_MIDDLE, PROFILE_LAST, PROFILE_BORN };
enum { ADDRESS_USER, ADDRESS_STREET };

/* No password gives it, see the transform password.bcrypt. */
#define RESET_MARK "!"

mig_value_t person_text(const char *text)
{
    return (mig_value_t){text, (uint32_t)strlen(text), MIG_TEXT};
}

static mig_value_t field(const struct person *p, const mig_record_t *rec, size_t which)
{
    return p->in[which] < rec->n_values ? rec->values[p->in[which]]
                                        : (mig_value_t){.kind = MIG_NULL};
}

/* "teacher-17", of the record's key. */
static mig_value_t made(const struct person *p, char sign, mig_str_t key)
{
    size_t room = strlen(p->kind) + key.len + 2;
    char *text = p->host->alloc(p->host, room);
    int len = snprintf(text, room, "%s%c%.*s", p->kind, sign, (int)key.len, key.data);
    return (mig_value_t){text, (uint32_t)len, MIG_TEXT};
}

/* U+001F joins the parts of a key, as in every composite key of mighost. */
int32_t person_key(const mig_host_t *host, uint32_t keys, const mig_value_t *source_key,
                   mig_value_t *out)
{
    if (source_key->kind <= MIG_NULL)
        return host->key(host, keys, source_key, out);
    char *text = host->alloc(host, source_key->len + sizeof "\x1fuser");
    memcpy(text, source_key->data, source_key->len);
    memcpy(text + source_key->len, "\x1fuser", sizeof "\x1fuser");
    mig_value_t key = {text, source_key->len + (uint32_t)sizeof "\x1fuser" - 1, MIG_TEXT};
    return host->key(host, keys, &key, out);
}

static int32_t apply(const struct person *p, uint32_t transform, const char *column,
                     const mig_value_t *in, mig_value_t *out)
{
    return p->host->apply(p->host, transform, column, in, 1, out);
}

static int32_t set_login(const struct person *p, const mig_record_t *rec, mig_value_t *row)
{
    const mig_host_t *h = p->host;
    mig_value_t said = field(p, rec, PERSON_USERNAME);
    int32_t rc = apply(p, p->trim, "username", &said, &row[USER_NAME]);
    if (rc == MIG_OK && (row[USER_NAME].kind <= MIG_NULL || row[USER_NAME].len == 0)) {
        row[USER_NAME] = made(p, '-', rec->key);
        h->repaired(h, "username", "username_made");
    }
    mig_value_t mail[2] = {field(p, rec, PERSON_EMAIL),
                           {rec->key.data, (uint32_t)rec->key.len, MIG_TEXT}};
    if (rc == MIG_OK)
        rc = apply(p, p->trim, "email", &mail[0], &mail[0]);
    return rc == MIG_OK ? h->apply(h, p->email, "email", mail, 2, &row[USER_EMAIL]) : rc;
}

static int32_t set_password(const struct person *p, const mig_record_t *rec, mig_value_t *row)
{
    const mig_host_t *h = p->host;
    mig_value_t password = field(p, rec, PERSON_PASSWORD);
    if (!p->hashes) {
        row[USER_HASH] = person_text(RESET_MARK);
        row[USER_RESET] = (mig_value_t){"true", 4, MIG_BOOL};
        return MIG_OK;
    }
    int32_t rc = apply(p, p->must_reset, "mustReset", &password, &row[USER_RESET]);
    return rc == MIG_OK ? h->apply_to(h, p->hash, p->user, USER_HASH, &password, 1, &row[USER_HASH])
                        : rc;
}

static int32_t emit_user(const struct person *p, const mig_record_t *rec, const mig_value_t *user)
{
    const mig_host_t *h = p->host;
    mig_value_t phone = field(p, rec, PERSON_PHONE), type = person_text(p->type);
    mig_value_t *row = h->row(h, p->user);
    row[USER_ID] = *user;
    row[USER_LEGACY] = made(p, ':', rec->key);
    row[USER_CREATED] = field(p, rec, PERSON_CREATED);
    int32_t rc = h->key(h, p->type_keys, &type, &row[USER_TYPE]);
    if (rc == MIG_OK)
        rc = set_login(p, rec, row);
    if (rc == MIG_OK)
        rc = apply(p, p->phone, "phone", &phone, &row[USER_PHONE]);
    if (rc == MIG_OK)
        rc = set_password(p, rec, row);
    return rc == MIG_OK ? h->emit(h, p->user) : rc;
}

int32_t person_emit_role(const struct person *p, const mig_value_t *user)
{
    const mig_host_t *h = p->host;
    mig_value_t role = person_text(p->kind);
    mig_value_t *row = h->row(h, p->role);
    row[ROLE_USER] = *user;
    int32_t rc = h->key(h, p->role_keys, &role, &row[ROLE_ROLE]);
    return rc == MIG_OK ? h->emit(h, p->role) : rc;
}

static int32_t emit_profile(const struct person *p, const mig_record_t *rec,
                            const mig_value_t *user)
{
    const mig_host_t *h = p->host;
    mig_value_t name = field(p, rec, PERSON_NAME);
    mig_value_t *row = h->row(h, p->profile);
    int32_t rc = MIG_OK;
    row[PROFILE_USER] = *user;
    row[PROFILE_BORN] = field(p, rec, PERSON_BORN);
    for (size_t i = 0; i < 3 && rc == MIG_OK; i++)
        rc = apply(p, p->names[i], "fullName", &name, &row[PROFILE_FIRST + i]);
    if (rc == MIG_OK && row[PROFILE_FIRST].kind <= MIG_NULL)
        h->repaired(h, "fullName", "no_name");
    return rc == MIG_OK ? h->emit(h, p->profile) : rc;
}

int32_t person_places(const struct person *p, const char *column, const mig_value_t *text,
                      mig_value_t out[PLACES])
{
    int32_t rc = MIG_OK;
    for (size_t i = 0; i < PLACES && rc == MIG_OK; i++)
        rc = apply(p, p->places[i], column, text, &out[i]);
    return rc;
}

static int32_t emit_address(const struct person *p, const mig_record_t *rec,
                            const mig_value_t *user)
{
    const mig_host_t *h = p->host;
    mig_value_t said = field(p, rec, PERSON_ADDRESS);
    mig_value_t *row = h->row(h, p->address);
    row[ADDRESS_USER] = *user;
    int32_t rc = person_places(p, "address", &said, &row[ADDRESS_STREET]);
    return rc == MIG_OK ? h->emit(h, p->address) : rc;
}

int32_t person_emit(const struct person *p, const mig_record_t *rec, const mig_value_t *user)
{
    int32_t rc = emit_user(p, rec, user);
    if (rc == MIG_OK)
        rc = person_emit_role(p, user);
    if (rc == MIG_OK)
        rc = emit_profile(p, rec, user);
    return rc == MIG_OK ? emit_address(p, rec, user) : rc;
}
