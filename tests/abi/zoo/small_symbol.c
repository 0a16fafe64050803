/* The descriptor is shorter than the part that every version has. */
#include <mighost/plugin.h>

MIG_EXPORT extern const uint32_t mighost_plugin;
const uint32_t mighost_plugin = MIG_MAGIC;
