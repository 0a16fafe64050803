/*
 * mockhost.c - the host's side of the ABI for tests, with sources in mind.
 *
 * It offers less than the real host on purpose: services that a source must not use are NULL.
 * A mistake in a test ends the process at once, a mistake of the plugin is kept for the test.
 */
#include "mockhost.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct piece {
    struct piece *next;
    max_align_t data[];
};

static void give_up(const char *what, const char *why)
{
    printf("mockhost: %s: %s\n", what, why ? why : "");
    abort();
}

static void *keep(struct mockhost *m, size_t bytes)
{
    struct piece *p = calloc(1, sizeof *p + bytes);
    if (!p)
        give_up("memory", NULL);
    p->next = m->memory;
    m->memory = p;
    return p->data;
}

static const char *keep_text(struct mockhost *m, const char *text)
{
    if (!text)
        return NULL;
    size_t n = strlen(text) + 1;
    return memcpy(keep(m, n), text, n);
}

static void mock_log(const mig_host_t *h, int32_t level, const char *text)
{
    struct mockhost *m = h->impl;
    m->logs[m->n_logs++ % MOCKHOST_KEPT] =
        (struct mockhost_text){.level = level, .text = keep_text(m, text)};
}

static int32_t mock_fail(const mig_host_t *h, int32_t status, const char *text, const char *fix)
{
    struct mockhost *m = h->impl;
    if (m->n_failed++ == 0) {
        m->status = status;
        m->text = keep_text(m, text);
        m->fix = fix ? keep_text(m, fix) : "";
    }
    return status;
}

static int32_t mock_cancelled(const mig_host_t *h)
{
    return ((struct mockhost *)h->impl)->cancelled;
}

static int32_t mock_option(const mig_host_t *h, const char *name, mig_value_t *out)
{
    struct mockhost *m = h->impl;
    const mig_option_t *o = m->unit->options;
    while (o && o->name && strcmp(o->name, name) != 0)
        o++;
    if (!o || !o->name)
        return MIG_E_BUG;
    const char *value = o->default_value;
    for (const struct mockhost_option *set = m->options; set && set->name; set++)
        if (strcmp(set->name, name) == 0)
            value = set->value;
    *out = (mig_value_t){.kind = MIG_ABSENT};
    if (value)
        *out = (mig_value_t){value, (uint32_t)strlen(value), MIG_TEXT};
    return MIG_OK;
}

static void *mock_alloc(const mig_host_t *h, size_t bytes)
{
    return keep(h->impl, bytes);
}

static int32_t mock_reject(const mig_host_t *h, const char *field, const char *code,
                           const char *reason)
{
    struct mockhost *m = h->impl;
    m->rejects[m->n_rejects++ % MOCKHOST_KEPT] = (struct mockhost_text){
        .field = keep_text(m, field), .code = keep_text(m, code), .text = keep_text(m, reason)};
    return MIG_REJECT;
}

static void mock_repaired(const mig_host_t *h, const char *field, const char *rule)
{
    struct mockhost *m = h->impl;
    (void)field;
    (void)snprintf(m->repair, sizeof m->repair, "%s", rule);
}

static int32_t mock_place(const mig_host_t *h, mig_place_t *out)
{
    *out = ((const struct mockhost *)h->impl)->place;
    return MIG_OK;
}

const mig_plugin_t *mockhost_load(const char *name)
{
    char path[4096];
    const char *dir = getenv("PLUGINS");
    if (!dir)
        give_up("the environment variable PLUGINS is not set", NULL);
    int n = snprintf(path, sizeof path, "%s/%s.so", dir, name);
    if (n < 0 || (size_t)n >= sizeof path)
        give_up("path is too long", name);
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        give_up(path, dlerror());
    const mig_plugin_t *plugin = dlsym(handle, "mighost_plugin");
    if (!plugin || plugin->magic != MIG_MAGIC || plugin->abi_major != MIG_ABI_MAJOR)
        give_up(path, "is no plugin of this ABI");
    return plugin;
}

int32_t mockhost_start(struct mockhost *m, const char *plugin, uint32_t kind, const char *unit,
                       const struct mockhost_option *options)
{
    return mockhost_start_unit(m, mockhost_load(plugin), kind, unit, options);
}

int32_t mockhost_start_unit(struct mockhost *m, const mig_plugin_t *plugin, uint32_t kind,
                            const char *unit, const struct mockhost_option *options)
{
    *m = (struct mockhost){.options = options, .text = "", .fix = ""};
    m->host = (mig_host_t){.size = sizeof(mig_host_t),
                           .abi_major = MIG_ABI_MAJOR,
                           .abi_minor = MIG_ABI_MINOR,
                           .impl = m,
                           .log = mock_log,
                           .fail = mock_fail,
                           .cancelled = mock_cancelled,
                           .option = mock_option,
                           .alloc = mock_alloc,
                           .reject = mock_reject,
                           .repaired = mock_repaired,
                           .place = mock_place};
    const mig_unit_t *const *u = plugin->units;
    while (*u && ((*u)->kind != kind || strcmp((*u)->name, unit) != 0))
        u++;
    if (!*u)
        give_up("no such unit", unit);
    m->unit = *u;
    return m->unit->create(&m->host, &m->self);
}

void mockhost_forget(struct mockhost *m)
{
    while (m->memory) {
        struct piece *p = m->memory;
        m->memory = p->next;
        free(p);
    }
    m->n_logs = m->n_rejects = m->n_failed = 0;
    m->status = 0;
    m->text = m->fix = "";
}

void mockhost_stop(struct mockhost *m)
{
    m->unit->destroy(m->self);
    m->self = NULL;
    mockhost_forget(m);
}

int mockhost_logged(const struct mockhost *m, int32_t level, const char *text)
{
    for (size_t i = 0; i < m->n_logs && i < MOCKHOST_KEPT; i++)
        if (m->logs[i].level == level && strstr(m->logs[i].text, text))
            return 1;
    return 0;
}
