/*
 * sourcetest.c - drives a source as the host does, and writes down what it gives.
 *
 * Mistakes of the test itself (no directory, too many fields) end the process.
 */
#include "sourcetest.h"

#include <dirent.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIELDS_MAX 32U

static char dir[4096];

static void give_up(const char *what)
{
    perror(what);
    abort();
}

const mig_source_ops_t *sourcetest_ops(const struct mockhost *m)
{
    return m->unit->ops;
}

static void add(struct sourcetest *t, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(t->text + t->len, sizeof t->text - t->len, format, ap);
    va_end(ap);
    /* A long read is counted, its text is cut. */
    if (n > 0 && (size_t)n < sizeof t->text - t->len)
        t->len += (size_t)n;
    else
        t->text[t->len] = '\0';
}

static void add_value(struct sourcetest *t, const mig_value_t *v)
{
    static const char letters[] = {'-', 'N', 't', 'n', 'b', 'j'};
    if (v->kind == MIG_ABSENT || v->kind == MIG_NULL)
        add(t, "%c", letters[v->kind]);
    else
        add(t, "%c:%.*s", v->kind <= MIG_JSON ? letters[v->kind] : '?', (int)v->len, v->data);
}

static void wait_for(const mig_wait_t *w)
{
    struct pollfd fds[8];
    for (uint32_t i = 0; i < w->n_fds; i++)
        fds[i] = (struct pollfd){
            .fd = w->fds[i],
            .events = (short)((w->events[i] & MIG_WAIT_READ ? POLLIN : 0) |
                              (w->events[i] & MIG_WAIT_WRITE ? POLLOUT : 0)),
        };
    poll(fds, w->n_fds, (int)w->timeout_ms);
}

int32_t sourcetest_next(struct mockhost *m, struct sourcetest *t)
{
    mig_record_t rec = {.size = sizeof rec};
    mig_wait_t wait = {.size = sizeof wait};
    int32_t status;
    while ((status = sourcetest_ops(m)->next(m->self, &rec, &wait)) == MIG_WAIT) {
        t->waits++;
        wait_for(&wait);
    }
    if (status == MIG_REJECT) {
        t->rejects++;
        add(t, "!%s\n", m->rejects[(m->n_rejects - 1) % MOCKHOST_KEPT].code);
    } else if (status == MIG_OK) {
        t->records++;
        for (uint32_t i = 0; i < rec.n_values; i++) {
            add(t, i ? "|" : "");
            add_value(t, &rec.values[i]);
        }
        add(t, "\n");
    }
    return status;
}

static uint32_t split(char *names, const char **out)
{
    uint32_t n = 0;
    char *rest = names;
    for (char *name; (name = strsep(&rest, " ")) != NULL;)
        if (*name && n < FIELDS_MAX)
            out[n++] = name;
    return n;
}

void sourcetest_read_from(struct mockhost *m, const char *entity, const char *fields,
                          const char *keys, mig_str_t position, struct sourcetest *out)
{
    const char *names[FIELDS_MAX], *key_names[FIELDS_MAX];
    char *list = strdup(fields), *key_list = strdup(keys ? keys : "");
    if (!list || !key_list)
        give_up("memory");
    uint32_t n = split(list, names), n_keys = split(key_list, key_names);
    memset(out, 0, sizeof *out);
    out->status = sourcetest_ops(m)->open(m->self, entity, names, n, n_keys ? key_names : NULL,
                                          n_keys, position);
    while (out->status == MIG_OK || out->status == MIG_REJECT)
        out->status = sourcetest_next(m, out);
    free(list);
    free(key_list);
}

void sourcetest_read(struct mockhost *m, const char *entity, const char *fields, const char *keys,
                     struct sourcetest *out)
{
    sourcetest_read_from(m, entity, fields, keys, (mig_str_t){"", 0}, out);
    if (out->status == MIG_END)
        sourcetest_ops(m)->close(m->self);
}

static void remove_dir(void)
{
    char path[8192];
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d)) != NULL;) {
        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        unlink(path);
    }
    if (d)
        closedir(d);
    rmdir(dir);
}

const char *sourcetest_dir(void)
{
    if (!*dir) {
        const char *tmp = getenv("TMPDIR");
        snprintf(dir, sizeof dir, "%s/mighost-test-XXXXXX", tmp ? tmp : "/tmp");
        if (!mkdtemp(dir) || atexit(remove_dir) != 0)
            give_up(dir);
    }
    return dir;
}

const char *sourcetest_file(const char *name, const char *content, size_t len)
{
    static char paths[8][8192];
    static unsigned turn;
    char *path = paths[turn++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", sourcetest_dir(), name);
    FILE *f = fopen(path, "w");
    if (!f || fwrite(content, 1, len, f) != len || fclose(f) != 0)
        give_up(path);
    return path;
}
