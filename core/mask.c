/* mask.c - fields of class "secret" and "pii": what of them is not written into any file. */
#include "mask.h"

#include <ctype.h>
#include <string.h>

#include "jsonfile.h"
#include "reject.h"

static const struct project_stage *find(const struct project *p, const char *stage)
{
    for (size_t i = 0; stage && i < p->n_stages; i++)
        if (strcmp(p->stages[i].name, stage) == 0)
            return &p->stages[i];
    return NULL;
}

static int in_list(const char *const *list, size_t n, const char *field)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i], field) == 0)
            return 1;
    return 0;
}

static int is_masked(const struct project_stage *st, const char *field)
{
    return in_list((const char *const *)st->secret, st->n_secret, field) ||
           in_list((const char *const *)st->pii, st->n_pii, field);
}

int mask_keys(const struct project *p, const char *stage)
{
    const struct project_stage *st = find(p, stage);
    for (size_t i = 0; st && i < st->n_key; i++)
        if (is_masked(st, st->key[i]))
            return 1;
    return 0;
}

static int same_entity(const char *a, const char *b)
{
    for (;; a++, b++) {
        a += strspn(a, " ");
        b += strspn(b, " ");
        if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
            return 0;
        if (!*a)
            return 1;
    }
}

int mask_is_secret(const struct project *p, const char *source, const char *entity,
                   const char *field, size_t n)
{
    for (size_t i = 0; i < p->n_stages; i++) {
        const struct project_stage *st = &p->stages[i];
        if (strcmp(st->source, source) != 0 || !same_entity(st->entity, entity))
            continue;
        for (size_t k = 0; k < st->n_secret; k++) {
            const char *name = st->secret[k];
            if (strncmp(name, field, n) == 0 && (!name[n] || name[n] == '.'))
                return 1;
        }
    }
    return 0;
}

int mask_any_keys(const struct project *p)
{
    for (size_t i = 0; i < p->n_stages; i++)
        if (mask_final_keys(p, p->stages[i].name))
            return 1;
    return 0;
}

int mask_has(const struct project *p, const char *stage)
{
    const struct project_stage *st = find(p, stage);
    return st && (st->n_pii || st->n_secret);
}

int mask_final_keys(const struct project *p, const char *stage)
{
    const struct project_stage *st = find(p, stage);
    if (!st || st->ids == ID_UUID5 || st->ids == ID_SEQUENCE)
        return 0;
    return st->ids == ID_KEEP ? mask_keys(p, stage) : mask_has(p, stage);
}

/* A member's value as it may be met elsewhere: what a text says, what a number is written as. */
static void tell(const struct jsonfile_node *node,
                 void (*found)(void *ctx, const char *field, const char *text, size_t n), void *ctx)
{
    if (node->kind == JSONFILE_STRING)
        found(ctx, node->key, node->text, strlen(node->text));
    else if (node->kind == JSONFILE_NUMBER)
        found(ctx, node->key, node->raw, node->raw_len);
}

void mask_record(const struct project *p, const char *stage, const char *raw, size_t n,
                 struct str *out,
                 void (*found)(void *ctx, const char *field, const char *text, size_t n), void *ctx)
{
    const struct project_stage *st = find(p, stage);
    struct faults faults = {0};
    struct jsonfile file = {0};
    struct arena *mem = arena_new();
    if (st && n <= JSONFILE_MAX)
        jsonfile_parse(&file, "", raw, n, mem, &faults);
    if (file.root && file.root->kind == JSONFILE_OBJECT) {
        const char *from = file.text;
        for (const struct jsonfile_node *m = file.root->first; m; m = m->next) {
            if (!is_masked(st, m->key))
                continue;
            tell(m, found, ctx);
            str_add_n(out, from, (size_t)(m->raw - from));
            str_add(out, "\"" MASK_TEXT "\"");
            from = m->raw + m->raw_len;
        }
        str_add(out, from);
    }
    faults_clear(&faults);
    arena_free(mem);
}

/* A key may hold colons and blanks: the stage ends at the first colon, the code begins behind the
 * last blank. */
void mask_cause(const struct project *p, const char *cause, struct str *out)
{
    const char *colon = strchr(cause, ':'), *blank = strrchr(cause, ' ');
    char stage[64];
    size_t n = colon ? (size_t)(colon - cause) : sizeof stage;
    if (n >= sizeof stage || !blank || blank < colon) {
        str_add(out, cause);
        return;
    }
    memcpy(stage, cause, n);
    stage[n] = '\0';
    if (mask_keys(p, stage))
        str_printf(out, "%s:" MASK_TEXT "%s", stage, blank);
    else
        str_add(out, cause);
}

void mask_reason(const struct project *p, const char *stage, const char *reason, struct str *out)
{
    static const char begins[] = REJECT_WINNER, ends[] = REJECT_STAYS;
    const char *key = mask_keys(p, stage) ? strstr(reason, begins) : NULL;
    size_t n = strlen(reason), tail = sizeof ends - 1;
    if (!key || n < tail || strcmp(reason + n - tail, ends) != 0) {
        str_add(out, reason);
        return;
    }
    str_add_n(out, reason, (size_t)(key - reason) + sizeof begins - 1);
    str_add(out, MASK_TEXT);
    str_add(out, ends);
}
