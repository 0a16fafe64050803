/*
 * test_source_postgres.c - the source "postgres" through the ABI, against a real server. What is
 * written while it reads: test_source_postgres_written.c.
 */
#include <arpa/inet.h>
#include <jansson.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pgsource.h"
#include "sourcetest.h"
#include "unit.h"

static struct mockhost m;
static struct sourcetest t;

static int32_t start_at(const char *url, const char *option, const char *value)
{
    static struct mockhost_option options[4];
    options[0] = (struct mockhost_option){"url", url};
    options[1] = (struct mockhost_option){option, value};
    options[2] = (struct mockhost_option){NULL, NULL};
    return plugintest_start(&m, "source-postgres", MIG_SOURCE, "postgres", options);
}

static void start(const char *option, const char *value)
{
    CU_ASSERT_EQUAL(start_at(pgsource_environment("TEST_URL"), option, value), MIG_OK);
}

static const char *url_as(const char *role, const char *database)
{
    static char url[512];
    snprintf(url, sizeof url, "postgresql://%s@/%s?host=%s", role, database,
             pgsource_environment("TEST_SOCKET"));
    return url;
}

static void expect(const char *entity, const char *fields, const char *keys, const char *expected)
{
    sourcetest_read(&m, entity, fields, keys, &t);
    CU_ASSERT_EQUAL(t.status, MIG_END);
    CU_ASSERT_STRING_EQUAL(t.text, expected);
    CU_ASSERT_STRING_EQUAL(m.text, "");
}

static void expect_failure(const char *entity, const char *fields, const char *keys,
                           const char *says)
{
    mockhost_forget(&m);
    sourcetest_read(&m, entity, fields, keys, &t);
    CU_ASSERT_EQUAL(t.status, MIG_E_SOURCE);
    CU_ASSERT_EQUAL(m.n_failed, 1);
    if (!strstr(m.text, says))
        printf("\n    %s: %s\n", entity, m.text);
    CU_ASSERT_PTR_NOT_NULL(strstr(m.text, says));
    mockhost_forget(&m);
}

static void values_keep_text_and_kind(void)
{
    start(NULL, NULL);
    expect("kinds", "id n f b v", "id",
           "n:1|n:12345678901234567890.1230|n:1e+20|b:true|n:-1\n"
           "n:2|n:0.10|t:NaN|b:false|n:9223372036854775807\n"
           "n:3|N|N|N|N\n"
           "n:4|t:NaN|t:-Infinity|b:true|n:0\n");
    expect("kinds", "t j c a", "id",
           "t:|j:{\"k\": [1.50]}|t:abcd|t:{}\n"
           "t:tab\t, line\n, back\\slash \\N|t:\"scalar\"|t:ab  |t:{1,NULL}\n"
           "N|N|N|N\n"
           "t:\xc3\xa9 \xf0\x9f\x98\x80|j:[]|t:    |t:{2}\n");
    expect("kinds", "bin at d l", "id",
           "t:\\x|t:1999-12-31 23:59:59.5+00|t:0044-03-15 BC|t:-1 mons\n"
           "t:\\x00ff|t:2024-06-01 10:00:00+00|t:2024-02-29|t:1 day 02:00:00\n"
           "N|N|N|N\n"
           "t:\\x5c|t:infinity|t:infinity|t:00:00:00\n");
    plugintest_stop(&m);
}

static void names_are_found_and_quoted(void)
{
    start(NULL, NULL);
    expect("a.b", "id", NULL, "n:7\n");
    expect("a.c", "id", NULL, "n:8\n");
    expect("public.kinds_view", "id", "id", "n:1\nn:2\n");
    expect("parts", "id", "id", "n:5\nn:15\n");
    expect("none", "id", NULL, "");
    plugintest_stop(&m);
    static const char *const fields[] = {"sel\"ect"}, *const keys[] = {"Schl\xc3\xbcssel"};
    start("schema", "other");
    CU_ASSERT_EQUAL(sourcetest_ops(&m)->open(m.self,
                                             "Gr\xc3\xb6\xc3\x9f"
                                             "e \"x\"",
                                             fields, 1, keys, 1, (mig_str_t){"", 0}),
                    MIG_OK);
    memset(&t, 0, sizeof t);
    while (sourcetest_next(&m, &t) == MIG_OK)
        ;
    CU_ASSERT_STRING_EQUAL(t.text, "t:a\nt:b\n");
    plugintest_stop(&m);
}

static int32_t note_entity(void *ctx, const char *entity)
{
    char *all = ctx;
    size_t n = strlen(all);
    snprintf(all + n, 512 - n, "%s ", entity);
    return MIG_OK;
}

static void entities_are_queries_and_tables(void)
{
    char all[512] = "";
    start("query", "{\"one\": \"SELECT 1\"}");
    CU_ASSERT_EQUAL(sourcetest_ops(&m)->ping(m.self), MIG_OK);
    CU_ASSERT_EQUAL(sourcetest_ops(&m)->entities(m.self, all, note_entity), MIG_OK);
    CU_ASSERT_STRING_EQUAL(
        all, "one a.b hidden hidden_view kinds kinds_view large none parts ranged ranged_view ");
    plugintest_stop(&m);
}

static void entity_may_be_a_query(void)
{
    start("query",
          "{\"x\": \"SELECT id, id * 2 AS \\\"Zwei\\\" FROM public.kinds -- all ;\\n ; \\n\","
          " \"kinds\": \"SELECT 5 AS id\"}");
    expect("x", "Zwei id", "id", "n:2|n:1\nn:4|n:2\nn:6|n:3\nn:8|n:4\n");
    expect("kinds", "id", NULL, "n:5\n");
    expect("public.kinds", "id", "id", "n:1\nn:2\nn:3\nn:4\n");
    plugintest_stop(&m);
}

static void bad_queries_are_refused_without_harm(void)
{
    start("query",
          "{\"syntax\": \"SELEC 1\", \"two\": \"SELECT 1 AS id; SELECT 2\","
          " \"table\": \"SELECT id FROM kinds\", \"column\": \"SELECT idd FROM public.kinds\","
          " \"write\": \"SELECT public.bump() AS id\","
          " \"canary\": \"SELECT ('canary' || id)::int AS id FROM public.kinds\"}");
    expect_failure("syntax", "id", NULL, "syntax error (SQLSTATE 42601)");
    expect_failure("two", "id", NULL, "SQLSTATE 42601");
    expect_failure("table", "id", NULL, "names a table that is not there");
    expect_failure("column", "id", NULL, "names a column that is not there");
    expect_failure("write", "id", NULL, "the query writes");
    sourcetest_read(&m, "canary", "id", NULL, &t);
    CU_ASSERT_EQUAL(t.status, MIG_E_SOURCE);
    CU_ASSERT_PTR_NOT_NULL(strstr(m.text, "SQLSTATE 22P02"));
    CU_ASSERT_PTR_NULL(strstr(m.text, "canary1"));
    mockhost_forget(&m);
    expect("kinds_view", "id", "id", "n:1\nn:2\n");
    plugintest_stop(&m);
}

static void missing_names_are_told_with_the_nearest(void)
{
    start(NULL, NULL);
    expect_failure("kids", "id", NULL, "no table \"kids\"; did you mean \"kinds\"?");
    expect_failure("zzzzzz", "id", NULL, "schema \"public\" has no table \"zzzzzz\"");
    expect_failure("othr.x", "id", NULL, "schema \"othr\" has no table, or is not there");
    expect_failure("bare.x", "id", NULL, "schema \"bare\" has no table, or is not there");
    expect_failure("kinds_view", "idd", NULL, "no column \"idd\"; did you mean \"id\"?");
    expect_failure("kinds_view", "id", "key", "has no column \"key\"");
    expect("kinds_view", "id", "id", "n:1\nn:2\n");
    plugintest_stop(&m);
}

static void all_entities_come_from_one_snapshot(void)
{
    start(NULL, NULL);
    expect("none", "id", NULL, "");
    pgsource_session("INSERT INTO a.c VALUES (9)");
    expect("a.c", "id", "id", "n:8\n");
    plugintest_stop(&m);
    start(NULL, NULL);
    expect("a.c", "id", "id", "n:8\nn:9\n");
    plugintest_stop(&m);
    pgsource_session("DELETE FROM a.c WHERE id = 9");
}

static void settings_are_pinned(void)
{
    start(
        "query",
        "{\"s\": \"SELECT current_setting('search_path') AS a, current_setting('row_security') AS "
        "b, current_setting('TimeZone') AS c, current_setting('transaction_read_only') AS d, "
        "current_setting('transaction_isolation') AS e, current_setting('statement_timeout') AS "
        "f\"}");
    expect("s", "a b c d e f", NULL,
           "t:pg_catalog, pg_temp|t:off|t:UTC|t:on|t:repeatable read|t:0\n");
    plugintest_stop(&m);
}

static void slow_server_is_waited_for(void)
{
    start("query", "{\"slow\": \"SELECT id FROM public.kinds, pg_sleep(0.3) WHERE id < 3\"}");
    sourcetest_read(&m, "slow", "id", "id", &t);
    CU_ASSERT_EQUAL(t.status, MIG_END);
    CU_ASSERT_STRING_EQUAL(t.text, "n:1\nn:2\n");
    CU_ASSERT(t.waits > 0);
    CU_ASSERT(t.waits < 20);
    plugintest_stop(&m);
}

static void close_in_the_middle_keeps_the_snapshot(void)
{
    static const char *const fields[] = {"id", "t"};
    start(NULL, NULL);
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(
            sourcetest_ops(&m)->open(m.self, "large", fields, 2, NULL, 0, (mig_str_t){"", 0}),
            MIG_OK);
        memset(&t, 0, sizeof t);
        if (i > 0)
            CU_ASSERT_EQUAL(sourcetest_next(&m, &t), MIG_OK);
        if (i == 1)
            pgsource_session("INSERT INTO a.c VALUES (9)");
        CU_ASSERT_EQUAL(sourcetest_ops(&m)->close(m.self), MIG_OK);
    }
    expect("a.c", "id", "id", "n:8\n");
    pgsource_session("DELETE FROM a.c WHERE id = 9");
    plugintest_stop(&m);
}

static void many_rows_come_whole(void)
{
    start(NULL, NULL);
    CU_ASSERT_EQUAL(sourcetest_ops(&m)->progress(m.self), -1);
    sourcetest_read(&m, "large", "id t", "id", &t);
    CU_ASSERT_EQUAL(t.status, MIG_END);
    CU_ASSERT_EQUAL(t.records, 200000);
    plugintest_stop(&m);
}

static void lost_connection_is_temporary_and_final(void)
{
    static const char *const fields[] = {"id", "t"};
    start(NULL, NULL);
    CU_ASSERT_EQUAL(
        sourcetest_ops(&m)->open(m.self, "large", fields, 2, NULL, 0, (mig_str_t){"", 0}), MIG_OK);
    CU_ASSERT_EQUAL(sourcetest_next(&m, &t), MIG_OK);
    pgsource_session(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'active' "
        "AND query LIKE 'COPY%'");
    int32_t status;
    while ((status = sourcetest_next(&m, &t)) == MIG_OK)
        ;
    CU_ASSERT_EQUAL(status, MIG_E_TEMPORARY);
    CU_ASSERT_EQUAL(m.n_failed, 1);
    mockhost_forget(&m);
    sourcetest_read(&m, "kinds", "id", NULL, &t);
    CU_ASSERT_EQUAL(t.status, MIG_E_TEMPORARY);
    CU_ASSERT_PTR_NOT_NULL(strstr(m.text, "its snapshot with it"));
    plugintest_stop(&m);
}

struct cuts {
    char texts[8][128];
    size_t n;
};

static int32_t add_cut(void *ctx, mig_str_t part)
{
    struct cuts *c = ctx;
    snprintf(c->texts[c->n++], sizeof c->texts[0], "%.*s", (int)part.len, part.data);
    return MIG_OK;
}

static size_t cut(const char *entity, const char *key, struct cuts *c)
{
    c->n = 0;
    CU_ASSERT_EQUAL(sourcetest_ops(&m)->split(m.self, entity, &key, 1, 8, c, add_cut), MIG_OK);
    return c->n;
}

static void parts_in_their_order_are_the_whole(void)
{
    static struct sourcetest part;
    static char all[sizeof part.text];
    struct cuts c;
    size_t len = 0;
    start("query", "{\"asked\": \"SELECT * FROM public.ranged\"}");
    CU_ASSERT(cut("ranged", "k", &c) >= 2);
    for (size_t i = 0; i < c.n; i++) {
        mig_str_t position = {c.texts[i], strlen(c.texts[i])};
        sourcetest_read_from(&m, "ranged", "k", "k", position, &part);
        CU_ASSERT_EQUAL(part.status, MIG_END);
        CU_ASSERT(part.records > 1000);
        memcpy(all + len, part.text, part.len);
        len += part.len;
    }
    sourcetest_read(&m, "ranged", "k", "k", &t);
    CU_ASSERT_EQUAL(t.records, 5500);
    CU_ASSERT(len == t.len && memcmp(all, t.text, len) == 0);
    static const char *const whole[][2] = {{"ranged", "maybe"}, {"ranged", "pad"},
                                           {"asked", "k"},      {"ranged_view", "k"},
                                           {"large", "id"},     {"kinds", "id"}};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        CU_ASSERT_EQUAL(cut(whole[i][0], whole[i][1], &c), 0);
    static const char *const broken[] = {"x",      "2:ab",   "-,1:a",
                                         "-,9:a,", "-,-,-,", "99999999999:a,-,"};
    static const char *const fields[] = {"k"};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        mig_str_t position = {broken[i], strlen(broken[i])};
        CU_ASSERT_EQUAL(sourcetest_ops(&m)->open(m.self, "ranged", fields, 1, fields, 1, position),
                        MIG_E_BUG);
        mockhost_forget(&m);
    }
    plugintest_stop(&m);
}

static void a_shared_snapshot_is_the_same_until_it_is_lost(void)
{
    static struct mockhost first;
    mig_str_t shared, name;
    char ticket[64], kept[128];
    start(NULL, NULL);
    sourcetest_ops(&m)->share(m.self, &shared);
    snprintf(ticket, sizeof ticket, "%.*s", (int)shared.len, shared.data);
    sourcetest_ops(&m)->snapshot(m.self, &name);
    snprintf(kept, sizeof kept, "%.*s", (int)name.len, name.data);
    first = m;
    pgsource_session("INSERT INTO ranged VALUES ('late', 0, '')");
    start(NULL, NULL);
    CU_ASSERT_EQUAL(sourcetest_ops(&m)->join(m.self, (mig_str_t){ticket, strlen(ticket)}), MIG_OK);
    sourcetest_read(&m, "ranged", "k", "k", &t);
    CU_ASSERT_EQUAL(t.records, 5500);
    sourcetest_ops(&m)->snapshot(m.self, &name);
    CU_ASSERT(name.len == strlen(kept) && memcmp(name.data, kept, name.len) == 0);
    plugintest_stop(&m);
    plugintest_stop(&first);
    pgsource_session("DELETE FROM ranged WHERE k = 'late'");
    start(NULL, NULL);
    CU_ASSERT_EQUAL(sourcetest_ops(&m)->join(m.self, (mig_str_t){ticket, strlen(ticket)}), MIG_OK);
    sourcetest_read(&m, "ranged", "k", "k", &t);
    CU_ASSERT_EQUAL(t.status, MIG_E_TEMPORARY);
    CU_ASSERT_PTR_NOT_NULL(strstr(m.text, "snapshot that the processes share is lost"));
    mockhost_forget(&m);
    CU_ASSERT_EQUAL(sourcetest_ops(&m)->join(m.self, (mig_str_t){"x' --", 5}), MIG_E_BUG);
    mockhost_forget(&m);
    plugintest_stop(&m);
}

static void rights_are_told(void)
{
    start_at(url_as("reader", "src"), NULL, NULL);
    expect("kinds", "id", "id", "n:1\nn:2\nn:3\nn:4\n");
    expect_failure("large", "id", NULL, "may not read it");
    expect_failure("other.x", "id", NULL, "schema \"other\" has no table \"x\"");
    expect_failure("hidden", "id", NULL, "row level security would hide rows of \"public\"");
    expect("kinds", "id", "id", "n:1\nn:2\nn:3\nn:4\n");
    plugintest_stop(&m);
}

static void expect_no_connection(const char *url, int32_t status, const char *says)
{
    struct mockhost_option options[] = {{"url", url}, {"connect_timeout", "1"}, {NULL, NULL}};
    plugintest_start(&m, "source-postgres", MIG_SOURCE, "postgres", options);
    CU_ASSERT_EQUAL(sourcetest_ops(&m)->ping(m.self), status);
    CU_ASSERT_EQUAL(m.n_failed, 1);
    if (!strstr(m.text, says))
        printf("\n    %s: %s\n", url, m.text);
    CU_ASSERT_PTR_NOT_NULL(strstr(m.text, says));
    CU_ASSERT_PTR_NULL(strstr(m.text, "canary"));
    CU_ASSERT_PTR_NULL(strstr(m.fix, "canary"));
    plugintest_stop(&m);
}

static void failed_logins_are_told_apart(void)
{
    char url[512];
    CU_ASSERT_EQUAL(unsetenv("PGPASSFILE"), 0);
    expect_no_connection(url_as("guarded:canary", "src"), MIG_E_SOURCE, "wrong or no password");
    expect_no_connection(url_as("guarded", "src"), MIG_E_SOURCE, "wrong or no password");
    expect_no_connection(url_as("postgres", "nowhere"), MIG_E_SOURCE, "no such database");
    expect_no_connection(url_as("nobody", "src"), MIG_E_SOURCE, "refuses this login");
    expect_no_connection("postgresql://u:canary@no-such-host.invalid/x", MIG_E_SOURCE,
                         "host name is unknown");
    expect_no_connection("postgresql://u:canary@127.0.0.1:1/x", MIG_E_TEMPORARY,
                         "nothing listens there");
    snprintf(url, sizeof url, "postgresql://u:canary@/x?host=%s/none",
             pgsource_environment("TEST_SOCKET"));
    expect_no_connection(url, MIG_E_TEMPORARY, "no server listens on this socket");
    start_at(url_as("guarded:right", "src"), NULL, NULL);
    CU_ASSERT_EQUAL(sourcetest_ops(&m)->ping(m.self), MIG_OK);
    plugintest_stop(&m);
}

/* A server that takes the connection and never answers. */
static void silent_server_times_out(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof address;
    char url[128];
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    CU_ASSERT_EQUAL(bind(listener, (struct sockaddr *)&address, n), 0);
    CU_ASSERT_EQUAL(listen(listener, 5), 0);
    CU_ASSERT_EQUAL(getsockname(listener, (struct sockaddr *)&address, &n), 0);
    snprintf(url, sizeof url, "postgresql://u:canary@127.0.0.1:%d/x", ntohs(address.sin_port));
    expect_no_connection(url, MIG_E_TEMPORARY, "no connection within 1 s");
    close(listener);
}

static void broken_urls_are_never_shown(void)
{
    static const char *const urls[] = {
        "postgresql://u:canary%zz@h/db",
        "postgresql://u:p@canary@h/db",
        "postgresql://u:p/canary@h/db",
        "postgresql://u:canary@[::1/db",
        "postgresql://u:12:canary@h/db",
        "postgresql://u@h:canary/db",
        "host=h password='canary",
        "canary",
        "host=h canary",
        "postgresql://u:p#canary@h/db?canary=1",
        "host=h password=canary port=x1",
    };
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        start_at(urls[i], "connect_timeout", "1");
        int32_t status = sourcetest_ops(&m)->ping(m.self);
        CU_ASSERT(status == MIG_E_CONFIG || status == MIG_E_SOURCE || status == MIG_E_TEMPORARY);
        CU_ASSERT_PTR_NULL(strstr(m.text, "canary"));
        CU_ASSERT_PTR_NULL(strstr(m.fix, "canary"));
        plugintest_stop(&m);
    }
}

static void raw_is_an_object_of_the_fields(void)
{
    static const char *const fields[] = {"id", "b", "t", "j", "n"}, *const keys[] = {"id"};
    static const char *const expected[] = {
        "{\"id\": 1, \"b\": true, \"t\": \"\", \"j\": {\"k\": [1.50]}, "
        "\"n\": 12345678901234567890.1230}",
        "{\"id\": 2, \"b\": false, \"t\": \"tab\\u0009, line\\u000a, back\\\\slash \\\\N\", "
        "\"j\": \"scalar\", \"n\": 0.10}",
        "{\"id\": 3, \"b\": null, \"t\": null, \"j\": null, \"n\": null}",
        "{\"id\": 4, \"b\": true, \"t\": \"\xc3\xa9 \xf0\x9f\x98\x80\", \"j\": [], \"n\": \"NaN\"}",
    };
    mig_str_t raw;
    start(NULL, NULL);
    sourcetest_ops(&m)->open(m.self, "kinds", fields, 5, keys, 1, (mig_str_t){"", 0});
    for (size_t i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL(sourcetest_next(&m, &t), MIG_OK);
        CU_ASSERT_EQUAL(sourcetest_ops(&m)->raw(m.self, &raw), MIG_OK);
        CU_ASSERT_EQUAL(raw.len, strlen(expected[i]));
        CU_ASSERT_EQUAL(strncmp(raw.data, expected[i], raw.len), 0);
        json_t *json = json_loadb(raw.data, raw.len, 0, NULL);
        CU_ASSERT_PTR_NOT_NULL(json);
        json_decref(json);
    }
    CU_ASSERT_EQUAL(sourcetest_next(&m, &t), MIG_END);
    CU_ASSERT_EQUAL(sourcetest_ops(&m)->raw(m.self, &raw), MIG_OK);
    CU_ASSERT_EQUAL(raw.len, 0);
    plugintest_stop(&m);
}

static void reading_and_connecting_can_be_cancelled(void)
{
    static const char *const fields[] = {"id", "t"};
    start(NULL, NULL);
    sourcetest_ops(&m)->open(m.self, "large", fields, 2, NULL, 0, (mig_str_t){"", 0});
    CU_ASSERT_EQUAL(sourcetest_next(&m, &t), MIG_OK);
    m.cancelled = 1;
    CU_ASSERT_EQUAL(sourcetest_next(&m, &t), MIG_E_CANCELLED);
    plugintest_stop(&m);
    start(NULL, NULL);
    m.cancelled = 1;
    CU_ASSERT_EQUAL(sourcetest_ops(&m)->ping(m.self), MIG_E_CANCELLED);
    plugintest_stop(&m);
}

static void queries_must_be_texts(void)
{
    static const char *const bad[] = {"[]", "{\"a\": 1}", "{\"a\": \"\"}", "{\"a\": \" ; \"}",
                                      "{\"\": \"SELECT 1\"}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CU_ASSERT_EQUAL(start_at(pgsource_environment("TEST_URL"), "query", bad[i]), MIG_E_CONFIG);
        plugintest_stop(&m);
    }
}

static void expect_since(const char *field, const char *least, uint32_t kind, const char *expected)
{
    const mig_value_t value = {least, (uint32_t)strlen(least), kind};
    CU_ASSERT_EQUAL(sourcetest_ops(&m)->since(m.self, field, &value), MIG_OK);
    expect("kinds", "id", "id", expected);
}

static void since_leaves_out_what_is_below(void)
{
    static const char all[] = "n:1\nn:2\nn:3\nn:4\n";
    start(NULL, NULL);
    expect_since("at", "2024-06-01T10:00:00.000000Z", MIG_TEXT, "n:2\nn:3\nn:4\n");
    expect("kinds", "id", "id", all); /* the bound was of one open() */
    expect_since("at", "2024-06-01T10:00:00.000001Z", MIG_TEXT, "n:3\nn:4\n");
    expect_since("d", "2024-02-29T23:00:00.000000Z", MIG_TEXT, "n:2\nn:3\nn:4\n");
    expect_since("v", "0", MIG_NUMBER, "n:2\nn:3\nn:4\n");
    expect_since("v", "9223372036854775807", MIG_NUMBER, "n:2\nn:3\n");
    /* What would be compared in another way than the host does is left to the host. */
    expect_since("t", "2024-06-01T10:00:00.000000Z", MIG_TEXT, all);
    expect_since("v", "2024-06-01T10:00:00.000000Z", MIG_TEXT, all);
    expect_since("at", "7", MIG_NUMBER, all);
    plugintest_stop(&m);
}

#define CASE(function) #function, function
static const struct unit_case cases[] = {
    {CASE(values_keep_text_and_kind)},
    {CASE(names_are_found_and_quoted)},
    {CASE(entities_are_queries_and_tables)},
    {CASE(entity_may_be_a_query)},
    {CASE(bad_queries_are_refused_without_harm)},
    {CASE(missing_names_are_told_with_the_nearest)},
    {CASE(all_entities_come_from_one_snapshot)},
    {CASE(parts_in_their_order_are_the_whole)},
    {CASE(a_shared_snapshot_is_the_same_until_it_is_lost)},
    {CASE(settings_are_pinned)},
    {CASE(slow_server_is_waited_for)},
    {CASE(close_in_the_middle_keeps_the_snapshot)},
    {CASE(many_rows_come_whole)},
    {CASE(lost_connection_is_temporary_and_final)},
    {CASE(rights_are_told)},
    {CASE(failed_logins_are_told_apart)},
    {CASE(silent_server_times_out)},
    {CASE(broken_urls_are_never_shown)},
    {CASE(raw_is_an_object_of_the_fields)},
    {CASE(reading_and_connecting_can_be_cancelled)},
    {CASE(queries_must_be_texts)},
    {CASE(since_leaves_out_what_is_below)},
};

int main(int argc, char **argv)
{
    return UNIT_MAIN("source_postgres", cases, argc, argv);
}
