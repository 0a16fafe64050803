/*
 * test_passwords.c - bcrypt against published hashes and at its edges; what becomes of which
 * password; salts that depend on secret and place alone. The plugin is loaded as the host does it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugintest.h"
#include "transforms-password/bcrypt.h"
#include "unit.h"

#define SECRET "0123456789abcdef0123456789abcdef"

/* ---- bcrypt itself --------------------------------------------------------------------- */

/* Of crypt_blowfish and of jBCrypt. */
static const struct {
    const char *password, *hash;
} published[] = {
    {"U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"},
    {"U*U*", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"},
    {"U*U*U", "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"},
    {"a", "$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe"},
};

static void published_hashes_fit(void)
{
    struct bcrypt *b = bcrypt_new();
    for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
        const char *p = published[i].password, *h = published[i].hash;
        char other[BCRYPT_HASH_LEN + 1];
        CU_ASSERT(bcrypt_is_hash(h, strlen(h)));
        CU_ASSERT(bcrypt_fits(b, p, strlen(p), h, strlen(h)));
        memcpy(other, h, sizeof other);
        other[2] = 'b';
        CU_ASSERT(bcrypt_fits(b, p, strlen(p), other, BCRYPT_HASH_LEN));
        CU_ASSERT(!bcrypt_fits(b, "x", 1, h, strlen(h)));
    }
    bcrypt_free(b);
}

static void hash_says_cost_and_salt(void)
{
    static const unsigned char zeros[BCRYPT_SALT_BYTES];
    char hash[BCRYPT_HASH_LEN + 1], again[BCRYPT_HASH_LEN + 1];
    struct bcrypt *b = bcrypt_new();
    CU_ASSERT_EQUAL(bcrypt_hash(b, "secret", 6, 4, zeros, hash), 0);
    CU_ASSERT_EQUAL(memcmp(hash, "$2b$04$......................", 29), 0);
    CU_ASSERT(bcrypt_fits(b, "secret", 6, hash, BCRYPT_HASH_LEN));
    CU_ASSERT_EQUAL(bcrypt_hash(b, "secret", 6, 4, zeros, again), 0);
    CU_ASSERT_STRING_EQUAL(hash, again);
    bcrypt_free(b);
}

static void seventy_two_bytes_count(void)
{
    static const unsigned char zeros[BCRYPT_SALT_BYTES];
    char long_one[80], hash[BCRYPT_HASH_LEN + 1], other[BCRYPT_HASH_LEN + 1];
    struct bcrypt *b = bcrypt_new();
    memset(long_one, 'y', sizeof long_one);
    CU_ASSERT_EQUAL(bcrypt_hash(b, long_one, 72, 4, zeros, hash), 0);
    CU_ASSERT_EQUAL(bcrypt_hash(b, long_one, 71, 4, zeros, other), 0);
    CU_ASSERT_STRING_NOT_EQUAL(hash, other);
    CU_ASSERT_EQUAL(bcrypt_hash(b, long_one, 73, 4, zeros, other), -1);
    CU_ASSERT_EQUAL(bcrypt_hash(b, "a\0b", 3, 4, zeros, other), -1);
    bcrypt_free(b);
}

static void only_hashes_are_hashes(void)
{
    static const char good[] = "$2b$12$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    static const struct {
        size_t at;
        char c;
    } bad[] = {{0, 'x'}, {2, 'x'}, {2, 'c'}, {3, 'x'},  {4, '3'},  {4, '0'},
               {5, 'x'}, {6, 'x'}, {7, '$'}, {59, ' '}, {30, '\0'}};
    char text[sizeof good];
    CU_ASSERT(bcrypt_is_hash(good, 60));
    CU_ASSERT(!bcrypt_is_hash(good, 59));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        memcpy(text, good, sizeof text);
        text[bad[i].at] = bad[i].c;
        CU_ASSERT(!bcrypt_is_hash(text, 60));
    }
}

/* ---- the transform --------------------------------------------------------------------- */

struct given {
    const char *secret, *key, *column;
    struct mockhost_option more[3];
};

static struct mockhost_option options[8];

static int32_t start(struct mockhost *m, const struct given *g)
{
    size_t n = 0;
    options[n++] = (struct mockhost_option){"secret", g->secret};
    options[n++] = (struct mockhost_option){"cost", "4"};
    for (size_t i = 0; i < 3 && g->more[i].name; i++)
        options[n++] = g->more[i];
    options[n] = (struct mockhost_option){NULL, NULL};
    int32_t rc =
        plugintest_start(m, "transforms-password", MIG_TRANSFORM, "password.bcrypt", options);
    m->place = (mig_place_t){.size = sizeof m->place,
                             .project = {"shop", 4},
                             .stage = {"users", 5},
                             .key = {g->key, strlen(g->key)},
                             .column = {g->column, strlen(g->column)}};
    return rc;
}

static const mig_transform_ops_t *ops_of(const struct mockhost *m)
{
    return m->unit->ops;
}

static mig_value_t text(const char *t)
{
    return t ? (mig_value_t){t, (uint32_t)strlen(t), MIG_TEXT} : (mig_value_t){.kind = MIG_NULL};
}

/* The hash, as a text that lives until the next call; "" where there was none. */
static const char *hash_of(const struct given *g, const char *password)
{
    static char out[BCRYPT_HASH_LEN + 1];
    struct mockhost m;
    mig_value_t in = text(password), made = {.kind = MIG_ABSENT};
    out[0] = '\0';
    CU_ASSERT_EQUAL(start(&m, g), MIG_OK);
    if (ops_of(&m)->quick(m.self, &in, 1, &made) == MIG_LATER &&
        ops_of(&m)->apply(m.self, &in, 1, &made) == MIG_OK && made.len == BCRYPT_HASH_LEN) {
        memcpy(out, made.data, BCRYPT_HASH_LEN);
        out[BCRYPT_HASH_LEN] = '\0';
        const mig_value_t stored = text(out), other = text("other");
        CU_ASSERT_EQUAL(ops_of(&m)->prove(m.self, &in, 1, &stored), MIG_OK);
        CU_ASSERT_EQUAL(ops_of(&m)->prove(m.self, &in, 1, &other), MIG_END);
    }
    plugintest_stop(&m);
    return out;
}

static void keep(char out[BCRYPT_HASH_LEN + 1], const char *hash)
{
    (void)snprintf(out, BCRYPT_HASH_LEN + 1, "%s", hash);
}

static void salts_are_of_secret_and_place(void)
{
    char first[BCRYPT_HASH_LEN + 1];
    keep(first, hash_of(&(struct given){SECRET, "7", "hash", {{0}}}, "one"));
    CU_ASSERT_EQUAL(strlen(first), BCRYPT_HASH_LEN);
    CU_ASSERT_STRING_EQUAL(hash_of(&(struct given){SECRET, "7", "hash", {{0}}}, "one"), first);
    const struct given others[] = {{SECRET "x", "7", "hash", {{0}}},
                                   {SECRET, "8", "hash", {{0}}},
                                   {SECRET, "7", "hash2", {{0}}},
                                   {SECRET, "7h", "ash", {{0}}}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        CU_ASSERT_NOT_EQUAL(memcmp(hash_of(&others[i], "one"), first, 29), 0);
    /* The same salt for another password: it says nothing of the password. */
    const char *other = hash_of(&(struct given){SECRET, "7", "hash", {{0}}}, "two");
    CU_ASSERT_EQUAL(memcmp(other, first, 29), 0);
    CU_ASSERT_STRING_NOT_EQUAL(other, first);
}

static void marks_are_of_all(void)
{
    unsigned char a[32], b[32];
    struct mockhost m;
    mig_value_t one = text("one"), two = text("two");
    CU_ASSERT_EQUAL(start(&m, &(struct given){SECRET, "7", "hash", {{0}}}), MIG_OK);
    CU_ASSERT_EQUAL(ops_of(&m)->mark(m.self, &one, 1, a), MIG_OK);
    CU_ASSERT_EQUAL(ops_of(&m)->mark(m.self, &one, 1, b), MIG_OK);
    CU_ASSERT_EQUAL(memcmp(a, b, 32), 0);
    CU_ASSERT_EQUAL(ops_of(&m)->mark(m.self, &two, 1, b), MIG_OK);
    CU_ASSERT_NOT_EQUAL(memcmp(a, b, 32), 0);
    m.place.key = (mig_str_t){"8", 1};
    CU_ASSERT_EQUAL(ops_of(&m)->mark(m.self, &one, 1, b), MIG_OK);
    CU_ASSERT_NOT_EQUAL(memcmp(a, b, 32), 0);
    plugintest_stop(&m);
}

#define KEPT "$2y$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
#define LONG "0123456789012345678901234567890123456789012345678901234567890123456789012"

/* `out`: of quick(): a text, NULL, or what it answers. */
static const struct {
    struct mockhost_option more[3];
    const char *in;
    int32_t answer;
    const char *out, *code, *repair;
} policies[] = {
    {{{0}}, "typed", MIG_LATER, NULL, NULL, NULL},
    {{{0}}, KEPT, MIG_OK, KEPT, NULL, "bcrypt_kept"},
    {{{"bcrypt", "hash"}}, KEPT, MIG_LATER, NULL, NULL, NULL},
    {{{"bcrypt", "reset"}}, KEPT, MIG_OK, "!", NULL, "password_reset"},
    {{{"bcrypt", "reject"}}, KEPT, MIG_REJECT, NULL, "bad_password", NULL},
    {{{"plain", "reject"}}, "typed", MIG_REJECT, NULL, "bad_password", NULL},
    {{{"plain", "reset"}, {"reset_mark", ""}}, "typed", MIG_OK, NULL, NULL, "password_reset"},
    {{{0}}, NULL, MIG_OK, NULL, NULL, NULL},
    {{{0}}, "", MIG_OK, NULL, NULL, NULL},
    {{{"missing", "reject"}}, "", MIG_REJECT, NULL, "no_password", NULL},
    {{{"missing", "generate"}}, NULL, MIG_LATER, NULL, NULL, "password_generated"},
    {{{0}}, LONG, MIG_REJECT, NULL, "too_long", NULL},
    {{{"long", "truncate"}}, LONG, MIG_LATER, NULL, NULL, "password_truncated"},
};

static void policies_decide(void)
{
    for (size_t i = 0; i < sizeof policies / sizeof *policies; i++) {
        struct given g = {SECRET, "7", "hash", {{0}}};
        struct mockhost m;
        mig_value_t in = text(policies[i].in), out = {.kind = MIG_ABSENT};
        memcpy(g.more, policies[i].more, sizeof g.more);
        CU_ASSERT_EQUAL(start(&m, &g), MIG_OK);
        CU_ASSERT_EQUAL(ops_of(&m)->quick(m.self, &in, 1, &out), policies[i].answer);
        if (policies[i].answer == MIG_OK && policies[i].out) {
            CU_ASSERT_EQUAL(out.len, strlen(policies[i].out));
            CU_ASSERT_EQUAL(memcmp(out.data, policies[i].out, out.len), 0);
        } else if (policies[i].answer == MIG_OK) {
            CU_ASSERT_EQUAL(out.kind, MIG_NULL);
        }
        if (policies[i].code) {
            CU_ASSERT_STRING_EQUAL(m.rejects[0].code, policies[i].code);
            CU_ASSERT_PTR_NULL(policies[i].in[0] ? strstr(m.rejects[0].text, policies[i].in)
                                                 : NULL);
        }
        CU_ASSERT_STRING_EQUAL(m.repair, policies[i].repair ? policies[i].repair : "");
        plugintest_stop(&m);
    }
}

static void cut_is_what_counts(void)
{
    char cut[73];
    char first[BCRYPT_HASH_LEN + 1];
    struct given g = {SECRET, "7", "hash", {{"long", "truncate"}}};
    memcpy(cut, LONG, 72);
    cut[72] = '\0';
    keep(first, hash_of(&g, cut));
    CU_ASSERT_EQUAL(strlen(first), BCRYPT_HASH_LEN);
    CU_ASSERT_STRING_EQUAL(hash_of(&g, LONG), first);
}

static void nul_bytes_are_refused(void)
{
    struct mockhost m;
    mig_value_t in = {"a\0b", 3, MIG_TEXT}, out;
    CU_ASSERT_EQUAL(start(&m, &(struct given){SECRET, "7", "hash", {{0}}}), MIG_OK);
    CU_ASSERT_EQUAL(ops_of(&m)->quick(m.self, &in, 1, &out), MIG_REJECT);
    CU_ASSERT_STRING_EQUAL(m.rejects[0].code, "nul_byte");
    plugintest_stop(&m);
}

static void weak_secrets_are_refused(void)
{
    static const char *const weak[] = {"", "0123456789abcde", "abababababababababababab"};
    for (size_t i = 0; i < sizeof weak / sizeof *weak; i++) {
        struct mockhost m;
        CU_ASSERT_EQUAL(start(&m, &(struct given){weak[i], "7", "hash", {{0}}}), MIG_E_CONFIG);
        CU_ASSERT_PTR_NULL(*weak[i] ? strstr(m.text, weak[i]) : NULL);
        plugintest_stop(&m);
    }
    struct mockhost m;
    CU_ASSERT_EQUAL(start(&m, &(struct given){SECRET, "7", "hash", {{"reset_mark", KEPT}}}),
                    MIG_E_CONFIG);
    plugintest_stop(&m);
}

static const struct unit_case cases[] = {
    {"published_hashes_fit", published_hashes_fit},
    {"hash_says_cost_and_salt", hash_says_cost_and_salt},
    {"seventy_two_bytes_count", seventy_two_bytes_count},
    {"only_hashes_are_hashes", only_hashes_are_hashes},
    {"salts_are_of_secret_and_place", salts_are_of_secret_and_place},
    {"marks_are_of_all", marks_are_of_all},
    {"policies_decide", policies_decide},
    {"cut_is_what_counts", cut_is_what_counts},
    {"nul_bytes_are_refused", nul_bytes_are_refused},
    {"weak_secrets_are_refused", weak_secrets_are_refused},
};

int main(int argc, char **argv)
{
    return UNIT_MAIN("passwords", cases, argc, argv);
}
