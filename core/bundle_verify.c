/* bundle_verify.c - --verify-bundle DIR: are the files of a bundle those that its manifest names?
 * Needs nothing but the directory, so that whoever was handed it can ask. */
#include <fcntl.h>
#include <jansson.h>
#include <unistd.h>

#include "actions.h"
#include "manifest.h"
#include "outdir.h"
#include "output.h"
#include "plural.h"
#include "report_sources.h"

struct faults_told {
    size_t n;
};

static void tell(void *ctx, const char *name, const char *what)
{
    struct faults_told *told = ctx;
    output_format("%s: %s\n", name, what);
    told->n++;
}

static int verdict(struct session *s, size_t files, size_t faults, const json_t *root,
                   const char *hex)
{
    const char *project = json_string_value(json_object_get(root, "project"));
    if (!faults) {
        output_format(
            "run %lld of project %s: %zu %s as the manifest has them; its own SHA-256 is %s\n",
            (long long)json_integer_value(json_object_get(root, "run")), project ? project : "?",
            files, plural(files, "file is", "files are"), hex);
        return 0;
    }
    error_set(&s->err, STATUS_BACKUP, "the bundle is not as its manifest has it: %zu %s", faults,
              plural(faults, "difference", "differences"));
    error_fix(&s->err, "make it again from the target: --report RUN");
    return STATUS_BACKUP;
}

/* The sources' digests stand in the report as well, where it is there under its usual name. */
static void check_sources(int dir, const json_t *root, struct faults_told *told)
{
    int fd = outdir_openat(dir, "report.json", O_RDONLY | O_NONBLOCK, 0);
    json_t *report = fd < 0 ? NULL : json_loadfd(fd, JSON_REJECT_DUPLICATES, NULL);
    json_t *due = report_sources_digests(report);
    const json_t *is = json_object_get(root, "sources");
    if (fd >= 0)
        close(fd);
    if (report && is && !json_equal(is, due))
        tell(told, "manifest.json", "has other digests of the sources than report.json");
    json_decref(due);
    json_decref(report);
}

int bundle_verify(const struct cli *cli, struct session *s)
{
    char hex[65] = "";
    int dir = open(cli->argument, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    json_t *root = dir < 0 ? NULL : manifest_read(dir, hex);
    struct faults_told told = {0};
    int code = 0;
    if (!root) {
        code = error_set(&s->err, STATUS_BACKUP,
                         "%s is no bundle: it has no manifest.json that can "
                         "be read",
                         cli->argument);
        error_fix(&s->err, "name the directory that the last line of a run gives");
    } else {
        size_t n = manifest_compare(dir, json_object_get(root, "files"), &told, tell);
        check_sources(dir, root, &told);
        code = verdict(s, n, told.n, root, hex);
    }
    json_decref(root);
    if (dir >= 0)
        close(dir);
    if (code)
        session_report(s, "nothing was changed");
    return code;
}
