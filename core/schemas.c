/* schemas.c - the actions on two databases: compare their schemas, bring one up to the other. */
#include <stdio.h>
#include <string.h>

#include "actions.h"
#include "log.h"
#include "output.h"
#include "plural.h"
#include "schema_compare.h"
#include "schema_sync.h"
#include "side.h"

struct pair {
    struct arena *mem;
    struct side a, b;
    struct schema left, right;
    struct schema_differences d;
};

static int failed(struct session *s, int code)
{
    session_report(s, "nothing was changed");
    return code ? code : faults_code(&s->faults);
}

static const char *state_schema(const struct session *s)
{
    return s->project ? s->project->target.state_schema : "mighost";
}

static int read_side(struct session *s, struct side *side, struct arena *mem, struct schema *out)
{
    int code = pg_begin(side->pg, "READ ONLY", &s->err);
    if (!code)
        code = schema_read(side->pg, state_schema(s), mem, out, &s->err);
    pg_rollback(side->pg);
    return code;
}

static int compare(struct session *s, struct pair *p)
{
    int code = read_side(s, &p->a, p->mem, &p->left);
    if (!code)
        code = read_side(s, &p->b, p->mem, &p->right);
    if (!code)
        schema_compare(&p->left, &p->right, p->mem, &p->d);
    return code;
}

static int open_pair(struct session *s, const char *a, const char *b, struct pair *p)
{
    memset(p, 0, sizeof *p);
    p->mem = arena_new();
    int code = side_open(s, a, &p->a);
    return code ? code : side_open(s, b, &p->b);
}

static void close_pair(struct pair *p)
{
    side_clear(&p->a);
    side_clear(&p->b);
    arena_free(p->mem);
}

static void tell(const struct cli *cli, const struct pair *p, const char *a, const char *b)
{
    struct str text;
    str_init(&text, 0);
    if (cli->json) {
        str_add(&text, "{\"differences\": ");
        schema_compare_json(&p->d, &text);
        str_printf(&text, ", \"equal\": %s}\n", p->d.told ? "false" : "true");
    } else {
        schema_compare_text(&p->d, a, b, &text);
        str_printf(&text, "%zu %s\n", p->d.told, plural(p->d.told, "difference", "differences"));
    }
    output_text(text.data);
    str_clear(&text);
}

int schemas_diff(const struct cli *cli, struct session *s)
{
    struct pair p;
    const char *a = cli->argument, *b = cli->other ? cli->other : "target";
    int words = side_is_word(a) || side_is_word(b);
    int code = words ? session_project(s) : 0;
    if (code)
        return failed(s, code);
    code = open_pair(s, a, b, &p);
    if (!code)
        code = compare(s, &p);
    if (!code)
        tell(cli, &p, p.a.name == p.b.name ? "the first" : p.a.name,
             p.a.name == p.b.name ? "the second" : p.b.name);
    int different = p.d.told > 0;
    close_pair(&p);
    return code ? failed(s, code) : different ? STATUS_INVALID : 0;
}

static int apply(const struct cli *cli, struct session *s, struct pair *p)
{
    int code = schema_sync_apply(p->b.pg, &p->d, &s->err);
    if (!code)
        code = compare(s, p);
    if (code)
        return code;
    tell(cli, p, "target", "rehearsal");
    return p->d.told ? STATUS_INVALID : 0;
}

int schemas_sync(const struct cli *cli, struct session *s)
{
    struct pair p;
    struct str text;
    int code = open_pair(s, "target", "rehearsal", &p);
    if (!code)
        code = side_guard(s, &p.a, &p.b);
    if (!code)
        code = compare(s, &p);
    if (!code && cli->yes) {
        code = apply(cli, s, &p);
    } else if (!code) {
        str_init(&text, 0);
        schema_sync_text(&p.d, &text);
        output_text(text.data);
        str_clear(&text);
        log_write(LOG_INFO, "nothing was changed; --yes runs it on the rehearsal database");
    }
    close_pair(&p);
    return s->err.code || s->faults.n ? failed(s, code) : code;
}
