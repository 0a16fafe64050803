/* test_loadpath.c - who may have put a directory or a file there. Cases that need files of other
 * users run as root only. */
#include "loadpath.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

#define FOREIGN 12345

/* A directory of this test below a sticky one of root, real path. */
static char *root;

static void start(void)
{
    char name[] = "/tmp/mighost-loadpath-XXXXXX";
    umask(022);
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(name));
    root = realpath(name, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(root);
}

static void finish(void)
{
    char command[PATH_MAX + 16];
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    CU_ASSERT_EQUAL(system(command), 0);
    free(root);
}

static const char *below(const char *name)
{
    static char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", root, name);
    return path;
}

static void make_dir(const char *name, mode_t mode)
{
    CU_ASSERT_EQUAL(mkdir(below(name), 0700), 0);
    CU_ASSERT_EQUAL(chmod(below(name), mode), 0);
}

static void make_file(const char *name, mode_t mode)
{
    int fd = open(below(name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    CU_ASSERT(fd >= 0);
    CU_ASSERT_EQUAL(fchmod(fd, mode), 0);
    close(fd);
}

static size_t open_descriptors(void)
{
    size_t n = 0;
    DIR *dir = opendir("/proc/self/fd");
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

static struct error open_dir(const char *path)
{
    int fd;
    struct error err = {0};
    struct loadpath_trust trust;
    loadpath_trust_init(&trust);
    size_t before = open_descriptors();
    int status = loadpath_open_dir(&trust, path, &fd, &err);
    CU_ASSERT_EQUAL(status, err.code);
    CU_ASSERT_EQUAL(fd >= 0, status == STATUS_OK);
    if (fd >= 0)
        close(fd);
    CU_ASSERT_EQUAL(open_descriptors(), before);
    return err;
}

/* The message, and the name that the file has behind links in `name`. */
static struct error open_file(const char *file, char name[64])
{
    int dir;
    struct error err = {0};
    struct loadpath_trust trust;
    struct loadpath_file out;
    struct arena *mem = arena_new();
    loadpath_trust_init(&trust);
    size_t before = open_descriptors();
    CU_ASSERT_EQUAL_FATAL(loadpath_open_dir(&trust, root, &dir, &err), STATUS_OK);
    int status = loadpath_open_file(&trust, dir, root, file, mem, &out, &err);
    CU_ASSERT_EQUAL(status, err.code);
    CU_ASSERT_EQUAL(out.fd >= 0, status == STATUS_OK);
    if (out.fd >= 0)
        close(out.fd);
    close(dir);
    CU_ASSERT_EQUAL(open_descriptors(), before);
    snprintf(name, 64, "%s", status == STATUS_OK ? out.name : "");
    arena_free(mem);
    return err;
}

static void sound_directories_pass(void)
{
    start();
    make_dir("a", 0755);
    make_dir("a/b", 0700);
    CU_ASSERT_EQUAL(open_dir(below("a/b")).code, STATUS_OK);
    CU_ASSERT_EQUAL(open_dir("/").code, STATUS_OK);
    finish();
}

static void each_component_is_checked(void)
{
    start();
    make_dir("a", 0775);
    make_dir("a/b", 0755);
    struct error err = open_dir(below("a/b"));
    CU_ASSERT_EQUAL(err.code, STATUS_PLUGIN);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.what, "/a can be written by its group (mode 0775"));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.fix, "chmod go-w '"));
    CU_ASSERT_EQUAL(chmod(below("a"), 0757), 0);
    err = open_dir(below("a/b"));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.what, "/a can be written by everybody (mode 0757"));
    finish();
}

static void links_in_the_chain_are_not_followed(void)
{
    start();
    make_dir("a", 0755);
    make_dir("a/b", 0755);
    CU_ASSERT_EQUAL(symlink("a", below("link")), 0);
    CU_ASSERT_EQUAL(open_dir(below("link/b")).code, STATUS_PLUGIN);
    finish();
}

static void paths_must_be_absolute_and_there(void)
{
    start();
    CU_ASSERT_EQUAL(open_dir("tmp").code, STATUS_PLUGIN);
    CU_ASSERT_PTR_NOT_NULL(strstr(open_dir(below("absent")).what, "/absent does not exist"));
    make_file("file", 0644);
    CU_ASSERT_EQUAL(open_dir(below("file")).code, STATUS_PLUGIN);
    finish();
}

static void files_are_opened_by_their_own_name(void)
{
    char name[64];
    start();
    make_file("x.so.1", 0755);
    CU_ASSERT_EQUAL(symlink("x.so.1", below("x.so")), 0);
    CU_ASSERT_EQUAL(open_file("x.so.1", name).code, STATUS_OK);
    CU_ASSERT_STRING_EQUAL(name, "x.so.1");
    CU_ASSERT_EQUAL(open_file("x.so", name).code, STATUS_OK);
    CU_ASSERT_STRING_EQUAL(name, "x.so.1");
    finish();
}

static void links_that_leave_are_refused(void)
{
    char name[64];
    start();
    make_dir("sub", 0755);
    make_file("sub/x", 0644);
    CU_ASSERT_EQUAL(symlink("sub/x", below("down.so")), 0);
    CU_ASSERT_EQUAL(symlink("/etc/passwd", below("away.so")), 0);
    CU_ASSERT_EQUAL(symlink("loop.so", below("loop.so")), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(open_file("down.so", name).what, "leaves its directory"));
    CU_ASSERT_PTR_NOT_NULL(strstr(open_file("away.so", name).what, "to /etc/passwd"));
    CU_ASSERT_PTR_NOT_NULL(strstr(open_file("loop.so", name).what, "leads nowhere"));
    finish();
}

static void other_kinds_of_files_are_refused_without_waiting(void)
{
    char name[64];
    start();
    make_dir("d.so", 0755);
    CU_ASSERT_EQUAL(mkfifo(below("f.so"), 0600), 0);
    CU_ASSERT_EQUAL(mknod(below("s.so"), S_IFSOCK | 0600, 0), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(open_file("d.so", name).what, "is a directory"));
    CU_ASSERT_PTR_NOT_NULL(strstr(open_file("f.so", name).what, "is a FIFO"));
    CU_ASSERT_PTR_NOT_NULL(strstr(open_file("s.so", name).what, "is a socket"));
    CU_ASSERT_PTR_NOT_NULL(strstr(open_file("absent.so", name).what, "does not exist"));
    finish();
}

static void modes_of_files_are_checked(void)
{
    char name[64];
    start();
    make_file("g.so", 0775);
    make_file("o.so", 0707);
    CU_ASSERT_PTR_NOT_NULL(strstr(open_file("g.so", name).what, "written by its group (mode 0775"));
    CU_ASSERT_PTR_NOT_NULL(strstr(open_file("o.so", name).what, "by everybody (mode 0707"));
    finish();
}

static void other_owners_are_refused(void)
{
    char name[64];
    if (geteuid() != 0)
        return;
    start();
    make_file("x.so", 0755);
    CU_ASSERT_EQUAL(chown(below("x.so"), FOREIGN, 0), 0);
    struct error err = open_file("x.so", name);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.what, "belongs to user 12345 (mode 0755)"));
    make_dir("a", 0755);
    CU_ASSERT_EQUAL(chown(below("a"), FOREIGN, 0), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(open_dir(below("a")).what, "belongs to user 12345"));
    finish();
}

static void sticky_directories_pass_when_they_are_roots(void)
{
    if (geteuid() != 0)
        return;
    start();
    make_dir("s", 01777);
    CU_ASSERT_EQUAL(open_dir(below("s")).code, STATUS_OK);
    CU_ASSERT_EQUAL(chown(below("s"), FOREIGN, 0), 0);
    CU_ASSERT_EQUAL(open_dir(below("s")).code, STATUS_PLUGIN);
    finish();
}

static void the_caller_and_the_binary_are_believed(void)
{
    struct stat binary;
    struct loadpath_trust trust;
    loadpath_trust_init(&trust);
    CU_ASSERT_EQUAL(stat("/proc/self/exe", &binary), 0);
    int root_in = 0, me_in = 0, binary_in = 0;
    for (size_t i = 0; i < trust.n; i++) {
        root_in |= trust.owners[i] == 0;
        me_in |= trust.owners[i] == geteuid();
        binary_in |= trust.owners[i] == binary.st_uid;
    }
    CU_ASSERT(root_in && me_in && binary_in);
}

static const struct unit_case cases[] = {
    {"sound_directories_pass", sound_directories_pass},
    {"each_component_is_checked", each_component_is_checked},
    {"links_in_the_chain_are_not_followed", links_in_the_chain_are_not_followed},
    {"paths_must_be_absolute_and_there", paths_must_be_absolute_and_there},
    {"files_are_opened_by_their_own_name", files_are_opened_by_their_own_name},
    {"links_that_leave_are_refused", links_that_leave_are_refused},
    {"other_kinds_of_files_are_refused_without_waiting",
     other_kinds_of_files_are_refused_without_waiting},
    {"modes_of_files_are_checked", modes_of_files_are_checked},
    {"other_owners_are_refused", other_owners_are_refused},
    {"sticky_directories_pass_when_they_are_roots", sticky_directories_pass_when_they_are_roots},
    {"the_caller_and_the_binary_are_believed", the_caller_and_the_binary_are_believed},
};

int main(int argc, char **argv)
{
    return UNIT_MAIN("loadpath", cases, argc, argv);
}
