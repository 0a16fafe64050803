/* crashed.h - which plugin ended a process of this project by a crash: the next one refuses it as
 * long as it is the same file. Kept in the work directory: a crash leaves no way to the target. */
#ifndef MIGHOST_CRASHED_H
#define MIGHOST_CRASHED_H

#include "loader.h"
#include "project.h"

/* Behind loader_init(), before anything is loaded: from here on a crash is kept, and what crashed
 * before is refused by the loader. `retry`: that is forgotten. */
void crashed_attend(const struct project *project, int retry, struct loader *loader);

#endif
