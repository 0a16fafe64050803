/* job.h - one migration, resolved: the project joined with its plugins' units and, when the
 * target is known, with its catalog. Built once, read by all later steps. */
#ifndef MIGHOST_JOB_H
#define MIGHOST_JOB_H

#include <stddef.h>
#include <stdint.h>

#include "catalog.h"
#include "host.h"
#include "keyset.h"
#include "plan.h"
#include "project.h"
#include "registry.h"

#define JOB_NAME_SIZE 160

enum job_cycle { CYCLE_NONE, CYCLE_DEFER, CYCLE_TWO_PASS, CYCLE_LOOSEN };

struct job_reference { /* a foreign key or undeclared reference of a written table */
    struct catalog_reference key;
    size_t parent; /* index into job.tables, or SIZE_MAX: not written by this job */
    const char *parent_quoted;
    enum job_cycle cycle;
    int64_t seen; /* check: rows of the parent that had fallen when it was looked at; -1 never */
    int again;    /* check: it was looked at before */
};

/* A staged column whose values must be unique by the project's rule, see unique.h. */
struct job_unique {
    const struct project_unique *p;
    const struct catalog_column *column;
};

/* A staged column that takes keys of a stage whose keys load does not know; its staging table keeps
 * the source key beside it until they do, see waits.h. */
struct job_wait {
    const struct catalog_column *column;
    size_t at;                             /* of job_table.columns */
    const struct project_stage *p;         /* whose keys */
    size_t stage;                          /* index into job.stages, SIZE_MAX: takes no part */
    const struct job_reference *reference; /* NULL: the stage's own key, to be numbered */
    int again;                             /* the column was there before, for another stage */
};

struct job_table { /* one target table that the job writes */
    const struct catalog_table *t;
    size_t no; /* 1-based, in the order of publishing: parents first */
    enum policy policy;
    enum indexes_mode indexes;
    int must_be_empty;               /* see empty.h */
    const struct catalog_key *match; /* by which live rows are found; NULL: insert only */
    const struct catalog_key *also;  /* by which they are found as well, see pair.h; or NULL */
    const struct catalog_column **columns; /* staged columns, the union over its stages */
    size_t n_columns;
    struct job_reference *references;
    size_t n_references;
    struct job_unique *uniques;
    size_t n_uniques;
    struct job_wait *waits;
    size_t n_waits;
    const struct catalog_sequence *sequence; /* numbers rows of stages with ids sequence, or NULL */
    const char *scope;                       /* replace: condition on live rows, or NULL */
    struct job_ownership {                   /* see owner.h */
        const char *const *columns;          /* of the reference to the owner */
        size_t n;
        const char *theirs;
        enum on_unclear on_both, on_neither;
        int unknown; /* the owners are not written by this job */
    } own;
    enum merge_rule *merge; /* of each staged column, see merge.h; NULL: overwrite */
    const struct catalog_column *newest_by;
    int keeps_places; /* others ask for the live row of each staged one: no delta.h */
    size_t *stages;   /* indexes into job.stages of those that write it */
    size_t n_stages;
    int text;           /* a column's type has no encoder: staged by text COPY */
    const char *xmin;   /* see lineage.h; NULL: the row's own */
    int64_t spread;     /* check: rejects of its stages whose rows have left the accepted ones */
    int64_t fallen;     /* check: rows that did */
    struct job_looked { /* check: what there was when it was last looked for, see check.c */
        int64_t fallen, deletes;
    } collided,       /* rows of its own: live rows in the way of staged ones; fallen -1: never */
        spared;       /* rows of the owners: deletions that would take what a refused record owns */
    struct job_keys { /* check: keys of its rows, kept for the references of several statements */
        const struct catalog_reference *of; /* by whose columns; NULL: not kept */
        struct job_looked when;
    } keys,     /* that it will have, see refer.c */
        owners; /* of live rows that a record stands for, see owner.h */
    /* Quoted names in the state schema, set when the run's number is known. */
    char staging[JOB_NAME_SIZE];      /* rows waiting */
    char match_table[JOB_NAME_SIZE];  /* staged rows that have a live row: id, ctid, xmin, same */
    char delete_table[JOB_NAME_SIZE]; /* live rows that replace will delete: ctid, xmin */
    char before[JOB_NAME_SIZE];       /* before-images, of the live table's own type */
    char will_be[JOB_NAME_SIZE];      /* view: accepted staged rows as they will be */
    char as_if[JOB_NAME_SIZE];        /* view: the live table as if published */
    char rest[JOB_NAME_SIZE];         /* materialized view: the rows that are not as their live row,
                                       * where they are few */
    char delta[JOB_NAME_SIZE];        /* see delta.h */
    char pair[JOB_NAME_SIZE];         /* see pair.h */
    int has_rest, has_delta;
    int64_t staged;    /* check: rows in staging */
    int64_t matched;   /* check: of them, those that have a live row */
    int any_absent;    /* check: some of them leave a column to the live row or the default */
    int64_t rest_rows; /* where has_rest: how many they are */
    int one_to_one;    /* no live row is met by two staged rows */
    int64_t deletes;   /* rows of the delete table */
    int has_images;    /* before-images of the updates were taken behind check: so many */
    int64_t images;
    struct job_seen { /* the live table before check looked at it */
        int64_t rows;
        char xmin[24],
            file[24]; /* oldest transaction still running then, "": unknown; file number */
    } seen;
    char done[JOB_NAME_SIZE]; /* view: staged rows of published batches, see batches.h */
};

struct highwater;
struct spool;

struct job_stage {
    const struct project_stage *p;
    size_t no;                     /* 1-based, in order */
    const struct plan_need *needs; /* of plugins and project, and what foreign keys imply */
    size_t n_needs;
    struct unit *source, *migrator;
    const char **fields; /* what the source is asked for: the migrator's, then key and mark */
    size_t n_fields;
    size_t *key_index; /* per p->key: index into fields */
    size_t *tables;    /* per migrator table: index into job.tables */
    size_t **columns;  /* per migrator table and column: index into job_table.columns */
    char hash[65];     /* of all that its rows depend on */
    /* Source keys of the only records that are taken up, "" for those without a key; NULL: all. */
    struct keyset *wanted;
    const char *facts;      /* what the source told of the reading, see facts.h; NULL: nothing */
    struct highwater *high; /* an incremental stage: where it begins; NULL: it reads everything */
    struct spool *spool;    /* its records, set aside, see aside.h; owned; NULL: they were not */
    char snapshot[17];      /* that they were read in */
    const char *unread;     /* what counted_set_aside() kept of them; "": nothing */
};

struct job_validator {
    const struct project_validator *p;
    struct unit *unit;
};

struct job_reporter {
    const struct project_reporter *p;
    struct unit *unit;
};

struct job {
    struct arena *mem;
    const struct project *project;
    struct host *host;
    struct catalog catalog;   /* n 0 until job_tables */
    struct catalog preserved; /* tables of the project's "preserve", same index; see preserve.h */
    struct job_stage *stages; /* enabled ones, in order */
    size_t n_stages;
    struct job_table *tables; /* in order of publishing */
    size_t n_tables;
    struct job_validator *validators;
    size_t n_validators;
    struct job_reporter *reporters;
    size_t n_reporters;
    struct job_reporter *notify;
    size_t n_notify;
    struct unit **sources; /* one per project source that is used, same index as project's */
    int checked;           /* check was begun by this process */
    int64_t worker_kb;     /* load: memory of the largest worker process at its peak ... */
    int64_t workers_kb;    /* ... and of all, each at its own; 0: this process loaded alone */
    int drifted;           /* live rows changed between check and publish */
    struct str notes;      /* lines for the plan: differences and choices */
    char hash[65];         /* of the whole plan without the catalog */
};

/* Makes all units and orders the stages by declared needs. Needs no connection. Enables stages of
 * the project that --with-dependencies asks for. */
int job_units(struct job *job, struct project *project, struct host *host, struct faults *faults);
/* Names of the run's own tables. */
void job_name_tables(struct job *job, int64_t run);
void job_clear(struct job *job);
/* Orders the stages by declared needs and, where the catalog is known, by foreign keys. */
int job_order(struct job *job, struct faults *faults);
/* A stage whose keys are used and that takes no part; NULL: there is none. */
const char *job_absent(const struct job *job);
/* By oid: whoever locks more than one table does so in this order, so that two cannot deadlock. */
const struct job_table *const *job_lock_order(const struct job *job);
size_t job_find_table(const struct job *job, const char *schema, const char *table);
size_t job_find_stage(const struct job *job, const char *name); /* SIZE_MAX: none */
const struct catalog_column *job_find_staged(const struct job_table *t, const char *name);
/* Does it use transforms that take long, see deferred.h? */
int job_is_slow(const struct job_stage *st);
/* Does it read what is secret? Its records are nowhere kept as they were read. */
int job_is_secret(const struct job_stage *st);
/* By which a row that a stage makes is told from outside, and found again later: the primary key
 * with ids sequence, or where it is one staged column and live rows are found by one column, else
 * the key of `match`; NULL: none. */
const struct catalog_key *job_find_stage_key(const struct job *job, const struct job_stage *st);
/* Where the stage's own key waits to be numbered, or NULL. */
const struct job_wait *job_find_own_wait(const struct job_table *t, const struct job_stage *st);

#endif
