/*
 * kinds.c - one rule of any kind, and the validator "rules", which is a list of them.
 */
#include "kinds.h"

#include <stdio.h>
#include <string.h>

#include "common/nearest.h"

const struct kind *kinds_find(const struct kind *kinds, const char *name)
{
    for (const struct kind *k = kinds; k->unit; k++)
        if (strcmp(k->unit->name, name) == 0)
            return k;
    return NULL;
}

/* The options of the kind, and "rule" itself. */
static void check_members(const struct kind *kind, const struct rule *r)
{
    const char *known[32] = {"rule"};
    size_t n = 1;
    for (const mig_option_t *o = kind->unit->options; o->name && n < 31; o++)
        known[n++] = o->name;
    faultlist_members(&r->checks->faults, r->where, r->members, known);
}

void kinds_build(const struct kind *kind, struct rule_checks *checks, const json_t *members,
                 const char *where)
{
    struct rule r = {checks, members, where, MIG_SEVERITY_ERROR};
    check_members(kind, &r);
    rule_read_severity(&r);
    kind->build(&r);
}

static void unknown_kind(const struct rule *r, const char *name)
{
    struct nearest near = {0};
    for (const struct kind *k = r->checks->kinds; k->unit; k++)
        nearest_offer(&near, name, k->unit->name);
    if (near.name)
        rule_fault(r, "there is no rule \"%.60s\", did you mean \"%s\"?", name, near.name);
    else
        rule_fault(r, "there is no rule \"%.60s\"", name);
}

void kinds_build_rules(const struct rule *r)
{
    const json_t *list = json_object_get(r->members, "rules");
    if (!json_is_array(list))
        rule_fault(r, "\"rules\" must be a list of objects");
    for (size_t i = 0; i < json_array_size(list); i++) {
        char where[120];
        (void)snprintf(where, sizeof where, "rule %zu", i + 1);
        struct rule one = *r;
        one.members = json_array_get(list, i);
        one.where = where;
        const char *name = rule_text(&one, "rule", 1);
        const struct kind *kind = name ? kinds_find(r->checks->kinds, name) : NULL;
        if (kind && kind->build != kinds_build_rules) {
            (void)snprintf(where, sizeof where, "rule %zu (%s)", i + 1, kind->unit->name);
            kinds_build(kind, r->checks, one.members, where);
        } else if (name) {
            unknown_kind(&one, name);
        }
    }
}
