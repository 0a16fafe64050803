/* conform.c - which trials a plugin goes through, and what is said of them. What is tried of each
 * kind is in conform_*.c. Nothing of the plugin is called in this process. */
#include "conform.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "kind.h"
#include "plural.h"
#include "trial.h"

#define SECONDS 5U /* for one call */
#define LONG_TEXT ((size_t)1 << 20)

struct subject {
    const struct loader_plugin *plugin;
    const mig_unit_t *unit;
    const char *dir; /* of the options */
    char feature[100];
    struct arena *mem;
    struct faults *faults;
    uint64_t calls;
    char remark[300]; /* of the trials with the options as given */
    const char *said[64];
    size_t n_said;
    int broken; /* it crashed, ended or hung: what comes behind would only say so again */
    int stopped;
};

static void add(struct faults *faults, const char *path, const char *feature, const char *what,
                const char *fix)
{
    struct error err = {0};
    error_set(&err, STATUS_PLUGIN, "plugin %s: %s%s%s%s", path, feature[0] ? "unit " : "", feature,
              feature[0] ? " " : "", what);
    error_fix(&err, "%s", fix);
    faults_add(faults, &err);
}

/* Said of the unit already, by another trial. */
static int is_new(struct subject *s, const char *what)
{
    for (size_t i = 0; i < s->n_said; i++)
        if (trial_same(s->said[i], what))
            return 0;
    if (s->n_said < sizeof s->said / sizeof *s->said)
        s->said[s->n_said++] = arena_strdup(s->mem, what);
    return 1;
}

static void attempt(struct subject *s, void (*body)(void *ctx), void *ctx)
{
    struct trial t;
    if (s->stopped || s->broken)
        return;
    if (trial_run(body, ctx, SECONDS, &t) != 0) {
        add(s->faults, s->plugin->path, s->feature, "cannot be tried: no process or memory",
            "try again");
        s->stopped = 1;
        return;
    }
    for (uint32_t i = 0; i < t.n; i++)
        if (is_new(s, t.faults[i].what))
            add(s->faults, s->plugin->path, s->feature, t.faults[i].what, t.faults[i].fix);
    s->calls += t.calls;
    s->broken = t.broken;
    s->stopped = t.stopped;
    if (t.remark[0] && !s->remark[0])
        memcpy(s->remark, t.remark, sizeof s->remark);
}

/* ---- options ---------------------------------------------------------------------------- */

static void add_quoted(struct str *out, const char *name)
{
    if (out->len > 1)
        str_add(out, ",");
    jsonfile_quote(out, name);
    str_add(out, ":");
}

/* A value that fits the option, for those that must be given. */
static void made_up(const mig_option_t *o, struct str *out)
{
    size_t first = o->allowed ? strcspn(o->allowed, "|") : 0;
    if (o->type == MIG_OPT_INT)
        str_printf(out, "%.*s", o->allowed ? (int)strcspn(o->allowed, ".") : 1,
                   o->allowed ? o->allowed : "1");
    else if (o->type == MIG_OPT_BOOL)
        str_add(out, "true");
    else if (o->type == MIG_OPT_JSON)
        str_add(out, "{}");
    else if (o->type == MIG_OPT_URL)
        str_add(out, "\"http://127.0.0.1:1/test\"");
    else if (o->type == MIG_OPT_PATH)
        str_add(out, "\"/nonexistent/test\"");
    else
        str_printf(out, "\"%.*s\"", o->allowed ? (int)first : 4, o->allowed ? o->allowed : "test");
}

static int in_table(const mig_option_t *o, const char *name)
{
    while (o && o->name && strcmp(o->name, name) != 0)
        o++;
    return o && o->name;
}

/* The unit's options as given, else made up, but for `other`, which gets `value`. */
static char *options_text(struct subject *s, const struct jsonfile_node *given, const char *other,
                          const char *value)
{
    struct str out;
    str_init(&out, 0);
    str_add(&out, "{");
    for (const mig_option_t *o = s->unit->options; o && o->name; o++) {
        const struct jsonfile_node *node = given ? jsonfile_get(given, o->name) : NULL;
        if (other && strcmp(other, o->name) == 0) {
            add_quoted(&out, o->name);
            str_add(&out, value);
        } else if (node) {
            add_quoted(&out, o->name);
            str_add_n(&out, node->raw, node->raw_len);
        } else if (o->flags & MIG_OPTF_REQUIRED && !o->default_value) {
            add_quoted(&out, o->name);
            made_up(o, &out);
        }
    }
    for (const struct jsonfile_node *n = given ? given->first : NULL; n; n = n->next)
        if (!in_table(s->unit->options, n->key)) { /* refused by who parses it */
            add_quoted(&out, n->key);
            str_add(&out, "null");
        }
    str_add(&out, "}");
    char *text = arena_strdup(s->mem, out.data);
    str_clear(&out);
    return text;
}

/* 1: such options are allowed, and parsed. */
static int parse(struct subject *s, const char *json, struct options *out, struct faults *faults)
{
    return options_parse(s->unit->options, json, s->feature, "--unit-options", s->dir, s->mem, out,
                         faults) == 0;
}

static int32_t option(const mig_host_t *h, const char *name, mig_value_t *out)
{
    struct conform *c = h->impl;
    return options_get(&c->options, name, out);
}

static void prepare(struct conform *c, const mig_unit_t *unit, const struct options *options)
{
    memset(c, 0, sizeof *c);
    mockhost_init(&c->m, unit, NULL);
    c->m.host.impl = c;
    c->m.host.option = option;
    c->m.place =
        (mig_place_t){sizeof(mig_place_t), 0, {"test", 4}, {"a", 1}, {"7", 1}, {"name", 4}};
    c->unit = unit;
    c->options = *options;
}

/* ---- what is tried of every unit -------------------------------------------------------- */

static void lives(void *ctx)
{
    struct conform *c = ctx;
    struct conform_growth g;
    int32_t got = conform_create(c);
    conform_destroy(c);
    for (int i = 0; i < 10; i++) {
        conform_create(c);
        conform_destroy(c);
    }
    conform_grow_begin(&g);
    while (conform_grow_on(&g, 200)) {
        if (conform_create(c) != got)
            trial_fault("keep no state outside of instances",
                        "answers otherwise in create() when it was "
                        "created before");
        conform_destroy(c);
    }
    conform_grow_end(&g, "times create() and destroy()");
}

static void lives_once(void *ctx)
{
    struct conform *c = ctx;
    conform_create(c);
    conform_destroy(c);
}

/* Everything that the option's type and bounds allow, as far as it is worth a trial. */
static void try_option(struct subject *s, const struct jsonfile_node *given, const mig_option_t *o)
{
    static const char *const shapes[] = {"{}",
                                         "[]",
                                         "null",
                                         "true",
                                         "1",
                                         "\"x\"",
                                         "[[[{}]]]",
                                         "{\"\":\"\"}",
                                         "-1",
                                         "\"\"",
                                         "9223372036854775807",
                                         "-9223372036854775808",
                                         "false"};
    char *large = arena_alloc(s->mem, LONG_TEXT + 3);
    memset(large, 'a', LONG_TEXT + 2);
    large[0] = large[LONG_TEXT + 1] = '"';
    large[LONG_TEXT + 2] = '\0';
    const char *dots = o->type == MIG_OPT_INT && o->allowed ? strstr(o->allowed, "..") : NULL;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes + 2 && !s->stopped; i++) {
        const char *value = i < sizeof shapes / sizeof *shapes   ? shapes[i]
                            : i > sizeof shapes / sizeof *shapes ? large
                            : dots                               ? dots + 2
                                                                 : "0";
        struct options options;
        struct faults refused = {0};
        struct conform c;
        char remark[sizeof s->remark];
        size_t before = s->faults->n;
        memcpy(remark, s->remark, sizeof remark);
        if (parse(s, options_text(s, given, o->name, value), &options, &refused)) {
            prepare(&c, s->unit, &options);
            attempt(s, lives_once, &c);
        }
        faults_clear(&refused);
        memcpy(s->remark, remark, sizeof remark);
        for (size_t k = before; k < s->faults->n; k++)
            error_why(&s->faults->items[k], "its option %s was %.40s", o->name,
                      value == large ? "a text of 1 MB" : value);
        if (s->faults->n > before)
            return;
    }
}

static const struct conform_try *tries_of(uint32_t kind)
{
    static const struct conform_try *const tries[] = {NULL,
                                                      conform_source,
                                                      conform_transform,
                                                      conform_migrator,
                                                      conform_validator,
                                                      conform_reporter};
    return tries[kind];
}

struct body {
    struct conform *c;
    void (*call)(struct conform *c);
};

static void call_body(void *ctx)
{
    const struct body *b = ctx;
    b->call(b->c);
}

static void try_unit(struct subject *s, const struct jsonfile_node *given)
{
    struct options options;
    struct conform *c = arena_alloc(s->mem, sizeof *c);
    if (!parse(s, options_text(s, given, NULL, NULL), &options, s->faults))
        return;
    prepare(c, s->unit, &options);
    attempt(s, lives, c);
    for (const struct conform_try *t = tries_of(s->unit->kind); t->body; t++) {
        struct body b = {c, t->body};
        prepare(c, s->unit, &options);
        attempt(s, call_body, &b);
    }
    for (const mig_option_t *o = s->unit->options; o && o->name; o++)
        try_option(s, given, o);
}

static int is_wanted(const struct conform_wishes *w, const char *feature)
{
    for (size_t i = 0; i < w->n_only; i++)
        if (strcmp(w->only[i], feature) == 0)
            return 1;
    return w->n_only == 0;
}

int conform_plugin(const struct loader_plugin *plugin, const struct conform_wishes *wishes,
                   struct str *told, struct faults *faults)
{
    const struct jsonfile_node *given = wishes->options;
    size_t before = faults->n;
    for (size_t i = 0; plugin->plugin->units[i]; i++) {
        struct subject s = {.plugin = plugin,
                            .unit = plugin->plugin->units[i],
                            .dir = wishes->dir,
                            .faults = faults};
        snprintf(s.feature, sizeof s.feature, "%s:%s", kind_name(s.unit->kind), s.unit->name);
        if (!is_wanted(wishes, s.feature))
            continue;
        s.mem = arena_new();
        try_unit(&s, given ? jsonfile_get(given, s.feature) : NULL);
        arena_free(s.mem);
        if (s.stopped)
            return faults->n > before ? STATUS_PLUGIN : STATUS_INTERRUPTED;
        str_printf(told, "%s: %llu %s%s%s\n", s.feature, (unsigned long long)s.calls,
                   plural(s.calls, "call", "calls"),
                   s.remark[0] ? "; with these options it could not be tried further: " : "",
                   s.remark);
    }
    return faults->n > before ? STATUS_PLUGIN : STATUS_OK;
}

/* ---- loading ---------------------------------------------------------------------------- */

struct loading {
    void (*load)(void *ctx);
    void *ctx;
};

static void load_body(void *ctx)
{
    const struct loading *l = ctx;
    trial_enter("load", "");
    l->load(l->ctx);
    trial_leave();
}

int conform_load(const char *path, void (*load)(void *ctx), void *ctx, struct faults *faults)
{
    struct trial t;
    struct loading l = {load, ctx};
    if (trial_run(load_body, &l, SECONDS, &t) != 0)
        return STATUS_OK; /* then it is seen here */
    for (uint32_t i = 0; i < t.n; i++)
        add(faults, path, "", t.faults[i].what, t.faults[i].fix);
    return t.n ? STATUS_PLUGIN : t.stopped ? STATUS_INTERRUPTED : STATUS_OK;
}
