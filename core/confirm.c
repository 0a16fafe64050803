/* confirm.c - asks before something is done to a target that is marked as production, or that is
 * named like one while the project does not say what it is. */
#include "confirm.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "log.h"
#include "pg.h"
#include "str.h"

static int one_of(const char *word, size_t n, const char *const *words)
{
    for (; *words; words++)
        if (strlen(*words) == n && strncasecmp(word, *words, n) == 0)
            return 1;
    return 0;
}

/* By whole words, so that "product" is none; one that says otherwise ends it: "prod_copy". */
static int names_production(const char *name)
{
    static const char *const yes[] = {"prod", "production", "prd", NULL};
    static const char *const no[] = {"non",     "not",  "no",        "pre",     "test", "dev",
                                     "staging", "copy", "rehearsal", "sandbox", NULL};
    int found = 0;
    for (size_t n; *name; name += n ? n : 1) {
        for (n = 0; isalpha((unsigned char)name[n]);)
            n++;
        if (one_of(name, n, no))
            return 0;
        found |= one_of(name, n, yes);
    }
    return found;
}

/* What of the target's address is named like production: "host db-prod", appended. A socket's
 * directory is no host. */
static void look_at_names(struct session *s, struct str *out)
{
    struct error err = {0}; /* a URL that is wrong is told where it is connected to */
    char **env = s->project->target.url[0] ? pg_environment(s->project->target.url, &err) : NULL;
    for (char **e = env; e && *e; e++) {
        int host = strncmp(*e, "PGHOST=", 7) == 0;
        const char *value = host ? *e + 7 : strncmp(*e, "PGDATABASE=", 11) == 0 ? *e + 11 : "/";
        if (*value != '/' && names_production(value))
            str_printf(out, "%s%s %s", out->len ? ", " : "", host ? "host" : "database", value);
    }
    pg_environment_free(env);
}

static int ask(const struct session *s, const char *what)
{
    char answer[16];
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
        return 0;
    log_line("The target of project %s %s. Type yes to go on:", s->project->name, what);
    return fgets(answer, sizeof answer, stdin) && strcmp(answer, "yes\n") == 0;
}

static int ask_unmarked(struct session *s, const char *names)
{
    if (ask(s, arena_printf(s->project->mem, "looks like production (%s)", names)))
        return 0;
    error_set(&s->err, STATUS_USAGE, "the target looks like production (%s) and nobody confirmed",
              names);
    error_why(&s->err, "the project does not say whether it is");
    error_fix(&s->err, "write \"production\": true or false into \"target\"; or repeat with --yes");
    return STATUS_USAGE;
}

int confirm_ask(const struct cli *cli, struct session *s)
{
    if (cli->yes || cli->action == ACTION_DRY_RUN)
        return 0;
    if (!s->project->target.says_production) {
        struct str names;
        str_init(&names, 0);
        look_at_names(s, &names);
        int code = names.len ? ask_unmarked(s, names.data) : 0;
        str_clear(&names);
        return code;
    }
    if (!s->project->target.production || ask(s, "is marked as production"))
        return 0;
    error_set(&s->err, STATUS_USAGE, "the target is marked as production and nobody confirmed");
    error_fix(&s->err, "repeat with --yes");
    return STATUS_USAGE;
}
