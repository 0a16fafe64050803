/* variables.c - where ${NAME} comes from, and its replacement. The environment wins over the env
 * file. Values never reach a message: faults name variables only. */
#include "variables.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "safefile.h"
#include "str.h"
#include "url.h"

#define SECRET_FILE_MAX ((size_t)64 << 10)
#define MAX_KNOWN                                                                                  \
    256 /* names remembered, so that a *_FILE is read once; more are looked up again */

static int ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), k = strlen(end);
    return n >= k && strcmp(text + n - k, end) == 0;
}

/* The content of a secret's file without its last line break; NULL after a fault. */
static const char *read_secret(struct variables *v, const char *name, const char *path)
{
    struct str text;
    struct error err = {0};
    const char *value = NULL;
    str_init(&text, SECRET_FILE_MAX);
    const char *what = arena_printf(v->mem, "file of %s", name);
    if (safefile_read(path, what, SAFEFILE_TRUSTED | SAFEFILE_PRIVATE, &text, NULL, &err) == 0) {
        size_t n = text.len;
        if (n && text.data[n - 1] == '\n')
            n--;
        if (n && text.data[n - 1] == '\r')
            n--;
        if (str_utf8_ok(text.data, n))
            value = arena_strndup(v->mem, text.data, n);
        else
            error_set(&err, STATUS_CONFIG, "%s is not UTF-8 text", what);
    }
    if (!value)
        faults_add(v->faults, &err);
    str_clear(&text);
    return value;
}

/* One place: NAME, then NAME_FILE where NAME is the name of a secret. */
static struct variable look(struct variables *v, const char *name, int in_file)
{
    struct variable r = {.from_file = in_file, .name = name};
    r.value = in_file ? envfile_get(v->file, name) : getenv(name);
    if (!r.value && envfile_secret_name(name)) {
        const char *file = arena_printf(v->mem, "%s_FILE", name);
        const char *path = in_file ? envfile_get(v->file, file) : getenv(file);
        if (path && *path) {
            r.value = read_secret(v, file, path);
            r.name = file;
        }
    }
    if (r.value && !str_utf8_ok(r.value, strlen(r.value))) {
        struct error err = {0};
        error_set(&err, STATUS_CONFIG, "variable %s is not UTF-8 text", r.name);
        faults_add(v->faults, &err);
        r.value = NULL;
    }
    if (r.value)
        r.origin = in_file ? arena_printf(v->mem, "env file %s %s", v->file->path, r.name)
                           : arena_printf(v->mem, "environment %s", r.name);
    return r;
}

static struct variable plain(struct variables *v, const char *name)
{
    struct variable r = look(v, name, 0);
    return r.value ? r : look(v, name, 1);
}

static void add_part(struct variables *v, struct str *url, const char *prefix, const char *part,
                     const char *before)
{
    struct variable x = plain(v, arena_printf(v->mem, "%sDB_%s", prefix, part));
    if (!x.value || !*x.value)
        return;
    str_add(url, before);
    url_encode(url, x.value);
}

/* V1_DATABASE_URL out of V1_DB_HOST, _PORT, _NAME, _USER, _PASSWORD; at least the host must be
 * there. A port that is no number is found by url_fault(). */
static struct variable from_parts(struct variables *v, const char *name)
{
    struct variable none = {.name = name};
    if (strcmp(name, "V1_DATABASE_URL") != 0 && strcmp(name, "V2_DATABASE_URL") != 0)
        return none;
    const char *prefix = name[1] == '1' ? "V1_" : "V2_";
    struct variable host = plain(v, arena_printf(v->mem, "%sDB_HOST", prefix));
    if (!host.value || !*host.value)
        return none;
    struct str user, url;
    str_init(&user, 0);
    str_init(&url, 0);
    add_part(v, &user, prefix, "USER", "");
    add_part(v, &user, prefix, "PASSWORD", ":");
    str_printf(&url, "postgresql://%s%s", user.data, user.len ? "@" : "");
    url_encode(&url, host.value);
    add_part(v, &url, prefix, "PORT", ":");
    add_part(v, &url, prefix, "NAME", "/");
    struct variable r = {.value = arena_strdup(v->mem, url.data), .from_file = host.from_file};
    r.name = arena_printf(v->mem, "%sDB_HOST", prefix);
    r.origin = arena_printf(v->mem, "%s and its set", host.origin);
    str_clear(&user);
    str_clear(&url);
    return r;
}

static struct variable from_arguments(const struct variables *v, const char *name)
{
    struct variable r = {.name = name, .origin = "command line"};
    if (strcmp(name, "V1_DATABASE_URL") == 0)
        r.value = v->source_url;
    else if (strcmp(name, "V2_DATABASE_URL") == 0 || strcmp(name, "DATABASE_URL") == 0)
        r.value = v->target_url;
    return r;
}

static struct variable look_up(struct variables *v, const char *name)
{
    struct variable r = plain(v, name);
    if (!r.value)
        r = from_parts(v, name);
    if (!r.value)
        r = from_arguments(v, name);
    r.asked = name;
    if (!r.value)
        return r;
    if (ends_with(name, "URL"))
        url_register_secrets(r.value);
    else if (envfile_secret_name(name))
        log_secret(r.value);
    return r;
}

struct variable variables_get(struct variables *v, const char *name)
{
    for (size_t i = 0; i < v->n_known; i++)
        if (strcmp(v->known[i].asked, name) == 0)
            return v->known[i];
    struct variable r = look_up(v, arena_strdup(v->mem, name));
    if (!v->known)
        v->known = arena_alloc(v->mem, MAX_KNOWN * sizeof *v->known);
    if (v->n_known < MAX_KNOWN)
        v->known[v->n_known++] = r;
    return r;
}

static void note_name(struct variables *v, struct variables_text *r, const char *name)
{
    r->names = r->names ? arena_printf(v->mem, "%s, %s", r->names, name) : name;
    r->secret |= envfile_secret_name(name);
}

/* `p` is behind "${", `end` is the "}". 0 after a fault. */
static int replace_one(struct variables *v, const char *p, const char *end, struct str *out,
                       struct variables_text *r)
{
    size_t n = 0;
    while (isalnum((unsigned char)p[n]) || p[n] == '_')
        n++;
    int has_default = strncmp(p + n, ":-", 2) == 0;
    if (!n || isdigit((unsigned char)p[0]) || (p + n != end && !has_default)) {
        r->fault = "${...} that is neither ${NAME} nor ${NAME:-default}";
        r->fix = "write $${ for a plain ${";
        return 0;
    }
    const char *name = arena_strndup(v->mem, p, n);
    struct variable x = variables_get(v, name);
    note_name(v, r, name);
    if (x.value && (*x.value || !has_default)) {
        r->origin = x.origin;
        str_add(out, x.value);
        return 1;
    }
    if (has_default) {
        str_add_n(out, p + n + 2, (size_t)(end - p) - n - 2);
        return 1;
    }
    r->fault = arena_printf(v->mem, "variable %s is not set", name);
    r->fix = arena_printf(
        v->mem, "set it in the environment or the env file, or write ${%s:-default}", name);
    return 0;
}

struct variables_text variables_replace(struct variables *v, const char *text)
{
    struct variables_text r = {.text = text};
    if (!strstr(text, "${"))
        return r;
    struct str out;
    str_init(&out, 0);
    const char *p = text;
    for (const char *d; (d = strstr(p, "${")) && !r.fault;) {
        if (d > p && d[-1] == '$') {
            str_add_n(&out, p, (size_t)(d - p) - 1);
            str_add(&out, "${");
            p = d + 2;
            continue;
        }
        const char *end = strchr(d, '}');
        str_add_n(&out, p, (size_t)(d - p));
        if (!end) {
            r.fault = "\"${\" without its \"}\"";
            r.fix = "write $${ for a plain ${";
            break;
        }
        if (replace_one(v, d + 2, end, &out, &r))
            p = end + 1;
        else
            break;
    }
    str_add(&out, p);
    if (text[0] != '$' || strchr(text, '}') != text + strlen(text) - 1)
        r.origin = NULL;
    /* A password inside a URL can be masked alone, what else holds it is masked whole. */
    int only_urls =
        url_has_scheme(out.data) && r.names && !strchr(r.names, ',') && ends_with(r.names, "URL");
    if (only_urls)
        r.secret = 0;
    r.text = r.fault || out.failed ? NULL : arena_strdup(v->mem, out.data);
    if (out.failed && !r.fault)
        r.fault = "text too long after its variables were replaced";
    str_clear(&out);
    return r;
}
