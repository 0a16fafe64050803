/* leak.h - the last look at a bundle: is in any file what must not be? */
#ifndef MIGHOST_LEAK_H
#define MIGHOST_LEAK_H

#include "outdir.h"
#include "scan.h"
#include "status.h"

/* Every file of the directory, and of its subdirectories. One that holds such a text is removed,
 * and STATUS_BACKUP says which it was, and what was found by name. All files are looked at. */
int leak_check(struct outdir *dir, const struct scan *scan, struct error *err);

#endif
