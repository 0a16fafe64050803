/* test_source_postgres_written.c - what others write while the source "postgres" reads, through the
 * ABI, against a real server: tables by the versions of their rows, views and queries by
 * comparison.
 */
#include "pgsource.h"
#include "sourcetest.h"
#include "unit.h"

static struct mockhost m;
static struct sourcetest t;

static void start(const char *option, const char *value)
{
    static struct mockhost_option options[3];
    options[0] = (struct mockhost_option){"url", pgsource_environment("TEST_URL")};
    options[1] = (struct mockhost_option){option, value};
    CU_ASSERT_EQUAL(plugintest_start(&m, "source-postgres", MIG_SOURCE, "postgres", options),
                    MIG_OK);
}

static void expect(const char *entity, const char *fields, const char *keys, const char *expected)
{
    sourcetest_read(&m, entity, fields, keys, &t);
    CU_ASSERT_EQUAL(t.status, MIG_END);
    CU_ASSERT_STRING_EQUAL(t.text, expected);
}

static char written_rows[1000];

static int32_t written_row(void *ctx, int32_t removed, mig_str_t key)
{
    (void)ctx;
    size_t n = strlen(written_rows);
    snprintf(written_rows + n, sizeof written_rows - n, "%c%.*s ", removed ? '-' : '+',
             (int)key.len, key.data);
    return MIG_OK;
}

static const char *written(const char *entity, const char *const *keys, uint32_t n)
{
    written_rows[0] = '\0';
    int32_t status = sourcetest_ops(&m)->written(m.self, entity, keys, n, NULL, written_row);
    return status == MIG_OK ? written_rows : status == MIG_END ? "not known" : "failed";
}

static void writes_behind_the_snapshot_are_told(void)
{
    static const char *const keys[] = {"a", "b\"x"};
    pgsource_session(
        "CREATE TABLE moving (a int, \\\"b\\\"\\\"x\\\" text); INSERT INTO moving VALUES"
        " (1, 'x'), (2, 'y'), (3, NULL), (4, E'\\\\\\\\\\\"')");
    start("query", "{\"asked\": \"SELECT 1 AS a\", \"joined\": \"SELECT m.a, count(*) AS n FROM"
                   " public.moving m, public.kinds GROUP BY m.a UNION ALL SELECT -1, 1 -- all\","
                   " \"still\": \"SELECT id FROM public.kinds\"}");
    CU_ASSERT_STRING_EQUAL(written("moving", keys, 2), "not known"); /* nothing was read yet */
    CU_ASSERT_STRING_EQUAL(written("joined", keys, 1), "not known");
    expect("moving", "a", "a", "n:1\nn:2\nn:3\nn:4\n");
    pgsource_session("BEGIN; SELECT FROM moving WHERE a = 1 FOR UPDATE; COMMIT;"
                     " UPDATE moving SET a = a WHERE a = 2; DELETE FROM moving WHERE a > 2;"
                     " INSERT INTO moving VALUES (5, 'new'); INSERT INTO parts VALUES (16)");
    CU_ASSERT_STRING_EQUAL(written("moving", keys, 2), "+2\x1fy +5\x1fnew -3 -4\x1f\\\" ");
    CU_ASSERT_STRING_EQUAL(written("parts", keys, 0), "not known"); /* nothing to tell rows by */
    static const char *const id[] = {"id"};
    CU_ASSERT_STRING_EQUAL(written("parts", id, 1), "+16 ");
    CU_ASSERT_STRING_EQUAL(written("kinds", id, 1), "");
    CU_ASSERT_STRING_EQUAL(written("kinds_view", id, 1), "");
    CU_ASSERT_STRING_EQUAL(written("still", id, 1), "");
    CU_ASSERT_STRING_EQUAL(written("joined", keys, 1),
                           "-3 -4 +5 "); /* 2 has the same values as before */
    CU_ASSERT_STRING_EQUAL(written("asked", keys, 1), "not known");
    expect("moving", "a", "a", "n:1\nn:2\nn:3\nn:4\n"); /* the snapshot is what it was */
    plugintest_stop(&m);
    pgsource_session("DROP TABLE moving; DELETE FROM parts WHERE id = 16");
}

/* One row, of three: what is read counts, not what comes of it. */
static void views_are_compared_up_to_the_rows_that_may_be_read(void)
{
    static const struct {
        const char *compare, *view, *sum;
    } asked[] = {
        {"3", "+2 ", "+all "}, {"2", "not known", "not known"}, {"0", "not known", "not known"}};
    static const char *const keys[] = {"k"};
    pgsource_session(
        "CREATE TABLE seen (k text, n int); INSERT INTO seen VALUES (1, 1), (2, 2), (3,"
        " 3); ANALYZE seen; CREATE VIEW seen_view AS SELECT * FROM seen; CREATE VIEW"
        " seen_sum AS SELECT 'all' AS k, sum(n) FROM seen");
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        start("compare", asked[i].compare);
        expect("seen_view", "k", "k", "t:1\nt:2\nt:3\n");
        pgsource_session("UPDATE seen SET n = n + 1 WHERE k = '2'");
        CU_ASSERT_STRING_EQUAL(written("seen_view", keys, 1), asked[i].view);
        CU_ASSERT_STRING_EQUAL(written("seen_sum", keys, 1), asked[i].sum);
        CU_ASSERT_EQUAL(
            mockhost_logged(&m, MIG_LOG_INFO, "more than the option \"compare\" allows"), i == 1);
        plugintest_stop(&m);
    }
    pgsource_session("DROP TABLE seen CASCADE");
}

#define CASE(function) #function, function
static const struct unit_case cases[] = {
    {CASE(writes_behind_the_snapshot_are_told)},
    {CASE(views_are_compared_up_to_the_rows_that_may_be_read)},
};

int main(int argc, char **argv)
{
    return UNIT_MAIN("source_postgres_written", cases, argc, argv);
}
