/* mockhost.c - a host that only keeps what a unit says: for tests of plugins and --check-plugin.
 * It offers less than the real one: services that belong to one kind of unit are NULL, whoever
 * tries such a unit puts in its own. Needs nothing of the host; memory that is not there aborts. */
#include "mockhost.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct piece {
    struct piece *next;
    max_align_t data[];
};

static void *keep(struct mockhost *m, size_t bytes)
{
    struct piece *p = calloc(1, sizeof *p + bytes);
    if (!p)
        abort();
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

static int32_t mock_skip(const mig_host_t *h, const char *code, const char *reason)
{
    struct mockhost *m = h->impl;
    (void)code;
    (void)reason;
    m->n_skips++;
    return MIG_SKIP;
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

void mockhost_init(struct mockhost *m, const mig_unit_t *unit,
                   const struct mockhost_option *options)
{
    *m = (struct mockhost){.unit = unit, .options = options, .text = "", .fix = ""};
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
                           .skip = mock_skip,
                           .repaired = mock_repaired,
                           .place = mock_place};
}

static void release(void **chain)
{
    while (*chain) {
        struct piece *p = *chain;
        *chain = p->next;
        free(p);
    }
}

void mockhost_forget(struct mockhost *m)
{
    release(&m->memory);
    m->n_logs = m->n_rejects = m->n_skips = m->n_failed = 0;
    m->status = 0;
    m->text = m->fix = "";
}

void mockhost_lasts(struct mockhost *m)
{
    while (m->memory) {
        struct piece *p = m->memory;
        m->memory = p->next;
        p->next = m->lasting;
        m->lasting = p;
    }
}

void mockhost_clear(struct mockhost *m)
{
    mockhost_forget(m);
    release(&m->lasting);
}

int mockhost_logged(const struct mockhost *m, int32_t level, const char *text)
{
    for (size_t i = 0; i < m->n_logs && i < MOCKHOST_KEPT; i++)
        if (m->logs[i].level == level && strstr(m->logs[i].text, text))
            return 1;
    return 0;
}
