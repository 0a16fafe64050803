/* loader.c - finds, checks and opens plugins. The only user of libltdl and dlopen(). [main]
 *
 * A file is opened once, checked by its descriptor, and loaded as /proc/self/fd/N, so that what
 * was checked is what runs. The descriptor stays open for good: dlopen() knows a file by its
 * name, and a number used again would give the first plugin once more. Nothing is unloaded:
 * no dlclose() but of the probe, no lt_dlexit().
 *
 * dlopen(RTLD_NOW) comes first, for libltdl says "file not found" whatever happened and binds
 * lazily; lt_dlopenadvise() (local, resident) then holds the plugin.
 */
#include "loader.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <ltdl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abicheck.h"
#include "crash.h"
#include "digest.h"
#include "loadelf.h"
#include "loader_state.h"
#include "log.h"
#include "str.h"
#include "surround.h"

#ifndef MIGHOST_PLUGIN_DIR
#error "the build has to say where plugins are installed: -DMIGHOST_PLUGIN_DIR"
#endif

#define SYMBOL "mighost_plugin"

/* ---- directories ---------------------------------------------------------------------- */

static void add_dir(struct loader *l, const char *path, struct faults *faults)
{
    struct error err = {0};
    const struct loaddirs_dir *dir = loaddirs_add(&l->state->dirs, path, &err);
    if (!dir)
        faults_add(faults, &err);
    else if (!dir->lock.present)
        log_write(LOG_DEBUG, "no " PLUGINLOCK_FILE " in %s: every sound plugin there may be loaded",
                  dir->path);
}

/* MIGHOST_PLUGIN_PATH. A relative entry would let the working directory choose the code. */
static void add_path(struct loader *l, const char *path, struct faults *faults)
{
    char *copy = arena_strdup(l->mem, path);
    for (char *entry; (entry = strsep(&copy, ":")) != NULL;) {
        struct error err = {0};
        if (entry[0] == '/') {
            add_dir(l, entry, faults);
            continue;
        }
        error_set(&err, STATUS_PLUGIN,
                  "MIGHOST_PLUGIN_PATH has an entry that is not absolute: "
                  "\"%s\"",
                  entry);
        error_why(&err, "the working directory would decide which code mighost runs");
        error_fix(&err, "write absolute directories, with ':' between them");
        faults_add(faults, &err);
    }
}

int loader_init(struct loader *l, const char *const *dirs, size_t n_dirs, struct faults *faults)
{
    size_t before = faults->n;
    memset(l, 0, sizeof *l);
    l->mem = arena_new();
    l->state = arena_alloc(l->mem, sizeof *l->state);
    loaddirs_init(&l->state->dirs, l->mem);
    /* libltdl would search there for names without a directory; ours have one, but plugins
     * may use libltdl too. */
    unsetenv("LTDL_LIBRARY_PATH");
    if (lt_dlinit() != 0) {
        struct error err = {0};
        error_set(&err, STATUS_PLUGIN, "libltdl cannot be used: %s", lt_dlerror());
        faults_add(faults, &err);
        return err.code;
    }
    for (size_t i = 0; i < n_dirs; i++)
        add_dir(l, dirs[i], faults);
    l->state->n_given = l->state->dirs.n;
    const char *path = secure_getenv("MIGHOST_PLUGIN_PATH");
    if (path && path[0])
        add_path(l, path, faults);
    if (access(MIGHOST_PLUGIN_DIR, F_OK) == 0 || (l->state->dirs.n == 0 && faults->n == before))
        add_dir(l, MIGHOST_PLUGIN_DIR, faults);
    l->n_dirs = l->state->dirs.n;
    l->dirs = arena_alloc(l->mem, (l->n_dirs + 1) * sizeof *l->dirs);
    for (size_t i = 0; i < l->n_dirs; i++)
        l->dirs[i] = l->state->dirs.items[i]->path;
    return faults->n == before ? STATUS_OK : STATUS_PLUGIN;
}

void loader_clear(struct loader *l)
{
    if (l->state) {
        for (size_t i = 0; i < l->state->n; i++)
            faults_clear(&l->state->entries[i]->faults);
        free(l->state->entries);
        free(l->plugins);
        loaddirs_clear(&l->state->dirs);
    }
    if (l->mem)
        arena_free(l->mem);
    memset(l, 0, sizeof *l);
}

/* "no plugins in /a, /b" */
static void no_plugins(const struct loader *l, struct faults *faults)
{
    struct error err = {0};
    struct str dirs;
    str_init(&dirs, 4096);
    for (size_t i = 0; i < l->n_dirs; i++)
        str_printf(&dirs, "%s%s", i ? ", " : "", l->dirs[i]);
    error_set(&err, STATUS_PLUGIN, "no plugins in %s", dirs.data);
    error_why(&err, "there is no file *.so");
    error_fix(&err, "name the directory of the plugins by --plugins DIR");
    faults_add(faults, &err);
    str_clear(&dirs);
}

int loader_list(struct loader *l, struct faults *faults)
{
    struct error err = {0};
    struct loader_state *s = l->state;
    if (s->files)
        return STATUS_OK;
    if (loaddirs_list(&s->dirs, NULL, l->n_dirs, &s->files, &s->n_files, &err) != STATUS_OK)
        faults_add(faults, &err);
    else if (s->n_files == 0)
        no_plugins(l, faults);
    else
        return STATUS_OK;
    s->files = NULL;
    return STATUS_PLUGIN;
}

static const char *bare(struct arena *mem, const char *name)
{
    size_t length = strlen(name);
    return length > 3 && strcmp(name + length - 3, ".so") == 0
               ? arena_strndup(mem, name, length - 3)
               : name;
}

int loader_scan(struct loader *l, struct loader_file **files, size_t *n, struct faults *faults)
{
    *n = 0;
    *files = NULL;
    if (loader_list(l, faults) != STATUS_OK)
        return STATUS_PLUGIN;
    *n = l->state->n_files;
    *files = arena_alloc(l->mem, *n * sizeof **files);
    for (size_t i = 0; i < *n; i++) {
        const struct loaddirs_file *file = &l->state->files[i];
        (*files)[i] = (struct loader_file){
            arena_printf(l->mem, "%s/%s", file->dir->path, file->name), bare(l->mem, file->name)};
    }
    return STATUS_OK;
}

/* ---- one file ------------------------------------------------------------------------- */

/* `text` is dlerror()'s and may name the file by its descriptor. */
static int load_failed(const char *path, const char *proc, const char *text, struct error *err)
{
    struct str clean;
    size_t length = strlen(proc);
    str_init(&clean, sizeof err->what);
    if (strncmp(text, proc, length) == 0 && strncmp(text + length, ": ", 2) == 0)
        text += length + 2;
    for (const char *at; (at = strstr(text, proc)) != NULL; text = at + length) {
        str_add_n(&clean, text, (size_t)(at - text));
        str_add(&clean, path);
    }
    str_add(&clean, text);
    error_set(err, STATUS_PLUGIN, "plugin %s cannot be loaded: %s", path, clean.data);
    if (strstr(clean.data, "undefined symbol"))
        error_fix(err, "link it with the library that has the symbol; -Wl,-z,defs finds this "
                       "when the plugin is built");
    else if (strstr(clean.data, "cannot open shared object file"))
        error_fix(err, "install the library that the plugin needs");
    else
        error_fix(err, "build the plugin again on this machine");
    str_clear(&clean);
    return err->code;
}

static lt_dlhandle hold(const char *proc)
{
    lt_dladvise advise;
    lt_dlhandle handle = NULL;
    if (lt_dladvise_init(&advise) != 0)
        return NULL;
    if (lt_dladvise_local(&advise) == 0 && lt_dladvise_resident(&advise) == 0)
        handle = lt_dlopenadvise(proc, advise);
    lt_dladvise_destroy(&advise);
    return handle;
}

/* dlsym() also looks into the libraries that a plugin needs; the symbol must be the plugin's
 * own, data, and as long as the part of the descriptor that every version has. */
static int check_symbol(const void *symbol, const struct loader_entry *e, struct error *err)
{
    Dl_info info;
    struct stat st;
    struct link_map *map = NULL;
    const ElfW(Sym) *sym = NULL;
    const char *path = e->plugin.path, *problem = NULL;
    if (!symbol)
        problem = "exports no symbol " SYMBOL;
    else if (!dladdr1(symbol, &info, (void **)&map, RTLD_DL_LINKMAP) ||
             stat(map->l_name, &st) != 0 || st.st_dev != e->device || st.st_ino != e->inode)
        problem = "has the symbol " SYMBOL " only in a library that it needs";
    else if (dladdr1(symbol, &info, (void **)&sym, RTLD_DL_SYMENT) && sym &&
             (ELF64_ST_TYPE(sym->st_info) != STT_OBJECT || sym->st_size < 16))
        problem = "exports " SYMBOL " as something else than a mig_plugin_t";
    if (!problem)
        return STATUS_OK;
    error_set(err, STATUS_PLUGIN, "plugin %s %s", path, problem);
    error_fix(err, "define: MIG_EXPORT const mig_plugin_t " SYMBOL " = {...}; (in C++ as "
                   "extern \"C\")");
    return err->code;
}

/* The descriptor of the file, loaded; NULL: err says why. */
static const mig_plugin_t *open_object(const struct loader_entry *e, int fd, struct error *err)
{
    char proc[32];
    snprintf(proc, sizeof proc, "/proc/self/fd/%d", fd);
    /* Constructors of the plugin run in here. */
    struct crash_unit who = {"plugin", e->name, e->plugin.path, e->plugin.sha256};
    struct crash_call outer = crash_enter((struct crash_call){&who, "load", NULL});
    void *probe = dlopen(proc, RTLD_NOW | RTLD_LOCAL);
    crash_leave(outer);
    surround_restore(e->plugin.path);
    if (!probe) {
        const char *text = dlerror();
        load_failed(e->plugin.path, proc, text ? text : "no reason given", err);
        return NULL;
    }
    lt_dlhandle handle = hold(proc);
    if (!handle) {
        const char *text = lt_dlerror();
        load_failed(e->plugin.path, proc, text ? text : "no reason given", err);
        return NULL;
    }
    dlclose(probe);
    const void *symbol = lt_dlsym(handle, SYMBOL);
    return check_symbol(symbol, e, err) == STATUS_OK ? symbol : NULL;
}

static int refuse_crashed(const struct loader *l, const struct loader_entry *e, struct error *err)
{
    error_set(err, STATUS_PLUGIN, "plugin %s crashed in %s() and is as it was then", e->plugin.path,
              l->crashed_call);
    error_why(err, "what crashes may also give wrong values");
    error_fix(err, "correct the plugin; or try it as it is once more, by --retry-plugin");
    return err->code;
}

/* May this very file be loaded? Nothing of it has run so far. */
static int check_file(const struct loader *l, struct loader_entry *e, int fd, struct error *err)
{
    const struct pluginlock *lock = &e->dir->lock;
    const struct pluginlock_entry self = {bare(l->mem, e->name), "", e->plugin.sha256};
    if (digest_fd(fd, e->plugin.sha256) != 0)
        return error_set(err, STATUS_PLUGIN, "plugin %s cannot be read: %s", e->plugin.path,
                         strerror(errno));
    if (strcmp(l->crashed, e->plugin.sha256) == 0)
        return refuse_crashed(l, e, err);
    if (!l->state->ignore_lock) {
        if (l->require_lock && !lock->present) {
            error_set(err, STATUS_PLUGIN, "there is no %s", lock->path);
            error_why(err, "--require-lock allows only plugins that such a file lists");
            error_fix(err,
                      "look at the plugins, then write it by mighost --plugins %s "
                      "--lock-plugins",
                      e->dir->path);
            return err->code;
        }
        if (pluginlock_check(lock, &self, e->plugin.path, err) != STATUS_OK)
            return err->code;
    }
    return loadelf_check(fd, e->plugin.path, err);
}

/* From an open descriptor to a checked plugin, or faults; keeps the descriptor once the file
 * was loaded. */
static void load_entry(struct loader *l, struct loader_entry *e, int fd)
{
    struct error err = {0};
    if (check_file(l, e, fd, &err) != STATUS_OK) {
        faults_add(&e->faults, &err);
        close(fd);
        return;
    }
    const mig_plugin_t *plugin = open_object(e, fd, &err);
    if (!plugin) {
        faults_add(&e->faults, &err);
        return;
    }
    if (abicheck_plugin(plugin, e->plugin.path, &e->faults) != STATUS_OK)
        return;
    e->plugin.plugin = plugin;
    log_write(LOG_DEBUG, "plugin %s %s (ABI %u.%u) is %s", plugin->id, plugin->version,
              plugin->abi_major, plugin->abi_minor, e->plugin.path);
}

static struct loader_entry *new_entry(struct loader *l, const struct loaddirs_dir *dir,
                                      const char *name)
{
    struct loader_state *s = l->state;
    if (s->n == s->capacity) {
        s->capacity = s->capacity ? s->capacity * 2 : 16;
        s->entries = arena_heap(s->entries, s->capacity * sizeof(struct loader_entry *));
    }
    struct loader_entry *e = arena_alloc(l->mem, sizeof *e);
    e->dir = dir;
    e->name = arena_strdup(l->mem, name);
    e->plugin.path = arena_printf(l->mem, "%s/%s", dir->path, name);
    s->entries[s->n++] = e;
    return e;
}

static struct loader_entry *find_entry(const struct loader *l, const struct loaddirs_dir *dir,
                                       const char *name)
{
    for (size_t i = 0; i < l->state->n; i++)
        if (l->state->entries[i]->dir == dir && strcmp(l->state->entries[i]->name, name) == 0)
            return l->state->entries[i];
    return NULL;
}

struct loader_entry *loader_open(struct loader *l, const struct loaddirs_dir *dir, const char *name)
{
    struct stat st;
    struct error err = {0};
    struct loadpath_file file;
    struct loader_entry *e = find_entry(l, dir, name);
    if (e)
        return e;
    if (loadpath_open_file(&l->state->dirs.trust, dir->fd, dir->path, name, l->mem, &file, &err) !=
        STATUS_OK) {
        e = new_entry(l, dir, name);
        faults_add(&e->faults, &err);
        return e;
    }
    fstat(file.fd, &st);
    for (size_t i = 0; i < l->state->n; i++) {
        e = l->state->entries[i];
        if (e->inode == st.st_ino && e->device == st.st_dev) {
            close(file.fd);
            return e;
        }
    }
    e = new_entry(l, dir, file.name);
    e->device = st.st_dev;
    e->inode = st.st_ino;
    load_entry(l, e, file.fd);
    return e;
}

void loader_show(struct loader_entry *e, struct faults *faults)
{
    for (size_t i = 0; !e->shown && i < e->faults.n; i++)
        faults_add(faults, &e->faults.items[i]);
    e->shown = 1;
}

int loader_check_file(struct loader *l, const char *path, struct loader_plugin **out,
                      struct faults *faults)
{
    struct error err = {0};
    const char *slash = strrchr(path, '/');
    const char *parent = slash == path ? "/"
                         : slash       ? arena_strndup(l->mem, path, (size_t)(slash - path))
                                       : ".";
    *out = NULL;
    const struct loaddirs_dir *dir = loaddirs_add(&l->state->dirs, parent, &err);
    if (!dir) {
        faults_add(faults, &err);
        return err.code;
    }
    struct loader_entry *e = loader_open(l, dir, slash ? slash + 1 : path);
    if (e->faults.n) {
        e->shown = 0;
        loader_show(e, faults);
        return STATUS_PLUGIN;
    }
    *out = &e->plugin;
    return STATUS_OK;
}

/* ---- plugins.lock --------------------------------------------------------------------- */

static int lock_dir(struct loader *l, struct loaddirs_dir *dir, int write, struct faults *faults)
{
    size_t n = 0, before = faults->n;
    struct error err = {0};
    struct loaddirs_file *files = NULL;
    if (loaddirs_list(&l->state->dirs, dir, 0, &files, &n, &err) != STATUS_OK) {
        faults_add(faults, &err);
        return err.code;
    }
    struct pluginlock_entry *entries = arena_alloc(l->mem, (n + 1) * sizeof *entries);
    for (size_t i = 0; i < n; i++) {
        struct loader_entry *e = loader_open(l, dir, files[i].name);
        loader_show(e, faults);
        if (e->faults.n)
            continue;
        entries[i] = (struct pluginlock_entry){
            bare(l->mem, files[i].name),
            arena_printf(l->mem, "%u.%u", e->plugin.plugin->abi_major, e->plugin.plugin->abi_minor),
            e->plugin.sha256};
    }
    if (faults->n == before && write &&
        pluginlock_write(dir->fd, dir->path, entries, n, &err) != STATUS_OK)
        faults_add(faults, &err);
    return faults->n == before ? STATUS_OK : STATUS_PLUGIN;
}

int loader_write_lock(struct loader *l, struct faults *faults)
{
    size_t before = faults->n;
    size_t n = l->state->n_given ? l->state->n_given : l->n_dirs;
    l->state->ignore_lock = 1;
    for (size_t i = 0; i < n; i++)
        lock_dir(l, l->state->dirs.items[i], 0, faults);
    for (size_t i = 0; faults->n == before && i < n; i++)
        lock_dir(l, l->state->dirs.items[i], 1, faults);
    l->state->ignore_lock = 0;
    return faults->n == before ? STATUS_OK : STATUS_PLUGIN;
}
