/* hostfiles.c - the services by which reporters write files. Where the bundle is, and what becomes
 * of it, is bundle.c's. */
#include "hostfiles.h"

#define MAX_FILES ((uint32_t)(sizeof((struct host *)0)->files / sizeof(struct outfile *)))

int32_t hostfiles_open(const mig_host_t *h, const char *name, uint32_t *handle)
{
    struct host *host = ((const struct unit *)h->impl)->host;
    struct error err = {0};
    for (uint32_t i = 0; host->bundle && i < MAX_FILES; i++) {
        if (host->files[i])
            continue;
        host->files[i] = outfile_open(host->bundle, name, &err);
        *handle = i;
        return host->files[i] ? MIG_OK : h->fail(h, MIG_E_IO, err.what, err.fix);
    }
    return h->fail(h, MIG_E_BUG, "opens a file where there is no bundle, or too many", NULL);
}

int32_t hostfiles_write(const mig_host_t *h, uint32_t handle, const void *data, size_t len)
{
    struct host *host = ((const struct unit *)h->impl)->host;
    struct error err = {0};
    if (handle >= MAX_FILES || !host->files[handle])
        return h->fail(h, MIG_E_BUG, "writes to a file that is not open", NULL);
    if (outfile_write(host->files[handle], data, len, &err) == 0)
        return MIG_OK;
    return h->fail(h, MIG_E_IO, err.what, err.fix);
}

int32_t hostfiles_close(const mig_host_t *h, uint32_t handle)
{
    struct host *host = ((const struct unit *)h->impl)->host;
    struct error err = {0};
    if (handle >= MAX_FILES || !host->files[handle])
        return h->fail(h, MIG_E_BUG, "closes a file that is not open", NULL);
    int code = outfile_close(host->files[handle], &err);
    host->files[handle] = NULL;
    return code == 0 ? MIG_OK : h->fail(h, MIG_E_IO, err.what, err.fix);
}

size_t hostfiles_drop(struct host *h)
{
    size_t dropped = 0;
    for (uint32_t i = 0; i < MAX_FILES; i++) {
        if (!h->files[i])
            continue;
        outfile_abandon(h->files[i]);
        h->files[i] = NULL;
        dropped++;
    }
    return dropped;
}
