/* Sound, but its constructor leaves a mark: the file that MIGHOST_ZOO_MARK names. It shows that
 * code of a refused plugin never runs. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "zoo.h"

__attribute__((constructor)) static void mark(void)
{
    const char *name = getenv("MIGHOST_ZOO_MARK");
    int fd = name ? open(name, O_WRONLY | O_CREAT, 0600) : -1;
    if (fd >= 0)
        close(fd);
}

static const mig_unit_t zoo_unit = ZOO_UNIT(.options = NULL);
static const mig_unit_t *const zoo_units[] = {&zoo_unit, NULL};

ZOO_PLUGIN(.flags = 0);
