/* person.h - one person of the old system, be it teacher, parent, student or head, as rows of
 * "User", "UserRole", "Profile" and "Address". What else the person is, the migrators know. */
#ifndef MIGHOST_SCHOOL_PERSON_H
#define MIGHOST_SCHOOL_PERSON_H

#include <mighost/plugin.h>

/* Source fields, in the order of the names given to person_describe(); NULL: there is none. */
enum {
    PERSON_NAME,
    PERSON_EMAIL,
    PERSON_PHONE,
    PERSON_USERNAME,
    PERSON_PASSWORD,
    PERSON_ADDRESS,
    PERSON_BORN,
    PERSON_CREATED,
    PERSON_FIELDS
};

enum { STREET, CITY, ZIP, COUNTRY, REST, PLACES }; /* parts of an address */

struct person {
    const mig_host_t *host;
    const char *kind;           /* "teacher": code of the role, begin of what is made up */
    const char *type;           /* code of the user type */
    uint32_t in[PERSON_FIELDS]; /* indexes into a record; UINT32_MAX: none */
    uint32_t user, role, profile, address; /* tables */
    uint32_t own_keys, role_keys, type_keys;
    uint32_t trim, email, phone, names[3], places[PLACES], hash, must_reset; /* transforms */
    int hashes;
};

/* Options that every unit with persons has, for its table. */
#define PERSON_OPTIONS                                                                             \
    {"email_domain",                                                                               \
     MIG_OPT_TEXT,                                                                                 \
     0,                                                                                            \
     "v1.invalid",                                                                                 \
     NULL,                                                                                         \
     "Domain of the addresses of people who have none; a reserved one, so that no mail leaves."},  \
        {"phone", MIG_OPT_JSON, 0, "{}", NULL, "Options of the transform \"phone\"."},             \
        {"address", MIG_OPT_JSON,                                                                  \
         0,         "{}",                                                                          \
         NULL,      "Options of the transform \"address.part\"; \"country\" is needed."},          \
    {                                                                                              \
        "password", MIG_OPT_JSON, MIG_OPTF_SECRET, NULL, NULL,                                     \
            "Options of the transform \"password.bcrypt\"; without it everybody has to set a new " \
            "password."                                                                            \
    }

#define PERSON_NEEDS                                                                               \
    {"transform:text.trim", MIG_NEED_HARD, 0}, {"transform:email", MIG_NEED_HARD, 0},              \
        {"transform:phone", MIG_NEED_HARD, 0}, {"transform:name.part", MIG_NEED_HARD, 0},          \
        {"transform:address.part", MIG_NEED_HARD, 0},                                              \
    {                                                                                              \
        "transform:password.bcrypt", MIG_NEED_HARD, 0                                              \
    }

/* In describe(), behind the tables of the unit's own. */
int32_t person_describe(struct person *p, const mig_host_t *host, const char *kind,
                        const char *type, const char *const fields[PERSON_FIELDS]);
/* The key of the person's row of "User". It is not that of the record, which stands for what the
 * person is: a parent who is a teacher, too, has one user and two of these. */
int32_t person_key(const mig_host_t *host, uint32_t keys, const mig_value_t *source_key,
                   mig_value_t *out);
/* All rows of the person; `user` is its key. */
int32_t person_emit(const struct person *p, const mig_record_t *rec, const mig_value_t *user);
/* The role alone, for somebody whose user another record makes. */
int32_t person_emit_role(const struct person *p, const mig_value_t *user);
/* The parts of an address, also for what is no person. */
int32_t person_places(const struct person *p, const char *field, const mig_value_t *text,
                      mig_value_t out[PLACES]);

/* For all migrators: a column list, a text that lives as long as the record. */
int32_t person_writes(const mig_host_t *host, const char *table, const char *const *columns,
                      uint32_t *index);
mig_value_t person_text(const char *text);

#endif
