/* pluginlock.c - plugins.lock: which files of a plugin directory may be loaded.
 *
 * Where the file is there, only what it lists may be loaded, and only with the very bytes that
 * it names; the version of the ABI stands in it so that a plugin of another version is refused
 * before any code of it (a constructor) could run. */
#include "pluginlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abicheck.h"
#include "str.h"

/* About 10,000 plugins. */
#define MAX_BYTES ((size_t)1 << 20)

static const char *const fix =
    "write it anew by mighost --plugins DIR --lock-plugins, after looking at the plugins";

/* The whole file, NUL-terminated, in mem. */
static char *read_all(int fd, const char *path, struct arena *mem, struct error *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || st.st_size < 0 || (size_t)st.st_size > MAX_BYTES) {
        error_set(err, STATUS_PLUGIN, "%s is longer than %zu bytes", path, MAX_BYTES);
        error_fix(err, "%s", fix);
        return NULL;
    }
    char *text = arena_alloc(mem, (size_t)st.st_size + 1);
    for (size_t done = 0; done < (size_t)st.st_size;) {
        ssize_t n = read(fd, text + done, (size_t)st.st_size - done);
        if (n < 0) {
            error_set(err, STATUS_PLUGIN, "%s cannot be read: %s", path, strerror(errno));
            return NULL;
        }
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return text;
}

static int bad_line(const struct pluginlock *lock, size_t line, const char *text, struct error *err)
{
    error_set(err, STATUS_PLUGIN, "%s:%zu: %s", lock->path, line, text);
    error_fix(err, "%s", fix);
    return err->code;
}

static const struct pluginlock_entry *find(const struct pluginlock *lock, const char *name)
{
    for (size_t i = 0; i < lock->n; i++)
        if (strcmp(lock->entries[i].name, name) == 0)
            return &lock->entries[i];
    return NULL;
}

/* One line, which is cut into its words in place. */
static int parse_line(struct pluginlock *lock, char *line, size_t number, struct error *err)
{
    char *words[4] = {0}, *rest = line;
    size_t n = 0;
    line[strcspn(line, "#")] = '\0';
    for (char *word; n < 4 && (word = strsep(&rest, " \t\r")) != NULL;)
        if (*word)
            words[n++] = word;
    if (n == 0)
        return STATUS_OK;
    if (n != 3)
        return bad_line(lock, number, "a line is \"name abi sha256\"", err);
    if (strlen(words[2]) != 64 || strspn(words[2], "0123456789abcdef") != 64)
        return bad_line(lock, number, "the third word is no SHA-256 in lower-case hexadecimal",
                        err);
    if (find(lock, words[0]))
        return bad_line(lock, number, "a plugin is listed twice", err);
    lock->entries[lock->n++] = (struct pluginlock_entry){words[0], words[1], words[2]};
    return STATUS_OK;
}

int pluginlock_read(const struct loadpath_trust *trust, int dir, const char *dir_path,
                    struct arena *mem, struct pluginlock *out, struct error *err)
{
    struct stat st;
    struct loadpath_file file;
    *out = (struct pluginlock){.path = arena_printf(mem, "%s/" PLUGINLOCK_FILE, dir_path)};
    if (fstatat(dir, PLUGINLOCK_FILE, &st, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT)
        return STATUS_OK;
    if (loadpath_open_file(trust, dir, dir_path, PLUGINLOCK_FILE, mem, &file, err) != STATUS_OK)
        return err->code;
    out->present = 1;
    char *text = read_all(file.fd, out->path, mem, err);
    close(file.fd);
    if (!text)
        return err->code;
    size_t lines = 1;
    for (const char *p = text; *p; p++)
        lines += *p == '\n';
    out->entries = arena_alloc(mem, lines * sizeof *out->entries);
    for (size_t number = 1; text; number++)
        if (parse_line(out, strsep(&text, "\n"), number, err) != STATUS_OK)
            return err->code;
    return STATUS_OK;
}

static struct abicheck_version parse_version(const char *text)
{
    char *end;
    unsigned long major = strtoul(text, &end, 10), minor = 0;
    if (*end == '.')
        minor = strtoul(end + 1, NULL, 10);
    return (struct abicheck_version){(unsigned)major, (unsigned)minor};
}

int pluginlock_check(const struct pluginlock *lock, const struct pluginlock_entry *file,
                     const char *path, struct error *err)
{
    if (!lock->present)
        return STATUS_OK;
    const struct pluginlock_entry *entry = find(lock, file->name);
    if (!entry) {
        error_set(err, STATUS_PLUGIN, "plugin %s is not listed in %s", path, lock->path);
        error_why(err, "where there is a " PLUGINLOCK_FILE ", only what it lists may be loaded");
        error_fix(err, "remove the plugin, or %s", fix);
        return err->code;
    }
    if (strcmp(entry->sha256, file->sha256) != 0) {
        error_set(err, STATUS_PLUGIN,
                  "plugin %s is not the file that %s lists: its SHA-256 is %s, listed is %s", path,
                  lock->path, file->sha256, entry->sha256);
        error_why(err, "the file was changed after it was approved");
        error_fix(err, "install the approved file again, or %s", fix);
        return err->code;
    }
    struct abicheck_version wants = parse_version(entry->abi);
    if (!abicheck_fits(wants, abicheck_host())) {
        char subject[600];
        snprintf(subject, sizeof subject, "plugin %s is listed in " PLUGINLOCK_FILE, path);
        return abicheck_refuse(wants, abicheck_host(), subject, err);
    }
    return STATUS_OK;
}

static int write_all(int fd, const char *data, size_t n)
{
    for (size_t done = 0; done < n;) {
        ssize_t written = write(fd, data + done, n - done);
        if (written < 0 && errno != EINTR)
            return -1;
        if (written > 0)
            done += (size_t)written;
    }
    return fsync(fd);
}

int pluginlock_write(int dir, const char *dir_path, const struct pluginlock_entry *entries,
                     size_t n, struct error *err)
{
    static const char temporary[] = "." PLUGINLOCK_FILE ".new";
    struct str text;
    str_init(&text, MAX_BYTES);
    str_add(&text, "# The plugins of this directory that mighost may load.\n"
                   "# name  abi  sha256\n");
    for (size_t i = 0; i < n; i++)
        str_printf(&text, "%s  %s  %s\n", entries[i].name, entries[i].abi, entries[i].sha256);
    /* What an interrupted call left behind; O_EXCL makes sure that this one is ours. */
    unlinkat(dir, temporary, 0);
    int fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (text.failed)
        error_set(err, STATUS_PLUGIN, "too many plugins for %s/" PLUGINLOCK_FILE, dir_path);
    else if (fd < 0 || fchmod(fd, 0644) != 0 || write_all(fd, text.data, text.len) != 0 ||
             renameat(dir, temporary, dir, PLUGINLOCK_FILE) != 0 || fsync(dir) != 0)
        error_set(err, STATUS_PLUGIN, "%s/" PLUGINLOCK_FILE " cannot be written: %s", dir_path,
                  strerror(errno));
    if (fd >= 0)
        close(fd);
    if (err->code)
        unlinkat(dir, temporary, 0);
    str_clear(&text);
    return err->code;
}
