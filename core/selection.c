/* selection.c - --only, --phase, --skip and --with-dependencies. Works on one list of switches,
 * whatever kind of thing they belong to. What plugins need, and whose keys they use, is not known
 * here: job.c enables those stages. */
#include "selection.h"

#include <string.h>

enum kind { STAGE, VALIDATOR, REPORTER };

static const char *const kind_names[] = {"stage", "validator", "reporter"};

struct item {
    enum kind kind;
    const char *name;
    int *enabled;
    const char *phase; /* of a stage, as text; "" for none */
};

struct items {
    struct item *list;
    size_t n;
};

static struct items collect(struct arena *mem, struct project *p)
{
    struct items all = {NULL, 0};
    all.list =
        arena_alloc(mem, (p->n_stages + p->n_validators + p->n_reporters + 1) * sizeof *all.list);
    for (size_t i = 0; i < p->n_stages; i++) {
        struct project_stage *st = &p->stages[i];
        const char *phase = st->phase ? arena_printf(mem, "%lld", (long long)st->phase) : "";
        all.list[all.n++] = (struct item){STAGE, st->name, &st->enabled, phase};
    }
    for (size_t i = 0; i < p->n_validators; i++)
        all.list[all.n++] =
            (struct item){VALIDATOR, p->validators[i].name, &p->validators[i].enabled, ""};
    for (size_t i = 0; i < p->n_reporters; i++)
        all.list[all.n++] =
            (struct item){REPORTER, p->reporters[i].name, &p->reporters[i].enabled, ""};
    return all;
}

static int is_named(const struct item *item, const char *name)
{
    size_t k = strlen(kind_names[item->kind]);
    if (strncmp(name, kind_names[item->kind], k) == 0 && name[k] == ':')
        name += k + 1;
    return strcmp(item->name, name) == 0;
}

static int is_listed(const struct item *item, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is_named(item, names[i]))
            return 1;
    return 0;
}

static int is_in_phase(const struct item *item, const struct project_overrides *o)
{
    for (size_t i = 0; i < o->n_phases; i++)
        if (strcmp(item->phase, o->phases[i]) == 0)
            return 1;
    return 0;
}

static void usage_fault(struct fields *f, const char *text, const char *fix)
{
    struct error err = {0};
    error_set(&err, STATUS_USAGE, "%s", text);
    if (fix)
        error_fix(&err, "%s", fix);
    faults_add(f->faults, &err);
}

static void check_name(struct fields *f, const struct items *all, const char *flag,
                       const char *name)
{
    const char **names = arena_alloc(f->mem, (all->n + 1) * sizeof *names);
    for (size_t i = 0; i < all->n; i++) {
        if (is_named(&all->list[i], name))
            return;
        names[i] = all->list[i].name;
    }
    const char *near = str_nearest(name, names, all->n);
    usage_fault(f,
                arena_printf(f->mem, "%s %s: the project has no such stage, validator or reporter",
                             flag, name),
                near ? arena_printf(f->mem, "did you mean \"%s\"?", near) : NULL);
}

/* Each number once, in the order of the stages. */
static const char *known_phases(struct fields *f, const struct items *all)
{
    const char *list = "";
    for (size_t i = 0; i < all->n; i++) {
        size_t first = 0;
        while (strcmp(all->list[first].phase, all->list[i].phase) != 0)
            first++;
        if (first == i && all->list[i].phase[0])
            list = arena_printf(f->mem, "%s%s%s", list, *list ? ", " : "", all->list[i].phase);
    }
    return list;
}

static void check_phase(struct fields *f, const struct items *all, const char *phase)
{
    for (size_t i = 0; i < all->n; i++)
        if (strcmp(all->list[i].phase, phase) == 0)
            return;
    const char *known = known_phases(f, all);
    usage_fault(f, arena_printf(f->mem, "--phase %s: the project has no such phase", phase),
                *known ? arena_printf(f->mem, "there are: %s", known)
                       : "give its stages a number by the key \"phase\"");
}

static void check_names(struct fields *f, const struct items *all,
                        const struct project_overrides *o)
{
    for (size_t i = 0; i < o->n_only; i++)
        check_name(f, all, "--only", o->only[i]);
    for (size_t i = 0; i < o->n_skip; i++)
        check_name(f, all, "--skip", o->skip[i]);
    for (size_t i = 0; i < o->n_phases; i++)
        check_phase(f, all, o->phases[i]);
    for (size_t i = 0; i < all->n; i++)
        if (is_listed(&all->list[i], o->only, o->n_only) &&
            is_listed(&all->list[i], o->skip, o->n_skip))
            usage_fault(f,
                        arena_printf(f->mem, "%s %s is named by --only and by --skip",
                                     kind_names[all->list[i].kind], all->list[i].name),
                        "leave it out of one of the two");
}

static void set(struct fields *f, const struct item *item, int enabled, const char *origin)
{
    *item->enabled = enabled;
    settings_set(f->settings,
                 arena_printf(f->mem, "%ss.%s.enabled", kind_names[item->kind], item->name),
                 enabled ? "true" : "false", origin);
}

static struct project_stage *needed_stage(struct project *p, const struct project_need *need)
{
    if (!need->hard || strncmp(need->feature, "stage:", 6) != 0)
        return NULL;
    return (struct project_stage *)project_find_stage(p, need->feature + 6);
}

/* Enables what enabled stages need, until nothing is added. */
static void pull_needs(struct fields *f, struct project *p)
{
    for (int changed = 1; changed;) {
        changed = 0;
        for (size_t i = 0; i < p->n_stages; i++)
            for (size_t j = 0; p->stages[i].enabled && j < p->stages[i].n_needs; j++) {
                struct project_stage *s = needed_stage(p, &p->stages[i].needs[j]);
                if (!s || s->enabled)
                    continue;
                struct item item = {STAGE, s->name, &s->enabled, ""};
                set(f, &item, 1, "flag --with-dependencies");
                changed = 1;
            }
    }
}

/* What a list names is meant, disabled or not; a phase is taken as the project has it. */
static void choose(struct fields *f, const struct project_overrides *o, const struct items *all)
{
    int listed[3] = {0};
    for (size_t i = 0; i < all->n; i++)
        listed[all->list[i].kind] |= is_listed(&all->list[i], o->only, o->n_only);
    for (size_t i = 0; i < all->n; i++) {
        const struct item *item = &all->list[i];
        int named = is_listed(item, o->only, o->n_only), phased = is_in_phase(item, o);
        if (listed[item->kind] && (named || !phased))
            set(f, item, named, "flag --only");
        else if (item->kind == STAGE && o->n_phases)
            set(f, item, phased && *item->enabled, "flag --phase");
    }
}

int selection_is_part(const struct project_overrides *o)
{
    return o->n_only || o->n_phases;
}

void selection_apply(struct fields *f, const struct project_overrides *o, struct project *p)
{
    struct items all = collect(f->mem, p);
    check_names(f, &all, o);
    choose(f, o, &all);
    if (o->with_dependencies && selection_is_part(o))
        pull_needs(f, p);
    for (size_t i = 0; i < all.n; i++)
        if (is_listed(&all.list[i], o->skip, o->n_skip))
            set(f, &all.list[i], 0, "flag --skip");
    for (size_t i = 0; o->with_dependencies && selection_is_part(o) && i < p->n_stages; i++) {
        struct item item = {.kind = STAGE, .name = p->stages[i].name};
        p->stages[i].may_join = !p->stages[i].enabled && !is_listed(&item, o->skip, o->n_skip);
    }
}
