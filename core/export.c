/* export.c - which entities are exported, by whom and as what files. The directory as a whole is
 * exportdir.c's, one entity's CSV file exportcsv.c's, pages are the sources'. */
#include "export.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "call.h"
#include "exportcsv.h"
#include "exportdir.h"
#include "load.h"
#include "log.h"
#include "plural.h"
#include "progress.h"

#define KEY_DIGITS 64
#define KEY_KINDS 12 /* different bytes of 32: random ones have fewer once in 10^12 keys */

/* ---- key and mode ---------------------------------------------------------------------- */

static int digit(char c)
{
    return c >= '0' && c <= '9'                 ? c - '0'
           : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                : -1;
}

static const char *read_key(const char *text, unsigned char key[32])
{
    unsigned char seen[256] = {0};
    size_t kinds = 0;
    if (strlen(text) != KEY_DIGITS)
        return "is not 64 digits long";
    for (size_t i = 0; i < 32; i++) {
        int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return "holds a character that is no hexadecimal digit";
        key[i] = (unsigned char)(high << 4 | low);
        kinds += !seen[key[i]]++;
    }
    return kinds < KEY_KINDS ? "repeats itself, and is easily guessed" : NULL;
}

static void prepare_key(struct host *host, struct faults *faults)
{
    struct host_recording *r = &host->recording;
    const char *text = host->project->export_key;
    const char *fault = text && *text ? read_key(text, r->key) : NULL;
    struct error err = {0};
    r->has_key = text && *text && !fault;
    if (!fault)
        return;
    error_set(&err, STATUS_CONFIG, "the key in variable " HOST_KEY_VARIABLE " %s", fault);
    error_why(&err, "secret fields of an export are encrypted by it");
    error_fix(&err, "make one: openssl rand -hex 32");
    faults_add(faults, &err);
}

void export_prepare(struct host *host, const struct session_options *options, struct faults *faults)
{
    struct host_recording *r = &host->recording;
    const struct project *p = host->project;
    struct error err = {0};
    prepare_key(host, faults);
    r->dir = p->export_dir;
    if (options->skip_export)
        r->mode = MIG_RECORDING_READ;
    else if (options->exports == SESSION_EXPORTS || (options->exports && p->export_is_set))
        r->mode = MIG_RECORDING_KEEP;
    if (r->mode != MIG_RECORDING_READ)
        return;
    json_t *manifest = exportdir_verify(p, r->id, &err);
    if (!manifest)
        faults_add(faults, &err);
    json_decref(manifest);
}

/* ---- what there is to export ----------------------------------------------------------- */

static int same_entity(const struct job_stage *a, const struct job_stage *b)
{
    return a->source == b->source && str_equal(a->p->entity, b->p->entity);
}

/* The first stage that reads the entity stands for all of them. */
static int is_first(const struct job *job, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (same_entity(&job->stages[k], &job->stages[i]))
            return 0;
    return host_can_record(job->stages[i].source);
}

/* A copy that asks for what any of the stages that read the entity asks for. */
static struct job_stage all_fields(const struct job *job, size_t first)
{
    struct job_stage all = job->stages[first];
    size_t most = 0;
    for (size_t i = first; i < job->n_stages; i++)
        most += job->stages[i].n_fields;
    all.fields = arena_alloc(job->mem, (most + 1) * sizeof *all.fields);
    all.n_fields = 0;
    all.high = NULL;
    all.wanted = NULL;
    for (size_t i = first; i < job->n_stages; i++)
        for (size_t f = 0; same_entity(&job->stages[i], &all) && f < job->stages[i].n_fields; f++) {
            size_t k = 0;
            while (k < all.n_fields && !str_equal(all.fields[k], job->stages[i].fields[f]))
                k++;
            all.fields[k] = job->stages[i].fields[f];
            all.n_fields += k == all.n_fields;
        }
    return all;
}

/* ---- is all said that must be ---------------------------------------------------------- */

static void fault(struct faults *faults, int code, const char *fix, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void fault(struct faults *faults, int code, const char *fix, const char *format, ...)
{
    char text[600];
    struct error err = {0};
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    error_set(&err, code, "%s", text);
    error_fix(&err, "%s", fix);
    faults_add(faults, &err);
}

/* A transform that takes secrets says so, but not of which field. */
static void check_secrets(const struct job_stage *st, struct faults *faults)
{
    if (st->p->n_secret || !job_is_secret(st))
        return;
    fault(
        faults, STATUS_CONFIG,
        "list the fields, such as \"secret\": [\"password\"]; what is listed is encrypted or left "
        "out",
        "stage %s hashes passwords of source %s, which is exported, and has no \"secret\" fields: "
        "they would be kept as they are",
        st->p->name, st->p->source);
}

static const json_t *find_entity(const json_t *manifest, const struct job_stage *st)
{
    size_t i;
    json_t *e;
    json_array_foreach(json_object_get(manifest, "entities"), i, e)
    {
        const char *source = json_string_value(json_object_get(e, "source"));
        const char *entity = json_string_value(json_object_get(e, "entity"));
        if (str_equal(source, st->p->source) && str_equal(entity, st->p->entity))
            return e;
    }
    return NULL;
}

static void check_holds(const struct job *job, struct faults *faults)
{
    json_t *manifest = exportdir_manifest(job->project);
    for (size_t i = 0; i < job->n_stages; i++)
        if (is_first(job, i) && !find_entity(manifest, &job->stages[i]))
            fault(faults, STATUS_BACKUP, "export anew, with all stages that the run is to have",
                  "the export in %s does not hold entity \"%s\" of source %s, which stage %s reads",
                  job->project->export_dir, job->stages[i].p->entity, job->stages[i].p->source,
                  job->stages[i].p->name);
    json_decref(manifest);
}

void export_check(const struct job *job, struct faults *faults)
{
    size_t n = 0;
    uint32_t mode = job->host->recording.mode;
    for (size_t i = 0; mode && i < job->n_stages; i++) {
        n += host_can_record(job->stages[i].source) ? 1 : 0;
        if (mode == MIG_RECORDING_KEEP && host_can_record(job->stages[i].source))
            check_secrets(&job->stages[i], faults);
    }
    if (mode && !n)
        fault(faults, STATUS_CONFIG,
              "leave the export away: these sources are read again in any case",
              "no source that a stage reads can be exported");
    else if (mode == MIG_RECORDING_READ)
        check_holds(job, faults);
}

/* ---- files ----------------------------------------------------------------------------- */

/* What "export.csv" says, else the entity's name; "": none is to be made. */
static const char *file_of(const struct job *job, const struct job_stage *st, const json_t *names)
{
    const char *both = arena_printf(job->mem, "%s/%s", st->p->source, st->p->entity);
    const char *given = json_string_value(json_object_get(names, both));
    if (!given)
        given = json_string_value(json_object_get(names, st->p->entity));
    if (given)
        return arena_strdup(job->mem, given);
    char *file = arena_printf(job->mem, "%s.csv", st->p->entity);
    for (char *c = file; *c; c++)
        if (strchr("/\\:*?\"<>| ", *c) || (unsigned char)*c < 0x20 || (c == file && *c == '.'))
            *c = '_';
    return file;
}

static int bad_name(const char *file, struct error *err)
{
    size_t n = strlen(file);
    if (!n || (n > 4 && n < 200 && !strchr(file, '/') && file[0] != '.' &&
               strcmp(file + n - 4, ".csv") == 0))
        return 0;
    error_set(err, STATUS_CONFIG, "\"export.csv\": \"%.200s\" is no name for a CSV file", file);
    error_fix(err, "write it as \"users.csv\": no directory, and it ends with .csv");
    return STATUS_CONFIG;
}

static void tell(void *ctx, const struct job_stage *st, uint64_t records)
{
    (void)ctx;
    progress_load(NULL, &(struct load_progress){
                            .stage = st->p->name, .read = records, .parts = call_progress(st)});
}

/* One that is exported, as the first stage that reads it says. */
struct entity {
    struct job_stage st;
    const char *file;
    struct exportcsv *csv; /* owned */
};

struct entities {
    struct entity *all;
    size_t n;
};

static void free_entities(struct entities *e)
{
    for (size_t i = 0; i < e->n; i++)
        exportcsv_free(e->all[i].csv);
}

static int check_file(const struct entities *e, const char *file, struct error *err)
{
    int code = bad_name(file, err);
    for (size_t i = 0; !code && i < e->n; i++)
        if (file[0] && str_equal(e->all[i].file, file)) {
            code = error_set(err, STATUS_CONFIG,
                             "\"export.csv\": two entities have the file \"%.200s\"", file);
            error_fix(err, "give each entity a file name of its own in \"export.csv\"");
        }
    return code;
}

static int find_entities(struct job *job, struct entities *e, struct error *err)
{
    json_t *names = json_loads(job->project->export_csv, 0, NULL);
    int code = 0;
    e->all = arena_alloc(job->mem, (job->n_stages + 1) * sizeof *e->all);
    for (size_t i = 0; !code && i < job->n_stages; i++) {
        struct entity *one = &e->all[e->n];
        if (!is_first(job, i))
            continue;
        one->st = all_fields(job, i);
        one->file = file_of(job, &one->st, names);
        code = check_file(e, one->file, err);
        one->csv = exportcsv_new(&one->st);
        e->n++;
    }
    json_decref(names);
    return code;
}

static int read_entity(const struct entity *e, struct error *err)
{
    int code = exportcsv_read(e->csv, tell, NULL, err);
    progress_loaded();
    return code;
}

/* What was made or changed while all this was read, once more: what was read first had the longest
 * time to change. */
static int amend_entity(const struct entity *e, struct error *err)
{
    uint64_t n = 0;
    int32_t got = call_amend(&e->st, &n);
    if (got < 0)
        return host_error(e->st.source, got, "amend", err);
    if (got == MIG_END)
        log_write(LOG_INFO,
                  "entity %s: its source cannot tell what was changed while it was exported",
                  e->st.p->entity);
    if (!n)
        return 0;
    log_write(LOG_INFO, "entity %s: %llu %s made or changed while it was exported, and read again",
              e->st.p->entity, (unsigned long long)n, plural(n, "record was", "records were"));
    return exportcsv_read(e->csv, NULL, NULL, err);
}

static int write_entity(const struct entity *e, struct outdir *dir, json_t *entities,
                        struct error *err)
{
    json_t *about = exportcsv_write(e->csv, dir, e->file, err);
    if (!about)
        return err->code;
    json_object_set_new(about, "source", json_string(e->st.p->source));
    json_object_set_new(about, "entity", json_string(e->st.p->entity));
    json_object_set_new(about, "file", json_string(e->file));
    json_array_append_new(entities, about);
    json_int_t unfit = json_integer_value(json_object_get(about, "unfit"));
    if (unfit)
        log_write(LOG_WARNING, "entity %s: %lld %s cannot be read, and are in no CSV file",
                  e->st.p->entity, (long long)unfit, plural(unfit, "record", "records"));
    return 0;
}

/* Options of a source "csv" that reads these files: one for each source that was exported. */
static int write_csv_options(struct outdir *dir, const json_t *entities, struct error *err)
{
    json_t *all = json_object(), *e;
    size_t i;
    json_array_foreach(entities, i, e)
    {
        const char *source = json_string_value(json_object_get(e, "source"));
        const char *entity = json_string_value(json_object_get(e, "entity"));
        const char *file = json_string_value(json_object_get(e, "file"));
        json_t *options = json_object_get(all, source);
        if (!file[0])
            continue;
        if (!options) {
            options = json_pack("{s:s, s:{}, s:{}}", "dir", outdir_path(dir), "files", "json");
            json_object_set_new(all, source, options);
        }
        json_object_set_new(json_object_get(options, "files"), entity, json_string(file));
        json_object_set(json_object_get(options, "json"), entity, json_object_get(e, "json"));
        if (!json_integer_value(json_object_get(e, "records")))
            json_object_set_new(options, "allow_empty", json_true());
    }
    char *text = json_dumps(all, JSON_INDENT(2));
    json_decref(all);
    unlinkat(outdir_fd(dir), "csv.json", 0);
    int code = text ? outdir_put(dir, "csv.json", text, strlen(text), err)
                    : error_set(err, STATUS_BUG, "csv.json cannot be made");
    free(text);
    return code;
}

/* ---- what others wrote meanwhile --------------------------------------------------------- */

#define CHANGED_MOST 10000

static int32_t add_changed(void *ctx, int32_t removed, mig_str_t key)
{
    json_t *about = ctx;
    json_t *list = json_object_get(about, removed ? "removed" : "changed");
    if (json_array_size(list) < CHANGED_MOST)
        json_array_append_new(list, json_stringn(key.data, key.len));
    return MIG_OK;
}

static void note_changes(const struct entity *e, json_t *about)
{
    struct error err = {0};
    json_object_set_new(about, "changed", json_array());
    json_object_set_new(about, "removed", json_array());
    int32_t got = call_written(&e->st, about, add_changed);
    size_t n = json_array_size(json_object_get(about, "changed"));
    if (got != MIG_OK) {
        json_object_del(about, "changed");
        json_object_del(about, "removed");
    }
    if (got < 0) {
        host_error(e->st.source, got, "written", &err);
        log_write(LOG_WARNING, "whether entity %s was written meanwhile is not known: %s",
                  e->st.p->entity, err.what);
    } else if (n) {
        log_write(LOG_WARNING,
                  "entity %s: %zu %s in the export as now: new, or changed meanwhile; a run from "
                  "it lists them",
                  e->st.p->entity, n, plural(n, "record is not", "records are not"));
    }
}

static int32_t tell_list(const json_t *list, int32_t removed, void *ctx,
                         int32_t (*row)(void *ctx, int32_t removed, mig_str_t key))
{
    size_t i;
    json_t *key;
    int32_t status = MIG_OK;
    json_array_foreach((json_t *)list, i, key)
    {
        if (status == MIG_OK)
            status =
                row(ctx, removed, (mig_str_t){json_string_value(key), json_string_length(key)});
    }
    return status;
}

int32_t export_changed(const struct job_stage *st, void *ctx,
                       int32_t (*row)(void *ctx, int32_t removed, mig_str_t key))
{
    json_t *manifest = exportdir_manifest(st->source->host->project);
    const json_t *about = find_entity(manifest, st);
    const json_t *changed = json_object_get(about, "changed");
    int32_t status = changed ? tell_list(changed, 0, ctx, row) : MIG_END;
    if (status == MIG_OK)
        status = tell_list(json_object_get(about, "removed"), 1, ctx, row);
    json_decref(manifest);
    return status;
}

/* A run keeps what it loaded: that is not read again. */
static int export_entities(const struct entities *e, struct outdir *dir, int is_run, json_t *about,
                           struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < e->n; i++)
        code = read_entity(&e->all[i], err);
    for (size_t i = 0; !code && !is_run && i < e->n; i++)
        code = amend_entity(&e->all[i], err);
    for (size_t i = 0; !code && i < e->n; i++)
        code = write_entity(&e->all[i], dir, about, err);
    for (size_t i = 0; !code && i < e->n; i++)
        note_changes(&e->all[i], json_array_get(about, i));
    if (!code)
        code = write_csv_options(dir, about, err);
    return code;
}

static int export_all(struct job *job, struct outdir *dir, const struct exportdir_owner *owner,
                      struct error *err)
{
    struct entities e = {0};
    json_t *about = json_array();
    int code = find_entities(job, &e, err);
    if (!code)
        code = export_entities(&e, dir, owner->run != 0, about, err);
    if (!code)
        code =
            exportdir_finish(dir, job->project, owner, json_pack("{s:O}", "entities", about), err);
    free_entities(&e);
    json_decref(about);
    return code;
}

/* ---- by whom --------------------------------------------------------------------------- */

static void owner_of(const struct state *s, struct exportdir_owner *out, struct pg_where *where)
{
    pg_where(s->pg, where);
    *out = (struct exportdir_owner){s->run, s->started, where->dbname};
}

/* The run's directory; `and_fill`: with what is not in it yet. */
static int of_run(struct job *job, const struct state *s, int and_fill, struct error *err)
{
    struct exportdir_owner owner;
    struct pg_where where;
    int whole;
    if (job->host->recording.mode != MIG_RECORDING_KEEP)
        return 0;
    owner_of(s, &owner, &where);
    struct outdir *dir = exportdir_take(job->project, &owner, 0, &whole, err);
    if (dir && !whole && and_fill)
        export_all(job, dir, &owner, err);
    outdir_close(dir);
    return err->code;
}

int export_begin(struct job *job, const struct state *s, struct error *err)
{
    return of_run(job, s, 0, err);
}

int export_finish(struct job *job, const struct state *s, struct error *err)
{
    return of_run(job, s, 1, err);
}

int export_only(struct job *job, int confirmed, struct error *err)
{
    const struct exportdir_owner owner = {0, "", ""};
    int whole;
    struct outdir *dir = exportdir_take(job->project, &owner, confirmed, &whole, err);
    if (dir)
        export_all(job, dir, &owner, err);
    outdir_close(dir);
    return err->code;
}
