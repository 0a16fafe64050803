/* test_backup.c - a backup is exactly what its manifest says; pruning by age and number. Needs
 * no server: the backups are made here, with the manifest's own writer. */
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "backup.h"
#include "backup_manifest.h"
#include "digest.h"
#include "outdir.h"

static char base[64];
static struct outdir *all;

static void setup(void)
{
    struct error err = {0};
    snprintf(base, sizeof base, "/tmp/test_backup.XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(base));
    all = outdir_open(base, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(all);
}

static void teardown(void)
{
    outdir_close(all);
    pid_t child = fork();
    if (child == 0) {
        execlp("rm", "rm", "-rf", "--", base, (char *)NULL);
        _exit(127);
    }
    waitpid(child, NULL, 0);
}

static const char *path_of(const char *id, const char *file)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s%s%s", base, id, *file ? "/" : "", file);
    return path;
}

static int exists(const char *id)
{
    struct stat st;
    return lstat(path_of(id, ""), &st) == 0;
}

#define CONTENT "rows of a table, \xc3\xa4 and so on\n"

static void make(const char *id)
{
    char sha256[65];
    struct error err = {0};
    struct str text;
    struct backup_table tables[] = {
        {.schema = "public", .name = "a", .rows = "12", .digest = "123-456"},
        {.schema = "odd \"one\"",
         .name = "t\xc3\xa4"
                 "b",
         .partitioned = 1}};
    struct outdir *dir = outdir_sub(all, id, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(dir);
    CU_ASSERT_EQUAL_FATAL(outdir_put(dir, BACKUP_DATA, CONTENT, strlen(CONTENT), &err), 0);
    digest_text(CONTENT, sha256);
    const struct backup_file data = {BACKUP_DATA, sha256, strlen(CONTENT)};
    const struct backup_manifest m = {.id = id,
                                      .time = "2026-01-31T12:00:00.123Z",
                                      .run = "17",
                                      .project = "shop",
                                      .scope = "tables",
                                      .server_version = 150020,
                                      .tool_major = 15,
                                      .tables = tables,
                                      .n_tables = 2,
                                      .files = &data,
                                      .n_files = 1};
    str_init(&text, 0);
    backup_manifest_write(&m, &text);
    CU_ASSERT_EQUAL_FATAL(outdir_put(dir, BACKUP_MANIFEST, text.data, text.len, &err), 0);
    str_clear(&text);
    outdir_close(dir);
}

/* An id of a backup made `days` ago. */
static const char *id_of_age(double days, int millisecond)
{
    static char ids[8][64];
    static int next;
    char *id = ids[next++ % 8], text[32];
    time_t then = time(NULL) - (time_t)(days * 86400);
    struct tm tm;
    gmtime_r(&then, &tm);
    strftime(text, sizeof text, "%Y-%m-%dT%H-%M-%S", &tm);
    snprintf(id, sizeof ids[0], "backup-%s-%03dZ", text, millisecond);
    return id;
}

#define ID "backup-2026-01-31T12-00-00-123Z"

static int verify(struct error *err)
{
    error_clear(err);
    return backup_verify(base, ID, err);
}

static void refused(const char *file, const char *text)
{
    struct error err;
    CU_ASSERT_EQUAL(verify(&err), STATUS_BACKUP);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.what, file));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.what, text));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.what, ID));
}

/* ---- ids ------------------------------------------------------------------------------------ */

static void ids_have_one_form(void)
{
    const char *const good[] = {ID, ID "-2", ID "-1000"};
    const char *const bad[] = {"",
                               "backup-",
                               "backup-2026-01-31T12-00-00Z",
                               ID "-",
                               ID "-x",
                               ID "/..",
                               "../" ID,
                               "Backup-2026-01-31T12-00-00-123Z",
                               "backup-2026-01-31T12-00-00-12xZ",
                               "." ID,
                               ID "-2/../../etc",
                               ID "-22222222222222222222222222222222222222222222222"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        CU_ASSERT_EQUAL(backup_id_ok(good[i]), 1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CU_ASSERT_EQUAL(backup_id_ok(bad[i]), 0);
    setup();
    struct error err = {0};
    CU_ASSERT_EQUAL(backup_verify(base, "../" ID, &err), STATUS_BACKUP);
    error_clear(&err);
    CU_ASSERT_EQUAL(backup_verify(base, ID, &err), STATUS_BACKUP);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.what, ID));
    error_clear(&err);
    CU_ASSERT_EQUAL(backup_verify("/nowhere", ID, &err), STATUS_BACKUP);
    teardown();
}

/* ---- the manifest -----------------------------------------------------------------------------
 */

static void manifest_is_read_as_written(void)
{
    struct error err = {0};
    struct backup_manifest m;
    setup();
    make(ID);
    struct arena *mem = arena_new();
    int dir = open(path_of(ID, ""), O_RDONLY | O_DIRECTORY);
    CU_ASSERT_EQUAL_FATAL(backup_manifest_read(dir, ID, mem, &m, &err), 0);
    CU_ASSERT_STRING_EQUAL(m.run, "17");
    CU_ASSERT_STRING_EQUAL(m.project, "shop");
    CU_ASSERT_STRING_EQUAL(m.label, "");
    CU_ASSERT_STRING_EQUAL(m.tables[0].rows, "12");
    CU_ASSERT_STRING_EQUAL(m.tables[0].digest, "123-456");
    CU_ASSERT_PTR_NULL(m.tables[1].digest);
    CU_ASSERT_EQUAL(m.server_version, 150020);
    CU_ASSERT_EQUAL(m.tool_major, 15);
    CU_ASSERT_EQUAL_FATAL(m.n_tables, 2);
    CU_ASSERT_STRING_EQUAL(m.tables[1].schema, "odd \"one\"");
    CU_ASSERT_STRING_EQUAL(m.tables[1].name, "t\xc3\xa4"
                                             "b");
    CU_ASSERT_EQUAL(m.tables[0].partitioned, 0);
    CU_ASSERT_EQUAL(m.tables[1].partitioned, 1);
    CU_ASSERT_EQUAL_FATAL(m.n_files, 1);
    CU_ASSERT_EQUAL(m.files[0].size, strlen(CONTENT));
    close(dir);
    arena_free(mem);
    CU_ASSERT_EQUAL(verify(&err), 0);
    teardown();
}

/* Every byte, every bit of a few: a flip anywhere is found, and names the file. */
static void each_flipped_byte_is_found(void)
{
    const char *const files[] = {BACKUP_DATA, BACKUP_MANIFEST};
    setup();
    make(ID);
    for (size_t f = 0; f < 2; f++) {
        int fd = open(path_of(ID, files[f]), O_RDWR);
        CU_ASSERT_FATAL(fd >= 0);
        off_t size = lseek(fd, 0, SEEK_END);
        for (off_t at = 0; at < size; at++)
            for (int bit = 0; bit < 8; bit += at % 16 ? 8 : 1) {
                unsigned char c, flipped;
                CU_ASSERT_EQUAL(pread(fd, &c, 1, at), 1);
                flipped = (unsigned char)(c ^ (1U << (bit + (at % 16 ? at % 8 : 0))));
                CU_ASSERT_EQUAL(pwrite(fd, &flipped, 1, at), 1);
                struct error err = {0};
                if (backup_verify(base, ID, &err) != STATUS_BACKUP || !strstr(err.what, files[f]))
                    CU_FAIL("a flipped byte was not found");
                CU_ASSERT_EQUAL(pwrite(fd, &c, 1, at), 1);
            }
        close(fd);
    }
    struct error err;
    CU_ASSERT_EQUAL(verify(&err), 0);
    teardown();
}

static void each_mutilation_is_named(void)
{
    const char *const files[] = {BACKUP_DATA, BACKUP_MANIFEST};
    for (size_t f = 0; f < 2; f++) {
        setup();
        make(ID);
        CU_ASSERT_EQUAL(truncate(path_of(ID, files[f]), 10), 0);
        refused(files[f], f ? "was changed" : "size");
        CU_ASSERT_EQUAL(truncate(path_of(ID, files[f]), 0), 0);
        refused(files[f], "");
        CU_ASSERT_EQUAL(unlink(path_of(ID, files[f])), 0);
        refused(files[f], "is missing");
        CU_ASSERT_EQUAL(symlink("/etc/passwd", path_of(ID, files[f])), 0);
        refused(files[f], "");
        CU_ASSERT_EQUAL(unlink(path_of(ID, files[f])), 0);
        CU_ASSERT_EQUAL(mkfifo(path_of(ID, files[f]), 0600), 0);
        refused(files[f], ""); /* and does not wait for a writer */
        teardown();
    }
    setup();
    make(ID);
    int fd = open(path_of(ID, "extra"), O_CREAT | O_WRONLY, 0600);
    close(fd);
    refused("extra", "does not belong");
    CU_ASSERT_EQUAL(unlink(path_of(ID, "extra")), 0);
    /* Appended: a whole manifest with something behind it is none. */
    fd = open(path_of(ID, BACKUP_MANIFEST), O_WRONLY | O_APPEND);
    CU_ASSERT_EQUAL(write(fd, "\n", 1), 1);
    close(fd);
    refused(BACKUP_MANIFEST, "was changed");
    teardown();
}

/* A whole manifest in the directory of another backup. */
static void moved_manifest_is_refused(void)
{
    setup();
    make("backup-2026-01-30T12-00-00-123Z");
    char from[256];
    snprintf(from, sizeof from, "%s", path_of("backup-2026-01-30T12-00-00-123Z", ""));
    CU_ASSERT_EQUAL(rename(from, path_of(ID, "")), 0);
    refused(BACKUP_MANIFEST, "another backup");
    teardown();
}

/* What is sealed, but not of our form. */
static void sealed_nonsense_is_refused(void)
{
    const char *const bodies[] = {"{\n", "[\n", "{\n \"format\": 2,\n",
                                  "{\n \"format\": 1,\n \"id\": 5,\n"};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        char sha256[65], text[512];
        struct error err = {0};
        setup();
        struct outdir *dir = outdir_sub(all, ID, &err);
        CU_ASSERT_PTR_NOT_NULL_FATAL(dir);
        digest_text(bodies[i], sha256);
        int n =
            snprintf(text, sizeof text, "%s \"manifest_sha256\": \"%s\"\n}\n", bodies[i], sha256);
        CU_ASSERT_EQUAL(outdir_put(dir, BACKUP_MANIFEST, text, (size_t)n, &err), 0);
        outdir_close(dir);
        refused(BACKUP_MANIFEST, "not of a form");
        teardown();
    }
}

/* ---- list -------------------------------------------------------------------------------------
 */

static void list_is_newest_first(void)
{
    const char *const ids[] = {"backup-2026-01-31T12-00-00-124Z", ID "-10", ID "-2", ID,
                               "backup-2025-12-31T23-59-59-999Z"};
    const int made[] = {3, 0, 4, 2, 1};
    struct arena *mem = arena_new();
    struct backup_info *list;
    struct error err = {0};
    size_t n;
    setup();
    CU_ASSERT_EQUAL(backup_list(base, 1, mem, &list, &n, &err), 0);
    CU_ASSERT_EQUAL(n, 0);
    CU_ASSERT_EQUAL(backup_list("/nowhere/at/all", 1, mem, &list, &n, &err), 0);
    for (size_t i = 0; i < 5; i++)
        make(ids[made[i]]);
    CU_ASSERT_EQUAL(mkdir(path_of("other", ""), 0700), 0);
    CU_ASSERT_EQUAL(mkdir(path_of(".making-" ID, ""), 0700), 0);
    int fd = open(path_of(ID "-2", BACKUP_DATA), O_WRONLY);
    CU_ASSERT_EQUAL(pwrite(fd, "X", 1, 0), 1);
    close(fd);
    CU_ASSERT_EQUAL(backup_list(base, 1, mem, &list, &n, &err), 0);
    CU_ASSERT_EQUAL_FATAL(n, 5);
    for (size_t i = 0; i < 5; i++) {
        CU_ASSERT_STRING_EQUAL(list[i].id, ids[i]);
        CU_ASSERT_EQUAL(list[i].good, i != 2);
        CU_ASSERT_EQUAL(list[i].size, strlen(CONTENT));
        CU_ASSERT_STRING_EQUAL(list[i].path, path_of(ids[i], ""));
    }
    CU_ASSERT_PTR_NOT_NULL(strstr(list[2].fault, BACKUP_DATA));
    CU_ASSERT_STRING_EQUAL(list[0].fault, "");
    /* Without digests the same size is all that is looked at. */
    CU_ASSERT_EQUAL(backup_list(base, 0, mem, &list, &n, &err), 0);
    CU_ASSERT_EQUAL(list[2].good, 1);
    unlink(path_of(ID, BACKUP_MANIFEST));
    CU_ASSERT_EQUAL(backup_list(base, 0, mem, &list, &n, &err), 0);
    CU_ASSERT_EQUAL(list[3].good, 0);
    CU_ASSERT_STRING_EQUAL(list[3].time, "2026-01-31T12:00:00.123Z");
    arena_free(mem);
    teardown();
}

/* ---- prune ------------------------------------------------------------------------------------
 */

static void damage(const char *id)
{
    int fd = open(path_of(id, BACKUP_DATA), O_WRONLY);
    CU_ASSERT_EQUAL(pwrite(fd, "X", 1, 0), 1);
    close(fd);
}

/* Runs it on backups of these ages; `left`: which are there afterwards, newest first. */
static void prune(const double *ages, const char *damaged, int64_t days, int64_t keep,
                  const char *left)
{
    const char *ids[8];
    struct str out;
    struct error err = {0};
    size_t n = strlen(damaged), removed = 0;
    setup();
    str_init(&out, 0);
    for (size_t i = 0; i < n; i++) {
        ids[i] = id_of_age(ages[i], (int)(900 - i));
        make(ids[i]);
        if (damaged[i] == 'x')
            damage(ids[i]);
    }
    CU_ASSERT_EQUAL(backup_prune(base, days, keep, &out, &err), 0);
    for (size_t i = 0; i < n; i++) {
        CU_ASSERT_EQUAL(exists(ids[i]), left[i] == '+');
        CU_ASSERT_EQUAL(strstr(out.data, ids[i]) != NULL, left[i] != '+');
        removed += left[i] != '+';
    }
    for (const char *p = out.data; (p = strchr(p, '\n')); p++)
        removed--;
    CU_ASSERT_EQUAL(removed, 0);
    str_clear(&out);
    teardown();
}

static void prune_by_age_and_number(void)
{
    const double ages[] = {0, 1, 5, 40, 50, 60};
    prune(ages, "......", 0, 0, "++++++");
    prune(ages, "......", 30, 0, "+++---");
    prune(ages, "......", 0, 2, "++----");
    prune(ages, "......", 0, 100, "++++++");
    prune(ages, "......", 3, 4, "++----");
    prune(ages, "......", 45, 3, "+++---");
    prune((const double[]){2.9, 3.1}, "..", 3, 0, "+-");
}

static void prune_spares_the_newest_good_one(void)
{
    const double ages[] = {40, 50, 60, 70};
    prune(ages, "....", 30, 0, "+---");
    prune(ages, "....", 30, 1, "+---");
    prune(ages, "xx..", 30, 0, "--+-");
    prune(ages, "xxx.", 0, 1, "+--+");
    prune(ages, "xxxx", 30, 0, "----");
}

static void prune_leaves_what_is_not_its_own(void)
{
    struct str out;
    struct error err = {0};
    setup();
    str_init(&out, 0);
    const char *ended = id_of_age(50, 1), *young = id_of_age(1, 1);
    make(ended);
    make(young);
    CU_ASSERT_EQUAL(mkdir(path_of("backup-mine", ""), 0700), 0);
    CU_ASSERT_EQUAL(mkdir(path_of(".making-mine", ""), 0700), 0);
    CU_ASSERT_EQUAL(mkdir(path_of("precious", ""), 0700), 0);
    /* A link with the name of an old backup: neither followed nor taken for one. */
    const char *old = id_of_age(60, 1);
    CU_ASSERT_EQUAL(symlink("precious", path_of(old, "")), 0);
    int fd = open(path_of("precious", "file"), O_CREAT | O_WRONLY, 0600);
    close(fd);
    CU_ASSERT_EQUAL(backup_prune(base, 30, 0, &out, &err), 0);
    CU_ASSERT(!exists(old));
    CU_ASSERT(exists("backup-mine"));
    CU_ASSERT(exists(".making-mine"));
    CU_ASSERT(exists("precious/file"));
    CU_ASSERT(!exists(ended));
    CU_ASSERT(exists(young));
    str_clear(&out);
    CU_ASSERT_EQUAL(backup_prune("/nowhere/at/all", 30, 0, &out, &err), 0);
    teardown();
}

static void prune_sweeps_what_a_kill_left(void)
{
    struct str out;
    struct error err = {0};
    setup();
    str_init(&out, 0);
    make(ID);
    const char *const names[] = {".making-" ID, ".removed-" ID, ".making-" ID "-2"};
    for (size_t i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(mkdir(path_of(names[i], ""), 0700), 0);
    int fd = open(path_of(names[0], ".data.dump.1-0.tmp"), O_CREAT | O_WRONLY, 0600);
    close(fd);
    /* The last one is being made by somebody. */
    int held = open(path_of(names[2], ""), O_RDONLY | O_DIRECTORY);
    CU_ASSERT_EQUAL(flock(held, LOCK_EX), 0);
    CU_ASSERT_EQUAL(backup_prune(base, 0, 0, &out, &err), 0);
    CU_ASSERT(!exists(names[0]));
    CU_ASSERT(!exists(names[1]));
    CU_ASSERT(exists(names[2]));
    CU_ASSERT(exists(ID));
    close(held);
    CU_ASSERT_EQUAL(backup_prune(base, 0, 0, &out, &err), 0);
    CU_ASSERT(!exists(names[2]));
    CU_ASSERT_STRING_EQUAL(out.data, "");
    str_clear(&out);
    teardown();
}

/* ---- programs ---------------------------------------------------------------------------------
 */

static int make_with(const char *bin, int server_version, struct error *err)
{
    char id[64] = "";
    const char *const tables[] = {"public", "a"};
    const struct backup_request request = {.dir = base,
                                           .url = "postgresql://nobody@/x?host=/nowhere",
                                           .tables = tables,
                                           .n_tables = 1,
                                           .server_version = server_version};
    error_clear(err);
    if (bin)
        setenv("MIGHOST_PG_BIN", bin, 1);
    int rc = backup_make(&request, id, err);
    unsetenv("MIGHOST_PG_BIN");
    return rc;
}

static void missing_and_old_programs_are_12(void)
{
    struct error err;
    setup();
    CU_ASSERT_EQUAL(make_with(base, 150020, &err), STATUS_BACKUP);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.what, "not installed"));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.fix, "postgresql-client-15"));
    CU_ASSERT_EQUAL(make_with(NULL, 990001, &err), STATUS_BACKUP);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.fix, "postgresql-client-99"));
    /* Programs that say nothing we understand are none. */
    const char *const names[] = {"pg_dump", "pg_restore"};
    for (size_t i = 0; i < 2; i++) {
        int fd = open(path_of(names[i], ""), O_CREAT | O_WRONLY, 0755);
        CU_ASSERT_EQUAL(write(fd, "#!/bin/sh\necho hello\n", 21), 21);
        fchmod(fd, 0755);
        close(fd);
    }
    CU_ASSERT_EQUAL(make_with(base, 150020, &err), STATUS_BACKUP);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.what, "not installed"));
    teardown();
}

static const struct unit_case cases[] = {
    {"ids_have_one_form", ids_have_one_form},
    {"manifest_is_read_as_written", manifest_is_read_as_written},
    {"each_flipped_byte_is_found", each_flipped_byte_is_found},
    {"each_mutilation_is_named", each_mutilation_is_named},
    {"moved_manifest_is_refused", moved_manifest_is_refused},
    {"sealed_nonsense_is_refused", sealed_nonsense_is_refused},
    {"list_is_newest_first", list_is_newest_first},
    {"prune_by_age_and_number", prune_by_age_and_number},
    {"prune_spares_the_newest_good_one", prune_spares_the_newest_good_one},
    {"prune_leaves_what_is_not_its_own", prune_leaves_what_is_not_its_own},
    {"prune_sweeps_what_a_kill_left", prune_sweeps_what_a_kill_left},
    {"missing_and_old_programs_are_12", missing_and_old_programs_are_12},
};

int main(int argc, char **argv)
{
    return UNIT_MAIN("backup", cases, argc, argv);
}
