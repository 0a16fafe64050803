/* loadelf.h - looks at an ELF file without loading it. */
#ifndef MIGHOST_LOADELF_H
#define MIGHOST_LOADELF_H

#include "status.h"

/* STATUS_OK when the file is a whole shared object for this machine whose libraries come from
 * fixed places; `path` is for messages. Refuses what the dynamic linker would do without a
 * word: search the working directory for libraries, map behind the end of a file that is cut
 * off (SIGBUS later), make code writable. Anything else is left to dlopen(). */
int loadelf_check(int fd, const char *path, struct error *err);

#endif
