/* loadprobe.c - calls the loader for zoo.sh and prints what it says, a fault in up to three
 * lines. Ends with the loader's status.
 *
 *     loadprobe [-d DIR]... [-r] check FILE... | load FEATURE... | lock | scan
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "loader.h"
#include "registry.h"

#define MAX_DIRS 8

static void print_faults(const struct faults *faults)
{
    for (size_t i = 0; i < faults->n; i++) {
        const struct error *err = &faults->items[i];
        printf("%d %s\n", err->code, err->what);
        if (err->why[0])
            printf("  why: %s\n", err->why);
        if (err->fix[0])
            printf("  fix: %s\n", err->fix);
    }
}

static void print_plugin(const struct loader_plugin *p)
{
    printf("plugin %s %s %s\n", p->plugin->id, p->plugin->version, p->path);
}

static int check(struct loader *l, char **files, struct faults *faults)
{
    int status = STATUS_OK;
    for (; *files; files++) {
        struct loader_plugin *plugin;
        if (loader_check_file(l, *files, &plugin, faults) == STATUS_OK)
            print_plugin(plugin);
        else
            status = STATUS_PLUGIN;
    }
    return status;
}

static int load(struct loader *l, char **features, struct faults *faults)
{
    size_t n = 0;
    struct registry registry;
    while (features[n])
        n++;
    int status = loader_load(l, (const char *const *)features, n, faults);
    registry_init(&registry);
    for (size_t i = 0; i < l->n; i++) {
        print_plugin(&l->plugins[i]);
        if (registry_add(&registry, l->plugins[i].plugin, l->plugins[i].path, l->plugins[i].sha256,
                         faults) != STATUS_OK)
            status = STATUS_PLUGIN;
    }
    registry_clear(&registry);
    return status;
}

static int scan(struct loader *l, struct faults *faults)
{
    size_t n;
    struct loader_file *files;
    int status = loader_scan(l, &files, &n, faults);
    for (size_t i = 0; i < n; i++)
        printf("%s %s\n", files[i].name, files[i].path);
    return status;
}

static int run(struct loader *l, char **argv, struct faults *faults)
{
    if (strcmp(argv[0], "check") == 0)
        return check(l, argv + 1, faults);
    if (strcmp(argv[0], "load") == 0)
        return load(l, argv + 1, faults);
    if (strcmp(argv[0], "lock") == 0)
        return loader_write_lock(l, faults);
    return strcmp(argv[0], "scan") == 0 ? scan(l, faults) : STATUS_USAGE;
}

int main(int argc, char **argv)
{
    int status, require_lock = 0;
    size_t n_dirs = 0;
    const char *dirs[MAX_DIRS];
    struct loader loader;
    struct faults faults = {0};
    for (int option; (option = getopt(argc, argv, "+d:r")) != -1;) {
        if (option == 'd' && n_dirs < MAX_DIRS)
            dirs[n_dirs++] = optarg;
        else if (option == 'r')
            require_lock = 1;
        else
            return STATUS_USAGE;
    }
    if (optind == argc)
        return STATUS_USAGE;
    status = loader_init(&loader, dirs, n_dirs, &faults);
    loader.require_lock = require_lock;
    if (status == STATUS_OK)
        status = run(&loader, argv + optind, &faults);
    print_faults(&faults);
    faults_clear(&faults);
    loader_clear(&loader);
    return status;
}
