/* host.h - instances of plugin units and the services they are given (mig_host_t). The one
 * place where plugins meet the host. [main] thread. */
#ifndef MIGHOST_HOST_H
#define MIGHOST_HOST_H

#include <mighost/plugin.h>

#include "arena.h"
#include "crash.h"
#include "digest.h"
#include "options.h"
#include "outdir.h"
#include "project.h"
#include "registry.h"
#include "status.h"
#include "token.h"

/* What a migrator declared in describe(). */
struct host_made { /* how a column is made, for review */
    const char **fields;
    size_t n_fields;
    const char *steps; /* JSON list; NULL: the migrator did not say */
};

struct host_table {
    const char *name; /* as the migrator wrote it */
    const char **columns;
    struct host_made *made; /* per column */
    size_t n_columns;
    mig_value_t *row; /* n_columns values, filled by the migrator, read by emit */
};

struct host_entity { /* a stage whose keys are asked for */
    const char *stage;
    enum id_strategy ids;
    struct digest_uuid *uuid; /* NULL but for ID_UUID5 */
};

struct host_key_column { /* a column that takes keys of an entity */
    uint32_t table, column, entity;
};

struct host_repair { /* counted applications of a named rule */
    const char *field, *rule;
    uint64_t count;
    uint32_t listed; /* records of the stage that stand in a list, this one or an earlier one */
};

struct host_repaired { /* a record that such a rule was applied to */
    size_t repair;     /* place in the list of rules */
    char *key;
};

/* Outcome of the record that is being worked on. */
struct host_outcome {
    int32_t kind; /* 0, MIG_SKIP or MIG_REJECT */
    char field[128], code[64], reason[512], table[160];
};

struct host;

struct host_value { /* of a column, that apply() of a slow transform is to give */
    struct unit *transform;
    size_t table, column; /* of the migrator */
    const mig_value_t *in;
    uint32_t n_in;
};

struct unit {
    mig_host_t table; /* first: host->impl points back here */
    struct host *host;
    const struct registry_unit *def; /* a copy: the registry may grow */
    const char *where;               /* "stage orders", for messages */
    struct crash_unit who;           /* the same for the words after a crash */
    void *self;
    struct options options;
    const char *options_text; /* as given, for another instance of the same */
    struct arena *mem;        /* lives as long as the instance */
    struct unit *next;
    int released; /* a source: what was read before is in a state that has ended */
    /* migrators */
    const char **fields;
    size_t n_fields;
    const char **ignored; /* fields of the source that are left out on purpose */
    size_t n_ignored;
    struct host_table *tables;
    size_t n_tables;
    struct host_entity *entities;
    size_t n_entities;
    struct host_key_column *key_columns;
    size_t n_key_columns;
    struct unit **transforms;
    size_t n_transforms;
    int describing;
    int has_login; /* what logins are checked by goes into this column, see opens() */
    size_t login_table, login_column;
    int32_t (*emit)(void *ctx, size_t table); /* set by load */
    /* The same, or NULL: takes a value that a slow transform is to compute. MIG_OK, or MIG_LATER:
     * it is to be computed at once. */
    int32_t (*await)(void *ctx, const struct host_value *v, mig_value_t *out);
    void *emit_ctx;
};

struct host_step { /* one use of a transform */
    const char *field;
    const mig_value_t *in;
    uint32_t n_in;
    const mig_value_t *out; /* where `returned` is MIG_OK */
    int32_t returned;
};

#define HOST_KEY_VARIABLE "MIGHOST_EXPORT_KEY"

/* Where sources keep what they read, or read it from; see export.h. */
struct host_recording {
    uint32_t mode;   /* MIG_RECORDING_* */
    const char *dir; /* with one directory a source in it; NULL: none */
    char id[65];     /* MIG_RECORDING_READ: what tells this export from others */
    unsigned char key[32];
    int has_key;
};

struct host {
    const struct project *project;
    const struct registry *registry;
    struct arena *record; /* memory of the current record */
    int in_record;        /* alloc() takes from `record` */
    const char *field;    /* of the transform that is being applied, or NULL */
    struct host_outcome outcome;
    struct error failure;        /* what host->fail() said */
    struct host_repair *repairs; /* see hostrepairs.h */
    size_t n_repairs;
    struct host_repaired *repaired;
    size_t n_repaired;
    char key_mark[TOKEN_MARK_SIZE]; /* by which a key that is not known yet is told, see token.h */
    const char *stage;              /* to which repairs belong, set by load */
    const char *own_key;            /* made from it for its own stage; NULL: nobody asked yet */
    mig_str_t key;                  /* of the record that is being worked on, set by load */
    int secret;                     /* set by load: memory of a record is wiped */
    /* Told of each use of a transform by a migrator; NULL: nobody. */
    void (*trace)(void *ctx, const struct unit *transform, const struct host_step *step);
    void *trace_ctx;
    struct host_recording recording; /* set before sources are made */
    struct outdir *bundle;           /* where reporters write; NULL: file services fail */
    struct outfile *files[8];
    struct faults *faults; /* while instances are made */
    /* Asked when the registry lacks a feature: loads what provides it and adds it there. */
    void (*load)(void *ctx, const char *feature, struct faults *faults);
    void *load_ctx;
    struct unit *units; /* all instances, newest first: destroyed in reverse order */
};

void host_init(struct host *h, const struct project *project, const struct registry *registry);
/* Destroys all instances in reverse order of their making. */
void host_clear(struct host *h);

/* An instance of "kind:name" with its options (JSON object text). NULL and faults otherwise. */
struct unit *host_unit(struct host *h, const char *feature, const char *options, const char *where,
                       struct faults *faults);
/* Runs a migrator's describe(). */
int host_describe(struct unit *u, struct faults *faults);
/* Of a transform: is apply() slow, may other threads have instances of their own? */
int host_is_slow(const struct unit *transform);
/* Of a source: can it keep what it reads, and read that again? */
int host_can_record(const struct unit *source);
/* Does it take what is secret? */
int host_takes_secrets(const struct unit *transform);
/* A transform refused the value of this column: the record's outcome, unless it has one. */
void host_refuse(struct host *h, const char *field);
/* Ends the record: outcome, failure and record memory are emptied. */
void host_record_done(struct host *h);
/* Turns a unit's negative return into an error that names the unit; a return without fail()
 * is the plugin's fault and said so. Returns the status. */
int host_error(struct unit *u, int32_t returned, const char *call, struct error *err);
/* Set from a signal handler: host->cancelled(). */
void host_cancel(void);
int host_is_cancelled(void);

#endif
