/* backup_load.c - reads the script of "pg_restore --data-only" and takes two things from it: the
 * rows of tables (COPY ... FROM stdin) and the state of sequences (setval). Nothing else of it
 * is executed, and psql is not involved: its meta-commands are the danger of such scripts
 * (CVE-2025-8714). Memory: one buffer, whatever the size of a row. */
#include "backup_load.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "sql.h"
#include "str.h"

#define NAME_SIZE 256
#define STATEMENT_MAX ((size_t)1 << 20)
#define PIECE ((size_t)64 << 10)

struct load {
    struct pg *pg;
    FILE *script;
    const struct backup_manifest *m;
    unsigned char *seen; /* per table of the manifest */
    char piece[PIECE];
};

static int unexpected(const struct backup_manifest *m, const char *what, struct error *err)
{
    error_set(err, STATUS_BACKUP, "backup %s: %s", m->id, what);
    error_why(err, "the restore was undone as a whole, nothing changed");
    error_fix(err, "use another backup, or restore by hand with pg_restore");
    return STATUS_BACKUP;
}

/* ---- names ---------------------------------------------------------------------------------- */

static int is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/* A name as pg_dump writes it: plain, or in double quotes with inner ones doubled. Returns what
 * follows, NULL when there is none. */
static const char *take_name(const char *p, char out[NAME_SIZE])
{
    size_t n = 0;
    int quoted = *p == '"';
    p += quoted;
    while (n + 1 < NAME_SIZE && (quoted ? *p && (*p != '"' || p[1] == '"') : is_plain(*p))) {
        p += quoted && *p == '"';
        out[n++] = *p++;
    }
    out[n] = '\0';
    if (!n || (quoted && *p != '"'))
        return NULL;
    return p + quoted;
}

/* "schema.table" at `p`: what follows, NULL when it is none. */
static const char *take_table(const char *p, char schema[NAME_SIZE], char name[NAME_SIZE])
{
    p = take_name(p, schema);
    return p && *p == '.' ? take_name(p + 1, name) : NULL;
}

static size_t find_table(const struct backup_manifest *m, const char *schema, const char *name)
{
    size_t i = 0;
    while (i < m->n_tables &&
           (strcmp(m->tables[i].schema, schema) != 0 || strcmp(m->tables[i].name, name) != 0))
        i++;
    return i;
}

/* ---- rows ----------------------------------------------------------------------------------- */

/* Pieces of lines up to the line "\.", which is taken too. `copy` 0: only passes over them. */
static int pump_rows(struct load *l, int copy, int64_t *rows, struct error *err)
{
    int line_begins = 1, rc = STATUS_OK;
    *rows = 0;
    while (!rc && fgets(l->piece, (int)PIECE, l->script)) {
        if (line_begins && strcmp(l->piece, "\\.\n") == 0)
            return STATUS_OK;
        size_t n = strlen(l->piece);
        line_begins = n > 0 && l->piece[n - 1] == '\n';
        *rows += line_begins;
        if (copy)
            rc = pg_copy_write(l->pg, l->piece, n, err);
    }
    return rc ? rc : unexpected(l->m, "the rows of a table have no end", err);
}

static int copy_rows(struct load *l, const char *statement, struct error *err)
{
    int64_t sent = 0, taken = 0;
    int rc = pg_copy_begin(l->pg, statement, err);
    if (rc)
        return rc;
    rc = pump_rows(l, 1, &sent, err);
    if (!rc)
        rc = pg_copy_end(l->pg, &taken, err);
    if (!rc && sent != taken)
        rc = unexpected(l->m, "the server did not take all rows of a table", err);
    return rc;
}

/* "COPY schema.table (columns) FROM stdin;" */
static int load_table(struct load *l, const char *line, struct error *err)
{
    char schema[NAME_SIZE], name[NAME_SIZE];
    int64_t rows;
    const char *rest = take_table(line + strlen("COPY "), schema, name);
    if (!rest)
        return unexpected(l->m, "a table's name in it cannot be read", err);
    size_t i = find_table(l->m, schema, name);
    if (i == l->m->n_tables)
        return pump_rows(l, 0, &rows, err);
    if (l->seen[i]++)
        return unexpected(l->m, "a table is in it twice", err);
    struct str statement;
    str_init(&statement, STATEMENT_MAX * 2);
    str_add(&statement, "COPY ");
    if (l->m->tables[i].into)
        str_add(&statement, l->m->tables[i].into);
    else
        sql_table(&statement, schema, name);
    str_add(&statement, rest);
    int rc = copy_rows(l, statement.data, err);
    str_clear(&statement);
    return rc;
}

/* ---- sequences ------------------------------------------------------------------------------ */

#define SETVAL "SELECT pg_catalog.setval('"

/* "SELECT pg_catalog.setval('schema.name', 42, true);". RESTART gives the sequence new storage
 * in this transaction: without it a setval would outlive a rollback. */
static int load_sequence(struct load *l, const char *line, struct error *err)
{
    char schema[NAME_SIZE], name[NAME_SIZE], text[2 * NAME_SIZE];
    size_t n = 0;
    const char *p = line + strlen(SETVAL);
    for (; *p && n + 1 < sizeof text && (*p != '\'' || p[1] == '\''); p++) {
        p += *p == '\'';
        text[n++] = *p;
    }
    text[n] = '\0';
    const char *rest = take_table(text, schema, name);
    if (*p != '\'' || !rest || *rest)
        return unexpected(l->m, "a sequence's name in it cannot be read", err);
    struct str sql;
    str_init(&sql, STATEMENT_MAX);
    str_add(&sql, "ALTER SEQUENCE ");
    sql_table(&sql, schema, name);
    str_printf(&sql, " RESTART; %s", line);
    int rc = pg_exec_str(l->pg, &sql, err);
    return rc;
}

/* ---- the script ----------------------------------------------------------------------------- */

/* One line without its end. 1, 0 at the end, -1 when it is too long. */
static int read_line(struct load *l, struct str *line)
{
    str_reset(line);
    while (fgets(l->piece, (int)PIECE, l->script)) {
        size_t n = strlen(l->piece);
        int ends = n > 0 && l->piece[n - 1] == '\n';
        str_add_n(line, l->piece, n - (size_t)ends);
        if (ends || line->failed)
            break;
    }
    return line->failed ? -1 : line->len > 0 || !feof(l->script);
}

static int is_copy(const struct str *line)
{
    static const char end[] = " FROM stdin;";
    size_t n = sizeof end - 1;
    return strncmp(line->data, "COPY ", 5) == 0 && line->len > n &&
           strcmp(line->data + line->len - n, end) == 0;
}

static int load_line(struct load *l, const struct str *line, struct error *err)
{
    if (is_copy(line))
        return load_table(l, line->data, err);
    if (strncmp(line->data, SETVAL, sizeof SETVAL - 1) == 0)
        return load_sequence(l, line->data, err);
    return STATUS_OK; /* settings, comments: this connection has its own */
}

static int check_all_seen(const struct load *l, struct error *err)
{
    char what[2 * NAME_SIZE + 32];
    for (size_t i = 0; i < l->m->n_tables; i++) {
        if (l->seen[i] || l->m->tables[i].partitioned)
            continue;
        snprintf(what, sizeof what, "table %.255s.%.255s is not in it", l->m->tables[i].schema,
                 l->m->tables[i].name);
        return unexpected(l->m, what, err);
    }
    return STATUS_OK;
}

int backup_load(struct pg *pg, FILE *script, const struct backup_manifest *m, struct error *err)
{
    int rc = STATUS_OK, more = 1;
    struct str line;
    struct load *l = arena_heap(NULL, sizeof *l);
    l->pg = pg;
    l->script = script;
    l->m = m;
    l->seen = arena_heap(NULL, m->n_tables + 1);
    memset(l->seen, 0, m->n_tables + 1);
    str_init(&line, STATEMENT_MAX);
    while (!rc && (more = read_line(l, &line)) > 0)
        rc = load_line(l, &line, err);
    if (!rc && (more < 0 || ferror(script)))
        rc = unexpected(m, "its data cannot be read", err);
    if (!rc)
        rc = check_all_seen(l, err);
    str_clear(&line);
    free(l->seen);
    free(l);
    return rc;
}
