/* test_outdir.c - modes whatever the umask, planted links, races, full and read-only places. */
#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "outdir.h"

static char base[64]; /* a new directory for each case, removed at the end */

static const char *in_base(const char *name)
{
    static char paths[4][256];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", base, name);
    return path;
}

static void setup(void)
{
    snprintf(base, sizeof base, "/tmp/test_outdir.XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(base));
}

static void teardown(void)
{
    pid_t child = fork();
    if (child == 0) {
        execlp("rm", "rm", "-rf", "--", base, (char *)NULL);
        _exit(127);
    }
    int status = -1;
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT_EQUAL(status, 0);
}

static int mode_of(const char *path)
{
    struct stat st;
    return lstat(path, &st) ? -1 : (int)(st.st_mode & 07777);
}

static int exists(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

static int count_entries(const char *path)
{
    DIR *d = opendir(path);
    int n = 0;
    for (struct dirent *e; d && (e = readdir(d));)
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    if (d)
        closedir(d);
    return n;
}

static void file_has_text(const char *path, const char *text)
{
    char found[256] = "";
    int fd = open(path, O_RDONLY);
    CU_ASSERT_FATAL(fd >= 0);
    CU_ASSERT(read(fd, found, sizeof found - 1) >= 0);
    close(fd);
    CU_ASSERT_STRING_EQUAL(found, text);
}

/* ---- directories ----------------------------------------------------------------------- */

static void missing_directory_is_made(void)
{
    const mode_t masks[] = {000, 022, 0777};
    for (size_t i = 0; i < 3; i++) {
        setup();
        struct error err = {0};
        mode_t old = umask(masks[i]);
        struct outdir *d = outdir_open(in_base("out"), &err);
        CU_ASSERT_PTR_NOT_NULL_FATAL(d);
        struct outdir *sub = outdir_sub(d, "run-1", &err);
        CU_ASSERT_PTR_NOT_NULL_FATAL(sub);
        CU_ASSERT_EQUAL(outdir_put(sub, "idmap/users.json", "{}", 2, &err), 0);
        umask(old);
        CU_ASSERT_EQUAL(mode_of(in_base("out")), 0700);
        CU_ASSERT_EQUAL(mode_of(in_base("out/run-1")), 0700);
        CU_ASSERT_EQUAL(mode_of(in_base("out/run-1/idmap")), 0700);
        CU_ASSERT_EQUAL(mode_of(in_base("out/run-1/idmap/users.json")), 0600);
        CU_ASSERT_STRING_EQUAL(outdir_path(sub), in_base("out/run-1"));
        outdir_close(sub);
        outdir_close(d);
        teardown();
    }
}

static void missing_parent_is_refused(void)
{
    setup();
    struct error err = {0};
    CU_ASSERT_PTR_NULL(outdir_open(in_base("a/b"), &err));
    CU_ASSERT_EQUAL(err.code, STATUS_CONFIG);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.what, in_base("a/b")));
    CU_ASSERT(!exists(in_base("a")));
    teardown();
}

static void open_all_makes_parents(void)
{
    setup();
    struct error err = {0};
    struct outdir *d = outdir_open_all(in_base("a//b/c/"), &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(d);
    CU_ASSERT_EQUAL(mode_of(in_base("a")), 0700);
    CU_ASSERT_EQUAL(mode_of(in_base("a/b/c")), 0700);
    CU_ASSERT(outdir_free_bytes(d) > 0);
    outdir_close(d);
    d = outdir_open_all(in_base("a/b/c"), &err);
    CU_ASSERT_PTR_NOT_NULL(d);
    outdir_close(d);
    teardown();
}

static void refused(const char *path, const char *text)
{
    struct error err = {0};
    CU_ASSERT_PTR_NULL(outdir_open(path, &err));
    CU_ASSERT_EQUAL(err.code, STATUS_CONFIG);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.what, text));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.what, path));
}

static void unfit_directories_are_refused(void)
{
    setup();
    CU_ASSERT_EQUAL_FATAL(mkdir(in_base("real"), 0700), 0);
    CU_ASSERT_EQUAL_FATAL(symlink(in_base("real"), in_base("link")), 0);
    refused(in_base("link"), "symbolic link");
    refused(in_base("link/"), "");
    CU_ASSERT_EQUAL_FATAL(symlink("/nowhere", in_base("dangling")), 0);
    refused(in_base("dangling"), "symbolic link");
    CU_ASSERT_EQUAL_FATAL(mkfifo(in_base("fifo"), 0600), 0);
    refused(in_base("fifo"), "not a directory");
    CU_ASSERT_EQUAL_FATAL(chmod(in_base("real"), 0720), 0);
    refused(in_base("real"), "written by others (mode 0720)");
    CU_ASSERT_EQUAL_FATAL(chmod(in_base("real"), 0702), 0);
    refused(in_base("real"), "written by others (mode 0702)");
    teardown();
}

static void read_only_file_system_is_refused(void)
{
    setup();
    if (mount("tmpfs", base, "tmpfs", MS_RDONLY, "mode=0700")) {
        printf(" (skipped: no mount) ");
        teardown();
        return;
    }
    refused(base, "Read-only file system");
    refused(in_base("new"), "Read-only file system");
    CU_ASSERT_EQUAL(umount(base), 0);
    teardown();
}

static void foreign_directory_is_refused(void)
{
    if (geteuid() != 0)
        return; /* only root can make one */
    setup();
    CU_ASSERT_EQUAL_FATAL(mkdir(in_base("theirs"), 0700), 0);
    CU_ASSERT_EQUAL_FATAL(chown(in_base("theirs"), 65534, 65534), 0);
    refused(in_base("theirs"), "belongs to user id 65534, not to 0");
    teardown();
}

/* Run as another user, since nothing is unwritable for root. */
static void unwritable_as_user(void)
{
    struct error err = {0};
    if (geteuid() == 0 && (setgid(65534) || setuid(65534)))
        _exit(2);
    int ok = outdir_open(in_base("ro"), &err) == NULL && err.code == STATUS_CONFIG &&
             strstr(err.what, "not writable") && strstr(err.fix, "chmod");
    _exit(ok ? 0 : 1);
}

static void unwritable_directory_is_refused(void)
{
    setup();
    CU_ASSERT_EQUAL_FATAL(mkdir(in_base("ro"), 0500), 0);
    CU_ASSERT_EQUAL_FATAL(chmod(base, 0755), 0);
    if (geteuid() == 0)
        CU_ASSERT_EQUAL_FATAL(chown(in_base("ro"), 65534, 65534), 0);
    pid_t child = fork();
    if (child == 0)
        unwritable_as_user();
    int status = -1;
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT_EQUAL(status, 0);
    teardown();
}

static void subdirectory_is_new(void)
{
    setup();
    struct error err = {0};
    struct outdir *d = outdir_open(base, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(d);
    CU_ASSERT_EQUAL_FATAL(mkdir(in_base("there"), 0700), 0);
    CU_ASSERT_EQUAL_FATAL(symlink("/tmp", in_base("link")), 0);
    const char *const names[] = {"there", "link"};
    for (size_t i = 0; i < 2; i++) {
        error_clear(&err);
        CU_ASSERT_PTR_NULL(outdir_sub(d, names[i], &err));
        CU_ASSERT_EQUAL(err.code, STATUS_BACKUP);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.what, names[i]));
    }
    const char *const bad[] = {"", ".", "..", "a/b", "../x"};
    for (size_t i = 0; i < 5; i++) {
        error_clear(&err);
        CU_ASSERT_PTR_NULL(outdir_sub(d, bad[i], &err));
        CU_ASSERT_EQUAL(err.code, STATUS_BUG);
    }
    outdir_close(d);
    teardown();
}

/* ---- files ------------------------------------------------------------------------------ */

static struct outdir *open_base(void)
{
    struct error err = {0};
    setup();
    struct outdir *d = outdir_open(base, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(d);
    return d;
}

static void file_appears_whole_with_its_digest(void)
{
    struct outdir *d = open_base();
    struct error err = {0};
    char sha256[65];
    uint64_t size = 0;
    struct outfile *f = outfile_open(d, "abc.txt", &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_EQUAL(outfile_write(f, "ab", 2, &err), 0);
    CU_ASSERT_EQUAL(outfile_write(f, "", 0, &err), 0);
    CU_ASSERT_EQUAL(outfile_write(f, "c", 1, &err), 0);
    CU_ASSERT(!exists(in_base("abc.txt")));
    CU_ASSERT_EQUAL(outfile_close_digest(f, sha256, &size, &err), 0);
    CU_ASSERT_STRING_EQUAL(sha256,
                           "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CU_ASSERT_EQUAL(size, 3);
    CU_ASSERT_EQUAL(mode_of(in_base("abc.txt")), 0600);
    file_has_text(in_base("abc.txt"), "abc");
    CU_ASSERT_EQUAL(count_entries(base), 1);
    outdir_close(d);
    teardown();
}

static void large_and_small_writes_keep_their_order(void)
{
    struct outdir *d = open_base();
    struct error err = {0};
    size_t n = 200000, total = 0;
    char *block = malloc(n);
    CU_ASSERT_PTR_NOT_NULL_FATAL(block);
    struct outfile *f = outfile_open(d, "big", &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    const size_t sizes[] = {1, 65536, 65535, 200000, 7, 100000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        memset(block, 'a' + (int)i, sizes[i]);
        CU_ASSERT_EQUAL(outfile_write(f, block, sizes[i], &err), 0);
        total += sizes[i];
    }
    uint64_t size = 0;
    CU_ASSERT_EQUAL(outfile_close_digest(f, NULL, &size, &err), 0);
    CU_ASSERT_EQUAL(size, total);
    int fd = open(in_base("big"), O_RDONLY);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        CU_ASSERT_EQUAL(read(fd, block, sizes[i]), (ssize_t)sizes[i]);
        for (size_t j = 0; j < sizes[i]; j++)
            if (block[j] != 'a' + (int)i)
                CU_FAIL_FATAL("bytes out of order");
    }
    close(fd);
    free(block);
    outdir_close(d);
    teardown();
}

static void abandoned_file_leaves_nothing(void)
{
    struct outdir *d = open_base();
    struct error err = {0};
    struct outfile *f = outfile_open(d, "x", &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_EQUAL(outfile_write(f, "x", 1, &err), 0);
    CU_ASSERT_EQUAL(count_entries(base), 1);
    outfile_abandon(f);
    outfile_abandon(NULL);
    CU_ASSERT_EQUAL(count_entries(base), 0);
    outdir_close(d);
    teardown();
}

static void planted_names_are_refused(void)
{
    struct outdir *d = open_base();
    struct error err = {0};
    CU_ASSERT_EQUAL_FATAL(outdir_put(d, "victim", "safe", 4, &err), 0);
    CU_ASSERT_EQUAL_FATAL(symlink("victim", in_base("report.json")), 0);
    CU_ASSERT_EQUAL_FATAL(symlink("/nowhere/new", in_base("dangling")), 0);
    CU_ASSERT_EQUAL_FATAL(mkdir(in_base("elsewhere"), 0700), 0);
    CU_ASSERT_EQUAL_FATAL(symlink("elsewhere", in_base("idmap")), 0);
    const char *const names[] = {"report.json", "dangling", "idmap/users.json", "victim"};
    for (size_t i = 0; i < 4; i++) {
        error_clear(&err);
        CU_ASSERT_EQUAL(outdir_put(d, names[i], "evil", 4, &err), STATUS_BACKUP);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.what, names[i]));
    }
    file_has_text(in_base("victim"), "safe");
    CU_ASSERT_EQUAL(count_entries(in_base("elsewhere")), 0);
    CU_ASSERT_EQUAL(count_entries(base), 5);
    outdir_close(d);
    teardown();
}

/* What is planted between opening and closing is not replaced either. */
static void late_link_is_not_replaced(void)
{
    struct outdir *d = open_base();
    struct error err = {0};
    CU_ASSERT_EQUAL_FATAL(outdir_put(d, "victim", "safe", 4, &err), 0);
    struct outfile *f = outfile_open(d, "report", &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_EQUAL_FATAL(symlink("victim", in_base("report")), 0);
    CU_ASSERT_EQUAL(outfile_write(f, "evil", 4, &err), 0);
    CU_ASSERT_EQUAL(outfile_close(f, &err), STATUS_BACKUP);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.what, "report"));
    file_has_text(in_base("victim"), "safe");
    CU_ASSERT_EQUAL(count_entries(base), 2);
    outdir_close(d);
    teardown();
}

static void names_that_lead_outside_are_refused(void)
{
    struct outdir *d = open_base();
    const char *const names[] = {"",     "/etc/x", "../x", "a/../x", "a/b/c", "a/",
                                 ".dot", "a/.dot", "/x",   "a\nb",   ".",     ".."};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct error err = {0};
        CU_ASSERT_PTR_NULL(outfile_open(d, names[i], &err));
        CU_ASSERT_EQUAL(err.code, STATUS_BUG);
    }
    errno = 0;
    CU_ASSERT_EQUAL(outdir_openat(outdir_fd(d), "..", O_DIRECTORY, 0), -1);
    CU_ASSERT_EQUAL(errno, EXDEV);
    CU_ASSERT_EQUAL(count_entries(base), 0);
    outdir_close(d);
    teardown();
}

static int stop_swapping;

/* Swaps a link in and out under the name that is written. */
static void *swap_link(void *path)
{
    while (!__atomic_load_n(&stop_swapping, __ATOMIC_RELAXED)) {
        if (symlink("victim", path) == 0)
            unlink(path);
    }
    return NULL;
}

static void race_never_writes_through_a_link(void)
{
    struct outdir *d = open_base();
    struct error err = {0};
    char path[128];
    snprintf(path, sizeof path, "%s/report", base);
    CU_ASSERT_EQUAL_FATAL(outdir_put(d, "victim", "safe", 4, &err), 0);
    pthread_t thread;
    stop_swapping = 0;
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, swap_link, path), 0);
    int written = 0, refusals = 0;
    for (int i = 0; i < 500; i++) {
        error_clear(&err);
        if (outdir_put(d, "report", "new", 3, &err) == 0)
            written++;
        else
            refusals++;
        unlink(path);
    }
    __atomic_store_n(&stop_swapping, 1, __ATOMIC_RELAXED);
    pthread_join(thread, NULL);
    CU_ASSERT_EQUAL(written + refusals, 500);
    file_has_text(in_base("victim"), "safe");
    unlink(path);
    CU_ASSERT_EQUAL(count_entries(base), 1);
    outdir_close(d);
    teardown();
}

/* One of many writers of a name wins, and its file is whole. */
static void writers_of_one_name_do_not_mix(void)
{
    struct outdir *d = open_base();
    for (int i = 0; i < 8; i++) {
        pid_t child = fork();
        CU_ASSERT_FATAL(child >= 0);
        if (child == 0) {
            struct error err = {0};
            char text[5] = {(char)('a' + i), (char)('a' + i), (char)('a' + i), '\n', 0};
            _exit(outdir_put(d, "same", text, 4, &err) == 0 ? 0 : 1);
        }
    }
    int won = 0, status;
    while (wait(&status) > 0)
        won += status == 0;
    CU_ASSERT_EQUAL(won, 1);
    CU_ASSERT_EQUAL(count_entries(base), 1);
    outdir_close(d);
    teardown();
}

static void full_disk_leaves_nothing(void)
{
    setup();
    if (mount("tmpfs", base, "tmpfs", 0, "size=256k,mode=0700")) {
        printf(" (skipped: no mount) ");
        teardown();
        return;
    }
    struct error err = {0};
    struct outdir *d = outdir_open(base, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(d);
    struct outfile *f = outfile_open(d, "big", &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    static const char block[100000];
    int rc = 0;
    for (int i = 0; i < 5 && !rc; i++)
        rc = outfile_write(f, block, sizeof block, &err);
    CU_ASSERT_EQUAL(rc, STATUS_BACKUP);
    error_clear(&err);
    CU_ASSERT_EQUAL(outfile_close(f, &err), STATUS_BACKUP);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.what, in_base("big")));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.what, "No space left"));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.fix, "free space"));
    CU_ASSERT_EQUAL(count_entries(base), 0);
    /* A failure that only the flush at the end sees. */
    CU_ASSERT_EQUAL(mount("tmpfs", base, "tmpfs", MS_REMOUNT, "size=4k"), 0);
    error_clear(&err);
    CU_ASSERT_EQUAL(outdir_put(d, "small", block, 20000, &err), STATUS_BACKUP);
    CU_ASSERT_EQUAL(count_entries(base), 0);
    outdir_close(d);
    CU_ASSERT_EQUAL(umount(base), 0);
    teardown();
}

static const struct unit_case cases[] = {
    {"missing_directory_is_made", missing_directory_is_made},
    {"missing_parent_is_refused", missing_parent_is_refused},
    {"open_all_makes_parents", open_all_makes_parents},
    {"unfit_directories_are_refused", unfit_directories_are_refused},
    {"read_only_file_system_is_refused", read_only_file_system_is_refused},
    {"foreign_directory_is_refused", foreign_directory_is_refused},
    {"unwritable_directory_is_refused", unwritable_directory_is_refused},
    {"subdirectory_is_new", subdirectory_is_new},
    {"file_appears_whole_with_its_digest", file_appears_whole_with_its_digest},
    {"large_and_small_writes_keep_their_order", large_and_small_writes_keep_their_order},
    {"abandoned_file_leaves_nothing", abandoned_file_leaves_nothing},
    {"planted_names_are_refused", planted_names_are_refused},
    {"late_link_is_not_replaced", late_link_is_not_replaced},
    {"names_that_lead_outside_are_refused", names_that_lead_outside_are_refused},
    {"race_never_writes_through_a_link", race_never_writes_through_a_link},
    {"writers_of_one_name_do_not_mix", writers_of_one_name_do_not_mix},
    {"full_disk_leaves_nothing", full_disk_leaves_nothing},
};

int main(int argc, char **argv)
{
    return UNIT_MAIN("outdir", cases, argc, argv);
}
