/* test_abicheck.c - which versions fit, and descriptors at the edge of what is allowed. The bad
 * ones, with their messages, are in tests/abi/zoo. */
#include "abicheck.h"

#include "unit.h"

static int fits(unsigned major, unsigned minor, unsigned host_major, unsigned host_minor)
{
    return abicheck_fits((struct abicheck_version){major, minor},
                         (struct abicheck_version){host_major, host_minor});
}

static void at_major_0_versions_must_be_equal(void)
{
    CU_ASSERT(fits(0, 1, 0, 1));
    CU_ASSERT(!fits(0, 0, 0, 1));
    CU_ASSERT(!fits(0, 2, 0, 1));
}

static void from_major_1_on_an_older_minor_fits(void)
{
    CU_ASSERT(fits(1, 0, 1, 3));
    CU_ASSERT(fits(1, 3, 1, 3));
    CU_ASSERT(!fits(1, 4, 1, 3));
    CU_ASSERT(!fits(0, 3, 1, 3));
    CU_ASSERT(!fits(2, 0, 1, 3));
}

static void refusal_says_which_side_is_older(void)
{
    struct error err = {0};
    const struct abicheck_version old = {1, 2}, new = {2, 0};
    CU_ASSERT_EQUAL(abicheck_refuse(old, new, "plugin x is built", &err), STATUS_PLUGIN);
    CU_ASSERT_STRING_EQUAL(err.what,
                           "plugin x is built for plugin ABI 1.2; this mighost speaks 2.0");
    CU_ASSERT_PTR_NOT_NULL(strstr(err.why, "the plugin is the older one"));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.fix, "build the plugin against this mighost's header"));
    error_clear(&err);
    abicheck_refuse(new, old, "plugin x is built", &err);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.why, "mighost is the older one"));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.fix, "install a newer mighost"));
}

/* ---- descriptors ---------------------------------------------------------------------- */

static int32_t create(const mig_host_t *host, void **self)
{
    (void)host;
    *self = NULL;
    return MIG_OK;
}

static void destroy(void *self)
{
    (void)self;
}

static int32_t apply(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    (void)self, (void)in, (void)n_in, (void)out;
    return MIG_OK;
}

/* A table of a later version: members behind those that this host knows. */
static const struct {
    mig_transform_ops_t known;
    void (*later)(void);
} long_ops = {{.size = sizeof long_ops, .apply = apply}, NULL};

static size_t faults_of(const mig_unit_t *unit)
{
    const mig_unit_t *units[] = {unit, NULL};
    const mig_plugin_t plugin = {MIG_MAGIC, MIG_ABI_MAJOR,   MIG_ABI_MINOR, sizeof plugin,
                                 0,         "org.example.t", "1",           units};
    struct faults faults = {0};
    int status = abicheck_plugin(&plugin, "/t.so", &faults);
    size_t n = faults.n;
    CU_ASSERT_EQUAL(status, n ? STATUS_PLUGIN : STATUS_OK);
    faults_clear(&faults);
    return n;
}

static mig_unit_t sound_unit(void)
{
    return (mig_unit_t){.size = sizeof(mig_unit_t),
                        .kind = MIG_TRANSFORM,
                        .name = "a.b_c-9",
                        .summary = "Does nothing.",
                        .create = create,
                        .destroy = destroy,
                        .ops = &long_ops};
}

static void later_members_are_no_fault(void)
{
    mig_unit_t unit = sound_unit();
    CU_ASSERT_EQUAL(faults_of(&unit), 0);
    unit.size += 8;
    CU_ASSERT_EQUAL(faults_of(&unit), 0);
}

static void names_are_checked_at_their_limits(void)
{
    static const char *const bad[] = {"", "A", "a b", "a/b", "a:b", "\xc3\xa9"};
    char name[66];
    mig_unit_t unit = sound_unit();
    unit.name = name;
    memset(name, 'a', sizeof name);
    name[64] = '\0';
    CU_ASSERT_EQUAL(faults_of(&unit), 0);
    name[64] = 'a';
    name[65] = '\0';
    CU_ASSERT_EQUAL(faults_of(&unit), 1);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        unit.name = bad[i];
        CU_ASSERT_EQUAL(faults_of(&unit), 1);
    }
    unit.name = NULL;
    CU_ASSERT_EQUAL(faults_of(&unit), 1);
}

static void lists_without_an_end_are_faults(void)
{
    static mig_unit_t units[1100];
    static char names[1100][8];
    static const mig_unit_t *list[1100];
    static mig_need_t needs[1100];
    struct faults faults = {0};
    for (size_t i = 0; i < 1100; i++) {
        snprintf(names[i], sizeof names[i], "u%zu", i);
        units[i] = sound_unit();
        units[i].name = names[i];
        list[i] = i < 1099 ? &units[i] : NULL;
        needs[i] = i < 1099 ? (mig_need_t){"stage:a", MIG_NEED_AFTER, 0} : (mig_need_t){0, 0, 0};
    }
    const mig_plugin_t plugin = {MIG_MAGIC, MIG_ABI_MAJOR,   MIG_ABI_MINOR, sizeof plugin,
                                 0,         "org.example.t", "1",           list};
    CU_ASSERT_EQUAL(abicheck_plugin(&plugin, "/t.so", &faults), STATUS_PLUGIN);
    CU_ASSERT_EQUAL_FATAL(faults.n, 1);
    CU_ASSERT_STRING_EQUAL(faults.items[0].what, "plugin /t.so: its list of units has no end");
    faults_clear(&faults);
    mig_unit_t unit = sound_unit();
    unit.needs = needs;
    CU_ASSERT_EQUAL(faults_of(&unit), 1);
}

static const struct unit_case cases[] = {
    {"at_major_0_versions_must_be_equal", at_major_0_versions_must_be_equal},
    {"from_major_1_on_an_older_minor_fits", from_major_1_on_an_older_minor_fits},
    {"refusal_says_which_side_is_older", refusal_says_which_side_is_older},
    {"later_members_are_no_fault", later_members_are_no_fault},
    {"names_are_checked_at_their_limits", names_are_checked_at_their_limits},
    {"lists_without_an_end_are_faults", lists_without_an_end_are_faults},
};

int main(int argc, char **argv)
{
    return UNIT_MAIN("abicheck", cases, argc, argv);
}
