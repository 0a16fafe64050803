/* crashed.c - the file "crashed-PROJECT" of the work directory. crash.c writes it, in its handler:
 * the plugin's SHA-256 and the call. A file that cannot be read, or holds something else, refuses
 * nothing: the worst is one more crash. */
#include "crashed.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crash.h"
#include "safefile.h"

void crashed_attend(const struct project *project, int retry, struct loader *loader)
{
    char path[PATH_MAX];
    struct error ignored = {0};
    struct str text;
    if (snprintf(path, sizeof path, "%s/crashed-%s", project->work_dir, project->name) >= PATH_MAX)
        return;
    crash_keep(project->work_dir, path);
    if (retry)
        unlink(path);
    str_init(&text, 256);
    if (access(path, F_OK) == 0 &&
        safefile_read(path, "record of a crash", SAFEFILE_TRUSTED, &text, NULL, &ignored) == 0)
        sscanf(text.data, "%64[0-9a-f] %63[a-z_]", loader->crashed, loader->crashed_call);
    str_clear(&text);
}
