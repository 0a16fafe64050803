/* test_pluginlock.c - plugins.lock: what is read, refused and written. */
#include "pluginlock.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

#define SHA_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* A directory with a lock of the given content, read. */
struct place {
    char path[64];
    int dir;
    struct arena *mem;
    struct pluginlock lock;
    struct error err;
    int status;
};

static void read_lock(struct place *p)
{
    struct loadpath_trust trust;
    loadpath_trust_init(&trust);
    error_clear(&p->err);
    p->status = pluginlock_read(&trust, p->dir, p->path, p->mem, &p->lock, &p->err);
    CU_ASSERT_EQUAL(p->status, p->err.code);
}

static struct place place_with(const char *content)
{
    struct place p = {.path = "/tmp/mighost-lock-XXXXXX", .mem = arena_new()};
    umask(022);
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(p.path));
    p.dir = open(p.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (content) {
        int fd = openat(p.dir, PLUGINLOCK_FILE, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        CU_ASSERT_EQUAL(write(fd, content, strlen(content)), (ssize_t)strlen(content));
        close(fd);
    }
    read_lock(&p);
    return p;
}

static void leave(struct place *p)
{
    unlinkat(p->dir, PLUGINLOCK_FILE, 0);
    CU_ASSERT_EQUAL(rmdir(p->path), 0); /* nothing else was left there */
    close(p->dir);
    arena_free(p->mem);
}

static int check(const struct place *p, const char *name, const char *sha256)
{
    struct error err = {0};
    const struct pluginlock_entry file = {name, "", sha256};
    return pluginlock_check(&p->lock, &file, "/x.so", &err);
}

static void without_a_file_all_may_be_loaded(void)
{
    struct place p = place_with(NULL);
    CU_ASSERT_EQUAL(p.status, STATUS_OK);
    CU_ASSERT(!p.lock.present);
    CU_ASSERT_EQUAL(check(&p, "anything", SHA_A), STATUS_OK);
    leave(&p);
}

static void an_empty_file_allows_nothing(void)
{
    struct place p = place_with("");
    CU_ASSERT_EQUAL(p.status, STATUS_OK);
    CU_ASSERT(p.lock.present);
    CU_ASSERT_EQUAL(check(&p, "anything", SHA_A), STATUS_PLUGIN);
    leave(&p);
}

static void comments_blanks_and_ends_of_lines(void)
{
    struct place p = place_with("# a comment\n\n  a 1.0\t" SHA_A "  # mine\r\nb  1.0  " SHA_B);
    CU_ASSERT_EQUAL(p.status, STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(p.lock.n, 2);
    CU_ASSERT_STRING_EQUAL(p.lock.entries[0].name, "a");
    CU_ASSERT_STRING_EQUAL(p.lock.entries[1].sha256, SHA_B);
    CU_ASSERT_EQUAL(check(&p, "a", SHA_A), STATUS_OK);
    CU_ASSERT_EQUAL(check(&p, "a", SHA_B), STATUS_PLUGIN);
    CU_ASSERT_EQUAL(check(&p, "c", SHA_A), STATUS_PLUGIN);
    leave(&p);
}

static void faulty_lines_are_named(void)
{
    static const char *const bad[][2] = {
        {"a 0.1\n", ":1: a line is \"name abi sha256\""},
        {"a 0.1 " SHA_A " more\n", ":1: a line is \"name abi sha256\""},
        {"\na 0.1 " SHA_A "0\n", ":2: the third word is no SHA-256"},
        {"a 0.1 A" SHA_A "\n", ":1: the third word is no SHA-256"},
        {"a 0.1 " SHA_A "\na 0.1 " SHA_B "\n", ":2: a plugin is listed twice"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct place p = place_with(bad[i][0]);
        CU_ASSERT_EQUAL(p.status, STATUS_PLUGIN);
        CU_ASSERT_PTR_NOT_NULL(strstr(p.err.what, bad[i][1]));
        leave(&p);
    }
}

static void another_abi_is_refused(void)
{
    static const char *const versions[] = {"7.3", "0.0", "x", "", "0", "0.99999999999999999999"};
    char content[256];
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        snprintf(content, sizeof content, "a %s %s\n", versions[i], SHA_A);
        struct place p = place_with(content);
        CU_ASSERT(p.status != STATUS_OK || check(&p, "a", SHA_A) == STATUS_PLUGIN);
        leave(&p);
    }
}

static void a_long_file_is_refused(void)
{
    struct place p = place_with("");
    int fd = openat(p.dir, PLUGINLOCK_FILE, O_WRONLY | O_CLOEXEC);
    CU_ASSERT_EQUAL(ftruncate(fd, 2 << 20), 0);
    close(fd);
    read_lock(&p);
    CU_ASSERT_EQUAL(p.status, STATUS_PLUGIN);
    leave(&p);
}

static void what_is_written_is_read(void)
{
    const struct pluginlock_entry entries[] = {{"a", "1.0", SHA_A}, {"b.c-d", "1.0", SHA_B}};
    struct stat st;
    struct place p = place_with("nonsense");
    CU_ASSERT_EQUAL(p.status, STATUS_PLUGIN);
    error_clear(&p.err);
    /* Left by a call that was killed. */
    close(openat(p.dir, ".plugins.lock.new", O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
    CU_ASSERT_EQUAL(pluginlock_write(p.dir, p.path, entries, 2, &p.err), STATUS_OK);
    CU_ASSERT_EQUAL(fstatat(p.dir, PLUGINLOCK_FILE, &st, 0), 0);
    CU_ASSERT_EQUAL(st.st_mode & 07777, 0644);
    read_lock(&p);
    CU_ASSERT_EQUAL(p.status, STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(p.lock.n, 2);
    CU_ASSERT_EQUAL(check(&p, "b.c-d", SHA_B), STATUS_OK);
    leave(&p);
}

static const struct unit_case cases[] = {
    {"without_a_file_all_may_be_loaded", without_a_file_all_may_be_loaded},
    {"an_empty_file_allows_nothing", an_empty_file_allows_nothing},
    {"comments_blanks_and_ends_of_lines", comments_blanks_and_ends_of_lines},
    {"faulty_lines_are_named", faulty_lines_are_named},
    {"another_abi_is_refused", another_abi_is_refused},
    {"a_long_file_is_refused", a_long_file_is_refused},
    {"what_is_written_is_read", what_is_written_is_read},
};

int main(int argc, char **argv)
{
    return UNIT_MAIN("pluginlock", cases, argc, argv);
}
