/*
 * mighost/plugin.h - the interface between mighost and its plugins (the ABI).
 *
 * This is the only header a plugin includes. It needs nothing but <stddef.h> and <stdint.h>,
 * and compiles alone as C99 to C23 and C++11 to C++20.
 *
 * A plugin is a shared object that exports one symbol, `mighost_plugin`, a constant
 * mig_plugin_t. It imports no symbol of the host: services arrive as a table of function
 * pointers (mig_host_t). One plugin holds any number of units: sources, transforms,
 * migrators, validators, reporters.
 *
 * Growth rules. Version 1.0 is frozen: a plugin that was built against it runs on every host of
 * major 1.
 *  1. Members are only appended, and only to structs whose first member is `size`.
 *  2. A later member is used only behind MIG_HAS(table, member).
 *  3. Structs without `size` (mig_str_t, mig_value_t, mig_need_t, mig_option_t) never change.
 *  4. Numbers and names are never used again for something else; unknown values and flags are
 *     errors. Members called `reserved` are 0.
 *  5. Anything else is a new major version.
 * Whoever makes a struct that the other side fills sets its `size`; nobody writes behind it.
 *
 * Threads: [main] the main thread: load, create, describe, destroy. [run] never two calls at once
 * for one instance, but not always from the same thread. [any] from every thread, also at once.
 *
 * Memory: nobody frees what the other side allocated. Pointers given to a plugin are borrowed
 * until the call returns, those that a plugin gives must live until its next call, unless a
 * comment says otherwise. The host copies what it keeps. `mighost_plugin` and all that it points
 * to are constant and live as long as the process: a plugin is never unloaded.
 *
 * Text is UTF-8. A `const char *` ends with a NUL byte; mig_str_t and mig_value_t have a length in
 * bytes and need not. A text that becomes a PostgreSQL value may hold no NUL byte (the host
 * rejects such a record). Pointers that may be NULL are said to be.
 *
 * Errors: calls return MIG_OK, another outcome > 0 that their comment names, or a negative
 * MIG_E_*. Before returning a negative status a plugin calls host->fail() once; the first call
 * wins. A service of the host that returns a negative status has called it already: return that
 * status. No C++ exception and no longjmp may cross this border.
 */
#ifndef MIGHOST_PLUGIN_H
#define MIGHOST_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MIG_MAGIC 0x3147494dU /* "MIG1" in little-endian memory */
#define MIG_ABI_MAJOR 1
#define MIG_ABI_MINOR 0

/* Marks the one exported symbol, also where the plugin is built with hidden visibility. */
#if defined(__GNUC__)
#define MIG_EXPORT __attribute__((visibility("default")))
#else
#define MIG_EXPORT
#endif

/* True when a table given by the other side reaches a member and the member is set. */
#define MIG_HAS(table, member)                                                                     \
    ((const char *)&(table)->member + sizeof((table)->member) <=                                   \
         (const char *)(table) + (table)->size &&                                                  \
     (table)->member != 0)

/* ---- outcomes ------------------------------------------------------------------------- */

#define MIG_OK 0
#define MIG_END 1    /* no more records, rows or checks */
#define MIG_WAIT 2   /* a source waits; mig_wait_t says for what */
#define MIG_SKIP 3   /* this record is left out on purpose, host->skip() said why */
#define MIG_REJECT 4 /* this record is unfit, host->reject() said why */
#define MIG_LATER 5  /* a slow transform: apply() is needed for this value */

#define MIG_E_BUG (-1)       /* a mistake in plugin or host */
#define MIG_E_CONFIG (-2)    /* options do not fit; nothing was tried */
#define MIG_E_SOURCE (-3)    /* the source failed for good */
#define MIG_E_TEMPORARY (-4) /* the same call may work later */
#define MIG_E_NOMEM (-5)
#define MIG_E_CANCELLED (-6) /* host->cancelled() was true and the plugin stopped */
#define MIG_E_IO (-7)        /* a local file could not be read or written */

/* ---- values --------------------------------------------------------------------------- */

typedef struct mig_str { /* frozen */
    const char *data;    /* not NUL-terminated */
    size_t len;          /* bytes */
} mig_str_t;

/* Absent, NULL and a value are three things: absent means "the source does not say". */
#define MIG_ABSENT 0U
#define MIG_NULL 1U
#define MIG_TEXT 2U
#define MIG_NUMBER 3U  /* text of a JSON number, digits as in the source, never rounded */
#define MIG_BOOL 4U    /* "true" or "false" */
#define MIG_JSON 5U    /* text of a JSON object or array, valid, as in the source */
#define MIG_KEY 6U     /* a target key that is not known yet, see key(); the text means nothing */
#define MIG_AWAITED 7U /* a value that is still being computed, see apply_to(); as MIG_KEY */

typedef struct mig_value { /* frozen */
    const char *data;      /* undefined for MIG_ABSENT and MIG_NULL */
    uint32_t len;          /* bytes */
    uint32_t kind;         /* MIG_ABSENT ... MIG_AWAITED */
} mig_value_t;

/* One source record: the fields that the migrator declared to read, in that order. */
typedef struct mig_record {
    uint32_t size;
    uint32_t n_values;
    const mig_value_t *values; /* borrowed until the source's next call */
    uint64_t number;           /* 1 for the first record of what open() opened; set by the host */
    mig_str_t key;             /* source key as text; set by the host */
} mig_record_t;

/* What a value that is transformed belongs to. */
typedef struct mig_place {
    uint32_t size;
    uint32_t reserved;
    mig_str_t project, stage;
    mig_str_t key;    /* source key of the record */
    mig_str_t column; /* target column, as the migrator named it in apply() or column() */
} mig_place_t;

/* What a source waits for when next() answers MIG_WAIT. */
#define MIG_WAIT_READ 1U
#define MIG_WAIT_WRITE 2U
typedef struct mig_wait {
    uint32_t size;
    uint32_t n_fds;      /* at most 8; 0: for time alone */
    int32_t fds[8];      /* valid until the source's next call only */
    uint32_t events[8];  /* MIG_WAIT_READ | MIG_WAIT_WRITE */
    uint32_t timeout_ms; /* call next() again after this time at the latest; 0: at once */
} mig_wait_t;

/* ---- needs and options ---------------------------------------------------------------- */

#define MIG_NEED_HARD 1U  /* it is an error when nobody provides it */
#define MIG_NEED_AFTER 2U /* order only, ignored when nobody provides it */
typedef struct mig_need { /* frozen; arrays end with {0, 0, 0} */
    const char *feature;  /* "kind:name": "stage:users", "transform:email", "extension:hstore" */
    uint32_t flags;       /* MIG_NEED_HARD or MIG_NEED_AFTER */
    uint32_t reserved;    /* 0 */
} mig_need_t;

#define MIG_OPT_TEXT 1U
#define MIG_OPT_INT 2U  /* decimal, int64 */
#define MIG_OPT_BOOL 3U /* true or false */
#define MIG_OPT_JSON 4U /* any JSON value, handed over as compact JSON text */
#define MIG_OPT_PATH 5U /* a path; relative ones are resolved against the project's directory */
#define MIG_OPT_URL 6U  /* may hold a password: never printed as it is */

#define MIG_OPTF_REQUIRED 1U
#define MIG_OPTF_SECRET 2U /* never printed */

typedef struct mig_option {    /* frozen; arrays end with a NULL name */
    const char *name;          /* [a-z0-9_]+ */
    uint32_t type;             /* MIG_OPT_* */
    uint32_t flags;            /* MIG_OPTF_* */
    const char *default_value; /* as text, or NULL */
    const char *allowed;       /* TEXT: "a|b|c"; INT: "min..max"; or NULL */
    const char *help;          /* one sentence */
} mig_option_t;

/* ---- recordings ----------------------------------------------------------------------- */

/* What a source with MIG_SOURCE_RECORDS does beside reading, see mig_host_t.recording(). */
#define MIG_RECORDING_NONE 0U
/* What it reads it keeps in `dir`, in files of its own form: 0600, each with a digest, and so that
 * half a recording is never taken for a whole one. An entity that is there whole is read from
 * there. */
#define MIG_RECORDING_KEEP 1U
#define MIG_RECORDING_READ 2U /* it reads from `dir` and asks nobody else */

typedef struct mig_recording {
    uint32_t size;
    uint32_t mode;            /* MIG_RECORDING_* */
    const char *dir;          /* this source's alone; made by it (0700) where it is missing */
    const unsigned char *key; /* 32 bytes for AES-256-GCM; NULL: there is none */
    const char *key_name;     /* the variable that holds it, for messages */
} mig_recording_t;

/* ---- services of the host ------------------------------------------------------------- */

#define MIG_LOG_DEBUG 1
#define MIG_LOG_INFO 2
#define MIG_LOG_WARNING 3
#define MIG_LOG_ERROR 4

typedef struct mig_host mig_host_t;
struct mig_host {
    uint32_t size;
    uint16_t abi_major, abi_minor;
    void *impl; /* the host's own; one per unit instance */

    /* -- every unit -- */

    /* [any] One line of log, attributed to the unit; `level` is a MIG_LOG_*. No secrets, no values
     * of records. */
    void (*log)(const mig_host_t *h, int32_t level, const char *text);
    /* [run][main] States why the call is about to return `status` (a MIG_E_*). `fix`: what to do
     * about it, or NULL. Texts are copied. Returns `status`, so that it can be returned at once. */
    int32_t (*fail)(const mig_host_t *h, int32_t status, const char *text, const char *fix);
    /* [any] 1 when the run is being stopped: return MIG_E_CANCELLED soon. Else 0. */
    int32_t (*cancelled)(const mig_host_t *h);
    /* [run][main] The value of one of the unit's own options, checked; MIG_ABSENT when it
     * is not set and has no default. Borrowed until destroy(). MIG_E_BUG: no such option. */
    int32_t (*option)(const mig_host_t *h, const char *name, mig_value_t *out);
    /* [run] Memory that lives until the current record is done, aligned as malloc()'s; never NULL,
     * also for 0 bytes. In create() and describe() [main]: until destroy(). */
    void *(*alloc)(const mig_host_t *h, size_t bytes);
    /* [main] A draft service by name ("mighost.draft.x/1"), or NULL. */
    const void *(*extension)(const mig_host_t *h, const char *id);

    /* -- sources, transforms and migrators: the outcome of the record that is at work -- */

    /* [run] Outcome of the current record. `code` is a short stable word ("bad_email"), `field`
     * the source field or target column or NULL, `reason` a sentence without any value of the
     * record. Return MIG_REJECT and MIG_SKIP. The first call wins. */
    int32_t (*reject)(const mig_host_t *h, const char *field, const char *code, const char *reason);
    int32_t (*skip)(const mig_host_t *h, const char *code, const char *reason);
    /* [run] Counts one application of a named repair or default for the report; `field` as in
     * reject(). */
    void (*repaired)(const mig_host_t *h, const char *field, const char *rule);

    /* -- sources -- */

    /* [main][run] With MIG_SOURCE_RECORDS, from create() on: set out->size. What it gives lives
     * until destroy() and stays the same. */
    int32_t (*recording)(const mig_host_t *h, mig_recording_t *out);
    /* [main][run] 1 when a stage of the project calls this field of the entity secret: on a disk
     * it may be encrypted with the recording's key only. 0: none does. */
    int32_t (*is_secret)(const mig_host_t *h, const char *entity, mig_str_t field);

    /* -- transforms -- */

    /* [run] What the value belongs to; set out->size. Borrowed until the call returns. MIG_E_BUG
     * where no record is at work. */
    int32_t (*place)(const mig_host_t *h, mig_place_t *out);

    /* -- migrators, in describe() [main]. Indexes count from 0 in the order of the calls. -- */

    /* A field of the source record -> its index in mig_record_t.values. */
    int32_t (*reads)(const mig_host_t *h, const char *field, uint32_t *index);
    /* A target table, "schema.table" or "table" (then: schema of the project). */
    int32_t (*writes)(const mig_host_t *h, const char *table, uint32_t *index);
    /* A column of that table which the migrator fills. */
    int32_t (*column)(const mig_host_t *h, uint32_t table, const char *column, uint32_t *index);
    /* Another stage (NULL: the own one) whose keys will be asked for by key(). */
    int32_t (*entity)(const mig_host_t *h, const char *stage, uint32_t *index);
    /* The column will hold keys of that entity, as key() gives them. Without it a MIG_KEY is
     * refused there; for keys of the other kinds it changes nothing. */
    int32_t (*takes_key)(const mig_host_t *h, uint32_t table, uint32_t column, uint32_t entity);
    /* An instance of the transform `name` with options of its own, a JSON object as text, or
     * empty: none. */
    int32_t (*transform)(const mig_host_t *h, const char *name, mig_str_t options,
                         uint32_t *handle);
    /* For those who look the mapping over; both may be left out.
     * ignores: a field of the source that is left out on purpose.
     * made_of: from which source fields the column is made (dotted where a member is meant; none:
     *      from something else), and by which steps, a JSON list of names or objects as text, or
     *      empty. */
    int32_t (*ignores)(const mig_host_t *h, const char *field);
    int32_t (*made_of)(const mig_host_t *h, uint32_t table, uint32_t column,
                       const char *const *fields, uint32_t n_fields, mig_str_t steps);

    /* -- migrators, in record() [run] -- */

    /* The target key that the entity gives to this source key. NULL and absent keys give NULL and
     * absent. Lives as long as alloc(). Where the entity's keys are known only when all is read
     * (ids "sequence" and "natural") it gives a MIG_KEY, which may become the whole value of a
     * column that takes_key() named, and nothing else. */
    int32_t (*key)(const mig_host_t *h, uint32_t entity, const mig_value_t *source_key,
                   mig_value_t *out);
    /* The transform's result. MIG_OK, or MIG_REJECT, attributed to `field`: return that. `out`
     * lives as long as alloc(). */
    int32_t (*apply)(const mig_host_t *h, uint32_t handle, const char *field, const mig_value_t *in,
                     uint32_t n_in, mig_value_t *out);
    /* apply() for what becomes the whole value of that column, and nothing else. Where the
     * transform is slow, `out` may be a MIG_AWAITED: it is computed beside the next records, and
     * the row goes on its way when it is there. Is it refused then, the record is, as if apply()
     * had refused it. */
    int32_t (*apply_to)(const mig_host_t *h, uint32_t handle, uint32_t table, uint32_t column,
                        const mig_value_t *in, uint32_t n_in, mig_value_t *out);
    /* The values of a new row of that table, one per declared column, all MIG_ABSENT, never NULL:
     * fill them, then emit(). The values must live until emit() returns. Only one row at a time. */
    mig_value_t *(*row)(const mig_host_t *h, uint32_t table);
    /* Checks and takes the row. MIG_OK, or MIG_REJECT: return that. */
    int32_t (*emit)(const mig_host_t *h, uint32_t table);

    /* -- reporters -- */

    /* [run] A file of the bundle. `name` is relative, without "..", created 0600; the file appears
     * under it only when closed without error. At most 8 are open at once, and none when report()
     * returns. */
    int32_t (*file_open)(const mig_host_t *h, const char *name, uint32_t *handle);
    int32_t (*file_write)(const mig_host_t *h, uint32_t handle, const void *data, size_t len);
    int32_t (*file_close)(const mig_host_t *h, uint32_t handle);
};

/* ---- sources -------------------------------------------------------------------------- */

#define MIG_SOURCE_RECORDS 1U /* it can keep what it reads, and read that again */

typedef struct mig_source_ops {
    uint32_t size;
    uint32_t flags; /* MIG_SOURCE_* */

    /* Where a call takes row(), part(), fact() or field(), it calls that with `ctx`, and stops and
     * returns what that gave when it is not MIG_OK. */

    /* [run] Can the source be reached? Writes nothing anywhere. */
    int32_t (*ping)(void *self);
    /* [run] Calls row() once for each entity that the source holds, as far as it knows. */
    int32_t (*entities)(void *self, void *ctx, int32_t (*row)(void *ctx, const char *entity));
    /* [run] Text that changes when the entity's content may have changed (size and time of
     * a file), "" when the source cannot tell. Lives until the next call. */
    int32_t (*identity)(void *self, const char *entity, mig_str_t *out);
    /* [run] Begins to read an entity: `fields` are the ones that next() must give, in that
     * order; `position` is empty, one that position() gave under the same identity, or a part
     * that split() gave. One entity is open at a time. `key_fields` says by which fields to order
     * where the source has no order of its own (NULL when there is none). */
    int32_t (*open)(void *self, const char *entity, const char *const *fields, uint32_t n_fields,
                    const char *const *key_fields, uint32_t n_key_fields, mig_str_t position);
    /* [run] The next record: MIG_OK, MIG_END, MIG_WAIT, MIG_REJECT (this record is broken,
     * host->reject() said how; the next call goes on behind it), or negative. Fills
     * rec->values and rec->n_values. */
    int32_t (*next)(void *self, mig_record_t *rec, mig_wait_t *wait);
    /* [run] The record that next() gave last, whole, as read, as one JSON text (for rejects);
     * also after MIG_REJECT. Lives until the next call. */
    int32_t (*raw)(void *self, mig_str_t *out);
    /* [run] Ends the open entity, also in the middle. */
    int32_t (*close)(void *self);

    /* The rest may be NULL: a source that cannot, or need not, leaves it out. */

    /* [run] Where open() can go on behind the last record; empty text: only from the start. Lives
     * until the next call. */
    int32_t (*position)(void *self, mig_str_t *out);
    /* [run] How far reading is, in 0..1000000 parts, or -1 when unknown. */
    int64_t (*progress)(void *self);
    /* [run] Text that names the one state of the source in which this instance reads all its
     * entities; another text means that other records may be seen. Empty text: there
     * is no such thing. Lives until the next call. */
    int32_t (*snapshot)(void *self, mig_str_t *out);
    /* [run] All is read, and what comes now takes long: lets go of the state that snapshot() names,
     * and of what it costs the source to keep it (a transaction that is open). Connections may
     * stay. No entity is open. What is read later, if anything, is in another state, until the next
     * release(); written() then tells what was written since the first one, without what is gone.
     */
    int32_t (*release)(void *self);
    /* [run] For the next open() only: the host wants no record whose `field` is less than
     * `least` (MIG_NUMBER: a whole number; MIG_TEXT: a time, ISO 8601 in UTC); records without
     * a value there it wants. The source need not leave any out: the host does. */
    int32_t (*since)(void *self, const char *field, const mig_value_t *least);
    /* [run] For the next open() only: the host wants no other records than those with these keys
     * (texts of the one key field). MIG_OK: the entity has at most one record for each, and
     * open() gives these alone, in the usual order; MIG_END: it gives all. */
    int32_t (*only)(void *self, const char *entity, const char *key_field, const mig_str_t *keys,
                    uint32_t n);
    /* [run] What others wrote to the entity since the moment in which it was read: row() for
     * each record that is new or changed (`removed` 0) or gone (1), with the texts of its key
     * fields, joined by U+001F. No entity is open. More than 10,000 of a kind need not be
     * told. MIG_OK, or MIG_END: it cannot be told. */
    int32_t (*written)(void *self, const char *entity, const char *const *key_fields,
                       uint32_t n_key_fields, void *ctx,
                       int32_t (*row)(void *ctx, int32_t removed, mig_str_t key));
    /* [run] MIG_RECORDING_KEEP, and the entity is kept whole: reads what was made or changed since
     * its reading began, and keeps that, too, in place of what it was. `records`: how many.
     * written() then tells what came later still. No entity is open. MIG_OK, or MIG_END: it cannot
     * be told. */
    int32_t (*amend)(void *self, const char *entity, uint64_t *records);
    /* [run] Was anything of the entity written between the state that snapshot() named `before`,
     * maybe to another process, and the one that this instance reads? `written`: how many of its
     * records are new or changed since, `records`: how many it has now; of those that were there
     * before, fewer than these tell that some are gone. No entity is open. MIG_OK, or MIG_END: it
     * cannot be told. */
    int32_t (*unchanged)(void *self, const char *entity, const char *before, uint64_t *written,
                         uint64_t *records);
    /* [run] Behind MIG_END, before close(): what is worth telling of the entity's reading, but for
     * how much its fields are filled, which the host counts. fact() for each: `name` a short stable
     * word ("requests"); `value` a whole number or, of "digest", one in hex; no value of a record.
     */
    int32_t (*facts)(void *self, void *ctx,
                     int32_t (*fact)(void *ctx, const char *name, const char *value));
    /* [run] Fields of the open entity that open() did not ask for: field() for each, as far as it
     * was read, with the number of records that next() gave since the last call of unread() and
     * that have a value there, neither NULL nor an empty text. More than some thousand names may be
     * told together, as "". Also behind MIG_END. */
    int32_t (*unread)(void *self, void *ctx,
                      int32_t (*field)(void *ctx, mig_str_t name, uint64_t filled));
    /* [run] The entity is to be opened, behind those that were told before, from its beginning
     * and with all its records: where reading is waiting, the source may begin to ask for it while
     * another one is open. No promise: it may never be. */
    int32_t (*soon)(void *self, const char *entity);

    /* These three let several processes read one entity (--jobs); all of them or none (NULL).
     *
     * split: [run] Calls part() for at most `wanted` parts of an entity, in order; without a call
     *        when it is too small, or cannot be cut. Parts are texts for open(); one behind the
     *        other they are the entity's records in the order of an open() without position. Every
     *        record belongs to exactly one part, also under a later snapshot.
     * share: [run] Text by which join() gets the same snapshot while this instance lives.
     * join:  [run] The process was forked from the one that called share(): connections and files
     *        that were open belong to that one and are left alone. Reads in the shared snapshot
     *        from now on. Called before any other call in that process. */
    int32_t (*split)(void *self, const char *entity, const char *const *key_fields,
                     uint32_t n_key_fields, uint32_t wanted, void *ctx,
                     int32_t (*part)(void *ctx, mig_str_t part));
    int32_t (*share)(void *self, mig_str_t *out);
    int32_t (*join)(void *self, mig_str_t shared);
} mig_source_ops_t;

/* ---- transforms ----------------------------------------------------------------------- */

#define MIG_TRANSFORM_PURE 1U /* the result depends on input, options and place() only */
/* With PURE: a call takes a millisecond or more. The host may make several instances, one a
 * thread, and call apply() and prove() of each from that thread; create() and destroy() stay
 * [main]. Services that are [run] belong to the instance. */
#define MIG_TRANSFORM_SLOW 2U
/* The input is secret: records of a stage that uses it are nowhere kept as they were read. */
#define MIG_TRANSFORM_SECRET 4U

typedef struct mig_transform_ops {
    uint32_t size;
    uint32_t flags; /* MIG_TRANSFORM_* */
    /* [run] One value from n_in values. MIG_OK, or MIG_REJECT after host->reject(). `out`
     * may point into `in`, to static text or to memory of host->alloc(). */
    int32_t (*apply)(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out);
    /* [run] Of SLOW ones, or NULL: what can be said without the slow part. MIG_OK with `out`,
     * MIG_REJECT after host->reject(), or MIG_LATER: then apply() is called with the same values.
     * What is refused, and what is counted by repaired(), belongs here: it is called first, for
     * each value, in the order of the records. */
    int32_t (*quick)(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out);
    /* [run] Does `stored`, the text of a live column, admit who knows `in`? Asked after publish of
     * values that quick() left to apply(). MIG_OK: it does; MIG_END: it does not. Or NULL. */
    int32_t (*prove)(void *self, const mig_value_t *in, uint32_t n_in, const mig_value_t *stored);
    /* [run] Of SLOW ones, or NULL: 32 bytes that are the same only where apply() gives the same,
     * made with a key that is nowhere in the target's database. By them a run that is taken up
     * again finds what it had computed, and a later run what an earlier one had. Called behind
     * quick(), as apply(). MIG_OK, or MIG_END: it has none. */
    int32_t (*mark)(void *self, const mig_value_t *in, uint32_t n_in, unsigned char out[32]);
    /* [run] Of those whose value logins are checked by, or NULL: does `stored`, the text of a live
     * column, admit who types `typed`, whatever is made of what the source has? No record is at
     * work. MIG_OK: it does; MIG_END: it does not. */
    int32_t (*opens)(void *self, const mig_value_t *typed, const mig_value_t *stored);
} mig_transform_ops_t;

/* ---- migrators ------------------------------------------------------------------------ */

typedef struct mig_migrator_ops {
    uint32_t size;
    uint32_t flags; /* 0 */
    /* [main] Declares fields, tables and columns by host->reads(), writes(), column(),
     * entity(). Called once, before anything is read. */
    int32_t (*describe)(void *self);
    /* [run] One record to any number of rows. MIG_OK, MIG_SKIP, MIG_REJECT or negative. With
     * --jobs it is called in several processes, forked behind describe() and before the first
     * record: a thread or a connection is to be begun here, not earlier. */
    int32_t (*record)(void *self, const mig_record_t *rec);
} mig_migrator_ops_t;

/* ---- validators ----------------------------------------------------------------------- */

/* ROW: `sql` is a condition on one row of `table` that is true when the row is bad. In the
 * check step such rows reject their records; later they are violations.
 * QUERY: `sql` is a SELECT that gives one row per violation, first column a key as text.
 * It names tables as {table} or {schema.table}; the host puts in the view of the tables as
 * if published, or the live table. Text in {} must be a table name. */
#define MIG_CHECK_ROW 1U
#define MIG_CHECK_QUERY 2U

#define MIG_SEVERITY_ERROR 1U
#define MIG_SEVERITY_WARNING 2U

typedef struct mig_check { /* filled by the plugin; texts live until destroy() */
    uint32_t size;
    uint32_t kind;       /* MIG_CHECK_* */
    uint32_t severity;   /* MIG_SEVERITY_* */
    const char *name;    /* unique within the validator */
    const char *code;    /* short stable word, as in host->reject() */
    const char *message; /* a sentence that names bound and rule */
    const char *table;   /* ROW: "schema.table" or "table" */
    const char *column;  /* ROW: the column that is to blame, or NULL */
    const char *sql;
} mig_check_t;

typedef struct mig_validator_ops {
    uint32_t size;
    uint32_t flags; /* 0 */
    /* [main] The check with this number, counted from 0, or MIG_END. */
    int32_t (*check)(void *self, uint32_t number, mig_check_t *out);
} mig_validator_ops_t;

/* ---- reporters ------------------------------------------------------------------------ */

typedef struct mig_reject {
    uint32_t size;
    uint32_t outcome;  /* MIG_REJECT or MIG_SKIP */
    const char *stage; /* all texts are borrowed for the call; NULL when unknown */
    const char *key;
    const char *table;
    const char *field;
    const char *code;
    const char *reason;
    const char *first_cause; /* "stage:key code" of the record that began it, or NULL */
    uint64_t number;         /* of the record in its entity, from 1; 0 unknown */
    mig_str_t raw;           /* the record as read, JSON; empty when it could not be kept */
} mig_reject_t;

typedef struct mig_report mig_report_t;
struct mig_report {
    uint32_t size;
    uint32_t reserved;
    void *impl;
    mig_str_t json; /* report.json, see share/report.schema.json */

    /* All [run], in report(). What they give is borrowed until row() returns. When row() returns
     * something else than MIG_OK they stop and return that. Each may be called again. */

    /* Calls row() for each rejected or skipped record, in order of stage and record. */
    int32_t (*rejects)(const mig_report_t *r, void *ctx,
                       int32_t (*row)(void *ctx, const mig_reject_t *reject));
    /* Calls row() for each entry of the id map of a stage that this run made. */
    int32_t (*idmap)(const mig_report_t *r, const char *stage, void *ctx,
                     int32_t (*row)(void *ctx, mig_str_t source_key, mig_str_t final_key));
    /* A text that the host makes: "rollback.sql", "verify.sql", "run.log". Lives until the
     * next call; MIG_END when there is none. */
    int32_t (*text)(const mig_report_t *r, const char *name, mig_str_t *out);
    /* Calls row() for each record of the source that is not, or no longer, as this run has it.
     * `what`: "vanished": an earlier run published it, this one did not find it, its row is
     * left as it is; "deleted": the same, and its row was deleted; "written", "removed": the
     * source was written while the run worked. "both", "neither": a live row is the source's
     * and the target's own at once, or none of them. The keys may be NULL. */
    int32_t (*changes)(const mig_report_t *r, void *ctx,
                       int32_t (*row)(void *ctx, const char *stage, const char *what,
                                      const char *key, const char *final_key));
    /* Calls row() for each value that a row could not have because another has it, by the rules
     * "unique" of the project. `fate`: "suffix", "null" or "reject". `winner`: "stage:key" of who
     * keeps it; NULL: a live row, or the suffix is one from an earlier run. */
    int32_t (*taken)(const mig_report_t *r, void *ctx,
                     int32_t (*row)(void *ctx, const char *stage, const char *key,
                                    const char *table, const char *column, const char *fate,
                                    const char *winner));
};

typedef struct mig_reporter_ops {
    uint32_t size;
    uint32_t flags; /* 0 */
    /* [run] Writes its files by host->file_open(). Called at the end of every run. */
    int32_t (*report)(void *self, const mig_report_t *report);
} mig_reporter_ops_t;

/* ---- units and the plugin ------------------------------------------------------------- */

#define MIG_SOURCE 1U
#define MIG_TRANSFORM 2U
#define MIG_MIGRATOR 3U
#define MIG_VALIDATOR 4U
#define MIG_REPORTER 5U

typedef struct mig_unit {
    uint32_t size;
    uint32_t kind;               /* MIG_SOURCE ... MIG_REPORTER */
    const char *name;            /* [a-z0-9_.-]+; provides the feature "kind:name" */
    const char *summary;         /* one sentence */
    const mig_need_t *needs;     /* or NULL */
    const mig_option_t *options; /* or NULL */
    /* [main] Makes an instance. `host` lives until destroy() has returned. */
    int32_t (*create)(const mig_host_t *host, void **self);
    /* [main] Frees it; `self` may be NULL when create() failed. */
    void (*destroy)(void *self);
    const void *ops; /* mig_<kind>_ops_t */
} mig_unit_t;

typedef struct mig_plugin {         /* the exported symbol `mighost_plugin` */
    uint32_t magic;                 /* MIG_MAGIC; these first 16 bytes never change */
    uint16_t abi_major;             /* MIG_ABI_MAJOR */
    uint16_t abi_minor;             /* lowest host minor that it runs on */
    uint32_t size;                  /* sizeof(mig_plugin_t) */
    uint32_t flags;                 /* 0 */
    const char *id;                 /* "org.example.orders", never reused */
    const char *version;            /* of the plugin, free text */
    const mig_unit_t *const *units; /* ends with NULL */
} mig_plugin_t;

#ifdef __cplusplus
}
#endif

#endif
