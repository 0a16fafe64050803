/* Exports a function under the name of the descriptor. */
#include <mighost/plugin.h>

MIG_EXPORT int mighost_plugin(void);

int mighost_plugin(void)
{
    return 1;
}
