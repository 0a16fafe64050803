/* unique.c - rules of uniqueness: which columns they may be about, and how values are compared and
 * suffixed, as SQL. Pure. A suffix stands in front of the first `before`, else at the end, and is
 * told from the value by the sign: "x@y" becomes "x+1@y". */
#include "unique.h"

#include <stdio.h>
#include <string.h>

#include "sql.h"

/* ---- the rule and the target ----------------------------------------------------------- */

static int folds(const struct project_unique *p, const char *what)
{
    for (size_t i = 0; i < p->n_fold; i++)
        if (str_equal(p->fold[i], what))
            return 1;
    return 0;
}

static int is_text(const struct catalog_column *c)
{
    return str_equal(c->base, "text") || strncmp(c->base, "character varying", 17) == 0 ||
           strstr(c->base, "citext") != NULL;
}

static int in_key(const struct catalog_key *k, const char *column)
{
    for (size_t i = 0; k && k->simple && i < k->n; i++)
        if (str_equal(k->columns[i], column))
            return 1;
    return 0;
}

static int in_reference(const struct job_table *t, const char *column)
{
    for (size_t i = 0; i < t->n_references; i++)
        for (size_t k = 0; k < t->references[i].key.n; k++)
            if (str_equal(t->references[i].key.columns[k], column))
                return 1;
    return 0;
}

static int is_same(const struct project_unique *a, const struct project_unique *b)
{
    if (a->on_taken != b->on_taken || !str_equal(a->sign, b->sign) ||
        !str_equal(a->before, b->before))
        return 0;
    return folds(a, "case") == folds(b, "case") && folds(a, "width") == folds(b, "width") &&
           folds(a, "space") == folds(b, "space") && folds(a, "invisible") == folds(b, "invisible");
}

/* Why the rule cannot be, or NULL. */
static const char *unfit(const struct job_table *t, const struct project_unique *p,
                         const struct catalog_column *c)
{
    if (!c)
        return "no stage fills the column";
    if (!is_text(c))
        return "it is not of type text, varchar or citext";
    if (in_key(t->match, c->name) ||
        (t->t->n_keys && t->t->keys[0].primary && in_key(&t->t->keys[0], c->name)))
        return "live rows are found by it, so that another value would be another row";
    if (in_reference(t, c->name))
        return "it refers to another table, so that another value would be another parent";
    if (p->on_taken == TAKEN_NULL && c->not_null)
        return "\"on_taken\" is \"null\", and the column must not be NULL";
    for (size_t i = 0; i < t->n_uniques; i++)
        if (t->uniques[i].column == c && !is_same(t->uniques[i].p, p))
            return "two stages give it different rules";
    return NULL;
}

void unique_add(struct job *job, struct job_table *t, const struct project_unique *p,
                struct faults *faults)
{
    const struct catalog_column *c = job_find_staged(t, p->column);
    const char *why = unfit(t, p, c);
    if (why) {
        struct error err = {0};
        error_set(&err, STATUS_CONFIG, "\"unique\" of %s.%s, column \"%s\": %s", t->t->schema,
                  t->t->name, p->column, why);
        error_fix(&err, "correct \"unique\" in the project; a unique index of the target alone "
                        "rejects what is taken");
        faults_add(faults, &err);
        return;
    }
    for (size_t i = 0; i < t->n_uniques; i++)
        if (t->uniques[i].column == c)
            return;
    struct job_unique *list = arena_alloc(job->mem, (t->n_uniques + 1) * sizeof *list);
    if (t->n_uniques)
        memcpy(list, t->uniques, t->n_uniques * sizeof *list);
    list[t->n_uniques++] = (struct job_unique){p, c};
    t->uniques = list;
}

/* ---- SQL --------------------------------------------------------------------------------- */

int unique_folds_width(const struct job_table *t)
{
    for (size_t i = 0; i < t->n_uniques; i++)
        if (folds(t->uniques[i].p, "width"))
            return 1;
    return 0;
}

/* As Unicode has them, and as transforms-standard trims and knows them; escapes of the pattern, as
 * the characters themselves cannot be sent to a database of another encoding. */
#define SPACES                                                                                     \
    "[\\u0009-\\u000D\\u0020\\u0085\\u00A0\\u1680\\u2000-\\u200A"                                  \
    "\\u2028\\u2029\\u202F\\u205F\\u3000]+"
#define INVISIBLE "[\\u00AD\\u200B-\\u200F\\u202A-\\u202E\\u2060-\\u2064\\u2066-\\u2069\\uFEFF]"

/* In UTF8, where all that is here has a meaning. */
static void plain_wide(const struct project_unique *p, const char *value, struct str *sql)
{
    int invisible = folds(p, "invisible"), width = folds(p, "width"), space = folds(p, "space");
    str_add(sql, space ? "regexp_replace(" : "");
    str_add(sql, width ? "normalize(" : "");
    str_add(sql, invisible ? "regexp_replace(" : "");
    str_add(sql, value);
    str_add(sql, invisible ? ", '" INVISIBLE "', '', 'g')" : "");
    str_add(sql, width ? ", NFKC)" : "");
    str_add(sql, space ? ", '^" SPACES "|" SPACES "$', '', 'g')" : "");
}

/* ASCII is its own NFKC, and it takes a tenth of the time to see that it is: in UTF8 only ASCII has
 * as many bytes as letters. */
void unique_plain(const struct project_unique *p, const char *value, struct str *sql)
{
    int space = folds(p, "space");
    if (!space && !folds(p, "width") && !folds(p, "invisible")) {
        str_add(sql, value);
        return;
    }
    str_printf(sql,
               "CASE WHEN octet_length(%s) = char_length(%s) OR getdatabaseencoding() <> 'UTF8'"
               " THEN %s%s%s ELSE ",
               value, value, space ? "btrim(" : "", value, space ? ", E' \\t\\n\\x0B\\f\\r')" : "");
    plain_wide(p, value, sql);
    str_add(sql, " END");
}

void unique_folded(const struct project_unique *p, const char *value, struct str *sql)
{
    int letters = folds(p, "case");
    str_add(sql, letters ? "lower(" : "");
    unique_plain(p, value, sql);
    str_add(sql, letters ? ")" : "");
}

void unique_suffixed(const struct project_unique *p, const char *plain, const char *number,
                     struct str *sql)
{
    struct str sign, before;
    str_init(&sign, 0);
    str_init(&before, 0);
    sql_literal(&sign, p->sign);
    sql_literal(&before, p->before ? p->before : "");
    if (p->before)
        str_printf(sql,
                   "CASE WHEN strpos(%s, %s) > 0 THEN left(%s, strpos(%s, %s) - 1) || %s || %s ||"
                   " substr(%s, strpos(%s, %s)) ELSE %s || %s || %s END",
                   plain, before.data, plain, plain, before.data, sign.data, number, plain, plain,
                   before.data, plain, sign.data, number);
    else
        str_printf(sql, "%s || %s || %s", plain, sign.data, number);
    str_clear(&sign);
    str_clear(&before);
}

static void add_escaped(const char *text, struct str *out)
{
    for (; *text; text++)
        str_printf(out, strchr("abcdefghijklmnopqrstuvwxyz0123456789", *text) ? "%c" : "\\%c",
                   *text);
}

void unique_pattern(const struct project_unique *p, struct str *sql)
{
    struct str text;
    str_init(&text, 0);
    str_add(&text, "^(");
    if (p->before) {
        str_add(&text, "[^");
        add_escaped(p->before, &text);
        str_add(&text, "]*)");
    } else {
        str_add(&text, ".*)");
    }
    add_escaped(p->sign, &text);
    str_add(&text, "([1-9][0-9]{0,8})(");
    if (p->before) {
        add_escaped(p->before, &text);
        str_add(&text, ".*)?$");
    } else {
        str_add(&text, ")$");
    }
    sql_literal(sql, text.data);
    str_clear(&text);
}
