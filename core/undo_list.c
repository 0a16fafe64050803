/* undo_list.c - writes the rows that stand against an undo into a file: rollback-RUN.csv in the
 * report directory, 0600, all of them, keys masked where the project's stages have them so. */
#include "undo_list.h"

#include <stdio.h>
#include <string.h>

#include "bundle.h"
#include "csvfield.h"
#include "mask.h"

#define MOST_FIRST 20

struct writing {
    struct undo_list *out;
    struct outfile *file;
    int hidden; /* keys are masked */
    struct error *err;
};

static int one(void *ctx, const char *const *v, const size_t *lengths)
{
    struct writing *w = ctx;
    struct undo_list *o = w->out;
    const char *key = w->hidden ? MASK_TEXT : v[1];
    size_t used = strlen(o->first);
    struct str line;
    (void)lengths;
    str_init(&line, 0);
    csvfield_add(v[0], ",", &line);
    csvfield_add(key, ",", &line);
    csvfield_add(v[2], "\n", &line);
    int code = outfile_write(w->file, line.data, line.len, w->err);
    str_clear(&line);
    if (o->n++ < MOST_FIRST)
        snprintf(o->first + used, sizeof o->first - used, "%s key %s: %s\n", v[0], key, v[2]);
    return code;
}

static struct outfile *open_file(struct outdir *dir, int64_t run, char *name, size_t size,
                                 struct error *err)
{
    for (int n = 1; n < 1000; n++) {
        struct error taken = {0};
        snprintf(name, size, n == 1 ? "rollback-%lld.csv" : "rollback-%lld-%d.csv", (long long)run,
                 n);
        struct outfile *f = outfile_open(dir, name, &taken);
        if (f)
            return f;
        if (n == 999 || !strstr(taken.what, "exists")) {
            *err = taken;
            return NULL;
        }
    }
    return NULL;
}

static int write_rows(struct state *s, struct writing *w, struct str *sql)
{
    static const char head[] = "table,key,why\n";
    int code = outfile_write(w->file, head, sizeof head - 1, w->err);
    if (!code)
        code = pg_each(s->pg, w->err, sql->data, one, w);
    struct error ignored = {0};
    int closed = outfile_close(w->file, code ? &ignored : w->err);
    return code ? code : closed;
}

int undo_list_write(struct state *s, const struct project *project, struct str *sql,
                    struct undo_list *out, struct error *err)
{
    struct writing w = {.out = out, .err = err, .hidden = mask_any_keys(project)};
    char name[64];
    memset(out, 0, sizeof *out);
    str_add(sql, " ORDER BY 1, 2");
    struct outdir *dir = bundle_reports(project, err);
    w.file = dir ? open_file(dir, s->run, name, sizeof name, err) : NULL;
    int code = w.file ? write_rows(s, &w, sql) : err->code;
    if (!code)
        snprintf(out->path, sizeof out->path, "%s/%s", outdir_path(dir), name);
    outdir_close(dir);
    str_clear(sql);
    return code;
}
