/* newplugin.c - --new-plugin: writes a small plugin that builds and is tested outside of this tree,
 * from the templates in share/templates/plugin. Which file comes from which template stands in one
 * table. */
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actions.h"
#include "outdir.h"
#include "output.h"
#include "safefile.h"

#define TEMPLATE_MAX ((size_t)1 << 20)

struct names {
    const char *kind, *language; /* as given; language: also the suffix of its templates */
    char name[65];               /* of the unit: "slug" */
    char file[100];              /* of the plugin without ".so": "transform-slug" */
    char id[100];
};

/* %k: the kind, %l: the suffix of the language. `only`: for that language alone. */
static const struct {
    const char *from, *to, *only;
} files[] = {
    {"%k.%l", "plugin.%l", NULL},         {"mighost.rs", "mighost.rs", "rs"},
    {"%l.make", "Makefile", NULL},        {"README.md", "README.md", NULL},
    {"test.sh", "test.sh", NULL},         {"%k.json", "project.json", NULL},
    {"%k.options", "options.json", NULL}, {"data.json", "data.json", NULL},
    {"target.sql", "target.sql", NULL},
};

/* ---- names ------------------------------------------------------------------------------ */

static int set_kind(const struct cli *cli, struct names *n, struct error *err)
{
    static const char *const kinds[] = {"transform", "source", "migrator", "validator", "reporter"};
    static const struct {
        const char *name, *suffix;
    } suffixes[] = {{"c", "c"}, {"c++", "cc"}, {"rust", "rs"}};
    const char *language = cli->language ? cli->language : "c";
    const char *kind = cli->kind ? cli->kind : kinds[0];
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kind, kinds[i]) == 0)
            n->kind = kinds[i];
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        if (strcmp(language, suffixes[i].name) == 0)
            n->language = suffixes[i].suffix;
    if (!n->kind)
        return error_set(err, STATUS_USAGE,
                         "--kind takes source, transform, migrator, validator or reporter");
    if (!n->language)
        return error_set(err, STATUS_USAGE, "--language takes c, c++ or rust");
    if (strcmp(n->language, "c") != 0 && strcmp(n->kind, "transform") != 0) {
        error_set(err, STATUS_USAGE, "there is no template of a %s in %s", n->kind, language);
        error_fix(err,
                  "take the transform in %s as the model of the language, and the %s in c as "
                  "that of the kind",
                  language, n->kind);
        return STATUS_USAGE;
    }
    return 0;
}

/* "transform-slug" and "slug" both name the unit "slug". */
static int set_names(const char *dir, struct names *n, struct error *err)
{
    char copy[PATH_MAX];
    snprintf(copy, sizeof copy, "%s", dir);
    const char *base = basename(copy);
    size_t kind = strlen(n->kind);
    if (strncmp(base, n->kind, kind) == 0 && base[kind] == '-')
        base += kind + 1;
    size_t length = strlen(base);
    if (length == 0 || length > 64 || base[0] == '.' ||
        strspn(base, "abcdefghijklmnopqrstuvwxyz0123456789_.-") != length) {
        error_set(err, STATUS_USAGE, "the plugin would be named \"%.64s\"", base);
        error_why(err, "names of units are made of a-z, 0-9, '_', '.' and '-'");
        error_fix(err, "name the directory so: it gives the plugin its name");
        return STATUS_USAGE;
    }
    snprintf(n->name, sizeof n->name, "%s", base);
    snprintf(n->file, sizeof n->file, "%s-%s", n->kind, n->name);
    snprintf(n->id, sizeof n->id, "org.example.%.50s", n->name);
    return 0;
}

/* ---- templates -------------------------------------------------------------------------- */

/* Beside the program where it was built, else where it was installed. */
static void find_templates(char *out, size_t size)
{
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n > 0 ? n : 0] = '\0';
    snprintf(out, size, "%s/share/templates/plugin", dirname(self));
    if (n <= 0 || access(out, R_OK) != 0)
        snprintf(out, size, "%s/templates/plugin", MIGHOST_DATA_DIR);
}

static void expand(const char *pattern, const struct names *n, char *out, size_t size)
{
    const char *percent = strchr(pattern, '%');
    if (!percent) {
        snprintf(out, size, "%s", pattern);
        return;
    }
    const char *rest = percent + 2;
    snprintf(out, size, "%.*s%s%s%s", (int)(percent - pattern), pattern,
             percent[1] == 'k' ? n->kind : n->language, strncmp(rest, ".%l", 3) == 0 ? "." : rest,
             strncmp(rest, ".%l", 3) == 0 ? n->language : "");
}

/* Puts the names into the places @NAME@, @FILE@, @KIND@ and @ID@. */
static void fill(const char *text, const struct names *n, struct str *out)
{
    const struct {
        const char *place, *text;
    } places[] = {{"@NAME@", n->name}, {"@FILE@", n->file}, {"@KIND@", n->kind}, {"@ID@", n->id}};
    for (const char *at = text; *at;) {
        size_t i = 0;
        while (i < 4 && strncmp(at, places[i].place, strlen(places[i].place)) != 0)
            i++;
        if (i < 4) {
            str_add(out, places[i].text);
            at += strlen(places[i].place);
        } else {
            str_add_char(out, *at++);
        }
    }
}

static int make_file(const char *templates, const char *from, const char *to, const struct names *n,
                     struct outdir *dir, struct error *err)
{
    char source[64], target[64], path[PATH_MAX + 80];
    struct str text, filled;
    expand(from, n, source, sizeof source);
    expand(to, n, target, sizeof target);
    snprintf(path, sizeof path, "%s/%s", templates, source);
    str_init(&text, TEMPLATE_MAX);
    str_init(&filled, 0);
    int code = safefile_read(path, "template", 0, &text, NULL, err);
    if (!code) {
        fill(text.data, n, &filled);
        code = outdir_put(dir, target, filled.data, filled.len, err);
    }
    str_clear(&text);
    str_clear(&filled);
    return code;
}

/* ---- the action ------------------------------------------------------------------------- */

static int make_all(const struct names *n, struct outdir *dir, struct error *err)
{
    char templates[PATH_MAX + 40];
    find_templates(templates, sizeof templates);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if ((!files[i].only || strcmp(files[i].only, n->language) == 0) &&
            make_file(templates, files[i].from, files[i].to, n, dir, err))
            return err->code;
    if (strcmp(n->kind, "source") == 0)
        return make_file(templates, "data.txt", "data.txt", n, dir, err);
    return 0;
}

int newplugin_run(const struct cli *cli, struct session *s)
{
    struct names n = {0};
    struct outdir *dir = NULL;
    int code = set_kind(cli, &n, &s->err);
    if (!code)
        code = set_names(cli->argument, &n, &s->err);
    if (!code)
        code = outdir_check_new(cli->argument, &s->err);
    if (!code && !(dir = outdir_open(cli->argument, &s->err)))
        code = s->err.code;
    if (!code)
        code = make_all(&n, dir, &s->err);
    outdir_close(dir);
    if (code) {
        session_report(s, "no file was overwritten");
        return code;
    }
    output_format("%s: the plugin %s with the unit %s:%s\nbuild and test it: make -C %s check\n",
                  cli->argument, n.file, n.kind, n.name, cli->argument);
    return 0;
}
