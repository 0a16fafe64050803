/* conform.h - does a plugin keep its side of the contract? Each unit is tried in processes of its
 * own (trial.h) on a host that only listens (mockhost.h). For --check-plugin; writes nothing. */
#ifndef MIGHOST_CONFORM_H
#define MIGHOST_CONFORM_H

#include "jsonfile.h"
#include "loader.h"
#include "mockhost.h"
#include "options.h"
#include "status.h"
#include "str.h"

struct conform_wishes {
    const struct jsonfile_node *options; /* by feature: {"source:json": {...}}; NULL: none */
    const char *dir;                     /* relative paths in them are below it */
    const char *const *only;             /* features; none: all units */
    size_t n_only;
};

/* Tries the units of the plugin. Options that a unit needs and does not get are made up. Faults
 * name the file and the unit; `told` gets a line for each unit: how much was tried, and why not
 * more. STATUS_OK, STATUS_PLUGIN, or STATUS_INTERRUPTED. */
int conform_plugin(const struct loader_plugin *plugin, const struct conform_wishes *wishes,
                   struct str *told, struct faults *faults);
/* Runs the loader's part in a process first, so that what a plugin does when it is loaded ends that
 * one. STATUS_OK: it can be loaded here. */
int conform_load(const char *path, void (*load)(void *ctx), void *ctx, struct faults *faults);

/* ---- for conform_*.c: in the child -------------------------------------------------------- */

struct conform_table { /* that a migrator declared */
    uint32_t n_columns;
    mig_value_t *row; /* n_columns of them */
    int is_open;      /* row() was called, emit() not yet */
};

struct conform {
    struct mockhost m; /* first: services find this by host->impl */
    const mig_unit_t *unit;
    struct options options;
    void *self;
    const char *refused; /* the service that fails, or NULL: none */
    int32_t refusal;     /* what it gives */
    int was_refused;     /* it was called and failed */
    int is_deaf;         /* and that was not handed on */
    /* migrators */
    uint32_t n_fields, n_tables, n_entities, n_transforms;
    struct conform_table tables[32];
    /* reporters */
    uint32_t files, files_open;
};

/* Instances. conform_create gives what create() gave; outcomes are looked at. */
int32_t conform_create(struct conform *c);
void conform_destroy(struct conform *c);
/* Looks at what a call gave: MIG_OK, one of the outcomes in `may` (1U << MIG_...), or an error that
 * was told by fail(). Forgets what was said, and the memory of the record. */
int32_t conform_outcome(struct conform *c, int32_t got, unsigned may);
/* A value that the plugin gives: of a kind, with data. */
void conform_value(const mig_value_t *v, uint32_t last_kind);
/* The service `name` is called: 1 when it is to fail, and `fail` was told so. */
int conform_refuses(struct conform *c, const char *name);
/* A call has returned `got`; a service failed in it: the call must have failed, too. 0: it has. */
int conform_handed_on(struct conform *c, int32_t got);

/* Calls in which memory that is lost shows: what is lost is judged by the call. */
#define CONFORM_OFTEN 20000U

struct conform_growth { /* of what the process has, over many calls */
    size_t memory;
    unsigned descriptors, threads;
    double until, worked_until; /* by trial_clock(), by trial_work() */
    uint64_t n;
};
/* Before the calls that count; others should have come before them. */
void conform_grow_begin(struct conform_growth *g);
/* 1: go on; 0: enough calls or time. */
int conform_grow_on(struct conform_growth *g, uint64_t most);
/* Behind them: what grew is a fault, "after N calls of `what`". */
void conform_grow_end(const struct conform_growth *g, const char *what);

/* The values that units are given: with walls around them. */
struct conform_input {
    const char *name; /* "an empty text" */
    mig_value_t value;
};
#define CONFORM_INPUTS 20U
const struct conform_input *conform_inputs(void);

/* What is tried of a kind, one process each; the list ends with NULL. */
struct conform_try {
    void (*body)(struct conform *c);
};
extern const struct conform_try conform_source[], conform_transform[], conform_migrator[],
    conform_validator[], conform_reporter[];

#endif
