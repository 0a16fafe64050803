/* test_registry.c - units by feature, from static descriptors. */
#include "registry.h"

#include <stdlib.h>

#include "kind.h"
#include "unit.h"

static const mig_unit_t lower = {.size = sizeof lower, .kind = MIG_TRANSFORM, .name = "lower"};
static const mig_unit_t json = {.size = sizeof json, .kind = MIG_SOURCE, .name = "json"};
static const mig_unit_t *const units[] = {&lower, &json, NULL};
static const mig_unit_t *const again[] = {&json, NULL};
static const mig_unit_t *const both[] = {&json, &json, NULL};
static const mig_plugin_t plugin = {.id = "org.a", .units = units};
static const mig_plugin_t other = {.id = "org.b", .units = again};
static const mig_plugin_t twin = {.id = "org.c", .units = both};

static void units_are_found_by_feature(void)
{
    struct registry r;
    struct faults faults = {0};
    registry_init(&r);
    CU_ASSERT_EQUAL(registry_add(&r, &plugin, "/a.so", "00ff", &faults), STATUS_OK);
    const struct registry_unit *found = registry_find(&r, "source:json");
    CU_ASSERT_PTR_NOT_NULL_FATAL(found);
    CU_ASSERT_PTR_EQUAL(found->unit, &json);
    CU_ASSERT_PTR_EQUAL(found->plugin, &plugin);
    CU_ASSERT_STRING_EQUAL(found->path, "/a.so");
    CU_ASSERT_STRING_EQUAL(found->sha256, "00ff");
    CU_ASSERT_PTR_NULL(registry_find(&r, "transform:json"));
    CU_ASSERT_PTR_NULL(registry_find(&r, "json"));
    registry_clear(&r);
}

static void one_plugin_twice_is_once(void)
{
    struct registry r;
    struct faults faults = {0};
    registry_init(&r);
    registry_add(&r, &plugin, NULL, NULL, &faults);
    CU_ASSERT_EQUAL(registry_add(&r, &plugin, NULL, NULL, &faults), STATUS_OK);
    CU_ASSERT_EQUAL(r.n, 2);
    CU_ASSERT_EQUAL(faults.n, 0);
    CU_ASSERT_STRING_EQUAL(r.units[0].path, "(built in)");
    CU_ASSERT_STRING_EQUAL(r.units[0].sha256, "");
    registry_clear(&r);
}

static void one_feature_twice_names_both_files(void)
{
    struct registry r;
    struct faults faults = {0};
    registry_init(&r);
    registry_add(&r, &plugin, "/a.so", NULL, &faults);
    CU_ASSERT_EQUAL(registry_add(&r, &other, "/b.so", NULL, &faults), STATUS_PLUGIN);
    CU_ASSERT_EQUAL_FATAL(faults.n, 1);
    CU_ASSERT_STRING_EQUAL(faults.items[0].what,
                           "source:json is provided by two plugins: /a.so and /b.so");
    CU_ASSERT_PTR_EQUAL(registry_find(&r, "source:json")->plugin, &plugin);
    faults_clear(&faults);
    registry_clear(&r);
}

static void one_feature_twice_in_one_plugin(void)
{
    struct registry r;
    struct faults faults = {0};
    registry_init(&r);
    CU_ASSERT_EQUAL(registry_add(&r, &twin, "/c.so", NULL, &faults), STATUS_PLUGIN);
    CU_ASSERT_EQUAL_FATAL(faults.n, 1);
    CU_ASSERT_STRING_EQUAL(faults.items[0].what, "plugin /c.so provides source:json twice");
    faults_clear(&faults);
    registry_clear(&r);
}

#define MANY 100

static void entries_stay_while_the_table_grows(void)
{
    static char names[MANY][8];
    static mig_unit_t unit[MANY];
    static const mig_unit_t *list[MANY][2];
    static mig_plugin_t plugins[MANY];
    struct registry r;
    struct faults faults = {0};
    const struct registry_unit *first = NULL;
    registry_init(&r);
    for (size_t i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof names[i], "t%zu", i);
        unit[i] = (mig_unit_t){.size = sizeof unit[i], .kind = MIG_TRANSFORM, .name = names[i]};
        list[i][0] = &unit[i];
        plugins[i] = (mig_plugin_t){.id = "org.many", .units = list[i]};
        CU_ASSERT_EQUAL(registry_add(&r, &plugins[i], "/m.so", NULL, &faults), STATUS_OK);
        if (!first)
            first = registry_find(&r, "transform:t0");
    }
    CU_ASSERT_EQUAL(r.n, MANY);
    CU_ASSERT_PTR_EQUAL(registry_find(&r, "transform:t99")->unit, &unit[99]);
    CU_ASSERT_STRING_EQUAL(first->feature, "transform:t0");
    registry_clear(&r);
}

static void kinds_have_names(void)
{
    const char *name = NULL;
    CU_ASSERT_STRING_EQUAL(registry_kind_name(MIG_SOURCE), "source");
    CU_ASSERT_STRING_EQUAL(registry_kind_name(MIG_REPORTER), "reporter");
    CU_ASSERT_PTR_NULL(registry_kind_name(0));
    CU_ASSERT_PTR_NULL(registry_kind_name(MIG_REPORTER + 1));
    CU_ASSERT_EQUAL(kind_split("validator:a:b", &name), MIG_VALIDATOR);
    CU_ASSERT_STRING_EQUAL(name, "a:b");
    CU_ASSERT_EQUAL(kind_split("stage:users", &name), 0);
    CU_ASSERT_EQUAL(kind_split("sources:json", &name), 0);
    CU_ASSERT_EQUAL(kind_split("", &name), 0);
}

static const struct unit_case cases[] = {
    {"units_are_found_by_feature", units_are_found_by_feature},
    {"one_plugin_twice_is_once", one_plugin_twice_is_once},
    {"one_feature_twice_names_both_files", one_feature_twice_names_both_files},
    {"one_feature_twice_in_one_plugin", one_feature_twice_in_one_plugin},
    {"entries_stay_while_the_table_grows", entries_stay_while_the_table_grows},
    {"kinds_have_names", kinds_have_names},
};

int main(int argc, char **argv)
{
    return UNIT_MAIN("registry", cases, argc, argv);
}
