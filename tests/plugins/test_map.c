/*
 * test_map.c - the migrator "map" against a host whose services only note what is asked of
 * them. Its transforms are made up here, so that nothing depends on another plugin.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugintest.h"
#include "unit.h"

#define MAX_NAMES 16

/* What the migrator declared and did. The mock is the first member: host->impl points here. */
struct map {
    struct mockhost mock;
    char fields[MAX_NAMES][40], columns[MAX_NAMES][40], entities[MAX_NAMES][40];
    char transforms[MAX_NAMES][120]; /* name and options */
    char table[80];
    uint32_t n_fields, n_columns, n_entities, n_transforms, n_tables;
    mig_value_t row[MAX_NAMES];
    char rows[1024]; /* all that were emitted */
    int emitted, allocs;
    void *(*alloc)(const mig_host_t *h, size_t bytes);
};

static struct map *map_of(const mig_host_t *h)
{
    return h->impl;
}

static int32_t note(char names[][40], uint32_t *n, const char *name, uint32_t *index)
{
    for (uint32_t i = 0; i < *n; i++)
        if (strcmp(names[i], name) == 0) {
            *index = i;
            return MIG_OK;
        }
    (void)snprintf(names[*n], sizeof names[*n], "%s", name);
    *index = (*n)++;
    return MIG_OK;
}

static int32_t reads(const mig_host_t *h, const char *field, uint32_t *index)
{
    return note(map_of(h)->fields, &map_of(h)->n_fields, field, index);
}

static int32_t writes(const mig_host_t *h, const char *table, uint32_t *index)
{
    (void)snprintf(map_of(h)->table, sizeof map_of(h)->table, "%s", table);
    *index = map_of(h)->n_tables++;
    return MIG_OK;
}

static int32_t column(const mig_host_t *h, uint32_t table, const char *name, uint32_t *index)
{
    CU_ASSERT_EQUAL(table, 0);
    return note(map_of(h)->columns, &map_of(h)->n_columns, name, index);
}

static int32_t entity(const mig_host_t *h, const char *stage, uint32_t *index)
{
    return note(map_of(h)->entities, &map_of(h)->n_entities, stage, index);
}

static int32_t transform(const mig_host_t *h, const char *name, mig_str_t options, uint32_t *handle)
{
    struct map *m = map_of(h);
    if (strcmp(name, "unknown") == 0)
        return h->fail(h, MIG_E_CONFIG, "there is no transform \"unknown\"", NULL);
    (void)snprintf(m->transforms[m->n_transforms], sizeof m->transforms[0], "%s%.*s", name,
                   (int)options.len, options.len > 0 ? options.data : "");
    *handle = m->n_transforms++;
    return MIG_OK;
}

/* "join": all inputs with '+' between; "nothing": NULL; "refuse": rejects. */
static int32_t apply(const mig_host_t *h, uint32_t handle, const char *field, const mig_value_t *in,
                     uint32_t n_in, mig_value_t *out)
{
    const char *name = map_of(h)->transforms[handle];
    *out = (mig_value_t){.kind = MIG_NULL};
    if (strncmp(name, "refuse", 6) == 0)
        return h->reject(h, field, "refused", "made up");
    if (strncmp(name, "nothing", 7) == 0)
        return MIG_OK;
    char *text = h->alloc(h, 200);
    int len = 0;
    for (uint32_t i = 0; i < n_in; i++)
        len += snprintf(text + len, 200 - (size_t)len, "%s%.*s", i > 0 ? "+" : "", (int)in[i].len,
                        in[i].kind > MIG_NULL ? in[i].data : "");
    *out = (mig_value_t){text, (uint32_t)len, MIG_TEXT};
    return MIG_OK;
}

static int32_t key(const mig_host_t *h, uint32_t index, const mig_value_t *source, mig_value_t *out)
{
    *out = *source;
    if (source->kind <= MIG_NULL)
        return MIG_OK;
    char *text = h->alloc(h, 200);
    int len =
        snprintf(text, 200, "%s(%.*s)", map_of(h)->entities[index], (int)source->len, source->data);
    *out = (mig_value_t){text, (uint32_t)len, MIG_TEXT};
    return MIG_OK;
}

static mig_value_t *row(const mig_host_t *h, uint32_t table)
{
    CU_ASSERT_EQUAL(table, 0);
    memset(map_of(h)->row, 0, sizeof map_of(h)->row);
    return map_of(h)->row;
}

static int32_t emit(const mig_host_t *h, uint32_t table)
{
    struct map *m = map_of(h);
    (void)table;
    m->emitted++;
    for (uint32_t i = 0; i < m->n_columns; i++) {
        size_t n = strlen(m->rows);
        (void)snprintf(m->rows + n, sizeof m->rows - n, "%s%.*s", i > 0 ? "," : "",
                       (int)m->row[i].len, m->row[i].len > 0 ? m->row[i].data : "");
    }
    (void)snprintf(m->rows + strlen(m->rows), 2, ";");
    return MIG_OK;
}

static void *counted_alloc(const mig_host_t *h, size_t bytes)
{
    map_of(h)->allocs++;
    return map_of(h)->alloc(h, bytes);
}

static int32_t start_with(struct map *m, const char *fields, const char *option, const char *value)
{
    const struct mockhost_option options[] = {{"table", "school.students"},
                                              {"fields", fields},
                                              {value ? option : NULL, value},
                                              {NULL, NULL}};
    memset(m, 0, sizeof *m);
    CU_ASSERT_EQUAL(plugintest_start(&m->mock, "migrator-map", MIG_MIGRATOR, "map", options),
                    MIG_OK);
    mig_host_t *h = &m->mock.host;
    h->reads = reads;
    h->writes = writes;
    h->column = column;
    h->entity = entity;
    h->transform = transform;
    h->apply = apply;
    h->key = key;
    h->row = row;
    h->emit = emit;
    m->alloc = h->alloc;
    h->alloc = counted_alloc;
    const mig_migrator_ops_t *ops = m->mock.unit->ops;
    return ops->describe(m->mock.self);
}

static int32_t start(struct map *m, const char *fields, const char *ignore)
{
    return start_with(m, fields, "ignore", ignore);
}

static int32_t record(struct map *m, const mig_value_t *values, uint32_t n)
{
    const mig_migrator_ops_t *ops = m->mock.unit->ops;
    mig_record_t rec = {
        .size = sizeof rec, .n_values = n, .values = values, .number = 1, .key = {"k1", 2}};
    m->allocs = 0;
    return ops->record(m->mock.self, &rec);
}

static int is(const struct map *m, const char *name, uint32_t kind, const char *text)
{
    for (uint32_t i = 0; i < m->n_columns; i++)
        if (strcmp(m->columns[i], name) == 0) {
            const mig_value_t *v = &m->row[i];
            return v->kind == kind && (kind <= MIG_NULL || (v->len == strlen(text) &&
                                                            memcmp(v->data, text, v->len) == 0));
        }
    return 0;
}

static mig_value_t value(uint32_t kind, const char *text)
{
    return (mig_value_t){text, text ? (uint32_t)strlen(text) : 0, kind};
}

/* ---- cases ---------------------------------------------------------------------------- */

static void copies_without_memory(void)
{
    struct map m;
    CU_ASSERT_EQUAL(start(&m, "{\"b\":\"y\",\"a\":\"x\",\"c\":\"y\",\"d\":\"z\"}", NULL), MIG_OK);
    CU_ASSERT_STRING_EQUAL(m.table, "school.students");
    CU_ASSERT_EQUAL(m.n_fields, 3);
    CU_ASSERT_STRING_EQUAL(m.columns[0], "b");
    CU_ASSERT_STRING_EQUAL(m.columns[1], "a");
    const mig_value_t values[] = {value(MIG_TEXT, "Y"), value(MIG_NULL, NULL),
                                  value(MIG_ABSENT, NULL)};
    CU_ASSERT_EQUAL(record(&m, values, 3), MIG_OK);
    CU_ASSERT_EQUAL(m.emitted, 1);
    CU_ASSERT_EQUAL(m.allocs, 0);
    CU_ASSERT(is(&m, "a", MIG_NULL, NULL));
    CU_ASSERT(is(&m, "b", MIG_TEXT, "Y"));
    CU_ASSERT(is(&m, "c", MIG_TEXT, "Y"));
    CU_ASSERT(is(&m, "d", MIG_ABSENT, NULL));
    plugintest_stop(&m.mock);
}

static void keys(void)
{
    struct map m;
    CU_ASSERT_EQUAL(
        start(&m,
              "{\"id\":{\"key\":\"own\"},\"class\":{\"key\":\"classes\",\"from\":\"c\"},"
              "\"pair\":{\"key\":\"pairs\",\"from\":[\"c\",\"d\"]},"
              "\"late\":[\"c\",\"join\",{\"key\":\"classes\"}]}",
              NULL),
        MIG_OK);
    CU_ASSERT_EQUAL(m.n_entities, 3);
    mig_value_t values[] = {value(MIG_TEXT, "7"), value(MIG_NUMBER, "8")};
    CU_ASSERT_EQUAL(record(&m, values, 2), MIG_OK);
    CU_ASSERT(is(&m, "id", MIG_TEXT, "own(k1)"));
    CU_ASSERT(is(&m, "class", MIG_TEXT, "classes(7)"));
    CU_ASSERT(is(&m, "pair", MIG_TEXT,
                 "pairs(7\x1f"
                 "8)"));
    CU_ASSERT(is(&m, "late", MIG_TEXT, "classes(7)"));
    values[1].kind = MIG_NULL;
    CU_ASSERT_EQUAL(record(&m, values, 2), MIG_OK);
    CU_ASSERT(is(&m, "pair", MIG_NULL, NULL));
    values[0].kind = MIG_ABSENT;
    CU_ASSERT_EQUAL(record(&m, values, 2), MIG_OK);
    CU_ASSERT(is(&m, "class", MIG_ABSENT, NULL));
    plugintest_stop(&m.mock);
}

static void constants(void)
{
    struct map m;
    CU_ASSERT_EQUAL(
        start(&m,
              "{\"t\":{\"value\":\"x\"},\"n\":{\"value\":1.1},\"i\":{\"value\":-5},"
              "\"b\":{\"value\":true},\"z\":{\"value\":null},\"j\":{\"value\":{\"a\":[]}},"
              "\"p\":[{\"value\":\"y\"},\"join\"]}",
              NULL),
        MIG_OK);
    CU_ASSERT_EQUAL(record(&m, NULL, 0), MIG_OK);
    CU_ASSERT(is(&m, "t", MIG_TEXT, "x"));
    CU_ASSERT(is(&m, "n", MIG_NUMBER, "1.1"));
    CU_ASSERT(is(&m, "i", MIG_NUMBER, "-5"));
    CU_ASSERT(is(&m, "b", MIG_BOOL, "true"));
    CU_ASSERT(is(&m, "z", MIG_NULL, NULL));
    CU_ASSERT(is(&m, "j", MIG_JSON, "{\"a\":[]}"));
    CU_ASSERT(is(&m, "p", MIG_TEXT, "y"));
    plugintest_stop(&m.mock);
}

static void pipelines(void)
{
    struct map m;
    CU_ASSERT_EQUAL(
        start(&m,
              "{\"a\":[{\"from\":[\"x\",\"y\"]},{\"use\":\"join\",\"sep\":\" \",\"n\":1},"
              "\"join\"],\"b\":[\"x\",\"nothing\"]}",
              NULL),
        MIG_OK);
    CU_ASSERT_EQUAL(m.n_transforms, 3);
    CU_ASSERT_STRING_EQUAL(m.transforms[0], "join{\"sep\":\" \",\"n\":1}");
    CU_ASSERT_STRING_EQUAL(m.transforms[1], "join");
    const mig_value_t values[] = {value(MIG_TEXT, "1"), value(MIG_TEXT, "2")};
    CU_ASSERT_EQUAL(record(&m, values, 2), MIG_OK);
    CU_ASSERT(is(&m, "a", MIG_TEXT, "1+2"));
    CU_ASSERT(is(&m, "b", MIG_NULL, NULL));
    plugintest_stop(&m.mock);
}

static void refusal_stops_the_record(void)
{
    struct map m;
    CU_ASSERT_EQUAL(start(&m, "{\"a\":\"x\",\"b\":[\"x\",\"refuse\",\"join\"],\"c\":\"x\"}", NULL),
                    MIG_OK);
    const mig_value_t values[] = {value(MIG_TEXT, "1")};
    CU_ASSERT_EQUAL(record(&m, values, 1), MIG_REJECT);
    CU_ASSERT_EQUAL(m.emitted, 0);
    CU_ASSERT_STRING_EQUAL(m.mock.rejects[0].field, "b");
    plugintest_stop(&m.mock);
}

#define DOC "{\"city\":\"K\\u00f6ln\",\"geo\":{\"lat\":50.9400},\"no\":null,\"list\":[\"a\",\"b\"]}"

static void paths(void)
{
    struct map m;
    CU_ASSERT_EQUAL(start(&m,
                          "{\"city\":\"doc.city\",\"lat\":\"doc.geo.lat\",\"no\":\"doc.no\","
                          "\"gone\":\"doc.gone\",\"second\":\"doc.list.1\",\"geo\":\"doc.geo\","
                          "\"dot\":{\"from\":\"a.b\",\"literal\":true}}",
                          NULL),
                    MIG_OK);
    CU_ASSERT_EQUAL(m.n_fields, 2);
    CU_ASSERT_STRING_EQUAL(m.fields[1], "a.b");
    mig_value_t values[] = {value(MIG_JSON, DOC), value(MIG_TEXT, "D")};
    CU_ASSERT_EQUAL(record(&m, values, 2), MIG_OK);
    CU_ASSERT(is(&m, "city", MIG_TEXT, "K\xC3\xB6ln"));
    CU_ASSERT(is(&m, "lat", MIG_NUMBER, "50.9400"));
    CU_ASSERT(is(&m, "no", MIG_NULL, NULL));
    CU_ASSERT(is(&m, "gone", MIG_ABSENT, NULL));
    CU_ASSERT(is(&m, "second", MIG_TEXT, "b"));
    CU_ASSERT(is(&m, "geo", MIG_JSON, "{\"lat\":50.9400}"));
    CU_ASSERT(is(&m, "dot", MIG_TEXT, "D"));
    values[0].kind = MIG_NULL;
    CU_ASSERT_EQUAL(record(&m, values, 2), MIG_OK);
    CU_ASSERT(is(&m, "city", MIG_NULL, NULL));
    values[0] = value(MIG_TEXT, "private");
    CU_ASSERT_EQUAL(record(&m, values, 2), MIG_REJECT);
    CU_ASSERT_STRING_EQUAL(m.mock.rejects[0].code, "bad_type");
    CU_ASSERT_STRING_EQUAL(m.mock.rejects[0].field, "doc");
    CU_ASSERT_PTR_NULL(strstr(m.mock.rejects[0].text, "private"));
    plugintest_stop(&m.mock);
}

static void list_gives_a_row_for_each_element(void)
{
    static const struct {
        uint32_t kind;
        const char *list, *rows;
    } lists[] = {
        {MIG_JSON, "[\"p\", \"q\\\"]\" ,7]", "k(k1),1,s(p);k(k1),2,s(q\"]);k(k1),3,s(7);"},
        {MIG_JSON, "[ {\"a\": [1,2]} , [] , null]",
         "k(k1),1,s({\"a\": [1,2]});k(k1),2,s([]);k(k1),3,;"},
        {MIG_JSON, "[]", ""},
        {MIG_JSON, "[ \n ]", ""},
        {MIG_NULL, NULL, ""},
        {MIG_ABSENT, NULL, ""},
    };
    struct map m;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        CU_ASSERT_EQUAL(start_with(&m,
                                   "{\"a\":{\"key\":\"k\"},\"b\":{\"each\":\"number\"},"
                                   "\"c\":[{\"each\":\"value\"},{\"key\":\"s\"}]}",
                                   "each", "friends"),
                        MIG_OK);
        CU_ASSERT_STRING_EQUAL(m.fields[0], "friends");
        mig_value_t list = value(lists[i].kind, lists[i].list);
        CU_ASSERT_EQUAL(record(&m, &list, 1), MIG_OK);
        CU_ASSERT_STRING_EQUAL(m.rows, lists[i].rows);
        plugintest_stop(&m.mock);
    }
}

static void list_may_be_a_member_and_must_be_one(void)
{
    struct map m;
    mig_value_t list = value(MIG_JSON, "{\"b\": [5, 6], \"c\": {}}");
    CU_ASSERT_EQUAL(start_with(&m, "{\"x\":{\"each\":\"value\"}}", "each", "a.b"), MIG_OK);
    CU_ASSERT_EQUAL(record(&m, &list, 1), MIG_OK);
    CU_ASSERT_STRING_EQUAL(m.rows, "5;6;");
    plugintest_stop(&m.mock);
    for (int i = 0; i < 2; i++) {
        list = i ? value(MIG_TEXT, "[5]") : list;
        CU_ASSERT_EQUAL(start_with(&m, "{\"x\":{\"each\":\"value\"}}", "each", i ? "a" : "a.c"),
                        MIG_OK);
        CU_ASSERT_EQUAL(record(&m, &list, 1), MIG_REJECT);
        CU_ASSERT_STRING_EQUAL(m.mock.rejects[0].code, "bad_type");
        CU_ASSERT_EQUAL(m.emitted, 0);
        plugintest_stop(&m.mock);
    }
}

static void faults(void)
{
    static const struct {
        const char *fields, *ignore, *fault;
    } cases[] = {
        {"[]", NULL, "must be an object"},
        {"{}", NULL, "names no column"},
        {"{\"a\":1}", NULL, "column \"a\": the source must be"},
        {"{\"a\":\"\"}", NULL, "must be a name"},
        {"{\"a\":\"x.\"}", NULL, "empty part"},
        {"{\"a\":\".x\"}", NULL, "empty part"},
        {"{\"a\":\"x..y\"}", NULL, "empty part"},
        {"{\"a\":[]}", NULL, "1 to 64"},
        {"{\"a\":{\"from\":[]}}", NULL, "1 to 64"},
        {"{\"a\":{\"from\":[\"x\",\"y\"]}}", NULL, "a transform that joins"},
        {"{\"a\":{\"from\":[1]}}", NULL, "must be a name"},
        {"{\"a\":{}}", NULL, "one of \"from\", \"value\", \"key\" and"},
        {"{\"a\":{\"from\":\"x\",\"value\":1}}", NULL, "one of \"from\", \"value\", \"key\" and"},
        {"{\"a\":{\"fron\":\"x\"}}", NULL, "did you mean \"from\"?"},
        {"{\"a\":{\"key\":\"s\",\"value\":1}}", NULL, "there is no \"value\" here"},
        {"{\"a\":{\"key\":1}}", NULL, "name of a stage"},
        {"{\"a\":{\"from\":\"x\",\"literal\":1}}", NULL, "true or false"},
        {"{\"a\":[{\"use\":\"join\"}]}", NULL, "first element must be the source"},
        {"{\"a\":[\"x\",{\"usse\":\"join\"}]}", NULL, "did you mean \"use\"?"},
        {"{\"a\":[\"x\",1]}", NULL, "a step must be"},
        {"{\"a\":[\"x\",{\"key\":\"s\"},\"join\"]}", NULL, "nothing may follow \"key\""},
        {"{\"a\":[\"x\",{\"key\":\"s\",\"from\":\"x\"}]}", NULL, "there is no \"from\" here"},
        {"{\"a\":[\"x\",\"unknown\"]}", NULL, "no transform \"unknown\""},
        {"{\"a\":{\"each\":\"value\"}}", NULL, "needs the option \"each\""},
        {"{\"a\":{\"each\":\"values\"}}", NULL, "must be \"value\" or \"number\""},
        {"{\"a\":{\"each\":\"value\",\"from\":\"x\"}}", NULL, "there is no \"from\" here"},
        {"{\"a\":\"x\"}", "\"x\"", "must be a list"},
        {"{\"a\":\"x\"}", "[1]", "must be a list"},
        {"{\"a\":\"x.y\"}", "[\"x\"]", "which a column reads"},
        {"{\"a\":\"x\",\"a\":\"y\"}", NULL, "duplicate"},
        {"{\"a\":", NULL, "option \"fields\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct map m;
        CU_ASSERT_EQUAL(start(&m, cases[i].fields, cases[i].ignore), MIG_E_CONFIG);
        int found = strstr(m.mock.text, cases[i].fault) != NULL;
        CU_ASSERT(found);
        if (!found)
            printf("    %s: %s\n", cases[i].fields, m.mock.text);
        plugintest_stop(&m.mock);
    }
}

static void all_faults_at_once(void)
{
    struct map m;
    CU_ASSERT_EQUAL(
        start(&m, "{\"a\":1,\"b\":\"ok\",\"c\":[\"x\",{\"us\":\"join\"}],\"d\":{}}", "[2]"),
        MIG_E_CONFIG);
    CU_ASSERT_EQUAL(m.mock.n_failed, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(m.mock.text, "column \"a\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(m.mock.text, "column \"c\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(m.mock.text, "column \"d\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(m.mock.text, "\"ignore\""));
    CU_ASSERT_EQUAL(m.n_fields, 0);
    plugintest_stop(&m.mock);
}

/* Very many faults: the first ones and how many more. */
static void many_faults_are_counted(void)
{
    char fields[4096] = "{";
    for (int i = 0; i < 100; i++)
        (void)snprintf(fields + strlen(fields), sizeof fields - strlen(fields), "%s\"c%d\":1",
                       i > 0 ? "," : "", i);
    (void)snprintf(fields + strlen(fields), sizeof fields - strlen(fields), "}");
    struct map m;
    CU_ASSERT_EQUAL(start(&m, fields, NULL), MIG_E_CONFIG);
    CU_ASSERT(strlen(m.mock.text) < 1024);
    CU_ASSERT_PTR_NOT_NULL(strstr(m.mock.text, " more)"));
    plugintest_stop(&m.mock);
}

static const struct unit_case cases[] = {
    {"copies_without_memory", copies_without_memory},
    {"keys", keys},
    {"constants", constants},
    {"pipelines", pipelines},
    {"refusal_stops_the_record", refusal_stops_the_record},
    {"paths", paths},
    {"list_gives_a_row_for_each_element", list_gives_a_row_for_each_element},
    {"list_may_be_a_member_and_must_be_one", list_may_be_a_member_and_must_be_one},
    {"faults", faults},
    {"all_faults_at_once", all_faults_at_once},
    {"many_faults_are_counted", many_faults_are_counted},
};

int main(int argc, char **argv)
{
    return UNIT_MAIN("map", cases, argc, argv);
}
