/* test_safefile.c - which files are read and which are refused. */
#include "safefile.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "scratch.h"
#include "unit.h"

static struct error err;
static struct str text;

static int read_it(const char *name, int checks)
{
    memset(&err, 0, sizeof err);
    str_reset(&text);
    return safefile_read(scratch_path(name), "project file", checks, &text, NULL, &err);
}

static void says(const char *part)
{
    if (!strstr(err.what, part))
        CU_FAIL(part);
}

static void a_file_is_read(void)
{
    scratch_write("f", "text", 0644);
    CU_ASSERT_EQUAL(read_it("f", SAFEFILE_TRUSTED), 0);
    CU_ASSERT_STRING_EQUAL(text.data, "text");
    mode_t mode = 0;
    safefile_read(scratch_path("f"), "x", 0, &text, &mode, &err);
    CU_ASSERT_EQUAL(mode & 07777, 0644);
}

static void a_missing_file_is_told_twice(void)
{
    struct error e = {0};
    char cwd[512];
    CU_ASSERT_PTR_NOT_NULL_FATAL(getcwd(cwd, sizeof cwd));
    CU_ASSERT_EQUAL(safefile_read("not/there.json", "project file", 0, &text, NULL, &e),
                    STATUS_CONFIG);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.what, "\"not/there.json\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(e.what, cwd));
    CU_ASSERT_PTR_NOT_NULL(strstr(e.what, "/not/there.json)"));
    CU_ASSERT_EQUAL(e.code, STATUS_CONFIG);
}

static void other_kinds_are_named(void)
{
    scratch_check(mkdir(scratch_path("dir"), 0700) == 0, "mkdir");
    scratch_check(mkfifo(scratch_path("fifo"), 0600) == 0, "mkfifo");
    CU_ASSERT_EQUAL(read_it("dir", 0), STATUS_CONFIG);
    says("is a directory");
    CU_ASSERT_EQUAL(read_it("fifo", 0), STATUS_CONFIG); /* nobody writes: must not wait */
    says("is a FIFO");
    memset(&err, 0, sizeof err);
    CU_ASSERT_EQUAL(safefile_read("/dev/zero", "project file", 0, &text, NULL, &err),
                    STATUS_CONFIG);
    says("is a character device");

    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", scratch_path("socket"));
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    scratch_check(bind(fd, (struct sockaddr *)&address, sizeof address) == 0, "bind");
    CU_ASSERT_EQUAL(read_it("socket", 0), STATUS_CONFIG);
    says("is a socket");
    close(fd);
}

static void writers_are_not_trusted(void)
{
    scratch_write("open", "x", 0666);
    CU_ASSERT_EQUAL(read_it("open", 0), 0);
    CU_ASSERT_EQUAL(read_it("open", SAFEFILE_TRUSTED), STATUS_CONFIG);
    says("mode 0666");
    CU_ASSERT_PTR_NOT_NULL(strstr(err.fix, "chmod o-w '"));
    scratch_check(mkdir(scratch_path("all"), 0700) == 0, "mkdir");
    scratch_write("all/f", "x", 0600);
    scratch_check(chmod(scratch_path("all"), 0777) == 0, "chmod");
    CU_ASSERT_EQUAL(read_it("all/f", SAFEFILE_TRUSTED), STATUS_CONFIG);
    says("of mode 0777");
    CU_ASSERT_PTR_NOT_NULL(strstr(err.fix, "/all'"));
    /* Also when only the place that a link leads to is open to all. */
    scratch_check(symlink(scratch_path("all/f"), scratch_path("link")) == 0, "symlink");
    CU_ASSERT_EQUAL(read_it("link", SAFEFILE_TRUSTED), STATUS_CONFIG);
    scratch_check(chmod(scratch_path("all"), 01777) == 0, "chmod");
    CU_ASSERT_EQUAL(read_it("all/f", SAFEFILE_TRUSTED), 0);
    if (geteuid() == 0) {
        scratch_check(chown(scratch_path("all/f"), 65534, 65534) == 0, "chown");
        CU_ASSERT_EQUAL(read_it("all/f", SAFEFILE_TRUSTED), STATUS_CONFIG);
        says("belongs to another user");
    }
}

static void private_means_the_owner(void)
{
    scratch_write("secret", "x", 0640);
    CU_ASSERT_EQUAL(read_it("secret", SAFEFILE_PRIVATE), STATUS_CONFIG);
    says("mode 0640");
    CU_ASSERT_PTR_NOT_NULL(strstr(err.fix, "chmod 600 '"));
    scratch_write("secret", "x", 0400);
    CU_ASSERT_EQUAL(read_it("secret", SAFEFILE_PRIVATE), 0);
}

static void size_is_bounded(void)
{
    struct str small;
    struct error e = {0};
    str_init(&small, 8);
    scratch_write("big", "0123456789", 0600);
    CU_ASSERT_EQUAL(safefile_read(scratch_path("big"), "project file", 0, &small, NULL, &e),
                    STATUS_CONFIG);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.what, "larger than 8 bytes"));
    str_clear(&small);
}

int main(int argc, char **argv)
{
    static const struct unit_case cases[] = {
        {"a_file_is_read", a_file_is_read},
        {"a_missing_file_is_told_twice", a_missing_file_is_told_twice},
        {"other_kinds_are_named", other_kinds_are_named},
        {"writers_are_not_trusted", writers_are_not_trusted},
        {"private_means_the_owner", private_means_the_owner},
        {"size_is_bounded", size_is_bounded},
    };
    str_init(&text, 0);
    scratch_begin();
    int status = UNIT_MAIN("safefile", cases, argc, argv);
    scratch_end();
    str_clear(&text);
    return status;
}
