/* surround.h - the process's own settings that plugin code could change: working directory, umask,
 * locale, signal handlers. Kept once, looked at after calls that are not per record. */
#ifndef MIGHOST_SURROUND_H
#define MIGHOST_SURROUND_H

/* Once, in main, when all is set. */
void surround_keep(void);
/* Puts back what is not as it was, with a warning that names `who`. Does nothing before
 * surround_keep(). */
void surround_restore(const char *who);
/* The same; `told` hears of each thing that is put back: "umask". */
void surround_put_back(void (*told)(void *ctx, const char *what), void *ctx);

#endif
