/* backup_manifest.c - writes, reads and checks manifest.json of a backup. The checksum is no
 * signature: it finds damage, not somebody who can write the directory, which is 0700. */
#include "backup_manifest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "digest.h"
#include "jsonfile.h"
#include "outdir.h"

#define FORMAT 1
#define SEAL_BEGIN " \"manifest_sha256\": \""
#define SEAL_END "\"\n}\n"
#define SEAL_SIZE (sizeof SEAL_BEGIN - 1 + 64 + sizeof SEAL_END - 1)

int backup_id_ok(const char *id)
{
    static const char shape[] = "backup-dddd-dd-ddTdd-dd-dd-dddZ";
    size_t n = strlen(id), at = sizeof shape - 1;
    if (n < at || n >= BACKUP_ID_SIZE)
        return 0;
    for (size_t i = 0; i < at; i++) {
        int digit = id[i] >= '0' && id[i] <= '9';
        if (i >= 7 && shape[i] == 'd' ? !digit : id[i] != shape[i])
            return 0;
    }
    if (!id[at])
        return 1;
    return id[at] == '-' && id[at + 1] && strspn(id + at + 1, "0123456789") == n - at - 1;
}

/* ---- writing ------------------------------------------------------------------------------ */

static void add_text(struct str *out, const char *key, const char *value)
{
    str_printf(out, " \"%s\": ", key);
    jsonfile_quote(out, value);
    str_add(out, ",\n");
}

static void add_member(struct str *out, const char *key, const char *value)
{
    str_printf(out, ", \"%s\": ", key);
    jsonfile_quote(out, value);
}

static void add_table(struct str *out, const struct backup_table *t, int last)
{
    str_add(out, "  {\"schema\": ");
    jsonfile_quote(out, t->schema);
    str_add(out, ", \"name\": ");
    jsonfile_quote(out, t->name);
    str_printf(out, ", \"kind\": \"%s\"", t->partitioned ? "partitioned" : "table");
    if (t->digest)
        str_printf(out, ", \"rows\": %s, \"digest\": \"%s\"", t->rows, t->digest);
    if (t->columns)
        add_member(out, "columns", t->columns);
    str_add(out, last ? "}\n" : "},\n");
}

static void add_tables(struct str *out, const struct backup_table *tables, size_t n)
{
    str_add(out, " \"tables\": [\n");
    for (size_t i = 0; i < n; i++)
        add_table(out, &tables[i], i + 1 == n);
    str_add(out, " ]");
}

static void add_part(struct str *out, const struct backup_part *p, int last)
{
    str_add(out, " {\"kind\": ");
    jsonfile_quote(out, p->kind);
    add_member(out, "name", p->name);
    add_member(out, "file", p->file);
    add_member(out, "table", p->table);
    add_member(out, "where", p->where);
    str_add(out, ",\n");
    add_tables(out, p->tables, p->n_tables);
    str_add(out, last ? "}\n" : "},\n");
}

static void add_file(struct str *out, const struct backup_file *f, int last)
{
    str_add(out, "  {\"name\": ");
    jsonfile_quote(out, f->name);
    str_printf(out, ", \"size\": %llu, \"sha256\": \"%s\"}%s\n", (unsigned long long)f->size,
               f->sha256, last ? "" : ",");
}

void backup_manifest_write(const struct backup_manifest *m, struct str *out)
{
    char sha256[65];
    str_printf(out, "{\n \"format\": %d,\n", FORMAT);
    add_text(out, "id", m->id);
    add_text(out, "time", m->time);
    add_text(out, "run", m->run);
    add_text(out, "project", m->project);
    add_text(out, "scope", m->scope);
    add_text(out, "label", m->label ? m->label : "");
    str_printf(out, " \"server_version\": %d,\n \"tool_major\": %d,\n", m->server_version,
               m->tool_major);
    add_tables(out, m->tables, m->n_tables);
    str_add(out, ",\n \"parts\": [\n");
    for (size_t i = 0; i < m->n_parts; i++)
        add_part(out, &m->parts[i], i + 1 == m->n_parts);
    str_add(out, " ],\n \"files\": [\n");
    for (size_t i = 0; i < m->n_files; i++)
        add_file(out, &m->files[i], i + 1 == m->n_files);
    str_add(out, " ],\n");
    if (out->failed)
        return;
    digest_text(out->data, sha256);
    str_printf(out, SEAL_BEGIN "%s" SEAL_END, sha256);
}

/* ---- reading ------------------------------------------------------------------------------ */

static int damaged(const char *id, const char *what, struct error *err)
{
    error_set(err, STATUS_BACKUP, "backup %s: " BACKUP_MANIFEST " %s", id, what);
    error_why(err, "nothing of this backup can be trusted");
    error_fix(err, "use another backup: mighost --backups lists them");
    return STATUS_BACKUP;
}

/* Appends the whole file. 0 or -1 with errno. */
static int read_all(int fd, struct str *out)
{
    char buffer[16384];
    for (;;) {
        ssize_t n = read(fd, buffer, sizeof buffer);
        if (n == 0)
            return out->failed ? -1 : 0;
        if (n < 0 && errno != EINTR)
            return -1;
        if (n > 0)
            str_add_n(out, buffer, (size_t)n);
    }
}

static int seal_ok(const struct str *text)
{
    char sha256[65], seal[SEAL_SIZE + 1];
    if (text->len < SEAL_SIZE || strlen(text->data) != text->len)
        return 0;
    size_t at = text->len - SEAL_SIZE;
    struct digest *d = digest_new();
    digest_add(d, text->data, at);
    digest_hex(d, sha256);
    digest_free(d);
    snprintf(seal, sizeof seal, SEAL_BEGIN "%s" SEAL_END, sha256);
    return strcmp(text->data + at, seal) == 0;
}

/* NULL sets *bad: all members are required. */
static const char *get_text(const struct jsonfile_node *object, const char *key, int *bad)
{
    const struct jsonfile_node *node = jsonfile_get(object, key);
    if (!node || !node->text)
        *bad = 1;
    return node ? node->text : NULL;
}

static uint64_t get_number(const struct jsonfile_node *object, const char *key, int *bad)
{
    const struct jsonfile_node *node = jsonfile_get(object, key);
    if (!node || !jsonfile_is_integer(node) || node->raw[0] == '-' || node->raw_len > 18) {
        *bad = 1;
        return 0;
    }
    return strtoull(node->raw, NULL, 10);
}

static const struct jsonfile_node *get_list(const struct jsonfile_node *root, const char *key,
                                            int *bad)
{
    const struct jsonfile_node *node = jsonfile_get(root, key);
    if (node && node->kind == JSONFILE_ARRAY)
        return node;
    *bad = 1;
    return NULL;
}

static struct backup_table *get_tables(const struct jsonfile_node *root, struct arena *mem,
                                       size_t *n, int *bad)
{
    const struct jsonfile_node *list = get_list(root, "tables", bad);
    struct backup_table *tables = arena_alloc(mem, (list ? list->n : 0) * sizeof *tables);
    *n = 0;
    for (const struct jsonfile_node *e = list ? list->first : NULL; e; e = e->next) {
        struct backup_table *t = &tables[(*n)++];
        t->schema = get_text(e, "schema", bad);
        t->name = get_text(e, "name", bad);
        const char *kind = get_text(e, "kind", bad);
        t->partitioned = kind && strcmp(kind, "partitioned") == 0;
        const struct jsonfile_node *rows = jsonfile_get(e, "rows");
        if (rows && jsonfile_is_integer(rows)) {
            t->rows = arena_strndup(mem, rows->raw, rows->raw_len);
            t->digest = get_text(e, "digest", bad);
        }
        const struct jsonfile_node *columns = jsonfile_get(e, "columns");
        t->columns = columns ? columns->text : NULL;
    }
    return tables;
}

/* Backups of earlier versions have no parts. */
static void get_parts(const struct jsonfile_node *root, struct arena *mem,
                      struct backup_manifest *out, int *bad)
{
    const struct jsonfile_node *list = jsonfile_get(root, "parts");
    if (!list || list->kind != JSONFILE_ARRAY)
        return;
    out->parts = arena_alloc(mem, list->n * sizeof *out->parts);
    for (const struct jsonfile_node *e = list->first; e; e = e->next) {
        struct backup_part *p = &out->parts[out->n_parts++];
        p->kind = get_text(e, "kind", bad);
        p->name = get_text(e, "name", bad);
        p->file = get_text(e, "file", bad);
        p->table = get_text(e, "table", bad);
        p->where = get_text(e, "where", bad);
        p->tables = get_tables(e, mem, &p->n_tables, bad);
    }
}

static void get_files(const struct jsonfile_node *root, struct arena *mem,
                      struct backup_manifest *out, int *bad)
{
    const struct jsonfile_node *list = get_list(root, "files", bad);
    struct backup_file *files = arena_alloc(mem, (list ? list->n : 0) * sizeof *files);
    out->files = files;
    for (const struct jsonfile_node *e = list ? list->first : NULL; e; e = e->next) {
        struct backup_file *f = &files[out->n_files++];
        f->name = get_text(e, "name", bad);
        f->sha256 = get_text(e, "sha256", bad);
        f->size = get_number(e, "size", bad);
        if (f->name && strchr(f->name, '/'))
            *bad = 1;
    }
}

static int parse(const struct str *text, struct arena *mem, struct backup_manifest *out)
{
    struct faults faults = {0};
    struct jsonfile file;
    int bad = jsonfile_parse(&file, BACKUP_MANIFEST, text->data, text->len, mem, &faults) != 0;
    faults_clear(&faults);
    if (bad || file.root->kind != JSONFILE_OBJECT ||
        get_number(file.root, "format", &bad) != FORMAT)
        return -1;
    memset(out, 0, sizeof *out);
    out->id = get_text(file.root, "id", &bad);
    out->time = get_text(file.root, "time", &bad);
    out->run = get_text(file.root, "run", &bad);
    out->project = get_text(file.root, "project", &bad);
    out->scope = get_text(file.root, "scope", &bad);
    const struct jsonfile_node *label = jsonfile_get(file.root, "label");
    out->label = label && label->text ? label->text : "";
    out->server_version = (int)get_number(file.root, "server_version", &bad);
    out->tool_major = (int)get_number(file.root, "tool_major", &bad);
    out->tables = get_tables(file.root, mem, &out->n_tables, &bad);
    get_parts(file.root, mem, out, &bad);
    get_files(file.root, mem, out, &bad);
    return bad ? -1 : 0;
}

int backup_manifest_read(int dir, const char *id, struct arena *mem, struct backup_manifest *out,
                         struct error *err)
{
    struct str text;
    int rc = STATUS_OK;
    int fd = outdir_openat(dir, BACKUP_MANIFEST, O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0)
        return damaged(id, errno == ENOENT ? "is missing" : strerror(errno), err);
    str_init(&text, JSONFILE_MAX);
    if (read_all(fd, &text))
        rc = damaged(id, "cannot be read", err);
    else if (!seal_ok(&text))
        rc = damaged(id, "was changed: its SHA-256 does not fit its content", err);
    else if (parse(&text, mem, out))
        rc = damaged(id, "is not of a form that this version knows", err);
    else if (strcmp(out->id, id) != 0)
        rc = damaged(id, "is that of another backup", err);
    close(fd);
    str_clear(&text);
    return rc;
}

/* ---- checking ----------------------------------------------------------------------------- */

static int broken(const struct backup_manifest *m, const char *file, const char *what,
                  struct error *err)
{
    error_set(err, STATUS_BACKUP, "backup %s: %s %s", m->id, file, what);
    error_why(err, "a damaged backup is not used");
    error_fix(err, "use another backup: mighost --backups lists them");
    return STATUS_BACKUP;
}

static int check_file(int dir, const struct backup_manifest *m, const struct backup_file *f,
                      int digests, struct error *err)
{
    char sha256[65];
    struct stat st;
    int rc = STATUS_OK;
    int fd = outdir_openat(dir, f->name, O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0)
        return broken(m, f->name, errno == ENOENT ? "is missing" : strerror(errno), err);
    if (fstat(fd, &st) || !S_ISREG(st.st_mode))
        rc = broken(m, f->name, "is not a regular file", err);
    else if ((uint64_t)st.st_size != f->size)
        rc = broken(m, f->name, "does not have the size it had", err);
    else if (digests && digest_fd(fd, sha256))
        rc = broken(m, f->name, "cannot be read", err);
    else if (digests && strcmp(sha256, f->sha256) != 0)
        rc = broken(m, f->name, "was changed: its SHA-256 does not fit", err);
    close(fd);
    return rc;
}

static int is_known(const struct backup_manifest *m, const char *name)
{
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, BACKUP_MANIFEST) == 0)
        return 1;
    for (size_t i = 0; i < m->n_files; i++)
        if (strcmp(m->files[i].name, name) == 0)
            return 1;
    return 0;
}

static int check_extra(int dir, const struct backup_manifest *m, struct error *err)
{
    int rc = STATUS_OK, fd = outdir_openat(dir, ".", O_RDONLY | O_DIRECTORY, 0);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (!d) {
        if (fd >= 0)
            close(fd);
        return broken(m, "its directory", "cannot be read", err);
    }
    for (const struct dirent *e; !rc && (e = readdir(d));)
        if (!is_known(m, e->d_name))
            rc = broken(m, e->d_name, "does not belong to it", err);
    closedir(d);
    return rc;
}

int backup_manifest_check(int dir, const struct backup_manifest *m, int digests, struct error *err)
{
    int rc = STATUS_OK;
    for (size_t i = 0; !rc && i < m->n_files; i++)
        rc = check_file(dir, m, &m->files[i], digests, err);
    return rc ? rc : check_extra(dir, m, err);
}
