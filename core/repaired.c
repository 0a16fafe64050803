/* repaired.c - writes the list of repaired records. It holds keys, no values; keys are masked as
 * everywhere. Values that another row had are among them; taken.csv tells more of these. */
#include "repaired.h"

#include "csvfield.h"
#include "fault.h"
#include "hostrepairs.h"
#include "mask.h"
#include "taken.h"

struct writing {
    const struct project *project;
    struct outdir *dir;
    struct outfile *file; /* NULL: no line yet */
    struct error *err;
};

static int begin(struct writing *w)
{
    static const char head[] = "\"stage\",\"key\",\"field\",\"rule\",\"count\"\r\n";
    w->file = outfile_open(w->dir, "repairs.csv", w->err);
    return w->file ? outfile_write(w->file, head, sizeof head - 1, w->err) : w->err->code;
}

static int one(void *ctx, const char *const *v, const size_t *lengths)
{
    struct writing *w = ctx;
    struct str line;
    (void)lengths;
    int code = w->file ? 0 : begin(w);
    str_init(&line, 0);
    csvfield_add(v[0], ",", &line);
    csvfield_add(mask_keys(w->project, v[0]) ? MASK_TEXT : v[1], ",", &line);
    csvfield_add(v[2], ",", &line);
    csvfield_add(v[3], ",", &line);
    csvfield_add(v[4], "\r\n", &line);
    if (!code)
        code = outfile_write(w->file, line.data, line.len, w->err);
    str_clear(&line);
    return code;
}

/* Several processes list more than one does: the first by key stay. */
static void query(const struct state *s, struct str *sql)
{
    str_printf(
        sql,
        "SELECT stage, key, field, rule, n FROM (SELECT stage, key, field, rule, row_number() OVER"
        " (PARTITION BY stage, field, rule ORDER BY length(key), key COLLATE \"C\") AS place FROM"
        " (SELECT stage, key, field, rule FROM %s.repaired WHERE run = %lld UNION ALL SELECT stage,"
        " key, column_name, " TAKEN_RULE(
            "fate") " FROM %s.taken WHERE run = %lld AND fate <>"
                    " 'reject') a) l JOIN (SELECT stage, field, rule, sum(count) AS n FROM"
                    " %s.repair WHERE run = %lld GROUP BY 1, 2, 3) r USING (stage, field, rule) "
                    "WHERE place <="
                    " %d ORDER BY stage COLLATE \"C\", field COLLATE \"C\", rule COLLATE \"C\", "
                    "place",
        s->q, (long long)s->run, s->q, (long long)s->run, s->q, (long long)s->run,
        fault_number("MIGHOST_REPAIRS_LISTED", HOSTREPAIRS_LISTED));
}

int repaired_write(const struct state *s, struct pg *reader, const struct project *project,
                   struct outdir *dir, struct error *err)
{
    struct writing w = {project, dir, NULL, err};
    struct str sql;
    str_init(&sql, 0);
    query(s, &sql);
    int code = pg_begin_anew(reader, "READ ONLY", err);
    if (!code)
        code = pg_each(reader, err, sql.data, one, &w);
    pg_rollback(reader);
    str_clear(&sql);
    if (code && w.file)
        outfile_abandon(w.file);
    else if (w.file)
        code = outfile_close(w.file, err);
    return code;
}
