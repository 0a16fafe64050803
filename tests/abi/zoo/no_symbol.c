/* Exports something, but not the descriptor. */
#include <mighost/plugin.h>

MIG_EXPORT extern const int other_plugin;
const int other_plugin = 1;
