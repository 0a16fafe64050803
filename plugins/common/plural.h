/* plural.h - "1 row", "2 rows", in all that people read; the host has it, too. */
#ifndef MIGHOST_PLUGINS_PLURAL_H
#define MIGHOST_PLUGINS_PLURAL_H

/* The words may go on with a verb: plural(n, "row is", "rows are"). A macro, because counts are of
 * any integer type. */
#define plural(n, one, many) ((n) == 1 ? (one) : (many))

#endif
