/* loaddirs.c - the directories that plugins are looked for in: opened, checked, listed.
 * A directory stays open, so that the files are taken from the one that was checked also when
 * its path means another one by now. Only names that end in ".so" and do not begin with '.'
 * count; .la files are nothing to us. */
#include "loaddirs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Far above any real directory; bounds memory where the path was a mistake. */
#define MAX_FILES 4096

void loaddirs_init(struct loaddirs *d, struct arena *mem)
{
    *d = (struct loaddirs){.mem = mem};
    loadpath_trust_init(&d->trust);
}

void loaddirs_clear(struct loaddirs *d)
{
    for (size_t i = 0; i < d->n; i++)
        close(d->items[i]->fd);
    free(d->items);
    *d = (struct loaddirs){0};
}

static struct loaddirs_dir *find(const struct loaddirs *d, const char *path)
{
    for (size_t i = 0; i < d->n; i++)
        if (strcmp(d->items[i]->path, path) == 0)
            return d->items[i];
    return NULL;
}

static int append(struct loaddirs *d, struct loaddirs_dir *dir, struct error *err)
{
    if (loadpath_open_dir(&d->trust, dir->path, &dir->fd, err) != STATUS_OK)
        return err->code;
    if (pluginlock_read(&d->trust, dir->fd, dir->path, d->mem, &dir->lock, err) != STATUS_OK) {
        close(dir->fd);
        return err->code;
    }
    if (d->n == d->capacity) {
        d->capacity = d->capacity ? d->capacity * 2 : 8;
        d->items = arena_heap(d->items, d->capacity * sizeof *d->items);
    }
    d->items[d->n++] = dir;
    return STATUS_OK;
}

struct loaddirs_dir *loaddirs_add(struct loaddirs *d, const char *path, struct error *err)
{
    char *real = realpath(path, NULL);
    if (!real) {
        error_set(err, STATUS_PLUGIN, "plugin directory %s %s", path,
                  errno == ENOENT ? "does not exist" : strerror(errno));
        error_fix(err, "correct --plugins or MIGHOST_PLUGIN_PATH");
        return NULL;
    }
    struct loaddirs_dir *dir = find(d, real);
    if (!dir) {
        dir = arena_alloc(d->mem, sizeof *dir);
        *dir = (struct loaddirs_dir){.path = arena_strdup(d->mem, real), .fd = -1};
        if (append(d, dir, err) != STATUS_OK)
            dir = NULL;
    }
    free(real);
    return dir;
}

struct list {
    struct loaddirs_file *items;
    size_t n;
};

static int is_plugin(const char *name)
{
    size_t length = strlen(name);
    return name[0] != '.' && length > 3 && strcmp(name + length - 3, ".so") == 0;
}

static int list_dir(const struct loaddirs *d, const struct loaddirs_dir *dir, struct list *list,
                    struct error *err)
{
    const struct dirent *entry;
    /* fdopendir() takes the descriptor over; dup() would share its position. */
    int fd = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    if (!stream) {
        error_set(err, STATUS_PLUGIN, "plugin directory %s cannot be read: %s", dir->path,
                  strerror(errno));
        if (fd >= 0)
            close(fd);
        return err->code;
    }
    while ((entry = readdir(stream)) != NULL && err->code == STATUS_OK) {
        if (!is_plugin(entry->d_name))
            continue;
        if (list->n == MAX_FILES)
            error_set(err, STATUS_PLUGIN, "more than %d plugins in %s", MAX_FILES, dir->path);
        else
            list->items[list->n++] =
                (struct loaddirs_file){dir, arena_strdup(d->mem, entry->d_name)};
    }
    closedir(stream);
    return err->code;
}

static int by_name(const void *a, const void *b)
{
    const struct loaddirs_file *x = a, *y = b;
    return strcmp(x->name, y->name);
}

/* Adds the files of one directory that no earlier one has. */
static void merge(struct list *all, const struct list *more)
{
    size_t sorted = all->n;
    for (size_t i = 0; i < more->n; i++)
        if (!bsearch(&more->items[i], all->items, sorted, sizeof *all->items, by_name))
            all->items[all->n++] = more->items[i];
    qsort(all->items, all->n, sizeof *all->items, by_name);
}

int loaddirs_list(const struct loaddirs *d, const struct loaddirs_dir *only, size_t n_dirs,
                  struct loaddirs_file **files, size_t *n, struct error *err)
{
    struct list all = {arena_alloc(d->mem, MAX_FILES * sizeof *all.items), 0};
    struct list one = {arena_alloc(d->mem, MAX_FILES * sizeof *one.items), 0};
    for (size_t i = 0; i < d->n; i++) {
        if (only ? d->items[i] != only : i >= n_dirs)
            continue;
        one.n = 0;
        if (list_dir(d, d->items[i], &one, err) != STATUS_OK)
            return err->code;
        if (all.n + one.n > MAX_FILES)
            return error_set(err, STATUS_PLUGIN, "more than %d plugins in all directories",
                             MAX_FILES);
        merge(&all, &one);
    }
    *files = all.items;
    *n = all.n;
    return STATUS_OK;
}
