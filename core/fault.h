/* fault.h - named points at which a test can kill, stop, delay or fail the program. Compiled
 * in by --enable-fault-injection only; otherwise fault_point() is 0.
 *
 * MIGHOST_FAULT=name:nth:action   actions: kill, stop, term, int, hup, sleep=MS, fail;
 *                                 nth "*": each time
 * MIGHOST_FAULT_LIST=FILE         appends one line "name" for every point that is passed */
#ifndef MIGHOST_FAULT_H
#define MIGHOST_FAULT_H

#ifdef MIGHOST_FAULTS
/* A time that tests cannot wait for: the environment variable, or `otherwise`. */
int fault_number(const char *name, int otherwise);
/* 1 when the caller is to fail here as if the operation had failed; else 0. */
int fault_point(const char *name);
#else
#define fault_number(name, otherwise) (otherwise)
#define fault_point(name) 0
#endif
/* Prints the names of all points, one a line; empty without fault injection. */
void fault_print(void);

#endif
