/*
 * password.c - the transform "password.bcrypt", and the plugin.
 *
 * quick() decides what becomes of a password, refuses and counts; apply() hashes, in whatever
 * thread. Salts and generated passwords come from the project's secret and the place of the value:
 * a run that is repeated gives the same rows.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mighost/plugin.h>

#include "bcrypt.h"
#include "common/say.h"
#include "policy.h"
#include "secret.h"
#include "sheet.h"
#include "units.h"

#define GENERATED_LEN 20 /* of 57 characters: 116 bits */

struct password {
    const mig_host_t *host;
    struct policy policy;
    struct bcrypt *bcrypt;
    mig_str_t secret;
    mig_value_t mark; /* of an account that waits for a new password */
    int cost;
    char letter;        /* behind "$2" */
    struct sheet sheet; /* path NULL: generated passwords are written nowhere */
};

/* ---- options --------------------------------------------------------------------------- */

static int32_t read_secret(struct password *p)
{
    mig_value_t v;
    int32_t rc = p->host->option(p->host, "secret", &v);
    if (rc != MIG_OK)
        return rc;
    p->secret = (mig_str_t){v.data, v.len};
    const char *fault = secret_fault(p->secret);
    return fault ? say_fail(p->host, MIG_E_CONFIG,
                            "put the output of \"openssl rand -hex 32\" into the variable that the "
                            "option names, and keep it: the same secret gives the same salts",
                            "option \"secret\": %s", fault)
                 : MIG_OK;
}

static int32_t read_sheet_path(struct password *p)
{
    mig_value_t v;
    int32_t rc = p->host->option(p->host, "generated_file", &v);
    if (rc != MIG_OK || v.kind <= MIG_NULL || !v.len)
        return rc;
    char *path = p->host->alloc(p->host, v.len + 1U);
    memcpy(path, v.data, v.len);
    path[v.len] = '\0';
    p->sheet.path = path;
    return MIG_OK;
}

static int32_t read_options(struct password *p)
{
    mig_value_t v;
    int32_t rc = policy_read(&p->policy, p->host);
    if (rc == MIG_OK)
        rc = p->host->option(p->host, "cost", &v);
    if (rc == MIG_OK) /* its form and bounds were checked by the host */
        p->cost = v.len == 1 ? v.data[0] - '0' : (v.data[0] - '0') * 10 + v.data[1] - '0';
    if (rc == MIG_OK)
        rc = p->host->option(p->host, "prefix", &v);
    if (rc == MIG_OK)
        p->letter = v.data[1];
    if (rc == MIG_OK)
        rc = p->host->option(p->host, "reset_mark", &p->mark);
    if (rc == MIG_OK && !p->mark.len)
        p->mark = (mig_value_t){.kind = MIG_NULL};
    if (rc == MIG_OK && p->mark.kind > MIG_NULL && bcrypt_is_hash(p->mark.data, p->mark.len))
        rc = say_fail(p->host, MIG_E_CONFIG, "choose a text that is no hash, such as \"!\"",
                      "option \"reset_mark\" is a hash, by which somebody may log in");
    if (rc == MIG_OK)
        rc = read_secret(p);
    return rc == MIG_OK ? read_sheet_path(p) : rc;
}

static int32_t create(const mig_host_t *host, void **self)
{
    if (!MIG_HAS(host, place))
        return say_fail(host, MIG_E_CONFIG, "use the mighost that the plugin was built for",
                        "needs a newer mighost");
    struct password *p = calloc(1, sizeof *p);
    *self = p;
    if (p) {
        p->host = host;
        p->bcrypt = bcrypt_new();
    }
    if (!p || !p->bcrypt)
        return say_fail(host, MIG_E_NOMEM, NULL, "out of memory");
    return read_options(p);
}

static void destroy(void *self)
{
    struct password *p = self;
    if (!p)
        return;
    bcrypt_free(p->bcrypt);
    sheet_clear(&p->sheet);
    free(p);
}

/* ---- values ---------------------------------------------------------------------------- */

static int32_t derive(const struct password *p, const char *purpose, mig_str_t more,
                      mig_place_t *place, unsigned char out[SECRET_DERIVED])
{
    *place = (mig_place_t){.size = sizeof *place};
    int32_t rc = p->host->place(p->host, place);
    if (rc == MIG_OK && secret_derive(p->secret, purpose, place, more, out) != 0)
        rc = say_fail(p->host, MIG_E_BUG, NULL, "OpenSSL refuses HMAC-SHA-256");
    return rc;
}

/* Characters that are not taken for each other. The bias of 256 mod 57 costs less than a bit. */
static int32_t generate(const struct password *p, mig_place_t *place, char out[GENERATED_LEN + 1])
{
    static const char letters[] = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
    unsigned char bytes[SECRET_DERIVED];
    int32_t rc = derive(p, "password", (mig_str_t){"", 0}, place, bytes);
    for (size_t i = 0; i < GENERATED_LEN; i++)
        out[i] = letters[bytes[i] % (sizeof letters - 1)];
    out[GENERATED_LEN] = '\0';
    explicit_bzero(bytes, sizeof bytes);
    return rc;
}

/* A generated password goes to its file before it is hashed: an account that nobody can enter is
 * worse than a line too many. */
static int32_t write_down(struct password *p)
{
    char text[GENERATED_LEN + 1];
    mig_place_t place;
    int32_t rc = generate(p, &place, text);
    if (rc == MIG_OK && p->sheet.path && sheet_add(&p->sheet, &place, text) != 0)
        rc = say_fail(p->host, errno == EPERM ? MIG_E_CONFIG : MIG_E_IO,
                      "name a file in a directory of your own, mode 0600 or not there yet",
                      "the file of generated passwords cannot be written: %s",
                      errno == EPERM ? "it is another's, or others may read it" : strerror(errno));
    explicit_bzero(text, sizeof text);
    return rc;
}

static int32_t quick(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    struct password *p = self;
    enum policy_act act;
    enum policy_kind kind;
    int32_t rc = policy_decide(&p->policy, in, n_in, &act, &kind);
    if (rc != MIG_OK)
        return rc;
    switch (act) {
    case POLICY_KEEP:
        if (kind == POLICY_BCRYPT)
            p->host->repaired(p->host, NULL, "bcrypt_kept");
        *out = kind == POLICY_BCRYPT ? *in : (mig_value_t){.kind = MIG_NULL};
        return MIG_OK;
    case POLICY_RESET:
        p->host->repaired(p->host, NULL, "password_reset");
        *out = p->mark;
        return MIG_OK;
    case POLICY_GENERATE:
        p->host->repaired(p->host, NULL, "password_generated");
        rc = write_down(p);
        return rc == MIG_OK ? MIG_LATER : rc;
    default:
        if (in->len > BCRYPT_MOST)
            p->host->repaired(p->host, NULL, "password_truncated");
        return MIG_LATER;
    }
}

static int32_t apply(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    struct password *p = self;
    unsigned char salt[SECRET_DERIVED];
    char made[GENERATED_LEN + 1];
    enum policy_act act;
    enum policy_kind kind;
    mig_place_t place;
    int32_t rc = policy_decide(&p->policy, in, n_in, &act, &kind);
    if (rc != MIG_OK)
        return rc;
    rc = derive(p, "salt", (mig_str_t){"", 0}, &place, salt);
    if (rc == MIG_OK && act == POLICY_GENERATE)
        rc = generate(p, &place, made);
    if (rc != MIG_OK)
        return rc;
    const char *text = act == POLICY_GENERATE ? made : in->data;
    size_t len = act == POLICY_GENERATE ? GENERATED_LEN : policy_len(&p->policy, in);
    char *hash = p->host->alloc(p->host, BCRYPT_HASH_LEN + 1);
    if (bcrypt_hash(p->bcrypt, text, len, p->cost, salt, hash) != 0)
        rc = say_fail(p->host, MIG_E_BUG, "install libcrypt of libxcrypt 4 or later",
                      "libcrypt refuses to make a $2b$ hash");
    explicit_bzero(made, sizeof made);
    hash[2] = p->letter;
    *out = (mig_value_t){hash, BCRYPT_HASH_LEN, MIG_TEXT};
    return rc;
}

/* All that the hash depends on: under the secret, so that no guess can be held against it. */
static int32_t mark(void *self, const mig_value_t *in, uint32_t n_in, unsigned char out[32])
{
    struct password *p = self;
    enum policy_act act;
    enum policy_kind kind;
    mig_place_t place;
    char purpose[32];
    int32_t rc = policy_decide(&p->policy, in, n_in, &act, &kind);
    if (rc != MIG_OK)
        return rc == MIG_REJECT ? MIG_END : rc;
    (void)snprintf(purpose, sizeof purpose, "mark %d %c %d", p->cost, p->letter, (int)act);
    mig_str_t text = {"", 0};
    if (act == POLICY_HASH)
        text = (mig_str_t){in->data, policy_len(&p->policy, in)};
    return derive(p, purpose, text, &place, out);
}

static int32_t prove(void *self, const mig_value_t *in, uint32_t n_in, const mig_value_t *stored)
{
    struct password *p = self;
    char made[GENERATED_LEN + 1];
    enum policy_act act;
    enum policy_kind kind;
    mig_place_t place;
    int32_t rc = policy_decide(&p->policy, in, n_in, &act, &kind);
    if (rc == MIG_OK && act == POLICY_GENERATE)
        rc = generate(p, &place, made);
    if (rc != MIG_OK)
        return rc == MIG_REJECT ? MIG_END : rc;
    const char *text = act == POLICY_GENERATE ? made : in->data;
    size_t len = act == POLICY_GENERATE ? GENERATED_LEN : policy_len(&p->policy, in);
    int fits =
        stored->kind == MIG_TEXT && bcrypt_fits(p->bcrypt, text, len, stored->data, stored->len);
    explicit_bzero(made, sizeof made);
    return fits ? MIG_OK : MIG_END;
}

static int32_t opens(void *self, const mig_value_t *typed, const mig_value_t *stored)
{
    struct password *p = self;
    int fits = stored->kind > MIG_NULL &&
               bcrypt_fits(p->bcrypt, typed->data, policy_len(&p->policy, typed), stored->data,
                           stored->len);
    return fits ? MIG_OK : MIG_END;
}

/* ---- the unit -------------------------------------------------------------------------- */

static const mig_option_t OPTIONS[] = {
    {"secret", MIG_OPT_TEXT, MIG_OPTF_REQUIRED | MIG_OPTF_SECRET, NULL, NULL,
     "The project's secret, from which salts are derived: \"${NAME}\" of a variable."},
    {"cost", MIG_OPT_INT, 0, "12", "4..31", "Each step more doubles the time of a hash."},
    {"prefix", MIG_OPT_TEXT, 0, "2b", "2b|2a|2y",
     "Name of the one algorithm; crypt() of PostgreSQL's pgcrypto reads 2a only."},
    POLICY_OPTIONS,
    {"reset_mark", MIG_OPT_TEXT, 0, "!", NULL,
     "What the column holds where \"reset\" is chosen; empty: NULL."},
    {"generated_file", MIG_OPT_PATH, 0, NULL, NULL,
     "Where generated passwords are written, mode 0600; without it nobody learns them."},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static const mig_transform_ops_t OPS = {
    .size = sizeof(mig_transform_ops_t),
    .flags = MIG_TRANSFORM_PURE | MIG_TRANSFORM_SLOW | MIG_TRANSFORM_SECRET,
    .apply = apply,
    .quick = quick,
    .prove = prove,
    .mark = mark,
    .opens = opens,
};

static const mig_unit_t bcrypt_unit = {
    .size = sizeof(mig_unit_t),
    .kind = MIG_TRANSFORM,
    .name = "password.bcrypt",
    .summary = "A password to its bcrypt hash ($2b$), with a salt that every run gives it again.",
    .options = OPTIONS,
    .create = create,
    .destroy = destroy,
    .ops = &OPS,
};

static const mig_unit_t *const UNITS[] = {&bcrypt_unit, &flag_unit, NULL};

MIG_EXPORT const mig_plugin_t mighost_plugin = {
    .magic = MIG_MAGIC,
    .abi_major = MIG_ABI_MAJOR,
    .abi_minor = MIG_ABI_MINOR,
    .size = sizeof(mig_plugin_t),
    .id = "org.mighost.transforms-password",
    .version = "0.1",
    .units = UNITS,
};
