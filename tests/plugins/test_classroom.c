/*
 * test_classroom.c - the migrators of the example's plugin through the ABI: which rows they make
 * of a class, and which records they refuse.
 */
#include <stdio.h>

#include "plugintest.h"
#include "unit.h"

#define MAX_FIELDS 8

/* ---- a host for migrators: keys are "stage/source key", rows become lines of text --------- */

struct table {
    const char *name;
    const char *columns[MAX_FIELDS];
    mig_value_t row[MAX_FIELDS];
    uint32_t n;
};

static struct mockhost m;
static const char *fields[MAX_FIELDS], *entities[4];
static struct table tables[2];
static uint32_t n_fields, n_entities, n_tables, n_transforms;
static char transform_options[256], rows[4096], repairs[256];
static int rows_until_reject; /* emit() refuses the row after so many; negative: none */

static int32_t reads(const mig_host_t *h, const char *field, uint32_t *index)
{
    (void)h;
    fields[ *index = n_fields++] = field;
    return MIG_OK;
}

static int32_t writes(const mig_host_t *h, const char *table, uint32_t *index)
{
    (void)h;
    *index = n_tables++;
    tables[*index] = (struct table){.name = table};
    return MIG_OK;
}

static int32_t column(const mig_host_t *h, uint32_t table, const char *name, uint32_t *index)
{
    (void)h;
    *index = tables[table].n++;
    tables[table].columns[*index] = name;
    return MIG_OK;
}

static int32_t entity(const mig_host_t *h, const char *stage, uint32_t *index)
{
    (void)h;
    entities[ *index = n_entities++] = stage ? stage : "own";
    return MIG_OK;
}

static int32_t key(const mig_host_t *h, uint32_t of, const mig_value_t *source, mig_value_t *out)
{
    *out = *source;
    if (source->kind == MIG_ABSENT || source->kind == MIG_NULL)
        return MIG_OK;
    size_t room = source->len + strlen(entities[of]) + 2;
    char *text = h->alloc(h, room);
    int n = snprintf(text, room, "%s/%.*s", entities[of], (int)source->len, source->data);
    *out = (mig_value_t){text, (uint32_t)n, MIG_TEXT};
    return MIG_OK;
}

static mig_value_t *row(const mig_host_t *h, uint32_t table)
{
    (void)h;
    memset(tables[table].row, 0, sizeof tables[table].row);
    return tables[table].row;
}

static void put(const char *text, size_t len)
{
    size_t used = strlen(rows);
    for (size_t i = 0; i < len && used < sizeof rows - 1; i++)
        rows[used++] = text[i] == '\x1f' ? '|' : text[i];
    rows[used] = '\0';
}

static int32_t emit(const mig_host_t *h, uint32_t table)
{
    const struct table *t = &tables[table];
    if (rows_until_reject-- == 0)
        return h->reject(h, "column", "too_long", "the value is too long");
    put(t->name, strlen(t->name));
    for (uint32_t i = 0; i < t->n; i++) {
        const mig_value_t *v = &t->row[i];
        put(" ", 1);
        put(v->kind == MIG_ABSENT ? "-"
            : v->kind == MIG_NULL ? "NULL"
                                  : v->data,
            v->kind == MIG_ABSENT ? 1
            : v->kind == MIG_NULL ? 4
                                  : v->len);
    }
    put("\n", 1);
    return MIG_OK;
}

static int32_t transform(const mig_host_t *h, const char *name, mig_str_t options, uint32_t *handle)
{
    (void)h;
    *handle = n_transforms++;
    snprintf(transform_options, sizeof transform_options, "%s %.*s", name, (int)options.len,
             options.data);
    return MIG_OK;
}

static int32_t apply(const mig_host_t *h, uint32_t handle, const char *field, const mig_value_t *in,
                     uint32_t n_in, mig_value_t *out)
{
    CU_ASSERT_EQUAL(handle, 0);
    CU_ASSERT_EQUAL(n_in, 1);
    if (in->len == 3 && memcmp(in->data, "bad", 3) == 0)
        return h->reject(h, field, "bad_date", "there is no such day");
    *out = *in;
    return MIG_OK;
}

static void repaired(const mig_host_t *h, const char *field, const char *rule)
{
    (void)h;
    snprintf(repairs + strlen(repairs), sizeof repairs - strlen(repairs), "%s %s\n", field, rule);
}

static const mig_migrator_ops_t *start(const char *unit, const struct mockhost_option *options)
{
    n_fields = n_entities = n_tables = n_transforms = 0;
    rows[0] = repairs[0] = '\0';
    rows_until_reject = -1;
    CU_ASSERT_EQUAL(plugintest_start(&m, "migrator-classroom", MIG_MIGRATOR, unit, options),
                    MIG_OK);
    m.host.reads = reads;
    m.host.writes = writes;
    m.host.column = column;
    m.host.entity = entity;
    m.host.key = key;
    m.host.row = row;
    m.host.emit = emit;
    m.host.transform = transform;
    m.host.apply = apply;
    m.host.repaired = repaired;
    const mig_migrator_ops_t *ops = m.unit->ops;
    CU_ASSERT_EQUAL(ops->describe(m.self), MIG_OK);
    return ops;
}

static mig_value_t value(const char *text, uint32_t kind)
{
    return (mig_value_t){text, text ? (uint32_t)strlen(text) : 0, kind};
}

/* ---- classroom-classes ------------------------------------------------------------------- */

static const struct mockhost_option class_options[] = {
    {"created_by", "u-1"}, {"date_formats", "[\"DD/MM/YYYY\"]"}, {NULL, NULL}};

/* One record whose field `schedule` is this. */
static int32_t migrate_class(const char *date, const char *schedule, uint32_t kind)
{
    const mig_migrator_ops_t *ops = m.unit->ops;
    mig_value_t values[] = {value("c-1", MIG_TEXT),  value("Maths", MIG_TEXT),
                            value("24", MIG_NUMBER), value("120.50", MIG_NUMBER),
                            value(date, MIG_TEXT),   value(schedule, kind)};
    mig_record_t rec = {sizeof rec, 6, values, 1, {"c-1", 3}};
    return ops->record(m.self, &rec);
}

static void class_declares_what_it_does(void)
{
    start("classroom-classes", class_options);
    CU_ASSERT_EQUAL(n_fields, 6);
    CU_ASSERT_STRING_EQUAL(fields[4], "startDate");
    CU_ASSERT_EQUAL(n_tables, 2);
    CU_ASSERT_STRING_EQUAL(tables[0].name, "school.classes");
    CU_ASSERT_STRING_EQUAL(tables[1].name, "school.schedules");
    CU_ASSERT_STRING_EQUAL(entities[1], "system-user");
    CU_ASSERT_STRING_EQUAL(transform_options, "date {\"formats\":[\"DD/MM/YYYY\"]}");
    plugintest_stop(&m);
}

static void class_becomes_rows_of_two_tables(void)
{
    start("classroom-classes", class_options);
    CU_ASSERT_EQUAL(
        migrate_class("2023-09-11",
                      "[{\"day\": \"Mon\", \"start\": \"09:00\", \"end\": \"10:30\", "
                      "\"room\": \"A1\"}, {\"day\": \"SUNDAY\", \"start\": \"14:00\", \"end\": "
                      "\"15:00\", \"room\": null}]",
                      MIG_JSON),
        MIG_OK);
    CU_ASSERT_STRING_EQUAL(rows,
                           "school.classes own/c-1 Maths 24 120.50 2023-09-11 system-user/u-1\n"
                           "school.schedules own/c-1|mon|09:00 own/c-1 mon 09:00 10:30 A1\n"
                           "school.schedules own/c-1|sun|14:00 own/c-1 sun 14:00 15:00 NULL\n");
    plugintest_stop(&m);
}

static void class_without_lessons(void)
{
    start("classroom-classes", class_options);
    CU_ASSERT_EQUAL(migrate_class("d", "[]", MIG_JSON), MIG_OK);
    CU_ASSERT_EQUAL(migrate_class("d", NULL, MIG_NULL), MIG_OK);
    CU_ASSERT_EQUAL(migrate_class("d", NULL, MIG_ABSENT), MIG_OK);
    CU_ASSERT_PTR_NULL(strstr(rows, "schedules"));
    plugintest_stop(&m);
}

static void check_class_refused(const char *schedule, uint32_t kind, const char *code)
{
    mockhost_forget(&m);
    CU_ASSERT_EQUAL(migrate_class("d", schedule, kind), MIG_REJECT);
    CU_ASSERT_EQUAL(m.n_rejects, 1);
    CU_ASSERT_STRING_EQUAL(m.rejects[0].code, code);
    CU_ASSERT_STRING_EQUAL(m.rejects[0].field, "schedule");
}

static void bad_lessons_refuse_the_class(void)
{
    start("classroom-classes", class_options);
    check_class_refused("Monday", MIG_TEXT, "bad_list");
    check_class_refused("{\"day\": \"Mon\"}", MIG_JSON, "bad_list");
    check_class_refused("[{]", MIG_JSON, "bad_list");
    check_class_refused("[7]", MIG_JSON, "bad_lesson");
    check_class_refused("[{\"day\": \"Mon\", \"start\": \"09:00\"}]", MIG_JSON, "bad_lesson");
    check_class_refused("[{\"day\": \"Someday\", \"start\": \"09:00\", \"end\": \"10:00\"}]",
                        MIG_JSON, "unknown_day");
    check_class_refused("[{\"start\": \"09:00\", \"end\": \"10:00\"}]", MIG_JSON, "unknown_day");
    plugintest_stop(&m);
}

static void refusals_of_the_host_are_passed_on(void)
{
    start("classroom-classes", class_options);
    CU_ASSERT_EQUAL(migrate_class("bad", "[]", MIG_JSON), MIG_REJECT);
    CU_ASSERT_STRING_EQUAL(m.rejects[0].field, "startDate");
    CU_ASSERT_STRING_EQUAL(rows, "");
    for (int good = 0; good < 3; good++) {
        rows_until_reject = good;
        CU_ASSERT_EQUAL(migrate_class("d",
                                      "[{\"day\": \"Mon\", \"start\": \"9\", \"end\": \"10\"}, "
                                      "{\"day\": \"Tue\", \"start\": \"9\", \"end\": \"10\"}]",
                                      MIG_JSON),
                        MIG_REJECT);
    }
    CU_ASSERT_PTR_NULL(strstr(rows, "tue"));
    plugintest_stop(&m);
}

/* ---- classroom-rosters ------------------------------------------------------------------- */

static int32_t migrate_roster(const char *students, uint32_t kind)
{
    const mig_migrator_ops_t *ops = m.unit->ops;
    mig_value_t values[] = {value("c-1", MIG_TEXT), value(students, kind)};
    mig_record_t rec = {sizeof rec, 2, values, 1, {"c-1", 3}};
    return ops->record(m.self, &rec);
}

static void roster_becomes_numbered_seats(void)
{
    start("classroom-rosters", NULL);
    CU_ASSERT_EQUAL(migrate_roster("[\"s-2\", \"s-1\", \"s-2\", \"s-3\"]", MIG_JSON), MIG_OK);
    CU_ASSERT_STRING_EQUAL(rows, "school.enrollments classes/c-1 students/s-2 1\n"
                                 "school.enrollments classes/c-1 students/s-1 2\n"
                                 "school.enrollments classes/c-1 students/s-3 3\n");
    CU_ASSERT_STRING_EQUAL(repairs, "studentIds repeated_student_dropped\n");
    rows[0] = '\0';
    CU_ASSERT_EQUAL(migrate_roster(NULL, MIG_ABSENT), MIG_OK);
    CU_ASSERT_EQUAL(migrate_roster("[]", MIG_JSON), MIG_OK);
    CU_ASSERT_STRING_EQUAL(rows, "");
    plugintest_stop(&m);
}

static void repeated_students_can_be_refused(void)
{
    static const struct mockhost_option options[] = {{"repeated_students", "reject"}, {NULL, NULL}};
    start("classroom-rosters", options);
    CU_ASSERT_EQUAL(migrate_roster("[\"s-2\", \"s-2\"]", MIG_JSON), MIG_REJECT);
    CU_ASSERT_STRING_EQUAL(m.rejects[0].code, "repeated_student");
    CU_ASSERT_STRING_EQUAL(repairs, "");
    plugintest_stop(&m);
}

static void ids_that_are_no_text_are_refused(void)
{
    start("classroom-rosters", NULL);
    CU_ASSERT_EQUAL(migrate_roster("[\"s-2\", 17]", MIG_JSON), MIG_REJECT);
    CU_ASSERT_STRING_EQUAL(m.rejects[0].code, "bad_list");
    plugintest_stop(&m);
}

static const struct unit_case cases[] = {
    {"class_declares_what_it_does", class_declares_what_it_does},
    {"class_becomes_rows_of_two_tables", class_becomes_rows_of_two_tables},
    {"class_without_lessons", class_without_lessons},
    {"bad_lessons_refuse_the_class", bad_lessons_refuse_the_class},
    {"refusals_of_the_host_are_passed_on", refusals_of_the_host_are_passed_on},
    {"roster_becomes_numbered_seats", roster_becomes_numbered_seats},
    {"repeated_students_can_be_refused", repeated_students_can_be_refused},
    {"ids_that_are_no_text_are_refused", ids_that_are_no_text_are_refused},
};

int main(int argc, char **argv)
{
    return UNIT_MAIN("classroom", cases, argc, argv);
}
