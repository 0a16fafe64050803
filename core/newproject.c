/* newproject.c - the action --new-project: a directory with a project that was proposed from the
 * catalogs of source and target, all of it to be looked over. Databases are only read. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actions.h"
#include "envfile.h"
#include "outdir.h"
#include "output.h"
#include "plural.h"
#include "proposal.h"
#include "side.h"
#include "url.h"
#include "variables.h"

#define STATE_SCHEMA "mighost"

struct newproject {
    struct session *s;
    struct arena *mem;
    struct side source, target;
    const char *dir;
    json_t *proposal; /* owned */
};

/* ---- what it is made of ------------------------------------------------------------------ */

/* Flag, then the variables that a project would take. */
static int open_side(struct newproject *n, const char *flag, const char *const *names,
                     const char *what, struct side *out)
{
    struct envfile none = {.path = ""};
    struct variables v = {.mem = n->mem, .file = &none, .faults = &n->s->faults};
    const char *url = flag;
    for (; !url && *names; names++)
        url = variables_get(&v, *names).value;
    if (n->s->faults.n)
        return faults_code(&n->s->faults);
    if (!url || !*url) {
        error_set(&n->s->err, STATUS_USAGE, "which %s? Its tables are what is proposed", what);
        error_fix(&n->s->err, "--%s URL, or %s_DATABASE_URL in the environment", what,
                  str_equal(what, "source") ? "V1" : "V2");
        return STATUS_USAGE;
    }
    if (side_is_word(url)) {
        error_set(&n->s->err, STATUS_USAGE, "the %s is no connection URL", what);
        error_fix(&n->s->err, "postgresql://user@host:port/database");
        return STATUS_USAGE;
    }
    url_register_secrets(url);
    int code = side_open(n->s, url, out);
    out->name = what;
    return code;
}

static int open_sides(struct newproject *n)
{
    static const char *const sources[] = {"V1_DATABASE_URL", NULL};
    static const char *const targets[] = {"V2_DATABASE_URL", "DATABASE_URL", NULL};
    const struct project_overrides *o = &n->s->options->overrides;
    int code = open_side(n, o->source_url, sources, "source", &n->source);
    if (!code)
        code = open_side(n, o->target_url, targets, "target", &n->target);
    if (!code && str_equal(n->source.identity, n->target.identity)) {
        error_set(&n->s->err, STATUS_PREFLIGHT, "source and target are the same database");
        error_fix(&n->s->err, "give two");
        code = STATUS_PREFLIGHT;
    }
    return code;
}

static int propose(struct newproject *n)
{
    const char *text = proposal_make(n->source.pg, n->target.pg, STATE_SCHEMA, n->mem, &n->s->err);
    if (!text)
        return n->s->err.code;
    n->proposal = json_loads(text, 0, NULL);
    if (!n->proposal)
        return error_set(&n->s->err, STATUS_BUG, "the proposal is no JSON");
    if (json_array_size(json_object_get(n->proposal, "stages")))
        return 0;
    error_set(&n->s->err, STATUS_CONFIG, "no table of the source looks like one of the target");
    error_why(&n->s->err,
              "tables go together by name or by columns of the same names, and both need "
              "a key; those that the role may not read are not seen");
    error_fix(&n->s->err, "see both with --schema-diff URL URL, and write the project by hand: "
                          "docs/tutorial.md");
    return STATUS_CONFIG;
}

/* ---- files --------------------------------------------------------------------------------- */

/* The directory's own name, in the letters that names may have. */
static void project_name(const char *dir, char out[64])
{
    size_t end = strlen(dir), n = 0;
    while (end && dir[end - 1] == '/')
        end--;
    size_t begin = end;
    while (begin && dir[begin - 1] != '/')
        begin--;
    for (size_t i = begin; i < end && n < 63; i++) {
        char c = dir[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        int good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
        out[n++] = good ? c : '-';
    }
    out[n] = '\0';
    if (strspn(out, "-_.") == n)
        snprintf(out, 64, "migration");
}

static int put(struct newproject *n, struct outdir *dir, const char *name, const struct str *text)
{
    return outdir_put(dir, name, text->data, text->len, &n->s->err);
}

static int put_project(struct newproject *n, struct outdir *dir)
{
    char name[64];
    struct str text;
    json_t *p = n->proposal;
    project_name(n->dir, name);
    json_t *doc =
        json_pack("{s:s, s:O, s:{s:s, s:O}, s:{s:{s:s, s:{s:s, s:O}}}, s:O}", "name", name,
                  "review", json_object_get(p, "review"), "target", "url", "${V2_DATABASE_URL}",
                  "schema", json_object_get(p, "target"), "sources", "old", "use", "postgres",
                  "options", "url", "${V1_DATABASE_URL}", "schema", json_object_get(p, "source"),
                  "stages", json_object_get(p, "stages"));
    char *dump = doc ? json_dumps(doc, JSON_INDENT(2)) : NULL;
    json_decref(doc);
    if (!dump)
        return error_set(&n->s->err, STATUS_BUG, "the project cannot be written as JSON");
    str_init(&text, 0);
    str_printf(&text, "%s\n", dump);
    free(dump);
    int code = put(n, dir, "project.json", &text);
    str_clear(&text);
    return code;
}

/* Without a password, whatever the URL had. */
static void add_url(struct str *out, const char *name, const struct pg *pg)
{
    struct pg_where w;
    pg_where(pg, &w);
    str_printf(out, "%s=postgresql://", name);
    url_encode(out, w.user);
    int local = w.host[0] == '/' || !w.host[0];
    str_add_char(out, '@');
    if (!local)
        str_printf(out, strchr(w.host, ':') ? "[%s]:%s" : "%s:%s", w.host, w.port);
    str_add_char(out, '/');
    url_encode(out, w.dbname);
    if (local) {
        str_add(out, "?host=");
        url_encode(out, w.host);
        str_printf(out, "&port=%s", w.port);
    }
    str_add_char(out, '\n');
}

static int put_environment(struct newproject *n, struct outdir *dir)
{
    struct str text;
    str_init(&text, 0);
    str_add(&text,
            "# Copy to .env (mode 0600). Passwords: in the URL, percent-encoded, or in the file\n"
            "# that PGPASSFILE names.\n");
    add_url(&text, "V1_DATABASE_URL", n->source.pg);
    add_url(&text, "V2_DATABASE_URL", n->target.pg);
    str_add(&text,
            "# The database that --rehearse overwrites; without it, one of the embedded server.\n"
            "# STAGING_DATABASE_URL=\n");
    int code = put(n, dir, "env.example", &text);
    str_clear(&text);
    return code;
}

static int put_readme(struct newproject *n, struct outdir *dir)
{
    struct str text;
    char name[64];
    project_name(n->dir, name);
    str_init(&text, 0);
    str_printf(
        &text,
        "# %s\n\nProposed by `mighost --new-project` from the catalogs of both databases, by names"
        " and types.\nNothing in it is known to be right. What to look at stands in `review` of"
        " `project.json`: as long\nas a line is there, nothing is published.\n\n"
        "    cp env.example .env && chmod 600 .env    # and say how to log in\n"
        "    mighost --plan                           # order, mappings, what is left empty\n"
        "    mighost --analyze                        # what both databases hold\n"
        "    mighost --dry-run                        # reads all, checks all, writes nothing"
        " live\n\nTake a line out of `review` once it is settled; then\n\n"
        "    mighost --rehearse                       # the whole run on a copy, then undo\n"
        "    mighost --run\n",
        name);
    int code = put(n, dir, "README.md", &text);
    str_clear(&text);
    return code;
}

static int write_files(struct newproject *n)
{
    struct outdir *dir = outdir_open(n->dir, &n->s->err);
    int code = dir ? put_environment(n, dir) : n->s->err.code;
    if (!code)
        code = put_readme(n, dir);
    if (!code)
        code = put_project(n, dir);
    outdir_close(dir);
    return code;
}

static void tell(const struct newproject *n)
{
    const json_t *review = json_object_get(n->proposal, "review");
    for (size_t i = 0; i < json_array_size(review); i++)
        output_format("review: %s\n", json_string_value(json_array_get(review, i)));
    size_t stages = json_array_size(json_object_get(n->proposal, "stages"));
    size_t lines = json_array_size(review);
    output_format("%s/project.json: %zu %s proposed, %zu %s to review; next: %s/README.md\n",
                  n->dir, stages, plural(stages, "stage", "stages"), lines,
                  plural(lines, "line", "lines"), n->dir);
}

int newproject_run(const struct cli *cli, struct session *s)
{
    struct newproject n = {.s = s, .mem = arena_new(), .dir = cli->argument};
    int code = outdir_check_new(n.dir, &s->err);
    if (!code)
        code = open_sides(&n);
    if (!code)
        code = propose(&n);
    if (!code)
        code = write_files(&n);
    if (!code)
        tell(&n);
    else
        session_report(s, "nothing was written");
    json_decref(n.proposal);
    side_clear(&n.source);
    side_clear(&n.target);
    arena_free(n.mem);
    return code;
}
