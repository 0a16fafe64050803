/* abicheck.c - is a plugin's descriptor sound? Pure: reads the descriptor, calls nothing.
 *
 * Order: magic, version, size; only then what lies behind the first 16 bytes; then each unit,
 * where all faults are listed. A descriptor that passes can be used by the rest of the host
 * without a further test: names are fit for messages and files, mandatory calls are there. */
#include "abicheck.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "kind.h"
#include "options.h"

/* Lists that end with NULL are read this far; more means that the end is missing. */
#define MAX_UNITS 1024
#define MAX_NEEDS 1024
#define MAX_NAME 64

/* What they were at 1.0: later members are not asked of a plugin that does not know them. */
#define PLUGIN_SIZE (offsetof(mig_plugin_t, units) + sizeof(void *))
#define UNIT_SIZE (offsetof(mig_unit_t, ops) + sizeof(void *))

struct member {
    const char *name;
    size_t offset;
};

#define MEMBER(type, name)                                                                         \
    {                                                                                              \
#name, offsetof(type, name)                                                                \
    }

static const struct member source_members[] = {
    MEMBER(mig_source_ops_t, ping),     MEMBER(mig_source_ops_t, entities),
    MEMBER(mig_source_ops_t, identity), MEMBER(mig_source_ops_t, open),
    MEMBER(mig_source_ops_t, next),     MEMBER(mig_source_ops_t, raw),
    MEMBER(mig_source_ops_t, close),    {NULL, 0}};
static const struct member transform_members[] = {MEMBER(mig_transform_ops_t, apply), {NULL, 0}};
static const struct member migrator_members[] = {
    MEMBER(mig_migrator_ops_t, describe), MEMBER(mig_migrator_ops_t, record), {NULL, 0}};
static const struct member validator_members[] = {MEMBER(mig_validator_ops_t, check), {NULL, 0}};
static const struct member reporter_members[] = {MEMBER(mig_reporter_ops_t, report), {NULL, 0}};

struct ops {
    uint32_t flags; /* those that are known */
    const struct member *members;
};

/* By MIG_SOURCE ... MIG_REPORTER. */
static const struct ops ops_of[] = {
    {0, NULL},
    {MIG_SOURCE_RECORDS, source_members},
    {MIG_TRANSFORM_PURE | MIG_TRANSFORM_SLOW | MIG_TRANSFORM_SECRET, transform_members},
    {0, migrator_members},
    {0, validator_members},
    {0, reporter_members}};

/* What is being checked, for messages. */
struct subject {
    const char *path;
    char unit[MAX_NAME + 32]; /* "unit transform:email", "unit number 3", or "" */
    struct faults *faults;
};

static void fault(const struct subject *s, const char *fix, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void fault(const struct subject *s, const char *fix, const char *format, ...)
{
    char text[512];
    struct error err = {0};
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    error_set(&err, STATUS_PLUGIN, "plugin %s: %s%s%s", s->path, s->unit, s->unit[0] ? " " : "",
              text);
    error_fix(&err, "%s", fix);
    faults_add(s->faults, &err);
}

struct abicheck_version abicheck_host(void)
{
    return (struct abicheck_version){MIG_ABI_MAJOR, MIG_ABI_MINOR};
}

int abicheck_fits(struct abicheck_version wants, struct abicheck_version has)
{
    if (wants.major != has.major)
        return 0;
    return has.major == 0 ? wants.minor == has.minor : wants.minor <= has.minor;
}

int abicheck_refuse(struct abicheck_version wants, struct abicheck_version has, const char *subject,
                    struct error *err)
{
    int older = wants.major < has.major || (wants.major == has.major && wants.minor < has.minor);
    error_set(err, STATUS_PLUGIN, "%s for plugin ABI %u.%u; this mighost speaks %u.%u", subject,
              wants.major, wants.minor, has.major, has.minor);
    error_why(err,
              "%s is the older one; the version of the ABI is not the version of the program%s",
              older ? "the plugin" : "mighost",
              has.major == 0 && wants.major == 0 ? ", and at 0.x both must be equal" : "");
    if (older)
        error_fix(err, "build the plugin against this mighost's header (pkg-config --cflags "
                       "mighost), or get its newer release");
    else
        error_fix(err, "install a newer mighost, or a release of the plugin for ABI %u.%u",
                  has.major, has.minor);
    return err->code;
}

/* The first 16 bytes, which are the same in every version. */
static int check_head(const struct subject *s, const mig_plugin_t *plugin)
{
    struct error err = {0};
    char subject[600];
    struct abicheck_version wants = {plugin->abi_major, plugin->abi_minor};
    if (plugin->magic != MIG_MAGIC) {
        fault(s, "let it begin with MIG_MAGIC, MIG_ABI_MAJOR, MIG_ABI_MINOR, sizeof(mig_plugin_t)",
              "the symbol mighost_plugin begins with 0x%08x, not with MIG_MAGIC (0x%08x)",
              (unsigned)plugin->magic, (unsigned)MIG_MAGIC);
        return STATUS_PLUGIN;
    }
    if (!abicheck_fits(wants, abicheck_host())) {
        snprintf(subject, sizeof subject, "plugin %s is built", s->path);
        abicheck_refuse(wants, abicheck_host(), subject, &err);
        faults_add(s->faults, &err);
        return STATUS_PLUGIN;
    }
    if (plugin->size < PLUGIN_SIZE) {
        fault(s, "set the member size to sizeof(mig_plugin_t)",
              "its descriptor has %u bytes, ABI %u.%u has %zu", (unsigned)plugin->size, wants.major,
              wants.minor, PLUGIN_SIZE);
        return STATUS_PLUGIN;
    }
    return STATUS_OK;
}

static int name_ok(const char *name, const char *allowed)
{
    size_t length = name ? strlen(name) : 0;
    return length > 0 && length <= MAX_NAME && strspn(name, allowed) == length;
}

#define LOWER "abcdefghijklmnopqrstuvwxyz0123456789_.-"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static void check_identity(const struct subject *s, const mig_plugin_t *plugin)
{
    if (plugin->flags != 0)
        fault(s, "set flags to 0", "its descriptor has unknown flags 0x%x", plugin->flags);
    if (!name_ok(plugin->id, LOWER UPPER))
        fault(s, "set id to a name such as \"org.example.orders\"",
              "its id is missing or not made of letters, digits, '.', '_' and '-' (at most %d)",
              MAX_NAME);
    if (!plugin->version || !plugin->version[0])
        fault(s, "set version to the plugin's own version", "it has no version");
    if (!plugin->units || !plugin->units[0])
        fault(s, "let units point to at least one mig_unit_t and end with NULL", "it has no units");
}

static void check_ops(const struct subject *s, const mig_unit_t *unit)
{
    const struct ops *ops = &ops_of[unit->kind];
    uint32_t head[2]; /* size and flags: the first two members of every ops table */
    memcpy(head, unit->ops, sizeof head);
    for (const struct member *m = ops->members; m->name; m++) {
        void (*call)(void) = NULL;
        if (head[0] < m->offset + sizeof call) {
            fault(s, "set size to the sizeof of the ops table",
                  "has an ops table of %u bytes, which does not reach its member %s", head[0],
                  m->name);
            return;
        }
        memcpy(&call, (const char *)unit->ops + m->offset, sizeof call);
        if (!call)
            fault(s, "set it; plugin.h says what it has to do", "has no %s() in its ops", m->name);
    }
    if (head[1] & ~ops->flags)
        fault(s, "use only the flags that plugin.h has for this kind",
              "has unknown flags 0x%x in its ops", head[1] & ~ops->flags);
}

static void check_needs(const struct subject *s, const mig_need_t *needs)
{
    for (size_t i = 0; needs && needs[i].feature; i++) {
        const char *colon = strchr(needs[i].feature, ':');
        if (i == MAX_NEEDS) {
            fault(s, "end the array with {0, 0, 0}", "has needs without an end");
            return;
        }
        if (!colon || colon == needs[i].feature || !colon[1])
            fault(s, "write needs as \"kind:name\", such as \"transform:email\"",
                  "has a need that is not \"kind:name\": \"%.80s\"", needs[i].feature);
        if (needs[i].flags != MIG_NEED_HARD && needs[i].flags != MIG_NEED_AFTER)
            fault(s, "use MIG_NEED_HARD or MIG_NEED_AFTER",
                  "has the need %.80s with unknown flags 0x%x", needs[i].feature, needs[i].flags);
        if (needs[i].reserved != 0)
            fault(s, "set it to 0", "has the need %.80s whose member reserved is not 0",
                  needs[i].feature);
    }
}

/* Faults of the table name the unit only; here the file is added to them. */
static void check_options(const struct subject *s, const mig_unit_t *unit)
{
    char name[MAX_NAME + 32];
    size_t first = s->faults->n;
    snprintf(name, sizeof name, "%s:%s", kind_name(unit->kind), unit->name);
    options_check_table(unit->options, name, s->faults);
    for (size_t i = first; i < s->faults->n; i++) {
        s->faults->items[i].code = STATUS_PLUGIN;
        error_why(&s->faults->items[i], "the plugin is %s", s->path);
        error_fix(&s->faults->items[i], "correct the unit's option table");
    }
}

static void check_unit(struct subject *s, const mig_unit_t *unit, size_t number)
{
    snprintf(s->unit, sizeof s->unit, "unit number %zu", number + 1);
    if (unit->size < UNIT_SIZE) {
        fault(s, "set the member size to sizeof(mig_unit_t)", "has %u bytes, ABI %d.%d has %zu",
              unit->size, MIG_ABI_MAJOR, MIG_ABI_MINOR, UNIT_SIZE);
        return;
    }
    if (!kind_name(unit->kind)) {
        fault(s, "use MIG_SOURCE ... MIG_REPORTER", "is of unknown kind %u", unit->kind);
        return;
    }
    if (!name_ok(unit->name, LOWER)) {
        fault(s, "name it with a-z, 0-9, '_', '.' and '-', at most 64 of them",
              "(a %s) has no usable name", kind_name(unit->kind));
        return;
    }
    snprintf(s->unit, sizeof s->unit, "unit %s:%s", kind_name(unit->kind), unit->name);
    if (!unit->summary || !unit->summary[0])
        fault(s, "set summary to one sentence", "has no summary");
    if (!unit->create)
        fault(s, "set it; plugin.h says what it has to do", "has no create()");
    if (!unit->destroy)
        fault(s, "set it; plugin.h says what it has to do", "has no destroy()");
    if (unit->ops)
        check_ops(s, unit);
    else
        fault(s, "let ops point to its table of calls", "has no ops");
    check_needs(s, unit->needs);
    check_options(s, unit);
}

/* Is there an earlier unit of the same kind and name? Earlier ones are checked already. */
static void check_unique(const struct subject *s, const mig_unit_t *const *units, size_t number)
{
    const mig_unit_t *unit = units[number];
    for (size_t i = 0; i < number; i++) {
        if (units[i]->size < UNIT_SIZE || units[i]->kind != unit->kind || !units[i]->name ||
            strcmp(units[i]->name, unit->name) != 0)
            continue;
        fault(s, "give each unit of the plugin its own name", "is there twice");
        return;
    }
}

int abicheck_plugin(const mig_plugin_t *plugin, const char *path, struct faults *faults)
{
    size_t before = faults->n;
    struct subject s = {.path = path, .faults = faults};
    if (check_head(&s, plugin) != STATUS_OK)
        return STATUS_PLUGIN;
    check_identity(&s, plugin);
    for (size_t i = 0; plugin->units && plugin->units[i]; i++) {
        if (i == MAX_UNITS) {
            s.unit[0] = '\0';
            fault(&s, "end the array with NULL", "its list of units has no end");
            break;
        }
        size_t unit_before = faults->n;
        check_unit(&s, plugin->units[i], i);
        if (faults->n == unit_before)
            check_unique(&s, plugin->units, i);
    }
    return faults->n == before ? STATUS_OK : STATUS_PLUGIN;
}
